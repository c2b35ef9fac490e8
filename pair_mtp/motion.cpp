/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file motion.cpp
 * What a run does with its atoms. Only what is known to be plain dynamics of all atoms can be gone on with elsewhere:
 * with constraints, drives, walls or atoms that are held, other configurations would come of it than of the run. */
#include "motion.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "atom.h"
#include "fix.h"
#include "fix_words.h"
#include "force.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

/* Steps between two looks at the temperature, and looks of which it is the mean. */
static constexpr int LOOK_EVERY = 10, LOOKS = 50;
/* What was quiet at less than this part of the last temperature says nothing about that. */
static constexpr double AS_HOT = 0.95;

/* Fixes that move all atoms by Newton's law, keep them warm, or watch. A name that ends in / or * stands for all that
 * begin so. */
static const char *const plain[] = {"nve",     "nvt",      "npt",     "nph",           "langevin", "temp/*",
                                    "press/*", "momentum", "ave/*",   "vector",        "print",    "halt",
                                    "pair",    "store/*",  "STORE/*", "property/atom", "MTP_AL"};

static bool is_plain(const char *style) {
  for (const char *known : plain) {
    const size_t n = strlen(known);
    if (known[n - 1] == '*' ? strncmp(style, known, n - 1) == 0 : strcmp(style, known) == 0) return true;
  }
  return false;
}

MTPMotion::MTPMotion(LAMMPS *lmp)
    : Pointers(lmp), reason("there was no run"), steps(0), quiet(0), temperature(0.0), quiet_sum(0.0), quiet_count(0),
      samples(0), moves_cell(false), pressure(0.0), timestep(0.0) {}

void MTPMotion::begin_run(bool knows_others) {
  int movers = 0;
  moves_cell = false;
  reason.clear();
  if (update->whichflag != 1 || strcmp(update->integrate_style, "verlet") != 0)
    reason = "the last run was not of run_style verlet";
  if ((force->kspace && !knows_others) || force->bond || force->angle || force->dihedral || force->improper)
    reason = "other forces act between the atoms";
  if (atom->rmass_flag || !atom->mass) reason = "atoms of one type differ in mass";
  for (int k = 0; k < modify->nfix && reason.empty(); k++) {
    Fix *fix = modify->fix[k];
    if (!is_plain(fix->style) && !(knows_others && mtp_fix_equilibrates(fix)))
      reason = std::string("fix ") + fix->id + " " + fix->style + " takes part";
    if (!fix->time_integrate) continue;
    movers++;
    note_pressure(fix);
    if (fix->igroup != 0) reason = std::string("fix ") + fix->id + " " + fix->style + " does not move all atoms";
  }
  if (reason.empty() && movers != 1) reason = "no fix moves the atoms";
}

/* What fix npt and nph tell of themselves. A cell that follows stress in some directions only stays as it is. */
void MTPMotion::note_pressure(Fix *fix) {
  int dim;
  const int *flag = static_cast<const int *>(fix->extract("p_flag", dim));
  const double *stop = static_cast<const double *>(fix->extract("p_stop", dim));
  if (!flag || !stop || !flag[0] || !flag[1] || !flag[2]) return;
  const double to_ev =
      strcmp(update->unit_style, "real") == 0 ? utils::get_conversion_factor(utils::ENERGY, utils::REAL2METAL) : 1.0;
  moves_cell = true;
  pressure = (stop[0] + stop[1] + stop[2]) / 3.0 / force->nktv2p * to_ev;
}

void MTPMotion::forget_quiet() {
  quiet = quiet_count = 0;
  quiet_sum = 0.0;
}

double MTPMotion::current_temperature(const std::vector<int> &species) const {
  double mine[2] = {0.0, 0.0}, all[2];
  for (int i = 0; i < atom->nlocal && atom->mass; i++) {
    if (species[atom->type[i]] < 0) continue;
    const double *v = atom->v[i];
    mine[0] += atom->mass[atom->type[i]] * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    mine[1] += 3.0;
  }
  MPI_Allreduce(mine, all, 2, MPI_DOUBLE, MPI_SUM, world);
  return all[1] > 0.0 ? all[0] * force->mvv2e / (all[1] * force->boltz) : 0.0;
}

void MTPMotion::note(const std::vector<int> &species) {
  if (!reason.empty() || update->setupflag) return;
  quiet++;
  timestep = strcmp(update->unit_style, "real") == 0 ? 1e-3 * update->dt : update->dt;
  if (steps++ % LOOK_EVERY != 0) return;
  const double now = current_temperature(species);
  samples = std::min<long long>(samples + 1, LOOKS);
  temperature += (now - temperature) / (double)samples;
  quiet_sum += now;
  quiet_count++;
}

/* LAMMPS deletes `update` before the pair style, unless it unloads the plugin first. It does not do that any more once
 * a private instance of the driver lammps was closed: there is one list of plugins in a process. */
bool MTPMotion::conditions(const std::vector<int> &species, int species_count, mtp_conditions *conditions) {
  if (!reason.empty() || samples == 0 || !(temperature > 0.0)) return false;
  masses.assign(species_count, 0.0);
  for (int type = atom->ntypes; type > 0; type--)
    if (species[type] >= 0) masses[species[type]] = atom->mass[type];
  double mean = 0.0, count = 0.0; /* a species that no type stands for has no atoms */
  for (const double m : masses) mean += m, count += m > 0.0;
  for (double &m : masses)
    if (!(m > 0.0)) m = mean / count;
  const bool as_hot = quiet_count > 0 && quiet_sum >= AS_HOT * temperature * (double)quiet_count;
  *conditions = mtp_conditions();
  conditions->temperature = temperature;
  conditions->timestep = timestep;
  conditions->masses = masses.data();
  conditions->steps = steps;
  conditions->quiet_steps = as_hot ? quiet : 0;
  conditions->moves_cell = moves_cell;
  conditions->pressure = pressure;
  return true;
}
