/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_train.c
 * Training of all parameters: the gradient of the objective against differences, its sketch against all residuals, fits
 * that find what is there to be found, the same bits from any number of threads and ranks, and what ends a run early.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "learn/objective.h"
#include "mtp/normal_equations.h"
#include "mtp/trainer.h"
#include "support_data.h"
#include "support_team.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot; /* to be trained */
  mtp_config_set *set;
} fixture;

/* Labels of a random potential, with some of them missing. */
static void fixture_open(fixture *f, unsigned long long seed, int level, int species, size_t configs) {
  const data_recipe hidden = {level, species, 8, MTP_RADIAL_CHEBYSHEV, 1.9, 4.5};
  const mtp_potential_spec spec = {
      .level = level, .species_count = species, .cutoff = 4.5, .min_dist = 1.9, .radial_size = 8};
  *f = (fixture){.ctx = data_context(), .random = {seed}, .set = mtp_config_set_new()};
  mtp_potential *truth = data_potential(f->ctx, &f->random, &hidden);
  data_must(f->ctx, mtp_potential_new(f->ctx, &spec, &f->pot));
  for (size_t k = 0; k < configs; k++) {
    mtp_config *cfg = data_config(&f->random, (data_shape)(k % DATA_SHAPES), 5 + 2 * (k % 4), species, 2.6);
    data_append_labelled(f->ctx, f->set, truth, cfg);
    mtp_config_free(cfg);
    cfg = f->set->configs[k];
    if (k % 7 == 1) cfg->has_energy = false;
    if (k % 7 == 2) cfg->has_virial = false;
    if (k % 7 == 3) {
      free(cfg->force);
      cfg->force = NULL;
    }
  }
  mtp_potential_free(truth);
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

#define TRAINED MTP_PART_BIT(MTP_PART_TRAINING)

static mtp_objective *objective_of(fixture *f, const mtp_objective_options *options, double *theta) {
  mtp_objective *o = data_objective(f->ctx, options, 2, f->set, f->pot);
  memcpy(theta, f->pot->params, f->pot->nparams * sizeof *theta);
  data_must(f->ctx, mtp_objective_solve(f->ctx, o, TRAINED, 0, theta));
  return o;
}

static double loss_at(fixture *f, mtp_objective *o, const double *theta, double *gradient) {
  mtp_fit_stats stats[MTP_PARTS];
  data_must(f->ctx, mtp_objective_pass(f->ctx, o, theta, TRAINED, TRAINED, stats, gradient));
  return mtp_objective_loss(o, theta, stats, TRAINED);
}

/* Along a line each parameter moves by a part of itself. An energy of level 8 is then a polynomial of degree 5 in the
 * step (up to four radial functions and a linear coefficient), forces and virial too, and the loss one of degree 10: a
 * central quotient of five pairs of points gives its slope without truncation, so the step may be large, and
 * differences of order 11 hold nothing but the rounding of the loss, here on this machine. */
enum { LINE = 7, POINTS = 2 * LINE + 1, DEGREE = 10, DIRECTIONS = 10 };
#define STEP 1e-2

static void loss_along(fixture *f, mtp_objective *o, const double *theta, mtp_random direction, double loss[POINTS]) {
  const size_t n = f->pot->nparams;
  double *trial = data_calloc(n, sizeof *trial);
  for (int p = 0; p < POINTS; p++) {
    mtp_random same = direction;
    for (size_t i = 0; i < n; i++) trial[i] = theta[i] * (1.0 + (p - LINE) * STEP * mtp_random_normal(&same));
    loss[p] = loss_at(f, o, trial, NULL);
  }
  free(trial);
}

static const double stencil[DEGREE / 2] = {5.0 / 6, -5.0 / 21, 5.0 / 84, -5.0 / 504, 1.0 / 1260};

static double slope_of(const double loss[POINTS]) {
  double sum = 0;
  for (int p = 0; p < DEGREE / 2; p++) sum += stencil[p] * (loss[LINE + p + 1] - loss[LINE - p - 1]);
  return sum / STEP;
}

/* Variance of the rounding of a loss: differences of order k of independent errors have binomial(2 k, k) times theirs.
 */
static double rounding_of(const double loss[POINTS]) {
  double d[POINTS], sum = 0, growth = 1;
  const int order = DEGREE + 1, left = POINTS - order;
  memcpy(d, loss, sizeof d);
  for (int k = 1; k <= order; k++) {
    growth *= (order + k) / (double)k;
    for (int p = 0; p < POINTS - k; p++) d[p] = d[p + 1] - d[p];
  }
  for (int p = 0; p < left; p++) sum += d[p] * d[p] / left;
  return sum / growth;
}

/* A random positive form for each radial function, that makes about `size` of the present ones. */
static double *random_forms(const fixture *f, double size) {
  const size_t R = (size_t)f->pot->radial.size, functions = mtp_offset_species(f->pot) / R;
  mtp_random random = {77};
  double *forms = data_calloc(functions * R * R, sizeof *forms), v[MTP_MAX_RADIAL_SIZE];
  for (size_t k = 0; k < functions; k++) {
    const double *c = f->pot->params + k * R;
    double square = 1e-12;
    for (size_t i = 0; i < R; i++) square += c[i] * c[i];
    for (size_t i = 0; i < R; i++) v[i] = mtp_random_normal(&random);
    for (size_t i = 0; i < R; i++)
      for (size_t j = 0; j < R; j++) forms[(k * R + i) * R + j] = size / (double)functions * v[i] * v[j] / square;
  }
  return forms;
}

/* Four differences that hang together are a poor sample of the rounding, so that of all directions is taken. The
 * gradient rounds by about as much as the quotient. */
static void check_gradient(int species, const mtp_objective_options *options, bool with_forms) {
  fixture f;
  fixture_open(&f, 3, 8, species, 9);
  double *forms = NULL;
  const size_t n = f.pot->nparams;
  double *theta = data_calloc(n, sizeof *theta), *gradient = data_calloc(n, sizeof *gradient);
  double want[DIRECTIONS] = {0}, got[DIRECTIONS], variance = 0, weight = 0;
  mtp_objective *o = objective_of(&f, options, theta);
  if (with_forms) {
    const double before = loss_at(&f, o, theta, NULL);
    forms = random_forms(&f, before);
    mtp_objective_set_forms(o, forms);
    assert_true(loss_at(&f, o, theta, NULL) > 1.1 * before);
  }
  loss_at(&f, o, theta, gradient);
  for (int k = 0; k < DIRECTIONS; k++) {
    double loss[POINTS];
    mtp_random direction = {(unsigned)k};
    loss_along(&f, o, theta, direction, loss);
    for (size_t i = 0; i < n; i++) want[k] += gradient[i] * theta[i] * mtp_random_normal(&direction);
    got[k] = slope_of(loss);
    variance += rounding_of(loss) / DIRECTIONS;
  }
  for (int p = 0; p < DEGREE / 2; p++) weight += 2 * stencil[p] * stencil[p];
  const double error = 8 * sqrt(weight * variance) / STEP;
  assert_true(error < 1e-8 * data_largest(DIRECTIONS, want)); /* a loss that is no such polynomial hides nothing */
  for (int k = 0; k < DIRECTIONS; k++)
    if (!(fabs(got[k] - want[k]) <= error))
      fail_msg("along direction %d: gradient %.17g, quotient %.17g, may differ by %.3g", k, want[k], got[k], error);
  mtp_objective_free(o);
  free(theta);
  free(gradient);
  free(forms);
  fixture_close(&f);
}

static void test_gradient(void **state) {
  (void)state;
  for (int weighting = 0; weighting < 3; weighting++)
    for (int phi = 0; phi < 2; phi++) {
      const mtp_objective_options options = {.weights = {1, 0.01, 0.001, (mtp_weighting)weighting},
                                             .scale_by_force = 0.5 * phi,
                                             .penalty = 1e-2 * weighting,
                                             .memory = 1e9};
      check_gradient(1 + phi, &options, weighting == 2);
    }
}

#ifdef __SANITIZE_ADDRESS__ /* many times slower */
enum { COMBINATIONS = 4000 };
#else
enum { COMBINATIONS = 40000 };
#endif

/* With many combinations the sketch is the Gauss-Newton matrix: that of the linear coefficients is the normal matrix.
 */
static void test_sketch(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 5, 6, 2, 8);
  const size_t n = f.pot->nparams;
  const mtp_objective_options options = {.weights = {1, 0.01, 0.001, MTP_WEIGHT_VIBRATIONS}, .memory = 1e9};
  double *theta = data_calloc(n, sizeof *theta), *gn = data_calloc(n * n, sizeof *gn),
         *diagonal = data_calloc(n, sizeof *gn);
  mtp_objective *o = objective_of(&f, &options, theta);
  data_must(f.ctx, mtp_objective_sketch(f.ctx, o, theta, TRAINED, COMBINATIONS, 7, true, gn));
  data_must(f.ctx, mtp_objective_sketch(f.ctx, o, theta, TRAINED, COMBINATIONS, 7, false, diagonal));
  mtp_normal *nq = NULL;
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, options.weights, &nq));
  for (size_t k = 0; k < f.set->n; k++) data_must(f.ctx, mtp_normal_add(f.ctx, nq, f.set->configs[k]));
  const size_t m = mtp_normal_size(nq), first = n - m;
  const double *matrix = mtp_normal_matrix(nq);
  for (size_t i = 0; i < n; i++) data_expect_close("diagonal", 1, &diagonal[i], &gn[i * n + i], 1e-12);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j <= i; j++) {
      const double scale = sqrt(matrix[i * m + i] * matrix[j * m + j]) * 2.0 / (double)f.set->n;
      const double got = gn[(first + i) * n + first + j], want = matrix[i * m + j] * 2.0 / (double)f.set->n;
      data_expect_near("entry of the sketch", 1, &got, &want, scale, 9 / sqrt(COMBINATIONS));
    }
  mtp_normal_free(nq);
  mtp_objective_free(o);
  free(theta);
  free(gn);
  free(diagonal);
  fixture_close(&f);
}

/* Second derivatives of the forms, in the triangle and on the diagonal alone. */
static void test_forms(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 5, 4, 2, 8);
  const size_t n = f.pot->nparams, R = (size_t)f.pot->radial.size;
  const mtp_objective_options options = {.weights = {1, 0.01, 0.001, MTP_WEIGHT_VIBRATIONS}, .memory = 1e9};
  double *theta = data_calloc(n, sizeof *theta), *gn = data_calloc(n * n, sizeof *gn),
         *diagonal = data_calloc(n, sizeof *gn), *forms = random_forms(&f, 1.0);
  mtp_objective *o = objective_of(&f, &options, theta);
  mtp_objective_set_forms(o, forms);
  mtp_objective_add_forms(o, true, gn);
  mtp_objective_add_forms(o, false, diagonal);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j <= i; j++) {
      const bool inside = i < mtp_offset_species(f.pot) && i / R == j / R;
      assert_true(gn[i * n + j] == (inside ? 2.0 * forms[(i / R * R + i % R) * R + j % R] : 0.0));
      if (i == j) assert_true(diagonal[i] == gn[i * n + i]);
    }
  mtp_objective_set_forms(o, NULL);
  assert_true(loss_at(&f, o, theta, NULL) > 0);
  mtp_objective_free(o);
  free(theta);
  free(gn);
  free(diagonal);
  free(forms);
  fixture_close(&f);
}

static mtp_train_options quick(void) {
  mtp_train_options options = mtp_train_defaults();
  options.max_iterations = 60;
  options.starts = 2;
  return options;
}

static double train(fixture *f, const mtp_train_options *options, mtp_train_result *result) {
  mtp_train_result unused;
  if (!result) result = &unused;
  data_must(f->ctx, mtp_train(f->ctx, options, f->pot, f->set, NULL, result));
  assert_true(mtp_potential_is_trained(f->pot));
  return result->loss;
}

/* What a linear fit cannot reach, and mtp_errors as the judge. */
static void test_learns(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 21, 8, 1, 40);
  mtp_train_options options = quick();
  mtp_errors before, after;
  options.linear = true;
  const double linear = train(&f, &options, NULL);
  data_must(f.ctx, mtp_errors_compute(f.ctx, f.pot, f.set, &before));
  options.linear = false;
  const double gone_on = train(&f, &options, NULL);
  options.fresh = true;
  options.max_iterations = 300;
  const double full = train(&f, &options, NULL);
  data_must(f.ctx, mtp_errors_compute(f.ctx, f.pot, f.set, &after));
  assert_true(gone_on < 0.2 * linear);
  assert_true(full < 0.01 * linear);
  assert_true(after.force.rmse < 0.1 * before.force.rmse);
  fixture_close(&f);
}

/* Continuation: the potential of level 14 is reached by way of 12. */
static bool note_levels(void *user, const mtp_train_progress *p) {
  unsigned *seen = user;
  *seen |= 1u << (p->level / 2);
  assert_true(isfinite(p->loss) && isfinite(p->training.force) && p->iteration <= p->max_iterations);
  return true;
}

static void test_continuation(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 22, 14, 1, 30);
  unsigned seen = 0;
  mtp_train_options options = quick();
  options.max_iterations = 5;
  options.watch = note_levels;
  options.user = &seen;
  train(&f, &options, NULL);
  assert_int_equal(seen, 1u << 6 | 1u << 7);
  fixture_close(&f);
}

/* ---- the same bits ---- */

typedef struct variant {
  int threads;
  double memory;
  double *theta; /* what came out */
} variant;

static void train_variant(mtp_context *ctx, const mtp_comm *comm, void *user) {
  variant *v = user;
  fixture f;
  (void)ctx;
  fixture_open(&f, 23, 8, 2, 60);
  mtp_train_options options = quick();
  options.max_iterations = 20;
  options.threads = v->threads;
  options.memory = v->memory;
  options.comm = comm;
  train(&f, &options, NULL);
  if (comm) mtp_trainer_end_help(comm);
  v->theta = data_calloc(f.pot->nparams, sizeof(double));
  memcpy(v->theta, f.pot->params, f.pot->nparams * sizeof(double));
  fixture_close(&f);
}

static void serve(mtp_context *ctx, const mtp_comm *comm, void *user) {
  (void)user;
  if (mtp_trainer_help(ctx, comm) != MTP_OK) abort();
}

static void test_same_bits(void **state) {
  (void)state;
  const size_t n = 2 * 2 * 2 * 8 + 2 + 9; /* level 8: two radial functions, nine scalars */
  variant alone = {.threads = 1, .memory = 1e9};
  train_variant(NULL, NULL, &alone);
  variant others[] = {{.threads = 3, .memory = 1e9}, {.threads = 1, .memory = 0}, {.threads = 2, .memory = 1e5}};
  for (size_t k = 0; k < 3; k++) {
    train_variant(NULL, NULL, &others[k]);
    assert_memory_equal(others[k].theta, alone.theta, n * sizeof(double));
    free(others[k].theta);
  }
  for (int size = 2; size <= 3; size++) {
    variant shared = {.threads = size - 1, .memory = 1e9};
    team_run(size, train_variant, serve, &shared);
    assert_memory_equal(shared.theta, alone.theta, n * sizeof(double));
    free(shared.theta);
  }
  free(alone.theta);
}

/* ---- ends and restarts ---- */

typedef struct stopper {
  long after, calls;
  const char *stage;
  bool die;   /* the process ends at once */
  long first; /* iteration at the first call, and the stage */
  char first_stage[16];
} stopper;

static bool stop_after(void *user, const mtp_train_progress *p) {
  stopper *s = user;
  if (s->calls++ == 0) {
    s->first = p->iteration;
    snprintf(s->first_stage, sizeof s->first_stage, "%s", p->stage);
  }
  if (strcmp(p->stage, s->stage) != 0 || p->iteration < s->after) return true;
  if (s->die) _exit(0);
  return false;
}

static void test_stops(void **state) {
  (void)state;
  static const char *const stages[] = {"start", "level", "radial", "final"};
  for (size_t k = 0; k < 4; k++) { /* whenever it is, the result is a potential of the right level that is fitted */
    fixture f;
    fixture_open(&f, 24, 14, 1, 30);
    stopper s = {.after = 3, .stage = stages[k]};
    mtp_train_options options = quick();
    mtp_train_result result;
    options.watch = stop_after;
    options.user = &s;
    const double loss = train(&f, &options, &result);
    assert_true(result.stopped);
    assert_int_equal(mtp_potential_level(f.pot), 14);
    options.watch = NULL;
    options.linear = true;
    assert_true(loss <= train(&f, &options, NULL) * (1 + 1e-6)); /* already solved for its radial functions */
    fixture_close(&f);
  }
  fixture f;
  fixture_open(&f, 24, 14, 1, 30);
  mtp_train_options options = quick();
  mtp_train_result result;
  options.max_seconds = 1e-6;
  train(&f, &options, &result);
  assert_true(result.stopped);
  fixture_close(&f);
}

static void test_resumes(void **state) {
  (void)state;
  char *folder = data_folder_new(), *path = data_path(folder, "checkpoint");
  static const char *const stages[] = {"level", "radial", "final"};
  for (size_t k = 0; k < 3; k++) {
    mtp_train_options options = quick();
    options.checkpoint = path;
    options.watch = stop_after;
    const pid_t child = fork();
    if (child == 0) {
      fixture f;
      fixture_open(&f, 25, 14, 1, 30);
      stopper s = {.after = 7, .stage = stages[k], .die = true};
      options.user = &s;
      options.checkpoint_seconds = 0;
      mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL);
      _exit(1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(access(path, F_OK), 0);
    fixture f;
    stopper s = {.stage = ""};
    fixture_open(&f, 25, 14, 1, 30);
    options.user = &s;
    f.set->configs[0]->energy += 1e-3; /* another training set must not go on from it */
    assert_int_equal(mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_STATE);
    assert_non_null(strstr(mtp_context_message(f.ctx), path));
    assert_false(mtp_potential_is_trained(f.pot));
    f.set->configs[0]->energy -= 1e-3;
    fixture_close(&f);
    fixture_open(&f, 25, 14, 1, 30);
    train(&f, &options, NULL);
    assert_string_equal(s.first_stage, stages[k]);
    assert_int_equal(s.first, 7);
    assert_int_not_equal(access(path, F_OK), 0);
    fixture_close(&f);
  }
  data_folder_remove(folder);
  free(path);
}

/* The lowest validation loss on the way is that of the result. */
typedef struct lowest {
  double loss;
} lowest;

static bool note_lowest(void *user, const mtp_train_progress *p) {
  lowest *l = user;
  if (strcmp(p->stage, "final") == 0 && p->validation_loss < l->loss) l->loss = p->validation_loss;
  return true;
}

static void test_patience(void **state) {
  (void)state;
  fixture f, valid;
  fixture_open(&f, 26, 8, 1, 8);
  fixture_open(&valid, 27, 8, 1, 8); /* labels of another potential: what is learned here is wrong there */
  lowest l = {INFINITY};
  mtp_train_options options = quick();
  options.patience = 3;
  options.watch = note_lowest;
  options.user = &l;
  data_must(f.ctx, mtp_train(f.ctx, &options, f.pot, f.set, valid.set, NULL));
  const mtp_objective_options plain = {.weights = options.weights, .memory = 1e9};
  double *theta = data_calloc(f.pot->nparams, sizeof *theta);
  mtp_potential_free(valid.pot);
  data_must(f.ctx, mtp_potential_copy(f.ctx, f.pot, &valid.pot));
  mtp_objective *o = objective_of(&valid, &plain, theta);
  const double loss = loss_at(&valid, o, f.pot->params, NULL);
  data_expect_close("validation loss", 1, &loss, &l.loss, 1e-9);
  mtp_objective_free(o);
  free(theta);
  fixture_close(&valid);
  fixture_close(&f);
}

static void test_bad_input(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 28, 6, 1, 4);
  mtp_train_options options = quick();
  mtp_config *cfg = f.set->configs[2];
  const double x = cfg->x[4];
  cfg->x[4] = NAN;
  assert_int_equal(mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_NUMERIC);
  assert_non_null(strstr(mtp_context_message(f.ctx), "configuration 3"));
  cfg->x[4] = x;
  cfg->species[1] = 1;
  assert_int_equal(mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_ARGUMENT);
  cfg->species[1] = 0;
  options.weights.energy = -1;
  assert_int_equal(mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_ARGUMENT);
  options = quick();
  options.threads = 0;
  assert_int_equal(mtp_train(f.ctx, &options, f.pot, f.set, NULL, NULL), MTP_ERR_ARGUMENT);
  options = quick();
  assert_int_equal(mtp_train(f.ctx, &options, NULL, f.set, NULL, NULL), MTP_ERR_ARGUMENT);
  mtp_config_set *empty = mtp_config_set_new();
  assert_int_equal(mtp_train(f.ctx, &options, f.pot, empty, NULL, NULL), MTP_ERR_STATE);
  mtp_config_set_free(empty);
  assert_false(mtp_potential_is_trained(f.pot));
  fixture_close(&f);
}

static void test_min_dist(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 29, 6, 1, 6);
  mtp_train_options options = quick();
  options.update_min_dist = true;
  double smallest = INFINITY;
  for (size_t k = 0; k < f.set->n; k++) {
    mtp_neighbors *nb = NULL;
    data_must(f.ctx, mtp_neighbors_build(f.ctx, f.set->configs[k], 4.5, &nb));
    for (size_t i = 0; i < nb->n; i++)
      for (int q = 0; q < nb->count[i]; q++) {
        double d2 = 0;
        for (int a = 0; a < 3; a++) d2 += pow(nb->x[3 * nb->list[i][q] + a] - nb->x[3 * i + (size_t)a], 2);
        smallest = fmin(smallest, sqrt(d2));
      }
    mtp_neighbors_free(nb);
  }
  train(&f, &options, NULL);
  const double got = mtp_potential_min_dist(f.pot), want = 0.99 * smallest;
  data_expect_close("min_dist", 1, &got, &want, 1e-12);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_gradient),  cmocka_unit_test(test_sketch),       cmocka_unit_test(test_forms),
      cmocka_unit_test(test_learns),    cmocka_unit_test(test_continuation), cmocka_unit_test(test_same_bits),
      cmocka_unit_test(test_stops),     cmocka_unit_test(test_resumes),      cmocka_unit_test(test_patience),
      cmocka_unit_test(test_bad_input), cmocka_unit_test(test_min_dist),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
