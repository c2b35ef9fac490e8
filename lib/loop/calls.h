/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/calls.h
 * QM calls that outlive the process that makes them. Beside a file of labels FILE stands FILE.calls while calls are
 * under way: every request is in it before it is submitted, every answer right after it came. An answer leaves it when
 * its label is in FILE. After a kill at any instant what was answered is there, and what was not is known.
 *
 *   calls.c        what is known of each call, and its states
 *   call_order.c   calls of this process: several at a time, handed over in the order of requests
 *   call_log.c     FILE.calls and its records */
#ifndef MTP_CALLS_H
#define MTP_CALLS_H

#include <stdbool.h>

#include "mtp/qm.h"

typedef struct mtp_calls mtp_calls;

/** What is known of a call. These are all the changes that there are:
 *
 *     from \ to    ASKED      ANSWERED   WAITING    FAILED     SPENT
 *     NEW          request    .          earlier    earlier    .
 *     ASKED        .          answer     record     failure    spent
 *     ANSWERED     .          .          record     .          spent
 *     WAITING      .          .          .          .          spent
 *     FAILED       again      .          record     .          spent
 *     SPENT        request    .          .          .          .
 *
 *     request   its request is in FILE.calls, so that it may be submitted
 *     earlier   how a call of an earlier process ended stands for it
 *     answer    its label came, and is nowhere but in memory
 *     record    its label is in FILE.calls: put there to wait for an earlier request, or found there
 *     failure   it came to no label
 *     again     what failed is to be asked for once more
 *     spent     nothing is kept of it: its label is in FILE, its failure was told, or nobody asks for it any more */
typedef enum mtp_call_state {
  MTP_CALL_NEW,
  MTP_CALL_ASKED,
  MTP_CALL_ANSWERED,
  MTP_CALL_WAITING,
  MTP_CALL_FAILED,
  MTP_CALL_SPENT,
  MTP_CALL_STATES /* how many */
} mtp_call_state;

/** Whether the table has this change. */
bool mtp_call_may_become(mtp_call_state from, mtp_call_state to);
/** How often calls have changed in this way since they were opened. */
size_t mtp_calls_changes(const mtp_calls *calls, mtp_call_state from, mtp_call_state to);

/** Receives how call `i` ended; in the order of requests, whatever the order of answers. `label` (owned by the
 * receiver, NULL without one) carries the features of its request. It must be on disk when the receiver returns MTP_OK.
 * A failure ends everything; answers that are not taken stay in FILE.calls. */
typedef mtp_status (*mtp_calls_take)(void *user, size_t i, mtp_config *label, const mtp_qm_report *report);

/** Opens FILE.calls for the labels of `path`, and reads what an earlier process left in it; a record that a kill cut
 * short is dropped. MTP_ERR_IO if another process has it open. `names[species_count]` are borrowed. The file is created
 * with the first request, and removed when nothing is left in it. */
mtp_status mtp_calls_open(mtp_context *ctx, const char *path, int species_count, const char *const *names,
                          mtp_calls **out);
void mtp_calls_close(mtp_calls *calls);

typedef enum mtp_calls_end { MTP_CALLS_UNFINISHED, MTP_CALLS_ANSWERED, MTP_CALLS_FAILED } mtp_calls_end;

/** FILE.calls. */
const char *mtp_calls_path(const mtp_calls *calls);

/** Requests of an earlier process, in order: how many, and number i with what became of it. */
size_t mtp_calls_left(const mtp_calls *calls);
const mtp_config *mtp_calls_request(const mtp_calls *calls, size_t i, mtp_calls_end *end);
/** The label of this one is in FILE already (the process ended before it could take it out of FILE.calls), or nobody
 * asks for it any more. */
void mtp_calls_forget(mtp_calls *calls, size_t i);

/** Answers of an earlier process that nobody has asked for. */
size_t mtp_calls_waiting(const mtp_calls *calls);

/** Failed calls of the same driver string are remembered as well: they are reported, and not made again. */
void mtp_calls_remember_failures(mtp_calls *calls);

/** What failed in an earlier process counts as never finished. */
void mtp_calls_ask_again(mtp_calls *calls);

/** From now on `announced` is called in each run (NULL: no more) as soon as all of its requests are in FILE.calls,
 * before the first is submitted. */
void mtp_calls_on_announced(mtp_calls *calls, void (*announced)(void *user), void *user);

/** From now on each answer is in FILE.calls before it is handed over: the receiver may take its time. */
void mtp_calls_record_all(mtp_calls *calls, bool all);

/** Takes over what another process that is gone left in NAME.calls: it becomes something left of an earlier one, in
 * FILE.calls, and NAME.calls is empty. */
mtp_status mtp_calls_take_over(mtp_context *ctx, mtp_calls *calls, const char *name);

/** Shows the requests of another process in NAME.calls that have not failed; nothing is locked or changed. */
mtp_status mtp_calls_peek(mtp_context *ctx, const mtp_calls *calls, const char *name,
                          mtp_status (*show)(void *user, const mtp_config *request), void *user);

/** Labels configurations. Those that have an answer from an earlier process get that one (report->tries is 0). Returns
 * as mtp_qm_label_all does. */
mtp_status mtp_calls_run(mtp_context *ctx, mtp_calls *calls, mtp_qm *qm, size_t n, const mtp_config *const *configs,
                         mtp_calls_take take, void *user);

#endif
