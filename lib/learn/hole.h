/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/hole.h
 * Below the shortest distance that was learned nothing holds a fit: its energy may fall off a cliff there, and a run
 * that comes near is lost within steps. Pairs of the training set are pushed together to see: atoms, but molecules as a
 * whole where the pair is between two of them, since nothing brings one atom out of its molecule into another one. */
#ifndef MTP_HOLE_H
#define MTP_HOLE_H

#include "config/pairs.h"
#include "learn/molecules.h"
#include "learn/sample.h"
#include "mtp/baseline.h"
#include "mtp/potential.h"

/** Numbers of deeper ones say nothing (eV). */
#define MTP_HOLE_DEEP 1000.0

typedef struct mtp_hole {
  int a, b;        /**< species of the pair, a <= b; -1: no hole was found */
  double known;    /**< shortest distance of such a pair in the set, A */
  double r, depth; /**< where the energy is lower than at a larger distance, A, and by how much it gets lower, eV */
  mtp_config *cfg; /**< the configuration there without labels, owned; NULL without a hole */
} mtp_hole;

/** The closest pairs of each kind in some configurations: where a fit is looked at. */
typedef struct mtp_hole_places mtp_hole_places;
mtp_status mtp_hole_places_new(mtp_context *ctx, const mtp_potential *pot, mtp_hole_places **out);
/** Looks for closer pairs in the configuration of `sample`, which is borrowed as long as the places live; its species
 * are the potential's. Squeezed ones have no place. */
mtp_status mtp_hole_places_add(mtp_context *ctx, mtp_hole_places *places, const mtp_sample *sample);
/** The closest pairs of a configuration within reach, between molecules and within them: pair[2*C*C]. `nb` has to reach
 * as far as bonds do, and what is beyond it is not found. */
mtp_status mtp_hole_places_find(mtp_context *ctx, const mtp_hole_places *places, const mtp_neighbors *nb,
                                mtp_close_pair *pair);
/** Notes those of an ordinary configuration. */
void mtp_hole_places_note(mtp_hole_places *places, const mtp_config *cfg, const mtp_close_pair *pair);
/** What acts beside the potential there (NULL: nothing), borrowed: a hole is one of both together. */
void mtp_hole_places_set_baseline(mtp_hole_places *places, const mtp_baseline *baseline);
/** Covalent radii of atoms that make molecules, [C] A; see mtp_molecule_radii. Borrowed. */
const double *mtp_hole_places_radii(const mtp_hole_places *places);
/** How far pairs are looked for, A. */
double mtp_hole_places_reach(const mtp_hole_places *places);
void mtp_hole_places_free(mtp_hole_places *places);

/** Pushes these pairs together, down to half their distance or until the energy is 10 eV above, and tells the deepest
 * place where it fell instead of rising. mtp_hole_clear frees what the hole owns. */
mtp_status mtp_find_hole_at(mtp_context *ctx, const mtp_potential *pot, mtp_hole_places *places, mtp_hole *hole);

/** The same for the closest pairs of all configurations of `set`. */
mtp_status mtp_find_hole(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_hole *hole);
void mtp_hole_clear(mtp_hole *hole);

#endif
