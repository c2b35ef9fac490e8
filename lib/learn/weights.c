/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/weights.c
 * Weights of the objective. */
#include "learn/weights.h"

#include <math.h>

#include "support/support.h"

mtp_weights mtp_weights_default(void) {
  return (mtp_weights){3.0, 0.01, 2e-4, MTP_WEIGHT_VIBRATIONS};
}

mtp_weights mtp_weights_mlip(void) {
  return (mtp_weights){1.0, 0.01, 0.001, MTP_WEIGHT_VIBRATIONS};
}

mtp_weights mtp_weights_of(const mtp_weights *w, const mtp_config *cfg, const double own[3]) {
  const double n = cfg->n ? (double)cfg->n : 1.0;
  mtp_weights of = {own[0] * w->energy, own[1] * w->force, own[2] * w->stress, w->weighting};
  if (w->weighting == MTP_WEIGHT_MOLECULES) return of;
  of.energy /= n;
  of.stress /= n;
  if (w->weighting == MTP_WEIGHT_STRUCTURES) {
    of.energy /= n;
    of.force /= n;
    of.stress /= n;
  }
  return of;
}

mtp_status mtp_weights_check(mtp_context *ctx, const mtp_weights *w) {
  const double sum = w->energy + w->force + w->stress;
  if (w->energy >= 0 && w->force >= 0 && w->stress >= 0 && isfinite(sum) && sum > 0) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_ARGUMENT, "weights %g %g %g: expected numbers that are not negative and not all zero",
                  w->energy, w->force, w->stress);
}
