/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_baseline.c
 * Learning on top of a baseline: what is subtracted is told and given back, what stands on another one is refused, and
 * holes and explorations are those of both together. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "loop/dynamics.h"
#include "loop/loop.h"
#include "mtp/baseline.h"
#include "support_data.h"
#include "support_learning.h"

#define REACH 4.0

/* Pairs with V(r) = strength (R - r)^3, as far as R. */
typedef struct model {
  double strength;
  bool no_virial, fails;
  double energy; /* of all configurations, added: NaN spoils it */
  long long calls;
} model;

static mtp_status compute(void *user, mtp_context *ctx, mtp_config *cfg) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  model *m = user;
  mtp_neighbors *nb = NULL;
  m->calls++;
  if (m->fails) return mtp_fail(ctx, MTP_ERR_QM, "the model is out of order");
  data_must(ctx, mtp_neighbors_build(ctx, cfg, REACH, &nb));
  cfg->energy = m->energy;
  cfg->has_energy = true;
  cfg->has_virial = !m->no_virial;
  memset(cfg->virial, 0, sizeof cfg->virial);
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      double d[3], square = 0.0;
      for (size_t c = 0; c < 3; c++) {
        d[c] = nb->x[3 * (size_t)nb->list[i][k] + c] - nb->x[3 * i + c];
        square += d[c] * d[c];
      }
      const double r = sqrt(square), t = fmax(REACH - r, 0.0), slope = -3.0 * m->strength * t * t;
      cfg->energy += 0.5 * m->strength * t * t * t;
      for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += slope * d[c] / r;
      for (int c = 0; c < 6; c++) cfg->virial[c] -= 0.5 * slope * d[first[c]] * d[second[c]] / r;
    }
  mtp_neighbors_free(nb);
  return MTP_OK;
}

static mtp_config *labelled_crystal(unsigned long long seed) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.1, seed);
  learning_morse(cfg);
  return cfg;
}

/* ---- labels ---- */

static void what_is_subtracted_is_told(void **state) {
  (void)state;
  model m = {.strength = 0.2};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m};
  mtp_config *label = labelled_crystal(1), *before = mtp_config_copy(label), *known = NULL;
  mtp_context *ctx = mtp_context_new();
  data_must(ctx, mtp_baseline_compute(ctx, &b, label, &known));
  assert_true(fabs(known->energy) > 1.0);
  data_must(ctx, mtp_baseline_subtract(ctx, &b, label));
  for (size_t k = 0; k < 3 * label->n; k++) assert_true(label->force[k] == before->force[k] - known->force[k]);
  for (int k = 0; k < 6; k++) assert_true(label->virial[k] == before->virial[k] - known->virial[k]);
  assert_string_equal(mtp_config_get_feature(label, "baseline"), "b1");
  const double given_back = label->energy + strtod(mtp_config_get_feature(label, "baseline_energy"), NULL);
  assert_true(fabs(given_back - before->energy) < 1e-12 * fabs(before->energy));
  /* once is enough, and nothing changes where it fails */
  const double energy = label->energy;
  assert_int_equal(mtp_baseline_subtract(ctx, &b, label), MTP_ERR_STATE);
  assert_true(label->energy == energy);
  mtp_config_free(label);
  mtp_config_free(before);
  mtp_config_free(known);
  mtp_context_free(ctx);
}

static void expect_refused(mtp_context *ctx, const mtp_baseline *b, mtp_status wanted, const char *word) {
  mtp_config *label = labelled_crystal(1), *before = mtp_config_copy(label);
  assert_int_equal(mtp_baseline_subtract(ctx, b, label), wanted);
  assert_non_null(strstr(mtp_context_message(ctx), word));
  assert_true(label->energy == before->energy);
  assert_memory_equal(label->force, before->force, 3 * label->n * sizeof *label->force);
  assert_null(mtp_config_get_feature(label, "baseline"));
  mtp_config_free(label);
  mtp_config_free(before);
}

static void a_baseline_that_fails_changes_nothing(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  model broken = {.fails = true}, infinite = {.energy = INFINITY}, flat = {.no_virial = true}, fine = {.strength = 0.1};
  expect_refused(ctx, &(mtp_baseline){.name = "b1", .compute = compute, .user = &broken}, MTP_ERR_QM, "out of order");
  expect_refused(ctx, &(mtp_baseline){.name = "b1", .compute = compute, .user = &infinite}, MTP_ERR_NUMERIC,
                 "not finite");
  expect_refused(ctx, &(mtp_baseline){.name = "b1", .compute = compute, .user = &flat}, MTP_ERR_STATE, "virial");
  expect_refused(ctx, &(mtp_baseline){.name = "two words", .compute = compute, .user = &fine}, MTP_ERR_ARGUMENT,
                 "letters and digits");
  expect_refused(ctx, &(mtp_baseline){.name = "", .compute = compute, .user = &fine}, MTP_ERR_ARGUMENT,
                 "letters and digits");
  mtp_context_free(ctx);
}

/* Names of the same hash are of one baseline unless they say two things of one species. */
static void names_may_lack_species(void **state) {
  (void)state;
  static const struct {
    const char *a, *b;
    bool same;
  } pairs[] = {{"b1", "b1_Na+1", true},
               {"b1_Na+1", "b1_Cl-1", true},
               {"b1_Cl-1_Na+1", "b1_Na+1", true},
               {"b1_Na+1", "b1_Na+1.5", false},
               {"b1_Cl-1_Na+1", "b1_Na-1", false},
               {"b1_Na+1", "b2_Na+1", false},
               {"b1_N-1", "b1_Na+1", true},
               {"b1_Cl-1_Na+1", "b1_Cl-1_Na+2", false},
               {"b1", "b12", false},
               {"b1_O-2", "b1_O-2e-05", false},
               {"b1_Fe_up+2_O_up-2", "b1_Fe_up+2_O_up-2", true},
               {"b1_Fe_up+2", "b1_O_up-2", true},
               {"b1_Fe_up+2", "b1_Fe_up+3", false},
               {"b1_Fe+2", "b1_Fe_up+3", true},
               {"b1", "", false}};
  mtp_context *ctx = mtp_context_new();
  mtp_config_set *set = mtp_config_set_new();
  data_must(ctx, mtp_config_set_append(ctx, set, labelled_crystal(1)));
  for (size_t k = 0; k < sizeof pairs / sizeof pairs[0]; k++) {
    const mtp_status expected = pairs[k].same ? MTP_OK : MTP_ERR_STATE;
    data_must(ctx, mtp_config_set_feature(ctx, set->configs[0], MTP_BASELINE_KEY, pairs[k].a));
    assert_int_equal(mtp_baseline_check(ctx, pairs[k].b, set, NULL), expected);
    if (!*pairs[k].b) continue;
    data_must(ctx, mtp_config_set_feature(ctx, set->configs[0], MTP_BASELINE_KEY, pairs[k].b));
    assert_int_equal(mtp_baseline_check(ctx, pairs[k].a, set, NULL), expected);
  }
  data_must(ctx, mtp_config_set_append(ctx, set, labelled_crystal(2)));
  data_must(ctx, mtp_config_set_feature(ctx, set->configs[0], MTP_BASELINE_KEY, "b1_Na+1"));
  data_must(ctx, mtp_config_set_feature(ctx, set->configs[1], MTP_BASELINE_KEY, "b1_Cl-1_Na+1"));
  assert_string_equal(mtp_baseline_of_set(set), "b1_Cl-1_Na+1"); /* a potential is of both charges */
  mtp_config_set_free(set);
  mtp_context_free(ctx);
}

static void sets_stand_on_one_baseline(void **state) {
  (void)state;
  model m = {.strength = 0.2};
  const mtp_baseline one = {.name = "b1", .compute = compute, .user = &m},
                     other = {.name = "b2", .compute = compute, .user = &m};
  mtp_context *ctx = mtp_context_new();
  mtp_config_set *set = mtp_config_set_new();
  for (unsigned long long k = 0; k < 3; k++) data_must(ctx, mtp_config_set_append(ctx, set, labelled_crystal(k)));
  assert_null(mtp_baseline_of_set(set));
  data_must(ctx, mtp_baseline_check(ctx, NULL, set, "train.extxyz"));
  assert_int_equal(mtp_baseline_check(ctx, "b1", set, "train.extxyz"), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(ctx), "train.extxyz: configuration 1"));
  assert_non_null(strstr(mtp_context_message(ctx), "baseline none, the one in use is b1"));
  data_must(ctx, mtp_baseline_subtract(ctx, &one, set->configs[1]));
  const double energy = set->configs[1]->energy;
  data_must(ctx, mtp_baseline_subtract_set(ctx, &one, set)); /* takes the second one as it is */
  assert_true(set->configs[1]->energy == energy);
  assert_string_equal(mtp_baseline_of_set(set), "b1");
  data_must(ctx, mtp_baseline_check(ctx, "b1", set, NULL));
  assert_int_equal(mtp_baseline_check(ctx, NULL, set, NULL), MTP_ERR_STATE);
  assert_int_equal(mtp_baseline_subtract_set(ctx, &other, set), MTP_ERR_STATE);
  mtp_config_set_free(set);
  mtp_context_free(ctx);
}

static void potentials_say_what_they_stand_on(void **state) {
  (void)state;
  char name[16];
  mtp_random random = {3};
  const data_recipe recipe = {.level = 4, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4};
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  char *tag = mtp_strdup(pot->tag);
  data_must(ctx, mtp_potential_set_baseline(ctx, pot, NULL));
  assert_string_equal(pot->tag, tag);
  for (int k = 0; k < 2; k++) {
    assert_true(mtp_potential_get_baseline(pot, name, sizeof name));
    assert_string_equal(name, "");
    data_must(ctx, mtp_potential_check_baseline(ctx, pot, NULL, NULL));
    data_must(ctx, mtp_potential_set_baseline(ctx, pot, "b1"));
    data_must(ctx, mtp_potential_set_note(ctx, pot, "al_trained", 12.0));
    data_must(ctx, mtp_potential_set_baseline(ctx, pot, "b123"));
    assert_true(mtp_potential_get_baseline(pot, name, sizeof name));
    assert_string_equal(name, "b123");
    assert_false(mtp_potential_get_baseline(pot, name, 4));
    assert_true(mtp_potential_note(pot, "al_trained") == 12.0);
    assert_int_equal(mtp_potential_check_baseline(ctx, pot, NULL, "p.almtp"), MTP_ERR_STATE);
    assert_string_equal(mtp_context_message(ctx),
                        "p.almtp was trained on top of the baseline b123, the one in use is none");
    assert_int_equal(mtp_potential_check_baseline(ctx, pot, "b12", "p.almtp"), MTP_ERR_STATE);
    data_must(ctx, mtp_potential_check_baseline(ctx, pot, "b123", "p.almtp"));
    data_must(ctx, mtp_potential_set_baseline(ctx, pot, NULL));
    assert_null(strstr(pot->tag, "baseline"));
    assert_null(strstr(pot->tag, "  "));
  }
  assert_int_equal(mtp_potential_set_baseline(ctx, pot, "a b"), MTP_ERR_ARGUMENT);
  free(tag);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* ---- the learner ---- */

static mtp_status begin(learning_world *world, mtp_learner *l) {
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  const mtp_status status = mtp_learner_begin(world->ctx, l, first, 0, &action);
  mtp_config_free(first);
  return status;
}

/* Every label is that of the reference less that of the model, and says so. */
static void expect_differences(learning_world *world, const mtp_baseline *b) {
  mtp_config_set *set = learning_world_train(world);
  assert_true(set->n > 2);
  for (size_t i = 0; i < set->n; i++) {
    mtp_config *label = set->configs[i], *reference = mtp_config_copy(label), *known = NULL;
    learning_morse(reference);
    data_must(world->ctx, mtp_baseline_compute(world->ctx, b, label, &known));
    for (size_t k = 0; k < 3 * label->n; k++) reference->force[k] -= known->force[k];
    data_expect_close("forces", 3 * label->n, label->force, reference->force, 1e-12);
    const double energy = label->energy + strtod(mtp_config_get_feature(label, "baseline_energy"), NULL);
    data_expect_close("energy", 1, &energy, &reference->energy, 1e-13);
    assert_string_equal(mtp_config_get_feature(label, "baseline"), b->name);
    mtp_config_free(reference);
    mtp_config_free(known);
  }
  mtp_config_set_free(set);
}

static void the_difference_is_learned(void **state) {
  learning_world *world = *state;
  model m = {.strength = 0.2};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m},
                     other = {.name = "b2", .compute = compute, .user = &m};
  mtp_learner *l = NULL;
  char name[8];
  world->options.baseline = &b;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  data_must(world->ctx, begin(world, l));
  assert_true(mtp_learner_get_stats(l).labels > 2);
  assert_true(mtp_potential_get_baseline(mtp_learner_potential(l), name, sizeof name));
  assert_string_equal(name, "b1");
  mtp_learner_end(world->ctx, l);
  expect_differences(world, &b);

  /* goes on with it */
  const long long calls = world->reference.calls;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  data_must(world->ctx, begin(world, l));
  assert_int_equal(world->reference.calls, calls);
  mtp_potential *learned = NULL;
  data_must(world->ctx, mtp_potential_copy(world->ctx, mtp_learner_potential(l), &learned));
  mtp_learner_end(world->ctx, l);

  /* and with no other, nor with none */
  world->options.baseline = &other;
  assert_int_equal(learning_world_learner(world, NULL, &l), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "baseline b1, the one in use is b2"));
  world->options.baseline = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &l), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "baseline b1, the one in use is none"));
  assert_int_equal(learning_world_learner_of(world, learned, NULL, &l), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "was trained on top of the baseline b1"));
  mtp_potential_free(learned);
}

static void a_run_without_one_is_not_gone_on_with(void **state) {
  learning_world *world = *state;
  model m = {.strength = 0.2};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m};
  mtp_learner *l = NULL;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  data_must(world->ctx, begin(world, l));
  mtp_learner_end(world->ctx, l);
  world->options.baseline = &b;
  assert_int_equal(learning_world_learner(world, NULL, &l), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(world->ctx), "baseline none, the one in use is b1"));
}

/* What was paid for is not lost by a baseline that fails. */
static void answers_wait_for_a_baseline(void **state) {
  learning_world *world = *state;
  model m = {.strength = 0.2, .fails = true};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m};
  mtp_learner *l = NULL;
  world->options.baseline = &b;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  assert_int_equal(begin(world, l), MTP_ERR_QM);
  assert_non_null(strstr(mtp_context_message(world->ctx), "out of order"));
  mtp_learner_end(world->ctx, l);
  const long long calls = world->reference.calls;
  assert_true(calls > 0);
  m.fails = false;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  data_must(world->ctx, begin(world, l));
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, world->reference.calls);
  mtp_config_set_free(set);
  mtp_learner_end(world->ctx, l);
  learning_world_expect_distinct(world);
  expect_differences(world, &b);
}

/* ---- both together ---- */

static mtp_learner *taught(learning_world *world) {
  mtp_learner *l = NULL;
  data_must(world->ctx, learning_world_learner(world, NULL, &l));
  data_must(world->ctx, begin(world, l));
  return l;
}

/* A model that falls as (R - r)^3 makes a hole of any wall. */
static void holes_are_of_both(void **state) {
  learning_world *world = *state;
  model m = {.strength = -30.0};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m};
  mtp_learner *l = taught(world);
  mtp_hole hole;
  data_must(world->ctx, mtp_find_hole_at(world->ctx, l->pot, l->places, &hole));
  assert_int_equal(hole.a, -1);
  mtp_hole_places_set_baseline(l->places, &b);
  data_must(world->ctx, mtp_find_hole_at(world->ctx, l->pot, l->places, &hole));
  assert_int_equal(hole.a, 0);
  mtp_hole_clear(&hole);
  const long long calls = m.calls; /* positions do not change with fits */
  data_must(world->ctx, mtp_find_hole_at(world->ctx, l->pot, l->places, &hole));
  assert_int_equal(m.calls, calls);
  mtp_hole_clear(&hole);
  m.fails = true;
  mtp_hole_places_set_baseline(l->places, NULL);
  data_must(world->ctx, mtp_find_hole_at(world->ctx, l->pot, l->places, &hole));
  mtp_learner_free(l);
}

static void dynamics_are_of_both(void **state) {
  learning_world *world = *state;
  model m = {.strength = 0.3};
  const mtp_baseline b = {.name = "b1", .compute = compute, .user = &m};
  const double masses[] = {26.98};
  const mtp_bath bath = {.temperature = 300.0, .timestep = 0.002, .relaxation = 1.0};
  mtp_learner *l = taught(world);
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  mtp_dynamics *d[2] = {NULL, NULL};
  for (int k = 0; k < 2; k++) {
    data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 5, &d[k]));
    data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d[k], l->pot, l->as));
    if (k) mtp_dynamics_set_baseline(d[k], &b);
    data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d[k]));
    data_must(world->ctx, mtp_dynamics_step(world->ctx, d[k], true));
  }
  /* of the first half step: the same velocities and noise, other forces */
  mtp_config *known = NULL;
  data_must(world->ctx, mtp_baseline_compute(world->ctx, &b, first, &known));
  const double time = bath.timestep, mass = masses[0] * 1.0364269656e-4;
  const double keep = exp(-time / bath.relaxation);
  for (size_t k = 0; k < 3 * first->n; k++) {
    const double moved = mtp_dynamics_config(d[1])->x[k] - mtp_dynamics_config(d[0])->x[k];
    const double wanted = 0.25 * time * time * (1.0 + keep) * known->force[k] / mass;
    assert_true(fabs(moved - wanted) < 1e-6 * time);
  }
  mtp_config_free(known);
  mtp_config_free(first);
  for (int k = 0; k < 2; k++) mtp_dynamics_free(d[k]);
  mtp_learner_free(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_subtracted_is_told),
      cmocka_unit_test(a_baseline_that_fails_changes_nothing),
      cmocka_unit_test(names_may_lack_species),
      cmocka_unit_test(sets_stand_on_one_baseline),
      cmocka_unit_test(potentials_say_what_they_stand_on),
      cmocka_unit_test_setup_teardown(the_difference_is_learned, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(a_run_without_one_is_not_gone_on_with, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(answers_wait_for_a_baseline, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(holes_are_of_both, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(dynamics_are_of_both, learning_world_new, learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
