/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_vasp.h
 * A false VASP for the tests of its driver. */
#ifndef SUPPORT_VASP_H
#define SUPPORT_VASP_H

#include <stdbool.h>

/** What it says, in eV and eV/A: energies, virial xx yy zz xy xz yz, and the force on an atom of an element at x, with
 * more digits than OUTCAR has. */
#define VASP_FREE_ENERGY  (-8.50000123)
#define VASP_OTHER_ENERGY (-8.375)
#define VASP_VIRIAL_VALUES                                                                                             \
  { 1.25, 2, 3, 0.4, 0.5, -0.6 }
void vasp_force(const char *element, const double x[3], double force[3]);

/** Makes the running test program callable as `./vasp [xml]` in the current folder; its main() hands that on: */
void vasp_install(void);
/** True if the program was called as that. */
bool vasp_is_called(const char *program);
/** Reads POSCAR and POTCAR in the current folder and writes OUTCAR, and vasprun.xml if there is an argument. As the
 * real one, it refuses left-handed cells and moves atoms into the cell. Returns the exit status. */
int vasp_play(bool with_xml);

#endif
