/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut_cell.c
 * Small periodic cells cut out of large ones. Where the whole is a crystal, an edge becomes a multiple of its periods,
 * so that the cell has no fault at its faces; elsewhere atoms that meet across a face are thinned out. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/pairs.h"
#include "learn/cut.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Lengths of an edge that are tried, in steps (A), from the least one to MTP_CUT_LONGER beyond it. */
#define STEP 0.1
/* A misfit that a longer edge has to save, per part of the length by which it is longer (A^2). */
#define COST 0.3
/* Edges with no more misfit fit (A^2: thermal motion has some); where none does, half of an edge is longer than the
 * cutoff by half the distance of atoms (A). */
#define FIT   0.15
#define APART 1.25
/* Width of a layer of atoms (A). */
#define LAYER 0.4
/* A gap, wider than layers of atoms are apart, is vacuum (A). */
#define GAP 3.2
/* Where a cell is thinner than this multiple of an edge, it is kept as it is. */
#define ALMOST 1.15
/* Pairs across a face may be as close as pairs of their kind are around, but for rounding. */
#define CLOSE 0.98

typedef enum direction { KEEP, REPEAT, OPEN } direction; /* the lattice vector; a shorter one; no lattice vector */

typedef struct box {
  direction how[3];
  double low[3], high[3]; /* along the normals; infinite where all atoms are in */
  double length[3];       /* of the new period along the normal */
} box;

static bool is_between(const mtp_surroundings *s, const box *b, size_t i, int except) {
  for (int k = 0; k < 3; k++) {
    const double p = s->p[3 * i + (size_t)k];
    if (k != except && !(p >= b->low[k] && p < b->high[k])) return false;
  }
  return true;
}

/* The shortest way between two atoms. */
static double nearest_square(const mtp_surroundings *s, const double a[3], const double b[3], double d[3]) {
  for (int c = 0; c < 3; c++) d[c] = a[c] - b[c];
  mtp_cell_wrap(s->basis, s->reciprocal, s->periodic, d);
  return mtp_dot(d, d);
}

/* How far, on average, the atoms beyond the lower face are from where their images at the upper face find atoms (A^2);
 * *shift is by how much the edge should be longer. Without any atoms there they fit. */
static double misfit(const mtp_surroundings *s, const box *b, int k, double length, double *shift) {
  double sum = 0.0, shifts = 0.0, compared = 0.0, fitting = 0.0, step[3];
  for (int c = 0; c < 3; c++) step[c] = s->basis[3 * k + c] * length / s->thickness[k];
  const double *normal = s->reciprocal + 3 * k;
  for (size_t i = 0; i < s->n; i++) {
    const double p = s->p[3 * i + (size_t)k] + length / 2;
    if (p < -MTP_CUT_DEPTH || p >= MTP_CUT_DEPTH || !is_between(s, b, i, k)) continue;
    double image[3], least = MTP_CUT_FAR * MTP_CUT_FAR, way[3] = {0.0, 0.0, 0.0};
    for (int c = 0; c < 3; c++) image[c] = s->d[3 * i + (size_t)c] + step[c];
    for (size_t j = 0; j < s->n; j++) {
      double d[3], apart = s->p[3 * j + (size_t)k] - p - length / 2;
      apart -= s->thickness[k] * floor(apart / s->thickness[k] + 0.5);
      if (s->species[j] != s->species[i] || fabs(apart) > MTP_CUT_FAR) continue;
      const double square = nearest_square(s, s->d + 3 * j, image, d);
      if (square >= least) continue;
      least = square;
      memcpy(way, d, sizeof way);
    }
    compared += 1.0;
    sum += least;
    if (least >= MTP_CUT_FAR * MTP_CUT_FAR) continue;
    fitting += 1.0;
    shifts += mtp_dot(normal, way) * s->thickness[k];
  }
  *shift = fitting > 0.0 ? shifts / fitting : 0.0;
  return compared > 0.0 ? sum / compared : 0.0;
}

/* The best length of a new edge, the shorter the better where none fits. Only those that fit may be so short that atoms
 * which have to stay meet across the face. */
static double best_length(const mtp_surroundings *s, const box *b, int k, double least) {
  const double most = fmin(least + MTP_CUT_LONGER, s->thickness[k]), safe = fmax(least, 2.0 * (s->cutoff + APART));
  double best = fmin(safe, s->thickness[k]), lowest = INFINITY, correction = 0.0;
  for (int step = 0; least + STEP * step <= most; step++) {
    const double length = least + STEP * step;
    double shift;
    const double missed = misfit(s, b, k, length, &shift), score = missed + COST * (length - least) / least;
    if (score >= lowest || (length < safe && missed > FIT)) continue;
    lowest = score;
    best = length;
    correction = shift;
  }
  return best + fmin(fmax(correction, -STEP), STEP);
}

/* How many atoms are near the faces if the box is shifted. */
static double crowd(const mtp_surroundings *s, const box *b, int k, double shift) {
  double sum = 0.0;
  for (size_t i = 0; i < s->n; i++) {
    const double p = s->p[3 * i + (size_t)k] - shift;
    if (!is_between(s, b, i, k)) continue;
    const double low = (p + b->length[k] / 2) / LAYER, high = (p - b->length[k] / 2) / LAYER;
    sum += exp(-0.5 * low * low) + exp(-0.5 * high * high);
  }
  return sum;
}

/* Faces go between layers of atoms, as far as what has to stay leaves room. */
static double best_shift(const mtp_surroundings *s, const box *b, int k) {
  const double room = fmin(b->length[k] / 2 - s->cutoff, MTP_CUT_FAR);
  double best = 0.0, least = INFINITY;
  for (int step = 0; STEP * step <= room; step++)
    for (int sign = 1; sign >= -1; sign -= 2) {
      const double shift = sign * STEP * step, score = crowd(s, b, k, shift);
      if (score >= least - 1e-9) continue;
      least = score;
      best = shift;
    }
  return best;
}

/* Is there vacuum within reach along a direction? Then nothing is gained by images there: the box becomes deep, and
 * vacuum parts it from its images. */
static bool open_to_vacuum(const mtp_surroundings *s, box *b, int k, double half) {
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < s->n; i++) {
    const double p = s->p[3 * i + (size_t)k];
    if (!(fabs(p) <= half) || !is_between(s, b, i, k)) continue;
    low = fmin(low, p);
    high = fmax(high, p);
  }
  const double gap = fmax(low + half, half - high);
  if (gap < GAP || 2.0 * half >= s->thickness[k]) return false;
  b->low[k] = -half;
  b->high[k] = half;
  b->length[k] = high - low + fmax(s->cutoff, gap);
  return true;
}

static void choose_box(const mtp_surroundings *s, double radius, box *b) {
  for (int k = 0; k < 3; k++) {
    const bool whole = s->periodic[k] && s->thickness[k] <= ALMOST * 2.0 * radius;
    b->how[k] = whole ? KEEP : s->periodic[k] ? REPEAT : OPEN;
    const double half = b->how[k] == OPEN ? radius + MTP_CUT_DEEPER : radius;
    b->low[k] = whole ? -INFINITY : -half;
    b->high[k] = whole ? INFINITY : half;
    b->length[k] = whole ? s->thickness[k] : 2.0 * radius;
  }
  for (int k = 0; k < 3; k++) {
    if (b->how[k] != REPEAT || open_to_vacuum(s, b, k, radius + MTP_CUT_DEEPER)) continue;
    b->length[k] = best_length(s, b, k, 2.0 * radius);
    const double shift = best_shift(s, b, k);
    b->low[k] = shift - b->length[k] / 2;
    b->high[k] = shift + b->length[k] / 2;
  }
}

static mtp_status fill(mtp_context *ctx, const mtp_surroundings *s, const box *b, const bool *gone, mtp_config **out,
                       size_t **from) {
  size_t n = 0;
  for (size_t i = 0; i < s->n; i++) n += !gone[i];
  mtp_config *cfg = mtp_config_new(n);
  *from = mtp_calloc(n, sizeof **from);
  if (cfg && s->charge) cfg->charge = mtp_calloc(n, sizeof *cfg->charge);
  if (!cfg || !*from || (s->charge && !cfg->charge)) {
    mtp_config_free(cfg);
    return mtp_fail_memory(ctx);
  }
  for (int k = 0; k < 3; k++) {
    const double part = b->how[k] == REPEAT ? b->length[k] / s->thickness[k] : 1.0;
    cfg->periodic[k] = b->how[k] != OPEN;
    for (int c = 0; c < 3; c++)
      cfg->cell[3 * k + c] = cfg->periodic[k] ? mtp_cut_round(s->basis[3 * k + c] * part) : 0.0;
  }
  n = 0;
  for (size_t i = 0; i < s->n; i++) {
    if (gone[i]) continue;
    cfg->species[n] = s->species[i];
    if (cfg->charge) cfg->charge[n] = s->charge[i];
    for (size_t c = 0; c < 3; c++)
      cfg->x[3 * n + c] = s->d[3 * i + c] + 0.5 * (cfg->cell[c] + cfg->cell[3 + c] + cfg->cell[6 + c]);
    (*from)[n++] = i;
  }
  *out = cfg;
  return MTP_OK;
}

/* ---- overlaps ---- */

/* Closest distances of each kind of pair in the box; where a kind has none, that of any kind. */
static void closest(const mtp_surroundings *s, const bool *gone, int kinds, double *least) {
  double any = INFINITY;
  for (int k = 0; k < kinds * kinds; k++) least[k] = INFINITY;
  for (size_t i = 0; i < s->n; i++)
    for (size_t j = 0; j < i; j++) {
      double d[3];
      if (gone[i] || gone[j]) continue;
      const double square = nearest_square(s, s->d + 3 * i, s->d + 3 * j, d);
      const int a = s->species[i], b = s->species[j];
      if (square < least[a * kinds + b]) least[a * kinds + b] = least[b * kinds + a] = square;
    }
  for (int k = 0; k < kinds * kinds; k++) any = fmin(any, least[k]);
  for (int k = 0; k < kinds * kinds; k++) least[k] = sqrt(isfinite(least[k]) ? least[k] : any) * CLOSE;
}

/* From the middle; 0 for atoms that a centre depends on, which have to stay. */
static double distance(const mtp_surroundings *s, const bool *needed, size_t i) {
  const double *d = s->d + 3 * s->unit[i];
  return needed[i] ? 0.0 : mtp_dot(d, d);
}

/* Takes the farther atom of the worst pair out, with its molecule; *found tells that there was one. */
static mtp_status thin_once(mtp_context *ctx, const mtp_surroundings *s, const mtp_config *cfg, const size_t *from,
                            int kinds, const double *least, const bool *needed, bool *gone, bool *found) {
  double most = 0.0, part = 1.0;
  for (int k = 0; k < kinds * kinds; k++) most = isfinite(least[k]) ? fmax(most, least[k]) : most;
  mtp_neighbors *nb = NULL;
  size_t worst = 0;
  *found = false;
  const mtp_status status = most > 0.0 ? mtp_neighbors_build(ctx, cfg, most, &nb) : MTP_OK;
  if (status != MTP_OK || !nb) return status;
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t image = (size_t)nb->list[i][q], j = (size_t)nb->owner[image];
      const double *a = nb->x + 3 * i, *e = nb->x + 3 * image, d[3] = {a[0] - e[0], a[1] - e[1], a[2] - e[2]};
      const double near = sqrt(mtp_dot(d, d)) / least[cfg->species[i] * kinds + cfg->species[j]];
      const double of_i = distance(s, needed, from[i]), of_j = distance(s, needed, from[j]);
      if (near >= part || i == j || fmax(of_i, of_j) == 0.0) continue;
      part = near;
      worst = of_i > of_j ? from[i] : from[j];
      *found = true;
    }
  mtp_neighbors_free(nb);
  for (size_t i = 0; i < s->n && *found; i++) gone[i] = gone[i] || s->unit[i] == s->unit[worst];
  return MTP_OK;
}

static mtp_status thin(mtp_context *ctx, const mtp_surroundings *s, const box *b, const bool *needed, bool *gone,
                       mtp_config **out, size_t **from) {
  int kinds = 1;
  for (size_t i = 0; i < s->n; i++) kinds = s->species[i] >= kinds ? s->species[i] + 1 : kinds;
  double *least = mtp_calloc((size_t)(kinds * kinds), sizeof *least);
  mtp_status status = least ? MTP_OK : mtp_fail_memory(ctx);
  if (least) closest(s, gone, kinds, least);
  bool found = true;
  while (status == MTP_OK && found) {
    mtp_config_free(*out);
    free(*from);
    *out = NULL;
    *from = NULL;
    status = fill(ctx, s, b, gone, out, from);
    if (status == MTP_OK) status = thin_once(ctx, s, *out, *from, kinds, least, needed, gone, &found);
  }
  free(least);
  return status;
}

static mtp_status neutralise(mtp_context *ctx, const mtp_surroundings *s, const box *b, const double *charge,
                             const bool *needed, bool *gone, mtp_config **out, size_t **from, double *excess) {
  *excess = mtp_cut_neutralise(s, charge, needed, gone);
  mtp_config_free(*out);
  free(*from);
  *out = NULL;
  *from = NULL;
  return fill(ctx, s, b, gone, out, from);
}

mtp_status mtp_cut_make_cell(mtp_context *ctx, const mtp_surroundings *s, double radius, const double *charge,
                             mtp_config **out, size_t **from, double *excess) {
  box b;
  choose_box(s, radius, &b);
  bool *gone = mtp_calloc(s->n, sizeof *gone), *needed = mtp_calloc(s->n, sizeof *needed);
  mtp_status status = gone && needed ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    for (size_t i = 0; i < s->n; i++) needed[i] = mtp_cut_is_near(s, i);
    mtp_cut_whole_units(s, needed);
    for (size_t i = 0; i < s->n; i++) gone[i] = !needed[i] && !is_between(s, &b, s->unit[i], -1);
    status = thin(ctx, s, &b, needed, gone, out, from);
    if (status == MTP_OK && (charge || s->charge))
      status = neutralise(ctx, s, &b, charge, needed, gone, out, from, excess);
  }
  free(gone);
  free(needed);
  if (status != MTP_OK) {
    mtp_config_free(*out);
    free(*from);
    *out = NULL;
    *from = NULL;
  }
  return status;
}
