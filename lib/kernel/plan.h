/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/plan.h
 * A potential compiled for evaluation.
 *
 * Moments use unit vectors, so the trace of M(mu, nu) is M(mu, nu-2): x^2 + y^2 + z^2 = 1 lets every monomial with z^c,
 * c >= 2 be written by ones with c = 0 and 1. Only those are accumulated over the neighbours ("reduced" moments,
 * (nu_max+1)^2 for each mu), the rest is filled once an atom, and the adjoints are folded back by the transposed
 * relation.
 *
 * Scalars that no other moment is made of ("top level") are not formed for energies: with their coefficients folded in,
 * their products are one quadratic form of the moments below, E = l.m + m.C.m/2, whose matrix gives the energy and the
 * adjoints at once. Only gradients by the parameters need the scalars themselves.
 *
 * Moments are renumbered: reduced ones first (mu by mu; c = 0 then c = 1, each by a, then b), then filled ones, then
 * derived ones that energies need, then derived ones that only gradients need.
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

/** value[entry] += p x[scalar], x the moment coefficients. */
typedef struct mtp_term {
  int entry, scalar;
  double p;
} mtp_term;

/** Widest list of shared factors that is kept in registers; longer ones are split. */
#define MTP_MAX_GROUP 8
/** Widest ones that are kept for two parallel targets and for four. */
#define MTP_MAX_PAIR_WIDTH 6
#define MTP_MAX_QUAD_WIDTH 3
/** Most parallel targets, and longest list for which they are looked for. */
#define MTP_MAX_HEIGHT        4
#define MTP_MAX_PARALLEL_LIST 64

/** Products whose targets share their first factors, for `height` parallel targets (1, 2, or 4 up to a width of 3) that
 * share the partners: m[target + h*nrows + r] += sum_e p[h*width + e] m[factor[h*width + e]] m[partner[r*width + e]].
 * Targets are components of one tensor made from the same two tensors, so such groups are the structure of the list. */
typedef struct mtp_group {
  int width, height, nrows;
  int fresh;   /**< nothing has been added to the targets before this group */
  int factor;  /**< first entry in plan->factor and plan->weight, height*width of them */
  int target;  /**< moment of the first row, height*nrows of them in succession */
  int partner; /**< first entry in plan->partner, nrows*width of them */
} mtp_group;

/** Numbers for kernels of either precision. */
typedef struct mtp_numbers {
  double *in_double;
  float *in_single;
} mtp_numbers;

/** What a plan is for. */
typedef enum mtp_plan_use {
  MTP_PLAN_FROZEN,  /**< these parameters: what no coefficient needs is left out */
  MTP_PLAN_VARIABLE /**< any parameters of this potential, set by mtp_plan_set_parameters */
} mtp_plan_use;

/** Row i of the quadratic form of the top level: l_i and the C_ij that may not be zero. */
typedef struct mtp_coupling {
  int moment;
  int count;
} mtp_coupling;

/** Radial functions (values of mu) that a plan can hold; standard levels have up to 6. */
#define MTP_MAX_RADIAL_FUNCS 32

typedef struct mtp_plan {
  int vector_bytes; /**< of the kernel that the plan is for */
  int nspecies, nradial, rsize, nscalars;
  size_t nparams;
  mtp_radial radial;
  int rank[MTP_MAX_RADIAL_FUNCS];        /**< [K] largest rank of each mu */
  int reduced[MTP_MAX_RADIAL_FUNCS + 1]; /**< [K+1] first reduced moment of each mu */
  int nmoments;
  int nlive; /**< moments that energies need, the first ones */
  int nfill;
  mtp_fill *fill;
  /* Products in groups; every group comes after those whose targets it uses. */
  int ngroup, nlive_group; /**< the first nlive_group ones make the live moments */
  mtp_group *group;
  int *factor;             /**< [sum of widths] */
  unsigned *factor_offset; /**< the same in bytes from the first moment: number * vector_bytes */
  double *weight;          /**< [sum of widths] the multiplicities p */
  int *partner;            /**< [sum of partners, at most the number of products] */
  unsigned *partner_offset;
  /* The top level */
  mtp_coupling *coupling; /**< [nlive] every live moment once */
  mtp_numbers linear;     /**< [nlive] l, in the order of `coupling` */
  unsigned *coupled;      /**< [sum of counts] the j of C_ij as offsets, row after row */
  mtp_numbers coupled_by; /**< [sum of counts] C_ij, diagonal ones doubled */
  size_t ncoupled;        /**< sum of counts */
  size_t nlinear_term, ncoupled_term;
  mtp_term *linear_term;    /**< what makes l */
  mtp_term *coupled_term;   /**< what makes C */
  int *scalar;              /**< [S] moment of each scalar basis function */
  mtp_numbers radial_value; /**< [C*C*K*R] f_mu = weight sum_j value_j U_j(xi) */
  mtp_numbers radial_slope; /**< [C*C*K*R] derivative of the sum by r; the last of each R is 0 */
  double *to_value;         /**< [R*R] value_j = sum_k c_k to_value[k*R + j], see kernel/series.c */
  double *to_slope;         /**< [R*R] the same for slope_j */
  double *params;           /**< [nparams] a copy of theta */
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

/** Puts the products into groups of the plan, those of live targets first, and renumbers the derived moments (from
 * `derived` on) in their order: number[old] = new, [nmoments] (kernel/group.c). */
mtp_status mtp_plan_group(mtp_context *ctx, mtp_plan *plan, int derived, size_t nproducts, const mtp_product *products,
                          const bool *live, int *number);

/** Lays out the quadratic form of the top level from products whose targets are never formed (kernel/coupling.c): here
 * `target` is the scalar that a product belongs to. direct[ndirect]: live moments (entry) that are scalars themselves.
 */
mtp_status mtp_plan_couple(mtp_context *ctx, mtp_plan *plan, size_t nproducts, const mtp_product *products,
                           size_t ndirect, const mtp_term *direct);
/** Fills its numbers from plan->params. */
void mtp_plan_fill_coupling(mtp_plan *plan);

/** Allocates what mtp_plan_fill_series fills: radial_value and radial_slope from plan->params (kernel/series.c). */
mtp_status mtp_plan_prepare_series(mtp_context *ctx, mtp_plan *plan);
void mtp_plan_fill_series(mtp_plan *plan);

/** `vector_bytes`: of the block kernel that is to use the plan; 0 if none is. */
mtp_status mtp_plan_new(mtp_context *ctx, const mtp_potential *pot, mtp_plan_use use, int vector_bytes, mtp_plan **out);
/** New parameters theta[nparams] for a plan of variable ones. */
void mtp_plan_set_parameters(mtp_plan *plan, const double *theta);
void mtp_plan_free(mtp_plan *plan);

/** Allocates both arrays, `count` zeros; false when memory is exhausted. */
bool mtp_numbers_allocate(mtp_numbers *numbers, size_t count);
/** Makes the single ones from the double ones. */
void mtp_numbers_round(const mtp_numbers *numbers, size_t count);
void mtp_numbers_clear(mtp_numbers *numbers);

/** First coefficient c[K*R] of the ordered pair (zi, zj). */
static inline size_t mtp_plan_radial(const mtp_plan *plan, int zi, int zj) {
  return ((size_t)zi * (size_t)plan->nspecies + (size_t)zj) * (size_t)plan->nradial * (size_t)plan->rsize;
}
static inline const double *mtp_plan_species(const mtp_plan *plan) {
  return plan->params + mtp_plan_radial(plan, plan->nspecies, 0);
}
static inline const double *mtp_plan_linear(const mtp_plan *plan) {
  return mtp_plan_species(plan) + plan->nspecies;
}

/** Length of a compact gradient row of a central atom: its own radial columns [C][K][R], unless only linear
 * coefficients are asked for, the 1 of its species constant, the scalars [S]. */
static inline size_t mtp_plan_row_length(const mtp_plan *plan, bool linear) {
  return (linear ? 0 : mtp_plan_radial(plan, 1, 0)) + 1 + (size_t)plan->nscalars;
}

#endif
