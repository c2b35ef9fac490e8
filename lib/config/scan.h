/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/scan.h
 * Reading text in memory: lines, tokens, numbers, and errors that name file and line. The text need not be
 * zero-terminated. */
#ifndef MTP_CONFIG_SCAN_H
#define MTP_CONFIG_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/context.h"

/** A piece of the text. */
typedef struct mtp_span {
  const char *s;
  size_t n;
} mtp_span;

typedef struct mtp_scan {
  mtp_context *ctx;
  const char *path;
  const char *begin, *next, *end; /**< the text; `next` is where the next line starts */
  size_t line;                    /**< number of the current line */
  mtp_span rest;                  /**< unread part of the current line, without its line end */
  bool past_end;                  /**< a line was asked for after the last one */
  bool tolerates_bad_numbers;     /**< nan and inf are numbers */
} mtp_scan;

/** Starts before the first line, which gets the number `first_line`. A UTF-8 byte order mark is skipped. */
mtp_scan mtp_scan_start(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line);
/** Moves on to the next line (LF or CRLF ended); false at the end of the text. */
bool mtp_scan_line(mtp_scan *scan);
/** Moves on to the next line that is not blank. */
bool mtp_scan_filled_line(mtp_scan *scan);
/** Next token, on this line or a later one. */
bool mtp_scan_token(mtp_scan *scan, mtp_span *token);
/** True if the current line is ended by a newline. */
bool mtp_scan_line_is_ended(const mtp_scan *scan);
/** "PATH:LINE: ..." as MTP_ERR_FORMAT. */
mtp_status mtp_scan_fail(mtp_scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The same for a token: "PATH:LINE: found 'TOKEN', expected WHAT". An empty token reads "found the end of the line".
 */
mtp_status mtp_scan_expected(mtp_scan *scan, mtp_span token, const char *what);
/** A finite number, or a non-negative integer not above `max`, from this line or a later one. */
mtp_status mtp_scan_real(mtp_scan *scan, const char *what, double *value);
mtp_status mtp_scan_count(mtp_scan *scan, const char *what, size_t max, size_t *value);

/** Takes the next blank-separated token off the front; false (and an empty token) if there is none. */
bool mtp_span_token(mtp_span *rest, mtp_span *token);
mtp_span mtp_span_trim(mtp_span span);
bool mtp_span_is(mtp_span span, const char *text);
bool mtp_span_is_ignoring_case(mtp_span span, const char *text);
/** The whole span as a number of this text: finite, unless others are tolerated. */
bool mtp_scan_number(const mtp_scan *scan, mtp_span span, double *value);
/** The whole span as a finite decimal number, correctly rounded. */
bool mtp_span_real(mtp_span span, double *value);
/** The whole span as decimal digits not above `max`. */
bool mtp_span_count(mtp_span span, size_t max, size_t *value);
/** Can the whole span be the name of an element or type: printable, without blanks? What is not ASCII is taken for a
 * letter. */
bool mtp_span_is_name(mtp_span span);
/** A malloc'ed zero-terminated copy, NULL when memory is exhausted. */
char *mtp_span_copy(mtp_span span);

/** A printable, shortened copy of a span for messages. */
typedef struct mtp_quote {
  char text[48];
} mtp_quote;
mtp_quote mtp_span_quote(mtp_span span);

#endif
