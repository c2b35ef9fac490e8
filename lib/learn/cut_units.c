/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut_units.c
 * What a cut must not part: molecules. Half of one is a radical, with forces that no run meets. */
#include <stdlib.h>

#include "config/config_internal.h"
#include "learn/cut.h"
#include "learn/molecules.h"
#include "support/support.h"

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
  double *radius = mtp_calloc((size_t)mtp_potential_species_count(pot), sizeof *radius);
  if (!radius) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < s->n; i++) s->unit[i] = i;
  const double longest = mtp_molecule_radii(pot, radius);
  mtp_neighbors *nb = NULL;
  mtp_status status = longest > 0.0 ? mtp_neighbors_build(ctx, whole, longest, &nb) : MTP_OK;
  if (status == MTP_OK && nb) status = mtp_neighbors_find_molecules(ctx, nb, radius, s->unit);
  if (status == MTP_OK && nb) draw_together(s);
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
