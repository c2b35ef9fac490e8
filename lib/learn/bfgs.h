/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/bfgs.h
 * Minimising a smooth function of n variables: BFGS with a dense inverse Hessian that may start from any positive
 * definite matrix, or with limited memory on a diagonal one where n*n numbers are too many. One iteration a call, so
 * that the caller can watch, stop, or give it a new matrix. Source: Nocedal & Wright, Numerical Optimization (2006),
 * ch. 3, 6, 7. */
#ifndef MTP_BFGS_H
#define MTP_BFGS_H

#include <stdbool.h>

#include "support/support.h"

typedef struct mtp_bfgs mtp_bfgs;

/** f and its gradient g[n] at x[n]; f may be NaN or infinite. */
typedef mtp_status (*mtp_bfgs_function)(mtp_context *ctx, void *user, const double *x, double *f, double *g);

/** `dense`: n*n numbers are kept. The inverse Hessian is 1 until it is set. */
mtp_status mtp_bfgs_new(mtp_context *ctx, size_t n, bool dense, mtp_bfgs **out);
void mtp_bfgs_free(mtp_bfgs *b);

/** Where to begin: x[n] with f and g[n] there. */
void mtp_bfgs_start(mtp_bfgs *b, const double *x, double f, const double *g);
/** A new inverse Hessian: its lower triangle h[n*n], or its diagonal h[n] with limited memory. Forgets all updates. */
void mtp_bfgs_set_inverse(mtp_bfgs *b, const double *h);

/** One iteration. *moved is false if no lower value was found, to rounding, along the direction of descent. */
mtp_status mtp_bfgs_step(mtp_context *ctx, mtp_bfgs *b, mtp_bfgs_function function, void *user, bool *moved);

const double *mtp_bfgs_x(const mtp_bfgs *b);
const double *mtp_bfgs_gradient(const mtp_bfgs *b);
double mtp_bfgs_value(const mtp_bfgs *b);

#endif
