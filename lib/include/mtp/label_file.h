/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/label_file.h
 * A file of labels that grows by QM calls and forgets none: each label is appended and synced as soon as those before
 * it are there, a call that was under way when the process ended is known from FILE.calls, and what the file holds is
 * not asked for again.
 */
#ifndef MTP_LABEL_FILE_H
#define MTP_LABEL_FILE_H

#include <stddef.h>

#include "mtp/qm.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_label_file mtp_label_file;

/** Opens or creates a file of extended XYZ, and FILE.calls if there is one; a record that a kill cut short goes to
 * FILE.cut. `names[species_count]` (borrowed) are the species of the configurations to come. MTP_ERR_IO if another
 * process has one of them open, MTP_ERR_FORMAT if they hold something else. */
MTP_API mtp_status mtp_label_file_open(mtp_context *ctx, const char *path, int species_count, const char *const *names,
                                       mtp_label_file **out);
/** A file that was created and is still empty goes again. NULL is allowed. */
MTP_API void mtp_label_file_close(mtp_label_file *file);

/** How many of n configurations have no label in the file (equal ones counted once). */
MTP_API mtp_status mtp_label_file_missing(mtp_context *ctx, const mtp_label_file *file, size_t n,
                                          const mtp_config *const *configs, size_t *missing);

/** Told of each configuration that was missing, in order: labelled and on disk, or failed. tries is 0 where an answer
 * of an earlier process was found. */
typedef void (*mtp_label_progress)(void *user, size_t i, const mtp_qm_report *report);

/** Labels what is missing of n configurations, in their order. Returns as mtp_qm_label_all does: failed calls are
 * reported and are no failure of this function. `progress` may be NULL. */
MTP_API mtp_status mtp_label_file_add(mtp_context *ctx, mtp_label_file *file, mtp_qm *qm, size_t n,
                                      const mtp_config *const *configs, mtp_label_progress progress, void *user);

/** Answers in FILE.calls that no configuration has asked for yet. */
MTP_API size_t mtp_label_file_waiting(const mtp_label_file *file);

#ifdef __cplusplus
}
#endif
#endif
