/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/candidates.c
 * The pool of configurations that wait for a learning event, and the file of those that get no label. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "support/support.h"

/* Atoms hardly move from one step to the next: what is not so many steps on from the last candidate, and not so many
 * times as extrapolating, says the same again, and would only fill the pool before anything new waits there. */
#define APART  20
#define HIGHER 1.5

static bool same_feature(const mtp_config *a, const mtp_config *b, const char *key) {
  const char *left = mtp_config_get_feature(a, key), *right = mtp_config_get_feature(b, key);
  return left && right ? strcmp(left, right) == 0 : left == right;
}

bool mtp_loop_repeats_last(const mtp_learner *l, const mtp_candidate *c) {
  if (l->pool_size == 0) return false;
  const mtp_candidate *last = &l->pool[l->pool_size - 1];
  return c->step > last->step && c->step < last->step + APART && c->grade < HIGHER * last->grade &&
         c->cfg->n == last->cfg->n && same_feature(c->cfg, last->cfg, "cut_atom");
}

mtp_status mtp_loop_keep(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate) {
  mtp_candidate *pool = mtp_realloc(l->pool, l->pool_size + 1, sizeof *pool);
  if (!pool) return mtp_fail_memory(ctx);
  l->pool = pool;
  if (!l->pooled) l->pooled = mtp_structure_index_new(MTP_SAME_ROUNDED);
  mtp_candidate kept = *candidate;
  kept.cfg = l->pooled ? mtp_config_copy(candidate->cfg) : NULL;
  if (!kept.cfg) return mtp_fail_memory(ctx);
  const mtp_status status = mtp_structure_index_add(ctx, l->pooled, kept.cfg, NULL, l->pool_size);
  if (status != MTP_OK) {
    mtp_config_free(kept.cfg);
    return status;
  }
  pool[l->pool_size++] = kept;
  l->stats.candidates = (long long)l->pool_size;
  return MTP_OK;
}

void mtp_loop_clear_pool(mtp_learner *l) {
  mtp_structure_index_free(l->pooled);
  l->pooled = NULL;
  for (size_t i = 0; i < l->pool_size; i++) mtp_config_free(l->pool[i].cfg);
  free(l->pool);
  l->pool = NULL;
  l->pool_size = 0;
  l->stats.candidates = 0;
}

/* What a person or `mtp label` will want to know about the configuration later. */
mtp_status mtp_loop_describe(mtp_context *ctx, mtp_config *cfg, const mtp_candidate *candidate, const char *reason) {
  char number[32];
  mtp_status status = MTP_OK;
  if (candidate->step >= 0) {
    snprintf(number, sizeof number, "%lld", candidate->step);
    status = mtp_config_set_feature(ctx, cfg, "step", number);
  }
  if (status == MTP_OK && reason) status = mtp_config_set_feature(ctx, cfg, "reason", reason);
  cfg->has_max_grade = isfinite(candidate->grade);
  cfg->max_grade = cfg->has_max_grade ? candidate->grade : 0.0;
  return status;
}

mtp_status mtp_loop_write_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate,
                                    const char *reason, const char *refusal) {
  if (!l->candidate_file) {
    mtp_status status = mtp_journal_open(ctx, l->candidate_path, false, &l->candidate_file);
    if (status != MTP_OK) return status;
  }
  mtp_config *cfg = mtp_config_copy(candidate->cfg);
  if (!cfg) return mtp_fail_memory(ctx);
  mtp_status status = mtp_loop_describe(ctx, cfg, candidate, reason);
  if (status == MTP_OK)
    status = mtp_journal_add(ctx, l->candidate_file, 1, (const mtp_config *const *)&cfg, l->species_count,
                             (const char *const *)l->names);
  mtp_config_free(cfg);
  if (status != MTP_OK) return status;
  l->written_candidates++;
  return mtp_seen_add(ctx, l->seen, candidate->cfg, refusal);
}

void mtp_loop_log_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate) {
  cJSON *event = mtp_event_new(l->log, "candidate", candidate->step);
  mtp_event_number(event, "grade", candidate->grade);
  mtp_event_integer(event, "atom", candidate->atom);
  mtp_event_integer(event, "natoms", (long long)candidate->cfg->n);
  mtp_event_write(ctx, l->log, event);
}
