/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/compare.h
 * Whether atoms that came back from a program are those that it was sent: engines fold them into the cell, and print
 * fewer digits than they read. */
#ifndef MTP_CONFIG_COMPARE_H
#define MTP_CONFIG_COMPARE_H

#include <stdbool.h>

#include "mtp/config.h"

/** Same number of atoms, species, periodicity, cell and positions (up to lattice vectors) within `tolerance` A:
 * MTP_OK, else MTP_ERR_FORMAT with a line that speaks of a result. */
mtp_status mtp_config_compare(mtp_context *ctx, const mtp_config *sent, const mtp_config *got, double tolerance);

/** Periodic along all three lattice vectors. */
bool mtp_config_is_periodic(const mtp_config *cfg);

#endif
