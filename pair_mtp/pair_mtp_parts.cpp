/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_parts.cpp
 * Parts of a large system for the learner: which atoms are worst, and what is around those that it chooses. */
#include "pair_mtp_al.h"

#include <algorithm>
#include <numeric>

#include "atom.h"
#include "comm.h"
#include "update.h"

using namespace LAMMPS_NS;

/* The worst atoms of this rank: the one that `worst` knows, or all beyond select that it has, MTP_PARTS times as many
 * as there may be cut-outs at most. */
std::vector<mtp_spot> PairMTPAL::local_spots(bool several) {
  std::vector<mtp_spot> spots;
  const auto add = [&](int i, double grade) {
    mtp_spot spot = {(long long)atom->tag[i], {0.0, 0.0, 0.0}, grade};
    place(i, spot.x);
    spots.push_back(spot);
  };
  if (!several) {
    if (comm->me == worst.rank && worst.atom >= 0) add(worst.atom, worst.grade);
    return spots;
  }
  for (int i = 0; i < atom->nlocal; i++)
    if (grade[i] > options.select_grade) add(i, grade[i]);
  const size_t most = std::min(spots.size(), (size_t)MTP_PARTS * MTP_PARTS);
  std::partial_sort(spots.begin(), spots.begin() + most, spots.end(),
                    [](const mtp_spot &a, const mtp_spot &b) { return a.grade > b.grade; });
  spots.resize(most);
  return spots;
}

/* Those of all ranks, on rank 0. */
std::vector<mtp_spot> PairMTPAL::gather_spots(bool several) {
  const std::vector<mtp_spot> mine = local_spots(several);
  const int bytes = (int)(mine.size() * sizeof(mtp_spot));
  std::vector<int> counts((size_t)comm->nprocs), starts((size_t)comm->nprocs);
  MPI_Gather(&bytes, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  std::partial_sum(counts.begin(), counts.end() - 1, starts.begin() + 1);
  std::vector<mtp_spot> all(comm->me == 0 ? (size_t)(starts.back() + counts.back()) / sizeof(mtp_spot) : 0);
  MPI_Gatherv(mine.data(), bytes, MPI_BYTE, all.data(), counts.data(), starts.data(), MPI_BYTE, 0, world);
  return all;
}

/* What all ranks have to know of the parts of a step. The baseline of the plan is there on rank 0 alone. */
struct Cuts {
  mtp_cut_plan plan;
  mtp_spot middle[MTP_PARTS];
};

/* Offers parts of the system; false if the learner wants the whole. *redo: the step must be done again. */
bool PairMTPAL::offer_parts(const mtp_moment &now, bool *redo) {
  int parts = learner ? mtp_learner_parts(learner, (size_t)atom->natoms) : 0;
  if (parts > 1 && worst.grade <= options.break_grade) parts = 1; /* what waits is one a step */
  MPI_Bcast(&parts, 1, MPI_INT, 0, world);
  if (parts == 0 || !last_graded) return false;
  if (parts > 1) grade_atoms();
  const std::vector<mtp_spot> spots = gather_spots(parts > 1);
  mtp_config lattice = {};
  Cuts cuts = {};
  check_settings();
  copy_cell(&lattice);
  std::string wrong;
  if (comm->me == 0)
    wrong = complaint(mtp_learner_plan_cuts(ctx, learner, &lattice, (size_t)atom->natoms, spots.size(), spots.data(),
                                            update->ntimestep, &cuts.plan));
  stop_all_if(wrong);
  for (int k = 0; k < cuts.plan.count; k++) cuts.middle[k] = spots[(size_t)cuts.plan.middle[k]];
  MPI_Bcast(&cuts, sizeof cuts, MPI_BYTE, 0, world);
  if (cuts.plan.whole) return false;

  std::vector<mtp_part> part((size_t)cuts.plan.count);
  std::vector<mtp_config *> gathered((size_t)cuts.plan.count);
  for (size_t k = 0; k < part.size(); k++) {
    const mtp_spot &middle = cuts.middle[k];
    const mtp_cut_region region = mtp_cut_region_of(lattice.cell, lattice.periodic, middle.x, &cuts.plan.options, pot);
    int index = 0;
    gathered[k] = gather(middle.id, &index, &region);
    part[k] = {gathered[k], (size_t)index, middle.id, middle.grade};
  }
  mtp_action action = MTP_GO_ON;
  if (comm->me == 0) {
    mtp_learner_tell(ctx, learner, &now);
    wrong = complaint(
        mtp_learner_offer_parts(ctx, learner, &cuts.plan, cuts.plan.count, part.data(), update->ntimestep, &action));
    for (mtp_config *cfg : gathered) mtp_config_free(cfg);
  }
  *redo = take_over(wrong, (int)action);
  return true;
}

/* A grade for each atom, where the step asked for the largest alone. The step is beyond break and will be done again.
 */
void PairMTPAL::grade_atoms() {
  if (by_doubt) {
    grade_by_doubt();
    return;
  }
  if (grade_flag) return;
  const double largest = worst.grade;
  grade_flag = 1;
  ev_init(0, 0);
  evaluate(zeroed_force_buffer(), true);
  grade_flag = 0;
  worst.grade = largest;
}
