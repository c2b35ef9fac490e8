/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_driver_string.c
 * The text that chooses a QM driver, and a command line in it. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "qm/driver_string.h"
#include "qm/process/shell_line.h"

const char *const fuzz_words[] = {
    "exec",      "qe",         "vasp",       "ipi",    "plugin",   "none",        "timeout=10",
    "retries=2", "ladder=a,b", "workers=4",  "dir=qm", "keep=all", "maxforce=50", "require=forces,stress",
    "mintime=1", "budget=100", "maxfail=3",  "--",     "'",        "\"",          "\\",
    "$(x)",      "`",          "time_out=1", ">",      "./run.sh", "cd",          ";",
    "|",         "workers=",   NULL};

void fuzz_seeds(void) {
  fuzz_seed_text("exec './label.sh in.extxyz > log' timeout=10 retries=2 keep=failed workers=4 dir=\"a b\"");
  fuzz_seed_text("qe pw.in mpirun -np 4 pw.x -nk 2 ladder=a.in,b.in maxforce=50 require=forces,stress mintime=0.5");
  fuzz_seed_text("vasp folder -- run.sh workers=4 budget=none maxfail=3\\ x");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *text = calloc(size + 1, 1);
  fuzz_require(text != NULL);
  if (size) memcpy(text, data, size);
  mtp_context *ctx = fuzz_context();
  mtp_qm_string string = {0};
  mtp_status status = mtp_qm_string_parse(ctx, text, &string);
  fuzz_require(status == MTP_OK || (!string.name && !string.count && !string.arguments));
  if (status == MTP_OK) fuzz_require(string.policy.workers > 0 && string.policy.retries >= 0);
  mtp_qm_string_free(&string);
  fuzz_end(ctx, status);
  mtp_text line = {0};
  mtp_shell_line_add(&line, text, fuzz_folder());
  fuzz_require(!line.failed);
  mtp_text_free(&line);
  free(text);
  return 0;
}
