/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_part.h
 * What the files of the pair part share. */
#ifndef MTP_LEARN_PAIR_PART_H
#define MTP_LEARN_PAIR_PART_H

#include "learn/pair_rows.h"
#include "mtp/pair_part.h"

struct mtp_pair_part {
  mtp_pair_basis basis;
  mtp_weights weights;
  double *coefficient; /* [size of the basis] */
  double *constant;    /* [species_count] */
  double *shortest;    /* [pairs] distance in the data, A; infinite where there was no pair */
};

/** Energy of two atoms of pair number `pair` at r by a basis that may be cut off otherwise, and its derivative. */
double mtp_pair_part_at(const mtp_pair_part *part, const mtp_pair_basis *basis, size_t pair, double r, double *slope);

/** Least squares of rows that are added, by orthogonal transformations: powers of 1/r are so much alike that normal
 * equations would lose half of the digits that matter. */
typedef struct mtp_regression {
  size_t unknowns, capacity, filled;
  double *rows;   /* [capacity][unknowns + 1] by columns; the last one is the target */
  double squares; /* sum of all squared targets */
} mtp_regression;
mtp_status mtp_regression_new(mtp_context *ctx, size_t unknowns, mtp_regression *out);
void mtp_regression_clear(mtp_regression *r);
/** row[unknowns] times x shall be `target`, both times `weight`. */
mtp_status mtp_regression_add(mtp_context *ctx, mtp_regression *r, const double *row, double target, double weight);
/** x[unknowns], the smallest one (columns scaled to one length) among those that are as good, and the sum of squares
 * that is left. */
mtp_status mtp_regression_solve(mtp_context *ctx, mtp_regression *r, double *x, double *left);

#endif
