/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/reach.h
 * Is it the cutoff that limits a potential? What it leaves of the forces of its training set is fitted by pairs that
 * reach beyond it: if that takes much away from configurations that were not fitted, a longer cutoff would. */
#ifndef MTP_REACH_H
#define MTP_REACH_H

#include "mtp/config.h"
#include "mtp/potential.h"

/** Errors below this part of the RMS force need no such advice. */
#define MTP_REACH_FROM 0.02

typedef struct mtp_reach {
  double cutoff;    /**< A, that would pay; 0: none of those that are tried, or there are too few forces to tell */
  double now, then; /**< RMSE of force components as they are, and with pairs that reach so far, eV/A */
} mtp_reach;

/** Of the labelled configurations of `set` (species as in the potential) some are looked at. */
mtp_status mtp_reach_compare(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_reach *out);
/** What a cutoff above 0 means, in one line. */
void mtp_reach_describe(const mtp_potential *pot, const mtp_reach *r, char *text, size_t size);

#endif
