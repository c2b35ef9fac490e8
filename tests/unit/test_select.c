/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_select.c
 * Selection among many configurations: maxvol by each kind of rows against its definition, worked out from unit
 * coefficients and fresh inverses; the other methods by what they promise; and that neither blocks nor order, threads
 * or memory matter. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/normal_equations.h"
#include "mtp/select.h"
#include "support_data.h"

enum { FRAMES = 14, ATOMS = 7 };

typedef struct bench {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *train, *set;
} bench;

static mtp_config_set *make_set(bench *b, size_t n) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_config_set_species(set, "A");
  mtp_config_set_species(set, "B");
  for (size_t k = 0; k < n; k++) {
    const data_shape shape = k % 4 == 3 ? DATA_CLUSTER : k % 2 ? DATA_TRICLINIC : DATA_ORTHOGONAL;
    data_must(b->ctx, mtp_config_set_append(b->ctx, set,
                                            data_config(&b->random, shape, ATOMS, 2, 2.4 + 0.05 * (double)(k % 5))));
  }
  return set;
}

static bench bench_new(int level) {
  bench b = {.ctx = data_context(), .random = {77}};
  const data_recipe recipe = {.level = level, .species = 2, .radial_size = 4, .min_dist = 1.2, .cutoff = 4.5};
  b.pot = data_potential(b.ctx, &b.random, &recipe);
  b.train = make_set(&b, 3);
  b.set = make_set(&b, FRAMES);
  return b;
}

static void bench_free(bench *b) {
  mtp_config_set_free(b->train);
  mtp_config_set_free(b->set);
  mtp_potential_free(b->pot);
  mtp_context_free(b->ctx);
}

/* ---- candidates ---- */

/* Configurations of a set in an order, `size` a block. */
typedef struct source {
  const mtp_config_set *set;
  const size_t *order; /* or NULL */
  size_t size, at, passes;
  const mtp_config_set *later; /* what is there from the second pass on; or NULL: the same */
  mtp_config_set block;
  mtp_config *configs[64];
} source;

static mtp_status source_rewind(mtp_context *ctx, void *user) {
  source *s = user;
  (void)ctx;
  s->at = 0;
  if (s->passes++ == 1 && s->later) s->set = s->later;
  return MTP_OK;
}

static mtp_status source_next(mtp_context *ctx, void *user, const mtp_config_set **block) {
  source *s = user;
  (void)ctx;
  s->block = *s->set;
  s->block.configs = s->configs;
  s->block.n = s->set->n - s->at < s->size ? s->set->n - s->at : s->size;
  for (size_t k = 0; k < s->block.n; k++) s->configs[k] = s->set->configs[s->order ? s->order[s->at + k] : s->at + k];
  s->at += s->block.n;
  *block = s->block.n ? &s->block : NULL;
  return MTP_OK;
}

/* What is chosen of FRAMES configurations, by their place in the set. */
static void choose(bench *b, const mtp_select_options *o, const mtp_config_set *train, const size_t *order, size_t size,
                   bool chosen[64], mtp_selection *out) {
  source s = {.set = b->set, .order = order, .size = size};
  const mtp_candidates candidates = {&s, source_rewind, source_next};
  mtp_selection *selection = NULL;
  data_must(b->ctx, mtp_select(b->ctx, o, b->pot, NULL, train, &candidates, &selection));
  memset(chosen, 0, 64 * sizeof *chosen);
  for (size_t k = 0; k < selection->count; k++)
    chosen[order ? order[selection->chosen[k]] : selection->chosen[k]] = true;
  if (out) *out = *selection;
  mtp_selection_free(selection);
}

static void print_both(const bool *got, const bool *want) {
  for (size_t k = 0; k < FRAMES; k++) print_message("%d%d ", got[k], want[k]);
  print_message("(got, wanted)\n");
}

/* ---- maxvol from its definition ---- */

typedef struct table {
  size_t n, m;
  double *row; /* [m][n] */
  long *owner; /* [m], -1: of the training set */
} table;

static size_t rows_of(mtp_select_mode mode, const mtp_config *cfg) {
  if (mode == MTP_SELECT_BY_ENERGY) return 1;
  if (mode == MTP_SELECT_BY_NEIGHBOURHOOD) return cfg->n;
  return 1 + (cfg->periodic[0] ? 6 : 0) + 3 * cfg->n;
}

/* A column of the rows of a configuration: what the potential gives whose only coefficient is one. */
static void fill_column(mtp_select_mode mode, const mtp_config *cfg, table *t, size_t at, size_t k) {
  const mtp_weights w = mtp_weights_default();
  const double n = (double)cfg->n;
  double *to = t->row + at * t->n + k;
  if (mode == MTP_SELECT_BY_ENERGY) *to = cfg->energy / n;
  if (mode == MTP_SELECT_BY_NEIGHBOURHOOD)
    for (size_t i = 0; i < cfg->n; i++) to[i * t->n] = cfg->site_energy[i];
  if (mode != MTP_SELECT_BY_FORCES) return;
  *to = sqrt(w.energy / n) * cfg->energy;
  to += t->n;
  for (size_t c = 0; cfg->periodic[0] && c < 6; c++, to += t->n)
    *to = sqrt(w.stress / n) * (c < 3 ? 1 : sqrt(2)) * cfg->virial[c];
  for (size_t i = 0; i < 3 * cfg->n; i++, to += t->n) *to = sqrt(w.force) * cfg->force[i];
}

static table make_table(bench *b, mtp_select_mode mode, const mtp_config_set *set, bool is_train) {
  const size_t n = (size_t)(mtp_potential_species_count(b->pot) + mtp_potential_scalar_count(b->pot));
  const size_t all = mtp_potential_parameter_count(b->pot);
  table t = {.n = n};
  for (size_t k = 0; k < set->n; k++) t.m += rows_of(mode, set->configs[k]);
  t.row = data_calloc(t.m * n, sizeof *t.row);
  t.owner = data_calloc(t.m, sizeof *t.owner);
  for (size_t column = 0; column < n; column++) {
    mtp_potential *unit = NULL;
    mtp_evaluator *ev = NULL;
    data_must(b->ctx, mtp_potential_copy(b->ctx, b->pot, &unit));
    double *theta = data_calloc(all, sizeof *theta);
    memcpy(theta, mtp_potential_parameters(unit), (all - n) * sizeof *theta);
    theta[all - n + column] = 1;
    data_must(b->ctx, mtp_potential_set_parameters(b->ctx, unit, theta));
    data_must(b->ctx, mtp_evaluator_new(b->ctx, unit, &ev));
    for (size_t k = 0, at = 0; k < set->n; at += rows_of(mode, set->configs[k++])) {
      mtp_config *copy = mtp_config_copy(set->configs[k]);
      data_must(b->ctx, mtp_evaluator_config(b->ctx, ev, copy, 0));
      fill_column(mode, copy, &t, at, column);
      for (size_t i = 0; i < rows_of(mode, copy); i++) t.owner[at + i] = is_train ? -1 : (long)k;
      mtp_config_free(copy);
    }
    mtp_evaluator_free(ev);
    mtp_potential_free(unit);
    free(theta);
  }
  return t;
}

static void table_free(table *t) {
  free(t->row);
  free(t->owner);
}

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
static bool swap_best(table *t, double *a, long *owner, double threshold) {
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

static void expect_definition(bench *b, mtp_select_mode mode, const mtp_config_set *train, const bool *got) {
  table t = make_table(b, mode, b->set, false);
  const size_t n = t.n;
  double *a = data_calloc(n * n, sizeof *a);
  long *owner = data_calloc(n, sizeof *owner);
  bool want[64] = {false};
  for (size_t k = 0; k < n; k++) {
    a[k * n + k] = 1e-6;
    owner[k] = -1;
  }
  if (train) {
    table first = make_table(b, mode, train, true);
    while (swap_best(&first, a, owner, 1.001)) {
    }
    table_free(&first);
  }
  while (swap_best(&t, a, owner, 1.001)) {
  }
  for (size_t k = 0; k < n; k++)
    if (owner[k] >= 0) want[owner[k]] = true;
  if (memcmp(got, want, FRAMES * sizeof *got) != 0) print_both(got, want);
  assert_memory_equal(got, want, FRAMES * sizeof *got);
  free(a);
  free(owner);
  table_free(&t);
}

static void check_mode(mtp_select_mode mode, int level) {
  bench b = bench_new(level);
  mtp_select_options o = mtp_select_defaults();
  bool got[64];
  o.mode = mode;
  choose(&b, &o, NULL, NULL, 5, got, NULL);
  expect_definition(&b, mode, NULL, got);
  choose(&b, &o, b.train, NULL, 5, got, NULL);
  expect_definition(&b, mode, b.train, got);
  bench_free(&b);
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
  bench b = bench_new(6);
  size_t order[FRAMES];
  for (size_t k = 0; k < FRAMES; k++) order[k] = (5 * k + 3) % FRAMES;
  for (int method = 0; method <= MTP_SELECT_RANDOM; method++)
    for (int mode = 0; mode < (method == MTP_SELECT_MAXVOL ? 3 : 1); mode++) {
      mtp_select_options o = mtp_select_defaults();
      bool once[64], again[64];
      o.method = (mtp_select_method)method;
      o.mode = (mtp_select_mode)mode;
      o.max = method == MTP_SELECT_MAXVOL ? 0 : 5;
      choose(&b, &o, b.train, NULL, 64, once, NULL);
      choose(&b, &o, b.train, order, 3, again, NULL);
      if (memcmp(once, again, sizeof once) != 0) print_both(again, once);
      assert_memory_equal(once, again, sizeof once);
      o.threads = 3;
      o.memory = 0;
      choose(&b, &o, b.train, order, 4, again, NULL);
      assert_memory_equal(once, again, sizeof once);
    }
  bench_free(&b);
}

static size_t count(const bool *chosen) {
  size_t n = 0;
  for (size_t k = 0; k < 64; k++) n += chosen[k];
  return n;
}

static void test_what_is_there_twice(void **state) {
  (void)state;
  bench b = bench_new(6);
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
  choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.candidates, FRAMES + 3);
  assert_int_equal(s.repeated, 1);
  assert_int_equal(s.known, 1);
  assert_int_equal(s.unusable, 1);
  assert_false(chosen[FRAMES] || chosen[FRAMES + 1] || chosen[FRAMES + 2]);
  assert_int_equal(s.atoms, (FRAMES + 3) * ATOMS);
  o.method = MTP_SELECT_RANDOM;
  o.max = 63;
  choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.count, FRAMES + 1);
  bench_free(&b);
}

/* The few that are chosen are among those that all of them would be, and the first is the one with the largest grade.
 */
static void test_limit(void **state) {
  (void)state;
  bench b = bench_new(6);
  mtp_select_options o = mtp_select_defaults();
  bool all[64], few[64], one[64];
  o.mode = MTP_SELECT_BY_ENERGY;
  choose(&b, &o, b.train, NULL, 4, all, NULL);
  assert_true(count(all) > 3);
  o.max = 3;
  choose(&b, &o, b.train, NULL, 4, few, NULL);
  o.max = 1;
  choose(&b, &o, b.train, NULL, 4, one, NULL);
  assert_int_equal(count(few), 3);
  assert_int_equal(count(one), 1);
  for (size_t k = 0; k < FRAMES; k++) {
    assert_true(!few[k] || all[k]);
    assert_true(!one[k] || few[k]);
  }
  bench_free(&b);
}

/* Sets beyond the first one: as many as asked for, in any order of the candidates, the first one among them. */
static void test_fill(void **state) {
  (void)state;
  bench b = bench_new(4);
  mtp_select_options o = mtp_select_defaults();
  size_t order[FRAMES];
  bool first[64], filled[64], again[64];
  for (size_t k = 0; k < FRAMES; k++) order[k] = (3 * k + 5) % FRAMES;
  o.mode = MTP_SELECT_BY_ENERGY;
  choose(&b, &o, b.train, NULL, 4, first, NULL);
  assert_in_range(count(first), 1, 9);
  o.fill = true;
  o.max = 11;
  choose(&b, &o, b.train, NULL, 4, filled, NULL);
  assert_int_equal(count(filled), 11);
  for (size_t k = 0; k < FRAMES; k++) assert_true(!first[k] || filled[k]);
  o.memory = 0;
  o.threads = 2;
  choose(&b, &o, b.train, order, 3, again, NULL);
  assert_memory_equal(filled, again, sizeof filled);
  o.max = 60;
  choose(&b, &o, b.train, NULL, 4, filled, NULL);
  assert_int_equal(count(filled), FRAMES);
  bench_free(&b);
}

static void test_nothing_new(void **state) {
  (void)state;
  bench b = bench_new(4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_selection s;
  choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_true(s.has_grades && s.largest > 1 && s.beyond > 0);
  o.threshold = 1.01 * s.largest;
  choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(s.count, 0);
  bench_free(&b);
}

/* ---- the other methods ---- */

/* No basis function of what is left is beyond those of what is known and chosen. */
static void test_range(void **state) {
  (void)state;
  bench b = bench_new(6);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  o.method = MTP_SELECT_RANGE;
  choose(&b, &o, b.train, NULL, 4, chosen, NULL);
  table known = make_table(&b, MTP_SELECT_BY_NEIGHBOURHOOD, b.train, true);
  table t = make_table(&b, MTP_SELECT_BY_NEIGHBOURHOOD, b.set, false);
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
  assert_true(count(chosen) < FRAMES);
  for (size_t k = 0; k < FRAMES; k++) { /* an atom that nothing is learned of holds no extreme */
    if (chosen[k]) continue;
    b.set->configs[k]->force_mask = data_calloc(ATOMS, 1);
    b.set->configs[k]->force_mask[k % ATOMS] = 1;
  }
  bool again[64];
  choose(&b, &o, b.train, NULL, 4, again, NULL);
  assert_memory_equal(again, chosen, sizeof again);
  table_free(&known);
  table_free(&t);
  bench_free(&b);
}

/* Ten energies near each other and four elsewhere: bins, not numbers of candidates, decide. */
static void test_histogram(void **state) {
  (void)state;
  bench b = bench_new(4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_selection s;
  for (size_t k = 0; k < FRAMES; k++) {
    b.set->configs[k]->has_energy = true;
    b.set->configs[k]->energy = ATOMS * (k < 10 ? 1e-3 * (double)k : (double)(k - 9));
  }
  o.method = MTP_SELECT_ENERGY;
  o.max = 5;
  choose(&b, &o, NULL, NULL, 4, chosen, &s);
  assert_true(s.by_labels);
  assert_int_equal(count(chosen), 5);
  for (size_t k = 10; k < FRAMES; k++) assert_true(chosen[k]);
  b.train->configs[0]->has_energy = true; /* one bin is not poor any more */
  b.train->configs[0]->energy = ATOMS * 4.0;
  o.max = 4;
  choose(&b, &o, b.train, NULL, 4, chosen, &s);
  assert_int_equal(count(chosen), 4);
  b.set->configs[3]->has_energy = false;
  choose(&b, &o, NULL, NULL, 4, chosen, &s);
  assert_false(s.by_labels);
  assert_int_equal(count(chosen), 4);
  bench_free(&b);
}

/* One exploded configuration does not put all others into one bin. */
static void test_outlier(void **state) {
  (void)state;
  bench b = bench_new(4);
  mtp_select_options o = mtp_select_defaults();
  bool chosen[64];
  mtp_config_set *large = make_set(&b, 60);
  mtp_config_set_free(b.set);
  b.set = large;
  for (size_t k = 0; k < 60; k++) { /* 60 * 7 moduli of forces */
    data_must(b.ctx, mtp_config_require_force(b.ctx, large->configs[k]));
    for (size_t i = 0; i < ATOMS; i++) large->configs[k]->force[3 * i] = k < 57 ? 0.1 : k == 57 ? 2 : k == 58 ? 3 : 4;
  }
  large->configs[0]->force[0] = 1e6;
  o.method = MTP_SELECT_FORCE;
  o.max = 4;
  choose(&b, &o, NULL, NULL, 64, chosen, NULL);
  assert_true(chosen[57] && (chosen[58] || chosen[59]));
  bench_free(&b);
}

static void test_chance(void **state) {
  (void)state;
  bench b = bench_new(4);
  mtp_select_options o = mtp_select_defaults();
  size_t often[64] = {0};
  o.method = MTP_SELECT_RANDOM;
  o.max = 4;
  for (o.seed = 1; o.seed <= 200; o.seed++) {
    bool chosen[64];
    choose(&b, &o, NULL, NULL, 4, chosen, NULL);
    assert_int_equal(count(chosen), 4);
    for (size_t k = 0; k < FRAMES; k++) often[k] += chosen[k];
  }
  for (size_t k = 0; k < FRAMES; k++) assert_in_range(often[k], 25, 95); /* 57 +- 6.4 */
  bench_free(&b);
}

/* Files that are written anew between two passes are found out. */
static void test_changes(void **state) {
  static const char *const words[] = {"fewer", "more", "candidate 3 is not"};
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    bench b = bench_new(4);
    mtp_config_set *later = make_set(&b, 0);
    for (size_t k = 0; k < FRAMES - (kind == 0) + (kind == 1); k++)
      data_must(b.ctx, mtp_config_set_append(b.ctx, later, mtp_config_copy(b.set->configs[k % FRAMES])));
    if (kind == 2) later->configs[2]->x[4] += 1e-3;
    source s = {.set = b.set, .size = 5, .later = later};
    const mtp_candidates candidates = {&s, source_rewind, source_next};
    mtp_selection *out = NULL;
    mtp_select_options o = mtp_select_defaults();
    o.memory = 0; /* so that there is a second one */
    assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_IO);
    assert_non_null(strstr(mtp_context_message(b.ctx), words[kind]));
    mtp_config_set_free(later);
    bench_free(&b);
  }
}

/* One that cannot be graded is named. */
static void test_singular(void **state) {
  (void)state;
  bench b = bench_new(4);
  source s = {.set = b.set, .size = 4};
  const mtp_candidates candidates = {&s, source_rewind, source_next};
  mtp_selection *out = NULL;
  mtp_select_options o = mtp_select_defaults();
  memcpy(b.set->configs[6]->cell + 3, b.set->configs[6]->cell, 3 * sizeof(double));
  for (int k = 0; k < 2; k++) {
    o.method = k ? MTP_SELECT_SITE_ENERGY : MTP_SELECT_MAXVOL;
    o.max = 3;
    assert_int_not_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_OK);
    assert_non_null(strstr(mtp_context_message(b.ctx), "candidate 7: "));
  }
  bench_free(&b);
}

static void test_refusals(void **state) {
  (void)state;
  bench b = bench_new(4);
  source s = {.set = b.set, .size = 4};
  const mtp_candidates candidates = {&s, source_rewind, source_next};
  mtp_selection *out = NULL;
  mtp_select_options o = mtp_select_defaults();
  o.method = MTP_SELECT_RANDOM;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  o.method = (mtp_select_method)17;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  o = mtp_select_defaults();
  o.swap = 0.9;
  assert_int_equal(mtp_select(b.ctx, &o, b.pot, NULL, NULL, &candidates, &out), MTP_ERR_ARGUMENT);
  assert_null(out);
  bench_free(&b);
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
      cmocka_unit_test(test_range),
      cmocka_unit_test(test_histogram),
      cmocka_unit_test(test_outlier),
      cmocka_unit_test(test_chance),
      cmocka_unit_test(test_changes),
      cmocka_unit_test(test_singular),
      cmocka_unit_test(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
