/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/select.h
 * Which of many configurations (candidates, frames of trajectories) are worth labels. Candidates are seen block by
 * block, as often as needed, and never held all at once. What is selected does not depend on the number of threads and
 * ranks, and on the order of candidates only where they are equally good. Of candidates that are the same (cell,
 * species, positions to 1e-6 A) one counts; what is known already is not selected.
 *
 * Sources: maxvol and its three kinds of rows: Podryabinkin & Shapeev, Comput. Mater. Sci. 140, 171 (2017); range:
 * Botu & Ramprasad, Int. J. Quantum Chem. 115, 1074 (2015); uniform in a quantity: Finkbeiner, Tovey & Holm, Phys. Rev.
 * Lett. 132, 167301 (2024); bayes: MacKay, Neural Comput. 4, 590 (1992).
 */
#ifndef MTP_SELECT_H
#define MTP_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/active_set.h"
#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_select_method {
  MTP_SELECT_MAXVOL,      /**< owners of rows in the active set of what is known and all candidates */
  MTP_SELECT_RANGE,       /**< those that hold the extremes of a basis function beyond what is known */
  MTP_SELECT_ENERGY,      /**< as many from each bin of a histogram of the energy per atom; */
  MTP_SELECT_FORCE,       /**< of the moduli of the forces on atoms; */
  MTP_SELECT_SITE_ENERGY, /**< of the site energies */
  MTP_SELECT_RANDOM,
  MTP_SELECT_BAYES /**< each time the one with the least certain force on an atom, whose forces count as known then */
} mtp_select_method;
/** "maxvol", "range", "energy", "force", "site-energy", "random", "bayes". */
MTP_API const char *mtp_select_method_name(mtp_select_method method);

/** What rows of maxvol are. */
typedef enum mtp_select_mode {
  MTP_SELECT_BY_ENERGY, /**< one a configuration: of its energy, divided by the number of atoms (QS1) */
  MTP_SELECT_BY_FORCES, /**< of energy, force components and virial, as the default weights of fits weigh them (QS2);
                             by the linear coefficients */
  MTP_SELECT_BY_NEIGHBOURHOOD /**< one an atom (QS3) */
} mtp_select_mode;

/** The candidates, with the species of the potential. They have to be the same in each pass; MTP_ERR_IO if not. */
typedef struct mtp_candidates {
  void *user;
  mtp_status (*rewind)(mtp_context *ctx, void *user);
  /** The next block, valid until the next call; NULL behind the last one. */
  mtp_status (*next)(mtp_context *ctx, void *user, const mtp_config_set **block);
} mtp_candidates;

typedef struct mtp_select_options {
  mtp_select_method method;
  mtp_select_mode mode;
  mtp_rows rows; /**< parameters that rows are gradients by */
  size_t max;    /**< selected at most, 0: any number; required but for maxvol and range */
  bool fill; /**< maxvol: if fewer than `max` own rows, these are taken out, and the active set of the rest is next */
  double threshold; /**< the largest grade of maxvol has to be above it, or nothing is selected */
  double swap;      /**< growth of the volume that is worth a swap, at least 1 */
  unsigned long long seed;
  int threads;          /**< of each rank */
  const mtp_comm *comm; /**< ranks that make rows, too (this one is rank 0; the others are in mtp_team_help); NULL */
  double memory;        /**< bytes for rows, which are computed again in each pass if they are more */
  /** May be NULL. What is done, and which pass (from 0) this is; called after each block. */
  void (*progress)(void *user, size_t pass);
  void *user;
} mtp_select_options;

/** maxvol, neighbourhoods, linear rows, no limit, 1.1, 1.001, seed 12345, one thread, 1.2 GB. */
MTP_API mtp_select_options mtp_select_defaults(void);

typedef struct mtp_selection {
  size_t candidates, atoms; /**< that were seen */
  size_t repeated;          /**< of them the same as one before, */
  size_t known;             /**< or as one of what is known, */
  size_t unusable;          /**< or with atoms at the same place, or with ghosts */
  size_t count, *chosen;    /**< [count] numbers of candidates, from 0 in the order of the blocks, ascending */
  unsigned long long *key;  /**< [count] of their structures, see mtp_selection_is */
  bool has_grades; /**< maxvol, bayes: of candidates by what is known, before anything is selected; of bayes the
                      standard deviation of a force over the noise, by the posterior */
  double largest;  /**< the largest of them */
  size_t beyond;   /**< candidates with one above the threshold */
  bool by_labels;  /**< energy, force: all candidates have labels, which were taken; else predictions of pot */
} mtp_selection;

/** Selects. What is known: the labelled configurations `train` (species of `pot`; may be NULL), or without them with
 * maxvol the active set `start` (may be NULL) if it is one of such rows, and with bayes the posterior that `pot`
 * carries (MTP_ERR_STATE without both; of `train` it is made, see posterior.h). An untrained `pot` will do for lots,
 * labelled energies and forces, ranges, and maxvol of linear rows: these do not depend on its coefficients (else
 * MTP_ERR_STATE). `out` is freed by mtp_selection_free. */
MTP_API mtp_status mtp_select(mtp_context *ctx, const mtp_select_options *options, const mtp_potential *pot,
                              const mtp_active_set *start, const mtp_config_set *train,
                              const mtp_candidates *candidates, mtp_selection **out);
MTP_API void mtp_selection_free(mtp_selection *selection);
/** Whether `cfg` is chosen[k], to 1e-6 A: who reads the candidates once more to copy what was chosen may find their
 * files written anew. */
MTP_API bool mtp_selection_is(const mtp_selection *selection, size_t k, const mtp_config *cfg);

#ifdef __cplusplus
}
#endif
#endif
