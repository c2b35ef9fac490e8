/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_extxyz.c
 * Extended XYZ in its dialects: what is read, what is refused and where, and that nothing is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"
#include "support_config.h"

static const char full[] =
    "2\n"
    "Lattice=\"4 0 0.5 0 5 0 0 0 6\" "
    "Properties=grade:R:1:pos:R:3:species:S:1:forces:R:3:tags:I:2:site_energy:R:1:charge:R:1 "
    "energy=-4.000000000001 virial=\"1 4 5 4 2 6 5 6 3\" pbc=\"T F true\" max_grade=2.5 config_type=bulk "
    "note='two \\'words\\'' \"a key\" = \"say \\\"hi\\\"\" array=[[1, 2], [3, 4]] old={1 2 3} flag\n"
    "0.7 1.1 1.2 1.3 Al 0.1 0.2 0.3 1 2 -1.5 0.25\n"
    "1.7 2.1 2.2 2.3 Ni -0.1 -0.2 -0.3 3 4 -2.5 -1\n";

static void test_everything(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "a.xyz", full);
  assert_int_equal(set->n, 1);
  const mtp_config *cfg = set->configs[0];
  static const double x[6] = {1.1, 1.2, 1.3, 2.1, 2.2, 2.3}, force[6] = {0.1, 0.2, 0.3, -0.1, -0.2, -0.3};
  static const double virial[6] = {1, 2, 3, 4, 5, 6}, cell[9] = {4, 0, 0.5, 0, 5, 0, 0, 0, 6};
  assert_memory_equal(cfg->x, x, sizeof x);
  assert_memory_equal(cfg->force, force, sizeof force);
  assert_memory_equal(cfg->cell, cell, sizeof cell);
  assert_memory_equal(cfg->virial, virial, sizeof virial);
  assert_true(cfg->periodic[0] && !cfg->periodic[1] && cfg->periodic[2]);
  assert_true(cfg->has_energy && cfg->energy == -4.000000000001);
  assert_true(cfg->has_max_grade && cfg->max_grade == 2.5);
  assert_true(cfg->grade[0] == 0.7 && cfg->grade[1] == 1.7);
  assert_true(cfg->site_energy[0] == -1.5 && cfg->site_energy[1] == -2.5);
  assert_true(cfg->charge[0] == 0.25 && cfg->charge[1] == -1.0);
  assert_string_equal(set->names[cfg->species[0]], "Al");
  assert_string_equal(set->names[cfg->species[1]], "Ni");
  assert_int_equal(cfg->feature_count, 6);
  assert_string_equal(mtp_config_get_feature(cfg, "config_type"), "bulk");
  assert_string_equal(mtp_config_get_feature(cfg, "note"), "two 'words'");
  assert_string_equal(mtp_config_get_feature(cfg, "a key"), "say \"hi\"");
  assert_string_equal(mtp_config_get_feature(cfg, "array"), "[[1, 2], [3, 4]]");
  assert_string_equal(mtp_config_get_feature(cfg, "old"), "1 2 3");
  assert_string_equal(mtp_config_get_feature(cfg, "flag"), "T");
  assert_non_null(strstr(b->warnings, "tags"));
  assert_int_equal(set->good_size, strlen(full));
  mtp_config_set *again = bench_round_trip(b, set, "again.extxyz");
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

static mtp_config_set *read_comment(bench *b, const char *comment) {
  char text[1024];
  snprintf(text, sizeof text, "1\n%.900s\nAl 0 0 0\n", comment);
  return bench_read(b, "comment.xyz", text);
}

#define PROPERTIES "Properties=species:S:1:pos:R:3 "
#define CUBE       PROPERTIES "Lattice=\"2 0 0 0 2 0 0 0 2\" "

static void test_virial_and_stress(void **state) {
  static const struct {
    const char *comment;
    double virial[6];
  } cases[] = {
      {CUBE "virial=\"1 2 3 4 5 6\"", {1, 2, 3, 6, 5, 4}},
      {CUBE "virial={{1 4 5} {4 2 6} {5 6 3}}", {1, 2, 3, 4, 5, 6}},
      {CUBE "virial=[[1, 4, 5], [4, 2, 6], [5, 6, 3]]", {1, 2, 3, 4, 5, 6}},
      {CUBE "stress=\"1 2 3 4 5 6\"", {-8, -16, -24, -48, -40, -32}},
      {CUBE "stress=\"1 4 5 4 2 6 5 6 3\"", {-8, -16, -24, -32, -40, -48}},
      {CUBE "stress=\"-0.125 -0.25 -0.375 -0.5 -0.625 -0.75001\" virial=\"1 2 3 4 5 6\"", {1, 2, 3, 6, 5, 4}},
      {CUBE "virials=\"1 2 3 4 5 6\"", {1, 2, 3, 6, 5, 4}},
      {CUBE "Stresses=\"1 2 3 4 5 6\"", {-8, -16, -24, -48, -40, -32}},
      {"stress=\"1 2 3 4 5 6\" " CUBE "pbc=\"T T F\"", {-8, -16, -24, -48, -40, -32}},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = read_comment(*state, cases[k].comment);
    assert_true(set->configs[0]->has_virial);
    assert_memory_equal(set->configs[0]->virial, cases[k].virial, sizeof cases[k].virial);
    mtp_config_set_free(set);
  }
}

static void test_asymmetric_tensor_is_told(void **state) {
  bench *b = *state;
  mtp_config_set *set = read_comment(b, CUBE "virial=\"1 4 0 6 2 0 0 0 3\"");
  assert_true(set->configs[0]->virial[3] == 5);
  assert_non_null(strstr(b->warnings, "not symmetric"));
  mtp_config_set_free(set);
}

/* What a file says of its labels contradicts itself, or the units of this program. */
static void test_contradictions(void **state) {
  static const struct {
    const char *comment, *part;
  } cases[] = {
      {CUBE "stress=\"9 9 9 9 9 9\" virial=\"1 2 3 4 5 6\"", "virial and a stress that disagree"},
      {CUBE "stress=\"1 2 3 4 5 6\" virial=\"8 16 24 32 40 48\"", "disagree"}, /* the sign */
      {CUBE "virials=\"1 2 3 4 5 6\" virial=\"1 2 3 4 5 7\"", "beside another virial"},
      {CUBE "virials=\"1 2 3 4 5\"", "nine or six"},
      {CUBE "free_energy=none", "free_energy=\"none\", expected a finite number"},
      {CUBE "free_energy=1 free_energy=2", "second time"},
      {CUBE "energy=-1 energy_unit=Hartree", "energy_unit=Hartree, expected eV"},
      {CUBE "energy_units=kcal/mol energy=-1", "energy_units=kcal/mol"},
      {CUBE "stress=\"1 2 3 4 5 6\" stress_unit=GPa", "stress_unit=GPa"},
      {CUBE "energy=-1 units=real", "units=real"},
      {CUBE "length_unit=bohr", "length_unit=bohr"},
  };
  char text[512];
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    snprintf(text, sizeof text, "1\n%s\nAl 0 0 0\n", cases[k].comment);
    bench_refuse(*state, "bad.xyz", text, 2, cases[k].part);
  }
  bench_refuse(*state, "bad.xyz", "1\nProperties=species:S:1:pos:R:3:forces:R:3:force:R:3\nAl 0 0 0 1 1 1 2 2 2\n", 2,
               "beside another column of forces");
  bench_refuse(*state, "bad.xyz", "1\nProperties=species:S:1:pos:R:3:forces:R:1\nAl 0 0 0 1\n", 2,
               "'forces' with 1 columns");
  static const char *const good[] = {"energy_unit=eV", "energy_units=\"eV\" length_unit=Angstrom force_unit=eV/Ang",
                                     "units=metal", "units=\"eV, A\"", "stress_unit=eV/Angstrom^3 time_unit=fs"};
  for (size_t k = 0; k < sizeof good / sizeof *good; k++) {
    snprintf(text, sizeof text, CUBE "energy=-1 stress=\"1 2 3 4 5 6\" %s", good[k]);
    mtp_config_set_free(read_comment(*state, text));
  }
}

/* Forces are the gradient of the free energy. */
static void test_free_energy(void **state) {
  bench *b = *state;
  static const char *const comments[] = {PROPERTIES "energy=-1.25 free_energy=-1.5",
                                         PROPERTIES "free_energy=-1.5 energy=-1.25"};
  for (int k = 0; k < 2; k++) {
    mtp_config_set *set = read_comment(b, comments[k]);
    const mtp_config *cfg = set->configs[0];
    assert_true(cfg->has_energy && cfg->energy == -1.5);
    assert_string_equal(mtp_config_get_feature(cfg, "unused_energy"), "-1.25");
    assert_null(mtp_config_get_feature(cfg, "free_energy"));
    assert_non_null(strstr(b->warnings, "free_energy= is taken"));
    mtp_config_set *again = bench_round_trip(b, set, "again.xyz");
    bench_same(set, again, BENCH_ALL);
    assert_null(strstr(b->warnings, "free_energy")); /* what was decided once is decided */
    mtp_config_set_free(again);
    mtp_config_set_free(set);
  }
  mtp_config_set *set = bench_read(
      b, "some.xyz", "1\n" PROPERTIES "energy=-1 free_energy=-1.5\nAl 0 0 0\n1\n" PROPERTIES "energy=-1\nAl 0 0 0\n");
  assert_non_null(strstr(b->warnings, "some configurations have no free_energy="));
  mtp_config_set_free(set);
  set = read_comment(b, PROPERTIES "free_energy=-1.5 energy=-1.5");
  assert_int_equal(set->configs[0]->feature_count, 0);
  assert_string_equal(b->warnings, "");
  mtp_config_set_free(set);
  set = read_comment(b, PROPERTIES "free_energy=-1.5");
  assert_true(set->configs[0]->has_energy && set->configs[0]->energy == -1.5);
  mtp_config_set_free(set);
}

static mtp_config_set *read_keys(bench *b, const char *text, mtp_label_keys keys) {
  mtp_read_options options = {.keys = keys};
  mtp_config_set *set = NULL;
  b->warnings[0] = 0;
  bench_put(b, "keys.xyz", text, strlen(text));
  mtp_status status = mtp_config_set_read(b->ctx, b->path, &options, &set);
  assert_true((status == MTP_OK) == (set != NULL));
  return set;
}

static const char named[] = "1\nLattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3:REF_forces:R:3:forces:R:3 "
                            "REF_energy=-1.5 energy=7 free_energy=8 REF_stress=\"1 2 3 4 5 6\" virial=\"1 1 1 0 0 0\" "
                            "config_energy_weight=2 energy_per_atom=3\nAl 0 0 0 1 2 3 4 5 6\n";

static void test_chosen_keys(void **state) {
  bench *b = *state;
  mtp_config_set *set = read_keys(
      b, named, (mtp_label_keys){.energy = "REF_energy", .forces = "REF_forces", .virial = "", .stress = "REF_stress"});
  assert_non_null(set);
  const mtp_config *cfg = set->configs[0];
  assert_true(cfg->energy == -1.5 && cfg->force[0] == 1 && cfg->force[2] == 3 && cfg->virial[0] == -8);
  assert_string_equal(mtp_config_get_feature(cfg, "unused_energy"), "7");
  assert_string_equal(mtp_config_get_feature(cfg, "unused_free_energy"), "8");
  assert_string_equal(mtp_config_get_feature(cfg, "unused_virial"), "1 1 1 0 0 0");
  assert_non_null(strstr(b->warnings, "not read: forces, energy, free_energy, virial, energy_per_atom\n"));
  mtp_config_set *again = bench_round_trip(b, set, "again.xyz");
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
  set = read_keys(b, named, (mtp_label_keys){.energy = "energy", .stress = "nowhere"});
  assert_true(set && set->configs[0]->energy == 7 && set->configs[0]->force[0] == 4);
  assert_non_null(strstr(b->warnings, "asked for as a label: nowhere"));
  mtp_config_set_free(set);
  assert_null(read_keys(b, named, (mtp_label_keys){.energy = "nowhere", .forces = "neither"}));
  assert_non_null(strstr(mtp_context_message(b->ctx), "nowhere, neither"));
  assert_null(read_keys(b, named, (mtp_label_keys){.energy = "energy_per_atom"}));
  assert_non_null(strstr(mtp_context_message(b->ctx), ":2: found the key 'energy_per_atom'"));
  assert_null(read_keys(b, named, (mtp_label_keys){.energy = "config_energy_weight", .virial = "REF_energy"}));
  assert_non_null(strstr(mtp_context_message(b->ctx), "nine or six"));
}

/* Names that nobody asked for and that look like labels come in one line, with what would read them. */
static void test_unread_labels_are_named(void **state) {
  bench *b = *state;
  mtp_config_set *set =
      bench_read(b, "gap.xyz",
                 "1\nLattice=\"2 0 0 0 2 0 0 0 2\" Properties=species:S:1:pos:R:3:dft_force:R:3:fx:R:1 "
                 "dft_energy=-1.5 dft_virial=\"1 0 0 0 1 0 0 0 1\" note=energy\nAl 0 0 0 1 2 3 1\n");
  assert_false(set->configs[0]->has_energy || set->configs[0]->force || set->configs[0]->has_virial);
  assert_non_null(strstr(b->warnings,
                         "look like labels, but are not read: dft_force, fx, dft_energy, dft_virial; to read "
                         "them: --keys energy=dft_energy,forces=dft_force,virial=dft_virial (mtp convert, for a "
                         "deck)\n"));
  mtp_config_set_free(set);
}

static void test_periodicity(void **state) {
  static const struct {
    const char *comment;
    bool periodic[3];
  } cases[] = {{CUBE, {true, true, true}},
               {PROPERTIES, {false, false, false}},
               {PROPERTIES "pbc=\"F F F\"", {false, false, false}},
               {CUBE "pbc=\"1 0 0\"", {true, false, false}},
               {CUBE "pbc=[True, False, True]", {true, false, true}},
               {CUBE "PBC={f t f}", {false, true, false}},
               {PROPERTIES "lattice=\"2 0 0 0 0 0 0 0 2\"", {true, false, true}}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = read_comment(*state, cases[k].comment);
    for (int d = 0; d < 3; d++) assert_int_equal(set->configs[0]->periodic[d], cases[k].periodic[d]);
    mtp_config_set_free(set);
  }
}

static void test_plain_xyz(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "plain.xyz",
                                   "2\nwater, nearly\nO 0 0 0 extra\nH 1 0 0 extra\n"
                                   "1\n\nH 0.5 0 0\n1\nE = -3.5 a.u.\nH 1 2 3\n\n\n");
  assert_int_equal(set->n, 3);
  assert_int_equal(set->species_count, 2);
  assert_string_equal(mtp_config_get_feature(set->configs[0], "comment"), "water, nearly");
  assert_int_equal(set->configs[1]->feature_count, 0);
  assert_string_equal(mtp_config_get_feature(set->configs[2], "E"), "-3.5");
  assert_true(set->configs[2]->x[2] == 3);
  assert_null(strstr(strstr(b->warnings, "not kept") + 1, "not kept")); /* told once */
  mtp_config_set *again = bench_round_trip(b, set, "plain2.xyz");
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

static void test_atomic_numbers(void **state) {
  mtp_config_set *set = bench_read(*state, "z.xyz",
                                   "2\nProperties=Z:I:1:pos:R:3\n13 0 0 0\n28 1 1 1\n"
                                   "1\nProperties=Z:I:1:species:S:1:pos:R:3\n1 Al 0 0 0\n");
  assert_int_equal(set->species_count, 2);
  assert_string_equal(set->names[set->configs[0]->species[0]], "Al");
  assert_string_equal(set->names[set->configs[0]->species[1]], "Ni");
  assert_string_equal(set->names[set->configs[1]->species[0]], "Al");
  mtp_config_set_free(set);
}

static void test_refusals(void **state) {
#define ATOM "\nAl 0 0 0\n"
  static const struct {
    const char *text;
    int line;
    const char *part;
  } cases[] = {
      {"1 2\n\nAl 0 0 0\n", 1, "found '1 2', expected a line with nothing but the number of atoms"},
      {"1\n\nAl 0 0 0\nAl 0 0 0\n", 4, "number of atoms"},
      {"2\n" PROPERTIES "\nAl 0 0 0\n1\n" PROPERTIES ATOM, 4, "too few columns for atom 2"},
      {"1\n" PROPERTIES "\nAl 0 0\n", 3, "too few columns"},
      {"1\n" PROPERTIES "\nAl 0 0 0 0\n", 3, "end of the line after 4 columns"},
      {"1\n" PROPERTIES "\nAl 0 nan 0\n", 3, "'nan'"},
      {"1\n" PROPERTIES "\nAl 0 -inf 0\n", 3, "'-inf'"},
      {"1\n" PROPERTIES "\nAl 0 1d0 0\n", 3, "'1d0'"},
      {"1\n" PROPERTIES "energy=nan" ATOM, 2, "finite number"},
      {"1\n" PROPERTIES "energy=1 Energy=2" ATOM, 2, "second time"},
      {"1\n" PROPERTIES "a=1 a=2" ATOM, 2, "another value"},
      {"1\n" PROPERTIES "note=\"open" ATOM, 2, "closing"},
      {"1\n" PROPERTIES "note={open" ATOM, 2, "closing"},
      {"1\n" PROPERTIES "=3" ATOM, 2, "key=value"},
      {"1\n" PROPERTIES "Lattice=\"1 0 0\"" ATOM, 2, "nine finite numbers"},
      {"1\n" PROPERTIES "Lattice=\"1 0 0 0 1 0 0 0 inf\"" ATOM, 2, "nine finite numbers"},
      {"1\n" PROPERTIES "pbc=\"T T\"" ATOM, 2, "three times"},
      {"1\n" PROPERTIES "pbc=\"T T maybe\"" ATOM, 2, "three times"},
      {"1\n" PROPERTIES "pbc=\"T T T\"" ATOM, 2, "without a lattice vector"},
      {"1\n" PROPERTIES "stress=\"1 1 1 0 0 0\"" ATOM, 2, "stress without a cell"},
      {"1\n" CUBE "virial=\"1 1 1\"" ATOM, 2, "nine or six"},
      {"1\nProperties=species:S:1:pos:R" ATOM, 2, "NAME:TYPE:COUNT"},
      {"1\nProperties=species:S:1:pos:R:2:a:R:1" ATOM, 2, "'pos' with 2 columns"},
      {"1\nProperties=species:S:1:a:R:3" ATOM, 2, "without positions"},
      {"1\nProperties=a:R:1:pos:R:3" ATOM, 2, "without species"},
      {"1\nProperties=Z:I:1:pos:R:3\n300 0 0 0\n", 3, "atomic number"},
      {"3\n" PROPERTIES ATOM, 3, "cut short"},
      {"3\n", 1, "cut short"},
      {"99999999\n" PROPERTIES ATOM, 3, "atom 2 of 99999999"},
  };
#undef ATOM
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    bench_refuse(*state, "bad.xyz", cases[k].text, cases[k].line, cases[k].part);
}

static void test_cut_tail(void **state) {
  bench *b = *state;
  char text[2 * sizeof full];
  snprintf(text, sizeof text, "%s%s", full, full);
  size_t one = strlen(full), two = strlen(text);
  for (size_t size = 1; size <= two; size++) {
    char cut[2 * sizeof full];
    memcpy(cut, text, size);
    cut[size] = 0;
    mtp_config_set *set = bench_read_tolerant(b, "cut.xyz", cut);
    bool whole = size == one || size == two;
    assert_int_equal(set->n, size / one);
    assert_int_equal(set->dropped_tail, !whole);
    assert_int_equal(set->good_size, size / one * one);
    assert_int_equal(strstr(b->warnings, "cut short") != NULL, !whole);
    mtp_config_set_free(set);
  }
  /* by a reader that is not told to expect it, a last line without its end is taken if it is complete */
  text[two - 1] = 0;
  mtp_config_set *set = bench_read(b, "cut.xyz", text);
  assert_int_equal(set->n, 2);
  mtp_config_set_free(set);
}

/* Compressed files, whole, and cut or damaged anywhere. */
static void test_compressed(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(5, 12, true), *again = bench_round_trip(b, set, "random.xyz.gz");
  bench_same(set, again, BENCH_ALL);
  char *data = NULL, *text = NULL;
  size_t size = 0, length = 0;
  bench_put(b, "plain.xyz", "", 0);
  char path[128];
  snprintf(path, sizeof path, "%s/random.xyz.gz", b->folder);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  data = malloc(1 << 20);
  assert_non_null(data);
  size = fread(data, 1, 1 << 20, file);
  fclose(file);
  assert_true(size > 100 && (unsigned char)data[0] == 0x1f && mtp_file_read(b->ctx, path, &text, &length) == MTP_OK);
  assert_true(length > size && text[length] == 0);
  free(text);
  size_t most = 0;
  for (size_t cut = 2; cut <= size; cut += 1 + size / 300) {
    const mtp_read_options options = {.whole_records = true};
    mtp_config_set *part = NULL;
    bench_put(b, "cut.gz", data, cut);
    if (cut < size) assert_int_not_equal(mtp_config_set_read(b->ctx, b->path, NULL, &part), MTP_OK);
    assert_null(part);
    if (mtp_config_set_read(b->ctx, b->path, &options, &part) != MTP_OK) continue;
    assert_true(part->n >= most && part->n <= set->n); /* whole records, and no fewer of more data */
    most = part->n;
    mtp_config_set_free(part);
  }
  assert_true(most > set->n / 2);
  for (size_t at = 0; at < size; at += 1 + size / 300) {
    mtp_config_set *part = NULL;
    data[at] = (char)(data[at] ^ 0x10);
    bench_put(b, "bad.gz", data, size);
    if (mtp_config_set_read(b->ctx, b->path, NULL, &part) == MTP_OK)
      bench_same(set, part, BENCH_ALL); /* of the header */
    mtp_config_set_free(part);
    data[at] = (char)(data[at] ^ 0x10);
  }
  free(data);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

/* Only what the end of the file does is forgiven. */
static void test_tolerance_ends_at_wrong_lines(void **state) {
  bench *b = *state;
  static const char *const texts[] = {"2\n\nAl 0 0 0\n1\n\nAl 0 0 0\n", "1\n\nAl 0 x 0\n", "1\n\nAl 0 0\n",
                                      "99999999\n\nAl 0 0 0\n1\n\nAl 0 0 0\n"};
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    mtp_read_options options = {.tolerate_cut_tail = true};
    mtp_config_set *set = NULL;
    bench_put(b, "wrong.xyz", texts[k], strlen(texts[k]));
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_ERR_FORMAT);
  }
}

static void test_lossless(void **state) {
  for (unsigned seed = 1; seed < 20; seed++) {
    mtp_config_set *set = bench_random_set(seed, 20, true), *again = bench_round_trip(*state, set, "random.xyz");
    bench_same(set, again, BENCH_ALL);
    mtp_config_set_free(again);
    mtp_config_set_free(set);
  }
}

static void test_writer_refusals(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(3, 1, false);
  char *text = NULL;
  size_t size;
  mtp_config *cfg = set->configs[0];
  const char *const *names = (const char *const *)set->names;
  assert_int_equal(mtp_config_set_feature(b->ctx, cfg, "Stress", "high"), MTP_OK);
  assert_int_equal(mtp_config_format(b->ctx, cfg, 4, names, MTP_FORMAT_EXTXYZ, &text, &size), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(b->ctx), "'Stress'"));
  static const char *const blank[] = {"two words", "Ni", "H", "U"};
  assert_int_equal(mtp_config_format(b->ctx, cfg, 4, blank, MTP_FORMAT_EXTXYZ, &text, &size), MTP_ERR_ARGUMENT);
  cfg->x[0] = NAN;
  assert_int_equal(mtp_config_format(b->ctx, cfg, 4, names, MTP_FORMAT_CFG, &text, &size), MTP_ERR_NUMERIC);
  assert_int_equal(mtp_config_format(b->ctx, cfg, 0, NULL, MTP_FORMAT_CFG, &text, &size), MTP_ERR_ARGUMENT);
  assert_null(text);
  mtp_config_set_free(set);
}

static void test_attack(void **state) {
  bench_attack(*state, "attack.xyz", full, strlen(full));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_everything),
      cmocka_unit_test(test_virial_and_stress),
      cmocka_unit_test(test_asymmetric_tensor_is_told),
      cmocka_unit_test(test_contradictions),
      cmocka_unit_test(test_free_energy),
      cmocka_unit_test(test_chosen_keys),
      cmocka_unit_test(test_unread_labels_are_named),
      cmocka_unit_test(test_periodicity),
      cmocka_unit_test(test_plain_xyz),
      cmocka_unit_test(test_atomic_numbers),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_cut_tail),
      cmocka_unit_test(test_compressed),
      cmocka_unit_test(test_tolerance_ends_at_wrong_lines),
      cmocka_unit_test(test_lossless),
      cmocka_unit_test(test_writer_refusals),
      cmocka_unit_test(test_attack),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
