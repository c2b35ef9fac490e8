/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file baseline.cpp
 * From the settings of a run to commands, and back to a check of them. */
#include "baseline.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "fix.h"
#include "force.h"
#include "kspace.h"
#include "modify.h"
#include "overlay.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

MTPBaseline::MTPBaseline(LAMMPS *lmp, const Pair *p) : Pointers(lmp), pair(p), overlay(nullptr), baseline(nullptr) {}

MTPBaseline::~MTPBaseline() {
  close();
}

/* As few digits as say it, in every locale. */
static std::string exact(double number) {
  char text[40];
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, number);
    if (strtod(text, nullptr) == number) break;
  }
  for (char *c = text; *c; c++)
    if (*c == ',') *c = '.';
  return text;
}

/* ---- what the baseline is ---- */

/* What cannot be said in commands, or is no function of positions. */
std::string MTPBaseline::why_not(const std::vector<int> &species) const {
  if (!overlay)
    return std::string("works alone or as a sub-style of hybrid/overlay, whose other sub-styles are the baseline that "
                       "it learns on top of; under ") +
           force->pair_style + " its labels would hold forces that others compute, too";
  if (!overlay->is_known())
    return "hybrid/overlay comes from a restart file, which does not have all commands of its sub-styles: give "
           "pair_style and pair_coeff again";
  if (overlay->count("mtp/al") != 1)
    return "there can be only one mtp/al, of which the other sub-styles are the baseline";
  long long mine = 0, others = 0;
  for (int i = 0; i < atom->nlocal; i++) mine += species[(size_t)atom->type[i]] < 0;
  MPI_Allreduce(&mine, &others, 1, MPI_LONG_LONG, MPI_SUM, world);
  if (others > 0)
    return std::to_string(others) +
           " atoms are NULL in pair_coeff, but a label is of all atoms: give every type its element";
  if (force->bond || force->angle || force->dihedral || force->improper)
    return "bonds and angles cannot be a part of the baseline";
  for (int k = 0; k < modify->nfix; k++) {
    const Fix *fix = modify->fix[k];
    if (utils::strmatch(fix->style, "^qeq/") || utils::strmatch(fix->style, "^acks2/") ||
        utils::strmatch(fix->style, "^qtpie/") || utils::strmatch(fix->style, "^electrode/"))
      return std::string("fix ") + fix->id + " " + fix->style +
             " changes charges with the positions: the baseline needs charges that stay";
  }
  if (force->kspace && domain->nonperiodic)
    return "kspace_style needs a cell that is periodic in all directions as a part of the baseline";
  return "";
}

/* Of several types of one species one stands for all: the first that has atoms, or else the first. */
void MTPBaseline::choose_types(const std::vector<int> &species, int species_count) {
  const int n = atom->ntypes;
  std::vector<int> mine((size_t)n + 1), used((size_t)n + 1);
  for (int i = 0; i < atom->nlocal; i++) mine[(size_t)atom->type[i]] = 1;
  MPI_Allreduce(mine.data(), used.data(), n + 1, MPI_INT, MPI_MAX, world);
  first.assign((size_t)species_count, 0);
  for (int pass = 0; pass < 2; pass++)
    for (int type = 1; type <= n; type++) {
      const int s = species[(size_t)type];
      if (s >= 0 && first[(size_t)s] == 0 && (used[(size_t)type] || pass == 1)) first[(size_t)s] = type;
    }
}

/* The element of each type. */
std::string MTPBaseline::types_line(const std::vector<int> &species, const mtp_potential *pot) const {
  std::string line = "# mtp: types";
  for (int type = 1; type <= atom->ntypes; type++) {
    const int s = species[(size_t)type];
    const bool stands = s >= 0 && first[(size_t)s] == type;
    const char *element = stands ? mtp_potential_element(pot, s) : nullptr;
    line += " " + (!stands ? "NULL" : element ? std::string(element) : std::to_string(s));
  }
  return line + "\n";
}

/* As far as KSpace lets it be read. What it does not tell changes the result by less than its accuracy, as does
 * `kspace_modify diff`, of which sheared cells have no choice. */
std::string MTPBaseline::kspace_lines() const {
  const KSpace *k = force->kspace;
  if (!k) return "";
  std::string style = force->kspace_style;
  for (const char *suffix : {"/omp", "/opt", "/intel", "/gpu", "/kk"})
    if (utils::strmatch(style, std::string(suffix) + "$")) style.resize(style.size() - strlen(suffix));
  std::string text = "kspace_style " + style + " " + exact(k->accuracy_relative) + "\n";
  if (k->accuracy_absolute >= 0.0) text += "kspace_modify force " + exact(k->accuracy_absolute) + "\n";
  if (k->accuracy_real_6 > 0.0) text += "kspace_modify force/disp/real " + exact(k->accuracy_real_6) + "\n";
  if (k->accuracy_kspace_6 > 0.0) text += "kspace_modify force/disp/kspace " + exact(k->accuracy_kspace_6) + "\n";
  if (!k->compute_flag) text += "kspace_modify compute no\n";
  if (k->auto_disp_flag) text += "kspace_modify disp/auto yes\n";
  return text;
}

/* Charges must be the same for all atoms of a species: configurations have no others. */
std::string MTPBaseline::charge_lines(const std::vector<int> &species, std::string *wrong) const {
  if (!atom->q_flag) return "";
  const size_t count = first.size();
  std::vector<double> mine(2 * count, -INFINITY), range(2 * count); /* largest and minus the smallest */
  for (int i = 0; i < atom->nlocal; i++) {
    const int s = species[(size_t)atom->type[i]];
    if (s < 0) continue;
    mine[2 * (size_t)s] = std::max(mine[2 * (size_t)s], atom->q[i]);
    mine[2 * (size_t)s + 1] = std::max(mine[2 * (size_t)s + 1], -atom->q[i]);
  }
  MPI_Allreduce(mine.data(), range.data(), (int)(2 * count), MPI_DOUBLE, MPI_MAX, world);
  std::string text;
  for (size_t s = 0; s < count; s++) {
    const double high = range[2 * s], low = -range[2 * s + 1];
    if (!std::isfinite(high) || !std::isfinite(low)) continue; /* no atoms */
    if (high != low)
      *wrong = "the baseline needs one charge for all atoms of an element, those of type " + std::to_string(first[s]) +
               " and its like have " + exact(low) + " to " + exact(high);
    text += "set type " + std::to_string(first[s]) + " charge " + exact(high) + "\n";
  }
  return text;
}

std::string MTPBaseline::look(const std::vector<int> &species, const mtp_potential *pot) {
  overlay = nullptr;
  text.clear();
  if (force->pair == pair) return "";
  overlay = dynamic_cast<MTPOverlay *>(force->pair);
  std::string wrong = why_not(species);
  if (!wrong.empty()) return wrong;
  if (used_text.empty()) choose_types(species, mtp_potential_species_count(pot));
  text = types_line(species, pot);
  text += std::string("units ") + update->unit_style + "\n";
  if (atom->q_flag) text += "atom_style charge\n";
  if (force->dielectric != 1.0) text += "dielectric " + exact(force->dielectric) + "\n";
  text += charge_lines(species, &wrong);
  text += overlay->commands_without("mtp/al");
  text += kspace_lines();
  return wrong;
}

/* ---- on rank 0 ---- */

static std::string path_beside(const std::string &train_path) {
  return train_path + ".baseline";
}

mtp_status MTPBaseline::open(mtp_context *ctx, const mtp_potential *pot, const std::string &train_path,
                             const char *plugin) {
  close();
  if (!is_used()) return MTP_OK;
  const int count = mtp_potential_species_count(pot);
  std::vector<std::string> names;
  for (int s = 0; s < count; s++) {
    const char *element = mtp_potential_element(pot, s);
    names.push_back(element ? element : std::to_string(s));
  }
  std::vector<const char *> words;
  for (const std::string &name : names) words.push_back(name.c_str());
  const std::string path = path_beside(train_path);
  return mtp_lammps_baseline_open(ctx, path.c_str(), text.c_str(), count, words.data(), plugin, &baseline);
}

mtp_status MTPBaseline::write(mtp_context *ctx, const std::string &train_path) const {
  return baseline ? mtp_lammps_baseline_write(ctx, baseline, path_beside(train_path).c_str()) : MTP_OK;
}

void MTPBaseline::close() {
  mtp_lammps_baseline_close(baseline);
  baseline = nullptr;
  used_text.clear();
}

/* ---- is it what the run computes? ---- */

/* Forces of this rank's atoms, and the energy of all, by the sub-styles and kspace of the run. The forces that the step
 * has collected so far stay as they are. */
double MTPBaseline::compute_here(std::vector<double> *result) const {
  const size_t nall = (size_t)(atom->nlocal + atom->nghost);
  std::vector<double> kept;
  if (nall > 0) {
    kept.assign(atom->f[0], atom->f[0] + 3 * nall);
    std::fill_n(atom->f[0], 3 * nall, 0.0);
  }
  double mine = overlay->compute_others(pair), energy = 0.0;
  MPI_Allreduce(&mine, &energy, 1, MPI_DOUBLE, MPI_SUM, world);
  if (force->kspace && force->kspace->compute_flag) {
    force->kspace->setup(); /* comes after pair styles when a run is set up */
    force->kspace->compute(1, 0);
    energy += force->kspace->energy;
  }
  if (overlay->tail_flag) energy += overlay->etail / (domain->xprd * domain->yprd * domain->zprd);
  comm->reverse_comm();
  if (nall > 0) {
    result->assign(atom->f[0], atom->f[0] + 3 * (size_t)atom->nlocal);
    std::copy(kept.begin(), kept.end(), atom->f[0]);
  }
  return energy;
}

/* Numbers of all ranks on rank 0. */
template <class T> static std::vector<T> gathered(const std::vector<T> &mine, MPI_Datatype type, MPI_Comm world) {
  int me, ranks;
  MPI_Comm_rank(world, &me);
  MPI_Comm_size(world, &ranks);
  const int count = (int)mine.size();
  std::vector<int> counts((size_t)ranks), starts((size_t)ranks);
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  std::partial_sum(counts.begin(), counts.end() - 1, starts.begin() + 1);
  std::vector<T> all(me == 0 ? (size_t)(starts.back() + counts.back()) : 0);
  MPI_Gatherv(mine.data(), count, type, all.data(), counts.data(), starts.data(), type, 0, world);
  return all;
}

/* What two evaluations of the same thing may differ by, in eV/A: sums over grids that are laid out otherwise. */
double MTPBaseline::tolerance() const {
  return 1e-5 + (force->kspace ? 10.0 * force->kspace->accuracy : 0.0);
}

std::string MTPBaseline::compare(mtp_context *ctx, const mtp_config *cfg, double energy,
                                 const std::vector<double> &f) const {
  mtp_config *known = nullptr;
  if (mtp_baseline_compute(ctx, get(), cfg, &known) != MTP_OK) return mtp_context_message(ctx);
  double worst = 0.0, size = 0.0;
  for (size_t k = 0; k < 3 * cfg->n; k++) {
    worst = std::max(worst, std::fabs(known->force[k] - f[k]));
    size = std::max(size, std::fabs(known->force[k]));
  }
  const double difference = std::fabs(known->energy - energy);
  mtp_config_free(known);
  const bool same = f.size() == 3 * cfg->n && worst <= tolerance() + 1e-6 * size &&
                    difference <= (double)cfg->n * tolerance() + 1e-8 * std::fabs(energy);
  if (same || !std::isfinite(energy)) return "";
  char found[160];
  snprintf(found, sizeof found, "energies differ by %.3g eV, forces by %.3g eV/A", difference, worst);
  return std::string("the baseline, computed by its commands, is not what the run has: ") + found +
         "; what changes it beside pair_style, pair_coeff, pair_modify and kspace_style cannot be used, nor types of "
         "one element that differ in it";
}

std::string MTPBaseline::check(mtp_context *ctx, const mtp_config *cfg, const std::vector<int> &species) {
  if (!is_used()) return "";
  std::vector<double> mine;
  const double factor =
      strcmp(update->unit_style, "real") == 0 ? utils::get_conversion_factor(utils::ENERGY, utils::REAL2METAL) : 1.0;
  const double energy = factor * compute_here(&mine);
  std::vector<double> forces;
  std::vector<long long> ids;
  for (int i = 0; i < atom->nlocal; i++) {
    if (species[(size_t)atom->type[i]] < 0 || !(atom->mask[i] & 1)) continue; /* as gather() has them */
    ids.push_back((long long)atom->tag[i]);
    for (int k = 0; k < 3; k++) forces.push_back(factor * mine[3 * (size_t)i + (size_t)k]);
  }
  ids = gathered(ids, MPI_LONG_LONG, world);
  forces = gathered(forces, MPI_DOUBLE, world);
  if (comm->me != 0) return "";
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ids[a] < ids[b]; });
  std::vector<double> sorted(forces.size());
  for (size_t i = 0; i < order.size(); i++) std::copy_n(&forces[3 * order[i]], 3, &sorted[3 * i]);
  if (sorted.size() != 3 * cfg->n) return "atoms of the baseline are missing";
  return compare(ctx, cfg, energy, sorted);
}
