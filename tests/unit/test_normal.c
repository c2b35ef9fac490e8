/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_normal.c
 * Errors that the normal equations tell without evaluating anything again are those of the evaluator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "mtp/errors.h"
#include "mtp/normal_equations.h"
#include "support_data.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *set; /* labelled by a neighbour of the potential */
} fixture;

static void fixture_open(fixture *f, mtp_radial_type type, unsigned long long seed) {
  const data_recipe recipe = {8, 2, 6, type, 2, 5};
  memset(f, 0, sizeof *f);
  f->ctx = mtp_context_new();
  f->random.state = seed;
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  f->set = mtp_config_set_new();
  mtp_potential *other = data_neighbour(f->ctx, &f->random, f->pot);
  for (int s = 0; s < 2; s++) assert_int_equal(mtp_config_set_species(f->set, s ? "Cl" : "Na"), s);
  for (size_t k = 0; k < 30; k++) {
    mtp_config *cfg = data_config(&f->random, (data_shape)(k % DATA_SHAPES), 1 + data_index(&f->random, 12), 2, 2.7);
    data_append_labelled(f->ctx, f->set, other, cfg);
    mtp_config_free(cfg);
  }
  mtp_potential_free(other);
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

/* What the configurations that count leave, by the evaluator. */
static void expect_errors(fixture *f, const mtp_normal *nq) {
  const double *x = mtp_potential_parameters(f->pot) + mtp_offset_species(f->pot);
  mtp_normal_residual r;
  mtp_errors errors;
  data_must(f->ctx, mtp_normal_errors(f->ctx, nq, x, &r));
  mtp_config_set part = *f->set;
  part.configs = data_calloc(f->set->n, sizeof *part.configs);
  part.n = 0;
  for (size_t k = 0; k < f->set->n; k++)
    if (!mtp_config_is_squeezed(f->set->configs[k])) part.configs[part.n++] = f->set->configs[k];
  data_must(f->ctx, mtp_errors_compute(f->ctx, f->pot, &part, &errors));
  free(part.configs);
  assert_true(r.energies == (double)errors.energy_per_atom.count && r.components == (double)errors.force.count);
  /* sums of squares cancel: what is left is right to 1e-16 of what they began with */
  assert_true(fabs(sqrt(r.force / r.components) - errors.force.rmse) < 1e-7 * errors.force_rms);
  assert_true(fabs(sqrt(r.force_squares / r.components) - errors.force_rms) < 1e-12 * errors.force_rms);
  assert_true(errors.energy_per_atom.rmse > 1e-4);
  assert_true(fabs(sqrt(r.energy / r.energies) - errors.energy_per_atom.rmse) < 1e-6 * errors.energy_per_atom.rmse);
}

static void errors_are_those_of_the_evaluator(void **state) {
  (void)state;
  static const mtp_radial_type types[] = {MTP_RADIAL_CHEBYSHEV, MTP_RADIAL_CHEBYSHEV_REPULS};
  for (int k = 0; k < 2; k++) {
    fixture f;
    mtp_normal *nq = NULL;
    mtp_weights weights = mtp_weights_default();
    fixture_open(&f, types[k], 3 + (unsigned)k);
    data_must(f.ctx, mtp_config_set_feature(f.ctx, f.set->configs[3], "squeezed", "0.8"));
    data_must(f.ctx, mtp_config_set_feature(f.ctx, f.set->configs[5], "config_weight", "17"));
    weights.force = 0.3;
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, weights, &nq));
    for (size_t i = 0; i < f.set->n; i++) data_must(f.ctx, mtp_normal_add(f.ctx, nq, f.set->configs[i]));
    expect_errors(&f, nq); /* at other coefficients than the best */
    data_must(f.ctx, mtp_normal_fit(f.ctx, nq, 0.0, f.pot));
    expect_errors(&f, nq);
    mtp_normal_free(nq);
    fixture_close(&f);
  }
}

static void atoms_that_do_not_count(void **state) {
  (void)state;
  fixture f;
  mtp_normal *nq = NULL;
  fixture_open(&f, MTP_RADIAL_CHEBYSHEV, 9);
  for (size_t k = 0; k < f.set->n; k++) {
    mtp_config *cfg = f.set->configs[k];
    cfg->force_mask = data_calloc(cfg->n, sizeof *cfg->force_mask);
    for (size_t i = 0; i < cfg->n; i++) cfg->force_mask[i] = (k + i) % 3 == 0;
  }
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
  for (size_t i = 0; i < f.set->n; i++) data_must(f.ctx, mtp_normal_add(f.ctx, nq, f.set->configs[i]));
  expect_errors(&f, nq);
  mtp_normal_free(nq);
  fixture_close(&f);
}

static double force_error(fixture *f, const mtp_normal *nq) {
  mtp_normal_residual r;
  data_must(f->ctx, mtp_normal_errors(f->ctx, nq, mtp_potential_parameters(f->pot) + mtp_offset_species(f->pot), &r));
  return sqrt(r.force / r.components);
}

/* The last configuration with all atoms pulled together, where radial functions do as they like. */
static mtp_config *squeezed_copy(fixture *f, double part) {
  const mtp_config *last = f->set->configs[f->set->n - 1];
  mtp_config *cfg = mtp_config_copy(last);
  for (size_t k = 0; k < 3 * cfg->n; k++) cfg->x[k] *= part;
  for (size_t k = 0; k < 9; k++) cfg->cell[k] *= part;
  data_must(f->ctx, mtp_config_set_feature(f->ctx, cfg, "squeezed", "0.5"));
  return cfg;
}

/* However large its rows are, a squeezed configuration does not spoil what is known; where it does no harm, it counts
 * as its weight says. */
static void squeezed_ones_do_no_harm(void **state) {
  (void)state;
  static const double parts[] = {1.0, 0.5, 0.2};
  for (int k = 0; k < 3; k++) {
    fixture f;
    mtp_normal *nq = NULL;
    fixture_open(&f, MTP_RADIAL_CHEBYSHEV, 21);
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
    for (size_t i = 0; i < f.set->n; i++) data_must(f.ctx, mtp_normal_add(f.ctx, nq, f.set->configs[i]));
    data_must(f.ctx, mtp_normal_fit(f.ctx, nq, 0.0, f.pot));
    const double best = force_error(&f, nq);
    mtp_config *cfg = squeezed_copy(&f, parts[k]);
    data_must(f.ctx, mtp_normal_add(f.ctx, nq, cfg));
    data_must(f.ctx, mtp_normal_fit(f.ctx, nq, 0.0, f.pot));
    const double with = force_error(&f, nq);
    assert_true(with < 1.6 * best); /* weights differ from those of the error that is measured here */
    assert_true(k > 0 || fabs(with / best - 1) > 1e-9); /* it was not left out */
    mtp_config_free(cfg);
    mtp_normal_free(nq);
    fixture_close(&f);
  }
}

/* By any number of threads, the same in every bit; what cannot be added says why. */
static void many_at_once(void **state) {
  (void)state;
  static const mtp_radial_type types[] = {MTP_RADIAL_CHEBYSHEV, MTP_RADIAL_CHEBYSHEV_REPULS};
  for (int k = 0; k < 2; k++) {
    fixture f;
    mtp_normal *one = NULL, *many = NULL;
    fixture_open(&f, types[k], 31);
    const mtp_config *configs[150];
    for (size_t i = 0; i < 150; i++) configs[i] = f.set->configs[i % f.set->n];
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &one));
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &many));
    for (size_t i = 0; i < 150; i++) data_must(f.ctx, mtp_normal_add(f.ctx, one, configs[i]));
    data_must(f.ctx, mtp_normal_add_all(f.ctx, many, 150, configs, 3));
    const size_t m = mtp_normal_size(one);
    assert_int_equal(mtp_normal_configs(many), 150);
    assert_memory_equal(mtp_normal_matrix(one), mtp_normal_matrix(many), m * m * sizeof(double));
    assert_memory_equal(mtp_normal_rhs(one), mtp_normal_rhs(many), m * sizeof(double));
    mtp_config *wrong = mtp_config_copy(configs[0]);
    wrong->species[0] = 7;
    configs[100] = wrong;
    assert_int_equal(mtp_normal_add_all(f.ctx, many, 150, configs, 3), MTP_ERR_ARGUMENT);
    assert_non_null(strstr(mtp_context_message(f.ctx), "species 7"));
    assert_int_equal(mtp_normal_add_all(f.ctx, NULL, 1, configs, 1), MTP_ERR_ARGUMENT);
    assert_int_equal(mtp_normal_add_all(f.ctx, many, 1, NULL, 1), MTP_ERR_ARGUMENT);
    assert_int_equal(mtp_normal_add_all(f.ctx, many, 1, configs, 0), MTP_ERR_ARGUMENT);
    mtp_config_free(wrong);
    mtp_normal_free(one);
    mtp_normal_free(many);
    fixture_close(&f);
  }
}

static void nothing_to_ask(void **state) {
  (void)state;
  fixture f;
  mtp_normal *nq = NULL;
  mtp_normal_residual r;
  fixture_open(&f, MTP_RADIAL_CHEBYSHEV, 4);
  const double *x = mtp_potential_parameters(f.pot) + mtp_offset_species(f.pot);
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
  data_must(f.ctx, mtp_normal_errors(f.ctx, nq, x, &r));
  assert_true(r.energies == 0.0 && r.components == 0.0 && r.force == 0.0);
  assert_int_equal(mtp_normal_errors(f.ctx, NULL, x, &r), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_normal_errors(f.ctx, nq, NULL, &r), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_normal_errors(f.ctx, nq, x, NULL), MTP_ERR_ARGUMENT);
  mtp_normal_free(nq);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(errors_are_those_of_the_evaluator),
      cmocka_unit_test(atoms_that_do_not_count),
      cmocka_unit_test(squeezed_ones_do_no_harm),
      cmocka_unit_test(many_at_once),
      cmocka_unit_test(nothing_to_ask),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
