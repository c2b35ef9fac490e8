/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/radial.h
 * The radial functions on lanes: f_mu = weight(r) sum_j a_j U_j(xi), whatever polynomials the file has (see
 * kernel/series.c). */
#ifndef MTP_KERNEL_RADIAL_H
#define MTP_KERNEL_RADIAL_H

#include "kernel/lanes.h"
#include "kernel/plan.h"

/* Variable xi of the polynomials and weight of a radial basis (without its scaling), with its derivative by r;
 * slope_weight is what the derivative by xi is multiplied by. */
typedef struct radial_point {
  vec xi, weight, dweight, slope_weight;
} radial_point;

INLINE radial_point radial_weight(const mtp_radial *radial, vec r) {
  const real a = (real)radial->min_dist, rc = (real)radial->max_dist, width = rc - a;
  radial_point p;
  if (radial->type == MTP_RADIAL_SHAPEEV) {
    const vec q = (rc - r) * (a / width) / r;
    p.slope_weight = p.weight = q * q;
    p.dweight = -2 * q * (a / width) * rc / (r * r);
  } else {
    vec_mask inside = {0};
    if (radial->type == MTP_RADIAL_CHEBYSHEV_REPULS) { /* frozen at and below a */
      inside = r > all(a);
      r = where(inside, r, all(a));
    }
    const vec d = r - rc;
    p.slope_weight = p.weight = d * d;
    p.dweight = d + d;
    if (radial->type == MTP_RADIAL_CHEBYSHEV_REPULS) {
      p.slope_weight = where(inside, p.weight, (vec){0});
      p.dweight = where(inside, p.dweight, (vec){0});
    }
  }
  p.xi = ((real)2 / width) * r - (a + rc) / width;
  return p;
}

/* All mu of S successive slots. S, K and R are compile-time constants where they can be: the sums stay in registers. */
INLINE void radial_slots(const int S, const int K, const int R, const mtp_plan *plan, size_t pair, const vec *r, vec *f,
                         vec *df) {
  const real *a = IN_REAL(plan->radial_value) + pair, *b = IN_REAL(plan->radial_slope) + pair;
  radial_point at[2];
  vec u[2][MTP_MAX_RADIAL_SIZE];
  for (int s = 0; s < S; s++) {
    at[s] = radial_weight(&plan->radial, r[s]);
    const vec twice = at[s].xi + at[s].xi;
    u[s][1] = twice;
    for (int j = 2; j < R; j++) u[s][j] = j == 2 ? twice * twice - 1 : twice * u[s][j - 1] - u[s][j - 2];
  }
  for (int mu = 0; mu < K; mu++, a += R, b += R) {
    vec value[2], slope[2];
    for (int s = 0; s < S; s++) value[s] = all(a[0]), slope[s] = all(b[0]);
#pragma GCC unroll 8
    for (int j = 1; j < R; j++)
      for (int s = 0; s < S; s++) {
        value[s] += a[j] * u[s][j];
        if (j < R - 1) slope[s] += b[j] * u[s][j];
      }
    for (int s = 0; s < S; s++) {
      df[s * K + mu] = at[s].dweight * value[s] + at[s].slope_weight * slope[s];
      f[s * K + mu] = at[s].weight * value[s];
    }
  }
}

#endif
