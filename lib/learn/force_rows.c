/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/force_rows.c
 * Rows of mode forces (QS2 of Podryabinkin and Shapeev 2017): all equations of a configuration, each by the root of its
 * weight in the default objective. By the linear coefficients alone, since those are what equations are of. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/rows.h"
#include "learn/weights.h"
#include "support/support.h"

#define ROWS_BESIDE_FORCES 7 /* the energy, then the components of the virial */

size_t mtp_force_rows_count(size_t atoms) {
  return 3 * atoms + ROWS_BESIDE_FORCES;
}

int mtp_force_row_atom(size_t row) {
  return row < ROWS_BESIDE_FORCES ? -1 : (int)((row - ROWS_BESIDE_FORCES) / 3);
}

static void add_scaled(size_t n, const double *from, double scale, double *to) {
  for (size_t k = 0; k < n; k++) to[k] += scale * from[k];
}

/* The objective sums over nine components of the virial. `stride` numbers a row. */
static void place_rows(const mtp_linear_rows *r, int species, const mtp_config *cfg, size_t stride, double *to) {
  const mtp_weights w = mtp_weights_default();
  const double atoms = (double)cfg->n, energy = sqrt(w.energy / atoms), stress = sqrt(w.stress / atoms);
  const bool whole = !cfg->force_mask, periodic = cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2];
  for (int s = 0; s < species && whole; s++) add_scaled(r->m, r->site + (size_t)s * r->m, energy, to);
  for (size_t k = 0; k < 6 && whole && periodic; k++)
    add_scaled(r->m, r->virial + k * r->m, k < 3 ? stress : sqrt(2.0) * stress, to + (1 + k) * stride);
  to += ROWS_BESIDE_FORCES * stride;
  for (size_t k = 0; k < 3 * cfg->n; k++)
    if (!mtp_config_is_masked(cfg, k / 3)) add_scaled(r->m, r->force + k * r->m, sqrt(w.force), to + k * stride);
}

mtp_status mtp_force_rows_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg,
                                  const mtp_neighbors *nb, double *rows) {
  const size_t n = mtp_potential_parameter_count(pot);
  const int species = mtp_potential_species_count(pot);
  const size_t m = (size_t)(species + mtp_potential_scalar_count(pot));
  mtp_plan *plan = NULL;
  mtp_linear_rows r = {0};
  mtp_status status = mtp_plan_new(ctx, pot, MTP_PLAN_FROZEN, 0, &plan);
  if (status == MTP_OK) status = mtp_linear_rows_compute(ctx, plan, nb, &r);
  if (status == MTP_OK) {
    memset(rows, 0, mtp_force_rows_count(cfg->n) * n * sizeof *rows);
    place_rows(&r, species, cfg, n, rows + n - m);
  }
  mtp_linear_rows_clear(&r);
  mtp_plan_free(plan);
  return status;
}

/* ---- grades ---- */

static mtp_status grade_rows(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot,
                             const mtp_sample *sample, double *grade, int *atom) {
  const mtp_mode mode = mtp_active_set_mode(as);
  const size_t n = mtp_potential_parameter_count(pot), m = mtp_rows_count(sample, mode);
  if (m == 0) { /* of a part of a system there is no row in mode configuration */
    *grade = 0.0;
    *atom = -1;
    return MTP_OK;
  }
  double *rows = mtp_alloc_aligned(m * n, sizeof *rows), *gamma = mtp_calloc(m, sizeof *gamma);
  mtp_evaluator *ev = NULL;
  mtp_status status = rows && gamma ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK && mode != MTP_MODE_FORCES) status = mtp_evaluator_new(ctx, pot, &ev);
  if (status == MTP_OK) status = mtp_rows_compute(ctx, ev, pot, sample, mode, rows);
  if (status == MTP_OK) status = mtp_active_set_grade(ctx, as, m, rows, gamma);
  size_t worst = 0;
  for (size_t k = 1; k < m && status == MTP_OK; k++)
    if (!(gamma[k] <= gamma[worst])) worst = k;
  if (status == MTP_OK) {
    *grade = isfinite(gamma[worst]) ? gamma[worst] : INFINITY;
    *atom = mode == MTP_MODE_FORCES ? mtp_force_row_atom(worst) : mode == MTP_MODE_NEIGHBOURHOOD ? (int)worst : -1;
  }
  mtp_evaluator_free(ev);
  free(rows);
  free(gamma);
  return status;
}

mtp_status mtp_active_set_grade_config(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot,
                                       const mtp_config *cfg, double *grade, int *atom) {
  if (!as || !pot || !cfg || !grade || !atom || cfg->n == 0)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: no configuration to grade");
  if (mtp_active_set_size(as) != mtp_potential_parameter_count(pot))
    return mtp_fail(ctx, MTP_ERR_STATE, "the active set has %zu columns, the potential %zu parameters",
                    mtp_active_set_size(as), mtp_potential_parameter_count(pot));
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= mtp_potential_species_count(pot))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: atom %zu has species %d, the potential has %d", i + 1,
                      cfg->species[i], mtp_potential_species_count(pot));
  mtp_sample sample = mtp_sample_of(cfg);
  sample.kind = MTP_SAMPLE_ORDINARY; /* what it was labelled for does not matter to its grade */
  return grade_rows(ctx, as, pot, &sample, grade, atom);
}
