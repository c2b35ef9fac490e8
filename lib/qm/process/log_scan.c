/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/log_scan.c
 * Bad lines in growing files. */
#include "qm/process/log_scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

/* Wave functions and the like grow by more than this; a log does not. */
enum { MOST_NEW = 16 << 20 };

/* By engine: CP2K, ABINIT (twice), pw.x. */
static const char *const bad_lines[] = {"SCF run NOT converged", "ScfConvergenceWarning", "was not enough SCF cycles",
                                        "convergence NOT achieved"};

static mtp_log_file *entry_of(mtp_log_scan *scan, const char *name) {
  for (size_t i = 0; i < scan->n; i++)
    if (strcmp(scan->files[i].name, name) == 0) return &scan->files[i];
  mtp_log_file *files = mtp_realloc(scan->files, scan->n + 1, sizeof *files);
  if (!files) return NULL;
  scan->files = files;
  files[scan->n] = (mtp_log_file){.name = mtp_strdup(name)};
  return files[scan->n].name ? &files[scan->n++] : NULL;
}

static bool find_in(const char *file, const char *text, size_t size, const char *phrase, char *line, size_t line_size) {
  const char *at = phrase && *phrase ? memmem(text, size, phrase, strlen(phrase)) : NULL;
  if (!at) return false;
  const char *begin = at, *end = at;
  while (begin > text && begin[-1] != '\n') begin--;
  while (end < text + size && *end != '\n') end++;
  while (begin < at && (*begin == ' ' || *begin == '\t')) begin++;
  mtp_snprintf(line, line_size, "%s: %.*s", file, (int)(end - begin < 300 ? end - begin : 300), begin);
  return true;
}

static bool scan_file(mtp_log_file *entry, int fd, const char *also, char *line, size_t size) {
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  long long from = st.st_size < entry->seen ? 0 : entry->seen; /* it was begun anew */
  if (st.st_size == from) return false;
  if (st.st_size - from > MOST_NEW) from = st.st_size - MOST_NEW;
  size_t length = (size_t)(st.st_size - from);
  char *text = mtp_calloc(length + 1, 1);
  ssize_t got = text ? pread(fd, text, length, (off_t)from) : -1;
  bool found = false;
  for (size_t i = 0; got > 0 && !found && i < sizeof bad_lines / sizeof bad_lines[0]; i++)
    found = find_in(entry->name, text, (size_t)got, bad_lines[i], line, size);
  if (got > 0 && !found) found = find_in(entry->name, text, (size_t)got, also, line, size);
  /* a line that is not whole yet is read again, unless it was told already */
  while (got > 0 && !found && text[got - 1] != '\n') got--;
  if (got > 0) entry->seen = from + got;
  free(text);
  return found;
}

bool mtp_log_scan_next(mtp_log_scan *scan, const char *dir, const char *also, char *line, size_t size) {
  DIR *folder = opendir(dir);
  bool found = false;
  if (!folder) return false;
  for (struct dirent *d; (d = readdir(folder));) {
    int fd = openat(dirfd(folder), d->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    mtp_log_file *entry = fd >= 0 ? entry_of(scan, d->d_name) : NULL;
    char other[512];
    if (entry && scan_file(entry, fd, also, found ? other : line, found ? sizeof other : size)) found = true;
    if (fd >= 0) close(fd);
  }
  closedir(folder);
  return found;
}

void mtp_log_scan_free(mtp_log_scan *scan) {
  for (size_t i = 0; i < scan->n; i++) free(scan->files[i].name);
  free(scan->files);
  *scan = (mtp_log_scan){0};
}
