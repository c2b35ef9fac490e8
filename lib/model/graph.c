/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/graph.c
 * Canonical forms, cutting a product into two factors, and a table of graphs. */
#include "model/graph.h"

#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Canonical form. */

static mtp_graph permuted(const mtp_graph *g, const int *order) {
  mtp_graph p = {.nvertices = g->nvertices, .ngroups = g->ngroups};
  for (int i = 0; i < g->nvertices; i++) {
    p.mu[i] = g->mu[order[i]];
    memcpy(p.own[i], g->own[order[i]], sizeof p.own[i]);
    for (int j = 0; j < g->nvertices; j++) p.edge[i][j] = g->edge[order[i]][order[j]];
  }
  for (int k = 0; k < g->ngroups; k++) {
    mtp_graph_group group = {.t = {g->group[k].t[0], g->group[k].t[1], g->group[k].t[2]}};
    for (int i = 0; i < g->nvertices; i++) group.legs[i] = g->group[k].legs[order[i]];
    int at = k; /* groups have no order of their own: keep them sorted */
    for (; at > 0 && memcmp(&group, &p.group[at - 1], sizeof group) < 0; at--) p.group[at] = p.group[at - 1];
    p.group[at] = group;
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

static int total(const uint8_t *t) {
  return t[0] + t[1] + t[2];
}

static void forget_directions(uint8_t *t) {
  t[0] = (uint8_t)total(t);
  t[1] = t[2] = 0;
}

void mtp_graph_forget(mtp_graph *g) {
  for (int i = 0; i < g->nvertices; i++) forget_directions(g->own[i]);
  for (int k = 0; k < g->ngroups; k++) forget_directions(g->group[k].t);
}

mtp_graph mtp_graph_family(const mtp_graph *g) {
  mtp_graph family = *g;
  mtp_graph_forget(&family);
  return mtp_graph_canonical(&family);
}

/* Cutting. */

/* n!/(a!b!c!): in how many ways n indices can have these directions. */
static int multinomial(const uint8_t *t) {
  int value = 1, n = 0;
  for (int d = 0; d < 3; d++)
    for (int i = 1; i <= t[d]; i++) value = value * ++n / i;
  return value;
}

/* Number of components of a symmetric tensor of rank n. */
static double components(int n) {
  return (n + 1) * (n + 2) / 2;
}

/* The directions chosen for one product: those of group k that fall to the first part, and those of the indices by
 * which vertex v of the second part was tied to the first. */
typedef struct choice {
  uint8_t first[MTP_GRAPH_GROUPS][3], cut[MTP_GRAPH_VERTICES][3];
} choice;

/* Adds a group to a part; indices of one vertex alone need no group, only the number of ways. */
static void add_group(mtp_graph *part, const uint8_t *legs, const uint8_t *t, int *coefficient) {
  int vertex = -1, vertices = 0;
  for (int i = 0; i < part->nvertices; i++)
    if (legs[i]) {
      vertex = i;
      vertices++;
    }
  if (vertices == 1) {
    for (int d = 0; d < 3; d++) part->own[vertex][d] = (uint8_t)(part->own[vertex][d] + t[d]);
    *coefficient *= multinomial(t);
  } else if (vertices > 1) {
    mtp_graph_group *group = &part->group[part->ngroups++];
    memcpy(group->legs, legs, sizeof group->legs);
    memcpy(group->t, t, sizeof group->t);
  }
}

/* The sub-graph of the vertices in mask, without groups; place[i] receives the vertex that has become the i-th. */
static mtp_graph part_of(const mtp_graph *g, unsigned mask, int *place) {
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

/* One product, canonical; returns its coefficient. */
static int assemble(const mtp_graph *g, unsigned mask, const choice *c, mtp_graph *first, mtp_graph *second) {
  int place[2][MTP_GRAPH_VERTICES], coefficient = 1;
  mtp_graph a = part_of(g, mask, place[0]), b = part_of(g, ~mask, place[1]);
  for (int k = 0; k < g->ngroups; k++) {
    uint8_t legs[2][MTP_GRAPH_VERTICES] = {{0}}, rest[3];
    for (int i = 0; i < a.nvertices; i++) legs[0][i] = g->group[k].legs[place[0][i]];
    for (int i = 0; i < b.nvertices; i++) legs[1][i] = g->group[k].legs[place[1][i]];
    for (int d = 0; d < 3; d++) rest[d] = (uint8_t)(g->group[k].t[d] - c->first[k][d]);
    add_group(&a, legs[0], c->first[k], &coefficient);
    add_group(&b, legs[1], rest, &coefficient);
  }
  for (int j = 0; j < b.nvertices; j++) {
    const uint8_t *t = c->cut[place[1][j]];
    uint8_t legs[MTP_GRAPH_VERTICES] = {0};
    for (int i = 0; i < a.nvertices; i++) legs[i] = g->edge[place[0][i]][place[1][j]];
    add_group(&a, legs, t, &coefficient);
    for (int d = 0; d < 3; d++) b.own[j][d] = (uint8_t)(b.own[j][d] + t[d]);
  }
  *first = mtp_graph_canonical(&a);
  *second = mtp_graph_canonical(&b);
  return coefficient;
}

/* Indices of group k that fall to the vertices in mask. */
static int group_legs(const mtp_graph *g, int k, unsigned mask) {
  int n = 0;
  for (int v = 0; v < g->nvertices; v++)
    if (mask >> v & 1) n += g->group[k].legs[v];
  return n;
}

/* Edges between vertex v and the vertices in mask; none if it is one of them. */
static int cut_edges(const mtp_graph *g, int v, unsigned mask) {
  int n = 0;
  if (mask >> v & 1) return 0;
  for (int i = 0; i < g->nvertices; i++)
    if (mask >> i & 1) n += g->edge[i][v];
  return n;
}

double mtp_graph_cut(const mtp_graph *family, unsigned mask, mtp_graph *first, mtp_graph *second) {
  choice c = {0};
  double products = 1.0;
  for (int k = 0; k < family->ngroups; k++) {
    int n = group_legs(family, k, mask);
    c.first[k][0] = (uint8_t)n;
    products *= components(n) * components(family->group[k].t[0] - n);
  }
  for (int v = 0; v < family->nvertices; v++) {
    int n = cut_edges(family, v, mask);
    c.cut[v][0] = (uint8_t)n;
    products *= components(family->own[v][0]) * components(n);
  }
  assemble(family, mask, &c, first, second);
  return products;
}

typedef struct walk {
  const mtp_graph *g;
  unsigned mask;
  mtp_graph_product product;
  void *user;
  choice c;
} walk;

/* Chooses directions for group or vertex number `step` and all behind it. */
static bool choose(walk *w, int step) {
  const mtp_graph *g = w->g;
  if (step == g->ngroups + g->nvertices) {
    mtp_graph first, second;
    int coefficient = assemble(g, w->mask, &w->c, &first, &second);
    return w->product(w->user, coefficient, &first, &second);
  }
  bool is_group = step < g->ngroups && step < MTP_GRAPH_GROUPS; /* the second tells the compiler what the first means */
  int v = step - g->ngroups, n = is_group ? group_legs(g, step, w->mask) : cut_edges(g, v, w->mask);
  static const uint8_t any[3] = {UINT8_MAX, UINT8_MAX, UINT8_MAX};
  const uint8_t *most = is_group ? g->group[step].t : any;
  uint8_t *t = is_group ? w->c.first[step] : w->c.cut[v];
  for (int a = n; a >= 0; a--)
    for (int b = n - a; b >= 0; b--) {
      if (a > most[0] || b > most[1] || n - a - b > most[2]) continue;
      t[0] = (uint8_t)a;
      t[1] = (uint8_t)b;
      t[2] = (uint8_t)(n - a - b);
      if (!choose(w, step + 1)) return false;
    }
  return true;
}

bool mtp_graph_products(const mtp_graph *g, unsigned mask, mtp_graph_product product, void *user) {
  walk w = {.g = g, .mask = mask, .product = product, .user = user};
  return choose(&w, 0);
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
