/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/late.h
 * QM calls that are under way while the run goes on (`wait no`): a thread makes them, and everything that the caller
 * sees happens in the caller's own thread. Requests and answers are in FILE.calls at once, so that a kill costs no more
 * than what was not answered. */
#ifndef MTP_LATE_H
#define MTP_LATE_H

#include "loop/calls.h"

typedef struct mtp_late mtp_late;

/** Begins n calls, whose requests are in FILE.calls when this returns. `configs[n]` and those that they point to go
 * over. Until the end nobody else uses `calls` and `qm`, but for mtp_calls_peek. */
mtp_status mtp_late_start(mtp_context *ctx, mtp_calls *calls, mtp_qm *qm, size_t n, mtp_config **configs,
                          mtp_late **out);
/** Hands over what has come since, in the order of requests; `wait`: all, until the stop flag of the context goes up
 * (MTP_ERR_STOPPED). *over: no call is left, and it is only to be freed. A failure, of `take` or of a call that ends
 * all others, is its end as well. */
mtp_status mtp_late_take(mtp_context *ctx, mtp_late *late, bool wait, mtp_calls_take take, void *user, bool *over);
/** Stops what is still under way, which the next run asks for again. NULL is allowed. */
void mtp_late_free(mtp_late *late);

#endif
