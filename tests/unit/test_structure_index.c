/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_structure_index.c
 * Knowing a configuration again: what counts as the same, duplicates, equal hashes of different configurations, and as
 * many as a large training set has. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/structure_index.h"

static const char *const names[] = {"Al", "Cu"}, *const swapped[] = {"Cu", "Al"};

/* Two atoms in a cube; `x` of the second one tells which it is. */
static mtp_config *make(double x) {
  mtp_config *cfg = mtp_config_new(2);
  assert_non_null(cfg);
  for (int d = 0; d < 3; d++) {
    cfg->cell[4 * d] = 5.0;
    cfg->periodic[d] = true;
  }
  cfg->species[1] = 1;
  cfg->x[3] = x;
  return cfg;
}

static void expect_same(mtp_sameness same, const mtp_config *a, const mtp_config *b, bool wanted) {
  assert_int_equal(mtp_structure_is_same(same, a, names, b, names), wanted);
  assert_int_equal(mtp_structure_hash_of(same, a, names) == mtp_structure_hash_of(same, b, names), wanted);
}

/* ---- what is the same ---- */

static void test_sameness(void **state) {
  (void)state;
  mtp_config *a = make(1.25), *b = make(1.25);
  for (mtp_sameness same = MTP_SAME_EXACTLY; same <= MTP_SAME_ROUNDED; same++) {
    expect_same(same, a, b, true);
    b->x[0] = -0.0;
    expect_same(same, a, b, true);
    b->periodic[2] = false;
    expect_same(same, a, b, false);
    b->periodic[2] = true;
    b->cell[1] = 1e-3;
    expect_same(same, a, b, false);
    b->cell[1] = 0;
    b->x[4] = 1e-3;
    expect_same(same, a, b, false);
    b->x[4] = 0;
    b->species[1] = 0;
    expect_same(same, a, b, false);
    b->species[1] = 1;
  }
  b->x[3] += 1e-9;
  expect_same(MTP_SAME_EXACTLY, a, b, false);
  expect_same(MTP_SAME_ROUNDED, a, b, true);
  b->x[3] = 1.25;
  b->cell[0] -= 1e-9;
  expect_same(MTP_SAME_EXACTLY, a, b, false);
  expect_same(MTP_SAME_ROUNDED, a, b, true);
  mtp_config_free(a);
  mtp_config_free(b);
}

/* Names are what counts where there are any: files number species as they like. */
static void test_names(void **state) {
  (void)state;
  mtp_config *a = make(1), *b = make(1);
  b->species[0] = 1;
  b->species[1] = 0;
  assert_true(mtp_structure_equal(a, names, b, swapped));
  assert_true(mtp_structure_hash(a, names) == mtp_structure_hash(b, swapped));
  assert_false(mtp_structure_equal(a, names, b, names));
  assert_false(mtp_structure_is_same(MTP_SAME_ROUNDED, a, NULL, b, NULL));
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_EXACTLY);
  assert_int_equal(mtp_structure_index_add(NULL, index, a, names, 5), MTP_OK);
  assert_int_equal(mtp_structure_index_find(index, b, swapped), 5);
  assert_true(mtp_structure_index_find(index, b, names) == MTP_NOT_FOUND);
  mtp_structure_index_free(index);
  mtp_config_free(a);
  mtp_config_free(b);
}

/* ---- the table ---- */

static void test_empty(void **state) {
  (void)state;
  mtp_config *a = make(1);
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_ROUNDED);
  assert_non_null(index);
  assert_int_equal(mtp_structure_index_count(index), 0);
  assert_true(mtp_structure_index_find(index, a, names) == MTP_NOT_FOUND);
  assert_true(mtp_structure_index_find(NULL, a, names) == MTP_NOT_FOUND);
  mtp_structure_index_free(index);
  mtp_structure_index_free(NULL);
  mtp_config_free(a);
}

static void test_duplicates(void **state) {
  (void)state;
  mtp_config *a = make(1), *b = make(1 + 1e-9), *c = make(1.1);
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_ROUNDED);
  assert_int_equal(mtp_structure_index_add(NULL, index, a, NULL, 7), MTP_OK);
  assert_int_equal(mtp_structure_index_add(NULL, index, b, NULL, 8), MTP_OK);
  assert_int_equal(mtp_structure_index_add(NULL, index, c, NULL, 9), MTP_OK);
  assert_int_equal(mtp_structure_index_count(index), 2);
  assert_int_equal(mtp_structure_index_find(index, a, NULL), 7);
  assert_int_equal(mtp_structure_index_find(index, b, NULL), 7); /* the first one stays */
  assert_int_equal(mtp_structure_index_find(index, c, NULL), 9);
  mtp_structure_index_free(index);
  mtp_config_free(a);
  mtp_config_free(b);
  mtp_config_free(c);
}

#define COLLIDING 300

/* All with one hash: what is found is what is the same. */
static void test_collisions(void **state) {
  (void)state;
  mtp_config *all[COLLIDING + 1];
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_EXACTLY);
  for (size_t k = 0; k <= COLLIDING; k++) all[k] = make((double)k);
  for (size_t k = 0; k < COLLIDING; k++)
    assert_int_equal(mtp_structure_index_add_by(NULL, index, 1, all[k], names, k), MTP_OK);
  assert_int_equal(mtp_structure_index_count(index), COLLIDING);
  for (size_t k = 0; k < COLLIDING; k++) assert_int_equal(mtp_structure_index_find_by(index, 1, all[k], names), k);
  assert_true(mtp_structure_index_find_by(index, 1, all[COLLIDING], names) == MTP_NOT_FOUND);
  assert_true(mtp_structure_index_find_by(index, 2, all[0], names) == MTP_NOT_FOUND);
  mtp_structure_index_free(index);
  for (size_t k = 0; k <= COLLIDING; k++) mtp_config_free(all[k]);
}

#define MANY 100000

/* Neighbours by one unit of the rounding, each added twice; the second half is not there. */
static void test_many(void **state) {
  (void)state;
  for (mtp_sameness same = MTP_SAME_EXACTLY; same <= MTP_SAME_ROUNDED; same++) {
    mtp_config **all = malloc(2 * MANY * sizeof *all);
    mtp_structure_index *index = mtp_structure_index_new(same);
    assert_non_null(all);
    for (size_t k = 0; k < 2 * MANY; k++) all[k] = make(1e-6 * (double)k);
    for (size_t k = 0; k < 2 * MANY; k++)
      assert_int_equal(mtp_structure_index_add(NULL, index, all[k % MANY], names, k), MTP_OK);
    assert_int_equal(mtp_structure_index_count(index), MANY);
    for (size_t k = 0; k < 2 * MANY; k++) {
      const size_t found = mtp_structure_index_find(index, all[k], names);
      if (found != (k < MANY ? k : MTP_NOT_FOUND)) fail_msg("configuration %zu: found %zu", k, found);
    }
    mtp_structure_index_free(index);
    for (size_t k = 0; k < 2 * MANY; k++) mtp_config_free(all[k]);
    free(all);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_sameness),   cmocka_unit_test(test_names),      cmocka_unit_test(test_empty),
      cmocka_unit_test(test_duplicates), cmocka_unit_test(test_collisions), cmocka_unit_test(test_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
