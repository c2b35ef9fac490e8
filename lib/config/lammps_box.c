/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/lammps_box.c
 * From any cell to the restricted triangular box of LAMMPS, and atoms in order of their ids. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/lammps.h"
#include "config/rotate.h"

/* Room around the atoms (in Angstrom) where there is no lattice vector. */
#define PADDING 5.0

/* A box vector of a direction that is not periodic is worth keeping if it is normal to the others, as LAMMPS demands,
 * and the atoms are inside. */
static bool can_keep(const mtp_config *cfg, int d) {
  const double *row = cfg->cell + 3 * d;
  double square = mtp_dot(row, row);
  if (!mtp_cell_has_row(cfg, d)) return false;
  for (int e = 0; e < 3; e++) {
    const double *other = cfg->cell + 3 * e;
    if (e != d && fabs(mtp_dot(row, other)) > 1e-12 * sqrt(square * mtp_dot(other, other))) return false;
  }
  for (size_t i = 0; i < cfg->n; i++) {
    double s = mtp_dot(cfg->x + 3 * i, row) / square;
    if (!(s >= 0 && s <= 1)) return false;
  }
  return true;
}

/* Makes the basis right-handed. A lattice stays the same if one of its vectors changes sign. */
static void make_right_handed(const mtp_config *cfg, bool kept[3], double basis[9]) {
  double reciprocal[9];
  if (mtp_cell_reciprocal(basis, reciprocal) >= 0) return;
  for (int d = 2; d >= 0; d--)
    if (cfg->periodic[d]) {
      for (int a = 0; a < 3; a++) basis[3 * d + a] = -basis[3 * d + a];
      return;
    }
  kept[2] = false; /* a box with walls: its last side is found from the atoms again */
  mtp_cell_complete(cfg->cell, kept, basis);
}

/* Sides of the box in direction d from the atoms alone. */
static void bound(mtp_lammps_box *box, const mtp_config *cfg, int d) {
  double low = 0, high = 0;
  for (size_t i = 0; i < cfg->n; i++) {
    double x[3];
    mtp_lammps_rotate(box, cfg->x + 3 * i, x);
    low = i ? fmin(low, x[d]) : x[d];
    high = i ? fmax(high, x[d]) : x[d];
  }
  box->lo[d] = low - PADDING;
  for (int e = 0; e < 3; e++) {
    if (e <= d) box->cell[3 * d + e] = 0;
    if (e > d) box->cell[3 * e + d] = 0;
  }
  box->cell[3 * d + d] = high - low + 2 * PADDING;
}

mtp_status mtp_lammps_box_make(mtp_context *ctx, const mtp_config *cfg, size_t index, mtp_lammps_box *box) {
  bool kept[3];
  double basis[9], reciprocal[9];
  memset(box, 0, sizeof *box);
  for (int d = 0; d < 3; d++) kept[d] = cfg->periodic[d] || can_keep(cfg, d);
  mtp_cell_complete(cfg->cell, kept, basis);
  make_right_handed(cfg, kept, basis);
  double determinant = mtp_cell_reciprocal(basis, reciprocal);
  double scale = sqrt(mtp_dot(basis, basis) * mtp_dot(basis + 3, basis + 3) * mtp_dot(basis + 6, basis + 6));
  if (!(determinant > 1e-12 * scale) || !isfinite(scale))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the cell of configuration %zu is singular, expected independent vectors",
                    index + 1);
  box->rotated = !mtp_is_restricted(basis);
  mtp_rotation_make(basis, box->rotation, box->cell);
  for (int d = 0; d < 3; d++)
    if (!kept[d]) bound(box, cfg, d);
  box->triclinic = box->cell[3] != 0 || box->cell[6] != 0 || box->cell[7] != 0;
  return MTP_OK;
}

void mtp_lammps_rotate(const mtp_lammps_box *box, const double v[3], double out[3]) {
  if (!box->rotated)
    memcpy(out, v, 3 * sizeof *out);
  else
    mtp_rotate(box->rotation, v, out);
}

void mtp_lammps_rotate_back(const mtp_lammps_box *box, const double v[3], double out[3]) {
  mtp_rotate_back(box->rotation, v, out);
}

typedef struct place {
  size_t id, from;
} place;

static int compare_places(const void *a, const void *b) {
  const place *p = a, *q = b;
  return (p->id > q->id) - (p->id < q->id);
}

/* An array in the new order, or NULL (also for NULL). */
static double *reordered(const double *values, size_t width, size_t n, const place *order) {
  double *out = values ? mtp_calloc(width * n, sizeof *out) : NULL;
  for (size_t i = 0; out && i < n; i++) memcpy(out + width * i, values + width * order[i].from, width * sizeof *out);
  return out;
}

mtp_status mtp_lammps_sort(mtp_scan *scan, mtp_config *cfg, const size_t *ids) {
  size_t n = cfg->n;
  bool sorted = true;
  for (size_t i = 1; i < n; i++) sorted &= ids[i - 1] < ids[i];
  if (sorted) return MTP_OK;
  place *order = mtp_calloc(n, sizeof *order);
  if (!order) return mtp_fail_memory(scan->ctx);
  for (size_t i = 0; i < n; i++) order[i] = (place){ids[i], i};
  qsort(order, n, sizeof *order, compare_places);
  mtp_status status = MTP_OK;
  for (size_t i = 1; i < n && status == MTP_OK; i++)
    if (order[i].id == order[i - 1].id)
      status = mtp_scan_fail(scan, "found atom id %zu twice, expected each once", order[i].id);
  if (status == MTP_OK) {
    int *species = mtp_calloc(n, sizeof *species);
    double *x = reordered(cfg->x, 3, n, order), *force = reordered(cfg->force, 3, n, order);
    double *charge = reordered(cfg->charge, 1, n, order);
    if (species && x && (force || !cfg->force) && (charge || !cfg->charge)) {
      for (size_t i = 0; i < n; i++) species[i] = cfg->species[order[i].from];
      free(cfg->species);
      free(cfg->x);
      free(cfg->force);
      free(cfg->charge);
      cfg->species = species;
      cfg->x = x;
      cfg->force = force;
      cfg->charge = charge;
    } else {
      free(species);
      free(x);
      free(force);
      free(charge);
      status = mtp_fail_memory(scan->ctx);
    }
  }
  free(order);
  return status;
}
