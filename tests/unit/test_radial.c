/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_radial.c
 * The library's radial functions (recurrences) against the oracle's closed forms, for all types, sizes and
 * distances. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_data.h"
#include "support_naive.h"

static void check(const mtp_radial *radial, double r) {
  double q[MTP_MAX_RADIAL_SIZE], dq[MTP_MAX_RADIAL_SIZE], want[MTP_MAX_RADIAL_SIZE], dwant[MTP_MAX_RADIAL_SIZE];
  mtp_radial_values(radial, r, q, dq);
  naive_radial_values(radial, r, want, dwant);
  data_expect_close("functions", (size_t)radial->size, q, want, 1e-12);
  data_expect_close("derivatives", (size_t)radial->size, dq, dwant, 1e-12);
  memset(q, 0, sizeof(q));
  mtp_radial_values(radial, r, q, NULL);
  data_expect_close("functions alone", (size_t)radial->size, q, want, 1e-12);
}

static void test_closed_forms(void **state) {
  (void)state;
  mtp_random random = {1};
  for (int k = 0; k < 600; k++) {
    mtp_radial radial = {.type = (mtp_radial_type)(k % 3),
                         .min_dist = data_uniform(&random, 0.5, 3),
                         .max_dist = data_uniform(&random, 4, 9),
                         .scaling = data_uniform(&random, 0.01, 2)};
    const int largest = radial.type == MTP_RADIAL_SHAPEEV ? 12 : MTP_MAX_RADIAL_SIZE;
    radial.size = 2 + (int)data_index(&random, (size_t)largest - 1);
    mtp_radial_prepare(&radial);
    check(&radial, data_uniform(&random, radial.min_dist, radial.max_dist));
    check(&radial, data_uniform(&random, 0.8 * radial.min_dist, radial.min_dist));
    check(&radial, radial.min_dist);
    check(&radial, nextafter(radial.min_dist, 9));
    check(&radial, 0.999 * radial.max_dist);
  }
}

/* Functions and slopes vanish at the cutoff. */
static void test_cutoff(void **state) {
  (void)state;
  for (int type = 0; type < 3; type++) {
    mtp_radial radial = {.type = (mtp_radial_type)type, .min_dist = 2, .max_dist = 5, .scaling = 1, .size = 8};
    double q[8], dq[8];
    mtp_radial_prepare(&radial);
    mtp_radial_values(&radial, nextafter(5, 0), q, dq);
    assert_true(data_largest(8, q) < 1e-25);
    assert_true(data_largest(8, dq) < 1e-12);
    mtp_radial_values(&radial, 3, q, dq);
    assert_true(data_largest(8, q) > 1e-3);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_closed_forms), cmocka_unit_test(test_cutoff)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
