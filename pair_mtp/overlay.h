/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file overlay.h
 * `pair_style hybrid/overlay` of LAMMPS that remembers the commands it was given: LAMMPS keeps none, and mtp/al has to
 * evaluate the other sub-styles in the cells of its labels. In all else it is its parent. */
#ifndef LMP_MTP_OVERLAY_H
#define LMP_MTP_OVERLAY_H

#include "pair_hybrid_overlay.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {

class MTPOverlay : public PairHybridOverlay {
  using Words = std::vector<std::string>;
  std::vector<Words> sub_styles; /* each with its arguments; none after read_restart */
  std::vector<Words> commands;   /* pair_coeff and pair_modify, in their order */

public:
  explicit MTPOverlay(class LAMMPS *);

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void modify_params(int, char **) override;

  /* Were the sub-styles given by commands? */
  bool is_known() const { return !sub_styles.empty(); }
  /* So many of them are called so. */
  int count(const std::string &style) const;
  /* Commands that make these sub-styles without those of that name. */
  std::string commands_without(const std::string &style) const;

  /* Adds the forces of the other sub-styles to those of the atoms, ghosts included, and returns their energy; both of
   * this rank. Within compute(), where it does not matter that they are computed again. */
  double compute_others(const Pair *skip);
};

/* Words as a command, quoted where they have to be. */
std::string mtp_command_line(const std::vector<std::string> &words);

} // namespace LAMMPS_NS

#endif
