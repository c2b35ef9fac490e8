/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/call_log.h
 * FILE.calls: extended XYZ of requests (atoms, cell, and whatever the caller stamped on them), answers (the same with
 * energy, forces, virial) and failures. The key qm_call tells them apart, qm_hash is a hash of the structure, and the
 * other keys qm_* say what a report does. The file exists only while there is something in it. */
#ifndef MTP_CALL_LOG_H
#define MTP_CALL_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/journal.h"
#include "mtp/qm.h"

typedef struct mtp_call_log {
  char *path;   /* owned */
  bool nowhere; /* labels go to a device such as /dev/null, and nothing is kept */
  int species_count;
  const char *const *names; /* [species_count] borrowed */
  mtp_journal *file;        /* NULL until something is written */
} mtp_call_log;

/** Of the labels in `path`; a file that is there is locked: MTP_ERR_IO if another process has it open. To be closed
 * whatever comes back. */
mtp_status mtp_call_log_open(mtp_context *ctx, mtp_call_log *log, const char *path, int species_count,
                             const char *const *names);
void mtp_call_log_close(mtp_call_log *log);
/** Nothing is in the file any more. */
void mtp_call_log_clear(mtp_call_log *log);

/* ---- writing ---- */

/** New records (owned by the caller), NULL when memory is exhausted. A request carries atoms and stamps, never results;
 * the driver string may be NULL. */
mtp_config *mtp_call_log_request(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const char *driver);
mtp_config *mtp_call_log_answer(mtp_context *ctx, const mtp_config *label, uint64_t hash, const mtp_qm_report *report,
                                const char *driver);
mtp_config *mtp_call_log_failure(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const mtp_qm_report *report,
                                 const char *driver);

/** Appends records, all or none of them; they are on the disk when this returns. */
mtp_status mtp_call_log_add(mtp_context *ctx, mtp_call_log *log, size_t n, mtp_config *const *records);
/** Replaces all by these, in one step: an answer that waits must not be gone for an instant. */
mtp_status mtp_call_log_replace(mtp_context *ctx, mtp_call_log *log, size_t n, mtp_config *const *records);

/* ---- reading ---- */

typedef enum mtp_call_kind { MTP_CALL_REQUEST, MTP_CALL_ANSWER, MTP_CALL_FAILURE } mtp_call_kind;

/** A record while it is shown. */
typedef struct mtp_call_record {
  mtp_call_kind kind;
  uint64_t hash;           /* of what it holds, whatever it says */
  const mtp_config *atoms; /* the record itself */
  const char *driver;      /* the driver string that was asked; NULL: it is not told */
  mtp_qm_report report;    /* of answers and failures; tries is 0 */
} mtp_call_record;

/** The same of a file that another process has open, as it is now. */
mtp_status mtp_call_log_peek(mtp_context *ctx, const mtp_call_log *log,
                             mtp_status (*show)(void *user, const mtp_call_record *record), void *user);
/** Shows the records in the order of the file; one that a kill cut short is dropped. */
mtp_status mtp_call_log_read(mtp_context *ctx, mtp_call_log *log,
                             mtp_status (*show)(void *user, const mtp_call_record *record), void *user);

/** What a record is of, owned by the caller: as it was asked for, and with its results. NULL when memory is
 * exhausted. */
mtp_config *mtp_call_record_request(const mtp_call_record *record);
mtp_config *mtp_call_record_label(const mtp_call_record *record);

#endif
