/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/structure_search.c
 * Random crystals. All is drawn anew, group and cell too, when atoms do not fit, so that no cell is favoured by what
 * was tried before. */
#include "mtp/structure_search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "config/species.h"
#include "config/symmetry.h"
#include "support/support.h"

/* Crystals begun, and positions tried in one for the atoms of one orbit, before it is given up. */
#define MOST_CRYSTALS  5000
#define MOST_POSITIONS 60
/* Images of a position that are closer than this part of the smallest distance are one atom on a special position. */
#define MERGED      0.5
#define MOST_MERGES 8
/* Fractional positions that are the same. */
#define SAME 1e-9

/* A crystal that is being filled. */
typedef struct filling {
  const mtp_crystal_options *o;
  mtp_random random;
  mtp_symmetry symmetry;
  double cell[9], reciprocal[9];
  int reach[3];  /* lattice vectors to look along for the images of an atom */
  size_t *count; /* [species] atoms that the cell shall have */
  size_t n, total;
  double *x;    /* [3*total] fractional */
  int *species; /* [total] */
} filling;

/* ---- how many ---- */

static size_t unit_size(const mtp_crystal_options *o) {
  size_t size = 0;
  for (int s = 0; o->formula && s < o->species_count; s++) size += (size_t)o->formula[s];
  return o->formula ? size : 1;
}

static void draw_counts(filling *f) {
  const mtp_crystal_options *o = f->o;
  const size_t unit = unit_size(o), first = (o->fewest + unit - 1) / unit, last = o->most / unit,
               C = (size_t)o->species_count;
  const size_t units = first + mtp_random_below(&f->random, last - first + 1);
  f->total = units * unit;
  for (size_t s = 0; s < C; s++) f->count[s] = o->formula ? units * (size_t)o->formula[s] : f->total >= C;
  if (!o->formula)
    for (size_t k = f->total >= C ? C : 0; k < f->total; k++) f->count[mtp_random_below(&f->random, C)]++;
}

static void draw_cell(filling *f) {
  double volume = 0.0, most = 0.0;
  const size_t C = (size_t)f->o->species_count;
  for (size_t s = 0; s < C; s++) volume += (double)f->count[s] * f->o->volume[s];
  volume *= 1.0 + f->o->spread * (2.0 * mtp_random_uniform(&f->random) - 1.0);
  for (size_t k = 0; k < C * C; k++) most = fmax(most, f->o->min_dist[k]);
  mtp_symmetry_draw_cell(&f->random, &f->symmetry, f->cell);
  for (int k = 0; k < 9; k++) f->cell[k] *= cbrt(volume);
  mtp_cell_reciprocal(f->cell, f->reciprocal);
  for (int d = 0; d < 3; d++) {
    const double *across = f->reciprocal + 3 * d;
    f->reach[d] = 1 + (int)(most * sqrt(mtp_dot(across, across)));
  }
}

/* ---- where ---- */

/* Square of the distance of two fractional positions, of the closest images; of an atom to its own ones if `own`. */
static double square_distance(const filling *f, const double *a, const double *b, bool own) {
  double best = INFINITY, d[3];
  for (int c = 0; c < 3; c++) d[c] = b[c] - a[c] - floor(b[c] - a[c] + 0.5);
  for (int i = -f->reach[0]; i <= f->reach[0]; i++)
    for (int j = -f->reach[1]; j <= f->reach[1]; j++)
      for (int k = -f->reach[2]; k <= f->reach[2]; k++) {
        if (own && !i && !j && !k) continue;
        const double s[3] = {d[0] + i, d[1] + j, d[2] + k};
        double square = 0.0;
        for (int c = 0; c < 3; c++) {
          const double r = s[0] * f->cell[c] + s[1] * f->cell[3 + c] + s[2] * f->cell[6 + c];
          square += r * r;
        }
        best = fmin(best, square);
      }
  return best;
}

static double min_dist(const filling *f, int a, int b) {
  return f->o->min_dist[a * f->o->species_count + b];
}

/* Moves a position to the mean of those of its images that are too close to be other atoms. False if there was one. */
static bool merge(const filling *f, double x[3], double closest) {
  double sum[3] = {0.0, 0.0, 0.0}, moved = 0.0;
  int count = 0;
  for (int k = 0; k < f->symmetry.count; k++) {
    double y[3];
    mtp_operation_apply(&f->symmetry.op[k], x, y);
    if (square_distance(f, x, y, false) > closest * closest) continue;
    count++;
    for (int c = 0; c < 3; c++) sum[c] += y[c] - x[c] - floor(y[c] - x[c] + 0.5);
  }
  for (int c = 0; c < 3; c++) {
    x[c] += sum[c] / count;
    moved = fmax(moved, fabs(sum[c] / count));
  }
  return moved < SAME;
}

/* Do atoms of this species fit there? */
static bool fits(const filling *f, const double *x, int species) {
  for (size_t i = 0; i < f->n; i++) {
    const double least = min_dist(f, species, f->species[i]);
    if (square_distance(f, f->x + 3 * i, x, false) < least * least) return false;
  }
  return true;
}

/* Adds the atom at x and its images, or nothing. */
static bool add_orbit(filling *f, const double x[3], int species, size_t room) {
  const size_t before = f->n;
  for (int k = 0; k < f->symmetry.count; k++) {
    double y[3];
    bool there = false;
    mtp_operation_apply(&f->symmetry.op[k], x, y);
    for (int c = 0; c < 3; c++) y[c] -= floor(y[c]);
    for (size_t i = before; i < f->n && !there; i++) there = square_distance(f, f->x + 3 * i, y, false) < 1e-6;
    if (there) continue;
    if (f->n - before == room || !fits(f, y, species)) {
      f->n = before;
      return false;
    }
    memcpy(f->x + 3 * f->n, y, sizeof y);
    f->species[f->n++] = species;
  }
  return true;
}

static bool place_orbit(filling *f, int species, size_t room) {
  for (int tries = 0; tries < MOST_POSITIONS; tries++) {
    double x[3];
    for (int c = 0; c < 3; c++) x[c] = mtp_random_uniform(&f->random);
    int merges = 0;
    while (!merge(f, x, MERGED * min_dist(f, species, species)) && merges < MOST_MERGES) merges++;
    if (merges < MOST_MERGES && add_orbit(f, x, species, room)) return true;
  }
  return false;
}

/* Are lattice vectors longer than atoms of the same species may be close? */
static bool is_wide(const filling *f) {
  static const double origin[3];
  double closest = 0.0;
  for (int s = 0; s < f->o->species_count; s++)
    if (f->count[s] > 0) closest = fmax(closest, min_dist(f, s, s));
  return square_distance(f, origin, origin, true) >= closest * closest;
}

static bool fill(filling *f) {
  if (!is_wide(f)) return false;
  f->n = 0;
  for (int s = 0; s < f->o->species_count; s++) {
    const size_t until = f->n + f->count[s];
    while (f->n < until)
      if (!place_orbit(f, s, until - f->n)) return false;
  }
  return true;
}

/* ---- a crystal ---- */

static mtp_status check(mtp_context *ctx, const mtp_crystal_options *o) {
  if (!o || !o->volume || !o->min_dist || o->species_count < 1)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "species, their volumes and smallest distances are expected");
  if (o->fewest < 1 || o->most < o->fewest)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "%zu to %zu atoms: 1 <= fewest <= most is expected", o->fewest, o->most);
  if (!(o->spread >= 0.0 && o->spread < 1.0) || o->symmetry < 1 || o->symmetry > MTP_MOST_OPERATIONS)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "spread of volumes from 0 to below 1 and 1 to %d operations are expected",
                    MTP_MOST_OPERATIONS);
  for (int s = 0; s < o->species_count; s++)
    if (!(o->volume[s] > 0.0 && isfinite(o->volume[s])) || (o->formula && o->formula[s] < 0))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "species %d: a volume above 0 is expected, and no negative number", s);
  for (int k = 0; k < o->species_count * o->species_count; k++)
    if (!(o->min_dist[k] > 0.0 && isfinite(o->min_dist[k])))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "smallest distances above 0 are expected");
  const size_t unit = unit_size(o);
  if (unit == 0 || o->most / unit < (o->fewest + unit - 1) / unit)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no number of atoms from %zu to %zu holds whole formula units of %zu",
                    o->fewest, o->most, unit);
  return MTP_OK;
}

static mtp_config *finished(const filling *f) {
  mtp_config *cfg = mtp_config_new(f->n);
  if (!cfg) return NULL;
  memcpy(cfg->cell, f->cell, sizeof f->cell);
  for (int d = 0; d < 3; d++) cfg->periodic[d] = true;
  memcpy(cfg->species, f->species, f->n * sizeof *f->species);
  for (size_t i = 0; i < f->n; i++)
    for (int c = 0; c < 3; c++) {
      const double *x = f->x + 3 * i;
      cfg->x[3 * i + (size_t)c] = x[0] * f->cell[c] + x[1] * f->cell[3 + c] + x[2] * f->cell[6 + c];
    }
  return cfg;
}

static mtp_status draw_crystal(mtp_context *ctx, filling *f, mtp_config **out) {
  for (int tries = 0; tries < MOST_CRYSTALS; tries++) {
    draw_counts(f);
    mtp_symmetry_draw(&f->random, f->o->symmetry, &f->symmetry);
    draw_cell(f);
    if (!fill(f)) continue;
    *out = finished(f);
    return *out ? MTP_OK : mtp_fail_memory(ctx);
  }
  return mtp_fail(ctx, MTP_ERR_NUMERIC,
                  "%zu to %zu atoms do not fit: larger volumes or smaller distances are expected (%d cells were tried)",
                  f->o->fewest, f->o->most, MOST_CRYSTALS);
}

mtp_status mtp_crystal_random(mtp_context *ctx, const mtp_crystal_options *options, unsigned long long seed,
                              mtp_config **out, int *operations) {
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "mtp_crystal_random: out is NULL");
  *out = NULL;
  mtp_status status = check(ctx, options);
  if (status != MTP_OK) return status;
  filling f = {.o = options, .random = {seed}};
  f.count = mtp_calloc((size_t)options->species_count, sizeof *f.count);
  f.x = mtp_calloc(3 * options->most, sizeof *f.x);
  f.species = mtp_calloc(options->most, sizeof *f.species);
  status = f.count && f.x && f.species ? draw_crystal(ctx, &f, out) : mtp_fail_memory(ctx);
  if (operations) *operations = status == MTP_OK ? f.symmetry.count : 0;
  free(f.count);
  free(f.x);
  free(f.species);
  return status;
}

/* ---- elements ---- */

/* Solids hold their covalent spheres in about twice the volume of these, and no pair comes closer than this part. */
#define ROOM   2.2
#define CLOSER 0.75

double mtp_crystal_volume(const char *element) {
  const double r = element ? mtp_element_radius(mtp_element_number(element)) : 0.0;
  return ROOM * 4.0 / 3.0 * acos(-1.0) * r * r * r;
}

double mtp_crystal_min_dist(const char *a, const char *b) {
  const double ra = a ? mtp_element_radius(mtp_element_number(a)) : 0.0,
               rb = b ? mtp_element_radius(mtp_element_number(b)) : 0.0;
  return ra > 0.0 && rb > 0.0 ? CLOSER * (ra + rb) : 0.0;
}
