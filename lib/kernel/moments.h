/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/moments.h
 * Stages of kernel/block.c in the reduced basis: moments from neighbours, and from the adjoints of the moments back to
 * polynomials on the sphere at every neighbour. */
#ifndef MTP_MOMENTS_H
#define MTP_MOMENTS_H

#include "kernel/state.h"

/* ---- accumulation ---- */

/* Adds f x^a y^b z^c of U neighbours, c = 0 and 1. `nu` and U are compile-time constants: the loops unroll, and every
 * moment is loaded and stored once for U neighbours. */
INLINE void accumulate_slots(const int nu, const int U, const block *b, int mu, int k) {
  const int K = b->plan->nradial, half = (nu + 1) * (nu + 2) / 2;
  vec x[UNROLL], y[UNROLL], z[UNROLL], tx[UNROLL];
  for (int u = 0; u < U; u++) {
    x[u] = b->ux[k + u], y[u] = b->uy[k + u], z[u] = b->uz[k + u];
    tx[u] = b->f[(k + u) * K + mu];
  }
  vec *even = b->m + b->plan->reduced[mu], *odd = even + half;
#pragma GCC unroll 11
  for (int i = 0; i <= nu; i++) {
    vec t[UNROLL];
    for (int u = 0; u < U; u++) t[u] = tx[u];
#pragma GCC unroll 11
    for (int j = 0; j <= nu - i; j++) {
      vec s = t[0] + t[1];
      if (U == 4) s += t[U - 2] + t[U - 1];
      *even++ += s;
      if (i + j < nu) {
        vec q = *odd;
        for (int u = 0; u < U; u++) q += t[u] * z[u];
        *odd++ = q;
      }
      for (int u = 0; u < U; u++) t[u] *= y[u];
    }
    for (int u = 0; u < U; u++) tx[u] *= x[u];
  }
}

INLINE void accumulate_rank(const int nu, const block *b, int mu) {
  int k = 0;
  for (; k + UNROLL <= b->slots; k += UNROLL) accumulate_slots(nu, UNROLL, b, mu, k);
  if (UNROLL > 2 && k < b->slots) accumulate_slots(nu, 2, b, mu, k);
}

/* ---- Horner's scheme with derivatives ---- */

/* A polynomial A(y) + z B(y) of the neighbours k and k+1 and its derivatives by y and z. */
typedef struct row_value {
  vec value[2], slope[2], upper[2];
} row_value;

/* Of degree n in y and n-1 in z y; the coefficients are read from their ends. What is multiplied by zero in the first
 * two steps is left out by hand: the compiler has to honour not-a-number. */
INLINE row_value evaluate_row(const int n, const block *b, int k, const vec **even, const vec **odd) {
  row_value q;
  const vec last = *--*even;
  for (int u = 0; u < 2; u++) q.value[u] = last, q.slope[u] = q.upper[u] = (vec){0};
#pragma GCC unroll 11
  for (int j = n - 1; j >= 0; j--) {
    const vec low = *--*even, high = *--*odd;
    for (int u = 0; u < 2; u++) {
      const vec y = b->uy[k + u];
      q.slope[u] = j == n - 1 ? q.value[u] : q.slope[u] * y + q.value[u];
      q.value[u] = q.value[u] * y + (low + b->uz[k + u] * high);
      q.upper[u] = j == n - 1 ? high : q.upper[u] * y + high;
    }
  }
  return q;
}

/* P = sum adj x^a y^b z^c and its gradient (as a polynomial of independent x, y, z), added with the radial functions to
 * the derivatives of the neighbours. `nu` and `first` are compile-time constants. */
INLINE void differentiate_rank(const int nu, const int first, const block *b, int mu) {
  const int K = b->plan->nradial, half = (nu + 1) * (nu + 2) / 2;
  const vec *const c = b->adj + b->plan->reduced[mu];
  for (int k = 0; k < b->slots; k += 2) {
    const vec *even = c + half, *odd = c + (nu + 1) * (nu + 1);
    const row_value top = evaluate_row(0, b, k, &even, &odd);
    vec P[2], Px[2], Py[2], Pz[2];
    for (int u = 0; u < 2; u++) P[u] = top.value[u], Px[u] = Py[u] = Pz[u] = (vec){0};
#pragma GCC unroll 11
    for (int i = nu - 1; i >= 0; i--) {
      const row_value q = evaluate_row(nu - i, b, k, &even, &odd);
      for (int u = 0; u < 2; u++) {
        const vec x = b->ux[k + u];
        Px[u] = i == nu - 1 ? P[u] : Px[u] * x + P[u];
        P[u] = P[u] * x + q.value[u];
        Py[u] = i == nu - 1 ? q.slope[u] : Py[u] * x + q.slope[u];
        Pz[u] = i == nu - 1 ? q.upper[u] : Pz[u] * x + q.upper[u];
      }
    }
    for (int u = 0; u < 2; u++) {
      derivative *d = &b->derivative[k + u];
      const vec f = b->f[(k + u) * K + mu];
      const vec along = b->df[(k + u) * K + mu] * P[u];
      d->radial = first ? along : d->radial + along;
      if (first && nu == 0) d->x = d->y = d->z = (vec){0};
      if (nu > 0) {
        d->x = first ? f * Px[u] : d->x + f * Px[u];
        d->y = first ? f * Py[u] : d->y + f * Py[u];
        d->z = first ? f * Pz[u] : d->z + f * Pz[u];
      }
      b->polynomial[(k + u) * K + mu] = P[u]; /* the gradient by the radial coefficients needs it */
    }
  }
}

/* ---- for each rank ---- */

#define RANK_CASE(nu, call)                                                                                            \
  case nu:                                                                                                             \
    call(nu);                                                                                                          \
    break;
#define FOR_RANK(rank, call)                                                                                           \
  switch (rank) {                                                                                                      \
    RANK_CASE(0, call)                                                                                                 \
    RANK_CASE(1, call)                                                                                                 \
    RANK_CASE(2, call)                                                                                                 \
    RANK_CASE(3, call)                                                                                                 \
    RANK_CASE(4, call)                                                                                                 \
    RANK_CASE(5, call)                                                                                                 \
    RANK_CASE(6, call)                                                                                                 \
    RANK_CASE(7, call)                                                                                                 \
    RANK_CASE(8, call)                                                                                                 \
    RANK_CASE(9, call)                                                                                                 \
  default:                                                                                                             \
    call(MTP_MAX_RANK);                                                                                                \
  }

STAGE void accumulate(const block *b, int mu){
#define ACCUMULATE(nu) accumulate_rank(nu, b, mu)
    FOR_RANK(b->plan->rank[mu], ACCUMULATE)}

/* The first radial function writes the derivatives, the others add to them. */
STAGE void differentiate(const block *b, int mu) {
#define DIFFERENTIATE(nu)       differentiate_rank(nu, 0, b, mu)
#define DIFFERENTIATE_FIRST(nu) differentiate_rank(nu, 1, b, mu)
  if (mu > 0) {
    FOR_RANK(b->plan->rank[mu], DIFFERENTIATE)
  } else {
    FOR_RANK(b->plan->rank[mu], DIFFERENTIATE_FIRST)
  }
}

/* ---- to and from the full basis ---- */

STAGE void fill(const mtp_plan *plan, vec *m) {
  for (const mtp_fill *e = plan->fill; e < plan->fill + plan->nfill; e++)
    m[e->target] = m[e->lower] - m[e->xx] - m[e->yy];
}

/* The transpose of the fill. */
STAGE void fold(const mtp_plan *plan, vec *adj) {
  for (int k = plan->nfill - 1; k >= 0; k--) {
    const mtp_fill *e = &plan->fill[k];
    const vec t = adj[e->target];
    adj[e->lower] += t;
    adj[e->xx] -= t;
    adj[e->yy] -= t;
  }
}

#endif
