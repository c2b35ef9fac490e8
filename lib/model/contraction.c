/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/contraction.c
 * What a plan costs is known from the kernel. A scalar that nothing else uses is never formed: all its last products
 * go into one sparse symmetric matrix over moments, where equal pairs of factors are merged, whichever scalars they
 * come from. So these products are cheap. Expensive are those that form intermediate moments, as their factors are
 * gathered and their adjoints scattered. Hence scalars of four tensors are cut into two and two, not into three and
 * one, and every open index of an intermediate keeps its own direction, rather than being summed over in advance with
 * others that will meet the same tensor: this takes more pairs, but the intermediates then serve many scalars, and
 * their products come in large groups that share the components of one tensor as first factors.
 *
 * The best choice is a covering problem; the search is greedy and then repaired. Scalars come in order of level, each
 * takes the cut that adds least to what is there already, with intermediates at a discount, as later scalars will use
 * them too. Then every choice is reconsidered with all others fixed, at first with random errors in the prices that
 * fade out, so that the search does not end where it began. The result is the same on every machine. */
#include "model/contraction.h"

#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* In vector operations. */
#define PRICE_PRODUCT   2.5 /* of an intermediate: its value and two adjoints */
#define PRICE_COMPONENT 1.0 /* of an intermediate: storing it and its adjoint */
#define PRICE_PAIR      2.0 /* an entry of the matrix: the adjoint of either factor */
#define DISCOUNT        0.5
#define LOUD_ROUNDS     100 /* with random errors */
#define ROUNDS          120
#define LOUDEST         10.0
/* A cut with this many times the products of the shortest one is not worth looking at. */
#define LONGEST 12.0

/* A growing array of numbers. */
typedef struct list {
  int *items, count, capacity;
} list;

static bool append(list *l, int item) {
  if (l->count == l->capacity) {
    int capacity = l->capacity ? 2 * l->capacity : 1024;
    int *items = mtp_realloc(l->items, (size_t)capacity, sizeof *items);
    if (!items) return false;
    l->items = items;
    l->capacity = capacity;
  }
  l->items[l->count++] = item;
  return true;
}

/* Pairs of moments, numbered in order of arrival. */
typedef struct pair {
  int low, high;
} pair;

typedef struct pair_table {
  pair *items;
  int count, capacity, *slots;
} pair_table;

static size_t slot_of(const pair_table *table, pair p) {
  const size_t mask = 2 * (size_t)table->capacity - 1;
  size_t at = ((size_t)p.low * 2654435761u ^ (size_t)p.high * 40503u) & mask;
  while (table->slots[at] &&
         (table->items[table->slots[at] - 1].low != p.low || table->items[table->slots[at] - 1].high != p.high))
    at = (at + 1) & mask;
  return at;
}

static bool enlarge_pairs(pair_table *table) {
  int capacity = table->capacity ? 2 * table->capacity : 1024;
  pair *items = mtp_realloc(table->items, (size_t)capacity, sizeof *items);
  if (!items) return false;
  table->items = items;
  int *slots = mtp_calloc(2 * (size_t)capacity, sizeof *slots);
  if (!slots) return false;
  free(table->slots);
  table->slots = slots;
  table->capacity = capacity;
  for (int i = 0; i < table->count; i++) table->slots[slot_of(table, table->items[i])] = i + 1;
  return true;
}

static int pair_number(pair_table *table, pair p) {
  if (table->count == table->capacity && !enlarge_pairs(table)) return -1;
  size_t at = slot_of(table, p);
  if (!table->slots[at]) {
    table->items[table->count] = p;
    table->slots[at] = ++table->count;
  }
  return table->slots[at] - 1;
}

/* One way to cut a scalar: the distinct pairs of its products. */
typedef struct candidate {
  unsigned mask;
  int begin, end; /* in planner.pairs_of */
} candidate;

typedef struct planner {
  mtp_graph_table moments; /* of one or two vertices */
  pair_table pairs;
  candidate *candidates;
  int ncandidates, capacity;
  int *first; /* [nscalars + 1] candidates of a scalar */
  list pairs_of;
  list seen;     /* [pairs] the last candidate that listed it, counted from 1 */
  double *price; /* [moments] 0 for basic moments */
  int *moment_uses, *pair_uses, *chosen;
  mtp_random random;
  double noise, discount;
} planner;

/* ---- what there is to choose from ---- */

static bool list_product(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second) {
  (void)coefficient;
  planner *p = user;
  const int a = mtp_graph_add(&p->moments, first), b = mtp_graph_add(&p->moments, second);
  if (a < 0 || b < 0) return false;
  const int number = pair_number(&p->pairs, (pair){a < b ? a : b, a < b ? b : a});
  if (number < 0) return false;
  if (number == p->seen.count && !append(&p->seen, 0)) return false;
  if (p->seen.items[number] == p->ncandidates) return true;
  p->seen.items[number] = p->ncandidates;
  return append(&p->pairs_of, number);
}

static bool add_candidate(planner *p, const mtp_graph *g, unsigned mask) {
  if (p->ncandidates == p->capacity) {
    int capacity = p->capacity ? 2 * p->capacity : 1024;
    candidate *candidates = mtp_realloc(p->candidates, (size_t)capacity, sizeof *candidates);
    if (!candidates) return false;
    p->candidates = candidates;
    p->capacity = capacity;
  }
  candidate *c = &p->candidates[p->ncandidates++];
  *c = (candidate){.mask = mask, .begin = p->pairs_of.count};
  if (!mtp_graph_products(g, mask, list_product, p)) return false;
  c->end = p->pairs_of.count;
  return true;
}

static int bits(unsigned mask) {
  int n = 0;
  for (; mask; mask &= mask - 1) n++;
  return n;
}

/* All cuts into parts of one or two vertices; of a mask and its complement only one. */
static int list_cuts(const mtp_graph *g, unsigned *masks) {
  int count = 0;
  for (unsigned mask = 1; mask < 1u << g->nvertices; mask++) {
    const int first = bits(mask), second = g->nvertices - first;
    if (second >= 1 && first <= 2 && (first > second || (first == second && mask & 1))) masks[count++] = mask;
  }
  return count;
}

static bool list_candidates(planner *p, const mtp_graph *scalars, int nscalars) {
  for (int s = 0; s < nscalars; s++) {
    unsigned masks[1 << MTP_GRAPH_VERTICES];
    const int ncuts = list_cuts(&scalars[s], masks);
    double shortest = 0.0;
    for (int i = 0; i < ncuts; i++) {
      const double products = mtp_graph_count_products(&scalars[s], masks[i]);
      if (i == 0 || products < shortest) shortest = products;
    }
    p->first[s] = p->ncandidates;
    for (int i = 0; i < ncuts; i++)
      if (mtp_graph_count_products(&scalars[s], masks[i]) <= LONGEST * shortest &&
          !add_candidate(p, &scalars[s], masks[i]))
        return false;
  }
  p->first[nscalars] = p->ncandidates;
  return true;
}

/* ---- prices ---- */

static void set_prices(planner *p) {
  for (int m = 0; m < p->moments.count; m++)
    if (p->moments.items[m].nvertices > 1)
      p->price[m] = PRICE_COMPONENT + PRICE_PRODUCT * mtp_graph_count_products(&p->moments.items[m], MTP_CUT_OF_TWO);
}

static void use(planner *p, const candidate *c, int sign) {
  for (int k = c->begin; k < c->end; k++) {
    const int number = p->pairs_of.items[k];
    p->pair_uses[number] += sign;
    p->moment_uses[p->pairs.items[number].low] += sign;
    p->moment_uses[p->pairs.items[number].high] += sign;
  }
}

/* What the candidate adds to all that is in use; marks what it has counted by a use and takes that back. */
static double price(planner *p, const candidate *c) {
  double sum = 0.0;
  for (int k = c->begin; k < c->end; k++) {
    const int number = p->pairs_of.items[k], low = p->pairs.items[number].low, high = p->pairs.items[number].high;
    if (!p->pair_uses[number]) sum += PRICE_PAIR;
    if (!p->moment_uses[low]++) sum += p->discount * p->price[low];
    if (!p->moment_uses[high]++) sum += p->discount * p->price[high];
  }
  for (int k = c->begin; k < c->end; k++) {
    p->moment_uses[p->pairs.items[p->pairs_of.items[k]].low]--;
    p->moment_uses[p->pairs.items[p->pairs_of.items[k]].high]--;
  }
  return sum * (1.0 + p->noise * mtp_random_uniform(&p->random));
}

/* ---- search ---- */

/* Takes the cheapest cut of scalar s; true if that is another than before. */
static bool choose_cut(planner *p, int s) {
  const int before = p->chosen[s];
  double least = 0.0;
  for (int c = p->first[s]; c < p->first[s + 1]; c++) {
    const double sum = price(p, &p->candidates[c]);
    if (c > p->first[s] && sum >= least) continue;
    least = sum;
    p->chosen[s] = c;
  }
  use(p, &p->candidates[p->chosen[s]], 1);
  return p->chosen[s] != before;
}

static void search(planner *p, int nscalars) {
  p->discount = DISCOUNT;
  for (int s = 0; s < nscalars; s++)
    if (p->first[s + 1] > p->first[s]) choose_cut(p, s);
  p->discount = 1.0;
  bool changed = true;
  for (int round = 0; round < ROUNDS && (changed || round <= LOUD_ROUNDS); round++) {
    const bool loud = round < LOUD_ROUNDS;
    p->noise = loud ? LOUDEST * (LOUD_ROUNDS - round) / LOUD_ROUNDS : 0.0;
    changed = false;
    for (int i = 0; i < nscalars; i++) {
      const int s = loud ? (int)(mtp_random_uniform(&p->random) * nscalars) : i;
      if (p->first[s + 1] == p->first[s]) continue;
      use(p, &p->candidates[p->chosen[s]], -1);
      if (choose_cut(p, s)) changed = true;
    }
  }
}

static bool prepare(planner *p, const mtp_graph *scalars, int nscalars) {
  p->first = mtp_calloc((size_t)nscalars + 1, sizeof *p->first);
  p->chosen = mtp_calloc((size_t)nscalars, sizeof *p->chosen);
  if (!p->first || !p->chosen || !list_candidates(p, scalars, nscalars)) return false;
  p->price = mtp_calloc((size_t)p->moments.count, sizeof *p->price);
  p->moment_uses = mtp_calloc((size_t)p->moments.count, sizeof *p->moment_uses);
  p->pair_uses = mtp_calloc((size_t)p->pairs.count, sizeof *p->pair_uses);
  return p->price && p->moment_uses && p->pair_uses;
}

mtp_status mtp_contraction_plan(mtp_context *ctx, const mtp_graph *scalars, int nscalars, unsigned *mask) {
  planner p = {.random = {5}};
  const bool ready = prepare(&p, scalars, nscalars);
  if (ready) {
    set_prices(&p);
    search(&p, nscalars);
    for (int s = 0; s < nscalars; s++)
      if (p.first[s + 1] > p.first[s]) mask[s] = p.candidates[p.chosen[s]].mask;
  }
  mtp_graph_table_clear(&p.moments);
  free(p.pairs.items);
  free(p.pairs.slots);
  free(p.candidates);
  free(p.first);
  free(p.pairs_of.items);
  free(p.seen.items);
  free(p.price);
  free(p.moment_uses);
  free(p.pair_uses);
  free(p.chosen);
  return ready ? MTP_OK : mtp_fail_memory(ctx);
}
