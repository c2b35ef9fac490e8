/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/outcar.h
 * The ionic steps of any OUTCAR of VASP. */
#ifndef MTP_CONFIG_OUTCAR_H
#define MTP_CONFIG_OUTCAR_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scan.h"
#include "mtp/config.h"

/** What an OUTCAR holds; freed by mtp_vasp_output_free. */
typedef struct mtp_vasp_output {
  /** One configuration per ionic step whose energy and forces are there, with the elements of the POTCAR as species
   * table. Cell and positions in A (9 and 5 decimals are printed), periodic in all directions; energy in eV is the free
   * energy, which the forces (eV/A) are gradients of; virial in eV, positive under compression, if a stress is printed.
   * Atoms stand in the order of the file. */
  mtp_config_set *steps;
  bool *converged;       /**< [steps->n] the electrons of that step reached EDIFF */
  size_t begun;          /**< ionic steps that the file begins; more than steps->n if some have no forces */
  bool last_converged;   /**< the electrons of the last step that was begun reached EDIFF */
  bool last_is_complete; /**< the last step that was begun is the last of `steps` */
  bool finished;         /**< the file ends as that of a VASP which came to its end */
} mtp_vasp_output;

/** Reads an OUTCAR of VASP 5 or 6. A file that is cut short is no error: see the flags; a line without its end is not
 * believed. MTP_ERR_IO if the file cannot be read; MTP_ERR_FORMAT, naming file and line, where a number that counts is
 * none (Fortran prints ***** for what does not fit) or numbers of atoms contradict each other. On failure *out is
 * empty. */
mtp_status mtp_vasp_outcar_read(mtp_context *ctx, const char *path, mtp_vasp_output *out);
/** The same of a text; `path` is for messages. */
mtp_status mtp_vasp_outcar_parse(mtp_context *ctx, const char *path, const char *text, size_t size,
                                 mtp_vasp_output *out);
void mtp_vasp_output_free(mtp_vasp_output *out);

/** The element of a line "TITEL  = PAW_PBE Al_sv_GW 04Jan2001" or "VRHFIN =Al: s2p1", as POTCAR and OUTCAR have them;
 * false for any other line. */
bool mtp_vasp_titel(mtp_span line, char symbol[3]);
bool mtp_vasp_vrhfin(mtp_span line, char symbol[3]);

#endif
