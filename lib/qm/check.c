/* SPDX-License-Identifier: BSD-3-Clause */
/**@file qm/check.c
 * Whether a label may be believed. */
#include "qm/check.h"

#include <math.h>

#include "config/config_internal.h"
#include "support/support.h"

/* Text formats of engines carry fewer digits than ours; anything above this is another structure. */
#define POSITION_TOLERANCE 1e-4

bool mtp_qm_is_periodic(const mtp_config *cfg) {
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

mtp_status mtp_qm_compare_atoms(mtp_context *ctx, const mtp_config *sent, const mtp_config *got, double tolerance) {
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

static bool all_finite(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(values[i])) return false;
  return true;
}

static bool all_zero(const double *values, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (values[i] != 0) return false;
  return true;
}

/* Where pairs were pushed together on purpose, forces may be so many times maxforce. */
#define SQUEEZED_FORCES 10.0

static mtp_status check_forces(mtp_context *ctx, const mtp_config *label, double max_force, bool *lasting) {
  double largest = 0, sum[3] = {0, 0, 0};
  size_t where = 0;
  for (size_t i = 0; i < label->n; i++) {
    const double *f = label->force + 3 * i;
    double length = sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]);
    if (length > largest) {
      largest = length;
      where = i;
    }
    for (int c = 0; c < 3; c++) sum[c] += f[c];
  }
  if (largest > max_force) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the force on atom %zu is %.4g eV/A, more than maxforce=%g", where + 1,
                    largest, max_force);
  }
  /* engines leave a small net force (grids, printed digits); a large one means wrong units or a cut-off file */
  double net = label->n ? sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]) / (double)label->n : 0;
  if (net > 0.05 * largest + 0.05)
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    "the forces do not sum to zero: %.4g eV/A per atom remain (largest force %.4g)", net, largest);
  return MTP_OK;
}

static mtp_status check_virial(mtp_context *ctx, mtp_config *label, const mtp_qm_limits *limits, bool periodic,
                               bool *lasting) {
  if (label->has_virial && !all_finite(label->virial, 6))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the virial is not finite");
  bool zero = label->has_virial && all_zero(label->virial, 6);
  if (zero && !periodic) label->has_virial = false;
  if (zero && periodic && label->force && !all_zero(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the virial is zero though the forces are not");
  if (limits->require_stress && periodic && !label->has_virial) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "there is no stress in the result (require=)");
  }
  return MTP_OK;
}

static mtp_status check_all(mtp_context *ctx, const mtp_config *sent, mtp_config *label, const mtp_qm_limits *limits,
                            bool *lasting) {
  mtp_status status = mtp_qm_compare_atoms(ctx, sent, label, POSITION_TOLERANCE);
  if (status != MTP_OK) return status;
  if (!label->has_energy || !isfinite(label->energy))
    return mtp_fail(ctx, MTP_ERR_FORMAT,
                    label->has_energy ? "the energy is not finite" : "there is no energy in the result");
  if (!label->force && limits->require_forces) {
    *lasting = true;
    return mtp_fail(ctx, MTP_ERR_FORMAT, "there are no forces in the result (require=)");
  }
  if (label->force && !all_finite(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "a force is not finite");
  if (label->n > 1 && mtp_qm_is_periodic(sent) && label->energy == 0 && label->force &&
      all_zero(label->force, 3 * label->n))
    return mtp_fail(ctx, MTP_ERR_FORMAT, "the energy and all forces are exactly zero: nothing was computed");
  const double most = limits->max_force * (mtp_config_is_squeezed(sent) ? SQUEEZED_FORCES : 1.0);
  if (label->force) status = check_forces(ctx, label, most, lasting);
  return status == MTP_OK ? check_virial(ctx, label, limits, mtp_qm_is_periodic(sent), lasting) : status;
}

mtp_qm_status mtp_qm_check_label(mtp_context *ctx, const mtp_config *sent, mtp_config *label,
                                 const mtp_qm_limits *limits, bool *lasting) {
  *lasting = false;
  return check_all(ctx, sent, label, limits, lasting) == MTP_OK ? MTP_QM_OK : MTP_QM_BAD_DATA;
}
