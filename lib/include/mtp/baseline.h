/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/baseline.h
 * What a potential is learned on top of: a model of known energy (repulsion of nuclei, Coulomb forces of point charges,
 * dispersion) that stays beside it, so that it learns the difference of the reference and that. Labels of which a
 * baseline was subtracted say so by two features: `baseline`, the name of it, and `baseline_energy` (eV), which gives
 * the energy of the reference back. A potential that was trained on them has the word `baseline=NAME` in its
 * potential_tag, which other programs ignore. Neither works without, or with another one.
 */
#ifndef MTP_BASELINE_H
#define MTP_BASELINE_H

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Features of labels. */
#define MTP_BASELINE_KEY        "baseline"
#define MTP_BASELINE_ENERGY_KEY "baseline_energy"

/** Plain data of its maker, who keeps it as long as it is used. */
typedef struct mtp_baseline {
  /** One word that no other baseline has: letters and digits, such as a hash of its commands, and then what is known of
   * single species, as in b1f_Na+1_Cl-1. Names that differ in species that one of them lacks are of the same baseline:
   * a run without their atoms cannot know. At most 63 characters. */
  const char *name;
  /** Puts energy (eV), forces (eV/A) and, for a cell that is periodic in all directions, virial (eV) into `cfg`, whose
   * `force` is there. The same for the same configuration, whatever was asked before. Failure says why in `ctx`. */
  mtp_status (*compute)(void *user, mtp_context *ctx, mtp_config *cfg);
  void *user;
  const double *charge; /**< e, of an ion of each species that configurations have; NULL: unknown, or there are none */
  bool takes_charges;   /**< those of the atoms (mtp_config.charge), which configurations then have */
} mtp_baseline;

/** A copy of `cfg` with the results of the baseline in place of its own; owned by the caller. MTP_ERR_NUMERIC if they
 * are not finite. */
MTP_API mtp_status mtp_baseline_compute(mtp_context *ctx, const mtp_baseline *baseline, const mtp_config *cfg,
                                        mtp_config **out);
/** Subtracts it from what `label` has of energy, forces and virial, and sets the features. MTP_ERR_STATE if that was
 * done before. */
MTP_API mtp_status mtp_baseline_subtract(mtp_context *ctx, const mtp_baseline *baseline, mtp_config *label);
/** Subtracts it from those of a set that have a label and no baseline; then as mtp_baseline_check. */
MTP_API mtp_status mtp_baseline_subtract_set(mtp_context *ctx, const mtp_baseline *baseline, mtp_config_set *set);

/** MTP_ERR_STATE, with a line that says both, unless all labels of `set` are relative to the baseline of that name
 * (NULL: none). `path` names the set in the message. */
MTP_API mtp_status mtp_baseline_check(mtp_context *ctx, const char *name, const mtp_config_set *set, const char *path);
/** The name that the first label of a set has, or one that says more; NULL: none. Belongs to the set. */
MTP_API const char *mtp_baseline_of_set(const mtp_config_set *set);

/** Copies the name of the baseline that `pot` was trained on, "" without one, to name[size]; false if it is longer,
 * or without a potential. */
MTP_API bool mtp_potential_get_baseline(const mtp_potential *pot, char *name, size_t size);
/** Writes it into potential_tag; NULL takes it out. */
MTP_API mtp_status mtp_potential_set_baseline(mtp_context *ctx, mtp_potential *pot, const char *name);
/** MTP_ERR_STATE, with a line that says both, if `pot` is trained on top of another baseline than that of `name` (NULL:
 * none). `path` names the potential in the message. */
MTP_API mtp_status mtp_potential_check_baseline(mtp_context *ctx, const mtp_potential *pot, const char *name,
                                                const char *path);

#ifdef __cplusplus
}
#endif
#endif
