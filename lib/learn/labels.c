/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/labels.c
 * Deviations from labels, and what the second pass of the kernel is asked for because of them. */
#include "learn/labels.h"

#include <math.h>

#include "config/units.h"
#include "learn/weights.h"

static double force_weight(const mtp_labels *l, size_t i) {
  const double phi = l->options->scale_by_force, *f = l->cfg->force + 3 * i;
  if (mtp_config_is_masked(l->cfg, i)) return 0.0;
  if (!(phi > 0)) return l->w.force;
  return l->w.force * phi / (f[0] * f[0] + f[1] * f[1] + f[2] * f[2] + phi);
}

mtp_labels mtp_labels_compare(const mtp_objective_options *options, const mtp_config *cfg, const double own[3],
                              const mtp_batch *batch, const mtp_batch_work *work, size_t c) {
  mtp_labels l = {.options = options, .cfg = cfg, .first = batch->first[c]};
  l.w = mtp_weights_of(&options->weights, cfg, own);
  if (cfg->has_energy) l.energy = work->energy[c] - cfg->energy;
  if (cfg->has_virial)
    for (size_t k = 0; k < 6; k++) l.virial[k] = work->virial[6 * c + k] - cfg->virial[k];
  return l;
}

/* Residual of a force component. */
static double force_error(const mtp_labels *l, const mtp_batch_work *work, size_t i, size_t a) {
  return work->force[4 * (l->first + i) + a] - l->cfg->force[3 * i + a];
}

void mtp_labels_add_stats(const mtp_labels *l, const mtp_batch_work *work, mtp_fit_stats *s) {
  const mtp_config *cfg = l->cfg;
  double loss = 0.0;
  s->configs += 1;
  if (cfg->has_energy && cfg->n) {
    const double d = l->energy / (double)cfg->n;
    loss += l->w.energy * l->energy * l->energy;
    s->energy += d * d, s->energy_abs += fabs(d), s->energies += 1;
  }
  for (size_t i = 0; cfg->force && i < cfg->n; i++) {
    const double w = force_weight(l, i);
    for (size_t a = 0; a < 3 && !mtp_config_is_masked(cfg, i); a++) {
      const double d = force_error(l, work, i, a);
      loss += w * d * d;
      s->force += d * d, s->force_abs += fabs(d), s->forces += 1;
    }
  }
  const double volume = mtp_config_volume(cfg);
  for (size_t k = 0; cfg->has_virial && k < 6; k++) { /* the tensor has off-diagonal components twice */
    const double d = l->virial[k], times = k < 3 ? 1.0 : 2.0, stress = volume > 0 ? d / volume * MTP_GPA : 0.0;
    loss += times * l->w.stress * d * d;
    s->stress += times * stress * stress, s->stress_abs += times * fabs(stress);
    s->stresses += volume > 0 ? times : 0.0;
  }
  s->loss += loss;
  if (loss > 0) s->log_loss += log(loss), s->log_losses += 1;
}

/* Asks the second pass for the gradient of the objective: F = -dE/dx, W = -dE/dstrain. */
void mtp_labels_ask_gradient(const mtp_labels *l, size_t c, mtp_batch_work *work) {
  const mtp_config *cfg = l->cfg;
  work->weight[c] = 2.0 * l->w.energy * l->energy;
  for (size_t k = 0; k < 6; k++) work->strain[6 * c + k] = -2.0 * l->w.stress * l->virial[k];
  for (size_t i = 0; i < cfg->n; i++) {
    const double w = cfg->force ? force_weight(l, i) : 0.0;
    for (size_t a = 0; a < 3; a++)
      work->direction[4 * (l->first + i) + a] = cfg->force ? -2.0 * w * force_error(l, work, i, a) : 0.0;
  }
}

static double sign(mtp_random *random) {
  return mtp_random_uniform(random) < 0.5 ? -1.0 : 1.0;
}

/* Asks for the gradient of a combination of all weighted residuals with random signs. */
void mtp_labels_ask_combination(const mtp_labels *l, size_t c, mtp_random *random, mtp_batch_work *work) {
  const mtp_config *cfg = l->cfg;
  work->weight[c] = cfg->has_energy ? sqrt(l->w.energy) * sign(random) : 0.0;
  for (size_t k = 0; k < 6; k++) {
    const double w = k < 3 ? sqrt(l->w.stress) : sqrt(0.5 * l->w.stress); /* sqrt(2 w), half of it from xy and yx */
    work->strain[6 * c + k] = cfg->has_virial ? w * sign(random) : 0.0;
  }
  for (size_t i = 0; i < cfg->n; i++) {
    const double w = cfg->force ? sqrt(force_weight(l, i)) : 0.0;
    for (size_t a = 0; a < 3; a++) work->direction[4 * (l->first + i) + a] = w != 0.0 ? w * sign(random) : 0.0;
  }
}
