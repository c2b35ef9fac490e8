/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fix_mtp_al.cpp
 * The fix MTP_AL.
 *
 * Trial states: fixes such as gcmc evaluate the potential within the exchange of atoms (pre_exchange) of a step, with
 * neighbour lists of their own, and the step evaluates it again when that is over. This fix is the last one whose
 * pre_exchange is called. So an evaluation right after a list was built is one of a trial if this fix was not called in
 * that step.
 *
 * Going back: within an evaluation the integrator is in the middle of a step. So the pair style only says that the
 * atoms have exploded, the step ends with forces of zero, and at its end atoms, velocities, box and states become those
 * of a snapshot, from which all else is made as at the beginning of a run. Time goes on, since output, averages and
 * ramps depend on it. */
#include "fix_mtp_al.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "integrate.h"
#include "modify.h"
#include "neighbor.h"
#include "pair_mtp_al.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;
using namespace FixConst;

/* A snapshot younger than this part of their distance may be too near the end. */
static constexpr double YOUNG = 0.5;
/* Configurations are remembered so often on that way. */
static constexpr int REMEMBER = 10;

FixMTPAL::FixMTPAL(LAMMPS *lmp, int narg, char **arg)
    : Fix(lmp, narg, arg), pair(nullptr), exchanged(-1), within(false), told(false), one(lmp), other(lmp), last(&one),
      before(&other), remembered(-1) {
  nevery = 1;
}

Fix *FixMTPAL::create(LAMMPS *lmp, int narg, char **arg) {
  return new FixMTPAL(lmp, narg, arg);
}

FixMTPAL *FixMTPAL::provide(LAMMPS *lmp, bool wanted) {
  Modify *modify = lmp->modify;
  (*modify->fix_map)[ID] = create;
  const int k = modify->find_fix(ID);
  if (k >= 0 && wanted && k == modify->nfix - 1) return static_cast<FixMTPAL *>(modify->fix[k]);
  if (k >= 0) modify->delete_fix(ID);
  if (!wanted) return nullptr;
  modify->add_fix(std::string(ID) + " all " + ID);
  return static_cast<FixMTPAL *>(modify->fix[modify->nfix - 1]);
}

int FixMTPAL::setmask() {
  return PRE_EXCHANGE | END_OF_STEP;
}

double FixMTPAL::memory_usage() {
  return one.bytes() + other.bytes();
}

void FixMTPAL::init() {
  pair = dynamic_cast<PairMTPAL *>(force->pair_match("mtp/al", 1));
  exchanged = -1;
  last->forget();
  before->forget();
  if (pair && pair->rewinds() > 0 && update->whichflag == 1) check_settings();
}

void FixMTPAL::check_settings() {
  std::string wrong;
  if (strcmp(update->integrate_style, "verlet") != 0) wrong = std::string("run_style ") + update->integrate_style;
  if (atom->avec->bonus_flag) wrong = "atoms that have a shape";
  for (int k = 0; k < modify->nfix && wrong.empty(); k++) {
    const Fix *fix = modify->fix[k];
    if (fix->rigid_flag) wrong = std::string("the rigid bodies of fix ") + fix->id + " " + fix->style;
    const std::string name = std::string("fix ") + fix->id;
    if (utils::strmatch(fix->style, "^deform")) wrong = name + ", which sets the box by the time";
    if (utils::strmatch(fix->style, "^move")) wrong = name + ", which puts atoms where they belong by the time";
    for (const char *others : {"^pimd", "^ipi$", "^hyper/", "^event/"})
      if (utils::strmatch(fix->style, others))
        wrong = name + " " + fix->style + ", which goes by what is kept elsewhere";
  }
  if (!wrong.empty()) error->all(FLERR, "pair_style mtp/al: rewind does not work with {}", wrong);
}

/* ---- trial states ---- */

void FixMTPAL::pre_exchange() {
  exchanged = update->ntimestep;
}

bool FixMTPAL::is_trial() const {
  return update->whichflag == 1 && !update->setupflag && neighbor->ago == 0 && exchanged != update->ntimestep;
}

/* ---- snapshots ---- */

void FixMTPAL::setup(int) {
  if (!within) note();
}

void FixMTPAL::note() {
  if (!pair || pair->rewinds() == 0 || !pair->is_sound()) return;
  const bigint every = pair->rewinds(), now = update->ntimestep;
  if (!last->is_taken() || (pair->is_calm() && now >= last->of_step() + every)) {
    std::swap(last, before);
    last->take();
  }
  if (remembered < 0 || now >= remembered + std::max<bigint>(1, every / REMEMBER) || now < remembered) {
    pair->remember();
    remembered = now;
  }
}

const MTPSnapshot *FixMTPAL::choose() const {
  if (!pair || !last->is_taken()) return nullptr;
  const bool young = (double)(update->ntimestep - last->of_step()) < YOUNG * (double)pair->rewinds();
  return young && before->is_taken() ? before : last;
}

bool FixMTPAL::can_rewind(const char **why) const {
  *why = nullptr;
  if (!pair || pair->rewinds() == 0) return false;
  const MTPSnapshot *to = update->whichflag == 1 ? choose() : nullptr;
  if (to && to->fits()) return true;
  *why = to ? "atoms came, went or changed their type since the last snapshot" : "there is no snapshot of this run yet";
  return false;
}

void FixMTPAL::end_of_step() {
  if (!pair) return;
  if (pair->has_exploded())
    go_back();
  else
    note();
}

void FixMTPAL::tell() {
  static const char *const without[] = {"nve", "langevin", "momentum", "temp/rescale", "temp/berendsen", "MTP_AL"};
  std::string kept;
  for (int k = 0; k < modify->nfix; k++) {
    const Fix *fix = modify->fix[k];
    bool harmless = mtp_snapshot_has(fix);
    for (const char *style : without) harmless = harmless || strcmp(fix->style, style) == 0;
    if (!harmless)
      kept += (kept.empty() ? "; not taken back is what these keep: fix " : ", fix ") + std::string(fix->id) + " " +
              fix->style;
  }
  if (comm->me == 0)
    error->warning(FLERR,
                   "pair_style mtp/al: positions, velocities, box and the states of thermostats and barostats are "
                   "those of the snapshot, while time goes on with its ramps and averages{}",
                   kept);
  told = true;
}

void FixMTPAL::post_run() {
  if (pair && update->whichflag == 1) pair->end_run();
}

/* What is evaluated at the snapshot is graded and offered as at the beginning of a run, and may be beyond use again. */
void FixMTPAL::go_back() {
  within = true;
  while (pair->has_exploded()) {
    const MTPSnapshot *to = choose();
    pair->learn_before(to->of_step());
    if (!told) tell();
    to->restore();
    if (to == before) { /* the other one was too near the end */
      std::swap(last, before);
      before->forget();
    }
    modify->clearstep_compute();
    update->integrate->setup_minimal(1);
  }
  within = false;
}
