/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_radial.c
 * Radial basis functions and their derivatives: the library's recurrences and the oracle's closed forms against the
 * reference tables. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_data.h"
#include "support_golden.h"
#include "support_naive.h"

/* The originals of RBShapeev lose digits towards the cutoff, each function the more the higher its number. */
static double table_tolerance(const char *name) {
  return strstr(name, "rbshapeev") ? 1e-7 : 1e-13;
}

static void check_table(const char *name, int *failures) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  golden_text *text = golden_text_open(name, "radial.txt");
  const mtp_radial *radial = &pot->radial;
  const size_t size = (size_t)radial->size;
  assert_int_equal(size, 8);
  golden_seek(text, "\n");
  size_t lines = 0;
  while (strspn(text->at, " \n") < strlen(text->at)) {
    const double r = golden_number(text), tolerance = table_tolerance(name);
    double want[8], dwant[8], q[8], dq[8];
    golden_numbers(text, size, want);
    golden_numbers(text, size, dwant);
    for (size_t k = 0; k < size; k++) {
      want[k] *= radial->scaling;
      dwant[k] *= radial->scaling;
    }
    if (r < radial->max_dist) {
      mtp_radial_values(radial, r, q, dq);
      golden_check(failures, name, lines, "radial functions", size, q, want, 0, tolerance);
      golden_check(failures, name, lines, "their derivatives", size, dq, dwant, 0, tolerance);
      naive_radial_values(radial, r, q, dq);
      golden_check(failures, name, lines, "the oracle's functions", size, q, want, 0, tolerance);
      golden_check(failures, name, lines, "the oracle's derivatives", size, dq, dwant, 0, tolerance);
    }
    lines++;
  }
  assert_true(lines > 10);
  golden_text_close(text);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_tables(void **state) {
  (void)state;
  int failures = 0, tables = 0;
  for (int c = 0; golden_cases[c]; c++) {
    if (!golden_has(golden_cases[c], "radial.txt")) continue;
    check_table(golden_cases[c], &failures);
    tables++;
  }
  assert_true(tables >= 2);
  assert_int_equal(failures, 0);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
