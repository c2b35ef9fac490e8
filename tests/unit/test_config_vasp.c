/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_vasp.c
 * Files of VASP as configurations: POSCAR in its forms, all steps of OUTCAR and vasprun.xml. */
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

#include "support_config.h"

/* ---- POSCAR ---- */

static const double expected_cell[9] = {8, 0, 0, 0, 4, 0, 0, 0, 4}, expected_x[9] = {0, 0, 0, 2, 0, 2, 2, 2, 0};

static void check_alcu(const mtp_config_set *set) {
  assert_int_equal(set->n, 1);
  const mtp_config *cfg = set->configs[0];
  assert_int_equal(cfg->n, 3);
  for (int k = 0; k < 9; k++) assert_float_equal(cfg->cell[k], expected_cell[k], 1e-12);
  for (int k = 0; k < 9; k++) assert_float_equal(cfg->x[k], expected_x[k], 1e-12);
  for (int d = 0; d < 3; d++) assert_true(cfg->periodic[d]);
  for (int i = 0; i < 3; i++) assert_string_equal(set->names[cfg->species[i]], i < 2 ? "Al" : "Cu");
}

#define CELL   " 8 0 0\n 0 4 0\n 0 0 4\n"
#define HALF   " 4 0 0\n 0 2 0\n 0 0 2\n"
#define DIRECT "Direct\n 0 0 0\n 0.25 0 0.5\n 0.25 0.5 0\n"

static void test_poscar_forms(void **state) {
  static const char *const texts[] = {
      "title\n1.0\n" CELL "Al Cu\n2 1\n" DIRECT,
      "title\n 2.0 ! twice\n" HALF " Al Cu # elements\n 2 1\ndirect\n 0 0 0\n 0.25 0 0.5 Al\n 0.25 0.5 0\n",
      "title\n-128\n" HALF "Al Cu\n2 1\n" DIRECT, /* the volume */
      "title\n2 1 4\n 4 0 0\n 0 4 0\n 0 0 1\nAl Cu\n2 1\nCartesian\n0 0 0\n1 0 0.5\n1 2 0\n",
      "title\n-128\n" HALF "Al Cu\n2 1\nKartesisch\n0 0 0\n1 0 1\n1 1 0\n",
      "Al Cu of VASP 4\n1.0\n" CELL "2 1\n" DIRECT,
      "title\n1.0\n" CELL "Al_sv Cu/0a1b2c\n2 1\nSelective dynamics\n" /* VASP 6.4 has a hash there */
      "Direct\n 0 0 0 T T F\n 0.25 0 0.5 F F F\n 0.25 0.5 0 T T T\n",
      "title\r\n1.0\r\n" CELL "Al Al Cu\n1 1 1\n" DIRECT "\n 0 0 0\n 1 1 1\n 2 2 2\n", /* velocities */
      "8\n1.0\n" CELL "Al Cu\n2 1\n" DIRECT,
  };
  bench *b = *state;
  for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
    mtp_config_set *set = bench_read(b, "POSCAR", texts[k]);
    check_alcu(set);
    assert_int_equal(strstr(b->warnings, "selective dynamics") != NULL, k == 6);
    assert_int_equal(strstr(b->warnings, "velocities") != NULL, k == 7);
    mtp_config_set *again = bench_round_trip(b, set, "CONTCAR_2");
    check_alcu(again);
    mtp_config_set_free(again);
    mtp_config_set_free(set);
    set = bench_read(b, "nameless", texts[k]); /* by content */
    check_alcu(set);
    mtp_config_set_free(set);
  }
  mtp_config_set *set = bench_read(b, "POSCAR", "no elements\n1.0\n" CELL "2 1\n" DIRECT);
  assert_string_equal(set->names[0], "0");
  assert_non_null(strstr(b->warnings, "types are 0, 1"));
  mtp_config_set *again = bench_round_trip(b, set, "a.vasp");
  assert_string_equal(again->names[1], "1");
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

static void test_poscar_refusals(void **state) {
  static const struct {
    const char *text;
    int line;
    const char *part;
  } cases[] = {
      {"title\n", 1, "the scaling factor"},
      {"title\n0\n" CELL, 2, "scaling factor 0"},
      {"title\n1 1 -1\n" CELL, 2, "positive"},
      {"title\n1 1\n" CELL, 2, "one or three"},
      {"title\n1\n1 0 0\n2 0 0\n0 0 1\nAl\n1\n", 5, "no volume"},
      {"title\n1\n1 0 0\n0 1\n0 0 1\nAl\n1\n", 4, "three numbers"},
      {"title\n1\n" CELL "Al Xx\n1 1\n" DIRECT, 6, "'Xx', expected the symbol"},
      {"title\n1\n" CELL "Al Cu\n3\n" DIRECT, 7, "1 numbers of atoms, expected 2"},
      {"title\n1\n" CELL "Al Cu\n2 x\n" DIRECT, 7, "'x'"},
      {"title\n1\n" CELL "Al Cu\n2 1000000\n" DIRECT, 7, "cut short"},
      {"title\n1\n" CELL "Al Cu\n2 1\nfractional\n", 8, "Direct or Cartesian"},
      {"title\n1\n" CELL "Al Cu\n2 1\nDirect\n0 0 0\n", 9, "atom 2 of 3"},
      {"title\n1\n" CELL "Al Cu\n2 1\nDirect\n0 0 0\n0 0\n0 0 0\n", 10, "three coordinates"},
      {"title\n1\n" CELL "Al Cu\n1 1\n" DIRECT, 11, "one more line of numbers"},
      {"title\n1\n" CELL "Al Cu\n2 1\nSelective\nDirect\n0 0 0\n", 10, "T or F"},
      {"title\n1\n" CELL "Al Cu\n2 1\nDirect configuration=     1\n0 0 0\n", 8, "XDATCAR"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = NULL;
    bench *b = *state;
    char place[16];
    bench_put(b, "POSCAR", cases[k].text, strlen(cases[k].text));
    assert_int_not_equal(mtp_config_set_read(b->ctx, b->path, NULL, &set), MTP_OK);
    snprintf(place, sizeof place, ":%d: ", cases[k].line);
    if (!strstr(mtp_context_message(b->ctx), place) || !strstr(mtp_context_message(b->ctx), cases[k].part))
      fail_msg("case %zu: %s", k, mtp_context_message(b->ctx));
  }
}

/* Atoms are sorted, a left-handed cell is turned, and what gets lost is named. */
static void test_poscar_written(void **state) {
  bench *b = *state;
  mtp_config_set *set =
      bench_read(b, "in.xyz",
                 "3\nLattice=\"4 0 0 0 0 4 0 4.5 0\" Properties=species:S:1:pos:R:3:forces:R:3:initial_charges:R:1 "
                 "energy=-1 pbc=\"T T F\"\nCu 0.1 0.2 0.3 1 2 3 1\nAl 1 1 1 0 0 0 3\nCu 2 2 2 0 0 0 1\n");
  mtp_config_set *again = bench_round_trip(b, set, "POSCAR");
  const mtp_config *cfg = again->configs[0];
  assert_string_equal(again->names[cfg->species[0]], "Cu");
  assert_string_equal(again->names[cfg->species[2]], "Al");
  assert_true(cfg->x[0] == 0.1 && cfg->x[3] == 2 && cfg->x[6] == 1 && cfg->cell[0] == -4 && cfg->cell[7] == -4.5);
  assert_true(cfg->periodic[2]);
  assert_false(cfg->has_energy);
  mtp_config_set_free(again);
  char path[128];
  snprintf(path, sizeof path, "%s/OUTCAR", b->folder);
  assert_int_equal(mtp_config_set_write(b->ctx, set, path, MTP_FORMAT_AUTO), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(b->ctx), "read only"));
  snprintf(path, sizeof path, "%s/POSCAR", b->folder);
  b->warnings[0] = 0;
  assert_int_equal(mtp_config_set_write(b->ctx, set, path, MTP_FORMAT_AUTO), MTP_OK);
  assert_non_null(
      strstr(b->warnings, "no place for it: energy, forces, initial_charges, directions that are not periodic"));
  memset(set->configs[0]->cell + 6, 0, 3 * sizeof(double));
  assert_int_equal(mtp_config_set_write(b->ctx, set, path, MTP_FORMAT_AUTO), MTP_ERR_ARGUMENT);
  mtp_config_set_free(set);
}

/* ---- a relaxation of three steps; the electrons of the second do not converge ---- */

static const double volume = 128;

static void add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void add(char *text, size_t size, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const size_t used = strlen(text);
  const int more = vsnprintf(text + used, size - used, format, args);
  va_end(args);
  assert_true(more >= 0 && (size_t)more < size - used);
}

static void make_outcar(char *text, size_t size) {
  text[0] = 0;
  add(text, size,
      " vasp.6.4.2 20Jul23 (build) complex\n TITEL  = PAW_PBE Al 04Jan2001\n TITEL  = PAW_PBE Cu 22Jun2005\n");
  add(text, size, "   number of dos      NEDOS =    301   number of ions     NIONS =      3\n");
  add(text, size, "   ions per type =               2   1\n");
  for (int s = 1; s <= 3; s++) {
    add(text, size, "---------- Iteration %4d(   1)  ----------\n  free energy    TOTEN  =        99.00000000 eV\n", s);
    if (s != 2) add(text, size, "---------- aborting loop because EDIFF is reached ----------\n");
    add(text, size, "  FORCE on cell =-STRESS in cart. coord.  units (eV):\n");
    add(text, size, "  Total   %12.5f%12.5f%12.5f%12.5f%12.5f%12.5f\n", 1.0 * s, 2.0, 3.0, 4.0, 5.0, 6.0);
    add(text, size, "  in kB   %12.5f%12.5f%12.5f%12.5f%12.5f%12.5f\n", 1.0, 2.0, 3.0, 4.0, 5.0, 6.0);
    add(text, size, "      direct lattice vectors                 reciprocal lattice vectors\n");
    add(text, size, "     8.000000000  0.000000000  0.000000000     0.125000000  0.000000000  0.000000000\n");
    add(text, size, "     0.000000000  4.000000000  0.000000000     0.000000000  0.250000000  0.000000000\n");
    add(text, size, "     0.000000000  0.000000000  4.000000000     0.000000000  0.000000000  0.250000000\n");
    add(text, size, " POSITION                                       TOTAL-FORCE (eV/Angst)\n -----------\n");
    for (int i = 0; i < 3; i++)
      add(text, size, "%13.5f%13.5f%13.5f   %14.6f%14.6f%14.6f\n", expected_x[3 * i], expected_x[3 * i + 1],
          expected_x[3 * i + 2], 0.1 * s, 0.2, 0.25 * i);
    add(text, size, " -----------\n  free  energy   TOTEN  =  %18.8f eV\n\n", -10.5 - s);
    add(text, size, "  energy  without entropy=       -8.25000000  energy(sigma->0) =       -9.25000000\n");
  }
  add(text, size, " General timing and accounting informations for this job:\n");
}

static void make_vasprun(char *text, size_t size) {
  text[0] = 0;
  add(text, size,
      "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>\n<modeling>\n <parameters><separator name=\"electronic\">"
      "<i type=\"int\" name=\"NELM\">     3</i></separator></parameters>\n <atominfo>\n  <atoms>       3 "
      "</atoms>\n  <array name=\"atoms\" >\n   <set>\n");
  for (int i = 0; i < 3; i++) add(text, size, "    <rc><c>%s</c><c>%4d</c></rc>\n", i < 2 ? "Al" : "Cu", i / 2 + 1);
  add(text, size, "   </set>\n  </array>\n </atominfo>\n");
  for (int s = 1; s <= 3; s++) {
    add(text, size, " <calculation>\n");
    for (int e = 0; e < (s == 2 ? 3 : 2); e++)
      add(text, size, "  <scstep><energy><i name=\"e_fr_energy\"> 99 </i></energy></scstep>\n");
    add(text, size, "  <structure>\n   <crystal>\n    <varray name=\"basis\" >\n");
    for (int d = 0; d < 3; d++)
      add(text, size, "     <v> %16.8f %16.8f %16.8f </v>\n", expected_cell[3 * d], expected_cell[3 * d + 1],
          expected_cell[3 * d + 2]);
    add(text, size, "    </varray>\n   </crystal>\n   <varray name=\"positions\" >\n");
    for (int i = 0; i < 3; i++)
      add(text, size, "    <v> %16.8f %16.8f %16.8f </v>\n", expected_x[3 * i] / 8, expected_x[3 * i + 1] / 4,
          expected_x[3 * i + 2] / 4);
    add(text, size, "   </varray>\n  </structure>\n  <varray name=\"forces\" >\n");
    for (int i = 0; i < 3; i++) add(text, size, "   <v> %16.8f %16.8f %16.8f </v>\n", 0.1 * s, 0.2, 0.25 * i);
    const double kB = 1602.1766208 / volume;
    add(text, size,
        "  </varray>\n  <varray name=\"stress\" >\n   <v> %.8f %.8f %.8f </v>\n   <v> %.8f %.8f %.8f </v>\n",
        1.0 * s * kB, 4 * kB, 6 * kB, 4 * kB, 2 * kB, 5 * kB);
    add(text, size, "   <v> %.8f %.8f %.8f </v>\n  </varray>\n  <energy>\n   <i name=\"e_fr_energy\"> %.8f </i>\n",
        6 * kB, 5 * kB, 3 * kB, -10.5 - s);
    add(text, size, "   <i name=\"e_wo_entrp\"> -8.25 </i>\n  </energy>\n </calculation>\n");
  }
  add(text, size, "</modeling>\n");
}

static void check_steps(const mtp_config_set *set, size_t n) {
  assert_int_equal(set->n, n);
  for (size_t k = 0; k < n; k++) {
    const mtp_config *cfg = set->configs[k];
    const double s = (double)(k + 1), virial[6] = {s, 2, 3, 4, 6, 5};
    mtp_config_set one = {
        .n = 1, .configs = set->configs + k, .species_count = set->species_count, .names = set->names};
    check_alcu(&one);
    assert_int_equal(cfg->has_energy, k != 1);
    assert_int_equal(mtp_config_get_feature(cfg, "converged") != NULL, k == 1);
    if (k == 1) {
      assert_null(cfg->force);
      assert_false(cfg->has_virial);
      continue;
    }
    assert_float_equal(cfg->energy, -10.5 - s, 1e-9);
    for (int c = 0; c < 6; c++) assert_float_equal(cfg->virial[c], virial[c], 1e-6);
    assert_float_equal(cfg->force[0], 0.1 * s, 1e-9);
    assert_float_equal(cfg->force[8], 0.5, 1e-9);
  }
}

static const struct {
  const char *name, *step_end;
  void (*make)(char *text, size_t size);
} kinds[] = {{"OUTCAR", "  free  energy   TOTEN  =", make_outcar}, {"vasprun.xml", "</calculation>", make_vasprun}};

static void test_all_steps(void **state) {
  bench *b = *state;
  char text[16384];
  for (int k = 0; k < 2; k++) {
    kinds[k].make(text, sizeof text);
    mtp_config_set *set = bench_read(b, kinds[k].name, text);
    check_steps(set, 3);
    assert_non_null(strstr(b->warnings, "1 of 3 ionic steps did not converge"));
    mtp_config_set_free(set);
    set = bench_read(b, "nameless", text);
    check_steps(set, 3);
    mtp_config_set_free(set);
  }
}

/* A job that was killed, or still runs: the whole steps are there. */
static void test_cut_steps(void **state) {
  bench *b = *state;
  char text[16384];
  for (int k = 0; k < 2; k++) {
    kinds[k].make(text, sizeof text);
    const size_t size = strlen(text);
    const mtp_read_options options = {.whole_records = true};
    const char *second = strstr(strstr(text, kinds[k].step_end) + 1, kinds[k].step_end),
               *third = strstr(second + 1, kinds[k].step_end);
    const size_t after_two = (size_t)(second - text) + 60, before_three = (size_t)(third - text);
    for (size_t length = after_two; length <= before_three; length += 7) {
      mtp_config_set *set = NULL;
      b->warnings[0] = 0;
      bench_put(b, kinds[k].name, text, length);
      assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_OK);
      check_steps(set, 2);
      /* an OUTCAR that ends between two steps is none that is cut within one */
      if (length > after_two + 300) assert_non_null(strstr(b->warnings, "the last ionic step is cut short"));
      mtp_config_set_free(set);
      assert_int_equal(mtp_config_set_read(b->ctx, b->path, NULL, &set) != MTP_OK || length <= after_two + 300, true);
      mtp_config_set_free(set);
    }
    mtp_config_set *set = NULL;
    bench_put(b, kinds[k].name, text, (size_t)(strstr(text, kinds[k].step_end) - text));
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_ERR_FORMAT);
    assert_non_null(strstr(mtp_context_message(b->ctx), "no ionic step that is whole"));
    bench_attack(b, kinds[k].name, text, size < 2500 ? size : 2500);
  }
}

static void replace(char *text, const char *old, const char *new) {
  char *at = strstr(text, old);
  assert_true(at && strlen(old) == strlen(new));
  memcpy(at, new, strlen(new));
}

static void test_bad_steps(void **state) {
  bench *b = *state;
  char text[16384];
  static const struct {
    int kind;
    const char *old, *new, *part;
  } cases[] = {{0, "      0.100000", "**************", "component of a force"},
               {1, "      0.10000000", "****************", "9 numbers in varray=forces"},
               {1, " <i name=\"e_fr_energy\"> -11.50000000", " <i name=\"e_fr_energy\"> nan         ", "e_fr_energy"},
               {1, "</structure>", "</structurx>", "cannot be read"},
               {1, "<rc><c>Al</c>", "<rc><c>  </c>", "the element of an atom"},
               {1, "<rc><c>Al</c>", "<rc><c>A\x7f</c>", "the element of an atom"},
               {0, " 0.000000000  4.000000000", " 0.000000000  0.000000000", "span a volume"},
               {1, " 0.00000000       4.00000000", " 0.00000000       0.00000000", "span a volume"}};
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    kinds[cases[k].kind].make(text, sizeof text);
    replace(text, cases[k].old, cases[k].new);
    mtp_config_set *set = NULL;
    bench_put(b, kinds[cases[k].kind].name, text, strlen(text));
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, NULL, &set), MTP_ERR_FORMAT);
    if (!strstr(mtp_context_message(b->ctx), cases[k].part)) fail_msg("%s", mtp_context_message(b->ctx));
  }
}

/* libxml2 prints bytes that are wrong in an encoding; a library must not. */
static void test_wrong_bytes_are_not_printed(void **state) {
  bench *b = *state;
  static const char text[] = "<?xml version=\"1.0\" encoding=\"EUC-JP\"?>\n<modeling>\x80 \xff\xfe</modeling>\n";
  mtp_config_set *set = NULL;
  FILE *printed = tmpfile();
  bench_put(b, "vasprun.xml", text, strlen(text));
  fflush(stderr);
  const int screen = dup(STDERR_FILENO);
  assert_true(printed && screen >= 0 && dup2(fileno(printed), STDERR_FILENO) >= 0);
  const mtp_status status = mtp_config_set_read(b->ctx, b->path, NULL, &set);
  fflush(stderr);
  dup2(screen, STDERR_FILENO);
  close(screen);
  assert_int_equal(status, MTP_ERR_FORMAT);
  assert_int_equal(lseek(fileno(printed), 0, SEEK_END), 0);
  fclose(printed);
}

static void test_attack(void **state) {
  static const char text[] =
      "title\n-128\n" HALF "Al Cu\n2 1\nSelective\nDirect\n0 0 0 T T T\n.25 0 .5 T T T\n.25 .5 0 T T T\n";
  bench_attack(*state, "POSCAR", text, strlen(text));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_poscar_forms),
                                     cmocka_unit_test(test_poscar_refusals),
                                     cmocka_unit_test(test_poscar_written),
                                     cmocka_unit_test(test_all_steps),
                                     cmocka_unit_test(test_cut_steps),
                                     cmocka_unit_test(test_bad_steps),
                                     cmocka_unit_test(test_wrong_bytes_are_not_printed),
                                     cmocka_unit_test(test_attack)};
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
