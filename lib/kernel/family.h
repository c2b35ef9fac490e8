/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/family.h
 * Targets that share their list of first factors: between finding them (group.c) and writing them down as groups
 * (family.c). */
#ifndef MTP_FAMILY_H
#define MTP_FAMILY_H

#include "kernel/plan.h"

/** One row of partners, and the targets that it makes, one for each parallel target. */
typedef struct mtp_row {
  const int *partner; /**< [n] */
  int target[MTP_MAX_HEIGHT];
} mtp_row;

/** row[r].target[h] = sum_e p[h*n + e] factor[h*n + e] row[r].partner[e], moments by their old numbers. */
typedef struct mtp_family {
  bool live; /**< energies need the targets */
  int depth; /**< a family needs only families of lower depth */
  int n, height, nrows;
  int *factor; /**< [height*n], parts of larger arrays as all that follows */
  double *p;   /**< [height*n] */
  mtp_row *row;
} mtp_family;

/** Joins parallel targets, orders families and rows, writes the groups of the plan and numbers the targets: number[old]
 * = new, from `derived` on. The arrays of the plan must be large enough for one entry a product. */
mtp_status mtp_plan_write_groups(mtp_context *ctx, mtp_plan *plan, int derived, size_t nfamilies,
                                 const mtp_family *families, int *number);

#endif
