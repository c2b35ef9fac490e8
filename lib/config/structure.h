/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure.h
 * Whether two configurations are the same atoms in the same cell. Files keep all digits, so equal means equal. */
#ifndef MTP_CONFIG_STRUCTURE_H
#define MTP_CONFIG_STRUCTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "mtp/config.h"

/** A hash of cell, periodicity, species (by `names`, since numbers depend on the file) and positions. */
uint64_t mtp_structure_hash(const mtp_config *cfg, const char *const *names);
/** Equal in all that the hash is made of. */
bool mtp_structure_equal(const mtp_config *a, const char *const *a_names, const mtp_config *b,
                         const char *const *b_names);

#endif
