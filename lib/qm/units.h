/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/units.h
 * Hartree atomic units in ours, CODATA 2018. */
#ifndef MTP_QM_UNITS_H
#define MTP_QM_UNITS_H

#define MTP_BOHR    0.529177210903  /* A */
#define MTP_HARTREE 27.211386245988 /* eV */

#endif
