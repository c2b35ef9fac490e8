/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/resume.c
 * What an earlier run of the same files left: a trained potential, and QM calls that were asked for and never used. The
 * training set itself is read at start in any case; thresholds are those of the new deck. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "learn/active_set.h"
#include "learn/level.h"
#include "learn/normal.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "model/model.h"
#include "support/support.h"

/* The same functions of the same species, but for what training is free to change: then `a` is what `b` has become. */
static bool is_alike(const mtp_potential *a, const mtp_potential *b) {
  if (mtp_potential_radial_count(a) != mtp_potential_radial_count(b) ||
      (mtp_potential_radial_size(a) != mtp_potential_radial_size(b) && !mtp_potential_size_is_free(b)) ||
      mtp_potential_species_count(a) != mtp_potential_species_count(b) ||
      mtp_potential_scalar_count(a) != mtp_potential_scalar_count(b) ||
      mtp_potential_cutoff(a) != mtp_potential_cutoff(b) ||
      strcmp(mtp_potential_radial_name(a), mtp_potential_radial_name(b)) != 0)
    return false;
  char name[64];
  if (!mtp_potential_get_baseline(b, name, sizeof name) || mtp_potential_check_baseline(NULL, a, name, NULL) != MTP_OK)
    return false;
  for (int s = 0; s < mtp_potential_species_count(a); s++) {
    const char *x = mtp_potential_element(a, s), *y = mtp_potential_element(b, s);
    if (x && y && strcmp(x, y) != 0) return false;
  }
  return true;
}

static bool has_parameters_of(const mtp_potential *a, const mtp_potential *b) {
  return mtp_potential_is_trained(a) && mtp_potential_parameter_count(a) == mtp_potential_parameter_count(b) &&
         memcmp(mtp_potential_parameters(a), mtp_potential_parameters(b),
                mtp_potential_parameter_count(b) * sizeof(double)) == 0;
}

/* ---- notes ---- */

#define GRADED     "al_configurations"
#define FULL       "al_trained"
#define FRESH      "al_fresh"
#define FULL_ERROR "al_error"
#define PREDICTED  "al_predicted"
#define COMPLETE   "al_complete"
#define FINISHED   "al_finished"
#define SQUEEZED   "al_squeezed"
#define SCALE      "al_scale"
#define SCALED     "al_scaled"
#define SQUARE     "al_grade_square"
#define ERROR      "al_grade_error"
#define GENERATION "al_generation"
#define UNTRAINED  "al_untrained"

/* What is not known is not noted, nor does a potential keep the note of other labels that it came with. */
static mtp_status note_if(mtp_context *ctx, mtp_potential *pot, bool known, const char *key, double number) {
  return known ? mtp_potential_set_note(ctx, pot, key, number) : mtp_potential_set_text_note(ctx, pot, key, NULL);
}

mtp_status mtp_loop_leave_notes(mtp_context *ctx, const mtp_history *history, size_t graded, mtp_potential *pot) {
  const bool scaled = history->scaled > 0, graded_labels = history->grade_square > 0.0;
  mtp_status status = mtp_potential_set_note(ctx, pot, GRADED, (double)graded);
  if (status == MTP_OK) status = mtp_potential_set_note(ctx, pot, COMPLETE, (double)history->complete);
  if (status == MTP_OK) status = mtp_potential_set_note(ctx, pot, FINISHED, (double)history->finished);
  if (status == MTP_OK) status = mtp_potential_set_text_note(ctx, pot, UNTRAINED, history->trained ? NULL : "1");
  if (status == MTP_OK) status = note_if(ctx, pot, history->squeezed != 1.0, SQUEEZED, history->squeezed);
  if (status == MTP_OK && history->top > 0) status = mtp_potential_set_note(ctx, pot, MTP_TOP_KEY, history->top);
  if (status == MTP_OK) status = note_if(ctx, pot, scaled, SCALE, history->scale);
  if (status == MTP_OK) status = note_if(ctx, pot, scaled, SCALED, (double)history->scaled);
  if (status == MTP_OK) status = note_if(ctx, pot, graded_labels, SQUARE, history->grade_square);
  if (status == MTP_OK) status = note_if(ctx, pot, graded_labels, ERROR, history->grade_error);
  if (status != MTP_OK || !history->here) return status;
  status = mtp_potential_set_note(ctx, pot, FULL, (double)history->full_configs);
  if (status == MTP_OK) status = mtp_potential_set_note(ctx, pot, FRESH, (double)history->fresh_configs);
  if (status == MTP_OK) status = mtp_potential_set_note(ctx, pot, FULL_ERROR, history->full_error);
  if (status == MTP_OK) status = mtp_potential_set_note(ctx, pot, PREDICTED, history->predicted);
  return status;
}

mtp_status mtp_loop_number_generation(mtp_context *ctx, const mtp_learner *l, mtp_potential *pot) {
  return l->sharing.locks ? mtp_potential_set_note(ctx, pot, GENERATION, (double)(l->sharing.generation + 1)) : MTP_OK;
}

static long long generation_of(const mtp_potential *pot) {
  const double number = mtp_potential_note(pot, GENERATION);
  return number >= 1.0 && number < 9e15 ? (long long)number : 0;
}

static mtp_status copy_notes(mtp_context *ctx, const mtp_potential *from, mtp_potential *to) {
  static const char *const keys[] = {GRADED,   FULL,  FRESH,  FULL_ERROR, PREDICTED, COMPLETE, FINISHED,
                                     SQUEEZED, SCALE, SCALED, SQUARE,     ERROR,     UNTRAINED};
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < sizeof keys / sizeof *keys && status == MTP_OK; k++) {
    const double number = mtp_potential_note(from, keys[k]);
    if (!isnan(number)) status = mtp_potential_set_note(ctx, to, keys[k], number);
  }
  return status;
}

bool mtp_loop_has_trained_functions(const mtp_potential *pot) {
  return mtp_potential_is_trained(pot) && !(mtp_potential_note(pot, UNTRAINED) > 0.0);
}

static double squeezed_weight(const mtp_potential *pot) {
  const double note = mtp_potential_note(pot, SQUEEZED);
  return note > 0.0 ? note : 1.0;
}

/* A number of configurations; what a file of earlier versions does not say counts as all. */
static size_t noted(const mtp_potential *pot, const char *key) {
  const double number = mtp_potential_note(pot, key);
  return number >= 0.0 ? (size_t)number : SIZE_MAX;
}

/* One that grew is of another level than the file that it began with. */
static mtp_status follow_level(mtp_context *ctx, mtp_learner *l, const mtp_potential *saved) {
  const int level = mtp_potential_level(saved);
  if (l->history.top == 0 || mtp_potential_is_trained(l->pot) || level < 2 || level > l->history.top) return MTP_OK;
  return mtp_loop_take_level(ctx, l, level);
}

/* The deck that is started again names the potential of its first start, which knows less than the saved one. */
mtp_status mtp_loop_adopt_saved(mtp_context *ctx, mtp_learner *l) {
  mtp_potential *saved = NULL;
  long long size = 0;
  struct stat st;
  mtp_status status = mtp_journal_size(ctx, l->train_file, &size);
  if (status != MTP_OK) return status;
  const bool resumes = size > 0;
  if (stat(l->save_path, &st) != 0 || !S_ISREG(st.st_mode)) return MTP_OK; /* a device takes it, and holds nothing */
  status = mtp_file_read(ctx, l->save_path, &l->saved, &l->saved_size);
  if (status == MTP_OK) status = mtp_potential_parse(ctx, l->save_path, l->saved, l->saved_size, &saved, NULL);
  if (status == MTP_OK) mtp_potential_remark(ctx, l->save_path, saved, l->saved, l->saved_size);
  if (status != MTP_OK)
    return mtp_fail(ctx, status, "save: %s is there and would be overwritten, but is no potential: %s", l->save_path,
                    mtp_context_message(ctx));
  const bool trained = mtp_potential_is_trained(saved);
  if (trained) status = follow_level(ctx, l, saved);
  if (status == MTP_OK && trained && resumes && !is_alike(saved, l->pot) && mtp_loop_has_others(l))
    status = mtp_fail(ctx, MTP_ERR_STATE,
                      "share: %s holds a potential of another kind, which other runs are learning; runs that learn "
                      "together need the same file of pair_coeff, baseline and grow",
                      l->save_path);
  if (status != MTP_OK) {
    mtp_potential_free(saved);
    return status;
  }
  const bool alike = is_alike(saved, l->pot);
  const bool is_news = trained && alike && !has_parameters_of(l->pot, saved); /* or the deck has read it itself */
  l->was_fitted = trained && alike && resumes;
  if (l->was_fitted) {
    l->history.complete = noted(saved, COMPLETE);
    l->history.finished = noted(saved, FINISHED);
    l->history.squeezed = squeezed_weight(saved);
  }
  l->sharing.generation = generation_of(saved); /* what is saved here comes after it, whatever it was */
  if (trained && !alike) {
    mtp_message(ctx, MTP_WARNING, "%s holds a potential of another kind, which is replaced", l->save_path);
  } else if (is_news && resumes) {
    status = mtp_potential_adopt(ctx, l->pot, saved);
    if (status == MTP_OK) status = copy_notes(ctx, saved, l->pot);
    if (status == MTP_OK)
      mtp_message(ctx, MTP_INFO, "learning goes on from %s, which an earlier run saved", l->save_path);
  } else if (is_news && l->qm) {
    mtp_message(ctx, MTP_WARNING,
                "%s holds a trained potential, which the first refit replaces, because %s is empty (to go on from it, "
                "give its training set; to keep it, another file after save)",
                l->save_path, l->train_path);
  }
  mtp_potential_free(saved);
  return status;
}

/* The number in the training set of each configuration of `set`, -1 of one that is not there. */
static mtp_status find_in_training_set(mtp_context *ctx, const mtp_learner *l, const mtp_config_set *set,
                                       long long *number) {
  mtp_structure_index *index = mtp_structure_index_new(MTP_SAME_EXACTLY);
  mtp_status status = index ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; i < l->train->n && status == MTP_OK; i++)
    status = mtp_structure_index_add(ctx, index, l->train->configs[i], NULL, i);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    const size_t found = mtp_structure_index_find(index, set->configs[i], NULL);
    number[i] = found == MTP_NOT_FOUND ? -1 : (long long)found;
  }
  mtp_structure_index_free(index);
  return status;
}

/* A note that counts configurations of the training set; `none` without a believable one. */
static size_t count_of(const mtp_learner *l, const mtp_potential *pot, const char *key, size_t none) {
  const double number = mtp_potential_note(pot, key);
  return number >= 1.0 && number <= (double)l->train->n ? (size_t)number : none;
}

/* A file without notes graded by linear coefficients because its run had trained the radial functions. */
static void read_notes(mtp_learner *l, const mtp_active_set *as) {
  const size_t full = count_of(l, l->pot, FULL, 0);
  const bool linear = mtp_active_set_kind(as) == MTP_ROWS_LINEAR && l->options.grading == MTP_GRADE_AUTO;
  l->graded = count_of(l, l->pot, GRADED, 0);
  if (mtp_potential_note(l->pot, SCALED) >= 1.0 && mtp_potential_note(l->pot, SCALE) > 0.0) {
    l->history.scale = mtp_potential_note(l->pot, SCALE);
    l->history.scaled = (long long)mtp_potential_note(l->pot, SCALED);
  }
  if (mtp_potential_note(l->pot, SQUARE) > 0.0 && isfinite(mtp_potential_note(l->pot, ERROR))) {
    l->history.grade_square = mtp_potential_note(l->pot, SQUARE);
    l->history.grade_error = mtp_potential_note(l->pot, ERROR);
  }
  if (!l->history.trained || (full == 0 && !linear)) return;
  l->history.here = l->history.trained;
  l->history.full_configs = full ? full : l->train->n;
  l->history.fresh_configs = count_of(l, l->pot, FRESH, l->train->n);
  if (full) l->history.full_error = mtp_potential_note(l->pot, FULL_ERROR);
  if (!(l->history.full_error >= 0.0)) l->history.full_error = 0.0;
  const double predicted = mtp_potential_note(l->pot, PREDICTED);
  l->history.predicted = predicted >= 0.0 ? predicted : 0.0;
}

/* The rows of an active set by their numbers in the training set; *whole: all of them are of it. */
static mtp_status number_rows(mtp_context *ctx, const mtp_learner *l, mtp_active_set *as, bool *whole) {
  const mtp_config_set *owned = mtp_active_set_configs(as);
  long long *number = mtp_calloc(owned->n, sizeof *number);
  const mtp_status status = number ? find_in_training_set(ctx, l, owned, number) : mtp_fail_memory(ctx);
  *whole = true;
  for (size_t i = 0; i < as->n && status == MTP_OK; i++) {
    long long config = as->config[i];
    as->origin[2 * i] = config >= 0 && (size_t)config < owned->n ? number[config] : -1;
    if (as->origin[2 * i] < 0 && config >= 0) *whole = false;
  }
  free(number);
  return status;
}

static bool is_usable(const mtp_learner *l, const mtp_active_set *as, const mtp_potential *pot) {
  return as->mode == l->options.mode && as->n == mtp_potential_parameter_count(pot);
}

/* Which rows are active depends on the order in which they were met. Those that the last run had chosen are where this
 * one begins, so that it grades as that one would have done. */
mtp_status mtp_loop_adopt_active_set(mtp_context *ctx, mtp_learner *l) {
  mtp_active_set *as = NULL;
  if (l->as || l->train->n == 0 || !l->saved) return MTP_OK;
  const mtp_status parsed = mtp_active_set_parse(NULL, l->save_path, l->saved, l->saved_size, l->pot, &as);
  free(l->saved);
  l->saved = NULL;
  /* a potential without one, or of another kind, is replaced soon; it is only a hint that is missing then */
  if (parsed != MTP_OK || !as) return MTP_OK;
  bool whole = false;
  const mtp_status status = is_usable(l, as, l->pot) ? number_rows(ctx, l, as, &whole) : MTP_OK;
  if (status != MTP_OK || !is_usable(l, as, l->pot)) {
    mtp_active_set_free(as);
    return status;
  }
  l->as = as;
  l->as_is_of_train = true;
  if (whole) read_notes(l, as);
  return MTP_OK;
}

/* ---- what another run saves meanwhile ---- */

/* A potential with all that belongs to it. */
typedef struct saved_model {
  mtp_potential *pot;
  mtp_active_set *as;
  mtp_posterior *posterior;
  mtp_normal *normal; /* NULL: those of the learner do */
  bool whole;
} saved_model;

static void saved_clear(saved_model *s) {
  mtp_potential_free(s->pot);
  mtp_active_set_free(s->as);
  mtp_posterior_free(s->posterior);
  mtp_normal_free(s->normal);
}

static mtp_status parse_saved(mtp_context *ctx, const mtp_learner *l, saved_model *s) {
  char *data = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, l->save_path, &data, &size);
  if (status == MTP_OK) status = mtp_potential_parse(ctx, l->save_path, data, size, &s->pot, NULL);
  if (status == MTP_OK && mtp_potential_is_trained(s->pot))
    status = mtp_active_set_parse(ctx, l->save_path, data, size, s->pot, &s->as);
  free(data);
  return status;
}

/* What the present potential may become: the same functions, or those of a higher level where it grows. */
static mtp_status may_become(mtp_context *ctx, const mtp_learner *l, const mtp_potential *pot, bool *may) {
  const int level = mtp_potential_level(pot);
  mtp_potential *raised = NULL;
  *may = is_alike(pot, l->pot);
  if (*may || level <= mtp_potential_level(l->pot) || level > l->history.top) return MTP_OK;
  const mtp_status status = mtp_potential_at_level(ctx, l->pot, level, &raised);
  *may = status == MTP_OK && is_alike(pot, raised);
  mtp_potential_free(raised);
  return status;
}

/* One that is newer and cannot be taken over would be passed over for ever. */
static mtp_status look_whether_newer(mtp_context *ctx, const mtp_learner *l, const saved_model *s, bool *newer) {
  *newer = false;
  if (!s->as || generation_of(s->pot) <= l->sharing.generation) return MTP_OK;
  const mtp_status status = may_become(ctx, l, s->pot, newer);
  if (status != MTP_OK || (*newer && is_usable(l, s->as, s->pot))) return status;
  return mtp_fail(ctx, MTP_ERR_STATE,
                  "share: another run has saved a potential of another kind in %s; runs that learn together need the "
                  "same file of pair_coeff, baseline, mode and grow",
                  l->save_path);
}

/* With other radial functions or weights it has other equations. */
static mtp_status complete(mtp_context *ctx, const mtp_learner *l, saved_model *s) {
  const double squeezed = squeezed_weight(s->pot);
  mtp_status status = mtp_posterior_of(ctx, s->pot, &s->posterior);
  mtp_sample_set_scale_squeezed(l->samples, squeezed);
  if (status == MTP_OK && (squeezed != l->history.squeezed || !mtp_normal_has_functions_of(l->normal, s->pot)))
    status = mtp_loop_equations(ctx, l, s->pot, &s->normal);
  return status;
}

static mtp_status take_saved(mtp_context *ctx, mtp_learner *l, saved_model *s) {
  mtp_potential_free(l->pot);
  mtp_active_set_free(l->as);
  mtp_posterior_free(l->posterior);
  l->pot = s->pot;
  l->as = s->as;
  l->posterior = s->posterior;
  if (s->normal) {
    mtp_normal_free(l->normal);
    l->normal = s->normal;
  }
  l->as_is_of_train = true;
  l->history.trained = l->history.trained || mtp_loop_has_trained_functions(l->pot);
  l->history.complete = noted(l->pot, COMPLETE);
  l->history.finished = noted(l->pot, FINISHED);
  l->history.squeezed = squeezed_weight(l->pot);
  l->graded = 0;
  read_notes(l, l->as);
  l->sharing.generation = generation_of(l->pot);
  l->stats.adopted++;
  mtp_loop_wish_no_more(l);
  mtp_hole_clear(&l->hole); /* who made it takes care of that */
  l->hole.a = l->hole.b = -1;
  *s = (saved_model){0};
  const mtp_status status = mtp_loop_measure(ctx, l->normal, l->pot, &l->residual);
  l->residual_known = status == MTP_OK;
  l->fitted = mtp_rmse(l->residual.force, l->residual.forces);
  mtp_loop_set_thresholds(l);
  return status;
}

static void log_adopted(mtp_context *ctx, const mtp_learner *l) {
  cJSON *event = mtp_event_new(l->log, "adopt", l->last_step);
  mtp_event_integer(event, "generation", l->sharing.generation);
  mtp_event_integer(event, "configurations", l->stats.configurations);
  mtp_event_integer(event, "learned", (long long)l->graded);
  mtp_event_number(event, "rmse_force", mtp_rmse(l->residual.force, l->residual.forces));
  mtp_event_write(ctx, l->log, event);
  mtp_message(ctx, MTP_INFO, "step %lld: potential of another run, which has learned %zu of %lld configurations",
              l->last_step, l->graded, l->stats.configurations);
}

mtp_status mtp_loop_adopt_newer(mtp_context *ctx, mtp_learner *l, bool *adopted) {
  saved_model s = {0};
  *adopted = false;
  if (access(l->save_path, F_OK) != 0) return MTP_OK;
  mtp_status status = parse_saved(ctx, l, &s);
  bool newer = false;
  if (status == MTP_OK) status = look_whether_newer(ctx, l, &s, &newer);
  if (newer && status == MTP_OK) {
    /* whatever it has learned was in the training file before */
    status = mtp_loop_lock_train(ctx, l);
    if (status == MTP_OK) status = mtp_loop_take_news(ctx, l);
    mtp_loop_unlock_train(l);
    if (status == MTP_OK) status = number_rows(ctx, l, s.as, &s.whole);
    /* what is not of this training set was there before it */
    if (status == MTP_OK && s.whole && count_of(l, s.pot, GRADED, 0) > 0) {
      status = complete(ctx, l, &s);
      if (status == MTP_OK) status = take_saved(ctx, l, &s);
      *adopted = status == MTP_OK;
    }
  }
  if (*adopted) log_adopted(ctx, l);
  saved_clear(&s);
  return status;
}

mtp_candidate mtp_loop_candidate_of(const mtp_config *request) {
  const char *step = mtp_config_get_feature(request, "step"), *warmup = mtp_config_get_feature(request, "warmup");
  const char *squeezed = mtp_config_get_feature(request, "squeezed");
  return (mtp_candidate){.cfg = (mtp_config *)request, /* only read */
                         .grade = request->has_max_grade ? request->max_grade : NAN,
                         .atom = -1,
                         .step = step ? strtoll(step, NULL, 10) : -1,
                         .warmup = warmup ? (int)strtol(warmup, NULL, 10) : -1,
                         .squeezed = squeezed ? mtp_strtod(squeezed, NULL) : 0.0,
                         .hole = mtp_config_get_feature(request, "hole") != NULL};
}

/* Candidates for what is not in the training set yet. */
static mtp_status collect(mtp_context *ctx, mtp_learner *l, mtp_candidate *candidates, size_t *count,
                          size_t *answered) {
  size_t n = 0;
  mtp_status status = MTP_OK;
  *answered = 0;
  for (size_t i = 0; i < mtp_calls_left(l->calls); i++) {
    mtp_calls_end end;
    mtp_candidate c = mtp_loop_candidate_of(mtp_calls_request(l->calls, i, &end));
    if (mtp_seen_find(l->seen, c.cfg, NULL)) {
      mtp_calls_forget(l->calls, i);
      continue;
    }
    /* a failure that is remembered is not asked for again; an answer costs no call any more */
    if (end == MTP_CALLS_FAILED && l->options.onfail == MTP_ONFAIL_SKIP) continue;
    bool paid = end == MTP_CALLS_ANSWERED;
    if (!paid && mtp_config_get_feature(c.cfg, MTP_CHECK_KEY)) { /* it was to be compared, not to be learned */
      mtp_calls_forget(l->calls, i);
      continue;
    }
    if (!paid && l->qm && mtp_loop_allowance(l, n - *answered + 1) <= n - *answered) {
      status = mtp_loop_write_candidate(ctx, l, &c, "the QM budget is spent", "");
      if (status != MTP_OK) return status;
      continue;
    }
    if (c.squeezed > 0.0) mtp_loop_note_squeezed(l, c.hole);
    *answered += paid;
    candidates[n++] = c;
  }
  *count = n;
  return MTP_OK;
}

static mtp_status resume(mtp_context *ctx, mtp_learner *l, mtp_candidate *candidates, int *labels) {
  size_t answered, n = 0;
  mtp_status status = collect(ctx, l, candidates, &n, &answered);
  if (status != MTP_OK || n == 0) return status;
  if (!l->qm) {
    mtp_message(ctx, MTP_WARNING,
                "%s holds %zu QM calls of an earlier run, %zu of them with an answer, which wait for a run with a QM "
                "driver",
                mtp_calls_path(l->calls), n, answered);
    return MTP_OK;
  }
  mtp_message(ctx, MTP_INFO,
              "an earlier run left %zu QM calls: %zu answers are taken from %s, the others are asked for again", n,
              answered, mtp_calls_path(l->calls));
  cJSON *event = mtp_event_new(l->log, "resume", -1);
  mtp_event_integer(event, "requests", (long long)n);
  mtp_event_integer(event, "answers", (long long)answered);
  mtp_event_write(ctx, l->log, event);
  const mtp_candidate **list = mtp_calloc(n, sizeof *list);
  if (!list) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) list[i] = &candidates[i];
  status = mtp_loop_label_here(ctx, l, n, list, labels); /* others would ask anew for what may be answered */
  free(list);
  return status;
}

mtp_status mtp_loop_resume_calls(mtp_context *ctx, mtp_learner *l, int *labels) {
  size_t n = mtp_calls_left(l->calls);
  if (n == 0) return MTP_OK;
  mtp_candidate *candidates = mtp_calloc(n, sizeof *candidates);
  if (!candidates) return mtp_fail_memory(ctx);
  mtp_status status = resume(ctx, l, candidates, labels);
  free(candidates);
  return status;
}
