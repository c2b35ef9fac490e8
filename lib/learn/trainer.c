/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/trainer.c
 * Training from beginning to end. An untrained potential climbs a ladder of levels: the radial functions of one level,
 * found quickly, are the start of the next. At the lowest one several starts are tried and judged on configurations
 * that are held out; at the last one everything is trained on. */
#include "mtp/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "learn/checkpoint.h"
#include "learn/fit.h"
#include "learn/ladder.h"
#include "learn/weights.h"

/* Iterations of a start before it is judged, of a level on the way, and of the last one. */
#define START_ITERATIONS 25
#define RUNG_ITERATIONS  150
#define LAST_ITERATIONS  200
/* A fit ends when this many iterations gain less than this part of the loss. */
#define WINDOW    30
#define TOLERANCE 3e-3
/* Parts of a limited time at which the starts and the levels on the way have to be over. */
#define START_SHARE 0.25
#define RUNG_SHARE  0.6
/* Size of the random parts of the radial functions of further starts. */
#define MIX 0.3
/* Fewer configurations than this are too few to hold some out. */
#define MIN_HELD_OUT 3

mtp_train_options mtp_train_defaults(void) {
  return (mtp_train_options){.weights = mtp_weights_default(),
                             .starts = 3,
                             .held_out = 0.1,
                             .seed = 12345,
                             .threads = 1,
                             .memory = 2e9,
                             .checkpoint_seconds = 60};
}

typedef struct job {
  mtp_context *ctx;
  const mtp_train_options *options;
  mtp_potential *top; /* the one to be trained */
  size_t n;
  const mtp_config **configs; /* [n] */
  mtp_part *part;             /* [n] */
  bool has_held_out;
  mtp_crew crew;
  mtp_objective *objective;
  mtp_potential *pot; /* of the level in hand */
  unsigned long long id;
  double start, stage_start, before, until, saved; /* times; seconds spent before a restart */
  bool stopped;
  mtp_train_result result;
  /* the fit in hand */
  int stage;
  const char *stage_name;
  unsigned trained;
  long max_iterations, done_before;
  double best_loss; /* of validation, with the parameters that have it */
  double *best;     /* [parameters], NULL: not wanted */
  long best_iteration;
  mtp_status status; /* of a checkpoint */
} job;

#define EVERYTHING (MTP_PART_BIT(MTP_PART_TRAINING) | MTP_PART_BIT(MTP_PART_HELD_OUT))
#define ALL_PARTS  (EVERYTHING | MTP_PART_BIT(MTP_PART_VALIDATION))

/* ---- what is trained on ---- */

static bool labelled(const mtp_config *cfg) {
  return cfg->n > 0 && (cfg->has_energy || cfg->has_virial || cfg->force);
}

static mtp_status check_config(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg, size_t number) {
  double probe = 0;
  if (cfg->has_energy) probe += cfg->energy * 0.0;
  for (size_t k = 0; k < 3 * cfg->n; k++) probe += cfg->x[k] * 0.0 + (cfg->force ? cfg->force[k] * 0.0 : 0.0);
  for (size_t k = 0; cfg->has_virial && k < 6; k++) probe += cfg->virial[k] * 0.0;
  if (probe != 0.0)
    return mtp_fail(ctx, MTP_ERR_NUMERIC, "configuration %zu: a position or label is not a finite number", number + 1);
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= pot->nspecies)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "configuration %zu: atom %zu has species %d, the potential has %d",
                      number + 1, i + 1, cfg->species[i], pot->nspecies);
  return MTP_OK;
}

/* Marks about a part `fraction` of the first n configurations, the same for the same seed. */
static void hold_out(job *j, size_t n, double fraction) {
  const size_t count = (size_t)(fraction * (double)n);
  mtp_random random = {j->options->seed};
  if (count < MIN_HELD_OUT || j->options->starts < 2) return;
  for (size_t left = count, k = 0; k < n; k++) /* selection sampling: each subset is as likely */
    if (mtp_random_uniform(&random) * (double)(n - k) < (double)left) {
      j->part[k] = MTP_PART_HELD_OUT;
      left--;
    }
  j->has_held_out = true;
}

static mtp_status collect(job *j, const mtp_config_set *set, const mtp_config_set *valid) {
  const size_t most = set->n + (valid ? valid->n : 0);
  j->configs = mtp_calloc(most, sizeof *j->configs);
  j->part = mtp_calloc(most, sizeof *j->part);
  if (!j->configs || !j->part) return mtp_fail_memory(j->ctx);
  const mtp_config_set *const both[2] = {set, valid};
  size_t trained = 0;
  for (int q = 0; q < 2; q++) {
    for (size_t k = 0; both[q] && k < both[q]->n; k++) {
      const mtp_config *cfg = both[q]->configs[k];
      if (!labelled(cfg)) continue;
      const mtp_status status = check_config(j->ctx, j->top, cfg, k);
      if (status != MTP_OK) return status;
      j->part[j->n] = q ? MTP_PART_VALIDATION : MTP_PART_TRAINING;
      j->configs[j->n++] = cfg;
    }
    if (q == 0) trained = j->n;
  }
  if (trained == 0) return mtp_fail(j->ctx, MTP_ERR_STATE, "no configuration has labels to train on");
  hold_out(j, trained, j->options->held_out);
  return MTP_OK;
}

static mtp_status update_min_dist(job *j) {
  double smallest = INFINITY;
  for (size_t k = 0; k < j->n; k++) {
    mtp_neighbors *nb = NULL;
    if (j->part[k] == MTP_PART_VALIDATION) continue;
    const mtp_status status = mtp_neighbors_build(j->ctx, j->configs[k], j->top->radial.max_dist, &nb);
    if (status != MTP_OK) return status;
    for (size_t i = 0; i < nb->n; i++)
      for (int q = 0; q < nb->count[i]; q++) {
        const double *a = nb->x + 3 * i, *b = nb->x + 3 * (size_t)nb->list[i][q];
        smallest = fmin(smallest, sqrt(pow(a[0] - b[0], 2) + pow(a[1] - b[1], 2) + pow(a[2] - b[2], 2)));
      }
    mtp_neighbors_free(nb);
  }
  if (!isfinite(smallest)) return mtp_fail(j->ctx, MTP_ERR_STATE, "no two atoms are within the cutoff of each other");
  j->top->radial.min_dist = 0.99 * smallest;
  return j->top->trained && !j->options->fresh ? MTP_OK : mtp_potential_init_radial(j->ctx, j->top);
}

/* FNV-1a over what is trained on what. */
static unsigned long long mix_in(unsigned long long hash, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t k = 0; k < size; k++) hash = (hash ^ bytes[k]) * 0x100000001b3ull;
  return hash;
}

static mtp_status identify(job *j) {
  const mtp_train_options *o = j->options;
  const double numbers[] = {o->weights.energy, o->weights.force, o->weights.stress, (double)o->weights.weighting,
                            o->scale_by_force, o->penalty,       o->ridge,          o->held_out,
                            (double)o->starts, (double)o->fresh, (double)o->seed};
  mtp_text text = {0};
  const mtp_status status = mtp_potential_text(j->ctx, j->top, &text);
  unsigned long long hash = mix_in(0xcbf29ce484222325ull, numbers, sizeof numbers);
  if (status == MTP_OK) hash = mix_in(hash, text.data, text.size);
  mtp_text_free(&text);
  for (size_t k = 0; k < j->n; k++) {
    const mtp_config *c = j->configs[k];
    hash = mix_in(hash, c->x, 3 * c->n * sizeof(double));
    if (c->force) hash = mix_in(hash, c->force, 3 * c->n * sizeof(double));
    hash = mix_in(hash, &c->energy, sizeof c->energy);
  }
  j->id = hash;
  return status;
}

/* ---- watching ---- */

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

static mtp_status save(job *j, const mtp_fit *fit) {
  const size_t n = j->pot->nparams;
  const mtp_checkpoint at = {.job = j->id,
                             .stage = j->stage,
                             .iterations = j->done_before + fit->iterations,
                             .seconds = j->before + mtp_now() - j->start};
  memcpy(j->pot->params, fit->theta, n * sizeof(double));
  j->saved = mtp_now();
  return mtp_checkpoint_write(j->ctx, j->options->checkpoint, &at, j->pot);
}

static bool watch(void *user, const mtp_fit *fit) {
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

typedef struct task {
  const char *name;
  double share; /* of a limited time, at which it ends */
  unsigned trained;
  long iterations;
  double tolerance;
  bool patient; /* the best by validation is wanted, not the last */
} task;

/* Improves the parameters of j->pot, whose objective is set. */
static mtp_status improve(job *j, const task *t, mtp_fit **out) {
  mtp_fit *fit = NULL;
  j->stage_name = t->name;
  j->stage_start = mtp_now();
  j->trained = t->trained;
  j->max_iterations = t->iterations;
  j->best_loss = INFINITY;
  j->best_iteration = 0;
  j->best = t->patient ? mtp_calloc(j->pot->nparams, sizeof(double)) : NULL;
  const mtp_fit_plan plan = {.trained = t->trained,
                             .watched = ALL_PARTS,
                             .iterations = t->iterations > j->done_before ? t->iterations - j->done_before : 0,
                             .tolerance = t->tolerance,
                             .window = WINDOW,
                             .until = j->until > 0 ? j->start + t->share * (j->until - j->start) : 0,
                             .seed = j->options->seed,
                             .watch = watch,
                             .user = j};
  mtp_status status = t->patient && !j->best ? mtp_fail_memory(j->ctx) : MTP_OK;
  if (status == MTP_OK) status = mtp_fit_new(j->ctx, j->objective, j->pot->params, &fit);
  if (status == MTP_OK) status = mtp_fit_run(j->ctx, j->objective, &plan, fit);
  if (status == MTP_OK) status = j->status;
  if (status == MTP_OK) {
    const double *theta = j->best && isfinite(j->best_loss) ? j->best : fit->theta;
    memcpy(j->pot->params, theta, j->pot->nparams * sizeof(double));
    j->pot->trained = true;
    j->result.iterations += fit->iterations;
    j->result.passes += fit->passes;
  }
  free(j->best);
  j->best = NULL;
  if (status == MTP_OK && out)
    *out = fit;
  else
    mtp_fit_free(fit);
  return status;
}

/* Another potential in hand: `pot` is taken over. */
static mtp_status take(job *j, mtp_potential *pot) {
  mtp_potential_free(j->pot);
  j->pot = pot;
  if (j->objective) return mtp_objective_set_potential(j->ctx, j->objective, pot);
  const mtp_objective_options options = {.weights = j->options->weights,
                                         .scale_by_force = j->options->scale_by_force,
                                         .penalty = j->options->penalty,
                                         .memory = j->options->memory};
  return mtp_objective_new(j->ctx, &options, &j->crew, j->n, j->configs, j->part, pot, &j->objective);
}

static mtp_status solve(job *j, unsigned trained, double *theta) {
  return mtp_objective_solve(j->ctx, j->objective, trained, j->options->ridge, theta);
}

/* The lowest rung: the best of several starts, each after some iterations. */
static mtp_status choose_start(job *j, unsigned trained) {
  const size_t n = j->pot->nparams;
  double *first = mtp_calloc(n, sizeof(double)), *best = mtp_calloc(n, sizeof(double)), lowest = INFINITY;
  mtp_status status = first && best ? MTP_OK : mtp_fail_memory(j->ctx);
  if (status == MTP_OK) memcpy(first, j->pot->params, n * sizeof(double));
  task t = {.name = "start", .trained = trained, .iterations = START_ITERATIONS};
  for (int k = 0; status == MTP_OK && k < j->options->starts && !j->stopped; k++) {
    mtp_fit *fit = NULL;
    t.share = START_SHARE * (k + 1) / j->options->starts;
    memcpy(j->pot->params, first, n * sizeof(double));
    if (k > 0) mtp_ladder_perturb(j->pot, MIX, j->options->seed + (unsigned long long)k);
    status = solve(j, trained, j->pot->params);
    if (status == MTP_OK) status = improve(j, &t, &fit);
    if (status != MTP_OK) break;
    const mtp_fit_stats *held_out = &fit->stats[MTP_PART_HELD_OUT];
    const double loss = j->has_held_out ? held_out->loss / held_out->configs : fit->loss;
    if (loss < lowest) {
      lowest = loss;
      memcpy(best, j->pot->params, n * sizeof(double));
    }
    mtp_fit_free(fit);
  }
  if (status == MTP_OK && isfinite(lowest)) memcpy(j->pot->params, best, n * sizeof(double));
  free(first);
  free(best);
  return status;
}

static double tolerance(const job *j) {
  return j->options->tolerance > 0 ? j->options->tolerance : TOLERANCE;
}

/* The way up to a potential of the last level with a good start. `resumed` is the potential of a checkpoint of stage
 * `stage`. */
static mtp_status climb(job *j, int stage, mtp_potential *resumed) {
  int levels[MTP_MAX_RUNGS];
  const int nrungs = mtp_ladder_levels(j->top, levels);
  const unsigned trained = j->has_held_out ? MTP_PART_BIT(MTP_PART_TRAINING) : EVERYTHING;
  mtp_status status = MTP_OK;
  for (int k = stage; k < nrungs && status == MTP_OK && !j->stopped; k++) {
    mtp_potential *pot = k == stage ? resumed : NULL;
    const bool fresh = !pot, last = k + 1 == nrungs;
    if (fresh) {
      status = last ? mtp_potential_copy(j->ctx, j->top, &pot) : mtp_ladder_rung(j->ctx, j->top, levels[k], &pot);
      if (status == MTP_OK && j->pot) mtp_ladder_carry(j->pot, pot);
    }
    if (status == MTP_OK) status = take(j, pot);
    j->stage = -1; /* starts are not worth a checkpoint */
    if (status == MTP_OK && fresh && k == 0 && j->options->starts > 1)
      status = choose_start(j, trained);
    else if (status == MTP_OK && fresh)
      status = solve(j, last ? EVERYTHING : trained, j->pot->params);
    j->stage = k;
    if (status != MTP_OK || last) break;
    const task t = {.name = "level",
                    .share = RUNG_SHARE * (k + 1) / nrungs,
                    .trained = trained,
                    .iterations = RUNG_ITERATIONS,
                    .tolerance = tolerance(j)};
    if (status == MTP_OK) status = improve(j, &t, NULL);
    j->done_before = 0;
  }
  return status;
}

/* Where a time limit ended the climb: radial functions for the last level after all. */
static mtp_status jump(job *j) {
  mtp_potential *pot = NULL;
  mtp_status status = mtp_potential_copy(j->ctx, j->top, &pot);
  if (status != MTP_OK) return status;
  if (j->pot) mtp_ladder_carry(j->pot, pot);
  status = take(j, pot);
  return status == MTP_OK ? solve(j, EVERYTHING, j->pot->params) : status;
}

static mtp_status train_last(job *j, double *loss) {
  const mtp_train_options *o = j->options;
  const bool patient = o->patience > 0;
  const bool watched = mtp_objective_configs(j->objective, MTP_PART_BIT(MTP_PART_VALIDATION)) > 0;
  task t = {.name = "final", .share = 1.0, .trained = EVERYTHING, .tolerance = tolerance(j), .patient = patient};
  t.iterations = o->max_iterations > 0 ? o->max_iterations : LAST_ITERATIONS;
  if (patient && !watched && j->has_held_out) t.trained = MTP_PART_BIT(MTP_PART_TRAINING);
  mtp_fit *fit = NULL;
  const mtp_status status = improve(j, &t, &fit);
  if (status == MTP_OK) *loss = fit->loss;
  mtp_fit_free(fit);
  return status;
}

/* The linear coefficients belong to the radial functions exactly in the end, if there is time for it and it lowers the
 * loss: the solve has a ridge, and no force-dependent weights. */
static mtp_status finish(job *j) {
  const size_t n = j->pot->nparams;
  mtp_fit_stats stats[MTP_PARTS];
  double *theta = mtp_calloc(n, sizeof(double));
  if (!theta) return mtp_fail_memory(j->ctx);
  memcpy(theta, j->pot->params, n * sizeof(double));
  mtp_status status = mtp_objective_pass(j->ctx, j->objective, theta, EVERYTHING, EVERYTHING, stats, NULL);
  j->result.loss = mtp_objective_loss(j->objective, theta, stats, EVERYTHING);
  const bool late = j->until > 0 && mtp_now() >= j->until;
  if (status == MTP_OK && j->options->patience <= 0 && !late) {
    status = solve(j, EVERYTHING, theta);
    if (status == MTP_OK) status = mtp_objective_pass(j->ctx, j->objective, theta, EVERYTHING, EVERYTHING, stats, NULL);
    const double loss = status == MTP_OK ? mtp_objective_loss(j->objective, theta, stats, EVERYTHING) : INFINITY;
    if (loss < j->result.loss || !isfinite(j->result.loss)) {
      memcpy(j->pot->params, theta, n * sizeof(double));
      j->result.loss = loss;
    }
  }
  free(theta);
  return status;
}

/* ---- from beginning to end ---- */

static mtp_status train_all(job *j) {
  const mtp_train_options *o = j->options;
  mtp_potential *resumed = NULL;
  mtp_checkpoint at = {0};
  mtp_status status = MTP_OK;
  double loss;
  if (o->checkpoint) {
    status = identify(j);
    if (status == MTP_OK) status = mtp_checkpoint_read(j->ctx, o->checkpoint, j->id, &at, &resumed);
    if (status == MTP_OK && resumed)
      mtp_message(j->ctx, MTP_WARNING, "going on from %s, which was written after %.3g s", o->checkpoint, at.seconds);
    j->before = at.seconds;
    j->done_before = at.iterations;
    if (j->until > 0) j->until -= at.seconds;
  }
  if (status != MTP_OK) return status;
  if (!o->linear && (!j->top->trained || o->fresh))
    status = climb(j, at.stage, resumed);
  else {
    if (!resumed) status = mtp_potential_copy(j->ctx, j->top, &resumed);
    if (status == MTP_OK) status = take(j, resumed);
    if (status == MTP_OK && (o->linear || !j->top->trained)) status = solve(j, EVERYTHING, j->pot->params);
  }
  if (status == MTP_OK && j->pot->nparams != j->top->nparams) status = jump(j);
  if (status == MTP_OK && !o->linear && !j->stopped) status = train_last(j, &loss);
  return status == MTP_OK ? finish(j) : status;
}

static mtp_status check_options(mtp_context *ctx, const mtp_train_options *o) {
  if (!(o->scale_by_force >= 0) || !(o->penalty >= 0) || !(o->ridge >= 0) || !(o->held_out >= 0) ||
      !(o->held_out < 1) || !(o->max_seconds >= 0) || !(o->tolerance >= 0) || o->max_iterations < 0 || o->threads < 1 ||
      o->starts < 1)
    return mtp_fail(
        ctx, MTP_ERR_ARGUMENT,
        "training: expected options that are not negative, at least one thread and one start, and less than "
        "everything held out");
  return mtp_weights_check(ctx, &o->weights);
}

mtp_status mtp_train(mtp_context *ctx, const mtp_train_options *options, mtp_potential *pot, const mtp_config_set *set,
                     const mtp_config_set *valid, mtp_train_result *result) {
  if (!options || !pot || !set)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "training: expected a potential and configurations");
  job j = {.ctx = ctx, .options = options, .crew = {options->comm, options->threads}, .start = mtp_now()};
  j.saved = j.start;
  if (options->max_seconds > 0) j.until = j.start + options->max_seconds;
  mtp_status status = check_options(ctx, options);
  if (status == MTP_OK) status = mtp_potential_copy(ctx, pot, &j.top);
  if (status == MTP_OK) status = collect(&j, set, valid);
  if (status == MTP_OK && options->update_min_dist) status = update_min_dist(&j);
  if (status == MTP_OK) status = train_all(&j);
  if (status == MTP_OK) {
    pot->radial = j.pot->radial;
    status = mtp_potential_set_parameters(ctx, pot, j.pot->params);
  }
  if (status == MTP_OK && result) {
    *result = j.result;
    result->seconds = j.before + mtp_now() - j.start;
    result->stopped = j.stopped;
  }
  if (status == MTP_OK && options->checkpoint) unlink(options->checkpoint);
  mtp_objective_free(j.objective);
  mtp_potential_free(j.pot);
  mtp_potential_free(j.top);
  free(j.configs);
  free(j.part);
  return status;
}

mtp_status mtp_trainer_serve(mtp_context *ctx, const mtp_comm *comm) {
  const mtp_crew crew = {comm, 1};
  return mtp_objective_serve(ctx, &crew);
}

void mtp_trainer_release(const mtp_comm *comm) {
  const mtp_crew crew = {comm, 1};
  if (comm && comm->size > 1) mtp_objective_release(&crew);
}
