/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/samples.h
 * Labelled configurations as training sees them: dealt into shards, the tasks of workers, whose neighbourhoods
 * are kept in memory. Every rank knows all configurations and lays out those of its own shards. */
#ifndef MTP_SAMPLES_H
#define MTP_SAMPLES_H

#include "kernel/batch.h"
#include "learn/workers.h"
#include "mtp/config.h"

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
  size_t first, n; /**< configurations order[first..first+n-1] of the samples */
  size_t natoms;
  size_t nbatches;
  size_t *begin;     /**< [nbatches+1] first configuration of each batch in `order` */
  mtp_batch **batch; /**< [nbatches]; NULL where it belongs to another rank or was too much for the memory */
} mtp_shard;

typedef struct mtp_samples {
  size_t n;
  const mtp_config **config; /**< [n] */
  mtp_part *part;            /**< [n] */
  size_t configs[MTP_PARTS], atoms[MTP_PARTS];
  double (*weight)[3];      /**< [n] what the configurations ask for, see mtp_config_weights */
  const mtp_config **order; /**< [n] shard by shard */
  size_t *number;           /**< [n] of order[k] among config[] */
  size_t nshards;
  mtp_shard *shard;
  mtp_config **owned; /**< [n] configurations that came from rank 0, or NULL: they are the caller's */
  double bytes;       /**< memory of the batches of this rank */
} mtp_samples;

/** Deals `n` configurations (borrowed: they must outlive the samples) into shards for a potential of C species. */
mtp_status mtp_samples_init(mtp_context *ctx, mtp_samples *s, size_t n, const mtp_config *const *configs,
                            const mtp_part *part, int nspecies);
void mtp_samples_clear(mtp_samples *s);

/** From rank 0 to all; the others get configurations of their own. All ranks call it, rank 0 with initialised samples.
 */
mtp_status mtp_samples_share(mtp_context *ctx, const mtp_workers *workers, mtp_samples *s, int nspecies);

/** Lays out the shards of this rank, as many as fit into `memory` bytes. */
mtp_status mtp_samples_lay_out(mtp_context *ctx, const mtp_workers *workers, mtp_samples *s, const mtp_plan *plan,
                               double memory);

/** Batch `k` of a shard, made if it is not there; to be given back. */
mtp_status mtp_samples_take_batch(mtp_context *ctx, const mtp_samples *s, const mtp_shard *shard, size_t k,
                                  const mtp_plan *plan, mtp_batch **out);
void mtp_samples_give_batch(const mtp_shard *shard, size_t k, mtp_batch *batch);

#endif
