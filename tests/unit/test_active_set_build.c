/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_active_set_build.c
 * Active sets of whole training sets, and their files. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "learn/active_set.h"
#include "mtp/active_set.h"
#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_naive.h"

#define THRESHOLD 1.001

typedef data_training fixture;

/* Rows of the set by the oracle: where each comes from, and that no grade exceeds the threshold. */
static void check_set(fixture *f, const mtp_active_set *as, mtp_mode mode) {
  const size_t n = f->pot->nparams;
  const long long *origin = mtp_active_set_origins(as);
  assert_int_equal(mtp_active_set_size(as), n);
  assert_int_equal(mtp_active_set_mode(as), mode);
  /* nothing but rounding: initial rows are tiny, so the inverse is large */
  const double size = data_largest(n * n, mtp_active_set_rows(as)) * data_largest(n * n, mtp_active_set_inverse(as));
  assert_true(mtp_active_set_drift(as) < 1e-14 * fmax(size, 1e4));
  size_t filled = 0;
  for (size_t k = 0; k < f->set->n; k++) {
    naive_result *res = naive_config(f->pot, f->set->configs[k]);
    const size_t rows = mode == MTP_MODE_CONFIGURATION ? 1 : res->n;
    for (size_t p = 0; p < n; p++) res->gradient[p] /= (double)res->n;
    const double *candidates = mode == MTP_MODE_CONFIGURATION ? res->gradient : res->rows;
    double *gamma = data_calloc(rows, sizeof(double));
    data_must(f->ctx, mtp_active_set_grade(f->ctx, as, rows, candidates, gamma));
    for (size_t i = 0; i < rows; i++) assert_true(gamma[i] <= THRESHOLD * (1 + 1e-6));
    for (size_t i = 0; i < n; i++) {
      if (origin[2 * i] != (long long)k) continue;
      const long long atom = origin[2 * i + 1];
      assert_true(mode == MTP_MODE_CONFIGURATION ? atom == -1 : atom >= 0 && atom < (long long)res->n);
      const double *want = mode == MTP_MODE_CONFIGURATION ? res->gradient : res->rows + (size_t)atom * n;
      data_expect_close("an active row", n, mtp_active_set_rows(as) + i * n, want, 1e-10);
      filled++;
    }
    free(gamma);
    naive_result_free(res);
  }
  assert_int_equal(mtp_active_set_filled(as), filled);
  assert_true(filled > (mode == MTP_MODE_CONFIGURATION ? f->set->n / 2 : n / 2));
}

static void test_build(void **state) {
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    fixture f;
    mtp_active_set *as = NULL, *again = NULL;
    data_training_open(&f, 5 + (unsigned)mode, 24);
    data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, (mtp_mode)mode, THRESHOLD, NULL, &as));
    check_set(&f, as, (mtp_mode)mode);
    data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, (mtp_mode)mode, THRESHOLD, as, &again));
    check_set(&f, again, (mtp_mode)mode);
    /* from a good start the volume is not worse by more than what one swap may leave */
    assert_true(mtp_active_set_log_volume(again) > mtp_active_set_log_volume(as) - 0.5);
    mtp_active_set_free(again);
    mtp_active_set_free(as);
    data_training_close(&f);
  }
}

/* The set grows, the parameters change: the old active set is a start for the new one. */
static void test_build_from_an_older_set(void **state) {
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    fixture f;
    mtp_active_set *old = NULL, *as = NULL;
    data_training_open(&f, 15, 12);
    data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, (mtp_mode)mode, THRESHOLD, NULL, &old));
    double *theta = data_calloc(f.pot->nparams, sizeof(double));
    for (size_t p = 0; p < f.pot->nparams; p++) theta[p] = f.pot->params[p] * data_uniform(&f.random, 0.9, 1.1);
    data_must(f.ctx, mtp_potential_set_parameters(f.ctx, f.pot, theta));
    free(theta);
    for (int k = 0; k < 10; k++) {
      mtp_config *cfg = data_config(&f.random, DATA_CLUSTER, 7, 2, 2.5);
      data_append_labelled(f.ctx, f.set, f.pot, cfg);
      mtp_config_free(cfg);
    }
    data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, (mtp_mode)mode, THRESHOLD, old, &as));
    check_set(&f, as, (mtp_mode)mode);
    mtp_active_set_free(old);
    mtp_active_set_free(as);
    data_training_close(&f);
  }
}

static void expect_same_file(const char *a, const char *b) {
  char *first, *second;
  size_t first_size, second_size;
  data_must(NULL, mtp_file_read(NULL, a, &first, &first_size));
  data_must(NULL, mtp_file_read(NULL, b, &second, &second_size));
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  free(first);
  free(second);
}

static void test_write_and_read(void **state) {
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    fixture f;
    mtp_active_set *as = NULL, *back = NULL;
    mtp_potential *pot = NULL;
    char *folder = data_folder_new(), *first = data_path(folder, "a.almtp"), *second = data_path(folder, "b.almtp");
    data_training_open(&f, 25, 20);
    const size_t n = f.pot->nparams;
    data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, (mtp_mode)mode, THRESHOLD, NULL, &as));
    data_must(f.ctx, mtp_active_set_write(f.ctx, as, f.pot, first));
    data_must(f.ctx, mtp_potential_read(f.ctx, first, &pot));
    assert_memory_equal(pot->params, f.pot->params, n * sizeof(double));
    data_must(f.ctx, mtp_active_set_read(f.ctx, first, pot, &back));
    assert_non_null(back);
    assert_int_equal(mtp_active_set_mode(back), mode);
    assert_int_equal(mtp_active_set_filled(back), mtp_active_set_filled(as));
    assert_memory_equal(mtp_active_set_rows(back), mtp_active_set_rows(as), n * n * sizeof(double));
    assert_memory_equal(mtp_active_set_inverse(back), mtp_active_set_inverse(as), n * n * sizeof(double));
    for (size_t i = 0; i < n; i++) { /* numbers of configurations may change, the atoms not */
      assert_int_equal(mtp_active_set_origins(back)[2 * i + 1], mtp_active_set_origins(as)[2 * i + 1]);
    }
    data_must(f.ctx, mtp_active_set_write(f.ctx, back, pot, second));
    expect_same_file(first, second);

    /* without an active set it is a potential, and there is none to read */
    mtp_active_set *none = NULL;
    data_must(f.ctx, mtp_active_set_write(f.ctx, NULL, pot, second));
    data_must(f.ctx, mtp_active_set_read(f.ctx, second, pot, &none));
    assert_null(none);
    mtp_active_set_free(as);
    mtp_active_set_free(back);
    mtp_potential_free(pot);
    free(first);
    free(second);
    data_folder_remove(folder);
    data_training_close(&f);
  }
}

/* Every cut of a file is refused with a message, or (in the potential's part) by the potential's reader. */
static void test_cut_files(void **state) {
  (void)state;
  fixture f;
  mtp_active_set *as = NULL;
  char *folder = data_folder_new(), *path = data_path(folder, "a.almtp"), *cut = data_path(folder, "cut.almtp"), *data;
  size_t size;
  data_training_open(&f, 35, 4);
  data_must(f.ctx, mtp_active_set_build(f.ctx, f.pot, f.set, MTP_MODE_NEIGHBOURHOOD, THRESHOLD, NULL, &as));
  data_must(f.ctx, mtp_active_set_write(f.ctx, as, f.pot, path));
  mtp_active_set_free(as);
  data_must(f.ctx, mtp_file_read(f.ctx, path, &data, &size));
  const char *tag = memchr(data, '#', size);
  assert_non_null(tag);
  const size_t begin = (size_t)(tag - data);
  for (size_t k = 0; k < 60; k++) {
    const size_t keep = k < 30 ? begin + 1 + 7 * k : begin + (size - begin) * (k - 29) / 31;
    data_must(f.ctx, mtp_file_replace(f.ctx, cut, data, keep));
    as = NULL;
    assert_int_not_equal(mtp_active_set_read(f.ctx, cut, f.pot, &as), MTP_OK);
    assert_null(as);
    assert_non_null(strstr(mtp_context_message(f.ctx), "cut.almtp"));
  }
  free(data);
  free(path);
  free(cut);
  data_folder_remove(folder);
  data_training_close(&f);
}

static void test_misuse(void **state) {
  (void)state;
  fixture f;
  mtp_active_set *as = NULL;
  data_training_open(&f, 45, 3);
  assert_int_not_equal(mtp_active_set_build(f.ctx, NULL, f.set, MTP_MODE_CONFIGURATION, 1.1, NULL, &as), MTP_OK);
  assert_int_not_equal(mtp_active_set_build(f.ctx, f.pot, NULL, MTP_MODE_CONFIGURATION, 1.1, NULL, &as), MTP_OK);
  assert_int_not_equal(mtp_active_set_build(f.ctx, f.pot, f.set, MTP_MODE_CONFIGURATION, 0.9, NULL, &as), MTP_OK);
  assert_null(as);
  assert_int_not_equal(mtp_active_set_read(f.ctx, "/nonexistent/file.almtp", f.pot, &as), MTP_OK);
  assert_null(as);
  f.set->configs[1]->species[0] = 7;
  assert_int_not_equal(mtp_active_set_build(f.ctx, f.pot, f.set, MTP_MODE_CONFIGURATION, 1.1, NULL, &as), MTP_OK);
  assert_null(as);
  data_training_close(&f);
}

/* ---- rows of the linear coefficients ---- */

/* gamma of row b by the m columns of A from `first` on, in extended precision: b = z A is solved by elimination. */
static double naive_grade(const mtp_active_set *as, size_t first, const double *row) {
  const size_t n = mtp_active_set_size(as), m = n - first;
  long double *a = data_calloc(m * (m + 1), sizeof *a), largest = 0;
  for (size_t i = 0; i < m; i++) { /* A^T z = b */
    for (size_t k = 0; k < m; k++) a[i * (m + 1) + k] = mtp_active_set_rows(as)[(first + k) * n + first + i];
    a[i * (m + 1) + m] = row[first + i];
  }
  for (size_t c = 0; c < m; c++) {
    size_t best = c;
    for (size_t i = c; i < m; i++)
      if (fabsl(a[i * (m + 1) + c]) > fabsl(a[best * (m + 1) + c])) best = i;
    for (size_t k = 0; k <= m; k++) {
      const long double t = a[c * (m + 1) + k];
      a[c * (m + 1) + k] = a[best * (m + 1) + k];
      a[best * (m + 1) + k] = t;
    }
    for (size_t i = 0; i < m; i++) {
      if (i == c) continue;
      const long double factor = a[i * (m + 1) + c] / a[c * (m + 1) + c];
      for (size_t k = c; k <= m; k++) a[i * (m + 1) + k] -= factor * a[c * (m + 1) + k];
    }
  }
  for (size_t i = 0; i < m; i++) {
    const long double z = fabsl(a[i * (m + 1) + m] / a[i * (m + 1) + i]);
    if (z > largest) largest = z;
  }
  free(a);
  return (double)largest;
}

/* Volume of the last m rows and columns alone. */
static double naive_volume(const mtp_active_set *as, size_t first) {
  const size_t n = mtp_active_set_size(as), m = n - first;
  double *a = data_calloc(m * m, sizeof *a);
  for (size_t i = 0; i < m; i++) memcpy(a + i * m, mtp_active_set_rows(as) + (first + i) * n + first, m * sizeof *a);
  const double volume = (double)naive_log_det(m, a);
  free(a);
  return volume;
}

/* Rows that are asked for beside grades by the linear coefficients are whole, and the grades are the same. */
static void check_rows_beside(fixture *f, mtp_evaluator *ev, const mtp_config *cfg, const naive_result *want) {
  const size_t n = f->pot->nparams;
  mtp_neighbors *nb = NULL;
  data_must(f->ctx, mtp_neighbors_build(f->ctx, cfg, mtp_potential_cutoff(f->pot), &nb));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {.rows = data_calloc(cfg->n * n, sizeof(double)), .grade = data_calloc(nb->nall, sizeof(double))};
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, ev, &atoms, NULL, &out));
  data_expect_close("rows beside linear grades", cfg->n * n, out.rows, want->rows, 1e-10);
  data_expect_close("linear grades beside rows", cfg->n, out.grade, cfg->grade, 1e-12);
  assert_float_equal(out.max_grade, cfg->max_grade, 1e-12 * cfg->max_grade);
  free(out.rows);
  free(out.grade);
  mtp_neighbors_free(nb);
}

/* What the library and an evaluator say of configurations, against the compact matrix. */
static void check_linear_grades(fixture *f, const mtp_active_set *as, mtp_mode mode) {
  const size_t n = f->pot->nparams, first = n - mtp_active_set_columns(as);
  mtp_evaluator *ev = NULL;
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &ev));
  data_must(f->ctx, mtp_evaluator_set_active_set(f->ctx, ev, as));
  for (size_t k = 0; k < f->set->n; k += 3) {
    naive_result *res = naive_config(f->pot, f->set->configs[k]);
    mtp_config *cfg = mtp_config_copy(f->set->configs[k]);
    const size_t rows = mode == MTP_MODE_CONFIGURATION ? 1 : res->n;
    for (size_t p = 0; p < n; p++) res->gradient[p] /= (double)res->n;
    const double *candidates = mode == MTP_MODE_CONFIGURATION ? res->gradient : res->rows;
    double *gamma = data_calloc(rows, sizeof(double)), *want = data_calloc(rows, sizeof(double));
    for (size_t i = 0; i < rows; i++) want[i] = naive_grade(as, first, candidates + i * n);
    data_must(f->ctx, mtp_active_set_grade(f->ctx, as, rows, candidates, gamma));
    data_expect_close("linear grades", rows, gamma, want, 1e-6);
    data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, cfg, 1));
    if (mode == MTP_MODE_CONFIGURATION)
      data_expect_close("grade of a configuration", 1, &cfg->max_grade, want, 1e-6);
    else {
      data_expect_close("grades of atoms", rows, cfg->grade, want, 1e-6);
      check_rows_beside(f, ev, cfg, res);
    }
    free(gamma);
    free(want);
    mtp_config_free(cfg);
    naive_result_free(res);
  }
  mtp_evaluator_free(ev);
}

static void check_linear(fixture *f, const mtp_active_set *as, mtp_mode mode) {
  const size_t n = f->pot->nparams, m = 2 + (size_t)mtp_potential_scalar_count(f->pot), first = n - m;
  assert_int_equal(mtp_active_set_kind(as), MTP_ROWS_LINEAR);
  assert_int_equal(mtp_active_set_size(as), n);
  assert_int_equal(mtp_active_set_columns(as), m);
  assert_true(mtp_active_set_filled(as) <= m);
  assert_true(mtp_active_set_filled(as) > m / 2);
  assert_true(isfinite(mtp_active_set_log_volume(as)));
  assert_true(fabs(mtp_active_set_log_volume(as) - naive_volume(as, first)) < 1e-6);
  for (size_t i = 0; i < first; i++) assert_int_equal(mtp_active_set_origins(as)[2 * i], -1);
  for (size_t k = 0; k < f->set->n; k++) { /* nothing in the set extrapolates */
    naive_result *res = naive_config(f->pot, f->set->configs[k]);
    const size_t rows = mode == MTP_MODE_CONFIGURATION ? 1 : res->n;
    for (size_t p = 0; p < n; p++) res->gradient[p] /= (double)res->n;
    for (size_t i = 0; i < rows; i++)
      assert_true(naive_grade(as, first, mode == MTP_MODE_CONFIGURATION ? res->gradient : res->rows + i * n) <
                  THRESHOLD * (1 + 1e-5));
    naive_result_free(res);
  }
  check_linear_grades(f, as, mode);
}

static void test_linear_rows(void **state) {
  (void)state;
  for (int mode = 0; mode < 2; mode++) {
    fixture f;
    mtp_active_set *as = NULL, *back = NULL, *copy = NULL, *again = NULL, *all = NULL;
    char *folder = data_folder_new(), *path = data_path(folder, "linear.almtp");
    data_training_open(&f, 55 + (unsigned)mode, 30);
    const mtp_mode m = (mtp_mode)mode;
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, f.set, m, MTP_ROWS_LINEAR, THRESHOLD, NULL, &as));
    check_linear(&f, as, m);
    data_must(f.ctx, mtp_active_set_write(f.ctx, as, f.pot, path));
    data_must(f.ctx, mtp_active_set_read(f.ctx, path, f.pot, &back));
    check_linear(&f, back, m);
    assert_int_equal(mtp_active_set_filled(back), mtp_active_set_filled(as));
    data_must(f.ctx, mtp_active_set_copy(f.ctx, as, &copy));
    check_linear(&f, copy, m);
    /* from a set of its kind it goes on, from one of the other kind it does not */
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, f.set, m, MTP_ROWS_LINEAR, THRESHOLD, as, &again));
    check_linear(&f, again, m);
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, f.set, m, MTP_ROWS_ALL, THRESHOLD, as, &all));
    assert_int_equal(mtp_active_set_kind(all), MTP_ROWS_ALL);
    assert_int_equal(mtp_active_set_columns(all), f.pot->nparams);
    check_set(&f, all, m);
    mtp_active_set_free(all);
    mtp_active_set_free(again);
    mtp_active_set_free(copy);
    mtp_active_set_free(back);
    mtp_active_set_free(as);
    free(path);
    data_folder_remove(folder);
    data_training_close(&f);
  }
}

static void change_coefficients(fixture *f) {
  double *theta = data_calloc(f->pot->nparams, sizeof(double));
  for (size_t p = 0; p < f->pot->nparams; p++) {
    const bool linear = p >= mtp_offset_species(f->pot);
    theta[p] = f->pot->params[p] * (linear ? data_uniform(&f->random, 0.9, 1.1) : 1.0);
  }
  data_must(f->ctx, mtp_potential_set_parameters(f->ctx, f->pot, theta));
  free(theta);
}

/* Offered alone, what is new finds its place: nothing of it extrapolates, and what stays is what it was, at the present
 * coefficients. */
static void check_grown(fixture *f, const mtp_active_set *as, size_t first, mtp_rows rows) {
  const size_t n = f->pot->nparams, skip = rows == MTP_ROWS_LINEAR ? mtp_offset_species(f->pot) : 0;
  const long long *origin = mtp_active_set_origins(as);
  assert_int_equal(mtp_active_set_kind(as), rows);
  for (size_t k = 0; k < f->set->n; k++) {
    naive_result *res = naive_config(f->pot, f->set->configs[k]);
    for (size_t i = 0; i < res->n && k >= first; i++)
      assert_true(naive_grade(as, skip, res->rows + i * n) < THRESHOLD * (1 + 1e-5));
    for (size_t i = 0; i < n; i++)
      if (origin[2 * i] == (long long)k)
        data_expect_close("an active row", n - skip, mtp_active_set_rows(as) + i * n + skip,
                          res->rows + (size_t)origin[2 * i + 1] * n + skip, 1e-10);
    naive_result_free(res);
  }
  for (size_t i = 0; i < n; i++) assert_int_equal(as->config[i] >= 0, origin[2 * i] >= 0);
}

static void test_grow(void **state) {
  (void)state;
  for (int rows = 0; rows < 2; rows++) {
    fixture f;
    mtp_active_set *old = NULL, *as = NULL, *same = NULL;
    data_training_open(&f, 75 + (unsigned)rows, 24);
    mtp_config_set part = *f.set; /* the first 10 */
    part.n = 10;
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, &part, MTP_MODE_NEIGHBOURHOOD, (mtp_rows)rows, THRESHOLD,
                                             NULL, &old));
    change_coefficients(&f);
    data_must(f.ctx, mtp_active_set_grow(f.ctx, f.pot, f.set, 10, THRESHOLD, old, &as));
    check_grown(&f, as, 10, (mtp_rows)rows);
    assert_true(mtp_active_set_filled(as) >= mtp_active_set_filled(old)); /* and says where each row comes from */
    assert_true(mtp_active_set_log_volume(as) > mtp_active_set_log_volume(old) + (rows == MTP_ROWS_LINEAR ? 1 : 0));
    data_must(f.ctx, mtp_active_set_grow(f.ctx, f.pot, f.set, 24, THRESHOLD, as, &same)); /* by nothing */
    check_grown(&f, same, 24, (mtp_rows)rows);
    mtp_active_set_free(same);
    same = NULL;
    assert_int_equal(mtp_active_set_grow(f.ctx, f.pot, f.set, 25, THRESHOLD, as, &same), MTP_ERR_ARGUMENT);
    assert_int_equal(mtp_active_set_grow(f.ctx, f.pot, f.set, 10, THRESHOLD, NULL, &same), MTP_ERR_ARGUMENT);
    mtp_active_set_free(as);
    mtp_active_set_free(old);
    data_training_close(&f);
  }
}

/* Squeezed configurations have no rows. */
static void test_squeezed_has_no_rows(void **state) {
  (void)state;
  fixture f;
  mtp_active_set *as = NULL;
  data_training_open(&f, 65, 9);
  data_must(f.ctx, mtp_config_set_feature(f.ctx, f.set->configs[4], "squeezed", "0.8"));
  for (int rows = 0; rows < 2; rows++) {
    data_must(f.ctx, mtp_active_set_build_of(f.ctx, f.pot, f.set, MTP_MODE_NEIGHBOURHOOD, (mtp_rows)rows, THRESHOLD,
                                             NULL, &as));
    for (size_t i = 0; i < mtp_active_set_size(as); i++) assert_int_not_equal(mtp_active_set_origins(as)[2 * i], 4);
    mtp_active_set_free(as);
  }
  data_training_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_build),          cmocka_unit_test(test_build_from_an_older_set),
      cmocka_unit_test(test_write_and_read), cmocka_unit_test(test_cut_files),
      cmocka_unit_test(test_misuse),         cmocka_unit_test(test_linear_rows),
      cmocka_unit_test(test_grow),           cmocka_unit_test(test_squeezed_has_no_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
