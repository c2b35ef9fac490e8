/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_contraction.c
 * How scalars are cut into products: cutting a graph keeps its value, and the lists that come of the plans cost the
 * kernel less than the published ones. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/contraction.h"
#include "model/model.h"
#include "support/support.h"

/* Symmetric tensors M(mu, nu) with components that have nothing to do with each other. */
static double component(int mu, const int *t) {
  mtp_random random = {(unsigned)(((mu * 16 + t[0]) * 16 + t[1]) * 16 + t[2])};
  return mtp_random_uniform(&random) - 0.4;
}

/* The value of a graph by its definition: a sum over the directions of every single edge. */
static double direct_value(const mtp_graph *g) {
  int from[16], to[16], edges = 0;
  for (int i = 0; i < g->nvertices; i++)
    for (int j = 0; j < i; j++)
      for (int n = 0; n < g->edge[i][j]; n++) {
        from[edges] = i;
        to[edges++] = j;
      }
  int ways = 1;
  for (int e = 0; e < edges; e++) ways *= 3;
  double sum = 0.0;
  for (int way = 0; way < ways; way++) {
    int t[MTP_GRAPH_VERTICES][3], code = way;
    double product = 1.0;
    for (int v = 0; v < g->nvertices; v++)
      for (int d = 0; d < 3; d++) t[v][d] = g->own[v][d];
    for (int e = 0; e < edges; e++, code /= 3) {
      t[from[e]][code % 3]++;
      t[to[e]][code % 3]++;
    }
    for (int v = 0; v < g->nvertices; v++) product *= component(g->mu[v], t[v]);
    sum += product;
  }
  return sum;
}

static bool add_product(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second) {
  const mtp_graph again = mtp_graph_canonical(first);
  assert_memory_equal(&again, first, sizeof again);
  *(double *)user += coefficient * direct_value(first) * direct_value(second);
  return true;
}

static bool count_product(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second) {
  assert_true(coefficient > 0 && first->nvertices > 0 && second->nvertices > 0);
  return --*(int *)user > 0;
}

static mtp_graph random_graph(mtp_random *random) {
  mtp_graph g = {.nvertices = (uint8_t)(2 + 3 * mtp_random_uniform(random))};
  for (int v = 0; v < g.nvertices; v++) g.mu[v] = (uint8_t)(2 * mtp_random_uniform(random));
  for (int e = 0; e < 6; e++) {
    const int i = (int)(g.nvertices * mtp_random_uniform(random)), j = (int)(g.nvertices * mtp_random_uniform(random));
    if (i == j) /* a loop is none of ours: let it be an open index */
      g.own[i][(int)(3 * mtp_random_uniform(random))]++;
    else
      g.edge[i][j] = ++g.edge[j][i];
  }
  return g;
}

static void test_cutting(void **state) {
  (void)state;
  mtp_random random = {3};
  for (int k = 0; k < 60; k++) {
    const mtp_graph g = random_graph(&random), canonical = mtp_graph_canonical(&g);
    const double value = direct_value(&g);
    assert_true(fabs(direct_value(&canonical) - value) <= 1e-12 * (fabs(value) + 1.0));
    for (unsigned mask = 1; mask + 1 < 1u << g.nvertices; mask++) {
      double sum = 0.0;
      assert_true(mtp_graph_products(&g, mask, add_product, &sum));
      assert_true(fabs(sum - value) <= 1e-12 * (fabs(value) + 1.0));
      int left = (int)mtp_graph_count_products(&g, mask) + 1;
      assert_true(mtp_graph_products(&g, mask, count_product, &left));
      assert_int_equal(left, 1);
      left = 1; /* refused at once */
      assert_false(mtp_graph_products(&g, mask, count_product, &left));
    }
  }
}

/* What the kernel has to do: products into moments that are used again, and distinct pairs of factors of scalars that
 * are not. */
typedef struct work {
  int products, pairs, depth;
} work;

static int compare_pairs(const void *left, const void *right) {
  return memcmp(left, right, 2 * sizeof(int));
}

static work count_work(const mtp_basis *basis) {
  work w = {0};
  bool *used = calloc((size_t)basis->nmoments, sizeof *used);
  int *depth = calloc((size_t)basis->nmoments, sizeof *depth),
      (*pairs)[2] = calloc((size_t)basis->ntimes, sizeof *pairs);
  assert_true(used && depth && pairs);
  for (int t = 0; t < basis->ntimes; t++) used[basis->times[t][0]] = used[basis->times[t][1]] = true;
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t], below = depth[e[0]] > depth[e[1]] ? depth[e[0]] : depth[e[1]];
    if (below + 1 > depth[e[3]]) depth[e[3]] = below + 1;
    if (depth[e[3]] > w.depth) w.depth = depth[e[3]];
    if (used[e[3]]) {
      w.products++;
      continue;
    }
    pairs[w.pairs][0] = e[0] < e[1] ? e[0] : e[1];
    pairs[w.pairs++][1] = e[0] < e[1] ? e[1] : e[0];
  }
  const int listed = w.pairs;
  qsort(pairs, (size_t)listed, sizeof *pairs, compare_pairs);
  for (int k = 1; k < listed; k++) w.pairs -= compare_pairs(pairs[k - 1], pairs[k]) == 0;
  free(used);
  free(depth);
  free(pairs);
  return w;
}

static void test_work(void **state) {
  (void)state;
  /* level; products into intermediates and pairs of the published lists */
  static const int table[][3] = {{6, 1, 4},      {8, 5, 9},       {10, 22, 20},    {14, 267, 81},
                                 {16, 801, 168}, {18, 2297, 337}, {20, 5670, 679}, {24, 33300, 2870}};
  mtp_context *ctx = mtp_context_new();
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    mtp_basis basis;
    assert_int_equal(mtp_basis_enumerate(ctx, table[i][0], &basis), MTP_OK);
    const work w = count_work(&basis);
    assert_true(w.products <= table[i][1]);
    assert_true(2.5 * w.products + 2.0 * w.pairs <= 2.5 * table[i][1] + 2.0 * table[i][2]);
    if (table[i][0] >= 20) /* where it matters, the difference is large */
      assert_true(2.5 * w.products + 2.0 * w.pairs <= 0.75 * (2.5 * table[i][1] + 2.0 * table[i][2]));
    assert_int_equal(w.depth, 2); /* nothing but tensors made of two lies between basic moments and scalars */
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

/* Lists are written to files that outlive the program: the same ones every time. */
static void test_repeatable(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_basis a, b;
  assert_int_equal(mtp_basis_enumerate(ctx, 18, &a), MTP_OK);
  assert_int_equal(mtp_basis_enumerate(ctx, 18, &b), MTP_OK);
  assert_int_equal(a.ntimes, b.ntimes);
  assert_memory_equal(a.times, b.times, (size_t)a.ntimes * sizeof *a.times);
  assert_memory_equal(a.mapping, b.mapping, (size_t)a.nscalars * sizeof *a.mapping);
  mtp_basis_clear(&a);
  mtp_basis_clear(&b);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cutting), cmocka_unit_test(test_work),
                                     cmocka_unit_test(test_repeatable)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
