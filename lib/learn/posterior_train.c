/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/posterior_train.c
 * Tests of a posterior: what it expects of forces against what they are; and the scale of a training set's posterior
 * from configurations that its coefficients do not know. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/posterior.h"
#include "model/model.h"
#include "mtp/evaluator.h"
#include "support/support.h"

/* One configuration in so many is predicted by the others, and at most so many are. */
#define FOLD ((size_t)5)
#define MOST ((size_t)200)

/* ---- one label ---- */

void mtp_force_test_clear(mtp_force_test *t) {
  if (!t) return;
  free(t->error);
  free(t->doubt);
  *t = (mtp_force_test){0};
}

/* Keeps what is not masked, in place, and looks for the worst atom. */
static void compare(const mtp_posterior *p, const mtp_config *label, const mtp_config *predicted, mtp_force_test *t) {
  for (size_t i = 0; i < label->n; i++) {
    if (mtp_config_is_masked(label, i)) continue;
    double square = 0;
    for (size_t a = 0; a < 3; a++) {
      const double error = predicted->force[3 * i + a] - label->force[3 * i + a];
      t->error[3 * t->n + a] = error;
      square += error * error;
    }
    t->doubt[t->n] = t->doubt[i];
    t->largest = fmax(t->largest, mtp_posterior_error(p, t->doubt + t->n));
    t->largest_error = fmax(t->largest_error, sqrt(square / 3.0));
    t->n++;
  }
}

static mtp_status test(mtp_context *ctx, mtp_evaluator *ev, const mtp_posterior *p, const mtp_config *label,
                       mtp_force_test *out) {
  mtp_config *predicted = mtp_config_copy(label);
  out->error = mtp_calloc(3 * label->n, sizeof *out->error);
  out->doubt = mtp_calloc(label->n, sizeof *out->doubt);
  mtp_status status = predicted && out->error && out->doubt ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, predicted, 0);
  if (status == MTP_OK) status = mtp_posterior_forces(ctx, p, label, out->doubt);
  if (status == MTP_OK) compare(p, label, predicted, out);
  mtp_config_free(predicted);
  return status;
}

mtp_status mtp_force_test_run(mtp_context *ctx, const mtp_posterior *p, const mtp_potential *pot,
                              const mtp_config *label, mtp_force_test *out) {
  if (out) *out = (mtp_force_test){0};
  if (!p || !pot || !label || !out || !label->force)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: expected a potential and a configuration with forces");
  mtp_evaluator *ev = NULL;
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  if (status == MTP_OK) status = test(ctx, ev, p, label, out);
  mtp_evaluator_free(ev);
  return status;
}

/* ---- a training set ---- */

static bool is_usable(const mtp_config *cfg) {
  return cfg->n > 0 && cfg->force && !cfg->ghost && !mtp_config_is_squeezed(cfg);
}

static bool is_held_out(size_t number) {
  return number % FOLD == FOLD / 2;
}

/* Of all configurations, or without every fifth one. */
static mtp_status sum(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, bool all, int threads,
                      mtp_normal **out) {
  const mtp_config **configs = mtp_calloc(set->n, sizeof *configs);
  size_t n = 0;
  mtp_status status = configs ? mtp_normal_new(ctx, pot, mtp_weights_default(), out) : mtp_fail_memory(ctx);
  for (size_t i = 0; configs && i < set->n; i++)
    if (all || !is_held_out(i)) configs[n++] = set->configs[i];
  if (status == MTP_OK) status = mtp_normal_add_all(ctx, *out, n, configs, threads);
  free(configs);
  return status;
}

/* ---- typical residuals ---- */

/* Least part of the noise that is typical. */
#define LEAST_TYPICAL 0.3

/* Errors of the forces of one label and what is known of them, from number *n on. Variances of labels that were fitted
 * to cost much more than the errors: their mean has to do, which is noise^2 times coefficients over labels. */
static mtp_status add_errors(mtp_context *ctx, mtp_evaluator *ev, const mtp_posterior *p, const mtp_config *label,
                             double *error, mtp_doubt *doubt, size_t *n) {
  mtp_config *predicted = mtp_config_copy(label);
  const mtp_status status = predicted ? mtp_evaluator_config(ctx, ev, predicted, 0) : mtp_fail_memory(ctx);
  for (size_t i = 0; status == MTP_OK && i < label->n; i++) {
    if (mtp_config_is_masked(label, i)) continue;
    const double *f = predicted->force + 3 * i;
    for (size_t a = 0; a < 3; a++) error[3 * *n + a] = f[a] - label->force[3 * i + a];
    const double spread = mtp_posterior_spread(p, f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
    const double v = pow(p->noise.force, 2) * (1.0 - pow(p->inflation, -2)) * spread;
    doubt[(*n)++] = (mtp_doubt){{v, v, v}, spread};
  }
  mtp_config_free(predicted);
  return status;
}

mtp_status mtp_posterior_learn_typical(mtp_context *ctx, mtp_posterior *p, const mtp_potential *pot, size_t n,
                                       const mtp_config *const *configs) {
  size_t atoms = 0, count = 0;
  for (size_t i = 0; i < n; i++) atoms += configs[i]->n;
  double *error = mtp_calloc(3 * atoms, sizeof *error);
  mtp_doubt *doubt = mtp_calloc(atoms, sizeof *doubt);
  mtp_evaluator *ev = NULL;
  mtp_status status = error && doubt ? mtp_evaluator_new(ctx, pot, &ev) : mtp_fail_memory(ctx);
  for (size_t i = 0; i < n && status == MTP_OK; i++)
    if (is_usable(configs[i])) status = add_errors(ctx, ev, p, configs[i], error, doubt, &count);
  if (status == MTP_OK && count > 0) {
    const double typical = p->inflation * mtp_posterior_find_typical(p, count, error, doubt);
    if (isfinite(typical)) p->typical = fmax(typical, LEAST_TYPICAL * p->noise.force);
  }
  mtp_evaluator_free(ev);
  free(error);
  free(doubt);
  return status;
}

/* Errors and doubts of many labels one after the other. */
typedef struct record {
  size_t n;
  double *error;
  mtp_doubt *doubt;
} record;

static void record_clear(record *r) {
  free(r->error);
  free(r->doubt);
}

static mtp_status append(mtp_context *ctx, record *r, const mtp_force_test *t) {
  double *error = mtp_realloc(r->error, 3 * (r->n + t->n) + 1, sizeof *error);
  if (error) r->error = error;
  mtp_doubt *doubt = mtp_realloc(r->doubt, r->n + t->n + 1, sizeof *doubt);
  if (doubt) r->doubt = doubt;
  if (!error || !doubt) return mtp_fail_memory(ctx);
  memcpy(error + 3 * r->n, t->error, 3 * t->n * sizeof *error);
  memcpy(doubt + r->n, t->doubt, t->n * sizeof *doubt);
  r->n += t->n;
  return MTP_OK;
}

/* Tests on a set, or on every fifth of it, spread over the whole if it is long. */
static mtp_status test_set(mtp_context *ctx, const mtp_posterior *p, const mtp_potential *pot,
                           const mtp_config_set *set, bool fifth, record *r) {
  const size_t stride = set->n / (fifth ? FOLD : 1) / MOST + 1;
  size_t seen = 0;
  mtp_evaluator *ev = NULL;
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    if (!is_usable(set->configs[i]) || (fifth && !is_held_out(i)) || seen++ % stride != 0) continue;
    mtp_force_test t = {0};
    status = test(ctx, ev, p, set->configs[i], &t);
    if (status == MTP_OK) status = append(ctx, r, &t);
    mtp_force_test_clear(&t);
  }
  mtp_evaluator_free(ev);
  return status;
}

/* Scale and typical residual from the errors of `of`, of which `p` gets them. */
static void adjust(const record *r, mtp_posterior *of, mtp_posterior *p) {
  if (r->n == 0) return;
  const double scale = mtp_posterior_calibrate(of, r->n, r->error, r->doubt);
  if (isfinite(scale)) of->scale = p->scale = scale;
  const double typical = mtp_posterior_find_typical(of, r->n, r->error, r->doubt);
  if (typical > 0.0) p->typical = typical;
}

/* By coefficients that do not know every fifth configuration. */
static mtp_status cross_test(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, int threads,
                             record *r, mtp_posterior *p) {
  mtp_normal *normal = NULL;
  mtp_potential *part = NULL;
  mtp_posterior *of = NULL;
  mtp_status status = sum(ctx, pot, set, false, threads, &normal);
  if (status == MTP_OK) status = mtp_potential_copy(ctx, pot, &part);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, normal, 0.0, part);
  if (status == MTP_OK) status = mtp_posterior_new(ctx, normal, part, &of);
  if (status == MTP_OK) status = test_set(ctx, of, part, set, true, r);
  if (status == MTP_OK) adjust(r, of, p);
  mtp_posterior_free(of);
  mtp_potential_free(part);
  mtp_normal_free(normal);
  return status;
}

static mtp_status calibrate(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                            const mtp_config_set *valid, int threads, mtp_posterior *p) {
  record r = {0};
  mtp_status status = valid ? test_set(ctx, p, pot, valid, false, &r) : MTP_OK;
  if (status == MTP_OK && r.n)
    adjust(&r, p, p);
  else if (status == MTP_OK && set->n >= FOLD)
    status = cross_test(ctx, pot, set, threads, &r, p);
  record_clear(&r);
  return status;
}

mtp_status mtp_posterior_train(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                               const mtp_config_set *valid, int threads, mtp_posterior **out) {
  if (out) *out = NULL;
  if (!pot || !set || !out || threads < 1)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "posterior: expected a potential and its training set");
  mtp_normal *normal = NULL;
  mtp_posterior *p = NULL;
  mtp_status status = sum(ctx, pot, set, true, threads, &normal);
  if (status == MTP_OK) status = mtp_posterior_new(ctx, normal, pot, &p);
  mtp_normal_free(normal);
  if (status == MTP_OK) status = calibrate(ctx, pot, set, valid, threads, p);
  if (status != MTP_OK) {
    mtp_posterior_free(p);
    return status;
  }
  *out = p;
  return MTP_OK;
}
