/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_misuse_fit.c
 * Calls with NULL: posteriors, pair parts, selection, teams; see support_misuse.h. */
#include <math.h>
#include <stdlib.h>

#include "mtp/errors.h"
#include "mtp/outlook.h"
#include "mtp/pair_part.h"
#include "mtp/select.h"
#include "mtp/team.h"
#include "support_data.h"
#include "support_misuse.h"

static const char *const names[] = {"Al"};

/* ---- posterior ---- */

static mtp_status posterior_new(void) {
  mtp_posterior *p;
  return mtp_posterior_new(P(1, w.ctx), P(2, w.normal), P(3, w.pot), P(4, &p));
}
static mtp_status posterior_train(void) {
  mtp_posterior *p;
  return mtp_posterior_train(P(1, w.ctx), P(2, w.pot), P(3, w.set), P(4, w.set), 1, P(5, &p));
}
static mtp_status force_test_run(void) {
  mtp_force_test t;
  return mtp_force_test_run(P(1, w.ctx), P(2, w.posterior), P(3, w.pot), P(4, w.set->configs[0]), P(5, &t));
}
static mtp_status force_test_clear(void) {
  mtp_force_test t = {0};
  return mtp_force_test_clear(P(1, &t)), MTP_ERR_ARGUMENT;
}
static mtp_status posterior_free(void) {
  return mtp_posterior_free(P(1, w.posterior)), MTP_ERR_ARGUMENT;
}
static mtp_status posterior_of(void) {
  mtp_posterior *p;
  return mtp_posterior_of(P(1, w.ctx), P(2, w.pot), P(3, &p));
}
static mtp_status posterior_stamp(void) {
  return mtp_posterior_stamp(P(1, w.ctx), P(2, w.posterior), P(3, w.pot));
}
static mtp_status posterior_size(void) {
  return RETURNS(mtp_posterior_size(P(1, w.posterior)), 0);
}
static mtp_status posterior_factor(void) {
  return RETURNS(mtp_posterior_factor(P(1, w.posterior)), NULL);
}
static mtp_status posterior_noise(void) {
  return isnan(mtp_posterior_noise(P(1, w.posterior)).force) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_scale(void) {
  return isnan(mtp_posterior_scale(P(1, w.posterior))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_set_scale(void) {
  return mtp_posterior_set_scale(P(1, w.ctx), P(2, w.posterior), 1);
}
static mtp_status outlook_find(void) {
  mtp_outlook o;
  return mtp_outlook_find(P(1, w.ctx), 0, 10, 1, P(2, w.numbers), P(3, &o));
}
static mtp_status outlook_describe(void) {
  const mtp_outlook o = {0};
  char text[32];
  return mtp_outlook_describe(P(1, w.ctx), P(2, &o), sizeof text, P(3, text));
}
static mtp_status posterior_typical(void) {
  return isnan(mtp_posterior_typical(P(1, w.posterior))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_set_typical(void) {
  return mtp_posterior_set_typical(P(1, w.ctx), P(2, w.posterior), 1);
}
static mtp_status posterior_find_typical(void) {
  const double found = mtp_posterior_find_typical(P(1, w.posterior), 1, P(2, w.numbers), P(3, (mtp_doubt *)w.numbers));
  return isnan(found) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_forces(void) {
  return mtp_posterior_forces(P(1, w.ctx), P(2, w.posterior), P(3, w.cfg), P(4, (mtp_doubt *)w.numbers));
}
static mtp_status posterior_errors(void) {
  return mtp_posterior_errors(P(1, w.ctx), P(2, w.posterior), P(3, w.cfg), P(4, w.numbers));
}
static mtp_status posterior_error(void) {
  return isnan(mtp_posterior_error(P(1, w.posterior), P(2, (mtp_doubt *)w.numbers))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_reducible(void) {
  return isnan(mtp_posterior_reducible(P(1, w.posterior), P(2, (mtp_doubt *)w.numbers))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_grade(void) {
  return isnan(mtp_posterior_grade(P(1, w.posterior), P(2, (mtp_doubt *)w.numbers), 1.0)) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_calibrate(void) {
  for (int k = 0; k < 3; k++) w.numbers[k] = 1e6;
  const double found = mtp_posterior_calibrate(P(1, w.posterior), 1, P(2, w.numbers), P(3, (mtp_doubt *)w.numbers));
  return isnan(found) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status posterior_rows(void) {
  const mtp_atoms atoms = mtp_atoms_of(w.nb);
  int *none = data_calloc(w.nb->nall, sizeof *none); /* the process of the call is short-lived */
  for (size_t k = 0; k < w.nb->nall; k++) none[k] = -1;
  return mtp_posterior_rows(P(1, w.ctx), P(2, w.posterior), P(3, &atoms), P(4, none), 1, P(5, w.numbers));
}
static mtp_status posterior_doubts(void) {
  return mtp_posterior_doubts(P(1, w.ctx), P(2, w.posterior), 1, P(3, w.numbers), P(4, (mtp_doubt *)w.numbers));
}
static mtp_status evaluator_set_posterior(void) {
  return mtp_evaluator_set_posterior(P(1, w.ctx), P(2, w.ev), P(3, w.posterior));
}
static mtp_status evaluator_set_factor(void) {
  return mtp_evaluator_set_factor(P(1, w.ctx), P(2, w.ev), mtp_posterior_size(w.posterior),
                                  P(3, mtp_posterior_factor(w.posterior)));
}

/* ---- pair part ---- */

static mtp_pair_part *new_pair_part(void) {
  mtp_pair_part *part = NULL;
  data_must(w.ctx, mtp_pair_part_new(w.ctx, 1, NULL, &part));
  return part;
}
static mtp_status pair_part_new(void) {
  const mtp_pair_part_options options = mtp_pair_part_defaults();
  mtp_pair_part *part;
  return mtp_pair_part_new(P(1, w.ctx), 1, P(2, &options), P(3, &part));
}
static mtp_status pair_part_free(void) {
  return mtp_pair_part_free(P(1, new_pair_part())), MTP_ERR_ARGUMENT;
}
static mtp_status pair_part_fit(void) {
  return mtp_pair_part_fit(P(1, w.ctx), P(2, new_pair_part()), P(3, w.pot), P(4, w.set));
}
static mtp_status pair_part_learn(void) {
  mtp_train_options train = mtp_train_defaults();
  train.linear = true;
  mtp_pair_part_report report;
  return mtp_pair_part_learn(P(1, w.ctx), P(2, new_pair_part()), P(3, &train), P(4, w.pot), P(5, w.set), P(6, &report));
}
static mtp_status pair_part_coefficient(void) {
  return RETURNS(isnan(mtp_pair_part_coefficient(P(1, new_pair_part()), 0, 0, 6)), 1);
}
static mtp_status pair_part_constant(void) {
  return RETURNS(isnan(mtp_pair_part_constant(P(1, new_pair_part()), 0)), 1);
}
static mtp_status pair_part_pair_energy(void) {
  double force;
  return RETURNS(isnan(mtp_pair_part_pair_energy(P(1, new_pair_part()), 0, 0, 2.0, P(2, &force))), 1);
}
static mtp_status pair_part_compute(void) {
  return mtp_pair_part_compute(P(1, w.ctx), P(2, new_pair_part()), P(3, w.cfg));
}
static mtp_status pair_part_write(void) {
  return mtp_pair_part_write(P(1, w.ctx), P(2, new_pair_part()), P(3, names), 0.0, P(4, w.path));
}

/* ---- selection ---- */

static mtp_status rewind_nothing(mtp_context *ctx, void *user) {
  (void)ctx, (void)user;
  return MTP_OK;
}
static mtp_status next_of_nothing(mtp_context *ctx, void *user, const mtp_config_set **block) {
  (void)ctx, (void)user;
  *block = NULL;
  return MTP_OK;
}
static mtp_status select_some(void) {
  static const mtp_candidates candidates = {NULL, rewind_nothing, next_of_nothing};
  const mtp_select_options options = mtp_select_defaults();
  mtp_selection *selection;
  return mtp_select(P(1, w.ctx), P(2, &options), P(3, w.pot), P(4, w.as), P(5, w.set), P(6, &candidates),
                    P(7, &selection));
}
static mtp_status selection_is(void) {
  static const mtp_selection none;
  return RETURNS(mtp_selection_is(P(1, &none), 0, P(2, w.cfg)), false);
}
static mtp_status selection_free(void) {
  return mtp_selection_free(P(1, (mtp_selection *)calloc(1, sizeof(mtp_selection)))), MTP_ERR_ARGUMENT;
}

/* ---- teams ---- */

static mtp_team *team(void) {
  mtp_team *t = NULL;
  mtp_team_new(NULL, w.pot, NULL, 1, NULL, &t);
  return t;
}
static mtp_status team_new(void) {
  mtp_team *t;
  return mtp_team_new(P(1, w.ctx), P(2, w.pot), P(3, w.as), 1, NULL, P(4, &t));
}
static mtp_status team_free(void) {
  return mtp_team_free(P(1, team())), MTP_ERR_ARGUMENT;
}
static mtp_status team_evaluate(void) {
  return mtp_team_evaluate(P(1, w.ctx), P(2, team()), 0, 1, P(3, w.set->configs));
}
static mtp_status team_errors(void) {
  static double errors[64];
  static double *const error[] = {errors};
  return mtp_team_errors(P(1, w.ctx), P(2, team()), P(3, w.posterior), 0, 1,
                         P(4, (const mtp_config *const *)w.set->configs), P(5, error));
}
static mtp_status team_help(void) {
  static const mtp_comm alone = {.size = 1};
  return mtp_team_help(P(1, w.ctx), P(2, &alone));
}
static mtp_status team_end_help(void) {
  static const mtp_comm alone = {.size = 1};
  return mtp_team_end_help(P(1, &alone)), MTP_ERR_ARGUMENT;
}
static mtp_status error_table_compute_by(void) {
  mtp_error_table *table;
  return mtp_error_table_compute_by(P(1, w.ctx), P(2, team()), P(3, w.pot), P(4, w.set), NULL, NULL, P(5, &table));
}

/* ---- the table ---- */

static const misuse_entry entries[] = {
    {"mtp_posterior_new", posterior_new, 4, BIT(1)},
    {"mtp_posterior_train", posterior_train, 5, BIT(1) | BIT(4)},
    {"mtp_force_test_run", force_test_run, 5, BIT(1)},
    {"mtp_force_test_clear", force_test_clear, 1, 0},
    {"mtp_posterior_free", posterior_free, 1, 0},
    {"mtp_posterior_of", posterior_of, 3, BIT(1)},
    {"mtp_posterior_stamp", posterior_stamp, 3, BIT(1) | BIT(2)},
    {"mtp_posterior_size", posterior_size, 1, 0},
    {"mtp_posterior_factor", posterior_factor, 1, 0},
    {"mtp_posterior_noise", posterior_noise, 1, 0},
    {"mtp_posterior_scale", posterior_scale, 1, 0},
    {"mtp_posterior_set_scale", posterior_set_scale, 2, BIT(1)},
    {"mtp_outlook_find", outlook_find, 3, BIT(1)},
    {"mtp_outlook_describe", outlook_describe, 3, BIT(1)},
    {"mtp_posterior_typical", posterior_typical, 1, 0},
    {"mtp_posterior_set_typical", posterior_set_typical, 2, BIT(1)},
    {"mtp_posterior_find_typical", posterior_find_typical, 3, 0},
    {"mtp_posterior_forces", posterior_forces, 4, BIT(1)},
    {"mtp_posterior_errors", posterior_errors, 4, BIT(1)},
    {"mtp_posterior_error", posterior_error, 2, 0},
    {"mtp_posterior_reducible", posterior_reducible, 2, 0},
    {"mtp_posterior_grade", posterior_grade, 2, 0},
    {"mtp_posterior_calibrate", posterior_calibrate, 3, 0},
    {"mtp_posterior_rows", posterior_rows, 5, BIT(1)},
    {"mtp_posterior_doubts", posterior_doubts, 4, BIT(1)},
    {"mtp_evaluator_set_posterior", evaluator_set_posterior, 3, BIT(1)},
    {"mtp_evaluator_set_factor", evaluator_set_factor, 3, BIT(1)},
    {"mtp_pair_part_defaults", NULL, 0, 0},
    {"mtp_pair_part_new", pair_part_new, 3, BIT(1) | BIT(2)},
    {"mtp_pair_part_free", pair_part_free, 1, 0},
    {"mtp_pair_part_fit", pair_part_fit, 4, BIT(1) | BIT(3)},
    {"mtp_pair_part_learn", pair_part_learn, 6, BIT(1) | BIT(6)},
    {"mtp_pair_part_coefficient", pair_part_coefficient, 1, 0},
    {"mtp_pair_part_constant", pair_part_constant, 1, 0},
    {"mtp_pair_part_pair_energy", pair_part_pair_energy, 2, BIT(2)},
    {"mtp_pair_part_compute", pair_part_compute, 3, BIT(1)},
    {"mtp_pair_part_write", pair_part_write, 4, BIT(1)},
    {"mtp_select_method_name", NULL, 0, 0},
    {"mtp_select_defaults", NULL, 0, 0},
    {"mtp_select", select_some, 7, BIT(1) | BIT(4) | BIT(5)},
    {"mtp_selection_free", selection_free, 1, 0},
    {"mtp_selection_is", selection_is, 2, 0},
    {"mtp_team_new", team_new, 4, BIT(1) | BIT(3)},
    {"mtp_team_free", team_free, 1, 0},
    {"mtp_team_evaluate", team_evaluate, 3, BIT(1)},
    {"mtp_team_errors", team_errors, 5, BIT(1)},
    {"mtp_team_help", team_help, 2, BIT(1)},
    {"mtp_team_end_help", team_end_help, 1, 0},
    {"mtp_error_table_compute_by", error_table_compute_by, 5, BIT(1)},
};

const misuse_table misuse_of_fits = MISUSE_TABLE(entries);
