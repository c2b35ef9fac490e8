/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_set.c
 * Configurations, sets, species tables, numbers and formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/scan.h"
#include "config/species.h"
#include "support/support.h"
#include "support_config.h"

static void test_features(void **state) {
  bench *b = *state;
  mtp_config *cfg = mtp_config_new(3);
  assert_int_equal(mtp_config_set_feature(b->ctx, cfg, "from", "here"), MTP_OK);
  assert_int_equal(mtp_config_set_feature(b->ctx, cfg, "step", "1"), MTP_OK);
  assert_int_equal(mtp_config_set_feature(b->ctx, cfg, "from", "there"), MTP_OK);
  assert_int_equal(cfg->feature_count, 2);
  assert_string_equal(mtp_config_get_feature(cfg, "from"), "there");
  assert_null(mtp_config_get_feature(cfg, "to"));
  assert_int_equal(mtp_config_set_feature(b->ctx, cfg, "", "x"), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_config_require_force(b->ctx, cfg), MTP_OK);
  cfg->force[8] = 4;
  assert_int_equal(mtp_config_require_force(b->ctx, cfg), MTP_OK); /* keeps what is there */
  mtp_config *copy = mtp_config_copy(cfg);
  assert_true(copy->force[8] == 4 && copy->force != cfg->force);
  assert_string_equal(mtp_config_get_feature(copy, "step"), "1");
  mtp_config_free(cfg);
  mtp_config_free(copy);
}

static void test_volume(void **state) {
  (void)state;
  mtp_config *cfg = mtp_config_new(0);
  static const double cell[9] = {2, 0, 0, 1, 3, 0, 5, 7, -4};
  assert_true(mtp_config_volume(cfg) == 0);
  memcpy(cfg->cell, cell, sizeof cell);
  assert_true(mtp_config_volume(cfg) == 24); /* also left-handed, also where it is not periodic */
  memset(cfg->cell, 0, 3 * sizeof *cell);
  assert_true(mtp_config_volume(cfg) == 0);
  mtp_config_free(cfg);
}

static void test_append(void **state) {
  bench *b = *state;
  mtp_config_set *set = mtp_config_set_new();
  for (size_t k = 0; k < 1000; k++) {
    assert_int_equal(mtp_config_set_append(b->ctx, set, mtp_config_new(k % 3)), MTP_OK);
    assert_int_equal(set->n, k + 1);
  }
  for (size_t k = 0; k < 1000; k++) assert_int_equal(set->configs[k]->n, k % 3);
  assert_int_equal(mtp_config_set_species(set, "Al"), 0);
  assert_int_equal(mtp_config_set_species(set, "Ni"), 1);
  assert_int_equal(mtp_config_set_species(set, "Al"), 0);
  mtp_config_set_free(set);
}

/* A set of one atom of each of `names`. */
static mtp_config_set *set_of(int count, const char *const *names) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_config *cfg = mtp_config_new((size_t)count);
  for (int i = 0; i < count; i++) cfg->species[i] = mtp_config_set_species(set, names[i]);
  assert_int_equal(mtp_config_set_append(NULL, set, cfg), MTP_OK);
  return set;
}

static void test_map_species(void **state) {
  static const struct {
    int count, wanted_count;
    const char *names[3], *wanted[3];
    int target[3]; /* -1: refused */
    bool warns;
  } cases[] = {
      {2, 2, {"Ni", "Al"}, {"Al", "Ni"}, {1, 0}, false},
      {1, 2, {"Ni"}, {"Al", "Ni"}, {1}, false},
      {2, 2, {"0", "1"}, {"Al", "Ni"}, {0, 1}, false}, /* positions */
      {1, 2, {"1"}, {"Al", "Ni"}, {1}, false},
      {2, 2, {"13", "28"}, {"Ni", "Al"}, {1, 0}, false}, /* atomic numbers */
      {2, 2, {"1", "8"}, {"O", "H"}, {1, 0}, false},
      {2, 2, {"0", "1"}, {"O", "H"}, {0, 1}, false}, /* 0 is no element */
      {1, 2, {"1"}, {"O", "H"}, {1}, false},         /* both readings agree */
      {1, 2, {"1"}, {"H", "O"}, {0}, true},          /* they do not */
      {2, 2, {"0", "1"}, {"0", "1"}, {0, 1}, false}, /* equal names */
      {2, 3, {"29", "46"}, {"46", "47", "29"}, {2, 0}, false},
      {2, 2, {"Al", "1"}, {"Al", "Ni"}, {0, 1}, false},
      {1, 2, {"2"}, {"Al", "Ni"}, {-1}, false},
      {1, 1, {"Cu"}, {"Al"}, {-1}, false},
      {1, 2, {"Cu"}, {"0", "1"}, {-1}, false},
      {2, 2, {"13", "29"}, {"Al", "Ni"}, {-1}, false},
  };
  bench *b = *state;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = set_of(cases[k].count, cases[k].names);
    b->warnings[0] = 0;
    mtp_status status = mtp_config_set_map_species(b->ctx, set, cases[k].wanted_count, cases[k].wanted);
    assert_int_equal(b->warnings[0] != 0, cases[k].warns);
    if (cases[k].target[0] < 0) {
      assert_int_equal(status, MTP_ERR_ARGUMENT);
      assert_non_null(strstr(mtp_context_message(b->ctx), cases[k].names[0])); /* both tables are told */
      assert_non_null(strstr(mtp_context_message(b->ctx), cases[k].wanted[0]));
      assert_int_equal(set->species_count, cases[k].count); /* nothing changed */
    } else {
      assert_int_equal(status, MTP_OK);
      assert_int_equal(set->species_count, cases[k].wanted_count);
      for (int i = 0; i < cases[k].wanted_count; i++) assert_string_equal(set->names[i], cases[k].wanted[i]);
      for (int i = 0; i < cases[k].count; i++) assert_int_equal(set->configs[0]->species[i], cases[k].target[i]);
    }
    mtp_config_set_free(set);
  }
}

static void test_elements(void **state) {
  (void)state;
  assert_int_equal(mtp_element_number("H"), 1);
  assert_int_equal(mtp_element_number("U"), 92);
  assert_int_equal(mtp_element_number("Og"), 118);
  assert_int_equal(mtp_element_number("X"), 0);
  assert_int_equal(mtp_element_number("al"), 0);
  for (int z = 1; z <= MTP_ELEMENT_MAX; z++) {
    assert_int_equal(mtp_element_number(mtp_element_symbol(z)), z);
    assert_true(mtp_element_mass(z) > 1.9 * z - 1 && mtp_element_mass(z) < 2.8 * z + 1);
  }
  assert_null(mtp_element_symbol(119));
  assert_int_equal(mtp_species_decimal("29"), 29);
  assert_int_equal(mtp_species_decimal("0"), 0);
  assert_int_equal(mtp_species_decimal("007"), -1);
  assert_int_equal(mtp_species_decimal("Al"), -1);
  assert_int_equal(mtp_species_decimal("99999999999"), -1);
}

static void test_numbers(void **state) {
  (void)state;
  static const char *const good[] = {"0",
                                     "-0",
                                     "+1",
                                     "1.",
                                     ".5",
                                     "1e5",
                                     "1E-5",
                                     "1e+22",
                                     "1e23",
                                     "1e-23",
                                     "5e-324",
                                     "1.7976931348623157e308",
                                     "0.1",
                                     "9007199254740993",
                                     "123456789012345678901234567890",
                                     "4.0000000000000001",
                                     "1e-400",
                                     "0.000000000000000000000000000000000000000000000000000000000000000000000001"};
  static const char *const bad[] = {"",    "-",   ".",     "e5",  "1e", "1e+", "1.2.3", "0x1",
                                    "nan", "inf", "1e309", "1,5", "1 ", "--1", "1e5.",  "1d5"};
  double value;
  for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
    assert_true(mtp_span_real((mtp_span){good[k], strlen(good[k])}, &value));
    double library = strtod(good[k], NULL);
    assert_memory_equal(&value, &library, sizeof value);
  }
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
    if (mtp_span_real((mtp_span){bad[k], strlen(bad[k])}, &value)) fail_msg("accepted '%s'", bad[k]);
  mtp_random random = {1};
  for (int k = 0; k < 200000; k++) { /* all lengths and exponents against the C library */
    char text[64];
    int digits = (int)(20 * mtp_random_uniform(&random));
    double scale = pow(10, floor(60 * mtp_random_uniform(&random) - 30));
    snprintf(text, sizeof text, k % 2 ? "%.*e" : "%.*f", digits, mtp_random_normal(&random) * scale);
    if (!mtp_span_real((mtp_span){text, strlen(text)}, &value)) fail_msg("refused '%s'", text);
    double library = strtod(text, NULL);
    if (memcmp(&value, &library, sizeof value) != 0) fail_msg("%s became %.17g", text, value);
  }
}

/* A comment that a line does not have: sanitizers see what is done with its pointer. */
static void test_nothing(void **state) {
  (void)state;
  mtp_span rest = {NULL, 0}, token = {"x", 1};
  double value;
  size_t count;
  assert_false(mtp_span_token(&rest, &token));
  assert_int_equal(token.n, 0);
  assert_true(mtp_span_is(token, ""));
  assert_true(mtp_span_is_ignoring_case(token, ""));
  assert_false(mtp_span_is(token, "a"));
  assert_false(mtp_span_is_name(token));
  assert_false(mtp_span_real(token, &value));
  assert_false(mtp_span_count(token, 9, &count));
  assert_int_equal(mtp_span_trim(token).n, 0);
  char *copy = mtp_span_copy(token);
  assert_string_equal(copy, "");
  free(copy);
}

static void test_formats(void **state) {
  bench *b = *state;
  assert_int_equal(mtp_format_from_name("cfg"), MTP_FORMAT_CFG);
  assert_int_equal(mtp_format_from_name("extxyz"), MTP_FORMAT_EXTXYZ);
  assert_int_equal(mtp_format_from_name("xyz"), MTP_FORMAT_EXTXYZ);
  assert_int_equal(mtp_format_from_name("lammps-data"), MTP_FORMAT_LAMMPS_DATA);
  assert_int_equal(mtp_format_from_name("lammps-dump"), MTP_FORMAT_LAMMPS_DUMP);
  assert_int_equal(mtp_format_from_name("pdb"), MTP_FORMAT_AUTO);
  mtp_config_set *set = bench_random_set(1, 2, false);
  char path[128];
  snprintf(path, sizeof path, "%s/what.pdb", b->folder);
  assert_int_equal(mtp_config_set_write(b->ctx, set, path, MTP_FORMAT_AUTO), MTP_ERR_ARGUMENT);
  assert_int_not_equal(access(path, F_OK), 0);
  snprintf(path, sizeof path, "%s/two.data", b->folder);
  assert_int_equal(mtp_config_set_write(b->ctx, set, path, MTP_FORMAT_AUTO), MTP_ERR_ARGUMENT);
  assert_int_not_equal(access(path, F_OK), 0);
  mtp_config_set_free(set);
}

static void test_recognition(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "nothing", " \n");
  assert_int_equal(set->n, 0);
  mtp_config_set_free(set);
  set = bench_read(b, "misnamed.dump", "\xEF\xBB\xBF" /* byte order mark */ "BEGIN_CFG\nSize 0\nEND_CFG\n");
  assert_int_equal(set->n, 1);
  assert_int_equal(set->good_size, 28);
  mtp_config_set_free(set);
  bench_refuse(b, "unknown", "hello\nworld\n", 1, "found 'hello");
  assert_int_equal(mtp_config_set_read(b->ctx, "/nonexistent/file.xyz", NULL, &set), MTP_ERR_IO);
}

/* Writing to standard output leaves the text on file descriptor 1. */
static void test_standard_output(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(8, 3, true), *again = NULL;
  bench_put(b, "out.xyz", "", 0);
  int kept = dup(STDOUT_FILENO);
  fflush(stdout);
  assert_non_null(freopen(b->path, "w", stdout));
  mtp_status status = mtp_config_set_write(b->ctx, set, "-", MTP_FORMAT_EXTXYZ);
  fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  assert_int_equal(status, MTP_OK);
  assert_int_equal(mtp_config_set_read(b->ctx, b->path, NULL, &again), MTP_OK);
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

/* One configuration at a time gives the same text as all of them. */
static void test_format_one(void **state) {
  bench *b = *state;
  static const mtp_format formats[2] = {MTP_FORMAT_CFG, MTP_FORMAT_EXTXYZ};
  mtp_config_set *set = bench_random_set(4, 5, true);
  for (int f = 0; f < 2; f++) {
    mtp_text joined = {0};
    for (size_t c = 0; c < set->n; c++) {
      char *text = NULL;
      size_t size = 0;
      assert_int_equal(mtp_config_format(b->ctx, set->configs[c], set->species_count, (const char *const *)set->names,
                                         formats[f], &text, &size),
                       MTP_OK);
      assert_int_equal(strlen(text), size);
      assert_int_equal(text[size - 1], '\n');
      mtp_text_add_bytes(&joined, text, size);
      free(text);
    }
    char *whole = NULL;
    size_t size = 0;
    snprintf(b->path, sizeof b->path, "%s/whole", b->folder);
    assert_int_equal(mtp_config_set_write(b->ctx, set, b->path, formats[f]), MTP_OK);
    assert_int_equal(mtp_file_read(b->ctx, b->path, &whole, &size), MTP_OK);
    assert_int_equal(size, joined.size);
    assert_memory_equal(whole, joined.data, size);
    free(whole);
    mtp_text_free(&joined);
  }
  mtp_config_set_free(set);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_features),        cmocka_unit_test(test_volume),     cmocka_unit_test(test_append),
      cmocka_unit_test(test_map_species),     cmocka_unit_test(test_elements),   cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_nothing),         cmocka_unit_test(test_formats),    cmocka_unit_test(test_recognition),
      cmocka_unit_test(test_standard_output), cmocka_unit_test(test_format_one),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
