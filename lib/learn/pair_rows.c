/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_rows.c
 * Powers of distances, cut off smoothly or summed over the lattice, for every pair of species. */
#include "learn/pair_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mtp/neighbors.h"
#include "support/support.h"

/* Where the cut begins, a part of the cutoff. */
#define TAPER 0.75

size_t mtp_pair_basis_pairs(const mtp_pair_basis *b) {
  return (size_t)b->species_count * (size_t)(b->species_count + 1) / 2;
}

static size_t powers_of(const mtp_pair_basis *b) {
  return (size_t)(b->last - b->first + 1);
}

size_t mtp_pair_basis_size(const mtp_pair_basis *b) {
  return mtp_pair_basis_pairs(b) * powers_of(b);
}

size_t mtp_pair_basis_pair(const mtp_pair_basis *b, int s, int t) {
  const size_t low = (size_t)(s < t ? s : t), high = (size_t)(s < t ? t : s);
  return low * (size_t)b->species_count - low * (low + 1) / 2 + high;
}

/* Two continuous derivatives, so that forces have none that jump. */
double mtp_pair_taper(double r, double cutoff, double *slope) {
  const double begin = TAPER * cutoff, u = (r - begin) / (cutoff - begin);
  *slope = 0.0;
  if (cutoff == 0.0 || u <= 0.0) return 1.0;
  if (u >= 1.0) return 0.0;
  *slope = -30.0 * u * u * (1.0 - u) * (1.0 - u) / (cutoff - begin);
  return 1.0 - u * u * u * (10.0 - u * (15.0 - 6.0 * u));
}

void mtp_pair_basis_at(const mtp_pair_basis *b, double r, double *value, double *slope) {
  double change;
  const double taper = mtp_pair_taper(r, b->cutoff, &change);
  double power = pow(r, -b->first);
  for (int k = b->first; k <= b->last; k++, power /= r) {
    value[k - b->first] = power * taper;
    slope[k - b->first] = power * (change - k * taper / r);
  }
}

/* ---- rows ---- */

typedef struct pair_sum {
  const mtp_pair_basis *basis;
  const mtp_config *cfg;
  double alpha; /* > 0: what is summed is the near part of a lattice sum */
  double *rows;
} pair_sum;

/* Half of the energy of a pair; the other half is added from its other end. d is from atom i to a neighbour, of species
 * t. */
static void add_pair(const pair_sum *s, size_t i, int t, const double d[3], double r) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  double value[MTP_PAIR_LAST + 1], slope[MTP_PAIR_LAST + 1];
  const size_t size = mtp_pair_basis_size(s->basis), powers = powers_of(s->basis);
  const size_t at = mtp_pair_basis_pair(s->basis, s->cfg->species[i], t) * powers;
  double *force = s->rows + (1 + 3 * i) * size + at, *virial = s->rows + (1 + 3 * s->cfg->n) * size + at;
  if (s->alpha > 0)
    mtp_lattice_near(s->basis, s->alpha, r, value, slope);
  else
    mtp_pair_basis_at(s->basis, r, value, slope);
  for (size_t q = 0; q < powers; q++) {
    s->rows[at + q] += 0.5 * value[q];
    for (size_t c = 0; c < 3; c++) force[c * size + q] += slope[q] * d[c] / r;
    for (size_t c = 0; c < 6; c++) virial[c * size + q] -= 0.5 * slope[q] * d[first[c]] * d[second[c]] / r;
  }
}

static mtp_status add_neighbors(mtp_context *ctx, const pair_sum *s, double reach) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, s->cfg, reach, &nb);
  for (size_t i = 0; status == MTP_OK && i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      const size_t j = (size_t)nb->list[i][k];
      const double d[3] = {nb->x[3 * j] - nb->x[3 * i], nb->x[3 * j + 1] - nb->x[3 * i + 1],
                           nb->x[3 * j + 2] - nb->x[3 * i + 2]};
      add_pair(s, i, nb->species[j], d, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
    }
  mtp_neighbors_free(nb);
  return status;
}

static void add_all_pairs(const pair_sum *s) {
  const double *x = s->cfg->x;
  for (size_t i = 0; i < s->cfg->n; i++)
    for (size_t j = 0; j < s->cfg->n; j++) {
      const double d[3] = {x[3 * j] - x[3 * i], x[3 * j + 1] - x[3 * i + 1], x[3 * j + 2] - x[3 * i + 2]};
      if (i != j) add_pair(s, i, s->cfg->species[j], d, sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]));
    }
}

static mtp_status add_lattice(mtp_context *ctx, pair_sum *s) {
  const mtp_config *cfg = s->cfg;
  const int directions = cfg->periodic[0] + cfg->periodic[1] + cfg->periodic[2];
  if (directions == 0 || cfg->n == 0) {
    add_all_pairs(s);
    return MTP_OK;
  }
  if (directions < 3)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED,
                    "lattice sums need a cell that is periodic in all directions, or in none: give a cutoff");
  /* as many neighbours of all atoms as reciprocal vectors for all */
  const double volume = mtp_config_volume(cfg);
  if (!(volume > 0) || !isfinite(volume)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the cell is singular, or not finite");
  s->alpha = sqrt(3.14159265358979323846) * pow((double)cfg->n / (volume * volume), 1.0 / 6.0);
  const mtp_status status = mtp_lattice_rows(ctx, s->basis, cfg, s->alpha, s->rows);
  return status == MTP_OK ? add_neighbors(ctx, s, MTP_LATTICE_REACH / s->alpha) : status;
}

mtp_status mtp_pair_rows(mtp_context *ctx, const mtp_pair_basis *b, const mtp_config *cfg, double **rows) {
  const size_t count = 1 + 3 * cfg->n + 6;
  pair_sum s = {.basis = b, .cfg = cfg};
  if (cfg->ghost) return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "ghost atoms: it is a part of a system");
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= b->species_count)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the pair part knows no species %d", cfg->species[i]);
  s.rows = mtp_calloc(count * mtp_pair_basis_size(b), sizeof *s.rows);
  if (!s.rows) return mtp_fail_memory(ctx);
  const mtp_status status = b->cutoff > 0 ? add_neighbors(ctx, &s, b->cutoff) : add_lattice(ctx, &s);
  if (status == MTP_OK)
    *rows = s.rows;
  else
    free(s.rows);
  return status;
}
