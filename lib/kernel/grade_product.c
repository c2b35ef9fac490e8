/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/grade_product.c
 * The product of kernel/grade_product.h. Rows are blocked so that a part of the result stays in registers, and sums are
 * made in chunks: that is what keeps the bound of their rounding small. */
#include "kernel/grade_product.h"

#include <math.h>
#include <string.h>

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define ROWS         12
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define ROWS         6
#else
#define VECTOR_BYTES 16
#define ROWS         6
#endif
#define W       (VECTOR_BYTES / (int)sizeof(float))
#define VECTORS 2 /* ROWS * VECTORS sums and VECTORS factors are in registers */
#define COLUMNS (VECTORS * W)

_Static_assert(MTP_GRADE_BATCH % ROWS == 0, "batches are made of whole blocks");
_Static_assert(MTP_GRADE_PANEL % COLUMNS == 0 && MTP_GRADE_PANEL % MTP_GRADE_LANES == 0 && MTP_GRADE_LANES % W == 0,
               "panels are made of whole blocks, lanes of whole vectors");

#define VARIANT_(name, isa) name##_##isa
#define VARIANT2(name, isa) VARIANT_(name, isa)
#define VARIANT(name)       VARIANT2(name, MTP_ISA)
#define INLINE              static inline __attribute__((always_inline))

typedef float vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int mask __attribute__((vector_size(VECTOR_BYTES)));
/* Half a vector of floats, and the doubles that they are made from. */
typedef float half __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef double wide __attribute__((vector_size(VECTOR_BYTES)));

/* Norms beyond this are those of rows that no product in single precision can grade. */
#define LARGEST_NORM 1e15f

INLINE vec load(const float *p) {
  vec v;
  memcpy(&v, p, sizeof v);
  return v;
}

INLINE void store(float *p, vec v) {
  memcpy(p, &v, sizeof v);
}

INLINE vec modulus(vec v) {
  return (vec)((mask)v & 0x7fffffff);
}

INLINE vec larger(vec a, vec b) {
  const mask m = a > b;
  return (vec)((m & (mask)a) | (~m & (mask)b));
}

/* Sum of the elements, in pairs. */
INLINE float sum_of(half v) {
  float x[W / 2];
  memcpy(x, &v, sizeof x);
  for (int n = W / 4; n > 0; n /= 2)
    for (int e = 0; e < n; e++) x[e] += x[e + n];
  return x[0];
}

/* f = (row - centre) scale for W/2 entries. */
INLINE half scale_half(const double *row, const double *centre, const double *scale) {
  wide b, c, s;
  memcpy(&b, row, sizeof b);
  memcpy(&c, centre, sizeof c);
  memcpy(&s, scale, sizeof s);
  return __builtin_convertvector((b - c) * s, half);
}

/* A whole row, and zeros up to the end of its last vector; the norm of f. */
static float scale_row(const mtp_grade_factor *factor, const double *row, float *f) {
  const size_t length = factor->length, step = W / 2, whole = length / step * step, end = mtp_grade_stride(length);
  const double *const centre = factor->centre, *const scale = factor->scale; /* stores of f might alias the factor */
  half squares = {0};
  for (size_t k = 0; k < whole; k += step) {
    const half v = scale_half(row + k, centre + k, scale + k);
    memcpy(f + k, &v, sizeof v);
    squares += v * v;
  }
  for (size_t k = whole; k < end; k += step) {
    double rest[W / 2] = {0};
    for (size_t e = 0; k + e < length; e++) rest[e] = row[k + e];
    const half v = scale_half(rest, centre + k, scale + k); /* of zeros where the row has ended */
    memcpy(f + k, &v, sizeof v);
    squares += v * v;
  }
  return sqrtf(sum_of(squares));
}

/* All rows, and zeros up to `whole` of them. */
static void scale_rows(const mtp_grade_factor *factor, size_t m, size_t whole, const double *rows,
                       const mtp_grade_result *out) {
  const size_t stride = mtp_grade_stride(factor->length);
  for (size_t i = 0; i < whole; i++) {
    float *f = out->scaled + i * stride;
    out->norm[i] = i < m ? scale_row(factor, rows + i * factor->length, f) : INFINITY;
    if (out->norm[i] <= LARGEST_NORM) continue;
    memset(f, 0, stride * sizeof *f);
    out->norm[i] = INFINITY;
  }
}

/* Offsets and bounds of rows whose sums are in out->product. */
static void finish_rows(const mtp_grade_factor *factor, size_t m, const mtp_grade_result *out) {
  const size_t width = factor->panels * MTP_GRADE_PANEL;
  memset(out->bound, 0, m * MTP_GRADE_LANES * sizeof *out->bound);
  for (size_t lane = 0; lane < MTP_GRADE_LANES; lane += W)
    for (size_t i = 0; i < m; i++) {
      float *bound = out->bound + i * MTP_GRADE_LANES + lane, *product = out->product + i * width;
      vec largest = {0};
      for (size_t j = lane; j < width; j += MTP_GRADE_LANES) {
        const vec z = load(product + j) + load(factor->offset + j);
        store(product + j, z);
        largest = larger(modulus(z) + out->norm[i] * load(factor->slope + j) + load(factor->rest + j), largest);
      }
      store(bound, largest);
    }
}

/* Sums of ROWS rows by COLUMNS columns. */
static void multiply_block(const mtp_grade_factor *factor, size_t row, size_t column, const mtp_grade_result *out) {
  const size_t length = factor->length, stride = mtp_grade_stride(length), width = factor->panels * MTP_GRADE_PANEL;
  const float *rows = out->scaled + row * stride;
  const float *matrix = factor->matrix + column / MTP_GRADE_PANEL * length * MTP_GRADE_PANEL + column % MTP_GRADE_PANEL;
  vec sum[ROWS][VECTORS] = {{{0}}};
  for (size_t begin = 0; begin < length; begin += MTP_GRADE_CHUNK) {
    const size_t end = begin + MTP_GRADE_CHUNK < length ? begin + MTP_GRADE_CHUNK : length;
    vec part[ROWS][VECTORS] = {{{0}}};
    for (size_t k = begin; k < end; k++) {
      vec entry[VECTORS];
      for (int v = 0; v < VECTORS; v++) entry[v] = load(matrix + k * MTP_GRADE_PANEL + v * W);
#pragma GCC unroll 12
      for (int i = 0; i < ROWS; i++)
        for (int v = 0; v < VECTORS; v++) part[i][v] += rows[(size_t)i * stride + k] * entry[v];
    }
    for (int i = 0; i < ROWS; i++)
      for (int v = 0; v < VECTORS; v++) sum[i][v] += part[i][v];
  }
  for (int i = 0; i < ROWS; i++)
    for (int v = 0; v < VECTORS; v++) store(out->product + (row + (size_t)i) * width + column + v * W, sum[i][v]);
}

void VARIANT(mtp_grade_product)(const mtp_grade_factor *factor, size_t m, const double *rows,
                                const mtp_grade_result *out) {
  const size_t whole = (m + ROWS - 1) / ROWS * ROWS;
  scale_rows(factor, m, whole, rows, out);
  for (size_t column = 0; column < factor->panels * MTP_GRADE_PANEL; column += COLUMNS)
    for (size_t i = 0; i < whole; i += ROWS) multiply_block(factor, i, column, out);
  finish_rows(factor, m, out);
}
