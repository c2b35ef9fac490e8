/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_poscar.c
 * POSCAR and CONTCAR of VASP 4 to 6. */
#include "fuzz.h"

const char *const fuzz_words[] = {"Selective dynamics",
                                  "Direct",
                                  "Cartesian",
                                  "Al",
                                  "Cu_sv",
                                  "Cu/0a1b",
                                  "T T F",
                                  "!",
                                  "#",
                                  "Direct configuration=     1",
                                  "Kartesisch",
                                  "Lattice velocities and vectors",
                                  NULL};

#define CELL " 8 0 0\n 0 4 0\n 0 0 4\n"

void fuzz_seeds(void) {
  fuzz_seed_format(MTP_FORMAT_POSCAR, "POSCAR");
  fuzz_seed_text("title\n1.0\n" CELL
                 "Al_sv Cu/0a1b2c\n2 1\nSelective dynamics\nDirect\n 0 0 0 T T F\n 0.25 0 0.5 F F F\n"
                 " 0.25 0.5 0 T T T\n\n 0 0 0\n 1 1 1\n 2 2 2\n");
  fuzz_seed_text("Al Cu of VASP 4\n-128\n" CELL "2 1\nCartesian\n 0 0 0\n 0.25 0 0.5\n 0.25 0.5 0\n");
  fuzz_seed_text("three\n2 1 4 ! x\n" CELL "Al Al Cu # elements\n1 1 1\nKartesisch\n0 0 0\n1 0 0.5\n1 2 0 Cu\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_POSCAR, "POSCAR", data, size);
  return 0;
}
