/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/wall.c
 * A fit that falls off a cliff below the distances of its data is mended: what is known there gets more weight, or a
 * wall of the file format is put there. */
#include <math.h>
#include <stdlib.h>

#include "learn/hole.h"
#include "learn/normal.h"
#include "model/model.h"
#include "mtp/trainer.h"
#include "support/support.h"

/* How often, and by what factor, the weight of squeezed configurations grows. */
#define RAISES 2
#define RAISE  10.0
/* Where the wall begins, as parts of the shortest distance: the first one that will do, since atoms that come nearer
 * than the data are better off with a fit that goes on than with a wall. */
static const double begins[] = {0.8, 0.85, 0.9, 0.95, 0.99};

static bool is_labelled(const mtp_config *cfg) {
  return cfg->n > 0 && (cfg->has_energy || cfg->has_virial || cfg->force);
}

/* Linear coefficients with so many times the weight on squeezed configurations. */
static mtp_status fit_weighted(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot,
                               const mtp_sample_set *set, double factor) {
  mtp_normal *nq = NULL;
  mtp_status status = mtp_normal_new(ctx, pot, *weights, &nq);
  mtp_sample_set_scale_squeezed(set, factor);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++)
    if (is_labelled(set->sample[i]->config)) status = mtp_normal_add_sample(ctx, nq, set->sample[i]);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, nq, 0.0, pot);
  mtp_normal_free(nq);
  return status;
}

static bool has_squeezed(const mtp_sample_set *set) {
  for (size_t i = 0; i < set->n; i++)
    if (set->sample[i]->kind == MTP_SAMPLE_SQUEEZED) return true;
  return false;
}

static mtp_status smallest_distance(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                                    double *smallest) {
  mtp_status status = MTP_OK;
  *smallest = INFINITY;
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    double here = INFINITY;
    if (set->sample[i]->kind == MTP_SAMPLE_SQUEEZED) continue;
    status = mtp_sample_smallest_distance(ctx, set->sample[i], pot->radial.max_dist, &here);
    *smallest = fmin(*smallest, here);
  }
  return status;
}

static mtp_status add_wall(mtp_context *ctx, mtp_potential *pot, double at) {
  const mtp_status status = at != pot->radial.min_dist ? mtp_potential_rebase(ctx, pot, at, pot->radial.size) : MTP_OK;
  if (status == MTP_OK) pot->radial.type = MTP_RADIAL_CHEBYSHEV_REPULS;
  return status;
}

/* Is it mended? What is not goes on being looked at. */
static mtp_status look(mtp_context *ctx, const mtp_potential *pot, mtp_hole_places *places, mtp_wall_report *r,
                       bool *falls) {
  mtp_hole hole;
  const mtp_status status = mtp_find_hole_at(ctx, pot, places, &hole);
  *falls = status == MTP_OK && hole.a >= 0;
  if (*falls && r->a < 0) *r = (mtp_wall_report){MTP_WALL_FAILED, hole.a, hole.b, hole.known, hole.r, hole.depth};
  mtp_hole_clear(&hole);
  return status;
}

/* *mended: the potential without holes, NULL if that cannot be had. */
static mtp_status try_weights(mtp_context *ctx, const mtp_weights *weights, const mtp_potential *pot,
                              const mtp_sample_set *set, mtp_hole_places *places, mtp_wall_report *report,
                              mtp_potential **mended) {
  bool falls = true;
  mtp_potential *trial = NULL;
  mtp_status status = mtp_potential_copy(ctx, pot, &trial);
  double factor = RAISE;
  for (int k = 0; k < RAISES && status == MTP_OK && falls; k++, factor *= RAISE) {
    status = fit_weighted(ctx, weights, trial, set, factor);
    if (status == MTP_OK) status = look(ctx, trial, places, report, &falls);
  }
  if (status == MTP_OK && !falls) {
    report->wall = MTP_WALL_WEIGHT;
    *mended = trial;
  } else {
    mtp_potential_free(trial);
  }
  return status;
}

static mtp_status try_walls(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                            mtp_hole_places *places, mtp_wall_report *report, mtp_potential **mended) {
  double smallest;
  mtp_status status = smallest_distance(ctx, pot, set, &smallest);
  for (size_t k = 0; k < sizeof begins / sizeof begins[0] && status == MTP_OK && !*mended; k++) {
    bool falls = true;
    mtp_potential *trial = NULL;
    status = mtp_potential_copy(ctx, pot, &trial);
    if (status == MTP_OK) status = add_wall(ctx, trial, begins[k] * smallest);
    if (status == MTP_OK) status = look(ctx, trial, places, report, &falls);
    if (status == MTP_OK && !falls) {
      report->wall = MTP_WALL_REPULS;
      *mended = trial;
    } else {
      mtp_potential_free(trial);
    }
  }
  return status;
}

static mtp_status mend(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot, const mtp_sample_set *set,
                       mtp_hole_places *places, mtp_wall_report *report) {
  mtp_potential *mended = NULL;
  bool falls = false;
  mtp_status status = look(ctx, pot, places, report, &falls);
  if (status != MTP_OK || !falls) return status;
  if (has_squeezed(set))
    status = try_weights(ctx, weights, pot, set, places, report, &mended);
  else if (pot->radial.type == MTP_RADIAL_CHEBYSHEV)
    status = try_walls(ctx, pot, set, places, report, &mended);
  if (mended) status = mtp_potential_adopt(ctx, pot, mended);
  mtp_potential_free(mended);
  return status;
}

mtp_status mtp_train_wall_on(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot,
                             const mtp_config_set *set, const mtp_baseline *baseline, mtp_wall_report *report) {
  if (!pot || !set || !weights || !report)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "wall: expected a potential, weights and configurations");
  *report = (mtp_wall_report){.wall = MTP_WALL_NONE, .a = -1, .b = -1};
  mtp_sample_set *samples = NULL;
  mtp_hole_places *places = NULL;
  mtp_status status = mtp_sample_set_borrow(ctx, set, &samples);
  if (status == MTP_OK) status = mtp_hole_places_new(ctx, pot, &places);
  if (status == MTP_OK) mtp_hole_places_set_baseline(places, baseline);
  if (status == MTP_OK) status = mtp_sample_set_keep_neighbors(ctx, samples, 0, pot->radial.max_dist, 1);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) status = mtp_hole_places_add(ctx, places, samples->sample[i]);
  if (status == MTP_OK) status = mend(ctx, weights, pot, samples, places, report);
  mtp_hole_places_free(places);
  mtp_sample_set_free(samples);
  return status;
}

mtp_status mtp_train_wall(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot, const mtp_config_set *set,
                          mtp_wall_report *report) {
  return mtp_train_wall_on(ctx, weights, pot, set, NULL, report);
}
