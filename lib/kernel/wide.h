/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/wide.h
 * A stage of kernel/block.c in precision mixed, where energies are wanted: products of moments and the top level in
 * double. Site energies are what is left of terms up to a hundred times as large. Single precision is good for the sums
 * over neighbours, but what follows them would lose two digits more.
 *
 * A moment is PARTS vectors of doubles here, one after the other. Moments and adjoints go to single precision as soon
 * as they are known: what comes after the energies needs them there. */
#ifndef MTP_WIDE_H
#define MTP_WIDE_H

#include "kernel/contract.h"

#define WIDE_AT(moments, offset)                                                                                       \
  ((const dvec *)(const void *)((const char *)(moments) + PARTS * (unsigned long)(offset)))

INLINE void wide_group(const int width, const int height, const mtp_plan *plan, const mtp_group *g, dvec *wide,
                       vec *m) {
  const unsigned *factor = plan->factor_offset + g->factor, *partner = plan->partner_offset + g->partner;
  const int nrows = g->nrows;
  const double *p = plan->weight + g->factor;
  dvec s[MTP_MAX_SHARED][PARTS], *to = wide + PARTS * g->target;
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++)
    for (int part = 0; part < PARTS; part++) s[e][part] = p[e] * WIDE_AT(wide, factor[e])[part];
  for (int r = 0; r < nrows; r++, partner += width) {
    unsigned at[MTP_MAX_GROUP];
    dvec sum[4][PARTS];
    offsets(width, partner, at);
    for (int h = 0; h < height; h++)
      for (int part = 0; part < PARTS; part++) sum[h][part] = g->fresh ? (dvec){0} : to[PARTS * (h * nrows + r) + part];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++)
      for (int part = 0; part < PARTS; part++) {
        const dvec other = WIDE_AT(wide, at[e])[part];
        for (int h = 0; h < height; h++) sum[h][part] += s[h * width + e][part] * other;
      }
    for (int h = 0; h < height; h++) {
      for (int part = 0; part < PARTS; part++) to[PARTS * (h * nrows + r) + part] = sum[h][part];
      m[g->target + h * nrows + r] = narrow(sum[h]);
    }
  }
}

#define WIDE(width, height) wide_group(width, height, plan, g, wide, m)

/* What follows the reduced moments: all others, in double and in m. */
STAGE void wide_moments(const mtp_plan *plan, dvec *wide, vec *m) {
  for (int q = 0; q < plan->reduced[plan->nradial]; q++) widen(m[q], wide + PARTS * q);
  for (const mtp_fill *e = plan->fill; e < plan->fill + plan->nfill; e++) {
    dvec *to = wide + PARTS * e->target;
    const dvec *lower = wide + PARTS * e->lower, *xx = wide + PARTS * e->xx, *yy = wide + PARTS * e->yy;
    for (int part = 0; part < PARTS; part++) to[part] = lower[part] - xx[part] - yy[part];
    m[e->target] = narrow(to);
  }
  for (const mtp_group *g = plan->group; g < plan->group + plan->nlive_group; g++) FOR_SHAPE(g, WIDE)
}

/* Adjoints of all live moments; the energies of the lanes without their constants. */
STAGE void wide_couple(const mtp_plan *plan, const dvec *wide, vec *adj, dvec *energy) {
  const unsigned *coupled = plan->coupled;
  const double *linear = plan->linear.in_double, *by = plan->coupled_by.in_double;
  dvec twice[PARTS] = {{0}};
  for (const mtp_coupling *row = plan->coupling; row < plan->coupling + plan->nlive; row++, linear++) {
    dvec g[PARTS];
    for (int part = 0; part < PARTS; part++) g[part] = *linear - (dvec){0};
    int e = 0;
    for (; e + 1 < row->count; e += 2) {
      unsigned at[2];
      two_offsets(coupled + e, at);
      for (int part = 0; part < PARTS; part++) {
        g[part] += by[e] * WIDE_AT(wide, at[0])[part];
        g[part] += by[e + 1] * WIDE_AT(wide, at[1])[part];
      }
    }
    if (e < row->count)
      for (int part = 0; part < PARTS; part++) g[part] += by[e] * WIDE_AT(wide, coupled[e])[part];
    coupled += row->count;
    by += row->count;
    adj[row->moment] = narrow(g);
    for (int part = 0; part < PARTS; part++) twice[part] += wide[PARTS * row->moment + part] * (g[part] + *linear);
  }
  for (int part = 0; part < PARTS; part++) energy[part] = 0.5 * twice[part];
}

#endif
