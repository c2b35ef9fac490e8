/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/scatter.h
 * Last stage of kernel/block.c: derivatives become forces and virials of atoms, summed in double. */
#ifndef MTP_SCATTER_H
#define MTP_SCATTER_H

#include "kernel/functions.h"

/* Adds n numbers of each lane, columns[n][PARTS], to the row of its neighbour; rows are of `width` doubles. */
INLINE void add_to_rows(const int n, const int width, const block *b, int k, dvec columns[][PARTS], double *rows) {
  for (int p = 0; p < PARTS; p++) {
    const unsigned *neighbour = b->neighbour + k * W + p * D;
    for (int c = 0; c < n; c += D) {
      dvec v[D];
      for (int e = 0; e < D; e++) v[e] = c + e < n ? columns[c + e][p] : (dvec){0};
      transpose(v);
      for (int l = 0; l < D; l++) {
        char *row = (char *)(rows + c) + (size_t)neighbour[l] * ((size_t)width * sizeof(double) / POINT_BYTES);
        *(dvec *)(void *)row += v[l];
      }
    }
  }
}

/* The virials -D (x) r of a slot to the neighbours: six components by half, nine as they are. */
INLINE void add_site_virials(const int six, const int nine, const block *b, int k, const vec *r, const vec *d) {
  static const int first[9] = {0, 1, 2, 0, 0, 1, 1, 2, 2}, second[9] = {0, 1, 2, 1, 2, 2, 0, 0, 1};
  dvec columns[9][PARTS];
#pragma GCC unroll 9
  for (int c = 0; c < 9; c++)
    if (c < 6 || nine) widen(-r[first[c]] * d[second[c]], columns[c]);
  if (nine && b->ws->virial9) add_to_rows(9, MTP_VIRIAL9_ROW, b, k, columns, b->ws->virial9);
  if (!six || !b->ws->virial) return;
  for (int c = 0; c < 6; c++)
    for (int p = 0; p < PARTS; p++) columns[c][p] *= 0.5;
  add_to_rows(6, MTP_VIRIAL_ROW, b, k, columns, b->ws->virial);
}

/* D = (f' P) u + f/r (grad P - u (u . grad P)) of every neighbour: what leaves the sphere drops out. The virial of each
 * lane goes to virials[6]. `close`: neighbours may be close; `six` and `nine`: virials of atoms are wanted. */
INLINE void scatter_all(const int close, const int virial, const int six, const int nine, const block *b,
                        vec *virials) {
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
    if (close) along += repulsion_slope(&b->plan->radial, r);
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
    if (six || nine) {
      const vec at[3] = {rx, ry, rz}, d[3] = {dx, dy, dz};
      add_site_virials(six, nine, b, k, at, d);
    }
  }
  for (int l = 0; l < b->natoms; l++) {
    double *f = point_at(force, b->centre[l]);
    for (int c = 0; c < 3; c++) f[c] += sum[c][l / D][l % D];
  }
  for (int c = 0; c < 6; c++) virials[c] = w[c];
}

STAGE void scatter(const block *b, const mtp_request *request, mtp_output *out) {
  vec w[6];
  if (b->close && (out->site_virial || out->site_virial9))
    scatter_all(1, 1, 1, 1, b, w);
  else if (b->close)
    scatter_all(1, 1, 0, 0, b, w);
  else if (out->site_virial9)
    scatter_all(0, 1, 1, 1, b, w);
  else if (out->site_virial)
    scatter_all(0, 1, 1, 0, b, w);
  else if (request->skip_virial)
    scatter_all(0, 0, 0, 0, b, w);
  else
    scatter_all(0, 1, 0, 0, b, w);
  for (int l = 0; l < b->natoms && out->site_virial; l++)
    for (int c = 0; c < 6; c++) out->site_virial[6 * (size_t)b->atom[l] + (size_t)c] += 0.5 * (double)w[c][l];
  if (request->skip_virial) return;
  for (int l = 0; l < b->natoms; l++)
    for (int c = 0; c < 6; c++) out->virial[c] += (double)w[c][l];
}

#ifndef MTP_MIXED
/* Forces, and the virials of the lanes. */
STAGE void scatter_sites(const block *b, vec *virials) {
  if (b->close)
    scatter_all(1, 1, 0, 0, b, virials);
  else
    scatter_all(0, 1, 0, 0, b, virials);
}
#endif

#endif
