/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/rebase.c
 * The same potential on another radial basis. Chebyshev functions of one size times (r - max_dist)^2 span the same
 * space whatever min_dist is, and a larger size contains a smaller one, so both can be changed exactly. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

typedef double series[MTP_MAX_RADIAL_SIZE];

/* rows[k] = T_k(scale x + shift) in the T_j(x), from T_{k+1}(y) = 2 y T_k(y) - T_{k-1}(y), x T_j = (T_{j+1} +
 * T_{|j-1|}) / 2. */
static void substitute(int size, double scale, double shift, series *rows) {
  memset(rows, 0, (size_t)size * sizeof *rows);
  for (int k = 0; k < size; k++) {
    if (k == 0) {
      rows[0][0] = 1.0;
      continue;
    }
    const double *p = rows[k - 1], twice = k > 1 ? 2.0 : 1.0;
    for (int j = 0; j < k; j++) {
      const double half = 0.5 * twice * scale * p[j];
      rows[k][j] += twice * shift * p[j];
      rows[k][j + 1] += j > 0 ? half : 2.0 * half;
      if (j > 0) rows[k][j - 1] += half;
    }
    for (int j = 0; k > 1 && j < k; j++) rows[k][j] -= rows[k - 2][j];
  }
}

/* One radial function [from] becomes [to]. */
static void convert(const series *rows, const double *c, int from, double *out, int to) {
  for (int j = 0; j < to; j++) {
    out[j] = 0.0;
    for (int k = j; k < from; k++) out[j] += c[k] * rows[k][j];
  }
}

static mtp_status check(mtp_context *ctx, const mtp_potential *pot, double min_dist, int size) {
  if (!pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "radial basis: no potential given");
  if (pot->radial.type != MTP_RADIAL_CHEBYSHEV)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "radial basis: expected RBChebyshev, found %s",
                    mtp_radial_type_name(pot->radial.type));
  if (!(min_dist > 0.0 && min_dist < pot->radial.max_dist))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "radial basis: expected 0 < min_dist < %g A, found %g", pot->radial.max_dist,
                    min_dist);
  if (size < pot->radial.size || size > MTP_MAX_RADIAL_SIZE)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "radial basis: expected a size from %d to %d, found %d", pot->radial.size,
                    MTP_MAX_RADIAL_SIZE, size);
  return MTP_OK;
}

mtp_status mtp_potential_rebase(mtp_context *ctx, mtp_potential *pot, double min_dist, int size) {
  const mtp_status status = check(ctx, pot, min_dist, size);
  if (status != MTP_OK) return status;
  const double a = pot->radial.min_dist, b = pot->radial.max_dist;
  const int from = pot->radial.size, functions = pot->nspecies * pot->nspecies * pot->nradial;
  const size_t rest = pot->nparams - mtp_offset_species(pot);
  const size_t n = (size_t)functions * (size_t)size + rest;
  double *params = mtp_calloc(n, sizeof *params);
  series *rows = mtp_calloc((size_t)from, sizeof *rows);
  if (!params || !rows) {
    free(params);
    free(rows);
    return mtp_fail_memory(ctx);
  }
  /* r = (x (b - a') + a' + b) / 2 in xi = (2 r - a - b) / (b - a) */
  substitute(from, (b - min_dist) / (b - a), (min_dist - a) / (b - a), rows);
  for (int f = 0; f < functions; f++)
    convert((const series *)rows, pot->params + (size_t)f * (size_t)from, from, params + (size_t)f * (size_t)size,
            size);
  memcpy(params + n - rest, pot->params + pot->nparams - rest, rest * sizeof *params);
  free(rows);
  free(pot->params);
  pot->params = params;
  pot->nparams = n;
  pot->radial.min_dist = min_dist;
  pot->radial.size = size;
  mtp_radial_prepare(&pot->radial);
  return MTP_OK;
}

mtp_status mtp_potential_adopt(mtp_context *ctx, mtp_potential *pot, const mtp_potential *from) {
  double *params = mtp_calloc(from->nparams, sizeof *params);
  if (!params) return mtp_fail_memory(ctx);
  memcpy(params, from->params, from->nparams * sizeof *params);
  free(pot->params);
  pot->params = params;
  pot->nparams = from->nparams;
  pot->radial = from->radial;
  pot->trained = from->trained;
  return MTP_OK;
}
