/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/plan.c
 * Compiling the index lists of a potential: reduced moments, fill program, what each product is for. */
#include "kernel/plan.h"

#include <stdlib.h>
#include <string.h>

#include "model/recognise.h"

/* Numbers of all monomials of one mu: [a][b][c]; -1 where not needed. */
typedef int monomial_table[MTP_MAX_RANK + 1][MTP_MAX_RANK + 1][MTP_MAX_RANK + 1];

typedef struct builder {
  mtp_context *ctx;
  mtp_plan *plan;
  const mtp_basis *basis; /* the lists to evaluate */
  const int *scalar;      /* [S] where in basis->mapping the scalars of the potential are */
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

/* What each moment of the file is for, once its number is known. */
typedef struct usage {
  bool *factor; /* a product is made from it */
  bool *live;   /* energies need it */
  double *linear;
} usage;

/* Scalars that are factors of nothing are the top level. A moment is live if it has a coefficient of its own or is a
 * factor of something live or of the top level with a coefficient that is not zero; targets follow their factors in the
 * list, so one pass from its end finds all. */
static void find_usage(const mtp_plan *plan, const mtp_basis *basis, const mtp_product *products, int derived,
                       const usage *use) {
  for (int t = 0; t < basis->ntimes; t++) use->factor[products[t].left] = use->factor[products[t].right] = true;
  for (int t = 0; t < plan->nscalars; t++) use->linear[plan->scalar[t]] += mtp_plan_linear(plan)[t];
  for (int i = 0; i < plan->nmoments; i++) use->live[i] = i < derived || (use->factor[i] && use->linear[i] != 0.0);
  for (int t = basis->ntimes - 1; t >= 0; t--) {
    const mtp_product e = products[t];
    const bool wanted = use->factor[e.target] ? use->live[e.target] : use->linear[e.target] != 0.0;
    if (wanted) use->live[e.left] = use->live[e.right] = true;
  }
}

/* Groups for what is formed, the quadratic form for what is not. */
static mtp_status compile(builder *b, mtp_product *products, int derived, const usage *use, int *number,
                          double *linear) {
  mtp_plan *plan = b->plan;
  const size_t n = (size_t)b->basis->ntimes;
  mtp_status status = mtp_plan_group(b->ctx, plan, derived, n, products, use->live, number);
  if (status != MTP_OK) return status;
  size_t top = 0;
  for (size_t k = 0; k < n; k++) {
    const mtp_product e = products[k];
    const double coefficient = use->linear[e.target];
    if (use->factor[e.target] || coefficient == 0.0) continue;
    products[top++] = (mtp_product){-1, number[e.left], number[e.right], coefficient * e.p};
  }
  for (int i = 0; i < plan->nmoments; i++)
    if (number[i] < plan->nlive) linear[number[i]] = use->linear[i];
  for (int t = 0; t < plan->nscalars; t++) plan->scalar[t] = number[plan->scalar[t]];
  return mtp_plan_couple(b->ctx, plan, top, products, linear);
}

/* number[q] is the moment q of the file among those of the plan. */
static mtp_status compile_products(builder *b, int derived, const int *number) {
  const mtp_basis *basis = b->basis;
  mtp_plan *plan = b->plan;
  const size_t nmoments = (size_t)plan->nmoments;
  mtp_product *products = mtp_calloc((size_t)basis->ntimes, sizeof *products);
  int *renumbered = mtp_calloc(nmoments, sizeof *renumbered);
  double *linear = mtp_calloc(nmoments, sizeof *linear);
  const usage use = {.factor = mtp_calloc(nmoments, sizeof(bool)),
                     .live = mtp_calloc(nmoments, sizeof(bool)),
                     .linear = mtp_calloc(nmoments, sizeof(double))};
  mtp_status status = MTP_OK;
  if (!products || !renumbered || !linear || !use.factor || !use.live || !use.linear)
    status = mtp_fail_memory(b->ctx);
  else {
    for (int t = 0; t < basis->ntimes; t++) {
      const int *e = basis->times[t];
      products[t] = (mtp_product){number[e[3]], number[e[0]], number[e[1]], e[2]};
    }
    for (int t = 0; t < plan->nscalars; t++) plan->scalar[t] = number[basis->mapping[b->scalar[t]]];
    find_usage(plan, basis, products, derived, &use);
    status = compile(b, products, derived, &use, renumbered, linear);
  }
  free(products);
  free(renumbered);
  free(linear);
  free(use.factor);
  free(use.live);
  free(use.linear);
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
  const int derived = plan->nmoments;
  for (int q = b->basis->nbasic; q < b->basis->nmoments; q++) number[q] = plan->nmoments++;
  return compile_products(b, derived, number);
}

bool mtp_numbers_set(mtp_numbers *numbers, size_t count, const double *values) {
  numbers->in_double = mtp_alloc_aligned(count, sizeof(double));
  numbers->in_single = mtp_alloc_aligned(count, sizeof(float));
  if (!numbers->in_double || !numbers->in_single) return false;
  for (size_t k = 0; k < count; k++) {
    numbers->in_double[k] = values[k];
    numbers->in_single[k] = (float)values[k];
  }
  return true;
}

void mtp_numbers_clear(mtp_numbers *numbers) {
  free(numbers->in_double);
  free(numbers->in_single);
}

/* The standard lists of a level are evaluated as we factor them, in whatever way the file does. Lists whose scalars are
 * ours but for factors are left as they are: the parameters belong to the scalars of the file. */
static mtp_status choose_lists(mtp_context *ctx, const mtp_basis *basis, mtp_recognised *standard, int *scalar,
                               const mtp_basis **lists) {
  mtp_status status = mtp_basis_recognise(ctx, basis, standard);
  if (status != MTP_OK) return status;
  bool same = standard->level > 0;
  for (int t = 0; same && t < basis->nscalars; t++) same = standard->factor[t] == 1.0;
  *lists = same ? &standard->basis : basis;
  for (int t = 0; t < basis->nscalars; t++) scalar[t] = same ? standard->scalar[t] : t;
  return MTP_OK;
}

static mtp_status build_lists(mtp_context *ctx, const mtp_potential *pot, mtp_plan *plan) {
  builder b = {.ctx = ctx, .plan = plan};
  mtp_recognised standard = {0};
  int *scalar = mtp_calloc((size_t)plan->nscalars, sizeof *scalar), *number = NULL;
  b.scalar = scalar;
  b.number = mtp_calloc((size_t)pot->nradial, sizeof *b.number);
  mtp_status status = MTP_OK;
  if (!scalar || !b.number)
    status = mtp_fail_memory(ctx);
  else
    status = choose_lists(ctx, &pot->basis, &standard, scalar, &b.basis);
  if (status == MTP_OK) {
    memset(b.number, 0xff, (size_t)pot->nradial * sizeof *b.number); /* all -1 */
    number = mtp_calloc((size_t)b.basis->nmoments, sizeof *number);
    status = number ? build(&b, number) : mtp_fail_memory(ctx);
  }
  free(number);
  free(b.number);
  free(scalar);
  mtp_recognised_clear(&standard);
  return status;
}

mtp_status mtp_plan_new(mtp_context *ctx, const mtp_potential *pot, int vector_bytes, mtp_plan **out) {
  if (pot->nradial > MTP_MAX_RADIAL_FUNCS)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "%d radial functions: expected at most %d", pot->nradial,
                    MTP_MAX_RADIAL_FUNCS);
  mtp_plan *plan = mtp_calloc(1, sizeof *plan);
  if (!plan) return mtp_fail_memory(ctx);
  plan->vector_bytes = vector_bytes;
  plan->nspecies = pot->nspecies;
  plan->nradial = pot->nradial;
  plan->rsize = pot->radial.size;
  plan->radial = pot->radial;
  plan->nscalars = pot->basis.nscalars;
  plan->nparams = pot->nparams;
  plan->params = mtp_calloc(plan->nparams, sizeof(double));
  plan->scalar = mtp_calloc((size_t)plan->nscalars, sizeof(int));
  mtp_status status = plan->params && plan->scalar ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    memcpy(plan->params, pot->params, plan->nparams * sizeof(double));
    status = mtp_plan_radial_series(ctx, plan);
  }
  if (status == MTP_OK) status = build_lists(ctx, pot, plan);
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
  free(plan->factor_offset);
  free(plan->weight);
  free(plan->partner);
  free(plan->partner_offset);
  free(plan->coupling);
  free(plan->coupled);
  mtp_numbers_clear(&plan->linear);
  mtp_numbers_clear(&plan->coupled_by);
  mtp_numbers_clear(&plan->radial_value);
  mtp_numbers_clear(&plan->radial_slope);
  free(plan->scalar);
  free(plan->params);
  free(plan);
}
