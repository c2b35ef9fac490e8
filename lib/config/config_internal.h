/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/config_internal.h
 * What the readers and writers of configurations share, and the cfg parser for texts that contain configurations among
 * other things. */
#ifndef MTP_CONFIG_CONFIG_INTERNAL_H
#define MTP_CONFIG_CONFIG_INTERNAL_H

#include "config/scan.h"
#include "mtp/config.h"
#include "support/support.h"

/** A parser appends the configurations of a text to `set` and sets dropped_tail and good_size (bytes of the text).
 * `path` and `first_line` (1 for a whole file) serve messages; `options` may be NULL. On failure no configuration is
 * added. */
typedef mtp_status mtp_parser(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line,
                              const mtp_read_options *options, mtp_config_set *set);
mtp_parser mtp_cfg_parse;
mtp_parser mtp_cfg_binary_parse;
mtp_parser mtp_extxyz_parse;
mtp_parser mtp_lammps_data_parse;
mtp_parser mtp_lammps_dump_parse;
mtp_parser mtp_poscar_parse;
mtp_parser mtp_outcar_parse;
mtp_parser mtp_vasprun_parse;
/** True if a file begins as a binary one of MLIP does, which is of the format cfg as well. */
bool mtp_is_binary_cfg(const char *data, size_t size);
/** True if the first lines are those of a POSCAR: a title, a number, three rows of three numbers. */
bool mtp_poscar_looks_like(mtp_scan scan);

/** Reads one record. The scan is at its first line that is not blank, and shall be left at its last. */
typedef mtp_status mtp_record_reader(mtp_scan *scan, void *state, mtp_config **out);
/** Reads records up to the end of the text, and decides what becomes of one that the end of the text cuts short. */
mtp_status mtp_records_parse(mtp_scan *scan, const mtp_read_options *options, mtp_record_reader *reader, void *state,
                             mtp_config_set *set);
/** A format of records, which is read as a whole or piece by piece: what is known of a file outlives its pieces. */
typedef struct mtp_record_format {
  size_t state; /**< bytes of what a reader knows of a file, which are zero in the beginning */
  void (*begin)(void *state, const mtp_read_options *options, mtp_config_set *set); /**< NULL: nothing to do */
  mtp_record_reader *reader;
  /** After the records first.. of `set` were read; NULL: nothing to do. */
  mtp_status (*finish)(mtp_context *ctx, void *state, mtp_config_set *set, size_t first);
  /** Reports and frees what is in the state; `any`: nothing failed, and there were records. */
  mtp_status (*end)(mtp_context *ctx, void *state, const char *path, bool any);
  /** Behind the record that begins at `at`, NULL if it goes on beyond `end`, or *bad where it is none. */
  const char *(*skip)(const char *at, const char *end, bool *bad);
  bool holds_bad_numbers; /**< tolerate_bad_numbers counts */
} mtp_record_format;
extern const mtp_record_format mtp_cfg_records, mtp_extxyz_records, mtp_lammps_dump_records;
/** One piece of a text, from its line `first_line` on. */
mtp_status mtp_records_parse_piece(const mtp_record_format *format, mtp_context *ctx, const char *path,
                                   const char *data, size_t size, size_t first_line, const mtp_read_options *options,
                                   void *state, mtp_config_set *set);
/** All of it: what an mtp_parser does. */
mtp_status mtp_records_parse_all(const mtp_record_format *format, mtp_context *ctx, const char *path, const char *data,
                                 size_t size, size_t first_line, const mtp_read_options *options, mtp_config_set *set);

/** Of a text that is said to be of *format, MTP_FORMAT_AUTO if that is not known; its name may tell, too. */
mtp_status mtp_find_format(mtp_scan *scan, size_t size, mtp_format *format);
/** Whether what was made of the numbers of a file can be used. */
mtp_status mtp_check_made(mtp_context *ctx, const char *path, const mtp_config *cfg, bool tolerant);
/** Warns if names of labels were chosen, which count for nothing in this file. */
void mtp_tell_of_keys(mtp_context *ctx, const char *path, const mtp_read_options *options);

/** Frees configurations first.. of the set. */
void mtp_set_truncate(mtp_config_set *set, size_t first);

/** Names of what a reader or writer leaves out, reported once a file. */
typedef struct mtp_dropped {
  mtp_text names;
} mtp_dropped;
void mtp_dropped_add(mtp_dropped *dropped, mtp_span name);
/** One warning "PATH: WHAT: names" if there are any; frees them. */
void mtp_dropped_report(mtp_dropped *dropped, mtp_context *ctx, const char *path, const char *what);

/** A writer appends one configuration (number `index` of the set, from 0) to a text. */
typedef struct mtp_writer {
  mtp_context *ctx;
  mtp_text text;
  int species_count;
  const char *const *names;
  size_t index;
  bool not_finite;  /**< some number was not */
  mtp_dropped lost; /**< names of what the format does not hold */
} mtp_writer;
mtp_status mtp_cfg_write(mtp_writer *w, const mtp_config *cfg);
mtp_status mtp_extxyz_write(mtp_writer *w, const mtp_config *cfg);
mtp_status mtp_lammps_data_write(mtp_writer *w, const mtp_config *cfg);
mtp_status mtp_lammps_dump_write(mtp_writer *w, const mtp_config *cfg);
mtp_status mtp_poscar_write(mtp_writer *w, const mtp_config *cfg);
/** Appends numbers with 17 significant digits, each after a separator. */
void mtp_write_reals(mtp_writer *w, const char *separator, const double *values, size_t count);
/** Species of that name, added to the table if absent; -1 when memory is exhausted. */
int mtp_set_species_of(mtp_config_set *set, mtp_span name);
/** Configurations first.. hold plain type numbers; gives them decimal names, in increasing order, and makes the numbers
 * indices of the table. */
mtp_status mtp_set_name_types(mtp_context *ctx, mtp_config_set *set, size_t first);

static inline double mtp_dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static inline void mtp_cross(const double a[3], const double b[3], double c[3]) {
  c[0] = a[1] * b[2] - a[2] * b[1];
  c[1] = a[2] * b[0] - a[0] * b[2];
  c[2] = a[0] * b[1] - a[1] * b[0];
}

/** Takes a column of ghosts out that says of no atom that it is one. */
void mtp_config_drop_false_ghosts(mtp_config *cfg);
/** Removes a feature if there is one of that name. */
void mtp_config_drop_feature(mtp_config *cfg, const char *key);

/** True if there is a lattice vector in direction d, periodic or not. */
static inline bool mtp_cell_has_row(const mtp_config *cfg, int d) {
  const double *row = cfg->cell + 3 * d;
  return row[0] != 0 || row[1] != 0 || row[2] != 0;
}

/** Completes the lattice: the rows that are `kept` are copied, the others become unit vectors normal to those and to
 * each other, such that the basis is right-handed where that is free to choose. */
void mtp_cell_complete(const double cell[9], const bool kept[3], double basis[9]);
/** Rows r_d with r_d . basis_e = 1 if d = e, else 0: the coordinates of x in the basis are x . r_d, and 1/|r_d| is the
 * distance of the planes spanned by the other two. Returns the determinant of the basis. */
double mtp_cell_reciprocal(const double basis[9], double reciprocal[9]);
/** Makes d the difference to the nearest image in lattice coordinates, along the periodic directions. */
void mtp_cell_wrap(const double basis[9], const double reciprocal[9], const bool periodic[3], double d[3]);

#endif
