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

/* How many images along each lattice vector are within reach of the cell, or -1 if the cell is flat. */
static int images(const mtp_qm_plugin_input *in, double reach, int count[3]) {
  const double *a = in->cell;
  for (int k = 0; k < 3; k++) {
    const double *b = in->cell + 3 * ((k + 1) % 3), *c = in->cell + 3 * ((k + 2) % 3);
    const double n[3] = {b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]};
    a = in->cell + 3 * k;
    const double area = sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    const double volume = fabs(a[0] * n[0] + a[1] * n[1] + a[2] * n[2]);
    count[k] = 0;
    if (!in->periodic[k]) continue;
    if (!(volume > 0)) return -1;
    count[k] = 1 + (int)ceil(reach * area / volume);
  }
  return 0;
}

/* Half of the bond from atom i to atom j in an image; atoms that are outside of the cell cost an image more, not less.
 */
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
  int n[3];
  if (images(in, m->reach, n) != 0) {
    snprintf(message, message_size, "the cell spans no volume");
    return MTP_QM_PLUGIN_FAILED;
  }
  for (size_t i = 0; i < in->n; i++)
    for (size_t j = 0; j < in->n; j++)
      for (int p = -n[0]; p <= n[0]; p++)
        for (int q = -n[1]; q <= n[1]; q++)
          for (int s = -n[2]; s <= n[2]; s++) {
            double d[3];
            if (i == j && p == 0 && q == 0 && s == 0) continue;
            for (int c = 0; c < 3; c++)
              d[c] = in->x[3 * j + (size_t)c] - in->x[3 * i + (size_t)c] + p * in->cell[c] + q * in->cell[3 + c] +
                     s * in->cell[6 + c];
            add_bond(m, i, d, out);
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
