/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/linear_rows.c
 * Memory and dispatch of the linear rows. */
#include <stdlib.h>

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

static void work_clear(mtp_jacobian_work *work) {
  free(work->geometry);
  free(work->function);
  free(work->slope);
  free(work->tangent);
  free(work->sum);
  free(work->moment);
  free(work->own);
  free(work->neighbour);
}

mtp_status mtp_linear_rows_new(mtp_context *ctx, const mtp_plan *plan, size_t n, mtp_linear_rows *out) {
  mtp_linear_rows rows = {.n = n, .m = (size_t)plan->nspecies + (size_t)plan->nscalars};
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

mtp_status mtp_linear_rows_add(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb, const int *place,
                               mtp_linear_rows *rows) {
  int longest = 0;
  for (size_t i = 0; i < nb->n; i++)
    if (nb->count[i] > longest) longest = nb->count[i];
  const size_t lanes = MTP_MAX_LANES, K = (size_t)plan->nradial, S = (size_t)plan->nscalars;
  const size_t moments = (size_t)plan->nmoments;
  const size_t slots = (size_t)longest / 2 + (size_t)plan->nspecies + 1; /* the narrowest variant has two lanes */
  mtp_jacobian_work work = {.plan = plan, .nb = nb, .rows = rows, .place = place, .slots = (int)slots};
  work.geometry = mtp_alloc_aligned(5 * slots * lanes, sizeof(double));
  work.function = mtp_alloc_aligned(K * slots * lanes, sizeof(double));
  work.slope = mtp_alloc_aligned(K * slots * lanes, sizeof(double));
  work.tangent = mtp_alloc_aligned(3 * moments * lanes, sizeof(double));
  work.sum = mtp_alloc_aligned(moments * lanes, sizeof(double));
  work.moment = mtp_calloc(moments, sizeof(double));
  work.own = mtp_alloc_aligned(9 * S * lanes, sizeof(double));
  work.neighbour = mtp_calloc(slots * lanes, sizeof(int));
  mtp_status status = MTP_OK;
  if (!work.geometry || !work.function || !work.slope || !work.tangent || !work.sum || !work.moment || !work.own ||
      !work.neighbour)
    status = mtp_fail_memory(ctx);
  else
    choose(mtp_context_isa(ctx))(&work);
  work_clear(&work);
  return status;
}

mtp_status mtp_linear_rows_compute(mtp_context *ctx, const mtp_plan *plan, const mtp_neighbors *nb,
                                   mtp_linear_rows *out) {
  mtp_linear_rows rows = {0};
  mtp_status status = mtp_linear_rows_new(ctx, plan, nb->n, &rows);
  if (status == MTP_OK) status = mtp_linear_rows_add(ctx, plan, nb, NULL, &rows);
  if (status == MTP_OK)
    *out = rows;
  else
    mtp_linear_rows_clear(&rows);
  return status;
}
