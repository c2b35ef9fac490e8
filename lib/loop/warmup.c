/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/warmup.c
 * Warm-up configurations: at a cold start every parameter is undetermined, and a handful of disturbed copies of the
 * first configuration settle most of them. Copy k of N has the fraction 0.25 + 0.75 k/(N-1) of the full disturbance, so
 * that the copies cover the neighbourhood of the start as well as its rim. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "loop/loop.h"
#include "support/support.h"

/* Standard deviation of a component of the strain. Uniform deviates: a rare large one would be a configuration that the
 * run never meets. */
#define STRAIN 0.02

/* P of the projection onto the span of the periodic lattice vectors; a layer is not strained across. */
static void periodic_projector(const mtp_config *cfg, double p[9]) {
  double basis[9];
  int count = 0;
  for (int i = 0; i < 9; i++) p[i] = 0.0;
  for (int d = 0; d < 3; d++) {
    const double *a = cfg->cell + 3 * d;
    double length = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
    if (!cfg->periodic[d] || length == 0.0) continue;
    double v[3] = {a[0] / length, a[1] / length, a[2] / length};
    for (int b = 0; b < count; b++) {
      const double *u = basis + 3 * b;
      double overlap = v[0] * u[0] + v[1] * u[1] + v[2] * u[2];
      for (int i = 0; i < 3; i++) v[i] -= overlap * u[i];
    }
    length = sqrt(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
    if (length < 1e-8) continue;
    for (int i = 0; i < 3; i++) basis[3 * count + i] = v[i] / length;
    count++;
  }
  for (int b = 0; b < count; b++)
    for (int i = 0; i < 9; i++) p[i] += basis[3 * b + i / 3] * basis[3 * b + i % 3];
}

static void multiply(const double a[9], const double b[9], double c[9]) {
  for (int i = 0; i < 9; i++)
    c[i] = a[i / 3 * 3] * b[i % 3] + a[i / 3 * 3 + 1] * b[3 + i % 3] + a[i / 3 * 3 + 2] * b[6 + i % 3];
}

/* F = 1 + P e P for row vectors. e is written as a lower triangle with doubled shears, which differs from the symmetric
 * strain only by a rotation and keeps a cell in the orientation that LAMMPS wants (a along x, b in the xy plane). */
static void random_deformation(const mtp_config *cfg, double amount, mtp_random *random, double f[9]) {
  double e[9] = {0.0}, p[9], pe[9];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j <= i; j++)
      e[3 * i + j] = amount * sqrt(3.0) * (2.0 * mtp_random_uniform(random) - 1.0) * (i == j ? 1.0 : 2.0);
  periodic_projector(cfg, p);
  multiply(p, e, pe);
  multiply(pe, p, f);
  for (int i = 0; i < 3; i++) f[4 * i] += 1.0;
}

static void transform(const double f[9], double x[3]) {
  double y[3];
  for (int j = 0; j < 3; j++) y[j] = x[0] * f[j] + x[1] * f[3 + j] + x[2] * f[6 + j];
  for (int j = 0; j < 3; j++) x[j] = y[j];
}

void mtp_loop_drop_results(mtp_config *cfg) {
  free(cfg->force);
  free(cfg->site_energy);
  free(cfg->grade);
  free(cfg->force_error);
  cfg->force = cfg->site_energy = cfg->grade = cfg->force_error = NULL;
  cfg->has_energy = cfg->has_virial = cfg->has_max_grade = false;
  static const char *const said[] = {"qm",
                                     "step",
                                     "warmup",
                                     "squeezed",
                                     "hole",
                                     "trial",
                                     "explored",
                                     MTP_CHECK_KEY,
                                     "config_weight",
                                     "config_type",
                                     "config_stress_weight",
                                     MTP_BASELINE_KEY,
                                     MTP_BASELINE_ENERGY_KEY};
  const bool whole = !cfg->force_mask; /* else the weights belong to what is masked */
  for (size_t k = 0; k < sizeof said / sizeof *said; k++)
    if (whole || strncmp(said[k], "config_", 7) != 0) mtp_config_drop_feature(cfg, said[k]);
}

mtp_config *mtp_warmup_copy(const mtp_config *first, int k, int count, double sigma, unsigned long long seed) {
  mtp_config *cfg = mtp_config_copy(first);
  if (!cfg) return NULL;
  mtp_loop_drop_results(cfg);
  double fraction = count > 1 ? 0.25 + 0.75 * k / (count - 1) : 1.0, f[9];
  mtp_random random = {seed + 0x632be59bd9b4e019ULL * (unsigned long long)(k + 1)};
  random_deformation(first, STRAIN * fraction, &random, f);
  for (int d = 0; d < 3; d++) transform(f, cfg->cell + 3 * d);
  for (size_t i = 0; i < cfg->n; i++) transform(f, cfg->x + 3 * i);
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] += sigma * fraction * mtp_random_normal(&random);
  return cfg;
}
