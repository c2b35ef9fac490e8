/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/plan.h
 * A potential compiled for evaluation.
 *
 * Moments use unit vectors, so the trace of M(mu, nu) is M(mu, nu-2): x^2 + y^2 + z^2 = 1 lets every monomial with z^c,
 * c >= 2 be written by ones with c = 0 and 1. Only those are accumulated over the neighbours ("reduced" moments,
 * (nu_max+1)^2 for each mu), the rest is filled once an atom, and the adjoints are folded back by the transposed
 * relation.
 *
 * Moments are renumbered: reduced ones first (mu by mu; c = 0 then c = 1, each by a, then b), then filled ones, then
 * derived ones.
 */
#ifndef MTP_PLAN_H
#define MTP_PLAN_H

#include "model/model.h"

/** m[target] = m[lower] - m[xx] - m[yy]: z^c = z^(c-2) (1 - x^2 - y^2). */
typedef struct mtp_fill {
  int target, lower, xx, yy;
} mtp_fill;

/** m[target] += p m[left] m[right] */
typedef struct mtp_product {
  int target, left, right;
  double p;
} mtp_product;

/** Widest list of shared factors that is kept in registers; longer ones are split. */
#define MTP_MAX_GROUP 8

/** Products whose targets share their first factors: m[target[r]] += sum_e p[e] m[factor[e]] m[partner[r*width + e]].
 * Many targets are components of one tensor made from the same two tensors, so such groups are the structure of the
 * list. */
typedef struct mtp_group {
  int width, nrows;
  int fresh;   /**< nothing has been added to the targets before this group */
  int factor;  /**< first entry in plan->factor and plan->weight, width of them */
  int row;     /**< first entry in plan->target, nrows of them */
  int partner; /**< first entry in plan->partner, nrows*width of them */
} mtp_group;

/** Radial functions (values of mu) that a plan can hold; standard levels have up to 6. */
#define MTP_MAX_RADIAL_FUNCS 32

typedef struct mtp_plan {
  int nspecies, nradial, rsize, nscalars;
  size_t nparams;
  mtp_radial radial;
  int rank[MTP_MAX_RADIAL_FUNCS];        /**< [K] largest rank of each mu */
  int reduced[MTP_MAX_RADIAL_FUNCS + 1]; /**< [K+1] first reduced moment of each mu */
  int nmoments;
  int nfill;
  mtp_fill *fill;
  /* Products in groups; every group comes after those whose targets it uses. */
  int ngroup;
  mtp_group *group;
  int *factor;    /**< [sum of widths] */
  double *weight; /**< [sum of widths] the multiplicities p */
  int *target;    /**< [sum of rows] */
  int *partner;   /**< [number of products] */
  int *scalar;    /**< [S] moment of each scalar basis function */
  double *params; /**< [nparams] a copy of theta */
} mtp_plan;

/** Number of reduced moments of rank nu. */
static inline int mtp_reduced_count(int nu) {
  return (nu + 1) * (nu + 1);
}

/** Position of x^a y^b z^c (c = 0, 1) among the reduced moments of one mu of rank nu. */
static inline int mtp_reduced_index(int nu, int a, int b, int c) {
  int top = nu - c;
  return c * ((nu + 1) * (nu + 2) / 2) + a * (top + 1) - a * (a - 1) / 2 + b;
}

/** Puts the products into groups of the plan (kernel/group.c). */
mtp_status mtp_plan_group(mtp_context *ctx, mtp_plan *plan, size_t nproducts, const mtp_product *products);

mtp_status mtp_plan_new(mtp_context *ctx, const mtp_potential *pot, mtp_plan **out);
void mtp_plan_free(mtp_plan *plan);

/** Coefficients c[K*R] of the ordered pair (zi, zj). */
static inline const double *mtp_plan_radial(const mtp_plan *plan, int zi, int zj) {
  return plan->params +
         ((size_t)zi * (size_t)plan->nspecies + (size_t)zj) * (size_t)plan->nradial * (size_t)plan->rsize;
}
static inline const double *mtp_plan_species(const mtp_plan *plan) {
  return mtp_plan_radial(plan, plan->nspecies, 0);
}
static inline const double *mtp_plan_linear(const mtp_plan *plan) {
  return mtp_plan_species(plan) + plan->nspecies;
}

#endif
