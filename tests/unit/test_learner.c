/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner.c
 * The learning loop at work: from nothing to a potential that follows the reference, what it leaves in its files, and
 * that the same input gives the same run. Failures are the matter of test_learner_faults.c. */
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

#include "learn/active_set.h"
#include "loop/loop.h"
#include "mtp/evaluator.h"
#include "mtp/trainer.h"
#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"

static learning_run *hot_crystal(learning_world *world) {
  return learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
}

/* ---- a whole run ---- */

static void expect_labels_of_the_reference(const mtp_config_set *set) {
  for (size_t i = 0; i < set->n; i++) {
    mtp_config *again = mtp_config_copy(set->configs[i]);
    learning_morse(again);
    assert_true(again->energy == set->configs[i]->energy);
    assert_memory_equal(again->force, set->configs[i]->force, 3 * again->n * sizeof(double));
    assert_true(set->configs[i]->has_virial);
    assert_string_equal(mtp_config_get_feature(set->configs[i], "qm"), "morse");
    assert_non_null(mtp_config_get_feature(set->configs[i], "step"));
    mtp_config_free(again);
  }
}

/* The potential on the disk grades its training set as interpolation, and follows the reference. */
static void expect_good_potential(learning_world *world, const mtp_config_set *set, double force_rmse) {
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_evaluator *ev = NULL;
  mtp_errors errors;
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &pot));
  data_must(world->ctx, mtp_active_set_read(world->ctx, world->save, pot, &as));
  assert_non_null(as);
  data_must(world->ctx, mtp_evaluator_new(world->ctx, pot, &ev));
  data_must(world->ctx, mtp_evaluator_set_active_set(world->ctx, ev, as));
  for (size_t i = 0; i < set->n; i++) {
    mtp_config *cfg = mtp_config_copy(set->configs[i]);
    data_must(world->ctx, mtp_evaluator_config(world->ctx, ev, cfg, 1));
    assert_true(cfg->max_grade <= 1.0011 || mtp_config_is_squeezed(cfg)); /* which a run has to be told from */
    mtp_config_free(cfg);
  }
  data_must(world->ctx, mtp_errors_compute(world->ctx, pot, set, &errors));
  assert_true(errors.force.rmse < force_rmse);
  assert_true(errors.energy_per_atom.rmse < 0.01);
  mtp_evaluator_free(ev);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
}

static void expect_fields(const cJSON *log, const char *event, const char *const *fields) {
  const cJSON *item;
  int found = 0;
  cJSON_ArrayForEach(item, log) {
    if (strcmp(cJSON_GetObjectItem(item, "event")->valuestring, event) != 0) continue;
    found++;
    for (const char *const *field = fields; *field; field++)
      if (!cJSON_HasObjectItem(item, *field)) fail_msg("event %s has no %s", event, *field);
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(item, "time")));
  }
  if (!found) fail_msg("no event %s", event);
}

static void expect_log(const learning_world *world, const mtp_learner_stats *stats) {
  static const char *const start[] = {"time",   "step",  "potential",      "level",   "species", "driver", "train",
                                      "select", "break", "configurations", "version", "date",    NULL};
  static const char *const candidate[] = {"time", "step", "grade", "atom", NULL};
  static const char *const label[] = {"time",   "step",    "gamma", "atom",   "natoms",
                                      "driver", "seconds", "tries", "warmup", NULL};
  static const char *const refit[] = {
      "configurations",     "seconds", "rmse_energy",       "rmse_force",      "step", "active_set_logdet", "kind",
      "rmse_energy_before", "loss",    "rmse_force_before", "active_set_rows", NULL};
  static const char *const end[] = {"qm_calls",   "labels",     "refits",    "configurations",
                                    "qm_seconds", "next_label", "converged", NULL};
  static const char *const outlook[] = {"first_step", "asked_labels", "next_label_soonest", "next_label_latest", NULL};
  cJSON *log = learning_log_read(world->log);
  expect_fields(log, "start", start);
  expect_fields(log, "candidate", candidate);
  expect_fields(log, "label", label);
  expect_fields(log, "refit", refit);
  expect_fields(log, "end", end);
  expect_fields(log, "end", outlook);
  assert_int_equal(learning_log_count(log, "begin"), 1);
  assert_int_equal(learning_log_count(log, "start"), 1);
  assert_int_equal(learning_log_count(log, "end"), 1);
  assert_int_equal(learning_log_count(log, "label"), stats->labels);
  assert_int_equal(learning_log_count(log, "refit"), stats->refits);
  assert_int_equal(learning_log_count(log, "stop"), 0);
  cJSON *last = cJSON_GetArrayItem(log, cJSON_GetArraySize(log) - 1);
  assert_int_equal(cJSON_GetObjectItem(last, "labels")->valueint, stats->labels);
  assert_true(cJSON_GetObjectItem(last, "step")->valueint > 0); /* the last step that it heard of */
  cJSON_Delete(log);
}

/* From the log: what a refit leaves as error is less than what the labels found before it, and grades come down. */
static void expect_learning(const learning_world *world) {
  cJSON *log = learning_log_read(world->log);
  const cJSON *event;
  double before = 0.0, after = 0.0;
  int compared = 0;
  cJSON_ArrayForEach(event, log) {
    const cJSON *old = cJSON_GetObjectItem(event, "rmse_force_before");
    if (!old || cJSON_IsNull(old)) continue;
    before += old->valuedouble;
    after += cJSON_GetObjectItem(event, "rmse_force")->valuedouble;
    compared++;
  }
  assert_true(compared > 0);
  assert_true(after < before);
  cJSON_Delete(log);
}

static void learns_from_nothing(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_null(mtp_learner_active_set(learner));
  learning_run *run = hot_crystal(world);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, 80));
  assert_true(run->largest_grade <= world->options.break_grade);
  mtp_learner_stats stats = mtp_learner_get_stats(learner);
  assert_int_equal(stats.qm_calls, world->reference.calls);
  assert_int_equal(stats.labels, stats.qm_calls);
  assert_int_equal(stats.configurations, stats.labels);
  assert_true(stats.labels > 4 && stats.labels < 60);
  assert_true(run->redone > 0 && stats.refits >= run->redone + 1);
  assert_true(stats.qm_seconds > 0.0 && stats.refit_seconds > 0.0);
  mtp_learner_free(learner);
  assert_true(world->reference.closed);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, stats.labels);
  expect_labels_of_the_reference(set);
  expect_good_potential(world, set, 0.1);
  learning_world_expect_distinct(world);
  expect_log(world, &stats);
  expect_learning(world);
  assert_non_null(strstr(world->messages, "step 0: 4 labels by morse in "));
  assert_int_equal(world->warnings, 0);
  mtp_config_set_free(set);
  learning_run_free(run);
}

static void configuration_mode_learns_too(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  world->options.mode = MTP_MODE_CONFIGURATION;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  learning_run *run = hot_crystal(world);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, 30));
  assert_int_equal(mtp_active_set_mode(mtp_learner_active_set(learner)), MTP_MODE_CONFIGURATION);
  assert_true(mtp_learner_get_stats(learner).labels > 5);
  mtp_learner_free(learner);
  learning_world_expect_distinct(world);
  learning_run_free(run);
}

/* ---- reproducibility ---- */

/* A log without what depends on the clock, as text. */
static char *timeless_log(const learning_world *world) {
  cJSON *log = learning_log_read(world->log), *event;
  cJSON_ArrayForEach(event, log) {
    static const char *const clock[] = {"time", "date", "seconds", "qm_seconds", "refit_seconds", "potential", "train"};
    for (size_t i = 0; i < sizeof clock / sizeof *clock; i++) cJSON_DeleteItemFromObject(event, clock[i]);
  }
  char *text = cJSON_PrintUnformatted(log);
  cJSON_Delete(log);
  return text;
}

static char *log_of_seed(unsigned long long seed) {
  void *state;
  learning_world_new(&state);
  learning_world *world = state;
  mtp_learner *learner = NULL;
  world->options.seed = seed;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  learning_run *run = hot_crystal(world);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, 30));
  mtp_learner_free(learner);
  learning_run_free(run);
  char *text = timeless_log(world);
  learning_world_free(&state);
  return text;
}

static void same_seed_same_run(void **state) {
  (void)state;
  char *one = log_of_seed(7), *two = log_of_seed(7), *other = log_of_seed(8);
  assert_string_equal(one, two);
  assert_string_not_equal(one, other);
  free(one);
  free(two);
  free(other);
}

/* ---- stopping and going on ---- */

/* A run of 40 steps, stopped after `stop` of them (0: not at all) and continued from its files. */
static mtp_config_set *run_with_stop(int stop, long long *calls) {
  void *state;
  learning_world_new(&state);
  learning_world *world = state;
  mtp_learner *learner = NULL;
  world->options.select_grade = world->options.break_grade; /* no pool: it is not carried over */
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  learning_run *run = hot_crystal(world);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, stop ? stop : 40));
  if (stop) {
    mtp_potential *pot = NULL;
    long long labels = mtp_learner_get_stats(learner).configurations;
    mtp_learner_free(learner);
    data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &pot));
    data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
    mtp_potential_free(pot);
    assert_int_equal(mtp_learner_get_stats(learner).configurations, labels);
    assert_int_equal(mtp_learner_get_stats(learner).qm_calls, 0);
    data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
    assert_int_equal(mtp_learner_get_stats(learner).qm_calls, 0); /* what it knows is not asked again */
    data_must(world->ctx, learning_run_steps(run, 40 - stop));
  }
  *calls = world->reference.calls;
  mtp_learner_free(learner);
  learning_run_free(run);
  learning_world_expect_distinct(world);
  mtp_config_set *set = learning_world_train(world);
  learning_world_free(&state);
  return set;
}

/* The twin learns the same up to the stop. After it, the active set is built in one go instead of step by step, which
 * may choose other rows of the same quality, so numbers may differ a little, but not much. */
static void restart_twin(void **state) {
  (void)state;
  const int stop = 12;
  long long calls, twin_calls;
  mtp_config_set *whole = run_with_stop(0, &calls), *twin = run_with_stop(stop, &twin_calls);
  assert_int_equal(whole->n, calls);
  assert_int_equal(twin->n, twin_calls);
  size_t common = 0;
  while (common < whole->n && atoi(mtp_config_get_feature(whole->configs[common], "step")) <= stop) common++;
  assert_true(common >= 5 && twin->n >= common);
  for (size_t i = 0; i < common; i++) {
    assert_true(whole->configs[i]->energy == twin->configs[i]->energy);
    assert_memory_equal(whole->configs[i]->x, twin->configs[i]->x, 3 * whole->configs[i]->n * sizeof(double));
  }
  double ratio = (double)twin->n / (double)whole->n;
  assert_true(ratio > 0.6 && ratio < 1.6);
  mtp_config_set_free(whole);
  mtp_config_set_free(twin);
}

/* ---- warm-up copies ---- */

static double strain_size(const mtp_config *first, const mtp_config *copy) {
  double sum = 0.0;
  for (int i = 0; i < 9; i++) {
    double d = (copy->cell[i] - first->cell[i]) / first->cell[0];
    sum += d * d;
  }
  return sqrt(sum);
}

static void warmup_copies_are_graded_and_reproducible(void **state) {
  (void)state;
  mtp_config *first = learning_crystal(2, 4.0, 0.0, 1);
  double strain[2] = {0.0, 0.0};
  for (unsigned long long seed = 1; seed <= 20; seed++)
    for (int k = 0; k < 5; k += 4) {
      mtp_config *one = mtp_warmup_copy(first, k, 5, 0.1, seed), *two = mtp_warmup_copy(first, k, 5, 0.1, seed);
      assert_memory_equal(one->x, two->x, 3 * one->n * sizeof(double));
      assert_memory_equal(one->cell, two->cell, sizeof one->cell);
      /* a along x and b in the xy plane, as LAMMPS holds cells */
      assert_true(one->cell[1] == 0.0 && one->cell[2] == 0.0 && one->cell[5] == 0.0);
      strain[k == 4] += strain_size(first, one) / 20.0;
      mtp_config_free(one);
      mtp_config_free(two);
    }
  /* sqrt(3 * 0.02^2 + 3 * 0.04^2) = 0.077 with all components at their standard deviation */
  assert_true(strain[1] > 0.05 && strain[1] < 0.1);
  assert_true(strain[0] > 0.2 * strain[1] && strain[0] < 0.3 * strain[1]);
  mtp_config_free(first);
}

static void warmup_displaces_by_sigma(void **state) {
  (void)state;
  mtp_config *first = learning_crystal(4, 4.0, 0.0, 1);
  for (int d = 0; d < 3; d++) first->periodic[d] = false; /* a cluster is not strained, so only displacements remain */
  mtp_config *copy = mtp_warmup_copy(first, 4, 5, 0.1, 5);
  assert_memory_equal(copy->cell, first->cell, sizeof copy->cell);
  double sum = 0.0;
  for (size_t i = 0; i < 3 * copy->n; i++) sum += (copy->x[i] - first->x[i]) * (copy->x[i] - first->x[i]);
  double sigma = sqrt(sum / (3.0 * (double)copy->n));
  assert_true(sigma > 0.09 && sigma < 0.11);
  mtp_config_free(copy);
  first->periodic[0] = first->periodic[1] = true; /* a layer: nothing changes across it */
  copy = mtp_warmup_copy(first, 4, 5, 1e-9, 5);
  assert_true(fabs(copy->cell[0] / first->cell[0] - 1.0) > 1e-4);
  for (int d = 0; d < 3; d++) assert_true(copy->cell[6 + d] == first->cell[6 + d]);
  for (size_t i = 0; i < copy->n; i++) assert_true(fabs(copy->x[3 * i + 2] - first->x[3 * i + 2]) < 1e-7);
  mtp_config_free(copy);
  mtp_config_free(first);
}

static void warmup_as_told(void **state) {
  learning_world *world = *state;
  world->options.wall = false;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  world->options.warmup = 3;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(world->reference.calls, 3);
  mtp_learner_free(learner);
  world->options.warmup = 0; /* what there is suffices */
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(world->reference.calls, 3);
  mtp_learner_free(learner);
  world->options.warmup = 4; /* one is missing */
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(world->reference.calls, 4);
  mtp_learner_free(learner);
  unlink(world->train); /* without any warm-up the engine still needs a potential: the configuration itself */
  world->options.warmup = 0;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(world->reference.calls, 5);
  assert_true(mtp_potential_is_trained(mtp_learner_potential(learner)));
  mtp_learner_free(learner);
  mtp_config_free(first);
}

/* ---- candidates ---- */

/* Grades are made up here: the decisions depend on them, not on the configurations. */
/* Steps that follow each other say the same, unless the grade rises. */
static void one_candidate_of_many_steps(void **state) {
  learning_world *world = *state;
  const struct {
    long long step;
    double grade;
    long long waiting;
  } offers[] = {{1, 2.1, 1},  {2, 2.4, 1},  {20, 3.0, 1}, {20, 3.2, 2},
                {39, 3.3, 2}, {40, 2.1, 3}, {40, 2.2, 4}, {39, 2.1, 5}};
  world->options.wall = false;
  world->options.break_grade = 10.0;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  mtp_config_free(cfg);
  for (unsigned i = 0; i < sizeof offers / sizeof offers[0]; i++) {
    cfg = learning_crystal(2, 4.05, 0.3, 20 + i);
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, offers[i].grade, 0, offers[i].step, &action));
    assert_int_equal(action, MTP_GO_ON);
    assert_int_equal(mtp_learner_get_stats(learner).candidates, offers[i].waiting);
    mtp_config_free(cfg);
  }
  mtp_learner_free(learner);
}

static void pool_and_thresholds(void **state) {
  learning_world *world = *state;
  world->options.wall = false;
  mtp_learner *learner = NULL;
  mtp_action action;
  world->options.pool = 4;
  world->options.doubt = false; /* the grades are made up */
  mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, cfg, 0, &action));
  long long calls = world->reference.calls;
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 1.5, 0, 1, &action)); /* below select */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 0);
  for (int i = 0; i < 2; i++) { /* the same configuration waits once */
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 2.5, 0, 1, &action));
    assert_int_equal(action, MTP_GO_ON);
    assert_int_equal(mtp_learner_get_stats(learner).candidates, 1);
  }
  for (int i = 0; i < 3; i++) {
    mtp_config *other = learning_crystal(2, 4.05, 0.3, 10 + (unsigned)i);
    assert_int_equal(world->reference.calls, calls);
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, other, 2.5, 0, 30 * (i + 1), &action));
    mtp_config_free(other);
  }
  assert_int_equal(action, MTP_REDO); /* the pool was full */
  assert_true(world->reference.calls > calls && world->reference.calls <= calls + 4);
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 0);
  calls = world->reference.calls;
  mtp_config *wild = learning_crystal(2, 4.05, 0.4, 99);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 2.5, 0, 9, &action));
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 3.5, 0, 9, &action)); /* waits and triggers */
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 1);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 2.5, 0, 9, &action)); /* known by now */
  assert_int_equal(action, MTP_GO_ON);
  mtp_config *waiting = learning_crystal(2, 4.05, 0.3, 77);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, waiting, 2.5, 0, 10, &action));
  mtp_learner_free(learner);
  mtp_config_set *left = NULL;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->candidates, NULL, &left));
  assert_int_equal(left->n, 1);
  assert_memory_equal(left->configs[0]->x, waiting->x, 3 * waiting->n * sizeof(double));
  assert_string_equal(mtp_config_get_feature(left->configs[0], "step"), "10");
  assert_true(left->configs[0]->max_grade == 2.5);
  mtp_config_set_free(left);
  mtp_config_free(waiting);
  mtp_config_free(wild);
  mtp_config_free(cfg);
}

/* ---- potentials that come with an active set, and training files in another format ---- */

/* Learns a little and leaves the training set behind, but not its file. */
static mtp_active_set *learn_and_lose_training_file(learning_world *world, mtp_potential **pot) {
  mtp_active_set *as = NULL;
  mtp_learner_free(learning_world_warm_learner(world, NULL));
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, pot));
  data_must(world->ctx, mtp_active_set_read(world->ctx, world->save, *pot, &as));
  assert_non_null(as);
  unlink(world->train);
  return as;
}

/* Files of active sets may hold configurations without atoms. */
static void own_nothing(learning_world *world, mtp_active_set *as) {
  mtp_config *empty = mtp_config_new(0);
  mtp_sample *sample = empty ? mtp_sample_new(empty) : NULL;
  assert_non_null(sample);
  data_must(world->ctx, mtp_sample_set_add(world->ctx, as->samples, sample));
  mtp_sample_release(sample);
}

static void active_set_stands_in_for_training_set(void **state) {
  learning_world *world = *state;
  world->options.wall = false;
  mtp_potential *pot = NULL;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_active_set *as = learn_and_lose_training_file(world, &pot);
  size_t owned = mtp_active_set_configs(as)->n;
  own_nothing(world, as);
  world->options.active_set = as;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  mtp_active_set_free(as); /* only borrowed */
  assert_non_null(mtp_learner_active_set(learner));
  mtp_config *wild = learning_crystal(2, 4.05, 0.2, 5);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, wild, 0, &action));
  assert_int_equal(action, MTP_GO_ON); /* not a cold start */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 0);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 50.0, 3, 1, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, owned + 1);
  assert_int_equal(mtp_learner_get_stats(learner).labels, 1);
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, owned + 1);
  expect_good_potential(world, set, 0.3);
  mtp_config_set_free(set);
  mtp_config_free(wild);
  mtp_potential_free(pot);
}

static void active_set_without_labels_is_refused(void **state) {
  learning_world *world = *state;
  mtp_potential *pot = NULL;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_active_set *as = learn_and_lose_training_file(world, &pot), *bare = NULL;
  data_must(world->ctx, mtp_active_set_new(world->ctx, mtp_active_set_size(as), MTP_MODE_NEIGHBOURHOOD, 1e-6, &bare));
  world->options.active_set = bare;
  for (int i = 0; i < 2; i++) {
    assert_int_equal(learning_world_learner_of(world, pot, NULL, &learner), MTP_ERR_STATE);
    assert_non_null(strstr(mtp_context_message(world->ctx), "needs its training set"));
    own_nothing(world, bare); /* nor does this count as labelled */
  }
  data_must(world->ctx, learning_world_learner_of(world, pot, "none", &learner)); /* grading needs no labels */
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_learner_free(learner);
  mtp_config_free(first);
  mtp_active_set_free(as);
  mtp_active_set_free(bare);
  mtp_potential_free(pot);
}

/* A trained potential alone: nothing to grade with until the warm-up. */
static void trained_without_active_set(void **state) {
  learning_world *world = *state;
  mtp_potential *pot = NULL;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_active_set_free(learn_and_lose_training_file(world, &pot));
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  assert_null(mtp_learner_active_set(learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_non_null(mtp_learner_active_set(learner));
  assert_int_equal(world->warnings, 1);
  assert_non_null(strstr(world->messages, "is forgotten"));
  mtp_learner_free(learner);
  mtp_config_free(first);
  mtp_potential_free(pot);
}

/* MLIP-3 writes atomic numbers; a file that was begun so must be continued so. */
static void cfg_file_keeps_its_numbers(void **state) {
  learning_world *world = *state;
  world->options.wall = false;
  mtp_learner *learner = NULL;
  mtp_action action;
  const char *const aluminium[] = {"13"};
  mtp_config *first = learning_crystal(2, 4.05, 0.1, 1), *second = learning_crystal(2, 4.05, 0.3, 2);
  learning_morse(first);
  char *text = NULL, *path = data_path(world->folder, "train.cfg");
  size_t size;
  data_must(world->ctx, mtp_config_format(world->ctx, first, 1, aluminium, MTP_FORMAT_CFG, &text, &size));
  data_must(world->ctx, mtp_file_replace(world->ctx, path, text, size));
  free(text);
  world->options.train_path = path;
  for (int round = 0; round < 2; round++) {
    data_must(world->ctx, learning_world_learner(world, NULL, &learner));
    assert_int_equal(mtp_learner_get_stats(learner).configurations, 1 + round);
    if (round == 0) data_must(world->ctx, mtp_learner_offer(world->ctx, learner, second, 100.0, 0, 1, &action));
    mtp_learner_free(learner);
  }
  mtp_config_set *set = NULL;
  data_must(world->ctx, mtp_config_set_read(world->ctx, path, NULL, &set));
  assert_int_equal(set->n, 2);
  assert_int_equal(set->species_count, 1);
  assert_string_equal(set->names[0], "13");
  mtp_config_set_free(set);
  mtp_config_free(first);
  mtp_config_free(second);
  free(path);
}

#define test(function) cmocka_unit_test_setup_teardown(function, learning_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(learns_from_nothing),
      test(configuration_mode_learns_too),
      cmocka_unit_test(same_seed_same_run),
      cmocka_unit_test(restart_twin),
      cmocka_unit_test(warmup_copies_are_graded_and_reproducible),
      cmocka_unit_test(warmup_displaces_by_sigma),
      test(warmup_as_told),
      test(one_candidate_of_many_steps),
      test(pool_and_thresholds),
      test(active_set_stands_in_for_training_set),
      test(active_set_without_labels_is_refused),
      test(trained_without_active_set),
      test(cfg_file_keeps_its_numbers),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
