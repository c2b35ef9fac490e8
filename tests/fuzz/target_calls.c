/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_calls.c
 * What a killed run left: the record of calls under way, and the file of labels that it stands beside. */
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "loop/calls.h"
#include "mtp/label_file.h"

const char *const fuzz_words[] = {"qm_call=request",
                                  "qm_call=answer",
                                  "qm_call=failure",
                                  "qm_hash=0123456789abcdef",
                                  "qm_driver=\"exec a\"",
                                  "qm_seconds=1.5",
                                  "qm_tries=2",
                                  "qm_status=timeout",
                                  "qm_reason=\"a b\"",
                                  "qm_dir=/tmp/x",
                                  "energy=-1",
                                  "Properties=species:S:1:pos:R:3",
                                  "1\n",
                                  NULL};

#define CELL  "Lattice=\"4 0 0 0 4 0 0 0 4\" pbc=\"T T T\" Properties=species:S:1:pos:R:3"
#define ATOMS "\nAl 0 0 0\nCu 2 2 2\n"

void fuzz_seeds(void) {
  fuzz_seed_text(
      "2\n" CELL " step=10 qm_call=request qm_hash=0000000000000001 qm_driver=\"exec a\"" ATOMS "2\n" CELL
      ":forces:R:3 energy=-1.5 step=10 qm_call=answer qm_hash=0000000000000001 qm_seconds=1.5 qm_tries=1\n"
      "Al 0 0 0 1 2 3\nCu 2 2 2 -1 -2 -3\n1\n" CELL " qm_call=request qm_hash=2 qm_driver=none\nAl 1 0 0\n1\n" CELL
      " qm_call=failure qm_hash=2 qm_seconds=2 qm_tries=2 qm_driver=none qm_status=crashed qm_reason=\"no \\\"x\\\"\" "
      "qm_dir=/tmp/qm/000001\nAl 1 0 0\n");
  fuzz_seed_format(MTP_FORMAT_EXTXYZ, "labels.xyz");
}

static void read_calls(const char *path) {
  mtp_context *ctx = fuzz_context();
  mtp_calls *calls = NULL;
  mtp_status status = mtp_calls_open(ctx, path, 2, fuzz_elements, &calls);
  fuzz_require((status == MTP_OK) == (calls != NULL));
  for (size_t i = 0; calls && i < mtp_calls_left(calls); i++) {
    mtp_calls_end end;
    const mtp_config *request = mtp_calls_request(calls, i, &end);
    for (size_t k = 0; k < request->n; k++) fuzz_require(request->species[k] == 0 || request->species[k] == 1);
  }
  if (calls) fuzz_require(mtp_calls_waiting(calls) <= mtp_calls_left(calls));
  mtp_calls_close(calls);
  fuzz_end(ctx, status);
}

static void read_labels(const char *path) {
  mtp_context *ctx = fuzz_context();
  mtp_label_file *file = NULL;
  mtp_config *cfg = fuzz_sample();
  size_t missing = 0;
  mtp_status status = mtp_label_file_open(ctx, path, 2, fuzz_elements, &file);
  fuzz_require((status == MTP_OK) == (file != NULL));
  if (file) status = mtp_label_file_missing(ctx, file, 1, (const mtp_config *const *)&cfg, &missing);
  fuzz_require(missing <= 1);
  mtp_label_file_close(file);
  mtp_config_free(cfg);
  fuzz_end(ctx, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[256];
  strcpy(path, fuzz_path("a.xyz"));
  fuzz_file("a.xyz.calls", data, size);
  unlink(path);
  read_calls(path);
  unlink(fuzz_path("a.xyz.calls"));
  fuzz_file("a.xyz", data, size);
  read_labels(path);
  read_labels(path); /* what was mended needs no mending again */
  unlink(fuzz_path("a.xyz.cut"));
  return 0;
}
