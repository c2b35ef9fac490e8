/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_share.c
 * Runs that learn into the same files: their locks, labels of one that all know, potentials that one makes and the
 * others take over, and what becomes of the calls of one that was killed. Locks belong to open files and not to
 * processes, so that two learners of this one are two runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "config/config_internal.h"
#include "loop/calls.h"
#include "loop/loop.h"
#include "loop/share.h"
#include "loop/together.h"
#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"
#include "support_sharing.h"

/* ---- locks ---- */

static void runs_have_numbers_of_their_own(void **state) {
  learning_world *world = *state;
  mtp_share *one = NULL, *two = NULL, *three = NULL;
  char *lock = data_path(world->folder, "train.extxyz.share");
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  assert_int_equal(mtp_share_number(one), 1);
  assert_int_equal(mtp_share_number(two), 2);
  assert_int_equal(mtp_share_next(one, 0), 2); /* itself left out */
  assert_int_equal(mtp_share_next(one, 2), 0);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &three));
  assert_int_equal(mtp_share_next(two, 0), 1);
  assert_int_equal(mtp_share_next(two, 1), 3);
  mtp_share_leave(one);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  assert_int_equal(mtp_share_number(one), 1);
  mtp_share_leave(one);
  mtp_share_leave(three);
  assert_int_equal(access(lock, F_OK), 0);
  mtp_share_leave(two);
  assert_int_not_equal(access(lock, F_OK), 0);
  free(lock);
}

static void one_holds_a_lock(void **state) {
  learning_world *world = *state;
  mtp_share *one = NULL, *two = NULL;
  volatile sig_atomic_t stop = 0;
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  data_must(world->ctx, mtp_share_take(world->ctx, one, MTP_SHARE_REFIT));
  assert_false(mtp_share_try(two, MTP_SHARE_REFIT));
  data_must(world->ctx, mtp_share_take(world->ctx, two, MTP_SHARE_TRAIN)); /* is another one */
  stop = 1;
  mtp_context_set_stop(world->ctx, &stop);
  assert_int_equal(mtp_share_take(world->ctx, two, MTP_SHARE_REFIT), MTP_ERR_STOPPED);
  mtp_context_set_stop(world->ctx, NULL);
  mtp_share_give(one, MTP_SHARE_REFIT);
  assert_true(mtp_share_try(two, MTP_SHARE_REFIT));
  mtp_share_leave(two); /* with both */
  assert_true(mtp_share_try(one, MTP_SHARE_REFIT));
  mtp_share_leave(one);
}

static void of_runs_that_end_one_is_the_last(void **state) {
  learning_world *world = *state;
  mtp_share *one = NULL, *two = NULL;
  bool last;
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  data_must(world->ctx, mtp_share_is_last(world->ctx, two, &last));
  assert_false(last);
  data_must(world->ctx,
            mtp_share_is_last(world->ctx, one, &last)); /* the other one is still there, and goes on no more */
  assert_true(last);
  assert_int_equal(mtp_share_next(one, 0), 2);
  mtp_share *late = NULL; /* one that comes while the last training goes on is not the last */
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &late));
  data_must(world->ctx, mtp_share_is_last(world->ctx, late, &last));
  assert_false(last);
  mtp_share_leave(late);
  mtp_share_leave(one);
  mtp_share_leave(two);
}

static void write_text(const char *path, const char *text) {
  data_must(NULL, mtp_file_replace(NULL, path, text, strlen(text)));
}

static void calls_of_the_dead_are_claimed(void **state) {
  learning_world *world = *state;
  mtp_share *one = NULL, *two = NULL;
  char *left = data_path(world->folder, "train.extxyz.2.calls");
  char *other = data_path(world->folder, "train.extxyz.old.calls");
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  write_text(left, "x");
  write_text(other, "x");
  assert_int_equal(mtp_share_claim(one), 2);
  mtp_share_drop(one, 2);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  assert_int_equal(mtp_share_number(two), 2);
  assert_int_equal(mtp_share_claim(one), 0); /* it lives */
  mtp_share_leave(two);
  for (int k = 3; k < 9; k++) {
    char name[40];
    snprintf(name, sizeof name, "train.extxyz.%d.calls", k);
    char *path = data_path(world->folder, name);
    write_text(path, "x");
    free(path);
  }
  assert_int_equal(mtp_share_claim(one), 2); /* the lowest one */
  mtp_share_drop(one, 2);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, false, &two)); /* makes no calls */
  assert_int_equal(mtp_share_number(two), 9);
  mtp_share_leave(two);
  mtp_share_leave(one);
  free(left);
  free(other);
}

/* ---- learners ---- */

static mtp_learner *learner_of(learning_world *world, const char *log) {
  mtp_learner *learner = NULL;
  char *path = data_path(world->folder, log);
  world->options.share = true;
  world->options.log_path = path;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  world->options.log_path = world->log;
  free(path);
  return learner;
}

static void begin(learning_world *world, mtp_learner *learner) {
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
}

static mtp_action offer(learning_world *world, mtp_learner *learner, unsigned seed) {
  mtp_action action;
  data_must(world->ctx, learning_world_offer(world, learner, seed, 20.0, (long long)seed, &action));
  return action;
}

static void expect_same_potential(const mtp_learner *a, const mtp_learner *b) {
  const mtp_potential *p = mtp_learner_potential(a), *q = mtp_learner_potential(b);
  assert_int_equal(mtp_potential_parameter_count(p), mtp_potential_parameter_count(q));
  assert_memory_equal(mtp_potential_parameters(p), mtp_potential_parameters(q),
                      mtp_potential_parameter_count(p) * sizeof(double));
}

static void what_one_learns_all_know(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  mtp_action action;
  begin(world, a);
  const long long calls = world->reference.calls;
  begin(world, b); /* has nothing to warm up for */
  assert_int_equal(world->reference.calls, calls);
  assert_int_equal(mtp_learner_get_stats(b).configurations, 5);
  expect_same_potential(a, b);
  assert_int_equal(offer(world, a, 1), MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 1);
  data_must(world->ctx, mtp_learner_follow(world->ctx, b, 7, mtp_learner_get_stats(a).generation, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(b).configurations, 6);
  expect_same_potential(a, b);
  data_must(world->ctx, mtp_learner_follow(world->ctx, b, 8, mtp_learner_get_stats(a).generation, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(offer(world, b, 2), MTP_REDO);
  assert_int_equal(offer(world, a, 3), MTP_REDO); /* there is something to learn before anything is asked for */
  assert_int_equal(world->reference.calls, calls + 2);
  expect_same_potential(a, b);
  assert_int_equal(offer(world, a, 3), MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 3);
  mtp_learner_free(a);
  mtp_learner_free(b);
  learning_world_expect_distinct(world);
  mtp_config_set *train = learning_world_train(world);
  assert_int_equal(train->n, calls + 3);
  mtp_config_set_free(train);
  world->options.share = false; /* and alone it goes on as ever */
  a = learning_world_warm_learner(world, NULL);
  assert_int_equal(world->reference.calls, calls + 3);
  mtp_learner_free(a);
}

/* What was fitted to linear coefficients alone has no trained functions, whoever reads it. */
static void functions_that_nobody_trained_are_known_as_such(void **state) {
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  begin(world, a);
  begin(world, b);
  assert_int_equal(mtp_learner_get_stats(b).adopted, 1);
  assert_false(b->history.trained);
  mtp_learner_free(a);
  mtp_learner_free(b);
  world->options.refit = MTP_REFIT_FULL;
  a = learner_of(world, "a.jsonl");
  assert_true(a->history.trained); /* by the refit of the start */
  mtp_learner_free(a);
  world->options.refit = MTP_REFIT_LINEAR;
  a = learner_of(world, "a.jsonl");
  assert_true(a->history.trained);
  mtp_learner_free(a);
}

/* One that began at a low level goes on with what another one has climbed to. */
static void all_climb_with_the_first(void **state) {
  learning_world *world = *state;
  mtp_learner *a = NULL, *b = NULL;
  mtp_action action;
  mtp_potential *top = learning_potential(world->ctx, 12);
  char *log = data_path(world->folder, "b.jsonl");
  world->options.grow = world->options.share = true;
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_world_learner_of(world, top, "", &a));
  data_must(world->ctx, learning_run_attach(run, a, 2.0));
  world->options.log_path = log;
  data_must(world->ctx, learning_world_learner_of(world, top, "", &b));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(b)), 8);
  for (int k = 0; k < 40 && mtp_potential_level(mtp_learner_potential(a)) == 8; k++)
    data_must(world->ctx, learning_run_steps(run, 20));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(a)), 12);
  data_must(world->ctx, mtp_learner_follow(world->ctx, b, 1, mtp_learner_get_stats(a).generation, &action));
  assert_int_equal(action, MTP_REDO);
  expect_same_potential(a, b);
  mtp_learner_free(b);
  world->options.grow = false; /* to one that does not grow it is another kind */
  b = NULL;
  assert_int_equal(learning_world_learner_of(world, world->pot, "", &b), MTP_ERR_STATE);
  learning_world_expect_message(world, "another kind");
  mtp_learner_free(a);
  learning_run_free(run);
  mtp_potential_free(top);
  free(log);
}

/* Both were offered the same at the same time: the second one finds it in the training file. */
static void the_same_is_asked_for_once(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  begin(world, a);
  begin(world, b);
  const long long calls = world->reference.calls;
  assert_int_equal(offer(world, a, 1), MTP_REDO);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.25, 1001);
  const mtp_candidate same = {.cfg = cfg, .grade = 20.0, .atom = 2, .step = 1, .warmup = -1}, *list = &same;
  int labels = 0;
  bool changed = false;
  data_must(world->ctx, mtp_loop_label(world->ctx, b, 1, &list, &labels));
  assert_int_equal(labels, 0);
  assert_int_equal(world->reference.calls, calls + 1);
  data_must(world->ctx, mtp_loop_after_label(world->ctx, b, &changed));
  assert_true(changed);
  mtp_config_free(cfg);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* ---- labels that are divided ---- */

/* Five warm-up labels: while one run makes its call, the other one makes the next that nobody has asked for. */
static void idle_runs_make_calls_of_others(void **state) {
  learning_world *world = *state;
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  char *wanted = data_path(world->folder, "train.extxyz.1.wanted.calls");
  sharing_around.idle = sharing_learner(world, "b.jsonl");
  sharing_around.calls = 0;
  begin(world, a);
  assert_int_equal(sharing_around.calls, 5);
  assert_int_equal(mtp_learner_get_stats(a).qm_calls, 3);
  assert_int_equal(mtp_learner_get_stats(sharing_around.idle).qm_calls, 2);
  assert_int_equal(mtp_learner_get_stats(a).configurations, 5);
  assert_int_not_equal(access(wanted, F_OK), 0);
  mtp_learner *b = sharing_around.idle;
  sharing_around.idle = NULL;
  begin(world, b);
  assert_int_equal(sharing_around.calls, 5);
  expect_same_potential(a, b);
  mtp_config_set *train = learning_world_train(world);
  assert_int_equal(train->n, 5);
  for (size_t i = 0; i < train->n; i++) assert_non_null(mtp_config_get_feature(train->configs[i], "warmup"));
  mtp_config_set_free(train);
  learning_world_expect_distinct(world);
  mtp_learner_free(a);
  mtp_learner_free(b);
  free(wanted);
}

static size_t coming_to(const learning_world *world, mtp_learner *learner) {
  mtp_config_set *coming = NULL;
  data_must(world->ctx, mtp_loop_coming(world->ctx, learner, &coming));
  const size_t n = coming ? coming->n : 0;
  mtp_config_set_free(coming);
  return n;
}

/* To want is not to ask: nobody is kept from asking for it, and then it is wanted no more. */
static void what_others_want_may_be_asked_for(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  mtp_config *cfg = learning_crystal(2, 4.05, 0.25, 1001);
  const mtp_candidate c = {.cfg = cfg, .grade = 20.0, .atom = 2, .step = 1, .warmup = -1}, *list = &c;
  bool helped = true;
  int labels = 0;
  begin(world, a);
  begin(world, b);
  data_must(world->ctx, mtp_loop_wish(world->ctx, a, 1, &list));
  assert_int_equal(coming_to(world, b), 1);
  data_must(world->ctx, mtp_loop_label(world->ctx, b, 1, &list, &labels));
  assert_int_equal(labels, 1);
  assert_int_equal(coming_to(world, b), 0);
  data_must(world->ctx, mtp_loop_help(world->ctx, b, &helped));
  assert_false(helped);
  mtp_loop_wish_no_more(a);
  mtp_config_free(cfg);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* Nobody asks for what a run wanted that is gone. */
static void what_the_dead_wanted_is_forgotten(void **state) {
  learning_world *world = *state;
  char *theirs = data_path(world->folder, "train.extxyz.2.wanted.calls");
  char *old = data_path(world->folder, "train.extxyz.1.wanted.calls");
  mtp_share *one = NULL, *two = NULL;
  write_text(old, "x");
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  assert_int_not_equal(access(old, F_OK), 0);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  write_text(theirs, "x");
  write_text(old, "x");
  assert_int_equal(mtp_share_claim(one), 0); /* these are no calls */
  mtp_share_leave(one);
  assert_int_not_equal(access(old, F_OK), 0);
  assert_int_equal(access(theirs, F_OK), 0);
  mtp_share_leave(two);
  assert_int_not_equal(access(theirs, F_OK), 0);
  free(theirs);
  free(old);
}

static void who_makes_calls_is_busy(void **state) {
  learning_world *world = *state;
  mtp_share *one = NULL, *two = NULL;
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &one));
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &two));
  assert_false(mtp_share_is_busy(two, 1));
  mtp_share_set_busy(one, true);
  assert_true(mtp_share_is_busy(two, 1));
  assert_false(mtp_share_is_busy(one, 2));
  mtp_share_set_busy(one, false);
  assert_false(mtp_share_is_busy(two, 1));
  mtp_share_leave(one);
  mtp_share_leave(two);
}

/* What others wait for counts as known, but for squeezed ones, of which active sets have no rows. */
static void what_is_coming_covers_what_is_like_it(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl");
  bool covered = true;
  begin(world, a);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.25, 1001);
  const mtp_candidate c = {.cfg = cfg, .grade = 20.0, .atom = 2, .step = 1, .warmup = -1}, *list = &c;
  mtp_config_set *coming = mtp_config_set_new();
  size_t order[1], count = 1;
  data_must(world->ctx, mtp_config_set_append(world->ctx, coming, learning_crystal(2, 4.05, 0.25, 1001)));
  data_must(world->ctx, mtp_config_set_feature(world->ctx, coming->configs[0], "squeezed", "0.8"));
  data_must(world->ctx, mtp_loop_is_covered(world->ctx, a, &c, coming, &covered));
  assert_false(covered);
  mtp_config_drop_feature(coming->configs[0], "squeezed");
  data_must(world->ctx, mtp_loop_is_covered(world->ctx, a, &c, coming, &covered));
  assert_true(covered);
  data_must(world->ctx, mtp_loop_rank(world->ctx, a, 1, &list, 1, coming, order, &count));
  assert_int_equal(count, 0);
  data_must(world->ctx, mtp_loop_rank(world->ctx, a, 1, &list, 1, NULL, order, &count));
  assert_int_equal(count, 1);
  mtp_config_set_free(coming);
  mtp_config_free(cfg);
  mtp_learner_free(a);
}

static void alone_and_together_do_not_mix(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = NULL;
  world->options.share = false;
  assert_int_equal(learning_world_learner(world, NULL, &b), MTP_ERR_IO);
  learning_world_expect_message(world, "share yes");
  world->options.share = true;
  char *log = data_path(world->folder, "a.jsonl");
  world->options.log_path = log;
  assert_int_equal(learning_world_learner(world, NULL, &b), MTP_ERR_IO);
  learning_world_expect_message(world, "a log of its own");
  mtp_learner_free(a);
  world->options.share = false;
  world->options.log_path = world->log;
  a = learning_world_warm_learner(world, NULL);
  world->options.share = true;
  world->options.log_path = log;
  assert_int_equal(learning_world_learner(world, NULL, &b), MTP_ERR_IO);
  learning_world_expect_message(world, "another run is writing to it");
  mtp_learner_free(a);
  free(log);
}

/* A run in a process of its own that is gone in its call number `call`, of the warm-up or after it. */
static void killed_in_call(learning_world *world, long long call, bool warm) {
  const pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0) {
    mtp_learner *b = learner_of(world, "b.jsonl");
    if (warm) begin(world, b);
    world->reference.calls = 0;
    world->reference.fault = LEARNING_KILL;
    world->reference.fault_call = call;
    if (!warm) begin(world, b);
    offer(world, b, 5);
    _exit(3); /* it was to be killed */
  }
  int status;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_true(WIFSIGNALED(status));
}

static void calls_of_a_killed_run_are_made_by_others(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl");
  char *left = data_path(world->folder, "train.extxyz.2.calls");
  begin(world, a);
  killed_in_call(world, 1, true);
  assert_int_equal(access(left, F_OK), 0);
  const long long calls = world->reference.calls;
  assert_int_equal(offer(world, a, 6), MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 1); /* that of the other one, which may have told enough */
  assert_int_equal(mtp_learner_get_stats(a).configurations, 6);
  assert_int_not_equal(access(left, F_OK), 0);
  mtp_config *theirs = learning_crystal(2, 4.05, 0.25, 1005);
  mtp_config_set *train = learning_world_train(world);
  assert_true(fabs(train->configs[5]->x[4] - theirs->x[4]) < 1e-9);
  mtp_config_set_free(train);
  mtp_config_free(theirs);
  assert_int_equal(offer(world, a, 6), MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 2);
  mtp_learner_free(a);
  free(left);
}

static void a_warm_up_that_was_killed_goes_on(void **state) {
  learning_world *world = *state;
  killed_in_call(world, 3, false);
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  assert_int_equal(mtp_learner_get_stats(a).configurations, 2);
  begin(world, a);
  assert_int_equal(world->reference.calls, 3);
  begin(world, b);
  assert_int_equal(world->reference.calls, 3);
  assert_int_equal(mtp_learner_get_stats(b).configurations, 5);
  expect_same_potential(a, b);
  mtp_learner_free(a);
  mtp_learner_free(b);
}

/* What a killed run had asked for may be answered already, of which others know nothing. */
static void calls_of_an_earlier_run_are_not_divided(void **state) {
  learning_world *world = *state;
  killed_in_call(world, 3, false);
  mtp_learner *a = sharing_learner(world, "a.jsonl");
  sharing_around.idle = sharing_learner(world, "b.jsonl");
  sharing_around.calls = 0;
  begin(world, a);
  assert_int_equal(sharing_around.calls, 3);
  assert_int_equal(mtp_learner_get_stats(a).qm_calls, 3);
  assert_int_equal(mtp_learner_get_stats(sharing_around.idle).qm_calls, 0);
  assert_int_equal(mtp_learner_get_stats(a).configurations, 5);
  mtp_learner_free(sharing_around.idle);
  sharing_around.idle = NULL;
  mtp_learner_free(a);
}

static void an_unfinished_record_is_cut_off(void **state) {
  learning_world *world = *state;
  mtp_learner *a = learner_of(world, "a.jsonl"), *b = learner_of(world, "b.jsonl");
  begin(world, a);
  begin(world, b);
  FILE *file = fopen(world->train, "a");
  assert_non_null(file);
  fputs("32\nLattice=\"8.1 0 0 0 8.1 0 0 0 8.1\" Properties=species:S:1:pos", file);
  fclose(file);
  assert_int_equal(offer(world, a, 1), MTP_REDO);
  assert_int_equal(offer(world, b, 2), MTP_REDO);
  assert_int_equal(offer(world, b, 2), MTP_REDO);
  mtp_learner_free(a);
  mtp_learner_free(b);
  mtp_config_set *train = learning_world_train(world);
  assert_int_equal(train->n, 7);
  mtp_config_set_free(train);
  char *cut = data_path(world->folder, "train.extxyz.cut");
  assert_int_equal(access(cut, F_OK), 0);
  free(cut);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, learning_plain_world_new, learning_world_free)
int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(runs_have_numbers_of_their_own),
      TEST(one_holds_a_lock),
      TEST(of_runs_that_end_one_is_the_last),
      TEST(calls_of_the_dead_are_claimed),
      TEST(what_one_learns_all_know),
      TEST(the_same_is_asked_for_once),
      TEST(functions_that_nobody_trained_are_known_as_such),
      TEST(all_climb_with_the_first),
      TEST(alone_and_together_do_not_mix),
      TEST(calls_of_a_killed_run_are_made_by_others),
      TEST(idle_runs_make_calls_of_others),
      TEST(what_others_want_may_be_asked_for),
      TEST(what_the_dead_wanted_is_forgotten),
      TEST(who_makes_calls_is_busy),
      TEST(what_is_coming_covers_what_is_like_it),
      TEST(an_unfinished_record_is_cut_off),
      TEST(a_warm_up_that_was_killed_goes_on),
      TEST(calls_of_an_earlier_run_are_not_divided),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
