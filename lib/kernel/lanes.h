/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/lanes.h
 * Vectors of W lanes: what the files that are compiled once per instruction set stand on. MTP_ISA names the variant,
 * the compiler's own macros say what it may use. With MTP_MIXED the lanes are floats, twice as many as doubles; where
 * doubles are needed (positions, forces) such a vector is two PARTS of D doubles.
 *
 * Everything is written with the vector types that GCC and Clang share. Instructions are named only where no expression
 * leads to them: transposes, compression, reciprocal square roots. */
#ifndef MTP_LANES_H
#define MTP_LANES_H

#include <math.h>
#include <string.h>

#if defined(__AVX512F__) || defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#define UNROLL       4 /* 32 registers hold the running monomials of four neighbours; 2 or 4 */
#elif defined(__AVX2__)
#define VECTOR_BYTES 32
#define UNROLL       2
#else
#define VECTOR_BYTES 16
#define UNROLL       2
#endif

#define D (VECTOR_BYTES / 8)
#ifdef MTP_MIXED
typedef float real;
#define SQRT sqrtf
typedef int real_bits;
#define PARTS            2
#define IN_REAL(numbers) ((numbers).in_single)
#else
typedef double real;
#define SQRT             sqrt
typedef long real_bits;
#define PARTS            1
#define IN_REAL(numbers) ((numbers).in_double)
#endif
#define W (PARTS * D)

typedef double dvec __attribute__((vector_size(VECTOR_BYTES)));
typedef long dvec_mask __attribute__((vector_size(VECTOR_BYTES)));
typedef real vec __attribute__((vector_size(VECTOR_BYTES)));
/* What a comparison of two vectors gives: all bits set in the lanes where it holds. */
typedef real_bits vec_mask __attribute__((vector_size(VECTOR_BYTES)));

#define INLINE static inline __attribute__((always_inline))
/* A stage stays a function of its own, so that a profile shows it. Not every file uses all stages. */
#define STAGE static __attribute__((noinline, unused))

#define VARIANT_(name, isa) name##_##isa
#define VARIANT2(name, isa) VARIANT_(name, isa)
#ifdef MTP_MIXED
#define VARIANT(name) VARIANT2(name##_mixed, MTP_ISA)
#else
#define VARIANT(name) VARIANT2(name, MTP_ISA)
#endif

INLINE vec all(double x) {
  return (real)x - (vec){0};
}

INLINE vec where(vec_mask m, vec yes, vec no) {
  return (vec)((m & (vec_mask)yes) | (~m & (vec_mask)no));
}

/* ---- between single and double ---- */

#ifdef MTP_MIXED
typedef float half_vec __attribute__((vector_size(VECTOR_BYTES / 2)));

INLINE vec narrow(const dvec *parts) {
  const half_vec low = __builtin_convertvector(parts[0], half_vec), high = __builtin_convertvector(parts[1], half_vec);
#if defined(__AVX512F__)
  return (vec)_mm512_insertf32x8(_mm512_castps256_ps512((__m256)low), (__m256)high, 1);
#elif defined(__AVX2__)
  return (vec)_mm256_insertf128_ps(_mm256_castps128_ps256((__m128)low), (__m128)high, 1);
#else
  vec v;
  memcpy(&v, &low, sizeof low);
  memcpy((char *)&v + sizeof low, &high, sizeof high);
  return v;
#endif
}

INLINE void widen(vec v, dvec *parts) {
#if defined(__AVX512F__)
  parts[0] = (dvec)_mm512_cvtps_pd(_mm512_castps512_ps256((__m512)v));
  parts[1] = (dvec)_mm512_cvtps_pd(_mm512_extractf32x8_ps((__m512)v, 1));
#elif defined(__AVX2__)
  parts[0] = (dvec)_mm256_cvtps_pd(_mm256_castps256_ps128((__m256)v));
  parts[1] = (dvec)_mm256_cvtps_pd(_mm256_extractf128_ps((__m256)v, 1));
#else
  half_vec low, high;
  memcpy(&low, &v, sizeof low);
  memcpy(&high, (char *)&v + sizeof low, sizeof high);
  parts[0] = __builtin_convertvector(low, dvec);
  parts[1] = __builtin_convertvector(high, dvec);
#endif
}
#else
INLINE vec narrow(const dvec *parts) {
  return parts[0];
}

INLINE void widen(vec v, dvec *parts) {
  parts[0] = v;
}
#endif

/* ---- points: x, y, z and a fourth number, found by their offset in bytes ---- */

#define POINT_BYTES 32

INLINE double *point_at(double *point, unsigned offset) {
  return (double *)(void *)((char *)point + offset);
}

typedef struct columns {
  dvec x, y, z, fourth;
} columns;

/* Columns of the points at offset[0..D-1]. */
INLINE columns load_points(double *point, const unsigned *offset) {
  columns to;
#if defined(__AVX512F__)
#define POINT(e)     _mm256_load_pd(point_at(point, offset[e]))
#define POINTS(e, f) _mm512_insertf64x4(_mm512_castpd256_pd512(POINT(e)), POINT(f), 1)
  const __m512d a = POINTS(0, 2), b = POINTS(1, 3), c = POINTS(4, 6), d = POINTS(5, 7);
  const __m512d xz = _mm512_unpacklo_pd(a, b), yw = _mm512_unpackhi_pd(a, b);
  const __m512d XZ = _mm512_unpacklo_pd(c, d), YW = _mm512_unpackhi_pd(c, d);
  to.x = (dvec)_mm512_shuffle_f64x2(xz, XZ, 0x88);
  to.y = (dvec)_mm512_shuffle_f64x2(yw, YW, 0x88);
  to.z = (dvec)_mm512_shuffle_f64x2(xz, XZ, 0xdd);
  to.fourth = (dvec)_mm512_shuffle_f64x2(yw, YW, 0xdd);
#undef POINT
#undef POINTS
#elif defined(__AVX2__)
#define POINT(e) _mm256_load_pd(point_at(point, offset[e]))
  const __m256d xz = _mm256_unpacklo_pd(POINT(0), POINT(1)), yw = _mm256_unpackhi_pd(POINT(0), POINT(1));
  const __m256d XZ = _mm256_unpacklo_pd(POINT(2), POINT(3)), YW = _mm256_unpackhi_pd(POINT(2), POINT(3));
  to.x = (dvec)_mm256_permute2f128_pd(xz, XZ, 0x20);
  to.y = (dvec)_mm256_permute2f128_pd(yw, YW, 0x20);
  to.z = (dvec)_mm256_permute2f128_pd(xz, XZ, 0x31);
  to.fourth = (dvec)_mm256_permute2f128_pd(yw, YW, 0x31);
#undef POINT
#else
  const double *p = point_at(point, offset[0]), *q = point_at(point, offset[1]);
  to.x = (dvec){p[0], q[0]}, to.y = (dvec){p[1], q[1]}, to.z = (dvec){p[2], q[2]}, to.fourth = (dvec){p[3], q[3]};
#endif
  return to;
}

/* Takes (x, y, z) of every lane off its point, one after the other: points may coincide. */
INLINE void subtract_from_points(double *point, const unsigned *offset, dvec x, dvec y, dvec z) {
#if defined(__AVX512F__)
#define TAKE(e, four)                                                                                                  \
  _mm256_store_pd(point_at(point, offset[e]), _mm256_sub_pd(_mm256_load_pd(point_at(point, offset[e])), four))
#define TAKE_TWO(e, f, eight)                                                                                          \
  TAKE(e, _mm512_castpd512_pd256(eight));                                                                              \
  TAKE(f, _mm512_extractf64x4_pd(eight, 1))
  const __m512d zero = _mm512_setzero_pd();
  const __m512i low = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0), high = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
  const __m512d xy = _mm512_unpacklo_pd((__m512d)x, (__m512d)y), zw = _mm512_unpacklo_pd((__m512d)z, zero);
  const __m512d XY = _mm512_unpackhi_pd((__m512d)x, (__m512d)y), ZW = _mm512_unpackhi_pd((__m512d)z, zero);
  const __m512d p02 = _mm512_permutex2var_pd(xy, low, zw), p46 = _mm512_permutex2var_pd(xy, high, zw);
  const __m512d p13 = _mm512_permutex2var_pd(XY, low, ZW), p57 = _mm512_permutex2var_pd(XY, high, ZW);
  TAKE_TWO(0, 2, p02);
  TAKE_TWO(1, 3, p13);
  TAKE_TWO(4, 6, p46);
  TAKE_TWO(5, 7, p57);
#undef TAKE
#undef TAKE_TWO
#elif defined(__AVX2__)
#define TAKE(e, four)                                                                                                  \
  _mm256_store_pd(point_at(point, offset[e]), _mm256_sub_pd(_mm256_load_pd(point_at(point, offset[e])), four))
  const __m256d zero = _mm256_setzero_pd();
  const __m256d xy = _mm256_unpacklo_pd((__m256d)x, (__m256d)y), zw = _mm256_unpacklo_pd((__m256d)z, zero);
  const __m256d XY = _mm256_unpackhi_pd((__m256d)x, (__m256d)y), ZW = _mm256_unpackhi_pd((__m256d)z, zero);
  TAKE(0, _mm256_permute2f128_pd(xy, zw, 0x20));
  TAKE(1, _mm256_permute2f128_pd(XY, ZW, 0x20));
  TAKE(2, _mm256_permute2f128_pd(xy, zw, 0x31));
  TAKE(3, _mm256_permute2f128_pd(XY, ZW, 0x31));
#undef TAKE
#else
  for (int e = 0; e < D; e++) {
    double *p = point_at(point, offset[e]);
    p[0] -= x[e], p[1] -= y[e], p[2] -= z[e];
  }
#endif
}

/* ---- compression ---- */

/* Whole vectors are written: what receives a compressed list needs room for so many entries beyond its end. */
#define COMPRESS_SLACK 16

/* Offsets of the points list[0..n-1], n <= D, without the bits beyond `mask`; the others become `dummy`. */
INLINE void offsets_of(const int *list, int n, int mask, unsigned dummy, unsigned *offset) {
#if defined(__AVX512F__)
  const __mmask8 there = (__mmask8)((1u << n) - 1);
  const __m256i entry = _mm256_and_si256(_mm256_maskz_loadu_epi32(there, list), _mm256_set1_epi32(mask));
  _mm256_storeu_si256((__m256i *)(void *)offset,
                      _mm256_mask_slli_epi32(_mm256_set1_epi32((int)dummy), there, entry, 5));
  __asm__("" : "+m"(*(unsigned(*)[D])offset)); /* to be read as addresses: taking the vector apart would be slower */
#else
  for (int e = 0; e < D; e++) offset[e] = e < n ? (unsigned)(list[e] & mask) * POINT_BYTES : dummy;
#endif
}

/* Appends those offsets, and with `keys` the numbers key[e], whose square q is not beyond `cut2` (nor is it when it is
 * not a number); returns how many there are. */
INLINE int append_near(unsigned *to, int *keys, const unsigned *offset, dvec key, dvec q, double cut2) {
#if defined(__AVX512F__)
  const __mmask8 near = _mm512_cmp_pd_mask((__m512d)q, _mm512_set1_pd(cut2), _CMP_NGE_UQ);
  const __m256i entry = _mm256_loadu_si256((const __m256i *)(const void *)offset);
  _mm256_storeu_si256((__m256i *)(void *)to, _mm256_maskz_compress_epi32(near, entry));
  if (keys)
    _mm256_storeu_si256((__m256i *)(void *)keys, _mm256_maskz_compress_epi32(near, _mm512_cvttpd_epi32((__m512d)key)));
  return __builtin_popcount(near);
#else
  int n = 0;
  for (int e = 0; e < D; e++) {
    to[n] = offset[e];
    if (keys) keys[n] = (int)key[e];
    n += !(q[e] >= cut2);
  }
  return n;
#endif
}

/* Appends those of from[n] whose key is `value`; returns how many there are. */
INLINE int append_matching(unsigned *to, const unsigned *from, const int *keys, int n, int value) {
  int kept = 0;
#if defined(__AVX512F__)
  for (int k = 0; k < n; k += 16) {
    const __mmask16 there = n - k < 16 ? (__mmask16)((1u << (n - k)) - 1) : (__mmask16)0xffff;
    const __m512i key = _mm512_maskz_loadu_epi32(there, keys + k), entry = _mm512_maskz_loadu_epi32(there, from + k);
    const __mmask16 match = _mm512_mask_cmpeq_epi32_mask(there, key, _mm512_set1_epi32(value));
    _mm512_storeu_si512(to + kept, _mm512_maskz_compress_epi32(match, entry));
    kept += __builtin_popcount(match);
  }
#else
  for (int k = 0; k < n; k++) {
    to[kept] = from[k];
    kept += keys[k] == value;
  }
#endif
  return kept;
}

/* ---- transposes ---- */

/* to = elements of p and q, those of q after the N of p. */
#if defined(__clang__)
#define CHOOSE(N, to, p, q, which)                                                                                     \
  for (int e = 0; e < N; e++) (to)[e] = which[e] < N ? p[which[e]] : q[which[e] - N]
#else
#define CHOOSE(N, to, p, q, which) (to) = __builtin_shuffle(p, q, which)
#endif

/* Exchanges the off-diagonal elements of each square of 2*step vectors of N. */
#define TRANSPOSE_STEP(name, N, vector, mask)                                                                          \
  INLINE void name(const int step, vector *v) {                                                                        \
    mask low, high;                                                                                                    \
    for (int e = 0; e < N; e++) {                                                                                      \
      low[e] = e & step ? N + e - step : e;                                                                            \
      high[e] = e & step ? N + e : e + step;                                                                           \
    }                                                                                                                  \
    _Pragma("GCC unroll 16") for (int i = 0; i < N; i++) {                                                             \
      if (i & step) continue;                                                                                          \
      const vector p = v[i], q = v[i + step];                                                                          \
      CHOOSE(N, v[i], p, q, low);                                                                                      \
      CHOOSE(N, v[i + step], p, q, high);                                                                              \
    }                                                                                                                  \
  }

TRANSPOSE_STEP(transpose_step, D, dvec, dvec_mask)

/* Row i becomes column i. */
INLINE void transpose(dvec *v) {
  transpose_step(1, v);
  if (D > 2) transpose_step(2, v);
  if (D > 4) transpose_step(4, v);
}

#if VECTOR_BYTES >= 32
/* The same for W whole numbers in each of W vectors. */
typedef int list_vec __attribute__((vector_size(4 * W)));

TRANSPOSE_STEP(turn_step, W, list_vec, list_vec)

INLINE void turn(list_vec *v) {
  turn_step(1, v);
  turn_step(2, v);
  if (W > 4) turn_step(4, v);
  if (W > 8) turn_step(8, v);
}
#endif

/* ---- square root ---- */

/* r = sqrt(x) and its reciprocal to rounding. With AVX-512 by Newton steps from an estimate of 14 bits: square root and
 * division would be a third of the time of the lowest levels. */
INLINE void roots(vec x, vec *r, vec *rinv) {
#if defined(__AVX512F__)
#ifdef MTP_MIXED
  vec y = (vec)_mm512_rsqrt14_ps((__m512)x);
#else
  vec y = (vec)_mm512_rsqrt14_pd((__m512d)x);
  y += y * ((real)0.5 - ((real)0.5 * x * y) * y);
#endif
  y += y * ((real)0.5 - ((real)0.5 * x * y) * y);
  const vec s = x * y;
  *rinv = y;
  *r = s + ((real)0.5 * y) * (x - s * s); /* the same as sqrt() but for rare cases: potentials may have an edge */
#else
  for (int l = 0; l < W; l++) (*r)[l] = SQRT(x[l]);
  *rinv = 1 / *r;
#endif
}

#endif
