/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/neighbors.h
 * Neighbour lists of configurations, found by a linear-scaling cell search for any cell: triclinic, thinner than the
 * cutoff (self-images count), partly or not periodic. A list is plain data and refers to nothing of the configuration,
 * which may change or go.
 */
#ifndef MTP_NEIGHBORS_H
#define MTP_NEIGHBORS_H

#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The atoms of a configuration and all images within `cutoff` of them, with full neighbour lists of the real atoms:
 * the shape in which an MD engine holds atoms (owned ones first, then ghosts). */
typedef struct mtp_neighbors {
  size_t n;     /**< real atoms; they come first */
  size_t nall;  /**< real atoms and images */
  double *x;    /**< [3*nall] real atoms exactly as given (not wrapped), then images */
  int *species; /**< [nall] */
  int *owner;   /**< [nall] the real atom that an entry is an image of; itself for a real one */
  int *count;   /**< [n] neighbours of atom i: all j != i entries with distance < cutoff */
  int **list;   /**< [n] pointers to count[i] entries of 0..nall-1 */
  int *storage; /**< all lists, one after the other */
} mtp_neighbors;

MTP_API mtp_status mtp_neighbors_build(mtp_context *ctx, const mtp_config *cfg, double cutoff, mtp_neighbors **out);
MTP_API void mtp_neighbors_free(mtp_neighbors *nb);

#ifdef __cplusplus
}
#endif
#endif
