/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_late.c
 * `wait no`: the run goes on while candidates below break get their labels, which are learned when they come; beyond
 * break, and at the end, it waits for them; and what was not answered is left to the next run. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <stdatomic.h>
#include <time.h>

#include "loop/loop.h"
#include "support_data.h"
#include "support_learning.h"

static atomic_int is_open; /* else calls do not come to their end */
static atomic_int fails;
static atomic_llong calls;

static mtp_qm_status gate_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)ctx, (void)setup, (void)count, (void)arguments;
  *state = user;
  return MTP_QM_OK;
}

static void nap(void) {
  const struct timespec pause = {0, 1000000};
  nanosleep(&pause, NULL);
}

static mtp_qm_status gate_label(void *state, mtp_qm_call *call) {
  (void)state;
  atomic_fetch_add(&calls, 1);
  while (!atomic_load(&is_open)) {
    if (call->stop && *call->stop) return mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "stopped");
    nap();
  }
  if (atomic_load(&fails)) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "crashed");
  learning_morse(call->label);
  return MTP_QM_OK;
}

static void gate_close(void *state) {
  (void)state;
}

/* A learner past its warm-up, whose pool is full with one candidate. */
static mtp_learner *late_learner(learning_world *world) {
  const mtp_qm_driver driver = {.name = "gate", .open = gate_open, .label = gate_label, .close = gate_close};
  mtp_qm *qm = NULL;
  mtp_learner *learner = NULL;
  mtp_action action;
  atomic_store(&is_open, 1);
  atomic_store(&fails, 0);
  world->options.wait = false;
  world->options.pool = 1;
  world->options.break_grade = 10.0;
  data_must(world->ctx, mtp_qm_open(world->ctx, "gate retries=0", &driver, 1, &qm));
  data_must(world->ctx, mtp_learner_new(world->ctx, &world->options, world->pot, qm, &learner));
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
  atomic_store(&calls, 0);
  return learner;
}

static mtp_action offer(learning_world *world, mtp_learner *learner, unsigned seed, double grade) {
  mtp_action action;
  data_must(world->ctx, learning_world_offer(world, learner, seed, grade, 100 * (long long)seed, &action));
  return action;
}

static mtp_action follow(learning_world *world, mtp_learner *learner) {
  mtp_action action;
  data_must(world->ctx, mtp_learner_follow(world->ctx, learner, 1, 0, &action));
  return action;
}

static size_t trained(learning_world *world) {
  mtp_config_set *set = learning_world_train(world);
  const size_t n = set->n;
  mtp_config_set_free(set);
  return n;
}

static bool has_calls(const learning_world *world) {
  char *path = data_path(world->folder, "train.extxyz.calls");
  const bool has = access(path, F_OK) == 0;
  free(path);
  return has;
}

static void a_late_label_is_learned_when_it_comes(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = late_learner(world);
  atomic_store(&is_open, 0);
  assert_int_equal(offer(world, learner, 1, 3.0), MTP_GO_ON);
  assert_true(has_calls(world)); /* before anything can be answered */
  assert_int_equal(follow(world, learner), MTP_GO_ON);
  assert_int_equal(offer(world, learner, 2, 3.0), MTP_GO_ON); /* waits in the pool until then */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 1);
  assert_int_equal(trained(world), 5);
  atomic_store(&is_open, 1);
  int rounds = 0;
  while (follow(world, learner) == MTP_GO_ON && rounds++ < 20000) nap();
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  assert_int_equal(atomic_load(&calls), 1);
  assert_int_equal(trained(world), 6);
  mtp_learner_free(learner);
  learning_world_expect_distinct(world);
}

static void beyond_break_it_waits(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = late_learner(world);
  offer(world, learner, 1, 3.0);
  assert_int_equal(offer(world, learner, 2, 20.0), MTP_REDO); /* by what was out already */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  assert_int_equal(offer(world, learner, 2, 20.0), MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 7);
  assert_int_equal(atomic_load(&calls), 2);
  mtp_learner_free(learner);
}

/* What came to no label changes nothing: the run does not go on. */
static void beyond_break_it_asks_after_a_failure(void **state) {
  learning_world *world = *state;
  world->options.onfail = MTP_ONFAIL_SKIP;
  mtp_learner *learner = late_learner(world);
  atomic_store(&is_open, 0);
  atomic_store(&fails, 1);
  offer(world, learner, 1, 3.0);
  while (atomic_load(&calls) == 0) nap();
  atomic_store(&is_open, 1);
  while (learner->late && follow(world, learner) == MTP_GO_ON) nap();
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  atomic_store(&is_open, 0);
  offer(world, learner, 3, 3.0);
  while (atomic_load(&calls) == 1) nap();
  mtp_action action;
  atomic_store(&is_open, 1);
  assert_int_equal(learning_world_offer(world, learner, 2, 20.0, 200, &action), MTP_ERR_QM);
  assert_int_equal(atomic_load(&calls), 3); /* that one was asked for as well */
  mtp_learner_free(learner);
}

static void four_pools_wait(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = late_learner(world);
  offer(world, learner, 1, 3.0);
  for (unsigned k = 2; k < 5; k++) offer(world, learner, k, 3.0);
  offer(world, learner, 5, 3.0);
  assert_true(mtp_learner_get_stats(learner).configurations >= 6);
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 0);
  mtp_learner_free(learner);
}

static void the_end_waits(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = late_learner(world);
  offer(world, learner, 1, 3.0);
  mtp_learner_end(world->ctx, learner);
  assert_int_equal(trained(world), 6);
  assert_false(has_calls(world));
}

static void what_was_not_answered_is_left_to_the_next(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = late_learner(world);
  atomic_store(&is_open, 0);
  offer(world, learner, 1, 3.0);
  mtp_learner_free(learner); /* as after an error: nothing is waited for */
  assert_int_equal(trained(world), 5);
  assert_true(has_calls(world));
  learner = late_learner(world);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  mtp_learner_free(learner);
  assert_false(has_calls(world));
}

static void a_signal_ends_the_waiting(void **state) {
  learning_world *world = *state;
  volatile sig_atomic_t stop = 0;
  mtp_learner *learner = late_learner(world);
  mtp_action action;
  atomic_store(&is_open, 0);
  offer(world, learner, 1, 3.0);
  stop = 1;
  mtp_context_set_stop(world->ctx, &stop);
  assert_int_equal(learning_world_offer(world, learner, 2, 20.0, 7, &action), MTP_ERR_STOPPED);
  mtp_context_set_stop(world->ctx, NULL);
  mtp_learner_free(learner);
  assert_true(has_calls(world));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, learning_plain_world_new, learning_world_free)
int main(void) {
  const struct CMUnitTest tests[] = {TEST(a_late_label_is_learned_when_it_comes),
                                     TEST(beyond_break_it_waits),
                                     TEST(beyond_break_it_asks_after_a_failure),
                                     TEST(four_pools_wait),
                                     TEST(the_end_waits),
                                     TEST(what_was_not_answered_is_left_to_the_next),
                                     TEST(a_signal_ends_the_waiting)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
