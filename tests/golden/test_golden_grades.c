/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_grades.c
 * Active sets of MLIP-2 (.als) and MLIP-3 (.almtp) as they are read, and the grades that follow from their matrices. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "support_data.h"
#include "support_golden.h"
#include "support_naive.h"

/* The matrices themselves: A inverse^T = 1 as far as the originals, which never invert anew, have kept it. */
static void check_matrices(int *failures, const char *name, const mtp_active_set *as) {
  const size_t n = mtp_active_set_size(as);
  const double *rows = mtp_active_set_rows(as), *inverse = mtp_active_set_inverse(as);
  const long long *origin = mtp_active_set_origins(as);
  double drift = 0, none = 0;
  size_t filled = 0;
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t k = 0; k < n; k++) sum += rows[i * n + k] * inverse[j * n + k];
      drift = fmax(drift, fabs(sum - (i == j)));
    }
    filled += origin[2 * i] >= 0;
  }
  golden_check(failures, name, 0, "A A^-1 - 1", 1, &drift, &none, 1, 1e-5);
  assert_int_equal(mtp_active_set_filled(as), filled);
  assert_true(filled > 0);
}

/* Relative accuracy of a gradient component: rounding, but what the originals lose with RBShapeev. */
static double row_noise(const char *name) {
  return strstr(name, "rbshapeev") ? 1e-9 : 2e-16;
}

/* What rounding of the rows can do to a grade: gamma = max_i |sum_j b_j invA_ij| changes by up to `noise` times the sum
 * of the absolute values. Tiny initial rows make this much larger than gamma, and two codes that sum in another order
 * cannot agree better. */
static double grade_noise(const mtp_active_set *as, const mtp_potential *pot, const mtp_config *cfg, double noise) {
  const size_t n = pot->nparams;
  const bool whole = mtp_active_set_mode(as) == MTP_MODE_CONFIGURATION;
  naive_result *res = naive_config(pot, cfg);
  double worst = 0;
  for (size_t i = 0; i < (whole ? 1 : cfg->n); i++) {
    const double *row = whole ? res->gradient : res->rows + i * n;
    for (size_t a = 0; a < n; a++) {
      double sum = 0;
      for (size_t c = 0; c < n; c++) sum += fabs(row[c] * mtp_active_set_inverse(as)[a * n + c]);
      worst = fmax(worst, sum / (whole ? (double)cfg->n : 1));
    }
  }
  naive_result_free(res);
  return noise * worst;
}

/* Grades of the configurations in `input` against those in `graded`, through the potential of the file itself. */
static void check_file(const char *name, const char *file, const char *graded, mtp_mode mode, int *failures) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, file);
  mtp_config_set *set = golden_configs(ctx, name, "input.cfg", pot), *want = golden_configs(ctx, name, graded, pot);
  mtp_active_set *as = NULL;
  mtp_evaluator *ev = NULL;
  char *path = golden_path(name, file);
  data_must(ctx, mtp_active_set_read(ctx, path, pot, &as));
  assert_non_null(as);
  assert_int_equal(mtp_active_set_size(as), pot->nparams);
  assert_int_equal(mtp_active_set_mode(as), mode);
  check_matrices(failures, name, as);
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_evaluator_set_active_set(ctx, ev, as));
  assert_int_equal(set->n, want->n);
  for (size_t k = 0; k < set->n; k++) {
    mtp_config *cfg = set->configs[k];
    const mtp_config *ref = want->configs[k];
    assert_true(ref->has_max_grade && ref->max_grade > 0);
    data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 1));
    assert_true(cfg->has_max_grade);
    const double noise = grade_noise(as, pot, cfg, row_noise(name));
    golden_check(failures, name, k, file, 1, &cfg->max_grade, &ref->max_grade, 0,
                 GOLDEN_GRADE + noise / ref->max_grade);
    if (mode == MTP_MODE_NEIGHBOURHOOD) {
      assert_true(ref->grade && cfg->grade);
      golden_check(failures, name, k, "  grades of the atoms", cfg->n, cfg->grade, ref->grade, 0,
                   GOLDEN_GRADE + noise / ref->max_grade);
    }
  }
  free(path);
  mtp_evaluator_free(ev);
  mtp_active_set_free(as);
  mtp_config_set_free(set);
  mtp_config_set_free(want);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_state_files(void **state) {
  (void)state;
  int failures = 0, files = 0;
  for (int c = 0; golden_cases[c]; c++) {
    if (!golden_has(golden_cases[c], "state.als")) continue;
    check_file(golden_cases[c], "state.als", "graded.cfg", MTP_MODE_CONFIGURATION, &failures);
    files++;
  }
  assert_true(files >= 7);
  assert_int_equal(failures, 0);
}

static void test_almtp_files(void **state) {
  (void)state;
  int failures = 0, files = 0;
  for (int c = 0; golden_cases[c]; c++) {
    if (!golden_has(golden_cases[c], "mlip3/cfg.almtp")) continue;
    check_file(golden_cases[c], "mlip3/cfg.almtp", "mlip3/graded_cfg.cfg", MTP_MODE_CONFIGURATION, &failures);
    check_file(golden_cases[c], "mlip3/nbh.almtp", "mlip3/graded_nbh.cfg", MTP_MODE_NEIGHBOURHOOD, &failures);
    files++;
  }
  assert_true(files >= 5);
  assert_int_equal(failures, 0);
}

/* The rows of a configuration set are mean gradients of configurations of the training set. */
static void test_rows_come_from_the_training_set(void **state) {
  (void)state;
  const char *name = "04_nacl_level08";
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "state.als");
  mtp_config_set *set = golden_configs(ctx, name, "train.cfg", pot);
  mtp_active_set *as = NULL;
  char *path = golden_path(name, "state.als");
  const size_t n = pot->nparams;
  size_t found = 0;
  data_must(ctx, mtp_active_set_read(ctx, path, pot, &as));
  double *mean = data_calloc(n * set->n, sizeof(double));
  for (size_t k = 0; k < set->n; k++) {
    naive_result *res = naive_config(pot, set->configs[k]);
    for (size_t p = 0; p < n; p++) mean[k * n + p] = res->gradient[p] / (double)res->n;
    naive_result_free(res);
  }
  for (size_t i = 0; i < n; i++) {
    if (mtp_active_set_origins(as)[2 * i] < 0) continue;
    assert_int_equal(mtp_active_set_origins(as)[2 * i + 1], -1);
    for (size_t k = 0; k < set->n; k++) {
      if (data_deviation(n, mtp_active_set_rows(as) + i * n, mean + k * n, 0) < 1e-9) {
        found++;
        break;
      }
    }
  }
  assert_int_equal(found, mtp_active_set_filled(as));
  free(mean);
  free(path);
  mtp_active_set_free(as);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_state_files),
      cmocka_unit_test(test_almtp_files),
      cmocka_unit_test(test_rows_come_from_the_training_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
