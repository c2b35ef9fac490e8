/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/extxyz_pairs.c
 * Keys and values of the comment line of extended XYZ: quoting, both ways. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/extxyz.h"

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

static void skip_blanks(mtp_span *line) {
  while (line->n && is_blank(line->s[0])) line->s++, line->n--;
}

static char next_char(mtp_span *line) {
  line->n--;
  return *line->s++;
}

/* Text up to the closing quote; a backslash gives n a line end and any other character itself. */
static bool take_quoted(mtp_span *line, mtp_text *text) {
  char quote = next_char(line);
  while (line->n) {
    char c = next_char(line);
    if (c == quote) return true;
    if (c == '\\' && line->n) {
      c = next_char(line);
      if (c == 'n') c = '\n';
    }
    mtp_text_add_bytes(text, &c, 1);
  }
  return false;
}

/* Nested braces or brackets. */
static bool take_nested(mtp_span *line, mtp_text *text) {
  char open = line->s[0], close = open == '{' ? '}' : ']';
  size_t k = 0;
  for (int depth = 0; k < line->n; k++) {
    depth += (line->s[k] == open) - (line->s[k] == close);
    if (depth == 0) break;
  }
  if (k == line->n) return false;
  if (open == '{')
    mtp_text_add_bytes(text, line->s + 1, k - 1);
  else
    mtp_text_add_bytes(text, line->s, k + 1);
  line->s += k + 1;
  line->n -= k + 1;
  return true;
}

/* A bare word; in a key it also ends at '='. */
static void take_word(mtp_span *line, bool key, mtp_text *text) {
  size_t k = 0;
  while (k < line->n && !is_blank(line->s[k]) && !(key && line->s[k] == '=')) k++;
  mtp_text_add_bytes(text, line->s, k);
  line->s += k;
  line->n -= k;
}

static bool take_text(mtp_span *line, bool key, mtp_text *text) {
  char c = line->n ? line->s[0] : 0;
  if (c == '"' || c == '\'') return take_quoted(line, text);
  if (!key && (c == '{' || c == '[')) return take_nested(line, text);
  take_word(line, key, text);
  return true;
}

mtp_status mtp_extxyz_next_pair(mtp_scan *scan, mtp_span *line, char **key, char **value) {
  *key = *value = NULL;
  skip_blanks(line);
  if (!line->n) return MTP_OK;
  mtp_span start = *line;
  mtp_text k = {0}, v = {0};
  bool ok = take_text(line, true, &k);
  skip_blanks(line);
  if (ok && line->n && line->s[0] == '=') {
    next_char(line);
    skip_blanks(line);
    ok = take_text(line, false, &v);
  } else if (ok)
    mtp_text_add(&v, "T");
  mtp_text_add_bytes(&k, "", 0);
  mtp_text_add_bytes(&v, "", 0);
  mtp_status status = MTP_OK;
  if (!ok)
    status = mtp_scan_expected(scan, start, "a closing quote or bracket");
  else if (k.failed || v.failed)
    status = mtp_fail_memory(scan->ctx);
  else if (k.size == 0 || strchr(k.data, '\n') || strlen(k.data) != k.size || strlen(v.data) != v.size)
    status = mtp_scan_expected(scan, start, "key=value");
  if (status != MTP_OK) {
    mtp_text_free(&k);
    mtp_text_free(&v);
    return status;
  }
  *key = k.data;
  *value = v.data;
  return MTP_OK;
}

static void add_quoted(mtp_text *text, const char *s) {
  mtp_text_add_bytes(text, "\"", 1);
  for (; *s; s++) {
    if (*s == '"' || *s == '\\') mtp_text_add_bytes(text, "\\", 1);
    if (*s == '\n')
      mtp_text_add_bytes(text, "\\n", 2);
    else
      mtp_text_add_bytes(text, s, 1);
  }
  mtp_text_add_bytes(text, "\"", 1);
}

/* An array in brackets stays one only without quotes; it has to be balanced to be read back. */
static bool is_array(const char *s) {
  int depth = 0;
  if (*s != '[' || strpbrk(s, "\n\r")) return false;
  for (; *s; s++) {
    depth += (*s == '[') - (*s == ']');
    if (depth == 0) return s[1] == 0;
  }
  return false;
}

void mtp_extxyz_add_pair(mtp_text *text, const char *key, const char *value) {
  mtp_text_add_bytes(text, " ", 1);
  if (strpbrk(key, " \t\r\v\f\"'=\\{}[]"))
    add_quoted(text, key);
  else
    mtp_text_add(text, "%s", key);
  mtp_text_add_bytes(text, "=", 1);
  if (!*value || (strpbrk(value, " \t\n\r\v\f\"'=\\{}[],") && !is_array(value)))
    add_quoted(text, value);
  else
    mtp_text_add(text, "%s", value);
}

bool mtp_extxyz_is_reserved(const char *key) {
  static const char *const names[] = {"Lattice", "Properties", "pbc", "max_grade", "MV_grade"};
  if (mtp_extxyz_is_usual(key)) return true;
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (strcasecmp(key, names[k]) == 0) return true;
  return false;
}
