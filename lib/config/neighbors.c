/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/neighbors.c
 * Neighbour lists by a cell search. The lattice is reduced first, so that skewed cells cost no more than others; atoms
 * are sorted into bins by their wrapped coordinates, while every result refers to the coordinates as given: an image is
 * (atom, integer translation), and it exists only if it is a neighbour of some atom. */
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "mtp/neighbors.h"

/* Lengths beyond this (in Angstrom) are mistakes, and would overflow below. */
#define MAX_LENGTH 1e15

/* More bins in reach of one atom than this means a cell that is far thinner than the cutoff. */
#define MAX_REACH 1e8

typedef struct image {
  int owner;
  int shift[3]; /* in vectors of the reduced lattice */
  double x[3];
} image;

typedef struct search {
  mtp_context *ctx;
  const mtp_config *cfg;
  double cutoff;
  bool periodic[3];
  double basis[9], reciprocal[9];
  double slack; /* bound on what rounding does to a distance of wrapped atoms */
  /* bins over the wrapped coordinates */
  int bins[3], reach[3];
  double origin[3], scale[3]; /* bin = (coordinate - origin)*scale */
  int *wrap;                  /* [3*n] translation that was taken off each atom */
  int *bin_of;                /* [n] */
  int *bin_start;             /* [bins+1] into sorted */
  int *sorted;                /* [n] atoms in order of bins */
  double *wrapped;            /* [3*n] in order of `sorted` */
  /* results */
  image *images;
  size_t image_count, image_capacity;
  int *table; /* hash table of images, -1 = free */
  size_t table_size;
  int *found; /* neighbours, atom after atom: atom j, or n + number of an image */
  size_t found_count, found_capacity;
} search;

static void subtract(double *to, const double *from, double times) {
  for (int a = 0; a < 3; a++) to[a] -= times * from[a];
}

/* Takes multiples of `by` off `v` as long as that makes it shorter. */
static bool shorten(double *v, const double *by) {
  double times = round(mtp_dot(v, by) / mtp_dot(by, by));
  double trial[3] = {v[0], v[1], v[2]};
  if (times == 0) return false;
  subtract(trial, by, times);
  if (!(mtp_dot(trial, trial) < mtp_dot(v, v) * (1 - 1e-12))) return false;
  memcpy(v, trial, sizeof trial);
  return true;
}

/* Pairwise reduction; three vectors may still be nearly coplanar, so sums and differences of two of them are tried on
 * the third. */
static void reduce_lattice(double *basis, const bool *periodic) {
  bool changed = true;
  for (int pass = 0; changed && pass < 10000; pass++) {
    changed = false;
    for (int d = 0; d < 3; d++) {
      if (!periodic[d]) continue;
      const double *other[2];
      int others = 0;
      for (int e = 0; e < 3; e++)
        if (e != d && periodic[e]) other[others++] = basis + 3 * e;
      for (int k = 0; k < others; k++) changed |= shorten(basis + 3 * d, other[k]);
      for (int sign = -1; others == 2 && sign <= 1; sign += 2) {
        double sum[3];
        for (int a = 0; a < 3; a++) sum[a] = other[0][a] + sign * other[1][a];
        if (mtp_dot(sum, sum) > 0) changed |= shorten(basis + 3 * d, sum);
      }
    }
  }
}

static mtp_status check_input(mtp_context *ctx, const mtp_config *cfg, double cutoff) {
  if (!(cutoff > 0) || !isfinite(cutoff))
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "the cutoff of a neighbour search must be positive, not %g", cutoff);
  if (cfg->n > INT_MAX / 3) return mtp_fail(ctx, MTP_ERR_UNSUPPORTED, "%zu atoms are too many for one cell", cfg->n);
  for (int d = 0; d < 3; d++) {
    const double *row = cfg->cell + 3 * d;
    for (int a = 0; a < 3; a++)
      if (!(fabs(row[a]) < MAX_LENGTH))
        return mtp_fail(ctx, MTP_ERR_ARGUMENT, "lattice vector %d has component %g, expected a finite length", d + 1,
                        row[a]);
    if (cfg->periodic[d] && !mtp_cell_has_row(cfg, d))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "direction %d is periodic but has no lattice vector", d + 1);
  }
  for (size_t i = 0; i < 3 * cfg->n; i++)
    if (!(fabs(cfg->x[i]) < MAX_LENGTH))
      return mtp_fail(ctx, MTP_ERR_ARGUMENT, "coordinate %c of atom %zu is %g, expected a finite length", "xyz"[i % 3],
                      i / 3 + 1, cfg->x[i]);
  return MTP_OK;
}

static mtp_status set_up_lattice(search *s) {
  double longest = 0, farthest = 0;
  for (int d = 0; d < 3; d++) {
    s->periodic[d] = s->cfg->periodic[d];
    const double *row = s->cfg->cell + 3 * d;
    if (s->periodic[d]) longest = fmax(longest, sqrt(mtp_dot(row, row)));
  }
  for (size_t i = 0; i < 3 * s->cfg->n; i++) farthest = fmax(farthest, fabs(s->cfg->x[i]));
  double reduced[9];
  memcpy(reduced, s->cfg->cell, sizeof reduced);
  reduce_lattice(reduced, s->periodic);
  mtp_cell_complete(reduced, s->periodic, s->basis);
  mtp_cell_reciprocal(s->basis, s->reciprocal);
  for (int d = 0; d < 3; d++) {
    double length = sqrt(mtp_dot(s->reciprocal + 3 * d, s->reciprocal + 3 * d));
    if (s->periodic[d] && !(length * longest < 1e9))
      return mtp_fail(s->ctx, MTP_ERR_ARGUMENT, "the cell is singular: its lattice vectors are linearly dependent");
  }
  s->slack = 1e-11 * (s->cutoff + longest + farthest);
  return MTP_OK;
}

/* Wraps atom i; its coordinates in the basis go to `coordinate`, those of a periodic direction lie in [0,1). */
static mtp_status wrap_atom(search *s, size_t i, double coordinate[3]) {
  for (int d = 0; d < 3; d++) {
    coordinate[d] = mtp_dot(s->cfg->x + 3 * i, s->reciprocal + 3 * d);
    s->wrap[3 * i + (size_t)d] = 0;
    if (!s->periodic[d]) continue;
    double cells = floor(coordinate[d]);
    if (fabs(cells) > 1e8)
      return mtp_fail(s->ctx, MTP_ERR_ARGUMENT, "atom %zu is more than 1e8 cells away from the origin", i + 1);
    s->wrap[3 * i + (size_t)d] = (int)cells;
    coordinate[d] -= cells;
  }
  return MTP_OK;
}

/* Bins about half a cutoff wide: a fraction of the candidates that bins of one cutoff would give. */
static mtp_status choose_bins(search *s, const double low[3], const double high[3]) {
  double width[3], wide[3], count[3], limit = 2.0 * (double)s->cfg->n + 64, reachable = 1;
  for (int d = 0; d < 3; d++) {
    double height = 1 / sqrt(mtp_dot(s->reciprocal + 3 * d, s->reciprocal + 3 * d));
    s->origin[d] = s->periodic[d] ? 0 : low[d];
    width[d] = s->periodic[d] ? 1 : fmax(high[d] - low[d], DBL_MIN);
    wide[d] = width[d] * height;
    count[d] = fmax(1, floor(2 * wide[d] / (s->cutoff + 2 * s->slack)));
  }
  while (count[0] * count[1] * count[2] > limit) {
    int d = count[0] >= count[1] && count[0] >= count[2] ? 0 : count[1] >= count[2] ? 1 : 2;
    count[d] = ceil(count[d] / 2);
  }
  for (int d = 0; d < 3; d++) {
    double reach = floor((s->cutoff + s->slack) * count[d] / wide[d]) + 1;
    /* beyond its ends there is nothing in a direction that is not periodic */
    if (!s->periodic[d]) reach = fmin(reach, count[d]);
    reachable *= 2 * reach + 1;
    if (!(reachable < MAX_REACH))
      return mtp_fail(s->ctx, MTP_ERR_UNSUPPORTED, "the cell is too thin for a cutoff of %g", s->cutoff);
    s->bins[d] = (int)count[d];
    s->reach[d] = (int)reach;
    s->scale[d] = count[d] / width[d];
  }
  return MTP_OK;
}

static int bin_along(const search *s, int d, double coordinate) {
  double b = floor((coordinate - s->origin[d]) * s->scale[d]);
  return b < 0 ? 0 : b >= s->bins[d] ? s->bins[d] - 1 : (int)b;
}

/* Counting sort of the atoms by bin. */
static mtp_status sort_into_bins(search *s, const double *coordinates) {
  size_t n = s->cfg->n, total = (size_t)s->bins[0] * (size_t)s->bins[1] * (size_t)s->bins[2];
  s->bin_start = mtp_calloc(total + 2, sizeof *s->bin_start);
  if (!s->bin_start) return mtp_fail_memory(s->ctx);
  int *start = s->bin_start + 1; /* shifted by one while it serves as the fill position */
  for (size_t i = 0; i < n; i++) {
    const double *c = coordinates + 3 * i;
    s->bin_of[i] = (bin_along(s, 0, c[0]) * s->bins[1] + bin_along(s, 1, c[1])) * s->bins[2] + bin_along(s, 2, c[2]);
    start[s->bin_of[i] + 1]++;
  }
  for (size_t b = 0; b < total; b++) start[b + 1] += start[b];
  for (size_t i = 0; i < n; i++) {
    int at = start[s->bin_of[i]]++;
    s->sorted[at] = (int)i;
    double *w = s->wrapped + 3 * (size_t)at;
    memcpy(w, s->cfg->x + 3 * i, 3 * sizeof *w);
    for (int d = 0; d < 3; d++) subtract(w, s->basis + 3 * d, s->wrap[3 * i + (size_t)d]);
  }
  return MTP_OK;
}

static mtp_status bin_atoms(search *s) {
  size_t n = s->cfg->n;
  double *coordinates = mtp_calloc(3 * n, sizeof *coordinates);
  s->wrap = mtp_calloc(3 * n, sizeof *s->wrap);
  s->bin_of = mtp_calloc(n, sizeof *s->bin_of);
  s->sorted = mtp_calloc(n, sizeof *s->sorted);
  s->wrapped = mtp_calloc(3 * n, sizeof *s->wrapped);
  mtp_status status = MTP_OK;
  if (!coordinates || !s->wrap || !s->bin_of || !s->sorted || !s->wrapped) status = mtp_fail_memory(s->ctx);
  double low[3] = {0}, high[3] = {0};
  for (size_t i = 0; i < n && status == MTP_OK; i++) {
    double *c = coordinates + 3 * i;
    status = wrap_atom(s, i, c);
    for (int d = 0; d < 3; d++) {
      low[d] = i ? fmin(low[d], c[d]) : c[d];
      high[d] = i ? fmax(high[d], c[d]) : c[d];
    }
  }
  if (status == MTP_OK) status = choose_bins(s, low, high);
  if (status == MTP_OK) status = sort_into_bins(s, coordinates);
  free(coordinates);
  return status;
}

static size_t hash_image(int owner, const int shift[3]) {
  unsigned long long h = (unsigned)owner;
  for (int d = 0; d < 3; d++) h = (h ^ (unsigned)shift[d]) * 0x9e3779b97f4a7c15ULL, h ^= h >> 29;
  return (size_t)h;
}

/* Slot of an image in the hash table, or the free one where it belongs. */
static int *find_slot(const search *s, int owner, const int shift[3]) {
  size_t mask = s->table_size - 1, at = hash_image(owner, shift) & mask;
  for (; s->table[at] >= 0; at = (at + 1) & mask) {
    const image *m = &s->images[s->table[at]];
    if (m->owner == owner && memcmp(m->shift, shift, sizeof m->shift) == 0) break;
  }
  return &s->table[at];
}

static bool grow_table(search *s) {
  size_t size = s->table_size ? 2 * s->table_size : 1024;
  int *table = mtp_realloc(s->table, size, sizeof *table);
  if (!table) return false;
  s->table = table;
  s->table_size = size;
  for (size_t k = 0; k < size; k++) table[k] = -1;
  for (size_t k = 0; k < s->image_count; k++) *find_slot(s, s->images[k].owner, s->images[k].shift) = (int)k;
  return true;
}

/* Number of an image, which is added if it is new; -1 when memory is exhausted. */
static int image_number(search *s, int owner, const int shift[3], const double x[3]) {
  if (2 * s->image_count >= s->table_size && !grow_table(s)) return -1;
  int *slot = find_slot(s, owner, shift);
  if (*slot >= 0) return *slot;
  if (s->image_count == s->image_capacity) {
    size_t capacity = s->image_capacity ? 2 * s->image_capacity : 256;
    image *larger = capacity < INT_MAX / 2 ? mtp_realloc(s->images, capacity, sizeof *larger) : NULL;
    if (!larger) return -1;
    s->images = larger;
    s->image_capacity = capacity;
  }
  image *m = &s->images[s->image_count];
  m->owner = owner;
  memcpy(m->shift, shift, sizeof m->shift);
  memcpy(m->x, x, sizeof m->x);
  return *slot = (int)s->image_count++;
}

static bool add_found(search *s, int entry) {
  if (s->found_count == s->found_capacity) {
    size_t capacity = s->found_capacity ? 2 * s->found_capacity : 64 * (s->cfg->n + 1);
    int *larger = mtp_realloc(s->found, capacity, sizeof *larger);
    if (!larger) return false;
    s->found = larger;
    s->found_capacity = capacity;
  }
  s->found[s->found_count++] = entry;
  return true;
}

/* Judges atom j translated by `shift` (relative to the wrapped atoms) by the coordinates that the result will hold. */
static bool judge_pair(search *s, int i, int j, const int cell_shift[3]) {
  const double *xi = s->cfg->x + 3 * (size_t)i;
  double x[3];
  memcpy(x, s->cfg->x + 3 * (size_t)j, sizeof x);
  int shift[3];
  bool own = true;
  for (int d = 0; d < 3; d++) {
    shift[d] = cell_shift[d] + s->wrap[3 * i + d] - s->wrap[3 * j + d];
    if (shift[d]) own = false;
    subtract(x, s->basis + 3 * d, -shift[d]);
  }
  if (own && i == j) return true;
  double r[3] = {x[0] - xi[0], x[1] - xi[1], x[2] - xi[2]};
  if (!(sqrt(mtp_dot(r, r)) < s->cutoff)) return true;
  if (own) return add_found(s, j);
  int number = image_number(s, j, shift, x);
  return number >= 0 && add_found(s, (int)s->cfg->n + number);
}

/* All atoms of bins first..last, translated by `shift`, as candidates for atom i at `xi`. */
static bool scan_bins(search *s, int i, const double xi[3], int first, int last, const int shift[3]) {
  double limit = (s->cutoff + s->slack) * (s->cutoff + s->slack), from[3] = {xi[0], xi[1], xi[2]};
  for (int d = 0; d < 3; d++) subtract(from, s->basis + 3 * d, shift[d]);
  for (int k = s->bin_start[first]; k < s->bin_start[last + 1]; k++) {
    const double *w = s->wrapped + 3 * (size_t)k;
    double r[3] = {w[0] - from[0], w[1] - from[1], w[2] - from[2]};
    if (mtp_dot(r, r) <= limit && !judge_pair(s, i, s->sorted[k], shift)) return false;
  }
  return true;
}

/* Bin and translation at an offset along one direction; false beyond the end of one that is not periodic. */
static bool step_bin(const search *s, int d, int bin, int *at, int *shift) {
  *shift = 0;
  *at = bin;
  if (bin >= 0 && bin < s->bins[d]) return true;
  if (!s->periodic[d]) return false;
  *shift = bin >= 0 ? bin / s->bins[d] : -((s->bins[d] - 1 - bin) / s->bins[d]);
  *at = bin - *shift * s->bins[d];
  return true;
}

/* The row of bins around `home` along the last direction, whose bins follow each other in memory: in pieces that share
 * a translation. */
static bool scan_row(search *s, int i, const double xi[3], int row, int home, int shift[3]) {
  int last = home + s->reach[2];
  for (int c = home - s->reach[2], at; c <= last; c++) {
    if (!step_bin(s, 2, c, &at, &shift[2])) continue;
    int more = s->bins[2] - 1 - at < last - c ? s->bins[2] - 1 - at : last - c;
    if (!scan_bins(s, i, xi, row * s->bins[2] + at, row * s->bins[2] + at + more, shift)) return false;
    c += more;
  }
  return true;
}

static bool find_neighbors_of(search *s, int i) {
  int bin = s->bin_of[i], home[3] = {bin / s->bins[2] / s->bins[1], bin / s->bins[2] % s->bins[1], bin % s->bins[2]};
  int at[2], shift[3];
  double xi[3];
  memcpy(xi, s->cfg->x + 3 * (size_t)i, sizeof xi);
  for (int d = 0; d < 3; d++) subtract(xi, s->basis + 3 * d, s->wrap[3 * i + d]);
  for (int a = -s->reach[0]; a <= s->reach[0]; a++) {
    if (!step_bin(s, 0, home[0] + a, &at[0], &shift[0])) continue;
    for (int b = -s->reach[1]; b <= s->reach[1]; b++) {
      if (!step_bin(s, 1, home[1] + b, &at[1], &shift[1])) continue;
      if (!scan_row(s, i, xi, at[0] * s->bins[1] + at[1], home[2], shift)) return false;
    }
  }
  return true;
}

static int compare_images(const void *a, const void *b) {
  const image *p = *(const image *const *)a, *q = *(const image *const *)b;
  if (p->owner != q->owner) return p->owner < q->owner ? -1 : 1;
  for (int d = 0; d < 3; d++)
    if (p->shift[d] != q->shift[d]) return p->shift[d] < q->shift[d] ? -1 : 1;
  return 0;
}

static int compare_entries(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

/* Insertion beats qsort on lists as short as most are. */
static void sort_list(int *list, int count) {
  if (count > 200) {
    qsort(list, (size_t)count, sizeof *list, compare_entries);
    return;
  }
  for (int k = 1; k < count; k++) {
    int entry = list[k], at = k;
    for (; at && list[at - 1] > entry; at--) list[at] = list[at - 1];
    list[at] = entry;
  }
}

/* Puts the images into an order that does not depend on how they were found, and renumbers the lists. */
static mtp_status fill_result(search *s, mtp_neighbors *nb) {
  size_t n = s->cfg->n;
  const image **order = mtp_calloc(s->image_count, sizeof *order);
  int *place = mtp_calloc(s->image_count, sizeof *place);
  nb->n = n;
  nb->nall = n + s->image_count;
  nb->x = mtp_calloc(3 * nb->nall, sizeof *nb->x);
  nb->species = mtp_calloc(nb->nall, sizeof *nb->species);
  nb->owner = mtp_calloc(nb->nall, sizeof *nb->owner);
  bool ok = order && place && nb->x && nb->species && nb->owner;
  if (ok) {
    memcpy(nb->x, s->cfg->x, 3 * n * sizeof *nb->x);
    memcpy(nb->species, s->cfg->species, n * sizeof *nb->species);
    for (size_t i = 0; i < n; i++) nb->owner[i] = (int)i;
    for (size_t k = 0; k < s->image_count; k++) order[k] = &s->images[k];
    qsort(order, s->image_count, sizeof *order, compare_images);
    for (size_t k = 0; k < s->image_count; k++) {
      place[order[k] - s->images] = (int)(n + k);
      memcpy(nb->x + 3 * (n + k), order[k]->x, sizeof order[k]->x);
      nb->owner[n + k] = order[k]->owner;
      nb->species[n + k] = s->cfg->species[order[k]->owner];
    }
    for (size_t k = 0; k < s->found_count; k++)
      if ((size_t)s->found[k] >= n) s->found[k] = place[(size_t)s->found[k] - n];
    int *exact = mtp_realloc(s->found, s->found_count, sizeof *exact); /* lists may be kept */
    int *list = nb->storage = exact ? exact : s->found;
    s->found = NULL;
    for (size_t i = 0; i < n; i++) {
      nb->list[i] = list;
      sort_list(list, nb->count[i]);
      list += nb->count[i];
    }
  }
  free(order);
  free(place);
  return ok ? MTP_OK : mtp_fail_memory(s->ctx);
}

static mtp_status find_all(search *s, mtp_neighbors *nb) {
  size_t n = s->cfg->n;
  nb->count = mtp_calloc(n, sizeof *nb->count);
  nb->list = mtp_calloc(n, sizeof *nb->list);
  if (!nb->count || !nb->list || !add_found(s, 0)) return mtp_fail_memory(s->ctx);
  s->found_count = 0; /* the entry above only made sure that there is an array */
  for (size_t i = 0; i < n; i++) {
    size_t before = s->found_count;
    if (!find_neighbors_of(s, (int)i)) return mtp_fail_memory(s->ctx);
    if (s->found_count - before > INT_MAX)
      return mtp_fail(s->ctx, MTP_ERR_UNSUPPORTED, "atom %zu has too many neighbours", i + 1);
    nb->count[i] = (int)(s->found_count - before);
  }
  return fill_result(s, nb);
}

mtp_status mtp_neighbors_build(mtp_context *ctx, const mtp_config *cfg, double cutoff, mtp_neighbors **out) {
  if (out) *out = NULL;
  if (!cfg || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "no configuration given");
  mtp_config open = *cfg; /* ghosts are the images */
  for (int d = 0; cfg->ghost && d < 3; d++) open.periodic[d] = false;
  search s = {.ctx = ctx, .cfg = &open, .cutoff = cutoff};
  mtp_neighbors *nb = mtp_calloc(1, sizeof *nb);
  mtp_status status = nb ? check_input(ctx, cfg, cutoff) : mtp_fail_memory(ctx);
  if (status == MTP_OK) status = set_up_lattice(&s);
  if (status == MTP_OK) status = bin_atoms(&s);
  if (status == MTP_OK) status = find_all(&s, nb);
  free(s.wrap);
  free(s.bin_of);
  free(s.bin_start);
  free(s.sorted);
  free(s.wrapped);
  free(s.images);
  free(s.table);
  free(s.found);
  if (status == MTP_OK)
    *out = nb;
  else
    mtp_neighbors_free(nb);
  return status;
}

void mtp_neighbors_free(mtp_neighbors *nb) {
  if (!nb) return;
  free(nb->x);
  free(nb->species);
  free(nb->owner);
  free(nb->count);
  free(nb->list);
  free(nb->storage);
  free(nb);
}
