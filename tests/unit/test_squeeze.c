/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_squeeze.c
 * Labels of squeezed pairs: what they are of, what they weigh, where they are counted, and that none is lost, paid for
 * twice or waited for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/pairs.h"
#include "loop/loop.h"
#include "support_data.h"
#include "support_learning.h"

#define REACH 4.5

static mtp_status begin_with(learning_world *world, const mtp_potential *pot, const mtp_config *first,
                             mtp_learner **learner) {
  mtp_action action;
  data_must(world->ctx, learning_world_learner_of(world, pot, NULL, learner));
  return mtp_learner_begin(world->ctx, *learner, first, 0, &action);
}

static mtp_config *crystal(void) {
  return learning_crystal(2, 4.05, 0.05, 1);
}

static size_t count_squeezed(const mtp_config_set *set) {
  size_t n = 0;
  for (size_t i = 0; i < set->n; i++) n += mtp_config_is_squeezed(set->configs[i]);
  return n;
}

static double largest_force(const mtp_config *cfg) {
  double most = 0.0;
  for (size_t i = 0; i < cfg->n; i++) {
    const double *f = cfg->force + 3 * i;
    most = fmax(most, sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]));
  }
  return most;
}

/* The larger its forces, the less it weighs. */
static void expect_weight(const mtp_config *cfg) {
  const char *weight = mtp_config_get_feature(cfg, "config_weight");
  assert_non_null(weight);
  const double part = largest_force(cfg) / MTP_SQUEEZE_FORCE, want = MTP_SQUEEZE_WEIGHT / (1.0 + part * part);
  assert_true(fabs(strtod(weight, NULL) / want - 1.0) < 6e-3); /* three digits */
  assert_true(want < MTP_SQUEEZE_WEIGHT);
  assert_string_equal(mtp_config_get_feature(cfg, "config_type"), "squeezed");
  assert_null(mtp_config_get_feature(cfg, "warmup"));
}

/* ---- what is pushed ---- */

/* The shortest distances of each kind in the configurations that are not squeezed. */
static void find_known(const mtp_config_set *set, int species, double *known) {
  mtp_close_pair pair[4];
  for (int k = 0; k < species * species; k++) known[k] = INFINITY;
  for (size_t i = 0; i < set->n; i++) {
    if (mtp_config_is_squeezed(set->configs[i])) continue;
    data_must(NULL, mtp_config_closest_pairs(NULL, set->configs[i], REACH, species, NULL, pair));
    for (int k = 0; k < species * species; k++) known[k] = fmin(known[k], pair[k].r);
  }
}

static double distance(const mtp_config *cfg, size_t i, size_t j) {
  double square = 0.0;
  for (int c = 0; c < 3; c++) {
    double d = cfg->x[3 * i + (size_t)c] - cfg->x[3 * j + (size_t)c];
    if (cfg->periodic[c]) d -= cfg->cell[4 * c] * nearbyint(d / cfg->cell[4 * c]); /* cells are nearly rectangular */
    square += d * d;
  }
  return sqrt(square);
}

static bool is_part(double part) {
  static const double parts[] = {0.72, 0.85, 0.78, 0.92, 0.66, 0.82, 0.75, 0.88, 0.69, 0.95};
  for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
    if (fabs(part - parts[k]) < 1e-6) return true;
  return false;
}

/* Atoms that moved have a partner of their own, which stayed, at a part of the distance that is known. Periodicity is
 * left to the neighbour list: the partner is the closest atom. Returns the number of pairs. */
static size_t expect_pairs(const mtp_config *base, const mtp_config *cfg, int species, const double *known,
                           size_t *of_kind) {
  bool *used = data_calloc(cfg->n, sizeof *used);
  mtp_neighbors *nb = NULL;
  size_t pairs = 0;
  assert_int_equal(cfg->n, base->n);
  data_must(NULL, mtp_neighbors_build(NULL, cfg, REACH, &nb));
  for (size_t j = 0; j < cfg->n; j++) {
    if (memcmp(cfg->x + 3 * j, base->x + 3 * j, 3 * sizeof(double)) == 0) continue;
    double nearest = INFINITY;
    size_t partner = 0;
    for (int q = 0; q < nb->count[j]; q++) {
      const size_t k = (size_t)nb->list[j][q];
      double square = 0.0;
      for (size_t c = 0; c < 3; c++) square += pow(nb->x[3 * k + c] - nb->x[3 * j + c], 2);
      if (sqrt(square) < nearest) nearest = sqrt(square), partner = (size_t)nb->owner[k];
    }
    const int a = cfg->species[partner], b = cfg->species[j], kind = a < b ? a * species + b : b * species + a;
    if (!is_part(nearest / known[kind])) fail_msg("atom %zu is at %g of %g A", j, nearest / known[kind], known[kind]);
    assert_memory_equal(cfg->x + 3 * partner, base->x + 3 * partner, 3 * sizeof(double));
    assert_false(used[partner] || used[j]);
    used[partner] = used[j] = true;
    of_kind[kind]++;
    pairs++;
  }
  mtp_neighbors_free(nb);
  free(used);
  return pairs;
}

static void pairs_are_pushed_together(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *first = crystal();
  double known[1];
  size_t kinds[1] = {0};
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  mtp_learner_stats stats = mtp_learner_get_stats(learner);
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(set->n, 4); /* two copies and two squeezed ones */
  assert_int_equal(count_squeezed(set), 2);
  assert_int_equal(stats.labels, 4);
  assert_int_equal(stats.qm_calls, 4);
  assert_int_equal(stats.configurations, 4);
  assert_int_equal(world->reference.calls, 4);
  find_known(set, 1, known);
  for (size_t i = 2; i < 4; i++) {
    assert_string_equal(mtp_config_get_feature(set->configs[i], "squeezed"), i == 2 ? "0.72" : "0.85");
    assert_true(expect_pairs(set->configs[1], set->configs[i], 1, known, kinds) >= 2);
    expect_weight(set->configs[i]);
  }
  mtp_config_set_free(set);
  cJSON *log = learning_log_read(world->log), *event;
  int squeezed = 0;
  cJSON_ArrayForEach(event, log) squeezed += cJSON_HasObjectItem(event, "squeezed");
  assert_int_equal(squeezed, 2);
  assert_int_equal(learning_log_count(log, "label"), 4);
  cJSON_Delete(log);
  mtp_config_free(first);
}

static mtp_potential *two_species(mtp_context *ctx) {
  const char *const elements[] = {"Al", "Ni"};
  const mtp_potential_spec spec = {
      .level = 6, .species_count = 2, .elements = elements, .cutoff = 4.9, .min_dist = 1.5, .radial_size = 6};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

static void all_kinds_in_one_cell(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_potential *pot = two_species(world->ctx);
  mtp_config *first = learning_crystal(3, 4.05, 0.05, 1);
  for (size_t i = 0; i < first->n; i++) first->species[i] = (int)(i % 4 == 0 || i % 7 == 0);
  double known[4];
  size_t kinds[4] = {0};
  data_must(world->ctx, begin_with(world, pot, first, &learner));
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  data_must(world->ctx, mtp_config_set_map_species(world->ctx, set, 2, (const char *const[]){"Al", "Ni"}));
  assert_int_equal(count_squeezed(set), 2);
  find_known(set, 2, known);
  assert_true(expect_pairs(set->configs[set->n - 3], set->configs[set->n - 2], 2, known, kinds) >= 4);
  for (int k = 0; k < 4; k++) assert_true(k == 2 ? kinds[k] == 0 : kinds[k] > 0);
  mtp_config_set_free(set);
  mtp_config_free(first);
  mtp_potential_free(pot);
}

/* ---- a molecule ---- */

static void a_molecule_works(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *first = mtp_config_new(8);
  for (size_t i = 0; i < 8; i++)
    for (size_t c = 0; c < 3; c++) first->x[3 * i + c] = 2.6 * (double)(i >> c & 1) + 0.02 * (double)((5 * i + c) % 7);
  world->options.warmup = 6;
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  double known[1];
  size_t kinds[1] = {0};
  find_known(set, 1, known);
  assert_int_equal(count_squeezed(set), set->n - 6);
  assert_true(set->n > 6);
  assert_true(expect_pairs(set->configs[5], set->configs[6], 1, known, kinds) >= 1);
  double least = INFINITY;
  for (size_t i = 0; i < 8; i++)
    for (size_t j = 0; j < i; j++) least = fmin(least, distance(set->configs[6], i, j));
  assert_true(fabs(least / known[0] - 0.72) < 0.07);
  mtp_config_set_free(set);
  mtp_config_free(first);
}

/* ---- those that are not wanted, refused or too many ---- */

static void none_if_told_so(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *first = crystal();
  world->options.wall = false;
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, 40));
  mtp_learner_free(learner);
  learning_run_free(run);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(count_squeezed(set), 0);
  mtp_config_set_free(set);
  mtp_config_free(first);
}

/* Nobody waits for a squeezed label, so no run stops because it is refused, and nothing is left to be mended. */
static void refused_ones_stop_nothing(void **state) {
  learning_world *world = *state;
  for (int lasting = 0; lasting < 2; lasting++) {
    mtp_learner *learner = NULL;
    mtp_config *first = crystal();
    unlink(world->train);
    unlink(world->save);
    unlink(world->log);
    world->reference = (learning_reference){.fault = LEARNING_CRASH, .fault_call = 3, .lasting = lasting};
    data_must(world->ctx, begin_with(world, world->pot, first, &learner));
    assert_int_equal(world->reference.calls, 4);
    assert_int_equal(mtp_learner_get_stats(learner).labels, lasting ? 2 : 3);
    assert_int_equal(mtp_learner_get_stats(learner).qm_calls, 4);
    mtp_learner_free(learner);
    assert_int_equal(access(world->candidates, F_OK), -1);
    cJSON *log = learning_log_read(world->log);
    assert_int_equal(learning_log_count(log, "reject"), lasting ? 2 : 1);
    assert_int_equal(learning_log_count(log, "stop"), 0);
    cJSON_Delete(log);
    data_must(world->ctx, begin_with(world, world->pot, first, &learner)); /* nor does the next start ask again */
    assert_int_equal(world->reference.calls, 4);
    mtp_learner_free(learner);
    mtp_config_free(first);
  }
  assert_non_null(strstr(world->messages, "no label with pairs at 0.72 of their shortest distance, crashed"));
}

/* A driver that cannot start has refused nothing. */
static void no_driver_is_no_refusal(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *first = crystal();
  world->reference.fault = LEARNING_CANNOT_START;
  world->reference.fault_call = 3;
  assert_int_equal(begin_with(world, world->pot, first, &learner), MTP_ERR_QM);
  mtp_learner_free(learner);
  mtp_config_free(first);
}

static void budget_counts_them(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_config *first = crystal();
  world->options.max_calls = 3;
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  assert_int_equal(world->reference.calls, 3);
  assert_int_equal(mtp_learner_get_stats(learner).labels, 3);
  mtp_learner_free(learner);
  mtp_config_free(first);
}

/* ---- kills ---- */

/* Another process begins, and dies in call number `call`. */
static void begin_and_die(learning_world *world, const mtp_config *first, long long call) {
  fflush(NULL);
  const pid_t child = fork();
  assert_int_not_equal(child, -1);
  if (child == 0) {
    mtp_learner *learner = NULL;
    mtp_action action;
    world->reference.fault = LEARNING_KILL;
    world->reference.fault_call = call;
    if (learning_world_learner(world, NULL, &learner) == MTP_OK)
      mtp_learner_begin(world->ctx, learner, first, 0, &action);
    _exit(0);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

/* What a cold start leaves, killed in call number `call` (0: not at all) and begun again. */
static mtp_config_set *begin_with_kill(long long call) {
  void *state;
  learning_world_new(&state);
  learning_world *world = state;
  mtp_learner *learner = NULL;
  mtp_config *first = crystal();
  if (call) begin_and_die(world, first, call);
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  if (call) assert_int_equal(world->reference.calls, 4 - (call - 1)); /* none twice */
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  if (call) { /* and once more: nothing is left to be asked for */
    world->reference.calls = 0;
    data_must(world->ctx, begin_with(world, world->pot, first, &learner));
    assert_int_equal(world->reference.calls, 0);
    mtp_learner_free(learner);
  }
  mtp_config_free(first);
  learning_world_free(&state);
  return set;
}

static void killed_twins_have_the_same(void **state) {
  (void)state;
  mtp_config_set *whole = begin_with_kill(0);
  assert_int_equal(whole->n, 4);
  for (long long call = 1; call <= 4; call++) {
    mtp_config_set *twin = begin_with_kill(call);
    assert_int_equal(twin->n, whole->n);
    for (size_t i = 0; i < whole->n; i++) {
      const mtp_config *a = whole->configs[i], *b = twin->configs[i];
      assert_memory_equal(a->x, b->x, 3 * a->n * sizeof(double));
      assert_int_equal(mtp_config_is_squeezed(a), mtp_config_is_squeezed(b));
      if (!mtp_config_is_squeezed(a)) continue;
      static const char *const keys[] = {"squeezed", "config_weight", "config_type", "step", "qm"};
      for (size_t k = 0; k < sizeof keys / sizeof *keys; k++)
        assert_string_equal(mtp_config_get_feature(a, keys[k]), mtp_config_get_feature(b, keys[k]));
    }
    mtp_config_set_free(twin);
  }
  mtp_config_set_free(whole);
}

/* A start that goes on knows what was asked for before: the same pairs are not asked for because of it. */
static void restart_asks_for_no_more(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  long long squeezed[2];
  for (int restart = 0; restart < 2; restart++) {
    mtp_config *first = crystal();
    unlink(world->train);
    unlink(world->save);
    data_must(world->ctx, begin_with(world, world->pot, first, &learner));
    if (restart) {
      mtp_learner_free(learner);
      data_must(world->ctx, begin_with(world, world->pot, first, &learner));
    }
    for (unsigned k = 0; k < 3; k++) {
      mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 100 + k);
      data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 20.0, 0, 1 + (long long)k, &action));
      mtp_config_free(cfg);
    }
    mtp_learner_free(learner);
    mtp_config_set *set = learning_world_train(world);
    squeezed[restart] = (long long)count_squeezed(set);
    mtp_config_set_free(set);
    mtp_config_free(first);
  }
  assert_int_equal(squeezed[0], squeezed[1]);
}

/* A kill after the last copy of the warm-up and before the first request of squeezed ones: those are still asked for,
 * and are what they would have been. */
static void none_is_lost_after_the_warmup(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = crystal();
  world->options.wall = false;
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  mtp_learner_free(learner);
  const long long copies = world->reference.calls;
  unlink(world->save); /* no refit yet */
  world->options.wall = true;
  data_must(world->ctx, learning_world_learner(world, NULL, &learner));
  data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(world->reference.calls, copies + 2);
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  assert_int_equal(count_squeezed(set), 2);
  mtp_config_set_free(set);
  mtp_config_free(first);
}

/* A kill between the label with which the training set has doubled and the squeezed one that is due then. */
static void none_is_lost_within_an_event(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = NULL;
  mtp_action action;
  mtp_config *first = crystal();
  data_must(world->ctx, begin_with(world, world->pot, first, &learner));
  for (unsigned k = 0; k < 3; k++) { /* four of the warm-up and three: one short of twice as many */
    mtp_config *cfg = learning_crystal(2, 4.05, 0.05, 20 + k);
    data_must(world->ctx, mtp_learner_offer(world->ctx, learner, cfg, 50.0, 0, k + 1, &action));
    mtp_config_free(cfg);
  }
  mtp_learner_free(learner);
  mtp_config_set *set = learning_world_train(world);
  const size_t squeezed = count_squeezed(set), ordinary = set->n;
  assert_int_equal(ordinary, 7);
  mtp_config *last = learning_crystal(2, 4.05, 0.05, 30);
  learning_morse(last);
  data_must(world->ctx, mtp_config_set_append(world->ctx, set, last));
  data_must(world->ctx, mtp_config_set_write(world->ctx, set, world->train, MTP_FORMAT_EXTXYZ));
  mtp_config_set_free(set);
  for (int again = 0; again < 2; again++) {
    data_must(world->ctx, learning_world_learner(world, NULL, &learner));
    data_must(world->ctx, mtp_learner_begin(world->ctx, learner, first, 0, &action));
    mtp_learner_free(learner);
    set = learning_world_train(world);
    assert_int_equal(count_squeezed(set), squeezed + 1);
    mtp_config_set_free(set);
  }
  mtp_config_free(first);
}

#define test(function) cmocka_unit_test_setup_teardown(function, learning_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      test(pairs_are_pushed_together),
      test(all_kinds_in_one_cell),
      test(a_molecule_works),
      test(none_if_told_so),
      test(refused_ones_stop_nothing),
      test(no_driver_is_no_refusal),
      test(budget_counts_them),
      cmocka_unit_test(killed_twins_have_the_same),
      test(restart_asks_for_no_more),
      test(none_is_lost_after_the_warmup),
      test(none_is_lost_within_an_event),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
