/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_structure_search.c
 * Random crystals: as many atoms as asked for, no two too close, as symmetric as they say, the same for a seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/symmetry.h"
#include "mtp/neighbors.h"
#include "mtp/structure_search.h"
#include "support_data.h"

static const double volumes[] = {20.0, 12.0}, distances[] = {2.2, 1.7, 1.7, 2.4};

static mtp_crystal_options options(size_t fewest, size_t most, int symmetry) {
  return (mtp_crystal_options){.species_count = 2,
                               .fewest = fewest,
                               .most = most,
                               .volume = volumes,
                               .spread = 0.2,
                               .min_dist = distances,
                               .symmetry = symmetry};
}

static mtp_config *crystal(const mtp_crystal_options *o, unsigned long long seed, int *operations) {
  mtp_config *cfg = NULL;
  data_must(NULL, mtp_crystal_random(NULL, o, seed, &cfg, operations));
  return cfg;
}

static void test_distances(void **state) {
  (void)state;
  const mtp_crystal_options o = options(1, 9, 48);
  for (unsigned long long seed = 0; seed < 300; seed++) {
    mtp_config *cfg = crystal(&o, seed, NULL);
    mtp_neighbors *nb = NULL;
    size_t count[2] = {0, 0};
    assert_in_range(cfg->n, 1, 9);
    data_must(NULL, mtp_neighbors_build(NULL, cfg, 2.5, &nb));
    for (size_t i = 0; i < cfg->n; i++) {
      count[cfg->species[i]]++;
      for (int k = 0; k < nb->count[i]; k++) {
        const int j = nb->list[i][k];
        double square = 0.0;
        for (int c = 0; c < 3; c++) square += pow(nb->x[3 * j + c] - nb->x[3 * i + (size_t)c], 2);
        assert_true(sqrt(square) > distances[2 * cfg->species[i] + nb->species[j]] - 1e-9);
      }
    }
    const double mean = ((double)count[0] * volumes[0] + (double)count[1] * volumes[1]);
    assert_true(fabs(mtp_config_volume(cfg) / mean - 1.0) < 0.2 + 1e-9);
    assert_true(cfg->n < 2 || (count[0] > 0 && count[1] > 0));
    mtp_neighbors_free(nb);
    mtp_config_free(cfg);
  }
}

static void fractional(const mtp_config *cfg, double *x) {
  double reciprocal[9];
  mtp_cell_reciprocal(cfg->cell, reciprocal);
  for (size_t i = 0; i < cfg->n; i++)
    for (size_t c = 0; c < 3; c++) x[3 * i + c] = mtp_dot(reciprocal + 3 * c, cfg->x + 3 * i);
}

/* Is there an atom of this species, but for lattice vectors? */
static bool is_there(const mtp_config *cfg, const double *x, const double at[3], int species) {
  for (size_t i = 0; i < cfg->n; i++) {
    double off = 0.0;
    for (size_t c = 0; c < 3; c++) off = fmax(off, fabs(x[3 * i + c] - at[c] - floor(x[3 * i + c] - at[c] + 0.5)));
    if (off < 1e-6 && cfg->species[i] == species) return true;
  }
  return false;
}

/* Translations that make a symmetry of the crystal out of a linear map of its fractional coordinates. */
static int count_translations(const mtp_config *cfg, const double *x, const int w[9]) {
  int count = 0;
  for (size_t j = 0; j < cfg->n; j++) {
    double t[3];
    bool all = cfg->species[j] == cfg->species[0];
    for (size_t c = 0; c < 3; c++) t[c] = x[3 * j + c] - (w[3 * c] * x[0] + w[3 * c + 1] * x[1] + w[3 * c + 2] * x[2]);
    for (size_t i = 0; i < cfg->n && all; i++) {
      const double *p = x + 3 * i;
      double at[3];
      for (size_t c = 0; c < 3; c++) at[c] = t[c] + w[3 * c] * p[0] + w[3 * c + 1] * p[1] + w[3 * c + 2] * p[2];
      all = is_there(cfg, x, at, cfg->species[i]);
    }
    count += all;
  }
  return count;
}

/* Does the map leave all distances of lattice points as they are? */
static bool is_isometry(const double cell[9], const int w[9]) {
  double mapped[9] = {0.0};
  for (int k = 0; k < 3; k++)
    for (int i = 0; i < 3; i++)
      for (int c = 0; c < 3; c++) mapped[3 * k + c] += w[3 * i + k] * cell[3 * i + c];
  for (int a = 0; a < 3; a++)
    for (int b = 0; b <= a; b++)
      if (fabs(mtp_dot(mapped + 3 * a, mapped + 3 * b) - mtp_dot(cell + 3 * a, cell + 3 * b)) > 1e-6) return false;
  return true;
}

/* All symmetries whose matrices have entries of -1, 0 and 1, which those of the groups are. */
static int count_symmetries(const mtp_config *cfg) {
  double x[3 * 16];
  int count = 0;
  fractional(cfg, x);
  for (int number = 0; number < 19683; number++) { /* 3^9 */
    int w[9];
    for (int k = 0, rest = number; k < 9; k++, rest /= 3) w[k] = rest % 3 - 1;
    if (is_isometry(cfg->cell, w)) count += count_translations(cfg, x, w);
  }
  return count;
}

static void test_symmetry(void **state) {
  (void)state;
  int seen[49] = {0}, different = 0;
  const mtp_crystal_options o = options(2, 8, 16);
  for (unsigned long long seed = 0; seed < 60; seed++) {
    int operations = 0;
    mtp_config *cfg = crystal(&o, seed, &operations);
    assert_in_range(operations, 1, 16);
    assert_true(count_symmetries(cfg) >= operations);
    different += seen[operations]++ == 0;
    mtp_config_free(cfg);
  }
  assert_true(different >= 4);
  const mtp_crystal_options none = options(6, 8, 1);
  for (unsigned long long seed = 0; seed < 10; seed++) {
    int operations = 0;
    mtp_config *cfg = crystal(&none, seed, &operations);
    assert_int_equal(operations, 1);
    assert_int_equal(count_symmetries(cfg), 1);
    mtp_config_free(cfg);
  }
}

static void test_groups(void **state) {
  (void)state;
  mtp_random random = {5};
  for (int k = 0; k < 500; k++) {
    mtp_symmetry s;
    double cell[9];
    mtp_symmetry_draw(&random, 1 + k % MTP_MOST_OPERATIONS, &s);
    mtp_symmetry_draw_cell(&random, &s, cell);
    assert_in_range(s.count, 1, 1 + k % MTP_MOST_OPERATIONS);
    for (int a = 0; a < s.count; a++) {
      int w[9];
      for (int i = 0; i < 9; i++) w[i] = s.op[a].w[i / 3][i % 3];
      assert_true(is_isometry(cell, w));
      for (int b = 0; b < a; b++) assert_memory_not_equal(&s.op[a], &s.op[b], sizeof s.op[a]);
    }
    double volume[9];
    assert_true(fabs(mtp_cell_reciprocal(cell, volume) - 1.0) < 1e-12);
  }
}

static void test_numbers(void **state) {
  (void)state;
  static const int formula[] = {1, 2};
  mtp_crystal_options o = options(3, 12, 8);
  o.formula = formula;
  bool seen[13] = {false};
  for (unsigned long long seed = 0; seed < 100; seed++) {
    mtp_config *a = crystal(&o, seed, NULL), *b = crystal(&o, seed, NULL), *other = crystal(&o, seed + 1000, NULL);
    size_t ones = 0;
    for (size_t i = 0; i < a->n; i++) ones += a->species[i] == 1;
    assert_int_equal(3 * ones, 2 * a->n);
    seen[a->n] = true;
    assert_int_equal(a->n, b->n);
    assert_memory_equal(a->x, b->x, 3 * a->n * sizeof *a->x);
    assert_memory_equal(a->cell, b->cell, sizeof a->cell);
    assert_memory_not_equal(a->cell, other->cell, sizeof a->cell);
    mtp_config_free(a);
    mtp_config_free(b);
    mtp_config_free(other);
  }
  assert_true(seen[3] && seen[6] && seen[9] && seen[12]);
}

static void expect(mtp_status wanted, const mtp_crystal_options *o) {
  mtp_config *cfg = (mtp_config *)1;
  assert_int_equal(mtp_crystal_random(NULL, o, 1, &cfg, NULL), wanted);
  assert_null(cfg);
}

static void test_refusals(void **state) {
  (void)state;
  static const int formula[] = {1, 2}, nothing[] = {0, 0};
  static const double wide[] = {5.0, 5.0, 5.0, 5.0}, none[] = {2.2, 0.0, 0.0, 2.4};
  mtp_crystal_options o = options(4, 8, 48);
  o.min_dist = wide;
  expect(MTP_ERR_NUMERIC, &o);
  o.min_dist = none;
  expect(MTP_ERR_ARGUMENT, &o);
  o = options(4, 3, 1);
  expect(MTP_ERR_ARGUMENT, &o);
  o = options(0, 3, 1);
  expect(MTP_ERR_ARGUMENT, &o);
  o = options(4, 5, 1);
  o.formula = formula;
  expect(MTP_ERR_ARGUMENT, &o);
  o.formula = nothing;
  expect(MTP_ERR_ARGUMENT, &o);
  o = options(4, 5, 49);
  expect(MTP_ERR_ARGUMENT, &o);
  o = options(4, 5, 1);
  o.spread = 1.0;
  expect(MTP_ERR_ARGUMENT, &o);
}

static void test_elements(void **state) {
  (void)state;
  assert_true(mtp_crystal_volume("Si") > 10.0 && mtp_crystal_volume("Si") < 30.0);
  assert_true(mtp_crystal_min_dist("Si", "O") > 1.2 && mtp_crystal_min_dist("Si", "O") < 1.6);
  assert_true(mtp_crystal_volume("Xx") == 0.0 && mtp_crystal_min_dist("Al", "0") == 0.0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_distances), cmocka_unit_test(test_symmetry), cmocka_unit_test(test_groups),
      cmocka_unit_test(test_numbers),   cmocka_unit_test(test_refusals), cmocka_unit_test(test_elements),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
