/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/pairs.h
 * The closest atoms of a configuration, for each kind of pair. */
#ifndef MTP_CONFIG_PAIRS_H
#define MTP_CONFIG_PAIRS_H

#include <stdbool.h>

#include "mtp/neighbors.h"

typedef struct mtp_close_pair {
  size_t i, j; /**< real atoms, i of species a and j of b */
  double d[3]; /**< from i to (the image of) j, A */
  double r;    /**< |d|; infinite if there is no pair of this kind within the cutoff */
} mtp_close_pair;

/** pair[a*species_count + b], a <= b: the closest pair of species a and b within the cutoff (not beyond that of `nb`),
 * of atoms that `busy` [n] (NULL: none) does not mark. An atom and its own image are no pair. All others of the array
 * are infinite. */
void mtp_neighbors_closest_pairs(const mtp_neighbors *nb, double cutoff, int species_count, const bool *busy,
                                 mtp_close_pair *pair);
/** The same for atoms of different and of one molecule apart: pair[2*species_count*species_count], those between
 * molecules first. unit[n] says which molecule an atom is in; NULL: each atom is one. */
void mtp_neighbors_closest_contacts(const mtp_neighbors *nb, double cutoff, int species_count, const bool *busy,
                                    const size_t *unit, mtp_close_pair *pair);
/** The distance of the closest atoms, an atom and its own image included; infinite if there are none. */
double mtp_neighbors_smallest_distance(const mtp_neighbors *nb);
/** The closest pairs of a configuration, whose neighbours are searched for. */
mtp_status mtp_config_closest_pairs(mtp_context *ctx, const mtp_config *cfg, double cutoff, int species_count,
                                    const bool *busy, mtp_close_pair *pair);

#endif
