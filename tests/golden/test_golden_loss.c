/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_loss.c
 * Loss values of MLIP-2 with its weightings, from the evaluator's deviations, from the objective of training with its
 * gradient by all parameters, and from the normal equations where their loss is the same. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/objective.h"
#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_golden.h"

/* p [ sum (|c_mu|^2 - 1)^2 + sum (c_mu . c_mu')^2 ] over all species pairs. */
static double penalty(const mtp_potential *pot, double p) {
  const size_t size = (size_t)pot->radial.size, count = (size_t)pot->nradial;
  const size_t pairs = (size_t)(pot->nspecies * pot->nspecies);
  double sum = 0;
  for (size_t mu = 0; mu < count; mu++) {
    for (size_t nu = mu; nu < count; nu++) {
      double product = 0;
      for (size_t z = 0; z < pairs; z++) {
        for (size_t k = 0; k < size; k++) {
          product += pot->params[(z * count + mu) * size + k] * pot->params[(z * count + nu) * size + k];
        }
      }
      sum += pow(product - (mu == nu), 2);
    }
  }
  return p * sum;
}

static mtp_weighting weighting_at(const golden_text *text) {
  if (!strncmp(text->at, " vibrations", 11)) return MTP_WEIGHT_VIBRATIONS;
  if (!strncmp(text->at, " molecules", 10)) return MTP_WEIGHT_MOLECULES;
  assert_true(!strncmp(text->at, " structures", 11));
  return MTP_WEIGHT_STRUCTURES;
}

static void check_normal(mtp_context *ctx, int *failures, const char *name, const mtp_potential *pot,
                         const mtp_config_set *ref, mtp_weighting weighting, double want) {
  mtp_weights weights = mtp_weights_mlip();
  mtp_normal *nq = NULL;
  weights.weighting = weighting;
  data_must(ctx, mtp_normal_new(ctx, pot, weights, &nq));
  for (size_t k = 0; k < ref->n; k++) data_must(ctx, mtp_normal_add(ctx, nq, ref->configs[k]));
  const double *x = pot->params + mtp_offset_species(pot), loss = mtp_normal_loss(nq, x);
  golden_check(failures, name, (size_t)weighting, "loss by quadratic form", 1, &loss, &want, 0,
               1e-9 + golden_form_noise(nq, x) / want);
  mtp_normal_free(nq);
}

/* Loss and gradient as training sees them. */
static void check_objective(mtp_context *ctx, int *failures, const char *name, size_t block, const mtp_potential *pot,
                            const mtp_config_set *ref, const mtp_objective_options *options, golden_text *text) {
  mtp_objective *o = data_objective(ctx, options, 1, ref, pot);
  mtp_fit_stats stats[MTP_PARTS];
  double *got = data_calloc(pot->nparams, sizeof *got), *want = data_calloc(pot->nparams, sizeof *want);
  const unsigned trained = MTP_PART_BIT(MTP_PART_TRAINING);
  data_must(ctx, mtp_objective_pass(ctx, o, pot->params, trained, trained, stats, got));
  golden_seek(text, "loss");
  const double loss = mtp_objective_loss(o, pot->params, stats, trained), wanted = golden_number(text);
  golden_seek(text, "grad");
  for (size_t k = 0; k < pot->nparams; k++) want[k] = golden_number(text);
  golden_check(failures, name, block, "loss of the objective", 1, &loss, &wanted, 0, golden_gradient_tolerance(name));
  golden_check(failures, name, block, "gradient of the objective", pot->nparams, got, want, 0, 1e-7);
  mtp_objective_free(o);
  free(got);
  free(want);
}

static void check_case(const char *name, int *failures) {
  mtp_context *ctx = mtp_context_new();
  mtp_potential *pot = golden_potential(ctx, name, "pot.mtp");
  mtp_config_set *got = golden_configs(ctx, name, "input.cfg", pot), *ref = golden_configs(ctx, name, "dft.cfg", pot);
  golden_text *text = golden_text_open(name, "loss.txt");
  mtp_evaluator *ev = NULL;
  data_must(ctx, mtp_evaluator_new(ctx, pot, &ev));
  assert_int_equal(got->n, ref->n);
  for (size_t k = 0; k < got->n; k++) data_must(ctx, mtp_evaluator_config(ctx, ev, got->configs[k], 0));
  size_t blocks = 0;
  for (; golden_has_ahead(text, "\nweighting"); blocks++) {
    golden_seek(text, "\nweighting");
    const mtp_weighting weighting = weighting_at(text);
    golden_seek(text, "scale_by_force");
    const double phi = golden_number(text);
    golden_seek(text, "penalty");
    const double p = golden_number(text), added = penalty(pot, p);
    mtp_objective_options options = {.weights = mtp_weights_mlip(), .scale_by_force = phi, .penalty = p, .memory = 1e9};
    options.weights.weighting = weighting;
    golden_text ahead = *text;
    check_objective(ctx, failures, name, blocks, pot, ref, &options, &ahead);
    golden_seek(text, "loss");
    const double want = golden_number(text);
    double sum = 0;
    for (size_t k = 0; k < got->n; k++) sum += golden_loss(got->configs[k], ref->configs[k], weighting, phi);
    const double loss = sum / (double)got->n + added, bare = want - added;
    golden_check(failures, name, blocks, "loss", 1, &loss, &want, 0, golden_gradient_tolerance(name));
    if (phi == 0) check_normal(ctx, failures, name, pot, ref, weighting, bare);
  }
  assert_int_equal(blocks, 5);
  mtp_evaluator_free(ev);
  golden_text_close(text);
  mtp_config_set_free(got);
  mtp_config_set_free(ref);
  mtp_potential_free(pot);
  mtp_context_free(ctx);
}

static void test_cases(void **state) {
  (void)state;
  golden_visit_cases("loss.txt", 7, check_case);
}

int main(void) {
  if (!golden_available()) return GOLDEN_SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
