/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/structure_search.h
 * Random crystals to begin a search for structures with (Pickard, Needs, J. Phys.: Condens. Matter 23, 053201 (2011)):
 * cells of any shape that are not flat, at about a given volume, with atoms that are not too close, and symmetric ones.
 */
#ifndef MTP_STRUCTURE_SEARCH_H
#define MTP_STRUCTURE_SEARCH_H

#include <stddef.h>

#include "mtp/config.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_crystal_options {
  int species_count;
  size_t fewest, most;    /**< atoms of a cell, from 1; each number between is as likely */
  const int *formula;     /**< [species_count] atoms of a formula unit, of which a cell has whole ones; NULL: any */
  const double *volume;   /**< [species_count] A^3 an atom of it takes */
  double spread;          /**< volumes are up to this part larger and smaller; from 0 to below 1 */
  const double *min_dist; /**< [species_count^2] A, symmetric: pairs are no closer than this */
  int symmetry;           /**< operations of the largest group to be tried, 1: none but translations, at most 48 */
} mtp_crystal_options;

/** One crystal, the same for a seed on every machine. Without `formula` each species has at least one atom where the
 * cell holds as many. A group of operations, of at most `symmetry`, is drawn first, then a cell that it allows and
 * positions, which may be special ones; *operations (may be NULL) becomes their number. MTP_ERR_ARGUMENT for options
 * that are out of range, MTP_ERR_NUMERIC where such atoms do not fit into such volumes. */
MTP_API mtp_status mtp_crystal_random(mtp_context *ctx, const mtp_crystal_options *options, unsigned long long seed,
                                      mtp_config **out, int *operations);

/** What is known of an element before anything was computed: the volume that an atom takes in typical solids (A^3) and
 * a distance that pairs of the two hardly fall below (A), both by covalent radii (Cordero et al. 2008). 0 for a name
 * that is no element with a known radius. */
MTP_API double mtp_crystal_volume(const char *element);
MTP_API double mtp_crystal_min_dist(const char *a, const char *b);

#ifdef __cplusplus
}
#endif

#endif
