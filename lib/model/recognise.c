/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/recognise.c
 * Scalars are matched by value. The basic moments get positive random values, unrelated to each other, so that sums of
 * products with positive multiplicities lose no digits. The ratio of a scalar's values at two such points does not
 * depend on a constant factor: sorted by it, equal bases agree one by one. What follows from that is believed only
 * after it has held at further points, so a chance match of two ratios does no harm but to leave a basis unknown. */
#include "model/recognise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define POINTS    4 /* the first two to match, the others to verify */
#define TOLERANCE 1e-10
/* Largest denominator of a factor. Numerators may be as large as multiplicities are. */
#define MAX_DENOMINATOR 64

/* Value of a basic moment, the same whatever its number is. */
static double basic_value(const int *m, int point) {
  unsigned long long code = (unsigned)point;
  for (int k = 0; k < 4; k++) code = code * 64 + (unsigned)m[k];
  mtp_random random = {code};
  return 0.5 + mtp_random_uniform(&random);
}

/* Values of all scalars at a point; `moments` is work space. */
static void evaluate(const mtp_basis *basis, int point, double *moments, double *scalars) {
  for (int q = 0; q < basis->nmoments; q++) moments[q] = q < basis->nbasic ? basic_value(basis->basic[q], point) : 0.0;
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t];
    moments[e[3]] += e[2] * moments[e[0]] * moments[e[1]];
  }
  for (int t = 0; t < basis->nscalars; t++) scalars[t] = moments[basis->mapping[t]];
}

/* A scalar as it is sorted. */
typedef struct fingerprint {
  double ratio;
  int number;
} fingerprint;

static int compare_fingerprints(const void *left, const void *right) {
  const fingerprint *a = left, *b = right;
  return (a->ratio > b->ratio) - (a->ratio < b->ratio);
}

/* A basis, evaluated. */
typedef struct sample {
  int n;
  double *values[POINTS]; /* [n] */
  fingerprint *prints;    /* [n] ascending */
  double *storage;
} sample;

static void clear_sample(sample *s) {
  free(s->storage);
  free(s->prints);
}

static mtp_status sample_basis(mtp_context *ctx, const mtp_basis *basis, sample *s) {
  s->n = basis->nscalars;
  s->storage = mtp_calloc((size_t)s->n * POINTS, sizeof(double));
  s->prints = mtp_calloc((size_t)s->n, sizeof *s->prints);
  double *moments = mtp_calloc((size_t)basis->nmoments, sizeof *moments);
  const bool ready = s->storage && s->prints && moments;
  for (int k = 0; k < POINTS && ready; k++) {
    s->values[k] = s->storage + (size_t)k * (size_t)s->n;
    evaluate(basis, k, moments, s->values[k]);
  }
  free(moments);
  if (!ready) return mtp_fail_memory(ctx);
  for (int t = 0; t < s->n; t++) s->prints[t] = (fingerprint){s->values[1][t] / s->values[0][t], t};
  return MTP_OK;
}

static bool is_finite(const sample *s) {
  for (int t = 0; t < s->n; t++)
    if (!isfinite(s->prints[t].ratio)) return false;
  return true;
}

static bool agree(double x, double y) {
  return fabs(x - y) <= TOLERANCE * fabs(y);
}

/* The rational number that x is up to rounding, or 0. */
static double rational(double x) {
  for (int denominator = 1; denominator <= MAX_DENOMINATOR; denominator++) {
    const double numerator = nearbyint(x * denominator);
    if (agree(x * denominator, numerator)) return numerator / denominator;
  }
  return 0.0;
}

/* Fills in scalar and factor; false if the functions differ. */
static bool match(sample *theirs, sample *ours, int *scalar, double *factor) {
  if (!is_finite(theirs) || !is_finite(ours)) return false;
  qsort(theirs->prints, (size_t)theirs->n, sizeof *theirs->prints, compare_fingerprints);
  qsort(ours->prints, (size_t)ours->n, sizeof *ours->prints, compare_fingerprints);
  for (int i = 0; i < theirs->n; i++) {
    const int t = theirs->prints[i].number, s = ours->prints[i].number;
    scalar[t] = s;
    factor[t] = rational(theirs->values[0][t] / ours->values[0][s]);
    if (factor[t] == 0.0) return false;
    for (int k = 0; k < POINTS; k++)
      if (!agree(factor[t] * ours->values[k][s], theirs->values[k][t])) return false;
  }
  return true;
}

static mtp_status compare(mtp_context *ctx, const mtp_basis *basis, mtp_recognised *found, bool *same) {
  sample theirs = {0}, ours = {0};
  found->scalar = mtp_calloc((size_t)basis->nscalars, sizeof *found->scalar);
  found->factor = mtp_calloc((size_t)basis->nscalars, sizeof *found->factor);
  mtp_status status = found->scalar && found->factor ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = sample_basis(ctx, basis, &theirs);
  if (status == MTP_OK) status = sample_basis(ctx, &found->basis, &ours);
  *same = status == MTP_OK && match(&theirs, &ours, found->scalar, found->factor);
  clear_sample(&theirs);
  clear_sample(&ours);
  return status;
}

mtp_status mtp_basis_recognise(mtp_context *ctx, const mtp_basis *basis, mtp_recognised *out) {
  memset(out, 0, sizeof *out);
  const int level = mtp_basis_level(basis);
  if (level == 0) return MTP_OK;
  mtp_recognised found = {.level = level};
  bool same = false;
  mtp_status status = mtp_basis_enumerate(ctx, level, &found.basis);
  if (status == MTP_OK) status = compare(ctx, basis, &found, &same);
  if (same)
    *out = found;
  else
    mtp_recognised_clear(&found);
  return status;
}

void mtp_recognised_clear(mtp_recognised *recognised) {
  mtp_basis_clear(&recognised->basis);
  free(recognised->scalar);
  free(recognised->factor);
  memset(recognised, 0, sizeof *recognised);
}
