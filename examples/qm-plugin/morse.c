/* SPDX-License-Identifier: BSD-3-Clause */
/**@file morse.c
 * A QM plugin in one file: Morse pairs with a smooth cutoff. It stands for a code that you link; all that such a code
 * has to provide is at the end.
 *
 *   cc -std=c11 -O2 -fPIC -shared morse.c -o morse.so -lm -I PREFIX/include
 *   mtp label al.extxyz --check --qm "plugin ./morse.so 0.27 1.2 2.9 6.0" */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mtp/qm_plugin.h"

/* V(r) = D [(1 - e^{-a(r-r0)})^2 - 1] (1 - (r/R)^2)^2 for r < R */
typedef struct morse {
  double depth, a, r0, reach;
} morse;

static double pair(const morse *m, double r, double *slope) {
  const double e = exp(-m->a * (r - m->r0)), v = m->depth * (e * e - 2 * e), dv = 2 * m->depth * m->a * (e - e * e);
  const double t = 1 - r * r / (m->reach * m->reach), dt = -2 * r / (m->reach * m->reach);
  *slope = dv * t * t + v * 2 * t * dt;
  return v * t * t;
}

/* Along each lattice vector: the number of images that are within reach of the cell, and the vector whose product with
 * a distance is the number of turns in it. */
typedef struct lattice {
  int count[3];
  double turn[3][3];
} lattice;

static double dot(const double a[3], const double b[3]) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* -1 if the cell is flat. */
static int find_images(const mtp_qm_plugin_input *in, double reach, lattice *out) {
  *out = (lattice){{0}, {{0}}};
  for (int k = 0; k < 3; k++) {
    const double *a = in->cell + 3 * k, *b = in->cell + 3 * ((k + 1) % 3), *c = in->cell + 3 * ((k + 2) % 3);
    const double n[3] = {b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]};
    const double volume = dot(a, n);
    if (!in->periodic[k]) continue;
    if (!(fabs(volume) > 0)) return -1;
    out->count[k] = 1 + (int)ceil(reach * sqrt(dot(n, n)) / fabs(volume));
    for (int d = 0; d < 3; d++) out->turn[k][d] = n[d] / volume;
  }
  return 0;
}

/* From atom i to the nearest images of atom j: atoms may be anywhere, and are in a trajectory that was not folded. */
static void difference(const mtp_qm_plugin_input *in, const lattice *l, size_t i, size_t j, double d[3]) {
  for (size_t c = 0; c < 3; c++) d[c] = in->x[3 * j + c] - in->x[3 * i + c];
  for (int k = 0; k < 3; k++) {
    const double turns = round(dot(d, l->turn[k]));
    for (int c = 0; c < 3; c++) d[c] -= turns * in->cell[3 * k + c];
  }
}

/* Half of the bond from atom i to an atom at a distance d. */
static void add_bond(const morse *m, size_t i, const double d[3], mtp_qm_plugin_output *out) {
  static const int first[6] = {0, 1, 2, 0, 0, 1}, second[6] = {0, 1, 2, 1, 2, 2};
  const double r = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
  double slope;
  if (r >= m->reach) return;
  out->energy += 0.5 * pair(m, r, &slope);
  for (int c = 0; c < 3; c++) out->force[3 * i + (size_t)c] += slope * d[c] / r;
  for (int k = 0; k < 6; k++) out->virial[k] -= 0.5 * slope * d[first[k]] * d[second[k]] / r;
}

static mtp_qm_plugin_result compute(void *instance, const mtp_qm_plugin_input *in, mtp_qm_plugin_output *out,
                                    char *message, size_t message_size) {
  const morse *m = instance;
  lattice l;
  if (find_images(in, m->reach, &l) != 0) {
    snprintf(message, message_size, "the cell spans no volume");
    return MTP_QM_PLUGIN_FAILED;
  }
  for (size_t i = 0; i < in->n; i++)
    for (size_t j = 0; j < in->n; j++) {
      double near[3];
      difference(in, &l, i, j, near);
      for (int p = -l.count[0]; p <= l.count[0]; p++)
        for (int q = -l.count[1]; q <= l.count[1]; q++)
          for (int s = -l.count[2]; s <= l.count[2]; s++) {
            double d[3];
            if (i == j && p == 0 && q == 0 && s == 0) continue;
            for (int c = 0; c < 3; c++) d[c] = near[c] + p * in->cell[c] + q * in->cell[3 + c] + s * in->cell[6 + c];
            add_bond(m, i, d, out);
          }
    }
  out->has_virial = 1;
  return MTP_QM_PLUGIN_OK;
}

/* The words after the library: depth (eV), a (1/A), r0 (A), reach (A). */
static mtp_qm_plugin_result open_morse(int count, const char *const *arguments, void **instance, char *message,
                                       size_t message_size) {
  double values[4];
  for (int k = 0; k < 4; k++) {
    char *end = NULL;
    values[k] = k < count ? strtod(arguments[k], &end) : 0;
    if (count != 4 || end == arguments[k] || *end || !(values[k] > 0)) {
      snprintf(message, message_size, "expected four positive numbers: depth a r0 reach");
      return MTP_QM_PLUGIN_FAILED;
    }
  }
  morse *m = malloc(sizeof *m);
  if (!m) {
    snprintf(message, message_size, "memory is exhausted");
    return MTP_QM_PLUGIN_FAILED;
  }
  *m = (morse){values[0], values[1], values[2], values[3]};
  *instance = m;
  return MTP_QM_PLUGIN_OK;
}

const mtp_qm_plugin *mtp_qm_plugin_entry(void) {
  static const mtp_qm_plugin table = {
      .version = MTP_QM_PLUGIN_VERSION,
      .name = "morse",
      .parallel = 1, /* nothing is shared between instances */
      .open = open_morse,
      .compute = compute,
      .close = free,
  };
  return &table;
}
