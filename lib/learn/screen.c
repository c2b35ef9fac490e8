/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/screen.c
 * Screening of training data. */
#include "mtp/screen.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "mtp/neighbors.h"
#include "support/support.h"

/* Of min_dist. */
#define ON_TOP 0.1

static const struct {
  const char *name;
  bool fatal;
} faults[MTP_FAULTS] = {
    [MTP_FAULT_NONE] = {"none", false},           [MTP_FAULT_NOT_FINITE] = {"not-finite", true},
    [MTP_FAULT_ELEMENT] = {"element", true},      [MTP_FAULT_CLOSE_ATOMS] = {"close-atoms", true},
    [MTP_FAULT_NO_LABEL] = {"no-label", false},   [MTP_FAULT_GHOSTS] = {"ghosts", true},
    [MTP_FAULT_NO_ENERGY] = {"no-energy", false}, [MTP_FAULT_NO_NEIGHBOURS] = {"no-neighbours", false},
};

const char *mtp_fault_name(mtp_fault fault) {
  return fault >= 0 && fault < MTP_FAULTS ? faults[fault].name : "unknown";
}

bool mtp_fault_is_fatal(mtp_fault fault) {
  return fault >= 0 && fault < MTP_FAULTS && faults[fault].fatal;
}

static void set(mtp_screening *s, mtp_fault fault, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void set(mtp_screening *s, mtp_fault fault, const char *format, ...) {
  va_list args;
  s->fault = fault;
  va_start(args, format);
  vsnprintf(s->text, sizeof s->text, format, args);
  va_end(args);
}

static bool all_finite(const double *values, size_t n) {
  for (size_t k = 0; values && k < n; k++)
    if (!isfinite(values[k])) return false;
  return true;
}

static void find_not_finite(const mtp_config *cfg, mtp_screening *s) {
  for (size_t i = 0; i < cfg->n; i++) {
    if (!all_finite(cfg->x + 3 * i, 3))
      set(s, MTP_FAULT_NOT_FINITE, "the position of atom %zu is not finite", i + 1);
    else if (cfg->force && !all_finite(cfg->force + 3 * i, 3))
      set(s, MTP_FAULT_NOT_FINITE, "the force on atom %zu is not finite", i + 1);
    else
      continue;
    return;
  }
  if (!all_finite(cfg->cell, 9))
    set(s, MTP_FAULT_NOT_FINITE, "the cell is not finite");
  else if (cfg->has_energy && !isfinite(cfg->energy))
    set(s, MTP_FAULT_NOT_FINITE, "the energy is not finite");
  else if (cfg->has_virial && !all_finite(cfg->virial, 6))
    set(s, MTP_FAULT_NOT_FINITE, "the virial is not finite");
}

static void find_foreign_atoms(const mtp_potential *pot, const mtp_config *cfg, mtp_screening *s) {
  for (size_t i = 0; i < cfg->n; i++)
    if (cfg->species[i] < 0 || cfg->species[i] >= mtp_potential_species_count(pot)) {
      set(s, MTP_FAULT_ELEMENT, "atom %zu is of an element that the potential lacks", i + 1);
      return;
    }
}

/* The two closest atoms. */
static mtp_status find_closest(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg, mtp_screening *s) {
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, cfg, mtp_potential_cutoff(pot), &nb);
  if (status != MTP_OK) return status;
  size_t first = 0, second = 0;
  double smallest = INFINITY;
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) {
      const size_t j = (size_t)nb->list[i][k];
      double square = 0;
      for (size_t a = 0; a < 3; a++)
        square += (nb->x[3 * j + a] - nb->x[3 * i + a]) * (nb->x[3 * j + a] - nb->x[3 * i + a]);
      if (square < smallest) smallest = square, first = i, second = (size_t)nb->owner[j];
    }
  mtp_neighbors_free(nb);
  s->smallest = sqrt(smallest);
  if (s->smallest < ON_TOP * mtp_potential_min_dist(pot))
    set(s, MTP_FAULT_CLOSE_ATOMS, "atoms %zu and %zu are %.3g A apart", first + 1, second + 1, s->smallest);
  return MTP_OK;
}

mtp_status mtp_screen(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg, mtp_screening *out) {
  if (!pot || !cfg || !out)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "screening: expected a potential and a configuration");
  mtp_screening s = {.smallest = INFINITY};
  mtp_status status = MTP_OK;
  find_not_finite(cfg, &s);
  if (!s.fault) find_foreign_atoms(pot, cfg, &s);
  if (!s.fault) status = find_closest(ctx, pot, cfg, &s);
  if (!s.fault && (cfg->n == 0 || !(cfg->has_energy || cfg->has_virial || cfg->force)))
    set(&s, MTP_FAULT_NO_LABEL, "there is neither energy nor forces nor virial");
  if (!s.fault && cfg->ghost)
    set(&s, MTP_FAULT_GHOSTS, "it has ghost atoms: labels of a part of a system cannot be trained on");
  if (!s.fault && !cfg->has_energy) set(&s, MTP_FAULT_NO_ENERGY, "there is no energy");
  if (!s.fault && isinf(s.smallest)) set(&s, MTP_FAULT_NO_NEIGHBOURS, "no atom has a neighbour within the cutoff");
  *out = s;
  return status;
}
