/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_team.c
 * Broadcasts meet at a barrier; what is collected is handed over by a place for each rank. */
#include "support_team.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support_data.h"

typedef struct place {
  const void *data;
  size_t bytes;
  bool full;
} place;

typedef struct team {
  pthread_barrier_t barrier;
  pthread_mutex_t mutex;
  pthread_cond_t changed;
  void *sent; /* by rank 0 */
  place *places;
  void (*lead)(mtp_context *, const mtp_comm *, void *);
  void (*follow)(mtp_context *, const mtp_comm *, void *);
  void *user;
} team;

typedef struct member {
  team *t;
  mtp_comm comm;
  pthread_t thread;
} member;

static void broadcast(void *user, void *data, size_t bytes) {
  member *m = user;
  if (m->comm.rank == 0) m->t->sent = data;
  pthread_barrier_wait(&m->t->barrier);
  if (m->comm.rank > 0 && bytes) memcpy(data, m->t->sent, bytes);
  pthread_barrier_wait(&m->t->barrier);
}

static void collect(void *user, int from, void *data, size_t bytes) {
  member *m = user;
  team *t = m->t;
  place *p = &t->places[from];
  if (m->comm.rank != 0 && m->comm.rank != from) return;
  pthread_mutex_lock(&t->mutex);
  if (m->comm.rank == from) {
    *p = (place){data, bytes, true};
    pthread_cond_broadcast(&t->changed);
    while (p->full) pthread_cond_wait(&t->changed, &t->mutex);
  } else {
    while (!p->full) pthread_cond_wait(&t->changed, &t->mutex);
    if (bytes != p->bytes) abort(); /* both sides have to agree */
    if (bytes) memcpy(data, p->data, bytes);
    p->full = false;
    pthread_cond_broadcast(&t->changed);
  }
  pthread_mutex_unlock(&t->mutex);
}

/* The other threads cannot be ended alone. */
static void give_up(void *user, const char *message) {
  (void)user;
  fprintf(stderr, "%s\n", message);
  _exit(TEAM_GAVE_UP);
}

static void *run(void *argument) {
  member *m = argument;
  mtp_context *ctx = data_context();
  (m->comm.rank == 0 ? m->t->lead : m->t->follow)(ctx, &m->comm, m->t->user);
  mtp_context_free(ctx);
  return NULL;
}

void team_run(int size, void (*lead)(mtp_context *, const mtp_comm *, void *),
              void (*follow)(mtp_context *, const mtp_comm *, void *), void *user) {
  team t = {.lead = lead, .follow = follow, .user = user};
  member *members = data_calloc((size_t)size, sizeof *members);
  t.places = data_calloc((size_t)size, sizeof *t.places);
  pthread_barrier_init(&t.barrier, NULL, (unsigned)size);
  pthread_mutex_init(&t.mutex, NULL);
  pthread_cond_init(&t.changed, NULL);
  for (int q = 0; q < size; q++) {
    members[q] = (member){.t = &t, .comm = {q, size, &members[q], broadcast, collect, give_up}};
    if (q > 0 && pthread_create(&members[q].thread, NULL, run, &members[q]) != 0) abort();
  }
  run(&members[0]); /* in this thread, so that its assertions end the test */
  for (int q = 1; q < size; q++) pthread_join(members[q].thread, NULL);
  pthread_barrier_destroy(&t.barrier);
  pthread_mutex_destroy(&t.mutex);
  pthread_cond_destroy(&t.changed);
  free(t.places);
  free(members);
}
