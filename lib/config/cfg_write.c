/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/cfg_write.c
 * Writes the text configuration files of MLIP. */
#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/species.h"

void mtp_write_reals(mtp_writer *w, const char *separator, const double *values, size_t count) {
  char buffer[64];
  for (size_t k = 0; k < count; k++) {
    if (!isfinite(values[k])) w->not_finite = true;
    int size = mtp_snprintf(buffer, sizeof buffer, "%s%.17g", separator, values[k]);
    mtp_text_add_bytes(&w->text, buffer, (size_t)size);
  }
}

/* Types are numbers: those that the table consists of, if it does, else positions in it. */
static int type_number(const mtp_writer *w, int species, bool decimal) {
  return decimal ? mtp_species_decimal(w->names[species]) : species;
}

static bool all_decimal(const mtp_writer *w) {
  for (int i = 0; i < w->species_count; i++)
    if (mtp_species_decimal(w->names[i]) < 0) return false;
  return true;
}

static void write_atoms(mtp_writer *w, const mtp_config *cfg) {
  bool decimal = all_decimal(w);
  mtp_text_add(&w->text, " AtomData:  id type cartes_x cartes_y cartes_z%s%s%s%s%s\n", cfg->ghost ? " ghost" : "",
               cfg->site_energy ? " site_en" : "", cfg->force ? " fx fy fz" : "", cfg->grade ? " nbh_grades" : "",
               cfg->charge ? " charge" : "");
  for (size_t i = 0; i < cfg->n; i++) {
    mtp_text_add(&w->text, "    %zu %d", i + 1, type_number(w, cfg->species[i], decimal));
    mtp_write_reals(w, " ", cfg->x + 3 * i, 3);
    if (cfg->ghost) mtp_text_add(&w->text, cfg->ghost[i] ? " true" : " false");
    if (cfg->site_energy) mtp_write_reals(w, " ", cfg->site_energy + i, 1);
    if (cfg->force) mtp_write_reals(w, " ", cfg->force + 3 * i, 3);
    if (cfg->grade) mtp_write_reals(w, " ", cfg->grade + i, 1);
    if (cfg->charge) mtp_write_reals(w, " ", cfg->charge + i, 1);
    mtp_text_add_bytes(&w->text, "\n", 1);
  }
}

static void write_key(mtp_writer *w, const char *key) {
  for (; *key; key++) {
    if (*key == ' ')
      mtp_text_add_bytes(&w->text, "\\_", 2);
    else if (*key == '\t')
      mtp_text_add_bytes(&w->text, "\\t", 2);
    else if (*key == '\\')
      mtp_text_add_bytes(&w->text, "\\\\", 2);
    else
      mtp_text_add_bytes(&w->text, key, 1);
  }
}

/* One line for each line of the value; readers join them again. */
static void write_feature(mtp_writer *w, const mtp_feature *feature) {
  for (const char *line = feature->value;; line++) {
    size_t length = strcspn(line, "\n");
    mtp_text_add(&w->text, " Feature   ");
    write_key(w, feature->key);
    mtp_text_add(&w->text, "\t%.*s\n", (int)length, line);
    line += length;
    if (!*line) return;
  }
}

mtp_status mtp_cfg_write(mtp_writer *w, const mtp_config *cfg) {
  for (size_t k = 0; k < cfg->feature_count; k++)
    if (strcmp(cfg->features[k].key, "MV_grade") == 0)
      return mtp_fail(w->ctx, MTP_ERR_ARGUMENT,
                      "configuration %zu has a feature MV_grade, which cfg files use for max_grade", w->index + 1);
  if (cfg->force_mask) mtp_dropped_add(&w->lost, (mtp_span){"force_mask", 10});
  mtp_text_add(&w->text, "BEGIN_CFG\n Size\n    %zu\n", cfg->n);
  /* the format knows no lattice vector of a direction that is not periodic */
  if (cfg->periodic[0] || cfg->periodic[1] || cfg->periodic[2]) {
    static const double none[3] = {0, 0, 0};
    mtp_text_add(&w->text, " Supercell\n");
    for (int d = 0; d < 3; d++) {
      mtp_text_add(&w->text, "   ");
      mtp_write_reals(w, " ", cfg->periodic[d] ? cfg->cell + 3 * d : none, 3);
      mtp_text_add(&w->text, "\n");
    }
  }
  for (int d = 0; d < 3; d++)
    if (mtp_cell_has_row(cfg, d) && !cfg->periodic[d]) {
      static const char what[] = "lattice vectors of directions that are not periodic";
      mtp_dropped_add(&w->lost, (mtp_span){what, sizeof what - 1});
    }
  write_atoms(w, cfg);
  if (cfg->has_energy) {
    mtp_text_add(&w->text, " Energy\n   ");
    mtp_write_reals(w, " ", &cfg->energy, 1);
    mtp_text_add(&w->text, "\n");
  }
  if (cfg->has_virial) {
    const double *v = cfg->virial, on_disk[6] = {v[0], v[1], v[2], v[5], v[4], v[3]};
    mtp_text_add(&w->text, " PlusStress:  xx yy zz yz xz xy\n   ");
    mtp_write_reals(w, " ", on_disk, 6);
    mtp_text_add(&w->text, "\n");
  }
  for (size_t k = 0; k < cfg->feature_count; k++) write_feature(w, &cfg->features[k]);
  if (cfg->has_max_grade) {
    mtp_text_add(&w->text, " Feature   MV_grade\t");
    mtp_write_reals(w, "", &cfg->max_grade, 1);
    mtp_text_add(&w->text, "\n");
  }
  mtp_text_add(&w->text, "END_CFG\n\n");
  return MTP_OK;
}
