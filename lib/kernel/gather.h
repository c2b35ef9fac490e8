/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/gather.h
 * Stages of kernel/block.c: from neighbour lists of atoms to slots of vectors over atoms. */
#ifndef MTP_GATHER_H
#define MTP_GATHER_H

#include "kernel/state.h"

/* ---- near neighbours of a chunk of atoms ---- */

/* Appends the neighbours of atom i that are inside the cutoff, and with `keys` their species; returns their number.
 * Strangers and the dummy are beyond every cutoff. Half of a list is beyond it, and nothing foretells which: no branch.
 */
INLINE int collect_near(const mtp_atoms *atoms, double *point, int i, double cut2, unsigned *to, int *keys) {
  const int count = atoms->count[i], mask = atoms->mask, *list = atoms->list[i];
  const unsigned dummy = (unsigned)atoms->nall * POINT_BYTES;
  const double *at = point + 4 * (size_t)i;
  const dvec xi = at[0] - (dvec){0}, yi = at[1] - (dvec){0}, zi = at[2] - (dvec){0};
  int n = 0;
  for (int k = 0; k < count; k += D) {
    unsigned offset[D];
    offsets_of(list + k, count - k < D ? count - k : D, mask, dummy, offset);
    const columns p = load_points(point, offset);
    const dvec x = p.x - xi, y = p.y - yi, z = p.z - zi;
    n += append_near(to + n, keys ? keys + n : NULL, offset, p.fourth, x * x + y * y + z * z, cut2);
  }
  return n;
}

/* Lists of large systems come from main memory, each in its turn: they are asked for so many atoms ahead. */
#define LISTS_AHEAD 4

INLINE void ask_for_list(const int *list, int count) {
  for (int k = 0; k < count; k += 16) __builtin_prefetch(list + k);
}

/* Lists of the atoms list[n], each by species of the neighbour. */
STAGE void collect_chunk(chunk *c, const mtp_plan *plan, mtp_workspace *ws, const mtp_atoms *atoms, int n,
                         const int *list) {
  const int C = plan->nspecies;
  const double cut2 = plan->radial.max_dist * plan->radial.max_dist;
  unsigned *to = ws->near;
  for (int k = 0; k < n; k++) {
    if (k + LISTS_AHEAD < n) ask_for_list(atoms->list[list[k + LISTS_AHEAD]], atoms->count[list[k + LISTS_AHEAD]]);
    c->list[k] = to;
    if (C == 1)
      c->count[k] = collect_near(atoms, ws->point, list[k], cut2, to, NULL);
    else {
      const int near = collect_near(atoms, ws->point, list[k], cut2, ws->unsorted, ws->keys);
      int sorted = 0;
      for (int s = 0; s < C; s++) {
        const int of_species = append_matching(to + sorted, ws->unsorted, ws->keys, near, s);
        ws->near_count[k * C + s] = of_species;
        sorted += of_species;
      }
      c->count[k] = sorted;
    }
    to += c->count[k];
  }
}

/* Blocks of atoms with about the same number of near neighbours have few slots that are not full. */
STAGE void order_chunk(chunk *c, mtp_workspace *ws, int n) {
  int most = 0, *tally = ws->tally;
  for (int k = 0; k < n; k++)
    if (c->count[k] > most) most = c->count[k];
  memset(tally, 0, ((size_t)most + 1) * sizeof *tally);
  for (int k = 0; k < n; k++) tally[c->count[k]]++;
  for (int q = 0, first = 0; q <= most; q++) {
    const int here = tally[q];
    tally[q] = first;
    first += here;
  }
  for (int k = 0; k < n; k++) c->order[tally[c->count[k]]++] = k;
}

/* ---- a block ---- */

/* First slot of each species in each lane; what pads a lane belongs to the last species. */
static void find_borders(block *b, const int *member) {
  const int C = b->plan->nspecies;
  for (int l = 0; l < W; l++) {
    const int *count = b->ws->near_count + (l < b->natoms ? member[l] : 0) * C;
    int first = 0;
    for (int s = 0; s < C; s++) {
      b->border[s][l] = (real)first;
      if (l < b->natoms) first += count[s];
    }
    b->border[C][l] = (real)b->slots;
  }
}

/* Slots k to k+W-1: the lists from[W] of n[W] offsets turned into lanes, and the dummy beyond their ends. Whole vectors
 * are read from the lists. */
INLINE void turn_lists(unsigned *slots, int k, unsigned *const *from, const int *n, unsigned dummy) {
#if VECTOR_BYTES >= 32
  list_vec v[W], place;
  for (int e = 0; e < W; e++) place[e] = e + k;
  for (int l = 0; l < W; l++) {
    memcpy(&v[l], from[l] + k, sizeof v[l]);
    const list_vec there = (list_vec)(place < n[l]);
    v[l] = (v[l] & there) | ((int)dummy & ~there);
  }
  turn(v);
  memcpy(slots + k * W, v, sizeof v);
#else
  for (int e = k; e < k + W; e++)
    for (int l = 0; l < W; l++) slots[e * W + l] = e < n[l] ? from[l][e] : dummy;
#endif
}

/* Neighbour lists of the members of a chunk become the lanes of a block, of the same length for all. */
STAGE void fill_lanes(block *b, const chunk *c, const int *member) {
  int most = 0, least = b->natoms < W ? 0 : c->count[member[0]];
  for (int l = 0; l < b->natoms; l++) {
    const int n = c->count[member[l]];
    if (n > most) most = n;
    if (n < least) least = n;
  }
  b->full = least;
  b->slots = (most + 1) / 2 * 2;
  unsigned *from[W];
  int n[W];
  for (int l = 0; l < W; l++) {
    n[l] = l < b->natoms ? c->count[member[l]] : 0;
    from[l] = c->list[member[l < b->natoms ? l : 0]];
  }
  for (int k = 0; k < b->slots; k += W) turn_lists(b->neighbour, k, from, n, b->dummy);
  if (b->plan->nspecies > 1) find_borders(b, member);
}

/* Displacements are formed in double: positions may be large. Slots that are not `full` may hold the dummy, which is
 * put at the cutoff, where all f and f' vanish exactly. */
INLINE void place_slot(const int full, block *b, int k, const columns *centre) {
  const vec rc = all(b->plan->radial.max_dist);
  dvec x[PARTS], y[PARTS], z[PARTS];
  for (int p = 0; p < PARTS; p++) {
    const columns at = load_points(b->ws->point, b->neighbour + k * W + p * D);
    x[p] = at.x - centre[p].x, y[p] = at.y - centre[p].y, z[p] = at.z - centre[p].z;
  }
  vec dx = narrow(x), dy = narrow(y), dz = narrow(z), r2 = dx * dx + dy * dy + dz * dz;
  vec_mask outside = {0};
  if (!full) {
    outside = r2 >= rc * rc;
    dx = where(outside, rc, dx), dy = where(outside, (vec){0}, dy), dz = where(outside, (vec){0}, dz);
    r2 = where(outside, rc * rc, r2);
  }
  vec r, rinv;
  roots(r2, &r, &rinv);
  b->r[k] = full ? r : where(outside, rc, r);
  b->rinv[k] = rinv;
  b->ux[k] = dx * rinv, b->uy[k] = dy * rinv, b->uz[k] = dz * rinv;
}

STAGE void place(block *b) {
  columns centre[PARTS];
  for (int p = 0; p < PARTS; p++) centre[p] = load_points(b->ws->point, b->centre + p * D);
  int k = 0;
  for (; k < b->full; k++) place_slot(1, b, k, centre);
  for (; k < b->slots; k++) place_slot(0, b, k, centre);
}

#endif
