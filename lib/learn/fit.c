/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/fit.c
 * BFGS knows the curvature that Gauss-Newton lacks, so its matrix is renewed rarely: when it has run its course, and
 * when it fails. */
#include "learn/fit.h"

#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/bfgs.h"

/* Iterations between new matrices. */
#define RENEWAL 100
/* Random combinations for each parameter in a sketch. */
#define ROWS_PER_PARAMETER 3
/* Of the matrix scaled to unit diagonal. Its small eigenvalues belong to long valleys, which more damping makes so slow
 * that fits seem to end in minima of very different depth. With less than PLENTY force components for each parameter
 * they are what the data do not say: then the way there is no gain, and what the fit predicts suffers. */
#define DAMPING        1e-7
#define SCARCE_DAMPING 1e-4
#define PLENTY         30.0
/* Parameters for which a matrix of their square is worth its memory and time. */
#define MAX_DENSE 6000
/* Between the square of a rounding error and that of the smallest effect of a parameter that matters. */
#define NOISE 1e-22

mtp_status mtp_fit_new(mtp_context *ctx, const mtp_objective *o, const double *theta, mtp_fit **out) {
  const size_t n = mtp_potential_parameter_count(mtp_objective_potential(o));
  mtp_fit *fit = mtp_calloc(1, sizeof *fit);
  if (!fit) return mtp_fail_memory(ctx);
  fit->theta = mtp_calloc(n, sizeof(double));
  fit->gradient = mtp_calloc(n, sizeof(double));
  if (!fit->theta || !fit->gradient) {
    mtp_fit_free(fit);
    return mtp_fail_memory(ctx);
  }
  memcpy(fit->theta, theta, n * sizeof *theta);
  fit->loss = NAN;
  *out = fit;
  return MTP_OK;
}

void mtp_fit_free(mtp_fit *fit) {
  if (!fit) return;
  free(fit->theta);
  free(fit->gradient);
  free(fit);
}

typedef struct run {
  mtp_objective *o;
  const mtp_fit_plan *plan;
  mtp_fit *fit;
  size_t n;
  mtp_fit_stats stats[MTP_PARTS]; /* where the function was evaluated last */
  double *matrix;                 /* [n*n] or [n] */
  mtp_bfgs *b;
} run;

static mtp_status evaluate(mtp_context *ctx, void *user, const double *x, double *f, double *g) {
  run *r = user;
  const unsigned parts = r->plan->watched | r->plan->trained;
  const mtp_status status = mtp_objective_pass(ctx, r->o, x, parts, r->plan->trained, r->stats, g);
  *f = mtp_objective_loss(r->o, x, r->stats, r->plan->trained);
  r->fit->passes++;
  return status;
}

static double damping_of(const run *r) {
  double components = 0;
  for (unsigned part = 0; part < MTP_PARTS; part++)
    if (r->plan->trained & MTP_PART_BIT(part)) components += r->stats[part].forces;
  return components < PLENTY * (double)r->n ? SCARCE_DAMPING : DAMPING;
}

/* The inverse of (G + F + damping D), D the diagonal of G, F what the forms add: they must not damp what they say
 * nothing about. Parameters without effect are left alone. */
static mtp_status invert(mtp_context *ctx, const mtp_objective *o, size_t n, double damping, double *g) {
  double *scale = mtp_calloc(2 * n, sizeof *scale), *diagonal = scale + n, top = 0;
  if (!scale) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) diagonal[i] = g[i * n + i], top = fmax(top, diagonal[i]);
  mtp_objective_add_forms(o, true, g);
  for (size_t i = 0; i < n; i++) scale[i] = diagonal[i] > NOISE * top ? 1.0 / sqrt(g[i * n + i]) : 0.0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < i; j++) g[i * n + j] *= scale[i] * scale[j];
    g[i * n + i] = 1.0 + damping * diagonal[i] * scale[i] * scale[i];
  }
  const lapack_int order = (lapack_int)n;
  mtp_status status = MTP_OK;
  if (LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', order, g, order) != 0 ||
      LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', order, g, order) != 0)
    status = mtp_fail(ctx, MTP_ERR_NUMERIC, "training: the Gauss-Newton matrix cannot be factorised");
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) g[i * n + j] *= scale[i] * scale[j];
  free(scale);
  return status;
}

static void invert_diagonal(const mtp_objective *o, size_t n, double *g) {
  double top = 0;
  mtp_objective_add_forms(o, false, g);
  for (size_t i = 0; i < n; i++) top = fmax(top, g[i]);
  for (size_t i = 0; i < n; i++) g[i] = g[i] > NOISE * top ? 1.0 / g[i] : 0.0;
}

static mtp_status renew(mtp_context *ctx, run *r, unsigned long long seed) {
  const bool dense = r->n <= MAX_DENSE;
  const size_t rows = dense ? ROWS_PER_PARAMETER * r->n : ROWS_PER_PARAMETER * MAX_DENSE;
  mtp_status status = mtp_objective_sketch(ctx, r->o, mtp_bfgs_x(r->b), r->plan->trained, rows, seed, dense, r->matrix);
  if (status == MTP_OK && dense)
    status = invert(ctx, r->o, r->n, damping_of(r), r->matrix);
  else if (status == MTP_OK)
    invert_diagonal(r->o, r->n, r->matrix);
  if (status == MTP_OK) mtp_bfgs_set_inverse(r->b, r->matrix);
  return status;
}

/* An accepted point, which was evaluated last. */
static void note_point(run *r) {
  memcpy(r->fit->stats, r->stats, sizeof r->stats);
  memcpy(r->fit->theta, mtp_bfgs_x(r->b), r->n * sizeof(double));
  memcpy(r->fit->gradient, mtp_bfgs_gradient(r->b), r->n * sizeof(double));
  r->fit->loss = mtp_bfgs_value(r->b);
}

static mtp_status iterate(mtp_context *ctx, run *r) {
  const mtp_fit_plan *plan = r->plan;
  double *const losses = mtp_calloc((size_t)plan->window + 1, sizeof *losses); /* of the last iterations, in a ring */
  if (!losses) return mtp_fail_memory(ctx);
  const size_t ring = (size_t)plan->window + 1;
  long since = RENEWAL;
  bool moved = true, fresh = false, go_on = !plan->watch || plan->watch(plan->user, r->fit);
  mtp_status status = MTP_OK;
  losses[0] = r->fit->loss;
  for (long done = 0; status == MTP_OK && go_on && done < plan->iterations; done++) {
    if (plan->until > 0 && mtp_now() >= plan->until) break;
    if (since >= RENEWAL || !moved) {
      if (fresh) break; /* even a new matrix finds nothing lower */
      status = renew(ctx, r, plan->seed + (unsigned long long)r->fit->passes);
      since = 0;
    }
    if (status == MTP_OK) status = mtp_bfgs_step(ctx, r->b, evaluate, r, &moved);
    if (status != MTP_OK) break;
    fresh = !moved && since == 0;
    since++;
    if (!moved) continue;
    note_point(r);
    r->fit->iterations++;
    go_on = !plan->watch || plan->watch(plan->user, r->fit);
    losses[(size_t)(done + 1) % ring] = r->fit->loss;
    if (done + 1 >= plan->window && plan->tolerance > 0 &&
        losses[(size_t)(done + 1 - plan->window) % ring] - r->fit->loss < plan->tolerance * r->fit->loss)
      break;
  }
  free(losses);
  return status;
}

mtp_status mtp_fit_run(mtp_context *ctx, mtp_objective *o, const mtp_fit_plan *plan, mtp_fit *fit) {
  const size_t n = mtp_potential_parameter_count(mtp_objective_potential(o));
  run r = {.o = o, .plan = plan, .fit = fit, .n = n};
  const bool dense = n <= MAX_DENSE;
  r.matrix = mtp_alloc_aligned(dense ? n * n : n, sizeof(double));
  mtp_status status = r.matrix ? mtp_bfgs_new(ctx, n, dense, &r.b) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = evaluate(ctx, &r, fit->theta, &fit->loss, fit->gradient);
  if (status == MTP_OK && !isfinite(fit->loss))
    status = mtp_fail(ctx, MTP_ERR_NUMERIC, "training: the loss is not finite at the start");
  if (status == MTP_OK) {
    mtp_bfgs_start(r.b, fit->theta, fit->loss, fit->gradient);
    note_point(&r);
    status = iterate(ctx, &r);
  }
  mtp_bfgs_free(r.b);
  free(r.matrix);
  return status;
}
