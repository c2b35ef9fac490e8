/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/ipi_protocol.h
 * The conversation of i-PI's protocol, as the server leads it. Source: the i-PI manual and the clients of pw.x, CP2K,
 * ABINIT and ASE, which differ in when they want an INIT. */
#ifndef MTP_QM_IPI_PROTOCOL_H
#define MTP_QM_IPI_PROTOCOL_H

#include "mtp/qm.h"
#include "qm/ipi_socket.h"

/** Lattice vectors of the configuration, row by row; where it has none (a layer, a cluster), one that keeps images
 * apart, because every client wants three. False if those it has are flat. */
bool mtp_ipi_cell(const mtp_config *cfg, double cell[9]);

/** Sends the call's configuration and receives energy, forces and virial into call->label. `replica` should be another
 * number for every unrelated configuration: clients start from the last density otherwise. A client must be ready
 * within `patience` seconds, and computes for call->timeout at most. MTP_QM_OK, or a status with a line in
 * call->reason; after one the channel must be closed. */
mtp_qm_status mtp_ipi_compute(mtp_channel *channel, mtp_qm_call *call, int replica, double patience);

/** Tells the client to end. */
void mtp_ipi_say_exit(mtp_channel *channel);

#endif
