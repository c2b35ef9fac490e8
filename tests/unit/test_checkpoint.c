/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_checkpoint.c
 * Going on after a kill: from wherever it was, to a result as good as without it; and never with another job or from
 * something that no training wrote. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "learn/checkpoint.h"
#include "mtp/trainer.h"
#include "support_data.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_potential *pot;
  mtp_config_set *set, *valid;
  mtp_train_options options;
} fixture;

/* Simple: labels of one radial function of size 6, with noise, so that larger sizes are tried in vain. */
static void fixture_open(fixture *f, bool simple, const char *checkpoint) {
  const data_recipe hidden = {simple ? 2 : 8, 1, simple ? 6 : 12, MTP_RADIAL_CHEBYSHEV, 1.9, 4.5};
  const mtp_potential_spec spec = {.level = simple ? 4 : 14, .species_count = 1, .cutoff = 4.5};
  mtp_random random = {7};
  *f = (fixture){.ctx = mtp_context_new(), .set = mtp_config_set_new(), .valid = mtp_config_set_new()};
  mtp_potential *truth = data_potential(f->ctx, &random, &hidden);
  data_must(f->ctx, mtp_potential_new(f->ctx, &spec, &f->pot));
  for (size_t k = 0; k < 30; k++) {
    mtp_config *cfg = data_config(&random, (data_shape)(k % DATA_SHAPES), 5 + 2 * (k % 4), 1, 2.6);
    data_append_labelled(f->ctx, k % 5 == 4 ? f->valid : f->set, truth, cfg);
    mtp_config_free(cfg);
    if (!simple || k % 5 == 4) continue;
    cfg = f->set->configs[f->set->n - 1];
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] += 0.05 * mtp_random_normal(&random);
  }
  mtp_potential_free(truth);
  f->options = mtp_train_defaults();
  f->options.max_iterations = 20;
  f->options.starts = 1;
  f->options.checkpoint = checkpoint;
  f->options.checkpoint_seconds = 0;
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_config_set_free(f->valid);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static mtp_status train(fixture *f, mtp_train_result *result) {
  return mtp_train(f->ctx, &f->options, f->pot, f->set, f->valid, result);
}

/* Ends the process at the n-th call. */
static bool die(void *user, const mtp_train_progress *p) {
  long *left = user;
  assert_true(p->iteration <= p->max_iterations);
  if ((*left)-- == 0) _exit(3);
  return true;
}

/* Whether it was killed at call n; else it had come to an end before. */
static bool kill_at(long n, bool simple, const char *checkpoint) {
  const pid_t child = fork();
  if (child == 0) {
    fixture f;
    fixture_open(&f, simple, checkpoint);
    f.options.watch = die;
    f.options.user = &n;
    _exit(train(&f, NULL) == MTP_OK ? 0 : 1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 3));
  return WEXITSTATUS(status) == 3;
}

/* The sanitized twin, which is many times slower, is killed less often. */
#ifdef __SANITIZE_ADDRESS__
enum { APART = 37, APART_SIMPLE = 13 };
#else
enum { APART = 19, APART_SIMPLE = 9 };
#endif

/* Killed at all stages, among them sizes that are given up again in the end. */
static void check_killed(bool simple) {
  char *folder = data_folder_new(), *path = data_path(folder, "checkpoint");
  fixture whole;
  mtp_train_result want, got;
  fixture_open(&whole, simple, NULL);
  data_must(whole.ctx, train(&whole, &want));
  const int size = mtp_potential_radial_size(whole.pot);
  int killed = 0, resumed = 0;
  for (long n = 5; kill_at(n, simple, path); n += simple ? APART_SIMPLE : APART) {
    fixture f;
    fixture_open(&f, simple, path);
    resumed += access(path, F_OK) == 0; /* not yet in the first start */
    data_must(f.ctx, train(&f, &got));
    print_message("killed at %ld: size %d (%d), loss %.3g (%.3g)\n", n, mtp_potential_radial_size(f.pot), size,
                  got.loss, want.loss);
    assert_int_equal(mtp_potential_level(f.pot), mtp_potential_level(whole.pot));
    /* the other start that had climbed so far is not in the checkpoint, and might have chosen another size */
    const int reached = mtp_potential_radial_size(f.pot);
    assert_true(simple ? reached < 12 : reached > 12);
    assert_true(got.loss < (simple ? 1.1 : 20) * want.loss);
    assert_int_not_equal(access(path, F_OK), 0);
    fixture_close(&f);
    killed++;
  }
  assert_true(killed > 4 && resumed > 3);
  assert_true(simple ? size < 12 : size > 12);
  fixture_close(&whole);
  data_folder_remove(folder);
  free(path);
}

static void test_killed_anywhere(void **state) {
  (void)state;
  check_killed(false);
  check_killed(true);
}

/* ---- what is refused ---- */

static void expect_refused(fixture *f, mtp_status want, const char *part) {
  assert_int_equal(train(f, NULL), want);
  if (!strstr(mtp_context_message(f->ctx), part)) fail_msg("expected '%s' in: %s", part, mtp_context_message(f->ctx));
  assert_false(mtp_potential_is_trained(f->pot));
}

/* Everything that another result would follow from is another job. */
static void change(fixture *f, int k) {
  mtp_config *cfg = f->set->configs[3];
  double *mask[] = {&f->options.components, &f->options.weights.force, &f->options.ridge, &f->options.held_out};
  if (k < 4) *mask[k] += 0.05;
  if (k == 4) f->options.economical = true;
  if (k == 5) f->options.starts = 2;
  if (k == 6) f->options.seed++;
  if (k == 7) cfg->cell[0] += 1e-3;
  if (k == 8) cfg->periodic[1] = !cfg->periodic[1];
  if (k == 9) cfg->virial[2] += 1e-3;
  if (k == 10) cfg->has_virial = false;
  if (k == 11) cfg->has_energy = false;
  if (k == 12) cfg->energy += 1e-6;
  if (k == 13) cfg->force[4] += 1e-6;
  if (k == 14) cfg->force_mask = data_calloc(cfg->n, 1);
  if (k == 14) cfg->force_mask[2] = 1;
  if (k == 15) data_must(f->ctx, mtp_config_set_feature(f->ctx, cfg, "config_weight", "2"));
  if (k == 16) data_must(f->ctx, mtp_config_set_feature(f->ctx, cfg, "config_stress_weight", "0.5"));
  if (k == 17) data_must(f->ctx, mtp_config_set_feature(f->ctx, cfg, "squeezed", "1"));
  if (k == 18) cfg->x[2] += 1e-6;
  if (k == 19) { /* the last one trained on validates */
    data_must(f->ctx, mtp_config_set_append(f->ctx, f->valid, f->set->configs[--f->set->n]));
    for (size_t q = f->valid->n - 1; q > 0; q--) { /* as the first, so that the order of all is the same */
      mtp_config *swap = f->valid->configs[q];
      f->valid->configs[q] = f->valid->configs[q - 1];
      f->valid->configs[q - 1] = swap;
    }
  }
}

static void test_other_jobs(void **state) {
  (void)state;
  char *folder = data_folder_new(), *path = data_path(folder, "checkpoint");
  assert_true(kill_at(60, false, path));
  for (int k = 0; k < 20; k++) {
    fixture f;
    fixture_open(&f, false, path);
    change(&f, k);
    if (train(&f, NULL) != MTP_ERR_STATE) fail_msg("change %d is not noticed", k);
    assert_non_null(strstr(mtp_context_message(f.ctx), "another"));
    assert_int_equal(access(path, F_OK), 0);
    fixture_close(&f);
  }
  fixture f; /* what only says how long and with what is the same job */
  fixture_open(&f, false, path);
  f.options.max_iterations = 3;
  f.options.threads = 2;
  f.options.memory = 1e6;
  data_must(f.ctx, train(&f, NULL));
  fixture_close(&f);
  data_folder_remove(folder);
  free(path);
}

/* The first line of a checkpoint with another number in it. */
static void forge(const char *path, const char *key, const char *value) {
  char *data = NULL, *forged = data_calloc(1 << 20, 1);
  size_t size = 0;
  mtp_context *ctx = mtp_context_new();
  data_must(ctx, mtp_file_read(ctx, path, &data, &size));
  char *at = strstr(data, key) + strlen(key);
  const int head = (int)(at - data);
  snprintf(forged, 1 << 20, "%.*s%s%s", head, data, value, at + strspn(at, "-0123456789."));
  data_must(ctx, mtp_file_replace(ctx, path, forged, strlen(forged)));
  free(forged);
  free(data);
  mtp_context_free(ctx);
}

static void test_forged(void **state) {
  (void)state;
  static const char *const forgeries[][2] = {{"\"stage\":", "99"},
                                             {"\"stage\":", "-1"},
                                             {"\"stage\":", "10"},
                                             {"\"iterations\":", "-5"},
                                             {"\"seconds\":", "-1.0"}};
  char *folder = data_folder_new(), *path = data_path(folder, "checkpoint");
  for (size_t k = 0; k < sizeof forgeries / sizeof forgeries[0]; k++) {
    assert_true(kill_at(60, false, path));
    forge(path, forgeries[k][0], forgeries[k][1]);
    fixture f;
    fixture_open(&f, false, path);
    expect_refused(&f, MTP_ERR_FORMAT, "checkpoint:1: expected");
    fixture_close(&f);
    unlink(path);
  }
  data_folder_remove(folder);
  free(path);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_killed_anywhere),
      cmocka_unit_test(test_other_jobs),
      cmocka_unit_test(test_forged),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
