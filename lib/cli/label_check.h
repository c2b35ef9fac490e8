/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/label_check.h
 * `mtp label --check`: is what a QM driver returns the energy of the atoms that were sent, with its own derivatives? */
#ifndef MTP_CLI_LABEL_CHECK_H
#define MTP_CLI_LABEL_CHECK_H

#include "cli/cli.h"
#include "mtp/qm.h"

/** Labels a displaced and sheared copy of the first configuration and small steps away from it, compares forces and
 * virial with differences of the energy, and prints what is wrong. CLI_FAILED if something is. */
int cli_label_check(cli *c, mtp_qm *qm, const mtp_config_set *set, bool json);

#endif
