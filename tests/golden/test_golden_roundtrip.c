/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_roundtrip.c
 * Files of MLIP-2 and MLIP-3 read, written and read again: nothing changes, and a second writing gives the same
 * bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "support_data.h"
#include "support_golden.h"

static void expect_same_file(const char *a, const char *b) {
  char *first, *second;
  size_t first_size, second_size;
  data_must(NULL, mtp_file_read(NULL, a, &first, &first_size));
  data_must(NULL, mtp_file_read(NULL, b, &second, &second_size));
  assert_int_equal(first_size, second_size);
  assert_memory_equal(first, second, first_size);
  free(first);
  free(second);
}

static void expect_same_potential(const mtp_potential *a, const mtp_potential *b) {
  assert_int_equal(a->nparams, b->nparams);
  assert_int_equal(a->nspecies, b->nspecies);
  assert_int_equal(a->nradial, b->nradial);
  assert_int_equal(a->trained, b->trained);
  assert_memory_equal(a->params, b->params, a->nparams * sizeof(double));
  assert_int_equal(a->radial.type, b->radial.type);
  assert_int_equal(a->radial.size, b->radial.size);
  assert_true(a->radial.scaling == b->radial.scaling);
  assert_true(a->radial.min_dist == b->radial.min_dist && a->radial.max_dist == b->radial.max_dist);
  assert_int_equal(a->basis.nbasic, b->basis.nbasic);
  assert_int_equal(a->basis.ntimes, b->basis.ntimes);
  assert_int_equal(a->basis.nmoments, b->basis.nmoments);
  assert_int_equal(a->basis.nscalars, b->basis.nscalars);
  assert_memory_equal(a->basis.basic, b->basis.basic, (size_t)a->basis.nbasic * sizeof(*a->basis.basic));
  assert_memory_equal(a->basis.times, b->basis.times, (size_t)a->basis.ntimes * sizeof(*a->basis.times));
  assert_memory_equal(a->basis.mapping, b->basis.mapping, (size_t)a->basis.nscalars * sizeof(int));
  for (int s = 0; s < a->nspecies; s++) assert_int_equal(a->labels[s], b->labels[s]);
}

static void test_potentials(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  char *folder = data_folder_new(), *first = data_path(folder, "first.mtp"), *second = data_path(folder, "second.mtp");
  for (int c = 0; golden_cases[c]; c++) {
    mtp_potential *pot = golden_potential(ctx, golden_cases[c], "pot.mtp"), *again = NULL;
    data_must(ctx, mtp_potential_write(ctx, pot, first));
    data_must(ctx, mtp_potential_read(ctx, first, &again));
    expect_same_potential(pot, again);
    data_must(ctx, mtp_potential_write(ctx, again, second));
    expect_same_file(first, second);
    mtp_potential_free(pot);
    mtp_potential_free(again);
  }
  free(first);
  free(second);
  data_folder_remove(folder);
  mtp_context_free(ctx);
}

/* The standard lists of a level are those of the reference's templates, so that parameters mean the same. */
static void test_levels(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int level;
  } cases[] = {{"19_select_add_shipped", 4},          {"01_li_level06", 6},           {"04_nacl_level08", 8},
               {"15_molecule_ch4_level10_motep", 10}, {"05_nacl_level14", 14},        {"02_li_level16", 16},
               {"13_graphene_level18", 18},           {"10_pdag_level20_repuls", 20}, {"11_li_rbshapeev61", 0}};
  mtp_context *ctx = mtp_context_new();
  for (size_t c = 0; c < sizeof(cases) / sizeof(*cases); c++) {
    mtp_potential *pot = golden_potential(ctx, cases[c].name, "pot.mtp");
    print_message("%s: level %d, expected %d\n", cases[c].name, mtp_potential_level(pot), cases[c].level);
    assert_int_equal(mtp_potential_level(pot), cases[c].level);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

static void check_active_set(mtp_context *ctx, const char *name, const char *file, const char *first,
                             const char *second) {
  mtp_potential *pot = golden_potential(ctx, name, file), *pot2 = NULL;
  mtp_active_set *as = NULL, *as2 = NULL;
  char *path = golden_path(name, file);
  data_must(ctx, mtp_active_set_read(ctx, path, pot, &as));
  assert_non_null(as);
  data_must(ctx, mtp_active_set_write(ctx, as, pot, first));
  data_must(ctx, mtp_potential_read(ctx, first, &pot2));
  expect_same_potential(pot, pot2);
  data_must(ctx, mtp_active_set_read(ctx, first, pot2, &as2));
  assert_non_null(as2);
  const size_t n = mtp_active_set_size(as);
  assert_int_equal(mtp_active_set_size(as2), n);
  assert_int_equal(mtp_active_set_mode(as2), mtp_active_set_mode(as));
  assert_int_equal(mtp_active_set_filled(as2), mtp_active_set_filled(as));
  assert_memory_equal(mtp_active_set_rows(as2), mtp_active_set_rows(as), n * n * sizeof(double));
  assert_memory_equal(mtp_active_set_inverse(as2), mtp_active_set_inverse(as), n * n * sizeof(double));
  assert_memory_equal(mtp_active_set_origins(as2), mtp_active_set_origins(as), 2 * n * sizeof(long long));
  data_must(ctx, mtp_active_set_write(ctx, as2, pot2, second));
  expect_same_file(first, second);
  free(path);
  mtp_active_set_free(as);
  mtp_active_set_free(as2);
  mtp_potential_free(pot);
  mtp_potential_free(pot2);
}

static void test_active_sets(void **state) {
  (void)state;
  static const char *const files[] = {"state.als", "mlip3/cfg.almtp", "mlip3/nbh.almtp"};
  mtp_context *ctx = mtp_context_new();
  char *folder = data_folder_new(), *first = data_path(folder, "first.almtp");
  char *second = data_path(folder, "second.almtp");
  int checked = 0;
  for (int c = 0; golden_cases[c]; c++) {
    for (size_t f = 0; f < 3; f++) {
      if (!golden_has(golden_cases[c], files[f])) continue;
      print_message("%s %s\n", golden_cases[c], files[f]);
      check_active_set(ctx, golden_cases[c], files[f], first, second);
      checked++;
    }
  }
  assert_true(checked >= 17);
  free(first);
  free(second);
  data_folder_remove(folder);
  mtp_context_free(ctx);
}

/* A plain potential has no active set. */
static void test_no_active_set(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, "01_li_level06", "pot.mtp");
  char *path = golden_path("01_li_level06", "pot.mtp");
  mtp_active_set *as = NULL;
  data_must(ctx, mtp_active_set_read(ctx, path, pot, &as));
  assert_null(as);
  free(path);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_potentials),
      cmocka_unit_test(test_levels),
      cmocka_unit_test(test_active_sets),
      cmocka_unit_test(test_no_active_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
