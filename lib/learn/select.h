/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select.h
 * What the methods of selection share: passes over the candidates, and rows of blocks of them. */
#ifndef MTP_LEARN_SELECT_H
#define MTP_LEARN_SELECT_H

#include <stdint.h>

#include "kernel/plan.h"
#include "mtp/evaluator.h"
#include "mtp/select.h"

/** What a selection knows of a candidate. */
typedef enum mtp_candidate_state {
  MTP_CANDIDATE_OPEN,
  MTP_CANDIDATE_LEFT_OUT, /**< it is there twice, known, or cannot be used */
  MTP_CANDIDATE_CHOSEN
} mtp_candidate_state;

typedef struct mtp_select_job {
  const mtp_select_options *options;
  const mtp_potential *pot;
  const mtp_config_set *train; /**< or NULL */
  const mtp_config_set *known; /**< what is not selected: `train`, or what an active set holds; or NULL */
  const mtp_candidates *source;
  mtp_selection *selection;

  size_t count, capacity; /**< candidates */
  uint64_t *key;          /**< [count] hash of the structure: decides between those that are equally good */
  unsigned char *state;   /**< [count] mtp_candidate_state */

  const mtp_comm *comm;           /**< of ranks that help, or NULL */
  mtp_select_options own_options; /**< on a rank that helps */
  mtp_potential *own_pot;         /**< likewise; or instead of an untrained one the same with coefficients of zero, */
  bool is_blank;                  /**< which predicts nothing */

  size_t first, columns; /**< of all parameters, those that rows have */
  mtp_plan *plan;        /**< rows of forces come from it */
  int threads;
  mtp_evaluator **ev; /**< [threads] */
  double **scratch;   /**< [threads][MTP_SELECT_STRETCH][parameters] */
} mtp_select_job;

/** Makes ready what rows are made with: options, potential and communicator are there. */
mtp_status mtp_select_prepare(mtp_context *ctx, mtp_select_job *job);
/** Frees that, and what is known of candidates. */
void mtp_select_clear(mtp_select_job *job);

/** Atoms whose rows are made in one go. */
#define MTP_SELECT_STRETCH ((size_t)256)

/** Rows of the configurations of a block, one configuration after the other; those that have none are left out. */
typedef struct mtp_select_rows {
  size_t m;
  double *row;       /**< [m*columns] */
  uint32_t *owner;   /**< [m] number of the candidate */
  uint32_t *element; /**< [m] number of the row among those of its owner */
} mtp_select_rows;
void mtp_select_rows_clear(mtp_select_rows *rows);

/** Rows of set->configs[k], which is the candidate first + k (skipped unless open; `states` NULL: all are made), in
 * the threads of the job. A candidate with rows that are not finite gets none, and is left out. */
mtp_status mtp_select_rows_make(mtp_context *ctx, mtp_select_job *job, const mtp_config_set *set, size_t first,
                                unsigned char *states, mtp_select_rows *out);

/** The configurations from `begin` on whose rows may be in memory together, at least one; they stay those of `block`.
 */
mtp_config_set mtp_select_part(const mtp_select_job *job, const mtp_config_set *block, size_t begin);

/** Calls `take` for all blocks of candidates in their order; `first` is the number of the first one of a block. The
 * first pass finds what is there twice. */
typedef mtp_status mtp_block_taker(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first);
mtp_status mtp_select_pass(mtp_context *ctx, mtp_select_job *job, size_t pass, mtp_block_taker *take, void *user);
/** Marks a candidate. */
void mtp_select_choose(mtp_select_job *job, size_t candidate);
/** Marks one that cannot be used. */
void mtp_select_refuse(mtp_select_job *job, size_t candidate);
/** A number that follows from the key of a candidate, and from what else decides. */
uint64_t mtp_select_mix(uint64_t key, uint64_t with);

/* The methods. They mark what they choose. */
mtp_status mtp_select_by_maxvol(mtp_context *ctx, mtp_select_job *job, const mtp_active_set *start);
mtp_status mtp_select_by_range(mtp_context *ctx, mtp_select_job *job);
mtp_status mtp_select_by_histogram(mtp_context *ctx, mtp_select_job *job);
mtp_status mtp_select_by_chance(mtp_context *ctx, mtp_select_job *job);
mtp_status mtp_select_by_bayes(mtp_context *ctx, mtp_select_job *job);

#endif
