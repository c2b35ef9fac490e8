/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/check.c
 * Whether a label may be believed. */
#include "qm/check.h"

#include <math.h>

#include "config/compare.h"
#include "support/support.h"

/* Text formats of engines carry fewer digits than ours; anything above this is another structure. */
#define POSITION_TOLERANCE 1e-4

static bool all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return false;
  return true;
}

static bool all_zero(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (values[i] != 0) return false;
  return true;
}

/* Where pairs were pushed together on purpose, forces may be so many times maxforce. */
#define SQUEEZED_FORCES 10.0

static mtp_status check_forces(mtp_context *ctx, const mtp_config *label, double max_force, bool *lasting) {
  double largest = 0, sum[3] = {0, 0, 0};
  size_t where = 0;
  for (size_t i = 0; i < label->n; i++) {
    const double *f = label->force + 3 * i;
    double length = sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
    if (length > largest) {
      largest = length;
      where = i;
    }
    for (int c = 0; c < 3; c++) sum[c] += f[c];
  }
  if (largest > max_force) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the force on atom %zu is %.4g eV/A, more than maxforce=%g", where + 1,
                    largest, max_force);
  }
  /* engines leave a small net force (grids, printed digits); a large one means wrong units or a cut-off file */
  double net = label->n ? sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]) / (double)label->n : 0;
  if (net > 0.05 * largest + 0.05)
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    "the forces do not sum to zero: %.4g eV/A per atom remain (largest force %.4g)", net, largest);
  return MTP_OK;
}

static mtp_status check_virial(mtp_context *ctx, mtp_config *label, const mtp_qm_limits *limits, bool periodic,
                               bool *lasting) {
  if (label->has_virial && !all_finite(label->virial, 6))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the virial is not finite");
  bool zero = label->has_virial && all_zero(label->virial, 6);
  if (zero && !periodic) label->has_virial = false;
  if (zero && periodic && label->force && !all_zero(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the virial is zero though the forces are not");
  if (limits->require_stress && periodic && !label->has_virial) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "there is no stress in the result (require=)");
  }
  return MTP_OK;
}

static mtp_status check_all(mtp_context *ctx, const mtp_config *sent, mtp_config *label, const mtp_qm_limits *limits,
                            bool *lasting) {
  mtp_status status = mtp_config_compare(ctx, sent, label, POSITION_TOLERANCE);
  if (status != MTP_OK) return status;
  if (!label->has_energy || !isfinite(label->energy))
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    label->has_energy ? "the energy is not finite" : "there is no energy in the result");
  if (!label->force && limits->require_forces) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "there are no forces in the result (require=)");
  }
  if (label->force && !all_finite(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "a force is not finite");
  if (label->n > 1 && mtp_config_is_periodic(sent) && label->energy == 0 && label->force &&
      all_zero(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the energy and all forces are exactly zero: nothing was computed");
  const double most = limits->max_force * (mtp_config_is_squeezed(sent) ? SQUEEZED_FORCES : 1.0);
  if (label->force) status = check_forces(ctx, label, most, lasting);
  return status == MTP_OK ? check_virial(ctx, label, limits, mtp_config_is_periodic(sent), lasting) : status;
}

mtp_qm_status mtp_qm_check_label(mtp_context *ctx, const mtp_config *sent, mtp_config *label,
                                 const mtp_qm_limits *limits, bool *lasting) {
  *lasting = false;
  return check_all(ctx, sent, label, limits, lasting) == MTP_OK ? MTP_QM_OK : MTP_QM_BAD_DATA;
}
