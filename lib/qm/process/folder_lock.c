/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/folder_lock.c
 * Locks on folders of calls whose end nobody has seen. */
#include "qm/process/folder_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "qm/process/folder.h"
#include "support/support.h"

#define FILE_NAME ".unfinished"

static int open_file(const char *dir, int flags) {
  char *path = mtp_folder_absolute(dir, FILE_NAME);
  int fd = path ? open(path, flags | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0666) : -1;
  if (!path) errno = ENOMEM;
  free(path);
  return fd;
}

/* File systems without locks have to do without: there the processes of one folder must not ask for the same. */
static bool is_held_elsewhere(int fd) {
  return flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

mtp_status mtp_folder_lock_make(mtp_context *ctx, mtp_folder_lock *lock, const char *dir) {
  lock->fd = open_file(dir, O_CREAT);
  if (lock->fd < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s/%s: %s", dir, FILE_NAME, strerror(errno));
  is_held_elsewhere(lock->fd);
  return MTP_OK;
}

bool mtp_folder_lock_exists(const char *dir) {
  char *path = mtp_folder_absolute(dir, FILE_NAME);
  bool there = path && access(path, F_OK) == 0;
  free(path);
  return there;
}

bool mtp_folder_lock_claim(mtp_folder_lock *lock, const char *dir) {
  lock->fd = open_file(dir, 0);
  if (lock->fd < 0) return false;
  if (!is_held_elsewhere(lock->fd)) return true;
  mtp_folder_lock_release(lock);
  return false;
}

void mtp_folder_lock_release(mtp_folder_lock *lock) {
  if (lock->fd >= 0) close(lock->fd);
  lock->fd = -1;
}

void mtp_folder_lock_remove(mtp_folder_lock *lock, const char *dir) {
  char *path = lock->fd >= 0 ? mtp_folder_absolute(dir, FILE_NAME) : NULL;
  if (path) unlink(path);
  free(path);
  mtp_folder_lock_release(lock);
}
