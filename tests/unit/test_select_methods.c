/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_select_methods.c
 * Methods of selection other than maxvol by what they promise: ranges, histograms, lots. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_select.h"

/* ---- the other methods ---- */

/* No basis function of what is left is beyond those of what is known and chosen. */
static void test_range(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 6);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  o.method = MTP_SELECT_RANGE;
  select_choose(&b, &o, b.train, NULL, 4, chosen, NULL);
  select_table known = select_make_table(&b, MTP_SELECT_BY_NEIGHBOURHOOD, b.train, true);
  select_table t = select_make_table(&b, MTP_SELECT_BY_NEIGHBOURHOOD, b.set, false);
  for (size_t k = 0; k < t.n; k++) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < known.m; i++) {
      low = fmin(low, known.row[i * t.n + k]);
      high = fmax(high, known.row[i * t.n + k]);
    }
    for (size_t i = 0; i < t.m; i++)
      if (chosen[t.owner[i]]) {
        low = fmin(low, t.row[i * t.n + k]);
        high = fmax(high, t.row[i * t.n + k]);
      }
    for (size_t i = 0; i < t.m; i++) {
      assert_true(t.row[i * t.n + k] >= low - 1e-9 * (1 + fabs(low)));
      assert_true(t.row[i * t.n + k] <= high + 1e-9 * (1 + fabs(high)));
    }
  }
  assert_true(select_count(chosen) < FRAMES);
  for (size_t k = 0; k < FRAMES; k++) { /* an atom that nothing is learned of holds no extreme */
    if (chosen[k]) continue;
    b.set->configs[k]->force_mask = data_calloc(ATOMS, 1);
    b.set->configs[k]->force_mask[k % ATOMS] = 1;
  }
  bool again[64];
  select_choose(&b, &o, b.train, NULL, 4, again, NULL);
  assert_memory_equal(again, chosen, sizeof again);
  select_table_free(&known);
  select_table_free(&t);
  select_bench_free(&b);
}

/* Ten energies near each other and four elsewhere: bins, not numbers of candidates, decide. */
static void test_histogram(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_selection s;
  for (size_t k = 0; k < FRAMES; k++) {
    b.set->configs[k]->has_energy = true;
    b.set->configs[k]->energy = ATOMS * (k < 10 ? 1e-3 * (double)k : (double)(k - 9));
  }
  o.method = MTP_SELECT_ENERGY;
  o.max = 5;
  select_choose(&b, &o, NULL, NULL, 4, chosen, &s);
  assert_true(s.by_labels);
  assert_int_equal(select_count(chosen), 5);
  for (size_t k = 10; k < FRAMES; k++) assert_true(chosen[k]);
  b.train->configs[0]->has_energy = true; /* one bin is not poor any more */
  b.train->configs[0]->energy = ATOMS * 4.0;
  o.max = 4;
  select_choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(select_count(chosen), 4);
  b.set->configs[3]->has_energy = false;
  select_choose(&b, &o, NULL, NULL, 4, chosen, &s);
  assert_false(s.by_labels);
  assert_int_equal(select_count(chosen), 4);
  select_bench_free(&b);
}

/* One exploded configuration does not put all others into one bin. */
static void test_outlier(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_config_set *large = select_make_set(&b, 60);
  mtp_config_set_free(b.set);
  b.set = large;
  for (size_t k = 0; k < 60; k++) { /* 60 * 7 moduli of forces */
    data_must(b.ctx, mtp_config_require_force(b.ctx, large->configs[k]));
    for (size_t i = 0; i < ATOMS; i++) large->configs[k]->force[3 * i] = k < 57 ? 0.1 : k == 57 ? 2 : k == 58 ? 3 : 4;
  }
  large->configs[0]->force[0] = 1e6;
  o.method = MTP_SELECT_FORCE;
  o.max = 4;
  select_choose(&b, &o, NULL, NULL, 64, chosen, NULL);
  assert_true(chosen[57] && (chosen[58] || chosen[59]));
  select_bench_free(&b);
}

static void test_chance(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  mtp_select_options o = mtp_select_defaults();
  size_t often[64] = {0};
  o.method = MTP_SELECT_RANDOM;
  o.max = 4;
  for (o.seed = 1; o.seed <= 200; o.seed++) {
    bool chosen[64];
    select_choose(&b, &o, NULL, NULL, 4, chosen, NULL);
    assert_int_equal(select_count(chosen), 4);
    for (size_t k = 0; k < FRAMES; k++) often[k] += chosen[k];
  }
  for (size_t k = 0; k < FRAMES; k++) assert_in_range(often[k], 25, 95); /* 57 +- 6.4 */
  select_bench_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_range),  cmocka_unit_test(test_histogram), cmocka_unit_test(test_outlier),
      cmocka_unit_test(test_chance), cmocka_unit_test(test_bayes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
