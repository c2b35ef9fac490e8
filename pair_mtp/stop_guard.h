/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file stop_guard.h
 * How a signal reaches the library. */
#ifndef LMP_STOP_GUARD_H
#define LMP_STOP_GUARD_H

#include <csignal>

namespace LAMMPS_NS {

/* While one lives, SIGTERM and SIGINT do not kill this rank: QM calls and training end early, what is known is written
 * down, and all ranks stop with an error. A second signal kills as usual; so does the first one afterwards if nothing
 * came of it. */
class MTPStopGuard {
  static int living;
  const bool outermost; /* ends of runs are guarded within steps that are */
  int exceptions;
  struct sigaction before[2];
  static constexpr int numbers[2] = {SIGTERM, SIGINT};

public:
  MTPStopGuard();
  ~MTPStopGuard();
  MTPStopGuard(const MTPStopGuard &) = delete;
  MTPStopGuard &operator=(const MTPStopGuard &) = delete;

  /* The number of the signal that has come, 0: none has. */
  static const volatile sig_atomic_t *signal();
};

} // namespace LAMMPS_NS

#endif
