/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/drivers.h
 * The drivers that are built in: all that the rest of qm/ sees of them. A new one is a file or a folder here, and a
 * line of this list. */
#ifndef MTP_QM_DRIVERS_H
#define MTP_QM_DRIVERS_H

#include "mtp/qm.h"

/** Each as DRIVER(its table of functions), in the order in which they are named to users. */
#define MTP_QM_DRIVERS(DRIVER)                                                                                         \
  DRIVER(mtp_qm_exec)          /* any command: in.extxyz goes in, out.extxyz comes out */                              \
  DRIVER(mtp_qm_ipi)           /* engines that stay up and speak i-PI's protocol */                                    \
  DRIVER(mtp_qm_qe)            /* pw.x of Quantum ESPRESSO */                                                          \
  DRIVER(mtp_qm_vasp)          /* VASP */                                                                              \
  DRIVER(mtp_qm_plugin_driver) /* a shared library, see mtp/qm_plugin.h */                                             \
  DRIVER(mtp_qm_none)          /* labels nothing */

#define MTP_QM_DECLARE_DRIVER(driver) extern const mtp_qm_driver driver;
MTP_QM_DRIVERS(MTP_QM_DECLARE_DRIVER)

#endif
