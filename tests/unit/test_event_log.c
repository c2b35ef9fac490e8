/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file test_event_log.c
 * The event log: every line is JSON whatever is put into it, numbers keep their digits, crashes and full disks leave no
 * half lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "loop/event_log.h"
#include "support/support.h"
#include "support_data.h"

static char *folder, *path;

static int set_up(void **state) {
  (void)state;
  folder = data_folder_new();
  path = data_path(folder, "log.jsonl");
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  free(path);
  data_folder_remove(folder);
  return 0;
}

static char *content(void) {
  char *data = NULL;
  size_t size = 0;
  assert_int_equal(mtp_file_read(NULL, path, &data, &size), MTP_OK);
  return data;
}

static void put(const char *text) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs(text, file);
  assert_int_equal(fclose(file), 0);
}

static void numbers_keep_their_digits(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  assert_int_equal(mtp_event_log_open(NULL, path, &log), MTP_OK);
  const double values[] = {0.1, 1.0 / 3.0, 1e-300, -12345.678901234567, 0.1 + 0.2, 5e300, 0.0};
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    cJSON *event = mtp_event_new(log, "label", 7);
    mtp_event_number(event, "value", values[i]);
    mtp_event_write(NULL, log, event);
  }
  mtp_event_log_close(log);
  char *text = content(), *line = text;
  for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
    char *end = strchr(line, '\n');
    assert_non_null(end);
    *end = 0;
    cJSON *event = cJSON_Parse(line);
    assert_non_null(event);
    assert_string_equal(cJSON_GetObjectItem(event, "event")->valuestring, "label");
    assert_int_equal(cJSON_GetObjectItem(event, "step")->valueint, 7);
    assert_true(cJSON_GetObjectItem(event, "time")->valuedouble >= 0.0);
    assert_true(cJSON_GetObjectItem(event, "value")->valuedouble == values[i]);
    cJSON_Delete(event);
    line = end + 1;
  }
  assert_int_equal(*line, 0);
  free(text);
}

static void awkward_values_stay_json(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  assert_int_equal(mtp_event_log_open(NULL, path, &log), MTP_OK);
  const char *const names[] = {"Al", "\"quoted\""};
  cJSON *event = mtp_event_new(log, "reject", -1);
  mtp_event_number(event, "nan", NAN);
  mtp_event_number(event, "inf", INFINITY);
  mtp_event_integer(event, "big", 9007199254740993LL);
  mtp_event_text(event, "text", "a \"b\"\n\tc\\ \x01 caf\xc3\xa9 \xff\xc3(");
  mtp_event_text(event, "nothing", NULL);
  mtp_event_flag(event, "yes", 1);
  mtp_event_texts(event, "names", 2, names);
  mtp_event_write(NULL, log, event);
  mtp_event_log_close(log);
  char *text = content();
  assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
  assert_non_null(strstr(text, "\"big\":9007199254740993"));
  cJSON *back = cJSON_Parse(text);
  assert_non_null(back);
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(back, "nan")));
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(back, "inf")));
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(back, "step")));
  assert_true(cJSON_IsNull(cJSON_GetObjectItem(back, "nothing")));
  assert_true(cJSON_IsTrue(cJSON_GetObjectItem(back, "yes")));
  assert_string_equal(cJSON_GetObjectItem(back, "text")->valuestring, "a \"b\"\n\tc\\ \x01 caf\xc3\xa9 ?\?(");
  assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(back, "names"), 1)->valuestring, names[1]);
  cJSON_Delete(back);
  free(text);
}

static void reopened_after(const char *before, const char *expected_start) {
  put(before);
  mtp_event_log *log = NULL;
  assert_int_equal(mtp_event_log_open(NULL, path, &log), MTP_OK);
  mtp_event_write(NULL, log, mtp_event_new(log, "end", 1));
  mtp_event_log_close(log);
  char *text = content();
  assert_int_equal(strncmp(text, expected_start, strlen(expected_start)), 0);
  assert_int_equal(strncmp(text + strlen(expected_start), "{\"event\":\"end\"", 14), 0);
  free(text);
}

static void half_a_line_is_mended(void **state) {
  (void)state;
  reopened_after("{\"event\":\"start\"}\n{\"event\":\"lab", "{\"event\":\"start\"}\n");
  reopened_after("{\"ev", "");
  reopened_after("{\"event\":\"start\"}\n", "{\"event\":\"start\"}\n");
  /* somebody's own text is not ours to cut */
  reopened_after("{\"event\":\"start\"}\nnotes without an end", "{\"event\":\"start\"}\nnotes without an end\n");
}

/* A potential, say, or a training file. */
static void what_is_no_log_is_left_alone(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  mtp_context *ctx = mtp_context_new();
  put("MTP\nversion = 1.1.0\n");
  assert_int_equal(mtp_event_log_open(ctx, path, &log), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(ctx), "log.jsonl:1: expected an event log"));
  char *text = content();
  assert_string_equal(text, "MTP\nversion = 1.1.0\n");
  free(text);
  mtp_context_free(ctx);
}

static int warnings;

static void count_warning(void *user, mtp_level level, const char *message) {
  (void)user;
  if (level == MTP_WARNING && strstr(message, "/dev/full")) warnings++;
}

static void a_full_disk_is_one_warning(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  mtp_context *ctx = mtp_context_new();
  mtp_context_set_logger(ctx, count_warning, NULL);
  assert_int_equal(mtp_event_log_open(ctx, "/dev/full", &log), MTP_OK);
  warnings = 0;
  for (int i = 0; i < 3; i++) mtp_event_write(ctx, log, mtp_event_new(log, "label", i));
  assert_int_equal(warnings, 1);
  mtp_event_log_close(log);
  mtp_context_free(ctx);
}

static void unusable_files_are_named(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  mtp_context *ctx = mtp_context_new();
  assert_int_equal(mtp_event_log_open(ctx, folder, &log), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), folder));
  assert_int_equal(mtp_event_log_open(ctx, "/nowhere/at/all.jsonl", &log), MTP_ERR_IO);
  assert_non_null(strstr(mtp_context_message(ctx), "/nowhere/at/all.jsonl"));
  assert_null(log);
  mtp_context_free(ctx);
}

/* Memory of another kind than that of the library: another user of cJSON in the process may have asked for that. */
static void *odd_malloc(size_t size) {
  char *p = malloc(size + 32);
  return p ? p + 32 : NULL;
}

static void odd_free(void *p) {
  if (p) free((char *)p - 32);
}

static void memory_of_cjson_is_its_own(void **state) {
  (void)state;
  mtp_event_log *log = NULL;
  cJSON_Hooks odd = {odd_malloc, odd_free};
  assert_int_equal(mtp_event_log_open(NULL, path, &log), MTP_OK);
  cJSON_InitHooks(&odd);
  cJSON *event = mtp_event_new(log, "label", 7);
  mtp_event_number(event, "value", 0.5);
  mtp_event_write(NULL, log, event);
  cJSON_InitHooks(NULL);
  mtp_event_log_close(log);
  char *text = content();
  assert_non_null(strstr(text, "\"value\":0.5}\n"));
  free(text);
}

static void count_events(void *user, const char *name, const cJSON *event) {
  assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event")), name);
  ++*(int *)user;
}

/* Empty lines do not count; what a crash cut short is left out, at the end alone. */
static void events_are_read(void **state) {
  (void)state;
  mtp_context *ctx = data_context();
  int n = 0;
  size_t cut;
  put("{\"event\":\"start\"}\n\n \t\r\n{\"event\":\"end\"}\n");
  data_must(ctx, mtp_event_log_read(ctx, path, count_events, &n, &cut));
  assert_int_equal(n, 2);
  assert_int_equal(cut, 0);
  put("{\"event\":\"start\"}\n{\"event\":\"end");
  data_must(ctx, mtp_event_log_read(ctx, path, count_events, &n, &cut));
  assert_int_equal(n, 3);
  assert_int_equal(cut, 2);
  put("{\"event\":\"start\"}\n{\"event\":\"end\n{\"event\":\"end\"}\n");
  assert_int_equal(mtp_event_log_read(ctx, path, count_events, &n, &cut), MTP_ERR_FORMAT);
  assert_non_null(strstr(mtp_context_message(ctx), "log.jsonl:2: "));
  put("{\"event\":7}\n");
  assert_int_equal(mtp_event_log_read(ctx, path, count_events, &n, &cut), MTP_ERR_FORMAT);
  assert_int_equal(n, 4);
  mtp_context_free(ctx);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(numbers_keep_their_digits, set_up, tear_down),
      cmocka_unit_test_setup_teardown(awkward_values_stay_json, set_up, tear_down),
      cmocka_unit_test_setup_teardown(half_a_line_is_mended, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_no_log_is_left_alone, set_up, tear_down),
      cmocka_unit_test_setup_teardown(a_full_disk_is_one_warning, set_up, tear_down),
      cmocka_unit_test_setup_teardown(unusable_files_are_named, set_up, tear_down),
      cmocka_unit_test_setup_teardown(events_are_read, set_up, tear_down),
      cmocka_unit_test_setup_teardown(memory_of_cjson_is_its_own, set_up, tear_down),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
