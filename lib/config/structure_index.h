/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure_index.h
 * Configurations that are found by their structure: the one way to know a configuration again. A hash table that keeps
 * no copies; what is in it must outlive it, unchanged in cell, species and positions. */
#ifndef MTP_CONFIG_STRUCTURE_INDEX_H
#define MTP_CONFIG_STRUCTURE_INDEX_H

#include "config/structure.h"

/** There is none. */
#define MTP_NOT_FOUND SIZE_MAX

typedef struct mtp_structure_index mtp_structure_index;

/** An empty index; NULL when memory is exhausted. */
mtp_structure_index *mtp_structure_index_new(mtp_sameness same);
void mtp_structure_index_free(mtp_structure_index *index);

/** How many different ones are in it. */
size_t mtp_structure_index_count(const mtp_structure_index *index);
/** The number that was given with the same configuration; MTP_NOT_FOUND, also without an index. */
size_t mtp_structure_index_find(const mtp_structure_index *index, const mtp_config *cfg, const char *const *names);
/** Adds `cfg` (borrowed, as are the names) under `number`; if the same one is there already, that stays. All that is
 * added and looked for has names, or nothing has. */
mtp_status mtp_structure_index_add(mtp_context *ctx, mtp_structure_index *index, const mtp_config *cfg,
                                   const char *const *names, size_t number);

/** Both for those who have the hash (mtp_structure_hash_of). */
size_t mtp_structure_index_find_by(const mtp_structure_index *index, uint64_t hash, const mtp_config *cfg,
                                   const char *const *names);
mtp_status mtp_structure_index_add_by(mtp_context *ctx, mtp_structure_index *index, uint64_t hash,
                                      const mtp_config *cfg, const char *const *names, size_t number);

#endif
