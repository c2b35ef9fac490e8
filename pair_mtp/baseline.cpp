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
#include "fix_words.h"
#include "force.h"
#include "kspace.h"
#include "modify.h"
#include "overlay.h"
#include "update.h"
#include "utils.h"

using namespace LAMMPS_NS;

MTPBaseline::MTPBaseline(LAMMPS *lmp, const Pair *p)
    : Pointers(lmp), pair(p), overlay(nullptr), charges(NO_CHARGES), baseline(nullptr), proven(false) {}

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
  for (int k = 0; k < modify->nfix; k++)
    if (utils::strmatch(modify->fix[k]->style, "^electrode/"))
      return std::string("fix ") + modify->fix[k]->id + " " + modify->fix[k]->style +
             " cannot be a part of the baseline: cells of labels have no electrodes";
  return why_no_sums();
}

/* Are there sums over charges among those of kspace? Without them LAMMPS corrects slabs all the same, by charges that
 * do not act or that there are none of. */
static bool sums_charges(const Atom *atom, Pair *pair) {
  int size = 0;
  const int *order = (const int *)pair->extract("ewald_order", size);
  return atom->q_flag && (!order || (*order & (1 << 1)));
}

/* Where there are walls LAMMPS sums over charged slabs alone, and the private instance with it. Its multilevel sums
 * take walls, but forces are off by ten times their accuracy there, and depend on how high the box is. */
std::string MTPBaseline::why_no_sums() const {
  const KSpace *k = force->kspace;
  if (!k || !domain->nonperiodic) return "";
  if (k->slabflag != 1 || k->ewaldflag + k->pppmflag != 1)
    return "kspace_style needs a cell that is periodic in all directions as a part of the baseline, or sums by ewald "
           "or pppm with kspace_modify slab (msm is not the same in boxes of any height): give the box a vacuum "
           "instead of walls";
  if (!k->dispersionflag || sums_charges(atom, overlay)) return "";
  return "kspace_modify slab corrects for charges, which sums of dispersion alone do not have: add the sum of charges, "
         "or give the box a vacuum instead of walls";
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

/* Styles that take no sheared cells, and others that sum the same. */
static const char *const sums_for[][2] = {{"pppm/disp", "ewald/disp"}, {"pppm/stagger", "pppm"}, {"msm/cg", "msm"}};

/* As far as KSpace lets it be read. What it does not tell changes the result by less than its accuracy, as does
 * `kspace_modify diff`, of which sheared cells have no choice. */
std::string MTPBaseline::kspace_lines() const {
  const KSpace *k = force->kspace;
  if (!k) return "";
  std::string style = force->kspace_style;
  for (const char *suffix : {"/omp", "/opt", "/intel", "/gpu", "/kk"})
    if (utils::strmatch(style, std::string(suffix) + "$")) style.resize(style.size() - strlen(suffix));
  for (const auto &other : sums_for)
    if (style == other[0]) style = other[1];
  const bool is_mesh = utils::strmatch(style, "^pppm/disp"); /* that has accuracies of dispersion */
  std::string text = "kspace_style " + style + " " + exact(k->accuracy_relative) + "\n";
  if (k->accuracy_absolute >= 0.0) text += "kspace_modify force " + exact(k->accuracy_absolute) + "\n";
  if (is_mesh && k->accuracy_real_6 > 0.0) text += "kspace_modify force/disp/real " + exact(k->accuracy_real_6) + "\n";
  if (is_mesh && k->accuracy_kspace_6 > 0.0)
    text += "kspace_modify force/disp/kspace " + exact(k->accuracy_kspace_6) + "\n";
  if (!k->compute_flag) text += "kspace_modify compute no\n";
  if (utils::strmatch(style, "^msm")) text += "kspace_modify pressure/scalar no\n"; /* labels have all components */
  if (is_mesh && k->auto_disp_flag) text += "kspace_modify disp/auto yes\n";
  return text;
}

/* Fixes that equilibrate charges, as they were given. */
std::string MTPBaseline::fix_lines(std::string *wrong) const {
  std::string text;
  for (int k = 0; k < modify->nfix; k++) {
    const Fix *fix = modify->fix[k];
    if (!mtp_fix_equilibrates(fix)) continue;
    const std::vector<std::string> words = mtp_fix_words(fix);
    const std::string name = std::string("fix ") + fix->id + " " + fix->style;
    if (!(modify->fmask[k] & FixConst::PRE_FORCE))
      *wrong = name +
               " equilibrates charges after the forces, which are those of other positions: it cannot be a part of "
               "the baseline";
    else if (words.size() < 4)
      *wrong = name + " was given before the plugin was loaded, or with a suffix: its commands are not known";
    else if (words[1] != "all")
      *wrong = name + " must act on all atoms as a part of the baseline";
    else if (words[3] != "1")
      *wrong = name + " must act at every step as a part of the baseline, or charges are none of the positions";
    else
      text += "fix " + mtp_command_line(words) + "\n";
  }
  return text;
}

/* The largest charge of each species and minus the smallest, -infinity without atoms. */
std::vector<double> MTPBaseline::charge_ranges(const std::vector<int> &species) const {
  const size_t count = first.size();
  std::vector<double> mine(2 * count, -INFINITY), range(2 * count); /* largest and minus the smallest */
  for (int i = 0; i < atom->nlocal; i++) {
    const int s = species[(size_t)atom->type[i]];
    if (s < 0) continue;
    mine[2 * (size_t)s] = std::max(mine[2 * (size_t)s], atom->q[i]);
    mine[2 * (size_t)s + 1] = std::max(mine[2 * (size_t)s + 1], -atom->q[i]);
  }
  MPI_Allreduce(mine.data(), range.data(), (int)(2 * count), MPI_DOUBLE, MPI_MAX, world);
  return range;
}

/* As long as a learner lives it stays what it was: labels of both kinds would not be of one baseline. */
void MTPBaseline::choose_charges(const std::vector<double> &range) {
  charges = atom->q_flag ? OF_SPECIES : NO_CHARGES;
  for (int k = 0; k < modify->nfix; k++)
    if (mtp_fix_equilibrates(modify->fix[k])) charges = OF_POSITIONS;
  if (charges != OF_SPECIES) return;
  for (size_t s = 0; s < first.size(); s++)
    if (std::isfinite(range[2 * s]) && range[2 * s] != -range[2 * s + 1]) charges = OF_ATOMS;
}

std::string MTPBaseline::charge_lines(const std::vector<double> &range, std::string *wrong) const {
  std::string text = charges == OF_ATOMS ? "# mtp: charges\n" : "";
  for (size_t s = 0; s < first.size() && charges == OF_SPECIES; s++) {
    const double high = range[2 * s], low = -range[2 * s + 1];
    if (!std::isfinite(high) || !std::isfinite(low)) continue; /* no atoms */
    if (high != low)
      *wrong = "the baseline began with one charge for all atoms of an element, now those of type " +
               std::to_string(first[s]) + " and its like have " + exact(low) + " to " + exact(high);
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
  const std::vector<double> range = atom->q_flag ? charge_ranges(species) : std::vector<double>();
  if (used_text.empty()) choose_charges(range);
  text = types_line(species, pot);
  if (force->kspace && force->kspace->slabflag == 1) text += "# mtp: slab\n";
  text += std::string("units ") + update->unit_style + "\n";
  if (atom->q_flag) text += "atom_style charge\n";
  if (force->dielectric != 1.0) text += "dielectric " + exact(force->dielectric) + "\n";
  text += charge_lines(range, &wrong);
  text += overlay->commands_without("mtp/al");
  text += kspace_lines();
  text += fix_lines(&wrong);
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
  proven = false;
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

/* What two evaluations of the same thing may differ by, in eV/A: sums over grids that are laid out otherwise, and
 * charges that were iterated from other ones. */
double MTPBaseline::tolerance() const {
  const KSpace *k = force->kspace;
  const double sums = k ? std::max({k->accuracy, k->accuracy_real_6, k->accuracy_kspace_6}) : 0.0;
  return 1e-5 + 10.0 * sums + (charges == OF_POSITIONS ? 1e-3 : 0.0);
}

/* A step by which the energy tells forces, and how far atoms are moved for that, since a crystal has none (A); what
 * forces may be off by, eV/A and as a part. */
static constexpr double STEP = 0.01, APART = 0.2, LEAST_OFF = 0.1, PART_OFF = 0.5;

/* Charges that follow the positions need an energy that is stationary in them, or forces are not its derivative, and
 * what would be left of labels belongs to no potential. Looked at where the force is largest; coul/streitz itself is
 * off by a quarter with a short Wolf sum. */
std::string MTPBaseline::why_no_energy(mtp_context *ctx, const mtp_config *cfg) const {
  mtp_config *moved = mtp_config_copy(cfg), *here = nullptr;
  if (!moved) return "memory is exhausted";
  for (size_t k = 0; k < 3 * cfg->n; k++) moved->x[k] += APART * std::sin(1.0 + 7.0 * (double)k);
  bool known = mtp_baseline_compute(ctx, get(), moved, &here) == MTP_OK;
  size_t worst = 0;
  for (size_t k = 0; known && k < 3 * cfg->n; k++)
    if (std::fabs(here->force[k]) > std::fabs(here->force[worst])) worst = k;
  const double force = known && cfg->n > 0 ? here->force[worst] : 0.0;
  double told = 0.0;
  for (int side = -1; side <= 1 && known && cfg->n > 0; side += 2) {
    mtp_config *there = nullptr;
    moved->x[worst] += side < 0 ? -STEP : 2.0 * STEP;
    known = mtp_baseline_compute(ctx, get(), moved, &there) == MTP_OK;
    if (known) told -= side * there->energy / (2.0 * STEP);
    mtp_config_free(there);
  }
  mtp_config_free(here);
  mtp_config_free(moved);
  if (!known) return mtp_context_message(ctx);
  if (std::fabs(force - told) <= LEAST_OFF + PART_OFF * std::fabs(force)) return "";
  char found[160];
  snprintf(found, sizeof found, "a force of the baseline is %.3g eV/A, and by its energy %.3g eV/A", force, told);
  return std::string(found) + ": with charges that follow the positions pair styles are needed whose energy has the " +
         "cost of the charges (coul/streitz, coul/ctip, reaxff)";
}

std::string MTPBaseline::compare(mtp_context *ctx, const mtp_config *cfg, double energy, const std::vector<double> &f) {
  mtp_config *known = nullptr;
  if (mtp_baseline_compute(ctx, get(), cfg, &known) != MTP_OK) return mtp_context_message(ctx);
  double worst = 0.0, size = 0.0;
  for (size_t k = 0; k < 3 * cfg->n; k++) {
    worst = std::max(worst, std::fabs(known->force[k] - f[k]));
    size = std::max(size, std::fabs(known->force[k]));
  }
  const double difference = std::fabs(known->energy - energy);
  const std::string wrong = charges == OF_POSITIONS && !proven ? why_no_energy(ctx, cfg) : "";
  mtp_config_free(known);
  if (!wrong.empty()) return wrong;
  proven = true;
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
