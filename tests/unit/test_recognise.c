/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_recognise.c
 * Lists that compute standard functions in another way are recognised, lists that nearly do are not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/recognise.h"
#include "support_golden.h"

/* Values of all scalars for moments of both signs. */
static double *evaluate(const mtp_basis *basis, unsigned seed) {
  double *m = calloc((size_t)basis->nmoments, sizeof *m), *b = calloc((size_t)basis->nscalars, sizeof *b);
  assert_true(m && b);
  for (int q = 0; q < basis->nbasic; q++) {
    const int *e = basis->basic[q];
    mtp_random random = {seed + (unsigned)(((e[0] * 16 + e[1]) * 16 + e[2]) * 16 + e[3])};
    m[q] = mtp_random_normal(&random);
  }
  for (int t = 0; t < basis->ntimes; t++) {
    const int *e = basis->times[t];
    m[e[3]] += e[2] * m[e[0]] * m[e[1]];
  }
  for (int t = 0; t < basis->nscalars; t++) b[t] = m[basis->mapping[t]];
  free(m);
  return b;
}

/* That what was recognised holds, at points of the test's own. */
static void check_claim(const mtp_basis *basis, const mtp_recognised *found) {
  char *taken = calloc((size_t)basis->nscalars, 1);
  assert_non_null(taken);
  assert_int_equal(found->basis.nscalars, basis->nscalars);
  for (unsigned seed = 900; seed < 903; seed++) {
    double *theirs = evaluate(basis, seed), *ours = evaluate(&found->basis, seed), largest = 0.0;
    for (int t = 0; t < basis->nscalars; t++) largest = fmax(largest, fabs(theirs[t]));
    for (int t = 0; t < basis->nscalars; t++)
      assert_true(fabs(found->factor[t] * ours[found->scalar[t]] - theirs[t]) <=
                  1e-9 * fabs(theirs[t]) + 1e-13 * largest);
    free(theirs);
    free(ours);
  }
  for (int t = 0; t < basis->nscalars; t++) assert_int_equal(taken[found->scalar[t]]++, 0);
  free(taken);
}

/* Our own lists with basic moments and scalars in another order and every multiplicity tripled. */
static mtp_basis disguised(mtp_context *ctx, int level) {
  mtp_basis plain, other;
  assert_int_equal(mtp_basis_enumerate(ctx, level, &plain), MTP_OK);
  assert_int_equal(mtp_basis_copy(ctx, &plain, &other), MTP_OK);
  const int n = plain.nbasic, s = plain.nscalars;
  for (int q = 0; q < n; q++) memcpy(other.basic[n - 1 - q], plain.basic[q], sizeof *plain.basic);
  for (int t = 0; t < plain.ntimes; t++)
    for (int k = 0; k < 4; k++) {
      const int e = plain.times[t][k];
      other.times[t][k] = k == 2 ? 3 * e : e < n ? n - 1 - e : e;
    }
  for (int t = 0; t < s; t++) {
    const int e = plain.mapping[t];
    other.mapping[(t * 5 + 2) % s] = e < n ? n - 1 - e : e;
  }
  mtp_basis_clear(&plain);
  return other;
}

static void test_disguised(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (int level = 2; level <= 24; level += 2) {
    mtp_basis basis = disguised(ctx, level);
    if (basis.nscalars % 5) { /* or the order is none */
      mtp_recognised found;
      assert_int_equal(mtp_basis_check(ctx, &basis, mtp_basis_radial_count(&basis), "lists"), MTP_OK);
      assert_int_equal(mtp_basis_recognise(ctx, &basis, &found), MTP_OK);
      assert_int_equal(found.level, level);
      check_claim(&basis, &found);
      for (int t = 0; t < basis.nscalars; t++) {
        double power = 1.0; /* 3 for every product that a scalar is the result of: at most three */
        while (power < found.factor[t]) power *= 3.0;
        assert_true(power == found.factor[t] && power <= 27.0);
      }
      mtp_recognised_clear(&found);
    }
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

/* Each of these has the counts of the standard lists but is not what they are. */
static void test_impostors(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (int fault = 0; fault < 6; fault++) {
    mtp_basis basis;
    mtp_recognised found;
    assert_int_equal(mtp_basis_enumerate(ctx, 16, &basis), MTP_OK);
    int last = basis.ntimes - 1; /* of a scalar that is no single product, for else another multiplicity is a factor */
    while (basis.times[last - 1][3] != basis.times[last][3]) last--;
    switch (fault) {
    case 0: /* a multiplicity */
      basis.times[last][2]++;
      break;
    case 1: /* a factor */
      basis.times[last][0] = !basis.times[last][0];
      break;
    case 2: /* one scalar twice, by way of another moment */
      memcpy(basis.times[last], (int[]){0, 0, 1, basis.times[last][3]}, sizeof *basis.times);
      break;
    case 3: /* a component in place of a scalar */
      basis.mapping[0] = 1;
      break;
    case 4: /* a scalar that is always zero */
      for (int t = last; basis.times[t][3] == basis.times[last][3]; t--) basis.times[t][2] = 0;
      break;
    case 5: /* fewer scalars than any level has */
      basis.nscalars--;
      break;
    }
    assert_int_equal(mtp_basis_recognise(ctx, &basis, &found), MTP_OK);
    assert_int_equal(found.level, 0);
    assert_null(found.scalar);
    mtp_basis_clear(&basis);
  }
  mtp_context_free(ctx);
}

static void test_files(void **state) {
  (void)state;
  if (!golden_available()) skip();
  static const struct {
    const char *path;
    int level;
  } files[] = {{"potentials/Li.zuo2020.mtp", 16},          {"potentials/Cu.zuo2020.mtp", 20},
               {"potentials/Ni.zuo2020.mtp", 20},          {"potentials/Si.zuo2020.mtp", 24},
               {"potentials/Li7P3S11.pbe.mtp", 18},        {"golden/01_li_level06/pot.mtp", 6},
               {"golden/04_nacl_level08/pot.mtp", 8},      {"golden/05_nacl_level14/pot.mtp", 14},
               {"golden/11_li_rbshapeev61/pot.mtp", 0},    {"golden/15_molecule_ch4_level10_motep/pot.mtp", 10},
               {"golden/19_select_add_shipped/pot.mtp", 4}};
  mtp_context *ctx = mtp_context_new();
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    char path[4096];
    mtp_potential *pot;
    mtp_recognised found;
    snprintf(path, sizeof path, "%s/%s", getenv("MTP_SHARED"), files[i].path);
    assert_int_equal(mtp_potential_read(ctx, path, &pot), MTP_OK);
    assert_int_equal(mtp_basis_recognise(ctx, &pot->basis, &found), MTP_OK);
    assert_int_equal(found.level, files[i].level);
    if (found.level) check_claim(&pot->basis, &found);
    for (int t = 0; found.level && t < pot->basis.nscalars; t++) assert_true(found.factor[t] == 1.0);
    mtp_recognised_clear(&found);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_disguised), cmocka_unit_test(test_impostors),
                                     cmocka_unit_test(test_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
