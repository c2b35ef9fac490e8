/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/batch.c
 * Many requests, several at a time. Workers are threads that wait for engines; everything the caller sees (answers,
 * messages) happens in the caller's own thread. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "qm/internal.h"
#include "support/support.h"

typedef struct batch {
  mtp_context *ctx;
  mtp_qm *qm;
  size_t n;
  const mtp_config *const *configs;
  const bool *begun; /* [n] or NULL */
  int species_count;
  const char *const *names;
  mtp_qm_answer answer;
  void *user;
  mtp_status status; /* the first failure */

  /* shared with the workers */
  pthread_mutex_t lock;
  pthread_cond_t news;
  size_t next;      /* request to be started next */
  size_t *finished; /* [finished_count] requests in the order in which they ended */
  size_t finished_count;
  mtp_qm_request **requests; /* [n], NULL until ended */
  mtp_text lines;            /* what workers log, each with a 0 at its end */
  int at_work;
  bool closed; /* no request is started any more */
} batch;

/* ---- in the caller's thread ---- */

static mtp_status judge(batch *b, const mtp_qm_report *report) {
  mtp_qm *qm = b->qm;
  const char *name = mtp_qm_name(qm), *see = report->dir[0] ? "; see " : "";
  if (report->status == MTP_QM_OK && report->tries == 1 && report->seconds > qm->longest) qm->longest = report->seconds;
  if (report->status == MTP_QM_STOPPED)
    return mtp_fail(b->ctx, MTP_ERR_STOPPED, "QM driver %s: %s", name, report->reason);
  if (report->status == MTP_QM_CANNOT_START)
    return mtp_fail(b->ctx, MTP_ERR_QM, "QM driver %s cannot start: %s%s%s", name, report->reason, see, report->dir);
  qm->failed = report->status == MTP_QM_OK ? 0 : qm->failed + 1;
  int most = qm->string.policy.max_fail;
  if (most > 0 && qm->failed >= most)
    return mtp_fail(b->ctx, MTP_ERR_QM, "%d QM calls in a row failed (maxfail=); the last: %s%s%s", qm->failed,
                    report->reason, see, report->dir);
  return MTP_OK;
}

/* Hands over an answer, and lets its folder go only when that went well: it is the last copy otherwise. */
static mtp_status hand_over(batch *b, size_t i, mtp_qm_request *r) {
  bool good = r->report.status == MTP_QM_OK, disposed = true;
  if (good && r->report.tries == 0)
    mtp_message(b->ctx, MTP_INFO, "QM: a call of an earlier run has finished since, its result in %s is taken",
                r->report.dir);
  if (!good) disposed = mtp_qm_dispose_folder(b->qm, r);
  mtp_qm_report report = r->report;
  if (good && b->qm->string.policy.keep != MTP_QM_KEEP_ALL) report.dir[0] = 0;
  mtp_status status = b->answer(b->user, i, r->label, &report);
  if (good && status == MTP_OK) disposed = mtp_qm_dispose_folder(b->qm, r);
  if (good && status != MTP_OK && r->report.dir[0])
    mtp_message(b->ctx, MTP_WARNING, "QM: the result that could not be stored is still in %s", r->report.dir);
  if (!disposed) mtp_message(b->ctx, MTP_WARNING, "QM: cannot remove the folder %s", r->report.dir);
  mtp_qm_end_request(b->qm, r, good && status == MTP_OK);
  return status;
}

static void conclude(batch *b, mtp_status status, const mtp_qm_request *r) {
  if (status == MTP_OK) status = judge(b, &r->report);
  if (b->status == MTP_OK) b->status = status;
}

static mtp_qm_request request_of(const batch *b, size_t i, int worker) {
  return (mtp_qm_request){.config = b->configs[i],
                          .species_count = b->species_count,
                          .names = b->names,
                          .worker = worker,
                          .begun = b->begun && b->begun[i],
                          .longest = b->qm->longest};
}

static void log_now(void *user, const char *line) {
  mtp_message(((batch *)user)->ctx, MTP_WARNING, "%s", line);
}

static void work_alone(batch *b) {
  for (size_t i = 0; i < b->n && b->status == MTP_OK; i++) {
    mtp_qm_request r = request_of(b, i, 0);
    r.log = log_now;
    r.log_user = b;
    mtp_qm_make_call(b->qm, &r);
    conclude(b, hand_over(b, i, &r), &r);
  }
}

/* ---- several workers ---- */

typedef struct worker {
  batch *batch;
  int number;
  pthread_t thread;
} worker;

static void log_later(void *user, const char *line) {
  batch *b = user;
  pthread_mutex_lock(&b->lock);
  mtp_text_add_bytes(&b->lines, line, strlen(line) + 1);
  pthread_cond_signal(&b->news);
  pthread_mutex_unlock(&b->lock);
}

/* The next request, or false when there is none left. */
static bool next_request(batch *b, size_t *i) {
  bool there = !b->closed && b->next < b->n;
  if (there) *i = b->next++;
  return there;
}

static void *work(void *arg) {
  worker *w = arg;
  batch *b = w->batch;
  size_t i;
  pthread_mutex_lock(&b->lock);
  while (next_request(b, &i)) {
    mtp_qm_request *r = b->requests[i];
    *r = request_of(b, i, w->number);
    pthread_mutex_unlock(&b->lock);
    r->log = log_later;
    r->log_user = b;
    mtp_qm_make_call(b->qm, r);
    pthread_mutex_lock(&b->lock);
    /* what ends the batch for one ends it for all, before another call is started */
    if (r->report.status == MTP_QM_STOPPED || r->report.status == MTP_QM_CANNOT_START) b->closed = true;
    b->finished[b->finished_count++] = i;
    pthread_cond_signal(&b->news);
  }
  b->at_work--;
  pthread_cond_signal(&b->news);
  pthread_mutex_unlock(&b->lock);
  return NULL;
}

/* Messages are handed on without the lock: the logger may take its time. */
static void hand_on_lines(batch *b) {
  mtp_text lines = b->lines;
  b->lines = (mtp_text){0};
  pthread_mutex_unlock(&b->lock);
  for (size_t at = 0; at < lines.size; at += strlen(lines.data + at) + 1)
    mtp_message(b->ctx, MTP_WARNING, "%s", lines.data + at);
  mtp_text_free(&lines);
  pthread_mutex_lock(&b->lock);
}

/* Until all workers have ended, hands over what they bring. */
static void collect(batch *b) {
  size_t reported = 0;
  pthread_mutex_lock(&b->lock);
  for (;;) {
    if (b->lines.size) {
      hand_on_lines(b);
    } else if (reported < b->finished_count) {
      size_t i = b->finished[reported++];
      pthread_mutex_unlock(&b->lock);
      mtp_status status = hand_over(b, i, b->requests[i]);
      pthread_mutex_lock(&b->lock);
      conclude(b, status, b->requests[i]);
      if (b->status != MTP_OK) b->closed = true;
    } else if (b->at_work == 0) {
      break;
    } else {
      pthread_cond_wait(&b->news, &b->lock);
    }
  }
  pthread_mutex_unlock(&b->lock);
}

static void work_together(batch *b, int count) {
  worker *workers = mtp_calloc((size_t)count, sizeof *workers);
  b->finished = mtp_calloc(b->n, sizeof *b->finished);
  b->requests = mtp_calloc(b->n, sizeof *b->requests);
  bool ok = workers && b->finished && b->requests;
  for (size_t i = 0; ok && i < b->n; i++) ok = (b->requests[i] = mtp_calloc(1, sizeof **b->requests)) != NULL;
  int started = 0;
  pthread_mutex_init(&b->lock, NULL);
  pthread_cond_init(&b->news, NULL);
  b->at_work = count; /* before any of them can end */
  for (; ok && started < count; started++) {
    workers[started] = (worker){.batch = b, .number = started};
    if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0) break;
  }
  pthread_mutex_lock(&b->lock);
  b->at_work -= count - started;
  pthread_mutex_unlock(&b->lock);
  if (started > 0)
    collect(b);
  else
    b->status = mtp_fail(b->ctx, MTP_ERR_MEMORY, "QM: no thread or memory for %d workers", count);
  for (int k = 0; k < started; k++) pthread_join(workers[k].thread, NULL);
  pthread_cond_destroy(&b->news);
  pthread_mutex_destroy(&b->lock);
  for (size_t i = 0; b->requests && i < b->n; i++) free(b->requests[i]);
  free(b->requests);
  free(b->finished);
  free(workers);
  mtp_text_free(&b->lines);
}

static mtp_status check_species(mtp_context *ctx, const mtp_config *cfg, int species_count) {
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= species_count)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label: atom %zu is of species %d of %d", i + 1, cfg->species[i],
                      species_count);
  return MTP_OK;
}

mtp_status mtp_qm_label_all(mtp_context *ctx, mtp_qm *qm, size_t n, const mtp_config *const *configs, const bool *begun,
                            int species_count, const char *const *names, mtp_qm_answer answer, void *user) {
  if (!qm || !configs || !names || !answer)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label_all: a null pointer was passed");
  for (size_t i = 0; i < n; i++) {
    mtp_status status = configs[i] ? check_species(ctx, configs[i], species_count)
                                   : mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label_all: configuration %zu is NULL", i);
    if (status != MTP_OK) return status;
  }
  batch b = {.ctx = ctx,
             .qm = qm,
             .n = n,
             .configs = configs,
             .begun = begun,
             .species_count = species_count,
             .names = names,
             .answer = answer,
             .user = user};
  size_t workers = (size_t)qm->string.policy.workers;
  if (workers > 1 && n > 1)
    work_together(&b, (int)(workers < n ? workers : n));
  else
    work_alone(&b);
  return b.status;
}

/* ---- one ---- */

typedef struct single {
  mtp_config *label;
  mtp_qm_report report;
} single;

static mtp_status keep_label(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  single *s = user;
  (void)i;
  s->label = label;
  s->report = *report;
  return MTP_OK;
}

mtp_status mtp_qm_label(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                        const char *const *names, mtp_config **label, mtp_qm_report *report) {
  if (!qm || !cfg || !names || !label || !report)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_qm_label: a null pointer was passed");
  single s = {.report = {.status = MTP_QM_CANNOT_START}};
  *label = NULL;
  mtp_status status = mtp_qm_label_all(ctx, qm, 1, &cfg, NULL, species_count, names, keep_label, &s);
  *report = s.report;
  if (status == MTP_OK)
    *label = s.label;
  else
    mtp_config_free(s.label);
  return status;
}
