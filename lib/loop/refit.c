/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/refit.c
 * From a grown training set to a better potential. Everything is made beside the old state and put in its place only
 * when it is complete and on the disk.
 *
 * Errors before and after: those of the new potential are evaluated on the whole training set up to 1e5 atoms, beyond
 * that on every k-th configuration such that about so many atoms remain. Those of the old potential are not evaluated
 * again: they are its errors at the last refit together with its errors on the labels since then. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "support/support.h"

/* How often, and by what factor, the weight of squeezed configurations grows where a fit has a hole. */
#define RAISES 2
#define RAISE  10.0
/* Errors above this part of the RMS force are those of poor radial functions. */
#define POOR 0.15

double mtp_rmse(double squares, double count) {
  return count > 0.0 ? sqrt(squares / count) : NAN;
}

static void fitted_clear(mtp_fitted *f) {
  mtp_potential_free(f->pot);
  mtp_active_set_free(f->as);
  mtp_normal_free(f->normal);
  mtp_hole_clear(&f->hole);
}

/* ---- holes ---- */

static mtp_status weigh_squeezed(mtp_context *ctx, mtp_learner *l, double factor) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < l->train->n && status == MTP_OK; i++) {
    mtp_config *cfg = l->train->configs[i];
    const char *weight = mtp_config_get_feature(cfg, "config_weight");
    char number[32];
    if (!mtp_config_is_squeezed(cfg)) continue;
    snprintf(number, sizeof number, "%g", factor * (weight ? strtod(weight, NULL) : 1.0));
    status = mtp_config_set_feature(ctx, cfg, "config_weight", number);
  }
  return status;
}

static bool has_squeezed(const mtp_learner *l) {
  for (size_t i = 0; i < l->train->n; i++)
    if (mtp_config_is_squeezed(l->train->configs[i])) return true;
  return false;
}

static void tell_hole(mtp_context *ctx, const mtp_learner *l, const mtp_hole *hole) {
  mtp_message(
      ctx, MTP_WARNING,
      "the energy falls by %.3g eV where %s and %s come as near as %.3g A (learned: %.3g A), and squeezed labels "
      "do not mend it: a run that comes there is lost; watch it (pair_style mtp ... stop), or raise the level",
      hole->depth, l->names[hole->a], l->names[hole->b], hole->r, hole->known);
}

/* More weight on what is known there: the last resort, since it costs accuracy. */
static mtp_status raise_weight(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  mtp_normal *normal = NULL;
  mtp_status status = weigh_squeezed(ctx, l, RAISE);
  l->raises++;
  if (status == MTP_OK) status = mtp_loop_equations(ctx, l, f->pot, &normal);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, normal, 0.0, f->pot);
  if (status != MTP_OK) {
    mtp_normal_free(normal);
    return status;
  }
  mtp_normal_free(f->normal);
  f->normal = normal;
  return MTP_OK;
}

/* Where a fit falls when atoms come closer than they did. The learner asks for a label there (mtp_loop_fill_hole);
 * where none can be had any more, squeezed configurations get more weight. */
static mtp_status look_for_holes(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  if (!l->options.wall) return MTP_OK;
  mtp_status status = mtp_find_hole(ctx, f->pot, l->train, &f->hole);
  while (status == MTP_OK && f->hole.a >= 0 && !mtp_loop_can_fill(l) && l->raises < RAISES && has_squeezed(l)) {
    mtp_hole_clear(&f->hole);
    status = raise_weight(ctx, l, f);
    if (status == MTP_OK) status = mtp_find_hole(ctx, f->pot, l->train, &f->hole);
  }
  if (status == MTP_OK && f->hole.a >= 0 && !mtp_loop_can_fill(l) && l->hole.a < 0) tell_hole(ctx, l, &f->hole);
  return status;
}

/* ---- the refit ---- */

/* Where the radial functions are poor, it is they that have to be asked about: nothing else asks for distances that
 * they do not know. */
static mtp_rows rows_of(const mtp_learner *l, const mtp_fitted *f) {
  const bool trained = l->radial_here || f->full;
  if (l->options.grading != MTP_GRADE_AUTO)
    return l->options.grading == MTP_GRADE_LINEAR ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
  return trained && mtp_rmse(f->residual.force, f->residual.force_size) < POOR ? MTP_ROWS_LINEAR : MTP_ROWS_ALL;
}

/* The run is over, and nothing can mend any more what the last fit does worse than the one before. */
static bool is_refused(const mtp_learner *l, const mtp_fitted *f) {
  return l->ending && ((f->hole.a >= 0 && l->hole.a < 0) || !(f->residual.force < l->residual.force));
}

static mtp_status fit(mtp_context *ctx, mtp_learner *l, mtp_fitted *f) {
  mtp_status status = mtp_loop_fit(ctx, l, f);
  if (status == MTP_OK) status = look_for_holes(ctx, l, f);
  if (status == MTP_OK) status = mtp_loop_measure(ctx, f->pot, l->train, &f->residual);
  if (status != MTP_OK || is_refused(l, f)) return status;
  status = mtp_active_set_build_of(ctx, f->pot, l->train, l->options.mode, rows_of(l, f), MTP_LOOP_THRESHOLD,
                                   l->as_is_of_train ? l->as : NULL, &f->as);
  if (status == MTP_OK) status = mtp_active_set_write(ctx, f->as, f->pot, l->save_path);
  return status;
}

/* What came trained counts as trained on what it is first fitted to. */
static void note_training(mtp_learner *l, const mtp_fitted *f) {
  l->radial_trained = l->radial_trained || f->full;
  l->radial_here = l->radial_here || f->full;
  if (f->fresh) l->fresh_configs = l->train->n;
  if (f->tried || (l->radial_trained && (l->full_configs == 0 || l->full_error == 0.0))) {
    l->full_error = mtp_rmse(l->residual.force, l->residual.force_size);
    l->full_configs = l->train->n;
  }
}

/* The old state goes. */
static void take_over(mtp_learner *l, mtp_fitted *f) {
  mtp_potential_free(l->pot);
  mtp_active_set_free(l->as);
  if (f->normal) mtp_normal_free(l->normal);
  l->pot = f->pot;
  l->as = f->as;
  if (f->normal) l->normal = f->normal;
  l->as_is_of_train = true;
  l->residual = f->residual;
  l->residual_known = true;
  mtp_hole_clear(&l->hole);
  l->hole = f->hole;
  note_training(l, f);
  l->stats.refits++;
  l->stats.full_refits += f->full;
}

mtp_status mtp_loop_refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                          double label_seconds) {
  const double start = mtp_now();
  mtp_fitted f = {.hole = {.a = -1, .b = -1}};
  const mtp_status status = fit(ctx, l, &f);
  if (status != MTP_OK || is_refused(l, &f)) {
    fitted_clear(&f);
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
