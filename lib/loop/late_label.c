/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/late_label.c
 * Labels that the run does not wait for (`wait no`): candidates below break are asked for while it goes on, and learned
 * from when their answers come. Beyond break it waits, for these first: they may have told enough. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

bool mtp_loop_goes_on(const mtp_learner *l) {
  return !l->options.wait && l->qm && !mtp_qm_is_in_process(l->qm) && !(l->explored > 0.0) && !l->finished;
}

static void forget(mtp_learner *l) {
  mtp_late_free(l->late);
  if (l->sharing.locks) mtp_share_set_busy(l->sharing.locks, false);
  for (size_t i = 0; i < l->late_count; i++) mtp_config_free(l->late_of[i].cfg);
  free(l->late_of);
  l->late = NULL;
  l->late_of = NULL;
  l->late_count = 0;
}

void mtp_loop_stop_late(mtp_learner *l) {
  forget(l);
}

static mtp_status copy_candidates(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                                  mtp_config **configs) {
  mtp_status status = MTP_OK;
  l->late_of = mtp_calloc(n, sizeof *l->late_of);
  if (!l->late_of) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    l->late_of[i] = *candidates[i];
    l->late_of[i].cfg = mtp_config_copy(candidates[i]->cfg);
    l->late_count = i + 1;
    status = l->late_of[i].cfg ? mtp_loop_make_request(ctx, l, candidates[i], &configs[i]) : mtp_fail_memory(ctx);
  }
  return status;
}

static mtp_status start(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates) {
  mtp_config **configs = mtp_calloc(n, sizeof(mtp_config *));
  mtp_status status = configs ? copy_candidates(ctx, l, n, candidates, configs) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    if (l->sharing.locks) mtp_share_set_busy(l->sharing.locks, true);
    status = mtp_late_start(ctx, l->calls, l->qm, n, configs, &l->late);
  } else {
    for (size_t i = 0; configs && i < n; i++) mtp_config_free(configs[i]);
    free(configs);
  }
  if (status != MTP_OK) forget(l);
  return status;
}

mtp_status mtp_loop_label_late(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates) {
  if (n == 0) return MTP_OK;
  const mtp_candidate **kept = mtp_calloc(n, sizeof *kept);
  size_t count = 0;
  mtp_status status = kept ? mtp_loop_lock_train(ctx, l) : mtp_fail_memory(ctx);
  if (status == MTP_OK && l->sharing.locks)
    status = mtp_loop_sift(ctx, l, n, candidates, kept, &count);
  else
    for (size_t i = 0; status == MTP_OK && i < n; i++) kept[count++] = candidates[i];
  if (status == MTP_OK && count > 0) status = start(ctx, l, count, kept);
  mtp_loop_unlock_train(l);
  free(kept);
  return status;
}

/* ---- answers ---- */

typedef struct taking {
  mtp_context *ctx;
  mtp_learner *learner;
  int *labels;
} taking;

static mtp_status on_answer(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  const taking *t = user;
  t->learner->stats.qm_seconds += report->seconds;
  return mtp_loop_take_answer(t->ctx, t->learner, &t->learner->late_of[i], label, report, t->labels);
}

mtp_status mtp_loop_take_late(mtp_context *ctx, mtp_learner *l, bool wait, int *labels) {
  taking t = {ctx, l, labels};
  bool over = false;
  if (!l->late) return MTP_OK;
  const mtp_moment moment = l->moment; /* is of another configuration */
  l->moment = (mtp_moment){0};
  const mtp_status status = mtp_late_take(ctx, l->late, wait, on_answer, &t, &over);
  l->moment = moment;
  if (over || status != MTP_OK) forget(l);
  return status;
}

mtp_status mtp_loop_learn_late(mtp_context *ctx, mtp_learner *l, bool wait, mtp_action *action) {
  int labels = 0;
  bool begun;
  const double before = l->stats.qm_seconds;
  mtp_status status = mtp_loop_take_late(ctx, l, wait, &labels);
  if (status != MTP_OK || labels == 0) return status;
  const mtp_config *last = l->late ? NULL : mtp_loop_last_met(l, NULL); /* the driver is busy as long as some are out */
  if (last) status = mtp_loop_squeeze(ctx, l, last, l->last_step, &labels);
  if (status == MTP_OK) status = mtp_loop_begin_refit(ctx, l, wait ? MTP_UNTIL_BEGUN : MTP_AT_ONCE, &begun);
  if (status != MTP_OK || !begun) return status;
  status = mtp_loop_refit(ctx, l, l->last_step, NAN, labels, l->stats.qm_seconds - before);
  mtp_loop_end_refit(l);
  if (status == MTP_OK) *action = MTP_REDO;
  return status;
}
