/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_cut.c
 * Cut-outs of large configurations: cells of crystals have no fault at their faces, whatever is around the atom in the
 * middle stays as it is, what does not count is marked and not learned from, and parts give what the whole gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/cut.h"
#include "learn/rows.h"
#include "mtp/evaluator.h"
#include "mtp/neighbors.h"
#include "support_data.h"

#define CUTOFF 5.0

static mtp_potential *potential(mtp_context *ctx, int species) {
  mtp_random random = {7};
  const data_recipe recipe = {8, species, 6, MTP_RADIAL_CHEBYSHEV, 1.5, CUTOFF};
  return data_potential(ctx, &random, &recipe);
}

/* n x n x n cells along `cell`, each with atoms at the fractional places given. */
static mtp_config *crystal(int n, const double cell[9], int atoms, const double *places, const int *species) {
  mtp_config *cfg = mtp_config_new((size_t)(n * n * n * atoms));
  size_t i = 0;
  for (int k = 0; k < 9; k++) cfg->cell[k] = n * cell[k];
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  for (int a = 0; a < n; a++)
    for (int b = 0; b < n; b++)
      for (int c = 0; c < n; c++)
        for (int m = 0; m < atoms; m++, i++) {
          const double f[3] = {a + places[3 * m], b + places[3 * m + 1], c + places[3 * m + 2]};
          cfg->species[i] = species ? species[m] : 0;
          for (int x = 0; x < 3; x++)
            cfg->x[3 * i + (size_t)x] = f[0] * cell[x] + f[1] * cell[3 + x] + f[2] * cell[6 + x];
        }
  return cfg;
}

static const double FCC[] = {0, 0, 0, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0};
static const double BCC[] = {0, 0, 0, 0.5, 0.5, 0.5};
static const double HCP[] = {0, 0, 0, 1.0 / 3, 2.0 / 3, 0.5};
static const double ROCKSALT[] = {0,   0, 0, 0, 0.5, 0.5, 0.5, 0, 0.5, 0.5, 0.5, 0,
                                  0.5, 0, 0, 0, 0.5, 0,   0,   0, 0.5, 0.5, 0.5, 0.5};
static const int SALT[] = {0, 0, 0, 0, 1, 1, 1, 1};
static const double DIAMOND[] = {0,    0,    0,    0,    0.5,  0.5,  0.5,  0,    0.5,  0.5,  0.5,  0,
                                 0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.25, 0.75, 0.75, 0.75, 0.25};
#define CUBE(a)                                                                                                        \
  { (a), 0, 0, 0, (a), 0, 0, 0, (a) }

static void evaluate(mtp_context *ctx, const mtp_potential *pot, mtp_config *cfg) {
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  data_must(ctx, mtp_evaluator_config(ctx, ev, cfg, 0));
  mtp_evaluator_free(ev);
}

/* All atoms of the cut-out of a perfect crystal have the energies that they have in the crystal. */
static void crystals_have_no_fault(void **state) {
  (void)state;
  static const struct {
    const char *name;
    int n;
    double cell[9];
    int atoms;
    const double *places;
    const int *species;
  } all[] = {{"fcc", 8, CUBE(3.61), 4, FCC, NULL},
             {"bcc", 10, CUBE(2.87), 2, BCC, NULL},
             {"rocksalt", 6, CUBE(5.64), 8, ROCKSALT, SALT},
             {"diamond", 5, CUBE(5.43), 8, DIAMOND, NULL},
             {"hcp", 9, {3.2, 0, 0, -1.6, 2.771281292110204, 0, 0, 0, 5.2}, 2, HCP, NULL},
             {"fcc in its primitive cell", 12, {0, 1.805, 1.805, 1.805, 0, 1.805, 1.805, 1.805, 0}, 1, FCC, NULL}};
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
    mtp_config *whole = crystal(all[k].n, all[k].cell, all[k].atoms, all[k].places, all[k].species), *cut = NULL;
    const mtp_cut_options still = {.still = true};
    const size_t middle = whole->n / 2;
    evaluate(ctx, pot, whole);
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &still, &cut, NULL));
    if (cut->n >= whole->n / 2) fail_msg("%s: %zu of %zu atoms", all[k].name, cut->n, whole->n);
    evaluate(ctx, pot, cut);
    for (size_t i = 0; i < cut->n; i++) {
      const double want = whole->site_energy[all[k].species && cut->species[i] ? 4 : 0];
      if (fabs(cut->site_energy[i] - want) > 1e-6 * fabs(want))
        fail_msg("%s: atom %zu of %zu has %.12g instead of %.12g eV", all[k].name, i, cut->n, cut->site_energy[i],
                 want);
    }
    mtp_config_free(whole);
    mtp_config_free(cut);
  }
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* A disordered configuration of n atoms in a cubic cell. */
static mtp_config *liquid(int n, double spacing, int species, unsigned long long seed) {
  mtp_random random = {seed};
  const double cell[9] = CUBE(1.0), place[3] = {0, 0, 0};
  mtp_config *cfg = crystal(n, cell, 1, place, NULL);
  for (int k = 0; k < 9; k++) cfg->cell[k] *= spacing;
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] = spacing * (cfg->x[i] + data_uniform(&random, -0.25, 0.25));
  for (size_t i = 0; i < cfg->n; i++) cfg->species[i] = (int)data_index(&random, (size_t)species);
  return cfg;
}

static double closest(const mtp_config *cfg) {
  double r;
  data_must(NULL, mtp_config_smallest_distance(NULL, cfg, CUTOFF, &r));
  return r;
}

/* Atoms near the middle keep their place and the middle its energy, whether the rim is moved or not. */
static void the_middle_stays(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  mtp_config *whole = liquid(9, 2.6, 2, 5);
  evaluate(ctx, pot, whole);
  for (int k = 0; k < 6; k++) {
    const size_t middle = (size_t)(k * 113 % 700);
    const mtp_cut_options options = {.shape = k % 3 == 2 ? MTP_CUT_SPHERE : MTP_CUT_CELL, .still = k % 3 == 0};
    mtp_config *cut = NULL;
    size_t at = 0;
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut, &at));
    assert_int_equal(cut->species[at], whole->species[middle]);
    if (options.still) assert_true(closest(cut) > 0.97 * closest(whole));
    evaluate(ctx, pot, cut);
    data_expect_close("energy of the middle", 1, &cut->site_energy[at], &whole->site_energy[middle], 1e-6);
    assert_string_equal(mtp_config_get_feature(cut, "cut"), k % 3 == 2 ? "sphere" : "cell");
    mtp_config_free(cut);
  }
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* The rim goes downhill; what a centre depends on does not move. */
static void the_rim_comes_to_rest(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  mtp_config *whole = liquid(9, 2.6, 1, 6), *cut[2] = {NULL, NULL};
  const size_t middle = 301;
  size_t at[2], moved = 0;
  for (int k = 0; k < 2; k++) {
    const mtp_cut_options options = {.still = k == 0};
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut[k], &at[k]));
    evaluate(ctx, pot, cut[k]);
  }
  assert_int_equal(cut[0]->n, cut[1]->n);
  assert_true(cut[1]->energy < cut[0]->energy);
  for (size_t i = 0; i < cut[0]->n; i++) {
    double way = 0.0, out = 0.0;
    for (size_t c = 0; c < 3; c++) {
      way += pow(cut[1]->x[3 * i + c] - cut[0]->x[3 * i + c], 2);
      out += pow(cut[0]->x[3 * i + c] - cut[0]->x[3 * at[0] + c], 2);
    }
    moved += way > 0.0;
    assert_true(way == 0.0 || out > CUTOFF * CUTOFF);
    assert_true(way < 0.9 * 0.9);
  }
  assert_true(moved > 0);
  for (int k = 0; k < 2; k++) mtp_config_free(cut[k]);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Of a sphere the forces count whose atoms have all their neighbours, and nothing else. */
static void spheres_count_in_part(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  mtp_config *whole = liquid(10, 2.6, 1, 8), *cut = NULL;
  const mtp_cut_options options = {.shape = MTP_CUT_SPHERE, .radius = 8.5};
  const size_t middle = 17;
  size_t counting = 0, at;
  double weights[3];
  data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut, &at));
  evaluate(ctx, pot, whole);
  evaluate(ctx, pot, cut);
  for (size_t i = 0; i < cut->n; i++) {
    if (cut->force_mask[i]) continue;
    size_t same = whole->n;
    for (size_t j = 0; j < whole->n && same == whole->n; j++) {
      double square = 0.0;
      for (size_t c = 0; c < 3; c++) {
        double d = (cut->x[3 * i + c] - cut->x[3 * at + c]) - (whole->x[3 * j + c] - whole->x[3 * middle + c]);
        d -= whole->cell[4 * c] * floor(d / whole->cell[4 * c] + 0.5);
        square += d * d;
      }
      if (square < 1e-16) same = j;
    }
    assert_true(same < whole->n);
    data_expect_close("energy of a site that counts", 1, &cut->site_energy[i], &whole->site_energy[same], 1e-6);
    counting++;
  }
  assert_true(counting >= 5 && counting < cut->n / 4);
  data_must(ctx, mtp_config_weights(ctx, cut, weights));
  assert_true(weights[0] == 0.0 && weights[1] == 1.0 && weights[2] == 0.0);

  /* nor do the others have rows to grade by */
  mtp_evaluator *ev = NULL;
  const mtp_sample sample = mtp_sample_of(cut);
  const size_t n = mtp_potential_parameter_count(pot);
  double *rows = data_calloc(cut->n * n, sizeof *rows);
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  assert_int_equal(mtp_rows_count(&sample, MTP_MODE_NEIGHBOURHOOD), cut->n);
  assert_int_equal(mtp_rows_count(&sample, MTP_MODE_CONFIGURATION), 0);
  data_must(ctx, mtp_rows_compute(ctx, ev, pot, &sample, MTP_MODE_NEIGHBOURHOOD, rows));
  for (size_t i = 0; i < cut->n; i++) assert_true((data_largest(n, rows + i * n) == 0.0) == (cut->force_mask[i] != 0));
  free(rows);
  mtp_evaluator_free(ev);
  mtp_config_free(cut);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static mtp_config *select_atoms(const mtp_config *whole, const mtp_cut_region *region, size_t middle, size_t *at) {
  mtp_config *part = mtp_config_new(whole->n);
  part->n = 0;
  memcpy(part->cell, whole->cell, sizeof part->cell);
  memcpy(part->periodic, whole->periodic, sizeof part->periodic);
  for (size_t i = 0; i < whole->n; i++) {
    if (!mtp_cut_region_has(region, whole->x + 3 * i)) continue;
    if (i == middle) *at = part->n;
    part->species[part->n] = whole->species[i];
    memcpy(part->x + 3 * part->n++, whole->x + 3 * i, 3 * sizeof *part->x);
  }
  return part;
}

/* Three atoms at each place of a grid. */
static mtp_config *water(int n, double spacing) {
  mtp_random random = {12};
  const double cell[9] = CUBE(spacing), place[3] = {0, 0, 0};
  mtp_config *places = crystal(n, cell, 1, place, NULL), *cfg = mtp_config_new(3 * places->n);
  memcpy(cfg->cell, places->cell, sizeof cfg->cell);
  memcpy(cfg->periodic, places->periodic, sizeof cfg->periodic);
  for (size_t i = 0; i < places->n; i++) {
    const double angle = data_uniform(&random, 0.0, 6.28), jitter = data_uniform(&random, -0.15, 0.15);
    const double way[3][3] = {{0, 0, 0}, {cos(angle), sin(angle), 0.1}, {cos(angle + 1.9), sin(angle + 1.9), -0.2}};
    for (size_t k = 0; k < 3; k++) {
      cfg->species[k * places->n + i] = k > 0; /* far apart in their order, and over the faces of the cell */
      for (size_t c = 0; c < 3; c++)
        cfg->x[3 * (k * places->n + i) + c] = places->x[3 * i + c] + jitter + 0.93 * way[k][c];
    }
  }
  for (size_t i = 0; i < 3 * cfg->n; i++) {
    const double edge = cfg->cell[4 * (i % 3)];
    cfg->x[i] -= edge * floor(cfg->x[i] / edge);
  }
  mtp_config_free(places);
  return cfg;
}

static size_t bonds(const mtp_config *cfg, size_t i) {
  mtp_neighbors *nb = NULL;
  size_t n = 0;
  data_must(NULL, mtp_neighbors_build(NULL, cfg, 1.15, &nb));
  for (int q = 0; q < nb->count[i]; q++) n += nb->species[nb->list[i][q]] != nb->species[i];
  mtp_neighbors_free(nb);
  return n;
}

/* No molecule is parted, the neighbourhood of the middle is as it was. */
static void molecules_stay_whole(void **state) {
  (void)state;
  static const char *const names[] = {"O", "H"};
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  data_must(ctx, mtp_potential_set_elements(ctx, pot, names));
  mtp_config *whole = water(8, 3.2);
  for (size_t i = 0; i < whole->n; i++) assert_int_equal(bonds(whole, i), whole->species[i] ? 1 : 2);
  evaluate(ctx, pot, whole);
  for (int k = 0; k < 6; k++) {
    const mtp_cut_options options = {.shape = k % 2 ? MTP_CUT_SPHERE : MTP_CUT_CELL, .still = k < 3};
    const size_t middle = (size_t)(k * 250 + 3);
    size_t at = 0;
    mtp_config *cut = NULL;
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut, &at));
    assert_true(cut->n < whole->n && cut->n % 3 == 0);
    for (size_t i = 0; i < cut->n && options.still; i++) assert_int_equal(bonds(cut, i), cut->species[i] ? 1 : 2);
    evaluate(ctx, pot, cut);
    data_expect_close("energy of the middle", 1, &cut->site_energy[at], &whole->site_energy[middle], 1e-6);
    mtp_config_free(cut);
  }
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Rounding of positions, as the number of ranks has it, does not reach the label. */
static void last_digits_do_not_matter(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  mtp_config *whole = liquid(10, 2.6, 1, 9), *cut[2] = {NULL, NULL};
  const size_t middle = 444;
  for (int k = 0; k < 2; k++) {
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, NULL, &cut[k], NULL));
    for (size_t i = 0; i < 3 * whole->n; i++) whole->x[i] = nextafter(whole->x[i], i % 2 ? 1e3 : -1e3);
  }
  assert_int_equal(cut[0]->n, cut[1]->n);
  assert_memory_equal(cut[0]->x, cut[1]->x, 3 * cut[0]->n * sizeof(double));
  for (int k = 0; k < 2; k++) mtp_config_free(cut[k]);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* What a rank hands over of a large system is enough, whatever the cell. */
static void parts_are_enough(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  for (int k = 0; k < 12; k++) {
    mtp_config *whole = liquid(18, 2.6, 2, 20 + (unsigned long long)k), *from_whole = NULL, *from_part = NULL;
    const double shear = k % 2 ? 9.0 : 0.0;
    whole->cell[3] += shear;
    whole->cell[6] -= shear / 2;
    if (k % 3 == 1) { /* a film */
      whole->periodic[2] = false;
      whole->cell[6] = whole->cell[7] = whole->cell[8] = 0.0;
    }
    const mtp_cut_options options = {.shape = k % 4 == 3 ? MTP_CUT_SPHERE : MTP_CUT_CELL};
    const size_t middle = (size_t)(k * 211);
    size_t at = 0, of_whole, of_part;
    const mtp_cut_region region = mtp_cut_region_of(whole->cell, whole->periodic, whole->x + 3 * middle, &options, pot);
    mtp_config *part = select_atoms(whole, &region, middle, &at);
    assert_true(part->n < whole->n);
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &from_whole, &of_whole));
    data_must(ctx, mtp_cut(ctx, pot, part, 1, &at, &options, &from_part, &of_part));
    assert_int_equal(from_whole->n, from_part->n);
    assert_int_equal(of_whole, of_part);
    assert_memory_equal(from_whole->x, from_part->x, 3 * from_whole->n * sizeof(double));
    assert_memory_equal(from_whole->cell, from_part->cell, sizeof from_whole->cell);
    mtp_config_free(from_whole);
    mtp_config_free(from_part);
    mtp_config_free(part);
    mtp_config_free(whole);
  }
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Nothing acts through the vacuum beside the surface of a slab, thick or thin. */
static void surfaces_stay_free(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  const double cell[9] = CUBE(3.61);
  mtp_config *whole = crystal(8, cell, 4, FCC, NULL), *cut = NULL;
  whole->cell[8] += 20.0;
  size_t middle = 0;
  for (size_t i = 0; i < whole->n; i++)
    if (whole->x[3 * i + 2] > whole->x[3 * middle + 2]) middle = i;
  const mtp_cut_options options = {.still = true};
  data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut, NULL));
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < cut->n; i++) {
    low = fmin(low, cut->x[3 * i + 2]);
    high = fmax(high, cut->x[3 * i + 2]);
  }
  assert_true(cut->cell[8] - (high - low) >= CUTOFF);
  assert_true(high - low > 4.0);
  data_expect_close("period of the surface", 1, &cut->cell[0], &(double){3 * 3.61}, 1e-6);
  mtp_config_free(cut);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void what_is_small_stays_whole(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  const double cell[9] = CUBE(3.61);
  const mtp_cut_options options = {.still = true};
  mtp_config *whole = crystal(3, cell, 4, FCC, NULL), *cut = NULL, *atom = mtp_config_new(1);
  const size_t middle = 5, only = 0;
  data_must(ctx, mtp_cut(ctx, pot, whole, 1, &middle, &options, &cut, NULL));
  assert_int_equal(cut->n, whole->n);
  data_expect_close("cell", 9, cut->cell, whole->cell, 1e-8);
  mtp_config_free(cut);
  data_must(ctx, mtp_cut(ctx, pot, atom, 1, &only, NULL, &cut, NULL));
  assert_int_equal(cut->n, 1);
  mtp_config_free(cut);
  mtp_config_free(atom);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static mtp_status no_baseline(void *user, mtp_context *ctx, mtp_config *cfg) {
  (void)user, (void)ctx, (void)cfg;
  return MTP_OK;
}

static double charge_of(const mtp_config *cfg, const double *charge) {
  double sum = 0.0;
  for (size_t i = 0; i < cfg->n; i++) sum += charge[cfg->species[i]];
  return sum;
}

/* A molten salt: with charges cells are neutral, and as good in the middle; what cannot be neutral says so. */
static void ions_are_neutral(void **state) {
  (void)state;
  static const double cube[9] = CUBE(5.6), salt[] = {1.0, -1.0}, strong[] = {2.0, -2.0}, odd[] = {1.0, -0.7};
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  mtp_random random = {31};
  mtp_config *whole = crystal(5, cube, 8, ROCKSALT, SALT);
  for (size_t k = 0; k < 3 * whole->n; k++) whole->x[k] += data_uniform(&random, -1.2, 1.2);
  int charged = 0;
  for (size_t center = 0; center < 12; center++) {
    const double *const charges[] = {NULL, salt, strong, odd};
    for (int k = 0; k < 4; k++) {
      const mtp_baseline baseline = {.name = "b", .compute = no_baseline, .charge = charges[k]};
      const mtp_cut_options o = {.radius = 6.1, .still = true, .baseline = &baseline};
      mtp_config *cell = NULL;
      size_t middle = 0, at = 37 * center, near = 0, wanted = 0;
      data_must(ctx, mtp_cut(ctx, pot, whole, 1, &at, &o, &cell, &middle));
      const char *left = mtp_config_get_feature(cell, MTP_CUT_CHARGE_KEY);
      if (k == 0) charged += fabs(charge_of(cell, salt)) > 0.5;
      if (k == 0) assert_null(left);
      if (k == 1 || k == 2) assert_true(fabs(charge_of(cell, charges[k])) < 1e-9);
      if (k == 1 || k == 2) assert_null(left);
      if (k == 3 && fabs(charge_of(cell, odd)) > 1e-6)
        assert_true(left && fabs(strtod(left, NULL) - charge_of(cell, odd)) < 1e-5);
      mtp_neighbors *nb = NULL, *of_whole = NULL; /* the neighbourhood of the middle is whole */
      data_must(ctx, mtp_neighbors_build(ctx, cell, CUTOFF, &nb));
      data_must(ctx, mtp_neighbors_build(ctx, whole, CUTOFF, &of_whole));
      near = (size_t)nb->count[middle];
      wanted = (size_t)of_whole->count[at];
      assert_int_equal(near, wanted);
      mtp_neighbors_free(nb);
      mtp_neighbors_free(of_whole);
      mtp_config_free(cell);
    }
  }
  assert_true(charged > 3);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

/* Atoms of one element with charges that differ a little: these go along, and cut-outs of both shapes are neutral but
 * for less than the charge of an ion. A baseline that does not take them gets none. */
static void charges_of_atoms_go_along(void **state) {
  (void)state;
  static const double cube[9] = CUBE(5.6);
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 2);
  mtp_random random = {37};
  mtp_config *whole = crystal(5, cube, 8, ROCKSALT, SALT);
  whole->charge = data_calloc(whole->n, sizeof *whole->charge);
  whole->id = data_calloc(whole->n, sizeof *whole->id);
  for (size_t i = 0; i < whole->n; i++) whole->id[i] = 7 * (long long)i;
  for (size_t k = 0; k < 3 * whole->n; k++) whole->x[k] += data_uniform(&random, -1.2, 1.2);
  for (size_t i = 0; i < whole->n; i++)
    whole->charge[i] = (whole->species[i] ? -1.0 : 1.0) + data_uniform(&random, -0.05, 0.05);
  mtp_baseline baseline = {.name = "b", .compute = no_baseline};
  int charged[2] = {0};
  for (size_t k = 0; k < 24; k++) {
    const mtp_cut_shape shape = k % 2 ? MTP_CUT_SPHERE : MTP_CUT_CELL;
    const mtp_cut_options o = {.shape = shape, .radius = 6.1, .still = true, .baseline = &baseline};
    const size_t at = 37 * (k / 2);
    size_t middle = 0;
    mtp_config *cut = NULL;
    baseline.takes_charges = k % 6 < 4;
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &at, &o, &cut, &middle));
    assert_null(mtp_config_get_feature(cut, MTP_CUT_CHARGE_KEY));
    double sum = 0.0;
    int ions = 0;
    for (size_t i = 0; i < cut->n; i++) ions += cut->species[i] ? -1 : 1;
    assert_int_equal(ions, 0);
    assert_int_equal(cut->charge != NULL, baseline.takes_charges);
    for (size_t i = 0; i < cut->n && cut->charge; i++) {
      assert_true(fabs(cut->charge[i] - (cut->species[i] ? -1.0 : 1.0)) <= 0.05);
      sum += cut->charge[i];
    }
    assert_true(fabs(sum) < 0.6);
    if (cut->charge) assert_true(cut->charge[middle] == whole->charge[at]);
    assert_true(cut->id[middle] == whole->id[at]);
    for (size_t i = 0; i < cut->n; i++) assert_int_equal(cut->species[i], whole->species[cut->id[i] / 7]);
    if (shape == MTP_CUT_SPHERE) assert_false(cut->force_mask[middle]);
    mtp_config_free(cut);
    double *charge = whole->charge; /* without them it would not be neutral */
    whole->charge = NULL;
    data_must(ctx, mtp_cut(ctx, pot, whole, 1, &at, &o, &cut, NULL));
    ions = 0;
    for (size_t i = 0; i < cut->n; i++) ions += cut->species[i] ? -1 : 1;
    charged[k % 2] += ions != 0;
    mtp_config_free(cut);
    whole->charge = charge;
  }
  assert_true(charged[0] > 3 && charged[1] > 3);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void nonsense_is_refused(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  mtp_potential *pot = potential(ctx, 1);
  mtp_config *whole = liquid(4, 2.6, 1, 1), *cut = NULL;
  const size_t beyond = whole->n, first = 0;
  assert_int_equal(mtp_cut(ctx, pot, whole, 1, &beyond, NULL, &cut, NULL), MTP_ERR_ARGUMENT);
  assert_non_null(strstr(mtp_context_message(ctx), "no atom 65"));
  assert_int_equal(mtp_cut(ctx, pot, whole, 0, &first, NULL, &cut, NULL), MTP_ERR_ARGUMENT);
  const mtp_cut_options shape = {.shape = (mtp_cut_shape)7}, radius = {.radius = INFINITY};
  assert_int_equal(mtp_cut(ctx, pot, whole, 1, &first, &shape, &cut, NULL), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_cut(ctx, pot, whole, 1, &first, &radius, &cut, NULL), MTP_ERR_ARGUMENT);
  assert_null(cut);
  mtp_config_free(whole);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(crystals_have_no_fault),    cmocka_unit_test(the_middle_stays),
      cmocka_unit_test(the_rim_comes_to_rest),     cmocka_unit_test(spheres_count_in_part),
      cmocka_unit_test(parts_are_enough),          cmocka_unit_test(last_digits_do_not_matter),
      cmocka_unit_test(molecules_stay_whole),      cmocka_unit_test(surfaces_stay_free),
      cmocka_unit_test(ions_are_neutral),          cmocka_unit_test(what_is_small_stays_whole),
      cmocka_unit_test(charges_of_atoms_go_along), cmocka_unit_test(nonsense_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
