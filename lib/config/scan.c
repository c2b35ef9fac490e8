/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/scan.c
 * Lines, tokens and numbers of a text in memory. */
#include "config/scan.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/support.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v' || c == '\n';
}

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

mtp_scan mtp_scan_start(mtp_context *ctx, const char *path, const char *data, size_t size, size_t first_line) {
  mtp_scan scan = {.ctx = ctx,
                   .path = strcmp(path, "-") == 0 ? "standard input" : path,
                   .begin = data,
                   .next = data,
                   .end = data + size,
                   .line = first_line ? first_line - 1 : 0,
                   .rest = {data, 0}};
  if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) scan.next += 3;
  return scan;
}

bool mtp_scan_line(mtp_scan *scan) {
  if (scan->next == scan->end) {
    scan->rest = (mtp_span){scan->end, 0};
    scan->past_end = true;
    return false;
  }
  const char *s = scan->next, *newline = memchr(s, '\n', (size_t)(scan->end - s));
  const char *stop = newline ? newline : scan->end;
  scan->next = newline ? newline + 1 : scan->end;
  if (stop > s && stop[-1] == '\r') stop--;
  scan->rest = (mtp_span){s, (size_t)(stop - s)};
  scan->line++;
  return true;
}

bool mtp_scan_filled_line(mtp_scan *scan) {
  while (mtp_scan_line(scan))
    if (mtp_span_trim(scan->rest).n) return true;
  return false;
}

bool mtp_scan_token(mtp_scan *scan, mtp_span *token) {
  do
    if (mtp_span_token(&scan->rest, token)) return true;
  while (mtp_scan_line(scan));
  return false;
}

bool mtp_scan_line_is_ended(const mtp_scan *scan) {
  return scan->next > scan->begin && scan->next[-1] == '\n';
}

mtp_status mtp_scan_fail(mtp_scan *scan, const char *format, ...) {
  char text[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return mtp_fail(scan->ctx, MTP_ERR_FORMAT, "%s:%zu: %s", scan->path, scan->line ? scan->line : 1, text);
}

mtp_status mtp_scan_expected(mtp_scan *scan, mtp_span token, const char *what) {
  if (token.n) return mtp_scan_fail(scan, "found '%s', expected %s", mtp_span_quote(token).text, what);
  return mtp_scan_fail(scan, "found the end of the %s, expected %s", scan->next == scan->end ? "file" : "line", what);
}

mtp_status mtp_scan_real(mtp_scan *scan, const char *what, double *value) {
  mtp_span token = {0};
  mtp_scan_token(scan, &token);
  return mtp_scan_number(scan, token, value) ? MTP_OK : mtp_scan_expected(scan, token, what);
}

mtp_status mtp_scan_count(mtp_scan *scan, const char *what, size_t max, size_t *value) {
  mtp_span token = {0};
  mtp_scan_token(scan, &token);
  return mtp_span_count(token, max, value) ? MTP_OK : mtp_scan_expected(scan, token, what);
}

/* A span of nothing may be nowhere: no arithmetic with its pointer is allowed then. */

bool mtp_span_token(mtp_span *rest, mtp_span *token) {
  *token = *rest;
  if (rest->n == 0) return false;
  const char *s = rest->s, *end = rest->s + rest->n;
  while (s < end && is_blank(*s)) s++;
  const char *stop = s;
  while (stop < end && !is_blank(*stop)) stop++;
  *token = (mtp_span){s, (size_t)(stop - s)};
  *rest = (mtp_span){stop, (size_t)(end - stop)};
  return token->n > 0;
}

mtp_span mtp_span_trim(mtp_span span) {
  while (span.n && is_blank(span.s[0])) span.s++, span.n--;
  while (span.n && is_blank(span.s[span.n - 1])) span.n--;
  return span;
}

bool mtp_span_is(mtp_span span, const char *text) {
  return strlen(text) == span.n && (span.n == 0 || memcmp(span.s, text, span.n) == 0);
}

bool mtp_span_is_ignoring_case(mtp_span span, const char *text) {
  return strlen(text) == span.n && (span.n == 0 || strncasecmp(span.s, text, span.n) == 0);
}

/* The powers of ten that are doubles without rounding. */
static const double exact_tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* strtod needs a terminated copy, and it accepts more than a number of a file may be (nan, inf, hexadecimal): called
 * for checked spans only. */
static bool real_by_library(mtp_span span, double *value) {
  char local[64], *copy = span.n < sizeof local ? local : mtp_realloc(NULL, span.n + 1, 1);
  if (!copy) return false;
  memcpy(copy, span.s, span.n);
  copy[span.n] = 0;
  double v = mtp_strtod(copy, NULL);
  if (copy != local) free(copy);
  if (!isfinite(v)) return false;
  *value = v;
  return true;
}

bool mtp_span_real(mtp_span span, double *value) {
  if (span.n == 0) return false;
  const char *s = span.s, *end = span.s + span.n;
  bool negative = s < end && *s == '-';
  if (s < end && (*s == '-' || *s == '+')) s++;
  uint64_t mantissa = 0;
  bool any = false, fits = true, point = false;
  int scale = 0;
  for (; s < end && (is_digit(*s) || (*s == '.' && !point)); s++) {
    if (*s == '.') {
      point = true;
      continue;
    }
    any = true;
    if (mantissa >= UINT64_C(900719925474099))
      fits = false; /* beyond 2^53 with the next digit */
    else {
      mantissa = mantissa * 10 + (uint64_t)(*s - '0');
      scale -= point;
    }
  }
  if (!any) return false;
  if (s < end && (*s == 'e' || *s == 'E')) {
    bool down = ++s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+')) s++;
    if (s == end) return false;
    int exponent = 0;
    for (; s < end && is_digit(*s); s++)
      if (exponent < 100000) exponent = exponent * 10 + (*s - '0');
    scale += down ? -exponent : exponent;
  }
  if (s != end) return false;
  /* an exact integer times or divided by an exact power of ten is rounded once, hence correctly */
  if (!fits || scale < -22 || scale > 22 || FLT_EVAL_METHOD != 0) return real_by_library(span, value);
  double v = (double)mantissa;
  v = scale < 0 ? v / exact_tens[-scale] : v * exact_tens[scale];
  *value = negative ? -v : v;
  return true;
}

bool mtp_span_count(mtp_span span, size_t max, size_t *value) {
  size_t v = 0;
  for (size_t i = 0; i < span.n; i++) {
    if (!is_digit(span.s[i])) return false;
    size_t digit = (size_t)(span.s[i] - '0');
    if (v > (max - digit) / 10 || digit > max) return false;
    v = v * 10 + digit;
  }
  if (!span.n) return false;
  *value = v;
  return true;
}

bool mtp_span_is_name(mtp_span span) {
  for (size_t k = 0; k < span.n; k++)
    if ((unsigned char)span.s[k] <= ' ' || span.s[k] == 127) return false;
  return span.n > 0;
}

char *mtp_span_copy(mtp_span span) {
  char *copy = mtp_realloc(NULL, span.n + 1, 1);
  if (!copy) return NULL;
  if (span.n) memcpy(copy, span.s, span.n);
  copy[span.n] = 0;
  return copy;
}

mtp_quote mtp_span_quote(mtp_span span) {
  mtp_quote q;
  size_t n = span.n < sizeof q.text - 4 ? span.n : sizeof q.text - 4;
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)span.s[i];
    q.text[i] = c < 32 || c >= 127 ? '?' : (char)c;
  }
  memcpy(q.text + n, n < span.n ? "..." : "", n < span.n ? 4 : 1);
  return q;
}

bool mtp_scan_number(const mtp_scan *scan, mtp_span span, double *value) {
  static const char *const words[] = {"nan", "inf", "infinity"};
  if (mtp_span_real(span, value)) return true;
  if (!scan->tolerates_bad_numbers || span.n == 0) return false;
  const bool negative = span.s[0] == '-';
  if (negative || span.s[0] == '+') span.s++, span.n--;
  for (int k = 0; k < 3; k++)
    if (mtp_span_is_ignoring_case(span, words[k])) {
      *value = k == 0 ? NAN : negative ? -INFINITY : INFINITY;
      return true;
    }
  return false;
}
