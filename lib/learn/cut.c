/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut.c
 * Cut-outs: what is around an atom, and spheres of it. Cells are made in cut_cell.c. */
#include "learn/cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "support/support.h"

/* Beyond the cutoff, A. In a cell of this size the neighbourhood of the atom in the middle is whole, and a sphere has
 * some tens of atoms with a whole neighbourhood. */
#define CELL_MARGIN   0.4
#define SPHERE_MARGIN 4.0
/* Binary digits of positions and cells, A: 7e-9. */
#define DIGITS 27
#define VACUUM 8.0

mtp_cut_options mtp_cut_defaults(void) {
  return (mtp_cut_options){.shape = MTP_CUT_CELL};
}

mtp_cut_options mtp_cut_options_for(const mtp_cut_options *options, const mtp_potential *pot) {
  mtp_cut_options o = options ? *options : mtp_cut_defaults();
  const double cutoff = pot ? mtp_potential_cutoff(pot) : 0.0;
  if (!(o.radius > 0.0)) o.radius = cutoff + (o.shape == MTP_CUT_CELL ? CELL_MARGIN : SPHERE_MARGIN);
  if (!(o.vacuum > 0.0)) o.vacuum = VACUUM;
  o.vacuum = fmax(o.vacuum, cutoff);
  return o;
}

/* ---- the region ---- */

/* Lattice coordinates, with unit vectors where there is no lattice vector. */
static void take_lattice(const double cell[9], const bool periodic[3], double basis[9], double reciprocal[9],
                         double thickness[3]) {
  mtp_cell_complete(cell, periodic, basis);
  mtp_cell_reciprocal(basis, reciprocal);
  for (int k = 0; k < 3; k++) {
    const double *r = reciprocal + 3 * k;
    thickness[k] = periodic[k] ? 1.0 / sqrt(mtp_dot(r, r)) : INFINITY;
  }
}

/* The coordinate along the normal of direction k, A, of the nearest image. */
static double along_normal(const double reciprocal[9], const double thickness[3], int k, const double d[3]) {
  const double part = mtp_dot(reciprocal + 3 * k, d);
  if (isfinite(thickness[k])) return (part - floor(part + 0.5)) * thickness[k];
  const double *r = reciprocal + 3 * k;
  return part / sqrt(mtp_dot(r, r));
}

mtp_cut_region mtp_cut_region_of(const double cell[9], const bool periodic[3], const double center[3],
                                 const mtp_cut_options *options, const mtp_potential *pot) {
  const mtp_cut_options o = mtp_cut_options_for(options, pot);
  mtp_cut_region region = {.half = -1.0};
  double basis[9];
  if (!cell || !periodic || !center) return region;
  take_lattice(cell, periodic, basis, region.reciprocal, region.thickness);
  memcpy(region.center, center, sizeof region.center);
  region.half = o.radius + MTP_CUT_UNIT +
                (o.shape == MTP_CUT_CELL ? MTP_CUT_LONGER / 2 + MTP_CUT_DEPTH + MTP_CUT_FAR
                 : pot                   ? mtp_potential_cutoff(pot)
                                         : 0.0);
  return region;
}

bool mtp_cut_region_has(const mtp_cut_region *region, const double x[3]) {
  if (!region || !x || region->half < 0.0) return false;
  const double d[3] = {x[0] - region->center[0], x[1] - region->center[1], x[2] - region->center[2]};
  for (int k = 0; k < 3; k++)
    if (!(fabs(along_normal(region->reciprocal, region->thickness, k, d)) <= region->half)) return false;
  return true;
}

/* ---- what is around ---- */

/* The last digits of positions depend on how many ranks share the atoms; labels, and all that is learned from them, do
 * not have to. */
double mtp_cut_round(double x) {
  return isfinite(x) ? ldexp(nearbyint(ldexp(x, DIGITS)), -DIGITS) : x;
}

static void look_around(const mtp_config *whole, mtp_surroundings *s) {
  const double *middle = whole->x + 3 * s->centers[0];
  take_lattice(whole->cell, whole->periodic, s->basis, s->reciprocal, s->thickness);
  memcpy(s->periodic, whole->periodic, sizeof s->periodic);
  for (size_t i = 0; i < s->n; i++) {
    double *d = s->d + 3 * i, *p = s->p + 3 * i;
    for (int c = 0; c < 3; c++) d[c] = whole->x[3 * i + (size_t)c] - middle[c];
    for (int k = 0; k < 3; k++) p[k] = along_normal(s->reciprocal, s->thickness, k, d);
    mtp_cell_wrap(s->basis, s->reciprocal, s->periodic, d);
    for (int c = 0; c < 3; c++) d[c] = mtp_cut_round(d[c]);
  }
}

bool mtp_cut_is_near(const mtp_surroundings *s, size_t atom) {
  for (size_t k = 0; k < s->center_count; k++) {
    const double *a = s->d + 3 * atom, *b = s->d + 3 * s->centers[k];
    const double d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    if (mtp_dot(d, d) <= s->cutoff * s->cutoff) return true;
  }
  return false;
}

/* ---- spheres ---- */

typedef struct image {
  size_t atom;
  double d[3];
  bool inside;
} image;

typedef struct images {
  image *list;
  size_t n, capacity;
} images;

static bool add_image(images *all, size_t atom, const double d[3], bool inside) {
  if (all->n == all->capacity) {
    const size_t capacity = all->capacity ? 2 * all->capacity : 256;
    image *list = mtp_realloc(all->list, capacity, sizeof *list);
    if (!list) return false;
    all->list = list;
    all->capacity = capacity;
  }
  image *next = &all->list[all->n++];
  *next = (image){atom, {d[0], d[1], d[2]}, inside};
  return true;
}

/* Is an image within `radius`, or is the first atom of its molecule? Of molecules near the middle all atoms are. */
static bool is_inside(const mtp_surroundings *s, size_t i, const double image[3], double radius) {
  for (size_t j = 0; j < s->n; j++) {
    double d[3];
    if (s->unit[j] != s->unit[i]) continue;
    for (int c = 0; c < 3; c++) d[c] = image[c] + s->d[3 * j + (size_t)c] - s->d[3 * i + (size_t)c];
    const double square = mtp_dot(d, d), most = j == s->unit[i] ? radius : s->cutoff;
    if (square <= most * most) return true;
  }
  return false;
}

/* Atoms and images within `radius` are inside, those within the cutoff of these are kept beside them. */
static mtp_status find_images(mtp_context *ctx, const mtp_surroundings *s, double radius, images *all) {
  const double reach = radius + s->cutoff + MTP_CUT_UNIT;
  int most[3];
  for (int k = 0; k < 3; k++) most[k] = s->periodic[k] ? (int)ceil(reach / s->thickness[k] + 0.5) : 0;
  for (size_t i = 0; i < s->n; i++)
    for (int a = -most[0]; a <= most[0]; a++)
      for (int b = -most[1]; b <= most[1]; b++)
        for (int c = -most[2]; c <= most[2]; c++) {
          double d[3];
          for (int x = 0; x < 3; x++)
            d[x] = s->d[3 * i + (size_t)x] + a * s->basis[x] + b * s->basis[3 + x] + c * s->basis[6 + x];
          if (mtp_dot(d, d) > reach * reach) continue;
          if (!add_image(all, i, d, is_inside(s, i, d, radius))) return mtp_fail_memory(ctx);
        }
  return MTP_OK;
}

/* The first image of the same molecule. */
static size_t unit_of_image(const mtp_surroundings *s, const images *all, const size_t *list, size_t n) {
  const image *of = &all->list[list[n]];
  const size_t unit = s->unit[of->atom];
  for (size_t m = 0; m < n; m++) {
    const image *other = &all->list[list[m]];
    double far = 0.0;
    for (int c = 0; c < 3; c++)
      far =
          fmax(far, fabs(of->d[c] - s->d[3 * of->atom + (size_t)c] - other->d[c] + s->d[3 * other->atom + (size_t)c]));
    if (s->unit[other->atom] == unit && far < 1e-6) return m;
  }
  return n;
}

static bool is_near_center(const mtp_surroundings *s, const double x[3]) {
  for (size_t k = 0; k < s->center_count; k++) {
    const double *c = s->d + 3 * s->centers[k], d[3] = {x[0] - c[0], x[1] - c[1], x[2] - c[2]};
    if (mtp_dot(d, d) <= s->cutoff * s->cutoff) return true;
  }
  return false;
}

/* The farthest ions in excess go, if no centre depends on them. */
static mtp_status neutralise(mtp_context *ctx, const mtp_surroundings *s, const double *charge, images *all,
                             double *excess) {
  mtp_surroundings inside = *s;
  size_t n = 0;
  for (size_t k = 0; k < all->n; k++) n += all->list[k].inside;
  size_t *list = mtp_calloc(n, sizeof *list), *unit = mtp_calloc(n, sizeof *unit);
  int *species = mtp_calloc(n, sizeof *species);
  double *d = mtp_calloc(3 * n, sizeof *d), *q = s->charge ? mtp_calloc(n, sizeof *q) : NULL;
  bool *needed = mtp_calloc(n, sizeof *needed), *gone = mtp_calloc(n, sizeof *gone);
  const bool enough = list && unit && species && d && (q || !s->charge) && needed && gone;
  n = 0;
  for (size_t k = 0; k < all->n && enough; k++) {
    const image *atom = &all->list[k];
    if (!atom->inside) continue;
    list[n] = k;
    unit[n] = unit_of_image(s, all, list, n);
    species[n] = s->species[atom->atom];
    if (q) q[n] = s->charge[atom->atom];
    memcpy(d + 3 * n, atom->d, sizeof atom->d);
    needed[n] = is_near_center(s, atom->d);
    n++;
  }
  inside.n = n;
  inside.d = d;
  inside.unit = unit;
  inside.species = species;
  inside.charge = q;
  if (enough) {
    mtp_cut_whole_units(&inside, needed);
    *excess = mtp_cut_neutralise(&inside, charge, needed, gone);
    for (size_t k = 0; k < n; k++) all->list[list[k]].inside = !gone[k];
  }
  free(list);
  free(unit);
  free(species);
  free(d);
  free(q);
  free(needed);
  free(gone);
  return enough ? MTP_OK : mtp_fail_memory(ctx);
}

/* Does an atom of the sphere miss a neighbour? */
static bool is_incomplete(const images *all, double cutoff, const image *atom) {
  for (size_t k = 0; k < all->n; k++) {
    const double *e = all->list[k].d, d[3] = {e[0] - atom->d[0], e[1] - atom->d[1], e[2] - atom->d[2]};
    if (!all->list[k].inside && mtp_dot(d, d) < cutoff * cutoff) return true;
  }
  return false;
}

static mtp_status make_sphere(mtp_context *ctx, const mtp_surroundings *s, const mtp_cut_options *o,
                              const double *charge, mtp_config **out, size_t **from, double *excess) {
  images all = {0};
  mtp_status status = find_images(ctx, s, o->radius, &all);
  if (status == MTP_OK && (charge || s->charge)) status = neutralise(ctx, s, charge, &all, excess);
  size_t n = 0;
  for (size_t k = 0; k < all.n; k++) n += all.list[k].inside;
  mtp_config *cfg = status == MTP_OK ? mtp_config_new(n) : NULL;
  *from = mtp_calloc(n, sizeof **from);
  if (cfg) cfg->force_mask = mtp_calloc(n, sizeof *cfg->force_mask);
  if (cfg && s->charge) cfg->charge = mtp_calloc(n, sizeof *cfg->charge);
  if (status == MTP_OK && (!cfg || !*from || !cfg->force_mask || (s->charge && !cfg->charge)))
    status = mtp_fail_memory(ctx);
  if (status != MTP_OK) {
    mtp_config_free(cfg);
    free(all.list);
    return status;
  }
  const double edge = 2.0 * o->radius + o->vacuum;
  n = 0;
  for (size_t k = 0; k < all.n; k++) {
    const image *atom = &all.list[k];
    if (!atom->inside) continue;
    (*from)[n] = atom->atom;
    cfg->species[n] = s->species[atom->atom];
    if (cfg->charge) cfg->charge[n] = s->charge[atom->atom];
    cfg->force_mask[n] = is_incomplete(&all, s->cutoff, atom);
    for (size_t c = 0; c < 3; c++) cfg->x[3 * n + c] = atom->d[c] + 0.5 * edge;
    n++;
  }
  for (int k = 0; k < 3; k++) {
    cfg->cell[4 * k] = edge;
    cfg->periodic[k] = true;
  }
  free(all.list);
  *out = cfg;
  return MTP_OK;
}

/* ---- all ---- */

static mtp_status describe(mtp_context *ctx, const mtp_cut_options *o, double excess, mtp_config *cfg) {
  char number[32];
  mtp_snprintf(number, sizeof number, "%.6g", o->radius);
  mtp_status status = mtp_config_set_feature(ctx, cfg, "cut", o->shape == MTP_CUT_CELL ? "cell" : "sphere");
  if (status == MTP_OK) status = mtp_config_set_feature(ctx, cfg, "cut_radius", number);
  mtp_snprintf(number, sizeof number, "%.6g", excess);
  if (status == MTP_OK && excess != 0.0) status = mtp_config_set_feature(ctx, cfg, MTP_CUT_CHARGE_KEY, number);
  if (status == MTP_OK && o->shape == MTP_CUT_SPHERE) {
    status = mtp_config_set_feature(ctx, cfg, "config_energy_weight", "0");
    if (status == MTP_OK) status = mtp_config_set_feature(ctx, cfg, "config_stress_weight", "0");
  }
  return status;
}

/* Whatever a centre depends on stays where it is. */
static mtp_status relax_rim(mtp_context *ctx, const mtp_potential *pot, const mtp_baseline *baseline,
                            const mtp_surroundings *s, const size_t *from, mtp_config *cfg) {
  mtp_cut_rim rim = {mtp_calloc(cfg->n, sizeof *rim.fixed), mtp_calloc(cfg->n, sizeof *rim.center), s->cutoff};
  mtp_status status = rim.fixed && rim.center ? MTP_OK : mtp_fail_memory(ctx);
  for (size_t i = 0; i < cfg->n && status == MTP_OK; i++) {
    rim.fixed[i] = mtp_cut_is_near(s, from[i]);
    for (size_t k = 0; k < s->center_count; k++) rim.center[i] = rim.center[i] || from[i] == s->centers[k];
  }
  if (status == MTP_OK) status = mtp_cut_relax(ctx, pot, baseline, &rim, cfg);
  free(rim.fixed);
  free(rim.center);
  return status;
}

/* The numbers that the atoms have in the whole; an image has that of its atom. */
static mtp_status take_ids(mtp_context *ctx, const mtp_surroundings *s, const size_t *from, mtp_config *cfg) {
  if (!s->id) return MTP_OK;
  cfg->id = mtp_calloc(cfg->n, sizeof *cfg->id);
  for (size_t i = 0; cfg->id && i < cfg->n; i++) cfg->id[i] = s->id[from[i]];
  return cfg->id ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status cut(mtp_context *ctx, const mtp_potential *pot, mtp_surroundings *s, const mtp_cut_options *o,
                      mtp_config **out, size_t *index) {
  size_t *from = NULL;
  mtp_config *cfg = NULL;
  double excess = 0.0;
  const double *charge = o->baseline ? o->baseline->charge : NULL;
  mtp_status status = o->shape == MTP_CUT_SPHERE ? make_sphere(ctx, s, o, charge, &cfg, &from, &excess)
                                                 : mtp_cut_make_cell(ctx, s, o->radius, charge, &cfg, &from, &excess);
  if (status == MTP_OK && o->baseline && !o->baseline->takes_charges) { /* they told what is neutral, no more */
    free(cfg->charge);
    cfg->charge = NULL;
  }
  if (status == MTP_OK && o->shape == MTP_CUT_CELL && !o->still && mtp_potential_is_trained(pot))
    status = relax_rim(ctx, pot, o->baseline, s, from, cfg);
  if (status == MTP_OK) status = describe(ctx, o, excess, cfg);
  if (status == MTP_OK) status = take_ids(ctx, s, from, cfg);
  double least = INFINITY;
  for (size_t i = 0; status == MTP_OK && index && i < cfg->n; i++) { /* of several images the one in the middle */
    double square = 0.0;
    for (size_t c = 0; c < 3; c++) {
      double middle = 0.0;
      for (size_t k = 0; k < 3; k++) middle += cfg->periodic[k] ? 0.5 * cfg->cell[3 * k + c] : 0.0;
      square += pow(cfg->x[3 * i + c] - middle, 2);
    }
    if (from[i] != s->centers[0] || square >= least) continue;
    least = square;
    *index = i;
  }
  free(from);
  if (status == MTP_OK)
    *out = cfg;
  else
    mtp_config_free(cfg);
  return status;
}

mtp_status mtp_cut_check(mtp_context *ctx, const mtp_cut_options *options, const mtp_potential *pot) {
  const double radius = mtp_cut_options_for(options, pot).radius, cutoff = mtp_potential_cutoff(pot);
  if (!(radius < cutoff)) return MTP_OK;
  return mtp_fail(ctx, MTP_ERR_ARGUMENT,
                  "cut: a radius of %g A is below the cutoff of the potential, %g A: the neighbourhood of the atom "
                  "would not be whole",
                  radius, cutoff);
}

mtp_status mtp_cut(mtp_context *ctx, const mtp_potential *pot, const mtp_config *whole, size_t count,
                   const size_t *centers, const mtp_cut_options *options, mtp_config **out, size_t *index) {
  if (out) *out = NULL;
  if (!pot || !whole || !centers || count == 0 || !out)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "cut: expected a potential, a configuration and an atom of it");
  for (size_t k = 0; k < count; k++)
    if (centers[k] >= whole->n)
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "cut: the configuration has no atom %zu", centers[k] + 1);
  const mtp_cut_options o = mtp_cut_options_for(options, pot);
  if (!isfinite(o.radius) || !isfinite(o.vacuum) || (o.shape != MTP_CUT_CELL && o.shape != MTP_CUT_SPHERE))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "cut: radius %g and vacuum %g must be numbers above 0", o.radius, o.vacuum);
  mtp_status status = mtp_cut_check(ctx, &o, pot);
  if (status != MTP_OK) return status;
  mtp_surroundings s = {.n = whole->n,
                        .species = whole->species,
                        .charge = whole->charge,
                        .id = whole->id,
                        .cutoff = mtp_potential_cutoff(pot),
                        .center_count = count,
                        .centers = centers};
  s.d = mtp_calloc(3 * s.n, sizeof *s.d);
  s.p = mtp_calloc(3 * s.n, sizeof *s.p);
  s.unit = mtp_calloc(s.n, sizeof *s.unit);
  status = s.d && s.p && s.unit ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    look_around(whole, &s);
    status = mtp_cut_find_units(ctx, pot, whole, &s);
  }
  if (status == MTP_OK) status = cut(ctx, pot, &s, &o, out, index);
  free(s.unit);
  free(s.d);
  free(s.p);
  return status;
}
