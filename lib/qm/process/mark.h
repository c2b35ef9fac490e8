/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/mark.h
 * The mark of a call whose end nobody has seen: a file in its folder, from the start of the call until its answer is
 * safe. The process that makes the call holds a lock on it; after its death another one can claim the folder. */
#ifndef MTP_QM_MARK_H
#define MTP_QM_MARK_H

#include <stdbool.h>

#include "mtp/context.h"

typedef struct mtp_mark {
  int fd; /* -1: none is held */
} mtp_mark;

#define MTP_MARK_NONE ((mtp_mark){-1})

/** Marks the folder of a call that begins. */
mtp_status mtp_mark_make(mtp_context *ctx, mtp_mark *mark, const char *dir);
/** Whether the folder has a mark, somebody's or nobody's. */
bool mtp_mark_is_there(const char *dir);
/** Whether the folder has a mark that no living process holds; it is held from now on. */
bool mtp_mark_claim(mtp_mark *mark, const char *dir);
/** Lets go of a folder: the mark stays, for another process to claim. */
void mtp_mark_release(mtp_mark *mark);
/** Takes the mark away. */
void mtp_mark_remove(mtp_mark *mark, const char *dir);

#endif
