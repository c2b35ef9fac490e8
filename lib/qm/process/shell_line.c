/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/shell_line.c
 * Words of a shell line, as far as they can be told without a shell: whatever is quoted, or needs an expansion, stays.
 * A bare name stays as well, unless it is that of a script: in the folder of a call it may be that of a file yet to be
 * written, which the folder of the run happens to hold too. */
#include "qm/process/shell_line.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "qm/process/folder.h"

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

static bool is_script(const char *word) {
  static const char *const ends[] = {"sh", "bash", "py", "pl", "jl", "R", "rb", "lua", "tcl", "m"};
  const char *dot = strrchr(word, '.');
  for (size_t i = 0; dot && i < sizeof ends / sizeof ends[0]; i++)
    if (strcmp(dot + 1, ends[i]) == 0) return true;
  return false;
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

/* What the line itself writes under a name is meant by it from then on. */
static bool is_written(const mtp_text *outputs, const char *word) {
  const size_t length = strlen(word);
  const char *at = outputs->data;
  while (at && (at = strstr(at, word)) && !(at[-1] == '\n' && at[length] == '\n')) at++;
  return at != NULL;
}

static void add_word(mtp_text *out, const char *word, const char *run_dir, const mtp_text *outputs) {
  struct stat st;
  const bool is_path = word[0] != '/' && (strchr(word, '/') || is_script(word)) && is_plain(word);
  const bool is_ours = is_path && !is_written(outputs, word);
  char *path = is_ours ? mtp_folder_absolute(run_dir, word) : NULL;
  if (is_ours && !path) out->failed = true;
  if (path && stat(path, &st) == 0)
    add_quoted(out, path);
  else
    mtp_text_add(out, "%s", word);
  free(path);
}

static void add_words(mtp_text *out, const char *line, const char *run_dir, mtp_text *outputs) {
  bool is_output = false;
  while (*line && !out->failed && !outputs->failed) {
    const size_t n = *line == '#' ? strcspn(line, "\n") : word_length(line);
    if (n == 0) { /* an operator or a blank */
      if (!strchr(BLANKS "&|", *line) || !is_output) is_output = *line == '>';
      mtp_text_add(out, "%c", *line++);
      continue;
    }
    char *word = strndup(line, n);
    out->failed = !word;
    if (!word) return;
    if (is_output) mtp_text_add(outputs, "%s%s\n", outputs->size ? "" : "\n", word);
    if (is_output || *word == '#')
      mtp_text_add(out, "%s", word);
    else
      add_word(out, word, run_dir, outputs);
    const bool moves = strcmp(word, "cd") == 0 || strcmp(word, "pushd") == 0;
    free(word);
    line += n;
    is_output = false;
    if (!moves) continue;
    mtp_text_add(out, "%s", line); /* from here on paths are relative to another folder */
    return;
  }
}

void mtp_shell_line_add(mtp_text *out, const char *line, const char *run_dir) {
  mtp_text outputs = {0};
  add_words(out, line, run_dir, &outputs);
  out->failed = out->failed || outputs.failed;
  mtp_text_free(&outputs);
}
