/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_qm_policy.c
 * What surrounds every QM driver: driver strings, retries, folders, and the checks of labels. The driver here is a
 * function of the test, handed in as LAMMPS hands in its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "mtp/qm.h"
#include "qm/driver_string.h"
#include "support_qm.h"

static const char *const names[] = {"Al", "Ni"};

/* What the fake driver does. */
typedef struct fake {
  int failures; /* calls that fail before one succeeds */
  mtp_qm_status failure;
  int silent;                       /* the number of the first failure that says nothing; 0: all do */
  const char *says;                 /* of a failure; NULL: its number */
  void (*spoil)(mtp_config *label); /* applied to a good label */
  int calls, opened, closed;
  char words[256]; /* arguments it was opened with */
  char dir[512];   /* of the last call */
} fake;

static mtp_qm_status fake_open(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                               const char *const *arguments, void **state) {
  (void)setup;
  fake *f = user;
  f->words[0] = 0;
  for (int i = 0; i < count; i++)
    snprintf(f->words + strlen(f->words), sizeof f->words - strlen(f->words), "[%s]", arguments[i]);
  if (strcmp(f->words, "[refuse]") == 0) return mtp_qm_fail(ctx, MTP_QM_CANNOT_START, "told to refuse");
  f->opened++;
  *state = f;
  return MTP_QM_OK;
}

static mtp_qm_status fake_label(void *state, mtp_qm_call *call) {
  fake *f = state;
  mtp_config *label = call->label;
  snprintf(f->dir, sizeof f->dir, "%s", call->dir ? call->dir : "");
  assert_false(label->has_energy);
  assert_null(label->force);
  if (f->calls++ < f->failures) {
    label->has_energy = true; /* half a result, which must not reach the next try */
    if (f->silent && f->calls >= f->silent) return f->failure;
    if (f->says) return mtp_qm_fail(call->ctx, f->failure, "%s", f->says);
    return mtp_qm_fail(call->ctx, f->failure, "failure %d", f->calls);
  }
  label->has_energy = label->has_virial = true;
  label->energy = -3;
  for (int k = 0; k < 6; k++) label->virial[k] = 1 + k;
  assert_int_equal(mtp_config_require_force(NULL, label), MTP_OK);
  for (size_t c = 0; c < 3; c++) {
    label->force[c] = 1;
    label->force[3 * (label->n - 1) + c] = -1;
  }
  if (f->spoil) f->spoil(label);
  return MTP_QM_OK;
}

static void fake_close(void *state) {
  ((fake *)state)->closed++;
}

static mtp_qm *open_fake(fake *f, bool needs_dir, const char *text) {
  mtp_qm_driver driver = {
      .name = "fake", .needs_dir = needs_dir, .open = fake_open, .label = fake_label, .close = fake_close, .user = f};
  mtp_context *ctx = mtp_context_new();
  mtp_qm *qm = NULL;
  if (mtp_qm_open(ctx, text, &driver, 1, &qm) != MTP_OK) fail_msg("%s", mtp_context_message(ctx));
  mtp_context_free(ctx);
  return qm;
}

/* Labels the small cell with a fake driver; returns the label, if any, to be freed. */
static mtp_config *label_with(fake *f, bool needs_dir, const char *text, const mtp_config *cfg, mtp_qm_report *report) {
  mtp_qm *qm = open_fake(f, needs_dir, text);
  mtp_config *label = NULL;
  mtp_status status = mtp_qm_label(NULL, qm, cfg, 2, names, &label, report);
  assert_int_equal(status, report->status == MTP_QM_CANNOT_START ? MTP_ERR_QM : MTP_OK);
  assert_true((label != NULL) == (report->status == MTP_QM_OK));
  mtp_qm_close(qm);
  assert_int_equal(f->closed, 1);
  return label;
}

static void test_words(void **state) {
  (void)state;
  mtp_qm_string s;
  assert_int_equal(
      mtp_qm_string_parse(NULL, "exec python calc.py --x=1 timeout=30 'a b'  \"c 'd' \\\"e\\\"\" f\\ g ''", &s),
      MTP_OK);
  static const char *const words[] = {"python", "calc.py", "--x=1", "a b", "c 'd' \"e\"", "f g", ""};
  assert_string_equal(s.name, "exec");
  assert_int_equal(s.count, 7);
  for (int i = 0; i < 7; i++) assert_string_equal(s.arguments[i], words[i]);
  assert_true(s.policy.timeout == 30);
  mtp_qm_string_free(&s);

  assert_int_equal(mtp_qm_string_parse(NULL, " x ", &s), MTP_OK);
  assert_true(s.policy.timeout == 0 && s.policy.retries == 2 && s.policy.max_force == 100);
  assert_true(s.policy.require_forces && s.policy.require_stress && s.policy.keep == MTP_QM_KEEP_FAILED);
  assert_string_equal(s.policy.dir, "qm");
  mtp_qm_string_free(&s);

  assert_int_equal(
      mtp_qm_string_parse(
          NULL, "x timeout=2.5 retries=0 dir='my calls' keep=all maxforce=1e3 require=forces workers=1 y timeout=none",
          &s),
      MTP_OK);
  assert_true(s.policy.timeout == 0 && s.policy.retries == 0 && s.policy.max_force == 1000);
  assert_true(s.policy.require_forces && !s.policy.require_stress && s.policy.keep == MTP_QM_KEEP_ALL);
  assert_string_equal(s.policy.dir, "my calls");
  assert_int_equal(s.count, 1);
  mtp_qm_string_free(&s);

  /* words that look like keys but are not: quoted, behind --, of another name */
  assert_int_equal(mtp_qm_string_parse(NULL, "x sh 'timeout=3' input=1 --keep=no retries -- keep=all", &s), MTP_OK);
  assert_int_equal(s.count, 7);
  assert_string_equal(s.arguments[1], "timeout=3");
  assert_string_equal(s.arguments[5], "--"); /* that of the command */
  assert_string_equal(s.arguments[6], "keep=all");
  assert_true(s.policy.keep == MTP_QM_KEEP_FAILED);
  mtp_qm_string_free(&s);
  assert_int_equal(mtp_qm_string_parse(NULL, "x retries=1 -- retries=5 --", &s), MTP_OK);
  assert_int_equal(s.count, 2);
  assert_string_equal(s.arguments[0], "retries=5");
  assert_true(s.policy.retries == 1);
  mtp_qm_string_free(&s);
}

static void test_bad_strings(void **state) {
  (void)state;
  static const struct {
    const char *text, *expected;
    mtp_status status;
  } cases[] = {
      {"", "expected the name of a driver", MTP_ERR_ARGUMENT},
      {"  ", "expected the name of a driver", MTP_ERR_ARGUMENT},
      {"vaps x", "no driver 'vaps': the drivers here are fake, exec, ipi, qe, vasp, plugin, none", MTP_ERR_ARGUMENT},
      {"exec 'true", "nothing closes or follows the ' in: 'true", MTP_ERR_ARGUMENT},
      {"exec true \\", "nothing closes or follows the \\ in: \\", MTP_ERR_ARGUMENT},
      {"exec timeot=3 true", "unknown key in 'timeot=3'", MTP_ERR_ARGUMENT},
      {"none color=red", "unknown key in 'color=red': the keys of all drivers are timeout, retries", MTP_ERR_ARGUMENT},
      {"exec true timout=3", "'timout=3' looks like the key timeout= misspelt; put --", MTP_ERR_ARGUMENT},
      {"exec true max_force=3", "looks like the key maxforce=", MTP_ERR_ARGUMENT},
      {"exec true Worker=3", "looks like the key workers=", MTP_ERR_ARGUMENT},
      {"exec true timeout=soon", "timeout=soon: expected seconds", MTP_ERR_ARGUMENT},
      {"exec true timeout=-1", "timeout=-1", MTP_ERR_ARGUMENT},
      {"exec true timeout=nan", "timeout=nan", MTP_ERR_ARGUMENT},
      {"exec true retries=1.5", "retries=1.5: expected a whole number", MTP_ERR_ARGUMENT},
      {"exec true retries=", "retries=: expected", MTP_ERR_ARGUMENT},
      {"exec true keep=some", "keep=some: expected failed, all or none", MTP_ERR_ARGUMENT},
      {"exec true maxforce=0", "maxforce=0: expected a positive number", MTP_ERR_ARGUMENT},
      {"exec true require=forces,charges", "expected forces, stress", MTP_ERR_ARGUMENT},
      {"exec true require=", "expected forces, stress", MTP_ERR_ARGUMENT},
      {"exec true dir=", "expected the name of a folder", MTP_ERR_ARGUMENT},
      {"exec true workers=0", "workers=0: expected a whole number from 1 to 1024", MTP_ERR_ARGUMENT},
      {"fake workers=4", "workers=4: the driver fake makes one call after the other", MTP_ERR_ARGUMENT},
      {"fake ladder=a", "ladder=: the driver fake has nothing to vary", MTP_ERR_ARGUMENT},
      {"exec true ladder=", "ladder=: expected names with commas", MTP_ERR_ARGUMENT},
      {"exec true ladder=a,,b", "ladder=a,,b: expected names with commas", MTP_ERR_ARGUMENT},
      {"exec true ladder=true,no-such-command-here", "ladder=: no such command: 'no-such-command-here'", MTP_ERR_QM},
      {"exec true budget=-3", "budget=-3: expected seconds", MTP_ERR_ARGUMENT},
      {"exec true budget=0", "budget=0: expected seconds above zero or none", MTP_ERR_ARGUMENT},
      {"exec true mintime=x", "mintime=x: expected seconds", MTP_ERR_ARGUMENT},
      {"exec true maxfail=-1", "maxfail=-1: expected a whole number", MTP_ERR_ARGUMENT},
      {"exec", "expected a COMMAND", MTP_ERR_QM},
      {"qe", "expected a TEMPLATE", MTP_ERR_QM},
      {"none 3", "takes no arguments, found '3'", MTP_ERR_QM},
      {"exec no-such-command-here", "'no-such-command-here' is not on PATH", MTP_ERR_QM},
      {"exec true dir=file/qm", "cannot create the folder", MTP_ERR_QM},
      {"exec true dir=file", "Not a directory", MTP_ERR_QM},
      {"fake refuse", "QM driver fake cannot start: told to refuse", MTP_ERR_QM},
  };
  fake f = {0};
  mtp_qm_driver driver = {.name = "fake", .open = fake_open, .label = fake_label, .close = fake_close, .user = &f};
  mtp_context *ctx = mtp_context_new();
  qm_write_file("file", "");
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    mtp_qm *qm = (mtp_qm *)&f;
    mtp_status status = mtp_qm_open(ctx, cases[i].text, &driver, 1, &qm);
    const char *message = mtp_context_message(ctx);
    if (status != cases[i].status || !strstr(message, cases[i].expected))
      fail_msg("qm \"%s\" gives status %d: %s", cases[i].text, (int)status, message);
    assert_null(qm);
  }
  assert_int_equal(f.opened, 0);
  assert_int_equal(f.closed, 0);
  assert_false(qm_exists("qm")); /* what could not be opened leaves nothing behind */
  mtp_context_free(ctx);
}

static void test_names(void **state) {
  (void)state;
  fake f = {0};
  mtp_qm *qm = open_fake(&f, false, "fake one timeout=5 two");
  assert_string_equal(mtp_qm_text(qm), "fake one timeout=5 two");
  assert_string_equal(mtp_qm_name(qm), "fake");
  assert_false(mtp_qm_is_none(qm));
  assert_string_equal(f.words, "[one][two]");
  mtp_qm_close(qm);

  mtp_context *ctx = mtp_context_new();
  mtp_config *cfg = qm_small_cell(), *label;
  mtp_qm_report report;
  assert_int_equal(mtp_qm_open(ctx, "none", NULL, 0, &qm), MTP_OK);
  assert_true(mtp_qm_is_none(qm));
  assert_int_equal(mtp_qm_label(ctx, qm, cfg, 2, names, &label, &report), MTP_ERR_QM);
  assert_non_null(strstr(mtp_context_message(ctx), "none labels nothing"));
  assert_int_equal(mtp_qm_label(ctx, qm, cfg, 1, names, &label, &report), MTP_ERR_ARGUMENT); /* species 1 of 1 */
  mtp_qm_close(qm);
  assert_int_equal(mtp_qm_label(ctx, NULL, cfg, 2, names, &label, &report), MTP_ERR_ARGUMENT);
  assert_int_equal(mtp_qm_open(ctx, NULL, NULL, 0, &qm), MTP_ERR_ARGUMENT);
  mtp_qm_close(NULL);
  mtp_config_free(cfg);
  mtp_context_free(ctx);
  assert_string_equal(mtp_qm_status_name(MTP_QM_NOT_CONVERGED), "not converged");
  assert_string_equal(mtp_qm_status_name((mtp_qm_status)99), "unknown");
}

static void test_retries(void **state) {
  (void)state;
  mtp_config *cfg = qm_small_cell();
  mtp_qm_report report;
  fake twice = {.failures = 2, .failure = MTP_QM_CRASHED};
  mtp_config *label = label_with(&twice, false, "fake", cfg, &report);
  assert_non_null(label);
  assert_int_equal(report.tries, 3);
  assert_string_equal(report.reason, "");
  assert_true(report.seconds >= 0 && report.seconds < 10);
  assert_true(label->energy == -3 && label->virial[5] == 6 && label->force[0] == 1);
  assert_memory_equal(label->x, cfg->x, 6 * sizeof(double));
  assert_false(cfg->has_energy); /* the request is not touched */
  mtp_config_free(label);

  fake thrice = {.failures = 3, .failure = MTP_QM_NOT_CONVERGED};
  assert_null(label_with(&thrice, false, "fake", cfg, &report));
  assert_int_equal(report.status, MTP_QM_NOT_CONVERGED);
  assert_int_equal(report.tries, 3);
  assert_string_equal(report.reason, "failure 3");

  fake once = {.failures = 1, .failure = MTP_QM_TIMEOUT};
  assert_null(label_with(&once, false, "fake retries=0", cfg, &report));
  assert_int_equal(report.tries, 1);

  fake never = {.failures = 9, .failure = MTP_QM_CANNOT_START};
  assert_null(label_with(&never, false, "fake", cfg, &report));
  assert_int_equal(report.tries, 1); /* of no use to try again */
  mtp_config_free(cfg);
}

/* A report has one line about its own try, and fits. */
static void test_reasons(void **state) {
  (void)state;
  static char endless[3000];
  mtp_config *cfg = qm_small_cell();
  mtp_qm_report report;
  fake mute = {.failures = 3, .failure = MTP_QM_CRASHED, .silent = 3};
  assert_null(label_with(&mute, false, "fake", cfg, &report));
  assert_string_equal(report.reason, "the driver gave no reason");

  fake lines = {.failures = 1, .failure = MTP_QM_CRASHED, .says = "a\tb\nc\x1b d"};
  assert_null(label_with(&lines, false, "fake retries=0", cfg, &report));
  assert_string_equal(report.reason, "a b c  d");

  memset(endless, 'x', sizeof endless - 1);
  fake chatty = {.failures = 1, .failure = MTP_QM_CRASHED, .says = endless};
  assert_null(label_with(&chatty, false, "fake retries=0", cfg, &report));
  assert_int_equal(strlen(report.reason), sizeof report.reason - 1);
  mtp_config_free(cfg);
}

static void test_keep(void **state) {
  (void)state;
  mtp_config *cfg = qm_small_cell();
  mtp_qm_report report;
  static const struct {
    const char *text;
    int failures, kept;
    bool reported;
  } cases[] = {{"fake", 0, -1, false},          {"fake", 1, 1, false},         {"fake", 3, 3, true},
               {"fake keep=all", 1, 2, true},   {"fake keep=all", 3, 3, true}, {"fake keep=none", 1, -1, false},
               {"fake keep=none", 3, -1, false}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    fake f = {.failures = cases[i].failures, .failure = MTP_QM_CRASHED};
    qm_remove_calls();
    mtp_config_free(label_with(&f, true, cases[i].text, cfg, &report));
    assert_int_equal(qm_count_entries("qm"), cases[i].kept); /* -1: the empty folder itself is gone */
    assert_true((report.dir[0] == '/') == cases[i].reported);
    if (report.dir[0]) assert_string_equal(report.dir, f.dir);
  }

  /* a new session goes on with the numbers, whatever else is in the folder */
  qm_remove_calls();
  assert_int_equal(mkdir("qm", 0777), 0);
  assert_int_equal(mkdir("qm/000041", 0777), 0);
  assert_int_equal(mkdir("qm/notes", 0777), 0);
  fake f = {0};
  mtp_qm *qm = open_fake(&f, true, "fake keep=all");
  assert_int_equal(mkdir("qm/000042", 0777), 0); /* somebody else was faster */
  mtp_config *label = NULL;
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
  assert_non_null(strstr(report.dir, "/qm/000043"));
  mtp_config_free(label);
  assert_int_equal(rename("qm", "moved"), 0); /* and even if the folder went away in between */
  assert_int_equal(mtp_qm_label(NULL, qm, cfg, 2, names, &label, &report), MTP_OK);
  assert_non_null(strstr(report.dir, "/qm/000044"));
  mtp_config_free(label);
  mtp_qm_close(qm);
  assert_true(qm_exists("qm/000044"));
  mtp_config_free(cfg);
}

static void no_energy(mtp_config *c) {
  c->has_energy = false;
}
static void nan_energy(mtp_config *c) {
  c->energy = NAN;
}
static void nan_force(mtp_config *c) {
  c->force[4] = NAN;
}
static void infinite_virial(mtp_config *c) {
  c->virial[2] = INFINITY;
}
static void no_virial(mtp_config *c) {
  c->has_virial = false;
}
static void zero_virial(mtp_config *c) {
  memset(c->virial, 0, sizeof c->virial);
}
static void zero_force_and_virial(mtp_config *c) {
  zero_virial(c);
  memset(c->force, 0, 6 * sizeof(double));
}
static void no_force(mtp_config *c) {
  free(c->force);
  c->force = NULL;
}
static void large_force(mtp_config *c) {
  c->force[0] = 101;
  c->force[3] = -101;
}
static void net_force(mtp_config *c) {
  c->force[0] = 2;
}
static void fewer_atoms(mtp_config *c) {
  c->n = 1;
}
static void other_species(mtp_config *c) {
  c->species[1] = 0;
}
static void other_cell(mtp_config *c) {
  c->cell[4] += 2e-4;
}
static void transposed_cell(mtp_config *c) {
  c->cell[1] = c->cell[3];
  c->cell[3] = 0;
}
static void other_periodicity(mtp_config *c) {
  c->periodic[2] = false;
}
static void moved_atom(mtp_config *c) {
  c->x[3] += 2e-4;
}
static void nan_position(mtp_config *c) {
  c->x[3] = NAN;
}
static void folded_atom(mtp_config *c) {
  for (int k = 0; k < 3; k++) c->x[k] += c->cell[k] - 2 * c->cell[6 + k] + 1e-5;
}

static void test_checks(void **state) {
  (void)state;
  static const struct {
    void (*spoil)(mtp_config *label);
    const char *options, *expected; /* NULL: accepted */
  } cases[] = {
      {NULL, "", NULL},
      {no_energy, "require=none", "no energy"},
      {nan_energy, "", "energy is not finite"},
      {nan_force, "", "force is not finite"},
      {nan_force, "require=none", "force is not finite"},
      {infinite_virial, "", "virial is not finite"},
      {no_virial, "", "no stress"},
      {no_virial, "require=forces", NULL},
      {zero_virial, "", "virial is zero"},
      {zero_force_and_virial, "", NULL},
      {no_force, "", "no forces"},
      {no_force, "require=stress", NULL},
      {large_force, "", "force on atom 1 is 101"},
      {large_force, "maxforce=200", NULL},
      {net_force, "", "do not sum to zero"},
      {fewer_atoms, "", "1 atoms, 2 were sent"},
      {other_species, "", "atom 2 is of another species"},
      {other_cell, "", "component y of lattice vector 2"},
      {transposed_cell, "", "component y of lattice vector 1"},
      {other_periodicity, "", "not periodic along lattice vector 3"},
      {moved_atom, "", "atom 2 is 0.0002 A away"},
      {nan_position, "", "atom 2 is "},
      {folded_atom, "", NULL},
  };
  mtp_config *cfg = qm_small_cell();
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    fake f = {.spoil = cases[i].spoil};
    char text[64];
    mtp_qm_report report;
    snprintf(text, sizeof text, "fake retries=1 %s", cases[i].options);
    mtp_config *label = label_with(&f, false, text, cfg, &report);
    if (report.status != (cases[i].expected ? MTP_QM_BAD_DATA : MTP_QM_OK) ||
        (cases[i].expected && !strstr(report.reason, cases[i].expected)))
      fail_msg("case %zu: %s: %s", i, mtp_qm_status_name(report.status), report.reason);
    /* what the configuration or the question is to blame for would only be answered the same again */
    bool lasting = strstr(report.reason, "require=") || strstr(report.reason, "maxforce=");
    assert_int_equal(report.tries, lasting || !cases[i].expected ? 1 : 2);
    mtp_config_free(label);
  }
  mtp_config_free(cfg);
}

static void fold_along_layer(mtp_config *c) {
  for (int k = 0; k < 3; k++) c->x[k] += c->cell[k] - 2 * c->cell[3 + k] + 1e-5;
}
static void fold_across_layer(mtp_config *c) {
  c->x[2] += 10;
}

/* A layer has two lattice vectors, and atoms may be folded along these. */
static void test_layer(void **state) {
  (void)state;
  mtp_config *cfg = qm_small_cell();
  mtp_qm_report report;
  for (int given = 0; given < 2; given++) { /* engines may say how far the layers are apart */
    cfg->periodic[2] = false;
    for (int k = 0; k < 3; k++) cfg->cell[6 + k] = given && k == 2 ? 10 : 0;
    fake folded = {.spoil = fold_along_layer}, moved = {.spoil = fold_across_layer};
    mtp_config *label = label_with(&folded, false, "fake retries=0", cfg, &report);
    if (!label) fail_msg("refused: %s", report.reason);
    mtp_config_free(label);
    assert_null(label_with(&moved, false, "fake retries=0", cfg, &report));
    assert_non_null(strstr(report.reason, "atom 1 is 10 A away"));
  }
  mtp_config_free(cfg);
}

static void test_cluster(void **state) {
  (void)state;
  mtp_config *cfg = qm_small_cell();
  memset(cfg->cell, 0, sizeof cfg->cell);
  for (int k = 0; k < 3; k++) cfg->periodic[k] = false;
  mtp_qm_report report;
  fake without = {.spoil = no_virial}, zero = {.spoil = zero_virial}, folded = {.spoil = moved_atom};
  mtp_config *label = label_with(&without, false, "fake", cfg, &report);
  assert_non_null(label);
  mtp_config_free(label);
  label = label_with(&zero, false, "fake", cfg, &report);
  assert_non_null(label);
  assert_false(label->has_virial);
  mtp_config_free(label);
  assert_null(label_with(&folded, false, "fake retries=0", cfg, &report));
  assert_non_null(strstr(report.reason, "away from where it was sent"));
  mtp_config_free(cfg);
}

static void count_message(void *user, mtp_level level, const char *message) {
  if (level == MTP_WARNING && strstr(message, "try") && strstr(message, "crashed: failure")) ++*(int *)user;
}

static void test_failures_are_told(void **state) {
  (void)state;
  mtp_context *ctx = mtp_context_new();
  int told = 0;
  mtp_context_set_logger(ctx, count_message, &told);
  fake f = {.failures = 2, .failure = MTP_QM_CRASHED};
  mtp_qm *qm = open_fake(&f, false, "fake");
  mtp_config *cfg = qm_small_cell(), *label = NULL;
  mtp_qm_report report;
  assert_int_equal(mtp_qm_label(ctx, qm, cfg, 2, names, &label, &report), MTP_OK);
  assert_int_equal(told, 2);
  mtp_config_free(label);
  mtp_config_free(cfg);
  mtp_qm_close(qm);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_words),   cmocka_unit_test(test_bad_strings),
      cmocka_unit_test(test_names),   cmocka_unit_test(test_retries),
      cmocka_unit_test(test_reasons), cmocka_unit_test(test_keep),
      cmocka_unit_test(test_checks),  cmocka_unit_test(test_layer),
      cmocka_unit_test(test_cluster), cmocka_unit_test(test_failures_are_told),
  };
  return cmocka_run_group_tests(tests, qm_enter_scratch, qm_leave_scratch);
}
