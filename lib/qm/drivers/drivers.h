/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/drivers.h
 * The drivers that are built in. */
#ifndef MTP_QM_DRIVERS_H
#define MTP_QM_DRIVERS_H

#include "mtp/qm.h"

/** Any command: in.extxyz goes in, out.extxyz comes out. */
extern const mtp_qm_driver mtp_qm_exec;
/** Engines that stay up between calls and speak i-PI's protocol. */
extern const mtp_qm_driver mtp_qm_ipi;
/** A shared library with the interface of mtp/qm_plugin.h. */
extern const mtp_qm_driver mtp_qm_plugin_driver;
/** pw.x of Quantum ESPRESSO. */
extern const mtp_qm_driver mtp_qm_qe;
/** VASP. */
extern const mtp_qm_driver mtp_qm_vasp;

#endif
