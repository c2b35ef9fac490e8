/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_explore.c
 * The potential on its own when a run is over: that its dynamics are those of a canonical ensemble, that what it meets
 * is learned within budget and limits, and that nothing is done where nothing can be learned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/dynamics.h"
#include "loop/loop.h"
#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_learning.h"

#define MASS      26.98
#define BOLTZMANN 8.617333262e-5
#define UNIT_MASS 1.0364269656e-4

static const double masses[] = {MASS};

/* ---- dynamics ---- */

/* A learner that knows aluminium well enough, its run and its configuration. */
/* `pot` (NULL: the usual one) is taken over. */
static mtp_learner *taught_to(learning_world *world, mtp_potential *pot, double kelvin, int steps) {
  mtp_learner *learner = NULL;
  data_must(world->ctx, pot ? learning_world_learner_of(world, pot, NULL, &learner)
                            : learning_world_learner(world, NULL, &learner));
  mtp_potential_free(pot);
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), kelvin, 4);
  data_must(world->ctx, learning_run_attach(run, learner, world->options.select_grade));
  data_must(world->ctx, learning_run_steps(run, steps));
  learning_run_free(run);
  return learner;
}

static mtp_learner *taught(learning_world *world, double kelvin, int steps) {
  return taught_to(world, NULL, kelvin, steps);
}

/* Fits by it always leave something to be gained. */
static mtp_potential *few_functions(mtp_context *ctx) {
  const mtp_potential_spec spec = {.level = 4,
                                   .species_count = 1,
                                   .elements = (const char *const[]){"Al"},
                                   .cutoff = 4.9,
                                   .min_dist = 1.9,
                                   .radial_size = 4};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

static double kinetic(const mtp_dynamics *d, size_t n) {
  return 1.5 * (double)n * BOLTZMANN * mtp_dynamics_temperature(d);
}

static double potential_energy(mtp_context *ctx, const mtp_potential *pot, const mtp_dynamics *d) {
  mtp_evaluator *ev = NULL;
  mtp_config *cfg = mtp_config_copy(mtp_dynamics_config(d));
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 0));
  const double energy = cfg->energy;
  mtp_evaluator_free(ev);
  mtp_config_free(cfg);
  return energy;
}

/* Without a bath to speak of, the energy of the potential and of the motion is kept, across new neighbour lists. */
static void energy_is_conserved(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 300.0, 20);
  const mtp_bath bath = {.temperature = 600.0, .timestep = 0.002, .relaxation = 1e9};
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  mtp_dynamics *d = NULL;
  data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 5, &d));
  data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d, learner->pot, learner->as));
  data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d));
  const double kinetic0 = kinetic(d, first->n), start = kinetic0 + potential_energy(world->ctx, learner->pot, d);
  double exchanged = 0.0;
  for (int k = 0; k < 500; k++) {
    data_must(world->ctx, mtp_dynamics_step(world->ctx, d, true));
    exchanged = fmax(exchanged, fabs(kinetic(d, first->n) - kinetic0));
  }
  const double end = kinetic(d, first->n) + potential_energy(world->ctx, learner->pot, d);
  assert_true(exchanged > 0.3);
  assert_true(fabs(end - start) < 0.02 * exchanged);
  mtp_dynamics_free(d);
  mtp_config_free(first);
  mtp_learner_free(learner);
}

/* With one, velocities have its temperature: 96 components, whose squares scatter by sqrt(2/96) and are independent of
 * those five relaxation times later. */
static void velocities_have_the_temperature(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 300.0, 20);
  const mtp_bath bath = {.temperature = 300.0, .timestep = 0.003, .relaxation = 0.03};
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  mtp_dynamics *d = NULL;
  double sum = 0.0;
  const int samples = 40;
  data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 5, &d));
  data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d, learner->pot, learner->as));
  data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d));
  for (int k = 0; k < samples; k++) {
    for (int step = 0; step < 50; step++) data_must(world->ctx, mtp_dynamics_step(world->ctx, d, true));
    sum += mtp_dynamics_temperature(d);
  }
  const double scatter = 300.0 * sqrt(2.0 / 96.0 / samples);
  assert_true(fabs(sum / samples - 300.0) < 5.0 * scatter);
  mtp_dynamics_free(d);
  mtp_config_free(first);
  mtp_learner_free(learner);
}

/* The cell takes the volume at which the pressure is the one that was asked for, from wherever it begins, and keeps its
 * shape. */
static void volume_follows_the_pressure(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 300.0, 20);
  double mean[3] = {0.0, 0.0, 0.0};
  const double lattice[3] = {3.97, 4.15, 4.05}, pressure[3] = {0.0, 0.0, 0.03}; /* eV/A^3; 0.03 are 4.8 GPa */
  for (int k = 0; k < 3; k++) {
    const mtp_bath bath = {
        .temperature = 300.0, .timestep = 0.003, .relaxation = 0.1, .moves_cell = true, .pressure = pressure[k]};
    mtp_config *first = learning_crystal(2, lattice[k], 0.02, 3);
    mtp_dynamics *d = NULL;
    data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 5, &d));
    data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d, learner->pot, learner->as));
    data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d));
    for (int step = 0; step < 3000; step++) {
      data_must(world->ctx, mtp_dynamics_step(world->ctx, d, true));
      if (step >= 1000) mean[k] += mtp_config_volume(mtp_dynamics_config(d)) / 2000.0;
    }
    const double *cell = mtp_dynamics_config(d)->cell;
    for (int c = 0; c < 9; c++) assert_true(fabs(cell[c] / cell[0] - first->cell[c] / first->cell[0]) < 1e-9);
    mtp_dynamics_free(d);
    mtp_config_free(first);
  }
  assert_true(fabs(mean[0] / mean[1] - 1.0) < 0.02);
  assert_true(mean[2] < 0.98 * mean[0] && mean[2] > 0.85 * mean[0]); /* 70 to 250 GPa */
  mtp_learner_free(learner);
}

/* Pulled apart, a cell goes no further than 2.5 times the volume that is given, whatever it has itself. */
static void volume_stays_near_the_one_given(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 300.0, 20);
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  const double given = 0.42 * mtp_config_volume(first);
  const mtp_bath bath = {.temperature = 300.0,
                         .timestep = 0.002,
                         .relaxation = 0.1,
                         .moves_cell = true,
                         .pressure = -1.0,
                         .volume = given};
  mtp_dynamics *d = NULL;
  double largest = 0.0;
  data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 5, &d));
  data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d, learner->pot, learner->as));
  data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d));
  for (int step = 0; step < 200; step++) {
    data_must(world->ctx, mtp_dynamics_step(world->ctx, d, false));
    largest = fmax(largest, mtp_config_volume(mtp_dynamics_config(d)));
  }
  assert_true(largest <= 2.5 * given * (1.0 + 1e-9) && largest > 2.49 * given);
  mtp_dynamics_free(d);
  mtp_config_free(first);
  mtp_learner_free(learner);
}

/* Forces and grades are those of the evaluator where the atoms are. */
static void grades_are_those_of_the_evaluator(void **state) {
  learning_world *world = *state;
  for (int mode = 0; mode < 2; mode++) {
    world->options.mode = mode ? MTP_MODE_CONFIGURATION : MTP_MODE_NEIGHBOURHOOD;
    mtp_learner *learner = taught(world, 300.0, 5);
    const mtp_bath bath = {.temperature = 900.0, .timestep = 0.002, .relaxation = 0.1};
    mtp_config *first = learning_crystal(2, 4.05, 0.02, 3), *here;
    mtp_dynamics *d = NULL;
    mtp_evaluator *ev = NULL;
    int atom;
    data_must(world->ctx, mtp_dynamics_new(world->ctx, first, masses, &bath, 7, &d));
    data_must(world->ctx, mtp_dynamics_set_potential(world->ctx, d, learner->pot, learner->as));
    data_must(world->ctx, mtp_dynamics_evaluate(world->ctx, d));
    for (int k = 0; k < 200; k++) data_must(world->ctx, mtp_dynamics_step(world->ctx, d, true));
    here = mtp_config_copy(mtp_dynamics_config(d));
    data_must(world->ctx, mtp_evaluator_new(world->ctx, learner->pot, &ev));
    data_must(world->ctx, mtp_evaluator_set_active_set(world->ctx, ev, learner->as));
    data_must(world->ctx, mtp_evaluator_config(world->ctx, ev, here, 1));
    const double grade = mtp_dynamics_grade(d, &atom);
    assert_true(fabs(grade / here->max_grade - 1.0) < 1e-9);
    if (mode == 0) assert_true(fabs(here->grade[atom] / here->max_grade - 1.0) < 1e-9);
    if (mode == 1) assert_int_equal(atom, -1);
    mtp_evaluator_free(ev);
    mtp_config_free(here);
    mtp_dynamics_free(d);
    mtp_config_free(first);
    mtp_learner_free(learner);
    assert_int_equal(learning_world_free(state), 0);
    assert_int_equal(learning_world_new(state), 0);
    world = *state;
  }
}

/* ---- exploration ---- */

static size_t explored(learning_world *world, double *latest) {
  mtp_config_set *set = learning_world_train(world);
  size_t n = 0;
  *latest = 0.0;
  for (size_t i = 0; i < set->n; i++) {
    const char *when = mtp_config_get_feature(set->configs[i], "explored");
    n += when != NULL;
    if (when) *latest = fmax(*latest, strtod(when, NULL));
  }
  mtp_config_set_free(set);
  return n;
}

/* A run that was cold knows nothing of what a hot one meets. */
static void what_it_meets_is_learned(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 100.0, 20);
  const mtp_conditions hot = {.temperature = 1500.0, .timestep = 0.002, .masses = masses, .steps = 500};
  const long long calls = world->reference.calls, labels = mtp_learner_get_stats(learner).labels;
  double latest;
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &hot));
  const mtp_learner_stats stats = mtp_learner_get_stats(learner);
  assert_true(world->reference.calls > calls);
  assert_true(stats.labels - labels >= (long long)explored(world, &latest));
  assert_true(explored(world, &latest) > 0);
  assert_true(latest > 0.0 && latest <= 5000 * 0.002 + 1e-9); /* ten times the steps of the run */
  mtp_learner_end(world->ctx, learner);                       /* does not do it again */
  assert_int_equal(world->reference.calls - calls, stats.labels - labels);
  cJSON *log = learning_log_read(world->log);
  assert_true(learning_log_count(log, "exploration") >= 1);
  const cJSON *event;
  cJSON_ArrayForEach(event, log) {
    if (strcmp(cJSON_GetObjectItem(event, "event")->valuestring, "exploration") != 0) continue;
    const double ps = cJSON_GetObjectItem(event, "ps")->valuedouble;
    assert_true(cJSON_GetObjectItem(event, "temperature")->valuedouble == 1.1 * 1500.0);
    assert_true(ps <= 10.0 + 1e-9);
  }
  cJSON_Delete(log);
  assert_non_null(strstr(world->messages, " alone "));
  learning_world_expect_distinct(world);
}

/* Where nothing is met it ends after ten times the steps of the run. */
static void small_cells_run_alone_for_longer(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 900.0, 60);
  const mtp_conditions cold = {.temperature = 300.0, .timestep = 0.002, .masses = masses, .steps = 200};
  double latest;
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &cold));
  mtp_learner_end(world->ctx, learner);
  assert_int_equal(explored(world, &latest), 0);
  cJSON *log = learning_log_read(world->log);
  const cJSON *event, *found = NULL;
  cJSON_ArrayForEach(event, log) {
    if (strcmp(cJSON_GetObjectItem(event, "event")->valuestring, "exploration") == 0) found = event;
  }
  assert_non_null(found);
  assert_true(fabs(cJSON_GetObjectItem(found, "ps")->valuedouble - 2000 * 0.002) < 1e-9);
  cJSON_Delete(log);
}

/* At most a third as many labels as the run had, 4 in any case, for each of three trials; and no more than the budget.
 */
static void labels_are_limited(void **state) {
  learning_world *world = *state;
  world->options.max_calls = 8;
  mtp_learner *learner = taught(world, 100.0, 10);
  const mtp_conditions melt = {.temperature = 6000.0, .timestep = 0.002, .masses = masses, .steps = 2000};
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &melt));
  assert_true(mtp_learner_get_stats(learner).qm_calls <= 8);
  assert_int_equal(world->reference.calls, mtp_learner_get_stats(learner).qm_calls);
  mtp_learner_end(world->ctx, learner);
}

static void nothing_is_done_where_nothing_can_be_learned(void **state) {
  learning_world *world = *state;
  const mtp_conditions conditions = {.temperature = 300.0, .timestep = 0.002, .masses = masses, .steps = 100};
  double latest;
  mtp_learner *learner = taught(world, 100.0, 10);
  mtp_learner_end(world->ctx, learner);
  const size_t before = explored(world, &latest);
  assert_int_equal(before, 0);
  data_must(world->ctx, learning_world_learner(world, NULL, &learner)); /* no label in this run */
  const long long calls = world->reference.calls;
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &conditions));
  mtp_learner_end(world->ctx, learner);
  data_must(world->ctx, learning_world_learner(world, "none", &learner));
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &conditions));
  mtp_learner_end(world->ctx, learner);
  assert_int_equal(world->reference.calls, calls);
  assert_null(strstr(world->messages, " alone "));
}

/* What a run that was killed had learned is made something of at the end of the next one, even if that learns nothing;
 * once. */
static void a_killed_run_is_finished_by_the_next(void **state) {
  learning_world *world = *state;
  const mtp_conditions hot = {.temperature = 1500.0, .timestep = 0.002, .masses = masses, .steps = 500};
  mtp_learner_free(taught(world, 100.0, 20)); /* writes no more than a kill leaves */
  for (int again = 0; again < 2; again++) {
    mtp_learner *learner = NULL;
    const long long calls = world->reference.calls;
    data_must(world->ctx, learning_world_learner(world, NULL, &learner));
    data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &hot));
    mtp_learner_end(world->ctx, learner);
    if (again == 0) assert_true(world->reference.calls > calls);
    if (again == 1) assert_int_equal(world->reference.calls, calls);
  }
}

/* However many explorations taught something: all of it is trained on in the end. */
static void the_last_exploration_is_trained_on(void **state) {
  learning_world *world = *state;
  const mtp_conditions hot = {.temperature = 1500.0, .timestep = 0.002, .masses = masses, .steps = 300};
  int explorations = 0, taught_last = 0, trained_since = 0;
  world->options.select_grade = world->options.break_grade = 1.01; /* there is always something new */
  mtp_learner *learner = taught_to(world, few_functions(world->ctx), 100.0, 20);
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &hot));
  mtp_learner_end(world->ctx, learner);
  cJSON *log = learning_log_read(world->log);
  const cJSON *event;
  cJSON_ArrayForEach(event, log) {
    const char *name = cJSON_GetObjectItem(event, "event")->valuestring;
    if (strcmp(name, "refit") == 0 || strcmp(name, "refused") == 0) trained_since++; /* whether it is better or not */
    if (strcmp(name, "exploration") != 0) continue;
    explorations++;
    trained_since = 0;
    taught_last = cJSON_GetObjectItem(event, "labels")->valueint;
  }
  cJSON_Delete(log);
  assert_true(explorations > 2 && taught_last > 0);
  assert_true(trained_since > 0);
}

/* A label that fails ends the exploration, not the work of the run. */
static void failures_cost_nothing_that_was_learned(void **state) {
  learning_world *world = *state;
  mtp_learner *learner = taught(world, 100.0, 20);
  mtp_config_set *set = learning_world_train(world);
  const size_t learned = set->n;
  const mtp_conditions hot = {.temperature = 3000.0, .timestep = 0.002, .masses = masses, .steps = 500};
  mtp_config_set_free(set);
  world->reference.fault = LEARNING_CRASH;
  world->reference.fault_call = world->reference.calls + 1;
  world->reference.lasting = true;
  data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &hot));
  assert_true(world->warnings > 0);
  mtp_learner_end(world->ctx, learner);
  set = learning_world_train(world);
  assert_int_equal(set->n, learned);
  mtp_config_set_free(set);
  mtp_potential *pot = NULL;
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &pot));
  assert_true(mtp_potential_is_trained(pot));
  mtp_potential_free(pot);
}

/* Where the reference has no label the walk begins anew, a few times; what was in order before is learned. */
static void a_refused_place_is_left(void **state) {
  learning_world *world = *state;
  for (int lasting = 0; lasting < 2; lasting++) {
    remove(world->train);
    remove(world->save);
    world->reference = (learning_reference){0};
    mtp_learner *learner = taught(world, 100.0, 20);
    const mtp_conditions hot = {.temperature = 1500.0, .timestep = 0.002, .masses = masses, .steps = 500};
    const long long calls = world->reference.calls, labels = mtp_learner_get_stats(learner).labels;
    world->reference.fault = LEARNING_NAN;
    world->reference.fault_call = calls + 1;
    world->reference.lasting = lasting;
    data_must(world->ctx, mtp_learner_explore(world->ctx, learner, &hot));
    const long long asked = world->reference.calls - calls, got = mtp_learner_get_stats(learner).labels - labels;
    if (lasting)
      assert_true(got == 0 && asked > 5 && asked <= 10); /* five places, and what was before them */
    else
      assert_true(got == asked - 1 && got > 0);
    mtp_learner_end(world->ctx, learner);
  }
  learning_world_expect_distinct(world);
}

static void call_nobody(void *user) {
  (void)user;
  fail_msg("ranks are called that do not listen any more");
}

/* The other ranks do not wait for work when a run is over, whatever is trained: also what waited in the pool. */
static void the_end_is_of_one_rank(void **state) {
  learning_world *world = *state;
  const mtp_comm two = {.rank = 0, .size = 2};
  world->options.refit = MTP_REFIT_FULL;
  mtp_learner *l = taught(world, 300.0, 5);
  mtp_config *waiting = learning_crystal(2, 4.05, 0.15, 9);
  const mtp_candidate candidate = {.cfg = waiting, .grade = 2.5, .atom = 0, .step = 5, .warmup = -1};
  data_must(world->ctx, mtp_loop_keep(world->ctx, l, &candidate));
  l->options.comm = &two;
  l->options.start_helpers = call_nobody;
  const mtp_conditions conditions = {.temperature = 300.0, .timestep = 0.002, .masses = masses, .steps = 5};
  const long long full = mtp_learner_get_stats(l).full_refits;
  data_must(world->ctx, mtp_learner_explore(world->ctx, l, &conditions));
  assert_true(mtp_learner_get_stats(l).full_refits > full);
  mtp_config_free(waiting);
  mtp_learner_free(l);
}

static void conditions_are_checked(void **state) {
  learning_world *world = *state;
  const double weightless[] = {0.0};
  const mtp_conditions wrong[] = {
      {0.0, 0.002, masses, 100, 0, false, 0.0},       {NAN, 0.002, masses, 100, 0, false, 0.0},
      {300.0, -1.0, masses, 100, 0, false, 0.0},      {300.0, 0.002, NULL, 100, 0, false, 0.0},
      {300.0, 0.002, weightless, 100, 0, false, 0.0}, {300.0, 0.002, masses, 100, 0, true, NAN}};
  mtp_learner *learner = taught(world, 100.0, 5);
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
    assert_int_equal(mtp_learner_explore(world->ctx, learner, &wrong[k]), MTP_ERR_ARGUMENT);
  mtp_learner_free(learner);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, learning_world_new, learning_world_free)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(energy_is_conserved),
      TEST(velocities_have_the_temperature),
      TEST(volume_follows_the_pressure),
      TEST(volume_stays_near_the_one_given),
      TEST(grades_are_those_of_the_evaluator),
      TEST(what_it_meets_is_learned),
      TEST(small_cells_run_alone_for_longer),
      TEST(labels_are_limited),
      TEST(nothing_is_done_where_nothing_can_be_learned),
      TEST(a_killed_run_is_finished_by_the_next),
      TEST(the_last_exploration_is_trained_on),
      TEST(failures_cost_nothing_that_was_learned),
      TEST(a_refused_place_is_left),
      TEST(the_end_is_of_one_rank),
      TEST(conditions_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
