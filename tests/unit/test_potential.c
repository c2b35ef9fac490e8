/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_potential.c
 * Potentials as files and objects: lossless round trips, the dialects of both generations of the format, and every
 * kind of damage, which must give one line that names file and line, or a potential that is whole. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "model/model.h"
#include "support_data.h"
#include "support_golden.h"

/* Two species, level 6, two radial functions of two: small enough to damage at every byte. */
static const char small[] =
    "MTP\nversion = 1.1.0\npotential_name = small\nscaling = 2.5e-01\nspecies_count = 2\n"
    "potential_tag = by hand elements=Al,Ni\nradial_basis_type = RBChebyshev\n\tmin_dist = 2.0e+00\n\tmax_dist = 5\n"
    "\tradial_basis_size = 2\n\tradial_funcs_count = 2\n\tradial_coeffs\n"
    "\t\t0-0\n\t\t\t{1.0e+00, 2.5e-01}\n\t\t\t{-3, 0.5}\n\t\t0-1\n\t\t\t{4, 5}\n\t\t\t{6, 7}\n"
    "\t\t1-0\n\t\t\t{8, 9}\n\t\t\t{10, 11}\n\t\t1-1\n\t\t\t{12, 13}\n\t\t\t{14, 15}\n"
    "alpha_moments_count = 8\nalpha_index_basic_count = 5\n"
    "alpha_index_basic = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}\n"
    "alpha_index_times_count = 5\n"
    "alpha_index_times = {{0, 0, 1, 5}, {1, 1, 1, 6}, {2, 2, 1, 6}, {3, 3, 1, 6}, {0, 5, 1, 7}}\n"
    "alpha_scalar_moments = 5\nalpha_moment_mapping = {0, 4, 5, 6, 7}\n"
    "species_coeffs = {-1.5e+00, 2e+00}\nmoment_coeffs = {1, 2, 3, 4, 5}";

/* A copy of `text` with the first `old` replaced; it must be there. */
static char *replaced(const char *text, const char *old, const char *new) {
  const char *at = strstr(text, old);
  assert_non_null(at);
  size_t head = (size_t)(at - text), size = strlen(text) + strlen(new) + 1;
  char *copy = data_calloc(size, 1);
  memcpy(copy, text, head);
  strcpy(copy + head, new);
  strcat(copy + head, at + strlen(old));
  return copy;
}

static mtp_status parse(mtp_context *ctx, const char *text, mtp_potential **pot) {
  return mtp_potential_parse(ctx, "pot.mtp", text, strlen(text), pot, NULL);
}

static void same_text(mtp_context *ctx, const mtp_potential *a, const mtp_potential *b) {
  mtp_text x = {0}, y = {0};
  data_must(ctx, mtp_potential_text(ctx, a, &x));
  data_must(ctx, mtp_potential_text(ctx, b, &y));
  assert_int_equal(x.size, y.size);
  assert_memory_equal(x.data, y.data, x.size);
  mtp_text_free(&x);
  mtp_text_free(&y);
}

/* Text and bits survive being written and read; damage that is not an error must have left such a potential. */
static void round_trip(mtp_context *ctx, const mtp_potential *pot) {
  mtp_text text = {0};
  mtp_potential *again;
  size_t end;
  data_must(ctx, mtp_potential_text(ctx, pot, &text));
  data_must(ctx, mtp_potential_parse(ctx, "again", text.data, text.size, &again, &end));
  assert_int_equal(end, text.size);
  assert_int_equal(again->nparams, pot->nparams);
  assert_memory_equal(again->params, pot->params, pot->nparams * sizeof(double));
  assert_memory_equal(again->labels, pot->labels, (size_t)pot->nspecies * sizeof(int));
  assert_memory_equal(&again->radial, &pot->radial, sizeof pot->radial);
  assert_int_equal(again->trained, pot->trained);
  same_text(ctx, pot, again);
  mtp_text_free(&text);
  mtp_potential_free(again);
}

static void test_small(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot;
  data_must(ctx, parse(ctx, small, &pot));
  assert_string_equal(pot->name, "small");
  assert_string_equal(pot->tag, "by hand");
  assert_string_equal(mtp_potential_element(pot, 0), "Al");
  assert_string_equal(mtp_potential_element(pot, 1), "Ni");
  assert_null(mtp_potential_element(pot, 2));
  assert_int_equal(mtp_potential_find_element(pot, "Ni"), 1);
  assert_int_equal(mtp_potential_find_element(pot, "ni"), -1);
  assert_int_equal(mtp_potential_level(pot), 6);
  assert_int_equal(mtp_potential_species_count(pot), 2);
  assert_int_equal(mtp_potential_radial_count(pot), 2);
  assert_int_equal(mtp_potential_radial_size(pot), 2);
  assert_int_equal(mtp_potential_scalar_count(pot), 5);
  assert_int_equal(mtp_potential_parameter_count(pot), 16 + 2 + 5);
  assert_true(mtp_potential_cutoff(pot) == 5.0 && mtp_potential_min_dist(pot) == 2.0);
  assert_true(mtp_potential_is_trained(pot));
  assert_string_equal(mtp_potential_radial_name(pot), "RBChebyshev");
  static const double theta[] = {1, 0.25, -3, 0.5, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, -1.5, 2, 1, 2, 3, 4, 5};
  assert_memory_equal(mtp_potential_parameters(pot), theta, sizeof theta);
  round_trip(ctx, pot);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_layout(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot;
  mtp_text text = {0};
  data_must(ctx, parse(ctx, small, &pot));
  data_must(ctx, mtp_potential_text(ctx, pot, &text));
  static const char head[] =
      "MTP\nversion = 1.1.0\npotential_name = small\nscaling = 2.5000000000000000e-01\nspecies_count = 2\n"
      "potential_tag = elements=Al,Ni by hand\nradial_basis_type = RBChebyshev\n\tmin_dist = 2.0000000000000000e+00\n"
      "\tmax_dist = 5.0000000000000000e+00\n\tradial_basis_size = 2\n\tradial_funcs_count = 2\n\tradial_coeffs\n"
      "\t\t0-0\n\t\t\t{1.0000000000000000e+00, 2.5000000000000000e-01}\n";
  static const char tail[] =
      "alpha_moments_count = 8\nalpha_index_basic_count = 5\n"
      "alpha_index_basic = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, {1, 0, 0, 0}}\n"
      "alpha_index_times_count = 5\n"
      "alpha_index_times = {{0, 0, 1, 5}, {1, 1, 1, 6}, {2, 2, 1, 6}, {3, 3, 1, 6}, {0, 5, 1, 7}}\n"
      "alpha_scalar_moments = 5\nalpha_moment_mapping = {0, 4, 5, 6, 7}\n"
      "species_coeffs = {-1.5000000000000000e+00, 2.0000000000000000e+00}\n"
      "moment_coeffs = {1.0000000000000000e+00, 2.0000000000000000e+00, 3.0000000000000000e+00, "
      "4.0000000000000000e+00, 5.0000000000000000e+00}";
  assert_memory_equal(text.data, head, sizeof head - 1);
  assert_string_equal(strstr(text.data, "alpha_moments_count"), tail);
  mtp_text_free(&text);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Other spellings of the same potential. */
static void test_dialects(void **state) {
  (void)state;
  static const char *const changes[][2] = {
      {"version = 1.1.0\n", "version=1.1.0 \r\n"},
      {"potential_tag = by hand elements=Al,Ni", "potential_tag = elements=Al,Ni by hand"},
      {"species_count = 2\n", ""},
      {"scaling = 2.5e-01\n", "scaling = 5e-01\n"}, /* with the next */
      {"min_dist = 2.0e+00\n\tmax_dist = 5\n", "min_val = 2\r\n\tmax_val=5.0\n"},
      {"\tradial_basis_size", "basis_size"},
      {"{1.0e+00, 2.5e-01}", "{ 1 ,\t.25 }"},
      {"{-3, 0.5}", "\n{-3,\n5e-1}"},
      {"alpha_index_times_count = 5", "alpha_index_times_count=\t5"},
      {"{{0, 0, 1, 5}, {1, 1, 1, 6}", "{{0,0,1,5},{1,1,1,6}"},
      {"5}", "5}\n#MVS_v1.1\nanything {"},
      {"5}", "5}\n^abc"},
  };
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot, *other;
  data_must(ctx, parse(ctx, small, &pot));
  for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
    const char *last = strrchr(small, '5'); /* changes of "5}" mean the very end */
    char *text = strcmp(changes[i][0], "5}") == 0 ? data_calloc(sizeof small + 40, 1)
                                                  : replaced(small, changes[i][0], changes[i][1]);
    if (!*text) {
      memcpy(text, small, (size_t)(last - small));
      strcat(text, changes[i][1]);
    }
    if (i == 3) {
      char *both = replaced(text, "\tmin_dist", "\tscaling = 0.5\n\tmin_dist");
      free(text);
      text = both;
    }
    data_must(ctx, parse(ctx, text, &other));
    same_text(ctx, pot, other);
    mtp_potential_free(other);
    free(text);
  }
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Labels are names: their order of appearance counts, not their values, and blocks may be in any order. */
static void test_labels(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot;
  char *a = replaced(small, "0-0", "29-29"), *b = replaced(a, "0-1", "46-29"), *c = replaced(b, "1-0", "46-46");
  char *text = replaced(c, "1-1", "29-46");
  data_must(ctx, parse(ctx, text, &pot));
  assert_int_equal(mtp_potential_label(pot, 0), 29);
  assert_int_equal(mtp_potential_label(pot, 1), 46);
  static const double firsts[] = {1, 12, 4, 8}; /* of 29-29, 29-46, 46-29, 46-46 */
  for (int i = 0; i < 4; i++) assert_true(pot->params[mtp_offset_radial(pot, i / 2, i % 2)] == firsts[i]);
  round_trip(ctx, pot);
  mtp_potential_free(pot);
  free(a);
  free(b);
  free(c);
  free(text);
  mtp_context_free(ctx);
}

static void test_untrained(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot, *expected;
  /* without linear coefficients the radial ones are kept */
  char *text = data_calloc(sizeof small, 1);
  memcpy(text, small, (size_t)(strstr(small, "\nspecies_coeffs") - small));
  data_must(ctx, parse(ctx, text, &pot));
  assert_false(mtp_potential_is_trained(pot));
  assert_true(pot->params[0] == 1.0 && pot->params[mtp_offset_species(pot)] == 0.0);
  round_trip(ctx, pot);
  mtp_potential_free(pot);
  /* without radial coefficients they are those of a new potential */
  char *head = data_calloc(sizeof small, 1);
  memcpy(head, text, (size_t)(strstr(text, "\tradial_coeffs") - text));
  strcat(head, strstr(text, "alpha_moments_count"));
  data_must(ctx, parse(ctx, head, &pot));
  assert_false(mtp_potential_is_trained(pot));
  const char *names[] = {"Al", "Ni"};
  mtp_potential_spec spec = {
      .level = 6, .species_count = 2, .elements = names, .cutoff = 5.0, .min_dist = 2.0, .radial_size = 2};
  data_must(ctx, mtp_potential_new(ctx, &spec, &expected));
  for (size_t i = 0; i < pot->nparams; i++) /* the file scales by 1/4 */
    assert_true(fabs(0.25 * pot->params[i] - expected->params[i]) < 1e-10);
  round_trip(ctx, pot);
  mtp_potential_free(pot);
  mtp_potential_free(expected);
  free(head);
  free(text);
  mtp_context_free(ctx);
}

/* What is wrong, the status, and what the message must say. */
static void test_refusals(void **state) {
  (void)state;
  static const struct {
    const char *old, *new;
    mtp_status status;
    const char *says;
  } cases[] = {
      {"MTP\nversion = 1.1.0", "version = 1.0.2", MTP_ERR_UNSUPPORTED, "pot.mtp:1: version 1.0.2"},
      {"MTP\n", "MPT\n", MTP_ERR_FORMAT, "pot.mtp:1: expected 'MTP' in the first line, found 'MPT'"},
      {"1.1.0", "1.2.0", MTP_ERR_UNSUPPORTED, "pot.mtp:2: version 1.2.0"},
      {"= small", "= two words", MTP_ERR_FORMAT, "pot.mtp:3: potential_name: expected one word"},
      {"2.5e-01\n", "0\n", MTP_ERR_FORMAT, "pot.mtp:4: expected a scaling that is not zero"},
      {"2.5e-01\n", "nan\n", MTP_ERR_FORMAT, "pot.mtp:4: expected scaling"},
      {"species_count = 2", "species_count = 0", MTP_ERR_FORMAT, "pot.mtp:5: species_count = 0: expected 1.."},
      {"species_count = 2", "species_count = 2\nspecies_count = 2", MTP_ERR_FORMAT, "species_count is given twice"},
      {"species_count = 2", "species_count = 3", MTP_ERR_FORMAT, "expected blocks for 3 species, found 2"},
      {"elements=Al,Ni", "elements=Al", MTP_ERR_FORMAT, "expected 2 element names, found elements=Al"},
      {"elements=Al,Ni", "elements=Al,Al", MTP_ERR_FORMAT, "'Al' is given twice"},
      {"elements=Al,Ni", "elements=Al,1", MTP_ERR_FORMAT, "element name '1'"},
      {"RBChebyshev", "RBTaylor", MTP_ERR_UNSUPPORTED, "pot.mtp:7: radial_basis_type 'RBTaylor' is not supported"},
      {"RBChebyshev", "RBvdW", MTP_ERR_UNSUPPORTED, "'RBvdW'"},
      {"RBChebyshev", "BChebyshev", MTP_ERR_UNSUPPORTED, "'BChebyshev'"},
      {"min_dist = 2.0e+00", "min_dist = 0", MTP_ERR_FORMAT, "expected 0 < min_dist < max_dist"},
      {"max_dist = 5", "max_dist = 2", MTP_ERR_FORMAT, "expected 0 < min_dist < max_dist"},
      {"max_dist = 5", "max_dist = 1e999", MTP_ERR_FORMAT, "pot.mtp:9: expected max_dist (a finite number)"},
      {"basis_size = 2", "basis_size = 33", MTP_ERR_FORMAT, "radial_basis_size = 33: expected 1..32"},
      {"funcs_count = 2", "funcs_count = 3", MTP_ERR_FORMAT, "pot.mtp:16: expected '{' of radial_coeffs, found '0-1'"},
      {"\tradial_coeffs\n", "magnetic_basis_type = BChebyshev\n\tradial_coeffs\n", MTP_ERR_UNSUPPORTED,
       "pot.mtp:12: magnetic potentials are not supported"},
      {"{-3, 0.5}", "{-3, 0.5, 1}", MTP_ERR_FORMAT, "pot.mtp:15: radial_coeffs: expected 2 entries, found 3"},
      {"{-3, 0.5}", "{-3, x}", MTP_ERR_FORMAT, "pot.mtp:15: expected radial_coeffs, found 'x}'"},
      {"0-1", "0-0", MTP_ERR_FORMAT, "pair 0-0 is given twice"},
      {"0-1", "0-7", MTP_ERR_FORMAT, "pair 0-7, but there are no pairs 7-..."},
      {"\t\t1-1\n\t\t\t{12, 13}\n\t\t\t{14, 15}\n", "", MTP_ERR_FORMAT, "pair 1-1 is missing"},
      {"moments_count = 8", "moments_count = 2000000000", MTP_ERR_FORMAT, "expected 1.."},
      {"moments_count = 8", "moments_count = 200", MTP_ERR_FORMAT, "alpha_moments_count = 200 does not go with"},
      {"basic_count = 5", "basic_count = 6", MTP_ERR_FORMAT, "pot.mtp:27: alpha_index_basic: expected 6 entries"},
      {"{1, 0, 0, 0}}", "{2, 0, 0, 0}}", MTP_ERR_FORMAT, "expected mu in 0..1, found 2"},
      {"{1, 0, 0, 0}}", "{1, 8, 3, 0}}", MTP_ERR_UNSUPPORTED, "tensor rank 11"},
      {"{1, 0, 0, 0}}", "{1, 0, 0}}", MTP_ERR_FORMAT, "expected four integers, found 3"},
      {"{1, 1, 1, 6}", "{1, 7, 1, 6}", MTP_ERR_FORMAT, "expected factors below their target 6, found 7"},
      {"{1, 1, 1, 6}", "{1, 1.5, 1, 6}", MTP_ERR_FORMAT, "expected alpha_index_times, found '1.5,'"},
      {"{1, 1, 1, 6}", "{1, 1, 99999999999, 6}", MTP_ERR_FORMAT, "(an integer of 32 bits)"},
      {"{0, 4, 5, 6, 7}", "{0, 4, 5, 6, 6}", MTP_ERR_FORMAT, "moment 6 is listed twice"},
      {"{0, 4, 5, 6, 7}", "{0, 4, 5, 6, 8}", MTP_ERR_FORMAT, "expected a moment in 0..7, found 8"},
      {"{-1.5e+00, 2e+00}", "{-1.5e+00}", MTP_ERR_FORMAT, "pot.mtp:32: species_coeffs: expected 2 entries, found 1"},
      {"3, 4, 5}", "3, 4, 5}\nmore", MTP_ERR_FORMAT, "pot.mtp:34: expected the end of the potential, found 'more'"},
      {"species_coeffs", "species_coefs", MTP_ERR_FORMAT, "expected species_coeffs, moment_coeffs or the end"},
  };
  mtp_context *ctx = mtp_context_new();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char *text = replaced(small, cases[i].old, cases[i].new);
    mtp_potential *pot;
    assert_int_equal(parse(ctx, text, &pot), cases[i].status);
    assert_null(pot);
    if (!strstr(mtp_context_message(ctx), cases[i].says))
      fail_msg("expected '%s' in '%s'", cases[i].says, mtp_context_message(ctx));
    free(text);
  }
  char *shapeev = replaced(small, "RBChebyshev", "RBShapeev"), *large = replaced(shapeev, "size = 2", "size = 13");
  mtp_potential *pot;
  assert_int_equal(parse(ctx, large, &pot), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(ctx), "radial_basis_size = 13: expected 1..12"));
  free(shapeev);
  free(large);
  mtp_context_free(ctx);
}

/* The data end where they end: parsing a copy without a terminating zero shows any read beyond to a sanitizer. */
static bool parse_exact(mtp_context *ctx, const char *text, size_t size) {
  char *copy = malloc(size ? size : 1);
  mtp_potential *pot;
  assert_non_null(copy);
  memcpy(copy, text, size);
  mtp_status status = mtp_potential_parse(ctx, "pot.mtp", copy, size, &pot, NULL);
  free(copy);
  if (status == MTP_OK) {
    round_trip(ctx, pot);
    mtp_potential_free(pot);
    return true;
  }
  assert_true(status == MTP_ERR_FORMAT || status == MTP_ERR_UNSUPPORTED);
  assert_memory_equal(mtp_context_message(ctx), "pot.mtp:", 8);
  return false;
}

static void test_cut_short(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  size_t whole = sizeof small - 1, untrained = (size_t)(strstr(small, "\nspecies_coeffs") - small);
  size_t half = (size_t)(strstr(small, "\nmoment_coeffs") - small);
  for (size_t n = 0; n <= whole; n++) {
    bool good = n == whole || n == untrained || n == untrained + 1 || n == half || n == half + 1;
    assert_int_equal(parse_exact(ctx, small, n), good);
  }
  mtp_context_free(ctx);
}

static void test_damaged(void **state) {
  (void)state;
  static const char bytes[] = "\0\n #{},=-9e.x\xff";
  mtp_context *ctx = mtp_context_new();
  char text[sizeof small];
  int refused = 0;
  for (size_t i = 0; i + 1 < sizeof small; i++)
    for (size_t b = 0; b + 1 < sizeof bytes; b++) {
      memcpy(text, small, sizeof small);
      text[i] = bytes[b];
      refused += !parse_exact(ctx, text, sizeof small - 1);
    }
  assert_true(refused > 5000);
  mtp_random random = {3};
  for (int trial = 0; trial < 3000; trial++) { /* a piece removed, and a piece moved elsewhere */
    size_t size = sizeof small - 1, from = data_index(&random, size), n = data_index(&random, 60);
    if (from + n > size) n = size - from;
    memcpy(text, small, from);
    memcpy(text + from, small + from + n, size - from - n);
    if (trial % 2) {
      memcpy(text + size - n, small + from, n);
      parse_exact(ctx, text, size);
    } else
      parse_exact(ctx, text, size - n);
  }
  mtp_context_free(ctx);
}

static void test_files(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot, *again, *copy;
  char *folder = data_folder_new(), *path = data_path(folder, "pot.mtp");
  data_must(ctx, parse(ctx, small, &pot));
  data_must(ctx, mtp_potential_write(ctx, pot, path));
  data_must(ctx, mtp_potential_read(ctx, path, &again));
  same_text(ctx, pot, again);
  data_must(ctx, mtp_potential_copy(ctx, pot, &copy));
  same_text(ctx, pot, copy);
  char *missing = data_path(folder, "none.mtp");
  mtp_potential *none = pot;
  assert_int_equal(mtp_potential_read(ctx, missing, &none), MTP_ERR_IO);
  assert_null(none);
  assert_non_null(strstr(mtp_context_message(ctx), "none.mtp"));
  data_must(ctx, mtp_file_replace(ctx, path, small, 100));
  assert_int_equal(mtp_potential_read(ctx, path, &none), MTP_ERR_FORMAT);
  assert_memory_equal(mtp_context_message(ctx), path, strlen(path));
  mtp_potential_free(pot);
  mtp_potential_free(again);
  mtp_potential_free(copy);
  free(path);
  free(missing);
  data_folder_remove(folder);
  mtp_context_free(ctx);
}

static void test_objects(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = NULL;
  const char *names[] = {"Al", "Ni"}, *bad[] = {"Al", "N i"}, *twice[] = {"Al", "Al"}, *null[] = {"Al", NULL};
  mtp_potential_spec spec = {
      .level = 10, .species_count = 2, .elements = names, .cutoff = 6.0, .min_dist = 2.2, .radial_size = 8};
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  assert_int_equal(mtp_potential_level(pot), 10);
  assert_false(mtp_potential_is_trained(pot));
  round_trip(ctx, pot);
  const char *const *refused[] = {bad, twice, null};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(mtp_potential_set_elements(ctx, pot, refused[i]), MTP_ERR_ARGUMENT);
    assert_string_equal(mtp_potential_element(pot, 1), "Ni");
  }
  const char *other[] = {"Fe_a", "X2"};
  data_must(ctx, mtp_potential_set_elements(ctx, pot, other));
  assert_int_equal(mtp_potential_find_element(pot, "X2"), 1);
  round_trip(ctx, pot);
  size_t n = mtp_potential_parameter_count(pot);
  double *theta = data_calloc(n, sizeof *theta);
  for (size_t i = 0; i < n; i++) theta[i] = 1.0 / (double)(i + 3);
  theta[n - 1] = NAN;
  assert_int_equal(mtp_potential_set_parameters(ctx, pot, theta), MTP_ERR_NUMERIC);
  assert_false(mtp_potential_is_trained(pot));
  theta[n - 1] = 5e-324;
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, theta));
  assert_true(mtp_potential_is_trained(pot));
  assert_memory_equal(mtp_potential_parameters(pot), theta, n * sizeof *theta);
  round_trip(ctx, pot);
  free(theta);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* What a program noted in the tag survives, and other words do. */
static void test_notes(void **state) {
  (void)state;
  static const char *const before[] = {"", "min_dist=auto", "by hand  old_a=7 b"};
  mtp_context *ctx = mtp_context_new();
  for (int k = 0; k < 3; k++) {
    const mtp_potential_spec spec = {.level = 4, .species_count = 1, .cutoff = 3.0};
    mtp_potential *pot = NULL;
    data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
    free(pot->tag);
    pot->tag = strdup(before[k]);
    assert_true(isnan(mtp_potential_note(pot, "a")));
    data_must(ctx, mtp_potential_set_note(ctx, pot, "a", 0.1));
    data_must(ctx, mtp_potential_set_note(ctx, pot, "count", 12));
    data_must(ctx, mtp_potential_set_note(ctx, pot, "a", -1.0 / 3));
    assert_true(mtp_potential_note(pot, "a") == -1.0 / 3 && mtp_potential_note(pot, "count") == 12);
    assert_true(isnan(mtp_potential_note(pot, "coun")) && isnan(mtp_potential_note(pot, "ount")));
    assert_memory_equal(pot->tag, before[k], strlen(before[k]));
    assert_true(k != 2 || mtp_potential_note(pot, "old_a") == 7);
    round_trip(ctx, pot);
    mtp_potential_free(pot);
  }
  mtp_context_free(ctx);
}

/* What is not given is chosen in training, and the file says so in words that other programs ignore. */
static void test_auto_words(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  static const char *const tags[] = {"", "min_dist=auto", "radial_size=auto", "radial_size=auto min_dist=auto"};
  for (int k = 0; k < 4; k++) {
    const mtp_potential_spec spec = {.level = 4,
                                     .species_count = 1,
                                     .elements = (const char *const[]){"Al"},
                                     .cutoff = 3.0,
                                     .min_dist = k & 1 ? 0 : 1.7,
                                     .radial_size = k & 2 ? 0 : 10};
    char *folder = data_folder_new(), *path = data_path(folder, "pot.mtp");
    mtp_potential *pot = NULL, *read = NULL;
    data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
    assert_string_equal(pot->tag, tags[k]);
    data_must(ctx, mtp_potential_write(ctx, pot, path));
    data_must(ctx, mtp_potential_read(ctx, path, &read));
    assert_int_equal(mtp_potential_min_dist_is_free(read), k & 1);
    assert_int_equal(mtp_potential_size_is_free(read), (k & 2) != 0);
    assert_int_equal(mtp_potential_radial_size(read), k & 2 ? 8 : 10);
    assert_true(mtp_potential_min_dist(read) == (k & 1 ? 1.5 : 1.7)); /* half of a short cutoff */
    assert_string_equal(mtp_potential_element(read, 0), "Al");
    if (k == 3) { /* a word, not a part of one; and for RBChebyshev alone */
      free(read->tag);
      read->tag = strdup("xradial_size=auto min_dist=automatic");
      assert_false(mtp_potential_size_is_free(read) || mtp_potential_min_dist_is_free(read));
      pot->radial.type = MTP_RADIAL_SHAPEEV;
      assert_false(mtp_potential_size_is_free(pot) || mtp_potential_min_dist_is_free(pot));
    }
    mtp_potential_free(pot);
    mtp_potential_free(read);
    data_folder_remove(folder);
    free(path);
  }
  assert_false(mtp_potential_size_is_free(NULL) || mtp_potential_min_dist_is_free(NULL));
  mtp_context_free(ctx);
}

static void test_misuse(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = NULL;
  const mtp_potential_spec good = {.level = 4, .species_count = 1, .cutoff = 5.0, .min_dist = 2.0, .radial_size = 8};
  for (int fault = 0; fault < 9; fault++) {
    mtp_potential_spec spec = good;
    if (fault == 0) spec.level = 5;
    if (fault == 1) spec.level = 32;
    if (fault == 2) spec.species_count = 0;
    if (fault == 3) spec.min_dist = -0.1;
    if (fault == 4) spec.min_dist = 5.0;
    if (fault == 5) spec.cutoff = INFINITY;
    if (fault == 6) spec.radial_size = 1;
    if (fault == 7) spec.radial_size = MTP_MAX_RADIAL_SIZE + 1;
    if (fault == 8) spec.min_dist = NAN;
    assert_int_equal(mtp_potential_new(ctx, &spec, &pot), MTP_ERR_ARGUMENT);
    assert_null(pot);
  }
  assert_int_equal(mtp_potential_new(ctx, NULL, &pot), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_new(ctx, &good, NULL), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_read(ctx, NULL, &pot), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_write(ctx, NULL, "x"), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_copy(ctx, NULL, &pot), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_set_elements(ctx, NULL, NULL), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_set_parameters(ctx, NULL, NULL), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_potential_new(NULL, &good, &pot), MTP_OK); /* a context is only for messages */
  mtp_potential_free(pot);
  mtp_potential_free(NULL);
  assert_int_equal(mtp_potential_parameter_count(NULL), 0);
  assert_null(mtp_potential_element(NULL, 0));
  mtp_context_free(ctx);
}

static int read_folder(mtp_context *ctx, const char *folder) {
  static const char *const suffixes[] = {".mtp", ".als", ".almtp"};
  int files = 0;
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    if (entry->d_name[0] == '.') continue;
    char *path = data_path(folder, entry->d_name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    if (S_ISDIR(st.st_mode)) files += read_folder(ctx, path);
    const char *suffix = strrchr(entry->d_name, '.');
    for (size_t i = 0; suffix && i < sizeof suffixes / sizeof suffixes[0]; i++)
      if (strcmp(suffix, suffixes[i]) == 0) {
        mtp_potential *pot;
        data_must(ctx, mtp_potential_read(ctx, path, &pot));
        assert_true(mtp_potential_is_trained(pot));
        round_trip(ctx, pot);
        mtp_potential_free(pot);
        files++;
      }
    free(path);
  }
  if (dir) closedir(dir);
  return files;
}

/* Files of other programs, among them one with the line ends of another system. */
static void test_others(void **state) {
  (void)state;
  if (!golden_available()) skip();
  static const char *const folders[] = {"golden", "potentials"};
  static const int least[] = {20, 5};
  mtp_context *ctx = mtp_context_new();
  for (int i = 0; i < 2; i++) {
    char *folder = data_path(getenv("MTP_SHARED"), folders[i]);
    assert_true(read_folder(ctx, folder) >= least[i]);
    free(folder);
  }
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_small),     cmocka_unit_test(test_layout),    cmocka_unit_test(test_dialects),
      cmocka_unit_test(test_labels),    cmocka_unit_test(test_untrained), cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_cut_short), cmocka_unit_test(test_damaged),   cmocka_unit_test(test_files),
      cmocka_unit_test(test_objects),   cmocka_unit_test(test_notes),     cmocka_unit_test(test_auto_words),
      cmocka_unit_test(test_misuse),    cmocka_unit_test(test_others),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
