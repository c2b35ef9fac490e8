/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/state.h
 * What the stages of kernel/block.c hand to each other. */
#ifndef MTP_STATE_H
#define MTP_STATE_H

#include "kernel/block.h"
#include "kernel/lanes.h"

/* Atoms with their lists of near neighbours. */
typedef struct chunk {
  unsigned *list[MTP_CHUNK];
  int count[MTP_CHUNK];
  int order[MTP_CHUNK]; /* by count */
} chunk;

/* By the position of one neighbour: of the radial functions, and the gradient of the polynomials. */
typedef struct derivative {
  vec radial, x, y, z;
} derivative;

/* W central atoms of one species. */
typedef struct block {
  const mtp_plan *plan;
  mtp_workspace *ws;
  int species;
  int natoms;                   /* used lanes */
  int atom[W];                  /* central atom of each lane; unused lanes repeat the first */
  int place[W];                 /* of each lane in the list of the task */
  unsigned centre[W];           /* offsets of their points */
  unsigned dummy;               /* offset of the point that pads the lanes */
  int slots;                    /* an even number */
  int full;                     /* slots from here on may be padded */
  unsigned *neighbour;          /* [slots][W] offsets of points */
  vec *border;                  /* [C+1] first slot of each species in each lane */
  vec *ux, *uy, *uz, *r, *rinv; /* [slots] */
  vec *f, *df;                  /* [slots][K] */
  vec *polynomial;              /* [slots][K] where the polynomials of the force pass go; may be f */
  derivative *derivative;       /* [slots] */
  vec *m, *adj;                 /* [nmoments] */
  dvec *wide;                   /* [nmoments][PARTS] in precision mixed */
  double *force;                /* [points][4] */
  double repulsion[W];
  int close; /* a neighbour is below min_dist of a repulsive radial basis */
} block;

/* Slots first..last-1 have lanes with neighbours of a species, pure_first..pure_last-1 no others. */
typedef struct species_range {
  int first, last, pure_first, pure_last;
} species_range;

INLINE species_range range_of(const block *b, int s) {
  species_range at = {0, b->slots, 0, b->slots};
  if (b->plan->nspecies == 1) return at;
  at.first = at.pure_last = b->slots;
  at.last = 0;
  for (int l = 0; l < W; l++) {
    const int begin = (int)b->border[s][l], end = (int)b->border[s + 1][l];
    if (begin < at.first) at.first = begin;
    if (begin > at.pure_first) at.pure_first = begin;
    if (end > at.last) at.last = end;
    if (end < at.pure_last) at.pure_last = end;
  }
  return at;
}

INLINE vec_mask lanes_of(const block *b, int s, int k) {
  const vec slot = all(k);
  if (b->plan->nspecies == 1) return slot >= (vec){0};
  return (slot >= b->border[s]) & (slot < b->border[s + 1]);
}

#endif
