/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_dump.c
 * Dumps of LAMMPS. */
#include "fuzz.h"

const char *const fuzz_words[] = {"ITEM: TIMESTEP",
                                  "ITEM: NUMBER OF ATOMS",
                                  "ITEM: BOX BOUNDS pp pp pp",
                                  "ITEM: BOX BOUNDS xy xz yz pp ff ss",
                                  "ITEM: BOX BOUNDS abc origin pp pp pp",
                                  "ITEM: ATOMS id type x y z",
                                  "ITEM: ATOMS id element xs ys zs fx fy fz",
                                  "ITEM: ATOMS id typelabel xu yu zu",
                                  "ITEM: UNITS",
                                  "ITEM: TIME",
                                  "metal",
                                  "real",
                                  "xsu",
                                  "ix",
                                  "fx",
                                  "element",
                                  "typelabel",
                                  "c_pe",
                                  NULL};

void fuzz_seeds(void) {
  fuzz_seed_format(MTP_FORMAT_LAMMPS_DUMP, "in.dump");
  fuzz_seed_text(
      "ITEM: UNITS\nmetal\nITEM: TIME\n0.5\nITEM: TIMESTEP\n10\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS xy xz "
      "yz pp pp ff\n0 4.5 0.5\n0 4 0.25\n0 4 0\nITEM: ATOMS id typelabel xs ys zs fx fy fz q\n2 Cu 0.5 0.5 0.5 1 2 3 "
      "0\n1 Al 0 0 0 -1 -2 -3 1\nITEM: TIMESTEP\n20\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 "
      "4\n0 4\nITEM: ATOMS id type element xu yu zu ix iy iz\n1 1 Al 9 0 0 2 0 0\n");
  fuzz_seed_text(
      "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS abc origin pp pp pp\n4 0 0 0\n0 4 0 0\n0 0 4 "
      "0\nITEM: ATOMS type x y z\n1 1 1 1\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_LAMMPS_DUMP, "in.dump", data, size);
  return 0;
}
