/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/jacobian.h
 * Energy, forces and virial of a configuration as linear functions of the linear coefficients (species constants and
 * moment coefficients) at given radial functions: the equations of a linear fit. */
#ifndef MTP_JACOBIAN_H
#define MTP_JACOBIAN_H

#include "kernel/plan.h"
#include "mtp/neighbors.h"

/** Rows of m = C + S coefficients each (species constants first). The energy is the sum of the C rows of `site`. */
typedef struct mtp_linear_rows {
  size_t n, m, capacity; /**< atoms, columns, atoms that there is memory for */
  double *site;          /**< [C*m] the part of the atoms of each species in the energy */
  double *virial;        /**< [6*m] xx yy zz xy xz yz */
  double *force;         /**< [3*n*m] */
} mtp_linear_rows;

/** Fills rows of the n real atoms of `nb`; allocates (freed by mtp_linear_rows_clear). */
mtp_status mtp_linear_rows_compute(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb,
                                   mtp_linear_rows *out);
void mtp_linear_rows_clear(mtp_linear_rows *rows);

/** Rows of `n` atoms, all zero, to be added to. */
mtp_status mtp_linear_rows_new(mtp_context *ctx, const mtp_plan *plan, size_t n, mtp_linear_rows *out);
/** The same in the memory of earlier rows of that plan, {0} at first, where they fit in; after a failure {0}. */
mtp_status mtp_linear_rows_renew(mtp_context *ctx, const mtp_plan *plan, size_t n, mtp_linear_rows *rows);

/** Memory that one computation after the other works in, {0} at first: asked for anew each time, it would cost as much
 * as a tenth of the work. */
typedef struct mtp_jacobian_scratch {
  double *memory;
  size_t size; /**< doubles */
} mtp_jacobian_scratch;

void mtp_jacobian_scratch_clear(mtp_jacobian_scratch *scratch);

/** Adds what the sites of the real atoms of `nb` bring. The force of real atom i is row place[i], that of entry j as a
 * neighbour row nb->owner[j]; negative ones are not wanted, and what only they need is not computed. */
mtp_status mtp_linear_rows_add(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb, const int *place,
                               mtp_jacobian_scratch *scratch, mtp_linear_rows *rows);

/** Scratch of the kernel below; neighbours of one atom are its lanes. */
typedef struct mtp_jacobian_work {
  const mtp_plan *plan;
  const mtp_neighbors *nb;
  mtp_linear_rows *rows;
  const int *place;   /**< [n] rows of the forces on central atoms, -1: not wanted; NULL: their own numbers */
  int slots;          /**< groups of W neighbours that fit */
  double *geometry;   /**< [8][slots] vectors */
  double *function;   /**< [slots][K] */
  double *slope;      /**< [slots][K] */
  double *tangent;    /**< [nmoments][3] derivatives of the moments by the position of each lane's neighbour */
  double *sum;        /**< [nmoments] vectors */
  double *moment;     /**< [nmoments] scalars */
  double *derivative; /**< [slots][S][3] vectors: derivatives of the scalars */
  int *neighbour;     /**< [slots][W], -1 for padding */
} mtp_jacobian_work;

typedef void mtp_jacobian_function(mtp_jacobian_work *work);

mtp_jacobian_function mtp_jacobian_baseline;
mtp_jacobian_function mtp_jacobian_avx2;
mtp_jacobian_function mtp_jacobian_avx512;

#endif
