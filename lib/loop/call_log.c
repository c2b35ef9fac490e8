/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/call_log.c
 * Records of calls under way. */
#include "loop/call_log.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config_internal.h"
#include "config/structure.h"
#include "support/support.h"

#define SUFFIX ".calls"

/* ---- the file ---- */

static mtp_status need_file(mtp_context *ctx, mtp_call_log *log) {
  if (log->file) return MTP_OK;
  mtp_status status = mtp_journal_open(ctx, log->path, true, &log->file);
  if (status == MTP_OK) mtp_journal_set_transient(log->file);
  return status;
}

mtp_status mtp_call_log_open(mtp_context *ctx, mtp_call_log *log, const char *path, int species_count,
                             const char *const *names) {
  mtp_text name = {0};
  mtp_text_add(&name, "%s" SUFFIX, path);
  if (name.failed) mtp_text_free(&name);
  *log = (mtp_call_log){.path = name.data, .species_count = species_count, .names = names};
  if (!log->path) return mtp_fail_memory(ctx);
  struct stat st;
  log->nowhere = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
  return !log->nowhere && access(log->path, F_OK) == 0 ? need_file(ctx, log) : MTP_OK;
}

void mtp_call_log_close(mtp_call_log *log) {
  mtp_journal_close(log->file);
  free(log->path);
  *log = (mtp_call_log){0};
}

void mtp_call_log_clear(mtp_call_log *log) {
  if (log->file) mtp_journal_truncate(NULL, log->file, 0);
}

/* ---- writing ---- */

static mtp_status set_number(mtp_context *ctx, mtp_config *cfg, const char *key, double value) {
  char text[32];
  mtp_snprintf(text, sizeof text, "%.6g", value);
  return mtp_config_set_feature(ctx, cfg, key, text);
}

/* A copy of a configuration with what identifies a record. */
static mtp_config *new_record(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const char *kind) {
  char text[24];
  snprintf(text, sizeof text, "%016" PRIx64, hash);
  mtp_config *record = mtp_config_copy(cfg);
  mtp_status status = record ? mtp_config_set_feature(ctx, record, "qm_call", kind) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, record, "qm_hash", text);
  if (status == MTP_OK) return record;
  mtp_config_free(record);
  return NULL;
}

mtp_config *mtp_call_log_request(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const char *driver) {
  mtp_config bare = *cfg;
  bare.has_energy = bare.has_virial = false;
  bare.force = bare.site_energy = bare.grade = NULL;
  mtp_config *record = new_record(ctx, &bare, hash, "request");
  if (record && (!driver || mtp_config_set_feature(ctx, record, "qm_driver", driver) == MTP_OK)) return record;
  mtp_config_free(record);
  return NULL;
}

/* What answers and failures have in common. */
static mtp_config *new_end(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const char *kind,
                           const mtp_qm_report *report, const char *driver) {
  mtp_config *record = new_record(ctx, cfg, hash, kind);
  if (!record) return NULL;
  mtp_status status = set_number(ctx, record, "qm_seconds", report->seconds);
  if (status == MTP_OK) status = set_number(ctx, record, "qm_tries", report->tries);
  if (status == MTP_OK && driver) status = mtp_config_set_feature(ctx, record, "qm_driver", driver);
  if (status == MTP_OK) return record;
  mtp_config_free(record);
  return NULL;
}

mtp_config *mtp_call_log_answer(mtp_context *ctx, const mtp_config *label, uint64_t hash, const mtp_qm_report *report,
                                const char *driver) {
  return new_end(ctx, label, hash, "answer", report, driver);
}

mtp_config *mtp_call_log_failure(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const mtp_qm_report *report,
                                 const char *driver) {
  mtp_config *record = new_end(ctx, cfg, hash, "failure", report, driver);
  if (!record) return NULL;
  mtp_status status = mtp_config_set_feature(ctx, record, "qm_status", mtp_qm_status_name(report->status));
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, record, "qm_reason", report->reason);
  if (status == MTP_OK && report->dir[0]) status = mtp_config_set_feature(ctx, record, "qm_dir", report->dir);
  if (status == MTP_OK) return record;
  mtp_config_free(record);
  return NULL;
}

mtp_status mtp_call_log_add(mtp_context *ctx, mtp_call_log *log, size_t n, mtp_config *const *records) {
  if (log->nowhere) return MTP_OK;
  mtp_status status = need_file(ctx, log);
  if (status != MTP_OK) return status;
  return mtp_journal_add(ctx, log->file, n, (const mtp_config *const *)records, log->species_count, log->names);
}

mtp_status mtp_call_log_replace(mtp_context *ctx, mtp_call_log *log, size_t n, mtp_config *const *records) {
  if (!log->file) return MTP_OK;
  return mtp_journal_replace(ctx, log->file, n, (const mtp_config *const *)records, log->species_count, log->names);
}

/* ---- reading ---- */

static double number_feature(const mtp_config *cfg, const char *key) {
  const char *text = mtp_config_get_feature(cfg, key);
  return text ? mtp_strtod(text, NULL) : 0;
}

static mtp_qm_status status_of_name(const char *name) {
  for (int s = MTP_QM_OK; name && s <= MTP_QM_STOPPED; s++)
    if (strcmp(name, mtp_qm_status_name((mtp_qm_status)s)) == 0) return (mtp_qm_status)s;
  return MTP_QM_CRASHED;
}

static void copy_text(char *to, size_t size, const char *text) {
  snprintf(to, size, "%s", text ? text : "");
}

static mtp_qm_report failure_of(const mtp_config *cfg) {
  mtp_qm_report report = {.status = status_of_name(mtp_config_get_feature(cfg, "qm_status"))};
  copy_text(report.reason, sizeof report.reason, mtp_config_get_feature(cfg, "qm_reason"));
  copy_text(report.dir, sizeof report.dir, mtp_config_get_feature(cfg, "qm_dir"));
  return report;
}

static mtp_status read_record(mtp_context *ctx, const mtp_call_log *log, const mtp_config *cfg, mtp_call_record *out) {
  static const char *const kinds[] = {"request", "answer", "failure"};
  const char *said = mtp_config_get_feature(cfg, "qm_call");
  int kind = 0;
  while (kind < 3 && (!said || strcmp(said, kinds[kind]) != 0)) kind++;
  if (kind == 3)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "%s:%zu: expected the key qm_call=request, answer or failure", log->path,
                    (size_t)cfg->line);
  *out = (mtp_call_record){.kind = (mtp_call_kind)kind,
                           .hash = mtp_structure_hash(cfg, log->names),
                           .atoms = cfg,
                           .driver = mtp_config_get_feature(cfg, "qm_driver")};
  if (kind == MTP_CALL_FAILURE) out->report = failure_of(cfg);
  out->report.seconds = number_feature(cfg, "qm_seconds");
  return MTP_OK;
}

static mtp_status show_all(mtp_context *ctx, const mtp_call_log *log, mtp_config_set *set,
                           mtp_status (*show)(void *user, const mtp_call_record *record), void *user) {
  mtp_status status = MTP_OK;
  if (mtp_config_set_map_species(ctx, set, log->species_count, log->names) != MTP_OK)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "%s is of a run of other species: %s", log->path, mtp_context_message(ctx));
  for (size_t i = 0; status == MTP_OK && i < set->n; i++) {
    mtp_call_record record;
    status = read_record(ctx, log, set->configs[i], &record);
    if (status == MTP_OK) status = show(user, &record);
  }
  return status;
}

mtp_status mtp_call_log_read(mtp_context *ctx, mtp_call_log *log,
                             mtp_status (*show)(void *user, const mtp_call_record *record), void *user) {
  long long size = 0;
  mtp_status status = log->file ? mtp_journal_size(ctx, log->file, &size) : MTP_OK;
  if (status != MTP_OK || size == 0) return status;
  mtp_config_set *set = NULL;
  mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .tolerate_cut_tail = true};
  status = mtp_config_set_read(ctx, log->path, &options, &set);
  if (status == MTP_OK) status = show_all(ctx, log, set, show, user);
  if (status == MTP_OK && set->dropped_tail) status = mtp_journal_truncate(ctx, log->file, set->good_size);
  mtp_config_set_free(set);
  return status;
}

/* A record that is being written is not yet there, which nobody needs to be told. */
mtp_status mtp_call_log_peek(mtp_context *ctx, const mtp_call_log *log,
                             mtp_status (*show)(void *user, const mtp_call_record *record), void *user) {
  char *text = NULL;
  size_t size = 0;
  const mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .tolerate_cut_tail = true};
  if (access(log->path, F_OK) != 0 || mtp_file_read(NULL, log->path, &text, &size) != MTP_OK || size == 0) {
    free(text); /* its run has just removed it */
    return MTP_OK;
  }
  mtp_context *quiet = mtp_context_new();
  mtp_config_set *set = mtp_config_set_new();
  mtp_status status = quiet && set ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_extxyz_parse(quiet, log->path, text, size, 1, &options, set);
  if (status != MTP_OK && quiet) mtp_fail(ctx, status, "%s", mtp_context_message(quiet));
  if (status == MTP_OK) status = show_all(ctx, log, set, show, user);
  mtp_config_set_free(set);
  mtp_context_free(quiet);
  free(text);
  return status;
}

static bool is_own_feature(const char *key) {
  static const char *const own[] = {"qm_call",  "qm_hash",   "qm_driver", "qm_seconds",
                                    "qm_tries", "qm_status", "qm_reason", "qm_dir"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    if (strcmp(key, own[i]) == 0) return true;
  return false;
}

/* What the caller stamped stays; what was added here goes. */
static mtp_config *copy_without_own(const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  if (!copy) return NULL;
  size_t kept = 0;
  for (size_t i = 0; i < copy->feature_count; i++) {
    mtp_feature *f = &copy->features[i];
    if (is_own_feature(f->key)) {
      free(f->key);
      free(f->value);
    } else {
      copy->features[kept++] = *f;
    }
  }
  copy->feature_count = kept;
  return copy;
}

mtp_config *mtp_call_record_request(const mtp_call_record *record) {
  mtp_config bare = *record->atoms;
  bare.has_energy = bare.has_virial = false;
  bare.force = bare.site_energy = NULL;
  return copy_without_own(&bare);
}

mtp_config *mtp_call_record_label(const mtp_call_record *record) {
  return copy_without_own(record->atoms);
}
