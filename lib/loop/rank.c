/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/rank.c
 * Which candidates are worth a label. Consecutive steps of a run resemble each other, so a label often covers its
 * neighbours in time as well: candidates are taken greedily, the most extrapolating one first; its rows go into a copy
 * of the active set as if it were labelled, the others are graded anew, and what is no longer beyond select is dropped.
 * Of a waiting candidate only the rows beyond select are kept, which bounds the memory whatever the size of the cell.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/rows.h"
#include "loop/loop.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* Rows of a candidate that are beyond a threshold. */
typedef struct beyond {
  size_t m;
  double *rows;      /* [m*n] */
  long long *origin; /* [2*m] number of the candidate, atom or -1 */
  double *gamma;     /* [m] */
  double grade;      /* the largest of them; 0 if there are none or the candidate is taken */
} beyond;

typedef struct ranking {
  mtp_context *ctx;
  const mtp_learner *learner;
  mtp_evaluator *ev;
  mtp_active_set *as; /* the copy that grows */
  double limit;       /* up to which a grade is good enough */
  size_t n;
  const mtp_candidate *const *candidates;
  beyond *waiting; /* [n] */
} ranking;

static void beyond_free(beyond *b) {
  free(b->rows);
  free(b->origin);
  free(b->gamma);
  *b = (beyond){0};
}

/* Rows of a configuration whose grade by the present copy is above the threshold. */
static mtp_status find_beyond(const ranking *r, const mtp_config *cfg, size_t number, double threshold, beyond *out) {
  const mtp_sample sample = mtp_sample_of(cfg);
  const mtp_mode mode = mtp_active_set_mode(r->as);
  const size_t n = mtp_active_set_size(r->as), count = mtp_rows_count(&sample, mode);
  beyond b = {0};
  b.rows = mtp_alloc_aligned(count * n, sizeof *b.rows);
  b.origin = mtp_calloc(2 * count, sizeof *b.origin);
  b.gamma = mtp_calloc(count, sizeof *b.gamma);
  mtp_status status = b.rows && b.origin && b.gamma ? MTP_OK : mtp_fail_memory(r->ctx);
  if (status == MTP_OK) status = mtp_rows_compute(r->ctx, r->ev, r->learner->pot, &sample, mode, b.rows);
  if (status == MTP_OK) status = mtp_active_set_grade(r->ctx, r->as, count, b.rows, b.gamma);
  if (status != MTP_OK) {
    beyond_free(&b);
    return status;
  }
  for (size_t i = 0; i < count; i++) {
    if (b.gamma[i] <= threshold) continue;
    memmove(b.rows + b.m * n, b.rows + i * n, n * sizeof *b.rows);
    b.origin[2 * b.m] = (long long)number;
    b.origin[2 * b.m + 1] = mode == MTP_MODE_CONFIGURATION ? -1 : (long long)i;
    b.grade = fmax(b.grade, b.gamma[i]);
    b.m++;
  }
  double *smaller = mtp_realloc(b.rows, b.m * n, sizeof *b.rows);
  if (smaller) b.rows = smaller;
  *out = b;
  return MTP_OK;
}

/* As if the configuration were in the training set; a squeezed one has no rows there. */
static mtp_status know(ranking *r, const mtp_config *cfg, size_t number) {
  beyond all = {0};
  if (mtp_config_is_squeezed(cfg)) return MTP_OK;
  mtp_status status = find_beyond(r, cfg, number, MTP_LOOP_THRESHOLD, &all);
  if (status == MTP_OK && all.m)
    status = mtp_active_set_offer(r->ctx, r->as, all.m, all.rows, all.origin, MTP_LOOP_THRESHOLD, NULL, NULL);
  beyond_free(&all);
  return status;
}

static mtp_status learn_in_advance(ranking *r, size_t number) {
  const mtp_status status = know(r, r->candidates[number]->cfg, number);
  beyond_free(&r->waiting[number]);
  return status;
}

static mtp_status grade_waiting(ranking *r) {
  for (size_t i = 0; i < r->n; i++) {
    beyond *b = &r->waiting[i];
    if (b->m == 0) continue;
    mtp_status status = mtp_active_set_grade(r->ctx, r->as, b->m, b->rows, b->gamma);
    if (status != MTP_OK) return status;
    b->grade = 0;
    for (size_t k = 0; k < b->m; k++) b->grade = fmax(b->grade, b->gamma[k]);
  }
  return MTP_OK;
}

static mtp_status rank(ranking *r, size_t first, size_t *order, size_t *count) {
  const double select = r->limit;
  *count = 0;
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < r->n && status == MTP_OK; i++)
    if (i != first) status = find_beyond(r, r->candidates[i]->cfg, i, select, &r->waiting[i]);
  for (size_t next = first; status == MTP_OK;) {
    if (next < r->n) {
      order[(*count)++] = next;
      status = learn_in_advance(r, next);
      if (status == MTP_OK) status = grade_waiting(r);
    }
    next = r->n;
    double most = select;
    for (size_t i = 0; i < r->n; i++)
      if (r->waiting[i].grade > most) {
        most = r->waiting[i].grade;
        next = i;
      }
    if (next == r->n) break;
  }
  return status;
}

static mtp_status rank_beyond(mtp_context *ctx, const mtp_learner *l, double limit, size_t n,
                              const mtp_candidate *const *candidates, size_t first, const mtp_config_set *coming,
                              size_t *order, size_t *count) {
  ranking r = {.ctx = ctx, .learner = l, .limit = limit, .n = n, .candidates = candidates};
  r.waiting = mtp_calloc(n, sizeof *r.waiting);
  mtp_status status = r.waiting ? mtp_evaluator_new(ctx, l->pot, &r.ev) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_active_set_copy(ctx, l->as, &r.as);
  for (size_t i = 0; coming && i < coming->n && status == MTP_OK; i++) status = know(&r, coming->configs[i], n + i);
  if (status == MTP_OK) status = rank(&r, first, order, count);
  for (size_t i = 0; r.waiting && i < n; i++) beyond_free(&r.waiting[i]);
  free(r.waiting);
  mtp_active_set_free(r.as);
  mtp_evaluator_free(r.ev);
  return status;
}

mtp_status mtp_loop_rank(mtp_context *ctx, const mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                         size_t first, const mtp_config_set *coming, size_t *order, size_t *count) {
  const bool plain = n < 2 && (!coming || first < n);
  if (l->options.query == MTP_QUERY_BAYES && !plain && l->posterior)
    return mtp_loop_rank_doubt(ctx, l, l->options.select_grade, n, candidates, first, coming, order, count);
  if (plain || !l->as || !mtp_potential_is_trained(l->pot)) { /* nothing to rank with */
    *count = 0;
    if (first < n) order[(*count)++] = first;
    for (size_t i = 0; i < n; i++)
      if (i != first) order[(*count)++] = i;
    return MTP_OK;
  }
  return rank_beyond(ctx, l, l->options.select_grade, n, candidates, first, coming, order, count);
}

mtp_status mtp_loop_is_covered(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c,
                               const mtp_config_set *coming, bool *covered) {
  size_t order, count = 1;
  mtp_status status = MTP_OK;
  const double limit = l->options.select_grade;
  const bool can_tell = l->as && mtp_potential_is_trained(l->pot);
  if (l->options.query == MTP_QUERY_BAYES && l->posterior)
    status = mtp_loop_rank_doubt(ctx, l, limit, 1, &c, 1, coming, &order, &count);
  else if (can_tell && l->options.query != MTP_QUERY_BAYES)
    status = rank_beyond(ctx, l, limit, 1, &c, 1, coming, &order, &count);
  *covered = count == 0;
  return status;
}
