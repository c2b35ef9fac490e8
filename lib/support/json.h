/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/json.h
 * Printing JSON without loss. */
#ifndef MTP_JSON_H
#define MTP_JSON_H

#include <cjson/cJSON.h>

/** The object on one line, or NULL when memory is exhausted; freed by cJSON_free. All numbers in it read back as they
 * were; those that are not finite become null, as JSON has no word for them. Their items are changed to raw text, so
 * they are not to be asked for their values afterwards. */
char *mtp_json_print(cJSON *object);

#endif
