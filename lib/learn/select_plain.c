/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/select_plain.c
 * Selections in one pass: by the range of each basis function, and by chance. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/select.h"
#include "support/support.h"

/* ---- range ---- */

/* Smallest and largest value of a basis function of a site, and who has them. */
typedef struct extreme {
  double value; /* of the function, or of its negative: the largest counts */
  uint32_t owner;
  bool is_owned;
} extreme;

typedef struct range {
  mtp_select_job *job;
  extreme *known; /* [2*columns] of what is known */
  extreme *all;   /* [2*columns] of everything */
} range;

/* The row of an atom whose force is masked is zero: it is not an atom whose functions are. */
static void take_row(const range *r, extreme *of, const double *row, long long owner) {
  if (!(mtp_largest_modulus(r->job->columns, row) > 0)) return;
  for (size_t k = 0; k < 2 * r->job->columns; k++) {
    const double value = k % 2 ? -row[k / 2] : row[k / 2];
    extreme *e = of + k;
    bool larger = value > e->value;
    if (value == e->value && e->is_owned && owner >= 0) larger = r->job->key[owner] < r->job->key[e->owner];
    if (larger) *e = (extreme){value, (uint32_t)owner, owner >= 0};
  }
}

static mtp_status take_block(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  range *r = user;
  mtp_select_rows rows;
  mtp_status status = mtp_select_rows_make(ctx, r->job, block, first, r->job->state, &rows);
  if (status != MTP_OK) return status;
  for (size_t k = 0; k < rows.m; k++) take_row(r, r->all, rows.row + k * r->job->columns, rows.owner[k]);
  mtp_select_rows_clear(&rows);
  return MTP_OK;
}

static mtp_status take_training(mtp_context *ctx, range *r) {
  const mtp_config_set *train = r->job->train;
  mtp_status status = MTP_OK;
  for (size_t begin = 0; train && begin < train->n && status == MTP_OK;) {
    const mtp_config_set part = mtp_select_part(r->job, train, begin);
    mtp_select_rows rows;
    status = mtp_select_rows_make(ctx, r->job, &part, begin, NULL, &rows);
    for (size_t k = 0; status == MTP_OK && k < rows.m; k++) take_row(r, r->known, rows.row + k * r->job->columns, -1);
    if (status == MTP_OK) mtp_select_rows_clear(&rows);
    begin += part.n;
  }
  return status;
}

/* How far a component is outside what is known, as a part of all its range; everything is where nothing is known. */
static double excess(const range *r, size_t k) {
  const double width = r->all[k].value + r->all[k ^ 1].value, known = r->known[k].value;
  if (!r->all[k].is_owned || !(width > 0)) return 0;
  return isfinite(known) ? (r->all[k].value - known) / width : INFINITY;
}

/* Those that are furthest outside come first; where nothing is known, the ends of all components are equal. */
static void choose_furthest(range *r) {
  const size_t most = r->job->options->max ? r->job->options->max : SIZE_MAX;
  for (size_t n = 0; n < most; n++) {
    size_t best = SIZE_MAX;
    for (size_t k = 0; k < 2 * r->job->columns; k++) {
      if (!(excess(r, k) > 0) || r->job->state[r->all[k].owner] != MTP_CANDIDATE_OPEN) continue;
      if (best == SIZE_MAX || excess(r, k) > excess(r, best)) best = k;
    }
    if (best == SIZE_MAX) return;
    mtp_select_choose(r->job, r->all[best].owner);
  }
}

mtp_status mtp_select_by_range(mtp_context *ctx, mtp_select_job *job) {
  const size_t ends = 2 * job->columns;
  range r = {.job = job};
  r.known = mtp_calloc(ends, sizeof *r.known);
  r.all = mtp_calloc(ends, sizeof *r.all);
  mtp_status status = r.known && r.all ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t k = 0; k < ends && status == MTP_OK; k++) r.known[k].value = -INFINITY;
  if (status == MTP_OK) status = take_training(ctx, &r);
  if (status == MTP_OK) memcpy(r.all, r.known, ends * sizeof *r.all);
  if (status == MTP_OK) status = mtp_select_pass(ctx, job, 0, take_block, &r);
  if (status == MTP_OK) choose_furthest(&r);
  free(r.known);
  free(r.all);
  return status;
}

/* ---- chance ---- */

typedef struct lot {
  uint64_t number;
  size_t candidate;
} lot;

static int smaller_first(const void *a, const void *b) {
  const lot *x = a, *y = b;
  if (x->number != y->number) return x->number < y->number ? -1 : 1;
  return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

static mtp_status take_any(mtp_context *ctx, void *user, const mtp_config_set *block, size_t first) {
  (void)ctx;
  (void)user;
  (void)block;
  (void)first;
  return MTP_OK;
}

/* The lot of a candidate follows from what it is, not from its place. */
mtp_status mtp_select_by_chance(mtp_context *ctx, mtp_select_job *job) {
  mtp_status status = mtp_select_pass(ctx, job, 0, take_any, NULL);
  if (status != MTP_OK) return status;
  lot *lots = mtp_calloc(job->count, sizeof *lots);
  if (!lots) return mtp_fail_memory(ctx);
  size_t n = 0;
  for (size_t k = 0; k < job->count; k++)
    if (job->state[k] == MTP_CANDIDATE_OPEN) lots[n++] = (lot){mtp_select_mix(job->key[k], job->options->seed), k};
  qsort(lots, n, sizeof *lots, smaller_first);
  for (size_t k = 0; k < n && k < job->options->max; k++) mtp_select_choose(job, lots[k].candidate);
  free(lots);
  return MTP_OK;
}
