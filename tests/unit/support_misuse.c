/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_misuse.c
 * Making the calls, each in a process of its own, and comparing the tables with the public headers; see
 * support_misuse.h. */
#include "support_misuse.h"

#include <ctype.h>
#include <dirent.h>
#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

misuse_world w;
int misuse_null;

/* Added to a status as the exit status: sanitizers end a process with small ones. */
#define CAME_BACK 100

/* What became of a call with pointer `number` NULL: a status, or -1 if it did not come back. */
static int outcome(const misuse_entry *e, int number) {
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  int status = 0;
  fflush(NULL);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    for (size_t k = 0; k < sizeof deadly / sizeof deadly[0]; k++) signal(deadly[k], SIG_DFL); /* not cmocka's */
    alarm(60);
    misuse_null = number;
    _exit(CAME_BACK + (int)e->call());
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) && WEXITSTATUS(status) >= CAME_BACK ? WEXITSTATUS(status) - CAME_BACK : -1;
}

static int count_bad(const misuse_entry *e) {
  int bad = 0;
  for (int number = 1; number <= e->pointers; number++) {
    const int status = outcome(e, number);
    const bool optional = e->optional & BIT(number);
    if (optional ? status >= 0 : status == MTP_ERR_ARGUMENT) continue;
    print_error("%s with NULL for pointer %d: %s\n", e->name, number,
                status < 0 ? "it crashes" : mtp_status_name((mtp_status)status));
    bad++;
  }
  return bad;
}

void misuse_make_calls(size_t count, const misuse_table *tables) {
  int bad = 0;
  for (size_t t = 0; t < count; t++)
    for (size_t k = 0; k < tables[t].count; k++) bad += count_bad(&tables[t].entries[k]);
  assert_int_equal(bad, 0);
}

/* ---- are the tables complete? ---- */

static bool is_in_table(size_t count, const misuse_table *tables, const char *name) {
  for (size_t t = 0; t < count; t++)
    for (size_t k = 0; k < tables[t].count; k++)
      if (strcmp(tables[t].entries[k].name, name) == 0) return true;
  return false;
}

static int missing_of_header(size_t count, const misuse_table *tables, const char *path) {
  char line[400], name[100];
  int missing = 0;
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  while (fgets(line, sizeof line, file)) {
    const char *at = strncmp(line, "MTP_API ", 8) == 0 ? strstr(line + 8, "mtp_") : NULL;
    for (; at; at = strstr(at + 1, "mtp_")) { /* the one before the parenthesis is the function */
      size_t length = 0;
      while (isalnum((unsigned char)at[length]) || at[length] == '_') length++;
      if (at[length] != '(') continue;
      snprintf(name, sizeof name, "%.*s", (int)length, at);
      if (is_in_table(count, tables, name)) break;
      print_error("%s of %s is in no table\n", name, path);
      missing++;
      break;
    }
  }
  fclose(file);
  return missing;
}

void misuse_expect_complete(size_t count, const misuse_table *tables) {
  char here[] = __FILE__, folder[600], path[1000];
  int missing = 0, headers = 0;
  snprintf(folder, sizeof folder, "%s/../../lib/include/mtp", dirname(here));
  DIR *dir = opendir(folder);
  if (!dir) skip(); /* the sources are elsewhere */
  for (const struct dirent *e; (e = readdir(dir));) {
    const char *dot = strrchr(e->d_name, '.');
    if (!dot || strcmp(dot, ".h") != 0) continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    missing += missing_of_header(count, tables, path);
    headers++;
  }
  closedir(dir);
  assert_true(headers >= 12);
  assert_int_equal(missing, 0);
}
