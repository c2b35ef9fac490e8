/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_grow.c
 * Learning that begins at a low level and climbs: what is carried from level to level, a run that climbs, and its
 * restart from the file that it leaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "learn/level.h"
#include "loop/loop.h"
#include "model/model.h"
#include "support_data.h"
#include "support_learning.h"

static void has_levels_between(void **state) {
  (void)state;
  assert_int_equal(mtp_level_above(0, 16), 8);
  assert_int_equal(mtp_level_above(8, 16), 12);
  assert_int_equal(mtp_level_above(12, 14), 14);
  assert_int_equal(mtp_level_above(16, 16), 16);
  assert_int_equal(mtp_level_above(0, 6), 6);
  assert_int_equal(mtp_level_above(28, 30), 30);
}

static double radial(const mtp_potential *pot, int mu, int k) {
  return pot->params[mtp_offset_radial(pot, 0, 0) + (size_t)mu * (size_t)pot->radial.size + (size_t)k];
}

static void carries_what_both_have(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *low = learning_potential(ctx, 8), *high = NULL;
  data_must(ctx, mtp_potential_set_note(ctx, low, "al_level", 16));
  low->params[1] = 0.123;
  data_must(ctx, mtp_potential_at_level(ctx, low, 12, &high));
  assert_int_equal(mtp_potential_level(high), 12);
  assert_false(mtp_potential_is_trained(high));
  assert_true(mtp_potential_note(high, "al_level") == 16);
  assert_string_equal(mtp_potential_element(high, 0), "Al");
  assert_true(mtp_potential_size_is_free(high) == mtp_potential_size_is_free(low));
  assert_true(mtp_potential_min_dist_is_free(high) == mtp_potential_min_dist_is_free(low));
  assert_true(mtp_potential_cutoff(high) == mtp_potential_cutoff(low));
  assert_true(radial(high, 0, 1) == 0.123);
  for (int mu = 0; mu < low->nradial; mu++)
    for (int k = 0; k < low->radial.size; k++) assert_true(radial(high, mu, k) == radial(low, mu, k));
  mtp_potential_free(high);
  low->radial.type++; /* other functions */
  assert_int_equal(mtp_potential_at_level(ctx, low, 12, &high), MTP_ERR_UNSUPPORTED);
  mtp_potential_free(low);
  mtp_context_free(ctx);
}

/* ---- in a run ---- */

static void climbs_and_goes_on(void **state) {
  learning_world *world = *state;
  mtp_learner *l = NULL;
  world->options.grow = true;
  mtp_potential *top = learning_potential(world->ctx, 12);
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_world_learner_of(world, top, "", &l));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(l)), 8);
  data_must(world->ctx, learning_run_attach(run, l, 2.0));
  for (int k = 0; k < 40 && mtp_potential_level(mtp_learner_potential(l)) == 8; k++)
    data_must(world->ctx, learning_run_steps(run, 20));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(l)), 12);
  data_must(world->ctx, learning_run_steps(run, 5)); /* works on every side */
  mtp_learner_free(l);

  /* from the file that it left, and from the one that it began with */
  mtp_potential *left = NULL;
  data_must(world->ctx, mtp_potential_read(world->ctx, world->save, &left));
  assert_int_equal(mtp_potential_level(left), 12);
  assert_true(mtp_potential_note(left, MTP_TOP_KEY) == 12);
  for (int k = 0; k < 2; k++) {
    data_must(world->ctx, learning_world_learner_of(world, k ? top : left, "", &l));
    assert_int_equal(mtp_potential_level(mtp_learner_potential(l)), 12);
    assert_true(l->history.here && l->as_is_of_train && l->history.top == 12);
    assert_null(strstr(world->messages, "of another kind"));
    mtp_learner_free(l);
  }
  learning_run_free(run);
  mtp_potential_free(left);
  mtp_potential_free(top);
}

/* To which level a run goes that has so many crystals in its file, of Morse atoms or with forces by lot. */
static int level_for(learning_world *world, int count, int cells, bool by_lot) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_learner *l = NULL;
  mtp_fitted f = {.hole = {.a = -1, .b = -1}};
  mtp_potential *top = learning_potential(world->ctx, 12);
  mtp_random random = {11};
  world->options.grow = true;
  assert_int_equal(mtp_config_set_species(set, "Al"), 0);
  for (int k = 0; k < count; k++) {
    mtp_config *cfg = learning_crystal(cells, 4.05, 0.1, (unsigned)k);
    learning_morse(cfg);
    for (size_t i = 0; by_lot && i < 3 * cfg->n; i++) cfg->force[i] = data_uniform(&random, -1.0, 1.0);
    data_must(world->ctx, mtp_config_set_append(world->ctx, set, cfg));
  }
  data_must(world->ctx, mtp_config_set_write(world->ctx, set, world->train, MTP_FORMAT_EXTXYZ));
  data_must(world->ctx, learning_world_learner_of(world, top, "", &l));
  assert_int_equal(mtp_potential_level(l->pot), 8);
  l->history.here = true;
  data_must(world->ctx, mtp_potential_copy(world->ctx, l->pot, &f.pot));
  data_must(world->ctx, mtp_loop_raise_level(world->ctx, l, &f));
  const int level = mtp_potential_level(f.pot);
  mtp_normal_free(f.normal);
  mtp_potential_free(f.pot);
  mtp_learner_free(l);
  mtp_potential_free(top);
  mtp_config_set_free(set);
  remove(world->train);
  remove(world->save);
  return level;
}

/* Data that are too few do not ask for more functions, nor do those that no function describes. */
static void only_data_that_ask_for_it_raise_the_level(void **state) {
  learning_world *world = *state;
  assert_int_equal(level_for(world, 5, 2, false), 12);
  assert_int_equal(level_for(world, 4, 2, false), 8);
  assert_int_equal(level_for(world, 8, 1, false), 8); /* 96 components of forces */
  assert_int_equal(level_for(world, 5, 2, true), 8);
}

/* A run that shares takes over what another one has climbed to, instead of saving its own level in its place. */
static void others_follow(void **state) {
  learning_world *world = *state;
  mtp_learner *a = NULL, *b = NULL;
  mtp_action action;
  char *log = data_path(world->folder, "b.jsonl");
  world->options.grow = world->options.share = true;
  mtp_potential *top = learning_potential(world->ctx, 12);
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_world_learner_of(world, top, "", &a));
  data_must(world->ctx, learning_run_attach(run, a, 2.0));
  world->options.log_path = log;
  data_must(world->ctx, learning_world_learner_of(world, top, "", &b));
  mtp_config *first = learning_crystal(2, 4.05, 0.02, 3);
  data_must(world->ctx, mtp_learner_begin(world->ctx, b, first, 0, &action));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(b)), 8);
  for (int k = 0; k < 40 && mtp_potential_level(mtp_learner_potential(a)) == 8; k++)
    data_must(world->ctx, learning_run_steps(run, 20));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(a)), 12);
  const long long generation = mtp_learner_get_stats(a).generation;
  data_must(world->ctx, mtp_learner_follow(world->ctx, b, 1, generation, &action));
  assert_int_equal(action, MTP_REDO);
  assert_int_equal(mtp_potential_level(mtp_learner_potential(b)), 12);
  assert_int_equal(mtp_learner_get_stats(b).generation, generation);
  data_must(world->ctx, learning_world_offer(world, b, 1, 20.0, 2, &action)); /* and learns on with it */
  assert_int_equal(action, MTP_REDO);
  mtp_learner_free(b);
  mtp_learner_free(a);
  world->options.log_path = world->log;
  mtp_config_free(first);
  learning_run_free(run);
  mtp_potential_free(top);
  free(log);
}

/* Where there are no levels, it is said at once. */
static void needs_levels(void **state) {
  learning_world *world = *state;
  mtp_learner *l = NULL;
  world->options.grow = true;
  mtp_potential *other = learning_potential(world->ctx, 12);
  other->radial.type = MTP_RADIAL_CHEBYSHEV_REPULS;
  assert_int_equal(learning_world_learner_of(world, other, "", &l), MTP_ERR_UNSUPPORTED);
  learning_world_expect_message(world, "standard level");
  other->trained = true;
  assert_int_equal(learning_world_learner_of(world, other, "", &l), MTP_ERR_UNSUPPORTED);
  mtp_potential_free(other);
}

/* What the end of a run tells: a quarter that neither fit has seen, and the potential as it was. */
static void higher_levels_are_compared(void **state) {
  learning_world *world = *state;
  mtp_learner *l = NULL;
  mtp_higher h;
  mtp_potential *pot = learning_potential(world->ctx, 6);
  data_must(world->ctx, learning_world_learner_of(world, pot, "", &l));
  learning_run *run = learning_run_new(world->ctx, learning_crystal(2, 4.05, 0.02, 3), 900.0, 4);
  data_must(world->ctx, learning_run_attach(run, l, 2.0));
  data_must(world->ctx, mtp_loop_compare_higher(world->ctx, l, &h));
  const bool early = h.higher > 0;
  for (int k = 0; k < 20 && l->train->n < 12; k++) data_must(world->ctx, learning_run_steps(run, 20));
  data_must(world->ctx, mtp_loop_compare_higher(world->ctx, l, &h));
  assert_int_equal(h.level, 6);
  assert_int_equal(h.higher, 10);
  assert_true(h.now > 0.0 && h.then > 0.0 && isfinite(h.now) && isfinite(h.then));
  assert_true(early || l->train->n > 5);
  assert_int_equal(mtp_potential_level(mtp_learner_potential(l)), 6);
  learning_run_free(run);
  mtp_learner_free(l);
  mtp_potential_free(pot);
}

static void is_left_alone_without_the_word(void **state) {
  learning_world *world = *state;
  mtp_learner *l = NULL;
  mtp_potential *top = learning_potential(world->ctx, 12);
  data_must(world->ctx, learning_world_learner_of(world, top, "", &l));
  assert_int_equal(mtp_potential_level(mtp_learner_potential(l)), 12);
  mtp_learner_free(l);
  world->options.grow = true;
  world->options.refit = MTP_REFIT_LINEAR;
  assert_int_equal(mtp_learner_check(world->ctx, &world->options), MTP_ERR_ARGUMENT);
  learning_world_expect_message(world, "refit auto or full");
  mtp_potential_free(top);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(has_levels_between),
      cmocka_unit_test(carries_what_both_have),
      cmocka_unit_test_setup_teardown(climbs_and_goes_on, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(only_data_that_ask_for_it_raise_the_level, learning_world_new,
                                      learning_world_free),
      cmocka_unit_test_setup_teardown(others_follow, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(needs_levels, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(higher_levels_are_compared, learning_world_new, learning_world_free),
      cmocka_unit_test_setup_teardown(is_left_alone_without_the_word, learning_world_new, learning_world_free),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
