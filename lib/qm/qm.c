/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/qm.c
 * Opening drivers. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "qm/drivers/drivers.h"
#include "qm/internal.h"
#include "support/support.h"

const char *mtp_qm_status_name(mtp_qm_status status) {
  static const char *const names[] = {"ok",       "not converged", "crashed", "timeout",
                                      "bad data", "cannot start",  "stopped"};
  size_t i = (size_t)status;
  return i < sizeof names / sizeof names[0] ? names[i] : "unknown";
}

#define ADDRESS_OF(driver) &driver,
static const mtp_qm_driver *const built_in[] = {MTP_QM_DRIVERS(ADDRESS_OF)};
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

/* One state of the driver: that of the arguments as given, or of an entry of ladder= in their place. */
static mtp_status open_state(mtp_context *ctx, mtp_qm *qm, const char *entry) {
  mtp_context *own = qm->contexts[0];
  const mtp_qm_policy *policy = &qm->string.policy;
  const mtp_qm_setup setup = {policy->workers, policy->keep == MTP_QM_KEEP_ALL, policy->keep != MTP_QM_KEEP_NONE};
  int count = entry && qm->driver.ladder == MTP_QM_LADDER_ALL ? 1 : qm->string.count;
  const char **arguments = mtp_calloc((size_t)count + 1, sizeof *arguments);
  if (!arguments) return mtp_fail_memory(ctx);
  for (int i = 0; i < count; i++) arguments[i] = qm->string.arguments[i];
  if (entry && count > 0) arguments[0] = entry;
  void **state = &qm->states[qm->state_count];
  mtp_context_clear(own);
  mtp_qm_status status = qm->driver.open(own, qm->driver.user, &setup, count, arguments, state);
  const char *reason = mtp_context_message(own);
  free(arguments);
  if (status != MTP_QM_OK)
    return mtp_fail(ctx, MTP_ERR_QM, "QM driver %s cannot start: %s%s%s", qm->driver.name, entry ? "ladder=: " : "",
                    reason, reason[0] ? "" : "no reason is given");
  qm->state_count++;
  return MTP_OK;
}

/* Keys that this driver cannot follow are refused: a user who set one counts on it. */
static mtp_status check_policy(mtp_context *ctx, const mtp_qm *qm) {
  const mtp_qm_policy *policy = &qm->string.policy;
  const char *name = qm->driver.name;
  if (policy->fallback_count && qm->driver.ladder == MTP_QM_LADDER_NONE)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: ladder=: the driver %s has nothing to vary from try to try", name);
  if (policy->workers > 1 && !qm->driver.parallel)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: workers=%d: the driver %s makes one call after the other",
                    policy->workers, name);
  if (policy->timeout > 0 && qm->driver.in_process)
    mtp_message(ctx, MTP_WARNING, "QM: timeout=%g has no effect on the driver %s, which runs inside this process",
                policy->timeout, name);
  return MTP_OK;
}

/* Of their own, because what a driver says is part of a report, and no message to the caller before that. */
static mtp_status make_contexts(mtp_context *ctx, mtp_qm *qm) {
  const int workers = qm->string.policy.workers;
  qm->contexts = mtp_calloc((size_t)workers, sizeof(mtp_context *));
  for (; qm->contexts && qm->context_count < workers; qm->context_count++) {
    mtp_context *own = mtp_context_new();
    if (!own) return mtp_fail_memory(ctx);
    qm->contexts[qm->context_count] = own;
  }
  return qm->contexts ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status open_driver(mtp_context *ctx, mtp_qm *qm) {
  const mtp_qm_policy *policy = &qm->string.policy;
  mtp_status status = check_policy(ctx, qm);
  if (status == MTP_OK) status = make_contexts(ctx, qm);
  if (status != MTP_OK) return status;
  qm->states = mtp_calloc((size_t)policy->fallback_count + 1, sizeof *qm->states);
  if (!qm->states) return mtp_fail_memory(ctx);
  if ((qm->driver.needs_dir || qm->driver.makes_dirs) &&
      mtp_folders_open(qm->contexts[0], &qm->folders, policy->dir) != MTP_OK)
    return mtp_fail(ctx, MTP_ERR_QM, "QM driver %s cannot start: %s", qm->driver.name,
                    mtp_context_message(qm->contexts[0]));
  status = open_state(ctx, qm, NULL);
  for (int i = 0; i < policy->fallback_count && status == MTP_OK; i++)
    status = open_state(ctx, qm, policy->fallbacks[i]);
  return status;
}

mtp_status mtp_qm_open(mtp_context *ctx, const char *text, const mtp_qm_driver *extra, int extra_count, mtp_qm **out) {
  return mtp_qm_open_for_ranks(ctx, text, extra, extra_count, 1, out);
}

mtp_status mtp_qm_open_for_ranks(mtp_context *ctx, const char *text, const mtp_qm_driver *extra, int extra_count,
                                 int ranks, mtp_qm **out) {
  if (!text || !out || (extra_count > 0 && !extra))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_open: a null pointer was passed");
  if (ranks < 1) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_open: expected at least one rank, found %d", ranks);
  *out = NULL;
  mtp_qm *qm = mtp_calloc(1, sizeof *qm);
  if (!qm) return mtp_fail_memory(ctx);
  qm->opened = mtp_now();
  mtp_status status = mtp_qm_string_parse(ctx, text, &qm->string);
  const mtp_qm_driver *driver = status == MTP_OK ? find_driver(qm->string.name, extra, extra_count) : NULL;
  if (status == MTP_OK && !driver) status = fail_unknown(ctx, qm->string.name, extra, extra_count);
  if (status == MTP_OK) {
    qm->driver = *driver;
    if (!driver->prepare || !driver->needs_dir) qm->driver.collect = NULL;
    qm->driver.name = qm->string.name; /* the caller's text may not live as long */
    qm->is_none = driver == &mtp_qm_none;
    if (driver->parallel && qm->string.policy.workers <= INT_MAX / ranks) qm->string.policy.workers *= ranks;
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
  while (qm->state_count > 0) qm->driver.close(qm->states[--qm->state_count]);
  free(qm->states);
  while (qm->context_count > 0) mtp_context_free(qm->contexts[--qm->context_count]);
  free(qm->contexts);
  mtp_folders_close(&qm->folders);
  mtp_qm_string_free(&qm->string);
  free(qm->text);
  free(qm);
}

const char *mtp_qm_text(const mtp_qm *qm) {
  return qm ? qm->text : "";
}

int mtp_qm_workers(const mtp_qm *qm) {
  return qm ? qm->string.policy.workers : 0;
}

const char *mtp_qm_name(const mtp_qm *qm) {
  return qm ? qm->driver.name : "";
}

bool mtp_qm_is_in_process(const mtp_qm *qm) {
  return qm && qm->driver.in_process;
}

bool mtp_qm_is_none(const mtp_qm *qm) {
  return qm && qm->is_none;
}

void mtp_qm_set_stop(mtp_qm *qm, const volatile sig_atomic_t *stop) {
  if (qm) qm->stop = stop;
}
