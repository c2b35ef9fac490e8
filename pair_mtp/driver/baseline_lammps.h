/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/baseline_lammps.h
 * A baseline of LAMMPS commands, evaluated in a private instance. It is called by a hash of the commands, of what the
 * types are, and of the files that the commands name, and by the charges of its elements. */
#ifndef MTP_BASELINE_LAMMPS_H
#define MTP_BASELINE_LAMMPS_H

#include "mtp/baseline.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_lammps_baseline mtp_lammps_baseline;

/** Commands of the file `path`, as the driver `lammps` takes them (units may be real as well), or `text` (NULL: none)
 * in its place; then the file, if it is of the same baseline, adds the charges of elements that only it knows, also
 * when they are needed later. names[species_count] are the species of configurations. `plugin`: see private_lammps.h.
 */
mtp_status mtp_lammps_baseline_open(mtp_context *ctx, const char *path, const char *text, int species_count,
                                    const char *const *names, const char *plugin, mtp_lammps_baseline **out);
void mtp_lammps_baseline_close(mtp_lammps_baseline *b);
/** Valid until it is closed; NULL of NULL. */
const mtp_baseline *mtp_lammps_baseline_get(const mtp_lammps_baseline *b);
/** Writes the commands to a file, from which the same baseline can be opened. */
mtp_status mtp_lammps_baseline_write(mtp_context *ctx, const mtp_lammps_baseline *b, const char *path);

#ifdef __cplusplus
}
#endif
#endif
