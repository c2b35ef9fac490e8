/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/normal.h
 * Normal equations in parts: several objects with the same plan and origin sum over configurations of their own, and
 * one takes the sums together and solves. */
#ifndef MTP_NORMAL_H
#define MTP_NORMAL_H

#include <stdbool.h>

#include "kernel/plan.h"
#include "learn/equations.h"
#include "learn/sample.h"
#include "mtp/normal_equations.h"

/** mtp_normal_add and mtp_normal_add_all of samples. */
mtp_status mtp_normal_add_sample(mtp_context *ctx, mtp_normal *nq, const mtp_sample *sample);
mtp_status mtp_normal_add_samples(mtp_context *ctx, mtp_normal *nq, size_t n, mtp_sample *const *samples, int threads);

/** `plan` (borrowed) is of `pot`; its radial functions are those in use. */
mtp_status mtp_normal_new_part(mtp_context *ctx, const mtp_potential *pot, const mtp_plan *plan,
                               const mtp_weights *weights, mtp_normal **out);

/** Takes the average site of a sample out of all equations, see learn/normal.c. Before anything is added; the
 * same for all parts. */
mtp_status mtp_normal_set_origin(mtp_context *ctx, mtp_normal *nq, const mtp_sample *sample);

/** Has `pot` the radial functions of the plan, whatever min_dist they are written with? */
bool mtp_plan_has_functions_of(const mtp_plan *plan, const mtp_potential *pot);
/** The same of the plan that equations are made for. */
bool mtp_normal_has_functions_of(const mtp_normal *nq, const mtp_potential *pot);

/** Numbers in the sums of a part with m unknowns. */
size_t mtp_normal_sums_length(size_t m);
/** What was added so far, taken out of the part. */
void mtp_normal_take_sums(mtp_normal *nq, double *sums);
/** mtp_normal_loss of the configurations that are not squeezed; 0 without any. */
double mtp_normal_loss_of_others(const mtp_normal *nq, const double *x);
/** Puts the sums of a part into another one, from which mtp_normal_solve and mtp_normal_loss work. */
void mtp_normal_add_sums(mtp_normal *nq, const double *sums);

/** Sums over labels of one kind each, none of them weighted, of configurations that errors count. */
typedef struct mtp_normal_kinds {
  const mtp_equations *force, *energy, *virial; /**< lower triangles; energies and virials are per atom */
  double forces, energies, virials;             /**< how many, by components */
  size_t nspecies;
  const double *mean; /**< [C*m] see normal.c */
} mtp_normal_kinds;

/** False for a part, which does not keep them. */
bool mtp_normal_has_kinds(const mtp_normal *nq);
/** x[C+S] becomes centred, as the energies are. */
void mtp_normal_get_kinds(const mtp_normal *nq, double *x, mtp_normal_kinds *out);

#endif
