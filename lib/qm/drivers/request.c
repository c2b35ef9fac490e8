/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/request.c
 * Writing in.extxyz. */
#include "qm/drivers/request.h"

#include <stdlib.h>

#include "qm/process/folder.h"

/* The command gets the cell and the atoms with their charges: whatever else is known here could come back as if it were
 * a result. */
mtp_status mtp_qm_write_request(const mtp_qm_call *call, const char *dir) {
  mtp_config bare = *call->config;
  bare.has_energy = bare.has_virial = bare.has_max_grade = false;
  bare.force = bare.site_energy = bare.grade = bare.force_error = NULL;
  bare.feature_count = 0;
  char *text = NULL;
  size_t size = 0;
  mtp_status status =
      mtp_config_format(call->ctx, &bare, call->species_count, call->names, MTP_FORMAT_EXTXYZ, &text, &size);
  if (status == MTP_OK) status = mtp_folder_write(call->ctx, dir, MTP_QM_REQUEST_FILE, text, size);
  free(text);
  return status;
}
