/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/late.c
 * QM calls that are under way while the run goes on. The thread stops with each answer until the run takes it. */
#include "loop/late.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "qm/internal.h"
#include "support/support.h"

struct mtp_late {
  mtp_calls *calls;
  mtp_qm *qm;
  size_t n;
  mtp_config **configs; /* [n] owned */
  mtp_context *ctx;     /* of the thread */
  const volatile sig_atomic_t *stop_before;
  volatile sig_atomic_t stop;
  bool started;
  pthread_t thread;

  /* shared with the thread */
  pthread_mutex_t lock;
  pthread_cond_t news;
  bool announced, over;
  bool waiting; /* for the answer below to be taken */
  size_t number;
  mtp_config *label;
  const mtp_qm_report *report;
  mtp_status taken;  /* what became of it */
  mtp_status status; /* of all calls, when they are over */
  mtp_text lines;    /* for the user, each with a 0 at its end */
};

/* ---- in the thread ---- */

static void log_later(void *user, mtp_level level, const char *message) {
  mtp_late *w = user;
  if (level != MTP_WARNING) return;
  pthread_mutex_lock(&w->lock);
  mtp_text_add_bytes(&w->lines, message, strlen(message) + 1);
  pthread_mutex_unlock(&w->lock);
}

static void on_announced(void *user) {
  mtp_late *w = user;
  pthread_mutex_lock(&w->lock);
  w->announced = true;
  pthread_cond_broadcast(&w->news);
  pthread_mutex_unlock(&w->lock);
}

static mtp_status on_answer(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  mtp_late *w = user;
  pthread_mutex_lock(&w->lock);
  w->number = i;
  w->label = label;
  w->report = report;
  w->waiting = true;
  while (w->waiting && !w->stop) pthread_cond_wait(&w->news, &w->lock);
  const mtp_status status = w->waiting ? MTP_ERR_STOPPED : w->taken;
  if (w->waiting) mtp_config_free(label); /* nobody takes it any more: it is in FILE.calls */
  w->waiting = false;
  pthread_mutex_unlock(&w->lock);
  return status;
}

static void *work(void *user) {
  mtp_late *w = user;
  const mtp_status status =
      mtp_calls_run(w->ctx, w->calls, w->qm, w->n, (const mtp_config *const *)w->configs, on_answer, w);
  pthread_mutex_lock(&w->lock);
  w->status = status;
  w->over = w->announced = true;
  pthread_cond_broadcast(&w->news);
  pthread_mutex_unlock(&w->lock);
  return NULL;
}

/* ---- in the run ---- */

mtp_status mtp_late_start(mtp_context *ctx, mtp_calls *calls, mtp_qm *qm, size_t n, mtp_config **configs,
                          mtp_late **out) {
  mtp_late *w = mtp_calloc(1, sizeof *w);
  mtp_context *own = mtp_context_new();
  if (!w || !own) {
    for (size_t i = 0; i < n; i++) mtp_config_free(configs[i]);
    free(configs);
    free(w);
    mtp_context_free(own);
    return mtp_fail_memory(ctx);
  }
  *w = (mtp_late){.calls = calls, .qm = qm, .n = n, .configs = configs, .ctx = own, .stop_before = qm->stop};
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->news, NULL);
  mtp_context_set_logger(own, log_later, w);
  mtp_qm_set_stop(qm, &w->stop);
  mtp_calls_on_announced(calls, on_announced, w);
  mtp_calls_record_all(calls, true);
  w->started = pthread_create(&w->thread, NULL, work, w) == 0;
  if (!w->started) {
    mtp_late_free(w);
    return mtp_fail(ctx, MTP_ERR_MEMORY, "no thread for calls that are not waited for");
  }
  pthread_mutex_lock(&w->lock);
  while (!w->announced) pthread_cond_wait(&w->news, &w->lock);
  pthread_mutex_unlock(&w->lock);
  *out = w;
  return MTP_OK;
}

static void hand_on_lines(mtp_context *ctx, mtp_late *w) {
  for (size_t at = 0; at < w->lines.size; at += strlen(w->lines.data + at) + 1)
    mtp_message(ctx, MTP_WARNING, "%s", w->lines.data + at);
  mtp_text_free(&w->lines);
  w->lines = (mtp_text){0};
}

/* The thread waits for us with its answer, so that nobody changes it. The lock is not held: what is done with an answer
 * takes its time. */
static mtp_status take_one(mtp_late *w, mtp_calls_take take, void *user) {
  pthread_mutex_unlock(&w->lock);
  const mtp_status status = take(user, w->number, w->label, w->report);
  pthread_mutex_lock(&w->lock);
  w->taken = status;
  w->waiting = false;
  pthread_cond_broadcast(&w->news);
  return status;
}

/* A signal wakes no condition. */
static void wait_a_little(mtp_late *w) {
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_nsec += 20000000;
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_cond_timedwait(&w->news, &w->lock, &until);
}

mtp_status mtp_late_take(mtp_context *ctx, mtp_late *w, bool wait, mtp_calls_take take, void *user, bool *over) {
  mtp_status status = MTP_OK;
  pthread_mutex_lock(&w->lock);
  for (;;) {
    hand_on_lines(ctx, w);
    if (mtp_context_is_stopped(ctx)) w->stop = 1;
    if (w->waiting && !w->stop)
      status = take_one(w, take, user);
    else if (w->over || !(wait || w->stop))
      break;
    else {
      pthread_cond_broadcast(&w->news);
      wait_a_little(w);
    }
  }
  *over = w->over;
  if (w->over && status == MTP_OK && w->status != MTP_OK)
    status = mtp_fail(ctx, w->status, "%s", mtp_context_message(w->ctx));
  pthread_mutex_unlock(&w->lock);
  return status;
}

void mtp_late_free(mtp_late *w) {
  if (!w) return;
  pthread_mutex_lock(&w->lock);
  w->stop = 1;
  pthread_cond_broadcast(&w->news);
  pthread_mutex_unlock(&w->lock);
  if (w->started) pthread_join(w->thread, NULL);
  mtp_calls_on_announced(w->calls, NULL, NULL);
  mtp_calls_record_all(w->calls, false);
  mtp_qm_set_stop(w->qm, w->stop_before);
  pthread_cond_destroy(&w->news);
  pthread_mutex_destroy(&w->lock);
  for (size_t i = 0; i < w->n; i++) mtp_config_free(w->configs[i]);
  free(w->configs);
  mtp_text_free(&w->lines);
  mtp_context_free(w->ctx);
  free(w);
}
