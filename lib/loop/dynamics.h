/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/dynamics.h
 * Langevin dynamics of one configuration with a potential that is graded on the way: positions and velocities by the
 * BAOAB splitting (Leimkuhler and Matthews 2013), which samples positions of the canonical ensemble well also with long
 * steps. The cell stays as it is, or its volume follows a pressure by stochastic rescaling (Bernetti and Bussi 2020),
 * which samples the isothermal-isobaric ensemble of cells of one shape. */
#ifndef MTP_DYNAMICS_H
#define MTP_DYNAMICS_H

#include "mtp/active_set.h"
#include "mtp/baseline.h"
#include "mtp/config.h"
#include "mtp/posterior.h"
#include "mtp/potential.h"

typedef struct mtp_dynamics mtp_dynamics;

typedef struct mtp_bath {
  double temperature; /* K */
  double timestep;    /* ps */
  double relaxation;  /* ps, of velocities */
  bool moves_cell;    /* where the cell is periodic in all directions */
  double pressure;    /* eV/A^3 */
  double volume;      /* A^3, from which it does not go far; 0: that of the cell in the beginning */
} mtp_bath;

/** Atoms of `cfg` (copied) with velocities of the bath's temperature; `masses` in g/mol, one a species. */
mtp_status mtp_dynamics_new(mtp_context *ctx, const mtp_config *cfg, const double *masses, const mtp_bath *bath,
                            unsigned long long seed, mtp_dynamics **out);
void mtp_dynamics_free(mtp_dynamics *d);

/** The potential from now on, with the set to grade by; both are borrowed until others are given. */
mtp_status mtp_dynamics_set_potential(mtp_context *ctx, mtp_dynamics *d, const mtp_potential *pot,
                                      const mtp_active_set *as);
/** Grades by errors to expect from the next evaluation on, with `limit` eV/A allowed (mtp_posterior_grade); `posterior`
 * is that of the potential, borrowed until the next one is set. NULL: by the active set. */
mtp_status mtp_dynamics_set_posterior(mtp_context *ctx, mtp_dynamics *d, const mtp_posterior *posterior, double limit);
/** What acts beside it from now on (NULL: nothing), borrowed. */
void mtp_dynamics_set_baseline(mtp_dynamics *d, const mtp_baseline *baseline);
/** Forces and grade where the atoms are. */
mtp_status mtp_dynamics_evaluate(mtp_context *ctx, mtp_dynamics *d);
/** One step, then mtp_dynamics_evaluate, or without `graded` forces alone, made in mixed precision: the grade is 0
 * then, infinite if anything is not finite. */
mtp_status mtp_dynamics_step(mtp_context *ctx, mtp_dynamics *d, bool graded);

/** Largest grade of the last evaluation, infinite if anything was not finite, and its atom (-1 in configuration mode).
 */
double mtp_dynamics_grade(const mtp_dynamics *d, int *atom);
/** Of the velocities, K. */
double mtp_dynamics_temperature(const mtp_dynamics *d);
/** The atoms where they are, without results; belongs to `d`. */
const mtp_config *mtp_dynamics_config(const mtp_dynamics *d);

#endif
