/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/posterior.h
 * How sure a fit is of its linear coefficients, and so of the forces it predicts: Bayesian linear regression at given
 * radial functions. Energies, forces and virials have a noise each and the coefficients a prior, found from the
 * evidence (MacKay, Neural Comput. 4, 415 (1992)). With b the derivative of a prediction by the m = C + S linear
 * coefficients (species constants first) its variance is |F b|^2, F F^T being a factor of the covariance.
 *
 * What is left of a fit however much it is told, and what it was not told (the variance), add up to the error to
 * expect: sqrt(spread typical^2 + scale^2 variance). `typical` is what residuals are typically: two in three are below
 * it, where a few large ones make their RMS, the noise, larger. Residuals grow with the force on an atom, and the
 * spread says how: it is one half where there is none, and one where the force is that of the training set. A model
 * that is not the truth is too sure of what it was not told; the scale mends that, from errors on labels before they
 * were learned.
 */
#ifndef MTP_POSTERIOR_H
#define MTP_POSTERIOR_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/evaluator.h"
#include "mtp/normal_equations.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_posterior mtp_posterior;

/** What is known of the error of the force on an atom. */
typedef struct mtp_doubt {
  double variance[3]; /**< of its components, (eV/A)^2, not scaled */
  double spread;      /**< see above */
} mtp_doubt;

/** Standard deviations of what a fit does not describe. */
typedef struct mtp_noise {
  double energy; /**< eV/atom */
  double force;  /**< eV/A, of a component */
  double virial; /**< eV/atom, of a component of the virial over the number of atoms */
} mtp_noise;

/** Of the coefficients of `pot`, fitted to `normal` (the same radial functions). The scale is 1. Configurations count
 * as they are, without weights; squeezed ones do not. MTP_ERR_STATE without forces to fit to. */
MTP_API mtp_status mtp_posterior_new(mtp_context *ctx, const mtp_normal *normal, const mtp_potential *pot,
                                     mtp_posterior **out);
/** The same of a potential that was fitted to a training set, with a scale from `valid`, configurations that it was not
 * fitted to, or (NULL or without labels) from every fifth of the training set, predicted by the coefficients that the
 * others give. In `threads` threads. */
MTP_API mtp_status mtp_posterior_train(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                       const mtp_config_set *valid, int threads, mtp_posterior **out);
MTP_API void mtp_posterior_free(mtp_posterior *posterior);

/** The posterior that a potential carries (potential_tag, a word that other programs ignore), NULL without one that
 * belongs to its parameters. It may be used when `pot` has gone. */
MTP_API mtp_status mtp_posterior_of(mtp_context *ctx, const mtp_potential *pot, mtp_posterior **out);
/** Puts it into `pot`, whose parameters must be those that it is of, so that it is written with it; NULL takes one out.
 */
MTP_API mtp_status mtp_posterior_stamp(mtp_context *ctx, const mtp_posterior *posterior, mtp_potential *pot);

MTP_API size_t mtp_posterior_size(const mtp_posterior *posterior);          /**< m */
MTP_API const double *mtp_posterior_factor(const mtp_posterior *posterior); /**< F[m*m], lower triangle */
MTP_API mtp_noise mtp_posterior_noise(const mtp_posterior *posterior);
MTP_API double mtp_posterior_typical(const mtp_posterior *posterior); /**< eV/A; in the beginning the noise of forces */
MTP_API mtp_status mtp_posterior_set_typical(mtp_context *ctx, mtp_posterior *posterior, double typical);
MTP_API double mtp_posterior_scale(const mtp_posterior *posterior);
MTP_API mtp_status mtp_posterior_set_scale(mtp_context *ctx, mtp_posterior *posterior, double scale);

/** doubt[n] of the atoms of a configuration. */
MTP_API mtp_status mtp_posterior_forces(mtp_context *ctx, const mtp_posterior *posterior, const mtp_config *cfg,
                                        mtp_doubt *doubt);
/** The error to expect of the force on an atom, RMS of a component, eV/A. */
MTP_API double mtp_posterior_error(const mtp_posterior *posterior, const mtp_doubt *doubt);
/** The part of it that more labels can take away: scale times the RMS of the three standard deviations, eV/A. */
MTP_API double mtp_posterior_reducible(const mtp_posterior *posterior, const mtp_doubt *doubt);
/** What a query by errors goes by: that part over `limit` eV/A, or over half of the noise of forces if that is more;
 * with a limit of 0 the standard deviation as it is, not scaled, over the noise: it is at most 1 wherever labels are.
 */
MTP_API double mtp_posterior_grade(const mtp_posterior *posterior, const mtp_doubt *doubt, double limit);

/** error[n] to expect of the forces on the atoms of a configuration, eV/A. Of many, by threads and ranks:
 * mtp_team_errors. */
MTP_API mtp_status mtp_posterior_errors(mtp_context *ctx, const mtp_posterior *posterior, const mtp_config *cfg,
                                        double *error);

/** The scale by which the mean square of the errors error[3*n] of the forces on n atoms is what was to be expected,
 * between 0.3 and 30; NaN if they say nothing of it, because the noise explains them and there is little else. */
MTP_API double mtp_posterior_calibrate(const mtp_posterior *posterior, size_t n, const double *error,
                                       const mtp_doubt *doubt);
/** The typical residual by which two in three (0.6827) of them are within what is to be expected, and 0.94 within twice
 * that, at the present scale. */
MTP_API double mtp_posterior_find_typical(const mtp_posterior *posterior, size_t n, const double *error,
                                          const mtp_doubt *doubt);

/** For atoms as an MD engine holds them, whose ghosts lack neighbours: adds to rows[3*nrows*m] what the central atoms
 * bring to the derivatives of the forces by the coefficients. row[nall]: number (below nrows) of the row of an atom, -1
 * where it is not wanted. Summed over all ranks and images these are the rows of mtp_posterior_doubts. */
MTP_API mtp_status mtp_posterior_rows(mtp_context *ctx, const mtp_posterior *posterior, const mtp_atoms *atoms,
                                      const int *row, size_t nrows, double *rows);
/** doubt[n] of n atoms from their rows, rows[3*n*m]. */
MTP_API mtp_status mtp_posterior_doubts(mtp_context *ctx, const mtp_posterior *posterior, size_t n, const double *rows,
                                        mtp_doubt *doubt);

/** Errors of the forces of `pot` on a labelled configuration, and what was to be expected. */
typedef struct mtp_force_test {
  size_t n;                      /**< atoms that are not masked */
  double *error;                 /**< [3*n] eV/A */
  mtp_doubt *doubt;              /**< [n] */
  double largest, largest_error; /**< RMS error of a component of the worst atom: expected, and true; eV/A */
} mtp_force_test;
/** `pot` is that of the posterior. To be cleared also after a failure. */
MTP_API mtp_status mtp_force_test_run(mtp_context *ctx, const mtp_posterior *posterior, const mtp_potential *pot,
                                      const mtp_config *label, mtp_force_test *out);
MTP_API void mtp_force_test_clear(mtp_force_test *test);

/** Lets an evaluator compute mtp_output.site_variance; it gets a copy of the factor. */
MTP_API mtp_status mtp_evaluator_set_posterior(mtp_context *ctx, mtp_evaluator *ev, const mtp_posterior *posterior);

#ifdef __cplusplus
}
#endif
#endif
