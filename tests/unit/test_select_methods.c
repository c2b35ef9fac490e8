/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_select_methods.c
 * Methods of selection other than maxvol by what they promise: ranges, histograms, lots, and the posterior against
 * dense algebra. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/posterior.h"
#include "mtp/weights.h"
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

/* Labels of the potential, with errors. */
static mtp_config_set *make_labels(select_bench *b, size_t n) {
  mtp_config_set *set = select_make_set(b, 0);
  for (size_t k = 0; k < n; k++) {
    mtp_config *cfg = data_config(&b->random, DATA_ORTHOGONAL, ATOMS, 2, 2.6);
    data_append_labelled(b->ctx, set, b->pot, cfg);
    mtp_config_free(cfg);
    for (size_t i = 0; i < 3 * ATOMS; i++) set->configs[k]->force[i] += data_uniform(&b->random, -0.1, 0.1);
  }
  return set;
}

/* to[m] = c row, and row c row */
static double multiply(size_t m, const double *c, const double *row, double *to) {
  double sum = 0;
  for (size_t i = 0; i < m; i++) {
    to[i] = 0;
    for (size_t j = 0; j < m; j++) to[i] += c[i * m + j] * row[j];
    sum += row[i] * to[i];
  }
  return sum;
}

/* Of a covariance matrix, the frame with the atom whose force has the largest variance; then a row after the other
 * becomes known. */
static size_t choose_and_learn(const select_table *t, const bool *chosen, double noise, double *c, double *largest) {
  const size_t m = t->n;
  double *to = data_calloc(m, sizeof *to);
  size_t best = SIZE_MAX;
  *largest = 0;
  for (size_t i = 0; i < t->m; i += 3) {
    double sum = 0;
    for (size_t k = i; k < i + 3; k++) sum += multiply(m, c, t->row + k * m, to);
    if (chosen[t->owner[i]] || !(sum > *largest)) continue;
    *largest = sum;
    best = (size_t)t->owner[i];
  }
  for (size_t i = 0; i < t->m; i++) {
    if (t->owner[i] != (long)best) continue;
    const double all = noise * noise + multiply(m, c, t->row + i * m, to);
    for (size_t k = 0; k < m * m; k++) c[k] -= to[k / m] * to[k % m] / all;
  }
  free(to);
  return best;
}

/* Rows of forces alone, without their weight. */
static select_table make_force_table(select_bench *b) {
  select_table t = select_make_table(b, MTP_SELECT_BY_FORCES, b->set, false);
  const double weight = sqrt(mtp_weights_default().force);
  size_t kept = 0;
  for (size_t k = 0, at = 0; k < b->set->n; at += select_rows_of(MTP_SELECT_BY_FORCES, b->set->configs[k++]))
    for (size_t i = select_rows_of(MTP_SELECT_BY_FORCES, b->set->configs[k]) - 3 * ATOMS;
         i < select_rows_of(MTP_SELECT_BY_FORCES, b->set->configs[k]); i++, kept++) {
      for (size_t c = 0; c < t.n; c++) t.row[kept * t.n + c] = t.row[(at + i) * t.n + c] / weight;
      t.owner[kept] = (long)k;
    }
  t.m = kept;
  return t;
}

static void expect_greedy(select_bench *b, const mtp_posterior *p, const bool *got, size_t max,
                          const mtp_selection *s) {
  const size_t m = mtp_posterior_size(p);
  const double *f = mtp_posterior_factor(p), noise = mtp_posterior_noise(p).force;
  select_table t = make_force_table(b);
  assert_int_equal(m, t.n);
  double *c = data_calloc(m * m, sizeof *c), largest;
  bool want[64] = {false};
  for (size_t k = 0; k < m * m; k++)
    for (size_t i = 0; i < m; i++) c[k] += f[i * m + k / m] * f[i * m + k % m];
  for (size_t k = 0; k < max; k++) {
    want[choose_and_learn(&t, want, noise, c, &largest)] = true;
    if (k == 0) assert_float_equal(s->largest, sqrt(largest / 3) / noise, 1e-6 * s->largest);
  }
  if (memcmp(got, want, FRAMES * sizeof *got) != 0) select_print_both(got, want);
  assert_memory_equal(got, want, FRAMES * sizeof *got);
  free(c);
  select_table_free(&t);
}

static void test_bayes(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 6);
  mtp_config_set *train = make_labels(&b, 12);
  size_t order[FRAMES];
  bool got[64], again[64];
  mtp_selection s;
  mtp_posterior *p = NULL;
  mtp_select_options o = mtp_select_defaults();
  for (size_t k = 0; k < FRAMES; k++) order[k] = (5 * k + 3) % FRAMES;
  data_must(b.ctx, mtp_posterior_train(b.ctx, b.pot, train, NULL, 1, &p));
  o.method = MTP_SELECT_BAYES;
  for (o.max = 1; o.max < 8; o.max += 2) {
    o.memory = 1e9;
    select_choose(&b, &o, train, NULL, 4, got, &s);
    assert_true(s.has_grades);
    expect_greedy(&b, p, got, o.max, &s);
    o.threads = 2;
    o.memory = 0; /* a few are held at a time */
    select_choose(&b, &o, train, order, 3, again, NULL);
    assert_memory_equal(got, again, sizeof got);
  }
  o.max = 60;
  select_choose(&b, &o, train, NULL, 4, got, &s);
  assert_int_equal(s.count, FRAMES);
  o.max = 3; /* what the potential carries does for them */
  select_choose(&b, &o, train, NULL, 4, got, NULL);
  data_must(b.ctx, mtp_posterior_stamp(b.ctx, p, b.pot));
  select_choose(&b, &o, NULL, NULL, 4, again, NULL);
  assert_memory_equal(got, again, sizeof got);
  mtp_posterior_free(p);
  mtp_config_set_free(train);
  select_bench_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_range),  cmocka_unit_test(test_histogram), cmocka_unit_test(test_outlier),
      cmocka_unit_test(test_chance), cmocka_unit_test(test_bayes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
