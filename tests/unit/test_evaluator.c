/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_evaluator.c
 * The evaluator against the oracle: every output, for potentials of all levels and radial bases, awkward cells, lists
 * with atoms that do not count, subsets of central atoms. */
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

#define TOLERANCE 1e-11
#define MARK      (1 << 30) /* as the bits that an MD engine keeps in list entries */

/* How the atoms are handed over. */
typedef struct manner {
  double strangers; /* share of atoms of a type that is no species */
  double left_out;  /* share of real atoms that are not central */
  double skin;      /* list entries beyond the cutoff */
  bool marked;      /* some list entries carry the bit MARK */
} manner;

typedef struct call {
  naive_atoms *atoms;
  data_lists *lists;
  bool *is_central;
  int *central, *type, *species_of_type;
  mtp_atoms in;
  mtp_output out;
} call;

/* Types are numbered backwards, and every third one is a stranger: no number is its own species. */
static void hand_out_types(mtp_random *random, const mtp_potential *pot, const manner *how, call *c) {
  const int types = 2 * pot->nspecies + 1;
  c->species_of_type = data_calloc((size_t)types, sizeof(int));
  c->type = data_calloc(c->atoms->nall, sizeof(int));
  for (int t = 0; t < types; t++) c->species_of_type[t] = t % 2 ? pot->nspecies - 1 - t / 2 : -1;
  bool *stranger = data_calloc(c->atoms->n, sizeof(bool));
  for (size_t i = 0; i < c->atoms->n; i++) stranger[i] = mtp_random_uniform(random) < how->strangers;
  for (size_t i = 0; i < c->atoms->nall; i++) {
    if (stranger[c->atoms->owner[i]]) c->atoms->species[i] = -1;
    const int species = c->atoms->species[i];
    c->type[i] = species < 0 ? 0 : 2 * (pot->nspecies - 1 - species) + 1;
  }
  free(stranger);
}

static void choose_central(mtp_random *random, const manner *how, call *c) {
  const size_t n = c->atoms->n;
  c->is_central = data_calloc(n, sizeof(bool));
  c->central = data_calloc(n, sizeof(int));
  for (size_t i = 0; i < n; i++) {
    c->is_central[i] = mtp_random_uniform(random) >= how->left_out;
    if (c->is_central[i]) c->central[c->in.ncentral++] = (int)i;
  }
  for (size_t k = c->in.ncentral; k > 1; k--) { /* any order */
    const size_t other = data_index(random, k);
    const int held = c->central[k - 1];
    c->central[k - 1] = c->central[other];
    c->central[other] = held;
  }
}

static void mark_lists(mtp_random *random, call *c) {
  for (size_t i = 0; i < c->atoms->n; i++) {
    for (int k = 0; k < c->lists->count[i]; k++) {
      if (mtp_random_uniform(random) < 0.4) c->lists->list[i][k] |= MARK;
    }
  }
}

static call *call_new(mtp_random *random, const mtp_potential *pot, const mtp_config *cfg, const manner *how) {
  call *c = data_calloc(1, sizeof(*c));
  const double reach = mtp_potential_cutoff(pot) + how->skin;
  c->atoms = naive_atoms_build(cfg, reach);
  c->lists = data_lists_build(random, c->atoms, reach);
  hand_out_types(random, pot, how, c);
  choose_central(random, how, c);
  if (how->marked) mark_lists(random, c);
  const size_t nall = c->atoms->nall, n = c->in.ncentral;
  c->in.central = how->left_out > 0 ? c->central : NULL;
  c->in.nall = nall;
  c->in.x = c->atoms->x;
  c->in.type = c->type;
  c->in.species_of_type = c->species_of_type;
  c->in.count = c->lists->count;
  c->in.list = c->lists->list;
  c->in.mask = how->marked ? MARK - 1 : -1;
  c->out.force = data_calloc(3 * nall, sizeof(double));
  c->out.site_energy = data_calloc(nall, sizeof(double));
  c->out.site_virial = data_calloc(6 * nall, sizeof(double));
  c->out.site_virial9 = data_calloc(9 * nall, sizeof(double));
  c->out.gradient = data_calloc(pot->nparams, sizeof(double));
  c->out.rows = data_calloc(n * pot->nparams, sizeof(double));
  for (size_t k = 0; k < n * pot->nparams; k++) c->out.rows[k] = NAN; /* rows are overwritten, all else is added to */
  return c;
}

static void call_free(call *c) {
  naive_atoms_free(c->atoms);
  data_lists_free(c->lists);
  free(c->is_central);
  free(c->central);
  free(c->type);
  free(c->species_of_type);
  free(c->out.force);
  free(c->out.site_energy);
  free(c->out.site_virial);
  free(c->out.site_virial9);
  free(c->out.gradient);
  free(c->out.rows);
  free(c);
}

/* Rows in the order of the central list; each parameter is compared on its own scale as well, so that small ones
 * cannot hide behind large ones. */
static void compare_rows(const call *c, const naive_result *want) {
  const size_t n = c->in.ncentral, width = want->nparams;
  double *ordered = data_calloc(n * width, sizeof(double));
  double *got = data_calloc(n, sizeof(double)), *expected = data_calloc(n, sizeof(double));
  for (size_t k = 0; k < n; k++) {
    const size_t i = c->in.central ? (size_t)c->in.central[k] : k;
    memcpy(ordered + k * width, want->rows + i * width, width * sizeof(double));
  }
  data_expect_close("rows", n * width, c->out.rows, ordered, TOLERANCE);
  for (size_t p = 0; p < width; p++) {
    for (size_t k = 0; k < n; k++) {
      got[k] = c->out.rows[k * width + p];
      expected[k] = ordered[k * width + p];
    }
    data_expect_near("one parameter of the rows", n, got, expected, 1e-3, 1e-8);
  }
  free(ordered);
  free(got);
  free(expected);
}

static void compare(const call *c, const naive_result *want) {
  const size_t nall = want->nall;
  double *site_energy = data_calloc(nall, sizeof(double)), sum[6] = {0}, sum9[9] = {0};
  memcpy(site_energy, want->site_energy, want->n * sizeof(double));
  const double energy_scale = data_largest(want->n, want->site_energy);
  const double virial_scale = data_largest(9 * nall, want->site_virial9);
  data_expect_near("energy", 1, &c->out.energy, &want->energy, energy_scale, TOLERANCE);
  data_expect_near("virial", 6, c->out.virial, want->virial, virial_scale, TOLERANCE);
  data_expect_close("site energies", nall, c->out.site_energy, site_energy, TOLERANCE);
  data_expect_close("forces", 3 * nall, c->out.force, want->force, TOLERANCE);
  data_expect_close("site virials", 6 * nall, c->out.site_virial, want->site_virial, TOLERANCE);
  data_expect_close("site virials of 9", 9 * nall, c->out.site_virial9, want->site_virial9, TOLERANCE);
  data_expect_close("gradient", want->nparams, c->out.gradient, want->gradient, TOLERANCE);
  compare_rows(c, want);
  for (size_t i = 0; i < nall; i++) {
    for (int a = 0; a < 6; a++) sum[a] += c->out.site_virial[6 * i + (size_t)a];
    for (int a = 0; a < 9; a++) sum9[a] += c->out.site_virial9[9 * i + (size_t)a];
  }
  data_expect_near("sum of site virials", 6, sum, c->out.virial, virial_scale, TOLERANCE);
  data_expect_near("sum of site virials of 9", 6, sum9, c->out.virial, virial_scale, TOLERANCE);
  /* yx zx zy equal xy xz yz in the sum: no torque */
  data_expect_near("symmetry of the virial", 1, sum9 + 6, sum9 + 3, virial_scale, 1e-10);
  data_expect_near("symmetry of the virial", 1, sum9 + 7, sum9 + 4, virial_scale, 1e-10);
  data_expect_near("symmetry of the virial", 1, sum9 + 8, sum9 + 5, virial_scale, 1e-10);
  free(site_energy);
}

/* All outputs at once, then each alone: what is not asked for must not change what is. */
static void check(mtp_context *ctx, mtp_random *random, const mtp_potential *pot, const mtp_config *cfg,
                  const manner *how) {
  mtp_evaluator *ev = NULL;
  call *c = call_new(random, pot, cfg, how);
  naive_result *want = naive_compute(pot, c->atoms, c->is_central);
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, &c->out));
  compare(c, want);

  mtp_output alone = {0};
  alone.force = data_calloc(3 * want->nall, sizeof(double));
  data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, &alone));
  data_expect_close("forces alone", 3 * want->nall, alone.force, want->force, TOLERANCE);
  data_expect_near("energy with forces alone", 1, &alone.energy, &want->energy,
                   data_largest(want->n, want->site_energy), TOLERANCE);
  free(alone.force);
  memset(&alone, 0, sizeof(alone));
  data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, &alone));
  data_expect_near("energy alone", 1, &alone.energy, &want->energy, data_largest(want->n, want->site_energy),
                   TOLERANCE);
  memset(&alone, 0, sizeof(alone));
  alone.gradient = data_calloc(pot->nparams, sizeof(double));
  data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, &alone));
  data_expect_close("gradient alone", pot->nparams, alone.gradient, want->gradient, TOLERANCE);
  free(alone.gradient);

  mtp_evaluator_free(ev);
  naive_result_free(want);
  call_free(c);
}

static const manner plain = {0, 0, 0, false}, with_skin = {0, 0, 0.5, false}, awkward = {0.15, 0.3, 0.9, true};

/* Levels, species, radial sizes, radial bases, cells and numbers of atoms, each list at its own pace. */
static void test_many(void **state) {
  static const int levels[] = {2, 4, 6, 8, 10, 12, 14, 16}, sizes[] = {8, 2, 5, 11, 3}, species[] = {1, 2, 3};
  static const size_t atoms[] = {1, 2, 7, 8, 9, 15, 17};
  (void)state;
  mtp_random random = {7};
  mtp_context *ctx = data_context();
  for (int k = 0; k < 56; k++) {
    const int level = levels[k % 8], functions = (level + 2) / 4; /* no basis is smaller than what it must span */
    const data_recipe recipe = {.level = level,
                                .species = species[k % 3],
                                .radial_size = sizes[k % 5] > functions ? sizes[k % 5] : functions,
                                .type = (mtp_radial_type)(k / 2 % 3),
                                .min_dist = 1.9,
                                .cutoff = data_uniform(&random, 3.8, 5.2)};
    const data_shape shape = (data_shape)(k % DATA_SHAPES);
    mtp_potential *pot = data_potential(ctx, &random, &recipe);
    mtp_config *cfg = data_config(&random, shape, atoms[k % 7], recipe.species, 2.6);
    print_message("case %d: level %d, %d species, R %d, %s, shape %d, %zu atoms\n", k, recipe.level, recipe.species,
                  recipe.radial_size, mtp_radial_type_name(recipe.type), (int)shape, cfg->n);
    check(ctx, &random, pot, cfg, k % 2 ? &awkward : &plain);
    mtp_config_free(cfg);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

static void check_one(int level, int species, int size, mtp_radial_type type, double min_dist, double cutoff,
                      data_shape shape, size_t n, double spacing) {
  mtp_random random = {(unsigned long long)(level * 1000 + species)};
  mtp_context *ctx = data_context();
  const data_recipe recipe = {level, species, size, type, min_dist, cutoff};
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  mtp_config *cfg = data_config(&random, shape, n, species, spacing);
  check(ctx, &random, pot, cfg, &plain);
  check(ctx, &random, pot, cfg, &awkward);
  mtp_config_free(cfg);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_many_species(void **state) {
  (void)state;
  check_one(6, 9, 4, MTP_RADIAL_CHEBYSHEV, 2, 5, DATA_TRICLINIC, 20, 2.6);
  check_one(4, 17, 8, MTP_RADIAL_CHEBYSHEV_REPULS, 2, 5, DATA_ORTHOGONAL, 27, 2.6);
}

static void test_many_neighbors(void **state) {
  (void)state;
  check_one(8, 2, 8, MTP_RADIAL_CHEBYSHEV, 1.5, 8.0, DATA_TRICLINIC, 4, 2.5);
  check_one(12, 1, 6, MTP_RADIAL_SHAPEEV, 1.5, 7.4, DATA_THIN, 3, 2.5);
}

static void test_high_level(void **state) {
  (void)state;
  check_one(18, 2, 5, MTP_RADIAL_CHEBYSHEV, 2, 4.4, DATA_ORTHOGONAL, 3, 2.7);
  check_one(20, 1, 6, MTP_RADIAL_CHEBYSHEV, 2, 4.2, DATA_CLUSTER, 5, 2.7);
}

static void test_widest_radial_basis(void **state) {
  (void)state;
  check_one(8, 2, MTP_MAX_RADIAL_SIZE, MTP_RADIAL_CHEBYSHEV, 1.5, 5, DATA_ORTHOGONAL, 5, 2.7);
}

/* Closer than min_dist: plain functions grow, repulsive ones freeze and repel. */
static void test_below_min_dist(void **state) {
  (void)state;
  for (int type = 0; type < 3; type++) {
    check_one(10, 2, 6, (mtp_radial_type)type, 3.2, 5, DATA_ORTHOGONAL, 9, 2.2);
    check_one(10, 2, 6, (mtp_radial_type)type, 4.9, 5, DATA_CLUSTER, 9, 2.2);
  }
}

/* Atoms far apart: lists are empty or hold only atoms beyond the cutoff. */
static void test_isolated(void **state) {
  (void)state;
  check_one(10, 3, 8, MTP_RADIAL_CHEBYSHEV, 2, 5, DATA_CLUSTER, 1, 30);
  check_one(10, 3, 8, MTP_RADIAL_CHEBYSHEV, 2, 5, DATA_ORTHOGONAL, 10, 30);
  check_one(10, 3, 8, MTP_RADIAL_CHEBYSHEV, 2, 5, DATA_CLUSTER, 10, 8.2); /* the skin reaches some, the cutoff none */
}

/* Distances just inside, exactly at and just outside the cutoff, and at min_dist. */
static void test_edges_of_the_radial_domain(void **state) {
  (void)state;
  mtp_random random = {3};
  mtp_context *ctx = data_context();
  for (int type = 0; type < 3; type++) {
    const data_recipe recipe = {8, 1, 8, (mtp_radial_type)type, 2, 5};
    mtp_potential *pot = data_potential(ctx, &random, &recipe);
    const double distance[] = {nextafter(5, 0), 5, 5 + 1e-4,       nextafter(5, 9), 5 - 1e-9, 5 + 1e-9,
                               nextafter(2, 0), 2, nextafter(2, 9)};
    for (size_t k = 0; k < sizeof(distance) / sizeof(*distance); k++) {
      mtp_config *cfg = mtp_config_new(4);
      cfg->x[3] = distance[k];
      cfg->x[7] = 2.5;
      cfg->x[9] = cfg->x[10] = cfg->x[11] = -1.9;
      check(ctx, &random, pot, cfg, &with_skin);
      mtp_config_free(cfg);
    }
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

/* Arrays are added to, rows are not. */
static void test_accumulation(void **state) {
  (void)state;
  mtp_random random = {11};
  mtp_context *ctx = data_context();
  const data_recipe recipe = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5};
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  mtp_config *cfg = data_config(&random, DATA_TRICLINIC, 11, 2, 2.6);
  call *c = call_new(&random, pot, cfg, &awkward);
  naive_result *want = naive_compute(pot, c->atoms, c->is_central);
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  for (int k = 0; k < 3; k++) data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, &c->out));
  double *const sums[] = {&c->out.energy,     c->out.virial,       c->out.force,   c->out.site_energy,
                          c->out.site_virial, c->out.site_virial9, c->out.gradient};
  const size_t lengths[] = {1, 6, 3 * want->nall, want->nall, 6 * want->nall, 9 * want->nall, want->nparams};
  for (size_t s = 0; s < sizeof(lengths) / sizeof(*lengths); s++) {
    for (size_t k = 0; k < lengths[s]; k++) sums[s][k] /= 3;
  }
  compare(c, want);
  mtp_evaluator_free(ev);
  naive_result_free(want);
  call_free(c);
  mtp_config_free(cfg);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* An evaluator keeps its own copy of the potential. */
static void test_independent_of_the_potential(void **state) {
  (void)state;
  mtp_random random = {12};
  mtp_context *ctx = data_context();
  const data_recipe recipe = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5};
  mtp_potential *pot = data_potential(ctx, &random, &recipe);
  mtp_config *cfg = data_config(&random, DATA_ORTHOGONAL, 8, 2, 2.6);
  naive_result *want = naive_config(pot, cfg);
  double *zero = data_calloc(pot->nparams, sizeof(double));
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, zero));
  mtp_potential_free(pot);
  data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 0));
  assert_true(cfg->has_energy && cfg->has_virial && cfg->force && cfg->site_energy);
  data_expect_close("energy", 1, &cfg->energy, &want->energy, TOLERANCE);
  data_expect_close("virial", 6, cfg->virial, want->virial, TOLERANCE);
  data_expect_close("forces", 3 * cfg->n, cfg->force, want->force, TOLERANCE);
  data_expect_close("site energies", cfg->n, cfg->site_energy, want->site_energy, TOLERANCE);
  data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 0)); /* written, not added */
  data_expect_close("energy again", 1, &cfg->energy, &want->energy, TOLERANCE);
  data_expect_close("forces again", 3 * cfg->n, cfg->force, want->force, TOLERANCE);
  free(zero);
  mtp_evaluator_free(ev);
  naive_result_free(want);
  mtp_config_free(cfg);
  mtp_context_free(ctx);
}

static void test_misuse(void **state) {
  (void)state;
  mtp_random random = {13};
  mtp_context *ctx = data_context();
  const mtp_potential_spec spec = {.level = 6, .species_count = 1, .cutoff = 5, .min_dist = 2, .radial_size = 8};
  const data_recipe recipe = {6, 1, 8, MTP_RADIAL_CHEBYSHEV, 2, 5};
  mtp_potential *untrained = NULL, *pot = data_potential(ctx, &random, &recipe);
  mtp_config *cfg = data_config(&random, DATA_ORTHOGONAL, 4, 1, 2.6);
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &untrained));
  assert_int_not_equal(mtp_evaluator_new(ctx, untrained, &ev), MTP_OK);
  assert_null(ev);
  assert_string_not_equal(mtp_context_message(ctx), "");
  assert_int_not_equal(mtp_evaluator_new(ctx, NULL, &ev), MTP_OK);
  assert_null(ev);
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  double grade[1000];
  call *c = call_new(&random, pot, cfg, &plain);
  assert_true(c->atoms->nall <= 1000);
  c->out.grade = grade; /* grades without an active set */
  assert_int_not_equal(mtp_evaluator_compute(ctx, ev, &c->in, &c->out), MTP_OK);
  cfg->species[2] = 1; /* a species that the potential does not have */
  assert_int_not_equal(mtp_evaluator_config(ctx, ev, cfg, 0), MTP_OK);
  cfg->species[2] = -1;
  assert_int_not_equal(mtp_evaluator_config(ctx, ev, cfg, 0), MTP_OK);
  call_free(c);
  mtp_evaluator_free(ev);
  mtp_evaluator_free(NULL);
  mtp_config_free(cfg);
  mtp_potential_free(pot);
  mtp_potential_free(untrained);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_many),
      cmocka_unit_test(test_many_species),
      cmocka_unit_test(test_many_neighbors),
      cmocka_unit_test(test_high_level),
      cmocka_unit_test(test_widest_radial_basis),
      cmocka_unit_test(test_below_min_dist),
      cmocka_unit_test(test_isolated),
      cmocka_unit_test(test_edges_of_the_radial_domain),
      cmocka_unit_test(test_accumulation),
      cmocka_unit_test(test_independent_of_the_potential),
      cmocka_unit_test(test_misuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
