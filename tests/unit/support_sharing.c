/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_sharing.c
 * See support_sharing.h. */
#include "support_sharing.h"

#include <stdlib.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"
#include "support_data.h"

sharing_surroundings sharing_around;

static mtp_qm_status look_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)ctx, (void)setup, (void)count, (void)arguments;
  *state = user;
  return MTP_QM_OK;
}

static mtp_qm_status look_label(void *state, mtp_qm_call *call) {
  sharing_surroundings *s = &sharing_around;
  bool helped = false;
  (void)state;
  s->calls++;
  if (s->pause > 0.0) mtp_sleep(s->pause);
  if (s->idle && !s->idle_runs) {
    s->idle_runs = true;
    data_must(NULL, mtp_loop_help(NULL, s->idle, &helped));
    s->idle_runs = false;
  }
  if (s->rival && mtp_share_try(s->rival, MTP_SHARE_REFIT)) {
    s->turns++;
    mtp_share_give(s->rival, MTP_SHARE_REFIT);
  }
  learning_morse(call->label);
  return MTP_QM_OK;
}

static void look_close(void *state) {
  (void)state;
}

mtp_learner *sharing_learner(learning_world *world, const char *log) {
  const mtp_qm_driver driver = {.name = "morse", .open = look_open, .label = look_label, .close = look_close};
  char *path = data_path(world->folder, log);
  mtp_qm *qm = NULL;
  mtp_learner *learner = NULL;
  world->options.share = true;
  world->options.log_path = path;
  data_must(world->ctx, mtp_qm_open(world->ctx, "morse retries=0", &driver, 1, &qm));
  data_must(world->ctx, mtp_learner_new(world->ctx, &world->options, world->pot, qm, &learner));
  world->options.log_path = world->log;
  free(path);
  return learner;
}
