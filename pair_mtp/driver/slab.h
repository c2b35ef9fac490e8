/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/slab.h
 * Charges in cells that are periodic in two directions, as `kspace_modify slab` has them: sums over the lattice in a
 * cell with a gap, less what the dipoles of its images do (Yeh, Berkowitz, J. Chem. Phys. 111, 3155 (1999)). LAMMPS
 * itself has that for rectangular boxes only; the cells of labels may be sheared. */
#ifndef MTP_DRIVER_SLAB_H
#define MTP_DRIVER_SLAB_H

#include <stdbool.h>

#include "mtp/config.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Is the third direction, and no other, without a lattice vector? */
bool mtp_slab_is(const mtp_config *cfg);
/** *slab becomes `cfg` with a lattice vector along the normal that leaves a gap; it shares the atoms of `cfg`. False of
 * a cell without an area. */
bool mtp_slab_extend(const mtp_config *cfg, mtp_config *slab);
/** Adds what `slab` lacks to its sums over the lattice: to the energy (eV) and to force[3*n] (eV/A) of charge[n] (e, in
 * the order of the atoms). `unit`: eV A/e^2. */
void mtp_slab_correct(const mtp_config *slab, const double *charge, double unit, double *energy, double *force);

#ifdef __cplusplus
}
#endif
#endif
