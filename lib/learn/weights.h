/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/weights.h
 * The objective's weights of one configuration. */
#ifndef MTP_LEARN_WEIGHTS_H
#define MTP_LEARN_WEIGHTS_H

#include "mtp/config.h"
#include "mtp/weights.h"

/** Of (E-E0)^2, of a squared force deviation, and of a squared component of the virial; `own` are those that the
 * configuration asks for (mtp_config_weights). */
mtp_weights mtp_weights_of(const mtp_weights *w, const mtp_config *cfg, const double own[3]);

/** Fails with one line unless the weights are finite, not negative and not all zero. */
mtp_status mtp_weights_check(mtp_context *ctx, const mtp_weights *w);

#endif
