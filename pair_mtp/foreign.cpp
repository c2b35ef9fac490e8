/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file foreign.cpp
 * Decks of other programs: what they ask for, said in our words. Read in the manuals of MLIP-2 and MLIP-3 (mlip.ini, or
 * the same settings as words of pair_style) and in the README of lammps-mtp-kokkos. */
#include "foreign.h"

#include <cctype>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

#include "error.h"

using namespace LAMMPS_NS;

namespace {

using Settings = std::map<std::string, std::string>;

/* "key value" or "key = value" a line; lines of other kinds are none. */
void read_settings(const char *path, Settings &settings) {
  std::ifstream file(path);
  std::string line, key, value;
  while (std::getline(file, line)) {
    for (char &c : line)
      if (c == '=') c = ' ';
    std::istringstream words(line.substr(0, line.find('#')));
    if (words >> key >> value) settings[key] = value;
  }
}

/* The value of the first key that is there. */
std::string get(const Settings &settings, std::initializer_list<const char *> keys) {
  for (const char *key : keys) {
    const auto found = settings.find(key);
    if (found != settings.end()) return found->second;
  }
  return "";
}

bool is_on(const Settings &settings, std::initializer_list<const char *> keys) {
  for (const char *key : keys) {
    const std::string value = get(settings, {key});
    if (!value.empty() && (toupper(value[0]) == 'T' || value == "1")) return true;
  }
  return false;
}

/* What a deck asks for. */
struct Wish {
  std::string potential, select, limit;
  bool selects = false, learns = false, grades = false;
};

Wish wish_of_mlip(int narg, char **arg) {
  Settings settings;
  for (int i = 0; i < narg; i++) {
    const char *equals = strchr(arg[i], '=');
    if (equals)
      settings[std::string(arg[i], (size_t)(equals - arg[i]))] = equals + 1;
    else
      read_settings(arg[i], settings);
  }
  Wish wish;
  wish.learns = is_on(settings, {"lotf", "fit", "learn"});
  wish.selects = wish.learns || is_on(settings, {"select", "extrapolation_control"});
  wish.select = get(settings, {"select:threshold", "extrapolation_control:threshold_save"});
  wish.limit = get(settings, {"select:threshold-break", "extrapolation_control:threshold_break"});
  if (wish.selects) wish.potential = get(settings, {"select:load-state"}); /* it holds the potential, too */
  if (wish.potential.empty()) wish.potential = get(settings, {"mtp-filename", "load_from", "mlip:load_from"});
  return wish;
}

Wish wish_of_kokkos(bool graded, int narg, char **arg) {
  Wish wish;
  if (narg > 0) wish.potential = arg[0];
  wish.selects = graded && narg > 3 && strcmp(arg[1], "chunksize") != 0;
  wish.grades = graded && !wish.selects;
  if (wish.selects) {
    wish.select = arg[2];
    wish.limit = arg[3];
  }
  return wish;
}

} // namespace

std::string LAMMPS_NS::mtp_lines_for(const std::string &style, int narg, char **arg) {
  const Wish wish = style == "mlip" ? wish_of_mlip(narg, arg) : wish_of_kokkos(style != "mtp", narg, arg);
  std::string lines = "pair_style mtp";
  if (wish.selects) {
    lines += wish.learns ? "/al qm \"DRIVER ...\"" : "/al qm none";
    if (!wish.select.empty()) lines += " select " + wish.select;
    if (!wish.limit.empty()) lines += " break " + wish.limit;
  }
  lines += "; pair_coeff * * " + (wish.potential.empty() ? "FILE" : wish.potential) +
           " Al Ni (one element a type; none if the file names none: type i is species i - 1 then)";
  if (wish.grades) lines += "; fix g all pair 10 mtp grade 1";
  return lines;
}

PairMTPForeign::PairMTPForeign(LAMMPS *lmp, const char *name) : Pair(lmp), style(name) {}

void PairMTPForeign::settings(int narg, char **arg) {
  error->all(FLERR, "pair_style {} is another program's. Here this is: {}", style, mtp_lines_for(style, narg, arg));
}
