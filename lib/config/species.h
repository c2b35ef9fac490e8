/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/species.h
 * The elements, and the rules by which a name stands for one. */
#ifndef MTP_CONFIG_SPECIES_H
#define MTP_CONFIG_SPECIES_H

/** Largest atomic number of the table. */
#define MTP_ELEMENT_MAX 118

/** Symbol of an atomic number 1..118, "X" for 0 (as other programs do), NULL beyond. */
const char *mtp_element_symbol(int number);
/** Atomic number of a symbol such as "Al", 0 if it is none. */
int mtp_element_number(const char *symbol);
/** Standard atomic weight in g/mol (of the longest-lived isotope where there is none), 0 for an unknown number. */
double mtp_element_mass(int number);
/** Covalent radius in A (Cordero et al., Dalton Trans. 2832 (2008); of carbon sp3, of Mn, Fe and Co low spin), 0 for an
 * element beyond curium and an unknown number. */
double mtp_element_radius(int number);
/** Value of a decimal name such as "0" or "29" (as the readers make them: digits without leading zero), else -1. */
int mtp_species_decimal(const char *name);

#endif
