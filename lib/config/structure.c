/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure.c
 * Hashing and comparing configurations. */
#include "config/structure.h"

#include <string.h>

static uint64_t mix(uint64_t hash, const void *bytes, size_t size) {
  const unsigned char *b = bytes;
  for (size_t i = 0; i < size; i++) hash = (hash ^ b[i]) * 0x100000001b3ULL; /* FNV-1a */
  return hash;
}

static uint64_t mix_number(uint64_t hash, double value) {
  double number = value == 0 ? 0 : value; /* -0 equals 0 */
  return mix(hash, &number, sizeof number);
}

uint64_t mtp_structure_hash(const mtp_config *cfg, const char *const *names) {
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (int i = 0; i < 9; i++) hash = mix_number(hash, cfg->cell[i]);
  for (int i = 0; i < 3; i++) hash = mix(hash, cfg->periodic[i] ? "p" : "f", 1);
  for (size_t i = 0; i < cfg->n; i++) {
    const char *name = names[cfg->species[i]];
    hash = mix(hash, name, strlen(name) + 1);
  }
  for (size_t i = 0; i < 3 * cfg->n; i++) hash = mix_number(hash, cfg->x[i]);
  return hash;
}

bool mtp_structure_equal(const mtp_config *a, const char *const *a_names, const mtp_config *b,
                         const char *const *b_names) {
  if (a->n != b->n) return false;
  for (int i = 0; i < 3; i++)
    if (a->periodic[i] != b->periodic[i]) return false;
  for (int i = 0; i < 9; i++)
    if (a->cell[i] != b->cell[i]) return false;
  for (size_t i = 0; i < 3 * a->n; i++)
    if (a->x[i] != b->x[i]) return false;
  for (size_t i = 0; i < a->n; i++)
    if (strcmp(a_names[a->species[i]], b_names[b->species[i]]) != 0) return false;
  return true;
}
