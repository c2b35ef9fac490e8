/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/ladder.c
 * Rungs of the ladder of levels. */
#include "learn/ladder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int mtp_ladder_levels(const mtp_potential *pot, int levels[MTP_MAX_RUNGS]) {
  static const int standard[] = {12, 16, 20, 24, 28};
  const int top = mtp_basis_level(&pot->basis);
  int n = 0;
  if (pot->radial.type == MTP_RADIAL_CHEBYSHEV)
    for (size_t k = 0; k < sizeof standard / sizeof standard[0]; k++)
      if (standard[k] < top) levels[n++] = standard[k];
  levels[n++] = top;
  return n;
}

mtp_status mtp_ladder_rung(mtp_context *ctx, const mtp_potential *top, int level, mtp_potential **out) {
  const mtp_potential_spec spec = {.level = level,
                                   .species_count = top->nspecies,
                                   .elements = (const char *const *)top->elements,
                                   .cutoff = top->radial.max_dist,
                                   .min_dist = top->radial.min_dist,
                                   .radial_size = top->radial.size};
  const mtp_status status = mtp_potential_new(ctx, &spec, out);
  if (status == MTP_OK) (*out)->radial.scaling = top->radial.scaling;
  return status;
}

void mtp_ladder_carry(const mtp_potential *from, mtp_potential *to) {
  const int common = from->nradial < to->nradial ? from->nradial : to->nradial, C = from->nspecies;
  const size_t bytes = (size_t)common * (size_t)from->radial.size * sizeof(double);
  for (int zi = 0; zi < C; zi++)
    for (int zj = 0; zj < C; zj++)
      memcpy(to->params + mtp_offset_radial(to, zi, zj), from->params + mtp_offset_radial(from, zi, zj), bytes);
}

void mtp_ladder_perturb(mtp_potential *pot, double mix, unsigned long long seed) {
  mtp_random random = {seed};
  const size_t R = (size_t)pot->radial.size, n = mtp_offset_species(pot);
  for (size_t row = 0; row < n; row += R) {
    double *c = pot->params + row, norm = 0;
    for (size_t k = 0; k < R; k++) norm += c[k] * c[k];
    norm = sqrt(norm / (double)R);
    for (size_t k = 0; k < R; k++) c[k] += mix * norm * mtp_random_normal(&random);
  }
}
