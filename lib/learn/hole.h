/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/hole.h
 * Below the shortest distance that was learned nothing holds a fit: its energy may fall off a cliff there, and a run
 * that comes near is lost within steps. Pairs of the training set are pushed together to see. */
#ifndef MTP_HOLE_H
#define MTP_HOLE_H

#include "mtp/config.h"
#include "mtp/potential.h"

typedef struct mtp_hole {
  int a, b;        /**< species of the pair, a <= b; -1: no hole was found */
  double known;    /**< shortest distance of such a pair in the set, A */
  double r, depth; /**< where the energy is lower than at a larger distance, A, and by how much, eV */
  mtp_config *cfg; /**< the configuration there without labels, owned; NULL without a hole */
} mtp_hole;

/** Pushes the closest pairs of each kind in the configurations of `set` (not the squeezed ones) together, down to half
 * their distance or until the energy is 10 eV above, and tells the deepest place where it fell instead of rising.
 * Species of the set are the potential's. mtp_hole_clear frees what the hole owns. */
mtp_status mtp_find_hole(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_hole *hole);
void mtp_hole_clear(mtp_hole *hole);

#endif
