/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_climb.c
 * Training by continuation: what it finds that a fit of everything at once does not, the radial size that the data
 * choose, and every kind of potential and training set that there is. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/fit.h"
#include "mtp/trainer.h"
#include "support_data.h"

#define CUTOFF 4.5

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot; /* to be trained */
  mtp_config_set *set;
} fixture;

/* Size and min_dist 0: auto. */
static mtp_potential *untrained(mtp_context *ctx, int level, double min_dist, int size) {
  const mtp_potential_spec spec = {
      .level = level, .species_count = 1, .cutoff = CUTOFF, .min_dist = min_dist, .radial_size = size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* Labels of a random potential with radial functions of size 6. */
static void fixture_open(fixture *f, unsigned long long seed, size_t configs, mtp_potential *pot, mtp_context *ctx) {
  const data_recipe hidden = {6, 1, 6, MTP_RADIAL_CHEBYSHEV, 1.9, CUTOFF};
  *f = (fixture){.ctx = ctx, .random = {seed}, .pot = pot, .set = mtp_config_set_new()};
  mtp_potential *truth = data_potential(f->ctx, &f->random, &hidden);
  for (size_t k = 0; k < configs; k++) {
    mtp_config *cfg = data_config(&f->random, (data_shape)(k % DATA_SHAPES), 5 + 2 * (k % 4), 1, 2.6);
    data_append_labelled(f->ctx, f->set, truth, cfg);
    mtp_config_free(cfg);
  }
  mtp_potential_free(truth);
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static mtp_train_options quick(void) {
  mtp_train_options options = mtp_train_defaults();
  options.max_iterations = 10;
  options.starts = 2;
  return options;
}

static mtp_train_result train(fixture *f, const mtp_train_options *options) {
  mtp_train_result result;
  data_must(f->ctx, mtp_train(f->ctx, options, f->pot, f->set, NULL, &result));
  assert_true(mtp_potential_is_trained(f->pot));
  assert_true(isfinite(result.loss));
  for (size_t k = 0; k < f->pot->nparams; k++) assert_true(isfinite(f->pot->params[k]));
  return result;
}

static double smallest_distance(const fixture *f, bool squeezed_too) {
  double smallest = INFINITY;
  for (size_t k = 0; k < f->set->n; k++) {
    double r;
    data_must(f->ctx, mtp_config_smallest_distance(f->ctx, f->set->configs[k], CUTOFF, &r));
    if (squeezed_too || !mtp_config_is_squeezed(f->set->configs[k])) smallest = fmin(smallest, r);
  }
  return smallest;
}

/* ---- labels ---- */

/* A steep wall with a narrow shoulder at short range, smoothly cut off. */
static double pair_energy(double r, double *slope) {
  const double wall = 400 * exp(-2.6 * r), z = (r - 2.35) / 0.12, shoulder = 0.15 * exp(-z * z);
  const double t = (CUTOFF - r) / CUTOFF, end = 4 * t * t, dend = -8 * t / CUTOFF;
  *slope = end * (-2.6 * wall - 2 * z / 0.12 * shoulder) + dend * (wall + shoulder);
  return end * (wall + shoulder);
}

static void label_by_pairs(mtp_context *ctx, mtp_config *cfg) {
  mtp_neighbors *nb = NULL;
  data_must(ctx, mtp_neighbors_build(ctx, cfg, CUTOFF, &nb));
  data_must(ctx, mtp_config_require_force(ctx, cfg));
  cfg->has_energy = true;
  cfg->energy = 0;
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const double *x = nb->x + 3 * i, *y = nb->x + 3 * (size_t)nb->list[i][q];
      const double d[3] = {y[0] - x[0], y[1] - x[1], y[2] - x[2]}, r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      double slope;
      cfg->energy += 0.5 * pair_energy(r, &slope);
      for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += slope * d[c] / r;
    }
  mtp_neighbors_free(nb);
}

static void open_pairs(fixture *f, size_t configs, mtp_potential *pot, mtp_context *ctx, mtp_config_set **test) {
  *f = (fixture){.ctx = ctx, .random = {41}, .pot = pot, .set = mtp_config_set_new()};
  *test = mtp_config_set_new();
  for (size_t k = 0; k < configs + configs / 2; k++) {
    mtp_config *cfg = data_config(&f->random, k % 2 ? DATA_ORTHOGONAL : DATA_TRICLINIC, 12 + k % 5, 1, 2.45);
    label_by_pairs(ctx, cfg);
    data_must(ctx, mtp_config_set_append(ctx, k < configs ? f->set : *test, cfg));
  }
}

/* Stillinger and Weber's silicon: bonds of short range, and their angles. */
#define SIGMA 2.0951
#define REACH (1.8 * SIGMA)
static double bond(double r, double *slope) {
  if (r >= REACH) return *slope = 0;
  const double A = 7.049556277, B = 0.6022245584, s = r / SIGMA, e = exp(1 / (s - 1.8)), p = B * pow(s, -4) - 1;
  *slope = 2.1683 * A / SIGMA * (-4 * B * pow(s, -5) - p / ((s - 1.8) * (s - 1.8))) * e;
  return 2.1683 * A * p * e;
}
static double fade(double r, double *slope) {
  const double s = r / SIGMA - 1.8, e = exp(1.2 / s);
  *slope = -1.2 / (s * s) / SIGMA * e;
  return e;
}
static void pull(mtp_config *cfg, size_t i, size_t j, const double d[3], double factor) {
  for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += factor * d[c], cfg->force[3 * j + c] -= factor * d[c];
}
static double dot3(const double *a, const double *b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
static void label_silicon(mtp_context *ctx, mtp_config *cfg) {
  mtp_neighbors *nb = NULL;
  data_must(ctx, mtp_neighbors_build(ctx, cfg, REACH, &nb));
  data_must(ctx, mtp_config_require_force(ctx, cfg));
  cfg->has_energy = true;
  cfg->energy = 0;
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      double d[2][3], r[2], slope, f[2], df[2];
      const size_t j = (size_t)nb->list[i][q];
      for (size_t c = 0; c < 3; c++) d[0][c] = nb->x[3 * j + c] - nb->x[3 * i + c];
      r[0] = sqrt(dot3(d[0], d[0]));
      cfg->energy += 0.5 * bond(r[0], &slope);
      pull(cfg, i, (size_t)nb->owner[j], d[0], 0.5 * slope / r[0]);
      f[0] = fade(r[0], &df[0]);
      for (int p = 0; p < q; p++) {
        const size_t k = (size_t)nb->list[i][p];
        for (size_t c = 0; c < 3; c++) d[1][c] = nb->x[3 * k + c] - nb->x[3 * i + c];
        r[1] = sqrt(dot3(d[1], d[1]));
        f[1] = fade(r[1], &df[1]);
        const double cosine = dot3(d[0], d[1]) / (r[0] * r[1]), g = cosine + 1.0 / 3, K = 2.1683 * 21;
        cfg->energy += K * g * g * f[0] * f[1];
        const double dcos = 2 * K * g * f[0] * f[1];
        for (int m = 0; m < 2; m++) {
          const size_t n = (size_t)nb->owner[m ? k : j];
          pull(cfg, i, n, d[1 - m], dcos / (r[0] * r[1]));
          pull(cfg, i, n, d[m], K * g * g * df[m] * f[1 - m] / r[m] - dcos * cosine / (r[m] * r[m]));
        }
      }
    }
  mtp_neighbors_free(nb);
}
static mtp_config *diamond(mtp_random *random) {
  static const double site[8][3] = {{0, 0, 0}, {0, 2, 2}, {2, 0, 2}, {2, 2, 0},
                                    {1, 1, 1}, {1, 3, 3}, {3, 1, 3}, {3, 3, 1}};
  mtp_config *cfg = mtp_config_new(8);
  const double shake = data_uniform(random, 0.1, 0.4);
  for (int k = 0; k < 3; k++) {
    cfg->periodic[k] = true;
    cfg->cell[4 * k] = data_uniform(random, 5.2, 5.7);
    for (size_t i = 0; i < 8; i++)
      cfg->x[3 * i + (size_t)k] = site[i][k] / 4 * cfg->cell[4 * k] + shake * data_uniform(random, -1, 1);
  }
  return cfg;
}
static mtp_config_set *silicon(mtp_context *ctx, mtp_random *random, size_t n) {
  mtp_config_set *set = mtp_config_set_new();
  for (size_t k = 0; k < n; k++) {
    mtp_config *cfg = diamond(random);
    label_silicon(ctx, cfg);
    data_must(ctx, mtp_config_set_append(ctx, set, cfg));
  }
  return set;
}

/* ---- continuation ---- */

#ifndef __SANITIZE_ADDRESS__ /* which looks for misused memory, not for the depth of minima */
static double force_error(fixture *f, const mtp_config_set *set) {
  mtp_errors errors;
  data_must(f->ctx, mtp_errors_compute(f->ctx, f->pot, set, &errors));
  return errors.force.rmse;
}

/* Everything at once, from one start: linear coefficients, then all parameters. */
static void train_directly(fixture *f, long iterations) {
  const mtp_objective_options options = {.weights = mtp_weights_default(), .memory = 1e9};
  mtp_objective *o = data_objective(f->ctx, &options, 1, f->set, f->pot);
  mtp_fit *fit = NULL;
  data_must(f->ctx, mtp_objective_solve(f->ctx, o, 1, 0, f->pot->params));
  data_must(f->ctx, mtp_fit_new(f->ctx, o, f->pot->params, &fit));
  const mtp_fit_plan plan = {.trained = 1, .watched = 1, .iterations = iterations, .window = 30, .seed = 1};
  data_must(f->ctx, mtp_fit_run(f->ctx, o, &plan, fit));
  data_must(f->ctx, mtp_potential_set_parameters(f->ctx, f->pot, fit->theta));
  mtp_fit_free(fit);
  mtp_objective_free(o);
}

enum { SEEDS = 3 };

/* The worst of some seeds against direct fits with as many iterations and a min_dist of 2 A. */
static void test_better_than_direct(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  fixture f = {.ctx = ctx, .random = {42}};
  f.set = silicon(ctx, &f.random, 150);
  double direct[2], climbed[2] = {0, 0};
  for (int k = 0; k < 2; k++) {
    f.pot = untrained(ctx, 12, 2.0, 8 + 8 * k);
    train_directly(&f, 500);
    direct[k] = force_error(&f, f.set);
    mtp_potential_free(f.pot);
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
      mtp_train_options options = mtp_train_defaults();
      options.seed = seed;
      f.pot = untrained(ctx, 12, 0, k ? 16 : 0);
      train(&f, &options);
      assert_true(f.pot->radial.size >= 16);
      climbed[k] = fmax(climbed[k], force_error(&f, f.set));
      mtp_potential_free(f.pot);
    }
  }
  print_message("forces of silicon: sizes 8 and 16 directly %.4g and %.4g eV/A, climbed to auto and 16 %.4g and %.4g\n",
                direct[0], direct[1], climbed[0], climbed[1]);
  assert_true(climbed[0] < 0.35 * direct[0] && climbed[0] < 0.9 * direct[1]);
  assert_true(climbed[1] < 1.5 * direct[1]); /* bends less below the data, which costs something at a given size */
  assert_true(direct[1] < 0.4 * direct[0]);  /* down the valley: 0.46 with a damping of 1e-4 */
  f.pot = NULL;
  fixture_close(&f);
}

#endif

/* ---- the size that the data choose ---- */

/* Silicon as a potential of one radial function of size 6 sees it, with noise: simple enough to be found again. */
static void label_by_size_6(fixture *f, double noise) {
  mtp_train_options options = mtp_train_defaults();
  mtp_evaluator *ev = NULL;
  f->pot = untrained(f->ctx, 4, 0, 6);
  train(f, &options);
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &ev));
  for (size_t k = 0; k < f->set->n; k++) {
    mtp_config *cfg = f->set->configs[k];
    data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, cfg, 0));
    cfg->has_virial = false;
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] += noise * mtp_random_normal(&f->random);
  }
  mtp_evaluator_free(ev);
  mtp_potential_free(f->pot);
}

/* What a small size says as well is not taken for what needs a large one, and the other way round. */
static void test_held_out_chooses(void **state) {
  (void)state;
  for (int k = 0; k < 3; k++) {
    mtp_context *ctx = mtp_context_new();
    mtp_train_options options = mtp_train_defaults();
    fixture f = {.ctx = ctx, .random = {42}};
    f.set = silicon(ctx, &f.random, 150);
    if (k < 2) label_by_size_6(&f, 0.03 * k);
    f.pot = untrained(ctx, k < 2 ? 4 : 8, 0, 0);
    const mtp_train_result result = train(&f, &options);
    print_message("%s: size %d, held out %.3g\n", k < 2 ? "labels of size 6" : "silicon", f.pot->radial.size,
                  result.held_out);
    assert_true(isfinite(result.held_out));
    assert_true(k < 2 ? f.pot->radial.size <= 12 : f.pot->radial.size >= 16);
    fixture_close(&f);
  }
}

/* The few that are held out of a small set may tell late what a bond with an end is worth; what is fitted tells. */
static void test_few_held_out(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  fixture f = {.ctx = ctx, .random = {42}};
  f.set = silicon(ctx, &f.random, 24);
  for (unsigned long long seed = 1; seed <= 8; seed++) {
    mtp_train_options options = mtp_train_defaults();
    options.seed = seed;
    options.max_iterations = 10;
    f.pot = untrained(ctx, 8, 0, 0);
    const mtp_train_result result = train(&f, &options);
    print_message("seed %d: size %d, held out %.3g\n", (int)seed, f.pot->radial.size, result.held_out);
    assert_true(f.pot->radial.size >= 16);
    mtp_potential_free(f.pot);
  }
  f.pot = NULL;
  fixture_close(&f);
}

/* Trained, and trained on again with more data, from the file. */
static void test_goes_on_growing(void **state) {
  (void)state;
  fixture f;
  mtp_config_set *test = NULL;
  mtp_context *ctx = mtp_context_new();
  mtp_train_options options = quick();
  char *folder = data_folder_new(), *path = data_path(folder, "pot.mtp");
  open_pairs(&f, 60, untrained(ctx, 6, 0, 0), ctx, &test);
  const size_t all = f.set->n;
  f.set->n = 3; /* nothing is held out of so few, and they do not support more */
  train(&f, &options);
  const int few = f.pot->radial.size;
  assert_true(few < 16);
  data_must(ctx, mtp_potential_write(ctx, f.pot, path));
  mtp_potential_free(f.pot);
  data_must(ctx, mtp_potential_read(ctx, path, &f.pot));
  assert_true(mtp_potential_size_is_free(f.pot) && mtp_potential_min_dist_is_free(f.pot));
  assert_int_equal(f.pot->radial.size, few);
  f.set->n = all;
  train(&f, &options);
  print_message("size %d of few configurations, %d of many\n", few, f.pot->radial.size);
  assert_true(f.pot->radial.size > few);
  assert_true(f.pot->radial.min_dist < smallest_distance(&f, true));
  mtp_config_set_free(test);
  fixture_close(&f);
  data_folder_remove(folder);
  free(path);
}

static void test_fixed_size_stays(void **state) {
  (void)state;
  static const int sizes[] = {4, 8, 9, 16};
  for (size_t k = 0; k < 4; k++)
    for (int again = 0; again < 2; again++) {
      fixture f;
      mtp_context *ctx = mtp_context_new();
      mtp_train_options options = quick();
      fixture_open(&f, 32, 20, untrained(ctx, 6, 1.5, sizes[k]), ctx);
      train(&f, &options);
      if (again) train(&f, &options);
      assert_int_equal(f.pot->radial.size, sizes[k]);
      assert_true(f.pot->radial.min_dist <= 1.5); /* what was asked for, unless atoms are closer */
      fixture_close(&f);
    }
}

/* ---- min_dist ---- */

static void squeeze(mtp_context *ctx, mtp_config *cfg, double r) {
  data_must(ctx, mtp_config_set_feature(ctx, cfg, "squeezed", "1"));
  data_must(ctx, mtp_config_set_feature(ctx, cfg, "config_weight", "0.001"));
  for (int c = 0; c < 3; c++) cfg->x[3 + c] = cfg->x[c] + (c == 0 ? r : 0);
}

static void test_distances(void **state) {
  (void)state;
  for (int squeezed = 0; squeezed < 2; squeezed++)
    for (int fixed = 0; fixed < 2; fixed++) {
      fixture f;
      mtp_context *ctx = mtp_context_new();
      mtp_train_options options = quick();
      fixture_open(&f, 33, 20, untrained(ctx, 6, fixed ? 2.0 : 0, 8), ctx);
      if (squeezed) squeeze(ctx, f.set->configs[3], 1.2);
      train(&f, &options);
      const double all = smallest_distance(&f, true);
      /* where nothing is known below, the range goes on there */
      double want = squeezed || fixed ? 0.99 * all : 0.8 * smallest_distance(&f, false), got = f.pot->radial.min_dist;
      if (fixed && all > 2.0) want = 2.0;
      data_expect_close("min_dist", 1, &got, &want, 1e-12);
      options.max_iterations = MTP_NO_ITERATIONS; /* nothing moves, whatever is asked for */
      options.update_min_dist = true;
      squeeze(ctx, f.set->configs[4], 1.0);
      mtp_potential *before = NULL;
      data_must(ctx, mtp_potential_copy(ctx, f.pot, &before));
      const mtp_train_result none = train(&f, &options);
      assert_int_equal(none.iterations, 0);
      assert_true(f.pot->radial.min_dist == before->radial.min_dist);
      assert_memory_equal(f.pot->params, before->params, before->nparams * sizeof(double));
      mtp_potential_free(before);
      options = quick(); /* and a trained one is extended to the new distance */
      train(&f, &options);
      assert_true(f.pot->radial.min_dist < 1.0);
      fixture_close(&f);
    }
}

/* All of them squeezed: nothing else is there to go by. */
static void test_squeezed_alone(void **state) {
  (void)state;
  fixture f;
  mtp_context *ctx = mtp_context_new();
  mtp_train_options options = quick();
  fixture_open(&f, 34, 12, untrained(ctx, 6, 0, 0), ctx);
  for (size_t k = 0; k < f.set->n; k++) squeeze(ctx, f.set->configs[k], 1.3 + 0.05 * (double)k);
  const mtp_train_result result = train(&f, &options);
  assert_true(isnan(result.held_out));
  assert_true(f.pot->radial.min_dist < 1.3);
  fixture_close(&f);
}

/* ---- kinds of sets and potentials ---- */

static void test_small_sets(void **state) {
  (void)state;
  for (size_t n = 1; n <= 10; n++)
    for (int patience = 0; patience < 2; patience++) {
      fixture f;
      mtp_context *ctx = mtp_context_new();
      mtp_train_options options = quick();
      options.patience = patience;
      fixture_open(&f, 35 + n, n, untrained(ctx, 6, 0, 0), ctx);
      train(&f, &options);
      train(&f, &options);
      fixture_close(&f);
    }
}

static void test_lonely_atoms(void **state) {
  (void)state;
  fixture f;
  mtp_context *ctx = mtp_context_new();
  mtp_train_options options = quick();
  fixture_open(&f, 36, 0, untrained(ctx, 6, 0, 0), ctx);
  for (int k = 0; k < 3; k++) {
    mtp_config *cfg = mtp_config_new(1);
    cfg->has_energy = true;
    cfg->energy = -1.5;
    data_must(ctx, mtp_config_set_append(ctx, f.set, cfg));
  }
  train(&f, &options);
  const double got = f.pot->params[mtp_offset_species(f.pot)], want = -1.5;
  data_expect_close("energy of an atom", 1, &got, &want, 1e-6);
  fixture_close(&f);
}

/* Of other radial bases and of index lists of no level: trained as they are. */
static void test_other_kinds(void **state) {
  (void)state;
  static const mtp_radial_type types[] = {MTP_RADIAL_SHAPEEV, MTP_RADIAL_CHEBYSHEV_REPULS, MTP_RADIAL_CHEBYSHEV};
  for (int k = 0; k < 6; k++) {
    fixture f;
    mtp_context *ctx = mtp_context_new();
    mtp_train_options options = quick();
    mtp_potential *pot = untrained(ctx, 6, 1.5, 8);
    pot->radial.type = types[k % 3];
    mtp_radial_prepare(&pot->radial);
    data_must(ctx, mtp_potential_init_radial(ctx, pot));
    if (k % 3 == 2) {
      pot->basis.nscalars--;
      pot->nparams--;
    }
    fixture_open(&f, 37, 20, pot, ctx);
    options.update_min_dist = k >= 3;
    const double first = train(&f, &options).loss;
    assert_int_equal(f.pot->radial.type, types[k % 3]);
    assert_int_equal(f.pot->radial.size, 8);
    const double got = f.pot->radial.min_dist;
    double want = k >= 3 ? 0.99 * smallest_distance(&f, true) : 1.5;
    if (types[k % 3] == MTP_RADIAL_CHEBYSHEV && k < 3) want = fmin(want, 0.99 * smallest_distance(&f, true));
    data_expect_close("min_dist", 1, &got, &want, 1e-12);
    options.update_min_dist = false;
    assert_true(train(&f, &options).loss <= first * (1 + 1e-9)); /* and goes on from there */
    fixture_close(&f);
  }
}

/* Begun anew it is what an untrained one becomes. */
static void test_fresh(void **state) {
  (void)state;
  fixture f;
  mtp_context *ctx = mtp_context_new();
  mtp_train_options options = quick();
  mtp_potential *other = untrained(ctx, 6, 0, 8), *first = NULL;
  fixture_open(&f, 38, 20, untrained(ctx, 6, 0, 8), ctx);
  train(&f, &options);
  first = f.pot;
  f.pot = other;
  options.seed = 99;
  train(&f, &options); /* something else */
  options.seed = mtp_train_defaults().seed;
  options.fresh = true;
  train(&f, &options);
  assert_int_equal(f.pot->nparams, first->nparams);
  assert_memory_equal(f.pot->params, first->params, first->nparams * sizeof(double));
  mtp_potential_free(first);
  fixture_close(&f);
}

/* However short: a part of the data is left out while larger sizes are tried. */
static void test_never_worse(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  fixture f = {.ctx = ctx, .random = {43}};
  f.set = silicon(ctx, &f.random, 40);
  label_by_size_6(&f, 0.1);
  f.pot = untrained(ctx, 4, 0, 0);
  mtp_train_options options = mtp_train_defaults();
  options.max_iterations = 1500;
  options.tolerance = 1e-6;
  double loss = train(&f, &options).loss; /* as low as it goes */
  options.max_iterations = 1;
  for (unsigned seed = 1; seed <= 4; seed++) {
    options.seed = seed; /* another part is held out */
    const double next = train(&f, &options).loss;
    if (!(next <= loss * (1 + 1e-9))) fail_msg("the loss rises from %.17g to %.17g", loss, next);
    loss = next;
  }
  assert_true(f.pot->radial.size < 20); /* larger sizes were there to be tried */
  fixture_close(&f);
}

static void test_no_iterations(void **state) {
  (void)state;
  fixture f;
  mtp_context *ctx = mtp_context_new();
  mtp_train_options options = quick();
  options.max_iterations = MTP_NO_ITERATIONS;
  fixture_open(&f, 39, 20, untrained(ctx, 6, 0, 0), ctx);
  assert_int_equal(mtp_train(ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_STATE);
  assert_non_null(strstr(mtp_context_message(ctx), "trained"));
  options = quick();
  train(&f, &options);
  mtp_potential *before = NULL;
  data_must(ctx, mtp_potential_copy(ctx, f.pot, &before));
  for (int k = 0; k < 3; k++) {
    options.max_iterations = MTP_NO_ITERATIONS;
    options.fresh = k == 1;
    options.linear = k == 2;
    const mtp_train_result result = train(&f, &options);
    assert_int_equal(result.iterations, 0);
    assert_int_equal(f.pot->nparams, before->nparams);
    assert_memory_equal(f.pot->params, before->params, before->nparams * sizeof(double));
  }
  mtp_potential_free(before);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(test_better_than_direct),
#endif
      cmocka_unit_test(test_held_out_chooses),   cmocka_unit_test(test_few_held_out),
      cmocka_unit_test(test_goes_on_growing),    cmocka_unit_test(test_fixed_size_stays),
      cmocka_unit_test(test_distances),          cmocka_unit_test(test_squeezed_alone),
      cmocka_unit_test(test_small_sets),         cmocka_unit_test(test_lonely_atoms),
      cmocka_unit_test(test_other_kinds),        cmocka_unit_test(test_fresh),
      cmocka_unit_test(test_never_worse),        cmocka_unit_test(test_no_iterations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
