/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_bending.c
 * Radial functions below the closest pair of each kind: what bending costs is what the definition says, and trained
 * functions go on there as those of the data do, whichever kind comes how near. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/training.h"
#include "mtp/errors.h"
#include "mtp/trainer.h"
#include "support_data.h"

#define CUTOFF 5.0

/* Rock salt of 8 atoms: unlike atoms are neighbours, like ones are much farther apart. */
static mtp_config *rock_salt(mtp_random *random, double shake) {
  mtp_config *cfg = mtp_config_new(8);
  const double edge = data_uniform(random, 4.9, 5.3);
  for (size_t k = 0; k < 3; k++) {
    cfg->periodic[k] = true;
    cfg->cell[4 * k] = edge;
  }
  for (size_t i = 0; i < 8; i++) {
    const size_t at[3] = {i & 1, i >> 1 & 1, i >> 2 & 1};
    cfg->species[i] = (int)((at[0] + at[1] + at[2]) % 2);
    for (size_t k = 0; k < 3; k++) cfg->x[3 * i + k] = 0.5 * edge * (double)at[k] + shake * data_uniform(random, -1, 1);
  }
  return cfg;
}

/* What the labels have that no potential fits, eV/A. */
#define NOISE 0.02

/* Exponential repulsion, and attraction of unlike ones; smooth at the cutoff. */
static double pair_energy(int kind, double r, double *slope) {
  const double strength = kind == 1 ? 0.8 : 2.0, range = kind == 1 ? 2.4 : 3.0, depth = kind == 1 ? 1.0 : -0.3;
  const double wall = strength * exp(-3.0 * (r - range)), well = depth * exp(-0.8 * (r - range));
  const double t = (CUTOFF - r) / CUTOFF, end = t * t * t, dend = -3.0 * t * t / CUTOFF;
  *slope = end * (-3.0 * wall + 0.8 * well) + dend * (wall - well);
  return end * (wall - well);
}

static void label(mtp_context *ctx, mtp_random *random, mtp_config *cfg) {
  mtp_neighbors *nb = NULL;
  data_must(ctx, mtp_neighbors_build(ctx, cfg, CUTOFF, &nb));
  data_must(ctx, mtp_config_require_force(ctx, cfg));
  for (size_t k = 0; k < 3 * cfg->n; k++) cfg->force[k] = NOISE * mtp_random_normal(random);
  cfg->has_energy = true;
  cfg->energy = 0;
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t j = (size_t)nb->list[i][q];
      double d[3], r = 0, slope;
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * j + c] - nb->x[3 * i + c], r += d[c] * d[c];
      r = sqrt(r);
      cfg->energy += 0.5 * pair_energy(nb->species[i] + nb->species[j], r, &slope);
      for (size_t c = 0; c < 3; c++) cfg->force[3 * i + c] += slope * d[c] / r;
    }
  mtp_neighbors_free(nb);
}

static mtp_config_set *labelled(mtp_context *ctx, size_t n, double shake, unsigned long long seed) {
  mtp_random random = {seed};
  mtp_config_set *set = mtp_config_set_new();
  assert_int_equal(mtp_config_set_species(set, "Na"), 0);
  assert_int_equal(mtp_config_set_species(set, "Cl"), 1);
  for (size_t k = 0; k < n; k++) {
    mtp_config *cfg = rock_salt(&random, shake);
    label(ctx, &random, cfg);
    data_must(ctx, mtp_config_set_append(ctx, set, cfg));
  }
  return set;
}

typedef struct pair {
  int kind; /* 2 * species of the central atom + that of the neighbour */
  double r;
} pair;

/* All pairs of a set, to be freed. */
static pair *list_pairs(mtp_context *ctx, const mtp_config_set *set, size_t *count) {
  pair *list = NULL;
  *count = 0;
  for (size_t k = 0; k < set->n; k++) {
    mtp_neighbors *nb = NULL;
    data_must(ctx, mtp_neighbors_build(ctx, set->configs[k], CUTOFF, &nb));
    for (size_t i = 0; i < nb->n; i++) {
      list = realloc(list, (*count + (size_t)nb->count[i]) * sizeof *list);
      for (int q = 0; q < nb->count[i]; q++) {
        const double *x = nb->x + 3 * i, *y = nb->x + 3 * (size_t)nb->list[i][q];
        list[(*count)++] = (pair){2 * nb->species[i] + nb->species[nb->list[i][q]],
                                  sqrt(pow(x[0] - y[0], 2) + pow(x[1] - y[1], 2) + pow(x[2] - y[2], 2))};
      }
    }
    mtp_neighbors_free(nb);
  }
  return list;
}

/* closest[4] of each kind. */
static void find_closest(mtp_context *ctx, const mtp_config_set *set, double closest[4]) {
  size_t count;
  pair *list = list_pairs(ctx, set, &count);
  for (int k = 0; k < 4; k++) closest[k] = INFINITY;
  for (size_t k = 0; k < count; k++) closest[list[k].kind] = fmin(closest[list[k].kind], list[k].r);
  free(list);
}

static double value(const mtp_radial *radial, const double *c, double r) {
  double q[MTP_MAX_RADIAL_SIZE], sum = 0;
  mtp_radial_values(radial, r, q, NULL);
  for (int k = 0; k < radial->size; k++) sum += c[k] * q[k];
  return sum;
}

/* Mean square of the second derivative from 0.8 of the closest distance on, times its fourth power, over that of the
 * function at the distances of all pairs. */
static double bending(mtp_context *ctx, const mtp_radial *radial, const double *c, const mtp_config_set *set, int kind,
                      double closest) {
  enum { STEPS = 400 };
  double bent = 0, square = 0, pairs = 0;
  for (int k = 0; k < STEPS; k++) {
    const double r = closest * (0.8 + 0.2 * (k + 0.5) / STEPS), h = 1e-3;
    bent += pow((value(radial, c, r + h) - 2 * value(radial, c, r) + value(radial, c, r - h)) / (h * h), 2) / STEPS;
  }
  size_t count;
  pair *list = list_pairs(ctx, set, &count);
  for (size_t k = 0; k < count; k++)
    if (list[k].kind == kind) square += pow(value(radial, c, list[k].r), 2), pairs++;
  free(list);
  return bent * pow(closest, 4) * pairs / square;
}

static mtp_potential *untrained(mtp_context *ctx, double min_dist, int size) {
  const mtp_potential_spec spec = {.level = 8,
                                   .species_count = 2,
                                   .elements = (const char *const[]){"Na", "Cl"},
                                   .cutoff = CUTOFF,
                                   .min_dist = min_dist,
                                   .radial_size = size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  return pot;
}

/* Sums of forms are the bending times the part of the loss that one of 1e6 costs, shared by all functions, for the
 * kinds that are open; those that begin at their closest pair cost nothing. */
static void forms_are_bending(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_config_set *set = labelled(ctx, 4, 0.2, 5);
  double closest[4], *forms = NULL;
  find_closest(ctx, set, closest);
  mtp_potential *pot = untrained(ctx, 0.99 * closest[1], 9);
  mtp_sample_set *samples = NULL;
  data_must(ctx, mtp_sample_set_borrow(ctx, set, &samples));
  mtp_part parts[4] = {0};
  const mtp_train_options options = mtp_train_defaults();
  mtp_training job = {.ctx = ctx,
                      .options = &options,
                      .top = pot,
                      .pot = pot,
                      .n = samples->n,
                      .sample = samples->sample,
                      .part = parts};
  data_must(ctx, mtp_training_count_pairs(&job));
  data_must(ctx, mtp_training_make_forms(&job, 3.0, &forms));
  const size_t R = (size_t)pot->radial.size, K = (size_t)pot->nradial;
  const double unit = options.bending * 3.0 / (1e6 * 4.0 * (double)K);
  for (int a = 0; a < 2; a++)
    for (int b = 0; b < 2; b++)
      for (size_t mu = 0; mu < K; mu++) {
        const size_t f = mtp_offset_radial(pot, a, b) / R + mu;
        const double *c = pot->params + f * R;
        double sum = 0;
        for (size_t i = 0; i < R; i++)
          for (size_t k = 0; k < R; k++) {
            sum += c[i] * forms[(f * R + i) * R + k] * c[k];
            assert_true(forms[(f * R + i) * R + k] == forms[(f * R + k) * R + i]);
          }
        if (a != b) {
          assert_true(sum == 0.0);
          continue;
        }
        const double want = bending(ctx, &pot->radial, c, set, 3 * a, closest[3 * a]);
        data_expect_close("bending", 1, &sum, &(double){unit * want}, 0.05); /* bins, and points of the mean */
      }
  mtp_training_forget_pairs(&job);
  free(forms);
  mtp_sample_set_free(samples);
  mtp_potential_free(pot);
  mtp_config_set_free(set);
  mtp_context_free(ctx);
}

/* Trained on small vibrations: below their closest pairs no function bends much, and forces of larger ones are wrong by
 * less than they are. */
static void functions_go_on(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  mtp_config_set *set = labelled(ctx, 24, 0.15, 11), *hot = labelled(ctx, 30, 0.3, 12);
  mtp_potential *pot = untrained(ctx, 0, 20);
  mtp_train_options options = mtp_train_defaults();
  mtp_train_result result;
  mtp_errors errors;
  double closest[4], most = 0, beyond[4];
  options.max_iterations = 60;
  find_closest(ctx, set, closest);
  find_closest(ctx, hot, beyond);
  for (int k = 0; k < 4; k++) assert_true(beyond[k] < closest[k] - 0.1);
  data_must(ctx, mtp_train(ctx, &options, pot, set, NULL, &result));
  const size_t R = (size_t)pot->radial.size;
  for (int k = 0; k < 4; k++)
    for (size_t mu = 0; mu < (size_t)pot->nradial; mu++)
      most = fmax(most, bending(ctx, &pot->radial, pot->params + mtp_offset_radial(pot, k / 2, k % 2) + mu * R, set, k,
                                closest[k]));
  data_must(ctx, mtp_errors_compute(ctx, pot, hot, &errors));
  print_message("bending %.3g at most; force RMSE of larger vibrations %.3g of %.3g eV/A\n", most, errors.force.rmse,
                errors.force_rms);
  assert_true(most < 1e8);
  assert_true(errors.force.rmse < 0.5 * errors.force_rms);
  mtp_potential_free(pot);
  mtp_config_set_free(set);
  mtp_config_set_free(hot);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(forms_are_bending),
      cmocka_unit_test(functions_go_on),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
