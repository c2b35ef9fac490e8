/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file snapshot.h
 * What a run was at one step, to go back to: the atoms with all that migrates with them (positions, velocities, images,
 * IDs, charges, bonds, what fixes keep per atom), the box, and the states of thermostats and barostats. */
#ifndef LMP_MTP_SNAPSHOT_H
#define LMP_MTP_SNAPSHOT_H

#include <string>
#include <utility>
#include <vector>

#include "pointers.h"

namespace LAMMPS_NS {

class MTPSnapshot : protected Pointers {
public:
  explicit MTPSnapshot(class LAMMPS *);

  /* On all ranks, as what follows. At the end of a step. */
  void take();
  /* Are there the same atoms of the same types, but for those that were lost? Else there is no way back: fixes that
   * brought, took or changed them keep account. */
  bool fits() const;
  /* Puts atoms, box and states back, each atom to the rank that has its place. Neighbours, ghosts and forces are not
   * made. */
  void restore() const;

  bool is_taken() const { return step >= 0; }
  bigint of_step() const { return step; }
  void forget() { step = -1; }
  double bytes() const { return (double)(atoms.capacity() * sizeof(double)); }

private:
  bigint step;
  std::vector<double> atoms; /* of this rank, as they migrate */
  int count;
  bigint natoms;
  long long identity;
  double box[9];                                                   /* lo, hi, xy, xz, yz */
  std::vector<std::pair<std::string, std::vector<double>>> states; /* of fixes, by ID */

  void take_states();
  void restore_atoms() const;
  void restore_box() const;
  void restore_states() const;
  long long sum_of_identities() const;
};

/* Atoms that flew too far in one step; none where they may leave the box. On all ranks. */
bigint mtp_lost_atoms(LAMMPS *);
/* Is its state part of a snapshot? */
bool mtp_snapshot_has(const class Fix *);

} // namespace LAMMPS_NS

#endif
