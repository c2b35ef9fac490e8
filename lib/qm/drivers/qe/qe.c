/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe.c
 * The driver `qe TEMPLATE [COMMAND]`: pw.x of Quantum ESPRESSO on an input made from a template. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/xml.h"
#include "qm/drivers/drivers.h"
#include "qm/drivers/qe/qe_template.h"
#include "qm/drivers/qe/qe_xml.h"
#include "qm/drivers/reason.h"
#include "qm/process/command.h"
#include "qm/process/folder.h"
#include "qm/process/process.h"
#include "support/support.h"

#define IN_FILE    "pw.in"
#define OUT_FILE   "pw.out"
#define ERR_FILE   "stderr"
#define LAST_WORDS "JOB DONE"
#define XML_FILE   MTP_QE_OUTDIR "/" MTP_QE_PREFIX ".xml"

typedef struct qe {
  mtp_qe_template template;
  mtp_command command;
} qe;

static void qe_close(void *state) {
  qe *q = state;
  mtp_command_close(&q->command);
  mtp_qe_template_close(&q->template);
  free(q);
}

static mtp_qm_status qe_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                             const char *const *arguments, void **state) {
  (void)user;
  (void)setup;
  static const char *const default_command[] = {"pw.x"};
  static const char *const tail[] = {"-in", IN_FILE};
  if (count < 1)
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "qe: expected a TEMPLATE (an ordinary pw.x input) after the name");
  mtp_xml_start();
  qe *q = mtp_calloc(1, sizeof *q);
  if (!q) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "out of memory");
  bool given = count > 1;
  mtp_status status = mtp_qe_template_open(ctx, &q->template, arguments[0]);
  if (status == MTP_OK)
    status =
        mtp_command_open(ctx, &q->command, given ? count - 1 : 1, given ? arguments + 1 : default_command, 2, tail);
  if (status == MTP_OK)
    *state = q;
  else
    qe_close(q);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

/* The line of the output that contains `phrase`, without blanks around it, and what comes after that line; NULL if
 * there is none. */
static const char *find_line(const char *output, const char *phrase, int *length) {
  const char *at = strstr(output, phrase);
  if (!at) return NULL;
  while (at > output && at[-1] != '\n') at--;
  at += strspn(at, " \t");
  *length = (int)strcspn(at, "\r\n");
  return at;
}

/* pw.x says "Error in routine NAME (CODE):" and what is wrong in the next line. */
static bool quote_error(mtp_context *ctx, const char *output) {
  int length;
  const char *line = find_line(output, "Error in routine", &length);
  if (!line) return false;
  const char *next = line + length;
  next += strspn(next, " \t\r\n");
  int next_length = *next == '%' ? 0 : (int)strcspn(next, "\r\n");
  mtp_fail(ctx, MTP_ERR_QM, "%s: %.*s %.*s", mtp_context_message(ctx), length, line, next_length, next);
  return true;
}

static bool quote_no_convergence(mtp_context *ctx, const char *output) {
  static const char *const phrases[] = {"convergence NOT achieved", "Maximum CPU time exceeded"};
  for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
    int length;
    const char *line = find_line(output, phrases[i], &length);
    if (!line) continue;
    mtp_fail(ctx, MTP_ERR_QM, "pw.x: %.*s", length, line);
    return true;
  }
  return false;
}

/* Judges a run that was not killed. The exit code alone will not do: launchers and scripts may swallow it. */
static mtp_qm_status judge(mtp_qm_status ended, int exit_code, const mtp_qm_call *call, const char *output,
                           const char *xml, const char *const *labels) {
  if (quote_no_convergence(call->ctx, output)) return MTP_QM_NOT_CONVERGED;
  if (ended == MTP_QM_OK) ended = mtp_qe_xml_read(call->ctx, xml, labels, call->label);
  if (ended == MTP_QM_OK) return ended;
  if (!quote_error(call->ctx, output)) mtp_qm_add_last_words(call->ctx, call->dir, ERR_FILE, OUT_FILE);
  /* 2 is how pw.x itself says that it stopped in order, but without a converged result */
  return exit_code == 2 && strstr(output, LAST_WORDS) ? MTP_QM_NOT_CONVERGED : ended;
}

/* *last_words: pw.x came to its end, whatever that is worth. */
static mtp_qm_status read_results(const qe *q, mtp_qm_call *call, mtp_qm_status ended, int exit_code,
                                  bool *last_words) {
  const char **labels = mtp_qe_choose_labels(&q->template, call);
  char *out_path = mtp_folder_absolute(call->dir, OUT_FILE), *xml_path = mtp_folder_absolute(call->dir, XML_FILE);
  char *output = NULL;
  size_t size;
  mtp_qm_status status = MTP_QM_BAD_DATA;
  if (labels && out_path && xml_path && mtp_file_read(NULL, out_path, &output, &size) == MTP_OK) {
    status = judge(ended, exit_code, call, output, xml_path, labels);
    *last_words = strstr(output, LAST_WORDS) != NULL;
  } else {
    mtp_qm_fail(call->ctx, status, "cannot read " OUT_FILE);
  }
  free(output);
  free(out_path);
  free(xml_path);
  free(labels);
  return status;
}

static mtp_qm_status qe_prepare(void *state, mtp_qm_call *call) {
  const qe *q = state;
  const mtp_config *cfg = call->config;
  if (!(mtp_config_volume(cfg) > 0) || !(cfg->periodic[0] || cfg->periodic[1] || cfg->periodic[2]))
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA,
                       "pw.x needs a cell: three lattice vectors, at least one direction periodic");
  return mtp_qe_write_input(&q->template, call, call->dir, IN_FILE) == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

static mtp_qm_status qe_label(void *state, mtp_qm_call *call) {
  const qe *q = state;
  mtp_qm_status status = qe_prepare(state, call);
  if (status != MTP_QM_OK) return status;
  int exit_code;
  bool last_words;
  status = mtp_process_run_call(&q->command, call, OUT_FILE, ERR_FILE, &exit_code);
  if (status == MTP_QM_OK || status == MTP_QM_CRASHED) return read_results(q, call, status, exit_code, &last_words);
  mtp_qm_add_last_words(call->ctx, call->dir, ERR_FILE, OUT_FILE);
  return status;
}

static mtp_qm_status qe_collect(void *state, mtp_qm_call *call) {
  bool last_words = false;
  mtp_qm_status status = read_results(state, call, MTP_QM_OK, 0, &last_words);
  if (status != MTP_QM_OK || last_words) return status;
  return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, OUT_FILE " is cut short: it lacks '" LAST_WORDS "'");
}

const mtp_qm_driver mtp_qm_qe = {.name = "qe",
                                 .needs_dir = true,
                                 .parallel = true,
                                 .deterministic = true,
                                 .ladder = MTP_QM_LADDER_FIRST,
                                 .open = qe_open,
                                 .label = qe_label,
                                 .close = qe_close,
                                 .prepare = qe_prepare,
                                 .collect = qe_collect};
