/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp_input.h
 * The folder of a user with INCAR, POTCAR, KPOINTS and the like as the template of many: what VASP finds in the folder
 * of a call. All but large files is read once, so that later changes of the folder do not matter. */
#ifndef MTP_QM_VASP_INPUT_H
#define MTP_QM_VASP_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/config.h"
#include "mtp/qm.h"
#include "qm/drivers/vasp/vasp_incar.h"

#define MTP_VASP_STDOUT "vasp.out"
#define MTP_VASP_STDERR "stderr"

/** One pseudopotential of the POTCAR. */
typedef struct mtp_vasp_section {
  char element[3];
  size_t begin, size; /**< in the text */
} mtp_vasp_section;

/** Another file of the folder: its content, or, if it is large, where it is. */
typedef struct mtp_vasp_file {
  char *name;
  char *data; /**< [size], or NULL */
  size_t size;
  char *target; /**< absolute path, if data is NULL */
} mtp_vasp_file;

typedef struct mtp_vasp_input {
  char *folder; /**< absolute */
  mtp_vasp_incar incar;
  char *potcar;
  size_t section_count;
  mtp_vasp_section *sections; /**< [section_count] of different elements */
  size_t file_count;
  mtp_vasp_file *files; /**< [file_count] */
} mtp_vasp_input;

/** Reads and checks a folder. On failure the message says what is missing or wrong, and where. */
mtp_status mtp_vasp_input_open(mtp_context *ctx, mtp_vasp_input *in, const char *folder);
void mtp_vasp_input_close(mtp_vasp_input *in);

/** Atom k of the POSCAR is atom order[k] of the configuration: order[n] is written, and, if `write` says so, all files
 * for the configuration into call->dir. MTP_QM_CANNOT_START if an element is not in the POTCAR or a
 * file cannot be written, MTP_QM_BAD_DATA if the configuration is not one for VASP. */
mtp_qm_status mtp_vasp_input_arrange(const mtp_vasp_input *in, mtp_qm_call *call, bool write, size_t *order);

/** What the lattice vectors of a configuration are multiplied by in the POSCAR: -1 if they are left-handed, which VASP
 * refuses. The lattice and its k-points remain what they are. */
double mtp_vasp_cell_sign(const mtp_config *cfg);

#endif
