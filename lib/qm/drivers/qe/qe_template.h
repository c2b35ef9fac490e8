/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe_template.h
 * An ordinary pw.x input as the template of many: all that its author wrote stays, except atoms, cell and the settings
 * that a single point needs or that would spoil it. */
#ifndef MTP_QM_QE_TEMPLATE_H
#define MTP_QM_QE_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/qm.h"
#include "support/support.h"

#define MTP_QE_OUTDIR "out"
#define MTP_QE_PREFIX "mtp"

typedef struct mtp_qe_template {
  char *path;
  char *text;        /**< what stays of the input; our settings go in at the two offsets */
  size_t control_at; /**< behind the word &control */
  size_t system_at;  /**< behind the word &system */
  char *pseudo_dir;  /**< absolute; NULL leaves it to pw.x */
  int label_count;
  char **labels; /**< [label_count] of ATOMIC_SPECIES */
} mtp_qe_template;

/** Reads and checks a template; on failure the message says file, line and what was expected. */
mtp_status mtp_qe_template_open(mtp_context *ctx, mtp_qe_template *t, const char *path);
/** The same from text[size] in memory; `path` is used for messages and for a relative pseudo_dir. */
mtp_status mtp_qe_template_parse(mtp_context *ctx, mtp_qe_template *t, const char *path, const char *text, size_t size);
void mtp_qe_template_close(mtp_qe_template *t);

/** The label for an element: the one that equals it, else the only one that starts with that symbol ("Al1", "Al_a").
 * NULL with a line in `ctx` if there is none or more than one. */
const char *mtp_qe_template_label(mtp_context *ctx, const mtp_qe_template *t, const char *element);

/** Writes the input for a configuration; `labels[species]` are names from the template. Check deck->failed. */
void mtp_qe_template_write(const mtp_qe_template *t, const mtp_config *cfg, const char *const *labels, mtp_text *deck);

/** labels[call->species_count]: the names in the template of the species that occur, NULL for others. The array is the
 * caller's; NULL with a line in call->ctx. */
const char **mtp_qe_choose_labels(const mtp_qe_template *t, const mtp_qm_call *call);

/** Writes the input of a call into DIR/FILE. */
mtp_status mtp_qe_write_input(const mtp_qe_template *t, const mtp_qm_call *call, const char *dir, const char *file);

#endif
