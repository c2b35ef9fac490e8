/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file unit/test_grade_rows.c
 * Grades of compact rows against plain loops in extended precision, and the promise of the shortcuts: the same bits and
 * the same row whatever was seen before. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/grade.h"
#include "support/support.h"

/* A matrix and rows that it grades. */
typedef struct problem {
  mtp_plan plan;
  size_t n, length;
  double *inverse; /* [n*n] transposed */
  double *rows;    /* [MTP_GRADE_BATCH*length] */
  double *centre;  /* [length] what rows have in common */
  mtp_random random;
} problem;

static const char *const instruction_sets[] = {"auto", "baseline", "avx2"};

static problem *problem_new(int nspecies, int nradial, int rsize, int nscalars, unsigned long long seed) {
  problem *p = calloc(1, sizeof *p);
  p->plan = (mtp_plan){.nspecies = nspecies, .nradial = nradial, .rsize = rsize, .nscalars = nscalars};
  p->n = (size_t)(nspecies * nspecies * nradial * rsize + nspecies + nscalars);
  p->plan.nparams = p->n;
  p->length = mtp_plan_row_length(&p->plan, false);
  p->inverse = calloc(p->n * p->n, sizeof(double));
  p->rows = calloc(MTP_GRADE_BATCH * p->length, sizeof(double));
  p->centre = calloc(p->length, sizeof(double));
  p->random.state = seed;
  return p;
}

static void problem_free(problem *p) {
  free(p->inverse);
  free(p->rows);
  free(p->centre);
  free(p);
}

static double spread(problem *p, double decades) {
  return pow(10.0, decades * (2.0 * mtp_random_uniform(&p->random) - 1.0));
}

/* Place of entry k of a compact row in the full row. */
static size_t full_place(const problem *p, size_t species, size_t k) {
  const size_t C = (size_t)p->plan.nspecies, radial = p->length - 1 - (size_t)p->plan.nscalars;
  if (k < radial) return species * radial + k;
  return k == radial ? C * radial + species : C * radial + C + k - radial - 1;
}

/* Independent entries of very different sizes. */
static void fill_spread(problem *p, double decades) {
  double *size = calloc(p->n, sizeof(double));
  for (size_t k = 0; k < p->n; k++) size[k] = spread(p, decades);
  for (size_t j = 0; j < p->n; j++)
    for (size_t k = 0; k < p->n; k++) p->inverse[j * p->n + k] = mtp_random_normal(&p->random) * size[k];
  for (size_t i = 0; i < MTP_GRADE_BATCH; i++)
    for (size_t k = 0; k < p->length; k++)
      p->rows[i * p->length + k] = mtp_random_normal(&p->random) / size[full_place(p, 0, k)];
  free(size);
}

/* Terms of about `terms` cancel to elements of about one, as they do in active sets: all columns are all but orthogonal
 * to what the rows have in common. The last columns cancel a thousand times worse, and columns come in pairs that are
 * nearly the same. */
static void fill_cancelling(problem *p, double terms) {
  const size_t n = p->n;
  double norm = 0;
  for (size_t k = 0; k < p->length; k++) {
    p->centre[k] = spread(p, 2.0);
    norm += p->centre[k] * p->centre[k];
  }
  for (size_t j = 0; j < n; j++) {
    double *column = p->inverse + j * n, along = 0;
    const double size = j + 5 > n ? 1e3 * terms : terms;
    if (j % 2) {
      for (size_t k = 0; k < n; k++)
        column[k] = p->inverse[(j - 1) * n + k] * (1.0 + 1e-9 * mtp_random_normal(&p->random));
      continue;
    }
    for (size_t k = 0; k < n; k++) column[k] = mtp_random_normal(&p->random) * 0.1;
    for (size_t k = 0; k < p->length; k++) {
      double *entry = column + full_place(p, 0, k);
      *entry *= size / p->centre[k];
      along += *entry * p->centre[k];
    }
    for (size_t k = 0; k < p->length; k++)
      column[full_place(p, 0, k)] -= (along - 0.3 * mtp_random_normal(&p->random)) * p->centre[k] / norm;
  }
}

/* Rows along the centre, of different length; `deviation` 1/terms gives elements of about one. */
static void fill_rows(problem *p, double deviation) {
  for (size_t i = 0; i < MTP_GRADE_BATCH; i++) {
    const double size = 1.0 + (deviation > 0 ? 0.3 * mtp_random_normal(&p->random) : 0.0);
    for (size_t k = 0; k < p->length; k++)
      p->rows[i * p->length + k] = p->centre[k] * (size + deviation * mtp_random_normal(&p->random));
  }
}

/* Grade of a compact row, and the largest sum of moduli of an element: what rounding is relative to. */
static double plain_grade(const problem *p, size_t species, const double *row, double *moduli) {
  long double largest = 0, terms = 0;
  for (size_t j = 0; j < p->n; j++) {
    long double sum = 0, absolute = 0;
    for (size_t k = 0; k < p->length; k++) {
      const long double term = (long double)row[k] * p->inverse[j * p->n + full_place(p, species, k)];
      sum += term;
      absolute += fabsl(term);
    }
    if (fabsl(sum) > largest) largest = fabsl(sum);
    if (absolute > terms) terms = absolute;
  }
  if (moduli) *moduli = (double)terms;
  return (double)largest;
}

static mtp_grader *grader_of(const problem *p, const char *isa) {
  mtp_context *ctx = mtp_context_new();
  assert_non_null(ctx);
  mtp_grader *g = NULL;
  if (mtp_context_set_instruction_set(ctx, isa) == MTP_OK)
    assert_int_equal(mtp_grader_new(ctx, &p->plan, MTP_MODE_NEIGHBOURHOOD, p->inverse, &g), MTP_OK);
  mtp_context_free(ctx);
  return g;
}

static void check_grades(const problem *p, mtp_grader *g, int species, size_t m) {
  double grade[MTP_GRADE_BATCH + 1];
  for (size_t i = 0; i <= MTP_GRADE_BATCH; i++) grade[i] = -7.0;
  mtp_grader_rows(g, species, m, p->rows, grade);
  for (size_t i = 0; i < m; i++) {
    double moduli;
    const double expected = plain_grade(p, (size_t)species, p->rows + i * p->length, &moduli);
    if (!(fabs(grade[i] - expected) <= (double)p->length * DBL_EPSILON * moduli))
      fail_msg("row %zu of %zu: grade %.17g, expected %.17g +- %.3g", i, m, grade[i], expected,
               (double)p->length * DBL_EPSILON * moduli);
  }
  assert_true(grade[m] == -7.0);
}

static const int shapes[][4] = {{1, 2, 8, 13}, {1, 4, 8, 92}, {2, 3, 5, 40}, {3, 2, 4, 17}, {1, 1, 2, 1}};
static const size_t counts[] = {0, 1, 2, 31, 50, MTP_GRADE_BATCH};

static void test_grades(void **state) {
  (void)state;
  for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
    for (int kind = 0; kind < 4; kind++) {
      problem *p = problem_new(shapes[s][0], shapes[s][1], shapes[s][2], shapes[s][3], 11 * s + (size_t)kind);
      if (kind < 2)
        fill_spread(p, kind ? 8.0 : 0.0);
      else {
        fill_cancelling(p, kind == 2 ? 1e2 : 1e5);
        fill_rows(p, kind == 2 ? 1e-2 : 1e-5);
      }
      for (size_t isa = 0; isa < 3; isa++)
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++)
          for (int species = 0; species < shapes[s][0]; species++) {
            mtp_grader *g = grader_of(p, instruction_sets[isa]); /* anew: what it learned depends on the count */
            if (!g) continue;
            check_grades(p, g, species, counts[c]);
            check_grades(p, g, species, MTP_GRADE_BATCH);
            mtp_grader_free(g);
          }
      problem_free(p);
    }
}

/* What mtp_grader_largest must give, by the grades of all rows. */
static int first_largest(const double *grade, size_t m, double *largest) {
  int first = -1;
  for (size_t i = 0; i < m; i++)
    if (grade[i] > *largest) {
      *largest = grade[i];
      first = (int)i;
    }
  return first;
}

static void check_largest(const problem *p, mtp_grader *g, const double *grade, size_t m, double floor) {
  double expected = floor, largest = floor;
  const int first = first_largest(grade, m, &expected), found = mtp_grader_largest(g, 0, m, p->rows, &largest);
  if (found != first || !(largest == expected))
    fail_msg("row %d with %.17g, expected row %d with %.17g (floor %.17g)", found, largest, first, expected, floor);
}

/* Rows that are hard to tell apart from the one of largest grade. */
static void disturb(problem *p, int kind) {
  const size_t length = p->length, source = MTP_GRADE_BATCH / 3;
  double *largest = p->rows + source * length;
  if (kind == 0) return;
  if (kind == 7) { /* nothing to speak of */
    for (size_t k = 0; k < MTP_GRADE_BATCH * length; k++) p->rows[k] *= 1e-25;
    return;
  }
  if (kind == 6) { /* all rows nearly the same: every grade is a near tie */
    for (size_t i = 0; i < MTP_GRADE_BATCH; i++)
      for (size_t k = 0; k < length; k++) p->rows[i * length + k] = largest[k] * (1.0 + 1e-12 * (double)(i % 7));
    return;
  }
  for (size_t k = 0; k < length; k++) largest[k] = p->centre[k] + 1.4 * (largest[k] - p->centre[k]);
  for (size_t i = source + 1; i < MTP_GRADE_BATCH; i += 5)
    for (size_t k = 0; k < length; k++) {
      double *entry = p->rows + i * length + k;
      if (kind == 1) *entry = largest[k];                                  /* equal */
      if (kind == 2) *entry = largest[k] * (1.0 + (i % 2 ? 1e-9 : -1e-9)); /* nearly equal */
      if (kind == 3) *entry *= i % 2 ? 1e9 : 1e30;                         /* huge */
      if (kind == 4) *entry = largest[k] * 0x1p-1040;                      /* denormal */
      if (kind == 5) *entry = p->centre[k];                                /* a crystal */
    }
}

static void test_largest(void **state) {
  (void)state;
  for (int kind = 0; kind <= 7; kind++)
    for (int repeat = 0; repeat < 6; repeat++) {
      problem *p = problem_new(1, 3, 8, 60, 1000 + 7 * (unsigned long long)repeat + (unsigned long long)kind);
      const double terms = repeat % 3 == 0 ? 1e2 : repeat % 3 == 1 ? 1e4 : 1e6;
      fill_cancelling(p, terms);
      for (size_t isa = 0; isa < 3; isa++) {
        mtp_grader *g = grader_of(p, instruction_sets[isa]);
        for (int batch = 0; g && batch < 8; batch++) {
          double grade[MTP_GRADE_BATCH];
          fill_rows(p, 1.0 / terms);
          if (batch > 0 || repeat > 2) disturb(p, kind); /* the first one may teach usual rows */
          mtp_grader_rows(g, 0, MTP_GRADE_BATCH, p->rows, grade);
          double top = 0;
          first_largest(grade, MTP_GRADE_BATCH, &top);
          const double floors[] = {0.0, 0x1p-1060, 0.5 * grade[0], nextafter(top, 0.0), top, nextafter(top, HUGE_VAL)};
          for (size_t f = 0; f < sizeof floors / sizeof *floors; f++) {
            check_largest(p, g, grade, MTP_GRADE_BATCH, floors[f]);
            check_largest(p, g, grade, 17, floors[f]);
            check_largest(p, g, grade, 0, floors[f]);
          }
        }
        mtp_grader_free(g);
      }
      problem_free(p);
    }
}

/* Grades are the same bits whatever a grader learned its centre and scales from, and with every instruction set. */
static void test_same_bits(void **state) {
  (void)state;
  problem *p = problem_new(2, 3, 6, 50, 5);
  fill_cancelling(p, 1e4);
  double expected[MTP_GRADE_BATCH], grade[MTP_GRADE_BATCH];
  for (int round = 0; round < 6; round++)
    for (size_t isa = 0; isa < 3; isa++) {
      mtp_grader *g = grader_of(p, instruction_sets[isa]);
      if (!g) continue;
      p->random.state = 99;
      fill_rows(p, round == 4 ? 0.0 : pow(10.0, -round));
      for (int again = 0; again < 3; again++) mtp_grader_rows(g, 0, round == 5 ? 1 : MTP_GRADE_BATCH, p->rows, grade);
      p->random.state = 100;
      fill_rows(p, 1e-4);
      for (size_t begin = 0; begin < MTP_GRADE_BATCH; begin += 32)
        mtp_grader_rows(g, 0, 32, p->rows + begin * p->length, grade + begin);
      if (round == 0 && isa == 0) memcpy(expected, grade, sizeof grade);
      assert_memory_equal(grade, expected, sizeof grade);
      mtp_grader_free(g);
    }
  problem_free(p);
}

static void test_not_finite(void **state) {
  (void)state;
  const double bad[] = {NAN, INFINITY, -INFINITY, 1e300};
  problem *p = problem_new(1, 2, 8, 30, 3);
  fill_cancelling(p, 10.0); /* so little that no column needs double */
  for (size_t isa = 0; isa < 3; isa++)
    for (size_t b = 0; b < 4; b++)
      for (int when = 0; when < 2; when++) { /* in the rows learned from, and later */
        mtp_grader *g = grader_of(p, instruction_sets[isa]);
        if (!g) continue;
        double grade[MTP_GRADE_BATCH], largest = 0.25;
        fill_rows(p, 0.1);
        if (when) mtp_grader_rows(g, 0, MTP_GRADE_BATCH, p->rows, grade);
        const size_t where = 40, entry = b * 7;
        p->rows[where * p->length + entry] = bad[b];
        mtp_grader_rows(g, 0, MTP_GRADE_BATCH, p->rows, grade);
        for (size_t i = 0; i < MTP_GRADE_BATCH; i++)
          if (i == where)
            assert_true(b == 3 ? grade[i] > 1e290 : grade[i] == INFINITY);
          else
            assert_float_equal(grade[i], plain_grade(p, 0, p->rows + i * p->length, NULL), 1e-8);
        assert_int_equal(mtp_grader_largest(g, 0, MTP_GRADE_BATCH, p->rows, &largest), (int)where);
        assert_true(largest == grade[where]);
        mtp_grader_free(g);
      }
  p->inverse[3 * p->n + 4] = NAN; /* a broken active set grades everything beyond all thresholds */
  fill_rows(p, 0.1);
  mtp_grader *g = grader_of(p, "auto");
  double grade[MTP_GRADE_BATCH];
  mtp_grader_rows(g, 0, MTP_GRADE_BATCH, p->rows, grade);
  for (size_t i = 0; i < MTP_GRADE_BATCH; i++) assert_true(grade[i] == INFINITY);
  mtp_grader_free(g);
  problem_free(p);
}

/* Rows of an active set that is nearly empty: A = 1e-6 of the identity. */
static void test_empty_set(void **state) {
  (void)state;
  problem *p = problem_new(2, 4, 8, 40, 8);
  for (size_t j = 0; j < p->n; j++) p->inverse[j * p->n + j] = 1e6;
  for (size_t k = 0; k < p->length; k++) p->centre[k] = spread(p, 1.0);
  fill_rows(p, 0.1);
  for (size_t isa = 0; isa < 3; isa++) {
    mtp_grader *g = grader_of(p, instruction_sets[isa]);
    if (g) check_grades(p, g, 1, MTP_GRADE_BATCH);
    mtp_grader_free(g);
  }
  problem_free(p);
}

/* Every element of a product is within its bound, and close. */
static void check_product(mtp_grade_product_function *multiply, size_t length, size_t m) {
  enum { PANELS = 2 };
  const size_t width = PANELS * MTP_GRADE_PANEL, stride = mtp_grade_stride(length);
  mtp_random random = {17};
  mtp_grade_factor f = {.length = length, .panels = PANELS};
  f.centre = mtp_alloc_aligned(stride, sizeof(double));
  f.scale = mtp_alloc_aligned(stride, sizeof(double));
  f.matrix = mtp_alloc_aligned(length * width, sizeof(float));
  f.offset = mtp_alloc_aligned(width, sizeof(float));
  f.slope = mtp_alloc_aligned(width, sizeof(float));
  f.rest = mtp_alloc_aligned(width, sizeof(float));
  const mtp_grade_result r = {
      .scaled = mtp_alloc_aligned(MTP_GRADE_BATCH * stride, sizeof(float)),
      .norm = mtp_alloc_aligned(MTP_GRADE_BATCH, sizeof(float)),
      .product = mtp_alloc_aligned(MTP_GRADE_BATCH * width, sizeof(float)),
      .bound = mtp_alloc_aligned(MTP_GRADE_BATCH * MTP_GRADE_LANES, sizeof(float)),
  };
  double *rows = mtp_alloc_aligned(MTP_GRADE_BATCH * length, sizeof(double));
  for (size_t k = 0; k < length; k++) {
    f.centre[k] = mtp_random_normal(&random);
    f.scale[k] = ldexp(1.0, (int)(k % 9) - 4);
  }
  for (size_t k = 0; k < length * width; k++) f.matrix[k] = (float)(100.0 * mtp_random_normal(&random));
  for (size_t j = 0; j < width; j++) {
    f.offset[j] = (float)mtp_random_normal(&random);
    f.slope[j] = (float)(1e-3 * mtp_random_uniform(&random));
    f.rest[j] = 1e-3f;
  }
  for (size_t k = 0; k < m * length; k++) rows[k] = mtp_random_normal(&random);
  multiply(&f, m, rows, &r);
  for (size_t i = 0; i < m; i++) {
    double square = 0;
    float bound[MTP_GRADE_LANES] = {0};
    for (size_t k = 0; k < length; k++) {
      const double scaled = (rows[i * length + k] - f.centre[k]) * f.scale[k];
      square += scaled * scaled;
    }
    assert_float_equal(r.norm[i], sqrt(square), 1e-5 * sqrt(square));
    for (size_t j = 0; j < width; j++) {
      const float *column = f.matrix + j / MTP_GRADE_PANEL * length * MTP_GRADE_PANEL + j % MTP_GRADE_PANEL;
      double sum = f.offset[j], moduli = fabs(sum);
      for (size_t k = 0; k < length; k++) {
        const double term = (rows[i * length + k] - f.centre[k]) * f.scale[k] * column[k * MTP_GRADE_PANEL];
        sum += term;
        moduli += fabs(term);
      }
      const float z = r.product[i * width + j];
      assert_float_equal(z, sum, (MTP_GRADE_CHUNK + 10) * 0x1p-24 * moduli);
      bound[j % MTP_GRADE_LANES] = fmaxf(bound[j % MTP_GRADE_LANES], fabsf(z) + r.norm[i] * f.slope[j] + f.rest[j]);
    }
    for (size_t l = 0; l < MTP_GRADE_LANES; l++)
      assert_float_equal(r.bound[i * MTP_GRADE_LANES + l], bound[l], 1e-6 * bound[l]);
  }
  free(f.centre);
  free(f.scale);
  free(f.matrix);
  free(f.offset);
  free(f.slope);
  free(f.rest);
  free(r.scaled);
  free(r.norm);
  free(r.product);
  free(r.bound);
  free(rows);
}

static void test_products(void **state) {
  (void)state;
  const size_t lengths[] = {1, 16, 31, 32, 33, 125, 329};
  const size_t numbers[] = {1, 16, 33, MTP_GRADE_BATCH};
  mtp_context *ctx = mtp_context_new();
  for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++)
    for (size_t c = 0; c < sizeof numbers / sizeof *numbers; c++) {
      check_product(mtp_grade_product_baseline, lengths[l], numbers[c]);
#if defined(__x86_64__)
      if (mtp_context_set_instruction_set(ctx, "avx2") == MTP_OK)
        check_product(mtp_grade_product_avx2, lengths[l], numbers[c]);
      if (mtp_context_set_instruction_set(ctx, "avx512") != MTP_OK) continue;
      check_product(mtp_grade_product_avx512, lengths[l], numbers[c]);
#endif
    }
  mtp_context_free(ctx);
}

static void test_full_row(void **state) {
  (void)state;
  problem *p = problem_new(2, 2, 6, 20, 4);
  fill_spread(p, 2.0);
  mtp_context *ctx = mtp_context_new();
  mtp_grader *g = NULL;
  assert_int_equal(mtp_grader_new(ctx, &p->plan, MTP_MODE_CONFIGURATION, p->inverse, &g), MTP_OK);
  double *row = calloc(p->n, sizeof(double)), largest = 0;
  for (size_t k = 0; k < p->n; k++) row[k] = mtp_random_normal(&p->random);
  for (size_t j = 0; j < p->n; j++) {
    double sum = 0;
    for (size_t k = 0; k < p->n; k++) sum += row[k] * p->inverse[j * p->n + k];
    largest = fmax(largest, fabs(sum));
  }
  assert_float_equal(mtp_grader_full_row(g, row), largest, 1e-12 * largest * (double)p->n);
  row[5] = NAN;
  assert_true(mtp_grader_full_row(g, row) == INFINITY);
  free(row);
  mtp_grader_free(g);
  mtp_context_free(ctx);
  problem_free(p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_grades),     cmocka_unit_test(test_largest),   cmocka_unit_test(test_same_bits),
      cmocka_unit_test(test_not_finite), cmocka_unit_test(test_empty_set), cmocka_unit_test(test_products),
      cmocka_unit_test(test_full_row),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
