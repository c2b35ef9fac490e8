/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/reason.h
 * Saying in one line why a call failed, with the engine's own last words. */
#ifndef MTP_QM_REASON_H
#define MTP_QM_REASON_H

#include "mtp/context.h"

/** Appends `: WORDS` to the last failure in `ctx`, where WORDS is the last line of DIR/ERR or, if that has none, of
 * DIR/OUT. */
void mtp_qm_add_last_words(mtp_context *ctx, const char *dir, const char *err, const char *out);

#endif
