/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_cfg.c
 * MLIP configuration files: what is read, what is refused and where, and that nothing is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "support_config.h"

static const char full[] =
    "BEGIN_CFG\r\n"
    " Size\r\n"
    "    2\r\n"
    " Supercell\r\n"
    "    4.0 0.0 0.5\r\n"
    "    0.0 5.0 0.0\r\n"
    "    0.0 0.0 6.0\r\n"
    " AtomData:  fz id cartes_z type cartes_y cartes_x fx fy site_en nbh_grades charge magmom_x\r\n"
    "    0.3 1 1.3 1 1.2 1.1 0.1 0.2 -1.5 0.7 0.25 0\r\n"
    "    -0.3 2 2.3 29 2.2 2.1 -0.1 -0.2 -2.5 1.7 -0.25 1\r\n"
    " Energy\r\n"
    "    -4.000000000001\r\n"
    " PlusStress:  yz xx zz yy xy xz\r\n"
    "     4 1 3 2 6 5\r\n"
    " Feature   EFS_by\tVASP 6.3 with care\r\n"
    " Feature   two\\_words one\r\n"
    " Feature   two\\_words two\r\n"
    " Feature   MV_grade\t9.9e99\r\n"
    "END_CFG\r\n"
    "\r\n";

static void test_everything(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "a.cfg", full);
  assert_int_equal(set->n, 1);
  const mtp_config *cfg = set->configs[0];
  assert_int_equal(cfg->n, 2);
  assert_int_equal(set->species_count, 2);
  assert_string_equal(set->names[cfg->species[0]], "1");
  assert_string_equal(set->names[cfg->species[1]], "29");
  static const double x[6] = {1.1, 1.2, 1.3, 2.1, 2.2, 2.3}, force[6] = {0.1, 0.2, 0.3, -0.1, -0.2, -0.3};
  static const double virial[6] = {1, 2, 3, 6, 5, 4}, cell[9] = {4, 0, 0.5, 0, 5, 0, 0, 0, 6};
  assert_memory_equal(cfg->x, x, sizeof x);
  assert_memory_equal(cfg->force, force, sizeof force);
  assert_memory_equal(cfg->virial, virial, sizeof virial);
  assert_memory_equal(cfg->cell, cell, sizeof cell);
  assert_true(cfg->has_energy && cfg->energy == -4.000000000001);
  assert_true(cfg->site_energy[0] == -1.5 && cfg->site_energy[1] == -2.5);
  assert_true(cfg->grade[0] == 0.7 && cfg->grade[1] == 1.7);
  assert_true(cfg->charge[0] == 0.25 && cfg->charge[1] == -0.25);
  assert_true(cfg->has_max_grade && cfg->max_grade == 9.9e99);
  assert_int_equal(cfg->feature_count, 2);
  assert_string_equal(mtp_config_get_feature(cfg, "EFS_by"), "VASP 6.3 with care");
  assert_string_equal(mtp_config_get_feature(cfg, "two words"), "one\ntwo");
  assert_non_null(strstr(b->warnings, "magmom_x"));
  assert_ptr_equal(strchr(b->warnings, '\n'), b->warnings + strlen(b->warnings) - 1); /* one warning */
  assert_string_equal(set->path, b->path);
  assert_int_equal(set->good_size, strlen(full) - 2);
  assert_false(set->dropped_tail);
  mtp_config_set *again = bench_round_trip(b, set, "again.cfg");
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

static mtp_config_set *read_cell(bench *b, const char *supercell) {
  char text[512];
  snprintf(text, sizeof text, "BEGIN\nSize 1\n%s\nAtomic_data: cartes_x cartes_y cartes_z\n0 0 0\nEND\n", supercell);
  return bench_read(b, "cell.cfg", text);
}

static void test_lattices(void **state) {
  static const struct {
    const char *text;
    bool periodic[3];
  } cases[] = {{"", {false, false, false}},
               {"Supercell", {false, false, false}},
               {"SuperCell 1 0 0", {true, false, false}},
               {"Supercell 1 0 0 0 2 0", {true, true, false}},
               {"Supercell 1 0 0 0 2 0 0 0 3", {true, true, true}},
               {"Supercell 1 0 0 0 0 0 0 0 3", {true, false, true}},
               {"Supercell\n0 0 0\n0 0 0\n0 0 0", {false, false, false}}};
  bench *b = *state;
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = read_cell(b, cases[k].text);
    for (int d = 0; d < 3; d++) {
      assert_int_equal(set->configs[0]->periodic[d], cases[k].periodic[d]);
      assert_true(set->configs[0]->cell[4 * d] == (cases[k].periodic[d] ? d + 1 : 0));
    }
    assert_string_equal(set->names[0], "0"); /* no column type */
    mtp_config_set_free(set);
  }
}

static void test_direct_coordinates(void **state) {
  mtp_config_set *set = bench_read(*state, "direct.cfg",
                                   "BEGIN_CFG\nSize\n1\nAtomData: id type direct_x direct_y direct_z\n"
                                   "1 0 0.5 0.25 -1\nSupercell 4 0 0 1 4 0 0 2 8\nEND_CFG\n");
  static const double x[3] = {2.25, -1, -8};
  assert_memory_equal(set->configs[0]->x, x, sizeof x);
  mtp_config_set_free(set);
}

/* Types of the whole file make one table in numeric order. */
static void test_types(void **state) {
  static const char text[] = "BEGIN_CFG\nSize 2\nAtomData: id type cartes_x cartes_y cartes_z\n1 10 0 0 0\n2 3 1 1 1\n"
                             "END_CFG\nBEGIN_CFG\nSize 1\nAtomData: id type cartes_x cartes_y cartes_z\n1 9 0 0 0\n"
                             "END_CFG\nBEGIN_CFG\nSize 0\nEND_CFG\n";
  mtp_config_set *set = bench_read(*state, "types.cfg", text);
  assert_int_equal(set->species_count, 3);
  assert_string_equal(set->names[0], "3");
  assert_string_equal(set->names[1], "9");
  assert_string_equal(set->names[2], "10");
  assert_int_equal(set->configs[0]->species[0], 2);
  assert_int_equal(set->configs[0]->species[1], 0);
  assert_int_equal(set->configs[1]->species[0], 1);
  assert_int_equal(set->configs[2]->n, 0);
  mtp_config_set *again = bench_round_trip(*state, set, "types.cfg");
  bench_same(set, again, BENCH_ALL);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

/* What MLIP writes of parallel runs: atoms of a part of the system, and ghosts around them. */
static void test_ghosts(void **state) {
  static const char text[] =
      "BEGIN_CFG\nSize\n3\nAtomData: id type cartes_x cartes_y cartes_z ghost nbh_grades\n"
      "1 0 0 0 0 false 15.5\n2 0 2 1 0 false 15.75\n3 0 0 2 0 true 0\nFeature MV_grade 15.75\n"
      "END_CFG\nBEGIN_CFG\nSize\n1\nAtomData: ghost cartes_x cartes_y cartes_z\nfalse 0 0 0\nEND_CFG\n";
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "ghosts.cfg", text);
  const mtp_config *cfg = set->configs[0];
  assert_true(cfg->ghost && !cfg->ghost[0] && !cfg->ghost[1] && cfg->ghost[2]);
  assert_int_equal(mtp_config_real_count(cfg), 2);
  assert_null(set->configs[1]->ghost);
  mtp_config *copy = mtp_config_copy(cfg);
  assert_memory_equal(copy->ghost, cfg->ghost, 3);
  mtp_config_free(copy);
  static const char *const names[] = {"again.cfg", "again.xyz"};
  for (int k = 0; k < 2; k++) {
    mtp_config_set *again = bench_round_trip(b, set, names[k]);
    assert_memory_equal(again->configs[0]->ghost, cfg->ghost, 3);
    assert_null(again->configs[1]->ghost);
    bench_same(set, again, BENCH_ALL);
    mtp_config_set_free(again);
  }
  mtp_config_set_free(set);
}

static void test_refusals(void **state) {
#define ATOMS "AtomData: id type cartes_x cartes_y cartes_z\n1 0 0 0 0\n"
  static const struct {
    const char *text;
    int line;
    const char *part;
  } cases[] = {
      {"BEGIN_CFG\nAtomData: id\nEND_CFG\n", 2, "'Size' before it"},
      {"BEGIN_CFG\nSize -1\nEND_CFG\n", 2, "expected the number of atoms"},
      {"BEGIN_CFG\nSize 1\nSize 1\n" ATOMS "END_CFG\n", 3, "second 'Size'"},
      {"BEGIN_CFG\nSize 1\n" ATOMS ATOMS "END_CFG\n", 5, "second 'AtomData:'"},
      {"BEGIN_CFG\nSize 1\nSupercell 1 0\n" ATOMS "END_CFG\n", 4, "three numbers"},
      {"BEGIN_CFG\nSize 1\nSupercell 1 0 nan\n" ATOMS "END_CFG\n", 3, "expected a number"},
      {"BEGIN_CFG\nSize 1\nAtomData: id type cartes_x cartes_y\n1 0 0 0\nEND_CFG\n", 3, "cartes_x cartes_y cartes_z"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x direct_y cartes_z\n1 0 0\nEND_CFG\n", 3, "direct_x"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z colour\n1 0 0 0\nEND_CFG\n", 3, "'colour'"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z fx fy\n1 0 0 0 0\nEND_CFG\n", 3, "fx fy fz"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z cartes_x\n1 0 0 0\nEND_CFG\n", 3, "twice"},
      {"BEGIN_CFG\nSize 1\nAtomData: direct_x direct_y direct_z\n0 0 0\nSupercell 1 0 0\nEND_CFG\n", 3, "lattice"},
      {"BEGIN_CFG\nSize 2\nAtomData: id cartes_x cartes_y cartes_z\n1 0 0 0\n3 0 0 0\nEND_CFG\n", 5, "expected 2"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z\n0 0\nEND_CFG\n", 4, "found 2 columns"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z\n0 0 0 0\nEND_CFG\n", 4, "end of the line"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z\n0 0 nan\nEND_CFG\n", 4, "'nan'"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z\n0 0 1e999\nEND_CFG\n", 4, "'1e999'"},
      {"BEGIN_CFG\nSize 1\nAtomData: cartes_x cartes_y cartes_z\n0 0 0x10\nEND_CFG\n", 4, "'0x10'"},
      {"BEGIN_CFG\nSize 1\nAtomData: type cartes_x cartes_y cartes_z\n-1 0 0 0\nEND_CFG\n", 4, "type"},
      {"BEGIN_CFG\nSize 1\nAtomData: ghost cartes_x cartes_y cartes_z\nyes 0 0 0\nEND_CFG\n", 4, "true or false"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Energy\nmuch\nEND_CFG\n", 6, "expected the energy"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "PlusStress: xx yy zz yz xz\n1 2 3 4 5 6\nEND_CFG\n", 5, "xx yy zz yz xz xy"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "PlusStress: xx yy zz yz xz xx\n1 2 3 4 5 6\nEND_CFG\n", 5, "each once"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Stress: xx yy zz yz xz xy\n1 2 3 4 5 6\nEND_CFG\n", 5, "sign of Stress"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Virial: xx yy zz yz xz xy\n1 2 3 4 5 6\nEND_CFG\n", 5, "ambiguous"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Colour blue\nEND_CFG\n", 5, "'Colour'"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Feature MV_grade high\nEND_CFG\n", 5, "MV_grade"},
      {"BEGIN_CFG\nSize 1\nEND_CFG\n", 3, "expected 'AtomData:'"},
      {"BEGIN_CFG\nSize 0\nEND_CFG more\n", 3, "'more'"},
      {"BEGIN_CFG\nSize 0\nEND_CFG\nhello\n", 4, "expected BEGIN_CFG"},
      {"BEGIN_CFG\nSize 99999999\nEND_CFG\n", 3, "expected 'AtomData:'"},
      {"BEGIN_CFG\nSize 99999999\n" ATOMS "END_CFG\n", 5, "expected 2"},
      {"BEGIN_CFG\nSize 1\n" ATOMS "Energy\n-1.", 6, "cut short"},
  };
#undef ATOMS
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    bench_refuse(*state, "bad.cfg", cases[k].text, cases[k].line, cases[k].part);
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
    mtp_config_set *set = bench_read_tolerant(b, "cut.cfg", cut);
    /* a record counts from the line end of its last line on; blank lines between records belong to none */
    size_t complete = (size >= one - 2) + (size >= two - 2);
    bool tail = (size < one - 2) || (size > one && size < two - 2);
    assert_int_equal(set->n, complete);
    assert_int_equal(set->dropped_tail, tail);
    assert_int_equal(set->good_size, complete == 0 ? 0 : complete == 1 ? one - 2 : two - 2);
    assert_int_equal(strstr(b->warnings, "cut short") != NULL, tail);
    mtp_config_set_free(set);
  }
}

/* A file that a crash of the machine left with zeros at its end. */
static void test_zeros_at_the_end(void **state) {
  bench *b = *state;
  char text[sizeof full + 100] = {0};
  memcpy(text, full, sizeof full);
  mtp_read_options options = {.format = MTP_FORMAT_CFG, .tolerate_cut_tail = true};
  mtp_config_set *set = NULL;
  bench_put(b, "zeros.cfg", text, sizeof text);
  assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_OK);
  assert_int_equal(set->n, 1);
  assert_true(set->dropped_tail);
  assert_int_equal(set->good_size, strlen(full) - 2);
  mtp_config_set_free(set);
  assert_int_equal(mtp_config_set_read(b->ctx, b->path, NULL, &set), MTP_ERR_FORMAT);
}

/* Records from the middle of other text: lines are counted from where they are. */
static void test_parse_from_memory(void **state) {
  bench *b = *state;
  static const char text[] = "BEGIN_CFG\nSize 1\nAtomData: type cartes_x cartes_y cartes_z\n7 0 0 x\nEND_CFG\n";
  char *copy = malloc(sizeof text - 1); /* no zero at the end, so that a sanitizer sees a read beyond it */
  memcpy(copy, text, sizeof text - 1);
  mtp_config_set *set = mtp_config_set_new();
  assert_int_equal(mtp_cfg_parse(b->ctx, "state.als", copy, sizeof text - 1, 100, NULL, set), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(b->ctx), "state.als:103: found 'x'"));
  assert_int_equal(set->n, 0);
  copy[strstr(text, "0 x") - text + 2] = '5';
  for (int k = 0; k < 2; k++) { /* appends */
    assert_int_equal(mtp_cfg_parse(b->ctx, "state.als", copy, sizeof text - 1, 100, NULL, set), MTP_OK);
    assert_int_equal(set->n, k + 1);
    assert_int_equal(set->species_count, 1);
    assert_true(set->configs[k]->x[2] == 5);
  }
  mtp_config_set_free(set);
  free(copy);
}

static void test_lossless(void **state) {
  for (unsigned seed = 1; seed < 20; seed++) {
    mtp_config_set *set = bench_random_set(seed, 20, true), *again = bench_round_trip(*state, set, "random.cfg");
    static const char *const names[] = {"Al", "Ni", "H", "U"};
    assert_int_equal(mtp_config_set_map_species(((bench *)*state)->ctx, again, 4, names), MTP_OK);
    bench_same(set, again, BENCH_ALL);
    mtp_config_set_free(again);
    mtp_config_set_free(set);
  }
}

/* The format has no box of a direction that is not periodic, and such a box must not come back as a period. */
static void test_walls(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(2, 1, false);
  set->configs[0]->periodic[1] = false;
  mtp_config_set *again = bench_round_trip(b, set, "walls.cfg");
  assert_true(again->configs[0]->periodic[0] && !again->configs[0]->periodic[1] && again->configs[0]->periodic[2]);
  assert_memory_equal(set->configs[0]->cell, again->configs[0]->cell, 3 * sizeof(double));
  assert_non_null(strstr(b->warnings, "lattice vectors"));
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

static void test_attack(void **state) {
  bench_attack(*state, "attack.cfg", full, strlen(full));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_everything),
      cmocka_unit_test(test_lattices),
      cmocka_unit_test(test_direct_coordinates),
      cmocka_unit_test(test_types),
      cmocka_unit_test(test_ghosts),
      cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_cut_tail),
      cmocka_unit_test(test_zeros_at_the_end),
      cmocka_unit_test(test_parse_from_memory),
      cmocka_unit_test(test_lossless),
      cmocka_unit_test(test_walls),
      cmocka_unit_test(test_attack),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
