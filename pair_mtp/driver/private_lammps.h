/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/private_lammps.h
 * A LAMMPS instance of our own on MPI_COMM_SELF, in which a file of commands (`pair_style`, `pair_coeff`, ...) is run
 * after the atoms exist. Its type i is species i-1, unless the line `# mtp: types Al Ni Al` names the element of each
 * type; a species then is the first type with its name. Atoms have the charges of the configuration (`charge`), if it
 * has any and no command sets others; with the line `# mtp: charges` it must have them. With the line
 * `# mtp: slab` what `kspace_style` sums in a cell that is periodic in its first two directions is that of a slab, as
 * with `kspace_modify slab`, whatever the angles; the file has no such command then. The driver `lammps` and
 * baselines have one each. */
#ifndef MTP_PRIVATE_LAMMPS_H
#define MTP_PRIVATE_LAMMPS_H

#include "mtp/qm.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_private_lammps mtp_private_lammps;

/** Reads the commands from `path`, or takes `text` (NULL: none) that stands for it. Nothing runs before the first
 * configuration. With `keeps` the instance stays for the next configuration if only positions differ (results are the
 * same but for rounding), and units may be real. Fixes that make charges of positions are made anew for each. `plugin`
 * (NULL: none) is the path of a LAMMPS plugin that the instance loads, borrowed. */
mtp_status mtp_private_lammps_open(mtp_context *ctx, const char *path, const char *text, bool keeps, const char *plugin,
                                   mtp_private_lammps **out);
void mtp_private_lammps_close(mtp_private_lammps *s);

/** Fills call->label with energy (eV), forces (eV/A) and, for a cell that is periodic in all directions, virial (eV) of
 * call->config; uses names, species and ctx of the call. */
mtp_qm_status mtp_private_lammps_evaluate(mtp_private_lammps *s, mtp_qm_call *call);

/** The names after `# mtp: types`, a blank before each; NULL without that line. */
const char *mtp_private_lammps_types(const mtp_private_lammps *s);
/** Is there a line `# mtp: slab`? */
bool mtp_private_lammps_has_slabs(const mtp_private_lammps *s);
/** Does a fix of this style make charges a function of the positions? */
bool mtp_private_lammps_equilibrates(const char *style);
/** Is there a line `# mtp: charges`? */
bool mtp_private_lammps_needs_charges(const mtp_private_lammps *s);

#ifdef __cplusplus
}
#endif
#endif
