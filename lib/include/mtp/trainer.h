/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/trainer.h
 * Fitting. mtp_train finds all parameters. The linear coefficients alone (species constants and moment coefficients)
 * are solved exactly for given radial functions from normal equations that are kept incrementally: configurations may
 * be added at any time. The objective is
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

#include <stdbool.h>
#include <stddef.h>

#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/errors.h"
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

/** Root mean squares of the deviations from labels; NaN where there is nothing to compare with. */
typedef struct mtp_train_rmse {
  double energy; /**< eV/atom */
  double force;  /**< eV/A, over components */
  double stress; /**< GPa, over the 9 components */
} mtp_train_rmse;

/** How far training is. */
typedef struct mtp_train_progress {
  int level;            /**< of the potential in hand: lower levels come first */
  const char *stage;    /**< "start", "level", "radial", "final" */
  long iteration;       /**< of this stage */
  long max_iterations;  /**< of this stage */
  double seconds;       /**< since the beginning */
  double stage_seconds; /**< since the beginning of this stage */
  double seconds_left;  /**< at most, if known; else NaN */
  double loss;
  mtp_train_rmse training, held_out, validation;
  double validation_loss; /**< of the validation set, or of what is held out; NaN without */
} mtp_train_progress;

/** For mtp_train_options.max_iterations: the parameters stay as they are. */
#define MTP_NO_ITERATIONS (-1)

typedef struct mtp_train_options {
  mtp_weights weights;
  double scale_by_force; /**< phi > 0: f is multiplied by phi/(|F0|^2 + phi) (not in the linear solves); 0 */
  double penalty; /**< p of p [sum_mu (|c_mu|^2 - 1)^2 + sum_{mu<nu} (c_mu.c_nu)^2], c_mu over pairs of species; 0 */
  double ridge;   /**< of the linear solves, see mtp_normal_solve; 0 */
  bool linear;    /**< the radial functions stay as they are */
  bool fresh;     /**< begin anew with a trained potential; else training goes on from its parameters */
  bool update_min_dist; /**< first set min_dist to 0.99 of the smallest distance in the set, in any case */
  int starts;           /**< radial functions to begin with, which climb side by side while they are close; 3 */
  double held_out;     /**< part of the training set that chooses between starts and sizes and is trained on in the end;
                            0.1 */
  double components;   /**< force components for each parameter that are enough on the way up; 0: all there are; 240 */
  bool economical;     /**< configurations beyond them are left out for good: fit the linear coefficients afterwards */
  long max_iterations; /**< at the level of the potential; 0 chooses, MTP_NO_ITERATIONS: nothing is changed */
  double max_seconds;  /**< 0: no limit */
  double tolerance;    /**< ends when 30 iterations gain less than this part of the loss; 0 chooses */
  long patience;       /**< ends when the validation loss was lowest so many iterations ago, and takes that; 0: never */
  unsigned long long seed;
  int threads;          /**< of each process; 1 */
  const mtp_comm *comm; /**< NULL: this process alone. The other ranks must be in mtp_trainer_serve */
  double memory;        /**< bytes for neighbourhoods on each rank; what does not fit is made again in each pass; 2e9 */
  const char *checkpoint;    /**< file for what is needed to go on after a kill, or NULL. Removed at the end */
  double checkpoint_seconds; /**< between writing it; 60 */
  /** Called at each iteration; false ends training with the best parameters so far. May be NULL. */
  bool (*watch)(void *user, const mtp_train_progress *progress);
  void *user;
} mtp_train_options;

/** The defaults above. */
MTP_API mtp_train_options mtp_train_defaults(void);

typedef struct mtp_train_result {
  double loss;             /**< L on the training set */
  long iterations, passes; /**< of all stages */
  double seconds;
  bool stopped; /**< by watch or a limit of time */
  /** Loss of a typical configuration (geometric mean) of what was held out, by fits to the rest: of the last choice;
   * NaN where there was none. */
  double held_out;
  double held_out_before; /**< the same of a trained `pot` as it came, its linear coefficients fitted to the rest */
} mtp_train_result;

/** Fits `pot` to the labelled configurations of `set` (species as in the potential; those without labels are left out)
 * and puts the parameters into it. `valid` (may be NULL) is watched, not trained on. Results do not depend on the
 * number of ranks and threads. After a failure `pot` is unchanged. */
MTP_API mtp_status mtp_train(mtp_context *ctx, const mtp_train_options *options, mtp_potential *pot,
                             const mtp_config_set *set, const mtp_config_set *valid, mtp_train_result *result);

/** What became of a fit whose energy falls where atoms come closer than in its data. */
typedef enum mtp_wall {
  MTP_WALL_NONE,   /**< it does not fall */
  MTP_WALL_WEIGHT, /**< squeezed configurations have more weight */
  MTP_WALL_REPULS, /**< the radial basis is RBChebyshev_repuls: a wall below the shortest distance, nothing above
                      changes */
  MTP_WALL_FAILED  /**< it still falls */
} mtp_wall;

typedef struct mtp_wall_report {
  mtp_wall wall;
  int a, b;               /**< species of the pair for which it fell most; -1: for none */
  double known, r, depth; /**< shortest distance of such a pair in the data, where it fell, A, and by how much, eV */
} mtp_wall_report;

/** Pushes the closest pairs of a training set together, down to half their distance or until the energy is 10 eV above,
 * and mends a potential whose energy falls there: first by the weight of squeezed configurations in the linear
 * coefficients, if there are any, then by a wall. */
MTP_API mtp_status mtp_train_wall(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot,
                                  const mtp_config_set *set, mtp_wall_report *report);

/** Processor time in microseconds an atom, medians of repeated calls. */
typedef struct mtp_train_cost {
  double evaluation; /**< energies, forces and virials by an evaluator, neighbour lists given */
  double forces;     /**< the first pass of training: energies, forces, virials, from kept neighbourhoods */
  double gradient;   /**< loss and gradient by all parameters */
  double sketch;     /**< one random combination of the residuals of a configuration, for the Gauss-Newton matrix */
  double solve;      /**< exact linear coefficients */
} mtp_train_cost;

/** What the parts of training cost with a trained potential and labelled configurations, `seconds` each. */
MTP_API mtp_status mtp_train_measure(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                     double seconds, mtp_train_cost *out);

/** Ranks > 0: works for rank 0 until it calls mtp_trainer_release. */
MTP_API mtp_status mtp_trainer_serve(mtp_context *ctx, const mtp_comm *comm);
/** Rank 0: lets the others return from mtp_trainer_serve. */
MTP_API void mtp_trainer_release(const mtp_comm *comm);

#ifdef __cplusplus
}
#endif
#endif
