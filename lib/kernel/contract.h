/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/contract.h
 * Stages of kernel/block.c: products of moments and their adjoints. */
#ifndef MTP_CONTRACT_H
#define MTP_CONTRACT_H

#include "kernel/lanes.h"
#include "kernel/plan.h"

/* Factors of the largest group: 6 for two parallel targets, 3 for four. */
#define MTP_MAX_SHARED 12

/* ---- lookups ---- */

/* Moments are found by their offsets in bytes. Loads are what limits these loops, so two offsets are loaded at once. */
INLINE void two_offsets(const unsigned *from, unsigned *to) {
  unsigned long long both;
  memcpy(&both, from, sizeof both);
  to[0] = (unsigned)both;
  to[1] = (unsigned)(both >> 32);
}

INLINE void offsets(const int n, const unsigned *from, unsigned *to) {
#pragma GCC unroll 8
  for (int e = 0; e + 1 < n; e += 2) two_offsets(from + e, to + e);
  if (n & 1) to[n - 1] = from[n - 1];
}

#define AT(moments, offset)       (*(vec *)(void *)((char *)(moments) + (offset)))
#define CONST_AT(moments, offset) (*(const vec *)(const void *)((const char *)(moments) + (offset)))

/* ---- groups: for each width and height, the shared factors and their adjoints stay in registers ---- */

INLINE void group_forward(const int width, const int height, const mtp_plan *plan, const mtp_group *g, vec *m) {
  const unsigned *factor = plan->factor_offset + g->factor, *partner = plan->partner_offset + g->partner;
  const int nrows = g->nrows;
  const double *p = plan->weight + g->factor;
  vec s[MTP_MAX_SHARED], *target = m + g->target;
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) s[e] = (real)p[e] * CONST_AT(m, factor[e]);
  for (int r = 0; r < nrows; r++, partner += width) {
    unsigned at[MTP_MAX_GROUP];
    vec sum[4];
    offsets(width, partner, at);
    for (int h = 0; h < height; h++) sum[h] = g->fresh ? (vec){0} : target[h * nrows + r];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) {
      const vec other = CONST_AT(m, at[e]);
      for (int h = 0; h < height; h++) sum[h] += s[h * width + e] * other;
    }
    for (int h = 0; h < height; h++) target[h * nrows + r] = sum[h];
  }
}

INLINE void group_backward(const int width, const int height, const mtp_plan *plan, const mtp_group *g, const vec *m,
                           vec *adj) {
  const unsigned *factor = plan->factor_offset + g->factor, *partner = plan->partner_offset + g->partner;
  const int nrows = g->nrows;
  const double *p = plan->weight + g->factor;
  const vec *target = adj + g->target;
  vec s[MTP_MAX_SHARED], d[MTP_MAX_SHARED];
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) s[e] = (real)p[e] * CONST_AT(m, factor[e]), d[e] = (vec){0};
  for (int r = 0; r < nrows; r++, partner += width) {
    unsigned at[MTP_MAX_GROUP];
    vec t[4];
    offsets(width, partner, at);
    for (int h = 0; h < height; h++) t[h] = target[h * nrows + r];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) {
      const vec other = CONST_AT(m, at[e]);
      vec sum = t[0] * s[e]; /* summed before it meets the adjoint, which may still be on its way from the last row */
      d[e] += t[0] * other;
      for (int h = 1; h < height; h++) {
        d[h * width + e] += t[h] * other;
        sum += t[h] * s[h * width + e];
      }
      AT(adj, at[e]) += sum;
    }
  }
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) AT(adj, factor[e]) += (real)p[e] * d[e];
}

#define SHAPE(width, height) (4 * (width) + (height)-1)
#define SHAPE_CASE(width, height, call)                                                                                \
  case SHAPE(width, height):                                                                                           \
    call(width, height);                                                                                               \
    break;
#define FOR_SHAPE(g, call)                                                                                             \
  switch (SHAPE((g)->width, (g)->height)) {                                                                            \
    SHAPE_CASE(1, 1, call)                                                                                             \
    SHAPE_CASE(1, 2, call)                                                                                             \
    SHAPE_CASE(1, 4, call)                                                                                             \
    SHAPE_CASE(2, 1, call)                                                                                             \
    SHAPE_CASE(2, 2, call)                                                                                             \
    SHAPE_CASE(2, 4, call)                                                                                             \
    SHAPE_CASE(3, 1, call)                                                                                             \
    SHAPE_CASE(3, 2, call)                                                                                             \
    SHAPE_CASE(3, 4, call)                                                                                             \
    SHAPE_CASE(4, 1, call)                                                                                             \
    SHAPE_CASE(4, 2, call)                                                                                             \
    SHAPE_CASE(5, 1, call)                                                                                             \
    SHAPE_CASE(5, 2, call)                                                                                             \
    SHAPE_CASE(6, 1, call)                                                                                             \
    SHAPE_CASE(6, 2, call)                                                                                             \
    SHAPE_CASE(7, 1, call)                                                                                             \
    SHAPE_CASE(8, 1, call)                                                                                             \
  default:                                                                                                             \
    break;                                                                                                             \
  }
#define FORWARD(width, height)  group_forward(width, height, plan, g, m)
#define BACKWARD(width, height) group_backward(width, height, plan, g, m, adj)

/* Groups first..last-1. */
STAGE void contract(const mtp_plan *plan, int first, int last, vec *m) {
  for (const mtp_group *g = plan->group + first; g < plan->group + last; g++) FOR_SHAPE(g, FORWARD)
}

STAGE void adjoint_contract(const mtp_plan *plan, const vec *m, vec *adj) {
  for (int k = plan->nlive_group - 1; k >= 0; k--) {
    const mtp_group *g = &plan->group[k];
    FOR_SHAPE(g, BACKWARD)
  }
}

/* ---- the top level ---- */

/* Adjoints g = l + C.m of all live moments; returns the energies m.(l + g)/2 if they are wanted. Of tangents, l is left
 * out. */
INLINE vec couple_all(const int energies, const int tangent, const mtp_plan *plan, const vec *m, vec *adj) {
  const unsigned *coupled = plan->coupled;
  const real *linear = IN_REAL(plan->linear), *by = IN_REAL(plan->coupled_by);
  vec twice = {0};
  for (const mtp_coupling *row = plan->coupling; row < plan->coupling + plan->nlive; row++, linear++) {
    const vec l = tangent ? (vec){0} : all(*linear);
    vec g = l;
    int e = 0;
    for (; e + 1 < row->count; e += 2) {
      unsigned at[2];
      two_offsets(coupled + e, at);
      g += by[e] * CONST_AT(m, at[0]);
      g += by[e + 1] * CONST_AT(m, at[1]);
    }
    if (e < row->count) g += by[e] * CONST_AT(m, coupled[e]);
    coupled += row->count;
    by += row->count;
    adj[row->moment] = g;
    if (energies) twice += m[row->moment] * (g + l);
  }
  return (real)0.5 * twice;
}

STAGE void couple(const mtp_plan *plan, const vec *m, vec *adj) {
  couple_all(0, 0, plan, m, adj);
}

#ifndef MTP_MIXED
STAGE vec couple_with_energies(const mtp_plan *plan, const vec *m, vec *adj) {
  return couple_all(1, 0, plan, m, adj);
}
#endif

#endif
