/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/command.c
 * Finding commands, and the environment that they get. */
#include "qm/process/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qm/process/folder.h"
#include "qm/process/shell_line.h"
#include "support/support.h"

/* Passing the environment on to a child is the one use of it in this library. */
extern char **environ;

static const char *environment_value(const char *name) {
  size_t length = strlen(name);
  for (char **e = environ; e && *e; e++)
    if (strncmp(*e, name, length) == 0 && (*e)[length] == '=') return *e + length + 1;
  return NULL;
}

static bool is_runnable(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) return false;
  if (!S_ISREG(st.st_mode)) errno = EACCES;
  return S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Absolute path of a plain word on PATH (malloc'ed), NULL if there is none. */
static char *find_on_path(const char *word, const char *run_dir) {
  const char *path = environment_value("PATH");
  if (!path) path = "/usr/local/bin:/usr/bin:/bin";
  for (;;) {
    size_t length = strcspn(path, ":");
    mtp_text text = {0};
    mtp_text_add(&text, "%.*s/%s", length ? (int)length : 1, length ? path : ".", word);
    char *candidate = text.failed ? NULL : mtp_folder_absolute(run_dir, text.data);
    mtp_text_free(&text);
    if (candidate && is_runnable(candidate)) return candidate;
    free(candidate);
    path += length;
    if (!*path) return NULL;
    path++;
  }
}

static char *resolve_program(mtp_context *ctx, const char *word, const char *run_dir) {
  if (!strchr(word, '/')) {
    char *found = find_on_path(word, run_dir);
    if (!found) mtp_fail(ctx, MTP_ERR_IO, "no such command: '%s' is not on PATH", word);
    return found;
  }
  char *path = mtp_folder_absolute(run_dir, word);
  if (path && is_runnable(path)) return path;
  mtp_fail(ctx, MTP_ERR_IO, "cannot run '%s': %s", word, path ? strerror(errno) : "out of memory");
  free(path);
  return NULL;
}

/* A word as the command should see it from another folder. A bare word that happens to be the name of a folder is
 * rather a subcommand or a keyword, and the two files that each call has for itself are always those. */
static char *resolve_word(const char *word, const char *run_dir) {
  struct stat st;
  if (strcmp(word, "in.extxyz") == 0 || strcmp(word, "out.extxyz") == 0) return mtp_strdup(word);
  bool names_something =
      word[0] != '/' && word[0] && stat(word, &st) == 0 && (S_ISREG(st.st_mode) || strchr(word, '/'));
  return names_something ? mtp_folder_absolute(run_dir, word) : mtp_strdup(word);
}

/* Blanks may be part of a path. */
static bool is_program(const char *word, const char *run_dir) {
  char *path = strchr(word, '/') ? mtp_folder_absolute(run_dir, word) : NULL;
  const bool runnable = path && is_runnable(path);
  free(path);
  return runnable;
}

static bool open_shell(mtp_command *command, const char *line, int tail_count, const char *const *tail) {
  mtp_text text = {0};
  mtp_shell_line_add(&text, line, command->run_dir);
  for (int i = 0; i < tail_count; i++) mtp_text_add(&text, " %s", tail[i]);
  command->shell = true;
  command->argv[0] = mtp_strdup("/bin/sh");
  command->argv[1] = mtp_strdup("-c");
  command->argv[2] = text.failed ? NULL : text.data;
  if (text.failed) mtp_text_free(&text);
  return command->argv[0] && command->argv[1] && command->argv[2];
}

static mtp_status open_program(mtp_context *ctx, mtp_command *command, int count, const char *const *words,
                               int tail_count, const char *const *tail) {
  command->argv[0] = resolve_program(ctx, words[0], command->run_dir);
  bool ok = command->argv[0] != NULL;
  if (!ok) return MTP_ERR_IO;
  for (int i = 1; ok && i < count; i++) ok = (command->argv[i] = resolve_word(words[i], command->run_dir)) != NULL;
  for (int i = 0; ok && i < tail_count; i++) ok = (command->argv[count + i] = mtp_strdup(tail[i])) != NULL;
  return ok ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_command_open(mtp_context *ctx, mtp_command *command, int count, const char *const *words, int tail_count,
                            const char *const *tail) {
  *command = (mtp_command){0};
  if (count < 1 || !words[0][0]) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "expected a command");
  command->run_dir = mtp_folder_current();
  if (!command->run_dir) return mtp_fail(ctx, MTP_ERR_IO, "the current folder has no path: %s", strerror(errno));
  command->name = mtp_strdup(words[0]);
  command->argv = mtp_calloc((size_t)count + (size_t)tail_count + 4, sizeof *command->argv);
  mtp_status status;
  if (!command->name || !command->argv)
    status = mtp_fail_memory(ctx);
  else if (count == 1 && strpbrk(words[0], " \t") && !is_program(words[0], command->run_dir))
    status = open_shell(command, words[0], tail_count, tail) ? MTP_OK : mtp_fail_memory(ctx);
  else
    status = open_program(ctx, command, count, words, tail_count, tail);
  if (status != MTP_OK) mtp_command_close(command);
  return status;
}

void mtp_command_close(mtp_command *command) {
  for (char **word = command->argv; word && *word; word++) free(*word);
  free(command->argv);
  free(command->name);
  free(command->run_dir);
  *command = (mtp_command){0};
}

static bool starts_with_any(const char *variable, const char *const *prefixes) {
  for (; *prefixes; prefixes++)
    if (strncmp(variable, *prefixes, strlen(*prefixes)) == 0) return true;
  return false;
}

/* Settings of the user that share a prefix with the state of a running job are kept. So is the job itself: launchers in
 * a script look for it, and wait for another allocation without it. Only the task in it that this process is would be
 * taken by them for their own. */
static bool is_passed_on(const char *variable, bool is_task) {
  static const char *const settings[] = {"OMPI_ALLOW_RUN_AS_ROOT", NULL};
  static const char *const mpi[] = {"OMPI_",           "PMIX_",          "PMI_",       "PRTE_",        "ORTE_",
                                    "HYDI_",           "HYDRA_",         "MPI_LOCAL",  "MPICH_",       "PALS_",
                                    "MV2_COMM_WORLD_", "JSM_NAMESPACE_", "FLUX_TASK_", "ALPS_APP_PE=", NULL};
  static const char *const task[] = {
      "SLURM_PROCID=", "SLURM_LOCALID=", "SLURM_NODEID=", "SLURM_TASK_PID=",           "SLURM_GTIDS=",
      "SLURM_STEP",    "SLURM_SRUN_",    "SLURM_PMI",     "SLURM_LAUNCH_NODE_IPADDR=", NULL};
  /* what srun tells its tasks, and what a user tells srun */
  static const char *const ambiguous[] = {"SLURM_MPI_TYPE=", "SLURM_CPU_BIND", "SLURM_MEM_BIND", NULL};
  static const char *const ours[] = {"MTP_RUN_DIR=", "MTP_TRY=", NULL};
  if (starts_with_any(variable, settings)) return true;
  if (starts_with_any(variable, mpi) || starts_with_any(variable, ours) || starts_with_any(variable, task))
    return false;
  return !is_task || !starts_with_any(variable, ambiguous);
}

/* Adds KEY=value to an environment that has room for it. */
static bool add_variable(char **out, size_t *used, const char *format, ...) {
  char *text = NULL;
  va_list args;
  va_start(args, format);
  int length = vasprintf(&text, format, args);
  va_end(args);
  if (length < 0) return false;
  out[(*used)++] = text;
  return true;
}

char **mtp_command_environment(const mtp_command *command, int attempt) {
  size_t count = 0, used = 0;
  while (environ && environ[count]) count++;
  char **out = mtp_calloc(count + 4, sizeof *out);
  if (!out) return NULL;
  bool ok = true, is_task = environment_value("SLURM_STEP_ID") || environment_value("SLURM_STEPID");
  for (size_t i = 0; ok && i < count; i++)
    if (is_passed_on(environ[i], is_task)) ok = (out[used++] = mtp_strdup(environ[i])) != NULL;
  ok = ok && add_variable(out, &used, "MTP_RUN_DIR=%s", command->run_dir) &&
       add_variable(out, &used, "MTP_TRY=%d", attempt);
  /* threaded BLAS libraries take all cores by default, which slows small cells down */
  if (ok && !environment_value("OMP_NUM_THREADS")) ok = add_variable(out, &used, "OMP_NUM_THREADS=1");
  if (ok) return out;
  mtp_command_environment_free(out);
  return NULL;
}

void mtp_command_environment_free(char **environment) {
  for (char **e = environment; e && *e; e++) free(*e);
  free(environment);
}
