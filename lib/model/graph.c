/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/graph.c
 * Canonical forms, cutting a product into two factors, and a table of graphs. */
#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Canonical form. */

static mtp_graph permuted(const mtp_graph *g, const int *order) {
  mtp_graph p = {.nvertices = g->nvertices};
  for (int i = 0; i < g->nvertices; i++) {
    p.mu[i] = g->mu[order[i]];
    memcpy(p.own[i], g->own[order[i]], sizeof p.own[i]);
    for (int j = 0; j < g->nvertices; j++) p.edge[i][j] = g->edge[order[i]][order[j]];
  }
  return p;
}

static bool next_order(int *order, int n) {
  int i = n - 2, j = n - 1;
  while (i >= 0 && order[i] > order[i + 1]) i--;
  if (i < 0) return false;
  while (order[j] < order[i]) j--;
  int swap = order[i];
  order[i] = order[j];
  order[j] = swap;
  for (int a = i + 1, b = n - 1; a < b; a++, b--) {
    swap = order[a];
    order[a] = order[b];
    order[b] = swap;
  }
  return true;
}

mtp_graph mtp_graph_canonical(const mtp_graph *g) {
  int order[MTP_GRAPH_VERTICES] = {0, 1, 2, 3};
  mtp_graph best = permuted(g, order);
  while (next_order(order, g->nvertices)) {
    mtp_graph other = permuted(g, order);
    if (memcmp(&other, &best, sizeof best) < 0) best = other;
  }
  return best;
}

/* Cutting. */

/* n!/(a!b!c!): in how many ways n indices can have these directions. */
static int multinomial(const uint8_t *t) {
  int value = 1, n = 0;
  for (int d = 0; d < 3; d++)
    for (int i = 1; i <= t[d]; i++) value = value * ++n / i;
  return value;
}

/* All edges between one vertex of the first part and one of the second, with the directions chosen for them. */
typedef struct bundle {
  int vertex[2], edges;
  uint8_t t[3];
} bundle;

#define MAX_BUNDLES (MTP_GRAPH_VERTICES * MTP_GRAPH_VERTICES)

typedef struct walk {
  const mtp_graph *g;
  unsigned mask;
  mtp_graph_product product;
  void *user;
  int nbundles;
  bundle bundles[MAX_BUNDLES];
} walk;

static int list_bundles(const mtp_graph *g, unsigned mask, bundle *bundles) {
  int count = 0;
  for (int i = 0; i < g->nvertices; i++)
    for (int j = 0; j < g->nvertices; j++)
      if ((mask >> i & 1) && !(mask >> j & 1) && g->edge[i][j]) bundles[count++] = (bundle){{i, j}, g->edge[i][j], {0}};
  return count;
}

double mtp_graph_count_products(const mtp_graph *g, unsigned mask) {
  bundle bundles[MAX_BUNDLES];
  const int count = list_bundles(g, mask, bundles);
  double products = 1.0;
  for (int k = 0; k < count; k++) products *= (bundles[k].edges + 1) * (bundles[k].edges + 2) / 2;
  return products;
}

/* The sub-graph of the vertices in mask. */
static mtp_graph part_of(const mtp_graph *g, unsigned mask) {
  int place[MTP_GRAPH_VERTICES];
  mtp_graph part = {0};
  for (int v = 0; v < g->nvertices; v++)
    if (mask >> v & 1) place[part.nvertices++] = v;
  for (int i = 0; i < part.nvertices; i++) {
    part.mu[i] = g->mu[place[i]];
    memcpy(part.own[i], g->own[place[i]], sizeof part.own[i]);
    for (int j = 0; j < part.nvertices; j++) part.edge[i][j] = g->edge[place[i]][place[j]];
  }
  return part;
}

static bool emit_product(const walk *w) {
  mtp_graph open = *w->g;
  int coefficient = 1;
  for (int k = 0; k < w->nbundles; k++) {
    const bundle *b = &w->bundles[k];
    coefficient *= multinomial(b->t);
    for (int end = 0; end < 2; end++)
      for (int d = 0; d < 3; d++) open.own[b->vertex[end]][d] = (uint8_t)(open.own[b->vertex[end]][d] + b->t[d]);
  }
  const mtp_graph first = part_of(&open, w->mask), second = part_of(&open, ~w->mask);
  const mtp_graph canonical[2] = {mtp_graph_canonical(&first), mtp_graph_canonical(&second)};
  return w->product(w->user, coefficient, &canonical[0], &canonical[1]);
}

/* All directions of bundle k and of those behind it. */
static bool list_directions(walk *w, int k) {
  if (k == w->nbundles) return emit_product(w);
  bundle *bundle = &w->bundles[k];
  for (int a = bundle->edges; a >= 0; a--)
    for (int b = bundle->edges - a; b >= 0; b--) {
      bundle->t[0] = (uint8_t)a;
      bundle->t[1] = (uint8_t)b;
      bundle->t[2] = (uint8_t)(bundle->edges - a - b);
      if (!list_directions(w, k + 1)) return false;
    }
  return true;
}

bool mtp_graph_products(const mtp_graph *g, unsigned mask, mtp_graph_product product, void *user) {
  walk w = {.g = g, .mask = mask, .product = product, .user = user};
  w.nbundles = list_bundles(g, mask, w.bundles);
  return list_directions(&w, 0);
}

/* Table. */

static uint32_t hash(const mtp_graph *g) {
  const uint8_t *bytes = (const uint8_t *)g;
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < sizeof *g; i++) h = (h ^ bytes[i]) * 16777619u;
  return h ^ h >> 15;
}

/* The slot that holds g, or the empty one where it belongs. */
static uint32_t slot_of(const mtp_graph_table *table, const mtp_graph *g) {
  uint32_t at = hash(g) & (table->nslots - 1);
  while (table->slots[at] && memcmp(&table->items[table->slots[at] - 1], g, sizeof *g) != 0)
    at = (at + 1) & (table->nslots - 1);
  return at;
}

int mtp_graph_find(const mtp_graph_table *table, const mtp_graph *g) {
  return table->nslots ? table->slots[slot_of(table, g)] - 1 : -1;
}

static bool enlarge(mtp_graph_table *table) {
  int capacity = table->capacity ? 2 * table->capacity : 256;
  mtp_graph *items = mtp_realloc(table->items, (size_t)capacity, sizeof *items);
  if (!items) return false;
  table->items = items;
  int *slots = mtp_calloc((size_t)capacity * 2, sizeof *slots);
  if (!slots) return false;
  free(table->slots);
  table->slots = slots;
  table->capacity = capacity;
  table->nslots = (uint32_t)capacity * 2;
  for (int i = 0; i < table->count; i++) table->slots[slot_of(table, &table->items[i])] = i + 1;
  return true;
}

int mtp_graph_add(mtp_graph_table *table, const mtp_graph *g) {
  int known = mtp_graph_find(table, g);
  if (known >= 0) return known;
  if (table->count == table->capacity && !enlarge(table)) return -1;
  table->items[table->count] = *g;
  table->slots[slot_of(table, g)] = table->count + 1;
  return table->count++;
}

void mtp_graph_table_clear(mtp_graph_table *table) {
  free(table->items);
  free(table->slots);
  memset(table, 0, sizeof *table);
}
