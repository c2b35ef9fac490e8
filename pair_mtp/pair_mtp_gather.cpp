/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file pair_mtp_gather.cpp
 * The whole configuration on one rank: for the learner, and for the file of what a watched run ends at. */
#include "pair_mtp.h"

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"

using namespace LAMMPS_NS;

/* Gathered atoms: the bits of the ID, species, x, y, z, charge. */
static constexpr int ATOM_WIDTH = 6;

/* IDs may be beyond 2^53, from where on doubles have gaps. */
static double pack_id(int64_t id) {
  double bits;
  static_assert(sizeof bits == sizeof id, "an ID takes the place of a double");
  memcpy(&bits, &id, sizeof bits);
  return bits;
}

static int64_t id_of(const double *packed) {
  int64_t id;
  memcpy(&id, packed, sizeof id);
  return id;
}

/* Lattice vectors along the periodic directions. In two dimensions there are no images along z. */
void PairMTP::copy_cell(mtp_config *cfg) const {
  const double cell[9] = {domain->xprd, 0.0, 0.0, domain->xy, domain->yprd, 0.0, domain->xz, domain->yz, domain->zprd};
  for (int i = 0; i < 3; i++) {
    cfg->periodic[i] = domain->periodicity[i] != 0 && i < domain->dimension;
    for (int k = 0; k < 3; k++) cfg->cell[3 * i + k] = cfg->periodic[i] ? cell[3 * i + k] : 0.0;
  }
}

/* Where an atom is in a configuration. */
void PairMTP::place(int i, double x[3]) const {
  std::copy_n(atom->x[i], 3, x);
  domain->remap(x);
  for (int k = 0; k < 3; k++) x[k] -= domain->boxlo[k];
}

/* Atoms of this rank that are present and a species of the potential; under hybrid others may be there. */
std::vector<double> PairMTP::pack_atoms(const mtp_cut_region *region) const {
  std::vector<double> packed;
  packed.reserve((size_t)atom->nlocal * ATOM_WIDTH);
  for (int i = 0; i < atom->nlocal; i++) {
    const int s = species[(size_t)atom->type[i]];
    if (s < 0 || !is_present(i)) continue;
    double x[3];
    place(i, x);
    if (region && !mtp_cut_region_has(region, x)) continue;
    packed.push_back(pack_id(atom->tag_enable ? (int64_t)atom->tag[i] : 0));
    packed.push_back(s);
    packed.insert(packed.end(), x, x + 3);
    packed.push_back(gathers_charges ? atom->q[i] : 0.0);
  }
  return packed;
}

/* Atoms that are no species of the potential, of all ranks. */
long long PairMTP::count_others() const {
  long long mine = 0, all;
  for (int i = 0; i < atom->nlocal; i++) mine += species[(size_t)atom->type[i]] < 0;
  MPI_Allreduce(&mine, &all, 1, MPI_LONG_LONG, MPI_SUM, world);
  return all;
}

/* MPI counts what it gathers in an int. */
bool PairMTP::can_gather() const {
  return atom->natoms <= INT_MAX / ATOM_WIDTH;
}

/* The whole configuration, or the part of it in `region`, on rank 0, in the order of the atom IDs so that it does not
 * depend on the number of ranks; null elsewhere. Atoms that are no species of the potential are left out: no file could
 * name them. *worst_index becomes the number of the atom with ID worst_tag. */
mtp_config *PairMTP::gather(long long worst_tag, int *worst_index, const mtp_cut_region *region) {
  if (!region && !can_gather())
    stop("the system has " + std::to_string(atom->natoms) + " atoms, at most " + std::to_string(INT_MAX / ATOM_WIDTH) +
         " can be gathered on one rank");
  const std::vector<double> mine = pack_atoms(region);
  const int count = (int)mine.size();
  std::vector<int> counts((size_t)comm->nprocs), starts((size_t)comm->nprocs);
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  std::partial_sum(counts.begin(), counts.end() - 1, starts.begin() + 1);
  std::vector<double> all(comm->me == 0 ? (size_t)(starts.back() + counts.back()) : 0);
  MPI_Gatherv(mine.data(), count, MPI_DOUBLE, all.data(), counts.data(), starts.data(), MPI_DOUBLE, 0, world);
  if (comm->me != 0) return nullptr;

  const size_t n = all.size() / ATOM_WIDTH;
  mtp_config *cfg = mtp_config_new(n);
  if (cfg && gathers_charges) cfg->charge = static_cast<double *>(calloc(n ? n : 1, sizeof *cfg->charge));
  if (cfg && atom->tag_enable) cfg->id = static_cast<long long *>(calloc(n ? n : 1, sizeof *cfg->id));
  if (!cfg || (gathers_charges && !cfg->charge) || (atom->tag_enable && !cfg->id))
    error->one(FLERR, "pair_style {}: memory is exhausted", name);
  copy_cell(cfg);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return id_of(&all[a * ATOM_WIDTH]) < id_of(&all[b * ATOM_WIDTH]); });
  for (size_t i = 0; i < n; i++) {
    const double *from = &all[order[i] * ATOM_WIDTH];
    cfg->species[i] = (int)from[1];
    std::copy_n(from + 2, 3, cfg->x + 3 * i);
    if (cfg->charge) cfg->charge[i] = from[5];
    if (cfg->id) cfg->id[i] = (long long)id_of(from);
    if (worst_index && id_of(from) == worst_tag) *worst_index = (int)i;
  }
  return cfg;
}
