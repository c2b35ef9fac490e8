/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/event_log.h
 * The event log: one JSON object a line, each written in one piece as it happens. It is for people and reports; nothing
 * is rebuilt from it, so a log that cannot be written is a warning and no reason to stop. */
#ifndef MTP_EVENT_LOG_H
#define MTP_EVENT_LOG_H

#include <cjson/cJSON.h>

#include "mtp/context.h"

typedef struct mtp_event_log mtp_event_log;

/** Opens `path` for appending; its events tell the seconds from now on. A line that a crash cut short is taken off. */
mtp_status mtp_event_log_open(mtp_context *ctx, const char *path, mtp_event_log **out);
/** Keeps other runs that do the same from writing into this log while it is open. */
mtp_status mtp_event_log_claim(mtp_context *ctx, mtp_event_log *log);
void mtp_event_log_close(mtp_event_log *log);

/** A new event with `event`, `time` and `step` (null when negative: no step yet). NULL when memory is exhausted, which
 * the functions below accept, so that only mtp_event_write has to look. */
cJSON *mtp_event_new(const mtp_event_log *log, const char *name, long long step);
/** Numbers keep all their digits; what is not finite becomes null, as JSON has no word for it. */
void mtp_event_number(cJSON *event, const char *key, double value);
void mtp_event_integer(cJSON *event, const char *key, long long value);
void mtp_event_flag(cJSON *event, const char *key, int value);
/** Text of any origin: bytes that are not UTF-8 become '?'. NULL gives null. */
void mtp_event_text(cJSON *event, const char *key, const char *value);
void mtp_event_texts(cJSON *event, const char *key, int count, const char *const *values);

/** Writes the event as one line and frees it. */
void mtp_event_write(mtp_context *ctx, mtp_event_log *log, cJSON *event);

/** Hands the events of the log `path`, compressed or not, to `each` in their order; `event` is borrowed. A last line
 * that a crash cut short is left out, and *cut its number, else 0; any other line without an event is MTP_ERR_FORMAT.
 */
mtp_status mtp_event_log_read(mtp_context *ctx, const char *path,
                              void (*each)(void *user, const char *name, const cJSON *event), void *user, size_t *cut);

#endif
