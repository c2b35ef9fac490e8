/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_outlook.c
 * What the labels of a run say of the next one: by the formula of the header, and on runs made up of records, whose
 * next label is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "loop/loop.h"
#include "support/support.h"
#include "support_data.h"

static mtp_outlook find(double first, double last, size_t n, const double *step) {
  mtp_outlook o;
  mtp_context *ctx = mtp_context_new();
  data_must(ctx, mtp_outlook_find(ctx, first, last, n, step, &o));
  mtp_context_free(ctx);
  return o;
}

/* Probability that the next label is more than s steps away. */
static double survival(const mtp_outlook *o, double s) {
  return pow(1.0 + log1p(s / o->steps) / log(2.0), -((double)o->late + 0.5));
}

static void follows_its_formula(void **state) {
  (void)state;
  static const double step[] = {900, 120, 700, 120, 5000, 50};
  const mtp_outlook o = find(100, 1100, 6, step);
  assert_int_equal(o.labels, 3); /* others are before or after it, or of the same step */
  assert_int_equal(o.late, 2);
  assert_false(o.converged);
  assert_true(o.quiet == 600); /* 1600 steps then, twice those to the last label */
  assert_true(fabs(survival(&o, o.next) - 0.5) < 1e-12);
  assert_true(fabs(survival(&o, o.soonest) - 0.9) < 1e-12);
  assert_true(fabs(survival(&o, o.latest) - 0.1) < 1e-12);
  static const double of_a_restart[] = {100100, 100800};
  assert_int_equal(find(100000, 101000, 2, of_a_restart).late, 1); /* halves are of the run, not of all steps */
}

static void is_converged_after_a_quiet_half(void **state) {
  (void)state;
  static const double step[] = {0, 10, 500};
  mtp_outlook o = find(0, 999, 3, step);
  assert_false(o.converged);
  assert_true(o.next < o.steps);
  o = find(0, 999 + o.quiet, 3, step); /* as it said */
  assert_true(o.converged);
  assert_true(o.next > o.steps && o.quiet == 0);
  assert_int_equal(o.late, 0);
  assert_true(find(0, 10, 0, NULL).converged);
  o = find(7, 7, 0, NULL);
  assert_true(isnan(o.next) && !o.converged && o.steps == 0);
}

/* Records of so many independent sequences come as a Poisson process in the logarithm of the step. */
static double next_record(mtp_random *random, double from, double rho) {
  return from * exp(-log(1.0 - mtp_random_uniform(random)) / rho);
}

/* Of many runs, how many get their next label as was said. */
static void holds_for_records(void **state) {
  (void)state;
  mtp_random random = {7};
  enum { RUNS = 4000 };
  for (double rho = 1.0; rho < 9.0; rho *= 2.0) {
    double early = 0, inside = 0;
    for (int run = 0; run < RUNS; run++) {
      double step[400], at = 1.0;
      size_t n = 0;
      while ((at = next_record(&random, at, rho)) < 1e5 && n < 400) step[n++] = at;
      const mtp_outlook o = find(0, 1e5, n, step);
      const double next = at - 1e5;
      early += (next < o.next) / (double)RUNS;
      inside += (next >= o.soonest && next <= o.latest) / (double)RUNS;
    }
    if (!(inside > 0.7 && inside < 0.95 && early > 0.3 && early < 0.7))
      fail_msg("rho %g: %.3f before the middle, %.3f inside", rho, early, inside);
  }
}

/* A run that was heated: many labels on the way, none when it is hot. */
static void forgets_what_is_over(void **state) {
  (void)state;
  double step[50];
  for (int k = 0; k < 50; k++) step[k] = 100.0 * k;
  assert_false(find(0, 5000, 50, step).converged);
  assert_true(find(0, 5000, 50, step).next < 200);
  assert_true(find(0, 10000, 50, step).converged);
}

static void is_said_in_words(void **state) {
  (void)state;
  static const double step[] = {0, 10, 500};
  char text[256], tiny[8];
  mtp_outlook o = find(0, 900, 3, step);
  mtp_context *ctx = mtp_context_new();
  data_must(ctx, mtp_outlook_describe(ctx, &o, sizeof text, text));
  assert_string_equal(text, "3 labels in 900 steps, 1 in the second half; the next one is expected in 450 steps (80 %: "
                            "47 to 10000): not converged; 100 more steps without a label would be");
  data_must(ctx, mtp_outlook_describe(ctx, &o, sizeof tiny, tiny));
  assert_string_equal(tiny, "3 label");
  o = find(0, 1e6, 3, step);
  data_must(ctx, mtp_outlook_describe(ctx, &o, sizeof text, text));
  assert_non_null(strstr(text, "expected in 7000000 steps"));
  assert_non_null(strstr(text, ": converged"));
  mtp_context_free(ctx);
}

static void expect(const mtp_learner *l, double steps, size_t labels) {
  mtp_outlook o;
  assert_true(mtp_loop_outlook(l, &o));
  assert_true(o.steps == steps);
  assert_int_equal(o.labels, labels);
}

/* Steps that are counted anew (reset_timestep), or come again because the run went back. */
static void follows_the_count_of_steps(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_learner *l = mtp_calloc(1, sizeof *l);
  assert_non_null(l);
  mtp_loop_note_step(l, 0);
  data_must(ctx, mtp_loop_note_asked(ctx, l, 5));
  mtp_loop_note_step(l, 100);
  expect(l, 100, 1);
  mtp_loop_note_return(l, 40);
  expect(l, 40, 1);
  mtp_loop_note_step(l, 41);
  expect(l, 41, 1);
  mtp_loop_note_step(l, 3);
  mtp_loop_note_step(l, 13);
  expect(l, 10, 0);
  mtp_loop_note_return(l, 2); /* is not on the way */
  expect(l, 10, 0);
  data_must(ctx, mtp_learner_end_run(ctx, l)); /* without a driver nothing is to be expected, */
  assert_int_not_equal(l->asked.told, 13);     /* or told */
  free(l->asked.step);
  free(l);
  mtp_context_free(ctx);
}

static void refuses_nonsense(void **state) {
  (void)state;
  static const double step[] = {NAN};
  mtp_outlook o = {.steps = 3};
  mtp_context *ctx = mtp_context_new();
  assert_int_equal(mtp_outlook_find(ctx, 0, 10, 1, step, &o), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_outlook_find(ctx, 11, 10, 0, NULL, &o), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_outlook_find(ctx, 0, INFINITY, 0, NULL, &o), MTP_ERR_ARGUMENT);
  assert_true(o.steps == 3); /* on failure outputs are unchanged */
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(follows_its_formula),        cmocka_unit_test(is_converged_after_a_quiet_half),
      cmocka_unit_test(holds_for_records),          cmocka_unit_test(forgets_what_is_over),
      cmocka_unit_test(is_said_in_words),           cmocka_unit_test(refuses_nonsense),
      cmocka_unit_test(follows_the_count_of_steps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
