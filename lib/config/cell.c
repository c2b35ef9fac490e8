/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/cell.c
 * Geometry of a cell with zero to three lattice vectors. */
#include <math.h>
#include <string.h>

#include "config/config_internal.h"

static void normalize(double v[3]) {
  /* the scale keeps squares of tiny and huge components in range */
  double scale = fmax(fabs(v[0]), fmax(fabs(v[1]), fabs(v[2])));
  if (scale == 0) return;
  for (int a = 0; a < 3; a++) v[a] /= scale;
  double length = sqrt(mtp_dot(v, v));
  for (int a = 0; a < 3; a++) v[a] /= length;
}

/* Some unit vector normal to v, made from the axis that v is least along. */
static void any_normal(const double v[3], double normal[3]) {
  int axis = 0;
  for (int a = 1; a < 3; a++)
    if (fabs(v[a]) < fabs(v[axis])) axis = a;
  double e[3] = {axis == 0, axis == 1, axis == 2};
  mtp_cross(v, e, normal);
  normalize(normal);
}

void mtp_cell_complete(const double cell[9], const bool kept[3], double basis[9]) {
  int count = kept[0] + kept[1] + kept[2];
  memcpy(basis, cell, 9 * sizeof *basis);
  if (count == 0)
    for (int k = 0; k < 9; k++) basis[k] = k % 4 == 0;
  if (count == 1) {
    int d = kept[0] ? 0 : kept[1] ? 1 : 2, e = (d + 1) % 3, f = (d + 2) % 3;
    any_normal(basis + 3 * d, basis + 3 * e);
    mtp_cross(basis + 3 * d, basis + 3 * e, basis + 3 * f);
    normalize(basis + 3 * f);
  }
  if (count == 2) {
    int d = !kept[0] ? 0 : !kept[1] ? 1 : 2;
    mtp_cross(basis + 3 * ((d + 1) % 3), basis + 3 * ((d + 2) % 3), basis + 3 * d);
    normalize(basis + 3 * d);
  }
}

double mtp_cell_reciprocal(const double basis[9], double reciprocal[9]) {
  for (int d = 0; d < 3; d++) mtp_cross(basis + 3 * ((d + 1) % 3), basis + 3 * ((d + 2) % 3), reciprocal + 3 * d);
  double determinant = mtp_dot(basis, reciprocal);
  for (int k = 0; k < 9; k++) reciprocal[k] /= determinant;
  return determinant;
}

void mtp_cell_wrap(const double basis[9], const double reciprocal[9], const bool periodic[3], double d[3]) {
  double turns[3];
  for (int k = 0; k < 3; k++) turns[k] = periodic[k] ? floor(mtp_dot(reciprocal + 3 * k, d) + 0.5) : 0.0;
  for (int k = 0; k < 3; k++)
    for (int c = 0; c < 3; c++) d[c] -= turns[k] * basis[3 * k + c];
}
