/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fix_words.cpp
 * The makers of these styles are replaced by one that makes the same fix and keeps its words. */
#include "fix_words.h"

#include <map>
#include <mutex>

#include "driver/private_lammps.h"
#include "fix.h"
#include "lammps.h"
#include "modify.h"
#include "utils.h"

using namespace LAMMPS_NS;

namespace {

using Creator = Fix *(*)(LAMMPS *, int, char **);

/* Of the process, as are the styles of plugins: instances may be made in several threads. */
struct Remembered {
  std::mutex mutex;
  std::map<std::string, Creator> creators;               /* of LAMMPS, by the name of the style */
  std::map<const Fix *, std::vector<std::string>> words; /* of all that were made; a later one takes the place */
};

Remembered &remembered() {
  static Remembered it;
  return it;
}

Fix *create(LAMMPS *lmp, int narg, char **arg) {
  const std::vector<std::string> words(arg, arg + narg);
  Remembered &m = remembered();
  Creator creator;
  {
    const std::lock_guard<std::mutex> lock(m.mutex);
    creator = m.creators.at(words[2]);
  }
  Fix *fix = creator(lmp, narg, arg);
  const std::lock_guard<std::mutex> lock(m.mutex);
  m.words[fix] = words;
  return fix;
}

bool equilibrates(const std::string &style) {
  return mtp_private_lammps_equilibrates(style.c_str());
}

/* Names of an accelerator's variant are not what its command says. */
bool has_suffix(const std::string &style) {
  return utils::strmatch(style, "/omp$") || utils::strmatch(style, "/kk") || utils::strmatch(style, "/intel$");
}

} // namespace

void LAMMPS_NS::mtp_remember_fixes(LAMMPS *lmp) {
  Remembered &m = remembered();
  const std::lock_guard<std::mutex> lock(m.mutex);
  for (auto &style : *lmp->modify->fix_map) {
    if (!equilibrates(style.first) || has_suffix(style.first) || style.second == create) continue;
    m.creators[style.first] = style.second;
    style.second = create;
  }
}

bool LAMMPS_NS::mtp_fix_equilibrates(const Fix *fix) {
  return equilibrates(fix->style);
}

std::vector<std::string> LAMMPS_NS::mtp_fix_words(const Fix *fix) {
  Remembered &m = remembered();
  const std::lock_guard<std::mutex> lock(m.mutex);
  const auto found = m.words.find(fix);
  const bool same = found != m.words.end() && found->second[0] == fix->id && found->second[2] == fix->style;
  return same ? found->second : std::vector<std::string>();
}
