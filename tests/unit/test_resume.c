/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_resume.c
 * A learner that finds QM calls of an earlier run: answers cost nothing, requests are completed within the budget, and
 * nothing that was asked for vanishes without a trace. */
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

#include "loop/calls.h"
#include "loop/loop.h"
#include "mtp/active_set.h"
#include "support_data.h"
#include "support_learning.h"

enum { REQUESTS = 4 };

static mtp_status cannot_store(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  (void)user;
  (void)i;
  (void)report;
  mtp_config_free(label);
  return MTP_ERR_IO;
}

static size_t count(const char *path) {
  mtp_config_set *set = NULL;
  const mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ};
  if (access(path, F_OK) != 0) return 0;
  assert_int_equal(mtp_config_set_read(NULL, path, &options, &set), MTP_OK);
  size_t n = set->n;
  mtp_config_set_free(set);
  return n;
}

static size_t count_calls(const learning_world *world) {
  char path[4096];
  snprintf(path, sizeof path, "%s.calls", world->train);
  return count(path);
}

/* Four requests, the first with an answer, as a run leaves them that was ended then. */
static void leave_requests_of(learning_world *world, bool squeezed) {
  static const char *const names[] = {"Al"};
  mtp_config *configs[REQUESTS];
  mtp_calls *calls = NULL;
  for (int i = 0; i < REQUESTS; i++) configs[i] = learning_crystal(1, 4.05, squeezed ? 0.4 : 0.1, 10 + (unsigned)i);
  if (squeezed) data_must(world->ctx, mtp_config_set_feature(world->ctx, configs[0], "squeezed", "0.8"));
  mtp_qm *qm = learning_qm(world->ctx, &world->reference, "");
  data_must(world->ctx, mtp_calls_open(world->ctx, world->train, 1, names, &calls));
  assert_int_equal(
      mtp_calls_run(world->ctx, calls, qm, REQUESTS, (const mtp_config *const *)configs, cannot_store, NULL),
      MTP_ERR_IO);
  mtp_calls_close(calls);
  mtp_qm_close(qm);
  for (int i = 0; i < REQUESTS; i++) mtp_config_free(configs[i]);
  assert_int_equal(world->reference.calls, 1);
  assert_int_equal(count_calls(world), REQUESTS + 1);
  world->reference.calls = 0;
  world->options.warmup = 0;
}

static void leave_requests(learning_world *world) {
  leave_requests_of(world, false);
}

/* Starts a learner with what is there; returns how its beginning ended. */
static mtp_status begin(learning_world *world) {
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(1, 4.05, 0.1, 99);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  mtp_status status = mtp_learner_begin(world->ctx, learner, first, 0, &action);
  mtp_learner_free(learner);
  mtp_config_free(first);
  return status;
}

static void all_are_completed(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  data_must(world->ctx, begin(world));
  assert_int_equal(world->reference.calls, REQUESTS - 1);
  assert_int_equal(count(world->train), REQUESTS);
  assert_int_equal(count_calls(world), 0);
}

/* An answer that is taken up weighs what it would have weighed at once: by its forces. */
static void squeezed_answers_keep_their_weight(void **state) {
  learning_world *world = *state;
  leave_requests_of(world, true);
  data_must(world->ctx, begin(world));
  mtp_config_set *set = learning_world_train(world);
  const mtp_config *cfg = set->configs[0];
  double largest = 0.0;
  for (size_t i = 0; i < cfg->n; i++)
    largest = fmax(largest, hypot(hypot(cfg->force[3 * i], cfg->force[3 * i + 1]), cfg->force[3 * i + 2]));
  assert_true(mtp_config_is_squeezed(cfg));
  const double part = largest / MTP_SQUEEZE_FORCE, want = MTP_SQUEEZE_WEIGHT / (1.0 + part * part);
  assert_true(part > 0.1);
  assert_true(fabs(strtod(mtp_config_get_feature(cfg, "config_weight"), NULL) / want - 1.0) < 6e-3);
  mtp_config_set_free(set);
}

/* An answer is no call; what the budget does not reach becomes a candidate. */
static void within_the_budget(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  world->options.max_calls = 2;
  data_must(world->ctx, begin(world));
  assert_int_equal(world->reference.calls, 2);
  assert_int_equal(count(world->train), 3);
  assert_int_equal(count(world->candidates), 1);
  assert_int_equal(count_calls(world), 0);
}

/* A driver that cannot start has failed at nothing, also where failures are remembered. */
static void after_a_driver_that_cannot_start(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  world->options.onfail = MTP_ONFAIL_SKIP;
  world->reference.fault = LEARNING_CANNOT_START;
  world->reference.fault_call = 1;
  world->reference.lasting = true;
  assert_int_equal(begin(world), MTP_ERR_QM);
  world->reference = (learning_reference){0};
  data_must(world->ctx, begin(world));
  assert_int_equal(count(world->train), REQUESTS);
  assert_int_equal(count_calls(world), 0);
}

/* ---- potentials whose radial functions training may change ---- */

static mtp_potential *free_potential(mtp_context *ctx, int size) {
  const char *const elements[] = {"Al"};
  const mtp_potential_spec spec = {
      .level = 6, .species_count = 1, .elements = elements, .cutoff = 4.9, .radial_size = size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* A short run from the files that are there; the learner is left open. */
static mtp_learner *learn(learning_world *world, const mtp_potential *pot, int steps) {
  mtp_learner *learner = NULL;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, steps));
  learning_run_free(run);
  return learner;
}

/* The saved potential may have grown since the deck's was made. */
static void another_radial_size(void **state) {
  learning_world *world = *state;
  mtp_potential *pot = free_potential(world->ctx, 0), *saved = NULL, *fixed = free_potential(world->ctx, 8);
  mtp_learner *learner = NULL;
  mtp_learner_end(world->ctx, learn(world, pot, 10));
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &saved));
  assert_true(mtp_potential_size_is_free(saved));
  const int size = mtp_potential_radial_size(saved) + 2;
  const double min_dist = 0.95 * mtp_potential_min_dist(saved);
  data_must(world->ctx, mtp_potential_rebase(world->ctx, saved, min_dist, size));
  data_must(world->ctx, mtp_active_set_write(world->ctx, NULL, saved, world->save));
  world->options.refit = MTP_REFIT_LINEAR;
  const int warnings = world->warnings;
  const long long calls = world->reference.calls;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  assert_int_equal(mtp_potential_radial_size(mtp_learner_potential(learner)), size);
  assert_true(mtp_potential_min_dist(mtp_learner_potential(learner)) <= min_dist);
  assert_int_equal(world->warnings, warnings);
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
  data_must(world->ctx, learning_world_learner_of(world, fixed, NULL, &learner)); /* which was told its size: */
  assert_int_equal(mtp_potential_radial_size(mtp_learner_potential(learner)), 8);
  assert_int_equal(world->warnings, warnings + 1);
  assert_non_null(strstr(world->messages, "a potential of another kind"));
  mtp_learner_free(learner);
  mtp_potential_free(fixed);
  mtp_potential_free(saved);
  mtp_potential_free(pot);
}

/* Where the functions had been trained and linear coefficients graded, they do after a restart. */
static void rows_stay_of_their_kind(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = learn(world, world->pot, 40);
  assert_int_equal(mtp_active_set_kind(mtp_learner_active_set(learner)), MTP_ROWS_LINEAR);
  const long long calls = world->reference.calls;
  mtp_learner_free(learner);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_active_set_kind(mtp_learner_active_set(learner)), MTP_ROWS_LINEAR);
  assert_int_equal(mtp_learner_get_stats(learner).full_refits, 0); /* the data are those that it was trained on */
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
  world->options.grading = MTP_GRADE_ALL; /* unless the deck says otherwise */
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_active_set_kind(mtp_learner_active_set(learner)), MTP_ROWS_ALL);
  mtp_learner_free(learner);
}

static bool is_same_history(const mtp_history *a, const mtp_history *b) {
  return a->trained == b->trained && a->here == b->here && a->full_configs == b->full_configs &&
         a->fresh_configs == b->fresh_configs && a->full_error == b->full_error && a->predicted == b->predicted;
}

/* A run that was killed decides as it would have done: it knows what was trained when, and what was graded. */
static void history_is_known(void **state) {
  learning_world *world = *state;
  mtp_learner *first = learn(world, world->pot, 40), *second = NULL;
  const mtp_history history = first->history;
  const size_t graded = first->graded;
  const double volume = mtp_active_set_log_volume(first->as);
  assert_true(history.here && history.full_configs > 0 && history.full_error > 0.0 && graded == first->train->n);
  mtp_learner_free(first);
  data_must(world->ctx, learning_world_learner(world, NULL, &second));
  assert_true(is_same_history(&second->history, &history));
  assert_int_equal(second->graded, graded);
  assert_true(mtp_active_set_log_volume(second->as) == volume); /* nothing was offered again */
  mtp_learner_free(second);
  /* of another training set, nothing of it is believed */
  mtp_config_set *set = learning_world_train(world);
  mtp_config_free(set->configs[0]);
  set->configs[0] = learning_crystal(1, 4.2, 0.1, 99);
  learning_morse(set->configs[0]);
  for (size_t i = 1; i < set->n; i++)
    for (size_t k = 0; k < set->configs[i]->n; k++) set->configs[i]->x[3 * k] += 0.01;
  data_must(world->ctx, mtp_config_set_write(world->ctx, set, world->train, MTP_FORMAT_EXTXYZ));
  mtp_config_set_free(set);
  data_must(world->ctx, learning_world_learner(world, NULL, &second));
  assert_false(second->history.here && second->history.full_configs == history.full_configs &&
               mtp_learner_get_stats(second).full_refits == 0);
  mtp_learner_free(second);
}

/* An untrained potential that finds a training set begins at the distances of that. */
static void functions_begin_at_the_distances_of_the_file(void **state) {
  learning_world *world = *state;
  mtp_potential *pot = free_potential(world->ctx, 0);
  mtp_learner *learner = NULL;
  world->options.refit = MTP_REFIT_LINEAR;
  world->options.wall = false;
  mtp_learner_free(learn(world, pot, 0));
  unlink(world->save);
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  mtp_config_set *set = learning_world_train(world);
  double least = INFINITY, distance;
  for (size_t i = 0; i < set->n; i++) {
    data_must(world->ctx, mtp_config_smallest_distance(world->ctx, set->configs[i], 4.9, &distance));
    least = fmin(least, distance);
  }
  assert_true(least > 2.1); /* where an untrained potential begins, and which would stay */
  assert_true(fabs(mtp_potential_min_dist(mtp_learner_potential(learner)) - 0.99 * least) < 1e-9);
  mtp_learner_free(learner);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_are_completed, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(squeezed_answers_keep_their_weight, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(within_the_budget, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(after_a_driver_that_cannot_start, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(another_radial_size, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(rows_stay_of_their_kind, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(history_is_known, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(functions_begin_at_the_distances_of_the_file, learning_world_new,
                                      learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
