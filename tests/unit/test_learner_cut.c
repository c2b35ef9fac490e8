/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner_cut.c
 * Learning by cut-outs: which atoms are cut around, how large, what is labelled and how it is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_learning.h"

#define LATTICE 4.05

/* 500 atoms. */
static mtp_config *large(unsigned long long seed) {
  return learning_crystal(5, LATTICE, 0.08, seed);
}

static mtp_spot spot(long long id, const mtp_config *cfg, size_t atom, double grade) {
  return (mtp_spot){id, {cfg->x[3 * atom], cfg->x[3 * atom + 1], cfg->x[3 * atom + 2]}, grade};
}

static void large_systems_are_cut(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  assert_int_equal(mtp_learner_parts(NULL, 1000), 0);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_parts(learner, 300), 0);
  assert_int_equal(mtp_learner_parts(learner, 301), 1);
  mtp_learner_free(learner);
  world->options.cutting = MTP_CUTTING_OFF;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_parts(learner, 100000), 0);
  mtp_learner_free(learner);
  world->options.cutting = MTP_CUTTING_ON;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_parts(learner, 10), 1);
  mtp_learner_free(learner);
  world->options.cutting = MTP_CUTTING_AUTO;
  world->options.mode = MTP_MODE_CONFIGURATION;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_parts(learner, 1000), 0);
  mtp_learner_free(learner);
  world->options.cutting = MTP_CUTTING_ON;
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(world->ctx), "cut needs mode neighbourhood"));
}

static const char *const words[][2] = {{"cut", "off"}, {"cut", "auto"}, {"cut", "7.5"}, {"shape", "sphere"}};

static void words_say_how(void **state) {
  learning_world *world = *state;
  mtp_learner_options o = mtp_learner_defaults();
  int used;
  assert_int_equal(o.cutting, MTP_CUTTING_AUTO);
  for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
    data_must(world->ctx, mtp_learner_set(world->ctx, &o, 2, words[k], &used));
    assert_int_equal(used, 2);
    assert_int_equal(o.cutting, k == 0 ? MTP_CUTTING_OFF : k == 1 ? MTP_CUTTING_AUTO : MTP_CUTTING_ON);
  }
  assert_true(o.cut.radius == 7.5 && o.cut.shape == MTP_CUT_SPHERE);
  static const char *const wrong[] = {"-1", "0", "nan", "7.5x", "big"};
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++) {
    const char *const pair[] = {"cut", wrong[k]};
    assert_int_equal(mtp_learner_set(world->ctx, &o, 2, pair, &used), MTP_ERR_ARGUMENT);
    assert_non_null(strstr(mtp_context_message(world->ctx), wrong[k]));
  }
}

/* The worst atom is the middle, in the same step a larger cut-out's, and in the end the whole is asked for. */
static void plans_begin_with_the_worst(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *cfg = large(1);
  mtp_cut_plan plan = {.whole = 7};
  mtp_action action;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  const mtp_spot spots[] = {spot(31, cfg, 30, 5.0), spot(4, cfg, 3, 40.0), spot(90, cfg, 89, 40.0)};
  data_must(world->ctx, mtp_learner_plan_cuts(world->ctx, learner, cfg, cfg->n, 3, spots, 5, &plan));
  assert_int_equal(plan.whole, 0);
  assert_int_equal(plan.count, 1);
  assert_int_equal(plan.middle[0], 1); /* of equal ones the lower number */
  double radius = plan.options.radius;
  assert_true(radius >= mtp_potential_cutoff(world->pot));
  int offers = 0;
  for (; !plan.whole && offers < 20; offers++) {
    const mtp_part part = {cfg, 3, 4, 40.0};
    const size_t before = (size_t)mtp_learner_get_stats(learner).configurations;
    data_must(world->ctx, mtp_learner_offer_parts(world->ctx, learner, &plan, 1, &part, 5, &action));
    assert_int_equal(action, MTP_REDO);
    assert_true((size_t)mtp_learner_get_stats(learner).configurations > before);
    data_must(world->ctx, mtp_learner_plan_cuts(world->ctx, learner, cfg, cfg->n, 3, spots, 5, &plan));
    assert_true(plan.options.radius > radius);
    radius = plan.options.radius;
  }
  assert_true(offers >= 1 && plan.whole);
  data_must(world->ctx, mtp_learner_plan_cuts(world->ctx, learner, cfg, cfg->n, 3, spots, 6, &plan));
  assert_int_equal(plan.whole, 0);
  assert_true(plan.options.radius < radius);
  mtp_learner_free(learner);
  mtp_config_free(cfg);
}

/* Warm-up labels are cells with energies; labels of the run say of which atom they are. */
static void labels_are_small(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *cfg = large(2);
  mtp_cut_plan plan;
  mtp_action action;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  assert_int_equal(action, MTP_REDO);
  const size_t begun = (size_t)mtp_learner_get_stats(learner).configurations;
  assert_true(begun >= 3);
  const mtp_spot worst = spot(78, cfg, 77, 40.0);
  data_must(world->ctx, mtp_learner_plan_cuts(world->ctx, learner, cfg, cfg->n, 1, &worst, 9, &plan));
  const mtp_part part = {cfg, 77, 78, 40.0};
  data_must(world->ctx, mtp_learner_offer_parts(world->ctx, learner, &plan, 1, &part, 9, &action));
  mtp_learner_free(learner);
  mtp_config_set *train = learning_world_train(world);
  for (size_t i = 0; i < train->n; i++) {
    assert_true(train->configs[i]->n < 200);
    assert_true(train->configs[i]->has_energy && !train->configs[i]->force_mask);
  }
  assert_string_equal(mtp_config_get_feature(train->configs[begun], "cut"), "cell");
  assert_string_equal(mtp_config_get_feature(train->configs[begun], "cut_atom"), "78");
  assert_string_equal(mtp_config_get_feature(train->configs[begun], "step"), "9");
  mtp_config_set_free(train);
  mtp_config_free(cfg);
}

/* Of a sphere only forces with all neighbours count, in the file as well, and the site in the middle is known then. */
static void spheres_are_learned_in_part(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *cfg = large(3);
  mtp_cut_plan plan;
  mtp_action action;
  world->options.cut.shape = MTP_CUT_SPHERE;
  for (size_t c = 0; c < 3; c++) cfg->x[3 * 77 + c] += 0.5; /* something new */
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  const mtp_spot worst = spot(78, cfg, 77, 40.0);
  data_must(world->ctx, mtp_learner_plan_cuts(world->ctx, learner, cfg, cfg->n, 1, &worst, 9, &plan));
  const mtp_part part = {cfg, 77, 78, 40.0};
  data_must(world->ctx, mtp_learner_offer_parts(world->ctx, learner, &plan, 1, &part, 9, &action));

  mtp_evaluator *ev = NULL;
  mtp_config *graded = mtp_config_copy(cfg);
  data_must(world->ctx, mtp_evaluator_new(world->ctx, mtp_learner_potential(learner), &ev));
  data_must(world->ctx, mtp_evaluator_set_active_set(world->ctx, ev, mtp_learner_active_set(learner)));
  data_must(world->ctx, mtp_evaluator_config(world->ctx, ev, graded, 1));
  assert_true(graded->grade[77] < 1.1);
  mtp_evaluator_free(ev);
  mtp_config_free(graded);
  mtp_learner_free(learner);

  mtp_config_set *train = learning_world_train(world);
  size_t spheres = 0;
  for (size_t i = 0; i < train->n; i++) {
    double weights[3];
    const mtp_config *label = train->configs[i];
    if (!label->force_mask) continue;
    size_t counting = 0;
    for (size_t k = 0; k < label->n; k++) counting += !label->force_mask[k];
    assert_true(counting > 0 && counting < label->n);
    data_must(world->ctx, mtp_config_weights(world->ctx, label, weights));
    assert_true(weights[0] == 0.0 && weights[1] > 0.0 && weights[2] == 0.0);
    spheres++;
  }
  assert_true(spheres > 0 && spheres < train->n);
  mtp_config_set_free(train);
  mtp_config_free(cfg);
}

/* Energy and stress judge an end point, and a sphere has none. */
static void end_points_are_cells(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *cfg = large(4);
  mtp_action action;
  double weights[3];
  world->options.cut.shape = MTP_CUT_SPHERE;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  const size_t begun = (size_t)mtp_learner_get_stats(learner).configurations;
  data_must(world->ctx, mtp_learner_confirm(world->ctx, learner, cfg, 1.5, 77, 3, 0, &action));
  mtp_learner_free(learner);
  mtp_config_set *train = learning_world_train(world);
  assert_true(train->n > begun);
  const mtp_config *label = train->configs[begun];
  assert_non_null(mtp_config_get_feature(label, "cut"));
  assert_string_equal(mtp_config_get_feature(label, "cut"), "cell");
  assert_true(label->n < 200 && label->has_virial && !label->force_mask);
  data_must(world->ctx, mtp_config_weights(world->ctx, label, weights));
  assert_true(weights[0] == 10.0 && weights[2] == 500.0);
  mtp_config_set_free(train);
  mtp_config_free(cfg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(large_systems_are_cut, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(words_say_how, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(plans_begin_with_the_worst, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(labels_are_small, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(end_points_are_cells, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(spheres_are_learned_in_part, learning_world_new, learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
