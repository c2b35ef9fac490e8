/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/rank_doubt.c
 * Which candidates are worth a label, where errors to expect decide: greedily, the largest first. What a label takes
 * away from the variances of all others does not depend on the label, so that it is known before it is bought. Of a
 * waiting candidate only the atoms beyond select are kept. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/posterior.h"
#include "loop/loop.h"
#include "support/support.h"

typedef struct waiting {
  size_t atoms; /* beyond select */
  double *rows; /* [3*atoms*m] */
  double grade; /* the largest of them */
} waiting;

typedef struct ranking {
  mtp_context *ctx;
  const mtp_learner *learner;
  mtp_posterior *posterior; /* a copy, which learns */
  double limit;             /* up to which a grade is good enough */
  size_t n;
  const mtp_candidate *const *candidates;
  waiting *of; /* [n] */
} ranking;

/* Force rows of the atoms that a label of a configuration would be learned of: those that are not masked. */
static mtp_status rows_of(const ranking *r, const mtp_config *cfg, mtp_linear_rows *rows, size_t *atoms) {
  const size_t width = 3 * r->posterior->m;
  mtp_neighbors *nb = NULL;
  *atoms = 0;
  mtp_status status = mtp_neighbors_build(r->ctx, cfg, r->posterior->plan->radial.max_dist, &nb);
  if (status == MTP_OK) status = mtp_linear_rows_compute(r->ctx, r->posterior->plan, nb, rows);
  mtp_neighbors_free(nb);
  for (size_t i = 0; status == MTP_OK && i < cfg->n; i++) {
    if (mtp_config_is_masked(cfg, i)) continue;
    if (*atoms != i) memmove(rows->force + *atoms * width, rows->force + i * width, width * sizeof *rows->force);
    ++*atoms;
  }
  return status;
}

/* Grades of `atoms` atoms from their rows; keeps those beyond select in front, and the largest. */
static mtp_status sift(const ranking *r, waiting *w) {
  const size_t m = r->posterior->m;
  mtp_doubt *doubt = mtp_calloc(w->atoms, sizeof *doubt);
  mtp_status status =
      doubt ? mtp_posterior_doubts(r->ctx, r->posterior, w->atoms, w->rows, doubt) : mtp_fail_memory(r->ctx);
  size_t kept = 0;
  w->grade = 0;
  for (size_t i = 0; i < w->atoms && status == MTP_OK; i++) {
    const double grade = mtp_posterior_grade(r->posterior, doubt + i, r->learner->options.query_error);
    if (grade <= r->limit) continue;
    memmove(w->rows + 3 * kept++ * m, w->rows + 3 * i * m, 3 * m * sizeof *w->rows);
    w->grade = fmax(w->grade, grade);
  }
  w->atoms = kept;
  free(doubt);
  return status;
}

static mtp_status begin(const ranking *r, size_t number) {
  waiting *w = &r->of[number];
  mtp_linear_rows rows = {0};
  mtp_status status = rows_of(r, r->candidates[number]->cfg, &rows, &w->atoms);
  if (status != MTP_OK) return status;
  w->rows = rows.force;
  rows.force = NULL;
  mtp_linear_rows_clear(&rows);
  status = sift(r, w);
  double *smaller = mtp_realloc(w->rows, 3 * w->atoms * r->posterior->m + 1, sizeof *w->rows);
  if (smaller) w->rows = smaller;
  return status;
}

/* As if the configuration were in the training set; a squeezed one weighs next to nothing there. */
static mtp_status know(const ranking *r, const mtp_config *cfg) {
  mtp_linear_rows rows = {0};
  size_t atoms;
  if (mtp_config_is_squeezed(cfg)) return MTP_OK;
  mtp_status status = rows_of(r, cfg, &rows, &atoms);
  if (status == MTP_OK) status = mtp_posterior_learn(r->ctx, r->posterior, 3 * atoms, rows.force);
  mtp_linear_rows_clear(&rows);
  return status;
}

static mtp_status learn_in_advance(const ranking *r, size_t number) {
  free(r->of[number].rows);
  r->of[number] = (waiting){0};
  mtp_status status = know(r, r->candidates[number]->cfg);
  for (size_t i = 0; i < r->n && status == MTP_OK; i++)
    if (r->of[i].atoms > 0) status = sift(r, &r->of[i]);
  return status;
}

static size_t worst_of(const ranking *r) {
  size_t found = r->n;
  double most = r->limit;
  for (size_t i = 0; i < r->n; i++)
    if (r->of[i].grade > most) {
      most = r->of[i].grade;
      found = i;
    }
  return found;
}

static mtp_status rank(const ranking *r, size_t first, size_t *order, size_t *count) {
  mtp_status status = MTP_OK;
  *count = 0;
  for (size_t i = 0; i < r->n && status == MTP_OK; i++)
    if (i != first) status = begin(r, i);
  for (size_t next = first < r->n ? first : worst_of(r); status == MTP_OK && next < r->n; next = worst_of(r)) {
    order[(*count)++] = next;
    status = learn_in_advance(r, next);
  }
  return status;
}

mtp_status mtp_loop_rank_doubt(mtp_context *ctx, const mtp_learner *l, double limit, size_t n,
                               const mtp_candidate *const *candidates, size_t first, const mtp_config_set *coming,
                               size_t *order, size_t *count) {
  ranking r = {.ctx = ctx, .learner = l, .limit = limit, .n = n, .candidates = candidates};
  r.of = mtp_calloc(n, sizeof *r.of);
  mtp_status status = r.of ? mtp_posterior_of(ctx, l->pot, &r.posterior) : mtp_fail_memory(ctx);
  if (status == MTP_OK && !r.posterior) status = mtp_fail(ctx, MTP_ERR_STATE, "the potential has lost its posterior");
  for (size_t i = 0; coming && i < coming->n && status == MTP_OK; i++) status = know(&r, coming->configs[i]);
  if (status == MTP_OK) status = rank(&r, first, order, count);
  for (size_t i = 0; r.of && i < n; i++) free(r.of[i].rows);
  free(r.of);
  mtp_posterior_free(r.posterior);
  return status;
}
