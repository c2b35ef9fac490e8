/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_incar.h
 * The INCAR of a user as the template of many: all that its author wrote stays, except the settings that a single point
 * needs or that would spoil it, and those that depend on which atoms there are. */
#ifndef MTP_QM_VASP_INCAR_H
#define MTP_QM_VASP_INCAR_H

#include <stdbool.h>
#include <stddef.h>

#include "support/support.h"

/** A tag with one value for each section of the POTCAR, such as LDAUU. */
typedef struct mtp_vasp_list {
  char *tag;
  char **values; /**< [section_count] */
} mtp_vasp_list;

typedef struct mtp_vasp_incar {
  char *text; /**< what stays */
  size_t section_count;
  size_t list_count;
  mtp_vasp_list *lists; /**< [list_count] */
  char *moment;         /**< MAGMOM of every atom; NULL: not given */
  bool noncollinear;    /**< three moments an atom */
  bool has_kspacing;
  bool has_dipol; /**< a point in fractions of the lattice vectors */
} mtp_vasp_incar;

/** Reads text[size]; `path` is for messages. On failure the message says file, line and what was expected. */
mtp_status mtp_vasp_incar_parse(mtp_context *ctx, mtp_vasp_incar *incar, const char *path, const char *text,
                                size_t size, size_t section_count);
void mtp_vasp_incar_close(mtp_vasp_incar *incar);

/** Writes the INCAR of a single point for `atoms` atoms of the sections sections[count] of the POTCAR, in the order of
 * the POSCAR. Check out->failed. */
void mtp_vasp_incar_write(const mtp_vasp_incar *incar, size_t atoms, const size_t *sections, size_t count,
                          mtp_text *out);

#endif
