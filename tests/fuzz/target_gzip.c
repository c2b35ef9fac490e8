/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_gzip.c
 * What may be compressed: any file of configurations, whose format its content tells, or a potential. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mtp/potential.h"
#include "support/support.h"

const char *const fuzz_words[] = {"\x1f\x8b\x08",
                                  "BZh9",
                                  "\xFD"
                                  "7zXZ",
                                  "\x28\xB5\x2F\xFD",
                                  "PK\x03\x04",
                                  NULL};

static void seed_compressed(const char *text, size_t times) {
  char *packed = NULL, *twice = NULL;
  size_t size = 0;
  fuzz_require(mtp_gzip(NULL, text, strlen(text), &packed, &size) == MTP_OK);
  twice = mtp_calloc(times, size);
  fuzz_require(twice != NULL);
  for (size_t k = 0; k < times; k++) memcpy(twice + k * size, packed, size);
  fuzz_seed(twice, times * size);
  free(twice);
  free(packed);
}

void fuzz_seeds(void) {
  seed_compressed("2\nLattice=\"4 0 0 0 4 0 0 0 4\" energy=-1\nAl 0 0 0\nCu 2 2 2\n", 1);
  seed_compressed("1\n\nAl 0 0 0\n", 2); /* two members */
  seed_compressed("BEGIN_CFG\nSize\n1\nAtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0 0\nEND_CFG\n", 1);
  seed_compressed("", 1);
  char *zeros = mtp_calloc(1 << 14, 1); /* much in a few bytes */
  fuzz_require(zeros != NULL);
  memset(zeros, '\n', (1 << 14) - 1);
  seed_compressed(zeros, 1);
  free(zeros);
  fuzz_seed_format(MTP_FORMAT_EXTXYZ, "in.xyz.gz");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char head[64];
  size_t got = 0;
  fuzz_read_configs(MTP_FORMAT_AUTO, "in", data, size);
  mtp_context *ctx = fuzz_context();
  mtp_potential *pot = NULL;
  mtp_status status = mtp_potential_read(ctx, fuzz_path("in"), &pot);
  fuzz_require((status == MTP_OK) == (pot != NULL));
  mtp_potential_free(pot);
  fuzz_end(ctx, status);
  ctx = fuzz_context();
  fuzz_end(ctx, mtp_file_head(ctx, fuzz_path("in"), head, sizeof head, &got));
  fuzz_require(got <= sizeof head);
  return 0;
}
