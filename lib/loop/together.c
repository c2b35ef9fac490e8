/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/together.c
 * Runs that learn into the same files, without a server. The training file has one order for all: who appends has read
 * what others appended before. A potential is made by one run at a time, of all labels that there are, and the others
 * take it over; so a refit begins with a look whether another one was faster. */
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* Seconds between looks at the files while a run has nothing to ask, and at what another run asks while it waits: at
 * first, and in the end. */
#define LOOK         1.0
#define WAIT         0.02
#define LONGEST_WAIT 0.5
/* And such a part of the time that it has waited. */
#define WAIT_PART 0.03
/* Seconds that a run whose steps are made stays for labels of others, at most. */
#define LONGEST_STAY 300.0
/* After so many the user is told what a run waits for, and a potential that another one must have saved is missed: a
 * network file system shows it within some seconds. */
#define PATIENCE 60.0

/* ---- locks ---- */

mtp_status mtp_loop_join(mtp_context *ctx, mtp_learner *l) {
  struct stat st;
  if (stat(l->train_path, &st) == 0 && !S_ISREG(st.st_mode))
    return mtp_fail(ctx, MTP_ERR_IO, "share: %s is not a regular file", l->train_path);
  mtp_status status = mtp_event_log_claim(ctx, l->log);
  if (status == MTP_OK) status = mtp_journal_open_shared(ctx, l->train_path, &l->train_file);
  return status == MTP_OK ? mtp_share_join(ctx, l->train_path, mtp_loop_can_label(l), &l->sharing.locks) : status;
}

mtp_status mtp_loop_lock_train(mtp_context *ctx, mtp_learner *l) {
  if (!l->sharing.locks) return MTP_OK;
  mtp_status status = mtp_share_take(ctx, l->sharing.locks, MTP_SHARE_TRAIN);
  if (status == MTP_OK) status = mtp_journal_renew(ctx, l->train_file);
  if (status != MTP_OK) mtp_loop_unlock_train(l);
  return status;
}

void mtp_loop_unlock_train(mtp_learner *l) {
  if (l->sharing.locks) mtp_share_give(l->sharing.locks, MTP_SHARE_TRAIN);
}

static mtp_status read_news(mtp_context *ctx, mtp_learner *l) {
  mtp_status status = mtp_loop_lock_train(ctx, l);
  if (status == MTP_OK) status = mtp_loop_take_news(ctx, l);
  mtp_loop_unlock_train(l);
  return status;
}

/* ---- potentials ---- */

/* Is there another file in the place of the potential than when this was last asked? */
static bool has_changed(mtp_learner *l) {
  struct stat st;
  if (stat(l->save_path, &st) != 0) return false;
  mtp_sharing *s = &l->sharing;
  const bool same = s->saved.device == (unsigned long long)st.st_dev &&
                    s->saved.inode == (unsigned long long)st.st_ino && s->saved.size == (long long)st.st_size &&
                    s->saved.seconds == (long long)st.st_mtim.tv_sec &&
                    s->saved.nanoseconds == (long long)st.st_mtim.tv_nsec;
  s->saved.device = (unsigned long long)st.st_dev;
  s->saved.inode = (unsigned long long)st.st_ino;
  s->saved.size = (long long)st.st_size;
  s->saved.seconds = (long long)st.st_mtim.tv_sec;
  s->saved.nanoseconds = (long long)st.st_mtim.tv_nsec;
  return !same;
}

static mtp_status adopt(mtp_context *ctx, mtp_learner *l) {
  bool adopted = false;
  const mtp_status status = mtp_loop_adopt_newer(ctx, l, &adopted);
  l->sharing.changed = l->sharing.changed || adopted;
  return status == MTP_OK && !adopted ? read_news(ctx, l) : status;
}

/* What a label of this run took, in the mean; 0: there was none. */
static double label_seconds(const mtp_learner *l) {
  return l->stats.qm_calls > 0 ? l->stats.qm_seconds / (double)l->stats.qm_calls : 0.0;
}

typedef struct waiting {
  mtp_context *ctx;
  mtp_learner *learner;
  mtp_patience patience;
  double begin; /* mtp_now() */
} waiting;

/* A potential that is made since so long, in labels, will take some time yet. */
#define LONG_POTENTIAL 0.5

/* While another run makes a potential: a label that others want, if that does not take longer than the potential, or a
 * look whether there is enough to go on with. */
static mtp_status use_the_time(void *user, bool *worked, bool *enough) {
  const waiting *w = user;
  mtp_status status = MTP_OK;
  if (mtp_now() - w->begin >= LONG_POTENTIAL * label_seconds(w->learner))
    status = mtp_loop_help(w->ctx, w->learner, worked);
  if (status != MTP_OK || w->patience != MTP_UNTIL_MADE || !has_changed(w->learner)) return status;
  status = adopt(w->ctx, w->learner);
  *enough = status == MTP_OK && mtp_loop_knows_all(w->learner);
  return status;
}

mtp_status mtp_loop_begin_refit(mtp_context *ctx, mtp_learner *l, mtp_patience patience, bool *begun) {
  mtp_sharing *s = &l->sharing;
  waiting w = {ctx, l, patience, mtp_now()};
  *begun = true;
  if (!s->locks || s->refitting++ > 0) return MTP_OK;
  mtp_status status = MTP_OK;
  if (patience == MTP_AT_ONCE)
    *begun = mtp_share_try(s->locks, MTP_SHARE_REFIT);
  else
    status = mtp_share_take_idly(ctx, s->locks, MTP_SHARE_REFIT, use_the_time, &w, begun);
  if (status == MTP_OK && *begun) status = adopt(ctx, l);
  if (status != MTP_OK || !*begun) mtp_loop_end_refit(l);
  return status;
}

void mtp_loop_end_refit(mtp_learner *l) {
  mtp_sharing *s = &l->sharing;
  if (s->locks && --s->refitting == 0) mtp_share_give(s->locks, MTP_SHARE_REFIT);
}

bool mtp_loop_knows_all(const mtp_learner *l) {
  return l->sharing.locks && l->as && l->graded >= l->train->n;
}

/* ---- before a label ---- */

/* Whatever others have labelled is learned first, by them or here. */
static mtp_status learn_from_others(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c) {
  bool begun;
  int labels = 0;
  const double before = l->stats.qm_seconds;
  /* nobody waits for another run with calls of his own that are out */
  mtp_status status = mtp_loop_take_late(ctx, l, true, &labels);
  if (status == MTP_OK) status = adopt(ctx, l);
  if (status == MTP_OK) status = mtp_loop_take_over_calls(ctx, l, &labels);
  if (status != MTP_OK || l->train->n == 0 || mtp_loop_knows_all(l)) return status;
  status = mtp_loop_begin_refit(ctx, l, MTP_UNTIL_MADE, &begun);
  if (status != MTP_OK || !begun) return status;
  if (!mtp_loop_knows_all(l)) {
    status = mtp_loop_refit(ctx, l, c->step, NAN, labels, l->stats.qm_seconds - before);
    l->sharing.changed = l->sharing.changed || status == MTP_OK;
  }
  mtp_loop_end_refit(l);
  return status;
}

mtp_status mtp_loop_coming(mtp_context *ctx, mtp_learner *l, mtp_config_set **coming) {
  *coming = NULL;
  if (!l->sharing.locks) return MTP_OK;
  mtp_status status = mtp_loop_lock_train(ctx, l);
  if (status == MTP_OK) status = mtp_loop_take_news(ctx, l);
  if (status == MTP_OK) status = mtp_loop_in_flight(ctx, l, true, coming);
  mtp_loop_unlock_train(l);
  return status;
}

static bool has_all_of(const mtp_config_set *now, const mtp_config_set *before) {
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_EXACTLY);
  bool all = index && now;
  for (size_t i = 0; all && i < now->n; i++)
    all = mtp_structure_index_add(NULL, index, now->configs[i], NULL, i) == MTP_OK;
  for (size_t i = 0; all && i < before->n; i++)
    all = mtp_structure_index_find(index, before->configs[i], NULL) != MTP_NOT_FOUND;
  mtp_structure_index_free(index);
  return all;
}

/* Calls of a run that is gone, without which nobody may help, a label that others want, or a squeezed one that is due:
 * it would be waited for later on. */
static mtp_status help_meanwhile(mtp_context *ctx, mtp_learner *l, bool *helped) {
  int labels = 0;
  const mtp_moment moment = l->moment; /* is of another configuration */
  l->moment = (mtp_moment){0};
  mtp_status status = mtp_loop_take_over_calls(ctx, l, &labels);
  if (status == MTP_OK) status = mtp_loop_help(ctx, l, helped);
  const mtp_config *last = mtp_loop_last_met(l, NULL);
  if (status == MTP_OK && !*helped && last) status = mtp_loop_squeeze(ctx, l, last, l->last_step, &labels);
  l->moment = moment;
  *helped = *helped || labels > 0;
  return status;
}

mtp_status mtp_loop_wait(mtp_context *ctx, const mtp_learner *l, mtp_wait *wait) {
  const double waited = mtp_now() - wait->begin;
  if (mtp_context_is_stopped(ctx))
    return mtp_fail(ctx, MTP_ERR_STOPPED, "stopped while it waited for a label that another run asked for");
  if (!wait->told && waited > PATIENCE) {
    mtp_message(ctx, MTP_INFO, "step %lld: waiting since %g s for a label that another run has asked for", l->last_step,
                PATIENCE);
    wait->told = true;
  }
  mtp_sleep(fmin(fmax(WAIT, WAIT_PART * waited), LONGEST_WAIT));
  return MTP_OK;
}

/* Until one of them is no more on its way: answered, failed, or its run is gone. */
static mtp_status wait_for_one(mtp_context *ctx, mtp_learner *l, const mtp_config_set *coming) {
  mtp_wait wait = {.begin = mtp_now()};
  for (bool all = true; all;) {
    mtp_config_set *now = NULL;
    bool helped = false;
    mtp_status status = help_meanwhile(ctx, l, &helped);
    if (status == MTP_OK && !helped) status = mtp_loop_wait(ctx, l, &wait);
    if (status == MTP_OK) status = mtp_loop_coming(ctx, l, &now);
    all = status == MTP_OK && has_all_of(now, coming);
    mtp_config_set_free(now);
    if (status != MTP_OK) return status;
  }
  return MTP_OK;
}

/* A nearly equal configuration is not asked for twice. */
static mtp_status wait_for_others(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, bool *waited) {
  mtp_config_set *coming = NULL;
  bool covered = false;
  *waited = false;
  mtp_status status = mtp_loop_coming(ctx, l, &coming);
  if (status == MTP_OK && coming) status = mtp_loop_is_covered(ctx, l, c, coming, &covered);
  if (status == MTP_OK && covered) status = wait_for_one(ctx, l, coming);
  *waited = covered;
  mtp_config_set_free(coming);
  return status;
}

mtp_status mtp_loop_catch_up(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, bool *changed) {
  bool waited = false;
  *changed = false;
  if (!l->sharing.locks) return MTP_OK;
  l->sharing.changed = l->sharing.postponed = false;
  mtp_status status = learn_from_others(ctx, l, c);
  if (status == MTP_OK && !l->sharing.changed && c->grade > l->options.break_grade && mtp_loop_can_label(l)) {
    status = wait_for_others(ctx, l, c, &waited);
    if (status == MTP_OK && waited) status = learn_from_others(ctx, l, c);
  }
  *changed = l->sharing.changed || waited;
  return status;
}

mtp_status mtp_loop_after_label(mtp_context *ctx, mtp_learner *l, bool *changed) {
  mtp_sharing *s = &l->sharing;
  *changed = s->postponed;
  s->postponed = false;
  if (!*changed) return MTP_OK;
  mtp_sleep(WAIT); /* it is offered again, and waits for the other run then */
  return mtp_context_is_stopped(ctx) ? mtp_fail(ctx, MTP_ERR_STOPPED, "stopped") : MTP_OK;
}

/* ---- between labels ---- */

static bool has_grown(const mtp_learner *l) {
  struct stat st;
  return stat(l->train_path, &st) == 0 && (long long)st.st_size > l->sharing.known;
}

/* Has the run the potential that another one has by now? The caller asks until it has. */
static mtp_status check_caught_up(mtp_context *ctx, mtp_learner *l, long long generation) {
  mtp_sharing *s = &l->sharing;
  if (s->generation >= generation) {
    s->behind_since = 0.0;
    return MTP_OK;
  }
  if (s->behind_since == 0.0) s->behind_since = mtp_now();
  if (mtp_now() - s->behind_since > PATIENCE)
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "share: another run has potential number %lld, and what %s holds cannot be taken over for %g s",
                    generation, l->save_path, PATIENCE);
  mtp_sleep(WAIT);
  return MTP_OK;
}

static mtp_status look(mtp_context *ctx, mtp_learner *l, long long generation, mtp_action *action) {
  mtp_sharing *s = &l->sharing;
  const double now = mtp_now();
  const bool behind = generation > s->generation;
  if (!behind) s->behind_since = 0.0;
  if (!behind && now - s->looked < LOOK) return MTP_OK;
  s->looked = now;
  s->changed = false;
  mtp_status status = MTP_OK;
  if (has_changed(l) || behind)
    status = adopt(ctx, l);
  else if (has_grown(l))
    status = read_news(ctx, l);
  if (s->changed) *action = MTP_REDO;
  return status == MTP_OK && behind ? check_caught_up(ctx, l, generation) : status;
}

mtp_status mtp_learner_follow(mtp_context *ctx, mtp_learner *l, long long step, long long generation,
                              mtp_action *action) {
  if (!l || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nobody to follow");
  *action = MTP_GO_ON;
  if ((!l->sharing.locks && !l->late) || l->stopped) return MTP_OK;
  l->last_step = step;
  mtp_status status = mtp_loop_learn_late(ctx, l, false, action);
  if (status == MTP_OK && l->sharing.locks) status = look(ctx, l, generation, action);
  return mtp_loop_end_call(ctx, l, step, status);
}

/* ---- the end ---- */

mtp_status mtp_loop_is_last(mtp_context *ctx, mtp_learner *l, bool *last) {
  *last = true;
  return l->sharing.locks ? mtp_share_is_last(ctx, l->sharing.locks, last) : MTP_OK;
}

mtp_status mtp_loop_stay(mtp_context *ctx, mtp_learner *l) {
  const double most = fmin(label_seconds(l), LONGEST_STAY);
  double since = mtp_now();
  mtp_status status = MTP_OK;
  while (status == MTP_OK && !mtp_context_is_stopped(ctx) && mtp_loop_can_label(l) && mtp_now() - since < most &&
         mtp_share_goes_on(l->sharing.locks)) {
    bool helped = false;
    status = mtp_loop_help(ctx, l, &helped);
    if (helped)
      since = mtp_now();
    else
      mtp_sleep(WAIT);
  }
  return status;
}

mtp_status mtp_loop_wait_for_calls(mtp_context *ctx, mtp_learner *l) {
  mtp_status status = MTP_OK;
  mtp_wait wait = {.begin = mtp_now()};
  for (bool any = l->sharing.locks != NULL; any && status == MTP_OK;) {
    mtp_asked_elsewhere asked = {0};
    status = mtp_loop_lock_train(ctx, l);
    if (status == MTP_OK) status = mtp_loop_take_news(ctx, l);
    if (status == MTP_OK) status = mtp_loop_find_asked(ctx, l, &asked);
    mtp_loop_unlock_train(l);
    any = status == MTP_OK && asked.set->n > 0;
    mtp_asked_clear(&asked);
    if (any) status = mtp_loop_wait(ctx, l, &wait);
  }
  return status;
}
