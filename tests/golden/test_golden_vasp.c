/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_golden_vasp.c
 * Real OUTCAR files: their steps against what another program read from one of them, against the units in which VASP
 * prints the same stress, and cut short anywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/outcar.h"
#include "support/support.h"
#include "support_qm.h"

static const char *shared;

static const char *shared_path(const char *name) {
  static char path[512];
  snprintf(path, sizeof path, "%s/data/vasp/%s", shared, name);
  return path;
}

static mtp_vasp_output read_outcar(const char *path) {
  mtp_context *ctx = mtp_context_new();
  mtp_vasp_output out;
  if (mtp_vasp_outcar_read(ctx, path, &out) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  mtp_context_free(ctx);
  return out;
}

static void expect_near(const char *what, size_t n, const double *got, const double *want, double tolerance) {
  for (size_t i = 0; i < n; i++)
    if (!(fabs(got[i] - want[i]) <= tolerance)) fail_msg("%s %zu: %.10g, expected %.10g", what, i, got[i], want[i]);
}

/* A relaxation in three steps; the element of the first pseudopotential has no atoms. */
static void test_against_cfg(void **state) {
  (void)state;
  mtp_vasp_output out = read_outcar(shared_path("OUTCAR.2"));
  mtp_config_set *set = NULL;
  assert_int_equal(mtp_config_set_read(NULL, shared_path("OUTCAR.2.cfg"), NULL, &set), MTP_OK);
  assert_true(out.finished && out.last_converged && out.last_is_complete);
  assert_int_equal(out.begun, 3);
  assert_int_equal(out.steps->n, set->n);
  assert_int_equal(out.steps->species_count, 2);
  assert_string_equal(out.steps->names[0], "Pd");
  assert_string_equal(out.steps->names[1], "Ag");
  for (size_t c = 0; c < set->n; c++) {
    const mtp_config *got = out.steps->configs[c], *want = set->configs[c];
    assert_true(out.converged[c]);
    assert_int_equal(got->n, want->n);
    assert_true(got->has_energy && got->has_virial && got->periodic[0] && got->periodic[1] && got->periodic[2]);
    for (size_t i = 0; i < got->n; i++) assert_int_equal(got->species[i], 1);
    expect_near("energy", 1, &got->energy, &want->energy, 1e-9);
    expect_near("cell", 9, got->cell, want->cell, 5.1e-7);
    expect_near("position", 3 * got->n, got->x, want->x, 1e-9);
    expect_near("force", 3 * got->n, got->force, want->force, 1e-9);
    expect_near("virial", 6, got->virial, want->virial, 1e-9);
  }
  mtp_config_set_free(set);
  mtp_vasp_output_free(&out);
}

/* The same stress in kilobar, which takes the volume of each step. */
static void test_kilobar(void **state) {
  (void)state;
  size_t size;
  char *text = NULL;
  mtp_vasp_output whole = read_outcar(shared_path("OUTCAR.2"));
  assert_int_equal(mtp_file_read(NULL, shared_path("OUTCAR.2"), &text, &size), MTP_OK);
  for (char *at = text; (at = strstr(at, "\n  Total ")); at++) memcpy(at + 3, "total", 5);
  qm_write_file("OUTCAR", text);
  free(text);
  mtp_vasp_output out = read_outcar("OUTCAR");
  assert_int_equal(out.steps->n, 3);
  for (size_t c = 0; c < 3; c++)
    expect_near("virial", 6, out.steps->configs[c]->virial, whole.steps->configs[c]->virial, 1e-5);
  mtp_vasp_output_free(&out);
  mtp_vasp_output_free(&whole);
}

static void test_single_point(void **state) {
  (void)state;
  static const double kilobar[6] = {-42.30106, -52.91552, -24.54596, 0, 0, 1.38363}; /* xx yy zz xy xz yz */
  mtp_vasp_output out = read_outcar(shared_path("OUTCAR.1"));
  assert_true(out.finished && out.last_converged && out.last_is_complete);
  assert_int_equal(out.steps->n, 1);
  const mtp_config *cfg = out.steps->configs[0];
  assert_int_equal(cfg->n, 49);
  for (size_t i = 0; i < cfg->n; i++)
    assert_string_equal(out.steps->names[cfg->species[i]], i < 1 ? "Li" : i < 17 ? "Ti" : "O");
  assert_true(fabs(cfg->energy + 428.16324835) < 1e-10);
  assert_true(fabs(cfg->force[2] + 0.198293) < 1e-12);
  assert_true(fabs(cfg->x[3 * 48 + 2] - 7.38233) < 1e-12 && fabs(cfg->force[3 * 48 + 2] + 0.016982) < 1e-12);
  for (int k = 0; k < 6; k++) {
    double stress = cfg->virial[k] * 1602.1766208 / mtp_config_volume(cfg);
    if (fabs(stress - kilobar[k]) > 5e-5) fail_msg("stress %d: %.6f kB, printed as %.6f", k, stress, kilobar[k]);
  }
  mtp_vasp_output_free(&out);
}

/* Whatever is missing at the end, nothing passes for a finished run, and what is read are whole steps. */
static void test_cut_short(void **state) {
  (void)state;
  size_t size;
  char *text = NULL;
  mtp_vasp_output whole = read_outcar(shared_path("OUTCAR.2"));
  assert_int_equal(mtp_file_read(NULL, shared_path("OUTCAR.2"), &text, &size), MTP_OK);
  size_t end = (size_t)(strstr(text, "General timing and accounting informations for this job:\n") - text) + 57;
  for (size_t n = end - 1; n > 1000; n -= n > end - 3000 ? 7 : 1009) {
    text[n] = 0;
    qm_write_file("OUTCAR", text);
    mtp_vasp_output out = read_outcar("OUTCAR");
    if (out.finished) fail_msg("finished after %zu bytes", n);
    assert_true(out.steps->n <= out.begun && out.steps->n + 1 >= out.begun);
    for (size_t c = 0; c < out.steps->n; c++)
      assert_memory_equal(out.steps->configs[c]->force, whole.steps->configs[c]->force, 96 * sizeof(double));
    mtp_vasp_output_free(&out);
  }
  free(text);
  mtp_vasp_output_free(&whole);
}

int main(void) {
  shared = getenv("MTP_SHARED");
  FILE *f = shared ? fopen(shared_path("OUTCAR.2.cfg"), "r") : NULL;
  if (!f) return 77;
  fclose(f);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_against_cfg),
      cmocka_unit_test(test_kilobar),
      cmocka_unit_test(test_single_point),
      cmocka_unit_test(test_cut_short),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
