/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_ranks.c
 * Ranks that train together: all use the threads that were asked for, what one of them fails at is said in its words,
 * and one that cannot go on ends the program instead of leaving the others waiting. */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config_internal.h"
#include "mtp/trainer.h"
#include "support_data.h"
#include "support_team.h"

/* ---- threads that are started for a rank that serves ---- */

static _Thread_local bool serves;
static atomic_long helpers;

/* In front of that of the system. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
  int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
  if (serves) helpers++;
  return real(thread, attributes, start, argument);
}

typedef struct job {
  int threads;
  size_t singular; /* number of a configuration whose cell is, or SIZE_MAX */
  double memory;
  mtp_status status;
  char message[300];
} job;

static void lead(mtp_context *ctx, const mtp_comm *comm, void *user) {
  job *j = user;
  mtp_random random = {5};
  mtp_potential *pot = data_potential(
      ctx, &random, &(data_recipe){.level = 4, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4});
  mtp_config_set *set = mtp_config_set_new();
  for (size_t k = 0; k < 24; k++) {
    mtp_config *cfg = data_config(&random, DATA_ORTHOGONAL, 20, 1, 2.6);
    data_append_labelled(ctx, set, pot, cfg);
    mtp_config_free(cfg);
    if (k == j->singular) memcpy(set->configs[k]->cell + 3, set->configs[k]->cell, 3 * sizeof(double));
  }
  mtp_train_options options = mtp_train_defaults();
  options.threads = j->threads;
  options.memory = j->memory;
  options.comm = comm;
  options.max_iterations = 2;
  options.held_out = 0;
  j->status = mtp_train(ctx, &options, pot, set, NULL, NULL);
  snprintf(j->message, sizeof j->message, "%s", mtp_context_message(ctx));
  if (comm) mtp_trainer_end_help(comm);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
}

static void follow(mtp_context *ctx, const mtp_comm *comm, void *user) {
  (void)user;
  serves = true;
  if (mtp_trainer_help(ctx, comm) != MTP_OK) abort();
  serves = false;
}

static void test_threads(void **state) {
  (void)state;
  for (int threads = 1; threads <= 3; threads += 2) {
    job j = {.threads = threads, .singular = SIZE_MAX, .memory = 1e9};
    helpers = 0;
    team_run(2, lead, follow, &j);
    assert_int_equal(j.status, MTP_OK);
    if (threads == 1)
      assert_int_equal(helpers, 0);
    else
      assert_true(helpers >= threads - 1);
  }
}

/* ---- words ---- */

static void test_messages(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks++)
    for (size_t k = 0; k < 3; k++) { /* whoever works on it, before and after what is kept in memory */
      job j = {.threads = 2, .singular = 7 * k, .memory = 0};
      team_run(ranks, lead, follow, &j);
      assert_int_not_equal(j.status, MTP_OK);
      if (!strstr(j.message, "cell")) fail_msg("no word of the cell: '%s'", j.message);
    }
}

/* ---- the end ---- */

typedef struct liar {
  const mtp_comm *comm;
} liar;

/* Rank 1 gets a potential that it cannot read. */
static void garble(void *user, void *data, size_t bytes) {
  const liar *l = user;
  l->comm->broadcast(l->comm->user, data, bytes);
  if (bytes > 3 && memcmp(data, "MTP", 3) == 0) memset(data, 'x', 3);
}

static void collect(void *user, int from, void *data, size_t bytes) {
  const liar *l = user;
  l->comm->collect(l->comm->user, from, data, bytes);
}

static void give_up(void *user, const char *message) {
  const liar *l = user;
  l->comm->abort(l->comm->user, message);
}

static void follow_garbled(mtp_context *ctx, const mtp_comm *comm, void *user) {
  liar l = {comm};
  const mtp_comm garbled = {comm->rank, comm->size, &l, garble, collect, give_up};
  (void)user;
  mtp_trainer_help(ctx, &garbled);
}

static void test_gives_up(void **state) {
  (void)state;
  int ends[2];
  char said[400] = "";
  assert_int_equal(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    job j = {.threads = 1, .singular = SIZE_MAX, .memory = 1e9};
    dup2(ends[1], STDERR_FILENO);
    alarm(60);
    team_run(2, lead, follow_garbled, &j);
    _exit(0);
  }
  close(ends[1]);
  size_t size = 0;
  for (ssize_t got; (got = read(ends[0], said + size, sizeof said - 1 - size)) > 0;) size += (size_t)got;
  close(ends[0]);
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), TEAM_GAVE_UP);
  if (!strstr(said, "potential:1: ")) fail_msg("what cannot be read is not said: '%s'", said);
}

static void test_incomplete(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_random random = {5};
  mtp_potential *pot = data_potential(
      ctx, &random, &(data_recipe){.level = 2, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4});
  mtp_config_set *set = mtp_config_set_new();
  mtp_comm comm = {.rank = 0, .size = 2};
  mtp_train_options options = mtp_train_defaults();
  options.comm = &comm;
  assert_int_equal(mtp_train(ctx, &options, pot, set, NULL, NULL), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(ctx), "functions of the communicator"));
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads), cmocka_unit_test(test_messages),
                                     cmocka_unit_test(test_gives_up), cmocka_unit_test(test_incomplete)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
