/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/coupling.c
 * The quadratic form of the top level: all products of scalars that are never formed, merged into one sparse symmetric
 * matrix with the coefficients folded in. Its layout depends on the lists alone, so its numbers can be filled anew for
 * other coefficients. */
#include <stdlib.h>
#include <string.h>

#include "kernel/plan.h"

/* A part of C_ij; every pair is there both ways. */
typedef struct part {
  int row, column, scalar;
  double p;
} part;

static int compare_places_of(const part *a, const part *b) {
  if (a->row != b->row) return a->row < b->row ? -1 : 1;
  return (a->column > b->column) - (a->column < b->column);
}

static int compare_parts(const void *left, const void *right) {
  const part *a = left, *b = right;
  const int by_place = compare_places_of(a, b);
  return by_place ? by_place : (a->scalar > b->scalar) - (a->scalar < b->scalar);
}

/* C_ij is the sum of parts first..last-1. */
typedef struct entry {
  int row, column;
  size_t first, last;
} entry;

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

/* Sorts the parts and finds the entries; returns their number. */
static size_t find_entries(part *parts, size_t n, entry *entries) {
  qsort(parts, n, sizeof *parts, compare_parts);
  size_t count = 0;
  for (size_t k = 0; k < n; count++) {
    const size_t first = k;
    while (k < n && compare_places_of(&parts[first], &parts[k]) == 0) k++;
    entries[count] = (entry){parts[first].row, parts[first].column, first, k};
  }
  return count;
}

/* Allocates the form: n entries of nparts parts. */
static bool allocate(mtp_plan *plan, size_t n, size_t nparts, size_t ndirect) {
  const size_t nlive = (size_t)plan->nlive;
  plan->coupling = mtp_calloc(nlive, sizeof *plan->coupling);
  plan->coupled = mtp_calloc(n, sizeof *plan->coupled);
  plan->coupled_term = mtp_calloc(nparts, sizeof *plan->coupled_term);
  plan->linear_term = mtp_calloc(ndirect, sizeof *plan->linear_term);
  plan->ncoupled = n;
  return plan->coupling && plan->coupled && plan->coupled_term && plan->linear_term &&
         mtp_numbers_allocate(&plan->linear, nlive) && mtp_numbers_allocate(&plan->coupled_by, n);
}

/* The entries row after row as the kernel goes through them, and what their numbers are made of. */
static void write_entries(mtp_plan *plan, const size_t *first, const entry *entries, const part *parts) {
  int at = 0;
  for (int i = 0; i < plan->nlive; i++) {
    const int moment = plan->coupling[i].moment;
    for (size_t k = first[moment]; k < first[moment + 1]; k++, at++) {
      plan->coupled[at] = (unsigned)(entries[k].column * plan->vector_bytes);
      for (size_t q = entries[k].first; q < entries[k].last; q++)
        plan->coupled_term[plan->ncoupled_term++] = (mtp_term){at, parts[q].scalar, parts[q].p};
    }
  }
}

static mtp_status write_form(mtp_context *ctx, mtp_plan *plan, size_t n, const entry *entries, size_t nparts,
                             const part *parts, size_t ndirect, const mtp_term *direct) {
  const size_t nlive = (size_t)plan->nlive;
  size_t *first = mtp_calloc(nlive + 1, sizeof *first); /* where the entries of a row begin */
  int *position = mtp_calloc(nlive, sizeof *position);  /* of a moment among the rows */
  place *places = mtp_calloc(nlive, sizeof *places);
  const bool done = first && position && places && allocate(plan, n, nparts, ndirect);
  if (done) {
    for (size_t k = 0; k < n; k++) first[entries[k].row + 1]++;
    for (size_t i = 0; i < nlive; i++) first[i + 1] += first[i];
    order_rows(places, plan->nlive, n, entries);
    for (size_t i = 0; i < nlive; i++) {
      plan->coupling[i] = places[i].row;
      position[places[i].row.moment] = (int)i;
    }
    write_entries(plan, first, entries, parts);
    for (size_t k = 0; k < ndirect; k++) {
      plan->linear_term[k] = direct[k];
      plan->linear_term[k].entry = position[direct[k].entry];
    }
    plan->nlinear_term = ndirect;
  }
  free(first);
  free(position);
  free(places);
  return done ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_plan_couple(mtp_context *ctx, mtp_plan *plan, size_t nproducts, const mtp_product *products,
                           size_t ndirect, const mtp_term *direct) {
  part *parts = mtp_calloc(2 * nproducts, sizeof *parts);
  entry *entries = mtp_calloc(2 * nproducts, sizeof *entries);
  mtp_status status = parts && entries ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    for (size_t k = 0; k < nproducts; k++) { /* the two halves of a square fall on the same entry, which doubles it */
      const mtp_product e = products[k];
      parts[2 * k] = (part){e.left, e.right, e.target, e.p};
      parts[2 * k + 1] = (part){e.right, e.left, e.target, e.p};
    }
    const size_t n = find_entries(parts, 2 * nproducts, entries);
    status = write_form(ctx, plan, n, entries, 2 * nproducts, parts, ndirect, direct);
  }
  free(parts);
  free(entries);
  return status;
}

static void fill_numbers(mtp_numbers *numbers, size_t count, size_t nterms, const mtp_term *terms, const double *x) {
  memset(numbers->in_double, 0, count * sizeof *numbers->in_double);
  for (size_t k = 0; k < nterms; k++) numbers->in_double[terms[k].entry] += terms[k].p * x[terms[k].scalar];
  mtp_numbers_round(numbers, count);
}

void mtp_plan_fill_coupling(mtp_plan *plan) {
  const double *x = mtp_plan_linear(plan);
  fill_numbers(&plan->linear, (size_t)plan->nlive, plan->nlinear_term, plan->linear_term, x);
  fill_numbers(&plan->coupled_by, plan->ncoupled, plan->ncoupled_term, plan->coupled_term, x);
}
