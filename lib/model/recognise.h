/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/recognise.h
 * Which standard basis the lists of a file are, however their contractions are factored: scalars are functions of the
 * basic moments, and the same ones can be evaluated by our lists, which are made for our kernels. */
#ifndef MTP_RECOGNISE_H
#define MTP_RECOGNISE_H

#include "model/model.h"

/** Scalar t of the file = factor[t] * scalar number scalar[t] of the standard basis, which every one of its scalars is
 * exactly once; basic moments of both are told by {mu, a, b, c}, not by their numbers. */
typedef struct mtp_recognised {
  int level;       /**< 0: these are other functions, and nothing else here is set */
  mtp_basis basis; /**< the standard lists of the level */
  int *scalar;     /**< [S] */
  double *factor;  /**< [S] rational, as a rule 1 */
} mtp_recognised;

/** Compares the functions by value at random points, and what it claims at others. */
mtp_status mtp_basis_recognise(mtp_context *ctx, const mtp_basis *basis, mtp_recognised *out);
void mtp_recognised_clear(mtp_recognised *recognised);

#endif
