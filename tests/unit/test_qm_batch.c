/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_batch.c
 * Many calls: several at a time, ladders of alternatives, limits of time, stops, and what becomes of answers that
 * cannot be stored. */
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/qm.h"
#include "support/support.h"
#include "support_qm.h"

enum { MANY = 9 };

static const char *const names[] = {"Al", "Ni"};

/* A script that answers with the energy in the file `energy`, or by its argument. */
#define ANSWER                                                                                                         \
  "n=$(sed -n 1p in.extxyz)\n"                                                                                         \
  "{ echo $n; sed -n 2p in.extxyz | sed 's/Properties=[^ ]*/Properties=species:S:1:pos:R:3:forces:R:3/' | tr '\\n' ' " \
  "'\n"                                                                                                                \
  "echo \"energy=${1:--1} virial=\\\"1 0 0 0 1 0 0 0 1\\\"\"\n"                                                        \
  "sed -n '3,$p' in.extxyz | awk '{ print $0, NR == 1 ? \"1 2 3\" : \"-1 -2 -3\" }'; } >out.extxyz\n"

typedef struct answers {
  int good, bad, order[MANY];
  double energy[MANY];
  mtp_qm_report report[MANY];
  mtp_status refuse; /* returned for the second answer, MTP_OK: none */
  volatile sig_atomic_t *stop;
} answers;

static mtp_status take(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  answers *a = user;
  a->order[a->good + a->bad] = (int)i;
  a->report[i] = *report;
  if (label) a->energy[i] = label->energy;
  label ? a->good++ : a->bad++;
  mtp_config_free(label);
  if (a->stop && a->good == 2) *a->stop = SIGTERM;
  return a->good == 2 ? a->refuse : MTP_OK;
}

static mtp_status run(const char *text, int n, answers *a, char *message, size_t size) {
  mtp_context *ctx = mtp_context_new();
  mtp_qm *qm = NULL;
  mtp_config *configs[MANY];
  if (mtp_qm_open(ctx, text, NULL, 0, &qm) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  mtp_qm_set_stop(qm, a->stop);
  for (int i = 0; i < n; i++) {
    configs[i] = qm_small_cell();
    configs[i]->x[0] += 0.01 * i;
  }
  mtp_status status = mtp_qm_label_all(ctx, qm, (size_t)n, (const mtp_config *const *)configs, NULL, 2, names, take, a);
  snprintf(message, size, "%s", mtp_context_message(ctx));
  for (int i = 0; i < n; i++) mtp_config_free(configs[i]);
  mtp_qm_close(qm);
  mtp_context_free(ctx);
  return status;
}

/* Each call waits until four have begun: with fewer at a time, none would end. */
static void test_workers(void **state) {
  (void)state;
  char message[512];
  answers a = {0};
  qm_write_script("meet.sh", "touch $MTP_RUN_DIR/began.$$\nn=0\n"
                             "while [ $(ls $MTP_RUN_DIR | grep -c began) -lt 4 ]; do\n"
                             "  n=$((n + 1)); [ $n -lt 3000 ] || exit 1; sleep 0.01\ndone\n" ANSWER);
  assert_int_equal(run("exec ./meet.sh workers=4 retries=0", 8, &a, message, sizeof message), MTP_OK);
  assert_int_equal(a.good, 8);
  assert_false(qm_exists("qm"));
}

static void test_ladder(void **state) {
  (void)state;
  char message[512];
  qm_write_script("fails.sh", "echo status $MTP_TRY >&2; exit 1");
  qm_write_script("better.sh", ANSWER);
  answers a = {0};
  assert_int_equal(
      run("exec ./fails.sh ladder=./fails.sh,'sh $MTP_RUN_DIR/better.sh -7' retries=0", 2, &a, message, sizeof message),
      MTP_OK);
  assert_int_equal(a.good, 2);
  assert_int_equal(a.report[0].tries, 3); /* the ladder has two entries more than retries= asks for */
  assert_true(a.energy[0] == -7);
  a = (answers){0};
  assert_int_equal(run("exec ./fails.sh ladder=./fails.sh retries=3", 1, &a, message, sizeof message), MTP_OK);
  assert_int_equal(a.report[0].tries, 4);
  assert_non_null(strstr(a.report[0].reason, "status 3")); /* commands know which try they are */
  qm_remove_calls();
}

static void test_stop(void **state) {
  (void)state;
  char message[512];
  for (int workers = 1; workers <= 3; workers += 2) {
    volatile sig_atomic_t stop = 0;
    answers a = {.stop = &stop};
    char text[128];
    qm_write_script("slow.sh", "case $(basename $PWD) in 00000[12]) ;; *) sleep 30 ;; esac\n" ANSWER);
    snprintf(text, sizeof text, "exec ./slow.sh workers=%d keep=%s", workers, workers > 1 ? "failed" : "none");
    double start = mtp_now();
    assert_int_equal(run(text, MANY, &a, message, sizeof message), MTP_ERR_STOPPED);
    assert_true(mtp_now() - start < 10);
    assert_int_equal(a.good, 2);
    int begun = 0;
    for (int i = 0; i < a.bad; i++) {
      const mtp_qm_report *report = &a.report[a.order[2 + i]];
      assert_int_equal(report->status, MTP_QM_STOPPED);
      begun += report->dir[0] != 0;
    }
    /* a job in a queue may go on, and the next process looks for what it brings */
    assert_int_equal(qm_count_entries("qm"), workers > 1 ? begun : -1);
    qm_remove_calls();
  }
}

static volatile sig_atomic_t stop_everything;

static void on_signal(int number) {
  stop_everything = number;
}

/* A queue that ends a job signals all its processes: an engine that dies of that has not failed. */
static void test_end_of_the_job(void **state) {
  (void)state;
  char message[512];
  answers a = {.stop = &stop_everything};
  struct sigaction action = {.sa_handler = on_signal}, before;
  sigemptyset(&action.sa_mask);
  assert_int_equal(sigaction(SIGTERM, &action, &before), 0);
  qm_write_script("dies.sh", "kill -TERM $PPID; kill -TERM $$; sleep 5");
  assert_int_equal(run("exec ./dies.sh retries=0", 1, &a, message, sizeof message), MTP_ERR_STOPPED);
  assert_int_equal(sigaction(SIGTERM, &before, NULL), 0);
  assert_int_equal(a.report[0].status, MTP_QM_STOPPED);
}

static void test_budget(void **state) {
  (void)state;
  char message[512];
  answers a = {0};
  qm_write_script("work.sh", "sleep 3\n" ANSWER);
  assert_int_equal(run("exec ./work.sh budget=5.9", MANY, &a, message, sizeof message), MTP_ERR_STOPPED);
  assert_int_equal(a.good, 1); /* another one would not have ended in time */
  assert_non_null(strstr(message, "budget=5.9:"));
  a = (answers){0};
  qm_write_script("work.sh", "sleep 30\n" ANSWER);
  double start = mtp_now();
  assert_int_equal(run("exec ./work.sh budget=0.3", 2, &a, message, sizeof message), MTP_ERR_STOPPED);
  assert_true(mtp_now() - start < 10);
  assert_int_equal(a.good, 0);
  assert_non_null(strstr(message, "budget=0.3 is spent"));
  a = (answers){0}; /* a timeout that comes first is a timeout */
  assert_int_equal(run("exec ./work.sh budget=60 timeout=0.2 retries=0", 1, &a, message, sizeof message), MTP_OK);
  assert_int_equal(a.report[0].status, MTP_QM_TIMEOUT);
  qm_remove_calls();
}

static void test_too_fast(void **state) {
  (void)state;
  char message[512];
  answers a = {0};
  qm_write_script("quick.sh", ANSWER);
  assert_int_equal(run("exec ./quick.sh mintime=5 retries=0", 1, &a, message, sizeof message), MTP_OK);
  assert_int_equal(a.report[0].status, MTP_QM_BAD_DATA);
  assert_non_null(strstr(a.report[0].reason, "sooner than mintime=5"));
  qm_remove_calls();
}

static void test_failures_in_a_row(void **state) {
  (void)state;
  char message[512];
  answers a = {0};
  qm_write_script("fails.sh", "exit 1");
  assert_int_equal(run("exec ./fails.sh maxfail=3 retries=0", MANY, &a, message, sizeof message), MTP_ERR_QM);
  assert_int_equal(a.bad, 3);
  assert_non_null(strstr(message, "3 QM calls in a row failed"));
  qm_remove_calls();
}

/* When an answer cannot be stored its folder stays, no call is begun any more, and those that run are waited for. */
static void test_full_disk(void **state) {
  (void)state;
  char message[512];
  answers a = {.refuse = MTP_ERR_IO};
  /* the others are slow enough for the answer of the second to be refused before one of them ends */
  qm_write_script("quick.sh", "case $(basename $PWD) in 00000[12]) ;; *) sleep 2 ;; esac\n" ANSWER);
  assert_int_equal(run("exec ./quick.sh workers=2", MANY, &a, message, sizeof message), MTP_ERR_IO);
  assert_in_range(a.good, 2, 4);
  assert_int_equal(qm_count_entries("qm"), 1);
  qm_remove_calls();
}

/* An engine that prints without end is stopped before it fills the disk. */
static void test_flood(void **state) {
  (void)state;
  char message[512];
  answers a = {0};
  assert_int_equal(run("exec yes retries=0 keep=none", 1, &a, message, sizeof message), MTP_OK);
  assert_int_equal(a.report[0].status, MTP_QM_CRASHED);
  assert_non_null(strstr(a.report[0].reason, "printed more than 256 MiB"));
  assert_false(qm_exists("qm"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_workers),           cmocka_unit_test(test_ladder),    cmocka_unit_test(test_stop),
      cmocka_unit_test(test_end_of_the_job),    cmocka_unit_test(test_budget),    cmocka_unit_test(test_too_fast),
      cmocka_unit_test(test_failures_in_a_row), cmocka_unit_test(test_full_disk), cmocka_unit_test(test_flood),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
