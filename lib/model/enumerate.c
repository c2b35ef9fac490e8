/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/enumerate.c
 * The standard basis of a level (spec section 3): one scalar for every isomorphism class of loop-free multigraphs with
 * up to four vertices labelled by mu and 2 (V + 2 sum mu + E) <= level. The classes are listed, their contractions
 * planned (contraction.c) and written down as products of components, each intermediate where it is first needed; so
 * factors come before their targets, the mapping ascends, and the list of a level continues that of the level below. */
#include <stdlib.h>
#include <string.h>

#include "model/contraction.h"
#include "model/graph.h"
#include "model/model.h"

#define MAX_MU 5

static int edges_of(const mtp_graph *g) {
  int n = 0;
  for (int i = 0; i < g->nvertices; i++)
    for (int j = 0; j < i; j++) n += g->edge[i][j];
  return n;
}

static int rank_of(const mtp_graph *g, int v) {
  int n = 0;
  for (int i = 0; i < g->nvertices; i++) n += g->edge[v][i];
  return n;
}

static int level_of(const mtp_graph *g) {
  int sum = g->nvertices + edges_of(g);
  for (int v = 0; v < g->nvertices; v++) sum += 2 * g->mu[v];
  return 2 * sum;
}

/* Scalars: single tensors first, as they are basic moments, then by level, degree and graph. */
static int compare_scalars(const void *left, const void *right) {
  const mtp_graph *a = left, *b = right;
  if ((a->nvertices == 1) != (b->nvertices == 1)) return a->nvertices == 1 ? -1 : 1;
  int by_level = level_of(a) - level_of(b);
  if (by_level) return by_level;
  if (a->nvertices != b->nvertices) return a->nvertices < b->nvertices ? -1 : 1;
  return memcmp(a, b, sizeof *a);
}

/* Fills in the edges from pair (i, j) on, at most `left` of them, and keeps what is its own representative. */
static bool add_edges(mtp_graph_table *scalars, mtp_graph *g, int i, int j, int left) {
  if (i == g->nvertices) {
    for (int v = 0; v < g->nvertices; v++)
      if (rank_of(g, v) > MTP_MAX_RANK) return true;
    mtp_graph canonical = mtp_graph_canonical(g);
    return memcmp(&canonical, g, sizeof *g) != 0 || mtp_graph_add(scalars, g) >= 0;
  }
  int next_i = j + 1 == i ? i + 1 : i, next_j = j + 1 == i ? 0 : j + 1;
  bool fits = true;
  for (int n = 0; n <= left && fits; n++) {
    g->edge[i][j] = g->edge[j][i] = (uint8_t)n;
    fits = add_edges(scalars, g, next_i, next_j, left - n);
  }
  g->edge[i][j] = g->edge[j][i] = 0;
  return fits;
}

/* Labels vertex v and all behind it, in ascending order; `left` is half the level that is still to be had. */
static bool add_labels(mtp_graph_table *scalars, mtp_graph *g, int v, int left) {
  /* the second condition tells the compiler what the first means */
  if (v >= g->nvertices || v >= MTP_GRAPH_VERTICES) return add_edges(scalars, g, 1, 0, g->nvertices > 1 ? left : 0);
  for (int mu = v ? g->mu[v - 1] : 0; mu <= MAX_MU && 2 * mu <= left; mu++) {
    g->mu[v] = (uint8_t)mu;
    if (!add_labels(scalars, g, v + 1, left - 2 * mu)) return false;
  }
  return true;
}

static mtp_status list_scalars(mtp_context *ctx, int level, mtp_graph_table *scalars) {
  for (int n = 1; n <= MTP_GRAPH_VERTICES && 2 * n <= level; n++) {
    mtp_graph g = {.nvertices = (uint8_t)n};
    if (!add_labels(scalars, &g, 0, level / 2 - n)) return mtp_fail_memory(ctx);
  }
  /* from here on the table is a list: its index knows nothing of the new order */
  qsort(scalars->items, (size_t)scalars->count, sizeof *scalars->items, compare_scalars);
  return MTP_OK;
}

/* All components of every tensor that some scalar needs. */
static mtp_status list_basic(mtp_context *ctx, const mtp_graph_table *scalars, mtp_basis *basis,
                             mtp_graph_table *moments) {
  int top[MAX_MU + 1], count = 0;
  for (int mu = 0; mu <= MAX_MU; mu++) top[mu] = -1;
  for (int s = 0; s < scalars->count; s++)
    for (int v = 0; v < scalars->items[s].nvertices; v++) {
      int mu = scalars->items[s].mu[v], rank = rank_of(&scalars->items[s], v);
      if (rank > top[mu]) top[mu] = rank;
    }
  for (int mu = 0; mu <= MAX_MU; mu++)
    for (int nu = 0; nu <= top[mu]; nu++) count += (nu + 1) * (nu + 2) / 2;
  basis->basic = mtp_calloc((size_t)count, sizeof *basis->basic);
  if (!basis->basic) return mtp_fail_memory(ctx);
  for (int mu = 0; mu <= MAX_MU; mu++)
    for (int nu = 0; nu <= top[mu]; nu++)
      for (int a = nu; a >= 0; a--)
        for (int b = nu - a; b >= 0; b--) {
          int entry[4] = {mu, a, b, nu - a - b};
          mtp_graph g = {.nvertices = 1, .mu = {(uint8_t)mu}};
          for (int d = 0; d < 3; d++) g.own[0][d] = (uint8_t)entry[d + 1];
          if (mtp_graph_add(moments, &g) < 0) return mtp_fail_memory(ctx);
          memcpy(basis->basic[basis->nbasic++], entry, sizeof entry);
        }
  return MTP_OK;
}

/* The list of products as it is written. */
typedef struct writer {
  mtp_graph_table moments; /* numbered as in the lists */
  int (*times)[4];
  int ntimes, capacity;
} writer;

/* The products of one moment, equal pairs of factors merged. */
typedef struct sum {
  writer *w;
  int (*terms)[3];
  int count, capacity;
} sum;

static int moment_number(writer *w, const mtp_graph *g, unsigned mask);

static bool add_product(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second) {
  sum *s = user;
  const int a = moment_number(s->w, first, MTP_CUT_OF_TWO), b = moment_number(s->w, second, MTP_CUT_OF_TWO);
  if (a < 0 || b < 0) return false;
  int low = a < b ? a : b, high = a < b ? b : a;
  for (int i = 0; i < s->count; i++)
    if (s->terms[i][0] == low && s->terms[i][1] == high) {
      s->terms[i][2] += coefficient;
      return true;
    }
  if (s->count == s->capacity) {
    int capacity = s->capacity ? 2 * s->capacity : 64;
    void *terms = mtp_realloc(s->terms, (size_t)capacity, sizeof *s->terms);
    if (!terms) return false;
    s->terms = terms;
    s->capacity = capacity;
  }
  int term[3] = {low, high, coefficient};
  memcpy(s->terms[s->count++], term, sizeof term);
  return true;
}

static bool write_sum(writer *w, const sum *s, int target) {
  if (w->capacity - w->ntimes < s->count) {
    int capacity = 2 * w->capacity + s->count;
    void *times = mtp_realloc(w->times, (size_t)capacity, sizeof *w->times);
    if (!times) return false;
    w->times = times;
    w->capacity = capacity;
  }
  for (int i = 0; i < s->count; i++) {
    int entry[4] = {s->terms[i][0], s->terms[i][1], s->terms[i][2], target};
    memcpy(w->times[w->ntimes++], entry, sizeof entry);
  }
  return true;
}

/* Number of a moment (canonical graph); writes it, after what it is made of when it is cut, if it is not there yet. -1
 * when memory is exhausted. */
static int moment_number(writer *w, const mtp_graph *g, unsigned mask) {
  int number = mtp_graph_find(&w->moments, g);
  if (number >= 0) return number;
  sum s = {.w = w};
  if (mtp_graph_products(g, mask, add_product, &s)) {
    number = mtp_graph_add(&w->moments, g);
    if (number >= 0 && !write_sum(w, &s, number)) number = -1;
  }
  free(s.terms);
  return number;
}

static mtp_status write_scalars(mtp_context *ctx, const mtp_graph_table *scalars, const unsigned *mask, writer *w,
                                mtp_basis *basis) {
  basis->mapping = mtp_calloc((size_t)scalars->count, sizeof *basis->mapping);
  if (!basis->mapping) return mtp_fail_memory(ctx);
  for (int s = 0; s < scalars->count; s++) {
    int number = moment_number(w, &scalars->items[s], mask[s]);
    if (number < 0) return mtp_fail_memory(ctx);
    basis->mapping[basis->nscalars++] = number;
  }
  return MTP_OK;
}

mtp_status mtp_basis_enumerate(mtp_context *ctx, int level, mtp_basis *out) {
  if (level < 2 || level > 30 || level % 2)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "level %d: expected an even number in 2..30", level);
  mtp_graph_table scalars = {0};
  unsigned *mask = NULL;
  mtp_basis basis = {0};
  writer w = {0};
  mtp_status status = list_scalars(ctx, level, &scalars);
  if (status == MTP_OK) status = list_basic(ctx, &scalars, &basis, &w.moments);
  if (status == MTP_OK && !(mask = mtp_calloc((size_t)scalars.count, sizeof *mask))) status = mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_contraction_plan(ctx, scalars.items, scalars.count, mask);
  if (status == MTP_OK) status = write_scalars(ctx, &scalars, mask, &w, &basis);
  basis.times = w.times;
  basis.ntimes = w.ntimes;
  basis.nmoments = w.moments.count;
  mtp_graph_table_clear(&scalars);
  mtp_graph_table_clear(&w.moments);
  free(mask);
  if (status != MTP_OK) {
    mtp_basis_clear(&basis);
    return status;
  }
  *out = basis;
  return MTP_OK;
}
