/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/active_set.h
 * What is inside an active set, for the files that build, read and write it. */
#ifndef MTP_LEARN_ACTIVE_SET_H
#define MTP_LEARN_ACTIVE_SET_H

#include "mtp/active_set.h"
#include "support/support.h"

struct mtp_active_set {
  size_t n;
  mtp_mode mode;
  double init;
  double *rows;      /**< A[n*n] */
  double *inverse;   /**< (A^-1)^T [n*n] */
  long long *origin; /**< [2*n] configuration and atom; -1 -1 while initial */
  long long *config; /**< [n] index into configs of the owner of a row, -1 if there is none */
  mtp_config_set *configs;
};

/** Fresh inversion of A, kept if it is better than what rank-1 updates left. */
mtp_status mtp_active_set_invert(mtp_context *ctx, mtp_active_set *as);

#endif
