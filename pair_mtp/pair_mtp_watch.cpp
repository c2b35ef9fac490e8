/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_watch.cpp
 * A frozen run that is watched: it ends before it goes where the potential knows nothing.
 *
 * Grades are asked for every so many steps. In between, the potential may fail within fewer steps than that, and LAMMPS
 * would lose atoms before anybody looks. So every step has its largest force compared with those of the steps that were
 * graded and let pass in this run; one with a larger force is graded as well. What an ungraded step does to an atom is
 * then no more than what a graded one did. In equilibrium such records become rare as 1/t and cost nothing. */
#include "pair_mtp.h"

#include <algorithm>
#include <cmath>

#include "atom.h"
#include "comm.h"
#include "compat.h"
#include "error.h"
#include "mtp/append.h"
#include "update.h"

using namespace LAMMPS_NS;

/* ---- what the deck says ---- */

void PairMTP::take_limit(const char *word) {
  watch.limit = number("stop", word);
  if (!(watch.limit >= 1.0)) stop(std::string("stop must be at least 1, found ") + word);
}

void PairMTP::check_watch() {
  if (!is_watched()) return;
  if (mode == MTP_MODE_FORCES)
    stop("stop needs an active set of mode neighbourhood or energy, the one of " + path +
         " is of mode forces: mtp train makes another");
  if (!can_grade)
    stop("stop needs an active set, and " + path + " has none: make one from training data with: mtp train " + path +
         " DATA -o OUT --max-iter 0");
  check_root(complaint(comm->me == 0 ? mtp_append_check(ctx, watch.path.c_str(), "save file") : MTP_OK));
}

/* ---- every step ---- */

bool PairMTP::is_due() const {
  return is_watched() && (update->setupflag || update->ntimestep % watch.every == 0);
}

int PairMTP::pack_reverse_comm(int n, int first, double *to) {
  std::copy_n(reversed->begin() + 3 * (ptrdiff_t)first, 3 * n, to);
  return 3 * n;
}

void PairMTP::unpack_reverse_comm(int n, int *atoms, double *from) {
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 3; k++) (*reversed)[3 * (size_t)atoms[i] + (size_t)k] += from[3 * i + k];
}

/* Square of the largest force of this potential on an atom, the same on all ranks; infinite if a force or the energy is
 * not finite. Ghosts' shares are added first, or it would depend on the ranks which steps are graded. */
double PairMTP::largest_force() {
  mtp_compat::reverse_comm(comm, this);
  const double *f = force_buffer.data();
  double largest = 0.0, all;
  for (int i = 0; i < atom->nlocal; i++, f += 3) {
    const double square = f[0] * f[0] + f[1] * f[1] + f[2] * f[2];
    if (!(square <= largest)) largest = std::isnan(square) ? INFINITY : square;
  }
  if (eflag_global && !std::isfinite(out.energy)) largest = INFINITY;
  MPI_Allreduce(&largest, &all, 1, MPI_DOUBLE, MPI_MAX, world);
  return all;
}

void PairMTP::look(bool graded) {
  const double force = largest_force();
  if (update->setupflag) watch.force = 0.0; /* a rough start or another temperature tells nothing of this run */
  if (!graded && force <= watch.force) return;
  if (!graded) {
    evaluate_grades();
    find_worst(true);
  }
  if (worst.grade > watch.limit || std::isinf(force)) end_run(std::isinf(force));
  watch.force = std::max(watch.force, force);
}

/* ---- the end ---- */

/* Appends the configuration, or what there is of it, to the file. */
mtp_status PairMTP::keep(mtp_config *cfg) {
  std::vector<std::string> names;
  std::vector<const char *> pointers;
  for (int s = 0; s < mtp_potential_species_count(pot); s++) {
    const char *element = mtp_potential_element(pot, s);
    names.push_back(element ? element : std::to_string(s));
  }
  for (const std::string &each : names) pointers.push_back(each.c_str());
  cfg->has_max_grade = std::isfinite(worst.grade);
  cfg->max_grade = cfg->has_max_grade ? worst.grade : 0.0;
  mtp_status status = mtp_config_set_feature(ctx, cfg, "step", std::to_string(update->ntimestep).c_str());
  if (status != MTP_OK) return status;
  return mtp_append_configs(ctx, watch.path.c_str(), 1, &cfg, (int)names.size(), pointers.data());
}

/* What became of the configuration, for the last line. On rank 0. */
std::string PairMTP::kept_text(mtp_config *cfg, long long others) {
  if (!cfg) return "the configuration has too many atoms to be written";
  if (keep(cfg) != MTP_OK) return std::string("the configuration is lost: ") + mtp_context_message(ctx);
  return "the configuration" +
         (others > 0 ? " (without " + std::to_string(others) + " atoms of other potentials)" : std::string()) +
         " is in " + watch.path;
}

void PairMTP::end_run(bool not_finite) {
  long long tag = (long long)worst.tag;
  MPI_Bcast(&tag, 1, MPI_LONG_LONG, worst.rank, world);
  mtp_config *cfg = can_gather() ? gather(tag, nullptr) : nullptr;
  const long long others = count_others();
  std::string message;
  if (comm->me == 0) {
    const std::string kept = kept_text(cfg, others);
    const std::string whose = mode == MTP_MODE_CONFIGURATION ? "the configuration"
                              : tag > 0                      ? "atom " + std::to_string(tag)
                                                             : "an atom";
    char grade_text[32], limit_text[32];
    snprintf(grade_text, sizeof grade_text, "%.6g", worst.grade);
    snprintf(limit_text, sizeof limit_text, "%.6g", watch.limit);
    message = "step " + std::to_string(update->ntimestep) +
              (not_finite ? ": forces or energies are not finite, the grade " : ": the grade ") + grade_text + " of " +
              whose + " is beyond stop " + limit_text + "; " + kept;
    mtp_config_free(cfg);
  }
  check_root(message);
}
