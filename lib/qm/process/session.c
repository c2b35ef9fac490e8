/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/session.c
 * Looking through /proc without memory of the heap: a process that was forked from a threaded one may not touch that.
 */
#include "qm/process/session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__

#include <sys/syscall.h>

/* What the kernel writes for each entry of a folder. */
typedef struct dir_entry {
  uint64_t inode;
  int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[];
} dir_entry;

/* The number that a whole name or the next word stands for, -1 if it is none; *s moves behind it. */
static long read_number(const char **s) {
  long n = 0;
  const char *c = *s;
  if (*c < '0' || *c > '9') return -1;
  for (; *c >= '0' && *c <= '9'; c++) n = 10 * n + (*c - '0');
  *s = c;
  return n;
}

/* Is this process alive and of the session? Its line is "PID (NAME) STATE PPID GROUP SESSION ...", and NAME may hold
 * anything. */
static bool is_member(int proc, const char *name, pid_t session) {
  char path[32] = "", line[512];
  size_t length = strlen(name);
  if (length + sizeof "/stat" > sizeof path) return false;
  memcpy(path, name, length);
  memcpy(path + length, "/stat", sizeof "/stat");
  int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t got = read(fd, line, sizeof line - 1);
  close(fd);
  if (got <= 0) return false;
  line[got] = 0;
  const char *at = strrchr(line, ')');
  if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X') return false;
  long number = -1;
  at += 3;
  for (int field = 0; field < 3; field++) {
    while (*at == ' ') at++;
    number = read_number(&at);
  }
  return number == session;
}

int mtp_session_signal(pid_t session, int number) {
  char buffer[4096];
  int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), count = 0;
  if (proc < 0) return kill(-session, number) == 0;
  for (long got; (got = syscall(SYS_getdents64, proc, buffer, sizeof buffer)) > 0;)
    for (long at = 0; at < got;) {
      dir_entry e; /* a copy: the buffer is one of characters */
      memcpy(&e, buffer + at, offsetof(dir_entry, name));
      const char *whole = buffer + at + offsetof(dir_entry, name), *name = whole;
      long pid = read_number(&name);
      at += e.size;
      if (pid <= 0 || *name || !is_member(proc, whole, session)) continue;
      if (number) kill((pid_t)pid, number);
      count++;
    }
  close(proc);
  return count;
}

#else

int mtp_session_signal(pid_t session, int number) {
  return kill(-session, number) == 0;
}

#endif
