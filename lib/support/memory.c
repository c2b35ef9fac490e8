/* SPDX-License-Identifier: BSD-3-Clause */
/**@file support/memory.c
 * Allocation with overflow checks, growing text, clock and random numbers. */
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "support/support.h"

#ifdef MTP_TEST_ALLOCATIONS
bool mtp_test_may_allocate(void); /* of the test that compiles this file: shall this allocation succeed? */
#else
#define mtp_test_may_allocate() true
#endif

void *mtp_calloc(size_t count, size_t size) {
  if (!mtp_test_may_allocate()) return NULL;
  return calloc(count ? count : 1, size ? size : 1);
}

void *mtp_realloc(void *p, size_t count, size_t size) {
  if ((size && count > SIZE_MAX / size) || !mtp_test_may_allocate()) return NULL;
  size_t bytes = count * size;
  return realloc(p, bytes > 0 ? bytes : 1);
}

/* Whole lines of the cache, one at least; 0 if there are more bytes than numbers for them. */
static size_t aligned_bytes(size_t count, size_t size) {
  if (size && count > (SIZE_MAX - 64) / size) return 0;
  const size_t bytes = (count * size + 63) / 64 * 64;
  return bytes ? bytes : 64;
}

/* Of a large array even the first touch of its pages of 4 kB takes longer than filling it. */
#define HUGE_PAGE ((size_t)2 << 20)

static void *alloc_huge(size_t bytes) {
  void *p = aligned_alloc(HUGE_PAGE, bytes / HUGE_PAGE * HUGE_PAGE + HUGE_PAGE);
#ifdef MADV_HUGEPAGE
  if (p) madvise(p, bytes, MADV_HUGEPAGE); /* a wish: where there are none nothing changes */
#endif
  return p;
}

void *mtp_alloc_scratch(size_t count, size_t size) {
  const size_t bytes = aligned_bytes(count, size);
  if (!bytes || !mtp_test_may_allocate()) return NULL;
  return bytes < 4 * HUGE_PAGE || bytes > SIZE_MAX - HUGE_PAGE ? aligned_alloc(64, bytes) : alloc_huge(bytes);
}

void *mtp_alloc_aligned(size_t count, size_t size) {
  void *p = mtp_alloc_scratch(count, size);
  if (p) memset(p, 0, aligned_bytes(count, size));
  return p;
}

char *mtp_strdup(const char *s) {
  size_t size = strlen(s) + 1;
  char *copy = mtp_realloc(NULL, size, 1);
  if (copy) memcpy(copy, s, size);
  return copy;
}

/* Room for `more` bytes and a terminating zero. */
static int text_reserve(mtp_text *text, size_t more) {
  if (text->failed) return 0;
  if (more + 1 > text->capacity - text->size || !text->data) {
    if (more > SIZE_MAX / 2 - text->size - 64) return text->failed = 1, 0;
    size_t capacity = (text->size + more + 64) * 2;
    char *data = mtp_realloc(text->data, capacity, 1);
    if (!data) return text->failed = 1, 0;
    text->data = data;
    text->capacity = capacity;
  }
  return 1;
}

void mtp_text_add(mtp_text *text, const char *format, ...) {
  va_list args, again;
  va_start(args, format);
  va_copy(again, args);
  int size = mtp_vsnprintf(NULL, 0, format, args);
  va_end(args);
  if (size < 0)
    text->failed = 1;
  else if (text_reserve(text, (size_t)size)) {
    mtp_vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
    text->size += (size_t)size;
  }
  va_end(again);
}

void mtp_text_add_bytes(mtp_text *text, const void *bytes, size_t size) {
  if (!text_reserve(text, size)) return;
  memcpy(text->data + text->size, bytes, size);
  text->size += size;
  text->data[text->size] = 0;
}

void mtp_text_free(mtp_text *text) {
  free(text->data);
  *text = (mtp_text){0};
}

double mtp_largest_modulus(size_t n, const double *x) {
  enum { LANES = 8 }; /* independent chains: one alone would wait for itself */
  double largest[LANES] = {0}, probe[LANES] = {0};
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++) {
      const double a = fabs(x[i + l]);
      largest[l] = a > largest[l] ? a : largest[l]; /* drops what is not a number, */
      probe[l] += a;                                /* which this keeps */
    }
  for (; i < n; i++) {
    largest[0] = fmax(largest[0], fabs(x[i]));
    probe[0] += fabs(x[i]);
  }
  for (size_t l = 0; l < LANES; l++) {
    if (isnan(probe[l])) return NAN;
    largest[0] = fmax(largest[0], largest[l]);
  }
  return largest[0];
}

void mtp_sleep(double seconds) {
  struct timespec time = {.tv_sec = (time_t)seconds};
  time.tv_nsec = (long)((seconds - (double)time.tv_sec) * 1e9);
  nanosleep(&time, NULL);
}

double mtp_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t random_next(mtp_random *r) {
  uint64_t z = (r->state += 0x9e3779b97f4a7c15ULL);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

double mtp_random_uniform(mtp_random *r) {
  return (double)(random_next(r) >> 11) * 0x1p-53;
}

size_t mtp_random_below(mtp_random *r, size_t n) {
  const size_t k = (size_t)((double)n * mtp_random_uniform(r));
  return k < n ? k : n - 1; /* the product may be rounded up */
}

double mtp_random_normal(mtp_random *r) {
  /* Box-Muller; 1-u keeps the logarithm finite */
  double u = 1.0 - mtp_random_uniform(r), v = mtp_random_uniform(r);
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586476925 * v);
}
