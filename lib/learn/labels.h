/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/labels.h
 * A configuration of a batch next to its labels: sums for the loss and the errors, and the request of a gradient. */
#ifndef MTP_LABELS_H
#define MTP_LABELS_H

#include "learn/objective.h"

typedef struct mtp_labels {
  const mtp_objective_options *options;
  const mtp_config *cfg;
  mtp_weights w; /**< of this configuration */
  size_t first;  /**< number of its first atom in the batch */
  double energy; /**< model less label, as far as there is a label */
  double virial[6];
} mtp_labels;

/** Configuration c of a batch after the first pass; `own` are the weights that it asks for. */
mtp_labels mtp_labels_compare(const mtp_objective_options *options, const mtp_config *cfg, const double own[3],
                              const mtp_batch *batch, const mtp_batch_work *work, size_t c);

void mtp_labels_add_stats(const mtp_labels *l, const mtp_batch_work *work, mtp_fit_stats *s);

/** Asks the second pass for the gradient of the objective. */
void mtp_labels_ask_gradient(const mtp_labels *l, size_t c, mtp_batch_work *work);

/** Asks for the gradient of a combination of all weighted residuals with random signs. */
void mtp_labels_ask_combination(const mtp_labels *l, size_t c, mtp_random *random, mtp_batch_work *work);

#endif
