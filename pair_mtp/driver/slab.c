/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/slab.c
 * How far images must be apart, and the field of their dipoles. */
#include "slab.h"

#include <math.h>
#include <string.h>

#include "config/lammps.h"
#include "support/support.h"

/* Images of a charge pattern with period L decay as exp(-2 pi gap/L): with two periods as well as LAMMPS with slab 3.0,
 * to 4e-6. Pairs must not meet across the gap. */
#define PERIODS   2.0
#define THICK     2.0
#define LEAST_GAP 30.0 /* A */
/* Heights are multiples of this (A), so that the cell stays what it is while atoms move, and an instance with it. */
#define ROUNDED 10.0

bool mtp_slab_is(const mtp_config *cfg) {
  return cfg->periodic[0] && cfg->periodic[1] && !cfg->periodic[2];
}

static double area_and_normal(const mtp_config *cfg, double normal[3]) {
  const double *a = cfg->cell, *b = cfg->cell + 3;
  for (int k = 0; k < 3; k++) normal[k] = a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
  const double area = sqrt(mtp_dot(normal, normal));
  for (int k = 0; k < 3 && area > 0.0; k++) normal[k] /= area;
  return area;
}

bool mtp_slab_extend(const mtp_config *cfg, mtp_config *slab) {
  double normal[3], low = INFINITY, high = -INFINITY;
  if (!(area_and_normal(cfg, normal) > 0.0)) return false;
  for (size_t i = 0; i < cfg->n; i++) {
    low = fmin(low, mtp_dot(normal, cfg->x + 3 * i));
    high = fmax(high, mtp_dot(normal, cfg->x + 3 * i));
  }
  const double longest = sqrt(fmax(mtp_dot(cfg->cell, cfg->cell), mtp_dot(cfg->cell + 3, cfg->cell + 3)));
  const double thick = cfg->n ? high - low : 0.0;
  const double gap = fmax(LEAST_GAP, fmax(THICK * thick, PERIODS * longest));
  const double height = ROUNDED * ceil((thick + gap) / ROUNDED);
  *slab = *cfg;
  for (int k = 0; k < 3; k++) slab->cell[6 + k] = height * normal[k];
  slab->periodic[2] = true;
  return true;
}

void mtp_slab_correct(const mtp_config *slab, const double *charge, double unit, double *energy, double *force) {
  const double pi = 3.14159265358979323846;
  double normal[3], sum = 0.0, dipole = 0.0, square = 0.0;
  const double area = area_and_normal(slab, normal), height = sqrt(mtp_dot(slab->cell + 6, slab->cell + 6));
  const double factor = unit * 2.0 * pi / (area * height);
  for (size_t i = 0; i < slab->n; i++) {
    const double z = mtp_dot(normal, slab->x + 3 * i);
    sum += charge[i];
    dipole += charge[i] * z;
    square += charge[i] * z * z;
  }
  *energy += factor * (dipole * dipole - sum * square - sum * sum * height * height / 12.0);
  for (size_t i = 0; i < slab->n; i++) {
    const double z = mtp_dot(normal, slab->x + 3 * i);
    for (int k = 0; k < 3; k++) force[3 * i + (size_t)k] -= 2.0 * factor * charge[i] * (dipole - sum * z) * normal[k];
  }
}
