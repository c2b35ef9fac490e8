/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_thresholds.c
 * select auto and break auto: from labels made up, and kept over a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "loop/loop.h"
#include "support_data.h"
#include "support_learning.h"

/* As one that has a fit which leaves 0.1 eV/A. */
static mtp_learner *made_up(void) {
  static mtp_learner l;
  memset(&l, 0, sizeof l);
  l.options = mtp_learner_defaults();
  l.options.auto_select = l.options.auto_break = true;
  l.history.here = true;
  l.fitted = 0.1;
  return &l;
}

/* So many labels at this grade, of forces of 1 eV/A, that were off by so much on their atom. */
static void label(mtp_learner *l, int count, double grade, double error) {
  const mtp_candidate c = {.grade = grade, .warmup = -1};
  const mtp_residual r = {.forces = 96, .force_size = 96, .at_atom = error};
  for (int k = 0; k < count; k++) mtp_loop_note_grade(l, &c, &r);
}

static void expect(mtp_learner *l, double select, double at_break) {
  double now[2];
  mtp_loop_set_thresholds(l);
  data_must(NULL, mtp_learner_thresholds(NULL, l, &now[0], &now[1]));
  if (!(fabs(now[0] - select) < 1e-9 && fabs(now[1] - at_break) < 1e-9))
    fail_msg("select %g, break %g instead of %g, %g", now[0], now[1], select, at_break);
}

static void follow_errors(void **state) {
  (void)state;
  mtp_learner *l = made_up();
  expect(l, 2, 10); /* what is believed */
  label(l, 20, 4, 0.4);
  expect(l, 2, 10); /* errors grow as the grade does */
  label(l, 100, 3, 0.9);
  expect(l, 1.5, 4); /* as its square: within limits */
  label(l, 200, 4, 0.1);
  expect(l, 5, 20); /* not at all */
  label(l, 200, 4, 0.4);
  expect(l, 2, 10); /* what was is forgotten */
}

static void move_by_degrees(void **state) {
  (void)state;
  mtp_learner *l = made_up();
  label(l, 1, 4, 1e6); /* one may be anything */
  mtp_loop_set_thresholds(l);
  assert_true(l->options.select_grade > 1.5 && l->options.select_grade < 2);
  l = made_up();
  label(l, 1, 4, 1e-9);
  mtp_loop_set_thresholds(l);
  assert_true(l->options.select_grade > 2 && l->options.select_grade < 4);
}

/* Grades that are none, fits that are none, errors that are none. */
static void take_what_counts(void **state) {
  (void)state;
  mtp_learner *l = made_up();
  label(l, 100, INFINITY, 5);
  label(l, 100, NAN, 5);
  label(l, 100, 0.9, 5);
  label(l, 100, 4, NAN);
  mtp_loop_note_grade(l, &(mtp_candidate){.grade = 4, .warmup = -1}, &(mtp_residual){0});
  l->history.here = false;
  label(l, 100, 4, 5);
  expect(l, 2, 10);
  l->history.here = true;
  l->fitted = 1e-6; /* 0.003 eV/A is no error, though it is 3000 times that */
  label(l, 300, 4, 0.003);
  expect(l, 5, 20);
}

static void keep_what_was_given(void **state) {
  (void)state;
  mtp_learner *l = made_up();
  l->options.auto_select = false;
  label(l, 300, 4, 0.1);
  expect(l, 2, 20);
  l->options.auto_select = true;
  l->options.auto_break = false;
  l->options.break_grade = 3;
  expect(l, 3, 3); /* never above break */
  l->options.auto_select = false;
  l->options.auto_break = true;
  l->options.select_grade = 7;
  label(l, 300, 3, 0.9);
  expect(l, 7, 7); /* never below select */
}

/* The standard value of one that is automatic is not in the way of the other. */
static void give_way_before_the_first_label(void **state) {
  learning_world *world = *state;
  double select, at_break;
  mtp_learner *l = NULL;
  world->options.auto_break = true;
  world->options.select_grade = 15.0;
  world->options.break_grade = 10.0;
  data_must(world->ctx, learning_world_learner(world, "", &l));
  data_must(world->ctx, mtp_learner_thresholds(world->ctx, l, &select, &at_break));
  assert_true(select == 15.0 && at_break == 15.0);
  mtp_learner_free(l);
  l = NULL;
  world->options.auto_break = false;
  world->options.auto_select = true;
  world->options.select_grade = 2.0;
  world->options.break_grade = 1.5;
  data_must(world->ctx, learning_world_learner(world, "", &l));
  data_must(world->ctx, mtp_learner_thresholds(world->ctx, l, &select, &at_break));
  assert_true(select == 1.5 && at_break == 1.5);
  mtp_learner_free(l);
}

/* ---- in a run ---- */

static mtp_learner *start(learning_world *world) {
  mtp_learner *l = NULL;
  data_must(world->ctx, learning_world_learner(world, "", &l));
  return l;
}

static void outlive_a_restart(void **state) {
  learning_world *world = *state;
  world->options.auto_select = world->options.auto_break = true;
  world->options.refit = MTP_REFIT_FULL;
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  mtp_learner *l = start(world);
  data_must(world->ctx, learning_run_attach(run, l, 2.0));
  data_must(world->ctx, learning_run_steps(run, 150));
  assert_true(l->history.grade_square > 0); /* labels told */
  const mtp_history before = l->history;
  mtp_learner_free(l);
  learning_run_free(run);
  l = start(world);
  assert_true(l->history.grade_square == before.grade_square && l->history.grade_error == before.grade_error);
  double select, at_break;
  data_must(world->ctx, mtp_learner_thresholds(world->ctx, l, &select, &at_break));
  mtp_loop_set_thresholds(l);
  assert_true(select == l->options.select_grade && at_break == l->options.break_grade);
  mtp_learner_free(l);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(follow_errors),
      cmocka_unit_test(move_by_degrees),
      cmocka_unit_test(take_what_counts),
      cmocka_unit_test(keep_what_was_given),
      cmocka_unit_test_setup_teardown(give_way_before_the_first_label, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(outlive_a_restart, learning_world_new, learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
