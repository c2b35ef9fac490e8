/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/seen.c
 * Hashes of configurations. A list that is searched from end to end is enough: it grows by one a QM call. */
#include "loop/seen.h"

#include <math.h>
#include <stdlib.h>

#include "support/support.h"

typedef struct entry {
  uint64_t hash;
  char *reason;
} entry;

struct mtp_seen {
  entry *entries;
  size_t n, capacity;
};

mtp_seen *mtp_seen_new(void) {
  return mtp_calloc(1, sizeof(mtp_seen));
}

void mtp_seen_free(mtp_seen *seen) {
  if (!seen) return;
  for (size_t i = 0; i < seen->n; i++) free(seen->entries[i].reason);
  free(seen->entries);
  free(seen);
}

/* The finaliser of splitmix64 over a running sum: every bit of the word reaches every bit of the hash. */
static uint64_t mix(uint64_t hash, uint64_t word) {
  uint64_t z = (hash ^ word) + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

static uint64_t mix_length(uint64_t hash, double x) {
  return mix(hash, (uint64_t)llround(x * 1e6));
}

uint64_t mtp_seen_hash(const mtp_config *cfg) {
  uint64_t hash = mix(0, cfg->n);
  for (int i = 0; i < 3; i++) hash = mix(hash, cfg->periodic[i]);
  for (int i = 0; i < 9; i++) hash = mix_length(hash, cfg->cell[i]);
  for (size_t i = 0; i < cfg->n; i++) hash = mix(hash, (uint64_t)cfg->species[i]);
  for (size_t i = 0; i < 3 * cfg->n; i++) hash = mix_length(hash, cfg->x[i]);
  return hash;
}

mtp_status mtp_seen_add(mtp_context *ctx, mtp_seen *seen, uint64_t hash, const char *reason) {
  if (seen->n == seen->capacity) {
    size_t capacity = seen->capacity ? 2 * seen->capacity : 64;
    entry *entries = mtp_realloc(seen->entries, capacity, sizeof *entries);
    if (!entries) return mtp_fail_memory(ctx);
    seen->entries = entries;
    seen->capacity = capacity;
  }
  char *copy = reason ? mtp_strdup(reason) : NULL;
  if (reason && !copy) return mtp_fail_memory(ctx);
  seen->entries[seen->n++] = (entry){hash, copy};
  return MTP_OK;
}

bool mtp_seen_find(const mtp_seen *seen, uint64_t hash, const char **reason) {
  for (size_t i = seen->n; i-- > 0;) {
    if (seen->entries[i].hash != hash) continue;
    if (reason) *reason = seen->entries[i].reason;
    return true;
  }
  return false;
}
