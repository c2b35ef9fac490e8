/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/group.c
 * Finding the targets whose products share their first factors. Which factor of a product is the first is free: of the
 * two ways to read all products of a target, the one that more targets share is taken. No knowledge of tensors is
 * needed, so this works for any list. */
#include <stdlib.h>
#include <string.h>

#include "kernel/family.h"

/* A product as seen from its target. */
typedef struct entry {
  int factor, partner;
  double p;
} entry;

/* All products of one target in both readings, sorted by factor and multiplicity. */
typedef struct row {
  int target, depth, n;
  bool live;
  entry *reading[2];
  int sharers[2]; /* targets of the same depth with the same factors and multiplicities in this reading */
  int chosen;
} row;

static int compare_entries(const void *left, const void *right) {
  const entry *a = left, *b = right;
  if (a->factor != b->factor) return a->factor < b->factor ? -1 : 1;
  if (a->p != b->p) return a->p < b->p ? -1 : 1;
  return (a->partner > b->partner) - (a->partner < b->partner);
}

/* Order of factor lists; equal ones form a group. */
static int compare_lists(const row *a, int reading_a, const row *b, int reading_b) {
  if (a->live != b->live) return a->live ? -1 : 1;
  if (a->depth != b->depth) return a->depth < b->depth ? -1 : 1;
  if (a->n != b->n) return a->n > b->n ? -1 : 1;
  const entry *x = a->reading[reading_a], *y = b->reading[reading_b];
  for (int k = 0; k < a->n; k++) {
    if (x[k].factor != y[k].factor) return x[k].factor < y[k].factor ? -1 : 1;
    if (x[k].p != y[k].p) return x[k].p < y[k].p ? -1 : 1;
  }
  return 0;
}

/* A reading of a row, to be sorted by its list. */
typedef struct view {
  row *r;
  int reading;
} view;

static int compare_views(const void *left, const void *right) {
  const view *a = left, *b = right;
  return compare_lists(a->r, a->reading, b->r, b->reading);
}

static int compare_chosen(const void *left, const void *right) {
  const row *a = left, *b = right;
  const int by_list = compare_lists(a, a->chosen, b, b->chosen);
  return by_list ? by_list : (a->target > b->target) - (a->target < b->target);
}

/* Collects the products of every target, in whatever order they come; a product follows those of its factors. */
static mtp_status collect_rows(mtp_context *ctx, int nmoments, size_t nproducts, const mtp_product *products,
                               const bool *live, entry *storage, row *rows, int *nrows) {
  int *row_of = mtp_calloc((size_t)nmoments, sizeof *row_of), *depth = mtp_calloc((size_t)nmoments, sizeof *depth);
  if (!row_of || !depth) {
    free(row_of);
    free(depth);
    return mtp_fail_memory(ctx);
  }
  *nrows = 0;
  for (size_t k = 0; k < nproducts; k++) {
    const mtp_product e = products[k];
    if (row_of[e.target] == 0) {
      row_of[e.target] = ++*nrows;
      rows[*nrows - 1].target = e.target;
      rows[*nrows - 1].live = live[e.target];
    }
    row *r = &rows[row_of[e.target] - 1];
    const int below = depth[e.left] > depth[e.right] ? depth[e.left] : depth[e.right];
    if (below + 1 > r->depth) depth[e.target] = r->depth = below + 1;
    r->n++;
  }
  for (int i = 0; i < *nrows; i++) {
    rows[i].reading[0] = storage;
    rows[i].reading[1] = storage + rows[i].n;
    storage += 2 * rows[i].n;
    rows[i].n = 0;
  }
  for (size_t k = 0; k < nproducts; k++) {
    const mtp_product e = products[k];
    row *r = &rows[row_of[e.target] - 1];
    r->reading[0][r->n] = (entry){e.left, e.right, e.p};
    r->reading[1][r->n++] = (entry){e.right, e.left, e.p};
  }
  free(row_of);
  free(depth);
  return MTP_OK;
}

static mtp_status choose_readings(mtp_context *ctx, row *rows, int nrows) {
  view *views = mtp_calloc(2 * (size_t)nrows, sizeof *views);
  if (!views) return mtp_fail_memory(ctx);
  for (int i = 0; i < nrows; i++)
    for (int k = 0; k < 2; k++) {
      qsort(rows[i].reading[k], (size_t)rows[i].n, sizeof(entry), compare_entries);
      views[2 * i + k] = (view){&rows[i], k};
    }
  qsort(views, 2 * (size_t)nrows, sizeof *views, compare_views);
  for (int begin = 0, end; begin < 2 * nrows; begin = end) {
    for (end = begin + 1; end < 2 * nrows && compare_views(&views[begin], &views[end]) == 0; end++) continue;
    for (int i = begin; i < end; i++) views[i].r->sharers[views[i].reading] = end - begin;
  }
  for (int i = 0; i < nrows; i++) rows[i].chosen = rows[i].sharers[1] > rows[i].sharers[0];
  free(views);
  qsort(rows, (size_t)nrows, sizeof *rows, compare_chosen);
  return MTP_OK;
}

/* Memory of the families: one entry a product suffices. */
typedef struct pool {
  mtp_family *families;
  int *factor, *partner;
  double *p;
  mtp_row *rows;
  size_t factors, partners, rows_used;
} pool;

static mtp_family family_of(const row *rows, int nrows, pool *pool) {
  const int n = rows->n;
  mtp_family f = {.live = rows->live, .depth = rows->depth, .n = n, .height = 1, .nrows = nrows};
  f.factor = pool->factor + pool->factors;
  f.p = pool->p + pool->factors;
  f.row = pool->rows + pool->rows_used;
  for (int e = 0; e < n; e++) {
    f.factor[e] = rows->reading[rows->chosen][e].factor;
    f.p[e] = rows->reading[rows->chosen][e].p;
  }
  for (int r = 0; r < nrows; r++) {
    int *partner = pool->partner + pool->partners;
    for (int e = 0; e < n; e++) partner[e] = rows[r].reading[rows[r].chosen][e].partner;
    f.row[r] = (mtp_row){.partner = partner, .target = {rows[r].target}};
    pool->partners += (size_t)n;
  }
  pool->factors += (size_t)n;
  pool->rows_used += (size_t)nrows;
  return f;
}

static size_t make_families(const row *rows, int nrows, pool *pool) {
  size_t count = 0;
  for (int begin = 0, end; begin < nrows; begin = end) {
    for (end = begin + 1; end < nrows; end++)
      if (compare_lists(&rows[begin], rows[begin].chosen, &rows[end], rows[end].chosen) != 0) break;
    pool->families[count++] = family_of(rows + begin, end - begin, pool);
  }
  return count;
}

/* Derived moments that are the target of nothing are zero; they keep the last numbers. */
static void number_the_rest(int nmoments, int derived, const row *rows, int nrows, int *number) {
  for (int i = 0; i < nmoments; i++) number[i] = i < derived ? i : -1;
  for (int r = 0; r < nrows; r++) number[rows[r].target] = 0;
  for (int i = nmoments - 1, last = nmoments - 1; i >= derived; i--)
    if (number[i] < 0) number[i] = last--;
}

mtp_status mtp_plan_group(mtp_context *ctx, mtp_plan *plan, int derived, size_t n, const mtp_product *products,
                          const bool *live, int *number) {
  /* no group is empty and none has an empty row, so nothing is longer than the list of products */
  plan->group = mtp_calloc(n, sizeof *plan->group);
  plan->factor = mtp_calloc(n, sizeof *plan->factor);
  plan->factor_offset = mtp_calloc(n, sizeof *plan->factor_offset);
  plan->weight = mtp_calloc(n, sizeof *plan->weight);
  plan->partner = mtp_calloc(n, sizeof *plan->partner);
  plan->partner_offset = mtp_calloc(n, sizeof *plan->partner_offset);
  entry *storage = mtp_calloc(2 * n, sizeof *storage);
  row *rows = mtp_calloc(n, sizeof *rows);
  pool pool = {.families = mtp_calloc(n, sizeof *pool.families),
               .factor = mtp_calloc(n, sizeof *pool.factor),
               .partner = mtp_calloc(n, sizeof *pool.partner),
               .p = mtp_calloc(n, sizeof *pool.p),
               .rows = mtp_calloc(n, sizeof *pool.rows)};
  int nrows = 0;
  mtp_status status = MTP_OK;
  if (!plan->group || !plan->factor || !plan->factor_offset || !plan->weight || !plan->partner ||
      !plan->partner_offset || !storage || !rows || !pool.families || !pool.factor || !pool.partner || !pool.p ||
      !pool.rows)
    status = mtp_fail_memory(ctx);
  if (status == MTP_OK) status = collect_rows(ctx, plan->nmoments, n, products, live, storage, rows, &nrows);
  if (status == MTP_OK && nrows) status = choose_readings(ctx, rows, nrows);
  if (status == MTP_OK) {
    number_the_rest(plan->nmoments, derived, rows, nrows, number);
    status = mtp_plan_write_groups(ctx, plan, derived, make_families(rows, nrows, &pool), pool.families, number);
  }
  free(storage);
  free(rows);
  free(pool.families);
  free(pool.factor);
  free(pool.partner);
  free(pool.p);
  free(pool.rows);
  return status;
}
