/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/reason.h
 * Saying in one line why a call failed, with the engine's own last words. */
#ifndef MTP_QM_REASON_H
#define MTP_QM_REASON_H

#include <stddef.h>

/** Writes a printf-style line; line breaks and control characters become blanks. The arguments may contain `reason`. */
void mtp_qm_reason(char *reason, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

/** The last line of DIR/FILE that holds more than blanks, cut to `size`; "" if there is none. */
void mtp_qm_last_line(const char *dir, const char *file, char *line, size_t size);

/** Appends `: WORDS` to a reason, where WORDS is the last line of DIR/ERR or, if that has none, of DIR/OUT. */
void mtp_qm_add_last_words(const char *dir, const char *err, const char *out, char *reason, size_t size);

#endif
