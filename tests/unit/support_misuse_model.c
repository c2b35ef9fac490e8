/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_misuse_model.c
 * Calls with NULL: contexts, potentials, configurations, evaluators, active sets; see support_misuse.h. */
#include <math.h>
#include <stdlib.h>

#include "mtp/structure_search.h"
#include "support_misuse.h"

static const char *const names[] = {"Al"};

/* ---- context ---- */

static mtp_status context_free(void) {
  return mtp_context_free(P(1, w.ctx)), MTP_ERR_ARGUMENT;
}
static mtp_status context_set_logger(void) {
  return mtp_context_set_logger(P(1, w.ctx), NULL, NULL), MTP_ERR_ARGUMENT;
}
static mtp_status context_set_stop(void) {
  return mtp_context_set_stop(P(1, w.ctx), NULL), MTP_ERR_ARGUMENT;
}
static mtp_status context_message(void) {
  return RETURNS(*mtp_context_message(P(1, w.ctx)), 0);
}
static mtp_status context_set_instruction_set(void) {
  return mtp_context_set_instruction_set(P(1, w.ctx), P(2, "auto"));
}
static mtp_status context_instruction_set(void) {
  return mtp_context_instruction_set(P(1, w.ctx)) ? MTP_ERR_ARGUMENT : MTP_OK;
}

/* ---- potential ---- */

static mtp_status potential_new(void) {
  static const mtp_potential_spec spec = {.level = 4, .species_count = 1, .elements = names, .cutoff = 5};
  mtp_potential *pot;
  return mtp_potential_new(P(1, w.ctx), P(2, &spec), P(3, &pot));
}
static mtp_status potential_read(void) {
  mtp_potential *pot;
  return mtp_potential_read(P(1, w.ctx), P(2, w.path), P(3, &pot));
}
static mtp_status potential_write(void) {
  return mtp_potential_write(P(1, w.ctx), P(2, w.pot), P(3, w.path));
}
static mtp_status potential_format(void) {
  char *text;
  size_t size;
  return mtp_potential_format(P(1, w.ctx), P(2, w.pot), P(3, &text), P(4, &size));
}
static mtp_status potential_copy(void) {
  mtp_potential *pot;
  return mtp_potential_copy(P(1, w.ctx), P(2, w.pot), P(3, &pot));
}
static mtp_status potential_free(void) {
  return mtp_potential_free(P(1, w.pot)), MTP_ERR_ARGUMENT;
}
static mtp_status potential_level(void) {
  return RETURNS(mtp_potential_level(P(1, w.pot)), 0);
}
static mtp_status potential_species_count(void) {
  return RETURNS(mtp_potential_species_count(P(1, w.pot)), 0);
}
static mtp_status potential_radial_count(void) {
  return RETURNS(mtp_potential_radial_count(P(1, w.pot)), 0);
}
static mtp_status potential_radial_size(void) {
  return RETURNS(mtp_potential_radial_size(P(1, w.pot)), 0);
}
static mtp_status potential_scalar_count(void) {
  return RETURNS(mtp_potential_scalar_count(P(1, w.pot)), 0);
}
static mtp_status potential_cutoff(void) {
  return RETURNS(mtp_potential_cutoff(P(1, w.pot)), 0.0);
}
static mtp_status potential_min_dist(void) {
  return RETURNS(mtp_potential_min_dist(P(1, w.pot)), 0.0);
}
static mtp_status potential_is_trained(void) {
  return RETURNS(mtp_potential_is_trained(P(1, w.pot)), false);
}
static mtp_status potential_radial_name(void) {
  return mtp_potential_radial_name(P(1, w.pot)) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status potential_element(void) {
  return RETURNS(mtp_potential_element(P(1, w.pot), 0), NULL);
}
static mtp_status potential_label(void) {
  return RETURNS(mtp_potential_label(P(1, w.pot), 0), -1);
}
static mtp_status potential_find_element(void) {
  return RETURNS(mtp_potential_find_element(P(1, w.pot), P(2, "Al")), -1);
}
static mtp_status potential_set_elements(void) {
  return mtp_potential_set_elements(P(1, w.ctx), P(2, w.pot), P(3, names));
}
static mtp_status potential_size_is_free(void) {
  return RETURNS(mtp_potential_size_is_free(P(1, w.pot)), false);
}
static mtp_status potential_min_dist_is_free(void) {
  return RETURNS(mtp_potential_min_dist_is_free(P(1, w.pot)), false);
}
static mtp_status potential_rebase(void) {
  return mtp_potential_rebase(P(1, w.ctx), P(2, w.pot), 1.4, 5);
}
static mtp_status potential_parameter_count(void) {
  return RETURNS(mtp_potential_parameter_count(P(1, w.pot)), 0);
}
static mtp_status potential_parameters(void) {
  return RETURNS(mtp_potential_parameters(P(1, w.pot)), NULL);
}
static mtp_status potential_set_parameters(void) {
  return mtp_potential_set_parameters(P(1, w.ctx), P(2, w.pot), P(3, mtp_potential_parameters(w.pot)));
}

/* ---- configurations ---- */

static mtp_status config_copy(void) {
  return RETURNS(mtp_config_copy(P(1, w.cfg)), NULL);
}
static mtp_status config_free(void) {
  return mtp_config_free(P(1, w.cfg)), MTP_ERR_ARGUMENT;
}
static mtp_status config_volume(void) {
  return RETURNS(mtp_config_volume(P(1, w.cfg)), 0.0);
}
static mtp_status config_require_force(void) {
  return mtp_config_require_force(P(1, w.ctx), P(2, w.cfg));
}
static mtp_status config_weights(void) {
  return mtp_config_weights(P(1, w.ctx), P(2, w.cfg), P(3, w.numbers));
}
static mtp_status config_set_feature(void) {
  return mtp_config_set_feature(P(1, w.ctx), P(2, w.cfg), P(3, "key"), P(4, "value"));
}
static mtp_status config_real_count(void) {
  return RETURNS(mtp_config_real_count(P(1, w.cfg)), 0);
}
static mtp_status format_from_path(void) {
  return RETURNS(mtp_format_from_path(P(1, "a.extxyz")), MTP_FORMAT_AUTO);
}
static mtp_status config_get_feature(void) {
  return RETURNS(mtp_config_get_feature(P(1, w.cfg), P(2, "key")), NULL);
}
static mtp_status config_is_squeezed(void) {
  return RETURNS(mtp_config_is_squeezed(P(1, w.cfg)), false);
}
static mtp_status config_set_free(void) {
  return mtp_config_set_free(P(1, w.set)), MTP_ERR_ARGUMENT;
}
static mtp_status config_set_append(void) {
  return mtp_config_set_append(P(1, w.ctx), P(2, w.set), P(3, mtp_config_new(1)));
}
static mtp_status config_set_species(void) {
  return RETURNS(mtp_config_set_species(P(1, w.set), P(2, "Al")), -1);
}
static mtp_status config_set_map_species(void) {
  return mtp_config_set_map_species(P(1, w.ctx), P(2, w.set), 1, P(3, names));
}
static mtp_status config_set_known_species(void) {
  bool known[2];
  return mtp_config_set_known_species(P(1, w.ctx), P(2, w.set), 1, P(3, names), P(4, known));
}
static mtp_status format_from_name(void) {
  return RETURNS(mtp_format_from_name(P(1, "cfg")), MTP_FORMAT_AUTO);
}
static mtp_status config_set_read(void) {
  mtp_config_set *set;
  static const mtp_read_options options;
  return mtp_config_set_read(P(1, w.ctx), P(2, w.path), P(3, &options), P(4, &set));
}
static mtp_status config_set_write(void) {
  return mtp_config_set_write(P(1, w.ctx), P(2, w.set), P(3, w.path), MTP_FORMAT_CFG);
}
static mtp_status config_format(void) {
  char *text;
  size_t size;
  return mtp_config_format(P(1, w.ctx), P(2, w.cfg), 1, P(3, names), MTP_FORMAT_EXTXYZ, P(4, &text), P(5, &size));
}
static mtp_status neighbors_build(void) {
  mtp_neighbors *nb;
  return mtp_neighbors_build(P(1, w.ctx), P(2, w.cfg), 4, P(3, &nb));
}
static mtp_status neighbors_free(void) {
  return mtp_neighbors_free(P(1, w.nb)), MTP_ERR_ARGUMENT;
}
static mtp_status config_smallest_distance(void) {
  double distance;
  return mtp_config_smallest_distance(P(1, w.ctx), P(2, w.cfg), 4, P(3, &distance));
}

static mtp_status crystal_random(void) {
  static const double one = 20.0, distance = 2.0;
  static const mtp_crystal_options options = {
      .species_count = 1, .fewest = 2, .most = 4, .volume = &one, .min_dist = &distance, .symmetry = 4};
  mtp_config *cfg;
  int operations;
  return mtp_crystal_random(P(1, w.ctx), P(2, &options), 1, P(3, &cfg), P(4, &operations));
}
static mtp_status crystal_volume(void) {
  return RETURNS(mtp_crystal_volume(P(1, "Al")), 0.0);
}
static mtp_status crystal_min_dist(void) {
  return RETURNS(mtp_crystal_min_dist(P(1, "Al"), P(2, "Al")), 0.0);
}

/* ---- evaluator ---- */

static mtp_status evaluator_new(void) {
  mtp_evaluator *ev;
  return mtp_evaluator_new(P(1, w.ctx), P(2, w.pot), P(3, &ev));
}
static mtp_status evaluator_free(void) {
  return mtp_evaluator_free(P(1, w.ev)), MTP_ERR_ARGUMENT;
}
static mtp_status evaluator_memory(void) {
  return RETURNS(mtp_evaluator_memory(P(1, w.ev)), 0.0);
}
static mtp_status evaluator_set_precision(void) {
  return mtp_evaluator_set_precision(P(1, w.ctx), P(2, w.ev), MTP_PRECISION_MIXED);
}
static mtp_status evaluator_set_active_set(void) {
  return mtp_evaluator_set_active_set(P(1, w.ctx), P(2, w.ev), P(3, w.as));
}
static mtp_status evaluator_set_inverse(void) {
  return mtp_evaluator_set_inverse(P(1, w.ctx), P(2, w.ev), MTP_MODE_NEIGHBOURHOOD, mtp_active_set_size(w.as),
                                   P(3, mtp_active_set_inverse(w.as)));
}
static mtp_status evaluator_grade_row(void) {
  double grade;
  mtp_evaluator_set_active_set(NULL, w.ev, w.as);
  return mtp_evaluator_grade_row(P(1, w.ctx), P(2, w.ev), P(3, w.numbers), P(4, &grade));
}
static mtp_status atoms_of(void) {
  return RETURNS(mtp_atoms_of(P(1, w.nb)).nall, 0);
}
static mtp_status evaluator_compute(void) {
  mtp_output out = {0};
  mtp_atoms atoms = mtp_atoms_of(w.nb);
  atoms.x = P(5, atoms.x);
  atoms.type = P(6, atoms.type);
  atoms.count = P(7, atoms.count);
  atoms.list = P(8, atoms.list);
  return mtp_evaluator_compute(P(1, w.ctx), P(2, w.ev), P(3, &atoms), NULL, P(4, &out));
}
static mtp_status evaluator_config(void) {
  return mtp_evaluator_config(P(1, w.ctx), P(2, w.ev), P(3, w.cfg), 0);
}

/* ---- active sets ---- */

static mtp_status active_set_new(void) {
  mtp_active_set *as;
  return mtp_active_set_new(P(1, w.ctx), 3, MTP_MODE_NEIGHBOURHOOD, 1e-3, P(2, &as));
}
static mtp_status active_set_copy(void) {
  mtp_active_set *as;
  return mtp_active_set_copy(P(1, w.ctx), P(2, w.as), P(3, &as));
}
static mtp_status active_set_free(void) {
  return mtp_active_set_free(P(1, w.as)), MTP_ERR_ARGUMENT;
}
static mtp_status active_set_mode(void) {
  return mtp_active_set_mode(P(1, w.as)), MTP_ERR_ARGUMENT;
}
static mtp_status active_set_size(void) {
  return RETURNS(mtp_active_set_size(P(1, w.as)), 0);
}
static mtp_status active_set_filled(void) {
  return RETURNS(mtp_active_set_filled(P(1, w.as)), 0);
}
static mtp_status active_set_log_volume(void) {
  return isnan(mtp_active_set_log_volume(P(1, w.as))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status active_set_rows(void) {
  return RETURNS(mtp_active_set_rows(P(1, w.as)), NULL);
}
static mtp_status active_set_inverse(void) {
  return RETURNS(mtp_active_set_inverse(P(1, w.as)), NULL);
}
static mtp_status active_set_drift(void) {
  return isnan(mtp_active_set_drift(P(1, w.as))) ? MTP_ERR_ARGUMENT : MTP_OK;
}
static mtp_status active_set_grade_config(void) {
  double grade;
  int atom;
  return mtp_active_set_grade_config(P(1, w.ctx), P(2, w.as), P(3, w.pot), P(4, w.cfg), P(5, &grade), P(6, &atom));
}
static mtp_status active_set_grade(void) {
  double gamma;
  return mtp_active_set_grade(P(1, w.ctx), P(2, w.as), 1, P(3, w.numbers), P(4, &gamma));
}
static mtp_status active_set_offer(void) {
  const long long origin[2] = {0, 0};
  mtp_swap *swaps;
  size_t count;
  return mtp_active_set_offer(P(1, w.ctx), P(2, w.as), 1, P(3, w.numbers), P(4, origin), 1.1, P(5, &swaps),
                              P(6, &count));
}
static mtp_status active_set_origins(void) {
  return RETURNS(mtp_active_set_origins(P(1, w.as)), NULL);
}
static mtp_status active_set_configs(void) {
  return RETURNS(mtp_active_set_configs(P(1, w.as)), NULL);
}
static mtp_status active_set_build(void) {
  mtp_active_set *as;
  return mtp_active_set_build(P(1, w.ctx), P(2, w.pot), P(3, w.set), MTP_MODE_NEIGHBOURHOOD, 1.1, P(4, w.as),
                              P(5, &as));
}
static mtp_status active_set_build_of(void) {
  mtp_active_set *as;
  return mtp_active_set_build_of(P(1, w.ctx), P(2, w.pot), P(3, w.set), MTP_MODE_NEIGHBOURHOOD, MTP_ROWS_LINEAR, 1.1,
                                 P(4, w.as), P(5, &as));
}
static mtp_status active_set_grow(void) {
  mtp_active_set *as;
  return mtp_active_set_grow(P(1, w.ctx), P(2, w.pot), P(3, w.set), 0, 1.1, P(4, w.as), P(5, &as));
}
static mtp_status active_set_kind(void) {
  return mtp_active_set_kind(P(1, w.as)), MTP_ERR_ARGUMENT;
}
static mtp_status active_set_columns(void) {
  return RETURNS(mtp_active_set_columns(P(1, w.as)), 0);
}
static mtp_status active_set_read(void) {
  mtp_active_set *as;
  return mtp_active_set_read(P(1, w.ctx), P(2, w.path), P(3, w.pot), P(4, &as));
}
static mtp_status model_read(void) {
  mtp_potential *pot;
  mtp_active_set *as;
  return mtp_model_read(P(1, w.ctx), P(2, w.path), P(3, &pot), P(4, &as));
}
static mtp_status model_from_text(void) {
  static const char text[] = "MTP\n";
  mtp_potential *pot;
  mtp_active_set *as;
  return mtp_model_from_text(P(1, w.ctx), P(2, "pot"), P(3, text), sizeof text - 1, P(4, &pot), P(5, &as));
}
static mtp_status active_set_write(void) {
  return mtp_active_set_write(P(1, w.ctx), P(2, w.as), P(3, w.pot), P(4, w.path));
}

/* ---- the table ---- */

static const misuse_entry entries[] = {
    {"mtp_context_new", NULL, 0, 0},
    {"mtp_context_free", context_free, 1, 0},
    {"mtp_context_set_logger", context_set_logger, 1, 0},
    {"mtp_context_set_stop", context_set_stop, 1, 0},
    {"mtp_context_message", context_message, 1, 0},
    {"mtp_context_set_instruction_set", context_set_instruction_set, 2, 0},
    {"mtp_instruction_set_name", NULL, 0, 0},
    {"mtp_context_instruction_set", context_instruction_set, 1, 0},
    {"mtp_status_name", NULL, 0, 0},
    {"mtp_version", NULL, 0, 0},
    {"mtp_potential_new", potential_new, 3, BIT(1)},
    {"mtp_potential_read", potential_read, 3, BIT(1)},
    {"mtp_potential_write", potential_write, 3, BIT(1)},
    {"mtp_potential_format", potential_format, 4, BIT(1)},
    {"mtp_potential_copy", potential_copy, 3, BIT(1)},
    {"mtp_potential_free", potential_free, 1, 0},
    {"mtp_potential_level", potential_level, 1, 0},
    {"mtp_potential_species_count", potential_species_count, 1, 0},
    {"mtp_potential_radial_count", potential_radial_count, 1, 0},
    {"mtp_potential_radial_size", potential_radial_size, 1, 0},
    {"mtp_potential_scalar_count", potential_scalar_count, 1, 0},
    {"mtp_potential_cutoff", potential_cutoff, 1, 0},
    {"mtp_potential_min_dist", potential_min_dist, 1, 0},
    {"mtp_potential_is_trained", potential_is_trained, 1, 0},
    {"mtp_potential_radial_name", potential_radial_name, 1, 0},
    {"mtp_potential_element", potential_element, 1, 0},
    {"mtp_potential_label", potential_label, 1, 0},
    {"mtp_potential_find_element", potential_find_element, 2, 0},
    {"mtp_potential_set_elements", potential_set_elements, 3, BIT(1)},
    {"mtp_potential_size_is_free", potential_size_is_free, 1, 0},
    {"mtp_potential_min_dist_is_free", potential_min_dist_is_free, 1, 0},
    {"mtp_potential_rebase", potential_rebase, 2, BIT(1)},
    {"mtp_potential_parameter_count", potential_parameter_count, 1, 0},
    {"mtp_potential_parameters", potential_parameters, 1, 0},
    {"mtp_potential_set_parameters", potential_set_parameters, 3, BIT(1)},
    {"mtp_config_new", NULL, 0, 0},
    {"mtp_config_copy", config_copy, 1, 0},
    {"mtp_config_free", config_free, 1, 0},
    {"mtp_config_volume", config_volume, 1, 0},
    {"mtp_config_require_force", config_require_force, 2, BIT(1)},
    {"mtp_config_weights", config_weights, 3, BIT(1)},
    {"mtp_config_set_feature", config_set_feature, 4, BIT(1)},
    {"mtp_config_real_count", config_real_count, 1, 0},
    {"mtp_format_from_path", format_from_path, 1, 0},
    {"mtp_config_get_feature", config_get_feature, 2, 0},
    {"mtp_config_is_squeezed", config_is_squeezed, 1, 0},
    {"mtp_config_set_new", NULL, 0, 0},
    {"mtp_config_set_free", config_set_free, 1, 0},
    {"mtp_config_set_append", config_set_append, 3, BIT(1)},
    {"mtp_config_set_species", config_set_species, 2, 0},
    {"mtp_config_set_map_species", config_set_map_species, 3, BIT(1)},
    {"mtp_config_set_known_species", config_set_known_species, 4, BIT(1)},
    {"mtp_format_from_name", format_from_name, 1, 0},
    {"mtp_config_set_read", config_set_read, 4, BIT(1) | BIT(3)},
    {"mtp_config_set_write", config_set_write, 3, BIT(1)},
    {"mtp_config_format", config_format, 5, BIT(1)},
    {"mtp_crystal_random", crystal_random, 4, BIT(1) | BIT(4)},
    {"mtp_crystal_volume", crystal_volume, 1, 0},
    {"mtp_crystal_min_dist", crystal_min_dist, 2, 0},
    {"mtp_neighbors_build", neighbors_build, 3, BIT(1)},
    {"mtp_neighbors_free", neighbors_free, 1, 0},
    {"mtp_config_smallest_distance", config_smallest_distance, 3, BIT(1)},
    {"mtp_evaluator_new", evaluator_new, 3, BIT(1)},
    {"mtp_evaluator_free", evaluator_free, 1, 0},
    {"mtp_evaluator_memory", evaluator_memory, 1, 0},
    {"mtp_evaluator_set_precision", evaluator_set_precision, 2, BIT(1)},
    {"mtp_evaluator_set_active_set", evaluator_set_active_set, 3, BIT(1)},
    {"mtp_evaluator_set_inverse", evaluator_set_inverse, 3, BIT(1)},
    {"mtp_evaluator_grade_row", evaluator_grade_row, 4, BIT(1)},
    {"mtp_atoms_of", atoms_of, 1, 0},
    {"mtp_evaluator_compute", evaluator_compute, 8, BIT(1)},
    {"mtp_evaluator_config", evaluator_config, 3, BIT(1)},
    {"mtp_active_set_new", active_set_new, 2, BIT(1)},
    {"mtp_active_set_copy", active_set_copy, 3, BIT(1)},
    {"mtp_active_set_free", active_set_free, 1, 0},
    {"mtp_active_set_mode", active_set_mode, 1, 0},
    {"mtp_active_set_size", active_set_size, 1, 0},
    {"mtp_active_set_filled", active_set_filled, 1, 0},
    {"mtp_active_set_log_volume", active_set_log_volume, 1, 0},
    {"mtp_active_set_rows", active_set_rows, 1, 0},
    {"mtp_active_set_inverse", active_set_inverse, 1, 0},
    {"mtp_active_set_drift", active_set_drift, 1, 0},
    {"mtp_active_set_grade", active_set_grade, 4, BIT(1)},
    {"mtp_active_set_grade_config", active_set_grade_config, 6, BIT(1)},
    {"mtp_active_set_offer", active_set_offer, 6, BIT(1) | BIT(5)},
    {"mtp_active_set_origins", active_set_origins, 1, 0},
    {"mtp_active_set_configs", active_set_configs, 1, 0},
    {"mtp_active_set_build", active_set_build, 5, BIT(1) | BIT(4)},
    {"mtp_active_set_build_of", active_set_build_of, 5, BIT(1) | BIT(4)},
    {"mtp_active_set_grow", active_set_grow, 5, BIT(1)},
    {"mtp_active_set_kind", active_set_kind, 1, 0},
    {"mtp_active_set_columns", active_set_columns, 1, 0},
    {"mtp_active_set_read", active_set_read, 4, BIT(1)},
    {"mtp_model_read", model_read, 4, BIT(1) | BIT(4)},
    {"mtp_model_from_text", model_from_text, 5, BIT(1) | BIT(5)},
    {"mtp_active_set_write", active_set_write, 4, BIT(1) | BIT(2)},
};

const misuse_table misuse_of_model = MISUSE_TABLE(entries);
