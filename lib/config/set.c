/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/set.c
 * Sets of configurations and their species table. */
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "mtp/config.h"
#include "support/support.h"

mtp_config_set *mtp_config_set_new(void) {
  mtp_config_set *set = mtp_calloc(1, sizeof *set);
  if (set) set->good_size = -1;
  return set;
}

void mtp_config_set_free(mtp_config_set *set) {
  if (!set) return;
  for (size_t i = 0; i < set->n; i++) mtp_config_free(set->configs[i]);
  free(set->configs);
  for (int i = 0; i < set->species_count; i++) free(set->names[i]);
  free(set->names);
  free(set->path);
  free(set);
}

mtp_status mtp_config_set_append(mtp_context *ctx, mtp_config_set *set, mtp_config *cfg) {
  if (!set || !cfg) {
    mtp_config_free(cfg);
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no set or no configuration given");
  }
  /* the array always has room for the next power of two, so its capacity need not be stored */
  if ((set->n & (set->n - 1)) == 0) {
    mtp_config **larger = mtp_realloc(set->configs, set->n ? 2 * set->n : 1, sizeof *larger);
    if (!larger) {
      mtp_config_free(cfg);
      return mtp_fail_memory(ctx);
    }
    set->configs = larger;
  }
  set->configs[set->n++] = cfg;
  return MTP_OK;
}

int mtp_set_species_of(mtp_config_set *set, mtp_span name) {
  for (int i = 0; i < set->species_count; i++)
    if (mtp_span_is(name, set->names[i])) return i;
  char **larger = mtp_realloc(set->names, (size_t)set->species_count + 1, sizeof *larger);
  if (!larger) return -1;
  set->names = larger;
  char *copy = mtp_span_copy(name);
  if (!copy) return -1;
  set->names[set->species_count] = copy;
  return set->species_count++;
}

int mtp_config_set_species(mtp_config_set *set, const char *name) {
  return set && name ? mtp_set_species_of(set, (mtp_span){name, strlen(name)}) : -1;
}

static int compare_ints(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

/* The distinct types of configurations first.., in increasing order; NULL when memory is exhausted. */
static int *distinct_types(const mtp_config_set *set, size_t first, size_t *count) {
  int *types = NULL;
  size_t n = 0;
  for (size_t c = first; c < set->n; c++)
    for (size_t i = 0; i < set->configs[c]->n; i++) {
      int type = set->configs[c]->species[i];
      if (n && bsearch(&type, types, n, sizeof *types, compare_ints)) continue;
      int *larger = mtp_realloc(types, n + 1, sizeof *larger);
      if (!larger) {
        free(types);
        return NULL;
      }
      types = larger;
      size_t at = n++;
      for (; at && types[at - 1] > type; at--) types[at] = types[at - 1];
      types[at] = type;
    }
  *count = n;
  return types ? types : mtp_calloc(1, sizeof *types);
}

mtp_status mtp_set_name_types(mtp_context *ctx, mtp_config_set *set, size_t first) {
  size_t count = 0;
  int *types = distinct_types(set, first, &count);
  int *species = mtp_calloc(count, sizeof *species);
  mtp_status status = types && species ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; i < count && status == MTP_OK; i++) {
    char name[16];
    snprintf(name, sizeof name, "%d", types[i]);
    species[i] = mtp_config_set_species(set, name);
    if (species[i] < 0) status = mtp_fail_memory(ctx);
  }
  for (size_t c = first; c < set->n && status == MTP_OK; c++)
    for (size_t i = 0; i < set->configs[c]->n; i++) {
      int *entry = &set->configs[c]->species[i];
      const int *at = bsearch(entry, types, count, sizeof *types, compare_ints);
      *entry = species[at - types];
    }
  free(types);
  free(species);
  return status;
}
