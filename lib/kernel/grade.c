/* SPDX-License-Identifier: BSD-3-Clause */
/**@file kernel/grade.c
 * Grades by a product in single precision that points at the elements worth computing in double.
 *
 * Elements of b A^-1 are sums of large terms that cancel to about one, so single precision needs care:
 *
 * - Rows are taken relative to a centre, the mean of rows seen earlier: rows of one phase differ little.
 * - Entries are scaled by powers of two such that typical terms |f_k matrix_kj| are split evenly between f and the
 *   matrix, which makes Cauchy and Schwarz's |f| |matrix_j| a tight bound of their sum.
 * - Columns for which that is not good enough are made in double. They belong to active rows that are still the initial
 *   ones or nearly depend on others; usually there are a few.
 *
 * Centre and scales are learned from rows that come by and learned anew when later rows are unlike them. They decide
 * the speed only: the bound holds for any. */
#include "kernel/grade.h"

#include <cblas.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Error of an element, for typical rows, up to which its column is made in single precision. Rows with errors of this
 * size are still told from those with grades beyond one. */
#define TOLERANCE 0.5
/* Columns made in double that are kept beside each other; with more of them all columns are made in double. */
#define MAX_EXACT 96
/* Rows are unlike those learned from when their squared norm is this many times larger on average. */
#define UNLIKE 4.0
/* Batches between two calibrations; doubled up to the second after each one. */
#define FIRST_PATIENCE   1
#define LONGEST_PATIENCE 1024
/* Weight of the squares of columns made in double when scales are chosen: their roundings are smaller, but entries that
 * only they have should not be left without a scale. Squares beyond the limit are of use to nobody. */
#define EXACT_WEIGHT   0x1p-40
#define LARGEST_SQUARE 1e250
/* Least typical size of an entry, so that columns in single precision stay finite: those larger than TOLERANCE over it
 * are made in double. */
#define LEAST_WIDTH 1e-100

/* Bounds hold for what underflows, too, but say nothing about elements of this size. */
#define SMALLEST 1e-18

/* What is known of the rows of one species. */
typedef struct calibration {
  mtp_grade_factor factor;
  int *column;           /* [panels*MTP_GRADE_PANEL] column of A^-1 of each column of the factor, -1 for padding */
  size_t nexact;         /* columns made in double; n if that is all of them */
  int *exact;            /* [n] their numbers */
  double *matrix;        /* [length][nexact] those columns, unless they are all */
  double *slope, *rest;  /* [n] bounds of the rounding of those columns */
  double typical;        /* squared norm of typical rows */
  size_t patience, wait; /* batches until the next calibration */
  int learned;
} calibration;

struct mtp_grader {
  size_t nspecies, nradial, nscalars; /* nradial: entries C*K*R of a row, none if all of them are pinned */
  size_t n, length;                   /* columns and entries of a row that are left then */
  size_t pinned;                      /* the first columns of the active set, which are left out */
  double *inverse;                    /* [n*n] transposed: element (k, j) of A^-1 at [j*n + k] */
  calibration *calibrations;          /* [nspecies], NULL in configuration mode */
  mtp_grade_product_function *multiply;
  mtp_grade_result result;
  double *product;        /* [MTP_GRADE_BATCH*n] columns made in double; one full row */
  double *width, *column; /* [length] scratch of calibrations: typical size of centred entries, one column */
  double *spread;         /* [length] scratch of calibrations: squares of a row of A^-1 */
};

static mtp_grade_product_function *choose_product(mtp_isa isa) {
#if defined(__x86_64__)
  if (isa == MTP_ISA_AVX512) return mtp_grade_product_avx512;
  if (isa == MTP_ISA_AVX2) return mtp_grade_product_avx2;
#endif
  (void)isa;
  return mtp_grade_product_baseline;
}

static int calibration_allocate(calibration *l, size_t n, size_t length) {
  const size_t columns = (n + MTP_GRADE_PANEL - 1) / MTP_GRADE_PANEL * MTP_GRADE_PANEL;
  l->factor.length = length;
  l->factor.centre = mtp_calloc(mtp_grade_stride(length), sizeof(double));
  l->factor.scale = mtp_calloc(mtp_grade_stride(length), sizeof(double));
  l->factor.matrix = mtp_alloc_aligned(length * columns, sizeof(float));
  l->factor.offset = mtp_alloc_aligned(columns, sizeof(float));
  l->factor.slope = mtp_alloc_aligned(columns, sizeof(float));
  l->factor.rest = mtp_alloc_aligned(columns, sizeof(float));
  l->column = mtp_calloc(columns, sizeof(int));
  l->exact = mtp_calloc(n, sizeof(int));
  l->matrix = mtp_alloc_aligned(length * MAX_EXACT, sizeof(double));
  l->slope = mtp_calloc(n, sizeof(double));
  l->rest = mtp_calloc(n, sizeof(double));
  l->patience = FIRST_PATIENCE;
  return l->factor.centre && l->factor.scale && l->factor.matrix && l->factor.offset && l->factor.slope &&
         l->factor.rest && l->column && l->exact && l->matrix && l->slope && l->rest;
}

static void calibration_free(calibration *l) {
  free(l->factor.centre);
  free(l->factor.scale);
  free(l->factor.matrix);
  free(l->factor.offset);
  free(l->factor.slope);
  free(l->factor.rest);
  free(l->column);
  free(l->exact);
  free(l->matrix);
  free(l->slope);
  free(l->rest);
}

void mtp_grader_free(mtp_grader *g) {
  if (!g) return;
  for (size_t s = 0; g->calibrations && s < g->nspecies; s++) calibration_free(g->calibrations + s);
  free(g->calibrations);
  free(g->inverse);
  free(g->result.scaled);
  free(g->result.norm);
  free(g->result.product);
  free(g->result.bound);
  free(g->product);
  free(g->width);
  free(g->column);
  free(g->spread);
  free(g);
}

/* What a pin is the inverse of is so large that its column adds nothing to any grade. */
#define LARGEST_PINNED 1e-12

/* Whether the first columns are pinned: almost nothing in the diagonal, and nothing else in the column and the row. */
static bool are_pinned(size_t count, size_t n, const double *inverse) {
  for (size_t j = 0; j < count; j++)
    for (size_t k = 0; k < n; k++)
      if (k == j ? fabs(inverse[j * n + j]) > LARGEST_PINNED : inverse[j * n + k] != 0 || inverse[k * n + j] != 0)
        return false;
  return true;
}

static int allocate_neighbourhood(mtp_grader *g) {
  const size_t n = g->n, length = g->length, batch = MTP_GRADE_BATCH;
  const size_t columns = (n + MTP_GRADE_PANEL - 1) / MTP_GRADE_PANEL * MTP_GRADE_PANEL;
  g->result.scaled = mtp_alloc_aligned(batch * mtp_grade_stride(length), sizeof(float));
  g->result.norm = mtp_alloc_aligned(batch, sizeof(float));
  g->result.product = mtp_alloc_aligned(batch * columns, sizeof(float));
  g->result.bound = mtp_alloc_aligned(batch * MTP_GRADE_LANES, sizeof(float));
  g->width = mtp_calloc(length, sizeof(double));
  g->column = mtp_calloc(length, sizeof(double));
  g->spread = mtp_calloc(length, sizeof(double));
  g->calibrations = mtp_calloc(g->nspecies, sizeof *g->calibrations);
  if (!g->result.scaled || !g->result.norm || !g->result.product || !g->result.bound || !g->width || !g->column ||
      !g->spread || !g->calibrations)
    return 0;
  for (size_t s = 0; s < g->nspecies; s++)
    if (!calibration_allocate(g->calibrations + s, n, length)) return 0;
  return 1;
}

mtp_status mtp_grader_new(mtp_context *ctx, const mtp_plan *plan, mtp_mode mode, const double *inverse,
                          mtp_grader **out) {
  *out = NULL;
  mtp_grader *g = mtp_calloc(1, sizeof *g);
  if (!g) return mtp_fail_memory(ctx);
  const size_t all = plan->nparams, radial = mtp_plan_radial(plan, plan->nspecies, 0);
  const int by_atom = mode == MTP_MODE_NEIGHBOURHOOD;
  g->pinned = are_pinned(radial, all, inverse) ? radial : 0;
  const size_t n = g->n = all - g->pinned;
  g->nspecies = (size_t)plan->nspecies;
  g->nradial = g->pinned ? 0 : mtp_plan_radial(plan, 1, 0);
  g->nscalars = (size_t)plan->nscalars;
  g->length = mtp_plan_row_length(plan, g->pinned);
  g->multiply = choose_product(mtp_context_isa(ctx));
  g->inverse = mtp_alloc_aligned(n * n, sizeof(double));
  g->product = mtp_alloc_aligned((by_atom ? (size_t)MTP_GRADE_BATCH : 1) * n, sizeof(double));
  if (!g->inverse || !g->product || (by_atom && !allocate_neighbourhood(g))) {
    mtp_grader_free(g);
    return mtp_fail_memory(ctx);
  }
  for (size_t j = 0; j < n; j++)
    memcpy(g->inverse + j * n, inverse + (g->pinned + j) * all + g->pinned, n * sizeof(double));
  *out = g;
  return MTP_OK;
}

bool mtp_grader_is_linear(const mtp_grader *g) {
  return g->pinned > 0;
}

double mtp_grader_memory(const mtp_grader *g) {
  const double n = (double)g->n, length = (double)g->length, batch = MTP_GRADE_BATCH;
  double bytes = sizeof(double) * n * n;
  if (!g->calibrations) return bytes + sizeof(double) * n;
  bytes += (double)g->nspecies * length * (sizeof(float) * n + sizeof(double) * MAX_EXACT);
  return bytes + batch * (sizeof(float) * (length + n) + sizeof(double) * n);
}

/* The part of column j of A^-1 that meets compact rows of a species. */
typedef struct parts {
  const double *radial, *constant, *scalars;
} parts;

static parts parts_of(const mtp_grader *g, size_t species, size_t j) {
  const double *column = g->inverse + j * g->n, *constants = column + g->nspecies * g->nradial;
  return (parts){column + species * g->nradial, constants + species, constants + g->nspecies};
}

static void compact_column(const mtp_grader *g, size_t species, size_t j, double *column) {
  const parts p = parts_of(g, species, j);
  memcpy(column, p.radial, g->nradial * sizeof *column);
  column[g->nradial] = *p.constant;
  memcpy(column + g->nradial + 1, p.scalars, g->nscalars * sizeof *column);
}

/* |(row A^-1)_j|: what a grade is made of, the same bits wherever it is asked for. */
static double element(const mtp_grader *g, size_t species, const double *row, size_t j) {
  const parts p = parts_of(g, species, j);
  const double *scalars = row + g->nradial + 1;
  return fabs(cblas_ddot((int)g->nradial, row, 1, p.radial, 1) + row[g->nradial] * *p.constant +
              cblas_ddot((int)g->nscalars, scalars, 1, p.scalars, 1));
}

/* Mean and typical deviation of the entries of rows. Too few rows say little about the deviation. */
static void learn_rows(const mtp_grader *g, calibration *l, size_t m, const double *rows) {
  const size_t length = g->length;
  const double least = m < 32 ? 0x1p-8 : 0x1p-20;
  for (size_t k = 0; k < length; k++) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < m; i++) sum += rows[i * length + k];
    const double mean = isfinite(sum) ? sum / (double)m : 0.0;
    for (size_t i = 0; i < m; i++) {
      const double d = rows[i * length + k] - mean;
      squares += d * d;
    }
    l->factor.centre[k] = mean;
    g->width[k] = fmax(isfinite(squares) ? sqrt(squares / (double)m) : 0.0, fmax(least * fabs(mean), LEAST_WIDTH));
  }
}

/* What the terms of typical rows add up to without their signs: at most, and as the bound has it once there are scales.
 */
static double typical_terms(const mtp_grader *g, const calibration *l) {
  double sum = 0, squares = 0;
  for (size_t k = 0; k < g->length; k++) {
    const double scaled = g->column[k] / l->factor.scale[k];
    sum += g->width[k] * fabs(g->column[k]);
    squares += scaled * scaled;
  }
  return l->typical > 0 ? sqrt(squares * l->typical) : sum;
}

/* Roundings that a term of an element in single precision can meet: of both factors and of their product, in its chunk,
 * between chunks and with the offset; some more for what is of second order and for the bound itself. */
static double roundings(size_t length) {
  const size_t chunks = (length + MTP_GRADE_CHUNK - 1) / MTP_GRADE_CHUNK;
  return (double)((length < MTP_GRADE_CHUNK ? length : MTP_GRADE_CHUNK) + chunks + 7);
}

/* Sorts the columns into l->column and l->exact; g->spread becomes the mean squares of the entries. */
static void divide_columns(mtp_grader *g, calibration *l, size_t species) {
  const size_t n = g->n, length = g->length;
  const double unit = roundings(length) * 0x1p-24;
  size_t count = 0;
  memset(g->spread, 0, length * sizeof *g->spread);
  l->nexact = 0;
  for (size_t j = 0; j < n; j++) {
    compact_column(g, species, j, g->column);
    const int single = unit * typical_terms(g, l) <= TOLERANCE; /* not so if anything is not a number */
    const double weight = single ? 1.0 : EXACT_WEIGHT;
    for (size_t k = 0; k < length; k++) {
      const double square = weight * g->column[k] * g->column[k];
      if (square <= LARGEST_SQUARE) g->spread[k] += square;
    }
    if (single)
      l->column[count++] = (int)j;
    else
      l->exact[l->nexact++] = (int)j;
  }
  if (l->nexact > MAX_EXACT) {
    l->nexact = n;
    count = 0;
    for (size_t j = 0; j < n; j++) l->exact[j] = (int)j;
  }
  for (size_t k = 0; k < length; k++) g->spread[k] /= (double)(count ? count : 1);
  l->factor.panels = (count + MTP_GRADE_PANEL - 1) / MTP_GRADE_PANEL;
  for (; count < l->factor.panels * MTP_GRADE_PANEL; count++) l->column[count] = -1;
}

/* Powers of two that make the typical entries of rows and matrix alike. */
static void choose_scales(const mtp_grader *g, calibration *l) {
  l->typical = 0;
  for (size_t k = 0; k < g->length; k++) {
    int exponent = 0;
    frexp(sqrt(sqrt(g->spread[k]) / g->width[k]), &exponent);
    l->factor.scale[k] = ldexp(1.0, exponent);
    const double entry = g->width[k] * l->factor.scale[k];
    l->typical += entry * entry;
  }
}

/* What the bounds of a column are made of. */
typedef struct column_sums {
  double offset, moduli; /* centre times column; the same of moduli */
  double norm;           /* of the scaled column */
} column_sums;

static column_sums sum_column(const mtp_grader *g, const calibration *l) {
  column_sums s = {0};
  for (size_t k = 0; k < g->length; k++) {
    const double term = l->factor.centre[k] * g->column[k], scaled = g->column[k] / l->factor.scale[k];
    s.offset += term;
    s.moduli += fabs(term);
    s.norm += scaled * scaled;
  }
  s.norm = sqrt(s.norm);
  return s;
}

static void fill_single(mtp_grader *g, calibration *l, size_t species) {
  const size_t length = g->length, width = MTP_GRADE_PANEL;
  for (size_t c = 0; c < l->factor.panels * width; c++) {
    float *entry = l->factor.matrix + c / width * length * width + c % width;
    l->factor.offset[c] = l->factor.slope[c] = l->factor.rest[c] = 0.0f;
    if (l->column[c] < 0)
      for (size_t k = 0; k < length; k++) entry[k * width] = 0.0f;
    else {
      compact_column(g, species, (size_t)l->column[c], g->column);
      const column_sums s = sum_column(g, l);
      for (size_t k = 0; k < length; k++) entry[k * width] = (float)(g->column[k] / l->factor.scale[k]);
      /* rounding to single precision, underflow, rounding of sums in double: of the offset, and of the exact element */
      const double slope = roundings(length) * 0x1p-24 * s.norm * 1.001 + SMALLEST;
      const double rest =
          0x1p-22 * fabs(s.offset) + 1e-15 * slope + SMALLEST + 4.0 * (double)(length + 2) * 0x1p-53 * s.moduli;
      l->factor.offset[c] = (float)s.offset;
      l->factor.slope[c] = (float)slope;
      l->factor.rest[c] = (float)(rest * 1.001);
    }
  }
}

static void fill_double(mtp_grader *g, calibration *l, size_t species) {
  for (size_t c = 0; c < l->nexact; c++) {
    compact_column(g, species, (size_t)l->exact[c], g->column);
    const column_sums s = sum_column(g, l);
    const double unit = 4.0 * (double)(g->length + 2) * 0x1p-53;
    l->slope[c] = unit * s.norm * 1.001 + DBL_MIN;
    l->rest[c] = unit * s.moduli * 1.001 + 1e-15 * l->slope[c] + DBL_MIN;
    if (l->nexact <= MAX_EXACT)
      for (size_t k = 0; k < g->length; k++) l->matrix[k * l->nexact + c] = g->column[k];
  }
}

static void learn(mtp_grader *g, calibration *l, size_t species, size_t m, const double *rows) {
  learn_rows(g, l, m, rows);
  l->typical = 0;
  divide_columns(g, l, species);
  choose_scales(g, l);
  divide_columns(g, l, species);
  fill_single(g, l, species);
  fill_double(g, l, species);
  l->learned = 1;
  l->wait = l->patience;
  if (l->patience < LONGEST_PATIENCE) l->patience *= 2;
}

/* Whether rows are unlike those that the calibration is about. */
static int outdated(const mtp_grader *g, calibration *l, size_t m) {
  if (l->wait > 0) {
    l->wait--;
    return 0;
  }
  double squares = 0;
  for (size_t i = 0; i < m; i++) squares += (double)g->result.norm[i] * (double)g->result.norm[i];
  return !(squares <= UNLIKE * l->typical * (double)m);
}

/* Columns made in double of all rows into g->product[m*nexact]. */
static void multiply_exact(mtp_grader *g, const calibration *l, size_t species, size_t m, const double *rows) {
  const int count = (int)l->nexact, length = (int)g->length, n = (int)g->n, nradial = (int)g->nradial;
  if (count == 0) return;
  if (l->nexact <= MAX_EXACT) {
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, count, length, 1.0, rows, length, l->matrix, count,
                0.0, g->product, count);
    return;
  }
  const parts p = parts_of(g, species, 0);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, n, nradial, 1.0, rows, length, p.radial, n, 0.0,
              g->product, n);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, n, 1, 1.0, rows + nradial, length, p.constant, n, 1.0,
              g->product, n);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, n, (int)g->nscalars, 1.0, rows + nradial + 1, length,
              p.scalars, n, 1.0, g->product, n);
}

/* The search for the largest element of one row. */
typedef struct search {
  const mtp_grader *grader;
  const calibration *l;
  size_t species;
  const double *row;
  double largest; /* exact; what is not larger need not be looked at */
  float limit;    /* the same, not above it by any rounding */
} search;

static void set_limit(search *s, double largest) {
  s->largest = largest;
  s->limit = (float)(fmin(largest, 1e30) * (1.0 - 1e-6));
}

/* Computes element j in double; infinity for what is not a number. */
static void look_at(search *s, int j) {
  double value = element(s->grader, s->species, s->row, (size_t)j);
  if (isnan(value)) value = INFINITY;
  if (value > s->largest) set_limit(s, value);
}

static float upper_bound(const search *s, size_t i, size_t c) {
  const mtp_grade_factor *f = &s->l->factor;
  const mtp_grade_result *r = &s->grader->result;
  return fabsf(r->product[i * f->panels * MTP_GRADE_PANEL + c]) + r->norm[i] * f->slope[c] + f->rest[c];
}

/* All columns in single precision of row i of a batch. Bounds of real columns are positive, those of padding are not.
 */
static void search_single(search *s, size_t i) {
  const mtp_grade_factor *f = &s->l->factor;
  const float *bound = s->grader->result.bound + i * MTP_GRADE_LANES;
  const size_t columns = f->panels * MTP_GRADE_PANEL;
  size_t first = 0;
  for (size_t lane = 1; lane < MTP_GRADE_LANES; lane++)
    if (bound[lane] > bound[first]) first = lane;
  if (bound[first] <= s->limit) return;
  size_t best = first; /* the largest bound is most often that of the largest element */
  for (size_t c = first; c < columns; c += MTP_GRADE_LANES)
    if (upper_bound(s, i, c) > upper_bound(s, i, best)) best = c;
  look_at(s, s->l->column[best]);
  for (size_t lane = 0; lane < MTP_GRADE_LANES; lane++) {
    if (bound[lane] <= s->limit) continue;
    for (size_t c = lane; c < columns; c += MTP_GRADE_LANES)
      if (c != best && upper_bound(s, i, c) > s->limit) look_at(s, s->l->column[c]);
  }
}

static void search_double(search *s, size_t i) {
  const calibration *l = s->l;
  const double *product = s->grader->product + i * l->nexact, norm = (double)s->grader->result.norm[i];
  for (size_t c = 0; c < l->nexact; c++)
    if (!(fabs(product[c]) + norm * l->slope[c] + l->rest[c] <= s->largest)) look_at(s, l->exact[c]);
}

/* Raises s->largest to the grade of row i of a batch. */
static void search_row(search *s, size_t i, const double *rows) {
  s->row = rows + i * s->grader->length;
  search_single(s, i);
  search_double(s, i);
}

/* Products of a batch; what they need is learned from it when rows like these have not been seen. */
static search search_new(mtp_grader *g, size_t species, size_t m, const double *rows) {
  calibration *l = g->calibrations + species;
  if (!l->learned) learn(g, l, species, m, rows);
  g->multiply(&l->factor, m, rows, &g->result);
  if (outdated(g, l, m)) {
    learn(g, l, species, m, rows);
    g->multiply(&l->factor, m, rows, &g->result);
  }
  multiply_exact(g, l, species, m, rows);
  return (search){.grader = g, .l = l, .species = species};
}

void mtp_grader_rows(mtp_grader *g, int species, size_t m, const double *rows, double *grade) {
  if (m == 0) return;
  search s = search_new(g, (size_t)species, m, rows);
  for (size_t i = 0; i < m; i++) {
    set_limit(&s, 0.0);
    search_row(&s, i, rows);
    grade[i] = s.largest;
  }
}

/* The row that looks like that of the largest grade. */
static size_t likely_row(const mtp_grader *g, size_t m) {
  size_t likely = 0;
  float largest = -1.0f;
  for (size_t k = 0; k < m * MTP_GRADE_LANES; k++)
    if (g->result.bound[k] > largest) {
      largest = g->result.bound[k];
      likely = k / MTP_GRADE_LANES;
    }
  return likely;
}

int mtp_grader_largest(mtp_grader *g, int species, size_t m, const double *rows, double *largest) {
  if (m == 0) return -1;
  search s = search_new(g, (size_t)species, m, rows);
  set_limit(&s, *largest);
  search_row(&s, likely_row(g, m), rows);
  /* A hair below, so that the first of equal rows is found whichever of them was likely. */
  if (s.largest > *largest) set_limit(&s, fmax(*largest, nextafter(s.largest, 0.0)));
  int found = -1;
  for (size_t i = 0; i < m; i++) {
    const double before = s.largest;
    search_row(&s, i, rows);
    if (s.largest > before) found = (int)i;
  }
  if (found >= 0) *largest = s.largest;
  return found;
}

double mtp_grader_full_row(mtp_grader *g, const double *row) {
  const int n = (int)g->n;
  cblas_dgemv(CblasRowMajor, CblasNoTrans, n, n, 1.0, g->inverse, n, row + g->pinned, 1, 0.0, g->product, 1);
  const double grade = mtp_largest_modulus(g->n, g->product);
  return isnan(grade) ? INFINITY : grade;
}
