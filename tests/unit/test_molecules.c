/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_molecules.c
 * Which atoms are a molecule, the closest atoms of different and of one molecule, and that molecules which are pushed
 * together, for a label or to look for a hole, stay what they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/pairs.h"
#include "config/species.h"
#include "learn/hole.h"
#include "learn/molecules.h"
#include "model/model.h"
#include "mtp/trainer.h"
#include "support_data.h"
#include "support_learning.h"

#define BOND 2.3 /* of Si2: two covalent radii are 2.22 A */

static mtp_potential *potential(mtp_context *ctx, int species, const char *const *elements, int level) {
  const mtp_potential_spec spec = {
      .level = level, .species_count = species, .elements = elements, .cutoff = 5.0, .min_dist = 1.5, .radial_size = 6};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

static mtp_config *box(size_t n, double a) {
  mtp_config *cfg = mtp_config_new(n);
  for (int c = 0; c < 3; c++) cfg->cell[4 * c] = a, cfg->periodic[c] = true;
  return cfg;
}

/* 2 x 2 x 2 of Si2 whose axes point everywhere; some reach through a face of the cell. */
static mtp_config *dimers(double apart, unsigned long long seed) {
  mtp_random random = {seed};
  mtp_config *cfg = box(16, 2.0 * apart);
  for (size_t m = 0; m < 8; m++) {
    double way[3], length = 0.0;
    for (int c = 0; c < 3; c++) way[c] = data_uniform(&random, -1.0, 1.0), length += way[c] * way[c];
    for (size_t c = 0; c < 3; c++) {
      const double middle = apart * (double)(m >> c & 1);
      for (size_t e = 0; e < 2; e++)
        cfg->x[3 * (2 * m + e) + c] = middle + (e ? 0.5 : -0.5) * BOND * way[c] / sqrt(length);
    }
  }
  return cfg;
}

static void find_units(const char *const *elements, int species, const mtp_config *cfg, size_t *unit) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = potential(ctx, species, elements, 2);
  double radius[4];
  mtp_neighbors *nb = NULL;
  mtp_molecule_radii(pot, radius);
  data_must(ctx, mtp_neighbors_build(ctx, cfg, 5.0, &nb));
  data_must(ctx, mtp_neighbors_find_molecules(ctx, nb, radius, unit));
  mtp_neighbors_free(nb);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* ---- which atoms ---- */

static const char *const silicon[] = {"Si"}, *const aluminium[] = {"Al"}, *const carbon[] = {"C"};

static void bonded_atoms_are_one(void **state) {
  (void)state;
  size_t unit[16];
  mtp_config *cfg = dimers(6.0, 3);
  find_units(silicon, 1, cfg, unit);
  for (size_t i = 0; i < 16; i++) assert_int_equal(unit[i], i - i % 2);
  find_units(aluminium, 1, cfg, unit); /* a metal */
  for (size_t i = 0; i < 16; i++) assert_int_equal(unit[i], i);
  mtp_config_free(cfg);
}

static bool are_bound(const char *a, const char *b, double apart) {
  const char *const elements[] = {a, b};
  const bool same = strcmp(a, b) == 0;
  size_t unit[2];
  mtp_config *cfg = box(2, 14.0);
  cfg->x[3] = apart;
  cfg->species[1] = same ? 0 : 1;
  find_units(elements, same ? 1 : 2, cfg, unit);
  mtp_config_free(cfg);
  return unit[0] == unit[1];
}

static double bond(const char *a, const char *b) {
  return mtp_element_radius(mtp_element_number(a)) + mtp_element_radius(mtp_element_number(b));
}

static void bonds_are_of_non_metals(void **state) {
  (void)state;
  static const char *const bind[] = {"H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Se", "Br", "I"};
  static const char *const others[] = {"He", "Li", "Na", "Al", "Fe", "Ge", "W"};
  for (size_t k = 0; k < sizeof bind / sizeof *bind; k++) {
    assert_true(are_bound(bind[k], bind[k], 1.2 * bond(bind[k], bind[k])));
    assert_false(are_bound(bind[k], bind[k], 1.3 * bond(bind[k], bind[k])));
    assert_true(are_bound(bind[k], "O", 1.2 * bond(bind[k], "O")));
  }
  for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
    assert_false(are_bound(others[k], others[k], bond(others[k], others[k])));
    assert_false(are_bound("I", others[k], 1.1)); /* closer than the share of the iodine alone */
  }
}

/* How far neighbours have to be looked for, whatever comes last. */
static void the_longest_bond_counts(void **state) {
  (void)state;
  static const char *const orders[2][3] = {{"I", "H", "Al"}, {"Al", "H", "I"}};
  for (int k = 0; k < 2; k++) {
    mtp_context *ctx = mtp_context_new();
    mtp_potential *pot = potential(ctx, 3, orders[k], 2);
    double radius[3];
    assert_true(fabs(mtp_molecule_radii(pot, radius) - 1.25 * bond("I", "I")) < 1e-12);
    mtp_potential_free(pot);
    mtp_context_free(ctx);
  }
}

/* Diamond, of `cells` conventional cells in a row. */
static mtp_config *diamond(size_t cells) {
  static const double fcc[4][3] = {{0, 0, 0}, {0, 0.5, 0.5}, {0.5, 0, 0.5}, {0.5, 0.5, 0}};
  mtp_config *cfg = box(8 * cells, 3.57);
  cfg->cell[0] *= (double)cells;
  for (size_t i = 0; i < cfg->n; i++)
    for (size_t c = 0; c < 3; c++)
      cfg->x[3 * i + c] = 3.57 * (fcc[i / 2 % 4][c] + 0.25 * (double)(i % 2) + (c == 0 ? (double)(i / 8) : 0.0));
  return cfg;
}

static void crystals_are_none(void **state) {
  (void)state;
  size_t unit[72];
  mtp_config *small = diamond(8), *large = diamond(9);
  find_units(carbon, 1, small, unit);
  for (size_t i = 0; i < 64; i++) assert_int_equal(unit[i], 0);
  find_units(carbon, 1, large, unit);
  for (size_t i = 0; i < 72; i++) assert_int_equal(unit[i], i);
  mtp_config_free(small);
  mtp_config_free(large);
}

/* ---- the closest ---- */

static double distance(const mtp_config *cfg, size_t i, size_t j) {
  double square = 0.0;
  for (size_t c = 0; c < 3; c++) {
    double d = cfg->x[3 * i + c] - cfg->x[3 * j + c];
    if (cfg->periodic[c]) d -= cfg->cell[4 * c] * nearbyint(d / cfg->cell[4 * c]);
    square += d * d;
  }
  return sqrt(square);
}

static void contacts_are_told_from_bonds(void **state) {
  (void)state;
  for (unsigned long long seed = 1; seed < 20; seed++) {
    mtp_config *cfg = dimers(5.6, seed);
    mtp_close_pair pair[2], all;
    mtp_neighbors *nb = NULL;
    size_t unit[16];
    double between = INFINITY, within = INFINITY;
    for (size_t i = 0; i < 16; i++) unit[i] = i - i % 2;
    for (size_t i = 0; i < 16; i++)
      for (size_t j = 0; j < i; j++) {
        double *least = unit[i] == unit[j] ? &within : &between;
        *least = fmin(*least, distance(cfg, i, j));
      }
    data_must(NULL, mtp_neighbors_build(NULL, cfg, 5.0, &nb));
    mtp_neighbors_closest_contacts(nb, 5.0, 1, NULL, unit, pair);
    assert_true(fabs(pair[0].r - between) < 1e-9 && fabs(pair[1].r - within) < 1e-9);
    assert_int_not_equal(unit[pair[0].i], unit[pair[0].j]);
    assert_int_equal(unit[pair[1].i], unit[pair[1].j]);
    mtp_neighbors_closest_contacts(nb, 5.0, 1, NULL, NULL, pair);
    mtp_neighbors_closest_pairs(nb, 5.0, 1, NULL, &all);
    assert_true(pair[0].r == all.r && isinf(pair[1].r));
    mtp_neighbors_free(nb);
    mtp_config_free(cfg);
  }
}

/* ---- pushed together ---- */

static bool moved(const mtp_config *a, const mtp_config *b, size_t i) {
  return memcmp(a->x + 3 * i, b->x + 3 * i, 3 * sizeof(double)) != 0;
}

static double least_contact(const mtp_config *cfg, size_t molecule) {
  double least = INFINITY;
  for (size_t i = 0; i < cfg->n; i++)
    for (size_t e = 0; e < 2 && i / 2 != molecule; e++) least = fmin(least, distance(cfg, 2 * molecule + e, i));
  return least;
}

/* Both atoms of a molecule by the same way, and not into another one; or one of them, then along the bond. */
static void expect_whole(const mtp_config *base, const mtp_config *cfg, double known, size_t *whole, size_t *squeezed) {
  for (size_t m = 0; m < cfg->n / 2; m++) {
    const size_t i = 2 * m, j = i + 1;
    const bool both = moved(base, cfg, i) && moved(base, cfg, j);
    if (!moved(base, cfg, i) && !moved(base, cfg, j)) continue;
    const double before = distance(base, i, j), after = distance(cfg, i, j);
    if (both)
      assert_true(fabs(after - before) < 1e-9);
    else
      assert_true(after < 0.96 * before && after > 0.6 * before);
    assert_true(least_contact(cfg, m) > 0.65 * known);
    ++*(both ? whole : squeezed);
  }
}

static void labels_are_of_whole_molecules(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = dimers(5.4, 7);
  mtp_potential *pot = potential(world->ctx, 1, silicon, 6);
  size_t whole = 0, squeezed = 0;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  const mtp_config *base = NULL;
  double known = INFINITY;
  for (size_t i = 0; i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    if (mtp_config_is_squeezed(cfg)) {
      assert_non_null(base);
      if (!mtp_config_get_feature(cfg, "hole")) expect_whole(base, cfg, known, &whole, &squeezed);
      continue;
    }
    base = cfg;
    for (size_t m = 0; m < 8; m++) known = fmin(known, least_contact(cfg, m));
  }
  assert_true(whole >= 2 && squeezed >= 2);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_config_free(first);
}

/* A potential that is a cliff between all atoms: the deepest fall is the one of two molecules into each other, or of a
 * bond; where it is the former, both atoms went. */
static void holes_are_of_whole_molecules(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = potential(ctx, 1, silicon, 2);
  mtp_config_set *set = mtp_config_set_new();
  mtp_config *cfg = mtp_config_new(4);
  mtp_hole hole;
  assert_int_equal(mtp_config_set_species(set, "Si"), 0);
  cfg->x[3] = BOND, cfg->x[7] = 4.0, cfg->x[9] = BOND, cfg->x[10] = 4.1; /* side by side */
  data_must(ctx, mtp_config_set_append(ctx, set, cfg));
  const size_t n = mtp_potential_parameter_count(pot);
  double *theta = data_calloc(n, sizeof *theta);
  theta[0] = -1.0; /* (r - 5)^2 times it, and 1 below */
  theta[n - 1] = 1.0;
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, theta));
  data_must(ctx, mtp_find_hole(ctx, pot, set, &hole));
  assert_int_equal(hole.a, 0);
  assert_true(fabs(hole.known - 4.0) < 1e-9);
  const double *x = hole.cfg->x, *old = set->configs[0]->x;
  const bool second = fabs(x[7] - old[7]) > 1e-9; /* the molecule that went */
  for (size_t e = 0; e < 2; e++)
    for (size_t c = 0; c < 3; c++) {
      const size_t stays = 3 * (e + (second ? 0 : 2)) + c, goes = 3 * (e + (second ? 2 : 0)) + c;
      assert_true(fabs(x[stays] - old[stays]) < 1e-12);
      assert_true(fabs(fabs(x[goes] - old[goes]) - (c == 1 ? hole.known - hole.r : 0.0)) < 1e-9);
    }
  mtp_hole_clear(&hole);
  free(theta);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bonded_atoms_are_one),
      cmocka_unit_test(bonds_are_of_non_metals),
      cmocka_unit_test(the_longest_bond_counts),
      cmocka_unit_test(crystals_are_none),
      cmocka_unit_test(contacts_are_told_from_bonds),
      cmocka_unit_test_setup_teardown(labels_are_of_whole_molecules, learning_world_new, learning_world_free),
      cmocka_unit_test(holes_are_of_whole_molecules),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
