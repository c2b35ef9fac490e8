/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_decide.c
 * Which fit a run takes: what squeezed configurations may cost, and when all parameters are trained once more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"
#include "model/model.h"
#include "support_data.h"
#include "support_learning.h"

/* So few functions that training has something to gain, and that a few crystals are plenty of data. */
static mtp_potential *simple_potential(mtp_context *ctx) {
  const char *const elements[] = {"Al"};
  const mtp_potential_spec spec = {
      .level = 4, .species_count = 1, .elements = elements, .cutoff = 4.9, .min_dist = 1.2, .radial_size = 4};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* Labels of a reference that falls where all others rise: no weight closes that hole. */
static void label_upside_down(mtp_config *cfg) {
  learning_morse(cfg);
  cfg->energy *= -1.0;
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] *= -1.0;
  for (size_t k = 0; k < 6; k++) cfg->virial[k] *= -1.0;
}

/* Two atoms pushed together. */
static mtp_config *squeezed(bool upside_down, const char *weight) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 99);
  for (size_t c = 0; c < 3; c++) cfg->x[c] += 0.45 * (cfg->x[3 + c] - cfg->x[c]);
  upside_down ? label_upside_down(cfg) : learning_morse(cfg);
  data_must(NULL, mtp_config_set_feature(NULL, cfg, "squeezed", "0.55"));
  data_must(NULL, mtp_config_set_feature(NULL, cfg, "config_type", "squeezed"));
  data_must(NULL, mtp_config_set_feature(NULL, cfg, "config_weight", weight));
  return cfg;
}

/* A learner that has begun with `crystals` and, if there is a weight, a squeezed configuration in its file. */
static mtp_learner *learner_of(learning_world *world, int crystals, bool upside_down, const char *weight) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_potential *pot = simple_potential(world->ctx);
  mtp_learner *learner = NULL;
  mtp_action action;
  assert_int_equal(mtp_config_set_species(set, "Al"), 0);
  for (int k = 0; k < crystals; k++) {
    mtp_config *cfg = learning_crystal(2, 4.05 + 0.02 * k, 0.1, (unsigned)k);
    upside_down ? label_upside_down(cfg) : learning_morse(cfg);
    data_must(world->ctx, mtp_config_set_append(world->ctx, set, cfg));
  }
  if (weight) data_must(world->ctx, mtp_config_set_append(world->ctx, set, squeezed(true, weight)));
  data_must(world->ctx, mtp_config_set_write(world->ctx, set, world->train, MTP_FORMAT_EXTXYZ));
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  mtp_config *first = mtp_config_copy(set->configs[0]);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return learner;
}

static double force_error(const mtp_learner *l) {
  return mtp_rmse(l->residual.force, l->residual.forces);
}

/* Where no label may be bought for a hole, weight is tried; what does not close it is undone. */
static void weight_that_mends_nothing_is_taken_back(void **state) {
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  mtp_learner *l = learner_of(world, 6, true, "1e-4");
  const double before = force_error(l);
  l->options.wall = true;
  l->filled = 1000;
  l->raises = 0;
  data_must(world->ctx, mtp_loop_refit(world->ctx, l, 0, NAN, 0, 0.0));
  assert_true(l->hole.a >= 0 && l->raises > 0);
  for (size_t i = 0; i < l->samples->n; i++) assert_true(l->samples->sample[i]->scale == 1.0);
  assert_true(l->history.squeezed == 1.0);
  assert_true(force_error(l) <= before * (1.0 + 1e-6));
  mtp_learner_free(l);
}

/* Functions that fit squeezed configurations, and nothing else, have the smaller loss and are of no use. */
static void squeezed_ones_do_not_choose_the_functions(void **state) {
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  mtp_learner *l = learner_of(world, 12, false, "1e2");
  const double before = force_error(l);
  l->options.refit = MTP_REFIT_AUTO;
  l->train_all = true; /* as at the end of a run, */
  l->ending = true;
  l->history.trained = l->trained_last = true; /* which goes on from the functions that are there */
  mtp_fitted f = {.hole = {.a = -1, .b = -1}};
  mtp_residual after;
  data_must(world->ctx, mtp_loop_fit(world->ctx, l, &f));
  assert_true(f.tried);
  data_must(world->ctx, mtp_loop_measure(world->ctx, f.normal ? f.normal : l->normal, f.pot, &after));
  assert_true(mtp_rmse(after.force, after.forces) <= 1.1 * before);
  mtp_normal_free(f.normal);
  mtp_potential_free(f.pot);
  mtp_learner_free(l);
}

static double part_of_force(const mtp_learner *l) {
  return mtp_rmse(l->residual.force, l->residual.force_size);
}

static bool is_tried_anew(learning_world *world, mtp_learner *l, bool *fresh) {
  mtp_fitted f = {.hole = {.a = -1, .b = -1}};
  data_must(world->ctx, mtp_loop_fit(world->ctx, l, &f));
  mtp_normal_free(f.normal);
  mtp_potential_free(f.pot);
  *fresh = f.fresh;
  return f.tried;
}

static bool is_tried(learning_world *world, mtp_learner *l) {
  bool fresh;
  return is_tried_anew(world, l, &fresh);
}

/* After the last training a label that does not go with its functions is a reason to train them again, and where that
 * leaves much more than the last training did, to begin anew. */
static void a_spoilt_fit_is_trained_again(void **state) {
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  mtp_learner *l = learner_of(world, 6, false, NULL);
  bool fresh;
  l->options.refit = MTP_REFIT_AUTO;
  l->history.trained = l->history.here = true;
  l->history.full_configs = l->history.fresh_configs = l->train->n;
  l->history.full_error = part_of_force(l) / 1.2; /* grown by less than what counts as spoilt */
  l->trained_last = true;
  assert_false(is_tried(world, l));
  l->history.full_error = part_of_force(l) / 1.4;
  assert_true(is_tried(world, l));
  l->history.full_error = part_of_force(l) * 1e-9;
  assert_true(is_tried_anew(world, l, &fresh) && fresh);
  l->trained_last = false; /* in the run it is the number of labels that decides */
  assert_false(is_tried(world, l));
  mtp_learner_free(l);
}

/* As if the fit left this part of the RMS force. */
static void leave(mtp_learner *l, double part) {
  l->residual.force = part * part * l->residual.force_size;
}

/* As if all parameters had been trained to so many configurations, and that had left this part of the forces. */
static void trained_on(mtp_learner *l, size_t configs, double part) {
  l->history.trained = l->history.here = true;
  l->history.full_configs = l->history.fresh_configs = configs;
  l->history.full_error = part;
}

static void growth_of_data_and_errors_decides(void **state) {
  static const struct {
    size_t known;        /* configurations of the last training, of 6 now */
    double before, part; /* what it left, what the fit leaves */
    bool tried;
  } cases[] = {{5, 0.05, 0.05, false},  {4, 0.05, 0.05, true}, /* half as many again */
               {5, 0.05, 0.07, false},  {5, 0.05, 0.08, true}, /* errors have grown, */
               {6, 0.05, 0.08, false},                         /* but no label is new */
               {3, 0.01, 0.009, false}, {2, 0.01, 0.009, true}};
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  world->options.warmup = 0;
  mtp_learner *l = learner_of(world, 6, false, NULL);
  l->options.refit = MTP_REFIT_AUTO;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    trained_on(l, cases[k].known, cases[k].before);
    leave(l, cases[k].part);
    if (is_tried(world, l) != cases[k].tried) fail_msg("case %zu", k);
  }
  l->trained_last = l->mending = true; /* what mends a hole has not spoilt the last training */
  trained_on(l, 6, 1e-6);
  leave(l, 1e-6);
  assert_false(is_tried(world, l));
  mtp_learner_free(l);
}

static void few_configurations_are_no_reason(void **state) {
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  world->options.warmup = 0;
  for (int crystals = 3; crystals <= 4; crystals++) {
    mtp_learner *l = learner_of(world, crystals, false, "1e-4"); /* the squeezed one does not count */
    l->options.refit = MTP_REFIT_AUTO;
    assert_true(is_tried(world, l) == (crystals == 4));
    mtp_learner_free(l);
    assert_int_equal(unlink(world->train), 0);
    assert_int_equal(unlink(world->save), 0);
  }
}

/* From nothing, where there are twice as many data as the last time and the fit is poor. */
static void new_starts_are_rare(void **state) {
  static const struct {
    size_t known;
    double part;
    bool fresh;
  } cases[] = {{3, 0.05, true}, {4, 0.05, false}, {3, 0.03, false}};
  learning_world *world = *state;
  world->options.refit = MTP_REFIT_LINEAR;
  world->options.warmup = 0;
  mtp_learner *l = learner_of(world, 6, false, NULL);
  l->options.refit = MTP_REFIT_AUTO;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_fitted f = {.hole = {.a = -1, .b = -1}};
    trained_on(l, cases[k].known, cases[k].part);
    l->history.full_configs = 1;
    leave(l, cases[k].part);
    data_must(world->ctx, mtp_loop_fit(world->ctx, l, &f));
    assert_true(f.tried);
    if (f.fresh != cases[k].fresh) fail_msg("case %zu", k);
    mtp_normal_free(f.normal);
    mtp_potential_free(f.pot);
  }
  mtp_learner_free(l);
}

/* A potential that comes from elsewhere says things of labels that are not here. */
static void notes_of_other_labels_go(void **state) {
  static const char *const keys[] = {"al_squeezed", "al_scale", "al_scaled", "al_grade_square", "al_grade_error"};
  learning_world *world = *state;
  mtp_learner *l = NULL;
  mtp_potential *pot = simple_potential(world->ctx), *saved = NULL;
  world->options.refit = MTP_REFIT_LINEAR;
  mtp_learner_free(learner_of(world, 6, false, NULL));
  assert_int_equal(unlink(world->save), 0);
  for (size_t k = 0; k < 5; k++) data_must(world->ctx, mtp_potential_set_note(world->ctx, pot, keys[k], 10.0));
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &l));
  mtp_learner_free(l);
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &saved));
  for (size_t k = 0; k < 5; k++) assert_true(isnan(mtp_potential_note(saved, keys[k])));
  mtp_potential_free(saved);
  mtp_potential_free(pot);
}

/* Ranks that nobody can call do not help. */
static void without_a_call_one_rank_trains_alone(void **state) {
  learning_world *world = *state;
  const mtp_comm two = {.rank = 0, .size = 2};
  world->options.refit = MTP_REFIT_FULL;
  world->options.comm = &two;
  world->options.start_helpers = NULL;
  mtp_learner *l = learner_of(world, 6, false, NULL);
  assert_true(mtp_learner_get_stats(l).full_refits > 0);
  mtp_learner_free(l);
}

#define test(function) cmocka_unit_test_setup_teardown(function, learning_plain_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(weight_that_mends_nothing_is_taken_back),
      test(squeezed_ones_do_not_choose_the_functions),
      test(a_spoilt_fit_is_trained_again),
      test(growth_of_data_and_errors_decides),
      test(few_configurations_are_no_reason),
      test(new_starts_are_rare),
      test(notes_of_other_labels_go),
      test(without_a_call_one_rank_trains_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
