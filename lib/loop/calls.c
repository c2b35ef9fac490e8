/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/calls.c
 * The record of calls under way. Answers that come in the order of requests go straight to the receiver, whose file is
 * as safe a place; only those that have to wait for an earlier one are written here. */
#include "loop/calls.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/structure.h"
#include "loop/journal.h"
#include "support/support.h"

#define SUFFIX ".calls"

/* A request and what became of it, in this process or in an earlier one. */
typedef struct entry {
  uint64_t hash;
  mtp_config *request; /* owned; NULL in a run of this process, which borrows */
  char *driver;        /* owned; in `left`: the driver string of the end, NULL if it is not known */
  mtp_config *label;   /* an answer that nobody has taken yet */
  mtp_qm_report report;
  bool ended;    /* label and report are valid */
  bool recorded; /* the end is in the file */
  bool settled;  /* in `left`: nothing has to be kept of it any more */
} entry;

struct mtp_calls {
  char *path;
  bool nowhere; /* labels go to a device such as /dev/null, and nothing is kept */
  int species_count;
  const char *const *names;
  mtp_journal *file; /* NULL until something is written */
  bool under_way;    /* calls of this process were begun and are not settled */
  size_t n;          /* of an earlier process */
  entry *left;
  bool remember_failures;
};

/* ---- records ---- */

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

/* Requests carry atoms and stamps, never results. */
static mtp_config *request_record(mtp_context *ctx, const mtp_config *cfg, uint64_t hash, const char *driver) {
  mtp_config bare = *cfg;
  bare.has_energy = bare.has_virial = false;
  bare.force = bare.site_energy = bare.grade = NULL;
  mtp_config *record = new_record(ctx, &bare, hash, "request");
  if (record && mtp_config_set_feature(ctx, record, "qm_driver", driver) == MTP_OK) return record;
  mtp_config_free(record);
  return NULL;
}

static mtp_config *end_record(mtp_context *ctx, const entry *e, const mtp_config *request, const char *driver) {
  const mtp_qm_report *r = &e->report;
  mtp_config *record = new_record(ctx, e->label ? e->label : request, e->hash, e->label ? "answer" : "failure");
  if (!record) return NULL;
  mtp_status status = set_number(ctx, record, "qm_seconds", r->seconds);
  if (status == MTP_OK) status = set_number(ctx, record, "qm_tries", r->tries);
  if (status == MTP_OK && driver) status = mtp_config_set_feature(ctx, record, "qm_driver", driver);
  if (!e->label) {
    if (status == MTP_OK) status = mtp_config_set_feature(ctx, record, "qm_status", mtp_qm_status_name(r->status));
    if (status == MTP_OK) status = mtp_config_set_feature(ctx, record, "qm_reason", r->reason);
    if (status == MTP_OK && r->dir[0]) status = mtp_config_set_feature(ctx, record, "qm_dir", r->dir);
  }
  if (status == MTP_OK) return record;
  mtp_config_free(record);
  return NULL;
}

/* The file exists only while there is something in it. */
static mtp_status need_file(mtp_context *ctx, mtp_calls *c) {
  if (c->file) return MTP_OK;
  mtp_status status = mtp_journal_open(ctx, c->path, true, &c->file);
  if (status == MTP_OK) mtp_journal_set_transient(c->file);
  return status;
}

static mtp_status write_records(mtp_context *ctx, mtp_calls *c, size_t n, mtp_config *const *records) {
  for (size_t i = 0; i < n; i++)
    if (!records[i]) return mtp_fail_memory(ctx);
  if (c->nowhere) return MTP_OK;
  mtp_status status = need_file(ctx, c);
  c->under_way = true;
  if (status == MTP_OK)
    status = mtp_journal_add(ctx, c->file, n, (const mtp_config *const *)records, c->species_count, c->names);
  return status;
}

static mtp_status record_end(mtp_context *ctx, mtp_calls *c, entry *e, const mtp_config *request, const char *driver) {
  mtp_config *record = end_record(ctx, e, request, driver);
  mtp_status status = write_records(ctx, c, 1, &record);
  mtp_config_free(record);
  e->recorded = e->recorded || status == MTP_OK;
  return status;
}

/* ---- what an earlier process left ---- */

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

static entry *find_left(const mtp_calls *c, uint64_t hash, const mtp_config *cfg) {
  for (size_t i = 0; i < c->n; i++)
    if (c->left[i].hash == hash && mtp_structure_equal(c->left[i].request, c->names, cfg, c->names)) return &c->left[i];
  return NULL;
}

static bool is_own_feature(const char *key) {
  static const char *const own[] = {"qm_call",  "qm_hash",   "qm_driver", "qm_seconds",
                                    "qm_tries", "qm_status", "qm_reason", "qm_dir"};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    if (strcmp(key, own[i]) == 0) return true;
  return false;
}

/* What the caller stamped stays; what was added here goes. */
static void drop_own_features(mtp_config *cfg) {
  size_t kept = 0;
  for (size_t i = 0; i < cfg->feature_count; i++) {
    mtp_feature *f = &cfg->features[i];
    if (is_own_feature(f->key)) {
      free(f->key);
      free(f->value);
    } else {
      cfg->features[kept++] = *f;
    }
  }
  cfg->feature_count = kept;
}

/* A copy of the atoms and stamps, without what was added here and without results. */
static mtp_config *plain_copy(const mtp_config *cfg) {
  mtp_config bare = *cfg;
  bare.has_energy = bare.has_virial = false;
  bare.force = bare.site_energy = NULL;
  mtp_config *copy = mtp_config_copy(&bare);
  if (copy) drop_own_features(copy);
  return copy;
}

static mtp_status add_left(mtp_context *ctx, mtp_calls *c, const mtp_config *cfg, uint64_t hash) {
  entry *left = mtp_realloc(c->left, c->n + 1, sizeof *left);
  if (!left) return mtp_fail_memory(ctx);
  c->left = left;
  left[c->n] = (entry){.hash = hash, .request = plain_copy(cfg)};
  return left[c->n++].request ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status note_driver(mtp_context *ctx, entry *e, const char *driver) {
  char *copy = driver ? mtp_strdup(driver) : NULL;
  if (driver && !copy) return mtp_fail_memory(ctx);
  free(e->driver);
  e->driver = copy;
  return MTP_OK;
}

/* Remembers a failure in `left`. */
static mtp_status note_failure(mtp_context *ctx, entry *e, const mtp_qm_report *report, const char *driver) {
  mtp_status status = note_driver(ctx, e, driver ? driver : "");
  if (status != MTP_OK) return status;
  e->report = *report;
  e->ended = e->recorded = true;
  e->settled = false;
  return MTP_OK;
}

static mtp_status take_failure(mtp_context *ctx, entry *e, const mtp_config *cfg) {
  mtp_qm_report report = {.status = status_of_name(mtp_config_get_feature(cfg, "qm_status")),
                          .seconds = number_feature(cfg, "qm_seconds")};
  copy_text(report.reason, sizeof report.reason, mtp_config_get_feature(cfg, "qm_reason"));
  copy_text(report.dir, sizeof report.dir, mtp_config_get_feature(cfg, "qm_dir"));
  return note_failure(ctx, e, &report, mtp_config_get_feature(cfg, "qm_driver"));
}

static mtp_status take_answer(mtp_context *ctx, entry *e, const mtp_config *cfg) {
  mtp_config_free(e->label);
  e->label = mtp_config_copy(cfg);
  if (!e->label) return mtp_fail_memory(ctx);
  drop_own_features(e->label);
  e->report = (mtp_qm_report){.status = MTP_QM_OK, .seconds = number_feature(cfg, "qm_seconds")};
  e->ended = e->recorded = true;
  return note_driver(ctx, e, mtp_config_get_feature(cfg, "qm_driver"));
}

static mtp_status take_record(mtp_context *ctx, mtp_calls *c, const mtp_config *cfg) {
  const char *kind = mtp_config_get_feature(cfg, "qm_call");
  uint64_t hash = mtp_structure_hash(cfg, c->names);
  entry *e = find_left(c, hash, cfg);
  if (!e) {
    mtp_status status = add_left(ctx, c, cfg, hash);
    if (status != MTP_OK) return status;
    e = &c->left[c->n - 1];
  }
  if (kind && strcmp(kind, "request") == 0) return MTP_OK;
  if (kind && strcmp(kind, "answer") == 0) return take_answer(ctx, e, cfg);
  if (kind && strcmp(kind, "failure") == 0) return take_failure(ctx, e, cfg);
  return mtp_fail(ctx, MTP_ERR_FORMAT, "%s:%zu: expected the key qm_call=request, answer or failure", c->path,
                  (size_t)cfg->line);
}

static mtp_status read_left(mtp_context *ctx, mtp_calls *c) {
  mtp_config_set *set = NULL;
  mtp_read_options options = {.format = MTP_FORMAT_EXTXYZ, .tolerate_cut_tail = true};
  mtp_status status = mtp_config_set_read(ctx, c->path, &options, &set);
  if (status == MTP_OK && mtp_config_set_map_species(ctx, set, c->species_count, c->names) != MTP_OK)
    status = mtp_fail(ctx, MTP_ERR_FORMAT, "%s is of a run of other species: %s", c->path, mtp_context_message(ctx));
  for (size_t i = 0; status == MTP_OK && i < set->n; i++) status = take_record(ctx, c, set->configs[i]);
  if (status == MTP_OK && set->dropped_tail) status = mtp_journal_truncate(ctx, c->file, set->good_size);
  mtp_config_set_free(set);
  return status;
}

mtp_status mtp_calls_open(mtp_context *ctx, const char *path, int species_count, const char *const *names,
                          mtp_calls **out) {
  mtp_text name = {0};
  mtp_text_add(&name, "%s" SUFFIX, path);
  mtp_calls *c = mtp_calloc(1, sizeof *c);
  if (!c || name.failed) {
    mtp_text_free(&name);
    free(c);
    return mtp_fail_memory(ctx);
  }
  *c = (mtp_calls){.path = name.data, .species_count = species_count, .names = names};
  mtp_status status = MTP_OK;
  struct stat st;
  c->nowhere = stat(path, &st) == 0 && !S_ISREG(st.st_mode);
  if (!c->nowhere && access(c->path, F_OK) == 0) {
    status = need_file(ctx, c);
    long long size = 0;
    if (status == MTP_OK) status = mtp_journal_size(ctx, c->file, &size);
    if (status == MTP_OK && size > 0) status = read_left(ctx, c);
  }
  c->under_way = status != MTP_OK; /* what could not be read is not thrown away */
  if (status == MTP_OK)
    *out = c;
  else
    mtp_calls_close(c);
  return status;
}

static void free_entries(entry *entries, size_t n) {
  for (size_t i = 0; i < n; i++) {
    mtp_config_free(entries[i].request);
    free(entries[i].driver);
    mtp_config_free(entries[i].label);
  }
  free(entries);
}

/* Is all that the file holds in the file of labels? */
static bool is_spent(const mtp_calls *c) {
  for (size_t i = 0; i < c->n; i++)
    if (!c->left[i].settled) return false;
  return !c->under_way;
}

void mtp_calls_close(mtp_calls *c) {
  if (!c) return;
  if (c->file && is_spent(c)) mtp_journal_truncate(NULL, c->file, 0);
  free_entries(c->left, c->n);
  mtp_journal_close(c->file);
  free(c->path);
  free(c);
}

size_t mtp_calls_left(const mtp_calls *c) {
  return c->n;
}

const mtp_config *mtp_calls_request(const mtp_calls *c, size_t i, mtp_calls_end *end) {
  const entry *e = &c->left[i];
  bool never_made = !e->ended || e->report.status == MTP_QM_CANNOT_START;
  *end = e->label ? MTP_CALLS_ANSWERED : never_made ? MTP_CALLS_UNFINISHED : MTP_CALLS_FAILED;
  return e->request;
}

void mtp_calls_forget(mtp_calls *c, size_t i) {
  c->left[i].settled = true;
}

size_t mtp_calls_waiting(const mtp_calls *c) {
  size_t waiting = 0;
  for (size_t i = 0; i < c->n; i++) waiting += c->left[i].label && !c->left[i].settled;
  return waiting;
}

void mtp_calls_remember_failures(mtp_calls *c) {
  c->remember_failures = true;
}

void mtp_calls_ask_again(mtp_calls *c) {
  for (size_t i = 0; i < c->n; i++)
    if (!c->left[i].label) c->left[i].ended = false;
}

/* ---- a run ---- */

typedef struct run {
  mtp_context *ctx;
  mtp_calls *calls;
  mtp_qm *qm;
  const mtp_config *const *configs;
  size_t n, next;           /* all before `next` are taken */
  entry *entries;           /* [n] */
  const mtp_config **asked; /* [asked_count] those that the driver is asked for, and */
  size_t *number;           /* their numbers */
  bool *begun;              /* [asked_count] by a process before this one */
  size_t asked_count;
  mtp_calls_take take;
  void *user;
  mtp_status status;
} run;

/* Whether the end of an earlier call stands for this one too. */
static bool is_valid(const run *r, const entry *left) {
  if (!left->ended) return false;
  if (left->label) return true;
  return r->calls->remember_failures && left->report.status != MTP_QM_CANNOT_START &&
         strcmp(left->driver, mtp_qm_text(r->qm)) == 0;
}

/* Hands over all that is next in the order of requests. */
static mtp_status take_in_order(run *r) {
  for (; r->status == MTP_OK && r->next < r->n && r->entries[r->next].ended; r->next++) {
    entry *e = &r->entries[r->next];
    mtp_config *label = e->label, *copy = label && !e->recorded ? mtp_config_copy(label) : NULL;
    e->label = NULL;
    r->status = r->take(r->user, r->next, label, &e->report);
    if (r->status != MTP_OK && copy) { /* a file that could not be written; perhaps this one can */
      e->label = copy;
      record_end(NULL, r->calls, e, r->configs[r->next], mtp_qm_text(r->qm));
    } else {
      mtp_config_free(copy);
    }
    entry *left = r->status == MTP_OK ? find_left(r->calls, e->hash, r->configs[r->next]) : NULL;
    if (left) left->settled = true;
  }
  return r->status;
}

static mtp_status on_answer(void *user, size_t k, mtp_config *label, const mtp_qm_report *report) {
  run *r = user;
  size_t i = r->number[k];
  entry *e = &r->entries[i];
  if (report->status == MTP_QM_STOPPED) return MTP_OK; /* no answer: it is asked again */
  e->label = label;
  e->report = *report;
  e->ended = true;
  bool waits = i != r->next || r->status != MTP_OK;
  if (waits || (!label && r->calls->remember_failures)) {
    mtp_status status = record_end(r->ctx, r->calls, e, r->configs[i], mtp_qm_text(r->qm));
    if (status != MTP_OK) {
      r->status = status;
      return status;
    }
  }
  return take_in_order(r);
}

/* They are used, for they were paid for; but labels of two engines in one file are something to know of. */
static void tell_other_drivers(const run *r, size_t count, const char *driver) {
  if (count)
    mtp_message(r->ctx, MTP_WARNING, "%zu answers that are taken from %s were given by another driver string: %s",
                count, r->calls->path, driver);
}

static mtp_status prepare(run *r) {
  size_t others = 0;
  const char *other = NULL;
  r->entries = mtp_calloc(r->n, sizeof *r->entries);
  r->asked = mtp_calloc(r->n, sizeof *r->asked);
  r->number = mtp_calloc(r->n, sizeof *r->number);
  r->begun = mtp_calloc(r->n, sizeof *r->begun);
  if (!r->entries || !r->asked || !r->number || !r->begun) return mtp_fail_memory(r->ctx);
  for (size_t i = 0; i < r->n; i++) {
    entry *e = &r->entries[i];
    e->hash = mtp_structure_hash(r->configs[i], r->calls->names);
    const entry *left = find_left(r->calls, e->hash, r->configs[i]);
    if (left && is_valid(r, left)) {
      e->ended = e->recorded = true;
      e->report = left->report;
      e->label = left->label ? mtp_config_copy(left->label) : NULL;
      if (left->label && !e->label) return mtp_fail_memory(r->ctx);
      if (left->label && left->driver && strcmp(left->driver, mtp_qm_text(r->qm)) != 0) {
        other = left->driver;
        others++;
      }
    } else {
      r->asked[r->asked_count] = r->configs[i];
      r->begun[r->asked_count] = left != NULL; /* a later call that failed does not end the job of an earlier one */
      r->number[r->asked_count++] = i;
    }
  }
  tell_other_drivers(r, others, other);
  return MTP_OK;
}

/* Requests are written together, before the first is submitted. */
static mtp_status write_requests(run *r) {
  mtp_calls *c = r->calls;
  mtp_config **records = mtp_calloc(r->asked_count, sizeof *records);
  size_t n = 0;
  mtp_status status = records ? MTP_OK : mtp_fail_memory(r->ctx);
  for (size_t k = 0; k < r->asked_count && status == MTP_OK; k++) {
    const entry *e = &r->entries[r->number[k]];
    const entry *left = find_left(c, e->hash, r->asked[k]);
    if (left && !left->settled) continue; /* it is in the file, of the process before */
    records[n] = request_record(r->ctx, r->asked[k], e->hash, mtp_qm_text(r->qm));
    status = records[n++] ? MTP_OK : mtp_fail_memory(r->ctx);
  }
  if (status == MTP_OK && n) status = write_records(r->ctx, c, n, records);
  for (size_t k = 0; k < n; k++) mtp_config_free(records[k]);
  free(records);
  return status;
}

static mtp_status note_failures(run *r) {
  mtp_calls *c = r->calls;
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < r->n && status == MTP_OK; i++) {
    const entry *e = &r->entries[i];
    if (e->report.status == MTP_QM_OK || e->report.status == MTP_QM_CANNOT_START) continue;
    entry *left = find_left(c, e->hash, r->configs[i]);
    if (!left) {
      status = add_left(r->ctx, c, r->configs[i], e->hash);
      left = &c->left[c->n - 1];
    }
    if (status == MTP_OK) status = note_failure(r->ctx, left, &e->report, mtp_qm_text(r->qm));
  }
  return status;
}

/* Does it have to stay in the file? Everything that was asked is in the file of labels by now: what stays are answers
 * of an earlier process that nobody has wanted yet, and failures to remember. */
static bool stays(const mtp_calls *c, const entry *e) {
  if (!e->ended || e->settled) return false;
  return e->label || (c->remember_failures && e->report.status != MTP_QM_CANNOT_START);
}

/* Replaces the file in one step: an answer that waits must not be gone for an instant. */
static mtp_status settle(run *r) {
  mtp_calls *c = r->calls;
  if (!c->file) return MTP_OK;
  mtp_status status = c->remember_failures ? note_failures(r) : MTP_OK;
  mtp_config **records = mtp_calloc(c->n, sizeof *records);
  if (!records) return mtp_fail_memory(r->ctx);
  size_t n = 0;
  for (size_t i = 0; i < c->n && status == MTP_OK; i++) {
    entry *e = &c->left[i];
    e->settled = !stays(c, e);
    if (e->settled) continue;
    records[n] = end_record(r->ctx, e, e->request, e->driver);
    status = records[n++] ? MTP_OK : mtp_fail_memory(r->ctx);
  }
  if (status == MTP_OK)
    status = mtp_journal_replace(r->ctx, c->file, n, (const mtp_config *const *)records, c->species_count, c->names);
  c->under_way = status != MTP_OK;
  for (size_t i = 0; i < n; i++) mtp_config_free(records[i]);
  free(records);
  return status;
}

mtp_status mtp_calls_run(mtp_context *ctx, mtp_calls *calls, mtp_qm *qm, size_t n, const mtp_config *const *configs,
                         mtp_calls_take take, void *user) {
  run r = {.ctx = ctx, .calls = calls, .qm = qm, .configs = configs, .n = n, .take = take, .user = user};
  mtp_status status = prepare(&r);
  if (status == MTP_OK && r.asked_count) status = write_requests(&r);
  if (status == MTP_OK) status = take_in_order(&r);
  if (status == MTP_OK && r.asked_count)
    status =
        mtp_qm_label_all(ctx, qm, r.asked_count, r.asked, r.begun, calls->species_count, calls->names, on_answer, &r);
  if (status == MTP_OK) status = settle(&r);
  free_entries(r.entries, r.entries ? n : 0);
  free(r.asked);
  free(r.number);
  free(r.begun);
  return status;
}
