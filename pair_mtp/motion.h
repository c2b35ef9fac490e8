/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file motion.h
 * How a run moves its atoms, for the learner that lets its potential go on alone when the run is over. */
#ifndef LMP_MTP_MOTION_H
#define LMP_MTP_MOTION_H

#include <string>
#include <vector>

#include "pointers.h"

#include "mtp/learner.h"

namespace LAMMPS_NS {

class MTPMotion : protected Pointers {
public:
  explicit MTPMotion(class LAMMPS *);

  /* Before a run, or whatever else: what moves the atoms? `knows_others`: those who go on know all forces. */
  void begin_run(bool knows_others);
  /* At each evaluation, on all ranks: `species` of the types, -1 for those of others. */
  void note(const std::vector<int> &species);
  /* A label was learned. */
  void forget_quiet();
  /* Fills `conditions` with masses that belong to this object. False if the last run was not plain dynamics of all
   * atoms; why() tells. */
  bool conditions(const std::vector<int> &species, int species_count, mtp_conditions *conditions);
  const std::string &why() const { return reason; }

private:
  std::string reason; /* "" for plain dynamics */
  long long steps, quiet;
  double temperature;    /* K, over some hundred steps */
  double quiet_sum;      /* of temperatures since the last label, */
  long long quiet_count; /* so many */
  long long samples;
  bool moves_cell; /* in all directions */
  double pressure; /* the one that the cell follows, in the end; eV/A^3 */
  double timestep; /* ps */
  std::vector<double> masses;

  void note_pressure(class Fix *fix);
  double current_temperature(const std::vector<int> &species) const;
};

} // namespace LAMMPS_NS

#endif
