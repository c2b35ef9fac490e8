/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file overlay.cpp
 * What hybrid/overlay was told, and its sub-styles on their own. */
#include "overlay.h"

#include <algorithm>

using namespace LAMMPS_NS;

MTPOverlay::MTPOverlay(LAMMPS *lmp) : PairHybridOverlay(lmp) {}

/* Is `keyword`, the name that LAMMPS has for a sub-style, `word` or that with a suffix of an accelerator? */
static bool is_called(const std::string &keyword, const std::string &word) {
  if (keyword.compare(0, word.size(), word) != 0) return false;
  const std::string rest = keyword.substr(word.size());
  for (const char *suffix : {"", "/omp", "/opt", "/intel", "/gpu", "/kk"})
    if (rest == suffix) return true;
  return false;
}

/* A sub-style begins with the first word that is a style, as LAMMPS has found them. */
void MTPOverlay::settings(int narg, char **arg) {
  const Words words(arg, arg + narg);
  sub_styles.clear();
  commands.clear();
  PairHybridOverlay::settings(narg, arg);
  for (const std::string &word : words) {
    const auto next = (int)sub_styles.size();
    if (next < nstyles && is_called(keywords[next], word))
      sub_styles.push_back({word});
    else if (next > 0)
      sub_styles.back().push_back(word);
  }
}

void MTPOverlay::coeff(int narg, char **arg) {
  Words words = {"pair_coeff"};
  words.insert(words.end(), arg, arg + narg); /* the parent moves its arguments */
  PairHybridOverlay::coeff(narg, arg);
  commands.push_back(words);
}

void MTPOverlay::modify_params(int narg, char **arg) {
  Words words = {"pair_modify"};
  words.insert(words.end(), arg, arg + narg);
  PairHybridOverlay::modify_params(narg, arg);
  commands.push_back(words);
}

int MTPOverlay::count(const std::string &style) const {
  return (int)std::count_if(sub_styles.begin(), sub_styles.end(),
                            [&](const Words &words) { return words[0] == style; });
}

static std::string quoted(const std::string &word) {
  if (!word.empty() && word.find_first_of(" \t\n#&$'\"") == std::string::npos) return word;
  const char quote = word.find('"') == std::string::npos ? '"' : '\'';
  return quote + word + quote;
}

std::string LAMMPS_NS::mtp_command_line(const std::vector<std::string> &words) {
  std::string line;
  for (const std::string &word : words) line += (line.empty() ? "" : " ") + quoted(word);
  return line;
}

std::string MTPOverlay::commands_without(const std::string &style) const {
  std::string text = "pair_style hybrid/overlay";
  for (const Words &words : sub_styles)
    if (words[0] != style) text += " " + mtp_command_line(words);
  text += "\npair_coeff * * none\n"; /* pairs that nothing else acts on */
  for (const Words &words : commands) {
    const bool coeff = words[0] == "pair_coeff";
    const size_t at = coeff ? 3 : 2; /* the word that may be a sub-style */
    const bool named = words.size() > at && (coeff || words[1] == "pair");
    if (!named || words[at] != style) text += mtp_command_line(words) + "\n";
  }
  return text;
}

double MTPOverlay::compute_others(const Pair *skip) {
  double energy = 0.0;
  for (int m = 0; m < nstyles; m++) {
    if (styles[m] == skip) continue;
    double *saved = save_special();
    set_special(m);
    styles[m]->compute(1, 0); /* the energy of all */
    restore_special(saved);
    energy += styles[m]->eng_vdwl + styles[m]->eng_coul;
  }
  return energy;
}
