/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_ipi.h
 * A client of i-PI with the Morse potential of support_learning.h and the manners of an engine, good or bad ones. */
#ifndef SUPPORT_IPI_H
#define SUPPORT_IPI_H

/** Connects to /tmp/ipi_NAME; -1 if nobody listens there. */
int ipi_connect(const char *name);
/** Serves /tmp/ipi_NAME, or the open descriptor of `name` "fd:NUMBER", until it is told to exit; returns the exit
 * status of the process. `mode` is whose manners it has ("pw", "ase", "cp2k") or what it does wrong. */
int ipi_client(const char *mode, const char *name);

#endif
