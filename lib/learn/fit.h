/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/fit.h
 * One fit of all parameters from a given start: BFGS that begins with the inverse of a sketched Gauss-Newton matrix and
 * gets a new one from time to time. */
#ifndef MTP_FIT_H
#define MTP_FIT_H

#include "learn/objective.h"

/** What a fit has come to. */
typedef struct mtp_fit {
  double *theta; /**< [n] */
  double *gradient;
  double loss; /**< L over the trained parts */
  mtp_fit_stats stats[MTP_PARTS];
  long iterations, passes;
} mtp_fit;

typedef struct mtp_fit_plan {
  unsigned trained, watched; /**< parts that are fitted, parts whose stats are wanted */
  long iterations;           /**< at most so many */
  double tolerance;          /**< ends when `window` iterations gain less than this part of the loss; 0: never */
  long window;
  double until; /**< ends at this time (mtp_now); 0: never */
  unsigned long long seed;
  /** Called before the first and after every iteration; false ends the fit. */
  bool (*watch)(void *user, const mtp_fit *fit);
  void *user;
} mtp_fit_plan;

mtp_status mtp_fit_new(mtp_context *ctx, const mtp_objective *o, const double *theta, mtp_fit **out);
void mtp_fit_free(mtp_fit *fit);

/** Goes on from fit->theta of the objective's potential. */
mtp_status mtp_fit_run(mtp_context *ctx, mtp_objective *o, const mtp_fit_plan *plan, mtp_fit *fit);

#endif
