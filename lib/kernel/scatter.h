/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/scatter.h
 * Last stage of kernel/block.c: derivatives become forces and virials of atoms, summed in double. */
#ifndef MTP_SCATTER_H
#define MTP_SCATTER_H

#include "kernel/functions.h"

static void add_site_virial(mtp_output *out, size_t i, size_t j, const double d[3], const double r[3]) {
  static const int first[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2}, second[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  if (out->site_virial)
    for (int c = 0; c < 6; c++) {
      const double w = -0.5 * r[first[c]] * d[second[c]];
      out->site_virial[6 * i + (size_t)c] += w;
      out->site_virial[6 * j + (size_t)c] += w;
    }
  if (out->site_virial9)
    for (int c = 0; c < 9; c++) out->site_virial9[9 * j + (size_t)c] -= r[first[c]] * d[second[c]];
}

static void add_site_virials(const block *b, mtp_output *out, int k, vec dx, vec dy, vec dz) {
  for (int l = 0; l < b->natoms; l++) {
    const unsigned offset = b->neighbour[k * W + l];
    if (offset == b->dummy) continue;
    const double d[3] = {(double)dx[l], (double)dy[l], (double)dz[l]}, length = (double)b->r[k][l];
    const double r[3] = {length * (double)b->ux[k][l], length * (double)b->uy[k][l], length * (double)b->uz[k][l]};
    add_site_virial(out, (size_t)b->atom[l], offset / POINT_BYTES, d, r);
  }
}

/* D = (f' P) u + f/r (grad P - u (u . grad P)) of every neighbour: what leaves the sphere drops out. The virial of each
 * lane goes to virials[6]. `special`: there is more to do than forces and virials. */
INLINE void scatter_all(const int special, const int virial, const block *b, mtp_output *out, vec *virials) {
  /* stores of points may alias anything, so what is loaded over and over lives in variables of its own */
  const vec *const all_x = b->ux, *const all_y = b->uy, *const all_z = b->uz, *const all_r = b->r;
  const vec *const all_rinv = b->rinv;
  const derivative *const all_g = b->derivative;
  const unsigned *const neighbour = b->neighbour;
  double *const force = b->force;
  const int slots = b->slots;
  vec w[6] = {{0}};
  dvec sum[3][PARTS] = {{{0}}};
  for (int k = 0; k < slots; k++) {
    const derivative g = all_g[k];
    const vec ux = all_x[k], uy = all_y[k], uz = all_z[k], r = all_r[k], rinv = all_rinv[k];
    const vec gx = g.x * rinv, gy = g.y * rinv, gz = g.z * rinv;
    vec along = g.radial - (ux * gx + uy * gy + uz * gz);
    if (special && b->close) along += repulsion_slope(&b->plan->radial, r);
    const vec dx = along * ux + gx, dy = along * uy + gy, dz = along * uz + gz;
    const vec rx = r * ux, ry = r * uy, rz = r * uz;
    if (virial) {
      w[0] -= rx * dx, w[1] -= ry * dy, w[2] -= rz * dz;
      w[3] -= rx * dy, w[4] -= rx * dz, w[5] -= ry * dz;
    }
    dvec x[PARTS], y[PARTS], z[PARTS];
    widen(dx, x);
    widen(dy, y);
    widen(dz, z);
    for (int p = 0; p < PARTS; p++) {
      sum[0][p] += x[p], sum[1][p] += y[p], sum[2][p] += z[p];
      subtract_from_points(force, neighbour + k * W + p * D, x[p], y[p], z[p]);
    }
    if (special && (out->site_virial || out->site_virial9)) add_site_virials(b, out, k, dx, dy, dz);
  }
  for (int l = 0; l < b->natoms; l++) {
    double *f = point_at(force, b->centre[l]);
    for (int c = 0; c < 3; c++) f[c] += sum[c][l / D][l % D];
  }
  for (int c = 0; c < 6; c++) virials[c] = w[c];
}

STAGE void scatter(const block *b, const mtp_request *request, mtp_output *out) {
  vec w[6];
  if (out->site_virial || out->site_virial9 || b->close)
    scatter_all(1, 1, b, out, w);
  else if (request->skip_virial)
    scatter_all(0, 0, b, out, w);
  else
    scatter_all(0, 1, b, out, w);
  if (request->skip_virial) return;
  for (int l = 0; l < b->natoms; l++)
    for (int c = 0; c < 6; c++) out->virial[c] += (double)w[c][l];
}

#ifndef MTP_MIXED
/* Forces, and the virials of the lanes. */
STAGE void scatter_sites(const block *b, vec *virials) {
  mtp_output none = {0};
  if (b->close)
    scatter_all(1, 1, b, &none, virials);
  else
    scatter_all(0, 1, b, &none, virials);
}
#endif

#endif
