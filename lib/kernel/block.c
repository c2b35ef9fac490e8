/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/block.c
 * Energies, forces, virials and parameter gradients of atoms of one species, W at a time: every working array is a
 * vector over W central atoms. Compiled once per instruction set with MTP_ISA = baseline, avx2 or avx512, and each once
 * more with MTP_MIXED: everything in single precision but the products of moments where energies are wanted. Gradients
 * are for doubles.
 *
 *   near neighbours -> place -> radial functions -> reduced moments -> fill -> products -> top level      (forward)
 *   adjoints of the products -> fold -> neighbours by Horner's scheme -> scatter                          (backward)
 */
#include "kernel/block.h"

#include "kernel/contract.h"
#include "kernel/functions.h"
#include "kernel/gather.h"
#include "kernel/moments.h"
#include "kernel/scatter.h"
#ifdef MTP_MIXED
#include "kernel/wide.h"
#endif

/* ---- parameter gradients ---- */

#ifndef MTP_MIXED
/* dV/dc[zj][mu][k] = sum_j Q_k(r) P_mu(u) of U slots: the polynomials are left over from the force pass. */
INLINE void radial_gradient_slots(const int U, const block *b, int s, int k, vec *g) {
  const mtp_plan *plan = b->plan;
  const mtp_radial *radial = &plan->radial;
  const int K = plan->nradial, R = plan->rsize;
  vec xi[UNROLL], p[UNROLL], p0[UNROLL];
  for (int u = 0; u < U; u++) {
    const radial_point at = radial_weight(radial, b->r[k + u]);
    xi[u] = at.xi;
    p[u] = at.weight * (radial->scaling * radial->start);
    p0[u] = (vec){0};
    if (plan->nspecies > 1) p[u] = where(lanes_of(b, s, k + u), p[u], (vec){0});
  }
  const vec *P = b->polynomial + k * K;
  for (int q = 0; q < R; q++) {
    for (int mu = 0; mu < K; mu++) {
      vec sum = g[mu * R + q];
      for (int u = 0; u < U; u++) sum += p[u] * P[u * K + mu];
      g[mu * R + q] = sum;
    }
    for (int u = 0; u < U; u++) {
      const vec next = (radial->alpha[q] * xi[u] + radial->beta[q]) * p[u] + radial->gamma[q] * p0[u];
      p0[u] = p[u], p[u] = next;
    }
  }
}

STAGE void radial_gradient(const block *b, vec *g) {
  const mtp_plan *plan = b->plan;
  const int KR = plan->nradial * plan->rsize;
  memset(g, 0, (size_t)(plan->nspecies * KR) * sizeof(vec));
  for (int s = 0; s < plan->nspecies; s++, g += KR) {
    const species_range at = range_of(b, s);
    int k = at.first / 2 * 2;
    for (; k + UNROLL <= at.last; k += UNROLL) radial_gradient_slots(UNROLL, b, s, k, g);
    for (; k < at.last; k += 2) radial_gradient_slots(2, b, s, k, g);
  }
}

/* Element k of the row of each lane is a vector: value(k), n of them from `first` on. */
#define WRITE_ROWS(first, n, value)                                                                                    \
  for (size_t k = 0; k < (n); k += W) {                                                                                \
    vec v[W];                                                                                                          \
    const size_t left = (n)-k;                                                                                         \
    for (size_t e = 0; e < W; e++) v[e] = value(e < left ? k + e : k);                                                 \
    transpose(v);                                                                                                      \
    for (int l = 0; l < b->natoms; l++) {                                                                              \
      if (left >= W)                                                                                                   \
        memcpy(row[l] + (first) + k, &v[l], sizeof(vec));                                                              \
      else                                                                                                             \
        memcpy(row[l] + (first) + k, &v[l], left * sizeof(double));                                                    \
    }                                                                                                                  \
  }

/* Compact rows of the lanes, with the radial columns g unless that is NULL. */
STAGE void write_rows(const block *b, const vec *g, double *rows) {
  const mtp_plan *plan = b->plan;
  const size_t radial = g ? mtp_plan_radial(plan, 1, 0) : 0, scalars = (size_t)plan->nscalars;
  double *row[W];
  for (int l = 0; l < b->natoms; l++) {
    row[l] = rows + (size_t)b->place[l] * mtp_plan_row_length(plan, !g);
    row[l][radial] = 1.0;
  }
#define RADIAL(k) g[k]
#define SCALAR(k) b->m[plan->scalar[k]]
  WRITE_ROWS(0, radial, RADIAL)
  WRITE_ROWS(radial + 1, scalars, SCALAR)
}

static void add_total(const block *b, const vec *g, double *total) {
  const mtp_plan *plan = b->plan;
  const size_t radial = mtp_plan_radial(plan, 1, 0), constants = mtp_plan_radial(plan, plan->nspecies, 0);
  double *own = total + (size_t)b->species * radial, *scalars = total + constants + (size_t)plan->nspecies;
  total[constants + (size_t)b->species] += (double)b->natoms;
  for (int l = 0; l < b->natoms; l++) {
    for (size_t k = 0; k < radial; k++) own[k] += g[k][l];
    for (int t = 0; t < plan->nscalars; t++) scalars[t] += b->m[plan->scalar[t]][l];
  }
}

static void gradients(const block *b, const mtp_task *task) {
  vec *g = task->linear ? NULL : (vec *)b->ws->radial;
  contract(b->plan, b->plan->nlive_group, b->plan->ngroup, b->m);
  if (g) radial_gradient(b, g);
  if (task->rows) write_rows(b, g, task->rows);
  if (task->total) add_total(b, g, task->total);
}
#endif

/* ---- the whole ---- */

static block lay_out(const mtp_plan *plan, mtp_workspace *ws, const mtp_task *task) {
  const size_t slots = (size_t)ws->slots;
  vec *const geometry = (vec *)ws->geometry;
  block b = {.plan = plan, .ws = ws, .species = task->species, .dummy = (unsigned)task->atoms->nall * POINT_BYTES};
  b.neighbour = ws->neighbour;
  b.border = (vec *)ws->border;
  b.ux = geometry, b.uy = b.ux + slots, b.uz = b.uy + slots, b.r = b.uz + slots, b.rinv = b.r + slots;
  b.f = b.polynomial = (vec *)ws->function;
  b.df = (vec *)ws->slope;
  b.derivative = (derivative *)ws->derivative;
  b.m = (vec *)ws->moment;
  b.adj = (vec *)ws->adjoint;
  b.wide = (dvec *)ws->wide;
  b.force = ws->force;
  return b;
}

/* Members order[0..n-1] of the chunk, 0 < n <= W. */
static void load(block *b, const chunk *c, const int *order, int n, const int *list, int done) {
  b->natoms = n;
  for (int l = 0; l < W; l++) {
    const int member = order[l < n ? l : 0];
    b->atom[l] = list[member];
    b->centre[l] = (unsigned)list[member] * POINT_BYTES;
    b->place[l] = done + member;
  }
  memset(b->repulsion, 0, sizeof b->repulsion);
  fill_lanes(b, c, order);
  place(b);
  if (b->plan->radial.type == MTP_RADIAL_CHEBYSHEV_REPULS) add_repulsion(b);
}

/* An atom that is nowhere has no neighbours; its energy must not look like that of a free one. */
static void add_energies(const block *b, const double *energy, mtp_output *out) {
  const double constant = mtp_plan_species(b->plan)[b->species];
  for (int l = 0; l < b->natoms; l++) {
    const double *x = point_at(b->ws->point, b->centre[l]), nowhere = 0.0 * (x[0] + x[1] + x[2]);
    const double e = energy[l] + constant + b->repulsion[l] + nowhere;
    out->energy += e;
    if (out->site_energy) out->site_energy[b->atom[l]] += e;
  }
}

static void forward(block *b, const mtp_request *request, mtp_output *out) {
  const mtp_plan *plan = b->plan;
  radial_functions(b);
  memset(b->m, 0, (size_t)plan->reduced[plan->nradial] * sizeof(vec)); /* the others are written before they are read */
  for (int mu = 0; mu < plan->nradial; mu++) accumulate(b, mu);
  if (request->skip_energy) {
    fill(plan, b->m);
    contract(plan, 0, plan->nlive_group, b->m);
    couple(plan, b->m, b->adj);
  } else {
    double energy[W];
#ifdef MTP_MIXED
    dvec parts[PARTS];
    wide_moments(plan, b->wide, b->m);
    wide_couple(plan, b->wide, b->adj, parts);
    memcpy(energy, parts, sizeof energy);
#else
    fill(plan, b->m);
    contract(plan, 0, plan->nlive_group, b->m);
    const vec parts = couple_with_energies(plan, b->m, b->adj);
    memcpy(energy, &parts, sizeof energy);
#endif
    add_energies(b, energy, out);
  }
}

static void backward(block *b, const mtp_request *request, mtp_output *out) {
  adjoint_contract(b->plan, b->m, b->adj);
  fold(b->plan, b->adj);
  for (int mu = 0; mu < b->plan->nradial; mu++) differentiate(b, mu);
  scatter(b, request, out);
}

void VARIANT(mtp_block)(const mtp_plan *plan, mtp_workspace *ws, const mtp_task *task) {
  block b = lay_out(plan, ws, task);
  chunk c;
  mtp_output *out = task->out;
  const int want_gradients = task->rows || task->total;
  const int want_radial = want_gradients && !task->linear; /* the force pass leaves what they need */
  const int want_forces = out->force || out->site_virial || out->site_virial9 || want_radial;

  for (size_t done = 0; done < task->natoms; done += MTP_CHUNK) {
    const int *list = task->list + done;
    const int n = task->natoms - done < MTP_CHUNK ? (int)(task->natoms - done) : MTP_CHUNK;
    collect_chunk(&c, plan, ws, task->atoms, n, list);
    order_chunk(&c, ws, n);
    for (int next = 0; next < n; next += W) {
      load(&b, &c, c.order + next, n - next < W ? n - next : W, list, (int)done);
      forward(&b, task->request, out);
      if (want_forces) backward(&b, task->request, out);
#ifndef MTP_MIXED
      if (want_gradients) gradients(&b, task);
#endif
    }
  }
}
