/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/regression.c
 * Least squares of functions that are much alike: a triangle of all rows (QR), and the singular values of it. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/pair_part.h"
#include "support/support.h"

/* Directions go as long as they take less than this part of what is left, or are rounding errors of the targets. */
#define NEGLIGIBLE 1e-2
#define ROUNDING   1e-27
/* Rows that are taken into the triangle at once. */
#define CHUNK 256

mtp_status mtp_regression_new(mtp_context *ctx, size_t unknowns, mtp_regression *out) {
  *out = (mtp_regression){.unknowns = unknowns, .capacity = 2 * unknowns + 1 + CHUNK};
  out->rows = mtp_alloc_aligned(out->capacity * (unknowns + 1), sizeof(double));
  return out->rows ? MTP_OK : mtp_fail_memory(ctx);
}

void mtp_regression_clear(mtp_regression *r) {
  free(r->rows);
  *r = (mtp_regression){0};
}

/* What is left of the rows is the upper triangle of their QR decomposition. */
static mtp_status reduce(mtp_context *ctx, mtp_regression *r) {
  const size_t columns = r->unknowns + 1, ld = r->capacity;
  double *tau = mtp_calloc(columns, sizeof *tau);
  if (!tau) return mtp_fail_memory(ctx);
  const lapack_int failed =
      LAPACKE_dgeqrf(LAPACK_COL_MAJOR, (lapack_int)r->filled, (lapack_int)columns, r->rows, (lapack_int)ld, tau);
  free(tau);
  if (failed) return mtp_fail(ctx, MTP_ERR_NUMERIC, "pair part: the regression met numbers that are not finite");
  for (size_t j = 0; j < columns; j++)
    for (size_t i = j + 1; i < ld; i++) r->rows[j * ld + i] = 0.0;
  if (r->filled > columns) r->filled = columns;
  return MTP_OK;
}

mtp_status mtp_regression_add(mtp_context *ctx, mtp_regression *r, const double *row, double target, double weight) {
  const mtp_status status = r->filled == r->capacity ? reduce(ctx, r) : MTP_OK;
  if (status != MTP_OK) return status;
  for (size_t j = 0; j < r->unknowns; j++) r->rows[j * r->capacity + r->filled] = weight * row[j];
  r->rows[r->unknowns * r->capacity + r->filled++] = weight * target;
  r->squares += weight * target * weight * target;
  return MTP_OK;
}

/* The triangle with columns of length 1. */
static void scale_columns(const mtp_regression *r, double *matrix, double *scale) {
  const size_t m = r->unknowns;
  for (size_t j = 0; j < m; j++) {
    double square = 0.0;
    for (size_t i = 0; i <= j; i++) square += r->rows[j * r->capacity + i] * r->rows[j * r->capacity + i];
    scale[j] = square > 0 ? 1.0 / sqrt(square) : 0.0;
    for (size_t i = 0; i <= j; i++) matrix[j * m + i] = scale[j] * r->rows[j * r->capacity + i];
  }
}

/* y = sum over singular directions of (u . target) / sigma v; `part` [m] is the first factor of each. */
static size_t choose_rank(size_t m, const double *part, const double *sigma, double left, double squares) {
  double lost = 0.0;
  size_t rank = m;
  while (rank > 0) {
    const double more = lost + part[rank - 1] * part[rank - 1];
    if (sigma[rank - 1] > 1e-15 * sigma[0] && more > NEGLIGIBLE * left + ROUNDING * squares) break;
    lost = more;
    rank--;
  }
  return rank;
}

typedef struct decomposition {
  double *matrix, *u, *vt, *sigma, *scale, *part;
} decomposition;

static mtp_status decompose(mtp_context *ctx, const mtp_regression *r, const decomposition *d) {
  const lapack_int m = (lapack_int)r->unknowns;
  scale_columns(r, d->matrix, d->scale);
  if (LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'A', m, m, d->matrix, m, d->sigma, d->u, m, d->vt, m) != 0)
    return mtp_fail(ctx, MTP_ERR_NUMERIC, "pair part: the regression has no solution");
  const double *target = r->rows + r->unknowns * r->capacity;
  for (size_t k = 0; k < r->unknowns; k++) {
    d->part[k] = 0.0;
    for (size_t i = 0; i < r->unknowns; i++) d->part[k] += d->u[k * r->unknowns + i] * target[i];
  }
  return MTP_OK;
}

mtp_status mtp_regression_solve(mtp_context *ctx, mtp_regression *r, double *x, double *left) {
  const size_t m = r->unknowns;
  double *work = mtp_calloc(3 * m * m + 3 * m, sizeof *work);
  if (!work) return mtp_fail_memory(ctx);
  const decomposition d = {
      work, work + m * m, work + 2 * m * m, work + 3 * m * m, work + 3 * m * m + m, work + 3 * m * m + 2 * m};
  mtp_status status = reduce(ctx, r);
  if (status == MTP_OK) status = decompose(ctx, r, &d);
  if (status == MTP_OK) {
    const double rest = r->rows[m * r->capacity + m];
    const size_t rank = choose_rank(m, d.part, d.sigma, rest * rest, r->squares);
    *left = rest * rest;
    for (size_t k = rank; k < m; k++) *left += d.part[k] * d.part[k];
    memset(x, 0, m * sizeof *x);
    for (size_t k = 0; k < rank; k++)
      for (size_t j = 0; j < m; j++) x[j] += d.scale[j] * d.vt[j * m + k] * d.part[k] / d.sigma[k];
  }
  free(work);
  return status;
}
