/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/bending.c
 * Radial functions where no data are. Below the closest pair of a kind of species the data say nothing, and
 * coefficients that change nothing above may change everything there by a million times as much. So bending costs
 * there: of all functions that are as good where the data are, a fit takes those that go on most straightly. */
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/training.h"

typedef mtp_training job;

/* The mean square of a function is taken at so many distances, which count as often as pairs have them. */
#define BINS 400
/* That of its second derivative at so many, down to this part of the distance of the closest pair. */
#define BELOW    80
#define FARTHEST 0.8
#define POINTS   (BINS + BELOW)
/* Functions that begin this near to the closest pair are known everywhere. */
#define REACHED 0.97
/* Bending of a function: the mean square of its second derivative (in units of the closest distance) over its own. That
 * of exponentials with the range of bonds is of this size; what is wrong bends by many orders of magnitude more. */
#define BENT 1e6

/* The pairs of one kind of species in all that is trained on, whichever of both is the central atom. */
typedef struct pairs {
  double closest; /* A; infinite: there are none */
  double total, count[BINS];
} pairs;

struct mtp_pair_histogram {
  int species_count;
  double cutoff;
  pairs *of; /* [C*C], symmetric */
};

typedef struct mtp_pair_histogram histogram;

static pairs *kind(const histogram *h, int a, int b) {
  return &h->of[a < b ? a * h->species_count + b : b * h->species_count + a];
}

static double width(const histogram *h, const pairs *p) {
  return (h->cutoff - p->closest) / BINS;
}

/* First the closest pairs, then how many there are at each distance. */
static void note(histogram *h, const mtp_neighbors *nb, bool counting) {
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const int k = nb->list[i][q];
      const double *a = nb->x + 3 * i, *b = nb->x + 3 * (size_t)k;
      const double r =
          sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]));
      pairs *p = kind(h, nb->species[i], nb->species[k]);
      if (!(r < h->cutoff)) continue;
      if (!counting) {
        p->closest = fmin(p->closest, r);
        continue;
      }
      const int bin = (int)((r - p->closest) / width(h, p));
      p->count[bin < BINS ? bin : BINS - 1] += 1.0;
      p->total += 1.0;
    }
}

mtp_status mtp_training_count_pairs(job *j) {
  const int C = j->top->nspecies;
  mtp_status status = MTP_OK;
  histogram *h = j->pairs = mtp_calloc(1, sizeof *h);
  if (h) h->of = mtp_calloc((size_t)(C * C), sizeof *h->of);
  if (!h || !h->of) return mtp_fail_memory(j->ctx);
  h->species_count = C;
  h->cutoff = j->top->radial.max_dist;
  for (int k = 0; k < C * C; k++) h->of[k].closest = INFINITY;
  for (int pass = 0; pass < 2; pass++)
    for (size_t k = 0; k < j->n && status == MTP_OK; k++) {
      mtp_neighbors *nb = NULL;
      if (j->part[k] == MTP_PART_VALIDATION) continue;
      status = mtp_sample_acquire_neighbors(j->ctx, j->sample[k], h->cutoff, &nb);
      if (status != MTP_OK) break;
      note(h, nb, pass > 0);
      mtp_sample_release_neighbors(j->sample[k], nb);
    }
  return status;
}

void mtp_training_forget_pairs(job *j) {
  if (j->pairs) free(j->pairs->of);
  free(j->pairs);
  j->pairs = NULL;
}

/* ---- forms ---- */

static bool is_open(const histogram *h, const mtp_radial *radial, int a, int b) {
  const pairs *p = kind(h, a, b);
  return p->total > 0 && radial->min_dist < REACHED * p->closest;
}

/* Row `row` of the matrix [POINTS][R] by columns: the basis at r, or with `bent` its second derivative. */
static void fill_row(const mtp_radial *radial, double r, double factor, bool bent, double *matrix, int row) {
  double q[MTP_MAX_RADIAL_SIZE], dq[MTP_MAX_RADIAL_SIZE], dq_before[MTP_MAX_RADIAL_SIZE];
  const double step = 1e-4 * r;
  mtp_radial_values(radial, bent ? r + step : r, q, dq);
  if (bent) mtp_radial_values(radial, r - step, q, dq_before);
  for (int k = 0; k < radial->size; k++)
    matrix[k * POINTS + row] = factor * (bent ? (dq[k] - dq_before[k]) / (2.0 * step) : q[k]);
}

/* Rows of what the functions are where the pairs are, and of their second derivatives below. */
static void tabulate(const histogram *h, const pairs *p, const mtp_radial *radial, double *matrix) {
  for (int k = 0; k < BINS; k++)
    fill_row(radial, p->closest + (k + 0.5) * width(h, p), sqrt(p->count[k] / p->total), false, matrix, k);
  for (int k = 0; k < BELOW; k++) {
    const double part = FARTHEST + (1.0 - FARTHEST) * k / (BELOW - 1.0);
    fill_row(radial, part * p->closest, sqrt(1.0 / BELOW) * p->closest * p->closest, true, matrix, BINS + k);
  }
}

/* Q of c^T Q c: the bending of a function, c as it is now. */
static void make_form(const double *matrix, const double *c, size_t size, double factor, double *form) {
  double values[BINS] = {0};
  for (size_t k = 0; k < size; k++) cblas_daxpy(BINS, c[k], matrix + k * POINTS, 1, values, 1);
  const double square = cblas_ddot(BINS, values, 1, values, 1);
  if (!(square > 0)) return;
  for (size_t i = 0; i < size; i++)
    for (size_t k = 0; k < size; k++)
      form[i * size + k] =
          factor / square * cblas_ddot(BELOW, matrix + i * POINTS + BINS, 1, matrix + k * POINTS + BINS, 1);
}

mtp_status mtp_training_make_forms(const job *j, double loss, double **out) {
  const mtp_potential *pot = j->pot;
  const histogram *h = j->pairs;
  const size_t size = (size_t)pot->radial.size, K = (size_t)pot->nradial, all = mtp_offset_species(pot) / size;
  double *forms = mtp_calloc(all * size * size, sizeof *forms), *matrix = mtp_calloc(size * POINTS, sizeof *matrix);
  mtp_status status = forms && matrix ? MTP_OK : mtp_fail_memory(j->ctx);
  for (int a = 0; a < h->species_count && status == MTP_OK; a++)
    for (int b = 0; b < h->species_count; b++) {
      if (!is_open(h, &pot->radial, a, b)) continue;
      const size_t first = mtp_offset_radial(pot, a, b);
      tabulate(h, kind(h, a, b), &pot->radial, matrix);
      for (size_t mu = 0; mu < K; mu++)
        make_form(matrix, pot->params + first + mu * size, size, j->options->bending * loss / (BENT * (double)all),
                  forms + (first + mu * size) * size);
    }
  free(matrix);
  if (status == MTP_OK)
    *out = forms;
  else
    free(forms);
  return status;
}
