/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process.h
 * Running an engine as a child of a program that is not ours (LAMMPS, perhaps under MPI): no signal handlers, no open
 * files or signal masks inherited, no processor binding, no zombies, nothing left behind. */
#ifndef MTP_QM_PROCESS_H
#define MTP_QM_PROCESS_H

#include "mtp/qm.h"
#include "qm/command.h"

typedef struct mtp_process {
  const mtp_command *command;
  const char *dir; /**< working folder */
  const char *out; /**< names of files in `dir` for standard output and error */
  const char *err;
  double timeout; /**< seconds, 0 = none */
} mtp_process;

/** Runs to the end. MTP_QM_OK for exit code 0; MTP_QM_CRASHED for another one (*exit_code) or a signal (*exit_code -1);
 *  MTP_QM_TIMEOUT after the whole process group was killed; MTP_QM_CANNOT_START if the command never ran, or if a shell
 *  says so by 126 or 127. One line in `reason` on failure. What the command leaves running in its process group is
 *  killed at its end. */
mtp_qm_status mtp_process_run(const mtp_process *process, int *exit_code, char *reason, size_t reason_size);

#endif
