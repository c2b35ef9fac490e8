/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior_note.c
 * A posterior as a word of potential_tag, which is anything for MLIP-2 and -3 and goes wherever a potential goes, with
 * an active set or without: base64 of a head and the lower triangle of the factor, little-endian doubles. The factor
 * has entries that cancel, so that single precision would not do. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/posterior.h"
#include "model/model.h"
#include "support/support.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the word holds little-endian numbers");

#define KEY     "posterior"
#define VERSION 1u

typedef struct head {
  uint32_t version, size;
  uint64_t fingerprint;
  double noise[3], typical, scale, force_square;
} head;

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t note_bytes(size_t m) {
  return sizeof(head) + m * (m + 1) / 2 * sizeof(double);
}

static size_t digits_of(size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/* Groups of three bytes; the last one is padded with zeros, and its digits are all written. */
static char *encode(size_t size, const unsigned char *bytes) {
  char *text = mtp_calloc(digits_of(size) + 1, 1), *to = text;
  for (size_t i = 0; text && i < size; i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; k++) group = group << 8 | (i + k < size ? bytes[i + k] : 0u);
    for (int k = 3; k >= 0; k--) *to++ = digits[group >> 6 * k & 63u];
  }
  return text;
}

/* `size` bytes from the digits that they take; false if something else is among these. */
static bool decode(const char *text, size_t size, unsigned char *bytes) {
  signed char value[256];
  memset(value, -1, sizeof value);
  for (int k = 0; k < 64; k++) value[(unsigned char)digits[k]] = (signed char)k;
  for (size_t i = 0, at = 0; i < digits_of(size); i += 4) {
    uint32_t group = 0;
    for (size_t k = 0; k < 4; k++) {
      const int v = value[(unsigned char)text[i + k]];
      if (v < 0) return false;
      group = group << 6 | (uint32_t)v;
    }
    for (int k = 2; k >= 0 && at < size; k--) bytes[at++] = (unsigned char)(group >> 8 * k);
  }
  return true;
}

/* Head and triangle one after the other; m*(m+1)/2 numbers. */
static void pack(const mtp_posterior *p, unsigned char *bytes) {
  const head h = {VERSION,    (uint32_t)p->m, p->fingerprint, {p->noise.energy, p->noise.force, p->noise.virial},
                  p->typical, p->scale,       p->force_square};
  memcpy(bytes, &h, sizeof h);
  bytes += sizeof h;
  for (size_t i = 0; i < p->m; i++) {
    memcpy(bytes, p->factor + i * p->m, (i + 1) * sizeof(double));
    bytes += (i + 1) * sizeof(double);
  }
}

static bool unpack(const unsigned char *bytes, mtp_posterior *p) {
  head h;
  memcpy(&h, bytes, sizeof h);
  if (h.version != VERSION || h.size != p->m || h.fingerprint != p->fingerprint) return false;
  p->noise = (mtp_noise){h.noise[0], h.noise[1], h.noise[2]};
  p->typical = h.typical;
  p->scale = h.scale;
  p->force_square = h.force_square;
  bytes += sizeof h;
  double probe = 0.0 * (h.noise[0] + h.noise[1] + h.noise[2] + h.typical + h.scale + h.force_square);
  for (size_t i = 0; i < p->m; i++) {
    memcpy(p->factor + i * p->m, bytes, (i + 1) * sizeof(double));
    bytes += (i + 1) * sizeof(double);
    for (size_t j = 0; j <= i; j++) probe += 0.0 * p->factor[i * p->m + j];
  }
  return probe == 0.0 && p->noise.force > 0.0 && p->typical > 0.0 && p->scale >= 0.0;
}

mtp_status mtp_posterior_stamp(mtp_context *ctx, const mtp_posterior *p, mtp_potential *pot) {
  if (!pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no potential given");
  if (!p) return mtp_potential_set_text_note(ctx, pot, KEY, NULL);
  if (p->fingerprint != mtp_posterior_fingerprint(pot))
    return mtp_fail(ctx, MTP_ERR_STATE, "posterior: it belongs to other parameters than those of the potential");
  const size_t size = note_bytes(p->m);
  unsigned char *bytes = mtp_calloc(size, 1);
  if (bytes) pack(p, bytes);
  char *text = bytes ? encode(size, bytes) : NULL;
  const mtp_status status = text ? mtp_potential_set_text_note(ctx, pot, KEY, text) : mtp_fail_memory(ctx);
  free(bytes);
  free(text);
  return status;
}

/* What does not belong to the parameters, or is of another version, is as good as none. */
mtp_status mtp_posterior_of(mtp_context *ctx, const mtp_potential *pot, mtp_posterior **out) {
  if (out) *out = NULL;
  if (!pot || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: no potential given");
  const char *text = pot->trained ? mtp_potential_text_note(pot, KEY) : NULL;
  const size_t size = note_bytes((size_t)pot->nspecies + (size_t)pot->basis.nscalars);
  if (!text || strcspn(text, " \t\r\n") != digits_of(size)) return MTP_OK;
  mtp_posterior *p = NULL;
  mtp_status status = mtp_posterior_allocate(ctx, pot, &p);
  if (status != MTP_OK) return status;
  unsigned char *bytes = mtp_calloc(size, 1);
  if (!bytes) status = mtp_fail_memory(ctx);
  const bool good = bytes && decode(text, size, bytes) && unpack(bytes, p);
  free(bytes);
  if (status == MTP_OK && good)
    *out = p;
  else
    mtp_posterior_free(p);
  return status;
}
