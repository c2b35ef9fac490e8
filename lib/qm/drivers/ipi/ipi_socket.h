/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_socket.h
 * The server end of i-PI's sockets: a listening address, and channels that never block longer than they may. */
#ifndef MTP_QM_IPI_SOCKET_H
#define MTP_QM_IPI_SOCKET_H

#include <stdbool.h>
#include <stddef.h>

#include "qm/process/process.h"

typedef struct mtp_listener {
  int fd;     /**< -1: closed */
  char *path; /**< of a unix socket, which is removed with it; NULL for an inet one */
} mtp_listener;

/** Listens at "unix:NAME" (the file /tmp/ipi_NAME, where clients look for it) or "HOST:PORT". A file that a server that
 * is no more left behind is replaced if it is ours; one that is in use or of another user is not. */
mtp_status mtp_listen(mtp_context *ctx, mtp_listener *listener, const char *address);
void mtp_listener_close(mtp_listener *listener);

/** Waits up to `seconds` for a connection by a process of this user; -1 if none came. */
int mtp_listener_accept(const mtp_listener *listener, double seconds);

typedef enum mtp_channel_state {
  MTP_CHANNEL_OK,
  MTP_CHANNEL_CLOSED,  /**< the other end is gone */
  MTP_CHANNEL_TIMEOUT, /**< the deadline passed */
  MTP_CHANNEL_STOPPED  /**< *stop became nonzero */
} mtp_channel_state;

typedef struct mtp_channel {
  int fd; /**< -1: closed */
  bool inet;
  double deadline;                   /**< mtp_now() at which waiting ends, 0 = never */
  const volatile sig_atomic_t *stop; /**< NULL: never */
  mtp_channel_state state;           /**< once it is not OK, nothing is read or written any more */
} mtp_channel;

/** A channel on an accepted connection, which it takes over. */
mtp_channel mtp_channel_open(int fd, bool inet);
void mtp_channel_close(mtp_channel *channel);
/** All bytes or false, with the reason in channel->state. */
bool mtp_channel_read(mtp_channel *channel, void *data, size_t size);
bool mtp_channel_write(mtp_channel *channel, const void *data, size_t size);

#endif
