/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file heat.cpp
 * The fastest atom of a run. */
#include "heat.h"

#include <algorithm>
#include <cmath>

#include "atom.h"
#include "force.h"
#include "update.h"

using namespace LAMMPS_NS;

/* Steps between two looks, and looks of which it is the mean. */
static constexpr int LOOK_EVERY = 10, LOOKS = 50;

MTPHeat::MTPHeat(LAMMPS *lmp) : Pointers(lmp), evaluations(0), samples(0), natoms(0), mean(0.0), begin(0.0) {}

void MTPHeat::note() {
  if (update->setupflag || atom->natoms != natoms) { /* velocities may be others now */
    natoms = atom->natoms;
    evaluations = samples = 0;
    mean = 0.0;
  }
  if (evaluations++ % LOOK_EVERY != 0) return;
  const double now = hottest();
  if (samples == 0) begin = now;
  samples = std::min<long long>(samples + 1, LOOKS);
  mean += (now - mean) / (double)samples;
}

double MTPHeat::hottest() const {
  double largest = 0.0, all;
  for (int i = 0; i < atom->nlocal; i++) {
    const double *v = atom->v[i], mass = atom->rmass ? atom->rmass[i] : atom->mass[atom->type[i]];
    const double twice = mass * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (!(twice <= largest)) largest = std::isnan(twice) ? INFINITY : twice;
  }
  MPI_Allreduce(&largest, &all, 1, MPI_DOUBLE, MPI_MAX, world);
  return all * force->mvv2e / (3.0 * force->boltz);
}
