/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_protocol.h
 * The conversation of i-PI's protocol, as the server leads it. Source: the i-PI manual and the clients of pw.x, CP2K,
 * ABINIT and ASE, which differ in when they want an INIT. */
#ifndef MTP_QM_IPI_PROTOCOL_H
#define MTP_QM_IPI_PROTOCOL_H

#include "mtp/qm.h"
#include "qm/drivers/ipi/ipi_atoms.h"
#include "qm/drivers/ipi/ipi_socket.h"

/** Sends the atoms of the call, and receives energy, forces and virial into call->label, turned back. `replica` should
 * be another number for every unrelated configuration: clients start from the last density otherwise. A client must be
 * ready within `patience` seconds, and computes for call->timeout at most. MTP_QM_OK, or a status with a line in
 * call->ctx; after one the channel must be closed. */
mtp_qm_status mtp_ipi_compute(mtp_channel *channel, const mtp_ipi_atoms *atoms, mtp_qm_call *call, int replica,
                              double patience);

/** Tells the client to end. */
void mtp_ipi_say_exit(mtp_channel *channel);

#endif
