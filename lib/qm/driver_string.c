/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/driver_string.c
 * Word splitting and the common keys of driver strings. */
#include "qm/driver_string.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

#define COMMON_KEYS "timeout, retries, ladder, workers, dir, keep, maxforce, require, mintime, budget, maxfail"
enum { WORKER_LIMIT = 1024 };

/* A word after the removal of quotes; `plain` counts the characters before the first quote or backslash. */
typedef struct word {
  char *text;
  size_t plain;
} word;

/* Reads one quoted or escaped piece at *s (which is ' " or \) into `out`; false if the text ends within it. */
static bool read_quoted(const char **s, mtp_text *out) {
  const char *c = *s;
  char quote = *c++;
  if (quote == '\\') {
    if (!*c) return false;
    mtp_text_add_bytes(out, c++, 1);
    *s = c;
    return true;
  }
  for (; *c != quote; c++) {
    if (!*c) return false;
    /* within "..." a backslash is only special before what it can take the meaning from, as in sh */
    if (quote == '"' && *c == '\\' && c[1] && strchr("\"\\$`", c[1])) c++;
    mtp_text_add_bytes(out, c, 1);
  }
  *s = c + 1;
  return true;
}

/* The next word of *s; its text is NULL at the end of the string. */
static mtp_status next_word(mtp_context *ctx, const char **s, word *out) {
  mtp_text text = {0};
  const char *c = *s;
  bool quoted = false;
  *out = (word){NULL, 0};
  while (isspace((unsigned char)*c)) c++;
  if (!*c) return MTP_OK;
  mtp_text_add_bytes(&text, "", 0); /* '' is a word too */
  while (*c && !isspace((unsigned char)*c)) {
    if (strchr("'\"\\", *c)) {
      char quote = *c;
      quoted = true;
      if (!read_quoted(&c, &text)) {
        mtp_text_free(&text);
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: nothing closes or follows the %c in: %s", quote,
                        *s + strspn(*s, " \t\r\n"));
      }
      continue;
    }
    if (!quoted) out->plain++;
    mtp_text_add_bytes(&text, c++, 1);
  }
  if (text.failed) {
    mtp_text_free(&text);
    return mtp_fail_memory(ctx);
  }
  out->text = text.data;
  *s = c;
  return MTP_OK;
}

static bool parse_number(const char *text, double *out) {
  char *end;
  *out = mtp_strtod(text, &end);
  return end != text && *end == 0 && isfinite(*out);
}

static mtp_status read_seconds(mtp_context *ctx, const char *key, const char *value, double *out) {
  if (strcmp(value, "none") == 0) {
    *out = 0;
    return MTP_OK;
  }
  double seconds;
  if (!parse_number(value, &seconds) || seconds < 0)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: %s=%s: expected seconds or none", key, value);
  *out = seconds;
  return MTP_OK;
}

static mtp_status set_timeout(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  return read_seconds(ctx, "timeout", value, &policy->timeout);
}

static mtp_status set_min_time(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  return read_seconds(ctx, "mintime", value, &policy->min_time);
}

/* What is left of a job may be nothing, which a script would not want to mean no limit. */
static mtp_status set_budget(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  mtp_status status = read_seconds(ctx, "budget", value, &policy->budget);
  if (status == MTP_OK && policy->budget == 0 && strcmp(value, "none") != 0)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: budget=%s: expected seconds above zero or none", value);
  return status;
}

static mtp_status read_count(mtp_context *ctx, const char *key, const char *value, long least, long most, int *out) {
  char *end;
  long n = strtol(value, &end, 10);
  if (end == value || *end || n < least || n > most)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: %s=%s: expected a whole number from %ld to %ld", key, value, least,
                    most);
  *out = (int)n;
  return MTP_OK;
}

static mtp_status set_retries(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  return read_count(ctx, "retries", value, 0, 1000000, &policy->retries);
}

static mtp_status set_workers(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  return read_count(ctx, "workers", value, 1, WORKER_LIMIT, &policy->workers);
}

static mtp_status set_max_fail(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  return read_count(ctx, "maxfail", value, 0, 1000000, &policy->max_fail);
}

static void free_fallbacks(mtp_qm_policy *policy) {
  for (int i = 0; i < policy->fallback_count; i++) free(policy->fallbacks[i]);
  free(policy->fallbacks);
  policy->fallbacks = NULL;
  policy->fallback_count = 0;
}

static mtp_status set_ladder(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  free_fallbacks(policy);
  for (const char *item = value;; item++) {
    size_t length = strcspn(item, ",");
    if (length == 0)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: ladder=%s: expected names with commas between them", value);
    char **larger = mtp_realloc(policy->fallbacks, (size_t)policy->fallback_count + 1, sizeof *larger);
    if (!larger) return mtp_fail_memory(ctx);
    policy->fallbacks = larger;
    char *copy = mtp_calloc(length + 1, 1);
    if (!copy) return mtp_fail_memory(ctx);
    memcpy(copy, item, length);
    larger[policy->fallback_count++] = copy;
    item += length;
    if (!*item) return MTP_OK;
  }
}

static mtp_status set_dir(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  if (!value[0]) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: dir=: expected the name of a folder");
  char *copy = mtp_strdup(value);
  if (!copy) return mtp_fail_memory(ctx);
  free(policy->dir);
  policy->dir = copy;
  return MTP_OK;
}

static mtp_status set_keep(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  static const struct {
    const char *name;
    mtp_qm_keep keep;
  } modes[] = {{"failed", MTP_QM_KEEP_FAILED}, {"all", MTP_QM_KEEP_ALL}, {"none", MTP_QM_KEEP_NONE}};
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
    if (strcmp(value, modes[i].name) == 0) {
      policy->keep = modes[i].keep;
      return MTP_OK;
    }
  return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: keep=%s: expected failed, all or none", value);
}

static mtp_status set_max_force(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  double f;
  if (!parse_number(value, &f) || !(f > 0))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: maxforce=%s: expected a positive number (eV/A)", value);
  policy->max_force = f;
  return MTP_OK;
}

static mtp_status set_require(mtp_context *ctx, mtp_qm_policy *policy, const char *value) {
  bool forces = false, stress = false;
  for (const char *item = value;; item++) {
    size_t length = strcspn(item, ",");
    if (length == 6 && strncmp(item, "forces", 6) == 0)
      forces = true;
    else if (length == 6 && strncmp(item, "stress", 6) == 0)
      stress = true;
    else if (strcmp(value, "none") != 0)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: require=%s: expected forces, stress, forces,stress or none", value);
    item += length;
    if (!*item) break;
  }
  policy->require_forces = forces;
  policy->require_stress = stress;
  return MTP_OK;
}

typedef struct common_key {
  const char *name;
  mtp_status (*set)(mtp_context *ctx, mtp_qm_policy *policy, const char *value);
} common_key;

static const common_key common_keys[] = {
    {"timeout", set_timeout},  {"retries", set_retries},  {"ladder", set_ladder},
    {"workers", set_workers},  {"dir", set_dir},          {"keep", set_keep},
    {"mintime", set_min_time}, {"budget", set_budget},    {"maxforce", set_max_force},
    {"require", set_require},  {"maxfail", set_max_fail},
};

/* The common key that a word sets; *value is what follows its '='. */
static const common_key *find_key(const word *w, const char **value) {
  for (size_t i = 0; i < sizeof common_keys / sizeof common_keys[0]; i++) {
    size_t length = strlen(common_keys[i].name);
    if (w->plain > length && strncmp(w->text, common_keys[i].name, length) == 0 && w->text[length] == '=') {
      *value = w->text + length + 1;
      return &common_keys[i];
    }
  }
  return NULL;
}

/* key=value with a lower-case key. No driver's first word looks like that, so there it is a key misspelt. */
static bool looks_like_key(const word *w) {
  size_t length = 0;
  while (islower((unsigned char)w->text[length])) length++;
  return length > 0 && w->plain > length && w->text[length] == '=';
}

enum { KEY_LENGTH = 16 };

/* How many letters have to be put in, left out or replaced to make one word of the other; both below KEY_LENGTH. */
static size_t distance(const char *a, const char *b) {
  size_t row[KEY_LENGTH + 1];
  for (size_t j = 0; j <= strlen(b); j++) row[j] = j;
  for (size_t i = 1; a[i - 1]; i++) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; b[j - 1]; j++) {
      size_t best = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      if (row[j] + 1 < best) best = row[j] + 1;
      if (row[j - 1] + 1 < best) best = row[j - 1] + 1;
      row[j] = best;
    }
  }
  return row[strlen(b)];
}

/* The common key that somebody may have meant by a word such as timout=60, NULL if there is none. */
static const char *misspelt_key(const word *w) {
  char key[KEY_LENGTH];
  size_t end = strcspn(w->text, "="), length = 0;
  if (!w->text[end] || end >= w->plain || w->text[0] == '-') return NULL; /* -x=... is an option of the command */
  for (size_t i = 0; i < end; i++) {
    if (w->text[i] == '_' || w->text[i] == '-') continue;
    if (!isalpha((unsigned char)w->text[i]) || length + 1 == KEY_LENGTH) return NULL;
    key[length++] = (char)tolower((unsigned char)w->text[i]);
  }
  key[length] = 0;
  for (size_t i = 0; i < sizeof common_keys / sizeof common_keys[0]; i++)
    if (distance(key, common_keys[i].name) <= strlen(common_keys[i].name) / 3) return common_keys[i].name;
  return NULL;
}

static mtp_status add_argument(mtp_context *ctx, mtp_qm_string *string, char *text) {
  char **larger = mtp_realloc(string->arguments, (size_t)string->count + 1, sizeof *larger);
  if (!larger) {
    free(text);
    return mtp_fail_memory(ctx);
  }
  string->arguments = larger;
  larger[string->count++] = text;
  return MTP_OK;
}

/* Takes over w->text. */
static mtp_status parse_word(mtp_context *ctx, mtp_qm_string *string, word *w, bool *only_words) {
  const char *value = NULL;
  const common_key *key = *only_words ? NULL : find_key(w, &value);
  if (key) {
    mtp_status status = key->set(ctx, &string->policy, value);
    free(w->text);
    return status;
  }
  if (!*only_words && w->plain == 2 && strcmp(w->text, "--") == 0) {
    *only_words = true;
    if (string->count > 0) return add_argument(ctx, string, w->text);
    free(w->text);
    return MTP_OK;
  }
  if (!*only_words && string->count == 0 && looks_like_key(w)) {
    mtp_status status =
        mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: unknown key in '%s': the keys of all drivers are " COMMON_KEYS, w->text);
    free(w->text);
    return status;
  }
  const char *meant = *only_words ? NULL : misspelt_key(w);
  if (meant) { /* a run without the limit that its user set would be worse */
    mtp_status status = mtp_fail(
        ctx, MTP_ERR_ARGUMENT, "qm: '%s' looks like the key %s= misspelt; put -- before it if the command is to get it",
        w->text, meant);
    free(w->text);
    return status;
  }
  return add_argument(ctx, string, w->text);
}

mtp_status mtp_qm_string_parse(mtp_context *ctx, const char *text, mtp_qm_string *out) {
  *out = (mtp_qm_string){.policy = {.retries = 2,
                                    .workers = 1,
                                    .max_fail = 100,
                                    .max_force = 100,
                                    .require_forces = true,
                                    .require_stress = true}};
  out->policy.dir = mtp_strdup("qm");
  mtp_status status = out->policy.dir ? MTP_OK : mtp_fail_memory(ctx);
  const char *rest = text;
  bool only_words = false;
  while (status == MTP_OK) {
    word w;
    status = next_word(ctx, &rest, &w);
    if (status != MTP_OK || !w.text) break;
    if (!out->name)
      out->name = w.text;
    else
      status = parse_word(ctx, out, &w, &only_words);
  }
  if (status == MTP_OK && !out->name)
    status = mtp_fail(ctx, MTP_ERR_ARGUMENT, "qm: expected the name of a driver, found an empty string");
  if (status != MTP_OK) mtp_qm_string_free(out);
  return status;
}

void mtp_qm_string_free(mtp_qm_string *string) {
  free(string->name);
  for (int i = 0; i < string->count; i++) free(string->arguments[i]);
  free(string->arguments);
  free(string->policy.dir);
  free_fallbacks(&string->policy);
  *string = (mtp_qm_string){0};
}
