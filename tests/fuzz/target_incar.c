/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_incar.c
 * The INCAR of a user, and what is made of it for a call. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "qm/drivers/vasp/vasp_incar.h"

const char *const fuzz_words[] = {"NSW = 5",
                                  "MAGMOM = 4*1.0",
                                  "LDAUU = 1.5 2*4",
                                  "LSORBIT = .TRUE.",
                                  "KSPACING = 0.2",
                                  "DIPOL = 0.5 0.5 0.5",
                                  "ML_LMLFF = F",
                                  "NELECT = 8",
                                  "\\\n",
                                  ";",
                                  "\"",
                                  "!",
                                  "#",
                                  "{",
                                  "}",
                                  "RWIGS",
                                  "=",
                                  "18446744073709551615*1",
                                  NULL};

void fuzz_seeds(void) {
  fuzz_seed_text(
      "! made by hand\nENCUT = 300 ; NSW = 5\nLDAUU = 1.5 2*4 # and more\nMAGMOM = 4*1.0\nSYSTEM = \"a\nb = c\"\n"
      "ALGO = Fast \\\n  ISMEAR = 1\nKSPACING = 0.2\r\nRWIGS = 1.0 1.2 1.1\n");
  fuzz_seed_text("LNONCOLLINEAR = T\nMAGMOM = 12*0.5\nLDIPOL = T; DIPOL = 0.5 0.5 0.25\nML_LMLFF = .FALSE.\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const size_t all[] = {0, 1, 2}, last[] = {2};
  mtp_vasp_incar incar;
  mtp_context *ctx = mtp_context_new();
  char *text = mtp_calloc(size + 1, 1); /* as a file that was read */
  fuzz_require(text != NULL);
  if (size) memcpy(text, data, size);
  if (mtp_vasp_incar_parse(ctx, &incar, "INCAR", text, size, 3) == MTP_OK) {
    mtp_text out = {0};
    mtp_vasp_incar_write(&incar, 4, all, 3, &out);
    mtp_vasp_incar_write(&incar, 1, last, 1, &out);
    fuzz_require(!out.failed);
    mtp_text_free(&out);
    mtp_vasp_incar_close(&incar);
  } else {
    fuzz_end_call(MTP_QM_BAD_DATA, mtp_context_message(ctx));
  }
  free(text);
  mtp_context_free(ctx);
  return 0;
}
