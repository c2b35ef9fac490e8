/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/driver_string.h
 * The text that chooses a QM driver, taken apart: name, the driver's own words, and the policy of the common keys. */
#ifndef MTP_QM_DRIVER_STRING_H
#define MTP_QM_DRIVER_STRING_H

#include <stdbool.h>

#include "mtp/context.h"

typedef enum mtp_qm_keep { MTP_QM_KEEP_FAILED, MTP_QM_KEEP_ALL, MTP_QM_KEEP_NONE } mtp_qm_keep;

typedef struct mtp_qm_policy {
  double timeout;     /**< seconds, 0 = none */
  double min_time;    /**< seconds: who answers faster did not compute */
  double budget;      /**< seconds for all calls, 0 = no limit */
  int retries;        /**< further tries after a first one that failed */
  int fallback_count; /**< of ladder= */
  char **fallbacks;   /**< [fallback_count] */
  int workers;        /**< calls at a time */
  int max_fail;       /**< so many failed calls in a row end everything; 0 = no limit */
  char *dir;          /**< where the folders of the calls are made */
  mtp_qm_keep keep;
  double max_force; /**< eV/A */
  bool require_forces, require_stress;
} mtp_qm_policy;

typedef struct mtp_qm_string {
  char *name;
  int count;
  char **arguments; /**< [count] words that are not common keys, in order */
  mtp_qm_policy policy;
} mtp_qm_string;

/** Splits as a shell does (blanks, '...', "...", backslash). A word is a common key if it starts with one of their
 * names and '=', unquoted, and one that resembles that is refused; after a word `--` no word is a key (the `--` itself
 * belongs to the driver unless it stands before its first word). On failure `out` is empty. */
mtp_status mtp_qm_string_parse(mtp_context *ctx, const char *text, mtp_qm_string *out);
void mtp_qm_string_free(mtp_qm_string *string);

#endif
