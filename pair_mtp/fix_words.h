/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fix_words.h
 * What fixes that equilibrate charges (fix qeq/...) were told: LAMMPS keeps no commands, and a baseline has to do the
 * same in the cells of its labels. */
#ifndef LMP_MTP_FIX_WORDS_H
#define LMP_MTP_FIX_WORDS_H

#include <string>
#include <vector>

namespace LAMMPS_NS {

class Fix;
class LAMMPS;

/* Has the words of such fixes remembered that are made from now on. */
void mtp_remember_fixes(LAMMPS *lmp);
/* Does it make charges a function of the positions? */
bool mtp_fix_equilibrates(const Fix *fix);
/* ID, group, style and arguments; none of a fix that was not remembered. */
std::vector<std::string> mtp_fix_words(const Fix *fix);

} // namespace LAMMPS_NS

#endif
