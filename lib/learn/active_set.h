/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/active_set.h
 * What is inside an active set, for the files that build, read and write it. */
#ifndef MTP_LEARN_ACTIVE_SET_H
#define MTP_LEARN_ACTIVE_SET_H

#include "learn/sample.h"
#include "mtp/active_set.h"
#include "support/support.h"

/** So large that a gradient by a radial coefficient adds nothing to a grade, in a reader that knows nothing of it. */
#define MTP_PIN 1e14

struct mtp_active_set {
  size_t n;
  mtp_mode mode;
  size_t pinned; /**< leading columns that are no part of it: row i < pinned is MTP_PIN in column i and stays */
  double init;
  double *rows;            /**< A[n*n] */
  double *inverse;         /**< (A^-1)^T [n*n] */
  long long *origin;       /**< [2*n] configuration and atom; -1 -1 while initial */
  long long *config;       /**< [n] index into configs of the owner of a row, -1 if there is none */
  mtp_sample_set *samples; /**< which these are, held together with whoever else learns from them */
  int threads;             /**< that grade what is offered; the same grades whatever their number */
};

/** Pins the first `count` columns of an initial set. */
void mtp_active_set_pin(mtp_active_set *as, size_t count);
/** Sees from the rows of a file which columns are pinned. */
void mtp_active_set_find_pins(mtp_active_set *as);
/** columns[m*n] = rows[m][stride] from column `first` on. */
void mtp_active_set_copy_columns(size_t stride, size_t first, size_t n, const double *rows, size_t m, double *columns);

/** The active set that follows the potential in data[size], which end in a zero byte; *out is NULL without one. */
mtp_status mtp_active_set_parse(mtp_context *ctx, const char *path, const char *data, size_t size,
                                const mtp_potential *pot, mtp_active_set **out);

/** Adds what mtp_active_set_write writes. */
mtp_status mtp_active_set_text(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot, mtp_text *text);
/** mtp_active_set_build_of and mtp_active_set_grow of samples, which the result holds instead of copying configurations
 * (but for borrowed ones), in `threads` threads: the same in every bit, whatever their number. */
mtp_status mtp_active_set_build_samples(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                                        mtp_mode mode, mtp_rows rows, double threshold, const mtp_active_set *start,
                                        int threads, mtp_active_set **out);
mtp_status mtp_active_set_grow_samples(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                                       size_t first, double threshold, const mtp_active_set *start, int threads,
                                       mtp_active_set **out);

/** Fresh inversion of A, kept if it is better than what rank-1 updates left. */
mtp_status mtp_active_set_invert(mtp_context *ctx, mtp_active_set *as);

#endif
