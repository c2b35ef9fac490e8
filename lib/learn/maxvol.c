/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/maxvol.c
 * maxvol: candidate rows replace active ones as long as |det A| grows by more than a threshold, largest gain first.
 * With Z = B A^-1 the gain of putting candidate i in place of active row j is |Z_ij|; A^-1 and Z follow each swap by
 * rank-1 updates, and Z is made anew from a fresh inverse before the result is believed. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/active_set.h"
#include "learn/workers.h"

/* Candidates whose Z is held at once. More are filtered first: most rows of a training set are well inside. */
#define MAX_ENTRIES ((size_t)4 << 20)
/* Rounds of fresh inverse and new check; the second finds nothing unless round-off is at work. */
#define MAX_ROUNDS 8

typedef struct swaps {
  mtp_swap *list;
  size_t count, capacity;
} swaps;

static int note_swap(swaps *s, size_t candidate, size_t active, double gain) {
  if (s->count == s->capacity) {
    const size_t capacity = s->capacity ? 2 * s->capacity : 64;
    mtp_swap *larger = mtp_realloc(s->list, capacity, sizeof *larger);
    if (!larger) return 0;
    s->list = larger;
    s->capacity = capacity;
  }
  s->list[s->count++] = (mtp_swap){candidate, active, gain};
  return 1;
}

/* Candidates in play: rows are exchanged with active ones. */
typedef struct candidates {
  size_t m;
  double *rows;      /* [m*n] */
  long long *origin; /* [2*m] */
  size_t *number;    /* [m] position among the rows offered */
  double *z;         /* [m*n] */
  double *q, *sq;    /* [n] scratch */
} candidates;

static void candidates_free(candidates *c) {
  free(c->rows);
  free(c->origin);
  free(c->number);
  free(c->z);
  free(c->q);
  free(c->sq);
}

static mtp_status candidates_new(mtp_context *ctx, size_t capacity, size_t n, candidates *c) {
  *c = (candidates){0};
  c->rows = mtp_alloc_scratch(capacity * n, sizeof(double));
  c->z = mtp_alloc_scratch(capacity * n, sizeof(double));
  c->origin = mtp_calloc(2 * capacity, sizeof *c->origin);
  c->number = mtp_calloc(capacity, sizeof *c->number);
  c->q = mtp_calloc(n, sizeof(double));
  c->sq = mtp_calloc(n, sizeof(double));
  if (c->rows && c->z && c->origin && c->number && c->q && c->sq) return MTP_OK;
  candidates_free(c);
  *c = (candidates){0};
  return mtp_fail_memory(ctx);
}

/* ---- a pass over Z ---- */

/* Rows of a task. */
#define TASK_ROWS ((size_t)256)

/* Z as it is made from rows, or Z[k,:] += factor_k q; and where the largest element is then. */
typedef struct scan {
  const mtp_active_set *as;
  candidates *c;
  bool updates; /* after an exchange of candidate i with active row j, at Z_ij = z */
  size_t i, j;
  double z;
  size_t largest; /* of all */
} scan;

static void update_row(const scan *s, size_t k) {
  const size_t n = s->as->n;
  const double factor = -(s->c->z[k * n + s->j] + (k == s->i ? 1.0 : 0.0)) / s->z;
  if (factor != 0.0) cblas_daxpy((int)n, factor, s->c->q, 1, s->c->z + k * n, 1);
}

/* Row by row: their product may be beyond an int. What is not a number wins, and is noticed. */
static size_t larger(const double *z, size_t best, size_t at) {
  return isnan(z[best]) || fabs(z[at]) <= fabs(z[best]) ? best : at;
}

/* In the pieces of tasks, whoever makes them: a product may round otherwise in others. */
static void make_rows(const scan *s, size_t first, size_t end) {
  const int n = (int)s->as->n;
  for (size_t k = first, count; k < end; k += count) {
    const size_t at = k * s->as->n;
    count = end - k < TASK_ROWS ? end - k : TASK_ROWS;
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)count, n, n, 1.0, s->c->rows + at, n, s->as->inverse, n,
                0.0, s->c->z + at, n);
  }
}

static size_t scan_rows(const scan *s, size_t first, size_t end) {
  const size_t n = s->as->n;
  size_t best = first * n;
  if (!s->updates) make_rows(s, first, end);
  for (size_t k = first; k < end; k++) {
    if (s->updates) update_row(s, k);
    best = larger(s->c->z, best, k * n + cblas_idamax((int)n, s->c->z + k * n, 1));
  }
  return best;
}

static mtp_status scan_task(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const scan *s = user;
  const size_t first = task * TASK_ROWS, end = s->c->m - first < TASK_ROWS ? s->c->m : first + TASK_ROWS;
  (void)ctx;
  (void)thread;
  *result = (double)scan_rows(s, first, end);
  return MTP_OK;
}

static void reduce_largest(void *user, size_t task, const double *result) {
  scan *s = user;
  s->largest = task ? larger(s->c->z, s->largest, (size_t)*result) : (size_t)*result;
}

/* In threads where there are many rows. */
static mtp_status scan_all(mtp_context *ctx, scan *s) {
  const size_t tasks = (s->c->m + TASK_ROWS - 1) / TASK_ROWS;
  const mtp_workers workers = {NULL, s->as->threads};
  const mtp_tasks all = {tasks, 1, s, scan_task, reduce_largest, true};
  if (workers.threads > 1 && tasks >= 2 * (size_t)workers.threads) return mtp_workers_run(ctx, &workers, &all);
  s->largest = scan_rows(s, 0, s->c->m);
  return MTP_OK;
}

/* ---- swaps ---- */

/* Candidate i takes the place of active row j. `s` says how Z follows. */
static void exchange(mtp_active_set *as, candidates *c, size_t i, size_t j, scan *s) {
  const size_t n = as->n;
  const double z = c->z[i * n + j];
  double *active = as->rows + j * n, *candidate = c->rows + i * n;
  for (size_t k = 0; k < n; k++) c->q[k] = candidate[k] - active[k];
  cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)n, (int)n, 1.0, as->inverse, (int)n, c->q, 1, 0.0, c->sq, 1);
  memcpy(c->q, as->inverse + j * n, n * sizeof(double)); /* row j itself changes in the update */
  cblas_dger(CblasRowMajor, (int)n, (int)n, -1.0 / z, c->sq, 1, c->q, 1, as->inverse, (int)n);
  cblas_dswap((int)n, active, 1, candidate, 1);
  for (size_t k = 0; k < 2; k++) {
    const long long t = as->origin[2 * j + k];
    as->origin[2 * j + k] = c->origin[2 * i + k];
    c->origin[2 * i + k] = t;
  }
  as->config[j] = -1;

  /* Z -= (Z[:,j] + e_i)/z (x) (Z[i,:] - e_j) */
  memcpy(c->q, c->z + i * n, n * sizeof(double));
  c->q[j] -= 1.0;
  *s = (scan){.as = as, .c = c, .updates = true, .i = i, .j = j, .z = z};
}

/* Swaps until no candidate in play gains more than threshold. */
static mtp_status sweep(mtp_context *ctx, mtp_active_set *as, candidates *c, double threshold, swaps *done) {
  const size_t n = as->n;
  if (c->m == 0) return MTP_OK;
  /* every swap multiplies the volume by more than threshold, so this ends; the bound is for thresholds of nearly 1 */
  const size_t limit = 100 * (n + c->m) + 1000;
  scan s = {.as = as, .c = c};
  for (size_t k = 0; k < limit; k++) {
    const mtp_status status = scan_all(ctx, &s);
    if (status != MTP_OK) return status;
    const size_t at = s.largest;
    const double gain = fabs(c->z[at]);
    if (!isfinite(gain)) return mtp_fail(ctx, MTP_ERR_NUMERIC, "active set: the grades overflow");
    if (gain <= threshold) return MTP_OK;
    if (!note_swap(done, c->number[at / n], at % n, gain)) return mtp_fail_memory(ctx);
    exchange(as, c, at / n, at % n, &s);
  }
  return MTP_OK;
}

typedef struct copying {
  candidates *c;
  size_t n;
  const double *rows;
  const long long *origin;
} copying;

static mtp_status copy_task(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const copying *y = user;
  candidates *c = y->c;
  (void)ctx;
  (void)thread;
  (void)result;
  for (size_t k = task * TASK_ROWS; k < c->m && k < (task + 1) * TASK_ROWS; k++) {
    memcpy(c->rows + k * y->n, y->rows + c->number[k] * y->n, y->n * sizeof(double));
    memcpy(c->origin + 2 * k, y->origin + 2 * c->number[k], 2 * sizeof *y->origin);
  }
  return MTP_OK;
}

/* Puts all rows in play if they fit, else the first of those above the threshold; the others come with later rounds. */
static mtp_status select_candidates(mtp_context *ctx, const mtp_active_set *as, size_t m, const double *rows,
                                    const long long *origin, double threshold, size_t capacity, candidates *c) {
  double *gamma = NULL;
  mtp_status status = MTP_OK;
  if (m > capacity) {
    gamma = mtp_calloc(m, sizeof(double));
    status = gamma ? mtp_active_set_grade(ctx, as, m, rows, gamma) : mtp_fail_memory(ctx);
  }
  c->m = 0;
  for (size_t i = 0; status == MTP_OK && i < m && c->m < capacity; i++)
    if (!gamma || !(gamma[i] <= threshold)) c->number[c->m++] = i;
  free(gamma);
  copying y = {c, as->n, rows, origin};
  const size_t tasks = (c->m + TASK_ROWS - 1) / TASK_ROWS;
  const mtp_workers workers = {NULL, tasks > 1 ? as->threads : 1};
  const mtp_tasks all = {tasks, 0, &y, copy_task, NULL, true};
  return status == MTP_OK ? mtp_workers_run(ctx, &workers, &all) : status;
}

static mtp_status offer(mtp_context *ctx, mtp_active_set *as, size_t m, const double *rows, const long long *origin,
                        double threshold, mtp_swap **swap_list, size_t *swap_count) {
  const size_t n = as->n;
  for (size_t k = 0; k < m * n; k++)
    if (!isfinite(rows[k])) return mtp_fail(ctx, MTP_ERR_NUMERIC, "active set: candidate row %zu is not finite", k / n);
  size_t capacity = MAX_ENTRIES / n;
  if (capacity < 2 * n) capacity = 2 * n;
  const int filtered = m > capacity;
  if (!filtered) capacity = m;
  candidates c;
  swaps done = {0};
  mtp_status status = candidates_new(ctx, capacity, n, &c);
  if (status == MTP_OK && !filtered) status = select_candidates(ctx, as, m, rows, origin, threshold, capacity, &c);
  for (int round = 0, quiet = 0; status == MTP_OK && !quiet; round++) {
    const size_t before = done.count;
    if (filtered) status = select_candidates(ctx, as, m, rows, origin, threshold, capacity, &c);
    if (status == MTP_OK) status = sweep(ctx, as, &c, threshold, &done);
    quiet = done.count == before || (!filtered && round >= MAX_ROUNDS) || round >= 1000;
    if (status == MTP_OK && !quiet) status = mtp_active_set_invert(ctx, as);
  }
  candidates_free(&c);
  if (status != MTP_OK || !swap_list) {
    free(done.list);
  } else {
    *swap_list = done.list;
    *swap_count = done.count;
  }
  return status;
}

/* Without its pinned columns a set is small: what is offered meets the others alone. */
static mtp_status offer_columns(mtp_context *ctx, mtp_active_set *as, size_t m, const double *rows,
                                const long long *origin, double threshold, mtp_swap **swap_list, size_t *swap_count) {
  const size_t first = as->pinned, n = as->n - first;
  mtp_active_set *own = NULL;
  double *columns = mtp_alloc_scratch(m * n, sizeof *columns);
  mtp_status status = columns ? mtp_active_set_new(ctx, n, as->mode, as->init, &own) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    own->threads = as->threads;
    mtp_active_set_copy_columns(as->n, first, n, rows, m, columns);
    mtp_active_set_copy_columns(as->n, first, n, as->rows + first * as->n, n, own->rows);
    mtp_active_set_copy_columns(as->n, first, n, as->inverse + first * as->n, n, own->inverse);
    memcpy(own->origin, as->origin + 2 * first, 2 * n * sizeof *own->origin);
    memcpy(own->config, as->config + first, n * sizeof *own->config);
    status = offer(ctx, own, m, columns, origin, threshold, swap_list, swap_count);
  }
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    memcpy(as->rows + (first + i) * as->n + first, own->rows + i * n, n * sizeof(double));
    memcpy(as->inverse + (first + i) * as->n + first, own->inverse + i * n, n * sizeof(double));
  }
  if (status == MTP_OK) {
    memcpy(as->origin + 2 * first, own->origin, 2 * n * sizeof *own->origin);
    memcpy(as->config + first, own->config, n * sizeof *own->config);
    for (size_t k = 0; swap_list && k < *swap_count; k++) (*swap_list)[k].active += first;
  }
  free(columns);
  mtp_active_set_free(own);
  return status;
}

mtp_status mtp_active_set_offer(mtp_context *ctx, mtp_active_set *as, size_t m, const double *rows,
                                const long long *origin, double threshold, mtp_swap **swap_list, size_t *swap_count) {
  if (!as || (m && (!rows || !origin)) || (swap_list && !swap_count) || !(threshold >= 1.0))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: expected rows, origins and a threshold of at least 1");
  return (as->pinned ? offer_columns : offer)(ctx, as, m, rows, origin, threshold, swap_list, swap_count);
}
