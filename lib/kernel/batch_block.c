/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/batch_block.c
 * The two passes of training over the blocks of a batch. Compiled once per instruction set.
 *
 *   radial functions -> moments -> products -> top level -> adjoints -> neighbours -> forces          (first)
 *   displacements -> tangent moments -> products -> adjoints -> neighbours -> radial coefficients     (second)
 */
#include "kernel/batch.h"

#include "kernel/functions.h"
#include "kernel/scatter.h"
#include "kernel/tangent.h"

static block lay_out(const mtp_plan *plan, const mtp_batch *batch, const mtp_batch_work *work, int number) {
  const mtp_batch_block *from = &batch->block[number];
  const int slots = from->slots;
  vec *const geometry = (vec *)batch->geometry + from->geometry;
  block b = {.plan = plan, .species = from->species, .natoms = from->natoms, .slots = slots};
  b.neighbour = batch->neighbour + from->neighbour;
  b.border = (vec *)batch->border + from->border;
  b.ux = geometry, b.uy = b.ux + slots, b.uz = b.uy + slots, b.r = b.uz + slots, b.rinv = b.r + slots;
  b.f = (vec *)work->function + from->neighbour / W * (size_t)plan->nradial;
  b.df = (vec *)work->slope + from->neighbour / W * (size_t)plan->nradial;
  b.polynomial = (vec *)work->by_function;
  b.derivative = (derivative *)work->derivative;
  b.m = (vec *)work->moment + (size_t)number * (size_t)plan->nlive;
  b.adj = (vec *)work->adjoint + (size_t)number * (size_t)plan->nlive;
  b.force = work->force;
  for (int l = 0; l < W; l++) {
    b.atom[l] = from->atom[l];
    b.centre[l] = (unsigned)from->atom[l] * POINT_BYTES;
  }
  return b;
}

static void first_pass(block *b, const mtp_batch *batch, mtp_batch_work *work) {
  const mtp_plan *plan = b->plan;
  const double constant = mtp_plan_species(plan)[b->species];
  radial_functions(b);
  memset(b->m, 0, (size_t)plan->reduced[plan->nradial] * sizeof(vec)); /* the others are written before they are read */
  for (int mu = 0; mu < plan->nradial; mu++) accumulate(b, mu);
  fill(plan, b->m);
  contract(plan, 0, plan->nlive_group, b->m);
  const vec energy = couple_with_energies(plan, b->m, b->adj);
  adjoint_contract(plan, b->m, b->adj);
  fold(plan, b->adj);
  for (int mu = 0; mu < plan->nradial; mu++) differentiate(b, mu);
  vec virial[6];
  if (plan->radial.type == MTP_RADIAL_CHEBYSHEV_REPULS) add_repulsion(b);
  scatter_sites(b, virial);
  for (int l = 0; l < b->natoms; l++) {
    const size_t config = (size_t)batch->owner[b->atom[l]];
    work->energy[config] += energy[l] + constant + b->repulsion[l];
    for (size_t c = 0; c < 6; c++) work->virial[6 * config + c] += virial[c][l];
  }
}

void VARIANT(mtp_batch_forces)(const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work) {
  memset(work->energy, 0, batch->nconfigs * sizeof *work->energy);
  memset(work->virial, 0, 6 * batch->nconfigs * sizeof *work->virial);
  memset(work->force, 0, 4 * (batch->natoms + 1) * sizeof *work->force);
  for (int k = 0; k < batch->nblocks; k++) {
    block b = lay_out(plan, batch, work, k);
    first_pass(&b, batch, work);
  }
}

/* ---- the gradient ---- */

static double sum_lanes(vec v) {
  double sum = 0;
  for (int l = 0; l < W; l++) sum += v[l];
  return sum;
}

/* The sums of one central species over the radial coefficients go to the gradient, and begin anew. */
static void flush_series(const mtp_plan *plan, int species, mtp_batch_work *work, double *gradient) {
  const size_t R = (size_t)plan->rsize, n = mtp_plan_radial(plan, 1, 0);
  vec *value = (vec *)work->value_sum, *slope = (vec *)work->slope_sum;
  gradient += (size_t)species * n;
  for (size_t row = 0; row < n; row += R)
    for (size_t j = 0; j < R; j++) {
      const double by_value = sum_lanes(value[row + j]), by_slope = sum_lanes(slope[row + j]);
      for (size_t k = 0; k < R; k++)
        gradient[row + k] += plan->to_value[k * R + j] * by_value + plan->to_slope[k * R + j] * by_slope;
    }
  memset(value, 0, n * sizeof(vec));
  memset(slope, 0, n * sizeof(vec));
}

static void flush_scalars(const mtp_plan *plan, const mtp_batch_work *work, double *gradient) {
  const vec *direct = (const vec *)work->direct_sum, *top = (const vec *)work->top_sum;
  gradient += plan->nparams - (size_t)plan->nscalars;
  for (size_t k = 0; k < plan->nlinear_term; k++) gradient[plan->linear_term[k].scalar] += sum_lanes(direct[k]);
  for (int t = 0; t < plan->nscalars; t++)
    if (plan->scalar[t] >= plan->nlive) gradient[t] += sum_lanes(top[plan->scalar[t] - plan->nlive]);
}

/* What is asked for of the configurations of the lanes. */
typedef struct request {
  vec weight, strain[6];
} request;

static request request_of(const block *b, const mtp_batch *batch, const mtp_batch_work *work) {
  request q = {0};
  for (int l = 0; l < b->natoms; l++) {
    const size_t config = (size_t)batch->owner[b->atom[l]];
    q.weight[l] = work->weight[config];
    for (size_t c = 0; c < 6; c++) q.strain[c][l] = work->strain[6 * config + c];
  }
  return q;
}

static void second_pass(block *b, const request *q, mtp_batch_work *work) {
  const mtp_plan *plan = b->plan;
  const int reduced = plan->reduced[plan->nradial];
  tangent *at = (tangent *)work->tangent;
  vec *dm = (vec *)work->tangent_moment, *a = (vec *)work->tangent_adjoint, *direct = (vec *)work->direct_sum;
  vec *by_f = (vec *)work->by_function, *by_df = (vec *)work->by_slope;
  displace(b, work->direction, q->strain, at);
  memset(dm, 0, (size_t)reduced * sizeof(vec));
  for (int mu = 0; mu < plan->nradial; mu++) accumulate_tangent(b, at, mu, dm);
  fill(plan, dm);
  contract_tangent(plan, b->m, dm);
  contract_top(plan, q->weight, b->m, dm, (vec *)work->top_sum);
  for (size_t k = 0; k < plan->nlinear_term; k++) {
    const int moment = plan->coupling[plan->linear_term[k].entry].moment;
    direct[k] += dm[moment] + q->weight * b->m[moment];
  }
  couple_tangent(plan, dm, a);
  adjoint_contract_second(plan, b->m, dm, b->adj, a);
  fold(plan, a);
  for (int k = 0; k < reduced; k++) a[k] += q->weight * b->adj[k]; /* all that the energy itself adds */
  for (int mu = 0; mu < plan->nradial; mu++) pull_back(b, at, mu, a, b->adj, by_f, by_df);
  series_gradient(b, by_f, by_df, (vec *)work->value_sum, (vec *)work->slope_sum);
}

void VARIANT(mtp_batch_gradient)(const mtp_plan *plan, const mtp_batch *batch, mtp_batch_work *work, double *gradient) {
  double *constants = gradient + mtp_plan_radial(plan, plan->nspecies, 0);
  memset(work->direct_sum, 0, plan->nlinear_term * sizeof(vec));
  memset(work->top_sum, 0, (size_t)(plan->nmoments - plan->nlive) * sizeof(vec));
  for (int k = 0; k < batch->nblocks; k++) {
    block b = lay_out(plan, batch, work, k);
    const request q = request_of(&b, batch, work);
    second_pass(&b, &q, work);
    constants[b.species] += sum_lanes(q.weight);
    if (k + 1 == batch->nblocks || batch->block[k + 1].species != b.species)
      flush_series(plan, b.species, work, gradient);
  }
  flush_scalars(plan, work, gradient);
}
