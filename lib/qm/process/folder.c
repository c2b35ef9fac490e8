/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/folder.c
 * The numbered folders that QM calls run in. */
#include "qm/process/folder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

/* Paths of calls are reported in a fixed field (mtp_qm_report), and engines have limits of their own. */
enum { PATH_LIMIT = 480, NUMBER_LIMIT = 1000000000 };

char *mtp_folder_current(void) {
  return getcwd(NULL, 0);
}

char *mtp_folder_absolute(const char *folder, const char *path) {
  if (path[0] == '/') return mtp_strdup(path);
  mtp_text text = {0};
  while (path[0] == '.' && path[1] == '/' && path[2] && path[2] != '/') path += 2;
  mtp_text_add(&text, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, path);
  if (text.failed) mtp_text_free(&text);
  return text.data;
}

/* mkdir -p; *created tells whether the last part is new. */
static bool make_with_parents(const char *path, bool *created) {
  char part[PATH_LIMIT + 1];
  *created = false;
  for (size_t i = 1; path[i]; i++) {
    if (path[i] != '/') continue;
    memcpy(part, path, i);
    part[i] = 0;
    if (mkdir(part, 0777) != 0 && errno != EEXIST) return false;
  }
  if (mkdir(path, 0777) == 0) {
    *created = true;
    return true;
  }
  if (errno != EEXIST) return false;
  struct stat st;
  if (stat(path, &st) != 0) return false;
  if (!S_ISDIR(st.st_mode)) errno = ENOTDIR;
  return S_ISDIR(st.st_mode);
}

/* The number that a name like 000123 stands for, -1 for any other name. */
static long long number_of(const char *name) {
  long long n = 0;
  if (!*name) return -1;
  for (; *name; name++) {
    if (!isdigit((unsigned char)*name) || n > NUMBER_LIMIT) return -1;
    n = 10 * n + (*name - '0');
  }
  return n;
}

static bool find_next(mtp_folders *folders) {
  DIR *dir = opendir(folders->path);
  if (!dir) return false;
  folders->next = 1;
  errno = 0;
  for (struct dirent *entry; (entry = readdir(dir));) {
    long long n = number_of(entry->d_name);
    if (n >= folders->next) folders->next = n + 1;
  }
  int error = errno;
  closedir(dir);
  folders->first = folders->next;
  errno = error;
  return error == 0;
}

mtp_status mtp_folders_open(mtp_context *ctx, mtp_folders *folders, const char *path) {
  *folders = (mtp_folders){0};
  char *current = mtp_folder_current();
  folders->path = current ? mtp_folder_absolute(current, path) : NULL;
  free(current);
  size_t length = folders->path ? strlen(folders->path) : 0;
  while (length > 1 && folders->path[length - 1] == '/') folders->path[--length] = 0;
  mtp_status status = MTP_OK;
  if (length == 0)
    status = mtp_fail(ctx, MTP_ERR_IO, "dir=%s: %s", path, strerror(errno));
  else if (length > PATH_LIMIT)
    status = mtp_fail(ctx, MTP_ERR_IO, "dir=%s: the path is longer than %d characters", path, PATH_LIMIT);
  else if (!make_with_parents(folders->path, &folders->created))
    status = mtp_fail(ctx, MTP_ERR_IO, "dir=%s: cannot create the folder %s: %s", path, folders->path, strerror(errno));
  else if (!find_next(folders))
    status = mtp_fail(ctx, MTP_ERR_IO, "dir=%s: cannot read the folder %s: %s", path, folders->path, strerror(errno));
  else if (access(folders->path, W_OK | X_OK) != 0)
    status =
        mtp_fail(ctx, MTP_ERR_IO, "dir=%s: cannot write into the folder %s: %s", path, folders->path, strerror(errno));
  if (status == MTP_OK) return MTP_OK;
  free(folders->path);
  folders->path = NULL;
  return status;
}

mtp_status mtp_folders_make(mtp_context *ctx, mtp_folders *folders, char *dir, size_t dir_size) {
  bool parents_made = false;
  for (long long number = atomic_fetch_add(&folders->next, 1);;) {
    if (snprintf(dir, dir_size, "%s/%06lld", folders->path, number) >= (int)dir_size)
      errno = ENAMETOOLONG;
    else if (mkdir(dir, 0777) == 0)
      return MTP_OK;
    else if (errno == EEXIST) { /* another process uses the same dir= */
      number = atomic_fetch_add(&folders->next, 1);
      continue;
    } else if (errno == ENOENT && !parents_made) {
      /* that other process may have ended and removed the folder it had created */
      bool created;
      parents_made = true;
      if (make_with_parents(folders->path, &created)) continue;
    }
    mtp_fail(ctx, MTP_ERR_IO, "cannot create the folder %s: %s", dir, strerror(errno));
    dir[0] = 0;
    return MTP_ERR_IO;
  }
}

bool mtp_folders_search(const mtp_folders *folders, bool (*accept)(void *user, const char *dir), void *user) {
  DIR *dir = opendir(folders->path);
  bool accepted = false;
  for (struct dirent *entry; dir && !accepted && (entry = readdir(dir));) {
    long long number = number_of(entry->d_name);
    if (number < 1 || number >= folders->first) continue;
    char *path = mtp_folder_absolute(folders->path, entry->d_name);
    accepted = path && accept(user, path);
    free(path);
  }
  if (dir) closedir(dir);
  return accepted;
}

/* A link that is to the same file, or a file with the same bytes. */
static bool is_same_entry(const char *path, const char *sample) {
  struct stat a, b;
  if (lstat(path, &a) != 0 || lstat(sample, &b) != 0 || (a.st_mode & S_IFMT) != (b.st_mode & S_IFMT)) return false;
  if (S_ISLNK(b.st_mode)) {
    char target[2][PATH_MAX];
    ssize_t n = readlink(path, target[0], PATH_MAX);
    return n > 0 && n == readlink(sample, target[1], PATH_MAX) && memcmp(target[0], target[1], (size_t)n) == 0;
  }
  if (!S_ISREG(b.st_mode) || a.st_size != b.st_size) return false;
  char *data[2] = {NULL, NULL};
  size_t size[2];
  bool same = mtp_file_read(NULL, path, &data[0], &size[0]) == MTP_OK &&
              mtp_file_read(NULL, sample, &data[1], &size[1]) == MTP_OK && size[0] == size[1] &&
              memcmp(data[0], data[1], size[0]) == 0;
  free(data[0]);
  free(data[1]);
  return same;
}

bool mtp_folder_has_files_of(const char *dir, const char *sample) {
  DIR *entries = opendir(sample);
  bool same = entries != NULL;
  for (struct dirent *entry; same && (entry = readdir(entries));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    char *path = mtp_folder_absolute(dir, entry->d_name), *other = mtp_folder_absolute(sample, entry->d_name);
    same = path && other && is_same_entry(path, other);
    free(path);
    free(other);
  }
  if (entries) closedir(entries);
  return same;
}

void mtp_folders_close(mtp_folders *folders) {
  /* rmdir refuses a folder that holds something, which is what is wanted */
  if (folders->path && folders->created) rmdir(folders->path);
  free(folders->path);
  *folders = (mtp_folders){0};
}

mtp_status mtp_folder_write(mtp_context *ctx, const char *dir, const char *name, const void *data, size_t size) {
  char *path = mtp_folder_absolute(dir, name);
  FILE *file = path ? fopen(path, "we") : NULL;
  bool ok = file && fwrite(data, 1, size, file) == size;
  if (file) ok = fclose(file) == 0 && ok;
  mtp_status status = MTP_OK;
  if (!path)
    status = mtp_fail_memory(ctx);
  else if (!ok)
    status = mtp_fail(ctx, MTP_ERR_IO, "cannot write %s: %s", path, strerror(errno));
  free(path);
  return status;
}

mtp_status mtp_folder_write_text(mtp_context *ctx, const char *dir, const char *name, mtp_text *text) {
  mtp_status status = text->failed ? mtp_fail_memory(ctx) : mtp_folder_write(ctx, dir, name, text->data, text->size);
  mtp_text_free(text);
  return status;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *where) {
  (void)st;
  (void)type;
  (void)where;
  return remove(path);
}

bool mtp_folder_remove(const char *dir) {
  return nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) == 0;
}
