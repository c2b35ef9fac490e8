/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/ladder.h
 * Potentials of lower levels on the way to one: their radial functions are found quickly and are the best start for the
 * next level. */
#ifndef MTP_LADDER_H
#define MTP_LADDER_H

#include "model/model.h"

#define MTP_MAX_RUNGS 8

/** Levels from low to that of `pot`; only the last one if it is of no standard level or not of Chebyshev functions.
 * Returns their number. */
int mtp_ladder_levels(const mtp_potential *pot, int levels[MTP_MAX_RUNGS]);

/** A potential like `top` of another level, with the radial functions of mtp_potential_new. */
mtp_status mtp_ladder_rung(mtp_context *ctx, const mtp_potential *top, int level, mtp_potential **out);

/** Takes over the radial functions that both have. */
void mtp_ladder_carry(const mtp_potential *from, mtp_potential *to);

/** Mixes into each radial function random parts of the radial basis of about the size `mix` of it. */
void mtp_ladder_perturb(mtp_potential *pot, double mix, unsigned long long seed);

#endif
