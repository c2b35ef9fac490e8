/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/reason.c
 * Saying in one line why a call failed. */
#include "qm/drivers/reason.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "mtp/qm.h"
#include "support/support.h"

enum { FAILURE_SIZE = 2048, PATH_SIZE = 1024, TAIL_SIZE = 8192 };

mtp_qm_status mtp_qm_fail(mtp_context *ctx, mtp_qm_status status, const char *format, ...) {
  char line[FAILURE_SIZE] = "";
  va_list args;
  va_start(args, format);
  if (format) mtp_vsnprintf(line, sizeof line, format, args);
  va_end(args);
  mtp_fail(ctx, MTP_ERR_QM, "%s", line);
  return status;
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

/* The last line of DIR/FILE that holds more than blanks, cut to `size`; "" if there is none. */
static void read_last_line(const char *dir, const char *file, char *line, size_t size) {
  char path[PATH_SIZE], tail[TAIL_SIZE];
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
}

void mtp_qm_add_last_words(mtp_context *ctx, const char *dir, const char *err, const char *out) {
  char words[300];
  read_last_line(dir, err, words, sizeof words);
  if (!words[0]) read_last_line(dir, out, words, sizeof words);
  if (words[0]) mtp_fail(ctx, MTP_ERR_QM, "%s: %s", mtp_context_message(ctx), words);
}
