/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select.c
 * Selection among many configurations: passes over them, those that are there twice, and which method it is. */
#include "learn/select.h"

#include <stdlib.h>
#include <string.h>

#include "config/structure.h"
#include "learn/team.h"
#include "model/model.h"
#include "support/hash.h"
#include "support/support.h"

const char *mtp_select_method_name(mtp_select_method method) {
  static const char *const names[] = {"maxvol", "range", "energy", "force", "site-energy", "random", "bayes"};
  return (int)method >= 0 && (size_t)method < sizeof names / sizeof *names ? names[method] : "";
}

mtp_select_options mtp_select_defaults(void) {
  return (mtp_select_options){.method = MTP_SELECT_MAXVOL,
                              .mode = MTP_SELECT_BY_NEIGHBOURHOOD,
                              .rows = MTP_ROWS_LINEAR,
                              .threshold = 1.1,
                              .swap = 1.001,
                              .seed = 12345,
                              .threads = 1,
                              .memory = 1.2e9};
}

/* Doubles in rows that are made at a time (256 MiB). */
#define ROW_ENTRIES ((size_t)32 << 20)

/* ---- what is there twice ---- */

/* Hashes of structures, open addressing; zero is an empty place. 64 bits are enough: among 10^7 structures two
 * different ones have the same with a probability of 3e-6. */
typedef struct table {
  uint64_t *hash;
  unsigned char *known; /* one of what is known, not a candidate */
  size_t count, capacity;
} table;

static void insert(table *t, uint64_t hash, unsigned char known) {
  size_t at = hash & (t->capacity - 1);
  while (t->hash[at]) at = (at + 1) & (t->capacity - 1);
  t->hash[at] = hash;
  t->known[at] = known;
  t->count++;
}

static bool grow(table *t) {
  if (2 * (t->count + 1) <= t->capacity) return true;
  const table old = *t;
  *t = (table){.capacity = old.capacity ? 2 * old.capacity : 1024};
  t->hash = mtp_calloc(t->capacity, sizeof *t->hash);
  t->known = mtp_calloc(t->capacity, 1);
  const bool done = t->hash && t->known;
  if (done) {
    for (size_t k = 0; k < old.capacity; k++)
      if (old.hash[k]) insert(t, old.hash[k], old.known[k]);
    free(old.hash);
    free(old.known);
  } else {
    free(t->hash);
    free(t->known);
    *t = old;
  }
  return done;
}

/* -1: it is new, and in the table now; else whether it is one of what is known. */
static int find_or_put(table *t, uint64_t hash, unsigned char known) {
  hash += hash == 0;
  for (size_t at = hash & (t->capacity - 1); t->hash[at]; at = (at + 1) & (t->capacity - 1))
    if (t->hash[at] == hash) return t->known[at];
  insert(t, hash, known);
  return -1;
}

static mtp_status put_known(mtp_context *ctx, table *t, const mtp_config_set *set) {
  for (size_t k = 0; set && k < set->n; k++) {
    if (!grow(t)) return mtp_fail_memory(ctx);
    find_or_put(t, mtp_structure_hash_of(MTP_SAME_ROUNDED, set->configs[k], NULL), 1);
  }
  return MTP_OK;
}

/* ---- passes ---- */

typedef struct visit {
  mtp_select_job *job;
  table *seen; /* in the first pass */
} visit;

static bool reserve(mtp_select_job *job, size_t more) {
  if (job->count + more <= job->capacity) return true;
  const size_t capacity = 2 * (job->count + more);
  uint64_t *key = mtp_realloc(job->key, capacity, sizeof *key);
  if (key) job->key = key;
  unsigned char *state = mtp_realloc(job->state, capacity, 1);
  if (state) job->state = state;
  if (!key || !state) return false;
  job->capacity = capacity;
  return true;
}

static mtp_status note_block(mtp_context *ctx, mtp_select_job *job, table *seen, const mtp_config_set *block) {
  mtp_selection *s = job->selection;
  if (job->count + block->n > UINT32_MAX) return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "more than 2^32 candidates");
  if (!reserve(job, block->n)) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < block->n; k++) {
    const uint64_t hash = mtp_structure_hash_of(MTP_SAME_ROUNDED, block->configs[k], NULL);
    if (!grow(seen)) return mtp_fail_memory(ctx);
    const int found = find_or_put(seen, hash, 0);
    s->repeated += found == 0;
    s->known += found > 0;
    s->atoms += block->configs[k]->n;
    job->key[job->count] = hash;
    job->state[job->count++] = found < 0 ? MTP_CANDIDATE_OPEN : MTP_CANDIDATE_LEFT_OUT;
    if (block->configs[k]->ghost) mtp_select_refuse(job, job->count - 1); /* a part of a system is not labelled */
  }
  s->candidates = job->count;
  return MTP_OK;
}

/* Later passes have to see what the first one saw: files may be written anew in the meantime. */
static mtp_status recognise_block(mtp_context *ctx, const mtp_select_job *job, const mtp_config_set *block,
                                  size_t first) {
  if (first + block->n > job->count)
    return mtp_fail(ctx, MTP_ERR_IO, "there are more candidates than before: their files grow");
  for (size_t k = 0; k < block->n; k++)
    if (job->state[first + k] != MTP_CANDIDATE_LEFT_OUT &&
        mtp_structure_hash_of(MTP_SAME_ROUNDED, block->configs[k], NULL) != job->key[first + k])
      return mtp_fail(ctx, MTP_ERR_IO, "candidate %zu is not what it was before: its file was changed", first + k + 1);
  return MTP_OK;
}

/* A piece of a file holds 10^5 atoms, which at high levels have gigabytes of rows. */
mtp_config_set mtp_select_part(const mtp_select_job *job, const mtp_config_set *block, size_t begin) {
  const bool by_forces = job->options->method == MTP_SELECT_MAXVOL && job->options->mode == MTP_SELECT_BY_FORCES;
  const size_t most = ROW_ENTRIES / (job->columns * (by_forces ? 3 : 1));
  mtp_config_set part = *block;
  size_t end = begin, atoms = 0;
  do atoms += block->configs[end++]->n;
  while (end < block->n && atoms + block->configs[end]->n <= most);
  part.configs = block->configs + begin;
  part.n = end - begin;
  return part;
}

static mtp_status take_parts(mtp_context *ctx, const mtp_select_job *job, const mtp_config_set *block, size_t first,
                             mtp_block_taker *take, void *user) {
  mtp_status status = MTP_OK;
  for (size_t begin = 0; begin < block->n && status == MTP_OK;) {
    const mtp_config_set part = mtp_select_part(job, block, begin);
    status = take(ctx, user, &part, first + begin);
    begin += part.n;
  }
  return status;
}

static mtp_status pass_over(mtp_context *ctx, mtp_select_job *job, size_t pass, table *seen, mtp_block_taker *take,
                            void *user) {
  size_t first = 0;
  mtp_status status = job->source->rewind(ctx, job->source->user);
  while (status == MTP_OK) {
    const mtp_config_set *block = NULL;
    if (mtp_context_is_stopped(ctx)) return mtp_fail(ctx, MTP_ERR_STOPPED, "the selection was stopped");
    status = job->source->next(ctx, job->source->user, &block);
    if (status != MTP_OK || !block) break;
    status = pass == 0 ? note_block(ctx, job, seen, block) : recognise_block(ctx, job, block, first);
    if (status == MTP_OK) status = take_parts(ctx, job, block, first, take, user);
    first += block->n;
    if (job->options->progress) job->options->progress(job->options->user, pass);
  }
  if (status == MTP_OK && first < job->count)
    status = mtp_fail(ctx, MTP_ERR_IO, "there are fewer candidates than before: their files were changed");
  return status;
}

mtp_status mtp_select_pass(mtp_context *ctx, mtp_select_job *job, size_t pass, mtp_block_taker *take, void *user) {
  table seen = {0};
  mtp_status status = grow(&seen) ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK && pass == 0) status = put_known(ctx, &seen, job->known);
  if (status == MTP_OK) status = pass_over(ctx, job, pass, &seen, take, user);
  free(seen.hash);
  free(seen.known);
  return status;
}

void mtp_select_choose(mtp_select_job *job, size_t candidate) {
  job->state[candidate] = MTP_CANDIDATE_CHOSEN;
}

void mtp_select_refuse(mtp_select_job *job, size_t candidate) {
  if (job->state[candidate] == MTP_CANDIDATE_OPEN) job->selection->unusable++;
  job->state[candidate] = MTP_CANDIDATE_LEFT_OUT;
}

uint64_t mtp_select_mix(uint64_t key, uint64_t with) {
  uint64_t z = key + with * UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* ---- the whole ---- */

static mtp_status check(mtp_context *ctx, const mtp_select_options *o) {
  if (!*mtp_select_method_name(o->method)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "selection: no such method");
  if (!(o->threshold >= 1) || !(o->swap >= 1) || o->threads < 1 || !(o->memory >= 0))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "selection: expected thresholds of at least 1 and a thread");
  if (o->method != MTP_SELECT_MAXVOL && o->method != MTP_SELECT_RANGE && o->max == 0)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "selection by %s: expected how many are to be selected",
                    mtp_select_method_name(o->method));
  return MTP_OK;
}

static bool has_linear_columns(const mtp_select_options *o) {
  return o->rows == MTP_ROWS_LINEAR || o->method != MTP_SELECT_MAXVOL || o->mode == MTP_SELECT_BY_FORCES;
}

/* Rows by the linear coefficients, lots and labels do not depend on coefficients: the radial functions that a potential
 * begins with will do, as in a fit of linear coefficients alone. */
static mtp_status do_without_coefficients(mtp_context *ctx, mtp_select_job *job) {
  const mtp_select_options *o = job->options;
  if (mtp_potential_is_trained(job->pot)) return MTP_OK;
  if (o->method == MTP_SELECT_MAXVOL && !has_linear_columns(o))
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "an untrained potential has no rows by all parameters: linear ones are possible");
  if (o->method == MTP_SELECT_SITE_ENERGY || o->method == MTP_SELECT_BAYES)
    return mtp_fail(ctx, MTP_ERR_STATE, "selection by %s needs a trained potential, and this one is untrained",
                    mtp_select_method_name(o->method));
  const mtp_status status = mtp_potential_blank(ctx, job->pot, &job->own_pot);
  if (status == MTP_OK) {
    job->pot = job->own_pot;
    job->is_blank = true;
  }
  return status;
}

mtp_status mtp_select_prepare(mtp_context *ctx, mtp_select_job *job) {
  const size_t n = mtp_potential_parameter_count(job->pot);
  job->columns = has_linear_columns(job->options)
                     ? (size_t)(mtp_potential_species_count(job->pot) + mtp_potential_scalar_count(job->pot))
                     : n;
  job->first = n - job->columns;
  job->threads = job->options->threads;
  job->ev = mtp_calloc((size_t)job->threads, sizeof *job->ev);
  job->scratch = mtp_calloc((size_t)job->threads, sizeof *job->scratch);
  mtp_status status = job->ev && job->scratch ? MTP_OK : mtp_fail_memory(ctx);
  for (int t = 0; t < job->threads && status == MTP_OK; t++) {
    status = mtp_evaluator_new(ctx, job->pot, &job->ev[t]);
    job->scratch[t] = mtp_alloc_aligned(MTP_SELECT_STRETCH * n, sizeof(double));
    if (status == MTP_OK && !job->scratch[t]) status = mtp_fail_memory(ctx);
  }
  if (status == MTP_OK && job->options->method == MTP_SELECT_MAXVOL && job->options->mode == MTP_SELECT_BY_FORCES)
    status = mtp_plan_new(ctx, job->pot, MTP_PLAN_FROZEN, 0, &job->plan);
  return status;
}

void mtp_select_clear(mtp_select_job *job) {
  for (int t = 0; t < job->threads; t++) {
    if (job->ev) mtp_evaluator_free(job->ev[t]);
    if (job->scratch) free(job->scratch[t]);
  }
  free(job->ev);
  free(job->scratch);
  mtp_plan_free(job->plan);
  free(job->key);
  free(job->state);
}

static mtp_status call_helpers(mtp_context *ctx, const mtp_select_job *job) {
  mtp_team_order order = {.kind = MTP_TEAM_SELECT, .options = *job->options};
  return mtp_team_send_model(ctx, job->comm, &order, job->pot);
}

static mtp_status run_method(mtp_context *ctx, mtp_select_job *job, const mtp_active_set *start) {
  switch (job->options->method) {
  case MTP_SELECT_MAXVOL:
    return mtp_select_by_maxvol(ctx, job, start);
  case MTP_SELECT_RANGE:
    return mtp_select_by_range(ctx, job);
  case MTP_SELECT_RANDOM:
    return mtp_select_by_chance(ctx, job);
  case MTP_SELECT_BAYES:
    return mtp_select_by_bayes(ctx, job);
  default:
    return mtp_select_by_histogram(ctx, job);
  }
}

static mtp_status collect(mtp_context *ctx, const mtp_select_job *job) {
  mtp_selection *s = job->selection;
  for (size_t k = 0; k < job->count; k++) s->count += job->state[k] == MTP_CANDIDATE_CHOSEN;
  s->chosen = mtp_calloc(s->count, sizeof *s->chosen);
  s->key = mtp_calloc(s->count, sizeof *s->key);
  if (!s->chosen || !s->key) return mtp_fail_memory(ctx);
  for (size_t k = 0, at = 0; k < job->count; k++)
    if (job->state[k] == MTP_CANDIDATE_CHOSEN) {
      s->key[at] = job->key[k];
      s->chosen[at++] = k;
    }
  return MTP_OK;
}

mtp_status mtp_select(mtp_context *ctx, const mtp_select_options *options, const mtp_potential *pot,
                      const mtp_active_set *start, const mtp_config_set *train, const mtp_candidates *candidates,
                      mtp_selection **out) {
  if (out) *out = NULL;
  if (!options || !pot || !candidates || !out || !candidates->rewind || !candidates->next)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "selection: no candidates, options or potential given");
  mtp_status status = check(ctx, options);
  if (status != MTP_OK) return status;
  mtp_select_job job = {.options = options, .pot = pot, .train = train, .source = candidates, .comm = options->comm};
  job.known = train ? train : start && options->method == MTP_SELECT_MAXVOL ? mtp_active_set_configs(start) : NULL;
  job.selection = mtp_calloc(1, sizeof *job.selection);
  status = job.selection ? do_without_coefficients(ctx, &job) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_select_prepare(ctx, &job);
  if (status == MTP_OK) status = call_helpers(ctx, &job);
  if (status == MTP_OK) status = run_method(ctx, &job, train ? NULL : start);
  if (status == MTP_OK) status = collect(ctx, &job);
  mtp_select_clear(&job);
  mtp_potential_free(job.own_pot);
  if (status == MTP_OK)
    *out = job.selection;
  else
    mtp_selection_free(job.selection);
  return status;
}

void mtp_selection_free(mtp_selection *selection) {
  if (!selection) return;
  free(selection->chosen);
  free(selection->key);
  free(selection);
}

bool mtp_selection_is(const mtp_selection *selection, size_t k, const mtp_config *cfg) {
  return selection && cfg && k < selection->count &&
         mtp_structure_hash_of(MTP_SAME_ROUNDED, cfg, NULL) == selection->key[k];
}
