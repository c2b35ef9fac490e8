/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_mixed.c
 * Precision mixed against the energies, forces and virials of the reference data. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_golden.h"
#include "support_mixed.h"

static void check(const char *name, int *failures) {
  mtp_context *ctx = data_context();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *input = golden_configs(ctx, name, "input.cfg", pot);
  mtp_config_set *reference = golden_configs(ctx, name, "reference.cfg", pot);
  mtp_evaluator *ev = NULL;
  mixed_sums sums = {0};
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_evaluator_set_precision(ctx, ev, MTP_PRECISION_MIXED));
  assert_int_equal(input->n, reference->n);
  for (size_t k = 0; k < input->n; k++) {
    data_must(ctx, mtp_evaluator_config(ctx, ev, input->configs[k], 0));
    mixed_add(&sums, input->configs[k], reference->configs[k]);
  }
  /* some of these potentials have energies of hundreds of eV an atom */
  mixed_check(failures, name, &sums, fmax(1, sums.site_energy / 10));
  mtp_evaluator_free(ev);
  mtp_config_set_free(reference);
  mtp_config_set_free(input);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_cases(void **state) {
  (void)state;
  golden_visit_cases("reference.cfg", 10, check);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
