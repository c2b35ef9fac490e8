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
/* Where the wall begins, as a part of the shortest distance. */
#define BELOW 0.99

static bool is_labelled(const mtp_config *cfg) {
  return cfg->n > 0 && (cfg->has_energy || cfg->has_virial || cfg->force);
}

/* Linear coefficients with so many times the weight on squeezed configurations. */
static mtp_status fit_weighted(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot,
                               const mtp_sample_set *set, double factor) {
  mtp_normal *nq = NULL;
  mtp_status status = mtp_normal_new(ctx, pot, *weights, &nq);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    const bool heavy = set->sample[i]->kind == MTP_SAMPLE_SQUEEZED;
    if (is_labelled(set->sample[i]->config))
      status = mtp_normal_add_weighted(ctx, nq, set->sample[i], heavy ? factor : 1.0);
  }
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

static mtp_status add_wall(mtp_context *ctx, mtp_potential *pot, const mtp_sample_set *set) {
  double smallest;
  mtp_status status = smallest_distance(ctx, pot, set, &smallest);
  if (status == MTP_OK && BELOW * smallest != pot->radial.min_dist)
    status = mtp_potential_rebase(ctx, pot, BELOW * smallest, pot->radial.size);
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

static mtp_status mend(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot, const mtp_sample_set *set,
                       mtp_hole_places *places, mtp_wall_report *report) {
  mtp_potential *trial = NULL;
  bool falls = false;
  mtp_status status = look(ctx, pot, places, report, &falls);
  if (status != MTP_OK || !falls) return status;
  status = mtp_potential_copy(ctx, pot, &trial);
  double factor = RAISE;
  for (int k = 0; k < RAISES && status == MTP_OK && falls && has_squeezed(set); k++, factor *= RAISE) {
    status = fit_weighted(ctx, weights, trial, set, factor);
    if (status == MTP_OK) status = look(ctx, trial, places, report, &falls);
    if (status == MTP_OK && !falls) report->wall = MTP_WALL_WEIGHT;
  }
  if (status == MTP_OK && falls && pot->radial.type == MTP_RADIAL_CHEBYSHEV && !has_squeezed(set)) {
    mtp_potential_free(trial);
    trial = NULL;
    status = mtp_potential_copy(ctx, pot, &trial);
    if (status == MTP_OK) status = add_wall(ctx, trial, set);
    if (status == MTP_OK) status = look(ctx, trial, places, report, &falls);
    if (status == MTP_OK && !falls) report->wall = MTP_WALL_REPULS;
  }
  if (status == MTP_OK && !falls) status = mtp_potential_adopt(ctx, pot, trial);
  mtp_potential_free(trial);
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
