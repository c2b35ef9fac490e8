/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior.h
 * What is inside a posterior, for the files that make, write and use it. */
#ifndef MTP_LEARN_POSTERIOR_H
#define MTP_LEARN_POSTERIOR_H

#include <stdint.h>

#include "kernel/plan.h"
#include "mtp/posterior.h"

struct mtp_posterior {
  size_t m;
  mtp_plan *plan; /* of the radial functions */
  mtp_noise noise;
  double scale;
  double *factor;       /* [m*m] lower triangle, zero above */
  uint64_t fingerprint; /* of the parameters that it belongs to */
};

/** One of m coefficients and the functions of `pot`, its numbers zero. */
mtp_status mtp_posterior_allocate(mtp_context *ctx, const mtp_potential *pot, mtp_posterior **out);
/** Of what a posterior depends on. */
uint64_t mtp_posterior_fingerprint(const mtp_potential *pot);

/** variance[count] of rows[count*m], of which the entries of species constants are zero; `work` holds count*m. */
void mtp_posterior_product(const mtp_posterior *posterior, size_t count, const double *rows, double *work,
                           double *variance);

#endif
