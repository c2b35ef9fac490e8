/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/contribution.c
 * Rows of one configuration, and the sums over them. */
#include "learn/contribution.h"

#include <string.h>

#include "config/config_internal.h"
#include "support/support.h"

void mtp_contribution_clear(mtp_contribution *c) {
  mtp_linear_rows_clear(&c->rows);
  mtp_equations_clear(&c->force);
  mtp_equations_clear(&c->virial);
  mtp_config_free(c->target);
  *c = (mtp_contribution){0};
}

void mtp_contribution_desk_clear(mtp_contribution_desk *desk) {
  mtp_linear_rows_clear(&desk->rows);
  mtp_jacobian_scratch_clear(&desk->scratch);
}

mtp_status mtp_contribution_rows(mtp_context *ctx, const mtp_plan *plan, const mtp_sample *sample,
                                 mtp_contribution_desk *desk) {
  mtp_neighbors *nb = NULL;
  mtp_status status = mtp_sample_acquire_neighbors(ctx, sample, plan->radial.max_dist, &nb);
  if (status != MTP_OK) return status;
  status = mtp_linear_rows_renew(ctx, plan, nb->n, &desk->rows);
  if (status == MTP_OK) status = mtp_linear_rows_add(ctx, plan, nb, NULL, &desk->scratch, &desk->rows);
  mtp_sample_release_neighbors(sample, nb);
  return status;
}

/* All zero, in the memory of earlier ones where there is some. */
static mtp_status renew(mtp_context *ctx, size_t m, mtp_equations *e) {
  if (!e->matrix || !e->rhs) {
    mtp_equations_clear(e);
    *e = (mtp_equations){0};
    return mtp_equations_new(m, e) ? MTP_OK : mtp_fail_memory(ctx);
  }
  memset(e->matrix, 0, m * m * sizeof(double));
  memset(e->rhs, 0, m * sizeof(double));
  e->targets = 0;
  return MTP_OK;
}

/* Stretches of atoms that are not masked; returns how many atoms they hold. */
static size_t add_forces(mtp_equations *e, const mtp_linear_rows *rows, const mtp_config *target) {
  const size_t m = rows->m;
  size_t atoms = 0;
  for (size_t begin = 0, end; begin < target->n; begin = end + 1) {
    for (end = begin; end < target->n && !mtp_config_is_masked(target, end);) end++;
    mtp_equations_add_rows(e, m, 3 * (end - begin), rows->force + 3 * begin * m, target->force + 3 * begin, 1.0);
    atoms += end - begin;
  }
  return atoms;
}

static mtp_status sum(mtp_context *ctx, const mtp_linear_rows *rows, const mtp_config *target, mtp_contribution *c) {
  const size_t m = rows->m;
  mtp_status status = renew(ctx, m, &c->force);
  c->has_virial = target->has_virial;
  if (status == MTP_OK && c->has_virial) status = renew(ctx, m, &c->virial);
  if (status != MTP_OK) return status;
  c->atoms = target->force ? add_forces(&c->force, rows, target) : 0;
  if (c->has_virial) { /* the objective sums over all 9 components */
    mtp_equations_add_rows(&c->virial, m, 3, rows->virial, target->virial, 1.0);
    mtp_equations_add_rows(&c->virial, m, 3, rows->virial + 3 * m, target->virial + 3, 2.0);
  }
  return MTP_OK;
}

/* All but the rows of forces. */
static mtp_status copy_rows(mtp_context *ctx, const mtp_plan *plan, const mtp_linear_rows *rows, mtp_linear_rows *to) {
  const mtp_status status = mtp_linear_rows_renew(ctx, plan, 0, to);
  if (status != MTP_OK) return status;
  memcpy(to->site, rows->site, (size_t)plan->nspecies * rows->m * sizeof(double));
  memcpy(to->virial, rows->virial, 6 * rows->m * sizeof(double));
  return MTP_OK;
}

mtp_status mtp_contribution_sum(mtp_context *ctx, const mtp_plan *plan, const mtp_sample *sample,
                                mtp_contribution_desk *desk, mtp_contribution *c) {
  mtp_status status = mtp_contribution_rows(ctx, plan, sample, desk);
  if (status == MTP_OK) status = copy_rows(ctx, plan, &desk->rows, &c->rows);
  return status == MTP_OK ? sum(ctx, &desk->rows, c->target ? c->target : sample->config, c) : status;
}
