/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/trainer.c
 * Training from beginning to end. An untrained potential climbs (learn/climb.c); a trained one goes on from where it
 * is. In the end everything is trained on. */
#include "mtp/trainer.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learn/checkpoint.h"
#include "learn/continuation.h"
#include "learn/training.h"
#include "learn/weights.h"
#include "support/hash.h"

/* Iterations at the last level and size. */
#define LAST_ITERATIONS 240
/* A fit ends when this many iterations gain less than this part of the loss. */
#define WINDOW    30
#define TOLERANCE 3e-3

mtp_train_options mtp_train_defaults(void) {
  return (mtp_train_options){.weights = mtp_weights_default(),
                             .starts = 3,
                             .bending = 0.05,
                             .held_out = 0.1,
                             .components = 240,
                             .seed = 12345,
                             .threads = 1,
                             .memory = 2e9,
                             .checkpoint_seconds = 60};
}

typedef mtp_training job;

#define ALL_PARTS (MTP_EVERYTHING | MTP_PART_BIT(MTP_PART_VALIDATION))

/* ---- what is trained on what ---- */

/* Everything of a configuration that a fit depends on. */
static mtp_status mix_config(mtp_context *ctx, const mtp_config *c, mtp_part part, uint64_t *hash) {
  const unsigned char flags[] = {c->periodic[0],        c->periodic[1],      c->periodic[2],
                                 c->has_energy,         c->has_virial,       c->force != NULL,
                                 c->force_mask != NULL, (unsigned char)part, mtp_config_is_squeezed(c)};
  double weights[3];
  const mtp_status status = mtp_config_weights(ctx, c, weights);
  if (status != MTP_OK) return status;
  *hash = mtp_hash_add(*hash, flags, sizeof flags);
  *hash = mtp_hash_add(*hash, weights, sizeof weights);
  *hash = mtp_hash_add(*hash, c->cell, sizeof c->cell);
  *hash = mtp_hash_add(*hash, c->species, c->n * sizeof *c->species);
  *hash = mtp_hash_add(*hash, c->x, 3 * c->n * sizeof *c->x);
  if (c->has_energy) *hash = mtp_hash_add(*hash, &c->energy, sizeof c->energy);
  if (c->has_virial) *hash = mtp_hash_add(*hash, c->virial, sizeof c->virial);
  if (c->force) *hash = mtp_hash_add(*hash, c->force, 3 * c->n * sizeof *c->force);
  if (c->force_mask) *hash = mtp_hash_add(*hash, c->force_mask, c->n);
  return MTP_OK;
}

static mtp_status identify(job *j) {
  const mtp_train_options *o = j->options;
  const double numbers[] = {o->weights.energy, o->weights.force,     o->weights.stress, (double)o->weights.weighting,
                            o->scale_by_force, o->penalty,           o->bending,        o->ridge,
                            o->held_out,       (double)o->starts,    (double)o->fresh,  (double)o->seed,
                            o->components,     (double)o->economical};
  mtp_text text = {0};
  mtp_status status = mtp_potential_text(j->ctx, j->top, &text);
  uint64_t hash = mtp_hash_add(MTP_HASH_START, numbers, sizeof numbers);
  if (status == MTP_OK) hash = mtp_hash_add(hash, text.data, text.size);
  mtp_text_free(&text);
  for (size_t k = 0; k < j->n && status == MTP_OK; k++)
    status = mix_config(j->ctx, j->sample[k]->config, j->part[k], &hash);
  j->id = hash;
  return status;
}

/* ---- after each iteration ---- */

static double root(double squares, double count) {
  return count > 0 ? sqrt(squares / count) : NAN;
}

static mtp_train_rmse rmse_of(const mtp_fit_stats *s) {
  return (mtp_train_rmse){root(s->energy, s->energies), root(s->force, s->forces), root(s->stress, s->stresses)};
}

/* Of the validation set, or else of what is held out. */
static double validation_loss(const job *j, const mtp_fit_stats *stats) {
  const mtp_fit_stats *s = &stats[MTP_PART_VALIDATION];
  if (!(s->configs > 0) && !(j->trained & MTP_PART_BIT(MTP_PART_HELD_OUT))) s = &stats[MTP_PART_HELD_OUT];
  return s->configs > 0 ? s->loss / s->configs : NAN;
}

static mtp_train_progress progress_of(const job *j, const mtp_fit *fit) {
  const double now = mtp_now();
  mtp_train_progress p = {.level = mtp_potential_level(j->pot), .stage = j->stage_name};
  p.iteration = j->done_before + fit->iterations;
  p.max_iterations = j->max_iterations;
  p.seconds = j->before + now - j->start;
  p.stage_seconds = now - j->stage_start;
  p.seconds_left = j->until > 0 ? j->until - now : NAN;
  p.loss = fit->loss;
  p.training = rmse_of(&fit->stats[MTP_PART_TRAINING]);
  p.held_out = rmse_of(&fit->stats[MTP_PART_HELD_OUT]);
  p.validation = rmse_of(&fit->stats[MTP_PART_VALIDATION]);
  p.validation_loss = validation_loss(j, fit->stats);
  return p;
}

/* What is only tried is not what to go on from. */
static mtp_status save(job *j, const mtp_fit *fit) {
  const size_t n = j->pot->nparams;
  const mtp_checkpoint at = {.job = j->id,
                             .stage = j->accepted ? j->accepted_stage : j->stage,
                             .iterations = j->accepted ? LONG_MAX : j->done_before + fit->iterations,
                             .seconds = j->before + mtp_now() - j->start};
  memcpy(j->pot->params, fit->theta, n * sizeof(double));
  j->saved = mtp_now();
  return mtp_checkpoint_write(j->ctx, j->options->checkpoint, &at, j->accepted ? j->accepted : j->pot);
}

static bool after_iteration(void *user, const mtp_fit *fit) {
  job *j = user;
  const mtp_train_options *o = j->options;
  const double valid = validation_loss(j, fit->stats);
  if (j->best && valid < j->best_loss) {
    j->best_loss = valid;
    j->best_iteration = fit->iterations;
    memcpy(j->best, fit->theta, j->pot->nparams * sizeof(double));
  }
  if (o->checkpoint && j->stage >= 0 && mtp_now() - j->saved >= o->checkpoint_seconds) j->status = save(j, fit);
  if (o->watch) {
    const mtp_train_progress p = progress_of(j, fit);
    if (!o->watch(o->user, &p)) j->stopped = true;
  }
  if (j->until > 0 && mtp_now() >= j->until) j->stopped = true;
  if (j->best && fit->iterations - j->best_iteration >= o->patience) return false;
  return !j->stopped && j->status == MTP_OK;
}

/* ---- fits ---- */

typedef mtp_training_task task;

/* That of a typical configuration: a geometric mean. In a sum a single one with closer atoms than all others, on which
 * every fit is a guess, would drown what the rest says. */
static double held_out_loss(const mtp_fit_stats *stats) {
  const mtp_fit_stats *s = &stats[MTP_PART_HELD_OUT];
  if (s->log_losses > 0) return exp(s->log_loss / s->log_losses);
  return s->configs > 0 ? 0.0 : NAN;
}

/* The fit, in which bending costs where no data are. */
static mtp_status run_fit(job *j, const mtp_fit_plan *plan, mtp_fit *fit) {
  mtp_fit_stats stats[MTP_PARTS];
  double *forms = NULL;
  mtp_status status = MTP_OK;
  if (j->pairs && j->pot->radial.type == MTP_RADIAL_CHEBYSHEV) {
    status = mtp_objective_pass(j->ctx, j->objective, j->pot->params, plan->trained, plan->trained, stats, NULL);
    const double loss = mtp_objective_loss(j->objective, j->pot->params, stats, plan->trained);
    if (status == MTP_OK && isfinite(loss)) status = mtp_training_make_forms(j, loss, &forms);
  }
  mtp_objective_set_forms(j->objective, forms);
  if (status == MTP_OK) status = mtp_fit_run(j->ctx, j->objective, plan, fit);
  mtp_objective_set_forms(j->objective, NULL);
  free(forms);
  return status;
}

mtp_status mtp_training_improve(job *j, const task *t, double *loss) {
  mtp_fit *fit = NULL;
  j->stage_name = t->name;
  j->stage_start = mtp_now();
  j->trained = t->trained;
  j->max_iterations = t->iterations;
  j->best_loss = INFINITY;
  j->best_iteration = 0;
  if (j->done_before > t->iterations) j->done_before = t->iterations;
  j->best = t->patient ? mtp_calloc(j->pot->nparams, sizeof(double)) : NULL;
  const mtp_fit_plan plan = {.trained = t->trained,
                             .watched = ALL_PARTS,
                             .iterations = t->iterations - j->done_before,
                             .tolerance = t->tolerance,
                             .window = WINDOW,
                             .until = j->until > 0 ? j->start + t->share * (j->until - j->start) : 0,
                             .seed = j->options->seed,
                             .watch = after_iteration,
                             .user = j};
  mtp_status status = t->patient && !j->best ? mtp_fail_memory(j->ctx) : MTP_OK;
  if (status == MTP_OK) status = mtp_fit_new(j->ctx, j->objective, j->pot->params, &fit);
  if (status == MTP_OK) status = run_fit(j, &plan, fit);
  if (status == MTP_OK) status = j->status;
  if (status == MTP_OK) {
    const double *theta = j->best && isfinite(j->best_loss) ? j->best : fit->theta;
    memcpy(j->pot->params, theta, j->pot->nparams * sizeof(double));
    j->pot->trained = true;
    j->result.iterations += fit->iterations;
    j->result.passes += fit->passes;
    *loss = fit->loss;
    if (!(t->trained & MTP_PART_BIT(MTP_PART_HELD_OUT))) j->held_out = held_out_loss(fit->stats);
  }
  free(j->best);
  j->best = NULL;
  mtp_fit_free(fit);
  return status;
}

mtp_status mtp_training_set_potential(job *j, mtp_potential *pot) {
  mtp_potential_free(j->pot);
  j->pot = pot;
  if (j->objective) return mtp_objective_set_potential(j->ctx, j->objective, pot);
  const mtp_objective_options options = {.weights = j->options->weights,
                                         .scale_by_force = j->options->scale_by_force,
                                         .penalty = j->options->penalty,
                                         .memory = j->options->memory};
  return mtp_objective_new(j->ctx, &options, &j->workers, j->n, j->sample, j->part, pot, &j->objective);
}

mtp_status mtp_training_solve(job *j, unsigned trained, double *theta) {
  return mtp_objective_solve(j->ctx, j->objective, trained, j->options->ridge, theta);
}

double mtp_training_tolerance(const job *j) {
  return j->options->tolerance > 0 ? j->options->tolerance : TOLERANCE;
}

static mtp_status train_last(job *j, double *loss) {
  const mtp_train_options *o = j->options;
  j->stage = j->last_stage;
  const bool patient = o->patience > 0;
  const bool watched = mtp_objective_configs(j->objective, MTP_PART_BIT(MTP_PART_VALIDATION)) > 0;
  task t = {.name = "final", .share = 1.0, .tolerance = mtp_training_tolerance(j), .patient = patient};
  t.trained = MTP_EVERYTHING;
  t.iterations = o->max_iterations > 0 ? o->max_iterations : LAST_ITERATIONS;
  if (patient && !watched && j->has_held_out) t.trained = MTP_FIRST_PARTS;
  return mtp_training_improve(j, &t, loss);
}

/* The linear coefficients belong to the radial functions exactly in the end, if there is time for it and it lowers the
 * loss: the solve has a ridge, and no force-dependent weights. */
static mtp_status finish(job *j) {
  const size_t n = j->pot->nparams;
  mtp_fit_stats stats[MTP_PARTS];
  double *theta = mtp_calloc(n, sizeof(double));
  if (!theta) return mtp_fail_memory(j->ctx);
  memcpy(theta, j->pot->params, n * sizeof(double));
  mtp_status status = mtp_objective_pass(j->ctx, j->objective, theta, MTP_EVERYTHING, MTP_EVERYTHING, stats, NULL);
  j->result.loss = mtp_objective_loss(j->objective, theta, stats, MTP_EVERYTHING);
  const bool late = j->until > 0 && mtp_now() >= j->until;
  if (status == MTP_OK && j->options->patience <= 0 && j->options->max_iterations >= 0 && !late) {
    status = mtp_training_solve(j, MTP_EVERYTHING, theta);
    if (status == MTP_OK)
      status = mtp_objective_pass(j->ctx, j->objective, theta, MTP_EVERYTHING, MTP_EVERYTHING, stats, NULL);
    const double loss = status == MTP_OK ? mtp_objective_loss(j->objective, theta, stats, MTP_EVERYTHING) : INFINITY;
    if (loss < j->result.loss || !isfinite(j->result.loss)) {
      memcpy(j->pot->params, theta, n * sizeof(double));
      j->result.loss = loss;
    }
  }
  free(theta);
  return status;
}

/* Training that goes on does not end worse than it began: what is fitted to judge sizes leaves out a part, and the last
 * fit may be short. A caller that economises judges for itself. */
static mtp_status keep_better(job *j) {
  const mtp_train_options *o = j->options;
  if (!j->top->trained || o->linear || o->economical || o->patience > 0 || o->max_iterations < 0) return MTP_OK;
  mtp_potential *first = NULL, *last = NULL;
  mtp_fit_stats stats[MTP_PARTS];
  mtp_status status = mtp_potential_copy(j->ctx, j->pot, &last);
  if (status == MTP_OK) status = mtp_potential_copy(j->ctx, j->top, &first);
  if (status == MTP_OK) status = mtp_training_reach(j, first);
  if (status != MTP_OK) {
    mtp_potential_free(first);
    mtp_potential_free(last);
    return status;
  }
  status = mtp_training_set_potential(j, first);
  const double *theta = j->pot->params;
  if (status == MTP_OK)
    status = mtp_objective_pass(j->ctx, j->objective, theta, MTP_EVERYTHING, MTP_EVERYTHING, stats, NULL);
  const double loss = status == MTP_OK ? mtp_objective_loss(j->objective, theta, stats, MTP_EVERYTHING) : NAN;
  if (status == MTP_OK && loss < j->result.loss) {
    j->result.loss = loss;
    mtp_potential_free(last);
    return MTP_OK;
  }
  mtp_potential_free(j->pot);
  j->pot = last;
  return status;
}

/* ---- from beginning to end ---- */

/* From the parameters that there are. */
static mtp_status go_on(job *j, mtp_potential *pot) {
  mtp_status status = pot ? MTP_OK : mtp_potential_copy(j->ctx, j->top, &pot);
  if (status == MTP_OK) status = mtp_training_reach(j, pot);
  if (status == MTP_OK)
    status = mtp_training_set_potential(j, pot);
  else
    mtp_potential_free(pot);
  if (status != MTP_OK || j->options->max_iterations < 0 || j->stage == j->last_stage) return status;
  return j->options->linear ? mtp_training_solve(j, MTP_EVERYTHING, j->pot->params) : mtp_training_grow(j);
}

/* What a checkpoint of this job holds must fit it. */
static mtp_status check_resumed(const job *j, const mtp_checkpoint *at, const mtp_potential *pot) {
  if (at->stage >= 0 && at->stage <= j->last_stage && at->iterations >= 0 && at->seconds >= 0 &&
      pot->nspecies == j->top->nspecies && pot->radial.type == j->top->radial.type)
    return MTP_OK;
  return mtp_fail(
      j->ctx, MTP_ERR_FORMAT,
      "%s:1: expected a stage from 0 to %d after so many iterations and seconds, found %d, %ld and %g; remove "
      "it to begin anew",
      j->options->checkpoint, j->last_stage, at->stage, at->iterations, at->seconds);
}

static mtp_status read_checkpoint(job *j, mtp_potential **resumed) {
  mtp_checkpoint at = {0};
  mtp_status status = identify(j);
  if (status == MTP_OK) status = mtp_checkpoint_read(j->ctx, j->options->checkpoint, j->id, &at, resumed);
  if (status != MTP_OK || !*resumed) return status;
  status = check_resumed(j, &at, *resumed);
  if (status != MTP_OK) {
    mtp_potential_free(*resumed);
    *resumed = NULL;
    return status;
  }
  mtp_message(j->ctx, MTP_WARNING, "going on from %s, which was written after %.3g s", j->options->checkpoint,
              at.seconds);
  j->stage = at.stage;
  j->before = at.seconds;
  j->done_before = at.iterations;
  if (j->until > 0) j->until -= at.seconds;
  return MTP_OK;
}

/* What the potential, its linear coefficients fitted to the first parts, makes of what is held out: the mark for all
 * that is tried. */
static mtp_status judge_present(job *j) {
  mtp_potential *pot = NULL;
  mtp_fit_stats stats[MTP_PARTS];
  j->result.held_out_before = NAN;
  if (!j->has_held_out || !j->given->trained || j->options->linear || j->options->max_iterations < 0) return MTP_OK;
  mtp_status status = mtp_potential_copy(j->ctx, j->given, &pot);
  if (status == MTP_OK) status = mtp_training_set_potential(j, pot);
  if (status == MTP_OK) status = mtp_training_solve(j, MTP_FIRST_PARTS, j->pot->params);
  if (status == MTP_OK)
    status = mtp_objective_pass(j->ctx, j->objective, j->pot->params, MTP_PART_BIT(MTP_PART_HELD_OUT), 0, stats, NULL);
  if (status == MTP_OK) j->result.held_out_before = held_out_loss(stats);
  return status;
}

static mtp_status train_all(job *j) {
  const mtp_train_options *o = j->options;
  mtp_potential *resumed = NULL;
  mtp_stage stages[MTP_MAX_STAGES];
  mtp_status status = MTP_OK;
  double loss;
  j->last_stage = mtp_continuation_stages(j->top, stages);
  if (o->checkpoint) status = read_checkpoint(j, &resumed);
  if (status == MTP_OK) status = judge_present(j);
  if (status != MTP_OK) {
    mtp_potential_free(resumed);
    return status;
  }
  if (!o->linear && !j->top->trained && !(resumed && j->stage == j->last_stage))
    status = mtp_training_climb(j, resumed);
  else
    status = go_on(j, resumed);
  if (status == MTP_OK) status = mtp_training_arrive(j);
  if (status == MTP_OK && !o->linear && !j->stopped && o->max_iterations >= 0) status = train_last(j, &loss);
  if (status == MTP_OK) status = finish(j);
  return status == MTP_OK ? keep_better(j) : status;
}

static mtp_status check_finite(mtp_context *ctx, const mtp_potential *pot) {
  for (size_t i = 0; i < pot->nparams; i++)
    if (!isfinite(pot->params[i])) return mtp_fail(ctx, MTP_ERR_NUMERIC, "training: parameter %zu is not finite", i);
  return MTP_OK;
}

static mtp_status check_options(mtp_context *ctx, const mtp_train_options *o) {
  if (!(o->scale_by_force >= 0) || !(o->penalty >= 0) || !(o->bending >= 0) || !(o->ridge >= 0) ||
      !(o->held_out >= 0) || !(o->held_out < 1) || !(o->max_seconds >= 0) || !(o->tolerance >= 0) ||
      !(o->components >= 0) || o->threads < 1 || o->starts < 1)
    return mtp_fail(
        ctx, MTP_ERR_ARGUMENT,
        "training: expected options that are not negative, at least one thread and one start, and less than "
        "everything held out");
  const mtp_comm *comm = o->comm;
  if (comm && comm->size > 1 && (!comm->broadcast || !comm->collect || !comm->abort))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "training: expected all functions of the communicator of %d ranks",
                    comm->size);
  return mtp_weights_check(ctx, &o->weights);
}

/* Nothing that was learned is left. */
static mtp_status forget(mtp_context *ctx, mtp_potential *pot) {
  pot->trained = false;
  return mtp_potential_init_radial(ctx, pot);
}

mtp_status mtp_train_samples(mtp_context *ctx, const mtp_train_options *options, mtp_potential *pot,
                             const mtp_sample_set *set, const mtp_sample_set *valid, mtp_train_result *result) {
  const bool none = options->max_iterations < 0;
  job j = {.ctx = ctx, .options = options, .workers = {options->comm, options->threads}, .start = mtp_now()};
  j.given = pot;
  j.held_out = NAN;
  j.saved = j.start;
  if (options->max_seconds > 0) j.until = j.start + options->max_seconds;
  mtp_status status = check_options(ctx, options);
  if (status == MTP_OK && none && !mtp_potential_is_trained(pot))
    status = mtp_fail(ctx, MTP_ERR_STATE, "expected a trained potential where no iterations are asked for");
  if (status == MTP_OK) status = mtp_potential_copy(ctx, pot, &j.top);
  if (status == MTP_OK && !none && options->fresh && !options->linear) status = forget(ctx, j.top);
  if (status == MTP_OK) status = mtp_training_collect(&j, set, valid);
  if (status == MTP_OK && !none) status = mtp_training_follow_distances(&j);
  if (status == MTP_OK && !none && !options->linear && options->bending > 0) status = mtp_training_count_pairs(&j);
  if (status == MTP_OK) status = train_all(&j);
  if (status == MTP_OK) {
    j.pot->trained = true;
    status = check_finite(ctx, j.pot);
    if (status == MTP_OK) status = mtp_potential_adopt(ctx, pot, j.pot);
  }
  if (status == MTP_OK && result) {
    *result = j.result;
    result->held_out = j.held_out;
    result->seconds = j.before + mtp_now() - j.start;
    result->stopped = j.stopped;
  }
  if (status == MTP_OK && options->checkpoint) unlink(options->checkpoint);
  mtp_objective_free(j.objective);
  mtp_potential_free(j.pot);
  mtp_potential_free(j.top);
  mtp_sample_set_free(j.all);
  mtp_training_forget_pairs(&j);
  free(j.sample);
  free(j.part);
  free(j.closest);
  return status;
}

mtp_status mtp_train(mtp_context *ctx, const mtp_train_options *options, mtp_potential *pot, const mtp_config_set *set,
                     const mtp_config_set *valid, mtp_train_result *result) {
  if (!options || !pot || !set)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "training: expected a potential and configurations");
  mtp_sample_set *trained = NULL, *watched = NULL;
  mtp_status status = mtp_sample_set_borrow(ctx, set, &trained);
  if (status == MTP_OK && valid) status = mtp_sample_set_borrow(ctx, valid, &watched);
  if (status == MTP_OK) status = mtp_train_samples(ctx, options, pot, trained, watched, result);
  mtp_sample_set_free(trained);
  mtp_sample_set_free(watched);
  return status;
}

mtp_status mtp_trainer_help(mtp_context *ctx, const mtp_comm *comm) {
  const mtp_workers workers = {comm, 1};
  if (!comm) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "training: expected a communicator to help");
  return mtp_objective_help(ctx, &workers);
}

void mtp_trainer_end_help(const mtp_comm *comm) {
  const mtp_workers workers = {comm, 1};
  if (comm && comm->size > 1) mtp_objective_end_help(&workers);
}
