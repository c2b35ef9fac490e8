/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/pairs.c
 * The closest atoms of a configuration. */
#include "config/pairs.h"

#include <math.h>

#include "support/support.h"

static double distance2(const mtp_neighbors *nb, size_t i, size_t k, double d[3]) {
  double sum = 0;
  for (int c = 0; c < 3; c++) {
    d[c] = nb->x[3 * k + (size_t)c] - nb->x[3 * i + (size_t)c];
    sum += d[c] * d[c];
  }
  return sum;
}

static void note_distance(mtp_close_pair *p, double cutoff, const mtp_neighbors *nb, size_t i, size_t k) {
  double d[3];
  const double r2 = distance2(nb, i, k, d);
  if (!(r2 < p->r * p->r) || !(sqrt(r2) < cutoff)) return;
  *p = (mtp_close_pair){.i = i, .j = (size_t)nb->owner[k], .d = {d[0], d[1], d[2]}, .r = sqrt(r2)};
}

/* Pairs of one molecule are `within` places behind the others. */
static void find_closest(const mtp_neighbors *nb, double cutoff, int species_count, const bool *busy,
                         const size_t *unit, int within, mtp_close_pair *pair) {
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t k = (size_t)nb->list[i][q];
      const int a = nb->species[i], b = nb->species[k];
      const size_t j = (size_t)nb->owner[k];
      const int kind = a * species_count + b + (unit && unit[i] == unit[j] ? within : 0);
      if (a <= b && j != i && !(busy && (busy[i] || busy[j]))) note_distance(&pair[kind], cutoff, nb, i, k);
    }
}

void mtp_neighbors_closest_pairs(const mtp_neighbors *nb, double cutoff, int species_count, const bool *busy,
                                 mtp_close_pair *pair) {
  for (int k = 0; k < species_count * species_count; k++) pair[k] = (mtp_close_pair){.r = INFINITY};
  find_closest(nb, cutoff, species_count, busy, NULL, 0, pair);
}

void mtp_neighbors_closest_contacts(const mtp_neighbors *nb, double cutoff, int species_count, const bool *busy,
                                    const size_t *unit, mtp_close_pair *pair) {
  const int kinds = species_count * species_count;
  for (int k = 0; k < 2 * kinds; k++) pair[k] = (mtp_close_pair){.r = INFINITY};
  find_closest(nb, cutoff, species_count, busy, unit, kinds, pair);
}

mtp_status mtp_config_closest_pairs(mtp_context *ctx, const mtp_config *cfg, double cutoff, int species_count,
                                    const bool *busy, mtp_close_pair *pair) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, cfg, cutoff, &nb);
  if (status != MTP_OK) return status;
  mtp_neighbors_closest_pairs(nb, cutoff, species_count, busy, pair);
  mtp_neighbors_free(nb);
  return MTP_OK;
}

double mtp_neighbors_smallest_distance(const mtp_neighbors *nb) {
  double smallest = INFINITY, d[3];
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) smallest = fmin(smallest, distance2(nb, i, (size_t)nb->list[i][q], d));
  return sqrt(smallest);
}

mtp_status mtp_config_smallest_distance(mtp_context *ctx, const mtp_config *cfg, double cutoff, double *distance) {
  if (!distance) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "smallest distance: expected a place for it");
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, cfg, cutoff, &nb);
  if (status != MTP_OK) return status;
  *distance = mtp_neighbors_smallest_distance(nb);
  mtp_neighbors_free(nb);
  return MTP_OK;
}
