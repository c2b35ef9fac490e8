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
  free(t->variance);
  *t = (mtp_force_test){0};
}

/* Keeps what is not masked, in place, and looks for the worst atom. */
static void compare(const mtp_posterior *p, const mtp_config *label, const mtp_config *predicted, mtp_force_test *t) {
  for (size_t i = 0; i < label->n; i++) {
    if (mtp_config_is_masked(label, i)) continue;
    double square = 0;
    for (size_t a = 0; a < 3; a++) {
      const double error = predicted->force[3 * i + a] - label->force[3 * i + a];
      t->error[t->count + a] = error;
      t->variance[t->count + a] = t->variance[3 * i + a];
      square += error * error;
    }
    t->largest = fmax(t->largest, mtp_posterior_error(p, t->variance + t->count));
    t->largest_error = fmax(t->largest_error, sqrt(square / 3.0));
    t->count += 3;
  }
}

static mtp_status test(mtp_context *ctx, mtp_evaluator *ev, const mtp_posterior *p, const mtp_config *label,
                       mtp_force_test *out) {
  mtp_config *predicted = mtp_config_copy(label);
  out->error = mtp_calloc(3 * label->n, sizeof *out->error);
  out->variance = mtp_calloc(3 * label->n, sizeof *out->variance);
  mtp_status status = predicted && out->error && out->variance ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, predicted, 0);
  if (status == MTP_OK) status = mtp_posterior_forces(ctx, p, label, out->variance);
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

/* Errors and variances of many labels one after the other. */
typedef struct record {
  size_t count;
  double *error, *variance;
} record;

static void record_clear(record *r) {
  free(r->error);
  free(r->variance);
}

static mtp_status append(mtp_context *ctx, record *r, const mtp_force_test *t) {
  double *error = mtp_realloc(r->error, r->count + t->count + 1, sizeof *error);
  if (error) r->error = error;
  double *variance = mtp_realloc(r->variance, r->count + t->count + 1, sizeof *variance);
  if (variance) r->variance = variance;
  if (!error || !variance) return mtp_fail_memory(ctx);
  memcpy(error + r->count, t->error, t->count * sizeof *error);
  memcpy(variance + r->count, t->variance, t->count * sizeof *variance);
  r->count += t->count;
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

/* By coefficients that do not know every fifth configuration. */
static mtp_status cross_test(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, int threads,
                             record *r, double *scale) {
  mtp_normal *normal = NULL;
  mtp_potential *part = NULL;
  mtp_posterior *p = NULL;
  mtp_status status = sum(ctx, pot, set, false, threads, &normal);
  if (status == MTP_OK) status = mtp_potential_copy(ctx, pot, &part);
  if (status == MTP_OK) status = mtp_normal_fit(ctx, normal, 0.0, part);
  if (status == MTP_OK) status = mtp_posterior_new(ctx, normal, part, &p);
  if (status == MTP_OK) status = test_set(ctx, p, part, set, true, r);
  if (status == MTP_OK && r->count) *scale = mtp_posterior_calibrate(p, r->count, r->error, r->variance);
  mtp_posterior_free(p);
  mtp_potential_free(part);
  mtp_normal_free(normal);
  return status;
}

static mtp_status calibrate(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                            const mtp_config_set *valid, int threads, mtp_posterior *p) {
  record r = {0};
  double scale = 1.0;
  mtp_status status = valid ? test_set(ctx, p, pot, valid, false, &r) : MTP_OK;
  if (status == MTP_OK && r.count)
    scale = mtp_posterior_calibrate(p, r.count, r.error, r.variance);
  else if (status == MTP_OK && set->n >= FOLD)
    status = cross_test(ctx, pot, set, threads, &r, &scale);
  record_clear(&r);
  return status == MTP_OK ? mtp_posterior_set_scale(ctx, p, scale) : status;
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
