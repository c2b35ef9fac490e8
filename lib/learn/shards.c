/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/shards.c
 * Dealing samples into shards and batches. Both depend on the samples alone, not on who works. */
#include "learn/shards.h"

#include <stdlib.h>
#include <string.h>

/* Ranks that can be kept busy; sums of so many parts cost nothing yet. */
#define MAX_SHARDS ((size_t)1024)
/* Atoms of each species that fill the lanes of a batch well; what is kept of many more would leave the cache. */
#define BATCH_ATOMS ((size_t)32)

void mtp_shards_clear(mtp_shards *s) {
  for (size_t k = 0; k < s->nshards && s->shard; k++) {
    mtp_shard *shard = &s->shard[k];
    for (size_t b = 0; b < shard->nbatches && shard->batch; b++) mtp_batch_free(shard->batch[b]);
    free(shard->batch);
    free(shard->begin);
  }
  for (size_t k = 0; k < s->n && s->sample; k++) mtp_sample_release(s->sample[k]);
  free(s->sample);
  free(s->part);
  free(s->weight);
  free(s->number);
  free(s->order);
  free(s->shard);
  *s = (mtp_shards){0};
}

/* ---- dealing ---- */

/* Few shards for few atoms: lanes are filled within a shard. A power of two is shared well by ranks. */
static size_t shard_count(size_t configs, size_t atoms, size_t nspecies) {
  size_t count = 1;
  while (count < MAX_SHARDS && 2 * count <= configs && 2 * count * BATCH_ATOMS * nspecies <= atoms) count *= 2;
  return configs ? count : 0;
}

/* A configuration to be dealt. */
typedef struct card {
  size_t number, atoms, shard;
} card;

static int by_size(const void *left, const void *right) {
  const card *a = left, *b = right;
  if (a->atoms != b->atoms) return a->atoms > b->atoms ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

static int by_shard(const void *left, const void *right) {
  const card *a = left, *b = right;
  if (a->shard != b->shard) return a->shard < b->shard ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

/* The largest first, each to the shard that has least. */
static void deal(mtp_shard *shard, size_t count, card *cards, size_t n) {
  qsort(cards, n, sizeof *cards, by_size);
  for (size_t k = 0; k < n; k++) {
    size_t least = 0;
    for (size_t q = 1; q < count; q++)
      if (shard[q].natoms < shard[least].natoms) least = q;
    cards[k].shard = least;
    shard[least].natoms += cards[k].atoms;
    shard[least].n++;
  }
  qsort(cards, n, sizeof *cards, by_shard);
}

static mtp_status cut_batches(mtp_context *ctx, const mtp_shards *s, mtp_shard *shard, size_t nspecies) {
  shard->begin = mtp_calloc(shard->n + 1, sizeof *shard->begin);
  shard->batch = mtp_calloc(shard->n, sizeof *shard->batch);
  if (!shard->begin || !shard->batch) return mtp_fail_memory(ctx);
  size_t atoms = 0;
  shard->begin[0] = shard->first;
  for (size_t k = 0; k < shard->n; k++) {
    atoms += s->order[shard->first + k]->config->n;
    if (atoms < BATCH_ATOMS * nspecies && k + 1 < shard->n) continue;
    shard->begin[++shard->nbatches] = shard->first + k + 1;
    atoms = 0;
  }
  return MTP_OK;
}

static mtp_status deal_part(mtp_context *ctx, mtp_shards *s, mtp_part part, size_t count, size_t first, card *cards,
                            size_t nspecies) {
  size_t n = 0;
  for (size_t k = 0; k < s->n; k++)
    if (s->part[k] == part) cards[n++] = (card){.number = k, .atoms = s->sample[k]->config->n};
  mtp_shard *shard = s->shard + s->nshards;
  for (size_t q = 0; q < count; q++) shard[q].part = part;
  deal(shard, count, cards, n);
  for (size_t k = 0; k < n; k++) {
    s->number[first + k] = cards[k].number;
    s->order[first + k] = s->sample[cards[k].number];
  }
  mtp_status status = MTP_OK;
  s->nshards += count;
  for (size_t q = 0; q < count && status == MTP_OK; first += shard[q++].n) {
    shard[q].first = first;
    status = cut_batches(ctx, s, &shard[q], nspecies);
  }
  return status;
}

static mtp_status deal_all(mtp_context *ctx, mtp_shards *s, int nspecies) {
  size_t count[MTP_PARTS], total = 0, first = 0;
  for (size_t k = 0; k < s->n; k++) {
    s->configs[s->part[k]]++;
    s->atoms[s->part[k]] += s->sample[k]->config->n;
  }
  for (int p = 0; p < MTP_PARTS; p++) total += count[p] = shard_count(s->configs[p], s->atoms[p], (size_t)nspecies);
  card *cards = mtp_calloc(s->n, sizeof *cards);
  s->order = mtp_calloc(s->n, sizeof *s->order);
  s->number = mtp_calloc(s->n, sizeof *s->number);
  s->shard = mtp_calloc(total, sizeof *s->shard);
  mtp_status status = cards && s->order && s->number && s->shard ? MTP_OK : mtp_fail_memory(ctx);
  for (int p = 0; status == MTP_OK && p < MTP_PARTS; first += s->configs[p++])
    status = deal_part(ctx, s, (mtp_part)p, count[p], first, cards, (size_t)nspecies);
  free(cards);
  return status;
}

static mtp_status allocate(mtp_context *ctx, mtp_shards *s, size_t n) {
  s->n = n;
  s->sample = mtp_calloc(n, sizeof(mtp_sample *));
  s->part = mtp_calloc(n, sizeof *s->part);
  s->weight = mtp_calloc(n, sizeof *s->weight);
  return s->sample && s->part && s->weight ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_shards_init(mtp_context *ctx, mtp_shards *s, size_t n, mtp_sample *const *samples, const mtp_part *part,
                           int nspecies) {
  mtp_status status = allocate(ctx, s, n);
  if (status == MTP_OK) {
    memcpy(s->part, part, n * sizeof *part);
    for (size_t k = 0; k < n; k++) s->sample[k] = mtp_sample_hold(samples[k]);
    for (size_t k = 0; k < n && status == MTP_OK; k++) status = mtp_sample_weights(ctx, samples[k], s->weight[k]);
    if (status == MTP_OK) status = deal_all(ctx, s, nspecies);
  }
  if (status != MTP_OK) mtp_shards_clear(s);
  return status;
}

/* ---- to other ranks ---- */

/* The plain fields of a configuration, for ranks of the same program. */
typedef struct record {
  size_t n;
  mtp_part part;
  double cell[9], energy, virial[6], weight[3];
  bool periodic[3], has_energy, has_virial, has_force, has_mask;
} record;

static record record_of(const mtp_config *c, mtp_part part, const double weight[3]) {
  record r;
  memset(&r, 0, sizeof r);
  r.n = c->n, r.part = part, r.energy = c->energy;
  r.has_energy = c->has_energy, r.has_virial = c->has_virial, r.has_force = c->force != NULL,
  r.has_mask = c->force_mask != NULL;
  memcpy(r.weight, weight, sizeof r.weight);
  memcpy(r.cell, c->cell, sizeof r.cell);
  memcpy(r.virial, c->virial, sizeof r.virial);
  memcpy(r.periodic, c->periodic, sizeof r.periodic);
  return r;
}

static mtp_config *config_of(const record *r) {
  mtp_config *c = mtp_config_new(r->n);
  if (!c) return NULL;
  c->energy = r->energy, c->has_energy = r->has_energy, c->has_virial = r->has_virial;
  memcpy(c->cell, r->cell, sizeof r->cell);
  memcpy(c->virial, r->virial, sizeof r->virial);
  memcpy(c->periodic, r->periodic, sizeof r->periodic);
  if (r->has_force) c->force = mtp_calloc(3 * r->n, sizeof(double));
  if (r->has_mask) c->force_mask = mtp_calloc(r->n, 1);
  if ((r->has_force && !c->force) || (r->has_mask && !c->force_mask)) {
    mtp_config_free(c);
    return NULL;
  }
  return c;
}

/* The labels of `c`, which is a copy on rank 0 and has room for them on the others. */
static void broadcast_arrays(const mtp_workers *workers, const record *r, mtp_config *c) {
  mtp_workers_broadcast(workers, c->x, 3 * r->n * sizeof(double));
  mtp_workers_broadcast(workers, c->species, r->n * sizeof(int));
  if (r->has_force) mtp_workers_broadcast(workers, c->force, 3 * r->n * sizeof(double));
  if (r->has_mask) mtp_workers_broadcast(workers, c->force_mask, r->n);
}

static mtp_status share_sample(mtp_context *ctx, const mtp_workers *workers, mtp_shards *s, size_t k) {
  const bool leads = mtp_workers_rank(workers) == 0;
  record r;
  if (leads) r = record_of(s->sample[k]->config, s->part[k], s->weight[k]);
  mtp_workers_broadcast(workers, &r, sizeof r);
  mtp_config *c = leads ? mtp_config_copy(s->sample[k]->config) : config_of(&r);
  if (!c) return mtp_fail_memory(ctx);
  broadcast_arrays(workers, &r, c);
  if (!leads) {
    s->sample[k] = mtp_sample_new(c);
    s->part[k] = r.part;
    memcpy(s->weight[k], r.weight, sizeof r.weight);
  }
  if (leads || !s->sample[k]) mtp_config_free(c);
  return s->sample[k] ? MTP_OK : mtp_fail_memory(ctx);
}

mtp_status mtp_shards_share(mtp_context *ctx, const mtp_workers *workers, mtp_shards *s, int nspecies) {
  if (mtp_workers_size(workers) == 1) return MTP_OK;
  size_t n = s->n;
  mtp_status status = MTP_OK;
  mtp_workers_broadcast(workers, &n, sizeof n);
  if (mtp_workers_rank(workers) > 0) status = allocate(ctx, s, n);
  for (size_t k = 0; k < n && status == MTP_OK; k++) status = share_sample(ctx, workers, s, k);
  if (status == MTP_OK && mtp_workers_rank(workers) > 0) status = deal_all(ctx, s, nspecies);
  return status == MTP_OK ? MTP_OK : mtp_workers_give_up(ctx, workers, status);
}

/* ---- neighbourhoods ---- */

static mtp_status make_batch(mtp_context *ctx, const mtp_shards *s, const mtp_shard *shard, size_t k,
                             const mtp_plan *plan, mtp_batch **out) {
  const size_t n = shard->begin[k + 1] - shard->begin[k];
  mtp_sample *const *sample = s->order + shard->begin[k];
  mtp_neighbors **nb = mtp_calloc(n, sizeof *nb);
  mtp_status status = nb ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t c = 0; c < n && status == MTP_OK; c++)
    status = mtp_sample_acquire_neighbors(ctx, sample[c], plan->radial.max_dist, &nb[c]);
  if (status == MTP_OK) status = mtp_batch_new(ctx, plan, n, (const mtp_neighbors *const *)nb, out);
  for (size_t c = 0; nb && c < n; c++) mtp_sample_release_neighbors(sample[c], nb[c]);
  free(nb);
  return status;
}

mtp_status mtp_shards_lay_out(mtp_context *ctx, const mtp_workers *workers, mtp_shards *s, const mtp_plan *plan,
                              double memory) {
  for (size_t q = 0; q < s->nshards; q++) {
    mtp_shard *shard = &s->shard[q];
    if (!mtp_workers_has(workers, q)) continue;
    for (size_t k = 0; k < shard->nbatches && s->bytes < memory; k++) {
      const mtp_status status = make_batch(ctx, s, shard, k, plan, &shard->batch[k]);
      if (status != MTP_OK) return status;
      s->bytes += (double)shard->batch[k]->bytes;
    }
  }
  return MTP_OK;
}

mtp_status mtp_shards_acquire_batch(mtp_context *ctx, const mtp_shards *s, const mtp_shard *shard, size_t k,
                                    const mtp_plan *plan, mtp_batch **out) {
  *out = shard->batch[k];
  return *out ? MTP_OK : make_batch(ctx, s, shard, k, plan, out);
}

void mtp_shards_release_batch(const mtp_shard *shard, size_t k, mtp_batch *batch) {
  if (!shard->batch[k]) mtp_batch_free(batch);
}
