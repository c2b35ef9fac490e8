/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure.h
 * Whether two configurations are the same atoms in the same cell. Files keep all digits, so equal means equal where
 * files meet; what an engine gives back, or a run meets again, may differ in the last digits. structure_index.h finds
 * one among many. */
#ifndef MTP_CONFIG_STRUCTURE_H
#define MTP_CONFIG_STRUCTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "mtp/config.h"

/** Of lengths, i.e. positions and components of lattice vectors; the rest is equal or not. */
typedef enum mtp_sameness {
  MTP_SAME_EXACTLY,
  MTP_SAME_ROUNDED /**< when rounded to 1e-6 A */
} mtp_sameness;

/** A hash of cell, periodicity, species and positions, of which those that are the same have the same. Species count by
 * `names`, since numbers depend on the file, or with NULL by their numbers. */
uint64_t mtp_structure_hash_of(mtp_sameness same, const mtp_config *cfg, const char *const *names);
/** The same in all that the hash is made of. Both have names, or neither has. */
bool mtp_structure_is_same(mtp_sameness same, const mtp_config *a, const char *const *a_names, const mtp_config *b,
                           const char *const *b_names);

/** Both for MTP_SAME_EXACTLY. */
uint64_t mtp_structure_hash(const mtp_config *cfg, const char *const *names);
bool mtp_structure_equal(const mtp_config *a, const char *const *a_names, const mtp_config *b,
                         const char *const *b_names);

#endif
