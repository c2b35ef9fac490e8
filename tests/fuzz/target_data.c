/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_data.c
 * Data files of LAMMPS. */
#include "fuzz.h"

const char *const fuzz_words[] = {"atoms",         "atom types",  "xlo xhi",    "ylo yhi",    "zlo zhi",
                                  "xy xz yz",      "Masses",      "Atoms",      "# atomic",   "# charge",
                                  "# full",        "# molecular", "Velocities", "Bonds",      "Atom Type Labels",
                                  "avec",          "bvec",        "cvec",       "abc origin", "bonds",
                                  "units = metal", "Pair Coeffs", "Al",         "#",          "extra bond per atom",
                                  "timestep",      NULL};

void fuzz_seeds(void) {
  fuzz_seed_format(MTP_FORMAT_LAMMPS_DATA, "in.data");
  fuzz_seed_text(
      "LAMMPS data file via write_data, version 2 Aug 2023, timestep = 0, units = metal\n\n2 atoms\n2 atom "
      "types\n1 bonds\n1 bond types\n\n0.0 4.0 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n0.5 0.25 0.125 xy xz yz\n\n"
      "Atom Type Labels\n\n1 Al\n2 Cu\n\nMasses\n\n1 26.98 # Al\n2 63.5 # Cu\n\nAtoms # full\n\n"
      "1 1 1 0.5 0 0 0 0 0 1\n2 1 2 -0.5 2 2 2 -1 0 0\n\nVelocities\n\n1 0 0 0\n2 0 0 0\n\nBonds\n\n1 1 1 2\n");
  fuzz_seed_text("bare\n\n1 atoms\n1 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\nMasses\n\n1 26.98\n\n"
                 "Atoms\n\n1 1 1 1 1\n");
  fuzz_seed_text("# general\n\n1 atoms\n1 atom types\n4 0 0 avec\n0 4 0 bvec\n0 0 4 cvec\n0 0 0 abc origin\n\n"
                 "Atoms # charge\n\n1 1 0.5 1 1 1\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_LAMMPS_DATA, "in.data", data, size);
  return 0;
}
