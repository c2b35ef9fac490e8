/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers.h
 * The drivers that are built in. */
#ifndef MTP_QM_DRIVERS_H
#define MTP_QM_DRIVERS_H

#include "mtp/qm.h"

/** Any command: in.extxyz goes in, out.extxyz comes out. */
extern const mtp_qm_driver mtp_qm_exec;
/** pw.x of Quantum ESPRESSO. */
extern const mtp_qm_driver mtp_qm_qe;

#endif
