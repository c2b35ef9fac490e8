/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut.h
 * What the files that make cut-outs share. */
#ifndef MTP_LEARN_CUT_H
#define MTP_LEARN_CUT_H

#include "mtp/cut.h"

/** What a cell may need beyond its radius, A: an edge may become longer by so much where images fit better then, atoms
 * so far beyond a face show how well, displaced by up to so much; and where there is no lattice vector it is thicker by
 * so much on either side, because what it is cut from there is not replaced by images. */
#define MTP_CUT_UNIT   6.0 /* and molecules that begin there may reach so far beyond */
#define MTP_CUT_LONGER 6.0
#define MTP_CUT_DEPTH  3.0
#define MTP_CUT_FAR    1.0
#define MTP_CUT_DEEPER 3.0

/** Atoms of a configuration as seen from the atom in the middle. */
typedef struct mtp_surroundings {
  size_t n;
  const int *species;
  const double *charge; /**< [n] e, or NULL */
  const long long *id;  /**< [n] or NULL */
  double *d;            /**< [3*n] from the middle, by the shortest way in lattice coordinates */
  double *p;            /**< [3*n] the same along the normals of the planes of lattice vectors, A */
  size_t *unit;         /**< [n] the atom that stands for the molecule; an atom of its own for itself */
  double basis[9];      /**< lattice vectors; unit vectors where there is none */
  double reciprocal[9]; /**< of the basis */
  double thickness[3];  /**< of the cell; infinite where there is no lattice vector */
  bool periodic[3];
  double cutoff;
  size_t center_count;
  const size_t *centers;
} mtp_surroundings;

/** Is the radius enough for the potential? */
mtp_status mtp_cut_check(mtp_context *ctx, const mtp_cut_options *options, const mtp_potential *pot);
/** Finds the molecules, and draws the atoms of each together. */
mtp_status mtp_cut_find_units(mtp_context *ctx, const mtp_potential *pot, const mtp_config *whole, mtp_surroundings *s);
/** Marks [n] all atoms of molecules of which one is marked. */
void mtp_cut_whole_units(const mtp_surroundings *s, bool *marked);
/** Is an atom one that a centre depends on? */
bool mtp_cut_is_near(const mtp_surroundings *s, size_t atom);
/** A coordinate without its last digits. */
double mtp_cut_round(double x);
/** A cell around the middle; *from [number of atoms in *out] (malloc'ed) says which atoms of the surroundings they are.
 * With charges of species, or of the atoms where these are NULL, it is neutral as far as that is possible; *excess (e)
 * is what is left. Without any, both are NULL. */
mtp_status mtp_cut_make_cell(mtp_context *ctx, const mtp_surroundings *s, double radius, const double *charge,
                             mtp_config **out, size_t **from, double *excess);
/** Takes the farthest ions that are not `needed` out, until what is not `gone` is neutral; returns the charge that is
 * left. `charge`: of species, NULL: those of the atoms. */
double mtp_cut_neutralise(const mtp_surroundings *s, const double *charge, const bool *needed, bool *gone);
/** Which atoms of a cell may move: [n] those that are not `fixed`, and not into the neighbourhood of a centre. */
typedef struct mtp_cut_rim {
  bool *fixed, *center;
  double cutoff;
} mtp_cut_rim;
/** Moves the atoms of the rim towards a minimum of the energy of `pot` and of the baseline, if there is one. */
mtp_status mtp_cut_relax(mtp_context *ctx, const mtp_potential *pot, const mtp_baseline *baseline,
                         const mtp_cut_rim *rim, mtp_config *cfg);

#endif
