/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/doubt.c
 * How sure the potential is. Each label is a test before it is learned: thousands of force components, whose errors are
 * compared with what was expected of them. Labels are bought where the potential is least sure, so that they tell
 * little of ordinary configurations; but what they calibrate is the share of what the data leave open alone, and that
 * of what the model misses comes from the fit to all data. */
#include <math.h>
#include <stdlib.h>

#include "loop/loop.h"
#include "support/support.h"

/* The scale moves towards that of a label by one part in so many, and no further than by this factor. */
#define MEMORY   8.0
#define STEP     3.0
#define SMALLEST 0.3
#define LARGEST  30.0
/* A label whose variance is below this part of the noise's says nothing of the scale if the noise explains its errors.
 */
#define TELLING 0.1

mtp_status mtp_loop_find_posterior(mtp_context *ctx, const mtp_learner *l, const mtp_normal *normal, mtp_fitted *f) {
  /* a potential can do without */
  const mtp_status status = mtp_posterior_new(NULL, normal, f->pot, &f->posterior);
  if (status == MTP_ERR_MEMORY) return mtp_fail_memory(ctx);
  if (f->posterior && l->history.scaled > 0) mtp_posterior_set_scale(NULL, f->posterior, l->history.scale);
  return mtp_posterior_stamp(ctx, f->posterior, f->pot);
}

static void calibrate(mtp_learner *l, const mtp_force_test *t) {
  const double noise = mtp_posterior_noise(l->posterior).force;
  double found = mtp_posterior_calibrate(l->posterior, t->count, t->error, t->variance), variance = 0;
  for (size_t k = 0; k < t->count; k++) variance += t->variance[k] / (double)t->count;
  if (!isfinite(found) || (found == 0.0 && variance < TELLING * noise * noise)) return;
  found = fmin(fmax(found, SMALLEST), LARGEST);
  mtp_history *h = &l->history;
  if (h->scaled++ == 0) {
    h->scale = found;
    return;
  }
  const double step = fmin(fmax(log(found / h->scale), -log(STEP)), log(STEP));
  h->scale *= exp(step / fmin((double)h->scaled, MEMORY));
}

static void summarise(const mtp_learner *l, const mtp_force_test *t, mtp_expectation *out) {
  const double noise = mtp_posterior_noise(l->posterior).force, scale = mtp_posterior_scale(l->posterior);
  *out = (mtp_expectation){.expected = t->largest, .error = t->largest_error};
  for (size_t k = 0; k < t->count; k++) {
    const double square = noise * noise + scale * scale * t->variance[k];
    out->expected_rms += square / (double)t->count;
    out->inside += (t->error[k] * t->error[k] <= square) / (double)t->count;
  }
  out->expected_rms = sqrt(out->expected_rms);
}

mtp_status mtp_loop_test(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const mtp_config *label,
                         mtp_expectation *out) {
  mtp_force_test t = {0};
  *out = (mtp_expectation){0};
  if (!l->posterior) return MTP_OK;
  const mtp_status status = mtp_force_test_run(ctx, l->posterior, l->pot, label, &t);
  if (status == MTP_OK && t.count > 0) {
    summarise(l, &t, out);
    if (c->warmup < 0 && !(c->squeezed > 0.0)) calibrate(l, &t);
  }
  mtp_force_test_clear(&t);
  return status;
}

void mtp_loop_add_expectation(const mtp_expectation *e, cJSON *event) {
  if (!(e->expected > 0.0)) return;
  mtp_event_number(event, "expected_force_error", e->expected);
  mtp_event_number(event, "force_error", e->error);
  mtp_event_number(event, "expected_force_rmse", e->expected_rms);
  mtp_event_number(event, "inside", e->inside);
}

bool mtp_loop_expect(mtp_context *ctx, const mtp_learner *l, size_t most, double *error, double *force,
                     size_t *labels) {
  double squares = 0, force_squares = 0, count = 0;
  *labels = 0;
  for (size_t k = l->train->n; l->posterior && k > 0 && *labels < most; k--) {
    const mtp_config *cfg = l->train->configs[k - 1];
    mtp_force_test t;
    if (mtp_config_is_squeezed(cfg) || mtp_config_get_feature(cfg, "trial")) continue;
    const mtp_status status = mtp_force_test_run(ctx, l->posterior, l->pot, cfg, &t);
    mtp_expectation e = {0};
    if (status == MTP_OK && t.count > 0) summarise(l, &t, &e);
    squares += (double)t.count * e.expected_rms * e.expected_rms;
    count += (double)t.count;
    for (size_t i = 0; status == MTP_OK && i < 3 * cfg->n; i++)
      if (!mtp_config_is_masked(cfg, i / 3)) force_squares += cfg->force[i] * cfg->force[i];
    mtp_force_test_clear(&t);
    if (status != MTP_OK) return false;
    ++*labels;
  }
  *error = mtp_rmse(squares, count);
  *force = mtp_rmse(force_squares, count);
  return count > 0;
}
