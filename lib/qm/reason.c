/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/reason.c
 * Saying in one line why a call failed. */
#include "qm/reason.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = 1024, TAIL_SIZE = 8192 };

static void make_one_line(char *text) {
  for (unsigned char *c = (unsigned char *)text; *c; c++)
    if (*c < ' ' || *c == 0x7f) *c = ' ';
}

void mtp_qm_reason(char *reason, size_t size, const char *format, ...) {
  if (!reason || size == 0) return;
  char line[LINE_SIZE]; /* aside, because the arguments may contain `reason` */
  va_list args;
  va_start(args, format);
  vsnprintf(line, sizeof line, format, args);
  va_end(args);
  make_one_line(line);
  size_t length = strlen(line);
  if (length >= size) length = size - 1;
  memcpy(reason, line, length);
  reason[length] = 0;
}

static bool says_something(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++)
    if (isalnum((unsigned char)text[i])) return true;
  return false;
}

/* The last line of a text of `length` bytes that is more than blanks and rulers; *count is its length without outer
 * blanks. */
static const char *last_line(const char *text, size_t length, size_t *count) {
  for (;;) {
    while (length && (unsigned char)text[length - 1] <= ' ') length--;
    size_t begin = length;
    while (begin && text[begin - 1] != '\n' && text[begin - 1] != '\r') begin--;
    size_t line = begin;
    while (begin < length && (unsigned char)text[begin] <= ' ') begin++;
    *count = length - begin;
    if (line == 0 || says_something(text + begin, *count)) return text + begin;
    length = line;
  }
}

void mtp_qm_last_line(const char *dir, const char *file, char *line, size_t size) {
  char path[LINE_SIZE], tail[TAIL_SIZE];
  line[0] = 0;
  if (snprintf(path, sizeof path, "%s/%s", dir, file) >= (int)sizeof path) return;
  FILE *f = fopen(path, "rbe");
  if (!f) return;
  if (fseek(f, -(long)sizeof tail, SEEK_END) != 0) rewind(f);
  size_t got = fread(tail, 1, sizeof tail, f), count;
  fclose(f);
  for (size_t i = 0; i < got; i++)
    if (!tail[i]) tail[i] = ' ';
  const char *found = last_line(tail, got, &count);
  if (count >= size) count = size - 1;
  memcpy(line, found, count);
  line[count] = 0;
  make_one_line(line);
}

void mtp_qm_add_last_words(const char *dir, const char *err, const char *out, char *reason, size_t size) {
  char words[300];
  mtp_qm_last_line(dir, err, words, sizeof words);
  if (!words[0]) mtp_qm_last_line(dir, out, words, sizeof words);
  if (words[0]) mtp_qm_reason(reason, size, "%s: %s", reason, words);
}
