/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/symmetry.h
 * Groups of symmetry operations of crystals, in fractional coordinates, and cells that they allow. */
#ifndef MTP_CONFIG_SYMMETRY_H
#define MTP_CONFIG_SYMMETRY_H

#include "support/support.h"

/** Translations are in units of a twelfth of a lattice vector, so that halves, thirds, quarters and sixths are exact.
 */
#define MTP_TWELVE          12
#define MTP_MOST_OPERATIONS 48

/** x' = w x + t/12, fractional. */
typedef struct mtp_operation {
  signed char w[3][3], t[3];
} mtp_operation;

typedef struct mtp_symmetry {
  int system; /* of the lattice, from 0; what a cell must be like */
  int count;
  mtp_operation op[MTP_MOST_OPERATIONS]; /* the first one is the identity */
} mtp_symmetry;

/** A group of at most `most` operations (1 to MTP_MOST_OPERATIONS), by chance. */
void mtp_symmetry_draw(mtp_random *random, int most, mtp_symmetry *s);
/** A cell of volume 1 that the group leaves as it is, rows are its vectors; by chance, but not flat. */
void mtp_symmetry_draw_cell(mtp_random *random, const mtp_symmetry *s, double cell[9]);
/** Where an operation takes a position, fractional and not wrapped. */
void mtp_operation_apply(const mtp_operation *op, const double x[3], double out[3]);

#endif
