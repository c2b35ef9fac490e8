/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_naive.h
 * The oracle: a moment tensor potential evaluated straight from its formulas, written for clarity and shared with
 * nothing in the library but the data of a potential. Extended precision, brute-force neighbours, derivatives by the
 * forward product rule (the library uses adjoints), radial polynomials in closed form (the library uses recurrences).
 * Slow on purpose. */
#ifndef SUPPORT_NAIVE_H
#define SUPPORT_NAIVE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "mtp/config.h"

/** Real atoms of a configuration and all periodic images within some reach of a real atom. */
typedef struct naive_atoms {
  size_t n, nall;
  double *x;    /**< [3*nall] */
  int *species; /**< [nall], -1: not an atom of the potential */
  int *owner;   /**< [nall] the real atom behind each entry */
} naive_atoms;
naive_atoms *naive_atoms_build(const mtp_config *cfg, double reach);
void naive_atoms_free(naive_atoms *atoms);

/** Everything that can be asked of a potential; D_ij = dV_i/d(r_j - r_i). */
typedef struct naive_result {
  size_t n, nall, nparams, nscalars;
  int *neighbors; /**< [n] inside the cutoff */
  double energy;
  double virial[6];     /**< xx yy zz xy xz yz of -sum D (x) r */
  double *site_energy;  /**< [n] */
  double *force;        /**< [3*nall] */
  double *site_virial;  /**< [6*nall] half to i, half to j */
  double *site_virial9; /**< [9*nall] -r (x) D, all to j: xx yy zz xy xz yz yx zx zy */
  double *rows;         /**< [n*nparams] dV_i/dtheta */
  double *gradient;     /**< [nparams] sum of the rows */
  double *scalars;      /**< [n*nscalars] B_t of every site */
  double *basis_force;  /**< [nscalars*3*nall] forces of the potential sum_i B_t */
  double *basis_virial; /**< [nscalars*9] row-major virial of the same */
  double force_terms;   /**< largest sum over t of |xi_t basis_force_t|: what rounds in a force, however small it is */
} naive_result;

/** A force is compared on a scale of at least this part of its terms: 5e-5 of it, the tolerance of precision mixed, is
 * 200 roundings of the terms in single precision. */
#define NAIVE_ROUNDING 0.25

/** Results of the central atoms (`central[n]` flags, NULL: all real atoms), with ghosts kept apart. */
naive_result *naive_compute(const mtp_potential *pot, const naive_atoms *atoms, const bool *central);
/** Results of a configuration, what is on images folded onto the real atoms (nall == n). */
naive_result *naive_config(const mtp_potential *pot, const mtp_config *cfg);
void naive_result_free(naive_result *result);

/** Adds up values[width*nall] by owner into a new array [width*n]. */
double *naive_fold(const naive_atoms *atoms, size_t width, const double *values);

/** Radial basis with scaling, q[R] and dq[R]. */
void naive_radial_values(const mtp_radial *radial, double r, double *q, double *dq);

/** ln |det A| of a[n*n] by Gaussian elimination with full pivoting in extended precision. */
double naive_log_det(size_t n, const double *a);
/** Solves x A = b for x[n]: the coordinates of row b in the rows of A. */
void naive_coordinates(size_t n, const double *a, const double *b, double *x);

#endif
