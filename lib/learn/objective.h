/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/objective.h
 * The objective of training (mtp/weights.h) on a set of configurations, its gradient by all parameters, a sketch of its
 * Gauss-Newton matrix and the equations of its linear coefficients, for one potential after the other. Rank 0 owns it
 * and gives orders; the other ranks help (mtp_objective_help).
 *
 * L(theta) = 1/M sum over the configurations of the asked parts + penalty.
 */
#ifndef MTP_OBJECTIVE_H
#define MTP_OBJECTIVE_H

#include "learn/shards.h"
#include "mtp/weights.h"

/** Sums over configurations. */
typedef struct mtp_fit_stats {
  double loss; /**< weighted, not divided by the number of configurations, without penalty */
  double configs;
  double energy, energy_abs, energies; /**< (eV/atom)^2, eV/atom */
  double force, force_abs, forces;     /**< (eV/A)^2, eV/A; components */
  double stress, stress_abs, stresses; /**< GPa^2, GPa; components */
  double log_loss, log_losses;         /**< of the logarithms of the losses of configurations; configurations */
} mtp_fit_stats;

typedef struct mtp_objective_options {
  mtp_weights weights;
  double scale_by_force; /**< phi of the force weights, 0: none */
  double penalty;        /**< p of the penalty on radial functions that are not orthonormal, 0: none */
  double memory;         /**< bytes for neighbourhoods on each rank */
} mtp_objective_options;

typedef struct mtp_objective mtp_objective;

/** The samples are held, and have the species of `pot`. The other ranks must be in mtp_objective_help. */
mtp_status mtp_objective_new(mtp_context *ctx, const mtp_objective_options *options, const mtp_workers *workers,
                             size_t n, mtp_sample *const *samples, const mtp_part *part, const mtp_potential *pot,
                             mtp_objective **out);
/** Also lets the other ranks drop theirs. */
void mtp_objective_free(mtp_objective *o);

/** Another potential with the same species and cutoff. */
mtp_status mtp_objective_set_potential(mtp_context *ctx, mtp_objective *o, const mtp_potential *pot);
/** Adds sum_f c_f^T Q_f c_f to L, over all radial functions c_f[R] in the order of the parameters; forms[C*C*K][R*R]
 * are the symmetric Q_f, borrowed until this is called again (NULL: nothing is added) or another potential comes. */
void mtp_objective_set_forms(mtp_objective *o, const double *forms);
const mtp_potential *mtp_objective_potential(const mtp_objective *o);
size_t mtp_objective_configs(const mtp_objective *o, unsigned parts);

/** At theta[n]: sums over each of the `parts` (others zero), and if `gradient` is given that of L over the parts
 * `trained`. */
mtp_status mtp_objective_pass(mtp_context *ctx, mtp_objective *o, const double *theta, unsigned parts, unsigned trained,
                              mtp_fit_stats stats[MTP_PARTS], double *gradient);
/** L over `trained` from what a pass gave. */
double mtp_objective_loss(const mtp_objective *o, const double *theta, const mtp_fit_stats stats[MTP_PARTS],
                          unsigned trained);

/** An estimate from at least `rows` random combinations of residuals of the Gauss-Newton matrix of L over `trained`,
 * without forms: gn[n*n], the lower triangle, or with `full` false its diagonal gn[n]. */
mtp_status mtp_objective_sketch(mtp_context *ctx, mtp_objective *o, const double *theta, unsigned trained, size_t rows,
                                unsigned long long seed, bool full, double *gn);

/** Adds what the forms have in that matrix. */
void mtp_objective_add_forms(const mtp_objective *o, bool full, double *gn);

/** Exact linear coefficients for the radial functions of theta, put into theta. */
mtp_status mtp_objective_solve(mtp_context *ctx, mtp_objective *o, unsigned trained, double ridge, double *theta);

/** Ranks > 0: obeys orders until rank 0 lets them go. */
mtp_status mtp_objective_help(mtp_context *ctx, const mtp_workers *workers);
/** Rank 0: lets the others go. */
void mtp_objective_end_help(const mtp_workers *workers);

#endif
