/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/qm.c
 * Opening drivers, and labelling with folders, retries and checks around them. */
#include "mtp/qm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qm/check.h"
#include "qm/driver_string.h"
#include "qm/drivers.h"
#include "qm/folder.h"
#include "qm/reason.h"
#include "support/support.h"

struct mtp_qm {
  char *text;
  mtp_qm_string string;
  mtp_qm_driver driver;
  mtp_folders folders;
  void *state;
  bool is_open, is_none;
};

const char *mtp_qm_status_name(mtp_qm_status status) {
  static const char *const names[] = {"ok", "not converged", "crashed", "timeout", "bad data", "cannot start"};
  size_t i = (size_t)status;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

static mtp_qm_status none_open(void *user, int count, const char *const *arguments, void **state, char *reason,
                               size_t reason_size) {
  (void)user;
  *state = NULL;
  if (count == 0) return MTP_QM_OK;
  mtp_qm_reason(reason, reason_size, "none: takes no arguments, found '%s'", arguments[0]);
  return MTP_QM_CANNOT_START;
}

static mtp_qm_status none_label(void *state, mtp_qm_call *call) {
  (void)state;
  mtp_qm_reason(call->reason, call->reason_size, "the driver none labels nothing");
  return MTP_QM_CANNOT_START;
}

static void none_close(void *state) {
  (void)state;
}

static const mtp_qm_driver none_driver = {.name = "none", .open = none_open, .label = none_label, .close = none_close};

static const mtp_qm_driver *const built_in[] = {&mtp_qm_exec, &mtp_qm_qe, &none_driver};
enum { BUILT_IN_COUNT = sizeof built_in / sizeof built_in[0] };

static const mtp_qm_driver *find_driver(const char *name, const mtp_qm_driver *extra, int extra_count) {
  for (int i = 0; i < extra_count; i++)
    if (strcmp(extra[i].name, name) == 0) return &extra[i];
  for (int i = 0; i < BUILT_IN_COUNT; i++)
    if (strcmp(built_in[i]->name, name) == 0) return built_in[i];
  return NULL;
}

static mtp_status fail_unknown(mtp_context *ctx, const char *name, const mtp_qm_driver *extra, int extra_count) {
  mtp_text list = {0};
  for (int i = 0; i < extra_count; i++) mtp_text_add(&list, "%s, ", extra[i].name);
  for (int i = 0; i < BUILT_IN_COUNT; i++) mtp_text_add(&list, "%s%s", i ? ", " : "", built_in[i]->name);
  mtp_status status = list.failed ? mtp_fail_memory(ctx)
                                  : mtp_fail(ctx, MTP_ERR_ARGUMENT,
                                             "qm: there is no driver '%s': the drivers here are %s", name, list.data);
  mtp_text_free(&list);
  return status;
}

static mtp_status open_driver(mtp_context *ctx, mtp_qm *qm) {
  char reason[1024] = "";
  const char *name = qm->driver.name;
  if (qm->driver.needs_dir && !mtp_folders_open(&qm->folders, qm->string.policy.dir, reason, sizeof reason))
    return mtp_fail(ctx, MTP_ERR_QM, "QM driver %s cannot start: %s", name, reason);
  mtp_qm_status status = qm->driver.open(qm->driver.user, qm->string.count, (const char *const *)qm->string.arguments,
                                         &qm->state, reason, sizeof reason);
  if (status != MTP_QM_OK) return mtp_fail(ctx, MTP_ERR_QM, "QM driver %s cannot start: %s", name, reason);
  qm->is_open = true;
  return MTP_OK;
}

mtp_status mtp_qm_open(mtp_context *ctx, const char *text, const mtp_qm_driver *extra, int extra_count, mtp_qm **out) {
  if (!text || !out || (extra_count > 0 && !extra))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_open: a null pointer was passed");
  *out = NULL;
  mtp_qm *qm = mtp_calloc(1, sizeof *qm);
  if (!qm) return mtp_fail_memory(ctx);
  mtp_status status = mtp_qm_string_parse(ctx, text, &qm->string);
  const mtp_qm_driver *driver = status == MTP_OK ? find_driver(qm->string.name, extra, extra_count) : NULL;
  if (status == MTP_OK && !driver) status = fail_unknown(ctx, qm->string.name, extra, extra_count);
  if (status == MTP_OK) {
    qm->driver = *driver;
    qm->driver.name = qm->string.name; /* the caller's text may not live as long */
    qm->is_none = driver == &none_driver;
    qm->text = mtp_strdup(text);
    status = qm->text ? open_driver(ctx, qm) : mtp_fail_memory(ctx);
  }
  if (status == MTP_OK)
    *out = qm;
  else
    mtp_qm_close(qm);
  return status;
}

void mtp_qm_close(mtp_qm *qm) {
  if (!qm) return;
  if (qm->is_open) qm->driver.close(qm->state);
  mtp_folders_close(&qm->folders);
  mtp_qm_string_free(&qm->string);
  free(qm->text);
  free(qm);
}

const char *mtp_qm_text(const mtp_qm *qm) {
  return qm ? qm->text : "";
}

const char *mtp_qm_name(const mtp_qm *qm) {
  return qm ? qm->driver.name : "";
}

bool mtp_qm_is_none(const mtp_qm *qm) {
  return qm && qm->is_none;
}

static mtp_config *copy_without_results(const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  if (!copy) return NULL;
  copy->has_energy = copy->has_virial = false;
  free(copy->force);
  free(copy->site_energy);
  copy->force = copy->site_energy = NULL;
  return copy;
}

/* Keeps or removes the folder of a try according to keep=; report->dir tells which. */
static void settle_folder(mtp_context *ctx, const mtp_qm *qm, mtp_qm_report *report) {
  mtp_qm_keep keep = qm->string.policy.keep;
  bool failed = report->status != MTP_QM_OK;
  if (!report->dir[0] || keep == MTP_QM_KEEP_ALL || (failed && keep == MTP_QM_KEEP_FAILED)) return;
  if (mtp_folder_remove(report->dir))
    report->dir[0] = 0;
  else
    mtp_message(ctx, MTP_WARNING, "QM: cannot remove the folder %s", report->dir);
}

/* One call of the driver in a folder of its own, and the checks of its answer. Returns whether another try would be of
 * no use. */
static bool try_once(mtp_qm *qm, mtp_qm_call *call, mtp_qm_report *report) {
  bool lasting = false;
  const mtp_qm_policy *policy = &qm->string.policy;
  report->status = MTP_QM_CANNOT_START;
  report->reason[0] = report->dir[0] = 0;
  if (qm->driver.needs_dir &&
      !mtp_folders_make(&qm->folders, report->dir, sizeof report->dir, report->reason, sizeof report->reason))
    return true;
  call->dir = report->dir[0] ? report->dir : NULL;
  report->status = qm->driver.label(qm->state, call);
  if (report->status == MTP_QM_OK) {
    const mtp_qm_limits limits = {policy->max_force, policy->require_forces, policy->require_stress};
    report->status =
        mtp_qm_check_label(call->config, call->label, &limits, report->reason, sizeof report->reason, &lasting);
  }
  if (report->status == MTP_QM_OK)
    report->reason[0] = 0;
  else if (!report->reason[0])
    mtp_qm_reason(report->reason, sizeof report->reason, "the driver gave no reason");
  return lasting || report->status == MTP_QM_CANNOT_START;
}

static void warn_of_failure(mtp_context *ctx, const mtp_qm *qm, const mtp_qm_report *report, bool lasting) {
  mtp_message(ctx, MTP_WARNING, "QM %s, try %d of %d: %s: %s%s%s%s", mtp_qm_name(qm), report->tries,
              qm->string.policy.retries + 1, mtp_qm_status_name(report->status), report->reason,
              report->dir[0] ? "; see " : "", report->dir, lasting ? "; not tried again" : "");
}

static mtp_status label_with_retries(mtp_context *ctx, mtp_qm *qm, mtp_qm_call *call, mtp_config **label,
                                     mtp_qm_report *report) {
  for (;;) {
    call->label = copy_without_results(call->config); /* afresh: a failed try may have left half a result */
    if (!call->label) return mtp_fail_memory(ctx);
    report->tries++;
    bool lasting = try_once(qm, call, report);
    settle_folder(ctx, qm, report);
    if (report->status == MTP_QM_OK) {
      *label = call->label;
      return MTP_OK;
    }
    mtp_config_free(call->label);
    if (report->status == MTP_QM_CANNOT_START)
      return mtp_fail(ctx, MTP_ERR_QM, "QM driver %s cannot start: %s%s%s", mtp_qm_name(qm), report->reason,
                      report->dir[0] ? "; see " : "", report->dir);
    if (report->tries > qm->string.policy.retries) lasting = false; /* it would not have been tried again anyway */
    warn_of_failure(ctx, qm, report, lasting);
    if (lasting || report->tries > qm->string.policy.retries) return MTP_OK;
  }
}

mtp_status mtp_qm_label(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                        const char *const *names, mtp_config **label, mtp_qm_report *report) {
  if (!qm || !cfg || !names || !label || !report)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label: a null pointer was passed");
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= species_count)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label: atom %zu is of species %d of %d", i + 1, cfg->species[i],
                      species_count);
  *label = NULL;
  *report = (mtp_qm_report){.status = MTP_QM_CANNOT_START};
  mtp_qm_call call = {.config = cfg,
                      .species_count = species_count,
                      .names = names,
                      .timeout = qm->string.policy.timeout,
                      .reason = report->reason,
                      .reason_size = sizeof report->reason};
  double start = mtp_now();
  mtp_status status = label_with_retries(ctx, qm, &call, label, report);
  report->seconds = mtp_now() - start;
  return status;
}
