/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/request.c
 * Writing in.extxyz. */
#include "qm/request.h"

#include <stdlib.h>

#include "qm/folder.h"
#include "qm/reason.h"
#include "support/support.h"

/* The command gets atoms and cell only: whatever else is known here could come back as if it were a result. */
bool mtp_qm_write_request(const mtp_qm_call *call, const char *dir) {
  mtp_config bare = *call->config;
  bare.has_energy = bare.has_virial = bare.has_max_grade = false;
  bare.force = bare.site_energy = bare.grade = NULL;
  bare.feature_count = 0;
  mtp_context *ctx = mtp_context_new();
  char *text = NULL;
  size_t size = 0;
  bool ok =
      ctx && mtp_config_format(ctx, &bare, call->species_count, call->names, MTP_FORMAT_EXTXYZ, &text, &size) == MTP_OK;
  if (ok)
    ok = mtp_folder_write(dir, MTP_QM_REQUEST_FILE, text, size, call->reason, call->reason_size);
  else
    mtp_qm_reason(call->reason, call->reason_size, "%s", ctx ? mtp_context_message(ctx) : "out of memory");
  free(text);
  mtp_context_free(ctx);
  return ok;
}
