/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/journal.h
 * A file of configurations that only grows: each record is on the disk, whole, when the call returns, or not in the
 * file at all. The training set lives in one, which makes it the truth that a killed run is rebuilt from. */
#ifndef MTP_JOURNAL_H
#define MTP_JOURNAL_H

#include <stdbool.h>

#include "mtp/config.h"

typedef struct mtp_journal mtp_journal;

/** Opens `path` for appending and creates it if need be. `exclusive` refuses a file that another run has open in this
 *  way: two runs must not write one training set. Without, each append waits until those of other runs are complete. */
mtp_status mtp_journal_open(mtp_context *ctx, const char *path, bool exclusive, mtp_journal **out);
/** Opens it beside others that do the same, who see to it that one at a time appends; a file that is open exclusively
 * is refused, and so is later who wants it for himself. */
mtp_status mtp_journal_open_shared(mtp_context *ctx, const char *path, mtp_journal **out);
/** Opens such a file anew: then size and contents are those of now, also on a network file system. MTP_ERR_IO if there
 * is another one in its place. */
mtp_status mtp_journal_renew(mtp_context *ctx, mtp_journal *journal);
/** The bytes from `from` on, malloc'ed, with a zero beyond *size. */
mtp_status mtp_journal_read(mtp_context *ctx, const mtp_journal *journal, long long from, char **data, size_t *size);
void mtp_journal_close(mtp_journal *journal);
/** The file goes if it is empty when it is closed, whoever created it. */
void mtp_journal_set_transient(mtp_journal *journal);

/** Bytes in the file, 0 for a device. */
mtp_status mtp_journal_size(mtp_context *ctx, const mtp_journal *journal, long long *size);
/** The format of the file: of what it holds, or by its name when it is empty. */
mtp_format mtp_journal_format(const mtp_journal *journal);

/** Cuts the file to its first `size` bytes. */
mtp_status mtp_journal_truncate(mtp_context *ctx, mtp_journal *journal, long long size);
/** The same for a record that looks unfinished at the end of the file: what is cut off goes into PATH.cut first. An
 * editor that leaves out the last newline makes a good record look like that. */
mtp_status mtp_journal_cut_tail(mtp_context *ctx, mtp_journal *journal, long long size);
/** Appends one record and syncs. On failure, of a full disk for one, the file is as it was before. */
mtp_status mtp_journal_append(mtp_context *ctx, mtp_journal *journal, const void *record, size_t size);
/** Appends configurations in the format of the file, all or none of them. */
mtp_status mtp_journal_add(mtp_context *ctx, mtp_journal *journal, size_t n, const mtp_config *const *configs,
                           int species_count, const char *const *names);

/** The same in place of what the file holds. A kill leaves the old records or the new ones. */
mtp_status mtp_journal_replace(mtp_context *ctx, mtp_journal *journal, size_t n, const mtp_config *const *configs,
                               int species_count, const char *const *names);

/** Fails unless a file of that name could be created or replaced. Nothing is touched. `what` is for the message. */
mtp_status mtp_check_writable(mtp_context *ctx, const char *path, const char *what);

#endif
