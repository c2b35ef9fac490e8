/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/same_functions.c
 * Are the radial functions of a plan those of a potential? */
#include <math.h>
#include <string.h>

#include "learn/normal.h"
#include "model/model.h"

/* A radial function of `size` coefficients at r. */
static double function_at(const mtp_radial *radial, const double *c, double r, double *q) {
  double sum = 0;
  mtp_radial_values(radial, r, q, NULL);
  for (int k = 0; k < radial->size; k++) sum += c[k] * q[k];
  return sum;
}

/* Points in [min_dist, max_dist] at which functions are compared, and what rounding may make of them. */
#define POINTS 40
#define SAME   1e-9

bool mtp_plan_has_functions_of(const mtp_plan *plan, const mtp_potential *pot) {
  const mtp_radial *mine = &plan->radial, *its = &pot->radial;
  const int functions = pot->nspecies * pot->nspecies * pot->nradial;
  double q[MTP_MAX_RADIAL_SIZE];
  if (pot->nspecies != plan->nspecies || pot->nradial != plan->nradial || mine->max_dist != its->max_dist ||
      mine->type != its->type || pot->basis.nscalars != plan->nscalars)
    return false;
  if (mine->size == its->size && mine->min_dist == its->min_dist)
    return memcmp(pot->params, plan->params, mtp_offset_species(pot) * sizeof(double)) == 0;
  for (int f = 0; f < functions; f++) {
    const double *a = plan->params + (size_t)f * (size_t)mine->size;
    const double *b = pot->params + (size_t)f * (size_t)its->size;
    double largest = 0, deviation = 0;
    for (int k = 0; k < POINTS; k++) {
      const double r = its->min_dist + (its->max_dist - its->min_dist) * k / POINTS;
      const double value = function_at(mine, a, r, q);
      largest = fmax(largest, fabs(value));
      deviation = fmax(deviation, fabs(value - function_at(its, b, r, q)));
    }
    if (!(deviation <= SAME * largest)) return false;
  }
  return true;
}
