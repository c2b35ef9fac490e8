/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/label_file.c
 * `mtp label` without its shell. */
#include "mtp/label_file.h"

#include <stdlib.h>

#include "config/structure_index.h"
#include "loop/calls.h"
#include "loop/journal.h"
#include "support/support.h"

struct mtp_label_file {
  mtp_journal *journal;
  mtp_calls *calls;
  mtp_config_set *labels; /* that were in the file, NULL if it was empty */
  size_t fresh_count;
  mtp_config **fresh; /* [fresh_count] that were added */
  int species_count;
  const char *const *names;   /* of the caller */
  mtp_structure_index *known; /* labelled ones */
};

/* ---- the files ---- */

static mtp_status read_labels(mtp_context *ctx, mtp_label_file *f, const char *path) {
  mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .tolerate_cut_tail = true};
  long long size = 0;
  mtp_status status = mtp_journal_size(ctx, f->journal, &size);
  if (status != MTP_OK || size == 0) return status;
  status = mtp_config_set_read(ctx, path, &options, &f->labels);
  if (status != MTP_OK) return status;
  if (f->labels->dropped_tail) status = mtp_journal_cut_tail(ctx, f->journal, f->labels->good_size);
  for (size_t i = 0; i < f->labels->n && status == MTP_OK; i++)
    if (f->labels->configs[i]->has_energy)
      status = mtp_structure_index_add(ctx, f->known, f->labels->configs[i], (const char *const *)f->labels->names, i);
  return status;
}

static bool has(const mtp_structure_index *index, const mtp_config *cfg, const char *const *names) {
  return mtp_structure_index_find(index, cfg, names) != MTP_NOT_FOUND;
}

/* The process may have ended between appending a label and taking it out of the calls. */
static void forget_what_is_there(mtp_label_file *f) {
  for (size_t i = 0; i < mtp_calls_left(f->calls); i++) {
    mtp_calls_end end;
    if (has(f->known, mtp_calls_request(f->calls, i, &end), f->names)) mtp_calls_forget(f->calls, i);
  }
}

mtp_status mtp_label_file_open(mtp_context *ctx, const char *path, int species_count, const char *const *names,
                               mtp_label_file **out) {
  if (!path || !names || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_label_file_open: a null pointer was passed");
  mtp_label_file *f = mtp_calloc(1, sizeof *f);
  if (!f) return mtp_fail_memory(ctx);
  f->species_count = species_count;
  f->names = names;
  f->known = mtp_structure_index_new(MTP_SAME_EXACTLY);
  mtp_status status = f->known ? mtp_journal_open(ctx, path, true, &f->journal) : mtp_fail_memory(ctx);
  if (status == MTP_OK && mtp_journal_format(f->journal) != MTP_FORMAT_EXTXYZ)
    status = mtp_fail(ctx, MTP_ERR_FORMAT, "%s:1: expected extended XYZ, which begins with a number of atoms", path);
  if (status == MTP_OK) status = read_labels(ctx, f, path);
  if (status == MTP_OK) status = mtp_calls_open(ctx, path, species_count, names, &f->calls);
  if (status == MTP_OK) {
    forget_what_is_there(f);
    *out = f;
  } else {
    mtp_label_file_close(f);
  }
  return status;
}

void mtp_label_file_close(mtp_label_file *f) {
  if (!f) return;
  mtp_calls_close(f->calls);
  mtp_journal_close(f->journal);
  mtp_config_set_free(f->labels);
  for (size_t i = 0; i < f->fresh_count; i++) mtp_config_free(f->fresh[i]);
  free(f->fresh);
  mtp_structure_index_free(f->known);
  free(f);
}

/* ---- labelling ---- */

/* Numbers of the configurations that are not in the file; of equal ones the first. */
static mtp_status list_missing(mtp_context *ctx, const mtp_label_file *f, size_t n, const mtp_config *const *configs,
                               size_t *number, size_t *count) {
  mtp_structure_index *chosen = mtp_structure_index_new(MTP_SAME_EXACTLY);
  mtp_status status = chosen ? MTP_OK : mtp_fail_memory(ctx);
  *count = 0;
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    if (has(f->known, configs[i], f->names) || has(chosen, configs[i], f->names)) continue;
    status = mtp_structure_index_add(ctx, chosen, configs[i], f->names, i);
    number[(*count)++] = i;
  }
  mtp_structure_index_free(chosen);
  return status;
}

mtp_status mtp_label_file_missing(mtp_context *ctx, const mtp_label_file *f, size_t n, const mtp_config *const *configs,
                                  size_t *missing) {
  if (!f || (n && !configs) || !missing)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "labels: expected a file, configurations and a place for their number");
  size_t *number = mtp_calloc(n, sizeof *number);
  mtp_status status = number ? list_missing(ctx, f, n, configs, number, missing) : mtp_fail_memory(ctx);
  free(number);
  return status;
}

typedef struct adding {
  mtp_context *ctx;
  mtp_label_file *file;
  const mtp_config *const *configs;
  const size_t *number;
  mtp_label_progress progress;
  void *user;
} adding;

/* Takes the label over, so that it is not asked for again. */
static mtp_status keep_label(mtp_context *ctx, mtp_label_file *f, mtp_config *label) {
  mtp_config **fresh = mtp_realloc(f->fresh, f->fresh_count + 1, sizeof *fresh);
  if (!fresh) return mtp_fail_memory(ctx);
  f->fresh = fresh;
  mtp_status status = mtp_structure_index_add(ctx, f->known, label, f->names, f->fresh_count);
  if (status == MTP_OK) fresh[f->fresh_count++] = label;
  return status;
}

static mtp_status append_label(void *user, size_t k, mtp_config *label, const mtp_qm_report *report) {
  adding *a = user;
  mtp_label_file *f = a->file;
  size_t i = a->number[k];
  mtp_status status = MTP_OK;
  if (label)
    status = mtp_journal_add(a->ctx, f->journal, 1, (const mtp_config *const *)&label, f->species_count, f->names);
  if (label && status == MTP_OK) status = keep_label(a->ctx, f, label);
  if (label && status != MTP_OK) mtp_config_free(label);
  if (status == MTP_OK && a->progress) a->progress(a->user, i, report);
  return status;
}

mtp_status mtp_label_file_add(mtp_context *ctx, mtp_label_file *f, mtp_qm *qm, size_t n,
                              const mtp_config *const *configs, mtp_label_progress progress, void *user) {
  if (!f || !qm || (n && !configs))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "labels: expected a file, a driver and configurations");
  size_t *number = mtp_calloc(n, sizeof *number), count = 0;
  const mtp_config **list = mtp_calloc(n, sizeof *list);
  mtp_status status = number && list ? list_missing(ctx, f, n, configs, number, &count) : mtp_fail_memory(ctx);
  adding a = {ctx, f, configs, number, progress, user};
  for (size_t k = 0; k < count && status == MTP_OK; k++) list[k] = configs[number[k]];
  if (status == MTP_OK && count) status = mtp_calls_run(ctx, f->calls, qm, count, list, append_label, &a);
  free(number);
  free(list);
  return status;
}

size_t mtp_label_file_waiting(const mtp_label_file *f) {
  return f ? mtp_calls_waiting(f->calls) : 0;
}
