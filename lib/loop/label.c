/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/label.c
 * QM calls and what becomes of them. A good answer is on the disk before it counts; a bad one is remembered so that it
 * is not asked for again. Answers are used in the order of requests, so that a run does not depend on which call ends
 * first. */
#include <math.h>
#include <stdlib.h>

#include "learn/normal.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "mtp/evaluator.h"
#include "support/support.h"

bool mtp_loop_can_label(const mtp_learner *l) {
  return mtp_loop_allowance(l, 1) > 0;
}

/* Errors of the present potential on a label, the measure of what the label taught. Unknown without a potential. */
static mtp_status predict(mtp_context *ctx, const mtp_learner *l, const mtp_config *label, int atom,
                          mtp_residual *residual) {
  *residual = (mtp_residual){0};
  if (!mtp_potential_is_trained(l->pot)) return MTP_OK;
  mtp_config *prediction = mtp_config_copy(label);
  if (!prediction) return mtp_fail_memory(ctx);
  mtp_evaluator *ev = NULL;
  mtp_status status = mtp_evaluator_new(ctx, l->pot, &ev);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, prediction, 0);
  if (status == MTP_OK) {
    double error = (prediction->energy - label->energy) / (double)label->n;
    residual->energy = error * error;
    residual->energies = 1.0;
    for (size_t i = 0; i < 3 * label->n; i++) {
      if (mtp_config_is_masked(label, i / 3)) continue;
      residual->forces += 1.0;
      residual->force_size += label->force[i] * label->force[i];
      error = prediction->force[i] - label->force[i];
      residual->force += error * error;
      if (atom >= 0 && i / 3 == (size_t)atom) residual->at_atom += error * error;
    }
    residual->at_atom =
        residual->at_atom > 0.0 ? mtp_rmse(residual->at_atom, 3.0) : mtp_rmse(residual->force, residual->forces);
  }
  mtp_evaluator_free(ev);
  mtp_config_free(prediction);
  return status;
}

/* A potential that did not learn from this file yet has errors to report only once it has seen the file. */
static void add_residual(mtp_learner *l, const mtp_residual *r) {
  if (r->energies == 0.0) return;
  l->residual.energy += r->energy;
  l->residual.energies += r->energies;
  l->residual.force += r->force;
  l->residual.forces += r->forces;
  l->residual.force_size += r->force_size;
  l->residual_known = true;
}

mtp_status mtp_loop_adopt(mtp_context *ctx, mtp_learner *l, mtp_sample *label) {
  if (label->kind == MTP_SAMPLE_SQUEEZED) label->scale = l->history.squeezed;
  mtp_status status = mtp_sample_set_add(ctx, l->samples, label);
  if (status == MTP_OK) status = mtp_loop_note_distances(ctx, l, label);
  if (status == MTP_OK) status = mtp_seen_add_label(ctx, l->seen, label->config);
  l->stats.configurations = (long long)l->train->n;
  return status;
}

static mtp_status add_sample(mtp_context *ctx, mtp_learner *l, mtp_sample *sample, int atom, mtp_residual *residual) {
  mtp_status status = mtp_sample_set_has_room(l->samples)
                          ? mtp_sample_keep_neighbors(ctx, sample, mtp_potential_cutoff(l->pot))
                          : MTP_OK;
  if (status == MTP_OK) status = mtp_loop_adopt(ctx, l, sample);
  if (status == MTP_OK) status = mtp_normal_add_sample(ctx, l->normal, sample);
  if (status == MTP_OK && sample->kind == MTP_SAMPLE_ORDINARY) status = predict(ctx, l, sample->config, atom, residual);
  if (status == MTP_OK) add_residual(l, residual);
  return status;
}

/* Takes the configuration over. `residual` receives what the present potential made of it. */
static mtp_status count(mtp_context *ctx, mtp_learner *l, mtp_config *label, int atom, mtp_residual *residual) {
  mtp_sample *sample = mtp_sample_new(label);
  if (!sample) {
    mtp_config_free(label);
    return mtp_fail_memory(ctx);
  }
  const mtp_status status = add_sample(ctx, l, sample, atom, residual);
  mtp_sample_release(sample);
  return status;
}

/* In one piece with the label goes what the given active set owns: a refit from the label alone, now or after a kill,
 * would forget what the potential knew. */
static mtp_status append(mtp_context *ctx, mtp_learner *l, const mtp_config *label) {
  size_t seeds = l->seed ? l->seed->n : 0;
  const mtp_config **all = mtp_calloc(seeds + 1, sizeof *all);
  if (!all) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < seeds; i++) all[i] = l->seed->configs[i];
  all[seeds] = label;
  mtp_status status = mtp_journal_add(ctx, l->train_file, seeds + 1, all, l->species_count, l->file_names);
  free(all);
  return status;
}

/* Appends to the training file, then counts. Takes the configuration over. Nothing that can fail comes before the label
 * is on the disk: it was paid for. */
static mtp_status store_alone(mtp_context *ctx, mtp_learner *l, mtp_config *label, int atom, mtp_residual *residual) {
  mtp_status status = append(ctx, l, label);
  mtp_config_set *seed = l->seed;
  for (size_t i = 0; seed && i < seed->n && status == MTP_OK; i++) {
    mtp_config *copy = mtp_config_copy(seed->configs[i]);
    status = copy ? count(ctx, l, copy, -1, residual) : mtp_fail_memory(ctx);
  }
  if (status != MTP_OK) {
    mtp_config_free(label);
    return status;
  }
  mtp_config_set_free(seed);
  l->seed = NULL;
  return count(ctx, l, label, atom, residual);
}

static bool is_labelled(const mtp_learner *l, const mtp_config *cfg) {
  const char *refusal = NULL;
  return mtp_seen_find(l->seen, cfg, &refusal) && !refusal;
}

/* Behind what others have appended meanwhile, among which may be the same: two runs that were told of a third one's end
 * at the same time may both have asked for it. */
static mtp_status store_in_order(mtp_context *ctx, mtp_learner *l, mtp_config *label, int atom,
                                 mtp_residual *residual) {
  const bool was_known = is_labelled(l, label);
  mtp_status status = mtp_loop_take_news(ctx, l);
  if (status != MTP_OK || (!was_known && is_labelled(l, label))) {
    mtp_config_free(label);
    return status;
  }
  status = store_alone(ctx, l, label, atom, residual);
  return status == MTP_OK ? mtp_journal_size(ctx, l->train_file, &l->sharing.known) : status;
}

static mtp_status store(mtp_context *ctx, mtp_learner *l, mtp_config *label, int atom, mtp_residual *residual) {
  if (!l->sharing.locks) return store_alone(ctx, l, label, atom, residual);
  mtp_status status = mtp_loop_lock_train(ctx, l);
  if (status == MTP_OK)
    status = store_in_order(ctx, l, label, atom, residual);
  else
    mtp_config_free(label);
  mtp_loop_unlock_train(l);
  return status;
}

/* What the label will carry into the training file goes on the request already, so that an answer that is taken up by a
 * later run says the same. */
static mtp_status stamp(mtp_context *ctx, const mtp_learner *l, mtp_config *label, const mtp_candidate *candidate) {
  char number[32];
  mtp_status status = mtp_config_set_feature(ctx, label, "qm", mtp_qm_name(l->qm));
  if (status == MTP_OK && candidate->step >= 0) {
    snprintf(number, sizeof number, "%lld", candidate->step);
    status = mtp_config_set_feature(ctx, label, "step", number);
  }
  if (status == MTP_OK && candidate->warmup >= 0) {
    snprintf(number, sizeof number, "%d", candidate->warmup);
    status = mtp_config_set_feature(ctx, label, "warmup", number);
  }
  if (status == MTP_OK && candidate->squeezed > 0.0) {
    mtp_snprintf(number, sizeof number, "%g", candidate->squeezed);
    status = mtp_config_set_feature(ctx, label, "squeezed", number);
    if (status == MTP_OK) status = mtp_config_set_feature(ctx, label, "config_type", "squeezed");
    if (status == MTP_OK && candidate->hole) status = mtp_config_set_feature(ctx, label, "hole", "1");
  }
  if (status == MTP_OK && l->moment.trial && candidate == l->offered)
    status = mtp_config_set_feature(ctx, label, "trial", "1");
  if (status == MTP_OK && l->explored > 0.0) {
    mtp_snprintf(number, sizeof number, "%g", l->explored);
    status = mtp_config_set_feature(ctx, label, "explored", number);
  }
  /* grades per atom belong to the potential of that moment and say nothing later; charges that are no part of the
   * baseline were there to make cut-outs neutral */
  free(label->grade);
  label->grade = NULL;
  if (!l->options.baseline || !l->options.baseline->takes_charges) {
    free(label->charge);
    label->charge = NULL;
  }
  label->has_max_grade = isfinite(candidate->grade);
  label->max_grade = label->has_max_grade ? candidate->grade : 0.0;
  return status;
}

static cJSON *call_event(const mtp_learner *l, const char *name, const mtp_candidate *candidate,
                         const mtp_qm_report *report) {
  cJSON *event = mtp_event_new(l->log, name, candidate->step);
  mtp_event_number(event, "gamma", candidate->grade);
  mtp_event_integer(event, "atom", candidate->atom);
  mtp_event_integer(event, "natoms", (long long)candidate->cfg->n);
  mtp_event_flag(event, "warmup", candidate->warmup >= 0);
  if (mtp_config_get_feature(candidate->cfg, MTP_CHECK_KEY)) mtp_event_flag(event, "check", true);
  if (candidate->squeezed > 0.0) mtp_event_number(event, "squeezed", candidate->squeezed);
  if (l->explored > 0.0) mtp_event_number(event, "explored", l->explored);
  mtp_event_text(event, "driver", mtp_qm_name(l->qm));
  mtp_event_number(event, "seconds", report->seconds);
  mtp_event_integer(event, "tries", report->tries);
  if (report->tries == 0) mtp_event_flag(event, "recovered", true); /* of an earlier run */
  return event;
}

/* The larger the forces, the less they may weigh: that they are large is all that is to be learned. */
static mtp_status weigh_squeezed(mtp_context *ctx, mtp_config *label) {
  char number[32];
  double largest = 0.0; /* of the label itself: the report of an answer that is taken up later does not tell */
  for (size_t i = 0; i < label->n; i++) {
    const double *f = label->force + 3 * i;
    largest = fmax(largest, f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
  }
  const double size = sqrt(largest) / MTP_SQUEEZE_FORCE;
  mtp_snprintf(number, sizeof number, "%.3g", MTP_SQUEEZE_WEIGHT / (1.0 + size * size));
  return mtp_config_set_feature(ctx, label, "config_weight", number);
}

/* `residual` and `expected` are what the potential made of the label before it learned. */
static void log_label(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *candidate,
                      const mtp_qm_report *report, const mtp_residual *residual, const mtp_expectation *expected) {
  cJSON *event = call_event(l, "label", candidate, report);
  mtp_event_number(event, "max_force", report->max_force);
  mtp_event_number(event, "net_force", report->net_force);
  mtp_event_number(event, "energy_error_before", mtp_rmse(residual->energy, residual->energies));
  mtp_event_number(event, "force_rmse_before", mtp_rmse(residual->force, residual->forces));
  mtp_event_number(event, "graded_force_error", residual->forces > 0.0 ? residual->at_atom : NAN);
  mtp_event_number(event, "force_rms", mtp_rmse(residual->force_size, residual->forces));
  mtp_loop_add_expectation(expected, event);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_write(ctx, l->log, event);
}

bool mtp_loop_is_of_the_run(const mtp_learner *l, const mtp_candidate *c) {
  return c->warmup < 0 && !(c->squeezed > 0.0) && !(l->explored > 0.0);
}

/* By the run itself and in this one, at a step of it. */
static bool was_asked_for(const mtp_learner *l, const mtp_candidate *c, const mtp_qm_report *report) {
  return !l->sharing.helping && mtp_loop_is_of_the_run(l, c) && report->tries > 0 &&
         !mtp_config_get_feature(c->cfg, MTP_CHECK_KEY);
}

static mtp_status accept(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate, mtp_config *label,
                         const mtp_qm_report *report) {
  mtp_residual residual = {0};
  mtp_expectation expected = {0};
  mtp_status status = l->options.baseline ? mtp_baseline_subtract(ctx, l->options.baseline, label) : MTP_OK;
  if (status == MTP_OK && candidate->squeezed > 0.0) status = weigh_squeezed(ctx, label);
  if (status == MTP_OK) status = mtp_loop_test(ctx, l, candidate, label, &expected);
  if (status != MTP_OK) {
    mtp_config_free(label);
    return status;
  }
  status = store(ctx, l, label, candidate->atom, &residual);
  /* an engine may give the atoms back wrapped or rounded: what was asked is known by its own positions too */
  if (status == MTP_OK && !mtp_seen_find(l->seen, candidate->cfg, NULL))
    status = mtp_seen_add(ctx, l->seen, candidate->cfg, NULL);
  if (status != MTP_OK) return status;
  l->stats.labels++;
  if (candidate->warmup < 0) mtp_loop_note_ahead(l, &residual, candidate->step);
  if (candidate->warmup < 0 && !(candidate->squeezed > 0.0)) mtp_loop_note_grade(l, candidate, &residual);
  if (was_asked_for(l, candidate, report)) status = mtp_loop_note_asked(ctx, l, candidate->step);
  log_label(ctx, l, candidate, report, &residual, &expected);
  return status;
}

/* Is it the place that has no label, rather than the engine that is broken? */
static bool is_of_place(const mtp_qm_report *report) {
  return report->status == MTP_QM_BAD_DATA || report->status == MTP_QM_NOT_CONVERGED;
}

/* The run does not hang on it: a trial state, where a potential went alone, or what was before an explosion. */
static bool is_tried(const mtp_learner *l, const mtp_qm_report *report) {
  if (l->moment.trial) return report->status != MTP_QM_CANNOT_START;
  return (l->explored > 0.0 || l->rewinds.going) && is_of_place(report);
}

/* The run goes back to before it (mtp_loop_explode). */
static bool is_left(const mtp_learner *l, const mtp_candidate *c, const mtp_qm_report *report) {
  return l->moment.can_rewind && is_of_place(report) && mtp_loop_is_of_the_run(l, c) && c->step == l->last_step;
}

static mtp_status reject(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate,
                         const mtp_qm_report *report) {
  const char *name = mtp_qm_status_name(report->status);
  l->rejects++;
  cJSON *event = call_event(l, "reject", candidate, report);
  mtp_event_text(event, "status", name);
  mtp_event_text(event, "reason", report->reason);
  mtp_event_text(event, "dir", report->dir[0] ? report->dir : NULL);
  mtp_event_write(ctx, l->log, event);
  if (candidate->squeezed > 0.0 && report->status != MTP_QM_CANNOT_START) { /* nobody waits for it */
    mtp_message(ctx, MTP_INFO, "no label with pairs at %g of their shortest distance, %s: %s", candidate->squeezed,
                name, report->reason);
    return mtp_seen_add(ctx, l->seen, candidate->cfg, report->reason);
  }
  if (is_tried(l, report)) {
    mtp_message(ctx, MTP_INFO, "no label of %s, %s: %s",
                l->moment.trial   ? "a trial state"
                : l->explored > 0 ? "where the potential went alone"
                                  : "what was before the explosion",
                name, report->reason);
    return mtp_seen_add(ctx, l->seen, candidate->cfg, report->reason);
  }
  mtp_status status = mtp_loop_write_candidate(ctx, l, candidate, report->reason, report->reason);
  if (status != MTP_OK) return status;
  const char *kept = report->dir[0] ? " (kept in " : "", *end = report->dir[0] ? ")" : "";
  const char *tries = report->tries == 1 ? "try" : "tries";
  if (report->status == MTP_QM_CANNOT_START)
    return mtp_fail(ctx, MTP_ERR_QM, "the QM driver cannot start: %s%s%s%s", report->reason, kept, report->dir, end);
  if (is_left(l, candidate, report)) return MTP_OK;
  if (l->options.onfail == MTP_ONFAIL_STOP)
    return mtp_fail(ctx, MTP_ERR_QM,
                    "QM call failed after %d %s, %s: %s%s%s%s; mend the cause and start again (what was learned is "
                    "in %s), or use onfail skip%s",
                    report->tries, tries, name, report->reason, kept, report->dir, end, l->train_path,
                    is_of_place(report) && !l->moment.can_rewind ? ", or rewind N if the atoms were led astray" : "");
  if (report->tries > 0)
    mtp_message(ctx, MTP_WARNING, "QM call failed after %d %s, %s: %s%s%s%s; going on without this label",
                report->tries, tries, name, report->reason, kept, report->dir, end);
  else
    mtp_message(ctx, MTP_WARNING,
                "QM call failed in an earlier run, %s: %s%s%s%s; going on without this label (another driver string, "
                "such as one with another retries=, asks again)",
                name, report->reason, kept, report->dir, end);
  return MTP_OK;
}

typedef struct labelling {
  mtp_context *ctx;
  mtp_learner *learner;
  const mtp_candidate *const *candidates;
  int *labels;
} labelling;

mtp_status mtp_loop_take_answer(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate, mtp_config *label,
                                const mtp_qm_report *answer, int *labels) {
  mtp_qm_report report = *answer;
  if (report.tries > 0) l->stats.qm_calls++;
  if (label && (!label->has_energy || !label->force)) {
    report.status = MTP_QM_BAD_DATA;
    snprintf(report.reason, sizeof report.reason, "the label lacks energy or forces");
    mtp_config_free(label);
    label = NULL;
  }
  if (!label) return reject(ctx, l, candidate, &report);
  mtp_status status = accept(ctx, l, candidate, label, &report);
  *labels += status == MTP_OK;
  return status;
}

static mtp_status on_end(void *user, size_t i, mtp_config *label, const mtp_qm_report *answer) {
  const labelling *w = user;
  return mtp_loop_take_answer(w->ctx, w->learner, w->candidates[i], label, answer, w->labels);
}

mtp_status mtp_loop_make_request(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *candidate,
                                 mtp_config **out) {
  *out = mtp_config_copy(candidate->cfg);
  return *out ? stamp(ctx, l, *out, candidate) : mtp_fail_memory(ctx);
}

/* ---- for comparison alone ---- */

typedef struct apart {
  mtp_learner *learner;
  mtp_config *label;
  mtp_qm_report report;
} apart;

/* Nobody waits for it: a failure is told, and the run goes on. */
static mtp_status take_apart(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  apart *w = user;
  (void)i;
  w->report = *report;
  if (report->tries > 0) w->learner->stats.qm_calls++;
  if (label && label->has_energy && label->force)
    w->label = label;
  else
    mtp_config_free(label);
  return MTP_OK;
}

mtp_status mtp_loop_label_apart(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_qm_report *report,
                                mtp_config **out) {
  mtp_config *request = mtp_config_copy(c->cfg);
  apart w = {.learner = l};
  int late = 0;
  *out = NULL;
  mtp_status status = mtp_loop_take_late(ctx, l, true, &late);
  if (status == MTP_OK) status = request ? stamp(ctx, l, request, c) : mtp_fail_memory(ctx);
  const double start = mtp_now();
  if (status == MTP_OK)
    status = mtp_calls_run(ctx, l->calls, l->qm, 1, (const mtp_config *const *)&request, take_apart, &w);
  l->stats.qm_seconds += mtp_now() - start;
  mtp_config_free(request);
  if (status == MTP_OK && w.label && l->options.baseline)
    status = mtp_baseline_subtract(ctx, l->options.baseline, w.label);
  if (status == MTP_OK && !w.label)
    mtp_message(ctx, MTP_WARNING, "step %lld: no label to check the potential by, %s: %s", c->step,
                mtp_qm_status_name(w.report.status), *w.report.reason ? w.report.reason : "it lacks energy or forces");
  *report = w.report;
  if (status == MTP_OK)
    *out = w.label;
  else
    mtp_config_free(w.label);
  return status;
}

mtp_status mtp_loop_learn_label(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_config *label,
                                const mtp_qm_report *report, const mtp_expectation *expected, mtp_action *action) {
  int labels = 1;
  const double before = l->stats.qm_seconds - report->seconds;
  mtp_residual residual = {0};
  mtp_status status = store(ctx, l, label, c->atom, &residual);
  if (status == MTP_OK) status = mtp_seen_add(ctx, l->seen, c->cfg, NULL);
  if (status != MTP_OK) return status;
  l->stats.labels++;
  mtp_loop_note_ahead(l, &residual, c->step);
  log_label(ctx, l, c, report, &residual, expected);
  status = mtp_loop_squeeze(ctx, l, mtp_loop_last_met(l, c->cfg), c->step, &labels);
  if (status == MTP_OK) status = mtp_loop_refit(ctx, l, c->step, c->grade, labels, l->stats.qm_seconds - before);
  if (status == MTP_OK) *action = MTP_REDO;
  return status;
}

static void free_configs(mtp_config **configs, size_t n) {
  for (size_t i = 0; configs && i < n; i++) mtp_config_free(configs[i]);
  free(configs);
}

static mtp_status label_all(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                            int *labels) {
  if (n == 0) return MTP_OK;
  mtp_config **configs = mtp_calloc(n, sizeof *configs);
  mtp_status status = configs ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; i < n && status == MTP_OK; i++) status = mtp_loop_make_request(ctx, l, candidates[i], &configs[i]);
  labelling w = {ctx, l, candidates, labels};
  double start = mtp_now();
  if (status == MTP_OK) status = mtp_calls_run(ctx, l->calls, l->qm, n, (const mtp_config *const *)configs, on_end, &w);
  l->stats.qm_seconds += mtp_now() - start;
  free_configs(configs, n);
  if (status == MTP_ERR_STOPPED)
    return mtp_fail(ctx, status,
                    "stopped in a QM call: %s; %zu configurations are in %s, and the next start goes on "
                    "from there",
                    mtp_context_message(ctx), l->train->n, l->train_path);
  return status;
}

/* ---- beside other runs ---- */

mtp_status mtp_loop_sift(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                         const mtp_candidate **kept, size_t *count) {
  bool *was_known = mtp_calloc(n, sizeof *was_known);
  mtp_structure_index *asked = mtp_structure_index_new(MTP_SAME_ROUNDED);
  mtp_config_set *coming = NULL;
  mtp_status status = was_known && asked ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; status == MTP_OK && i < n; i++) was_known[i] = is_labelled(l, candidates[i]->cfg);
  if (status == MTP_OK) status = mtp_loop_take_news(ctx, l);
  /* where no other run may make a potential, calls that one of them has from a run before wait for their turn as well
   */
  if (status == MTP_OK && !l->sharing.refitting) status = mtp_loop_in_flight(ctx, l, false, &coming);
  for (size_t i = 0; coming && i < coming->n && status == MTP_OK; i++)
    status = mtp_structure_index_add(ctx, asked, coming->configs[i], NULL, i);
  const bool has_squeezed = mtp_loop_has_squeezed(coming);
  for (size_t i = 0; status == MTP_OK && i < n; i++) {
    const mtp_config *cfg = candidates[i]->cfg;
    if (has_squeezed && candidates[i]->squeezed > 0.0 && !candidates[i]->hole) continue; /* two runs thought of it */
    if (mtp_structure_index_find(asked, cfg, NULL) != MTP_NOT_FOUND || (!was_known[i] && is_labelled(l, cfg)))
      l->sharing.postponed = true;
    else
      kept[(*count)++] = candidates[i];
  }
  mtp_structure_index_free(asked);
  mtp_config_set_free(coming);
  free(was_known);
  return status;
}

/* From here on other runs see what is asked for here. */
static void on_announced(void *user) {
  mtp_loop_unlock_train(user);
}

mtp_status mtp_loop_label_announced(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                                    int *labels) {
  mtp_share_set_busy(l->sharing.locks, true);
  mtp_calls_on_announced(l->calls, on_announced, l);
  const mtp_status status = label_all(ctx, l, n, candidates, labels);
  mtp_calls_on_announced(l->calls, NULL, NULL);
  mtp_share_set_busy(l->sharing.locks, false);
  return status;
}

static mtp_status label_beside(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                               int *labels) {
  const mtp_candidate **kept = mtp_calloc(n, sizeof *kept);
  size_t count = 0;
  mtp_status status = kept ? mtp_loop_lock_train(ctx, l) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_loop_sift(ctx, l, n, candidates, kept, &count);
  if (status == MTP_OK) status = mtp_loop_label_announced(ctx, l, count, kept, labels);
  mtp_loop_unlock_train(l);
  free(kept);
  return status;
}

mtp_status mtp_loop_label_here(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                               int *labels) {
  if (n == 0) return MTP_OK;
  const mtp_status status = mtp_loop_take_late(ctx, l, true, labels);
  if (status != MTP_OK) return status;
  return l->sharing.locks ? label_beside(ctx, l, n, candidates, labels) : label_all(ctx, l, n, candidates, labels);
}

mtp_status mtp_loop_label(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                          int *labels) {
  if (n < 2 || !mtp_loop_has_others(l)) return mtp_loop_label_here(ctx, l, n, candidates, labels);
  const mtp_status status = mtp_loop_take_late(ctx, l, true, labels);
  return status == MTP_OK ? mtp_loop_label_divided(ctx, l, n, candidates, true, labels) : status;
}

mtp_status mtp_loop_label_led(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                              int *labels) {
  const bool divided = mtp_loop_has_others(l);
  if (n < 2 || !l->history.here) return mtp_loop_label(ctx, l, n, candidates, labels);
  mtp_status status = divided ? mtp_loop_wish(ctx, l, n - 1, candidates + 1) : MTP_OK;
  if (status == MTP_OK) status = mtp_loop_label_here(ctx, l, 1, candidates, labels);
  const bool known = *labels > 0 && mtp_loop_predicted_well(l);
  if (divided) mtp_loop_wish_no_more(l);
  if (status != MTP_OK || known) return status;
  return divided ? mtp_loop_label_divided(ctx, l, n - 1, candidates + 1, false, labels)
                 : mtp_loop_label(ctx, l, n - 1, candidates + 1, labels);
}

size_t mtp_loop_allowance(const mtp_learner *l, size_t n) {
  if (!l->qm) return 0;
  if (l->options.max_calls < 0) return n;
  long long left = l->options.max_calls - l->stats.qm_calls - (long long)l->late_count;
  return left <= 0 ? 0 : (unsigned long long)left < n ? (size_t)left : n;
}
