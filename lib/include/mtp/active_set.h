/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/active_set.h
 * The active set: n rows b (gradients of a site energy or of a configuration's energy by the n parameters) of largest
 * |det A|, found by maxvol. The grade of a row is gamma(b) = max_i |(b A^-1)_i|: how far it extrapolates; gamma <= 1 is
 * interpolation. It belongs to the parameters at which its rows were made. It owns copies of the configurations that
 * its rows come from. Sources: Podryabinkin & Shapeev, Comput. Mater. Sci. 140, 171 (2017); maxvol: Goreinov et al.
 * (2010).
 */
#ifndef MTP_ACTIVE_SET_H
#define MTP_ACTIVE_SET_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/evaluator.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_active_set mtp_active_set;

/** An empty active set (A = init * identity) for n parameters. `init` 1e-6 is usual. */
MTP_API mtp_status mtp_active_set_new(mtp_context *ctx, size_t n, mtp_mode mode, double init, mtp_active_set **out);
MTP_API mtp_status mtp_active_set_copy(mtp_context *ctx, const mtp_active_set *as, mtp_active_set **out);
MTP_API void mtp_active_set_free(mtp_active_set *as);

MTP_API mtp_mode mtp_active_set_mode(const mtp_active_set *as);
MTP_API size_t mtp_active_set_size(const mtp_active_set *as);           /**< n */
MTP_API size_t mtp_active_set_filled(const mtp_active_set *as);         /**< rows that are no longer the initial ones */
MTP_API double mtp_active_set_log_volume(const mtp_active_set *as);     /**< ln |det A| of its columns */
MTP_API const double *mtp_active_set_rows(const mtp_active_set *as);    /**< A[n*n] */
MTP_API const double *mtp_active_set_inverse(const mtp_active_set *as); /**< stored transposed: A * inverse^T = 1 */
MTP_API double mtp_active_set_drift(const mtp_active_set *as);          /**< max |A * inverse^T - 1| */

/** Grades gamma[m] of rows[m*n]. */
MTP_API mtp_status mtp_active_set_grade(mtp_context *ctx, const mtp_active_set *as, size_t m, const double *rows,
                                        double *gamma);

/** The largest grade of the rows that a configuration has in the mode of the set, and the atom whose row that is (-1:
 * that of the configuration as a whole). In mode forces there is no other way: it costs as much as the equations of a
 * fit, some tens of evaluations. */
MTP_API mtp_status mtp_active_set_grade_config(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot,
                                               const mtp_config *cfg, double *grade, int *atom);

/** Lets an evaluator grade by the set: it gets a copy of the inverse. MTP_ERR_UNSUPPORTED in mode forces. */
MTP_API mtp_status mtp_evaluator_set_active_set(mtp_context *ctx, mtp_evaluator *ev, const mtp_active_set *as);

/** One swap of maxvol: candidate row `candidate` took the place of active row `active`, and |det A| grew by the factor
 * `gain`. */
typedef struct mtp_swap {
  size_t candidate;
  size_t active;
  double gain;
} mtp_swap;

/** Offers candidate rows[m*n]; rows that raise |det A| by more than `threshold` (>= 1) per swap replace active ones,
 * the largest gain first; displaced rows are offered again. origin[2*m]: for each row the caller's number of its
 * configuration and the atom (or -1 for a row of the whole configuration), kept as the row's origin. If `swaps` is not
 * NULL it receives a malloc'ed list of `*swap_count` swaps (candidate rows keep their number when an active row is put
 * back in their place, as in MLIP). The inverse is kept by rank-1 updates; its drift is watched and repaired by a fresh
 * inversion. */
MTP_API mtp_status mtp_active_set_offer(mtp_context *ctx, mtp_active_set *as, size_t m, const double *rows,
                                        const long long *origin, double threshold, mtp_swap **swaps,
                                        size_t *swap_count);

/** origin[2*i], origin[2*i+1] of every row i as given to offer; -1 -1 for a row still initial. Owned by the set. */
MTP_API const long long *mtp_active_set_origins(const mtp_active_set *as);

/** Labelled configurations that the set owns (their species are the potential's), in the order of the numbers in
 *  `.almtp`; empty for a set made by mtp_active_set_new alone. Owned by the set. */
MTP_API const mtp_config_set *mtp_active_set_configs(const mtp_active_set *as);

/** The active set of a whole training set at the parameters of `pot`: rows of all configurations are made and offered
 * with `threshold`; the result owns copies of the configurations that have rows in it; the origins are (number in
 * `set`, atom or -1). `start` (may be NULL) is an earlier active set built the same way on the same `set` (possibly
 * shorter) whose origins are tried first. */
MTP_API mtp_status mtp_active_set_build(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                        mtp_mode mode, double threshold, const mtp_active_set *start,
                                        mtp_active_set **out);

/** By which parameters a row is the gradient. */
typedef enum mtp_rows {
  MTP_ROWS_ALL,   /**< all n, as MLIP has it */
  MTP_ROWS_LINEAR /**< the linear coefficients: the radial functions stand. Radial columns hold rows of their own that
                     no row can displace and that add nothing to a grade, so that the file stays one of MLIP-3 */
} mtp_rows;

/** mtp_active_set_build (which is of MTP_ROWS_ALL) with a choice of rows. */
MTP_API mtp_status mtp_active_set_build_of(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                           mtp_mode mode, mtp_rows rows, double threshold, const mtp_active_set *start,
                                           mtp_active_set **out);
/** What `start`, made on the first `first` configurations of `set` by these functions, becomes when the others are
 * offered to it, at a cost that does not depend on `first`. Its radial functions are those of `pot`; its linear
 * coefficients may be others. Rows of all parameters depend on them and are made anew for the members alone, so that a
 * row of an old configuration that would be chosen now is not seen: grades of the training set are a little above the
 * threshold then, until a set is built again. */
MTP_API mtp_status mtp_active_set_grow(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                       size_t first, double threshold, const mtp_active_set *start,
                                       mtp_active_set **out);
MTP_API mtp_rows mtp_active_set_kind(const mtp_active_set *as);
/** Columns that rows are the gradient by: n, or the number of linear coefficients. */
MTP_API size_t mtp_active_set_columns(const mtp_active_set *as);

/** Reads the active set that follows the potential in an `.almtp` (also the untagged older variant) or `.als` file;
 *  *out is NULL when the file has none. `pot` is the potential read from the same file. */
MTP_API mtp_status mtp_active_set_read(mtp_context *ctx, const char *path, const mtp_potential *pot,
                                       mtp_active_set **out);

/** Potential and active set from one image of the file, so that they belong together whoever replaces it meanwhile.
 * *as is NULL when the file has none; it is not read where `as` is NULL. As mtp_potential_read otherwise; "-" is
 * standard input. */
MTP_API mtp_status mtp_model_read(mtp_context *ctx, const char *path, mtp_potential **pot, mtp_active_set **as);
/** The same from text[size], what such a file holds when it is not compressed (mtp_potential_format gives one);
 * `name` stands for the file in messages. */
MTP_API mtp_status mtp_model_from_text(mtp_context *ctx, const char *name, const char *text, size_t size,
                                       mtp_potential **pot, mtp_active_set **as);

/** Writes potential and active set (`.almtp` of MLIP-3), atomically; `as` may be NULL. */
MTP_API mtp_status mtp_active_set_write(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot,
                                        const char *path);

#ifdef __cplusplus
}
#endif
#endif
