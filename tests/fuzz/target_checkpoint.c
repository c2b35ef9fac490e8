/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_checkpoint.c
 * What training left to go on from. */
#include "fuzz.h"
#include "learn/checkpoint.h"

enum { JOB = 7 };

const char *const fuzz_words[] = {"{\"mtp_checkpoint\":1,",
                                  "\"job\":\"0000000000000007\"",
                                  "\"stage\":",
                                  "\"iterations\":",
                                  "\"seconds\":",
                                  "}\n",
                                  "MTP\n",
                                  "1e999",
                                  NULL};

void fuzz_seeds(void) {
  const mtp_potential_spec spec = {.level = 2, .species_count = 1, .cutoff = 5, .min_dist = 1.5, .radial_size = 2};
  const mtp_checkpoint at = {.job = JOB, .stage = 2, .iterations = 17, .seconds = 2.5};
  mtp_potential *pot = NULL;
  fuzz_require(mtp_potential_new(NULL, &spec, &pot) == MTP_OK);
  fuzz_require(mtp_checkpoint_write(NULL, fuzz_path("seed"), &at, pot) == MTP_OK);
  fuzz_seed_file(fuzz_path("seed"));
  mtp_potential_free(pot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mtp_context *ctx = fuzz_context();
  mtp_potential *pot = NULL;
  mtp_checkpoint at = {0};
  mtp_status status = mtp_checkpoint_read(ctx, fuzz_file("in", data, size), JOB, &at, &pot);
  fuzz_require((status == MTP_OK) == (pot != NULL));
  mtp_potential_free(pot);
  fuzz_end(ctx, status);
  return 0;
}
