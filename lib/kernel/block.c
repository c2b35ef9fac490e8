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

/* A stage stays a function of its own, so that a profile shows it. */
#define STAGE static __attribute__((noinline))

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

/* ---- gather ---- */

/* Columns of a lane in slot order: component 0..2 displacement, 3 r^2. */
INLINE double *column(const mtp_workspace *ws, int lane, int component) {
  return ws->column + (size_t)(4 * lane + component) * (size_t)ws->slots;
}

INLINE int *neighbours_of(const mtp_workspace *ws, int lane) {
  return ws->neighbour + (size_t)lane * (size_t)ws->slots;
}

INLINE unsigned species_of(const mtp_atoms *atoms, int j) {
  return (unsigned)(atoms->species_of_type ? atoms->species_of_type[atoms->type[j]] : atoms->type[j]);
}

/* Compresses the neighbours of a lane that are inside the cutoff and of a known species into its columns. */
STAGE void pack_lane(block *b, int lane, int *restrict tally) {
  const mtp_atoms *atoms = b->task->atoms;
  const size_t i = (size_t)b->atom[lane];
  const int count = atoms->count[i], mask = atoms->mask, *restrict list = atoms->list[i];
  const double *restrict x = atoms->x, xi = x[3 * i], yi = x[3 * i + 1], zi = x[3 * i + 2];
  const double cut2 = b->plan->radial.max_dist * b->plan->radial.max_dist;
  double *restrict dx = column(b->ws, lane, 0), *restrict dy = column(b->ws, lane, 1);
  double *restrict dz = column(b->ws, lane, 2), *restrict r2 = column(b->ws, lane, 3);
  int *restrict index = neighbours_of(b->ws, lane), near = 0;
  for (int k = 0; k < count; k++) { /* no branch: half of a list is beyond the cutoff, and nothing foretells which */
    const int j = list[k] & mask;
    const double *y = x + 3 * (size_t)j, a = y[0] - xi, c = y[1] - yi, e = y[2] - zi, q = a * a + c * c + e * e;
    dx[near] = a, dy[near] = c, dz[near] = e, r2[near] = q;
    index[near] = j;
    near += q < cut2;
  }
  const unsigned species = (unsigned)b->plan->nspecies; /* -1 becomes the largest of all */
  int kept = 0;
  for (int k = 0; k < near; k++) {
    const unsigned s = species_of(atoms, index[k]);
    if (s >= species) continue;
    if (kept < k) dx[kept] = dx[k], dy[kept] = dy[k], dz[kept] = dz[k], r2[kept] = r2[k], index[kept] = index[k];
    kept++;
    if (species > 1) tally[s]++;
  }
  if (species == 1) tally[0] = kept;
  b->packed[lane] = kept;
}

/* Slots from..slots-1 of a lane hold a neighbour at the cutoff, whose force of exactly zero goes to the atom itself. */
INLINE void pad_lane(block *b, int lane, int from) {
  const double rc = b->plan->radial.max_dist;
  double *dx = column(b->ws, lane, 0), *dy = column(b->ws, lane, 1), *dz = column(b->ws, lane, 2);
  double *r2 = column(b->ws, lane, 3);
  int *index = neighbours_of(b->ws, lane);
  const int end = (b->slots + W - 1) / W * W; /* columns are read in whole vectors */
  for (int k = from; k < end; k++) dx[k] = rc, dy[k] = dz[k] = 0.0, r2[k] = rc * rc, index[k] = b->atom[lane];
}

/* Moves the neighbours of a lane to the slots of their species. */
STAGE void sort_lane(block *b, int lane, int *next) {
  mtp_workspace *ws = b->ws;
  const size_t kept = (size_t)b->packed[lane];
  int *index = neighbours_of(ws, lane);
  for (int c = 0; c < 4; c++)
    memcpy(ws->unsorted + (size_t)(c * ws->slots), column(ws, lane, c), kept * sizeof(double));
  memcpy(ws->unsorted_index, index, kept * sizeof(int));
  pad_lane(b, lane, 0);
  for (size_t k = 0; k < kept; k++) {
    const int j = ws->unsorted_index[k], slot = next[species_of(b->task->atoms, j)]++;
    for (int c = 0; c < 4; c++) column(ws, lane, c)[slot] = ws->unsorted[(size_t)(c * ws->slots) + k];
    index[slot] = j;
  }
}

/* Exchanges the off-diagonal elements of each square of 2*step vectors. */
INLINE void transpose_step(const int step, vec *v) {
  vec_mask low, high;
  for (int e = 0; e < W; e++) {
    low[e] = e & step ? W + e - step : e;
    high[e] = e & step ? W + e : e + step;
  }
#pragma GCC unroll 8
  for (int i = 0; i < W; i++) {
    if (i & step) continue;
    const vec p = v[i], q = v[i + step];
    v[i] = shuffle(p, q, low);
    v[i + step] = shuffle(p, q, high);
  }
}

/* W vectors of one lane each become W vectors of one slot each. */
INLINE void transpose(vec *v) {
  transpose_step(1, v);
  if (W > 2) transpose_step(2, v);
  if (W > 4) transpose_step(4, v);
}

/* From the columns of the lanes to vectors over lanes, then unit vectors and distances. */
STAGE void turn(block *b) {
  vec *const to[4] = {b->ux, b->uy, b->uz, b->r};
  for (int k = 0; k < b->slots; k += W)
    for (int c = 0; c < 4; c++) {
      vec v[W];
      for (int l = 0; l < W; l++) memcpy(&v[l], column(b->ws, l, c) + k, sizeof(vec));
      transpose(v);
      memcpy(to[c] + k, v, sizeof v);
    }
  for (int k = 0; k < b->slots; k++) {
    vec r = b->r[k];
    for (int l = 0; l < W; l++) r[l] = sqrt(r[l]);
    b->r[k] = r;
    b->rinv[k] = 1.0 / r;
    b->ux[k] *= b->rinv[k], b->uy[k] *= b->rinv[k], b->uz[k] *= b->rinv[k];
    b->radial[k] = (vec){0};
  }
}

/* Below a = min_dist every directed neighbour adds 1e4 (exp(-10(r-1)) - exp(-10(a-1))) to the energy. */
static void add_repulsion(block *b) {
  const double a = b->plan->radial.min_dist, offset = exp(-10.0 * (a - 1.0));
  for (int k = 0; k < b->slots; k++)
    for (int l = 0; l < b->natoms; l++) {
      const double r = b->r[k][l];
      if (r >= a) continue;
      const double e = exp(-10.0 * (r - 1.0));
      b->repulsion[l] += 1e4 * (e - offset);
      b->radial[k][l] += -1e5 * e;
    }
}

/* Slots by species of the neighbour, so that each slot has one set of radial coefficients for all lanes. */
static void gather(block *b) {
  const int C = b->plan->nspecies;
  int *first = b->ws->tally, *tally = first + C + 1;
  memset(tally, 0, (size_t)(W * (C + 1)) * sizeof(int));
  for (int l = 0; l < b->natoms; l++) pack_lane(b, l, tally + l * (C + 1));
  int slots = 0;
  for (int s = 0; s < C; s++) {
    int most = 0;
    for (int l = 0; l < b->natoms; l++)
      if (tally[l * (C + 1) + s] > most) most = tally[l * (C + 1) + s];
    first[s] = slots;
    slots += (most + UNROLL - 1) / UNROLL * UNROLL;
  }
  first[C] = b->slots = slots;
  b->first = first;
  for (int l = 0; l < W; l++) {
    if (l >= b->natoms)
      pad_lane(b, l, 0);
    else if (C == 1)
      pad_lane(b, l, b->packed[l]);
    else {
      int *next = tally + l * (C + 1);
      memcpy(next, first, (size_t)C * sizeof(int));
      sort_lane(b, l, next);
    }
  }
  turn(b);
  if (b->plan->radial.type == MTP_RADIAL_CHEBYSHEV_REPULS) add_repulsion(b);
}

/* ---- radial functions ---- */

/* K is a compile-time constant: the sums stay in registers. */
INLINE void radial_all(const int K, block *b) {
  for (int s = 0; s < b->plan->nspecies; s++) {
    const double *c = mtp_plan_radial(b->plan, b->task->species, s);
    for (int k = b->first[s]; k < b->first[s + 1]; k++)
      radial_slot(K, b->plan, c, b->r[k], b->f + k * K, b->df + k * K);
  }
}

STAGE void radial_functions(block *b) {
  switch (b->plan->nradial) {
  case 1:
    radial_all(1, b);
    break;
  case 2:
    radial_all(2, b);
    break;
  case 3:
    radial_all(3, b);
    break;
  case 4:
    radial_all(4, b);
    break;
  case 5:
    radial_all(5, b);
    break;
  case 6:
    radial_all(6, b);
    break;
  default:
    radial_all(b->plan->nradial, b);
  }
}

/* ---- moments ---- */

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

STAGE void moments(block *b) {
  const mtp_plan *plan = b->plan;
  vec *m = b->m;
  memset(m, 0, (size_t)plan->reduced[plan->nradial] * sizeof(vec)); /* all others are written before they are read */
  for (int mu = 0; mu < plan->nradial; mu++) accumulate(b, mu);
  for (int k = 0; k < plan->nfill; k++) {
    const mtp_fill e = plan->fill[k];
    m[e.target] = m[e.lower] - m[e.xx] - m[e.yy];
  }
}

/* ---- products of moments ---- */

/* Both ways through a group, for each width: the shared factors and their adjoints stay in registers. */
INLINE void group_forward(const int width, const mtp_plan *plan, const mtp_group *g, vec *m) {
  const int *factor = plan->factor + g->factor, *partner = plan->partner + g->partner, *target = plan->target + g->row;
  const double *p = plan->weight + g->factor;
  vec s[MTP_MAX_GROUP];
#pragma GCC unroll 8
  for (int e = 0; e < width; e++) s[e] = p[e] * m[factor[e]];
  for (int r = 0; r < g->nrows; r++, partner += width) {
    vec sum = g->fresh ? (vec){0} : m[target[r]];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) sum += s[e] * m[partner[e]];
    m[target[r]] = sum;
  }
}

INLINE void group_backward(const int width, const mtp_plan *plan, const mtp_group *g, const vec *m, vec *adj) {
  const int *factor = plan->factor + g->factor, *partner = plan->partner + g->partner, *target = plan->target + g->row;
  const double *p = plan->weight + g->factor;
  vec s[MTP_MAX_GROUP], d[MTP_MAX_GROUP];
#pragma GCC unroll 8
  for (int e = 0; e < width; e++) s[e] = p[e] * m[factor[e]], d[e] = (vec){0};
  for (int r = 0; r < g->nrows; r++, partner += width) {
    const vec t = adj[target[r]];
#pragma GCC unroll 8
    for (int e = 0; e < width; e++) {
      d[e] += t * m[partner[e]];
      adj[partner[e]] += t * s[e];
    }
  }
#pragma GCC unroll 8
  for (int e = 0; e < width; e++) adj[factor[e]] += p[e] * d[e];
}

#define FOR_WIDTH(width, call)                                                                                         \
  switch (width) {                                                                                                     \
  case 1:                                                                                                              \
    call(1);                                                                                                           \
    break;                                                                                                             \
  case 2:                                                                                                              \
    call(2);                                                                                                           \
    break;                                                                                                             \
  case 3:                                                                                                              \
    call(3);                                                                                                           \
    break;                                                                                                             \
  case 4:                                                                                                              \
    call(4);                                                                                                           \
    break;                                                                                                             \
  case 5:                                                                                                              \
    call(5);                                                                                                           \
    break;                                                                                                             \
  case 6:                                                                                                              \
    call(6);                                                                                                           \
    break;                                                                                                             \
  case 7:                                                                                                              \
    call(7);                                                                                                           \
    break;                                                                                                             \
  default:                                                                                                             \
    call(MTP_MAX_GROUP);                                                                                               \
  }
#define FORWARD(width)  group_forward(width, plan, g, m)
#define BACKWARD(width) group_backward(width, plan, g, m, adj)

STAGE void contract(block *b) {
  const mtp_plan *plan = b->plan;
  vec *m = b->m;
  for (const mtp_group *g = plan->group; g < plan->group + plan->ngroup; g++) FOR_WIDTH(g->width, FORWARD)
  const double *linear = mtp_plan_linear(plan);
  vec energy = all(mtp_plan_species(plan)[b->task->species]);
  for (int t = 0; t < plan->nscalars; t++) energy += linear[t] * m[plan->scalar[t]];
  for (int l = 0; l < W; l++) energy[l] += b->repulsion[l];
  b->energy = energy;
}

STAGE void adjoint_contract(block *b) {
  const mtp_plan *plan = b->plan;
  const vec *m = b->m;
  vec *adj = b->adj;
  memset(adj, 0, (size_t)plan->nmoments * sizeof(vec));
  const double *linear = mtp_plan_linear(plan);
  for (int t = 0; t < plan->nscalars; t++) adj[plan->scalar[t]] += all(linear[t]);
  for (const mtp_group *g = plan->group + plan->ngroup; g-- > plan->group;) FOR_WIDTH(g->width, BACKWARD)
  for (int k = plan->nfill - 1; k >= 0; k--) { /* fold: transpose of the fill */
    const mtp_fill e = plan->fill[k];
    const vec t = adj[e.target];
    adj[e.lower] += t;
    adj[e.xx] -= t;
    adj[e.yy] -= t;
  }
}

/* ---- forces ---- */

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
STAGE void scatter(block *b) {
  mtp_output *out = b->task->out;
  vec w[6] = {{0}}, fx = {0}, fy = {0}, fz = {0};
  const int *neighbour[W];
  for (int l = 0; l < W; l++) neighbour[l] = neighbours_of(b->ws, l);
  for (int k = 0; k < b->slots; k++) {
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
        double *f = out->force + 3 * (size_t)neighbour[l][k];
        f[0] -= dx[l], f[1] -= dy[l], f[2] -= dz[l];
      }
    if (out->site_virial || out->site_virial9)
      for (int l = 0; l < b->natoms; l++)
        add_site_virial(out, (size_t)b->atom[l], (size_t)neighbour[l][k], (double[3]){dx[l], dy[l], dz[l]},
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

STAGE void forces(block *b) {
  for (int k = 0; k < b->slots; k++) b->gx[k] = b->gy[k] = b->gz[k] = (vec){0};
  for (int mu = 0; mu < b->plan->nradial; mu++) differentiate(b, mu);
  scatter(b);
}

/* ---- parameter gradients ---- */

/* dV/dc[zj][mu][k] = sum_j Q_k(r) P_mu(u): the polynomials are left over from the force pass. */
STAGE void radial_gradient(const block *b, vec *g) {
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

STAGE void gradients(const block *b, size_t done) {
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

/* ---- the whole ---- */

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
