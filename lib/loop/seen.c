/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/seen.c
 * A table of structures with what became of each. */
#include "loop/seen.h"

#include <stdlib.h>

#include "config/structure_index.h"
#include "support/support.h"

typedef struct seen_config {
  mtp_config *copy; /* that the table refers to; NULL: a label of somebody else */
  char *reason;
} seen_config;

struct mtp_seen {
  mtp_structure_index *index; /* numbers of entries */
  seen_config *entries;
  size_t n, capacity;
};

mtp_seen *mtp_seen_new(void) {
  mtp_seen *seen = mtp_calloc(1, sizeof *seen);
  if (seen) seen->index = mtp_structure_index_new(MTP_SAME_ROUNDED);
  if (seen && seen->index) return seen;
  free(seen);
  return NULL;
}

void mtp_seen_free(mtp_seen *seen) {
  if (!seen) return;
  mtp_structure_index_free(seen->index);
  for (size_t i = 0; i < seen->n; i++) {
    mtp_config_free(seen->entries[i].copy);
    free(seen->entries[i].reason);
  }
  free(seen->entries);
  free(seen);
}

static bool reserve(mtp_seen *seen) {
  if (seen->n < seen->capacity) return true;
  const size_t capacity = seen->capacity ? 2 * seen->capacity : 64;
  seen_config *entries = mtp_realloc(seen->entries, capacity, sizeof *entries);
  if (!entries) return false;
  seen->entries = entries;
  seen->capacity = capacity;
  return true;
}

/* Cell, species and positions alone. */
static mtp_config *copy_atoms(const mtp_config *cfg) {
  mtp_config bare = {.n = cfg->n, .species = cfg->species, .x = cfg->x};
  for (int i = 0; i < 9; i++) bare.cell[i] = cfg->cell[i];
  for (int d = 0; d < 3; d++) bare.periodic[d] = cfg->periodic[d];
  return mtp_config_copy(&bare);
}

/* Of the same configuration what was said last counts. Takes over `reason`, also when it fails. */
static mtp_status note(mtp_context *ctx, mtp_seen *seen, const mtp_config *cfg, bool borrowed, char *reason) {
  const size_t number = mtp_structure_index_find(seen->index, cfg, NULL);
  if (number != MTP_NOT_FOUND) {
    free(seen->entries[number].reason);
    seen->entries[number].reason = reason;
    return MTP_OK;
  }
  mtp_config *copy = borrowed ? NULL : copy_atoms(cfg);
  mtp_status status = (borrowed || copy) && reserve(seen) ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_structure_index_add(ctx, seen->index, borrowed ? cfg : copy, NULL, seen->n);
  if (status == MTP_OK) {
    seen->entries[seen->n++] = (seen_config){copy, reason};
  } else {
    mtp_config_free(copy);
    free(reason);
  }
  return status;
}

mtp_status mtp_seen_add_label(mtp_context *ctx, mtp_seen *seen, const mtp_config *label) {
  return note(ctx, seen, label, true, NULL);
}

mtp_status mtp_seen_add(mtp_context *ctx, mtp_seen *seen, const mtp_config *cfg, const char *reason) {
  char *copy = reason ? mtp_strdup(reason) : NULL;
  if (reason && !copy) return mtp_fail_memory(ctx);
  return note(ctx, seen, cfg, false, copy);
}

bool mtp_seen_find(const mtp_seen *seen, const mtp_config *cfg, const char **reason) {
  const size_t number = mtp_structure_index_find(seen->index, cfg, NULL);
  if (number == MTP_NOT_FOUND) return false;
  if (reason) *reason = seen->entries[number].reason;
  return true;
}
