/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/parser.c
 * Reading words, numbers and lists of a file of a potential, with messages that say where, what was expected and what
 * was there. */
#include "model/parser.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Messages: where, what was expected, what was there. */

static int line_of(const mtp_model_reader *p) {
  int line = 1;
  for (const char *c = p->begin; c < p->at; c++) line += *c == '\n';
  return line;
}

void mtp_parse_expected(mtp_model_reader *p, const char *what, const char *detail) {
  if (p->status != MTP_OK) return;
  char found[40] = "end of file";
  size_t n = 0;
  while (n < 24 && p->at + n < p->limit && isgraph((unsigned char)p->at[n])) n++;
  if (n > 0)
    snprintf(found, sizeof found, "'%.*s'", (int)n, p->at);
  else if (p->at < p->limit)
    snprintf(found, sizeof found, *p->at == '\n' || *p->at == '\r' ? "end of line" : "a stray byte");
  static const char magnetic[] = "magnetic";
  if (n >= sizeof magnetic - 1 && strncmp(p->at, magnetic, sizeof magnetic - 1) == 0)
    p->status =
        mtp_fail(p->ctx, MTP_ERR_UNSUPPORTED, "%s:%d: magnetic potentials are not supported", p->path, line_of(p));
  else
    p->status =
        mtp_fail(p->ctx, MTP_ERR_FORMAT, "%s:%d: expected %s%s, found %s", p->path, line_of(p), what, detail, found);
}

void mtp_parse_refuse(mtp_model_reader *p, mtp_status status, const char *format, ...) {
  if (p->status != MTP_OK) return;
  char reason[512];
  va_list args;
  va_start(args, format);
  vsnprintf(reason, sizeof reason, format, args);
  va_end(args);
  p->status = mtp_fail(p->ctx, status, "%s:%d: %s", p->path, line_of(p), reason);
}

void mtp_parse_out_of_memory(mtp_model_reader *p) {
  if (p->status == MTP_OK) p->status = mtp_fail_memory(p->ctx);
}

/* Bytes and words. */

static void skip_blanks(mtp_model_reader *p) {
  while (p->at < p->limit && (*p->at == ' ' || *p->at == '\t')) p->at++;
}

void mtp_parse_skip_space(mtp_model_reader *p) {
  while (p->at < p->limit && isspace((unsigned char)*p->at)) p->at++;
}

bool mtp_parse_word(mtp_model_reader *p, const char *word) {
  if (p->status != MTP_OK) return false;
  mtp_parse_skip_space(p);
  size_t n = strlen(word);
  if ((size_t)(p->limit - p->at) < n || memcmp(p->at, word, n) != 0) return false;
  const char *after = p->at + n;
  if (after < p->limit && (isalnum((unsigned char)*after) || *after == '_')) return false;
  p->at = after;
  return true;
}

bool mtp_parse_key(mtp_model_reader *p, const char *key) {
  if (!mtp_parse_word(p, key)) return false;
  skip_blanks(p);
  if (p->at == p->limit || *p->at != '=') {
    mtp_parse_expected(p, "'=' after ", key);
    return false;
  }
  p->at++;
  skip_blanks(p);
  return true;
}

void mtp_parse_need_key(mtp_model_reader *p, const char *key) {
  if (!mtp_parse_key(p, key)) mtp_parse_expected(p, key, " = ...");
}

bool mtp_parse_byte(mtp_model_reader *p, char c) {
  if (p->status != MTP_OK) return false;
  mtp_parse_skip_space(p);
  if (p->at == p->limit || *p->at != c) return false;
  p->at++;
  return true;
}

char *mtp_parse_line(mtp_model_reader *p, const char *key) {
  if (p->status != MTP_OK) return NULL;
  const char *start = p->at;
  while (p->at < p->limit && *p->at != '\n') {
    if (iscntrl((unsigned char)*p->at) && *p->at != '\t' && *p->at != '\r')
      mtp_parse_expected(p, "text in the line of ", key);
    if (p->status != MTP_OK) return NULL;
    p->at++;
  }
  const char *stop = p->at;
  while (stop > start && isspace((unsigned char)stop[-1])) stop--;
  size_t n = (size_t)(stop - start);
  char *text = mtp_calloc(n + 1, 1);
  if (!text) {
    mtp_parse_out_of_memory(p);
    return NULL;
  }
  memcpy(text, start, n);
  return text;
}

/* Numbers are copied out first: the data need not end in a zero byte, and strtod knows words and hexadecimals. */
static bool read_number(mtp_model_reader *p, const char *characters, char *buffer, size_t size, const char *what) {
  if (p->status != MTP_OK) return false;
  mtp_parse_skip_space(p);
  size_t n = 0;
  while (p->at + n < p->limit && n < size - 1 && p->at[n] && strchr(characters, p->at[n])) {
    buffer[n] = p->at[n];
    n++;
  }
  buffer[n] = 0;
  bool whole = p->at + n == p->limit || !isgraph((unsigned char)p->at[n]) || strchr(",}-", p->at[n]);
  if (n == 0 || !whole) mtp_parse_expected(p, what, "");
  return n > 0 && whole;
}

double mtp_parse_real(mtp_model_reader *p, const char *what) {
  char buffer[64], *end;
  if (!read_number(p, "+-.0123456789eE", buffer, sizeof buffer, what)) return 0.0;
  double value = mtp_strtod(buffer, &end);
  if (*end || !isfinite(value)) {
    mtp_parse_expected(p, what, " (a finite number)");
    return 0.0;
  }
  p->at += strlen(buffer);
  return value;
}

int mtp_parse_int(mtp_model_reader *p, const char *what) {
  char buffer[16], *end;
  bool negative = mtp_parse_byte(p, '-');
  if (!read_number(p, "0123456789", buffer, sizeof buffer, what)) return 0;
  long value = strtol(buffer, &end, 10);
  if (*end || value > INT_MAX) {
    mtp_parse_expected(p, what, " (an integer of 32 bits)");
    return 0;
  }
  p->at += strlen(buffer);
  return (int)(negative ? -value : value);
}

int mtp_parse_count(mtp_model_reader *p, const char *what, int low, int high) {
  const char *start = p->at;
  int value = mtp_parse_int(p, what);
  if (p->status == MTP_OK && (value < low || value > high)) {
    p->at = start;
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "%s = %d: expected %d..%d", what, value, low, high);
  }
  return value;
}

/* Lists. */

static bool grow(mtp_model_reader *p, void **data, size_t count, size_t *capacity, size_t item) {
  if (p->status != MTP_OK) return false;
  if (count < *capacity) return true;
  size_t larger = *capacity ? 2 * *capacity : 64;
  void *moved = mtp_realloc(*data, larger, item);
  if (!moved) {
    mtp_parse_out_of_memory(p);
    return false;
  }
  *data = moved;
  *capacity = larger;
  return true;
}

void mtp_parse_add_int(mtp_model_reader *p, mtp_ints *list, int value) {
  void *data = list->data;
  if (!grow(p, &data, list->count, &list->capacity, sizeof value)) return;
  list->data = data;
  list->data[list->count++] = value;
}

void mtp_parse_real_item(mtp_model_reader *p, void *list, const char *what) {
  mtp_reals *values = list;
  double value = mtp_parse_real(p, what);
  void *data = values->data;
  if (!grow(p, &data, values->count, &values->capacity, sizeof value)) return;
  values->data = data;
  values->data[values->count++] = value;
}

void mtp_parse_int_item(mtp_model_reader *p, void *list, const char *what) {
  mtp_parse_add_int(p, list, mtp_parse_int(p, what));
}

size_t mtp_parse_list(mtp_model_reader *p, void (*item)(mtp_model_reader *, void *, const char *), void *list,
                      const char *what) {
  size_t count = 0;
  if (!mtp_parse_byte(p, '{')) mtp_parse_expected(p, "'{' of ", what);
  if (mtp_parse_byte(p, '}')) return 0;
  while (p->status == MTP_OK) {
    item(p, list, what);
    count++;
    if (mtp_parse_byte(p, '}')) break;
    if (!mtp_parse_byte(p, ',')) mtp_parse_expected(p, "',' or '}' in ", what);
  }
  return count;
}

static void read_quadruple(mtp_model_reader *p, void *list, const char *what) {
  size_t count = mtp_parse_list(p, mtp_parse_int_item, list, what);
  if (p->status == MTP_OK && count != 4)
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "%s: expected four integers, found %zu", what, count);
}

void mtp_parse_need_count(mtp_model_reader *p, const char *what, size_t found, size_t wanted) {
  if (p->status == MTP_OK && found != wanted)
    mtp_parse_refuse(p, MTP_ERR_FORMAT, "%s: expected %zu entries, found %zu", what, wanted, found);
}

int mtp_parse_quadruples(mtp_model_reader *p, const char *count_key, const char *key, int (**out)[4]) {
  mtp_ints list = {0};
  mtp_parse_need_key(p, count_key);
  int count = mtp_parse_count(p, count_key, 0, INT_MAX / 4);
  mtp_parse_need_key(p, key);
  mtp_parse_need_count(p, key, mtp_parse_list(p, read_quadruple, &list, key), (size_t)count);
  if (p->status == MTP_OK && !list.data && !(list.data = mtp_calloc(4, sizeof *list.data))) mtp_parse_out_of_memory(p);
  *out = (int(*)[4])list.data; /* rows of four mtp_ints are exactly four mtp_ints in a row */
  return p->status == MTP_OK ? count : 0;
}
