/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/contraction.h
 * In which order to contract the tensors of every scalar, such that intermediates are shared and the list of products
 * is short. */
#ifndef MTP_CONTRACTION_H
#define MTP_CONTRACTION_H

#include "model/graph.h"
#include "mtp/context.h"

/* A graph can be cut into two parts in at most 2^4 - 2 ways. */
#define MTP_CONTRACTION_CUTS 14

typedef struct mtp_contraction_family {
  struct {
    int first, second; /* families, or -1 for a single tensor, which costs nothing */
    double products;   /* an estimate */
  } cut[MTP_CONTRACTION_CUTS];
  int ncuts, chosen, uses;
} mtp_contraction_family;

typedef struct mtp_contraction {
  mtp_graph_table families;
  mtp_contraction_family *info; /* [families.count] */
  int capacity;
} mtp_contraction;

/** Plans all scalars (canonical graphs without open indices, factors of others before these). Any seed gives a valid
 * plan; some give shorter lists. */
mtp_status mtp_contraction_plan(mtp_context *ctx, const mtp_graph *scalars, int nscalars, unsigned seed,
                                mtp_contraction *plan);
/** The cut to take for a component of a planned family. */
unsigned mtp_contraction_mask(const mtp_contraction *plan, const mtp_graph *component);
void mtp_contraction_clear(mtp_contraction *plan);

#endif
