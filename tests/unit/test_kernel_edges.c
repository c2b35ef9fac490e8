/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_kernel_edges.c
 * Where a kernel that works on many atoms and neighbours at once may go wrong, against the oracle and in both
 * precisions: empty and overlong neighbour lists, lists of nothing but atoms beyond the cutoff, blocks that are not
 * full, more species than lanes, atoms of no species, numbers that are not finite, evaluators that are used for one
 * system after the other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "support_call.h"
#include "support_data.h"
#include "support_naive.h"

/* One evaluator for all the systems of a test. */
typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_evaluator *ev;
} fixture;

static const call_manner plain = {0, 0, 0, false}, with_skin = {0, 0, 0.8, false}, awkward = {0.2, 0.3, 0.8, true};
static const data_recipe one_species = {8, 1, 8, MTP_RADIAL_CHEBYSHEV, 2, 5};
static const data_recipe two_species = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5};
static const data_recipe repulsive = {8, 3, 7, MTP_RADIAL_CHEBYSHEV_REPULS, 2, 5};

static void fixture_open(fixture *f, unsigned long long seed, const data_recipe *recipe) {
  memset(f, 0, sizeof(*f));
  f->random.state = seed;
  f->ctx = data_context();
  f->pot = data_potential(f->ctx, &f->random, recipe);
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &f->ev));
}

static void fixture_close(fixture *f) {
  mtp_evaluator_free(f->ev);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static void check_call(fixture *f, call *c) {
  call_check(f->ctx, f->ev, c, f->pot);
}

static void check(fixture *f, const mtp_config *cfg, const call_manner *how) {
  call *c = call_new(&f->random, f->pot, cfg, how);
  check_call(f, c);
  call_free(c);
}

static void check_all_manners(fixture *f, mtp_config *cfg) {
  check(f, cfg, &plain);
  check(f, cfg, &with_skin);
  check(f, cfg, &awkward);
  mtp_config_free(cfg);
}

static mtp_config *random_config(fixture *f, data_shape shape, size_t n, double spacing) {
  return data_config(&f->random, shape, n, f->pot->nspecies, spacing);
}

/* Moves atoms first..n-1 far away from the others. */
static void move_away(mtp_config *cfg, size_t first) {
  for (size_t i = first; i < cfg->n; i++) cfg->x[3 * i + 1] += 100;
}

/* ---- neighbour lists ------------------------------------------------------------------------------------------- */

static void test_empty_lists(void **state) {
  static const data_recipe *const recipes[] = {&one_species, &two_species, &repulsive};
  (void)state;
  for (size_t k = 0; k < 3; k++) {
    fixture f;
    fixture_open(&f, 10 + k, recipes[k]);
    check_all_manners(&f, random_config(&f, DATA_CLUSTER, 1, 30)); /* one atom alone */
    check_all_manners(&f, random_config(&f, DATA_ORTHOGONAL, 1, 30));
    check_all_manners(&f, random_config(&f, DATA_CLUSTER, 19, 30));
    mtp_config *some = random_config(&f, DATA_CLUSTER, 21, 2.6);
    for (size_t i = 0; i < some->n; i += 3) some->x[3 * i] += 50 + 20 * (double)i;
    check_all_manners(&f, some);
    fixture_close(&f);
  }
}

/* Lists as long as usual in which no atom counts. */
static void test_beyond_the_cutoff(void **state) {
  static const call_manner far = {0, 0, 10, false};
  (void)state;
  fixture f;
  fixture_open(&f, 20, &two_species);
  mtp_config *cfg = random_config(&f, DATA_TRICLINIC, 8, 9);
  call *c = call_new(&f.random, f.pot, cfg, &far);
  naive_result *want = call_expected(c, f.pot);
  for (size_t i = 0; i < cfg->n; i++) {
    assert_true(c->in.count[i] > 10);
    assert_int_equal(want->neighbors[i], 0);
  }
  check_call(&f, c);
  naive_result_free(want);
  call_free(c);
  mtp_config_free(cfg);
  fixture_close(&f);
}

/* Six neighbours exactly at the cutoff do not count, and a seventh inside of it does. */
static void test_at_the_cutoff(void **state) {
  static const data_recipe *const recipes[] = {&one_species, &two_species, &repulsive};
  (void)state;
  for (size_t k = 0; k < 3; k++) {
    fixture f;
    fixture_open(&f, 30 + k, recipes[k]);
    mtp_config *cfg = mtp_config_new(9);
    const double a = mtp_potential_cutoff(f.pot);
    for (size_t i = 0; i < 8; i++) {
      cfg->species[i] = (int)i % f.pot->nspecies;
      for (size_t axis = 0; axis < 3; axis++) cfg->x[3 * i + axis] = i >> axis & 1 ? a : 0;
    }
    cfg->x[24] = 2.2, cfg->x[25] = 0.3, cfg->x[26] = -0.4;
    for (size_t axis = 0; axis < 3; axis++) {
      cfg->periodic[axis] = true;
      cfg->cell[4 * axis] = 2 * a;
    }
    check_all_manners(&f, cfg);
    fixture_close(&f);
  }
}

static void test_many_neighbors(void **state) {
  static const double spacing[] = {2.6, 2.2, 1.9};
  static const data_recipe recipes[] = {{6, 1, 8, MTP_RADIAL_CHEBYSHEV, 1.2, 8}, {6, 3, 5, MTP_RADIAL_SHAPEEV, 1.2, 8}};
  (void)state;
  int fewest = 1000, most = 0;
  for (size_t k = 0; k < 6; k++) {
    fixture f;
    fixture_open(&f, 40 + k, &recipes[k / 3]);
    mtp_config *cfg = random_config(&f, k % 2 ? DATA_TRICLINIC : DATA_ORTHOGONAL, 8, spacing[k % 3]);
    call *c = call_new(&f.random, f.pot, cfg, &with_skin);
    naive_result *want = call_expected(c, f.pot);
    for (size_t i = 0; i < cfg->n; i++) {
      if (want->neighbors[i] < fewest) fewest = want->neighbors[i];
      if (want->neighbors[i] > most) most = want->neighbors[i];
    }
    naive_result_free(want);
    check_call(&f, c);
    call_free(c);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
  print_message("%d to %d neighbours\n", fewest, most);
  assert_true(fewest > 100 && most > 290);
}

/* ---- species --------------------------------------------------------------------------------------------------- */

/* Most species are rare or do not occur at all. */
static void test_many_species(void **state) {
  (void)state;
  for (int species = 9; species <= 12; species++) {
    const data_recipe recipe = {6, species, 4, MTP_RADIAL_CHEBYSHEV, 2, 5};
    fixture f;
    fixture_open(&f, 50 + (unsigned)species, &recipe);
    mtp_config *cfg = random_config(&f, DATA_TRICLINIC, 25, 2.6);
    check(&f, cfg, &awkward);
    for (size_t i = 0; i < cfg->n; i++) cfg->species[i] = i == 7 ? 0 : i % 9 == 4 ? species - 1 : 4;
    check_all_manners(&f, cfg);
    fixture_close(&f);
  }
}

static void test_foreign_atoms(void **state) {
  static const double share[] = {0.05, 0.5, 0.95, 1};
  (void)state;
  fixture f;
  fixture_open(&f, 60, &two_species);
  for (size_t k = 0; k < 4; k++) {
    const call_manner how = {share[k], k % 2 ? 0.4 : 0, 0.5, k > 1};
    mtp_config *cfg = random_config(&f, DATA_TRICLINIC, 20, 2.6);
    call *c = call_new(&f.random, f.pot, cfg, &how);
    check_call(&f, c);
    if (share[k] == 1) {
      assert_true(c->out.energy == 0.0);
      assert_true(data_largest(3 * c->in.nall, c->out.force) == 0.0);
    }
    call_free(c);
    mtp_config_free(cfg);
  }
  fixture_close(&f);
}

/* Without a table of types, neighbours of species that the potential does not have are passed over. */
static void test_types_beyond_the_potential(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 61, &two_species);
  mtp_config *cfg = random_config(&f, DATA_ORTHOGONAL, 20, 2.6);
  call *c = call_new(&f.random, f.pot, cfg, &with_skin);
  int central[20], n = 0;
  for (size_t j = 0; j < c->in.nall; j++) {
    const size_t i = (size_t)c->atoms->owner[j];
    c->type[j] = i % 4 == 1 ? 2 : i % 4 == 3 ? 100000 : c->atoms->species[j];
    if (c->type[j] >= 2) c->atoms->species[j] = -1;
    if (j < 20 && c->type[j] < 2) central[n++] = (int)j;
  }
  c->in.species_of_type = NULL;
  call_set_central(c, (size_t)n, central);
  check_call(&f, c);
  call_free(c);
  mtp_config_free(cfg);
  fixture_close(&f);
}

/* ---- blocks ---------------------------------------------------------------------------------------------------- */

/* Any number of central atoms, so that the last block of each species is empty, partly and exactly full; in an order
 * that jumps to and fro. */
static void test_fill_of_blocks(void **state) {
  static const data_recipe recipes[] = {{4, 1, 4, MTP_RADIAL_CHEBYSHEV, 2, 4}, {4, 2, 4, MTP_RADIAL_CHEBYSHEV, 2, 4}};
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    fixture f;
    fixture_open(&f, 70 + k, &recipes[k]);
    mtp_config *cfg = random_config(&f, DATA_CLUSTER, 41, 2.6);
    call *c = call_new(&f.random, f.pot, cfg, &with_skin);
    for (size_t n = 0; n <= 40; n++) {
      int central[40];
      for (size_t i = 0; i < n; i++) central[i] = (int)((17 * i + 5 * n) % 41);
      call_set_central(c, n, central);
      check_call(&f, c);
    }
    call_free(c);
    mtp_config_free(cfg);
    for (size_t n = 1; n <= 40; n += k ? 5 : 1) {
      cfg = random_config(&f, DATA_CLUSTER, n, 2.6); /* and all atoms without a list of them */
      check(&f, cfg, &plain);
      mtp_config_free(cfg);
    }
    fixture_close(&f);
  }
}

/* One block may hold an atom with no neighbour next to one with hundreds. */
static void test_uneven_blocks(void **state) {
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    fixture f;
    fixture_open(&f, 80 + k, k ? &repulsive : &one_species);
    mtp_config *cfg = random_config(&f, DATA_CLUSTER, 90, 2.0);
    for (size_t i = 0; i < cfg->n; i++) { /* thinner and thinner to the outside */
      double *x = cfg->x + 3 * i, r2 = 0;
      for (int a = 0; a < 3; a++) r2 += (x[a] - 5) * (x[a] - 5);
      for (int a = 0; a < 3; a++) x[a] = 5 + (x[a] - 5) * (1 + 0.004 * r2 * r2);
    }
    check_all_manners(&f, cfg);
    fixture_close(&f);
  }
}

/* ---- places ---------------------------------------------------------------------------------------------------- */

/* Displacements are formed in double: far from the origin nothing is lost, whatever the precision. */
static void test_far_from_the_origin(void **state) {
  static const double shift[][3] = {{1e4, -2e4, 1.5e4}, {-12345.678, 0, 98765.4321}, {1e6, 1e6, -1e6}};
  (void)state;
  fixture f;
  fixture_open(&f, 90, &two_species);
  for (size_t k = 0; k < 3; k++) {
    mtp_config *cfg = random_config(&f, (data_shape)k, 14, 2.6);
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] += shift[k][i % 3];
    check_all_manners(&f, cfg);
  }
  fixture_close(&f);
}

/* A broken position of an atom. All atoms of another cluster keep their energies and forces, the sum of all energies
 * says that something is wrong. */
static void check_broken(fixture *f, call *c, size_t atom, size_t axis, double value, size_t intact) {
  for (mtp_precision p = MTP_PRECISION_DOUBLE; p <= MTP_PRECISION_MIXED; p++) {
    mtp_output out = c->out;
    const double kept = c->atoms->x[3 * atom + axis];
    double *site_energy = data_calloc(intact, sizeof(double)), *force = data_calloc(3 * intact, sizeof(double));
    out.gradient = out.rows = NULL;
    data_must(f->ctx, mtp_evaluator_set_precision(f->ctx, f->ev, p));
    call_clear(c);
    data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &c->in, NULL, &out));
    assert_true(isfinite(out.energy));
    memcpy(site_energy, out.site_energy, intact * sizeof(double));
    memcpy(force, out.force, 3 * intact * sizeof(double));
    c->atoms->x[3 * atom + axis] = value;
    call_clear(c);
    out.energy = 0;
    data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &c->in, NULL, &out));
    c->atoms->x[3 * atom + axis] = kept;
    if (isfinite(out.energy)) fail_msg("energy %g although a coordinate of atom %zu is %g", out.energy, atom, value);
    data_expect_close("site energies elsewhere", intact, out.site_energy, site_energy, call_tolerance(p));
    data_expect_close("forces elsewhere", 3 * intact, out.force, force, call_tolerance(p));
    free(site_energy);
    free(force);
  }
}

static void test_not_finite(void **state) {
  static const data_recipe *const recipes[] = {&one_species, &two_species, &repulsive};
  static const double values[] = {NAN, INFINITY, -INFINITY};
  (void)state;
  for (size_t k = 0; k < 9; k++) {
    fixture f;
    fixture_open(&f, 100 + k, recipes[k % 3]);
    mtp_config *cfg = random_config(&f, DATA_CLUSTER, 31, 2.6);
    move_away(cfg, 15);
    call *c = call_new(&f.random, f.pot, cfg, &with_skin);
    check_broken(&f, c, 15 + data_index(&f.random, 16), k % 3, values[k / 3], 15);
    mtp_output all = c->out;
    c->atoms->x[3 * 20 + k % 3] = values[k / 3];
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &c->in, NULL, &all));
    call_free(c);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

/* A neighbour that is not central cannot be at no place either. */
static void test_neighbor_without_a_place(void **state) {
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    fixture f;
    fixture_open(&f, 110 + k, k ? &repulsive : &one_species);
    mtp_config *cfg = random_config(&f, DATA_CLUSTER, 31, 2.6);
    move_away(cfg, 15);
    call *c = call_new(&f.random, f.pot, cfg, &plain);
    int central[30];
    for (int i = 0; i < 30; i++) central[i] = i;
    call_set_central(c, 30, central);
    check_broken(&f, c, 30, k, NAN, 15);
    call_free(c);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

/* ---- evaluators that live long --------------------------------------------------------------------------------- */

static void test_growing_and_shrinking(void **state) {
  static const size_t atoms[] = {3, 30, 1, 64, 9, 0, 17, 100, 2};
  static const double spacing[] = {2.6, 3.2, 2.0, 2.9, 1.7};
  static const data_recipe recipes[] = {{6, 1, 4, MTP_RADIAL_CHEBYSHEV, 1.5, 5}, {6, 3, 4, MTP_RADIAL_SHAPEEV, 1.5, 5}};
  (void)state;
  for (size_t r = 0; r < 2; r++) {
    fixture f;
    fixture_open(&f, 120 + r, &recipes[r]);
    for (size_t k = 0; k < 9; k++) {
      mtp_config *cfg = random_config(&f, DATA_CLUSTER, atoms[k], spacing[k % 5]);
      check(&f, cfg, k % 2 ? &awkward : &plain);
      mtp_config_free(cfg);
    }
    fixture_close(&f);
  }
}

/* Evaluates without gradients and copies energy, virial, forces and site energies to result[7 + 4*nall]. */
static void evaluate(fixture *f, call *c, mtp_precision precision, double *result) {
  mtp_output out = c->out;
  const size_t nall = c->in.nall;
  out.gradient = out.rows = NULL;
  call_clear(c);
  out.energy = 0;
  memset(out.virial, 0, sizeof(out.virial));
  data_must(f->ctx, mtp_evaluator_set_precision(f->ctx, f->ev, precision));
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &c->in, NULL, &out));
  result[0] = out.energy;
  memcpy(result + 1, out.virial, sizeof(out.virial));
  memcpy(result + 7, out.force, 3 * nall * sizeof(double));
  memcpy(result + 7 + 3 * nall, out.site_energy, nall * sizeof(double));
}

static void test_precision_to_and_fro(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 130, &two_species);
  mtp_config *cfg = random_config(&f, DATA_TRICLINIC, 27, 2.6);
  call *c = call_new(&f.random, f.pot, cfg, &with_skin);
  const size_t width = 7 + 4 * c->in.nall;
  double *result[2][2];
  for (int k = 0; k < 4; k++) result[k / 2][k % 2] = data_calloc(width, sizeof(double));
  for (int round = 0; round < 3; round++) {
    for (int p = 0; p < 2; p++) {
      evaluate(&f, c, (mtp_precision)p, result[p][round > 0]);
      if (round > 0) assert_memory_equal(result[p][0], result[p][1], width * sizeof(double));
    }
  }
  data_expect_close("mixed against double", width, result[1][0], result[0][0], call_tolerance(MTP_PRECISION_MIXED));
  /* what is refused changes nothing */
  const mtp_precision unknown = (mtp_precision)2;
  assert_int_equal(mtp_evaluator_set_precision(f.ctx, f.ev, unknown), MTP_ERR_ARGUMENT);
  assert_string_not_equal(mtp_context_message(f.ctx), "");
  assert_int_equal(mtp_evaluator_set_precision(f.ctx, NULL, MTP_PRECISION_MIXED), MTP_ERR_ARGUMENT);
  for (int k = 0; k < 4; k++) free(result[k / 2][k % 2]);
  call_free(c);
  mtp_config_free(cfg);
  fixture_close(&f);
}

/* Calls that ask for gradients, rows or grades are made in double, also the other results of such a call. */
static void test_gradients_are_double(void **state) {
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    fixture f;
    fixture_open(&f, 140 + k, k ? &repulsive : &two_species);
    mtp_config *cfg = random_config(&f, DATA_TRICLINIC, 40, 2.6);
    call *c = call_new(&f.random, f.pot, cfg, &with_skin);
    const size_t nall = c->in.nall, n = c->nparams, sizes[] = {3 * nall, nall, n, 40 * n, nall};
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &c->in, NULL, &c->out));
    mtp_active_set *as = NULL;
    long long *origin = data_calloc(2 * 40, sizeof(*origin));
    data_must(f.ctx, mtp_active_set_new(f.ctx, n, MTP_MODE_NEIGHBOURHOOD, 1e-2, &as));
    data_must(f.ctx, mtp_active_set_offer(f.ctx, as, 20, c->out.rows, origin, 1.001, NULL, NULL));
    data_must(f.ctx, mtp_evaluator_set_active_set(f.ctx, f.ev, as));
    c->out.grade = data_calloc(nall, sizeof(double));
    double *kept[5];
    for (int p = 0; p < 2; p++) {
      double *const fields[5] = {c->out.force, c->out.site_energy, c->out.gradient, c->out.rows, c->out.grade};
      data_must(f.ctx, mtp_evaluator_set_precision(f.ctx, f.ev, (mtp_precision)p));
      call_clear(c);
      data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &c->in, NULL, &c->out));
      for (int a = 0; a < 5; a++) {
        if (p)
          data_expect_close("mixed against double", sizes[a], fields[a], kept[a], 1e-13);
        else
          kept[a] = data_calloc(sizes[a], sizeof(double));
        memcpy(kept[a], fields[a], sizes[a] * sizeof(double));
      }
    }
    mtp_output graded = {.grade = c->out.grade}; /* grades alone */
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &c->in, NULL, &graded));
    data_expect_close("grades alone", nall, graded.grade, kept[4], 1e-13);
    assert_true(graded.max_grade > 1);
    for (int a = 0; a < 5; a++) free(kept[a]);
    free(c->out.grade);
    free(origin);
    mtp_active_set_free(as);
    call_free(c);
    mtp_config_free(cfg);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_empty_lists),
      cmocka_unit_test(test_beyond_the_cutoff),
      cmocka_unit_test(test_at_the_cutoff),
      cmocka_unit_test(test_many_neighbors),
      cmocka_unit_test(test_many_species),
      cmocka_unit_test(test_foreign_atoms),
      cmocka_unit_test(test_types_beyond_the_potential),
      cmocka_unit_test(test_fill_of_blocks),
      cmocka_unit_test(test_uneven_blocks),
      cmocka_unit_test(test_far_from_the_origin),
      cmocka_unit_test(test_not_finite),
      cmocka_unit_test(test_neighbor_without_a_place),
      cmocka_unit_test(test_growing_and_shrinking),
      cmocka_unit_test(test_precision_to_and_fro),
      cmocka_unit_test(test_gradients_are_double),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
