/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_rebase.c
 * The same potential on another radial basis: the radial functions, energies and forces stay, whatever min_dist becomes
 * and however many functions are added. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_data.h"

#define GRID 400

/* One radial function and its derivative. */
static void function_at(const mtp_potential *pot, int zi, int zj, int mu, double r, double f[2]) {
  const double *c = pot->params + mtp_offset_radial(pot, zi, zj) + (size_t)mu * (size_t)pot->radial.size;
  double q[MTP_MAX_RADIAL_SIZE], dq[MTP_MAX_RADIAL_SIZE];
  mtp_radial_values(&pot->radial, r, q, dq);
  f[0] = f[1] = 0;
  for (int k = 0; k < pot->radial.size; k++) f[0] += c[k] * q[k], f[1] += c[k] * dq[k];
}

/* From the lower one of both min_dist to the cutoff: outside, polynomials are large and nobody asks. */
static void expect_same_functions(const mtp_potential *before, const mtp_potential *after) {
  const double low = fmin(before->radial.min_dist, after->radial.min_dist), cutoff = before->radial.max_dist;
  static double want[2][GRID], got[2][GRID];
  for (int zi = 0; zi < before->nspecies; zi++)
    for (int zj = 0; zj < before->nspecies; zj++)
      for (int mu = 0; mu < before->nradial; mu++) {
        for (int g = 0; g < GRID; g++) {
          const double r = low + (cutoff - low) * g / GRID;
          double f[2], h[2];
          function_at(before, zi, zj, mu, r, f);
          function_at(after, zi, zj, mu, r, h);
          for (int d = 0; d < 2; d++) want[d][g] = f[d], got[d][g] = h[d];
        }
        data_expect_close("radial function", GRID, got[0], want[0], 1e-12);
        data_expect_close("its derivative", GRID, got[1], want[1], 1e-12);
      }
}

static void test_functions(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {11};
  for (int k = 0; k < 60; k++) {
    const int size = 4 + k % 9, species = 1 + k % 3;
    const data_recipe recipe = {6 + 2 * (k % 4), species, size, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
    mtp_potential *before = data_potential(ctx, &random, &recipe), *after = NULL;
    before->radial.scaling = 0.5 + 0.1 * (k % 5);
    const double min_dist = k % 6 == 0 ? 2.0 : data_uniform(&random, 1.6, 2.9);
    const int larger = k % 5 == 0 ? MTP_MAX_RADIAL_SIZE : size + k % 4;
    data_must(ctx, mtp_potential_copy(ctx, before, &after));
    data_must(ctx, mtp_potential_rebase(ctx, after, min_dist, larger));
    assert_true(after->radial.min_dist == min_dist);
    assert_int_equal(after->radial.size, larger);
    assert_int_equal(after->nparams,
                     (size_t)(species * species * after->nradial * larger + species + after->basis.nscalars));
    assert_memory_equal(after->params + mtp_offset_species(after), before->params + mtp_offset_species(before),
                        (size_t)(species + after->basis.nscalars) * sizeof(double));
    expect_same_functions(before, after);
    mtp_potential_free(after);
    mtp_potential_free(before);
  }
  mtp_context_free(ctx);
}

/* There and back again. */
static void test_return(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {12};
  const data_recipe recipe = {10, 2, 12, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
  mtp_potential *before = data_potential(ctx, &random, &recipe), *after = NULL;
  data_must(ctx, mtp_potential_copy(ctx, before, &after));
  data_must(ctx, mtp_potential_rebase(ctx, after, 1.7, 12));
  data_must(ctx, mtp_potential_rebase(ctx, after, 2.0, 12));
  data_expect_close("parameters", before->nparams, after->params, before->params, 1e-11);
  mtp_potential_free(after);
  mtp_potential_free(before);
  mtp_context_free(ctx);
}

static void test_evaluation(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_random random = {13};
  for (int k = 0; k < 12; k++) {
    const data_recipe recipe = {8 + 2 * (k % 3), 1 + k % 3, 6 + k % 4, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
    static const int larger[] = {0, 10, 16, 20};
    mtp_potential *before = data_potential(ctx, &random, &recipe), *after = NULL;
    mtp_evaluator *first = NULL, *second = NULL;
    mtp_config *want = data_config(&random, (data_shape)(k % DATA_SHAPES), 9, recipe.species, 2.7);
    mtp_config *got = mtp_config_copy(want);
    data_must(ctx, mtp_potential_copy(ctx, before, &after));
    const int size = larger[k % 4] > 0 ? larger[k % 4] : recipe.radial_size;
    data_must(ctx, mtp_potential_rebase(ctx, after, k % 2 ? 1.6 : 2.3, size));
    data_must(ctx, mtp_evaluator_new(ctx, before, &first));
    data_must(ctx, mtp_evaluator_new(ctx, after, &second));
    data_must(ctx, mtp_evaluator_config(ctx, first, want, 0));
    data_must(ctx, mtp_evaluator_config(ctx, second, got, 0));
    data_expect_close("energy", 1, &got->energy, &want->energy, 1e-10);
    data_expect_close("forces", 3 * want->n, got->force, want->force, 1e-10);
    data_expect_close("virial", 6, got->virial, want->virial, 1e-10);
    mtp_evaluator_free(first);
    mtp_evaluator_free(second);
    mtp_config_free(got);
    mtp_config_free(want);
    mtp_potential_free(after);
    mtp_potential_free(before);
  }
  mtp_context_free(ctx);
}

static void refuse(mtp_context *ctx, mtp_potential *pot, double min_dist, int size, mtp_status status,
                   const char *part) {
  mtp_potential *copy = NULL;
  data_must(ctx, mtp_potential_copy(ctx, pot, &copy));
  assert_int_equal(mtp_potential_rebase(ctx, pot, min_dist, size), status);
  if (!strstr(mtp_context_message(ctx), part)) fail_msg("expected '%s' in: %s", part, mtp_context_message(ctx));
  assert_int_equal(pot->nparams, copy->nparams); /* nothing was touched */
  assert_int_equal(pot->radial.size, copy->radial.size);
  assert_true(pot->radial.min_dist == copy->radial.min_dist);
  assert_memory_equal(pot->params, copy->params, copy->nparams * sizeof(double));
  mtp_potential_free(copy);
}

static void test_refused(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {14};
  const data_recipe recipe = {6, 1, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  refuse(ctx, pot, 2.0, 7, MTP_ERR_ARGUMENT, "from 8 to 32, found 7");
  refuse(ctx, pot, 2.0, 33, MTP_ERR_ARGUMENT, "from 8 to 32, found 33");
  refuse(ctx, pot, 0.0, 8, MTP_ERR_ARGUMENT, "0 < min_dist < 5");
  refuse(ctx, pot, 5.0, 8, MTP_ERR_ARGUMENT, "0 < min_dist < 5");
  refuse(ctx, pot, NAN, 8, MTP_ERR_ARGUMENT, "0 < min_dist < 5");
  mtp_potential_free(pot);
  static const mtp_radial_type others[] = {MTP_RADIAL_CHEBYSHEV_REPULS, MTP_RADIAL_SHAPEEV};
  for (int k = 0; k < 2; k++) {
    data_recipe other = recipe;
    other.type = others[k];
    pot = data_potential(ctx, &random, &other);
    refuse(ctx, pot, 1.9, 8, MTP_ERR_UNSUPPORTED, mtp_radial_type_name(others[k]));
    mtp_potential_free(pot);
  }
  assert_int_equal(mtp_potential_rebase(ctx, NULL, 2.0, 8), MTP_ERR_ARGUMENT);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_functions),
      cmocka_unit_test(test_return),
      cmocka_unit_test(test_evaluation),
      cmocka_unit_test(test_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
