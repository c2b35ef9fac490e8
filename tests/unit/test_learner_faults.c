/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner_faults.c
 * The learning loop when things go wrong: QM engines that fail, budgets, steps that cannot be learned, and signals;
 * its files are in test_learner_files.c. Every stop has one line that names the cause, and no label is lost or paid for
 * twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "loop/loop.h"
#include "loop/share.h"
#include "loop/together.h"
#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"

static size_t candidates_written(learning_world *world) {
  mtp_config_set *set = NULL;
  if (access(world->candidates, F_OK) != 0) return 0;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->candidates, NULL, &set));
  size_t n = set->n;
  mtp_config_set_free(set);
  return n;
}

/* ---- the driver fails ---- */

static void expect_stop_on(learning_fault fault, const char *part, const char *status) {
  void *state;
  learning_plain_world_new(&state);
  learning_world *world = state;
  mtp_action action;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  world->reference.fault = fault;
  world->reference.fault_call = world->reference.calls + 1;
  assert_int_equal(learning_world_offer(world, learner, 1, 20.0, 12, &action), MTP_ERR_QM);
  learning_world_expect_message(world, part);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
  learning_world_expect_event(world, "reject", "status", status);
  learning_world_expect_event(world, "stop", "reason", part);
  assert_int_equal(candidates_written(world), 1);
  learning_world_free(&state);
}

static void failures_stop_the_run(void **state) {
  (void)state;
  expect_stop_on(LEARNING_NAN, "not finite", "bad data");
  expect_stop_on(LEARNING_NO_FORCES, "force", "bad data");
  expect_stop_on(LEARNING_OTHER_ATOMS, "atom", "bad data");
  expect_stop_on(LEARNING_CRASH, "segmentation fault", "crashed");
  expect_stop_on(LEARNING_CANNOT_START, "no such command", "cannot start");
}

static void skipping_goes_on_below_break_only(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.onfail = MTP_ONFAIL_SKIP;
  world->options.pool = 1;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  long long calls = world->reference.calls;
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = calls + 1;
  world->reference.lasting = true;
  data_must(world->ctx, learning_world_offer(world, learner, 1, 2.5, 3, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(world->reference.calls, calls + 1);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 2.5, 4, &action)); /* not asked again */
  assert_int_equal(world->reference.calls, calls + 1);
  assert_int_equal(candidates_written(world), 1);
  assert_int_equal(learning_world_offer(world, learner, 2, 4.0, 5, &action), MTP_ERR_QM);
  learning_world_expect_message(world, "step 5");
  learning_world_expect_message(world, "segmentation fault");
  assert_int_equal(world->reference.calls, calls + 2);
  mtp_learner_free(learner);
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "reject"), 2);
  assert_int_equal(learning_log_count(log, "stop"), 1);
  cJSON_Delete(log);
}

/* The trigger fails, others of the same event do not: what they teach is used, and the next round decides. */
static void the_rest_of_an_event_is_learned(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.onfail = MTP_ONFAIL_SKIP;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  mtp_config *wild = learning_crystal(2, 4.05, 0.5, 8);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 2.9, 0, 4, &action));
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = world->reference.calls + 1; /* the trigger is always first */
  data_must(world->ctx, learning_world_offer(world, learner, 1, 20.0, 5, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  assert_int_equal(learning_world_offer(world, learner, 1, 20.0, 5, &action), MTP_ERR_QM);
  mtp_learner_free(learner);
  mtp_config_free(wild);
}

static void failed_warmup_copies(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  world->options.onfail = MTP_ONFAIL_SKIP;
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = 2;
  learner = learning_world_warm_learner(world, NULL); /* four of five are enough */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 4);
  mtp_learner_free(learner);
  world->reference = (learning_reference){0};
  learner = learning_world_warm_learner(world, NULL); /* what failed is remembered, */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 4);
  assert_int_equal(world->reference.calls, 0);
  mtp_learner_free(learner);
  world->options.onfail = MTP_ONFAIL_STOP;
  learner = learning_world_warm_learner(world, NULL); /* unless every call is wanted */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
  world->options.onfail = MTP_ONFAIL_SKIP;
  unlink(world->train);
  world->reference = (learning_reference){.fault = LEARNING_CRASH, .fault_call = 1, .lasting = true};
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_begin(world->ctx, learner, first, 0, &action), MTP_ERR_QM);
  assert_int_equal(world->reference.calls, 5);
  mtp_learner_free(learner);
  mtp_config_free(first);
  world->reference = (learning_reference){0};
  learner = learning_world_warm_learner(
      world, NULL); /* where nothing went well it was the engine, which may be mended by now */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
}

static void retries_belong_to_one_call(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = learning_world_warm_learner(world, "retries=2");
  long long asked = mtp_learner_get_stats(learner).qm_calls;
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = world->reference.calls + 1;
  data_must(world->ctx, learning_world_offer(world, learner, 1, 20.0, 2, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).qm_calls, asked + 1);
  assert_int_equal(world->reference.calls, asked + 2);
  mtp_learner_free(learner);
}

/* ---- no driver, no budget ---- */

static void without_a_driver(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, "none", &learner));
  assert_int_equal(mtp_learner_begin(world->ctx, learner, first, 0, &action), MTP_ERR_STATE);
  learning_world_expect_message(world, "the untrained potential needs a QM driver or a training file");
  mtp_learner_free(learner);
  mtp_learner_free(learning_world_warm_learner(world, NULL));
  data_must(world->ctx, learning_world_learner(world, "none", &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_GO_ON);
  mtp_learner_free(learner);
  mtp_config_free(first);
}

/* Two configurations that cover each other, below break. */
static void offer_twins(learning_world *world, mtp_learner *learner, unsigned seed, long long step) {
  mtp_action action;
  mtp_config *cfg = learning_crystal(2, 4.05, 0.5, seed);
  for (int i = 0; i < 2; i++) {
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 2.5, 0, step + 30 * i, &action));
    assert_int_equal(action, MTP_GO_ON);
    for (size_t k = 0; k < 3 * cfg->n; k++) cfg->x[k] += 1e-5 * (double)(k % 3);
  }
  mtp_config_free(cfg);
}

static void without_a_driver_the_best_are_written(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_learner_free(learning_world_warm_learner(world, NULL));
  world->options.pool = 3;
  data_must(world->ctx, learning_world_learner(world, "none", &learner));
  for (int i = 0; i < 2; i++) offer_twins(world, learner, 8, 100 + i); /* the same once more is no candidate */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 2);
  assert_int_equal(candidates_written(world), 0);
  offer_twins(world, learner, 9, 200); /* the pool is full with the first of them */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 1);
  assert_int_equal(candidates_written(world), 2); /* one of each pair */
  data_must(world->ctx, learning_world_offer(world, learner, 3, 2.5, 300, &action));
  offer_twins(world, learner, 9, 400); /* the one that was written is not waited for again */
  assert_int_equal(candidates_written(world), 2);
  assert_int_equal(learning_world_offer(world, learner, 2, 3.5, 500, &action), MTP_ERR_STATE);
  learning_world_expect_message(world, world->candidates);
  learning_world_expect_message(world, "step 500");
  assert_int_equal(candidates_written(world), 3); /* what is beyond break does not wait */
  mtp_learner_free(learner);
  mtp_config_set *set = NULL;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->candidates, NULL, &set));
  assert_true(set->n > 3);
  for (size_t i = 0; i < set->n; i++)
    assert_string_equal(mtp_config_get_feature(set->configs[i], "reason"), "qm is none");
  mtp_config_set_free(set);
  learning_world_expect_event(world, "stop", "reason", "qm is none");
}

static void spent_budget(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.max_calls = 7;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 20.0, 1, &action));
  data_must(world->ctx, learning_world_offer(world, learner, 2, 20.0, 2, &action));
  assert_int_equal(action, MTP_REDO);
  data_must(world->ctx, learning_world_offer(world, learner, 3, 2.5, 3, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(learning_world_offer(world, learner, 4, 20.0, 4, &action), MTP_ERR_STATE);
  learning_world_expect_message(world, "budget of 7");
  assert_int_equal(world->reference.calls, 7);
  mtp_learner_free(learner);
  assert_int_equal(candidates_written(world), 2);
  learner = learning_world_warm_learner(world, NULL); /* the budget is one of each run */
  data_must(world->ctx, learning_world_offer(world, learner, 4, 20.0, 4, &action));
  mtp_learner_free(learner);
}

/* ---- steps that cannot be learned ---- */

/* A minimiser, or one run after the other in a loop, offers many configurations at one step. */
static void many_at_one_step(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  for (unsigned i = 0; i < 12; i++) {
    data_must(world->ctx, learning_world_offer(world, learner, i, 20.0, 42, &action));
    assert_int_equal(action, MTP_REDO);
  }
  mtp_learner_free(learner);
}

static void known_but_still_beyond(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 20.0, 42, &action));
  long long calls = world->reference.calls;
  assert_int_equal(learning_world_offer(world, learner, 1, 19.0, 42, &action), MTP_ERR_STATE);
  learning_world_expect_message(world, "step 42: the grade 19 is beyond break 3 although it is in the training set");
  learning_world_expect_message(world, "timestep");
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
  learning_world_expect_event(world, "stop", "reason", "in the training set");
}

static void *give_later(void *user) {
  const struct timespec pause = {0, 300000000};
  nanosleep(&pause, NULL);
  mtp_share_give(user, MTP_SHARE_REFIT);
  return NULL;
}

/* What waits in the pool is learned instead, also where another run is making a potential. */
static void known_waits_for_a_potential_of_others(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_share *other = NULL;
  pthread_t thread;
  world->options.share = true;
  world->options.wall = false;
  world->options.pool = 100;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, mtp_share_join(world->ctx, world->train, true, &other));
  data_must(world->ctx, learning_world_offer(world, learner, 1, 20.0, 42, &action));
  data_must(world->ctx, learning_world_offer(world, learner, 2, 2.5, 43, &action));
  assert_int_equal(action, MTP_GO_ON);
  const long long calls = world->reference.calls;
  assert_true(mtp_share_try(other, MTP_SHARE_REFIT));
  assert_int_equal(pthread_create(&thread, NULL, give_later, other), 0);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 19.0, 44, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(world->reference.calls, calls + 1);
  assert_int_equal(pthread_join(thread, NULL), 0);
  mtp_share_leave(other);
  mtp_learner_free(learner);
}

static void who_waits_for_others_may_be_stopped_and_says_so(void **state) {
  learning_world *world = *state;
  volatile sig_atomic_t stop = 0;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  mtp_wait wait = {.begin = mtp_now()};
  data_must(world->ctx, mtp_loop_wait(world->ctx, learner, &wait));
  assert_null(strstr(world->messages, "waiting since"));
  wait.begin -= 3600.0;
  const double begin = mtp_now();
  for (int k = 0; k < 2; k++) data_must(world->ctx, mtp_loop_wait(world->ctx, learner, &wait));
  assert_true(mtp_now() - begin > 0.9); /* who has waited for long looks twice a second */
  const char *told = strstr(world->messages, "waiting since 60 s for a label that another run has asked for");
  assert_non_null(told);
  assert_null(strstr(told + 1, "waiting since"));
  stop = 1;
  mtp_context_set_stop(world->ctx, &stop);
  assert_int_equal(mtp_loop_wait(world->ctx, learner, &wait), MTP_ERR_STOPPED);
  mtp_context_set_stop(world->ctx, NULL);
  mtp_learner_free(learner);
}

static void nonsense_is_refused(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.1, 1);
  cfg->x[7] = NAN;
  assert_int_equal(mtp_learner_offer(world->ctx, learner, cfg, 20.0, 0, 1, &action), MTP_ERR_NUMERIC);
  learning_world_expect_message(world, "atom 3");
  mtp_learner_free(learner);
  learner = learning_world_warm_learner(world, NULL);
  cfg->x[7] = 0.0;
  cfg->species[2] = 1;
  assert_int_equal(mtp_learner_offer(world->ctx, learner, cfg, 20.0, 0, 1, &action), MTP_ERR_ARGUMENT);
  mtp_learner_free(learner);
  learner = learning_world_warm_learner(world, NULL);
  cfg->species[2] = 0;
  mtp_config_free(cfg);
  /* a grade that is not a number is no grade to trust */
  cfg = learning_crystal(2, 4.05, 0.3, 6);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, NAN, -1, 1, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_offer(world->ctx, learner, NULL, 1.0, 0, 1, &action), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_learner_begin(world->ctx, NULL, cfg, 1, &action), MTP_ERR_ARGUMENT);
  mtp_learner_free(learner);
  mtp_config_free(cfg);
}

/* ---- signals that do not come in a QM call ---- */

/* A candidate waits; then one beyond break is learned from, and the signal comes when it has its label. */
static void stopped_after_the_label(learning_world *world, mtp_refit refit, const char *part) {
  mtp_action action;
  world->options.refit = refit;
  world->options.pool = 100;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  mtp_context_set_stop(world->ctx, &world->reference.signalled);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 2.5, 1, &action));
  const long long labels = mtp_learner_get_stats(learner).labels;
  world->reference.signal_call = world->reference.calls + 1;
  assert_int_equal(learning_world_offer(world, learner, 2, 50.0, 2, &action), MTP_ERR_STOPPED);
  learning_world_expect_message(world, part);
  assert_true(mtp_learner_get_stats(learner).labels > labels);
  mtp_learner_end(world->ctx, learner); /* without a training at leisure */
  learning_world_expect_event(world, "stop", "status", "stopped");
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "end"), 1);
  cJSON_Delete(log);
  mtp_context_set_stop(world->ctx, NULL);
  mtp_config_set *train = learning_world_train(world);
  assert_int_equal(train->n, world->reference.calls); /* every label is there */
  mtp_config_set_free(train);
}

static void stopped_in_a_training(void **state) {
  learning_world *world = *state;
  stopped_after_the_label(world, MTP_REFIT_FULL, "stopped in a refit; ");
  learning_world_expect_event(world, "stop", "reason", "the next start goes on from there");
}

static void stopped_beside_a_training(void **state) {
  stopped_after_the_label(*state, MTP_REFIT_LINEAR, "stopped: ");
}

static void stopped_in_the_last_training(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.pool = 100;
  mtp_potential_free(world->pot);
  const char *const elements[] = {"Al"}; /* with two radial functions no fit is good enough */
  const mtp_potential_spec spec = {
      .level = 2, .species_count = 1, .elements = elements, .cutoff = 4.9, .min_dist = 1.9, .radial_size = 2};
  data_must(world->ctx, mtp_potential_new(world->ctx, &spec, &world->pot));
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  data_must(world->ctx, learning_world_offer(world, learner, 1, 2.5, 1, &action));
  mtp_context_set_stop(world->ctx, &world->reference.signalled);
  world->reference.signalled = 1;
  mtp_learner_end(world->ctx, learner);
  assert_non_null(strstr(world->messages, "the last training failed, and the potential stays as it was: stopped"));
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "end"), 1);
  cJSON_Delete(log);
}

#define test(function) cmocka_unit_test_setup_teardown(function, learning_plain_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(failures_stop_the_run),
      test(skipping_goes_on_below_break_only),
      test(the_rest_of_an_event_is_learned),
      test(failed_warmup_copies),
      test(retries_belong_to_one_call),
      test(without_a_driver),
      test(without_a_driver_the_best_are_written),
      test(spent_budget),
      test(many_at_one_step),
      test(known_but_still_beyond),
      test(known_waits_for_a_potential_of_others),
      test(who_waits_for_others_may_be_stopped_and_says_so),
      test(nonsense_is_refused),
      test(stopped_in_a_training),
      test(stopped_beside_a_training),
      test(stopped_in_the_last_training),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
