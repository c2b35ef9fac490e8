/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/trainer.h
 * Fitting. The linear coefficients (species constants and moment coefficients) are solved exactly for given radial
 * functions from normal equations that are kept incrementally: configurations may be added at any time. The objective
 * is
 *
 * - L = 1/M sum_cfg [ e (E-E0)^2 + f sum |F-F0|^2 + s ||W-W0||_F^2 ]
 *
 * with
 *
 * - "vibrations" (the default): e = wE/N, f = wF, s = wS/N
 * - "molecules": e = wE, f = wF, s = wS
 * - "structures": e = wE/N^2, f = wF/N, s = wS/N^2
 *
 * Quantities that a configuration lacks are left out. Source: Novikov et al. 2021.
 */
#ifndef MTP_TRAINER_H
#define MTP_TRAINER_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_weighting { MTP_WEIGHT_VIBRATIONS, MTP_WEIGHT_MOLECULES, MTP_WEIGHT_STRUCTURES } mtp_weighting;

typedef struct mtp_weights {
  double energy, force, stress; /**< wE, wF, wS */
  mtp_weighting weighting;
} mtp_weights;

/** 3, 0.01, 2e-4, vibrations: the weights that served all systems tried. */
MTP_API mtp_weights mtp_weights_default(void);
/** 1, 0.01, 0.001, vibrations: the defaults of MLIP. */
MTP_API mtp_weights mtp_weights_mlip(void);

typedef struct mtp_normal mtp_normal;

/** Empty normal equations for the linear coefficients of `pot` (its radial functions are copied). */
MTP_API mtp_status mtp_normal_new(mtp_context *ctx, const mtp_potential *pot, mtp_weights weights, mtp_normal **out);
MTP_API void mtp_normal_free(mtp_normal *nq);
/** Adds the equations of a labelled configuration. */
MTP_API mtp_status mtp_normal_add(mtp_context *ctx, mtp_normal *nq, const mtp_config *cfg);
/** Number of configurations added. */
MTP_API size_t mtp_normal_configs(const mtp_normal *nq);
/** Number of unknowns C + S; the symmetric matrix [m*m] (both triangles) and right-hand side [m] (sums, not divided by
 * M). */
MTP_API size_t mtp_normal_size(const mtp_normal *nq);
MTP_API const double *mtp_normal_matrix(const mtp_normal *nq);
MTP_API const double *mtp_normal_rhs(const mtp_normal *nq);
/** Solves for the linear coefficients x[C+S] (species constants first). The matrix is scaled to unit diagonal and gets
 * the relative ridge `ridge` (1e-11 is sound, 0 lets this function choose); redundant or undetermined coefficients get
 * the smallest scaled solution. */
MTP_API mtp_status mtp_normal_solve(mtp_context *ctx, const mtp_normal *nq, double ridge, double *x);
/** Objective L at linear coefficients x[C+S] (exact quadratic form). */
MTP_API double mtp_normal_loss(const mtp_normal *nq, const double *x);
/** Solves and puts the solution into `pot` (the same radial functions). */
MTP_API mtp_status mtp_normal_fit(mtp_context *ctx, const mtp_normal *nq, double ridge, mtp_potential *pot);

/** Differences of a potential from labels. */
typedef struct mtp_error_stat {
  double mae, rmse, max;
  size_t count;
} mtp_error_stat;
typedef struct mtp_errors {
  size_t configurations, atoms;
  mtp_error_stat energy_per_atom; /**< eV/atom, over configurations with energy */
  mtp_error_stat force;           /**< eV/A, over components */
  mtp_error_stat stress;          /**< GPa, over the 9 components of configurations with virial and a cell */
} mtp_errors;

/** Errors of `pot` on a set whose species are the potential's. */
MTP_API mtp_status mtp_errors_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                      mtp_errors *out);

#ifdef __cplusplus
}
#endif
#endif
