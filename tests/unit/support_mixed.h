/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_mixed.h
 * What precision mixed promises, and the bookkeeping of how far results deviate. */
#ifndef SUPPORT_MIXED_H
#define SUPPORT_MIXED_H

#include <stddef.h>

#include "mtp/config.h"

/** RMS deviation of the forces over the RMS force; energy and virial in eV an atom (3e-4: a few MPa); energies of
 * single atoms in eV, twenty times less than products in single precision would leave of the published potential of
 * level 24. */
#define MIXED_FORCE  1e-4
#define MIXED_ENERGY 2e-6
#define MIXED_SITE   1e-5
#define MIXED_VIRIAL 3e-4
/** Smallest RMS force that the deviation is measured by: forces of nearly perfect crystals cancel. */
#define MIXED_FLOOR 1e-1

/** Deviations of any number of configurations from their references; begins as zero. */
typedef struct mixed_sums {
  size_t configs, components;
  double difference2, force2; /**< sums over force components */
  double energy, virial;      /**< largest deviation an atom */
  double site;                /**< largest deviation of the energy of an atom, where that is known */
  double site_energy;         /**< largest modulus */
} mixed_sums;

void mixed_add(mixed_sums *sums, const mtp_config *got, const mtp_config *want);
/** RMS deviation of the forces over the RMS force, or over `floor` (eV/A) where forces vanish. */
double mixed_force(const mixed_sums *sums, double floor);
double mixed_rms_force(const mixed_sums *sums);
/** Prints one line and counts a failure if a deviation is beyond the promise, for energies and virials times `scale`: 1
 * for potentials whose atoms have energies of a few eV. */
void mixed_check(int *failures, const char *what, const mixed_sums *sums, double scale);

#endif
