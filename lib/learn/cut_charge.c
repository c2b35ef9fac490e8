/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/cut_charge.c
 * Cut-outs of ions that are neutral: what is around an atom may hold more of one kind, and electrons or Ewald sums of a
 * charged cell describe something that the run does not have. */
#include <math.h>
#include <string.h>

#include "config/config_internal.h"
#include "learn/cut.h"

/* Charges of molecules and ions that are told apart, how many of each go at most, and what is neutral, e. */
#define KINDS   4
#define MOST    12
#define NEUTRAL 1e-6
/* Where each atom has a charge of its own, charges so near to each other are of one kind, and less is neutral, e: the
 * rest is that of a background, which exerts no force. */
#define ALIKE 0.25

typedef struct ions {
  int kinds;
  double charge[KINDS];
  int there[KINDS]; /* that may go, at most MOST */
} ions;

static double atom_charge(const mtp_surroundings *s, const double *charge, size_t i) {
  return charge ? charge[s->species[i]] : s->charge[i];
}

static double unit_charge(const mtp_surroundings *s, const double *charge, size_t unit) {
  double sum = 0.0;
  for (size_t i = 0; i < s->n; i++) sum += s->unit[i] == unit ? atom_charge(s, charge, i) : 0.0;
  return sum;
}

static double tolerance(const double *charge) {
  return charge ? NEUTRAL : ALIKE;
}

static double total_charge(const mtp_surroundings *s, const double *charge, const bool *gone) {
  double sum = 0.0;
  for (size_t i = 0; i < s->n; i++) sum += gone[i] ? 0.0 : atom_charge(s, charge, i);
  return fabs(sum) < tolerance(charge) ? 0.0 : sum;
}

/* The atom that stands for a molecule that may go, if it is no neighbour of a centre. */
static bool may_go(const mtp_surroundings *s, const bool *needed, const bool *gone, size_t i) {
  return s->unit[i] == i && !needed[i] && !gone[i];
}

static void count_ions(const mtp_surroundings *s, const double *charge, const bool *needed, const bool *gone,
                       ions *all) {
  *all = (ions){0};
  for (size_t i = 0; i < s->n; i++) {
    const double q = may_go(s, needed, gone, i) ? unit_charge(s, charge, i) : 0.0;
    int k = 0;
    if (fabs(q) < tolerance(charge)) continue;
    while (k < all->kinds && fabs(all->charge[k] - q) > tolerance(charge)) k++;
    if (k == KINDS) continue;
    if (k == all->kinds) all->charge[all->kinds++] = q;
    if (all->there[k] < MOST) all->there[k]++;
  }
}

/* How many of each kind make up for `excess` best, the fewest if there is a choice. */
static void choose_counts(const ions *all, double excess, double slack, int *best) {
  int now[KINDS] = {0}, least = 0, k = 0;
  double rest = fabs(excess);
  memset(best, 0, KINDS * sizeof *best);
  while (k < all->kinds) {
    double left = excess;
    int sum = 0;
    for (int m = 0; m < all->kinds; m++) {
      left -= now[m] * all->charge[m];
      sum += now[m];
    }
    if (fabs(left) < rest - slack || (fabs(left) < rest + slack && sum < least)) {
      rest = fabs(left);
      least = sum;
      memcpy(best, now, KINDS * sizeof *best);
    }
    for (k = 0; k < all->kinds && ++now[k] > all->there[k]; k++) now[k] = 0; /* the next combination */
  }
}

/* The farthest from the middle; s->n without any. */
static size_t farthest(const mtp_surroundings *s, const double *charge, const bool *needed, const bool *gone,
                       double q) {
  size_t found = s->n;
  double most = -1.0;
  for (size_t i = 0; i < s->n; i++) {
    const double *d = s->d + 3 * i, square = mtp_dot(d, d);
    if (!may_go(s, needed, gone, i) || square <= most) continue;
    if (fabs(unit_charge(s, charge, i) - q) > tolerance(charge)) continue;
    most = square;
    found = i;
  }
  return found;
}

double mtp_cut_neutralise(const mtp_surroundings *s, const double *charge, const bool *needed, bool *gone) {
  const double excess = total_charge(s, charge, gone);
  ions all;
  int counts[KINDS];
  if (excess == 0.0) return 0.0;
  count_ions(s, charge, needed, gone, &all);
  choose_counts(&all, excess, tolerance(charge), counts);
  for (int k = 0; k < all.kinds; k++)
    for (int m = 0; m < counts[k]; m++) {
      const size_t unit = farthest(s, charge, needed, gone, all.charge[k]);
      for (size_t i = 0; i < s->n && unit < s->n; i++) gone[i] = gone[i] || s->unit[i] == unit;
    }
  return total_charge(s, charge, gone);
}
