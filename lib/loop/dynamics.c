/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/dynamics.c
 * Langevin dynamics with neighbour lists that are kept until an atom has moved by half their skin. */
#include "loop/dynamics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* A */
#define SKIN 1.0
/* The volume relaxes within BAROSTAT ps in a material of this compressibility (A^3/eV; 1/100 GPa), more slowly in a
 * softer one. It is changed every so many steps, and stays within a factor of one: a gas teaches nothing. */
#define BAROSTAT        1.0
#define COMPRESSIBILITY 1.6
#define RESCALE_EVERY   10
#define MOST_VOLUME     2.5
/* In mode forces grades cost much more than steps: one in so many that ask for one is graded. */
#define FORCES_EVERY 5

struct mtp_dynamics {
  mtp_config *cfg;
  mtp_bath bath;
  mtp_random random;
  double *mass;   /* [n] */
  double *v;      /* [3*n] A/ps */
  double *force;  /* [3*n] */
  double *listed; /* [3*n] where the atoms were when neighbours were looked for */
  mtp_neighbors *nb;
  double *all_force; /* [3*nall] */
  size_t capacity;   /* of all_force, in atoms */
  mtp_evaluator *ev;
  const mtp_baseline *baseline;
  mtp_mode mode;
  const mtp_potential *pot;       /* borrowed, */
  const mtp_active_set *as;       /* as is this */
  const mtp_posterior *posterior; /* or NULL: grades are those of the active set */
  double limit;
  double cutoff;
  double *gradient; /* [parameters] in configuration mode */
  size_t parameters;
  long evaluations; /* in mode forces */
  double grade;
  int atom;
  long long steps;
  double volume; /* from which it does not go far */
  double virial; /* trace of the last one, eV */
};

void mtp_dynamics_free(mtp_dynamics *d) {
  if (!d) return;
  mtp_config_free(d->cfg);
  mtp_neighbors_free(d->nb);
  mtp_evaluator_free(d->ev);
  free(d->mass);
  free(d->v);
  free(d->force);
  free(d->listed);
  free(d->all_force);
  free(d->gradient);
  free(d);
}

static double thermal_velocity(const mtp_dynamics *d, size_t i) {
  return sqrt(MTP_KELVIN * d->bath.temperature / (d->mass[i] * MTP_DALTON));
}

mtp_status mtp_dynamics_new(mtp_context *ctx, const mtp_config *cfg, const double *masses, const mtp_bath *bath,
                            unsigned long long seed, mtp_dynamics **out) {
  mtp_dynamics *d = mtp_calloc(1, sizeof *d);
  *out = NULL;
  if (!d) return mtp_fail_memory(ctx);
  d->bath = *bath;
  d->random.state = seed;
  d->volume = bath->volume > 0 ? bath->volume : mtp_config_volume(cfg);
  for (int c = 0; c < 3; c++) d->bath.moves_cell = d->bath.moves_cell && cfg->periodic[c];
  d->cfg = mtp_config_copy(cfg);
  d->mass = mtp_calloc(cfg->n, sizeof *d->mass);
  d->v = mtp_calloc(3 * cfg->n, sizeof *d->v);
  d->force = mtp_calloc(3 * cfg->n, sizeof *d->force);
  d->listed = mtp_calloc(3 * cfg->n, sizeof *d->listed);
  if (!d->cfg || !d->mass || !d->v || !d->force || !d->listed) {
    mtp_dynamics_free(d);
    return mtp_fail_memory(ctx);
  }
  for (size_t i = 0; i < cfg->n; i++) {
    d->mass[i] = masses[cfg->species[i]];
    const double width = thermal_velocity(d, i);
    for (size_t c = 0; c < 3; c++) d->v[3 * i + c] = width * mtp_random_normal(&d->random);
  }
  *out = d;
  return MTP_OK;
}

mtp_status mtp_dynamics_set_potential(mtp_context *ctx, mtp_dynamics *d, const mtp_potential *pot,
                                      const mtp_active_set *as) {
  mtp_evaluator *ev = NULL;
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  if (status == MTP_OK)
    status = mtp_evaluator_set_precision(ctx, ev, MTP_PRECISION_MIXED); /* where nothing is graded */
  if (status == MTP_OK && mtp_active_set_mode(as) != MTP_MODE_FORCES)
    status = mtp_evaluator_set_active_set(ctx, ev, as);
  double *gradient = mtp_calloc(mtp_potential_parameter_count(pot), sizeof *gradient);
  if (status == MTP_OK && !gradient) status = mtp_fail_memory(ctx);
  if (status != MTP_OK) {
    mtp_evaluator_free(ev);
    free(gradient);
    return status;
  }
  mtp_evaluator_free(d->ev);
  free(d->gradient);
  d->ev = ev;
  d->posterior = NULL;
  d->gradient = gradient;
  d->parameters = mtp_potential_parameter_count(pot);
  d->mode = mtp_active_set_mode(as);
  d->pot = pot;
  d->as = as;
  d->evaluations = 0;
  d->cutoff = mtp_potential_cutoff(pot);
  mtp_neighbors_free(d->nb); /* the cutoff may be another one */
  d->nb = NULL;
  return MTP_OK;
}

mtp_status mtp_dynamics_set_posterior(mtp_context *ctx, mtp_dynamics *d, const mtp_posterior *posterior, double limit) {
  d->posterior = posterior;
  d->limit = limit;
  return posterior ? mtp_evaluator_set_posterior(ctx, d->ev, posterior) : MTP_OK;
}

void mtp_dynamics_set_baseline(mtp_dynamics *d, const mtp_baseline *baseline) {
  d->baseline = baseline;
}

/* ---- neighbours ---- */

static bool is_list_valid(const mtp_dynamics *d) {
  for (size_t i = 0; d->nb && i < d->cfg->n; i++) {
    double square = 0;
    for (size_t c = 0; c < 3; c++) square += pow(d->cfg->x[3 * i + c] - d->listed[3 * i + c], 2);
    if (!(square < 0.25 * SKIN * SKIN)) return false;
  }
  return d->nb != NULL;
}

static mtp_status make_list(mtp_context *ctx, mtp_dynamics *d) {
  mtp_neighbors_free(d->nb);
  d->nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, d->cfg, d->cutoff + SKIN, &d->nb);
  if (status != MTP_OK) return status;
  memcpy(d->listed, d->cfg->x, 3 * d->cfg->n * sizeof *d->listed);
  if (d->nb->nall <= d->capacity) return MTP_OK;
  free(d->all_force);
  d->capacity = d->nb->nall + d->nb->nall / 4;
  d->all_force = mtp_calloc(3 * d->capacity, sizeof *d->all_force);
  if (d->all_force) return MTP_OK;
  d->capacity = 0;
  return mtp_fail_memory(ctx);
}

/* Images go where their atoms go. */
static void move_images(mtp_dynamics *d) {
  mtp_neighbors *nb = d->nb;
  for (size_t k = nb->n; k < nb->nall; k++)
    for (size_t c = 0; c < 3; c++) {
      const size_t own = 3 * (size_t)nb->owner[k] + c;
      nb->x[3 * k + c] += d->cfg->x[own] - nb->x[own];
    }
  memcpy(nb->x, d->cfg->x, 3 * nb->n * sizeof *nb->x);
}

/* ---- steps ---- */

static void notice_infinite(mtp_dynamics *d) {
  if (!isfinite(d->grade) || !isfinite(mtp_largest_modulus(3 * d->cfg->n, d->force))) d->grade = INFINITY;
}

static mtp_status take_grade(mtp_context *ctx, mtp_dynamics *d, const mtp_output *out) {
  mtp_status status = MTP_OK;
  d->grade = out->max_grade;
  d->atom = out->max_grade_atom;
  if (d->mode == MTP_MODE_FORCES && d->evaluations++ % FORCES_EVERY == 0)
    status = mtp_active_set_grade_config(ctx, d->as, d->pot, d->cfg, &d->grade, &d->atom);
  if (d->mode == MTP_MODE_CONFIGURATION) {
    for (size_t k = 0; k < d->parameters; k++) d->gradient[k] /= (double)d->cfg->n;
    status = mtp_evaluator_grade_row(ctx, d->ev, d->gradient, &d->grade);
    d->atom = -1;
  }
  notice_infinite(d);
  return status;
}

static mtp_status add_baseline(mtp_context *ctx, mtp_dynamics *d) {
  mtp_config *known = NULL;
  if (!d->baseline) return MTP_OK;
  const mtp_status status = mtp_baseline_compute(ctx, d->baseline, d->cfg, &known);
  for (size_t k = 0; known && k < 3 * d->cfg->n; k++) d->force[k] += known->force[k];
  for (int c = 0; known && known->has_virial && c < 3; c++) d->virial += known->virial[c];
  mtp_config_free(known);
  return status;
}

/* Of the atom whose site energy is least sure. */
static mtp_status grade_by_doubt(mtp_context *ctx, const mtp_dynamics *d, const mtp_atoms *atoms, mtp_output *out) {
  const size_t m = mtp_posterior_size(d->posterior);
  int *row = mtp_calloc(d->nb->nall, sizeof *row);
  double *rows = mtp_calloc(3 * m, sizeof *rows);
  mtp_doubt doubt = {{0}, 1.0};
  mtp_status status = row && rows ? MTP_OK : mtp_fail_memory(ctx);
  size_t worst = 0;
  for (size_t i = 1; i < d->cfg->n; i++)
    if (out->site_variance[i] > out->site_variance[worst]) worst = i;
  for (size_t j = 0; row && j < d->nb->nall; j++) row[j] = (size_t)d->nb->owner[j] == worst ? 0 : -1;
  if (status == MTP_OK) status = mtp_posterior_rows(ctx, d->posterior, atoms, row, 1, rows);
  if (status == MTP_OK) status = mtp_posterior_doubts(ctx, d->posterior, 1, rows, &doubt);
  out->max_grade = mtp_posterior_grade(d->posterior, &doubt, d->limit);
  out->max_grade_atom = (int)worst;
  free(row);
  free(rows);
  return status;
}

static mtp_status evaluate(mtp_context *ctx, mtp_dynamics *d, bool graded) {
  mtp_status status = is_list_valid(d) ? MTP_OK : make_list(ctx, d);
  if (status != MTP_OK) return status;
  move_images(d);
  const bool by_atom = d->mode == MTP_MODE_NEIGHBOURHOOD;
  memset(d->all_force, 0, 3 * d->nb->nall * sizeof *d->all_force);
  memset(d->gradient, 0, d->parameters * sizeof *d->gradient);
  const bool by_doubt = graded && d->posterior;
  double *variance = by_doubt ? mtp_calloc(d->nb->nall, sizeof *variance) : NULL;
  if (by_doubt && !variance) return mtp_fail_memory(ctx);
  const mtp_request request = {
      .skip_energy = true, .skip_virial = !d->bath.moves_cell, .largest_grade = graded && by_atom && !by_doubt};
  mtp_output out = {.force = d->all_force,
                    .gradient = graded && d->mode == MTP_MODE_CONFIGURATION ? d->gradient : NULL,
                    .site_variance = variance};
  const mtp_atoms atoms = mtp_atoms_of(d->nb);
  status = mtp_evaluator_compute(ctx, d->ev, &atoms, &request, &out);
  if (status == MTP_OK && variance) status = grade_by_doubt(ctx, d, &atoms, &out);
  free(variance);
  memset(d->force, 0, 3 * d->cfg->n * sizeof *d->force);
  for (size_t k = 0; k < d->nb->nall && status == MTP_OK; k++)
    for (size_t c = 0; c < 3; c++) d->force[3 * (size_t)d->nb->owner[k] + c] += d->all_force[3 * k + c];
  d->virial = out.virial[0] + out.virial[1] + out.virial[2];
  if (status == MTP_OK) status = add_baseline(ctx, d);
  if (status == MTP_OK && graded) return take_grade(ctx, d, &out);
  d->grade = 0.0;
  d->atom = -1;
  notice_infinite(d);
  return status;
}

mtp_status mtp_dynamics_evaluate(mtp_context *ctx, mtp_dynamics *d) {
  return evaluate(ctx, d, true);
}

static void kick(mtp_dynamics *d, double time) {
  for (size_t i = 0; i < d->cfg->n; i++)
    for (size_t c = 0; c < 3; c++) d->v[3 * i + c] += time * d->force[3 * i + c] / (d->mass[i] * MTP_DALTON);
}

static void drift(mtp_dynamics *d, double time) {
  for (size_t k = 0; k < 3 * d->cfg->n; k++) d->cfg->x[k] += time * d->v[k];
}

static void thermalise(mtp_dynamics *d) {
  const double keep = exp(-d->bath.timestep / d->bath.relaxation), draw = sqrt(1.0 - keep * keep);
  for (size_t i = 0; i < d->cfg->n; i++) {
    const double width = draw * thermal_velocity(d, i);
    for (size_t c = 0; c < 3; c++) d->v[3 * i + c] = keep * d->v[3 * i + c] + width * mtp_random_normal(&d->random);
  }
}

/* By how much the logarithm of the volume changes in this time. */
static double volume_change(mtp_dynamics *d, double time) {
  const double V = mtp_config_volume(d->cfg), kT = MTP_KELVIN * d->bath.temperature;
  const double kinetic = (double)d->cfg->n * MTP_KELVIN * mtp_dynamics_temperature(d); /* two thirds of the energy */
  const double pressure = (kinetic + d->virial / 3.0) / V, rate = COMPRESSIBILITY / BAROSTAT * time;
  const double change =
      rate * (pressure + kT / V - d->bath.pressure) + sqrt(2.0 * kT / V * rate) * mtp_random_normal(&d->random);
  return fmin(fmax(change, log(d->volume / MOST_VOLUME / V)), log(d->volume * MOST_VOLUME / V));
}

static mtp_status rescale(mtp_context *ctx, mtp_dynamics *d) {
  const double factor = exp(volume_change(d, RESCALE_EVERY * d->bath.timestep) / 3.0);
  for (int k = 0; k < 9; k++) d->cfg->cell[k] *= factor;
  for (size_t k = 0; k < 3 * d->cfg->n; k++) d->cfg->x[k] *= factor, d->v[k] /= factor;
  mtp_neighbors_free(d->nb); /* its images are those of the other cell */
  d->nb = NULL;
  return evaluate(ctx, d, false); /* the step that follows is looked at: a grade here would be one for nothing */
}

mtp_status mtp_dynamics_step(mtp_context *ctx, mtp_dynamics *d, bool graded) {
  const double half = 0.5 * d->bath.timestep;
  if (d->bath.moves_cell && d->steps++ % RESCALE_EVERY == RESCALE_EVERY - 1) {
    const mtp_status scaled = rescale(ctx, d);
    if (scaled != MTP_OK) return scaled;
  }
  kick(d, half);
  drift(d, half);
  thermalise(d);
  drift(d, half);
  const mtp_status status = evaluate(ctx, d, graded);
  if (status == MTP_OK) kick(d, half);
  return status;
}

double mtp_dynamics_grade(const mtp_dynamics *d, int *atom) {
  *atom = d->atom;
  return d->grade;
}

double mtp_dynamics_temperature(const mtp_dynamics *d) {
  double sum = 0;
  for (size_t i = 0; i < d->cfg->n; i++)
    for (size_t c = 0; c < 3; c++) sum += d->mass[i] * d->v[3 * i + c] * d->v[3 * i + c];
  return sum * MTP_DALTON / (3.0 * (double)d->cfg->n * MTP_KELVIN);
}

const mtp_config *mtp_dynamics_config(const mtp_dynamics *d) {
  return d->cfg;
}
