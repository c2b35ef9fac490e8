/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/event_log.c
 * JSON lines. */
#include "loop/event_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/json.h"
#include "support/support.h"

struct mtp_event_log {
  char *path;
  int fd;
  double start;
  bool failed; /* the warning about it was given */
};

/* A run that was killed inside write() leaves half a line. It is cut off if it is one of ours, and closed by a newline
 * if a person put it there. */
static void mend_last_line(int fd) {
  static const char ours[] = "{\"event\":";
  struct stat st;
  char tail[8192];
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) return;
  off_t from = st.st_size > (off_t)sizeof tail ? st.st_size - (off_t)sizeof tail : 0;
  ssize_t got = pread(fd, tail, sizeof tail, from);
  if (got <= 0 || tail[got - 1] == '\n') return;
  ssize_t line = got;
  while (line > 0 && tail[line - 1] != '\n') line--;
  size_t length = (size_t)(got - line), compare = length < sizeof ours - 1 ? length : sizeof ours - 1;
  bool known_start = line > 0 || from == 0;
  if (known_start && memcmp(tail + line, ours, compare) == 0) {
    if (ftruncate(fd, from + line) == 0) return;
  }
  if (write(fd, "\n", 1) != 1) return; /* the next event will say what is wrong */
}

/* Events after something else would spoil both. */
static bool holds_something_else(int fd) {
  struct stat st;
  char head[256];
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) return false;
  const ssize_t got = pread(fd, head, sizeof head - 1, 0);
  head[got > 0 ? got : 0] = 0;
  const char first = head[strspn(head, " \t\r\n")];
  return first != 0 && first != '{';
}

mtp_status mtp_event_log_open(mtp_context *ctx, const char *path, mtp_event_log **out) {
  struct stat st;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
    return mtp_fail(ctx, MTP_ERR_IO, "cannot write the event log %s: not a regular file", path);
  int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return mtp_fail(ctx, MTP_ERR_IO, "cannot write the event log %s: %s", path, strerror(errno));
  if (holds_something_else(fd)) {
    close(fd);
    return mtp_fail(ctx, MTP_ERR_FORMAT, "cannot append events to %s:1: expected an event log (JSON lines)", path);
  }
  mtp_event_log *log = mtp_calloc(1, sizeof *log);
  if (log) log->path = mtp_strdup(path);
  if (!log || !log->path) {
    close(fd);
    free(log);
    return mtp_fail_memory(ctx);
  }
  log->fd = fd;
  log->start = mtp_now();
  mend_last_line(fd);
  *out = log;
  return MTP_OK;
}

mtp_status mtp_event_log_claim(mtp_context *ctx, mtp_event_log *log) {
  struct stat st;
  if (fstat(log->fd, &st) != 0 || !S_ISREG(st.st_mode) || flock(log->fd, LOCK_EX | LOCK_NB) == 0 ||
      errno != EWOULDBLOCK)
    return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_IO, "log: another run is writing %s; each of those that share needs a log of its own",
                  log->path);
}

void mtp_event_log_close(mtp_event_log *log) {
  if (!log) return;
  close(log->fd);
  free(log->path);
  free(log);
}

cJSON *mtp_event_new(const mtp_event_log *log, const char *name, long long step) {
  cJSON *event = cJSON_CreateObject();
  if (!event) return NULL;
  cJSON_AddStringToObject(event, "event", name);
  mtp_event_number(event, "time", mtp_now() - log->start);
  if (step >= 0)
    mtp_event_integer(event, "step", step);
  else
    cJSON_AddNullToObject(event, "step");
  return event;
}

void mtp_event_number(cJSON *event, const char *key, double value) {
  cJSON_AddNumberToObject(event, key, value);
}

void mtp_event_integer(cJSON *event, const char *key, long long value) {
  char text[32]; /* a double would not do */
  snprintf(text, sizeof text, "%lld", value);
  cJSON_AddRawToObject(event, key, text);
}

void mtp_event_flag(cJSON *event, const char *key, int value) {
  cJSON_AddBoolToObject(event, key, value);
}

/* Bytes of the UTF-8 sequence at s, 0 if it is not one (overlong forms and surrogates included). */
static int utf8_length(const unsigned char *s) {
  if (s[0] < 0x80) return 1;
  int length = s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3 : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
  for (int i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if (length == 3 && ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] >= 0xa0))) return 0;
  if (length == 4 && ((s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] >= 0x90))) return 0;
  return length;
}

static cJSON *text_item(const char *value) {
  if (!value) return cJSON_CreateNull();
  char *clean = mtp_strdup(value);
  if (!clean) return NULL;
  for (char *c = clean; *c;) {
    int length = utf8_length((const unsigned char *)c);
    if (length == 0) *c = '?';
    c += length ? length : 1;
  }
  cJSON *item = cJSON_CreateString(clean);
  free(clean);
  return item;
}

void mtp_event_text(cJSON *event, const char *key, const char *value) {
  cJSON *item = text_item(value);
  if (!item || !event || !cJSON_AddItemToObject(event, key, item)) cJSON_Delete(item);
}

void mtp_event_texts(cJSON *event, const char *key, int count, const char *const *values) {
  cJSON *list = cJSON_AddArrayToObject(event, key);
  for (int i = 0; i < count && list; i++) {
    cJSON *item = text_item(values[i]);
    if (!item || !cJSON_AddItemToArray(list, item)) cJSON_Delete(item);
  }
}

/* One write() a line; of a line that did not fit on the disk nothing stays. */
static int write_line(int fd, const char *line, size_t size) {
  struct stat st;
  bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
  ssize_t done;
  do done = write(fd, line, size);
  while (done < 0 && errno == EINTR);
  if (done == (ssize_t)size) return 0;
  int reason = done < 0 ? errno : ENOSPC;
  if (done > 0 && regular && ftruncate(fd, st.st_size) != 0) reason = errno;
  errno = reason;
  return -1;
}

void mtp_event_write(mtp_context *ctx, mtp_event_log *log, cJSON *event) {
  char *line = event ? mtp_json_print(event) : NULL;
  cJSON_Delete(event);
  mtp_text whole = {0}; /* cJSON may have memory of another kind */
  if (line) mtp_text_add(&whole, "%s\n", line);
  cJSON_free(line);
  errno = ENOMEM;
  if ((!line || whole.failed || write_line(log->fd, whole.data, whole.size) != 0) && !log->failed) {
    log->failed = true;
    mtp_message(ctx, MTP_WARNING, "cannot write the event log %s: %s; the run goes on with a log that has gaps",
                log->path, strerror(errno));
  }
  mtp_text_free(&whole);
}

/* ---- reading ---- */

mtp_status mtp_event_log_read(mtp_context *ctx, const char *path,
                              void (*each)(void *user, const char *name, const cJSON *event), void *user, size_t *cut) {
  char *data = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, path, &data, &size);
  *cut = 0;
  if (status != MTP_OK) return status;
  char *line = data, *const end = data + size;
  for (size_t number = 1; status == MTP_OK && line < end; number++) {
    char *stop = memchr(line, '\n', (size_t)(end - line));
    if (stop) *stop = 0;
    cJSON *event = cJSON_Parse(line);
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"));
    const bool is_empty = line[strspn(line, " \t\r")] == 0;
    if (name)
      each(user, name, event);
    else if (stop && !is_empty)
      status = mtp_fail(ctx, MTP_ERR_FORMAT, "%s:%zu: a JSON object with \"event\" is expected", path, number);
    else if (!is_empty)
      *cut = number;
    cJSON_Delete(event);
    line = stop ? stop + 1 : end;
  }
  free(data);
  return status;
}
