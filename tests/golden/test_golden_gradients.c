/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_gradients.c
 * Derivatives of energies and site energies by the parameters, and the basis values among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_golden.h"

static void check_config(mtp_context *ctx, int *failures, const char *name, size_t k, const mtp_potential *pot,
                         mtp_evaluator *ev, const mtp_config *cfg, const golden_aux *aux) {
  const size_t n = pot->nparams, scalars = (size_t)pot->basis.nscalars;
  const double tolerance = golden_gradient_tolerance(name);
  mtp_neighbors *nb = NULL;
  data_must(ctx, mtp_neighbors_build(ctx, cfg, mtp_potential_cutoff(pot), &nb));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {.gradient = data_calloc(n, sizeof(double)), .rows = data_calloc(nb->n * n, sizeof(double))};
  data_must(ctx, mtp_evaluator_compute(ctx, ev, &atoms, NULL, &out));
  golden_check(failures, name, k, "gradient", n, out.gradient, aux->gradient, 0, tolerance);
  for (size_t i = 0; i < aux->listed; i++) {
    const double *row = out.rows + i * n;
    golden_check(failures, name, k, i ? "row of atom 1" : "row of atom 0", n, row, aux->rows + i * n, 0, tolerance);
    golden_check(failures, name, k, i ? "basis of atom 1" : "basis of atom 0", scalars, row + mtp_offset_moment(pot),
                 aux->scalars + i * (scalars + 1) + 1, 0, tolerance);
  }
  free(out.gradient);
  free(out.rows);
  mtp_neighbors_free(nb);
}

static void check(golden_visit *v) {
  mtp_evaluator *ev = NULL;
  data_must(v->ctx, mtp_evaluator_new(v->ctx, v->pot, &ev));
  check_config(v->ctx, &v->failures, v->name, v->number, v->pot, ev, v->input, v->aux);
  mtp_evaluator_free(ev);
}

static void test_cases(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  golden_visit_all(ctx, check);
  mtp_context_free(ctx);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
