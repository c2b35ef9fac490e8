/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/qe/qe_input.c
 * The input of pw.x for one call. */
#include <stdlib.h>

#include "qm/drivers/qe/qe_template.h"
#include "qm/process/folder.h"

const char **mtp_qe_choose_labels(const mtp_qe_template *t, const mtp_qm_call *call) {
  const char **labels = mtp_calloc((size_t)call->species_count, sizeof *labels);
  if (!labels) mtp_fail_memory(call->ctx);
  for (size_t i = 0; labels && i < call->config->n; i++) {
    int s = call->config->species[i];
    if (!labels[s]) labels[s] = mtp_qe_template_label(call->ctx, t, call->names[s]);
    if (labels[s]) continue;
    free(labels);
    return NULL;
  }
  return labels;
}

mtp_status mtp_qe_write_input(const mtp_qe_template *t, const mtp_qm_call *call, const char *dir, const char *file) {
  const char **labels = mtp_qe_choose_labels(t, call);
  if (!labels) return MTP_ERR_ARGUMENT;
  mtp_text deck = {0};
  mtp_qe_template_write(t, call->config, labels, &deck);
  free(labels);
  return mtp_folder_write_text(call->ctx, dir, file, &deck);
}
