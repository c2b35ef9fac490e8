/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/graph.h
 * Products of moment tensors as labelled multigraphs: a vertex is a tensor M(mu), an edge a contracted pair of indices.
 * A graph without open indices is a scalar of the basis; one with open indices is a component of an intermediate
 * tensor. Open indices come in two kinds:
 *  own[v]    indices of vertex v with fixed directions, given by how many are x, y and z
 *  group[g]  indices of two or more vertices that will all meet the same tensor. As that is symmetric, only the sum
 * over all ways to give out the directions t[] among the group's indices is ever needed. The same structure names a
 * whole tensor (a "family") when all directions are set to x. */
#ifndef MTP_GRAPH_H
#define MTP_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#define MTP_GRAPH_VERTICES 4
#define MTP_GRAPH_GROUPS   3

/* Bytes only: graphs are compared and hashed as memory. */
typedef struct mtp_graph_group {
  uint8_t legs[MTP_GRAPH_VERTICES], t[3];
} mtp_graph_group;

typedef struct mtp_graph {
  uint8_t nvertices, ngroups;
  uint8_t mu[MTP_GRAPH_VERTICES];
  uint8_t edge[MTP_GRAPH_VERTICES][MTP_GRAPH_VERTICES];
  uint8_t own[MTP_GRAPH_VERTICES][3];
  mtp_graph_group group[MTP_GRAPH_GROUPS];
} mtp_graph;

/** The representative of the isomorphism class of g. */
mtp_graph mtp_graph_canonical(const mtp_graph *g);
/** Sets all directions to x. */
void mtp_graph_forget(mtp_graph *g);
/** The family of a component, canonical. */
mtp_graph mtp_graph_family(const mtp_graph *g);

/** Cuts a family (in any order of vertices) into the vertices of `mask` and the others. The cut edges become groups of
 * the first part, one for each vertex of the second, and own indices of the second. Both parts are families, canonical.
 * Returns the number of products that all its components take this way, before equal ones are merged. */
double mtp_graph_cut(const mtp_graph *family, unsigned mask, mtp_graph *first, mtp_graph *second);

/** One product of the sum that makes a component: coefficient * first * second, both canonical. Returns false to stop.
 */
typedef bool (*mtp_graph_product)(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second);
/** All products of g cut by `mask`; false if one was refused. */
bool mtp_graph_products(const mtp_graph *g, unsigned mask, mtp_graph_product product, void *user);

/** Graphs numbered in order of arrival. */
typedef struct mtp_graph_table {
  mtp_graph *items;
  int count, capacity;
  int *slots;
  uint32_t nslots;
} mtp_graph_table;

/** Number of g, or -1. */
int mtp_graph_find(const mtp_graph_table *table, const mtp_graph *g);
/** Number of g, which is added if it is new; -1 when memory is exhausted. */
int mtp_graph_add(mtp_graph_table *table, const mtp_graph *g);
void mtp_graph_table_clear(mtp_graph_table *table);

#endif
