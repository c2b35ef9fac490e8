/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_ipi.c
 * All that a client of i-PI says, which then closes the connection. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "qm/drivers/ipi/ipi_protocol.h"
#include "support/support.h"

const char *const fuzz_words[] = {"NEEDINIT    ", "READY       ", "HAVEDATA    ", "FORCEREADY  ", "BUSY        ", NULL};

/* A busy client is asked again after 2 ms. */
enum { MOST_BYTES = 2048 };

static void seed(const char *words, int32_t n, int32_t extra) {
  char message[MOST_BYTES];
  size_t size = strlen(words);
  double numbers[3 * 4] = {0.01, 0.02, -0.03, -0.01}, virial[9] = {1, 0.5, 0, 0.5, 2, 0, 0, 0, 3}, energy = -1.5;
  memcpy(message, words, size);
  memcpy(message + size, &energy, sizeof energy);
  size += sizeof energy;
  memcpy(message + size, &n, sizeof n);
  size += sizeof n;
  memcpy(message + size, numbers, sizeof numbers);
  size += sizeof numbers;
  memcpy(message + size, virial, sizeof virial);
  size += sizeof virial;
  memcpy(message + size, &extra, sizeof extra);
  size += sizeof extra;
  memset(message + size, 'x', 16);
  fuzz_seed(message, size + 16);
}

void fuzz_seeds(void) {
  seed("READY       HAVEDATA    FORCEREADY  ", 4, 0);
  seed("NEEDINIT    READY       BUSY        HAVEDATA    FORCEREADY  ", 4, 16);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int ends[2];
  mtp_context *ctx = mtp_context_new();
  fuzz_require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0);
  if (size > MOST_BYTES) size = MOST_BYTES;
  fuzz_require(send(ends[1], data, size, MSG_NOSIGNAL) == (ssize_t)size);
  fuzz_require(shutdown(ends[1], SHUT_WR) == 0);
  mtp_channel channel = mtp_channel_open(ends[0], false);
  mtp_config *cfg = fuzz_sample(), *label = fuzz_sample();
  mtp_qm_call call = {
      .config = cfg, .species_count = 2, .names = fuzz_elements, .timeout = 20, .label = label, .ctx = ctx};
  mtp_ipi_atoms atoms;
  fuzz_require(mtp_ipi_atoms_make(&call, &atoms) == MTP_QM_OK);
  const mtp_qm_status status = mtp_ipi_compute(&channel, &atoms, &call, 0, 20);
  fuzz_end_call(status, mtp_context_message(ctx));
  mtp_ipi_say_exit(&channel);
  mtp_ipi_atoms_free(&atoms);
  mtp_channel_close(&channel);
  close(ends[1]);
  mtp_config_free(label);
  mtp_config_free(cfg);
  mtp_context_free(ctx);
  return 0;
}
