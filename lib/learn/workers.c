/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/workers.c
 * Threads take the next task of their process as they come; the results of a round of tasks go to rank 0 together. */
#include "learn/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory for the results of one round in one process. */
#define ROUND_BYTES ((size_t)64 << 20)

/* Of a task that failed. */
typedef struct failure {
  size_t number; /* of the task among those of its process; the first one counts */
  char message[512];
} failure;

/* The tasks of this process in one round. */
typedef struct round {
  const mtp_context *leading;
  const mtp_tasks *tasks;
  size_t first, step, count; /* tasks first, first + step, ... */
  size_t stride;             /* doubles a result, the first of which is the status */
  double *results;           /* [count][stride] */
  atomic_size_t next;
  pthread_mutex_t mutex; /* of the failure */
  failure failure;
} round;

typedef struct worker {
  round *r;
  int thread;
} worker;

static void note_failure(round *r, size_t number, const mtp_context *ctx) {
  pthread_mutex_lock(&r->mutex);
  if (number < r->failure.number) {
    r->failure.number = number;
    snprintf(r->failure.message, sizeof r->failure.message, "%s", mtp_context_message(ctx));
  }
  pthread_mutex_unlock(&r->mutex);
}

static mtp_status work_on(const worker *w, mtp_context *ctx, size_t k, double *result) {
  const round *r = w->r;
  if (!r->tasks->completes && mtp_context_is_stopped(ctx))
    return mtp_fail(ctx, MTP_ERR_STOPPED, "training was stopped");
  return r->tasks->work(ctx, r->tasks->user, w->thread, r->first + k * r->step, result);
}

static void *work(void *argument) {
  const worker *w = argument;
  round *r = w->r;
  mtp_context *ctx = mtp_context_new(); /* without one there are no messages */
  mtp_context_share_stop(ctx, r->leading);
  mtp_context_set_instruction_set(ctx, mtp_context_instruction_set(r->leading));
  for (size_t k; (k = atomic_fetch_add(&r->next, 1)) < r->count;) {
    double *result = r->results + k * r->stride;
    memset(result, 0, r->stride * sizeof *result);
    result[0] = (double)work_on(w, ctx, k, result + 1);
    if (result[0] != (double)MTP_OK) note_failure(r, k, ctx);
  }
  mtp_context_free(ctx);
  return NULL;
}

/* A thread that cannot be started is not missed: the others do its work. */
static void work_in_threads(round *r, int threads) {
  if ((size_t)threads > r->count) threads = (int)r->count;
  worker *workers = threads > 1 ? mtp_calloc((size_t)threads, sizeof *workers) : NULL;
  pthread_t *handles = threads > 1 ? mtp_calloc((size_t)threads, sizeof *handles) : NULL;
  worker alone = {r, 0};
  int started = 1;
  if (workers && handles)
    for (; started < threads; started++) {
      workers[started] = (worker){r, started};
      if (pthread_create(&handles[started], NULL, work, &workers[started]) != 0) break;
    }
  work(&alone);
  for (int t = 1; t < started; t++) pthread_join(handles[t], NULL);
  free(workers);
  free(handles);
}

static bool has_failed(const double *results, size_t count, size_t stride) {
  for (size_t k = 0; k < count; k++)
    if (results[k * stride] != (double)MTP_OK) return true;
  return false;
}

/* Results of the tasks base..base+count-1 in order; those of rank q begin at all[q]. */
static mtp_status reduce_round(mtp_context *ctx, const mtp_tasks *tasks, size_t base, size_t count, size_t size,
                               size_t stride, double *const *all, const failure *failures) {
  for (size_t k = 0; k < count; k++) {
    const double *result = all[k % size] + k / size * stride;
    const mtp_status status = (mtp_status)(int)result[0];
    const char *message = failures[k % size].message;
    if (status != MTP_OK) return mtp_fail(ctx, status, "%s", *message ? message : mtp_status_name(status));
    if (tasks->reduce) tasks->reduce(tasks->user, base + k, result + 1);
  }
  return MTP_OK;
}

mtp_status mtp_workers_give_up(mtp_context *ctx, const mtp_workers *workers, mtp_status status) {
  const char *message = ctx ? mtp_context_message(ctx) : mtp_status_name(status);
  if (mtp_workers_size(workers) > 1 && workers->comm->abort) workers->comm->abort(workers->comm->user, message);
  return status;
}

/* What a workers holds while it runs. */
typedef struct store {
  size_t most;       /* tasks of a process in a round */
  double *own;       /* [most][stride] results */
  double *others;    /* the same of the other ranks, on rank 0 */
  double **all;      /* [ranks] where those of each begin, on rank 0 */
  failure *failures; /* [ranks] */
} store;

static void store_free(store *s) {
  free(s->own);
  free(s->others);
  free(s->all);
  free(s->failures);
}

static mtp_status store_init(mtp_context *ctx, store *s, size_t size, size_t rank, size_t stride) {
  s->own = mtp_calloc(s->most * stride, sizeof *s->own);
  s->others = rank == 0 ? mtp_calloc((size - 1) * s->most * stride, sizeof *s->others) : NULL;
  s->all = mtp_calloc(size, sizeof *s->all);
  s->failures = mtp_calloc(size, sizeof *s->failures);
  if (!s->own || !s->all || !s->failures || (rank == 0 && !s->others)) return mtp_fail_memory(ctx);
  for (size_t q = 0; rank == 0 && q < size; q++) s->all[q] = q ? s->others + (q - 1) * s->most * stride : s->own;
  return MTP_OK;
}

/* Results of a round, and the words of those that failed, to rank 0. */
static void collect_round(const mtp_workers *workers, const store *s, size_t count, size_t stride) {
  const size_t size = (size_t)mtp_workers_size(workers), rank = (size_t)mtp_workers_rank(workers);
  for (size_t q = 1; q < size; q++) {
    const size_t theirs = count > q ? (count - q - 1) / size + 1 : 0;
    double *results = rank == 0 ? s->all[q] : s->own;
    if (rank != 0 && rank != q) continue;
    workers->comm->collect(workers->comm->user, (int)q, results, theirs * stride * sizeof(double));
    if (has_failed(results, theirs, stride))
      workers->comm->collect(workers->comm->user, (int)q, &s->failures[q], sizeof *s->failures);
  }
}

mtp_status mtp_workers_run(mtp_context *ctx, const mtp_workers *workers, const mtp_tasks *tasks) {
  const size_t size = (size_t)mtp_workers_size(workers), rank = (size_t)mtp_workers_rank(workers),
               stride = tasks->length + 1;
  const size_t threads = workers->threads > 1 ? (size_t)workers->threads : 1, share = (tasks->count + size - 1) / size;
  store s = {.most = ROUND_BYTES / (stride * sizeof(double))};
  if (s.most < threads) s.most = threads;
  if (s.most > share) s.most = share;
  mtp_status status = store_init(ctx, &s, size, rank, stride);
  if (status != MTP_OK) {
    store_free(&s);
    return mtp_workers_give_up(ctx, workers, status);
  }
  for (size_t base = 0; (status == MTP_OK || size > 1) && base < tasks->count; base += s.most * size) {
    const size_t left = tasks->count - base, count = left < s.most * size ? left : s.most * size;
    round r = {.leading = ctx, .tasks = tasks, .first = base + rank, .step = size, .stride = stride};
    r.results = s.own;
    r.count = count > rank ? (count - rank - 1) / size + 1 : 0;
    r.failure.number = SIZE_MAX;
    pthread_mutex_init(&r.mutex, NULL);
    work_in_threads(&r, (int)threads);
    pthread_mutex_destroy(&r.mutex);
    s.failures[rank] = r.failure;
    collect_round(workers, &s, count, stride);
    if (rank == 0 && status == MTP_OK) status = reduce_round(ctx, tasks, base, count, size, stride, s.all, s.failures);
  }
  store_free(&s);
  return status;
}
