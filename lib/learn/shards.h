/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/shards.h
 * Samples as training sees them: dealt into shards, the tasks of workers, whose neighbourhoods are laid out for the
 * lanes and kept in memory. Every rank knows all samples and lays out those of its own shards. */
#ifndef MTP_SHARDS_H
#define MTP_SHARDS_H

#include "kernel/batch.h"
#include "learn/sample.h"
#include "learn/workers.h"

/** What a configuration is for. */
typedef enum mtp_part {
  MTP_PART_TRAINING,
  MTP_PART_HELD_OUT,   /**< split off the training set to choose between fits; trained on in the end */
  MTP_PART_RESERVE,    /**< more than a fit needs: trained on in the end, or by the last linear solve alone */
  MTP_PART_VALIDATION, /**< never trained on */
  MTP_PARTS
} mtp_part;

/** A set of parts. */
#define MTP_PART_BIT(part) (1u << (part))

typedef struct mtp_shard {
  mtp_part part;
  size_t first, n; /**< samples order[first..first+n-1] */
  size_t natoms;
  size_t nbatches;
  size_t *begin;     /**< [nbatches+1] first configuration of each batch in `order` */
  mtp_batch **batch; /**< [nbatches]; NULL where it belongs to another rank or was too much for the memory */
} mtp_shard;

typedef struct mtp_shards {
  size_t n;
  mtp_sample **sample; /**< [n], held */
  mtp_part *part;      /**< [n] */
  size_t configs[MTP_PARTS], atoms[MTP_PARTS];
  double (*weight)[3]; /**< [n] what the configurations ask for, see mtp_config_weights */
  mtp_sample **order;  /**< [n] shard by shard */
  size_t *number;      /**< [n] of order[k] among sample[] */
  size_t nshards;
  mtp_shard *shard;
  double bytes; /**< memory of the batches of this rank */
} mtp_shards;

/** Deals `n` samples, which are held until mtp_shards_clear, into shards for a potential of C species. */
mtp_status mtp_shards_init(mtp_context *ctx, mtp_shards *s, size_t n, mtp_sample *const *samples, const mtp_part *part,
                           int nspecies);
void mtp_shards_clear(mtp_shards *s);

/** From rank 0 to all; the others get samples of their own. All ranks call it, rank 0 with initialised shards. */
mtp_status mtp_shards_share(mtp_context *ctx, const mtp_workers *workers, mtp_shards *s, int nspecies);

/** Lays out the shards of this rank, as many as fit into `memory` bytes. */
mtp_status mtp_shards_lay_out(mtp_context *ctx, const mtp_workers *workers, mtp_shards *s, const mtp_plan *plan,
                              double memory);

/** Batch `k` of a shard, made if it is not there; to be released. */
mtp_status mtp_shards_acquire_batch(mtp_context *ctx, const mtp_shards *s, const mtp_shard *shard, size_t k,
                                    const mtp_plan *plan, mtp_batch **out);
void mtp_shards_release_batch(const mtp_shard *shard, size_t k, mtp_batch *batch);

#endif
