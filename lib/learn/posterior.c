/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior.c
 * The posterior of the linear coefficients from the normal equations that are kept anyway.
 *
 * With the Gram matrices A_q and residuals R_q of N_q energies, forces and virials the precision of the coefficients is
 * P = sum_q beta_q A_q + alpha D^2, the noises being 1/sqrt(beta_q). D^2 is the diagonal of the data part: the prior
 * knows coefficients by what they bring to the labels. The evidence is largest where beta_q = (N_q - g_q) / R_q and
 * alpha = g / |D theta|^2, with g_q = beta_q tr(P^-1 A_q) the coefficients that the data q determine and g their sum.
 * Residuals are those of the coefficients that are used, whatever weights they were fitted with. */
#include "learn/posterior.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/equations.h"
#include "learn/normal.h"
#include "model/model.h"
#include "support/hash.h"
#include "support/support.h"

enum { KINDS = 3 }; /* forces, energies, virials */

#define ITERATIONS 30
#define TOLERANCE  1e-3
/* Labels that are left to tell the noise from, as a part of all, however many coefficients there are. */
#define LEAST_FREE 0.1
/* Least noises: what rounding and convergence of a reference leave. */
#define LEAST_ENERGY 1e-6
#define LEAST_FORCE  1e-5
/* Diagonal elements below this part of the largest count as so large: what no label told of is not known at all. */
#define LEAST_DIAGONAL 1e-10
#define LEAST_ALPHA    1e-13

/* ---- life and death ---- */

uint64_t mtp_posterior_fingerprint(const mtp_potential *pot) {
  const double cutoffs[2] = {pot->radial.min_dist, pot->radial.max_dist};
  const uint64_t hash = mtp_hash_add(MTP_HASH_START, cutoffs, sizeof cutoffs);
  return mtp_hash_add(hash, pot->params, pot->nparams * sizeof *pot->params);
}

mtp_status mtp_posterior_allocate(mtp_context *ctx, const mtp_potential *pot, mtp_posterior **out) {
  mtp_posterior *p = mtp_calloc(1, sizeof *p);
  *out = NULL;
  if (!p) return mtp_fail_memory(ctx);
  p->m = (size_t)pot->nspecies + (size_t)pot->basis.nscalars;
  p->scale = p->inflation = 1.0;
  p->fingerprint = mtp_posterior_fingerprint(pot);
  p->factor = mtp_alloc_aligned(p->m * p->m, sizeof(double));
  p->theta = mtp_calloc(p->m, sizeof(double));
  mtp_status status = p->factor && p->theta ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) memcpy(p->theta, pot->params + mtp_offset_species(pot), p->m * sizeof(double));
  if (status == MTP_OK) memset(p->factor, 0, p->m * p->m * sizeof(double));
  if (status == MTP_OK) status = mtp_plan_new(ctx, pot, MTP_PLAN_FROZEN, 0, &p->plan);
  if (status != MTP_OK) {
    mtp_posterior_free(p);
    return status;
  }
  *out = p;
  return MTP_OK;
}

void mtp_posterior_free(mtp_posterior *p) {
  if (!p) return;
  mtp_plan_free(p->plan);
  free(p->factor);
  free(p->theta);
  free(p);
}

size_t mtp_posterior_size(const mtp_posterior *p) {
  return p ? p->m : 0;
}
const double *mtp_posterior_factor(const mtp_posterior *p) {
  return p ? p->factor : NULL;
}
mtp_noise mtp_posterior_noise(const mtp_posterior *p) {
  return p ? p->noise : (mtp_noise){NAN, NAN, NAN};
}
double mtp_posterior_scale(const mtp_posterior *p) {
  return p ? p->scale : NAN;
}

double mtp_posterior_typical(const mtp_posterior *p) {
  return p ? p->typical : NAN;
}

mtp_status mtp_posterior_set_typical(mtp_context *ctx, mtp_posterior *p, double typical) {
  if (!p || !(typical > 0.0) || !isfinite(typical))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: expected a positive residual");
  p->typical = typical;
  return MTP_OK;
}

mtp_status mtp_posterior_set_scale(mtp_context *ctx, mtp_posterior *p, double scale) {
  if (!p || !(scale >= 0.0) || !isfinite(scale))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: expected a scale that is not negative");
  p->scale = scale;
  return MTP_OK;
}

/* ---- evidence ---- */

typedef struct evidence {
  size_t m;
  const mtp_equations *of[KINDS]; /* NULL or without labels: not there */
  double count[KINDS], residual[KINDS], beta[KINDS];
  double alpha, size;  /* |D theta|^2 */
  double *scale;       /* [m] 1/D */
  double *l, *inverse; /* [m*m] Cholesky factor of the scaled precision, and its inverse */
} evidence;

static void evidence_clear(evidence *e) {
  free(e->scale);
  free(e->l);
  free(e->inverse);
}

/* Lower triangle of the scaled precision into `to`. */
static void precision(const evidence *e, double *to) {
  const size_t m = e->m;
  memset(to, 0, m * m * sizeof *to);
  for (int q = 0; q < KINDS; q++)
    for (size_t i = 0; e->count[q] > 0 && i < m; i++)
      cblas_daxpy((int)i + 1, e->beta[q], e->of[q]->matrix + i * m, 1, to + i * m, 1);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j <= i; j++) to[i * m + j] *= e->scale[i] * e->scale[j];
    to[i * m + i] += e->alpha;
  }
}

static void take_diagonal(evidence *e, const double *theta) {
  const size_t m = e->m;
  double top = 0;
  for (size_t i = 0; i < m; i++) {
    double d = 0;
    for (int q = 0; q < KINDS; q++)
      if (e->count[q] > 0) d += e->beta[q] * e->of[q]->matrix[i * m + i];
    e->scale[i] = d;
    top = fmax(top, d);
  }
  e->size = 0;
  for (size_t i = 0; i < m; i++) {
    const double d = fmax(e->scale[i], LEAST_DIAGONAL * top);
    e->size += d * theta[i] * theta[i];
    e->scale[i] = 1.0 / sqrt(d);
  }
}

/* Factor of the precision; the prior grows until rounding allows one. */
static mtp_status factorise(mtp_context *ctx, evidence *e) {
  const double top = fmax(1.0, 10.0 * e->alpha); /* where labels are noise alone, the prior is as strong as they are */
  for (; e->alpha < top; e->alpha *= 10.0) {
    precision(e, e->l);
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)e->m, e->l, (lapack_int)e->m) == 0) return MTP_OK;
  }
  return mtp_fail(ctx, MTP_ERR_NUMERIC, "posterior: the precision of the coefficients cannot be factorised");
}

/* Coefficients that the labels of a kind determine. */
static double determined(const evidence *e, int q) {
  const size_t m = e->m;
  double trace = 0;
  for (size_t i = 0; i < m; i++) {
    const double *a = e->of[q]->matrix + i * m, *s = e->inverse + i * m;
    double row = 0.5 * a[i] * s[i] * e->scale[i];
    for (size_t j = 0; j < i; j++) row += a[j] * s[j] * e->scale[j];
    trace += 2.0 * row * e->scale[i];
  }
  return e->beta[q] * trace;
}

/* One step of the fixed point; *change is the largest of a logarithm. */
static mtp_status step(mtp_context *ctx, evidence *e, double *change) {
  const size_t m = e->m;
  mtp_status status = factorise(ctx, e);
  if (status != MTP_OK) return status;
  memcpy(e->inverse, e->l, m * m * sizeof(double));
  if (LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, e->inverse, (lapack_int)m) != 0)
    return mtp_fail(ctx, MTP_ERR_NUMERIC, "posterior: the precision of the coefficients cannot be inverted");
  double sum = 0;
  *change = 0;
  for (int q = 0; q < KINDS; q++) {
    if (!(e->count[q] > 0)) continue;
    const double g = fmin(fmax(determined(e, q), 0.0), (double)m);
    const double beta = fmax(e->count[q] - g, LEAST_FREE * e->count[q]) / e->residual[q];
    *change = fmax(*change, fabs(log(beta / e->beta[q])));
    e->beta[q] = beta;
    sum += g;
  }
  const double alpha = e->size > 0 ? fmax(sum / e->size, LEAST_ALPHA) : e->alpha;
  *change = fmax(*change, fabs(log(alpha / e->alpha)));
  e->alpha = alpha;
  return MTP_OK;
}

static mtp_status maximise(mtp_context *ctx, evidence *e, const double *theta) {
  for (int q = 0; q < KINDS; q++) e->beta[q] = e->count[q] > 0 ? e->count[q] / e->residual[q] : 0.0;
  take_diagonal(e, theta);
  e->alpha = 1e-8;
  double change = INFINITY;
  mtp_status status = MTP_OK;
  for (int k = 0; k < ITERATIONS && change > TOLERANCE && status == MTP_OK; k++) {
    status = step(ctx, e, &change);
    if (status == MTP_OK) {
      const double before = e->size;
      take_diagonal(e, theta);
      if (e->size > 0 && before > 0) e->alpha *= before / e->size; /* the same prior */
    }
  }
  return status == MTP_OK ? factorise(ctx, e) : status;
}

static double noise_of(const evidence *e, int q) {
  return e->beta[q] > 0 ? 1.0 / sqrt(e->beta[q]) : 0.0;
}

/* F = L^-1 D^-1, with what the centring of the normal equations took out of the energies put back in: the covariance of
 * the plain coefficients. */
static mtp_status fill(mtp_context *ctx, evidence *e, const mtp_normal_kinds *kinds, mtp_posterior *p) {
  const size_t m = e->m, C = kinds->nspecies;
  if (LAPACKE_dtrtri(LAPACK_ROW_MAJOR, 'L', 'N', (lapack_int)m, e->l, (lapack_int)m) != 0)
    return mtp_fail(ctx, MTP_ERR_NUMERIC, "posterior: the factor cannot be inverted");
  for (size_t i = 0; i < m; i++) {
    double *row = p->factor + i * m;
    for (size_t j = 0; j <= i; j++) row[j] = e->l[i * m + j] * e->scale[j];
    for (size_t s = 0; i >= C && s < C; s++)
      row[s] -= cblas_ddot((int)(i - C) + 1, row + C, 1, kinds->mean + s * m + C, 1);
    for (size_t j = 0; j <= i; j++)
      if (!isfinite(row[j])) return mtp_fail(ctx, MTP_ERR_NUMERIC, "posterior: the factor is not finite");
  }
  p->noise = (mtp_noise){noise_of(e, 1), noise_of(e, 0), noise_of(e, 2)};
  p->typical = p->noise.force;
  p->force_square = kinds->force->targets / kinds->forces;
  p->inflation = p->noise.force / sqrt(e->residual[0] / e->count[0]);
  return MTP_OK;
}

static void take_labels(evidence *e, int q, const mtp_equations *of, double count, const double *theta, double least) {
  e->of[q] = of;
  e->count[q] = of->matrix ? count : 0.0;
  if (e->count[q] > 0) e->residual[q] = fmax(mtp_equations_residual(of, e->m, theta), count * least * least);
}

static mtp_status find(mtp_context *ctx, const mtp_normal *normal, const mtp_potential *pot, mtp_posterior *p) {
  const size_t m = p->m;
  mtp_normal_kinds kinds;
  evidence e = {.m = m};
  double *theta = mtp_calloc(m, sizeof *theta);
  e.scale = mtp_calloc(m, sizeof(double));
  e.l = mtp_alloc_aligned(m * m, sizeof(double));
  e.inverse = mtp_alloc_aligned(m * m, sizeof(double));
  mtp_status status = theta && e.scale && e.l && e.inverse ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    memcpy(theta, pot->params + mtp_offset_species(pot), m * sizeof *theta);
    mtp_normal_get_kinds(normal, theta, &kinds); /* theta becomes centred */
    take_labels(&e, 0, kinds.force, kinds.forces, theta, LEAST_FORCE);
    take_labels(&e, 1, kinds.energy, kinds.energies, theta, LEAST_ENERGY);
    take_labels(&e, 2, kinds.virial, kinds.virials, theta, LEAST_ENERGY);
    if (!(e.count[0] > 0)) status = mtp_fail(ctx, MTP_ERR_STATE, "posterior: there are no forces to fit to");
  }
  if (status == MTP_OK) status = maximise(ctx, &e, theta);
  if (status == MTP_OK) status = fill(ctx, &e, &kinds, p);
  evidence_clear(&e);
  free(theta);
  return status;
}

mtp_status mtp_posterior_new(mtp_context *ctx, const mtp_normal *normal, const mtp_potential *pot,
                             mtp_posterior **out) {
  if (out) *out = NULL;
  if (!normal || !pot || !out)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: expected normal equations and a potential");
  if (!pot->trained || mtp_normal_size(normal) != (size_t)pot->nspecies + (size_t)pot->basis.nscalars ||
      !mtp_normal_has_kinds(normal))
    return mtp_fail(ctx, MTP_ERR_STATE, "posterior: the normal equations are not those of a trained potential");
  mtp_posterior *p = NULL;
  mtp_status status = mtp_posterior_allocate(ctx, pot, &p);
  if (status == MTP_OK) status = find(ctx, normal, pot, p);
  if (status != MTP_OK) {
    mtp_posterior_free(p);
    return status;
  }
  *out = p;
  return MTP_OK;
}

/* ---- labels to come ---- */

/* With B = rows F^T / noise the covariance F^T F becomes F^T (1 + B^T B)^-1 F. */
mtp_status mtp_posterior_learn(mtp_context *ctx, mtp_posterior *p, size_t count, const double *rows) {
  const size_t m = p->m;
  double *b = mtp_alloc_aligned(count * m + 1, sizeof *b), *l = mtp_alloc_aligned(m * m, sizeof *l);
  mtp_status status = b && l ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    memcpy(b, rows, count * m * sizeof *b);
    memset(l, 0, m * m * sizeof *l);
    for (size_t i = 0; i < m; i++) l[i * m + i] = 1.0;
    cblas_dtrmm(CblasRowMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)count, (int)m,
                1.0 / p->noise.force, p->factor, (int)m, b, (int)m);
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, (int)m, (int)count, 1.0, b, (int)m, 1.0, l, (int)m);
    if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, l, (lapack_int)m) != 0)
      status = mtp_fail(ctx, MTP_ERR_NUMERIC, "posterior: what labels would teach cannot be factorised");
  }
  if (status == MTP_OK) {
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, (int)m, (int)m, 1.0, l, (int)m,
                p->factor, (int)m);
    for (size_t i = 0; i < m; i++) memset(p->factor + i * m + i + 1, 0, (m - i - 1) * sizeof *p->factor);
  }
  free(b);
  free(l);
  return status;
}
