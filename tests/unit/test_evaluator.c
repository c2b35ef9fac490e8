/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_evaluator.c
 * The evaluator against the oracle: every output in both precisions, for potentials of all levels and radial bases,
 * awkward cells, lists with atoms that do not count, subsets of central atoms. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support_call.h"
#include "support_data.h"
#include "support_naive.h"

#define TOLERANCE 1e-11

static void check(mtp_context *ctx, mtp_random *random, const mtp_potential *pot, const mtp_config *cfg,
                  const call_manner *how) {
  mtp_evaluator *ev = NULL;
  call *c = call_new(random, pot, cfg, how);
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  call_check(ctx, ev, c, pot);
  mtp_evaluator_free(ev);
  call_free(c);
}

static const call_manner plain = {0, 0, 0, false}, with_skin = {0, 0, 0.5, false}, awkward = {0.15, 0.3, 0.9, true};

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

/* The repulsion sets in with a finite force: single precision cannot tell on which side of min_dist an atom is. */
static bool jumps(const mtp_potential *pot, double r) {
  return pot->radial.type == MTP_RADIAL_CHEBYSHEV_REPULS && fabs(r - pot->radial.min_dist) < 1e-6;
}

/* Distances just inside, exactly at and just outside the cutoff, and at min_dist. */
static void test_edges_of_the_radial_domain(void **state) {
  (void)state;
  mtp_random random = {3};
  mtp_context *ctx = data_context();
  for (int type = 0; type < 3; type++) {
    const data_recipe recipe = {8, 1, 8, (mtp_radial_type)type, 2, 5};
    mtp_potential *pot = data_potential(ctx, &random, &recipe);
    mtp_evaluator *ev = NULL;
    data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
    const double distance[] = {nextafter(5, 0), 5, 5 + 1e-4,       nextafter(5, 9), 5 - 1e-9, 5 + 1e-9,
                               nextafter(2, 0), 2, nextafter(2, 9)};
    for (size_t k = 0; k < sizeof(distance) / sizeof(*distance); k++) {
      mtp_config *cfg = mtp_config_new(4);
      cfg->x[3] = distance[k];
      cfg->x[7] = 2.5;
      cfg->x[9] = cfg->x[10] = cfg->x[11] = -1.9;
      call *c = call_new(&random, pot, cfg, &with_skin);
      if (jumps(pot, distance[k]))
        call_check_precision(ctx, ev, c, pot, MTP_PRECISION_DOUBLE);
      else
        call_check(ctx, ev, c, pot);
      call_free(c);
      mtp_config_free(cfg);
    }
    mtp_evaluator_free(ev);
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
  naive_result *want = call_expected(c, pot);
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  for (int k = 0; k < 3; k++) data_must(ctx, mtp_evaluator_compute(ctx, ev, &c->in, NULL, &c->out));
  double *const sums[] = {&c->out.energy,     c->out.virial,       c->out.force,   c->out.site_energy,
                          c->out.site_virial, c->out.site_virial9, c->out.gradient};
  const size_t lengths[] = {1, 6, 3 * want->nall, want->nall, 6 * want->nall, 9 * want->nall, want->nparams};
  for (size_t s = 0; s < sizeof(lengths) / sizeof(*lengths); s++) {
    for (size_t k = 0; k < lengths[s]; k++) sums[s][k] /= 3;
  }
  call_compare(c, &c->out, want, TOLERANCE);
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
  assert_int_not_equal(mtp_evaluator_compute(ctx, ev, &c->in, NULL, &c->out), MTP_OK);
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
