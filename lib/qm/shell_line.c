/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/shell_line.c
 * Words of a shell line, as far as they can be told without a shell: whatever is quoted, or needs an expansion, stays.
 * A bare name stays as well. In the folder of a call it may be that of a file yet to be written, which the folder of
 * the run happens to hold too. */
#include "qm/shell_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "qm/folder.h"

#define BLANKS  " \t\n"
#define BETWEEN BLANKS ";|&()<>`"

/* Characters up to where quotes, blanks or operators end the word. */
static size_t word_length(const char *s) {
  size_t n = 0;
  char quote = 0;
  for (; s[n] && (quote || !strchr(BETWEEN, s[n])); n++) {
    if (s[n] == quote)
      quote = 0;
    else if (!quote && (s[n] == '\'' || s[n] == '"'))
      quote = s[n];
    else if (s[n] == '\\' && quote != '\'' && s[n + 1])
      n++;
  }
  return n;
}

/* Does the shell take the word as it stands? */
static bool is_plain(const char *word) {
  for (; *word; word++)
    if (!isalnum((unsigned char)*word) && !strchr("./_+-,:@%", *word)) return false;
  return true;
}

static void add_quoted(mtp_text *out, const char *path) {
  mtp_text_add(out, "'");
  for (; *path; path++)
    if (*path == '\'')
      mtp_text_add(out, "'\\''");
    else
      mtp_text_add(out, "%c", *path);
  mtp_text_add(out, "'");
}

static void add_word(mtp_text *out, const char *word, const char *run_dir) {
  struct stat st;
  const bool relative = word[0] != '/' && strchr(word, '/') && is_plain(word);
  char *path = relative ? mtp_folder_absolute(run_dir, word) : NULL;
  if (relative && !path) out->failed = true;
  if (path && stat(path, &st) == 0)
    add_quoted(out, path);
  else
    mtp_text_add(out, "%s", word);
  free(path);
}

void mtp_shell_line_add(mtp_text *out, const char *line, const char *run_dir) {
  bool is_output = false;
  while (*line && !out->failed) {
    size_t n = *line == '#' ? strcspn(line, "\n") : word_length(line);
    if (n == 0) { /* an operator or a blank */
      if (!strchr(BLANKS "&|", *line) || !is_output) is_output = *line == '>';
      mtp_text_add(out, "%c", *line++);
      continue;
    }
    char *word = strndup(line, n);
    if (!word) {
      out->failed = true;
      return;
    }
    if (is_output || *word == '#')
      mtp_text_add(out, "%s", word);
    else
      add_word(out, word, run_dir);
    const bool moves = strcmp(word, "cd") == 0 || strcmp(word, "pushd") == 0;
    free(word);
    line += n;
    is_output = false;
    if (!moves) continue;
    mtp_text_add(out, "%s", line); /* from here on paths are relative to another folder */
    return;
  }
}
