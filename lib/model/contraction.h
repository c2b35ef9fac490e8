/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/contraction.h
 * Where to cut the graph of every scalar, such that the tensors of its parts
 * are few and shared. */
#ifndef MTP_CONTRACTION_H
#define MTP_CONTRACTION_H

#include "model/graph.h"
#include "mtp/context.h"

/** How to cut a graph of two vertices. */
#define MTP_CUT_OF_TWO 1u

/** Chooses mask[nscalars], the cuts (mtp_graph_products) of graphs without open indices into parts of one or two
 * vertices, so that nothing but components of two tensors stands between basic moments and scalars. A graph of one
 * vertex is left alone. */
mtp_status mtp_contraction_plan(mtp_context *ctx, const mtp_graph *scalars, int nscalars, unsigned *mask);

#endif
