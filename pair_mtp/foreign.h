/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file foreign.h
 * Decks of other programs for the same potentials: they do not run here, but are told the lines to write. */
#ifndef LMP_MTP_FOREIGN_H
#define LMP_MTP_FOREIGN_H

#include "pair.h"

#include <string>

namespace LAMMPS_NS {

/* The lines that do here what `pair_style STYLE WORD ...` does there: `mlip` of MLIP-2 and MLIP-3, `mtp FILE` and
 * `mtp/extrapolation` of lammps-mtp-kokkos. `hybrid`: it is one of the styles of pair_style hybrid. */
std::string mtp_lines_for(const std::string &style, bool hybrid, int narg, char **arg);

/* What to say of a word that is no keyword of ours, and the words behind it, if it is one that other programs have in
 * this place: a potential, or what GPUs need. */
std::string mtp_hint_at(bool learns, bool hybrid, int narg, char **arg);

/* Makes the styles known that end with these lines, unless this LAMMPS has them itself. */
void mtp_add_foreign_styles(class LAMMPS *lmp);

/* One of these styles. */
class PairMTPForeign : public Pair {
public:
  PairMTPForeign(class LAMMPS *, const char *style);
  void settings(int, char **) override;
  void coeff(int, char **) override {}
  void compute(int, int) override {}

private:
  const std::string style;
};

} // namespace LAMMPS_NS

#endif
