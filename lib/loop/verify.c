/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/verify.c
 * The true error of a run, bought whatever its grades say (Li, Kermode, De Vita, Phys. Rev. Lett. 114, 096405 (2015)):
 * a label that is compared and, if the error is too large, learned from. */
#include <math.h>

#include "loop/loop.h"
#include "support/support.h"

/* True errors of the present potential on a label, and what was expected of it. */
typedef struct check {
  double rms, worst; /* of all components; of the worst atom, RMS of a component; eV/A */
  mtp_expectation expected;
} check;

static mtp_status compare(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const mtp_config *label,
                          check *out) {
  mtp_config *predicted = mtp_config_copy(label);
  mtp_evaluator *ev = NULL;
  double squares = 0, count = 0;
  mtp_status status = predicted ? mtp_evaluator_new(ctx, l->pot, &ev) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_evaluator_config(ctx, ev, predicted, 0);
  for (size_t i = 0; status == MTP_OK && i < label->n; i++) {
    double square = 0;
    if (mtp_config_is_masked(label, i)) continue;
    for (size_t a = 3 * i; a < 3 * i + 3; a++) square += pow(predicted->force[a] - label->force[a], 2);
    squares += square;
    count += 3.0;
    out->worst = fmax(out->worst, sqrt(square / 3.0));
  }
  out->rms = mtp_rmse(squares, count);
  mtp_evaluator_free(ev);
  mtp_config_free(predicted);
  return status == MTP_OK ? mtp_loop_test(ctx, l, c, label, &out->expected) : status;
}

static void log_check(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, const check *k, bool learned) {
  cJSON *event = mtp_event_new(l->log, "check", c->step);
  mtp_event_number(event, "gamma", c->grade);
  mtp_event_integer(event, "atom", c->atom);
  mtp_loop_add_expectation(&k->expected, event);
  if (!(k->expected.expected > 0.0)) mtp_event_number(event, "force_error", k->worst); /* else it is there */
  mtp_event_number(event, "force_rmse", k->rms);
  mtp_event_flag(event, "learned", learned);
  mtp_event_write(ctx, l->log, event);
  mtp_text text = {0};
  mtp_text_add(&text, "step %lld: check: force RMSE %.4g eV/A, %.4g eV/A at the worst atom", c->step, k->rms, k->worst);
  if (k->expected.expected > 0.0)
    mtp_text_add(&text, " (expected %.4g and %.4g)", k->expected.expected_rms, k->expected.expected);
  if (learned) mtp_text_add(&text, ", above %.4g: learned", l->options.check_error);
  if (!text.failed) mtp_message(ctx, MTP_INFO, "%s", text.data);
  mtp_text_free(&text);
}

mtp_status mtp_loop_verify(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_action *action) {
  mtp_config *label = NULL;
  mtp_qm_report report;
  check found = {0};
  if (!mtp_loop_can_label(l) || !mtp_potential_is_trained(l->pot) || mtp_seen_find(l->seen, c->cfg, NULL))
    return MTP_OK;
  mtp_status status = mtp_config_set_feature(ctx, c->cfg, MTP_CHECK_KEY, "1");
  if (status == MTP_OK) status = mtp_loop_label_apart(ctx, l, c, &report, &label);
  if (status != MTP_OK || !label) return status;
  status = compare(ctx, l, c, label, &found);
  const bool learned = status == MTP_OK && found.worst > l->options.check_error;
  if (status == MTP_OK) log_check(ctx, l, c, &found, learned);
  if (!learned) {
    mtp_config_free(label);
    return status;
  }
  return mtp_loop_learn_label(ctx, l, c, label, &report, &found.expected, action);
}
