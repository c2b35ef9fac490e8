/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/launcher.h
 * Whether a launcher has started this process as one of several. */
#ifndef MTP_CLI_LAUNCHER_H
#define MTP_CLI_LAUNCHER_H

typedef struct cli_launch {
  int size;             /**< processes in all; 1: this one alone; 0: there is a launcher, which does not say */
  int rank;             /**< of this one, from 0 */
  const char *variable; /**< of the environment that says so; NULL: none */
} cli_launch;

/** By the environment: MPI cannot be asked, since processes of a launcher that it does not know each take themselves
 * for the only one. Known are mpiexec of MPICH, MVAPICH2, Intel MPI and Open MPI, PMIx (prun, srun --mpi=pmix), PALS,
 * jsrun, flux, aprun and srun of any kind. */
cli_launch cli_launched(void);

#endif
