/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_workers.c
 * Work in tasks comes out complete, in order and the same in every bit, whoever does it. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "learn/workers.h"
#include "support_data.h"
#include "support_team.h"

#define LENGTH 37

typedef struct plan {
  size_t count, next;
  int threads;
  size_t failing; /* task that fails, or count */
  double sum[LENGTH];
  mtp_status status;
  char message[80];
  const volatile sig_atomic_t *stop; /* of all ranks, or NULL */
} plan;

static mtp_status work(mtp_context *ctx, void *user, int thread, size_t task, double *result) {
  const plan *p = user;
  if (thread < 0 || thread >= p->threads) return MTP_ERR_STATE;
  if (task >= p->failing) return mtp_fail(ctx, MTP_ERR_NUMERIC, "task %zu fails", task);
  mtp_random random = {task};
  for (size_t k = 0; k < LENGTH; k++) result[k] += mtp_random_normal(&random); /* it was zero */
  return MTP_OK;
}

static void reduce(void *user, size_t task, const double *result) {
  plan *p = user;
  assert_int_equal(task, p->next++);
  for (size_t k = 0; k < LENGTH; k++) p->sum[k] = 0.9 * p->sum[k] + result[k]; /* depends on the order */
}

static void go(mtp_context *ctx, const mtp_comm *comm, void *user) {
  plan *p = user;
  const mtp_workers workers = {comm, p->threads};
  const mtp_tasks tasks = {.count = p->count, .length = LENGTH, .user = p, .work = work, .reduce = reduce};
  mtp_context_set_stop(ctx, p->stop);
  const mtp_status status = mtp_workers_run(ctx, &workers, &tasks);
  if (comm && comm->rank > 0) return;
  p->status = status;
  snprintf(p->message, sizeof p->message, "%s", mtp_context_message(ctx));
}

static void test_order(void **state) {
  (void)state;
  for (size_t count = 0; count < 20; count += 1 + count / 2) {
    plan alone = {.count = count, .threads = 1, .failing = count};
    go(NULL, NULL, &alone);
    assert_int_equal(alone.status, MTP_OK);
    assert_int_equal(alone.next, count);
    for (int size = 1; size <= 5; size += 2)
      for (int threads = 1; threads <= 4; threads += 3) {
        plan shared = {.count = count, .threads = threads, .failing = count};
        team_run(size, go, go, &shared);
        assert_int_equal(shared.status, MTP_OK);
        assert_int_equal(shared.next, count);
        assert_memory_equal(shared.sum, alone.sum, sizeof alone.sum);
      }
  }
}

static void test_failure(void **state) {
  (void)state;
  for (int size = 1; size <= 3; size++) {
    plan p = {.count = 10, .threads = 2, .failing = 4};
    team_run(size, go, go, &p);
    assert_int_equal(p.status, MTP_ERR_NUMERIC);
    assert_true(p.next <= 4);
    assert_string_equal(p.message, "task 4 fails"); /* of whatever rank, the first of several */
  }
}

static void test_stop(void **state) {
  (void)state;
  static const volatile sig_atomic_t up = 1;
  for (int size = 1; size <= 3; size++) {
    plan p = {.count = 10, .threads = 2, .failing = 10, .stop = &up};
    team_run(size, go, go, &p);
    assert_int_equal(p.status, MTP_ERR_STOPPED);
    assert_string_equal(p.message, "training was stopped");
    assert_int_equal(p.next, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_failure),
                                     cmocka_unit_test(test_stop)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
