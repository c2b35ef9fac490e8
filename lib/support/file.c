/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/file.c
 * Whole files: reading, and replacing such that a crash leaves the old or the new one, never half of it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "support/support.h"

static mtp_status read_bytes(mtp_context *ctx, const char *path, char **data, size_t *size) {
  int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot open %s: %s", path, strerror(errno));
  size_t capacity = 1 << 16, used = 0;
  struct stat st;
  if (fd != STDIN_FILENO && fstat(fd, &st) == 0 &&
      (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) || S_ISDIR(st.st_mode))) {
    close(fd); /* a device such as /dev/zero has no end */
    return mtp_fail(ctx, MTP_ERR_IO, "cannot read %s: not a file", path);
  }
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) capacity = (size_t)st.st_size + 2;
  char *buffer = mtp_realloc(NULL, capacity, 1);
  mtp_status status = buffer ? MTP_OK : mtp_fail_memory(ctx);
  while (status == MTP_OK) {
    if (used + 1 >= capacity) {
      char *larger = mtp_realloc(buffer, capacity, 2);
      if (!larger) {
        status = mtp_fail_memory(ctx);
        break;
      }
      buffer = larger;
      capacity *= 2;
    }
    ssize_t got = read(fd, buffer + used, capacity - used - 1);
    if (got == 0) break;
    if (got > 0)
      used += (size_t)got;
    else if (errno != EINTR)
      status = mtp_fail(ctx, MTP_ERR_IO, "cannot read %s: %s", path, strerror(errno));
  }
  if (fd != STDIN_FILENO) close(fd);
  if (status != MTP_OK) {
    free(buffer);
    return status;
  }
  buffer[used] = 0;
  *data = buffer;
  *size = used;
  return MTP_OK;
}

/* What begins so is no text, whatever else it may be. */
static const char *other_compression(const char *data, size_t size) {
  static const struct {
    const char *name, *begin;
  } known[] = {{"bzip2", "BZh"},
               {"xz", "\xFD"
                      "7zXZ"},
               {"zstd", "\x28\xB5\x2F\xFD"},
               {"zip", "PK\x03\x04"}};
  for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
    const size_t length = strlen(known[k].begin);
    if (size >= length && memcmp(data, known[k].begin, length) == 0) return known[k].name;
  }
  return NULL;
}

mtp_status mtp_file_read_cut(mtp_context *ctx, const char *path, char **data, size_t *size, int *cut) {
  mtp_status status = read_bytes(ctx, path, data, size);
  *cut = 0;
  if (status != MTP_OK) return status;
  const char *other = other_compression(*data, *size);
  if (other)
    status = mtp_fail(ctx, MTP_ERR_UNSUPPORTED,
                      "%s: found data compressed by %s, expected text, or text compressed by "
                      "gzip",
                      path, other);
  else if (mtp_is_gzip(*data, *size))
    status = mtp_gunzip(ctx, path, data, size, cut);
  if (status != MTP_OK) {
    free(*data);
    *data = NULL;
  }
  return status;
}

mtp_status mtp_file_read(mtp_context *ctx, const char *path, char **data, size_t *size) {
  int cut;
  mtp_status status = mtp_file_read_cut(ctx, path, data, size, &cut);
  if (status != MTP_OK || !cut) return status;
  free(*data);
  *data = NULL;
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: the compressed data are cut short", path);
}

mtp_status mtp_file_head(mtp_context *ctx, const char *path, char *head, size_t room, size_t *size) {
  gzFile file = gzopen(path, "rb"); /* which also reads what is not compressed */
  if (!file) return mtp_fail(ctx, MTP_ERR_IO, "cannot open %s: %s", path, strerror(errno));
  errno = 0;
  const int got = gzread(file, head, (unsigned)room);
  const int error = errno;
  gzclose(file);
  *size = got > 0 ? (size_t)got : 0;
  if (got >= 0 || error == 0) return MTP_OK; /* who reads all of it tells what is wrong with compressed data */
  return mtp_fail(ctx, MTP_ERR_IO, "cannot read %s: %s", path, strerror(error));
}

static int write_all(int fd, const char *data, size_t size) {
  while (size) {
    ssize_t done = write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return -1;
    data += done;
    size -= (size_t)done;
  }
  return 0;
}

void mtp_folder_sync(const char *path) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) : 0;
  if (length >= sizeof folder) return;
  memcpy(folder, path, length);
  folder[length] = 0;
  int fd = open(slash ? (length ? folder : "/") : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  fsync(fd);
  close(fd);
}

/* ---- temporary files ---- */

/* Seconds that a writer may take between making its file and locking it. */
#define LOCKED_AFTER 60
/* Files of this process for one target at a time. */
#define MOST_NAMES 1000

/* NAME.PID.K.tmp, as made below. */
static bool is_temporary_of(const char *file, const char *name) {
  const size_t length = strlen(name);
  if (strncmp(file, name, length) != 0 || file[length] != '.') return false;
  const char *at = file + length + 1;
  const size_t pid = strspn(at, "0123456789");
  if (pid == 0 || at[pid] != '.') return false;
  const size_t k = strspn(at + pid + 1, "0123456789");
  return k > 0 && strcmp(at + pid + 1 + k, ".tmp") == 0;
}

/* A file that nobody holds locked, though there was time to, has lost its writer. */
static void remove_leftover(int folder, const char *file, const struct stat *now) {
  struct stat st;
  const int fd = openat(folder, file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return;
  if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == now->st_uid &&
      st.st_mtime + LOCKED_AFTER < now->st_mtime && flock(fd, LOCK_EX | LOCK_NB) == 0)
    unlinkat(folder, file, 0);
  close(fd);
}

/* `own` has the time of the file system, which may not be that of this machine. */
static void remove_leftovers(const char *target, int own) {
  const char *slash = strrchr(target, '/'), *name = slash ? slash + 1 : target;
  char path[PATH_MAX];
  struct stat now;
  if (strlen(target) >= sizeof path || fstat(own, &now) != 0) return;
  strcpy(path, target);
  path[slash ? (size_t)(slash - target) + 1 : 0] = 0;
  DIR *folder = opendir(slash ? path : ".");
  if (!folder) return;
  for (const struct dirent *entry; (entry = readdir(folder));)
    if (is_temporary_of(entry->d_name, name)) remove_leftover(dirfd(folder), entry->d_name, &now);
  closedir(folder);
}

int mtp_file_temporary(const char *target, int flags, char *name, size_t size) {
  int fd = -1;
  for (int k = 0; fd < 0 && k < MOST_NAMES; k++) {
    if ((size_t)snprintf(name, size, "%s.%ld.%d.tmp", target, (long)getpid(), k) >= size) {
      errno = ENAMETOOLONG;
      return -1;
    }
    fd = open(name, flags | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST) return -1;
  }
  if (fd < 0) return -1;
  flock(fd, LOCK_EX | LOCK_NB); /* not possible everywhere: then nobody else removes it either */
  remove_leftovers(target, fd);
  return fd;
}

/* ---- whole files ---- */

static mtp_status replace_bytes(mtp_context *ctx, const char *path, const void *data, size_t size) {
  char target[PATH_MAX], temporary[PATH_MAX + 48];
  struct stat st;
  int exists = stat(path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) { /* a pipe or /dev/stdout: nothing to replace */
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write_all(fd, data, size) != 0) {
      int error = errno;
      if (fd >= 0) close(fd);
      return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: %s", path, strerror(error));
    }
    close(fd);
    return MTP_OK;
  }
  if (!exists || !realpath(path, target)) {
    if (strlen(path) >= sizeof target) return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: name too long", path);
    strcpy(target, path);
  }
  int fd = mtp_file_temporary(target, O_WRONLY, temporary, sizeof temporary);
  if (fd < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: %s", path, strerror(errno));
  if ((exists && fchmod(fd, st.st_mode & 07777) != 0) || write_all(fd, data, size) != 0 || fsync(fd) != 0) {
    int error = errno;
    close(fd);
    unlink(temporary);
    return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: %s", path, strerror(error));
  }
  if (close(fd) != 0 || rename(temporary, target) != 0) {
    int error = errno;
    unlink(temporary);
    return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: %s", path, strerror(error));
  }
  mtp_folder_sync(target);
  return MTP_OK;
}

mtp_status mtp_file_replace(mtp_context *ctx, const char *path, const void *data, size_t size) {
  if (!mtp_is_gzip_name(path)) return replace_bytes(ctx, path, data, size);
  char *compressed = NULL;
  size_t length = 0;
  mtp_status status = mtp_gzip(ctx, data, size, &compressed, &length);
  if (status == MTP_OK) status = replace_bytes(ctx, path, compressed, length);
  free(compressed);
  return status;
}

static char *real_folder(const char *path, const char *end) {
  char folder[PATH_MAX];
  const size_t length = (size_t)(end - path);
  if (length + 3 > sizeof folder) return NULL;
  mtp_snprintf(folder, sizeof folder, "%.*s/", length ? (int)length : 1, length ? path : ".");
  return realpath(folder, NULL);
}

static bool is_same_entry(const char *a, const char *b) {
  const char *name_a = strrchr(a, '/'), *name_b = strrchr(b, '/');
  if (strcmp(name_a ? name_a + 1 : a, name_b ? name_b + 1 : b) != 0) return false;
  char *of_a = real_folder(a, name_a ? name_a + 1 : a), *of_b = real_folder(b, name_b ? name_b + 1 : b);
  const bool same = of_a && of_b && strcmp(of_a, of_b) == 0;
  free(of_a);
  free(of_b);
  return same;
}

bool mtp_file_is_same(const char *a, const char *b) {
  struct stat of_a, of_b;
  if (stat(a, &of_a) != 0 || stat(b, &of_b) != 0) return is_same_entry(a, b);
  return S_ISREG(of_a.st_mode) && of_a.st_dev == of_b.st_dev && of_a.st_ino == of_b.st_ino;
}
