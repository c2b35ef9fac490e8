/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file driver/qm_lammps.c
 * A private instance as a QM driver. */
#include "qm_lammps.h"

#include "private_lammps.h"

static mtp_qm_status open_session(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                                  const char *const *arguments, void **state) {
  (void)setup;
  mtp_private_lammps *s = NULL;
  if (count == 0) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "expected a file of LAMMPS commands after \"lammps\"");
  if (count != 1)
    return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "unexpected \"%s\" after the file of LAMMPS commands", arguments[1]);
  if (mtp_private_lammps_open(ctx, arguments[0], NULL, false, user, &s) != MTP_OK) return MTP_QM_CANNOT_START;
  *state = s;
  return MTP_QM_OK;
}

static mtp_qm_status label(void *state, mtp_qm_call *call) {
  return mtp_private_lammps_evaluate(state, call);
}

static void close_session(void *state) {
  mtp_private_lammps_close(state);
}

const mtp_qm_driver *mtp_qm_lammps_driver(void) {
  static const mtp_qm_driver driver = {.name = "lammps",
                                       .in_process = true,
                                       .deterministic = true,
                                       .open = open_session,
                                       .label = label,
                                       .close = close_session,
                                       .user = NULL};
  return &driver;
}
