/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/pair_fit.c
 * The regression of a pair part, and its turns with the fit of a potential. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/jacobian.h"
#include "learn/pair_part.h"
#include "learn/weights.h"
#include "mtp/baseline.h"
#include "mtp/evaluator.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Distances up to which the closest pairs are looked for at least, A. */
#define CLOSE 8.0
/* Coefficients of a potential that are fitted beside: with many more the regression takes minutes. Then they are left
 * out, and the turns are more. */
#define MOST 1000
/* The end of turns. */
#define ROUNDS 20
#define CHANGE 0.005

typedef struct fit {
  mtp_pair_part *part;
  mtp_evaluator *evaluator; /* of the potential that is beside it, if it is trained; or NULL */
  mtp_plan *plan;           /* the same, if changes of its linear coefficients are unknowns, too; or NULL */
  /* Unknowns are changes of the present coefficients: beside a potential the data leave open which of both has what,
   * and what is open stays as it is with pairs alone, which repel each other where the data end. */
  bool is_change;
  mtp_regression equations;
  size_t size, unknowns; /* functions; constants and linear coefficients follow them */
  double *row, *beside;  /* [unknowns] scratch */
  double *shortest;      /* [pairs] */
  size_t labels;
} fit;

/* ---- equations ---- */

/* What the pair part has by its present coefficients. */
static double now(const fit *f, const double *row) {
  double sum = 0.0;
  for (size_t q = 0; q < f->size; q++) sum += f->part->coefficient[q] * row[q];
  return sum;
}

static void subtract_now(const fit *f, const double *rows, mtp_config *target) {
  target->energy -= now(f, rows);
  for (size_t k = 0; k < 3 * target->n; k++) target->force[k] -= now(f, rows + (1 + k) * f->size);
  for (size_t k = 0; k < 6; k++) target->virial[k] -= now(f, rows + (1 + 3 * target->n + k) * f->size);
}

/* What the pair part is to be there, or to become beside a potential, in place of the label. */
static mtp_status make_target(mtp_context *ctx, const fit *f, const mtp_config *label, const double *rows,
                              mtp_config **out) {
  mtp_config *target = mtp_config_copy(label);
  if (!target) return mtp_fail_memory(ctx);
  mtp_status status = mtp_config_require_force(ctx, target);
  if (status == MTP_OK && f->evaluator) {
    status = mtp_evaluator_config(ctx, f->evaluator, target, 0);
    target->energy = label->energy - target->energy;
    for (size_t k = 0; label->force && k < 3 * label->n; k++) target->force[k] = label->force[k] - target->force[k];
    for (int k = 0; k < 6; k++) target->virial[k] = label->virial[k] - target->virial[k];
  }
  if (status == MTP_OK && f->is_change) subtract_now(f, rows, target);
  if (status == MTP_OK)
    *out = target;
  else
    mtp_config_free(target);
  return status;
}

/* beside[unknowns - size]: constants and linear coefficients, NULL: zeros. */
static mtp_status add_row(mtp_context *ctx, fit *f, const double *functions, const double *beside, double target,
                          double weight) {
  const size_t count = f->unknowns - f->size;
  if (!(weight > 0)) return MTP_OK;
  memcpy(f->row, functions, f->size * sizeof *f->row);
  memset(f->row + f->size, 0, count * sizeof *f->row);
  if (beside) memcpy(f->row + f->size, beside, count * sizeof *f->row);
  return mtp_regression_add(ctx, &f->equations, f->row, target, sqrt(weight));
}

/* Constants are in the energy alone. */
static void set_energy_row(const fit *f, const mtp_config *label, const mtp_linear_rows *linear, double *row) {
  memset(row, 0, (f->unknowns - f->size) * sizeof *row);
  for (size_t i = 0; !f->plan && i < label->n; i++) row[label->species[i]] += 1.0;
  for (size_t k = 0; f->plan && k < (size_t)f->plan->nspecies * linear->m; k++) row[k % linear->m] += linear->site[k];
}

static mtp_status add_label(mtp_context *ctx, fit *f, const mtp_config *label, const mtp_config *target,
                            const double *rows, const mtp_linear_rows *linear) {
  double own[3];
  mtp_status status = mtp_config_weights(ctx, label, own);
  if (status != MTP_OK) return status;
  const mtp_weights w = mtp_weights_of(&f->part->weights, label, own);
  set_energy_row(f, label, linear, f->beside);
  if (label->has_energy) status = add_row(ctx, f, rows, f->beside, target->energy, w.energy);
  for (size_t k = 0; label->force && status == MTP_OK && k < 3 * label->n; k++)
    if (!mtp_config_is_masked(label, k / 3))
      status = add_row(ctx, f, rows + (1 + k) * f->size, f->plan ? linear->force + k * linear->m : NULL,
                       target->force[k], w.force);
  for (size_t k = 0; label->has_virial && status == MTP_OK && k < 6; k++) /* the tensor has off-diagonal ones twice */
    status = add_row(ctx, f, rows + (1 + 3 * label->n + k) * f->size, f->plan ? linear->virial + k * linear->m : NULL,
                     target->virial[k], (k < 3 ? 1.0 : 2.0) * w.stress);
  return status;
}

static mtp_status linear_rows(mtp_context *ctx, const fit *f, const mtp_config *cfg, mtp_linear_rows *out) {
  mtp_neighbors *nb = NULL;
  if (!f->plan) return MTP_OK;
  mtp_status status = mtp_neighbors_build(ctx, cfg, f->plan->radial.max_dist, &nb);
  if (status == MTP_OK) status = mtp_linear_rows_compute(ctx, f->plan, nb, out);
  mtp_neighbors_free(nb);
  return status;
}

/* Unlike those of config/pairs.h, images of an atom itself count here. */
static mtp_status note_distances(mtp_context *ctx, const fit *f, const mtp_config *cfg) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, cfg, fmax(CLOSE, f->part->basis.cutoff), &nb);
  for (size_t i = 0; status == MTP_OK && i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      const size_t j = (size_t)nb->list[i][k];
      double square = 0.0;
      for (size_t c = 0; c < 3; c++)
        square += (nb->x[3 * j + c] - nb->x[3 * i + c]) * (nb->x[3 * j + c] - nb->x[3 * i + c]);
      double *least = &f->shortest[mtp_pair_basis_pair(&f->part->basis, nb->species[i], nb->species[j])];
      *least = fmin(*least, sqrt(square));
    }
  mtp_neighbors_free(nb);
  return status;
}

static mtp_status add_config(mtp_context *ctx, fit *f, const mtp_config *label) {
  mtp_config *target = NULL;
  mtp_linear_rows linear = {0};
  double *rows = NULL;
  mtp_status status = mtp_pair_rows(ctx, &f->part->basis, label, &rows);
  if (status == MTP_OK) status = make_target(ctx, f, label, rows, &target);
  if (status == MTP_OK) status = linear_rows(ctx, f, label, &linear);
  if (status == MTP_OK) status = add_label(ctx, f, label, target, rows, &linear);
  if (status == MTP_OK) status = note_distances(ctx, f, label);
  mtp_linear_rows_clear(&linear);
  mtp_config_free(target);
  free(rows);
  f->labels++;
  return status;
}

static bool has_label(const mtp_config *cfg) {
  return cfg->has_energy || cfg->force || cfg->has_virial;
}

static mtp_status add_set(mtp_context *ctx, fit *f, const mtp_config_set *set) {
  mtp_status status = MTP_OK;
  for (size_t k = 0; status == MTP_OK && k < set->n; k++) {
    if (mtp_context_is_stopped(ctx)) return mtp_fail(ctx, MTP_ERR_STOPPED, "pair part: stopped");
    if (!has_label(set->configs[k]) || mtp_config_is_squeezed(set->configs[k])) continue;
    status = add_config(ctx, f, set->configs[k]);
    if (status != MTP_OK)
      mtp_fail(ctx, status, "%s: configuration %zu: %s", set->path ? set->path : "data", k + 1,
               mtp_context_message(ctx));
  }
  if (status == MTP_OK && f->labels == 0) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: no labels to fit to");
  return status;
}

static mtp_status solve(mtp_context *ctx, fit *f, double *loss) {
  double left;
  double *x = mtp_calloc(f->unknowns, sizeof *x);
  const mtp_status status = x ? mtp_regression_solve(ctx, &f->equations, x, &left) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    for (size_t q = 0; q < f->size; q++)
      f->part->coefficient[q] = x[q] + (f->is_change ? f->part->coefficient[q] : 0.0);
    memcpy(f->part->constant, x + f->size, (size_t)f->part->basis.species_count * sizeof *x);
    memcpy(f->part->shortest, f->shortest, mtp_pair_basis_pairs(&f->part->basis) * sizeof *x);
    *loss = left / (double)f->labels;
  }
  free(x);
  return status;
}

static mtp_status open_fit(mtp_context *ctx, fit *f, const mtp_potential *pot) {
  const size_t pairs = mtp_pair_basis_pairs(&f->part->basis);
  mtp_status status = MTP_OK;
  f->is_change = pot != NULL;
  f->size = mtp_pair_basis_size(&f->part->basis);
  f->unknowns = f->size + (size_t)f->part->basis.species_count;
  if (pot && mtp_potential_is_trained(pot)) status = mtp_evaluator_new(ctx, pot, &f->evaluator);
  if (status == MTP_OK && pot && pot->basis.nscalars <= MOST) {
    status = mtp_plan_new(ctx, pot, MTP_PLAN_FROZEN, 0, &f->plan);
    f->unknowns += (size_t)pot->basis.nscalars;
  }
  if (status != MTP_OK) return status;
  f->row = mtp_calloc(f->unknowns, sizeof *f->row);
  f->beside = mtp_calloc(f->unknowns, sizeof *f->beside);
  f->shortest = mtp_calloc(pairs, sizeof *f->shortest);
  if (!f->row || !f->beside || !f->shortest) return mtp_fail_memory(ctx);
  for (size_t k = 0; k < pairs; k++) f->shortest[k] = INFINITY;
  return mtp_regression_new(ctx, f->unknowns, &f->equations);
}

static mtp_status fit_part(mtp_context *ctx, mtp_pair_part *part, const mtp_potential *pot, const mtp_config_set *set,
                           double *loss) {
  fit f = {.part = part};
  mtp_status status = open_fit(ctx, &f, pot);
  if (status == MTP_OK) status = add_set(ctx, &f, set);
  if (status == MTP_OK) status = solve(ctx, &f, loss);
  mtp_evaluator_free(f.evaluator);
  mtp_plan_free(f.plan);
  mtp_regression_clear(&f.equations);
  free(f.row);
  free(f.beside);
  free(f.shortest);
  return status;
}

static mtp_status check_species(mtp_context *ctx, const mtp_pair_part *part, const mtp_potential *pot) {
  if (!pot || mtp_potential_species_count(pot) == part->basis.species_count) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_STATE, "pair part: it and the potential have different numbers of species");
}

mtp_status mtp_pair_part_fit(mtp_context *ctx, mtp_pair_part *part, const mtp_potential *pot,
                             const mtp_config_set *set) {
  double loss;
  if (!part || !set) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: expected one, and labels");
  if (check_species(ctx, part, pot) != MTP_OK) return MTP_ERR_STATE;
  return fit_part(ctx, part, pot, set, &loss);
}

/* ---- in turns with a potential ---- */

static mtp_status copy_set(mtp_context *ctx, const mtp_config_set *set, mtp_config_set **out) {
  mtp_config_set *copy = mtp_config_set_new();
  mtp_status status = copy ? MTP_OK : mtp_fail_memory(ctx);
  for (int s = 0; status == MTP_OK && s < set->species_count; s++)
    if (mtp_config_set_species(copy, set->names[s]) < 0) status = mtp_fail_memory(ctx);
  for (size_t k = 0; status == MTP_OK && k < set->n; k++) {
    mtp_config *cfg = mtp_config_copy(set->configs[k]);
    status = cfg ? mtp_config_set_append(ctx, copy, cfg) : mtp_fail_memory(ctx);
  }
  if (status == MTP_OK)
    *out = copy;
  else
    mtp_config_set_free(copy);
  return status;
}

/* Labels of `rest` are those of `set` less the pair part. */
static mtp_status subtract(mtp_context *ctx, const mtp_pair_part *part, const mtp_config_set *set,
                           mtp_config_set *rest) {
  mtp_status status = MTP_OK;
  for (size_t k = 0; status == MTP_OK && k < set->n; k++) {
    const mtp_config *label = set->configs[k];
    mtp_config *to = rest->configs[k];
    if (!has_label(label)) continue;
    mtp_config *pairs = mtp_config_copy(label);
    status = pairs ? mtp_pair_part_compute(ctx, part, pairs) : mtp_fail_memory(ctx);
    if (status == MTP_OK) {
      to->energy = label->energy - pairs->energy;
      for (size_t i = 0; label->force && i < 3 * label->n; i++) to->force[i] = label->force[i] - pairs->force[i];
      for (int i = 0; i < 6; i++) to->virial[i] = label->virial[i] - pairs->virial[i];
    }
    mtp_config_free(pairs);
  }
  return status;
}

/* The same without checkpoints: a round takes seconds. */
static mtp_train_options linear_options(const mtp_train_options *train) {
  mtp_train_options o = *train;
  o.linear = true;
  o.fresh = false;
  o.update_min_dist = false;
  o.checkpoint = NULL;
  return o;
}

static mtp_status take_turns(mtp_context *ctx, mtp_pair_part *part, const mtp_train_options *train, mtp_potential *pot,
                             const mtp_config_set *set, mtp_config_set *rest, mtp_pair_part_report *report) {
  const mtp_train_options linear = linear_options(train);
  mtp_train_result result = {0};
  double loss, last = INFINITY;
  mtp_status status = fit_part(ctx, part, NULL, set, &report->alone);
  while (status == MTP_OK && report->rounds < ROUNDS) {
    status = fit_part(ctx, part, pot, set, &loss);
    if (status == MTP_OK) status = subtract(ctx, part, set, rest);
    if (status == MTP_OK) status = mtp_train(ctx, report->rounds == 0 ? train : &linear, pot, rest, NULL, &result);
    report->rounds++;
    report->loss = result.loss;
    if (!(result.loss < (1.0 - CHANGE) * last)) break;
    last = result.loss;
  }
  return status;
}

mtp_status mtp_pair_part_learn(mtp_context *ctx, mtp_pair_part *part, const mtp_train_options *train,
                               mtp_potential *pot, const mtp_config_set *set, mtp_pair_part_report *report) {
  mtp_pair_part_report made = {0};
  mtp_config_set *rest = NULL;
  if (!part || !train || !pot || !set)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: expected one, options, a potential and labels");
  if (check_species(ctx, part, pot) != MTP_OK) return MTP_ERR_STATE;
  if (train->max_iterations == MTP_NO_ITERATIONS)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "pair part: a potential that stays as it is cannot be fitted in turns");
  if (mtp_baseline_check(ctx, NULL, set, set->path) != MTP_OK) return MTP_ERR_STATE;
  mtp_status status = copy_set(ctx, set, &rest);
  if (status == MTP_OK) status = take_turns(ctx, part, train, pot, set, rest, &made);
  if (status == MTP_OK && report) *report = made;
  mtp_config_set_free(rest);
  return status;
}
