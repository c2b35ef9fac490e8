/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/lammps_write.c
 * Writes LAMMPS data files (atom_style atomic, or charge where there are charges) and custom dumps. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/lammps.h"
#include "config/species.h"

static void lose(mtp_writer *w, bool there, const char *name) {
  if (there) mtp_dropped_add(&w->lost, (mtp_span){name, strlen(name)});
}

/* What LAMMPS files have no place for. */
static void note_losses(mtp_writer *w, const mtp_config *cfg) {
  lose(w, cfg->has_energy, "energy");
  lose(w, cfg->has_virial, "virial");
  lose(w, cfg->site_energy != NULL, "site_energy");
  lose(w, cfg->grade || cfg->has_max_grade, "grade");
  lose(w, cfg->force_error != NULL, "force_error");
  lose(w, cfg->ghost != NULL, "ghost");
  for (size_t k = 0; k < cfg->feature_count; k++)
    lose(w, strcmp(cfg->features[k].key, "timestep") != 0, cfg->features[k].key);
}

static void write_positions(mtp_writer *w, const mtp_lammps_box *box, const double *v) {
  double rotated[3];
  mtp_lammps_rotate(box, v, rotated);
  mtp_write_reals(w, " ", rotated, 3);
}

static void write_masses(mtp_writer *w) {
  bool elements = w->species_count > 0;
  for (int i = 0; i < w->species_count; i++) elements = elements && mtp_element_number(w->names[i]) > 0;
  if (!elements) return;
  mtp_text_add(&w->text, "\nMasses\n\n");
  for (int i = 0; i < w->species_count; i++)
    mtp_text_add(&w->text, "%d %.10g # %s\n", i + 1, mtp_element_mass(mtp_element_number(w->names[i])), w->names[i]);
}

mtp_status mtp_lammps_data_write(mtp_writer *w, const mtp_config *cfg) {
  mtp_lammps_box box;
  mtp_status status = mtp_lammps_box_make(w->ctx, cfg, w->index, &box);
  if (status != MTP_OK) return status;
  note_losses(w, cfg);
  lose(w, cfg->force != NULL, "forces");
  lose(w, mtp_config_get_feature(cfg, "timestep") != NULL, "timestep");
  mtp_text *text = &w->text;
  mtp_text_add(text, "LAMMPS data file, units metal, boundary %c %c %c\n\n", cfg->periodic[0] ? 'p' : 'f',
               cfg->periodic[1] ? 'p' : 'f', cfg->periodic[2] ? 'p' : 'f');
  mtp_text_add(text, "%zu atoms\n%d atom types\n\n", cfg->n, w->species_count);
  for (int d = 0; d < 3; d++) {
    double side[2] = {box.lo[d], box.lo[d] + box.cell[4 * d]};
    mtp_write_reals(w, "", side, 1);
    mtp_write_reals(w, " ", side + 1, 1);
    mtp_text_add(text, " %clo %chi\n", "xyz"[d], "xyz"[d]);
  }
  if (box.triclinic) {
    mtp_write_reals(w, "", box.cell + 3, 1);
    mtp_write_reals(w, " ", box.cell + 6, 2);
    mtp_text_add(text, " xy xz yz\n");
  }
  write_masses(w);
  if (cfg->n) mtp_text_add(text, "\nAtoms # %s\n\n", cfg->charge ? "charge" : "atomic");
  for (size_t i = 0; i < cfg->n; i++) {
    mtp_text_add(text, "%zu %d", i + 1, cfg->species[i] + 1);
    if (cfg->charge) mtp_write_reals(w, " ", cfg->charge + i, 1);
    write_positions(w, &box, cfg->x + 3 * i);
    mtp_text_add_bytes(text, "\n", 1);
  }
  return MTP_OK;
}

static void write_bounds(mtp_writer *w, const mtp_config *cfg, const mtp_lammps_box *box) {
  mtp_text *text = &w->text;
  double xy = box->cell[3], xz = box->cell[6], yz = box->cell[7], tilt[3] = {xy, xz, yz};
  /* a dump gives the corners of what encloses the skewed box */
  double below[3] = {fmin(fmin(0, xy + xz), fmin(xy, xz)), fmin(0, yz), 0};
  double above[3] = {fmax(fmax(0, xy + xz), fmax(xy, xz)), fmax(0, yz), 0};
  mtp_text_add(text, "ITEM: BOX BOUNDS%s", box->triclinic ? " xy xz yz" : "");
  for (int d = 0; d < 3; d++) mtp_text_add(text, cfg->periodic[d] ? " pp" : " ff");
  mtp_text_add(text, "\n");
  for (int d = 0; d < 3; d++) {
    double side[2] = {box->lo[d] + below[d], box->lo[d] + box->cell[4 * d] + above[d]};
    mtp_write_reals(w, "", side, 1);
    mtp_write_reals(w, " ", side + 1, 1);
    if (box->triclinic) mtp_write_reals(w, " ", &tilt[d], 1);
    mtp_text_add(text, "\n");
  }
}

mtp_status mtp_lammps_dump_write(mtp_writer *w, const mtp_config *cfg) {
  mtp_lammps_box box;
  mtp_status status = mtp_lammps_box_make(w->ctx, cfg, w->index, &box);
  if (status != MTP_OK) return status;
  for (int i = 0; i < w->species_count; i++)
    if (!*w->names[i] || strpbrk(w->names[i], " \t\r\n\v\f"))
      return mtp_fail(w->ctx, MTP_ERR_ARGUMENT, "species name '%s' cannot be written, expected one word", w->names[i]);
  note_losses(w, cfg);
  const char *timestep = mtp_config_get_feature(cfg, "timestep");
  size_t step = w->index;
  if (timestep) mtp_span_count((mtp_span){timestep, strlen(timestep)}, SIZE_MAX / 10, &step);
  mtp_text_add(&w->text, "ITEM: TIMESTEP\n%zu\nITEM: NUMBER OF ATOMS\n%zu\n", step, cfg->n);
  write_bounds(w, cfg, &box);
  mtp_text_add(&w->text, "ITEM: ATOMS id type element x y z%s%s\n", cfg->force ? " fx fy fz" : "",
               cfg->charge ? " q" : "");
  for (size_t i = 0; i < cfg->n; i++) {
    mtp_text_add(&w->text, "%zu %d %s", i + 1, cfg->species[i] + 1, w->names[cfg->species[i]]);
    write_positions(w, &box, cfg->x + 3 * i);
    if (cfg->force) write_positions(w, &box, cfg->force + 3 * i);
    if (cfg->charge) mtp_write_reals(w, " ", cfg->charge + i, 1);
    mtp_text_add_bytes(&w->text, "\n", 1);
  }
  return MTP_OK;
}
