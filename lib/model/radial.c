/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/radial.c
 * Radial bases as three-term recurrences, so that one loop serves all types. This is the plain form for set-up, tests
 * and tables; the kernels have their own vector form of the same recurrence. */
#include <math.h>

#include "model/model.h"

static void prepare_chebyshev(mtp_radial *radial) {
  radial->start = 1.0;
  for (int k = 0; k < radial->size; k++) {
    radial->alpha[k] = k ? 2.0 : 1.0;
    radial->beta[k] = 0.0;
    radial->gamma[k] = k ? -1.0 : 0.0;
  }
}

/* Normalisation of the k-th Shapeev function, spec 2.4. */
static double shapeev_norm(int k) {
  double n = k + 1.0;
  return sqrt((2.0 * k + 7.0) * (k + 6.0) / (8.0 * n * n * n));
}

/* Jacobi polynomials P^(5,1) with their norms folded into the recurrence. */
static void prepare_shapeev(mtp_radial *radial) {
  const double a = 5.0, b = 1.0;
  radial->start = shapeev_norm(0);
  for (int k = 0; k < radial->size; k++) {
    double n = k + 1.0, m = 2.0 * n + a + b;
    double lead = 2.0 * n * (n + a + b) * (m - 2.0);
    double one = shapeev_norm(k + 1) / shapeev_norm(k);
    radial->alpha[k] = one * (m - 1.0) * m * (m - 2.0) / lead;
    radial->beta[k] = one * (m - 1.0) * (a * a - b * b) / lead;
    radial->gamma[k] = 0.0;
    if (k > 0) {
      double two = shapeev_norm(k + 1) / shapeev_norm(k - 1);
      radial->gamma[k] = -two * 2.0 * (n + a - 1.0) * (n + b - 1.0) * m / lead;
    }
  }
}

void mtp_radial_prepare(mtp_radial *radial) {
  if (radial->type == MTP_RADIAL_SHAPEEV)
    prepare_shapeev(radial);
  else
    prepare_chebyshev(radial);
}

const char *mtp_radial_type_name(mtp_radial_type type) {
  switch (type) {
  case MTP_RADIAL_CHEBYSHEV:
    return "RBChebyshev";
  case MTP_RADIAL_CHEBYSHEV_REPULS:
    return "RBChebyshev_repuls";
  case MTP_RADIAL_SHAPEEV:
    return "RBShapeev";
  }
  return "unknown";
}

/* The factor that makes all functions vanish twice at the cutoff, and its derivative. */
static double weight(const mtp_radial *radial, double r, double *derivative) {
  double a = radial->min_dist, b = radial->max_dist;
  if (radial->type != MTP_RADIAL_SHAPEEV) {
    *derivative = radial->scaling * 2.0 * (r - b);
    return radial->scaling * (r - b) * (r - b);
  }
  double root = a / r * (b - r) / (b - a);
  *derivative = -2.0 * radial->scaling * root * (a / r) * (b / r) / (b - a);
  return radial->scaling * root * root;
}

void mtp_radial_values(const mtp_radial *radial, double r, double *q, double *dq) {
  double a = radial->min_dist, b = radial->max_dist;
  int frozen = radial->type == MTP_RADIAL_CHEBYSHEV_REPULS && r <= a;
  if (frozen) r = a;
  double xi = (2.0 * r - a - b) / (b - a), dxi = 2.0 / (b - a);
  double dw, w = weight(radial, r, &dw);
  double p = radial->start, dp = 0.0, p_before = 0.0, dp_before = 0.0;
  for (int k = 0; k < radial->size; k++) {
    q[k] = w * p;
    if (dq) dq[k] = frozen ? 0.0 : dw * p + w * dp;
    double line = radial->alpha[k] * xi + radial->beta[k];
    double next = line * p + radial->gamma[k] * p_before;
    double dnext = line * dp + radial->alpha[k] * dxi * p + radial->gamma[k] * dp_before;
    p_before = p;
    dp_before = dp;
    p = next;
    dp = dnext;
  }
}
