/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/rows.h
 * Gradient rows of configurations, in the form in which they are graded. */
#ifndef MTP_LEARN_ROWS_H
#define MTP_LEARN_ROWS_H

#include "learn/sample.h"
#include "mtp/active_set.h"
#include "mtp/evaluator.h"

/** Rows that a configuration has: one (configuration mode; none where forces of atoms are masked) or one an atom (zero
 * where its force is masked); none if it is squeezed. */
size_t mtp_rows_count(const mtp_sample *sample, mtp_mode mode);

/** In mode forces: the energy, six of the virial, then three an atom. Zero where there is no such equation. */
size_t mtp_force_rows_count(size_t atoms);
/** The atom that such a row is of, -1 for none. */
int mtp_force_row_atom(size_t row);
mtp_status mtp_force_rows_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg,
                                  const mtp_neighbors *nb, double *rows);

/** rows[mtp_rows_count * n] of a configuration; `ev` was made from `pot`. */
mtp_status mtp_rows_compute(mtp_context *ctx, mtp_evaluator *ev, const mtp_potential *pot, const mtp_sample *sample,
                            mtp_mode mode, double *rows);

#endif
