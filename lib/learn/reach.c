/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/reach.c
 * Pair forces beyond the cutoff by linear least squares, one half of the configurations against the other. */
#include "learn/reach.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/equations.h"
#include "model/model.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* Cutoffs that are tried, in units of the present one, and where the pairs begin. */
static const double longer[] = {1.15, 1.3, 1.5};
#define TRIED (sizeof longer / sizeof *longer)
#define FROM  0.85
/* Functions of a kind of pair: Chebyshev polynomials that end smoothly on both sides. */
#define TERMS 8
/* What is looked at: so many configurations and atoms, spread over the set; with fewer than so many, or so few force
 * components for each unknown, there is nothing to be told. */
#define MOST_CONFIGS  24
#define MOST_ATOMS    4000
#define LEAST_CONFIGS 4
#define LEAST_DATA    10.0
/* A longer cutoff that takes less off the error is not worth its time. */
#define WORTH 0.8
#define RIDGE 1e-8

typedef struct reach {
  const mtp_potential *pot;
  size_t n, kinds;
  const mtp_config *config[MOST_CONFIGS];
  double *residual[MOST_CONFIGS]; /* [3*n] what the potential leaves; 0 where the force is masked */
  double components;
} reach;

static bool is_usable(const mtp_config *cfg) {
  return cfg->force && cfg->n > 0 && cfg->n <= MOST_ATOMS && mtp_config_real_count(cfg) == cfg->n &&
         !mtp_config_is_squeezed(cfg);
}

/* Evenly spread. */
static void choose(reach *r, const mtp_config_set *set) {
  size_t usable = 0, atoms = 0;
  for (size_t k = 0; k < set->n; k++)
    if (is_usable(set->configs[k])) usable++, atoms += set->configs[k]->n;
  const double parts = fmin(1.0, fmin((double)MOST_CONFIGS / (double)usable, (double)MOST_ATOMS / (double)atoms));
  double due = 1.0 - parts; /* the first one is taken */
  for (size_t k = 0; k < set->n && r->n < MOST_CONFIGS; k++) {
    if (!is_usable(set->configs[k])) continue;
    due += parts;
    if (due < 1.0 - 1e-9) continue;
    due -= 1.0;
    r->config[r->n++] = set->configs[k];
  }
}

static mtp_status find_residual(mtp_context *ctx, mtp_evaluator *ev, reach *r, size_t k) {
  const mtp_config *cfg = r->config[k];
  mtp_config *own = mtp_config_copy(cfg);
  r->residual[k] = mtp_calloc(3 * cfg->n, sizeof(double));
  mtp_status status = own && r->residual[k] ? mtp_evaluator_config(ctx, ev, own, 0) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < 3 * cfg->n && status == MTP_OK; i++) {
    if (mtp_config_is_masked(cfg, i / 3)) continue;
    r->residual[k][i] = cfg->force[i] - own->force[i];
    r->components += 1.0;
  }
  mtp_config_free(own);
  return status;
}

static void add_pair(const reach *r, double *row, double distance, const double *d, size_t kind, double lowest,
                     double highest) {
  const double half = 0.5 * (highest - lowest), xi = (distance - lowest) / half - 1.0;
  const double ends = (1.0 - xi) * (1.0 - xi) * (1.0 + xi) * (1.0 + xi) / distance;
  double now = 1.0, before = xi;
  for (size_t t = 0; t < TERMS; t++) {
    for (size_t c = 0; c < 3; c++) row[c * r->kinds * TERMS + kind * TERMS + t] += ends * now * d[c];
    const double next = 2.0 * xi * now - before;
    before = now;
    now = next;
  }
}

/* Of unordered pairs of species. */
static size_t kind_of(int a, int b) {
  const size_t high = (size_t)(a > b ? a : b), low = (size_t)(a > b ? b : a);
  return high * (high + 1) / 2 + low;
}

/* Rows of the forces of one configuration. */
static mtp_status add_config(mtp_context *ctx, const reach *r, size_t k, double highest, mtp_equations *e) {
  const mtp_config *cfg = r->config[k];
  const size_t unknowns = r->kinds * TERMS;
  const double lowest = FROM * mtp_potential_cutoff(r->pot);
  mtp_neighbors *nb = NULL;
  double *rows = mtp_calloc(3 * cfg->n * unknowns, sizeof *rows);
  mtp_status status = rows ? mtp_neighbors_build(ctx, cfg, highest, &nb) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < cfg->n && status == MTP_OK; i++) {
    if (mtp_config_is_masked(cfg, i)) continue;
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t j = (size_t)nb->list[i][q];
      double d[3];
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * j + c] - nb->x[3 * i + c];
      const double distance = sqrt(mtp_dot(d, d));
      if (distance > lowest)
        add_pair(r, rows + 3 * i * unknowns, distance, d, kind_of(nb->species[i], nb->species[j]), lowest, highest);
    }
  }
  if (status == MTP_OK) mtp_equations_add_rows(e, unknowns, 3 * cfg->n, rows, r->residual[k], 1.0);
  mtp_neighbors_free(nb);
  free(rows);
  return status;
}

/* Each half by what was fitted to the other; *now: without any pairs. */
static mtp_status compare(mtp_context *ctx, const reach *r, double highest, double *now, double *then) {
  const size_t m = r->kinds * TERMS;
  mtp_equations half[2] = {{0}, {0}};
  double *x = mtp_calloc(m, sizeof *x), squares = 0.0;
  mtp_status status =
      x && mtp_equations_new(m, &half[0]) && mtp_equations_new(m, &half[1]) ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < r->n && status == MTP_OK; k++) status = add_config(ctx, r, k, highest, &half[k % 2]);
  for (int h = 0; h < 2 && status == MTP_OK; h++) {
    mtp_equations_fill(&half[h], m);
    /* an advice that cannot be had is none, and no reason to lose a training */
    const bool solved = mtp_equations_solve(NULL, &half[h], m, mtp_equations_top(&half[h], m), RIDGE, x) == MTP_OK;
    squares += solved ? mtp_equations_residual(&half[1 - h], m, x) : INFINITY;
  }
  if (status == MTP_OK) *now = sqrt((half[0].targets + half[1].targets) / r->components);
  if (status == MTP_OK) *then = isfinite(squares) ? sqrt(fmax(squares, 0.0) / r->components) : INFINITY;
  mtp_equations_clear(&half[0]);
  mtp_equations_clear(&half[1]);
  free(x);
  return status;
}

static mtp_status try_all(mtp_context *ctx, const reach *r, mtp_reach *out) {
  mtp_status status = MTP_OK;
  double least = INFINITY;
  for (size_t k = 0; k < TRIED && status == MTP_OK; k++) {
    const double cutoff = longer[k] * mtp_potential_cutoff(r->pot);
    double then;
    status = compare(ctx, r, cutoff, &out->now, &then);
    if (status != MTP_OK || !(then < least)) continue;
    least = then;
    if (then < WORTH * out->now) out->cutoff = cutoff, out->then = then;
  }
  return status;
}

mtp_status mtp_reach_compare(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_reach *out) {
  const size_t C = (size_t)mtp_potential_species_count(pot);
  reach r = {.pot = pot, .kinds = C * (C + 1) / 2};
  mtp_evaluator *ev = NULL;
  *out = (mtp_reach){0.0, NAN, NAN};
  choose(&r, set);
  if (r.n < LEAST_CONFIGS) return MTP_OK;
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  for (size_t k = 0; k < r.n && status == MTP_OK; k++) status = find_residual(ctx, ev, &r, k);
  if (status == MTP_OK && r.components > 2.0 * LEAST_DATA * (double)(r.kinds * TERMS)) status = try_all(ctx, &r, out);
  for (size_t k = 0; k < r.n; k++) free(r.residual[k]);
  mtp_evaluator_free(ev);
  return status;
}

void mtp_reach_describe(const mtp_potential *pot, const mtp_reach *r, char *text, size_t size) {
  const double cutoff = mtp_potential_cutoff(pot);
  mtp_snprintf(text, size,
               "pairs beyond the cutoff explain part of the errors: as little as %.3g instead of %.3g eV/A may be left "
               "with %.3g A instead of %.3g, at %.2g times the cost",
               r->then, r->now, r->cutoff, cutoff, pow(r->cutoff / cutoff, 3));
}
