/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/errors.h
 * How far a potential is from labels: over a set of configurations, over each group of them, and over the forces on
 * the atoms of each species. Labels that a configuration lacks are not compared.
 */
#ifndef MTP_ERRORS_H
#define MTP_ERRORS_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"
#include "mtp/team.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Moduli of `count` differences: mean, root mean square and largest. All 0 for none; all NaN if one of the differences
 * is no number, as between atoms at the same place. */
typedef struct mtp_error_stat {
  double mae, rmse, max;
  size_t count;
} mtp_error_stat;

typedef struct mtp_errors {
  size_t configurations, atoms;
  mtp_error_stat energy_per_atom; /**< eV/atom, over configurations with energy */
  mtp_error_stat force;           /**< eV/A, over components of atoms without a force mask */
  mtp_error_stat stress;          /**< GPa, over the 9 components of configurations with virial and a cell */
  double force_rms;               /**< eV/A, of the labels over the same components: what an error compares with */
} mtp_errors;

/** Errors of `pot` on a set whose species are the potential's. Squeezed configurations (mtp_config_is_squeezed) are
 * left out of all but their own group, unless there are no others. */
MTP_API mtp_status mtp_errors_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                      mtp_errors *out);

/** The group that a data file puts a configuration in: its feature `group` or, without one, `config_type`; "" if it has
 * neither. */
MTP_API const char *mtp_error_group_of(const mtp_config *cfg);

typedef struct mtp_error_group {
  char *name;
  mtp_errors errors;
} mtp_error_group;

typedef struct mtp_error_table {
  mtp_errors all;
  size_t group_count;      /**< 0 if no configuration is in a group */
  mtp_error_group *groups; /**< sorted by name; the configurations that are in none form the group "" */
  int species_count;
  mtp_error_stat *species_force; /**< [species_count] eV/A, components of the forces on the atoms of each species */
} mtp_error_table;

/** Told of each configuration in turn: as labelled, and as the potential has it (a copy with its energy, forces and
 * virial). For progress, or for differences one by one. */
typedef void (*mtp_error_watch)(void *user, const mtp_config *labelled, const mtp_config *computed);

/** Errors with those of groups and species; each configuration is evaluated once. `watch` may be NULL. */
MTP_API mtp_status mtp_error_table_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                           mtp_error_watch watch, void *user, mtp_error_table **out);
/** The same by a team for `pot`. */
MTP_API mtp_status mtp_error_table_compute_by(mtp_context *ctx, mtp_team *team, const mtp_potential *pot,
                                              const mtp_config_set *set, mtp_error_watch watch, void *user,
                                              mtp_error_table **out);
MTP_API void mtp_error_table_free(mtp_error_table *table);

#ifdef __cplusplus
}
#endif
#endif
