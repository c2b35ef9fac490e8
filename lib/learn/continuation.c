/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/continuation.c
 * Stages of the continuation in levels and radial sizes. Levels first: with the sizes first, at the lowest level,
 * errors of lithium at level 16 end 8 % higher. */
#include "learn/continuation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int standard_levels[] = {12, 16, 20, 24, 28};
static const int standard_sizes[] = {6, 8, 10, 12, 16, 20, 24, 28};
#define LEVELS       (sizeof standard_levels / sizeof standard_levels[0])
#define LARGEST_SIZE 28
#define SIZES        (sizeof standard_sizes / sizeof standard_sizes[0])

/* At level 16 a radial size of 10 makes an evaluation 4 % slower than one of 8, one of 16 12 %; above, products of
 * moments dominate. Below, accuracy is worth more than the microsecond up to a size of 20; with 28 an evaluation at
 * level 12 takes 29 % longer. */
int mtp_continuation_cheap_size(const mtp_potential *pot) {
  const int level = mtp_basis_level(&pot->basis);
  return level < 16 ? 20 : level < 20 ? 10 : 12;
}

/* From level 20 on, where a stage takes minutes, no larger one is tried. */
static int largest_size(const mtp_potential *pot) {
  const int most = mtp_basis_level(&pot->basis) < 20 ? LARGEST_SIZE : mtp_continuation_cheap_size(pot);
  return mtp_potential_size_is_free(pot) && pot->radial.size < most ? most : pot->radial.size;
}

/* Larger than the number of radial functions, which could not be independent otherwise; at high levels, where every
 * step is long, the first one is nearly the last. */
static int first_size(const mtp_potential *pot) {
  const int last = largest_size(pot), level = mtp_basis_level(&pot->basis);
  const int least = level >= 20 ? 12 : level >= 16 ? 8 : pot->nradial + 2;
  for (size_t k = 0; k < SIZES; k++)
    if (standard_sizes[k] >= least) return standard_sizes[k] < last ? standard_sizes[k] : last;
  return last;
}

int mtp_continuation_next_level(int level) {
  for (size_t k = 0; k < LEVELS; k++)
    if (standard_levels[k] > level) return standard_levels[k];
  return level;
}

int mtp_continuation_next_size(const mtp_potential *pot, int size) {
  const int last = largest_size(pot);
  for (size_t k = 0; k < SIZES; k++)
    if (standard_sizes[k] > size) return standard_sizes[k] < last ? standard_sizes[k] : last > size ? last : size;
  return last > size ? last : size;
}

int mtp_continuation_stages(const mtp_potential *pot, mtp_stage stages[MTP_MAX_STAGES]) {
  const int top = mtp_basis_level(&pot->basis);
  int n = 0;
  if (pot->radial.type != MTP_RADIAL_CHEBYSHEV || top == 0) {
    stages[n++] = (mtp_stage){top, pot->radial.size};
    return n;
  }
  int size = first_size(pot);
  for (size_t k = 0; k < LEVELS; k++)
    if (standard_levels[k] < top) stages[n++] = (mtp_stage){standard_levels[k], size};
  stages[n++] = (mtp_stage){top, size};
  for (int next; (next = mtp_continuation_next_size(pot, size)) > size; size = next)
    stages[n++] = (mtp_stage){top, next};
  return n;
}

static mtp_status copy_with_size(mtp_context *ctx, const mtp_potential *top, int size, mtp_potential **out) {
  mtp_status status = mtp_potential_copy(ctx, top, out);
  if (status != MTP_OK || size == top->radial.size) return status;
  free((*out)->params);
  (*out)->radial.size = size;
  mtp_radial_prepare(&(*out)->radial);
  status = mtp_potential_allocate(ctx, *out);
  if (status == MTP_OK) status = mtp_potential_init_radial(ctx, *out);
  if (status == MTP_OK) return MTP_OK;
  mtp_potential_free(*out);
  *out = NULL;
  return status;
}

mtp_status mtp_continuation_potential(mtp_context *ctx, const mtp_potential *top, mtp_stage stage,
                                      mtp_potential **out) {
  if (stage.level == mtp_basis_level(&top->basis)) return copy_with_size(ctx, top, stage.size, out);
  const mtp_potential_spec spec = {.level = stage.level,
                                   .species_count = top->nspecies,
                                   .elements = (const char *const *)top->elements,
                                   .cutoff = top->radial.max_dist,
                                   .min_dist = top->radial.min_dist,
                                   .radial_size = stage.size};
  const mtp_status status = mtp_potential_new(ctx, &spec, out);
  if (status == MTP_OK) (*out)->radial.scaling = top->radial.scaling;
  return status;
}

static bool same_level(const mtp_potential *a, const mtp_potential *b) {
  return a->nradial == b->nradial && a->basis.nscalars == b->basis.nscalars &&
         mtp_basis_level(&a->basis) == mtp_basis_level(&b->basis);
}

void mtp_continuation_carry(const mtp_potential *from, mtp_potential *to) {
  const int K = from->nradial < to->nradial ? from->nradial : to->nradial, C = from->nspecies;
  const int R = to->radial.size, common = from->radial.size < R ? from->radial.size : R;
  for (int zi = 0; zi < C; zi++)
    for (int zj = 0; zj < C; zj++) {
      const double *source = from->params + mtp_offset_radial(from, zi, zj);
      double *target = to->params + mtp_offset_radial(to, zi, zj);
      for (int mu = 0; mu < K; mu++, source += from->radial.size, target += R) {
        memcpy(target, source, (size_t)common * sizeof *target);
        memset(target + common, 0, (size_t)(R - common) * sizeof *target);
      }
    }
  if (!from->trained || !same_level(from, to)) return;
  const size_t linear = to->nparams - mtp_offset_species(to);
  memcpy(to->params + to->nparams - linear, from->params + from->nparams - linear, linear * sizeof(double));
}

void mtp_continuation_perturb(mtp_potential *pot, double mix, unsigned long long seed) {
  mtp_random random = {seed};
  const size_t R = (size_t)pot->radial.size, n = mtp_offset_species(pot);
  for (size_t row = 0; row < n; row += R) {
    double *c = pot->params + row, norm = 0;
    for (size_t k = 0; k < R; k++) norm += c[k] * c[k];
    norm = sqrt(norm / (double)R);
    for (size_t k = 0; k < R; k++) c[k] += mix * norm * mtp_random_normal(&random);
  }
}
