/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/model_file.c
 * Both halves of the file of a potential from one image of it. Learning runs replace such files, so that whoever opens
 * them twice may get the grades of another potential. */
#include <stdlib.h>
#include <string.h>

#include "learn/active_set.h"
#include "model/model.h"

/* data[size] end in a zero byte. */
static mtp_status read_both(mtp_context *ctx, const char *name, const char *data, size_t size, mtp_potential **pot,
                            mtp_active_set **as) {
  mtp_potential *read = NULL;
  mtp_status status = mtp_potential_parse(ctx, name, data, size, &read, NULL);
  if (status == MTP_OK) mtp_potential_remark(ctx, name, read, data, size);
  if (status == MTP_OK && as) status = mtp_active_set_parse(ctx, name, data, size, read, as);
  if (status != MTP_OK) {
    mtp_potential_free(read);
    return status;
  }
  *pot = read;
  return MTP_OK;
}

static mtp_status clear_outputs(mtp_context *ctx, const void *from, mtp_potential **pot, mtp_active_set **as) {
  if (pot) *pot = NULL;
  if (as) *as = NULL;
  if (from && pot) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_ARGUMENT, "reading a potential and its active set: a null pointer was passed in");
}

mtp_status mtp_model_read(mtp_context *ctx, const char *path, mtp_potential **pot, mtp_active_set **as) {
  char *data = NULL;
  size_t size = 0;
  mtp_status status = clear_outputs(ctx, path, pot, as);
  if (status == MTP_OK) status = mtp_file_read(ctx, path, &data, &size);
  if (status == MTP_OK) status = read_both(ctx, path, data, size, pot, as);
  free(data);
  return status;
}

mtp_status mtp_model_from_text(mtp_context *ctx, const char *name, const char *text, size_t size, mtp_potential **pot,
                               mtp_active_set **as) {
  mtp_status status = clear_outputs(ctx, name && text ? text : NULL, pot, as);
  if (status != MTP_OK) return status;
  char *copy = mtp_calloc(size + 1, 1); /* numbers of an active set are read up to a zero byte */
  if (!copy) return mtp_fail_memory(ctx);
  memcpy(copy, text, size);
  status = read_both(ctx, name, copy, size, pot, as);
  free(copy);
  return status;
}
