/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/drivers/ipi/ipi_atoms.c
 * Turning a configuration for clients of i-PI. */
#include "qm/drivers/ipi/ipi_atoms.h"

#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/rotate.h"
#include "support/support.h"

/* Empty space around what is not periodic. */
#define VACUUM 20.0 /* A */
/* Of a lattice vector: rounding does not carry an atom through the cell. */
#define ON_THE_EDGE 1e-12
/* Two triangles of a virial: relative to the largest component, and Hartree. Engines are that accurate. */
#define SAME_RELATIVE 0.02
#define SAME          1e-3

/* Positions along a direction from the first atom to the last. */
static void extent(const mtp_config *cfg, const double direction[3], double *low, double *high) {
  *low = INFINITY;
  *high = -INFINITY;
  for (size_t i = 0; i < cfg->n; i++) {
    double along = mtp_dot(cfg->x + 3 * i, direction);
    *low = fmin(*low, along);
    *high = fmax(*high, along);
  }
}

/* Three lattice vectors, right-handed. A lattice stays the same if one of its vectors changes sign. */
static void complete(const mtp_config *cfg, double basis[9]) {
  bool kept[3];
  double reciprocal[9];
  int flip = -1;
  for (int k = 0; k < 3; k++) kept[k] = mtp_cell_has_row(cfg, k);
  mtp_cell_complete(cfg->cell, kept, basis);
  for (int k = 0; k < 3; k++) {
    if (kept[k]) continue;
    double *row = basis + 3 * k, length = sqrt(mtp_dot(row, row)), low, high;
    for (int c = 0; c < 3; c++) row[c] /= length;
    extent(cfg, row, &low, &high);
    for (int c = 0; c < 3; c++) row[c] *= VACUUM + (cfg->n ? high - low : 0);
  }
  if (mtp_cell_reciprocal(basis, reciprocal) >= 0) return;
  for (int k = 0; k < 3; k++)
    if (flip < 0 || cfg->periodic[k]) flip = k;
  for (int c = 0; c < 3; c++) basis[3 * flip + c] = -basis[3 * flip + c];
}

/* Adds a multiple of a lattice vector to an atom. */
static void shift(double x[3], const double row[3], double turns) {
  for (int c = 0; c < 3; c++) x[c] += turns * row[c];
}

/* Puts atoms into the cell: one by one where it is periodic, else all together, and only if they fit. */
static void wrap(mtp_config *cfg, const double cell[9]) {
  double reciprocal[9];
  mtp_cell_reciprocal(cell, reciprocal);
  for (int k = 0; k < 3; k++) {
    const double *row = cell + 3 * k;
    double low, high;
    extent(cfg, reciprocal + 3 * k, &low, &high);
    const bool moves = !cfg->periodic[k] && (low < 0 || high > 1) && high - low <= 1;
    for (size_t i = 0; i < cfg->n; i++) {
      double *x = cfg->x + 3 * i;
      const double turns = floor(mtp_dot(x, reciprocal + 3 * k) + ON_THE_EDGE);
      if (cfg->periodic[k] && turns != 0) shift(x, row, -turns);
      if (moves) shift(x, row, 0.5 * (1 - low - high));
    }
  }
}

mtp_qm_status mtp_ipi_atoms_make(mtp_qm_call *call, mtp_ipi_atoms *atoms) {
  const mtp_config *given = call->config;
  double basis[9], reciprocal[9];
  *atoms = (mtp_ipi_atoms){.config = NULL};
  complete(given, basis);
  const double scale = sqrt(mtp_dot(basis, basis) * mtp_dot(basis + 3, basis + 3) * mtp_dot(basis + 6, basis + 6));
  if (!(mtp_cell_reciprocal(basis, reciprocal) > 1e-12 * scale) || !isfinite(scale))
    return mtp_qm_fail(call->ctx, MTP_QM_BAD_DATA, "the cell spans no volume");
  mtp_config *cfg = mtp_config_copy(given);
  if (!cfg) return mtp_qm_fail(call->ctx, MTP_QM_CANNOT_START, "out of memory");
  mtp_rotation_make(basis, atoms->axes, atoms->cell);
  for (size_t i = 0; i < cfg->n; i++) mtp_rotate(atoms->axes, given->x + 3 * i, cfg->x + 3 * i);
  for (int k = 0; k < 3; k++)
    if (mtp_cell_has_row(given, k)) memcpy(cfg->cell + 3 * k, atoms->cell + 3 * k, 3 * sizeof *cfg->cell);
  wrap(cfg, atoms->cell);
  atoms->config = cfg;
  return MTP_QM_OK;
}

void mtp_ipi_atoms_free(mtp_ipi_atoms *atoms) {
  mtp_config_free(atoms->config);
  atoms->config = NULL;
}

bool mtp_ipi_symmetric(const double tensor[9], double out[6]) {
  static const int upper[3] = {1, 2, 5}, lower[3] = {3, 6, 7};
  bool has_upper = false, has_lower = false;
  double largest = 0;
  for (int k = 0; k < 9; k++) largest = fmax(largest, fabs(tensor[k]));
  for (int k = 0; k < 3; k++) {
    has_upper = has_upper || tensor[upper[k]] != 0;
    has_lower = has_lower || tensor[lower[k]] != 0;
    out[k] = tensor[4 * k];
  }
  for (int k = 0; k < 3; k++) {
    const double u = tensor[upper[k]], l = tensor[lower[k]];
    if (has_upper && has_lower && fabs(u - l) > SAME + SAME_RELATIVE * largest) return false;
    out[3 + k] = has_upper && has_lower ? 0.5 * (u + l) : u + l;
  }
  return true;
}
