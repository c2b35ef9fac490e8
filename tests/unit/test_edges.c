/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_edges.c
 * Files and numbers at the edge of what is legal: a basic moment listed twice, marks inside a tag, atoms on top of each
 * other, a ridge as large as the matrix, perfect crystals. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "mtp/active_set.h"
#include "mtp/normal_equations.h"

/* V = c + x0 m0 + x1 m1 + x2 m0 m1 with m0 and m1 the same moment under two numbers. */
static const char twice[] =
    "MTP\nversion = 1.1.0\npotential_name = edge\nspecies_count = 1\n"
    "potential_tag = seen #3 ^here\nradial_basis_type = RBChebyshev\n\tmin_dist = 2\n\tmax_dist = 5\n"
    "\tradial_basis_size = 2\n\tradial_funcs_count = 1\n\tradial_coeffs\n\t\t0-0\n\t\t\t{0.3, -0.1}\n"
    "alpha_moments_count = 3\nalpha_index_basic_count = 2\n"
    "alpha_index_basic = {{0, 0, 0, 0}, {0, 0, 0, 0}}\nalpha_index_times_count = 1\n"
    "alpha_index_times = {{0, 1, 1, 2}}\nalpha_scalar_moments = 3\n"
    "alpha_moment_mapping = {0, 1, 2}\nspecies_coeffs = {-1}\nmoment_coeffs = {0.5, 0.7, 0.2}";

static mtp_context *ctx;

static mtp_potential *potential(void) {
  mtp_potential *pot = NULL;
  if (mtp_potential_parse(ctx, "twice", twice, strlen(twice), &pot, NULL) != MTP_OK)
    fail_msg("%s", mtp_context_message(ctx));
  return pot;
}

static mtp_config *pair(double distance) {
  mtp_config *cfg = mtp_config_new(2);
  assert_non_null(cfg);
  cfg->x[3] = distance;
  return cfg;
}

static double energy_at(mtp_evaluator *ev, double distance, double *force) {
  mtp_config *cfg = pair(distance);
  assert_int_equal(mtp_evaluator_config(ctx, ev, cfg, 0), MTP_OK);
  const double energy = cfg->energy;
  if (force) *force = cfg->force[3];
  mtp_config_free(cfg);
  return energy;
}

static void moment_listed_twice(void **state) {
  (void)state;
  mtp_potential *pot = potential();
  mtp_evaluator *ev = NULL;
  assert_int_equal(mtp_evaluator_new(ctx, pot, &ev), MTP_OK);
  const double h = 1e-5;
  double force;
  energy_at(ev, 3.0, &force);
  const double slope = (energy_at(ev, 3.0 + h, NULL) - energy_at(ev, 3.0 - h, NULL)) / (2 * h);
  assert_true(fabs(slope) > 0.1);
  assert_true(fabs(force + slope) < 1e-8);
  mtp_evaluator_free(ev);
  mtp_potential_free(pot);
}

static void marks_in_a_tag(void **state) {
  (void)state;
  mtp_potential *pot = potential();
  mtp_text text = {0}, again = {0};
  assert_int_equal(mtp_potential_text(ctx, pot, &text), MTP_OK);
  assert_non_null(strstr(text.data, "seen #3 ^here"));
  mtp_potential *second = NULL;
  assert_int_equal(mtp_potential_parse(ctx, "again", text.data, text.size, &second, NULL), MTP_OK);
  assert_int_equal(mtp_potential_text(ctx, second, &again), MTP_OK);
  assert_string_equal(text.data, again.data);
  mtp_text_free(&text);
  mtp_text_free(&again);
  mtp_potential_free(pot);
  mtp_potential_free(second);
}

/* Whatever comes of atoms on top of each other must not pass for a small grade. */
static void coincident_atoms(void **state) {
  (void)state;
  mtp_potential *pot = potential();
  for (mtp_mode mode = MTP_MODE_CONFIGURATION; mode <= MTP_MODE_NEIGHBOURHOOD; mode++) {
    mtp_evaluator *ev = NULL;
    mtp_active_set *as = NULL;
    assert_int_equal(mtp_evaluator_new(ctx, pot, &ev), MTP_OK);
    assert_int_equal(mtp_active_set_new(ctx, mtp_potential_parameter_count(pot), mode, 1e-6, &as), MTP_OK);
    assert_int_equal(mtp_evaluator_set_active_set(ctx, ev, as), MTP_OK);
    mtp_config *cfg = pair(0.0);
    if (mtp_evaluator_config(ctx, ev, cfg, 1) == MTP_OK) assert_true(cfg->max_grade > 100);
    mtp_config_free(cfg);
    mtp_active_set_free(as);
    mtp_evaluator_free(ev);
  }
  mtp_potential_free(pot);
}

static void large_ridge(void **state) {
  (void)state;
  mtp_potential *pot = potential();
  mtp_evaluator *ev = NULL;
  mtp_normal *nq = NULL;
  assert_int_equal(mtp_evaluator_new(ctx, pot, &ev), MTP_OK);
  assert_int_equal(mtp_normal_new(ctx, pot, mtp_weights_default(), &nq), MTP_OK);
  for (int k = 0; k < 4; k++) {
    mtp_config *cfg = pair(2.4 + 0.4 * k);
    assert_int_equal(mtp_evaluator_config(ctx, ev, cfg, 0), MTP_OK);
    assert_int_equal(mtp_normal_add(ctx, nq, cfg), MTP_OK);
    mtp_config_free(cfg);
  }
  double x[4], loss[3];
  const double ridge[3] = {1e-11, 1e-2, 10.0};
  for (int k = 0; k < 3; k++) {
    if (mtp_normal_solve(ctx, nq, ridge[k], x) != MTP_OK) fail_msg("ridge %g: %s", ridge[k], mtp_context_message(ctx));
    loss[k] = mtp_normal_loss(nq, x);
  }
  assert_true(loss[0] < loss[1] && loss[1] < loss[2]);
  mtp_normal_free(nq);
  mtp_evaluator_free(ev);
  mtp_potential_free(pot);
}

/* Perfect crystals leave most basis functions at rounding noise: their coefficients must not grow without bound. */
static void symmetric_crystals(void **state) {
  (void)state;
  const mtp_potential_spec spec = {.level = 12, .species_count = 1, .cutoff = 5.5, .min_dist = 2.0, .radial_size = 8};
  mtp_potential *pot = NULL;
  mtp_normal *nq = NULL;
  mtp_evaluator *ev = NULL;
  assert_int_equal(mtp_potential_new(ctx, &spec, &pot), MTP_OK);
  assert_int_equal(mtp_normal_new(ctx, pot, mtp_weights_default(), &nq), MTP_OK);
  for (int k = 0; k < 7; k++) {
    mtp_config *cfg = mtp_config_new(1);
    const double a = 3.9 + 0.05 * k, h = a / 2;
    const double cell[9] = {0, h, h, h, 0, h, h, h, 0};
    memcpy(cfg->cell, cell, sizeof cell);
    for (int i = 0; i < 3; i++) cfg->periodic[i] = true;
    assert_int_equal(mtp_config_require_force(ctx, cfg), MTP_OK);
    cfg->has_energy = true;
    cfg->energy = -3.4 + 2.0 * (a - 4.05) * (a - 4.05);
    assert_int_equal(mtp_normal_add(ctx, nq, cfg), MTP_OK);
    mtp_config_free(cfg);
  }
  assert_int_equal(mtp_normal_fit(ctx, nq, 0.0, pot), MTP_OK);
  assert_int_equal(mtp_evaluator_new(ctx, pot, &ev), MTP_OK);
  mtp_config *cfg = mtp_config_new(4);
  const double x[12] = {0.03, 0, 0, 0, 2.02, 2.03, 2.0, 0.01, 2.05, 2.02, 2.04, -0.02};
  memcpy(cfg->x, x, sizeof x);
  for (int i = 0; i < 3; i++) cfg->cell[4 * i] = 4.05, cfg->periodic[i] = true;
  assert_int_equal(mtp_evaluator_config(ctx, ev, cfg, 0), MTP_OK);
  assert_true(fabs(cfg->energy / 4 + 3.4) < 1.0);
  for (int i = 0; i < 12; i++) assert_true(fabs(cfg->force[i]) < 10.0);
  mtp_config_free(cfg);
  mtp_evaluator_free(ev);
  mtp_normal_free(nq);
  mtp_potential_free(pot);
}

static void instruction_sets(void **state) {
  (void)state;
  mtp_context *own = mtp_context_new();
  const char *widest = mtp_context_instruction_set(own), *narrowest = mtp_instruction_set_name(0);
  assert_int_equal(mtp_context_set_instruction_set(own, narrowest), MTP_OK);
  assert_string_equal(mtp_context_instruction_set(own), narrowest);
  assert_int_equal(mtp_context_set_instruction_set(own, "sse9"), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(own), "sse9"));
  assert_string_equal(mtp_context_instruction_set(own), narrowest);
  assert_int_equal(mtp_context_set_instruction_set(own, "auto"), MTP_OK);
  assert_string_equal(mtp_context_instruction_set(own), widest);
  mtp_context_free(own);
}

static void largest_modulus(void **state) {
  (void)state;
  double x[19];
  for (int bad = -1; bad < 19; bad++) {
    for (int i = 0; i < 19; i++) x[i] = i == 11 ? -7.0 : 0.1 * i;
    if (bad >= 0) x[bad] = NAN;
    const double found = mtp_largest_modulus(19, x);
    assert_true(bad < 0 ? found == 7.0 : isnan(found));
  }
  assert_true(mtp_largest_modulus(0, x) == 0.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(moment_listed_twice), cmocka_unit_test(marks_in_a_tag),     cmocka_unit_test(coincident_atoms),
      cmocka_unit_test(large_ridge),         cmocka_unit_test(symmetric_crystals), cmocka_unit_test(largest_modulus),
      cmocka_unit_test(instruction_sets),
  };
  ctx = mtp_context_new();
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  mtp_context_free(ctx);
  return failed;
}
