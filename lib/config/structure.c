/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure.c
 * Hashing and comparing configurations. */
#include "config/structure.h"

#include <math.h>
#include <string.h>

#include "support/hash.h"

/* In units of the sixth decimal, as an integer: two lengths are the same if they round to the same one. */
static long long rounded(double length) {
  return llround(length * 1e6);
}

static bool same_lengths(mtp_sameness same, size_t n, const double *a, const double *b) {
  for (size_t i = 0; i < n; i++)
    if (same == MTP_SAME_ROUNDED ? rounded(a[i]) != rounded(b[i]) : a[i] != b[i]) return false;
  return true;
}

static uint64_t add_lengths(mtp_sameness same, uint64_t hash, size_t n, const double *lengths) {
  for (size_t i = 0; i < n; i++) {
    const double number = lengths[i] == 0 ? 0 : lengths[i]; /* -0 equals 0 */
    const long long steps = same == MTP_SAME_ROUNDED ? rounded(number) : 0;
    hash = same == MTP_SAME_ROUNDED ? mtp_hash_add(hash, &steps, sizeof steps)
                                    : mtp_hash_add(hash, &number, sizeof number);
  }
  return hash;
}

uint64_t mtp_structure_hash_of(mtp_sameness same, const mtp_config *cfg, const char *const *names) {
  uint64_t hash = add_lengths(same, MTP_HASH_START, 9, cfg->cell);
  for (int i = 0; i < 3; i++) hash = mtp_hash_add(hash, cfg->periodic[i] ? "p" : "f", 1);
  for (size_t i = 0; i < cfg->n; i++) {
    const char *name = names ? names[cfg->species[i]] : NULL;
    hash = name ? mtp_hash_add(hash, name, strlen(name) + 1) : mtp_hash_add(hash, &cfg->species[i], sizeof(int));
  }
  return add_lengths(same, hash, 3 * cfg->n, cfg->x);
}

static bool same_species(const mtp_config *a, const char *const *a_names, const mtp_config *b,
                         const char *const *b_names) {
  for (size_t i = 0; i < a->n; i++) {
    const int s = a->species[i], t = b->species[i];
    if (a_names && b_names ? strcmp(a_names[s], b_names[t]) != 0 : s != t) return false;
  }
  return true;
}

bool mtp_structure_is_same(mtp_sameness same, const mtp_config *a, const char *const *a_names, const mtp_config *b,
                           const char *const *b_names) {
  if (a->n != b->n) return false;
  for (int i = 0; i < 3; i++)
    if (a->periodic[i] != b->periodic[i]) return false;
  return same_lengths(same, 9, a->cell, b->cell) && same_lengths(same, 3 * a->n, a->x, b->x) &&
         same_species(a, a_names, b, b_names);
}

uint64_t mtp_structure_hash(const mtp_config *cfg, const char *const *names) {
  return mtp_structure_hash_of(MTP_SAME_EXACTLY, cfg, names);
}

bool mtp_structure_equal(const mtp_config *a, const char *const *a_names, const mtp_config *b,
                         const char *const *b_names) {
  return mtp_structure_is_same(MTP_SAME_EXACTLY, a, a_names, b, b_names);
}
