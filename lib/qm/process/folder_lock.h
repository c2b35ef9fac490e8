/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/folder_lock.h
 * The lock on the folder of a call whose end nobody has seen: a file in it, from the start of the call until its answer
 * is safe, that the process which makes the call holds locked. After its death another one can claim the folder. */
#ifndef MTP_QM_FOLDER_LOCK_H
#define MTP_QM_FOLDER_LOCK_H

#include <stdbool.h>

#include "mtp/context.h"

typedef struct mtp_folder_lock {
  int fd; /* -1: none is held */
} mtp_folder_lock;

#define MTP_FOLDER_UNLOCKED ((mtp_folder_lock){-1})

/** Locks the folder of a call that begins. */
mtp_status mtp_folder_lock_make(mtp_context *ctx, mtp_folder_lock *lock, const char *dir);
/** Whether the folder has a lock, somebody's or nobody's. */
bool mtp_folder_lock_exists(const char *dir);
/** Whether the folder has a lock that no living process holds; it is held from now on. */
bool mtp_folder_lock_claim(mtp_folder_lock *lock, const char *dir);
/** Lets go of a folder: the lock stays, for another process to claim. */
void mtp_folder_lock_release(mtp_folder_lock *lock);
/** Takes the lock away. */
void mtp_folder_lock_remove(mtp_folder_lock *lock, const char *dir);

#endif
