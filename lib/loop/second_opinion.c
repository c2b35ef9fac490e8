/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/second_opinion.c
 * What the errors to expect say of candidates below break. A grade says that rows are new, not that forces are wrong.
 * Once radial functions are settled, most of what waits is told by the labels that there are as well as the basis can
 * tell it: it gets no label. That is asked of a fit that has earned it, a good one with data for all of its parameters,
 * since the covariance of linear coefficients knows nothing of radial functions that data do not hold. And where
 * functions are poor a small grade may hide a force that is all wrong, which throws atoms where no label was ever meant
 * to be: that is learned at once. */
#include <math.h>
#include <stdlib.h>

#include "learn/posterior.h"
#include "loop/loop.h"
#include "support/support.h"

/* The standard deviation over the noise up to which a force is known. */
#define KNOWN 1.0
/* The error that labels can take away over the RMS force from which on a force is all wrong. */
#define WRONG 1.0
/* Of a fit that is asked: RMS error of the forces over the RMS force, and force components for each parameter. */
#define GOOD_FIT   0.1
#define COMPONENTS 10.0

static bool has_earned_it(const mtp_learner *l) {
  double configs;
  return l->history.here && l->residual_known && mtp_rmse(l->residual.force, l->residual.force_size) < GOOD_FIT &&
         mtp_loop_force_components(l, &configs) >= COMPONENTS * (double)mtp_potential_parameter_count(l->pot);
}

/* What compares with MLIP or with a definition of the literature is left as it is. */
static bool is_asked(const mtp_learner *l) {
  const mtp_learner_options *o = &l->options;
  return o->doubt && o->query == MTP_QUERY_MAXVOL && o->mode == MTP_MODE_NEIGHBOURHOOD && o->grading != MTP_GRADE_ALL;
}

static void log_pruned(mtp_context *ctx, mtp_learner *l, size_t candidates, size_t pruned) {
  cJSON *event = mtp_event_new(l->log, "prune", l->last_step);
  mtp_event_integer(event, "candidates", (long long)candidates);
  mtp_event_integer(event, "pruned", (long long)pruned);
  mtp_event_write(ctx, l->log, event);
}

mtp_status mtp_loop_prune(mtp_context *ctx, mtp_learner *l, const mtp_candidate *const *candidates, bool first,
                          const mtp_config_set *coming, size_t *order, size_t *count) {
  const size_t n = *count, least = first ? 1 : 0;
  if (n <= least || !is_asked(l) || !l->posterior || !has_earned_it(l)) return MTP_OK;
  const mtp_candidate **chosen = mtp_calloc(n, sizeof *chosen);
  size_t *left = mtp_calloc(2 * n, sizeof *left), *ranked = left ? left + n : NULL, kept = 0;
  mtp_status status = chosen && left ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    chosen[i] = candidates[order[i]];
    ranked[i] = order[i];
  }
  if (status == MTP_OK) status = mtp_loop_rank_doubt(ctx, l, KNOWN, n, chosen, first ? 0 : n, coming, left, &kept);
  for (size_t i = 0; i < kept && status == MTP_OK; i++) order[i] = ranked[left[i]];
  if (status == MTP_OK) *count = kept;
  if (status == MTP_OK && kept < n) log_pruned(ctx, l, n, n - kept);
  free(left);
  free(chosen);
  return status;
}

static double worst_of(const mtp_posterior *p, const mtp_config *cfg, const mtp_doubt *doubt) {
  double worst = 0.0;
  for (size_t i = 0; i < cfg->n; i++)
    if (!mtp_config_is_masked(cfg, i)) worst = fmax(worst, mtp_posterior_reducible(p, doubt + i));
  return worst;
}

mtp_status mtp_loop_is_all_wrong(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, bool *is) {
  *is = false;
  if (!is_asked(l) || !l->posterior) return MTP_OK;
  mtp_doubt *doubt = mtp_calloc(c->cfg->n, sizeof *doubt);
  mtp_status status = doubt ? mtp_posterior_forces(ctx, l->posterior, c->cfg, doubt) : mtp_fail_memory(ctx);
  if (status == MTP_OK) *is = worst_of(l->posterior, c->cfg, doubt) > WRONG * sqrt(l->posterior->force_square);
  free(doubt);
  return status;
}
