/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_share_turns.c
 * Runs that learn together and wait for each other: what they do meanwhile, what they leave to others, and what they do
 * not. Locks belong to open files and not to processes, so that two learners of this one are two runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>

#include "config/config_internal.h"
#include "loop/loop.h"
#include "loop/share.h"
#include "loop/together.h"
#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"
#include "support_sharing.h"

static int set_up(void **state) {
  sharing_around = (sharing_surroundings){0};
  return learning_plain_world_new(state);
}

static void begin(learning_world *world, mtp_learner *learner) {
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
}

static mtp_action offer(learning_world *world, mtp_learner *learner, unsigned seed, double grade) {
  mtp_action action;
  data_must(world->ctx, learning_world_offer(world, learner, seed, grade, 100 * (long long)seed, &action));
  return action;
}

/* The configuration that is offered by this number. */
static mtp_config *offered(unsigned seed) {
  return learning_crystal(2, 4.05, 0.4, 1000 + seed);
}

static bool is_trained(const learning_world *world, const mtp_config *cfg) {
  mtp_config_set *train = learning_world_train((learning_world *)world);
  bool found = false;
  for (size_t i = 0; i < train->n; i++) found = found || fabs(train->configs[i]->x[4] - cfg->x[4]) < 1e-9;
  mtp_config_set_free(train);
  return found;
}

/* A file of calls, as a run leaves it that was killed in the first of `n`. */
static void write_calls(const learning_world *world, const char *name, size_t n, mtp_config *const *requests) {
  char *path = data_path(world->folder, name);
  mtp_config_set *set = mtp_config_set_new();
  assert_non_null(set);
  assert_true(mtp_config_set_species(set, "Al") >= 0);
  for (size_t i = 0; i < n; i++) {
    mtp_config *copy = mtp_config_copy(requests[i]);
    data_must(NULL, mtp_config_set_feature(NULL, copy, "qm_call", "request"));
    data_must(NULL, mtp_config_set_append(NULL, set, copy));
  }
  data_must(NULL, mtp_config_set_write(NULL, set, path, MTP_FORMAT_EXTXYZ));
  mtp_config_set_free(set);
  free(path);
}

/* ---- what is left to others ---- */

/* They would ask anew for what may be answered. */
static void calls_of_an_earlier_run_are_not_divided(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  begin(world, a);
  mtp_config *left[] = {offered(1), offered(2), offered(3)};
  write_calls(world, "train.extxyz.2.calls", 3, left);
  mtp_learner *b = sharing_learner(world, "b.jsonl"); /* goes on with these */
  sharing_around.idle = a;
  sharing_around.calls = 0;
  begin(world, b);
  assert_int_equal(sharing_around.calls, 3);
  assert_int_equal(mtp_learner_get_stats(b).qm_calls, 3);
  for (size_t i = 0; i < 3; i++) {
    assert_true(is_trained(world, left[i]));
    mtp_config_free(left[i]);
  }
  mtp_learner_free(a);
  mtp_learner_free(b);
  learning_world_expect_distinct(world);
}

/* Two others are there: a warm-up that three make in two rounds, with the squeezed ones. */
static void a_warm_up_is_for_all(void **state) {
  learning_world *world = *state;
  mtp_share *two = NULL, *three = NULL;
  int warm = 0, squeezed = 0;
  world->options.warmup = -1;
  world->options.wall = true;
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &three));
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  begin(world, a);
  mtp_config_set *train = learning_world_train(world);
  for (size_t i = 0; i < train->n; i++) {
    warm += mtp_config_get_feature(train->configs[i], "warmup") != NULL;
    squeezed += mtp_config_is_squeezed(train->configs[i]);
  }
  assert_int_equal(warm, 4);
  assert_int_equal(squeezed, 2);
  assert_int_equal(train->n, 6);
  assert_int_equal(mtp_learner_get_stats(a).refits, 1); /* with all of them */
  mtp_config_set_free(train);
  mtp_share_leave(two);
  mtp_share_leave(three);
  mtp_learner_free(a);
}

static mtp_candidate candidate_of(mtp_config *cfg) {
  return (mtp_candidate){.cfg = cfg, .grade = 5.0, .atom = 2, .step = 7, .warmup = -1};
}

/* Where the first one of a pool may tell that no other is needed, they are begun by who has nothing to ask for. */
static void the_rest_of_a_pool_is_begun_elsewhere(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  mtp_config *cfg[] = {offered(1), offered(2), offered(3), NULL, offered(4), offered(5)};
  mtp_candidate c[6];
  const mtp_candidate *list[6];
  char *wanted = data_path(world->folder, "train.extxyz.1.wanted.calls");
  int labels = 0;
  begin(world, a);
  begin(world, b);
  for (size_t i = 0; i < 6; i++) {
    if (!cfg[i]) cfg[i] = mtp_config_copy(cfg[0]);
    c[i] = candidate_of(cfg[i]);
    list[i] = &c[i];
  }
  a->history.here = true;
  sharing_around.idle = b;
  sharing_around.calls = 0;
  a->residual.force = 0.0; /* nothing is predicted as well as that */
  data_must(world->ctx, mtp_loop_label_led(world->ctx, a, 3, list, &labels));
  assert_int_equal(labels, 3);
  assert_int_equal(sharing_around.calls, 3);
  assert_int_equal(mtp_learner_get_stats(b).qm_calls, 1);
  assert_int_not_equal(access(wanted, F_OK), 0);
  data_must(world->ctx, mtp_loop_refit(world->ctx, a, 1, 1.0, labels, 0.0));
  cfg[3]->x[0] += 1e-3; /* is known by now */
  a->history.here = true;
  a->residual.force = a->residual.force_size;
  labels = sharing_around.calls = 0;
  data_must(world->ctx, mtp_loop_label_led(world->ctx, a, 3, list + 3, &labels));
  assert_true(mtp_loop_predicted_well(a));
  assert_int_equal(labels, 1);
  assert_int_equal(sharing_around.calls, 2); /* what was begun came to its end */
  assert_true(is_trained(world, cfg[4]));
  assert_false(is_trained(world, cfg[5]));
  assert_int_not_equal(access(wanted, F_OK), 0);
  sharing_around.idle = NULL;
  for (size_t i = 0; i < 6; i++) mtp_config_free(cfg[i]);
  mtp_learner_free(a);
  mtp_learner_free(b);
  free(wanted);
  learning_world_expect_distinct(world);
}

typedef struct late_label {
  mtp_learner *learner;
  const mtp_candidate *candidate;
} late_label;

static void *label_late(void *user) {
  const late_label *late = user;
  int labels = 0;
  data_must(NULL, mtp_loop_label(NULL, late->learner, 1, &late->candidate, &labels));
  return NULL;
}

/* Who has a label of its own goes on with that. */
static void what_is_begun_elsewhere_is_not_waited_for(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  mtp_config *first = offered(1), *rest = offered(2);
  const mtp_candidate c = candidate_of(first), d = candidate_of(rest), *list[] = {&c, &d};
  late_label late = {b, &d};
  pthread_t thread;
  int labels = 0;
  begin(world, a);
  begin(world, b);
  a->history.here = true;
  a->residual.force = 0.0;
  sharing_around.pause = 1.0;
  assert_int_equal(pthread_create(&thread, NULL, label_late, &late), 0);
  while (!mtp_share_is_busy(a->sharing.locks, 2)) mtp_sleep(0.01);
  mtp_sleep(0.1); /* it has looked at the pause by now */
  sharing_around.pause = 0.0;
  data_must(world->ctx, mtp_loop_label_led(world->ctx, a, 2, list, &labels));
  assert_int_equal(labels, 1);
  assert_false(is_trained(world, rest));
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(is_trained(world, rest));
  mtp_config_free(first);
  mtp_config_free(rest);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* ---- while one waits for a label ---- */

typedef struct accident {
  learning_world *world;
  mtp_config *in_flight, *of_the_dead, *wanted;
} accident;

/* While another one waits, a run is killed in a call, and one that lives wants a label; when that is there, so is what
 * the other one waits for. */
static void *have_accident(void *user) {
  const accident *e = user;
  char *calls_file = data_path(e->world->folder, "train.extxyz.2.calls");
  mtp_sleep(0.2);
  write_calls(e->world, "train.extxyz.3.calls", 1, &e->of_the_dead);
  write_calls(e->world, "train.extxyz.2.wanted.calls", 1, &e->wanted);
  for (int wait = 0; wait < 200 && !is_trained(e->world, e->wanted); wait++) mtp_sleep(0.05);
  unlink(calls_file);
  free(calls_file);
  return NULL;
}

static void who_waits_takes_over_calls_of_the_dead(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  accident e = {world, offered(1), offered(2), offered(3)};
  mtp_config *near = mtp_config_copy(e.in_flight);
  const mtp_candidate c = {.cfg = near, .grade = 20.0, .atom = 2, .step = 1, .warmup = -1};
  pthread_t thread;
  bool changed = false;
  begin(world, a);
  begin(world, b);
  near->x[0] += 1e-4;
  write_calls(world, "train.extxyz.2.calls", 1, &e.in_flight); /* by b */
  assert_int_equal(pthread_create(&thread, NULL, have_accident, &e), 0);
  data_must(world->ctx, mtp_loop_catch_up(world->ctx, a, &c, &changed));
  assert_true(changed);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(is_trained(world, e.of_the_dead));
  assert_true(is_trained(world, e.wanted)); /* nobody helps as long as calls of the dead are left */
  mtp_config_free(near);
  mtp_config_free(e.in_flight);
  mtp_config_free(e.of_the_dead);
  mtp_config_free(e.wanted);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

static void who_waits_for_long_is_told_of(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  mtp_wait wait = {.begin = mtp_now()};
  volatile sig_atomic_t stop = 1;
  begin(world, a);
  data_must(world->ctx, mtp_loop_wait(world->ctx, a, &wait));
  assert_false(wait.told);
  wait.begin -= 100.0;
  const double before = mtp_now();
  data_must(world->ctx, mtp_loop_wait(world->ctx, a, &wait));
  assert_true(mtp_now() - before > 0.3); /* a look at labels of hours need not be soon */
  assert_true(wait.told);
  data_must(world->ctx, mtp_loop_wait(world->ctx, a, &wait));
  const char *told = strstr(world->messages, "for a label that another run has asked for");
  assert_non_null(told);
  assert_null(strstr(told + 1, "for a label that another run has asked for")); /* once */
  mtp_context_set_stop(world->ctx, &stop);
  assert_int_equal(mtp_loop_wait(world->ctx, a, &wait), MTP_ERR_STOPPED);
  mtp_context_set_stop(world->ctx, NULL);
  mtp_learner_free(a);
}

/* ---- while one waits for the turn to make a potential ---- */

static void *give_turn(void *user) {
  mtp_sleep(0.3);
  mtp_share_give(user, MTP_SHARE_REFIT);
  return NULL;
}

/* A known configuration beyond break learns what waits in the pool, and that has to be waited for. */
static void beyond_break_the_turn_is_waited_for(void **state) {
  learning_world *world = *state;
  mtp_share *other = NULL;
  pthread_t thread;
  world->options.break_grade = 10.0;
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  begin(world, a);
  assert_int_equal(offer(world, a, 1, 20.0), MTP_REDO);
  assert_int_equal(offer(world, a, 2, 5.0), MTP_GO_ON);
  const long long refits = mtp_learner_get_stats(a).refits;
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &other));
  data_must(world->ctx, mtp_share_take(world->ctx, other, MTP_SHARE_REFIT));
  assert_int_equal(pthread_create(&thread, NULL, give_turn, other), 0);
  assert_int_equal(offer(world, a, 1, 20.0), MTP_REDO);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(mtp_learner_get_stats(a).refits, refits + 1);
  mtp_share_leave(other);
  mtp_learner_free(a);
}

/* A label that takes longer than the potential would keep the others waiting. */
static void for_a_short_turn_nobody_begins_a_label(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  mtp_share *other = NULL;
  mtp_config *cfg = offered(1);
  const mtp_candidate c = candidate_of(cfg), *list = &c;
  begin(world, a);
  begin(world, b);
  data_must(world->ctx, mtp_loop_wish(world->ctx, b, 1, &list));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &other));
  for (int is_short = 1; is_short >= 0; is_short--) {
    pthread_t thread;
    bool begun = false;
    a->stats.qm_seconds = is_short ? 100.0 * (double)a->stats.qm_calls : 0.0;
    data_must(world->ctx, mtp_share_take(world->ctx, other, MTP_SHARE_REFIT));
    assert_int_equal(pthread_create(&thread, NULL, give_turn, other), 0);
    data_must(world->ctx, mtp_loop_begin_refit(world->ctx, a, MTP_UNTIL_BEGUN, &begun));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(begun);
    mtp_loop_end_refit(a);
    assert_int_equal(is_trained(world, cfg), !is_short);
  }
  mtp_share_leave(other);
  mtp_config_free(cfg);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* ---- the end ---- */

static void a_run_that_is_over_makes_what_others_want(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  mtp_config *cfg[] = {offered(1), offered(2)};
  bool last = true;
  begin(world, a);
  begin(world, b);
  offer(world, b, 3, 20.0);
  for (int k = 0; k < 2; k++) {
    const mtp_candidate c = candidate_of(cfg[k]), *list = &c;
    data_must(world->ctx, mtp_loop_wish(world->ctx, a, 1, &list));
    b->stats.qm_seconds = 0.2 * (double)b->stats.qm_calls;
    data_must(world->ctx, mtp_loop_stay(world->ctx, b));
    assert_int_equal(is_trained(world, cfg[k]), k == 0);
    data_must(world->ctx,
              mtp_share_is_last(world->ctx, a->sharing.locks, &last)); /* and from then on it is over, too */
    assert_false(last);
    mtp_config_free(cfg[k]);
  }
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* Nobody else would. */
static void the_last_run_learns_what_comes_late(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl"), *b = sharing_learner(world, "b.jsonl");
  mtp_config *cfg = offered(1);
  const mtp_candidate c = candidate_of(cfg);
  late_label late = {b, &c};
  pthread_t thread;
  bool last;
  begin(world, a);
  begin(world, b);
  offer(world, a, 2, 20.0);
  data_must(world->ctx, mtp_share_is_last(world->ctx, b->sharing.locks, &last));
  sharing_around.pause = 0.5;
  sharing_around.calls = 0;
  assert_int_equal(pthread_create(&thread, NULL, label_late, &late), 0);
  while (!mtp_share_is_busy(a->sharing.locks, 2)) mtp_sleep(0.01);
  mtp_loop_finish(world->ctx, a, NULL);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_true(is_trained(world, cfg));
  assert_true(mtp_loop_knows_all(a));
  assert_int_equal(mtp_learner_get_stats(a).configurations, 7);
  mtp_config_free(cfg);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* Squeezed labels take their time, in which another run may make a potential. */
static void late_runs_squeeze_before_their_turn(void **state) {
  learning_world *world = *state;
  mtp_action action = MTP_GO_ON;
  world->options.wait = false;
  world->options.wall = true;
  world->options.pool = 1;
  world->options.break_grade = 10.0;
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  begin(world, a);
  for (unsigned seed = 1; action == MTP_GO_ON && seed < 20; seed++) {
    data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &sharing_around.rival));
    sharing_around.calls = sharing_around.turns = 0;
    offer(world, a, seed, 5.0);
    for (int wait = 0; wait < 2000 && action == MTP_GO_ON && a->late; wait++) {
      data_must(world->ctx, mtp_loop_learn_late(world->ctx, a, true, &action));
    }
    mtp_share_leave(sharing_around.rival);
    sharing_around.rival = NULL;
    if (sharing_around.calls < 2) action = MTP_GO_ON; /* no squeezed one was due */
  }
  assert_true(sharing_around.calls >= 2);
  assert_int_equal(sharing_around.turns, sharing_around.calls);
  mtp_learner_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, learning_world_free)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(calls_of_an_earlier_run_are_not_divided), TEST(a_warm_up_is_for_all),
      TEST(the_rest_of_a_pool_is_begun_elsewhere),   TEST(what_is_begun_elsewhere_is_not_waited_for),
      TEST(who_waits_takes_over_calls_of_the_dead),  TEST(who_waits_for_long_is_told_of),
      TEST(beyond_break_the_turn_is_waited_for),     TEST(for_a_short_turn_nobody_begins_a_label),
      TEST(late_runs_squeeze_before_their_turn),     TEST(a_run_that_is_over_makes_what_others_want),
      TEST(the_last_run_learns_what_comes_late),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
