/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_mixed.c
 * How far results of precision mixed deviate; see support_mixed.h. */
#include "support_mixed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

#include "support_data.h"

/* The larger one; not-a-number is larger than all. */
static double larger(double a, double b) {
  return a > b || isnan(a) ? a : b;
}

void mixed_add(mixed_sums *sums, const mtp_config *got, const mtp_config *want) {
  const double n = (double)want->n;
  assert_int_equal(got->n, want->n);
  assert_true(got->has_energy && got->force && got->has_virial && want->force);
  sums->configs++;
  sums->components += 3 * want->n;
  for (size_t i = 0; i < 3 * want->n; i++) {
    const double difference = got->force[i] - want->force[i];
    sums->difference2 += difference * difference;
    sums->force2 += want->force[i] * want->force[i];
  }
  sums->energy = larger(fabs(got->energy - want->energy) / n, sums->energy);
  for (size_t i = 0; i < want->n && want->site_energy; i++)
    sums->site = larger(fabs(got->site_energy[i] - want->site_energy[i]), sums->site);
  for (int a = 0; a < 6; a++) sums->virial = larger(fabs(got->virial[a] - want->virial[a]) / n, sums->virial);
  sums->site_energy = fmax(sums->site_energy, data_largest(got->n, got->site_energy));
}

double mixed_rms_force(const mixed_sums *sums) {
  return sqrt(sums->force2 / (double)sums->components);
}

double mixed_force(const mixed_sums *sums, double floor) {
  return sqrt(sums->difference2 / (double)sums->components) / fmax(mixed_rms_force(sums), floor);
}

void mixed_check(int *failures, const char *what, const mixed_sums *sums, double scale) {
  const double force = mixed_force(sums, MIXED_FLOOR);
  const bool good = sums->configs > 0 && force <= MIXED_FORCE && sums->energy <= scale * MIXED_ENERGY &&
                    sums->site <= scale * MIXED_SITE && sums->virial <= scale * MIXED_VIRIAL;
  print_message("%-32s %4zu  force %.1e of %-8.3g  energy %.1e  virial %.1e  site %.1e of %-8.3g %s\n", what,
                sums->configs, force, mixed_rms_force(sums), sums->energy, sums->virial, sums->site, sums->site_energy,
                good ? "" : "TOO LARGE");
  if (!good) ++*failures;
}
