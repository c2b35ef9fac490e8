/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/sanity.c
 * An exploded configuration is told from a new one before a label is bought: no reference says anything of use about
 * it, and a fit to it is spoiled. A grade alone does not tell, since that of a species that was never seen may be
 * anything. So it must be beyond break, and something must be physically gone: atoms inside of each other, by what the
 * elements and all labels allow (squeezed ones included: they reach down to 0.66 of the shortest distance of the run),
 * or one of them faster than anything that the run had. Halves of distances are never met otherwise: a collision at
 * 5000 K brings atoms to 0.75 of them. Bonds that no label knows yet are shorter than others of their elements may be
 * (H-H of H2O and of H2), but not than half of the covalent radii. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/pairs.h"
#include "config/species.h"
#include "loop/loop.h"
#include "mtp/append.h"
#include "support/support.h"

/* Parts of the shortest distances of the run and of the sum of covalent radii. */
#define PART          0.5
#define HOPELESS_PART 0.65 /* where the grade is of no use, */
#define HOPELESS      1e4  /* from here on */
/* Squeezed pairs have this part of the shortest distances of the run. */
#define SQUEEZED 0.66
/* The fastest atom: so many times as fast as usual, and faster than any reaction makes it (1e5 K are 13 eV). */
#define TIMES_USUAL 5.0
#define LEAST_HOT   1e5
/* A run may go back so often to one place. */
#define MOST_REWINDS 5

/* ---- what is wrong ---- */

/* Of pairs between molecules and within them. */
static mtp_nearness nearest(const mtp_learner *l, int a, int b) {
  const int C = l->species_count;
  const mtp_nearness *between = &l->near[a * C + b], *within = between + C * C;
  return (mtp_nearness){.known = fmin(between->known, within->known),
                        .squeezed = fmin(between->squeezed, within->squeezed)};
}

/* Below this distance no pair of species a, b is; 0: nothing is known. */
static double least_distance(const mtp_learner *l, int a, int b, double part) {
  const mtp_nearness near = nearest(l, a, b);
  const double ra = mtp_element_radius(mtp_element_number(l->names[a]));
  const double rb = mtp_element_radius(mtp_element_number(l->names[b]));
  double least = fmin(part * near.known, part / SQUEEZED * near.squeezed);
  if (ra > 0.0 && rb > 0.0) least = fmin(least, part * (ra + rb));
  return isfinite(least) ? least : 0.0;
}

/* As the engine counts, if it has told. */
static long long number_of(const mtp_config *cfg, size_t atom) {
  return cfg->id ? cfg->id[atom] : (long long)atom + 1;
}

static void tell_pair(const mtp_learner *l, const mtp_config *cfg, int a, int b, const mtp_close_pair *p, char *why,
                      size_t size) {
  const mtp_nearness near = nearest(l, a, b);
  const double known = fmin(near.known, near.squeezed);
  int used = mtp_snprintf(why, size, "atoms %lld and %lld (%s-%s) are %.3g A apart, ", number_of(cfg, p->i),
                          number_of(cfg, p->j), l->names[a], l->names[b], p->r);
  if (used < 0 || (size_t)used >= size) return;
  if (isfinite(known))
    mtp_snprintf(why + used, size - (size_t)used, "the shortest labelled distance of such is %.3g A", known);
  else
    mtp_snprintf(why + used, size - (size_t)used, "where no label knows such a pair");
}

/* The pair that is too close by the largest part. */
static mtp_status look_at_pairs(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, char *why,
                                size_t size) {
  const int C = l->species_count;
  const double part = c->grade < HOPELESS ? PART : HOPELESS_PART;
  double reach = 0.0, worst = 1.0;
  for (int a = 0; a < C; a++)
    for (int b = a; b < C; b++) reach = fmax(reach, least_distance(l, a, b, part));
  if (!(reach > 0.0)) return MTP_OK;
  mtp_close_pair *pair = mtp_calloc((size_t)(C * C), sizeof *pair);
  mtp_status status = pair ? mtp_config_closest_pairs(ctx, c->cfg, reach, C, NULL, pair) : mtp_fail_memory(ctx);
  for (int a = 0; a < C && status == MTP_OK; a++)
    for (int b = a; b < C; b++) {
      const mtp_close_pair *p = &pair[a * C + b];
      const double least = least_distance(l, a, b, part);
      if (!(p->r < worst * least)) continue;
      worst = p->r / least;
      tell_pair(l, c->cfg, a, b, p, why, size);
    }
  free(pair);
  return status;
}

mtp_status mtp_loop_look_at(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, char *why, size_t size) {
  const mtp_moment *m = &l->moment;
  *why = 0;
  /* where a recoil or an ion was given such an energy, atoms come as near as it brings them */
  const mtp_status status = m->first > LEAST_HOT ? MTP_OK : look_at_pairs(ctx, l, c, why, size);
  if (status != MTP_OK || *why) return status;
  if (m->lost > 0)
    mtp_snprintf(why, size, "%lld atoms are lost", m->lost);
  else if (m->usual > 0.0 && !(m->hottest < fmax(LEAST_HOT, TIMES_USUAL * m->usual)))
    mtp_snprintf(why, size, "its fastest atom has a kinetic energy as at %.3g K, where %.3g K is usual", m->hottest,
                 m->usual);
  return MTP_OK;
}

/* ---- what becomes of it ---- */

/* candidates.1.extxyz has exploded.1.extxyz beside it. */
static char *exploded_path(const mtp_learner *l) {
  static const char from[] = "candidates", to[] = "exploded";
  const char *slash = strrchr(l->candidate_path, '/'), *base = slash ? slash + 1 : l->candidate_path;
  const bool usual = strncmp(base, from, sizeof from - 1) == 0;
  const size_t folder = (size_t)(base - l->candidate_path), size = strlen(l->candidate_path) + sizeof to + 1;
  char *path = mtp_calloc(size, 1);
  if (!path) return NULL;
  memcpy(path, l->candidate_path, folder);
  snprintf(path + folder, size - folder, "%s%s%s", to, usual ? "" : "-", usual ? base + sizeof from - 1 : base);
  return path;
}

static mtp_status write_exploded(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, const char *path,
                                 const char *why) {
  mtp_config *cfg = mtp_config_copy(c->cfg);
  mtp_status status = cfg ? mtp_loop_describe(ctx, cfg, c, why) : mtp_fail_memory(ctx);
  if (status == MTP_OK)
    status = mtp_append_configs(ctx, path, 1, (const mtp_config *const *)&cfg, l->species_count,
                                (const char *const *)l->names);
  mtp_config_free(cfg);
  return status;
}

static void log_rewind(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const char *why) {
  cJSON *event = mtp_event_new(l->log, "rewind", c->step);
  mtp_event_number(event, "grade", c->grade);
  mtp_event_text(event, "reason", why);
  mtp_event_integer(event, "times", l->rewinds.count);
  mtp_event_write(ctx, l->log, event);
}

mtp_status mtp_loop_explode(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const char *why,
                            mtp_action *action) {
  mtp_rewinds *r = &l->rewinds;
  if (l->moment.trial) return MTP_OK;
  const char *hint = "lower the timestep, or go back before it with rewind N";
  char again[160];
  char *path = exploded_path(l);
  if (!path) return mtp_fail_memory(ctx);
  mtp_status status = write_exploded(ctx, l, c, path, why);
  if (status == MTP_OK && l->moment.can_rewind && mtp_loop_can_label(l)) {
    if (c->step > r->until) r->count = 0;
    if (r->count++ < MOST_REWINDS) {
      log_rewind(ctx, l, c, why);
      r->due = true;
      *action = MTP_REWIND;
      free(path);
      return MTP_OK;
    }
    snprintf(again, sizeof again, "lower the timestep: the run was taken back %d times before it", MOST_REWINDS);
    hint = again;
  } else if (l->moment.no_way_back) {
    mtp_snprintf(again, sizeof again, "there is no way back: %s", l->moment.no_way_back);
    hint = again;
  }
  if (status == MTP_OK)
    status = mtp_fail(ctx, MTP_ERR_STATE, "step %lld: the atoms have exploded: %s (grade %.3g); it is in %s; %s",
                      c->step, why, c->grade, path, hint);
  free(path);
  return status;
}

bool mtp_loop_is_watched(const mtp_learner *l, const mtp_candidate *c) {
  return l->rewinds.count > 0 && c->step <= l->rewinds.until && !(l->explored > 0.0) && mtp_loop_can_label(l);
}

/* ---- what the engine says ---- */

mtp_status mtp_learner_tell(mtp_context *ctx, mtp_learner *l, const mtp_moment *moment) {
  if (!l || !moment) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing told");
  l->moment = *moment;
  return MTP_OK;
}

mtp_status mtp_learner_remember(mtp_context *ctx, mtp_learner *l, const mtp_config *cfg, double grade, int atom,
                                long long step) {
  if (!l || !cfg) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing to remember");
  mtp_config *copy = NULL; /* of what will be labelled */
  mtp_status status = mtp_loop_check_config(ctx, l, cfg);
  if (status == MTP_OK) status = mtp_loop_cut_around(ctx, l, cfg, atom, &copy, &atom);
  if (status != MTP_OK) return status;
  mtp_candidate *before = l->rewinds.before;
  mtp_config_free(before[MTP_REMEMBERED - 1].cfg);
  memmove(before + 1, before, (MTP_REMEMBERED - 1) * sizeof *before);
  before[0] = (mtp_candidate){.cfg = copy, .grade = grade, .atom = atom, .step = step, .warmup = -1};
  return MTP_OK;
}

/* The last one that the reference has a label for. *learned: there was one. */
static mtp_status learn_remembered(mtp_context *ctx, mtp_learner *l, bool *learned, mtp_action *action) {
  const long long labels = l->stats.labels;
  mtp_status status = MTP_OK;
  l->rewinds.going = true;
  for (int k = 0; k < MTP_REMEMBERED && status == MTP_OK && l->stats.labels == labels; k++) {
    const mtp_candidate *c = &l->rewinds.before[k];
    if (c->cfg && !mtp_seen_find(l->seen, c->cfg, NULL)) status = mtp_loop_learn(ctx, l, c, c, action);
  }
  l->rewinds.going = false;
  *learned = l->stats.labels > labels;
  return status;
}

/* What waits was met on the way to the explosion, too. */
static mtp_status learn_before(mtp_context *ctx, mtp_learner *l, mtp_action *action) {
  bool learned;
  mtp_status status = learn_remembered(ctx, l, &learned, action);
  if (status != MTP_OK || learned || l->pool_size == 0) return status;
  mtp_candidate before = l->pool[l->pool_size - 1];
  before.cfg = mtp_config_copy(before.cfg); /* the pool is emptied meanwhile */
  if (!before.cfg) return mtp_fail_memory(ctx);
  status = mtp_loop_learn(ctx, l, NULL, &before, action);
  mtp_config_free(before.cfg);
  return status;
}

static mtp_status go_back(mtp_context *ctx, mtp_learner *l, long long step, long long to, mtp_action *action) {
  mtp_rewinds *r = &l->rewinds;
  r->due = false;
  mtp_status status = learn_before(ctx, l, action);
  if (status != MTP_OK) return status;
  if (l->stats.refits + l->stats.adopted == r->refits)
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "step %lld: the atoms have exploded again, and there is nothing left to learn before it; lower the "
                    "timestep, or use a potential of a higher level",
                    step);
  r->refits = l->stats.refits + l->stats.adopted;
  r->until = step + 2 * (step - to);
  mtp_loop_note_return(l, to);
  mtp_message(ctx, MTP_INFO, "step %lld: the atoms have exploded; the run goes on from what it was at step %lld", step,
              to);
  return MTP_OK;
}

mtp_status mtp_learner_rewind(mtp_context *ctx, mtp_learner *l, long long step, long long to, mtp_action *action) {
  if (!l || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing to go back for");
  *action = MTP_GO_ON;
  if (!l->rewinds.due || to > step)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing exploded at step %lld to go back to step %lld for", step,
                    to);
  l->last_step = step;
  return mtp_loop_end_call(ctx, l, step, go_back(ctx, l, step, to, action));
}
