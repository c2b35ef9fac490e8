/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_pair_part.c
 * The learned pair part: sums of powers and their derivatives, Lennard-Jones crystals recovered from labels whose
 * lattice sums are made in another way, turns with a potential, and the tables for LAMMPS. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/pair_part.h"
#include "mtp/neighbors.h"
#include "support_config.h"
#include "support_data.h"

#define PI 3.14159265358979323846

/* ---- crystals ---- */

/* Least distances of pairs of species, beside one another. */
static const double sigma[2][2] = {{1.0, 0.92}, {0.92, 0.85}}, epsilon[2][2] = {{1.0, 1.3}, {1.3, 0.7}};

static double distance_to_images(const mtp_config *cfg, size_t i, size_t j) {
  double least = INFINITY;
  for (int m = 0; m < 27; m++) {
    const int turn[3] = {m % 3 - 1, m / 3 % 3 - 1, m / 9 - 1};
    double square = 0.0;
    for (size_t c = 0; c < 3; c++) {
      double d = cfg->x[3 * j + c] - cfg->x[3 * i + c];
      for (size_t e = 0; e < 3; e++) d += turn[e] * cfg->cell[3 * e + c];
      square += d * d;
    }
    if (i != j || m != 13) least = fmin(least, sqrt(square));
  }
  return least;
}

static bool place(mtp_config *cfg, size_t i, mtp_random *random) {
  double s[3];
  for (int c = 0; c < 3; c++) s[c] = mtp_random_uniform(random);
  for (size_t c = 0; c < 3; c++)
    cfg->x[3 * i + c] = s[0] * cfg->cell[c] + s[1] * cfg->cell[3 + c] + s[2] * cfg->cell[6 + c];
  for (size_t j = 0; j <= i; j++)
    if (distance_to_images(cfg, i, j) < 0.95 * sigma[cfg->species[i]][cfg->species[j]]) return false;
  return true;
}

/* A_x B_y, 4 to 12 atoms at random in a cell of a random shape; NULL where they find no room. */
static mtp_config *try_crystal(mtp_random *random) {
  const size_t n = 4 + data_index(random, 9), a = 1 + data_index(random, n - 1);
  mtp_config *cfg = mtp_config_new(n);
  for (size_t k = 0; k < 9; k++) cfg->cell[k] = (k % 4 == 0 ? 1.0 : 0.0) + data_uniform(random, -0.25, 0.25);
  const double scale = cbrt((double)n * data_uniform(random, 1.1, 1.7) / fabs(mtp_config_volume(cfg)));
  for (int k = 0; k < 9; k++) cfg->cell[k] *= scale;
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  for (size_t i = 0; i < n; i++) {
    int tries = 0;
    cfg->species[i] = i < a ? 0 : 1;
    while (!place(cfg, i, random) && tries < 300) tries++;
    if (tries < 300) continue;
    mtp_config_free(cfg);
    return NULL;
  }
  return cfg;
}

static mtp_config *random_crystal(mtp_random *random) {
  for (;;) {
    mtp_config *cfg = try_crystal(random);
    if (cfg) return cfg;
  }
}

/* ---- sums over a lattice in another way ---- */

/* All images within some 42 units, weighed by a window that falls smoothly, and a continuum for the rest: what is left
 * are Fourier components of the window, exp(-(h w/2)^2). */
#define MIDDLE 19.0
#define WIDTH  3.8
#define FAR    (MIDDLE + 6.0 * WIDTH)

typedef double pair_function(const void *user, int s, int t, double r, double *slope);

static double window(double r, double *slope) {
  const double u = (r - MIDDLE) / WIDTH;
  *slope = 0.0;
  if (u < -6.0) return 1.0;
  *slope = -exp(-u * u) / (sqrt(PI) * WIDTH);
  return 0.5 * erfc(u);
}

static void add_images(mtp_config *cfg, size_t i, size_t j, pair_function *f, const void *user) {
  int limit[3];
  double normal[3][3];
  const double volume = fabs(mtp_config_volume(cfg));
  for (size_t d = 0; d < 3; d++) {
    const double *u = cfg->cell + 3 * ((d + 1) % 3), *v = cfg->cell + 3 * ((d + 2) % 3);
    for (size_t c = 0; c < 3; c++) normal[d][c] = u[(c + 1) % 3] * v[(c + 2) % 3] - u[(c + 2) % 3] * v[(c + 1) % 3];
    const double area = sqrt(normal[d][0] * normal[d][0] + normal[d][1] * normal[d][1] + normal[d][2] * normal[d][2]);
    limit[d] = (int)ceil(FAR * area / volume) + 1;
  }
  for (int p = -limit[0]; p <= limit[0]; p++)
    for (int q = -limit[1]; q <= limit[1]; q++)
      for (int m = -limit[2]; m <= limit[2]; m++) {
        double d[3], square = 0.0, slope, fall;
        for (size_t c = 0; c < 3; c++) {
          d[c] = cfg->x[3 * j + c] - cfg->x[3 * i + c] + p * cfg->cell[c] + q * cfg->cell[3 + c] + m * cfg->cell[6 + c];
          square += d[c] * d[c];
        }
        if (square > FAR * FAR || square < 1e-12) continue;
        const double r = sqrt(square), w = window(r, &fall), v = f(user, cfg->species[i], cfg->species[j], r, &slope);
        cfg->energy += 0.5 * w * v;
        for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += (w * slope + fall * v) * d[c] / r;
      }
}

/* Simpson's rule over the window, and r^-4 or steeper beyond by its last power. */
static double tail(pair_function *f, const void *user, int s, int t, double end) {
  double sum = 0.0, slope, fall;
  const int steps = 20000;
  for (int k = 0; k <= steps; k++) { /* in u = 1/r */
    const double u = 1.0 / end + k * (1.0 / 0.8 - 1.0 / end) / steps, r = 1.0 / u;
    const double value = r > FAR ? 1.0 : 1.0 - window(r, &fall);
    const double weight = k == 0 || k == steps ? 1.0 : k % 2 ? 4.0 : 2.0;
    sum += weight * value * f(user, s, t, r, &slope) * 4.0 * PI * r * r / (u * u);
  }
  return sum * (1.0 / 0.8 - 1.0 / end) / steps / 3.0;
}

static void label(mtp_context *ctx, mtp_config *cfg, pair_function *f, const void *user) {
  const double volume = fabs(mtp_config_volume(cfg));
  double integral[2][2];
  for (int s = 0; s < 2; s++)
    for (int t = 0; t < 2; t++) integral[s][t] = tail(f, user, s, t, 1e9);
  data_must(ctx, mtp_config_require_force(ctx, cfg));
  memset(cfg->force, 0, 3 * cfg->n * sizeof *cfg->force);
  cfg->energy = 0.0;
  cfg->has_energy = true;
  for (size_t i = 0; i < cfg->n; i++)
    for (size_t j = 0; j < cfg->n; j++) {
      add_images(cfg, i, j, f, user);
      cfg->energy += 0.5 * integral[cfg->species[i]][cfg->species[j]] / volume;
    }
}

static double lennard_jones(const void *user, int s, int t, double r, double *slope) {
  const double q = pow(sigma[s][t] / r, 6);
  (void)user;
  *slope = epsilon[s][t] * (24.0 * q - 48.0 * q * q) / r;
  return 4.0 * epsilon[s][t] * (q * q - q);
}

static double one_power(const void *user, int s, int t, double r, double *slope) {
  const int *k = user;
  if (s + t != 1) { /* A and B alone */
    *slope = 0.0;
    return 0.0;
  }
  *slope = -*k * pow(r, -*k - 1);
  return pow(r, -*k);
}

/* ---- rows ---- */

static void lattice_sums_are_those_of_images(void **state) {
  bench *b = *state;
  mtp_random random = {4};
  const mtp_pair_basis basis = {2, 4, 15, 0.0};
  mtp_config *cfg = random_crystal(&random);
  double *rows;
  const size_t size = mtp_pair_basis_size(&basis);
  data_must(b->ctx, mtp_pair_rows(b->ctx, &basis, cfg, &rows));
  for (int k = 4; k <= 15; k++) {
    const size_t q = mtp_pair_basis_pair(&basis, 0, 1) * 12 + (size_t)(k - 4);
    label(b->ctx, cfg, one_power, &k);
    data_expect_near("energy", 1, &rows[q], &cfg->energy, 0.0, k < 6 ? 1e-7 : 1e-9);
    double *force = data_calloc(3 * cfg->n, sizeof *force);
    for (size_t i = 0; i < 3 * cfg->n; i++) force[i] = rows[(1 + i) * size + q];
    data_expect_near("forces", 3 * cfg->n, force, cfg->force, 0.0, k < 6 ? 1e-7 : 1e-9);
    free(force);
  }
  free(rows);
  mtp_config_free(cfg);
}

static double *energies(mtp_context *ctx, const mtp_pair_basis *basis, const mtp_config *cfg) {
  double *rows;
  data_must(ctx, mtp_pair_rows(ctx, basis, cfg, &rows));
  return rows;
}

/* x = (1 + e) x with e symmetric, of which component c is `strain`. */
static void deform(mtp_config *cfg, int c, double strain) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  double e[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  e[3 * first[c] + second[c]] += c < 3 ? strain : 0.5 * strain;
  if (c >= 3) e[3 * second[c] + first[c]] += 0.5 * strain;
  for (size_t k = 0; k < cfg->n + 3; k++) {
    double *v = k < cfg->n ? cfg->x + 3 * k : cfg->cell + 3 * (k - cfg->n), y[3];
    for (int a = 0; a < 3; a++) y[a] = e[3 * a] * v[0] + e[3 * a + 1] * v[1] + e[3 * a + 2] * v[2];
    memcpy(v, y, sizeof y);
  }
}

static void check_derivatives(mtp_context *ctx, const mtp_pair_basis *basis, const mtp_config *cfg) {
  const size_t size = mtp_pair_basis_size(basis);
  const double step = 1e-4;
  double *rows = energies(ctx, basis, cfg), *slopes = data_calloc(size, sizeof *slopes);
  for (size_t k = 0; k < 3 * cfg->n + 6; k++) {
    double *side[2];
    for (int s = 0; s < 2; s++) {
      mtp_config *moved = mtp_config_copy(cfg);
      if (k < 3 * cfg->n)
        moved->x[k] += s ? step : -step;
      else
        deform(moved, (int)(k - 3 * cfg->n), s ? step : -step);
      side[s] = energies(ctx, basis, moved);
      mtp_config_free(moved);
    }
    for (size_t q = 0; q < size; q++) slopes[q] = -(side[1][q] - side[0][q]) / (2.0 * step);
    data_expect_near(k < 3 * cfg->n ? "forces" : "virials", size, rows + (1 + k) * size, slopes,
                     data_largest(size, rows), 1e-5);
    free(side[0]);
    free(side[1]);
  }
  free(slopes);
  free(rows);
}

static void rows_are_derivatives(void **state) {
  bench *b = *state;
  mtp_random random = {11};
  const mtp_pair_basis cut = {2, 4, 15, 6.0}, whole = {2, 4, 15, 0.0};
  mtp_config *crystal = random_crystal(&random);
  check_derivatives(b->ctx, &whole, crystal);
  mtp_config_free(crystal);
  const data_shape shapes[] = {DATA_TRICLINIC, DATA_THIN, DATA_SLAB, DATA_CLUSTER};
  for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
    mtp_config *cfg = data_config(&random, shapes[k], 6, 2, 2.4);
    check_derivatives(b->ctx, &cut, cfg);
    if (shapes[k] == DATA_CLUSTER) check_derivatives(b->ctx, &whole, cfg);
    mtp_config_free(cfg);
  }
}

/* ---- Lennard-Jones ---- */

#define CRYSTALS 24
#define HELD_OUT 8

/* Crystals with energies as in the published test, -30 to -2. */
static mtp_config *lennard_jones_crystal(mtp_context *ctx, mtp_random *random) {
  for (;;) {
    mtp_config *cfg = random_crystal(random);
    label(ctx, cfg, lennard_jones, NULL);
    if (cfg->energy > -30.0 && cfg->energy < -2.0) return cfg;
    mtp_config_free(cfg);
  }
}

static mtp_config_set *lennard_jones_set(mtp_context *ctx, unsigned long long seed, int count) {
  mtp_random random = {seed};
  mtp_config_set *set = mtp_config_set_new();
  mtp_config_set_species(set, "A");
  mtp_config_set_species(set, "B");
  for (int k = 0; k < count; k++) data_must(ctx, mtp_config_set_append(ctx, set, lennard_jones_crystal(ctx, &random)));
  return set;
}

static void lennard_jones_is_recovered(void **state) {
  bench *b = *state;
  mtp_pair_part_options options = mtp_pair_part_defaults();
  options.cutoff = 0.0;
  mtp_config_set *set = lennard_jones_set(b->ctx, 2026, CRYSTALS), *rest = lennard_jones_set(b->ctx, 77, HELD_OUT);
  mtp_pair_part *part;
  data_must(b->ctx, mtp_pair_part_new(b->ctx, 2, &options, &part));
  data_must(b->ctx, mtp_pair_part_fit(b->ctx, part, NULL, set));
  double sum = 0.0, forces = 0.0;
  size_t components = 0;
  for (size_t k = 0; k < rest->n; k++) {
    mtp_config *cfg = mtp_config_copy(rest->configs[k]);
    data_must(b->ctx, mtp_pair_part_compute(b->ctx, part, cfg));
    for (size_t i = 0; i < cfg->n; i++) cfg->energy += mtp_pair_part_constant(part, cfg->species[i]);
    sum += pow(cfg->energy - rest->configs[k]->energy, 2);
    for (size_t i = 0; i < 3 * cfg->n; i++) forces += pow(cfg->force[i] - rest->configs[k]->force[i], 2);
    components += 3 * cfg->n;
    mtp_config_free(cfg);
  }
  const double energy_rmse = sqrt(sum / (double)rest->n), force_rmse = sqrt(forces / (double)components);
  print_message("held out: energy RMSE %.2g eps, force RMSE %.2g eps/sigma\n", energy_rmse, force_rmse);
  assert_true(energy_rmse < 1e-7);
  assert_true(force_rmse < 1e-6);
  for (int s = 0; s < 2; s++)
    for (int t = s; t < 2; t++) {
      const double attraction = -4.0 * epsilon[s][t] * pow(sigma[s][t], 6);
      print_message("A_6 %g of %g\n", mtp_pair_part_coefficient(part, s, t, 6), attraction);
      double slope;
      for (double r = 1.0; r < 2.5; r += 0.1) {
        const double want = lennard_jones(NULL, s, t, r, &slope), got = mtp_pair_part_pair_energy(part, s, t, r, NULL);
        assert_true(fabs(got - want) < 1e-4);
      }
    }
  mtp_pair_part_free(part);
  mtp_config_set_free(set);
  mtp_config_set_free(rest);
}

/* ---- with a potential ---- */

/* Lennard-Jones as far as 10 A (12-6; the powers are the library's own). */
static void add_lennard_jones(mtp_context *ctx, mtp_config *cfg) {
  const mtp_pair_basis basis = {2, 6, 12, 10.0};
  double *rows = energies(ctx, &basis, cfg);
  const size_t size = mtp_pair_basis_size(&basis);
  data_must(ctx, mtp_config_require_force(ctx, cfg));
  cfg->has_energy = true;
  for (int s = 0; s < 2; s++)
    for (int t = s; t < 2; t++)
      for (size_t k = 0; k <= 3 * cfg->n; k++) {
        const double *row = rows + k * size + mtp_pair_basis_pair(&basis, s, t) * 7, q = pow(2.4 * sigma[s][t], 6);
        *(k ? &cfg->force[k - 1] : &cfg->energy) += 0.8 * epsilon[s][t] * q * (q * row[6] - row[0]);
      }
  free(rows);
}

/* Of pairs alone. */
static mtp_config *compound(mtp_context *ctx, mtp_random *random) {
  mtp_config *cfg = data_config(random, DATA_TRICLINIC, 8, 2, 2.7);
  add_lennard_jones(ctx, cfg);
  return cfg;
}

static mtp_potential *untrained(mtp_context *ctx) {
  static const char *const names[] = {"A", "B"};
  const mtp_potential_spec spec = {8, 2, names, 4.5, 1.8, 8};
  mtp_potential *pot;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* Pairs and what a potential of the same radial functions has beside them. */
static void turns_are_better_than_either(void **state) {
  static const data_recipe recipe = {8, 2, 8, MTP_RADIAL_CHEBYSHEV, 1.8, 4.5};
  bench *b = *state;
  mtp_random random = {5};
  mtp_config_set *set = mtp_config_set_new();
  mtp_potential *pot = data_potential(b->ctx, &random, &recipe), *alone = NULL;
  data_must(b->ctx, mtp_potential_copy(b->ctx, pot, &alone));
  for (int k = 0; k < 60; k++) {
    mtp_config *cfg = data_config(&random, DATA_TRICLINIC, 8, 2, 2.7);
    data_append_labelled(b->ctx, set, pot, cfg);
    set->configs[k]->has_virial = false;
    add_lennard_jones(b->ctx, set->configs[k]);
    mtp_config_free(cfg);
  }
  mtp_train_options train = mtp_train_defaults();
  train.linear = true;
  mtp_train_result result;
  data_must(b->ctx, mtp_train(b->ctx, &train, alone, set, NULL, &result));
  mtp_pair_part *part;
  mtp_pair_part_report report;
  data_must(b->ctx, mtp_pair_part_new(b->ctx, 2, NULL, &part));
  data_must(b->ctx, mtp_pair_part_learn(b->ctx, part, &train, alone, set, &report));
  print_message("losses: potential %.3g, pair part %.3g, both %.3g after %d rounds\n", result.loss, report.alone,
                report.loss, report.rounds);
  assert_true(report.rounds > 1);
  assert_true(report.loss < 0.2 * result.loss);
  assert_true(report.loss < 0.2 * report.alone);
  mtp_pair_part_free(part);
  mtp_potential_free(alone);
  mtp_potential_free(pot);
  mtp_config_set_free(set);
}

/* ---- beyond the data, tables, refusals ---- */

static mtp_pair_part *fitted(mtp_context *ctx, double cutoff) {
  mtp_random random = {9};
  mtp_pair_part_options options = mtp_pair_part_defaults();
  options.cutoff = cutoff;
  mtp_config_set *set = mtp_config_set_new();
  for (int k = 0; k < 10; k++) data_must(ctx, mtp_config_set_append(ctx, set, compound(ctx, &random)));
  mtp_pair_part *part;
  data_must(ctx, mtp_pair_part_new(ctx, 2, &options, &part));
  data_must(ctx, mtp_pair_part_fit(ctx, part, NULL, set));
  mtp_config_set_free(set);
  return part;
}

/* Closer than in the data it is smooth, and rises more and more. */
static void it_goes_on_below_the_data(void **state) {
  bench *b = *state;
  mtp_pair_part *part = fitted(b->ctx, 8.0);
  mtp_random random = {3};
  for (size_t k = 0; k < 3; k++) {
    const int s = k == 2, t = k > 0;
    const double begin = 0.98 * part->shortest[k];
    double low, high, force, before = -INFINITY;
    assert_true(begin > 1.0 && begin < 3.0);
    assert_true(fabs(mtp_pair_part_pair_energy(part, s, t, begin - 1e-9, &low) -
                     mtp_pair_part_pair_energy(part, s, t, begin + 1e-9, &high)) < 1e-6);
    assert_true(fabs(low - high) < 1e-5 * (1.0 + fabs(high)));
    for (double r = begin; r > 0.2; r -= 0.1, before = force) {
      mtp_pair_part_pair_energy(part, s, t, r, &force);
      assert_true(force >= before);
    }
    assert_true(force > 0.0);
    assert_true(mtp_pair_part_pair_energy(part, s, t, 8.0, &force) == 0.0 && force == 0.0);
  }
  mtp_config *cfg = data_config(&random, DATA_TRICLINIC, 6, 2, 1.5), *moved = mtp_config_copy(cfg);
  data_must(b->ctx, mtp_pair_part_compute(b->ctx, part, cfg));
  double side[2];
  for (int k = 0; k < 2; k++) {
    moved->x[4] = cfg->x[4] + (k ? 1e-5 : -1e-5);
    data_must(b->ctx, mtp_pair_part_compute(b->ctx, part, moved));
    side[k] = moved->energy;
  }
  const double slope = -(side[1] - side[0]) / 2e-5;
  data_expect_near("force", 1, &cfg->force[4], &slope, 1.0, 1e-5);
  mtp_config_free(cfg);
  mtp_config_free(moved);
  mtp_pair_part_free(part);
}

static void tables_are_the_curves(void **state) {
  static const char *const names[] = {"Na", "Cl"};
  bench *b = *state;
  mtp_pair_part *part = fitted(b->ctx, 7.5);
  char *path = data_path(b->folder, "pairs.lmp"), *tables = data_path(b->folder, "pairs.lmp.table"), line[256];
  data_must(b->ctx, mtp_pair_part_write(b->ctx, part, names, 0.0, path));
  FILE *file = fopen(tables, "r");
  assert_non_null(file);
  int section = -1, lines = 0, number;
  double r, energy, force, want;
  while (fgets(line, sizeof line, file)) {
    if (strncmp(line, "Na-", 3) == 0 || strncmp(line, "Cl-", 3) == 0) section++;
    if (sscanf(line, "%d %lf %lf %lf", &number, &r, &energy, &force) != 4) continue;
    lines++;
    const double value = mtp_pair_part_pair_energy(part, section == 2, section > 0, r, &want);
    assert_true(fabs(energy - value) <= 1e-8 * (1.0 + fabs(value)));
    assert_true(fabs(force - want) <= 1e-8 * (1.0 + fabs(want)));
  }
  fclose(file);
  assert_int_equal(section, 2);
  assert_int_equal(lines, 30000);
  free(path);
  free(tables);
  mtp_pair_part_free(part);
}

static void refuse(bench *b, mtp_status status, mtp_status wanted, const char *part) {
  assert_int_equal(status, wanted);
  assert_non_null(strstr(mtp_context_message(b->ctx), part));
}

static void what_cannot_be_is_refused(void **state) {
  static const char *const names[] = {"A", "B"};
  bench *b = *state;
  mtp_random random = {8};
  mtp_pair_part *part = NULL, *whole = fitted(b->ctx, 0.0);
  mtp_pair_part_options options = mtp_pair_part_defaults();
  options.first_power = 3;
  refuse(b, mtp_pair_part_new(b->ctx, 2, &options, &part), MTP_ERR_ARGUMENT, "powers from 4 to 15");
  options = mtp_pair_part_defaults();
  options.cutoff = -1.0;
  refuse(b, mtp_pair_part_new(b->ctx, 2, &options, &part), MTP_ERR_ARGUMENT, "cutoff");
  assert_null(part);
  mtp_config *slab = data_config(&random, DATA_SLAB, 6, 2, 2.4);
  refuse(b, mtp_pair_part_compute(b->ctx, whole, slab), MTP_ERR_UNSUPPORTED, "give a cutoff");
  slab->species[3] = 2;
  refuse(b, mtp_pair_part_compute(b->ctx, whole, slab), MTP_ERR_ARGUMENT, "no species 2");
  mtp_config_free(slab);
  mtp_config *flat = data_config(&random, DATA_TRICLINIC, 6, 2, 2.4);
  memcpy(flat->cell + 3, flat->cell, 3 * sizeof *flat->cell);
  refuse(b, mtp_pair_part_compute(b->ctx, whole, flat), MTP_ERR_ARGUMENT, "singular");
  mtp_config_free(flat);
  refuse(b, mtp_pair_part_write(b->ctx, whole, names, 0.0, "nowhere"), MTP_ERR_ARGUMENT, "needs a cutoff");
  mtp_config_set *set = mtp_config_set_new();
  refuse(b, mtp_pair_part_fit(b->ctx, whole, NULL, set), MTP_ERR_ARGUMENT, "no labels");
  data_must(b->ctx, mtp_config_set_append(b->ctx, set, compound(b->ctx, &random)));
  data_must(b->ctx, mtp_config_set_feature(b->ctx, set->configs[0], "baseline", "b0"));
  mtp_train_options train = mtp_train_defaults();
  mtp_potential *pot = untrained(b->ctx);
  refuse(b, mtp_pair_part_learn(b->ctx, whole, &train, pot, set, NULL), MTP_ERR_STATE, "relative to the baseline b0");
  set->configs[0]->force[2] = NAN;
  refuse(b, mtp_pair_part_fit(b->ctx, whole, NULL, set), MTP_ERR_NUMERIC, "not finite");
  mtp_potential_free(pot);
  mtp_config_set_free(set);
  mtp_pair_part_free(whole);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(lattice_sums_are_those_of_images, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(rows_are_derivatives, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(turns_are_better_than_either, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(it_goes_on_below_the_data, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(tables_are_the_curves, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(what_cannot_be_is_refused, bench_open, bench_close),
      cmocka_unit_test_setup_teardown(lennard_jones_is_recovered, bench_open, bench_close),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
