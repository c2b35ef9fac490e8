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
  mtp_plan_use use;
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
  bool *scalar; /* it has a coefficient of its own, one that may differ from zero */
} usage;

static bool may_count(const builder *b, int t) {
  return b->use == MTP_PLAN_VARIABLE || mtp_plan_linear(b->plan)[t] != 0.0;
}

/* Scalars that are factors of nothing are the top level. A moment is live if it is a scalar that counts and a factor,
 * or is a factor of something live or of the top level; targets follow their factors in the list, so one pass from its
 * end finds all. */
static void find_usage(const builder *b, const mtp_product *products, int derived, const usage *use) {
  const mtp_plan *plan = b->plan;
  const int ntimes = b->basis->ntimes;
  for (int t = 0; t < ntimes; t++) use->factor[products[t].left] = use->factor[products[t].right] = true;
  for (int t = 0; t < plan->nscalars; t++)
    if (may_count(b, t)) use->scalar[plan->scalar[t]] = true;
  for (int i = 0; i < plan->nmoments; i++) use->live[i] = i < derived || (use->factor[i] && use->scalar[i]);
  for (int t = ntimes - 1; t >= 0; t--) {
    const mtp_product e = products[t];
    const bool wanted = use->factor[e.target] ? use->live[e.target] : use->scalar[e.target];
    if (wanted) use->live[e.left] = use->live[e.right] = true;
  }
}

/* Scalars by the moment that they are, as chains: 1 + scalar, 0 at the end. Those that are formed go into `direct`. */
static size_t find_owners(const builder *b, const int *number, int *first, int *next, mtp_term *direct) {
  const mtp_plan *plan = b->plan;
  size_t ndirect = 0;
  for (int t = 0; t < plan->nscalars; t++) {
    const int moment = plan->scalar[t];
    if (!may_count(b, t)) continue;
    if (number[moment] < plan->nlive)
      direct[ndirect++] = (mtp_term){number[moment], t, 1.0};
    else {
      next[t] = first[moment];
      first[moment] = t + 1;
    }
  }
  return ndirect;
}

/* The quadratic form: of each scalar that counts its own moment, or, if that is not formed, its products. */
static mtp_status compile_form(builder *b, size_t n, const mtp_product *products, const int *number) {
  mtp_plan *plan = b->plan;
  const size_t S = (size_t)plan->nscalars;
  int *first = mtp_calloc((size_t)plan->nmoments, sizeof *first), *next = mtp_calloc(S, sizeof *next);
  mtp_term *direct = mtp_calloc(S, sizeof *direct);
  mtp_product *top = NULL;
  size_t ntop = 0;
  mtp_status status = first && next && direct ? MTP_OK : mtp_fail_memory(b->ctx);
  if (status == MTP_OK) {
    const size_t ndirect = find_owners(b, number, first, next, direct);
    for (size_t k = 0; k < n; k++)
      for (int t = first[products[k].target]; t; t = next[t - 1]) ntop++;
    top = mtp_calloc(ntop, sizeof *top);
    ntop = 0;
    for (size_t k = 0; top && k < n; k++) {
      const mtp_product e = products[k];
      for (int t = first[e.target]; t; t = next[t - 1])
        top[ntop++] = (mtp_product){t - 1, number[e.left], number[e.right], e.p};
    }
    status = top ? mtp_plan_couple(b->ctx, plan, ntop, top, ndirect, direct) : mtp_fail_memory(b->ctx);
  }
  free(first);
  free(next);
  free(direct);
  free(top);
  return status;
}

/* Leaves out products for nothing: kernels of variable plans store live moments alone. */
static size_t drop_useless(size_t n, mtp_product *products, const usage *use) {
  size_t kept = 0;
  for (size_t k = 0; k < n; k++)
    if (use->live[products[k].target] || use->scalar[products[k].target]) products[kept++] = products[k];
  return kept;
}

/* Groups for what is formed, the quadratic form for what is not. */
static mtp_status compile(builder *b, mtp_product *products, int derived, const usage *use, int *number) {
  mtp_plan *plan = b->plan;
  size_t n = (size_t)b->basis->ntimes;
  if (b->use == MTP_PLAN_VARIABLE) n = drop_useless(n, products, use);
  mtp_status status = mtp_plan_group(b->ctx, plan, derived, n, products, use->live, number);
  if (status == MTP_OK) status = compile_form(b, n, products, number);
  for (int t = 0; status == MTP_OK && t < plan->nscalars; t++) plan->scalar[t] = number[plan->scalar[t]];
  return status;
}

/* number[q] is the moment q of the file among those of the plan. */
static mtp_status compile_products(builder *b, int derived, const int *number) {
  const mtp_basis *basis = b->basis;
  mtp_plan *plan = b->plan;
  const size_t nmoments = (size_t)plan->nmoments;
  mtp_product *products = mtp_calloc((size_t)basis->ntimes, sizeof *products);
  int *renumbered = mtp_calloc(nmoments, sizeof *renumbered);
  const usage use = {.factor = mtp_calloc(nmoments, sizeof(bool)),
                     .live = mtp_calloc(nmoments, sizeof(bool)),
                     .scalar = mtp_calloc(nmoments, sizeof(bool))};
  mtp_status status = MTP_OK;
  if (!products || !renumbered || !use.factor || !use.live || !use.scalar)
    status = mtp_fail_memory(b->ctx);
  else {
    for (int t = 0; t < basis->ntimes; t++) {
      const int *e = basis->times[t];
      products[t] = (mtp_product){number[e[3]], number[e[0]], number[e[1]], e[2]};
    }
    for (int t = 0; t < plan->nscalars; t++) plan->scalar[t] = number[basis->mapping[b->scalar[t]]];
    find_usage(b, products, derived, &use);
    status = compile(b, products, derived, &use, renumbered);
  }
  free(products);
  free(renumbered);
  free(use.factor);
  free(use.live);
  free(use.scalar);
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

bool mtp_numbers_allocate(mtp_numbers *numbers, size_t count) {
  numbers->in_double = mtp_alloc_aligned(count, sizeof(double));
  numbers->in_single = mtp_alloc_aligned(count, sizeof(float));
  return numbers->in_double && numbers->in_single;
}

void mtp_numbers_round(const mtp_numbers *numbers, size_t count) {
  for (size_t k = 0; k < count; k++) numbers->in_single[k] = (float)numbers->in_double[k];
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

static mtp_status build_lists(mtp_context *ctx, const mtp_potential *pot, mtp_plan_use use, mtp_plan *plan) {
  builder b = {.ctx = ctx, .plan = plan, .use = use};
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

void mtp_plan_set_parameters(mtp_plan *plan, const double *theta) {
  memcpy(plan->params, theta, plan->nparams * sizeof(double));
  mtp_plan_fill_series(plan);
  mtp_plan_fill_coupling(plan);
}

mtp_status mtp_plan_new(mtp_context *ctx, const mtp_potential *pot, mtp_plan_use use, int vector_bytes,
                        mtp_plan **out) {
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
  if (status == MTP_OK) memcpy(plan->params, pot->params, plan->nparams * sizeof(double));
  if (status == MTP_OK) status = mtp_plan_prepare_series(ctx, plan);
  if (status == MTP_OK) status = build_lists(ctx, pot, use, plan);
  if (status == MTP_OK) mtp_plan_set_parameters(plan, pot->params);
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
  free(plan->linear_term);
  free(plan->coupled_term);
  free(plan->to_value);
  free(plan->to_slope);
  mtp_numbers_clear(&plan->linear);
  mtp_numbers_clear(&plan->coupled_by);
  mtp_numbers_clear(&plan->radial_value);
  mtp_numbers_clear(&plan->radial_slope);
  free(plan->scalar);
  free(plan->params);
  free(plan);
}
