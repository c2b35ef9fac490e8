/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/evaluator.h
 * Energies, forces, virials, parameter gradients and grades of atoms. An evaluator is a potential compiled for speed:
 * it copies what it needs, so the potential may change or go; rebuild the evaluator (mtp_evaluator_new) after a change
 * of parameters. One evaluator serves one thread at a time. Source: site energies and adjoints as in Novikov et al.
 * 2021; per-atom virials see below.
 */
#ifndef MTP_EVALUATOR_H
#define MTP_EVALUATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/neighbors.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_evaluator mtp_evaluator;

/** `pot` must be trained. */
MTP_API mtp_status mtp_evaluator_new(mtp_context *ctx, const mtp_potential *pot, mtp_evaluator **out);
MTP_API void mtp_evaluator_free(mtp_evaluator *ev);

/** Memory that it holds, in bytes; grows with the largest system that it has seen. */
MTP_API double mtp_evaluator_memory(const mtp_evaluator *ev);

/** What the lanes of the kernel hold. */
typedef enum mtp_precision {
  MTP_PRECISION_DOUBLE,
  /** Single precision from the displacements on; forces, virials and energies of atoms are summed in double. Of calls
   * that ask for energies, what is made from the sums over neighbours is double too, up to the energies and the
   * adjoints: products of moments are a hundred times as large as what is left of them. Forces of such a call and of
   * one without energies differ by roundings of single precision. */
  MTP_PRECISION_MIXED
} mtp_precision;

/** Precision of energies, forces and virials from now on; double in the beginning. Calls that ask for gradients, rows
 * or grades are made in double throughout. */
MTP_API mtp_status mtp_evaluator_set_precision(mtp_context *ctx, mtp_evaluator *ev, mtp_precision precision);

/** Attaches a copy of an inverse active set, needed for mtp_output.grade: inverse[n*n] as mtp_active_set_inverse gives
 * it. For ranks that receive it by broadcast; else mtp_evaluator_set_active_set (active_set.h) is shorter. */
MTP_API mtp_status mtp_evaluator_set_inverse(mtp_context *ctx, mtp_evaluator *ev, mtp_mode mode, size_t n,
                                             const double *inverse);

/** Attaches a copy of the factor F[m*m] (lower triangle) of a posterior, needed for mtp_output.site_variance: as
 * mtp_posterior_factor gives it. For ranks that receive it by broadcast; else mtp_evaluator_set_posterior (posterior.h)
 * is shorter. */
MTP_API mtp_status mtp_evaluator_set_factor(mtp_context *ctx, mtp_evaluator *ev, size_t m, const double *factor);

/** Grade of one row[n] (such as mtp_output.gradient divided by the number of atoms) with the attached inverse. */
MTP_API mtp_status mtp_evaluator_grade_row(mtp_context *ctx, mtp_evaluator *ev, const double *row, double *grade);

/** Atoms as an MD engine holds them: owned and ghost atoms in one numbering, full neighbour lists of the central ones
 * that may contain atoms beyond the cutoff. */
typedef struct mtp_atoms {
  size_t nall; /**< atoms in x and type */
  size_t ncentral;
  const int *central; /**< [ncentral] atoms to evaluate, or NULL for 0..ncentral-1 */
  const double *x;    /**< [3*nall] */
  const int *type;    /**< [nall] */
  /** Type -> species, -1: not an atom of this potential (skipped); NULL: the type is the species. A central atom of a
   * species beyond the potential's is an error, such a neighbour is skipped. */
  const int *species_of_type;
  const int *count; /**< neighbours of atom i at [i] */
  int *const *list; /**< list[i][0..count[i]-1] */
  int mask;         /**< and-ed with every list entry (LAMMPS keeps bond bits there); -1 for none */
} mtp_atoms;

/** The atoms of a configuration with their neighbours, species as types; points into `nb`. */
MTP_API mtp_atoms mtp_atoms_of(const mtp_neighbors *nb);

/** What a call need not compute, and what it is asked for beside the arrays of mtp_output. All zero (or no request):
 * the energy, the virial and the arrays that are there. */
typedef struct mtp_request {
  bool skip_energy;   /**< `energy` and `site_energy` are not wanted and left alone */
  bool skip_virial;   /**< `virial` is not wanted and left alone */
  bool largest_grade; /**< max_grade is wanted; without the array `grade` that is cheaper. Needs an active set of mode
                           neighbourhood */
} mtp_request;

/** Results, with D_ij = dV_i/d(r_j - r_i). They are added to what the arrays hold unless said otherwise; a NULL array
 * is not computed. */
typedef struct mtp_output {
  double energy;       /**< sum of the site energies of the central atoms */
  double virial[6];    /**< -sum D_ij (x) r_ij; only if anything but energies and grades is asked for */
  double *force;       /**< [3*nall] on central atoms and their neighbours */
  double *site_energy; /**< [nall], central atoms only */
  double *site_virial; /**< [6*nall] each -D_ij (x) r_ij half to i and half to j (LAMMPS's stress/atom) */
  /** [9*nall] xx yy zz xy xz yz yx zx zy (first letter r, second D), all of it to j: the form that makes the heat flux
   * of a site potential exact (Fan et al., Phys. Rev. B 92, 094301 (2015)). */
  double *site_virial9;
  double *gradient;   /**< [n] sum of dV_i/dtheta over the central atoms */
  double *rows;       /**< [ncentral*n] dV_i/dtheta of each central atom (overwritten) */
  double *grade;      /**< [nall] of the central atoms (overwritten); needs an active set of mode neighbourhood */
  double max_grade;   /**< largest grade of this call if `grade` or `largest_grade` is asked for, else untouched */
  int max_grade_atom; /**< the atom that has it, -1 if there was none */
  /** [nall] variance of the site energies of the central atoms, eV^2 (overwritten); needs the factor of a posterior */
  double *site_variance;
} mtp_output;

/** `request` may be NULL. */
MTP_API mtp_status mtp_evaluator_compute(mtp_context *ctx, mtp_evaluator *ev, const mtp_atoms *atoms,
                                         const mtp_request *request, mtp_output *out);

/** Energy, forces, virial and site energies of one configuration, written into `cfg` (species must be the potential's).
 * Grades that it had, of whatever potential, go.
 * With an active set attached and `graded`, also grade[] and max_grade (in configuration mode only max_grade). Ghosts
 * of it are neighbours of the others; their site energies and grades are zero. */
MTP_API mtp_status mtp_evaluator_config(mtp_context *ctx, mtp_evaluator *ev, mtp_config *cfg, int graded);

#ifdef __cplusplus
}
#endif
#endif
