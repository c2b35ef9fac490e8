/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior_forces.c
 * Errors to expect of forces: a tangent pass for the rows, a product with the factor for the variances. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/posterior.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Rows that are multiplied at once. */
#define BATCH ((size_t)192)
/* Sites whose neighbourhoods are laid out at once. */
#define SITES ((size_t)128)

/* Of force rows: the constants have no forces, and only the other columns of the factor meet them. */
void mtp_posterior_product(const mtp_posterior *p, size_t count, const double *rows, double *work, double *variance) {
  const size_t m = p->m, C = (size_t)p->plan->nspecies, S = m - C;
  for (size_t k = 0; k < count; k++) memcpy(work + k * S, rows + k * m + C, S * sizeof *work);
  cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)count, (int)S, 1.0,
              p->factor + C * m + C, (int)m, work, (int)S);
  for (size_t k = 0; k < count; k++) variance[k] = cblas_ddot((int)S, work + k * S, 1, work + k * S, 1);
}

mtp_status mtp_posterior_variances(mtp_context *ctx, const mtp_posterior *p, size_t count, const double *rows,
                                   double *variance) {
  if (!p || (count && (!rows || !variance))) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no rows given");
  double *work = mtp_alloc_aligned((count < BATCH ? count : BATCH) * p->m, sizeof *work);
  if (!work) return mtp_fail_memory(ctx);
  for (size_t done = 0; done < count; done += BATCH)
    mtp_posterior_product(p, count - done < BATCH ? count - done : BATCH, rows + done * p->m, work, variance + done);
  free(work);
  return MTP_OK;
}

static double mean_variance(const double variance[3]) {
  return (variance[0] + variance[1] + variance[2]) / 3.0;
}

double mtp_posterior_error(const mtp_posterior *p, const double variance[3]) {
  if (!p || !variance) return NAN;
  return sqrt(p->noise.force * p->noise.force + p->scale * p->scale * mean_variance(variance));
}

double mtp_posterior_doubt(const mtp_posterior *p, const double variance[3]) {
  if (!p || !variance) return NAN;
  return p->scale * sqrt(mean_variance(variance));
}

mtp_status mtp_posterior_forces(mtp_context *ctx, const mtp_posterior *p, const mtp_config *cfg, double *variance) {
  if (!p || !cfg || (cfg->n && !variance)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no configuration given");
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= p->plan->nspecies)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: atom %zu has species %d, the potential has %d", i + 1,
                      cfg->species[i], p->plan->nspecies);
  mtp_neighbors *nb = NULL;
  mtp_linear_rows rows = {0};
  mtp_status status = mtp_neighbors_build(ctx, cfg, p->plan->radial.max_dist, &nb);
  if (status == MTP_OK) status = mtp_linear_rows_compute(ctx, p->plan, nb, &rows);
  if (status == MTP_OK) status = mtp_posterior_variances(ctx, p, 3 * cfg->n, rows.force, variance);
  mtp_linear_rows_clear(&rows);
  mtp_neighbors_free(nb);
  return status;
}

mtp_status mtp_posterior_errors(mtp_context *ctx, const mtp_posterior *p, const mtp_config *cfg, double *error) {
  if (!p || !cfg || (cfg->n && !error)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no configuration given");
  double *variance = mtp_calloc(3 * cfg->n, sizeof *variance);
  mtp_status status = variance ? mtp_posterior_forces(ctx, p, cfg, variance) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < cfg->n && status == MTP_OK; i++) error[i] = mtp_posterior_error(p, variance + 3 * i);
  free(variance);
  return status;
}

/* ---- calibration ---- */

#define INSIDE     0.6827 /* of a normal distribution, one standard deviation */
#define LARGEST    100.0
#define BISECTIONS 50

static double inside(const mtp_posterior *p, size_t count, const double *error, const double *variance, double scale) {
  size_t n = 0;
  for (size_t k = 0; k < count; k++)
    n += error[k] * error[k] <= p->noise.force * p->noise.force + scale * scale * variance[k];
  return (double)n / (double)count;
}

double mtp_posterior_calibrate(const mtp_posterior *p, size_t count, const double *error, const double *variance) {
  if (!p || !error || !variance || count == 0) return NAN;
  if (inside(p, count, error, variance, 0.0) >= INSIDE) return 0.0;
  double low = 0.0, high = LARGEST;
  for (int k = 0; k < BISECTIONS; k++) {
    const double middle = 0.5 * (low + high);
    if (inside(p, count, error, variance, middle) >= INSIDE)
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

/* Does the site of atom i bring anything to a row? *count receives its neighbours. */
static bool brings(const mtp_posterior *p, const mtp_atoms *a, const int *row, int i, size_t *count) {
  bool wanted = row[i] >= 0;
  *count = 0;
  if (species_at(a, i) < 0 || species_at(a, i) >= p->plan->nspecies) return false;
  for (int k = 0; k < a->count[i]; k++) {
    const int j = a->list[i][k] & a->mask;
    if (!is_neighbour(p, a, i, j)) continue;
    ++*count;
    wanted = wanted || row[j] >= 0;
  }
  return wanted;
}

static void put(layout *l, const mtp_atoms *a, size_t at, int i, int owner) {
  memcpy(l->nb.x + 3 * at, a->x + 3 * (ptrdiff_t)i, 3 * sizeof *l->nb.x);
  l->nb.species[at] = species_at(a, i);
  l->nb.owner[at] = owner;
}

/* Neighbours with a row come first, so that few vectors of neighbours hold them. */
static void put_site(const mtp_posterior *p, layout *l, const mtp_atoms *a, const int *row, int i) {
  const size_t site = l->nb.n++;
  put(l, a, site, i, row[i]);
  l->place[site] = row[i];
  l->nb.list[site] = l->nb.storage + l->links;
  l->nb.count[site] = 0;
  for (int unwanted = 0; unwanted < 2; unwanted++)
    for (int k = 0; k < a->count[i]; k++) {
      const int j = a->list[i][k] & a->mask;
      if ((row[j] < 0) != unwanted || !is_neighbour(p, a, i, j)) continue;
      put(l, a, l->entries, j, row[j]);
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
  mtp_status status = layout_new(&l, links) ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < n && status == MTP_OK; k++) put_site(p, &l, a, row, site[k]);
  if (status == MTP_OK) status = mtp_linear_rows_add(ctx, p->plan, &l.nb, l.place, rows);
  layout_clear(&l);
  return status;
}

static mtp_status add_all(mtp_context *ctx, const mtp_posterior *p, const mtp_atoms *a, const int *row,
                          mtp_linear_rows *rows) {
  int site[SITES];
  size_t n = 0, links = 0;
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < a->ncentral && status == MTP_OK; k++) {
    size_t count;
    if (brings(p, a, row, central(a, k), &count)) {
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
