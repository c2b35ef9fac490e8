/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/grade_product.h
 * The product of rows with an inverse active set in single precision, with an upper bound of every element. Compiled
 * once per instruction set. */
#ifndef MTP_GRADE_PRODUCT_H
#define MTP_GRADE_PRODUCT_H

#include <stddef.h>

/** Rows that a product takes at once; a multiple of the rows that every variant works on. */
#define MTP_GRADE_BATCH 96
/** Columns that lie together in memory. */
#define MTP_GRADE_PANEL 32
/** Columns j with the same j % MTP_GRADE_LANES share a bound. */
#define MTP_GRADE_LANES 16
/** Terms of a sum that are added up before they join the total. */
#define MTP_GRADE_CHUNK 32

/** Distance of scaled rows: whole vectors of every variant. */
static inline size_t mtp_grade_stride(size_t length) {
  return (length + MTP_GRADE_LANES - 1) / MTP_GRADE_LANES * MTP_GRADE_LANES;
}

/** One factor of the product, in scaled units: with f_k = (b_k - centre_k) scale_k the element (b A^-1)_j is
 * offset_j + sum_k f_k matrix_kj, and it is not larger than |what was computed| + |f| slope_j + rest_j. */
typedef struct mtp_grade_factor {
  size_t length, panels;
  double *centre, *scale; /**< [mtp_grade_stride(length)], zero beyond length */
  float *matrix;          /**< [panels][length][MTP_GRADE_PANEL] */
  float *offset;          /**< [panels*MTP_GRADE_PANEL] */
  float *slope, *rest;    /**< [panels*MTP_GRADE_PANEL] */
} mtp_grade_factor;

typedef struct mtp_grade_result {
  float *scaled;  /**< [MTP_GRADE_BATCH*mtp_grade_stride(length)] the rows f, zero beyond length */
  float *norm;    /**< [MTP_GRADE_BATCH] |f|; infinity, as bounds then are, where the product says nothing */
  float *product; /**< [MTP_GRADE_BATCH*panels*MTP_GRADE_PANEL] */
  float *bound;   /**< [MTP_GRADE_BATCH*MTP_GRADE_LANES] largest upper bound of the columns of each lane */
} mtp_grade_result;

/** Fills `out` for rows[m*length], m <= MTP_GRADE_BATCH. */
typedef void mtp_grade_product_function(const mtp_grade_factor *factor, size_t m, const double *rows,
                                        const mtp_grade_result *out);

mtp_grade_product_function mtp_grade_product_baseline;
mtp_grade_product_function mtp_grade_product_avx2;
mtp_grade_product_function mtp_grade_product_avx512;

#endif
