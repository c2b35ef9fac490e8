/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_evaluator_physics.c
 * What must hold for any potential, without an oracle: derivatives agree with finite differences of the energy, the
 * symmetries of space are symmetries of the energy, nothing jumps at the cutoff, heat flows as energy moves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "support_data.h"
#include "support_naive.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_evaluator *ev;
  mtp_config *cfg;
} fixture;

static void fixture_open(fixture *f, unsigned long long seed, data_recipe recipe, data_shape shape, size_t n) {
  memset(f, 0, sizeof(*f));
  f->random.state = seed;
  f->ctx = data_context();
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  f->cfg = data_config(&f->random, shape, n, recipe.species, 2.7);
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &f->ev));
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->ev, f->cfg, 0));
}

static void fixture_close(fixture *f) {
  mtp_config_free(f->cfg);
  mtp_evaluator_free(f->ev);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

static double energy_of(fixture *f, mtp_config *cfg) {
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->ev, cfg, 0));
  return cfg->energy;
}

/* Derivative of the energy by one number that `set` puts into a copy of the configuration: six points. */
typedef void setter(mtp_config *cfg, size_t which, double h);
static double difference_quotient(fixture *f, setter *set, size_t which, double h) {
  static const double weight[3] = {45.0, -9.0, 1.0};
  double sum = 0;
  for (int k = 0; k < 3; k++) {
    for (int sign = -1; sign <= 1; sign += 2) {
      mtp_config *cfg = mtp_config_copy(f->cfg);
      set(cfg, which, sign * (k + 1) * h);
      sum += sign * weight[k] * energy_of(f, cfg);
      mtp_config_free(cfg);
    }
  }
  return sum / (60 * h);
}

static void displace(mtp_config *cfg, size_t which, double h) {
  cfg->x[which] += h;
}

/* Strain e_ab: every vector v becomes v + h v_b e_a. */
static void deform(mtp_config *cfg, size_t which, double h) {
  const size_t a = which / 3, b = which % 3;
  for (size_t i = 0; i < cfg->n; i++) cfg->x[3 * i + a] += h * cfg->x[3 * i + b];
  for (size_t k = 0; k < 3; k++) cfg->cell[3 * k + a] += h * cfg->cell[3 * k + b];
}

static const data_recipe recipes[] = {
    {8, 2, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0},
    {10, 3, 6, MTP_RADIAL_SHAPEEV, 1.8, 4.8},
    {12, 1, 8, MTP_RADIAL_CHEBYSHEV_REPULS, 2.5, 4.9},
    {16, 2, 5, MTP_RADIAL_CHEBYSHEV, 2.0, 4.6},
};

/* The second derivative jumps at the cutoff, which limits what a difference quotient can tell. */
static void test_forces_and_virial(void **state) {
  (void)state;
  for (size_t k = 0; k < 4 * DATA_SHAPES; k++) {
    fixture f;
    fixture_open(&f, 100 + k, recipes[k % 4], (data_shape)(k / 4), k % 3 ? 9 : 2);
    mtp_config *ref = mtp_config_copy(f.cfg);
    const double scale = fmax(data_largest(3 * ref->n, ref->force), 1);
    for (size_t c = 0; c < 6; c++) {
      const size_t which = data_index(&f.random, 3 * ref->n);
      const double force = -difference_quotient(&f, displace, which, 2e-4);
      data_expect_near("force", 1, &ref->force[which], &force, scale, 2e-7);
    }
    static const size_t index[3][3] = {{0, 3, 4}, {3, 1, 5}, {4, 5, 2}};
    const double virial_scale = fmax(data_largest(6, ref->virial), scale);
    for (size_t ab = 0; ab < 9; ab++) {
      const double virial = -difference_quotient(&f, deform, ab, 5e-5);
      data_expect_near("virial", 1, &ref->virial[index[ab / 3][ab % 3]], &virial, virial_scale, 2e-7);
    }
    mtp_config_free(ref);
    fixture_close(&f);
  }
}

static void gradient_of(fixture *f, double *gradient) {
  mtp_neighbors *nb = NULL;
  data_must(f->ctx, mtp_neighbors_build(f->ctx, f->cfg, mtp_potential_cutoff(f->pot), &nb));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {.gradient = gradient};
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &atoms, NULL, &out));
  mtp_neighbors_free(nb);
}

static double energy_at(fixture *f, const double *theta) {
  mtp_potential *pot = NULL;
  mtp_evaluator *ev = NULL;
  mtp_config *cfg = mtp_config_copy(f->cfg);
  data_must(f->ctx, mtp_potential_copy(f->ctx, f->pot, &pot));
  data_must(f->ctx, mtp_potential_set_parameters(f->ctx, pot, theta));
  data_must(f->ctx, mtp_evaluator_new(f->ctx, pot, &ev));
  data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, cfg, 0));
  const double energy = cfg->energy;
  mtp_config_free(cfg);
  mtp_evaluator_free(ev);
  mtp_potential_free(pot);
  return energy;
}

/* The energy is a polynomial of degree 4 in each radial coefficient: five points are exact but for rounding. */
static void test_parameter_gradient(void **state) {
  (void)state;
  for (size_t k = 0; k < 4; k++) {
    fixture f;
    fixture_open(&f, 200 + k, recipes[k], DATA_TRICLINIC, 8);
    const size_t n = f.pot->nparams;
    double *theta = data_calloc(n, sizeof(double)), *gradient = data_calloc(n, sizeof(double));
    gradient_of(&f, gradient);
    const double scale = data_largest(n, gradient);
    for (size_t p = 0; p < n; p += 1 + n / 60) {
      const double h = 0.02;
      double e[4];
      for (int s = 0; s < 4; s++) {
        memcpy(theta, f.pot->params, n * sizeof(double));
        theta[p] += (s < 2 ? s - 2 : s - 1) * h;
        e[s] = energy_at(&f, theta);
      }
      const double quotient = (e[0] - 8 * e[1] + 8 * e[2] - e[3]) / (12 * h);
      data_expect_near("gradient", 1, &gradient[p], &quotient, scale, 1e-9);
    }
    free(theta);
    free(gradient);
    fixture_close(&f);
  }
}

/* ---- symmetries ------------------------------------------------------------------------------------------------ */

/* Proper rotation about a random axis (Rodrigues), or a reflection of it. */
static void random_rotation(mtp_random *random, bool reflect, double m[9]) {
  double axis[3], norm = 0;
  for (int a = 0; a < 3; a++) axis[a] = mtp_random_normal(random);
  for (int a = 0; a < 3; a++) norm += axis[a] * axis[a];
  for (int a = 0; a < 3; a++) axis[a] /= sqrt(norm);
  const double angle = data_uniform(random, 0.5, 3), c = cos(angle), s = sin(angle);
  const double cross[9] = {0, -axis[2], axis[1], axis[2], 0, -axis[0], -axis[1], axis[0], 0};
  for (int a = 0; a < 3; a++) {
    for (int b = 0; b < 3; b++) {
      m[3 * a + b] = (a == b) * c + s * cross[3 * a + b] + (1 - c) * axis[a] * axis[b];
      if (reflect) m[3 * a + b] = -m[3 * a + b];
    }
  }
}

static void rotate(const double m[9], size_t count, double *vectors) {
  for (size_t i = 0; i < count; i++) {
    const double v[3] = {vectors[3 * i], vectors[3 * i + 1], vectors[3 * i + 2]};
    for (size_t a = 0; a < 3; a++) vectors[3 * i + a] = m[3 * a] * v[0] + m[3 * a + 1] * v[1] + m[3 * a + 2] * v[2];
  }
}

static void test_rotation_and_reflection(void **state) {
  (void)state;
  for (size_t k = 0; k < 2 * DATA_SHAPES; k++) {
    fixture f;
    double m[9];
    fixture_open(&f, 300 + k, recipes[k % 4], (data_shape)(k / 2), 8);
    mtp_config *moved = mtp_config_copy(f.cfg);
    random_rotation(&f.random, k % 2, m);
    rotate(m, moved->n, moved->x);
    rotate(m, 3, moved->cell);
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.ev, moved, 0));
    rotate(m, f.cfg->n, f.cfg->force);
    const double scale = data_largest(f.cfg->n, f.cfg->site_energy);
    data_expect_near("energy", 1, &moved->energy, &f.cfg->energy, scale, 1e-11);
    data_expect_close("site energies", f.cfg->n, moved->site_energy, f.cfg->site_energy, 1e-11);
    data_expect_near("forces", 3 * f.cfg->n, moved->force, f.cfg->force, scale, 1e-11);
    mtp_config_free(moved);
    fixture_close(&f);
  }
}

static void test_translation_and_permutation(void **state) {
  (void)state;
  for (size_t k = 0; k < DATA_SHAPES; k++) {
    fixture f;
    fixture_open(&f, 400 + k, recipes[k % 4], (data_shape)k, 10);
    const size_t n = f.cfg->n;
    double force[30], site_energy[10];
    mtp_config *moved = mtp_config_copy(f.cfg);
    for (size_t i = 0; i < n; i++) {
      const size_t to = (7 * i + 3) % n;
      moved->species[to] = f.cfg->species[i];
      site_energy[to] = f.cfg->site_energy[i];
      for (size_t a = 0; a < 3; a++) {
        moved->x[3 * to + a] = f.cfg->x[3 * i + a] + (a == 1 ? 1.7 : -0.6);
        force[3 * to + a] = f.cfg->force[3 * i + a];
      }
    }
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.ev, moved, 0));
    const double scale = data_largest(n, site_energy);
    data_expect_near("energy", 1, &moved->energy, &f.cfg->energy, scale, 1e-11);
    data_expect_close("site energies", n, moved->site_energy, site_energy, 1e-11);
    data_expect_near("forces", 3 * n, moved->force, force, scale, 1e-11);
    double total[3] = {0}, zero[3] = {0};
    for (size_t i = 0; i < 3 * n; i++) total[i % 3] += moved->force[i];
    data_expect_near("sum of forces", 3, total, zero, fmax(scale, data_largest(3 * n, force)), 1e-12);
    mtp_config_free(moved);
    fixture_close(&f);
  }
}

/* 2 x 1 x 3 cells: energies and virials times 6, forces the same. */
static void test_supercell(void **state) {
  (void)state;
  for (size_t k = 0; k < 3; k++) {
    static const int times[3] = {2, 1, 3};
    fixture f;
    fixture_open(&f, 500 + k, recipes[k], (data_shape)k, 5);
    const size_t n = f.cfg->n;
    mtp_config *super = mtp_config_new(6 * n);
    for (size_t copy = 0; copy < 6; copy++) {
      for (size_t i = 0; i < n; i++) {
        super->species[copy * n + i] = f.cfg->species[i];
        for (size_t a = 0; a < 3; a++) {
          super->x[3 * (copy * n + i) + a] =
              f.cfg->x[3 * i + a] + (double)(copy % 2) * f.cfg->cell[a] + (double)(copy / 2) * f.cfg->cell[6 + a];
        }
      }
    }
    for (size_t v = 0; v < 3; v++) {
      super->periodic[v] = true;
      for (size_t a = 0; a < 3; a++) super->cell[3 * v + a] = times[v] * f.cfg->cell[3 * v + a];
    }
    data_must(f.ctx, mtp_evaluator_config(f.ctx, f.ev, super, 0));
    const double sixth = super->energy / 6, scale = data_largest(n, f.cfg->site_energy);
    double virial[6];
    for (int a = 0; a < 6; a++) virial[a] = super->virial[a] / 6;
    data_expect_near("energy", 1, &sixth, &f.cfg->energy, scale, 1e-11);
    data_expect_near("virial", 6, virial, f.cfg->virial, scale, 1e-11);
    for (size_t copy = 0; copy < 6; copy++) {
      data_expect_near("forces", 3 * n, super->force + 3 * copy * n, f.cfg->force, scale, 1e-11);
    }
    mtp_config_free(super);
    fixture_close(&f);
  }
}

/* A neighbour fades out as (cutoff - r)^2, its force linearly. */
static void test_smooth_at_the_cutoff(void **state) {
  (void)state;
  for (size_t k = 0; k < 4; k++) {
    fixture f;
    fixture_open(&f, 600 + k, recipes[k], DATA_CLUSTER, 2);
    const double cutoff = mtp_potential_cutoff(f.pot);
    double *const x = f.cfg->x, energy[3], force[3];
    const double distance[3] = {cutoff + 1e-6, cutoff - 1e-5, cutoff - 2e-5};
    memset(x, 0, 6 * sizeof(double));
    for (int d = 0; d < 3; d++) {
      x[3] = distance[d];
      energy[d] = energy_of(&f, f.cfg);
      force[d] = f.cfg->force[3];
    }
    assert_true(force[0] == 0.0);
    assert_true(force[1] != 0.0 && energy[1] != energy[0]);
    const double linear = 2 * force[1], square = 4 * (energy[1] - energy[0]), actual = energy[2] - energy[0];
    data_expect_close("force near the cutoff", 1, &force[2], &linear, 0.01);
    data_expect_close("energy near the cutoff", 1, &actual, &square, 0.02);
    fixture_close(&f);
  }
}

/* ---- heat flux ------------------------------------------------------------------------------------------------- */

/* sum_i r_i V_i after moving along the velocities for a time t; a cluster, so that positions are not ambiguous. */
static void energy_moment(fixture *f, const double *v, double t, double moment[3]) {
  mtp_config *cfg = mtp_config_copy(f->cfg);
  memset(moment, 0, 3 * sizeof(double));
  for (size_t i = 0; i < 3 * cfg->n; i++) cfg->x[i] += t * v[i];
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->ev, cfg, 0));
  for (size_t i = 0; i < 3 * cfg->n; i++) moment[i % 3] += cfg->x[i] * cfg->site_energy[i / 3];
  mtp_config_free(cfg);
}

/* d/dt sum r_i (V_i + m v_i^2/2) with m dv_i/dt = F_i is sum_i v_i V_i + sum_i W9_i v_i (+ the kinetic part), so at
 * fixed velocities d/dt sum r_i V_i = sum_i v_i V_i + sum_i W9_i v_i - sum_i r_i (F_i . v_i). */
static void test_heat_flux(void **state) {
  (void)state;
  static const size_t position_of[3][3] = {{0, 3, 4}, {6, 1, 5}, {7, 8, 2}}; /* [r][D] in xx yy zz xy xz yz yx zx zy */
  for (size_t k = 0; k < 4; k++) {
    fixture f;
    fixture_open(&f, 700 + k, recipes[k], DATA_CLUSTER, 11);
    const size_t n = f.cfg->n;
    double v[33], want[3] = {0}, flux[3] = {0}, w9[99] = {0}, ahead[3], back[3], ahead2[3], back2[3];
    for (size_t i = 0; i < 3 * n; i++) v[i] = mtp_random_normal(&f.random);
    mtp_neighbors *nb = NULL;
    data_must(f.ctx, mtp_neighbors_build(f.ctx, f.cfg, mtp_potential_cutoff(f.pot), &nb));
    assert_int_equal(nb->nall, n);
    const mtp_atoms atoms = mtp_atoms_of(nb);
    mtp_output out = {.site_virial9 = w9};
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &atoms, NULL, &out));
    mtp_neighbors_free(nb);
    for (size_t i = 0; i < n; i++) {
      double work = 0;
      for (size_t a = 0; a < 3; a++) work += f.cfg->force[3 * i + a] * v[3 * i + a];
      for (size_t a = 0; a < 3; a++) {
        flux[a] += v[3 * i + a] * f.cfg->site_energy[i] - f.cfg->x[3 * i + a] * work;
        for (size_t b = 0; b < 3; b++) flux[a] += w9[9 * i + position_of[a][b]] * v[3 * i + b];
      }
    }
    const double h = 1e-4;
    energy_moment(&f, v, h, ahead);
    energy_moment(&f, v, -h, back);
    energy_moment(&f, v, 2 * h, ahead2);
    energy_moment(&f, v, -2 * h, back2);
    for (int a = 0; a < 3; a++) want[a] = (8 * (ahead[a] - back[a]) - (ahead2[a] - back2[a])) / (12 * h);
    data_expect_close("heat flux", 3, flux, want, 1e-7);
    fixture_close(&f);
  }
}

/* ---- grades ---------------------------------------------------------------------------------------------------- */

/* Of every atom from the definition, compared with that of its rows. */
static double *grades_of(fixture *f, const mtp_active_set *as, const naive_result *want) {
  const size_t n = f->pot->nparams, natoms = f->cfg->n;
  double *grade = data_calloc(natoms, sizeof(double));
  data_must(f->ctx, mtp_active_set_grade(f->ctx, as, natoms, want->rows, grade));
  for (size_t i = 0; i < natoms; i++) {
    double gamma = 0;
    for (size_t row = 0; row < n; row++) {
      long double sum = 0;
      for (size_t c = 0; c < n; c++)
        sum += (long double)want->rows[i * n + c] * (long double)mtp_active_set_inverse(as)[row * n + c];
      gamma = fmax(gamma, fabs((double)sum));
    }
    data_expect_close("grade", 1, &grade[i], &gamma, 1e-9);
  }
  return grade;
}

static void check_config_grades(fixture *f, const double *grade) {
  double largest = 0;
  for (size_t i = 0; i < f->cfg->n; i++) largest = fmax(largest, grade[i]);
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->ev, f->cfg, 1));
  assert_non_null(f->cfg->grade);
  assert_true(f->cfg->has_max_grade);
  data_expect_close("grades of a configuration", f->cfg->n, f->cfg->grade, grade, 1e-9);
  data_expect_close("its largest", 1, &f->cfg->max_grade, &largest, 1e-9);
}

/* Of some atoms, and of none. */
static void check_chosen_grades(fixture *f, const double *grade) {
  naive_atoms *all = naive_atoms_build(f->cfg, mtp_potential_cutoff(f->pot));
  data_lists *lists = data_lists_build(&f->random, all, mtp_potential_cutoff(f->pot));
  const int central[] = {17, 3, 20, 8, 11};
  mtp_output out = {.grade = data_calloc(all->nall, sizeof(double)), .max_grade_atom = -7};
  mtp_atoms atoms = {.nall = all->nall,
                     .ncentral = 5,
                     .central = central,
                     .x = all->x,
                     .type = all->species,
                     .count = lists->count,
                     .list = lists->list,
                     .mask = -1};
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &atoms, NULL, &out));
  int best = central[0];
  for (int c = 0; c < 5; c++) {
    data_expect_close("grade of a chosen atom", 1, &out.grade[central[c]], &grade[central[c]], 1e-9);
    if (grade[central[c]] > grade[best]) best = central[c];
  }
  data_expect_close("largest grade", 1, &out.max_grade, &grade[best], 1e-9);
  data_expect_close("largest grade", 1, &out.grade[out.max_grade_atom], &grade[best], 1e-9);
  atoms.ncentral = 0;
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, f->ev, &atoms, NULL, &out));
  assert_int_equal(out.max_grade_atom, -1);
  free(out.grade);
  data_lists_free(lists);
  naive_atoms_free(all);
}

/* A configuration's grade in the other mode: that of the mean row. */
static void check_mean_grade(fixture *f, const naive_result *want) {
  const size_t n = f->pot->nparams;
  const long long origin[2] = {0};
  mtp_active_set *whole = NULL;
  double *mean = data_calloc(n, sizeof(double)), gamma;
  for (size_t c = 0; c < n; c++) mean[c] = want->gradient[c] / (double)f->cfg->n;
  data_must(f->ctx, mtp_active_set_new(f->ctx, n, MTP_MODE_CONFIGURATION, 1e-2, &whole));
  data_must(f->ctx, mtp_active_set_offer(f->ctx, whole, 1, want->rows, origin, 1.001, NULL, NULL));
  data_must(f->ctx, mtp_active_set_grade(f->ctx, whole, 1, mean, &gamma));
  data_must(f->ctx, mtp_evaluator_set_active_set(f->ctx, f->ev, whole));
  f->cfg->has_max_grade = false;
  data_must(f->ctx, mtp_evaluator_config(f->ctx, f->ev, f->cfg, 1));
  assert_true(f->cfg->has_max_grade);
  data_expect_close("grade of the configuration", 1, &f->cfg->max_grade, &gamma, 1e-9);
  free(mean);
  mtp_active_set_free(whole);
}

static void test_grades(void **state) {
  (void)state;
  for (size_t k = 0; k < 3; k++) {
    fixture f;
    fixture_open(&f, 800 + k, recipes[k], DATA_ORTHOGONAL, 27);
    mtp_active_set *as = NULL;
    naive_result *want = naive_config(f.pot, f.cfg);
    long long *origin = data_calloc(2 * f.cfg->n, sizeof(*origin));
    data_must(f.ctx, mtp_active_set_new(f.ctx, f.pot->nparams, MTP_MODE_NEIGHBOURHOOD, 1e-2, &as));
    data_must(f.ctx, mtp_active_set_offer(f.ctx, as, 10, want->rows, origin, 1.001, NULL, NULL));
    data_must(f.ctx, mtp_evaluator_set_active_set(f.ctx, f.ev, as));
    double *grade = grades_of(&f, as, want);
    check_config_grades(&f, grade);
    check_chosen_grades(&f, grade);
    check_mean_grade(&f, want);
    free(grade);
    free(origin);
    mtp_active_set_free(as);
    naive_result_free(want);
    fixture_close(&f);
  }
}

/* What is not wanted is left alone, and nothing else depends on it, but for roundings of precision mixed: without
 * energies it has its products in single precision, too. */
static void test_skipped(void **state) {
  static const data_recipe recipes[2] = {{12, 2, 8, MTP_RADIAL_CHEBYSHEV, 2, 5},
                                         {10, 1, 6, MTP_RADIAL_CHEBYSHEV_REPULS, 2.6, 5}};
  (void)state;
  for (unsigned k = 0; k < 16; k++) {
    fixture f;
    fixture_open(&f, 90 + k, recipes[k & 1], DATA_ORTHOGONAL, 12);
    data_must(f.ctx, mtp_evaluator_set_precision(f.ctx, f.ev, k & 2 ? MTP_PRECISION_MIXED : MTP_PRECISION_DOUBLE));
    mtp_neighbors *nb = NULL;
    data_must(f.ctx, mtp_neighbors_build(f.ctx, f.cfg, mtp_potential_cutoff(f.pot), &nb));
    const mtp_atoms atoms = mtp_atoms_of(nb);
    mtp_output all = {.force = data_calloc(3 * nb->nall, sizeof(double)),
                      .site_energy = data_calloc(nb->nall, sizeof(double))};
    const mtp_request request = {.skip_energy = (k & 4) != 0, .skip_virial = (k & 8) != 0};
    mtp_output some = {.energy = 7,
                       .virial = {7, 7, 7, 7, 7, 7},
                       .force = data_calloc(3 * nb->nall, sizeof(double)),
                       .site_energy = data_calloc(nb->nall, sizeof(double))};
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &atoms, NULL, &all));
    data_must(f.ctx, mtp_evaluator_compute(f.ctx, f.ev, &atoms, &request, &some));
    const bool rounded = (k & 2) && request.skip_energy;
    data_expect_close("forces", 3 * nb->nall, some.force, all.force, rounded ? 1e-5 : 1e-13);
    const double scale = rounded ? 1e-5 * data_largest(3 * nb->nall, all.force) : 1e-10;
    const double energy = request.skip_energy ? 7 : 7 + all.energy;
    data_expect_close("energy", 1, &some.energy, &energy, request.skip_energy ? 0 : 1e-13);
    assert_true(data_largest(nb->nall, some.site_energy) > 0 ? !request.skip_energy : request.skip_energy);
    for (size_t c = 0; c < 6; c++) {
      const double virial = request.skip_virial ? 7 : 7 + all.virial[c];
      assert_float_equal(some.virial[c], virial, request.skip_virial ? 0 : 1e-12 * fabs(virial) + scale);
    }
    free(all.force);
    free(all.site_energy);
    free(some.force);
    free(some.site_energy);
    mtp_neighbors_free(nb);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_forces_and_virial),
      cmocka_unit_test(test_parameter_gradient),
      cmocka_unit_test(test_rotation_and_reflection),
      cmocka_unit_test(test_translation_and_permutation),
      cmocka_unit_test(test_supercell),
      cmocka_unit_test(test_smooth_at_the_cutoff),
      cmocka_unit_test(test_heat_flux),
      cmocka_unit_test(test_grades),
      cmocka_unit_test(test_skipped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
