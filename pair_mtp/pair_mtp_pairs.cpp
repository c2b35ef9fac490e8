/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_pairs.cpp
 * What is labelled must be what is graded. A QM engine sees all atoms of a configuration and all their images; settings
 * of LAMMPS may take pairs out of the neighbour list, from which grades come. */
#include "pair_mtp.h"

#include <cmath>
#include <cstdio>

#include "atom.h"
#include "force.h"
#include "group.h"
#include "neigh_list.h"
#include "neighbor.h"

using namespace LAMMPS_NS;

/* Rounding may move a pair across the cutoff, where it does not matter: pairs weigh as in the potential. */
static double pair_weight(const double a[3], const double b[3], double cutoff) {
  const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  const double part = 1.0 - std::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]) / cutoff;
  return part > 0.0 || std::isnan(part) ? part * part : 0.0;
}

/* Differences that no fit can see. */
static constexpr double SMALL_WEIGHT = 1e-6, ROUNDING = 1e-11;

PairMTP::listing PairMTP::count_list() {
  const double cutoff = mtp_potential_cutoff(pot);
  listing mine = {0.0, 0.0}, all = {0.0, 0.0};
  for (int k = 0; k < list->inum; k++) {
    const int i = list->ilist[k];
    if (!is_present(i)) continue;
    mine.atoms += 1.0;
    for (int n = 0; n < list->numneigh[i]; n++)
      mine.pairs += pair_weight(atom->x[i], atom->x[list->firstneigh[i][n] & NEIGHMASK], cutoff);
  }
  MPI_Reduce(&mine, &all, 2, MPI_DOUBLE, MPI_SUM, 0, world);
  return all;
}

/* Atoms of a group that are present, of all ranks. */
static bool has_present(const Atom *atom, int bit, MPI_Comm world) {
  int mine = 0, all;
  for (int i = 0; i < atom->nlocal; i++) mine |= (atom->mask[i] & bit) && (atom->mask[i] & 1);
  MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MAX, world);
  return all != 0;
}

std::string PairMTP::excluding() {
  if (neighbor->nex_type) return "neigh_modify exclude type";
  if (neighbor->nex_mol) return "neigh_modify exclude molecule";
  for (int k = 0; k < neighbor->nex_group; k++) {
    const int a = neighbor->ex1_group[k], b = neighbor->ex2_group[k];
    const bool both = has_present(atom, group->bitmask[a], world) && has_present(atom, group->bitmask[b], world);
    if (both) return std::string("neigh_modify exclude group ") + group->names[a] + " " + group->names[b];
  }
  if (neighbor->includegroup) return "neigh_modify include";
  return "";
}

/* Why pairs may be missing although no atoms are excluded. */
static std::string likely_reason(const Atom *atom, const Force *force, const Neighbor *neighbor) {
  bool special = false;
  for (int k = 1; k <= 3; k++) special = special || (force->special_lj[k] == 0.0 && force->special_coul[k] == 0.0);
  if (atom->nbonds > 0 && special)
    return "special_bonds takes the pairs of bonded atoms out, and special_bonds lj/coul 1 1 1 keeps them";
  if (atom->firstgroupname) return "comm_modify group may leave atoms of others out of the list";
  if (neighbor->ago > 0)
    return "the list is of " + std::to_string(neighbor->ago) +
           " steps ago and atoms have moved further than its skin since: neigh_modify delay 0 every 1 check yes";
  return "";
}

std::string PairMTP::check_pairs(const mtp_config *cfg, const listing &listed) {
  const double cutoff = mtp_potential_cutoff(pot);
  mtp_neighbors *nb = nullptr;
  double pairs = 0.0;
  if (!std::isfinite(listed.pairs)) return ""; /* the learner has words for what is not finite */
  const mtp_status status = mtp_neighbors_build(ctx, cfg, cutoff, &nb);
  if (status != MTP_OK) return complaint(status);
  for (size_t i = 0; i < nb->n; i++)
    for (int n = 0; n < nb->count[i]; n++)
      pairs += pair_weight(nb->x + 3 * i, nb->x + 3 * (size_t)nb->list[i][n], cutoff);
  mtp_neighbors_free(nb);
  if (listed.atoms == (double)cfg->n && std::fabs(pairs - listed.pairs) <= SMALL_WEIGHT + ROUNDING * pairs) return "";
  char difference[160];
  snprintf(difference, sizeof difference,
           "LAMMPS lists %.0f atoms with pairs of weight %.9g, the configuration has %zu and %.9g", listed.atoms,
           listed.pairs, cfg->n, pairs);
  const std::string reason = likely_reason(atom, force, neighbor);
  return std::string("the QM driver would label other pairs than are graded: ") + difference +
         (reason.empty() ? "" : "; ") + reason;
}
