/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/bfgs.c
 * BFGS with a line search for the strong Wolfe conditions. */
#include "learn/bfgs.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SUFFICIENT 1e-4 /* decrease, relative to the slope */
#define CURVATURE  0.9  /* what may be left of the slope: evaluations cost more than iterations here */
#define MAX_TRIALS 25
#define MEMORY     30 /* pairs of limited memory */
/* A step is first tried with so many times the length of the one before, and with its full length at most. */
#define LONGER 1.5

struct mtp_bfgs {
  size_t n;
  bool dense;
  double f;
  double length; /* of the last step, in steps of the inverse Hessian; 0: there was none since that was set */
  double *x, *g, *trial, *trial_g, *step, *change, *work; /* [n] */
  double *inverse;                                        /* [n*n] lower triangle, or [n] */
  /* limited memory */
  size_t pairs, newest;
  double *s, *y; /* [MEMORY][n] */
  double rho[MEMORY];
};

mtp_status mtp_bfgs_new(mtp_context *ctx, size_t n, bool dense, mtp_bfgs **out) {
  mtp_bfgs *b = mtp_calloc(1, sizeof *b);
  if (!b) return mtp_fail_memory(ctx);
  b->n = n;
  b->dense = dense;
  double **const vectors[] = {&b->x, &b->g, &b->trial, &b->trial_g, &b->step, &b->change, &b->work};
  bool done = true;
  for (size_t k = 0; k < sizeof vectors / sizeof vectors[0]; k++)
    done = (*vectors[k] = mtp_calloc(n, sizeof(double))) && done;
  b->inverse = dense ? mtp_alloc_aligned(n * n, sizeof(double)) : mtp_calloc(n, sizeof(double));
  b->s = mtp_calloc(dense ? 0 : MEMORY * n, sizeof(double));
  b->y = mtp_calloc(dense ? 0 : MEMORY * n, sizeof(double));
  if (!done || !b->inverse || !b->s || !b->y) {
    mtp_bfgs_free(b);
    return mtp_fail_memory(ctx);
  }
  for (size_t k = 0; k < n; k++) b->inverse[dense ? k * n + k : k] = 1.0;
  *out = b;
  return MTP_OK;
}

void mtp_bfgs_free(mtp_bfgs *b) {
  if (!b) return;
  free(b->x);
  free(b->g);
  free(b->trial);
  free(b->trial_g);
  free(b->step);
  free(b->change);
  free(b->work);
  free(b->inverse);
  free(b->s);
  free(b->y);
  free(b);
}

void mtp_bfgs_start(mtp_bfgs *b, const double *x, double f, const double *g) {
  memcpy(b->x, x, b->n * sizeof *x);
  memcpy(b->g, g, b->n * sizeof *g);
  b->f = f;
}

void mtp_bfgs_set_inverse(mtp_bfgs *b, const double *h) {
  memcpy(b->inverse, h, (b->dense ? b->n * b->n : b->n) * sizeof *h);
  b->pairs = b->newest = 0;
  b->length = 0.0;
}

const double *mtp_bfgs_x(const mtp_bfgs *b) {
  return b->x;
}
const double *mtp_bfgs_gradient(const mtp_bfgs *b) {
  return b->g;
}
double mtp_bfgs_value(const mtp_bfgs *b) {
  return b->f;
}

static double dot(const mtp_bfgs *b, const double *p, const double *q) {
  return cblas_ddot((int)b->n, p, 1, q, 1);
}

/* ---- the inverse Hessian ---- */

static void multiply_dense(const mtp_bfgs *b, const double *v, double *out) {
  cblas_dsymv(CblasRowMajor, CblasLower, (int)b->n, 1.0, b->inverse, (int)b->n, v, 1, 0.0, out, 1);
}

/* The two loops of limited memory, from the newest pair to the oldest and back. */
static void multiply_limited(const mtp_bfgs *b, const double *v, double *out) {
  const size_t n = b->n;
  double alpha[MEMORY];
  memcpy(out, v, n * sizeof *v);
  for (size_t k = 0; k < b->pairs; k++) {
    const size_t at = (b->newest + MEMORY - k) % MEMORY;
    alpha[at] = b->rho[at] * dot(b, b->s + at * n, out);
    cblas_daxpy((int)n, -alpha[at], b->y + at * n, 1, out, 1);
  }
  for (size_t k = 0; k < n; k++) out[k] *= b->inverse[k];
  for (size_t k = b->pairs; k-- > 0;) {
    const size_t at = (b->newest + MEMORY - k) % MEMORY;
    const double beta = b->rho[at] * dot(b, b->y + at * n, out);
    cblas_daxpy((int)n, alpha[at] - beta, b->s + at * n, 1, out, 1);
  }
}

static void multiply(const mtp_bfgs *b, const double *v, double *out) {
  if (b->dense)
    multiply_dense(b, v, out);
  else
    multiply_limited(b, v, out);
}

/* With s and y of curvature sy > 0: H += (1 + yHy/sy) s s^T / sy - (Hy s^T + s (Hy)^T) / sy. */
static void update(mtp_bfgs *b, const double *s, const double *y) {
  const size_t n = b->n;
  const double sy = dot(b, s, y);
  if (!(sy > 1e-14 * sqrt(dot(b, s, s) * dot(b, y, y)))) return;
  if (b->dense) {
    multiply_dense(b, y, b->work);
    const double yhy = dot(b, y, b->work);
    cblas_dsyr(CblasRowMajor, CblasLower, (int)n, (1.0 + yhy / sy) / sy, s, 1, b->inverse, (int)n);
    cblas_dsyr2(CblasRowMajor, CblasLower, (int)n, -1.0 / sy, b->work, 1, s, 1, b->inverse, (int)n);
    return;
  }
  b->newest = (b->newest + 1) % MEMORY;
  if (b->pairs < MEMORY) b->pairs++;
  memcpy(b->s + b->newest * n, s, n * sizeof *s);
  memcpy(b->y + b->newest * n, y, n * sizeof *y);
  b->rho[b->newest] = 1.0 / sy;
}

/* ---- the line search ---- */

typedef struct point {
  double t, f, slope;
} point;

typedef struct search {
  mtp_context *ctx;
  mtp_bfgs *b;
  mtp_bfgs_function function;
  void *user;
  int trials;
} search;

static mtp_status evaluate(search *s, point *p) {
  mtp_bfgs *b = s->b;
  for (size_t k = 0; k < b->n; k++) b->trial[k] = b->x[k] + p->t * b->step[k];
  const mtp_status status = s->function(s->ctx, s->user, b->trial, &p->f, b->trial_g);
  s->trials++;
  p->slope = dot(b, b->trial_g, b->step);
  if (!isfinite(p->f) || !isfinite(p->slope)) p->f = INFINITY;
  return status;
}

/* The minimum of the cubic through two points, kept away from both. */
static double between(const point *low, const point *high) {
  const double width = high->t - low->t;
  double t = 0.5;
  if (isfinite(high->f)) {
    const double theta = 3.0 * (low->f - high->f) / width + low->slope + high->slope;
    const double root = theta * theta - low->slope * high->slope;
    if (root >= 0) {
      const double gamma = copysign(sqrt(root), width);
      t = (gamma - low->slope + theta) / (2.0 * gamma - low->slope + high->slope);
    }
  } else
    t = 0.1;
  if (!(t > 0.1)) t = 0.1;
  if (t > 0.9) t = 0.9;
  return low->t + t * width;
}

/* A point that satisfies the strong Wolfe conditions, or the lowest that was found. */
static mtp_status find_step(search *s, point start, double first, point *found) {
  point low = start, high = {0}, p = {.t = first};
  bool bracketed = false;
  mtp_status status = MTP_OK;
  while (s->trials < MAX_TRIALS && status == MTP_OK) {
    status = evaluate(s, &p);
    if (status != MTP_OK) break;
    if (p.f > start.f + SUFFICIENT * p.t * start.slope || p.f >= low.f) {
      high = p;
      bracketed = true;
    } else {
      if (fabs(p.slope) <= -CURVATURE * start.slope) {
        *found = p;
        return MTP_OK;
      }
      if (p.slope * ((bracketed ? high.t : p.t + 1.0) - low.t) >= 0) high = low, bracketed = true;
      low = p;
    }
    if (bracketed && fabs(high.t - low.t) < 1e-10 * (fabs(low.t) + 1e-10)) break;
    p.t = bracketed ? between(&low, &high) : 3.0 * p.t;
  }
  *found = low;
  if (status == MTP_OK && low.t > 0 && low.t != p.t) status = evaluate(s, found);
  return status;
}

/* A matrix with little damping asks for steps that are too long for a curved valley many times in a row, and each trial
 * costs an evaluation. */
static double first_length(const mtp_bfgs *b) {
  return b->length > 0.0 ? fmin(LONGER * b->length, 1.0) : 1.0;
}

mtp_status mtp_bfgs_step(mtp_context *ctx, mtp_bfgs *b, mtp_bfgs_function function, void *user, bool *moved) {
  search s = {.ctx = ctx, .b = b, .function = function, .user = user};
  *moved = false;
  multiply(b, b->g, b->step);
  for (size_t k = 0; k < b->n; k++) b->step[k] = -b->step[k];
  const point start = {0.0, b->f, dot(b, b->g, b->step)};
  if (!(start.slope < 0)) return MTP_OK;
  point found;
  const mtp_status status = find_step(&s, start, first_length(b), &found);
  if (status != MTP_OK || !(found.t > 0) || !(found.f < b->f)) return status;
  for (size_t k = 0; k < b->n; k++) {
    b->step[k] *= found.t;
    b->change[k] = b->trial_g[k] - b->g[k];
  }
  update(b, b->step, b->change);
  memcpy(b->x, b->trial, b->n * sizeof *b->x);
  memcpy(b->g, b->trial_g, b->n * sizeof *b->g);
  b->f = found.f;
  b->length = found.t;
  *moved = true;
  return MTP_OK;
}
