/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_team.h
 * Ranks of a communicator as threads of the test program. */
#ifndef SUPPORT_TEAM_H
#define SUPPORT_TEAM_H

#include "mtp/comm.h"

/** Exit status of the program when a rank asks to end it; its message is on standard error. */
#define TEAM_GAVE_UP 70

/** Runs `lead` as rank 0 and `follow` as the other ranks, each with a context of its own, until all have returned. */
void team_run(int size, void (*lead)(mtp_context *ctx, const mtp_comm *comm, void *user),
              void (*follow)(mtp_context *ctx, const mtp_comm *comm, void *user), void *user);

#endif
