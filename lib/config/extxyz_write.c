/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/extxyz_write.c
 * Writes extended XYZ. */
#include <string.h>

#include "config/extxyz.h"

static void write_comment(mtp_writer *w, const mtp_config *cfg) {
  mtp_text *text = &w->text;
  if (mtp_cell_has_row(cfg, 0) || mtp_cell_has_row(cfg, 1) || mtp_cell_has_row(cfg, 2)) {
    mtp_text_add(text, "Lattice=\"");
    mtp_write_reals(w, "", cfg->cell, 1);
    mtp_write_reals(w, " ", cfg->cell + 1, 8);
    mtp_text_add(text, "\" ");
  }
  mtp_text_add(text, "Properties=species:S:1:pos:R:3%s%s%s%s%s%s%s", cfg->force ? ":forces:R:3" : "",
               cfg->site_energy ? ":site_energy:R:1" : "", cfg->grade ? ":grade:R:1" : "",
               cfg->force_error ? ":force_error:R:1" : "", cfg->charge ? ":initial_charges:R:1" : "",
               cfg->force_mask ? ":force_mask:L:1" : "", cfg->ghost ? ":ghost:L:1" : "");
  if (cfg->has_energy) mtp_write_reals(w, " energy=", &cfg->energy, 1);
  if (cfg->has_virial) {
    const double *v = cfg->virial, full[9] = {v[0], v[3], v[4], v[3], v[1], v[5], v[4], v[5], v[2]};
    mtp_text_add(text, " virial=\"");
    mtp_write_reals(w, "", full, 1);
    mtp_write_reals(w, " ", full + 1, 8);
    mtp_text_add(text, "\"");
  }
  mtp_text_add(text, " pbc=\"%c %c %c\"", cfg->periodic[0] ? 'T' : 'F', cfg->periodic[1] ? 'T' : 'F',
               cfg->periodic[2] ? 'T' : 'F');
  if (cfg->has_max_grade) mtp_write_reals(w, " max_grade=", &cfg->max_grade, 1);
  for (size_t k = 0; k < cfg->feature_count; k++)
    mtp_extxyz_add_pair(text, cfg->features[k].key, cfg->features[k].value);
  mtp_text_add(text, "\n");
}

static bool is_one_word(const char *name) {
  return *name && !strpbrk(name, " \t\n\r\v\f");
}

mtp_status mtp_extxyz_write(mtp_writer *w, const mtp_config *cfg) {
  for (int i = 0; i < w->species_count; i++)
    if (!is_one_word(w->names[i]))
      return mtp_fail(w->ctx, MTP_ERR_ARGUMENT, "species name '%s' cannot be written, expected one word", w->names[i]);
  for (size_t k = 0; k < cfg->feature_count; k++)
    if (mtp_extxyz_is_reserved(cfg->features[k].key))
      return mtp_fail(w->ctx, MTP_ERR_ARGUMENT,
                      "configuration %zu has a feature '%s', a name that extended XYZ uses for something else",
                      w->index + 1, cfg->features[k].key);
  mtp_text_add(&w->text, "%zu\n", cfg->n);
  write_comment(w, cfg);
  for (size_t i = 0; i < cfg->n; i++) {
    const char *name = w->names[cfg->species[i]];
    mtp_text_add_bytes(&w->text, name, strlen(name));
    mtp_write_reals(w, " ", cfg->x + 3 * i, 3);
    if (cfg->force) mtp_write_reals(w, " ", cfg->force + 3 * i, 3);
    if (cfg->site_energy) mtp_write_reals(w, " ", cfg->site_energy + i, 1);
    if (cfg->grade) mtp_write_reals(w, " ", cfg->grade + i, 1);
    if (cfg->force_error) mtp_write_reals(w, " ", cfg->force_error + i, 1);
    if (cfg->charge) mtp_write_reals(w, " ", cfg->charge + i, 1);
    if (cfg->force_mask) mtp_text_add(&w->text, " %c", cfg->force_mask[i] ? 'T' : 'F');
    if (cfg->ghost) mtp_text_add(&w->text, " %c", cfg->ghost[i] ? 'T' : 'F');
    mtp_text_add_bytes(&w->text, "\n", 1);
  }
  return MTP_OK;
}
