/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/request.h
 * The configuration of a call as a file for a command to read. */
#ifndef MTP_QM_REQUEST_H
#define MTP_QM_REQUEST_H

#include "mtp/qm.h"

#define MTP_QM_REQUEST_FILE "in.extxyz"

/** Writes atoms and cell of a call, and nothing else, as extended XYZ into `dir`. */
mtp_status mtp_qm_write_request(const mtp_qm_call *call, const char *dir);

#endif
