/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_config.c
 * Helpers of the tests of configuration files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/support.h"
#include "support_config.h"

static void collect(void *user, mtp_level level, const char *message) {
  bench *b = user;
  size_t used = strlen(b->warnings);
  if (level == MTP_WARNING) snprintf(b->warnings + used, sizeof b->warnings - used, "%s\n", message);
}

int bench_open(void **state) {
  bench *b = calloc(1, sizeof *b);
  if (!b) return -1;
  strcpy(b->folder, "/tmp/mtp-config-XXXXXX");
  b->ctx = mtp_context_new();
  if (!b->ctx || !mkdtemp(b->folder)) return -1;
  mtp_context_set_logger(b->ctx, collect, b);
  *state = b;
  return 0;
}

int bench_close(void **state) {
  bench *b = *state;
  DIR *folder = opendir(b->folder);
  for (struct dirent *e; folder && (e = readdir(folder));) {
    char path[400];
    snprintf(path, sizeof path, "%s/%s", b->folder, e->d_name);
    if (e->d_name[0] != '.') unlink(path);
  }
  if (folder) closedir(folder);
  rmdir(b->folder);
  mtp_context_free(b->ctx);
  free(b);
  return 0;
}

void bench_put(bench *b, const char *name, const char *text, size_t size) {
  snprintf(b->path, sizeof b->path, "%s/%s", b->folder, name);
  unlink(b->path); /* file systems take a file that is overwritten for a precious one, and wait for the disk */
  FILE *f = fopen(b->path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(text, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
}

static mtp_config_set *read_text(bench *b, const char *name, const char *text, bool tolerant) {
  mtp_read_options options = {.format = MTP_FORMAT_AUTO, .tolerate_cut_tail = tolerant};
  mtp_config_set *set = NULL;
  bench_put(b, name, text, strlen(text));
  b->warnings[0] = 0;
  if (mtp_config_set_read(b->ctx, b->path, &options, &set) != MTP_OK) fail_msg("%s", mtp_context_message(b->ctx));
  return set;
}

mtp_config_set *bench_read(bench *b, const char *name, const char *text) {
  return read_text(b, name, text, false);
}

mtp_config_set *bench_read_tolerant(bench *b, const char *name, const char *text) {
  return read_text(b, name, text, true);
}

void bench_refuse(bench *b, const char *name, const char *text, int line, const char *part) {
  mtp_config_set *set = NULL;
  char place[128];
  bench_put(b, name, text, strlen(text));
  if (mtp_config_set_read(b->ctx, b->path, NULL, &set) == MTP_OK) fail_msg("accepted: %s", text);
  assert_null(set);
  snprintf(place, sizeof place, "%s:%d: ", b->path, line);
  const char *message = mtp_context_message(b->ctx);
  if (!strstr(message, place) || !strstr(message, part))
    fail_msg("expected line %d and '%s' in: %s", line, part, message);
}

mtp_config_set *bench_round_trip(bench *b, const mtp_config_set *set, const char *name) {
  mtp_config_set *again = NULL;
  snprintf(b->path, sizeof b->path, "%s/%s", b->folder, name);
  b->warnings[0] = 0;
  if (mtp_config_set_write(b->ctx, set, b->path, MTP_FORMAT_AUTO) != MTP_OK ||
      mtp_config_set_read(b->ctx, b->path, NULL, &again) != MTP_OK)
    fail_msg("%s", mtp_context_message(b->ctx));
  return again;
}

static void same_reals(const double *a, const double *b, size_t count) {
  assert_int_equal(a != NULL, b != NULL);
  if (a && count) assert_memory_equal(a, b, count * sizeof *a);
}

static void same_config(const mtp_config *a, const mtp_config *b, bench_parts parts) {
  assert_int_equal(a->n, b->n);
  same_reals(a->cell, b->cell, 9);
  same_reals(a->x, b->x, 3 * a->n);
  for (int d = 0; d < 3; d++) assert_int_equal(a->periodic[d], b->periodic[d]);
  if (parts == BENCH_GEOMETRY) return;
  same_reals(a->force, b->force, 3 * a->n);
  same_reals(a->site_energy, b->site_energy, a->n);
  same_reals(a->grade, b->grade, a->n);
  same_reals(a->charge, b->charge, a->n);
  assert_int_equal(a->has_energy, b->has_energy);
  assert_int_equal(a->has_virial, b->has_virial);
  assert_int_equal(a->has_max_grade, b->has_max_grade);
  if (a->has_energy) same_reals(&a->energy, &b->energy, 1);
  if (a->has_virial) same_reals(a->virial, b->virial, 6);
  if (a->has_max_grade) same_reals(&a->max_grade, &b->max_grade, 1);
  assert_int_equal(a->feature_count, b->feature_count);
  for (size_t k = 0; k < a->feature_count; k++) {
    assert_string_equal(a->features[k].key, b->features[k].key);
    assert_string_equal(a->features[k].value, b->features[k].value);
  }
}

void bench_same(const mtp_config_set *a, const mtp_config_set *b, bench_parts parts) {
  assert_int_equal(a->n, b->n);
  for (size_t c = 0; c < a->n; c++) {
    same_config(a->configs[c], b->configs[c], parts);
    for (size_t i = 0; i < a->configs[c]->n; i++)
      assert_string_equal(a->names[a->configs[c]->species[i]], b->names[b->configs[c]->species[i]]);
  }
}

/* Any magnitude, so that all 17 digits and the exponent matter. */
static double wild(mtp_random *random) {
  double scale = mtp_random_uniform(random);
  double power = scale < 0.1 ? 1e-200 : scale < 0.2 ? 1e150 : scale < 0.3 ? 0 : 1;
  return mtp_random_normal(random) * power;
}

static double *wild_array(mtp_random *random, size_t count) {
  double *values = mtp_calloc(count, sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < count; i++) values[i] = wild(random);
  return values;
}

static mtp_config *random_config(mtp_random *random, int species, bool cells) {
  mtp_config *cfg = mtp_config_new(1 + (size_t)(6 * mtp_random_uniform(random)));
  assert_non_null(cfg);
  for (int d = 0; d < 3; d++) {
    if (cells && mtp_random_uniform(random) < 0.3) continue;
    cfg->periodic[d] = true;
    for (int a = 0; a < 3; a++) cfg->cell[3 * d + a] = (a == d ? 5 : 0) + mtp_random_normal(random);
  }
  for (size_t i = 0; i < cfg->n; i++) cfg->species[i] = (int)(species * mtp_random_uniform(random));
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] = 10 * mtp_random_normal(random);
  if (mtp_random_uniform(random) < 0.7) cfg->force = wild_array(random, 3 * cfg->n);
  if (mtp_random_uniform(random) < 0.4) cfg->site_energy = wild_array(random, cfg->n);
  if (mtp_random_uniform(random) < 0.4) cfg->grade = wild_array(random, cfg->n);
  if (mtp_random_uniform(random) < 0.4) cfg->charge = wild_array(random, cfg->n);
  cfg->has_energy = mtp_random_uniform(random) < 0.7;
  cfg->has_virial = mtp_random_uniform(random) < 0.7;
  cfg->has_max_grade = mtp_random_uniform(random) < 0.4;
  if (cfg->has_energy) cfg->energy = wild(random);
  if (cfg->has_max_grade) cfg->max_grade = wild(random);
  for (int k = 0; k < 6 && cfg->has_virial; k++) cfg->virial[k] = wild(random);
  return cfg;
}

mtp_config_set *bench_random_set(unsigned long long seed, size_t count, bool cells) {
  static const char *const names[] = {"Al", "Ni", "H", "U"};
  static const char *const values[] = {
      "plain", "two words", "a \"quoted\" word", "back\\slash", "1 2 3", "[[1, 2], [3, 4]]", "two\nlines", "", "it's",
      "a=b",   "[open",     "{curly}",           "x,y"};
  mtp_random random = {seed};
  mtp_config_set *set = mtp_config_set_new();
  assert_non_null(set);
  for (int s = 0; s < 4; s++) assert_int_equal(mtp_config_set_species(set, names[s]), s);
  for (size_t c = 0; c < count; c++) {
    mtp_config *cfg = random_config(&random, 4, cells);
    for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
      char key[32];
      snprintf(key, sizeof key, k % 3 ? "key%zu" : "a key%zu", k);
      if (mtp_random_uniform(&random) < 0.3)
        assert_int_equal(mtp_config_set_feature(NULL, cfg, key, values[k]), MTP_OK);
    }
    assert_int_equal(mtp_config_set_append(NULL, set, cfg), MTP_OK);
  }
  return set;
}

/* A message has to say where: PATH:NUMBER:. */
static void check_place(bench *b) {
  const char *message = mtp_context_message(b->ctx);
  size_t length = strlen(b->path);
  if (strncmp(message, b->path, length) != 0 || message[length] != ':' || !isdigit((unsigned char)message[length + 1]))
    fail_msg("no file and line in: %s", message);
}

static void try_text(bench *b, const char *name, const char *text, size_t size, mtp_format format, bool tolerant) {
  mtp_read_options options = {.format = format, .tolerate_cut_tail = tolerant};
  mtp_config_set *set = NULL;
  bench_put(b, name, text, size);
  mtp_status status = mtp_config_set_read(b->ctx, b->path, &options, &set);
  if (status != MTP_OK) {
    assert_null(set);
    check_place(b);
    return;
  }
  for (size_t c = 0; c < set->n; c++)
    for (size_t i = 0; i < set->configs[c]->n; i++) {
      assert_in_range(set->configs[c]->species[i], 0, (uintmax_t)set->species_count - 1);
      for (int a = 0; a < 3; a++) assert_true(set->configs[c]->x[3 * i + (size_t)a] < 1e308);
    }
  assert_true(set->good_size <= (long long)size);
  mtp_config_set_free(set);
}

void bench_attack(bench *b, const char *name, const char *text, size_t size) {
  static const char bytes[] = {0, '\n', ' ', '9', '"', '#', '-', (char)0xff};
  mtp_random random = {size};
  char *copy = malloc(size);
  assert_non_null(copy);
  for (size_t k = 0; k <= size; k++) {
    try_text(b, name, text, k, MTP_FORMAT_AUTO, false);
    try_text(b, name, text, k, MTP_FORMAT_AUTO, true);
  }
  for (int k = 0; k < 6000; k++) {
    memcpy(copy, text, size);
    for (int flips = 1 + (int)(3 * mtp_random_uniform(&random)); flips > 0; flips--) {
      size_t at = (size_t)((double)size * mtp_random_uniform(&random));
      double how = mtp_random_uniform(&random);
      copy[at] = how < 0.5 ? (char)(copy[at] ^ (1 << (int)(8 * mtp_random_uniform(&random))))
                           : bytes[(size_t)((double)sizeof bytes * mtp_random_uniform(&random))];
    }
    try_text(b, name, copy, size, MTP_FORMAT_AUTO, k % 2);
  }
  free(copy);
}
