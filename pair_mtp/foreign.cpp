/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file foreign.cpp
 * Decks of other programs: what they ask for, said in our words. Read in the manuals of MLIP-2 and MLIP-3 (mlip.ini, or
 * the same settings as words of pair_style) and in the README of lammps-mtp-kokkos. */
#include "foreign.h"

#include <cctype>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "error.h"
#include "force.h"

using namespace LAMMPS_NS;

namespace {

using Settings = std::map<std::string, std::string>;

/* "key value" or "key = value" a line; lines of other kinds are none. False if there is no such file. */
bool read_settings(const char *path, Settings &settings) {
  std::ifstream file(path);
  std::string line, key, value;
  while (std::getline(file, line)) {
    for (char &c : line)
      if (c == '=') c = ' ';
    std::istringstream words(line.substr(0, line.find('#')));
    if (words >> key >> value) settings[key] = value;
  }
  return file.is_open();
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
  std::string potential, select, limit, every, unreadable;
  bool selects = false, learns = false, grades = false;
};

/* A limit of 0 or 1 is none there; here is always one. */
std::string limit_of(const std::string &value) {
  return value.empty() || atof(value.c_str()) > 1.0 ? value : "1e9";
}

Wish wish_of_mlip(int narg, char **arg) {
  Settings settings;
  Wish wish;
  bool has_file = false; /* a second one is for messages */
  for (int i = 0; i < narg; i++) {
    const char *equals = strchr(arg[i], '=');
    if (equals)
      settings[std::string(arg[i], (size_t)(equals - arg[i]))] = equals + 1;
    else if (!has_file && !read_settings(arg[i], settings))
      wish.unreadable = arg[i];
    has_file = has_file || !equals;
  }
  wish.learns = is_on(settings, {"lotf", "fit", "learn"});
  wish.selects = wish.learns || is_on(settings, {"select", "extrapolation_control"});
  wish.select = get(settings, {"select:threshold", "extrapolation_control:threshold_save", "threshold_save",
                               "extrapolation_control:threshold"});
  wish.limit =
      limit_of(get(settings, {"select:threshold-break", "extrapolation_control:threshold_break", "threshold_break"}));
  if (wish.selects) wish.potential = get(settings, {"select:load-state"}); /* it holds the potential, too */
  if (wish.potential.empty()) wish.potential = get(settings, {"mtp-filename", "load_from", "mlip:load_from"});
  return wish;
}

/* `[FILE] [[mlip3_style] CANDIDATES SELECT BREAK [EVERY]] [chunksize N]`; older versions have a mode in place of
 * CANDIDATES. */
Wish wish_of_kokkos(bool graded, int narg, char **arg) {
  Wish wish;
  std::vector<std::string> words;
  bool selects = false;
  for (int i = 0; i < narg; i++) {
    if (strcmp(arg[i], "chunksize") == 0) {
      i++;
    } else if (strcmp(arg[i], "mlip3_style") == 0) {
      selects = true;
      if (words.empty()) words.emplace_back(); /* the potential is named by pair_coeff */
    } else {
      words.emplace_back(arg[i]);
    }
  }
  if (!words.empty()) wish.potential = words[0];
  wish.selects = graded && (selects || words.size() > 3);
  wish.grades = graded && !wish.selects;
  if (wish.selects && words.size() > 2) wish.select = words[2];
  if (wish.selects && words.size() > 3) wish.limit = limit_of(words[3]);
  if (wish.selects && words.size() > 4) wish.every = words[4];
  return wish;
}

/* Those of lammps-mtp-kokkos have variants for GPUs; mtp itself is a style of ours. */
const char *const foreign_styles[] = {"mlip",         "mtp/extrapolation",          "mtp/kk",
                                      "mtp/small/kk", "mtp/extrapolation/small/kk", "mtp/extrapolation/kk"};

bool ends_in(const std::string &name, const std::string &end) {
  return name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

template <int K> Pair *create(LAMMPS *lmp) {
  return new PairMTPForeign(lmp, foreign_styles[K]);
}

/* With a suffix kk LAMMPS would take these in place of ours. */
template <int K> void add_style(LAMMPS *lmp) {
  auto &styles = *lmp->force->pair_map;
  const std::string name = foreign_styles[K];
  if (ends_in(name, "/kk") && (lmp->kokkos || lmp->suffix_enable)) return;
  if (styles.find(name) == styles.end()) styles[name] = create<K>;
}

template <int... K> void add_styles(LAMMPS *lmp, std::integer_sequence<int, K...>) {
  (add_style<K>(lmp), ...);
}

} // namespace

void LAMMPS_NS::mtp_add_foreign_styles(LAMMPS *lmp) {
  constexpr int count = sizeof foreign_styles / sizeof *foreign_styles;
  add_styles(lmp, std::make_integer_sequence<int, count>());
}

std::string LAMMPS_NS::mtp_lines_for(const std::string &style, bool hybrid, int narg, char **arg) {
  const bool graded = style.find("extrapolation") != std::string::npos;
  const Wish wish = style == "mlip" ? wish_of_mlip(narg, arg) : wish_of_kokkos(graded, narg, arg);
  const std::string ours = wish.selects ? "mtp/al" : "mtp";
  std::string lines = (hybrid ? "pair_style hybrid/overlay ... " : "pair_style ") + ours;
  if (wish.selects) {
    lines += wish.learns ? " qm \"DRIVER ...\"" : " qm none";
    if (!wish.select.empty()) lines += " select " + wish.select;
    if (!wish.limit.empty()) lines += " break " + wish.limit;
    if (!wish.every.empty()) lines += " every " + wish.every;
  }
  lines += "; pair_coeff * * " + (hybrid ? ours + " " : "") + (wish.potential.empty() ? "FILE" : wish.potential) +
           " Al Ni (one element a type; none if the file names none: type i is species i - 1 then)";
  if (wish.grades) lines += "; fix g all pair 10 mtp grade 1";
  if (!wish.unreadable.empty()) lines += " (" + wish.unreadable + " cannot be read)";
  return lines;
}

std::string LAMMPS_NS::mtp_hint_at(bool learns, bool hybrid, int narg, char **arg) {
  const bool is_file = strstr(arg[0], "mtp") || std::ifstream(arg[0]).is_open();
  const std::string rule = is_file ? ": a file belongs to pair_coeff" : "";
  if (learns || !(is_file || strcmp(arg[0], "chunksize") == 0)) return rule;
  return rule + ". Write: " + mtp_lines_for("mtp", hybrid, narg, arg);
}

PairMTPForeign::PairMTPForeign(LAMMPS *lmp, const char *name) : Pair(lmp), style(name) {}

void PairMTPForeign::settings(int narg, char **arg) {
  error->all(FLERR, "pair_style {} is another program's. Here this is: {}", style,
             mtp_lines_for(style, force->pair != this, narg, arg));
}
