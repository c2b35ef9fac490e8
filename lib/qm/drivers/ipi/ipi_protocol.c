/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_protocol.c
 * Messages: a header of 12 characters padded with blanks, then numbers in the machine's own byte order. Bohr, Hartree;
 * the cell goes over the wire with its lattice vectors as columns; the virial is -dE/d(strain). */
#include "qm/drivers/ipi/ipi_protocol.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/compare.h"
#include "config/config_internal.h"
#include "config/rotate.h"
#include "config/units.h"
#include "support/support.h"

enum { HEADER = 12, EXTRA_LIMIT = 16 << 20 };
/* ---- messages ---- */

static mtp_qm_status fail(const mtp_channel *channel, mtp_qm_call *call, const char *when) {
  switch (channel->state) {
  case MTP_CHANNEL_TIMEOUT:
    return mtp_qm_fail(call->ctx, MTP_QM_TIMEOUT, "the client did not answer in time (%s)", when);
  case MTP_CHANNEL_STOPPED:
    return mtp_qm_fail(call->ctx, MTP_QM_STOPPED, "the run stops");
  default:
    return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "the client closed the connection (%s)", when);
  }
}

static bool say(mtp_channel *channel, const char *word) {
  char header[HEADER + 1];
  snprintf(header, sizeof header, "%-12s", word);
  return mtp_channel_write(channel, header, HEADER);
}

/* A header without its blanks; what is not printable becomes '?', since it may end up in a message. */
static bool hear(mtp_channel *channel, char word[HEADER + 1]) {
  if (!mtp_channel_read(channel, word, HEADER)) return false;
  int length = HEADER;
  while (length > 0 && word[length - 1] == ' ') length--;
  word[length] = 0;
  for (int i = 0; i < length; i++)
    if (word[i] < ' ' || word[i] > '~') word[i] = '?';
  return true;
}

static bool ask_status(mtp_channel *channel, char word[HEADER + 1]) {
  return say(channel, "STATUS") && hear(channel, word);
}

void mtp_ipi_say_exit(mtp_channel *channel) {
  channel->deadline = mtp_now() + 1;
  channel->stop = NULL;
  say(channel, "EXIT");
}

/* One byte, always: pw.x takes the number for a mask of what it should compute, and reads one byte whatever it is. */
static bool send_init(mtp_channel *channel, int replica) {
  int32_t numbers[2] = {replica, 1};
  char message[HEADER + sizeof numbers + 1] = "INIT        ";
  memcpy(message + HEADER, numbers, sizeof numbers);
  message[sizeof message - 1] = 0;
  return mtp_channel_write(channel, message, sizeof message);
}

/* In one piece, so that it travels as few packets. */
static bool send_atoms(mtp_channel *channel, const mtp_ipi_atoms *atoms) {
  const mtp_config *cfg = atoms->config;
  double inverse[9], wire[18];
  int32_t n = (int32_t)cfg->n;
  mtp_cell_reciprocal(atoms->cell, inverse);
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++) {
      wire[3 * i + j] = atoms->cell[3 * j + i] / MTP_BOHR;
      wire[9 + 3 * i + j] = inverse[3 * i + j] * MTP_BOHR; /* rows of the inverse of a matrix with columns a, b, c */
    }
  mtp_text message = {0};
  mtp_text_add(&message, "%-12s", "POSDATA");
  mtp_text_add_bytes(&message, wire, sizeof wire);
  mtp_text_add_bytes(&message, &n, sizeof n);
  for (size_t i = 0; i < 3 * cfg->n; i++) {
    double x = cfg->x[i] / MTP_BOHR;
    mtp_text_add_bytes(&message, &x, sizeof x);
  }
  bool sent = !message.failed && mtp_channel_write(channel, message.data, message.size);
  mtp_text_free(&message);
  return sent;
}

static bool skip(mtp_channel *channel, size_t size) {
  char buffer[4096];
  while (size) {
    size_t piece = size < sizeof buffer ? size : sizeof buffer;
    if (!mtp_channel_read(channel, buffer, piece)) return false;
    size -= piece;
  }
  return true;
}

/* ---- the answer ---- */

static mtp_qm_status unexpected(mtp_qm_call *call, const char *expected, const char *word) {
  return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the client should %s and says '%s'", expected, word);
}

static mtp_qm_status convert(const mtp_ipi_atoms *atoms, mtp_qm_call *call, double energy, const double virial[9]) {
  mtp_config *label = call->label;
  label->has_energy = true;
  label->energy = energy * MTP_HARTREE;
  for (size_t i = 0; i < label->n; i++) {
    double turned[3];
    for (int c = 0; c < 3; c++) turned[c] = label->force[3 * i + (size_t)c] * MTP_HARTREE / MTP_BOHR;
    mtp_rotate_back(atoms->axes, turned, label->force + 3 * i);
  }
  label->has_virial = mtp_config_is_periodic(label);
  if (label->has_virial && !mtp_ipi_symmetric(virial, label->virial))
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA,
                       "the virial is not symmetric: xy xz yz are %.6g %.6g %.6g, yx zx zy are %.6g %.6g %.6g Hartree",
                       virial[1], virial[2], virial[5], virial[3], virial[6], virial[7]);
  for (int k = 0; k < 6; k++) label->virial[k] *= MTP_HARTREE;
  mtp_rotate_tensor_back(atoms->axes, label->virial);
  return MTP_QM_OK;
}

static mtp_qm_status receive(mtp_channel *channel, const mtp_ipi_atoms *atoms, mtp_qm_call *call) {
  static const char when[] = "while it sent its results";
  char word[HEADER + 1];
  double energy, virial[9];
  int32_t n, extra;
  if (!say(channel, "GETFORCE") || !hear(channel, word)) return fail(channel, call, when);
  if (strcmp(word, "FORCEREADY") != 0) return unexpected(call, "send FORCEREADY", word);
  if (!mtp_channel_read(channel, &energy, sizeof energy) || !mtp_channel_read(channel, &n, sizeof n))
    return fail(channel, call, when);
  if (n < 0 || (size_t)n != call->config->n || mtp_config_require_force(NULL, call->label) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the result is of %d atoms, %zu were sent", (int)n, call->config->n);
  if (!mtp_channel_read(channel, call->label->force, 3 * (size_t)n * sizeof(double)) ||
      !mtp_channel_read(channel, virial, sizeof virial) || !mtp_channel_read(channel, &extra, sizeof extra))
    return fail(channel, call, when);
  if (extra < 0 || extra > EXTRA_LIMIT)
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the client announces %d bytes of extra text", (int)extra);
  if (!skip(channel, (size_t)extra)) return fail(channel, call, when);
  return convert(atoms, call, energy, virial);
}

/* The client says what it wants next; it is not assumed. */
static mtp_qm_status make_ready(mtp_channel *channel, mtp_qm_call *call, int replica) {
  char word[HEADER + 1];
  if (!ask_status(channel, word)) return fail(channel, call, "before it was given a configuration");
  if (strcmp(word, "NEEDINIT") == 0 && (!send_init(channel, replica) || !ask_status(channel, word)))
    return fail(channel, call, "at INIT");
  if (strcmp(word, "READY") == 0) return MTP_QM_OK;
  /* HAVEDATA would be the answer to a call that somebody gave up */
  return unexpected(call, "be READY", word);
}

/* Clients do not answer while they compute, so this blocks; some might say that they are busy. */
static mtp_qm_status await_results(mtp_channel *channel, mtp_qm_call *call) {
  char word[HEADER + 1];
  for (;;) {
    if (!ask_status(channel, word)) return fail(channel, call, "while it computed");
    if (strcmp(word, "HAVEDATA") == 0) return MTP_QM_OK;
    if (strcmp(word, "BUSY") != 0 && strcmp(word, "WORKING") != 0) return unexpected(call, "have results", word);
    mtp_sleep(0.002);
  }
}

mtp_qm_status mtp_ipi_compute(mtp_channel *channel, const mtp_ipi_atoms *atoms, mtp_qm_call *call, int replica,
                              double patience) {
  channel->stop = call->stop;
  channel->deadline = mtp_now() + patience; /* this much it must say at once */
  if (call->deadline > 0 && call->deadline < channel->deadline) channel->deadline = call->deadline;
  mtp_qm_status status = make_ready(channel, call, replica);
  if (status != MTP_QM_OK) return status;
  channel->deadline = call->timeout > 0 ? mtp_now() + call->timeout : 0;
  if (call->deadline > 0 && call->deadline < channel->deadline) channel->deadline = call->deadline;
  if (!send_atoms(channel, atoms)) return fail(channel, call, "when it was sent the atoms");
  status = await_results(channel, call);
  return status == MTP_QM_OK ? receive(channel, atoms, call) : status;
}
