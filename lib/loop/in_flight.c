/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/in_flight.c
 * What other runs of the training set have asked for and not got yet: it is in the files of their calls before it is
 * submitted. As long as a run lives its requests are on their way; those of one that is gone are taken over. */
#include <stdlib.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

typedef struct showing {
  mtp_context *ctx;
  const mtp_learner *learner;
  mtp_config_set *set;
} showing;

/* What is in the training file is known, and what is to be compared alone teaches nothing. */
static mtp_status add_request(void *user, const mtp_config *request) {
  const showing *s = user;
  if (mtp_config_get_feature(request, MTP_CHECK_KEY) || mtp_seen_find(s->learner->seen, request, NULL)) return MTP_OK;
  mtp_config *copy = mtp_config_copy(request);
  return copy ? mtp_config_set_append(s->ctx, s->set, copy) : mtp_fail_memory(s->ctx);
}

static mtp_status peek(mtp_context *ctx, const mtp_learner *l, int number, showing *s) {
  char *name = mtp_share_name(l->sharing.locks, number);
  const mtp_status status = name ? mtp_calls_peek(ctx, l->calls, name, add_request, s) : mtp_fail_memory(ctx);
  free(name);
  return status;
}

bool mtp_loop_has_others(const mtp_learner *l) {
  return l->sharing.locks && mtp_share_next(l->sharing.locks, 0) > 0;
}

void mtp_asked_clear(mtp_asked_elsewhere *asked) {
  mtp_structure_index_free(asked->index);
  mtp_config_set_free(asked->set);
}

mtp_status mtp_loop_find_asked(mtp_context *ctx, const mtp_learner *l, mtp_asked_elsewhere *asked) {
  showing s = {ctx, l, asked->set = mtp_config_set_new()};
  asked->index = mtp_structure_index_new(MTP_SAME_ROUNDED);
  mtp_status status = s.set && asked->index ? MTP_OK : mtp_fail_memory(ctx);
  for (int k = 0; status == MTP_OK && (k = mtp_share_next(l->sharing.locks, k)) > 0;)
    if (mtp_share_is_busy(l->sharing.locks, k)) status = peek(ctx, l, k, &s);
  for (size_t i = 0; status == MTP_OK && i < s.set->n; i++)
    status = mtp_structure_index_add(ctx, asked->index, s.set->configs[i], NULL, i);
  return status;
}

mtp_status mtp_loop_in_flight(mtp_context *ctx, const mtp_learner *l, bool wanted, mtp_config_set **out) {
  *out = NULL;
  if (!l->sharing.locks) return MTP_OK;
  showing s = {ctx, l, mtp_config_set_new()};
  mtp_status status = s.set ? MTP_OK : mtp_fail_memory(ctx);
  for (int k = 0; status == MTP_OK && (k = mtp_share_next(l->sharing.locks, k)) > 0;) status = peek(ctx, l, k, &s);
  if (status == MTP_OK && wanted) status = mtp_loop_peek_wanted(ctx, l, add_request, &s);
  if (status != MTP_OK || s.set->n == 0)
    mtp_config_set_free(s.set);
  else
    *out = s.set;
  return status;
}

bool mtp_loop_has_squeezed(const mtp_config_set *coming) {
  for (size_t i = 0; coming && i < coming->n; i++)
    if (mtp_config_get_feature(coming->configs[i], "squeezed") && !mtp_config_get_feature(coming->configs[i], "hole"))
      return true;
  return false;
}

mtp_status mtp_loop_is_squeezed_elsewhere(mtp_context *ctx, mtp_learner *l, bool *is) {
  mtp_config_set *coming = NULL;
  const mtp_status status = mtp_loop_coming(ctx, l, &coming);
  *is = status == MTP_OK && mtp_loop_has_squeezed(coming);
  mtp_config_set_free(coming);
  return status;
}

mtp_status mtp_loop_take_over_calls(mtp_context *ctx, mtp_learner *l, int *labels) {
  mtp_status status = MTP_OK;
  bool any = false;
  if (!l->sharing.locks || !mtp_loop_can_label(l) || l->late) return MTP_OK;
  for (int number; status == MTP_OK && (number = mtp_share_claim(l->sharing.locks)) > 0; any = true) {
    char *name = mtp_share_name(l->sharing.locks, number);
    status = name ? mtp_loop_lock_train(ctx, l) : mtp_fail_memory(ctx);
    /* nobody looks between the one file and the other */
    if (status == MTP_OK) status = mtp_calls_take_over(ctx, l->calls, name);
    mtp_loop_unlock_train(l);
    mtp_share_drop(l->sharing.locks, number);
    free(name);
  }
  return any && status == MTP_OK ? mtp_loop_resume_calls(ctx, l, labels) : status;
}
