/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/block.h
 * The evaluation of atoms in blocks of W lanes, W = the vector width of an instruction set. block.c is compiled once
 * per instruction set and precision; evaluator.c takes the variant that is asked for. */
#ifndef MTP_BLOCK_H
#define MTP_BLOCK_H

#include "kernel/plan.h"
#include "mtp/evaluator.h"

/** Bytes of the widest vector of any variant, its doubles and floats, and the largest number of neighbours handled at
 * once. */
#define MTP_MAX_VECTOR 64
#define MTP_MAX_LANES  8
#define MTP_MAX_FLOATS 16
#define MTP_MAX_UNROLL 4

/** Bytes of a vector of a variant. */
static inline int mtp_isa_vector_bytes(mtp_isa isa) {
  return isa == MTP_ISA_AVX512 ? 64 : isa == MTP_ISA_AVX2 ? 32 : 16;
}

/** Atoms whose near neighbours are collected before they are put into blocks by their number. */
#define MTP_CHUNK 256

/** Doubles an atom in the rows of virials of atoms: whole vectors of every variant. */
#define MTP_VIRIAL_ROW  8
#define MTP_VIRIAL9_ROW 16

/** Scratch memory of one evaluator. Arrays of vectors are of MTP_MAX_VECTOR bytes each. */
typedef struct mtp_workspace {
  int max_count;       /**< longest neighbour list that fits */
  int slots;           /**< neighbour slots of a block that fit */
  double *point;       /**< [nall + 1][4] positions and species; the last one is a dummy beyond every cutoff */
  double *force;       /**< [nall + 1][4] forces on them */
  double *virial;      /**< [nall + 1][MTP_VIRIAL_ROW] of atoms as neighbours; NULL until they are asked for */
  double *virial9;     /**< [nall + 1][MTP_VIRIAL9_ROW] the same of nine components */
  size_t capacity;     /**< points that fit */
  unsigned *near;      /**< [MTP_CHUNK][max_count] points inside the cutoff, by species; offsets in bytes, as below */
  int *near_count;     /**< [MTP_CHUNK][C] */
  unsigned *unsorted;  /**< [max_count] a list before it is sorted by species */
  int *keys;           /**< [max_count] their species */
  int *tally;          /**< [max_count + 1] atoms with so many near neighbours */
  unsigned *neighbour; /**< [slots + lanes][lanes] which point a lane has in a slot; written in squares */
  void *geometry;      /**< [5][slots] vectors ux uy uz r 1/r */
  void *function;      /**< [slots][K] f_mu, later the polynomial P_mu */
  void *slope;         /**< [slots][K] df_mu/dr */
  void *derivative;    /**< [4][slots] radial derivative and gradient of the polynomials */
  void *border;        /**< [C + 1] first slot of each species in each lane */
  void *moment;        /**< [nmoments] */
  void *adjoint;       /**< [nmoments] */
  void *wide;          /**< [nmoments][2] in double, for energies in precision mixed; NULL until that is asked for */
  void *radial;        /**< [C][K][R] gradient by the radial coefficients of the central species */
} mtp_workspace;

/** Allocates what does not depend on the atoms. Clear also after a failure. */
mtp_status mtp_workspace_init(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan);
void mtp_workspace_clear(mtp_workspace *ws);
/** Allocates what precision mixed needs beside that. */
mtp_status mtp_workspace_widen(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan);
/** Makes room for the atoms, copies their positions and zeroes the forces and the virials that `out` asks for. */
mtp_status mtp_workspace_begin(mtp_context *ctx, mtp_workspace *ws, const mtp_plan *plan, const mtp_atoms *atoms,
                               const mtp_output *out);
/** Adds forces and virials of atoms to the arrays that are there. */
void mtp_workspace_end(const mtp_workspace *ws, const mtp_atoms *atoms, mtp_output *out);
/** Memory in use. */
double mtp_workspace_bytes(const mtp_workspace *ws, const mtp_plan *plan);

/** Atoms of one species. */
typedef struct mtp_task {
  const mtp_atoms *atoms;
  int species;
  size_t natoms;
  const int *list; /**< [natoms] atoms */
  double *rows;    /**< [natoms][mtp_plan_row_length()] compact dV_i/dtheta of list[k] (written), or NULL */
  bool linear;     /**< rows are of the linear coefficients alone */
  double *total;   /**< [n] sum of them (added to), or NULL */
  const mtp_request *request;
  mtp_output *out; /**< energy, virial, site_energy are added to; forces and virials of atoms go to the workspace */
} mtp_task;

typedef void mtp_block_function(const mtp_plan *plan, mtp_workspace *ws, const mtp_task *task);

mtp_block_function mtp_block_baseline, mtp_block_mixed_baseline;
mtp_block_function mtp_block_avx2, mtp_block_mixed_avx2;
mtp_block_function mtp_block_avx512, mtp_block_mixed_avx512;

#endif
