/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_part.c
 * A pair potential of inverse powers, as it is evaluated. */
#include "learn/pair_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/weights.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Curvature of the parabola below the data, in |slope|/r: that of 1/r^12. */
#define STEEP 13.0
/* It begins so far below the shortest distance of the data: new ones will be a little shorter. */
#define BELOW 0.98

mtp_pair_part_options mtp_pair_part_defaults(void) {
  return (mtp_pair_part_options){MTP_PAIR_FIRST, MTP_PAIR_LAST, 10.0, mtp_weights_default()};
}

static mtp_status check_options(mtp_context *ctx, int species_count, const mtp_pair_part_options *o) {
  if (species_count < 1) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: no species");
  if (o->first_power < MTP_PAIR_FIRST || o->last_power > MTP_PAIR_LAST || o->first_power > o->last_power)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: powers from %d to %d are expected, not %d to %d", MTP_PAIR_FIRST,
                    MTP_PAIR_LAST, o->first_power, o->last_power);
  if (!(o->cutoff >= 0) || !isfinite(o->cutoff))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: the cutoff has to be a number that is not negative");
  return mtp_weights_check(ctx, &o->weights);
}

mtp_status mtp_pair_part_new(mtp_context *ctx, int species_count, const mtp_pair_part_options *options,
                             mtp_pair_part **out) {
  const mtp_pair_part_options o = options ? *options : mtp_pair_part_defaults();
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: expected a place for it");
  const mtp_status status = check_options(ctx, species_count, &o);
  if (status != MTP_OK) return status;
  mtp_pair_part *p = mtp_calloc(1, sizeof *p);
  if (!p) return mtp_fail_memory(ctx);
  p->basis = (mtp_pair_basis){species_count, o.first_power, o.last_power, o.cutoff};
  p->weights = o.weights;
  p->coefficient = mtp_calloc(mtp_pair_basis_size(&p->basis), sizeof *p->coefficient);
  p->constant = mtp_calloc((size_t)species_count, sizeof *p->constant);
  p->shortest = mtp_calloc(mtp_pair_basis_pairs(&p->basis), sizeof *p->shortest);
  if (!p->coefficient || !p->constant || !p->shortest) {
    mtp_pair_part_free(p);
    return mtp_fail_memory(ctx);
  }
  for (size_t k = 0; k < mtp_pair_basis_pairs(&p->basis); k++) p->shortest[k] = INFINITY;
  *out = p;
  return MTP_OK;
}

void mtp_pair_part_free(mtp_pair_part *p) {
  if (!p) return;
  free(p->coefficient);
  free(p->constant);
  free(p->shortest);
  free(p);
}

static bool has_pair(const mtp_pair_part *p, int s, int t) {
  return p && s >= 0 && t >= 0 && s < p->basis.species_count && t < p->basis.species_count;
}

double mtp_pair_part_coefficient(const mtp_pair_part *p, int s, int t, int k) {
  if (!has_pair(p, s, t) || k < p->basis.first || k > p->basis.last) return NAN;
  const size_t powers = (size_t)(p->basis.last - p->basis.first + 1);
  return p->coefficient[mtp_pair_basis_pair(&p->basis, s, t) * powers + (size_t)(k - p->basis.first)];
}

double mtp_pair_part_constant(const mtp_pair_part *p, int s) {
  return has_pair(p, s, s) ? p->constant[s] : NAN;
}

/* ---- the curve ---- */

static double power_sum(const mtp_pair_part *p, const mtp_pair_basis *basis, size_t pair, double r, double *slope) {
  double value[MTP_PAIR_LAST + 1], change[MTP_PAIR_LAST + 1], energy = 0.0;
  const size_t powers = (size_t)(basis->last - basis->first + 1);
  mtp_pair_basis_at(basis, r, value, change);
  *slope = 0.0;
  for (size_t k = 0; k < powers; k++) {
    energy += p->coefficient[pair * powers + k] * value[k];
    *slope += p->coefficient[pair * powers + k] * change[k];
  }
  return energy;
}

double mtp_pair_part_at(const mtp_pair_part *p, const mtp_pair_basis *basis, size_t pair, double r, double *slope) {
  const double begin = BELOW * p->shortest[pair];
  if (!isfinite(begin)) { /* nothing is known of such pairs */
    *slope = 0.0;
    return 0.0;
  }
  if (r >= begin) return power_sum(p, basis, pair, r, slope);
  double at_begin;
  const double energy = power_sum(p, basis, pair, begin, &at_begin), d = begin - r;
  const double curvature = STEEP * fabs(at_begin) / begin;
  *slope = at_begin - curvature * d;
  return energy - at_begin * d + 0.5 * curvature * d * d;
}

double mtp_pair_part_pair_energy(const mtp_pair_part *p, int s, int t, double r, double *force) {
  double slope;
  if (!has_pair(p, s, t) || !(r > 0)) return NAN;
  const double energy = mtp_pair_part_at(p, &p->basis, mtp_pair_basis_pair(&p->basis, s, t), r, &slope);
  if (force) *force = -slope;
  return energy;
}

/* ---- configurations ---- */

static void add_rows(const mtp_pair_part *p, const double *rows, mtp_config *cfg) {
  const size_t size = mtp_pair_basis_size(&p->basis);
  for (size_t k = 0; k < 1 + 3 * cfg->n + 6; k++) {
    double *to = k == 0 ? &cfg->energy : k <= 3 * cfg->n ? &cfg->force[k - 1] : &cfg->virial[k - 1 - 3 * cfg->n];
    *to = 0.0;
    for (size_t q = 0; q < size; q++) *to += p->coefficient[q] * rows[k * size + q];
  }
}

/* Pairs that are closer than in the data are not what the powers say. */
static void correct_pair(const mtp_pair_part *p, size_t pair, size_t i, const double d[3], double r, mtp_config *cfg) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  double is, was;
  const double energy = mtp_pair_part_at(p, &p->basis, pair, r, &is) - power_sum(p, &p->basis, pair, r, &was);
  const double slope = is - was;
  cfg->energy += 0.5 * energy;
  for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += slope * d[c] / r;
  for (int c = 0; c < 6; c++) cfg->virial[c] -= 0.5 * slope * d[first[c]] * d[second[c]] / r;
}

static mtp_status correct_close_pairs(mtp_context *ctx, const mtp_pair_part *p, mtp_config *cfg) {
  double reach = 0.0;
  for (size_t k = 0; k < mtp_pair_basis_pairs(&p->basis); k++)
    if (isfinite(p->shortest[k])) reach = fmax(reach, p->shortest[k]);
  if (!(reach > 0)) return MTP_OK;
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, cfg, reach, &nb);
  for (size_t i = 0; status == MTP_OK && i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      const size_t j = (size_t)nb->list[i][k], pair = mtp_pair_basis_pair(&p->basis, nb->species[i], nb->species[j]);
      double d[3];
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * j + c] - nb->x[3 * i + c];
      const double r = sqrt(mtp_dot(d, d));
      if (isfinite(p->shortest[pair]) && r < BELOW * p->shortest[pair]) correct_pair(p, pair, i, d, r, cfg);
    }
  mtp_neighbors_free(nb);
  return status;
}

mtp_status mtp_pair_part_compute(mtp_context *ctx, const mtp_pair_part *p, mtp_config *cfg) {
  double *rows = NULL;
  if (!p || !cfg) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: expected one, and a configuration");
  mtp_status status = mtp_pair_rows(ctx, &p->basis, cfg, &rows);
  if (status == MTP_OK) status = mtp_config_require_force(ctx, cfg);
  if (status == MTP_OK) {
    add_rows(p, rows, cfg);
    cfg->has_energy = cfg->has_virial = true;
    status = correct_close_pairs(ctx, p, cfg);
  }
  free(rows);
  return status;
}
