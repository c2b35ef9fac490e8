/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/sample.c
 * Samples and sets of them. */
#include "learn/sample.h"

#include <stdlib.h>
#include <string.h>

#include "config/pairs.h"
#include "learn/workers.h"
#include "support/support.h"

/* Neighbours of a set that are kept; 32 atoms of a metal take some 20 kB. */
#define MEMORY 2.5e8

/* ---- one ---- */

mtp_sample mtp_sample_of(const mtp_config *cfg) {
  return (mtp_sample){
      .config = cfg, .kind = mtp_config_is_squeezed(cfg) ? MTP_SAMPLE_SQUEEZED : MTP_SAMPLE_ORDINARY, .scale = 1.0};
}

mtp_sample *mtp_sample_borrow(const mtp_config *cfg) {
  mtp_sample *sample = mtp_calloc(1, sizeof *sample);
  if (!sample) return NULL;
  sample->config = cfg;
  sample->kind = mtp_config_is_squeezed(cfg) ? MTP_SAMPLE_SQUEEZED : MTP_SAMPLE_ORDINARY;
  sample->scale = 1.0;
  atomic_init(&sample->holders, 1);
  return sample;
}

mtp_sample *mtp_sample_new(mtp_config *cfg) {
  mtp_sample *sample = mtp_sample_borrow(cfg);
  if (sample) sample->own = cfg;
  return sample;
}

mtp_status mtp_sample_weights(mtp_context *ctx, const mtp_sample *sample, double weights[3]) {
  const mtp_status status = mtp_config_weights(ctx, sample->config, weights);
  for (int k = 0; k < 3 && status == MTP_OK; k++) weights[k] *= sample->scale;
  return status;
}

mtp_sample *mtp_sample_hold(mtp_sample *sample) {
  atomic_fetch_add(&sample->holders, 1);
  return sample;
}

void mtp_sample_release(mtp_sample *sample) {
  if (!sample || atomic_fetch_sub(&sample->holders, 1) > 1) return;
  mtp_neighbors_free(sample->kept);
  mtp_config_free(sample->own);
  free(sample);
}

mtp_status mtp_sample_keep_neighbors(mtp_context *ctx, mtp_sample *sample, double cutoff) {
  mtp_neighbors *nb = NULL;
  if (sample->kept && sample->cutoff == cutoff) return MTP_OK;
  const mtp_status status = mtp_neighbors_build(ctx, sample->config, cutoff, &nb);
  if (status != MTP_OK) return status;
  mtp_neighbors_free(sample->kept);
  sample->kept = nb;
  sample->cutoff = cutoff;
  return MTP_OK;
}

mtp_status mtp_sample_acquire_neighbors(mtp_context *ctx, const mtp_sample *sample, double cutoff,
                                        mtp_neighbors **out) {
  *out = sample->kept && sample->cutoff == cutoff ? sample->kept : NULL;
  return *out ? MTP_OK : mtp_neighbors_build(ctx, sample->config, cutoff, out);
}

void mtp_sample_release_neighbors(const mtp_sample *sample, mtp_neighbors *nb) {
  if (nb != sample->kept) mtp_neighbors_free(nb);
}

mtp_status mtp_sample_smallest_distance(mtp_context *ctx, const mtp_sample *sample, double cutoff, double *distance) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_sample_acquire_neighbors(ctx, sample, cutoff, &nb);
  if (status != MTP_OK) return status;
  *distance = mtp_neighbors_smallest_distance(nb);
  mtp_sample_release_neighbors(sample, nb);
  return MTP_OK;
}

static double bytes_of(const mtp_neighbors *nb) {
  size_t entries = 0;
  for (size_t i = 0; i < nb->n; i++) entries += (size_t)nb->count[i];
  return (double)(nb->nall * (3 * sizeof *nb->x + sizeof *nb->species + sizeof *nb->owner) +
                  nb->n * (sizeof *nb->count + sizeof *nb->list) + entries * sizeof *nb->storage);
}

/* ---- sets ---- */

mtp_sample_set *mtp_sample_set_new(void) {
  mtp_sample_set *set = mtp_calloc(1, sizeof *set);
  if (set) set->view = mtp_config_set_new();
  if (set && set->view) return set;
  free(set);
  return NULL;
}

void mtp_sample_set_free(mtp_sample_set *set) {
  if (!set) return;
  for (size_t i = 0; i < set->n; i++) mtp_sample_release(set->sample[i]);
  free(set->sample);
  set->view->n = 0;
  mtp_config_set_free(set->view);
  free(set);
}

static bool reserve(mtp_sample_set *set) {
  if (set->n < set->capacity) return true;
  const size_t capacity = set->capacity ? 2 * set->capacity : 16;
  mtp_sample **sample = mtp_realloc(set->sample, capacity, sizeof *sample);
  if (sample) set->sample = sample;
  mtp_config **configs = sample ? mtp_realloc(set->view->configs, capacity, sizeof *configs) : NULL;
  if (configs) set->view->configs = configs;
  if (configs) set->capacity = capacity;
  return configs != NULL;
}

mtp_status mtp_sample_set_add(mtp_context *ctx, mtp_sample_set *set, mtp_sample *sample) {
  if (!reserve(set)) return mtp_fail_memory(ctx);
  set->view->configs[set->view->n++] = (mtp_config *)sample->config; /* whoever changes it looks whose it is */
  set->sample[set->n++] = mtp_sample_hold(sample);
  if (sample->kept) set->bytes += bytes_of(sample->kept);
  return MTP_OK;
}

mtp_status mtp_sample_set_name(mtp_context *ctx, mtp_sample_set *set, int count, char *const *names) {
  for (int s = 0; s < count; s++)
    if (mtp_config_set_species(set->view, names[s]) < 0) return mtp_fail_memory(ctx);
  return MTP_OK;
}

mtp_status mtp_sample_set_borrow(mtp_context *ctx, const mtp_config_set *from, mtp_sample_set **out) {
  mtp_sample_set *set = mtp_sample_set_new();
  mtp_status status = set ? mtp_sample_set_name(ctx, set, from->species_count, from->names) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < from->n && status == MTP_OK; i++) {
    mtp_sample *sample = mtp_sample_borrow(from->configs[i]);
    status = sample ? mtp_sample_set_add(ctx, set, sample) : mtp_fail_memory(ctx);
    mtp_sample_release(sample);
  }
  if (status == MTP_OK)
    *out = set;
  else
    mtp_sample_set_free(set);
  return status;
}

mtp_status mtp_sample_set_adopt(mtp_context *ctx, mtp_sample_set *set, mtp_config_set *from) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < from->n && status == MTP_OK; i++) {
    mtp_sample *sample = mtp_sample_new(from->configs[i]);
    if (!sample) return mtp_fail_memory(ctx);
    from->configs[i] = NULL;
    status = mtp_sample_set_add(ctx, set, sample);
    mtp_sample_release(sample);
  }
  return status;
}

/* ---- neighbours of many ---- */

/* What is found at a time, before it is known whether it may stay. */
#define CHUNK 256

void mtp_sample_set_scale_squeezed(const mtp_sample_set *set, double scale) {
  for (size_t i = 0; i < set->n; i++)
    if (set->sample[i]->kind == MTP_SAMPLE_SQUEEZED) set->sample[i]->scale = scale;
}

bool mtp_sample_set_has_room(const mtp_sample_set *set) {
  return set->bytes < MEMORY;
}

typedef struct search {
  mtp_sample_set *set;
  size_t first;
  double cutoff;
} search;

static mtp_status find(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const search *s = user;
  (void)thread;
  (void)result;
  return mtp_sample_keep_neighbors(ctx, s->set->sample[s->first + task], s->cutoff);
}

static void count(void *user, size_t task, const double *result) {
  const search *s = user;
  (void)result;
  s->set->bytes += bytes_of(s->set->sample[s->first + task]->kept);
}

mtp_status mtp_sample_set_keep_neighbors(mtp_context *ctx, mtp_sample_set *set, size_t first, double cutoff,
                                         int threads) {
  const mtp_workers workers = {NULL, threads};
  mtp_status status = MTP_OK;
  for (size_t done = first; done < set->n && status == MTP_OK && mtp_sample_set_has_room(set); done += CHUNK) {
    search s = {set, done, cutoff};
    const mtp_tasks tasks = {set->n - done < CHUNK ? set->n - done : CHUNK, 0, &s, find, count, true};
    status = mtp_workers_run(ctx, &workers, &tasks);
  }
  return status;
}
