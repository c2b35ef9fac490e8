/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/lanes.h
 * Vectors of W lanes, and the radial functions on them: what the files that are compiled once per instruction set
 * share. MTP_ISA names the variant; the compiler's own macros say what it may use. */
#ifndef MTP_LANES_H
#define MTP_LANES_H

#include "kernel/plan.h"

#if defined(__AVX512F__)
#define W      8
#define UNROLL 4 /* 32 registers hold the running monomials of four neighbours */
#elif defined(__AVX2__)
#define W      4
#define UNROLL 2
#else
#define W      2
#define UNROLL 2
#endif

typedef double vec __attribute__((vector_size(W * sizeof(double))));

#define INLINE static inline __attribute__((always_inline))

INLINE vec all(double x) {
  return x - (vec){0};
}

/* What a comparison of two vectors gives: all bits set in the lanes where it holds. */
typedef long vec_mask __attribute__((vector_size(W * sizeof(long))));

INLINE vec where(vec_mask m, vec yes, vec no) {
  return (vec)((m & (vec_mask)yes) | (~m & (vec_mask)no));
}

/* Element e is the m[e]-th of the 2W elements of p and q. */
INLINE vec shuffle(vec p, vec q, vec_mask m) {
#if defined(__clang__)
  vec r;
  for (int e = 0; e < W; e++) r[e] = m[e] < W ? p[m[e]] : q[m[e] - W];
  return r;
#else
  return __builtin_shuffle(p, q, m);
#endif
}

#define VARIANT_(name, isa) name##_##isa
#define VARIANT2(name, isa) VARIANT_(name, isa)
#define VARIANT(name)       VARIANT2(name, MTP_ISA)

/* Variable xi of the polynomials and weight of a radial basis, with derivatives by r. */
typedef struct radial_point {
  vec xi, dxi, weight, dweight;
} radial_point;

INLINE radial_point radial_weight(const mtp_radial *radial, vec r) {
  const double a = radial->min_dist, rc = radial->max_dist, s = radial->scaling, width = rc - a;
  radial_point p = {.dxi = all(2.0 / width)};
  if (radial->type == MTP_RADIAL_SHAPEEV) {
    const vec q = (rc - r) * (a / width) / r;
    p.weight = s * q * q;
    p.dweight = -2.0 * s * q * (a / width) * rc / (r * r);
  } else {
    if (radial->type == MTP_RADIAL_CHEBYSHEV_REPULS) { /* frozen at and below a */
      const vec_mask inside = r > all(a);
      r = where(inside, r, all(a));
      p.dxi = where(inside, p.dxi, (vec){0});
      p.dweight = where(inside, 2.0 * s * (r - rc), (vec){0});
    } else
      p.dweight = 2.0 * s * (r - rc);
    p.weight = s * (r - rc) * (r - rc);
  }
  p.xi = (2.0 / width) * r - (a + rc) / width;
  return p;
}

/* f_mu = weight sum_k c_k p_k(xi), for all mu of one slot. */
INLINE void radial_slot(const int K, const mtp_plan *plan, const double *c, vec r, vec *f, vec *df) {
  const mtp_radial *radial = &plan->radial;
  const int R = plan->rsize;
  const radial_point at = radial_weight(radial, r);
  vec p = all(radial->start), dp = {0}, p0 = {0}, dp0 = {0}, sum[MTP_MAX_RADIAL_FUNCS], slope[MTP_MAX_RADIAL_FUNCS];
  for (int mu = 0; mu < K; mu++) sum[mu] = slope[mu] = (vec){0};
  for (int k = 0; k < R; k++) {
    for (int mu = 0; mu < K; mu++) {
      sum[mu] += c[mu * R + k] * p;
      slope[mu] += c[mu * R + k] * dp;
    }
    const vec step = radial->alpha[k] * at.xi + radial->beta[k];
    const vec next = step * p + radial->gamma[k] * p0;
    const vec dnext = step * dp + radial->alpha[k] * p + radial->gamma[k] * dp0;
    p0 = p, dp0 = dp, p = next, dp = dnext;
  }
  for (int mu = 0; mu < K; mu++) {
    df[mu] = at.dweight * sum[mu] + at.weight * at.dxi * slope[mu];
    f[mu] = at.weight * sum[mu];
  }
}

#endif
