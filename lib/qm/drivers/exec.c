/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/exec.c
 * The driver `exec COMMAND`: the command finds in.extxyz in its working folder and leaves out.extxyz there. A comment
 * key status= other than ok says that the result is no good, and free_energy= goes before energy=. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/compare.h"
#include "config/scan.h"
#include "qm/drivers/drivers.h"
#include "qm/drivers/reason.h"
#include "qm/drivers/request.h"
#include "qm/process/command.h"
#include "qm/process/folder.h"
#include "qm/process/process.h"
#include "support/support.h"

#define COMMAND_FILE ".command"
#define OUT_FILE     "out.extxyz"
#define STDOUT_FILE  "stdout"
#define STDERR_FILE  "stderr"
#define TOLERANCE    1e-4 /* A; engines print fewer digits than they were sent */
enum { SPARE_BYTES = 1 << 20, ATOM_BYTES = 4096 };

static mtp_qm_status exec_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)user;
  (void)setup;
  if (count < 1) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "exec: expected a COMMAND after the name");
  mtp_command *command = mtp_calloc(1, sizeof *command);
  if (!command) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "out of memory");
  if (mtp_command_open(ctx, command, count, arguments, 0, NULL) == MTP_OK) {
    *state = command;
    return MTP_QM_OK;
  }
  free(command);
  return MTP_QM_CANNOT_START;
}

static void exec_close(void *state) {
  mtp_command_close(state);
  free(state);
}

/* *says_so: that it is good. */
static mtp_qm_status judge_status(mtp_context *ctx, const mtp_config *frame, bool *says_so) {
  const char *status = mtp_config_get_feature(frame, "status");
  *says_so = status && strcmp(status, "ok") == 0;
  if (!status || *says_so) return MTP_QM_OK;
  const mtp_qm_status said = strstr(status, "conv") ? MTP_QM_NOT_CONVERGED : MTP_QM_CRASHED;
  return mtp_qm_fail(ctx, said, OUT_FILE " says status=%s", status);
}

/* Moves the results over; atoms and cell of the label stay exactly as they were sent. */
static void move_results(mtp_config *label, mtp_config *frame) {
  label->has_energy = frame->has_energy;
  label->energy = frame->energy;
  label->has_virial = frame->has_virial;
  memcpy(label->virial, frame->virial, sizeof label->virial);
  free(label->force);
  label->force = frame->force;
  frame->force = NULL;
}

/* What no result of so many atoms needs would only fill the memory. */
static mtp_status check_length(const mtp_qm_call *call, const char *path) {
  struct stat st;
  const long long most = SPARE_BYTES + ATOM_BYTES * (long long)call->config->n;
  if (stat(path, &st) != 0 || (long long)st.st_size <= most) return MTP_OK;
  return mtp_fail(call->ctx, MTP_ERR_FORMAT, OUT_FILE " has %lld bytes, too many for %zu atoms", (long long)st.st_size,
                  call->config->n);
}

static mtp_status read_frame(mtp_context *ctx, const char *path, mtp_config_set **set) {
  const mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ};
  mtp_status status = mtp_config_set_read(ctx, path, &options, set);
  if (status == MTP_OK && (*set)->n != 1)
    status = mtp_fail(ctx, MTP_ERR_FORMAT, OUT_FILE " holds %zu configurations, expected one", (*set)->n);
  return status;
}

/* The frame must be of the atoms that were sent. */
static mtp_qm_status use_frame(mtp_qm_call *call, mtp_config_set *set, bool *says_so) {
  mtp_qm_status said = judge_status(call->ctx, set->configs[0], says_so);
  if (said != MTP_QM_OK) return said;
  mtp_status status = mtp_config_set_map_species(call->ctx, set, call->species_count, call->names);
  if (status == MTP_OK) status = mtp_config_compare(call->ctx, call->config, set->configs[0], TOLERANCE);
  if (status != MTP_OK) return MTP_QM_BAD_DATA;
  move_results(call->label, set->configs[0]);
  return MTP_QM_OK;
}

static mtp_qm_status read_result(mtp_qm_call *call, bool *says_so) {
  char *path = mtp_folder_absolute(call->dir, OUT_FILE);
  if (!path) return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
  mtp_config_set *set = NULL;
  mtp_status read = check_length(call, path);
  if (read == MTP_OK) read = read_frame(call->ctx, path, &set);
  mtp_qm_status status = read == MTP_OK ? use_frame(call, set, says_so) : MTP_QM_BAD_DATA;
  mtp_config_set_free(set);
  free(path);
  return status;
}

/* The command is part of the input: another one would have another result. So is the folder of the run, which the
 * command is told: what it reads there may be of another run that shares dir=. */
static mtp_qm_status exec_prepare(void *state, mtp_qm_call *call) {
  const mtp_command *command = state;
  mtp_text words = {0};
  mtp_text_add(&words, "%s\n", command->run_dir);
  for (char **word = command->argv; *word; word++) mtp_text_add(&words, "%s\n", *word);
  mtp_status status = mtp_folder_write_text(call->ctx, call->dir, COMMAND_FILE, &words);
  if (status == MTP_OK) status = mtp_qm_write_request(call, call->dir);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

static mtp_qm_status exec_label(void *state, mtp_qm_call *call) {
  mtp_qm_status status = exec_prepare(state, call);
  if (status != MTP_QM_OK) return status;
  int exit_code;
  bool says_so;
  status = mtp_process_run_call(state, call, STDOUT_FILE, STDERR_FILE, &exit_code);
  if (status == MTP_QM_OK) status = read_result(call, &says_so);
  if (status != MTP_QM_OK) mtp_qm_add_last_words(call->ctx, call->dir, STDERR_FILE, STDOUT_FILE);
  return status;
}

static bool ends_with_newline(const char *dir, const char *name) {
  char *path = mtp_folder_absolute(dir, name), *text = NULL;
  size_t size = 0;
  bool ends = path && mtp_file_read(NULL, path, &text, &size) == MTP_OK && size && text[size - 1] == '\n';
  free(text);
  free(path);
  return ends;
}

/* The exit code is gone: the file has to be whole, and to say that it is good. */
static mtp_qm_status exec_collect(void *state, mtp_qm_call *call) {
  (void)state;
  bool says_so = false;
  mtp_qm_status status = ends_with_newline(call->dir, OUT_FILE) ? read_result(call, &says_so) : MTP_QM_BAD_DATA;
  return status == MTP_QM_OK && !says_so ? MTP_QM_BAD_DATA : status;
}

const mtp_qm_driver mtp_qm_exec = {.name = "exec",
                                   .needs_dir = true,
                                   .parallel = true,
                                   .ladder = MTP_QM_LADDER_ALL,
                                   .open = exec_open,
                                   .label = exec_label,
                                   .close = exec_close,
                                   .prepare = exec_prepare,
                                   .collect = exec_collect};
