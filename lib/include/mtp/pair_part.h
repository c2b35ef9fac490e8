/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/pair_part.h
 * A pair potential that is learned together with an MTP: between atoms of species s and t, sum_k A_k(s,t)/r^k with
 * powers k from 4 to 15. Its coefficients are found by linear regression, in turns with the fit of the MTP to what it
 * leaves; in the end the MTP stands on it as on any baseline (baseline.h). It takes the long range and the steep part,
 * which an MTP of a short cutoff lacks. Powers below 4 have no sum over a lattice (charges are for LAMMPS to sum).
 *
 * With a cutoff the functions go smoothly to zero, as a table in LAMMPS has them; any cell will do. Without one they
 * are summed over the whole lattice (Ewald sums for every power), of cells that are periodic in all directions or in
 * none. Well below the shortest distance of a pair of species in the data it goes on as a parabola that rises.
 */
#ifndef MTP_PAIR_PART_H
#define MTP_PAIR_PART_H

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"
#include "mtp/trainer.h"
#include "mtp/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_pair_part mtp_pair_part;

typedef struct mtp_pair_part_options {
  int first_power, last_power; /**< within 4..15 */
  double cutoff;               /**< A; 0: none, sums over the lattice */
  mtp_weights weights;         /**< of the regression */
} mtp_pair_part_options;

/** All powers, a cutoff of 10 A, the weights of training. */
MTP_API mtp_pair_part_options mtp_pair_part_defaults(void);

/** One that is zero; `options` may be NULL. */
MTP_API mtp_status mtp_pair_part_new(mtp_context *ctx, int species_count, const mtp_pair_part_options *options,
                                     mtp_pair_part **out);
MTP_API void mtp_pair_part_free(mtp_pair_part *part);

/** Fits all coefficients to the labels of `set`, with a constant for each species. Combinations that the data hardly
 * tell apart get the smallest coefficients. With a `pot` (NULL: none; it stays as it is) its linear coefficients are
 * unknowns, too (up to 1000; else it is fitted to what `pot` leaves of the labels), and the smallest changes are made
 * that this asks for. Squeezed configurations are left out. After a failure `part` is unchanged. */
MTP_API mtp_status mtp_pair_part_fit(mtp_context *ctx, mtp_pair_part *part, const mtp_potential *pot,
                                     const mtp_config_set *set);

typedef struct mtp_pair_part_report {
  int rounds;   /**< how often both were fitted */
  double alone; /**< loss (weights.h) of the pair part and constants alone */
  double loss;  /**< of both together in the end */
} mtp_pair_part_report;

/** Fits the pair part and `pot` in turns until the loss changes by less than 0.5 % or 20 rounds are over: `pot` by
 * `train` (its files and its stop as in mtp_train) in the first round, by its linear coefficients after that.
 * MTP_ERR_STATE if labels are relative to a baseline. `report` may be NULL. After a failure both may have changed. */
MTP_API mtp_status mtp_pair_part_learn(mtp_context *ctx, mtp_pair_part *part, const mtp_train_options *train,
                                       mtp_potential *pot, const mtp_config_set *set, mtp_pair_part_report *report);

/** A_k of two species, eV A^k; NaN for what there is not. */
MTP_API double mtp_pair_part_coefficient(const mtp_pair_part *part, int s, int t, int k);
/** Energy (eV) that the fit had for an atom beside the pairs; in no result of the functions below. NaN for what there
 * is not. */
MTP_API double mtp_pair_part_constant(const mtp_pair_part *part, int s);
/** Energy (eV) of two atoms at distance r, and the force between them (eV/A, positive if they repel each other; may be
 * NULL). NaN for what there is not. */
MTP_API double mtp_pair_part_pair_energy(const mtp_pair_part *part, int s, int t, double r, double *force);
/** Puts energy, forces and virial into `cfg`. */
MTP_API mtp_status mtp_pair_part_compute(mtp_context *ctx, const mtp_pair_part *part, mtp_config *cfg);

/** Writes LAMMPS commands (`pair_style hybrid/overlay table ...`) to `path` and the tables that they name to
 * `path`.table; names[species_count]. `cutoff` (A): where a pair part without one is cut off, smoothly; else 0. */
MTP_API mtp_status mtp_pair_part_write(mtp_context *ctx, const mtp_pair_part *part, const char *const *names,
                                       double cutoff, const char *path);

#ifdef __cplusplus
}
#endif
#endif
