/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_resume.c
 * A learner that finds QM calls of an earlier run: answers cost nothing, requests are completed within the budget, and
 * nothing that was asked for vanishes without a trace. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/calls.h"
#include "support_data.h"
#include "support_learning.h"

enum { REQUESTS = 4 };

static mtp_status cannot_store(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  (void)user;
  (void)i;
  (void)report;
  mtp_config_free(label);
  return MTP_ERR_IO;
}

static size_t count(const char *path) {
  mtp_config_set *set = NULL;
  const mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ};
  if (access(path, F_OK) != 0) return 0;
  assert_int_equal(mtp_config_set_read(NULL, path, &options, &set), MTP_OK);
  size_t n = set->n;
  mtp_config_set_free(set);
  return n;
}

static size_t count_calls(const learning_world *world) {
  char path[4096];
  snprintf(path, sizeof path, "%s.calls", world->train);
  return count(path);
}

/* Four requests, the first with an answer, as a run leaves them that was ended then. */
static void leave_requests(learning_world *world) {
  static const char *const names[] = {"Al"};
  mtp_config *configs[REQUESTS];
  mtp_calls *calls = NULL;
  for (int i = 0; i < REQUESTS; i++) configs[i] = learning_crystal(1, 4.05, 0.1, 10 + (unsigned)i);
  mtp_qm *qm = learning_qm(world->ctx, &world->reference, "");
  data_must(world->ctx, mtp_calls_open(world->ctx, world->train, 1, names, &calls));
  assert_int_equal(
      mtp_calls_run(world->ctx, calls, qm, REQUESTS, (const mtp_config *const *)configs, cannot_store, NULL),
      MTP_ERR_IO);
  mtp_calls_close(calls);
  mtp_qm_close(qm);
  for (int i = 0; i < REQUESTS; i++) mtp_config_free(configs[i]);
  assert_int_equal(world->reference.calls, 1);
  assert_int_equal(count_calls(world), REQUESTS + 1);
  world->reference.calls = 0;
  world->options.warmup = 0;
}

/* Starts a learner with what is there; returns how its beginning ended. */
static mtp_status begin(learning_world *world) {
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(1, 4.05, 0.1, 99);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  mtp_status status = mtp_learner_begin(world->ctx, learner, first, 0, &action);
  mtp_learner_free(learner);
  mtp_config_free(first);
  return status;
}

static void all_are_completed(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  data_must(world->ctx, begin(world));
  assert_int_equal(world->reference.calls, REQUESTS - 1);
  assert_int_equal(count(world->train), REQUESTS);
  assert_int_equal(count_calls(world), 0);
}

/* An answer is no call; what the budget does not reach becomes a candidate. */
static void within_the_budget(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  world->options.max_calls = 2;
  data_must(world->ctx, begin(world));
  assert_int_equal(world->reference.calls, 2);
  assert_int_equal(count(world->train), 3);
  assert_int_equal(count(world->candidates), 1);
  assert_int_equal(count_calls(world), 0);
}

/* A driver that cannot start has failed at nothing, also where failures are remembered. */
static void after_a_driver_that_cannot_start(void **state) {
  learning_world *world = *state;
  leave_requests(world);
  world->options.onfail = MTP_ONFAIL_SKIP;
  world->reference.fault = LEARNING_CANNOT_START;
  world->reference.fault_call = 1;
  world->reference.lasting = true;
  assert_int_equal(begin(world), MTP_ERR_QM);
  world->reference = (learning_reference){0};
  data_must(world->ctx, begin(world));
  assert_int_equal(count(world->train), REQUESTS);
  assert_int_equal(count_calls(world), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(all_are_completed, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(within_the_budget, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(after_a_driver_that_cannot_start, learning_world_new, learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
