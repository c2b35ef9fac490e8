/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_hole.c
 * Holes of potentials whose energies are known: pairs with V(r) = (r - 5)^2 (p + q x), x = (r - 3) / 2. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "learn/hole.h"
#include "model/model.h"
#include "support_data.h"

enum { SPECIES = 2, SIZE = 4 };

typedef struct fixture {
  mtp_context *ctx;
  mtp_potential *pot;
  mtp_config_set *set;
} fixture;

/* Energy of a pair: both atoms have it. */
static double pair_energy(double r, double p, double q) {
  return 2.0 * (r - 5.0) * (r - 5.0) * (p + q * 0.5 * (r - 3.0));
}

static void open_fixture(fixture *f) {
  static const char *const elements[] = {"Na", "Cl"};
  const mtp_potential_spec spec = {
      .level = 2, .species_count = SPECIES, .elements = elements, .cutoff = 5.0, .min_dist = 1.0, .radial_size = SIZE};
  f->ctx = mtp_context_new();
  data_must(f->ctx, mtp_potential_new(f->ctx, &spec, &f->pot));
  f->set = mtp_config_set_new();
  for (int s = 0; s < SPECIES; s++) assert_int_equal(mtp_config_set_species(f->set, elements[s]), s);
}

static void close_fixture(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

/* The pair energies, one (p, q) of like and one of unlike species. */
static void set_pairs(fixture *f, const double like[2], const double unlike[2]) {
  const size_t n = mtp_potential_parameter_count(f->pot);
  assert_int_equal(n, SPECIES * SPECIES * SIZE + SPECIES + 1);
  double *theta = data_calloc(n, sizeof *theta);
  for (int a = 0; a < SPECIES; a++)
    for (int b = 0; b < SPECIES; b++)
      for (int k = 0; k < 2; k++) theta[(a * SPECIES + b) * SIZE + k] = (a == b ? like : unlike)[k];
  theta[n - 1] = 1.0;
  data_must(f->ctx, mtp_potential_set_parameters(f->ctx, f->pot, theta));
  free(theta);
}

static void add_dimer(fixture *f, int a, int b, double r, bool squeezed) {
  mtp_config *cfg = mtp_config_new(2);
  cfg->species[0] = a, cfg->species[1] = b;
  cfg->x[3] = 0.6 * r, cfg->x[4] = 0.8 * r;
  if (squeezed) data_must(f->ctx, mtp_config_set_feature(f->ctx, cfg, "squeezed", "0.7"));
  data_must(f->ctx, mtp_config_set_append(f->ctx, f->set, cfg));
}

static const double rising[2] = {1.0, 0.0}, falling[2] = {1.0, 1.25}, well[2] = {-0.05, 0.0}, cliff[2] = {-1.0, 0.0};

static void expect_none(fixture *f) {
  mtp_hole hole;
  data_must(f->ctx, mtp_find_hole(f->ctx, f->pot, f->set, &hole));
  assert_int_equal(hole.a, -1);
  assert_null(hole.cfg);
}

static void none_where_energies_rise(void **state) {
  (void)state;
  fixture f;
  open_fixture(&f);
  set_pairs(&f, rising, rising);
  expect_none(&f); /* of nothing at all */
  add_dimer(&f, 0, 0, 3.0, false);
  add_dimer(&f, 0, 1, 2.5, false);
  expect_none(&f);
  close_fixture(&f);
}

/* It rises from 3 A on, and is below what it had reached soon after. */
static void energy_that_falls_is_found(void **state) {
  (void)state;
  fixture f;
  mtp_hole hole;
  open_fixture(&f);
  set_pairs(&f, rising, falling);
  add_dimer(&f, 0, 0, 2.9, false);
  add_dimer(&f, 1, 0, 3.4, false);
  add_dimer(&f, 0, 1, 3.0, false);
  data_must(f.ctx, mtp_find_hole(f.ctx, f.pot, f.set, &hole));
  assert_int_equal(hole.a, 0);
  assert_int_equal(hole.b, 1);
  assert_true(fabs(hole.known - 3.0) < 1e-12); /* the closest pair of its kind */
  assert_true(hole.r >= 1.4999 && hole.r < 2.5);
  /* the configuration is one of the scan, without results */
  assert_non_null(hole.cfg);
  assert_false(hole.cfg->has_energy);
  assert_null(hole.cfg->force);
  const double *x = hole.cfg->x, d[3] = {x[3] - x[0], x[4] - x[1], x[5] - x[2]};
  const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  assert_true(fabs(r - hole.r) < 1e-9);
  double top = -INFINITY, edge = 0.0, deepest = 0.0, fall = 0.0;
  for (int k = 0; k <= 20; k++) { /* the steps of the scan */
    const double at = 3.0 * (1.0 - 0.025 * k), energy = pair_energy(at, 1.0, 1.25);
    if (top - energy > 0.1 + 0.05 * (top - pair_energy(3.0, 1.0, 1.25)) && edge == 0.0) edge = at;
    if (edge > 0.0 && top - energy > fall) fall = top - energy, deepest = at;
    top = fmax(top, energy);
  }
  assert_true(hole.depth > 0.1 && fabs(fall - hole.depth) < 1e-9);
  assert_true(fabs(r - fmax(deepest, edge - 2 * 0.075)) < 1e-9); /* not far beyond the edge */
  mtp_hole_clear(&hole);
  mtp_hole_clear(&hole); /* twice is no harm */
  close_fixture(&f);
}

/* Where two atoms bond, an energy falls without having risen; no bond is as deep as a cliff. */
static void bonds_are_no_holes(void **state) {
  (void)state;
  fixture f;
  mtp_hole hole;
  open_fixture(&f);
  set_pairs(&f, well, well);
  add_dimer(&f, 0, 0, 4.0, false);
  expect_none(&f);
  set_pairs(&f, cliff, cliff);
  data_must(f.ctx, mtp_find_hole(f.ctx, f.pot, f.set, &hole));
  assert_int_equal(hole.a, 0);
  assert_int_equal(hole.b, 0);
  assert_true(hole.depth > 6.0);
  mtp_hole_clear(&hole);
  close_fixture(&f);
}

static void squeezed_and_distant_pairs_are_no_start(void **state) {
  (void)state;
  fixture f;
  mtp_hole hole;
  open_fixture(&f);
  set_pairs(&f, falling, falling);
  add_dimer(&f, 0, 0, 3.0, true);
  add_dimer(&f, 0, 1, 4.8, false);
  expect_none(&f);
  add_dimer(&f, 1, 1, 3.0, false);
  data_must(f.ctx, mtp_find_hole(f.ctx, f.pot, f.set, &hole));
  assert_int_equal(hole.a, 1);
  assert_int_equal(hole.b, 1);
  mtp_hole_clear(&hole);
  close_fixture(&f);
}

/* Above 10 eV no run gets any more, so what is beyond does not matter. */
static void scan_ends_where_no_run_gets(void **state) {
  (void)state;
  fixture f;
  const double high[2] = {20.0, 25.0};
  open_fixture(&f);
  set_pairs(&f, high, high);
  add_dimer(&f, 0, 0, 4.2, false); /* the top is near 2.7 A and 70 eV up */
  expect_none(&f);
  close_fixture(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(none_where_energies_rise),    cmocka_unit_test(energy_that_falls_is_found),
      cmocka_unit_test(bonds_are_no_holes),          cmocka_unit_test(squeezed_and_distant_pairs_are_no_start),
      cmocka_unit_test(scan_ends_where_no_run_gets),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
