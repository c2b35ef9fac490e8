/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file min_restart.cpp
 * Minimisers of LAMMPS, each derived from in the same way. */
#include "min_restart.h"

#include <cmath>
#include <type_traits>
#include <typeinfo>

#include "force.h"
#include "min_cg.h"
#include "min_fire.h"
#include "min_hftn.h"
#include "min_linesearch.h"
#include "min_quickmin.h"
#include "min_sd.h"
#include "output.h"
#include "pair_mtp_al.h"
#include "update.h"

using namespace LAMMPS_NS;

/* In LAMMPS before 2022 lists of computes are arrays that a minimiser owns: the copy of one makes its own. */
template <class List> static void disown(List &list) {
  list = List();
}

/* What a search is left with, out of any depth of the minimiser: the energies that it holds are of another potential.
 */
struct Refitted {};

/* While one lives, a search is under way. */
class Search {
  bool &under_way;

public:
  explicit Search(bool &flag) : under_way(flag) { under_way = true; }
  ~Search() { under_way = false; }
  Search(const Search &) = delete;
  Search &operator=(const Search &) = delete;
};

/* Did iterate() end where it takes the energy to be lowest? Otherwise it met a limit, or failed. */
static bool is_end_point(int reason) {
  switch (reason) {
  case Min::ETOL:
  case Min::FTOL:
  case Min::DOWNHILL:
  case Min::ZEROALPHA:
  case Min::ZEROFORCE:
  case Min::ZEROQUAD:
  case Min::TRSMALL:
    return true;
  default:
    return false;
  }
}

template <class Base> class Restarting : public Base {
  bool searching = false;

  static constexpr int NONE = -1; /* no reason to stop */

  PairMTPAL *learner() const { return dynamic_cast<PairMTPAL *>(this->force->pair_match("mtp/al", 1)); }
  void take_over(const Base &original);
  int search(int maxiter, int first);
  void go_back();
  void write_if_due();
  bool has_small_forces();
  int reason_to_stop(int maxiter, int first);

public:
  /* The original was just initialised: what it will own is not allocated yet. */
  Restarting(const Base &original, LAMMPS *lmp);
  bool has_requests() const { return this->nextra_atom > 0; }
  void disown_requests();
  int iterate(int maxiter) override;

protected:
  double energy_force(int resetflag) override;
};

/* What a minimiser is made from: another one, or nothing if it cannot be copied. */
template <class Base> static decltype(auto) source_for(const Base &original, LAMMPS *lmp) {
  if constexpr (std::is_copy_constructible<Base>::value)
    return (original);
  else
    return lmp;
}

template <class Base>
Restarting<Base>::Restarting(const Base &original, LAMMPS *lmp) : Base(source_for(original, lmp)) {
  if constexpr (!std::is_copy_constructible<Base>::value) take_over(original);
  disown(this->elist_global);
  disown(this->elist_atom);
  disown(this->vlist_global);
  disown(this->vlist_atom);
  disown(this->cvlist_atom);
  this->ev_setup();
}

/* Since 2026 hftn holds a file, which cannot be copied. Of Min: what min_modify and init() have set, and it may use. */
template <class Base> void Restarting<Base>::take_over(const Base &original) {
  const auto take = [&](auto... members) { ((this->*members = original.*members), ...); };
  take(&Restarting::dmax, &Restarting::linestyle, &Restarting::normstyle, &Restarting::virial_style,
       &Restarting::external_force_clear, &Restarting::fix_minimize, &Restarting::nextra_atom, &Restarting::torqueflag,
       &Restarting::extraflag, &Restarting::pair_compute_flag, &Restarting::kspace_compute_flag, &Restarting::triclinic,
       &Restarting::neigh_every, &Restarting::neigh_delay, &Restarting::neigh_dist_check);
}

/* Pair styles that minimise more than positions have asked for arrays, which stay with the original. */
template <class Base> void Restarting<Base>::disown_requests() {
  this->xextra_atom = this->fextra_atom = nullptr;
  this->extra_peratom = this->extra_nlen = nullptr;
  this->extra_max = nullptr;
  this->requestor = nullptr;
}

/* A search for the minimum does not survive a refit. Damped dynamics does, if it does not take the energy before, which
 * is of another potential, for one that hardly changes; nor could it be left, because replicas go in step. */
template <class Base> double Restarting<Base>::energy_force(int resetflag) {
  const double energy = Base::energy_force(resetflag);
  PairMTPAL *pair = searching ? learner() : nullptr;
  if (!pair || !pair->take_refit()) return energy;
  if (this->searchflag) {
    this->ecurrent = energy;
    throw Refitted();
  }
  this->eprevious = NAN;
  return energy;
}

/* The search of LAMMPS, for what is left of maxiter iterations since number `first`; NONE if a refit has ended it. */
template <class Base> int Restarting<Base>::search(int maxiter, int first) {
  const Search guard(searching);
  const int done = this->niter - first;
  const bool hftn = std::is_same<Base, MinHFTN>::value;
  const double einitial = this->einitial, fnorm2_init = this->fnorm2_init;
  const auto nsteps = this->update->nsteps;
  if (hftn) { /* it counts from 0 to the limit of the command, and begins from what setup() left */
    this->update->nsteps -= done;
    this->einitial = this->ecurrent;
    this->fnorm2_init = sqrt(this->fnorm_sqr());
  }
  int reason = NONE;
  try {
    reason = Base::iterate(maxiter - done);
  } catch (const Refitted &) {
    if (hftn) this->niter++; /* which the loop had no time for */
  }
  if (hftn) {
    this->update->nsteps = nsteps;
    this->einitial = einitial;
    this->fnorm2_init = fnorm2_init;
    this->niter += first + done;
  }
  return reason;
}

/* To where the line search began; the other one goes on from where it is. */
template <class Base> void Restarting<Base>::go_back() {
  if constexpr (std::is_base_of<MinLineSearch, Base>::value) this->ecurrent = this->alpha_step(0.0, 1);
  if (PairMTPAL *pair = learner()) pair->take_refit();
}

/* The iteration that was left writes at its end, and all later output depends on it. */
template <class Base> void Restarting<Base>::write_if_due() {
  if (this->output->next == this->update->ntimestep) this->output->write(this->update->ntimestep);
}

template <class Base> bool Restarting<Base>::has_small_forces() {
  const double ftol = this->update->ftol;
  if (!(ftol > 0.0)) return false;
  const double square = this->normstyle == Min::MAX   ? this->fnorm_max()
                        : this->normstyle == Min::INF ? this->fnorm_inf()
                                                      : this->fnorm_sqr();
  return square < ftol * ftol;
}

/* What the minimisers look at only after an iteration. */
template <class Base> int Restarting<Base>::reason_to_stop(int maxiter, int first) {
  if (this->neval >= this->update->max_eval) return Min::MAXEVAL;
  if (this->niter - first >= maxiter) return Min::MAXITER;
  return has_small_forces() ? static_cast<int>(Min::FTOL) : NONE;
}

template <class Base> int Restarting<Base>::iterate(int maxiter) {
  PairMTPAL *pair = learner();
  if (!pair) return Base::iterate(maxiter);
  const int first = this->niter;
  pair->take_refit(); /* what setup() learned is behind us */
  int reason = search(maxiter, first);
  for (int round = 0;;) {
    if (reason == NONE) {
      go_back();
    } else if (is_end_point(reason) && !this->update->multireplica && pair->confirm(round++)) {
      this->ecurrent = energy_force(1);
      this->neval++;
    } else {
      break;
    }
    this->eprevious = this->ecurrent; /* what it was is of another potential */
    write_if_due();
    reason = reason_to_stop(maxiter, first);
    if (reason == NONE) reason = search(maxiter, first);
  }
  if (std::isnan(this->eprevious)) this->eprevious = this->ecurrent;
  return reason;
}

template <class Base> static bool replace(LAMMPS *lmp) {
  Min *&minimize = lmp->update->minimize;
  if (typeid(*minimize) == typeid(Restarting<Base>)) return true;
  if (typeid(*minimize) != typeid(Base)) return false;
  auto *mine = new Restarting<Base>(static_cast<Base &>(*minimize), lmp);
  if (mine->has_requests()) {
    mine->disown_requests();
    delete mine;
    return false;
  }
  delete minimize;
  minimize = mine;
  return true;
}

bool mtp_min::use_restarting(LAMMPS *lmp) {
  return replace<MinCG>(lmp) || replace<MinSD>(lmp) || replace<MinHFTN>(lmp) || replace<MinFire>(lmp) ||
         replace<MinQuickMin>(lmp);
}
