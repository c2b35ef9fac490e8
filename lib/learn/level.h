/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/level.h
 * A potential on another level, for learning that begins at a low one and climbs as its data allow. */
#ifndef MTP_LEVEL_H
#define MTP_LEVEL_H

#include "mtp/potential.h"

#define MTP_LOWEST_LEVEL  8
#define MTP_HIGHEST_LEVEL 30

/** The level above `level` on the way to `top`, or `top` where there is none. */
int mtp_level_above(int level, int top);
/** The same species, cutoff, radial basis and notes on another standard level. Radial functions that both have are
 * those of `like`, and its linear coefficients are lost: *out is untrained. MTP_ERR_UNSUPPORTED if `like` is of no
 * standard level or not of Chebyshev functions. */
mtp_status mtp_potential_at_level(mtp_context *ctx, const mtp_potential *like, int level, mtp_potential **out);

#endif
