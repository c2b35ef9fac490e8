/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/internal.h
 * What an opened driver is, for the files that share it:
 *   qm.c       opening and closing
 *   call.c     one request: its tries, each built, submitted, waited for and checked
 *   orphans.c  results of jobs whose submitter was killed
 *   batch.c    many requests, several at a time */
#ifndef MTP_QM_INTERNAL_H
#define MTP_QM_INTERNAL_H

#include "mtp/qm.h"
#include "qm/driver_string.h"
#include "qm/process/folder.h"
#include "qm/process/folder_lock.h"
#include "support/support.h"

struct mtp_qm {
  char *text;
  mtp_qm_string string;
  mtp_qm_driver driver;
  mtp_folders folders;
  void **states; /* [state_count] of the driver: as given, then of the entries of ladder= */
  int state_count;
  int context_count;
  mtp_context **contexts; /* [context_count], one a worker; the first is that of opening, too */
  bool is_none;
  double opened;  /* mtp_now() then, from which budget= counts */
  double longest; /* seconds of the longest try that was not cut off */
  int failed;     /* calls in a row */
  const volatile sig_atomic_t *stop;
};

/** One request and where its course is told. All but the last four fields are set before the call. */
typedef struct mtp_qm_request {
  const mtp_config *config;
  int species_count;
  const char *const *names;
  int worker;
  bool begun;     /* by an earlier process, whose end may have been before the engine's */
  double longest; /* what is known of qm->longest at the beginning */
  /** Receives lines for the user, such as of failed tries, in the thread of the call. */
  void (*log)(void *log_user, const char *line);
  void *log_user;
  mtp_config *label;    /* out: owned by the caller; NULL without one */
  mtp_qm_report report; /* out */
  mtp_folder_lock lock; /* out: of the folder in the report */
  mtp_text leftovers;   /* out: folders of this call that earlier processes left, each with a 0 at its end */
} mtp_qm_request;

/** Makes tries until one is good or there is no more to try. Other threads may do the same with other requests. */
void mtp_qm_make_call(mtp_qm *qm, mtp_qm_request *request);
/** Removes the folder of a call that has ended as keep= says; not before its answer is safe. False if it cannot be
 * removed. The folder of a call that was stopped stays for the next process. */
bool mtp_qm_dispose_folder(const mtp_qm *qm, mtp_qm_request *request);
/** Lets go of a call; if its answer is safe, what earlier processes left of it is removed. */
void mtp_qm_end_request(const mtp_qm *qm, mtp_qm_request *request, bool safe);

/** A copy of a configuration for a driver to fill, NULL when memory is exhausted. */
mtp_config *mtp_qm_new_label(const mtp_config *cfg);
/** mtp_qm_check_label of a call's label with the limits of the driver string. */
mtp_qm_status mtp_qm_check_answer(const mtp_qm *qm, const mtp_qm_call *call, bool *lasting);

#endif
