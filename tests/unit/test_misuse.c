/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_misuse.c
 * Every function of the public headers with NULL for each of its pointers in turn: it fails in order, or does what its
 * header says, and never crashes. A function that is declared there and in no table (support_misuse.h) fails the test.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mtp/active_set.h"
#include "mtp/append.h"
#include "mtp/baseline.h"
#include "mtp/bench.h"
#include "mtp/config_stream.h"
#include "mtp/errors.h"
#include "mtp/evaluator.h"
#include "mtp/label_file.h"
#include "mtp/learner.h"
#include "mtp/normal_equations.h"
#include "mtp/posterior.h"
#include "mtp/qm.h"
#include "mtp/screen.h"
#include "mtp/trainer.h"
#include "support_data.h"
#include "support_misuse.h"

static const char *const names[] = {"Al"};

/* ---- errors, screening ---- */

static mtp_status errors_compute(void) {
  mtp_errors errors;
  return mtp_errors_compute(P(1, w.ctx), P(2, w.pot), P(3, w.set), P(4, &errors));
}
static mtp_status error_group_of(void) {
  return RETURNS(*mtp_error_group_of(P(1, w.cfg)), 0);
}
static mtp_status error_table_compute(void) {
  mtp_error_table *table;
  return mtp_error_table_compute(P(1, w.ctx), P(2, w.pot), P(3, w.set), NULL, NULL, P(4, &table));
}
static mtp_status error_table_free(void) {
  mtp_error_table *table = NULL;
  mtp_error_table_compute(NULL, w.pot, w.set, NULL, NULL, &table);
  return mtp_error_table_free(P(1, table)), MTP_ERR_ARGUMENT;
}
static mtp_status screen(void) {
  mtp_screening found;
  return mtp_screen(P(1, w.ctx), P(2, w.pot), P(3, w.cfg), P(4, &found));
}

/* ---- training ---- */

static mtp_status normal_new(void) {
  mtp_normal *normal;
  return mtp_normal_new(P(1, w.ctx), P(2, w.pot), mtp_weights_default(), P(3, &normal));
}
static mtp_status normal_free(void) {
  return mtp_normal_free(P(1, w.normal)), MTP_ERR_ARGUMENT;
}
static mtp_status normal_add(void) {
  return mtp_normal_add(P(1, w.ctx), P(2, w.normal), P(3, w.set->configs[0]));
}
static mtp_status normal_configs(void) {
  return RETURNS(mtp_normal_configs(P(1, w.normal)), 0);
}
static mtp_status normal_size(void) {
  return RETURNS(mtp_normal_size(P(1, w.normal)), 0);
}
static mtp_status normal_matrix(void) {
  return RETURNS(mtp_normal_matrix(P(1, w.normal)), NULL);
}
static mtp_status normal_rhs(void) {
  return RETURNS(mtp_normal_rhs(P(1, w.normal)), NULL);
}
static mtp_status normal_solve(void) {
  return mtp_normal_solve(P(1, w.ctx), P(2, w.normal), 0, P(3, w.numbers));
}
static mtp_status normal_loss(void) {
  return isnan(mtp_normal_loss(P(1, w.normal), P(2, w.numbers))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status normal_errors(void) {
  mtp_normal_residual r;
  return mtp_normal_errors(P(1, w.ctx), P(2, w.normal), P(3, w.numbers), P(4, &r));
}
static mtp_status normal_add_all(void) {
  return mtp_normal_add_all(P(1, w.ctx), P(2, w.normal), 1, P(3, (const mtp_config *const *)w.set->configs), 1);
}
static mtp_status normal_fit(void) {
  return mtp_normal_fit(P(1, w.ctx), P(2, w.normal), 0, P(3, w.pot));
}

static mtp_status train(void) {
  mtp_train_options options = mtp_train_defaults();
  mtp_train_result result;
  options.linear = true;
  return mtp_train(P(1, w.ctx), P(2, &options), P(3, w.pot), P(4, w.set), P(5, w.set), P(6, &result));
}
static mtp_status train_wall(void) {
  const mtp_weights weights = mtp_weights_default();
  mtp_wall_report report;
  return mtp_train_wall(P(1, w.ctx), P(2, &weights), P(3, w.pot), P(4, w.set), P(5, &report));
}
static mtp_status train_wall_on(void) {
  const mtp_weights weights = mtp_weights_default();
  mtp_wall_report report;
  return mtp_train_wall_on(P(1, w.ctx), P(2, &weights), P(3, w.pot), P(4, w.set), NULL, P(5, &report));
}
static mtp_status train_measure(void) {
  mtp_train_cost cost;
  return mtp_train_measure(P(1, w.ctx), P(2, w.pot), P(3, w.set), 1e-6, P(4, &cost));
}
static mtp_status trainer_help(void) {
  return mtp_trainer_help(w.ctx, P(1, NULL));
}
static mtp_status trainer_end_help(void) {
  const mtp_comm alone = {.size = 1};
  return mtp_trainer_end_help(P(1, &alone)), MTP_ERR_ARGUMENT;
}

/* ---- QM ---- */

static mtp_status qm_open(void) {
  mtp_qm *qm;
  return mtp_qm_open(P(1, w.ctx), P(2, "none"), NULL, misuse_null == 3, P(4, &qm));
}
static mtp_status qm_open_for_ranks(void) {
  mtp_qm *qm;
  return mtp_qm_open_for_ranks(P(1, w.ctx), P(2, "none"), NULL, misuse_null == 3, 2, P(4, &qm));
}
static mtp_status qm_close(void) {
  return mtp_qm_close(P(1, w.qm)), MTP_ERR_ARGUMENT;
}
static mtp_status qm_text(void) {
  return mtp_qm_text(P(1, w.qm)) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status qm_name(void) {
  return mtp_qm_name(P(1, w.qm)) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status qm_workers(void) {
  return RETURNS(mtp_qm_workers(P(1, w.qm)), 0);
}
static mtp_status qm_is_in_process(void) {
  return RETURNS(mtp_qm_is_in_process(P(1, w.qm)), false);
}
static mtp_status qm_is_none(void) {
  return RETURNS(mtp_qm_is_none(P(1, w.qm)), false);
}
static mtp_status qm_set_stop(void) {
  return mtp_qm_set_stop(P(1, w.qm), NULL), MTP_ERR_ARGUMENT;
}
static mtp_status qm_fail(void) {
  return mtp_qm_fail(P(1, w.ctx), MTP_QM_CRASHED, P(2, "it is lost")) == MTP_QM_CRASHED ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status answer(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  (void)user, (void)i, (void)report;
  return mtp_config_free(label), MTP_OK;
}
static mtp_status qm_label_all(void) {
  const mtp_config *configs[1] = {w.cfg};
  return mtp_qm_label_all(P(1, w.ctx), P(2, w.qm), 1, P(3, configs), NULL, 1, P(4, names), P(5, answer), NULL);
}
static mtp_status qm_label(void) {
  mtp_config *label;
  mtp_qm_report report;
  return mtp_qm_label(P(1, w.ctx), P(2, w.qm), P(3, w.cfg), 1, P(4, names), P(5, &label), P(6, &report));
}
static mtp_status qm_check_driver(void) {
  static mtp_qm_check out;
  return mtp_qm_check_driver(P(1, w.ctx), P(2, w.qm), P(3, w.cfg), 1, P(4, names), NULL, P(5, &out));
}
static mtp_status label_file_open(void) {
  mtp_label_file *file;
  return mtp_label_file_open(P(1, w.ctx), P(2, w.labels_path), 1, P(3, names), P(4, &file));
}
static mtp_status label_file_close(void) {
  return mtp_label_file_close(P(1, w.labels)), MTP_ERR_ARGUMENT;
}
static mtp_status label_file_missing(void) {
  const mtp_config *configs[1] = {w.cfg};
  size_t missing;
  return mtp_label_file_missing(P(1, w.ctx), P(2, w.labels), 1, P(3, configs), P(4, &missing));
}
static mtp_status label_file_add(void) {
  const mtp_config *configs[1] = {w.cfg};
  return mtp_label_file_add(P(1, w.ctx), P(2, w.labels), P(3, w.qm), 1, P(4, configs), NULL, NULL);
}
static mtp_status label_file_waiting(void) {
  return RETURNS(mtp_label_file_waiting(P(1, w.labels)), 0);
}

/* ---- streams ---- */

static mtp_config_stream *stream(void) {
  char *path = data_path(w.folder, "stream.extxyz");
  mtp_config_stream *s = NULL;
  mtp_config_set_write(NULL, w.set, path, MTP_FORMAT_EXTXYZ);
  mtp_config_stream_open(NULL, path, NULL, &s);
  free(path);
  return s;
}
static mtp_status config_stream_open(void) {
  mtp_config_stream *s;
  static const mtp_read_options options;
  return mtp_config_stream_open(P(1, w.ctx), P(2, w.path), P(3, &options), P(4, &s));
}
static mtp_status config_stream_close(void) {
  return mtp_config_stream_close(P(1, stream())), MTP_ERR_ARGUMENT;
}
static mtp_status config_stream_map_species(void) {
  return mtp_config_stream_map_species(P(1, w.ctx), P(2, stream()), 1, P(3, names));
}
static mtp_status config_stream_next(void) {
  const mtp_config_set *piece;
  return mtp_config_stream_next(P(1, w.ctx), P(2, stream()), P(3, &piece));
}
static mtp_status config_stream_rewind(void) {
  return mtp_config_stream_rewind(P(1, w.ctx), P(2, stream()));
}
static mtp_status config_stream_done(void) {
  return RETURNS(mtp_config_stream_done(P(1, stream())), 0);
}

/* ---- appending ---- */

static mtp_status append_configs(void) {
  const mtp_config *configs[1] = {w.cfg};
  return mtp_append_configs(P(1, w.ctx), P(2, w.appended_path), 1, P(3, configs), 1, P(4, names));
}
static mtp_status append_check(void) {
  return mtp_append_check(P(1, w.ctx), P(2, w.path), P(3, "the file"));
}

/* ---- baseline ---- */

static mtp_status no_energy(void *user, mtp_context *ctx, mtp_config *cfg) {
  (void)user, (void)ctx;
  cfg->has_energy = cfg->has_virial = true;
  return MTP_OK;
}
static const mtp_baseline nothing = {.name = "b0", .compute = no_energy};
static mtp_status baseline_compute(void) {
  mtp_config *result;
  return mtp_baseline_compute(P(1, w.ctx), P(2, &nothing), P(3, w.cfg), P(4, &result));
}
static mtp_status baseline_subtract(void) {
  return mtp_baseline_subtract(P(1, w.ctx), P(2, &nothing), P(3, w.set->configs[0]));
}
static mtp_status baseline_subtract_set(void) {
  return mtp_baseline_subtract_set(P(1, w.ctx), P(2, &nothing), P(3, w.set));
}
static mtp_status baseline_check(void) {
  return mtp_baseline_check(P(1, w.ctx), NULL, P(2, w.set), P(3, "data"));
}
static mtp_status baseline_of_set(void) {
  return RETURNS(mtp_baseline_of_set(P(1, w.set)), NULL);
}
static mtp_status potential_get_baseline(void) {
  char name[8];
  return RETURNS(mtp_potential_get_baseline(P(1, w.pot), P(2, name), sizeof name), false);
}
static mtp_status potential_set_baseline(void) {
  return mtp_potential_set_baseline(P(1, w.ctx), P(2, w.pot), P(3, "b0"));
}
static mtp_status potential_check_baseline(void) {
  return mtp_potential_check_baseline(P(1, w.ctx), P(2, w.pot), NULL, P(3, "pot"));
}

/* ---- learner ---- */

static mtp_learner *learner(void) {
  mtp_learner_options options = mtp_learner_defaults();
  mtp_learner *l = NULL;
  if (chdir(w.folder) == 0) mtp_learner_new(NULL, &options, w.pot, NULL, &l);
  return l;
}
static mtp_status learner_set(void) {
  static const char *const words[] = {"select", "3"};
  mtp_learner_options options = mtp_learner_defaults();
  int used;
  return mtp_learner_set(P(1, w.ctx), P(2, &options), 2, P(3, words), P(4, &used));
}
static mtp_status learner_check(void) {
  const mtp_learner_options options = mtp_learner_defaults();
  return mtp_learner_check(P(1, w.ctx), P(2, &options));
}
static mtp_status learner_new(void) {
  mtp_learner_options options = mtp_learner_defaults();
  mtp_learner *l;
  options.train_path = P(5, "a.extxyz");
  options.save_path = P(6, "a.almtp");
  options.log_path = P(7, "a.jsonl");
  options.candidate_path = P(8, "a.xyz");
  if (chdir(w.folder) != 0) return MTP_ERR_IO;
  return mtp_learner_new(P(1, w.ctx), P(2, &options), P(3, w.pot), NULL, P(4, &l));
}
static mtp_status learner_end(void) {
  mtp_learner *l = learner();
  if (misuse_null == 2) return mtp_learner_end(w.ctx, NULL), MTP_ERR_ARGUMENT;
  return mtp_learner_end(P(1, w.ctx), l), MTP_ERR_ARGUMENT;
}
static mtp_status learner_free(void) {
  return mtp_learner_free(P(1, learner())), MTP_ERR_ARGUMENT;
}
static mtp_status learner_begin(void) {
  mtp_action action;
  return mtp_learner_begin(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 0, P(4, &action));
}
static mtp_status learner_tell(void) {
  const mtp_moment moment = {0};
  return mtp_learner_tell(P(1, w.ctx), P(2, learner()), P(3, &moment));
}
static mtp_status learner_knows_numbers(void) {
  const long long numbers[1] = {3};
  bool known;
  return mtp_learner_knows_numbers(P(1, w.ctx), P(2, learner()), P(3, numbers), P(4, &known));
}
static mtp_status learner_remember(void) {
  return mtp_learner_remember(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 1.0, 0, 0);
}
static mtp_status learner_rewind(void) {
  mtp_action action;
  return mtp_learner_rewind(P(1, w.ctx), P(2, learner()), 1, 0, P(3, &action));
}
static mtp_status learner_offer(void) {
  mtp_action action;
  return mtp_learner_offer(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 1.0, 0, 0, P(4, &action));
}
static mtp_status learner_confirm(void) {
  mtp_action action;
  return mtp_learner_confirm(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 1.0, 0, 0, 0, P(4, &action));
}
static mtp_status learner_thresholds(void) {
  double select, at_break;
  return mtp_learner_thresholds(P(1, w.ctx), P(2, learner()), P(3, &select), P(4, &at_break));
}
static mtp_status learner_pass(void) {
  return mtp_learner_pass(P(1, learner()), 1), MTP_ERR_ARGUMENT;
}
static mtp_status learner_end_run(void) {
  return mtp_learner_end_run(P(1, w.ctx), P(2, learner()));
}
static mtp_status learner_explore(void) {
  const double mass = 1.0;
  const mtp_conditions conditions = {.temperature = 300.0, .timestep = 0.001, .masses = &mass, .steps = 0};
  return mtp_learner_explore(P(1, w.ctx), P(2, learner()), P(3, &conditions));
}
static mtp_status learner_potential(void) {
  return RETURNS(mtp_learner_potential(P(1, learner())), NULL);
}
static mtp_status learner_verify(void) {
  mtp_action action;
  return mtp_learner_verify(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 1, 0, 1, P(4, &action));
}
static mtp_status learner_follow(void) {
  mtp_action action;
  return mtp_learner_follow(P(1, w.ctx), P(2, learner()), 0, 0, P(3, &action));
}
static mtp_status learner_posterior(void) {
  return RETURNS(mtp_learner_posterior(P(1, learner())), NULL);
}
static mtp_status learner_active_set(void) {
  return RETURNS(mtp_learner_active_set(P(1, learner())), NULL);
}
static mtp_status learner_get_stats(void) {
  return RETURNS(mtp_learner_get_stats(P(1, learner())).labels, 0);
}

static mtp_status learner_parts(void) {
  return RETURNS(mtp_learner_parts(P(1, learner()), 1000), 0);
}
static mtp_status learner_plan_cuts(void) {
  const mtp_spot spot = {.grade = 3.0};
  mtp_cut_plan plan;
  return mtp_learner_plan_cuts(P(1, w.ctx), P(2, learner()), P(3, w.cfg), 1000, 1, P(4, &spot), 0, P(5, &plan));
}
static mtp_status learner_offer_parts(void) {
  const mtp_cut_plan plan = {.options = mtp_cut_defaults()};
  const mtp_part part = {.cfg = w.cfg};
  mtp_action action;
  return mtp_learner_offer_parts(P(1, w.ctx), P(2, learner()), P(3, &plan), 1, P(4, &part), 0, P(5, &action));
}

static mtp_status cut_options_for(void) {
  return RETURNS(mtp_cut_options_for(NULL, P(1, w.pot)).radius < 1.0, true);
}
static mtp_status cut_region_of(void) {
  const double cell[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, center[3] = {0, 0, 0};
  const bool periodic[3] = {true, true, true};
  return RETURNS(mtp_cut_region_of(P(1, cell), P(2, periodic), P(3, center), NULL, w.pot).half < 0.0, true);
}
static mtp_status cut_region_has(void) {
  const mtp_cut_region region = {.half = 1.0, .thickness = {1, 1, 1}};
  const double x[3] = {0, 0, 0};
  return RETURNS(mtp_cut_region_has(P(1, &region), P(2, x)), false);
}
static mtp_status cut(void) {
  const size_t middle = 0;
  mtp_config *out = NULL;
  const mtp_status status = mtp_cut(P(1, w.ctx), P(2, w.pot), P(3, w.cfg), 1, P(4, &middle), NULL, P(5, &out), NULL);
  mtp_config_free(out);
  return status;
}

/* ---- the table ---- */

static const misuse_entry entries[] = {
    {"mtp_errors_compute", errors_compute, 4, BIT(1)},
    {"mtp_error_group_of", error_group_of, 1, 0},
    {"mtp_error_table_compute", error_table_compute, 4, BIT(1)},
    {"mtp_error_table_free", error_table_free, 1, 0},
    {"mtp_fault_name", NULL, 0, 0},
    {"mtp_fault_is_fatal", NULL, 0, 0},
    {"mtp_screen", screen, 4, BIT(1)},
    {"mtp_config_stream_open", config_stream_open, 4, BIT(1) | BIT(3)},
    {"mtp_config_stream_close", config_stream_close, 1, 0},
    {"mtp_config_stream_map_species", config_stream_map_species, 3, BIT(1)},
    {"mtp_config_stream_next", config_stream_next, 3, BIT(1)},
    {"mtp_config_stream_rewind", config_stream_rewind, 2, BIT(1)},
    {"mtp_config_stream_done", config_stream_done, 1, 0},
    {"mtp_weights_default", NULL, 0, 0},
    {"mtp_weights_mlip", NULL, 0, 0},
    {"mtp_normal_new", normal_new, 3, BIT(1)},
    {"mtp_normal_free", normal_free, 1, 0},
    {"mtp_normal_add", normal_add, 3, BIT(1)},
    {"mtp_normal_configs", normal_configs, 1, 0},
    {"mtp_normal_size", normal_size, 1, 0},
    {"mtp_normal_matrix", normal_matrix, 1, 0},
    {"mtp_normal_rhs", normal_rhs, 1, 0},
    {"mtp_normal_solve", normal_solve, 3, BIT(1)},
    {"mtp_normal_loss", normal_loss, 2, 0},
    {"mtp_normal_errors", normal_errors, 4, BIT(1)},
    {"mtp_normal_add_all", normal_add_all, 3, BIT(1)},
    {"mtp_normal_fit", normal_fit, 3, BIT(1)},
    {"mtp_train_defaults", NULL, 0, 0},
    {"mtp_train", train, 6, BIT(1) | BIT(5) | BIT(6)},
    {"mtp_train_wall", train_wall, 5, BIT(1)},
    {"mtp_train_wall_on", train_wall_on, 5, BIT(1)},
    {"mtp_train_measure", train_measure, 4, BIT(1)},
    {"mtp_trainer_help", trainer_help, 1, 0},
    {"mtp_trainer_end_help", trainer_end_help, 1, 0},
    {"mtp_qm_status_name", NULL, 0, 0},
    {"mtp_qm_open", qm_open, 4, BIT(1)},
    {"mtp_qm_open_for_ranks", qm_open_for_ranks, 4, BIT(1)},
    {"mtp_qm_close", qm_close, 1, 0},
    {"mtp_qm_text", qm_text, 1, 0},
    {"mtp_qm_name", qm_name, 1, 0},
    {"mtp_qm_workers", qm_workers, 1, 0},
    {"mtp_qm_is_none", qm_is_none, 1, 0},
    {"mtp_qm_is_in_process", qm_is_in_process, 1, 0},
    {"mtp_qm_set_stop", qm_set_stop, 1, 0},
    {"mtp_qm_fail", qm_fail, 2, 0},
    {"mtp_qm_label_all", qm_label_all, 5, BIT(1)},
    {"mtp_qm_label", qm_label, 6, BIT(1)},
    {"mtp_qm_check_driver", qm_check_driver, 5, BIT(1)},
    {"mtp_label_file_open", label_file_open, 4, BIT(1)},
    {"mtp_label_file_close", label_file_close, 1, 0},
    {"mtp_label_file_missing", label_file_missing, 4, BIT(1)},
    {"mtp_label_file_add", label_file_add, 4, BIT(1)},
    {"mtp_label_file_waiting", label_file_waiting, 1, 0},
    {"mtp_append_configs", append_configs, 4, BIT(1)},
    {"mtp_append_check", append_check, 3, BIT(1)},
    {"mtp_baseline_compute", baseline_compute, 4, BIT(1)},
    {"mtp_baseline_subtract", baseline_subtract, 3, BIT(1)},
    {"mtp_baseline_subtract_set", baseline_subtract_set, 3, BIT(1)},
    {"mtp_baseline_check", baseline_check, 3, BIT(1) | BIT(3)},
    {"mtp_baseline_of_set", baseline_of_set, 1, 0},
    {"mtp_potential_get_baseline", potential_get_baseline, 2, 0},
    {"mtp_potential_set_baseline", potential_set_baseline, 3, BIT(1) | BIT(3)},
    {"mtp_potential_check_baseline", potential_check_baseline, 3, BIT(1) | BIT(3)},
    {"mtp_learner_defaults", NULL, 0, 0},
    {"mtp_learner_keyword", NULL, 0, 0},
    {"mtp_learner_set", learner_set, 4, BIT(1)},
    {"mtp_learner_check", learner_check, 2, BIT(1)},
    {"mtp_learner_new", learner_new, 8, BIT(1)},
    {"mtp_learner_end", learner_end, 2, BIT(1)},
    {"mtp_learner_free", learner_free, 1, 0},
    {"mtp_learner_begin", learner_begin, 4, BIT(1)},
    {"mtp_learner_tell", learner_tell, 3, BIT(1)},
    {"mtp_learner_knows_numbers", learner_knows_numbers, 4, BIT(1)},
    {"mtp_learner_remember", learner_remember, 3, BIT(1)},
    {"mtp_learner_rewind", learner_rewind, 3, BIT(1)},
    {"mtp_learner_offer", learner_offer, 4, BIT(1)},
    {"mtp_learner_confirm", learner_confirm, 4, BIT(1)},
    {"mtp_learner_parts", learner_parts, 1, 0},
    {"mtp_learner_plan_cuts", learner_plan_cuts, 5, BIT(1)},
    {"mtp_learner_offer_parts", learner_offer_parts, 5, BIT(1)},
    {"mtp_cut_defaults", NULL, 0, 0},
    {"mtp_cut_options_for", cut_options_for, 1, 0},
    {"mtp_cut_region_of", cut_region_of, 3, 0},
    {"mtp_cut_region_has", cut_region_has, 2, 0},
    {"mtp_cut", cut, 5, BIT(1)},
    {"mtp_learner_thresholds", learner_thresholds, 4, BIT(1)},
    {"mtp_learner_pass", learner_pass, 1, 0},
    {"mtp_learner_end_run", learner_end_run, 2, BIT(1)},
    {"mtp_learner_explore", learner_explore, 3, BIT(1)},
    {"mtp_learner_potential", learner_potential, 1, 0},
    {"mtp_learner_verify", learner_verify, 4, BIT(1)},
    {"mtp_learner_follow", learner_follow, 3, BIT(1)},
    {"mtp_learner_posterior", learner_posterior, 1, 0},
    {"mtp_learner_active_set", learner_active_set, 1, 0},
    {"mtp_learner_get_stats", learner_get_stats, 1, 0},
};

static int set_up(void **state) {
  (void)state;
  mtp_random random = {3};
  const data_recipe recipe = {.level = 4, .species = 1, .radial_size = 4, .min_dist = 1.5, .cutoff = 4};
  w.ctx = mtp_context_new();
  w.folder = data_folder_new();
  w.path = data_path(w.folder, "pot.almtp");
  w.labels_path = data_path(w.folder, "labels.extxyz");
  w.appended_path = data_path(w.folder, "appended.extxyz"); /* the other one is locked, which is waited for */
  w.numbers = data_calloc(1000, sizeof(double));
  w.pot = data_potential(w.ctx, &random, &recipe);
  w.cfg = data_config(&random, DATA_ORTHOGONAL, 8, 1, 2.5);
  w.set = mtp_config_set_new();
  mtp_config_set_species(w.set, "Al");
  for (int k = 0; k < 3; k++) data_append_labelled(w.ctx, w.set, w.pot, w.cfg);
  data_must(w.ctx, mtp_neighbors_build(w.ctx, w.cfg, 4, &w.nb));
  data_must(w.ctx, mtp_evaluator_new(w.ctx, w.pot, &w.ev));
  data_must(w.ctx, mtp_active_set_build(w.ctx, w.pot, w.set, MTP_MODE_NEIGHBOURHOOD, 1.1, NULL, &w.as));
  data_must(w.ctx, mtp_active_set_write(w.ctx, w.as, w.pot, w.path));
  data_must(w.ctx, mtp_normal_new(w.ctx, w.pot, mtp_weights_default(), &w.normal));
  data_must(w.ctx, mtp_normal_add(w.ctx, w.normal, w.set->configs[0]));
  data_must(w.ctx, mtp_posterior_new(w.ctx, w.normal, w.pot, &w.posterior));
  data_must(w.ctx, mtp_qm_open(w.ctx, "none", NULL, 0, &w.qm));
  data_must(w.ctx, mtp_label_file_open(w.ctx, w.labels_path, 1, names, &w.labels));
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  mtp_label_file_close(w.labels);
  mtp_qm_close(w.qm);
  mtp_posterior_free(w.posterior);
  mtp_normal_free(w.normal);
  mtp_active_set_free(w.as);
  mtp_evaluator_free(w.ev);
  mtp_neighbors_free(w.nb);
  mtp_config_set_free(w.set);
  mtp_config_free(w.cfg);
  mtp_potential_free(w.pot);
  free(w.numbers);
  free(w.labels_path);
  free(w.appended_path);
  free(w.path);
  data_folder_remove(w.folder);
  mtp_context_free(w.ctx);
  return 0;
}

/* ---- the tests ---- */

static void calls_fail_in_order(void **state) {
  (void)state;
  const misuse_table tables[] = {MISUSE_TABLE(entries), misuse_of_fits, misuse_of_model};
  misuse_make_calls(sizeof tables / sizeof *tables, tables);
}

static void no_function_is_missing(void **state) {
  (void)state;
  const misuse_table tables[] = {MISUSE_TABLE(entries), misuse_of_fits, misuse_of_model};
  misuse_expect_complete(sizeof tables / sizeof *tables, tables);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(calls_fail_in_order), cmocka_unit_test(no_function_is_missing)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
