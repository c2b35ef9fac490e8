/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/normal_equations.h
 * The linear coefficients alone (species constants and moment coefficients), solved exactly for given radial functions
 * from normal equations of the objective (weights.h). They are kept incrementally: configurations may be added at any
 * time.
 */
#ifndef MTP_NORMAL_EQUATIONS_H
#define MTP_NORMAL_EQUATIONS_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"
#include "mtp/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_normal mtp_normal;

/** Empty normal equations for the linear coefficients of `pot` (its radial functions are copied). */
MTP_API mtp_status mtp_normal_new(mtp_context *ctx, const mtp_potential *pot, mtp_weights weights, mtp_normal **out);
MTP_API void mtp_normal_free(mtp_normal *nq);
/** Adds the equations of a labelled configuration. */
MTP_API mtp_status mtp_normal_add(mtp_context *ctx, mtp_normal *nq, const mtp_config *cfg);
/** Adds configs[n] one after the other, prepared in `threads` threads (at least 1) at a time; the sums are those of
 * mtp_normal_add in every bit. After a failure some of them may have been added. */
MTP_API mtp_status mtp_normal_add_all(mtp_context *ctx, mtp_normal *nq, size_t n, const mtp_config *const *configs,
                                      int threads);
/** Number of configurations added. */
MTP_API size_t mtp_normal_configs(const mtp_normal *nq);
/** Number of unknowns C + S; the symmetric matrix [m*m] (both triangles) and right-hand side [m] (sums, not divided by
 * M; squeezed configurations are kept apart). */
MTP_API size_t mtp_normal_size(const mtp_normal *nq);
MTP_API const double *mtp_normal_matrix(const mtp_normal *nq);
MTP_API const double *mtp_normal_rhs(const mtp_normal *nq);
/** Solves for the linear coefficients x[C+S] (species constants first). The matrix is scaled to unit diagonal and gets
 * the relative ridge `ridge` (1e-11 is sound, 0 lets this function choose); redundant or undetermined coefficients get
 * the smallest scaled solution. Squeezed configurations weigh less than they say where they would cost more than a
 * quarter of the errors on all others. */
MTP_API mtp_status mtp_normal_solve(mtp_context *ctx, const mtp_normal *nq, double ridge, double *x);
/** Objective L at linear coefficients x[C+S] (exact quadratic form); NaN without equations or coefficients. */
MTP_API double mtp_normal_loss(const mtp_normal *nq, const double *x);

/** Sums of squared errors, none of them weighted; squeezed configurations do not count. */
typedef struct mtp_normal_residual {
  double energy, energies;  /**< of energies per atom, (eV/atom)^2; configurations */
  double force, components; /**< of force components, (eV/A)^2; how many, those of masked atoms left out */
  double force_squares;     /**< sum of the squares of these components themselves, (eV/A)^2 */
} mtp_normal_residual;
/** Errors at linear coefficients x[C+S] on all that was added, without evaluating any of it again. */
MTP_API mtp_status mtp_normal_errors(mtp_context *ctx, const mtp_normal *nq, const double *x, mtp_normal_residual *out);
/** Solves and puts the solution into `pot` (the same radial functions). */
MTP_API mtp_status mtp_normal_fit(mtp_context *ctx, const mtp_normal *nq, double ridge, mtp_potential *pot);

#ifdef __cplusplus
}
#endif
#endif
