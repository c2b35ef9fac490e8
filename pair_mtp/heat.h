/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file heat.h
 * The fastest atom of a run and what is usual of it, by which an explosion is known. The mean temperature of many atoms
 * would hide one that has flown through a hole of the potential. */
#ifndef LMP_MTP_HEAT_H
#define LMP_MTP_HEAT_H

#include "pointers.h"

namespace LAMMPS_NS {

class MTPHeat : protected Pointers {
public:
  explicit MTPHeat(class LAMMPS *);

  /* At each evaluation of a step, on all ranks. */
  void note();
  /* Of the fastest atom, its kinetic energy as a temperature (K), the same on all ranks; infinite if anything is not
   * finite. */
  double hottest() const;
  /* Mean of that over the last steps; 0: unknown. */
  double usual() const { return samples > 0 ? mean : 0.0; }
  /* What it was when the run began, or when atoms came last. */
  double first() const { return samples > 0 ? begin : 0.0; }

private:
  long long evaluations, samples;
  bigint natoms; /* other atoms bring other velocities */
  double mean, begin;
};

} // namespace LAMMPS_NS

#endif
