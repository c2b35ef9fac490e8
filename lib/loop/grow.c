/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/grow.c
 * `grow yes`: a run begins with few functions, which few labels determine, and goes up to the level of its file as the
 * data come to ask for more. Whether they do is what a part of them says that both levels are not fitted to: where the
 * linear fit of the next level predicts it better, the basis limits; where it does not, the data do. */
#include <math.h>
#include <stdlib.h>

#include "learn/level.h"
#include "learn/normal.h"
#include "loop/loop.h"
#include "model/model.h"
#include "support/support.h"

/* One configuration in so many is held out, of so many at least. */
#define PART  4
#define LEAST 5
/* The next level has to predict better than this part of the error: its new radial functions are not trained yet. */
#define BETTER 0.97
/* Force components for each parameter of the next level. */
#define DATA 3.0

mtp_status mtp_loop_start_low(mtp_context *ctx, mtp_learner *l) {
  const int level = mtp_potential_level(l->pot);
  const double noted = mtp_potential_note(l->pot, MTP_TOP_KEY);
  if (!l->options.grow) return MTP_OK;
  if (level == 0 || l->pot->radial.type != MTP_RADIAL_CHEBYSHEV)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED,
                    "grow yes needs a potential of a standard level with RBChebyshev functions: this one has no other "
                    "levels");
  l->history.top = noted > (double)level && noted <= MTP_HIGHEST_LEVEL ? (int)noted : level;
  if (mtp_potential_is_trained(l->pot)) return MTP_OK;
  return mtp_loop_take_level(ctx, l, mtp_level_above(0, level));
}

mtp_status mtp_loop_take_level(mtp_context *ctx, mtp_learner *l, int level) {
  mtp_potential *pot = NULL;
  if (level == mtp_potential_level(l->pot)) return MTP_OK;
  const mtp_status status = mtp_potential_at_level(ctx, l->pot, level, &pot);
  if (status != MTP_OK) return status;
  mtp_potential_free(l->pot);
  l->pot = pot;
  return MTP_OK;
}

/* ---- the next level ---- */

typedef struct split {
  mtp_sample **fitted, **held_out;
  size_t fitted_count, held_out_count;
} split;

static void split_clear(split *s) {
  free(s->fitted);
  free(s->held_out);
}

static mtp_status split_samples(mtp_context *ctx, const mtp_learner *l, split *s) {
  const size_t n = l->samples->n;
  size_t ordinary = 0;
  s->fitted = mtp_calloc(n, sizeof *s->fitted);
  s->held_out = mtp_calloc(n, sizeof *s->held_out);
  if (!s->fitted || !s->held_out) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < n; k++) {
    mtp_sample *sample = l->samples->sample[k];
    if (sample->kind == MTP_SAMPLE_ORDINARY && ordinary++ % PART == PART - 1)
      s->held_out[s->held_out_count++] = sample;
    else
      s->fitted[s->fitted_count++] = sample;
  }
  return MTP_OK;
}

/* RMS error of the forces of what is held out, by a linear fit of (a copy of) `pot` to the rest. */
static mtp_status held_out_error(mtp_context *ctx, const mtp_learner *l, const split *s, const mtp_potential *pot,
                                 double *error) {
  mtp_normal *fitted = NULL, *held_out = NULL;
  mtp_potential *copy = NULL;
  mtp_residual residual = {0};
  mtp_status status = mtp_potential_copy(ctx, pot, &copy);
  if (status == MTP_OK) status = mtp_normal_new(ctx, copy, l->options.weights, &fitted);
  if (status == MTP_OK) status = mtp_normal_new(ctx, copy, l->options.weights, &held_out);
  if (status == MTP_OK) status = mtp_normal_add_samples(ctx, fitted, s->fitted_count, s->fitted, l->options.threads);
  if (status == MTP_OK)
    status = mtp_normal_add_samples(ctx, held_out, s->held_out_count, s->held_out, l->options.threads);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, fitted, 0.0, copy);
  if (status == MTP_OK) status = mtp_loop_measure(ctx, held_out, copy, &residual);
  *error = mtp_rmse(residual.force, residual.forces);
  mtp_normal_free(fitted);
  mtp_normal_free(held_out);
  mtp_potential_free(copy);
  return status;
}

static bool has_data_for(const mtp_learner *l, const mtp_potential *pot) {
  double ordinary;
  const double components = mtp_loop_force_components(l, &ordinary);
  return ordinary >= LEAST && components >= DATA * (double)mtp_potential_parameter_count(pot);
}

/* The linear fit of the raised potential goes into `f`. */
static mtp_status adopt(mtp_context *ctx, const mtp_learner *l, mtp_potential *raised, mtp_fitted *f) {
  mtp_normal *normal = NULL;
  const mtp_status status = mtp_loop_solve(ctx, l, raised, &normal);
  if (status != MTP_OK) return status;
  mtp_potential_free(f->pot);
  mtp_normal_free(f->normal);
  f->pot = raised;
  f->normal = normal;
  return MTP_OK;
}

static mtp_status raise_once(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f, bool *raised) {
  mtp_potential *next = NULL;
  split s = {0};
  double now = NAN, then = NAN;
  *raised = false;
  const int level = mtp_potential_level(f->pot), above = mtp_level_above(level, l->history.top);
  if (above <= level) return MTP_OK;
  mtp_status status = mtp_potential_at_level(ctx, f->pot, above, &next);
  if (status == MTP_OK && has_data_for(l, next)) {
    status = split_samples(ctx, l, &s);
    if (status == MTP_OK) status = held_out_error(ctx, l, &s, f->pot, &now);
    if (status == MTP_OK) status = held_out_error(ctx, l, &s, next, &then);
    *raised = status == MTP_OK && then < BETTER * now;
  }
  if (*raised) {
    status = adopt(ctx, l, next, f);
    *raised = status == MTP_OK;
  }
  if (*raised)
    mtp_message(ctx, MTP_INFO, "level %d -> %d: what is held out is predicted to %.4g instead of %.4g eV/A", level,
                above, then, now);
  else
    mtp_potential_free(next);
  split_clear(&s);
  return status;
}

/* What a level is to be compared with: what it would cost more would bring little more. */
#define HIGHER 4

mtp_status mtp_loop_compare_higher(mtp_context *ctx, const mtp_learner *l, mtp_higher *out) {
  mtp_potential *next = NULL;
  split s = {0};
  mtp_higher h = {.level = mtp_potential_level(l->pot)};
  *out = (mtp_higher){0};
  if (h.level == 0 || l->pot->radial.type != MTP_RADIAL_CHEBYSHEV || h.level + HIGHER > MTP_HIGHEST_LEVEL)
    return MTP_OK;
  mtp_status status = mtp_potential_at_level(ctx, l->pot, h.level + HIGHER, &next);
  if (status == MTP_OK && has_data_for(l, next)) {
    status = split_samples(ctx, l, &s);
    if (status == MTP_OK) status = held_out_error(ctx, l, &s, l->pot, &h.now);
    if (status == MTP_OK) status = held_out_error(ctx, l, &s, next, &h.then);
    h.higher = h.level + HIGHER;
    if (status == MTP_OK) *out = h;
  }
  mtp_potential_free(next);
  split_clear(&s);
  return status;
}

bool mtp_loop_may_climb(const mtp_learner *l) {
  return l->options.grow && l->history.here && mtp_potential_level(l->pot) < l->history.top;
}

mtp_status mtp_loop_raise_level(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f) {
  bool raised = mtp_loop_may_climb(l);
  mtp_status status = MTP_OK;
  while (raised && status == MTP_OK) status = raise_once(ctx, l, f, &raised);
  return status;
}
