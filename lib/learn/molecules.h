/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/molecules.h
 * Which atoms are one molecule: what a cut must not part, and what moves as a whole when two of them meet. */
#ifndef MTP_LEARN_MOLECULES_H
#define MTP_LEARN_MOLECULES_H

#include "mtp/neighbors.h"
#include "mtp/potential.h"

/** radius[species]: covalent radii of the elements that bind to each other as molecules do, A; 0 for others and where
 * elements are not known. Returns how long a bond may be, A; 0: there are no molecules. */
double mtp_molecule_radii(const mtp_potential *pot, double *radius);
/** unit[n]: the atom of the lowest number in its molecule; an atom that is in none stands for itself. Bonds are looked
 * for in the list: none is found beyond its cutoff. */
mtp_status mtp_neighbors_find_molecules(mtp_context *ctx, const mtp_neighbors *nb, const double *radius, size_t *unit);

/** Two molecules that are pushed together move as a whole, atoms of one molecule alone: does `atom` move when `goes` is
 * pushed towards `stays`? */
static inline bool mtp_moves_with(const size_t *unit, size_t stays, size_t goes, size_t atom) {
  return atom == goes || (unit[stays] != unit[goes] && unit[atom] == unit[goes]);
}

#endif
