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
  double typical, scale;
  double force_square;  /* of a component in the training set, mean; (eV/A)^2 */
  double *theta;        /* [m] the coefficients */
  double inflation;     /* residuals of new labels over those of the labels that were fitted to */
  double *factor;       /* [m*m] lower triangle, zero above */
  uint64_t fingerprint; /* of the parameters that it belongs to */
};

/** One of m coefficients and the functions of `pot`, its numbers zero. */
mtp_status mtp_posterior_allocate(mtp_context *ctx, const mtp_potential *pot, mtp_posterior **out);
/** Of what a posterior depends on. */
uint64_t mtp_posterior_fingerprint(const mtp_potential *pot);

/** The spread of a residual where the square of the force is `square`. */
double mtp_posterior_spread(const mtp_posterior *posterior, double square);

/** Takes the typical residual from errors of `pot` on configurations that it was fitted to. */
mtp_status mtp_posterior_learn_typical(mtp_context *ctx, mtp_posterior *posterior, const mtp_potential *pot, size_t n,
                                       const mtp_config *const *configs);

/** What the covariance becomes when `count` labels of forces with rows[count*m] are learned, whatever they will be. */
mtp_status mtp_posterior_learn(mtp_context *ctx, mtp_posterior *posterior, size_t count, const double *rows);

#endif
