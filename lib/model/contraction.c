/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/contraction.c
 * The best set of intermediates is a covering problem; what is done here is greedy and then repaired. Scalars come in
 * order of level and each takes the cut that adds the fewest products to what is there already. Intermediates are
 * counted at a discount in this first round, as later scalars will use them too. Then every choice is reconsidered, at
 * full price, with all others fixed, until nothing changes.
 *
 * Where such a search ends depends on where it starts, and prices are upper bounds: equal products merge when the list
 * is written. So discount and prices are varied by a random number; the seeds of enumerate.c were picked for short
 * lists. The result is the same on every machine. */
#include "model/contraction.h"

#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#define ROUNDS 20

/* Prices are multiplied by 1 to 1 + spread. */
typedef struct variation {
  mtp_random random;
  double spread;
} variation;

/* Number of the family, or -1 for a single tensor. */
static bool add_family(mtp_contraction *plan, variation *v, const mtp_graph *g, int *number) {
  *number = -1;
  if (g->nvertices == 1) return true;
  int count = plan->families.count, f = mtp_graph_add(&plan->families, g);
  if (f < 0) return false;
  *number = f;
  if (f < count) return true;
  if (f >= plan->capacity) {
    int capacity = plan->capacity ? 2 * plan->capacity : 256;
    mtp_contraction_family *info = mtp_realloc(plan->info, (size_t)capacity, sizeof *info);
    if (!info) return false;
    plan->info = info;
    plan->capacity = capacity;
  }
  plan->info[f] = (mtp_contraction_family){.chosen = -1};
  for (unsigned mask = 1; mask + 1 < 1u << g->nvertices; mask++) {
    mtp_graph first, second;
    int a, b;
    double products = mtp_graph_cut(g, mask, &first, &second);
    if (!add_family(plan, v, &first, &a) || !add_family(plan, v, &second, &b)) return false;
    mtp_contraction_family *info = &plan->info[f]; /* moves when families are added */
    info->cut[info->ncuts].first = a;
    info->cut[info->ncuts].second = b;
    info->cut[info->ncuts].products = products * (1.0 + v->spread * mtp_random_uniform(&v->random));
    info->ncuts++;
  }
  return true;
}

/* Products that family f would add; *best is the cut that adds the fewest. */
static double price(const mtp_contraction *plan, int f, double discount, int *best);

static double price_if_new(const mtp_contraction *plan, int f, double discount) {
  int best;
  return f < 0 || plan->info[f].uses > 0 ? 0.0 : discount * price(plan, f, 1.0, &best);
}

static double price(const mtp_contraction *plan, int f, double discount, int *best) {
  const mtp_contraction_family *info = &plan->info[f];
  double least = 0.0;
  *best = -1;
  for (int i = 0; i < info->ncuts; i++) {
    double sum = info->cut[i].products + price_if_new(plan, info->cut[i].first, discount) +
                 price_if_new(plan, info->cut[i].second, discount);
    if (*best >= 0 && sum >= least) continue;
    least = sum;
    *best = i;
  }
  return least;
}

static void take(mtp_contraction *plan, int f, double discount) {
  if (f < 0 || plan->info[f].uses++ > 0) return;
  mtp_contraction_family *info = &plan->info[f];
  price(plan, f, discount, &info->chosen);
  take(plan, info->cut[info->chosen].first, discount);
  take(plan, info->cut[info->chosen].second, discount);
}

static void drop(mtp_contraction *plan, int f) {
  if (f < 0 || --plan->info[f].uses > 0) return;
  drop(plan, plan->info[f].cut[plan->info[f].chosen].first);
  drop(plan, plan->info[f].cut[plan->info[f].chosen].second);
}

/* Chooses the cut of f again; true if it has changed. */
static bool reconsider(mtp_contraction *plan, int f) {
  mtp_contraction_family *info = &plan->info[f];
  int before = info->chosen;
  drop(plan, info->cut[before].first);
  drop(plan, info->cut[before].second);
  price(plan, f, 1.0, &info->chosen);
  take(plan, info->cut[info->chosen].first, 1.0);
  take(plan, info->cut[info->chosen].second, 1.0);
  return info->chosen != before;
}

mtp_status mtp_contraction_plan(mtp_context *ctx, const mtp_graph *scalars, int nscalars, unsigned seed,
                                mtp_contraction *plan) {
  variation v = {.random = {seed}};
  v.spread = 1.5 * mtp_random_uniform(&v.random);
  double discount = 0.3 + 0.7 * mtp_random_uniform(&v.random);
  memset(plan, 0, sizeof *plan);
  for (int s = 0; s < nscalars; s++) {
    int f;
    if (!add_family(plan, &v, &scalars[s], &f)) return mtp_fail_memory(ctx);
    take(plan, f, discount);
  }
  bool changed = true;
  for (int round = 0; round < ROUNDS && changed; round++) {
    changed = false;
    for (int f = 0; f < plan->families.count; f++)
      if (plan->info[f].uses > 0 && reconsider(plan, f)) changed = true;
  }
  return MTP_OK;
}

unsigned mtp_contraction_mask(const mtp_contraction *plan, const mtp_graph *component) {
  mtp_graph family = mtp_graph_family(component), whole = *component;
  const mtp_contraction_family *info = &plan->info[mtp_graph_find(&plan->families, &family)];
  /* the component's vertices are in an order of their own, so its cuts are told by what they give */
  mtp_graph wanted[2], parts[2];
  mtp_graph_cut(&family, (unsigned)info->chosen + 1, &wanted[0], &wanted[1]);
  mtp_graph_forget(&whole);
  unsigned mask = 0;
  do mtp_graph_cut(&whole, ++mask, &parts[0], &parts[1]);
  while (memcmp(parts, wanted, sizeof parts) != 0 && mask < 1u << whole.nvertices);
  return mask;
}

void mtp_contraction_clear(mtp_contraction *plan) {
  mtp_graph_table_clear(&plan->families);
  free(plan->info);
  memset(plan, 0, sizeof *plan);
}
