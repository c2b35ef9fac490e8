/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/none.c
 * The driver `none`, which labels nothing: a run may grade and collect candidates without an engine. */
#include "qm/drivers/drivers.h"

static mtp_qm_status none_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)user;
  (void)setup;
  *state = NULL;
  if (count == 0) return MTP_QM_OK;
  return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "none: takes no arguments, found '%s'", arguments[0]);
}

static mtp_qm_status none_label(void *state, mtp_qm_call *call) {
  (void)state;
  return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "the driver none labels nothing");
}

static void none_close(void *state) {
  (void)state;
}

const mtp_qm_driver mtp_qm_none = {.name = "none", .open = none_open, .label = none_label, .close = none_close};
