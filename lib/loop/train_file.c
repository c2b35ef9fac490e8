/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/train_file.c
 * What a run takes from the training file: all of it at the start, and with other runs that learn into the same one
 * what they have appended since. Both go the same way, so that their labels count as those of a run before. */
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/species.h"
#include "learn/normal.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

const char *mtp_loop_baseline_name(const mtp_learner *l) {
  return l->options.baseline ? l->options.baseline->name : NULL;
}

static mtp_status check_labels(mtp_context *ctx, const mtp_config_set *set, const char *path) {
  for (size_t i = 0; i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    const char *lacks = cfg->n == 0 ? "atoms" : !cfg->has_energy ? "an energy" : !cfg->force ? "forces" : NULL;
    if (lacks)
      return mtp_fail(ctx, MTP_ERR_FORMAT,
                      "%s: configuration %zu lacks %s, but learning needs energies and forces of all", path, i + 1,
                      lacks);
    if (cfg->ghost)
      return mtp_fail(ctx, MTP_ERR_FORMAT, "%s: configuration %zu has ghost atoms: it is a part of a system", path,
                      i + 1);
  }
  return MTP_OK;
}

static mtp_status read_training_file(mtp_context *ctx, mtp_learner *l, mtp_config_set **set) {
  mtp_read_options options = {.format = MTP_FORMAT_AUTO, .tolerate_cut_tail = true};
  long long size = 0;
  const mtp_status status = mtp_journal_size(ctx, l->train_file, &size);
  if (status != MTP_OK) return status;
  if (size > 0) return mtp_config_set_read(ctx, l->train_path, &options, set);
  *set = mtp_config_set_new();
  return *set ? MTP_OK : mtp_fail_memory(ctx);
}

/* A record that a crash cut short goes from the file too, or the next one would be appended to its middle. */
static mtp_status drop_cut_tail(mtp_context *ctx, mtp_learner *l, const mtp_config_set *set) {
  if (!set->dropped_tail) return MTP_OK;
  long long size = 0;
  mtp_status status = mtp_journal_size(ctx, l->train_file, &size);
  if (status == MTP_OK) status = mtp_journal_cut_tail(ctx, l->train_file, set->good_size);
  if (status == MTP_OK) /* the reader has warned */
    mtp_message(ctx, MTP_INFO,
                "%s: %lld bytes of the record that was cut short are moved to %s.cut, %zu configurations remain",
                l->train_path, size - set->good_size, l->train_path, set->n);
  return status;
}

/* Does the file call species by atomic numbers? The rule of mtp_config_set_map_species. */
static bool has_atomic_numbers(const mtp_learner *l, const mtp_config_set *set) {
  bool any = false;
  for (int i = 0; i < set->species_count; i++) {
    int value = mtp_species_decimal(set->names[i]);
    bool known = false;
    for (int s = 0; s < l->species_count; s++) {
      if (strcmp(l->names[s], set->names[i]) == 0) value = -1;
      known = known || mtp_element_number(l->names[s]) == value;
    }
    if (value >= 0 && !known) return false;
    any = any || value >= 0;
  }
  return any;
}

/* `.cfg` files number species, so what is appended must count as the file does: a position among atomic numbers would
 * be read as another element. */
static mtp_status take_file_names(mtp_context *ctx, mtp_learner *l, const mtp_config_set *set) {
  if (mtp_journal_format(l->train_file) != MTP_FORMAT_CFG) return MTP_OK;
  bool atomic = has_atomic_numbers(l, set);
  l->file_numbers = mtp_calloc((size_t)l->species_count, sizeof *l->file_numbers);
  if (!l->file_numbers) return mtp_fail_memory(ctx);
  for (int s = 0; s < l->species_count; s++) {
    snprintf(l->file_numbers[s], sizeof l->file_numbers[s], "%d", atomic ? mtp_element_number(l->names[s]) : s);
    l->file_names[s] = l->file_numbers[s];
  }
  return MTP_OK;
}

/* The training set goes over to the learner, one configuration after the other. */
static mtp_status count_samples(mtp_context *ctx, mtp_learner *l, const mtp_sample_set *set) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    mtp_sample *sample = set->sample[i];
    if (sample->kind == MTP_SAMPLE_SQUEEZED)
      mtp_loop_note_squeezed(l, mtp_config_get_feature(sample->config, "hole") != NULL);
    status = mtp_loop_adopt(ctx, l, sample);
  }
  return status;
}

static mtp_status count_all(mtp_context *ctx, mtp_learner *l, mtp_config_set *set) {
  mtp_sample_set *samples = mtp_sample_set_new();
  mtp_status status = samples ? mtp_sample_set_adopt(ctx, samples, set) : mtp_fail_memory(ctx);
  if (status == MTP_OK)
    status = mtp_sample_set_keep_neighbors(ctx, samples, 0, mtp_potential_cutoff(l->pot), l->options.threads);
  if (status == MTP_OK) status = count_samples(ctx, l, samples);
  mtp_sample_set_free(samples);
  return status;
}

static mtp_status load(mtp_context *ctx, mtp_learner *l, bool *dropped_tail) {
  mtp_config_set *set = NULL;
  mtp_status status = read_training_file(ctx, l, &set);
  if (status == MTP_OK) status = check_labels(ctx, set, l->train_path);
  if (status == MTP_OK) status = mtp_baseline_check(ctx, mtp_loop_baseline_name(l), set, l->train_path);
  if (status == MTP_OK) status = take_file_names(ctx, l, set);
  if (status == MTP_OK) status = mtp_config_set_map_species(ctx, set, l->species_count, (const char *const *)l->names);
  if (status == MTP_OK) status = drop_cut_tail(ctx, l, set); /* by now it surely is a training set */
  if (status == MTP_OK) status = count_all(ctx, l, set);
  if (set) *dropped_tail = set->dropped_tail;
  mtp_config_set_free(set);
  return status;
}

/* How much of the file is in the training set. */
static mtp_status note_size(mtp_context *ctx, mtp_learner *l) {
  return mtp_journal_size(ctx, l->train_file, &l->sharing.known);
}

mtp_status mtp_loop_load_training_set(mtp_context *ctx, mtp_learner *l, bool *dropped_tail) {
  mtp_status status = mtp_loop_lock_train(ctx, l);
  if (status != MTP_OK) return status;
  status = load(ctx, l, dropped_tail);
  if (status == MTP_OK) status = note_size(ctx, l);
  mtp_loop_unlock_train(l);
  return status;
}

/* ---- what others appended ---- */

static mtp_parser *parser_of(const mtp_journal *file) {
  return mtp_journal_format(file) == MTP_FORMAT_CFG ? mtp_cfg_parse : mtp_extxyz_parse;
}

/* A record that a killed run left unfinished is cut off, or the next one would be appended to its middle. */
static mtp_status drop_unfinished(mtp_context *ctx, mtp_learner *l, const mtp_config_set *set) {
  if (!set->dropped_tail) return MTP_OK;
  mtp_message(ctx, MTP_INFO, "%s: a record that another run left unfinished is moved to %s.cut", l->train_path,
              l->train_path);
  return mtp_journal_cut_tail(ctx, l->train_file, l->sharing.known + set->good_size);
}

static mtp_status learn_news(mtp_context *ctx, mtp_learner *l, mtp_config_set *set) {
  const size_t before = l->samples->n;
  mtp_status status = check_labels(ctx, set, l->train_path);
  if (status == MTP_OK) status = mtp_baseline_check(ctx, mtp_loop_baseline_name(l), set, l->train_path);
  if (status == MTP_OK) status = mtp_config_set_map_species(ctx, set, l->species_count, (const char *const *)l->names);
  if (status == MTP_OK) status = drop_unfinished(ctx, l, set);
  if (status == MTP_OK) status = count_all(ctx, l, set);
  if (status != MTP_OK || l->samples->n == before) return status;
  mtp_config_set_free(l->seed); /* what an active set owned is in the file by now, if it was to be */
  l->seed = NULL;
  return mtp_normal_add_samples(ctx, l->normal, l->samples->n - before, l->samples->sample + before,
                                l->options.threads);
}

mtp_status mtp_loop_take_news(mtp_context *ctx, mtp_learner *l) {
  char *text = NULL;
  size_t size = 0;
  const mtp_read_options options = {.format = mtp_journal_format(l->train_file), .tolerate_cut_tail = true};
  mtp_status status = mtp_journal_read(ctx, l->train_file, l->sharing.known, &text, &size);
  if (status != MTP_OK || size == 0) {
    free(text);
    return status;
  }
  mtp_config_set *set = mtp_config_set_new();
  status = set ? parser_of(l->train_file)(ctx, l->train_path, text, size, 1, &options, set) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = learn_news(ctx, l, set);
  if (status == MTP_OK) status = note_size(ctx, l);
  mtp_config_set_free(set);
  free(text);
  return status;
}
