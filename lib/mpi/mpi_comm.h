/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mpi/mpi_comm.h
 * mtp_comm on MPI, for the programs that have it: not a part of libmtpal, but compiled into the command and the plugin.
 */
#ifndef MTP_MPI_COMM_H
#define MTP_MPI_COMM_H

#include <mpi.h>

#include "mtp/comm.h"

#ifdef __cplusplus
extern "C" {
#endif

/** `world` must outlive what is returned. */
mtp_comm mtp_mpi_comm(MPI_Comm *world);

#ifdef __cplusplus
}
#endif
#endif
