/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/coupling.c
 * The quadratic form of the top level: all products of scalars that are never formed, merged into one sparse symmetric
 * matrix with the coefficients folded in. */
#include <stdlib.h>
#include <string.h>

#include "kernel/plan.h"

/* C_ij; every pair is there both ways. */
typedef struct entry {
  int row, column;
  double value;
} entry;

static int compare_entries(const void *left, const void *right) {
  const entry *a = left, *b = right;
  if (a->row != b->row) return a->row < b->row ? -1 : 1;
  return (a->column > b->column) - (a->column < b->column);
}

/* A row and the connected component that it belongs to. */
typedef struct place {
  mtp_coupling row;
  int component, largest; /* its first row, and the longest row of the component */
} place;

/* Couplings join components of tensors of one shape, each only with the same component of the others: the rows of a
 * connected component share their columns, which then are in the cache. Components alike follow each other, so that
 * loops over entries end when the one before did. */
static int compare_places(const void *left, const void *right) {
  const place *a = left, *b = right;
  if (a->largest != b->largest) return a->largest > b->largest ? -1 : 1;
  if (a->component != b->component) return a->component < b->component ? -1 : 1;
  if (a->row.count != b->row.count) return a->row.count > b->row.count ? -1 : 1;
  return (a->row.moment > b->row.moment) - (a->row.moment < b->row.moment);
}

static int root_of(place *places, int i) {
  while (places[i].component != i) i = places[i].component = places[places[i].component].component;
  return i;
}

/* Rows 0..nlive-1 in the order in which the kernel goes through them. */
static void order_rows(place *places, int nlive, size_t n, const entry *entries) {
  for (int i = 0; i < nlive; i++) places[i] = (place){.row = {i, 0}, .component = i};
  for (size_t k = 0; k < n; k++) {
    const int a = root_of(places, entries[k].row), b = root_of(places, entries[k].column);
    places[entries[k].row].row.count++;
    if (a < b)
      places[b].component = a;
    else
      places[a].component = b;
  }
  for (int i = 0; i < nlive; i++) {
    place *first = &places[root_of(places, i)];
    if (places[i].row.count > first->largest) first->largest = places[i].row.count;
  }
  for (int i = 0; i < nlive; i++) {
    places[i].component = root_of(places, i);
    places[i].largest = places[places[i].component].largest;
  }
  qsort(places, (size_t)nlive, sizeof *places, compare_places);
}

/* Sorted, each pair once, no zeros; returns how many are left. */
static size_t merge(entry *entries, size_t n) {
  qsort(entries, n, sizeof *entries, compare_entries);
  size_t kept = 0;
  for (size_t k = 0; k < n;) {
    entry e = entries[k++];
    while (k < n && compare_entries(&e, &entries[k]) == 0) e.value += entries[k++].value;
    if (e.value != 0.0) entries[kept++] = e;
  }
  return kept;
}

static mtp_status write_rows(mtp_context *ctx, mtp_plan *plan, size_t n, const entry *entries, const double *linear) {
  const size_t nlive = (size_t)plan->nlive;
  size_t *first = mtp_calloc(nlive + 1, sizeof *first); /* where the entries of a row begin */
  place *places = mtp_calloc(nlive, sizeof *places);
  double *values = mtp_calloc(n > nlive ? n : nlive, sizeof *values);
  plan->coupling = mtp_calloc(nlive, sizeof *plan->coupling);
  plan->coupled = mtp_calloc(n, sizeof *plan->coupled);
  bool done = first && places && values && plan->coupling && plan->coupled;
  if (done) {
    for (size_t k = 0; k < n; k++) first[entries[k].row + 1]++;
    for (size_t i = 0; i < nlive; i++) first[i + 1] += first[i];
    order_rows(places, plan->nlive, n, entries);
    for (size_t i = 0; i < nlive; i++) {
      plan->coupling[i] = places[i].row;
      values[i] = linear[places[i].row.moment];
    }
    done = mtp_numbers_set(&plan->linear, nlive, values);
  }
  if (done) {
    size_t at = 0;
    for (size_t i = 0; i < nlive; i++)
      for (size_t k = first[plan->coupling[i].moment]; k < first[plan->coupling[i].moment + 1]; k++) {
        plan->coupled[at] = (unsigned)(entries[k].column * plan->vector_bytes);
        values[at++] = entries[k].value;
      }
    done = mtp_numbers_set(&plan->coupled_by, n, values);
  }
  free(first);
  free(places);
  free(values);
  return done ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_plan_couple(mtp_context *ctx, mtp_plan *plan, size_t nproducts, const mtp_product *products,
                           const double *linear) {
  entry *entries = mtp_calloc(2 * nproducts, sizeof *entries);
  if (!entries) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < nproducts; k++) { /* the two halves of a square fall on the same entry, which doubles it */
    const mtp_product e = products[k];
    entries[2 * k] = (entry){e.left, e.right, e.p};
    entries[2 * k + 1] = (entry){e.right, e.left, e.p};
  }
  const mtp_status status = write_rows(ctx, plan, merge(entries, 2 * nproducts), entries, linear);
  free(entries);
  return status;
}
