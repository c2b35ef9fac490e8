/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/config.c
 * One configuration: life cycle and features. */
#include "mtp/config.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/scan.h"
#include "support/support.h"

mtp_config *mtp_config_new(size_t n) {
  if (n > SIZE_MAX / 3) return NULL;
  mtp_config *cfg = mtp_calloc(1, sizeof *cfg);
  if (!cfg) return NULL;
  cfg->n = n;
  cfg->species = mtp_calloc(n, sizeof *cfg->species);
  cfg->x = mtp_calloc(3 * n, sizeof *cfg->x);
  if (!cfg->species || !cfg->x) {
    mtp_config_free(cfg);
    return NULL;
  }
  return cfg;
}

void mtp_config_free(mtp_config *cfg) {
  if (!cfg) return;
  free(cfg->species);
  free(cfg->x);
  free(cfg->force);
  free(cfg->force_mask);
  free(cfg->ghost);
  free(cfg->site_energy);
  free(cfg->grade);
  free(cfg->force_error);
  for (size_t i = 0; i < cfg->feature_count; i++) {
    free(cfg->features[i].key);
    free(cfg->features[i].value);
  }
  free(cfg->features);
  free(cfg);
}

size_t mtp_config_real_count(const mtp_config *cfg) {
  size_t count = cfg ? cfg->n : 0;
  for (size_t i = 0; cfg && cfg->ghost && i < cfg->n; i++) count -= cfg->ghost[i] != 0;
  return count;
}

void mtp_config_drop_false_ghosts(mtp_config *cfg) {
  if (mtp_config_real_count(cfg) < cfg->n) return;
  free(cfg->ghost);
  cfg->ghost = NULL;
}

/* Copies an optional array; false when memory is exhausted. */
static bool copy_array(double **to, const double *from, size_t count) {
  if (!from) return true;
  *to = mtp_calloc(count, sizeof **to);
  if (*to) memcpy(*to, from, count * sizeof **to);
  return *to != NULL;
}

static bool copy_flags(unsigned char **to, const unsigned char *from, size_t count) {
  if (!from) return true;
  *to = mtp_calloc(count, 1);
  if (*to) memcpy(*to, from, count);
  return *to != NULL;
}

mtp_config *mtp_config_copy(const mtp_config *cfg) {
  mtp_config *copy = cfg ? mtp_calloc(1, sizeof *copy) : NULL;
  if (!copy) return NULL;
  *copy = *cfg;
  copy->species = NULL;
  copy->x = copy->force = copy->site_energy = copy->grade = copy->force_error = NULL;
  copy->force_mask = copy->ghost = NULL;
  copy->features = NULL;
  copy->feature_count = 0;
  copy->species = mtp_calloc(cfg->n, sizeof *copy->species);
  bool ok = copy->species && copy_array(&copy->x, cfg->x, 3 * cfg->n) &&
            copy_array(&copy->force, cfg->force, 3 * cfg->n) &&
            copy_array(&copy->site_energy, cfg->site_energy, cfg->n) && copy_array(&copy->grade, cfg->grade, cfg->n) &&
            copy_array(&copy->force_error, cfg->force_error, cfg->n);
  ok = ok && copy_flags(&copy->force_mask, cfg->force_mask, cfg->n) && copy_flags(&copy->ghost, cfg->ghost, cfg->n);
  if (ok) memcpy(copy->species, cfg->species, cfg->n * sizeof *copy->species);
  for (size_t i = 0; ok && i < cfg->feature_count; i++)
    ok = mtp_config_set_feature(NULL, copy, cfg->features[i].key, cfg->features[i].value) == MTP_OK;
  if (ok) return copy;
  mtp_config_free(copy);
  return NULL;
}

double mtp_config_volume(const mtp_config *cfg) {
  for (int d = 0; d < 3; d++)
    if (!cfg || !mtp_cell_has_row(cfg, d)) return 0;
  double normal[3];
  mtp_cross(cfg->cell, cfg->cell + 3, normal);
  return fabs(mtp_dot(normal, cfg->cell + 6));
}

mtp_status mtp_config_require_force(mtp_context *ctx, mtp_config *cfg) {
  if (!cfg) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no configuration given");
  if (!cfg->force) cfg->force = mtp_calloc(3 * cfg->n, sizeof *cfg->force);
  return cfg->force ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_feature *find_feature(const mtp_config *cfg, const char *key) {
  for (size_t i = 0; i < cfg->feature_count; i++)
    if (strcmp(cfg->features[i].key, key) == 0) return &cfg->features[i];
  return NULL;
}

mtp_status mtp_config_set_feature(mtp_context *ctx, mtp_config *cfg, const char *key, const char *value) {
  if (!cfg || !key || !value || !*key || strchr(key, '\n'))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "a feature needs a configuration, a key of one line and a value");
  char *new_value = mtp_strdup(value);
  if (!new_value) return mtp_fail_memory(ctx);
  mtp_feature *feature = find_feature(cfg, key);
  if (feature) {
    free(feature->value);
    feature->value = new_value;
    return MTP_OK;
  }
  mtp_feature *larger = mtp_realloc(cfg->features, cfg->feature_count + 1, sizeof *larger);
  if (larger) cfg->features = larger;
  char *new_key = larger ? mtp_strdup(key) : NULL;
  if (!new_key) {
    free(new_value);
    return mtp_fail_memory(ctx);
  }
  cfg->features[cfg->feature_count++] = (mtp_feature){new_key, new_value};
  return MTP_OK;
}

const char *mtp_config_get_feature(const mtp_config *cfg, const char *key) {
  const mtp_feature *feature = cfg && key ? find_feature(cfg, key) : NULL;
  return feature ? feature->value : NULL;
}

bool mtp_config_is_squeezed(const mtp_config *cfg) {
  return mtp_config_get_feature(cfg, "squeezed") != NULL;
}

void mtp_config_drop_feature(mtp_config *cfg, const char *key) {
  mtp_feature *feature = find_feature(cfg, key);
  if (!feature) return;
  free(feature->key);
  free(feature->value);
  size_t after = (size_t)(cfg->features + cfg->feature_count - feature) - 1;
  memmove(feature, feature + 1, after * sizeof *feature);
  cfg->feature_count--;
}

/* Multiplies by the number that one of two keys has. */
static mtp_status take_weight(mtp_context *ctx, const mtp_config *cfg, const char *key, const char *other,
                              double *weight) {
  const char *text = mtp_config_get_feature(cfg, key);
  if (!text && other) text = mtp_config_get_feature(cfg, key = other);
  if (!text) return MTP_OK;
  double value;
  if (!mtp_span_real((mtp_span){text, strlen(text)}, &value) || value < 0)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "found %s=%s, expected a weight: a number that is not negative", key, text);
  *weight *= value;
  return MTP_OK;
}

mtp_status mtp_config_weights(mtp_context *ctx, const mtp_config *cfg, double weights[3]) {
  static const char *const keys[3][2] = {{"config_energy_weight", NULL},
                                         {"config_forces_weight", "config_force_weight"},
                                         {"config_stress_weight", "config_virial_weight"}};
  double all = 1.0;
  if (!cfg || !weights)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "weights: expected a configuration and a place for them");
  mtp_status status = take_weight(ctx, cfg, "config_weight", NULL, &all);
  for (int k = 0; k < 3 && status == MTP_OK; k++) {
    weights[k] = all;
    status = take_weight(ctx, cfg, keys[k][0], keys[k][1], &weights[k]);
  }
  return status;
}
