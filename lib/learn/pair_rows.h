/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_rows.h
 * Sums of powers 1/r^k over the pairs of each two species, as rows of a linear regression. */
#ifndef MTP_LEARN_PAIR_ROWS_H
#define MTP_LEARN_PAIR_ROWS_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"

/** Powers above 3, since sums over a lattice diverge for the others. */
#define MTP_PAIR_FIRST 4
#define MTP_PAIR_LAST  15

/** The functions: (first..last) for each pair of species. */
typedef struct mtp_pair_basis {
  int species_count, first, last;
  double cutoff; /**< A; from 3/4 of it on functions go smoothly to zero. 0: they are summed over the whole lattice */
} mtp_pair_basis;

/** Number of functions, and of pairs of species. */
size_t mtp_pair_basis_size(const mtp_pair_basis *b);
size_t mtp_pair_basis_pairs(const mtp_pair_basis *b);
/** Number of a pair of species, in whatever order; its powers are functions pair*(last-first+1)... */
size_t mtp_pair_basis_pair(const mtp_pair_basis *b, int s, int t);
/** What is multiplied by 1/r^k at r, and its derivative: 1 without a cutoff. */
double mtp_pair_taper(double r, double cutoff, double *slope);
/** value[last-first+1] at r, and derivatives. */
void mtp_pair_basis_at(const mtp_pair_basis *b, double r, double *value, double *slope);

/** Rows [1 + 3*n + 6][size]: energy, forces and virial of `cfg` for each function; freed by the caller. Over a lattice
 * MTP_ERR_UNSUPPORTED unless `cfg` is periodic in all directions or in none. */
mtp_status mtp_pair_rows(mtp_context *ctx, const mtp_pair_basis *b, const mtp_config *cfg, double **rows);

/** Adds the part of the rows of a lattice sum that is a sum over reciprocal vectors (learn/lattice_sum.c), with the
 * self term, for Gaussians of width 1/alpha. */
mtp_status mtp_lattice_rows(mtp_context *ctx, const mtp_pair_basis *b, const mtp_config *cfg, double alpha,
                            double *rows);
/** The part of 1/r^k that is summed in real space: value[last-first+1] and derivatives. */
void mtp_lattice_near(const mtp_pair_basis *b, double alpha, double r, double *value, double *slope);
/** Beyond MTP_LATTICE_REACH/alpha that is nothing. */
#define MTP_LATTICE_REACH 6.2

#endif
