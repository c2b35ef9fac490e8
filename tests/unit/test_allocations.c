/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_allocations.c
 * Typical jobs with the n-th allocation failing, for n = 1, 2, ... until none fails: no crash, a status that says so,
 * and no leak (of which the sanitized build of this test knows). */
#define MTP_TEST_ALLOCATIONS
#include "support/memory.c" /* in place of that of the library */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "mtp/errors.h"
#include "mtp/evaluator.h"
#include "mtp/learner.h"
#include "mtp/screen.h"
#include "mtp/trainer.h"
#include "support_data.h"

static long countdown; /* allocations that succeed before one fails; < 0: none fails any more */

bool mtp_test_may_allocate(void) {
  if (countdown < 0) return true;
  return countdown-- > 0;
}

static struct {
  mtp_context *ctx;
  char *folder, *potential, *untrained, *data, *cfg, *out;
} w;

static void set_up_files(void) {
  mtp_random random = {3};
  const data_recipe recipe = {.level = 4, .species = 1, .radial_size = 3, .min_dist = 1.5, .cutoff = 4};
  const char *const names[] = {"Al"};
  const mtp_potential_spec spec = {
      .level = 4, .species_count = 1, .elements = names, .cutoff = 4, .min_dist = 1.5, .radial_size = 3};
  mtp_potential *pot = data_potential(w.ctx, &random, &recipe), *untrained = NULL;
  mtp_config_set *set = mtp_config_set_new();
  mtp_active_set *as = NULL;
  mtp_config_set_species(set, "Al");
  for (int k = 0; k < 6; k++) {
    mtp_config *cfg = data_config(&random, DATA_ORTHOGONAL, 8, 1, 2.5);
    data_append_labelled(w.ctx, set, pot, cfg);
    mtp_config_free(cfg);
  }
  data_must(w.ctx, mtp_config_set_feature(w.ctx, set->configs[0], "group", "first"));
  data_must(w.ctx, mtp_potential_set_elements(w.ctx, pot, names));
  data_must(w.ctx, mtp_active_set_build(w.ctx, pot, set, MTP_MODE_NEIGHBOURHOOD, 1.1, NULL, &as));
  data_must(w.ctx, mtp_active_set_write(w.ctx, as, pot, w.potential));
  data_must(w.ctx, mtp_potential_new(w.ctx, &spec, &untrained));
  data_must(w.ctx, mtp_potential_write(w.ctx, untrained, w.untrained));
  data_must(w.ctx, mtp_config_set_write(w.ctx, set, w.data, MTP_FORMAT_EXTXYZ));
  data_must(w.ctx, mtp_config_set_write(w.ctx, set, w.cfg, MTP_FORMAT_CFG));
  mtp_active_set_free(as);
  mtp_config_set_free(set);
  mtp_potential_free(untrained);
  mtp_potential_free(pot);
}

static int set_up(void **state) {
  (void)state;
  countdown = -1;
  w.ctx = mtp_context_new(); /* once, not for each instruction set: kernels allocate nothing */
  w.folder = data_folder_new();
  w.potential = data_path(w.folder, "pot.almtp");
  w.untrained = data_path(w.folder, "untrained.almtp");
  w.data = data_path(w.folder, "data.extxyz");
  w.cfg = data_path(w.folder, "data.cfg");
  w.out = data_path(w.folder, "out.almtp");
  set_up_files();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  char *paths[] = {w.potential, w.untrained, w.data, w.cfg, w.out};
  for (size_t k = 0; k < sizeof paths / sizeof paths[0]; k++) free(paths[k]);
  data_folder_remove(w.folder);
  mtp_context_free(w.ctx);
  return 0;
}

/* ---- jobs ---- */

static mtp_status evaluate(void) {
  const char *const names[] = {"Al"};
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_evaluator *ev = NULL;
  mtp_config_set *sets[2] = {NULL, NULL};
  mtp_error_table *table = NULL;
  mtp_screening screening;
  mtp_status status = mtp_potential_read(w.ctx, w.potential, &pot);
  if (status == MTP_OK) status = mtp_active_set_read(w.ctx, w.potential, pot, &as);
  if (status == MTP_OK) status = mtp_config_set_read(w.ctx, w.data, NULL, &sets[0]);
  if (status == MTP_OK) status = mtp_config_set_read(w.ctx, w.cfg, NULL, &sets[1]);
  for (int k = 0; k < 2 && status == MTP_OK; k++) status = mtp_config_set_map_species(w.ctx, sets[k], 1, names);
  if (status == MTP_OK) status = mtp_screen(w.ctx, pot, sets[1]->configs[0], &screening);
  if (status == MTP_OK) status = mtp_evaluator_new(w.ctx, pot, &ev);
  if (status == MTP_OK) status = mtp_evaluator_set_active_set(w.ctx, ev, as);
  for (size_t k = 0; status == MTP_OK && k < 2; k++) status = mtp_evaluator_config(w.ctx, ev, sets[0]->configs[k], 1);
  if (status == MTP_OK) status = mtp_error_table_compute(w.ctx, pot, sets[1], NULL, NULL, &table);
  if (status == MTP_OK) status = mtp_config_set_write(w.ctx, sets[0], w.out, MTP_FORMAT_CFG);
  mtp_error_table_free(table);
  mtp_evaluator_free(ev);
  mtp_config_set_free(sets[0]);
  mtp_config_set_free(sets[1]);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

static mtp_status select_and_save(void) {
  const char *const names[] = {"Al"};
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL, *copy = NULL, *linear = NULL;
  mtp_config_set *set = NULL;
  mtp_status status = mtp_potential_read(w.ctx, w.potential, &pot);
  if (status == MTP_OK) status = mtp_config_set_read(w.ctx, w.data, NULL, &set);
  if (status == MTP_OK) status = mtp_config_set_map_species(w.ctx, set, 1, names);
  if (status == MTP_OK) status = mtp_active_set_build(w.ctx, pot, set, MTP_MODE_NEIGHBOURHOOD, 1.1, NULL, &as);
  if (status == MTP_OK)
    status = mtp_active_set_build_of(w.ctx, pot, set, MTP_MODE_CONFIGURATION, MTP_ROWS_LINEAR, 1.1, NULL, &linear);
  if (status == MTP_OK) status = mtp_active_set_copy(w.ctx, as, &copy);
  if (status == MTP_OK) status = mtp_active_set_write(w.ctx, copy, pot, w.out);
  mtp_active_set_free(as);
  mtp_active_set_free(copy);
  mtp_active_set_free(linear);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

/* A potential as a file would have it; allocations succeed meanwhile. */
static char *text_of(const mtp_potential *pot) {
  const long left = countdown;
  char *text = NULL;
  size_t size = 0;
  countdown = -1;
  data_must(w.ctx, mtp_potential_format(w.ctx, pot, &text, &size));
  countdown = left;
  return text;
}

/* After a failure the potential is what it was. */
static mtp_status train(const mtp_train_options *options, mtp_potential *pot, const mtp_config_set *set) {
  char *before = text_of(pot);
  const mtp_status status = mtp_train(w.ctx, options, pot, set, NULL, NULL);
  if (status != MTP_OK) {
    char *after = text_of(pot);
    assert_string_equal(after, before);
    free(after);
  }
  free(before);
  return status;
}

static mtp_status train_from(const char *path, bool linear) {
  const char *const names[] = {"Al"};
  mtp_potential *pot = NULL;
  mtp_config_set *set = NULL;
  mtp_train_options options = mtp_train_defaults();
  mtp_wall_report report;
  options.linear = linear;
  options.max_iterations = 2;
  options.starts = 1;
  mtp_status status = mtp_potential_read(w.ctx, path, &pot);
  if (status == MTP_OK) status = mtp_config_set_read(w.ctx, w.data, NULL, &set);
  if (status == MTP_OK) status = mtp_config_set_map_species(w.ctx, set, 1, names);
  if (status == MTP_OK) status = train(&options, pot, set);
  if (status == MTP_OK && linear) status = mtp_train_wall(w.ctx, &options.weights, pot, set, &report);
  if (status == MTP_OK) status = mtp_potential_write(w.ctx, pot, w.out);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

static mtp_status train_linear(void) {
  return train_from(w.untrained, true);
}

static mtp_status train_all(void) {
  return train_from(w.potential, false);
}

static mtp_status train_from_nothing(void) {
  return train_from(w.untrained, false);
}

/* A driver of labels without forces. */
static mtp_qm_status driver_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                                 const char *const *arguments, void **state) {
  (void)setup, (void)count, (void)arguments, (void)ctx;
  *state = user;
  return MTP_QM_OK;
}

static mtp_qm_status driver_label(void *state, mtp_qm_call *call) {
  (void)state;
  if (mtp_config_require_force(NULL, call->label) != MTP_OK)
    return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "out of memory");
  call->label->has_energy = call->label->has_virial = true;
  call->label->energy = -(double)call->label->n;
  return MTP_QM_OK;
}

static void driver_close(void *state) {
  (void)state;
}

static const mtp_qm_driver driver = {.name = "flat", .open = driver_open, .label = driver_label, .close = driver_close};

static const char *const learned[] = {"train.extxyz", "train.extxyz.calls", "pot.almtp", "log.jsonl", "left.extxyz"};

static mtp_status learn(void) {
  mtp_learner_options options = mtp_learner_defaults();
  mtp_potential *pot = NULL;
  mtp_config_set *set = NULL;
  mtp_qm *qm = NULL;
  mtp_learner *l = NULL;
  mtp_action action;
  options.train_path = learned[0];
  options.save_path = learned[2];
  options.log_path = learned[3];
  options.candidate_path = learned[4];
  options.warmup = 2;
  options.refit = MTP_REFIT_LINEAR;
  for (size_t k = 0; k < sizeof learned / sizeof learned[0]; k++) unlink(learned[k]);
  mtp_status status = mtp_potential_read(w.ctx, w.untrained, &pot);
  if (status == MTP_OK) status = mtp_config_set_read(w.ctx, w.data, NULL, &set);
  if (status == MTP_OK) status = mtp_qm_open(w.ctx, "flat retries=0 maxforce=50", &driver, 1, &qm);
  if (status == MTP_OK) status = mtp_learner_new(w.ctx, &options, pot, qm, &l);
  if (status == MTP_OK) status = mtp_learner_begin(w.ctx, l, set->configs[0], 0, &action);
  if (status == MTP_OK) status = mtp_learner_offer(w.ctx, l, set->configs[1], 2.5, 0, 1, &action);
  if (status == MTP_OK) status = mtp_learner_offer(w.ctx, l, set->configs[2], 50.0, 0, 2, &action);
  if (status == MTP_OK) status = mtp_learner_offer(w.ctx, l, set->configs[3], 2.5, 0, 3, &action);
  mtp_learner_end(w.ctx, l);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

/* ---- one after the other ---- */

/* Beyond `dense` allocations only some of them fail: the same places of the code are met again and again. */
static void fail_in_turn(mtp_status (*job)(void), long dense) {
  long failed = 0;
  for (long n = 0;; n += n < dense ? 1 : 1 + n / 40) {
    countdown = n;
    const mtp_status status = job();
    const bool over = countdown >= 0;
    countdown = -1;
    if (over) {
      if (status != MTP_OK) fail_msg("without a failing allocation: %s", mtp_context_message(w.ctx));
      assert_true(failed > 20);
      return;
    }
    /* in a QM call memory is a reason like others, and some things can be done without */
    const bool says_so =
        status == MTP_ERR_MEMORY || (status == MTP_ERR_QM && strstr(mtp_context_message(w.ctx), "out of memory"));
    failed += says_so;
    if (!says_so && status != MTP_OK)
      fail_msg("allocation %ld: %s, %s", n + 1, mtp_status_name(status), mtp_context_message(w.ctx));
  }
}

static void test_evaluate(void **state) {
  (void)state;
  fail_in_turn(evaluate, 2000);
}

static void test_select_and_save(void **state) {
  (void)state;
  fail_in_turn(select_and_save, 1000);
}

static void test_train_linear(void **state) {
  (void)state;
  fail_in_turn(train_linear, 600);
}

static void test_train_all(void **state) {
  (void)state;
  fail_in_turn(train_all, 600);
}

static void test_train_from_nothing(void **state) {
  (void)state;
  fail_in_turn(train_from_nothing, 600);
}

/* A label that memory was short for is a failed call. */
static void test_learn(void **state) {
  (void)state;
  char *here = getcwd(NULL, 0);
  assert_int_equal(chdir(w.folder), 0);
  fail_in_turn(learn, 1000);
  assert_int_equal(chdir(here), 0);
  free(here);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_evaluate, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_select_and_save, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_train_linear, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_train_all, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_train_from_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(test_learn, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
