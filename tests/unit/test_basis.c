/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_basis.c
 * The enumerated standard bases: sizes against the published table, well-formed lists, invariance under rotations,
 * and, where files of other programs are at hand, the same functions as theirs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model.h"
#include "support_golden.h"

#define NEIGHBOURS   9
#define ENVIRONMENTS 5
#define MAX_MU       6

/* Neighbours as the moments see them: a direction, and the value of every radial function. */
typedef struct environment {
  double u[NEIGHBOURS][3], f[NEIGHBOURS][MAX_MU];
} environment;

static environment random_environment(mtp_random *random) {
  environment e;
  for (int j = 0; j < NEIGHBOURS; j++) {
    double norm = 0.0;
    for (int d = 0; d < 3; d++) {
      e.u[j][d] = mtp_random_normal(random);
      norm += e.u[j][d] * e.u[j][d];
    }
    for (int d = 0; d < 3; d++) e.u[j][d] /= sqrt(norm);
    for (int mu = 0; mu < MAX_MU; mu++) e.f[j][mu] = 2.0 * mtp_random_uniform(random) - 0.7;
  }
  return e;
}

static double power(double x, int n) {
  double value = 1.0;
  while (n-- > 0) value *= x;
  return value;
}

static void evaluate(const mtp_basis *basis, const environment *e, double *scalars) {
  double *m = calloc((size_t)basis->nmoments, sizeof *m);
  assert_non_null(m);
  for (int q = 0; q < basis->nbasic; q++) {
    const int *b = basis->basic[q];
    for (int j = 0; j < NEIGHBOURS; j++)
      m[q] += e->f[j][b[0]] * power(e->u[j][0], b[1]) * power(e->u[j][1], b[2]) * power(e->u[j][2], b[3]);
  }
  for (int t = 0; t < basis->ntimes; t++) {
    const int *p = basis->times[t];
    m[p[3]] += p[2] * m[p[0]] * m[p[1]];
  }
  for (int t = 0; t < basis->nscalars; t++) scalars[t] = m[basis->mapping[t]];
  free(m);
}

static void test_sizes(void **state) {
  (void)state;
  /* level, K, basic, S, and scalars by degree (spec section 3); level 30 is not in the table */
  static const int table[][8] = {{2, 1, 1, 1, 1, 0, 0, 0},
                                 {4, 1, 1, 2, 1, 1, 0, 0},
                                 {6, 2, 5, 5, 2, 2, 1, 0},
                                 {8, 2, 11, 9, 2, 4, 2, 1},
                                 {10, 3, 25, 16, 3, 6, 5, 2},
                                 {12, 3, 46, 29, 3, 10, 10, 6},
                                 {14, 4, 81, 52, 4, 14, 20, 14},
                                 {16, 4, 130, 92, 4, 20, 35, 33},
                                 {18, 5, 201, 163, 5, 26, 62, 70},
                                 {20, 5, 295, 288, 5, 35, 100, 148},
                                 {22, 6, 421, 500, 6, 44, 160, 290},
                                 {24, 6, 581, 864, 6, 56, 244, 558},
                                 {26, 6, 706, 1464, 6, 67, 366, 1025},
                                 {28, 6, 866, 2445, 6, 81, 524, 1834}};
  mtp_context *ctx = mtp_context_new();
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    mtp_basis basis;
    assert_int_equal(mtp_basis_enumerate(ctx, table[i][0], &basis), MTP_OK);
    assert_int_equal(mtp_basis_radial_count(&basis), table[i][1]);
    assert_int_equal(basis.nbasic, table[i][2]);
    assert_int_equal(basis.nscalars, table[i][3]);
    assert_int_equal(mtp_basis_level(&basis), table[i][0]);
    assert_int_equal(mtp_basis_check(ctx, &basis, table[i][1], "lists"), MTP_OK);
    /* the degree of a scalar: with all basic moments scaled by 2 it grows by 2^degree */
    int degrees[5] = {0};
    int *degree = calloc((size_t)basis.nmoments, sizeof *degree);
    for (int m = 0; m < basis.nbasic; m++) degree[m] = 1;
    for (int t = 0; t < basis.ntimes; t++)
      degree[basis.times[t][3]] = degree[basis.times[t][0]] + degree[basis.times[t][1]];
    for (int s = 0; s < basis.nscalars; s++) degrees[degree[basis.mapping[s]]]++;
    for (int d = 1; d <= 4; d++) assert_int_equal(degrees[d], table[i][3 + d]);
    free(degree);
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

/* The house rules of the lists that readers elsewhere rely on. */
static void test_form(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (int level = 2; level <= 30; level += 2) {
    mtp_basis basis;
    assert_int_equal(mtp_basis_enumerate(ctx, level, &basis), MTP_OK);
    assert_int_equal(mtp_basis_check(ctx, &basis, mtp_basis_radial_count(&basis), "lists"), MTP_OK);
    assert_int_equal(mtp_basis_level(&basis), level);
    char *used = calloc((size_t)basis.nmoments, 1), *closed = calloc((size_t)basis.nmoments, 1);
    for (int t = 0; t < basis.ntimes; t++) {
      const int *e = basis.times[t];
      used[e[0]] = used[e[1]] = 1;
      assert_true(e[2] > 0);
      assert_false(closed[e[3]]);
      if (t + 1 == basis.ntimes || basis.times[t + 1][3] != e[3]) closed[e[3]] = 1;
    }
    for (int s = 0; s < basis.nscalars; s++) {
      used[basis.mapping[s]] = 1;
      assert_true(s == 0 || basis.mapping[s] > basis.mapping[s - 1]);
    }
    for (int m = 0; m < basis.nmoments; m++) {
      assert_true(used[m]);
      assert_int_equal(closed[m], m >= basis.nbasic);
    }
    for (int q = 1; q < basis.nbasic; q++) { /* mu, then rank, then a and b descending */
      const int *x = basis.basic[q - 1], *y = basis.basic[q];
      int rx = x[1] + x[2] + x[3], ry = y[1] + y[2] + y[3];
      bool ascending = x[0] != y[0] ? x[0] < y[0] : rx != ry ? rx < ry : x[1] != y[1] ? x[1] > y[1] : x[2] > y[2];
      assert_true(ascending);
    }
    free(used);
    free(closed);
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

static void test_rotation(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {7};
  environment plain = random_environment(&random), turned = plain;
  double axis[3] = {0.36, 0.48, 0.8}, c = cos(1.1), s = sin(1.1);
  for (int j = 0; j < NEIGHBOURS; j++) { /* Rodrigues, followed by an inversion */
    const double *u = plain.u[j];
    double dot = axis[0] * u[0] + axis[1] * u[1] + axis[2] * u[2];
    for (int d = 0; d < 3; d++) {
      int e = (d + 1) % 3, f = (d + 2) % 3;
      turned.u[j][d] = -(c * u[d] + s * (axis[e] * u[f] - axis[f] * u[e]) + (1.0 - c) * dot * axis[d]);
    }
  }
  for (int level = 8; level <= 28; level += 10) {
    mtp_basis basis;
    assert_int_equal(mtp_basis_enumerate(ctx, level, &basis), MTP_OK);
    double *a = calloc((size_t)basis.nscalars, sizeof *a), *b = calloc((size_t)basis.nscalars, sizeof *b);
    evaluate(&basis, &plain, a);
    evaluate(&basis, &turned, b);
    for (int t = 0; t < basis.nscalars; t++) assert_true(fabs(a[t] - b[t]) <= 1e-8 * (fabs(a[t]) + 1e-3));
    free(a);
    free(b);
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

/* The list of a level contains that of the level below: same functions, by value. */
typedef struct fingerprint {
  double ratio[ENVIRONMENTS - 1];
} fingerprint;

static int compare_fingerprints(const void *a, const void *b) {
  double x = ((const fingerprint *)a)->ratio[0], y = ((const fingerprint *)b)->ratio[0];
  return (x > y) - (x < y);
}

/* What a scalar is, apart from a constant factor: its values in some environments relative to the first. */
static fingerprint *fingerprints(const mtp_basis *basis, const environment *e) {
  size_t n = (size_t)basis->nscalars;
  fingerprint *prints = calloc(n, sizeof *prints);
  double *first = calloc(n, sizeof *first), *other = calloc(n, sizeof *other);
  evaluate(basis, &e[0], first);
  for (int i = 1; i < ENVIRONMENTS; i++) {
    evaluate(basis, &e[i], other);
    for (size_t t = 0; t < n; t++) prints[t].ratio[i - 1] = other[t] / first[t];
  }
  free(first);
  free(other);
  qsort(prints, n, sizeof *prints, compare_fingerprints);
  return prints;
}

static bool same(const fingerprint *a, const fingerprint *b) {
  for (int i = 0; i < ENVIRONMENTS - 1; i++)
    if (!(fabs(a->ratio[i] - b->ratio[i]) <= 1e-8 * (fabs(a->ratio[i]) + 1e-6))) return false;
  return true;
}

static void test_same_functions(void **state) {
  (void)state;
  if (!golden_available()) skip();
  const char *shared = getenv("MTP_SHARED");
  static const char *const files[] = {"golden/19_select_add_shipped/pot.mtp",
                                      "golden/01_li_level06/pot.mtp",
                                      "golden/04_nacl_level08/pot.mtp",
                                      "golden/15_molecule_ch4_level10_motep/pot.mtp",
                                      "golden/05_nacl_level14/pot.mtp",
                                      "golden/02_li_level16/pot.mtp",
                                      "golden/13_graphene_level18/pot.mtp",
                                      "golden/10_pdag_level20_repuls/pot.mtp",
                                      "potentials/Si.zuo2020.mtp"};
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {11};
  environment e[ENVIRONMENTS];
  for (int i = 0; i < ENVIRONMENTS; i++) e[i] = random_environment(&random);
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", shared, files[i]);
    mtp_potential *theirs;
    mtp_basis ours;
    assert_int_equal(mtp_potential_read(ctx, path, &theirs), MTP_OK);
    int level = mtp_potential_level(theirs), n = theirs->basis.nscalars;
    assert_int_equal(mtp_basis_enumerate(ctx, level, &ours), MTP_OK);
    assert_int_equal(ours.nscalars, n);
    assert_int_equal(ours.nbasic, theirs->basis.nbasic);
    assert_memory_equal(ours.basic, theirs->basis.basic, (size_t)ours.nbasic * sizeof *ours.basic);
    fingerprint *a = fingerprints(&ours, e), *b = fingerprints(&theirs->basis, e);
    for (int t = 0; t < n; t++) assert_true(same(&a[t], &b[t]));
    for (int t = 1; t < n; t++) assert_false(same(&a[t], &a[t - 1])); /* or the comparison would say little */
    free(a);
    free(b);
    mtp_basis_clear(&ours);
    mtp_potential_free(theirs);
  }
  mtp_context_free(ctx);
}

/* Each fault in turn in lists that are right otherwise. */
static void test_check(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_basis good;
  assert_int_equal(mtp_basis_enumerate(ctx, 8, &good), MTP_OK);
  for (int fault = 0; fault < 10; fault++) {
    mtp_basis bad;
    int radial_count = 2;
    assert_int_equal(mtp_basis_copy(ctx, &good, &bad), MTP_OK);
    switch (fault) {
    case 0:
      bad.basic[3][0] = 2;
      break;
    case 1:
      bad.basic[3][1] = -1;
      break;
    case 2:
      bad.basic[3][2] = MTP_MAX_RANK + 1;
      break;
    case 3:
      radial_count = 1;
      break;
    case 4:
      bad.times[0][3] = 0;
      break;
    case 5:
      bad.times[0][0] = bad.times[0][3];
      break;
    case 6:
      bad.times[0][3] = bad.nmoments;
      break;
    case 7: /* the last entry adds to a moment that was already a factor */
      bad.times[bad.ntimes - 1][3] = bad.times[0][3];
      bad.times[bad.ntimes - 1][0] = bad.times[bad.ntimes - 1][1] = 0;
      break;
    case 8:
      bad.mapping[1] = bad.mapping[0];
      break;
    case 9:
      bad.nmoments = bad.nbasic + bad.ntimes + 1;
      break;
    }
    assert_int_not_equal(mtp_basis_check(ctx, &bad, radial_count, "name.mtp"), MTP_OK);
    assert_memory_equal(mtp_context_message(ctx), "name.mtp: ", 10);
    mtp_basis_clear(&bad);
  }
  assert_int_equal(mtp_basis_check(ctx, &good, 2, "name.mtp"), MTP_OK);
  assert_int_equal(mtp_basis_check(ctx, &good, 3, "name.mtp"), MTP_OK); /* one that no moment uses */
  mtp_basis_clear(&good);
  mtp_basis basis;
  assert_int_equal(mtp_basis_enumerate(ctx, 7, &basis), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_basis_enumerate(ctx, 0, &basis), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_basis_enumerate(ctx, 32, &basis), MTP_ERR_ARGUMENT);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sizes),          cmocka_unit_test(test_form),  cmocka_unit_test(test_rotation),
      cmocka_unit_test(test_same_functions), cmocka_unit_test(test_check),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
