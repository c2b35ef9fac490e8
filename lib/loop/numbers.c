/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/numbers.c
 * Numbers of atoms. Where all labels have the same of each species, only the sum of the energies of their atoms is
 * known, and how it changes with an atom that comes, goes or becomes another one is arbitrary: no force and no grade of
 * a neighbourhood tells. As many labels as there are species settle it, if their numbers are independent. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "loop/loop.h"
#include "support/support.h"

/* What is left of a vector of numbers, as a part of it, that the others explain. */
#define EXPLAINED 1e-6
/* Labels that may be asked for only because of numbers, for each species. */
#define TRIES 4

/* Takes out of v[C] what lies along the rows of basis[count][C], which are orthonormal; its length before and after. */
static void project(const double *basis, int count, int C, double *v, double *before, double *after) {
  *before = *after = 0.0;
  for (int s = 0; s < C; s++) *before += v[s] * v[s];
  for (int k = 0; k < count; k++) {
    double along = 0.0;
    for (int s = 0; s < C; s++) along += basis[k * C + s] * v[s];
    for (int s = 0; s < C; s++) v[s] -= along * basis[k * C + s];
  }
  for (int s = 0; s < C; s++) *after += v[s] * v[s];
  *before = sqrt(*before);
  *after = sqrt(*after);
}

static bool is_explained(double before, double after) {
  return after <= EXPLAINED * before;
}

/* The space of the numbers in the training set; returns its dimension. */
static int span(const mtp_learner *l, double *basis, double *v) {
  const int C = l->species_count;
  int count = 0;
  double before, after;
  for (size_t i = 0; i < l->train->n && count < C; i++) {
    const mtp_config *cfg = l->train->configs[i];
    memset(v, 0, (size_t)C * sizeof *v);
    for (size_t a = 0; a < cfg->n; a++) v[cfg->species[a]] += 1.0;
    project(basis, count, C, v, &before, &after);
    if (is_explained(before, after)) continue;
    for (int s = 0; s < C; s++) basis[count * C + s] = v[s] / after;
    count++;
  }
  return count;
}

mtp_status mtp_learner_knows_numbers(mtp_context *ctx, const mtp_learner *l, const long long *numbers, bool *known) {
  if (!l || !numbers || !known) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: no numbers given");
  const int C = l->species_count;
  *known = true;
  if (l->train->n == 0 || !mtp_loop_can_label(l) || l->number_labels >= TRIES * C) return MTP_OK;
  double *basis = mtp_calloc((size_t)(C * C + C), sizeof *basis), before, after;
  if (!basis) return mtp_fail_memory(ctx);
  double *v = basis + C * C;
  const int count = span(l, basis, v);
  for (int s = 0; s < C; s++) v[s] = (double)numbers[s];
  project(basis, count, C, v, &before, &after);
  *known = is_explained(before, after);
  free(basis);
  return MTP_OK;
}
