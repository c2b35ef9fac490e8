/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_radial_start.c
 * The radial functions that a new potential starts from, and the bases they are made of: values and derivatives
 * against tables of another program and against differences, the edges, orthogonality. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "support_data.h"
#include "support_golden.h"

static mtp_radial make(mtp_radial_type type, double a, double b, int size, double scaling) {
  mtp_radial radial = {.type = type, .min_dist = a, .max_dist = b, .scaling = scaling, .size = size};
  mtp_radial_prepare(&radial);
  return radial;
}

static bool close_to(double x, double y, double relative, double absolute) {
  return fabs(x - y) <= relative * fabs(y) + absolute;
}

/* Rows of r, R values, R derivatives. Near a zero only the size of the column is a measure. */
static void compare_table(const char *name, const mtp_radial *radial, double tolerance) {
  double q[MTP_MAX_RADIAL_SIZE], dq[MTP_MAX_RADIAL_SIZE], scale[2 * MTP_MAX_RADIAL_SIZE] = {0};
  int rows = 0;
  for (int pass = 0; pass < 2; pass++) { /* first the size of each column, then the comparison */
    golden_text *table = golden_text_open(name, "radial.txt");
    char *at = strchr(table->data, '\n') + 1, *end;
    for (double r = strtod(at, &end); end != at; r = strtod(at, &end)) {
      at = end;
      mtp_radial_values(radial, r, q, dq);
      bool inside = r < radial->max_dist;
      for (int k = 0; k < 2 * radial->size; k++) {
        double theirs = strtod(at, &at), ours = k < radial->size ? q[k] : dq[k - radial->size];
        if (inside && pass == 0) scale[k] = fmax(scale[k], fabs(theirs));
        if (inside && pass == 1) assert_true(close_to(ours, theirs, tolerance, 1e-13 * scale[k]));
      }
      rows += inside && pass;
    }
    golden_text_close(table);
  }
  assert_true(rows > 15);
}

static void test_tables(void **state) {
  (void)state;
  if (!golden_available()) skip();
  mtp_radial repulsive = make(MTP_RADIAL_CHEBYSHEV_REPULS, 1.95, 5.0, 8, 1.0);
  mtp_radial shapeev = make(MTP_RADIAL_SHAPEEV, 1.6, 5.0, 8, 1.0);
  compare_table("10_pdag_level20_repuls", &repulsive, 1e-13);
  compare_table("11_li_rbshapeev61", &shapeev, 1e-6); /* the reference loses digits near the cutoff */
}

static void test_shapeev_is_orthogonal(void **state) {
  (void)state;
  mtp_radial radial = make(MTP_RADIAL_SHAPEEV, 1.5, 4.5, 12, 1.0);
  double q[12], gram[12][12] = {{0}};
  const int points = 20000;
  for (int i = 0; i < points; i++) {
    double t = (i + 0.5) / points, r = 1.5 + 3.0 * t;
    mtp_radial_values(&radial, r, q, NULL);
    for (int k = 0; k < 12; k++)
      for (int l = 0; l < 12; l++) gram[k][l] += q[k] * q[l] * pow(r / 1.5, 4) * t * (1.0 - t) / points;
  }
  for (int k = 0; k < 12; k++)
    for (int l = 0; l < k; l++) assert_true(fabs(gram[k][l]) < 1e-6 * sqrt(gram[k][k] * gram[l][l]));
}

static void test_derivatives(void **state) {
  (void)state;
  const double h = 1e-5;
  for (int type = MTP_RADIAL_CHEBYSHEV; type <= MTP_RADIAL_SHAPEEV; type++) {
    mtp_radial radial = make((mtp_radial_type)type, 1.9, 5.3, 12, 0.7);
    double q[12], dq[12], up[12], down[12];
    for (double r = 1.5; r < 5.29; r += 0.0931) {
      mtp_radial_values(&radial, r, q, dq);
      mtp_radial_values(&radial, r + h, up, NULL);
      mtp_radial_values(&radial, r - h, down, NULL);
      for (int k = 0; k < 12; k++) {
        double slope = (up[k] - down[k]) / (2.0 * h);
        assert_true(close_to(dq[k], slope, 1e-5, 1e-5 * (1.0 + fabs(q[k]))));
      }
    }
    mtp_radial_values(&radial, 5.3, q, dq); /* value and slope end at zero */
    for (int k = 0; k < 12; k++) assert_true(fabs(q[k]) < 1e-12 && fabs(dq[k]) < 1e-12);
  }
}

static void test_repulsive_is_frozen(void **state) {
  (void)state;
  mtp_radial radial = make(MTP_RADIAL_CHEBYSHEV_REPULS, 2.0, 5.0, 6, 1.5);
  double q[6], dq[6], edge[6];
  mtp_radial_values(&radial, 2.0, edge, dq);
  for (int k = 0; k < 6; k++) assert_true(dq[k] == 0.0);
  mtp_radial_values(&radial, 1.1, q, dq);
  for (int k = 0; k < 6; k++) {
    assert_true(q[k] == edge[k]);
    assert_true(dq[k] == 0.0);
  }
  mtp_radial_values(&radial, nextafter(2.0, 3.0), q, dq);
  for (int k = 0; k < 6; k++) assert_true(dq[k] != 0.0);
}

/* f_mu(r) of a pair of species. */
static double function(const mtp_potential *pot, int zi, int zj, int mu, double r) {
  double q[MTP_MAX_RADIAL_SIZE], f = 0.0;
  int size = pot->radial.size;
  mtp_radial_values(&pot->radial, r, q, NULL);
  for (int k = 0; k < size; k++) f += pot->params[mtp_offset_radial(pot, zi, zj) + (size_t)(mu * size + k)] * q[k];
  return f;
}

/* Gram matrix of the radial functions under the density of a crystal: the identity for one species. */
static void check_gram(const mtp_potential *pot) {
  const int points = 4000;
  int n = pot->nradial;
  double a = pot->radial.min_dist, b = pot->radial.max_dist, gram[6][6] = {{0}}, f[6];
  double density = sqrt(2.0) / pow(1.1 * a, 3);
  for (int i = 0; i < points; i++) {
    double r = a + (b - a) * (i + 0.5) / points, weight = 16.0 * atan(1.0) * density * r * r * (b - a) / points;
    for (int mu = 0; mu < n; mu++) f[mu] = function(pot, 0, 0, mu, r);
    for (int mu = 0; mu < n; mu++)
      for (int nu = 0; nu < n; nu++) gram[mu][nu] += weight * f[mu] * f[nu];
  }
  for (int mu = 0; mu < n; mu++)
    for (int nu = 0; nu < n; nu++) assert_true(fabs(gram[mu][nu] - (mu == nu)) < 1e-3);
}

/* The functions must span the shapes that were asked for: of each, little is left outside the (orthonormal) functions
 * up to its own. */
static void check_shapes(const mtp_potential *pot) {
  static const double steepness[] = {0.0, 5.0, 10.0, 14.0, 19.0, 24.0};
  const int points = 4000;
  double a = pot->radial.min_dist, b = pot->radial.max_dist, density = sqrt(2.0) / pow(1.1 * a, 3);
  for (int mu = 0; mu < pot->nradial; mu++) {
    double whole = 0.0, inside = 0.0, overlap[6] = {0};
    for (int i = 0; i < points; i++) {
      double x = (i + 0.5) / points, r = a + (b - a) * x;
      double weight = 16.0 * atan(1.0) * density * r * r * (b - a) / points;
      double shape = (1.0 - x) * (1.0 - x) * exp(-steepness[mu] * x);
      whole += weight * shape * shape;
      for (int nu = 0; nu <= mu; nu++) overlap[nu] += weight * shape * function(pot, 0, 0, nu, r);
    }
    for (int nu = 0; nu <= mu; nu++) inside += overlap[nu] * overlap[nu];
    assert_true(inside > 0.95 * whole);
  }
}

static mtp_potential *new_potential(mtp_context *ctx, int level, int species, double a, double b, int size) {
  mtp_potential_spec spec = {.level = level, .species_count = species, .cutoff = b, .min_dist = a, .radial_size = size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

static void test_start(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (double b = 4.0; b <= 7.0; b += 1.5)
    for (double a = 1.5; a <= 2.8; a += 0.65)
      for (int size = 6; size <= 32; size += 13) {
        mtp_potential *pot = new_potential(ctx, 22, 1, a, b, size);
        check_gram(pot);
        check_shapes(pot);
        for (size_t i = 0; i < pot->nparams; i++) assert_true(isfinite(pot->params[i]));
        for (int mu = 0; mu < 6; mu++) /* all fade out at the cutoff */
          assert_true(fabs(function(pot, 0, 0, mu, b - 0.01 * (b - a))) < 0.05 * fabs(function(pot, 0, 0, 0, a)));
        mtp_potential_free(pot);
      }
  mtp_context_free(ctx);
}

/* Sees a linear fit which species a neighbour is, and which the centre? No two pairs may have the same functions for
 * all mu, neighbours of one centre must differ for each mu, and none may be out of sight. */
static void test_start_tells_species(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (int species = 2; species <= 6; species++) {
    mtp_potential *pot = new_potential(ctx, 16, species, 2.0, 5.0, 8);
    int pairs = species * species;
    for (int p = 0; p < pairs; p++)
      for (int other = 0; other < p; other++) {
        int different = 0;
        for (int mu = 0; mu < pot->nradial; mu++) {
          double x = function(pot, p / species, p % species, mu, 2.05);
          assert_true(fabs(x) > 0.05 * fabs(function(pot, species - 1, species - 1, mu, 2.05)));
          different += fabs(x - function(pot, other / species, other % species, mu, 2.05)) > 0.002 * fabs(x);
        }
        assert_true(different > 0);
        if (p / species == other / species) assert_int_equal(different, pot->nradial);
      }
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

static void test_start_needs_room(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential_spec spec = {.level = 22, .species_count = 1, .cutoff = 5.0, .min_dist = 2.0, .radial_size = 5};
  mtp_potential *pot = NULL;
  assert_int_equal(mtp_potential_new(ctx, &spec, &pot), MTP_ERR_ARGUMENT); /* six functions of five */
  assert_null(pot);
  assert_non_null(strstr(mtp_context_message(ctx), "at least 6"));
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_tables),
      cmocka_unit_test(test_shapeev_is_orthogonal),
      cmocka_unit_test(test_derivatives),
      cmocka_unit_test(test_repulsive_is_frozen),
      cmocka_unit_test(test_start),
      cmocka_unit_test(test_start_tells_species),
      cmocka_unit_test(test_start_needs_room),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
