/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_check_driver.c
 * The check of drivers by differences of the energy, on springs between the atoms of a cluster and on drivers that get
 * something wrong. Periodic systems are in tests/cli/plugin.sh. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/qm.h"
#include "support_data.h"

enum { ATOMS = 3, CALLS = 13 }; /* a base, and two atoms to both sides in three directions */

/* How the driver is wrong. */
typedef struct spring {
  double force_factor; /* 1: right */
  bool no_forces;
  int fails_at; /* number of a call, -1: none */
  int calls;
} spring;

static mtp_qm_status open_spring(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                                 const char *const *arguments, void **state) {
  (void)ctx, (void)setup, (void)count, (void)arguments;
  *state = user;
  return MTP_QM_OK;
}

static mtp_qm_status label(void *state, mtp_qm_call *call) {
  spring *s = state;
  mtp_config *out = call->label;
  const double *x = call->config->x;
  if (s->calls++ == s->fails_at) return mtp_qm_fail(call->ctx, MTP_QM_CRASHED, "the spring broke");
  if (!s->no_forces && mtp_config_require_force(call->ctx, out) != MTP_OK) return MTP_QM_CRASHED;
  out->has_energy = true;
  out->energy = 0;
  for (size_t i = 0; i < out->n; i++)
    for (size_t j = 0; j < i; j++) {
      double d[3], r = 0;
      for (int a = 0; a < 3; a++) d[a] = x[3 * i + (size_t)a] - x[3 * j + (size_t)a];
      r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
      out->energy += 0.5 * (r - 2.0) * (r - 2.0);
      for (size_t a = 0; !s->no_forces && a < 3; a++) {
        const double f = -s->force_factor * (r - 2.0) * d[a] / r;
        out->force[3 * i + a] += f;
        out->force[3 * j + a] -= f;
      }
    }
  return MTP_QM_OK;
}

static void close_spring(void *state) {
  (void)state;
}

typedef struct steps {
  int told, last, total;
} steps;

static void progress(void *user, int done, int total) {
  steps *s = user;
  s->told++;
  s->last = done;
  s->total = total;
}

static mtp_qm_check check(spring *s, steps *told) {
  static const char *const names[] = {"Al"};
  static const double x[3 * ATOMS] = {0, 0, 0, 2.5, 0.3, 0, 0.4, 2.7, 0.6};
  const mtp_qm_driver driver = {
      .name = "spring", .in_process = true, .open = open_spring, .label = label, .close = close_spring, .user = s};
  const mtp_qm_check_options options = {progress, told};
  mtp_context *ctx = mtp_context_new();
  mtp_config *cfg = mtp_config_new(ATOMS);
  mtp_qm *qm = NULL;
  mtp_qm_check out;
  memcpy(cfg->x, x, sizeof x);
  data_must(ctx, mtp_qm_open(ctx, "spring retries=0 require=none keep=none", &driver, 1, &qm));
  data_must(ctx, mtp_qm_check_driver(ctx, qm, cfg, 1, names, &options, &out));
  mtp_qm_close(qm);
  mtp_config_free(cfg);
  mtp_context_free(ctx);
  return out;
}

static void test_good(void **state) {
  (void)state;
  spring s = {.force_factor = 1, .fails_at = -1};
  steps told = {0};
  const mtp_qm_check c = check(&s, &told);
  assert_int_equal(c.problem_count, 0);
  assert_true(c.complete && !c.periodic);
  assert_int_equal(c.calls, CALLS);
  assert_int_equal(c.atom_count, 2);
  assert_int_equal(c.atoms[0], 0);
  assert_true(c.force_deviation < 1e-4); /* of the second order in a step of 0.01 A */
  assert_true(fabs(c.force_reported[0] - c.force_expected[0]) < 1e-4 && c.force_reported[0] != 0);
  assert_int_equal(told.told, CALLS + 1);
  assert_int_equal(told.last, CALLS);
  assert_int_equal(told.total, CALLS);
}

static void test_wrong_forces(void **state) {
  (void)state;
  static const struct {
    double factor;
    const char *text;
  } cases[] = {{-1, "the sign is reversed"}, {1 / 51.4220674763, "Hartree/bohr"}, {1.2, "wrong unit"}};
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    spring s = {.force_factor = cases[k].factor, .fails_at = -1};
    steps told = {0};
    const mtp_qm_check c = check(&s, &told);
    assert_true(c.complete);
    assert_int_equal(c.problem_count, 1);
    assert_non_null(strstr(c.problems[0], cases[k].text));
  }
}

/* There is nothing to compare then, and no call is made that could be spared. */
static void test_incomplete(void **state) {
  (void)state;
  steps told = {0};
  spring silent = {.no_forces = true, .fails_at = -1}, broken = {.force_factor = 1, .fails_at = 4};
  mtp_qm_check c = check(&silent, &told);
  assert_false(c.complete);
  assert_int_equal(c.problem_count, 1);
  assert_string_equal(c.problems[0], "the driver gives no forces");
  c = check(&broken, &told);
  assert_false(c.complete);
  assert_int_equal(c.problem_count, 1);
  assert_non_null(strstr(c.problems[0], "a call failed: crashed: the spring broke"));
  assert_int_equal(broken.calls, 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_wrong_forces),
                                     cmocka_unit_test(test_incomplete)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
