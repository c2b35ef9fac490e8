/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_efs.c
 * Energies, forces, virials, site energies and neighbour counts of the reference data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_golden.h"

static void check_labels(golden_visit *v, const mtp_config *got) {
  const mtp_config *want = v->reference;
  const double scale = golden_force_scale(v);
  assert_int_equal(got->n, want->n);
  assert_true(want->has_energy && want->has_virial && want->force);
  golden_check(&v->failures, v->name, v->number, "energy", 1, &got->energy, &want->energy, 0, GOLDEN_ENERGY);
  golden_check(&v->failures, v->name, v->number, "forces", 3 * got->n, got->force, want->force, scale, GOLDEN_FORCE);
  golden_check(&v->failures, v->name, v->number, "virial", 6, got->virial, want->virial, scale, GOLDEN_FORCE);
}

static void check_neighbors(mtp_context *ctx, int *failures, const char *name, size_t k, const mtp_config *cfg,
                            double cutoff, const double *want) {
  mtp_neighbors *nb = NULL;
  double *counts = data_calloc(cfg->n, sizeof(double));
  data_must(ctx, mtp_neighbors_build(ctx, cfg, cutoff, &nb));
  for (size_t i = 0; i < cfg->n; i++) counts[i] = nb->count[i];
  golden_check(failures, name, k, "neighbours", cfg->n, counts, want, 1, 0);
  mtp_neighbors_free(nb);
  free(counts);
}

/* The configurations without labels are evaluated, so that nothing can be left over from the reference. */
static void check(golden_visit *v) {
  mtp_evaluator *ev = NULL;
  mtp_config *cfg = v->input;
  data_must(v->ctx, mtp_evaluator_new(v->ctx, v->pot, &ev));
  data_must(v->ctx, mtp_evaluator_config(v->ctx, ev, cfg, 0));
  check_labels(v, cfg);
  check_neighbors(v->ctx, &v->failures, v->name, v->number, cfg, mtp_potential_cutoff(v->pot), v->aux->neighbors);
  golden_check(&v->failures, v->name, v->number, "site energies", cfg->n, cfg->site_energy, v->aux->site_energy, 0,
               GOLDEN_ENERGY);
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
