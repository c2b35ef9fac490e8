/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/orphans.h
 * Orphaned jobs: a job of a queue goes on when the process that submitted it is killed, and its result lies finished in
 * the folder of that call. The next process that is to make the call takes it from there. */
#ifndef MTP_QM_ORPHANS_H
#define MTP_QM_ORPHANS_H

#include "qm/internal.h"

/** Looks for a folder of an earlier process with the very input of this call (with that of any entry of ladder=) and a
 * result that passes all checks. If there is one, the label, the folder in the report and its lock are those of the
 * request. Folders with that input and no good result are noted in r->leftovers. */
bool mtp_orphan_find(mtp_qm *qm, mtp_qm_call call, mtp_qm_request *r);
/** Removes the leftovers of a call that has its answer now, unless keep= says otherwise. */
void mtp_orphan_remove_leftovers(const mtp_qm *qm, const mtp_qm_request *r);

#endif
