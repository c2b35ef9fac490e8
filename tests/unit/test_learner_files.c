/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_learner_files.c
 * The learning loop when its files cannot be used, disks are full and processes are killed. Every stop has one line
 * that names the cause, and no label is lost or paid for twice. */
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

/* ---- files that cannot be used ---- */

static void expect_refusal(learning_world *world, const char *part) {
  mtp_learner *learner = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_IO);
  assert_null(learner);
  learning_world_expect_message(world, part);
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
  learning_world_expect_message(world, part);
}

/* An event log in the training file, or candidates in it, would ruin labels that were paid for. */
static void one_file_for_two_things_is_refused(void **state) {
  learning_world *world = *state;
  const mtp_learner_options good = world->options;
  char *other_spelling = data_path(world->folder, "./train.extxyz");
  const char *const words[] = {"log", "save", "candidates"};
  const char **paths[] = {&world->options.log_path, &world->options.save_path, &world->options.candidate_path};
  for (int k = 0; k < 3; k++) {
    *paths[k] = k == 1 ? other_spelling : world->train;
    expect_bad_option(world, "expected different files");
    learning_world_expect_message(world, "train and ");
    learning_world_expect_message(world, words[k]);
    assert_int_not_equal(access(world->train, F_OK), 0);
    world->options = good;
  }
  assert_int_equal(world->reference.calls, 0);
  free(other_spelling);
}

static void expect_foreign(learning_world *world, const char *path) {
  mtp_learner *learner = NULL;
  char *text;
  size_t size;
  data_must(world->ctx, mtp_file_replace(world->ctx, path, "MTP\n", 4));
  assert_int_equal(learning_world_learner(world, NULL, &learner), MTP_ERR_FORMAT);
  learning_world_expect_message(world, path);
  data_must(world->ctx, mtp_file_read(world->ctx, path, &text, &size));
  assert_string_equal(text, "MTP\n");
  free(text);
  remove(path);
}

static void nothing_is_appended_to_a_file_of_another_kind(void **state) {
  learning_world *world = *state;
  expect_foreign(world, world->log);
  expect_foreign(world, world->candidates);
  assert_int_equal(world->reference.calls, 0);
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
  learning_world_expect_message(world, world->train);
  learning_world_expect_message(world, "configuration 2 lacks an energy");
  mtp_text_free(&file);
  mtp_config_free(cfg);
}

static void one_training_file_one_run(void **state) {
  learning_world *world = *state;
  mtp_learner *one = learning_world_warm_learner(world, NULL), *two = NULL;
  assert_int_equal(learning_world_learner(world, NULL, &two), MTP_ERR_IO);
  learning_world_expect_message(world, "another run");
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
  learning_world_expect_message(world, "/dev/full");
  assert_int_equal(mtp_learner_get_stats(learner).labels, 0);
  assert_int_equal(world->reference.calls, 1); /* no more is paid for what cannot be kept */
  mtp_learner_free(learner);
  learning_world_expect_event(world, "stop", "reason", "/dev/full");
  mtp_config_free(first);
}

static void disk_full_in_the_middle(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
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
  mtp_status status = learning_world_offer(world, learner, 1, 20.0, 3, &action);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, MTP_ERR_IO);
  learning_world_expect_message(world, world->train);
  assert_int_equal(learning_world_offer(world, learner, 2, 20.0, 4, &action),
                   MTP_ERR_STATE); /* it does not go on half-learned */
  mtp_learner_free(learner);
  data_must(world->ctx, mtp_file_read(world->ctx, world->train, &after, &size_after));
  assert_int_equal(size_after, size_before);
  assert_memory_equal(before, after, size_before);
  free(before);
  free(after);
  int calls = world->reference.calls;
  learner = learning_world_warm_learner(
      world, NULL); /* and the files are good to go on with: the answer was kept beside them */
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
  mtp_learner_free(learning_world_warm_learner(world, NULL));
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
  mtp_status status = learning_world_offer(world, learner, 1, 20.0, 3, &action);
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
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
  unlink(save);
  assert_int_equal(rmdir(folder), 0);
  assert_int_equal(learning_world_offer(world, learner, 1, 20.0, 3, &action), MTP_ERR_IO);
  learning_world_expect_message(world, save);
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
  mtp_learner_free(learning_world_warm_learner(world, NULL));
  char *data;
  size_t size;
  data_must(world->ctx, mtp_file_read(world->ctx, world->train, &data, &size));
  assert_int_equal(truncate(world->train, (off_t)(size - 300)), 0);
  FILE *log = fopen(world->log, "a");
  fputs("{\"event\":\"label\",\"ti", log);
  fclose(log);
  world->reference.calls = 0;
  mtp_learner *learner = learning_world_warm_learner(world, NULL);
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

#define test(function) cmocka_unit_test_setup_teardown(function, learning_plain_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(unusable_files_stop_before_any_call),
      test(one_file_for_two_things_is_refused),
      test(nothing_is_appended_to_a_file_of_another_kind),
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
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
