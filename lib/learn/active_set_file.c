/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/active_set_file.c
 * The active set in files: the section after the potential in `.almtp` (MLIP-3, tagged or not) and `.als` (MLIP-2).
 * The binary part holds A and its transposed inverse as little-endian doubles, which is what memory holds here. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/active_set.h"
#include "model/model.h"
#include "mtp/weights.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the files hold little-endian doubles");

#define TAG "#MVS_v1.1\n"

/* ---- reading ---- */

typedef struct reader {
  mtp_context *ctx;
  const char *path;
  const char *data;
  size_t size, at;
} reader;

static mtp_status bad(const reader *r, const char *expected) {
  return mtp_fail(r->ctx, MTP_ERR_FORMAT, "%s: active set at byte %zu: expected %s", r->path, r->at, expected);
}

static int skip(reader *r, const char *text) {
  const size_t length = strlen(text);
  if (r->size - r->at < length || memcmp(r->data + r->at, text, length) != 0) return 0;
  r->at += length;
  return 1;
}

/* `key value` on a line of its own. The data end in a zero byte, so strtod stops in time. */
static int read_weight(reader *r, const char *key, double *value) {
  if (!skip(r, key) || !skip(r, " ")) return 0;
  char *end;
  *value = mtp_strtod(r->data + r->at, &end);
  if (end == r->data + r->at) return 0;
  r->at = (size_t)(end - r->data);
  return skip(r, "\r\n") || skip(r, "\n");
}

/* From the first '#' to the first binary byte of an `.almtp`. */
static mtp_status read_almtp_head(reader *r, double *site_weight, double *force_weight) {
  double energy, stress, scaling;
  if (skip(r, TAG)) {
    if (!read_weight(r, "energy_weight", &energy) || !read_weight(r, "force_weight", force_weight) ||
        !read_weight(r, "stress_weight", &stress) || !read_weight(r, "site_en_weight", site_weight) ||
        !read_weight(r, "weight_scaling", &scaling))
      return bad(r, "energy_weight, force_weight, stress_weight, site_en_weight and weight_scaling, a line each");
  } else { /* the older variant: four bare weights */
    skip(r, "#");
    for (int k = 0; k < 4; k++) {
      char *end;
      *site_weight = mtp_strtod(r->data + r->at, &end);
      if (k == 1) *force_weight = *site_weight;
      if (end == r->data + r->at) return bad(r, "four weights");
      r->at = (size_t)(end - r->data);
    }
    while (r->at < r->size && strchr(" \t\r\n", r->data[r->at])) r->at++;
  }
  return skip(r, "#") ? MTP_OK : bad(r, "'#' before the matrices");
}

static mtp_status read_als_head(reader *r, double *site_weight, double *force_weight) {
  double weights[4]; /* site energy, energy, force, stress */
  if (r->size - r->at < 1 + sizeof weights) return bad(r, "four weights");
  memcpy(weights, r->data + r->at + 1, sizeof weights);
  *site_weight = weights[0];
  *force_weight = 0; /* rows of forces in such a file are by all parameters, and graded as those of energies */
  r->at += 1 + sizeof weights;
  return skip(r, "\n#") ? MTP_OK : bad(r, "'#' before the matrices");
}

static mtp_status read_matrices(reader *r, mtp_active_set *as) {
  const size_t bytes = as->n * as->n * sizeof(double);
  if ((r->size - r->at) / 2 < bytes)
    return bad(r, "two n x n matrices (the file is cut short or belongs to other parameters)");
  memcpy(as->rows, r->data + r->at, bytes);
  memcpy(as->inverse, r->data + r->at + bytes, bytes);
  r->at += 2 * bytes;
  for (size_t k = 0; k < as->n * as->n; k++)
    if (as->rows[k] * 0.0 != 0.0 || as->inverse[k] * 0.0 != 0.0) return bad(r, "finite matrices");
  return MTP_OK;
}

/* n lines of two integers. */
static mtp_status read_pairs(reader *r, size_t n, long long *pairs) {
  for (size_t k = 0; k < 2 * n; k++) {
    char *end;
    pairs[k] = strtoll(r->data + r->at, &end, 10);
    if (end == r->data + r->at) return bad(r, "two integers for every row");
    r->at = (size_t)(end - r->data);
  }
  if (!skip(r, "\r\n") && !skip(r, "\n")) return bad(r, "the end of a line");
  return MTP_OK;
}

static mtp_status read_configs(reader *r, const mtp_potential *pot, mtp_config_set *configs) {
  size_t line = 1; /* lines cannot be counted through binary data; messages count from here */
  mtp_status status = mtp_cfg_parse(r->ctx, r->path, r->data + r->at, r->size - r->at, line, NULL, configs);
  if (status != MTP_OK) return status;
  const int C = mtp_potential_species_count(pot);
  char(*text)[16] = mtp_calloc((size_t)C, sizeof *text);
  const char **names = mtp_calloc((size_t)C, sizeof *names);
  status = text && names ? MTP_OK : mtp_fail_memory(r->ctx);
  for (int s = 0; status == MTP_OK && s < C; s++) {
    snprintf(text[s], sizeof text[s], "%d", mtp_potential_label(pot, s));
    names[s] = text[s];
  }
  if (status == MTP_OK) status = mtp_config_set_map_species(r->ctx, configs, C, names);
  /* from here on by element, as everywhere else */
  for (int s = 0; status == MTP_OK && s < C && mtp_potential_element(pot, s); s++) {
    char *name = mtp_strdup(mtp_potential_element(pot, s));
    if (!name)
      status = mtp_fail_memory(r->ctx);
    else {
      free(configs->names[s]);
      configs->names[s] = name;
    }
  }
  free(text);
  free(names);
  return status;
}

static mtp_status read_samples(reader *r, const mtp_potential *pot, mtp_sample_set *samples) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_status status = set ? read_configs(r, pot, set) : mtp_fail_memory(r->ctx);
  if (status == MTP_OK) status = mtp_sample_set_name(r->ctx, samples, set->species_count, set->names);
  if (status == MTP_OK) status = mtp_sample_set_adopt(r->ctx, samples, set);
  mtp_config_set_free(set);
  return status;
}

/* Equations of a configuration in these files: the energy, 3 natoms forces, 9 stresses, then the site energies. Ours of
 * mode forces have the six stresses before the forces. */
static const int stress_place[6] = {0, 4, 8, 1, 2, 5}; /* xx yy zz xy xz yz */

static long long equation_of_row(long long natoms, long long row) {
  if (row == 0) return 0;
  return row < 7 ? 1 + 3 * natoms + stress_place[row - 1] : row - 6;
}

static long long row_of_equation(long long natoms, long long equation) {
  if (equation == 0) return 0;
  if (equation >= 1 && equation <= 3 * natoms) return equation + 6;
  for (int k = 0; k < 6; k++)
    if (equation == 1 + 3 * natoms + stress_place[k]) return 1 + k;
  return -1;
}

/* Rows to configurations: (cfg_index, eqn_index) in `.almtp`, (row, cfg_number) in `.als`. */
static mtp_status assign_rows(const reader *r, mtp_active_set *as, const long long *pairs, int als) {
  for (size_t i = 0; i < as->n; i++) {
    const long long config = pairs[2 * i + (als ? 1 : 0)], equation = als ? -1 : pairs[2 * i + 1];
    if (config < 0) continue;
    if ((size_t)config >= as->samples->view->n) return bad(r, "as many configurations as the rows refer to");
    const long long natoms = (long long)as->samples->view->configs[config]->n;
    if (natoms == 0) continue; /* how `.als` writes a row that is still initial */
    as->config[i] = as->origin[2 * i] = config;
    as->origin[2 * i + 1] = -1;
    if (as->mode == MTP_MODE_NEIGHBOURHOOD && !als) {
      const long long first = 1 + 3 * natoms + 9; /* of site energies */
      if (equation < first || equation >= first + natoms) return bad(r, "equation indices of site energies");
      as->origin[2 * i + 1] = equation - first;
    }
    if (as->mode == MTP_MODE_FORCES && (as->origin[2 * i + 1] = row_of_equation(natoms, equation)) < 0)
      return bad(r, "equation indices of an energy, forces and stresses");
  }
  return MTP_OK;
}

static mtp_status read_section(reader *r, const mtp_potential *pot, int als, mtp_active_set **out) {
  double site_weight = 0, force_weight = 0;
  mtp_status status =
      als ? read_als_head(r, &site_weight, &force_weight) : read_almtp_head(r, &site_weight, &force_weight);
  if (status != MTP_OK) return status;
  if (als && site_weight != 0)
    return mtp_fail(r->ctx, MTP_ERR_UNSUPPORTED,
                    "%s: an active set of site energies in an .als file does not say which atoms its rows are of; "
                    "expected configuration mode or an .almtp file",
                    r->path);
  mtp_active_set *as = NULL;
  const mtp_mode mode = site_weight != 0    ? MTP_MODE_NEIGHBOURHOOD
                        : force_weight != 0 ? MTP_MODE_FORCES
                                            : MTP_MODE_CONFIGURATION;
  status = mtp_active_set_new(r->ctx, mtp_potential_parameter_count(pot), mode, 1e-6, &as);
  if (status != MTP_OK) return status;
  long long *pairs = mtp_calloc(2 * as->n, sizeof *pairs);
  status = pairs ? read_matrices(r, as) : mtp_fail_memory(r->ctx);
  if (status == MTP_OK) mtp_active_set_find_pins(as);
  /* rows of MLIP, by all parameters: their configurations are graded by their energies */
  if (as->mode == MTP_MODE_FORCES && as->pinned == 0) as->mode = MTP_MODE_CONFIGURATION;
  if (status == MTP_OK && !skip(r, als ? "\n" : "\n#\n")) status = bad(r, "the list of rows");
  if (status == MTP_OK) status = read_pairs(r, as->n, pairs);
  if (status == MTP_OK && !als && !skip(r, "#\n")) status = bad(r, "'#' before the configurations");
  if (status == MTP_OK) status = read_samples(r, pot, as->samples);
  if (status == MTP_OK) status = assign_rows(r, as, pairs, als);
  if (status == MTP_OK) mtp_active_set_find_pins(as);
  if (status == MTP_OK && !(mtp_active_set_drift(as) < 1e-3)) status = mtp_active_set_invert(r->ctx, as);
  free(pairs);
  if (status != MTP_OK) {
    mtp_active_set_free(as);
    return status;
  }
  *out = as;
  return MTP_OK;
}

mtp_status mtp_active_set_parse(mtp_context *ctx, const char *path, const char *data, size_t size,
                                const mtp_potential *pot, mtp_active_set **out) {
  reader r = {.ctx = ctx, .path = path, .data = data, .size = size};
  const char *section = mtp_potential_section(data, size);
  *out = NULL;
  if (!section) return MTP_OK;
  r.at = (size_t)(section - data);
  return read_section(&r, pot, *section == '^', out);
}

mtp_status mtp_active_set_read(mtp_context *ctx, const char *path, const mtp_potential *pot, mtp_active_set **out) {
  if (out) *out = NULL;
  if (!path || !pot || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: expected a file and its potential");
  char *data = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, path, &data, &size);
  if (status == MTP_OK) status = mtp_active_set_parse(ctx, path, data, size, pot, out);
  free(data);
  return status;
}

/* ---- writing ---- */

static long long equation_of(const mtp_active_set *as, size_t row) {
  if (as->config[row] < 0) return -1;
  if (as->mode == MTP_MODE_CONFIGURATION) return 0;
  const size_t natoms = as->samples->view->configs[as->config[row]]->n;
  if (as->mode == MTP_MODE_FORCES) return equation_of_row((long long)natoms, as->origin[2 * row + 1]);
  return 1 + 3 * (long long)natoms + 9 + as->origin[2 * row + 1];
}

static mtp_status add_config(mtp_context *ctx, const mtp_active_set *as, size_t k, int C, const char *const *names,
                             mtp_text *text) {
  mtp_text equations = {0};
  for (size_t i = 0; i < as->n; i++)
    if (as->config[i] == (long long)k)
      mtp_text_add(&equations, "%s%lld", equations.size ? "," : "", equation_of(as, i));
  mtp_config *copy = mtp_config_copy(as->samples->view->configs[k]);
  char *record = NULL;
  size_t size = 0;
  mtp_status status = copy && !equations.failed ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK)
    status = mtp_config_set_feature(ctx, copy, "selected_eqn_inds", equations.data ? equations.data : "");
  if (status == MTP_OK) status = mtp_config_format(ctx, copy, C, names, MTP_FORMAT_CFG, &record, &size);
  if (status == MTP_OK) mtp_text_add_bytes(text, record, size);
  free(record);
  mtp_config_free(copy);
  mtp_text_free(&equations);
  return status;
}

static mtp_status add_section(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot, mtp_text *text) {
  const int by_site = as->mode == MTP_MODE_NEIGHBOURHOOD, by_force = as->mode == MTP_MODE_FORCES;
  const mtp_weights w = mtp_weights_default();
  const int C = mtp_potential_species_count(pot);
  mtp_text_add(text, "\n" TAG);
  mtp_text_add(
      text, "energy_weight %.16e\nforce_weight %.16e\nstress_weight %.16e\nsite_en_weight %.16e\nweight_scaling %d\n#",
      by_site    ? 0.0
      : by_force ? sqrt(w.energy)
                 : 1.0,
      by_force ? sqrt(w.force) : 0.0, by_force ? sqrt(w.stress) : 0.0, by_site ? 1.0 : 0.0, by_force ? 1 : 2);
  mtp_text_add_bytes(text, as->rows, as->n * as->n * sizeof(double));
  mtp_text_add_bytes(text, as->inverse, as->n * as->n * sizeof(double));
  mtp_text_add(text, "\n#\n");
  for (size_t i = 0; i < as->n; i++) mtp_text_add(text, "%lld %lld\n", as->config[i], equation_of(as, i));
  mtp_text_add(text, "#\n");
  /* MLIP-3 takes the types of its configurations from the labels of the potential */
  char(*label)[16] = mtp_calloc((size_t)C, sizeof *label);
  const char **names = mtp_calloc((size_t)C, sizeof *names);
  mtp_status status = label && names ? MTP_OK : mtp_fail_memory(ctx);
  for (int s = 0; status == MTP_OK && s < C; s++) {
    snprintf(label[s], sizeof label[s], "%d", mtp_potential_label(pot, s));
    names[s] = label[s];
  }
  for (size_t k = 0; status == MTP_OK && k < as->samples->view->n; k++) status = add_config(ctx, as, k, C, names, text);
  free(label);
  free(names);
  return status;
}

mtp_status mtp_active_set_text(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot, mtp_text *text) {
  if (as && as->n != mtp_potential_parameter_count(pot))
    return mtp_fail(ctx, MTP_ERR_STATE,
                    "the active set has %zu rows, the potential %zu parameters: they do not belong together", as->n,
                    mtp_potential_parameter_count(pot));
  if (as && as->samples->view->n && as->samples->view->species_count > mtp_potential_species_count(pot))
    return mtp_fail(ctx, MTP_ERR_STATE, "the configurations of the active set have other species than the potential");
  mtp_status status = mtp_potential_text(ctx, pot, text);
  if (status == MTP_OK && as) status = add_section(ctx, as, pot, text);
  return status == MTP_OK && text->failed ? mtp_fail_memory(ctx) : status;
}

mtp_status mtp_active_set_write(mtp_context *ctx, const mtp_active_set *as, const mtp_potential *pot,
                                const char *path) {
  if (!pot || !path) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "active set: expected a potential and a file");
  mtp_text text = {0};
  mtp_status status = mtp_active_set_text(ctx, as, pot, &text);
  if (status == MTP_OK) status = mtp_file_replace(ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status;
}
