/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/hash.h
 * FNV-1a, 64 bits: a hash that is the same on every machine of the same byte order, and may stand in files. */
#ifndef MTP_HASH_H
#define MTP_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Of nothing. */
#define MTP_HASH_START UINT64_C(0xcbf29ce484222325)

/** The hash of what `hash` is of, followed by `size` bytes. */
static inline uint64_t mtp_hash_add(uint64_t hash, const void *bytes, size_t size) {
  const unsigned char *b = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ b[i]) * UINT64_C(0x100000001b3);
  return hash;
}

#endif
