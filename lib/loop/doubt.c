/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/doubt.c
 * How sure the potential is. Each label is a test before it is learned: thousands of force components, whose errors are
 * compared with what was expected of them. Labels are bought where the potential is least sure, so that they tell
 * little of ordinary configurations; but what they calibrate is the share of what the data leave open alone, and that
 * of what the model misses comes from the fit to all data. */
#include <math.h>
#include <stdlib.h>

#include "learn/posterior.h"
#include "loop/loop.h"
#include "support/support.h"

/* The scale moves towards that of a label by one part in so many, and no further than by this factor. */
#define MEMORY 8.0
#define STEP   3.0

/* Atoms whose residuals tell the typical one, of labels spread over all, so that a refit costs no more than that. */
#define ATOMS 2000

static mtp_status learn_typical(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f) {
  const mtp_config *some[ATOMS];
  size_t n = 0, atoms = 0;
  for (size_t k = 0; k < l->train->n; k++) atoms += l->train->configs[k]->n;
  const size_t stride = atoms / ATOMS + 1;
  for (size_t k = l->train->n; k > 0 && n < ATOMS; k -= k < stride ? k : stride) some[n++] = l->train->configs[k - 1];
  return mtp_posterior_learn_typical(ctx, f->posterior, f->pot, n, some);
}

mtp_status mtp_loop_find_posterior(mtp_context *ctx, const mtp_learner *l, const mtp_normal *normal, mtp_fitted *f) {
  /* a potential can do without */
  mtp_status status = mtp_posterior_new(NULL, normal, f->pot, &f->posterior);
  if (status == MTP_ERR_MEMORY) return mtp_fail_memory(ctx);
  if (!f->posterior && l->options.query == MTP_QUERY_BAYES)
    mtp_message(ctx, MTP_WARNING,
                "how sure the fit is cannot be told from %zu configurations: query bayes takes every other one for "
                "unknown",
                l->train->n);
  if (f->posterior && l->history.scaled > 0) mtp_posterior_set_scale(NULL, f->posterior, l->history.scale);
  status = f->posterior ? learn_typical(ctx, l, f) : MTP_OK;
  return status == MTP_OK ? mtp_posterior_stamp(ctx, f->posterior, f->pot) : status;
}

static void calibrate(mtp_learner *l, const mtp_force_test *t) {
  const double found = mtp_posterior_calibrate(l->posterior, t->n, t->error, t->doubt);
  if (isnan(found)) return; /* it says nothing of the scale */
  mtp_history *h = &l->history;
  if (h->scaled++ == 0) {
    h->scale = found;
    return;
  }
  const double step = fmin(fmax(log(found / h->scale), -log(STEP)), log(STEP));
  h->scale *= exp(step / fmin((double)h->scaled, MEMORY));
}

static void summarise(const mtp_learner *l, const mtp_force_test *t, mtp_expectation *out) {
  *out = (mtp_expectation){.expected = t->largest, .error = t->largest_error};
  for (size_t i = 0; i < t->n; i++) {
    const double expected = mtp_posterior_error(l->posterior, t->doubt + i);
    out->expected_rms += expected * expected / (double)t->n;
    for (size_t a = 3 * i; a < 3 * i + 3; a++) out->inside += (fabs(t->error[a]) <= expected) / (3.0 * (double)t->n);
  }
  out->expected_rms = sqrt(out->expected_rms);
}

mtp_status mtp_loop_test(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const mtp_config *label,
                         mtp_expectation *out) {
  mtp_force_test t = {0};
  *out = (mtp_expectation){0};
  if (!l->posterior) return MTP_OK;
  const mtp_status status = mtp_force_test_run(ctx, l->posterior, l->pot, label, &t);
  if (status == MTP_OK && t.n > 0) {
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
  if (!l->posterior) return false;
  for (size_t k = l->train->n; k > 0 && *labels < most; k--) {
    const mtp_config *cfg = l->train->configs[k - 1];
    mtp_force_test t;
    if (mtp_config_is_squeezed(cfg) || mtp_config_get_feature(cfg, "trial")) continue;
    const mtp_status status = mtp_force_test_run(ctx, l->posterior, l->pot, cfg, &t);
    mtp_expectation e = {0};
    if (status == MTP_OK && t.n > 0) summarise(l, &t, &e);
    squares += 3.0 * (double)t.n * e.expected_rms * e.expected_rms;
    count += 3.0 * (double)t.n;
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
