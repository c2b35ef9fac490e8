/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/normal.h
 * Normal equations in parts: several objects with the same plan and origin sum over configurations of their own, and
 * one takes the sums together and solves. */
#ifndef MTP_NORMAL_H
#define MTP_NORMAL_H

#include "kernel/plan.h"
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

/** Numbers in the sums of a part with m unknowns. */
size_t mtp_normal_sums_length(size_t m);
/** What was added so far, taken out of the part. */
void mtp_normal_take_sums(mtp_normal *nq, double *sums);
/** Puts the sums of a part into another one, from which mtp_normal_solve and mtp_normal_loss work. */
void mtp_normal_add_sums(mtp_normal *nq, const double *sums);

#endif
