/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/pairs.h
 * The closest atoms of a configuration, for each kind of pair. */
#ifndef MTP_CONFIG_PAIRS_H
#define MTP_CONFIG_PAIRS_H

#include "mtp/config.h"

typedef struct mtp_close_pair {
  size_t i, j; /**< real atoms; equal for an atom and its own image */
  double d[3]; /**< from i to (the image of) j, A */
  double r;    /**< |d|; infinite if there is no pair of this kind within the cutoff */
} mtp_close_pair;

/** pair[a*species_count + b], a <= b: the closest pair of species a and b within the cutoff. Pairs of an atom and its
 * own image count only where `own_images`: they cannot be moved towards each other. Others of the array are unset. */
mtp_status mtp_config_closest_pairs(mtp_context *ctx, const mtp_config *cfg, double cutoff, int species_count,
                                    bool own_images, mtp_close_pair *pair);

#endif
