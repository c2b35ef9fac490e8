/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/orphans.c
 * Results of jobs whose submitter was killed. */
#include "qm/orphans.h"

#include <stdio.h>
#include <string.h>

typedef struct search {
  mtp_qm *qm;
  mtp_qm_call *call; /* its folder has the input to look for */
  void *state;       /* of the driver */
  mtp_qm_request *request;
} search;

/* What the engine left in `dir`, as the label of the call if it is good. */
static bool collect(const search *s, const char *dir) {
  mtp_qm_call *call = s->call;
  const char *sample = call->dir;
  bool lasting; /* of no interest: a bad result is asked for again in any case */
  call->label = mtp_qm_new_label(call->config);
  call->dir = dir;
  bool good = call->label && s->qm->driver.collect(s->state, call) == MTP_QM_OK &&
              mtp_qm_check_answer(s->qm, call, &lasting) == MTP_QM_OK;
  call->dir = sample;
  if (good) return true;
  mtp_config_free(call->label);
  call->label = NULL;
  return false;
}

static bool adopt_result(void *user, const char *dir) {
  const search *s = user;
  mtp_qm_request *r = s->request;
  mtp_folder_lock lock;
  /* most folders are of calls that have ended, and need no comparison; one is claimed only for its own call, lest
   * another worker that looks for it finds it held */
  if (!mtp_folder_lock_exists(dir) || !mtp_folder_has_files_of(dir, s->call->dir) || !mtp_folder_lock_claim(&lock, dir))
    return false;
  if (collect(s, dir)) {
    snprintf(r->report.dir, sizeof r->report.dir, "%s", dir);
    r->lock = lock;
    return true;
  }
  mtp_folder_lock_release(&lock);
  mtp_text_add_bytes(&r->leftovers, dir, strlen(dir) + 1);
  return false;
}

/* Writes the input anew, and looks for a folder that has the same one and a finished result. */
bool mtp_orphan_find(mtp_qm *qm, mtp_qm_call call, mtp_qm_request *r) {
  char sample[sizeof r->report.dir];
  bool found = false;
  if (!qm->driver.collect) return false;
  for (call.attempt = 0; !found && call.attempt < qm->state_count; call.attempt++) {
    search s = {qm, &call, qm->states[call.attempt], r};
    if (mtp_folders_make(call.ctx, &qm->folders, sample, sizeof sample) != MTP_OK) return false;
    call.dir = sample;
    found = qm->driver.prepare(s.state, &call) == MTP_QM_OK && mtp_folders_search(&qm->folders, adopt_result, &s);
    mtp_folder_remove(sample);
  }
  r->label = found ? call.label : NULL;
  return found;
}

void mtp_orphan_remove_leftovers(const mtp_qm *qm, const mtp_qm_request *r) {
  if (qm->string.policy.keep == MTP_QM_KEEP_ALL) return;
  const mtp_text *list = &r->leftovers;
  for (size_t at = 0; at < list->size; at += strlen(list->data + at) + 1) {
    mtp_folder_lock lock;
    if (!mtp_folder_lock_claim(&lock, list->data + at)) continue;
    mtp_folder_lock_remove(&lock, list->data + at); /* NFS keeps a folder with an open file */
    mtp_folder_remove(list->data + at);
  }
}
