/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file wrong_plugin.c
 * The plugin of the example with the mistakes that real couplings were found to make; the first argument says which. */
#include <string.h>

#define mtp_qm_plugin_entry right_entry
#include "../../examples/qm-plugin/morse.c"
#undef mtp_qm_plugin_entry

typedef struct wrong {
  char mistake[32];
  void *right;
} wrong;

static mtp_qm_plugin_result wrong_open(int count, const char *const *arguments, void **instance, char *message,
                                       size_t message_size) {
  static wrong w;
  if (count < 1) return MTP_QM_PLUGIN_FAILED;
  snprintf(w.mistake, sizeof w.mistake, "%s", arguments[0]);
  *instance = &w;
  return open_morse(count - 1, arguments + 1, &w.right, message, message_size);
}

static void swap(double *a, double *b) {
  const double t = *a;
  *a = *b;
  *b = t;
}

static double volume(const mtp_qm_plugin_input *in) {
  const double *a = in->cell, *b = a + 3, *c = a + 6;
  return fabs(a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
              a[2] * (b[0] * c[1] - b[1] * c[0]));
}

static void scale(mtp_qm_plugin_output *out, size_t n, double energy, double force, double virial) {
  out->energy *= energy;
  for (size_t i = 0; i < 3 * n; i++) out->force[i] *= force;
  for (int k = 0; k < 6; k++) out->virial[k] *= virial;
}

static mtp_qm_plugin_result wrong_compute(void *instance, const mtp_qm_plugin_input *given, mtp_qm_plugin_output *out,
                                          char *message, size_t message_size) {
  const wrong *w = instance;
  mtp_qm_plugin_input in = *given;
  if (strcmp(w->mistake, "cell") == 0)
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < i; j++) swap(&in.cell[3 * i + j], &in.cell[3 * j + i]);
  if (strcmp(w->mistake, "scf") == 0) return MTP_QM_PLUGIN_NOT_CONVERGED;
  const mtp_qm_plugin_result result = compute(w->right, &in, out, message, message_size);
  const double v = volume(&in);
  if (strcmp(w->mistake, "force_sign") == 0) scale(out, in.n, 1, -1, 1);
  if (strcmp(w->mistake, "force_unit") == 0) scale(out, in.n, 1, 1 / 51.4220674763, 1);
  if (strcmp(w->mistake, "energy_unit") == 0) scale(out, in.n, 1 / 27.211386245988, 1, 1);
  if (strcmp(w->mistake, "virial_sign") == 0) scale(out, in.n, 1, 1, -1);
  if (strcmp(w->mistake, "kbar") == 0) scale(out, in.n, 1, 1, 1602.1766208 / v);
  if (strcmp(w->mistake, "voigt") == 0) swap(&out->virial[3], &out->virial[5]);
  for (int k = 3; k < 6; k++) {
    if (strcmp(w->mistake, "half_shear") == 0) out->virial[k] *= 0.5;
    if (strcmp(w->mistake, "double_shear") == 0) out->virial[k] *= 2;
    if (strcmp(w->mistake, "no_shear") == 0) out->virial[k] = 0;
    if (strcmp(w->mistake, "minus_shear") == 0) out->virial[k] *= -1;
  }
  if (strcmp(w->mistake, "half_component") == 0) out->virial[3] *= 0.5;
  if (strcmp(w->mistake, "zero") == 0) scale(out, in.n, 1, 1, 0);
  if (strcmp(w->mistake, "no_virial") == 0) out->has_virial = 0;
  if (strcmp(w->mistake, "permuted") == 0)
    for (int c = 0; c < 3; c++) swap(&out->force[c], &out->force[3 + c]);
  if (strcmp(w->mistake, "per_atom") == 0) scale(out, in.n, 1.0 / (double)in.n, 1, 1);
  if (strcmp(w->mistake, "constant") == 0) out->energy = -1;
  if (strcmp(w->mistake, "grouped") == 0) /* atoms 1 and 3 before 2 and 4, as an engine that sorts A B A B */
    for (int c = 0; c < 3; c++) swap(&out->force[3 + c], &out->force[6 + c]);
  if (strcmp(w->mistake, "basis") == 0) out->virial[0] *= 1.5;
  if (strcmp(w->mistake, "energy") == 0) /* not the function that the forces are the gradient of */
    out->energy += 0.02 * sin(3 * in.x[0]) + 0.02 * cos(2 * in.x[4]);
  return result;
}

static void wrong_close(void *instance) {
  free(((wrong *)instance)->right);
}

#ifndef WRONG_VERSION
#define WRONG_VERSION MTP_QM_PLUGIN_VERSION
#endif

const mtp_qm_plugin *mtp_qm_plugin_entry(void);

const mtp_qm_plugin *mtp_qm_plugin_entry(void) {
  static const mtp_qm_plugin table = {
      .version = WRONG_VERSION, .name = "wrong", .open = wrong_open, .compute = wrong_compute, .close = wrong_close};
  return &table;
}
