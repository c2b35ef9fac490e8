/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/learner.c
 * The decisions of the learning loop: keep a candidate, learn, or stop. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* ---- life and death ---- */

static void destroy(mtp_learner *l) {
  mtp_loop_stop_late(l);
  mtp_loop_clear_pool(l);
  for (int k = 0; k < MTP_REMEMBERED; k++) mtp_config_free(l->rewinds.before[k].cfg);
  mtp_journal_close(l->train_file);
  mtp_calls_close(l->calls);
  mtp_journal_close(l->candidate_file);
  mtp_share_leave(l->sharing.locks);
  mtp_event_log_close(l->log);
  mtp_seen_free(l->seen);
  mtp_config_set_free(l->seed);
  mtp_sample_set_free(l->samples);
  mtp_config_set_free(l->endpoints.confirmed);
  mtp_hole_clear(&l->hole);
  mtp_hole_places_free(l->places);
  free(l->near);
  free(l->middles.id);
  free(l->asked.step);
  mtp_normal_free(l->normal);
  mtp_posterior_free(l->posterior);
  mtp_active_set_free(l->as);
  mtp_potential_free(l->pot);
  mtp_qm_close(l->qm);
  for (int s = 0; l->names && s < l->species_count; s++) free(l->names[s]);
  free(l->names);
  free(l->file_names);
  free(l->file_numbers);
  free(l->saved);
  free(l->train_path);
  free(l->save_path);
  free(l->log_path);
  free(l->candidate_path);
  free(l);
}

/* The run must stop: the log says why, and nothing more is accepted. */
static mtp_status stop(mtp_context *ctx, mtp_learner *l, long long step, mtp_status status) {
  l->stopped = true;
  if (!l->log) return status;
  cJSON *event = mtp_event_new(l->log, "stop", step);
  mtp_event_text(event, "reason", mtp_context_message(ctx));
  mtp_event_text(event, "status", mtp_status_name(status));
  mtp_event_write(ctx, l->log, event);
  return status;
}

/* How a call ends that may have learned something. A signal that came meanwhile, but not in a QM call or a training,
 * ends the run too: nobody else would write down what waits. */
mtp_status mtp_loop_end_call(mtp_context *ctx, mtp_learner *l, long long step, mtp_status status) {
  if (status == MTP_OK && mtp_context_is_stopped(ctx))
    status =
        mtp_fail(ctx, MTP_ERR_STOPPED, "stopped: %zu configurations are in %s, and the next start goes on from there",
                 l->train->n, l->train_path);
  return status == MTP_OK ? MTP_OK : stop(ctx, l, step, status);
}

mtp_status mtp_learner_new(mtp_context *ctx, const mtp_learner_options *options, const mtp_potential *pot, mtp_qm *qm,
                           mtp_learner **out) {
  mtp_learner *l = options && pot && out ? mtp_calloc(1, sizeof *l) : NULL;
  if (!l) {
    mtp_qm_close(qm);
    return options && pot && out ? mtp_fail_memory(ctx)
                                 : mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: options or potential missing");
  }
  l->qm = qm;
  l->last_step = l->rewinds.until = l->rewinds.refits = l->asked.told = -1;
  if (qm && mtp_qm_is_none(qm)) {
    mtp_qm_close(qm);
    l->qm = NULL;
  }
  mtp_status status = mtp_loop_start(ctx, l, options, pot);
  if (status != MTP_OK) {
    stop(ctx, l, -1, status);
    destroy(l);
    return status;
  }
  *out = l;
  return MTP_OK;
}

static void log_end(mtp_context *ctx, mtp_learner *l, size_t lost) {
  cJSON *event = mtp_event_new(l->log, "end", l->asked.last > l->last_step ? l->asked.last : l->last_step);
  mtp_event_integer(event, "qm_calls", l->stats.qm_calls);
  mtp_event_integer(event, "labels", l->stats.labels);
  mtp_event_integer(event, "rejects", l->rejects);
  mtp_event_integer(event, "refits", l->stats.refits);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_integer(event, "candidates_written", l->written_candidates);
  mtp_event_integer(event, "candidates_lost", (long long)lost);
  mtp_event_number(event, "qm_seconds", l->stats.qm_seconds);
  mtp_event_number(event, "refit_seconds", l->stats.refit_seconds);
  mtp_loop_add_outlook(l, event);
  mtp_loop_conclude(ctx, l, event);
  if (ctx && l->qm) mtp_loop_tell_outlook(ctx, l);
  mtp_event_write(ctx, l->log, event);
}

const mtp_potential *mtp_learner_potential(const mtp_learner *l) {
  return l ? l->pot : NULL;
}

const mtp_active_set *mtp_learner_active_set(const mtp_learner *l) {
  return l ? l->as : NULL;
}

const mtp_posterior *mtp_learner_posterior(const mtp_learner *l) {
  return l ? l->posterior : NULL;
}

mtp_learner_stats mtp_learner_get_stats(const mtp_learner *l) {
  mtp_learner_stats stats = l ? l->stats : (mtp_learner_stats){0};
  if (l) stats.generation = l->sharing.generation;
  return stats;
}

static const char *why_no_label(const mtp_learner *l) {
  return l->qm ? "the QM budget is spent" : "qm is none";
}

/* ---- checks ---- */

mtp_status mtp_loop_check_config(mtp_context *ctx, const mtp_learner *l, const mtp_config *cfg) {
  if (l->stopped) return mtp_fail(ctx, MTP_ERR_STATE, "the learner has stopped and learns no more");
  if (cfg->n == 0) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "a configuration without atoms cannot be learned");
  for (size_t i = 0; i < cfg->n; i++) {
    if (cfg->species[i] < 0 || cfg->species[i] >= l->species_count)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "atom %zu has species %d, the potential has %d", i + 1, cfg->species[i],
                      l->species_count);
    for (int d = 0; d < 3; d++)
      if (!isfinite(cfg->x[3 * i + (size_t)d]))
        return mtp_fail(ctx, MTP_ERR_NUMERIC, "the position of atom %zu is not finite", i + 1);
  }
  for (int i = 0; i < 9; i++)
    if (!isfinite(cfg->cell[i])) return mtp_fail(ctx, MTP_ERR_NUMERIC, "the cell is not finite");
  return MTP_OK;
}

/* ---- learning events ---- */

/* Candidates that are worth a label, by the order in which they are. */
typedef struct choice {
  const mtp_candidate **candidates;
  size_t *order, count;
} choice;

static void choice_free(choice *c) {
  free(c->candidates);
  free(c->order);
  *c = (choice){0};
}

/* Of the pool and, if given, `trigger`, which comes first. */
static mtp_status choose(mtp_context *ctx, mtp_learner *l, const mtp_candidate *trigger, choice *out) {
  size_t n = l->pool_size + (trigger != NULL);
  choice c = {.candidates = mtp_calloc(n, sizeof *c.candidates), .order = mtp_calloc(n, sizeof *c.order)};
  mtp_config_set *coming = NULL;
  mtp_status status = c.candidates && c.order ? mtp_loop_coming(ctx, l, &coming) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    for (size_t i = 0; i < l->pool_size; i++) c.candidates[i] = &l->pool[i];
    if (trigger) c.candidates[n - 1] = trigger;
    status = mtp_loop_rank(ctx, l, n, c.candidates, trigger ? n - 1 : n, coming, c.order, &c.count);
    if (status == MTP_OK) status = mtp_loop_prune(ctx, l, c.candidates, trigger != NULL, coming, c.order, &c.count);
  }
  mtp_config_set_free(coming);
  if (status == MTP_OK)
    *out = c;
  else
    choice_free(&c);
  return status;
}

/* Takes out what was chosen twice or is known: a configuration that waited in the pool may be the trigger as well. */
static mtp_status drop_repeated(mtp_context *ctx, const mtp_learner *l, choice *c) {
  mtp_structure_index *chosen = mtp_structure_index_new(MTP_SAME_ROUNDED);
  mtp_status status = chosen ? MTP_OK : mtp_fail_memory(ctx);
  size_t kept = 0;
  for (size_t i = 0; i < c->count && status == MTP_OK; i++) {
    const mtp_config *cfg = c->candidates[c->order[i]]->cfg;
    if (mtp_seen_find(l->seen, cfg, NULL) || mtp_structure_index_find(chosen, cfg, NULL) != MTP_NOT_FOUND) continue;
    status = mtp_structure_index_add(ctx, chosen, cfg, NULL, kept);
    c->order[kept++] = c->order[i];
  }
  c->count = kept;
  mtp_structure_index_free(chosen);
  return status;
}

/* Labels what was chosen; what there is no driver or no budget for is written to the candidate file. The first one is
 * the most extrapolating one. */
static mtp_status label_in_order(mtp_context *ctx, mtp_learner *l, choice *c, int *labels) {
  mtp_status status = drop_repeated(ctx, l, c);
  if (status != MTP_OK) return status;
  size_t allowed = mtp_loop_allowance(l, c->count);
  const mtp_candidate **list = mtp_calloc(c->count, sizeof *list);
  if (!list) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < c->count; i++) list[i] = c->candidates[c->order[i]];
  status = mtp_loop_label_led(ctx, l, allowed, list, labels);
  for (size_t i = allowed; i < c->count && status == MTP_OK; i++)
    status = mtp_loop_write_candidate(ctx, l, list[i], why_no_label(l), "");
  free(list);
  return status;
}

/* The same while the run goes on. Which of several would still be worth a label after the first is not known by then.
 */
static mtp_status ask_in_order(mtp_context *ctx, mtp_learner *l, choice *c) {
  mtp_status status = drop_repeated(ctx, l, c);
  const size_t allowed = status == MTP_OK ? mtp_loop_allowance(l, c->count) : 0;
  const mtp_candidate **list = status == MTP_OK ? mtp_calloc(c->count, sizeof *list) : NULL;
  if (status == MTP_OK && !list) status = mtp_fail_memory(ctx);
  for (size_t i = 0; status == MTP_OK && i < c->count; i++) list[i] = c->candidates[c->order[i]];
  for (size_t i = allowed; i < c->count && status == MTP_OK; i++)
    status = mtp_loop_write_candidate(ctx, l, list[i], why_no_label(l), "");
  if (status == MTP_OK) status = mtp_loop_label_late(ctx, l, allowed, list);
  free(list);
  return status;
}

/* What the pool has is asked for, unless something is out: then it waits a little longer. */
static mtp_status ask_for_pool(mtp_context *ctx, mtp_learner *l) {
  choice c = {0};
  if (l->late) return MTP_OK;
  mtp_status status = choose(ctx, l, NULL, &c);
  if (status == MTP_OK) status = ask_in_order(ctx, l, &c);
  if (status == MTP_OK) mtp_loop_clear_pool(l);
  choice_free(&c);
  return status;
}

/* Learns from the pool and, if given, from `trigger`, which is beyond break. */
static mtp_status learn(mtp_context *ctx, mtp_learner *l, const mtp_candidate *trigger, int *labels) {
  choice c = {0};
  mtp_status status = choose(ctx, l, trigger, &c);
  if (status == MTP_OK) status = label_in_order(ctx, l, &c, labels);
  if (status == MTP_OK) mtp_loop_clear_pool(l); /* after an error they still wait, and are written at the end */
  choice_free(&c);
  return status;
}

mtp_status mtp_loop_learn(mtp_context *ctx, mtp_learner *l, const mtp_candidate *trigger, const mtp_candidate *cause,
                          mtp_action *action) {
  int labels = 0;
  bool begun;
  const bool waits = trigger || cause->grade > l->options.break_grade;
  double before = l->stats.qm_seconds;
  mtp_status status = learn(ctx, l, trigger, &labels);
  if (status != MTP_OK || labels == 0) return status;
  if (!mtp_loop_can_squeeze_later(l))
    status = mtp_loop_squeeze(ctx, l, mtp_loop_last_met(l, cause->cfg), cause->step, &labels);
  if (status != MTP_OK) return status;
  /* what waited in the pool can wait a little longer for another run that makes a potential */
  status = mtp_loop_begin_refit(ctx, l, waits ? MTP_UNTIL_MADE : MTP_AT_ONCE, &begun);
  if (status == MTP_OK && (waits || begun)) *action = MTP_REDO;
  if (status != MTP_OK || !begun) return status;
  status = mtp_loop_refit(ctx, l, cause->step, cause->grade, labels, l->stats.qm_seconds - before);
  mtp_loop_end_refit(l); /* others may make one while labels of holes are bought */
  return status == MTP_OK ? mtp_loop_fill_holes(ctx, l, cause->step) : status;
}

mtp_status mtp_loop_learn_pool(mtp_context *ctx, mtp_learner *l) {
  mtp_action action;
  if (l->pool_size == 0 || !mtp_loop_can_label(l)) return MTP_OK;
  const mtp_candidate last = l->pool[l->pool_size - 1];
  mtp_config *cfg = mtp_config_copy(last.cfg); /* the pool is emptied meanwhile */
  if (!cfg) return mtp_fail_memory(ctx);
  mtp_candidate cause = last;
  cause.cfg = cfg;
  const mtp_status status = mtp_loop_learn(ctx, l, NULL, &cause, &action);
  mtp_config_free(cfg);
  return status;
}

static bool in_pool(const mtp_learner *l, const mtp_config *cfg) {
  return mtp_structure_index_find(l->pooled, cfg, NULL) != MTP_NOT_FOUND;
}

#define HINT "lower the timestep, or use a potential of a higher level or with better radial functions"

static const char *nothing_to_grade_with(const mtp_learner *l) {
  if (l->options.query == MTP_QUERY_BAYES) return l->posterior ? "" : " (the potential does not say how sure it is)";
  return l->as ? "" : " (the potential has no active set to grade with)";
}

/* Where the reference has no label the potential has led the atoms astray. */
static mtp_status leave_place(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const char *refusal,
                              mtp_action *action) {
  char why[200];
  mtp_snprintf(why, sizeof why, "the QM driver has no label: %s", refusal);
  return mtp_loop_explode(ctx, l, c, why, action);
}

/* Beyond break, and nothing was or could be learned from it. A trial state is tried, and that is all. */
static mtp_status fail_beyond(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, bool seen,
                              const char *refusal) {
  char head[160];
  if (l->moment.trial || l->explored > 0.0) return MTP_OK; /* whoever explores sees that nothing was learned */
  snprintf(head, sizeof head, "step %lld: the grade %.4g is beyond break %.4g", c->step, c->grade,
           l->options.break_grade);
  if (refusal && *refusal)
    return mtp_fail(ctx, MTP_ERR_QM, "%s, and the QM driver has no label for it: %s", head, refusal);
  if (seen && !refusal) return mtp_fail(ctx, MTP_ERR_STATE, "%s although it is in the training set; " HINT, head);
  if (!l->qm)
    return mtp_fail(ctx, MTP_ERR_STATE, "%s and qm is none; the configuration is in %s%s", head, l->candidate_path,
                    nothing_to_grade_with(l));
  return mtp_fail(ctx, MTP_ERR_STATE, "%s and the QM budget of %lld calls is spent; the configuration is in %s", head,
                  l->options.max_calls, l->candidate_path);
}

/* So many pools may wait while calls are out, before the run waits for these. */
#define LATE_POOLS 4

/* Whatever its grade, because of its numbers of atoms or of its forces; but not if it makes no sense. */
static mtp_status learn_wanted(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_action *action) {
  char why[200];
  mtp_status status = mtp_loop_look_at(ctx, l, c, why, sizeof why);
  if (status != MTP_OK) return status;
  if (*why) return mtp_loop_explode(ctx, l, c, why, action);
  if (l->moment.wanted) l->number_labels++;
  status = mtp_loop_learn(ctx, l, c, c, action);
  const char *refusal = NULL;
  if (status != MTP_OK || *action == MTP_REDO || !l->moment.can_rewind) return status;
  return mtp_seen_find(l->seen, c->cfg, &refusal) && refusal ? leave_place(ctx, l, c, refusal, action) : MTP_OK;
}

/* Below break: it waits in the pool, unless its forces are all wrong and may be learned. */
static mtp_status keep(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, bool seen, mtp_action *action) {
  bool wrong = false;
  if (seen || in_pool(l, c->cfg) || mtp_loop_repeats_last(l, c)) return MTP_OK;
  mtp_status status = mtp_loop_can_label(l) ? mtp_loop_is_all_wrong(ctx, l, c, &wrong) : MTP_OK;
  if (wrong && l->late) { /* what is out may tell enough */
    status = mtp_loop_learn_late(ctx, l, true, action);
    if (status != MTP_OK || *action == MTP_REDO) return status;
  }
  if (wrong) return learn_wanted(ctx, l, c, action);
  if (status != MTP_OK) return status;
  mtp_loop_log_candidate(ctx, l, c);
  status = mtp_loop_keep(ctx, l, c);
  if (status != MTP_OK || l->pool_size < (size_t)l->options.pool) return status;
  if (!mtp_loop_goes_on(l)) return mtp_loop_learn(ctx, l, NULL, c, action);
  if (l->late && l->pool_size >= LATE_POOLS * (size_t)l->options.pool)
    status = mtp_loop_learn_late(ctx, l, true, action);
  return status == MTP_OK ? ask_for_pool(ctx, l) : status;
}

/* Beyond break without a driver or with no calls left: the configuration is kept, the run is over. */
static mtp_status give_up(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c) {
  mtp_loop_log_candidate(ctx, l, c);
  mtp_status status = mtp_loop_write_candidate(ctx, l, c, why_no_label(l), "");
  return status == MTP_OK ? fail_beyond(ctx, l, c, false, NULL) : status;
}

mtp_status mtp_loop_offer(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_action *action) {
  mtp_status status = mtp_loop_check_config(ctx, l, c->cfg);
  const bool wanted = l->moment.wanted && mtp_loop_can_label(l);
  if (status != MTP_OK || (!wanted && c->grade <= l->options.select_grade)) return status;
  bool beyond = c->grade > l->options.break_grade;
  if (beyond && l->late) { /* what is out may tell enough; if it came to no label, nothing has changed */
    status = mtp_loop_learn_late(ctx, l, true, action);
    if (status != MTP_OK || *action == MTP_REDO) return status;
  }
  const char *refusal = NULL;
  bool seen = mtp_seen_find(l->seen, c->cfg, &refusal);
  if (beyond || (wanted && !seen)) {
    bool changed = false;
    status = mtp_loop_catch_up(ctx, l, c, &changed);
    if (changed) *action = MTP_REDO;
    if (status != MTP_OK || changed) return status;
  }
  if (wanted && !seen) return learn_wanted(ctx, l, c, action);
  if (!beyond && !seen && mtp_loop_is_watched(l, c)) return mtp_loop_learn(ctx, l, c, c, action);
  if (!beyond) return keep(ctx, l, c, seen, action);
  char why[200] = "";
  if (!seen && !(l->explored > 0.0)) status = mtp_loop_look_at(ctx, l, c, why, sizeof why);
  if (status != MTP_OK) return status;
  if (*why) return mtp_loop_explode(ctx, l, c, why, action);
  if (!seen && !mtp_loop_can_label(l)) return give_up(ctx, l, c);
  status = mtp_loop_learn(ctx, l, seen ? NULL : c, c, action);
  if (status != MTP_OK || *action == MTP_REDO) return status;
  bool elsewhere = false;
  status = mtp_loop_after_label(ctx, l, &elsewhere);
  if (elsewhere) *action = MTP_REDO;
  if (status != MTP_OK || elsewhere) return status;
  /* that is an error that no label of this configuration takes away */
  if (seen && !refusal && l->options.query == MTP_QUERY_BAYES) return MTP_OK;
  if (!seen) mtp_seen_find(l->seen, c->cfg, &refusal); /* it was refused just now */
  if (refusal && *refusal && l->moment.can_rewind && !(l->explored > 0.0))
    return leave_place(ctx, l, c, refusal, action);
  return fail_beyond(ctx, l, c, seen, refusal);
}

mtp_status mtp_learner_offer(mtp_context *ctx, mtp_learner *l, const mtp_config *cfg, double grade, int atom,
                             long long step, mtp_action *action) {
  if (!l || !cfg || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing offered");
  *action = MTP_GO_ON;
  l->last_step = step;
  mtp_loop_note_step(l, step);
  mtp_config *part = NULL; /* with nothing to grade with, no atom is worse than others */
  mtp_status status = mtp_loop_check_config(ctx, l, cfg);
  const bool blind = !l->as || (l->options.query == MTP_QUERY_BAYES && atom < 0);
  if (status == MTP_OK && blind) status = mtp_loop_cut_first(ctx, l, cfg, 0, &part);
  if (status == MTP_OK) {
    /* the candidate only borrows the configuration; what is kept is copied */
    mtp_config borrowed = part ? *part : *cfg;
    const mtp_candidate candidate = {
        .cfg = &borrowed, .grade = isnan(grade) ? INFINITY : grade, .atom = atom, .step = step, .warmup = -1};
    l->offered = &candidate;
    status = mtp_loop_offer(ctx, l, &candidate, action);
    l->offered = NULL;
  }
  l->moment = (mtp_moment){0};
  mtp_config_free(part);
  return mtp_loop_end_call(ctx, l, step, status);
}

mtp_status mtp_learner_confirm(mtp_context *ctx, mtp_learner *l, const mtp_config *cfg, double grade, int atom,
                               long long step, int round, mtp_action *action) {
  if (!l || !cfg || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: no end point offered");
  *action = MTP_GO_ON;
  l->last_step = step;
  mtp_loop_note_step(l, step);
  mtp_candidate end = {.grade = grade, .atom = atom, .step = step, .warmup = -1};
  mtp_status status = mtp_loop_check_config(ctx, l, cfg);
  if (status == MTP_OK) status = mtp_loop_cut_around(ctx, l, cfg, atom, &end.cfg, &end.atom);
  if (status == MTP_OK) status = mtp_loop_confirm(ctx, l, &end, round, action);
  mtp_config_free(end.cfg);
  return mtp_loop_end_call(ctx, l, step, status);
}

mtp_status mtp_learner_verify(mtp_context *ctx, mtp_learner *l, const mtp_config *cfg, double grade, int atom,
                              long long step, mtp_action *action) {
  if (!l || !cfg || !action) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: no configuration to check by");
  *action = MTP_GO_ON;
  l->last_step = step;
  mtp_loop_note_step(l, step);
  mtp_candidate c = {.grade = grade, .atom = atom, .step = step, .warmup = -1};
  mtp_status status = mtp_loop_check_config(ctx, l, cfg);
  if (status == MTP_OK) status = mtp_loop_cut_around(ctx, l, cfg, atom, &c.cfg, &c.atom);
  if (status == MTP_OK) status = mtp_loop_verify(ctx, l, &c, action);
  mtp_config_free(c.cfg);
  return mtp_loop_end_call(ctx, l, step, status);
}

mtp_status mtp_learner_offer_parts(mtp_context *ctx, mtp_learner *l, const mtp_cut_plan *plan, int count,
                                   const mtp_part *parts, long long step, mtp_action *action) {
  if (!l || !plan || !parts || !action || count < 1 || count > MTP_PARTS)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: no cut-out offered");
  *action = MTP_GO_ON;
  l->last_step = step;
  mtp_loop_note_step(l, step);
  mtp_status status = MTP_OK;
  for (int k = 0; k < count && status == MTP_OK; k++) {
    status = parts[k].cfg ? mtp_loop_check_config(ctx, l, parts[k].cfg)
                          : mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: part %d of a cut-out is missing", k + 1);
    if (status == MTP_OK && parts[k].middle >= parts[k].cfg->n)
      status = mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: part %d has no atom %zu", k + 1, parts[k].middle + 1);
  }
  if (status == MTP_OK) status = mtp_loop_offer_parts(ctx, l, plan, count, parts, step, action);
  l->moment = (mtp_moment){0};
  return mtp_loop_end_call(ctx, l, step, status);
}

/* ---- the end ---- */

static size_t write_waiting(mtp_learner *l, const mtp_candidate *candidate) {
  if (mtp_seen_find(l->seen, candidate->cfg, NULL)) return 0;
  const char *reason = mtp_loop_can_label(l) ? "the run ended before it was labelled" : why_no_label(l);
  return mtp_loop_write_candidate(NULL, l, candidate, reason, "") == MTP_OK ? 0 : 1;
}

/* Keeps what would have been labelled, or everything if that cannot be told. Returns how many could not be written. */
static size_t write_pool(mtp_learner *l) {
  choice c = {0};
  size_t lost = 0;
  bool chosen = l->pool_size == 0 || choose(NULL, l, NULL, &c) == MTP_OK;
  for (size_t i = 0; i < c.count; i++) lost += write_waiting(l, c.candidates[c.order[i]]);
  for (size_t i = 0; !chosen && i < l->pool_size; i++) lost += write_waiting(l, &l->pool[i]);
  choice_free(&c);
  return lost;
}

void mtp_learner_end(mtp_context *ctx, mtp_learner *l) {
  if (!l) return;
  mtp_loop_finish(ctx, l, NULL);
  log_end(ctx, l, write_pool(l));
  destroy(l);
}

void mtp_learner_free(mtp_learner *l) {
  if (!l) return;
  log_end(NULL, l, write_pool(l));
  destroy(l);
}
