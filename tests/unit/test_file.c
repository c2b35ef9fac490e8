/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_file.c
 * Files are replaced whole: by way of a file that nobody else could have made, and of which nothing stays. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <pthread.h>

#include "support/support.h"
#include "support_data.h"

static char *folder, *path;
static mtp_context *ctx;

static int set_up(void **state) {
  (void)state;
  folder = data_folder_new();
  path = data_path(folder, "pot.almtp");
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

static void expect_content(const char *name, const char *expected) {
  char *data = NULL;
  size_t size = 0;
  data_must(ctx, mtp_file_read(ctx, name, &data, &size));
  assert_string_equal(data, expected);
  free(data);
}

/* folder/pot.almtp.SUFFIX, which holds "x" and was written so many seconds ago. */
static char *leave(const char *suffix, long seconds) {
  char name[80];
  snprintf(name, sizeof name, "pot.almtp.%s", suffix);
  char *left = data_path(folder, name);
  FILE *file = fopen(left, "w");
  assert_non_null(file);
  fputs("x", file);
  assert_int_equal(fclose(file), 0);
  const struct timespec times[2] = {{time(NULL) - seconds, 0}, {time(NULL) - seconds, 0}};
  assert_int_equal(utimensat(AT_FDCWD, left, times, 0), 0);
  return left;
}

/* Somebody who may write into the folder puts a link where the temporary file is expected. */
static void links_are_not_followed(void **state) {
  (void)state;
  char *victim = data_path(folder, "victim"), name[64];
  FILE *file = fopen(victim, "w");
  fputs("precious", file);
  fclose(file);
  const char *const forms[] = {"pot.almtp.%ld.tmp", "pot.almtp.%ld.0.tmp", "pot.almtp.tmp"};
  for (size_t k = 0; k < 3; k++) {
    snprintf(name, sizeof name, forms[k], (long)getpid());
    char *link = data_path(folder, name);
    assert_int_equal(symlink(victim, link), 0);
    free(link);
  }
  data_must(ctx, mtp_file_replace(ctx, path, "new", 3));
  expect_content(path, "new");
  expect_content(victim, "precious");
  struct stat st;
  assert_int_equal(lstat(path, &st), 0);
  assert_true(S_ISREG(st.st_mode));
  free(victim);
}

static void leftovers_go(void **state) {
  (void)state;
  char *dead = leave("4711.0.tmp", 3600), *young = leave("4712.0.tmp", 1), *held = leave("4713.2.tmp", 3600),
       *other = leave("4713.old.tmp", 3600), *foreign = leave("bak", 3600);
  const int fd = open(held, O_RDONLY);
  assert_int_equal(flock(fd, LOCK_EX), 0);
  data_must(ctx, mtp_file_replace(ctx, path, "new", 3));
  assert_int_not_equal(access(dead, F_OK), 0);
  assert_int_equal(access(young, F_OK), 0); /* it may not be locked yet */
  assert_int_equal(access(held, F_OK), 0);  /* it is being written */
  assert_int_equal(access(other, F_OK), 0); /* not ours */
  assert_int_equal(access(foreign, F_OK), 0);
  close(fd);
  char *all[] = {dead, young, held, other, foreign};
  for (size_t k = 0; k < 5; k++) free(all[k]);
}

static void *replace_often(void *text) {
  for (int k = 0; k < 50; k++)
    if (mtp_file_replace(NULL, path, text, strlen(text)) != MTP_OK) return text;
  return NULL;
}

/* Threads of one process do not write into one another's file. */
static void threads_replace_whole_files(void **state) {
  (void)state;
  char *texts[3];
  pthread_t threads[3];
  for (int k = 0; k < 3; k++) {
    texts[k] = data_calloc(100001, 1);
    memset(texts[k], 'a' + k, 100000);
    assert_int_equal(pthread_create(&threads[k], NULL, replace_often, texts[k]), 0);
  }
  for (int k = 0; k < 3; k++) {
    void *failed = NULL;
    pthread_join(threads[k], &failed);
    assert_null(failed);
  }
  char *data = NULL;
  size_t size = 0;
  data_must(ctx, mtp_file_read(ctx, path, &data, &size));
  assert_int_equal(size, 100000);
  assert_memory_equal(data, texts[data[0] - 'a'], size);
  free(data);
  for (int k = 0; k < 3; k++) free(texts[k]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(links_are_not_followed, set_up, tear_down),
      cmocka_unit_test_setup_teardown(leftovers_go, set_up, tear_down),
      cmocka_unit_test_setup_teardown(threads_replace_whole_files, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
