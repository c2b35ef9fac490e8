/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_qe_input.c
 * An input of pw.x as a template, and the inputs made from it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "qm/drivers/qe/qe_template.h"

const char *const fuzz_words[] = {"&control",
                                  "&system",
                                  "&electrons",
                                  "&ions",
                                  "&cell",
                                  "/",
                                  "&end",
                                  "ATOMIC_SPECIES\n",
                                  "ATOMIC_POSITIONS {alat}\n",
                                  "CELL_PARAMETERS alat\n",
                                  "K_POINTS automatic\n",
                                  "HUBBARD (ortho-atomic)\n",
                                  "OCCUPATIONS\n",
                                  "CONSTRAINTS\n",
                                  "ibrav = 2",
                                  "celldm(1) = 7.6",
                                  "nat=4",
                                  "ntyp = 2",
                                  "starting_magnetization( 2 )=0.2",
                                  "pseudo_dir = './pseudo'",
                                  "calculation='relax'",
                                  "'",
                                  "''",
                                  "\"",
                                  "!",
                                  ",",
                                  "Al1 26.98 Al.UPF",
                                  NULL};

void fuzz_seeds(void) {
  fuzz_seed_text(
      "! a comment = 'before'\r\n &CONTROL Calculation='scf', title = 'a ''b'' / & ! c', prefix=\"x\" "
      "outdir='./tmp/'\r\n  pseudo_dir = './pseudo'  ! where they are\r\n  tprnfor=.false. , etot_conv_thr = "
      "1.0d-5\r\n/ trailing words\r\n\r\n&system\r\n  ibrav = 2\r\n  celldm(1) = 7.6, 0,\r\n  1.0 nat=4, ntyp = 2 A = "
      "4.05 ! nat = 7\r\n# nat = 8\r\n  starting_magnetization(1) = 0.1, starting_magnetization( 2 )=0.2\r\n"
      "  ecutwfc = 20 cosAB=0.1 &end\r\n&ELECTRONS/\r\nATOMIC_POSITIONS {alat}\r\nAl1 0 0 0\r\n\r\n# kept\r\n"
      "ATOMIC_SPECIES\r\n Al1 26.98 Al.UPF ! first\r\n Cu 63.5 Cu.UPF\r\nCELL_PARAMETERS alat\r\n1 0 0\r\n0 1 0\r\n"
      "0 0 1\r\nK_POINTS automatic\r\n4 4 4 0 0 0");
  fuzz_seed_text(
      "&control\n/\n&system\n ecutwfc=20, ntyp=2, occupations='smearing'\n/\n&electrons\n/\nATOMIC_SPECIES\nAl 26.98 "
      "Al.UPF\nCu 63.5 Cu.UPF\nK_POINTS gamma\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mtp_context *ctx = mtp_context_new();
  mtp_qe_template t;
  if (mtp_qe_template_open(ctx, &t, fuzz_file("pw.in", data, size)) != MTP_OK) {
    fuzz_end_call(MTP_QM_CANNOT_START, mtp_context_message(ctx));
    mtp_context_free(ctx);
    return 0;
  }
  mtp_config *cfg = fuzz_sample();
  mtp_qm_call call = {.config = cfg, .species_count = 2, .names = fuzz_elements, .ctx = ctx};
  const mtp_status status = mtp_qe_write_input(&t, &call, fuzz_folder(), "pw.out.in");
  fuzz_end_call(status == MTP_OK ? MTP_QM_OK : MTP_QM_CANNOT_START, mtp_context_message(ctx));
  mtp_config_free(cfg);
  mtp_qe_template_close(&t);
  mtp_context_free(ctx);
  return 0;
}
