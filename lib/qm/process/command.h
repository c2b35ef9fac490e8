/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/command.h
 * The COMMAND of a driver string: found and made independent of the working folder before the first call. */
#ifndef MTP_QM_COMMAND_H
#define MTP_QM_COMMAND_H

#include <stdbool.h>

#include "mtp/context.h"

typedef struct mtp_command {
  char **argv;   /**< NULL-terminated; argv[0] is an absolute path */
  bool shell;    /**< argv is /bin/sh -c TEXT */
  char *name;    /**< the word that the user wrote, for messages */
  char *run_dir; /**< the current folder when the command was opened */
} mtp_command;

/** Prepares words[count] followed by tail[tail_count]. A single word with blanks, unless it is the path of a program,
 * is a line for /bin/sh, with relative paths made absolute (see shell_line.h). Otherwise the first word is looked for
 * on PATH, or taken relative to the current folder if it contains a slash, and later words that name something in the
 * current folder become absolute, because the command will run elsewhere (in.extxyz and out.extxyz are files of the
 * call); the tail is passed as it is. */
mtp_status mtp_command_open(mtp_context *ctx, mtp_command *command, int count, const char *const *words, int tail_count,
                            const char *const *tail);
void mtp_command_close(mtp_command *command);

/** The environment for a run of the command: that of this process without the variables by which MPI libraries pass
 * their state to children (a QM engine started from within an MPI process would take itself for one of its ranks) and
 * those by which SLURM describes the task that this process is (those of the job stay: srun needs them), with
 * MTP_RUN_DIR, MTP_TRY (`attempt`, from 0) and, unless it is set, OMP_NUM_THREADS=1. NULL-terminated; NULL when memory
 * is exhausted. */
char **mtp_command_environment(const mtp_command *command, int attempt);
void mtp_command_environment_free(char **environment);

#endif
