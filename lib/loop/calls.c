/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/calls.c
 * What is known of calls under way, and their states. */
#include "loop/calls.h"

#include <stdlib.h>

#include "config/structure.h"
#include "loop/calls_internal.h"
#include "support/support.h"

/* ---- states ---- */

#define TO(state) (1u << MTP_CALL_##state)

/* The table of calls.h. */
static const unsigned may_become[MTP_CALL_STATES] = {
    [MTP_CALL_NEW] = TO(ASKED) | TO(WAITING) | TO(FAILED),
    [MTP_CALL_ASKED] = TO(ANSWERED) | TO(WAITING) | TO(FAILED) | TO(SPENT),
    [MTP_CALL_ANSWERED] = TO(WAITING) | TO(SPENT),
    [MTP_CALL_WAITING] = TO(SPENT),
    [MTP_CALL_FAILED] = TO(ASKED) | TO(WAITING) | TO(SPENT),
    [MTP_CALL_SPENT] = TO(ASKED),
};

bool mtp_call_may_become(mtp_call_state from, mtp_call_state to) {
  return from < MTP_CALL_STATES && to < MTP_CALL_STATES && (may_become[from] >> to & 1u);
}

mtp_status mtp_call_become(mtp_context *ctx, mtp_calls *c, mtp_call *call, mtp_call_state state) {
  static const char *const names[] = {"new", "asked", "answered", "waiting", "failed", "spent"};
  if (!mtp_call_may_become(call->state, state))
    return mtp_fail(ctx, MTP_ERR_STATE, "%s: a call cannot go from '%s' to '%s'", c->log.path, names[call->state],
                    names[state]);
  c->changes[call->state][state]++;
  call->state = state;
  return MTP_OK;
}

size_t mtp_calls_changes(const mtp_calls *c, mtp_call_state from, mtp_call_state to) {
  return c->changes[from][to];
}

bool mtp_call_is_remembered(const mtp_calls *c, const mtp_call *call) {
  return c->remember_failures && call->state == MTP_CALL_FAILED && call->report.status != MTP_QM_CANNOT_START;
}

void mtp_call_free_all(mtp_call *list, size_t n) {
  for (size_t i = 0; i < n; i++) {
    mtp_config_free(list[i].request);
    free(list[i].driver);
    mtp_config_free(list[i].label);
  }
  free(list);
}

/* ---- what earlier processes left ---- */

mtp_call *mtp_calls_find(const mtp_calls *c, uint64_t hash, const mtp_config *cfg) {
  for (size_t i = 0; i < c->n; i++)
    if (c->left[i].hash == hash && mtp_structure_equal(c->left[i].request, c->log.names, cfg, c->log.names))
      return &c->left[i];
  return NULL;
}

/* Takes the request over. */
static mtp_status add_left(mtp_context *ctx, mtp_calls *c, mtp_config *request, uint64_t hash) {
  mtp_call *left = request ? mtp_realloc(c->left, c->n + 1, sizeof *left) : NULL;
  if (!left) {
    mtp_config_free(request);
    return mtp_fail_memory(ctx);
  }
  c->left = left;
  left[c->n] = (mtp_call){.hash = hash, .request = request};
  return mtp_call_become(ctx, c, &left[c->n++], MTP_CALL_ASKED);
}

static mtp_status note_driver(mtp_context *ctx, mtp_call *call, const char *driver) {
  char *copy = driver ? mtp_strdup(driver) : NULL;
  if (driver && !copy) return mtp_fail_memory(ctx);
  free(call->driver);
  call->driver = copy;
  return MTP_OK;
}

/* A later failure replaces an earlier one, but never a label: that was paid for. */
static mtp_status fail_left(mtp_context *ctx, mtp_calls *c, mtp_call *left, const mtp_qm_report *report,
                            const char *driver) {
  if (left->state != MTP_CALL_ASKED && left->state != MTP_CALL_FAILED) return MTP_OK;
  mtp_status status = note_driver(ctx, left, driver ? driver : "");
  if (status != MTP_OK) return status;
  left->report = *report;
  return left->state == MTP_CALL_FAILED ? MTP_OK : mtp_call_become(ctx, c, left, MTP_CALL_FAILED);
}

static mtp_status answer_left(mtp_context *ctx, mtp_calls *c, mtp_call *left, const mtp_call_record *record) {
  mtp_config *label = mtp_call_record_label(record);
  if (!label) return mtp_fail_memory(ctx);
  mtp_config_free(left->label);
  left->label = label;
  left->report = record->report;
  mtp_status status = note_driver(ctx, left, record->driver);
  if (status == MTP_OK && left->state == MTP_CALL_SPENT) status = mtp_call_become(ctx, c, left, MTP_CALL_ASKED);
  if (status != MTP_OK || left->state == MTP_CALL_WAITING) return status;
  return mtp_call_become(ctx, c, left, MTP_CALL_WAITING);
}

typedef struct reading {
  mtp_context *ctx;
  mtp_calls *calls;
} reading;

static mtp_status add_record(void *user, const mtp_call_record *record) {
  const reading *r = user;
  mtp_calls *c = r->calls;
  mtp_call *left = mtp_calls_find(c, record->hash, record->atoms);
  if (!left) {
    mtp_status status = add_left(r->ctx, c, mtp_call_record_request(record), record->hash);
    if (status != MTP_OK) return status;
    left = &c->left[c->n - 1];
  }
  if (record->kind == MTP_CALL_ANSWER) return answer_left(r->ctx, c, left, record);
  if (record->kind == MTP_CALL_FAILURE) return fail_left(r->ctx, c, left, &record->report, record->driver);
  return MTP_OK;
}

mtp_status mtp_calls_note_failure(mtp_context *ctx, mtp_calls *c, const mtp_call *failed, const mtp_config *cfg,
                                  const char *driver) {
  mtp_call *left = mtp_calls_find(c, failed->hash, cfg);
  if (!left) {
    const mtp_call_record record = {.atoms = cfg};
    mtp_status status = add_left(ctx, c, mtp_call_record_request(&record), failed->hash);
    if (status != MTP_OK) return status;
    left = &c->left[c->n - 1];
  }
  return fail_left(ctx, c, left, &failed->report, driver);
}

/* ---- the record ---- */

mtp_status mtp_calls_open(mtp_context *ctx, const char *path, int species_count, const char *const *names,
                          mtp_calls **out) {
  mtp_calls *c = mtp_calloc(1, sizeof *c);
  if (!c) return mtp_fail_memory(ctx);
  reading r = {ctx, c};
  mtp_status status = mtp_call_log_open(ctx, &c->log, path, species_count, names);
  if (status == MTP_OK) status = mtp_call_log_read(ctx, &c->log, add_record, &r);
  c->under_way = status != MTP_OK; /* what could not be read is not thrown away */
  if (status == MTP_OK)
    *out = c;
  else
    mtp_calls_close(c);
  return status;
}

/* ---- other processes ---- */

void mtp_calls_on_announced(mtp_calls *c, void (*announced)(void *user), void *user) {
  c->announced = announced;
  c->announced_user = user;
}

void mtp_calls_record_all(mtp_calls *c, bool all) {
  c->record_all = all;
}

/* All that is left, in place of what the file holds: an answer may be one to a request that is there. */
static mtp_status write_left(mtp_context *ctx, mtp_calls *c) {
  mtp_config **records = mtp_calloc(c->n, sizeof *records);
  mtp_status status = records ? MTP_OK : mtp_fail_memory(ctx);
  size_t n = 0;
  for (size_t i = 0; i < c->n && status == MTP_OK; i++) {
    const mtp_call *left = &c->left[i];
    if (left->state == MTP_CALL_SPENT) continue;
    records[n] = left->state == MTP_CALL_ASKED ? mtp_call_log_request(ctx, left->request, left->hash, left->driver)
                                               : mtp_call_end_record(ctx, left, left->request, left->driver);
    status = records[n++] ? MTP_OK : mtp_fail_memory(ctx);
  }
  if (status == MTP_OK && n > 0)
    status = c->log.file ? mtp_call_log_replace(ctx, &c->log, n, records) : mtp_calls_write(ctx, c, n, records);
  if (n > 0) c->under_way = true;
  for (size_t i = 0; i < n; i++) mtp_config_free(records[i]);
  free(records);
  return status;
}

mtp_status mtp_calls_take_over(mtp_context *ctx, mtp_calls *c, const char *name) {
  mtp_call_log log;
  reading r = {ctx, c};
  mtp_status status = mtp_call_log_open(ctx, &log, name, c->log.species_count, c->log.names);
  if (status == MTP_OK) status = mtp_call_log_read(ctx, &log, add_record, &r);
  if (status == MTP_OK) status = write_left(ctx, c);
  if (status == MTP_OK) mtp_call_log_clear(&log);
  mtp_call_log_close(&log);
  return status;
}

/* Requests of a peeked file that have not failed: an answer that waits there is as good as one under way. */
typedef struct peeked {
  mtp_context *ctx;
  mtp_config_set *open; /* places of those that failed are NULL */
  uint64_t *hash;
} peeked;

static mtp_status note_request(void *user, const mtp_call_record *record) {
  peeked *p = user;
  for (size_t i = 0; i < p->open->n && record->kind == MTP_CALL_FAILURE; i++)
    if (p->open->configs[i] && p->hash[i] == record->hash) {
      mtp_config_free(p->open->configs[i]);
      p->open->configs[i] = NULL;
    }
  if (record->kind != MTP_CALL_REQUEST) return MTP_OK;
  mtp_config *request = mtp_call_record_request(record);
  uint64_t *hash = request ? mtp_realloc(p->hash, p->open->n + 1, sizeof *hash) : NULL;
  if (!hash) {
    mtp_config_free(request);
    return mtp_fail_memory(p->ctx);
  }
  p->hash = hash;
  hash[p->open->n] = record->hash;
  return mtp_config_set_append(p->ctx, p->open, request);
}

mtp_status mtp_calls_peek(mtp_context *ctx, const mtp_calls *c, const char *name,
                          mtp_status (*show)(void *user, const mtp_config *request), void *user) {
  peeked p = {.ctx = ctx, .open = mtp_config_set_new()};
  mtp_text path = {0};
  mtp_text_add(&path, "%s.calls", name);
  mtp_status status = p.open && !path.failed ? MTP_OK : mtp_fail_memory(ctx);
  const mtp_call_log log = {.path = path.data, .species_count = c->log.species_count, .names = c->log.names};
  if (status == MTP_OK) status = mtp_call_log_peek(ctx, &log, note_request, &p);
  for (size_t i = 0; status == MTP_OK && i < p.open->n; i++)
    if (p.open->configs[i]) status = show(user, p.open->configs[i]);
  mtp_config_set_free(p.open);
  mtp_text_free(&path);
  free(p.hash);
  return status;
}

/* Is all that the file holds in the file of labels? */
static bool is_spent(const mtp_calls *c) {
  for (size_t i = 0; i < c->n; i++)
    if (c->left[i].state != MTP_CALL_SPENT) return false;
  return !c->under_way;
}

void mtp_calls_close(mtp_calls *c) {
  if (!c) return;
  if (is_spent(c)) mtp_call_log_clear(&c->log);
  mtp_call_free_all(c->left, c->n);
  mtp_call_log_close(&c->log);
  free(c);
}

const char *mtp_calls_path(const mtp_calls *c) {
  return c->log.path;
}

size_t mtp_calls_left(const mtp_calls *c) {
  return c->n;
}

const mtp_config *mtp_calls_request(const mtp_calls *c, size_t i, mtp_calls_end *end) {
  const mtp_call *left = &c->left[i];
  bool never_made = left->report.status == MTP_QM_OK || left->report.status == MTP_QM_CANNOT_START;
  *end = left->label ? MTP_CALLS_ANSWERED : never_made ? MTP_CALLS_UNFINISHED : MTP_CALLS_FAILED;
  return left->request;
}

void mtp_calls_forget(mtp_calls *c, size_t i) {
  if (c->left[i].state != MTP_CALL_SPENT) mtp_call_become(NULL, c, &c->left[i], MTP_CALL_SPENT);
}

size_t mtp_calls_waiting(const mtp_calls *c) {
  size_t waiting = 0;
  for (size_t i = 0; i < c->n; i++) waiting += c->left[i].state == MTP_CALL_WAITING;
  return waiting;
}

void mtp_calls_remember_failures(mtp_calls *c) {
  c->remember_failures = true;
}

void mtp_calls_ask_again(mtp_calls *c) {
  for (size_t i = 0; i < c->n; i++) {
    mtp_call *left = &c->left[i];
    if (left->state != MTP_CALL_FAILED) continue;
    left->report = (mtp_qm_report){0};
    mtp_call_become(NULL, c, left, MTP_CALL_ASKED);
  }
}

/* ---- what is written ---- */

mtp_config *mtp_call_end_record(mtp_context *ctx, const mtp_call *call, const mtp_config *request, const char *driver) {
  return call->label ? mtp_call_log_answer(ctx, call->label, call->hash, &call->report, driver)
                     : mtp_call_log_failure(ctx, request, call->hash, &call->report, driver);
}

mtp_status mtp_calls_write(mtp_context *ctx, mtp_calls *c, size_t n, mtp_config *const *records) {
  for (size_t i = 0; i < n; i++)
    if (!records[i]) return mtp_fail_memory(ctx);
  if (!c->log.nowhere) c->under_way = true;
  return mtp_call_log_add(ctx, &c->log, n, records);
}

mtp_status mtp_calls_rewrite(mtp_context *ctx, mtp_calls *c) {
  mtp_config **records = mtp_calloc(c->n, sizeof *records);
  mtp_status status = records ? MTP_OK : mtp_fail_memory(ctx);
  size_t n = 0;
  for (size_t i = 0; i < c->n && status == MTP_OK; i++) {
    mtp_call *left = &c->left[i];
    if (left->state == MTP_CALL_WAITING || mtp_call_is_remembered(c, left)) {
      records[n] = mtp_call_end_record(ctx, left, left->request, left->driver);
      status = records[n++] ? MTP_OK : mtp_fail_memory(ctx);
    } else if (left->state != MTP_CALL_SPENT) {
      status = mtp_call_become(ctx, c, left, MTP_CALL_SPENT);
    }
  }
  if (status == MTP_OK) status = mtp_call_log_replace(ctx, &c->log, n, records);
  if (records) c->under_way = status != MTP_OK;
  for (size_t i = 0; i < n; i++) mtp_config_free(records[i]);
  free(records);
  return status;
}
