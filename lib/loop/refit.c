/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/refit.c
 * From a grown training set to a better potential. Everything is made beside the old state and put in its place only
 * when it is complete and on the disk.
 *
 * What a refit of the linear coefficients costs does not depend on how much is known: errors follow from the normal
 * equations, the closest pairs are kept, and new rows alone are offered to the active set. */
#include <math.h>
#include <stdlib.h>

#include "learn/active_set.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "mtp/trainer.h"
#include "support/support.h"

/* How often, and by what factor, the weight of squeezed configurations grows where a fit has a hole. */
#define RAISES      2
#define RAISE       10.0
#define LAST_RAISES 6 /* at the end of the run, when no training is misled by them any more */
/* Errors above this part of the RMS force are those of poor radial functions. */
#define POOR 0.15
/* The same for labels before they were learned, which the most extrapolating atoms of a run decide; and force
 * components for each parameter from which on such errors are those of the basis, which more labels do not mend. */
#define MISLED 0.3
#define PLENTY 20.0

double mtp_rmse(double squares, double count) {
  return count > 0.0 ? sqrt(squares / count) : NAN;
}

static void fitted_clear(mtp_fitted *f) {
  mtp_potential_free(f->pot);
  mtp_active_set_free(f->as);
  mtp_normal_free(f->normal);
  mtp_posterior_free(f->posterior);
  mtp_hole_clear(&f->hole);
}

/* ---- holes ---- */

static bool has_squeezed(const mtp_learner *l) {
  for (size_t i = 0; i < l->train->n; i++)
    if (mtp_config_is_squeezed(l->train->configs[i])) return true;
  return false;
}

void mtp_loop_tell_hole(mtp_context *ctx, const mtp_learner *l, const mtp_hole *hole) {
  mtp_message(
      ctx, MTP_WARNING,
      "the energy falls by %s%.3g eV where %s and %s come as near as %.3g A (learned: %.3g A), and squeezed labels "
      "do not mend it: a run that comes there is lost; watch it (pair_style mtp ... stop), or raise the level",
      hole->depth > MTP_HOLE_DEEP ? "more than " : "", fmin(hole->depth, MTP_HOLE_DEEP), l->names[hole->a],
      l->names[hole->b], hole->r, hole->known);
}

static const mtp_normal *equations_of(const mtp_learner *l, const mtp_fitted *f) {
  return f->normal ? f->normal : l->normal;
}

/* More weight on what is known there, as far as the linear fit lets it cost accuracy. */
static mtp_status raise_weight(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  mtp_normal *normal = NULL;
  l->raises++;
  f->squeezed *= RAISE;
  mtp_sample_set_scale_squeezed(l->samples, f->squeezed);
  const mtp_status status = mtp_loop_solve(ctx, l, f->pot, &normal);
  if (status != MTP_OK) return status;
  mtp_normal_free(f->normal);
  f->normal = normal;
  return MTP_OK;
}

static mtp_status force_error(mtp_context *ctx, const mtp_learner *l, const mtp_fitted *f, double *rmse) {
  mtp_residual r = {0};
  const mtp_status status = mtp_loop_measure(ctx, equations_of(l, f), f->pot, &r);
  *rmse = mtp_rmse(r.force, r.forces);
  return status;
}

/* A hole of some eV where hardly a run comes is no reason to lose what the fit is right about: weight that does not
 * close it, or costs more than this factor in the forces, is taken back. */
#define COSTS 1.25

static mtp_status mend_by_weight(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  const int raises = l->mending ? LAST_RAISES : RAISES;
  mtp_fitted old = {.normal = f->normal, .hole = f->hole, .squeezed = f->squeezed};
  double before, after;
  mtp_status status = force_error(ctx, l, f, &before);
  if (status == MTP_OK) status = mtp_potential_copy(ctx, f->pot, &old.pot);
  if (status != MTP_OK) return status;
  f->normal = NULL;
  f->hole = (mtp_hole){.a = -1, .b = -1};
  do {
    mtp_hole_clear(&f->hole);
    status = raise_weight(ctx, l, f);
    if (status == MTP_OK) status = force_error(ctx, l, f, &after);
    if (status == MTP_OK) status = mtp_find_hole_at(ctx, f->pot, l->places, &f->hole);
  } while (status == MTP_OK && f->hole.a >= 0 && after <= COSTS * before && l->raises < raises);
  if (status == MTP_OK && (f->hole.a >= 0 || !(after <= COSTS * before))) {
    const mtp_fitted tried = {.pot = f->pot, .normal = f->normal, .hole = f->hole};
    f->pot = old.pot, f->normal = old.normal, f->hole = old.hole;
    f->squeezed = old.squeezed;
    mtp_sample_set_scale_squeezed(l->samples, f->squeezed);
    old = tried;
  }
  fitted_clear(&old);
  return status;
}

/* Where a fit falls when atoms come closer than they did. The learner asks for a label there (mtp_loop_fill_hole);
 * where none can be had any more, squeezed configurations get more weight. */
static mtp_status look_for_holes(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  if (!l->options.wall) return MTP_OK;
  const int raises = l->mending ? LAST_RAISES : RAISES;
  mtp_status status = mtp_find_hole_at(ctx, f->pot, l->places, &f->hole);
  if (status == MTP_OK && f->hole.a >= 0 && !mtp_loop_can_fill(l) && l->raises < raises && has_squeezed(l))
    status = mend_by_weight(ctx, l, f);
  if (status == MTP_OK && f->hole.a >= 0 && !mtp_loop_can_fill(l) && l->hole.a < 0 && !l->mending)
    mtp_loop_tell_hole(ctx, l, &f->hole);
  return status;
}

/* ---- the refit ---- */

/* What came trained counts as trained on what it is first fitted to. */
static mtp_history history_after(const mtp_learner *l, const mtp_fitted *f) {
  const double predicted = mtp_loop_predicted_part(l);
  mtp_history h = l->history;
  h.trained = h.trained || f->full;
  h.here = h.here || f->full;
  h.squeezed = f->squeezed;
  if (isfinite(predicted)) h.predicted = predicted;
  if (!l->starting) h.complete = l->train->n;
  if (f->fresh) h.fresh_configs = l->train->n;
  if (f->tried || (h.trained && (h.full_configs == 0 || h.full_error == 0.0))) {
    h.full_error = mtp_rmse(f->residual.force, f->residual.force_size);
    h.full_configs = l->train->n;
  }
  return h;
}

/* Where the radial functions are poor, it is they that have to be asked about: nothing else asks for distances that
 * they do not know. They are poor where the fit is, or where it predicts poorly what grades let pass, unless there are
 * data enough. */
static mtp_rows rows_of(const mtp_learner *l, const mtp_fitted *f) {
  const mtp_history h = history_after(l, f);
  if (l->options.mode == MTP_MODE_FORCES) return MTP_ROWS_LINEAR;
  if (l->options.grading != MTP_GRADE_AUTO)
    return l->options.grading == MTP_GRADE_LINEAR ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
  const bool plenty = f->residual.forces > PLENTY * (double)mtp_potential_parameter_count(f->pot);
  const bool good = mtp_rmse(f->residual.force, f->residual.force_size) < POOR && !(h.predicted > MISLED);
  return h.here && (good || plenty) ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
}

/* The run is over, and the last fit does worse than the one before: with a larger error, or with a hole, which may not
 * be mended, for little less; or what was to mend a hole did not, and weight that mends nothing only costs accuracy. */
#define WORTH_A_HOLE 0.8
static bool is_refused(const mtp_learner *l, const mtp_fitted *f) {
  if (l->mending) return f->hole.a >= 0; /* weight that mends nothing only costs accuracy */
  const double worth = f->hole.a >= 0 && l->hole.a < 0 ? WORTH_A_HOLE * WORTH_A_HOLE : 1.0;
  return l->ending && !(f->residual.force < worth * l->residual.force);
}

/* Growth of the training set after which an active set is built again on all of it; the rows of all parameters move
 * with the coefficients, so that more is missed. Below so many configurations it costs nothing to speak of. */
#define LINEAR_GROWTH 1.5
#define ALL_GROWTH    1.1
#define ALL_CONFIGS   100

/* By numbers of configurations alone, so that a run that was started again decides alike. */
static bool passes_a_power(double base, size_t from, size_t to) {
  return floor(log((double)to) / log(base)) > floor(log((double)from) / log(base));
}

static bool may_grow(const mtp_learner *l, const mtp_fitted *f, mtp_rows rows) {
  if (!l->as || !l->as_is_of_train || l->graded == 0 || f->full || mtp_active_set_kind(l->as) != rows ||
      mtp_active_set_size(l->as) != mtp_potential_parameter_count(f->pot))
    return false;
  if (rows == MTP_ROWS_LINEAR) return !passes_a_power(LINEAR_GROWTH, l->graded, l->train->n);
  return l->graded >= ALL_CONFIGS && !passes_a_power(ALL_GROWTH, l->graded, l->train->n);
}

static mtp_status renew_active_set(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  const mtp_rows rows = rows_of(l, f);
  if (may_grow(l, f, rows))
    return mtp_active_set_grow_samples(ctx, f->pot, l->samples, l->graded, MTP_LOOP_THRESHOLD, l->as,
                                       l->options.threads, &f->as);
  return mtp_active_set_build_samples(ctx, f->pot, l->samples, l->options.mode, rows, MTP_LOOP_THRESHOLD,
                                      l->as_is_of_train ? l->as : NULL, l->options.threads, &f->as);
}

static mtp_status save(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f) {
  const mtp_history h = history_after(l, f);
  mtp_status status = mtp_loop_leave_notes(ctx, &h, l->train->n, f->pot);
  if (status == MTP_OK) status = mtp_loop_number_generation(ctx, l, f->pot);
  return status == MTP_OK ? mtp_active_set_write(ctx, f->as, f->pot, l->save_path) : status;
}

static mtp_status fit(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  mtp_status status = mtp_loop_fit(ctx, l, f);
  if (status == MTP_OK) status = look_for_holes(ctx, l, f);
  if (status == MTP_OK) status = mtp_loop_measure(ctx, equations_of(l, f), f->pot, &f->residual);
  if (status == MTP_OK && !is_refused(l, f)) status = renew_active_set(ctx, l, f);
  if (status == MTP_OK && !is_refused(l, f)) status = mtp_loop_find_posterior(ctx, l, equations_of(l, f), f);
  return status == MTP_OK && !is_refused(l, f) ? save(ctx, l, f) : status;
}

/* The old state goes. */
static void take_over(mtp_learner *l, mtp_fitted *f) {
  mtp_potential_free(l->pot);
  mtp_active_set_free(l->as);
  if (f->normal) mtp_normal_free(l->normal);
  mtp_posterior_free(l->posterior);
  l->posterior = f->posterior;
  l->pot = f->pot;
  l->as = f->as;
  if (f->normal) l->normal = f->normal;
  l->as_is_of_train = true;
  l->graded = l->train->n;
  l->history = history_after(l, f);
  l->residual = f->residual;
  l->residual_known = true;
  l->fitted = mtp_rmse(f->residual.force, f->residual.forces);
  mtp_loop_set_thresholds(l);
  mtp_loop_wish_no_more(l);
  mtp_hole_clear(&l->hole);
  l->hole = f->hole;
  l->sharing.generation += l->sharing.locks != NULL;
  l->stats.refits++;
  l->stats.full_refits += f->full;
  if (f->full) l->filled_since = 0;
}

/* It took its time all the same. */
static void note_refused(mtp_context *ctx, mtp_learner *l, long long step, const mtp_fitted *f, double seconds) {
  l->stats.refit_seconds += seconds;
  mtp_loop_report_refused(ctx, l, step, f->tried, seconds);
}

static mtp_status refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                        double label_seconds) {
  const double start = mtp_now();
  mtp_fitted f = {.hole = {.a = -1, .b = -1}};
  const mtp_status status = fit(ctx, l, &f);
  if (status != MTP_OK || is_refused(l, &f)) {
    if (status == MTP_OK) note_refused(ctx, l, step, &f, mtp_now() - start);
    fitted_clear(&f);
    mtp_sample_set_scale_squeezed(l->samples, l->history.squeezed);
    if (status == MTP_ERR_STOPPED)
      return mtp_fail(ctx, status,
                      "stopped in a refit; %zu configurations are in %s, and the next start goes on from there",
                      l->train->n, l->train_path);
    return status;
  }
  mtp_refit_report report = {.step = step, .grade = grade, .labels = labels, .label_seconds = label_seconds};
  report.full = f.full;
  if (l->residual_known) report.before = l->residual;
  take_over(l, &f);
  report.seconds = mtp_now() - start;
  l->stats.refit_seconds += report.seconds;
  mtp_loop_report(ctx, l, &report);
  return MTP_OK;
}

/* Is there something that only a refit does? Another run may have learned these labels meanwhile. */
static bool is_needed(const mtp_learner *l) {
  return !mtp_loop_knows_all(l) || l->starting || l->ending || l->mending || l->train_all;
}

mtp_status mtp_loop_refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                          double label_seconds) {
  bool begun;
  const bool only_here = l->starting || l->ending || l->mending || l->train_all;
  mtp_status status = mtp_loop_begin_refit(ctx, l, only_here ? MTP_UNTIL_BEGUN : MTP_UNTIL_MADE, &begun);
  if (status != MTP_OK || !begun) return status;
  if (is_needed(l)) status = refit(ctx, l, step, grade, labels, label_seconds);
  mtp_loop_end_refit(l);
  return status;
}

/* Labels of a fit's hole for one event: a fit may have another one elsewhere then. */
#define FILLS 2

mtp_status mtp_loop_fill_holes(mtp_context *ctx, mtp_learner *l, long long step) {
  mtp_status status = MTP_OK;
  for (int k = 0; k < FILLS && status == MTP_OK && l->hole.a >= 0; k++) {
    int filled = 0;
    const double before = l->stats.qm_seconds;
    status = mtp_loop_fill_hole(ctx, l, step, &filled);
    if (status != MTP_OK || filled == 0) break;
    status = mtp_loop_refit(ctx, l, step, NAN, filled, l->stats.qm_seconds - before);
  }
  return status;
}

mtp_status mtp_loop_refit_and_fill(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                                   double before) {
  const mtp_status status = mtp_loop_refit(ctx, l, step, grade, labels, l->stats.qm_seconds - before);
  return status == MTP_OK ? mtp_loop_fill_holes(ctx, l, step) : status;
}
