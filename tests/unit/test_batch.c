/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_batch.c
 * The passes of training: energies, forces and virials of batches against the evaluator, and the gradient of a linear
 * form of them by all parameters against differences of the evaluator's gradients along the displacement. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/batch.h"
#include "support_data.h"

typedef struct fixture {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_plan *plan;
  mtp_config_set *set;
  mtp_batch *batch;
  mtp_batch_work work;
} fixture;

static void fixture_open(fixture *f, unsigned long long seed, data_recipe recipe, size_t configs, size_t atoms) {
  *f = (fixture){.ctx = data_context(), .random = {seed}, .set = mtp_config_set_new()};
  const mtp_isa isa = mtp_context_isa(f->ctx);
  f->pot = data_potential(f->ctx, &f->random, &recipe);
  for (size_t k = 0; k < configs; k++) {
    const data_shape shape = (data_shape)(k % DATA_SHAPES);
    data_must(f->ctx, mtp_config_set_append(f->ctx, f->set,
                                            data_config(&f->random, shape, atoms + 3 * k, recipe.species, 2.7)));
  }
  data_must(f->ctx, mtp_plan_new(f->ctx, f->pot, MTP_PLAN_VARIABLE, mtp_isa_vector_bytes(isa), &f->plan));
  mtp_neighbors **nb = data_calloc(configs, sizeof *nb);
  for (size_t k = 0; k < configs; k++)
    data_must(f->ctx, mtp_neighbors_build(f->ctx, f->set->configs[k], recipe.cutoff, &nb[k]));
  data_must(f->ctx, mtp_batch_new(f->ctx, f->plan, configs, (const mtp_neighbors *const *)nb, &f->batch));
  for (size_t k = 0; k < configs; k++) mtp_neighbors_free(nb[k]);
  free(nb);
  data_must(f->ctx, mtp_batch_work_reserve(f->ctx, f->plan, f->batch, &f->work));
}

static void fixture_close(fixture *f) {
  mtp_batch_work_clear(&f->work);
  mtp_batch_free(f->batch);
  mtp_plan_free(f->plan);
  mtp_config_set_free(f->set);
  mtp_potential_free(f->pot);
  mtp_context_free(f->ctx);
}

/* What the evaluator says of all configurations. */
static void compare_forces(fixture *f) {
  mtp_evaluator *ev = NULL;
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &ev));
  for (size_t k = 0; k < f->set->n; k++) {
    mtp_config *cfg = f->set->configs[k];
    data_must(f->ctx, mtp_evaluator_config(f->ctx, ev, cfg, 0));
    data_expect_near("energy", 1, &f->work.energy[k], &cfg->energy, (double)cfg->n, 1e-12);
    data_expect_near("virial", 6, f->work.virial + 6 * k, cfg->virial, 1.0, 1e-11);
    double *force = data_calloc(3 * cfg->n, sizeof *force);
    for (size_t i = 0; i < cfg->n; i++)
      memcpy(force + 3 * i, f->work.force + 4 * (f->batch->first[k] + i), 3 * sizeof *force);
    data_expect_near("forces", 3 * cfg->n, force, cfg->force, 1.0, 1e-11);
    free(force);
  }
  mtp_evaluator_free(ev);
}

/* Adds weight * dE/dtheta of a copy of the configuration that is displaced by step * (direction, strain). */
static void add_displaced(fixture *f, mtp_evaluator *ev, size_t k, double step, double weight, double *gradient) {
  mtp_config *cfg = mtp_config_copy(f->set->configs[k]);
  const double *e = f->work.strain + 6 * k;
  const double strain[9] = {e[0], e[3], e[4], e[3], e[1], e[5], e[4], e[5], e[2]};
  const size_t n = f->pot->nparams;
  double *part = data_calloc(n, sizeof *part);
  const double *old = f->set->configs[k]->x, *cell = f->set->configs[k]->cell;
  for (size_t i = 0; i < cfg->n; i++)
    for (size_t a = 0; a < 3; a++) {
      cfg->x[3 * i + a] += step * f->work.direction[4 * (f->batch->first[k] + i) + a];
      for (size_t c = 0; c < 3; c++) cfg->x[3 * i + a] += step * strain[3 * a + c] * old[3 * i + c];
    }
  for (size_t v = 0; v < 3; v++)
    for (size_t a = 0; a < 3; a++)
      for (size_t c = 0; c < 3; c++) cfg->cell[3 * v + a] += step * strain[3 * a + c] * cell[3 * v + c];
  mtp_neighbors *nb = NULL;
  data_must(f->ctx, mtp_neighbors_build(f->ctx, cfg, mtp_potential_cutoff(f->pot), &nb));
  const mtp_atoms atoms = mtp_atoms_of(nb);
  mtp_output out = {.gradient = part};
  data_must(f->ctx, mtp_evaluator_compute(f->ctx, ev, &atoms, NULL, &out));
  for (size_t q = 0; q < n; q++) gradient[q] += weight * part[q];
  free(part);
  mtp_neighbors_free(nb);
  mtp_config_free(cfg);
}

static void ask(fixture *f, bool energies, bool displacements) {
  mtp_batch_work *w = &f->work;
  for (size_t k = 0; k < f->set->n; k++) {
    w->weight[k] = energies ? data_uniform(&f->random, -1, 1) : 0.0;
    for (size_t c = 0; c < 6; c++) w->strain[6 * k + c] = displacements ? data_uniform(&f->random, -0.2, 0.2) : 0.0;
  }
  for (size_t i = 0; i < f->batch->natoms; i++)
    for (size_t c = 0; c < 3; c++) w->direction[4 * i + c] = displacements ? data_uniform(&f->random, -1, 1) : 0.0;
}

static void compare_gradients(fixture *f, bool energies, bool displacements, double tolerance) {
  mtp_evaluator *ev = NULL;
  const size_t n = f->pot->nparams;
  double *got = data_calloc(n, sizeof *got), *want = data_calloc(n, sizeof *want);
  data_must(f->ctx, mtp_evaluator_new(f->ctx, f->pot, &ev));
  ask(f, energies, displacements);
  for (size_t k = 0; k < f->set->n; k++) {
    add_displaced(f, ev, k, 0.0, f->work.weight[k], want);
    if (!displacements) continue;
    /* Five points: the error is of fourth order, here 1e-10, like rounding. A pair that passes the cutoff within 2 h
     * makes it one of first order, below 1e-3 h. */
    const double h = 1e-4;
    add_displaced(f, ev, k, h, 8.0 / (12.0 * h), want);
    add_displaced(f, ev, k, -h, -8.0 / (12.0 * h), want);
    add_displaced(f, ev, k, 2 * h, -1.0 / (12.0 * h), want);
    add_displaced(f, ev, k, -2 * h, 1.0 / (12.0 * h), want);
  }
  mtp_batch_gradient(mtp_context_isa(f->ctx), f->plan, f->batch, &f->work, got);
  data_expect_close("gradient", n, got, want, tolerance);
  free(got);
  free(want);
  mtp_evaluator_free(ev);
}

static void check(unsigned long long seed, data_recipe recipe, size_t configs, size_t atoms) {
  fixture f;
  fixture_open(&f, seed, recipe, configs, atoms);
  mtp_batch_forces(mtp_context_isa(f.ctx), f.plan, f.batch, &f.work);
  compare_forces(&f);
  compare_gradients(&f, true, false, 1e-11);
  compare_gradients(&f, false, true, 1e-7);
  compare_gradients(&f, true, true, 1e-7);
  fixture_close(&f);
}

static void test_one_species(void **state) {
  (void)state;
  for (int level = 2; level <= 16; level += 2) check((unsigned)level, (data_recipe){level, 1, 8, 0, 1.9, 5.0}, 4, 5);
}

static void test_several_species(void **state) {
  (void)state;
  check(11, (data_recipe){10, 2, 7, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0}, 5, 4);
  check(12, (data_recipe){8, 3, 8, MTP_RADIAL_CHEBYSHEV, 1.5, 4.5}, 6, 9);
}

static void test_radial_types(void **state) {
  (void)state;
  check(13, (data_recipe){8, 2, 6, MTP_RADIAL_CHEBYSHEV_REPULS, 1.2, 5.0}, 4, 6);
  check(14, (data_recipe){8, 1, 6, MTP_RADIAL_SHAPEEV, 2.0, 5.0}, 4, 6);
}

/* New parameters in an old plan are the same as a new plan. */
static void test_new_parameters(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f, 15, (data_recipe){12, 2, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0}, 3, 8);
  mtp_potential *other = data_potential(f.ctx, &f.random, &(data_recipe){12, 2, 8, MTP_RADIAL_CHEBYSHEV, 2.0, 5.0});
  mtp_potential_free(f.pot);
  f.pot = other;
  f.pot->params[f.pot->nparams - 1] = 0.0; /* coefficients that vanish still have a gradient */
  f.pot->params[f.pot->nparams - 5] = 0.0;
  mtp_plan_set_parameters(f.plan, f.pot->params);
  mtp_batch_forces(mtp_context_isa(f.ctx), f.plan, f.batch, &f.work);
  compare_forces(&f);
  compare_gradients(&f, true, true, 1e-7);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_species), cmocka_unit_test(test_several_species),
                                     cmocka_unit_test(test_radial_types), cmocka_unit_test(test_new_parameters)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
