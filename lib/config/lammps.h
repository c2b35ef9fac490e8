/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/lammps.h
 * What LAMMPS data and dump files have in common: the box, and atoms in any order. Units metal. */
#ifndef MTP_CONFIG_LAMMPS_H
#define MTP_CONFIG_LAMMPS_H

#include "config/config_internal.h"

/** A cell in the form that LAMMPS wants: a along x, b in the xy plane, right-handed, a box in every direction. */
typedef struct mtp_lammps_box {
  double cell[9]; /**< lower triangular, rows are lattice vectors */
  double lo[3];   /**< lower corner */
  bool triclinic;
  bool rotated;       /**< vectors have to be rotated */
  double rotation[9]; /**< rows are the new axes in the old frame; the identity unless rotated */
} mtp_lammps_box;

/** The box of a configuration; directions without a usable lattice vector get one around the atoms. `index` is its
 * number (from 0) for the message about a singular cell. */
mtp_status mtp_lammps_box_make(mtp_context *ctx, const mtp_config *cfg, size_t index, mtp_lammps_box *box);
/** A position or force in the frame of the box, and a force of the box in the frame of the configuration. */
void mtp_lammps_rotate(const mtp_lammps_box *box, const double v[3], double out[3]);
void mtp_lammps_rotate_back(const mtp_lammps_box *box, const double v[3], double out[3]);

/** Sorts atoms by id; one that comes twice is an error. */
mtp_status mtp_lammps_sort(mtp_scan *scan, mtp_config *cfg, const size_t *ids);

#endif
