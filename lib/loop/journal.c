/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/journal.c
 * Durable appending: one write() a record, sync, and truncation back when anything goes wrong. */
#include "loop/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mtp/append.h"
#include "support/support.h"

struct mtp_journal {
  char *path;
  int fd;
  bool created; /* by us, so it goes again if nothing was appended */
  bool exclusive;
  bool shared;  /* with others that append to it as well, one at a time */
  bool regular; /* not a device, so it has a size and can be truncated */
  mtp_format format;
};

static mtp_format format_of_name(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && (strcmp(dot, ".cfg") == 0 || strcmp(dot, ".cfgs") == 0) ? MTP_FORMAT_CFG : MTP_FORMAT_EXTXYZ;
}

/* What is in the file counts more than its name: a record in another format would make it unreadable. An extended XYZ
 * file begins with a number, cfg with BEGIN; nothing can be appended to others that are read (MTP_FORMAT_AUTO). */
static mtp_format format_of_content(int fd, const char *path) {
  char head[256];
  ssize_t got = pread(fd, head, sizeof head - 1, 0);
  head[got > 0 ? got : 0] = 0;
  const char *at = head + (memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
  at += strspn(at, " \t\r\n");
  if (!*at) return format_of_name(path); /* also of a file that a crash has filled with zeros */
  if (*at >= '0' && *at <= '9') return MTP_FORMAT_EXTXYZ;
  const size_t length = strlen(at);
  return strncmp(at, "BEGIN", length < 5 ? length : 5) == 0 ? MTP_FORMAT_CFG : MTP_FORMAT_AUTO;
}

static bool is_compressed(const mtp_journal *journal) {
  char head[2];
  if (mtp_is_gzip_name(journal->path)) return true;
  return journal->regular && mtp_is_gzip(head, pread(journal->fd, head, sizeof head, 0) == 2 ? 2 : 0);
}

static mtp_status lock_file(mtp_context *ctx, const mtp_journal *journal) {
  const int kind = journal->exclusive ? LOCK_EX : LOCK_SH;
  /* file systems without locks are no reason to refuse */
  if ((!journal->exclusive && !journal->shared) || !journal->regular || flock(journal->fd, kind | LOCK_NB) == 0 ||
      errno != EWOULDBLOCK)
    return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: another run is writing to it%s", journal->path,
                  journal->shared ? " for itself" : "");
}

static mtp_status open_file(mtp_context *ctx, mtp_journal *journal) {
  struct stat st;
  bool existed = stat(journal->path, &st) == 0;
  /* opening a pipe would wait for its reader */
  if (existed && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
    return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: not a regular file", journal->path);
  int access_mode = existed && S_ISCHR(st.st_mode) ? O_WRONLY : O_RDWR;
  journal->fd = open(journal->path, access_mode | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (journal->fd < 0 || fstat(journal->fd, &st) != 0)
    return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: %s", journal->path, strerror(errno));
  journal->regular = S_ISREG(st.st_mode);
  if (is_compressed(journal)) { /* a record after it could never be read */
    if (!existed) unlink(journal->path);
    return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: it is compressed, expected a plain file", journal->path);
  }
  journal->format = journal->regular ? format_of_content(journal->fd, journal->path) : format_of_name(journal->path);
  if (journal->format == MTP_FORMAT_AUTO)
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    "cannot append to %s:1: expected extended XYZ (a number of atoms) or cfg (BEGIN_CFG)",
                    journal->path);
  const mtp_status locked = lock_file(ctx, journal);
  if (locked != MTP_OK) return locked;
  /* not before it is surely ours: who loses the race for the lock must not remove what the winner writes to */
  journal->created = !existed;
  if (!existed) mtp_folder_sync(journal->path);
  return MTP_OK;
}

static mtp_status open_as(mtp_context *ctx, const char *path, bool exclusive, bool shared, mtp_journal **out) {
  mtp_journal *journal = mtp_calloc(1, sizeof *journal);
  if (!journal) return mtp_fail_memory(ctx);
  journal->fd = -1;
  journal->exclusive = exclusive;
  journal->shared = shared;
  journal->path = mtp_strdup(path);
  mtp_status status = journal->path ? open_file(ctx, journal) : mtp_fail_memory(ctx);
  if (status != MTP_OK)
    mtp_journal_close(journal);
  else
    *out = journal;
  return status;
}

mtp_status mtp_journal_open(mtp_context *ctx, const char *path, bool exclusive, mtp_journal **out) {
  return open_as(ctx, path, exclusive, false, out);
}

mtp_status mtp_journal_open_shared(mtp_context *ctx, const char *path, mtp_journal **out) {
  return open_as(ctx, path, false, true, out);
}

mtp_status mtp_journal_renew(mtp_context *ctx, mtp_journal *journal) {
  struct stat before, now;
  const int fd = open(journal->path, O_RDWR | O_APPEND | O_CLOEXEC);
  const bool same = fd >= 0 && fstat(journal->fd, &before) == 0 && fstat(fd, &now) == 0 &&
                    before.st_dev == now.st_dev && before.st_ino == now.st_ino;
  if (!same) {
    if (fd >= 0) close(fd);
    return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: it was removed or replaced while it was in use",
                    journal->path);
  }
  flock(fd, LOCK_SH | LOCK_NB); /* the old one is still held, so that nobody gets in between */
  close(journal->fd);
  journal->fd = fd;
  return MTP_OK;
}

mtp_status mtp_journal_read(mtp_context *ctx, const mtp_journal *journal, long long from, char **data, size_t *size) {
  long long whole = 0;
  const mtp_status status = mtp_journal_size(ctx, journal, &whole);
  if (status != MTP_OK) return status;
  if (whole < from)
    return mtp_fail(ctx, MTP_ERR_IO, "%s: has %lld bytes and had %lld: it was cut while it was in use", journal->path,
                    whole, from);
  const size_t length = (size_t)(whole - from);
  char *text = mtp_calloc(length + 1, 1);
  if (!text) return mtp_fail_memory(ctx);
  for (size_t done = 0; done < length;) {
    const ssize_t got = pread(journal->fd, text + done, length - done, (off_t)from + (off_t)done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      free(text);
      return mtp_fail(ctx, MTP_ERR_IO, "cannot read %s: %s", journal->path, got < 0 ? strerror(errno) : "it ended");
    }
    done += (size_t)got;
  }
  *data = text;
  *size = length;
  return MTP_OK;
}

/* It may be gone if nobody else has it open: of shared ones the lock tells. */
static bool is_ours_alone(const mtp_journal *journal) {
  return journal->created && journal->regular &&
         (!journal->shared || (journal->fd >= 0 && flock(journal->fd, LOCK_EX | LOCK_NB) == 0));
}

void mtp_journal_close(mtp_journal *journal) {
  if (!journal) return;
  long long size = -1;
  if (is_ours_alone(journal) && mtp_journal_size(NULL, journal, &size) == MTP_OK && size == 0) unlink(journal->path);
  if (journal->fd >= 0) close(journal->fd);
  free(journal->path);
  free(journal);
}

void mtp_journal_set_transient(mtp_journal *journal) {
  journal->created = true;
}

mtp_status mtp_journal_size(mtp_context *ctx, const mtp_journal *journal, long long *size) {
  struct stat st = {0};
  if (journal->regular && fstat(journal->fd, &st) != 0)
    return mtp_fail(ctx, MTP_ERR_IO, "cannot tell the size of %s: %s", journal->path, strerror(errno));
  *size = (long long)st.st_size;
  return MTP_OK;
}

mtp_format mtp_journal_format(const mtp_journal *journal) {
  return journal->format;
}

/* Devices such as /dev/null cannot be synced, which is not an error of the record. */
static int sync_file(const mtp_journal *journal) {
  return fsync(journal->fd) == 0 || !journal->regular ? 0 : -1;
}

mtp_status mtp_journal_truncate(mtp_context *ctx, mtp_journal *journal, long long size) {
  if (ftruncate(journal->fd, (off_t)size) != 0 || sync_file(journal) != 0)
    return mtp_fail(ctx, MTP_ERR_IO, "cannot cut the unfinished last record off %s: %s", journal->path,
                    strerror(errno));
  return MTP_OK;
}

/* One write() normally; a short one is continued only to learn why it was short. */
static int write_record(int fd, const char *data, size_t size) {
  while (size) {
    ssize_t done = write(fd, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) {
      if (done == 0) errno = ENOSPC;
      return -1;
    }
    data += done;
    size -= (size_t)done;
  }
  return 0;
}

/* Appends bytes to PATH.cut. */
static mtp_status keep_tail(mtp_context *ctx, const mtp_journal *journal, const char *tail, size_t size) {
  mtp_text path = {0};
  mtp_text_add(&path, "%s.cut", journal->path);
  if (path.failed) {
    mtp_text_free(&path);
    return mtp_fail_memory(ctx);
  }
  int fd = open(path.data, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  bool kept = fd >= 0 && write_record(fd, tail, size) == 0 && write_record(fd, "\n", 1) == 0 && fsync(fd) == 0;
  mtp_status status = kept ? MTP_OK
                           : mtp_fail(ctx, MTP_ERR_IO, "cannot keep the unfinished end of %s in %s: %s", journal->path,
                                      path.data, strerror(errno));
  if (fd >= 0) close(fd);
  mtp_text_free(&path);
  return status;
}

mtp_status mtp_journal_cut_tail(mtp_context *ctx, mtp_journal *journal, long long size) {
  long long whole = 0;
  mtp_status status = mtp_journal_size(ctx, journal, &whole);
  if (status != MTP_OK) return status;
  size_t length = (size_t)(whole - size);
  char *tail = mtp_calloc(length, 1);
  if (!tail) return mtp_fail_memory(ctx);
  status = pread(journal->fd, tail, length, (off_t)size) == (ssize_t)length
               ? keep_tail(ctx, journal, tail, length)
               : mtp_fail(ctx, MTP_ERR_IO, "cannot read the end of %s: %s", journal->path, strerror(errno));
  if (status == MTP_OK) status = mtp_journal_truncate(ctx, journal, size);
  free(tail);
  return status;
}

static bool ends_in_newline(const mtp_journal *journal, long long size) {
  char last = '\n';
  return size == 0 || pread(journal->fd, &last, 1, (off_t)(size - 1)) != 1 || last == '\n';
}

/* Somebody may have removed or replaced the file, or the whole folder: what is written then is lost, without an error
 * of the system. */
static bool is_in_place(const mtp_journal *journal) {
  struct stat ours, there;
  return !journal->regular || (fstat(journal->fd, &ours) == 0 && stat(journal->path, &there) == 0 &&
                               ours.st_dev == there.st_dev && ours.st_ino == there.st_ino);
}

static mtp_status append(mtp_context *ctx, mtp_journal *journal, const void *record, size_t size) {
  long long before = 0;
  mtp_status status = mtp_journal_size(ctx, journal, &before); /* what is not known cannot be gone back to */
  if (status != MTP_OK) return status;
  char *joined = NULL;
  if (!ends_in_newline(journal, before)) { /* an editor saved the file without its last newline */
    joined = mtp_realloc(NULL, size + 1, 1);
    if (!joined) return mtp_fail_memory(ctx);
    joined[0] = '\n';
    memcpy(joined + 1, record, size);
    record = joined;
    size++;
  }
  int failed = write_record(journal->fd, record, size) != 0 || sync_file(journal) != 0;
  int reason = errno;
  free(joined);
  if (!failed) return MTP_OK;
  bool left = journal->regular && (ftruncate(journal->fd, (off_t)before) != 0 || fsync(journal->fd) != 0);
  return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: %s%s", journal->path, strerror(reason),
                  left ? " (and the unfinished record could not be taken back)" : "");
}

/* Appending takes others milliseconds, but who has the file for good must not keep us for ever. */
static int lock_shared(const mtp_journal *journal) {
  const double patience = 20.0, start = mtp_now();
  while (flock(journal->fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return 0; /* a file system without locks */
    if (mtp_now() - start > patience) return -1;
    mtp_sleep(0.01);
  }
  return 1;
}

mtp_status mtp_journal_append(mtp_context *ctx, mtp_journal *journal, const void *record, size_t size) {
  /* a record of another run in between would be lost where one of ours has to be taken back */
  const bool alone = journal->exclusive || journal->shared || !journal->regular;
  const int locked = alone ? 0 : lock_shared(journal);
  if (locked < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: another run is writing to it", journal->path);
  mtp_status status =
      is_in_place(journal)
          ? append(ctx, journal, record, size)
          : mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: it was removed or replaced while it was in use",
                     journal->path);
  if (locked > 0) flock(journal->fd, LOCK_UN);
  return status;
}

static mtp_status format_all(mtp_context *ctx, const mtp_journal *journal, size_t n, const mtp_config *const *configs,
                             int species_count, const char *const *names, mtp_text *all) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    char *text = NULL;
    size_t size = 0;
    status = mtp_config_format(ctx, configs[i], species_count, names, journal->format, &text, &size);
    if (status == MTP_OK) mtp_text_add_bytes(all, text, size);
    free(text);
  }
  return status == MTP_OK && all->failed ? mtp_fail_memory(ctx) : status;
}

mtp_status mtp_journal_add(mtp_context *ctx, mtp_journal *journal, size_t n, const mtp_config *const *configs,
                           int species_count, const char *const *names) {
  mtp_text all = {0};
  mtp_status status = format_all(ctx, journal, n, configs, species_count, names, &all);
  if (status == MTP_OK && all.size) status = mtp_journal_append(ctx, journal, all.data, all.size);
  mtp_text_free(&all);
  return status;
}

mtp_status mtp_journal_replace(mtp_context *ctx, mtp_journal *journal, size_t n, const mtp_config *const *configs,
                               int species_count, const char *const *names) {
  if (n == 0 || !journal->regular) return mtp_journal_truncate(ctx, journal, 0);
  mtp_text all = {0};
  char temporary[PATH_MAX + 48];
  mtp_status status = format_all(ctx, journal, n, configs, species_count, names, &all);
  if (status == MTP_OK) {
    int fd = mtp_file_temporary(journal->path, O_RDWR | O_APPEND, temporary, sizeof temporary);
    if (fd >= 0 && write_record(fd, all.data, all.size) == 0 && fsync(fd) == 0 &&
        rename(temporary, journal->path) == 0) {
      mtp_folder_sync(journal->path);
      close(journal->fd);
      journal->fd = fd;
    } else {
      status = mtp_fail(ctx, MTP_ERR_IO, "cannot replace %s: %s", journal->path, strerror(errno));
      if (fd >= 0) {
        close(fd);
        unlink(temporary);
      }
    }
  }
  mtp_text_free(&all);
  return status;
}

mtp_status mtp_check_writable(mtp_context *ctx, const char *path, const char *what) {
  char folder[PATH_MAX];
  struct stat st;
  bool exists = stat(path, &st) == 0;
  if (exists && S_ISDIR(st.st_mode)) return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s %s: it is a folder", what, path);
  if (exists && !S_ISREG(st.st_mode)) return MTP_OK;
  /* files are replaced by renaming inside the folder of what a link points to */
  if (!exists || !realpath(path, folder)) {
    if (strlen(path) >= sizeof folder) return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: name too long", what);
    strcpy(folder, path);
  }
  char *slash = strrchr(folder, '/');
  if (!slash)
    strcpy(folder, ".");
  else
    slash[slash == folder] = 0;
  if (access(folder, W_OK | X_OK) != 0)
    return mtp_fail(ctx, MTP_ERR_IO, "cannot write %s %s: folder %s: %s", what, path, folder, strerror(errno));
  return MTP_OK;
}

/* ---- for engines ---- */

mtp_status mtp_append_configs(mtp_context *ctx, const char *path, size_t n, const mtp_config *const *configs,
                              int species_count, const char *const *names) {
  mtp_journal *journal = NULL;
  if (!path || !configs || !names)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "appending: expected a file, configurations and their species");
  mtp_status status = mtp_journal_open(ctx, path, false, &journal);
  if (status == MTP_OK) status = mtp_journal_add(ctx, journal, n, configs, species_count, names);
  mtp_journal_close(journal);
  return status;
}

mtp_status mtp_append_check(mtp_context *ctx, const char *path, const char *what) {
  if (!path || !what) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "appending: expected a file and what it is");
  struct stat st;
  const mtp_status status = mtp_check_writable(ctx, path, what);
  if (status == MTP_OK && mtp_is_gzip_name(path))
    return mtp_fail(ctx, MTP_ERR_IO, "cannot append to %s: it is compressed, expected a plain file", path);
  if (status != MTP_OK || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return status;
  mtp_journal *journal = NULL; /* it is there: nothing is made or locked */
  const mtp_status opened = mtp_journal_open(ctx, path, false, &journal);
  mtp_journal_close(journal);
  return opened;
}
