/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_exec.c
 * The driver `exec`: shell scripts stand for engines that work, lie, fail, hang and die. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/qm.h"
#include "support_qm.h"

static const char *const names[] = {"Al", "Ni"};

#define LATTICE    "Lattice=\"4 0 0 0.5 4 0 -0.25 0.125 4\" "
#define COLUMNS    "Properties=species:S:1:pos:R:3:forces:R:3 "
#define GOOD_ATOMS "Al 0.1 -0.2 0.05 1 2 -3\nNi 2.0 2.1 1.9 -1 -2 3\n"
#define VIRIAL     "virial=\"1 2 3 2 4 5 3 5 6\" "

/* Labels the small cell with a script as the engine; `answer` becomes the file that the script can copy. */
static mtp_config *label_with(const char *script, const char *answer, const char *options, mtp_qm_report *report) {
  char text[256];
  qm_write_script("engine.sh", script);
  qm_write_file("answer.extxyz", answer);
  snprintf(text, sizeof text, "exec ./engine.sh %s", options);
  mtp_qm *qm = qm_open(text);
  mtp_config *cfg = qm_small_cell(), *label = NULL;
  mtp_status status = mtp_qm_label(NULL, qm, cfg, 2, names, &label, report);
  assert_int_equal(status, report->status == MTP_QM_CANNOT_START ? MTP_ERR_QM : MTP_OK);
  if (label) assert_memory_equal(label->x, cfg->x, 6 * sizeof(double));
  mtp_config_free(cfg);
  mtp_qm_close(qm);
  return label;
}

#define COPY "cp $MTP_RUN_DIR/answer.extxyz out.extxyz"

static void test_good_answers(void **state) {
  (void)state;
  static const char *const answers[] = {
      "2\n" LATTICE COLUMNS "energy=-1.5 " VIRIAL "pbc=\"T T T\" status=ok\n" GOOD_ATOMS,
      /* stress in eV/A^3 with ASE's sign; atoms folded back into the cell, as some engines do */
      "2\n" LATTICE COLUMNS "energy=-1.5 stress=\"-0.015625 -0.03125 -0.046875 -0.03125 -0.0625 -0.078125 -0.046875 "
      "-0.078125 -0.09375\" pbc=\"T T T\"\nAl 4.6 3.8 0.05 1 2 -3\nNi 2.0 2.1 1.9 -1 -2 3\n"};
  static const double virial[6] = {1, 4, 6, 2, 3, 5};
  for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
    mtp_qm_report report;
    mtp_config *label = label_with(COPY, answers[i], "", &report);
    if (!label) fail_msg("answer %zu: %s", i, report.reason);
    assert_int_equal(report.tries, 1);
    assert_true(label->energy == -1.5);
    assert_true(label->has_virial);
    for (int k = 0; k < 6; k++) assert_true(fabs(label->virial[k] - virial[k]) < 1e-12);
    assert_true(label->force[2] == -3 && label->force[3] == -1);
    mtp_config_free(label);
    assert_false(qm_exists("qm")); /* nothing to keep */
  }
}

/* With smearing ASE writes an energy extrapolated to none and the one that the forces are the gradient of; a third one
 * came with the configuration and is of somebody else. */
static void test_free_energy(void **state) {
  (void)state;
  static const char *const values[] = {"-1.625", "nan", "-1.6eV"};
  for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
    char answer[512];
    snprintf(answer, sizeof answer,
             "2\n" LATTICE COLUMNS "energy=-1.5 free_energy=%s " VIRIAL "pbc=\"T T T\"\n" GOOD_ATOMS, values[i]);
    qm_write_script("engine.sh", COPY);
    qm_write_file("answer.extxyz", answer);
    mtp_qm *qm = qm_open("exec ./engine.sh retries=0 keep=none");
    mtp_config *cfg = qm_small_cell(), *label = NULL;
    assert_int_equal(mtp_config_set_feature(NULL, cfg, "free_energy", "7"), MTP_OK);
    assert_int_equal(mtp_config_set_feature(NULL, cfg, "group", "hot"), MTP_OK);
    mtp_qm_report report;
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    if (i == 0) {
      assert_non_null(label);
      assert_true(label->energy == -1.625);
      assert_null(mtp_config_get_feature(label, "free_energy"));
      assert_string_equal(mtp_config_get_feature(label, "group"), "hot");
    } else {
      assert_null(label);
      assert_int_equal(report.status, MTP_QM_BAD_DATA);
      assert_non_null(strstr(report.reason, "expected a finite number"));
    }
    mtp_config_free(label);
    mtp_config_free(cfg);
    mtp_qm_close(qm);
  }
}

static void test_request(void **state) {
  (void)state;
  mtp_config *cfg = qm_small_cell(), *label = NULL;
  cfg->x[0] = 0.1 + 1e-17 + 1e-16;
  cfg->has_energy = true; /* results of others must not come back as if they were the engine's */
  cfg->energy = 7;
  cfg->has_max_grade = true;
  cfg->max_grade = 3;
  assert_int_equal(mtp_config_require_force(NULL, cfg), MTP_OK);
  assert_int_equal(mtp_config_set_feature(NULL, cfg, "status", "bad"), MTP_OK);
  qm_write_script("engine.sh", "cp in.extxyz out.extxyz; cp in.extxyz $MTP_RUN_DIR/request.extxyz");
  mtp_qm *qm = qm_open("exec ./engine.sh retries=0 keep=none");
  mtp_qm_report report;
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
  assert_null(label);
  assert_int_equal(report.status, MTP_QM_BAD_DATA);
  assert_string_equal(report.reason, "there is no energy in the result");
  mtp_qm_close(qm);

  mtp_config_set *set = NULL;
  assert_int_equal(mtp_config_set_read(NULL, "request.extxyz", NULL, &set), MTP_OK);
  assert_int_equal(set->n, 1);
  assert_memory_equal(set->configs[0]->x, cfg->x, 6 * sizeof(double));
  assert_memory_equal(set->configs[0]->cell, cfg->cell, 9 * sizeof(double));
  assert_string_equal(set->names[1], "Ni");
  mtp_config_set_free(set);
  mtp_config_free(cfg);
}

static void test_bad_answers(void **state) {
  (void)state;
  static const struct {
    const char *script, *answer, *expected;
    mtp_qm_status status;
  } cases[] = {
      {"true", "", "out.extxyz: No such file", MTP_QM_BAD_DATA},
      {"echo about to fail; exit 4", "", "exit code 4: about to fail", MTP_QM_CRASHED},
      {"echo all is well; echo no licence >&2; exit 1", "", "exit code 1: no licence", MTP_QM_CRASHED},
      {"kill -ABRT $$", "", "signal 6", MTP_QM_CRASHED},
      {"sleep 60", "", "killed after timeout=0.4 s", MTP_QM_TIMEOUT},
      {"echo out of cycles; " COPY, "2\n" LATTICE COLUMNS "energy=-1 status=not_converged\n" GOOD_ATOMS,
       "out.extxyz says status=not_converged: out of cycles", MTP_QM_NOT_CONVERGED},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 status=failed " VIRIAL "\n" GOOD_ATOMS, "says status=failed",
       MTP_QM_CRASHED},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 1 2 -3\n", "out.extxyz", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 1 2 -3\nNi 2.0 2.1 1.9 -1 -2", "out.extxyz",
       MTP_QM_BAD_DATA},
      {COPY, "", "out.extxyz", MTP_QM_BAD_DATA},
      {COPY,
       "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\n" GOOD_ATOMS "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL
       "\n" GOOD_ATOMS,
       "2 configurations, expected one", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=nan " VIRIAL "\n" GOOD_ATOMS, "", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 nan 2 -3\nNi 2.0 2.1 1.9 -1 -2 3\n", "",
       MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1\n" GOOD_ATOMS, "no stress in the result", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS VIRIAL "\n" GOOD_ATOMS, "no energy in the result", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE "Properties=species:S:1:pos:R:3 energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05\nNi 2.0 2.1 1.9\n",
       "no forces in the result", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 0 0 -300\nNi 2.0 2.1 1.9 0 0 300\n",
       "more than maxforce=100", MTP_QM_BAD_DATA},
      {COPY, "1\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 0 0 0\n", "1 atoms, 2 were sent",
       MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nNi 2.0 2.1 1.9 -1 -2 3\nAl 0.1 -0.2 0.05 1 2 -3\n",
       "atom 1 is of another species", MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.05 1 2 -3\nCu 2.0 2.1 1.9 -1 -2 3\n", "Cu",
       MTP_QM_BAD_DATA},
      {COPY, "2\n" LATTICE COLUMNS "energy=-1 " VIRIAL "\nAl 0.1 -0.2 0.06 1 2 -3\nNi 2.0 2.1 1.9 -1 -2 3\n",
       "atom 1 is 0.01 A away", MTP_QM_BAD_DATA},
      {COPY, "2\nLattice=\"4 0.5 -0.25 0 4 0.125 0 0 4\" " COLUMNS "energy=-1 " VIRIAL "\n" GOOD_ATOMS, "another cell",
       MTP_QM_BAD_DATA},
      {"rm -r ../*; true", "", "", MTP_QM_BAD_DATA},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_qm_report report;
    bool hangs = cases[i].status == MTP_QM_TIMEOUT; /* all others get the time that a busy machine needs */
    mtp_config *label =
        label_with(cases[i].script, cases[i].answer,
                   hangs ? "retries=0 keep=none timeout=0.4" : "retries=0 keep=none timeout=50", &report);
    if (report.status != cases[i].status || !strstr(report.reason, cases[i].expected) || label)
      fail_msg("case %zu: %s: %s", i, mtp_qm_status_name(report.status), report.reason);
    assert_true(report.reason[0] != 0);
  }
}

static void test_second_try(void **state) {
  (void)state;
  mtp_qm_report report;
  /* the engine leaves a mark outside its folder, fails at first, and succeeds when it finds the mark */
  mtp_config *label = label_with("test -e $MTP_RUN_DIR/mark && exec cp $MTP_RUN_DIR/answer.extxyz out.extxyz\n"
                                 "touch $MTP_RUN_DIR/mark; echo scratch disk full; exit 9",
                                 "2\n" LATTICE COLUMNS "energy=-1.5 " VIRIAL "\n" GOOD_ATOMS, "", &report);
  assert_non_null(label);
  assert_int_equal(report.tries, 2);
  assert_int_equal(qm_count_entries("qm"), 1); /* the failed one, for its user to look at */
  char *text = qm_read_file("qm/000001/stdout");
  assert_string_equal(text, "scratch disk full\n");
  free(text);
  assert_true(qm_exists("qm/000001/in.extxyz"));
  mtp_config_free(label);
  qm_remove_calls();
}

static void test_command_lost(void **state) {
  (void)state;
  qm_write_script("engine.sh", "true");
  mtp_qm *qm = qm_open("exec ./engine.sh keep=none");
  assert_int_equal(unlink("engine.sh"), 0);
  mtp_context *ctx = mtp_context_new();
  mtp_config *cfg = qm_small_cell(), *label = NULL;
  mtp_qm_report report;
  assert_int_equal(mtp_qm_label(ctx, qm, cfg, 2, names, &label, &report), MTP_ERR_QM);
  assert_int_equal(report.status, MTP_QM_CANNOT_START);
  assert_int_equal(report.tries, 1);
  assert_non_null(strstr(mtp_context_message(ctx), "cannot run './engine.sh': No such file"));
  mtp_config_free(cfg);
  mtp_qm_close(qm);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_good_answers), cmocka_unit_test(test_free_energy), cmocka_unit_test(test_request),
      cmocka_unit_test(test_bad_answers),  cmocka_unit_test(test_second_try),  cmocka_unit_test(test_command_lost),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
