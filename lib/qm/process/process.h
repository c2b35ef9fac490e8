/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/process.h
 * Running an engine as a child of a program that is not ours (LAMMPS, perhaps under MPI): no signal handlers, no open
 * files or signal masks inherited, no processor binding, no zombies, nothing left behind. */
#ifndef MTP_QM_PROCESS_H
#define MTP_QM_PROCESS_H

#include <signal.h>
#include <sys/types.h>

#include "mtp/qm.h"
#include "qm/process/command.h"

typedef struct mtp_process {
  const mtp_command *command;
  const char *dir; /**< working folder */
  const char *out; /**< names of files in `dir` for standard output and error */
  const char *err;
  double timeout;                    /**< seconds, 0 = none */
  const volatile sig_atomic_t *stop; /**< ends the run early once it is not zero; NULL: never */
  int attempt;                       /**< which try of the same request this is, from 0; the command sees it */
} mtp_process;

/** Runs to the end. MTP_QM_OK for exit code 0; MTP_QM_CRASHED for another one (*exit_code), a signal (*exit_code -1) or
 *  output beyond all reason; MTP_QM_TIMEOUT or MTP_QM_STOPPED after the whole process group was killed;
 *  MTP_QM_CANNOT_START if the command never ran, or if a shell says so by 126 or 127.
 *  What the command leaves running in its process group is killed at its end. */
mtp_qm_status mtp_process_run(mtp_context *ctx, const mtp_process *process, int *exit_code);
/** The same for a call: in its folder, with its limits and its context. */
mtp_qm_status mtp_process_run_call(const mtp_command *command, const mtp_qm_call *call, const char *out,
                                   const char *err, int *exit_code);

/** A command that goes on running. */
typedef struct mtp_running {
  mtp_process process; /**< what it points to must stay */
  pid_t pid;           /**< leader of its process group; 0: nothing runs */
  pid_t guard;         /**< see process.c; -1 without */
  int hold;
} mtp_running;

/** Starts a command: MTP_QM_OK once it runs, else MTP_QM_CANNOT_START. */
mtp_qm_status mtp_process_start(mtp_context *ctx, const mtp_process *process, mtp_running *running);
/** Has it ended? It is not reaped by this. */
bool mtp_process_has_ended(const mtp_running *running);
/** Ends the process group (politely: with two seconds' notice), reaps, and says how the command ended as
 * mtp_process_run does. */
mtp_qm_status mtp_process_end(mtp_context *ctx, mtp_running *running, bool politely, int *exit_code);

#endif
