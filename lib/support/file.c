/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/file.c
 * Whole files: reading, and replacing such that a crash leaves the old or the new one, never half of it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

mtp_status mtp_file_read(mtp_context *ctx, const char *path, char **data, size_t *size) {
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
  char *buffer = malloc(capacity);
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

mtp_status mtp_file_replace(mtp_context *ctx, const char *path, const void *data, size_t size) {
  char target[PATH_MAX], temporary[PATH_MAX + 32];
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
  snprintf(temporary, sizeof temporary, "%s.%ld.tmp", target, (long)getpid());
  int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
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
