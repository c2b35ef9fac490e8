/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/checkpoint.c
 * Reading and writing checkpoints. */
#include "learn/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first line; the job as text, because JSON has no integers of 64 bits. */
#define FIRST_LINE "{\"mtp_checkpoint\":1,\"job\":\"%016llx\",\"stage\":%d,\"iterations\":%ld,\"seconds\":%.3f}\n"
#define SCAN_LINE  "{\"mtp_checkpoint\":1,\"job\":\"%16llx\",\"stage\":%d,\"iterations\":%ld,\"seconds\":%n"

mtp_status mtp_checkpoint_write(mtp_context *ctx, const char *path, const mtp_checkpoint *at,
                                const mtp_potential *pot) {
  mtp_text text = {0};
  mtp_text_add(&text, FIRST_LINE, at->job, at->stage, at->iterations, at->seconds);
  mtp_status status = mtp_potential_text(ctx, pot, &text);
  mtp_text_add(&text, "\n");
  if (status == MTP_OK) status = text.failed ? mtp_fail_memory(ctx) : mtp_file_replace(ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status;
}

mtp_status mtp_checkpoint_read(mtp_context *ctx, const char *path, unsigned long long job, mtp_checkpoint *at,
                               mtp_potential **pot) {
  char *data = NULL;
  size_t size = 0;
  *pot = NULL;
  if (access(path, F_OK) != 0 && errno == ENOENT) return MTP_OK;
  mtp_status status = mtp_file_read(ctx, path, &data, &size);
  if (status != MTP_OK) return status;
  const char *end = memchr(data, '\n', size);
  int seconds = 0; /* where their number begins */
  char *rest = NULL;
  if (end) sscanf(data, SCAN_LINE, &at->job, &at->stage, &at->iterations, &seconds);
  if (seconds) at->seconds = mtp_strtod(data + seconds, &rest);
  if (!seconds || rest == data + seconds || *rest != '}')
    status = mtp_fail(ctx, MTP_ERR_FORMAT, "%s:1: expected a checkpoint of mtp train; remove it to begin anew", path);
  else if (at->job != job)
    status =
        mtp_fail(ctx, MTP_ERR_STATE,
                 "%s: the checkpoint is of another potential, training set or options; remove it to begin anew", path);
  else
    status = mtp_potential_parse(ctx, path, end + 1, size - (size_t)(end + 1 - data), pot, NULL);
  free(data);
  return status;
}
