/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file baseline.h
 * What mtp/al learns on top of: the other sub-styles of hybrid/overlay, with kspace. Their commands and the charges of
 * the atoms become a text of commands, from which rank 0 evaluates them in the cell of any configuration; that this is
 * what the run computes is checked whenever there is a configuration at hand. */
#ifndef LMP_MTP_BASELINE_H
#define LMP_MTP_BASELINE_H

#include "pointers.h"

#include <string>
#include <vector>

#include "driver/baseline_lammps.h"
#include "mtp/potential.h"

namespace LAMMPS_NS {

class MTPOverlay;
class Pair;

class MTPBaseline : protected Pointers {
  const Pair *const pair; /* that learns */
  MTPOverlay *overlay;    /* that it is a part of, null: it is alone */
  std::string text;       /* the commands, on every rank */
  std::string used_text;  /* the same when the learner came to life, "" without one */
  std::vector<int> first; /* [species] the type that stands for it, 0: none does */
  enum { NO_CHARGES, OF_SPECIES, OF_ATOMS, OF_POSITIONS } charges;
  mtp_lammps_baseline *baseline; /* on rank 0 while a learner lives */
  bool proven;                   /* there: its forces are those of an energy */

  std::string why_not(const std::vector<int> &species) const;
  std::string why_no_sums() const;
  void choose_types(const std::vector<int> &species, int species_count);
  std::string types_line(const std::vector<int> &species, const mtp_potential *pot) const;
  std::string kspace_lines() const;
  std::string fix_lines(std::string *wrong) const;
  std::vector<double> charge_ranges(const std::vector<int> &species) const;
  void choose_charges(const std::vector<double> &ranges);
  std::string charge_lines(const std::vector<double> &ranges, std::string *wrong) const;
  double compute_here(std::vector<double> *force) const;
  double tolerance() const;
  std::string why_no_energy(mtp_context *ctx, const mtp_config *cfg) const;
  std::string compare(mtp_context *ctx, const mtp_config *cfg, double energy, const std::vector<double> &force);

public:
  MTPBaseline(class LAMMPS *, const Pair *);
  ~MTPBaseline() override;
  MTPBaseline(const MTPBaseline &) = delete;
  MTPBaseline &operator=(const MTPBaseline &) = delete;

  bool is_used() const { return overlay != nullptr; }
  /* Do configurations need the charges of their atoms, because these are not the same for all of an element? */
  bool needs_charges() const { return is_used() && (charges == OF_ATOMS || charges == OF_POSITIONS); }
  /* At the beginning of a run, on all ranks: what the baseline is. "" or why it cannot be one. species[type] of the
   * pair style, -1 of none. */
  std::string look(const std::vector<int> &species, const mtp_potential *pot);
  /* On all ranks: a learner lives, and the baseline must not change any more. Commands that were given again, or
   * otherwise, may not have changed it: that has to be checked. */
  void hold() { used_text = text; }
  bool may_have_changed() const { return is_used() && text != used_text; }
  /* On all ranks: it lives no more. */
  void close();

  /* On rank 0. */
  mtp_status open(mtp_context *ctx, const mtp_potential *pot, const std::string &train_path, const char *plugin);
  mtp_status write(mtp_context *ctx, const std::string &train_path) const;
  const mtp_baseline *get() const { return mtp_lammps_baseline_get(baseline); }

  /* Within a step, on all ranks: "" if the baseline of `cfg` (the whole configuration, on rank 0) is what the run
   * computes, else what is wrong; always "" on other ranks. */
  std::string check(mtp_context *ctx, const mtp_config *cfg, const std::vector<int> &species);
};

} // namespace LAMMPS_NS

#endif
