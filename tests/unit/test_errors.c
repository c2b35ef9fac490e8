/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_errors.c
 * Errors of a potential against sums made by hand from what the oracle says: over all configurations, by group and by
 * species. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/errors.h"
#include "support_data.h"
#include "support_naive.h"

enum { SPECIES = 3, CONFIGS = 18 };
static const data_recipe recipe = {8, SPECIES, 6, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};

/* Energies, forces and virials off what the potential says, and each of them missing in some configurations. */
static void spoil(mtp_random *random, size_t k, mtp_config *cfg) {
  cfg->energy += mtp_random_normal(random);
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] += (1 + cfg->species[i / 3]) * mtp_random_normal(random);
  for (int a = 0; a < 6; a++) cfg->virial[a] += mtp_random_normal(random);
  if (k % 4 == 1) cfg->has_energy = false;
  if (k % 5 == 2) cfg->has_virial = false;
  if (k % 6 == 3) {
    free(cfg->force);
    cfg->force = NULL;
  }
}

typedef struct fixture {
  mtp_context *ctx;
  mtp_potential *pot;
  mtp_config_set *set;
} fixture;

/* Atoms of the first `species` species in cells of all shapes. */
static fixture *fixture_open(unsigned long long seed, int species) {
  fixture *f = data_calloc(1, sizeof *f);
  mtp_random random = {seed};
  f->ctx = data_context();
  f->pot = data_potential(f->ctx, &random, &recipe);
  f->set = mtp_config_set_new();
  assert_non_null(f->set);
  for (size_t k = 0; k < CONFIGS; k++) {
    mtp_config *cfg = data_config(&random, (data_shape)(k % DATA_SHAPES), 4 + k % 3, species, 2.7);
    data_append_labelled(f->ctx, f->set, f->pot, cfg);
    spoil(&random, k, f->set->configs[k]);
    mtp_config_free(cfg);
  }
  return f;
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
  free(f);
}

static void put_in(fixture *f, size_t k, const char *key, const char *value) {
  data_must(f->ctx, mtp_config_set_feature(f->ctx, f->set->configs[k], key, value));
}

/* ---- sums made by hand ---- */

typedef struct tally {
  double sum, square, max;
  size_t count;
} tally;

typedef struct tallies {
  size_t configurations, atoms;
  tally energy, force, stress, species[SPECIES];
} tallies;

static void count_in(tally *t, double difference) {
  t->sum += fabs(difference);
  t->square += difference * difference;
  t->max = fmax(t->max, fabs(difference));
  t->count++;
}

static void count_config(tallies *t, const mtp_potential *pot, const mtp_config *cfg) {
  naive_result *res = naive_config(pot, cfg);
  const double volume = mtp_config_volume(cfg);
  t->configurations++;
  t->atoms += cfg->n;
  if (cfg->has_energy) count_in(&t->energy, (res->energy - cfg->energy) / (double)cfg->n);
  for (size_t i = 0; cfg->force && i < 3 * cfg->n; i++) {
    count_in(&t->force, res->force[i] - cfg->force[i]);
    count_in(&t->species[cfg->species[i / 3]], res->force[i] - cfg->force[i]);
  }
  for (int a = 0; cfg->has_virial && volume > 0 && a < 9; a++) {
    const int component = a < 6 ? a : a - 3;
    count_in(&t->stress, (res->virial[component] - cfg->virial[component]) / volume * 160.2176634);
  }
  naive_result_free(res);
}

static void expect_stat(const char *what, const mtp_error_stat *got, const tally *want) {
  const double n = want->count ? (double)want->count : 1;
  const double values[3] = {got->mae, got->rmse, got->max};
  const double wanted[3] = {want->sum / n, sqrt(want->square / n), want->max};
  assert_int_equal(got->count, want->count);
  data_expect_close(what, 3, values, wanted, 1e-9);
}

static void expect_errors(const mtp_errors *got, const tallies *want) {
  assert_int_equal(got->configurations, want->configurations);
  assert_int_equal(got->atoms, want->atoms);
  expect_stat("energy error", &got->energy_per_atom, &want->energy);
  expect_stat("force error", &got->force, &want->force);
  expect_stat("stress error", &got->stress, &want->stress);
}

/* ---- tests ---- */

static void test_all(void **state) {
  (void)state;
  fixture *f = fixture_open(100, SPECIES);
  tallies want = {0};
  mtp_errors errors;
  for (size_t k = 0; k < f->set->n; k++) count_config(&want, f->pot, f->set->configs[k]);
  assert_true(want.energy.count > 0 && want.energy.count < CONFIGS);
  assert_true(want.force.count > 0 && want.force.count < 3 * want.atoms);
  assert_true(want.stress.count > 0 && want.stress.count < 9 * CONFIGS);
  data_must(f->ctx, mtp_errors_compute(f->ctx, f->pot, f->set, &errors));
  expect_errors(&errors, &want);
  fixture_close(f);
}

static void test_species(void **state) {
  (void)state;
  fixture *f = fixture_open(101, SPECIES - 1);
  tallies want = {0};
  mtp_error_table *table = NULL;
  for (size_t k = 0; k < f->set->n; k++) count_config(&want, f->pot, f->set->configs[k]);
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, &table));
  expect_errors(&table->all, &want);
  assert_int_equal(table->species_count, SPECIES);
  assert_true(want.species[0].count > 0 && want.species[1].count > 0 && want.species[2].count == 0);
  for (int s = 0; s < SPECIES; s++) expect_stat("force error of a species", &table->species_force[s], &want.species[s]);
  assert_true(table->species_force[1].rmse > 1.5 * table->species_force[0].rmse); /* as spoilt */
  assert_int_equal(table->group_count, 0);
  assert_null(table->groups);
  mtp_error_table_free(table);
  fixture_close(f);
}

/* Three groups and what is in none, in no order in the file and sorted in the table. */
static void test_groups(void **state) {
  (void)state;
  static const char *const name[] = {"", "bulk", "melt", "slab"};
  fixture *f = fixture_open(102, SPECIES);
  tallies want[4] = {0};
  for (size_t k = 0; k < CONFIGS; k++) {
    const size_t g = (7 * k + 3) % 5 % 4;
    count_config(&want[g], f->pot, f->set->configs[k]);
    if (g == 0) {
      if (k % 2) put_in(f, k, "group", "");
    } else {
      put_in(f, k, k % 2 ? "group" : "config_type", name[g]);
      if (k % 2) put_in(f, k, "config_type", "another"); /* `group` comes first */
      if (k % 4 == 0) put_in(f, k, "group", "");         /* an empty one is none */
    }
    assert_string_equal(mtp_error_group_of(f->set->configs[k]), name[g]);
  }
  mtp_error_table *table = NULL;
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, &table));
  assert_int_equal(table->all.configurations, CONFIGS);
  assert_int_equal(table->group_count, 4);
  for (size_t g = 0; g < 4; g++) {
    assert_true(want[g].configurations > 1);
    assert_string_equal(table->groups[g].name, name[g]);
    expect_errors(&table->groups[g].errors, &want[g]);
  }
  mtp_error_table_free(table);

  for (size_t k = 0; k < CONFIGS; k++) put_in(f, k, "group", "one");
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, &table));
  assert_int_equal(table->group_count, 1);
  assert_string_equal(table->groups[0].name, "one");
  assert_memory_equal(&table->groups[0].errors.force, &table->all.force, sizeof table->all.force);
  mtp_error_table_free(table);
  fixture_close(f);
}

typedef struct seen {
  const fixture *f;
  size_t count;
  tally energy;
} seen;

static void watch(void *user, const mtp_config *labelled, const mtp_config *computed) {
  seen *s = user;
  assert_ptr_equal(labelled, s->f->set->configs[s->count++]);
  assert_true(computed != labelled && computed->n == labelled->n);
  if (labelled->has_energy) count_in(&s->energy, (computed->energy - labelled->energy) / (double)labelled->n);
}

/* The watch sees every configuration once and in order, and the labels stay what they were. */
static void test_watch(void **state) {
  (void)state;
  fixture *f = fixture_open(103, SPECIES);
  seen s = {.f = f};
  mtp_error_table *table = NULL;
  const double energy = f->set->configs[0]->energy, force = f->set->configs[0]->force[1];
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, f->set, watch, &s, &table));
  assert_int_equal(s.count, CONFIGS);
  expect_stat("energy error", &table->all.energy_per_atom, &s.energy);
  assert_true(f->set->configs[0]->energy == energy && f->set->configs[0]->force[1] == force);
  mtp_error_table_free(table);
  fixture_close(f);
}

/* A difference that is no number is not lost among those that are. */
static void test_not_finite(void **state) {
  (void)state;
  fixture *f = fixture_open(104, SPECIES);
  mtp_error_table *table = NULL;
  f->set->configs[4]->energy = NAN;
  put_in(f, 4, "group", "bad");
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, &table));
  assert_int_equal(table->group_count, 2);
  const mtp_error_stat *all = &table->all.energy_per_atom, *bad = &table->groups[1].errors.energy_per_atom;
  assert_true(isnan(all->mae) && isnan(all->rmse) && isnan(all->max));
  assert_true(isnan(bad->mae) && isnan(bad->rmse) && isnan(bad->max));
  assert_true(isfinite(table->groups[0].errors.energy_per_atom.rmse) && isfinite(table->all.force.rmse));
  mtp_error_table_free(table);
  fixture_close(f);
}

static void test_nothing(void **state) {
  (void)state;
  fixture *f = fixture_open(105, SPECIES);
  mtp_config_set *empty = mtp_config_set_new();
  mtp_error_table *table = NULL;
  const tallies none = {0};
  assert_non_null(empty);
  data_must(f->ctx, mtp_error_table_compute(f->ctx, f->pot, empty, NULL, NULL, &table));
  expect_errors(&table->all, &none);
  assert_int_equal(table->group_count, 0);
  mtp_error_table_free(table);
  mtp_error_table_free(NULL);
  mtp_config_set_free(empty);
  fixture_close(f);
}

static void test_misuse(void **state) {
  (void)state;
  fixture *f = fixture_open(106, SPECIES);
  mtp_error_table *table = NULL;
  mtp_errors errors = {.configurations = 77};
  assert_int_equal(mtp_errors_compute(f->ctx, NULL, f->set, &errors), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_errors_compute(f->ctx, f->pot, NULL, &errors), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_errors_compute(f->ctx, f->pot, f->set, NULL), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, NULL), MTP_ERR_ARGUMENT);
  f->set->configs[5]->species[2] = SPECIES; /* named, and before anything is counted with it */
  assert_int_not_equal(mtp_error_table_compute(f->ctx, f->pot, f->set, NULL, NULL, &table), MTP_OK);
  assert_non_null(strstr(mtp_context_message(f->ctx), "configuration 6: "));
  assert_int_not_equal(mtp_errors_compute(f->ctx, f->pot, f->set, &errors), MTP_OK);
  assert_null(table);
  assert_int_equal(errors.configurations, 77);
  fixture_close(f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all),    cmocka_unit_test(test_species),    cmocka_unit_test(test_groups),
      cmocka_unit_test(test_watch),  cmocka_unit_test(test_not_finite), cmocka_unit_test(test_nothing),
      cmocka_unit_test(test_misuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
