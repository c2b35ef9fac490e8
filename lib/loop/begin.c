/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/begin.c
 * Before the first step: what an earlier run had asked for, a warm-up, and the first refit. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* Warm-up copies of a cold start: their sites give so many rows for each linear coefficient, within limits. */
#define ROWS_PER_COEFFICIENT 2.0
#define LEAST_WARMUP         2
#define MOST_WARMUP          8

/* ---- warm-up ---- */

static size_t warmup_labels(const mtp_learner *l) {
  size_t n = 0;
  for (size_t i = 0; i < l->train->n; i++) n += mtp_config_get_feature(l->train->configs[i], "warmup") != NULL;
  return n;
}

/* A warm-up that a kill cut short goes on: the training file then holds nothing but copies and squeezed ones. */
bool mtp_loop_is_warming_up(const mtp_learner *l) {
  for (size_t i = 0; i < l->train->n; i++)
    if (!mtp_config_get_feature(l->train->configs[i], "warmup") && !mtp_config_is_squeezed(l->train->configs[i]))
      return false;
  return true;
}

/* Runs that share break off together again and again at first, which more copies spare them: as many as all of them
 * make in two rounds, with the squeezed ones. */
#define ROUNDS 2

/* Seconds in which runs come that are started at the same time. */
#define GATHERING 0.3

static int divided_warmup(const mtp_learner *l) {
  int runs = 1;
  if (!l->sharing.locks || l->train->n > 0) return 0; /* the first one says what it is */
  mtp_sleep(GATHERING);
  for (int k = 0; (k = mtp_share_next(l->sharing.locks, k)) > 0;) runs++;
  return runs > 1 ? ROUNDS * runs - MTP_FIRST_SQUEEZED : 0;
}

static int cold_warmup(const mtp_learner *l, const mtp_config *first) {
  const double coefficients = (double)mtp_normal_size(l->normal), rows = (double)first->n;
  const double copies = fmax(ceil(ROWS_PER_COEFFICIENT * coefficients / rows), divided_warmup(l));
  return (int)fmin(fmax(copies, LEAST_WARMUP), MOST_WARMUP);
}

static int wanted_warmup(const mtp_learner *l, const mtp_config *first, bool cold) {
  if (l->options.warmup >= 0) return l->options.warmup;
  return cold || (l->train->n > 0 && mtp_loop_is_warming_up(l)) ? cold_warmup(l, first) : 0;
}

/* Short bonds are stiff: displaced as far as long ones, their atoms would feel forces that no run meets. */
#define SIGMA_PART 0.04

static double warmup_sigma(const mtp_learner *l, const mtp_config *first) {
  double smallest = INFINITY;
  if (l->options.warmup >= 0) return l->options.warmup_sigma;
  if (mtp_config_smallest_distance(NULL, first, mtp_potential_cutoff(l->pot), &smallest) != MTP_OK)
    return l->options.warmup_sigma;
  return fmin(l->options.warmup_sigma, SIGMA_PART * smallest);
}

/* The copies that are still to be labelled, in order. */
static mtp_status make_copies(mtp_context *ctx, const mtp_learner *l, const mtp_config *first, long long step,
                              int wanted, mtp_candidate *copies, size_t *n) {
  const size_t had = warmup_labels(l), lacking = had < (size_t)wanted ? (size_t)wanted - had : 0;
  const size_t missing = mtp_loop_allowance(l, lacking);
  const double sigma = warmup_sigma(l, first);
  for (int k = 0; k < wanted && *n < missing; k++) {
    mtp_config *base = NULL;
    const mtp_status status = mtp_loop_cut_first(ctx, l, first, k, &base);
    mtp_config *copy = base ? mtp_warmup_copy(base, k, wanted, sigma, l->options.seed) : NULL;
    mtp_config_free(base);
    if (!copy) return status != MTP_OK ? status : mtp_fail_memory(ctx);
    if (mtp_seen_find(l->seen, copy, NULL))
      mtp_config_free(copy);
    else
      copies[(*n)++] = (mtp_candidate){.cfg = copy, .grade = NAN, .atom = -1, .step = step, .warmup = k};
  }
  return MTP_OK;
}

static mtp_status warm_up(mtp_context *ctx, mtp_learner *l, const mtp_config *first, long long step, int wanted,
                          int *labels) {
  if (wanted == 0) return MTP_OK;
  mtp_candidate *copies = mtp_calloc((size_t)wanted + MTP_FIRST_SQUEEZED, sizeof *copies);
  const mtp_candidate **list = mtp_calloc((size_t)wanted + MTP_FIRST_SQUEEZED, sizeof *list);
  mtp_status status = copies && list ? MTP_OK : mtp_fail_memory(ctx);
  size_t n = 0, squeezed = 0;
  if (status == MTP_OK) status = make_copies(ctx, l, first, step, wanted, copies, &n);
  /* runs that wait make them meanwhile */
  if (status == MTP_OK && mtp_loop_has_others(l))
    status = mtp_loop_squeeze_ahead(ctx, l, n, copies, copies + n, &squeezed);
  n += squeezed;
  for (size_t i = 0; i < n; i++) list[i] = &copies[i];
  if (status == MTP_OK) status = mtp_loop_label(ctx, l, n, list, labels);
  if (squeezed > 0) l->squeezed_configs = l->train->n;
  for (size_t i = 0; i < n; i++) mtp_config_free(copies[i].cfg);
  free(copies);
  free(list);
  return status;
}

static void warn_begin(mtp_context *ctx, const mtp_learner *l, bool cold, int wanted) {
  if (cold && mtp_loop_can_label(l) && mtp_potential_is_trained(l->pot))
    mtp_message(ctx, MTP_WARNING,
                "%s has no active set and %s is empty: what the potential learned before is forgotten at the first "
                "refit",
                l->save_path, l->train_path);
  if (l->options.warmup > 0 && (int)l->train->n < wanted && !mtp_loop_can_label(l))
    mtp_message(ctx, MTP_WARNING, "no warm-up: there is no QM driver or no call left");
}

/* `base`: what the labels of the start are made of. */
static mtp_status begin_with(mtp_context *ctx, mtp_learner *l, const mtp_config *first, const mtp_config *base,
                             long long step, mtp_action *action) {
  mtp_status status = MTP_OK;
  /* nothing to grade with also means that the first refit forgets what the potential knew */
  bool cold = l->train->n == 0 && !l->as, untrained = !mtp_potential_is_trained(l->pot);
  int wanted = wanted_warmup(l, base, cold), labels = 0;
  double before = l->stats.qm_seconds;
  if (untrained && !mtp_loop_can_label(l))
    return mtp_fail(ctx, MTP_ERR_STATE, "the untrained potential needs a QM driver or a training file (%s is empty)",
                    l->train_path);
  warn_begin(ctx, l, cold, wanted);
  /* where another run has warmed up and is gone, labels are there, and no functions for them */
  if (untrained && (cold || l->sharing.locks)) status = mtp_loop_start_functions(ctx, l, first);
  if (status != MTP_OK) return status;
  status = mtp_loop_resume_calls(ctx, l, &labels);
  if (status == MTP_OK) status = warm_up(ctx, l, first, step, wanted, &labels);
  /* Of copies the most disturbed one is nearest to what the run will be. After a kill between labels and the squeezed
   * ones that belong to them nothing else may be missing. */
  if (status == MTP_OK && (l->was_fitted || wanted > 0) && l->history.complete < l->train->n)
    status = mtp_loop_squeeze(ctx, l, mtp_loop_last_met(l, base), step, &labels);
  if (status == MTP_OK && untrained && wanted == 0 && labels == 0) { /* the engine needs something to evaluate with */
    mtp_config borrowed = *base;
    mtp_candidate candidate = {.cfg = &borrowed, .grade = INFINITY, .atom = -1, .step = step, .warmup = -1};
    status = mtp_loop_label(ctx, l, 1, &(const mtp_candidate *){&candidate}, &labels);
  }
  if (status != MTP_OK) return status;
  if (untrained && labels == 0)
    return mtp_fail(ctx, MTP_ERR_QM, "no configuration to start from got a label (see %s)", l->log_path);
  if (labels == 0) return MTP_OK;
  status = mtp_loop_refit_and_fill(ctx, l, step, NAN, labels, before);
  if (status == MTP_OK) *action = MTP_REDO;
  return status;
}

/* Of runs that share, one says what the warm-up is, the others help to label it, and all go on with what it has taught.
 */
static mtp_status begin_in_turn(mtp_context *ctx, mtp_learner *l, const mtp_config *first, const mtp_config *base,
                                long long step, mtp_action *action) {
  const bool first_of_all = mtp_loop_is_warming_up(l) || !mtp_potential_is_trained(l->pot);
  const long long adopted = l->stats.adopted;
  bool begun;
  if (!l->sharing.locks || !first_of_all) return begin_with(ctx, l, first, base, step, action);
  mtp_status status = mtp_loop_begin_refit(ctx, l, MTP_UNTIL_BEGUN, &begun);
  if (status != MTP_OK) return status;
  status = begin_with(ctx, l, first, base, step, action);
  mtp_loop_end_refit(l);
  if (l->stats.adopted > adopted) *action = MTP_REDO;
  return status;
}

static mtp_status begin(mtp_context *ctx, mtp_learner *l, const mtp_config *first, long long step, mtp_action *action) {
  mtp_config *base = NULL;
  mtp_status status = mtp_loop_check_config(ctx, l, first);
  if (status == MTP_OK) status = mtp_loop_cut_first(ctx, l, first, 0, &base);
  if (status == MTP_OK) status = begin_in_turn(ctx, l, first, base, step, action);
  mtp_config_free(base);
  return status;
}

mtp_status mtp_learner_begin(mtp_context *ctx, mtp_learner *l, const mtp_config *first, long long step,
                             mtp_action *action) {
  if (!l || !first || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing to begin with");
  *action = MTP_GO_ON;
  l->last_step = step;
  mtp_loop_note_step(l, step);
  mtp_event_write(ctx, l->log, mtp_event_new(l->log, "begin", step));
  mtp_status status = begin(ctx, l, first, step, action);
  return mtp_loop_end_call(ctx, l, step, status);
}
