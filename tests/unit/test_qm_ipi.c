/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_ipi.c
 * The driver `ipi` against clients that behave as pw.x, CP2K and ASE do, and against clients that hang, lie and die.
 * The client is this program itself, started with "client" as its first argument. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/qm.h"
#include "qm/drivers/ipi/ipi_socket.h"
#include "support/support.h"
#include "support_ipi.h"
#include "support_learning.h"
#include "support_qm.h"

static const char *const names[] = {"Al", "Ni"};

static char self[512], socket_name[64];

static mtp_qm *open_qm(const char *mode, const char *keys, const char *rest) {
  char text[1024];
  snprintf(text, sizeof text, "ipi unix:%s %s '%s' client %s %s %s", socket_name, keys, self, mode, socket_name, rest);
  return qm_open(text);
}

static mtp_config *make_cell(unsigned long long seed) {
  mtp_config *cfg = learning_crystal(1, 4.05, 0.1, seed);
  cfg->cell[3] = 0.3;
  cfg->cell[6] = -0.2;
  cfg->cell[7] = 0.25;
  return cfg;
}

static void check_label(const mtp_config *label, const mtp_config *cfg) {
  mtp_config *expected = mtp_config_copy(cfg);
  learning_morse(expected);
  assert_non_null(label);
  assert_true(fabs(label->energy - expected->energy) < 1e-10);
  for (size_t i = 0; i < 3 * cfg->n; i++) assert_true(fabs(label->force[i] - expected->force[i]) < 1e-9);
  assert_true(label->has_virial);
  for (int k = 0; k < 6; k++) assert_true(fabs(label->virial[k] - expected->virial[k]) < 1e-9);
  assert_memory_equal(label->x, cfg->x, 3 * cfg->n * sizeof(double));
  mtp_config_free(expected);
}

static bool socket_exists(void) {
  char path[128];
  struct stat st;
  snprintf(path, sizeof path, "/tmp/ipi_%s", socket_name);
  return lstat(path, &st) == 0;
}

/* Several configurations through one client, which must not be started again. */
static void test_manners(void **state) {
  (void)state;
  static const char *const modes[] = {"pw", "ase", "cp2k"};
  for (size_t m = 0; m < 3; m++) {
    mtp_qm *qm = open_qm(modes[m], "", "keep=all");
    for (unsigned long long s = 1; s < 5; s++) {
      mtp_config *cfg = make_cell(s), *label = NULL;
      mtp_qm_report report;
      assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
      if (report.status != MTP_QM_OK) fail_msg("%s: %s", modes[m], report.reason);
      check_label(label, cfg);
      mtp_config_free(label);
      mtp_config_free(cfg);
    }
    assert_true(socket_exists());
    mtp_qm_close(qm);
    assert_false(socket_exists());
    assert_int_equal(qm_count_entries("qm"), 1);
    qm_remove_calls();
  }
}

/* The cell of a file in any orientation, of either hand, with atoms outside. */
static void turn(mtp_config *cfg, bool mirror) {
  static const double axes[9] = {0.36, 0.48, -0.8, -0.8, 0.6, 0, 0.48, 0.64, 0.6}; /* a rotation */
  double *vectors[2] = {cfg->cell, cfg->x};
  const size_t counts[2] = {3, cfg->n};
  for (int part = 0; part < 2; part++)
    for (size_t i = 0; i < counts[part]; i++) {
      double *v = vectors[part] + 3 * i, w[3];
      for (int a = 0; a < 3; a++) w[a] = axes[3 * a] * v[0] + axes[3 * a + 1] * v[1] + axes[3 * a + 2] * v[2];
      memcpy(v, w, sizeof w);
    }
  if (mirror)
    for (int c = 0; c < 3; c++) {
      const double a = cfg->cell[c];
      cfg->cell[c] = cfg->cell[3 + c];
      cfg->cell[3 + c] = a;
    }
  for (size_t c = 0; c < 3; c++) {
    cfg->x[c] += 2 * cfg->cell[3 + c] - cfg->cell[6 + c];
    cfg->x[3 + c] -= cfg->cell[c];
  }
}

/* Is what comes back in the frame of the file, whichever triangle of the virial is filled? */
static void test_frames(void **state) {
  (void)state;
  static const char *const modes[] = {"cp2k", "upper", "lower"};
  for (size_t m = 0; m < 3; m++) {
    mtp_qm *qm = open_qm(modes[m], "", "keep=all");
    for (int k = 0; k < 4; k++) {
      mtp_config *cfg = make_cell(3), *label = NULL;
      mtp_qm_report report;
      if (k > 0) turn(cfg, k == 2);
      if (k == 3)
        for (int c = 0; c < 9; c++) cfg->cell[c] = -cfg->cell[c];
      assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
      if (report.status != MTP_QM_OK) fail_msg("%s %d: %s", modes[m], k, report.reason);
      check_label(label, cfg);
      mtp_config_free(label);
      mtp_config_free(cfg);
    }
    mtp_qm_close(qm);
    assert_int_equal(qm_count_entries("qm"), 1);
    qm_remove_calls();
  }
}

/* Layers and clusters, with and without a vector along the vacuum; the client computes three lattice vectors. */
static void test_vacuum(void **state) {
  (void)state;
  mtp_qm *qm = open_qm("cp2k", "", "keep=none");
  for (int k = 0; k < 6; k++) {
    mtp_config *cfg = make_cell(3), *label = NULL;
    mtp_qm_report report;
    const bool has_vector = k % 2, mirror = k == 5;
    turn(cfg, mirror);
    const int first = k / 2 == 0 ? 2 : k / 2 == 1 ? 1 : 0; /* a layer, a wire, a cluster */
    for (int d = first; d < 3; d++) {
      cfg->periodic[d] = false;
      for (int c = 0; c < 3; c++) cfg->cell[3 * d + c] *= has_vector ? 12 : 0;
    }
    mtp_config *expected = mtp_config_copy(cfg);
    learning_morse(expected);
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    if (report.status != MTP_QM_OK) fail_msg("%d: %s", k, report.reason);
    assert_true(fabs(label->energy - expected->energy) < 1e-9);
    for (size_t i = 0; i < 3 * cfg->n; i++) assert_true(fabs(label->force[i] - expected->force[i]) < 1e-9);
    assert_false(label->has_virial);
    mtp_config_free(expected);
    mtp_config_free(label);
    mtp_config_free(cfg);
  }
  mtp_qm_close(qm);
  qm_remove_calls();
}

/* Other atoms need another client; so does another cell where the basis is frozen. */
static void test_restarts(void **state) {
  (void)state;
  mtp_qm *qm = open_qm("cp2k", "cell=frozen", "keep=all");
  for (int k = 0; k < 4; k++) {
    mtp_config *cfg = make_cell(1), *label = NULL;
    mtp_qm_report report;
    if (k == 1) cfg->species[2] = 1;
    if (k == 3) cfg->cell[4] += 0.01;
    if (k == 3) cfg->species[2] = 1;
    if (k == 2) cfg->species[2] = 1;
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    check_label(label, cfg);
    mtp_config_free(label);
    mtp_config_free(cfg);
  }
  mtp_qm_close(qm);
  assert_int_equal(qm_count_entries("qm"), 3);
  qm_remove_calls();

  qm = open_qm("cp2k", "cell=frozen", "keep=all"); /* a turned cell is no other one */
  for (int k = 0; k < 2; k++) {
    mtp_config *cfg = make_cell(1), *label = NULL;
    mtp_qm_report report;
    if (k) turn(cfg, false);
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    check_label(label, cfg);
    mtp_config_free(label);
    mtp_config_free(cfg);
  }
  mtp_qm_close(qm);
  assert_int_equal(qm_count_entries("qm"), 1);
  qm_remove_calls();
}

static void test_bad_clients(void **state) {
  (void)state;
  static const struct {
    const char *mode, *keys, *rest;
    mtp_qm_status status;
    const char *reason;
  } cases[] = {
      {"absent", "", "retries=1", MTP_QM_CRASHED, "ended with exit code 3"},
      {"asleep", "connect=0.3", "retries=1", MTP_QM_TIMEOUT, "no client connected within connect=0.3 s"},
      {"mute", "connect=2", "retries=1", MTP_QM_TIMEOUT, "did not answer in time (before it was given"},
      {"hang", "", "retries=1 timeout=0.3", MTP_QM_TIMEOUT, "did not answer in time (while it computed"},
      {"die", "", "retries=1", MTP_QM_CRASHED, "closed the connection (while it computed"},
      {"cut", "", "retries=1", MTP_QM_CRASHED, "closed the connection (while it sent its results"},
      {"word", "", "retries=1", MTP_QM_BAD_DATA, "should send FORCEREADY and says 'FORCEDREADY?'"},
      {"atoms", "", "retries=1", MTP_QM_BAD_DATA, "the result is of 5 atoms, 4 were sent"},
      {"extra", "", "retries=1", MTP_QM_BAD_DATA, "announces 1073741824 bytes"},
      {"stale", "", "retries=1", MTP_QM_BAD_DATA, "should be READY and says 'HAVEDATA'"},
      {"nan", "", "retries=1", MTP_QM_BAD_DATA, "a force is not finite"},
      {"zero", "", "retries=1", MTP_QM_BAD_DATA, "the virial is zero"},
      {"skew", "", "retries=1", MTP_QM_BAD_DATA, "the virial is not symmetric"},
      {"log", "", "retries=1", MTP_QM_NOT_CONVERGED, "stdout: *** WARNING: SCF run NOT converged"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_qm *qm = open_qm(cases[i].mode, cases[i].keys, cases[i].rest);
    mtp_config *cfg = make_cell(1), *label = NULL;
    mtp_qm_report report;
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    assert_null(label);
    if (report.status != cases[i].status || !strstr(report.reason, cases[i].reason))
      fail_msg("%s: %s: %s", cases[i].mode, mtp_qm_status_name(report.status), report.reason);
    assert_int_equal(report.tries, 2);
    assert_true(qm_exists(report.dir)); /* that of the failed call is kept */
    mtp_config_free(cfg);
    mtp_qm_close(qm);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
    assert_int_equal(errno, ECHILD);
    assert_false(socket_exists());
    qm_remove_calls();
  }
}

/* A client that dies is started again, and the call it died of is made again. */
static void test_death(void **state) {
  (void)state;
  mtp_qm *qm = open_qm("second", "", "retries=1");
  for (unsigned long long s = 1; s < 5; s++) {
    mtp_config *cfg = make_cell(s), *label = NULL;
    mtp_qm_report report;
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    check_label(label, cfg);
    assert_int_equal(report.tries, s == 1 ? 1 : 2);
    mtp_config_free(label);
    mtp_config_free(cfg);
  }
  mtp_qm_close(qm);
  qm_remove_calls();
}

static void test_addresses(void **state) {
  (void)state;
  char text[256], path[128];
  static const char *const bad[][2] = {
      {"ipi", "expected an ADDRESS"},         {"ipi here", "expected unix:NAME or HOST:PORT"},
      {"ipi unix:", "expected unix:NAME"},    {"ipi unix:a/b", "no /"},
      {"ipi localhost:x", "HOST:PORT"},       {"ipi localhost:70000", "HOST:PORT"},
      {"ipi unix:a connect=0", "connect=0:"}, {"ipi unix:a cell=warm", "cell=warm: expected"},
      {"ipi unix:a no-such-client", "PATH"},  {"ipi unix:a bad=", "bad=: expected"}};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) qm_open_fails(bad[i][0], bad[i][1]);
  /* in use by another run: refused, and the other one is not disturbed */
  mtp_qm *other = open_qm("cp2k", "", "");
  snprintf(text, sizeof text, "ipi unix:%s", socket_name);
  qm_open_fails(text, "is in use by another run");
  assert_true(socket_exists());
  mtp_qm_close(other);
  /* left behind by a run that was killed: replaced */
  mtp_listener listener;
  char address[128];
  snprintf(address, sizeof address, "unix:%s", socket_name);
  snprintf(path, sizeof path, "/tmp/ipi_%s", socket_name);
  assert_int_equal(mtp_listen(NULL, &listener, address), MTP_OK);
  close(listener.fd);
  free(listener.path);
  assert_true(socket_exists());
  mtp_qm_close(qm_open(text));
  /* something else of that name is left alone */
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fclose(f);
  qm_open_fails(text, "is no socket");
  assert_true(socket_exists());
  /* of another user: only root can try */
  unlink(path);
  if (geteuid() == 0) {
    assert_int_equal(mtp_listen(NULL, &listener, address), MTP_OK);
    close(listener.fd);
    assert_int_equal(chown(path, 65534, 65534), 0);
    qm_open_fails(text, "belongs to another user");
    assert_true(socket_exists());
    unlink(path);
    free(listener.path);
  }
}

static volatile sig_atomic_t stop_everything;

static void on_alarm(int number) {
  stop_everything = number;
}

/* A stop and a budget reach a client that says again and again that it is busy, and one that never connects. */
static void test_ends(void **state) {
  (void)state;
  mtp_config *cfg = make_cell(1), *label = NULL;
  mtp_qm_report report;
  signal(SIGALRM, on_alarm);
  mtp_qm *qm = open_qm("busy", "", "");
  mtp_qm_set_stop(qm, &stop_everything);
  alarm(1);
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_ERR_STOPPED);
  assert_int_equal(report.status, MTP_QM_STOPPED);
  mtp_qm_close(qm);
  signal(SIGALRM, SIG_DFL);

  double start = mtp_now();
  qm = open_qm("asleep", "connect=60", "budget=1");
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_ERR_STOPPED);
  assert_true(mtp_now() - start < 30);
  assert_non_null(strstr(report.reason, "budget=1 is spent"));
  mtp_qm_close(qm);
  qm = open_qm("asleep", "connect=0.3", "budget=600 retries=1"); /* that is not the budget's fault */
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
  assert_int_equal(report.status, MTP_QM_TIMEOUT);
  assert_int_equal(report.tries, 2);
  mtp_qm_close(qm);
  mtp_config_free(cfg);
  qm_remove_calls();
}

/* A client that was given up must not be taken for the one that another worker waits for: nothing in the protocol would
 * tell, and the label would be of other species. */
static mtp_status check_species(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  int *good = user;
  if (report->status == MTP_QM_OK) {
    assert_true(fabs(label->energy - (i == 0 ? -1 : -100)) < 1e-6);
    ++*good;
  }
  mtp_config_free(label);
  return MTP_OK;
}

static void test_late_client(void **state) {
  (void)state;
  mtp_qm *qm = open_qm("late", "connect=1", "workers=2 retries=2");
  mtp_config *configs[2] = {make_cell(1), make_cell(2)};
  int good = 0;
  for (size_t k = 0; k < configs[1]->n; k++) configs[1]->species[k] = 1;
  assert_int_equal(
      mtp_qm_label_all(NULL, qm, 2, (const mtp_config *const *)configs, NULL, 2, names, check_species, &good), MTP_OK);
  assert_true(good >= 1);
  for (int k = 0; k < 2; k++) mtp_config_free(configs[k]);
  mtp_qm_close(qm);
  qm_remove_calls();
}

/* Several workers share the address; a stranger who connects first is turned away. */
static mtp_status count_answer(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  int *good = user;
  (void)i;
  if (report->status == MTP_QM_OK) ++*good;
  mtp_config_free(label);
  return MTP_OK;
}

static void test_workers(void **state) {
  (void)state;
  mtp_qm *qm = open_qm("pw", "", "workers=3 keep=all");
  int stranger = ipi_connect(socket_name), good = 0;
  assert_true(stranger >= 0);
  mtp_config *configs[12];
  for (unsigned long long i = 0; i < 12; i++) configs[i] = make_cell(i + 1);
  assert_int_equal(
      mtp_qm_label_all(NULL, qm, 12, (const mtp_config *const *)configs, NULL, 2, names, count_answer, &good), MTP_OK);
  assert_int_equal(good, 12);
  assert_int_equal(qm_count_entries("qm"), 3);
  char byte;
  assert_int_equal(read(stranger, &byte, 1), 0); /* closed without a word */
  close(stranger);
  for (int i = 0; i < 12; i++) mtp_config_free(configs[i]);
  mtp_qm_close(qm);
  qm_remove_calls();
}

/* An inet address, and a client that somebody else started. */
static void test_inet(void **state) {
  (void)state;
  char text[128], port[16];
  mtp_qm *qm = NULL;
  for (int p = 31415; p < 31515 && !qm; p++) {
    snprintf(port, sizeof port, "%d", p);
    snprintf(text, sizeof text, "ipi localhost:%s connect=5", port);
    (void)mtp_qm_open(NULL, text, NULL, 0, &qm);
  }
  assert_non_null(qm);
  pid_t child = fork();
  if (child == 0) {
    execl("/bin/bash", "bash", "-c", "exec 3<>/dev/tcp/localhost/$0; exec \"$1\" client cp2k fd:3", port, self,
          (char *)NULL);
    _exit(1);
  }
  for (unsigned long long s = 1; s < 4; s++) {
    mtp_config *cfg = make_cell(s), *label = NULL;
    mtp_qm_report report;
    assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
    if (report.status != MTP_QM_OK) fail_msg("%s", report.reason);
    check_label(label, cfg);
    mtp_config_free(label);
    mtp_config_free(cfg);
  }
  /* other atoms: it cannot be started again, and that is said */
  mtp_config *other = learning_crystal(2, 4.05, 0.1, 1), *label = NULL;
  mtp_qm_report report;
  assert_int_equal(mtp_qm_label(NULL, qm, other, 2, names, &label, &report), MTP_ERR_QM);
  assert_non_null(strstr(report.reason, "without a COMMAND"));
  mtp_config_free(other);
  mtp_qm_close(qm);
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
  if (argc >= 4 && strcmp(argv[1], "client") == 0) {
    return ipi_client(argv[2], argv[3]);
  }
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  if (length <= 0) return 77;
  self[length] = 0;
  snprintf(socket_name, sizeof socket_name, "mtp-test-%ld", (long)getpid());
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_manners),   cmocka_unit_test(test_frames),      cmocka_unit_test(test_vacuum),
      cmocka_unit_test(test_restarts),  cmocka_unit_test(test_bad_clients), cmocka_unit_test(test_death),
      cmocka_unit_test(test_addresses), cmocka_unit_test(test_workers),     cmocka_unit_test(test_inet),
      cmocka_unit_test(test_ends),      cmocka_unit_test(test_late_client),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
