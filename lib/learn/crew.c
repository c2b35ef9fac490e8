/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/crew.c
 * Threads take the next piece of their process as they come; the results of a round of pieces go to rank 0 together. */
#include "learn/crew.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Memory for the results of one round in one process. */
#define ROUND_BYTES ((size_t)64 << 20)

/* The pieces of this process in one round. */
typedef struct round {
  const mtp_pieces *pieces;
  size_t first, step, count; /* pieces first, first + step, ... */
  size_t stride;             /* doubles a result, the first of which is the status */
  double *results;           /* [count][stride] */
  atomic_size_t next;
} round;

typedef struct worker {
  round *r;
  int thread;
} worker;

static void *work(void *argument) {
  const worker *w = argument;
  round *r = w->r;
  for (size_t k; (k = atomic_fetch_add(&r->next, 1)) < r->count;) {
    double *result = r->results + k * r->stride;
    memset(result, 0, r->stride * sizeof *result);
    result[0] = (double)r->pieces->work(r->pieces->user, w->thread, r->first + k * r->step, result + 1);
  }
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

/* Results of the pieces base..base+count-1 in order; those of rank q begin at all[q]. */
static mtp_status take_round(const mtp_pieces *pieces, size_t base, size_t count, size_t size, size_t stride,
                             double *const *all) {
  for (size_t k = 0; k < count; k++) {
    const double *result = all[k % size] + k / size * stride;
    if (result[0] != (double)MTP_OK) return (mtp_status)(int)result[0];
    pieces->take(pieces->user, base + k, result + 1);
  }
  return MTP_OK;
}

mtp_status mtp_crew_run(mtp_context *ctx, const mtp_crew *crew, const mtp_pieces *pieces) {
  const size_t size = (size_t)mtp_crew_size(crew), rank = (size_t)mtp_crew_rank(crew), stride = pieces->length + 1;
  const size_t threads = crew->threads > 1 ? (size_t)crew->threads : 1;
  size_t most = ROUND_BYTES / (stride * sizeof(double)), share = (pieces->count + size - 1) / size;
  if (most < threads) most = threads;
  if (most > share) most = share;
  double *own = mtp_calloc(most * stride, sizeof *own);
  double *others = rank == 0 ? mtp_calloc((size - 1) * most * stride, sizeof *others) : NULL;
  double **all = mtp_calloc(size, sizeof *all);
  /* Ranks that are out of memory cannot leave the others waiting: there is no way back from here. */
  mtp_status status = own && all && (rank > 0 || others) ? MTP_OK : mtp_fail_memory(ctx);
  if (status != MTP_OK && size > 1) abort();
  for (size_t q = 0; status == MTP_OK && rank == 0 && q < size; q++)
    all[q] = q ? others + (q - 1) * most * stride : own;

  for (size_t base = 0; (status == MTP_OK || size > 1) && base < pieces->count; base += most * size) {
    const size_t left = pieces->count - base, count = left < most * size ? left : most * size;
    round r = {.pieces = pieces, .first = base + rank, .step = size, .stride = stride, .results = own};
    r.count = count > rank ? (count - rank - 1) / size + 1 : 0;
    work_in_threads(&r, (int)threads);
    for (size_t q = 1; q < size; q++) {
      const size_t theirs = count > q ? (count - q - 1) / size + 1 : 0;
      if (rank == 0 || rank == q)
        crew->comm->collect(crew->comm->user, (int)q, rank == 0 ? all[q] : own, theirs * stride * sizeof(double));
    }
    if (rank == 0 && status == MTP_OK) status = take_round(pieces, base, count, size, stride, all);
  }
  free(own);
  free(others);
  free(all);
  return status;
}
