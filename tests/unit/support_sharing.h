/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_sharing.h
 * Runs of one process that learn together, with a reference that looks around in its calls: what do others do
 * meanwhile? Locks belong to open files and not to processes, so that two learners of this one are two runs. */
#ifndef SUPPORT_SHARING_H
#define SUPPORT_SHARING_H

#include "loop/share.h"
#include "support_learning.h"

typedef struct sharing_surroundings {
  mtp_learner *idle; /**< helps in each call of another one, if it can; NULL: nobody */
  mtp_share *rival;  /**< tries in each call to get the turn to make a potential; NULL: nobody */
  long long calls, turns;
  bool idle_runs; /**< the call is one of `idle` */
  double pause;   /**< s, in each call */
} sharing_surroundings;
extern sharing_surroundings sharing_around;

/** A learner of the world's options that shares, with this reference and a log of its own in the world's folder. */
mtp_learner *sharing_learner(learning_world *world, const char *log);

#endif
