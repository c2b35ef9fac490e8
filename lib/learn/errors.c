/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/errors.c
 * How far a potential is from labels. */
#include <math.h>
#include <stdlib.h>

#include "mtp/evaluator.h"
#include "mtp/trainer.h"
#include "support/support.h"

#define GPA 160.2176634 /* GPa in 1 eV/A^3 (CODATA 2018) */

/* Sums while collecting: mae holds sum |d|, rmse sum d^2. */
static void note(mtp_error_stat *s, double d) {
  s->mae += fabs(d);
  s->rmse += d * d;
  if (fabs(d) > s->max) s->max = fabs(d);
  s->count++;
}

static void finish(mtp_error_stat *s) {
  if (!s->count) return;
  s->mae /= (double)s->count;
  s->rmse = sqrt(s->rmse / (double)s->count);
}

static void note_config(mtp_errors *e, const mtp_config *label, const mtp_config *model) {
  e->configurations++;
  e->atoms += label->n;
  if (label->has_energy && label->n) note(&e->energy_per_atom, (model->energy - label->energy) / (double)label->n);
  for (size_t k = 0; label->force && k < 3 * label->n; k++) note(&e->force, model->force[k] - label->force[k]);
  const double volume = mtp_config_volume(label);
  if (!label->has_virial || !(volume > 0)) return;
  for (int c = 0; c < 6; c++) {
    const double d = (model->virial[c] - label->virial[c]) / volume * GPA;
    note(&e->stress, d);
    if (c >= 3) note(&e->stress, d); /* the tensor has it twice */
  }
}

mtp_status mtp_errors_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_errors *out) {
  if (!pot || !set || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "errors: expected a potential and configurations");
  mtp_evaluator *ev = NULL;
  mtp_errors errors = {0};
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  for (size_t k = 0; status == MTP_OK && k < set->n; k++) {
    mtp_config *model = mtp_config_copy(set->configs[k]);
    status = model ? mtp_evaluator_config(ctx, ev, model, 0) : mtp_fail_memory(ctx);
    if (status == MTP_OK) note_config(&errors, set->configs[k], model);
    mtp_config_free(model);
  }
  mtp_evaluator_free(ev);
  if (status != MTP_OK) return status;
  finish(&errors.energy_per_atom);
  finish(&errors.force);
  finish(&errors.stress);
  *out = errors;
  return MTP_OK;
}
