/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_naive.c
 * The oracle; see support_naive.h. */
#include "support_naive.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support_data.h"

typedef long double real;

/* ---- atoms and images ------------------------------------------------------------------------------------------ */

/* Rows b_k with b_k . a_l = delta_kl in the space that the periodic lattice vectors span (zero for the others). */
static void dual_vectors(const mtp_config *cfg, double dual[3][3]) {
  double gram[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, inverse[3][3];
  for (int k = 0; k < 3; k++) {
    for (int l = 0; l < 3; l++) {
      if (cfg->periodic[k] && cfg->periodic[l]) {
        gram[k][l] = 0;
        for (int a = 0; a < 3; a++) gram[k][l] += cfg->cell[3 * k + a] * cfg->cell[3 * l + a];
      }
    }
  }
  double det = 0;
  for (int k = 0; k < 3; k++) {
    for (int l = 0; l < 3; l++) {
      const int k1 = (k + 1) % 3, k2 = (k + 2) % 3, l1 = (l + 1) % 3, l2 = (l + 2) % 3;
      inverse[l][k] = gram[k1][l1] * gram[k2][l2] - gram[k1][l2] * gram[k2][l1];
    }
  }
  for (int l = 0; l < 3; l++) det += gram[0][l] * inverse[l][0];
  for (int k = 0; k < 3; k++) {
    for (int a = 0; a < 3; a++) {
      dual[k][a] = 0;
      for (int l = 0; l < 3; l++) {
        if (cfg->periodic[k] && cfg->periodic[l]) dual[k][a] += inverse[k][l] / det * cfg->cell[3 * l + a];
      }
    }
  }
}

/* Numbers of cells that can bring an atom at separation d within reach along lattice vector k. */
static void image_range(const mtp_config *cfg, const double dual[3], int k, const double d[3], double reach, int *low,
                        int *high) {
  *low = *high = 0;
  if (!cfg->periodic[k]) return;
  const double length = sqrt(dual[0] * dual[0] + dual[1] * dual[1] + dual[2] * dual[2]);
  const double fraction = dual[0] * d[0] + dual[1] * d[1] + dual[2] * d[2];
  *low = (int)floor(-fraction - reach * length) - 1;
  *high = (int)ceil(-fraction + reach * length) + 1;
}

typedef struct image {
  int owner, shift[3];
} image;

static int compare_images(const void *a, const void *b) {
  return memcmp(a, b, sizeof(image));
}

static void image_position(const mtp_config *cfg, const image *im, double x[3]) {
  for (int a = 0; a < 3; a++) {
    x[a] = cfg->x[3 * im->owner + a];
    for (int k = 0; k < 3; k++) x[a] += im->shift[k] * cfg->cell[3 * k + a];
  }
}

/* Appends the images of j within reach of i; the caller removes doubles. */
static void images_of_pair(const mtp_config *cfg, double dual[3][3], int i, int j, double reach, image **list,
                           size_t *count, size_t *capacity) {
  double d[3];
  int low[3], high[3];
  for (int a = 0; a < 3; a++) d[a] = cfg->x[3 * j + a] - cfg->x[3 * i + a];
  for (int k = 0; k < 3; k++) image_range(cfg, dual[k], k, d, reach, &low[k], &high[k]);
  for (int s0 = low[0]; s0 <= high[0]; s0++) {
    for (int s1 = low[1]; s1 <= high[1]; s1++) {
      for (int s2 = low[2]; s2 <= high[2]; s2++) {
        image im = {j, {s0, s1, s2}};
        double x[3], r2 = 0;
        if (!s0 && !s1 && !s2) continue;
        image_position(cfg, &im, x);
        for (int a = 0; a < 3; a++) r2 += (x[a] - cfg->x[3 * i + a]) * (x[a] - cfg->x[3 * i + a]);
        if (r2 >= reach * reach) continue;
        if (*count == *capacity) {
          *capacity = *capacity ? 2 * *capacity : 256;
          *list = realloc(*list, *capacity * sizeof(**list));
          if (!*list) abort();
        }
        (*list)[(*count)++] = im;
      }
    }
  }
}

naive_atoms *naive_atoms_build(const mtp_config *cfg, double reach) {
  double dual[3][3];
  image *list = NULL;
  size_t count = 0, capacity = 0, distinct = 0;
  dual_vectors(cfg, dual);
  for (size_t i = 0; i < cfg->n; i++) {
    for (size_t j = 0; j < cfg->n; j++) images_of_pair(cfg, dual, (int)i, (int)j, reach, &list, &count, &capacity);
  }
  if (count) qsort(list, count, sizeof(*list), compare_images);
  for (size_t k = 0; k < count; k++) {
    if (!distinct || compare_images(&list[k], &list[distinct - 1])) list[distinct++] = list[k];
  }
  naive_atoms *atoms = data_calloc(1, sizeof(*atoms));
  atoms->n = cfg->n;
  atoms->nall = cfg->n + distinct;
  atoms->x = data_calloc(3 * atoms->nall, sizeof(double));
  atoms->species = data_calloc(atoms->nall, sizeof(int));
  atoms->owner = data_calloc(atoms->nall, sizeof(int));
  memcpy(atoms->x, cfg->x, 3 * cfg->n * sizeof(double));
  for (size_t i = 0; i < cfg->n; i++) atoms->owner[i] = (int)i;
  for (size_t k = 0; k < distinct; k++) {
    atoms->owner[cfg->n + k] = list[k].owner;
    image_position(cfg, &list[k], atoms->x + 3 * (cfg->n + k));
  }
  for (size_t i = 0; i < atoms->nall; i++) atoms->species[i] = cfg->species[atoms->owner[i]];
  free(list);
  return atoms;
}

void naive_atoms_free(naive_atoms *atoms) {
  if (!atoms) return;
  free(atoms->x);
  free(atoms->species);
  free(atoms->owner);
  free(atoms);
}

double *naive_fold(const naive_atoms *atoms, size_t width, const double *values) {
  double *folded = data_calloc(width * atoms->n, sizeof(double));
  for (size_t i = 0; i < atoms->nall; i++) {
    for (size_t a = 0; a < width; a++) folded[width * (size_t)atoms->owner[i] + a] += values[width * i + a];
  }
  return folded;
}

/* ---- radial functions ------------------------------------------------------------------------------------------ */

/* T_k and its derivative k U_{k-1}, by the trigonometric and hyperbolic forms. */
static void chebyshev(int k, real x, real *value, real *derivative) {
  if (fabsl(x) <= 1) {
    *value = cosl((real)k * acosl(x));
  } else {
    *value = (x < 0 && k % 2 ? -1 : 1) * coshl((real)k * acoshl(fabsl(x)));
  }
  real u = 0, next = 1; /* U_{-1}, U_0 */
  for (int i = 0; i < k; i++) {
    const real after = 2 * x * next - u;
    u = next;
    next = after;
  }
  *derivative = (real)k * u;
}

static real binomial(int n, int k) {
  real value = 1;
  for (int i = 1; i <= k; i++) value = value * (real)(n - k + i) / (real)i;
  return value;
}

/* P_n^(alpha,beta)(2t - 1) by the explicit sum over products of binomials. */
static real jacobi(int n, int alpha, int beta, real t) {
  real sum = 0;
  for (int s = 0; s <= n; s++) {
    real term = binomial(n + alpha, n - s) * binomial(n + beta, s);
    for (int i = 0; i < s; i++) term *= t - 1;
    for (int i = 0; i < n - s; i++) term *= t;
    sum += term;
  }
  return sum;
}

static void radial_chebyshev(const mtp_radial *radial, real r, real *q, real *dq) {
  const real a = radial->min_dist, b = radial->max_dist;
  for (int k = 0; k < radial->size; k++) {
    real value, derivative;
    chebyshev(k, (2 * r - a - b) / (b - a), &value, &derivative);
    q[k] = value * (r - b) * (r - b);
    dq[k] = derivative * 2 / (b - a) * (r - b) * (r - b) + value * 2 * (r - b);
  }
}

static void radial_shapeev(const mtp_radial *radial, real r, real *q, real *dq) {
  const real a = radial->min_dist, b = radial->max_dist, t = (r - a) / (b - a), dt = 1 / (b - a);
  const real weight = (a / r) * (a / r) * (1 - t) * (1 - t);
  const real dweight = -2 * weight / r - 2 * (a / r) * (a / r) * (1 - t) * dt;
  for (int k = 0; k < radial->size; k++) {
    const real n = k, norm = sqrtl((2 * n + 7) * (n + 6) / (8 * (n + 1) * (n + 1) * (n + 1)));
    const real value = jacobi(k, 5, 1, t);
    /* dP_n^(a,b)/dx = (n+a+b+1)/2 P_{n-1}^(a+1,b+1), and dx/dt = 2 */
    const real derivative = k ? (n + 7) * jacobi(k - 1, 6, 2, t) * dt : 0;
    q[k] = norm * weight * value;
    dq[k] = norm * (dweight * value + weight * derivative);
  }
}

static void radial_values(const mtp_radial *radial, real r, real *q, real *dq) {
  switch (radial->type) {
  case MTP_RADIAL_CHEBYSHEV:
    radial_chebyshev(radial, r, q, dq);
    break;
  case MTP_RADIAL_SHAPEEV:
    radial_shapeev(radial, r, q, dq);
    break;
  case MTP_RADIAL_CHEBYSHEV_REPULS: {
    const bool frozen = r <= radial->min_dist;
    radial_chebyshev(radial, frozen ? radial->min_dist : r, q, dq);
    for (int k = 0; frozen && k < radial->size; k++) dq[k] = 0;
    break;
  }
  }
  for (int k = 0; k < radial->size; k++) {
    q[k] *= radial->scaling;
    dq[k] *= radial->scaling;
  }
}

void naive_radial_values(const mtp_radial *radial, double r, double *q, double *dq) {
  real value[MTP_MAX_RADIAL_SIZE], derivative[MTP_MAX_RADIAL_SIZE];
  radial_values(radial, r, value, derivative);
  for (int k = 0; k < radial->size; k++) {
    q[k] = (double)value[k];
    dq[k] = (double)derivative[k];
  }
}

/* ---- one site -------------------------------------------------------------------------------------------------- */

typedef struct neighbor {
  size_t j;
  real d[3], u[3], r;
  real q[MTP_MAX_RADIAL_SIZE], dq[MTP_MAX_RADIAL_SIZE];
} neighbor;

typedef struct site {
  int species;
  size_t count;
  neighbor *nb;
  real *m;  /* [nmoments] */
  real *dm; /* [nmoments][3*count] derivatives by every neighbour position */
} site;

static real power(real x, int n) {
  real value = 1;
  for (int i = 0; i < n; i++) value *= x;
  return value;
}

static real monomial(const real u[3], const int abc[3]) {
  return power(u[0], abc[0]) * power(u[1], abc[1]) * power(u[2], abc[2]);
}

/* d(f(r) u^abc)/d r_a = f' u_a u^abc + f/r (d_a - u_a sum_b u_b d_b) u^abc with d_b = d/du_b */
static void monomial_derivative(const neighbor *nb, const int abc[3], real f, real df, real out[3]) {
  real partial[3], along = 0;
  for (int b = 0; b < 3; b++) {
    int lower[3] = {abc[0], abc[1], abc[2]};
    lower[b]--;
    partial[b] = abc[b] ? (real)abc[b] * monomial(nb->u, lower) : 0;
    along += nb->u[b] * partial[b];
  }
  for (int a = 0; a < 3; a++) {
    out[a] = df * nb->u[a] * monomial(nb->u, abc) + f / nb->r * (partial[a] - nb->u[a] * along);
  }
}

static void site_neighbors(const mtp_potential *pot, const naive_atoms *atoms, size_t i, site *s) {
  s->species = atoms->species[i];
  s->count = 0;
  s->nb = data_calloc(atoms->nall, sizeof(*s->nb));
  for (size_t j = 0; j < atoms->nall; j++) {
    neighbor *nb = &s->nb[s->count];
    if (j == i || atoms->species[j] < 0) continue;
    nb->j = j;
    for (int a = 0; a < 3; a++) nb->d[a] = (real)atoms->x[3 * j + a] - (real)atoms->x[3 * i + a];
    nb->r = sqrtl(nb->d[0] * nb->d[0] + nb->d[1] * nb->d[1] + nb->d[2] * nb->d[2]);
    if (nb->r >= (real)pot->radial.max_dist) continue;
    for (int a = 0; a < 3; a++) nb->u[a] = nb->d[a] / nb->r;
    radial_values(&pot->radial, nb->r, nb->q, nb->dq);
    s->count++;
  }
}

static const double *radial_coefficients(const mtp_potential *pot, int zi, int zj, int mu) {
  const size_t block = (size_t)zi * (size_t)pot->nspecies + (size_t)zj;
  return pot->params + (block * (size_t)pot->nradial + (size_t)mu) * (size_t)pot->radial.size;
}

/* Basic moments and their derivatives by neighbour positions, then the products in the order of the file. */
static void site_moments(const mtp_potential *pot, const naive_atoms *atoms, site *s) {
  const mtp_basis *basis = &pot->basis;
  const size_t width = 3 * s->count;
  s->m = data_calloc((size_t)basis->nmoments, sizeof(real));
  s->dm = data_calloc((size_t)basis->nmoments * width, sizeof(real));
  for (int q = 0; q < basis->nbasic; q++) {
    const int mu = basis->basic[q][0], *abc = basis->basic[q] + 1;
    for (size_t l = 0; l < s->count; l++) {
      const neighbor *nb = &s->nb[l];
      const double *c = radial_coefficients(pot, s->species, atoms->species[nb->j], mu);
      real f = 0, df = 0;
      for (int k = 0; k < pot->radial.size; k++) {
        f += c[k] * nb->q[k];
        df += c[k] * nb->dq[k];
      }
      s->m[q] += f * monomial(nb->u, abc);
      monomial_derivative(nb, abc, f, df, s->dm + (size_t)q * width + 3 * l);
    }
  }
  for (int t = 0; t < basis->ntimes; t++) {
    const size_t i = (size_t)basis->times[t][0], j = (size_t)basis->times[t][1], k = (size_t)basis->times[t][3];
    const real p = basis->times[t][2];
    s->m[k] += p * s->m[i] * s->m[j];
    for (size_t w = 0; w < width; w++) {
      s->dm[k * width + w] += p * (s->dm[i * width + w] * s->m[j] + s->m[i] * s->dm[j * width + w]);
    }
  }
}

static double moment_coefficient(const mtp_potential *pot, size_t t) {
  return pot->params[pot->nparams - (size_t)pot->basis.nscalars + t];
}

static size_t species_offset(const mtp_potential *pot) {
  return pot->nparams - (size_t)pot->basis.nscalars - (size_t)pot->nspecies;
}

/* dV_i/dc by the forward product rule: the variation of the basic moments that c multiplies goes through all
 * products. */
static real radial_derivative(const mtp_potential *pot, const naive_atoms *atoms, const site *s, int zj, int mu, int k,
                              real *dm) {
  const mtp_basis *basis = &pot->basis;
  real sum = 0;
  memset(dm, 0, (size_t)basis->nmoments * sizeof(*dm));
  for (int q = 0; q < basis->nbasic; q++) {
    for (size_t l = 0; basis->basic[q][0] == mu && l < s->count; l++) {
      if (atoms->species[s->nb[l].j] == zj) dm[q] += s->nb[l].q[k] * monomial(s->nb[l].u, basis->basic[q] + 1);
    }
  }
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t];
    dm[e[3]] += (real)e[2] * (dm[e[0]] * s->m[e[1]] + s->m[e[0]] * dm[e[1]]);
  }
  for (int t = 0; t < basis->nscalars; t++) sum += moment_coefficient(pot, (size_t)t) * dm[basis->mapping[t]];
  return sum;
}

static void site_row(const mtp_potential *pot, const naive_atoms *atoms, const site *s, double *row) {
  real *dm = data_calloc((size_t)pot->basis.nmoments, sizeof(*dm));
  for (int zj = 0; zj < pot->nspecies; zj++) {
    for (int mu = 0; mu < pot->nradial; mu++) {
      double *block = row + (radial_coefficients(pot, s->species, zj, mu) - pot->params);
      for (int k = 0; k < pot->radial.size; k++) {
        block[k] = (double)radial_derivative(pot, atoms, s, zj, mu, k, dm);
      }
    }
  }
  row[species_offset(pot) + (size_t)s->species] = 1;
  for (int t = 0; t < pot->basis.nscalars; t++) {
    row[species_offset(pot) + (size_t)pot->nspecies + (size_t)t] = (double)s->m[pot->basis.mapping[t]];
  }
  free(dm);
}

/* Adds the force, virial and per-atom virials of one D_ij. */
static void add_pair(naive_result *res, size_t i, const neighbor *nb, const real D[3]) {
  static const int first[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2}, second[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  for (int a = 0; a < 3; a++) {
    res->force[3 * i + (size_t)a] += (double)D[a];
    res->force[3 * nb->j + (size_t)a] -= (double)D[a];
  }
  for (int c = 0; c < 9; c++) {
    const double w = (double)(-nb->d[first[c]] * D[second[c]]);
    res->site_virial9[9 * nb->j + (size_t)c] += w;
    if (c >= 6) continue;
    res->virial[c] += w;
    res->site_virial[6 * i + (size_t)c] += w / 2;
    res->site_virial[6 * nb->j + (size_t)c] += w / 2;
  }
}

static void add_basis_force(naive_result *res, size_t t, size_t i, const neighbor *nb, const real D[3]) {
  double *force = res->basis_force + t * 3 * res->nall, *virial = res->basis_virial + 9 * t;
  for (size_t a = 0; a < 3; a++) {
    force[3 * i + a] += (double)D[a];
    force[3 * nb->j + a] -= (double)D[a];
    for (size_t b = 0; b < 3; b++) virial[3 * a + b] -= (double)(D[a] * nb->d[b]);
  }
}

static real repulsion(const mtp_radial *radial, real r, real *derivative) {
  *derivative = 0;
  if (radial->type != MTP_RADIAL_CHEBYSHEV_REPULS || r >= (real)radial->min_dist) return 0;
  *derivative = -1e5L * expl(-10 * (r - 1));
  return 1e4L * (expl(-10 * (r - 1)) - expl(-10 * ((real)radial->min_dist - 1)));
}

static void site_results(const mtp_potential *pot, const site *s, size_t i, naive_result *res) {
  const size_t width = 3 * s->count;
  real energy = pot->params[species_offset(pot) + (size_t)s->species];
  for (size_t t = 0; t < res->nscalars; t++) {
    const real value = s->m[pot->basis.mapping[t]];
    res->scalars[i * res->nscalars + t] = (double)value;
    energy += moment_coefficient(pot, t) * value;
  }
  for (size_t l = 0; l < s->count; l++) {
    real D[3] = {0, 0, 0}, push;
    energy += repulsion(&pot->radial, s->nb[l].r, &push);
    for (int a = 0; a < 3; a++) D[a] += push * s->nb[l].u[a];
    for (size_t t = 0; t < res->nscalars; t++) {
      const real *dm = s->dm + (size_t)pot->basis.mapping[t] * width + 3 * l;
      for (int a = 0; a < 3; a++) D[a] += moment_coefficient(pot, t) * dm[a];
      add_basis_force(res, t, i, &s->nb[l], dm);
    }
    add_pair(res, i, &s->nb[l], D);
  }
  res->site_energy[i] = (double)energy;
  res->energy += (double)energy;
  res->neighbors[i] = (int)s->count;
}

/* ---- whole systems --------------------------------------------------------------------------------------------- */

static double force_terms(const mtp_potential *pot, const naive_result *res) {
  double largest = 0;
  for (size_t c = 0; c < 3 * res->nall; c++) {
    double sum = 0;
    for (size_t t = 0; t < res->nscalars; t++)
      sum += fabs(moment_coefficient(pot, t) * res->basis_force[t * 3 * res->nall + c]);
    largest = fmax(largest, sum);
  }
  return largest;
}

naive_result *naive_compute(const mtp_potential *pot, const naive_atoms *atoms, const bool *central) {
  naive_result *res = data_calloc(1, sizeof(*res));
  res->n = atoms->n;
  res->nall = atoms->nall;
  res->nparams = pot->nparams;
  res->nscalars = (size_t)pot->basis.nscalars;
  res->neighbors = data_calloc(res->n, sizeof(int));
  res->site_energy = data_calloc(res->n, sizeof(double));
  res->force = data_calloc(3 * res->nall, sizeof(double));
  res->site_virial = data_calloc(6 * res->nall, sizeof(double));
  res->site_virial9 = data_calloc(9 * res->nall, sizeof(double));
  res->rows = data_calloc(res->n * res->nparams, sizeof(double));
  res->gradient = data_calloc(res->nparams, sizeof(double));
  res->scalars = data_calloc(res->n * res->nscalars, sizeof(double));
  res->basis_force = data_calloc(res->nscalars * 3 * res->nall, sizeof(double));
  res->basis_virial = data_calloc(res->nscalars * 9, sizeof(double));
  for (size_t i = 0; i < atoms->n; i++) {
    site s = {0};
    if ((central && !central[i]) || atoms->species[i] < 0) continue;
    site_neighbors(pot, atoms, i, &s);
    site_moments(pot, atoms, &s);
    site_results(pot, &s, i, res);
    site_row(pot, atoms, &s, res->rows + i * res->nparams);
    for (size_t p = 0; p < res->nparams; p++) res->gradient[p] += res->rows[i * res->nparams + p];
    free(s.nb);
    free(s.m);
    free(s.dm);
  }
  res->force_terms = force_terms(pot, res);
  return res;
}

static void fold_in_place(const naive_atoms *atoms, size_t width, double **values) {
  double *folded = naive_fold(atoms, width, *values);
  free(*values);
  *values = folded;
}

naive_result *naive_config(const mtp_potential *pot, const mtp_config *cfg) {
  naive_atoms *atoms = naive_atoms_build(cfg, pot->radial.max_dist);
  naive_result *res = naive_compute(pot, atoms, NULL);
  double *basis_force = data_calloc(res->nscalars * 3 * res->n, sizeof(double));
  for (size_t t = 0; t < res->nscalars; t++) {
    double *folded = naive_fold(atoms, 3, res->basis_force + t * 3 * res->nall);
    memcpy(basis_force + t * 3 * res->n, folded, 3 * res->n * sizeof(double));
    free(folded);
  }
  free(res->basis_force);
  res->basis_force = basis_force;
  fold_in_place(atoms, 3, &res->force);
  fold_in_place(atoms, 6, &res->site_virial);
  fold_in_place(atoms, 9, &res->site_virial9);
  res->nall = res->n;
  naive_atoms_free(atoms);
  return res;
}

void naive_result_free(naive_result *res) {
  if (!res) return;
  free(res->neighbors);
  free(res->site_energy);
  free(res->force);
  free(res->site_virial);
  free(res->site_virial9);
  free(res->rows);
  free(res->gradient);
  free(res->scalars);
  free(res->basis_force);
  free(res->basis_virial);
  free(res);
}

/* ---- small dense algebra --------------------------------------------------------------------------------------- */

double naive_log_det(size_t n, const double *a) {
  real *m = data_calloc(n * n, sizeof(*m)), sum = 0;
  for (size_t i = 0; i < n * n; i++) m[i] = a[i];
  for (size_t step = 0; step < n; step++) {
    size_t row = step, column = step;
    for (size_t i = step; i < n; i++) {
      for (size_t j = step; j < n; j++) {
        if (fabsl(m[i * n + j]) > fabsl(m[row * n + column])) row = i, column = j;
      }
    }
    const real pivot = m[row * n + column];
    sum += logl(fabsl(pivot));
    for (size_t j = 0; j < n; j++) {
      const real held = m[row * n + j];
      m[row * n + j] = m[step * n + j];
      m[step * n + j] = held;
    }
    for (size_t i = 0; i < n; i++) {
      const real held = m[i * n + column];
      m[i * n + column] = m[i * n + step];
      m[i * n + step] = held;
    }
    for (size_t i = step + 1; i < n; i++) {
      const real factor = m[i * n + step] / pivot;
      for (size_t j = step; j < n; j++) m[i * n + j] -= factor * m[step * n + j];
    }
  }
  free(m);
  return (double)sum;
}

void naive_coordinates(size_t n, const double *a, const double *b, double *x) {
  /* Gauss-Jordan with row pivoting on the transposed system A^T x = b. */
  const size_t width = n + 1;
  real *m = data_calloc(n * width, sizeof(*m));
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) m[i * width + j] = a[j * n + i];
    m[i * width + n] = b[i];
  }
  for (size_t step = 0; step < n; step++) {
    size_t row = step;
    for (size_t i = step; i < n; i++) {
      if (fabsl(m[i * width + step]) > fabsl(m[row * width + step])) row = i;
    }
    for (size_t j = 0; j < width; j++) {
      const real held = m[row * width + j];
      m[row * width + j] = m[step * width + j];
      m[step * width + j] = held;
    }
    for (size_t i = 0; i < n; i++) {
      if (i == step) continue;
      const real factor = m[i * width + step] / m[step * width + step];
      for (size_t j = step; j < width; j++) m[i * width + j] -= factor * m[step * width + j];
    }
  }
  for (size_t i = 0; i < n; i++) x[i] = (double)(m[i * width + n] / m[i * width + i]);
  free(m);
}
