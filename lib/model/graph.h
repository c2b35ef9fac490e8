/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/graph.h
 * Products of moment tensors as labelled multigraphs: a vertex is a tensor M(mu), an edge a contracted pair of indices.
 * A graph without open indices is a scalar of the basis; one with open indices is a component of an intermediate
 * tensor: own[v] tells how many open indices of vertex v have the directions x, y and z. As moments are symmetric,
 * nothing else matters. */
#ifndef MTP_GRAPH_H
#define MTP_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#define MTP_GRAPH_VERTICES 4

/* Bytes only: graphs are compared and hashed as memory. */
typedef struct mtp_graph {
  uint8_t nvertices;
  uint8_t mu[MTP_GRAPH_VERTICES];
  uint8_t edge[MTP_GRAPH_VERTICES][MTP_GRAPH_VERTICES];
  uint8_t own[MTP_GRAPH_VERTICES][3];
} mtp_graph;

/** The representative of the isomorphism class of g. */
mtp_graph mtp_graph_canonical(const mtp_graph *g);

/** One product of the sum that makes a component: coefficient * first * second, both canonical. Returns false to stop.
 */
typedef bool (*mtp_graph_product)(void *user, int coefficient, const mtp_graph *first, const mtp_graph *second);
/** All products of g when it is cut into the vertices of `mask` and the others: the indices of the edges that are cut
 * are open in either part. False if a product was refused. */
bool mtp_graph_products(const mtp_graph *g, unsigned mask, mtp_graph_product product, void *user);
/** How many they are. */
double mtp_graph_count_products(const mtp_graph *g, unsigned mask);

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
