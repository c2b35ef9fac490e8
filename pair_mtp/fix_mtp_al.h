/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fix_mtp_al.h
 * The fix MTP_AL, which `pair_style mtp/al` adds for itself: it tells steps from trial states of Monte Carlo moves, and
 * takes the run back to a snapshot when its atoms have exploded (`rewind N`). */
#ifndef LMP_FIX_MTP_AL_H
#define LMP_FIX_MTP_AL_H

#include "fix.h"
#include "snapshot.h"

namespace LAMMPS_NS {

class FixMTPAL : public Fix {
public:
  static constexpr const char *const ID = "MTP_AL";

  FixMTPAL(class LAMMPS *, int, char **);

  int setmask() override;
  void init() override;
  void setup(int) override;
  void pre_exchange() override;
  void end_of_step() override;
  void post_run() override;
  double memory_usage() override;

  /* Is the evaluation that is asked for one of a fix that tries something, within the exchange of atoms? */
  bool is_trial() const;
  /* Can the run be taken back when this step is over? Else *why not: null if it was not to be. */
  bool can_rewind(const char **why) const;

  /* The one of this LAMMPS, as the last fix, so that those that try something are called before it; null if `wanted` is
   * false, when there is none afterwards. */
  static FixMTPAL *provide(class LAMMPS *, bool wanted);
  static Fix *create(class LAMMPS *, int, char **);

private:
  class PairMTPAL *pair;
  bigint exchanged;                       /* the last step whose exchange of atoms is over */
  bool within;                            /* going back: setup() is no beginning of a run */
  bool told;                              /* what is not taken back */
  MTPSnapshot one, other, *last, *before; /* the last one may be of a moment before the end */
  bigint remembered;

  const MTPSnapshot *choose() const;
  void check_settings();
  void note();
  void go_back();
  void tell();
};

} // namespace LAMMPS_NS

#endif
