/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_endpoint.c
 * End points of relaxations: labelled once, learned from, and the rounds come to an end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"

/* ---- distance ---- */

static void measures_the_largest_move(void **state) {
  (void)state;
  mtp_config *a = learning_crystal(2, 4.05, 0.02, 3), *b = mtp_config_copy(a);
  const double n = (double)a->n;
  assert_true(mtp_loop_distance(a, b, 1e-3) == 0.0);
  b->x[3 * 5 + 1] += 0.3; /* the others move by -0.3/n when the centres coincide */
  assert_true(fabs(mtp_loop_distance(a, b, 1e-3) - 0.3 * (1.0 - 1.0 / n)) < 1e-12);
  /* the first atom is where moves are counted from */
  b->x[3 * 5 + 1] -= 0.3;
  b->x[0] -= 0.3;
  assert_true(fabs(mtp_loop_distance(a, b, 1e-3) - 0.3 * (1.0 - 1.0 / n)) < 1e-12);
  mtp_config_free(a);
  mtp_config_free(b);
}

static void sees_through_images_and_drift(void **state) {
  (void)state;
  mtp_config *a = learning_crystal(2, 4.05, 0.02, 3);
  a->cell[3] = 1.7; /* tilted */
  a->cell[6] = -2.2;
  mtp_config *b = mtp_config_copy(a);
  for (size_t i = 0; i < b->n; i++)
    for (size_t c = 0; c < 3; c++) {
      const int turns[3] = {(int)(i % 3) - 1, (int)(i % 2), i % 5 == 0 ? 2 : 0};
      b->x[3 * i + c] += 0.37;
      for (size_t d = 0; d < 3; d++) b->x[3 * i + c] += turns[d] * a->cell[3 * d + c];
    }
  assert_true(mtp_loop_distance(a, b, 1e-3) < 1e-12);
  /* an open direction has no images */
  a->periodic[2] = b->periodic[2] = false;
  for (int c = 0; c < 3; c++) a->cell[6 + c] = b->cell[6 + c] = 0.0;
  assert_true(mtp_loop_distance(a, b, 1e-3) > 1.0);
  mtp_config_free(a);
  mtp_config_free(b);
}

static void tells_other_systems_apart(void **state) {
  (void)state;
  mtp_config *a = learning_crystal(2, 4.05, 0.02, 3), *b = mtp_config_copy(a),
             *small = learning_crystal(1, 4.05, 0.0, 3);
  assert_true(isinf(mtp_loop_distance(a, small, 1e-3)));
  b->cell[4] += 2e-3;
  assert_true(isinf(mtp_loop_distance(a, b, 1e-3)));
  assert_true(isfinite(mtp_loop_distance(a, b, 1e-2)));
  b->cell[4] = a->cell[4];
  b->species[3] = 1;
  assert_true(isinf(mtp_loop_distance(a, b, 1e-3)));
  b->species[3] = 0;
  b->periodic[1] = false;
  assert_true(isinf(mtp_loop_distance(a, b, 1e-3)));
  mtp_config_free(a);
  mtp_config_free(b);
  mtp_config_free(small);
}

/* ---- rounds ---- */

/* A learner that has begun with a crystal, displaced by `displacement`. */
static mtp_learner *begun(learning_world *world, const char *keys, const mtp_config *crystal) {
  mtp_learner *learner = NULL;
  mtp_action action;
  data_must(world->ctx, learning_world_learner(world, keys, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, crystal, 0, &action));
  assert_int_equal(action, MTP_REDO);
  return learner;
}

static mtp_action confirm(learning_world *world, mtp_learner *learner, const mtp_config *cfg, int round) {
  mtp_action action = MTP_REDO;
  data_must(world->ctx, mtp_learner_confirm(world->ctx, learner, cfg, NAN, -1, 7, round, &action));
  return action;
}

static void labels_what_is_unknown_once(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.02, 3), *end = learning_crystal(2, 4.05, 0.1, 9);
  mtp_learner *learner = begun(world, NULL, crystal);
  const long long before = mtp_learner_get_stats(learner).labels;
  assert_int_equal(confirm(world, learner, end, 0), MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).labels, before + 1);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, before + 1);
  assert_int_equal(confirm(world, learner, end, 1), MTP_GO_ON);
  end->x[4] += 5e-4;
  assert_int_equal(confirm(world, learner, end, 0), MTP_GO_ON);
  assert_int_equal(mtp_learner_get_stats(learner).labels, before + 1);
  mtp_learner_free(learner);
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "endpoint"), 1);
  cJSON_Delete(log);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

/* Five copies do not make the potential right about a strongly displaced crystal; a hundred labels near by do. */
static void believes_what_was_right(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.0, 3), *end = learning_crystal(2, 4.05, 0.3, 9);
  world->options.warmup = 12;
  world->options.warmup_sigma = 0.01;
  mtp_learner *learner = begun(world, NULL, crystal);
  const long long before = mtp_learner_get_stats(learner).labels;
  assert_int_equal(confirm(world, learner, end, 0), MTP_REDO); /* wrong there: */
  end->x[4] += 0.02;
  assert_int_equal(confirm(world, learner, end, 1), MTP_REDO);     /* near it is asked for again */
  assert_int_equal(confirm(world, learner, crystal, 2), MTP_REDO); /* right there: */
  crystal->x[4] += 0.02;
  assert_int_equal(confirm(world, learner, crystal, 3), MTP_GO_ON); /* near it is not */
  assert_int_equal(mtp_learner_get_stats(learner).labels, before + 3);
  mtp_learner_free(learner);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

static void comes_to_an_end(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.02, 3), *end = learning_crystal(2, 4.05, 0.2, 9);
  mtp_learner *learner = begun(world, NULL, crystal);
  const long long before = mtp_learner_get_stats(learner).labels;
  assert_int_equal(confirm(world, learner, end, 10), MTP_GO_ON);
  assert_int_equal(mtp_learner_get_stats(learner).labels, before);
  assert_int_equal(world->warnings, 1);
  assert_non_null(strstr(world->messages, "still moves"));
  mtp_learner_free(learner);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

static void keeps_to_the_budget(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.02, 3), *end = learning_crystal(2, 4.05, 0.1, 9);
  world->options.max_calls = 5;
  mtp_learner *learner = begun(world, NULL, crystal);
  assert_int_equal(mtp_learner_get_stats(learner).qm_calls, 5);
  assert_int_equal(confirm(world, learner, end, 0), MTP_GO_ON);
  const char *first = strstr(world->messages, "gets no label: the QM budget is spent");
  assert_non_null(first);
  end->x[4] += 0.5;
  assert_int_equal(confirm(world, learner, end, 0), MTP_GO_ON);
  assert_null(strstr(first + 1, "gets no label"));
  assert_int_equal(mtp_learner_get_stats(learner).qm_calls, 5);
  mtp_learner_free(learner);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

/* onfail skip: a refused label is told, and not asked for again. onfail stop: it stops the run. */
static void obeys_onfail(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.02, 3), *end = learning_crystal(2, 4.05, 0.1, 9);
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = 6;
  world->reference.lasting = true;
  world->options.onfail = MTP_ONFAIL_SKIP;
  mtp_learner *learner = begun(world, NULL, crystal);
  assert_int_equal(confirm(world, learner, end, 0), MTP_GO_ON);
  const long long calls = world->reference.calls;
  assert_int_equal(confirm(world, learner, end, 0), MTP_GO_ON);
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

static void stops_when_told_to(void **state) {
  learning_world *world = *state;
  mtp_config *crystal = learning_crystal(2, 4.05, 0.02, 3), *end = learning_crystal(2, 4.05, 0.1, 9);
  mtp_action action;
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = 6;
  mtp_learner *learner = begun(world, NULL, crystal);
  assert_int_equal(mtp_learner_confirm(world->ctx, learner, end, NAN, -1, 7, 0, &action), MTP_ERR_QM);
  assert_int_equal(mtp_learner_confirm(world->ctx, learner, end, NAN, -1, 7, 0, &action), MTP_ERR_STATE);
  mtp_learner_free(learner);
  mtp_config_free(crystal);
  mtp_config_free(end);
}

#define IN_WORLD(test) cmocka_unit_test_setup_teardown(test, learning_plain_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(measures_the_largest_move),
      cmocka_unit_test(sees_through_images_and_drift),
      cmocka_unit_test(tells_other_systems_apart),
      IN_WORLD(labels_what_is_unknown_once),
      IN_WORLD(believes_what_was_right),
      IN_WORLD(comes_to_an_end),
      IN_WORLD(keeps_to_the_budget),
      IN_WORLD(obeys_onfail),
      IN_WORLD(stops_when_told_to),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
