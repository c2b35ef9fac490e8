/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_neighbors.c
 * Neighbour lists against brute force over images in cells of every kind, and in the degenerate cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mtp/neighbors.h"
#include "support/support.h"

static double distance(const double *a, const double *b) {
  double r[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  return sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
}

static mtp_neighbors *build(const mtp_config *cfg, double cutoff) {
  mtp_context *ctx = mtp_context_new();
  mtp_neighbors *nb = NULL;
  if (mtp_neighbors_build(ctx, cfg, cutoff, &nb) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  mtp_context_free(ctx);
  return nb;
}

static void refuse(const mtp_config *cfg, double cutoff, const char *part) {
  mtp_context *ctx = mtp_context_new();
  mtp_neighbors *nb = NULL;
  assert_int_not_equal(mtp_neighbors_build(ctx, cfg, cutoff, &nb), MTP_OK);
  assert_null(nb);
  if (!strstr(mtp_context_message(ctx), part)) fail_msg("expected '%s' in: %s", part, mtp_context_message(ctx));
  mtp_context_free(ctx);
}

/* The promises that hold for any list: real atoms as given, every entry within reach, none twice, none that is of no
 * use, all in order. */
static void check_consistency(const mtp_config *cfg, const mtp_neighbors *nb, double cutoff) {
  assert_int_equal(nb->n, cfg->n);
  assert_memory_equal(nb->x, cfg->x, 3 * cfg->n * sizeof *cfg->x);
  int *used = calloc(nb->nall + 1, sizeof *used);
  for (size_t i = 0; i < nb->n; i++) {
    assert_int_equal(nb->owner[i], i);
    for (int k = 0; k < nb->count[i]; k++) {
      int j = nb->list[i][k];
      assert_in_range(j, 0, nb->nall - 1);
      assert_int_not_equal(j, i);
      if (k) assert_true(nb->list[i][k - 1] < j);
      assert_true(distance(nb->x + 3 * j, nb->x + 3 * i) < cutoff);
      used[j] = 1;
    }
  }
  for (size_t k = nb->n; k < nb->nall; k++) assert_true(used[k]);
  for (size_t k = 0; k < nb->nall; k++) {
    assert_in_range(nb->owner[k], 0, nb->n - 1);
    assert_int_equal(nb->species[k], cfg->species[nb->owner[k]]);
  }
  free(used);
}

/* Numbers of neighbours by brute force over `range` cells in each direction, and sums of a function of the distance
 * that would notice a wrong neighbour at equal numbers. */
static void brute_force(const mtp_config *cfg, double cutoff, int range, int *count, double *sum) {
  for (size_t i = 0; i < cfg->n; i++) {
    count[i] = 0;
    sum[i] = 0;
    for (size_t j = 0; j < cfg->n; j++)
      for (int a = -range * cfg->periodic[0]; a <= range * cfg->periodic[0]; a++)
        for (int b = -range * cfg->periodic[1]; b <= range * cfg->periodic[1]; b++)
          for (int c = -range * cfg->periodic[2]; c <= range * cfg->periodic[2]; c++) {
            double x[3];
            for (int d = 0; d < 3; d++)
              x[d] = cfg->x[3 * j + (size_t)d] + a * cfg->cell[d] + b * cfg->cell[3 + d] + c * cfg->cell[6 + d];
            double r = distance(x, cfg->x + 3 * i);
            if ((i == j && !a && !b && !c) || r >= cutoff) continue;
            count[i]++;
            sum[i] += (x[0] - cfg->x[3 * i]) * (1 + r) + r * r * (x[1] + 2 * x[2] - cfg->x[3 * i + 1]);
          }
  }
}

static void compare_with_brute_force(const mtp_config *cfg, double cutoff, int range) {
  mtp_neighbors *nb = build(cfg, cutoff);
  check_consistency(cfg, nb, cutoff);
  int *count = calloc(cfg->n, sizeof *count);
  double *sum = calloc(cfg->n, sizeof *sum);
  brute_force(cfg, cutoff, range, count, sum);
  for (size_t i = 0; i < cfg->n; i++) {
    assert_int_equal(nb->count[i], count[i]);
    double s = 0;
    for (int k = 0; k < nb->count[i]; k++) {
      const double *x = nb->x + 3 * nb->list[i][k], *xi = nb->x + 3 * i;
      double r = distance(x, xi);
      s += (x[0] - xi[0]) * (1 + r) + r * r * (x[1] + 2 * x[2] - xi[1]);
    }
    assert_true(fabs(s - sum[i]) < 1e-7 * (1 + fabs(sum[i]) + cutoff * cutoff * cutoff * count[i]));
  }
  free(count);
  free(sum);
  mtp_neighbors_free(nb);
}

static double uniform(mtp_random *random, double low, double high) {
  return low + (high - low) * mtp_random_uniform(random);
}

static mtp_config *random_cell(mtp_random *random, size_t n, double spread) {
  mtp_config *cfg = mtp_config_new(n);
  for (int d = 0; d < 3; d++) {
    cfg->periodic[d] = mtp_random_uniform(random) < 0.8;
    for (int a = 0; a < 3 && cfg->periodic[d]; a++)
      cfg->cell[3 * d + a] = (a == d ? uniform(random, 4, 7) : 0) + uniform(random, -1.4, 1.4);
  }
  for (size_t i = 0; i < n; i++) {
    cfg->species[i] = (int)(i % 3);
    for (int a = 0; a < 3; a++) cfg->x[3 * i + (size_t)a] = uniform(random, -spread, 6 + spread);
  }
  return cfg;
}

/* Cells of all periodicities; atoms inside, around and several cells away. */
static void test_random_cells(void **state) {
  (void)state;
  mtp_random random = {11};
  for (int k = 0; k < 400; k++) {
    mtp_config *cfg = random_cell(&random, 1 + (size_t)(6 * mtp_random_uniform(&random)), k % 3 ? 2 : 8);
    compare_with_brute_force(cfg, uniform(&random, 1, 5), 14);
    mtp_config_free(cfg);
  }
}

/* The same lattice by ever more skewed vectors has the same neighbours. */
static void test_skewed_lattice(void **state) {
  (void)state;
  mtp_random random = {5};
  mtp_config *cfg = mtp_config_new(4);
  static const double cell[9] = {4.1, 0.3, 0.2, 0.1, 3.7, -0.4, 0.7, 0.2, 4.4};
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  memcpy(cfg->cell, cell, sizeof cell);
  for (int i = 0; i < 12; i++) cfg->x[i] = uniform(&random, 0, 4);
  mtp_neighbors *first = build(cfg, 5.2);
  assert_true(first->count[0] > 20);
  for (int round = 0; round < 60; round++) {
    int d = (int)(3 * mtp_random_uniform(&random)), e = (d + 1 + (int)(2 * mtp_random_uniform(&random))) % 3;
    int times = (int)uniform(&random, -3, 4);
    if (fabs(cfg->cell[3 * d]) > 1e5) break;
    for (int a = 0; a < 3; a++) cfg->cell[3 * d + a] += times * cfg->cell[3 * e + a];
    mtp_neighbors *nb = build(cfg, 5.2);
    check_consistency(cfg, nb, 5.2);
    for (int i = 0; i < 4; i++) assert_int_equal(nb->count[i], first->count[i]);
    assert_int_equal(nb->nall, first->nall);
    mtp_neighbors_free(nb);
  }
  mtp_neighbors_free(first);
  mtp_config_free(cfg);
}

/* Three vectors that pairwise look well but are nearly coplanar. */
static void test_flat_lattice(void **state) {
  (void)state;
  mtp_config *cfg = mtp_config_new(1);
  static const double cell[9] = {4, 0, 0.02, -2, 3.4, 0.5, -2, -3.4, 0.1};
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  memcpy(cfg->cell, cell, sizeof cell);
  compare_with_brute_force(cfg, 2.0, 12);
  mtp_config_free(cfg);
}

/* Thinner than the cutoff: an atom sees many images of itself. */
static void test_thin_cell(void **state) {
  (void)state;
  mtp_config *cfg = mtp_config_new(1);
  cfg->cell[0] = 0.9;
  cfg->cell[4] = cfg->cell[8] = 3;
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  compare_with_brute_force(cfg, 5.0, 8);
  cfg->periodic[1] = cfg->periodic[2] = false;
  mtp_neighbors *nb = build(cfg, 5.0);
  assert_int_equal(nb->count[0], 10);
  assert_int_equal(nb->nall, 11);
  mtp_neighbors_free(nb);
  mtp_config_free(cfg);
}

/* The cutoff itself is outside. */
static void test_strict_cutoff(void **state) {
  (void)state;
  mtp_config *cfg = mtp_config_new(1);
  for (int d = 0; d < 3; d++) {
    cfg->cell[4 * d] = 3;
    cfg->periodic[d] = true;
  }
  mtp_neighbors *nb = build(cfg, 3.0);
  assert_int_equal(nb->count[0], 0);
  assert_int_equal(nb->nall, 1);
  mtp_neighbors_free(nb);
  nb = build(cfg, 3.0 + 4 * DBL_EPSILON);
  assert_int_equal(nb->count[0], 6);
  mtp_neighbors_free(nb);
  mtp_config_free(cfg);
}

static void test_few_atoms(void **state) {
  (void)state;
  mtp_config *none = mtp_config_new(0), *one = mtp_config_new(1), *two = mtp_config_new(2);
  mtp_neighbors *nb = build(none, 5);
  assert_int_equal(nb->nall, 0);
  mtp_neighbors_free(nb);
  nb = build(one, 5);
  assert_int_equal(nb->nall, 1);
  assert_int_equal(nb->count[0], 0);
  mtp_neighbors_free(nb);
  two->x[3] = 1e9; /* far apart without a cell: must not take memory by the distance */
  nb = build(two, 5);
  assert_int_equal(nb->count[0] + nb->count[1], 0);
  mtp_neighbors_free(nb);
  two->x[3] = 0; /* on top of each other */
  nb = build(two, 5);
  assert_int_equal(nb->count[0], 1);
  assert_int_equal(nb->list[1][0], 0);
  mtp_neighbors_free(nb);
  mtp_config_free(none);
  mtp_config_free(one);
  mtp_config_free(two);
}

/* Neighbours do not depend on the cell in which an atom happens to be stored. */
static void test_atoms_far_outside(void **state) {
  (void)state;
  mtp_random random = {3};
  mtp_config *cfg = mtp_config_new(20);
  for (int d = 0; d < 3; d++) {
    cfg->cell[4 * d] = 7;
    cfg->periodic[d] = true;
  }
  for (int i = 0; i < 60; i++) cfg->x[i] = uniform(&random, 0, 7);
  mtp_neighbors *inside = build(cfg, 4);
  for (int i = 0; i < 60; i++) cfg->x[i] += 7 * floor(uniform(&random, -1000, 1000));
  mtp_neighbors *outside = build(cfg, 4);
  check_consistency(cfg, outside, 4);
  for (int i = 0; i < 20; i++) assert_int_equal(inside->count[i], outside->count[i]);
  mtp_neighbors_free(inside);
  mtp_neighbors_free(outside);
  mtp_config_free(cfg);
}

static void test_refusals(void **state) {
  (void)state;
  mtp_config *cfg = mtp_config_new(2);
  refuse(cfg, 0, "cutoff");
  refuse(cfg, NAN, "cutoff");
  cfg->x[4] = NAN;
  refuse(cfg, 5, "coordinate y of atom 2");
  cfg->x[4] = INFINITY;
  refuse(cfg, 5, "coordinate y of atom 2");
  cfg->x[4] = 1;
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  refuse(cfg, 5, "no lattice vector");
  for (int k = 0; k < 9; k++) cfg->cell[k] = k + 1; /* determinant zero */
  refuse(cfg, 5, "singular");
  cfg->cell[0] = INFINITY;
  refuse(cfg, 5, "lattice vector 1");
  for (int k = 0; k < 9; k++) cfg->cell[k] = k % 4 ? 0 : 1e-7;
  refuse(cfg, 5, "too thin");
  mtp_config_free(cfg);
}

/* Linear scaling: ten times the atoms take about ten times as long, where a search over pairs takes a hundred. */
static void test_scaling(void **state) {
  (void)state;
  double best[2] = {1e9, 1e9};
  for (int size = 0; size < 2; size++) {
    size_t n = size ? 40000 : 4000;
    double length = cbrt((double)n / 0.06);
    mtp_random random = {9};
    mtp_config *cfg = mtp_config_new(n);
    for (int d = 0; d < 3; d++) {
      cfg->cell[4 * d] = length;
      cfg->periodic[d] = true;
    }
    for (size_t i = 0; i < 3 * n; i++) cfg->x[i] = uniform(&random, 0, length);
    for (int k = 0; k < 3; k++) {
      clock_t start = clock(); /* of the processor, which others use as well */
      mtp_neighbors *nb = build(cfg, 5);
      best[size] = fmin(best[size], (double)(clock() - start) / CLOCKS_PER_SEC);
      mtp_neighbors_free(nb);
    }
    mtp_config_free(cfg);
  }
  print_message("4000 atoms: %.4f s, 40000 atoms: %.4f s\n", best[0], best[1]);
  assert_true(best[1] < 50 * best[0]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_random_cells),      cmocka_unit_test(test_skewed_lattice),
      cmocka_unit_test(test_flat_lattice),      cmocka_unit_test(test_thin_cell),
      cmocka_unit_test(test_strict_cutoff),     cmocka_unit_test(test_few_atoms),
      cmocka_unit_test(test_atoms_far_outside), cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_scaling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
