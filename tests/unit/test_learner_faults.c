/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner_faults.c
 * The learning loop when things go wrong: kills, full disks, unusable files, QM engines that fail, budgets, and steps
 * that cannot be learned. Every stop has one line that names the cause, and no label is lost or paid for twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/support.h"
#include "support_data.h"
#include "support_learning.h"

static void expect_message(const learning_world *world, const char *part) {
  if (!strstr(mtp_context_message(world->ctx), part))
    fail_msg("\"%s\" does not say \"%s\"", mtp_context_message(world->ctx), part);
  assert_null(strchr(mtp_context_message(world->ctx), '\n'));
}

/* A learner that is past its warm-up. */
static mtp_learner *warm_learner(learning_world *world, const char *keys) {
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, keys, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_config_free(first);
  return learner;
}

static mtp_status offer(learning_world *world, mtp_learner *learner, unsigned seed, double grade, long long step,
                        mtp_action *action) {
  mtp_config *cfg = learning_crystal(2, 4.05, 0.25, 1000 + seed);
  mtp_status status = mtp_learner_offer(world->ctx, learner, cfg, grade, 2, step, action);
  mtp_config_free(cfg);
  return status;
}

/* A field of the last event of that name. */
static void expect_last_event(const learning_world *world, const char *name, const char *key, const char *part) {
  cJSON *log = learning_log_read(world->log), *event;
  const char *found = NULL;
  cJSON_ArrayForEach(event, log) {
    if (strcmp(cJSON_GetObjectItem(event, "event")->valuestring, name) == 0)
      found = cJSON_GetStringValue(cJSON_GetObjectItem(event, key));
  }
  if (!found || !strstr(found, part)) fail_msg("%s of event %s is \"%s\"", key, name, found ? found : "(none)");
  cJSON_Delete(log);
}

static size_t candidates_written(learning_world *world) {
  mtp_config_set *set = NULL;
  if (access(world->candidates, F_OK) != 0) return 0;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->candidates, NULL, &set));
  size_t n = set->n;
  mtp_config_set_free(set);
  return n;
}

/* ---- files that cannot be used ---- */

static void expect_refusal(learning_world *world, const char *part) {
  mtp_learner *learner = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_IO);
  assert_null(learner);
  expect_message(world, part);
  assert_int_equal(world->reference.calls, 0);
  assert_true(world->reference.closed); /* the driver was taken over all the same */
  assert_int_not_equal(access(world->train, F_OK), 0);
}

static void unusable_files_stop_before_any_call(void **state) {
  learning_world *world = *state;
  const mtp_learner_options good = world->options;
  world->options.train_path = world->folder;
  expect_refusal(world, world->folder);
  world->options = good;
  world->options.train_path = "/nowhere/train.extxyz";
  expect_refusal(world, "/nowhere/train.extxyz");
  world->options = good;
  world->options.log_path = world->folder;
  expect_refusal(world, "log");
  world->options = good;
  world->options.save_path = "/nowhere/pot.almtp";
  expect_refusal(world, "/nowhere/pot.almtp");
  world->options = good;
  world->options.candidate_path = "/nowhere/candidates.extxyz";
  expect_refusal(world, "/nowhere/candidates.extxyz");
}

static void expect_bad_option(learning_world *world, const char *part) {
  mtp_learner *learner = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_ARGUMENT);
  expect_message(world, part);
}

static void bad_options_are_named(void **state) {
  learning_world *world = *state;
  const mtp_learner_options good = world->options;
  world->options.break_grade = 1.5;
  expect_bad_option(world, "break");
  world->options = good;
  world->options.select_grade = NAN;
  expect_bad_option(world, "select");
  world->options = good;
  world->options.pool = 0;
  expect_bad_option(world, "pool");
  world->options = good;
  world->options.warmup_sigma = 0.0;
  expect_bad_option(world, "warmup");
  world->options = good;
  world->options.weights.force = -1.0;
  expect_bad_option(world, "weights");
  world->options = good;
  world->options.save_path = NULL;
  expect_bad_option(world, "save");
  assert_int_equal(mtp_learner_new(world->ctx, NULL, world->pot, NULL, NULL), MTP_ERR_ARGUMENT);
  mtp_learner_free(NULL);
  assert_null(mtp_learner_potential(NULL));
  assert_null(mtp_learner_active_set(NULL));
}

static void unlabelled_training_data_is_refused(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  const char *const names[] = {"Al"};
  mtp_config *cfg = learning_crystal(2, 4.05, 0.1, 1);
  mtp_text file = {0};
  for (int i = 0; i < 2; i++) { /* a good one and one without energy */
    char *text;
    size_t size;
    learning_morse(cfg);
    cfg->has_energy = i == 0;
    data_must(world->ctx, mtp_config_format(world->ctx, cfg, 1, names, MTP_FORMAT_EXTXYZ, &text, &size));
    mtp_text_add_bytes(&file, text, size);
    free(text);
  }
  data_must(world->ctx, mtp_file_replace(world->ctx, world->train, file.data, file.size));
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_FORMAT);
  expect_message(world, world->train);
  expect_message(world, "configuration 2 lacks an energy");
  mtp_text_free(&file);
  mtp_config_free(cfg);
}

static void one_training_file_one_run(void **state) {
  learning_world *world = *state;
  mtp_learner *one = warm_learner(world, NULL), *two = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &two), MTP_ERR_IO);
  expect_message(world, "another run");
  mtp_learner_free(one);
  data_must(world->ctx, learning_world_learner(world, NULL, &two));
  mtp_learner_free(two);
}

/* ---- full disks ---- */

static void full_device_as_training_file(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  world->options.train_path = "/dev/full";
  mtp_config *first = learning_crystal(2, 4.05, 0.05, 1);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  assert_int_equal(mtp_learner_begin(world->ctx, learner, first, 0, &action), MTP_ERR_IO);
  expect_message(world, "/dev/full");
  assert_int_equal(mtp_learner_get_stats(learner).labels, 0);
  assert_int_equal(world->reference.calls, 1); /* no more is paid for what cannot be kept */
  mtp_learner_free(learner);
  expect_last_event(world, "stop", "reason", "/dev/full");
  mtp_config_free(first);
}

static void disk_full_in_the_middle(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = warm_learner(world, NULL);
  mtp_action action;
  char *before, *after;
  size_t size_before, size_after;
  data_must(world->ctx, mtp_file_read(world->ctx, world->train, &before, &size_before));
  struct rlimit old, small;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = size_before + 700; /* part of the record fits */
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  mtp_status status = offer(world, learner, 1, 20.0, 3, &action);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, MTP_ERR_IO);
  expect_message(world, world->train);
  assert_int_equal(offer(world, learner, 2, 20.0, 4, &action), MTP_ERR_STATE); /* it does not go on half-learned */
  mtp_learner_free(learner);
  data_must(world->ctx, mtp_file_read(world->ctx, world->train, &after, &size_after));
  assert_int_equal(size_after, size_before);
  assert_memory_equal(before, after, size_before);
  free(before);
  free(after);
  int calls = world->reference.calls;
  learner = warm_learner(world, NULL); /* and the files are good to go on with: the answer was kept beside them */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
}

/* What an active set owns is appended together with the first label, or not at all. */
static void disk_full_at_the_first_label(void **state) {
  learning_world *world = *state;
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_learner_free(warm_learner(world, NULL));
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &pot));
  data_must(world->ctx, mtp_active_set_read(world->ctx, world->save, pot, &as));
  unlink(world->train);
  world->options.active_set = as;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  struct rlimit old, small;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 12000; /* more than a record, less than all */
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  mtp_status status = offer(world, learner, 1, 20.0, 3, &action);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, MTP_ERR_IO);
  mtp_learner_free(learner);
  assert_int_not_equal(access(world->train, F_OK), 0);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
}

/* The potential cannot be saved: the run stops, and the label that it was to be made from is kept. */
static void lost_folder_of_the_potential(void **state) {
  learning_world *world = *state;
  mtp_action action;
  char *folder = data_path(world->folder, "sub"), *save = data_path(folder, "pot.almtp");
  world->options.save_path = save;
  assert_int_equal(mkdir(folder, 0700), 0);
  mtp_learner *learner = warm_learner(world, NULL);
  unlink(save);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(offer(world, learner, 1, 20.0, 3, &action), MTP_ERR_IO);
  expect_message(world, save);
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, 6);
  mtp_config_set_free(set);
  free(save);
  free(folder);
}

/* ---- kills ---- */

/* Runs in another process, which does not come back: the reference kills it in call number `call`. */
static void run_and_die(learning_world *world, long long call, int steps) {
  fflush(NULL);
  pid_t child = fork();
  assert_int_not_equal(child, -1);
  if (child == 0) {
    mtp_learner *learner = NULL;
    world->reference.fault = LEARNING_KILL;
    world->reference.fault_call = call;
    learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
    if (learning_world_learner(world, NULL, &learner) == MTP_OK &&
        learning_run_attach(run, learner, world->options.select_grade) == MTP_OK)
      learning_run_steps(run, steps);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static mtp_learner *resume(learning_world *world, double kelvin, learning_run **run) {
  mtp_learner *learner = NULL;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), kelvin, 4);
  data_must(world->ctx, learning_run_attach(*run, learner, world->options.select_grade));
  return learner;
}

static void killed_in_the_warmup(void **state) {
  learning_world *world = *state;
  learning_run *run;
  run_and_die(world, 3, 0);
  mtp_learner *learner = resume(world, 900.0, &run);
  assert_int_equal(world->reference.calls, 3); /* two of five were there */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
  learning_run_free(run);
  learning_world_expect_distinct(world);
}

static void killed_in_the_run(void **state) {
  learning_world *world = *state;
  world->options.grading = MTP_GRADE_ALL; /* which asks for more labels */
  learning_run *run;
  run_and_die(world, 9, 1000);
  mtp_config_set *before = learning_world_train(world);
  assert_int_equal(before->n, 8);                     /* the call in flight is all that was lost */
  mtp_learner *learner = resume(world, 3000.0, &run); /* hot enough for something new to learn */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 8 + mtp_learner_get_stats(learner).labels);
  data_must(world->ctx, learning_run_steps(run, 40));
  assert_true(mtp_learner_get_stats(learner).labels > 0);
  assert_int_equal(mtp_learner_get_stats(learner).labels, world->reference.calls);
  mtp_learner_free(learner);
  learning_run_free(run);
  learning_world_expect_distinct(world);
  mtp_config_set_free(before);
  cJSON *log = learning_log_read(world->log);
  assert_int_equal(learning_log_count(log, "start"), 2);
  cJSON_Delete(log);
}

/* A crash of the machine can leave half a record and half a log line. */
static void cut_tails_are_dropped(void **state) {
  learning_world *world = *state;
  mtp_learner_free(warm_learner(world, NULL));
  char *data;
  size_t size;
  data_must(world->ctx, mtp_file_read(world->ctx, world->train, &data, &size));
  assert_int_equal(truncate(world->train, (off_t)(size - 300)), 0);
  FILE *log = fopen(world->log, "a");
  fputs("{\"event\":\"label\",\"ti", log);
  fclose(log);
  world->reference.calls = 0;
  mtp_learner *learner = warm_learner(world, NULL);
  assert_int_equal(world->warnings, 1);
  assert_non_null(strstr(world->messages, "cut short"));
  /* four of the five warm-up labels were whole */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  assert_int_equal(world->reference.calls, 1);
  mtp_learner_free(learner);
  learning_world_expect_distinct(world);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, 5);
  assert_false(set->dropped_tail);
  mtp_config_set_free(set);
  cJSON_Delete(learning_log_read(world->log)); /* all lines are whole */
  free(data);
}

/* ---- the driver fails ---- */

static void expect_stop_on(learning_fault fault, const char *part, const char *status) {
  void *state;
  learning_plain_world_new(&state);
  learning_world *world = state;
  mtp_action action;
  mtp_learner *learner = warm_learner(world, NULL);
  world->reference.fault = fault;
  world->reference.fault_call = world->reference.calls + 1;
  assert_int_equal(offer(world, learner, 1, 20.0, 12, &action), MTP_ERR_QM);
  expect_message(world, part);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
  expect_last_event(world, "reject", "status", status);
  expect_last_event(world, "stop", "reason", part);
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
  mtp_learner *learner = warm_learner(world, NULL);
  long long calls = world->reference.calls;
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = calls + 1;
  world->reference.lasting = true;
  data_must(world->ctx, offer(world, learner, 1, 2.5, 3, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(world->reference.calls, calls + 1);
  data_must(world->ctx, offer(world, learner, 1, 2.5, 4, &action)); /* not asked again */
  assert_int_equal(world->reference.calls, calls + 1);
  assert_int_equal(candidates_written(world), 1);
  assert_int_equal(offer(world, learner, 2, 4.0, 5, &action), MTP_ERR_QM);
  expect_message(world, "step 5");
  expect_message(world, "segmentation fault");
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
  mtp_learner *learner = warm_learner(world, NULL);
  mtp_config *wild = learning_crystal(2, 4.05, 0.5, 8);
  data_must(world->ctx, mtp_learner_offer(world->ctx, learner, wild, 2.9, 0, 4, &action));
  world->reference.fault = LEARNING_NAN;
  world->reference.fault_call = world->reference.calls + 1; /* the trigger is always first */
  data_must(world->ctx, offer(world, learner, 1, 20.0, 5, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 6);
  assert_int_equal(offer(world, learner, 1, 20.0, 5, &action), MTP_ERR_QM);
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
  learner = warm_learner(world, NULL); /* four of five are enough */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 4);
  mtp_learner_free(learner);
  world->reference = (learning_reference){0};
  learner = warm_learner(world, NULL); /* what failed is remembered, */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 4);
  assert_int_equal(world->reference.calls, 0);
  mtp_learner_free(learner);
  world->options.onfail = MTP_ONFAIL_STOP;
  learner = warm_learner(world, NULL); /* unless every call is wanted */
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
  learner = warm_learner(world, NULL); /* where nothing went well it was the engine, which may be mended by now */
  assert_int_equal(mtp_learner_get_stats(learner).configurations, 5);
  mtp_learner_free(learner);
}

static void retries_belong_to_one_call(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = warm_learner(world, "retries=2");
  long long asked = mtp_learner_get_stats(learner).qm_calls;
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = world->reference.calls + 1;
  data_must(world->ctx, offer(world, learner, 1, 20.0, 2, &action));
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
  expect_message(world, "the untrained potential needs a QM driver or a training file");
  mtp_learner_free(learner);
  mtp_learner_free(warm_learner(world, NULL));
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
  mtp_learner_free(warm_learner(world, NULL));
  world->options.pool = 3;
  data_must(world->ctx, learning_world_learner(world, "none", &learner));
  for (int i = 0; i < 2; i++) offer_twins(world, learner, 8, 100 + i); /* the same once more is no candidate */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 2);
  assert_int_equal(candidates_written(world), 0);
  offer_twins(world, learner, 9, 200); /* the pool is full with the first of them */
  assert_int_equal(mtp_learner_get_stats(learner).candidates, 1);
  assert_int_equal(candidates_written(world), 2); /* one of each pair */
  data_must(world->ctx, offer(world, learner, 3, 2.5, 300, &action));
  offer_twins(world, learner, 9, 400); /* the one that was written is not waited for again */
  assert_int_equal(candidates_written(world), 2);
  assert_int_equal(offer(world, learner, 2, 3.5, 500, &action), MTP_ERR_STATE);
  expect_message(world, world->candidates);
  expect_message(world, "step 500");
  assert_int_equal(candidates_written(world), 3); /* what is beyond break does not wait */
  mtp_learner_free(learner);
  mtp_config_set *set = NULL;
  data_must(world->ctx, mtp_config_set_read(world->ctx, world->candidates, NULL, &set));
  assert_true(set->n > 3);
  for (size_t i = 0; i < set->n; i++)
    assert_string_equal(mtp_config_get_feature(set->configs[i], "reason"), "qm is none");
  mtp_config_set_free(set);
  expect_last_event(world, "stop", "reason", "qm is none");
}

static void spent_budget(void **state) {
  learning_world *world = *state;
  mtp_action action;
  world->options.max_calls = 7;
  mtp_learner *learner = warm_learner(world, NULL);
  data_must(world->ctx, offer(world, learner, 1, 20.0, 1, &action));
  data_must(world->ctx, offer(world, learner, 2, 20.0, 2, &action));
  assert_int_equal(action, MTP_REDO);
  data_must(world->ctx, offer(world, learner, 3, 2.5, 3, &action));
  assert_int_equal(action, MTP_GO_ON);
  assert_int_equal(offer(world, learner, 4, 20.0, 4, &action), MTP_ERR_STATE);
  expect_message(world, "budget of 7");
  assert_int_equal(world->reference.calls, 7);
  mtp_learner_free(learner);
  assert_int_equal(candidates_written(world), 2);
  learner = warm_learner(world, NULL); /* the budget is one of each run */
  data_must(world->ctx, offer(world, learner, 4, 20.0, 4, &action));
  mtp_learner_free(learner);
}

/* ---- steps that cannot be learned ---- */

/* A minimiser, or one run after the other in a loop, offers many configurations at one step. */
static void many_at_one_step(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = warm_learner(world, NULL);
  for (unsigned i = 0; i < 12; i++) {
    data_must(world->ctx, offer(world, learner, i, 20.0, 42, &action));
    assert_int_equal(action, MTP_REDO);
  }
  mtp_learner_free(learner);
}

static void known_but_still_beyond(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = warm_learner(world, NULL);
  data_must(world->ctx, offer(world, learner, 1, 20.0, 42, &action));
  long long calls = world->reference.calls;
  assert_int_equal(offer(world, learner, 1, 19.0, 42, &action), MTP_ERR_STATE);
  expect_message(world, "step 42: the grade 19 is beyond break 3 although it is in the training set");
  expect_message(world, "timestep");
  assert_int_equal(world->reference.calls, calls);
  mtp_learner_free(learner);
  expect_last_event(world, "stop", "reason", "in the training set");
}

static void nonsense_is_refused(void **state) {
  learning_world *world = *state;
  mtp_action action;
  mtp_learner *learner = warm_learner(world, NULL);
  mtp_config *cfg = learning_crystal(2, 4.05, 0.1, 1);
  cfg->x[7] = NAN;
  assert_int_equal(mtp_learner_offer(world->ctx, learner, cfg, 20.0, 0, 1, &action), MTP_ERR_NUMERIC);
  expect_message(world, "atom 3");
  mtp_learner_free(learner);
  learner = warm_learner(world, NULL);
  cfg->x[7] = 0.0;
  cfg->species[2] = 1;
  assert_int_equal(mtp_learner_offer(world->ctx, learner, cfg, 20.0, 0, 1, &action), MTP_ERR_ARGUMENT);
  mtp_learner_free(learner);
  learner = warm_learner(world, NULL);
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
  mtp_learner *learner = warm_learner(world, NULL);
  mtp_context_set_stop(world->ctx, &world->reference.signalled);
  data_must(world->ctx, offer(world, learner, 1, 2.5, 1, &action));
  const long long labels = mtp_learner_get_stats(learner).labels;
  world->reference.signal_call = world->reference.calls + 1;
  assert_int_equal(offer(world, learner, 2, 50.0, 2, &action), MTP_ERR_STOPPED);
  expect_message(world, part);
  assert_true(mtp_learner_get_stats(learner).labels > labels);
  mtp_learner_end(world->ctx, learner); /* without a training at leisure */
  expect_last_event(world, "stop", "status", "stopped");
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
  expect_last_event(world, "stop", "reason", "the next start goes on from there");
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
  mtp_learner *learner = warm_learner(world, NULL);
  data_must(world->ctx, offer(world, learner, 1, 2.5, 1, &action));
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
      test(unusable_files_stop_before_any_call),
      test(bad_options_are_named),
      test(unlabelled_training_data_is_refused),
      test(one_training_file_one_run),
      test(full_device_as_training_file),
      test(disk_full_in_the_middle),
      test(disk_full_at_the_first_label),
      test(lost_folder_of_the_potential),
      test(killed_in_the_warmup),
      test(killed_in_the_run),
      test(cut_tails_are_dropped),
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
      test(nonsense_is_refused),
      test(stopped_in_a_training),
      test(stopped_beside_a_training),
      test(stopped_in_the_last_training),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
