/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_extxyz.c
 * Extended XYZ, with the usual names of labels and with chosen ones. */
#include "fuzz.h"

const char *const fuzz_words[] = {"Lattice=",
                                  "Properties=species:S:1:pos:R:3",
                                  ":forces:R:3",
                                  ":force:R:3",
                                  ":dft_forces:R:3",
                                  ":Z:I:1",
                                  ":grade:R:1",
                                  ":force_mask:L:1",
                                  ":ghost:L:1",
                                  ":local_energy:R:1",
                                  ":tag:I:9",
                                  "energy=",
                                  "free_energy=",
                                  "dft_energy=",
                                  "virial=",
                                  "virials=",
                                  "stress=",
                                  "pbc=\"T F T\"",
                                  "pbc=",
                                  "[[1,2,3],[4,5,6],[7,8,9]]",
                                  "\"1 2 3 4 5 6 7 8 9\"",
                                  "[1, 2, 3]",
                                  "units=metal",
                                  "energy_unit=eV",
                                  "force_units=eV/A",
                                  "config_weight=0.1",
                                  "max_grade=1.5",
                                  "origin=",
                                  "\\\"",
                                  "key",
                                  "'a b'",
                                  NULL};

void fuzz_seeds(void) {
  fuzz_seed_format(MTP_FORMAT_EXTXYZ, "in.xyz");
  fuzz_seed_text("2\nLattice=\"4 0 0 0 4 0 0 0 4\" Properties=species:S:1:pos:R:3:dft_forces:R:3:tag:I:1:ghost:L:1 "
                 "dft_energy=-7.5 dft_virial=\"1 2 3 2 4 5 3 5 6\" pbc=\"T T F\" title='a \"b\" c' flag\n"
                 "Al 0 0 0 0.1 0.2 0.3 7 F\nCu 2 2 2 -0.1 -0.2 -0.3 8 T\n"
                 "1\nstress=[[1,2,3],[2,4,5],[3,5,6]] energy=-1 free_energy=-2 Lattice=\"4 0 0 0 4 0 0 0 4\" "
                 "Properties=Z:I:1:pos:R:3:force:R:3\n13 0 0 0 1 2 3\n");
  fuzz_seed_text("1\nProperties=species:S:1:pos:R:3:a\x7f\x1b:R:1 k\x1b=1\nAl 0 0 0 1\n");
  fuzz_seed_text("3\n\nAl 0 0 0\nAl 1 1 1\nCu 2 2 2\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_EXTXYZ, "in.xyz", data, size);
  mtp_context *ctx = fuzz_context();
  mtp_config_set *set = NULL;
  const mtp_label_keys keys = {"dft_energy", "dft_forces", "dft_virial", ""};
  const mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .keys = keys};
  mtp_status status = mtp_config_set_read(ctx, fuzz_path("in.xyz"), &options, &set);
  double weights[3];
  for (size_t k = 0; status == MTP_OK && k < set->n; k++) mtp_config_weights(ctx, set->configs[k], weights);
  if (status == MTP_OK) mtp_config_set_map_species(ctx, set, 2, fuzz_elements);
  mtp_config_set_free(set);
  fuzz_end(ctx, status);
  return 0;
}
