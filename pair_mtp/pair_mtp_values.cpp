/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_values.cpp
 * What a learning run tells of itself by `compute pair`: counts of atoms and labels, and what grades cost. */
#include "pair_mtp_al.h"

#include <algorithm>
#include <cmath>

#include "atom.h"
#include "comm.h"

using namespace LAMMPS_NS;

/* An evaluation without grades is timed once in so many graded ones. */
static constexpr long long TIMING_INTERVAL = 500;

/* Forces go to the buffer, because the step may be done again. What grades cost is the difference to an evaluation
 * without them, which is timed now and then. */
void PairMTPAL::timed_evaluation(int eflag, int vflag, bool graded) {
  if (graded && graded_evaluations++ % TIMING_INTERVAL == 0) {
    const double begin = MPI_Wtime();
    evaluate(zeroed_force_buffer(), false);
    plain_seconds = MPI_Wtime() - begin;
    ev_init(eflag, vflag);
  }
  const double begin = MPI_Wtime();
  evaluate(zeroed_force_buffer(), graded);
  if (graded) grade_seconds += std::max(0.0, MPI_Wtime() - begin - plain_seconds);
}

/* Atoms of this rank beyond select and beyond break, in an evaluation that graded each of them. Errors of all are dear:
 * they are asked for only if the worst one is beyond. */
void PairMTPAL::count_beyond() {
  beyond_select = beyond_break = 0;
  if (!last_graded || mode != MTP_MODE_NEIGHBOURHOOD) return;
  if (by_doubt && !(worst.grade > options.select_grade)) return;
  if (by_doubt && !grade_flag) grade_by_doubt();
  for (int i = 0; i < atom->nlocal && (size_t)i < grade.size(); i++) {
    if (species[(size_t)atom->type[i]] < 0 || !is_present(i)) continue;
    beyond_select += grade[(size_t)i] > options.select_grade;
    beyond_break += grade[(size_t)i] > options.break_grade;
  }
}

/* compute pair sums these over the ranks. */
void PairMTPAL::fill_vector() {
  std::fill_n(pvector, nextra, 0.0);
  if (comm->me == worst.rank) {
    pvector[0] = worst.grade;
    pvector[1] = (double)worst.tag;
  }
  pvector[8] = (double)beyond_select;
  pvector[9] = (double)beyond_break;
  if (comm->me != 0) return;
  pvector[10] = with_errors ? largest_error : NAN;
  const mtp_learner_stats stats = mtp_learner_get_stats(learner);
  pvector[2] = (double)stats.qm_calls;
  pvector[3] = (double)stats.configurations;
  pvector[4] = (double)stats.refits;
  pvector[5] = stats.qm_seconds;
  pvector[6] = stats.refit_seconds;
  pvector[7] = grade_seconds;
}
