/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/block.h
 * The evaluation of atoms in blocks of W lanes, W = the vector width of an instruction set. block.c is compiled once
 * per instruction set; evaluator.c takes the variant that the context names. */
#ifndef MTP_BLOCK_H
#define MTP_BLOCK_H

#include "kernel/plan.h"
#include "mtp/evaluator.h"

/** Widest vector of any variant in doubles, and the largest number of neighbours handled at once. */
#define MTP_MAX_LANES  8
#define MTP_MAX_UNROLL 4

/** Scratch memory of one evaluator. Arrays of doubles hold whole vectors of MTP_MAX_LANES. */
typedef struct mtp_workspace {
  int max_count;       /**< longest neighbour list that fits */
  int slots;           /**< neighbour slots of a block that fit */
  double *geometry;    /**< [slots][5] vectors ux uy uz r 1/r, as five arrays */
  double *function;    /**< [slots][K] f_mu, later the polynomial P_mu */
  double *slope;       /**< [slots][K] df_mu/dr */
  double *force;       /**< [slots][4] radial derivative and gradient of the polynomials, as four arrays */
  double *moment;      /**< [nmoments] */
  double *adjoint;     /**< [nmoments] */
  double *radial;      /**< [C][K][R] gradient by the radial coefficients of the central species */
  double *column;      /**< [W][4][slots] displacements and r^2 of the neighbours of each lane */
  int *neighbour;      /**< [W][slots] which atoms they are */
  double *unsorted;    /**< [4][slots] columns of one lane before they are sorted by species */
  int *unsorted_index; /**< [slots] */
  int *tally;          /**< [W + 1][C + 1] neighbours by lane and species; first slot of each species */
} mtp_workspace;

/** Atoms of one species. */
typedef struct mtp_task {
  const mtp_atoms *atoms;
  int species;
  size_t natoms;
  const int *list; /**< [natoms] atoms */
  double *rows;    /**< [natoms][n] dV_i/dtheta of list[k] (written), or NULL */
  double *total;   /**< [n] sum of them (added to), or NULL */
  mtp_output *out; /**< energy, virial, force, site_* are added to */
} mtp_task;

typedef void mtp_block_function(const mtp_plan *plan, mtp_workspace *ws, const mtp_task *task);

mtp_block_function mtp_block_baseline;
mtp_block_function mtp_block_avx2;
mtp_block_function mtp_block_avx512;

#endif
