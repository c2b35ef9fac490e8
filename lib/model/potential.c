/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/potential.c
 * A potential as an object: making, reading, writing, copying, asking. The file format is in parse.c and text.c. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model.h"

void mtp_potential_free(mtp_potential *pot) {
  if (!pot) return;
  if (pot->elements)
    for (int z = 0; z < pot->nspecies; z++) free(pot->elements[z]);
  free(pot->elements);
  free(pot->name);
  free(pot->tag);
  free(pot->labels);
  free(pot->params);
  mtp_basis_clear(&pot->basis);
  free(pot);
}

mtp_status mtp_potential_allocate(mtp_context *ctx, mtp_potential *pot) {
  pot->nparams = mtp_offset_moment(pot) + (size_t)pot->basis.nscalars;
  pot->params = mtp_calloc(pot->nparams, sizeof *pot->params);
  return pot->params ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status check_spec(mtp_context *ctx, const mtp_potential_spec *spec) {
  if (spec->level < 2 || spec->level > 30 || spec->level % 2)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "level %d: expected an even number in 2..30", spec->level);
  if (spec->species_count < 1 || spec->species_count > MTP_MAX_SPECIES)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%d species: expected 1..%d", spec->species_count, MTP_MAX_SPECIES);
  if (!isfinite(spec->cutoff) || !(spec->cutoff > 0.0) || !(spec->min_dist >= 0.0) || !(spec->min_dist < spec->cutoff))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "min_dist %g and cutoff %g: expected 0 <= min_dist < cutoff", spec->min_dist,
                    spec->cutoff);
  if (spec->radial_size != 0 && (spec->radial_size < 2 || spec->radial_size > MTP_MAX_RADIAL_SIZE))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "radial size %d: expected 2..%d", spec->radial_size, MTP_MAX_RADIAL_SIZE);
  return MTP_OK;
}

/* What a potential has until training knows better. */
#define FREE_MIN_DIST 2.0
#define FREE_SIZE     8

static char *tag_of(const mtp_potential_spec *spec) {
  char tag[64];
  snprintf(tag, sizeof tag, "%s%s%s", spec->radial_size ? "" : MTP_FREE_SIZE,
           spec->radial_size || spec->min_dist > 0.0 ? "" : " ", spec->min_dist > 0.0 ? "" : MTP_FREE_MIN_DIST);
  return mtp_strdup(tag);
}

static mtp_status fill_new(mtp_context *ctx, const mtp_potential_spec *spec, mtp_potential *pot) {
  mtp_status status = mtp_basis_enumerate(ctx, spec->level, &pot->basis);
  if (status != MTP_OK) return status;
  pot->nspecies = spec->species_count;
  pot->nradial = mtp_basis_radial_count(&pot->basis);
  pot->radial.type = MTP_RADIAL_CHEBYSHEV;
  pot->radial.min_dist = spec->min_dist > 0.0 ? spec->min_dist : fmin(FREE_MIN_DIST, 0.5 * spec->cutoff);
  pot->radial.max_dist = spec->cutoff;
  pot->radial.scaling = 1.0;
  pot->radial.size = spec->radial_size ? spec->radial_size : FREE_SIZE;
  mtp_radial_prepare(&pot->radial);
  pot->name = mtp_strdup("MTP1m");
  pot->tag = tag_of(spec);
  pot->labels = mtp_calloc((size_t)pot->nspecies, sizeof *pot->labels);
  if (!pot->name || !pot->tag || !pot->labels) return mtp_fail_memory(ctx);
  for (int z = 0; z < pot->nspecies; z++) pot->labels[z] = z;
  status = mtp_potential_allocate(ctx, pot);
  if (status == MTP_OK) status = mtp_potential_init_radial(ctx, pot);
  if (status == MTP_OK && spec->elements) status = mtp_potential_set_elements(ctx, pot, spec->elements);
  return status;
}

mtp_status mtp_potential_new(mtp_context *ctx, const mtp_potential_spec *spec, mtp_potential **out) {
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_new: a null pointer was passed in");
  *out = NULL;
  if (!spec) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_new: a null pointer was passed in");
  mtp_status status = check_spec(ctx, spec);
  if (status != MTP_OK) return status;
  mtp_potential *pot = mtp_calloc(1, sizeof *pot);
  if (!pot) return mtp_fail_memory(ctx);
  status = fill_new(ctx, spec, pot);
  if (status != MTP_OK) {
    mtp_potential_free(pot);
    return status;
  }
  *out = pot;
  return MTP_OK;
}

static int count_used_functions(const mtp_potential *pot) {
  int count = 0;
  for (int mu = 0; mu < pot->nradial; mu++) {
    int i = 0;
    while (i < pot->basis.nbasic && pot->basis.basic[i][0] != mu) i++;
    count += i < pot->basis.nbasic;
  }
  return count;
}

void mtp_potential_remark(mtp_context *ctx, const char *path, const mtp_potential *pot, const char *data, size_t size) {
  static const char key[] = "UNITS:";
  const int used = count_used_functions(pot);
  if (used < pot->nradial)
    mtp_message(ctx, MTP_WARNING,
                "%s: radial_funcs_count = %d, but alpha_index_basic uses only %d radial functions: the parameters of "
                "the others have no effect",
                path, pot->nradial, used);
  const char *end = data + mtp_potential_comments(size, data);
  const char *at = memmem(data, (size_t)(end - data), key, sizeof key - 1);
  if (!at) return;
  int line = 1, length = 0;
  for (const char *c = data; c < at; c++) line += *c == '\n';
  for (at += sizeof key - 1; at < end && (*at == ' ' || *at == '\t');) at++;
  while (at + length < end && length < 20 && isgraph((unsigned char)at[length])) length++;
  if (length != 5 || memcmp(at, "metal", 5) != 0)
    mtp_message(ctx, MTP_WARNING, "%s:%d: UNITS: %.*s in a comment, but the potential is read in metal units", path,
                line, length, at);
}

mtp_status mtp_potential_read(mtp_context *ctx, const char *path, mtp_potential **out) {
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_read: a null pointer was passed in");
  *out = NULL;
  if (!path) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_read: a null pointer was passed in");
  char *data = NULL;
  size_t size = 0;
  mtp_status status = mtp_file_read(ctx, path, &data, &size);
  if (status != MTP_OK) return status;
  status = mtp_potential_parse(ctx, path, data, size, out, NULL);
  if (status == MTP_OK) mtp_potential_remark(ctx, path, *out, data, size);
  free(data);
  return status;
}

mtp_status mtp_potential_write(mtp_context *ctx, const mtp_potential *pot, const char *path) {
  if (!pot || !path) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_write: a null pointer was passed in");
  mtp_text text = {0};
  mtp_status status = mtp_potential_text(ctx, pot, &text);
  if (status == MTP_OK) status = mtp_file_replace(ctx, path, text.data, text.size);
  mtp_text_free(&text);
  return status;
}

mtp_status mtp_potential_format(mtp_context *ctx, const mtp_potential *pot, char **text, size_t *size) {
  if (!pot || !text || !size)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_format: a null pointer was passed in");
  mtp_text grown = {0};
  const mtp_status status = mtp_potential_text(ctx, pot, &grown);
  if (status != MTP_OK) {
    mtp_text_free(&grown);
    return status;
  }
  *text = grown.data;
  *size = grown.size;
  return MTP_OK;
}

static mtp_status fill_copy(mtp_context *ctx, const mtp_potential *pot, mtp_potential *copy) {
  mtp_status status = mtp_basis_copy(ctx, &pot->basis, &copy->basis);
  if (status != MTP_OK) return status;
  copy->nspecies = pot->nspecies;
  copy->radial = pot->radial;
  copy->nradial = pot->nradial;
  copy->trained = pot->trained;
  copy->name = mtp_strdup(pot->name);
  copy->tag = mtp_strdup(pot->tag);
  copy->labels = mtp_calloc((size_t)pot->nspecies, sizeof *copy->labels);
  if (!copy->name || !copy->tag || !copy->labels) return mtp_fail_memory(ctx);
  memcpy(copy->labels, pot->labels, (size_t)pot->nspecies * sizeof *copy->labels);
  status = mtp_potential_allocate(ctx, copy);
  if (status != MTP_OK) return status;
  memcpy(copy->params, pot->params, pot->nparams * sizeof *copy->params);
  return pot->elements ? mtp_potential_set_elements(ctx, copy, (const char *const *)pot->elements) : MTP_OK;
}

mtp_status mtp_potential_copy(mtp_context *ctx, const mtp_potential *pot, mtp_potential **out) {
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_copy: a null pointer was passed in");
  *out = NULL;
  if (!pot) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_copy: a null pointer was passed in");
  mtp_potential *copy = mtp_calloc(1, sizeof *copy);
  if (!copy) return mtp_fail_memory(ctx);
  mtp_status status = fill_copy(ctx, pot, copy);
  if (status != MTP_OK) {
    mtp_potential_free(copy);
    return status;
  }
  *out = copy;
  return MTP_OK;
}

mtp_status mtp_potential_blank(mtp_context *ctx, const mtp_potential *pot, mtp_potential **out) {
  mtp_status status = mtp_potential_copy(ctx, pot, out);
  if (status != MTP_OK) return status;
  mtp_potential *copy = *out;
  memset(copy->params + mtp_offset_species(copy), 0, (copy->nparams - mtp_offset_species(copy)) * sizeof(double));
  copy->trained = true;
  return MTP_OK;
}

int mtp_potential_level(const mtp_potential *pot) {
  return pot ? mtp_basis_level(&pot->basis) : 0;
}

int mtp_potential_species_count(const mtp_potential *pot) {
  return pot ? pot->nspecies : 0;
}

int mtp_potential_radial_count(const mtp_potential *pot) {
  return pot ? pot->nradial : 0;
}

int mtp_potential_radial_size(const mtp_potential *pot) {
  return pot ? pot->radial.size : 0;
}

int mtp_potential_scalar_count(const mtp_potential *pot) {
  return pot ? pot->basis.nscalars : 0;
}

double mtp_potential_cutoff(const mtp_potential *pot) {
  return pot ? pot->radial.max_dist : 0.0;
}

double mtp_potential_min_dist(const mtp_potential *pot) {
  return pot ? pot->radial.min_dist : 0.0;
}

bool mtp_potential_is_trained(const mtp_potential *pot) {
  return pot && pot->trained;
}

/* A word of the tag. */
static bool has_word(const mtp_potential *pot, const char *word) {
  const size_t length = strlen(word);
  for (const char *at = pot ? pot->tag : ""; (at = strstr(at, word)); at += length)
    if ((at == pot->tag || at[-1] == ' ') && (!at[length] || at[length] == ' ')) return true;
  return false;
}

/* Where the value of the word key=value begins. */
static const char *value_of(const mtp_potential *pot, const char *key) {
  const size_t length = strlen(key);
  for (const char *at = pot->tag; (at = strstr(at, key)); at += length)
    if ((at == pot->tag || at[-1] == ' ') && at[length] == '=') return at + length + 1;
  return NULL;
}

double mtp_potential_note(const mtp_potential *pot, const char *key) {
  const char *value = value_of(pot, key);
  char *end = NULL;
  const double number = value ? mtp_strtod(value, &end) : NAN;
  return value && end > value && (!*end || *end == ' ') ? number : NAN;
}

const char *mtp_potential_text_note(const mtp_potential *pot, const char *key) {
  return value_of(pot, key);
}

mtp_status mtp_potential_set_text_note(mtp_context *ctx, mtp_potential *pot, const char *key, const char *value) {
  mtp_text text = {0};
  const char *old = value_of(pot, key), *rest = old ? old + strcspn(old, " ") : "";
  int before = (int)(old ? old - pot->tag - (ptrdiff_t)strlen(key) - 1 : (ptrdiff_t)strlen(pot->tag));
  const char *gap = value && before > 0 && pot->tag[before - 1] != ' ' ? " " : "";
  if (!value && *rest) /* a blank goes with the word */
    rest++;
  else if (!value && old && before > 0)
    before--;
  mtp_text_add(&text, "%.*s%s", before, pot->tag, gap);
  if (value) mtp_text_add(&text, "%s=%s", key, value);
  mtp_text_add(&text, "%s", rest);
  if (text.failed) {
    free(text.data);
    return mtp_fail_memory(ctx);
  }
  free(pot->tag);
  pot->tag = text.data;
  return MTP_OK;
}

mtp_status mtp_potential_set_note(mtp_context *ctx, mtp_potential *pot, const char *key, double number) {
  char value[32];
  mtp_snprintf(value, sizeof value, "%.17g", number);
  return mtp_potential_set_text_note(ctx, pot, key, value);
}

bool mtp_potential_size_is_free(const mtp_potential *pot) {
  return has_word(pot, MTP_FREE_SIZE) && pot->radial.type == MTP_RADIAL_CHEBYSHEV;
}

bool mtp_potential_min_dist_is_free(const mtp_potential *pot) {
  return has_word(pot, MTP_FREE_MIN_DIST) && pot->radial.type == MTP_RADIAL_CHEBYSHEV;
}

const char *mtp_potential_radial_name(const mtp_potential *pot) {
  return pot ? mtp_radial_type_name(pot->radial.type) : "";
}

const char *mtp_potential_element(const mtp_potential *pot, int species) {
  return pot && pot->elements && species >= 0 && species < pot->nspecies ? pot->elements[species] : NULL;
}

int mtp_potential_label(const mtp_potential *pot, int species) {
  return pot && species >= 0 && species < pot->nspecies ? pot->labels[species] : -1;
}

int mtp_potential_find_element(const mtp_potential *pot, const char *element) {
  if (!pot || !pot->elements || !element) return -1;
  for (int z = 0; z < pot->nspecies; z++)
    if (strcmp(pot->elements[z], element) == 0) return z;
  return -1;
}

/* Names go into one comma list inside potential_tag, so they hold nothing that separates anything there. */
static bool valid_name(const char *name) {
  if (!name || !isalpha((unsigned char)name[0])) return false;
  for (const char *c = name; *c; c++)
    if (!isalnum((unsigned char)*c) && *c != '_') return false;
  return true;
}

static mtp_status check_elements(mtp_context *ctx, const char *const *elements, int count) {
  for (int z = 0; z < count; z++) {
    if (!valid_name(elements[z]))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "element name '%s': expected a letter followed by letters and digits",
                      elements[z] ? elements[z] : "(null)");
    for (int y = 0; y < z; y++)
      if (strcmp(elements[y], elements[z]) == 0)
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "element name '%s' is given twice", elements[z]);
  }
  return MTP_OK;
}

mtp_status mtp_potential_set_elements(mtp_context *ctx, mtp_potential *pot, const char *const *elements) {
  if (!pot || !elements)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_set_elements: a null pointer was passed in");
  mtp_status status = check_elements(ctx, elements, pot->nspecies);
  if (status != MTP_OK) return status;
  char **names = mtp_calloc((size_t)pot->nspecies, sizeof *names);
  bool complete = names;
  for (int z = 0; complete && z < pot->nspecies; z++) complete = (names[z] = mtp_strdup(elements[z])) != NULL;
  /* what is freed in the end: the old names, or the new ones if there was no room for all */
  char **discard = complete ? pot->elements : names;
  if (complete) pot->elements = names;
  for (int z = 0; discard && z < pot->nspecies; z++) free(discard[z]);
  free(discard);
  return complete ? MTP_OK : mtp_fail_memory(ctx);
}

size_t mtp_potential_parameter_count(const mtp_potential *pot) {
  return pot ? pot->nparams : 0;
}

const double *mtp_potential_parameters(const mtp_potential *pot) {
  return pot ? pot->params : NULL;
}

mtp_status mtp_potential_set_parameters(mtp_context *ctx, mtp_potential *pot, const double *theta) {
  if (!pot || !theta)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_potential_set_parameters: a null pointer was passed in");
  for (size_t i = 0; i < pot->nparams; i++)
    if (!isfinite(theta[i])) return mtp_fail(ctx, MTP_ERR_NUMERIC, "parameter %zu of the potential is not finite", i);
  memcpy(pot->params, theta, pot->nparams * sizeof *theta);
  pot->trained = true;
  return MTP_OK;
}
