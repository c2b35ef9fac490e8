/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/calls_internal.h
 * What calls.c and call_order.c share: calls, and what earlier processes left of them. */
#ifndef MTP_CALLS_INTERNAL_H
#define MTP_CALLS_INTERNAL_H

#include <stdint.h>

#include "loop/call_log.h"
#include "loop/calls.h"

/** A request and what became of it, in this process or in an earlier one. */
typedef struct mtp_call {
  mtp_call_state state;
  uint64_t hash;
  mtp_config *request;  /* owned; NULL in a run of this process, which borrows */
  char *driver;         /* owned; in `left`: the driver string that gave the end, NULL if it is not known */
  mtp_config *label;    /* owned; of one that is ANSWERED or WAITING, and of one in `left` until its process ends */
  mtp_qm_report report; /* of the end; zero before */
} mtp_call;

struct mtp_calls {
  mtp_call_log log;
  bool under_way; /* FILE.calls holds calls of this process */
  bool remember_failures;
  bool record_all; /* answers are recorded whether they have to wait or not */
  void (*announced)(void *user);
  void *announced_user;
  size_t n; /* of earlier processes, and failures of this one to be remembered */
  mtp_call *left;
  size_t changes[MTP_CALL_STATES][MTP_CALL_STATES];
};

/** Every change of a state is made here: MTP_ERR_STATE for one that the table of calls.h does not have. */
mtp_status mtp_call_become(mtp_context *ctx, mtp_calls *calls, mtp_call *call, mtp_call_state state);
void mtp_call_free_all(mtp_call *list, size_t n);

/** A failure that later runs are told of in place of another call. */
bool mtp_call_is_remembered(const mtp_calls *calls, const mtp_call *call);

/** What earlier processes left of the same structure, NULL without. */
mtp_call *mtp_calls_find(const mtp_calls *calls, uint64_t hash, const mtp_config *cfg);
/** Puts a failure of this process among them. */
mtp_status mtp_calls_note_failure(mtp_context *ctx, mtp_calls *calls, const mtp_call *failed, const mtp_config *cfg,
                                  const char *driver);

/** How a call ended, as a record owned by the caller; NULL when memory is exhausted. */
mtp_config *mtp_call_end_record(mtp_context *ctx, const mtp_call *call, const mtp_config *request, const char *driver);
/** Appends records, of which one that is NULL means that memory is exhausted. */
mtp_status mtp_calls_write(mtp_context *ctx, mtp_calls *calls, size_t n, mtp_config *const *records);
/** Rewrites FILE.calls after a run, all of whose answers are in the file of labels. What stays are answers of earlier
 * processes that nobody has wanted yet, and failures to remember. */
mtp_status mtp_calls_rewrite(mtp_context *ctx, mtp_calls *calls);

#endif
