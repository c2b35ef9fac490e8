/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/rotate.c
 * Rotations between the frame of a configuration and that of a program. */
#include "config/rotate.h"

#include <math.h>
#include <string.h>

#include "config/config_internal.h"

bool mtp_is_restricted(const double cell[9]) {
  return cell[1] == 0 && cell[2] == 0 && cell[5] == 0 && cell[0] > 0 && cell[4] > 0 && cell[8] > 0;
}

static void unit(const double v[3], double out[3]) {
  double length = sqrt(mtp_dot(v, v));
  for (int a = 0; a < 3; a++) out[a] = v[a] / length;
}

void mtp_rotation_make(const double basis[9], double axes[9], double cell[9]) {
  if (mtp_is_restricted(basis)) {
    for (int k = 0; k < 9; k++) axes[k] = k % 4 == 0;
    memcpy(cell, basis, 9 * sizeof *cell);
    return;
  }
  double normal[3];
  mtp_cross(basis, basis + 3, normal);
  unit(basis, axes);
  unit(normal, axes + 6);
  mtp_cross(axes + 6, axes, axes + 3);
  for (int d = 0; d < 3; d++) mtp_rotate(axes, basis + 3 * d, cell + 3 * d);
  cell[1] = cell[2] = cell[5] = 0;
  /* what rounding made of a right angle would turn an orthogonal box into a triclinic one */
  double largest = fmax(cell[0], fmax(cell[4], cell[8]));
  static const int tilts[3] = {3, 6, 7};
  for (int k = 0; k < 3; k++)
    if (fabs(cell[tilts[k]]) < 1e-14 * largest) cell[tilts[k]] = 0;
}

void mtp_rotate(const double axes[9], const double v[3], double out[3]) {
  for (int a = 0; a < 3; a++) out[a] = mtp_dot(axes + 3 * a, v);
}

void mtp_rotate_back(const double axes[9], const double v[3], double out[3]) {
  for (int a = 0; a < 3; a++) out[a] = axes[a] * v[0] + axes[3 + a] * v[1] + axes[6 + a] * v[2];
}

void mtp_rotate_tensor_back(const double axes[9], double tensor[6]) {
  static const int index[3][3] = {{0, 3, 4}, {3, 1, 5}, {4, 5, 2}};
  double turned[6];
  memcpy(turned, tensor, sizeof turned);
  for (int i = 0; i < 3; i++)
    for (int j = i; j < 3; j++) {
      double sum = 0;
      for (int k = 0; k < 3; k++)
        for (int m = 0; m < 3; m++) sum += axes[3 * k + i] * axes[3 * m + j] * turned[index[k][m]];
      tensor[index[i][j]] = sum;
    }
}
