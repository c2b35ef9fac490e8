/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/bench.h
 * What training costs, for who wants to know before.
 */
#ifndef MTP_BENCH_H
#define MTP_BENCH_H

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Processor time in microseconds an atom, medians of repeated calls. */
typedef struct mtp_train_cost {
  double evaluation; /**< energies, forces and virials by an evaluator, neighbour lists given */
  double forces;     /**< the first pass of training: energies, forces, virials, from kept neighbourhoods */
  double gradient;   /**< loss and gradient by all parameters */
  double sketch;     /**< one random combination of the residuals of a configuration, for the Gauss-Newton matrix */
  double solve;      /**< exact linear coefficients */
} mtp_train_cost;

/** What the parts of training cost with a trained potential and labelled configurations, `seconds` each. */
MTP_API mtp_status mtp_train_measure(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                     double seconds, mtp_train_cost *out);

#ifdef __cplusplus
}
#endif
#endif
