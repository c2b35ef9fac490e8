/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/call_order.c
 * Calls of this process, several at a time. Answers that come in the order of requests go straight to the receiver,
 * whose file is as safe a place; only those that have to wait for an earlier one are written to FILE.calls. */
#include <stdlib.h>
#include <string.h>

#include "config/structure.h"
#include "loop/calls_internal.h"
#include "support/support.h"

typedef struct run {
  mtp_context *ctx;
  mtp_calls *calls;
  mtp_qm *qm;
  const mtp_config *const *configs;
  size_t n, next;           /* all before `next` are handed over */
  mtp_call *list;           /* [n] */
  const mtp_config **asked; /* [asked_count] those that the driver is asked for, and */
  size_t *number;           /* their numbers */
  bool *begun;              /* [asked_count] by a process before this one */
  size_t asked_count;
  mtp_calls_take take;
  void *user;
  mtp_status status; /* the first failure of the receiver or of FILE.calls */
} run;

/* ---- before ---- */

/* Whether the end of an earlier call stands for this one too. A label does for as long as it is there. */
static bool is_valid(const run *r, const mtp_call *left) {
  return left->label || (mtp_call_is_remembered(r->calls, left) && strcmp(left->driver, mtp_qm_text(r->qm)) == 0);
}

static mtp_status use_earlier(run *r, mtp_call *call, const mtp_call *left) {
  call->report = left->report;
  if (!left->label) return mtp_call_become(r->ctx, r->calls, call, MTP_CALL_FAILED);
  call->label = mtp_config_copy(left->label);
  return call->label ? mtp_call_become(r->ctx, r->calls, call, MTP_CALL_WAITING) : mtp_fail_memory(r->ctx);
}

/* They are used, for they were paid for; but labels of two engines in one file are something to know of. */
static void warn_of_other_drivers(const run *r, size_t count, const char *driver) {
  if (count)
    mtp_message(r->ctx, MTP_WARNING, "%zu answers that are taken from %s were given by another driver string: %s",
                count, r->calls->log.path, driver);
}

/* Sorts out what has to be asked for. */
static mtp_status prepare(run *r) {
  size_t others = 0;
  const char *other = NULL;
  r->list = mtp_calloc(r->n, sizeof *r->list);
  r->asked = mtp_calloc(r->n, sizeof *r->asked);
  r->number = mtp_calloc(r->n, sizeof *r->number);
  r->begun = mtp_calloc(r->n, sizeof *r->begun);
  if (!r->list || !r->asked || !r->number || !r->begun) return mtp_fail_memory(r->ctx);
  for (size_t i = 0; i < r->n; i++) {
    mtp_call *call = &r->list[i];
    call->hash = mtp_structure_hash(r->configs[i], r->calls->log.names);
    const mtp_call *left = mtp_calls_find(r->calls, call->hash, r->configs[i]);
    if (left && is_valid(r, left)) {
      mtp_status status = use_earlier(r, call, left);
      if (status != MTP_OK) return status;
      if (left->label && left->driver && strcmp(left->driver, mtp_qm_text(r->qm)) != 0) {
        other = left->driver;
        others++;
      }
    } else {
      r->asked[r->asked_count] = r->configs[i];
      r->begun[r->asked_count] = left != NULL; /* a later call that failed does not end the job of an earlier one */
      r->number[r->asked_count++] = i;
    }
  }
  warn_of_other_drivers(r, others, other);
  return MTP_OK;
}

/* All requests that the driver gets are in the file. */
static mtp_status note_asked(run *r) {
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < r->asked_count && status == MTP_OK; k++) {
    mtp_call *call = &r->list[r->number[k]], *left = mtp_calls_find(r->calls, call->hash, r->asked[k]);
    status = mtp_call_become(r->ctx, r->calls, call, MTP_CALL_ASKED);
    if (status == MTP_OK && left && left->state == MTP_CALL_SPENT)
      status = mtp_call_become(r->ctx, r->calls, left, MTP_CALL_ASKED);
  }
  return status;
}

/* Requests are written together, before the first is submitted. */
static mtp_status write_requests(run *r) {
  mtp_calls *c = r->calls;
  mtp_config **records = mtp_calloc(r->asked_count, sizeof *records);
  size_t n = 0;
  mtp_status status = records ? MTP_OK : mtp_fail_memory(r->ctx);
  for (size_t k = 0; k < r->asked_count && status == MTP_OK; k++) {
    const mtp_call *call = &r->list[r->number[k]], *left = mtp_calls_find(c, call->hash, r->asked[k]);
    if (left && left->state != MTP_CALL_SPENT) continue; /* it is in the file, of the process before */
    records[n] = mtp_call_log_request(r->ctx, r->asked[k], call->hash, mtp_qm_text(r->qm));
    status = records[n++] ? MTP_OK : mtp_fail_memory(r->ctx);
  }
  if (status == MTP_OK && n) status = mtp_calls_write(r->ctx, c, n, records);
  for (size_t k = 0; k < n; k++) mtp_config_free(records[k]);
  free(records);
  return status == MTP_OK ? note_asked(r) : status;
}

/* ---- answers ---- */

static mtp_status record_end(mtp_context *ctx, run *r, size_t i) {
  mtp_call *call = &r->list[i];
  mtp_config *record = mtp_call_end_record(ctx, call, r->configs[i], mtp_qm_text(r->qm));
  mtp_status status = mtp_calls_write(ctx, r->calls, 1, &record);
  mtp_config_free(record);
  return status == MTP_OK && call->label ? mtp_call_become(ctx, r->calls, call, MTP_CALL_WAITING) : status;
}

/* Call i was handed over. A failure to remember stays one, and a driver that cannot start has failed at nothing: what
 * an earlier process asked for is still to be had. */
static mtp_status spend(run *r, size_t i) {
  mtp_call *call = &r->list[i], *left = mtp_calls_find(r->calls, call->hash, r->configs[i]);
  if (mtp_call_is_remembered(r->calls, call)) return MTP_OK;
  mtp_status status = mtp_call_become(r->ctx, r->calls, call, MTP_CALL_SPENT);
  if (status != MTP_OK || !left || left->state == MTP_CALL_SPENT || call->report.status == MTP_QM_CANNOT_START)
    return status;
  return mtp_call_become(r->ctx, r->calls, left, MTP_CALL_SPENT);
}

static mtp_status hand_over(run *r, size_t i) {
  mtp_call *call = &r->list[i];
  mtp_config *label = call->label, *copy = call->state == MTP_CALL_ANSWERED ? mtp_config_copy(label) : NULL;
  call->label = NULL;
  mtp_status status = r->take(r->user, i, label, &call->report);
  if (status != MTP_OK && copy) { /* a file that could not be written; perhaps this one can */
    call->label = copy;
    record_end(NULL, r, i);
    return status;
  }
  mtp_config_free(copy);
  return status == MTP_OK ? spend(r, i) : status;
}

static bool has_ended(const mtp_call *call) {
  return call->state == MTP_CALL_ANSWERED || call->state == MTP_CALL_WAITING || call->state == MTP_CALL_FAILED;
}

/* Hands over all that is next in the order of requests. */
static mtp_status hand_over_in_order(run *r) {
  for (; r->status == MTP_OK && r->next < r->n && has_ended(&r->list[r->next]); r->next++)
    r->status = hand_over(r, r->next);
  return r->status;
}

static mtp_status on_answer(void *user, size_t k, mtp_config *label, const mtp_qm_report *report) {
  run *r = user;
  size_t i = r->number[k];
  mtp_call *call = &r->list[i];
  if (report->status == MTP_QM_STOPPED) return MTP_OK; /* no answer: it is asked again */
  call->label = label;
  call->report = *report;
  mtp_status status = mtp_call_become(r->ctx, r->calls, call, label ? MTP_CALL_ANSWERED : MTP_CALL_FAILED);
  bool waits = i != r->next || r->status != MTP_OK || (label && r->calls->record_all);
  if (status == MTP_OK && (waits || (!label && r->calls->remember_failures))) status = record_end(r->ctx, r, i);
  if (status == MTP_OK) return hand_over_in_order(r);
  r->status = status;
  return status;
}

/* ---- after ---- */

/* Everything that was asked for is in the file of labels by now, or failed. */
static mtp_status finish(run *r) {
  mtp_calls *c = r->calls;
  if (!c->log.file) return MTP_OK;
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < r->n && status == MTP_OK; i++)
    if (mtp_call_is_remembered(c, &r->list[i]))
      status = mtp_calls_note_failure(r->ctx, c, &r->list[i], r->configs[i], mtp_qm_text(r->qm));
  return status == MTP_OK ? mtp_calls_rewrite(r->ctx, c) : status;
}

mtp_status mtp_calls_run(mtp_context *ctx, mtp_calls *calls, mtp_qm *qm, size_t n, const mtp_config *const *configs,
                         mtp_calls_take take, void *user) {
  run r = {.ctx = ctx, .calls = calls, .qm = qm, .configs = configs, .n = n, .take = take, .user = user};
  mtp_status status = prepare(&r);
  if (status == MTP_OK && r.asked_count) status = write_requests(&r);
  if (calls->announced) calls->announced(calls->announced_user);
  if (status == MTP_OK) status = hand_over_in_order(&r);
  if (status == MTP_OK && r.asked_count)
    status = mtp_qm_label_all(ctx, qm, r.asked_count, r.asked, r.begun, calls->log.species_count, calls->log.names,
                              on_answer, &r);
  if (status == MTP_OK) status = finish(&r);
  mtp_call_free_all(r.list, r.list ? n : 0);
  free(r.asked);
  free(r.number);
  free(r.begun);
  return status;
}
