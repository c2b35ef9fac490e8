/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/workers.h
 * Work in tasks, over the threads of a process and the ranks of a communicator. What the tasks are does not depend on
 * who works on them, and their results are taken in their order, so that sums come out the same in every bit whatever
 * the number of threads and ranks. */
#ifndef MTP_WORKERS_H
#define MTP_WORKERS_H

#include <stdbool.h>

#include "mtp/comm.h"
#include "support/support.h"

typedef struct mtp_workers {
  const mtp_comm *comm; /**< NULL: this process alone */
  int threads;          /**< of this process, at least 1 */
} mtp_workers;

static inline int mtp_workers_rank(const mtp_workers *workers) {
  return workers->comm ? workers->comm->rank : 0;
}
static inline int mtp_workers_size(const mtp_workers *workers) {
  return workers->comm ? workers->comm->size : 1;
}
/** From rank 0 to all. */
static inline void mtp_workers_broadcast(const mtp_workers *workers, void *data, size_t bytes) {
  if (workers->comm && workers->comm->size > 1) workers->comm->broadcast(workers->comm->user, data, bytes);
}
/** This rank cannot do its part, for the reason that is in the context, and cannot leave the others waiting either:
 * with other ranks, the program ends. Returns `status` else. */
mtp_status mtp_workers_give_up(mtp_context *ctx, const mtp_workers *workers, mtp_status status);
/** Whether this rank works on a task. */
static inline bool mtp_workers_has(const mtp_workers *workers, size_t task) {
  return task % (size_t)mtp_workers_size(workers) == (size_t)mtp_workers_rank(workers);
}

typedef struct mtp_tasks {
  size_t count, length; /**< tasks, and doubles in the result of each */
  void *user;
  /** Fills result[length], zero before. Called in any thread, with a context of its own; `thread` counts those of this
   * process. */
  mtp_status (*work)(mtp_context *ctx, void *user, int thread, size_t task, double *result);
  /** Takes over a result: on rank 0 alone, in order of the tasks. NULL: there is none. */
  void (*reduce)(void *user, size_t task, const double *result);
  bool completes; /**< also where the flag of mtp_context_set_stop is up */
} mtp_tasks;

/** All ranks call it. On rank 0 the status is the first failure of any task, with its message; a failed task is not
 * taken over. Where the flag of mtp_context_set_stop is up, tasks fail with MTP_ERR_STOPPED, unless they complete. */
mtp_status mtp_workers_run(mtp_context *ctx, const mtp_workers *workers, const mtp_tasks *tasks);

#endif
