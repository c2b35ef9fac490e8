/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_calls.c
 * The record of QM calls under way: what is answered is never asked again, whatever ended the process, and labels come
 * in the order of requests, whichever call is the fastest. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/calls_internal.h"
#include "support/support.h"
#include "support_qm.h"

enum { COUNT = 6 };

static const char *const names[] = {"Al", "Ni"};

/* A driver whose later calls are the faster ones. */
typedef struct fake {
  atomic_int calls[COUNT];
  int fails;         /* number of the request that fails; -1: none */
  bool cannot_start; /* is how it fails */
  bool dies;         /* the process is gone in its first call */
  bool last_first;   /* the first waits until the ends of all others are in the record */
  int ends_before;   /* in the record before the run */
} fake;

static mtp_qm_status fake_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)setup, (void)count, (void)arguments, (void)ctx;
  *state = user;
  return MTP_QM_OK;
}

static int number_of(const mtp_config *cfg) {
  return (int)lround((cfg->x[0] - 0.1) * 100);
}

static int recorded_ends(void) {
  int n = 0;
  char *text = qm_read_file("train.extxyz.calls");
  for (const char *at = text; (at = strstr(at, "qm_call=")); at++)
    n += strncmp(at, "qm_call=request", strlen("qm_call=request")) != 0;
  free(text);
  return n;
}

static mtp_qm_status fake_label(void *state, mtp_qm_call *call) {
  fake *f = state;
  int i = number_of(call->config);
  f->calls[i]++;
  if (f->last_first && i == 0)
    for (int wait = 0; wait < 6000 && recorded_ends() < f->ends_before + COUNT - 1; wait++)
      nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  if (f->dies) _exit(0);
  if (i == f->fails && f->cannot_start) return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "no such command");
  if (i == f->fails) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "it is \"number %d\", said x = y", i);
  call->label->has_energy = call->label->has_virial = true;
  call->label->energy = -1 - i;
  call->label->virial[0] = 1;
  assert_int_equal(mtp_config_require_force(NULL, call->label), MTP_OK);
  call->label->force[0] = 0.1 * i;
  call->label->force[3] = -0.1 * i;
  return MTP_QM_OK;
}

static void fake_close(void *state) {
  (void)state;
}

static mtp_qm *open_fake(fake *f, const char *text) {
  const mtp_qm_driver driver = {
      .name = "fake", .parallel = true, .open = fake_open, .label = fake_label, .close = fake_close, .user = f};
  mtp_qm *qm = NULL;
  assert_int_equal(mtp_qm_open(NULL, text, &driver, 1, &qm), MTP_OK);
  return qm;
}

static mtp_calls *open_calls(void) {
  mtp_calls *calls = NULL;
  mtp_context *ctx = mtp_context_new();
  if (mtp_calls_open(ctx, "train.extxyz", 2, names, &calls) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  mtp_context_free(ctx);
  return calls;
}

typedef struct taken {
  int n, bad;
  int refuse; /* from this one on nothing can be stored; -1: all can */
  bool die;   /* instead, the process is gone */
  char reason[1024];
} taken;

static mtp_status take(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  taken *t = user;
  assert_int_equal(i, t->n + t->bad); /* in order */
  if (t->refuse >= 0 && (int)i >= t->refuse) {
    if (t->die) _exit(0);
    mtp_config_free(label);
    return MTP_ERR_IO;
  }
  if (!label) {
    snprintf(t->reason, sizeof t->reason, "%s", report->reason);
    t->bad++;
    return MTP_OK;
  }
  assert_true(label->energy == -1 - number_of(label));
  assert_string_equal(mtp_config_get_feature(label, "step"), "a \"quoted\" 7");
  assert_string_equal(mtp_config_get_feature(label, "qm_functional"), "PBE"); /* not one of the record's own */
  assert_int_equal(label->feature_count, 2);
  mtp_config_free(label);
  t->n++;
  return MTP_OK;
}

static mtp_status run_some(mtp_calls *calls, fake *f, const char *text, int from, int to, taken *t) {
  mtp_config *configs[COUNT];
  mtp_qm *qm = open_fake(f, text);
  for (int i = from; i < to; i++) {
    configs[i] = qm_small_cell();
    configs[i]->x[0] = 0.1 + 0.01 * i;
    assert_int_equal(mtp_config_set_feature(NULL, configs[i], "step", "a \"quoted\" 7"), MTP_OK);
    assert_int_equal(mtp_config_set_feature(NULL, configs[i], "qm_functional", "PBE"), MTP_OK);
  }
  mtp_status status =
      mtp_calls_run(NULL, calls, qm, (size_t)(to - from), (const mtp_config *const *)configs + from, take, t);
  for (int i = from; i < to; i++) mtp_config_free(configs[i]);
  mtp_qm_close(qm);
  return status;
}

static size_t answered(const mtp_calls *calls) {
  size_t n = 0;
  for (size_t i = 0; i < mtp_calls_left(calls); i++) {
    mtp_calls_end end;
    assert_non_null(mtp_calls_request(calls, i, &end));
    n += end == MTP_CALLS_ANSWERED;
  }
  return n;
}

static void test_order(void **state) {
  (void)state;
  fake f = {.fails = 2, .last_first = true};
  taken t = {.refuse = -1};
  mtp_calls *calls = open_calls();
  assert_false(qm_exists("train.extxyz.calls")); /* nothing under way, no file */
  assert_int_equal(run_some(calls, &f, "fake workers=3 retries=0", 0, COUNT, &t), MTP_OK);
  assert_int_equal(t.n, COUNT - 1);
  assert_int_equal(t.bad, 1);
  mtp_calls_close(calls);
  assert_false(qm_exists("train.extxyz.calls"));
}

/* The first label cannot be stored (full disk), or the process is killed at that moment: the others are kept. */
static void test_interrupted(void **state) {
  (void)state;
  for (int die = 0; die < 2; die++) {
    fake f = {.fails = -1, .last_first = true};
    taken t = {.refuse = 0, .die = die};
    pid_t child = die ? fork() : 0;
    if (child == 0) {
      mtp_calls *calls = open_calls();
      mtp_status status = run_some(calls, &f, "fake workers=2", 0, COUNT, &t);
      mtp_calls_close(calls);
      if (die) _exit(1);
      assert_int_equal(status, MTP_ERR_IO);
    } else {
      int status;
      assert_int_equal(waitpid(child, &status, 0), child);
      assert_int_equal(status, 0);
    }
    mtp_calls *calls = open_calls();
    assert_int_equal(mtp_calls_left(calls), COUNT);
    size_t known = answered(calls);
    assert_int_equal(known, die ? COUNT - 1 : COUNT); /* the one that could not be stored is kept too */
    fake again = {.fails = -1};
    t = (taken){.refuse = -1};
    assert_int_equal(run_some(calls, &again, "fake", 0, COUNT, &t), MTP_OK);
    assert_int_equal(t.n, COUNT);
    for (int i = 0; i < COUNT; i++) assert_int_equal(again.calls[i], i < COUNT - (int)known);
    mtp_calls_close(calls);
    assert_false(qm_exists("train.extxyz.calls"));
  }
}

/* A file with all six requests and the answers of the last five. */
static void leave_five(void) {
  fake f = {.fails = -1, .last_first = true};
  taken t = {.refuse = 0, .die = true};
  pid_t child = fork();
  if (child == 0) {
    mtp_calls *calls = open_calls();
    run_some(calls, &f, "fake workers=2", 0, COUNT, &t);
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
}

static void test_cut_tail(void **state) {
  (void)state;
  leave_five();
  char *text = qm_read_file("train.extxyz.calls");
  size_t size = strlen(text);
  assert_int_equal(truncate("train.extxyz.calls", (off_t)size - 20), 0);
  mtp_calls *calls = open_calls();
  assert_int_equal(answered(calls), 4);
  taken t = {.refuse = -1};
  fake f = {.fails = -1};
  assert_int_equal(run_some(calls, &f, "fake", 0, COUNT, &t), MTP_OK);
  assert_int_equal(t.n, COUNT);
  int calls_made = 0;
  for (int i = 0; i < COUNT; i++) calls_made += f.calls[i];
  assert_int_equal(calls_made, 2);
  mtp_calls_close(calls);
  free(text);
}

/* What nobody asks for again stays, until somebody does. */
static void test_waiting(void **state) {
  (void)state;
  leave_five();
  mtp_calls *calls = open_calls();
  taken t = {.refuse = -1};
  fake f = {.fails = -1};
  mtp_calls_forget(calls, 1); /* it is in the file of labels by now */
  assert_int_equal(mtp_calls_waiting(calls), 4);
  assert_int_equal(run_some(calls, &f, "fake", 2, 4, &t), MTP_OK);
  assert_int_equal(mtp_calls_waiting(calls), 2);
  mtp_calls_close(calls);
  calls = open_calls();
  assert_int_equal(mtp_calls_waiting(calls), 2);
  t = (taken){.refuse = -1};
  assert_int_equal(run_some(calls, &f, "fake", 4, COUNT, &t), MTP_OK);
  for (int i = 0; i < COUNT; i++) assert_int_equal(f.calls[i], 0);
  mtp_calls_close(calls);
  assert_false(qm_exists("train.extxyz.calls"));
}

/* The process was killed between storing the last label and clearing the record. */
static void test_all_stored(void **state) {
  (void)state;
  leave_five();
  mtp_calls *calls = open_calls();
  mtp_calls_close(calls);
  assert_true(qm_exists("train.extxyz.calls"));
  calls = open_calls();
  for (size_t i = 0; i < mtp_calls_left(calls); i++) mtp_calls_forget(calls, i);
  mtp_calls_close(calls);
  assert_false(qm_exists("train.extxyz.calls"));
}

static void test_failures(void **state) {
  (void)state;
  fake f = {.fails = 1};
  for (int round = 0; round < 3; round++) {
    mtp_calls *calls = open_calls();
    taken t = {.refuse = -1};
    mtp_calls_remember_failures(calls);
    /* another driver may do better */
    const char *text = round == 2 ? "fake retries=0 timeout=3" : "fake retries=0";
    assert_int_equal(run_some(calls, &f, text, 0, 3, &t), MTP_OK);
    assert_int_equal(t.bad, 1);
    assert_string_equal(t.reason, "it is \"number 1\", said x = y");
    assert_int_equal(f.calls[1], round == 2 ? 2 : 1);
    mtp_calls_close(calls);
    assert_true(qm_exists("train.extxyz.calls"));
  }
  mtp_calls *calls = open_calls(); /* and who wants them all again gets them */
  taken t = {.refuse = -1};
  assert_int_equal(run_some(calls, &f, "fake retries=0 timeout=3", 0, 3, &t), MTP_OK);
  assert_int_equal(f.calls[1], 3);
  mtp_calls_close(calls);
  assert_false(qm_exists("train.extxyz.calls"));
}

/* A driver that cannot start has failed at nothing: what an earlier process asked for is still known. */
static void test_cannot_start(void **state) {
  (void)state;
  int status;
  const pid_t child = fork();
  if (child == 0) {
    fake f = {.fails = -1, .dies = true};
    taken t = {.refuse = -1};
    run_some(open_calls(), &f, "fake", 0, 1, &t);
    _exit(1);
  }
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  for (int round = 0; round < 2; round++) {
    fake f = {.fails = 0, .cannot_start = true};
    taken t = {.refuse = -1};
    mtp_calls *calls = open_calls();
    assert_int_equal(mtp_calls_left(calls), 1);
    assert_int_equal(run_some(calls, &f, "fake", 0, 1, &t), MTP_ERR_QM);
    assert_int_equal(t.bad, 1);
    mtp_calls_close(calls);
    assert_true(qm_exists("train.extxyz.calls"));
  }
  unlink("train.extxyz.calls");
}

static void test_lock(void **state) {
  (void)state;
  leave_five();
  mtp_context *ctx = mtp_context_new();
  mtp_calls *one = open_calls(), *two = NULL;
  assert_int_equal(mtp_calls_open(ctx, "train.extxyz", 2, names, &two), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), "train.extxyz.calls: another run"));
  mtp_calls_close(one);
  assert_int_equal(unlink("train.extxyz.calls"), 0);
  static const char *const bad[][2] = {
      {"hello\n", "train.extxyz.calls:1:"},
      {"1\nProperties=species:S:1:pos:R:3 pbc=\"F F F\"\nAl 0 0 0\n", "train.extxyz.calls:1: expected the key qm_call"},
      {"1\nProperties=species:S:1:pos:R:3 pbc=\"F F F\" qm_call=answer\nXx 0 0 0\n", "Xx"}};
  for (size_t i = 0; i < 3; i++) {
    qm_write_file("train.extxyz.calls", bad[i][0]);
    assert_int_equal(mtp_calls_open(ctx, "train.extxyz", 2, names, &two), MTP_ERR_FORMAT);
    if (!strstr(mtp_context_message(ctx), bad[i][1])) fail_msg("%s", mtp_context_message(ctx));
    assert_true(qm_exists("train.extxyz.calls"));
    assert_int_equal(unlink("train.extxyz.calls"), 0);
  }
  mtp_context_free(ctx);
}

/* ---- states ---- */

/* What the table of calls.h says. */
static const struct {
  mtp_call_state from, to;
} changes[] = {
    {MTP_CALL_NEW, MTP_CALL_ASKED},      {MTP_CALL_NEW, MTP_CALL_WAITING},    {MTP_CALL_NEW, MTP_CALL_FAILED},
    {MTP_CALL_ASKED, MTP_CALL_ANSWERED}, {MTP_CALL_ASKED, MTP_CALL_WAITING},  {MTP_CALL_ASKED, MTP_CALL_FAILED},
    {MTP_CALL_ASKED, MTP_CALL_SPENT},    {MTP_CALL_ANSWERED, MTP_CALL_SPENT}, {MTP_CALL_ANSWERED, MTP_CALL_WAITING},
    {MTP_CALL_WAITING, MTP_CALL_SPENT},  {MTP_CALL_FAILED, MTP_CALL_ASKED},   {MTP_CALL_FAILED, MTP_CALL_WAITING},
    {MTP_CALL_FAILED, MTP_CALL_SPENT},   {MTP_CALL_SPENT, MTP_CALL_ASKED},
};
enum { CHANGES = sizeof changes / sizeof changes[0] };

static void test_table(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  for (int from = 0; from < MTP_CALL_STATES; from++)
    for (int to = 0; to < MTP_CALL_STATES; to++) {
      bool expected = false;
      for (int k = 0; k < CHANGES; k++) expected |= (int)changes[k].from == from && (int)changes[k].to == to;
      mtp_calls calls = {.log = {.path = (char[]){"x.calls"}}};
      mtp_call call = {.state = (mtp_call_state)from};
      assert_int_equal(mtp_call_may_become(call.state, (mtp_call_state)to), expected);
      assert_int_equal(mtp_call_become(ctx, &calls, &call, (mtp_call_state)to), expected ? MTP_OK : MTP_ERR_STATE);
      assert_int_equal(call.state, expected ? to : from);
      assert_int_equal(mtp_calls_changes(&calls, (mtp_call_state)from, (mtp_call_state)to), expected);
    }
  assert_string_equal(mtp_context_message(ctx), "x.calls: a call cannot go from 'spent' to 'spent'");
  mtp_context_free(ctx);
}

/* Counts the changes that each of CHANGES saw, and closes. */
static void close_counted(mtp_calls *calls, size_t *seen) {
  for (int k = 0; k < CHANGES; k++) seen[k] += mtp_calls_changes(calls, changes[k].from, changes[k].to);
  mtp_calls_close(calls);
}

/* One call that fails; its failure is remembered. */
static void leave_failure(size_t *seen) {
  fake f = {.fails = 1};
  taken t = {.refuse = -1};
  mtp_calls *calls = open_calls();
  mtp_calls_remember_failures(calls);
  assert_int_equal(run_some(calls, &f, "fake retries=0", 1, 2, &t), MTP_OK);
  close_counted(calls, seen);
  assert_int_equal(recorded_ends(), 1);
}

/* Calls that were asked for, by a process that was killed, or in vain. */
static void walk_earlier_calls(size_t *seen) {
  fake f = {.fails = -1};
  taken t = {.refuse = -1};
  leave_five();
  mtp_calls *calls = open_calls();
  assert_int_equal(run_some(calls, &f, "fake", 2, 4, &t), MTP_OK); /* nobody wants the first any more */
  t = (taken){.refuse = -1};
  assert_int_equal(run_some(calls, &f, "fake", 0, COUNT, &t), MTP_OK); /* or so it seemed */
  close_counted(calls, seen);
  assert_false(qm_exists("train.extxyz.calls"));
}

static void walk_failures(size_t *seen) {
  leave_failure(seen);
  leave_failure(seen); /* without another call */
  mtp_calls *calls = open_calls();
  mtp_calls_remember_failures(calls);
  mtp_calls_ask_again(calls);
  fake f = {.fails = 1};
  taken t = {.refuse = -1};
  assert_int_equal(run_some(calls, &f, "fake retries=0", 1, 2, &t), MTP_OK);
  assert_int_equal(f.calls[1], 1);
  close_counted(calls, seen);
  calls = open_calls(); /* that remembers no failures */
  t = (taken){.refuse = -1};
  assert_int_equal(run_some(calls, &f, "fake retries=0", 1, 2, &t), MTP_OK);
  assert_int_equal(f.calls[1], 2);
  close_counted(calls, seen);
  assert_false(qm_exists("train.extxyz.calls"));
}

/* What failed is asked of another driver, whose answer waits when the process is killed. */
static void walk_answer_after_failure(size_t *seen) {
  leave_failure(seen);
  pid_t child = fork();
  if (child == 0) {
    fake f = {.fails = -1, .last_first = true, .ends_before = 1};
    taken t = {.refuse = 0, .die = true};
    mtp_calls *calls = open_calls();
    mtp_calls_remember_failures(calls);
    run_some(calls, &f, "fake workers=2", 0, COUNT, &t);
    _exit(1);
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_int_equal(status, 0);
  mtp_calls *calls = open_calls();
  assert_int_equal(mtp_calls_waiting(calls), COUNT - 1);
  for (size_t i = 0; i < mtp_calls_left(calls); i++) mtp_calls_forget(calls, i);
  close_counted(calls, seen);
  assert_false(qm_exists("train.extxyz.calls"));
}

/* Each change of the table is one that calls go through. */
static void test_walk(void **state) {
  (void)state;
  size_t seen[CHANGES] = {0};
  fake f = {.fails = 2, .last_first = true};
  taken t = {.refuse = -1};
  mtp_calls *calls = open_calls();
  assert_int_equal(run_some(calls, &f, "fake workers=2 retries=0", 0, COUNT, &t), MTP_OK);
  close_counted(calls, seen);
  walk_earlier_calls(seen);
  walk_failures(seen);
  walk_answer_after_failure(seen);
  for (int k = 0; k < CHANGES; k++)
    if (!seen[k]) fail_msg("no call went from state %d to %d", (int)changes[k].from, (int)changes[k].to);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_order),        cmocka_unit_test(test_interrupted), cmocka_unit_test(test_cut_tail),
      cmocka_unit_test(test_waiting),      cmocka_unit_test(test_all_stored),  cmocka_unit_test(test_failures),
      cmocka_unit_test(test_cannot_start), cmocka_unit_test(test_lock),        cmocka_unit_test(test_table),
      cmocka_unit_test(test_walk),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
