/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/seen.h
 * Configurations that were labelled or refused before, so that none is paid for twice. Two are the same when species,
 * cell and positions agree after rounding to 1e-6 A. */
#ifndef MTP_SEEN_H
#define MTP_SEEN_H

#include <stdint.h>

#include "mtp/config.h"

typedef struct mtp_seen mtp_seen;

mtp_seen *mtp_seen_new(void);
void mtp_seen_free(mtp_seen *seen);
/** What a configuration is known by here. */
uint64_t mtp_seen_hash(const mtp_config *cfg);
/** Remembers it, with the reason if it was refused (NULL: it was labelled). */
mtp_status mtp_seen_add(mtp_context *ctx, mtp_seen *seen, uint64_t hash, const char *reason);
/** Whether it was added before; *reason (may be NULL) receives what was given with it. */
bool mtp_seen_find(const mtp_seen *seen, uint64_t hash, const char **reason);

#endif
