/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_pairs.c
 * The closest pair of each kind of atoms, and the smallest distance of all, against brute force over images in cells of
 * every shape. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/pairs.h"
#include "support_data.h"
#include "support_naive.h"

#define SPECIES 3

/* Distances by pair of species without an atom's own images, and of everything. */
static double brute_force(const mtp_config *cfg, double cutoff, const bool *busy, double want[SPECIES][SPECIES]) {
  naive_atoms *atoms = naive_atoms_build(cfg, cutoff);
  double smallest = INFINITY;
  for (int a = 0; a < SPECIES; a++)
    for (int b = 0; b < SPECIES; b++) want[a][b] = INFINITY;
  for (size_t i = 0; i < atoms->n; i++)
    for (size_t k = 0; k < atoms->nall; k++) {
      const size_t j = (size_t)atoms->owner[k];
      double r2 = 0;
      for (size_t c = 0; c < 3; c++) r2 += pow(atoms->x[3 * k + c] - atoms->x[3 * i + c], 2);
      if (k == i || !(sqrt(r2) < cutoff)) continue;
      smallest = fmin(smallest, sqrt(r2));
      if (j == i || (busy && (busy[i] || busy[j]))) continue;
      double *pair = &want[cfg->species[i]][cfg->species[j]];
      *pair = fmin(*pair, sqrt(r2));
    }
  naive_atoms_free(atoms);
  return smallest;
}

static bool same(double x, double y) {
  return x == y || fabs(x - y) <= 1e-12 * y;
}

/* d leads from i to an image of j, and is as long as it says. */
static void check_pair(const mtp_config *cfg, const mtp_close_pair *p, int a, int b, double cutoff, const bool *busy) {
  naive_atoms *atoms = naive_atoms_build(cfg, cutoff);
  bool found = false;
  assert_true(p->i < cfg->n && p->j < cfg->n && p->i != p->j);
  assert_int_equal(cfg->species[p->i], a);
  assert_int_equal(cfg->species[p->j], b);
  if (busy) assert_false(busy[p->i] || busy[p->j]);
  assert_true(same(sqrt(p->d[0] * p->d[0] + p->d[1] * p->d[1] + p->d[2] * p->d[2]), p->r));
  for (size_t k = 0; k < atoms->nall && !found; k++) {
    found = (size_t)atoms->owner[k] == p->j;
    for (size_t c = 0; c < 3; c++) found = found && fabs(cfg->x[3 * p->i + c] + p->d[c] - atoms->x[3 * k + c]) < 1e-9;
  }
  assert_true(found);
  naive_atoms_free(atoms);
}

static void check(mtp_context *ctx, const mtp_config *cfg, double cutoff, const bool *busy) {
  mtp_close_pair got[SPECIES * SPECIES];
  double want[SPECIES][SPECIES], distance;
  const double smallest = brute_force(cfg, cutoff, busy, want);
  data_must(ctx, mtp_config_closest_pairs(ctx, cfg, cutoff, SPECIES, busy, got));
  for (int a = 0; a < SPECIES; a++)
    for (int b = a; b < SPECIES; b++) {
      const mtp_close_pair *p = &got[a * SPECIES + b];
      if (!same(p->r, want[a][b])) fail_msg("pair %d-%d: %.17g instead of %.17g", a, b, p->r, want[a][b]);
      if (isfinite(p->r)) check_pair(cfg, p, a, b, cutoff, busy);
    }
  data_must(ctx, mtp_config_smallest_distance(ctx, cfg, cutoff, &distance));
  if (!same(distance, smallest)) fail_msg("smallest distance: %.17g instead of %.17g", distance, smallest);
}

static void test_shapes(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {3};
  for (int k = 0; k < 30 * DATA_SHAPES; k++) {
    const size_t n = 1 + data_index(&random, 14);
    mtp_config *cfg = data_config(&random, (data_shape)(k % DATA_SHAPES), n, SPECIES, 2.6);
    bool busy[16] = {false};
    for (size_t i = 0; i < n; i++) busy[i] = data_index(&random, 3) == 0;
    check(ctx, cfg, data_uniform(&random, 2.0, 7.0), NULL);
    check(ctx, cfg, data_uniform(&random, 2.0, 7.0), busy);
    mtp_config_free(cfg);
  }
  mtp_context_free(ctx);
}

/* One atom, that sees itself: a distance, but no pair. */
static void test_own_image(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_config *cfg = mtp_config_new(1);
  const double cell[9] = {2.5, 0, 0, 0.4, 3.0, 0, 0, 0.2, 9.0};
  mtp_close_pair pair[SPECIES * SPECIES];
  double distance;
  memcpy(cfg->cell, cell, sizeof cell);
  for (int c = 0; c < 3; c++) cfg->periodic[c] = true;
  data_must(ctx, mtp_config_closest_pairs(ctx, cfg, 6.0, SPECIES, NULL, pair));
  for (int k = 0; k < SPECIES * SPECIES; k++) assert_true(isinf(pair[k].r));
  data_must(ctx, mtp_config_smallest_distance(ctx, cfg, 6.0, &distance));
  assert_true(same(distance, 2.5));
  data_must(ctx, mtp_config_smallest_distance(ctx, cfg, 2.4, &distance));
  assert_true(isinf(distance));
  mtp_config_free(cfg);
  mtp_context_free(ctx);
}

static void test_singular_cell(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_config *cfg = mtp_config_new(2);
  mtp_close_pair pair[SPECIES * SPECIES];
  double distance;
  for (int c = 0; c < 3; c++) cfg->periodic[c] = true, cfg->cell[3 * c] = 3.0; /* three times the same vector */
  assert_int_not_equal(mtp_config_closest_pairs(ctx, cfg, 5.0, SPECIES, NULL, pair), MTP_OK);
  assert_int_not_equal(mtp_config_smallest_distance(ctx, cfg, 5.0, &distance), MTP_OK);
  assert_true(mtp_context_message(ctx)[0] != '\0');
  mtp_config_free(cfg);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),
      cmocka_unit_test(test_own_image),
      cmocka_unit_test(test_singular_cell),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
