/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_select.c
 * Selection among many configurations: maxvol by each kind of rows against its definition, worked out from unit
 * coefficients and fresh inverses; that neither blocks nor order, threads or memory matter; and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_select.h"

/* ---- maxvol from its definition ---- */

/* |det| of a[n*n] with row j replaced, over that of a: by elimination, in extended precision. */
static long double log_det(size_t n, const double *a) {
  long double *lu = data_calloc(n * n, sizeof *lu), sum = 0;
  for (size_t k = 0; k < n * n; k++) lu[k] = (long double)a[k];
  for (size_t k = 0; k < n; k++) {
    size_t p = k;
    for (size_t i = k + 1; i < n; i++)
      if (fabsl(lu[i * n + k]) > fabsl(lu[p * n + k])) p = i;
    for (size_t c = 0; c < n && p != k; c++) {
      const long double x = lu[k * n + c];
      lu[k * n + c] = lu[p * n + c];
      lu[p * n + c] = x;
    }
    sum += logl(fabsl(lu[k * n + k]));
    for (size_t i = k + 1; i < n; i++) {
      const long double f = lu[i * n + k] / lu[k * n + k];
      for (size_t c = k; c < n; c++) lu[i * n + c] -= f * lu[k * n + c];
    }
  }
  free(lu);
  return sum;
}

static void swap_rows(size_t n, double *a, double *b) {
  for (size_t k = 0; k < n; k++) {
    const double x = a[k];
    a[k] = b[k];
    b[k] = x;
  }
}

/* The swap of largest gain until none gains; true if there was one. */
static bool swap_best(select_table *t, double *a, long *owner, double threshold) {
  const size_t n = t->n;
  const long double now = log_det(n, a);
  long double most = logl((long double)threshold);
  size_t i_best = SIZE_MAX, j_best = 0;
  for (size_t i = 0; i < t->m; i++)
    for (size_t j = 0; j < n; j++) {
      swap_rows(n, a + j * n, t->row + i * n);
      const long double gain = log_det(n, a) - now;
      swap_rows(n, a + j * n, t->row + i * n);
      if (!(gain > most)) continue;
      most = gain;
      i_best = i;
      j_best = j;
    }
  if (i_best == SIZE_MAX) return false;
  swap_rows(n, a + j_best * n, t->row + i_best * n);
  const long x = owner[j_best];
  owner[j_best] = t->owner[i_best];
  t->owner[i_best] = x;
  return true;
}

static void expect_definition(select_bench *b, mtp_select_mode mode, const mtp_config_set *train, const bool *got) {
  select_table t = select_make_table(b, mode, b->set, false);
  const size_t n = t.n;
  double *a = data_calloc(n * n, sizeof *a);
  long *owner = data_calloc(n, sizeof *owner);
  bool want[64] = {false};
  for (size_t k = 0; k < n; k++) {
    a[k * n + k] = 1e-6;
    owner[k] = -1;
  }
  if (train) {
    select_table first = select_make_table(b, mode, train, true);
    while (swap_best(&first, a, owner, 1.001)) {
    }
    select_table_free(&first);
  }
  while (swap_best(&t, a, owner, 1.001)) {
  }
  for (size_t k = 0; k < n; k++)
    if (owner[k] >= 0) want[owner[k]] = true;
  if (memcmp(got, want, FRAMES * sizeof *got) != 0) select_print_both(got, want);
  assert_memory_equal(got, want, FRAMES * sizeof *got);
  free(a);
  free(owner);
  select_table_free(&t);
}

static void check_mode(mtp_select_mode mode, int level) {
  select_bench b = select_bench_new(data_context(), level);
  mtp_select_options o = mtp_select_defaults();
  bool got[64];
  o.mode = mode;
  select_choose(&b, &o, NULL, NULL, 5, got, NULL);
  expect_definition(&b, mode, NULL, got);
  select_choose(&b, &o, b.train, NULL, 5, got, NULL);
  expect_definition(&b, mode, b.train, got);
  select_bench_free(&b);
}

static void test_by_energy(void **state) {
  (void)state;
  check_mode(MTP_SELECT_BY_ENERGY, 6);
}

static void test_by_forces(void **state) {
  (void)state;
  check_mode(MTP_SELECT_BY_FORCES, 4);
}

static void test_by_neighbourhood(void **state) {
  (void)state;
  check_mode(MTP_SELECT_BY_NEIGHBOURHOOD, 6);
}

/* ---- what does not matter ---- */

static void test_independence(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 6);
  size_t order[FRAMES];
  for (size_t k = 0; k < FRAMES; k++) order[k] = (5 * k + 3) % FRAMES;
  for (int method = 0; method <= MTP_SELECT_RANDOM; method++)
    for (int mode = 0; mode < (method == MTP_SELECT_MAXVOL ? 3 : 1); mode++) {
      mtp_select_options o = mtp_select_defaults();
      bool once[64], again[64];
      o.method = (mtp_select_method)method;
      o.mode = (mtp_select_mode)mode;
      o.max = method == MTP_SELECT_MAXVOL ? 0 : 5;
      select_choose(&b, &o, b.train, NULL, 64, once, NULL);
      select_choose(&b, &o, b.train, order, 3, again, NULL);
      if (memcmp(once, again, sizeof once) != 0) select_print_both(again, once);
      assert_memory_equal(once, again, sizeof once);
      o.threads = 3;
      o.memory = 0;
      select_choose(&b, &o, b.train, order, 4, again, NULL);
      assert_memory_equal(once, again, sizeof once);
    }
  select_bench_free(&b);
}

static void test_what_is_there_twice(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 6);
  mtp_config *far = mtp_config_copy(b.set->configs[2]); /* the same to the last digits */
  far->x[0] += 1e-9;
  data_must(b.ctx, mtp_config_set_append(b.ctx, b.set, far));
  data_must(b.ctx, mtp_config_set_append(b.ctx, b.set, mtp_config_copy(b.train->configs[1])));
  mtp_config *broken = mtp_config_copy(b.set->configs[0]);
  memcpy(broken->x + 3, broken->x, 3 * sizeof *broken->x);
  data_must(b.ctx, mtp_config_set_append(b.ctx, b.set, broken));
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_selection s;
  select_choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.candidates, FRAMES + 3);
  assert_int_equal(s.repeated, 1);
  assert_int_equal(s.known, 1);
  assert_int_equal(s.unusable, 1);
  assert_false(chosen[FRAMES] || chosen[FRAMES + 1] || chosen[FRAMES + 2]);
  assert_int_equal(s.atoms, (FRAMES + 3) * ATOMS);
  o.method = MTP_SELECT_RANDOM;
  o.max = 63;
  select_choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.count, FRAMES + 1);
  select_bench_free(&b);
}

/* The few that are chosen are among those that all of them would be, and the first is the one with the largest grade.
 */
static void test_limit(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 6);
  mtp_select_options o = mtp_select_defaults();
  bool all[64], few[64], one[64];
  o.mode = MTP_SELECT_BY_ENERGY;
  select_choose(&b, &o, b.train, NULL, 4, all, NULL);
  assert_true(select_count(all) > 3);
  o.max = 3;
  select_choose(&b, &o, b.train, NULL, 4, few, NULL);
  o.max = 1;
  select_choose(&b, &o, b.train, NULL, 4, one, NULL);
  assert_int_equal(select_count(few), 3);
  assert_int_equal(select_count(one), 1);
  for (size_t k = 0; k < FRAMES; k++) {
    assert_true(!few[k] || all[k]);
    assert_true(!one[k] || few[k]);
  }
  select_bench_free(&b);
}

/* Sets beyond the first one: as many as asked for, in any order of the candidates, the first one among them. */
static void test_fill(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  mtp_select_options o = mtp_select_defaults();
  size_t order[FRAMES];
  bool first[64], filled[64], again[64];
  for (size_t k = 0; k < FRAMES; k++) order[k] = (3 * k + 5) % FRAMES;
  o.mode = MTP_SELECT_BY_ENERGY;
  select_choose(&b, &o, b.train, NULL, 4, first, NULL);
  assert_in_range(select_count(first), 1, 9);
  o.fill = true;
  o.max = 11;
  select_choose(&b, &o, b.train, NULL, 4, filled, NULL);
  assert_int_equal(select_count(filled), 11);
  for (size_t k = 0; k < FRAMES; k++) assert_true(!first[k] || filled[k]);
  o.memory = 0;
  o.threads = 2;
  select_choose(&b, &o, b.train, order, 3, again, NULL);
  assert_memory_equal(filled, again, sizeof filled);
  o.max = 60;
  select_choose(&b, &o, b.train, NULL, 4, filled, NULL);
  assert_int_equal(select_count(filled), FRAMES);
  select_bench_free(&b);
}

static void test_nothing_new(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_selection s;
  select_choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_true(s.has_grades && s.largest > 1 && s.beyond > 0);
  o.threshold = 1.01 * s.largest;
  select_choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.count, 0);
  select_bench_free(&b);
}

/* ---- what is refused ---- */

/* Files that are written anew between two passes are found out. */
static void test_changes(void **state) {
  static const char *const words[] = {"fewer", "more", "candidate 3 is not"};
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    select_bench b = select_bench_new(data_context(), 4);
    mtp_config_set *later = select_make_set(&b, 0);
    for (size_t k = 0; k < (size_t)(FRAMES - (kind == 0) + (kind == 1)); k++)
      data_must(b.ctx, mtp_config_set_append(b.ctx, later, mtp_config_copy(b.set->configs[k % FRAMES])));
    if (kind == 2) later->configs[2]->x[4] += 1e-3;
    select_source s = {.set = b.set, .size = 5, .later = later};
    const mtp_candidates candidates = {&s, select_source_rewind, select_source_next};
    mtp_selection *out = NULL;
    mtp_select_options o = mtp_select_defaults();
    o.memory = 0; /* so that there is a second one */
    assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_IO);
    assert_non_null(strstr(mtp_context_message(b.ctx), words[kind]));
    mtp_config_set_free(later);
    select_bench_free(&b);
  }
}

/* Also after the last pass. */
static void test_known_again(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  select_source s = {.set = b.set, .size = 5};
  const mtp_candidates candidates = {&s, select_source_rewind, select_source_next};
  mtp_selection *chosen = NULL;
  const mtp_select_options o = mtp_select_defaults();
  data_must(b.ctx, mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &chosen));
  assert_true(chosen->count > 1);
  for (size_t k = 0; k < chosen->count; k++) {
    mtp_config *cfg = b.set->configs[chosen->chosen[k]];
    assert_true(mtp_selection_is(chosen, k, cfg));
    assert_false(mtp_selection_is(chosen, (k + 1) % chosen->count, cfg));
    assert_false(mtp_selection_is(chosen, chosen->count, cfg));
    cfg->x[0] += 1e-3;
    assert_false(mtp_selection_is(chosen, k, cfg));
  }
  mtp_selection_free(chosen);
  select_bench_free(&b);
}

/* One that cannot be graded is named. */
static void test_singular(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  select_source s = {.set = b.set, .size = 4};
  const mtp_candidates candidates = {&s, select_source_rewind, select_source_next};
  mtp_selection *out = NULL;
  mtp_select_options o = mtp_select_defaults();
  memcpy(b.set->configs[6]->cell + 3, b.set->configs[6]->cell, 3 * sizeof(double));
  for (int k = 0; k < 2; k++) {
    o.method = k ? MTP_SELECT_SITE_ENERGY : MTP_SELECT_MAXVOL;
    o.max = 3;
    assert_int_not_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_OK);
    assert_non_null(strstr(mtp_context_message(b.ctx), "candidate 7: "));
  }
  select_bench_free(&b);
}

static void test_refusals(void **state) {
  (void)state;
  select_bench b = select_bench_new(data_context(), 4);
  select_source s = {.set = b.set, .size = 4};
  const mtp_candidates candidates = {&s, select_source_rewind, select_source_next};
  mtp_selection *out = NULL;
  mtp_select_options o = mtp_select_defaults();
  o.method = MTP_SELECT_RANDOM;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  o.method = (mtp_select_method)17;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  o.method = MTP_SELECT_BAYES; /* nothing is known */
  o.max = 3;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_STATE);
  o = mtp_select_defaults();
  o.swap = 0.9;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  assert_null(out);
  select_bench_free(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_by_energy),
      cmocka_unit_test(test_by_forces),
      cmocka_unit_test(test_by_neighbourhood),
      cmocka_unit_test(test_independence),
      cmocka_unit_test(test_what_is_there_twice),
      cmocka_unit_test(test_limit),
      cmocka_unit_test(test_fill),
      cmocka_unit_test(test_nothing_new),
      cmocka_unit_test(test_changes),
      cmocka_unit_test(test_known_again),
      cmocka_unit_test(test_singular),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
