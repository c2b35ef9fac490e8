/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/checkpoint.h
 * What training needs to go on after a kill: a line of JSON that says where it was, and the potential in hand. Written
 * atomically. */
#ifndef MTP_CHECKPOINT_H
#define MTP_CHECKPOINT_H

#include "model/model.h"

typedef struct mtp_checkpoint {
  unsigned long long job; /**< what is trained on what: another job does not go on from it */
  int stage;
  long iterations; /**< done in this stage */
  double seconds;  /**< spent so far */
} mtp_checkpoint;

mtp_status mtp_checkpoint_write(mtp_context *ctx, const char *path, const mtp_checkpoint *at, const mtp_potential *pot);

/** *pot is NULL if there is no such file. A file of another job, or one that is not a checkpoint, is an error. */
mtp_status mtp_checkpoint_read(mtp_context *ctx, const char *path, unsigned long long job, mtp_checkpoint *at,
                               mtp_potential **pot);

#endif
