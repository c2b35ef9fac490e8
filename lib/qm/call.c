/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/call.c
 * One request: tries in folders of their own, the ladder of alternatives, limits of time, and the checks of the answer.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "qm/check.h"
#include "qm/internal.h"
#include "support/support.h"

static mtp_config *copy_without_results(const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  if (!copy) return NULL;
  copy->has_energy = copy->has_virial = false;
  free(copy->force);
  free(copy->site_energy);
  copy->force = copy->site_energy = NULL;
  mtp_config_drop_feature(copy, "free_energy"); /* ASE writes it, and would take it for ours */
  return copy;
}

bool mtp_qm_settle(const mtp_qm *qm, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  mtp_qm_keep keep = qm->string.policy.keep;
  bool stopped = report->status == MTP_QM_STOPPED, failed = report->status != MTP_QM_OK && !stopped;
  if (!report->dir[0]) return true;
  if (stopped && r->mark.fd >= 0 && keep != MTP_QM_KEEP_NONE) {
    mtp_mark_release(&r->mark); /* the next process looks for it */
    return true;
  }
  mtp_mark_remove(&r->mark, report->dir);
  if (keep == MTP_QM_KEEP_ALL || (failed && keep == MTP_QM_KEEP_FAILED)) return true;
  if (qm->driver.makes_dirs) { /* it lives on, or goes with its client */
    report->dir[0] = 0;
    return true;
  }
  bool removed = mtp_folder_remove(report->dir);
  if (removed) report->dir[0] = 0;
  return removed;
}

/* What earlier processes left of a call that has its answer now is of no use any more. */
static void remove_remains(const mtp_qm *qm, const mtp_text *remains) {
  if (qm->string.policy.keep == MTP_QM_KEEP_ALL) return;
  for (size_t at = 0; at < remains->size; at += strlen(remains->data + at) + 1) {
    mtp_mark mark;
    if (!mtp_mark_claim(&mark, remains->data + at)) continue;
    mtp_mark_remove(&mark, remains->data + at); /* NFS keeps a folder with an open file */
    mtp_folder_remove(remains->data + at);
  }
}

void mtp_qm_end_request(const mtp_qm *qm, mtp_qm_request *r, bool safe) {
  if (safe) remove_remains(qm, &r->remains);
  mtp_text_free(&r->remains);
  mtp_mark_release(&r->mark);
}

/* MTP_QM_OK if a try may start, which it may not if it cannot end in time. `longest` is what a call may take. */
static mtp_qm_status may_start(mtp_context *ctx, const mtp_qm *qm, double longest, double *left) {
  const mtp_qm_policy *policy = &qm->string.policy;
  *left = 0;
  if (qm->stop && *qm->stop) return mtp_qm_fail(ctx, MTP_QM_STOPPED, "the run stops");
  if (policy->budget <= 0) return MTP_QM_OK;
  *left = policy->budget - (mtp_now() - qm->opened);
  if (*left > longest && *left > 0) return MTP_QM_OK;
  return mtp_qm_fail(ctx, MTP_QM_STOPPED, "budget=%g: %.3g s are left, and a call takes up to %.3g s", policy->budget,
                     *left > 0 ? *left : 0, longest);
}

static void measure_forces(mtp_qm_report *report, const mtp_config *label) {
  double sum[3] = {0, 0, 0}, largest = 0;
  for (size_t i = 0; label->force && i < label->n; i++) {
    const double *f = label->force + 3 * i;
    largest = fmax(largest, mtp_dot(f, f));
    for (int c = 0; c < 3; c++) sum[c] += f[c];
  }
  report->max_force = sqrt(largest);
  report->net_force = sqrt(mtp_dot(sum, sum));
}

/* The driver's answer to a call in a folder of its own. */
static mtp_qm_status ask(mtp_qm *qm, mtp_qm_call *call, double left, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  const mtp_qm_policy *policy = &qm->string.policy;
  bool in_budget = left > 0 && (policy->timeout <= 0 || left < policy->timeout);
  call->timeout = in_budget ? left : policy->timeout;
  call->deadline = left > 0 ? mtp_now() + left : 0;
  if (qm->driver.needs_dir && mtp_folders_make(call->ctx, &qm->folders, report->dir, sizeof report->dir) != MTP_OK)
    return MTP_QM_CANNOT_START;
  if (qm->driver.collect && mtp_mark_make(call->ctx, &r->mark, report->dir) != MTP_OK) return MTP_QM_CANNOT_START;
  call->dir = qm->driver.needs_dir ? report->dir : NULL;
  call->folders = &qm->folders;
  call->own_dir = report->dir;
  call->own_dir_size = sizeof report->dir;
  int rung = call->attempt < qm->state_count ? call->attempt : qm->state_count - 1;
  double start = mtp_now();
  mtp_qm_status status = qm->driver.label(qm->states[rung], call);
  double seconds = mtp_now() - start;
  if (status == MTP_QM_TIMEOUT && call->deadline > 0 && mtp_now() >= call->deadline)
    return mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "budget=%g is spent: %s", policy->budget,
                       mtp_context_message(call->ctx));
  if (status == MTP_QM_OK && seconds < policy->min_time)
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the answer came after %.3g s, sooner than mintime=%g", seconds,
                       policy->min_time);
  return status;
}

static mtp_qm_status check(const mtp_qm *qm, const mtp_qm_call *call, bool *lasting) {
  const mtp_qm_policy *policy = &qm->string.policy;
  const mtp_qm_limits limits = {policy->max_force, policy->require_forces, policy->require_stress};
  return mtp_qm_check_label(call->ctx, call->config, call->label, &limits, lasting);
}

/* One call of the driver and the checks of its answer. Returns whether another try would be of no use. */
static bool try_once(mtp_qm *qm, mtp_qm_call *call, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  bool lasting = false;
  double left;
  report->dir[0] = 0;
  mtp_context_clear(call->ctx);
  report->status = may_start(call->ctx, qm, r->longest, &left);
  if (report->status != MTP_QM_OK) return true;
  report->status = ask(qm, call, left, r);
  /* a queue that ends a job signals all its processes, so an engine that dies then has not failed */
  if (report->status != MTP_QM_OK && report->status != MTP_QM_STOPPED && qm->stop && *qm->stop) {
    report->status = mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "the run stops (%s)", mtp_context_message(call->ctx));
  }
  if (report->status == MTP_QM_OK) report->status = check(qm, call, &lasting);
  bool same_input = call->attempt + 1 >= qm->state_count;
  if (report->status == MTP_QM_NOT_CONVERGED && qm->driver.steadfast && same_input) lasting = true;
  return lasting || report->status == MTP_QM_CANNOT_START || report->status == MTP_QM_STOPPED;
}

static int tries_allowed(const mtp_qm *qm) {
  const mtp_qm_policy *policy = &qm->string.policy;
  return 1 + (policy->retries > policy->rung_count ? policy->retries : policy->rung_count);
}

static void tell_failure(const mtp_qm *qm, const mtp_qm_request *r, bool lasting) {
  const mtp_qm_report *report = &r->report;
  char line[2048];
  if (report->status == MTP_QM_CANNOT_START || report->status == MTP_QM_STOPPED || !r->say) return;
  bool last = report->tries >= tries_allowed(qm);
  snprintf(line, sizeof line, "QM %s, try %d of %d: %s: %s%s%s%s", mtp_qm_name(qm), report->tries, tries_allowed(qm),
           mtp_qm_status_name(report->status), report->reason, report->dir[0] ? "; see " : "", report->dir,
           lasting && !last ? "; not tried again" : "");
  r->say(r->user, line);
}

/* What the report of a try says: a line beyond its end is cut. */
static void take_reason(mtp_qm_report *report, const mtp_context *ctx) {
  const char *said = mtp_context_message(ctx);
  if (report->status == MTP_QM_OK)
    said = "";
  else if (!said[0])
    said = "the driver gave no reason";
  snprintf(report->reason, sizeof report->reason, "%.*s", (int)sizeof report->reason - 1, said);
}

/* ---- answers that nobody was there to take ---- */

typedef struct search {
  mtp_qm *qm;
  mtp_qm_call *call;
  void *state; /* of the driver */
  mtp_qm_request *request;
} search;

/* A job of a queue goes on when the process that submitted it is killed. */
static bool take_result(void *user, const char *dir) {
  search *s = user;
  mtp_qm_call *call = s->call;
  const char *sample = call->dir;
  mtp_mark mark;
  /* most folders are of calls that have ended, and need no comparison; one is claimed only for its own call, lest
   * another worker that looks for it finds it held */
  if (!mtp_mark_is_there(dir) || !mtp_folder_has_files_of(dir, sample) || !mtp_mark_claim(&mark, dir)) return false;
  call->label = copy_without_results(call->config);
  call->dir = dir;
  bool lasting; /* of no interest: a bad result is asked for again in any case */
  bool good =
      call->label && s->qm->driver.collect(s->state, call) == MTP_QM_OK && check(s->qm, call, &lasting) == MTP_QM_OK;
  call->dir = sample;
  if (good) {
    snprintf(s->request->report.dir, sizeof s->request->report.dir, "%s", dir);
    s->request->mark = mark;
    return true;
  }
  mtp_mark_release(&mark);
  mtp_text_add_bytes(&s->request->remains, dir, strlen(dir) + 1);
  mtp_config_free(call->label);
  call->label = NULL;
  return false;
}

/* Writes the input anew, and looks for a folder that has the same one and a finished result. */
static bool find_result(mtp_qm *qm, mtp_qm_call call, mtp_qm_request *r) {
  char sample[sizeof r->report.dir];
  bool found = false;
  for (call.attempt = 0; !found && call.attempt < qm->state_count; call.attempt++) {
    search s = {qm, &call, qm->states[call.attempt], r};
    if (mtp_folders_make(call.ctx, &qm->folders, sample, sizeof sample) != MTP_OK) return false;
    call.dir = sample;
    found = qm->driver.prepare(s.state, &call) == MTP_QM_OK && mtp_folders_search(&qm->folders, take_result, &s);
    mtp_folder_remove(sample);
  }
  r->label = found ? call.label : NULL;
  return found;
}

void mtp_qm_make_call(mtp_qm *qm, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  *report = (mtp_qm_report){.status = MTP_QM_CANNOT_START};
  r->label = NULL;
  r->mark = MTP_MARK_NONE;
  mtp_qm_call call = {.config = r->config,
                      .species_count = r->species_count,
                      .names = r->names,
                      .worker = r->worker,
                      .stop = qm->stop,
                      .say = r->say,
                      .say_user = r->user,
                      .ctx = qm->contexts[r->worker]};
  double start = mtp_now();
  bool found = r->begun && qm->driver.collect && find_result(qm, call, r);
  if (found) {
    report->status = MTP_QM_OK;
    measure_forces(report, r->label);
  }
  for (bool again = !found; again; call.attempt++) {
    call.label = copy_without_results(r->config); /* afresh: a failed try may have left half a result */
    if (!call.label) {
      report->status = mtp_qm_fail(call.ctx, MTP_QM_CANNOT_START, "out of memory");
      take_reason(report, call.ctx);
      break;
    }
    report->tries++;
    bool lasting = try_once(qm, &call, r);
    take_reason(report, call.ctx);
    if (report->status == MTP_QM_OK) {
      measure_forces(report, call.label);
      r->label = call.label;
      break;
    }
    mtp_config_free(call.label);
    again = !lasting && report->tries < tries_allowed(qm);
    if (again) mtp_qm_settle(qm, r); /* the folder of the last try is settled when its answer is safe */
    tell_failure(qm, r, lasting);
  }
  report->seconds = mtp_now() - start;
}
