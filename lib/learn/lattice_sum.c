/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/lattice_sum.c
 * Sums of 1/r^k over a lattice, k > 3, by Ewald's method for any power (Nijboer and de Wette, Physica 23, 309 (1957)):
 *
 * - 1/r^k = Q(k/2, a^2 r^2)/r^k + the rest, with Q the regularised incomplete gamma function; the first part is summed
 *   over neighbours, and the rest, which is smooth, over reciprocal vectors h:
 * - pi^(3/2) a^(k-3) / (V Gamma(k/2)) sum_h E_p(h^2/(4a^2)) exp(ih.r) with the exponential integral of p = (k-1)/2.
 */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/pair_rows.h"
#include "support/support.h"

#define PI    3.14159265358979323846
#define EULER 0.57721566490153286061
/* Reciprocal vectors: cells of atoms have thousands. */
#define MOST_VECTORS 1e8

void mtp_lattice_near(const mtp_pair_basis *b, double alpha, double r, double *value, double *slope) {
  const double z = alpha * r, x = z * z, gauss = exp(-x);
  double q[MTP_PAIR_LAST + 3] = {0}; /* q[k] = Q(k/2, x) */
  q[1] = erfc(z);
  q[2] = gauss;
  for (int k = 1; k + 2 <= b->last; k++) q[k + 2] = q[k] + pow(z, k) * gauss / tgamma(0.5 * k + 1.0);
  for (int k = b->first; k <= b->last; k++) {
    const double power = pow(r, -k);
    value[k - b->first] = q[k] * power;
    slope[k - b->first] = -(k * q[k] * power + 2.0 * pow(alpha, k) * gauss / tgamma(0.5 * k)) / r;
  }
}

/* ---- exponential integrals ---- */

/* E_p(x) for x > 1 by its continued fraction, as modified by Lentz. */
static double fraction(double p, double x) {
  double b = x + p, c = INFINITY, d = 1.0 / b, h = d;
  for (int i = 1; i < 1000; i++) {
    const double a = -i * (p - 1.0 + i);
    b += 2.0;
    d = 1.0 / (a * d + b);
    c = b + a / c;
    h *= c * d;
    if (fabs(c * d - 1.0) < 1e-16) break;
  }
  return h * exp(-x);
}

/* E_1(x) for x <= 1 */
static double series(double x) {
  double sum = -EULER - log(x), term = 1.0;
  for (int n = 1; n < 40; n++) {
    term *= -x / n;
    sum -= term / n;
  }
  return sum;
}

/* e[k] = E_p(x), p = (k-1)/2, for k = 2..last. */
static void exponential_integrals(double x, int last, double *e) {
  e[2] = x > 1.0 ? fraction(0.5, x) : sqrt(PI / x) * erfc(sqrt(x));
  e[3] = x > 1.0 ? fraction(1.0, x) : series(x);
  for (int k = 4; k <= last; k++) /* upwards errors shrink as long as x < p */
    e[k] = x > 1.0 ? fraction(0.5 * (k - 1), x) : (exp(-x) - x * e[k - 2]) / (0.5 * (k - 3));
}

/* ---- sums over reciprocal vectors ---- */

typedef struct lattice {
  const mtp_pair_basis *basis;
  const mtp_config *cfg;
  double alpha, volume, reciprocal[9];
  double factor[MTP_PAIR_LAST + 1]; /* pi^(3/2) a^(k-3) / (V Gamma(k/2)) */
  double *phase;                    /* [2*n] cos and sin of h.x */
  double *structure;                /* [2*species] their sums */
  double *rows;
} lattice;

static void set_phases(const lattice *l, const double h[3]) {
  memset(l->structure, 0, 2 * (size_t)l->basis->species_count * sizeof *l->structure);
  for (size_t i = 0; i < l->cfg->n; i++) {
    const double angle = mtp_dot(h, l->cfg->x + 3 * i);
    double *sum = l->structure + 2 * l->cfg->species[i];
    sum[0] += l->phase[2 * i] = cos(angle);
    sum[1] += l->phase[2 * i + 1] = sin(angle);
  }
}

/* Energies and virials of one vector, which stands for `times` of them; change[k] is -dE_p/dx, 0 at h = 0. */
static void add_energies(const lattice *l, const double h[3], double times, const double *e, const double *change) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  const mtp_pair_basis *b = l->basis;
  const size_t size = mtp_pair_basis_size(b), powers = (size_t)(b->last - b->first + 1);
  double *virial = l->rows + (1 + 3 * l->cfg->n) * size;
  for (int s = 0; s < b->species_count; s++)
    for (int t = s; t < b->species_count; t++) {
      const double *u = l->structure + 2 * s, *v = l->structure + 2 * t;
      const double product = 0.5 * times * (s == t ? 1.0 : 2.0) * (u[0] * v[0] + u[1] * v[1]);
      const size_t at = mtp_pair_basis_pair(b, s, t) * powers;
      for (int k = b->first; k <= b->last; k++) {
        const size_t q = at + (size_t)(k - b->first);
        const double energy = l->factor[k] * e[k] * product;
        l->rows[q] += energy;
        for (int c = 0; c < 6; c++)
          virial[(size_t)c * size + q] += (c < 3 ? energy : 0.0) - l->factor[k] * change[k] * product * h[first[c]] *
                                                                       h[second[c]] / (2.0 * l->alpha * l->alpha);
      }
    }
}

static void add_forces(const lattice *l, const double h[3], const double *e) {
  const mtp_pair_basis *b = l->basis;
  const size_t size = mtp_pair_basis_size(b), powers = (size_t)(b->last - b->first + 1);
  for (size_t i = 0; i < l->cfg->n; i++)
    for (int t = 0; t < b->species_count; t++) {
      const double *v = l->structure + 2 * t, *p = l->phase + 2 * i;
      const double sine = 2.0 * (p[1] * v[0] - p[0] * v[1]);
      double *force = l->rows + (1 + 3 * i) * size + mtp_pair_basis_pair(b, l->cfg->species[i], t) * powers;
      for (size_t c = 0; c < 3; c++)
        for (int k = b->first; k <= b->last; k++)
          force[c * size + (size_t)(k - b->first)] += l->factor[k] * e[k] * h[c] * sine;
    }
}

static void add_vector(const lattice *l, const double h[3]) {
  double e[MTP_PAIR_LAST + 1], change[MTP_PAIR_LAST + 1];
  const double square = mtp_dot(h, h), x = square / (4.0 * l->alpha * l->alpha);
  if (x > MTP_LATTICE_REACH * MTP_LATTICE_REACH) return;
  exponential_integrals(x, l->basis->last, e);
  for (int k = l->basis->first; k <= l->basis->last; k++) change[k] = e[k - 2];
  set_phases(l, h);
  add_energies(l, h, 2.0, e, change);
  add_forces(l, h, e);
}

/* h = 0, and each atom less itself */
static void add_constants(const lattice *l) {
  const double none[3] = {0, 0, 0}, nothing[MTP_PAIR_LAST + 1] = {0};
  double e[MTP_PAIR_LAST + 1];
  const mtp_pair_basis *b = l->basis;
  for (int k = b->first; k <= b->last; k++) e[k] = 2.0 / (k - 3);
  set_phases(l, none);
  add_energies(l, none, 1.0, e, nothing);
  for (int s = 0; s < b->species_count; s++)
    for (int k = b->first; k <= b->last; k++)
      l->rows[mtp_pair_basis_pair(b, s, s) * (size_t)(b->last - b->first + 1) + (size_t)(k - b->first)] -=
          0.5 * l->structure[2 * s] * pow(l->alpha, k) / tgamma(0.5 * k + 1.0);
}

/* One of each two opposite vectors. */
static bool is_positive(const int m[3]) {
  return m[0] > 0 || (m[0] == 0 && (m[1] > 0 || (m[1] == 0 && m[2] > 0)));
}

/* How far the reciprocal vectors that count reach; false if they are too many, in a cell that is almost flat. */
static bool find_limits(const lattice *l, int limit[3]) {
  double count = 1.0, reach[3];
  for (int d = 0; d < 3; d++) {
    const double *edge = l->cfg->cell + 3 * d;
    reach[d] = 2.0 * l->alpha * MTP_LATTICE_REACH * sqrt(mtp_dot(edge, edge)) / (2.0 * PI);
    count *= 2.0 * reach[d] + 1.0;
  }
  if (!(count < MOST_VECTORS)) return false;
  for (int d = 0; d < 3; d++) limit[d] = (int)reach[d];
  return true;
}

static void add_vectors(const lattice *l, const int limit[3]) {
  int m[3];
  for (m[0] = 0; m[0] <= limit[0]; m[0]++)
    for (m[1] = -limit[1]; m[1] <= limit[1]; m[1]++)
      for (m[2] = -limit[2]; m[2] <= limit[2]; m[2]++) {
        double h[3] = {0, 0, 0};
        for (int d = 0; d < 3; d++)
          for (int c = 0; c < 3; c++) h[c] += 2.0 * PI * m[d] * l->reciprocal[3 * d + c];
        if (is_positive(m)) add_vector(l, h);
      }
}

mtp_status mtp_lattice_rows(mtp_context *ctx, const mtp_pair_basis *b, const mtp_config *cfg, double alpha,
                            double *rows) {
  lattice l = {.basis = b, .cfg = cfg, .alpha = alpha, .volume = mtp_config_volume(cfg), .rows = rows};
  mtp_cell_reciprocal(cfg->cell, l.reciprocal);
  for (int k = b->first; k <= b->last; k++)
    l.factor[k] = pow(PI, 1.5) * pow(alpha, k - 3) / (l.volume * tgamma(0.5 * k));
  l.phase = mtp_calloc(2 * cfg->n, sizeof *l.phase);
  l.structure = mtp_calloc(2 * (size_t)b->species_count, sizeof *l.structure);
  int limit[3] = {0};
  mtp_status status = l.phase && l.structure ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK && !find_limits(&l, limit))
    status = mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "the cell is too flat, or too long, for a sum over its lattice");
  if (status == MTP_OK) {
    add_constants(&l);
    add_vectors(&l, limit);
  }
  free(l.phase);
  free(l.structure);
  return status;
}
