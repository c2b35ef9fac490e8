/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/trainer.h
 * mtp_train for those who have samples. */
#ifndef MTP_LEARN_TRAINER_H
#define MTP_LEARN_TRAINER_H

#include "learn/sample.h"
#include "mtp/trainer.h"

/** mtp_train on samples, which keep the neighbours that are found for it. Nobody else uses them meanwhile. */
mtp_status mtp_train_samples(mtp_context *ctx, const mtp_train_options *options, mtp_potential *pot,
                             const mtp_sample_set *set, const mtp_sample_set *valid, mtp_train_result *result);

#endif
