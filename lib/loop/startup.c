/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/startup.c
 * A learner comes to life: every file that it will need later is tried first, because a QM call is too dear to find out
 * afterwards; then the training set is read and the potential made from it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/species.h"
#include "learn/cut.h"
#include "learn/normal.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "model/model.h"
#include "mtp/append.h"
#include "qm/process/folder.h"
#include "support/support.h"

static const char *wrong_path(const mtp_learner_options *o) {
  if (!o->train_path || !*o->train_path) return "train needs a file name";
  if (!o->save_path || !*o->save_path) return "save needs a file name";
  if (!o->log_path || !*o->log_path) return "log needs a file name";
  if (!o->candidate_path || !*o->candidate_path) return "a file name for candidates is needed";
  return NULL;
}

static mtp_status check_options(mtp_context *ctx, const mtp_learner_options *options) {
  const char *wrong = wrong_path(options);
  return wrong ? mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s", wrong) : mtp_learner_check(ctx, options);
}

/* Element names, or the position as a decimal number where the potential has none. */
static mtp_status take_names(mtp_context *ctx, mtp_learner *l) {
  l->species_count = mtp_potential_species_count(l->pot);
  l->names = mtp_calloc((size_t)l->species_count, sizeof *l->names);
  l->file_names = mtp_calloc((size_t)l->species_count, sizeof *l->file_names);
  l->hole.a = l->hole.b = -1;
  l->near = mtp_calloc((size_t)mtp_loop_kinds(l), sizeof *l->near);
  if (!l->names || !l->file_names || !l->near) return mtp_fail_memory(ctx);
  const mtp_status status = mtp_hole_places_new(ctx, l->pot, &l->places);
  if (status != MTP_OK) return status;
  mtp_hole_places_set_baseline(l->places, l->options.baseline);
  for (int k = 0; k < mtp_loop_kinds(l); k++)
    l->near[k] = (mtp_nearness){.known = INFINITY, .squeezed = INFINITY, .tried = INFINITY};
  for (int s = 0; s < l->species_count; s++) {
    char number[16];
    snprintf(number, sizeof number, "%d", s);
    const char *element = mtp_potential_element(l->pot, s);
    l->names[s] = mtp_strdup(element ? element : number);
    if (!l->names[s]) return mtp_fail_memory(ctx);
    l->file_names[s] = l->names[s];
  }
  return MTP_OK;
}

/* LAMMPS can change its folder in the middle of a deck. */
static char *whole_path(const char *path) {
  char *here = mtp_folder_current(), *whole = here ? mtp_folder_absolute(here, path) : mtp_strdup(path);
  free(here);
  return whole;
}

static mtp_status copy_options(mtp_context *ctx, mtp_learner *l, const mtp_learner_options *options) {
  l->options = *options;
  mtp_loop_order_thresholds(&l->options);
  l->train_path = whole_path(options->train_path);
  l->save_path = whole_path(options->save_path);
  l->log_path = whole_path(options->log_path);
  l->candidate_path = whole_path(options->candidate_path);
  if (!l->train_path || !l->save_path || !l->log_path || !l->candidate_path) return mtp_fail_memory(ctx);
  l->options.train_path = l->train_path;
  l->options.save_path = l->save_path;
  l->options.log_path = l->log_path;
  l->options.candidate_path = l->candidate_path;
  l->options.active_set = NULL; /* borrowed only until the end of mtp_learner_new */
  return MTP_OK;
}

/* Where the calls of this run are noted: beside the training file, under a name that is its own. */
static mtp_status open_calls(mtp_context *ctx, mtp_learner *l) {
  const char *const *names = (const char *const *)l->names;
  if (!l->sharing.locks) return mtp_calls_open(ctx, l->train_path, l->species_count, names, &l->calls);
  char *name = mtp_share_name(l->sharing.locks, mtp_share_number(l->sharing.locks));
  const mtp_status status = name ? mtp_calls_open(ctx, name, l->species_count, names, &l->calls) : mtp_fail_memory(ctx);
  free(name);
  return status;
}

static mtp_status open_train_file(mtp_context *ctx, mtp_learner *l) {
  if (l->options.share) return mtp_loop_join(ctx, l);
  const mtp_status status = mtp_journal_open(ctx, l->train_path, true, &l->train_file);
  if (status == MTP_OK || !strstr(mtp_context_message(ctx), "another run")) return status;
  return mtp_fail(ctx, status, "%s; runs that are to learn together need share yes, each of them",
                  mtp_context_message(ctx));
}

/* What appends to one, or replaces it, would ruin the other: labels among them. */
static mtp_status check_files_differ(mtp_context *ctx, const mtp_learner *l) {
  const struct {
    const char *what, *path;
  } files[] = {{"train", l->train_path},
               {"save", l->save_path},
               {"log", l->log_path},
               {"the file of candidates", l->candidate_path}};
  for (size_t a = 0; a < sizeof files / sizeof files[0]; a++)
    for (size_t b = 0; b < a; b++)
      if (mtp_file_is_same(files[a].path, files[b].path))
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%s and %s are both %s: expected different files", files[b].what,
                        files[a].what, files[a].path);
  return MTP_OK;
}

static mtp_status open_files(mtp_context *ctx, mtp_learner *l) {
  mtp_status status = check_files_differ(ctx, l);
  if (status == MTP_OK) status = mtp_event_log_open(ctx, l->log_path, &l->log);
  if (status == MTP_OK) status = mtp_check_writable(ctx, l->save_path, "the potential");
  if (status == MTP_OK) status = mtp_append_check(ctx, l->candidate_path, "the candidates");
  if (status == MTP_OK) status = open_train_file(ctx, l);
  if (status == MTP_OK) status = open_calls(ctx, l);
  if (status == MTP_OK && l->options.onfail == MTP_ONFAIL_SKIP) mtp_calls_remember_failures(l->calls);
  return status;
}

/* From here on every potential that is saved says what it stands on. */
static mtp_status take_baseline(mtp_context *ctx, mtp_learner *l) {
  const char *name = mtp_loop_baseline_name(l);
  const mtp_status status = mtp_potential_check_baseline(ctx, l->pot, name, NULL);
  return status == MTP_OK ? mtp_potential_set_baseline(ctx, l->pot, name) : status;
}

/* Active set files may hold configurations without atoms, which no training file may. */
static mtp_config_set *copy_set(const mtp_config_set *set) {
  mtp_config_set *copy = mtp_config_set_new();
  for (size_t i = 0; copy && i < set->n; i++) {
    if (set->configs[i]->n == 0) continue;
    mtp_config *cfg = mtp_config_copy(set->configs[i]);
    if (!cfg || mtp_config_set_append(NULL, copy, cfg) != MTP_OK) {
      mtp_config_set_free(copy);
      return NULL;
    }
  }
  return copy;
}

/* Is there something to learn from, and energies and forces of all of it? */
static bool is_labelled(const mtp_config_set *set) {
  size_t labelled = 0;
  for (size_t i = 0; set && i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    if (cfg->n > 0 && !(cfg->has_energy && cfg->force)) return false;
    labelled += cfg->n > 0;
  }
  return labelled > 0;
}

/* A trained potential that comes with an active set but without its training set is graded with that active set; the
 * configurations that the set owns have to stand in for the training set at the first refit. */
static const char *mode_name(mtp_mode mode) {
  static const char *const names[] = {"configuration", "neighbourhood", "forces"};
  return names[mode];
}

static mtp_status take_active_set(mtp_context *ctx, mtp_learner *l, const mtp_active_set *as) {
  const char *mode = mode_name(l->options.mode);
  if (mtp_active_set_mode(as) != l->options.mode)
    return mtp_fail(ctx, MTP_ERR_STATE, "the active set of the potential was not made in mode %s", mode);
  if (mtp_active_set_size(as) != mtp_potential_parameter_count(l->pot))
    return mtp_fail(ctx, MTP_ERR_STATE, "the active set has %zu columns, the potential %zu parameters",
                    mtp_active_set_size(as), mtp_potential_parameter_count(l->pot));
  const mtp_config_set *owned = mtp_active_set_configs(as);
  bool labelled = is_labelled(owned);
  if (l->qm && !labelled)
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "refitting %s needs its training set: give train FILE (%s is empty, and the active set holds no "
                    "energies and forces to learn from)",
                    l->save_path, l->train_path);
  if (labelled) {
    const mtp_status status = mtp_baseline_check(ctx, mtp_loop_baseline_name(l), owned, "the active set");
    if (status != MTP_OK) return status;
    l->seed = copy_set(owned);
    if (!l->seed) return mtp_fail_memory(ctx);
  }
  return mtp_active_set_copy(ctx, as, &l->as);
}

/* Of the training set, what runs labelled: it says by which driver. */
static size_t earlier_labels(const mtp_learner *l) {
  size_t n = 0;
  for (size_t i = 0; i < l->train->n; i++) n += mtp_config_get_feature(l->train->configs[i], "qm") != NULL;
  return n;
}

/* Thresholds and limits are those of this start; everything that was learned is that of the last. */
static void tell_resume(mtp_context *ctx, const mtp_learner *l) {
  mtp_message(ctx, MTP_INFO,
              "going on from the %zu configurations of %s (%zu labelled by earlier runs), with select %g, break %g of "
              "this deck%s%s%s",
              l->train->n, l->train_path, earlier_labels(l), l->options.select_grade, l->options.break_grade,
              mtp_potential_is_trained(l->pot) ? "; the linear coefficients of " : "",
              mtp_potential_is_trained(l->pot) ? l->save_path : "",
              mtp_potential_is_trained(l->pot) ? " are fitted anew to them" : "");
}

static void log_start(mtp_context *ctx, mtp_learner *l, bool dropped_tail) {
  char date[32];
  time_t now = time(NULL);
  struct tm utc;
  gmtime_r(&now, &utc);
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cJSON *event = mtp_event_new(l->log, "start", -1);
  mtp_event_text(event, "date", date);
  mtp_event_text(event, "version", mtp_version());
  mtp_event_text(event, "potential", l->save_path);
  mtp_event_integer(event, "level", mtp_potential_level(l->pot));
  mtp_event_integer(event, "parameters", (long long)mtp_potential_parameter_count(l->pot));
  mtp_event_flag(event, "trained", mtp_potential_is_trained(l->pot));
  mtp_event_texts(event, "species", l->species_count, (const char *const *)l->names);
  mtp_event_text(event, "driver", l->qm ? mtp_qm_text(l->qm) : "none");
  if (l->options.baseline) mtp_event_text(event, "baseline", l->options.baseline->name);
  mtp_event_text(event, "train", l->train_path);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_integer(event, "earlier_labels", (long long)earlier_labels(l));
  mtp_event_integer(event, "unfinished_calls", (long long)mtp_calls_left(l->calls));
  mtp_event_flag(event, "dropped_tail", dropped_tail);
  mtp_event_text(event, "mode", mode_name(l->options.mode));
  mtp_event_number(event, "select", l->options.select_grade);
  mtp_event_number(event, "break", l->options.break_grade);
  mtp_event_integer(event, "pool", l->options.pool);
  mtp_event_integer(event, "maxqm", l->options.max_calls);
  mtp_event_integer(event, "seed", (long long)l->options.seed);
  mtp_event_write(ctx, l->log, event);
}

/* Part of the shortest distance at which the first radial functions begin: vibrations bring atoms closer. What a run
 * met has vibrated. */
#define FIRST_MIN_DIST 0.9
#define MET_MIN_DIST   0.99

static mtp_status begin_functions_at(mtp_context *ctx, mtp_learner *l, double min_dist) {
  mtp_normal *normal = NULL;
  l->pot->radial.min_dist = min_dist;
  mtp_status status = mtp_potential_init_radial(ctx, l->pot);
  if (status == MTP_OK) status = mtp_loop_equations(ctx, l, l->pot, &normal);
  if (status != MTP_OK) {
    mtp_normal_free(normal);
    return status;
  }
  mtp_normal_free(l->normal);
  l->normal = normal;
  return MTP_OK;
}

mtp_status mtp_loop_start_functions(mtp_context *ctx, mtp_learner *l, const mtp_config *first) {
  double smallest = INFINITY;
  if (!mtp_potential_min_dist_is_free(l->pot)) return MTP_OK;
  mtp_status status = mtp_config_smallest_distance(ctx, first, mtp_potential_cutoff(l->pot), &smallest);
  if (status != MTP_OK || !isfinite(smallest)) return status;
  return begin_functions_at(ctx, l, FIRST_MIN_DIST * smallest);
}

/* The equations of the training file, after the same for an untrained potential: with other functions they would be
 * others, and they are most of what a start costs. */
static mtp_status start_equations(mtp_context *ctx, mtp_learner *l) {
  double smallest = INFINITY;
  if (!mtp_potential_is_trained(l->pot) && mtp_potential_min_dist_is_free(l->pot))
    for (int k = 0; k < mtp_loop_kinds(l); k++) smallest = fmin(smallest, l->near[k].known);
  if (isfinite(smallest)) return begin_functions_at(ctx, l, MET_MIN_DIST * smallest);
  return mtp_normal_add_samples(ctx, l->normal, l->samples->n, l->samples->sample, l->options.threads);
}

mtp_status mtp_loop_start(mtp_context *ctx, mtp_learner *l, const mtp_learner_options *options,
                          const mtp_potential *pot) {
  bool dropped_tail = false;
  mtp_status status = check_options(ctx, options);
  if (status == MTP_OK && options->cutting != MTP_CUTTING_OFF) status = mtp_cut_check(ctx, &options->cut, pot);
  if (status == MTP_OK) status = copy_options(ctx, l, options);
  if (status == MTP_OK) status = mtp_potential_copy(ctx, pot, &l->pot);
  if (status == MTP_OK) status = mtp_loop_start_low(ctx, l);
  if (status == MTP_OK) status = take_baseline(ctx, l);
  if (status == MTP_OK) status = take_names(ctx, l);
  l->history.squeezed = 1.0;
  l->samples = mtp_sample_set_new();
  l->train = l->samples ? l->samples->view : NULL;
  l->seen = mtp_seen_new();
  if (status == MTP_OK && (!l->samples || !l->seen)) status = mtp_fail_memory(ctx);
  for (int s = 0; s < l->species_count && status == MTP_OK; s++)
    if (mtp_config_set_species(l->train, l->names[s]) < 0) status = mtp_fail_memory(ctx);
  if (status == MTP_OK) status = open_files(ctx, l);
  if (status == MTP_OK) status = mtp_loop_adopt_saved(ctx, l);
  if (status == MTP_OK) l->history.trained = mtp_loop_has_trained_functions(l->pot);
  if (status == MTP_OK) status = mtp_normal_new(ctx, l->pot, options->weights, &l->normal);
  if (status == MTP_OK) status = mtp_loop_load_training_set(ctx, l, &dropped_tail);
  if (status == MTP_OK) status = start_equations(ctx, l);
  if (status == MTP_OK) status = mtp_loop_adopt_active_set(ctx, l);
  if (status == MTP_OK && l->train->n == 0 && options->active_set)
    status = take_active_set(ctx, l, options->active_set);
  if (status != MTP_OK) return status;
  /* where no call ever went well, it was the driver that failed and not the configurations */
  if (l->train->n == 0) mtp_calls_ask_again(l->calls);
  if (options->mode == MTP_MODE_FORCES && options->grading == MTP_GRADE_ALL)
    mtp_message(ctx, MTP_WARNING,
                "rows all has no effect on mode forces: its rows are the equations of a fit, by the linear "
                "coefficients");
  log_start(ctx, l, dropped_tail);
  if (l->train->n) tell_resume(ctx, l);
  if (l->train->n == 0) return mtp_posterior_of(ctx, l->pot, &l->posterior); /* until there is something to fit to */
  if (!l->was_fitted && !mtp_loop_is_warming_up(l)) l->history.complete = l->history.finished = l->train->n;
  l->starting = true;
  status = mtp_loop_refit(ctx, l, -1, NAN, 0, 0.0);
  l->starting = false;
  return status;
}
