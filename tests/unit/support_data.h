/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_data.h
 * Material for the numerical tests: random potentials of every kind, random configurations in awkward cells, neighbour
 * lists as an MD engine would hand them over, and comparisons that say what deviates by how much. Everything is
 * reproducible: the caller owns the random generator. Failing helpers end the running cmocka test. */
#ifndef SUPPORT_DATA_H
#define SUPPORT_DATA_H

#include <stddef.h>

#include "model/model.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/evaluator.h"

struct naive_atoms;
struct mtp_objective;
struct mtp_objective_options;

/** Zeroed memory; a test that runs out of it is aborted. */
void *data_calloc(size_t count, size_t size);

/** A context whose kernels are those of MTP_TEST_INSTRUCTION_SET; ends the program as skipped (77) where the processor
 * does not have them. */
mtp_context *data_context(void);

/** Fails the running test with the message of the context unless `status` is MTP_OK. */
void data_must_at(mtp_context *ctx, mtp_status status, const char *file, int line);
#define data_must(ctx, call) data_must_at((ctx), (call), __FILE__, __LINE__)

double data_uniform(mtp_random *random, double low, double high);
size_t data_index(mtp_random *random, size_t count); /**< 0..count-1 */

/** What a random potential should look like. */
typedef struct data_recipe {
  int level, species, radial_size;
  mtp_radial_type type;
  double min_dist, cutoff;
} data_recipe;

/** A trained potential with random coefficients whose moments are of order one in a dense solid. */
mtp_potential *data_potential(mtp_context *ctx, mtp_random *random, const data_recipe *recipe);
/** A copy with all parameters off by up to 5 %: labels that a fit of the linear coefficients cannot reach. */
mtp_potential *data_neighbour(mtp_context *ctx, mtp_random *random, const mtp_potential *pot);

typedef enum data_shape {
  DATA_ORTHOGONAL,
  DATA_TRICLINIC, /**< a very skewed choice of lattice vectors */
  DATA_THIN,      /**< one lattice vector shorter than the cutoff: atoms see their own images */
  DATA_SLAB,      /**< two lattice vectors */
  DATA_WIRE,      /**< one lattice vector */
  DATA_CLUSTER,   /**< no lattice vector */
  DATA_SHAPES
} data_shape;

/** n atoms of random species 0..species-1 on a jittered grid of about `spacing`, in a cell of the given shape;
 * positions are not confined to the cell. */
mtp_config *data_config(mtp_random *random, data_shape shape, size_t n, int species, double spacing);

/** Appends a copy of `cfg` with the labels of `pot` (evaluated by the oracle) to `set`. */
void data_append_labelled(mtp_context *ctx, mtp_config_set *set, const mtp_potential *pot, const mtp_config *cfg);

/** A trained potential of level 8 of Na and Cl within 5 A, and configurations of 1 to 12 atoms in cells of all shapes
 * with labels of its own. */
typedef struct data_training {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *set;
} data_training;
void data_training_open(data_training *t, unsigned long long seed, size_t configs);
void data_training_close(data_training *t);

/** The objective of training on a set that outlives it, all of which is trained on. */
struct mtp_objective *data_objective(mtp_context *ctx, const struct mtp_objective_options *options, int threads,
                                     const mtp_config_set *set, const mtp_potential *pot);

/** Full neighbour lists of the first n atoms with everything within `reach`, in random order. */
typedef struct data_lists {
  int *count;
  int **list;
  int *storage;
} data_lists;
data_lists *data_lists_build(mtp_random *random, const struct naive_atoms *atoms, double reach);
void data_lists_free(data_lists *lists);

/** Largest |got - want| over the largest |want|, or over `scale` if that is larger (for sums that cancel); the
 * difference itself where both are zero. Not-a-number counts as infinite. */
double data_deviation(size_t n, const double *got, const double *want, double scale);

/** Fails unless the deviation is at most `tolerance`. */
void data_expect_near(const char *what, size_t n, const double *got, const double *want, double scale,
                      double tolerance);
void data_expect_close(const char *what, size_t n, const double *got, const double *want, double tolerance);

/** Largest absolute value. */
double data_largest(size_t n, const double *values);

/** A fresh folder for temporary files, and its removal with all files in it (one level). */
char *data_folder_new(void);
void data_folder_remove(char *folder);
/** malloc'ed "folder/name". */
char *data_path(const char *folder, const char *name);

#endif
