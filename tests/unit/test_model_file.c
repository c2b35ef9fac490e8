/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_model_file.c
 * Potential and active set from one image of a file: nobody who replaces it meanwhile can mix the halves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "support_data.h"

typedef struct model {
  mtp_potential *pot;
  mtp_active_set *as;
} model;

/* Two potentials of the same sizes with an active set each, and files of them. */
typedef struct world {
  mtp_context *ctx;
  model first, second;
  char *folder, *path, *other;
} world;

static model model_new(mtp_context *ctx, mtp_random *random) {
  const data_recipe recipe = {.level = 4, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4};
  mtp_config_set *set = mtp_config_set_new();
  model m = {.pot = data_potential(ctx, random, &recipe)};
  mtp_config_set_species(set, "0");
  for (int k = 0; k < 3; k++) {
    mtp_config *cfg = data_config(random, DATA_TRICLINIC, 8, 1, 2.5);
    data_append_labelled(ctx, set, m.pot, cfg);
    mtp_config_free(cfg);
  }
  data_must(ctx, mtp_active_set_build(ctx, m.pot, set, MTP_MODE_NEIGHBOURHOOD, 1.1, NULL, &m.as));
  mtp_config_set_free(set);
  return m;
}

static void model_free(model *m) {
  mtp_active_set_free(m->as);
  mtp_potential_free(m->pot);
}

static world world_new(void) {
  mtp_random random = {11};
  world w = {.ctx = data_context(), .folder = data_folder_new()};
  w.first = model_new(w.ctx, &random);
  w.second = model_new(w.ctx, &random);
  w.path = data_path(w.folder, "pot.almtp");
  w.other = data_path(w.folder, "other.almtp");
  data_must(w.ctx, mtp_active_set_write(w.ctx, w.first.as, w.first.pot, w.path));
  data_must(w.ctx, mtp_active_set_write(w.ctx, w.second.as, w.second.pot, w.other));
  return w;
}

static void world_free(world *w) {
  model_free(&w->first);
  model_free(&w->second);
  data_folder_remove(w->folder);
  free(w->path);
  free(w->other);
  mtp_context_free(w->ctx);
}

static void expect_same(const model *got, const model *wanted) {
  const size_t n = mtp_potential_parameter_count(wanted->pot);
  assert_int_equal(mtp_potential_parameter_count(got->pot), n);
  assert_memory_equal(mtp_potential_parameters(got->pot), mtp_potential_parameters(wanted->pot), n * sizeof(double));
  assert_non_null(got->as);
  assert_int_equal(mtp_active_set_size(got->as), n);
  assert_memory_equal(mtp_active_set_rows(got->as), mtp_active_set_rows(wanted->as), n * n * sizeof(double));
  assert_memory_equal(mtp_active_set_inverse(got->as), mtp_active_set_inverse(wanted->as), n * n * sizeof(double));
}

static void test_both_halves(void **state) {
  (void)state;
  world w = world_new();
  model got = {NULL, NULL};
  data_must(w.ctx, mtp_model_read(w.ctx, w.path, &got.pot, &got.as));
  expect_same(&got, &w.first);
  model_free(&got);

  data_must(w.ctx, mtp_model_read(w.ctx, w.path, &got.pot, NULL)); /* the potential alone */
  mtp_potential_free(got.pot);

  data_must(w.ctx, mtp_potential_write(w.ctx, w.first.pot, w.path));
  got.as = w.first.as; /* anything: the file has none */
  data_must(w.ctx, mtp_model_read(w.ctx, w.path, &got.pot, &got.as));
  assert_null(got.as);
  mtp_potential_free(got.pot);
  world_free(&w);
}

/* Bytes without a zero behind them, as they come from a file or another process. */
static void test_from_text(void **state) {
  (void)state;
  world w = world_new();
  model got = {NULL, NULL};
  char *data = NULL, *exact;
  size_t size = 0;
  data_must(w.ctx, mtp_file_read(w.ctx, w.path, &data, &size));
  exact = memcpy(data_calloc(size, 1), data, size);
  free(data);
  data_must(w.ctx, mtp_model_from_text(w.ctx, "memory", exact, size, &got.pot, &got.as));
  expect_same(&got, &w.first);
  model_free(&got);
  assert_int_equal(mtp_model_from_text(w.ctx, "memory", exact, size - 9, &got.pot, &got.as), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(w.ctx), "memory"));
  assert_null(got.pot);
  assert_null(got.as);
  free(exact);

  data_must(w.ctx, mtp_potential_format(w.ctx, w.first.pot, &data, &size));
  assert_int_equal(data[size], 0);
  data_must(w.ctx, mtp_model_from_text(w.ctx, "memory", data, size, &got.pot, &got.as));
  assert_null(got.as);
  assert_memory_equal(mtp_potential_parameters(got.pot), mtp_potential_parameters(w.first.pot),
                      mtp_potential_parameter_count(w.first.pot) * sizeof(double));
  mtp_potential_free(got.pot);
  free(data);
  world_free(&w);
}

/* The warning of other units comes between the halves. */
static void replace_file(void *user, mtp_level level, const char *message) {
  const world *w = user;
  (void)level;
  assert_non_null(strstr(message, "UNITS"));
  data_must(NULL, mtp_active_set_write(NULL, w->second.as, w->second.pot, w->path));
}

static void test_replaced_meanwhile(void **state) {
  (void)state;
  static const char comment[] = "# DATE: 2026-11-01 UNITS: real\n";
  world w = world_new();
  model got = {NULL, NULL};
  char *data = NULL;
  size_t size = 0;
  mtp_text text = {0};
  data_must(w.ctx, mtp_file_read(w.ctx, w.path, &data, &size));
  mtp_text_add(&text, "%s", comment);
  mtp_text_add_bytes(&text, data, size);
  data_must(w.ctx, mtp_file_replace(w.ctx, w.path, text.data, text.size));
  mtp_text_free(&text);
  free(data);

  mtp_context_set_logger(w.ctx, replace_file, &w);
  data_must(w.ctx, mtp_model_read(w.ctx, w.path, &got.pot, &got.as));
  mtp_context_set_logger(w.ctx, NULL, NULL);
  expect_same(&got, &w.first);
  model_free(&got);
  data_must(w.ctx, mtp_model_read(w.ctx, w.path, &got.pot, &got.as));
  expect_same(&got, &w.second);
  model_free(&got);
  world_free(&w);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_both_halves), cmocka_unit_test(test_from_text),
                                     cmocka_unit_test(test_replaced_meanwhile)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
