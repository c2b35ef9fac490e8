/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_trainer.c
 * The linear fit against brute force: the normal equations from the oracle's derivatives of every basis function, known
 * coefficients recovered from labels, losses from evaluated deviations, and what must not blow up. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/evaluator.h"
#include "mtp/normal_equations.h"
#include "mtp/trainer.h"
#include "support_data.h"
#include "support_naive.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *set;
} fixture;

static void fixture_open(fixture *f, unsigned long long seed, data_recipe recipe, size_t configs, size_t atoms) {
  memset(f, 0, sizeof(*f));
  f->ctx = data_context();
  f->random.state = seed;
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  f->set = mtp_config_set_new();
  for (size_t k = 0; k < configs; k++) {
    mtp_config *cfg = data_config(&f->random, (data_shape)(k % DATA_SHAPES), atoms + k % 3, recipe.species, 2.7);
    data_append_labelled(f->ctx, f->set, f->pot, cfg);
    mtp_config_free(cfg);
  }
}

static void fixture_close(fixture *f) {
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static const data_recipe small = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0};
static const data_recipe repulsive = {6, 1, 6, MTP_RADIAL_CHEBYSHEV_REPULS, 2.6, 5.0};

/* Labels that no potential has, and some of them missing. */
static void spoil(fixture *f, double noise, bool drop) {
  for (size_t k = 0; k < f->set->n; k++) {
    mtp_config *cfg = f->set->configs[k];
    cfg->energy += noise * mtp_random_normal(&f->random);
    for (size_t i = 0; i < 3 * cfg->n; i++) cfg->force[i] += noise * mtp_random_normal(&f->random);
    for (int a = 0; a < 6; a++) cfg->virial[a] += noise * mtp_random_normal(&f->random);
    if (!drop) continue;
    if (k % 4 == 1) cfg->has_energy = false;
    if (k % 4 == 2) cfg->has_virial = false;
    if (k % 4 == 3) {
      free(cfg->force);
      cfg->force = NULL;
    }
  }
}

/* Factors of a configuration of N atoms as the header states them. */
static mtp_weights factors(mtp_weights w, double n) {
  if (w.weighting == MTP_WEIGHT_VIBRATIONS) return (mtp_weights){w.energy / n, w.force, w.stress / n, w.weighting};
  if (w.weighting == MTP_WEIGHT_MOLECULES) return w;
  return (mtp_weights){w.energy / n / n, w.force / n, w.stress / n / n, w.weighting};
}

/* Adds weight * (row row^T, row target). */
static void add_equation(size_t m, const double *row, double target, double weight, double *matrix, double *rhs) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < m; j++) matrix[i * m + j] += weight * row[i] * row[j];
    rhs[i] += weight * row[i] * target;
  }
}

/* Energy, forces and virial of configuration by unknown (species constants first), one equation at a time. What has no
 * coefficient (the repulsion) is what the oracle's labels have more than its basis functions explain. */
static void brute_force(const mtp_potential *pot, const mtp_config *cfg, mtp_weights weights, double *matrix,
                        double *rhs) {
  static const size_t index[6] = {0, 4, 8, 1, 2, 5};
  const size_t species = (size_t)pot->nspecies, scalars = (size_t)pot->basis.nscalars, m = species + scalars;
  const double *x = pot->params + mtp_offset_species(pot);
  const mtp_weights w = factors(weights, (double)cfg->n);
  naive_result *res = naive_config(pot, cfg);
  double *row = data_calloc(m, sizeof(double));
  for (size_t i = 0; i < cfg->n; i++) {
    row[cfg->species[i]] += 1;
    for (size_t t = 0; t < scalars; t++) row[species + t] += res->scalars[i * scalars + t];
  }
  double rest = res->energy;
  for (size_t i = 0; i < m; i++) rest -= x[i] * row[i];
  if (cfg->has_energy) add_equation(m, row, cfg->energy - rest, w.energy, matrix, rhs);
  memset(row, 0, m * sizeof(double));
  for (size_t c = 0; cfg->force && c < 3 * cfg->n; c++) {
    rest = res->force[c];
    for (size_t t = 0; t < scalars; t++) {
      row[species + t] = res->basis_force[t * 3 * cfg->n + c];
      rest -= x[species + t] * row[species + t];
    }
    add_equation(m, row, cfg->force[c] - rest, w.force, matrix, rhs);
  }
  for (size_t c = 0; cfg->has_virial && c < 6; c++) {
    rest = res->virial[c];
    for (size_t t = 0; t < scalars; t++) {
      row[species + t] = res->basis_virial[9 * t + index[c]];
      rest -= x[species + t] * row[species + t];
    }
    add_equation(m, row, cfg->virial[c] - rest, (c < 3 ? 1 : 2) * w.stress, matrix, rhs);
  }
  free(row);
  naive_result_free(res);
}

static void add_all(fixture *f, mtp_normal *nq, size_t first, size_t last) {
  for (size_t k = first; k < last; k++) data_must(f->ctx, mtp_normal_add(f->ctx, nq, f->set->configs[k]));
}

static void test_normal_equations(void **state) {
  (void)state;
  for (int k = 0; k < 6; k++) {
    fixture f;
    fixture_open(&f, 10 + (unsigned)k, k % 2 ? repulsive : small, 9, 5);
    spoil(&f, 0.1, true);
    const mtp_weights weights = {1.7, 0.03, 0.002, (mtp_weighting)(k / 2)};
    mtp_normal *nq = NULL;
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, weights, &nq));
    add_all(&f, nq, 0, f.set->n);
    const size_t m = mtp_normal_size(nq);
    assert_int_equal(m, f.pot->nspecies + f.pot->basis.nscalars);
    assert_int_equal(mtp_normal_configs(nq), f.set->n);
    double *matrix = data_calloc(m * m, sizeof(double)), *rhs = data_calloc(m, sizeof(double));
    for (size_t c = 0; c < f.set->n; c++) brute_force(f.pot, f.set->configs[c], weights, matrix, rhs);
    data_expect_close("matrix", m * m, mtp_normal_matrix(nq), matrix, 1e-11);
    for (size_t i = 0; i < m; i++) { /* small coefficients on their own scale */
      for (size_t j = 0; j < m; j++) {
        const double scale = sqrt(matrix[i * m + i] * matrix[j * m + j]);
        data_expect_near("element", 1, &mtp_normal_matrix(nq)[i * m + j], &matrix[i * m + j], scale, 1e-11);
        assert_true(mtp_normal_matrix(nq)[i * m + j] == mtp_normal_matrix(nq)[j * m + i]);
      }
    }
    data_expect_close("right-hand side", m, mtp_normal_rhs(nq), rhs, 1e-9);
    free(matrix);
    free(rhs);
    mtp_normal_free(nq);
    fixture_close(&f);
  }
}

/* The objective straight from its definition. */
static double loss_by_evaluation(fixture *f, mtp_potential *pot, mtp_weights weights) {
  mtp_evaluator *ev = NULL;
  double sum = 0;
  data_must(f->ctx, mtp_evaluator_new(f->ctx, pot, &ev));
  for (size_t k = 0; k < f->set->n; k++) {
    const mtp_config *ref = f->set->configs[k];
    const mtp_weights w = factors(weights, (double)ref->n);
    mtp_config *cfg = mtp_config_copy(ref);
    data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, cfg, 0));
    if (ref->has_energy) sum += w.energy * pow(cfg->energy - ref->energy, 2);
    for (size_t i = 0; ref->force && i < 3 * ref->n; i++) sum += w.force * pow(cfg->force[i] - ref->force[i], 2);
    for (int a = 0; ref->has_virial && a < 6; a++) {
      sum += (a < 3 ? 1 : 2) * w.stress * pow(cfg->virial[a] - ref->virial[a], 2);
    }
    mtp_config_free(cfg);
  }
  mtp_evaluator_free(ev);
  return sum / (double)f->set->n;
}

static void set_linear(fixture *f, mtp_potential *pot, const double *x) {
  double *theta = data_calloc(pot->nparams, sizeof(double));
  memcpy(theta, pot->params, mtp_offset_species(pot) * sizeof(double));
  memcpy(theta + mtp_offset_species(pot), x, (pot->nparams - mtp_offset_species(pot)) * sizeof(double));
  data_must(f->ctx, mtp_potential_set_parameters(f->ctx, pot, theta));
  free(theta);
}

static void test_loss(void **state) {
  (void)state;
  for (int k = 0; k < 6; k++) {
    fixture f;
    fixture_open(&f, 30 + (unsigned)k, k % 2 ? repulsive : small, 8, 5);
    spoil(&f, 0.3, k < 4);
    const mtp_weights weights = {2, 0.05, 0.004, (mtp_weighting)(k % 3)};
    mtp_normal *nq = NULL;
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, weights, &nq));
    add_all(&f, nq, 0, f.set->n);
    const size_t m = mtp_normal_size(nq);
    double *x = data_calloc(m, sizeof(double)), *best = data_calloc(m, sizeof(double));
    data_must(f.ctx, mtp_normal_solve(f.ctx, nq, 1e-13, best));
    mtp_potential *pot = NULL;
    data_must(f.ctx, mtp_potential_copy(f.ctx, f.pot, &pot));
    set_linear(&f, pot, best);
    const double lowest = loss_by_evaluation(&f, pot, weights);
    assert_true(lowest > 0);
    for (int round = 0; round < 4; round++) {
      for (size_t i = 0; i < m; i++) x[i] = best[i] * (1 + 0.01 * round * mtp_random_normal(&f.random));
      set_linear(&f, pot, x);
      const double want = loss_by_evaluation(&f, pot, weights), got = mtp_normal_loss(nq, x);
      data_expect_near("loss", 1, &got, &want, 0, 1e-6);
      assert_true(want >= lowest * (1 - 1e-6)); /* the solution is the minimum */
    }
    mtp_potential_free(pot);
    free(x);
    free(best);
    mtp_normal_free(nq);
    fixture_close(&f);
  }
}

/* Labels of a potential of the same radial functions: the fit finds it again, for every weighting, with or without
 * some of the labels. */
static void test_known_coefficients(void **state) {
  (void)state;
  for (int k = 0; k < 6; k++) {
    fixture f;
    fixture_open(&f, 50 + (unsigned)k, k % 2 ? repulsive : small, 16, 6);
    spoil(&f, 0, k >= 3);
    mtp_weights weights = mtp_weights_default();
    weights.weighting = (mtp_weighting)(k % 3);
    const double *truth = f.pot->params + mtp_offset_species(f.pot);
    mtp_normal *nq = NULL;
    mtp_potential *pot = NULL;
    mtp_evaluator *ev = NULL;
    data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, weights, &nq));
    add_all(&f, nq, 0, f.set->n);
    data_must(f.ctx, mtp_potential_copy(f.ctx, f.pot, &pot));
    double *junk = data_calloc(mtp_normal_size(nq), sizeof(double));
    set_linear(&f, pot, junk); /* nothing left of the truth */
    data_must(f.ctx, mtp_normal_fit(f.ctx, nq, 1e-13, pot));
    data_expect_close("coefficients", mtp_normal_size(nq), pot->params + mtp_offset_species(pot), truth, 1e-5);
    data_must(f.ctx, mtp_evaluator_new(f.ctx, pot, &ev));
    for (int c = 0; c < 5; c++) { /* also where it was not fitted */
      mtp_config *cfg = data_config(&f.random, (data_shape)c, 7, f.pot->nspecies, 2.7);
      naive_result *want = naive_config(f.pot, cfg);
      data_must(f.ctx, mtp_evaluator_config(f.ctx, ev, cfg, 0));
      data_expect_close("forces", 3 * cfg->n, cfg->force, want->force, 1e-7);
      data_expect_near("energy", 1, &cfg->energy, &want->energy, data_largest(cfg->n, want->site_energy), 1e-7);
      naive_result_free(want);
      mtp_config_free(cfg);
    }
    free(junk);
    mtp_evaluator_free(ev);
    mtp_potential_free(pot);
    mtp_normal_free(nq);
    fixture_close(&f);
  }
}

/* Added one by one with solves in between, in another order: the same. */
static void test_incremental(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 70, small, 12, 5);
  spoil(&f, 0.2, true);
  mtp_normal *once = NULL, *grown = NULL;
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_mlip(), &once));
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_mlip(), &grown));
  const size_t m = mtp_normal_size(once);
  double *a = data_calloc(m, sizeof(double)), *b = data_calloc(m, sizeof(double));
  add_all(&f, once, 0, f.set->n);
  for (size_t k = f.set->n; k-- > 0;) {
    add_all(&f, grown, k, k + 1);
    data_must(f.ctx, mtp_normal_solve(f.ctx, grown, 0, b));
  }
  data_expect_close("matrix", m * m, mtp_normal_matrix(grown), mtp_normal_matrix(once), 1e-13);
  data_expect_close("right-hand side", m, mtp_normal_rhs(grown), mtp_normal_rhs(once), 1e-12);
  data_must(f.ctx, mtp_normal_solve(f.ctx, once, 0, a));
  const double first = mtp_normal_loss(once, a), second = mtp_normal_loss(once, b);
  data_expect_close("loss", 1, &second, &first, 1e-6);
  free(a);
  free(b);
  mtp_normal_free(once);
  mtp_normal_free(grown);
  fixture_close(&f);
}

/* sqrt(sum A_ii x_i^2): the size of a solution in units in which every column has length one. */
static double scaled_norm(const mtp_normal *nq, const double *x) {
  const size_t m = mtp_normal_size(nq);
  double sum = 0;
  for (size_t i = 0; i < m; i++) sum += mtp_normal_matrix(nq)[i * m + i] * x[i] * x[i];
  return sqrt(sum);
}

static void check_bounded(fixture *f, const char *what, double bound) {
  mtp_normal *nq = NULL;
  data_must(f->ctx, mtp_normal_new(f->ctx, f->pot, mtp_weights_default(), &nq));
  add_all(f, nq, 0, f->set->n);
  const size_t m = mtp_normal_size(nq);
  double *x = data_calloc(m, sizeof(double)), *zero = data_calloc(m, sizeof(double));
  for (int k = 0; k < 2; k++) {
    data_must(f->ctx, mtp_normal_solve(f->ctx, nq, k ? 1e-11 : 0, x));
    for (size_t i = 0; i < m; i++) assert_true(isfinite(x[i]));
    const double labels = mtp_normal_loss(nq, zero), left = mtp_normal_loss(nq, x);
    const double size = scaled_norm(nq, x) / sqrt(labels * (double)f->set->n);
    print_message("%s: scaled solution %.3g times the labels, loss %.3g of that of zero\n", what, size, left / labels);
    assert_true(size < bound);
    assert_true(left < 1e-3 * labels);
  }
  free(x);
  free(zero);
  mtp_normal_free(nq);
}

/* All configurations of one composition: the species constants cannot be told apart, and share evenly. */
static void test_single_composition(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 80, small, 0, 0);
  for (size_t k = 0; k < 20; k++) {
    mtp_config *cfg = data_config(&f.random, (data_shape)(k % DATA_SHAPES), 8, 2, 2.7);
    for (size_t i = 0; i < 8; i++) cfg->species[i] = i % 4 == 0; /* six of the first, two of the second */
    data_append_labelled(f.ctx, f.set, f.pot, cfg);
    f.set->configs[k]->energy -= 800; /* as total energies of a QM engine */
    mtp_config_free(cfg);
  }
  check_bounded(&f, "single composition", 1e4);
  mtp_normal *nq = NULL;
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
  add_all(&f, nq, 0, f.set->n);
  double *x = data_calloc(mtp_normal_size(nq), sizeof(double));
  data_must(f.ctx, mtp_normal_solve(f.ctx, nq, 0, x));
  const double per_cell = 6 * x[0] + 2 * x[1];
  const double want = 6 * f.pot->params[mtp_offset_species(f.pot)] + 2 * f.pot->params[mtp_offset_species(f.pot) + 1];
  assert_true(fabs(per_cell - (want - 800)) < 5);
  assert_true(fabs(x[0]) < 400 && fabs(x[1]) < 400); /* not a huge difference of huge numbers */
  free(x);
  mtp_normal_free(nq);
  fixture_close(&f);
}

static void test_duplicates_and_few_equations(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 90, (data_recipe){14, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5}, 2, 2);
  check_bounded(&f, "fewer equations than unknowns", 1e4);
  for (int k = 0; k < 6; k++) {
    data_must(f.ctx, mtp_config_set_append(f.ctx, f.set, mtp_config_copy(f.set->configs[0])));
  }
  check_bounded(&f, "duplicates", 1e4);
  fixture_close(&f);

  fixture_open(&f, 91, small, 0, 0); /* atoms that see nothing: only the constants count */
  for (int k = 0; k < 3; k++) {
    mtp_config *cfg = data_config(&f.random, DATA_CLUSTER, 3, 1, 40);
    data_append_labelled(f.ctx, f.set, f.pot, cfg);
    mtp_config_free(cfg);
  }
  check_bounded(&f, "isolated atoms", 10);
  fixture_close(&f);
}

/* A species that no configuration has gets nothing out of thin air: at most what an atom has on average. */
static void test_absent_species(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 95, small, 0, 0);
  for (size_t k = 0; k < 10; k++) {
    mtp_config *cfg = data_config(&f.random, DATA_ORTHOGONAL, 6 + k % 3, 1, 2.7);
    data_append_labelled(f.ctx, f.set, f.pot, cfg);
    mtp_config_free(cfg);
  }
  mtp_normal *nq = NULL;
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
  add_all(&f, nq, 0, f.set->n);
  double *x = data_calloc(mtp_normal_size(nq), sizeof(double));
  data_must(f.ctx, mtp_normal_solve(f.ctx, nq, 0, x));
  double usual = 0;
  for (size_t k = 0; k < f.set->n; k++) {
    usual = fmax(usual, fabs(f.set->configs[k]->energy) / (double)f.set->configs[k]->n);
  }
  assert_true(fabs(x[1]) <= usual * (1 + 1e-9));
  assert_true(fabs(x[0] - f.pot->params[mtp_offset_species(f.pot)]) < 1e-2);
  free(x);
  mtp_normal_free(nq);
  fixture_close(&f);
}

static void test_misuse(void **state) {
  (void)state;
  fixture f;
  mtp_normal *nq = NULL;
  fixture_open(&f, 110, small, 3, 4);
  const mtp_weights negative = {-1, 0.01, 0.01, MTP_WEIGHT_VIBRATIONS}, broken = {NAN, 1, 1, MTP_WEIGHT_VIBRATIONS};
  assert_int_not_equal(mtp_normal_new(f.ctx, NULL, mtp_weights_default(), &nq), MTP_OK);
  assert_int_not_equal(mtp_normal_new(f.ctx, f.pot, negative, &nq), MTP_OK);
  assert_int_not_equal(mtp_normal_new(f.ctx, f.pot, broken, &nq), MTP_OK);
  assert_null(nq);
  data_must(f.ctx, mtp_normal_new(f.ctx, f.pot, mtp_weights_default(), &nq));
  double *x = data_calloc(mtp_normal_size(nq), sizeof(double));
  assert_int_not_equal(mtp_normal_solve(f.ctx, nq, 0, x), MTP_OK); /* nothing was added */
  add_all(&f, nq, 0, 1);
  double *before = data_calloc(mtp_normal_size(nq), sizeof(double));
  memcpy(before, mtp_normal_rhs(nq), mtp_normal_size(nq) * sizeof(double));
  f.set->configs[1]->force[4] = NAN;
  assert_int_not_equal(mtp_normal_add(f.ctx, nq, f.set->configs[1]), MTP_OK);
  f.set->configs[2]->species[0] = 9;
  assert_int_not_equal(mtp_normal_add(f.ctx, nq, f.set->configs[2]), MTP_OK);
  assert_memory_equal(before, mtp_normal_rhs(nq), mtp_normal_size(nq) * sizeof(double)); /* refused as a whole */
  assert_int_equal(mtp_normal_configs(nq), 1);
  assert_int_not_equal(mtp_normal_solve(f.ctx, nq, -1, x), MTP_OK);
  mtp_potential *other = data_potential(f.ctx, &f.random, &small); /* other radial functions */
  assert_int_not_equal(mtp_normal_fit(f.ctx, nq, 0, other), MTP_OK);
  mtp_potential_free(other);
  free(before);
  free(x);
  mtp_normal_free(nq);
  mtp_normal_free(NULL);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_normal_equations),   cmocka_unit_test(test_loss),
      cmocka_unit_test(test_known_coefficients), cmocka_unit_test(test_incremental),
      cmocka_unit_test(test_single_composition), cmocka_unit_test(test_duplicates_and_few_equations),
      cmocka_unit_test(test_absent_species),     cmocka_unit_test(test_misuse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
