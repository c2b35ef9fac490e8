/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_sanity.c
 * Configurations that get no label whatever their grade, those that get one whatever it is, and what becomes of a run
 * that is taken back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/species.h"
#include "loop/loop.h"
#include "support_data.h"
#include "support_learning.h"

/* A crystal whose atoms 4 and 1 are so far apart; all others as they are. */
static mtp_config *pushed(double distance, unsigned long long seed) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.02, seed);
  double d[3], r = 0.0;
  for (int k = 0; k < 3; k++) d[k] = cfg->x[9 + k] - cfg->x[k];
  for (int k = 0; k < 3; k++) r += d[k] * d[k];
  for (int k = 0; k < 3; k++) cfg->x[9 + k] = cfg->x[k] + d[k] * distance / sqrt(r);
  return cfg;
}

static mtp_status offer(learning_world *world, mtp_learner *l, mtp_config *cfg, double grade, long long step,
                        mtp_action *action) {
  const mtp_status status = mtp_learner_offer(world->ctx, l, cfg, grade, 0, step, action);
  mtp_config_free(cfg);
  return status;
}

static double known(const mtp_learner *l) {
  return fmin(l->near[0].known, l->near[0].squeezed);
}

static char *beside(const learning_world *world, const char *name) {
  char *path = malloc(strlen(world->folder) + strlen(name) + 2);
  sprintf(path, "%s/%s", world->folder, name);
  return path;
}

/* ---- what gets no label ---- */

static void atoms_inside_of_each_other(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.candidate_path = beside(world, "candidates.2.extxyz");
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  const long long calls = world->reference.calls;
  const double shortest = known(l);
  assert_int_equal(offer(world, l, pushed(0.45 * shortest, 5), 20.0, 17, &action), MTP_ERR_STATE);
  const char *said = mtp_context_message(world->ctx);
  assert_non_null(strstr(said, "step 17: the atoms have exploded: atoms "));
  assert_non_null(strstr(said, "(Al-Al)"));
  assert_non_null(strstr(said, "rewind N"));
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_end(world->ctx, l);

  mtp_config_set *set = NULL;
  char *path = beside(world, "exploded.2.extxyz");
  data_must(world->ctx, mtp_config_set_read(world->ctx, path, NULL, &set));
  assert_int_equal(set->n, 1);
  assert_string_equal(mtp_config_get_feature(set->configs[0], "step"), "17");
  assert_non_null(strstr(mtp_config_get_feature(set->configs[0], "reason"), "apart"));
  assert_true(set->configs[0]->max_grade == 20.0);
  mtp_config_set_free(set);
  free(path);
  free((char *)world->options.candidate_path);
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "stop"), 1);
  cJSON_Delete(log);
}

/* Near the limit the grade decides; with a label of such a pair it is no explosion any more. */
static void a_grade_of_no_use_is_judged_by_more(void **state) {
  learning_world *world = *state;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  char why[200];
  mtp_config *cfg = pushed(0.55 * l->near[0].known, 6);
  mtp_candidate c = {.cfg = cfg, .grade = 20.0, .atom = 0, .step = 1, .warmup = -1};
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_string_equal(why, "");
  c.grade = INFINITY;
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_non_null(strstr(why, "apart"));
  assert_true(strncmp(why, "atoms 1 and 4 ", 14) == 0 || strncmp(why, "atoms 4 and 1 ", 14) == 0);
  cfg->id = data_calloc(cfg->n, sizeof *cfg->id); /* as the engine counts */
  for (size_t i = 0; i < cfg->n; i++) cfg->id[i] = 1000000000000 + 10 * (long long)i;
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_non_null(strstr(why, "1000000000030 "));
  assert_non_null(strstr(why, "1000000000000 "));
  l->near[0].squeezed = 0.5 * l->near[0].known;
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_string_equal(why, "");
  mtp_config_free(cfg);
  mtp_learner_free(l);
}

/* No labels of a kind of pair: half of the covalent radii; no names either: nothing is known. */
static void what_the_elements_allow(void **state) {
  learning_world *world = *state;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  char why[200];
  assert_true(fabs(mtp_element_radius(13) - 1.21) < 1e-12 && fabs(mtp_element_radius(1) - 0.31) < 1e-12);
  assert_true(fabs(mtp_element_radius(96) - 1.69) < 1e-12 && fabs(mtp_element_radius(79) - 1.36) < 1e-12);
  assert_true(mtp_element_radius(0) == 0.0 && mtp_element_radius(97) == 0.0 && mtp_element_radius(-1) == 0.0);
  for (double part = 0.49; part < 0.52; part += 0.02) {
    mtp_config *cfg = pushed(part * 2.42, 6);
    const mtp_candidate c = {.cfg = cfg, .grade = 20.0, .atom = 0, .step = 1, .warmup = -1};
    l->near[0].known = l->near[0].squeezed = INFINITY;
    data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
    assert_int_equal(strstr(why, "no label knows") != NULL, part < 0.5);
    strcpy(l->names[0], "0");
    data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
    assert_string_equal(why, "");
    strcpy(l->names[0], "Al");
    mtp_config_free(cfg);
  }
  mtp_learner_free(l);
}

static void what_the_engine_tells(void **state) {
  learning_world *world = *state;
  const struct {
    mtp_moment moment;
    bool gone;
  } cases[] = {
      {{9e4, 300.0, .lost = 0}, false}, {{1.1e5, 300.0, .lost = 0}, true}, {{1.1e5, 3e4, .lost = 0}, false},
      {{2e5, 3e4, .lost = 0}, true},    {{1e9, 0.0, .lost = 0}, false},    {{NAN, 300.0, .lost = 0}, true},
      {{0.0, 0.0, .lost = 1}, true},    {{0.0, 300.0, .lost = 0}, false},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_action action;
    mtp_learner *l = learning_world_warm_learner(world, NULL);
    const long long calls = world->reference.calls;
    data_must(world->ctx, mtp_learner_tell(world->ctx, l, &cases[k].moment));
    const mtp_status status = offer(world, l, learning_crystal(2, 4.05, 0.1, 90 + k), 1e5, 1, &action);
    assert_int_equal(status, cases[k].gone ? MTP_ERR_STATE : MTP_OK);
    assert_int_equal(world->reference.calls > calls, !cases[k].gone);
    /* what was told holds for one offer */
    if (!cases[k].gone) data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.1, 50 + k), 1e5, 2, &action));
    mtp_learner_free(l);
    learning_world_free(state);
    learning_world_new(state);
    world = *state;
  }
}

/* ---- what gets one ---- */

/* A recoil that was given 1 keV comes as near as that brings it. */
static void cascades_are_learned(void **state) {
  learning_world *world = *state;
  char why[200];
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  mtp_config *cfg = pushed(0.45 * known(l), 6);
  const mtp_candidate c = {.cfg = cfg, .grade = 1e5, .atom = 0, .step = 1, .warmup = -1};
  l->moment = (mtp_moment){.hottest = 5e6, .usual = 7e6, .first = 7.7e6};
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_string_equal(why, "");
  l->moment.first = 5e4;
  data_must(world->ctx, mtp_loop_look_at(world->ctx, l, &c, why, sizeof why));
  assert_non_null(strstr(why, "apart"));
  mtp_config_free(cfg);
  mtp_learner_free(l);
}

static void large_grades_alone_are_learned(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, offer(world, l, learning_crystal(2, 3.6, 0.1, 7), INFINITY, 1, &action));
  assert_int_equal(action, MTP_REDO);
  l->options.doubt = false;
  data_must(world->ctx, offer(world, l, pushed(0.3, 8), 2.5, 2, &action)); /* below break: it waits */
  assert_int_equal(action, MTP_GO_ON);
  l->options.doubt = true; /* its forces are all wrong, and it is no place to learn them at */
  const long long calls = world->reference.calls;
  assert_int_equal(offer(world, l, pushed(0.3, 9), 2.5, 200, &action), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "exploded"));
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(l);
}

/* A move that is tried and refused harms nobody. */
static void trials_do_not_end_a_run(void **state) {
  learning_world *world = *state;
  const mtp_moment trial = {.trial = true};
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  const long long calls = world->reference.calls;
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &trial));
  data_must(world->ctx, offer(world, l, pushed(0.3, 9), INFINITY, 1, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(world->reference.calls, calls);
  l->options.max_calls = l->stats.qm_calls;
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &trial));
  data_must(world->ctx, offer(world, l, learning_crystal(2, 3.8, 0.1, 10), INFINITY, 1, &action));
  assert_int_equal(action, MTP_GO_ON);
  mtp_learner_free(l);
}

/* ---- numbers of atoms ---- */

static mtp_config *of_numbers(int a, int b) {
  mtp_config *cfg = mtp_config_new((size_t)(a + b));
  for (int i = 0; i < b; i++) cfg->species[i] = 1;
  return cfg;
}

static bool knows(learning_world *world, const mtp_learner *l, long long a, long long b) {
  const long long numbers[2] = {a, b};
  bool known = false;
  data_must(world->ctx, mtp_learner_knows_numbers(world->ctx, l, numbers, &known));
  return known;
}

static void numbers_are_settled_by_labels(void **state) {
  learning_world *world = *state;
  mtp_learner l = {.species_count = 2, .options = {.max_calls = -1}, .train = mtp_config_set_new()};
  assert_true(knows(world, &l, 3, 1)); /* there is nothing to tell from, and nobody to ask */
  data_must(world->ctx, mtp_config_set_append(world->ctx, l.train, of_numbers(24, 16)));
  assert_true(knows(world, &l, 3, 1)); /* still nobody */
  l.qm = learning_qm(world->ctx, &world->reference, "");
  assert_true(knows(world, &l, 24, 16) && knows(world, &l, 3, 2)); /* as many of each */
  assert_false(knows(world, &l, 24, 15) || knows(world, &l, 25, 15) || knows(world, &l, 24000, 15999));
  data_must(world->ctx, mtp_config_set_append(world->ctx, l.train, of_numbers(12, 8)));
  assert_false(knows(world, &l, 24, 15));
  l.number_labels = 8; /* in vain */
  assert_true(knows(world, &l, 24, 15));
  l.number_labels = 0;
  data_must(world->ctx, mtp_config_set_append(world->ctx, l.train, of_numbers(25, 16)));
  assert_true(knows(world, &l, 24, 15) && knows(world, &l, 1, 0));
  mtp_qm_close(l.qm);
  mtp_config_set_free(l.train);
}

/* What is wanted for them is learned from whatever its grade, as what it is. */
static void what_is_wanted_is_learned(void **state) {
  learning_world *world = *state;
  const mtp_moment moment = {.wanted = true, .trial = true};
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  const size_t before = l->train->n;
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &moment));
  data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.02, 21), 0.5, 3, &action));
  assert_int_equal(action, MTP_REDO);
  assert_non_null(mtp_config_get_feature(l->train->configs[before], "trial"));
  assert_null(mtp_config_get_feature(l->train->configs[0], "trial"));
  assert_ptr_not_equal(mtp_loop_last_met(l, NULL), l->train->configs[before]);
  mtp_learner_free(l);
}

/* ---- going back ---- */

static mtp_status explode(learning_world *world, mtp_learner *l, long long step, mtp_action *action) {
  const mtp_moment moment = {.can_rewind = true};
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &moment));
  return offer(world, l, pushed(0.3, (unsigned long long)step), 1e6, step, action);
}

static void remember(learning_world *world, mtp_learner *l, unsigned long long seed, long long step) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.08, seed);
  data_must(world->ctx, mtp_learner_remember(world->ctx, l, cfg, 1.0, 0, step));
  mtp_config_free(cfg);
}

static void goes_back_and_learns(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  assert_int_equal(mtp_learner_rewind(world->ctx, l, 10, 0, &action), MTP_ERR_ARGUMENT); /* nothing has exploded */
  l->stopped = false;
  remember(world, l, 11, 8);
  data_must(world->ctx, explode(world, l, 10, &action));
  assert_int_equal(action, MTP_REWIND);
  const long long calls = world->reference.calls;
  data_must(world->ctx, mtp_learner_rewind(world->ctx, l, 10, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_true(world->reference.calls > calls);
  mtp_learner_pass(l, 0);
  assert_true(l->asked.n == 1 && l->asked.step[0] == 8); /* what going back has asked for is not forgotten */
  /* until step 30 what is beyond select is learned at once, later it waits */
  const long long labels = mtp_learner_get_stats(l).labels;
  data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.1, 12), 2.5, 30, &action));
  assert_int_equal(action, MTP_REDO);
  assert_true(mtp_learner_get_stats(l).labels > labels);
  data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.1, 13), 2.5, 31, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(mtp_learner_get_stats(l).candidates, 1);
  mtp_learner_free(l);
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "rewind"), 1);
  cJSON_Delete(log);
}

/* Where the reference has no label for what is beyond break, the run was led astray as well. */
static void leaves_a_place_without_a_label(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  const mtp_moment can = {.can_rewind = true}, cannot = {0};
  remember(world, l, 11, 8);
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &can));
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = world->reference.calls + 1;
  data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.15, 12), 50.0, 10, &action));
  assert_int_equal(action, MTP_REWIND);
  const long long labels = mtp_learner_get_stats(l).labels;
  data_must(world->ctx, mtp_learner_rewind(world->ctx, l, 10, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_true(mtp_learner_get_stats(l).labels > labels);
  /* that it is known to have none costs no call; an engine that crashes says nothing of the place */
  const long long calls = world->reference.calls;
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &can));
  data_must(world->ctx, offer(world, l, learning_crystal(2, 4.05, 0.15, 12), 50.0, 20, &action));
  assert_int_equal(action, MTP_REWIND);
  assert_int_equal(world->reference.calls, calls);
  world->reference.fault = LEARNING_CRASH;
  world->reference.lasting = true;
  world->reference.fault_call = calls + 1;
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &can));
  assert_int_equal(offer(world, l, learning_crystal(2, 4.05, 0.15, 13), 50.0, 30, &action), MTP_ERR_QM);
  assert_null(strstr(mtp_context_message(world->ctx), "rewind"));
  l->stopped = false;
  /* without a way back the run ends, and is told of it */
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &cannot));
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = world->reference.calls + 1;
  assert_int_equal(offer(world, l, learning_crystal(2, 4.05, 0.15, 14), 50.0, 40, &action), MTP_ERR_QM);
  assert_non_null(strstr(mtp_context_message(world->ctx), "rewind N"));
  mtp_learner_free(l);
}

/* Five times to one place; another place, later, is another matter. */
static void comes_to_an_end(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  long long step = 100;
  for (int place = 0; place < 2; place++, step += 100)
    for (int k = 0; k < 5; k++, step += 10) {
      remember(world, l, (unsigned long long)step, step - 1);
      data_must(world->ctx, explode(world, l, step, &action));
      assert_int_equal(action, MTP_REWIND);
      data_must(world->ctx, mtp_learner_rewind(world->ctx, l, step, step - 10, &action));
    }
  step -= 100;
  remember(world, l, (unsigned long long)step, step - 1);
  assert_int_equal(explode(world, l, step, &action), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "taken back 5 times"));
  mtp_learner_free(l);
}

/* Without anything new to learn the run would only come to the same end. */
static void needs_something_to_learn(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *l = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, explode(world, l, 10, &action));
  data_must(world->ctx, mtp_learner_rewind(world->ctx, l, 10, 0, &action));
  assert_int_equal(action, MTP_GO_ON);
  data_must(world->ctx, explode(world, l, 20, &action));
  assert_int_equal(mtp_learner_rewind(world->ctx, l, 20, 10, &action), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "nothing left to learn"));
  l->stopped = false;
  const mtp_moment moment = {.no_way_back = "atoms came"};
  data_must(world->ctx, mtp_learner_tell(world->ctx, l, &moment));
  assert_int_equal(offer(world, l, pushed(0.3, 31), 1e6, 300, &action), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "no way back: atoms came"));
  mtp_learner_free(l);
  learning_world_free(state);

  /* nor does a run without driver go back */
  learning_world_new(state);
  world = *state;
  l = learning_world_warm_learner(world, NULL);
  l->options.max_calls = l->stats.qm_calls;
  assert_int_equal(explode(world, l, 10, &action), MTP_ERR_STATE);
  mtp_learner_free(l);
}

#define test(f) cmocka_unit_test_setup_teardown(f, learning_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(atoms_inside_of_each_other), test(a_grade_of_no_use_is_judged_by_more), test(what_the_elements_allow),
      test(what_the_engine_tells),      test(numbers_are_settled_by_labels),       test(what_is_wanted_is_learned),
      test(cascades_are_learned),       test(large_grades_alone_are_learned),      test(trials_do_not_end_a_run),
      test(goes_back_and_learns),       test(leaves_a_place_without_a_label),      test(comes_to_an_end),
      test(needs_something_to_learn),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
