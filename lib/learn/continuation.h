/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/continuation.h
 * Training by continuation: potentials of lower levels and with fewer radial basis functions on the way to one. What is
 * found for them quickly is the best start for the next; a large radial basis that is trained at once ends in much
 * poorer minima than one that is climbed to. */
#ifndef MTP_CONTINUATION_H
#define MTP_CONTINUATION_H

#include "model/model.h"

#define MTP_MAX_STAGES 16

typedef struct mtp_stage {
  int level, size; /**< of the basis, of the radial basis */
} mtp_stage;

/** From the lowest level to that of `pot` at a small radial size, then by radial size to the largest that it may have:
 * its own, or if it is free one beyond which nothing was gained. One stage alone if `pot` is of no standard level or
 * not of Chebyshev functions. Returns their number. */
int mtp_continuation_stages(const mtp_potential *pot, mtp_stage stages[MTP_MAX_STAGES]);

/** The level of the continuation that follows `level`, or `level` where there is none. */
int mtp_continuation_next_level(int level);

/** The radial size that follows `size` on the way to the largest one of `pot`, or `size` at the end. */
int mtp_continuation_next_size(const mtp_potential *pot, int size);

/** Up to this radial size an evaluation costs little more than with the smallest one, at the level of `pot`. */
int mtp_continuation_cheap_size(const mtp_potential *pot);

/** A potential like `top` on another stage, with the radial functions of mtp_potential_new. */
mtp_status mtp_continuation_potential(mtp_context *ctx, const mtp_potential *top, mtp_stage stage, mtp_potential **out);

/** Takes over the radial functions that both have, and if the levels are the same all linear coefficients. */
void mtp_continuation_carry(const mtp_potential *from, mtp_potential *to);

/** Mixes into each radial function random parts of the radial basis of about the size `mix` of it. */
void mtp_continuation_perturb(mtp_potential *pot, double mix, unsigned long long seed);

#endif
