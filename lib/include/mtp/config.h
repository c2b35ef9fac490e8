/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/config.h
 * Configurations: atoms in a cell with what is known of them, sets of configurations, and the files that hold them.
 * A configuration is plain data that its owner may edit; arrays are allocated with malloc and owned by the
 * configuration.
 */
#ifndef MTP_CONFIG_H
#define MTP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One key of a configuration that the library has no field for (extxyz `key=value`, cfg `Feature`). */
typedef struct mtp_feature {
  char *key;
  char *value;
} mtp_feature;

typedef struct mtp_config {
  size_t n;         /**< atoms */
  double cell[9];   /**< rows are the lattice vectors; a row of a direction without a lattice vector is zero */
  bool periodic[3]; /**< periodic along lattice vector 0, 1, 2 (false where the row is zero) */
  int *species;     /**< [n] index into the species table of the set */
  double *x;        /**< [3*n] */
  bool has_energy;
  double energy;
  bool has_virial;
  double virial[6];          /**< xx yy zz xy xz yz */
  double *force;             /**< [3*n] or NULL */
  unsigned char *force_mask; /**< [n] 1: the force of this atom is left out of training and errors; or NULL */
  /** [n] 1: a ghost, which is a neighbour of the others and has no energy or grade of its own; or NULL. Such a part of
   * a larger system holds all neighbours itself, so that its cell makes no images. */
  unsigned char *ghost;
  double *site_energy; /**< [n] or NULL */
  double *grade;       /**< [n] per-atom extrapolation grades or NULL */
  double *force_error; /**< [n] errors to expect of the forces on the atoms, eV/A, or NULL (extxyz alone keeps them) */
  double *charge;      /**< [n] charges of ions that a baseline takes, e, or NULL (extxyz column initial_charges) */
  long long *id;       /**< [n] numbers that an engine has for the atoms, for messages, or NULL (no file keeps them) */
  bool has_max_grade;
  double max_grade; /**< grade of the configuration (cfg feature MV_grade, extxyz max_grade) */
  long long line;   /**< where it begins in the file that it was read from, 0 if unknown */
  size_t feature_count;
  mtp_feature *features; /**< [feature_count], in order of appearance */
} mtp_config;

/** An empty configuration of n atoms at the origin, species 0, no cell, or NULL when memory is exhausted. */
MTP_API mtp_config *mtp_config_new(size_t n);
MTP_API mtp_config *mtp_config_copy(const mtp_config *cfg); /**< deep copy, NULL of NULL and when memory is exhausted */
MTP_API void mtp_config_free(mtp_config *cfg);
/** Volume of the cell, 0 unless all three directions have a lattice vector. */
MTP_API double mtp_config_volume(const mtp_config *cfg);
/** Allocates `force` (zeroed) if it is absent. */
MTP_API mtp_status mtp_config_require_force(mtp_context *ctx, mtp_config *cfg);
/** Is the force of this atom left out of training and errors? */
static inline bool mtp_config_is_masked(const mtp_config *cfg, size_t atom) {
  return cfg->force_mask && cfg->force_mask[atom];
}
/** Atoms that are no ghosts. */
MTP_API size_t mtp_config_real_count(const mtp_config *cfg);
/** Weights of energy, forces and stress that the configuration asks for, which multiply those of the objective:
 * features `config_weight` times `config_energy_weight`, `config_forces_weight` (or `config_force_weight`),
 * `config_stress_weight` (or `config_virial_weight`), each 1 if absent. Fails unless all are finite and not negative.
 */
MTP_API mtp_status mtp_config_weights(mtp_context *ctx, const mtp_config *cfg, double weights[3]);
/** Sets a feature (copied), replacing one of the same key. */
MTP_API mtp_status mtp_config_set_feature(mtp_context *ctx, mtp_config *cfg, const char *key, const char *value);
MTP_API const char *mtp_config_get_feature(const mtp_config *cfg, const char *key); /**< NULL if absent */

/** Has it the feature `squeezed`: a pair of atoms was pushed together, so that the fit knows the energy to rise there?
 * Such a configuration is fitted with a small `config_weight`; it is left out of errors and of active sets, which speak
 * of what a run meets. */
MTP_API bool mtp_config_is_squeezed(const mtp_config *cfg);

/** Configurations that share one species table. */
typedef struct mtp_config_set {
  size_t n;
  mtp_config **configs; /**< [n], owned by the set */
  int species_count;
  char **names; /**< [species_count] element names ("Al") or, where the file has none, decimal numbers ("0", "29") */
  /* set by the reader */
  bool dropped_tail;   /**< the last record was cut short and left out (only with tolerate_cut_tail) */
  long long good_size; /**< bytes of the file up to the end of its last complete record, -1 for a pipe */
  char *path;          /**< file it was read from, NULL otherwise */
} mtp_config_set;

MTP_API mtp_config_set *mtp_config_set_new(void);
MTP_API void mtp_config_set_free(mtp_config_set *set);
/** Appends a configuration; the set owns it afterwards (also when the call fails). */
MTP_API mtp_status mtp_config_set_append(mtp_context *ctx, mtp_config_set *set, mtp_config *cfg);
/** Species of that name, added to the table if absent; -1 when memory is exhausted, or without a set or a name. */
MTP_API int mtp_config_set_species(mtp_config_set *set, const char *name);

/** Renumbers all species so that the table becomes `names[count]`. A name of the set is matched by equality; a decimal
 *  name ("0", "1") that equals no given name stands for the position in `names`, and an atomic number for the element
 * of that number if every decimal name of the set is the atomic number of a given name. A species that matches nothing
 * is MTP_ERR_ARGUMENT, and the message lists both tables. */
MTP_API mtp_status mtp_config_set_map_species(mtp_context *ctx, mtp_config_set *set, int count,
                                              const char *const *names);

/** Which species of the set mtp_config_set_map_species would find in `names`: known[set->species_count]. */
MTP_API mtp_status mtp_config_set_known_species(mtp_context *ctx, const mtp_config_set *set, int count,
                                                const char *const *names, bool *known);

typedef enum mtp_format {
  MTP_FORMAT_AUTO,        /**< by content when reading, by suffix (before .gz) when writing */
  MTP_FORMAT_CFG,         /**< MLIP: .cfg, .cfgs; read as text and binary, written as text */
  MTP_FORMAT_EXTXYZ,      /**< extended XYZ: .xyz, .extxyz */
  MTP_FORMAT_LAMMPS_DATA, /**< data file, atom_style atomic (or charge, full read): .data, .lmp */
  MTP_FORMAT_LAMMPS_DUMP, /**< custom dump with id/element, typelabel or type and x y z or scaled or unwrapped
                            coordinates: .dump,  .lammpstrj */
  MTP_FORMAT_POSCAR, /**< of VASP 4 and 5: POSCAR, CONTCAR, .poscar, .vasp. Selective dynamics and velocities are not
                        kept; written with atoms sorted by species */
  MTP_FORMAT_OUTCAR, /**< all ionic steps of VASP 5 or 6, read only: OUTCAR, .outcar. Energies are free energies, which
                        the forces are gradients of; a step whose electrons did not converge has no labels and the
                        feature converged=F */
  MTP_FORMAT_VASPRUN /**< the same with more digits: vasprun.xml */
} mtp_format;

/** Format of a name such as "extxyz" or "lammps-dump"; MTP_FORMAT_AUTO if unknown. */
MTP_API mtp_format mtp_format_from_name(const char *name);
/** Format of a file by its name, such as md.dump.gz or POSCAR; MTP_FORMAT_AUTO if that does not tell. */
MTP_API mtp_format mtp_format_from_path(const char *path);

/** Names under which an extended XYZ file holds its labels. NULL: those that are usual, which are energy (eV;
 * free_energy goes before it, because forces are the gradient of that), the columns forces or force (eV/A), virial or
 * virials (eV), stress or stresses (eV/A^3, of the opposite sign). "": the label is not read. */
typedef struct mtp_label_keys {
  const char *energy, *forces, *virial, *stress;
} mtp_label_keys;

typedef struct mtp_read_options {
  mtp_format format;
  mtp_label_keys keys;
  bool tolerate_cut_tail; /**< a last record cut short is dropped with a warning (dropped_tail) instead of an error */
  bool whole_records; /**< a last record cut short is left out with a warning (dropped_tail) if there are others before
                         it; unlike tolerate_cut_tail, one that lacks but its line end counts, with a warning */
  bool tolerate_bad_numbers; /**< nan and inf are read as they are, for mtp_config_check to find */
} mtp_read_options;

/** Reads every configuration of a file ("-": standard input), compressed by gzip or not. `options` may be NULL. The
 * first bad byte is an error that names file, line and expectation; nothing is skipped silently. Of extended XYZ:
 * labels that contradict each other (a virial and another stress) or are said to be in other units are errors. A usual
 * name that is not read is kept as the feature unused_NAME, and one warning lists all that look like labels and are not
 * read. */
MTP_API mtp_status mtp_config_set_read(mtp_context *ctx, const char *path, const mtp_read_options *options,
                                       mtp_config_set **out);

/** Writes all configurations ("-": standard output), lossless (17 significant digits); a regular file is written
 * atomically, and compressed if its name ends in .gz. Formats that hold one configuration (LAMMPS data, POSCAR) refuse
 * more. */
MTP_API mtp_status mtp_config_set_write(mtp_context *ctx, const mtp_config_set *set, const char *path,
                                        mtp_format format);

/** Text of one configuration in cfg or extxyz, as the writers produce it; `*text` is malloc'ed, ends in a newline and a
 *  terminating zero, `*size` counts without the zero. `names` is the species table. */
MTP_API mtp_status mtp_config_format(mtp_context *ctx, const mtp_config *cfg, int species_count,
                                     const char *const *names, mtp_format format, char **text, size_t *size);

/** Smallest distance of two atoms, infinite if no two are within the cutoff. */
MTP_API mtp_status mtp_config_smallest_distance(mtp_context *ctx, const mtp_config *cfg, double cutoff,
                                                double *distance);

#ifdef __cplusplus
}
#endif
#endif
