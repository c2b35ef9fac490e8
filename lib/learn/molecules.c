/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/molecules.c
 * Atoms of elements that bind to each other as molecules do are joined where they are as near as bonds; what is joined
 * to more than a molecule has, such as a polymer or a crystal of covalent bonds, is none. */
#include "learn/molecules.h"

#include <math.h>
#include <stdlib.h>

#include "config/config_internal.h"
#include "config/species.h"
#include "support/support.h"

/* Bonds are at most so many times the sum of covalent radii. */
#define BOND 1.25
/* Atoms of a molecule, at most. */
#define MOST 64

/* Of an element that makes molecules. */
static double bond_radius(const mtp_potential *pot, int species) {
  static const int numbers[] = {1, 5, 6, 7, 8, 9, 14, 15, 16, 17, 34, 35, 53};
  const char *name = mtp_potential_element(pot, species);
  const int number = name ? mtp_element_number(name) : 0;
  for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
    if (number == numbers[k]) return mtp_element_radius(number);
  return 0.0;
}

double mtp_molecule_radii(const mtp_potential *pot, double *radius) {
  double longest = 0.0;
  for (int k = 0; k < mtp_potential_species_count(pot); k++) {
    radius[k] = bond_radius(pot, k);
    longest = fmax(longest, 2.0 * BOND * radius[k]);
  }
  return longest;
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
    for (int q = 0; q < nb->count[i] && radius[nb->species[i]] > 0.0; q++) {
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

mtp_status mtp_neighbors_find_molecules(mtp_context *ctx, const mtp_neighbors *nb, const double *radius, size_t *unit) {
  for (size_t i = 0; i < nb->n; i++) unit[i] = i;
  join_bonded(nb, radius, unit);
  return part_large(ctx, nb->n, unit);
}
