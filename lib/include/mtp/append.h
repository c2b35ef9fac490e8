/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/append.h
 * Configurations kept for good: what an engine meets and must not lose, such as the one that ended a run.
 */
#ifndef MTP_APPEND_H
#define MTP_APPEND_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Appends configs[n] to a file of extended XYZ or cfg (what it holds tells which, or its name when there is nothing in
 * it), which is created if need be. When the call returns they are on the disk, all of them; on failure, of a full disk
 * for one, the file is as it was. Other processes may append to it at the same time. names[species_count] is the
 * species table. */
MTP_API mtp_status mtp_append_configs(mtp_context *ctx, const char *path, size_t n, const mtp_config *const *configs,
                                      int species_count, const char *const *names);

/** Fails unless a file of that name could be created, or holds what configurations can be appended to, so that a long
 * run learns of it before and not after. Nothing is touched. `what` names the file in the message ("save file"). */
MTP_API mtp_status mtp_append_check(mtp_context *ctx, const char *path, const char *what);

#ifdef __cplusplus
}
#endif
#endif
