/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut_relax.c
 * Atoms at the rim of a cut-out have lost their surroundings. They are moved downhill in the energy of the potential as
 * it is, which brings them to distances that it knows; how far they go does not matter, as the label is of where they
 * are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/cut.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* Steps, and the largest force that is worth another one (eV/A). */
#define STEPS   40
#define AT_REST 0.1
/* A: of the atom that moves farthest, in one step and in all. */
#define STRIDE 0.05
#define RANGE  0.8
/* A^2/eV, of the first step. */
#define MOBILITY 0.02

/* The largest force on an atom that may move; those on the others become zero. */
static double largest_force(const bool *fixed, mtp_config *cfg) {
  double largest = 0.0;
  for (size_t i = 0; i < cfg->n; i++) {
    double *f = cfg->force + 3 * i;
    if (fixed[i]) f[0] = f[1] = f[2] = 0.0;
    largest = fmax(largest, f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
  }
  return sqrt(largest);
}

static bool is_in_range(const mtp_config *cfg, const double *begin) {
  for (size_t i = 0; i < cfg->n; i++) {
    double square = 0.0;
    for (size_t c = 0; c < 3; c++) square += pow(cfg->x[3 * i + c] - begin[3 * i + c], 2);
    if (!(square <= RANGE * RANGE)) return false;
  }
  return true;
}

static void copy_state(mtp_config *to, const mtp_config *from) {
  memcpy(to->x, from->x, 3 * from->n * sizeof *to->x);
  memcpy(to->force, from->force, 3 * from->n * sizeof *to->force);
  to->energy = from->energy;
}

/* Moves atoms of `trial` that would come within the cutoff of a centre back to where they are in `best`. */
static void keep_out(const mtp_cut_rim *rim, const mtp_config *best, mtp_config *trial) {
  double basis[9], reciprocal[9];
  mtp_cell_complete(best->cell, best->periodic, basis);
  mtp_cell_reciprocal(basis, reciprocal);
  for (size_t i = 0; i < best->n; i++)
    for (size_t k = 0; k < best->n; k++) {
      if (rim->fixed[i] || !rim->center[k]) continue;
      double d[3];
      for (size_t c = 0; c < 3; c++) d[c] = trial->x[3 * i + c] - best->x[3 * k + c];
      mtp_cell_wrap(basis, reciprocal, best->periodic, d);
      if (mtp_dot(d, d) <= rim->cutoff * rim->cutoff) memcpy(trial->x + 3 * i, best->x + 3 * i, 3 * sizeof *best->x);
    }
}

/* What the atoms are moved by. */
typedef struct slope {
  mtp_evaluator *ev;
  const mtp_baseline *baseline; /* NULL: none */
  const mtp_cut_rim *rim;
} slope;

static mtp_status evaluate(mtp_context *ctx, const slope *s, mtp_config *cfg) {
  mtp_config *known = NULL;
  mtp_status status = mtp_evaluator_config(ctx, s->ev, cfg, 0);
  if (status != MTP_OK || !s->baseline) return status;
  status = mtp_baseline_compute(ctx, s->baseline, cfg, &known);
  if (status != MTP_OK) return status;
  cfg->energy += known->energy;
  for (size_t k = 0; k < 3 * cfg->n; k++) cfg->force[k] += known->force[k];
  mtp_config_free(known);
  return MTP_OK;
}

/* Downhill with steps that grow while they succeed; `best` is where it got. */
static mtp_status descend(mtp_context *ctx, const slope *s, const double *begin, mtp_config *best, mtp_config *trial) {
  double mobility = MOBILITY, largest = largest_force(s->rim->fixed, best);
  for (int step = 0; step < STEPS && largest > AT_REST && isfinite(largest); step++) {
    const double length = fmin(mobility, STRIDE / largest);
    for (size_t k = 0; k < 3 * best->n; k++) trial->x[k] = best->x[k] + length * best->force[k];
    keep_out(s->rim, best, trial);
    const mtp_status status = evaluate(ctx, s, trial);
    if (status != MTP_OK) return status;
    if (!is_in_range(trial, begin)) break;
    if (!(trial->energy < best->energy)) {
      mobility = 0.5 * length;
      continue;
    }
    mobility = 1.2 * length;
    largest = largest_force(s->rim->fixed, trial);
    copy_state(best, trial);
  }
  return MTP_OK;
}

mtp_status mtp_cut_relax(mtp_context *ctx, const mtp_potential *pot, const mtp_baseline *baseline,
                         const mtp_cut_rim *rim, mtp_config *cfg) {
  slope s = {NULL, baseline, rim};
  mtp_config *best = mtp_config_copy(cfg), *trial = mtp_config_copy(cfg);
  mtp_status status = best && trial ? mtp_evaluator_new(ctx, pot, &s.ev) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = evaluate(ctx, &s, best);
  if (status == MTP_OK) status = mtp_config_require_force(ctx, trial);
  if (status == MTP_OK) status = descend(ctx, &s, cfg->x, best, trial);
  if (status == MTP_OK) memcpy(cfg->x, best->x, 3 * cfg->n * sizeof *cfg->x);
  mtp_evaluator_free(s.ev);
  mtp_config_free(best);
  mtp_config_free(trial);
  return status;
}
