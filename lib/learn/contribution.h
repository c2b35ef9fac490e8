/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/contribution.h
 * What one labelled configuration brings to normal equations: nearly all of the work that they are, and none of what
 * was summed before. One thread after the other can make them. */
#ifndef MTP_LEARN_CONTRIBUTION_H
#define MTP_LEARN_CONTRIBUTION_H

#include <stdbool.h>

#include "kernel/jacobian.h"
#include "learn/equations.h"
#include "learn/sample.h"
#include "mtp/weights.h"

/** {0} at first. The next configuration takes the memory of the one before: what is given back and asked for again
 * with each costs as much as a quarter of the work. */
typedef struct mtp_contribution {
  mtp_config *target;          /**< labels less what does not depend on coefficients; NULL: the labels as they are */
  mtp_linear_rows rows;        /**< without those of forces, which are summed */
  mtp_equations force, virial; /**< lower triangles, neither of them weighted */
  size_t atoms;                /**< whose forces count */
  bool has_virial;
  mtp_weights weights;
} mtp_contribution;

void mtp_contribution_clear(mtp_contribution *c);

/** What one thread makes contributions with; {0} at first. */
typedef struct mtp_contribution_desk {
  mtp_linear_rows rows;
  mtp_jacobian_scratch scratch;
} mtp_contribution_desk;

void mtp_contribution_desk_clear(mtp_contribution_desk *desk);

/** Rows of `sample` on the desk. */
mtp_status mtp_contribution_rows(mtp_context *ctx, const mtp_plan *plan, const mtp_sample *sample,
                                 mtp_contribution_desk *desk);
/** Rows and sums of `sample`, whose labels are those of `c->target` where there is one. */
mtp_status mtp_contribution_sum(mtp_context *ctx, const mtp_plan *plan, const mtp_sample *sample,
                                mtp_contribution_desk *desk, mtp_contribution *c);

#endif
