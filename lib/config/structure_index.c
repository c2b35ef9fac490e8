/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure_index.c
 * Open addressing with linear probing. Hashes are kept, so that configurations are compared only when they are most
 * likely the same, and the table grows without reading any of them. */
#include "config/structure_index.h"

#include <stdlib.h>

#include "support/support.h"

typedef struct slot {
  uint64_t hash;
  const mtp_config *cfg; /* NULL: free */
  const char *const *names;
  size_t number;
} slot;

struct mtp_structure_index {
  mtp_sameness same;
  size_t count, capacity; /* a power of two, at most half full */
  slot *slots;
};

mtp_structure_index *mtp_structure_index_new(mtp_sameness same) {
  mtp_structure_index *index = mtp_calloc(1, sizeof *index);
  if (index) index->same = same;
  return index;
}

void mtp_structure_index_free(mtp_structure_index *index) {
  if (!index) return;
  free(index->slots);
  free(index);
}

size_t mtp_structure_index_count(const mtp_structure_index *index) {
  return index ? index->count : 0;
}

/* Where to begin: the last bytes that FNV has seen reach the upper bits better than the lower ones. */
static size_t first_slot(uint64_t hash, size_t capacity) {
  return (size_t)(hash ^ hash >> 32) & (capacity - 1);
}

/* The slot of the same configuration, or the free one where it would go. */
static slot *find(const mtp_structure_index *index, uint64_t hash, const mtp_config *cfg, const char *const *names) {
  const size_t mask = index->capacity - 1;
  for (size_t i = first_slot(hash, index->capacity);; i = (i + 1) & mask) {
    slot *s = &index->slots[i];
    if (!s->cfg || (s->hash == hash && mtp_structure_is_same(index->same, s->cfg, s->names, cfg, names))) return s;
  }
}

/* What is in the table is different, so no slot needs to be compared. */
static bool grow(mtp_structure_index *index) {
  const size_t capacity = index->capacity ? 2 * index->capacity : 16;
  slot *slots = mtp_calloc(capacity, sizeof *slots);
  if (!slots) return false;
  for (size_t k = 0; k < index->capacity; k++) {
    const slot *s = &index->slots[k];
    size_t i = first_slot(s->hash, capacity);
    if (!s->cfg) continue;
    while (slots[i].cfg) i = (i + 1) & (capacity - 1);
    slots[i] = *s;
  }
  free(index->slots);
  index->slots = slots;
  index->capacity = capacity;
  return true;
}

size_t mtp_structure_index_find_by(const mtp_structure_index *index, uint64_t hash, const mtp_config *cfg,
                                   const char *const *names) {
  if (!index || index->count == 0) return MTP_NOT_FOUND;
  const slot *s = find(index, hash, cfg, names);
  return s->cfg ? s->number : MTP_NOT_FOUND;
}

mtp_status mtp_structure_index_add_by(mtp_context *ctx, mtp_structure_index *index, uint64_t hash,
                                      const mtp_config *cfg, const char *const *names, size_t number) {
  if (2 * (index->count + 1) > index->capacity && !grow(index)) return mtp_fail_memory(ctx);
  slot *s = find(index, hash, cfg, names);
  if (s->cfg) return MTP_OK;
  *s = (slot){hash, cfg, names, number};
  index->count++;
  return MTP_OK;
}

size_t mtp_structure_index_find(const mtp_structure_index *index, const mtp_config *cfg, const char *const *names) {
  if (!index || index->count == 0) return MTP_NOT_FOUND;
  return mtp_structure_index_find_by(index, mtp_structure_hash_of(index->same, cfg, names), cfg, names);
}

mtp_status mtp_structure_index_add(mtp_context *ctx, mtp_structure_index *index, const mtp_config *cfg,
                                   const char *const *names, size_t number) {
  return mtp_structure_index_add_by(ctx, index, mtp_structure_hash_of(index->same, cfg, names), cfg, names, number);
}
