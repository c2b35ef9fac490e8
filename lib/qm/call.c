/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/call.c
 * One request: tries in folders of their own with the ladder of alternatives, each built, submitted, waited for and
 * checked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/config_internal.h"
#include "mtp/baseline.h"
#include "qm/check.h"
#include "qm/orphans.h"
#include "support/support.h"

/* ---- build ---- */

mtp_config *mtp_qm_new_label(const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  if (!copy) return NULL;
  copy->has_energy = copy->has_virial = false;
  free(copy->force);
  free(copy->site_energy);
  copy->force = copy->site_energy = NULL;
  mtp_config_drop_feature(copy, "free_energy"); /* ASE writes it, and would take it for ours */
  mtp_config_drop_feature(copy, MTP_BASELINE_KEY);
  mtp_config_drop_feature(copy, MTP_BASELINE_ENERGY_KEY);
  return copy;
}

/* What all tries of a request have in common. */
static mtp_qm_call call_of(const mtp_qm *qm, const mtp_qm_request *r) {
  return (mtp_qm_call){.config = r->config,
                       .species_count = r->species_count,
                       .names = r->names,
                       .worker = r->worker,
                       .stop = qm->stop,
                       .log = r->log,
                       .log_user = r->log_user,
                       .ctx = qm->contexts[r->worker]};
}

/* MTP_QM_OK if a try may start, which it may not if it cannot end in time. `longest` is what a call may take; *left are
 * seconds, 0 without a limit. */
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

static void set_limits(const mtp_qm_policy *policy, mtp_qm_call *call, double left) {
  bool in_budget = left > 0 && (policy->timeout <= 0 || left < policy->timeout);
  call->timeout = in_budget ? left : policy->timeout;
  call->deadline = left > 0 ? mtp_now() + left : 0;
}

/* A folder for this try; its path is in the report. */
static mtp_qm_status make_folder(mtp_qm *qm, mtp_qm_call *call, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  if (qm->driver.needs_dir && mtp_folders_make(call->ctx, &qm->folders, report->dir, sizeof report->dir) != MTP_OK)
    return MTP_QM_CANNOT_START;
  if (qm->driver.collect && mtp_folder_lock_make(call->ctx, &r->lock, report->dir) != MTP_OK)
    return MTP_QM_CANNOT_START;
  call->dir = qm->driver.needs_dir ? report->dir : NULL;
  call->folders = &qm->folders;
  call->own_dir = report->dir;
  call->own_dir_size = sizeof report->dir;
  return MTP_QM_OK;
}

static mtp_qm_status build(mtp_qm *qm, mtp_qm_call *call, mtp_qm_request *r) {
  double left;
  r->report.dir[0] = 0;
  mtp_context_clear(call->ctx);
  mtp_qm_status status = may_start(call->ctx, qm, r->longest, &left);
  if (status != MTP_QM_OK) return status;
  set_limits(&qm->string.policy, call, left);
  return make_folder(qm, call, r);
}

/* ---- submit and wait ---- */

static mtp_qm_status submit_and_wait(mtp_qm *qm, mtp_qm_call *call) {
  const mtp_qm_policy *policy = &qm->string.policy;
  int state = call->attempt < qm->state_count ? call->attempt : qm->state_count - 1;
  double start = mtp_now();
  mtp_qm_status status = qm->driver.label(qm->states[state], call);
  double seconds = mtp_now() - start;
  if (status == MTP_QM_TIMEOUT && call->deadline > 0 && mtp_now() >= call->deadline)
    status = mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "budget=%g is spent: %s", policy->budget,
                         mtp_context_message(call->ctx));
  else if (status == MTP_QM_OK && seconds < policy->min_time)
    status = mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the answer came after %.3g s, sooner than mintime=%g", seconds,
                         policy->min_time);
  return status;
}

/* A queue that ends a job signals all its processes, so an engine that dies then has not failed. */
static mtp_qm_status excuse_stopped(const mtp_qm *qm, const mtp_qm_call *call, mtp_qm_status status) {
  if (status == MTP_QM_OK || status == MTP_QM_STOPPED || !qm->stop || !*qm->stop) return status;
  return mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "the run stops (%s)", mtp_context_message(call->ctx));
}

/* ---- check ---- */

mtp_qm_status mtp_qm_check_answer(const mtp_qm *qm, const mtp_qm_call *call, bool *lasting) {
  const mtp_qm_policy *policy = &qm->string.policy;
  const mtp_qm_limits limits = {policy->max_force, policy->require_forces, policy->require_stress};
  return mtp_qm_check_label(call->ctx, call->config, call->label, &limits, lasting);
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

/* What the report of a try says: a line beyond its end is cut. */
static void copy_reason(mtp_qm_report *report, const mtp_context *ctx) {
  const char *said = mtp_context_message(ctx);
  if (report->status == MTP_QM_OK)
    said = "";
  else if (!said[0])
    said = "the driver gave no reason";
  snprintf(report->reason, sizeof report->reason, "%.*s", (int)sizeof report->reason - 1, said);
}

/* ---- tries ---- */

/* Returns whether another try would be of no use. */
static bool try_once(mtp_qm *qm, mtp_qm_call *call, mtp_qm_request *r) {
  bool lasting = false;
  mtp_qm_status status = build(qm, call, r);
  if (status == MTP_QM_OK) status = submit_and_wait(qm, call);
  status = excuse_stopped(qm, call, status);
  if (status == MTP_QM_OK) status = mtp_qm_check_answer(qm, call, &lasting);
  r->report.status = status;
  copy_reason(&r->report, call->ctx);
  bool same_input = call->attempt + 1 >= qm->state_count;
  if (status == MTP_QM_NOT_CONVERGED && qm->driver.deterministic && same_input) lasting = true;
  return lasting || status == MTP_QM_CANNOT_START || status == MTP_QM_STOPPED;
}

static int tries_allowed(const mtp_qm *qm) {
  const mtp_qm_policy *policy = &qm->string.policy;
  return 1 + (policy->retries > policy->fallback_count ? policy->retries : policy->fallback_count);
}

static void log_failure(const mtp_qm *qm, const mtp_qm_request *r, bool lasting) {
  const mtp_qm_report *report = &r->report;
  char line[2048];
  if (report->status == MTP_QM_CANNOT_START || report->status == MTP_QM_STOPPED || !r->log) return;
  bool last = report->tries >= tries_allowed(qm);
  snprintf(line, sizeof line, "QM %s, try %d of %d: %s: %s%s%s%s", mtp_qm_name(qm), report->tries, tries_allowed(qm),
           mtp_qm_status_name(report->status), report->reason, report->dir[0] ? "; see " : "", report->dir,
           lasting && !last ? "; not tried again" : "");
  r->log(r->log_user, line);
}

static void try_until_good(mtp_qm *qm, mtp_qm_call *call, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  for (bool again = true; again; call->attempt++) {
    call->label = mtp_qm_new_label(r->config); /* afresh: a failed try may have left half a result */
    if (!call->label) {
      report->status = mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
      copy_reason(report, call->ctx);
      return;
    }
    report->tries++;
    bool lasting = try_once(qm, call, r);
    if (report->status == MTP_QM_OK) {
      r->label = call->label;
      return;
    }
    mtp_config_free(call->label);
    again = !lasting && report->tries < tries_allowed(qm);
    if (again) mtp_qm_dispose_folder(qm, r); /* that of the last try goes when the answer is safe */
    log_failure(qm, r, lasting);
  }
}

void mtp_qm_make_call(mtp_qm *qm, mtp_qm_request *r) {
  mtp_qm_call call = call_of(qm, r);
  double start = mtp_now();
  r->report = (mtp_qm_report){.status = MTP_QM_CANNOT_START};
  r->label = NULL;
  r->lock = MTP_FOLDER_UNLOCKED;
  if (r->begun && mtp_orphan_find(qm, call, r))
    r->report.status = MTP_QM_OK;
  else
    try_until_good(qm, &call, r);
  if (r->label) measure_forces(&r->report, r->label);
  r->report.seconds = mtp_now() - start;
}

/* ---- afterwards ---- */

bool mtp_qm_dispose_folder(const mtp_qm *qm, mtp_qm_request *r) {
  mtp_qm_report *report = &r->report;
  mtp_qm_keep keep = qm->string.policy.keep;
  bool stopped = report->status == MTP_QM_STOPPED, failed = report->status != MTP_QM_OK && !stopped;
  if (!report->dir[0]) return true;
  if (stopped && r->lock.fd >= 0 && keep != MTP_QM_KEEP_NONE) {
    mtp_folder_lock_release(&r->lock); /* the next process looks for it */
    return true;
  }
  mtp_folder_lock_remove(&r->lock, report->dir);
  if (keep == MTP_QM_KEEP_ALL || (failed && keep == MTP_QM_KEEP_FAILED)) return true;
  if (qm->driver.makes_dirs) { /* it lives on, or goes with its client */
    report->dir[0] = 0;
    return true;
  }
  bool removed = mtp_folder_remove(report->dir);
  if (removed) report->dir[0] = 0;
  return removed;
}

void mtp_qm_end_request(const mtp_qm *qm, mtp_qm_request *r, bool safe) {
  if (safe) mtp_orphan_remove_leftovers(qm, r);
  mtp_text_free(&r->leftovers);
  mtp_folder_lock_release(&r->lock);
}
