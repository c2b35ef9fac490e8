/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/process/session.h
 * All processes of a session. Launchers put the ranks that they start into process groups of their own, where a signal
 * to the group of the launcher does not find them; the session they keep. */
#ifndef MTP_QM_SESSION_H
#define MTP_QM_SESSION_H

#include <sys/types.h>

/** Sends a signal (0: none) to every process of the session that is more than a zombie, and returns how many there are.
 * Makes only calls that are safe between fork and exec. Where there is no /proc, the process group of the leader stands
 * for the session. */
int mtp_session_signal(pid_t session, int number);

#endif
