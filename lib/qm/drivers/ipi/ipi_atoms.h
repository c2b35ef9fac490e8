/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_atoms.h
 * What a client of i-PI is sent in place of a configuration, and its results in the frame of that again. */
#ifndef MTP_QM_IPI_ATOMS_H
#define MTP_QM_IPI_ATOMS_H

#include "mtp/qm.h"

/** Cells of i-PI are right-handed, with a along x and b in the xy plane, and atoms are within: some clients read no
 * more of a cell than that. */
typedef struct mtp_ipi_atoms {
  mtp_config *config; /**< turned; a client reads it when it starts. Without lattice vectors where there are none */
  double cell[9];     /**< all of the lattice vectors, row by row: where there are none (a layer, a cluster), ones that
                         keep images apart, because every client wants three */
  double axes[9];     /**< of the rotation, see config/rotate.h */
} mtp_ipi_atoms;

/** Atoms of a call. MTP_QM_OK, or a status with a line in call->ctx. */
mtp_qm_status mtp_ipi_atoms_make(mtp_qm_call *call, mtp_ipi_atoms *atoms);
void mtp_ipi_atoms_free(mtp_ipi_atoms *atoms);

/** The six components xx yy zz xy xz yz of a 3x3 tensor of which a client may have filled one triangle only, as is
 * usual with i-PI (the upper one). False if both are there and contradict each other. */
bool mtp_ipi_symmetric(const double tensor[9], double out[6]);

#endif
