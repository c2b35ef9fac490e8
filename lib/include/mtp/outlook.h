/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/outlook.h
 * Whether a learning run has learned what it needs: what the steps of its labels so far say of the next one.
 *
 * What asks for a label is a record, something beyond all that was met before, and records of a sequence that does not
 * change come at a rate of rho/t: as many in each doubling of the steps. So rho is found from those of the last
 * doubling, the second half of the run, which also forgets a temperature or a phase that the run has left: with k of
 * them its posterior is that of a Poisson process after Jeffreys, a gamma distribution of shape k + 1/2 and rate ln 2.
 * After T steps the next label is then more than s steps away with a probability of
 * (1 + ln(1 + s/T)/ln 2)^-(k + 1/2). */
#ifndef MTP_OUTLOOK_H
#define MTP_OUTLOOK_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Steps are counted from the last one; NaN, and not converged, after a run without steps. */
typedef struct mtp_outlook {
  double steps;           /**< T, of the run so far */
  size_t labels, late;    /**< in the run, and in its second half; those of one step count once */
  double next;            /**< steps to the next label: it is as likely to come before as after them */
  double soonest, latest; /**< with a probability of 0.1 it comes before, or after */
  double quiet;           /**< steps without a label after which the run will be converged; 0: it is */
  bool converged;         /**< `next` is longer than the run so far: no label was needed in its second half */
} mtp_outlook;

/** Of a run from step `first` to step `last` that asked for labels at step[n] (in any order; others are left out).
 * Labels that the run did not ask for (of a warm-up, say) are none of these. MTP_ERR_ARGUMENT for steps that are not
 * finite or run backwards. */
MTP_API mtp_status mtp_outlook_find(mtp_context *ctx, double first, double last, size_t n, const double *step,
                                    mtp_outlook *out);

/** What that says, as a sentence or two of at most `size` - 1 characters, "3 labels in 500 steps, ...". */
MTP_API mtp_status mtp_outlook_describe(mtp_context *ctx, const mtp_outlook *outlook, size_t size, char *text);

#ifdef __cplusplus
}
#endif
#endif
