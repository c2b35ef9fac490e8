/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_doubt.c
 * Candidates that wait but whose forces are known get no label; what is beyond break, what is not known and what a fit
 * that has not earned it says of nothing get theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "loop/loop.h"
#include "support_data.h"
#include "support_learning.h"

/* Labels of a melt-like crystal until the fit is good and has data for all parameters. */
static mtp_learner *settled(learning_world *world, int labels) {
  mtp_learner *learner = NULL;
  mtp_action action;
  world->options.wall = false;
  world->options.warmup = labels > 0 ? 5 : 1;
  world->options.pool = 4;
  world->options.grading = MTP_GRADE_LINEAR;
  mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  for (unsigned k = 0; k < (unsigned)labels; k++)
    data_must(world->ctx, learning_world_offer(world, learner, 100 + k, 3.5, 1 + k, &action));
  mtp_config_free(cfg);
  return learner;
}

/* Offers pools of four crystals, the next pool hotter, as candidates below break; returns how many got labels. */
static long long labels_of_pools(learning_world *world, mtp_learner *learner, int pools) {
  const long long before = world->reference.calls;
  for (unsigned k = 0; k < 4 * (unsigned)pools; k++) {
    mtp_action action;
    mtp_config *cfg = learning_crystal(2, 4.05, 0.28 + 0.04 * (k / 4), 50000 + k);
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 2.5, 0, 1000 + 100 * k, &action));
    mtp_config_free(cfg);
  }
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 0);
  return world->reference.calls - before;
}

static int events(learning_world *world, const char *name) {
  cJSON *log = learning_log_read(world->log);
  const int count = learning_log_count(log, name);
  cJSON_Delete(log);
  return count;
}

/* The grades are made up: what of a pool D-optimality takes is told by `doubt no`. */
static void what_is_known_gets_no_label(void **state) {
  learning_world *world = *state;
  world->options.select_grade = 1.01;
  long long labels[2];
  int pruned[2];
  for (int k = 0; k < 2; k++) {
    world->options.doubt = k == 0;
    remove(world->train);
    remove(world->log);
    remove(world->save);
    mtp_learner *learner = settled(world, 30);
    labels[k] = labels_of_pools(world, learner, 5);
    pruned[k] = events(world, "prune");
    mtp_learner_free(learner);
  }
  if (!(labels[0] > 0 && labels[0] < labels[1])) fail_msg("%lld labels, %lld without", labels[0], labels[1]);
  assert_true(pruned[0] > 0 && pruned[1] == 0);
}

static void beyond_break_is_labelled(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = settled(world, 30);
  const long long before = world->reference.calls;
  mtp_config *cfg = learning_crystal(2, 4.05, 0.2, 7);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 3.5, 0, 1000, &action));
  assert_int_equal(world->reference.calls, before + 1);
  mtp_config_free(cfg);
  mtp_learner_free(learner);
}

/* A fit to a handful of labels is good there, and knows nothing of others. */
static void few_data_are_not_asked(void **state) {
  learning_world *world = *state;
  world->options.select_grade = 1.01;
  mtp_learner *learner = settled(world, 0);
  assert_true(labels_of_pools(world, learner, 1) > 0);
  assert_int_equal(events(world, "prune"), 0);
  mtp_learner_free(learner);
}

/* Labels of a cold crystal, which say nothing of a molten one. */
static mtp_learner *cold(learning_world *world) {
  mtp_learner *learner = NULL;
  mtp_action action;
  world->options.wall = false;
  world->options.warmup = 4;
  world->options.warmup_sigma = 0.01;
  remove(world->train);
  remove(world->save);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.01, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  mtp_config_free(cfg);
  return learner;
}

/* Offers a crystal so disturbed below break: is it learned at once? */
static bool is_learned(learning_world *world, mtp_learner *learner, double displacement, long long step) {
  mtp_action action;
  mtp_config *cfg = learning_crystal(2, 4.05, displacement, (unsigned)step);
  const long long before = world->reference.calls, waiting = mtp_learner_get_stats(learner).candidates;
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 2.5, 0, step, &action));
  mtp_config_free(cfg);
  const bool learned = action == MTP_REDO;
  assert_int_equal(world->reference.calls > before, learned);
  assert_int_equal(mtp_learner_get_stats(learner).candidates, learned ? 0 : waiting + 1);
  return learned;
}

/* Whatever its grade. */
static void what_is_all_wrong_does_not_wait(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = cold(world);
  assert_false(is_learned(world, learner, 0.011, 100));
  assert_true(is_learned(world, learner, 0.3, 200));
  mtp_learner_free(learner);
  world->options.doubt = false;
  learner = cold(world);
  assert_false(is_learned(world, learner, 0.3, 200));
  mtp_learner_free(learner);
}

/* What cannot be learned waits like others. */
static void without_a_call_left_it_waits(void **state) {
  learning_world *world = *state;
  world->options.max_calls = 4;
  mtp_learner *learner = cold(world);
  assert_false(is_learned(world, learner, 0.3, 200));
  mtp_learner_free(learner);
}

/* Where a definition of the literature is asked for, it is kept. */
static void only_by_neighbourhoods(void **state) {
  learning_world *world = *state;
  static const struct {
    mtp_mode mode;
    mtp_grading grading;
    mtp_query query;
  } others[] = {{MTP_MODE_CONFIGURATION, MTP_GRADE_LINEAR, MTP_QUERY_MAXVOL},
                {MTP_MODE_NEIGHBOURHOOD, MTP_GRADE_ALL, MTP_QUERY_MAXVOL},
                {MTP_MODE_NEIGHBOURHOOD, MTP_GRADE_AUTO, MTP_QUERY_BAYES}};
  mtp_learner *learner = settled(world, 30);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 1);
  const mtp_candidate c = {.cfg = cfg, .grade = 2.5, .warmup = -1}, *const list[] = {&c};
  for (size_t k = 0; k < sizeof others / sizeof others[0] + 1; k++) {
    size_t order[1] = {0}, count = 1;
    if (k > 0) {
      learner->options.mode = others[k - 1].mode;
      learner->options.grading = others[k - 1].grading;
      learner->options.query = others[k - 1].query;
    }
    data_must(world->ctx, mtp_loop_prune(world->ctx, learner, list, false, NULL, order, &count));
    assert_int_equal(count, k > 0);
  }
  learner->options.query = MTP_QUERY_MAXVOL;
  /* nor by a fit that has not earned it: a poor one, one with functions of others, one of few data */
  for (int k = 0; k < 4; k++) {
    size_t order[1] = {0}, count = 1;
    const double force = learner->residual.force;
    const size_t n = learner->train->n;
    if (k == 1) learner->residual.force *= 1e6;
    if (k == 2) learner->history.here = false;
    if (k == 3) learner->train->n = 2;
    data_must(world->ctx, mtp_loop_prune(world->ctx, learner, list, false, NULL, order, &count));
    assert_int_equal(count, k > 0);
    learner->residual.force = force;
    learner->history.here = true;
    learner->train->n = n;
  }
  mtp_config_free(cfg);
  mtp_learner_free(learner);
}

int main(void) {
#define TEST(function) cmocka_unit_test_setup_teardown(function, learning_world_new, learning_world_free)
  const struct CMUnitTest tests[] = {
      TEST(what_is_known_gets_no_label), TEST(beyond_break_is_labelled),        TEST(few_data_are_not_asked),
      TEST(only_by_neighbourhoods),      TEST(what_is_all_wrong_does_not_wait), TEST(without_a_call_left_it_waits),
  };
  return cmocka_run_group_tests_name("doubt", tests, NULL, NULL);
}
