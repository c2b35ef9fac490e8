/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select_bayes.c
 * Selection by the posterior of a potential: again and again the candidate with the atom whose force is least certain,
 * whose forces then count as known. How certain that makes the others does not depend on what the forces will be.
 *
 * Variances only shrink as more is known, so what was found for a candidate before is a bound of what it has now. Those
 * with the largest bounds are held in memory, and only the one that is first among them is looked at again; the first
 * one that stays there is the largest of all. When others may be larger than all that are held, these are read. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/pairs.h"
#include "kernel/jacobian.h"
#include "learn/posterior.h"
#include "learn/select.h"
#include "learn/workers.h"
#include "support/support.h"

/* Of an atom that is held, with what a configuration may have of it. */
#define BYTES_PER_ATOM 120.0
/* Candidates that are held at least, however large they are. */
#define LEAST_HELD 4

/* A candidate in memory. */
typedef struct held {
  mtp_config *config;
  size_t number;
} held;

typedef struct bayes {
  mtp_select_job *job;
  mtp_posterior *posterior;
  double *grade; /* [capacity] of the candidates, or a bound of it */
  size_t capacity;
  double cut;    /* candidates are held from this grade on */
  double beyond; /* the largest grade of those that are not held */
  held *entry;   /* [count] */
  size_t count, room;
} bayes;

static bool is_open(const bayes *b, size_t candidate) {
  return b->job->state[candidate] == MTP_CANDIDATE_OPEN;
}

/* ---- grades ---- */

/* Standard deviation of the force on the least certain atom over the noise. Forces that are masked are not learned. */
static double find_largest(const bayes *b, const mtp_config *cfg, const mtp_doubt *doubt) {
  double largest = 0;
  for (size_t i = 0; i < cfg->n; i++) {
    const double grade = mtp_posterior_grade(b->posterior, doubt + i, 0);
    if (!isfinite(grade)) return NAN;
    if (!mtp_config_is_masked(cfg, i)) largest = fmax(largest, grade);
  }
  return largest;
}

/* The grade is not finite where the candidate cannot be used. rows: to be cleared, also after a failure. */
static mtp_status grade_config(mtp_context *ctx, const bayes *b, const mtp_config *cfg, mtp_linear_rows *rows,
                               double *grade) {
  mtp_neighbors *nb = NULL;
  mtp_doubt *doubt = mtp_calloc(cfg->n, sizeof *doubt);
  *grade = NAN;
  mtp_status status = doubt ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_neighbors_build(ctx, cfg, mtp_potential_cutoff(b->job->pot), &nb);
  if (status == MTP_OK && mtp_neighbors_smallest_distance(nb) >= 0.1 * mtp_potential_min_dist(b->job->pot)) {
    status = mtp_linear_rows_compute(ctx, b->posterior->plan, nb, rows);
    if (status == MTP_OK) status = mtp_posterior_doubts(ctx, b->posterior, cfg->n, rows->force, doubt);
    if (status == MTP_OK) *grade = find_largest(b, cfg, doubt);
  }
  mtp_neighbors_free(nb);
  free(doubt);
  return status;
}

/* Of the candidates of a block. */
typedef struct grading {
  bayes *b;
  const mtp_config_set *set;
  size_t first;
} grading;

static mtp_status grade_task(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const grading *g = user;
  mtp_linear_rows rows = {0};
  (void)thread;
  const mtp_config *cfg = g->set->configs[task];
  if (!is_open(g->b, g->first + task) || cfg->n == 0 || mtp_config_is_squeezed(cfg)) return MTP_OK;
  const mtp_status status = grade_config(ctx, g->b, cfg, &rows, result);
  mtp_linear_rows_clear(&rows);
  if (status == MTP_OK) return MTP_OK;
  return mtp_fail(ctx, status, "candidate %zu: %s", g->first + task + 1, mtp_context_message(ctx));
}

static void take_grade(bayes *b, size_t candidate, double grade) {
  b->grade[candidate] = grade;
  if (!isfinite(grade)) mtp_select_refuse(b->job, candidate);
}

static void take_task(void *user, size_t task, const double *result) {
  const grading *g = user;
  if (is_open(g->b, g->first + task)) take_grade(g->b, g->first + task, result[0]);
}

static mtp_status grade_block(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  bayes *b = user;
  const mtp_workers workers = {NULL, b->job->threads};
  if (first + block->n > b->capacity) {
    const size_t capacity = 2 * (first + block->n);
    double *larger = mtp_realloc(b->grade, capacity, sizeof *larger);
    if (!larger) return mtp_fail_memory(ctx);
    b->grade = larger;
    b->capacity = capacity;
  }
  grading g = {b, block, first};
  const mtp_tasks tasks = {block->n, 1, &g, grade_task, take_task, false};
  return mtp_workers_run(ctx, &workers, &tasks);
}

static void tell_grades(const bayes *b) {
  mtp_selection *s = b->job->selection;
  s->has_grades = true;
  for (size_t k = 0; k < b->job->count; k++) {
    if (!is_open(b, k)) continue;
    s->largest = fmax(s->largest, b->grade[k]);
    s->beyond += b->grade[k] > b->job->options->threshold;
  }
}

/* ---- those that are held ---- */

static int descending(const void *left, const void *right) {
  const double a = *(const double *)left, b = *(const double *)right;
  return (a < b) - (a > b);
}

/* Which grades belong to those that are held. */
static mtp_status find_cut(mtp_context *ctx, bayes *b) {
  const mtp_selection *s = b->job->selection;
  const double mean = s->atoms > s->candidates ? (double)s->atoms / (double)s->candidates : 1;
  const double room = b->job->options->memory / (BYTES_PER_ATOM * mean), all = (double)b->job->count;
  const size_t most = room > LEAST_HELD ? (size_t)fmin(room, all) : LEAST_HELD;
  double *sorted = mtp_calloc(b->job->count, sizeof *sorted);
  size_t n = 0;
  if (!sorted) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < b->job->count; k++)
    if (is_open(b, k) && b->grade[k] > 0) sorted[n++] = b->grade[k];
  qsort(sorted, n, sizeof *sorted, descending);
  b->cut = n > most ? sorted[most - 1] : 0;
  size_t next = n > most ? most : n;
  while (next < n && sorted[next] == b->cut) next++;
  b->beyond = next < n ? sorted[next] : 0;
  free(sorted);
  return MTP_OK;
}

static mtp_status hold_block(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  bayes *b = user;
  for (size_t k = 0; k < block->n; k++) {
    const double grade = b->grade[first + k];
    if (!is_open(b, first + k) || !(grade > 0) || grade < b->cut) continue;
    if (b->count == b->room) {
      const size_t room = b->room ? 2 * b->room : 64;
      held *larger = mtp_realloc(b->entry, room, sizeof *larger);
      if (!larger) return mtp_fail_memory(ctx);
      b->entry = larger;
      b->room = room;
    }
    mtp_config *copy = mtp_config_copy(block->configs[k]);
    if (!copy) return mtp_fail_memory(ctx);
    b->entry[b->count++] = (held){copy, first + k};
  }
  return MTP_OK;
}

static void let_go(bayes *b) {
  for (size_t k = 0; k < b->count; k++) mtp_config_free(b->entry[k].config);
  b->count = 0;
}

/* ---- one after the other ---- */

/* The open one with the largest grade, NULL without any. */
static const held *find_first(const bayes *b) {
  const held *first = NULL;
  for (size_t k = 0; k < b->count; k++) {
    const size_t number = b->entry[k].number;
    if (!is_open(b, number) || !(b->grade[number] > 0)) continue;
    if (first && b->grade[number] < b->grade[first->number]) continue;
    if (first && b->grade[number] == b->grade[first->number] && b->job->key[number] > b->job->key[first->number])
      continue;
    first = b->entry + k;
  }
  return first;
}

static mtp_status learn(mtp_context *ctx, const bayes *b, const mtp_config *cfg, const mtp_linear_rows *rows) {
  size_t n = 0;
  for (size_t i = 0; i < cfg->n; i++) {
    if (mtp_config_is_masked(cfg, i)) continue;
    if (n < i) memmove(rows->force + 3 * n * rows->m, rows->force + 3 * i * rows->m, 3 * rows->m * sizeof *rows->force);
    n++;
  }
  return mtp_posterior_learn(ctx, b->posterior, 3 * n, rows->force);
}

/* Grades it by what is known now. If it stays the first one it is chosen. */
static mtp_status try_first(mtp_context *ctx, bayes *b, const held *first, size_t *chosen) {
  mtp_linear_rows rows = {0};
  double grade;
  mtp_status status = grade_config(ctx, b, first->config, &rows, &grade);
  if (status == MTP_OK) take_grade(b, first->number, grade);
  if (status == MTP_OK && find_first(b) == first && b->grade[first->number] >= b->beyond) {
    mtp_select_choose(b->job, first->number);
    ++*chosen;
    status = learn(ctx, b, first->config, &rows);
  }
  mtp_linear_rows_clear(&rows);
  return status;
}

/* Until one that is not held may be the first. */
static mtp_status choose_held(mtp_context *ctx, bayes *b, size_t *chosen) {
  mtp_status status = MTP_OK;
  while (status == MTP_OK && *chosen < b->job->options->max) {
    const held *first = find_first(b);
    if (!first || b->grade[first->number] < b->beyond) break;
    if (mtp_context_is_stopped(ctx)) return mtp_fail(ctx, MTP_ERR_STOPPED, "the selection was stopped");
    status = try_first(ctx, b, first, chosen);
  }
  return status;
}

static mtp_status choose_all(mtp_context *ctx, bayes *b) {
  size_t chosen = 0;
  mtp_status status = MTP_OK;
  for (size_t pass = 1; status == MTP_OK && chosen < b->job->options->max; pass++) {
    status = find_cut(ctx, b);
    if (status == MTP_OK) status = mtp_select_pass(ctx, b->job, pass, hold_block, b);
    if (b->count == 0) break;
    if (status == MTP_OK) status = choose_held(ctx, b, &chosen);
    let_go(b);
  }
  let_go(b);
  return status;
}

/* ---- the whole ---- */

static mtp_status open_posterior(mtp_context *ctx, const mtp_select_job *job, mtp_posterior **out) {
  if (job->train) return mtp_posterior_train(ctx, job->pot, job->train, NULL, job->threads, out);
  const mtp_status status = mtp_posterior_of(ctx, job->pot, out);
  if (status != MTP_OK || *out) return status;
  return mtp_fail(ctx, MTP_ERR_STATE,
                  "selection by bayes: the potential does not say how sure it is, and nothing labelled is given");
}

mtp_status mtp_select_by_bayes(mtp_context *ctx, mtp_select_job *job) {
  bayes b = {.job = job};
  mtp_status status = open_posterior(ctx, job, &b.posterior);
  if (status == MTP_OK) status = mtp_select_pass(ctx, job, 0, grade_block, &b);
  if (status == MTP_OK) tell_grades(&b);
  if (status == MTP_OK) status = choose_all(ctx, &b);
  mtp_posterior_free(b.posterior);
  free(b.grade);
  free(b.entry);
  return status;
}
