/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_posterior.c
 * The posterior of the linear coefficients against dense algebra that forms everything, its force rows against finite
 * differences, and the way through a potential file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lapacke.h>
#include <math.h>

#include "mtp/neighbors.h"
#include "mtp/normal_equations.h"
#include "mtp/posterior.h"
#include "mtp/team.h"
#include "support_data.h"

enum { CONFIGS = 40 };

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot; /* fitted */
  mtp_config_set *set;
  mtp_normal *normal;
  mtp_posterior *posterior;
  size_t m;
} fixture;

/* Labels of a potential with other radial functions, which the fit cannot reach. */
static void fixture_open(fixture *f, unsigned long long seed) {
  const data_recipe recipe = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5};
  memset(f, 0, sizeof *f);
  f->ctx = data_context();
  f->random.state = seed;
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  f->set = mtp_config_set_new();
  mtp_potential *other = data_neighbour(f->ctx, &f->random, f->pot);
  for (int s = 0; s < 2; s++) assert_int_equal(mtp_config_set_species(f->set, s ? "Cl" : "Na"), s);
  for (size_t k = 0; k < CONFIGS; k++) {
    mtp_config *cfg = data_config(&f->random, (data_shape)(k % DATA_SHAPES), 2 + data_index(&f->random, 12), 2, 2.7);
    data_append_labelled(f->ctx, f->set, other, cfg);
    mtp_config_free(cfg);
  }
  mtp_potential_free(other);
  data_must(f->ctx, mtp_normal_new(f->ctx, f->pot, mtp_weights_default(), &f->normal));
  for (size_t i = 0; i < f->set->n; i++) data_must(f->ctx, mtp_normal_add(f->ctx, f->normal, f->set->configs[i]));
  data_must(f->ctx, mtp_normal_fit(f->ctx, f->normal, 0.0, f->pot));
  data_must(f->ctx, mtp_posterior_new(f->ctx, f->normal, f->pot, &f->posterior));
  f->m = mtp_normal_size(f->normal);
  assert_true(mtp_posterior_size(f->posterior) == f->m);
}

static void fixture_close(fixture *f) {
  mtp_posterior_free(f->posterior);
  mtp_normal_free(f->normal);
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

/* What the potential makes of a configuration with coefficient k one and all others zero. */
static mtp_config *column(fixture *f, const mtp_config *cfg, size_t k) {
  mtp_potential *unit = NULL;
  mtp_evaluator *ev = NULL;
  mtp_config *out = mtp_config_copy(cfg);
  data_must(f->ctx, mtp_potential_copy(f->ctx, f->pot, &unit));
  memset(unit->params + mtp_offset_species(unit), 0, f->m * sizeof(double));
  unit->params[mtp_offset_species(unit) + k] = 1.0;
  data_must(f->ctx, mtp_evaluator_new(f->ctx, unit, &ev));
  data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, out, 0));
  mtp_evaluator_free(ev);
  mtp_potential_free(unit);
  return out;
}

/* Rows [(3n)*m] of forces, then energy per atom, then six of the virial per atom. */
static double *dense_rows(fixture *f, const mtp_config *cfg) {
  const size_t m = f->m, n = cfg->n;
  double *rows = data_calloc((3 * n + 7) * m, sizeof *rows);
  for (size_t k = 0; k < m; k++) {
    mtp_config *c = column(f, cfg, k);
    for (size_t i = 0; i < 3 * n; i++) rows[i * m + k] = c->force[i];
    rows[3 * n * m + k] = c->energy / (double)n;
    for (size_t i = 0; i < 6; i++) rows[(3 * n + 1 + i) * m + k] = c->virial[i] / (double)n;
    mtp_config_free(c);
  }
  return rows;
}

typedef struct dense {
  double *gram[3]; /* forces, energies, virials */
  double count[3], residual[3];
} dense;

static void add_row(dense *d, int kind, size_t m, const double *row, const double *theta, double target) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) d->gram[kind][i * m + j] += row[i] * row[j];
  for (size_t i = 0; i < m; i++) target -= row[i] * theta[i];
  d->residual[kind] += target * target;
  d->count[kind] += 1.0;
}

static dense dense_sums(fixture *f) {
  const size_t m = f->m;
  const double *theta = f->pot->params + mtp_offset_species(f->pot);
  dense d = {0};
  for (int q = 0; q < 3; q++) d.gram[q] = data_calloc(m * m, sizeof(double));
  for (size_t c = 0; c < f->set->n; c++) {
    const mtp_config *cfg = f->set->configs[c];
    const double n = (double)cfg->n;
    double *rows = dense_rows(f, cfg);
    for (size_t i = 0; i < 3 * cfg->n; i++) add_row(&d, 0, m, rows + i * m, theta, cfg->force[i]);
    add_row(&d, 1, m, rows + 3 * cfg->n * m, theta, cfg->energy / n);
    for (size_t i = 0; i < 6 && cfg->has_virial; i++)
      add_row(&d, 2, m, rows + (3 * cfg->n + 1 + i) * m, theta, cfg->virial[i] / n);
    free(rows);
  }
  return d;
}

/* Inverse of the sum of the Gram matrices with these noises. */
static double *dense_covariance(const dense *d, size_t m, mtp_noise noise) {
  const double sigma[3] = {noise.force, noise.energy, noise.virial};
  double *a = data_calloc(m * m, sizeof *a), *scale = data_calloc(m, sizeof *scale);
  for (int q = 0; q < 3; q++)
    for (size_t k = 0; k < m * m && d->count[q] > 0; k++) a[k] += d->gram[q][k] / (sigma[q] * sigma[q]);
  for (size_t i = 0; i < m; i++) scale[i] = 1.0 / sqrt(a[i * m + i]);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) a[i * m + j] *= scale[i] * scale[j];
  assert_int_equal(LAPACKE_dpotrf(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, a, (lapack_int)m), 0);
  assert_int_equal(LAPACKE_dpotri(LAPACK_ROW_MAJOR, 'L', (lapack_int)m, a, (lapack_int)m), 0);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j <= i; j++) a[j * m + i] = a[i * m + j] *= scale[i] * scale[j];
  free(scale);
  return a;
}

static double form(size_t m, const double *a, const double *row) {
  double sum = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) sum += row[i] * a[i * m + j] * row[j];
  return sum;
}

/* Forces of configurations that were learned, and of new ones. */
static void variances_are_those_of_dense_algebra(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 5);
  const size_t m = f.m;
  const dense d = dense_sums(&f);
  const mtp_noise noise = mtp_posterior_noise(f.posterior);
  double *covariance = dense_covariance(&d, m, noise);
  const double sigma[3] = {noise.force, noise.energy, noise.virial};
  for (int q = 0; q < 3; q++) { /* the fixed point of the evidence */
    double trace = 0;
    for (size_t k = 0; k < m * m; k++) trace += covariance[k] * d.gram[q][k];
    const double determined = trace / (sigma[q] * sigma[q]);
    assert_true(d.count[q] > determined);
    const double wanted = sqrt(d.residual[q] / (d.count[q] - determined));
    assert_true(fabs(sigma[q] - wanted) < 0.01 * wanted);
  }
  for (size_t c = 0; c < 6; c++) {
    mtp_config *fresh = data_config(&f.random, (data_shape)c, 5, 2, 2.5);
    const mtp_config *cfg = c < 3 ? f.set->configs[c] : fresh;
    double *rows = dense_rows(&f, cfg), *variance = data_calloc(3 * cfg->n, sizeof *variance);
    mtp_doubt *doubt = data_calloc(cfg->n, sizeof *doubt);
    double *wanted = data_calloc(3 * cfg->n, sizeof *wanted);
    data_must(f.ctx, mtp_posterior_forces(f.ctx, f.posterior, cfg, doubt));
    for (size_t i = 0; i < 3 * cfg->n; i++) variance[i] = doubt[i / 3].variance[i % 3];
    free(doubt);
    for (size_t i = 0; i < 3 * cfg->n; i++) wanted[i] = form(m, covariance, rows + i * m);
    data_expect_close("variance", 3 * cfg->n, variance, wanted, 1e-3);
    free(rows);
    free(variance);
    free(wanted);
    mtp_config_free(fresh);
  }
  for (int q = 0; q < 3; q++) free(d.gram[q]);
  free(covariance);
  fixture_close(&f);
}

/* Sum of dE/dtheta of the linear coefficients. */
static void gradient(fixture *f, mtp_evaluator *ev, const mtp_config *cfg, double *out) {
  mtp_neighbors *nb = NULL;
  double *all = data_calloc(f->pot->nparams, sizeof *all);
  data_must(f->ctx, mtp_neighbors_build(f->ctx, cfg, mtp_potential_cutoff(f->pot), &nb));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output result = {.gradient = all};
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, ev, &atoms, NULL, &result));
  memcpy(out, all + mtp_offset_species(f->pot), f->m * sizeof *out);
  mtp_neighbors_free(nb);
  free(all);
}

/* Of all atoms, and of two alone as an engine asks that has the worst ones in mind. */
static void rows_are_derivatives_of_the_sites(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 7);
  const size_t m = f.m;
  mtp_evaluator *ev = NULL;
  data_must(f.ctx, mtp_evaluator_new(f.ctx, f.pot, &ev));
  for (int shape = 0; shape < DATA_SHAPES; shape++) {
    mtp_config *cfg = data_config(&f.random, (data_shape)shape, 6, 2, 2.6);
    mtp_neighbors *nb = NULL;
    data_must(f.ctx, mtp_neighbors_build(f.ctx, cfg, mtp_potential_cutoff(f.pot), &nb));
    const mtp_atoms atoms = mtp_atoms_of(nb);
    int *place = data_calloc(nb->nall, sizeof *place);
    double *rows = data_calloc(18 * m, sizeof *rows), *few = data_calloc(6 * m, sizeof *few);
    for (size_t j = 0; j < nb->nall; j++) place[j] = nb->owner[j];
    data_must(f.ctx, mtp_posterior_rows(f.ctx, f.posterior, &atoms, place, 6, rows));
    for (size_t j = 0; j < nb->nall; j++) place[j] = nb->owner[j] == 1 ? 0 : nb->owner[j] == 4 ? 1 : -1;
    data_must(f.ctx, mtp_posterior_rows(f.ctx, f.posterior, &atoms, place, 2, few));
    data_expect_close("rows of atom 1", 3 * m, few, rows + 3 * m, 1e-12);
    data_expect_close("rows of atom 4", 3 * m, few + 3 * m, rows + 12 * m, 1e-12);
    double *up = data_calloc(2 * m, sizeof *up), *down = up + m, h = 1e-4;
    for (size_t a = 0; a < 3; a++) {
      const size_t at = 3 * 4 + a;
      const double x = cfg->x[at];
      cfg->x[at] = x + h;
      gradient(&f, ev, cfg, up);
      cfg->x[at] = x - h;
      gradient(&f, ev, cfg, down);
      cfg->x[at] = x;
      for (size_t k = 0; k < m; k++) up[k] = -(up[k] - down[k]) / (2 * h);
      data_expect_close("derivative of the rows", m, rows + at * m, up, 1e-5);
    }
    free(up);
    free(rows);
    free(few);
    free(place);
    mtp_neighbors_free(nb);
    mtp_config_free(cfg);
  }
  mtp_evaluator_free(ev);
  fixture_close(&f);
}

static void sites_are_those_of_their_rows(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 11);
  const size_t m = f.m, n = 9;
  const double *factor = mtp_posterior_factor(f.posterior);
  mtp_config *cfg = data_config(&f.random, DATA_TRICLINIC, n, 2, 2.6);
  mtp_neighbors *nb = NULL;
  mtp_evaluator *ev = NULL;
  data_must(f.ctx, mtp_neighbors_build(f.ctx, cfg, mtp_potential_cutoff(f.pot), &nb));
  data_must(f.ctx, mtp_evaluator_new(f.ctx, f.pot, &ev));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  double *variance = data_calloc(nb->nall, sizeof *variance), *rows = data_calloc(n * f.pot->nparams, sizeof *rows);
  double *wanted = data_calloc(n, sizeof *wanted);
  mtp_output out = {.site_variance = variance, .rows = rows};
  assert_int_equal(mtp_evaluator_compute(f.ctx, ev, &atoms, NULL, &out), MTP_ERR_STATE);
  assert_int_equal(mtp_evaluator_set_factor(f.ctx, ev, m + 1, factor), MTP_ERR_STATE);
  data_must(f.ctx, mtp_evaluator_set_posterior(f.ctx, ev, f.posterior));
  data_must(f.ctx, mtp_evaluator_compute(f.ctx, ev, &atoms, NULL, &out));
  for (size_t i = 0; i < n; i++) {
    const double *row = rows + i * f.pot->nparams + mtp_offset_species(f.pot);
    for (size_t r = 0; r < m; r++) {
      double sum = 0;
      for (size_t k = 0; k < m; k++) sum += factor[r * m + k] * row[k];
      wanted[i] += sum * sum;
    }
  }
  data_expect_close("site variance", n, variance, wanted, 1e-8);
  free(variance);
  free(rows);
  free(wanted);
  mtp_evaluator_free(ev);
  mtp_neighbors_free(nb);
  mtp_config_free(cfg);
  fixture_close(&f);
}

/* The same in every bit, whoever works. */
static void errors_of_many_are_those_of_each(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 4);
  for (int threads = 1; threads <= 3; threads += 2) {
    mtp_team *team = NULL;
    double *error[CONFIGS];
    for (size_t k = 0; k < CONFIGS; k++) error[k] = calloc(f.set->configs[k]->n, sizeof(double));
    data_must(f.ctx, mtp_team_new(f.ctx, f.pot, NULL, threads, NULL, &team));
    data_must(f.ctx,
              mtp_team_errors(f.ctx, team, f.posterior, 0, CONFIGS, (const mtp_config *const *)f.set->configs, error));
    data_must(f.ctx, mtp_team_errors(f.ctx, team, f.posterior, 0, 0, NULL, NULL));
    mtp_team_free(team);
    for (size_t k = 0; k < CONFIGS; k++) {
      const size_t n = f.set->configs[k]->n;
      double *alone = calloc(n, sizeof *alone);
      data_must(f.ctx, mtp_posterior_errors(f.ctx, f.posterior, f.set->configs[k], alone));
      assert_memory_equal(alone, error[k], n * sizeof *alone);
      free(alone);
      free(error[k]);
    }
  }
  fixture_close(&f);
}

static void it_travels_with_the_potential(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 13);
  char *folder = data_folder_new(), *path = data_path(folder, "pot.almtp");
  mtp_posterior *read = NULL;
  mtp_potential *pot = NULL;
  data_must(f.ctx, mtp_posterior_of(f.ctx, f.pot, &read));
  assert_null(read);
  data_must(f.ctx, mtp_posterior_set_scale(f.ctx, f.posterior, 2.5));
  data_must(f.ctx, mtp_posterior_set_typical(f.ctx, f.posterior, 0.7));
  data_must(f.ctx, mtp_posterior_stamp(f.ctx, f.posterior, f.pot));
  data_must(f.ctx, mtp_potential_write(f.ctx, f.pot, path));
  data_must(f.ctx, mtp_potential_read(f.ctx, path, &pot));
  data_must(f.ctx, mtp_posterior_of(f.ctx, pot, &read));
  assert_non_null(read);
  assert_memory_equal(mtp_posterior_factor(read), mtp_posterior_factor(f.posterior), f.m * f.m * sizeof(double));
  assert_true(mtp_posterior_scale(read) == 2.5 && mtp_posterior_typical(read) == 0.7);
  assert_true(mtp_posterior_noise(read).force == mtp_posterior_noise(f.posterior).force);
  mtp_posterior_free(read);
  double *theta = data_calloc(pot->nparams, sizeof *theta); /* it is not that of other parameters */
  memcpy(theta, pot->params, pot->nparams * sizeof *theta);
  theta[0] += 1e-3;
  data_must(f.ctx, mtp_potential_set_parameters(f.ctx, pot, theta));
  free(theta);
  data_must(f.ctx, mtp_posterior_of(f.ctx, pot, &read));
  assert_null(read);
  assert_int_equal(mtp_posterior_stamp(f.ctx, f.posterior, pot), MTP_ERR_STATE);
  data_must(f.ctx, mtp_posterior_stamp(f.ctx, NULL, f.pot));
  data_must(f.ctx, mtp_posterior_of(f.ctx, f.pot, &read));
  assert_null(read);
  mtp_potential_free(pot);
  free(path);
  data_folder_remove(folder);
  fixture_close(&f);
}

static double normal(mtp_random *random) {
  return sqrt(-2.0 * log(1.0 - data_uniform(random, 0.0, 1.0))) * cos(6.283185307179586 * data_uniform(random, 0, 1));
}

static void scales_are_found(void **state) {
  (void)state;
  enum { N = 4000 };
  fixture f;
  fixture_open(&f, 17);
  const double noise = mtp_posterior_noise(f.posterior).force;
  double *error = data_calloc(3 * N, sizeof *error);
  mtp_doubt *doubt = data_calloc(N, sizeof *doubt);
  static const double scales[] = {0.3, 1.0, 4.0};
  for (size_t s = 0; s < 3; s++) {
    for (size_t k = 0; k < 3 * N; k++) {
      double *variance = &doubt[k / 3].variance[k % 3];
      if (k % 3 == 0) doubt[k / 3].spread = data_uniform(&f.random, 0.5, 1.5);
      *variance = pow(noise * data_uniform(&f.random, 0.2, 3.0), 2);
      error[k] = normal(&f.random) * sqrt(noise * noise * doubt[k / 3].spread + scales[s] * scales[s] * *variance);
      if (s == 0) error[k] *= 0.5; /* better than expected, within bounds */
    }
    const double found = mtp_posterior_calibrate(f.posterior, N, error, doubt);
    assert_true(fabs(found - scales[s]) <= 0.08 * scales[s]);
    data_must(f.ctx, mtp_posterior_set_scale(f.ctx, f.posterior, scales[s]));
    const double typical = mtp_posterior_find_typical(f.posterior, N, error, doubt);
    assert_true(s == 0 || fabs(typical - noise) < (s == 1 ? 0.1 : 1.0) * noise);
  }
  free(error);
  free(doubt);
  const mtp_doubt three = {{1.0, 4.0, 7.0}, 2.0};
  data_must(f.ctx, mtp_posterior_set_scale(f.ctx, f.posterior, 0.5));
  assert_true(fabs(mtp_posterior_reducible(f.posterior, &three) - 1.0) < 1e-14);
  assert_true(fabs(mtp_posterior_error(f.posterior, &three) - sqrt(1.0 + 2.0 * noise * noise)) < 1e-12);
  assert_true(fabs(mtp_posterior_grade(f.posterior, &three, 0.0) - 2.0 / noise) < 1e-9 / noise);
  assert_true(fabs(mtp_posterior_grade(f.posterior, &three, 4.0 * noise) - 0.25 / noise) < 1e-9 / noise);
  fixture_close(&f);
}

/* Less data than coefficients: nothing fails, and what was not told is not known. */
static void little_data_leave_much_open(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 19);
  mtp_normal *normal_equations = NULL;
  mtp_posterior *few = NULL;
  mtp_potential *pot = NULL;
  data_must(f.ctx, mtp_potential_copy(f.ctx, f.pot, &pot));
  data_must(f.ctx, mtp_normal_new(f.ctx, pot, mtp_weights_default(), &normal_equations));
  assert_int_equal(mtp_posterior_new(f.ctx, normal_equations, pot, &few), MTP_ERR_STATE);
  data_must(f.ctx, mtp_normal_add(f.ctx, normal_equations, f.set->configs[0]));
  data_must(f.ctx, mtp_normal_fit(f.ctx, normal_equations, 0.0, pot));
  data_must(f.ctx, mtp_posterior_new(f.ctx, normal_equations, pot, &few));
  mtp_doubt all_doubt[16], few_doubt[16];
  const mtp_config *cfg = f.set->configs[7];
  assert_true(cfg->n <= 16);
  data_must(f.ctx, mtp_posterior_forces(f.ctx, few, cfg, few_doubt));
  data_must(f.ctx, mtp_posterior_forces(f.ctx, f.posterior, cfg, all_doubt));
  double part = 0;
  for (size_t i = 0; i < 3 * cfg->n; i++) {
    const double a = all_doubt[i / 3].variance[i % 3] / pow(mtp_posterior_noise(f.posterior).force, 2);
    const double b = few_doubt[i / 3].variance[i % 3] / pow(mtp_posterior_noise(few).force, 2);
    assert_true(isfinite(b) && a < 1.0); /* a learned label is not doubted above the noise */
    part += b > 4.0 * a;
  }
  assert_true(part > 1.5 * (double)cfg->n);
  mtp_posterior_free(few);
  mtp_normal_free(normal_equations);
  mtp_potential_free(pot);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(variances_are_those_of_dense_algebra), cmocka_unit_test(rows_are_derivatives_of_the_sites),
      cmocka_unit_test(sites_are_those_of_their_rows),        cmocka_unit_test(errors_of_many_are_those_of_each),
      cmocka_unit_test(it_travels_with_the_potential),        cmocka_unit_test(scales_are_found),
      cmocka_unit_test(little_data_leave_much_open),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
