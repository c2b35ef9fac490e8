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

/* Row k of value[R*R] and slope[R*R] (the derivative by r): scaling p_k in the U_j. */
static void convert(const mtp_radial *radial, double *value, double *slope) {
  const int R = radial->size;
  const double dxi = 2.0 / (radial->max_dist - radial->min_dist);
  series p = {radial->start}, p0 = {0}, dp = {0}, dp0 = {0}, next, dnext;
  for (int k = 0; k < R; k++) {
    for (int j = 0; j < R; j++) {
      value[k * R + j] = radial->scaling * p[j];
      slope[k * R + j] = radial->scaling * dxi * dp[j];
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

mtp_status mtp_plan_prepare_series(mtp_context *ctx, mtp_plan *plan) {
  const size_t n = mtp_plan_radial(plan, plan->nspecies, 0), R = (size_t)plan->rsize;
  plan->to_value = mtp_calloc(R * R, sizeof(double));
  plan->to_slope = mtp_calloc(R * R, sizeof(double));
  if (!plan->to_value || !plan->to_slope || !mtp_numbers_allocate(&plan->radial_value, n) ||
      !mtp_numbers_allocate(&plan->radial_slope, n))
    return mtp_fail_memory(ctx);
  convert(&plan->radial, plan->to_value, plan->to_slope);
  return MTP_OK;
}

/* All functions as rows of coefficients, times a matrix. */
static void multiply(size_t nrows, size_t R, const double *c, const double *matrix, mtp_numbers *out) {
  for (size_t i = 0; i < nrows; i++)
    for (size_t j = 0; j < R; j++) {
      double sum = 0;
      for (size_t k = 0; k < R; k++) sum += c[i * R + k] * matrix[k * R + j];
      out->in_double[i * R + j] = sum;
    }
  mtp_numbers_round(out, nrows * R);
}

void mtp_plan_fill_series(mtp_plan *plan) {
  const size_t R = (size_t)plan->rsize, nrows = mtp_plan_radial(plan, plan->nspecies, 0) / R;
  multiply(nrows, R, plan->params, plan->to_value, &plan->radial_value);
  multiply(nrows, R, plan->params, plan->to_slope, &plan->radial_slope);
}
