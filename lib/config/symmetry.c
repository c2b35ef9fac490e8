/* SPDX-License-Identifier: BSD-3-Clause */
/**@file config/symmetry.c
 * A group is what a few operations generate that one kind of lattice has: what comes out is a space group, or one with
 * more translations, without any table of the 230. */
#include "config/symmetry.h"

#include <math.h>
#include <string.h>

#include "config/config_internal.h"

enum { TRICLINIC, MONOCLINIC, ORTHORHOMBIC, TETRAGONAL, HEXAGONAL, RHOMBOHEDRAL, CUBIC, SYSTEMS };

/* Rotations and reflections of lattices: what they do to fractional coordinates, and the twelfths of a translation
 * along z that make screws of them. */
typedef struct generator {
  unsigned systems; /* bits */
  signed char w[3][3];
  int screw;
} generator;
#define OF(system) (1u << (system))
#define RIGHT      (OF(ORTHORHOMBIC) | OF(TETRAGONAL) | OF(CUBIC))
#define ALL        (OF(SYSTEMS) - 1u)
static const generator generators[] = {
    {ALL, {{-1, 0, 0}, {0, -1, 0}, {0, 0, -1}}, 6},                                      /* inversion */
    {RIGHT | OF(MONOCLINIC) | OF(HEXAGONAL), {{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}, 6},    /* 2 along z */
    {RIGHT | OF(MONOCLINIC) | OF(HEXAGONAL), {{1, 0, 0}, {0, 1, 0}, {0, 0, -1}}, 6},     /* m across z */
    {RIGHT, {{1, 0, 0}, {0, -1, 0}, {0, 0, -1}}, 6},                                     /* 2 along x */
    {RIGHT, {{-1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, 6},                                      /* m across x */
    {OF(TETRAGONAL) | OF(CUBIC), {{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}, 3},                 /* 4 along z */
    {OF(TETRAGONAL) | OF(CUBIC), {{0, 1, 0}, {-1, 0, 0}, {0, 0, -1}}, 6},                /* -4 along z */
    {OF(HEXAGONAL), {{0, -1, 0}, {1, -1, 0}, {0, 0, 1}}, 4},                             /* 3 along z */
    {OF(HEXAGONAL), {{1, -1, 0}, {1, 0, 0}, {0, 0, 1}}, 2},                              /* 6 along z */
    {OF(HEXAGONAL) | OF(TETRAGONAL) | OF(CUBIC), {{0, 1, 0}, {1, 0, 0}, {0, 0, -1}}, 6}, /* 2 along x + y */
    {OF(HEXAGONAL) | OF(TETRAGONAL) | OF(CUBIC), {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}}, 6},  /* m */
    {OF(CUBIC) | OF(RHOMBOHEDRAL), {{0, 0, 1}, {1, 0, 0}, {0, 1, 0}}, 12},               /* 3 along x + y + z */
    {OF(RHOMBOHEDRAL), {{0, 1, 0}, {1, 0, 0}, {0, 0, 1}}, 12},                           /* m */
    {OF(RHOMBOHEDRAL), {{0, -1, 0}, {-1, 0, 0}, {0, 0, -1}}, 12},                        /* 2 along x - y */
    {RIGHT | OF(MONOCLINIC), {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}, 6},                      /* a translation */
};
#define GENERATORS (sizeof generators / sizeof *generators)
#define MOST_DRAWN 3
/* Ratios of lengths, and angles, of cells. */
#define LONGER        1.8
#define LEAST_ANGLE   50.0
#define LARGEST_ANGLE 130.0
/* The least distance of opposite faces, in units of the edge of a cube. */
#define FLAT 0.55

static double between(mtp_random *random, double a, double b) {
  return a + (b - a) * mtp_random_uniform(random);
}

static mtp_operation product(const mtp_operation *a, const mtp_operation *b) {
  mtp_operation c;
  for (int i = 0; i < 3; i++) {
    int t = a->t[i];
    for (int j = 0; j < 3; j++) {
      int w = 0;
      for (int k = 0; k < 3; k++) w += a->w[i][k] * b->w[k][j];
      c.w[i][j] = (signed char)w;
      t += a->w[i][j] * b->t[j];
    }
    c.t[i] = (signed char)((t % MTP_TWELVE + MTP_TWELVE) % MTP_TWELVE);
  }
  return c;
}

static bool has(const mtp_symmetry *s, const mtp_operation *op) {
  for (int k = 0; k < s->count; k++)
    if (memcmp(&s->op[k], op, sizeof *op) == 0) return true;
  return false;
}

/* All products; false if there are more than `most`. */
static bool close_group(mtp_symmetry *s, int most) {
  for (int a = 0; a < s->count; a++)
    for (int b = 0; b <= a; b++)
      for (int order = 0; order < 2; order++) {
        const mtp_operation c = order ? product(&s->op[a], &s->op[b]) : product(&s->op[b], &s->op[a]);
        if (has(s, &c)) continue;
        if (s->count == most) return false;
        s->op[s->count++] = c;
      }
  return true;
}

static mtp_operation draw_operation(mtp_random *random, int system) {
  const generator *g;
  do g = &generators[mtp_random_below(random, GENERATORS)];
  while (!(g->systems & OF(system)));
  mtp_operation op;
  memcpy(op.w, g->w, sizeof op.w);
  const bool plain = system == HEXAGONAL || system == RHOMBOHEDRAL;
  for (int a = 0; a < 2; a++) op.t[a] = (signed char)(plain ? 0 : 6 * (int)mtp_random_below(random, 2));
  op.t[2] = (signed char)(g->screw * (int)mtp_random_below(random, (size_t)(MTP_TWELVE / g->screw)));
  return op;
}

void mtp_symmetry_draw(mtp_random *random, int most, mtp_symmetry *s) {
  static const mtp_operation identity = {.w = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const int drawn = most > 1 ? (int)mtp_random_below(random, MOST_DRAWN + 1) : 0;
  do {
    *s = (mtp_symmetry){
        .system = drawn ? (int)mtp_random_below(random, SYSTEMS) : TRICLINIC, .count = 1, .op = {identity}};
    for (int k = 0; k < drawn && s->count < most; k++) {
      const mtp_operation op = draw_operation(random, s->system);
      if (!has(s, &op)) s->op[s->count++] = op;
    }
  } while (!close_group(s, most));
}

/* Lengths and cosines of angles of a cell. */
static void draw_shape(mtp_random *random, int system, double length[3], double cosine[3]) {
  const double degree = acos(-1.0) / 180.0;
  for (int a = 0; a < 3; a++) {
    length[a] = between(random, 1.0, LONGER);
    cosine[a] = cos(degree * between(random, LEAST_ANGLE, LARGEST_ANGLE));
  }
  if (system == TETRAGONAL || system == HEXAGONAL) length[1] = length[0];
  if (system == RHOMBOHEDRAL || system == CUBIC) length[2] = length[1] = length[0];
  if (system == RHOMBOHEDRAL) cosine[2] = cosine[1] = cosine[0];
  if (system != TRICLINIC && system != RHOMBOHEDRAL) cosine[0] = cosine[1] = 0.0;
  if (system == HEXAGONAL) cosine[2] = -0.5;
  if (system == ORTHORHOMBIC || system == TETRAGONAL || system == CUBIC) cosine[2] = 0.0;
}

static bool make_cell(const double length[3], const double cosine[3], double cell[9]) {
  const double sine = sqrt(1.0 - cosine[2] * cosine[2]), y = (cosine[0] - cosine[1] * cosine[2]) / sine;
  const double square = 1.0 - cosine[1] * cosine[1] - y * y;
  if (!(square > 0.0)) return false;
  const double rows[9] = {1.0, 0.0, 0.0, cosine[2], sine, 0.0, cosine[1], y, sqrt(square)};
  for (int k = 0; k < 9; k++) cell[k] = length[k / 3] * rows[k];
  const double edge = cbrt(cell[0] * cell[4] * cell[8]);
  for (int k = 0; k < 9; k++) cell[k] /= edge;
  double reciprocal[9];
  mtp_cell_reciprocal(cell, reciprocal);
  for (int d = 0; d < 3; d++)
    if (mtp_dot(reciprocal + 3 * d, reciprocal + 3 * d) > 1.0 / (FLAT * FLAT)) return false;
  return true;
}

void mtp_symmetry_draw_cell(mtp_random *random, const mtp_symmetry *s, double cell[9]) {
  double length[3], cosine[3];
  do draw_shape(random, s->system, length, cosine);
  while (!make_cell(length, cosine, cell));
}

void mtp_operation_apply(const mtp_operation *op, const double x[3], double out[3]) {
  for (int i = 0; i < 3; i++) {
    out[i] = (double)op->t[i] / MTP_TWELVE;
    for (int j = 0; j < 3; j++) out[i] += op->w[i][j] * x[j];
  }
}
