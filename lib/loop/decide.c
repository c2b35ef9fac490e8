/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/decide.c
 * Which fit is made. Linear coefficients follow every label; all parameters are trained when the data have grown by a
 * part of themselves, so that all training of a run takes a few times what the last one does, and on no more data than
 * a fit needs. What decides whether the richer fit is taken is not how much data there is but whether a fit to most of
 * the configurations predicts the others better. */
#include <math.h>
#include <stdlib.h>

#include "learn/normal.h"
#include "learn/trainer.h"
#include "loop/loop.h"
#include "model/model.h"
#include "support/support.h"

/* The first time: configurations, and force components for each parameter. */
#define FIRST_CONFIGS 4.0
#define FIRST_DATA    3.0
/* Growth of the training set after which all parameters are trained again, or with growth of the errors, new labels as
 * predicted among them. */
#define DATA_GROWTH  1.5
#define GOOD_GROWTH  2.5 /* where the fit is better than this part of the RMS force: */
#define GOOD         0.01
#define ERROR_GROWTH 1.5
#define WITH_ERRORS  1.2

/* Growth after which radial functions are sought from nothing again, if the fit is poorer than this part of the RMS
 * force: fits that go on from each other can stay in a minimum that a new start leaves. */
#define FRESH_GROWTH 2.0
#define POOR         0.04
/* A fit that misses more of the forces, and so much more than the last training left, is worth a new start as well
 * where going on does not help: what a run meets with a potential like that is not what it would meet. Where training
 * left as much before, the basis limits, and nothing is gained. */
#define BAD       0.1
#define WORSENING 1.3
/* Force components for each parameter that a fit is made to, part that is held out, and iterations in the end. */
#define COMPONENTS 30.0
#define HELD_OUT   0.2
#define ITERATIONS 40
/* The same at the end of a run, when nothing has to wait for it. */
#define LAST_COMPONENTS 80.0
#define LAST_ITERATIONS 160
/* What is tried has to predict better than this part of the error before. */
#define BETTER       0.97
#define HARDLY_WORSE 1.1

/* The linear coefficients are the last of the parameters, species constants first. */
static const double *linear_part(const mtp_normal *normal, const mtp_potential *pot) {
  return mtp_potential_parameters(pot) + mtp_potential_parameter_count(pot) - mtp_normal_size(normal);
}

double mtp_loop_loss(const mtp_normal *normal, const mtp_potential *pot) {
  return mtp_normal_loss(normal, linear_part(normal, pot));
}

mtp_status mtp_loop_measure(mtp_context *ctx, const mtp_normal *normal, const mtp_potential *pot,
                            mtp_residual *residual) {
  mtp_normal_residual r;
  const mtp_status status = mtp_normal_errors(ctx, normal, linear_part(normal, pot), &r);
  if (status == MTP_OK) *residual = (mtp_residual){r.energy, r.force, r.energies, r.components, r.force_squares, 0.0};
  return status;
}

mtp_status mtp_loop_equations(mtp_context *ctx, const mtp_learner *l, const mtp_potential *pot, mtp_normal **out) {
  mtp_status status = mtp_normal_new(ctx, pot, l->options.weights, out);
  if (status != MTP_OK) return status;
  return mtp_normal_add_samples(ctx, *out, l->samples->n, l->samples->sample, l->options.threads);
}

mtp_status mtp_loop_solve(mtp_context *ctx, const mtp_learner *l, mtp_potential *pot, mtp_normal **out) {
  mtp_status status = mtp_loop_equations(ctx, l, pot, out);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, *out, 0.0, pot);
  if (status == MTP_OK) return MTP_OK;
  mtp_normal_free(*out);
  *out = NULL;
  return status;
}

/* ---- all parameters? ---- */

double mtp_loop_force_components(const mtp_learner *l, double *configs) {
  double components = 0;
  *configs = 0;
  for (size_t i = 0; i < l->train->n; i++) {
    if (mtp_config_is_squeezed(l->train->configs[i])) continue;
    components += 3.0 * (double)l->train->configs[i]->n;
    (*configs)++;
  }
  return components;
}

/* Once it was, it is: that the functions have grown since is no reason to leave them as they are. */
static bool has_enough(const mtp_learner *l) {
  double configs;
  if (l->history.here) return true;
  const double components = mtp_loop_force_components(l, &configs);
  return configs >= FIRST_CONFIGS && components >= FIRST_DATA * (double)mtp_potential_parameter_count(l->pot);
}

/* The last training is over, and what was learned since, or what was to mend a hole, does not go with its functions.
 * `residual`: what a fit with them leaves. */
static bool is_spoilt(const mtp_learner *l, const mtp_residual *residual) {
  return (l->explored > 0.0 || l->trained_last) && !l->mending &&
         mtp_rmse(residual->force, residual->force_size) > WORSENING * l->history.full_error;
}

/* A start finds what the last fit of the run before was made to: that run decides with its next label. */
static bool is_found_fitted(const mtp_learner *l) {
  return l->starting && l->history.here && l->graded == l->train->n;
}

/* `linear`: what a fit of the linear coefficients leaves; at a start there is no fit before it. */
static bool is_due(const mtp_learner *l, const mtp_residual *linear) {
  const double now = (double)l->train->n, last = (double)l->history.full_configs;
  const mtp_residual *before = l->residual_known ? &l->residual : linear;
  const double part = mtp_rmse(before->force, before->force_size);
  if (l->options.refit == MTP_REFIT_FULL || (l->options.refit == MTP_REFIT_AUTO && l->train_all)) return true;
  if (l->options.refit == MTP_REFIT_LINEAR || !has_enough(l) || is_found_fitted(l)) return false;
  if (is_spoilt(l, linear)) return true;
  if (mtp_loop_may_climb(l) && now >= WITH_ERRORS * last) return true;
  const bool good = l->history.here && part < GOOD;
  if (now >= (good ? GOOD_GROWTH : DATA_GROWTH) * last) return true;
  return l->history.here && now >= WITH_ERRORS * last && part > ERROR_GROWTH * l->history.full_error;
}

/* At the end point of a relaxation the fit has to be right there, whatever it predicts elsewhere. */
static bool must_fit(const mtp_learner *l) {
  return l->train_all && !l->ending;
}

static bool wants_fresh(const mtp_learner *l) {
  const double part = mtp_rmse(l->residual.force, l->residual.force_size);
  if (!l->history.trained) return true;
  if (l->ending) return !l->trained_last;
  if (!l->history.here || (double)l->train->n < FRESH_GROWTH * (double)l->history.fresh_configs) return false;
  return !(part < POOR);
}

/* The other ranks wait for the run to go on, and it does not. */
static bool is_over(const mtp_learner *l) {
  return l->finished || l->ending || l->explored > 0.0;
}

static bool is_bad(const mtp_learner *l) {
  const double part = mtp_rmse(l->residual.force, l->residual.force_size);
  return l->history.here && part > BAD && part > WORSENING * l->history.full_error;
}

/* All parameters of a copy of `linear`, on all ranks while the run goes on. */
static mtp_status train(mtp_context *ctx, const mtp_learner *l, const mtp_potential *linear, bool fresh,
                        mtp_potential **out, mtp_train_result *result) {
  const mtp_comm *comm =
      l->options.comm && l->options.comm->size > 1 && l->options.start_helpers && !is_over(l) ? l->options.comm : NULL;
  mtp_train_options options = mtp_train_defaults();
  options.weights = l->options.weights;
  /* What is held out is drawn again for each training: one draw that refuses a good fit must not refuse all. */
  options.seed = l->options.seed + 0x9e3779b97f4a7c15ULL * (unsigned long long)l->train->n;
  const bool thorough = l->ending || must_fit(l);
  options.components = thorough ? LAST_COMPONENTS : COMPONENTS;
  options.economical = true;
  if (!l->options.wall) options.bending = 0.0;
  options.held_out = must_fit(l) ? 0.0 : HELD_OUT;
  options.max_iterations = thorough ? LAST_ITERATIONS : ITERATIONS;
  options.threads = l->options.threads;
  options.fresh = fresh;
  options.comm = comm;
  mtp_status status = mtp_potential_copy(ctx, linear, out);
  if (status != MTP_OK) return status;
  if (comm) l->options.start_helpers(l->options.helpers_user);
  status = mtp_train_samples(ctx, &options, *out, l->samples, NULL, result);
  if (comm) mtp_trainer_end_help(comm);
  return status;
}

/* So many data for each parameter that a fit to all of them tells as much as what it predicts: then errors of what was
 * held out, which is part of what the functions before were trained on, would only favour these. */
static bool has_plenty(const mtp_learner *l, const mtp_potential *pot) {
  double configs;
  return mtp_loop_force_components(l, &configs) >= COMPONENTS * (double)mtp_potential_parameter_count(pot);
}

static bool predicts_better(const mtp_train_result *r) {
  return !isfinite(r->held_out) || !isfinite(r->held_out_before) || r->held_out < BETTER * r->held_out_before;
}

/* A fit with new functions, and equations of its own. */
typedef struct trained_fit {
  mtp_potential *pot;
  mtp_normal *normal;
} trained_fit;

static void trained_clear(trained_fit *t) {
  mtp_normal_free(t->normal);
  mtp_potential_free(t->pot);
}

/* What is held out tells before there are equations. */
static bool is_out(const mtp_learner *l, const mtp_potential *pot, const mtp_train_result *r) {
  return l->options.refit != MTP_REFIT_FULL && !must_fit(l) && !has_plenty(l, pot) && !predicts_better(r);
}

/* What squeezed configurations leave counts where the others hardly lose by it: it may be any number, and functions
 * that fit these alone are of no use. Where what is held out does not count the first training is taken as it is, and
 * another one has to be better than that. */
static bool fits_better(const mtp_learner *l, const mtp_fitted *f, const trained_fit *t) {
  const bool untold = l->options.refit == MTP_REFIT_FULL || must_fit(l);
  if (untold ? !f->full : !has_plenty(l, t->pot)) return true;
  const mtp_normal *old = f->normal ? f->normal : l->normal;
  const double met = mtp_normal_loss_of_others(t->normal, linear_part(t->normal, t->pot)) /
                     mtp_normal_loss_of_others(old, linear_part(old, f->pot));
  return met < BETTER || (met < HARDLY_WORSE && mtp_loop_loss(t->normal, t->pot) < BETTER * mtp_loop_loss(old, f->pot));
}

static void adopt_trained(trained_fit *t, mtp_fitted *f) {
  mtp_potential_free(f->pot);
  mtp_normal_free(f->normal);
  f->pot = t->pot;
  f->normal = t->normal;
  f->full = true;
  *t = (trained_fit){0};
}

bool mtp_loop_may_improve(const mtp_learner *l) {
  const bool good = l->history.here && mtp_rmse(l->residual.force, l->residual.force_size) < GOOD;
  return l->options.refit != MTP_REFIT_LINEAR && has_enough(l) && !good;
}

/* One training, from nothing (`fresh`) or from where the functions are, which is taken if it is better. */
static mtp_status try_once(mtp_context *ctx, const mtp_learner *l, bool fresh, mtp_fitted *f) {
  trained_fit trained = {0};
  mtp_train_result result;
  if (!fresh && !l->history.trained) return MTP_OK; /* there is nothing to go on from */
  f->fresh = f->fresh || fresh;
  mtp_status status = train(ctx, l, f->pot, fresh, &trained.pot, &result);
  const bool out = status == MTP_OK && is_out(l, trained.pot, &result);
  if (status == MTP_OK && !out) status = mtp_loop_solve(ctx, l, trained.pot, &trained.normal);
  if (status == MTP_OK && !out && fits_better(l, f, &trained)) adopt_trained(&trained, f);
  trained_clear(&trained);
  return status;
}

/* Functions that go on from each other may be in a minimum that only a new start leaves. */
static mtp_status is_left_spoilt(mtp_context *ctx, const mtp_learner *l, const mtp_fitted *f, bool *is) {
  mtp_residual residual = {0};
  const mtp_status status = mtp_loop_measure(ctx, f->normal ? f->normal : l->normal, f->pot, &residual);
  *is = status == MTP_OK && is_spoilt(l, &residual);
  return status;
}

/* A new start if it is time for one, else or if that is no better from where the functions are; a bad fit tries the one
 * after the other in any case. */
static mtp_status try_all(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f) {
  const bool due = wants_fresh(l), either = due || is_bad(l);
  bool again = false;
  f->tried = true;
  mtp_status status = mtp_loop_raise_level(ctx, l, f);
  if (status == MTP_OK && !f->full) status = try_once(ctx, l, due, f);
  if (status == MTP_OK && !due) status = is_left_spoilt(ctx, l, f, &again);
  if (status == MTP_OK && ((either && !f->full) || again)) status = try_once(ctx, l, !due, f);
  return status;
}

/* ---- the fit ---- */

/* min_dist follows the data. */
static mtp_status follow_distances(mtp_context *ctx, const mtp_learner *l, mtp_potential *pot) {
  double smallest = INFINITY;
  for (int k = 0; k < mtp_loop_kinds(l); k++) smallest = fmin(smallest, fmin(l->near[k].known, l->near[k].squeezed));
  if (pot->radial.type != MTP_RADIAL_CHEBYSHEV || !(smallest < pot->radial.min_dist)) return MTP_OK;
  return mtp_potential_rebase(ctx, pot, 0.99 * smallest, pot->radial.size);
}

mtp_status mtp_loop_fit(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f) {
  f->squeezed = l->history.squeezed;
  mtp_status status = mtp_potential_copy(ctx, l->pot, &f->pot);
  if (status == MTP_OK) status = follow_distances(ctx, l, f->pot);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, l->normal, 0.0, f->pot);
  mtp_residual linear = {0};
  if (status == MTP_OK) status = mtp_loop_measure(ctx, l->normal, f->pot, &linear);
  return status == MTP_OK && is_due(l, &linear) ? try_all(ctx, l, f) : status;
}
