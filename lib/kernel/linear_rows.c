/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/linear_rows.c
 * Memory and dispatch of the linear rows. */
#include <stdlib.h>
#include <string.h>

#include "kernel/block.h"
#include "kernel/jacobian.h"

static mtp_jacobian_function *choose(mtp_isa isa) {
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512) return mtp_jacobian_avx512;
  if (isa == MTP_ISA_AVX2) return mtp_jacobian_avx2;
#endif
  (void)isa;
  return mtp_jacobian_baseline;
}

void mtp_linear_rows_clear(mtp_linear_rows *rows) {
  free(rows->site);
  free(rows->virial);
  free(rows->force);
  *rows = (mtp_linear_rows){0};
}

mtp_status mtp_linear_rows_new(mtp_context *ctx, const mtp_plan *plan, size_t n, mtp_linear_rows *out) {
  mtp_linear_rows rows = {.n = n, .m = (size_t)plan->nspecies + (size_t)plan->nscalars, .capacity = n};
  rows.site = mtp_calloc((size_t)plan->nspecies * rows.m, sizeof(double));
  rows.virial = mtp_calloc(6 * rows.m, sizeof(double));
  rows.force = mtp_calloc(3 * rows.n, rows.m * sizeof(double));
  if (!rows.site || !rows.virial || !rows.force) {
    mtp_linear_rows_clear(&rows);
    return mtp_fail_memory(ctx);
  }
  *out = rows;
  return MTP_OK;
}

mtp_status mtp_linear_rows_renew(mtp_context *ctx, const mtp_plan *plan, size_t n, mtp_linear_rows *rows) {
  if (!rows->force || n > rows->capacity) {
    mtp_linear_rows_clear(rows);
    return mtp_linear_rows_new(ctx, plan, n, rows);
  }
  rows->n = n;
  memset(rows->site, 0, (size_t)plan->nspecies * rows->m * sizeof(double));
  memset(rows->virial, 0, 6 * rows->m * sizeof(double));
  memset(rows->force, 0, 3 * n * rows->m * sizeof(double));
  return MTP_OK;
}

void mtp_jacobian_scratch_clear(mtp_jacobian_scratch *scratch) {
  free(scratch->memory);
  *scratch = (mtp_jacobian_scratch){0};
}

/* The next `vectors` of the memory; with none yet they are counted. */
static double *take(mtp_jacobian_scratch *scratch, size_t *used, size_t lanes, size_t vectors) {
  double *at = scratch->memory ? scratch->memory + *used : NULL;
  *used += (vectors * lanes + MTP_MAX_LANES - 1) / MTP_MAX_LANES * MTP_MAX_LANES;
  return at;
}

static size_t divide(mtp_jacobian_scratch *scratch, size_t lanes, mtp_jacobian_work *work) {
  const size_t K = (size_t)work->plan->nradial, S = (size_t)work->plan->nscalars, slots = (size_t)work->slots;
  const size_t moments = (size_t)work->plan->nmoments;
  size_t used = 0;
  work->geometry = take(scratch, &used, lanes, 8 * slots);
  work->function = take(scratch, &used, lanes, K * slots);
  work->slope = take(scratch, &used, lanes, K * slots);
  work->tangent = take(scratch, &used, lanes, 3 * moments);
  work->sum = take(scratch, &used, lanes, moments);
  work->moment = take(scratch, &used, 1, moments);
  work->derivative = take(scratch, &used, lanes, 3 * S * slots);
  work->neighbour = (int *)take(scratch, &used, lanes, slots);
  return used;
}

static mtp_status make_room(mtp_context *ctx, mtp_jacobian_scratch *scratch, size_t lanes, mtp_jacobian_work *work) {
  const size_t size = divide(&(mtp_jacobian_scratch){0}, lanes, work);
  if (size > scratch->size) {
    mtp_jacobian_scratch_clear(scratch);
    scratch->memory = mtp_alloc_scratch(size, sizeof(double));
    if (!scratch->memory) return mtp_fail_memory(ctx);
    scratch->size = size;
  }
  divide(scratch, lanes, work);
  memset(work->tangent, 0, 3 * (size_t)work->plan->nmoments * lanes * sizeof(double));
  return MTP_OK;
}

mtp_status mtp_linear_rows_add(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb, const int *place,
                               mtp_jacobian_scratch *scratch, mtp_linear_rows *rows) {
  const mtp_isa isa = mtp_context_isa(ctx);
  const size_t lanes = (size_t)mtp_isa_vector_bytes(isa) / sizeof(double);
  int longest = 0;
  for (size_t i = 0; i < nb->n; i++)
    if (nb->count[i] > longest) longest = nb->count[i];
  mtp_jacobian_work work = {.plan = plan, .nb = nb, .rows = rows, .place = place};
  work.slots = longest / (int)lanes + plan->nspecies + 1;
  const mtp_status status = make_room(ctx, scratch, lanes, &work);
  if (status == MTP_OK) choose(isa)(&work);
  return status;
}

mtp_status mtp_linear_rows_compute(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb,
                                   mtp_linear_rows *out) {
  mtp_linear_rows rows = {0};
  mtp_jacobian_scratch scratch = {0};
  mtp_status status = mtp_linear_rows_new(ctx, plan, nb->n, &rows);
  if (status == MTP_OK) status = mtp_linear_rows_add(ctx, plan, nb, NULL, &scratch, &rows);
  mtp_jacobian_scratch_clear(&scratch);
  if (status == MTP_OK)
    *out = rows;
  else
    mtp_linear_rows_clear(&rows);
  return status;
}
