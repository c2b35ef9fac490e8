/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_potcar.c
 * The POTCAR of a user, taken apart and put together for a call. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "qm/drivers/vasp/vasp_input.h"

const char *const fuzz_words[] = {"   TITEL  = PAW_PBE Al 04Jan2001\n",
                                  "   VRHFIN =Cu: d10\n",
                                  " End of Dataset\n",
                                  "TITEL",
                                  "=",
                                  "PAW_PBE",
                                  "Al_sv_GW",
                                  ":",
                                  NULL};

#define SECTION(TITEL, ELEMENT) "  PAW\n   VRHFIN =" ELEMENT ": x\n   TITEL  = " TITEL "\n data\n End of Dataset\n"

void fuzz_seeds(void) {
  fuzz_seed_text(SECTION("PAW_PBE Al 04Jan2001", "Al") SECTION("copper", "Cu")
                     SECTION("PAW_PBE Ni_pv 06Sep2000", "Ni"));
  fuzz_seed_text(SECTION("PAW Cu", "Cu") "\n" SECTION("PAW_PBE Al_sv_GW 02Feb2008", "Al") " \n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char incar[] = "KSPACING = 0.2\n";
  mtp_context *ctx = mtp_context_new();
  mtp_vasp_input in;
  fuzz_file("vasp/INCAR", incar, strlen(incar));
  fuzz_file("vasp/POTCAR", data, size);
  if (mtp_vasp_input_open(ctx, &in, fuzz_path("vasp")) != MTP_OK) {
    fuzz_end_call(MTP_QM_CANNOT_START, mtp_context_message(ctx));
    mtp_context_free(ctx);
    return 0;
  }
  mtp_config *cfg = fuzz_sample();
  size_t *order = malloc(cfg->n * sizeof *order);
  char dir[256];
  fuzz_file("call/old", "", 0);
  strcpy(dir, fuzz_path("call"));
  mtp_qm_call call = {.config = cfg, .species_count = 2, .names = fuzz_elements, .dir = dir, .ctx = ctx};
  const mtp_qm_status status = mtp_vasp_input_arrange(&in, &call, true, order);
  fuzz_end_call(status, mtp_context_message(ctx));
  for (size_t i = 0; status == MTP_QM_OK && i < cfg->n; i++) fuzz_require(order[i] < cfg->n);
  free(order);
  mtp_config_free(cfg);
  mtp_vasp_input_close(&in);
  mtp_context_free(ctx);
  return 0;
}
