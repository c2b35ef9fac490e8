/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/equations.h
 * Sums over weighted linear equations row . x = target with m unknowns, and their solution by least squares. */
#ifndef MTP_LEARN_EQUATIONS_H
#define MTP_LEARN_EQUATIONS_H

#include <stddef.h>

#include "mtp/context.h"

typedef struct mtp_equations {
  double *matrix; /**< [m*m] sum of weight * row^T row; rows that are added fill the lower triangle only */
  double *rhs;    /**< [m] sum of weight * row target */
  double targets; /**< sum of weight * target^2 */
} mtp_equations;

/** False without memory; mtp_equations_clear is for what there is in any case. */
int mtp_equations_new(size_t m, mtp_equations *e);
void mtp_equations_clear(mtp_equations *e);
void mtp_equations_copy(const mtp_equations *from, size_t m, mtp_equations *to);
void mtp_equations_add_rows(mtp_equations *e, size_t m, size_t count, const double *rows, const double *target,
                            double weight);
/** e += weight * sum; the lower triangle only. */
void mtp_equations_add(mtp_equations *e, size_t m, const mtp_equations *sum, double weight);
/** The upper triangle becomes what the lower one is. */
void mtp_equations_fill(mtp_equations *e, size_t m);
/** Sum of weight * (row . x - target)^2. */
double mtp_equations_residual(const mtp_equations *e, size_t m, const double *x);
/** The largest diagonal element; where equations are centred that of the plain ones is what their elements are made
 * of. */
double mtp_equations_top(const mtp_equations *e, size_t m);
/** x[m] of the smallest residual. The matrix (both triangles) is scaled to unit diagonal and gets the relative ridge;
 * an unknown whose column is rounding noise beside `top`, the largest that a diagonal element is made of, is zero. */
mtp_status mtp_equations_solve(mtp_context *ctx, const mtp_equations *e, size_t m, double top, double ridge, double *x);

#endif
