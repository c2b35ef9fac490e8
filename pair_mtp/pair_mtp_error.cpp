/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_error.cpp
 * Errors to expect of forces. The variance of every site energy costs less than its grade; that of a force needs a pass
 * over all sites around its atom, and is made for the few atoms of the worst sites, or for all on request. The
 * derivatives that it is made of are sums over sites of all ranks. */
#include "pair_mtp.h"

#include <algorithm>
#include <cmath>

#include "atom.h"
#include "comm.h"
#include "compat.h"
#include "error.h"
#include "neigh_list.h"
#include "neighbor.h"

using namespace LAMMPS_NS;

/* What is known of it, once for each potential. */
bool PairMTP::has_posterior() {
  if (posterior_known) return posterior != nullptr;
  posterior_known = true;
  if (!evaluator) return false;
  mtp_posterior *read = nullptr;
  check_here(mtp_posterior_of(ctx, pot, &read));
  posterior.reset(read);
  if (posterior) check_here(mtp_evaluator_set_posterior(ctx, evaluator, posterior.get()));
  return posterior != nullptr;
}

void PairMTP::forget_posterior() {
  posterior.reset();
  posterior_known = false;
  doubt_ratio = 0.0;
}

/* A style that learns has a posterior soon. */
bool PairMTP::wants_errors(bool summary) {
  if (error_flag && !has_posterior()) {
    force_error.assign((size_t)(atom->nmax > 0 ? atom->nmax : 1), NAN);
    if (learns) return false;
    stop("errors to expect need a potential that says how sure it is, and " + path +
         " does not: mtp train leaves that");
  }
  return (error_flag || summary) && has_posterior();
}

/* Before an evaluation. */
void PairMTP::ask_for_errors() {
  if (!atom->tag_enable) stop("errors to expect need atom IDs");
  site_variance.assign((size_t)(atom->nlocal + atom->nghost) + 1, 0.0);
  out.site_variance = site_variance.data();
}

/* Sites of this rank with the largest variances, by ID. */
std::vector<PairMTP::Doubt> PairMTP::local_doubts() const {
  std::vector<Doubt> mine;
  for (int k = 0; k < central_count; k++) {
    const int i = central[k];
    if (species[(size_t)atom->type[i]] < 0) continue;
    const double v = site_variance[(size_t)i];
    mine.push_back({atom->tag[i], std::isfinite(v) ? v : HUGE_VAL, mtp_doubt()});
  }
  const size_t most = std::min(mine.size(), (size_t)DOUBTS);
  std::partial_sort(mine.begin(), mine.begin() + (ptrdiff_t)most, mine.end(), PairMTP::is_worse);
  mine.resize(DOUBTS, {0, -1.0, mtp_doubt()});
  return mine;
}

bool PairMTP::is_worse(const Doubt &a, const Doubt &b) {
  return a.site != b.site ? a.site > b.site : a.tag < b.tag;
}

mtp_atoms PairMTP::present_list() {
  mtp_atoms atoms = mtp_atoms();
  atoms.nall = (size_t)(atom->nlocal + atom->nghost);
  atoms.ncentral = (size_t)central_count;
  atoms.central = central;
  atoms.x = atom->x[0];
  atoms.type = atom->type;
  atoms.species_of_type = species.data();
  atoms.count = list->numneigh;
  atoms.list = list->firstneigh;
  atoms.mask = NEIGHMASK;
  return atoms;
}

/* Adds what the sites of this rank bring to the rows of the forces. */
void PairMTP::add_rows(const std::vector<int> &row, size_t nrows, std::vector<double> &rows) {
  rows.assign(3 * nrows * mtp_posterior_size(posterior.get()) + 1, 0.0);
  if (central_count == 0) return;
  const mtp_atoms atoms = present_list();
  check_here(mtp_posterior_rows(ctx, posterior.get(), &atoms, row.data(), nrows, rows.data()));
}

/* The worst sites of all ranks, with the variances of the forces on their atoms; the same on all ranks. */
void PairMTP::find_doubts() {
  const std::vector<Doubt> mine = local_doubts();
  std::vector<Doubt> all((size_t)DOUBTS * (size_t)comm->nprocs);
  const int bytes = (int)(DOUBTS * sizeof(Doubt));
  MPI_Allgather(mine.data(), bytes, MPI_BYTE, all.data(), bytes, MPI_BYTE, world);
  std::sort(all.begin(), all.end(), is_worse);
  all.resize(DOUBTS);
  while (!all.empty() && all.back().site < 0.0) all.pop_back();
  doubts = all;
  const int nall = atom->nlocal + atom->nghost;
  std::vector<int> row((size_t)nall + 1, -1);
  for (int i = 0; i < nall; i++)
    for (size_t k = 0; k < doubts.size(); k++)
      if (atom->tag[i] == doubts[k].tag) row[(size_t)i] = (int)k;
  std::vector<double> rows;
  add_rows(row, doubts.size(), rows);
  std::vector<double> sum(rows.size());
  MPI_Reduce(rows.data(), sum.data(), (int)rows.size(), MPI_DOUBLE, MPI_SUM, 0, world);
  std::vector<mtp_doubt> found(doubts.size() + 1);
  if (comm->me == 0) check_here(mtp_posterior_doubts(ctx, posterior.get(), doubts.size(), sum.data(), found.data()));
  MPI_Bcast(found.data(), (int)(found.size() * sizeof(mtp_doubt)), MPI_BYTE, 0, world);
  for (size_t k = 0; k < doubts.size(); k++) doubts[k].force = found[k];
}

/* Of all atoms of this rank: doubt[nlocal]. The shares of ghosts come from the other ranks column by column. */
void PairMTP::all_doubts(std::vector<mtp_doubt> &doubt) {
  const int nlocal = atom->nlocal, nall = nlocal + atom->nghost;
  const size_t m = mtp_posterior_size(posterior.get());
  std::vector<int> row((size_t)nall + 1, -1);
  for (int i = 0; i < nall; i++) row[(size_t)i] = i;
  std::vector<double> rows, column(3 * (size_t)nall + 1);
  add_rows(row, (size_t)nall, rows);
  reversed = &column;
  for (size_t k = (size_t)mtp_potential_species_count(pot); k < m; k++) {
    for (size_t i = 0; i < 3 * (size_t)nall; i++) column[i] = rows[i * m + k];
    mtp_compat::reverse_comm(comm, this);
    for (size_t i = 0; i < 3 * (size_t)nlocal; i++) rows[i * m + k] = column[i];
  }
  reversed = &force_buffer;
  doubt.assign((size_t)nlocal + 1, mtp_doubt());
  check_here(mtp_posterior_doubts(ctx, posterior.get(), (size_t)nlocal, rows.data(), doubt.data()));
}

/* After an evaluation that was asked for errors: of every atom if a fix wants them, and the largest. */
void PairMTP::find_errors() {
  double largest = 0.0;
  find_doubts();
  const auto take = [&largest](double error_here) {
    if (!(error_here <= largest)) largest = std::isnan(error_here) ? INFINITY : error_here;
  };
  for (const Doubt &d : doubts) take(mtp_posterior_error(posterior.get(), &d.force));
  if (error_flag) {
    std::vector<mtp_doubt> doubt;
    all_doubts(doubt);
    force_error.assign((size_t)(atom->nmax > 0 ? atom->nmax : 1), 0.0);
    for (int i = 0; i < atom->nlocal; i++) {
      if (species[(size_t)atom->type[i]] < 0 || !is_present(i)) continue;
      const double error_here = mtp_posterior_error(posterior.get(), &doubt[(size_t)i]);
      force_error[(size_t)i] = error_here;
      take(error_here);
    }
  }
  MPI_Allreduce(&largest, &largest_error, 1, MPI_DOUBLE, MPI_MAX, world);
}

/* Variances of forces take as long as all the rest of a step. Where site energies say that the run is far from select,
 * by the factor that was found last and some more, they are made every tenth time; nearer or above it, but far from
 * break, every sixth time: a candidate waits in any case, and those within 20 steps say the same. In six steps of 2 fs
 * grades of melts grew by a third (RMS) and to 2.7 times at most. */
static constexpr double DOUBT_MARGIN = 1.5, BREAK_MARGIN = 2.5, DOUBT_MEMORY = 0.9;
static constexpr int FAR_GUESSES = 9, NEAR_GUESSES = 5;

bool PairMTP::guess_worst_doubt() {
  if (!(doubt_enough > 0.0) || !(doubt_ratio > 0.0) || doubt_guesses >= FAR_GUESSES) return false;
  struct {
    double site;
    int rank;
  } mine = {-1.0, comm->me}, all;
  int here = -1;
  for (int k = 0; k < central_count; k++) {
    const int i = central[k];
    if (species[(size_t)atom->type[i]] < 0) continue;
    const double v = site_variance[(size_t)i];
    if (here < 0 || !(v <= mine.site)) mine.site = std::isfinite(v) ? v : HUGE_VAL, here = i;
  }
  MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE_INT, MPI_MAXLOC, world);
  const double guess = doubt_ratio * std::sqrt(std::max(all.site, 0.0));
  const bool is_far = DOUBT_MARGIN * guess < doubt_enough;
  if (!is_far && (doubt_guesses >= NEAR_GUESSES || !(BREAK_MARGIN * guess < doubt_break))) return false;
  doubt_guesses++;
  worst = {std::min(guess, doubt_enough), all.rank, -1, 0}; /* nothing is offered by a guess */
  if (comm->me == all.rank && here >= 0) {
    worst.atom = here;
    worst.tag = atom->tag[here];
  }
  return true;
}

/* Query bayes: the worst atom is that of whose force more labels would take away most, over what is allowed. */
void PairMTP::find_worst_doubt() {
  size_t which = 0;
  double most = -1.0;
  if (guess_worst_doubt()) return;
  find_doubts();
  for (size_t k = 0; k < doubts.size(); k++) {
    const double found = mtp_posterior_grade(posterior.get(), &doubts[k].force, doubt_limit);
    const double grade_here = std::isfinite(found) ? found : INFINITY;
    if (grade_here > most) most = grade_here, which = k;
  }
  worst = {std::max(most, 0.0), 0, -1, 0};
  doubt_guesses = 0;
  doubt_ratio = !doubts.empty() && doubts[0].site > 0.0 && std::isfinite(most)
                    ? std::max(most / std::sqrt(doubts[0].site), DOUBT_MEMORY * doubt_ratio)
                    : 0.0;
  struct {
    int found, rank;
  } mine = {0, comm->me}, owner;
  for (int i = 0; i < atom->nlocal && !doubts.empty(); i++) {
    if (atom->tag[i] != doubts[which].tag) continue;
    mine.found = 1;
    worst.atom = i;
    worst.tag = atom->tag[i];
  }
  MPI_Allreduce(&mine, &owner, 1, MPI_2INT, MPI_MAXLOC, world);
  worst.rank = owner.rank;
}

/* Grades of all atoms by their doubts, in place of those of an active set; not known before the first fit. */
void PairMTP::grade_by_doubt() {
  std::vector<mtp_doubt> doubt;
  grade.assign((size_t)(atom->nmax > 0 ? atom->nmax : 1), has_posterior() ? 0.0 : NAN);
  if (!has_posterior()) return;
  all_doubts(doubt);
  for (int i = 0; i < atom->nlocal; i++)
    if (species[(size_t)atom->type[i]] >= 0 && is_present(i))
      grade[(size_t)i] = mtp_posterior_grade(posterior.get(), &doubt[(size_t)i], doubt_limit);
}
