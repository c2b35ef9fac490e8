/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_swaps.c
 * maxvol on training sets: the swaps of MLIP-2 one by one while the choice is clear, its volume at the end; and the
 * selection that the original ships as an example. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "mtp/evaluator.h"
#include "mtp/select.h"
#include "support_data.h"
#include "support_golden.h"

#define INIT      1e-5
#define THRESHOLD 1.0000001
/* Gains closer than this (relative) are a tie that round-off decides. */
#define TIE 1e-6

/* Rows of configuration mode: the gradient of the energy per atom. */
static double *mean_rows(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set) {
  const size_t n = pot->nparams;
  mtp_evaluator *ev = NULL;
  double *rows = data_calloc(set->n * n, sizeof(double));
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  for (size_t k = 0; k < set->n; k++) {
    mtp_neighbors *nb = NULL;
    data_must(ctx, mtp_neighbors_build(ctx, set->configs[k], mtp_potential_cutoff(pot), &nb));
    const mtp_atoms atoms = mtp_atoms_of(nb);
    mtp_output out = {.gradient = rows + k * n};
    data_must(ctx, mtp_evaluator_compute(ctx, ev, &atoms, NULL, &out));
    for (size_t p = 0; p < n; p++) rows[k * n + p] /= (double)nb->n;
    mtp_neighbors_free(nb);
  }
  mtp_evaluator_free(ev);
  return rows;
}

static long long *config_origins(size_t first, size_t m) {
  long long *origin = data_calloc(2 * m, sizeof(*origin));
  for (size_t k = 0; k < m; k++) {
    origin[2 * k] = (long long)(first + k);
    origin[2 * k + 1] = -1;
  }
  return origin;
}

/* Rows of A that are not what they were at first. */
static size_t changed_rows(const mtp_active_set *as) {
  const size_t n = mtp_active_set_size(as);
  size_t changed = 0;
  for (size_t i = 0; i < n; i++) {
    bool same = true;
    for (size_t k = 0; k < n; k++) same = same && mtp_active_set_rows(as)[i * n + k] == (i == k ? INIT : 0);
    changed += !same;
  }
  return changed;
}

/* The table Z = B A^-1 carried through the reference's swaps in extended precision. */
typedef struct table {
  size_t m, n;
  long double *z;
} table;

static void table_swap(table *t, size_t i, size_t j) {
  const long double gain = t->z[i * t->n + j];
  long double *row = data_calloc(t->n, sizeof(*row));
  for (size_t k = 0; k < t->n; k++) row[k] = t->z[i * t->n + k] - (k == j);
  for (size_t k = 0; k < t->m; k++) {
    const long double factor = (t->z[k * t->n + j] + (k == i)) / gain;
    for (size_t l = 0; l < t->n; l++) t->z[k * t->n + l] -= factor * row[l];
  }
  free(row);
}

static void table_best(const table *t, long double *best, long double *second) {
  *best = *second = 0;
  for (size_t k = 0; k < t->m * t->n; k++) {
    const long double z = fabsl(t->z[k]);
    if (z > *best) {
      *second = *best;
      *best = z;
    } else if (z > *second) {
      *second = z;
    }
  }
}

static void compare_swaps(int *failures, const char *name, golden_text *text, size_t count, table *t,
                          const mtp_swap *swaps, size_t got, bool *clear) {
  size_t matched = 0;
  *clear = true;
  for (size_t s = 0; s < count; s++) {
    const size_t i = (size_t)golden_number(text), j = (size_t)golden_number(text);
    long double best, second;
    table_best(t, &best, &second);
    const double gain = (double)fabsl(t->z[i * t->n + j]), largest = (double)best;
    golden_check(failures, name, s, "gain of the reference", 1, &gain, &largest, 0, TIE);
    if (best - second <= TIE * best) *clear = false;
    if (*clear && s < got) {
      if (swaps[s].candidate != i || swaps[s].active != j) {
        print_message("%s: swap %zu is %zu %zu, expected %zu %zu\n", name, s, swaps[s].candidate, swaps[s].active, i,
                      j);
        ++*failures;
        *clear = false;
      } else {
        golden_check(failures, name, s, "gain", 1, &swaps[s].gain, &gain, 0, TIE);
        matched++;
      }
    }
    table_swap(t, i, j);
  }
  print_message("%s: %zu of %zu swaps are the same before the first tie\n", name, matched, count);
}

static void check_case(const char *name, int *failures) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *set = golden_configs(ctx, name, "train.cfg", pot);
  golden_text *text = golden_text_open(name, "maxvol_cfg.txt");
  const size_t n = pot->nparams, m = set->n;
  double *rows = mean_rows(ctx, pot, set);
  long long *origin = config_origins(0, m);
  mtp_active_set *as = NULL;
  mtp_swap *swaps = NULL;
  size_t got = 0;
  bool clear;
  golden_seek(text, "candidate_rows");
  assert_int_equal((size_t)golden_number(text), m);
  golden_seek(text, "swaps");
  const size_t count = (size_t)golden_number(text);
  golden_seek(text, "inited_rows");
  const size_t changed = (size_t)golden_number(text);
  golden_seek(text, "log_n_det");
  const double volume = golden_number(text) * log((double)n);
  golden_seek(text, "in order)");
  data_must(ctx, mtp_active_set_new(ctx, n, MTP_MODE_CONFIGURATION, INIT, &as));
  data_must(ctx, mtp_active_set_offer(ctx, as, m, rows, origin, THRESHOLD, &swaps, &got));
  table t = {m, n, data_calloc(m * n, sizeof(long double))};
  for (size_t k = 0; k < m * n; k++) t.z[k] = (long double)rows[k] / (long double)INIT;
  compare_swaps(failures, name, text, count, &t, swaps, got, &clear);
  const double mine = mtp_active_set_log_volume(as);
  print_message("%s: %zu swaps (reference %zu), %zu rows changed (%zu), log volume %.12g (%.12g)\n", name, got, count,
                changed_rows(as), changed, mine, volume);
  golden_check(failures, name, 0, "log volume", 1, &mine, &volume, 0, 1e-6);
  if (clear && got != count) ++*failures;
  if (changed_rows(as) != changed) ++*failures;
  free(t.z);
  free(swaps);
  free(origin);
  free(rows);
  golden_text_close(text);
  mtp_active_set_free(as);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_swap_lists(void **state) {
  (void)state;
  int failures = 0, lists = 0;
  for (int c = 0; golden_cases[c]; c++) {
    if (!golden_has(golden_cases[c], "maxvol_cfg.txt")) continue;
    check_case(golden_cases[c], &failures);
    lists++;
  }
  assert_true(lists >= 8);
  assert_int_equal(failures, 0);
}

/* The training set goes in first, then the candidates in one batch, which is entered only above the threshold of
 * selection; what then owns rows is selected, in the order of the rows. */
static void test_shipped_selection(void **state) {
  (void)state;
  const char *name = "19_select_add_shipped";
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *train = golden_configs(ctx, name, "train.cfg", pot);
  mtp_config_set *more = golden_configs(ctx, name, "candidate.cfg", pot);
  golden_text *text = golden_text_open(name, "selected_indices.txt");
  const size_t n = pot->nparams;
  double *first = mean_rows(ctx, pot, train), *second = mean_rows(ctx, pot, more);
  double *gamma = data_calloc(more->n, sizeof(double));
  long long *first_origin = config_origins(0, train->n), *second_origin = config_origins(100, more->n);
  bool *want = data_calloc(more->n, sizeof(bool)), *got = data_calloc(more->n, sizeof(bool));
  mtp_active_set *as = NULL;
  data_must(ctx, mtp_active_set_new(ctx, n, MTP_MODE_CONFIGURATION, INIT, &as));
  data_must(ctx, mtp_active_set_offer(ctx, as, train->n, first, first_origin, THRESHOLD, NULL, NULL));
  data_must(ctx, mtp_active_set_grade(ctx, as, more->n, second, gamma));
  assert_true(data_largest(more->n, gamma) > 1.1);
  data_must(ctx, mtp_active_set_offer(ctx, as, more->n, second, second_origin, THRESHOLD, NULL, NULL));
  golden_seek(text, "\n");
  for (int k = 0; k < 9; k++) want[(size_t)golden_number(text)] = true;
  for (size_t i = 0; i < n; i++) {
    const long long from = mtp_active_set_origins(as)[2 * i];
    if (from >= 100) got[from - 100] = true;
  }
  for (size_t k = 0; k < more->n; k++) {
    if (got[k] != want[k]) print_message("configuration %zu: selected %d, expected %d\n", k, got[k], want[k]);
  }
  assert_memory_equal(got, want, more->n * sizeof(bool));
  free(want);
  free(got);
  free(gamma);
  free(first);
  free(second);
  free(first_origin);
  free(second_origin);
  golden_text_close(text);
  mtp_active_set_free(as);
  mtp_config_set_free(train);
  mtp_config_set_free(more);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* ---- the same by mtp_select ---- */

typedef struct source {
  const mtp_config_set *set;
  bool done;
} source;

static mtp_status source_rewind(mtp_context *ctx, void *user) {
  (void)ctx;
  ((source *)user)->done = false;
  return MTP_OK;
}

static mtp_status source_next(mtp_context *ctx, void *user, const mtp_config_set **block) {
  source *s = user;
  (void)ctx;
  *block = s->done ? NULL : s->set;
  s->done = true;
  return MTP_OK;
}

/* Two of the candidates are those of the training set. */
static void test_selection(void **state) {
  (void)state;
  const char *name = "19_select_add_shipped";
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *train = golden_configs(ctx, name, "train.cfg", pot);
  mtp_config_set *more = golden_configs(ctx, name, "candidate.cfg", pot);
  golden_text *text = golden_text_open(name, "selected_indices.txt");
  mtp_select_options options = mtp_select_defaults();
  options.mode = MTP_SELECT_BY_ENERGY;
  options.rows = MTP_ROWS_ALL;
  source s = {more, false};
  const mtp_candidates candidates = {&s, source_rewind, source_next};
  mtp_selection *selection = NULL;
  bool *want = data_calloc(more->n, sizeof(bool)), *got = data_calloc(more->n, sizeof(bool));
  golden_seek(text, "\n");
  for (int k = 0; k < 9; k++) want[(size_t)golden_number(text)] = true;
  data_must(ctx, mtp_select(ctx, &options, pot, NULL, train, &candidates, &selection));
  for (size_t k = 0; k < selection->count; k++) got[selection->chosen[k]] = true;
  assert_int_equal(selection->count, 9);
  assert_memory_equal(got, want, more->n * sizeof(bool));
  free(want);
  free(got);
  mtp_selection_free(selection);
  golden_text_close(text);
  mtp_config_set_free(train);
  mtp_config_set_free(more);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_swap_lists), cmocka_unit_test(test_shipped_selection),
                                     cmocka_unit_test(test_selection)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
