/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/jacobian.c
 * Derivatives of all scalar basis functions of an atom by the positions of its neighbours: lanes are neighbours of one
 * atom, and one tangent sweep through the products serves the three directions. Compiled once per instruction set. */
#include "kernel/jacobian.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "kernel/radial.h"

/* The neighbours of one atom: slots of W, those of one species together. */
typedef struct shell {
  const mtp_jacobian_work *work;
  const mtp_plan *plan;
  size_t atom;
  int slots, kept;
  vec *ux, *uy, *uz, *r, *rinv, *f, *df;
  vec (*place)[3];      /* [kept] vectors to the neighbours whose derivatives are kept */
  vec (*derivative)[3]; /* [kept][S] */
} shell;

static void gather(shell *s) {
  const mtp_jacobian_work *work = s->work;
  const mtp_neighbors *nb = work->nb;
  const mtp_plan *plan = s->plan;
  const int count = nb->count[s->atom], *list = nb->list[s->atom], K = plan->nradial;
  const double *xi = nb->x + 3 * s->atom, rc = plan->radial.max_dist;
  s->slots = 0;
  for (int species = 0; species < plan->nspecies; species++) {
    const size_t pair = mtp_plan_radial(plan, nb->species[s->atom], species);
    const int first = s->slots;
    int lane = W;
    for (int k = 0; k < count; k++) {
      const int j = list[k];
      if (nb->species[j] != species) continue;
      if (lane == W) { /* a new slot, padded with neighbours at the cutoff, where everything vanishes */
        lane = 0;
        const int slot = s->slots++;
        s->ux[slot] = s->r[slot] = all(rc);
        s->uy[slot] = s->uz[slot] = (vec){0};
        for (int l = 0; l < W; l++) work->neighbour[slot * W + l] = -1;
      }
      const int slot = s->slots - 1;
      const double dx = nb->x[3 * (size_t)j] - xi[0], dy = nb->x[3 * (size_t)j + 1] - xi[1];
      const double dz = nb->x[3 * (size_t)j + 2] - xi[2];
      s->ux[slot][lane] = dx, s->uy[slot][lane] = dy, s->uz[slot][lane] = dz;
      s->r[slot][lane] = sqrt(dx * dx + dy * dy + dz * dz);
      work->neighbour[slot * W + lane++] = j;
    }
    for (int k = first; k < s->slots; k++) {
      s->rinv[k] = 1.0 / s->r[k];
      s->ux[k] *= s->rinv[k], s->uy[k] *= s->rinv[k], s->uz[k] *= s->rinv[k];
      radial_slots(1, K, plan->rsize, plan, pair, s->r + k, s->f + k * K, s->df + k * K);
    }
  }
}

static void powers(int nu, vec x, vec *p) {
  p[0] = all(1.0);
  for (int a = 1; a <= nu; a++) p[a] = p[a - 1] * x;
}

/* Moments of the atom: sums over neighbours, fill, products. Here they are scalars. */
static void moments(const shell *s) {
  const mtp_plan *plan = s->plan;
  const mtp_jacobian_work *work = s->work;
  vec *sums = (vec *)work->sum;
  double *m = work->moment;
  memset(sums, 0, (size_t)plan->reduced[plan->nradial] * sizeof(vec));
  for (int k = 0; k < s->slots; k++)
    for (int mu = 0; mu < plan->nradial; mu++) {
      const int nu = plan->rank[mu];
      vec *q = sums + plan->reduced[mu], px[MTP_MAX_RANK + 1], py[MTP_MAX_RANK + 1];
      powers(nu, s->ux[k], px);
      powers(nu, s->uy[k], py);
      for (int c = 0; c < 2; c++) {
        const vec f = c ? s->f[k * plan->nradial + mu] * s->uz[k] : s->f[k * plan->nradial + mu];
        for (int a = 0; a + c <= nu; a++)
          for (int b = 0; a + b + c <= nu; b++) *q++ += f * px[a] * py[b];
      }
    }
  memset(m, 0, (size_t)plan->nmoments * sizeof *m);
  for (int q = 0; q < plan->reduced[plan->nradial]; q++)
    for (int l = 0; l < W; l++) m[q] += sums[q][l];
  for (int k = 0; k < plan->nfill; k++) {
    const mtp_fill e = plan->fill[k];
    m[e.target] = m[e.lower] - m[e.xx] - m[e.yy];
  }
  for (const mtp_group *g = plan->group; g < plan->group + plan->ngroup; g++)
    for (int h = 0; h < g->height; h++)
      for (int r = 0; r < g->nrows; r++)
        for (int e = 0; e < g->width; e++) {
          const int factor = g->factor + h * g->width + e;
          m[g->target + h * g->nrows + r] +=
              plan->weight[factor] * m[plan->factor[factor]] * m[plan->partner[g->partner + r * g->width + e]];
        }
}

/* d/dr_a of f x^i y^j z^c, by the homogeneity of the monomial g: (f' - nu f/r) u_a g + (f/r) dg/du_a. */
static void tangent_reduced(const shell *s, int k, vec (*d)[3]) {
  const mtp_plan *plan = s->plan;
  const vec x = s->ux[k], y = s->uy[k], z = s->uz[k];
  for (int mu = 0; mu < plan->nradial; mu++) {
    const int nu = plan->rank[mu];
    const vec f = s->f[k * plan->nradial + mu] * s->rinv[k], df = s->df[k * plan->nradial + mu];
    vec(*q)[3] = d + plan->reduced[mu], px[MTP_MAX_RANK + 1], py[MTP_MAX_RANK + 1];
    powers(nu, x, px);
    powers(nu, y, py);
    for (int c = 0; c < 2; c++)
      for (int a = 0; a + c <= nu; a++)
        for (int b = 0; a + b + c <= nu; b++, q++) {
          const vec plane = px[a] * py[b], g = c ? plane * z : plane;
          const vec along = (df - (double)(a + b + c) * f) * g, fz = c ? f * z : f;
          (*q)[0] = along * x, (*q)[1] = along * y, (*q)[2] = along * z;
          if (a) (*q)[0] += (double)a * fz * px[a - 1] * py[b];
          if (b) (*q)[1] += (double)b * fz * px[a] * py[b - 1];
          if (c) (*q)[2] += f * plane;
        }
  }
}

/* d(p m_a m_b) = (p m_a) dm_b + (p dm_a) m_b, the brackets once for all rows of the group. */
INLINE void tangent_group(const mtp_plan *plan, const mtp_group *g, int parallel, const double *m, vec (*d)[3]) {
  const int width = g->width, first = g->factor + parallel * width;
  const int *factor = plan->factor + first, *partner = plan->partner + g->partner;
  double s[MTP_MAX_GROUP];
  vec ds[MTP_MAX_GROUP][3];
  for (int e = 0; e < width; e++) {
    const double p = plan->weight[first + e];
    s[e] = p * m[factor[e]];
    for (int a = 0; a < 3; a++) ds[e][a] = p * d[factor[e]][a];
  }
  for (int r = 0; r < g->nrows; r++, partner += width) {
    vec *target = d[g->target + parallel * g->nrows + r], t0 = {0}, t1 = {0}, t2 = {0};
    if (!g->fresh) t0 = target[0], t1 = target[1], t2 = target[2];
    for (int e = 0; e < width; e++) {
      const double right = m[partner[e]];
      const vec *dr = d[partner[e]];
      t0 += right * ds[e][0] + s[e] * dr[0];
      t1 += right * ds[e][1] + s[e] * dr[1];
      t2 += right * ds[e][2] + s[e] * dr[2];
    }
    target[0] = t0, target[1] = t1, target[2] = t2;
  }
}

static void tangent_products(const shell *s, vec (*d)[3]) {
  const mtp_plan *plan = s->plan;
  const double *m = s->work->moment;
  for (int k = 0; k < plan->nfill; k++) {
    const mtp_fill e = plan->fill[k];
    for (int a = 0; a < 3; a++) d[e.target][a] = d[e.lower][a] - d[e.xx][a] - d[e.yy][a];
  }
  for (const mtp_group *g = plan->group; g < plan->group + plan->ngroup; g++)
    for (int parallel = 0; parallel < g->height; parallel++) tangent_group(plan, g, parallel, m, d);
}

/* Adds a vector of columns, or the first `count` of them, to a row. */
INLINE void add_to_row(int count, vec v, double *to) {
  if (count == W) {
    vec sum;
    memcpy(&sum, to, sizeof sum);
    sum += v;
    memcpy(to, &sum, sizeof sum);
  } else
    for (int e = 0; e < count; e++) to[e] += v[e];
}

/* Scalars t to t + count - 1: lanes become columns. */
INLINE void scatter_block(const shell *s, vec (*const d)[3], int t, int count, double *const *row) {
  for (size_t a = 0; a < 3; a++) {
    vec v[W];
    for (int e = 0; e < W; e++) v[e] = d[t + (e < count ? e : 0)][a];
    transpose(v);
    for (int l = 0; l < W; l++)
      if (row[l]) add_to_row(count, -v[l], row[l] + a * s->work->rows->m + t);
  }
}

/* Takes the derivatives D of one slot off the rows of the neighbours. */
static void scatter(const shell *s, int k, vec (*const d)[3]) {
  const mtp_linear_rows *rows = s->work->rows;
  const int S = s->plan->nscalars;
  double *row[W];
  for (int l = 0; l < W; l++) {
    const int j = s->work->neighbour[k * W + l], at = j < 0 ? -1 : s->work->nb->owner[j];
    row[l] = at < 0 ? NULL : rows->force + 3 * (size_t)at * rows->m + s->plan->nspecies;
  }
  int t = 0;
  for (; t + W <= S; t += W) scatter_block(s, d, t, W, row);
  if (t < S) scatter_block(s, d, t, S - t, row);
}

/* Puts the derivatives of the scalars aside. What is summed over slots then stays in registers. */
static void keep(shell *s, int k, vec (*const d)[3]) {
  const mtp_plan *plan = s->plan;
  vec(*to)[3] = s->derivative + (size_t)s->kept * (size_t)plan->nscalars;
  for (int t = 0; t < plan->nscalars; t++)
    for (int a = 0; a < 3; a++) to[t][a] = d[plan->scalar[t]][a];
  vec *r = s->place[s->kept++];
  r[0] = s->r[k] * s->ux[k], r[1] = s->r[k] * s->uy[k], r[2] = s->r[k] * s->uz[k];
  scatter(s, k, to);
}

/* The row of the force on the central atom, or -1. */
static ptrdiff_t place_of(const shell *s) {
  return s->work->place ? s->work->place[s->atom] : (ptrdiff_t)s->atom;
}

/* Whether anything of a slot goes into a row. */
static bool is_wanted(const shell *s, int k) {
  if (place_of(s) >= 0) return true;
  for (int l = 0; l < W; l++) {
    const int j = s->work->neighbour[k * W + l];
    if (j >= 0 && s->work->nb->owner[j] >= 0) return true;
  }
  return false;
}

/* Of one scalar, over all slots: the force on the central atom, and the virial -D r. */
INLINE void sum_slots(const shell *s, int scalar, vec *sum) {
  const size_t step = (size_t)s->plan->nscalars;
  vec fx = {0}, fy = {0}, fz = {0}, xx = {0}, yy = {0}, zz = {0}, xy = {0}, xz = {0}, yz = {0};
  vec(*g)[3] = s->derivative + scalar;
  for (int k = 0; k < s->kept; k++, g += step) {
    const vec *r = s->place[k], gx = (*g)[0], gy = (*g)[1], gz = (*g)[2];
    fx += gx, fy += gy, fz += gz;
    xx -= r[0] * gx, yy -= r[1] * gy, zz -= r[2] * gz;
    xy -= r[0] * gy, xz -= r[0] * gz, yz -= r[1] * gz;
  }
  sum[0] = fx, sum[1] = fy, sum[2] = fz;
  sum[3] = xx, sum[4] = yy, sum[5] = zz, sum[6] = xy, sum[7] = xz, sum[8] = yz;
}

/* Lane by lane to the rows: to the same bits as without vectors. */
INLINE void add_block(const shell *s, int t, int count, double *force, double *virial) {
  const size_t m = s->work->rows->m;
  vec sum[W][9];
  for (int e = 0; e < W; e++) sum_slots(s, t + (e < count ? e : 0), sum[e]);
  for (size_t c = force ? 0 : 3; c < 9; c++) {
    double *to = (c < 3 ? force + c * m : virial + (c - 3) * m) + t;
    vec v[W];
    for (int e = 0; e < W; e++) v[e] = sum[e][c];
    transpose(v);
    for (int l = 0; l < W; l++) add_to_row(count, v[l], to);
  }
}

static void add_own(const shell *s) {
  const mtp_linear_rows *rows = s->work->rows;
  const ptrdiff_t place = place_of(s);
  const int S = s->plan->nscalars;
  double *virial = rows->virial + s->plan->nspecies;
  double *force = place < 0 ? NULL : rows->force + 3 * (size_t)place * rows->m + s->plan->nspecies;
  int t = 0;
  for (; t + W <= S; t += W) add_block(s, t, W, force, virial);
  if (t < S) add_block(s, t, S - t, force, virial);
}

void VARIANT(mtp_jacobian)(mtp_jacobian_work *work) {
  const mtp_plan *plan = work->plan;
  const mtp_linear_rows *rows = work->rows;
  vec *const geometry = (vec *)work->geometry;
  shell s = {.work = work, .plan = plan};
  s.ux = geometry, s.uy = s.ux + work->slots, s.uz = s.uy + work->slots, s.r = s.uz + work->slots;
  s.rinv = s.r + work->slots, s.f = (vec *)work->function, s.df = (vec *)work->slope;
  s.place = (vec(*)[3])(s.rinv + work->slots), s.derivative = (vec(*)[3])work->derivative;
  vec(*const d)[3] = (vec(*)[3])work->tangent;
  for (s.atom = 0; s.atom < work->nb->n; s.atom++) {
    gather(&s);
    moments(&s);
    const int species = work->nb->species[s.atom];
    double *site = rows->site + (size_t)species * rows->m;
    site[species] += 1.0;
    for (int t = 0; t < plan->nscalars; t++) site[plan->nspecies + t] += work->moment[plan->scalar[t]];
    s.kept = 0;
    for (int k = 0; k < s.slots; k++) {
      if (!is_wanted(&s, k)) continue;
      tangent_reduced(&s, k, d);
      tangent_products(&s, d);
      keep(&s, k, d);
    }
    add_own(&s);
  }
}
