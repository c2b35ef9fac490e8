/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_socket.c
 * Listening, accepting, and reading with deadlines. */
#include "qm/drivers/ipi/ipi_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/support.h"

/* i-PI's own prefix, which its clients have built in. */
#define PREFIX "/tmp/ipi_"
/* Between two looks at the stop flag. */
#define SLICE 0.05
enum { BACKLOG = 64 };

/* ---- listening ---- */

static mtp_status fail(mtp_context *ctx, mtp_listener *listener, const char *address, const char *what) {
  mtp_fail(ctx, MTP_ERR_IO, "ipi %s: %s: %s", address, what, strerror(errno));
  mtp_listener_close(listener);
  return MTP_ERR_IO;
}

/* Does anybody listen there? */
static bool is_served(const struct sockaddr_un *where) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  /* a full backlog means that somebody does; only a refusal tells that the server is gone */
  bool refused = fd >= 0 && connect(fd, (const struct sockaddr *)where, sizeof *where) != 0 && errno == ECONNREFUSED;
  if (fd >= 0) close(fd);
  return !refused;
}

/* Removes what a server that was killed left behind. */
static mtp_status remove_stale(mtp_context *ctx, const char *address, const struct sockaddr_un *where) {
  struct stat st;
  const char *wrong = NULL;
  if (lstat(where->sun_path, &st) != 0) return MTP_OK;
  if (!S_ISSOCK(st.st_mode))
    wrong = "is no socket";
  else if (st.st_uid != geteuid())
    wrong = "belongs to another user";
  else if (is_served(where))
    wrong = "is in use by another run";
  if (!wrong && unlink(where->sun_path) != 0) wrong = strerror(errno);
  if (!wrong) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_IO, "ipi %s: %s %s; choose another name", address, where->sun_path, wrong);
}

static mtp_status listen_unix(mtp_context *ctx, mtp_listener *listener, const char *address, const char *name) {
  struct sockaddr_un where = {.sun_family = AF_UNIX};
  if (!name[0] || strchr(name, '/') || strlen(PREFIX) + strlen(name) >= sizeof where.sun_path)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT,
                    "ipi %s: expected unix:NAME, where the socket is " PREFIX "NAME (at most %zu characters, no /)",
                    address, sizeof where.sun_path - sizeof PREFIX);
  snprintf(where.sun_path, sizeof where.sun_path, PREFIX "%s", name);
  if (remove_stale(ctx, address, &where) != MTP_OK) return MTP_ERR_IO;
  listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener->fd < 0) return fail(ctx, listener, address, "no socket");
  fchmod(listener->fd, 0600); /* decides the mode of the file: nobody else may connect */
  if (bind(listener->fd, (struct sockaddr *)&where, sizeof where) != 0)
    return fail(ctx, listener, address, where.sun_path);
  listener->path = mtp_strdup(where.sun_path);
  if (!listener->path) unlink(where.sun_path);
  if (!listener->path || listen(listener->fd, BACKLOG) != 0) return fail(ctx, listener, address, "listen");
  return MTP_OK;
}

static mtp_status listen_inet(mtp_context *ctx, mtp_listener *listener, const char *address) {
  const char *colon = strrchr(address, ':');
  char host[256];
  struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *found = NULL;
  if (!colon || colon == address || (size_t)(colon - address) >= sizeof host || strspn(colon + 1, "0123456789") == 0 ||
      colon[1 + strspn(colon + 1, "0123456789")] || atol(colon + 1) < 1 || atol(colon + 1) > 65535)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "ipi %s: expected unix:NAME or HOST:PORT", address);
  snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
  int rc = getaddrinfo(host, colon + 1, &hints, &found);
  if (rc != 0) return mtp_fail(ctx, MTP_ERR_IO, "ipi %s: %s", address, gai_strerror(rc));
  int on = 1;
  listener->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  bool ok = listener->fd >= 0 && setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            bind(listener->fd, found->ai_addr, found->ai_addrlen) == 0 && listen(listener->fd, BACKLOG) == 0;
  int error = errno;
  freeaddrinfo(found);
  errno = error;
  return ok ? MTP_OK : fail(ctx, listener, address, "cannot listen");
}

mtp_status mtp_listen(mtp_context *ctx, mtp_listener *listener, const char *address) {
  *listener = (mtp_listener){.fd = -1};
  if (strncmp(address, "unix:", 5) == 0) return listen_unix(ctx, listener, address, address + 5);
  return listen_inet(ctx, listener, address);
}

void mtp_listener_close(mtp_listener *listener) {
  int error = errno;
  if (listener->fd >= 0) close(listener->fd);
  if (listener->path) unlink(listener->path);
  free(listener->path);
  *listener = (mtp_listener){.fd = -1};
  errno = error;
}

/* ---- waiting ---- */

/* True when something can be read (or written), or the other end hung up. */
static bool wait_for(int fd, short events, double seconds) {
  struct pollfd p = {.fd = fd, .events = events};
  return poll(&p, 1, seconds > 0 ? (int)ceil(1000 * seconds) : 0) > 0;
}

/* A unix socket knows who is at its other end. */
static bool is_of_this_user(int fd) {
#ifdef SO_PEERCRED
  struct ucred peer;
  socklen_t size = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == geteuid();
#else
  (void)fd;
  return true; /* the mode of the socket file is what protects it */
#endif
}

int mtp_listener_accept(const mtp_listener *listener, double seconds) {
  if (!wait_for(listener->fd, POLLIN, seconds)) return -1;
  int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0 && listener->path && !is_of_this_user(fd)) {
    close(fd);
    return -1;
  }
  return fd;
}

/* ---- channels ---- */

mtp_channel mtp_channel_open(int fd, bool inet) {
  int on = 1;
  if (inet) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return (mtp_channel){.fd = fd, .inet = inet};
}

void mtp_channel_close(mtp_channel *channel) {
  if (channel->fd >= 0) close(channel->fd);
  *channel = (mtp_channel){.fd = -1, .state = MTP_CHANNEL_CLOSED};
}

/* Sleeps until the socket is ready; false if waiting must end. The stop flag comes first, because a client that says
 * again and again that it is busy is always ready. */
static bool be_ready(mtp_channel *channel, short events) {
  for (;;) {
    double left = channel->deadline > 0 ? channel->deadline - mtp_now() : SLICE;
    if (channel->stop && *channel->stop)
      channel->state = MTP_CHANNEL_STOPPED;
    else if (wait_for(channel->fd, events, left < SLICE ? left : SLICE))
      return true;
    else if (left <= 0)
      channel->state = MTP_CHANNEL_TIMEOUT;
    if (channel->state != MTP_CHANNEL_OK) return false;
  }
}

/* Did a transfer that moved `done` bytes fail for good? */
static bool is_lost(ssize_t done) {
  return done == 0 || (done < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK);
}

bool mtp_channel_read(mtp_channel *channel, void *data, size_t size) {
  char *at = data;
  while (size && channel->state == MTP_CHANNEL_OK && be_ready(channel, POLLIN)) {
#ifdef TCP_QUICKACK
    /* clients write in small pieces; each would wait for the delayed acknowledgement of the one before, 40 ms a call.
     * The kernel forgets the setting, so it is made each time. */
    int on = 1;
    if (channel->inet) setsockopt(channel->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
#endif
    ssize_t done = recv(channel->fd, at, size, 0);
    if (is_lost(done)) channel->state = MTP_CHANNEL_CLOSED;
    if (done <= 0) continue;
    at += done;
    size -= (size_t)done;
  }
  return size == 0;
}

bool mtp_channel_write(mtp_channel *channel, const void *data, size_t size) {
  const char *at = data;
  while (size && channel->state == MTP_CHANNEL_OK && be_ready(channel, POLLOUT)) {
    ssize_t done = send(channel->fd, at, size, MSG_NOSIGNAL);
    if (is_lost(done)) channel->state = MTP_CHANNEL_CLOSED;
    if (done <= 0) continue;
    at += done;
    size -= (size_t)done;
  }
  return size == 0;
}
