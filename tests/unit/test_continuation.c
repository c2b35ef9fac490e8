/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_continuation.c
 * The stages on the way to a potential: levels first, then radial sizes up to what it has or may have; and what is
 * carried from one to the next. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/continuation.h"
#include "support_data.h"

static mtp_potential *make(mtp_context *ctx, int level, int size) {
  const mtp_potential_spec spec = {
      .level = level, .species_count = 1, .cutoff = 5.0, .min_dist = 2.0, .radial_size = size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

static void expect(mtp_context *ctx, int level, int size, int count, const mtp_stage *want) {
  mtp_potential *pot = make(ctx, level, size);
  mtp_stage got[MTP_MAX_STAGES];
  const int n = mtp_continuation_stages(pot, got);
  for (int k = 0; k < n || k < count; k++)
    if (k >= n || k >= count || got[k].level != want[k].level || got[k].size != want[k].size)
      fail_msg("level %d, size %d: stage %d of %d (%d) is not the one expected", level, size, k, n, count);
  mtp_potential_free(pot);
}

#define EXPECT(level, size, ...)                                                                                       \
  expect(ctx, level, size, (int)(sizeof((mtp_stage[]){__VA_ARGS__}) / sizeof(mtp_stage)), (mtp_stage[]){__VA_ARGS__})

static void test_levels(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  EXPECT(6, 0, {6, 6}, {6, 8}, {6, 10}, {6, 12}, {6, 16}, {6, 20}, {6, 24}, {6, 28});
  EXPECT(12, 0, {12, 6}, {12, 8}, {12, 10}, {12, 12}, {12, 16}, {12, 20}, {12, 24}, {12, 28});
  EXPECT(14, 0, {12, 6}, {14, 6}, {14, 8}, {14, 10}, {14, 12}, {14, 16}, {14, 20}, {14, 24}, {14, 28});
  EXPECT(16, 0, {12, 8}, {16, 8}, {16, 10}, {16, 12}, {16, 16}, {16, 20}, {16, 24}, {16, 28});
  EXPECT(20, 0, {12, 12}, {16, 12}, {20, 12});
  EXPECT(28, 0, {12, 12}, {16, 12}, {20, 12}, {24, 12}, {28, 12});
  EXPECT(12, 8, {12, 6}, {12, 8});
  EXPECT(16, 8, {12, 8}, {16, 8});
  EXPECT(16, 16, {12, 8}, {16, 8}, {16, 10}, {16, 12}, {16, 16});
  EXPECT(16, 5, {12, 5}, {16, 5});
  EXPECT(12, 9, {12, 6}, {12, 8}, {12, 9});
  EXPECT(20, 32, {12, 12}, {16, 12}, {20, 12}, {20, 16}, {20, 20}, {20, 24}, {20, 28}, {20, 32});
  mtp_context_free(ctx);
}

/* Larger ones are for data that need them. */
static void test_cheap_sizes(void **state) {
  (void)state;
  static const int want[][2] = {{8, 20}, {12, 20}, {16, 10}, {18, 10}, {20, 12}, {28, 12}};
  mtp_context *ctx = mtp_context_new();
  for (size_t k = 0; k < sizeof want / sizeof *want; k++) {
    mtp_potential *pot = make(ctx, want[k][0], 0);
    assert_int_equal(mtp_continuation_cheap_size(pot), want[k][1]);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

/* What holds for any table of sizes and levels. */
static void test_order(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  static const int sizes[] = {0, 3, 5, 6, 7, 8, 9, 16, 20, 21, MTP_MAX_RADIAL_SIZE};
  for (int level = 6; level <= 20; level += 2)
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
      const int size = sizes[s];
      mtp_stage stage[MTP_MAX_STAGES];
      if (size > 0 && size < 2 + level / 4) continue; /* fewer basis functions than radial functions */
      mtp_potential *pot = make(ctx, level, size);
      const int n = mtp_continuation_stages(pot, stage);
      assert_in_range(n, 1, MTP_MAX_STAGES);
      assert_int_equal(stage[n - 1].level, level);
      if (size > 0) assert_int_equal(stage[n - 1].size, size);
      for (int k = 0; k + 1 < n; k++) { /* either the level rises or the size does */
        assert_true((stage[k].level < stage[k + 1].level && stage[k].size == stage[k + 1].size) ||
                    (stage[k].level == level && stage[k + 1].level == level && stage[k].size < stage[k + 1].size));
        if (stage[k].level == level)
          assert_int_equal(mtp_continuation_next_size(pot, stage[k].size), stage[k + 1].size);
      }
      assert_int_equal(mtp_continuation_next_size(pot, stage[n - 1].size), stage[n - 1].size);
      for (int k = 0; k < n; k++) { /* and each can be made */
        mtp_potential *made = NULL;
        data_must(ctx, mtp_continuation_potential(ctx, pot, stage[k], &made));
        assert_int_equal(mtp_potential_level(made), stage[k].level);
        assert_int_equal(made->radial.size, stage[k].size);
        mtp_potential_free(made);
      }
      mtp_potential_free(pot);
    }
  mtp_context_free(ctx);
}

/* Others than RBChebyshev, and bases of no standard level, have one stage. */
static void test_one_stage(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {5};
  mtp_stage stage[MTP_MAX_STAGES];
  static const mtp_radial_type others[] = {MTP_RADIAL_CHEBYSHEV_REPULS, MTP_RADIAL_SHAPEEV};
  for (int k = 0; k < 2; k++) {
    const data_recipe recipe = {16, 1, 9, others[k], 2.0, 5.0};
    mtp_potential *pot = data_potential(ctx, &random, &recipe);
    assert_int_equal(mtp_continuation_stages(pot, stage), 1);
    assert_int_equal(stage[0].level, 16);
    assert_int_equal(stage[0].size, 9);
    mtp_potential_free(pot);
  }
  mtp_potential *pot = make(ctx, 12, 0);
  pot->basis.nscalars--;
  assert_int_equal(mtp_potential_level(pot), 0);
  assert_int_equal(mtp_continuation_stages(pot, stage), 1);
  assert_int_equal(stage[0].level, 0);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* A larger size begins with the energies of the smaller one. */
static void test_carry(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_random random = {6};
  const data_recipe recipe = {12, 1, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
  mtp_potential *from = data_potential(ctx, &random, &recipe), *top = make(ctx, 12, 16), *to = NULL, *want = NULL;
  data_must(ctx, mtp_continuation_potential(ctx, top, (mtp_stage){12, 12}, &to));
  mtp_continuation_carry(from, to);
  data_must(ctx, mtp_potential_copy(ctx, from, &want));
  data_must(ctx, mtp_potential_rebase(ctx, want, 2.0, 12));
  data_expect_close("parameters", to->nparams, to->params, want->params, 1e-15);
  mtp_potential_free(want);
  mtp_potential_free(to);
  mtp_potential_free(top);
  mtp_potential_free(from);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_levels),    cmocka_unit_test(test_cheap_sizes), cmocka_unit_test(test_order),
      cmocka_unit_test(test_one_stage), cmocka_unit_test(test_carry),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
