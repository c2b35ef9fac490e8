/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/plan.c
 * Compiling the index lists of a potential: reduced moments, fill program, products. */
#include "kernel/plan.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of all monomials of one mu: [a][b][c]; -1 where not needed. */
typedef int monomial_table[MTP_MAX_RANK + 1][MTP_MAX_RANK + 1][MTP_MAX_RANK + 1];

typedef struct builder {
  mtp_context *ctx;
  mtp_plan *plan;
  const mtp_basis *basis;
  monomial_table *number; /* [K] */
  int fill_capacity;
} builder;

static mtp_status find_ranks(builder *b) {
  mtp_plan *plan = b->plan;
  for (int q = 0; q < b->basis->nbasic; q++) {
    const int *e = b->basis->basic[q];
    int rank = e[1] + e[2] + e[3];
    if (e[0] < 0 || e[0] >= plan->nradial || rank > MTP_MAX_RANK || e[1] < 0 || e[2] < 0 || e[3] < 0)
      return mtp_fail(b->ctx, MTP_ERR_UNSUPPORTED,
                      "basic moment %d {%d, %d, %d, %d}: expected mu below %d and rank up to %d", q, e[0], e[1], e[2],
                      e[3], plan->nradial, MTP_MAX_RANK);
    if (rank > plan->rank[e[0]]) plan->rank[e[0]] = rank;
  }
  int total = 0;
  for (int mu = 0; mu < plan->nradial; mu++) {
    int nu = plan->rank[mu];
    plan->reduced[mu] = total;
    for (int c = 0; c < 2; c++)
      for (int a = 0; a + c <= nu; a++)
        for (int bb = 0; a + bb + c <= nu; bb++) b->number[mu][a][bb][c] = total + mtp_reduced_index(nu, a, bb, c);
    total += mtp_reduced_count(nu);
  }
  plan->reduced[plan->nradial] = total;
  plan->nmoments = total;
  return MTP_OK;
}

/* Number of a monomial, created by the sphere relation if it is not there yet. The depth of the recursion is c/2. */
static int need_monomial(builder *b, int mu, int a, int bb, int c) {
  int *slot = &b->number[mu][a][bb][c];
  if (*slot >= 0) return *slot;
  mtp_fill fill;
  fill.lower = need_monomial(b, mu, a, bb, c - 2);
  fill.xx = need_monomial(b, mu, a + 2, bb, c - 2);
  fill.yy = need_monomial(b, mu, a, bb + 2, c - 2);
  if (fill.lower < 0 || fill.xx < 0 || fill.yy < 0) return -1;
  mtp_plan *plan = b->plan;
  if (plan->nfill == b->fill_capacity) {
    int capacity = b->fill_capacity ? 2 * b->fill_capacity : 64;
    mtp_fill *larger = mtp_realloc(plan->fill, (size_t)capacity, sizeof *larger);
    if (!larger) return -1;
    plan->fill = larger;
    b->fill_capacity = capacity;
  }
  fill.target = plan->nmoments++;
  plan->fill[plan->nfill++] = fill;
  return *slot = fill.target;
}

static mtp_status compile_products(builder *b, const int *number) {
  const mtp_basis *basis = b->basis;
  mtp_product *products = mtp_calloc((size_t)basis->ntimes, sizeof *products);
  if (!products) return mtp_fail_memory(b->ctx);
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t];
    products[t] = (mtp_product){number[e[3]], number[e[0]], number[e[1]], e[2]};
  }
  const mtp_status status = mtp_plan_group(b->ctx, b->plan, (size_t)basis->ntimes, products);
  free(products);
  return status;
}

static mtp_status build(builder *b, int *number) {
  mtp_plan *plan = b->plan;
  mtp_status status = find_ranks(b);
  if (status != MTP_OK) return status;
  for (int q = 0; q < b->basis->nbasic; q++) {
    const int *e = b->basis->basic[q];
    number[q] = need_monomial(b, e[0], e[1], e[2], e[3]);
    if (number[q] < 0) return mtp_fail_memory(b->ctx);
  }
  for (int q = b->basis->nbasic; q < b->basis->nmoments; q++) number[q] = plan->nmoments++;
  status = compile_products(b, number);
  if (status != MTP_OK) return status;
  for (int t = 0; t < plan->nscalars; t++) plan->scalar[t] = number[b->basis->mapping[t]];
  return MTP_OK;
}

mtp_status mtp_plan_new(mtp_context *ctx, const mtp_potential *pot, mtp_plan **out) {
  if (pot->nradial > MTP_MAX_RADIAL_FUNCS)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "%d radial functions: expected at most %d", pot->nradial,
                    MTP_MAX_RADIAL_FUNCS);
  mtp_plan *plan = mtp_calloc(1, sizeof *plan);
  if (!plan) return mtp_fail_memory(ctx);
  plan->nspecies = pot->nspecies;
  plan->nradial = pot->nradial;
  plan->rsize = pot->radial.size;
  plan->radial = pot->radial;
  plan->nscalars = pot->basis.nscalars;
  plan->nparams = pot->nparams;
  plan->params = mtp_calloc(plan->nparams, sizeof(double));
  plan->scalar = mtp_calloc((size_t)plan->nscalars, sizeof(int));
  builder b = {.ctx = ctx, .plan = plan, .basis = &pot->basis};
  b.number = mtp_calloc((size_t)pot->nradial, sizeof *b.number);
  int *number = mtp_calloc((size_t)pot->basis.nmoments, sizeof(int));
  mtp_status status = MTP_OK;
  if (!plan->params || !plan->scalar || !b.number || !number)
    status = mtp_fail_memory(ctx);
  else {
    memset(b.number, 0xff, (size_t)pot->nradial * sizeof *b.number); /* all -1 */
    memcpy(plan->params, pot->params, plan->nparams * sizeof(double));
    status = build(&b, number);
  }
  free(b.number);
  free(number);
  if (status != MTP_OK) {
    mtp_plan_free(plan);
    return status;
  }
  *out = plan;
  return MTP_OK;
}

void mtp_plan_free(mtp_plan *plan) {
  if (!plan) return;
  free(plan->fill);
  free(plan->group);
  free(plan->factor);
  free(plan->weight);
  free(plan->target);
  free(plan->partner);
  free(plan->scalar);
  free(plan->params);
  free(plan);
}
