/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file mpi_wait.h
 * Waiting without burning a core. While one rank runs a QM engine the others have nothing to do; a plain MPI_Bcast
 * would poll at full speed on the very cores that the engine needs. */
#ifndef MTP_MPI_WAIT_H
#define MTP_MPI_WAIT_H

#include <mpi.h>

#ifdef __cplusplus
extern "C" {
#endif

/** MPI_Bcast from rank 0 whose receivers sleep while they wait. Every rank of `comm` must call this function. */
void mtp_mpi_bcast_sleeping(void *data, int count, MPI_Datatype type, MPI_Comm comm);
/** MPI_Allreduce with MPI_MAX of `count` numbers, in the same way. */
void mtp_mpi_max_sleeping(const long long *mine, long long *all, int count, MPI_Comm comm);

#ifdef __cplusplus
}
#endif
#endif
