/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/share.c
 * Locks of runs that learn into one training file. */
#include "loop/share.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

/* Bytes of FILE.share from which on they stand for runs that live, for those of them that go on learning, and for those
 * that make calls; those before are the locks. */
#define RUNS     16
#define GOING_ON 4096
#define BUSY     8192
#define CALLS    ".calls"
#define WANTED   ".wanted"
/* Between two tries, seconds. */
#define SHORTEST 0.001
#define LONGEST  0.05
/* After so many the user is told whom a run waits for: one that hangs keeps its locks. */
#define PATIENCE 60.0

struct mtp_share {
  char *train, *path;
  int fd;
  int number;
  bool lives; /* it holds its number */
  bool held[2];
};

/* ---- ranges ---- */

/* 0, or an error number; EAGAIN if another has it. */
static int set_lock(int fd, short type, long long byte) {
  struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)byte, .l_len = 1};
  int failed;
  do failed = fcntl(fd, F_OFD_SETLK, &range);
  while (failed != 0 && errno == EINTR);
  return failed == 0 ? 0 : errno == EACCES ? EAGAIN : errno;
}

static bool is_free_to_take(int fd, long long byte) {
  return set_lock(fd, F_WRLCK, byte) == 0;
}

static mtp_status no_locks(mtp_context *ctx, const mtp_share *s, int error) {
  return mtp_fail(ctx, MTP_ERR_IO, "share: cannot lock %s: %s; runs that learn together need a file system with locks",
                  s->path, strerror(error));
}

mtp_status mtp_share_take(mtp_context *ctx, mtp_share *s, mtp_share_lock lock) {
  bool taken;
  return mtp_share_take_idly(ctx, s, lock, NULL, NULL, &taken);
}

mtp_status mtp_share_take_idly(mtp_context *ctx, mtp_share *s, mtp_share_lock lock, mtp_share_idle idle, void *user,
                               bool *taken) {
  double nap = SHORTEST;
  const double begin = mtp_now();
  *taken = false;
  for (bool told = false;;) {
    const int error = set_lock(s->fd, F_WRLCK, lock);
    bool worked = false, enough = false;
    if (error == 0) break;
    if (error != EAGAIN) return no_locks(ctx, s, error);
    if (mtp_context_is_stopped(ctx))
      return mtp_fail(ctx, MTP_ERR_STOPPED, "stopped while it waited for another run that shares %s", s->train);
    if (!told && mtp_now() - begin > PATIENCE) {
      mtp_message(ctx, MTP_INFO, "waiting since %g s for another run that %s", PATIENCE,
                  lock == MTP_SHARE_REFIT ? "makes a potential" : "writes to the training file");
      told = true;
    }
    const mtp_status status = idle ? idle(user, &worked, &enough) : MTP_OK;
    if (status != MTP_OK || enough) return status;
    if (worked) continue;
    mtp_sleep(nap);
    nap = nap < LONGEST ? 1.5 * nap : nap;
  }
  s->held[lock] = *taken = true;
  return MTP_OK;
}

bool mtp_share_try(mtp_share *s, mtp_share_lock lock) {
  s->held[lock] = is_free_to_take(s->fd, lock);
  return s->held[lock];
}

void mtp_share_give(mtp_share *s, mtp_share_lock lock) {
  if (s->held[lock]) set_lock(s->fd, F_UNLCK, lock);
  s->held[lock] = false;
}

bool mtp_share_holds(const mtp_share *s, mtp_share_lock lock) {
  return s->held[lock];
}

/* ---- runs ---- */

int mtp_share_number(const mtp_share *s) {
  return s->number;
}

/* The kernel tells one of those that are there, not the first. */
static int next_in(const mtp_share *s, int base, int number) {
  int found = 0;
  for (int last = MTP_SHARE_RUNS; last > number;) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    range.l_start = (off_t)(base + number + 1);
    range.l_len = (off_t)(last - number);
    if (fcntl(s->fd, F_OFD_GETLK, &range) != 0 || range.l_type == F_UNLCK) return found;
    found = (int)(range.l_start - base);
    if (found <= number) return number + 1;
    last = found - 1;
  }
  return found;
}

int mtp_share_next(const mtp_share *s, int number) {
  return next_in(s, RUNS, number);
}

char *mtp_share_name(const mtp_share *s, int number) {
  mtp_text name = {0};
  mtp_text_add(&name, "%s.%d", s->train, number);
  if (!name.failed) return name.data;
  mtp_text_free(&name);
  return NULL;
}

char *mtp_share_wanted_name(const mtp_share *s, int number) {
  mtp_text name = {0};
  mtp_text_add(&name, "%s.%d" WANTED, s->train, number);
  if (!name.failed) return name.data;
  mtp_text_free(&name);
  return NULL;
}

void mtp_share_set_busy(mtp_share *s, bool busy) {
  set_lock(s->fd, busy ? F_WRLCK : F_UNLCK, BUSY + s->number);
}

bool mtp_share_is_busy(const mtp_share *s, int number) {
  struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)(BUSY + number), .l_len = 1};
  return fcntl(s->fd, F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

static bool has_calls(const mtp_share *s, int number) {
  struct stat st;
  mtp_text name = {0};
  mtp_text_add(&name, "%s.%d" CALLS, s->train, number);
  const bool has = !name.failed && stat(name.data, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
  mtp_text_free(&name);
  return has;
}

void mtp_share_drop(mtp_share *s, int number) {
  set_lock(s->fd, F_UNLCK, RUNS + number);
}

/* ---- what is left of runs that are gone ---- */

/* NUMBER of FILE.NUMBER and what ends in this way, 0 of other names. */
static int number_of(const char *file, const char *name, const char *end_of_name) {
  const size_t length = strlen(name);
  char *end;
  if (strncmp(file, name, length) != 0 || file[length] != '.' || file[length + 1] < '1' || file[length + 1] > '9')
    return 0;
  const long number = strtol(file + length + 1, &end, 10);
  return strcmp(end, end_of_name) == 0 && number <= MTP_SHARE_RUNS ? (int)number : 0;
}

static const char *name_of(const mtp_share *s) {
  const char *slash = strrchr(s->train, '/');
  return slash ? slash + 1 : s->train;
}

static DIR *open_folder(const mtp_share *s) {
  const char *slash = strrchr(s->train, '/');
  char *folder = mtp_strdup(slash ? s->train : ".");
  if (folder && slash) folder[slash - s->train + 1] = 0;
  DIR *dir = folder ? opendir(folder) : NULL;
  free(folder);
  return dir;
}

/* Where this one begins anew, or another is gone, nobody is to ask for what it wanted. MTP_SHARE_TRAIN is held. */
static void remove_wanted(mtp_share *s) {
  DIR *dir = open_folder(s);
  for (const struct dirent *entry; dir && (entry = readdir(dir));) {
    const int number = number_of(entry->d_name, name_of(s), WANTED CALLS);
    const bool other = number != s->number;
    if (number == 0 || (other && !is_free_to_take(s->fd, RUNS + number))) continue;
    unlinkat(dirfd(dir), entry->d_name, 0);
    if (other) mtp_share_drop(s, number);
  }
  if (dir) closedir(dir);
}

/* The lowest one that could be locked; it is. */
int mtp_share_claim(mtp_share *s) {
  int found = 0;
  DIR *dir = open_folder(s);
  for (const struct dirent *entry; dir && (entry = readdir(dir));) {
    const int number = number_of(entry->d_name, name_of(s), CALLS);
    if (number == 0 || number == s->number || (found && number > found) || !has_calls(s, number)) continue;
    if (!is_free_to_take(s->fd, RUNS + number)) continue;
    if (found) mtp_share_drop(s, found);
    found = number;
    if (!has_calls(s, found)) { /* its run has just come to its end */
      mtp_share_drop(s, found);
      found = 0;
    }
  }
  if (dir) closedir(dir);
  return found;
}

/* ---- coming and going ---- */

static bool is_in_place(const mtp_share *s) {
  struct stat ours, there;
  return fstat(s->fd, &ours) == 0 && stat(s->path, &there) == 0 && ours.st_dev == there.st_dev &&
         ours.st_ino == there.st_ino;
}

/* The last run may remove the file between our opening and our locking it. */
static mtp_status open_file(mtp_context *ctx, mtp_share *s) {
  for (;;) {
    s->fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (s->fd < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot open %s: %s", s->path, strerror(errno));
    const mtp_status status = mtp_share_take(ctx, s, MTP_SHARE_TRAIN);
    if (status != MTP_OK || is_in_place(s)) return status;
    close(s->fd);
    s->held[MTP_SHARE_TRAIN] = false;
  }
}

/* What a lock of ours does not keep another file description from, it keeps no other run from. */
static mtp_status check_effect(mtp_context *ctx, const mtp_share *s) {
  const int fd = open(s->path, O_RDWR | O_CLOEXEC);
  const int error = fd < 0 ? errno : set_lock(fd, F_WRLCK, MTP_SHARE_TRAIN);
  if (fd >= 0) close(fd);
  if (error == EAGAIN) return MTP_OK;
  return no_locks(ctx, s, error ? error : ENOLCK);
}

static mtp_status take_number(mtp_context *ctx, mtp_share *s, bool labels) {
  s->number = labels ? mtp_share_claim(s) : 0;
  for (int k = 1; k <= MTP_SHARE_RUNS && s->number == 0; k++)
    if (!has_calls(s, k) && is_free_to_take(s->fd, RUNS + k)) s->number = k;
  s->lives = s->number > 0;
  if (s->lives && is_free_to_take(s->fd, GOING_ON + s->number)) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_IO, "share: %s has %d runs already, and no more can join", s->train, MTP_SHARE_RUNS);
}

mtp_status mtp_share_join(mtp_context *ctx, const char *path, bool labels, mtp_share **out) {
  mtp_share *s = mtp_calloc(1, sizeof *s);
  mtp_text name = {0};
  mtp_text_add(&name, "%s.share", path);
  if (s) {
    s->fd = -1;
    s->train = mtp_strdup(path);
    s->path = name.failed ? NULL : name.data;
  }
  if (!s || !s->path) mtp_text_free(&name);
  mtp_status status = s && s->train && s->path ? open_file(ctx, s) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = check_effect(ctx, s);
  if (status == MTP_OK) status = take_number(ctx, s, labels);
  if (status == MTP_OK) {
    remove_wanted(s);
    mtp_share_give(s, MTP_SHARE_TRAIN);
    *out = s;
  } else
    mtp_share_leave(s);
  return status;
}

void mtp_share_leave(mtp_share *s) {
  if (!s) return;
  /* who waits for the lock looks whether the file is still in its place; after a failure it stays */
  if (s->lives && (s->held[MTP_SHARE_TRAIN] || mtp_share_take(NULL, s, MTP_SHARE_TRAIN) == MTP_OK)) {
    remove_wanted(s);
    if (mtp_share_next(s, 0) == 0) unlink(s->path);
  }
  if (s->fd >= 0) close(s->fd);
  free(s->train);
  free(s->path);
  free(s);
}

bool mtp_share_goes_on(const mtp_share *s) {
  return next_in(s, GOING_ON, 0) > 0;
}

mtp_status mtp_share_is_last(mtp_context *ctx, mtp_share *s, bool *last) {
  const mtp_status status = mtp_share_take(ctx, s, MTP_SHARE_TRAIN);
  if (status != MTP_OK) return status;
  *last = next_in(s, GOING_ON, 0) == 0;
  if (!*last) set_lock(s->fd, F_UNLCK, GOING_ON + s->number);
  mtp_share_give(s, MTP_SHARE_TRAIN);
  return MTP_OK;
}
