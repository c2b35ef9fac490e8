/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_call.c
 * Calls of the evaluator and their comparison with the oracle; see support_call.h. */
#include "support_call.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MARK (1 << 30) /* as the bits that an MD engine keeps in list entries */

/* Types are numbered backwards, and every second one is foreign: no number is its own species. */
static void hand_out_types(mtp_random *random, const mtp_potential *pot, const call_manner *how, call *c) {
  const int types = 2 * pot->nspecies + 1;
  c->species_of_type = data_calloc((size_t)types, sizeof(int));
  c->type = data_calloc(c->atoms->nall, sizeof(int));
  for (int t = 0; t < types; t++) c->species_of_type[t] = t % 2 ? pot->nspecies - 1 - t / 2 : -1;
  bool *foreign = data_calloc(c->atoms->n, sizeof(bool));
  for (size_t i = 0; i < c->atoms->n; i++) foreign[i] = mtp_random_uniform(random) < how->foreign;
  for (size_t i = 0; i < c->atoms->nall; i++) {
    if (foreign[c->atoms->owner[i]]) c->atoms->species[i] = -1;
    const int species = c->atoms->species[i];
    c->type[i] = species < 0 ? 0 : 2 * (pot->nspecies - 1 - species) + 1;
  }
  free(foreign);
}

static void choose_central(mtp_random *random, const call_manner *how, call *c) {
  const size_t n = c->atoms->n;
  c->is_central = data_calloc(n, sizeof(bool));
  c->central = data_calloc(n, sizeof(int));
  for (size_t i = 0; i < n; i++) {
    c->is_central[i] = mtp_random_uniform(random) >= how->left_out;
    if (c->is_central[i]) c->central[c->in.ncentral++] = (int)i;
  }
  for (size_t k = c->in.ncentral; k > 1; k--) { /* any order */
    const size_t other = data_index(random, k);
    const int held = c->central[k - 1];
    c->central[k - 1] = c->central[other];
    c->central[other] = held;
  }
}

static void mark_lists(mtp_random *random, call *c) {
  for (size_t i = 0; i < c->atoms->n; i++) {
    for (int k = 0; k < c->lists->count[i]; k++) {
      if (mtp_random_uniform(random) < 0.4) c->lists->list[i][k] |= MARK;
    }
  }
}

call *call_new(mtp_random *random, const mtp_potential *pot, const mtp_config *cfg, const call_manner *how) {
  call *c = data_calloc(1, sizeof(*c));
  const double reach = mtp_potential_cutoff(pot) + how->skin;
  c->atoms = naive_atoms_build(cfg, reach);
  c->lists = data_lists_build(random, c->atoms, reach);
  c->nparams = pot->nparams;
  hand_out_types(random, pot, how, c);
  choose_central(random, how, c);
  if (how->marked) mark_lists(random, c);
  const size_t nall = c->atoms->nall;
  c->in.central = how->left_out > 0 ? c->central : NULL;
  c->in.nall = nall;
  c->in.x = c->atoms->x;
  c->in.type = c->type;
  c->in.species_of_type = c->species_of_type;
  c->in.count = c->lists->count;
  c->in.list = c->lists->list;
  c->in.mask = how->marked ? MARK - 1 : -1;
  c->out.force = data_calloc(3 * nall, sizeof(double));
  c->out.site_energy = data_calloc(nall, sizeof(double));
  c->out.site_virial = data_calloc(6 * nall, sizeof(double));
  c->out.site_virial9 = data_calloc(9 * nall, sizeof(double));
  c->out.gradient = data_calloc(pot->nparams, sizeof(double));
  c->out.rows = data_calloc(c->atoms->n * pot->nparams, sizeof(double));
  call_clear(c);
  return c;
}

void call_free(call *c) {
  naive_atoms_free(c->atoms);
  data_lists_free(c->lists);
  free(c->is_central);
  free(c->central);
  free(c->type);
  free(c->species_of_type);
  free(c->out.force);
  free(c->out.site_energy);
  free(c->out.site_virial);
  free(c->out.site_virial9);
  free(c->out.gradient);
  free(c->out.rows);
  free(c);
}

void call_set_central(call *c, size_t n, const int *central) {
  for (size_t i = 0; i < c->atoms->n; i++) c->is_central[i] = false;
  for (size_t k = 0; k < n; k++) {
    c->central[k] = central[k];
    c->is_central[central[k]] = true;
  }
  c->in.central = c->central;
  c->in.ncentral = n;
}

void call_clear(call *c) {
  const size_t nall = c->atoms->nall;
  c->out.energy = 0;
  memset(c->out.virial, 0, sizeof(c->out.virial));
  memset(c->out.force, 0, 3 * nall * sizeof(double));
  memset(c->out.site_energy, 0, nall * sizeof(double));
  memset(c->out.site_virial, 0, 6 * nall * sizeof(double));
  memset(c->out.site_virial9, 0, 9 * nall * sizeof(double));
  memset(c->out.gradient, 0, c->nparams * sizeof(double));
  /* rows are overwritten, all else is added to */
  for (size_t k = 0; k < c->atoms->n * c->nparams; k++) c->out.rows[k] = NAN;
}

naive_result *call_expected(const call *c, const mtp_potential *pot) {
  return naive_compute(pot, c->atoms, c->is_central);
}

double call_tolerance(mtp_precision precision) {
  return precision == MTP_PRECISION_DOUBLE ? 1e-11 : 5e-5;
}

/* Rows in the order of the central list; each parameter is compared on its own scale as well, so that small ones
 * cannot hide behind large ones. */
static void compare_rows(const call *c, const double *rows, const naive_result *want, double tolerance) {
  const size_t n = c->in.ncentral, width = want->nparams;
  double *ordered = data_calloc(n * width, sizeof(double));
  double *got = data_calloc(n, sizeof(double)), *expected = data_calloc(n, sizeof(double));
  for (size_t k = 0; k < n; k++) {
    const size_t i = c->in.central ? (size_t)c->in.central[k] : k;
    memcpy(ordered + k * width, want->rows + i * width, width * sizeof(double));
  }
  data_expect_close("rows", n * width, rows, ordered, tolerance);
  for (size_t p = 0; p < width; p++) {
    for (size_t k = 0; k < n; k++) {
      got[k] = rows[k * width + p];
      expected[k] = ordered[k * width + p];
    }
    data_expect_near("one parameter of the rows", n, got, expected, 1e-3, 1e3 * tolerance);
  }
  free(ordered);
  free(got);
  free(expected);
}

/* The virials of the atoms add up to the virial. yx zx zy equal xy xz yz in the sum: no torque. */
static void compare_sums(const mtp_output *out, size_t nall, double scale, double tolerance) {
  double sum[6] = {0}, sum9[9] = {0};
  for (size_t i = 0; i < nall; i++) {
    for (size_t a = 0; a < 6 && out->site_virial; a++) sum[a] += out->site_virial[6 * i + a];
    for (size_t a = 0; a < 9 && out->site_virial9; a++) sum9[a] += out->site_virial9[9 * i + a];
  }
  if (out->site_virial) data_expect_near("sum of site virials", 6, sum, out->virial, scale, tolerance);
  if (!out->site_virial9) return;
  data_expect_near("sum of site virials of 9", 6, sum9, out->virial, scale, tolerance);
  data_expect_near("symmetry of the virial", 3, (double[3]){sum9[6], sum9[7], sum9[8]}, sum9 + 3, scale,
                   10 * tolerance);
}

void call_compare(const call *c, const mtp_output *out, const naive_result *want, double tolerance) {
  const size_t nall = want->nall;
  const bool forces = out->force || out->site_virial || out->site_virial9 || out->gradient || out->rows;
  double *site_energy = data_calloc(nall, sizeof(double));
  memcpy(site_energy, want->site_energy, want->n * sizeof(double));
  const double energy_scale = data_largest(want->n, want->site_energy);
  const double force_scale = NAIVE_ROUNDING * want->force_terms; /* virials: times 1 A, though distances are larger */
  const double virial_scale = fmax(data_largest(9 * nall, want->site_virial9), force_scale);
  data_expect_near("energy", 1, &out->energy, &want->energy, energy_scale, tolerance);
  if (forces) data_expect_near("virial", 6, out->virial, want->virial, virial_scale, tolerance);
  if (out->site_energy) data_expect_close("site energies", nall, out->site_energy, site_energy, tolerance);
  if (out->force) data_expect_near("forces", 3 * nall, out->force, want->force, force_scale, tolerance);
  if (out->site_virial)
    data_expect_near("site virials", 6 * nall, out->site_virial, want->site_virial, force_scale, tolerance);
  if (out->site_virial9)
    data_expect_near("site virials of 9", 9 * nall, out->site_virial9, want->site_virial9, force_scale, tolerance);
  if (out->gradient) data_expect_close("gradient", want->nparams, out->gradient, want->gradient, tolerance);
  if (out->rows) compare_rows(c, out->rows, want, tolerance);
  compare_sums(out, nall, virial_scale, tolerance);
  free(site_energy);
}

/* The outputs whose bits are set in `parts`. */
static mtp_output choose(const mtp_output *all, unsigned parts) {
  return (mtp_output){.force = parts & 1 ? all->force : NULL,
                      .site_energy = parts & 2 ? all->site_energy : NULL,
                      .site_virial = parts & 4 ? all->site_virial : NULL,
                      .site_virial9 = parts & 8 ? all->site_virial9 : NULL,
                      .gradient = parts & 16 ? all->gradient : NULL,
                      .rows = parts & 32 ? all->rows : NULL};
}

static void check_precision(mtp_context *ctx, mtp_evaluator *ev, call *c, const naive_result *want,
                            mtp_precision precision) {
  static const unsigned some[] = {0, 1, 2, 4, 8, 1 + 2, 1 + 4, 1 + 2 + 4 + 8, 16, 32, 63};
  data_must(ctx, mtp_evaluator_set_precision(ctx, ev, precision));
  for (size_t k = 0; k < sizeof(some) / sizeof(*some); k++) {
    call_clear(c);
    mtp_output out = choose(&c->out, some[k]);
    data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, NULL, &out));
    /* calls with gradients are made in double */
    call_compare(c, &out, want, call_tolerance(some[k] < 16 ? precision : MTP_PRECISION_DOUBLE));
    c->out.energy = out.energy;
  }
}

void call_check_precision(mtp_context *ctx, mtp_evaluator *ev, call *c, const mtp_potential *pot,
                          mtp_precision precision) {
  naive_result *want = call_expected(c, pot);
  check_precision(ctx, ev, c, want, precision);
  naive_result_free(want);
}

void call_check(mtp_context *ctx, mtp_evaluator *ev, call *c, const mtp_potential *pot) {
  naive_result *want = call_expected(c, pot);
  check_precision(ctx, ev, c, want, MTP_PRECISION_DOUBLE);
  if (data_largest(want->n, want->site_energy) < 1e25) check_precision(ctx, ev, c, want, MTP_PRECISION_MIXED);
  naive_result_free(want);
}
