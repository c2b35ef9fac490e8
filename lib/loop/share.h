/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/share.h
 * Locks of runs that learn into one training file. All of them are ranges of bytes of one small file beside it,
 * FILE.share: one for the training file, one for the potential, and one for each run as long as it lives. They are open
 * file description locks (fcntl(2), F_OFD_SETLK), which the kernel takes back however a process ends, on NFS the server
 * (version 4, or 3 with its lock daemon) when the host is gone: no process number and no clock is relied on. A file
 * system on which they have no effect is refused. */
#ifndef MTP_SHARE_H
#define MTP_SHARE_H

#include <stdbool.h>

#include "mtp/context.h"

typedef struct mtp_share mtp_share;

typedef enum mtp_share_lock {
  MTP_SHARE_TRAIN, /**< for as long as it takes to read and append */
  MTP_SHARE_REFIT  /**< while a potential is made: one at a time */
} mtp_share_lock;

#define MTP_SHARE_RUNS 1000 /**< that live at a time, at most */

/** Joins the runs of the training file `path`. *out receives a number from 1 on that no other run has while this one
 * lives: if it `labels`, the lowest free one with calls that a run before left in FILE.NUMBER.calls; the lowest free
 * one without such else. */
mtp_status mtp_share_join(mtp_context *ctx, const char *path, bool labels, mtp_share **out);
/** Releases everything; the last one removes FILE.share. NULL is allowed. */
void mtp_share_leave(mtp_share *share);
int mtp_share_number(const mtp_share *share);

/** Waits for a lock; MTP_ERR_STOPPED if the stop flag of the context goes up meanwhile. Not to be taken twice. */
mtp_status mtp_share_take(mtp_context *ctx, mtp_share *share, mtp_share_lock lock);
/** What to do while one waits: *worked, if anything was done; *enough, if the lock is not needed any more. */
typedef mtp_status (*mtp_share_idle)(void *user, bool *worked, bool *enough);
/** The same, with `idle` between two tries (NULL: sleep); *taken is false where that said that it is enough. */
mtp_status mtp_share_take_idly(mtp_context *ctx, mtp_share *share, mtp_share_lock lock, mtp_share_idle idle, void *user,
                               bool *taken);
/** The same at once or not at all. */
bool mtp_share_try(mtp_share *share, mtp_share_lock lock);
void mtp_share_give(mtp_share *share, mtp_share_lock lock);
bool mtp_share_holds(const mtp_share *share, mtp_share_lock lock);

/** The first living run with a number above `number`, this one left out; 0: there is none. */
int mtp_share_next(const mtp_share *share, int number);
/** Says that this run makes calls, or that it makes none any more: what an earlier one left may wait for its turn. */
void mtp_share_set_busy(mtp_share *share, bool busy);
bool mtp_share_is_busy(const mtp_share *share, int number);
/** True if no other run goes on. Else this one does no more, so that of several that end together one finds itself to
 * be the last. MTP_SHARE_TRAIN must not be held. */
mtp_status mtp_share_is_last(mtp_context *ctx, mtp_share *share, bool *last);
/** Does another run go on? */
bool mtp_share_goes_on(const mtp_share *share);

/** FILE.NUMBER, the name that the calls of a run go by; malloc'ed, NULL when memory is exhausted. */
char *mtp_share_name(const mtp_share *share, int number);
/** FILE.NUMBER.wanted, by which name there are the labels that a run wants others to ask for as well. Who comes or goes
 * removes what runs that are gone have left there. */
char *mtp_share_wanted_name(const mtp_share *share, int number);
/** A number whose run is gone and left calls, 0 if there is none; it is as good as living until mtp_share_drop. */
int mtp_share_claim(mtp_share *share);
void mtp_share_drop(mtp_share *share, int number);

#endif
