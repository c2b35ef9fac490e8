/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/wanted.c
 * Labels that runs divide among themselves. Who wants several puts them into a file, FILE.NUMBER.wanted.calls, and asks
 * for one after the other; who has nothing to ask for, because it waits for a label or a potential of another run, or
 * has made its steps, asks for the next one that nobody has asked for. A request is a run's
 * own from the moment on when it is in the file of its calls, which is seen under the lock of the training file, so
 * that nothing is asked for twice; what becomes of it after a kill is what becomes of all requests. */
#include <stdlib.h>
#include <unistd.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* ---- the file ---- */

static mtp_status wanted_path(mtp_context *ctx, const mtp_learner *l, mtp_text *path) {
  char *name = mtp_share_wanted_name(l->sharing.locks, mtp_share_number(l->sharing.locks));
  if (name) mtp_text_add(path, "%s.calls", name);
  const mtp_status status = name && !path->failed ? MTP_OK : mtp_fail_memory(ctx);
  free(name);
  return status;
}

static mtp_status add_wanted(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, mtp_config_set *set) {
  mtp_config *request = NULL;
  mtp_status status = mtp_loop_make_request(ctx, l, c, &request);
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, request, "qm_call", "request");
  if (status == MTP_OK) return mtp_config_set_append(ctx, set, request);
  mtp_config_free(request);
  return status;
}

static mtp_status post(mtp_context *ctx, const mtp_learner *l, size_t n, const mtp_candidate *const *candidates) {
  mtp_text path = {0};
  mtp_config_set *set = mtp_config_set_new();
  mtp_status status = set ? wanted_path(ctx, l, &path) : mtp_fail_memory(ctx);
  for (int s = 0; s < l->species_count && status == MTP_OK; s++)
    if (mtp_config_set_species(set, l->names[s]) < 0) status = mtp_fail_memory(ctx);
  for (size_t i = 0; i < n && status == MTP_OK; i++) status = add_wanted(ctx, l, candidates[i], set);
  if (status == MTP_OK) status = mtp_config_set_write(ctx, set, path.data, MTP_FORMAT_EXTXYZ);
  mtp_config_set_free(set);
  mtp_text_free(&path);
  return status;
}

static void take_down(const mtp_learner *l) {
  mtp_text path = {0};
  if (wanted_path(NULL, l, &path) == MTP_OK) unlink(path.data);
  mtp_text_free(&path);
}

mtp_status mtp_loop_wish(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates) {
  l->sharing.wishes = true;
  return post(ctx, l, n, candidates);
}

void mtp_loop_wish_no_more(mtp_learner *l) {
  if (l->sharing.wishes) take_down(l);
  l->sharing.wishes = false;
}

/* ---- one's own ---- */

typedef struct division {
  size_t n;
  const mtp_candidate *const *candidates;
  bool *done;                 /* [n] */
  const mtp_candidate **mine; /* [n] to be asked for here, `count` of them */
  size_t *number;             /* [n] of these */
  size_t count, elsewhere;
} division;

static void division_clear(division *d) {
  free(d->done);
  free(d->mine);
  free(d->number);
}

/* What others labelled counts as if it had been labelled here. */
static mtp_status count_theirs(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, int *labels) {
  ++*labels;
  return mtp_loop_is_of_the_run(l, c) ? mtp_loop_note_asked(ctx, l, c->step) : MTP_OK;
}

/* Sorts out what is still to be asked for, at most `most` of it here. The training file is locked. */
static mtp_status divide(mtp_context *ctx, mtp_learner *l, division *d, size_t most, int *labels) {
  mtp_asked_elsewhere asked = {0};
  d->count = d->elsewhere = 0;
  mtp_status status = mtp_loop_take_news(ctx, l);
  if (status == MTP_OK) status = mtp_loop_find_asked(ctx, l, &asked);
  for (size_t i = 0; i < d->n && status == MTP_OK; i++) {
    const char *refusal = NULL;
    const mtp_config *cfg = d->candidates[i]->cfg;
    if (d->done[i]) continue;
    if (mtp_seen_find(l->seen, cfg, &refusal)) {
      d->done[i] = true;
      if (!refusal) status = count_theirs(ctx, l, d->candidates[i], labels);
    } else if (mtp_structure_index_find(asked.index, cfg, NULL) != MTP_NOT_FOUND) {
      d->elsewhere++;
    } else if (d->count < most) {
      d->number[d->count] = i;
      d->mine[d->count++] = d->candidates[i];
    }
  }
  mtp_asked_clear(&asked);
  return status;
}

/* Has a run that is gone left calls, which are taken over before anything is asked for? */
static bool left_calls(mtp_learner *l) {
  const int number = mtp_loop_can_label(l) ? mtp_share_claim(l->sharing.locks) : 0;
  if (number > 0) mtp_share_drop(l->sharing.locks, number);
  return number > 0;
}

/* The next one that nobody has asked for, or a look at what became of the others. */
static mtp_status ask_for_next(mtp_context *ctx, mtp_learner *l, division *d, int *labels) {
  const int workers = mtp_qm_workers(l->qm);
  const size_t most = mtp_loop_allowance(l, workers > 1 ? (size_t)workers : 1);
  mtp_status status = mtp_loop_take_over_calls(ctx, l, labels);
  if (status == MTP_OK) status = mtp_loop_lock_train(ctx, l);
  if (status == MTP_OK) status = divide(ctx, l, d, most, labels);
  if (status == MTP_OK && d->count > 0 && left_calls(l)) {
    d->elsewhere += d->count;
    d->count = 0;
  }
  if (status == MTP_OK && d->count > 0) status = mtp_loop_label_announced(ctx, l, d->count, d->mine, labels);
  mtp_loop_unlock_train(l);
  for (size_t k = 0; status == MTP_OK && k < d->count; k++) d->done[d->number[k]] = true;
  return status;
}

/* What others are about to label counts as asked for here. */
static mtp_status leave_to_others(mtp_context *ctx, mtp_learner *l, const division *d) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < d->n && status == MTP_OK; i++)
    if (!d->done[i] && mtp_loop_is_of_the_run(l, d->candidates[i]))
      status = mtp_loop_note_asked(ctx, l, d->candidates[i]->step);
  return status;
}

mtp_status mtp_loop_label_divided(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                                  bool all, int *labels) {
  division d = {.n = n, .candidates = candidates, .done = mtp_calloc(n, sizeof *d.done)};
  d.mine = mtp_calloc(n, sizeof *d.mine);
  d.number = mtp_calloc(n, sizeof *d.number);
  mtp_status status = d.done && d.mine && d.number ? post(ctx, l, n, candidates) : mtp_fail_memory(ctx);
  l->sharing.dividing = true;
  l->sharing.wishes = false; /* its file has another content now */
  mtp_wait wait = {.begin = mtp_now()};
  for (bool more = true; more && status == MTP_OK;) {
    status = ask_for_next(ctx, l, &d, labels);
    more = d.count > 0 || (d.elsewhere > 0 && (all || *labels == 0));
    if (d.count > 0)
      wait = (mtp_wait){.begin = mtp_now()};
    else if (status == MTP_OK && more)
      status = mtp_loop_wait(ctx, l, &wait);
  }
  l->sharing.dividing = false;
  take_down(l);
  if (status == MTP_OK) status = leave_to_others(ctx, l, &d);
  division_clear(&d);
  return status;
}

/* ---- those of others ---- */

typedef struct search {
  mtp_context *ctx;
  const mtp_learner *learner;
  const mtp_structure_index *asked;
  mtp_config *found;
} search;

/* A hole is one of a potential that another has replaced by the time it is filled; a run whose steps are made need not
 * stay for that. */
static mtp_status take_first(void *user, const mtp_config *request) {
  search *s = user;
  if (s->learner->finished && mtp_config_get_feature(request, "hole")) return MTP_OK;
  if (s->found || mtp_seen_find(s->learner->seen, request, NULL) ||
      mtp_structure_index_find(s->asked, request, NULL) != MTP_NOT_FOUND)
    return MTP_OK;
  s->found = mtp_config_copy(request);
  return s->found ? MTP_OK : mtp_fail_memory(s->ctx);
}

static mtp_status peek_at_wanted(mtp_context *ctx, const mtp_learner *l, int number,
                                 mtp_status (*show)(void *user, const mtp_config *request), void *user) {
  char *name = mtp_share_wanted_name(l->sharing.locks, number);
  const mtp_status status = name ? mtp_calls_peek(ctx, l->calls, name, show, user) : mtp_fail_memory(ctx);
  free(name);
  return status;
}

mtp_status mtp_loop_peek_wanted(mtp_context *ctx, const mtp_learner *l,
                                mtp_status (*show)(void *user, const mtp_config *request), void *user) {
  mtp_status status = MTP_OK;
  for (int k = 0; status == MTP_OK && (k = mtp_share_next(l->sharing.locks, k)) > 0;)
    status = peek_at_wanted(ctx, l, k, show, user);
  return status;
}

static mtp_status note_any(void *user, const mtp_config *request) {
  (void)request;
  *(bool *)user = true;
  return MTP_OK;
}

/* The training file is locked. */
static mtp_status find_wanted(mtp_context *ctx, mtp_learner *l, mtp_config **found) {
  mtp_asked_elsewhere asked = {0};
  search s = {.ctx = ctx, .learner = l};
  mtp_status status = mtp_loop_take_news(ctx, l);
  if (status == MTP_OK) status = mtp_loop_find_asked(ctx, l, &asked);
  s.asked = asked.index;
  if (status == MTP_OK && !left_calls(l)) status = mtp_loop_peek_wanted(ctx, l, take_first, &s);
  mtp_asked_clear(&asked);
  *found = s.found;
  return status;
}

static mtp_status label_theirs(mtp_context *ctx, mtp_learner *l, const mtp_config *request) {
  const mtp_candidate c = mtp_loop_candidate_of(request), *list = &c;
  int labels = 0;
  if (c.squeezed > 0.0) mtp_loop_note_squeezed(l, c.hole);
  return mtp_loop_label_announced(ctx, l, 1, &list, &labels);
}

mtp_status mtp_loop_help(mtp_context *ctx, mtp_learner *l, bool *helped) {
  bool any = false;
  *helped = false;
  if (!l->sharing.locks || l->sharing.dividing || l->sharing.helping || l->late || l->starting || l->explored > 0.0 ||
      !mtp_loop_can_label(l))
    return MTP_OK;
  mtp_status status = mtp_loop_peek_wanted(ctx, l, note_any, &any);
  if (status != MTP_OK || !any) return status;
  mtp_config *request = NULL;
  const mtp_moment moment = l->moment; /* is of another configuration */
  l->moment = (mtp_moment){0};
  l->sharing.helping = true;
  status = mtp_loop_lock_train(ctx, l);
  if (status == MTP_OK) status = find_wanted(ctx, l, &request);
  if (status == MTP_OK && request) {
    status = label_theirs(ctx, l, request);
    *helped = true;
  }
  mtp_loop_unlock_train(l);
  l->sharing.helping = false;
  l->moment = moment;
  mtp_config_free(request);
  return status;
}
