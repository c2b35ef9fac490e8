/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/cut.h
 * Cutting the neighbourhood of atoms out of a large configuration, so that a label costs what the neighbourhood costs.
 *
 * A cell is a small periodic configuration: a box around the atom whose edges are parallel to the lattice vectors of
 * the whole and as long as makes the images fit best, with overlapping atoms removed and those far from the atom moved
 * to where the potential has them at rest. All of its label is learned from. A sphere is a cluster in vacuum: only the
 * forces of atoms that have all their neighbours count, and neither energy nor stress. What does not count is marked in
 * `force_mask`, and by features `config_energy_weight` and `config_stress_weight`, as training understands them. Masked
 * atoms have no rows in active sets. (Spheres: Podryabinkin et al., J. Chem. Phys. 159, 084112 (2023).)
 */
#ifndef MTP_CUT_H
#define MTP_CUT_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/baseline.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_cut_shape { MTP_CUT_CELL, MTP_CUT_SPHERE } mtp_cut_shape;

typedef struct mtp_cut_options {
  mtp_cut_shape shape;
  double radius; /**< A: of a sphere; half of the least thickness of a cell; not below the cutoff R of the potential,
                    or MTP_ERR_ARGUMENT. 0: what that needs, R + 0.4 for cells (half of an edge may become longer by 3),
                    R + 4 for spheres */
  double vacuum; /**< A: between the images of a sphere, at least the cutoff; 0: 8 */
  bool still;    /**< no atom is moved */
  /** That acts beside the potential on atoms that are moved; borrowed; NULL: none. If it knows the charges of ions, or
   * the whole has charges of its atoms, cut-outs are made neutral by leaving out the farthest of what is in excess.
   * Charges of atoms go along, unless there is a baseline that does not take them. */
  const mtp_baseline *baseline;
} mtp_cut_options;

/** Feature of a cut-out that could not be made neutral: the charge that it has, e. */
#define MTP_CUT_CHARGE_KEY "cut_charge"

/** Cells with the default radius. */
MTP_API mtp_cut_options mtp_cut_defaults(void);
/** The options with radius and vacuum as they are for a potential. */
MTP_API mtp_cut_options mtp_cut_options_for(const mtp_cut_options *options, const mtp_potential *pot);

/** The part of a configuration that a cut around `center` is made from: a slab around it in each direction. */
typedef struct mtp_cut_region {
  double center[3];
  double reciprocal[9];
  double thickness[3]; /**< of the cell, infinite where there is no lattice vector */
  double half;         /**< A, half thickness of the slabs */
} mtp_cut_region;

/** `cell` and `periodic` as those of a configuration; nothing is in the region if a pointer is NULL. */
MTP_API mtp_cut_region mtp_cut_region_of(const double cell[9], const bool periodic[3], const double center[3],
                                         const mtp_cut_options *options, const mtp_potential *pot);
/** Is an atom there, or an image of it? */
MTP_API bool mtp_cut_region_has(const mtp_cut_region *region, const double x[3]);

/** Cuts around atoms centers[count] of `whole`, the first of which is in the middle and whose neighbourhoods are kept
 * as they are; the others should be nearer to it than the radius less the cutoff. Of `whole`, atoms outside of
 * mtp_cut_region_of of the first one may be missing. `pot` gives the cutoff and, if it is trained, moves the atoms at
 * the rim of a cell; `options` may be NULL. *index (may be NULL) receives the number of the first centre in *out.
 * Feature `cut` says the shape, `cut_radius` the radius. */
MTP_API mtp_status mtp_cut(mtp_context *ctx, const mtp_potential *pot, const mtp_config *whole, size_t count,
                           const size_t *centers, const mtp_cut_options *options, mtp_config **out, size_t *index);

#ifdef __cplusplus
}
#endif
#endif
