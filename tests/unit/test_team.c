/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_team.c
 * Evaluations, errors and selections in threads and on ranks: the same in every bit for any number of them, and a
 * configuration that fails is named whoever works on it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/errors.h"
#include "mtp/select.h"
#include "mtp/team.h"
#include "support_config.h"
#include "support_data.h"
#include "support_team.h"

enum { FRAMES = 23 };

typedef struct result {
  mtp_config_set *set;
  mtp_error_table *table;
  size_t chosen[FRAMES], count;
} result;

typedef struct job {
  int threads;
  mtp_mode mode;
  bool graded;
  size_t singular; /* number of a configuration whose cell is, or SIZE_MAX */
  size_t number;   /* of the first one; 0: their errors are computed, too */
  mtp_select_mode by;
  mtp_status status;
  char message[300];
  result result;
} job;

static mtp_status rewind_set(mtp_context *ctx, void *user) {
  (void)ctx;
  *(bool *)user = false;
  return MTP_OK;
}

static const mtp_config_set *candidates_of_test;

static mtp_status next_set(mtp_context *ctx, void *user, const mtp_config_set **block) {
  bool *done = user;
  (void)ctx;
  *block = *done ? NULL : candidates_of_test;
  *done = true;
  return MTP_OK;
}

static mtp_config_set *make_set(mtp_context *ctx, const mtp_potential *pot, const job *j) {
  mtp_random random = {5};
  mtp_config_set *set = mtp_config_set_new();
  mtp_config_set_species(set, "A");
  mtp_config_set_species(set, "B");
  for (size_t k = 0; k < FRAMES; k++) {
    mtp_config *cfg = data_config(&random, k % 3 ? DATA_TRICLINIC : DATA_CLUSTER, 3 + k % 5, 2, 2.4);
    data_append_labelled(ctx, set, pot, cfg);
    mtp_config_free(cfg);
    set->configs[k]->energy += 0.1 * (double)k;
    if (k == j->singular) memcpy(set->configs[k]->cell + 3, set->configs[k]->cell, 3 * sizeof(double));
  }
  set->configs[7]->ghost = data_calloc(set->configs[7]->n, 1);
  set->configs[7]->ghost[1] = 1;
  for (size_t k = 0; k < 4; k++) set->configs[k]->force_error = data_calloc(set->configs[k]->n, sizeof(double));
  return set;
}

static void select_some(mtp_context *ctx, const mtp_comm *comm, const mtp_potential *pot, job *j) {
  mtp_select_options options = mtp_select_defaults();
  mtp_selection *selection = NULL;
  bool done;
  const mtp_candidates candidates = {&done, rewind_set, next_set};
  options.mode = j->by;
  options.threads = j->threads;
  options.comm = comm;
  options.memory = j->threads > 1 ? 0 : 1e9;
  candidates_of_test = j->result.set;
  data_must(ctx, mtp_select(ctx, &options, pot, NULL, NULL, &candidates, &selection));
  assert_true(selection->count > 0);
  j->result.count = selection->count;
  memcpy(j->result.chosen, selection->chosen, selection->count * sizeof *selection->chosen);
  mtp_selection_free(selection);
}

static void lead(mtp_context *ctx, const mtp_comm *comm, void *user) {
  job *j = user;
  mtp_random random = {3};
  mtp_active_set *as = NULL;
  mtp_team *team = NULL;
  mtp_potential *pot = data_potential(
      ctx, &random, &(data_recipe){.level = 6, .species = 2, .radial_size = 4, .min_dist = 1.5, .cutoff = 4.3});
  mtp_config_set *set = j->result.set = make_set(ctx, pot, j);
  data_must(ctx, mtp_active_set_new(ctx, mtp_potential_parameter_count(pot), j->mode, 0.5, &as));
  data_must(ctx, mtp_team_new(ctx, pot, j->graded ? as : NULL, j->threads, comm, &team));
  j->status = MTP_OK;
  if (j->number == 0) j->status = mtp_error_table_compute_by(ctx, team, pot, set, NULL, NULL, &j->result.table);
  if (j->status == MTP_OK) j->status = mtp_team_evaluate(ctx, team, j->number, set->n, set->configs);
  snprintf(j->message, sizeof j->message, "%s", mtp_context_message(ctx));
  if (j->status == MTP_OK) select_some(ctx, comm, pot, j);
  mtp_team_end_help(comm);
  mtp_team_free(team);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
}

static void follow(mtp_context *ctx, const mtp_comm *comm, void *user) {
  (void)user;
  if (mtp_team_help(ctx, comm) != MTP_OK) abort();
}

static void result_free(result *r) {
  mtp_config_set_free(r->set);
  mtp_error_table_free(r->table);
}

static void expect_same(const result *a, const result *b) {
  bench_same(a->set, b->set, BENCH_ALL);
  assert_memory_equal(&a->table->all, &b->table->all, sizeof a->table->all);
  assert_memory_equal(a->table->species_force, b->table->species_force, 2 * sizeof *a->table->species_force);
  for (size_t k = 0; k < FRAMES; k++) assert_null(b->set->configs[k]->force_error); /* of other forces */
  assert_int_equal(a->count, b->count);
  assert_memory_equal(a->chosen, b->chosen, a->count * sizeof *a->chosen);
}

static void test_ranks(void **state) {
  (void)state;
  for (int kind = 0; kind < 3; kind++) {
    const job base = {.threads = 1,
                      .mode = kind == 1 ? MTP_MODE_CONFIGURATION : MTP_MODE_NEIGHBOURHOOD,
                      .graded = kind < 2,
                      .by = (mtp_select_mode)kind,
                      .singular = SIZE_MAX};
    job first = base;
    team_run(1, lead, follow, &first);
    assert_int_equal(first.status, MTP_OK);
    for (int ranks = 1; ranks <= 3; ranks++)
      for (int threads = 1; threads <= 2; threads++) {
        job j = base;
        j.threads = threads;
        team_run(ranks, lead, follow, &j);
        assert_int_equal(j.status, MTP_OK);
        expect_same(&first.result, &j.result);
        result_free(&j.result);
      }
    result_free(&first.result);
  }
}

static void test_messages(void **state) {
  (void)state;
  for (int ranks = 1; ranks <= 3; ranks++)
    for (size_t k = 1; k < 6; k++) {
      job j = {.threads = 2, .singular = k % 3 ? k : k + 1, .number = k % 2 ? 0 : 300};
      char number[40];
      team_run(ranks, lead, follow, &j);
      snprintf(number, sizeof number, "configuration %zu: ", j.number + j.singular + 1);
      assert_int_not_equal(j.status, MTP_OK);
      if (!strstr(j.message, number) || !strstr(j.message, "cell")) fail_msg("no word of the cell: '%s'", j.message);
      result_free(&j.result);
    }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranks), cmocka_unit_test(test_messages)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
