/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file snapshot.cpp
 * What a run was at one step. Each rank keeps the atoms that it had, in the form in which they migrate between ranks,
 * and finds them a place again as after a change of the box. */
#include "snapshot.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "fix.h"
#include "irregular.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

/* What LAMMPS adds to the largest atom (BUFEXTRA). */
static constexpr int EXTRA = 1024;

MTPSnapshot::MTPSnapshot(LAMMPS *lmp) : Pointers(lmp), step(-1), count(0), natoms(0), identity(0), box() {}

/* Those whose restart() does nothing but to put the state in place: others count steps, take up another stream of
 * random numbers or expect the time of the file. */
bool LAMMPS_NS::mtp_snapshot_has(const Fix *fix) {
  static const char *const known[] = {"^nvt",       "^npt",       "^nph",  "^temp/berendsen", "^temp/rescale",
                                      "^temp/csvr", "^temp/csld", "^ttm$", "^ttm/mod$"};
  for (const char *family : known)
    if (utils::strmatch(fix->style, family)) return fix->restart_global != 0;
  return false;
}

/* The same for the same IDs and types, whoever has them. */
long long MTPSnapshot::sum_of_identities() const {
  uint64_t sum = 0;
  for (int i = 0; i < atom->nlocal; i++) {
    const uint64_t mixed = ((uint64_t)atom->tag[i] * 1024 + (uint64_t)atom->type[i]) * 0x9E3779B97F4A7C15ULL;
    sum += (mixed ^ (mixed >> 29)) >> 24; /* 40 bits, so that the sum has room */
  }
  long long mine = (long long)sum, all;
  MPI_Allreduce(&mine, &all, 1, MPI_LONG_LONG, MPI_SUM, world);
  return all;
}

bool MTPSnapshot::fits() const {
  if (!is_taken() || atom->natoms != natoms) return false;
  const bigint lost = mtp_lost_atoms(lmp);
  return sum_of_identities() == identity || lost > 0;
}

bigint LAMMPS_NS::mtp_lost_atoms(LAMMPS *lmp) {
  if (lmp->domain->nonperiodic != 0) return 0;
  bigint mine = lmp->atom->nlocal, all;
  MPI_Allreduce(&mine, &all, 1, MPI_LMP_BIGINT, MPI_SUM, lmp->world);
  return lmp->atom->natoms - all;
}

void MTPSnapshot::take() {
  int largest = atom->avec->maxexchange + EXTRA;
  for (int k = 0; k < modify->nfix; k++) largest += modify->fix[k]->maxexchange;
  size_t used = 0;
  count = atom->nlocal;
  for (int i = 0; i < count; i++) {
    if (atoms.size() < used + (size_t)largest) atoms.resize(2 * used + (size_t)largest);
    used += (size_t)atom->avec->pack_exchange(i, atoms.data() + used);
  }
  natoms = atom->natoms;
  identity = sum_of_identities();
  for (int k = 0; k < 3; k++) {
    box[k] = domain->boxlo[k];
    box[3 + k] = domain->boxhi[k];
  }
  box[6] = domain->xy;
  box[7] = domain->xz;
  box[8] = domain->yz;
  take_states();
  step = update->ntimestep;
}

/* In the form of restart files: the bytes, then they. */
void MTPSnapshot::take_states() {
  states.clear();
  for (int k = 0; k < modify->nfix; k++) {
    Fix *fix = modify->fix[k];
    if (!mtp_snapshot_has(fix)) continue;
    char *text = nullptr;
    size_t size = 0;
    FILE *to = comm->me == 0 ? open_memstream(&text, &size) : nullptr;
    if (comm->me == 0 && !to) error->one(FLERR, "pair_style mtp/al: memory is exhausted");
    fix->write_restart(to);
    if (to) fclose(to);
    const size_t head = sizeof(int);
    int bytes = size > head ? (int)(size - head) : 0;
    MPI_Bcast(&bytes, 1, MPI_INT, 0, world);
    std::vector<double> state((size_t)bytes / sizeof(double) + 1);
    if (bytes > 0 && comm->me == 0) memcpy(state.data(), text + head, (size_t)bytes);
    MPI_Bcast(state.data(), bytes, MPI_CHAR, 0, world);
    free(text);
    if (bytes > 0) states.emplace_back(fix->id, state);
  }
}

void MTPSnapshot::restore_box() const {
  for (int k = 0; k < 3; k++) {
    domain->boxlo[k] = box[k];
    domain->boxhi[k] = box[3 + k];
  }
  domain->xy = box[6];
  domain->xz = box[7];
  domain->yz = box[8];
  domain->set_global_box();
  domain->set_local_box();
}

void MTPSnapshot::restore_atoms() const {
  if (atom->map_style != 0) atom->map_clear();
  atom->nlocal = atom->nghost = 0;
  std::vector<double> copy(atoms); /* unpacking takes it for a buffer of its own */
  double *from = copy.data();
  for (int i = 0; i < count; i++) from += atom->avec->unpack_exchange(from);
  for (int i = 0; i < atom->nlocal; i++) domain->remap(atom->x[i], atom->image[i]);
  if (domain->triclinic) domain->x2lamda(atom->nlocal);
  Irregular(lmp).migrate_atoms(1);
  if (domain->triclinic) domain->lamda2x(atom->nlocal);
}

void MTPSnapshot::restore_states() const {
  for (const auto &state : states) {
    const int k = modify->find_fix(state.first);
    if (k < 0) continue;
    std::vector<double> copy(state.second);
    modify->fix[k]->restart(reinterpret_cast<char *>(copy.data()));
  }
}

void MTPSnapshot::restore() const {
  restore_box();
  restore_atoms();
  restore_states();
}
