/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/units.h
 * Units of others in ours (A, eV, eV/A, eV/A^3), CODATA 2018. */
#ifndef MTP_CONFIG_UNITS_H
#define MTP_CONFIG_UNITS_H

#define MTP_BOHR    0.529177210903  /**< A */
#define MTP_HARTREE 27.211386245988 /**< eV */
#define MTP_RYDBERG 13.605693122994 /**< eV */
#define MTP_GPA     160.2176634     /**< GPa in 1 eV/A^3 */
#define MTP_KELVIN  8.617333262e-5  /**< eV, Boltzmann's constant times it */
#define MTP_DALTON  1.0364269656e-4 /**< eV ps^2/A^2, of one atom of 1 g/mol */

/** Kilobar in 1 eV/A^3 as VASP has it, which computes with an older value. */
#define MTP_VASP_KILOBAR 1602.1766208

#endif
