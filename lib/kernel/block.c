/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/block.c
 * Energies, forces, virials and parameter gradients of atoms of one species, W at a time: every working array is a
 * vector over W central atoms. Compiled once per instruction set with MTP_ISA = baseline, avx2 or avx512.
 *
 *   gather -> radial functions -> reduced moments -> fill -> products            (forward)
 *   adjoints of the moments -> fold -> neighbours by Horner's scheme -> scatter  (backward)
 *
 * Unused lanes and padded slots hold a neighbour at the cutoff, where all f and f' vanish exactly.
 */
#include "kernel/block.h"

#include <math.h>
#include <string.h>

#include "kernel/lanes.h"

/* One block: what the stages hand to each other. */
typedef struct block {
  const mtp_plan *plan;
  mtp_workspace *ws;
  const mtp_task *task;
  int natoms;                   /* used lanes */
  int atom[W];                  /* central atom of each lane; unused lanes repeat the first */
  int packed[W];                /* neighbours of each lane inside the cutoff */
  int slots;                    /* a multiple of UNROLL; those of species s are first[s]..first[s+1]-1 */
  const int *first;             /* [C+1] */
  vec *ux, *uy, *uz, *r, *rinv; /* [slots] */
  vec *f, *df;                  /* [slots][K] */
  vec *radial, *gx, *gy, *gz;   /* [slots] sum_mu f' P and f grad P */
  vec *m, *adj;                 /* [nmoments] */
  vec energy;
  double repulsion[W];
} block;

/* ---- gather ---------------------------------------------------------------------------------------------------------
 */

/* Packs the neighbours of one lane that are inside the cutoff and of a known species. */
static void pack_lane(block *b, int lane, int *tally) {
  const mtp_atoms *atoms = b->task->atoms;
  const double *x = atoms->x;
  const size_t i = (size_t)b->atom[lane], capacity = (size_t)b->ws->max_count * (size_t)lane;
  const double xi = x[3 * i], yi = x[3 * i + 1], zi = x[3 * i + 2];
  const double cut2 = b->plan->radial.max_dist * b->plan->radial.max_dist;
  const int *list = atoms->list[i];
  double *p = b->ws->packed + 4 * capacity;
  int *q = b->ws->packed_index + 2 * capacity;
  const unsigned species = (unsigned)b->plan->nspecies; /* -1 becomes the largest of all */
  int n = 0;
  for (int k = 0; k < atoms->count[i]; k++) {
    const int j = list[k] & atoms->mask;
    const size_t j3 = 3 * (size_t)j;
    const double dx = x[j3] - xi, dy = x[j3 + 1] - yi, dz = x[j3 + 2] - zi;
    const double r2 = dx * dx + dy * dy + dz * dz;
    p[4 * n] = dx, p[4 * n + 1] = dy, p[4 * n + 2] = dz, p[4 * n + 3] = r2;
    const int s = atoms->species_of_type ? atoms->species_of_type[atoms->type[j]] : atoms->type[j];
    q[2 * n] = j, q[2 * n + 1] = s;
    n += r2 < cut2 && (unsigned)s < species; /* overwritten by the next one otherwise */
  }
  for (int k = 0; k < n; k++) tally[q[2 * k + 1]]++;
  b->packed[lane] = n;
}

/* Below a = min_dist every directed neighbour adds 1e4 (exp(-10(r-1)) - exp(-10(a-1))); its slope goes to `slope`. */
static void add_repulsion(block *b, int lane, double r, double *slope) {
  const double a = b->plan->radial.min_dist;
  if (r >= a) return;
  const double e = exp(-10.0 * (r - 1.0));
  b->repulsion[lane] += 1e4 * (e - exp(-10.0 * (a - 1.0)));
  *slope += -1e5 * e;
}

/* Slots by species of the neighbour, so that each slot has one set of radial coefficients for all lanes. */
static void gather(block *b) {
  const int C = b->plan->nspecies;
  mtp_workspace *ws = b->ws;
  int *first = ws->tally, *tally = ws->tally + C + 1;
  memset(tally, 0, (size_t)(W * (C + 1)) * sizeof(int));
  for (int l = 0; l < b->natoms; l++) pack_lane(b, l, tally + l * (C + 1));
  int slots = 0;
  for (int s = 0; s < C; s++) {
    int most = 0;
    for (int l = 0; l < W; l++)
      if (tally[l * (C + 1) + s] > most) most = tally[l * (C + 1) + s];
    first[s] = slots;
    slots += (most + UNROLL - 1) / UNROLL * UNROLL;
  }
  first[C] = b->slots = slots;
  b->first = first;

  const double rc = b->plan->radial.max_dist;
  for (int k = 0; k < slots; k++) {
    b->ux[k] = b->r[k] = all(rc);
    b->uy[k] = b->uz[k] = b->radial[k] = (vec){0};
    memcpy(ws->neighbour + k * W, b->atom, W * sizeof(int));
  }
  for (int l = 0; l < b->natoms; l++) {
    int *next = tally + l * (C + 1);
    memcpy(next, first, (size_t)C * sizeof(int));
    const double *p = ws->packed + 4 * (size_t)ws->max_count * (size_t)l;
    const int *q = ws->packed_index + 2 * (size_t)ws->max_count * (size_t)l;
    for (int k = 0; k < b->packed[l]; k++, p += 4, q += 2) {
      const int slot = next[q[1]]++;
      const double r = sqrt(p[3]);
      b->ux[slot][l] = p[0], b->uy[slot][l] = p[1], b->uz[slot][l] = p[2], b->r[slot][l] = r;
      ws->neighbour[slot * W + l] = q[0];
      if (b->plan->radial.type == MTP_RADIAL_CHEBYSHEV_REPULS) add_repulsion(b, l, r, (double *)&b->radial[slot] + l);
    }
  }
  for (int k = 0; k < slots; k++) {
    b->rinv[k] = 1.0 / b->r[k];
    b->ux[k] *= b->rinv[k], b->uy[k] *= b->rinv[k], b->uz[k] *= b->rinv[k];
  }
}

/* ---- radial functions -----------------------------------------------------------------------------------------------
 */

static void radial_functions(block *b) {
  const int K = b->plan->nradial;
  for (int s = 0; s < b->plan->nspecies; s++) {
    const double *c = mtp_plan_radial(b->plan, b->task->species, s);
    for (int k = b->first[s]; k < b->first[s + 1]; k++) radial_slot(b->plan, c, b->r[k], b->f + k * K, b->df + k * K);
  }
}

/* ---- moments --------------------------------------------------------------------------------------------------------
 */

/* Adds f x^a y^b z^c of all neighbours, c = 0 and 1. `nu` is a compile-time constant: the loops unroll. */
INLINE void accumulate_rank(const int nu, const block *b, int mu) {
  const int K = b->plan->nradial, half = (nu + 1) * (nu + 2) / 2;
  vec *const m = b->m + b->plan->reduced[mu];
  for (int k = 0; k < b->slots; k += UNROLL) {
    vec x[UNROLL], y[UNROLL], z[UNROLL], tx[UNROLL];
    for (int u = 0; u < UNROLL; u++) {
      x[u] = b->ux[k + u], y[u] = b->uy[k + u], z[u] = b->uz[k + u];
      tx[u] = b->f[(k + u) * K + mu];
    }
    vec *even = m, *odd = m + half;
#pragma GCC unroll 11
    for (int i = 0; i <= nu; i++) {
      vec t[UNROLL];
      for (int u = 0; u < UNROLL; u++) t[u] = tx[u];
#pragma GCC unroll 11
      for (int j = 0; j <= nu - i; j++) {
        vec s = t[0] + t[1];
        if (UNROLL == 4) s += t[UNROLL - 2] + t[UNROLL - 1];
        *even++ += s;
        if (i + j < nu) {
          vec q = *odd;
          for (int u = 0; u < UNROLL; u++) q += t[u] * z[u];
          *odd++ = q;
        }
        for (int u = 0; u < UNROLL; u++) t[u] *= y[u];
      }
      for (int u = 0; u < UNROLL; u++) tx[u] *= x[u];
    }
  }
}

/* P = sum adj x^a y^b z^c and its gradient (as a polynomial of independent x, y, z) by nested Horner schemes. */
INLINE void differentiate_rank(const int nu, const block *b, int mu) {
  const int K = b->plan->nradial, half = (nu + 1) * (nu + 2) / 2;
  const vec *const c = b->adj + b->plan->reduced[mu];
  for (int k = 0; k < b->slots; k += 2) {
    vec P[2], Px[2], Py[2], Pz[2];
    for (int u = 0; u < 2; u++) P[u] = Px[u] = Py[u] = Pz[u] = (vec){0};
    const vec *even = c + half, *odd = c + (nu + 1) * (nu + 1);
#pragma GCC unroll 11
    for (int i = nu; i >= 0; i--) {
      vec value[2] = {{0}, {0}}, slope[2] = {{0}, {0}}, upper[2] = {{0}, {0}};
#pragma GCC unroll 11
      for (int j = nu - i; j >= 0; j--) {
        const vec low = *--even, high = i + j < nu ? *--odd : (vec){0};
        for (int u = 0; u < 2; u++) {
          const vec y = b->uy[k + u];
          slope[u] = slope[u] * y + value[u];
          if (i + j < nu) {
            value[u] = value[u] * y + (low + b->uz[k + u] * high);
            upper[u] = upper[u] * y + high;
          } else
            value[u] = value[u] * y + low;
        }
      }
      for (int u = 0; u < 2; u++) {
        const vec x = b->ux[k + u];
        Px[u] = Px[u] * x + P[u];
        P[u] = P[u] * x + value[u];
        Py[u] = Py[u] * x + slope[u];
        Pz[u] = Pz[u] * x + upper[u];
      }
    }
    for (int u = 0; u < 2; u++) {
      vec *f = b->f + (k + u) * K + mu;
      b->radial[k + u] += b->df[(k + u) * K + mu] * P[u];
      b->gx[k + u] += *f * Px[u];
      b->gy[k + u] += *f * Py[u];
      b->gz[k + u] += *f * Pz[u];
      *f = P[u]; /* the gradient by the radial coefficients needs it */
    }
  }
}

/* One instance of a stage for every rank, so that its loops have constant bounds. */
#define FOR_RANK(stage)                                                                                                \
  static void stage(const block *b, int mu) {                                                                          \
    switch (b->plan->rank[mu]) {                                                                                       \
    case 0:                                                                                                            \
      stage##_rank(0, b, mu);                                                                                          \
      break;                                                                                                           \
    case 1:                                                                                                            \
      stage##_rank(1, b, mu);                                                                                          \
      break;                                                                                                           \
    case 2:                                                                                                            \
      stage##_rank(2, b, mu);                                                                                          \
      break;                                                                                                           \
    case 3:                                                                                                            \
      stage##_rank(3, b, mu);                                                                                          \
      break;                                                                                                           \
    case 4:                                                                                                            \
      stage##_rank(4, b, mu);                                                                                          \
      break;                                                                                                           \
    case 5:                                                                                                            \
      stage##_rank(5, b, mu);                                                                                          \
      break;                                                                                                           \
    case 6:                                                                                                            \
      stage##_rank(6, b, mu);                                                                                          \
      break;                                                                                                           \
    case 7:                                                                                                            \
      stage##_rank(7, b, mu);                                                                                          \
      break;                                                                                                           \
    case 8:                                                                                                            \
      stage##_rank(8, b, mu);                                                                                          \
      break;                                                                                                           \
    case 9:                                                                                                            \
      stage##_rank(9, b, mu);                                                                                          \
      break;                                                                                                           \
    default:                                                                                                           \
      stage##_rank(MTP_MAX_RANK, b, mu);                                                                               \
    }                                                                                                                  \
  }
FOR_RANK(accumulate)
FOR_RANK(differentiate)

static void moments(block *b) {
  const mtp_plan *plan = b->plan;
  vec *m = b->m;
  memset(m, 0, (size_t)plan->nmoments * sizeof(vec));
  for (int mu = 0; mu < plan->nradial; mu++) accumulate(b, mu);
  for (int k = 0; k < plan->nfill; k++) {
    const mtp_fill e = plan->fill[k];
    m[e.target] = m[e.lower] - m[e.xx] - m[e.yy];
  }
}

/* ---- products of moments --------------------------------------------------------------------------------------------
 */

static void contract(block *b) {
  const mtp_plan *plan = b->plan;
  vec *m = b->m;
  for (int s = 0; s < plan->nsegment; s++) {
    const mtp_segment g = plan->segment[s];
    vec t = m[g.target];
    for (int k = g.begin; k < g.end; k++) {
      const mtp_product e = plan->product[k];
      t += e.p * m[e.left] * m[e.right];
    }
    m[g.target] = t;
  }
  const double *linear = mtp_plan_linear(plan);
  vec energy = all(mtp_plan_species(plan)[b->task->species]);
  for (int t = 0; t < plan->nscalars; t++) energy += linear[t] * m[plan->scalar[t]];
  for (int l = 0; l < W; l++) energy[l] += b->repulsion[l];
  b->energy = energy;
}

static void adjoint_contract(block *b) {
  const mtp_plan *plan = b->plan;
  const vec *m = b->m;
  vec *adj = b->adj;
  memset(adj, 0, (size_t)plan->nmoments * sizeof(vec));
  const double *linear = mtp_plan_linear(plan);
  for (int t = 0; t < plan->nscalars; t++) adj[plan->scalar[t]] += all(linear[t]);
  for (int s = plan->nsegment - 1; s >= 0; s--) {
    const mtp_segment g = plan->segment[s];
    const vec a = adj[g.target];
    for (int k = g.begin; k < g.end; k++) {
      const mtp_product e = plan->product[k];
      const vec t = e.p * a;
      adj[e.right] += t * m[e.left];
      adj[e.left] += t * m[e.right];
    }
  }
  for (int k = plan->nfill - 1; k >= 0; k--) { /* fold: transpose of the fill */
    const mtp_fill e = plan->fill[k];
    const vec t = adj[e.target];
    adj[e.lower] += t;
    adj[e.xx] -= t;
    adj[e.yy] -= t;
  }
}

/* ---- forces ---------------------------------------------------------------------------------------------------------
 */

static void add_site_virial(mtp_output *out, size_t i, size_t j, const double d[3], const double r[3]) {
  static const int first[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2}, second[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  if (out->site_virial)
    for (int c = 0; c < 6; c++) {
      const double w = -0.5 * r[first[c]] * d[second[c]];
      out->site_virial[6 * i + (size_t)c] += w;
      out->site_virial[6 * j + (size_t)c] += w;
    }
  if (out->site_virial9)
    for (int c = 0; c < 9; c++) out->site_virial9[9 * j + (size_t)c] -= r[first[c]] * d[second[c]];
}

/* D = (f' P) u + f/r (grad P - u (u . grad P)) of every neighbour: what leaves the sphere drops out. */
static void scatter(block *b) {
  mtp_output *out = b->task->out;
  vec w[6] = {{0}}, fx = {0}, fy = {0}, fz = {0};
  const int *neighbour = b->ws->neighbour;
  for (int k = 0; k < b->slots; k++, neighbour += W) {
    const vec ux = b->ux[k], uy = b->uy[k], uz = b->uz[k], r = b->r[k], rinv = b->rinv[k];
    const vec gx = b->gx[k] * rinv, gy = b->gy[k] * rinv, gz = b->gz[k] * rinv;
    const vec along = b->radial[k] - (ux * gx + uy * gy + uz * gz);
    const vec dx = along * ux + gx, dy = along * uy + gy, dz = along * uz + gz;
    const vec rx = r * ux, ry = r * uy, rz = r * uz;
    w[0] -= rx * dx, w[1] -= ry * dy, w[2] -= rz * dz;
    w[3] -= rx * dy, w[4] -= rx * dz, w[5] -= ry * dz;
    fx += dx, fy += dy, fz += dz;
    if (out->force)
      for (int l = 0; l < W; l++) {
        double *f = out->force + 3 * (size_t)neighbour[l];
        f[0] -= dx[l], f[1] -= dy[l], f[2] -= dz[l];
      }
    if (out->site_virial || out->site_virial9)
      for (int l = 0; l < b->natoms; l++)
        add_site_virial(out, (size_t)b->atom[l], (size_t)neighbour[l], (double[3]){dx[l], dy[l], dz[l]},
                        (double[3]){rx[l], ry[l], rz[l]});
  }
  for (int l = 0; l < b->natoms; l++) {
    if (out->force) {
      double *f = out->force + 3 * (size_t)b->atom[l];
      f[0] += fx[l], f[1] += fy[l], f[2] += fz[l];
    }
    for (int c = 0; c < 6; c++) out->virial[c] += w[c][l];
  }
}

static void forces(block *b) {
  for (int k = 0; k < b->slots; k++) b->gx[k] = b->gy[k] = b->gz[k] = (vec){0};
  for (int mu = 0; mu < b->plan->nradial; mu++) differentiate(b, mu);
  scatter(b);
}

/* ---- parameter gradients --------------------------------------------------------------------------------------------
 */

/* dV/dc[zj][mu][k] = sum_j Q_k(r) P_mu(u): the polynomials are left over from the force pass. */
static void radial_gradient(const block *b, vec *g) {
  const mtp_plan *plan = b->plan;
  const mtp_radial *radial = &plan->radial;
  const int K = plan->nradial, R = plan->rsize;
  memset(g, 0, (size_t)(plan->nspecies * K * R) * sizeof(vec));
  for (int s = 0; s < plan->nspecies; s++, g += K * R)
    for (int k = b->first[s]; k < b->first[s + 1]; k++) {
      const radial_point at = radial_weight(radial, b->r[k]);
      const vec *P = b->f + k * K;
      vec p = at.weight * radial->start, p0 = {0};
      for (int q = 0; q < R; q++) {
        for (int mu = 0; mu < K; mu++) g[mu * R + q] += p * P[mu];
        const vec next = (radial->alpha[q] * at.xi + radial->beta[q]) * p + radial->gamma[q] * p0;
        p0 = p, p = next;
      }
    }
}

static void gradients(const block *b, size_t done) {
  const mtp_plan *plan = b->plan;
  const mtp_task *task = b->task;
  vec *g = (vec *)b->ws->radial;
  radial_gradient(b, g);
  const size_t n = plan->nparams, block_size = (size_t)(plan->nspecies * plan->nradial * plan->rsize);
  const size_t radial0 = (size_t)task->species * block_size, species0 = (size_t)plan->nspecies * block_size;
  const size_t linear0 = species0 + (size_t)plan->nspecies;
  for (int l = 0; l < b->natoms; l++) {
    if (task->rows) {
      double *row = task->rows + (done + (size_t)l) * n;
      memset(row, 0, n * sizeof(double));
      for (size_t k = 0; k < block_size; k++) row[radial0 + k] = g[k][l];
      row[species0 + (size_t)task->species] = 1.0;
      for (int t = 0; t < plan->nscalars; t++) row[linear0 + (size_t)t] = b->m[plan->scalar[t]][l];
    }
    if (task->total) {
      for (size_t k = 0; k < block_size; k++) task->total[radial0 + k] += g[k][l];
      task->total[species0 + (size_t)task->species] += 1.0;
      for (int t = 0; t < plan->nscalars; t++) task->total[linear0 + (size_t)t] += b->m[plan->scalar[t]][l];
    }
  }
}

/* ---- the whole ------------------------------------------------------------------------------------------------------
 */

void VARIANT(mtp_block)(const mtp_plan *plan, mtp_workspace *ws, const mtp_task *task) {
  block b = {.plan = plan, .ws = ws, .task = task};
  vec *const geometry = (vec *)ws->geometry, *const force = (vec *)ws->force;
  b.ux = geometry, b.uy = b.ux + ws->slots, b.uz = b.uy + ws->slots, b.r = b.uz + ws->slots, b.rinv = b.r + ws->slots;
  b.radial = force, b.gx = force + ws->slots, b.gy = b.gx + ws->slots, b.gz = b.gy + ws->slots;
  b.f = (vec *)ws->function, b.df = (vec *)ws->slope;
  b.m = (vec *)ws->moment, b.adj = (vec *)ws->adjoint;
  mtp_output *out = task->out;
  const int want_gradients = task->rows || task->total;
  const int want_forces = out->force || out->site_virial || out->site_virial9 || want_gradients;

  for (size_t done = 0; done < task->natoms; done += W) {
    const size_t left = task->natoms - done;
    b.natoms = left < W ? (int)left : W;
    for (int l = 0; l < W; l++) b.atom[l] = task->list[done + (l < b.natoms ? (size_t)l : 0)];
    memset(b.repulsion, 0, sizeof b.repulsion);
    gather(&b);
    radial_functions(&b);
    moments(&b);
    contract(&b);
    for (int l = 0; l < b.natoms; l++) {
      out->energy += b.energy[l];
      if (out->site_energy) out->site_energy[b.atom[l]] += b.energy[l];
    }
    if (!want_forces) continue;
    adjoint_contract(&b);
    forces(&b);
    if (want_gradients) gradients(&b, done);
  }
}
