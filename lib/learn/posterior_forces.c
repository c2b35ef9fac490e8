/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior_forces.c
 * Errors to expect of forces: a tangent pass for the rows, a product with the factor for the variances. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/posterior.h"
#include "learn/workers.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Atoms whose rows are multiplied at once. */
#define BATCH ((size_t)64)
/* Sites whose neighbourhoods are laid out at once. */
#define SITES ((size_t)128)

double mtp_posterior_spread(const mtp_posterior *p, double square) {
  return p->force_square > 0.0 ? 0.5 * (1.0 + square / (3.0 * p->force_square)) : 1.0;
}

/* The constants have no forces, and only the other columns of the factor meet the rows. */
static void product(const mtp_posterior *p, size_t atoms, const double *rows, double *work, mtp_doubt *doubt) {
  const size_t m = p->m, C = (size_t)p->plan->nspecies, S = m - C, count = 3 * atoms;
  for (size_t k = 0; k < count; k++) memcpy(work + k * S, rows + k * m + C, S * sizeof *work);
  for (size_t i = 0; i < atoms; i++) {
    double square = 0;
    for (size_t k = 3 * i; k < 3 * i + 3; k++) {
      const double force = cblas_ddot((int)S, work + k * S, 1, p->theta + C, 1);
      square += force * force;
    }
    doubt[i].spread = mtp_posterior_spread(p, square);
  }
  cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)count, (int)S, 1.0,
              p->factor + C * m + C, (int)m, work, (int)S);
  for (size_t k = 0; k < count; k++)
    doubt[k / 3].variance[k % 3] = cblas_ddot((int)S, work + k * S, 1, work + k * S, 1);
}

mtp_status mtp_posterior_doubts(mtp_context *ctx, const mtp_posterior *p, size_t n, const double *rows,
                                mtp_doubt *doubt) {
  if (!p || (n && (!rows || !doubt))) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no rows given");
  double *work = mtp_alloc_aligned(3 * (n < BATCH ? n : BATCH) * p->m, sizeof *work);
  if (!work) return mtp_fail_memory(ctx);
  for (size_t done = 0; done < n; done += BATCH)
    product(p, n - done < BATCH ? n - done : BATCH, rows + 3 * done * p->m, work, doubt + done);
  free(work);
  return MTP_OK;
}

static double mean_variance(const mtp_doubt *doubt) {
  return (doubt->variance[0] + doubt->variance[1] + doubt->variance[2]) / 3.0;
}

static double expected_square(const mtp_posterior *p, const mtp_doubt *doubt, double typical, double variance) {
  return typical * typical * doubt->spread + p->scale * p->scale * variance;
}

double mtp_posterior_error(const mtp_posterior *p, const mtp_doubt *doubt) {
  if (!p || !doubt) return NAN;
  return sqrt(expected_square(p, doubt, p->typical, mean_variance(doubt)));
}

double mtp_posterior_reducible(const mtp_posterior *p, const mtp_doubt *doubt) {
  if (!p || !doubt) return NAN;
  return p->scale * sqrt(mean_variance(doubt));
}

double mtp_posterior_grade(const mtp_posterior *p, const mtp_doubt *doubt, double limit) {
  if (!p || !doubt) return NAN;
  const double noise = p->noise.force;
  if (limit > 0.0) return mtp_posterior_reducible(p, doubt) / fmax(limit, 0.5 * noise);
  return sqrt(mean_variance(doubt)) / noise;
}

mtp_status mtp_posterior_forces(mtp_context *ctx, const mtp_posterior *p, const mtp_config *cfg, mtp_doubt *doubt) {
  if (!p || !cfg || (cfg->n && !doubt)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no configuration given");
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= p->plan->nspecies)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: atom %zu has species %d, the potential has %d", i + 1,
                      cfg->species[i], p->plan->nspecies);
  mtp_neighbors *nb = NULL;
  mtp_linear_rows rows = {0};
  mtp_status status = mtp_neighbors_build(ctx, cfg, p->plan->radial.max_dist, &nb);
  if (status == MTP_OK) status = mtp_linear_rows_compute(ctx, p->plan, nb, &rows);
  if (status == MTP_OK) status = mtp_posterior_doubts(ctx, p, cfg->n, rows.force, doubt);
  mtp_linear_rows_clear(&rows);
  mtp_neighbors_free(nb);
  return status;
}

mtp_status mtp_posterior_errors(mtp_context *ctx, const mtp_posterior *p, const mtp_config *cfg, double *error) {
  if (!p || !cfg || (cfg->n && !error)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no configuration given");
  mtp_doubt *doubt = mtp_calloc(cfg->n, sizeof *doubt);
  mtp_status status = doubt ? mtp_posterior_forces(ctx, p, cfg, doubt) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < cfg->n && status == MTP_OK; i++) error[i] = mtp_posterior_error(p, doubt + i);
  free(doubt);
  return status;
}

/* ---- calibration ---- */

#define INSIDE     0.6827 /* of a normal distribution, one standard deviation */
#define INSIDE_TWO 0.94   /* within two of them; tails of errors are longer than those of that distribution */
#define SMALLEST   0.3
#define LARGEST    30.0
#define BISECTIONS 50
/* Part of the noise, squared, below which the other variance has no share in errors that are not much larger. */
#define TELLING 0.1
#define EXCESS  1.5

/* Mean squares against mean squares: of the noise, and not of the residuals that are typical. */
double mtp_posterior_calibrate(const mtp_posterior *p, size_t n, const double *error, const mtp_doubt *doubt) {
  if (!p || !error || !doubt || n == 0) return NAN;
  double errors = 0, variances = 0, noise = 0;
  for (size_t k = 0; k < 3 * n; k++) {
    errors += error[k] * error[k];
    variances += doubt[k / 3].variance[k % 3];
    noise += p->noise.force * p->noise.force * doubt[k / 3].spread;
  }
  if (!isfinite(errors) || !(variances > 0) || (variances < TELLING * noise && errors < EXCESS * noise)) return NAN;
  return fmin(fmax(sqrt(fmax(errors - noise, 0.0) / variances), SMALLEST), LARGEST);
}

/* Are as many errors as should be within one and within two of those that are to be expected? */
static bool covers(const mtp_posterior *p, size_t n, const double *error, const mtp_doubt *doubt, double typical) {
  size_t one = 0, two = 0;
  for (size_t k = 0; k < 3 * n; k++) {
    const double square = expected_square(p, doubt + k / 3, typical, doubt[k / 3].variance[k % 3]);
    one += error[k] * error[k] <= square;
    two += error[k] * error[k] <= 4.0 * square;
  }
  return (double)one >= INSIDE * 3.0 * (double)n && (double)two >= INSIDE_TWO * 3.0 * (double)n;
}

double mtp_posterior_find_typical(const mtp_posterior *p, size_t n, const double *error, const mtp_doubt *doubt) {
  if (!p || !error || !doubt || n == 0) return NAN;
  double low = 0, high = 0;
  for (size_t k = 0; k < 3 * n; k++) high = fmax(high, 1.5 * fabs(error[k])); /* no spread is below one half */
  for (int k = 0; k < BISECTIONS; k++) {
    const double middle = 0.5 * (low + high);
    if (covers(p, n, error, doubt, middle))
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* ---- atoms of an engine ---- */

/* Neighbourhoods of some sites in the form that the rows are made from: each neighbour is an entry of its own. */
typedef struct layout {
  mtp_neighbors nb;
  int *place; /* [SITES] */
  size_t entries, links;
} layout;

static int species_at(const mtp_atoms *a, int i) {
  return a->species_of_type ? a->species_of_type[a->type[i]] : a->type[i];
}

static double square_distance(const mtp_atoms *a, int i, int j) {
  double square = 0;
  for (int c = 0; c < 3; c++) {
    const double d = a->x[3 * (ptrdiff_t)j + c] - a->x[3 * (ptrdiff_t)i + c];
    square += d * d;
  }
  return square;
}

static bool is_neighbour(const mtp_posterior *p, const mtp_atoms *a, int i, int j) {
  const int s = species_at(a, j);
  const double cutoff = p->plan->radial.max_dist;
  return s >= 0 && s < p->plan->nspecies && square_distance(a, i, j) < cutoff * cutoff;
}

/* Atoms with a row, if they are few. */
enum { FEW = 24 };
typedef struct wanted_atoms {
  size_t n; /* more than FEW: they are many */
  int atom[FEW];
} wanted_atoms;

static wanted_atoms find_wanted(const mtp_atoms *a, const int *row) {
  wanted_atoms w = {0};
  for (size_t i = 0; i < a->nall && w.n <= FEW; i++) {
    if (row[i] < 0) continue;
    if (w.n < FEW) w.atom[w.n] = (int)i;
    w.n++;
  }
  return w;
}

/* Has atom i a row, or an atom of its list? Distances of all pairs would take longer than the rows of a few atoms, but
 * those of few atoms are faster than a look at the whole list. */
static bool may_bring(const mtp_posterior *p, const mtp_atoms *a, const wanted_atoms *w, const int *row, int i) {
  if (row[i] >= 0) return true;
  if (w->n <= FEW) {
    for (size_t k = 0; k < w->n; k++)
      if (is_neighbour(p, a, i, w->atom[k])) return true;
    return false;
  }
  for (int k = 0; k < a->count[i]; k++)
    if (row[a->list[i][k] & a->mask] >= 0) return true;
  return false;
}

/* Does the site of atom i bring anything to a row? *count receives its neighbours. */
static bool brings(const mtp_posterior *p, const mtp_atoms *a, const wanted_atoms *w, const int *row, int i,
                   size_t *count) {
  bool wanted = row[i] >= 0;
  *count = 0;
  if (species_at(a, i) < 0 || species_at(a, i) >= p->plan->nspecies || !may_bring(p, a, w, row, i)) return false;
  for (int k = 0; k < a->count[i]; k++) {
    const int j = a->list[i][k] & a->mask;
    if (!is_neighbour(p, a, i, j)) continue;
    ++*count;
    wanted = wanted || row[j] >= 0;
  }
  return wanted;
}

static void place_atom(layout *l, const mtp_atoms *a, size_t at, int i, int owner) {
  memcpy(l->nb.x + 3 * at, a->x + 3 * (ptrdiff_t)i, 3 * sizeof *l->nb.x);
  l->nb.species[at] = species_at(a, i);
  l->nb.owner[at] = owner;
}

/* Neighbours with a row come first, so that few vectors of neighbours hold them. */
static void put_site(const mtp_posterior *p, layout *l, const mtp_atoms *a, const int *row, int i) {
  const size_t site = l->nb.n++;
  place_atom(l, a, site, i, row[i]);
  l->place[site] = row[i];
  l->nb.list[site] = l->nb.storage + l->links;
  l->nb.count[site] = 0;
  for (int unwanted = 0; unwanted < 2; unwanted++)
    for (int k = 0; k < a->count[i]; k++) {
      const int j = a->list[i][k] & a->mask;
      if ((row[j] < 0) != unwanted || !is_neighbour(p, a, i, j)) continue;
      place_atom(l, a, l->entries, j, row[j]);
      l->nb.storage[l->links++] = (int)l->entries++;
      l->nb.count[site]++;
    }
}

static bool layout_new(layout *l, size_t links) {
  const size_t entries = SITES + links;
  *l = (layout){.entries = SITES};
  l->nb.nall = entries;
  l->nb.x = mtp_calloc(3 * entries, sizeof *l->nb.x);
  l->nb.species = mtp_calloc(entries, sizeof *l->nb.species);
  l->nb.owner = mtp_calloc(entries, sizeof *l->nb.owner);
  l->nb.count = mtp_calloc(SITES, sizeof *l->nb.count);
  l->nb.list = mtp_calloc(SITES, sizeof *l->nb.list);
  l->nb.storage = mtp_calloc(links, sizeof *l->nb.storage);
  l->place = mtp_calloc(SITES, sizeof *l->place);
  return l->nb.x && l->nb.species && l->nb.owner && l->nb.count && l->nb.list && l->nb.storage && l->place;
}

static void layout_clear(layout *l) {
  free(l->nb.x);
  free(l->nb.species);
  free(l->nb.owner);
  free(l->nb.count);
  free(l->nb.list);
  free(l->nb.storage);
  free(l->place);
}

static int central(const mtp_atoms *a, size_t k) {
  return a->central ? a->central[k] : (int)k;
}

static mtp_status add_sites(mtp_context *ctx, const mtp_posterior *p, const mtp_atoms *a, const int *row, size_t n,
                            const int *site, size_t links, mtp_linear_rows *rows) {
  layout l;
  mtp_jacobian_scratch scratch = {0};
  mtp_status status = layout_new(&l, links) ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < n && status == MTP_OK; k++) put_site(p, &l, a, row, site[k]);
  if (status == MTP_OK) status = mtp_linear_rows_add(ctx, p->plan, &l.nb, l.place, &scratch, rows);
  mtp_jacobian_scratch_clear(&scratch);
  layout_clear(&l);
  return status;
}

static mtp_status add_all(mtp_context *ctx, const mtp_posterior *p, const mtp_atoms *a, const int *row,
                          mtp_linear_rows *rows) {
  int site[SITES];
  size_t n = 0, links = 0;
  const wanted_atoms wanted = find_wanted(a, row);
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < a->ncentral && status == MTP_OK; k++) {
    size_t count;
    if (brings(p, a, &wanted, row, central(a, k), &count)) {
      site[n++] = central(a, k);
      links += count;
    }
    if (n == SITES || (k + 1 == a->ncentral && n > 0)) {
      status = add_sites(ctx, p, a, row, n, site, links, rows);
      n = links = 0;
    }
  }
  return status;
}

mtp_status mtp_posterior_rows(mtp_context *ctx, const mtp_posterior *p, const mtp_atoms *atoms, const int *row,
                              size_t nrows, double *rows) {
  if (!p || !atoms || !row || (nrows && !rows) ||
      (atoms->ncentral && (!atoms->x || !atoms->type || !atoms->count || !atoms->list)))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no atoms given");
  const size_t C = (size_t)p->plan->nspecies;
  double *site = mtp_calloc(C * p->m, sizeof *site), *virial = mtp_calloc(6 * p->m, sizeof *virial);
  mtp_linear_rows all = {.n = nrows, .m = p->m, .site = site, .virial = virial, .force = rows};
  const mtp_status status = site && virial ? add_all(ctx, p, atoms, row, &all) : mtp_fail_memory(ctx);
  free(site);
  free(virial);
  return status;
}

mtp_status mtp_evaluator_set_posterior(mtp_context *ctx, mtp_evaluator *ev, const mtp_posterior *p) {
  if (!p) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "evaluator: no posterior given");
  return mtp_evaluator_set_factor(ctx, ev, p->m, p->factor);
}
