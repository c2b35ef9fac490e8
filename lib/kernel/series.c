/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/series.c
 * Radial functions as series of Chebyshev polynomials of the second kind. Their recurrence U_{j+1} = 2 xi U_j - U_{j-1}
 * is one operation a term, and it serves the function and its derivative alike, for every radial basis of a file. */
#include <stdlib.h>
#include <string.h>

#include "kernel/plan.h"

typedef double series[MTP_MAX_RADIAL_SIZE + 1];

/* to = (alpha xi + beta) p + gamma q, where xi U_j = (U_{j+1} + U_{j-1}) / 2. */
static void step(double alpha, double beta, double gamma, const series p, const series q, series to) {
  for (int j = 0; j < MTP_MAX_RADIAL_SIZE; j++)
    to[j] = 0.5 * alpha * ((j > 0 ? p[j - 1] : 0.0) + p[j + 1]) + beta * p[j] + gamma * q[j];
  to[MTP_MAX_RADIAL_SIZE] = 0.0;
}

/* value[R] and slope[R] (the derivative by r) of scaling sum_k c_k p_k. */
static void convert(const mtp_radial *radial, const double *c, double *value, double *slope) {
  const int R = radial->size;
  const double dxi = 2.0 / (radial->max_dist - radial->min_dist);
  series p = {radial->start}, p0 = {0}, dp = {0}, dp0 = {0}, next, dnext;
  memset(value, 0, (size_t)R * sizeof *value);
  memset(slope, 0, (size_t)R * sizeof *slope);
  for (int k = 0; k < R; k++) {
    for (int j = 0; j < R; j++) {
      value[j] += radial->scaling * c[k] * p[j];
      slope[j] += radial->scaling * c[k] * dxi * dp[j];
    }
    step(radial->alpha[k], radial->beta[k], radial->gamma[k], p, p0, next);
    step(radial->alpha[k], radial->beta[k], radial->gamma[k], dp, dp0, dnext);
    for (int j = 0; j < MTP_MAX_RADIAL_SIZE; j++) dnext[j] += radial->alpha[k] * p[j];
    memcpy(p0, p, sizeof p);
    memcpy(p, next, sizeof p);
    memcpy(dp0, dp, sizeof dp);
    memcpy(dp, dnext, sizeof dp);
  }
}

mtp_status mtp_plan_radial_series(mtp_context *ctx, mtp_plan *plan) {
  const size_t n = mtp_plan_radial(plan, plan->nspecies, 0), R = (size_t)plan->rsize;
  double *value = mtp_calloc(n, sizeof *value), *slope = mtp_calloc(n, sizeof *slope);
  bool done = value && slope;
  if (done) {
    for (size_t k = 0; k < n; k += R) convert(&plan->radial, plan->params + k, value + k, slope + k);
    done = mtp_numbers_set(&plan->radial_value, n, value) && mtp_numbers_set(&plan->radial_slope, n, slope);
  }
  free(value);
  free(slope);
  return done ? MTP_OK : mtp_fail_memory(ctx);
}
