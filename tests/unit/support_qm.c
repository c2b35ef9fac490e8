/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_qm.c
 * Helpers of the tests of QM drivers. */
#include <dirent.h>
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

#include "qm/process/folder.h"
#include "support/support.h"
#include "support_qm.h"

int qm_enter_scratch(void **state) {
  char *path = strdup("/tmp/mtp-test-qm-XXXXXX");
  if (!path || !mkdtemp(path) || chdir(path) != 0) return -1;
  *state = path;
  return 0;
}

int qm_leave_scratch(void **state) {
  bool ok = chdir("/") == 0 && mtp_folder_remove(*state);
  free(*state);
  return ok ? 0 : -1;
}

void qm_write_file(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  assert_true(fputs(text, f) >= 0);
  assert_int_equal(fclose(f), 0);
}

void qm_write_script(const char *path, const char *body) {
  mtp_text text = {0};
  mtp_text_add(&text, "#!/bin/sh\n%s\n", body);
  assert_int_equal(text.failed, 0);
  qm_write_file(path, text.data);
  mtp_text_free(&text);
  assert_int_equal(chmod(path, 0755), 0);
}

char *qm_read_file(const char *path) {
  char *text;
  size_t size;
  assert_int_equal(mtp_file_read(NULL, path, &text, &size), MTP_OK);
  return text;
}

bool qm_exists(const char *path) {
  return access(path, F_OK) == 0;
}

int qm_count_entries(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) return -1;
  int count = 0;
  for (struct dirent *entry; (entry = readdir(dir));)
    count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
  closedir(dir);
  return count;
}

void qm_remove_calls(void) {
  if (qm_exists("qm")) assert_true(mtp_folder_remove("qm"));
}

mtp_qm *qm_open(const char *text) {
  mtp_context *ctx = mtp_context_new();
  mtp_qm *qm = NULL;
  if (mtp_qm_open(ctx, text, NULL, 0, &qm) != MTP_OK) fail_msg("%s: %s", text, mtp_context_message(ctx));
  mtp_context_free(ctx);
  return qm;
}

void qm_open_fails(const char *text, const char *expected) {
  mtp_context *ctx = mtp_context_new();
  mtp_qm *qm = NULL;
  assert_int_equal(mtp_qm_open(ctx, text, NULL, 0, &qm), MTP_ERR_QM);
  if (!strstr(mtp_context_message(ctx), expected)) fail_msg("%s: %s", text, mtp_context_message(ctx));
  mtp_context_free(ctx);
}

typedef struct answer {
  mtp_config *label;
  mtp_qm_report *report;
} answer;

static mtp_status take(void *user, size_t i, mtp_config *label, const mtp_qm_report *report) {
  answer *a = user;
  assert_int_equal(i, 0);
  a->label = label;
  *a->report = *report;
  return MTP_OK;
}

mtp_config *qm_label_again(const char *text, const mtp_config *cfg, int species_count, const char *const *names,
                           mtp_qm_report *report) {
  static const bool begun[] = {true};
  mtp_qm *qm = qm_open(text);
  answer a = {NULL, report};
  mtp_qm_label_all(NULL, qm, 1, &cfg, begun, species_count, names, take, &a);
  mtp_qm_close(qm);
  return a.label;
}

mtp_config *qm_small_cell(void) {
  static const double cell[9] = {4, 0, 0, 0.5, 4, 0, -0.25, 0.125, 4};
  static const double x[6] = {0.1, -0.2, 0.05, 2.0, 2.1, 1.9};
  mtp_config *cfg = mtp_config_new(2);
  assert_non_null(cfg);
  memcpy(cfg->cell, cell, sizeof cell);
  memcpy(cfg->x, x, sizeof x);
  for (int k = 0; k < 3; k++) cfg->periodic[k] = true;
  cfg->species[1] = 1;
  return cfg;
}
