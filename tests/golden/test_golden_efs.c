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

static void check_labels(int *failures, const char *name, size_t k, const mtp_config *got, const mtp_config *want) {
  assert_int_equal(got->n, want->n);
  assert_true(want->has_energy && want->has_virial && want->force);
  golden_check(failures, name, k, "energy", 1, &got->energy, &want->energy, 0, GOLDEN_ENERGY);
  golden_check(failures, name, k, "forces", 3 * got->n, got->force, want->force, GOLDEN_FLOOR, GOLDEN_FORCE);
  golden_check(failures, name, k, "virial", 6, got->virial, want->virial, GOLDEN_FLOOR, GOLDEN_FORCE);
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
static void test_cases(void **state) {
  (void)state;
  int failures = 0;
  mtp_context *ctx = data_context();
  for (int c = 0; golden_cases[c]; c++) {
    const char *name = golden_cases[c];
    mtp_evaluator *ev = NULL;
    mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
    mtp_config_set *set = golden_configs(ctx, name, "input.cfg", pot);
    mtp_config_set *want = golden_configs(ctx, name, "reference.cfg", pot);
    golden_text *text = golden_text_open(name, "aux.txt");
    data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
    assert_int_equal(set->n, want->n);
    for (size_t k = 0; k < set->n; k++) {
      golden_aux aux;
      mtp_config *cfg = set->configs[k];
      golden_aux_read(text, pot, &aux);
      assert_int_equal(aux.natoms, cfg->n);
      assert_false(cfg->has_energy || cfg->has_virial || cfg->force);
      data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 0));
      check_labels(&failures, name, k, cfg, want->configs[k]);
      check_neighbors(ctx, &failures, name, k, cfg, mtp_potential_cutoff(pot), aux.neighbors);
      golden_check(&failures, name, k, "site energies", cfg->n, cfg->site_energy, aux.site_energy, 0, GOLDEN_ENERGY);
      golden_aux_clear(&aux);
    }
    golden_text_close(text);
    mtp_evaluator_free(ev);
    mtp_config_set_free(want);
    mtp_config_set_free(set);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
  assert_int_equal(failures, 0);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
