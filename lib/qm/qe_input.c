/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/qe_input.c
 * The input of pw.x for one call. */
#include <stdlib.h>

#include "qm/folder.h"
#include "qm/qe_template.h"
#include "qm/reason.h"

static bool choose_labels(const mtp_qe_template *t, const mtp_qm_call *call, const char **labels) {
  for (size_t i = 0; i < call->config->n; i++) {
    int s = call->config->species[i];
    if (!labels[s]) labels[s] = mtp_qe_template_label(t, call->names[s], call->reason, call->reason_size);
    if (!labels[s]) return false;
  }
  return true;
}

bool mtp_qe_write_input(const mtp_qe_template *t, const mtp_qm_call *call, const char *dir, const char *file,
                        const char **labels) {
  if (!choose_labels(t, call, labels)) return false;
  mtp_context *ctx = mtp_context_new();
  mtp_text deck = {0};
  char *path = mtp_folder_absolute(dir, file);
  mtp_qe_template_write(t, call->config, labels, &deck);
  bool ok = ctx && path && !deck.failed;
  if (!ok) {
    mtp_qm_reason(call->reason, call->reason_size, "out of memory");
  } else if (mtp_file_replace(ctx, path, deck.data, deck.size) != MTP_OK) {
    mtp_qm_reason(call->reason, call->reason_size, "%s", mtp_context_message(ctx));
    ok = false;
  }
  free(path);
  mtp_text_free(&deck);
  mtp_context_free(ctx);
  return ok;
}
