/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/baseline.c
 * Differences of labels and a baseline, and who says which one it was. */
#include "mtp/baseline.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "model/model.h"
#include "support/support.h"

/* Of a name with its end. */
#define NAME_SIZE 64

static const char allowed[] = "its name must be letters and digits, and what it says of species";

/* ---- names ---- */

/* What a name says of one species, "_Cl-1", is the species up to a sign, and then a number. Names of species may hold
 * "_" as well ("_Fe_up+2"), numbers do not. */
static size_t key_length(const char *part) {
  return strcspn(part, "+-");
}

static size_t part_length(const char *part) {
  const size_t key = key_length(part);
  return key + strcspn(part + key, "_");
}

/* Is that nothing that another name says otherwise? */
static bool has_no_other(const char *name, const char *part) {
  const size_t length = part_length(part), key = key_length(part);
  for (const char *at = name + strcspn(name, "_"); *at; at += part_length(at))
    if (key_length(at) == key && strncmp(at, part, key) == 0)
      return part_length(at) == length && strncmp(at, part, length) == 0;
  return true;
}

/* Runs without atoms of a species do not know all that others say of it. */
static bool is_same(const char *a, const char *b) {
  const size_t length = strcspn(a, "_");
  if (strcspn(b, "_") != length || strncmp(a, b, length) != 0) return false;
  for (const char *part = a + length; *part; part += part_length(part))
    if (!has_no_other(b, part)) return false;
  return true;
}

static bool is_word(const char *name) {
  if (!name || !isalnum((unsigned char)*name) || strlen(name) >= NAME_SIZE) return false;
  for (const char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c) && !strchr("_+-.", *c)) return false;
  for (const char *part = name + strcspn(name, "_"); *part; part += part_length(part))
    if (key_length(part) == part_length(part)) return false; /* it says nothing of a species */
  return true;
}

static mtp_status check_baseline(mtp_context *ctx, const mtp_baseline *b) {
  if (!b || !b->compute) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: nothing to compute it with");
  if (!is_word(b->name)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: %s", allowed);
  return MTP_OK;
}

static mtp_status check_result(mtp_context *ctx, const mtp_config *cfg) {
  bool finite = isfinite(cfg->energy) && isfinite(mtp_largest_modulus(3 * cfg->n, cfg->force));
  for (int k = 0; k < 6 && cfg->has_virial; k++) finite = finite && isfinite(cfg->virial[k]);
  return finite ? MTP_OK : mtp_fail(ctx, MTP_ERR_NUMERIC, "the baseline gives numbers that are not finite");
}

static mtp_config *bare_copy(const mtp_config *cfg) {
  mtp_config bare = *cfg; /* shares the atoms */
  bare.has_energy = bare.has_virial = bare.has_max_grade = false;
  bare.force = bare.site_energy = bare.grade = NULL;
  bare.force_mask = NULL;
  return mtp_config_copy(&bare);
}

mtp_status mtp_baseline_compute(mtp_context *ctx, const mtp_baseline *b, const mtp_config *cfg, mtp_config **out) {
  if (!cfg || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no configuration");
  mtp_status status = check_baseline(ctx, b);
  if (status != MTP_OK) return status;
  mtp_config *copy = bare_copy(cfg);
  if (!copy) return mtp_fail_memory(ctx);
  status = mtp_config_require_force(ctx, copy);
  if (status == MTP_OK) status = b->compute(b->user, ctx, copy);
  copy->has_energy = true;
  if (status == MTP_OK) status = check_result(ctx, copy);
  if (status == MTP_OK)
    *out = copy;
  else
    mtp_config_free(copy);
  return status;
}

static bool has_label(const mtp_config *cfg) {
  return cfg->has_energy || cfg->force || cfg->has_virial;
}

mtp_status mtp_baseline_subtract(mtp_context *ctx, const mtp_baseline *b, mtp_config *label) {
  mtp_config *known = NULL;
  char number[32];
  if (!label) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no label");
  const char *before = mtp_config_get_feature(label, MTP_BASELINE_KEY);
  if (before) return mtp_fail(ctx, MTP_ERR_STATE, "the label is relative to the baseline %.64s already", before);
  mtp_status status = mtp_baseline_compute(ctx, b, label, &known);
  if (status != MTP_OK) return status;
  if (label->has_virial && !known->has_virial)
    status = mtp_fail(ctx, MTP_ERR_STATE, "the label has a virial, the baseline gives none");
  mtp_snprintf(number, sizeof number, "%.17g", known->energy);
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, label, MTP_BASELINE_ENERGY_KEY, number);
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, label, MTP_BASELINE_KEY, b->name);
  if (status == MTP_OK) {
    label->energy -= label->has_energy ? known->energy : 0.0;
    for (size_t k = 0; label->force && k < 3 * label->n; k++) label->force[k] -= known->force[k];
    for (int k = 0; label->has_virial && k < 6; k++) label->virial[k] -= known->virial[k];
  }
  mtp_config_free(known);
  return status;
}

/* ---- sets ---- */

mtp_status mtp_baseline_subtract_set(mtp_context *ctx, const mtp_baseline *b, mtp_config_set *set) {
  mtp_status status = check_baseline(ctx, b);
  if (status == MTP_OK && !set) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no set");
  for (size_t i = 0; status == MTP_OK && i < set->n; i++) {
    mtp_config *cfg = set->configs[i];
    if (!has_label(cfg) || mtp_config_get_feature(cfg, MTP_BASELINE_KEY)) continue;
    status = cfg->ghost ? mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "ghost atoms: it is a part of a system")
                        : mtp_baseline_subtract(ctx, b, cfg);
    if (status != MTP_OK)
      return mtp_fail(ctx, status, "%s: configuration %zu: %s", set->path ? set->path : "data", i + 1,
                      mtp_context_message(ctx));
  }
  return status == MTP_OK ? mtp_baseline_check(ctx, b->name, set, set->path) : status;
}

static const char *or_none(const char *name) {
  return name && *name ? name : "none";
}

mtp_status mtp_baseline_check(mtp_context *ctx, const char *name, const mtp_config_set *set, const char *path) {
  if (!set) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no set");
  for (size_t i = 0; i < set->n; i++) {
    const char *own = mtp_config_get_feature(set->configs[i], MTP_BASELINE_KEY);
    if (!has_label(set->configs[i]) || is_same(or_none(own), or_none(name))) continue;
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "%s: configuration %zu is labelled relative to the baseline %.64s, the one in use is %.64s",
                    path ? path : "data", i + 1, or_none(own), or_none(name));
  }
  return MTP_OK;
}

/* The longest name says most. */
const char *mtp_baseline_of_set(const mtp_config_set *set) {
  const char *found = NULL;
  size_t labels = 0;
  for (size_t i = 0; set && i < set->n; i++) {
    if (!has_label(set->configs[i])) continue;
    const char *name = mtp_config_get_feature(set->configs[i], MTP_BASELINE_KEY);
    if (labels++ == 0 || (found && name && strlen(name) > strlen(found))) found = name;
  }
  return found;
}

/* ---- potentials ---- */

bool mtp_potential_get_baseline(const mtp_potential *pot, char *name, size_t size) {
  const char *value = pot ? mtp_potential_text_note(pot, MTP_BASELINE_KEY) : NULL;
  const size_t length = value ? strcspn(value, " ") : 0;
  if (!pot || !name || length >= size) return false;
  memcpy(name, value ? value : "", length);
  name[length] = '\0';
  return true;
}

mtp_status mtp_potential_set_baseline(mtp_context *ctx, mtp_potential *pot, const char *name) {
  if (!pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no potential");
  if (name && !is_word(name)) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: %s", allowed);
  return mtp_potential_set_text_note(ctx, pot, MTP_BASELINE_KEY, name);
}

mtp_status mtp_potential_check_baseline(mtp_context *ctx, const mtp_potential *pot, const char *name,
                                        const char *path) {
  char own[NAME_SIZE + 1];
  if (!pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "baseline: no potential");
  if (!mtp_potential_get_baseline(pot, own, sizeof own)) strcpy(own, "?");
  if (!mtp_potential_is_trained(pot) || is_same(or_none(own), or_none(name))) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_STATE, "%s was trained on top of the baseline %s, the one in use is %.64s",
                  path ? path : "the potential", or_none(own), or_none(name));
}
