/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_journal.c
 * Appending records: whole or not at all, by one run at a time, in the format that the file has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/journal.h"
#include "mtp/append.h"
#include "support/support.h"
#include "support_data.h"

/* In front of that of the system. */
static bool fstat_fails;
int fstat(int fd, struct stat *st) {
  if (fstat_fails) return errno = EIO, -1;
  return fstatat(fd, "", st, AT_EMPTY_PATH);
}

static char *folder, *path;
static mtp_context *ctx;

static int set_up(void **state) {
  (void)state;
  folder = data_folder_new();
  path = data_path(folder, "train.extxyz");
  ctx = mtp_context_new();
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  mtp_context_free(ctx);
  free(path);
  data_folder_remove(folder);
  return 0;
}

static void expect_content(const char *expected) {
  char *data = NULL;
  size_t size = 0;
  data_must(ctx, mtp_file_read(ctx, path, &data, &size));
  assert_string_equal(data, expected);
  free(data);
}

static void put(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void records_follow_each_other(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  put("12345\nsecond"); /* no newline at the end */
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  data_must(ctx, mtp_journal_append(ctx, journal, "third\n", 6));
  data_must(ctx, mtp_journal_append(ctx, journal, "fourth\n", 7));
  mtp_journal_close(journal);
  expect_content("12345\nsecond\nthird\nfourth\n");
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  long long size = 0;
  data_must(ctx, mtp_journal_size(ctx, journal, &size));
  assert_int_equal(size, 26);
  data_must(ctx, mtp_journal_truncate(ctx, journal, 6));
  data_must(ctx, mtp_journal_append(ctx, journal, "more\n", 5));
  mtp_journal_close(journal);
  expect_content("12345\nmore\n");
}

/* A record behind a POSCAR, a dump or compressed data could never be read again. */
static void other_formats_stay_as_they_are(void **state) {
  (void)state;
  static const struct {
    const char *text;
    mtp_format format; /* MTP_FORMAT_AUTO: refused */
  } cases[] = {{"Al\n1.0\n", MTP_FORMAT_AUTO},
               {"ITEM: TIMESTEP\n", MTP_FORMAT_AUTO},
               {" vasp.6.4.2\n", MTP_FORMAT_AUTO},
               {"\x1f\x8b\x08", MTP_FORMAT_AUTO},
               {"\xEF\xBB\xBF"
                "1\n",
                MTP_FORMAT_EXTXYZ},
               {"\n BEGIN_CFG\n", MTP_FORMAT_CFG},
               {"BEG", MTP_FORMAT_CFG}}; /* cut short */
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    mtp_journal *journal = NULL;
    put(cases[k].text);
    const mtp_status status = mtp_journal_open(ctx, path, true, &journal);
    assert_true((status == MTP_OK) == (cases[k].format != MTP_FORMAT_AUTO));
    if (status == MTP_OK)
      assert_int_equal(mtp_journal_format(journal), cases[k].format);
    else
      assert_non_null(strstr(mtp_context_message(ctx), "cannot append to"));
    mtp_journal_close(journal);
    if (cases[k].text[0] != 0x1f) expect_content(cases[k].text); /* what gzip began is no text */
  }
}

static void nothing_appended_leaves_no_file(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  assert_int_equal(access(path, F_OK), 0);
  mtp_journal_close(journal);
  assert_int_not_equal(access(path, F_OK), 0);
  put(""); /* an empty file that was there stays */
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  mtp_journal_close(journal);
  assert_int_equal(access(path, F_OK), 0);
}

/* Opens when the other end of the pipe closes; true if the journal was ours, and its record is still there. */
static int open_and_append(int gate) {
  mtp_journal *journal = NULL;
  char nothing;
  if (read(gate, &nothing, 1) != 0) return 2;
  if (mtp_journal_open(NULL, path, true, &journal) != MTP_OK) return 0;
  usleep(1000); /* let the other one lose */
  int failed = mtp_journal_append(NULL, journal, "record\n", 7) != MTP_OK || access(path, F_OK) != 0;
  mtp_journal_close(journal);
  return failed ? 2 : 1;
}

static void who_loses_the_race_removes_nothing(void **state) {
  (void)state;
  for (int i = 0; i < 300; i++) {
    int gate[2], sum = 0;
    unlink(path);
    assert_int_equal(pipe(gate), 0);
    fflush(NULL);
    for (int k = 0; k < 2; k++) {
      pid_t child = fork();
      assert_int_not_equal(child, -1);
      if (child > 0) continue;
      close(gate[1]);
      _exit(open_and_append(gate[0]));
    }
    close(gate[1]);
    for (int k = 0; k < 2; k++) {
      int status;
      assert_int_not_equal(wait(&status), -1);
      assert_true(WIFEXITED(status));
      assert_int_not_equal(WEXITSTATUS(status), 2);
      sum += WEXITSTATUS(status);
    }
    close(gate[0]);
    assert_true(sum >= 1); /* both, if one was done before the other began */
    assert_int_equal(access(path, F_OK), 0);
  }
}

static void two_runs_do_not_share(void **state) {
  (void)state;
  mtp_journal *one = NULL, *two = NULL;
  data_must(ctx, mtp_journal_open(ctx, path, true, &one));
  assert_int_equal(mtp_journal_open(ctx, path, true, &two), MTP_ERR_IO);
  assert_null(two);
  assert_non_null(strstr(mtp_context_message(ctx), "another run"));
  assert_int_equal(access(path, F_OK), 0);
  mtp_journal_close(one);
  data_must(ctx, mtp_journal_open(ctx, path, true, &two));
  mtp_journal_close(two);
}

/* A limit on the file size cuts a write short as a full disk does. */
static void short_write_is_taken_back(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  struct rlimit old, small;
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  data_must(ctx, mtp_journal_append(ctx, journal, "kept\n", 5));
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 20;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  mtp_status status = mtp_journal_append(ctx, journal, "a record of more than twenty bytes\n", 35);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, SIG_DFL);
  assert_int_equal(status, MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), path));
  expect_content("kept\n");
  data_must(ctx, mtp_journal_append(ctx, journal, "after\n", 6));
  mtp_journal_close(journal);
  expect_content("kept\nafter\n");
}

static void full_device_is_an_error(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  data_must(ctx, mtp_journal_open(ctx, "/dev/full", true, &journal));
  long long size = -1;
  data_must(ctx, mtp_journal_size(ctx, journal, &size));
  assert_int_equal(size, 0);
  assert_int_equal(mtp_journal_append(ctx, journal, "x\n", 2), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), "/dev/full"));
  mtp_journal_close(journal);
}

static void unusable_paths_are_named(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  assert_int_equal(mtp_journal_open(ctx, folder, true, &journal), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), folder));
  char *pipe_path = data_path(folder, "pipe"); /* would wait for a reader if it were opened */
  assert_int_equal(mkfifo(pipe_path, 0600), 0);
  assert_int_equal(mtp_journal_open(ctx, pipe_path, true, &journal), MTP_ERR_IO);
  free(pipe_path);
  assert_int_equal(mtp_journal_open(ctx, "/nowhere/train.extxyz", true, &journal), MTP_ERR_IO);
  assert_null(journal);
}

static void format_is_that_of_the_file(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  assert_int_equal(mtp_journal_format(journal), MTP_FORMAT_EXTXYZ);
  mtp_journal_close(journal);
  put("\nBEGIN_CFG\n"); /* whatever it is called */
  data_must(ctx, mtp_journal_open(ctx, path, true, &journal));
  assert_int_equal(mtp_journal_format(journal), MTP_FORMAT_CFG);
  mtp_journal_close(journal);
  char *cfg = data_path(folder, "train.cfg");
  data_must(ctx, mtp_journal_open(ctx, cfg, true, &journal));
  assert_int_equal(mtp_journal_format(journal), MTP_FORMAT_CFG);
  mtp_journal_close(journal);
  free(cfg);
}

static void writable_places_are_told_apart(void **state) {
  (void)state;
  data_must(ctx, mtp_check_writable(ctx, path, "the potential"));
  assert_int_not_equal(access(path, F_OK), 0);
  put("old");
  data_must(ctx, mtp_check_writable(ctx, path, "the potential"));
  expect_content("old");
  data_must(ctx, mtp_check_writable(ctx, "relative.almtp", "the potential"));
  const mtp_status in_root = access("/", W_OK) == 0 ? MTP_OK : MTP_ERR_IO; /* who runs this may not be root */
  assert_int_equal(mtp_check_writable(ctx, "/relative.almtp", "the potential"), in_root);
  assert_int_equal(mtp_check_writable(ctx, folder, "the potential"), MTP_ERR_IO);
  assert_int_equal(mtp_check_writable(ctx, "/nowhere/pot.almtp", "the potential"), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), "/nowhere/pot.almtp"));
}

/* A write that fails where nobody knows how long the file was must not take the rest of it away. */
static void unknown_size_is_an_error(void **state) {
  (void)state;
  mtp_journal *journal = NULL;
  put("1\nfirst\n");
  data_must(ctx, mtp_journal_open(ctx, path, false, &journal));
  fstat_fails = true;
  long long size = 7;
  assert_int_equal(mtp_journal_size(ctx, journal, &size), MTP_ERR_IO);
  assert_int_equal(size, 7);
  const mtp_status appended = mtp_journal_append(ctx, journal, "second\n", 7);
  const mtp_status cut = mtp_journal_cut_tail(ctx, journal, 2);
  fstat_fails = false;
  assert_int_equal(appended, MTP_ERR_IO);
  assert_int_equal(cut, MTP_ERR_IO);
  mtp_journal_close(journal);
  expect_content("1\nfirst\n");
}

/* Several runs may append to one file: who takes back a record of his own leaves the others alone. */
static void runs_append_in_turns(void **state) {
  (void)state;
  enum { RUNS = 3, RECORDS = 40 };
  signal(SIGXFSZ, SIG_IGN);
  for (int run = 0; run < RUNS; run++) {
    if (fork() != 0) continue;
    mtp_journal *journal = NULL;
    char record[1000];
    memset(record, 'a' + run, sizeof record);
    memcpy(record, "1\n", 2);
    record[sizeof record - 1] = '\n';
    mtp_status status = mtp_journal_open(NULL, path, false, &journal);
    for (int k = 0; k < RECORDS && status == MTP_OK; k++) {
      /* the last run has no room for a whole record, as on a full disk */
      struct stat st;
      const rlim_t size = stat(path, &st) == 0 ? (rlim_t)st.st_size + 10 : 10;
      if (run == RUNS - 1) setrlimit(RLIMIT_FSIZE, &(struct rlimit){size, RLIM_INFINITY});
      const mtp_status appended = mtp_journal_append(NULL, journal, record, sizeof record);
      if (run < RUNS - 1) status = appended;
    }
    _exit(status != MTP_OK);
  }
  for (int run = 0; run < RUNS; run++) {
    int status;
    wait(&status);
    assert_int_equal(status, 0);
  }
  char *data = NULL;
  size_t size = 0;
  data_must(ctx, mtp_file_read(ctx, path, &data, &size));
  int found[RUNS] = {0};
  for (size_t at = 0; at < size; at += 1000) {
    assert_int_equal(data[at + 999], '\n');
    for (size_t k = 2; k < 999; k++) assert_int_equal(data[at + k], data[at + 2]);
    found[data[at + 2] - 'a']++;
  }
  for (int run = 0; run < RUNS - 1; run++) assert_int_equal(found[run], RECORDS);
  free(data);
}

/* What engines are given: one configuration after the other, and what the file held stays. */
static void engines_append(void **state) {
  (void)state;
  static const char *const names[] = {"Al"};
  mtp_random random = {5};
  mtp_config *cfg = data_config(&random, DATA_TRICLINIC, 4, 1, 2.5);
  const mtp_config *configs[2] = {cfg, cfg};
  mtp_config_set *set = NULL;
  data_must(ctx, mtp_append_check(ctx, path, "the file"));
  data_must(ctx, mtp_append_configs(ctx, path, 2, configs, 1, names));
  data_must(ctx, mtp_append_configs(ctx, path, 1, configs, 1, names));
  data_must(ctx, mtp_config_set_read(ctx, path, NULL, &set));
  assert_int_equal(set->n, 3);
  for (size_t k = 0; k < set->n; k++) assert_memory_equal(set->configs[k]->x, cfg->x, 3 * cfg->n * sizeof(double));
  mtp_config_set_free(set);
  put("ITEM: TIMESTEP\n");
  assert_int_not_equal(mtp_append_configs(ctx, path, 1, configs, 1, names), MTP_OK);
  assert_int_equal(mtp_append_check(ctx, path, "the file"), MTP_ERR_FORMAT);
  expect_content("ITEM: TIMESTEP\n");
  assert_int_equal(mtp_append_check(ctx, folder, "the file"), MTP_ERR_IO);
  char *packed = data_path(folder, "new.extxyz.gz");
  assert_int_equal(mtp_append_check(ctx, packed, "the file"), MTP_ERR_IO);
  free(packed);
  mtp_config_free(cfg);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(engines_append, set_up, tear_down),
      cmocka_unit_test_setup_teardown(records_follow_each_other, set_up, tear_down),
      cmocka_unit_test_setup_teardown(other_formats_stay_as_they_are, set_up, tear_down),
      cmocka_unit_test_setup_teardown(nothing_appended_leaves_no_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(who_loses_the_race_removes_nothing, set_up, tear_down),
      cmocka_unit_test_setup_teardown(two_runs_do_not_share, set_up, tear_down),
      cmocka_unit_test_setup_teardown(short_write_is_taken_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(full_device_is_an_error, set_up, tear_down),
      cmocka_unit_test_setup_teardown(unusable_paths_are_named, set_up, tear_down),
      cmocka_unit_test_setup_teardown(format_is_that_of_the_file, set_up, tear_down),
      cmocka_unit_test_setup_teardown(writable_places_are_told_apart, set_up, tear_down),
      cmocka_unit_test_setup_teardown(unknown_size_is_an_error, set_up, tear_down),
      cmocka_unit_test_setup_teardown(runs_append_in_turns, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
