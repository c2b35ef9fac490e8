/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner_options.c
 * Options of a learner as words: what they set, which values they refuse, and which numbers make no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/learner.h"
#include "support_data.h"

enum { MOST_WORDS = 6 };

/* Splits a line into words; returns how many. */
static int split(char *line, const char *words[MOST_WORDS]) {
  int count = 0;
  for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) words[count++] = word;
  return count;
}

static mtp_status set(mtp_context *ctx, mtp_learner_options *options, const char *text, int *used) {
  char line[100];
  const char *words[MOST_WORDS];
  strcpy(line, text);
  const int count = split(line, words);
  return mtp_learner_set(ctx, options, count, words, used);
}

static void test_words(void **state) {
  (void)state;
  static const struct {
    const char *text;
    int used;
  } lines[] = {{"mode configuration", 2},
               {"select 3 break 4", 2},
               {"break 20", 2},
               {"pool 7", 2},
               {"doubt no", 2},
               {"refit full", 2},
               {"rows all", 2},
               {"wall off", 2},
               {"weights 1 2 3 select 5", 4},
               {"warmup 4 0.2", 3},
               {"cut off", 2},
               {"maxqm 12", 2},
               {"onfail skip", 2},
               {"seed 99", 2},
               {"check 100 0.05", 3},
               {"select auto", 2},
               {"grow yes", 2},
               {"check off", 2},
               {"every 5", 0}};
  mtp_context *ctx = mtp_context_new();
  mtp_learner_options o = mtp_learner_defaults();
  const mtp_learner_options before = o;
  for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
    int used = -1;
    data_must(ctx, set(ctx, &o, lines[k].text, &used));
    assert_int_equal(used, lines[k].used);
  }
  assert_int_equal(o.mode, MTP_MODE_CONFIGURATION);
  assert_true(o.auto_select && !o.auto_break && o.select_grade == 2.0 && o.break_grade == 20.0);
  assert_int_equal(o.pool, 7);
  assert_true(before.doubt && !o.doubt);
  assert_int_equal(o.refit, MTP_REFIT_FULL);
  assert_int_equal(o.grading, MTP_GRADE_ALL);
  assert_false(o.wall);
  assert_true(o.grow);
  assert_true(o.weights.energy == 1.0 && o.weights.force == 2.0 && o.weights.stress == 3.0);
  assert_int_equal(o.weights.weighting, before.weights.weighting);
  assert_true(o.warmup == 4 && o.warmup_sigma == 0.2);
  assert_int_equal(o.max_calls, 12);
  assert_int_equal(o.onfail, MTP_ONFAIL_SKIP);
  assert_int_equal(o.seed, 99);
  data_must(ctx, mtp_learner_check(ctx, &o));

  /* words that stand for all values */
  int used = -1;
  data_must(ctx, set(ctx, &o, "weights mlip 7", &used));
  assert_int_equal(used, 2);
  assert_true(o.weights.force == mtp_weights_mlip().force);
  data_must(ctx, set(ctx, &o, "warmup auto", &used));
  assert_int_equal(o.warmup, -1);
  data_must(ctx, set(ctx, &o, "maxqm unlimited", &used));
  assert_int_equal(o.max_calls, -1);
  mtp_context_free(ctx);
}

/* The line for the user, and options as they were. */
/* What is not given follows from the query, in whatever order the words come. */
static void test_query(void **state) {
  (void)state;
  static const struct {
    const char *words[2];
    double select, stop;
  } cases[] = {{{"query bayes", "check off"}, 1, 2},
               {{"query bayes 0.1", "select 5"}, 5, 5},
               {{"select 5", "query bayes 0.1"}, 5, 5},
               {{"query bayes", "break 3"}, 1, 3},
               {{"query bayes", "query maxvol"}, 2, 10}};
  mtp_context *ctx = mtp_context_new();
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    mtp_learner_options o = mtp_learner_defaults();
    int used;
    for (int i = 0; i < 2; i++) data_must(ctx, set(ctx, &o, cases[k].words[i], &used));
    assert_true(o.select_grade == cases[k].select && o.break_grade == cases[k].stop);
    data_must(ctx, mtp_learner_check(ctx, &o));
  }
  mtp_context_free(ctx);
}

static void test_refused(void **state) {
  (void)state;
  static const char *const lines[][2] = {
      {"mode both", "mode must be energy, forces, neighbourhood or configuration, found both"},
      {"select two", "keyword select expects a number, found two"},
      {"select inf", "keyword select expects a number, found inf"},
      {"break", "keyword break needs a value"},
      {"pool 1.5", "keyword pool expects a whole number that is not negative, found 1.5"},
      {"pool -1", "keyword pool expects a whole number that is not negative, found -1"},
      {"refit sometimes", "refit must be linear, full or auto, found sometimes"},
      {"weights 1 2", "weights needs three numbers (energy, force, stress) or mlip"},
      {"weights 1 heavy 3", "keyword weights expects a number, found heavy"},
      {"warmup 5", "warmup needs a number of configurations and a displacement in Angstrom, or auto"},
      {"cut big", "cut must be off, auto, on or a radius in Angstrom, found big"},
      {"cut -8", "the radius of cut must be above 0, found -8"},
      {"shape box", "shape must be cell or sphere, found box"},
      {"seed 99999999999999999999", "keyword seed expects a whole number that is not negative, found "
                                    "99999999999999999999"},
  };
  mtp_context *ctx = mtp_context_new();
  for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
    const mtp_learner_options before = mtp_learner_defaults();
    mtp_learner_options o = before;
    int used = -1;
    assert_int_equal(set(ctx, &o, lines[k][0], &used), MTP_ERR_ARGUMENT);
    assert_string_equal(mtp_context_message(ctx), lines[k][1]);
    assert_int_equal(used, -1);
    assert_true(o.select_grade == before.select_grade && o.weights.energy == before.weights.energy);
  }
  mtp_context_free(ctx);
}

static void test_ranges(void **state) {
  (void)state;
  static const char *const lines[][2] = {{"select 0.5", "select must be at least 1"},
                                         {"break 1.5", "break must not be below select"},
                                         {"pool 0", "pool must be between 1 and 1000000"},
                                         {"pool 99999999999", "pool must be between 1 and 1000000"},
                                         {"warmup 2000000 0.1", "warmup must be between 0 and 1000000"},
                                         {"warmup 2 0", "the displacement of warmup must be positive"},
                                         {"weights -1 1 1", "weights must not be negative"}};
  mtp_context *ctx = mtp_context_new();
  for (size_t k = 0; k < sizeof lines / sizeof lines[0]; k++) {
    mtp_learner_options o = mtp_learner_defaults();
    int used;
    data_must(ctx, mtp_learner_check(ctx, &o));
    data_must(ctx, set(ctx, &o, lines[k][0], &used));
    assert_int_equal(mtp_learner_check(ctx, &o), MTP_ERR_ARGUMENT);
    assert_string_equal(mtp_context_message(ctx), lines[k][1]);
  }
  mtp_context_free(ctx);
}

static void test_keywords_are_listed(void **state) {
  (void)state;
  int count = 0;
  while (mtp_learner_keyword(count)) count++;
  assert_int_equal(count, 20);
  assert_null(mtp_learner_keyword(-1));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_words), cmocka_unit_test(test_query),
                                     cmocka_unit_test(test_refused), cmocka_unit_test(test_ranges),
                                     cmocka_unit_test(test_keywords_are_listed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
