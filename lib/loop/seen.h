/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/seen.h
 * Configurations that were labelled or refused before, so that none is paid for twice. Two are the same when species,
 * cell and positions agree after rounding to 1e-6 A. */
#ifndef MTP_SEEN_H
#define MTP_SEEN_H

#include "mtp/config.h"

typedef struct mtp_seen mtp_seen;

mtp_seen *mtp_seen_new(void);
void mtp_seen_free(mtp_seen *seen);
/** Remembers a labelled configuration, which is borrowed as long as `seen` lives. */
mtp_status mtp_seen_add_label(mtp_context *ctx, mtp_seen *seen, const mtp_config *label);
/** Remembers a configuration by a copy of its atoms, with the reason if it was refused (NULL: it was labelled). What
 * was said of it before is forgotten. */
mtp_status mtp_seen_add(mtp_context *ctx, mtp_seen *seen, const mtp_config *cfg, const char *reason);
/** Whether it was added before; *reason (may be NULL) receives what was given with it last. */
bool mtp_seen_find(const mtp_seen *seen, const mtp_config *cfg, const char **reason);

#endif
