/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/qm_lammps.h
 * The QM driver `lammps FILE`: any LAMMPS potential as the reference. FILE holds LAMMPS commands (`pair_style`,
 * `pair_coeff`, ...; type i is species i-1 of the potential that is trained), which are run in a private LAMMPS
 * instance on MPI_COMM_SELF after the atoms exist; `units` may only be metal, `atom_style` (default atomic) may be
 * chosen there. Needs a liblammps with exceptions (every version since 2024 has them). Starts MPI if nobody did. */
#ifndef MTP_QM_LAMMPS_H
#define MTP_QM_LAMMPS_H

#include "mtp/qm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The driver, for mtp_qm_open. Its `user` may be set (in a copy) to the path of a LAMMPS plugin that the private
 * instance loads before it runs FILE. */
const mtp_qm_driver *mtp_qm_lammps_driver(void);

#ifdef __cplusplus
}
#endif
#endif
