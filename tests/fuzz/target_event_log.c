/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file target_event_log.c
 * The event log of a run, as `mtp info` and `mtp report` read it, and as the next run finds it and goes on with it. */
#include <string.h>

#include "fuzz.h"
#include "loop/event_log.h"

const char *const fuzz_words[] = {"{\"event\":",   "\"refit\"", "\"label\"",    "\"end\"", "\"iteration\"",
                                  "\"step\":null", "1e308",     "\"seconds\":", "\\u0000", "[[[[",
                                  "}\n",           "\n\n",      "-0",           "\\ud800", "{\"a\":",
                                  "true",          NULL};

void fuzz_seeds(void) {
  fuzz_seed_text("{\"event\":\"start\",\"time\":0.1,\"step\":null,\"species\":[\"Al\",\"Cu\"],\"trained\":false}\n"
                 "{\"event\":\"label\",\"time\":1.5,\"step\":10,\"gamma\":12.5,\"seconds\":3.25}\n"
                 "{\"event\":\"refit\",\"time\":2,\"step\":10,\"kind\":\"linear\",\"rmse_force\":0.125}\n"
                 "{\"event\":\"end\",\"time\":3,\"step\":20,\"predicted_rmse_force\":null}\n");
  fuzz_seed_text("{\"event\":\"iteration\",\"loss\":1e-3,\"seconds\":0.5}\n{\"event\":\"iteration\",\"lo");
}

typedef struct sums {
  size_t events;
  double numbers;
} sums;

static void add(void *user, const char *name, const cJSON *event) {
  sums *s = user;
  const cJSON *item;
  fuzz_require(strcmp(name, cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(event, "event"))) == 0);
  cJSON_ArrayForEach(item, event) if (cJSON_IsNumber(item)) s->numbers += item->valuedouble;
  s->events++;
}

static mtp_status read_log(const char *path, sums *s) {
  mtp_context *ctx = fuzz_context();
  size_t cut;
  const mtp_status status = mtp_event_log_read(ctx, path, add, s, &cut);
  fuzz_end(ctx, status);
  return status;
}

/* False: the file holds something else, and stays as it is. */
static bool go_on(const char *path) {
  mtp_context *ctx = fuzz_context();
  mtp_event_log *log = NULL;
  const mtp_status status = mtp_event_log_open(ctx, path, &log);
  fuzz_require(status == MTP_OK || status == MTP_ERR_FORMAT);
  if (status == MTP_OK) mtp_event_write(ctx, log, mtp_event_new(log, "resume", -1));
  mtp_event_log_close(log);
  fuzz_end(ctx, status);
  return status == MTP_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char path[256];
  sums before = {0}, after = {0};
  strcpy(path, fuzz_file("log.jsonl", data, size));
  const mtp_status status = read_log(path, &before);
  const int compressed = size > 1 && data[0] == 0x1f && data[1] == 0x8b;
  const bool goes_on = go_on(path);
  const mtp_status again = read_log(path, &after);
  if (!goes_on) fuzz_require(again == status && after.events == before.events);
  if (size && data[size - 1] == '\n' && status == MTP_OK && goes_on && !compressed)
    fuzz_require(again == MTP_OK && after.events == before.events + 1);
  return 0;
}
