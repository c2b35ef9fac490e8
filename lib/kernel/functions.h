/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/functions.h
 * Stages of kernel/block.c and kernel/batch_block.c: radial functions of the slots, and the repulsion of close atoms.
 */
#ifndef MTP_FUNCTIONS_H
#define MTP_FUNCTIONS_H

#include "kernel/radial.h"
#include "kernel/state.h"

/* ---- radial functions ---- */

/* K and R are compile-time constants: the sums stay in registers. In most slots the neighbours of all lanes are of one
 * species; where a species begins or ends, each species fills its own lanes. */
INLINE void radial_all(const int K, const int R, block *b) {
  const mtp_plan *plan = b->plan;
  for (int s = 0; s < plan->nspecies; s++) {
    const size_t pair = mtp_plan_radial(plan, b->species, s);
    const species_range at = range_of(b, s);
    for (int k = at.first; k < at.last; k++) {
      vec *f = b->f + k * K, *df = b->df + k * K;
      if (k >= at.pure_first && k + 1 < at.pure_last) {
        radial_slots(2, K, R, plan, pair, b->r + k, f, df);
        k++;
        continue;
      }
      vec g[MTP_MAX_RADIAL_FUNCS], dg[MTP_MAX_RADIAL_FUNCS];
      const vec_mask mine = lanes_of(b, s, k);
      radial_slots(1, K, R, plan, pair, b->r + k, g, dg);
      for (int mu = 0; mu < K; mu++) f[mu] = where(mine, g[mu], f[mu]), df[mu] = where(mine, dg[mu], df[mu]);
    }
  }
}

/* The sizes that training chooses first have loops of their own; smaller ones cost half as much again without. 24 and
 * 28 would gain 2 % by it. Checked builds have one loop for all: it is the same arithmetic, and they would take minutes
 * to compile the others. */
#ifdef __SANITIZE_ADDRESS__
#define RADIAL_SIZES(K)
#else
#define RADIAL_SIZE(K, R)                                                                                              \
  case R:                                                                                                              \
    radial_all(K, R, b);                                                                                               \
    break;
#define RADIAL_SIZES(K) RADIAL_SIZE(K, 8) RADIAL_SIZE(K, 10) RADIAL_SIZE(K, 12) RADIAL_SIZE(K, 16) RADIAL_SIZE(K, 20)
#endif

#define RADIAL_CASE(K)                                                                                                 \
  case K:                                                                                                              \
    switch (b->plan->rsize) {                                                                                          \
      RADIAL_SIZES(K)                                                                                                  \
    default:                                                                                                           \
      radial_all(K, b->plan->rsize, b);                                                                                \
    }                                                                                                                  \
    break;

STAGE void radial_functions(block *b) {
  switch (b->plan->nradial) {
    RADIAL_CASE(1)
    RADIAL_CASE(2)
    RADIAL_CASE(3)
    RADIAL_CASE(4)
    RADIAL_CASE(5)
    RADIAL_CASE(6)
  default:
    radial_all(b->plan->nradial, b->plan->rsize, b);
  }
}

/* ---- repulsion ---- */

/* Below a = min_dist every directed neighbour adds 1e4 (exp(-10(r-1)) - exp(-10(a-1))) to the energy. Most blocks have
 * none so close, and only look. */
STAGE void add_repulsion(block *b) {
  const double a = b->plan->radial.min_dist, offset = exp(-10.0 * (a - 1.0));
  vec nearest = all(a);
  for (int k = 0; k < b->slots; k++) nearest = where(b->r[k] < nearest, b->r[k], nearest);
  b->close = 0;
  for (int l = 0; l < W; l++) b->close |= (double)nearest[l] < a;
  for (int k = 0; b->close && k < b->slots; k++)
    for (int l = 0; l < b->natoms; l++) {
      const double r = (double)b->r[k][l];
      if (r < a) b->repulsion[l] += 1e4 * (exp(-10.0 * (r - 1.0)) - offset);
    }
}

/* Its derivative, in the force pass. */
INLINE vec repulsion_slope(const mtp_radial *radial, vec r) {
  const double a = radial->min_dist;
  vec slope = {0};
  for (int l = 0; l < W; l++)
    if ((double)r[l] < a) slope[l] = (real)(-1e5 * exp(-10.0 * ((double)r[l] - 1.0)));
  return slope;
}

#endif
