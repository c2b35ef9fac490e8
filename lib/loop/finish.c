/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/finish.c
 * The end of a run: what fits in the run were too short for, what holes they left, and what the potential meets when it
 * runs alone. Training moves the potential everywhere, so it is tried after it, and trained again with what that
 * taught.
 */
#include <math.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* Explorations, each after a training, until one finds nothing; what the last one taught is trained on as well. */
#define ROUNDS 3
/* Attempts to close what is left of holes. */
#define MENDS 6

static void train_last(mtp_context *ctx, mtp_learner *l) {
  if (!mtp_loop_may_improve(l)) return;
  l->ending = l->train_all = true;
  if (mtp_loop_refit(ctx, l, l->last_step, NAN, 0, 0.0) != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "the last training failed, and the potential stays as it was: %s",
                mtp_context_message(ctx));
  l->ending = l->train_all = false;
  l->trained_last = true;
}

/* A label where the potential has a hole, and weight instead (`weigh`) where none can be had. */
static mtp_status mend_once(mtp_context *ctx, mtp_learner *l, bool weigh, bool *done) {
  const double before = l->stats.qm_seconds;
  int labels = 0;
  const mtp_status status = mtp_loop_fill_hole(ctx, l, l->last_step, &labels);
  l->mending = weigh && labels == 0;
  *done = labels == 0;
  if (status != MTP_OK || (*done && !weigh)) return status;
  return mtp_loop_refit(ctx, l, l->last_step, NAN, labels, l->stats.qm_seconds - before);
}

/* While a run learns, a hole is something that grades warn of; a frozen potential has nobody to warn. */
static void mend(mtp_context *ctx, mtp_learner *l, bool weigh) {
  mtp_status status = MTP_OK;
  bool done = false;
  for (int k = 0; k < MENDS && l->hole.a >= 0 && !done && status == MTP_OK; k++)
    status = mend_once(ctx, l, weigh, &done);
  if (weigh && status == MTP_OK && l->hole.a >= 0 && !l->mending) {
    l->mending = true;
    status = mtp_loop_refit(ctx, l, l->last_step, NAN, 0, 0.0);
  }
  if (status != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "the potential keeps a hole: %s", mtp_context_message(ctx));
  else if (weigh && l->hole.a >= 0)
    mtp_loop_tell_hole(ctx, l, &l->hole);
}

/* Labels of this run, or of one before that was killed. */
static bool is_unfinished(const mtp_learner *l) {
  return l->stats.labels > 0 || (l->qm && l->as && l->train->n > l->history.finished);
}

/* What is refused leaves the file as it was, which then has to be told. */
static void note_finished(mtp_context *ctx, mtp_learner *l) {
  if (!l->as) return;
  l->history.finished = l->train->n;
  mtp_status status = mtp_loop_leave_notes(ctx, &l->history, l->graded, l->pot);
  if (status == MTP_OK) status = mtp_loop_number_generation(ctx, l, l->pot);
  if (status == MTP_OK) status = mtp_active_set_write(ctx, l->as, l->pot, l->save_path);
  if (status == MTP_OK && l->sharing.locks) l->sharing.generation++;
  if (status != MTP_OK) mtp_message(ctx, MTP_WARNING, "the end is not noted: %s", mtp_context_message(ctx));
}

/* The potential is still learned by other runs, the last of which does what is to be done once. */
static bool is_left_to_others(mtp_context *ctx, mtp_learner *l) {
  bool last = true;
  if (mtp_loop_is_last(ctx, l, &last) != MTP_OK || last) return false;
  mtp_message(ctx, MTP_INFO, "other runs go on with %s: the last of them trains it at leisure and tries it alone",
              l->save_path);
  if (mtp_loop_stay(ctx, l) != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "a label that another run wants is left to it: %s", mtp_context_message(ctx));
  return true;
}

/* Labels that other runs made while this one trained. */
static void learn_rest(mtp_context *ctx, mtp_learner *l) {
  mtp_status status = mtp_loop_wait_for_calls(ctx, l);
  if (status == MTP_OK && l->sharing.locks && !mtp_loop_knows_all(l))
    status = mtp_loop_refit(ctx, l, l->last_step, NAN, 0, 0.0);
  if (status != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "the last labels of other runs are not learned: %s", mtp_context_message(ctx));
}

static void finish_alone(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions) {
  bool failed = false;
  for (int round = 0; round <= ROUNDS; round++) {
    train_last(ctx, l);
    learn_rest(ctx, l);
    mend(ctx, l, false);
    if (round == ROUNDS || !conditions || failed || mtp_context_is_stopped(ctx)) break;
    const long long labels = l->stats.labels;
    failed = mtp_loop_explore(ctx, l, conditions) != MTP_OK; /* what it learned before that is trained on */
    if (l->stats.labels == labels) break;
  }
  mend(ctx, l, true);
  if (!mtp_context_is_stopped(ctx)) note_finished(ctx, l);
}

void mtp_loop_finish(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions) {
  bool begun, changed;
  mtp_action action;
  const mtp_candidate none = {.step = l->last_step, .warmup = -1};
  if (l->finished || l->stopped) return;
  if (l->late && mtp_loop_learn_late(ctx, l, true, &action) != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "labels that were still to come at the end are left to the next run: %s",
                mtp_context_message(ctx));
  if (!is_unfinished(l)) return;
  l->finished = true;
  if (conditions && mtp_loop_learn_pool(ctx, l) != MTP_OK)
    mtp_message(ctx, MTP_WARNING, "what waited at the end was not learned: %s", mtp_context_message(ctx));
  if (is_left_to_others(ctx, l)) return;
  if (mtp_loop_catch_up(ctx, l, &none, &changed) != MTP_OK ||
      mtp_loop_begin_refit(ctx, l, MTP_UNTIL_BEGUN, &begun) != MTP_OK) {
    mtp_message(ctx, MTP_WARNING, "what other runs have learned is not taken over: %s", mtp_context_message(ctx));
    return;
  }
  finish_alone(ctx, l, conditions);
  mtp_loop_end_refit(l);
}
