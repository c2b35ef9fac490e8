/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_outcar.c
 * OUTCAR as a file of configurations and as the answer of a QM call. */
#include "config/outcar.h"
#include "fuzz.h"

const char *const fuzz_words[] = {" TITEL  = PAW_PBE Al 04Jan2001",
                                  " VRHFIN =Cu: d10 p1",
                                  " POTCAR:    PAW_PBE Al 04Jan2001",
                                  " NIONS =      3",
                                  "   ions per type =               2   1",
                                  "--- Iteration      1(   1)  ---",
                                  "aborting loop because EDIFF is reached",
                                  "  in kB  ",
                                  "  Total  ",
                                  "      direct lattice vectors                 reciprocal lattice vectors",
                                  " POSITION                                       TOTAL-FORCE (eV/Angst)",
                                  " -----------",
                                  "  free  energy   TOTEN  =  ",
                                  " General timing and accounting informations for this job:",
                                  "FORCE on cell =-STRESS",
                                  "(ML)",
                                  " vasp.6.4.2",
                                  "-1.000-2.000-3.000",
                                  NULL};

#define STEP(NUMBER, ENERGY)                                                                                           \
  "---------- Iteration    " NUMBER "(   1)  ----------\n  free energy    TOTEN  =        99.0 eV\n"                   \
  "---------- aborting loop because EDIFF is reached ----------\n"                                                     \
  "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n"                                                            \
  "  Total        1.0     2.0     3.0     4.0     5.0     6.0\n  in kB   1.0 2.0 3.0 4.0 5.0 6.0\n"                    \
  "      direct lattice vectors                 reciprocal lattice vectors\n"                                          \
  "     8.000000000  0.000000000  0.000000000     0.125000000  0.000000000  0.000000000\n"                             \
  "     0.000000000  4.000000000  0.000000000     0.000000000  0.250000000  0.000000000\n"                             \
  "     0.000000000  0.000000000  4.000000000     0.000000000  0.000000000  0.250000000\n"                             \
  " POSITION                                       TOTAL-FORCE (eV/Angst)\n -----------\n"                             \
  "  0.00000  0.00000  0.00000  0.100000  0.200000  0.000000\n  2.00000  0.00000 2.00000 0.100000 "                    \
  "0.200000-10.250000\n"                                                                                               \
  "  2.00000  2.00000  0.00000  0.100000  0.200000  0.500000\n -----------\n"                                          \
  "  free  energy   TOTEN  =  " ENERGY " eV\n\n  energy  without entropy=  -8.25  energy(sigma->0) =  -9.25\n"
#define HEAD                                                                                                           \
  " vasp.6.4.2 20Jul23 (build) complex\n TITEL  = PAW_PBE Al 04Jan2001\n VRHFIN =Al: s2p1\n"                           \
  " TITEL  = PAW_PBE Cu 22Jun2005\n   number of dos NEDOS = 301   number of ions     NIONS =      3\n"                 \
  "   ions per type =               2   1\n"

void fuzz_seeds(void) {
  fuzz_seed_text(HEAD STEP("1", "-10.5")
                     STEP("2", "-11.5") " General timing and accounting informations for this job:\n");
  fuzz_seed_text(" vasp.5.4.4\n POTCAR:    PAW_PBE Al 04Jan2001\n POTCAR:    PAW_PBE Cu 22Jun2005\n"
                 "   number of ions     NIONS =      3\n   ions per type =  2   1\n" STEP("1", "-10.5"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_OUTCAR, "OUTCAR", data, size);
  mtp_context *ctx = fuzz_context();
  mtp_vasp_output out = {0};
  mtp_status status = mtp_vasp_outcar_read(ctx, fuzz_path("OUTCAR"), &out);
  size_t converged = 0;
  for (size_t k = 0; out.steps && k < out.steps->n; k++) converged += out.converged[k];
  fuzz_require(!out.steps || converged <= out.steps->n);
  mtp_vasp_output_free(&out);
  fuzz_end(ctx, status);
  return 0;
}
