/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/active_set.c
 * The active set as a matrix with its inverse, and its grades. */
#include "learn/active_set.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/workers.h"

/* Error of A * inverse that is told; grades of 1 are then wrong in the third digit. */
#define MAX_DRIFT 1e-3

mtp_status mtp_active_set_new(mtp_context *ctx, size_t n, mtp_mode mode, double init, mtp_active_set **out) {
  if (out) *out = NULL;
  if (!out || n == 0 || !(init > 0) || !isfinite(init))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT,
                    "active set: expected a positive number of parameters and a positive initial value");
  mtp_active_set *as = mtp_calloc(1, sizeof *as);
  if (!as) return mtp_fail_memory(ctx);
  as->n = n;
  as->mode = mode;
  as->init = init;
  as->rows = mtp_alloc_aligned(n * n, sizeof(double));
  as->inverse = mtp_alloc_aligned(n * n, sizeof(double));
  as->origin = mtp_calloc(2 * n, sizeof *as->origin);
  as->config = mtp_calloc(n, sizeof *as->config);
  as->samples = mtp_sample_set_new();
  as->threads = 1;
  if (!as->rows || !as->inverse || !as->origin || !as->config || !as->samples) {
    mtp_active_set_free(as);
    return mtp_fail_memory(ctx);
  }
  for (size_t i = 0; i < n; i++) {
    as->rows[i * n + i] = init;
    as->inverse[i * n + i] = 1.0 / init;
    as->origin[2 * i] = as->origin[2 * i + 1] = as->config[i] = -1;
  }
  *out = as;
  return MTP_OK;
}

void mtp_active_set_pin(mtp_active_set *as, size_t count) {
  as->pinned = count;
  for (size_t i = 0; i < count; i++) {
    as->rows[i * as->n + i] = MTP_PIN;
    as->inverse[i * as->n + i] = 1.0 / MTP_PIN;
  }
}

void mtp_active_set_find_pins(mtp_active_set *as) {
  as->pinned = 0;
  while (as->pinned < as->n && as->rows[as->pinned * as->n + as->pinned] == MTP_PIN && as->origin[2 * as->pinned] < 0)
    as->pinned++;
}

void mtp_active_set_copy_columns(size_t stride, size_t first, size_t n, const double *rows, size_t m, double *columns) {
  for (size_t i = 0; i < m; i++) memcpy(columns + i * n, rows + i * stride + first, n * sizeof *columns);
}

mtp_rows mtp_active_set_kind(const mtp_active_set *as) {
  return as && as->pinned ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
}

size_t mtp_active_set_columns(const mtp_active_set *as) {
  return as ? as->n - as->pinned : 0;
}

static mtp_status hold_samples(mtp_context *ctx, const mtp_sample_set *from, mtp_sample_set *to) {
  mtp_status status = mtp_sample_set_name(ctx, to, from->view->species_count, from->view->names);
  for (size_t k = 0; k < from->n && status == MTP_OK; k++) status = mtp_sample_set_add(ctx, to, from->sample[k]);
  return status;
}

mtp_status mtp_active_set_copy(mtp_context *ctx, const mtp_active_set *as, mtp_active_set **out) {
  if (out) *out = NULL;
  if (!as || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: nothing to copy");
  mtp_active_set *copy = NULL;
  mtp_status status = mtp_active_set_new(ctx, as->n, as->mode, as->init, &copy);
  if (status != MTP_OK) return status;
  const size_t n = as->n;
  memcpy(copy->rows, as->rows, n * n * sizeof(double));
  memcpy(copy->inverse, as->inverse, n * n * sizeof(double));
  memcpy(copy->origin, as->origin, 2 * n * sizeof *as->origin);
  memcpy(copy->config, as->config, n * sizeof *as->config);
  copy->pinned = as->pinned;
  status = hold_samples(ctx, as->samples, copy->samples);
  if (status != MTP_OK) {
    mtp_active_set_free(copy);
    return status;
  }
  *out = copy;
  return MTP_OK;
}

void mtp_active_set_free(mtp_active_set *as) {
  if (!as) return;
  free(as->rows);
  free(as->inverse);
  free(as->origin);
  free(as->config);
  mtp_sample_set_free(as->samples);
  free(as);
}

mtp_mode mtp_active_set_mode(const mtp_active_set *as) {
  return as ? as->mode : MTP_MODE_NEIGHBOURHOOD;
}
size_t mtp_active_set_size(const mtp_active_set *as) {
  return as ? as->n : 0;
}
const double *mtp_active_set_rows(const mtp_active_set *as) {
  return as ? as->rows : NULL;
}
const double *mtp_active_set_inverse(const mtp_active_set *as) {
  return as ? as->inverse : NULL;
}
const long long *mtp_active_set_origins(const mtp_active_set *as) {
  return as ? as->origin : NULL;
}
const mtp_config_set *mtp_active_set_configs(const mtp_active_set *as) {
  return as ? as->samples->view : NULL;
}

size_t mtp_active_set_filled(const mtp_active_set *as) {
  size_t filled = 0;
  for (size_t i = 0; as && i < as->n; i++) filled += as->origin[2 * i] >= 0;
  return filled;
}

double mtp_active_set_log_volume(const mtp_active_set *as) {
  if (!as) return NAN;
  const size_t n = as->n;
  double *lu = mtp_calloc(n * n, sizeof(double));
  lapack_int *pivot = mtp_calloc(n, sizeof *pivot);
  double volume = NAN;
  if (lu && pivot) {
    memcpy(lu, as->rows, n * n * sizeof(double));
    if (LAPACKE_dgetrf(LAPACK_ROW_MAJOR, (lapack_int)n, (lapack_int)n, lu, (lapack_int)n, pivot) >= 0) {
      volume = 0;
      for (size_t i = as->pinned; i < n; i++) volume += log(fabs(lu[i * n + i])); /* pinned columns stand apart */
    }
  }
  free(lu);
  free(pivot);
  return volume;
}

/* max |A * inverse^T - 1|; `product` is scratch [n*n]. */
static double drift_of(size_t n, const double *rows, const double *inverse, double *product) {
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)n, (int)n, 1.0, rows, (int)n, inverse, (int)n, 0.0,
              product, (int)n);
  for (size_t i = 0; i < n; i++) product[i * n + i] -= 1.0;
  return mtp_largest_modulus(n * n, product);
}

double mtp_active_set_drift(const mtp_active_set *as) {
  if (!as) return NAN;
  double *product = mtp_calloc(as->n * as->n, sizeof(double));
  const double drift = product ? drift_of(as->n, as->rows, as->inverse, product) : NAN;
  free(product);
  return drift;
}

/* Transposed inverse of rows[n*n]; nonzero if singular. */
static int invert(size_t n, const double *rows, double *inverse) {
  lapack_int *pivot = mtp_calloc(n, sizeof *pivot);
  if (!pivot) return 1;
  /* what is row-major A is column-major A^T, whose inverse read row-major is (A^-1); transpose at the end */
  memcpy(inverse, rows, n * n * sizeof(double));
  lapack_int info = LAPACKE_dgetrf(LAPACK_COL_MAJOR, (lapack_int)n, (lapack_int)n, inverse, (lapack_int)n, pivot);
  if (info == 0) info = LAPACKE_dgetri(LAPACK_COL_MAJOR, (lapack_int)n, inverse, (lapack_int)n, pivot);
  free(pivot);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++) {
      const double t = inverse[i * n + j];
      inverse[i * n + j] = inverse[j * n + i];
      inverse[j * n + i] = t;
    }
  return info != 0;
}

mtp_status mtp_active_set_invert(mtp_context *ctx, mtp_active_set *as) {
  const size_t n = as->n;
  double *fresh = mtp_alloc_aligned(n * n, sizeof(double)), *product = mtp_alloc_aligned(n * n, sizeof(double));
  if (!fresh || !product) {
    free(fresh);
    free(product);
    return mtp_fail_memory(ctx);
  }
  const double old = drift_of(n, as->rows, as->inverse, product);
  if (invert(n, as->rows, fresh) == 0 && !(drift_of(n, as->rows, fresh, product) > old)) {
    double *t = as->inverse;
    as->inverse = fresh;
    fresh = t;
  }
  const double drift = drift_of(n, as->rows, as->inverse, product);
  if (!(drift < MAX_DRIFT))
    mtp_message(ctx, MTP_WARNING, "the inverse of the active set is off by %.2g: grades are not reliable", drift);
  free(fresh);
  free(product);
  return MTP_OK;
}

/* Rows that are graded at once. */
#define BATCH ((size_t)256)

typedef struct grading {
  const mtp_active_set *as;
  size_t m;
  const double *rows; /* [m*n] */
  double *gamma;      /* [m] */
  double *z;          /* [threads][BATCH][columns] */
} grading;

static mtp_status grade_batch(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const grading *g = user;
  const size_t stride = g->as->n, first = g->as->pinned, n = stride - first, done = task * BATCH;
  const size_t count = g->m - done < BATCH ? g->m - done : BATCH;
  double *z = g->z + (size_t)thread * (g->m < BATCH ? g->m : BATCH) * n;
  (void)ctx;
  (void)result;
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, (int)n, (int)n, 1.0, g->rows + done * stride + first,
              (int)stride, g->as->inverse + first * stride + first, (int)stride, 0.0, z, (int)n);
  for (size_t k = 0; k < count; k++) g->gamma[done + k] = mtp_largest_modulus(n, z + k * n);
  return MTP_OK;
}

mtp_status mtp_active_set_grade(mtp_context *ctx, const mtp_active_set *as, size_t m, const double *rows,
                                double *gamma) {
  if (!as || (m && (!rows || !gamma))) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: nothing to grade");
  const size_t n = as->n - as->pinned, batches = (m + BATCH - 1) / BATCH;
  const mtp_workers workers = {NULL, batches < (size_t)as->threads ? 1 : as->threads};
  grading g = {as, m, rows, gamma, NULL};
  g.z = mtp_alloc_aligned((size_t)workers.threads * (m < BATCH ? m : BATCH) * n, sizeof(double));
  if (!g.z) return mtp_fail_memory(ctx);
  const mtp_tasks tasks = {batches, 0, &g, grade_batch, NULL, true};
  const mtp_status status = mtp_workers_run(ctx, &workers, &tasks);
  free(g.z);
  return status;
}

mtp_status mtp_evaluator_set_active_set(mtp_context *ctx, mtp_evaluator *ev, const mtp_active_set *as) {
  if (!as) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no active set given");
  if (as->mode == MTP_MODE_FORCES)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "an active set of mode forces grades configurations one by one");
  return mtp_evaluator_set_inverse(ctx, ev, mtp_active_set_mode(as), mtp_active_set_size(as),
                                   mtp_active_set_inverse(as));
}
