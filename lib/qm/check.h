/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/check.h
 * Whether a label may be believed. */
#ifndef MTP_QM_CHECK_H
#define MTP_QM_CHECK_H

#include <stdbool.h>

#include "mtp/config.h"
#include "mtp/qm.h"

/** What mtp_qm_check_label asks for. */
typedef struct mtp_qm_limits {
  double max_force; /**< eV/A */
  bool require_forces, require_stress;
} mtp_qm_limits;

/** All the checks of mtp/qm.h on a label for `sent`: MTP_QM_OK or MTP_QM_BAD_DATA with a line in `ctx`. *lasting:
 * the reason is a property of the configuration or of what the engine was asked, so that another try would end the
 * same. A virial of a cell that is not periodic in all directions is dropped if it is zero: engines print that for lack
 * of anything else. */
mtp_qm_status mtp_qm_check_label(mtp_context *ctx, const mtp_config *sent, mtp_config *label,
                                 const mtp_qm_limits *limits, bool *lasting);

#endif
