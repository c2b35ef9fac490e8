/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_config_lammps.c
 * LAMMPS data files and dumps: what is read, what is refused, and what a general cell becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mtp/config.h"
#include "mtp/neighbors.h"
#include "support/support.h"
#include "support_config.h"

static const char data[] = "LAMMPS data file via write_data, units = metal\n"
                           "\n"
                           "3 atoms\n"
                           "2 atom types\n"
                           "0 bonds\n"
                           "\n"
                           "-1 4 xlo xhi # comment\n"
                           "0.5 6.5 ylo yhi\n"
                           "0 7 zlo zhi\n"
                           "0.25 -0.5 1.5 xy xz yz\n"
                           "\n"
                           "Masses\n"
                           "\n"
                           "1 26.98 # Al\n"
                           "2 58.69 # Ni\n"
                           "\n"
                           "Pair Coeffs # lj/cut\n"
                           "\n"
                           "1 1 1\n"
                           "2 1 1\n"
                           "\n"
                           "Atoms # charge\n"
                           "\n"
                           "7 2 0.5 3 3.5 3.25 0 0 -1\n"
                           "2 1 -0.5 1 1.5 1.25 0 0 0\n"
                           "5 1 0 2 2.5 2.25 1 0 0\n"
                           "\n"
                           "Velocities\n"
                           "\n"
                           "7 0 0 0\n"
                           "2 0 0 0\n"
                           "5 0 0 0\n";

static const char dump[] = "ITEM: UNITS\n"
                           "metal\n"
                           "ITEM: TIMESTEP\n"
                           "100\n"
                           "ITEM: NUMBER OF ATOMS\n"
                           "2\n"
                           "ITEM: BOX BOUNDS xy xz yz pp ff pp\n"
                           "-1.5 4.25 0.25\n"
                           "0.5 8 -0.5\n"
                           "0 7 1.5\n"
                           "ITEM: ATOMS id type xs ys zs fx fy fz q vx\n"
                           "9 2 0.5 0.5 0.5 4 5 6 0.5 0\n"
                           "3 1 0 0 0 1 2 3 -0.5 0\n"
                           "ITEM: TIMESTEP\n"
                           "200\n"
                           "ITEM: NUMBER OF ATOMS\n"
                           "1\n"
                           "ITEM: BOX BOUNDS pp pp pp\n"
                           "0 4\n"
                           "0 5\n"
                           "0 6\n"
                           "ITEM: ATOMS type id x y z xs ys zs\n"
                           "2 1 -1 2 3 0 0 0\n";

static void test_data(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "charge.lmp", data);
  const mtp_config *cfg = set->configs[0];
  static const double cell[9] = {5, 0, 0, 0.25, 6, 0, -0.5, 1.5, 7};
  static const double x[9] = {1, 1.5, 1.25, 2, 2.5, 2.25, 3, 3.5, 3.25}; /* by id */
  static const int species[3] = {0, 0, 1};
  assert_memory_equal(cfg->cell, cell, sizeof cell);
  assert_memory_equal(cfg->x, x, sizeof x);
  assert_memory_equal(cfg->species, species, sizeof species);
  for (int d = 0; d < 3; d++) assert_true(cfg->periodic[d]);
  assert_string_equal(set->names[0], "Al");
  assert_string_equal(set->names[1], "Ni");
  assert_true(cfg->charge[0] == -0.5 && cfg->charge[1] == 0.0 && cfg->charge[2] == 0.5);
  mtp_config_set *again = bench_round_trip(b, set, "again.lmp");
  assert_memory_equal(again->configs[0]->charge, cfg->charge, 3 * sizeof(double));
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

#define HEADER(atoms, types) "title\n" #atoms " atoms\n" #types " atom types\n0 5 xlo xhi\n0 5 ylo yhi\n0 5 zlo zhi\n"

static void test_data_names(void **state) {
  static const struct {
    const char *text, *names[3];
  } cases[] = {
      {HEADER(1, 3) "Atoms\n\n1 2 0 0 0\n", {"0", "1", "2"}},
      {HEADER(1, 3) "Masses\n\n1 1 # H\n2 2\n3 3 # Li\n\nAtoms\n\n1 2 0 0 0\n", {"0", "1", "2"}},
      {HEADER(1, 3) "Masses\n\n3 1 # H\n1 2 # Al fcc\n2 3 # Li\n\nAtoms\n\n1 2 0 0 0\n", {"Al", "Li", "H"}},
      {HEADER(1, 3) "Atom Type Labels\n\n1 C\n2 H\n3 O\n\nAtoms # full\n\n1 1 H 0.5 0 0 0\n", {"C", "H", "O"}},
      {HEADER(1, 3) "Atoms # bond\n\n1 1 2 0 0 0\n\nBonds\n\n1 1 1 1\n", {"0", "1", "2"}},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_config_set *set = bench_read(*state, "names.data", cases[k].text);
    assert_int_equal(set->species_count, 3);
    for (int s = 0; s < 3; s++) assert_string_equal(set->names[s], cases[k].names[s]);
    assert_int_equal(set->configs[0]->species[0], 1);
    mtp_config_set_free(set);
  }
}

static void test_general_triclinic(void **state) {
  static const double cell[9] = {1, 2, 3, -4, 5, 6, 7, 8, -9};
  mtp_config_set *set = bench_read(*state, "general.data",
                                   "title\n1 atoms\n1 atom types\n1 2 3 avec\n-4 5 6 bvec\n7 8 -9 cvec\n"
                                   "0 0 0 abc origin\nAtoms # atomic\n\n1 1 0.5 0 0\n");
  assert_memory_equal(set->configs[0]->cell, cell, sizeof cell);
  mtp_config_set_free(set);
  set = bench_read(*state, "general.dump",
                   "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS abc origin pp pp ff\n1 2 3 10\n"
                   "-4 5 6 20\n7 8 -9 30\nITEM: ATOMS element xs ys zs\nAl 1 0 1\n");
  static const double x[3] = {18, 30, 24};
  assert_memory_equal(set->configs[0]->cell, cell, sizeof cell);
  assert_memory_equal(set->configs[0]->x, x, sizeof x);
  assert_false(set->configs[0]->periodic[2]);
  mtp_config_set_free(set);
}

static void test_data_refusals(void **state) {
  static const struct {
    const char *text;
    int line;
    const char *part;
  } cases[] = {
      {"title\n1 atoms\n1 atom types\n0 5 xlo xhi\nAtoms\n\n1 1 0 0 0\n", 5, "no complete box"},
      {"title\n1 atoms\n0 5 xlo xhi\n0 5 ylo yhi\n0 5 zlo zhi\nAtoms\n\n1 1 0 0 0\n", 6, "no number of types"},
      {"LAMMPS data file, units = lj\n1 atoms\n", 1, "units metal"},
      {"title\n1 atoms\n1 atom types\n5 0 xlo xhi\n", 4, "no extent along x"},
      {"title\n1 atoms\n1 atom types\n0 inf xlo xhi\n", 4, "finite"},
      {"title\n1 atoms\n1 atom types\n3 sheep\n", 4, "header line"},
      {HEADER(1, 1) "Sheep\n\n", 7, "'Sheep'"},
      {HEADER(1, 1) "Atoms\n\n1 2 0 0 0\n", 9, "type from 1 to 1"},
      {HEADER(1, 1) "Atoms\n\n1 0 0 0 0\n", 9, "type from 1 to 1"},
      {HEADER(1, 1) "Atoms\n\n1 1 0.5 0 0 0\n", 9, "5 or 8 (atomic)"},
      {HEADER(1, 1) "Atoms # sphere\n\n1 1 1 1 0 0 0\n", 9, "atom style 'sphere'"},
      {HEADER(1, 1) "Atoms # charge\n\n1 1 0 0 0\n", 9, "expected 6 or 9"},
      {HEADER(1, 1) "Atoms # atomic\n\n1 1 0 nan 0\n", 9, "'nan'"},
      {HEADER(2, 1) "Atoms # atomic\n\n1 1 0 0 0\n1 1 1 1 1\n", 10, "id 1 twice"},
      {HEADER(2, 1) "Atoms # atomic\n\n1 1 0 0 0\n", 9, "cut short"},
      {HEADER(2, 1), 6, "cut short"},
      {HEADER(99999999, 1) "Atoms # atomic\n\n1 1 0 0 0\n", 9, "atom 2 of 99999999"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    bench_refuse(*state, "bad.data", cases[k].text, cases[k].line, cases[k].part);
}

static void test_dump(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_read(b, "a.lammpstrj", dump);
  assert_int_equal(set->n, 2);
  const mtp_config *cfg = set->configs[0];
  static const double cell[9] = {5, 0, 0, 0.25, 6, 0, -0.5, 1.5, 7};
  static const double x[6] = {-1, 0.5, 0, 1.375, 4.25, 3.5}, force[6] = {1, 2, 3, 4, 5, 6};
  static const double second[3] = {-1, 2, 3};
  assert_memory_equal(cfg->cell, cell, sizeof cell);
  assert_memory_equal(cfg->x, x, sizeof x);
  assert_memory_equal(cfg->force, force, sizeof force);
  assert_true(cfg->periodic[0] && !cfg->periodic[1] && cfg->periodic[2]);
  assert_string_equal(mtp_config_get_feature(cfg, "timestep"), "100");
  assert_int_equal(cfg->species[0], 0);
  assert_int_equal(cfg->species[1], 1);
  assert_string_equal(set->names[0], "0");
  assert_string_equal(set->names[1], "1");
  assert_int_equal(set->configs[1]->species[0], 1);
  assert_memory_equal(set->configs[1]->x, second, sizeof second);
  assert_null(set->configs[1]->force);
  assert_true(cfg->charge[0] == -0.5 && cfg->charge[1] == 0.5 && !set->configs[1]->charge);
  assert_non_null(strstr(b->warnings, "vx"));
  mtp_config_set_free(set);
}

#define FRAME(n) "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n" #n "\nITEM: BOX BOUNDS pp pp pp\n0 5\n0 5\n0 5\n"

/* Labels of types, in a column of their own or in that of the types. */
static void test_dump_labels(void **state) {
  static const char *const columns[] = {"id typelabel", "id type", "id element"};
  for (int k = 0; k < 3; k++) {
    char text[512];
    snprintf(text, sizeof text,
             FRAME(2) "ITEM: ATOMS %s x y z\n2 Cu 1 1 1\n1 Al 0 0 0\n" FRAME(1) "ITEM: ATOMS %s x y z\n1 Cu 0 0 0\n",
             columns[k], columns[k]);
    mtp_config_set *set = bench_read(*state, "labels.dump", text);
    assert_int_equal(set->species_count, 2);
    assert_string_equal(set->names[set->configs[0]->species[0]], "Al");
    assert_string_equal(set->names[set->configs[0]->species[1]], "Cu");
    assert_string_equal(set->names[set->configs[1]->species[0]], "Cu");
    mtp_config_set_free(set);
  }
  /* what is an element goes before a label, and a label before a number */
  mtp_config_set *set =
      bench_read(*state, "labels.dump", FRAME(1) "ITEM: ATOMS type typelabel element x y z\n1 c1 C 0 0 0\n");
  assert_string_equal(set->names[set->configs[0]->species[0]], "C");
  mtp_config_set_free(set);
  set = bench_read(*state, "labels.dump", FRAME(1) "ITEM: ATOMS type typelabel x y z\n1 c1 0 0 0\n");
  assert_string_equal(set->names[set->configs[0]->species[0]], "c1");
  mtp_config_set_free(set);
}

static void test_dump_refusals(void **state) {
  static const struct {
    const char *text;
    int line;
    const char *part;
  } cases[] = {
      {"ITEM: TIMESTEP\nx\n", 2, "time step"},
      {"ITEM: UNITS\nlj\n", 2, "units metal"},
      {"ITEM: SHEEP\n", 1, "SHEEP"},
      {"ITEM: ATOMS id type x y z\n", 1, "before it"},
      {"ITEM: BOX BOUNDS pp pp\n", 1, "three boundary flags"},
      {"ITEM: BOX BOUNDS pp pp pq\n", 1, "'pq'"},
      {"ITEM: BOX BOUNDS pp pp pp\n0 1 2\n", 2, "end of the line"},
      {"ITEM: BOX BOUNDS pp pp pp\n0 1\n3 3\n0 1\n", 4, "no extent along y"},
      {FRAME(1) "ITEM: ATOMS id type x y\n1 1 0 0\n", 9, "no columns x y z"},
      {FRAME(1) "ITEM: ATOMS id x y z\n1 0 0 0\n", 9, "expected element, typelabel or type"},
      {FRAME(2) "ITEM: ATOMS id type x y z\n1 Al 0 0 0\n2 2 1 1 1\n", 11, "'2', expected the label of a type"},
      {FRAME(1) "ITEM: ATOMS type x y z\n1 0 0 0\n" FRAME(1) "ITEM: ATOMS type x y z\nAl 0 0 0\n", 20, "a type 1, 2"},
      {FRAME(1) "ITEM: ATOMS id type x y z x\n1 1 0 0 0 0\n", 9, "twice"},
      {FRAME(1) "ITEM: ATOMS id type x y z fx\n1 1 0 0 0 0\n", 9, "fx fy fz"},
      {FRAME(1) "ITEM: ATOMS id type x y z\n1 0 0 0 0\n", 10, "type 1, 2"},
      {FRAME(1) "ITEM: ATOMS id type x y z\n1 1 0 0 nan\n", 10, "'nan'"},
      {FRAME(1) "ITEM: ATOMS id type x y z\n1 1 0 0 0 0\n", 10, "end of the line"},
      {FRAME(1) "ITEM: ATOMS id type x y z\n1 1 0 0\n", 10, "found 4 columns"},
      {FRAME(2) "ITEM: ATOMS id type x y z\n1 1 0 0 0\n1 1 0 0 0\n", 11, "id 1 twice"},
      {FRAME(2) "ITEM: ATOMS id type x y z\n1 1 0 0 0\n", 10, "cut short"},
      {FRAME(1) "ITEM: ATOMS type x y z\n1 0 0 0\n" FRAME(1) "ITEM: ATOMS element x y z\nAl 0 0 0\n", 19,
       "in all frames"},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
    bench_refuse(*state, "bad.dump", cases[k].text, cases[k].line, cases[k].part);
}

static void test_dump_cut_tail(void **state) {
  bench *b = *state;
  size_t two = strlen(dump), one = (size_t)(strstr(dump, "ITEM: TIMESTEP\n200") - dump);
  for (size_t size = 1; size <= two; size++) {
    char cut[sizeof dump];
    memcpy(cut, dump, size);
    cut[size] = 0;
    mtp_config_set *set = NULL;
    mtp_read_options options = {.format = MTP_FORMAT_LAMMPS_DUMP, .tolerate_cut_tail = true};
    bench_put(b, "cut.dump", cut, size);
    assert_int_equal(mtp_config_set_read(b->ctx, b->path, &options, &set), MTP_OK);
    assert_int_equal(set->n, (size >= one) + (size >= two));
    assert_int_equal(set->dropped_tail, size != one && size != two);
    assert_int_equal(set->good_size, size < one ? 0 : size < two ? one : two);
    mtp_config_set_free(set);
  }
}

/* A box that LAMMPS can have as it is, is not touched; a dump of it is lossless if it is orthogonal. */
static void test_restricted_boxes_stay(void **state) {
  bench *b = *state;
  mtp_random random = {2};
  for (int k = 0; k < 50; k++) {
    mtp_config_set *set = bench_random_set(100 + (unsigned)k, 1, false);
    mtp_config *cfg = set->configs[0];
    for (int c = 0; c < 9; c++)
      cfg->cell[c] = c % 4 == 0               ? 3 + mtp_random_uniform(&random)
                     : c > c % 3 * 4 && k % 2 ? mtp_random_normal(&random)
                                              : 0;
    mtp_config_set *again = bench_round_trip(b, set, "box.data");
    bench_same(set, again, BENCH_GEOMETRY);
    mtp_config_set_free(again);
    if (k % 2 == 0) {
      again = bench_round_trip(b, set, "box.dump");
      bench_same(set, again, BENCH_GEOMETRY);
      assert_int_equal(cfg->force != NULL, again->configs[0]->force != NULL);
      if (cfg->force) assert_memory_equal(cfg->force, again->configs[0]->force, 3 * cfg->n * sizeof(double));
      mtp_config_set_free(again);
    }
    mtp_config_set_free(set);
  }
}

static int compare_reals(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* All distances to neighbours, and what the forces are along the bonds, in an order that no rotation changes. */
static size_t fingerprint(mtp_context *ctx, const mtp_config *cfg, double **out) {
  mtp_neighbors *nb = NULL;
  if (mtp_neighbors_build(ctx, cfg, 7, &nb) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  size_t count = 0;
  for (size_t i = 0; i < cfg->n; i++) count += (size_t)nb->count[i];
  double *values = mtp_calloc(2 * count, sizeof *values), *v = values;
  for (size_t i = 0; i < cfg->n; i++) {
    double *distances = v, *along = v + nb->count[i];
    for (int k = 0; k < nb->count[i]; k++) {
      const double *x = nb->x + 3 * nb->list[i][k], *y = nb->x + 3 * i;
      double r[3] = {x[0] - y[0], x[1] - y[1], x[2] - y[2]};
      distances[k] = sqrt(r[0] * r[0] + r[1] * r[1] + r[2] * r[2]);
      for (int a = 0; a < 3 && cfg->force; a++) along[k] += r[a] * cfg->force[3 * i + (size_t)a];
    }
    qsort(distances, (size_t)nb->count[i], sizeof *distances, compare_reals);
    qsort(along, (size_t)nb->count[i], sizeof *along, compare_reals);
    v += 2 * nb->count[i];
  }
  mtp_neighbors_free(nb);
  *out = values;
  return 2 * count;
}

/* Any cell, left-handed or with missing vectors, comes back as the same crystal. */
static void test_general_cells_are_rotated(void **state) {
  bench *b = *state;
  mtp_random random = {4};
  int rotated = 0;
  for (unsigned seed = 1; seed < 120; seed++) {
    mtp_config_set *set = bench_random_set(seed, 1, true);
    mtp_config *cfg = set->configs[0];
    for (size_t i = 0; cfg->force && i < 3 * cfg->n; i++) cfg->force[i] = mtp_random_normal(&random);
    if (seed % 3 == 0)
      for (int a = 0; a < 3; a++) cfg->cell[a] = -cfg->cell[a];
    bool compact = !(cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2]) || mtp_config_volume(cfg) > 40;
    for (int f = 0; f < 2 && compact; f++) {
      mtp_config_set *again = bench_round_trip(b, set, f ? "general.data" : "general.dump");
      mtp_config *other = again->configs[0];
      double *want, *got;
      if (f && cfg->force) assert_int_equal(mtp_config_require_force(b->ctx, other), MTP_OK);
      if (f && cfg->force) memset(cfg->force, 0, 3 * cfg->n * sizeof *cfg->force);
      for (int d = 0; d < 3; d++) assert_int_equal(cfg->periodic[d], other->periodic[d]);
      assert_true(other->cell[1] == 0 && other->cell[2] == 0 && other->cell[5] == 0);
      for (int d = 0; d < 3; d++) assert_true(other->cell[4 * d] > 0);
      size_t count = fingerprint(b->ctx, cfg, &want);
      assert_int_equal(fingerprint(b->ctx, other, &got), count);
      for (size_t k = 0; k < count; k++) assert_true(fabs(got[k] - want[k]) < 1e-9 * (1 + fabs(want[k])));
      free(want);
      free(got);
      mtp_config_set_free(again);
      rotated++;
    }
    mtp_config_set_free(set);
  }
  assert_true(rotated > 100);
}

/* Atoms without a lattice get a box that encloses them; a box with walls stays if the atoms are inside. */
static void test_boxes_without_lattice(void **state) {
  bench *b = *state;
  mtp_config_set *set = mtp_config_set_new();
  mtp_config *cfg = mtp_config_new(2);
  mtp_config_set_species(set, "H");
  cfg->x[0] = -20;
  cfg->x[4] = 30;
  assert_int_equal(mtp_config_set_append(b->ctx, set, cfg), MTP_OK);
  mtp_config_set *again = bench_round_trip(b, set, "molecule.data");
  const double *cell = again->configs[0]->cell;
  assert_true(cell[0] > 20 && cell[4] > 30 && cell[8] > 0);
  for (int d = 0; d < 3; d++) assert_false(again->configs[0]->periodic[d]);
  assert_memory_equal(again->configs[0]->x, cfg->x, 6 * sizeof(double));
  mtp_config_set_free(again);
  for (int d = 0; d < 3; d++) cfg->cell[4 * d] = 40;
  cfg->x[0] = 20;
  again = bench_round_trip(b, set, "walls.dump");
  assert_memory_equal(again->configs[0]->cell, cfg->cell, sizeof cfg->cell);
  mtp_config_set_free(again);
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  cfg->cell[4] = 0;
  cfg->cell[3] = 40;
  snprintf(b->path, sizeof b->path, "%s/singular.data", b->folder);
  assert_int_equal(mtp_config_set_write(b->ctx, set, b->path, MTP_FORMAT_AUTO), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(b->ctx), "singular"));
  mtp_config_set_free(set);
}

/* What a format has no place for is told, once. */
static void test_losses_are_told(void **state) {
  bench *b = *state;
  mtp_config_set *set = bench_random_set(6, 8, false), *again = bench_round_trip(b, set, "loss.dump");
  static const char *const lost[] = {"energy", "virial", "site_energy", "grade", "key1"};
  for (size_t k = 0; k < sizeof lost / sizeof *lost; k++) assert_non_null(strstr(b->warnings, lost[k]));
  assert_null(strstr(b->warnings, "forces"));
  assert_ptr_equal(strchr(b->warnings, '\n'), b->warnings + strlen(b->warnings) - 1);
  mtp_config_set_free(again);
  mtp_config_set_free(set);
}

/* What could not be written and read again, or would end up in a message, is no name. */
static void test_names_are_printable(void **state) {
  bench *b = *state;
#define HEAD "title\n\n1 atoms\n1 atom types\n0 4 xlo xhi\n0 4 ylo yhi\n0 4 zlo zhi\n\n"
#define ONE_ATOM(COLUMNS)                                                                                              \
  "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 4\n0 4\n0 4\nITEM: ATOMS " COLUMNS "\n"
  bench_refuse(b, "a.data", HEAD "Atom Type Labels\n\n1 Cu\x1a\n\nAtoms # atomic\n\n1 1 0 0 0\n", 11,
               "the name of a type");
  bench_refuse(b, "b.data", HEAD "Masses\n\n1 63.5 # \x1b[2J\n\nAtoms # atomic\n\n1 1 0 0 0\n", 11,
               "the name of a type");
  bench_refuse(b, "a.dump", ONE_ATOM("id element x y z") "1 C\x07 0 0 0\n", 10, "the name of an element");
  bench_refuse(b, "b.dump", ONE_ATOM("id typelabel x y z") "1 C\x7f 0 0 0\n", 10, "the name of an element");
}

/* Nor does a warning carry what controls a terminal. */
static void test_warnings_are_printable(void **state) {
  bench *b = *state;
  mtp_config_set_free(bench_read(b, "c.dump", ONE_ATOM("id element x y z c\x1b[2J") "1 Cu 0 0 0 1\n"));
  assert_non_null(strstr(b->warnings, "columns that are not kept: c [2J\n"));
}

/* Finite numbers whose product is not, and boxes without extent. */
static void test_what_cannot_be_held(void **state) {
  bench *b = *state;
  bench_refuse(b, "c.data",
               "title\n\n1 atoms\n1 atom types\n0 0 0 avec\n0 4 0 bvec\n0 0 4 cvec\n0 0 0 abc origin\n\nAtoms # "
               "atomic\n\n1 1 0 0 0\n",
               1, "a periodic direction whose lattice vector is zero");
  bench_refuse(b, "d.dump",
               "ITEM: TIMESTEP\n0\nITEM: NUMBER OF ATOMS\n1\nITEM: BOX BOUNDS pp pp pp\n0 1e300\n0 4\n0 4\n"
               "ITEM: ATOMS id element xs ys zs\n1 Cu 1e300 0 0\n",
               1, "beyond what double precision holds");
}

static void test_attack_data(void **state) {
  bench_attack(*state, "attack.data", data, strlen(data));
}

static void test_attack_dump(void **state) {
  bench_attack(*state, "attack.dump", dump, strlen(dump));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_data),
      cmocka_unit_test(test_data_names),
      cmocka_unit_test(test_general_triclinic),
      cmocka_unit_test(test_data_refusals),
      cmocka_unit_test(test_dump),
      cmocka_unit_test(test_dump_labels),
      cmocka_unit_test(test_dump_refusals),
      cmocka_unit_test(test_dump_cut_tail),
      cmocka_unit_test(test_restricted_boxes_stay),
      cmocka_unit_test(test_general_cells_are_rotated),
      cmocka_unit_test(test_boxes_without_lattice),
      cmocka_unit_test(test_losses_are_told),
      cmocka_unit_test(test_names_are_printable),
      cmocka_unit_test(test_warnings_are_printable),
      cmocka_unit_test(test_what_cannot_be_held),
      cmocka_unit_test(test_attack_data),
      cmocka_unit_test(test_attack_dump),
  };
  return cmocka_run_group_tests(tests, bench_open, bench_close);
}
