/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/grade.h
 * Grades of compact rows: gamma(b) = max_j |(b A^-1)_j|. Of the row of an atom of species z only its own radial
 * coefficients, the constant of its species and the scalars differ from zero, so only these are stored: C*K*R radial
 * derivatives, 1.0, S scalars. Where all radial columns of the active set are pinned, they add nothing to a grade and
 * are left out of the rows.
 *
 * A product in single precision with a rigorous bound of its error says which few elements can be the largest, and only
 * those are computed in double. Grades are the same bits for any batch and for both calls below. What is not a number
 * is beyond every threshold: infinity. */
#ifndef MTP_GRADE_H
#define MTP_GRADE_H

#include "kernel/grade_product.h"
#include "kernel/plan.h"
#include "mtp/potential.h"

typedef struct mtp_grader mtp_grader;

/** Of the plan only the sizes are read. inverse[n*n] as mtp_active_set_inverse gives it, copied. In configuration mode
 * only mtp_grader_full_row may be called. */
mtp_status mtp_grader_new(mtp_context *ctx, const mtp_plan *plan, mtp_mode mode, const double *inverse,
                          mtp_grader **out);
void mtp_grader_free(mtp_grader *grader);
/** Whether rows are of the linear coefficients alone. */
bool mtp_grader_is_linear(const mtp_grader *grader);
/** Memory that it holds, in bytes. */
double mtp_grader_memory(const mtp_grader *grader);

/** Grades grade[m] of rows[m*mtp_plan_row_length()], linear ones or not, of central atoms of one species; m is at most
 * MTP_GRADE_BATCH. */
void mtp_grader_rows(mtp_grader *grader, int species, size_t m, const double *rows, double *grade);

/** For those who ask for the largest grade only: raises *largest (>= 0) to the largest grade of the rows and returns
 * the first row that has it, or -1 if none is larger. Rows that are certainly not larger are left at that. */
int mtp_grader_largest(mtp_grader *grader, int species, size_t m, const double *rows, double *largest);

/** Grade of one row[n] of all parameters. */
double mtp_grader_full_row(mtp_grader *grader, const double *row);

#endif
