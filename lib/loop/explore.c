/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/explore.c
 * What a run that is over did not meet. A run that heats up spends its last moment at the temperature that its
 * potential will be used at, and the frozen potential dies of what comes later. So it first runs alone for a while,
 * from where the run ended and a tenth hotter, while the driver is still at hand; what it asks about there gets labels
 * as in the run. A run that was quiet at its last temperature has done that already. */
#include <math.h>
#include <stdlib.h>

#include "loop/dynamics.h"
#include "loop/loop.h"
#include "support/support.h"

/* Steps: as many as the run had; in small cells up to ten times as many, since what is rare there comes late and steps
 * are cheap: as long as so many of an atom take no more than SMALL, by what basis functions cost beside neighbours.
 * Never more than these. */
#define LONGER     10.0
#define SMALL      4e8
#define NEIGHBOURS 20.0
#define SMALLEST   2e6
#define MOST_STEPS 2e5
#define ATOM_STEPS 2e7
/* Grades cost more than the step that they are of. A divisor of LOOK_EVERY and SAFE_EVERY. */
#define GRADE_EVERY 2
/* Steps between places from which it goes on where it had to learn. */
#define SAFE_EVERY 500
/* Hotter than the run, so that what is rare there comes sooner. */
#define HOTTER 1.1
/* ps, of velocities towards the temperature */
#define RELAXATION 0.1
/* Labels: a part of those of the run, and so many in any case. */
#define LEAST_LABELS 4
#define LABELS_PART  3
/* Temperatures beyond that of the bath mean that the potential has lost the atoms. */
#define WILD       5.0
#define LOOK_EVERY 10
/* So often it may lose them, or come to where the reference says nothing of use. What it was before that is learned. */
#define MOST_WILD 5

typedef struct exploration {
  mtp_learner *l;
  const mtp_conditions *of;
  mtp_dynamics *d;
  long long steps, done, quiet; /* wanted, made, and those since the last label */
  long long most_labels, labels_before;
  int starts, wild;
  double volume;       /* of the cell in the beginning */
  mtp_config *safe[2]; /* where nothing was beyond select, the last one first; NULL: there is none */
  mtp_config *before;  /* what was still in order, at most LOOK_EVERY steps ago; NULL: nothing was */
  double before_grade;
  int before_atom;
  const char *why; /* it ended before its time */
} exploration;

static long long wanted_steps(const mtp_potential *pot, const mtp_conditions *c, size_t atoms) {
  const double run = (double)c->steps, n = (double)atoms;
  const double cheap = fmax(SMALL / (NEIGHBOURS + (double)mtp_potential_scalar_count(pot)), SMALLEST);
  const double wanted = fmax(run, fmin(LONGER * run, cheap / n));
  return (long long)fmin(wanted, fmin(MOST_STEPS, ATOM_STEPS / n)) - c->quiet_steps;
}

static mtp_status take_potential(mtp_context *ctx, exploration *e) {
  mtp_status status = mtp_dynamics_set_potential(ctx, e->d, e->l->pot, e->l->as);
  if (status == MTP_OK && e->l->options.query == MTP_QUERY_BAYES)
    status = mtp_dynamics_set_posterior(ctx, e->d, e->l->posterior, e->l->options.query_error);
  return status == MTP_OK ? mtp_dynamics_evaluate(ctx, e->d) : status;
}

/* With velocities that no earlier start had. */
static mtp_status start(mtp_context *ctx, exploration *e, const mtp_config *from) {
  const mtp_bath bath = {.temperature = HOTTER * e->of->temperature,
                         .timestep = e->of->timestep,
                         .relaxation = RELAXATION,
                         .moves_cell = e->of->moves_cell,
                         .pressure = e->of->pressure,
                         .volume = e->volume};
  mtp_dynamics_free(e->d);
  mtp_config_free(e->before);
  e->before = NULL;
  e->starts++;
  const unsigned long long seed =
      e->l->options.seed + 1000003ULL * (unsigned long long)(e->l->train->n + (size_t)e->starts);
  mtp_status status = mtp_dynamics_new(ctx, from, e->of->masses, &bath, seed, &e->d);
  if (status == MTP_OK) mtp_dynamics_set_baseline(e->d, e->l->options.baseline);
  return status == MTP_OK ? take_potential(ctx, e) : status;
}

/* Nothing is asked for any more? */
static bool is_at_end(exploration *e) {
  if (!mtp_loop_can_label(e->l))
    e->why = "the QM budget is spent";
  else if (e->l->stats.labels - e->labels_before >= e->most_labels)
    e->why = "it asked for more than a third of the labels of the run";
  return e->why != NULL;
}

static mtp_status learn(mtp_context *ctx, exploration *e, const mtp_candidate *c, bool offered) {
  mtp_learner *l = e->l;
  const long long before = l->stats.labels;
  mtp_action action = MTP_GO_ON;
  l->explored = (double)(e->done > 0 ? e->done : 1) * e->of->timestep;
  const mtp_status status = offered ? mtp_loop_offer(ctx, l, c, &action) : mtp_loop_learn(ctx, l, c, c, &action);
  if (l->stats.labels > before) e->quiet = 0;
  return status;
}

/* Offers the atoms where they are, if they are beyond break: what a run goes on with has to be no better known here.
 * *learned: the walk has to begin anew, with another potential; *refused: because the reference has no label here. */
static mtp_status learn_here(mtp_context *ctx, exploration *e, bool *learned, bool *refused) {
  mtp_candidate here = {.step = e->l->last_step, .warmup = -1};
  here.grade = mtp_dynamics_grade(e->d, &here.atom);
  *learned = *refused = false;
  if (here.grade <= e->l->options.break_grade || is_at_end(e)) return MTP_OK;
  mtp_config borrowed = *mtp_dynamics_config(e->d);
  here.cfg = &borrowed;
  const long long refits = e->l->stats.refits + e->l->stats.adopted;
  const mtp_status status = learn(ctx, e, &here, true);
  *learned = e->l->stats.refits + e->l->stats.adopted > refits;
  *refused = !*learned;
  return status;
}

/* What was in order shortly before the atoms were lost; forces were wrong there already. */
static mtp_status learn_before(mtp_context *ctx, exploration *e) {
  if (!e->before || mtp_seen_find(e->l->seen, e->before, NULL) || is_at_end(e)) return MTP_OK;
  const mtp_candidate c = {
      .cfg = e->before, .grade = e->before_grade, .atom = e->before_atom, .step = e->l->last_step, .warmup = -1};
  return learn(ctx, e, &c, false);
}

static mtp_status remember(mtp_context *ctx, exploration *e) {
  if (e->done % LOOK_EVERY != 0) return MTP_OK;
  mtp_config_free(e->before);
  e->before = mtp_config_copy(mtp_dynamics_config(e->d));
  if (!e->before) return mtp_fail_memory(ctx);
  e->before_grade = mtp_dynamics_grade(e->d, &e->before_atom);
  return MTP_OK;
}

static void forget_safe(exploration *e) {
  mtp_config_free(e->safe[0]);
  mtp_config_free(e->safe[1]);
  e->safe[0] = e->safe[1] = NULL;
}

/* A place from which to go on: the one before the last, since what had to be learned may have been wrong for a while;
 * `from` where there is none, or where the new potential is not sure about it. */
static mtp_status start_anew(mtp_context *ctx, exploration *e, const mtp_config *from) {
  int atom;
  mtp_config *safe = e->safe[1];
  e->safe[1] = NULL;
  forget_safe(e);
  mtp_status status = start(ctx, e, safe ? safe : from);
  if (status == MTP_OK && safe && !(mtp_dynamics_grade(e->d, &atom) <= e->l->options.select_grade))
    status = start(ctx, e, from);
  mtp_config_free(safe);
  return status;
}

static mtp_status note_safe(mtp_context *ctx, exploration *e) {
  int atom;
  if (e->done % SAFE_EVERY != 0 || !(mtp_dynamics_grade(e->d, &atom) <= e->l->options.select_grade)) return MTP_OK;
  mtp_config_free(e->safe[1]);
  e->safe[1] = e->safe[0];
  e->safe[0] = mtp_config_copy(mtp_dynamics_config(e->d));
  return e->safe[0] ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status go_on(mtp_context *ctx, exploration *e) {
  const mtp_status status = remember(ctx, e);
  return status == MTP_OK ? note_safe(ctx, e) : status;
}

static mtp_status look(mtp_context *ctx, const exploration *e, bool *wild) {
  char why[200] = "";
  mtp_config borrowed = *mtp_dynamics_config(e->d);
  mtp_candidate here = {.cfg = &borrowed, .step = e->l->last_step, .warmup = -1};
  here.grade = mtp_dynamics_grade(e->d, &here.atom);
  *wild = !isfinite(here.grade) ||
          (e->done % LOOK_EVERY == 0 && !(mtp_dynamics_temperature(e->d) < WILD * HOTTER * e->of->temperature));
  if (*wild || here.grade <= e->l->options.break_grade) return MTP_OK;
  const mtp_status status = mtp_loop_look_at(ctx, e->l, &here, why, sizeof why);
  *wild = *why != 0;
  return status;
}

/* Where the potential had to learn it may have gone astray before, so that it goes back each time. */
static mtp_status walk(mtp_context *ctx, exploration *e, const mtp_config *from) {
  mtp_status status = start(ctx, e, from);
  while (status == MTP_OK && e->done < e->steps && !e->why) {
    bool learned = false, wild = false, refused = false;
    if (mtp_context_is_stopped(ctx)) return mtp_fail(ctx, MTP_ERR_STOPPED, "stopped while it explored");
    e->done++;
    e->quiet++;
    status = mtp_dynamics_step(ctx, e->d, e->done % GRADE_EVERY == 0);
    if (status != MTP_OK) return status;
    status = look(ctx, e, &wild);
    if (!wild && status == MTP_OK) status = learn_here(ctx, e, &learned, &refused);
    if (status != MTP_OK || e->why) break;
    if (wild || refused) {
      status = learn_before(ctx, e);
      if (++e->wild >= MOST_WILD) e->why = wild ? "the atoms flew apart" : "the reference has no label where it went";
    }
    if (status != MTP_OK || e->why) break;
    if (wild || refused) forget_safe(e);
    status = wild || learned || refused ? start_anew(ctx, e, from) : go_on(ctx, e);
  }
  return status;
}

/* ---- what is said of it ---- */

static void report(mtp_context *ctx, const exploration *e, mtp_status status) {
  const double ps = (double)e->done * e->of->timestep, quiet = (double)e->quiet * e->of->timestep;
  const long long labels = e->l->stats.labels - e->labels_before;
  const char *why = e->why ? e->why : status != MTP_OK ? mtp_context_message(ctx) : NULL;
  cJSON *event = mtp_event_new(e->l->log, "exploration", e->l->last_step);
  mtp_event_number(event, "temperature", HOTTER * e->of->temperature);
  mtp_event_number(event, "ps", ps);
  mtp_event_integer(event, "labels", labels);
  mtp_event_number(event, "quiet_ps", quiet);
  mtp_event_text(event, "ended", why);
  mtp_event_write(ctx, e->l->log, event);
  if (why)
    mtp_message(ctx, MTP_WARNING,
                "the potential was tried alone at %.4g K; after %.3g ps and %lld labels that ended: %s. A longer run "
                "would learn more",
                HOTTER * e->of->temperature, ps, labels, why);
  else
    mtp_message(ctx, MTP_INFO, "the potential ran alone for %.3g ps at %.4g K: %lld label%s, none in the last %.3g ps",
                ps, HOTTER * e->of->temperature, labels, labels == 1 ? "" : "s", quiet);
}

static mtp_status check(mtp_context *ctx, const mtp_learner *l, const mtp_conditions *c) {
  if (!l || !c || !c->masses) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing to explore with");
  if (!(c->temperature > 0 && isfinite(c->temperature)) || !(c->timestep > 0 && isfinite(c->timestep)))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "temperature %g K and timestep %g ps of an exploration must be above 0",
                    c->temperature, c->timestep);
  if (c->moves_cell && !isfinite(c->pressure))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the pressure of an exploration, %g eV/A^3, is no number", c->pressure);
  for (int s = 0; s < l->species_count; s++)
    if (!(c->masses[s] > 0 && isfinite(c->masses[s])))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the mass %g of species %d must be above 0", c->masses[s], s);
  return MTP_OK;
}

mtp_status mtp_loop_explore(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions) {
  const mtp_config *last = mtp_loop_last_met(l, NULL);
  if (!last || !l->as || !mtp_loop_can_label(l)) return MTP_OK;
  if (last->force_mask) { /* a part of a system does not move as the whole does */
    mtp_message(ctx, MTP_INFO, "the potential is not tried alone: its last label is a part of the system");
    return MTP_OK;
  }
  exploration e = {.l = l, .of = conditions, .labels_before = l->stats.labels};
  e.steps = wanted_steps(l->pot, conditions, last->n);
  e.most_labels = l->stats.labels / LABELS_PART;
  if (e.most_labels < LEAST_LABELS) e.most_labels = LEAST_LABELS;
  if (l->trained_last) e.steps += conditions->quiet_steps; /* that was another potential */
  if (e.steps <= 0) return MTP_OK;
  mtp_config *from = mtp_config_copy(last);
  if (!from) return mtp_fail_memory(ctx);
  mtp_loop_drop_results(from);
  e.volume = mtp_config_volume(from);
  const mtp_status status = walk(ctx, &e, from);
  l->explored = 0.0;
  report(ctx, &e, status);
  mtp_dynamics_free(e.d);
  mtp_config_free(e.before);
  forget_safe(&e);
  mtp_config_free(from);
  return status;
}

mtp_status mtp_learner_explore(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions) {
  const mtp_status status = check(ctx, l, conditions);
  if (status == MTP_OK) mtp_loop_finish(ctx, l, conditions);
  return status;
}
