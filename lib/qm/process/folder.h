/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/folder.h
 * The numbered folders that QM calls run in. */
#ifndef MTP_QM_FOLDER_H
#define MTP_QM_FOLDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/support.h"

/** A folder that holds numbered ones. */
typedef struct mtp_folders {
  char *path;        /**< absolute */
  long long first;   /**< all folders below this number were there before */
  atomic_llong next; /**< the number to try next */
  bool created;      /**< it did not exist before */
} mtp_folders;

/** Opens or creates `path` (with its parents) and finds the first number above all that are there. */
mtp_status mtp_folders_open(mtp_context *ctx, mtp_folders *folders, const char *path);
/** Creates the next numbered folder and writes its absolute path into `dir`. Several threads may do so at a time. */
mtp_status mtp_folders_make(mtp_context *ctx, mtp_folders *folders, char *dir, size_t dir_size);
/** Shows the folders that were there before, in no order, until one is accepted. False if none was. */
bool mtp_folders_search(const mtp_folders *folders, bool (*accept)(void *user, const char *dir), void *user);
/** Removes the folder if it was created here and is empty. */
void mtp_folders_close(mtp_folders *folders);

/** Whether `dir` has all the files of the folder `sample`, with the same contents, and links to the same files. */
bool mtp_folder_has_files_of(const char *dir, const char *sample);
/** Removes a folder and all within, without following links. */
bool mtp_folder_remove(const char *dir);

/** Writes a file for an engine: what a power failure takes of it is of no worth. */
mtp_status mtp_folder_write(mtp_context *ctx, const char *dir, const char *name, const void *data, size_t size);
/** The same with a text, which is freed. */
mtp_status mtp_folder_write_text(mtp_context *ctx, const char *dir, const char *name, mtp_text *text);

/** Current folder as malloc'ed text, NULL if there is none. */
char *mtp_folder_current(void);
/** `path` if it is absolute, else FOLDER/path; malloc'ed, NULL when memory is exhausted. */
char *mtp_folder_absolute(const char *folder, const char *path);

#endif
