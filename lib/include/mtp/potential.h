/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/potential.h
 * A moment tensor potential: its basis (index lists), radial basis, parameters and element names. What a potential is,
 * not how it is evaluated (evaluator.h).
 *
 * Parameters are one vector theta in the order of the file format:
 *
 * - radial: index ((zi*C + zj)*K + mu)*R + k, C*C*K*R numbers
 * - species: C constants
 * - moment: S linear coefficients in mapping order
 *
 * Objects built from a potential (evaluators, active sets, normal equations) hold the parameters of the moment they
 * were built; after mtp_potential_set_parameters they must be rebuilt or refreshed.
 *
 * Sources: Shapeev, Multiscale Model. Simul. 14, 1153 (2016); Novikov et al., Mach. Learn.: Sci. Technol. 2, 025002
 * (2021).
 */
#ifndef MTP_POTENTIAL_H
#define MTP_POTENTIAL_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_potential mtp_potential;

/** What `mtp init` asks for. */
typedef struct mtp_potential_spec {
  int level;                   /**< even, 2..30 */
  int species_count;           /**< 1.. */
  const char *const *elements; /**< [species_count] names such as "Al", or NULL for a potential without names */
  double cutoff;               /**< max_dist, A */
  double min_dist;             /**< lower end of the radial domain, A; > 0 and < cutoff; 0: training takes it from the
                                    data, 2 A until then (less for a cutoff below 4 A) */
  int radial_size;             /**< R, 2..32; 0: training chooses it by what the data support */
} mtp_potential_spec;

/** A potential of the given level without trained coefficients but with decaying, well-conditioned radial functions, so
 * that a linear fit is worth its name: ((cutoff - r)/(cutoff - min_dist))^2 exp(-k(r - min_dist)) with
 * k(cutoff - min_dist) = 0, 5, 10, 14, 19, 24 in order of mu, projected on the Chebyshev functions, orthonormalised in
 * that order, and of a different size for every pair of species. Linear coefficients are absent (untrained). The radial
 * size must not be below the number of radial functions of the level (1 + (level - 2)/4, at most 6). */
MTP_API mtp_status mtp_potential_new(mtp_context *ctx, const mtp_potential_spec *spec, mtp_potential **out);

/** Reads the potential part of `.mtp`, `.almtp` or `.als`, compressed by gzip or not; what follows a '#' is left alone
 * (active_set.h reads it), lines of '#' before the potential are comments. Warns of units other than metal in these and
 * of radial functions that no moment uses, which are kept. An untrained file (no radial coefficients) gets the radial
 * functions of mtp_potential_new; a file without element names has no elements. Errors name the file, the line and what
 * was expected. Magnetic files: MTP_ERR_UNSUPPORTED. */
MTP_API mtp_status mtp_potential_read(mtp_context *ctx, const char *path, mtp_potential **out);

/** Writes the potential without an active set, atomically (temporary file, sync, rename), with 17 significant digits.
 *  With an active set: mtp_active_set_write. */
MTP_API mtp_status mtp_potential_write(mtp_context *ctx, const mtp_potential *pot, const char *path);

/** What mtp_potential_write writes, as malloc'ed *text with a terminating zero beyond *size: whoever reads it has the
 * same potential to the last bit (mtp_model_from_text), which is how the processes of an engine come to share one. */
MTP_API mtp_status mtp_potential_format(mtp_context *ctx, const mtp_potential *pot, char **text, size_t *size);

MTP_API mtp_status mtp_potential_copy(mtp_context *ctx, const mtp_potential *pot, mtp_potential **out);
MTP_API void mtp_potential_free(mtp_potential *pot);

MTP_API int mtp_potential_level(const mtp_potential *pot);         /**< 0 if the index lists are of no standard level */
MTP_API int mtp_potential_species_count(const mtp_potential *pot); /**< C */
MTP_API int mtp_potential_radial_count(const mtp_potential *pot);  /**< K */
MTP_API int mtp_potential_radial_size(const mtp_potential *pot);   /**< R */
MTP_API int mtp_potential_scalar_count(const mtp_potential *pot);  /**< S */
MTP_API double mtp_potential_cutoff(const mtp_potential *pot);     /**< max_dist, A */
MTP_API double mtp_potential_min_dist(const mtp_potential *pot);   /**< A */
MTP_API bool mtp_potential_is_trained(const mtp_potential *pot);   /**< linear coefficients are present */
MTP_API const char *mtp_potential_radial_name(const mtp_potential *pot); /**< e.g. "RBChebyshev" */

/** Element name of a species, or NULL if the file has none. */
MTP_API const char *mtp_potential_element(const mtp_potential *pot, int species);
/** Label of a species in the pair blocks of the file (0, 1, ... or atomic numbers in files of MLIP-3). */
MTP_API int mtp_potential_label(const mtp_potential *pot, int species);
/** Species that carries this element name, or -1. */
MTP_API int mtp_potential_find_element(const mtp_potential *pot, const char *element);
/** Stamps element names (copied) on the potential; `elements[C]`. */
MTP_API mtp_status mtp_potential_set_elements(mtp_context *ctx, mtp_potential *pot, const char *const *elements);

/** Whether training may change the radial size, and raise min_dist to what the data need: words `radial_size=auto` and
 * `min_dist=auto` in potential_tag, which other programs ignore. */
MTP_API bool mtp_potential_size_is_free(const mtp_potential *pot);
MTP_API bool mtp_potential_min_dist_is_free(const mtp_potential *pot);
/** The same potential on another radial basis, exactly: Chebyshev functions of one size span the same space for every
 * min_dist, and a larger size contains a smaller one. Changes the parameter vector and, with the size, its length; the
 * linear coefficients stay. `size` must not be below the present one. RBChebyshev alone: others are
 * MTP_ERR_UNSUPPORTED. */
MTP_API mtp_status mtp_potential_rebase(mtp_context *ctx, mtp_potential *pot, double min_dist, int size);

/** Length n = C*C*K*R + C + S of the parameter vector. */
MTP_API size_t mtp_potential_parameter_count(const mtp_potential *pot);
/** theta[n], owned by the potential. */
MTP_API const double *mtp_potential_parameters(const mtp_potential *pot);
/** Replaces theta[n] and marks the potential trained. All values must be finite. */
MTP_API mtp_status mtp_potential_set_parameters(mtp_context *ctx, mtp_potential *pot, const double *theta);

/** What a gradient row is of, by which grades tell how far something extrapolates (active_set.h); g_i = dV_i/dtheta is
 * the gradient of the energy of atom i of N. */
typedef enum mtp_mode {
  MTP_MODE_CONFIGURATION, /**< one row a configuration: sum_i g_i / N */
  MTP_MODE_NEIGHBOURHOOD, /**< one row an atom: g_i */
  MTP_MODE_FORCES         /**< the equations of a configuration: its energy, six components of its virial, three of the
                             force on each atom, each by the root of its weight in the default objective; of the linear
                             coefficients. It is as new as the newest of them, and enters as a whole */
} mtp_mode;

#ifdef __cplusplus
}
#endif
#endif
