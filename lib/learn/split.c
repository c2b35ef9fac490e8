/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/split.c
 * What a training set is made of: which configurations are fitted to from the start, which judge between fits, which
 * are not needed before the end, and how near their atoms come to each other. */
#include <math.h>
#include <stdlib.h>

#include "learn/continuation.h"
#include "learn/training.h"

typedef mtp_training job;

/* Fewer configurations than this are too few to split; so many are held out at least where there are enough. */
#define FEWEST_TO_SPLIT 4
#define MIN_HELD_OUT    3

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

static bool is_squeezed(const job *j, size_t k) {
  return j->sample[k]->kind == MTP_SAMPLE_SQUEEZED;
}

/* Also of what is left out in the end: its linear coefficients are fitted with the same functions. */
static mtp_status measure_distances(job *j) {
  mtp_status status = MTP_OK;
  j->least_ordinary = j->least = INFINITY;
  for (size_t k = 0; k < j->n && status == MTP_OK; k++) {
    status = mtp_sample_smallest_distance(j->ctx, j->sample[k], j->top->radial.max_dist, &j->closest[k]);
    if (status != MTP_OK || j->part[k] == MTP_PART_VALIDATION) continue;
    j->least = fmin(j->least, j->closest[k]);
    if (!is_squeezed(j, k)) j->least_ordinary = fmin(j->least_ordinary, j->closest[k]);
  }
  return status;
}

/* How many of n configurations are held out. */
static size_t held_out_count(const job *j, size_t n) {
  const size_t least = n / 4 < MIN_HELD_OUT ? n / 4 : MIN_HELD_OUT, count = (size_t)(j->options->held_out * (double)n);
  const bool choice = j->options->starts > 1 || mtp_potential_size_is_free(j->top);
  if (n < FEWEST_TO_SPLIT || !(j->options->held_out > 0) || !choice) return 0;
  return count > least ? count : least;
}

/* Puts `count` of the configurations that are in part `from` into part `to`, the same for the same seed. */
static void move_some(job *j, size_t n, size_t count, mtp_part from, mtp_part to, unsigned long long seed) {
  mtp_random random = {seed};
  size_t among = 0;
  for (size_t k = 0; k < n; k++) among += j->part[k] == from;
  for (size_t left = count, k = 0; k < n; k++) { /* selection sampling: each subset is as likely */
    if (j->part[k] != from) continue;
    if (mtp_random_uniform(&random) * (double)among < (double)left) {
      j->part[k] = to;
      left--;
    }
    among--;
  }
}

/* Of the first n configurations, those that more data than a fit needs allow to leave out on the way. Squeezed ones are
 * needed always. */
static void put_aside(job *j, size_t n) {
  mtp_stage stages[MTP_MAX_STAGES];
  const mtp_stage last = stages[mtp_continuation_stages(j->top, stages) - 1];
  const double parameters = (double)j->top->nparams / j->top->radial.size * last.size; /* nearly all are radial */
  double components = 0, wanted = j->options->components * parameters;
  size_t fitted = 0;
  if (!(wanted > 0)) return;
  for (size_t k = 0; k < n; k++) {
    if (is_squeezed(j, k)) j->part[k] = MTP_PARTS; /* for the moment */
    if (j->part[k] != MTP_PART_TRAINING) continue;
    components += 3.0 * (double)j->sample[k]->config->n;
    fitted++;
  }
  const double spare = (double)fitted * (1.0 - wanted / components);
  if (components > wanted && spare >= 1.0)
    move_some(j, n, (size_t)spare, MTP_PART_TRAINING, MTP_PART_RESERVE, j->options->seed + 1);
  for (size_t k = 0; k < n; k++)
    if (j->part[k] == MTP_PARTS) j->part[k] = MTP_PART_TRAINING;
}

static int by_size(const void *left, const void *right) {
  const double *a = left, *b = right;
  return (*a > *b) - (*a < *b);
}

/* Of the first n configurations, the `count` ones with the closest atoms are not to be held out: where nothing of the
 * kind is fitted, every fit is a guess, and one of them would drown what the others say. */
static mtp_status keep_closest(job *j, size_t n, size_t count) {
  double *sorted = mtp_calloc(n + 1, sizeof *sorted);
  size_t among = 0, kept = 0;
  if (!sorted) return mtp_fail_memory(j->ctx);
  for (size_t k = 0; k < n; k++)
    if (j->part[k] == MTP_PART_TRAINING) sorted[among++] = j->closest[k];
  qsort(sorted, among, sizeof *sorted, by_size);
  for (size_t k = 0; k < n && kept < count; k++)
    if (j->part[k] == MTP_PART_TRAINING && j->closest[k] <= sorted[count - 1]) {
      j->part[k] = MTP_PARTS; /* for the moment */
      kept++;
    }
  free(sorted);
  return MTP_OK;
}

/* What is held out are ordinary configurations: errors on squeezed ones say nothing. */
static mtp_status hold_out(job *j, size_t n) {
  mtp_status status = MTP_OK;
  size_t ordinary = 0;
  for (size_t k = 0; k < n; k++) {
    if (is_squeezed(j, k))
      j->part[k] = MTP_PARTS; /* for the moment */
    else
      ordinary++;
  }
  const size_t count = held_out_count(j, ordinary), rest = ordinary - count;
  if (count > 0) status = keep_closest(j, n, count < rest ? count : rest);
  move_some(j, n, count, MTP_PART_TRAINING, MTP_PART_HELD_OUT, j->options->seed);
  for (size_t k = 0; k < n; k++)
    if (j->part[k] == MTP_PARTS) j->part[k] = MTP_PART_TRAINING;
  j->has_held_out = count > 0;
  return status;
}

static void leave_out_reserve(job *j) {
  size_t kept = 0;
  for (size_t k = 0; k < j->n; k++) {
    if (j->part[k] == MTP_PART_RESERVE) continue;
    j->sample[kept] = j->sample[k];
    j->part[kept++] = j->part[k];
  }
  j->n = kept;
}

/* The labelled ones of a set become part `part`. */
static mtp_status collect(job *j, const mtp_sample_set *set, mtp_part part) {
  for (size_t k = 0; set && k < set->n; k++) {
    if (!labelled(set->sample[k]->config)) continue;
    mtp_status status = check_config(j->ctx, j->top, set->sample[k]->config, k);
    if (status == MTP_OK) status = mtp_sample_set_add(j->ctx, j->all, set->sample[k]);
    if (status != MTP_OK) return status;
    j->part[j->n] = part;
    j->sample[j->n++] = set->sample[k];
  }
  return MTP_OK;
}

mtp_status mtp_training_collect(job *j, const mtp_sample_set *set, const mtp_sample_set *valid) {
  const size_t most = set->n + (valid ? valid->n : 0);
  j->all = mtp_sample_set_new();
  j->sample = mtp_calloc(most, sizeof(mtp_sample *));
  j->part = mtp_calloc(most, sizeof *j->part);
  j->closest = mtp_calloc(most, sizeof *j->closest);
  if (!j->all || !j->sample || !j->part || !j->closest) return mtp_fail_memory(j->ctx);
  mtp_status status = collect(j, set, MTP_PART_TRAINING);
  const size_t trained = j->n;
  if (status == MTP_OK) status = collect(j, valid, MTP_PART_VALIDATION);
  if (status == MTP_OK && trained == 0)
    status = mtp_fail(j->ctx, MTP_ERR_STATE, "no configuration has labels to train on");
  if (status == MTP_OK)
    status = mtp_sample_set_keep_neighbors(j->ctx, j->all, 0, j->top->radial.max_dist, j->options->threads);
  if (status == MTP_OK) status = measure_distances(j);
  if (status == MTP_OK) status = hold_out(j, trained);
  if (status != MTP_OK) return status;
  put_aside(j, trained);
  if (j->options->economical) leave_out_reserve(j);
  return MTP_OK;
}

/* ---- distances ---- */

/* Part of the smallest distance at which the radial functions begin; and where no squeezed configurations say anything
 * below it. Outside of their range polynomials grow as the power of their number, and a run is there as soon as it
 * is a little hotter than its data; inside they are bounded, and rise where the data do. */
#define BELOW 0.99
#define BLIND 0.8

/* Other radial functions cannot be written for another min_dist: they change, and training goes on from that. */
static mtp_status move_min_dist(job *j, double min_dist) {
  mtp_potential *top = j->top;
  if (top->trained && top->radial.type == MTP_RADIAL_CHEBYSHEV)
    return mtp_potential_rebase(j->ctx, top, min_dist, top->radial.size);
  top->radial.min_dist = min_dist;
  mtp_radial_prepare(&top->radial);
  return top->trained ? MTP_OK : mtp_potential_init_radial(j->ctx, top);
}

/* The first functions are made for the distances of the run; squeezed pairs are reached by extending their range. */
mtp_status mtp_training_follow_distances(job *j) {
  const mtp_train_options *o = j->options;
  const bool moves = o->update_min_dist || (!j->top->trained && mtp_potential_min_dist_is_free(j->top));
  const double ordinary = j->least_ordinary, all = j->least;
  const double part = o->update_min_dist || o->linear || all < ordinary ? BELOW : BLIND;
  if (o->linear && !moves) return MTP_OK;
  mtp_status status = MTP_OK;
  if (!isfinite(all))
    return o->update_min_dist ? mtp_fail(j->ctx, MTP_ERR_STATE, "no two atoms are within the cutoff of each other")
                              : MTP_OK;
  if (moves) status = move_min_dist(j, part * (isfinite(ordinary) ? ordinary : all));
  if (all < j->top->radial.min_dist && j->top->radial.type == MTP_RADIAL_CHEBYSHEV) j->least_dist = BELOW * all;
  return status;
}

mtp_status mtp_training_reach(const job *j, mtp_potential *pot) {
  if (!(j->least_dist > 0 && j->least_dist < pot->radial.min_dist)) return MTP_OK;
  return mtp_potential_rebase(j->ctx, pot, j->least_dist, pot->radial.size);
}
