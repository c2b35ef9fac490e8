/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/message.c
 * The lines on standard error, and memory that is there or ends the command with one. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

int cli_say(cli *c, int status, const char *format, ...) {
  const char *name = c->command ? c->command->name : "", *blank = c->command ? " " : "";
  va_list args;
  cli_progress_end(c);
  fprintf(stderr, "mtp%s%s: %s", blank, name, status == CLI_OK ? "warning: " : "");
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  if (status == CLI_USAGE) fprintf(stderr, " (see mtp %s%s--help)", name, blank);
  fputc('\n', stderr);
  return status;
}

int cli_library(cli *c, const char *path) {
  const char *message = mtp_context_message(c->ctx);
  if (path && !strstr(message, path)) return cli_fail(c, "%s: %s", path, message);
  return cli_fail(c, "%s", message);
}

void cli_die_of_memory(void) {
  fputs("mtp: out of memory\n", stderr);
  exit(CLI_FAILED);
}

void *cli_alloc(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size ? size : 1);
  if (!p) cli_die_of_memory();
  return p;
}

void *cli_realloc(void *p, size_t count, size_t size) {
  void *grown = reallocarray(p, count ? count : 1, size);
  if (!grown) cli_die_of_memory();
  return grown;
}

void cli_forward_message(void *user, mtp_level level, const char *message) {
  if (level == MTP_WARNING)
    cli_warn(user, "%s", message);
  else if (isatty(STDERR_FILENO)) /* who is not there to read it is not told */
    fprintf(stderr, "\r\033[K%s\n", message);
}
