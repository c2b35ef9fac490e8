/* SPDX-License-Identifier: BSD-3-Clause */
/**@file model/text.c
 * Where the potential part of a file is, and its text, in the exact layout that the fussiest reader of the format
 * accepts (spec 5.1: one blank on both sides of '=', lists on one line, fixed order) with all digits of a double. */
#include "model/model.h"

#include <ctype.h>
#include <string.h>

static void add_reals(mtp_text *text, const double *values, size_t count) {
  for (size_t i = 0; i < count; i++) mtp_text_add(text, "%s%.16e", i ? ", " : "{", values[i]);
  mtp_text_add(text, count ? "}" : "{}");
}

static void add_quadruples(mtp_text *text, int (*list)[4], int count) {
  mtp_text_add(text, "{");
  for (int i = 0; i < count; i++)
    mtp_text_add(text, "%s{%d, %d, %d, %d}", i ? ", " : "", list[i][0], list[i][1], list[i][2], list[i][3]);
  mtp_text_add(text, "}");
}

static void add_tag(mtp_text *text, const mtp_potential *pot) {
  mtp_text_add(text, "potential_tag = ");
  if (pot->elements) {
    for (int z = 0; z < pot->nspecies; z++) mtp_text_add(text, "%s%s", z ? "," : "elements=", pot->elements[z]);
    if (pot->tag[0]) mtp_text_add(text, " ");
  }
  mtp_text_add(text, "%s\n", pot->tag);
}

static void add_radial(mtp_text *text, const mtp_potential *pot) {
  const mtp_radial *radial = &pot->radial;
  mtp_text_add(text, "radial_basis_type = %s\n", mtp_radial_type_name(radial->type));
  mtp_text_add(text, "\tmin_dist = %.16e\n", radial->min_dist);
  mtp_text_add(text, "\tmax_dist = %.16e\n", radial->max_dist);
  mtp_text_add(text, "\tradial_basis_size = %d\n", radial->size);
  mtp_text_add(text, "\tradial_funcs_count = %d\n", pot->nradial);
  mtp_text_add(text, "\tradial_coeffs\n");
  for (int zi = 0; zi < pot->nspecies; zi++)
    for (int zj = 0; zj < pot->nspecies; zj++) {
      const double *block = pot->params + mtp_offset_radial(pot, zi, zj);
      mtp_text_add(text, "\t\t%d-%d\n", pot->labels[zi], pot->labels[zj]);
      for (int mu = 0; mu < pot->nradial; mu++) {
        mtp_text_add(text, "\t\t\t");
        add_reals(text, block + (size_t)mu * (size_t)radial->size, (size_t)radial->size);
        mtp_text_add(text, "\n");
      }
    }
}

static void add_basis(mtp_text *text, const mtp_basis *basis) {
  mtp_text_add(text, "alpha_moments_count = %d\n", basis->nmoments);
  mtp_text_add(text, "alpha_index_basic_count = %d\n", basis->nbasic);
  mtp_text_add(text, "alpha_index_basic = ");
  add_quadruples(text, basis->basic, basis->nbasic);
  mtp_text_add(text, "\nalpha_index_times_count = %d\n", basis->ntimes);
  mtp_text_add(text, "alpha_index_times = ");
  add_quadruples(text, basis->times, basis->ntimes);
  mtp_text_add(text, "\nalpha_scalar_moments = %d\n", basis->nscalars);
  mtp_text_add(text, "alpha_moment_mapping = {");
  for (int t = 0; t < basis->nscalars; t++) mtp_text_add(text, "%s%d", t ? ", " : "", basis->mapping[t]);
  mtp_text_add(text, "}");
}

mtp_status mtp_potential_text(mtp_context *ctx, const mtp_potential *pot, mtp_text *text) {
  mtp_text_add(text, "MTP\nversion = 1.1.0\npotential_name = %s\n", pot->name);
  if (pot->radial.scaling != 1.0) mtp_text_add(text, "scaling = %.16e\n", pot->radial.scaling);
  mtp_text_add(text, "species_count = %d\n", pot->nspecies);
  add_tag(text, pot);
  add_radial(text, pot);
  add_basis(text, &pot->basis);
  if (pot->trained) {
    mtp_text_add(text, "\nspecies_coeffs = ");
    add_reals(text, pot->params + mtp_offset_species(pot), (size_t)pot->nspecies);
    mtp_text_add(text, "\nmoment_coeffs = ");
    add_reals(text, pot->params + mtp_offset_moment(pot), (size_t)pot->basis.nscalars);
  }
  return text->failed ? mtp_fail_memory(ctx) : MTP_OK;
}

size_t mtp_potential_comments(size_t size, const char *data) {
  size_t at = 0;
  for (;;) {
    size_t next = at;
    while (next < size && isspace((unsigned char)data[next])) next++;
    if (next == size || data[next] != '#') return at;
    const char *newline = memchr(data + next, '\n', size - next);
    at = newline ? (size_t)(newline - data) + 1 : size;
  }
}

const char *mtp_potential_section(const char *data, size_t size) {
  for (const char *line = data + mtp_potential_comments(size, data), *end = data + size; line < end; line++) {
    if (*line == '#' || *line == '^') return line;
    line = memchr(line, '\n', (size_t)(end - line));
    if (!line) return NULL;
  }
  return NULL;
}
