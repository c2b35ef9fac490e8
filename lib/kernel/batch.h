/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/batch.h
 * Configurations laid out once for many passes with changing parameters, and the two passes of training. The first
 * makes energies, forces and virials. The second makes the gradient by all parameters of any linear form of these,
 *
 *   G = sum_c weight_c E_c + sum_i direction_i . dE/dx_i + sum_c strain_c : dE/dstrain_c,
 *
 * which is the derivative of the energy along one displacement of all atoms: a tangent sweep through the moments and
 * one adjoint sweep, whatever the number of parameters. Derivatives by single parameters are never formed. The adjoints
 * of the tangent moments are the adjoints of the first pass, so these are kept.
 *
 * Configurations of one batch share blocks: small cells fill the lanes together.
 */
#ifndef MTP_BATCH_H
#define MTP_BATCH_H

#include "kernel/block.h"
#include "mtp/neighbors.h"

/** Atoms of one species; offsets are into the arrays of the batch. */
typedef struct mtp_batch_block {
  int species, natoms, slots;
  int atom[MTP_MAX_LANES]; /**< numbers in the batch; unused lanes repeat the first */
  size_t geometry;         /**< in vectors: [5][slots] ux uy uz r 1/r */
  size_t neighbour;        /**< [slots][lanes] offsets of points in bytes */
  size_t border;           /**< in vectors: [C+1] first slot of each species in each lane */
} mtp_batch_block;

typedef struct mtp_batch {
  size_t nconfigs, natoms;
  size_t *first; /**< [nconfigs+1] first atom of each configuration */
  int *owner;    /**< [natoms] configuration of each atom */
  int nblocks, max_slots;
  size_t nslots;          /**< of all blocks */
  mtp_batch_block *block; /**< [nblocks] by species */
  double *geometry, *border;
  unsigned *neighbour;
  size_t bytes; /**< memory of all this */
} mtp_batch;

/** Lays out configurations with these neighbours within the cutoff of the plan; their species are the plan's. */
mtp_status mtp_batch_new(mtp_context *ctx, const mtp_plan *plan, size_t nconfigs, const mtp_neighbors *const *nb,
                         mtp_batch **out);
void mtp_batch_free(mtp_batch *batch);

/** What one thread needs for the passes; serves batches of any size. */
typedef struct mtp_batch_work {
  /* results of the first pass */
  double *energy; /**< [configurations] */
  double *virial; /**< [configurations][6] */
  double *force;  /**< [atoms + 1][4] */
  /* what the second one is asked for */
  double *weight;    /**< [configurations] */
  double *strain;    /**< [configurations][6] xx yy zz xy xz yz, a symmetric matrix */
  double *direction; /**< [atoms + 1][4]; the last one and the fourth number are zero */
  /* kept from the first for the second, vectors */
  double *moment, *adjoint; /**< [blocks][nlive] */
  double *function, *slope; /**< [slots of all blocks][K] radial functions */
  /* scratch, vectors */
  double *by_function, *by_slope; /**< [slots][K] derivatives by the radial functions; else polynomials */
  double *derivative;             /**< [slots][4] */
  double *tangent;                /**< [slots][4] displacements along and across */
  double *tangent_moment;         /**< [nlive] */
  double *tangent_adjoint;        /**< [nlive] */
  double *value_sum, *slope_sum;  /**< [C][K][R] */
  double *direct_sum;             /**< [scalars that are live] */
  double *top_sum;                /**< [nmoments - nlive] */
  size_t configs, atoms, blocks, slots, all_slots; /**< that fit */
} mtp_batch_work;

void mtp_batch_work_clear(mtp_batch_work *work);

/** Allocates what does not depend on a batch, and what `batch` needs. */
mtp_status mtp_batch_work_reserve(mtp_context *ctx, const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work);

/** The first pass. `plan` is one of variable parameters. */
void mtp_batch_forces(mtp_isa isa, const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work);
/** The second one, after the first with the same parameters, as often as wanted: adds dG/dtheta to gradient[nparams].
 */
void mtp_batch_gradient(mtp_isa isa, const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work,
                        double *gradient);

typedef void mtp_batch_forces_function(const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work);
typedef void mtp_batch_gradient_function(const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work,
                                         double *gradient);
mtp_batch_forces_function mtp_batch_forces_baseline, mtp_batch_forces_avx2, mtp_batch_forces_avx512;
mtp_batch_gradient_function mtp_batch_gradient_baseline, mtp_batch_gradient_avx2, mtp_batch_gradient_avx512;

#endif
