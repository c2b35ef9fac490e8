/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_mode_forces.c
 * Mode forces against its definition: rows are derivatives of energy, virial and forces by the linear coefficients, by
 * differences; the grade of a configuration is the largest of |b A^-1| by brute force; files keep it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>
#include <math.h>

#include "learn/active_set.h"
#include "learn/rows.h"
#include "loop/loop.h"
#include "model/model.h"
#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_learning.h"

/* A trained potential and disturbed crystals labelled by Morse pairs. */
typedef struct world {
  mtp_context *ctx;
  mtp_potential *pot;
  mtp_config_set *set;
} world;

enum { CONFIGS = 12 };

static int set_up(void **state) {
  world *w = calloc(1, sizeof *w);
  w->ctx = mtp_context_new();
  w->set = mtp_config_set_new();
  mtp_config_set_species(w->set, "Al");
  for (unsigned k = 0; k < CONFIGS; k++) {
    mtp_config *cfg = learning_crystal(1 + (k % 2), 4.0 + 0.02 * k, 0.05 + 0.02 * k, 77 + k);
    learning_morse(cfg);
    data_must(w->ctx, mtp_config_set_append(w->ctx, w->set, cfg));
  }
  w->pot = learning_potential(w->ctx, 6);
  mtp_normal *normal = NULL;
  data_must(w->ctx, mtp_normal_new(w->ctx, w->pot, mtp_weights_default(), &normal));
  for (size_t k = 0; k < w->set->n; k++) data_must(w->ctx, mtp_normal_add(w->ctx, normal, w->set->configs[k]));
  data_must(w->ctx, mtp_normal_fit(w->ctx, normal, 0.0, w->pot));
  mtp_normal_free(normal);
  *state = w;
  return 0;
}

static int tear_down(void **state) {
  world *w = *state;
  mtp_config_set_free(w->set);
  mtp_potential_free(w->pot);
  mtp_context_free(w->ctx);
  free(w);
  return 0;
}

/* Energy, virial and forces in the order and with the weights of the rows. */
static void equations(world *w, const double *theta, const mtp_config *of, double *out) {
  const mtp_weights weights = mtp_weights_default();
  mtp_potential *pot = NULL;
  mtp_evaluator *ev = NULL;
  mtp_config *cfg = mtp_config_copy(of);
  data_must(w->ctx, mtp_potential_copy(w->ctx, w->pot, &pot));
  data_must(w->ctx, mtp_potential_set_parameters(w->ctx, pot, theta));
  data_must(w->ctx, mtp_evaluator_new(w->ctx, pot, &ev));
  data_must(w->ctx, mtp_evaluator_config(w->ctx, ev, cfg, 0));
  out[0] = sqrt(weights.energy / (double)cfg->n) * cfg->energy;
  for (int k = 0; k < 6; k++) out[1 + k] = sqrt((k < 3 ? 1.0 : 2.0) * weights.stress / (double)cfg->n) * cfg->virial[k];
  for (size_t k = 0; k < 3 * cfg->n; k++) out[7 + k] = sqrt(weights.force) * cfg->force[k];
  mtp_evaluator_free(ev);
  mtp_config_free(cfg);
  mtp_potential_free(pot);
}

/* Rows[m*n] of a configuration by differences, which are exact but for rounding: all is linear. */
static double *brute_rows(world *w, const mtp_config *cfg, size_t *m) {
  const size_t n = mtp_potential_parameter_count(w->pot);
  const size_t linear = (size_t)(mtp_potential_species_count(w->pot) + mtp_potential_scalar_count(w->pot));
  *m = 7 + 3 * cfg->n;
  double *rows = calloc(*m * n, sizeof *rows), *theta = malloc(n * sizeof *theta);
  double *at = malloc(*m * sizeof *at), *beside = malloc(*m * sizeof *beside);
  memcpy(theta, mtp_potential_parameters(w->pot), n * sizeof *theta);
  equations(w, theta, cfg, at);
  for (size_t j = n - linear; j < n; j++) {
    theta[j] += 1.0;
    equations(w, theta, cfg, beside);
    theta[j] -= 1.0;
    for (size_t i = 0; i < *m; i++) rows[i * n + j] = beside[i] - at[i];
  }
  free(theta);
  free(at);
  free(beside);
  return rows;
}

static double *computed_rows(world *w, const mtp_config *cfg) {
  const mtp_sample sample = mtp_sample_of(cfg);
  const size_t n = mtp_potential_parameter_count(w->pot), m = mtp_rows_count(&sample, MTP_MODE_FORCES);
  double *rows = calloc(m * n, sizeof *rows);
  mtp_evaluator *ev = NULL;
  data_must(w->ctx, mtp_evaluator_new(w->ctx, w->pot, &ev));
  data_must(w->ctx, mtp_rows_compute(w->ctx, ev, w->pot, &sample, MTP_MODE_FORCES, rows));
  mtp_evaluator_free(ev);
  return rows;
}

static void rows_are_derivatives(void **state) {
  world *w = *state;
  const size_t n = mtp_potential_parameter_count(w->pot);
  for (size_t c = 0; c < 3; c++) {
    size_t m;
    double *brute = brute_rows(w, w->set->configs[c], &m), *rows = computed_rows(w, w->set->configs[c]), largest = 0;
    const mtp_sample sample = mtp_sample_of(w->set->configs[c]);
    assert_int_equal(mtp_rows_count(&sample, MTP_MODE_FORCES), m);
    for (size_t k = 0; k < m * n; k++) largest = fmax(largest, fabs(brute[k]));
    for (size_t k = 0; k < m * n; k++) assert_true(fabs(rows[k] - brute[k]) < 1e-9 * largest);
    free(rows);
    free(brute);
  }
  assert_int_equal(mtp_force_row_atom(6), -1);
  assert_int_equal(mtp_force_row_atom(7), 0);
  assert_int_equal(mtp_force_row_atom(12), 1);
}

/* Without stresses, and with atoms that are masked. */
static void leaves_out_what_is_not_there(void **state) {
  world *w = *state;
  const size_t n = mtp_potential_parameter_count(w->pot);
  mtp_config *cfg = mtp_config_copy(w->set->configs[0]);
  cfg->periodic[2] = false;
  double *rows = computed_rows(w, cfg);
  for (size_t k = n; k < 7 * n; k++) assert_true(rows[k] == 0);
  assert_true(rows[n - 1] != 0);
  free(rows);
  cfg->periodic[2] = true;
  cfg->force_mask = calloc(cfg->n, sizeof *cfg->force_mask);
  cfg->force_mask[1] = true;
  rows = computed_rows(w, cfg);
  for (size_t k = 0; k < 7 * n; k++) assert_true(rows[k] == 0);
  for (size_t k = 10 * n; k < 13 * n; k++) assert_true(rows[k] == 0);
  assert_true(rows[8 * n - 1] != 0);
  free(rows);
  mtp_config_free(cfg);
}

/* max |b A^-1| over all rows, by solving A^T z = b. */
static double brute_grade(const mtp_active_set *as, size_t m, const double *rows) {
  const int n = (int)mtp_active_set_size(as);
  double *a = malloc((size_t)n * (size_t)n * sizeof *a), *b = malloc((size_t)n * sizeof *b), worst = 0;
  int *pivot = malloc((size_t)n * sizeof *pivot);
  for (size_t i = 0; i < m; i++) {
    memcpy(a, mtp_active_set_rows(as), (size_t)n * (size_t)n * sizeof *a);
    memcpy(b, rows + i * (size_t)n, (size_t)n * sizeof *b);
    /* row-major A is column-major A^T */
    assert_int_equal(LAPACKE_dgesv(LAPACK_COL_MAJOR, n, 1, a, n, pivot, b, n), 0);
    for (int k = 0; k < n; k++) worst = fmax(worst, fabs(b[k]));
  }
  free(a);
  free(b);
  free(pivot);
  return worst;
}

static void grades_by_the_largest_row(void **state) {
  world *w = *state;
  mtp_active_set *as = NULL;
  data_must(w->ctx, mtp_active_set_build_of(w->ctx, w->pot, w->set, MTP_MODE_FORCES, MTP_ROWS_ALL, 1.001, NULL, &as));
  assert_int_equal(mtp_active_set_mode(as), MTP_MODE_FORCES);
  assert_int_equal(mtp_active_set_kind(as), MTP_ROWS_LINEAR); /* there are no others */
  double grade;
  int atom;
  for (size_t c = 0; c < w->set->n; c++) { /* none of a row of the training set would gain by a swap */
    data_must(w->ctx, mtp_active_set_grade_config(w->ctx, as, w->pot, w->set->configs[c], &grade, &atom));
    assert_true(grade <= 1.0011);
  }
  for (unsigned k = 0; k < 4; k++) {
    mtp_config *cfg = learning_crystal(1, 3.8 + 0.2 * k, 0.3, 5 + k);
    size_t m;
    double *rows = brute_rows(w, cfg, &m);
    data_must(w->ctx, mtp_active_set_grade_config(w->ctx, as, w->pot, cfg, &grade, &atom));
    const double brute = brute_grade(as, m, rows);
    if (!(fabs(grade - brute) < 1e-5 * brute)) fail_msg("grade %.10g, by brute force %.10g", grade, brute);
    assert_true(atom >= -1 && atom < (int)cfg->n);
    free(rows);
    mtp_config_free(cfg);
  }
  mtp_evaluator *ev = NULL;
  data_must(w->ctx, mtp_evaluator_new(w->ctx, w->pot, &ev));
  assert_int_equal(mtp_evaluator_set_active_set(w->ctx, ev, as), MTP_ERR_UNSUPPORTED);
  mtp_evaluator_free(ev);
  mtp_active_set_free(as);
}

/* In the other modes it is what an evaluator says. */
static void grades_in_any_mode(void **state) {
  world *w = *state;
  for (int mode = MTP_MODE_CONFIGURATION; mode <= MTP_MODE_NEIGHBOURHOOD; mode++) {
    mtp_active_set *as = NULL;
    mtp_evaluator *ev = NULL;
    mtp_config *cfg = learning_crystal(1, 4.3, 0.3, 5);
    double grade;
    int atom;
    data_must(w->ctx, mtp_active_set_build(w->ctx, w->pot, w->set, (mtp_mode)mode, 1.001, NULL, &as));
    data_must(w->ctx, mtp_evaluator_new(w->ctx, w->pot, &ev));
    data_must(w->ctx, mtp_evaluator_set_active_set(w->ctx, ev, as));
    data_must(w->ctx, mtp_evaluator_config(w->ctx, ev, cfg, 1));
    data_must(w->ctx, mtp_active_set_grade_config(w->ctx, as, w->pot, cfg, &grade, &atom));
    assert_true(fabs(grade - cfg->max_grade) < 1e-9 * grade);
    cfg->force_mask = calloc(cfg->n, sizeof *cfg->force_mask);
    cfg->force_mask[0] = true;
    data_must(w->ctx, mtp_active_set_grade_config(w->ctx, as, w->pot, cfg, &grade, &atom));
    if (mode == MTP_MODE_CONFIGURATION) assert_true(grade == 0 && atom == -1); /* it has no row */
    cfg->species[1] = 1;
    assert_int_equal(mtp_active_set_grade_config(w->ctx, as, w->pot, cfg, &grade, &atom), MTP_ERR_ARGUMENT);
    mtp_config_free(cfg);
    mtp_evaluator_free(ev);
    mtp_active_set_free(as);
  }
}

static void is_kept_in_files(void **state) {
  world *w = *state;
  char *folder = data_folder_new(), *path = data_path(folder, "forces.almtp");
  mtp_active_set *as = NULL, *again = NULL;
  mtp_potential *pot = NULL;
  data_must(w->ctx,
            mtp_active_set_build_of(w->ctx, w->pot, w->set, MTP_MODE_FORCES, MTP_ROWS_LINEAR, 1.001, NULL, &as));
  data_must(w->ctx, mtp_active_set_write(w->ctx, as, w->pot, path));
  data_must(w->ctx, mtp_model_read(w->ctx, path, &pot, &again));
  assert_int_equal(mtp_active_set_mode(again), MTP_MODE_FORCES);
  assert_int_equal(mtp_active_set_kind(again), MTP_ROWS_LINEAR);
  for (size_t i = 0; i < as->n; i++)
    assert_int_equal(as->origin[2 * i + 1], as->config[i] < 0 ? -1 : again->origin[2 * i + 1]);
  assert_memory_equal(as->rows, again->rows, as->n * as->n * sizeof(double));
  mtp_active_set_free(as);
  mtp_active_set_free(again);
  mtp_potential_free(pot);
  free(path);
  data_folder_remove(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rows_are_derivatives),      cmocka_unit_test(leaves_out_what_is_not_there),
      cmocka_unit_test(grades_by_the_largest_row), cmocka_unit_test(grades_in_any_mode),
      cmocka_unit_test(is_kept_in_files),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
