/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_active_set.c
 * maxvol on random rows, checked against determinants and grades from Gaussian elimination; awkward sets of rows. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/active_set.h"
#include "mtp/active_set.h"
#include "support_data.h"
#include "support_naive.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_active_set *as;
  size_t n, m;
  double *rows;
  long long *origin;
} fixture;

static void fixture_open(fixture *f, unsigned long long seed, size_t n, size_t m, double init) {
  memset(f, 0, sizeof(*f));
  f->ctx = mtp_context_new();
  f->random.state = seed;
  f->n = n;
  f->m = m;
  f->rows = data_calloc(m * n, sizeof(double));
  f->origin = data_calloc(2 * m, sizeof(*f->origin));
  for (size_t k = 0; k < m * n; k++) f->rows[k] = mtp_random_normal(&f->random);
  for (size_t i = 0; i < m; i++) {
    f->origin[2 * i] = (long long)(1000 + i);
    f->origin[2 * i + 1] = (long long)(i % 7) - 1;
  }
  data_must(f->ctx, mtp_active_set_new(f->ctx, n, MTP_MODE_NEIGHBOURHOOD, init, &f->as));
}

static void fixture_close(fixture *f) {
  mtp_active_set_free(f->as);
  free(f->rows);
  free(f->origin);
  mtp_context_free(f->ctx);
}

static void offer(fixture *f, double threshold, mtp_swap **swaps, size_t *count) {
  data_must(f->ctx, mtp_active_set_offer(f->ctx, f->as, f->m, f->rows, f->origin, threshold, swaps, count));
}

/* A inverse^T = 1, no offered row is beyond the threshold, every row is where its origin says. */
static void check_result(const fixture *f, double threshold) {
  const size_t n = f->n;
  const double *rows = mtp_active_set_rows(f->as), *inverse = mtp_active_set_inverse(f->as);
  const long long *origin = mtp_active_set_origins(f->as);
  double *gamma = data_calloc(f->m, sizeof(double)), drift = 0;
  size_t filled = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      long double sum = 0;
      for (size_t k = 0; k < n; k++) sum += (long double)rows[i * n + k] * (long double)inverse[j * n + k];
      drift = fmax(drift, fabs((double)sum - (i == j)));
    }
    filled += origin[2 * i] >= 0;
    if (origin[2 * i] < 0) {
      assert_int_equal(origin[2 * i], -1);
      assert_int_equal(origin[2 * i + 1], -1);
      continue;
    }
    const size_t source = (size_t)(origin[2 * i] - 1000);
    assert_true(source < f->m);
    assert_int_equal(origin[2 * i + 1], f->origin[2 * source + 1]);
    assert_memory_equal(rows + i * n, f->rows + source * n, n * sizeof(double));
  }
  assert_true(drift < 1e-8);
  assert_true(mtp_active_set_drift(f->as) < 1e-8);
  assert_int_equal(mtp_active_set_filled(f->as), filled);
  data_must(f->ctx, mtp_active_set_grade(f->ctx, f->as, f->m, f->rows, gamma));
  for (size_t i = 0; i < f->m; i++) assert_true(gamma[i] <= threshold * (1 + 1e-7));
  free(gamma);
}

static void test_empty(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 1, 5, 3, 1e-3);
  assert_int_equal(mtp_active_set_size(f.as), 5);
  assert_int_equal(mtp_active_set_mode(f.as), MTP_MODE_NEIGHBOURHOOD);
  assert_int_equal(mtp_active_set_filled(f.as), 0);
  assert_true(fabs(mtp_active_set_log_volume(f.as) - 5 * log(1e-3)) < 1e-10);
  assert_true(mtp_active_set_drift(f.as) < 1e-12);
  for (size_t i = 0; i < 25; i++) {
    assert_true(mtp_active_set_rows(f.as)[i] == (i % 6 ? 0 : 1e-3));
    data_expect_close("inverse", 1, &mtp_active_set_inverse(f.as)[i], &(double){i % 6 ? 0 : 1e3}, 1e-15);
  }
  for (size_t i = 0; i < 10; i++) assert_int_equal(mtp_active_set_origins(f.as)[i], -1);
  double gamma[3];
  data_must(f.ctx, mtp_active_set_grade(f.ctx, f.as, 3, f.rows, gamma));
  for (size_t i = 0; i < 3; i++) {
    const double want = data_largest(5, f.rows + 5 * i) / 1e-3;
    data_expect_close("grade", 1, &gamma[i], &want, 1e-14);
  }
  data_must(f.ctx, mtp_active_set_offer(f.ctx, f.as, 0, NULL, NULL, 1.001, NULL, NULL));
  assert_int_equal(mtp_active_set_filled(f.as), 0);
  fixture_close(&f);
}

/* Grades of all candidates from Gaussian elimination: the largest of |B A^-1|. */
static double largest_gain(size_t n, const double *active, size_t m, const double *candidates) {
  double best = 0, *x = data_calloc(n, sizeof(double));
  for (size_t i = 0; i < m; i++) {
    naive_coordinates(n, active, candidates + i * n, x);
    best = fmax(best, data_largest(n, x));
  }
  free(x);
  return best;
}

/* Every swap is replayed: it had the largest gain of all, the volume grew by it, and the displaced row was put in
 * the place of the candidate. */
static void test_swaps_replayed(void **state) {
  (void)state;
  static const size_t sizes[][2] = {{3, 60}, {8, 200}, {12, 100}, {9, 12}, {8, 5}, {1, 4}};
  for (size_t c = 0; c < sizeof(sizes) / sizeof(*sizes); c++) {
    fixture f;
    mtp_swap *swaps = NULL;
    size_t count = 0;
    const size_t n = sizes[c][0], m = sizes[c][1];
    const double init = c % 2 ? 0.3 : 1e-4, threshold = 1.01;
    fixture_open(&f, 20 + c, n, m, init);
    offer(&f, threshold, &swaps, &count);
    assert_true(count >= (m < n ? m : n));
    if (m >= 100) assert_true(count > n); /* real exchanges, not only first fillings */
    double *active = data_calloc(n * n, sizeof(double)), *candidates = data_calloc(m * n, sizeof(double));
    for (size_t i = 0; i < n; i++) active[i * n + i] = init;
    memcpy(candidates, f.rows, m * n * sizeof(double));
    double volume = naive_log_det(n, active), gains = volume;
    for (size_t s = 0; s < count; s++) {
      assert_true(swaps[s].candidate < m && swaps[s].active < n && swaps[s].gain > threshold);
      const double best = largest_gain(n, active, m, candidates);
      data_expect_close("gain of a swap", 1, &swaps[s].gain, &best, 1e-6);
      double *a = active + swaps[s].active * n, *b = candidates + swaps[s].candidate * n;
      for (size_t k = 0; k < n; k++) {
        const double held = a[k];
        a[k] = b[k];
        b[k] = held;
      }
      const double after = naive_log_det(n, active), grown = exp(after - volume);
      data_expect_close("growth of the volume", 1, &grown, &swaps[s].gain, 1e-6);
      volume = after;
      gains += log(swaps[s].gain);
    }
    assert_true(largest_gain(n, active, m, candidates) <= threshold * (1 + 1e-7));
    assert_memory_equal(active, mtp_active_set_rows(f.as), n * n * sizeof(double));
    assert_true(fabs(mtp_active_set_log_volume(f.as) - volume) < 1e-8);
    assert_true(fabs(gains - volume) < 1e-6);
    check_result(&f, threshold);
    free(swaps);
    free(active);
    free(candidates);
    fixture_close(&f);
  }
}

static void test_large(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    const double threshold = k == 0 ? 1.0000001 : k == 1 ? 1.001 : 2.0;
    fixture f;
    fixture_open(&f, 30 + (unsigned)k, 60, 700, 1e-6);
    offer(&f, threshold, NULL, NULL);
    assert_int_equal(mtp_active_set_filled(f.as), 60);
    check_result(&f, threshold);
    fixture_close(&f);
  }
}

/* More rows than are held at once. */
static void test_very_many_rows(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 35, 48, 90000, 1e-6);
  offer(&f, 1.05, NULL, NULL);
  assert_int_equal(mtp_active_set_filled(f.as), 48);
  check_result(&f, 1.05);
  fixture_close(&f);
}

/* The same swaps for any number of threads, to the last bit; tasks of 256 rows, the last one smaller. */
static void test_threads(void **state) {
  (void)state;
  enum { MOST = 3 };
  fixture f[MOST];
  for (int k = 0; k < MOST; k++) {
    fixture_open(&f[k], 31, 37, 1700, 1e-4);
    f[k].as->threads = k + 1;
    offer(&f[k], 1.001, NULL, NULL);
  }
  check_result(&f[0], 1.001);
  const size_t n = f[0].n, size = n * n * sizeof(double);
  for (int k = 1; k < MOST; k++) {
    assert_memory_equal(mtp_active_set_rows(f[k].as), mtp_active_set_rows(f[0].as), size);
    assert_memory_equal(mtp_active_set_inverse(f[k].as), mtp_active_set_inverse(f[0].as), size);
    assert_memory_equal(mtp_active_set_origins(f[k].as), mtp_active_set_origins(f[0].as), 2 * n * sizeof(long long));
  }
  for (int k = 0; k < MOST; k++) fixture_close(&f[k]);
}

/* Offered again: nothing happens; offered in parts: the volume never falls and all stay within the threshold. */
static void test_again_and_in_parts(void **state) {
  (void)state;
  fixture f;
  mtp_swap *swaps = NULL;
  size_t count = 77;
  fixture_open(&f, 40, 25, 300, 1e-6);
  double volume = mtp_active_set_log_volume(f.as);
  for (size_t part = 0; part < 6; part++) {
    data_must(f.ctx, mtp_active_set_offer(f.ctx, f.as, 50, f.rows + 50 * part * f.n, f.origin + 100 * part, 1.001, NULL,
                                          NULL));
    assert_true(mtp_active_set_log_volume(f.as) >= volume - 1e-12);
    volume = mtp_active_set_log_volume(f.as);
  }
  offer(&f, 1.001, NULL, NULL);
  assert_true(mtp_active_set_log_volume(f.as) >= volume - 1e-12);
  check_result(&f, 1.001);
  double *rows = data_calloc(f.n * f.n, sizeof(double));
  memcpy(rows, mtp_active_set_rows(f.as), f.n * f.n * sizeof(double));
  offer(&f, 1.001, &swaps, &count);
  assert_int_equal(count, 0);
  assert_memory_equal(rows, mtp_active_set_rows(f.as), f.n * f.n * sizeof(double));
  free(rows);
  free(swaps);
  fixture_close(&f);
}

/* The threshold is strict: a row that gains exactly that much stays out, one that gains more goes in. */
static void test_threshold(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_active_set *as = NULL;
  const double first[4] = {2, 0, 0, 2}, below[2] = {2.19, 1}, above[2] = {1, 2.21};
  const long long origin[4] = {0, -1, 1, -1}, late[2] = {5, 3};
  data_must(ctx, mtp_active_set_new(ctx, 2, MTP_MODE_CONFIGURATION, 1e-6, &as));
  data_must(ctx, mtp_active_set_offer(ctx, as, 2, first, origin, 1.1, NULL, NULL));
  assert_int_equal(mtp_active_set_filled(as), 2);
  data_must(ctx, mtp_active_set_offer(ctx, as, 1, below, late, 1.1, NULL, NULL));
  assert_true(fabs(mtp_active_set_log_volume(as) - log(4)) < 1e-12);
  data_must(ctx, mtp_active_set_offer(ctx, as, 1, above, late, 1.1, NULL, NULL));
  assert_true(fabs(mtp_active_set_log_volume(as) - log(4.42)) < 1e-12);
  const long long *now = mtp_active_set_origins(as);
  assert_true((now[0] == 5 && now[1] == 3) || (now[2] == 5 && now[3] == 3));
  mtp_active_set_free(as);
  mtp_context_free(ctx);
}

/* Rows of a space of dimension 4 in 10 parameters: some rows stay initial, and nothing blows up. */
static void test_rank_deficient(void **state) {
  (void)state;
  fixture f;
  double basis[40];
  fixture_open(&f, 50, 10, 80, 1e-6);
  for (size_t k = 0; k < 40; k++) basis[k] = mtp_random_normal(&f.random);
  for (size_t i = 0; i < f.m; i++) {
    memset(f.rows + i * f.n, 0, f.n * sizeof(double));
    for (size_t b = 0; b < 4; b++) {
      const double share = mtp_random_normal(&f.random);
      for (size_t k = 0; k < f.n; k++) f.rows[i * f.n + k] += share * basis[b * f.n + k];
    }
  }
  offer(&f, 1.001, NULL, NULL);
  assert_true(mtp_active_set_filled(f.as) >= 4 && mtp_active_set_filled(f.as) < 10);
  assert_true(isfinite(mtp_active_set_log_volume(f.as)));
  check_result(&f, 1.001);
  double outside[10], gamma;
  for (size_t k = 0; k < 10; k++) outside[k] = mtp_random_normal(&f.random);
  data_must(f.ctx, mtp_active_set_grade(f.ctx, f.as, 1, outside, &gamma));
  assert_true(gamma > 1e4); /* not covered */
  fixture_close(&f);
}

static void test_duplicates_and_zero_rows(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 60, 8, 40, 1e-6);
  for (size_t i = 4; i < f.m; i++) {
    memcpy(f.rows + i * f.n, f.rows + (i % 4) * f.n, f.n * sizeof(double));
    if (i % 9 == 0) memset(f.rows + i * f.n, 0, f.n * sizeof(double));
  }
  offer(&f, 1.001, NULL, NULL);
  assert_true(mtp_active_set_filled(f.as) >= 4 && mtp_active_set_filled(f.as) <= 8);
  check_result(&f, 1.001);
  for (size_t i = 0; i < f.n; i++) { /* no zero row got in */
    const long long from = mtp_active_set_origins(f.as)[2 * i];
    if (from >= 1000) assert_true(data_largest(f.n, f.rows + (size_t)(from - 1000) * f.n) > 0);
  }
  fixture_close(&f);
}

/* Parameters on scales from 1e-5 to 1e7, rows from 1e-3 to 1e3. */
static void test_scales(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 70, 12, 200, 1e-6);
  for (size_t i = 0; i < f.m; i++) {
    for (size_t k = 0; k < f.n; k++) f.rows[i * f.n + k] *= pow(10, (double)k - 5 + (double)(i % 7) - 3);
  }
  offer(&f, 1.001, NULL, NULL);
  assert_int_equal(mtp_active_set_filled(f.as), 12);
  check_result(&f, 1.001);
  fixture_close(&f);
}

static void test_copy(void **state) {
  (void)state;
  fixture f;
  mtp_active_set *copy = NULL;
  fixture_open(&f, 80, 7, 50, 1e-6);
  data_must(f.ctx, mtp_active_set_offer(f.ctx, f.as, 20, f.rows, f.origin, 1.001, NULL, NULL));
  data_must(f.ctx, mtp_active_set_copy(f.ctx, f.as, &copy));
  const double volume = mtp_active_set_log_volume(f.as);
  assert_true(mtp_active_set_log_volume(copy) == volume);
  assert_int_equal(mtp_active_set_filled(copy), mtp_active_set_filled(f.as));
  assert_int_equal(mtp_active_set_mode(copy), mtp_active_set_mode(f.as));
  assert_memory_equal(mtp_active_set_origins(copy), mtp_active_set_origins(f.as), 14 * sizeof(long long));
  assert_memory_equal(mtp_active_set_rows(copy), mtp_active_set_rows(f.as), 49 * sizeof(double));
  assert_memory_equal(mtp_active_set_inverse(copy), mtp_active_set_inverse(f.as), 49 * sizeof(double));
  for (size_t k = 0; k < f.m * f.n; k++) f.rows[k] *= 3;
  offer(&f, 1.001, NULL, NULL);
  assert_true(mtp_active_set_log_volume(f.as) > volume + 1);
  assert_true(mtp_active_set_log_volume(copy) == volume);
  mtp_active_set_free(copy);
  fixture_close(&f);
}

static void test_misuse(void **state) {
  (void)state;
  fixture f;
  mtp_active_set *none = NULL;
  double gamma[4];
  fixture_open(&f, 90, 4, 4, 1e-6);
  assert_int_not_equal(mtp_active_set_new(f.ctx, 0, MTP_MODE_CONFIGURATION, 1e-6, &none), MTP_OK);
  assert_int_not_equal(mtp_active_set_new(f.ctx, 3, MTP_MODE_CONFIGURATION, 0, &none), MTP_OK);
  assert_int_not_equal(mtp_active_set_new(f.ctx, 3, MTP_MODE_CONFIGURATION, -1, &none), MTP_OK);
  assert_int_not_equal(mtp_active_set_new(f.ctx, 3, MTP_MODE_CONFIGURATION, NAN, &none), MTP_OK);
  assert_null(none);
  assert_int_not_equal(mtp_active_set_copy(f.ctx, NULL, &none), MTP_OK);
  assert_null(none);
  assert_int_not_equal(mtp_active_set_grade(f.ctx, NULL, 1, f.rows, gamma), MTP_OK);
  assert_int_not_equal(mtp_active_set_offer(f.ctx, NULL, 1, f.rows, f.origin, 1.1, NULL, NULL), MTP_OK);
  assert_int_not_equal(mtp_active_set_offer(f.ctx, f.as, 4, f.rows, f.origin, 0.5, NULL, NULL), MTP_OK);
  f.rows[5] = NAN;
  assert_int_not_equal(mtp_active_set_offer(f.ctx, f.as, 4, f.rows, f.origin, 1.1, NULL, NULL), MTP_OK);
  f.rows[5] = INFINITY;
  assert_int_not_equal(mtp_active_set_offer(f.ctx, f.as, 4, f.rows, f.origin, 1.1, NULL, NULL), MTP_OK);
  assert_string_not_equal(mtp_context_message(f.ctx), "");
  for (size_t i = 0; i < 16; i++) assert_true(isfinite(mtp_active_set_rows(f.as)[i]));
  for (size_t i = 0; i < 16; i++) assert_true(isfinite(mtp_active_set_inverse(f.as)[i]));
  mtp_active_set_free(NULL);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_swaps_replayed),
      cmocka_unit_test(test_large),
      cmocka_unit_test(test_very_many_rows),
      cmocka_unit_test(test_threads),
      cmocka_unit_test(test_again_and_in_parts),
      cmocka_unit_test(test_threshold),
      cmocka_unit_test(test_rank_deficient),
      cmocka_unit_test(test_duplicates_and_zero_rows),
      cmocka_unit_test(test_scales),
      cmocka_unit_test(test_copy),
      cmocka_unit_test(test_misuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
