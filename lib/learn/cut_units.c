/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut_units.c
 * What a cut must not part: molecules. Half of one is a radical, with forces that no run meets. Atoms of elements that
 * bind to each other as molecules do are joined where they are as near as bonds; what is joined to more than a molecule
 * has, such as a polymer or a crystal of covalent bonds, is cut like a metal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/species.h"
#include "learn/cut.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Bonds are at most so many times the sum of covalent radii. */
#define BOND 1.25
/* Atoms of a molecule, at most. */
#define MOST 64

/* Of an element that makes molecules, A; 0 for others and where elements are not known. */
static double bond_radius(const mtp_potential *pot, int species) {
  static const int numbers[] = {1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 34, 35, 53};
  const char *name = mtp_potential_element(pot, species);
  const int number = name ? mtp_element_number(name) : 0;
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
    if (number == numbers[k]) return mtp_element_radius(number);
  return 0.0;
}

static size_t root(size_t *unit, size_t i) {
  while (unit[i] != i) i = unit[i] = unit[unit[i]];
  return i;
}

/* The atom of the lowest number stands for all. */
static void join(size_t *unit, size_t i, size_t j) {
  const size_t a = root(unit, i), b = root(unit, j);
  unit[a > b ? a : b] = a > b ? b : a;
}

static void join_bonded(const mtp_neighbors *nb, const double *radius, size_t *unit) {
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t k = (size_t)nb->list[i][q], j = (size_t)nb->owner[k];
      const double a = radius[nb->species[i]], b = radius[nb->species[k]], most = BOND * (a + b);
      double d[3];
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * k + c] - nb->x[3 * i + c];
      if (a > 0.0 && b > 0.0 && mtp_dot(d, d) < most * most) join(unit, i, j);
    }
}

static mtp_status part_large(mtp_context *ctx, size_t n, size_t *unit) {
  size_t *size = mtp_calloc(n, sizeof *size);
  if (!size) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < n; i++) size[unit[i] = root(unit, i)]++;
  for (size_t i = n; i-- > 0;) /* the one that stands for all comes last */
    if (size[unit[i]] > MOST) unit[i] = i;
  free(size);
  return MTP_OK;
}

/* All of a molecule beside the atom that stands for it. */
static void draw_together(mtp_surroundings *s) {
  for (size_t i = 0; i < s->n; i++) {
    if (s->unit[i] == i) continue;
    const double *from = s->d + 3 * s->unit[i];
    double *d = s->d + 3 * i, way[3] = {d[0] - from[0], d[1] - from[1], d[2] - from[2]};
    mtp_cell_wrap(s->basis, s->reciprocal, s->periodic, way);
    for (int c = 0; c < 3; c++) d[c] = mtp_cut_round(from[c] + way[c]);
  }
}

mtp_status mtp_cut_find_units(mtp_context *ctx, const mtp_potential *pot, const mtp_config *whole,
                              mtp_surroundings *s) {
  const int kinds = mtp_potential_species_count(pot);
  double *radius = mtp_calloc((size_t)kinds, sizeof *radius), longest = 0.0;
  if (!radius) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < s->n; i++) s->unit[i] = i;
  for (int k = 0; k < kinds; k++) radius[k] = bond_radius(pot, k);
  for (int k = 0; k < kinds; k++) longest = fmax(longest, 2.0 * BOND * radius[k]);
  mtp_neighbors *nb = NULL;
  mtp_status status = longest > 0.0 ? mtp_neighbors_build(ctx, whole, longest, &nb) : MTP_OK;
  if (status == MTP_OK && nb) {
    join_bonded(nb, radius, s->unit);
    status = part_large(ctx, s->n, s->unit);
    if (status == MTP_OK) draw_together(s);
  }
  mtp_neighbors_free(nb);
  free(radius);
  return status;
}

/* Marks the units of which an atom is marked. */
void mtp_cut_whole_units(const mtp_surroundings *s, bool *marked) {
  for (size_t i = 0; i < s->n; i++)
    if (marked[i]) marked[s->unit[i]] = true;
  for (size_t i = 0; i < s->n; i++) marked[i] = marked[s->unit[i]];
}
