/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/vasp/vasp.c
 * The driver `vasp FOLDER COMMAND`: VASP on the INCAR, KPOINTS and POTCAR of a folder. */
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "config/outcar.h"
#include "config/xml.h"
#include "qm/drivers/drivers.h"
#include "qm/drivers/reason.h"
#include "qm/drivers/vasp/vasp_input.h"
#include "qm/drivers/vasp/vasp_xml.h"
#include "qm/process/command.h"
#include "qm/process/folder.h"
#include "qm/process/process.h"
#include "support/support.h"

#define TOLERANCE 1e-4 /* A; OUTCAR has five decimals */

typedef struct vasp {
  mtp_vasp_input input;
  mtp_command command;
} vasp;

static void vasp_close(void *state) {
  vasp *v = state;
  mtp_command_close(&v->command);
  mtp_vasp_input_close(&v->input);
  free(v);
}

static mtp_qm_status vasp_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)user;
  (void)setup;
  if (count < 2)
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START,
                       "vasp: expected a FOLDER (with INCAR, KPOINTS, POTCAR) and a COMMAND after the name");
  mtp_xml_start();
  vasp *v = mtp_calloc(1, sizeof *v);
  if (!v) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "out of memory");
  mtp_status status = mtp_vasp_input_open(ctx, &v->input, arguments[0]);
  if (status == MTP_OK) status = mtp_command_open(ctx, &v->command, count - 1, arguments + 1, 0, NULL);
  if (status == MTP_OK)
    *state = v;
  else
    vasp_close(v);
  return status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START;
}

/* ---- what came back ---- */

/* VASP's complaints. It also prints the last one on its way to a good result, so that none of them is a judgement. */
static bool quote_complaint(mtp_context *ctx, const char *dir) {
  static const char *const phrases[] = {"VERY BAD NEWS", "ZBRENT: fatal error", "I REFUSE TO CONTINUE",
                                        "Sub-Space-Matrix is not hermitian"};
  char *path = mtp_folder_absolute(dir, MTP_VASP_STDOUT), *text = NULL;
  size_t length;
  bool found = false;
  if (path && mtp_file_read(NULL, path, &text, &length) == MTP_OK) {
    for (size_t i = 0; !found && i < sizeof phrases / sizeof phrases[0]; i++) {
      const char *at = strstr(text, phrases[i]);
      if (!at) continue;
      found = true;
      while (at > text && at[-1] != '\n') at--;
      at += strspn(at, " \t|");
      mtp_fail(ctx, MTP_ERR_QM, "%s: VASP says: %.*s", mtp_context_message(ctx), (int)strcspn(at, "\r\n"), at);
    }
  }
  free(text);
  free(path);
  return found;
}

/* The atoms of both sides as VASP sees them: periodic in all directions, in the order of the POSCAR. */
static mtp_status compare_atoms(const mtp_qm_call *call, const size_t *order, const mtp_vasp_output *out,
                                const mtp_config *got) {
  mtp_context *ctx = call->ctx;
  if (got->n != call->config->n)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of %zu atoms, %zu were sent", got->n, call->config->n);
  mtp_config *sent = mtp_config_copy(call->config);
  if (!sent) return mtp_fail_memory(ctx);
  double sign = mtp_vasp_cell_sign(call->config);
  mtp_status status = MTP_OK;
  for (int k = 0; k < 9; k++) sent->cell[k] *= sign;
  for (int k = 0; k < 3; k++) sent->periodic[k] = true;
  for (size_t k = 0; status == MTP_OK && k < sent->n; k++) {
    const char *expected = call->names[call->config->species[order[k]]], *found = out->steps->names[got->species[k]];
    memcpy(sent->x + 3 * k, call->config->x + 3 * order[k], 3 * sizeof *sent->x);
    sent->species[k] = got->species[k]; /* numbers of another table */
    if (strcmp(expected, found) != 0)
      status =
          mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of other atoms: atom %zu is %s, not %s", k + 1, found, expected);
  }
  if (status == MTP_OK) status = mtp_config_compare(ctx, sent, got, TOLERANCE);
  mtp_config_free(sent);
  return status;
}

/* Moves the results over; atoms and cell of the label stay exactly as they were sent. */
static mtp_qm_status move_results(mtp_qm_call *call, const size_t *order, const mtp_config *got) {
  mtp_config *label = call->label;
  if (mtp_config_require_force(NULL, label) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
  for (size_t k = 0; k < label->n; k++)
    memcpy(label->force + 3 * order[k], got->force + 3 * k, 3 * sizeof *label->force);
  label->has_energy = true;
  label->energy = got->energy;
  /* a stress along vacuum is none */
  label->has_virial = got->has_virial && mtp_config_is_periodic(label);
  memcpy(label->virial, got->virial, sizeof label->virial);
  return MTP_QM_OK;
}

static mtp_qm_status read_results(mtp_qm_call *call, const size_t *order, const mtp_vasp_output *out) {
  mtp_config *got = out->steps->configs[out->steps->n - 1];
  char *xml = mtp_folder_absolute(call->dir, "vasprun.xml");
  mtp_status status = xml ? mtp_vasp_xml_refine(call->ctx, xml, got) : mtp_fail_memory(call->ctx);
  if (status == MTP_OK) status = compare_atoms(call, order, out, got);
  free(xml);
  return status == MTP_OK ? move_results(call, order, got) : MTP_QM_BAD_DATA;
}

/* Why an OUTCAR holds no result, NULL if it does. */
static const char *find_fault(const mtp_vasp_output *out) {
  if (!out->finished) return "OUTCAR is cut short: it lacks 'General timing and accounting'";
  if (out->begun == 0) return "OUTCAR has no iteration";
  if (!out->last_converged) return "VASP: the electrons did not reach EDIFF";
  if (!out->last_is_complete) return "OUTCAR has no forces or no free energy in its last step";
  return NULL;
}

/* Judges a run that was not killed. *came_to_end: VASP did, whatever that is worth. Where the run itself failed, that
 * is what the message stays about. */
static mtp_qm_status judge(mtp_qm_status ended, mtp_qm_call *call, const size_t *order, bool *came_to_end) {
  mtp_context *ctx = ended == MTP_QM_OK ? call->ctx : NULL;
  char *path = mtp_folder_absolute(call->dir, "OUTCAR");
  mtp_vasp_output out = {0};
  mtp_status read = path ? mtp_vasp_outcar_read(ctx, path, &out) : mtp_fail_memory(ctx);
  const char *fault = read == MTP_OK ? find_fault(&out) : NULL;
  *came_to_end = out.finished;
  mtp_qm_status status = ended;
  if (out.finished && out.begun > 0 && !out.last_converged)
    status = mtp_qm_fail(call->ctx, MTP_QM_NOT_CONVERGED, "%s", fault);
  else if (status == MTP_QM_OK && read != MTP_OK)
    status = MTP_QM_BAD_DATA;
  else if (status == MTP_QM_OK)
    status = fault ? mtp_qm_fail(ctx, MTP_QM_BAD_DATA, "%s", fault) : read_results(call, order, &out);
  mtp_vasp_output_free(&out);
  free(path);
  return status;
}

static mtp_qm_status run(const vasp *v, mtp_qm_call *call, const size_t *order) {
  int exit_code;
  bool came_to_end = false;
  mtp_qm_status status = mtp_process_run_call(&v->command, call, MTP_VASP_STDOUT, MTP_VASP_STDERR, &exit_code);
  if (status == MTP_QM_OK || status == MTP_QM_CRASHED) status = judge(status, call, order, &came_to_end);
  if (status == MTP_QM_OK) return status;
  if (!quote_complaint(call->ctx, call->dir))
    mtp_qm_add_last_words(call->ctx, call->dir, MTP_VASP_STDERR, MTP_VASP_STDOUT);
  else if (status == MTP_QM_BAD_DATA && !came_to_end)
    status = MTP_QM_CRASHED;
  return status;
}

/* Order of the atoms in the POSCAR, after writing all of it where `write` says so; NULL with *status. */
static size_t *arrange(const vasp *v, mtp_qm_call *call, bool write, mtp_qm_status *status) {
  size_t *order = mtp_calloc(call->config->n, sizeof *order);
  *status = MTP_QM_CANNOT_START;
  if (!order) {
    mtp_fail_memory(call->ctx);
    return NULL;
  }
  *status = mtp_vasp_input_arrange(&v->input, call, write, order);
  if (*status == MTP_QM_OK) return order;
  free(order);
  return NULL;
}

static mtp_qm_status vasp_label(void *state, mtp_qm_call *call) {
  mtp_qm_status status;
  size_t *order = arrange(state, call, true, &status);
  if (order) status = run(state, call, order);
  free(order);
  return status;
}

static mtp_qm_status vasp_prepare(void *state, mtp_qm_call *call) {
  mtp_qm_status status;
  free(arrange(state, call, true, &status));
  return status;
}

static mtp_qm_status vasp_collect(void *state, mtp_qm_call *call) {
  mtp_qm_status status;
  bool came_to_end = false;
  size_t *order = arrange(state, call, false, &status);
  if (order) status = judge(MTP_QM_OK, call, order, &came_to_end);
  free(order);
  return status;
}

const mtp_qm_driver mtp_qm_vasp = {.name = "vasp",
                                   .needs_dir = true,
                                   .parallel = true,
                                   .deterministic = true,
                                   .ladder = MTP_QM_LADDER_FIRST,
                                   .open = vasp_open,
                                   .label = vasp_label,
                                   .close = vasp_close,
                                   .prepare = vasp_prepare,
                                   .collect = vasp_collect};
