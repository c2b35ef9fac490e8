/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/compare.c
 * Whether atoms that came back are those that were sent. */
#include "config/compare.h"

#include <math.h>

#include "config/config_internal.h"

bool mtp_config_is_periodic(const mtp_config *cfg) {
  return cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2];
}

/* What it takes to unfold atoms: rows r_k with x . r_k the turns of x along lattice vector k, zero where it cannot be
 * turned. */
static void turn_counters(const mtp_config *cfg, double rows[9]) {
  bool kept[3];
  double basis[9];
  for (int k = 0; k < 3; k++) kept[k] = mtp_cell_has_row(cfg, k);
  mtp_cell_complete(cfg->cell, kept, basis); /* layers and wires have fewer than three lattice vectors */
  bool flat = mtp_cell_reciprocal(basis, rows) == 0;
  for (int k = 0; k < 9; k++)
    if (flat || !cfg->periodic[k / 3]) rows[k] = 0;
}

/* Engines may fold atoms back into the cell: takes whole lattice vectors out of the difference d. */
static void remove_lattice_vectors(const mtp_config *cfg, const double counters[9], double d[3]) {
  double turns[3];
  for (int k = 0; k < 3; k++) turns[k] = round(mtp_dot(d, counters + 3 * k));
  for (int k = 0; k < 3; k++)
    for (int c = 0; c < 3; c++) d[c] -= turns[k] * cfg->cell[3 * k + c];
}

static mtp_status compare_cells(mtp_context *ctx, const mtp_config *sent, const mtp_config *got, double tolerance) {
  for (int k = 0; k < 3; k++) {
    if (sent->periodic[k] != got->periodic[k])
      return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of another cell: %speriodic along lattice vector %d",
                      got->periodic[k] ? "" : "not ", k + 1);
    for (int c = 0; sent->periodic[k] && c < 3; c++) {
      double a = sent->cell[3 * k + c], b = got->cell[3 * k + c];
      if (fabs(a - b) <= tolerance) continue;
      return mtp_fail(ctx, MTP_ERR_FORMAT,
                      "the result is of another cell: component %c of lattice vector %d is %.10g, not %.10g", "xyz"[c],
                      k + 1, b, a);
    }
  }
  return MTP_OK;
}

mtp_status mtp_config_compare(mtp_context *ctx, const mtp_config *sent, const mtp_config *got, double tolerance) {
  if (got->n != sent->n)
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of %zu atoms, %zu were sent", got->n, sent->n);
  mtp_status status = compare_cells(ctx, sent, got, tolerance);
  if (status != MTP_OK) return status;
  double counters[9];
  turn_counters(sent, counters);
  for (size_t i = 0; i < sent->n; i++) {
    if (sent->species[i] != got->species[i])
      return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of other atoms: atom %zu is of another species", i + 1);
    double d[3];
    for (size_t c = 0; c < 3; c++) d[c] = got->x[3 * i + c] - sent->x[3 * i + c];
    remove_lattice_vectors(sent, counters, d);
    double distance = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
    if (distance <= tolerance) continue; /* false for NaN as well */
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the result is of other atoms: atom %zu is %.3g A away from where it was sent",
                    i + 1, distance);
  }
  return MTP_OK;
}
