/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_finish.c
 * What a learner says of its predictions when a run is over, and what its end makes: labels where holes were left, and
 * a last training that does no harm. */
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
#include "mtp/errors.h"
#include "support_data.h"
#include "support_learning.h"

/* ---- predictions ---- */

static mtp_residual residual_of(double error, double force) {
  return (mtp_residual){.force = 12.0 * error * error, .forces = 12.0, .force_size = 12.0 * force * force};
}

static void expect_predicted(const mtp_learner *l, int labels, double error, double force) {
  cJSON *event = cJSON_CreateObject();
  mtp_loop_conclude(NULL, l, event);
  char *text = cJSON_PrintUnformatted(event); /* as it gets into the log */
  cJSON *end = cJSON_Parse(text);
  free(text);
  cJSON_Delete(event);
  assert_int_equal(cJSON_GetObjectItem(end, "predicted_labels")->valueint, labels);
  assert_true(fabs(cJSON_GetObjectItem(end, "predicted_rmse_force")->valuedouble - error) < 1e-12);
  assert_true(fabs(cJSON_GetObjectItem(end, "predicted_part_of_force")->valuedouble - error / force) < 1e-12);
  cJSON_Delete(end);
}

/* The average is of the last labels: from four to eleven of them. */
static void predictions_are_those_of_the_last_labels(void **state) {
  (void)state;
  mtp_learner l = {0};
  const mtp_residual poor = residual_of(0.5, 2.0), good = residual_of(0.1, 2.0), none = {0};
  for (int k = 1; k <= 8; k++) {
    mtp_loop_note_ahead(&l, &poor, k);
    expect_predicted(&l, k, 0.5, 2.0);
  }
  mtp_loop_note_ahead(&l, &none, 9); /* there was no potential yet, or it is a squeezed one */
  expect_predicted(&l, 8, 0.5, 2.0);
  for (int k = 1; k <= 3; k++) {
    mtp_loop_note_ahead(&l, &good, 9 + k);
    expect_predicted(&l, 8 + k, sqrt((8 * 0.25 + k * 0.01) / (8 + k)), 2.0);
  }
  mtp_loop_note_ahead(&l, &good, 13);
  expect_predicted(&l, 4, 0.1, 2.0);
}

static void well_predicted_is_within_what_the_fit_leaves(void **state) {
  (void)state;
  mtp_learner l = {.history.here = true, .residual = residual_of(0.04, 2.0)}; /* 2 % */
  mtp_residual label = residual_of(0.05, 2.0);
  mtp_loop_note_ahead(&l, &label, 1);
  assert_true(mtp_loop_predicted_well(&l));
  label = residual_of(0.07, 2.0);
  mtp_loop_note_ahead(&l, &label, 2);
  assert_false(mtp_loop_predicted_well(&l));
  l.residual = residual_of(0.4, 2.0); /* of a fit that is poor nothing is known well */
  label = residual_of(0.2, 2.0);
  mtp_loop_note_ahead(&l, &label, 3);
  assert_false(mtp_loop_predicted_well(&l));
  label = residual_of(0.01, 2.0);
  mtp_loop_note_ahead(&l, &label, 4);
  assert_true(mtp_loop_predicted_well(&l));
  l.history.here = false;
  assert_false(mtp_loop_predicted_well(&l));
}

/* One label that was missed by many times its forces says no more than one that was missed as a whole. */
static void recent_predictions_are_judged_by_the_label(void **state) {
  (void)state;
  mtp_learner l = {0};
  mtp_residual label = residual_of(0.2, 2.0);
  for (int k = 1; k <= 3; k++) mtp_loop_note_ahead(&l, &label, k);
  assert_true(isnan(mtp_loop_predicted_part(&l))); /* too few */
  label = residual_of(2000.0, 2.0);
  mtp_loop_note_ahead(&l, &label, 4);
  assert_true(fabs(mtp_loop_predicted_part(&l) - (3 * 0.1 + 1.0) / 4) < 1e-12);
  label = residual_of(0.1, 2.0);
  for (int k = 5; k <= 12; k++) mtp_loop_note_ahead(&l, &label, k);
  assert_true(fabs(mtp_loop_predicted_part(&l) - 0.05) < 1e-12); /* of the last ones alone */
}

/* ---- the end ---- */

static mtp_errors errors_on_disk(const learning_world *world, const mtp_config_set *set) {
  mtp_potential *pot = NULL;
  mtp_errors errors;
  mtp_config_set ordinary = *set; /* shares the configurations */
  ordinary.n = 0;
  ordinary.configs = data_calloc(set->n, sizeof *ordinary.configs);
  for (size_t i = 0; i < set->n; i++)
    if (!mtp_config_is_squeezed(set->configs[i])) ordinary.configs[ordinary.n++] = set->configs[i];
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &pot));
  data_must(world->ctx, mtp_errors_compute(world->ctx, pot, &ordinary, &errors));
  mtp_potential_free(pot);
  free(ordinary.configs);
  return errors;
}

/* So few radial functions that training has something to gain. */
static mtp_potential *simple_potential(mtp_context *ctx) {
  const char *const elements[] = {"Al"};
  const mtp_potential_spec spec = {
      .level = 4, .species_count = 1, .elements = elements, .cutoff = 4.9, .min_dist = 1.9, .radial_size = 4};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* What a run left of a hole gets labels when it ends, and what they do not close is told. */
static void holes_are_filled_at_the_end(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  world->options.refit = MTP_REFIT_LINEAR;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 300.0, 4);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  mtp_hole_clear(&learner->hole);
  learner->hole = (mtp_hole){.known = 2.8, .r = 1.9, .depth = 1.0, .cfg = learning_crystal(2, 4.05, 0.2, 5)};
  const long long calls = world->reference.calls;
  mtp_learner_end(world->ctx, learner);
  assert_true(world->reference.calls > calls);
  mtp_config_set *set = learning_world_train(world);
  size_t filled = 0;
  for (size_t i = 0; i < set->n; i++) filled += mtp_config_get_feature(set->configs[i], "hole") != NULL;
  assert_int_equal(filled, world->reference.calls - calls);
  mtp_config_set_free(set);
  learning_run_free(run);
}

static void last_training_does_no_harm(void **state) {
  (void)state;
  int trained = 0;
  for (unsigned seed = 1; seed <= 4; seed++) {
    void *place;
    learning_world_new(&place);
    learning_world *world = place;
    mtp_learner *learner = NULL;
    world->options.seed = seed;
    if (seed % 2) world->options.refit = MTP_REFIT_LINEAR; /* the run itself leaves much to be gained */
    mtp_potential *pot = simple_potential(world->ctx);
    data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
    mtp_potential_free(pot);
    learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, seed), 1500.0, seed);
    data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
    data_must(world->ctx, learning_run_steps(run, 30));
    mtp_config_set *set = learning_world_train(world);
    const mtp_errors before = errors_on_disk(world, set);
    const long long refits = mtp_learner_get_stats(learner).refits, calls = world->reference.calls;
    learner->options.refit = MTP_REFIT_AUTO;
    mtp_learner_end(world->ctx, learner);
    const mtp_errors after = errors_on_disk(world, set);
    assert_int_equal(world->reference.calls, calls);
    assert_true(after.force.rmse <= before.force.rmse * (1.0 + 1e-9));
    cJSON *log = learning_log_read(world->log);
    const cJSON *end = cJSON_GetArrayItem(log, cJSON_GetArraySize(log) - 1);
    assert_string_equal(cJSON_GetObjectItem(end, "event")->valuestring, "end");
    assert_true(fabs(cJSON_GetObjectItem(end, "rmse_force")->valuedouble / after.force.rmse - 1.0) < 1e-6);
    trained += learning_log_count(log, "refit") > refits;
    if (cJSON_GetObjectItem(end, "predicted_labels")->valueint > 0)
      assert_non_null(strstr(world->messages, "expected force error "));
    cJSON_Delete(log);
    mtp_config_set_free(set);
    learning_run_free(run);
    learning_world_free(&place);
  }
  assert_true(trained > 0);
}

#define test(function) cmocka_unit_test_setup_teardown(function, learning_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(predictions_are_those_of_the_last_labels),
      cmocka_unit_test(well_predicted_is_within_what_the_fit_leaves),
      cmocka_unit_test(recent_predictions_are_judged_by_the_label),
      test(holes_are_filled_at_the_end),
      cmocka_unit_test(last_training_does_no_harm),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
