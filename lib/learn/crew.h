/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/crew.h
 * Work in pieces, over the threads of a process and the ranks of a communicator. What the pieces are does not depend on
 * who works on them, and their results are taken in their order, so that sums come out the same in every bit whatever
 * the number of threads and ranks. */
#ifndef MTP_CREW_H
#define MTP_CREW_H

#include <stdbool.h>

#include "mtp/comm.h"
#include "support/support.h"

typedef struct mtp_crew {
  const mtp_comm *comm; /**< NULL: this process alone */
  int threads;          /**< of this process, at least 1 */
} mtp_crew;

static inline int mtp_crew_rank(const mtp_crew *crew) {
  return crew->comm ? crew->comm->rank : 0;
}
static inline int mtp_crew_size(const mtp_crew *crew) {
  return crew->comm ? crew->comm->size : 1;
}
/** From rank 0 to all. */
static inline void mtp_crew_broadcast(const mtp_crew *crew, void *data, size_t bytes) {
  if (crew->comm && crew->comm->size > 1) crew->comm->broadcast(crew->comm->user, data, bytes);
}
/** This rank cannot do its part, for the reason that is in the context, and cannot leave the others waiting either:
 * with other ranks, the program ends. Returns `status` else. */
mtp_status mtp_crew_give_up(mtp_context *ctx, const mtp_crew *crew, mtp_status status);
/** Whether this rank works on a piece. */
static inline bool mtp_crew_has(const mtp_crew *crew, size_t piece) {
  return piece % (size_t)mtp_crew_size(crew) == (size_t)mtp_crew_rank(crew);
}

typedef struct mtp_pieces {
  size_t count, length; /**< pieces, and doubles in the result of each */
  void *user;
  /** Fills result[length], zero before. Called in any thread, with a context of its own; `thread` counts those of this
   * process. */
  mtp_status (*work)(mtp_context *ctx, void *user, int thread, size_t piece, double *result);
  /** Takes over a result: on rank 0 alone, in order of the pieces. */
  void (*take)(void *user, size_t piece, const double *result);
  bool completes; /**< also where the flag of mtp_context_set_stop is up */
} mtp_pieces;

/** All ranks call it. On rank 0 the status is the first failure of any piece, with its message; a failed piece is not
 * taken over. Where the flag of mtp_context_set_stop is up, pieces fail with MTP_ERR_STOPPED, unless they complete. */
mtp_status mtp_crew_run(mtp_context *ctx, const mtp_crew *crew, const mtp_pieces *pieces);

#endif
