/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_linear.c
 * The linear solve of MLIP-2 on its training sets: its coefficients satisfy our normal equations, its loss is ours, and
 * our own solution is no worse. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/evaluator.h"
#include "mtp/normal_equations.h"
#include "support_data.h"
#include "support_golden.h"

/* Sum of weighted squared labels: what the loss of zero coefficients would be. It sets the scale of rounding in the
 * quadratic form. */
static double label_norm(const mtp_config_set *set) {
  double sum = 0;
  for (size_t k = 0; k < set->n; k++) {
    const mtp_config *cfg = set->configs[k];
    const double n = (double)cfg->n;
    for (size_t i = 0; cfg->force && i < 3 * cfg->n; i++) sum += 0.01 * cfg->force[i] * cfg->force[i];
    for (int c = 0; cfg->has_virial && c < 6; c++) {
      sum += (c < 3 ? 1 : 2) * 0.001 / n * cfg->virial[c] * cfg->virial[c];
    }
    if (cfg->has_energy) sum += cfg->energy * cfg->energy / n;
  }
  return sum;
}

/* |A x + ridge - b| in units of what each equation can be: sqrt(A_ii) times the norm of the labels. */
static double residual(const mtp_normal *nq, const double *x, double norm) {
  const size_t m = mtp_normal_size(nq);
  const double *a = mtp_normal_matrix(nq), *b = mtp_normal_rhs(nq);
  double worst = 0;
  for (size_t i = 0; i < m; i++) {
    long double sum = -(long double)b[i];
    for (size_t j = 0; j < m; j++) sum += (long double)a[i * m + j] * (long double)x[j];
    sum += 1e-13L * (1 + (long double)a[i * m + i]) * (long double)x[i];
    worst = fmax(worst, fabs((double)sum) / sqrt(a[i * m + i] * norm));
  }
  return worst;
}

/* The loss of coefficients by evaluation: the quadratic form has lost too many digits to compare solutions with. */
static double evaluated_loss(mtp_context *ctx, mtp_potential *pot, const mtp_config_set *set, const double *x) {
  double *theta = data_calloc(pot->nparams, sizeof(double)), sum = 0;
  mtp_evaluator *ev = NULL;
  const size_t offset = mtp_offset_species(pot);
  memcpy(theta, pot->params, offset * sizeof(double));
  memcpy(theta + offset, x, (pot->nparams - offset) * sizeof(double));
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, theta));
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  for (size_t k = 0; k < set->n; k++) {
    mtp_config *got = mtp_config_copy(set->configs[k]);
    data_must(ctx, mtp_evaluator_config(ctx, ev, got, 0));
    sum += golden_loss(got, set->configs[k], MTP_WEIGHT_VIBRATIONS, 0);
    mtp_config_free(got);
  }
  mtp_evaluator_free(ev);
  free(theta);
  return sum / (double)set->n;
}

static void check_case(const char *name, int *failures) {
  mtp_context *ctx = data_context();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *set = golden_configs(ctx, name, "train.cfg", pot);
  golden_text *text = golden_text_open(name, "linear.txt");
  const size_t n = pot->nparams, offset = mtp_offset_species(pot), m = n - offset;
  double *theta = data_calloc(n, sizeof(double)), *mine = data_calloc(m, sizeof(double)), none = 0;
  golden_seek(text, "\n");
  golden_numbers(text, n, theta);
  golden_seek(text, "loss_after");
  const double loss = golden_number(text), norm = label_norm(set);
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, theta)); /* the radial part counts */
  mtp_normal *nq = NULL;
  data_must(ctx, mtp_normal_new(ctx, pot, mtp_weights_mlip(), &nq));
  for (size_t k = 0; k < set->n; k++) data_must(ctx, mtp_normal_add(ctx, nq, set->configs[k]));
  assert_int_equal(mtp_normal_configs(nq), set->n);
  assert_int_equal(mtp_normal_size(nq), m);
  const double rest = residual(nq, theta + offset, norm), same = mtp_normal_loss(nq, theta + offset);
  golden_check(failures, name, 0, "normal equations", 1, &rest, &none, 1, 1e-9);
  golden_check(failures, name, 0, "loss by quadratic form", 1, &same, &loss, 0,
               1e-8 + golden_form_noise(nq, theta + offset) / loss);
  const double evaluated = evaluated_loss(ctx, pot, set, theta + offset);
  golden_check(failures, name, 0, "loss", 1, &evaluated, &loss, 0, 1e-7);
  for (int k = 0; k < 2; k++) {
    const double ridge = k ? 0 : 1e-13; /* as small as the reference's, and what the library chooses */
    data_must(ctx, mtp_normal_solve(ctx, nq, ridge, mine));
    const double ours = evaluated_loss(ctx, pot, set, mine);
    print_message("%-32s ridge %g: loss %.12g, reference %.12g\n", name, ridge, ours, loss);
    if (!(ours <= loss * (1 + 1e-6)) || !(ours > 0)) ++*failures;
  }
  mtp_normal_free(nq);
  free(theta);
  free(mine);
  golden_text_close(text);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_cases(void **state) {
  (void)state;
  golden_visit_cases("linear.txt", 6, check_case);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
