/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/active_set_build.c
 * The active set of a training set: gradient rows of its configurations, batch by batch, offered until nothing gains.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "learn/active_set.h"
#include "learn/rows.h"
#include "learn/workers.h"
#include "mtp/evaluator.h"

#define INITIAL 1e-6
/* Doubles of gradient rows held at once (256 MiB). */
#define BATCH_ENTRIES ((size_t)32 << 20)
/* Passes over a training set that does not fit into one batch. */
#define MAX_PASSES 50

mtp_status mtp_rows_compute(mtp_context *ctx, mtp_evaluator *ev, const mtp_potential *pot, const mtp_sample *sample,
                            mtp_mode mode, double *rows) {
  const size_t n = mtp_potential_parameter_count(pot), atoms_in = sample->config->n;
  mtp_neighbors *nb = NULL;
  mtp_status status = mtp_sample_acquire_neighbors(ctx, sample, mtp_potential_cutoff(pot), &nb);
  if (status != MTP_OK) return status;
  if (mode == MTP_MODE_FORCES) {
    status = mtp_force_rows_compute(ctx, pot, sample->config, nb, rows);
    mtp_sample_release_neighbors(sample, nb);
    return status;
  }
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {0};
  if (mode == MTP_MODE_NEIGHBOURHOOD)
    out.rows = rows;
  else {
    out.gradient = rows;
    memset(rows, 0, n * sizeof(double));
  }
  status = mtp_evaluator_compute(ctx, ev, &atoms, NULL, &out);
  if (mode == MTP_MODE_CONFIGURATION && atoms_in)
    for (size_t k = 0; k < n; k++) rows[k] /= (double)atoms_in;
  if (mode == MTP_MODE_NEIGHBOURHOOD && sample->config->force_mask)
    for (size_t i = 0; i < atoms_in; i++) /* nothing is learned of these */
      if (sample->config->force_mask[i]) memset(rows + i * n, 0, n * sizeof *rows);
  mtp_sample_release_neighbors(sample, nb);
  return status;
}

size_t mtp_rows_count(const mtp_sample *sample, mtp_mode mode) {
  if (sample->kind == MTP_SAMPLE_SQUEEZED) return 0; /* a run that meets it is not to be trusted */
  if (mode == MTP_MODE_CONFIGURATION) return sample->config->n > 0 && !sample->config->force_mask;
  return mode == MTP_MODE_FORCES ? mtp_force_rows_count(sample->config->n) : sample->config->n;
}

/* Work space of a build. */
typedef struct build {
  mtp_context *ctx;
  const mtp_potential *pot;
  const mtp_sample_set *set;
  int threads;
  mtp_evaluator **ev; /* [threads] */
  mtp_active_set *as;
  size_t first;    /* configuration from which on they are offered */
  size_t capacity; /* rows */
  size_t *at;      /* [set->n] where the rows of a configuration begin */
  double *rows;
  long long *origin;
} build;

/* The rows of a configuration go where `at` says. */
static mtp_status make_rows(mtp_context *ctx, const build *b, size_t config, int thread) {
  const mtp_sample *sample = b->set->sample[config];
  const mtp_mode mode = b->as->mode;
  const size_t at = b->at[config], count = mtp_rows_count(sample, mode);
  if (count == 0) return MTP_OK;
  for (size_t k = 0; k < count; k++) {
    b->origin[2 * (at + k)] = (long long)config;
    b->origin[2 * (at + k) + 1] = mode == MTP_MODE_CONFIGURATION ? -1 : (long long)k;
  }
  return mtp_rows_compute(ctx, b->ev[thread], b->pot, sample, mode, b->rows + at * b->as->n);
}

typedef struct stretch {
  build *b;
  size_t first;
} stretch;

static mtp_status make_task(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const stretch *s = user;
  (void)result;
  return make_rows(ctx, s->b, s->first + task, thread);
}

/* Of the configurations first..end-1. */
static mtp_status make_all_rows(build *b, size_t first, size_t end) {
  const mtp_workers workers = {NULL, b->threads};
  stretch s = {b, first};
  const mtp_tasks tasks = {end - first, 0, &s, make_task, NULL, true};
  return mtp_workers_run(b->ctx, &workers, &tasks);
}

static mtp_status offer(build *b, size_t m, double threshold, size_t *swaps) {
  mtp_swap *list = NULL;
  size_t count = 0;
  mtp_status status = mtp_active_set_offer(b->ctx, b->as, m, b->rows, b->origin, threshold, &list, &count);
  free(list);
  *swaps += count;
  return status;
}

/* Offers all configurations once. */
static mtp_status pass(build *b, double threshold, size_t *swaps, int *single) {
  mtp_status status = MTP_OK;
  *single = 1;
  for (size_t begin = b->first, end; status == MTP_OK && begin < b->set->n; begin = end) {
    size_t used = 0;
    for (end = begin; end < b->set->n; end++) {
      const size_t more = mtp_rows_count(b->set->sample[end], b->as->mode);
      if (used && used + more > b->capacity) break;
      b->at[end] = used;
      used += more;
    }
    if (end < b->set->n) *single = 0;
    status = make_all_rows(b, begin, end);
    if (status == MTP_OK && used) status = offer(b, used, threshold, swaps);
  }
  return status;
}

static bool is_alike(const mtp_active_set *start, const mtp_active_set *as) {
  return start->n == as->n && start->mode == as->mode && start->pinned == as->pinned;
}

/* Whether a row of `start` is one of the training set. */
static bool is_of_set(const build *b, const mtp_active_set *start, size_t i) {
  const long long config = start->origin[2 * i], atom = start->origin[2 * i + 1];
  if (config < 0 || (size_t)config >= b->set->n) return false;
  return (size_t)(atom < 0 ? 0 : atom) < mtp_rows_count(b->set->sample[config], b->as->mode);
}

/* Numbers of the rows of `start` that are of the training set, those of one configuration together, in its order. */
static size_t rows_by_config(const build *b, const mtp_active_set *start, size_t *order) {
  size_t m = 0;
  for (size_t i = 0; i < start->n; i++) {
    if (!is_of_set(b, start, i)) continue;
    size_t at = m++;
    for (; at > 0 && start->origin[2 * order[at - 1]] > start->origin[2 * i]; at--) order[at] = order[at - 1];
    order[at] = i;
  }
  return m;
}

/* The rows that an earlier set chose, at the present parameters. They are most of what this one will choose: offered
 * alone they cost next to nothing. */
static mtp_status start_from(build *b, const mtp_active_set *start, double threshold) {
  const size_t n = b->as->n;
  double *chosen = mtp_alloc_aligned(n * n, sizeof(double));
  long long *origin = mtp_calloc(2 * n, sizeof *origin);
  size_t *order = mtp_calloc(n, sizeof *order);
  mtp_status status = chosen && origin && order ? MTP_OK : mtp_fail_memory(b->ctx);
  const size_t m = status == MTP_OK ? rows_by_config(b, start, order) : 0;
  long long made = -1;
  for (size_t k = 0; status == MTP_OK && k < m; k++) {
    const long long *from = start->origin + 2 * order[k];
    if (from[0] != made) {
      b->at[from[0]] = 0;
      status = make_rows(b->ctx, b, (size_t)from[0], 0);
    }
    made = from[0];
    memcpy(chosen + k * n, b->rows + (size_t)(from[1] < 0 ? 0 : from[1]) * n, n * sizeof(double));
    memcpy(origin + 2 * k, from, 2 * sizeof *origin);
  }
  if (status == MTP_OK && m) status = mtp_active_set_offer(b->ctx, b->as, m, chosen, origin, threshold, NULL, NULL);
  free(chosen);
  free(origin);
  free(order);
  return status;
}

/* A borrowed configuration does not live as long as the set. */
static mtp_status adopt(build *b, mtp_sample *sample) {
  if (sample->own) return mtp_sample_set_add(b->ctx, b->as->samples, sample);
  mtp_config *copy = mtp_config_copy(sample->config);
  mtp_sample *own = copy ? mtp_sample_new(copy) : NULL;
  const mtp_status status = own ? mtp_sample_set_add(b->ctx, b->as->samples, own) : mtp_fail_memory(b->ctx);
  if (!own) mtp_config_free(copy);
  mtp_sample_release(own);
  return status;
}

/* Holds the configurations that own rows, in the order of the training set. */
static mtp_status adopt_samples(build *b) {
  mtp_active_set *as = b->as;
  size_t *order = mtp_calloc(as->n, sizeof *order);
  mtp_status status = order ? MTP_OK : mtp_fail_memory(b->ctx);
  if (status == MTP_OK)
    status = mtp_sample_set_name(b->ctx, as->samples, b->set->view->species_count, b->set->view->names);
  const size_t m = status == MTP_OK ? rows_by_config(b, as, order) : 0;
  long long made = -1;
  for (size_t k = 0; status == MTP_OK && k < m; k++) {
    const long long config = as->origin[2 * order[k]];
    if (config != made) status = adopt(b, b->set->sample[config]);
    made = config;
    as->config[order[k]] = (long long)as->samples->n - 1;
  }
  free(order);
  return status;
}

static mtp_status sweep_all(build *b, double threshold, const mtp_active_set *start) {
  mtp_status status = start && is_alike(start, b->as) ? start_from(b, start, threshold) : MTP_OK;
  for (int round = 0; status == MTP_OK && round < MAX_PASSES; round++) {
    size_t swaps = 0;
    int single = 1;
    status = pass(b, threshold, &swaps, &single);
    if (single || swaps == 0) break; /* a single batch is swept until nothing gains */
  }
  if (status == MTP_OK) status = adopt_samples(b);
  return status;
}

static mtp_status make_evaluators(build *b) {
  const size_t most = b->set->n - b->first;
  if ((size_t)b->threads > most) b->threads = most > 1 ? (int)most : 1;
  b->ev = mtp_calloc((size_t)b->threads, sizeof *b->ev);
  mtp_status status = b->ev ? MTP_OK : mtp_fail_memory(b->ctx);
  for (int t = 0; t < b->threads && status == MTP_OK; t++) status = mtp_evaluator_new(b->ctx, b->pot, &b->ev[t]);
  return status;
}

/* Work space for the rows of the configurations from `first` on, and of any one alone. */
static mtp_status begin(build *b, mtp_mode mode, size_t pinned) {
  const size_t n = mtp_potential_parameter_count(b->pot);
  size_t total = 0, largest = 1;
  for (size_t k = 0; k < b->set->n; k++) {
    const size_t count = mtp_rows_count(b->set->sample[k], mode);
    if (k >= b->first) total += count;
    if (count > largest) largest = count;
  }
  b->capacity = BATCH_ENTRIES / n;
  if (b->capacity > total) b->capacity = total;
  if (b->capacity < largest) b->capacity = largest;
  mtp_status status = mtp_active_set_new(b->ctx, n, mode, INITIAL, &b->as);
  if (status != MTP_OK) return status;
  if (pinned) mtp_active_set_pin(b->as, pinned);
  b->as->threads = b->threads;
  status = make_evaluators(b);
  if (status != MTP_OK) return status;
  b->at = mtp_calloc(b->set->n, sizeof *b->at);
  b->rows = mtp_alloc_scratch(b->capacity * n, sizeof(double));
  b->origin = mtp_calloc(2 * b->capacity, sizeof *b->origin);
  return b->at && b->rows && b->origin ? MTP_OK : mtp_fail_memory(b->ctx);
}

static mtp_status end(build *b, mtp_status status, mtp_active_set **out) {
  free(b->at);
  free(b->rows);
  free(b->origin);
  for (int t = 0; b->ev && t < b->threads; t++) mtp_evaluator_free(b->ev[t]);
  free(b->ev);
  if (b->as) b->as->threads = 1;
  if (status == MTP_OK)
    *out = b->as;
  else
    mtp_active_set_free(b->as);
  return status;
}

mtp_status mtp_active_set_build_samples(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                                        mtp_mode mode, mtp_rows rows, double threshold, const mtp_active_set *start,
                                        int threads, mtp_active_set **out) {
  build b = {.ctx = ctx, .pot = pot, .set = set, .threads = threads};
  const size_t linear = (size_t)(mtp_potential_species_count(pot) + mtp_potential_scalar_count(pot));
  if (mode == MTP_MODE_FORCES) rows = MTP_ROWS_LINEAR;
  mtp_status status = begin(&b, mode, rows == MTP_ROWS_LINEAR ? mtp_potential_parameter_count(pot) - linear : 0);
  if (status == MTP_OK) status = sweep_all(&b, threshold, start);
  return end(&b, status, out);
}

mtp_status mtp_active_set_build(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_mode mode,
                                double threshold, const mtp_active_set *start, mtp_active_set **out) {
  return mtp_active_set_build_of(ctx, pot, set, mode, MTP_ROWS_ALL, threshold, start, out);
}

mtp_status mtp_active_set_build_of(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_mode mode,
                                   mtp_rows rows, double threshold, const mtp_active_set *start, mtp_active_set **out) {
  if (out) *out = NULL;
  if (!pot || !set || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: no training set given");
  mtp_sample_set *samples = NULL;
  mtp_status status = mtp_sample_set_borrow(ctx, set, &samples);
  if (status == MTP_OK) status = mtp_active_set_build_samples(ctx, pot, samples, mode, rows, threshold, start, 1, out);
  mtp_sample_set_free(samples);
  return status;
}

/* Rows by linear coefficients do not depend on these: those of the earlier set are what they would be now. */
static mtp_status copy_rows(build *b, const mtp_active_set *start) {
  const size_t n = b->as->n;
  memcpy(b->as->rows, start->rows, n * n * sizeof(double));
  memcpy(b->as->inverse, start->inverse, n * n * sizeof(double));
  memcpy(b->as->origin, start->origin, 2 * n * sizeof *start->origin);
  return MTP_OK;
}

mtp_status mtp_active_set_grow_samples(mtp_context *ctx, const mtp_potential *pot, const mtp_sample_set *set,
                                       size_t first, double threshold, const mtp_active_set *start, int threads,
                                       mtp_active_set **out) {
  build b = {.ctx = ctx, .pot = pot, .set = set, .first = first, .threads = threads};
  size_t swaps = 0;
  int single;
  mtp_status status = begin(&b, start->mode, start->pinned);
  if (status == MTP_OK) status = start->pinned ? copy_rows(&b, start) : start_from(&b, start, threshold);
  if (status == MTP_OK) status = pass(&b, threshold, &swaps, &single);
  if (status == MTP_OK) status = adopt_samples(&b);
  return end(&b, status, out);
}

mtp_status mtp_active_set_grow(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, size_t first,
                               double threshold, const mtp_active_set *start, mtp_active_set **out) {
  if (out) *out = NULL;
  if (!pot || !set || !start || !out || first > set->n || start->n != mtp_potential_parameter_count(pot))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: expected one of the same potential and a longer training set");
  mtp_sample_set *samples = NULL;
  mtp_status status = mtp_sample_set_borrow(ctx, set, &samples);
  if (status == MTP_OK) status = mtp_active_set_grow_samples(ctx, pot, samples, first, threshold, start, 1, out);
  mtp_sample_set_free(samples);
  return status;
}
