/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/json.c
 * Numbers are formatted here because cJSON takes values that differ in the last bit for equal. */
#include "support/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

static int make_raw(cJSON *number) {
  char text[32] = "null";
  for (int digits = 15; isfinite(number->valuedouble) && digits <= 17; digits++) { /* the shortest that will do */
    mtp_snprintf(text, sizeof text, "%.*g", digits, number->valuedouble);
    if (mtp_strtod(text, NULL) == number->valuedouble) break;
  }
  char *raw = cJSON_malloc(strlen(text) + 1);
  if (!raw) return 0;
  number->valuestring = strcpy(raw, text);
  number->type = (number->type & ~0xff) | cJSON_Raw; /* the upper bits say who owns what */
  return 1;
}

static int make_numbers_raw(cJSON *item) {
  if (cJSON_IsNumber(item)) return make_raw(item);
  cJSON *child;
  cJSON_ArrayForEach(child, item) {
    if (!make_numbers_raw(child)) return 0;
  }
  return 1;
}

char *mtp_json_print(cJSON *object) {
  return make_numbers_raw(object) ? cJSON_PrintUnformatted(object) : NULL;
}
