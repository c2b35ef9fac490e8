/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_cfg.c
 * Configurations as MLIP writes them, as text and binary. */
#include "fuzz.h"

/* 1 and -0.5, as doubles. */
#define REAL    "\0\0\0\0\0\0\xf0\x3f"
#define REALS_3 REAL "\0\0\0\0\0\0\xe0\xbf" REAL
#define REALS_9 REALS_3 REALS_3 REALS_3

const char *const fuzz_words[] = {
    "BEGIN_CFG", "END_CFG", "BEGIN",    "Size",       "Supercell", "AtomData:", "Energy",        "PlusStress:",
    "Stress:",   "Virial:", "Feature",  "Features:",  "id",        "type",      "cartes_x",      "direct_x",
    "fx",        "fy",      "fz",       "nbh_grades", "site_en",   "ghost",     "charge",        "xx",
    "yy",        "xz",      "MV_grade", "mindist",    "EFS_by",    "from",      "config_weight", "species",
    NULL};

void fuzz_seeds(void) {
  fuzz_seed_format(MTP_FORMAT_CFG, "in.cfg");
  fuzz_seed_text("BEGIN_CFG\n Size\n    2\n Supercell\n    4 0 0\n    0 4 0\n    0 0 4\n"
                 " AtomData:  id type       direct_x      direct_y      direct_z     fx fy fz nbh_grades\n"
                 "   1  0   0.0 0.0 0.0   0.1 0.2 0.3 1.5\n   2  1   0.5 0.5 0.5  -0.1 -0.2 -0.3 0.5\n"
                 " Energy\n   -7.5\n PlusStress:  xx yy zz yz xz xy\n   1 2 3 4 5 6\n Feature   EFS_by VASP\n"
                 " Feature MV_grade 2.5\nEND_CFG\n\n");
  static const char binary[] = "n\1\0\0\0l" REALS_9 "p" REALS_3 "t\2\0\0\0f" REALS_3 "v" REAL "c" REAL "m" REALS_3
                               "g0s" REALS_3 REALS_3 "e" REAL "F\x8\0\0\0MV_grade\3\0\0\0"
                               "2.5"
                               "F\1\0\0\0k\1\0\0\0v#"
                               "n\0\0\0\0l" REALS_9 "pt#";
  fuzz_seed(binary, sizeof binary - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_read_configs(MTP_FORMAT_CFG, "in.cfg", data, size);
  return 0;
}
