/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/tangent.h
 * Stages of kernel/batch_block.c: derivatives of the moments along a displacement of the atoms, and adjoints of them.
 * `a` stands for adjoints of moments, `b` for adjoints of tangent moments, which are those of the force pass. */
#ifndef MTP_TANGENT_H
#define MTP_TANGENT_H

#include "kernel/contract.h"
#include "kernel/moments.h"

/* Of a neighbour: s = d.u along the bond, (d - s u)/r across it. */
typedef struct tangent {
  vec along, x, y, z;
} tangent;

/* d = direction_j - direction_i + strain r. */
STAGE void displace(const block *b, double *direction, const vec *strain, tangent *t) {
  const columns centre = load_points(direction, b->centre);
  const vec xx = strain[0], yy = strain[1], zz = strain[2], xy = strain[3], xz = strain[4], yz = strain[5];
  for (int k = 0; k < b->slots; k++) {
    const columns at = load_points(direction, b->neighbour + k * W);
    const vec x = b->ux[k], y = b->uy[k], z = b->uz[k], r = b->r[k], rinv = b->rinv[k];
    const vec dx = at.x - centre.x + r * (xx * x + xy * y + xz * z);
    const vec dy = at.y - centre.y + r * (xy * x + yy * y + yz * z);
    const vec dz = at.z - centre.z + r * (xz * x + yz * y + zz * z);
    const vec along = dx * x + dy * y + dz * z;
    t[k] = (tangent){along, (dx - along * x) * rinv, (dy - along * y) * rinv, (dz - along * z) * rinv};
  }
}

/* ---- moments ---- */

/* Adds the tangents of f x^a y^b z^c of the neighbours k and k+1, c = 0 and 1. */
INLINE void accumulate_tangent_slots(const int nu, const block *b, const tangent *at, int mu, int k, vec *even) {
  const int K = b->plan->nradial;
  vec x[2], y[2], z[2], dx[2], dy[2], dz[2], tx[2], dtx[2], *odd = even + (nu + 1) * (nu + 2) / 2;
  for (int u = 0; u < 2; u++) {
    x[u] = b->ux[k + u], y[u] = b->uy[k + u], z[u] = b->uz[k + u];
    dx[u] = at[k + u].x, dy[u] = at[k + u].y, dz[u] = at[k + u].z;
    tx[u] = b->f[(k + u) * K + mu];
    dtx[u] = b->df[(k + u) * K + mu] * at[k + u].along;
  }
#pragma GCC unroll 11
  for (int i = 0; i <= nu; i++) {
    vec t[2], dt[2];
    for (int u = 0; u < 2; u++) t[u] = tx[u], dt[u] = dtx[u];
#pragma GCC unroll 11
    for (int j = 0; j <= nu - i; j++) {
      *even++ += dt[0] + dt[1];
      if (i + j == nu) break;
      *odd++ += (dt[0] * z[0] + t[0] * dz[0]) + (dt[1] * z[1] + t[1] * dz[1]);
      for (int u = 0; u < 2; u++) {
        dt[u] = dt[u] * y[u] + t[u] * dy[u];
        t[u] *= y[u];
      }
    }
    for (int u = 0; u < 2; u++) {
      dtx[u] = dtx[u] * x[u] + tx[u] * dx[u];
      tx[u] *= x[u];
    }
  }
}

STAGE void accumulate_tangent(const block *b, const tangent *at, int mu, vec *dm) {
  dm += b->plan->reduced[mu];
#define ACCUMULATE_TANGENT(nu)                                                                                         \
  for (int k = 0; k < b->slots; k += 2) accumulate_tangent_slots(nu, b, at, mu, k, dm)
  FOR_RANK(b->plan->rank[mu], ACCUMULATE_TANGENT)
}

/* ---- products ---- */

/* target += d(p m_left m_right) + energy p m_left m_right. */
INLINE void group_tangent(const int width, const int height, const mtp_plan *plan, const mtp_group *g, int fresh,
                          vec energy, const vec *m, const vec *dm, vec *target) {
  const unsigned *factor = plan->factor_offset + g->factor, *partner = plan->partner_offset + g->partner;
  const int nrows = g->nrows;
  const double *p = plan->weight + g->factor;
  vec s[MTP_MAX_SHARED], ds[MTP_MAX_SHARED];
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) {
    s[e] = p[e] * CONST_AT(m, factor[e]);
    ds[e] = p[e] * CONST_AT(dm, factor[e]) + energy * s[e];
  }
  for (int r = 0; r < nrows; r++, partner += width) {
    unsigned at[MTP_MAX_GROUP];
    vec sum[4];
    offsets(width, partner, at);
    for (int h = 0; h < height; h++) sum[h] = fresh ? (vec){0} : target[h * nrows + r];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) {
      const vec other = CONST_AT(m, at[e]), tangent = CONST_AT(dm, at[e]);
      for (int h = 0; h < height; h++) sum[h] += s[h * width + e] * tangent + ds[h * width + e] * other;
    }
    for (int h = 0; h < height; h++) target[h * nrows + r] = sum[h];
  }
}

/* a_left += p (a_target m_right + b_target dm_right), and the same for the right one. */
INLINE void group_second(const int width, const int height, const mtp_plan *plan, const mtp_group *g, const vec *m,
                         const vec *dm, const vec *b, vec *a) {
  const unsigned *factor = plan->factor_offset + g->factor, *partner = plan->partner_offset + g->partner;
  const int nrows = g->nrows;
  const double *p = plan->weight + g->factor;
  const vec *target = a + g->target, *target_b = b + g->target;
  vec s[MTP_MAX_SHARED], ds[MTP_MAX_SHARED], d[MTP_MAX_SHARED];
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) {
    s[e] = p[e] * CONST_AT(m, factor[e]);
    ds[e] = p[e] * CONST_AT(dm, factor[e]);
    d[e] = (vec){0};
  }
  for (int r = 0; r < nrows; r++, partner += width) {
    unsigned at[MTP_MAX_GROUP];
    vec t[4], tb[4];
    offsets(width, partner, at);
    for (int h = 0; h < height; h++) t[h] = target[h * nrows + r], tb[h] = target_b[h * nrows + r];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) {
      const vec other = CONST_AT(m, at[e]), tangent = CONST_AT(dm, at[e]);
      vec sum = t[0] * s[e] + tb[0] * ds[e];
      d[e] += t[0] * other + tb[0] * tangent;
      for (int h = 1; h < height; h++) {
        d[h * width + e] += t[h] * other + tb[h] * tangent;
        sum += t[h] * s[h * width + e] + tb[h] * ds[h * width + e];
      }
      AT(a, at[e]) += sum;
    }
  }
#pragma GCC unroll 12
  for (int e = 0; e < height * width; e++) AT(a, factor[e]) += p[e] * d[e];
}

#define TANGENT(width, height) group_tangent(width, height, plan, g, g->fresh, (vec){0}, m, dm, dm + g->target)
#define TOP(width, height)     group_tangent(width, height, plan, g, 0, energy, m, dm, sum + g->target - plan->nlive)
#define SECOND(width, height)  group_second(width, height, plan, g, m, dm, b, a)

STAGE void contract_tangent(const mtp_plan *plan, const vec *m, vec *dm) {
  for (const mtp_group *g = plan->group; g < plan->group + plan->nlive_group; g++) FOR_SHAPE(g, TANGENT)
}

/* Adds energy B + dB of the scalars B that are never formed to sums over blocks: their part of the gradient. */
STAGE void contract_top(const mtp_plan *plan, vec energy, const vec *m, const vec *dm, vec *sum) {
  for (const mtp_group *g = plan->group + plan->nlive_group; g < plan->group + plan->ngroup; g++) FOR_SHAPE(g, TOP)
}

STAGE void adjoint_contract_second(const mtp_plan *plan, const vec *m, const vec *dm, const vec *b, vec *a) {
  for (int k = plan->nlive_group - 1; k >= 0; k--) {
    const mtp_group *g = &plan->group[k];
    FOR_SHAPE(g, SECOND)
  }
}

/* a = C.dm. */
STAGE void couple_tangent(const mtp_plan *plan, const vec *dm, vec *a) {
  couple_all(0, 1, plan, dm, a);
}

/* ---- back to the neighbours ---- */

/* A polynomial of y, and the sum of its tangent and of another polynomial. */
typedef struct dual {
  vec value[2], sum[2];
} dual;

typedef struct dual_row {
  const vec *even, *odd;
} dual_row;

/* Of degree n in y and n-1 in z y; the coefficients are read from their ends. */
INLINE dual evaluate_dual(const int n, const block *blk, const tangent *at, int k, dual_row *a, dual_row *b) {
  dual q;
  const vec last = *--b->even, other = *--a->even;
  for (int u = 0; u < 2; u++) q.value[u] = last, q.sum[u] = other;
#pragma GCC unroll 11
  for (int j = n - 1; j >= 0; j--) {
    const vec low = *--b->even, high = *--b->odd, low_a = *--a->even, high_a = *--a->odd;
    for (int u = 0; u < 2; u++) {
      const vec y = blk->uy[k + u], z = blk->uz[k + u];
      q.sum[u] = q.sum[u] * y + q.value[u] * at[k + u].y + (low_a + z * high_a + at[k + u].z * high);
      q.value[u] = q.value[u] * y + (low + z * high);
    }
  }
  return q;
}

/* With P = sum b x^a y^b z^c: the adjoint of f is A(u) + dP, that of f' is P times the displacement along the bond. */
INLINE void pull_back_rank(const int nu, const block *blk, const tangent *at, int mu, const vec *a, const vec *b,
                           vec *by_f, vec *by_df) {
  const int K = blk->plan->nradial, half = (nu + 1) * (nu + 2) / 2, whole = (nu + 1) * (nu + 1);
  a += blk->plan->reduced[mu];
  b += blk->plan->reduced[mu];
  for (int k = 0; k < blk->slots; k += 2) {
    dual_row ra = {a + half, a + whole}, rb = {b + half, b + whole};
    dual sum = evaluate_dual(0, blk, at, k, &ra, &rb);
#pragma GCC unroll 11
    for (int i = nu - 1; i >= 0; i--) {
      const dual q = evaluate_dual(nu - i, blk, at, k, &ra, &rb);
      for (int u = 0; u < 2; u++) {
        const vec x = blk->ux[k + u];
        sum.sum[u] = sum.sum[u] * x + sum.value[u] * at[k + u].x + q.sum[u];
        sum.value[u] = sum.value[u] * x + q.value[u];
      }
    }
    for (int u = 0; u < 2; u++) {
      by_f[(k + u) * K + mu] = sum.sum[u];
      by_df[(k + u) * K + mu] = at[k + u].along * sum.value[u];
    }
  }
}

STAGE void pull_back(const block *blk, const tangent *at, int mu, const vec *a, const vec *b, vec *by_f, vec *by_df){
#define PULL_BACK(nu) pull_back_rank(nu, blk, at, mu, a, b, by_f, by_df)
    FOR_RANK(blk->plan->rank[mu], PULL_BACK)}

/* ---- radial coefficients ---- */

/* By those of the U-series of U slots: f = weight sum_j value_j U_j and f' = dweight sum_j value_j U_j + slope_weight
 * sum_j slope_j U_j, the adjoints of f and f' being what pull_back left. */
INLINE void series_gradient_slots(const int U, const int R, const block *b, int s, int k, const vec *by_f,
                                  const vec *by_df, vec *value, vec *slope) {
  const mtp_plan *plan = b->plan;
  const int K = plan->nradial;
  vec twice[UNROLL], now[UNROLL], before[UNROLL], by_value[UNROLL][MTP_MAX_RADIAL_FUNCS];
  vec by_slope[UNROLL][MTP_MAX_RADIAL_FUNCS];
  for (int u = 0; u < U; u++) {
    radial_point at = radial_weight(&plan->radial, b->r[k + u]);
    if (plan->nspecies > 1) {
      const vec_mask mine = lanes_of(b, s, k + u);
      at.weight = where(mine, at.weight, (vec){0});
      at.dweight = where(mine, at.dweight, (vec){0});
      at.slope_weight = where(mine, at.slope_weight, (vec){0});
    }
    for (int mu = 0; mu < K; mu++) {
      const vec f = by_f[(k + u) * K + mu], df = by_df[(k + u) * K + mu];
      by_value[u][mu] = at.weight * f + at.dweight * df;
      by_slope[u][mu] = at.slope_weight * df;
    }
    twice[u] = at.xi + at.xi;
    now[u] = all(1.0), before[u] = (vec){0};
  }
  for (int j = 0; j < R; j++) {
    for (int mu = 0; mu < K; mu++) {
      vec v = value[mu * R + j], d = slope[mu * R + j];
      for (int u = 0; u < U; u++) {
        v += now[u] * by_value[u][mu];
        d += now[u] * by_slope[u][mu];
      }
      value[mu * R + j] = v;
      slope[mu * R + j] = d;
    }
    for (int u = 0; u < U; u++) {
      const vec next = twice[u] * now[u] - before[u];
      before[u] = now[u];
      now[u] = next;
    }
  }
}

/* Adds to sums [C][K][R] over blocks of one central species. */
STAGE void series_gradient(const block *b, const vec *by_f, const vec *by_df, vec *value, vec *slope) {
  const int R = b->plan->rsize, KR = b->plan->nradial * R;
  for (int s = 0; s < b->plan->nspecies; s++, value += KR, slope += KR) {
    const species_range at = range_of(b, s);
    int k = at.first / 2 * 2;
    for (; k + UNROLL <= at.last; k += UNROLL) series_gradient_slots(UNROLL, R, b, s, k, by_f, by_df, value, slope);
    for (; k < at.last; k += 2) series_gradient_slots(2, R, b, s, k, by_f, by_df, value, slope);
  }
}

#endif
