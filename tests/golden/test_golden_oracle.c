/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_oracle.c
 * The oracle of the other tests against the reference data: if this holds, the oracle can be believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support_data.h"
#include "support_golden.h"
#include "support_naive.h"

static void check_labels(golden_visit *v, const naive_result *got) {
  const mtp_config *ref = v->reference;
  const double scale = golden_force_scale(v);
  assert_true(ref->has_energy && ref->has_virial && ref->force);
  golden_check(&v->failures, v->name, v->number, "energy", 1, &got->energy, &ref->energy, 0, GOLDEN_ENERGY);
  golden_check(&v->failures, v->name, v->number, "forces", 3 * ref->n, got->force, ref->force, scale, GOLDEN_FORCE);
  golden_check(&v->failures, v->name, v->number, "virial", 6, got->virial, ref->virial, scale, GOLDEN_FORCE);
}

static void check_aux(int *failures, const char *name, size_t k, const golden_aux *aux, const naive_result *got) {
  const size_t scalars = got->nscalars;
  const double tolerance = golden_gradient_tolerance(name);
  double *counts = data_calloc(got->n, sizeof(double));
  for (size_t i = 0; i < got->n; i++) counts[i] = got->neighbors[i];
  golden_check(failures, name, k, "neighbours", got->n, counts, aux->neighbors, 1, 0);
  golden_check(failures, name, k, "site energies", got->n, got->site_energy, aux->site_energy, 0, GOLDEN_ENERGY);
  golden_check(failures, name, k, "gradient", got->nparams, got->gradient, aux->gradient, 0, tolerance);
  for (size_t i = 0; i < aux->listed; i++) {
    golden_check(failures, name, k, i ? "row of atom 1" : "row of atom 0", got->nparams, got->rows + i * got->nparams,
                 aux->rows + i * got->nparams, 0, tolerance);
    golden_check(failures, name, k, i ? "basis of atom 1" : "basis of atom 0", scalars, got->scalars + i * scalars,
                 aux->scalars + i * (scalars + 1) + 1, 0, tolerance);
  }
  free(counts);
}

static void check(golden_visit *v) {
  naive_result *got = naive_config(v->pot, v->input);
  check_labels(v, got);
  check_aux(&v->failures, v->name, v->number, v->aux, got);
  naive_result_free(got);
}

static void test_cases(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  golden_visit_all(ctx, check);
  mtp_context_free(ctx);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
