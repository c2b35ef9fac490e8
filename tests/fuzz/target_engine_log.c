/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_engine_log.c
 * Whatever an engine writes: what of it is quoted, and whether it says that it did not converge, also when it is still
 * growing. */
#include "fuzz.h"
#include "qm/drivers/reason.h"
#include "qm/process/log_scan.h"

const char *const fuzz_words[] = {"SCF run NOT converged",
                                  "ScfConvergenceWarning",
                                  "was not enough SCF cycles",
                                  "convergence NOT achieved",
                                  "Error: no",
                                  "\r",
                                  "\n\n",
                                  "====",
                                  NULL};

void fuzz_seeds(void) {
  fuzz_seed_text(" Step 1\n *** SCF run NOT converged ***\n =======\n");
  fuzz_seed_text("ABINIT\n- scprqt: 30 was not enough SCF cycles\n Error: no\r\n\n------\n");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  mtp_context *ctx = mtp_context_new();
  mtp_log_scan scan = {0};
  char line[200] = "x";
  for (size_t part = 2; part > 0; part--) {
    fuzz_file("log/engine.out", data, size / part);
    const bool found = mtp_log_scan_next(&scan, fuzz_path("log"), "Error", line, sizeof line);
    if (found) mtp_qm_fail(ctx, MTP_QM_NOT_CONVERGED, "%s", line);
    fuzz_end_call(found ? MTP_QM_NOT_CONVERGED : MTP_QM_OK, mtp_context_message(ctx));
  }
  mtp_log_scan_free(&scan);
  mtp_qm_fail(ctx, MTP_QM_CRASHED, "the engine crashed");
  mtp_qm_add_last_words(ctx, fuzz_path("log"), "none", "engine.out");
  fuzz_end_call(MTP_QM_CRASHED, mtp_context_message(ctx));
  mtp_context_free(ctx);
  return 0;
}
