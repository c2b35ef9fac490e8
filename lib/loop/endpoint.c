/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/endpoint.c
 * End points of relaxations. A minimiser searches for the places where a potential is too low, and grades do not tell
 * them: what is missing in the training set may look like its interpolation. So the reference has a word on each place
 * where the potential wants to stay. */
#include <math.h>
#include <stdlib.h>

#include "config/config_internal.h"
#include "config/units.h"
#include "loop/loop.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* Two configurations are the same if no atom and no component of a lattice vector differs by more (A). */
#define SAME 1e-3
/* So far around a label that confirmed an end point it counts for others (A): they differ by how far the minimiser went
 * and by the last refit. */
#define NEAR 0.05
/* End points of one minimisation that are no further apart (A) show whether labels still help. */
#define CLOSE 0.3
/* Labels of one minimisation, after which its end point stays without one. */
#define ROUNDS 10
/* Errors of a potential that is right: eV/atom, a part of the RMS force of the training set and at least eV/A,
 * eV/A^3 (0.1 GPa). */
#define RIGHT_ENERGY     1e-3
#define RIGHT_FORCE_PART 0.02
#define RIGHT_FORCE      0.01
#define RIGHT_STRESS     6.2415e-4
/* Of their labels, whose few numbers are what a relaxation is made for and would drown among the forces of the way: an
 * error of 0.1 GPa counts as much as one of 1 meV/atom. */
#define ENERGY_WEIGHT "10"
#define STRESS_WEIGHT "500"
/* Errors that the user is told of, in these units. */
#define BAD 5.0
/* A label that helps leaves less than this part of the error to the next. */
#define HELP 0.5
/* Force components for each parameter, below which all parameters are better not trained. */
#define DATA_PER_PARAMETER 2.0

/* ---- is it known? ---- */

static bool alike(const mtp_config *a, const mtp_config *b, double tolerance) {
  if (a->n != b->n) return false;
  for (int d = 0; d < 3; d++)
    if (a->periodic[d] != b->periodic[d]) return false;
  for (int k = 0; k < 9; k++)
    if (!(fabs(a->cell[k] - b->cell[k]) <= tolerance)) return false;
  for (size_t i = 0; i < a->n; i++)
    if (a->species[i] != b->species[i]) return false;
  return true;
}

/* d becomes the shortest of its images, if it is small for the cell. */
static void shorten(const double basis[9], const double reciprocal[9], const bool periodic[3], double d[3]) {
  for (int k = 0; k < 3; k++) {
    if (!periodic[k]) continue;
    const double turns = round(mtp_dot(d, reciprocal + 3 * k));
    for (int c = 0; c < 3; c++) d[c] -= turns * basis[3 * k + c];
  }
}

double mtp_loop_distance(const mtp_config *a, const mtp_config *b, double tolerance) {
  if (!alike(a, b, tolerance) || a->n == 0) return INFINITY;
  double basis[9], reciprocal[9], *moves = mtp_calloc(3 * a->n, sizeof *moves), mean[3] = {0.0}, largest = 0.0;
  if (!moves) return INFINITY;
  mtp_cell_complete(a->cell, a->periodic, basis);
  mtp_cell_reciprocal(basis, reciprocal);
  /* relative to the first atom, so that a drift does not matter */
  for (size_t i = 0; i < a->n; i++) {
    for (int c = 0; c < 3; c++)
      moves[3 * i + (size_t)c] = (b->x[3 * i + (size_t)c] - b->x[c]) - (a->x[3 * i + (size_t)c] - a->x[c]);
    shorten(basis, reciprocal, a->periodic, moves + 3 * i);
    for (int c = 0; c < 3; c++) mean[c] += moves[3 * i + (size_t)c] / (double)a->n;
  }
  for (size_t i = 0; i < a->n; i++) {
    double square = 0.0;
    for (int c = 0; c < 3; c++) square += pow(moves[3 * i + (size_t)c] - mean[c], 2);
    largest = fmax(largest, square);
  }
  free(moves);
  return sqrt(largest);
}

static bool is_in(const mtp_config_set *set, const mtp_config *cfg, double radius) {
  for (size_t i = set ? set->n : 0; i-- > 0;)
    if (mtp_loop_distance(set->configs[i], cfg, radius) <= radius) return true;
  return false;
}

/* Also what the driver has no label for. */
static bool is_known(const mtp_learner *l, const mtp_candidate *end) {
  return mtp_seen_find(l->seen, end->cfg, NULL) || is_in(l->train, end->cfg, SAME) ||
         is_in(l->endpoints.confirmed, end->cfg, NEAR);
}

/* ---- was the potential right? ---- */

static double rms_force(const mtp_config_set *train) {
  double squares = 0.0, components = 0.0;
  for (size_t i = 0; i < train->n; i++) {
    const mtp_config *cfg = train->configs[i];
    if (mtp_config_is_squeezed(cfg)) continue; /* its forces are no measure of what a run meets */
    for (size_t k = 0; cfg->force && k < 3 * cfg->n; k++) squares += cfg->force[k] * cfg->force[k];
    components += 3.0 * (double)cfg->n;
  }
  return mtp_rmse(squares, components);
}

static void compare(const mtp_learner *l, const mtp_config *label, const mtp_config *mine, mtp_verdict *v) {
  const double volume = mtp_config_volume(label);
  double squares = 0.0;
  for (size_t k = 0; k < 3 * label->n; k++) squares += pow(mine->force[k] - label->force[k], 2);
  v->energy = fabs(mine->energy - label->energy) / (double)label->n;
  v->force = mtp_rmse(squares, 3.0 * (double)label->n);
  v->stress = 0.0;
  for (int k = 0; label->has_virial && volume > 0.0 && k < 6; k++)
    v->stress = fmax(v->stress, fabs(mine->virial[k] - label->virial[k]) / volume);
  v->size = fmax(v->energy / RIGHT_ENERGY, v->stress / RIGHT_STRESS);
  v->size = fmax(v->size, v->force / fmax(RIGHT_FORCE, RIGHT_FORCE_PART * rms_force(l->train)));
}

/* The present potential, whether it has learned from the label or not. */
static mtp_status judge(mtp_context *ctx, const mtp_learner *l, const mtp_config *label, mtp_verdict *v) {
  mtp_config *mine = mtp_config_copy(label);
  if (!mine) return mtp_fail_memory(ctx);
  mtp_evaluator *ev = NULL;
  mtp_status status = mtp_evaluator_new(ctx, l->pot, &ev);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, mine, 0);
  if (status == MTP_OK) compare(l, label, mine, v);
  mtp_evaluator_free(ev);
  mtp_config_free(mine);
  return status;
}

static mtp_status confirm(mtp_context *ctx, mtp_learner *l, const mtp_config *label) {
  if (!l->endpoints.confirmed) l->endpoints.confirmed = mtp_config_set_new();
  mtp_config *copy = mtp_config_copy(label);
  if (l->endpoints.confirmed && copy) return mtp_config_set_append(ctx, l->endpoints.confirmed, copy);
  mtp_config_free(copy);
  return mtp_fail_memory(ctx);
}

/* ---- a round ---- */

static void log_verdict(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *end, int round,
                        const mtp_verdict *v) {
  cJSON *event = mtp_event_new(l->log, "endpoint", end->step);
  mtp_event_integer(event, "round", round);
  mtp_event_number(event, "grade", end->grade);
  mtp_event_number(event, "energy_error", v->energy);
  mtp_event_number(event, "force_rmse", v->force);
  mtp_event_number(event, "stress_error", v->stress);
  mtp_event_flag(event, "right", v->size <= 1.0);
  mtp_event_write(ctx, l->log, event);
}

static bool may_train_all(const mtp_learner *l) {
  double components = 0.0;
  for (size_t i = 0; i < l->train->n; i++)
    if (!mtp_config_is_squeezed(l->train->configs[i])) components += 3.0 * (double)l->train->configs[i]->n;
  return l->options.refit == MTP_REFIT_AUTO &&
         components >= DATA_PER_PARAMETER * (double)mtp_potential_parameter_count(l->pot);
}

/* Where linear coefficients alone do not do, the radial functions are wrong: no need for another label to tell. */
static mtp_status refit(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, double seconds) {
  const long long full_refits = l->stats.full_refits;
  mtp_endpoints *e = &l->endpoints;
  mtp_status status = mtp_loop_refit(ctx, l, end->step, end->grade, 1, seconds);
  if (status == MTP_OK) status = judge(ctx, l, l->train->configs[e->label], &e->after);
  if (status != MTP_OK || e->after.size <= 1.0) return status;
  if (l->stats.full_refits > full_refits || !may_train_all(l)) return status;
  l->train_all = true;
  status = mtp_loop_refit(ctx, l, end->step, end->grade, 0, 0.0);
  l->train_all = false;
  return status == MTP_OK ? judge(ctx, l, l->train->configs[e->label], &e->after) : status;
}

/* Right, or wrong as before although it knows a label of the same place: it has not the form for it. */
static bool needs_no_more(const mtp_learner *l, const mtp_config *label, int round, const mtp_verdict *v) {
  const mtp_endpoints *e = &l->endpoints;
  if (v->size <= 1.0) return true;
  return round > 0 && v->size > HELP * e->before.size &&
         mtp_loop_distance(l->train->configs[e->label], label, CLOSE) <= CLOSE;
}

/* Where forces vanish energy and stress are what is left to learn. */
static mtp_status label_end(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, int *labels) {
  mtp_candidate weighted = *end;
  const mtp_candidate *list = &weighted;
  weighted.cfg = mtp_config_copy(end->cfg);
  if (!weighted.cfg) return mtp_fail_memory(ctx);
  mtp_status status = mtp_config_set_feature(ctx, weighted.cfg, "config_stress_weight", STRESS_WEIGHT);
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, weighted.cfg, "config_energy_weight", ENERGY_WEIGHT);
  if (status == MTP_OK) status = mtp_loop_label(ctx, l, 1, &list, labels);
  mtp_config_free(weighted.cfg);
  return status;
}

static mtp_status learn(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, int round, mtp_action *action) {
  int labels = 0, others = 0;
  const double before = l->stats.qm_seconds;
  mtp_verdict v = {0};
  /* the last label is to be that of the end point */
  mtp_status status = mtp_loop_take_late(ctx, l, true, &others);
  if (status == MTP_OK) status = label_end(ctx, l, end, &labels);
  if (status != MTP_OK || labels == 0) return status;
  const mtp_config *label = l->train->configs[l->train->n - 1];
  status = judge(ctx, l, label, &v);
  if (status != MTP_OK) return status;
  log_verdict(ctx, l, end, round, &v);
  if (needs_no_more(l, label, round, &v)) status = confirm(ctx, l, label);
  l->endpoints.before = v;
  l->endpoints.label = l->train->n - 1;
  if (status == MTP_OK) status = refit(ctx, l, end, l->stats.qm_seconds - before);
  if (status == MTP_OK) *action = MTP_REDO;
  return status;
}

static void tell_error(mtp_context *ctx, const mtp_candidate *end, const mtp_verdict *v) {
  if (v->size <= BAD) return;
  mtp_message(ctx, MTP_WARNING,
              "step %lld: at the end point of the relaxation the potential is off by %.3g meV/atom, %.3g eV/A and %.3g "
              "GPa although it has learned it; a higher level, or more radial functions, may do better",
              end->step, 1e3 * v->energy, v->force, v->stress * MTP_GPA);
}

/* Once for each learner. */
static void tell_no_label(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end) {
  if (!l->endpoints.told)
    mtp_message(ctx, MTP_INFO, "step %lld: the end point of the relaxation gets no label: %s", end->step,
                l->qm ? "the QM budget is spent" : "qm is none");
  l->endpoints.told = true;
}

mtp_status mtp_loop_confirm(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, int round, mtp_action *action) {
  if (is_known(l, end)) {
    if (round > 0) tell_error(ctx, end, &l->endpoints.after);
  } else if (!mtp_loop_can_label(l)) {
    tell_no_label(ctx, l, end);
  } else if (round < ROUNDS) {
    return learn(ctx, l, end, round, action);
  } else {
    mtp_message(ctx, MTP_WARNING,
                "step %lld: the end point of the relaxation still moves by more than %g A after %d labels of it; the "
                "potential cannot follow the reference there",
                end->step, SAME, round);
  }
  return MTP_OK;
}
