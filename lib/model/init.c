/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/init.c
 * Radial functions to start from, such that already a linear fit of the moment coefficients is worth its name.
 *
 * Shapes. ((rc - r)/(rc - r0))^2 exp(-k (r - r0)) with k (rc - r0) = 0, 5, 10, 14, 19, 24 for mu = 0, 1, ...: from a
 * function that counts neighbours to a wall, which is what interatomic forces need. The first factor is the one that
 * the format puts on all its functions, so that the fit by R of them is as good for a large R as for a small one;
 * without it linear fits of levels 12 and 16 have 1.6 to 9 times the loss (lithium, rock salt, an oxide, an alloy).
 *
 * Conditioning. Neighbouring exponentials are nearly parallel: the condition number of the Gram matrix is 1e6 for six.
 * They are therefore orthonormalised in order of mu under the weight 4 pi rho r^2 (the neighbours of an atom), rho
 * being that of a dense crystal whose nearest neighbours sit just above r0. A tensor of radial function mu may be
 * replaced by one of a lower mu everywhere in a standard basis (the level only falls), so subtracting lower functions
 * from higher ones leaves the space of a linear fit what it was, while sum_j f^2 is 1 an atom and the Gram matrix is
 * the identity.
 *
 * Species. Moment coefficients do not know species, so with equal functions for all pairs a linear fit could not tell
 * one species from another, neither as neighbour nor as centre. The pairs share the shapes, but each has a size of its
 * own: 1 to 2 by the distance of the neighbour's species from the centre's, in an order that turns with mu, so that
 * like and unlike neighbours weigh differently in different functions; and a grade of the centre, by which products of
 * different degree tell the centres apart. Of some sixty rules tried with linear fits of levels 8 and 12 (rock salt, a
 * ternary oxide, two alloys, both orders of the species), this one depends least on the order and was never far from
 * the best: at level 12 it has 0.5 to 1.05 of the force error of equal functions. Factors that change sign are much
 * better on one system and worse than equal functions on another. */
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

#define POINTS 1000 /* of the quadrature over [min_dist, max_dist] */

static double steepness(int mu) {
  static const double standard[] = {0.0, 5.0, 10.0, 14.0, 19.0, 24.0};
  const int n = (int)(sizeof standard / sizeof standard[0]);
  return mu < n ? standard[mu] : standard[n - 1] + 5.0 * (mu - n + 1);
}

/* Tables of the R basis functions and the K targets at the quadrature points, one function a row, times the root of the
 * quadrature weight. */
static void tabulate(const mtp_radial *radial, int nradial, double *basis, double *target) {
  const double pi = 3.14159265358979323846;
  double a = radial->min_dist, b = radial->max_dist, step = (b - a) / POINTS;
  double density = sqrt(2.0) / pow(1.1 * a, 3);
  double q[MTP_MAX_RADIAL_SIZE];
  for (int i = 0; i < POINTS; i++) {
    double r = a + (i + 0.5) * step, root = sqrt(4.0 * pi * density * r * r * step);
    double end = (b - r) * (b - r) / ((b - a) * (b - a));
    mtp_radial_values(radial, r, q, NULL);
    for (int k = 0; k < radial->size; k++) basis[k * POINTS + i] = root * q[k];
    for (int mu = 0; mu < nradial; mu++) target[mu * POINTS + i] = root * end * exp(-steepness(mu) * (r - a) / (b - a));
  }
}

static double dot(const double *x, const double *y, int n) {
  double sum = 0.0;
  for (int i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

static void subtract(double *y, double factor, const double *x, int n) {
  for (int i = 0; i < n; i++) y[i] -= factor * x[i];
}

/* Gram-Schmidt in order of mu on function values, the coefficients following. Twice, because once leaves errors of the
 * size of the condition number. */
static mtp_status orthonormalise(mtp_context *ctx, double *values, double *coeffs, int nradial, int size) {
  for (int mu = 0; mu < nradial; mu++) {
    double *f = values + (size_t)mu * POINTS, *c = coeffs + (size_t)mu * (size_t)size;
    double before = sqrt(dot(f, f, POINTS));
    for (int pass = 0; pass < 2; pass++)
      for (int nu = 0; nu < mu; nu++) {
        const double *g = values + (size_t)nu * POINTS;
        double overlap = dot(f, g, POINTS);
        subtract(f, overlap, g, POINTS);
        subtract(c, overlap, coeffs + (size_t)nu * (size_t)size, size);
      }
    double norm = sqrt(dot(f, f, POINTS));
    if (!(norm > 1e-10 * before))
      return mtp_fail(ctx, MTP_ERR_NUMERIC, "the initial radial functions are linearly dependent at mu = %d", mu);
    for (int i = 0; i < POINTS; i++) f[i] /= norm;
    for (int k = 0; k < size; k++) c[k] /= norm;
  }
  return MTP_OK;
}

/* coeffs[K][R] of orthonormal functions. */
static mtp_status fit_shapes(mtp_context *ctx, const mtp_radial *radial, int nradial, double *coeffs) {
  int size = radial->size;
  double *basis = mtp_calloc((size_t)(2 * size) * POINTS, sizeof *basis);
  double *target = mtp_calloc((size_t)nradial * POINTS, sizeof *target);
  mtp_status status = basis && target ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    double *factors = basis + (size_t)size * POINTS; /* dgels overwrites its matrix */
    tabulate(radial, nradial, basis, target);
    memcpy(factors, basis, (size_t)size * POINTS * sizeof *basis);
    if (LAPACKE_dgels(LAPACK_COL_MAJOR, 'N', POINTS, size, nradial, factors, POINTS, target, POINTS) != 0)
      status = mtp_fail(ctx, MTP_ERR_NUMERIC, "the radial basis of size %d is singular", size);
    for (int mu = 0; mu < nradial; mu++) {
      double *f = target + (size_t)mu * POINTS, *c = coeffs + (size_t)mu * (size_t)size;
      memcpy(c, f, (size_t)size * sizeof *c);
      memset(f, 0, POINTS * sizeof *f);
      for (int k = 0; k < size; k++) subtract(f, -c[k], basis + (size_t)k * POINTS, POINTS);
    }
  }
  if (status == MTP_OK) status = orthonormalise(ctx, target, coeffs, nradial, size);
  free(basis);
  free(target);
  return status;
}

static double species_factor(int nspecies, int zi, int zj, int mu) {
  if (nspecies == 1) return 1.0;
  const double last = nspecies - 1;
  const double pair = 1.0 + (zj - zi + nspecies + mu) % nspecies / last, centre = 0.25 + 0.75 * zi / last;
  return pair * pow(centre, 0.3);
}

mtp_status mtp_potential_init_radial(mtp_context *ctx, mtp_potential *pot) {
  int nradial = pot->nradial, size = pot->radial.size;
  if (nradial > size)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT,
                    "%d radial functions cannot be independent with a radial basis of size %d; expected a size of at "
                    "least %d",
                    nradial, size, nradial);
  double *shapes = mtp_calloc((size_t)nradial * (size_t)size, sizeof *shapes);
  if (!shapes) return mtp_fail_memory(ctx);
  mtp_status status = fit_shapes(ctx, &pot->radial, nradial, shapes);
  for (int zi = 0; status == MTP_OK && zi < pot->nspecies; zi++)
    for (int zj = 0; zj < pot->nspecies; zj++) {
      double *block = pot->params + mtp_offset_radial(pot, zi, zj);
      for (int mu = 0; mu < nradial; mu++) {
        const double factor = species_factor(pot->nspecies, zi, zj, mu);
        for (int k = 0; k < size; k++) block[mu * size + k] = factor * shapes[mu * size + k];
      }
    }
  free(shapes);
  return status;
}
