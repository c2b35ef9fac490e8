/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/equations.c
 * Least squares by normal equations. */
#include "learn/equations.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Between the square of a rounding error and that of the smallest basis function that matters. */
#define NOISE 1e-20

int mtp_equations_new(size_t m, mtp_equations *e) {
  e->matrix = mtp_alloc_aligned(m * m, sizeof(double));
  e->rhs = mtp_alloc_aligned(m, sizeof(double));
  return e->matrix && e->rhs;
}

void mtp_equations_clear(mtp_equations *e) {
  free(e->matrix);
  free(e->rhs);
}

void mtp_equations_copy(const mtp_equations *from, size_t m, mtp_equations *to) {
  memcpy(to->matrix, from->matrix, m * m * sizeof(double));
  memcpy(to->rhs, from->rhs, m * sizeof(double));
  to->targets = from->targets;
}

/* Adds weight * (row^T row, row^T target) of `count` rows; only the lower triangle. */
void mtp_equations_add_rows(mtp_equations *e, size_t m, size_t count, const double *rows, const double *target,
                            double weight) {
  if (count == 0 || weight == 0) return;
  cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)m, (int)count, weight, rows, (int)m, 1.0, e->matrix, (int)m);
  cblas_dgemv(CblasRowMajor, CblasTrans, (int)count, (int)m, weight, rows, (int)m, target, 1, 1.0, e->rhs, 1);
  for (size_t k = 0; k < count; k++) e->targets += weight * target[k] * target[k];
}

void mtp_equations_add(mtp_equations *e, size_t m, const mtp_equations *sum, double weight) {
  cblas_daxpy((int)m, weight, sum->rhs, 1, e->rhs, 1);
  e->targets += weight * sum->targets;
  for (size_t i = 0; i < m; i++) cblas_daxpy((int)i + 1, weight, sum->matrix + i * m, 1, e->matrix + i * m, 1);
}

void mtp_equations_fill(mtp_equations *e, size_t m) {
  for (size_t i = 0; e->matrix && i < m; i++)
    for (size_t j = 0; j < i; j++) e->matrix[j * m + i] = e->matrix[i * m + j];
}

/* x^T A x - 2 x^T b + sum of targets^2, from the lower triangle. */
double mtp_equations_residual(const mtp_equations *e, size_t m, const double *x) {
  double sum = e->targets;
  for (size_t i = 0; i < m; i++) {
    double row = 0.5 * e->matrix[i * m + i] * x[i];
    for (size_t j = 0; j < i; j++) row += e->matrix[i * m + j] * x[j];
    sum += 2.0 * x[i] * (row - e->rhs[i]);
  }
  return sum;
}

double mtp_equations_top(const mtp_equations *e, size_t m) {
  double top = 0;
  for (size_t i = 0; i < m; i++) top = fmax(top, e->matrix[i * m + i]);
  return top;
}

/* Cholesky factor of the scaled matrix plus ridge; the ridge grows until it exists. */
static mtp_status factor(mtp_context *ctx, const mtp_equations *e, size_t m, const double *scale, double ridge,
                         double *l) {
  for (const double limit = fmax(ridge, 1e-3); ridge <= limit; ridge *= 10) {
    for (size_t i = 0; i < m; i++) {
      for (size_t j = 0; j <= i; j++) l[i * m + j] = e->matrix[i * m + j] * scale[i] * scale[j];
      l[i * m + i] = 1.0 + ridge; /* also for a coefficient that nothing depends on */
    }
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, l, (lapack_int)m) == 0) return MTP_OK;
  }
  return mtp_fail(ctx, MTP_ERR_NUMERIC, "linear fit: the normal equations cannot be factorised");
}

/* The first solve finds what is in reach of the ridge; the others take most of its bias out of all well-determined
 * directions (iterated Tikhonov), while redundant ones stay at their smallest solution. */
static void solve_refined(const mtp_equations *e, size_t m, const double *scale, const double *l, double *y,
                          double *residual) {
  memset(y, 0, m * sizeof(double));
  for (int pass = 0; pass < 4; pass++) {
    for (size_t i = 0; i < m; i++) {
      double r = e->rhs[i];
      for (size_t j = 0; j < m; j++) r -= e->matrix[i * m + j] * scale[j] * y[j];
      residual[i] = r * scale[i];
    }
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)m, l, (int)m, residual, 1);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (int)m, l, (int)m, residual, 1);
    for (size_t i = 0; i < m; i++) y[i] += residual[i];
  }
}

/* To unit diagonal. A basis function that vanishes by symmetry on all that is known leaves a column of rounding noise;
 * scaled up, noise would be fitted to noise with coefficients without bound. Its coefficient is zero instead. */
static void column_scales(const mtp_equations *e, size_t m, double top, double *scale) {
  for (size_t i = 0; i < m; i++) {
    const double d = e->matrix[i * m + i];
    scale[i] = d > NOISE * top ? 1.0 / sqrt(d) : 0.0;
  }
}

mtp_status mtp_equations_solve(mtp_context *ctx, const mtp_equations *e, size_t m, double top, double ridge,
                               double *x) {
  double *l = mtp_alloc_aligned(m * m, sizeof(double)), *work = mtp_calloc(2 * m, sizeof(double));
  mtp_status status = l && work ? MTP_OK : mtp_fail_memory(ctx);
  double *scale = work, *residual = work ? work + m : NULL;
  if (status == MTP_OK) {
    column_scales(e, m, top, scale);
    status = factor(ctx, e, m, scale, ridge, l);
  }
  if (status == MTP_OK) {
    double probe = 0;
    solve_refined(e, m, scale, l, x, residual);
    for (size_t i = 0; i < m; i++) {
      x[i] *= scale[i];
      probe += x[i] * 0.0;
    }
    if (probe != 0.0) status = mtp_fail(ctx, MTP_ERR_NUMERIC, "linear fit: the solution is not finite");
  }
  free(l);
  free(work);
  return status;
}
