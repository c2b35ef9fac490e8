/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/trainer.h
 * Training: mtp_train finds all parameters of a potential by the objective of weights.h. The linear coefficients alone
 * are solved for by normal_equations.h.
 */
#ifndef MTP_TRAINER_H
#define MTP_TRAINER_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/baseline.h"
#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/errors.h"
#include "mtp/potential.h"
#include "mtp/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

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
  double bending; /**< part of the loss that a bend of the radial functions below the closest pairs of the data costs
                       which is as strong as that of a bond; 0: nothing; 0.05 */
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
  int threads;            /**< of each process; 1 */
  const mtp_comm *comm;   /**< NULL: this process alone. The other ranks must be in mtp_trainer_help */
  double memory;          /**< bytes for neighbourhoods on each rank; what does not fit is made again in each pass; 2e9.
                               Rank 0 has neighbour lists beside them, 2.5e8 at most */
  const char *checkpoint; /**< file for what is needed to go on after a kill, or NULL. Removed at the end */
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
/** The same for a potential on top of a baseline (NULL: none), of which the labels of `set` are relative: it is the
 * energy of both together that may fall. */
MTP_API mtp_status mtp_train_wall_on(mtp_context *ctx, const mtp_weights *weights, mtp_potential *pot,
                                     const mtp_config_set *set, const mtp_baseline *baseline, mtp_wall_report *report);

/** Ranks > 0: works for rank 0 until it calls mtp_trainer_end_help. */
MTP_API mtp_status mtp_trainer_help(mtp_context *ctx, const mtp_comm *comm);
/** Rank 0: lets the others return from mtp_trainer_help. */
MTP_API void mtp_trainer_end_help(const mtp_comm *comm);

#ifdef __cplusplus
}
#endif
#endif
