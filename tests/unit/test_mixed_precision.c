/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_mixed_precision.c
 * Precision mixed against double: what is promised for the published potentials on real configurations, the same for
 * random potentials of every kind, and what must not suffer (large energies of free atoms, large systems, symmetries,
 * the virial as a derivative). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support_data.h"
#include "support_mixed.h"
#include "support_naive.h"

/* One potential in both precisions. */
typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_evaluator *exact, *mixed;
} fixture;

static void fixture_evaluators(fixture *f) {
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &f->exact));
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &f->mixed));
  data_must(f->ctx, mtp_evaluator_set_precision(f->ctx, f->mixed, MTP_PRECISION_MIXED));
}

static void fixture_open(fixture *f, unsigned long long seed, const data_recipe *recipe) {
  memset(f, 0, sizeof(*f));
  f->random.state = seed;
  f->ctx = data_context();
  f->pot = data_potential(f->ctx, &f->random, recipe);
  fixture_evaluators(f);
}

/* malloc'ed path of third-party data, or NULL if it is not there. */
static char *shared_path(const char *name) {
  const char *shared = getenv("MTP_SHARED");
  char *path = shared ? data_path(shared, name) : NULL;
  if (path && access(path, R_OK) == 0) return path;
  free(path);
  return NULL;
}

/* A published potential, or false. */
static bool fixture_read(fixture *f, const char *name) {
  memset(f, 0, sizeof(*f));
  char *path = shared_path(name);
  if (!path) return false;
  f->random.state = 1;
  f->ctx = data_context();
  data_must(f->ctx, mtp_potential_read(f->ctx, path, &f->pot));
  fixture_evaluators(f);
  free(path);
  return true;
}

static void fixture_close(fixture *f) {
  mtp_evaluator_free(f->exact);
  mtp_evaluator_free(f->mixed);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

/* Both results are kept by the caller: cfg gets the exact one. */
static mtp_config *evaluate(fixture *f, mtp_config *cfg) {
  mtp_config *got = mtp_config_copy(cfg);
  assert_non_null(got);
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->exact, cfg, 0));
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->mixed, got, 0));
  return got;
}

static void add(fixture *f, mixed_sums *sums, mtp_config *cfg) {
  mtp_config *got = evaluate(f, cfg);
  mixed_add(sums, got, cfg);
  mtp_config_free(got);
}

/* ---- published potentials -------------------------------------------------------------------------------------- */

static void test_published(void **state) {
  static const char *const elements[] = {"Li", "Ni", "Cu", "Si"};
  (void)state;
  int failures = 0;
  for (int e = 0; e < 4; e++) {
    char name[64];
    fixture f;
    snprintf(name, sizeof(name), "potentials/%s.zuo2020.mtp", elements[e]);
    if (!fixture_read(&f, name)) skip();
    snprintf(name, sizeof(name), "data/mlearn/%s.test.extxyz", elements[e]);
    char *path = shared_path(name);
    if (!path) skip();
    mtp_config_set *set = NULL;
    data_must(f.ctx, mtp_config_set_read(f.ctx, path, NULL, &set));
    data_must(f.ctx, mtp_config_set_map_species(f.ctx, set, 1, elements + e));
    mixed_sums sums = {0};
    for (size_t k = 0; k < set->n; k++) add(&f, &sums, set->configs[k]);
    mixed_check(&failures, name, &sums, 1);
    mtp_config_set_free(set);
    free(path);
    fixture_close(&f);
  }
  assert_int_equal(failures, 0);
}

/* Li3PS4 in the structure of luzonite, cells^3 of the cubic cell: sulphur on the sites of fcc, the others in half of
 * the tetrahedra. */
static mtp_config *thiophosphate(size_t cells) {
  static const double sites[8][3] = {{0, 0, 0},       {0, .5, .5},     {.5, 0, .5},     {.5, .5, 0},
                                     {.25, .25, .25}, {.25, .75, .75}, {.75, .25, .75}, {.75, .75, .25}};
  enum { LITHIUM, PHOSPHORUS, SULPHUR };
  const double a = 5.8;
  mtp_config *cfg = mtp_config_new(8 * cells * cells * cells);
  for (size_t i = 0; i < cfg->n; i++) {
    const size_t c = i / 8, at[3] = {c % cells, c / cells % cells, c / cells / cells};
    cfg->species[i] = i % 8 < 4 ? SULPHUR : i % 8 == 4 ? PHOSPHORUS : LITHIUM;
    for (size_t k = 0; k < 3; k++) cfg->x[3 * i + k] = a * ((double)at[k] + sites[i % 8][k]);
  }
  for (size_t k = 0; k < 3; k++) {
    cfg->periodic[k] = true;
    cfg->cell[4 * k] = a * (double)cells;
  }
  return cfg;
}

/* Down the forces until they are those of a hot solid. */
static void relax(fixture *f, mtp_config *cfg, int steps) {
  for (int s = 0; s < steps; s++) {
    data_must(f->ctx, mtp_evaluator_config(f->ctx, f->exact, cfg, 0));
    const double step = fmin(0.02, 0.05 / data_largest(3 * cfg->n, cfg->force));
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] += step * cfg->force[i];
  }
}

static void shake(fixture *f, mtp_config *cfg, double amplitude) {
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] += amplitude * mtp_random_normal(&f->random);
}

static void test_published_three_species(void **state) {
  (void)state;
  int failures = 0;
  fixture f;
  if (!fixture_read(&f, "potentials/Li7P3S11.pbe.mtp")) skip();
  mixed_sums sums = {0};
  for (int k = 0; k < 10; k++) {
    mtp_config *cfg = thiophosphate(2);
    shake(&f, cfg, 0.1);
    relax(&f, cfg, 100);
    shake(&f, cfg, 0.05);
    add(&f, &sums, cfg);
    mtp_config_free(cfg);
  }
  assert_true(mixed_rms_force(&sums) > 0.1 && mixed_rms_force(&sums) < 5); /* a solid, not a heap of atoms */
  mixed_check(&failures, "potentials/Li7P3S11.pbe.mtp", &sums, 1);
  fixture_close(&f);
  assert_int_equal(failures, 0);
}

/* fcc crystal of cells^3 cubic cells. */
static mtp_config *fcc(fixture *f, size_t cells, double a) {
  mtp_config *cfg = mtp_config_new(4 * cells * cells * cells);
  for (size_t i = 0; i < cfg->n; i++) {
    const size_t c = i / 4, at[3] = {c % cells, c / cells % cells, c / cells / cells};
    for (size_t k = 0; k < 3; k++) {
      cfg->x[3 * i + k] = a * ((double)at[k] + (i % 4 && i % 4 != k + 1 ? 0.5 : 0));
    }
  }
  for (size_t k = 0; k < 3; k++) {
    cfg->periodic[k] = true;
    cfg->cell[4 * k] = a * (double)cells;
  }
  shake(f, cfg, 0.1);
  return cfg;
}

/* Errors of many atoms do not add up, for the energy is the sum of theirs in double. */
static void test_many_atoms(void **state) {
  (void)state;
  int failures = 0;
  fixture f;
  if (!fixture_read(&f, "potentials/Ni.zuo2020.mtp")) skip();
  mixed_sums sums = {0};
  mtp_config *cfg = fcc(&f, 8, 3.5), *got = evaluate(&f, cfg);
  mixed_add(&sums, got, cfg);
  mixed_check(&failures, "2048 atoms", &sums, 1);
  double sum = 0;
  for (size_t i = 0; i < got->n; i++) sum += got->site_energy[i];
  data_expect_close("sum of site energies", 1, &sum, &got->energy, 1e-12);
  mtp_config_free(got);
  mtp_config_free(cfg);
  fixture_close(&f);
  assert_int_equal(failures, 0);
}

/* ---- random potentials ----------------------------------------------------------------------------------------- */

/* Their site energies are large and cancel; what is promised holds in relation to them. */
static void test_random_potentials(void **state) {
  static const int levels[] = {2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24}, species[] = {1, 2, 3, 9};
  (void)state;
  int failures = 0;
  for (int k = 0; k < 36; k++) {
    const int level = levels[k % 12];
    const data_recipe recipe = {level, level > 16 ? 1 + k % 2 : species[k % 4], 8, (mtp_radial_type)(k / 12), 2, 5};
    char what[64];
    fixture f;
    mixed_sums sums = {0};
    fixture_open(&f, 1000 + (unsigned)k, &recipe);
    for (int shape = 0; shape < DATA_SHAPES; shape++) {
      mtp_config *cfg = data_config(&f.random, (data_shape)shape, 20, recipe.species, 2.6);
      add(&f, &sums, cfg);
      mtp_config_free(cfg);
    }
    snprintf(what, sizeof(what), "level %d, %d species, %s", level, recipe.species, mtp_radial_type_name(recipe.type));
    mixed_check(&failures, what, &sums, sums.site_energy);
    fixture_close(&f);
  }
  assert_int_equal(failures, 0);
}

/* Potentials of total energies have thousands of eV an atom: the constant must not swallow the rest. */
static void test_energies_of_free_atoms(void **state) {
  static const data_recipe recipe = {8, 3, 8, MTP_RADIAL_CHEBYSHEV, 2, 5};
  (void)state;
  fixture small, large;
  fixture_open(&small, 2, &recipe);
  memset(&large, 0, sizeof(large));
  large.ctx = data_context();
  data_must(large.ctx, mtp_potential_copy(large.ctx, small.pot, &large.pot));
  double *theta = data_calloc(large.pot->nparams, sizeof(double));
  memcpy(theta, large.pot->params, large.pot->nparams * sizeof(double));
  double *shift = theta + mtp_offset_species(large.pot);
  for (int s = 0; s < 3; s++) shift[s] -= 13605.7 * (s + 1);
  data_must(large.ctx, mtp_potential_set_parameters(large.ctx, large.pot, theta));
  fixture_evaluators(&large);
  mtp_config *cfg = data_config(&small.random, DATA_TRICLINIC, 27, 3, 2.6);
  mtp_config *without = evaluate(&small, cfg), *with = evaluate(&large, cfg);
  for (size_t i = 0; i < cfg->n; i++) {
    const double expected = without->site_energy[i] - 13605.7 * (cfg->species[i] + 1);
    data_expect_near("site energy", 1, &with->site_energy[i], &expected, 1e5, 1e-14);
  }
  data_expect_close("forces", 3 * cfg->n, with->force, without->force, 0);
  mtp_config_free(with);
  mtp_config_free(without);
  mtp_config_free(cfg);
  free(theta);
  fixture_close(&small);
  fixture_close(&large);
}

/* ---- symmetries ------------------------------------------------------------------------------------------------ */

static const data_recipe recipes[] = {
    {8, 2, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0},
    {10, 3, 6, MTP_RADIAL_SHAPEEV, 1.8, 4.8},
    {12, 1, 8, MTP_RADIAL_CHEBYSHEV_REPULS, 2.5, 4.9},
    {16, 2, 5, MTP_RADIAL_CHEBYSHEV, 2.0, 4.6},
};

/* A rotation about two axes. */
static void rotate(size_t count, double *vectors) {
  const double c = cos(0.7), s = sin(0.7);
  for (size_t i = 0; i < count; i++) {
    double *v = vectors + 3 * i, x = v[0], y = v[1], z = v[2];
    v[0] = c * x - s * y;
    y = s * x + c * y;
    v[1] = c * y - s * z;
    v[2] = s * y + c * z;
  }
}

static void test_symmetries(void **state) {
  (void)state;
  for (size_t k = 0; k < 2 * DATA_SHAPES; k++) {
    fixture f;
    fixture_open(&f, 300 + k, &recipes[k % 4]);
    const size_t n = 10;
    mtp_config *cfg = data_config(&f.random, (data_shape)(k / 2), n, f.pot->nspecies, 2.7);
    mtp_config *moved = mtp_config_copy(cfg);
    double force[30], total[3] = {0}, zero[3] = {0};
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.mixed, cfg, 0));
    for (size_t i = 0; i < n; i++) {
      const size_t to = (7 * i + 3) % n;
      moved->species[to] = cfg->species[i];
      for (size_t a = 0; a < 3; a++) {
        moved->x[3 * to + a] = cfg->x[3 * i + a] + (k % 2 ? 1234.5 : -0.6);
        force[3 * to + a] = cfg->force[3 * i + a];
      }
    }
    rotate(n, moved->x);
    rotate(3, moved->cell);
    rotate(n, force);
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.mixed, moved, 0));
    const double scale = data_largest(n, cfg->site_energy);
    data_expect_near("energy", 1, &moved->energy, &cfg->energy, scale, 1e-5);
    data_expect_near("forces", 3 * n, moved->force, force, scale, 1e-5);
    for (size_t i = 0; i < 3 * n; i++) total[i % 3] += moved->force[i];
    data_expect_near("sum of forces", 3, total, zero, fmax(scale, data_largest(3 * n, force)), 1e-5);
    mtp_config_free(moved);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

/* ---- derivatives ----------------------------------------------------------------------------------------------- */

static double strained_energy(fixture *f, const mtp_config *cfg, size_t a, size_t b, double h) {
  mtp_config *copy = mtp_config_copy(cfg);
  for (size_t i = 0; i < copy->n; i++) copy->x[3 * i + a] += h * cfg->x[3 * i + b];
  for (size_t k = 0; k < 3; k++) copy->cell[3 * k + a] += h * cfg->cell[3 * k + b];
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->exact, copy, 0));
  const double energy = copy->energy;
  mtp_config_free(copy);
  return energy;
}

/* Virials of precision mixed are the derivatives of the energy of precision double by the strain. */
static void test_virial(void **state) {
  static const size_t index[3][3] = {{0, 3, 4}, {3, 1, 5}, {4, 5, 2}};
  (void)state;
  for (size_t k = 0; k < 4 * DATA_SHAPES; k++) {
    fixture f;
    fixture_open(&f, 400 + k, &recipes[k % 4]);
    mtp_config *cfg = data_config(&f.random, (data_shape)(k / 4), 9, f.pot->nspecies, 2.7);
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.mixed, cfg, 0));
    naive_result *oracle = naive_config(f.pot, cfg);
    const double scale = fmax(fmax(data_largest(6, cfg->virial), data_largest(3 * cfg->n, cfg->force)),
                              NAIVE_ROUNDING * oracle->force_terms);
    const double h = 5e-5;
    naive_result_free(oracle);
    for (size_t a = 0; a < 3; a++) {
      for (size_t b = 0; b < 3; b++) {
        const double first = strained_energy(&f, cfg, a, b, h) - strained_energy(&f, cfg, a, b, -h);
        const double second = strained_energy(&f, cfg, a, b, 2 * h) - strained_energy(&f, cfg, a, b, -2 * h);
        const double virial = -(8 * first - second) / (12 * h);
        data_expect_near("virial", 1, &cfg->virial[index[a][b]], &virial, scale, 5e-5);
      }
    }
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

/* Forces of precision mixed integrate to its own energy: along a path of many steps nothing accumulates beyond the
 * noise of the ends. Not for the repulsive basis, whose force jumps at min_dist. */
static void test_work(void **state) {
  (void)state;
  for (size_t k = 0; k < 4; k++) {
    if (recipes[k].type == MTP_RADIAL_CHEBYSHEV_REPULS) continue;
    fixture f;
    fixture_open(&f, 500 + k, &recipes[k]);
    mtp_config *cfg = data_config(&f.random, DATA_TRICLINIC, 9, f.pot->nspecies, 2.7);
    double direction[27], work = 0, start = 0, scale = 0;
    const int steps = 200;
    for (size_t i = 0; i < 27; i++) direction[i] = 5e-4 * mtp_random_normal(&f.random);
    for (int s = 0; s <= steps; s++) {
      static const double weight[3] = {2.0 / 3, 4.0 / 3, 1.0 / 3}; /* Simpson; the ends count half */
      data_must(f.ctx, mtp_evaluator_config(f.ctx, f.mixed, cfg, 0));
      if (s == 0) start = cfg->energy;
      scale = fmax(scale, fmax(data_largest(27, cfg->force), data_largest(9, cfg->site_energy)));
      for (size_t i = 0; i < 27; i++) {
        work += weight[s == 0 || s == steps ? 2 : s % 2] * cfg->force[i] * direction[i];
        if (s < steps) cfg->x[i] += direction[i];
      }
    }
    const double lost = start - cfg->energy;
    data_expect_near("work", 1, &work, &lost, scale, 2e-5);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_published),
      cmocka_unit_test(test_published_three_species),
      cmocka_unit_test(test_many_atoms),
      cmocka_unit_test(test_random_potentials),
      cmocka_unit_test(test_energies_of_free_atoms),
      cmocka_unit_test(test_symmetries),
      cmocka_unit_test(test_virial),
      cmocka_unit_test(test_work),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
