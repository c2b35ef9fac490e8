/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_orphans.c
 * Orphaned jobs, whose submitter was killed: a result that lies finished in the folder of a call is taken by the
 * next process, if it is certain that it is one. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/calls.h"
#include "qm/process/folder_lock.h"
#include "support_qm.h"

static const char *const names[] = {"Al", "Ni"};

/* Notes that it was called, and answers with the energy -1. */
#define ENGINE                                                                                                         \
  "echo call >>$MTP_RUN_DIR/called\n"                                                                                  \
  "{ sed -n 1p in.extxyz\n"                                                                                            \
  "sed -n 2p in.extxyz | sed 's/Properties=[^ ]*/Properties=species:S:1:pos:R:3:forces:R:3 status=ok energy=-1 "       \
  "virial=\"1 0 0 0 1 0 0 0 1\"/'\n"                                                                                   \
  "sed -n '3,$p' in.extxyz | awk '{ print $0, NR == 1 ? \"1 2 3\" : \"-1 -2 -3\" }'; } >out.extxyz\n"

static int calls(void) {
  char *text = qm_read_file("called");
  int count = 0;
  for (const char *c = text; *c; c++) count += *c == '\n';
  free(text);
  return count;
}

/* The folder of a call that has ended, and whose asker has not seen it. */
static void leave_folder(const char *text, const mtp_config *cfg) {
  mtp_config *label = NULL;
  mtp_qm_report report;
  qm_remove_calls();
  qm_write_file("called", "");
  mtp_qm *qm = qm_open(text);
  mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report);
  assert_int_equal(report.status, MTP_QM_OK);
  assert_int_equal(calls(), 1);
  mtp_config_free(label);
  mtp_qm_close(qm);
  assert_false(qm_exists("qm/000001/.unfinished"));
  qm_write_file("qm/000001/.unfinished", "");
}

static void test_finished_result(void **state) {
  (void)state;
  qm_write_script("engine.sh", ENGINE);
  mtp_config *cfg = qm_small_cell();
  leave_folder("exec ./engine.sh keep=all", cfg);
  mtp_qm_report report;
  mtp_config *label = qm_label_again("exec ./engine.sh keep=none timeout=9 workers=3", cfg, 2, names, &report);
  assert_non_null(label);
  assert_int_equal(calls(), 1);
  assert_int_equal(report.status, MTP_QM_OK);
  assert_int_equal(report.tries, 0);
  assert_string_equal(report.reason, "");
  assert_true(label->energy == -1 && label->force[5] == -3 && label->virial[2] == 1);
  assert_true(report.max_force > 3.7 && report.net_force == 0);
  assert_memory_equal(label->x, cfg->x, 6 * sizeof(double));
  assert_int_equal(qm_count_entries("qm"), 0); /* settled as keep=none says, with what it was compared to */
  mtp_config_free(label);

  /* with nothing there any more it is asked for */
  label = qm_label_again("exec ./engine.sh keep=none", cfg, 2, names, &report);
  assert_int_equal(report.tries, 1);
  assert_int_equal(calls(), 2);
  mtp_config_free(label);
  mtp_config_free(cfg);
}

/* Whatever is not certain is asked for once more. */
static void test_doubtful_results(void **state) {
  (void)state;
  static const struct {
    const char *change, *driver;
    bool stays; /* the folder; else it is useless, and goes with the new answer */
  } cases[] = {
      {"rm out.extxyz", "exec ./engine.sh", false},
      {"sed -i 's/status=ok//' out.extxyz", "exec ./engine.sh", false}, /* the exit code is not known */
      {"sed -i 's/status=ok/status=not_converged/' out.extxyz", "exec ./engine.sh", false},
      {"truncate -s -1 out.extxyz", "exec ./engine.sh", false}, /* perhaps in the middle of a number */
      {"sed -i '$d' out.extxyz", "exec ./engine.sh", false},
      {": >out.extxyz", "exec ./engine.sh keep=none", false},
      {": >out.extxyz", "exec ./engine.sh keep=all", true},
      {"sed -i 's/ 1 2 3$/ 1 2 nan/' out.extxyz", "exec ./engine.sh", false},
      {"sed -i 's/ 2.1/ 2.3/' out.extxyz", "exec ./engine.sh", false},
      {"sed -i 's/ 2.1/ 2.3/' in.extxyz", "exec ./engine.sh", true},
      {"true", "exec ./other.sh", true},
      {"true", "exec ./engine.sh word", true},
      {"true", "exec ./engine.sh maxforce=2", true}, /* for want of a new answer */
      {"rm in.extxyz; mkdir in.extxyz", "exec ./engine.sh", true},
      {"mv in.extxyz x; ln -s x in.extxyz", "exec ./engine.sh", true},
      {"rm .command", "exec ./engine.sh", true},
      {"rm .unfinished", "exec ./engine.sh", true}, /* its end was seen: it was kept for a reason */
      {"mv ../000001 ../other", "exec ./engine.sh", true},
  };
  qm_write_script("engine.sh", ENGINE);
  qm_write_script("other.sh", ENGINE);
  mtp_config *cfg = qm_small_cell();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    char command[256];
    leave_folder("exec ./engine.sh keep=all", cfg);
    snprintf(command, sizeof command, "cd qm/000001 && %s", cases[i].change);
    assert_int_equal(system(command), 0);
    mtp_qm_report report;
    mtp_config_free(qm_label_again(cases[i].driver, cfg, 2, names, &report));
    if (report.tries == 0 || calls() < 2) fail_msg("%s, %s: was taken", cases[i].change, cases[i].driver);
    bool stays = qm_exists("qm/000001") || qm_exists("qm/other");
    if (stays != cases[i].stays) fail_msg("%s, %s: stays: %d", cases[i].change, cases[i].driver, stays);
  }

  /* nor is it taken while the process that asked lives */
  mtp_folder_lock lock;
  leave_folder("exec ./engine.sh keep=all", cfg);
  assert_true(mtp_folder_lock_claim(&lock, "qm/000001"));
  mtp_qm_report report;
  mtp_config_free(qm_label_again("exec ./engine.sh", cfg, 2, names, &report));
  assert_int_equal(report.tries, 1);
  assert_int_equal(calls(), 2);
  assert_true(qm_exists("qm/000001/out.extxyz"));
  mtp_folder_lock_release(&lock);

  /* nor is it taken where no earlier process had begun the call */
  leave_folder("exec ./engine.sh keep=all", cfg);
  mtp_qm *qm = qm_open("exec ./engine.sh keep=all");
  mtp_config *label = NULL;
  mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report);
  assert_int_equal(report.tries, 1);
  assert_int_equal(calls(), 2);
  mtp_config_free(label);
  mtp_qm_close(qm);
  mtp_config_free(cfg);
}

/* Nor is it taken where a command with the same words would find other files beside it. */
static void test_folder_of_another_run(void **state) {
  (void)state;
  static const char driver[] = "exec 'sh $MTP_RUN_DIR/engine.sh' keep=all dir=";
  char text[PATH_MAX + sizeof driver], *scratch = getcwd(NULL, 0);
  assert_non_null(scratch);
  snprintf(text, sizeof text, "%s%s/qm", driver, scratch);
  qm_write_script("engine.sh", ENGINE);
  mtp_config *cfg = qm_small_cell();
  leave_folder(text, cfg);
  assert_int_equal(system("mkdir other && sed s/energy=-1/energy=-2/ engine.sh >other/engine.sh"), 0);
  assert_int_equal(chdir("other"), 0);
  mtp_qm_report report;
  mtp_config *label = qm_label_again(text, cfg, 2, names, &report);
  assert_int_equal(chdir(scratch), 0);
  assert_int_equal(report.tries, 1);
  assert_non_null(label);
  assert_true(label->energy == -2);
  assert_true(qm_exists("qm/000001/out.extxyz"));
  mtp_config_free(label);
  mtp_config_free(cfg);
  free(scratch);
}

static mtp_status take(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  assert_int_equal(i, 0);
  mtp_config_free(label);
  *(mtp_qm_report *)user = *report;
  return MTP_OK;
}

static mtp_qm_report run_recorded(const char *text, const mtp_config *cfg) {
  mtp_calls *record = NULL;
  mtp_qm_report report;
  mtp_qm *qm = qm_open(text);
  assert_int_equal(mtp_calls_open(NULL, "train.extxyz", 2, names, &record), MTP_OK);
  mtp_calls_remember_failures(record);
  assert_int_equal(mtp_calls_run(NULL, record, qm, 1, &cfg, take, &report), MTP_OK);
  mtp_calls_close(record);
  mtp_qm_close(qm);
  return report;
}

/* The job of the first run is still at work when the second asks again and fails; the third finds its result. */
static void test_failure_between(void **state) {
  (void)state;
  qm_write_script("engine.sh", ENGINE);
  qm_write_script("failing.sh", "exit 1");
  mtp_config *cfg = qm_small_cell();
  leave_folder("exec ./engine.sh keep=all", cfg);
  assert_int_equal(run_recorded("exec ./failing.sh retries=0 keep=none", cfg).status, MTP_QM_CRASHED);
  assert_true(qm_exists("train.extxyz.calls"));
  const mtp_qm_report report = run_recorded("exec ./engine.sh", cfg);
  assert_int_equal(report.status, MTP_QM_OK);
  assert_int_equal(report.tries, 0);
  assert_int_equal(calls(), 1);
  assert_false(qm_exists("train.extxyz.calls"));
  mtp_config_free(cfg);
}

/* Only the alternative of the ladder had come to an end; among others. */
static void test_ladder(void **state) {
  (void)state;
  qm_write_script("engine.sh", "echo call >>$MTP_RUN_DIR/called; exit 1");
  qm_write_script("other.sh", ENGINE);
  mtp_config *cfg = qm_small_cell();
  leave_folder("exec ./other.sh keep=all", cfg);
  assert_int_equal(system("cp -r qm/000001 qm/000003 && cp -r qm/000001 qm/000007 && mkdir qm/000005 &&"
                          "rm qm/000001/out.extxyz && : >qm/000007/out.extxyz"),
                   0);
  mtp_qm_report report;
  mtp_config *label = qm_label_again("exec ./engine.sh ladder='./other.sh' keep=all", cfg, 2, names, &report);
  assert_non_null(label);
  assert_int_equal(report.tries, 0);
  assert_int_equal(calls(), 1);
  assert_non_null(strstr(report.dir, "/qm/000003"));
  mtp_config_free(label);
  mtp_config_free(cfg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_finished_result),
      cmocka_unit_test(test_doubtful_results),
      cmocka_unit_test(test_folder_of_another_run),
      cmocka_unit_test(test_failure_between),
      cmocka_unit_test(test_ladder),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
