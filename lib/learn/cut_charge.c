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
/* Where each atom has a charge of its own, those that differ by such a part are of one kind, units with less have none
 * (e), and what is left may be such a part of the smallest one: it is that of a background, which exerts no force. What
 * goes has to be worth a part of that. */
#define ALIKE     0.25
#define UNCHARGED 0.1
#define PRICE     0.1
#define LEFT      0.6

typedef struct ions {
  int kinds;
  double charge[KINDS]; /* on average */
  int seen[KINDS];
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

static bool are_alike(const double *charge, double a, double b) {
  return fabs(a - b) <= (charge ? NEUTRAL : ALIKE * fmax(fabs(a), fabs(b)));
}

/* What is neutral enough, e. */
static double tolerance(const double *charge, const ions *all) {
  double least = 1.0;
  for (int k = 0; k < all->kinds; k++) least = fmin(least, fabs(all->charge[k]));
  return charge ? NEUTRAL : LEFT * least;
}

static double total_charge(const mtp_surroundings *s, const double *charge, const bool *gone, double enough) {
  double sum = 0.0;
  for (size_t i = 0; i < s->n; i++) sum += gone[i] ? 0.0 : atom_charge(s, charge, i);
  return fabs(sum) < enough ? 0.0 : sum;
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
    if (fabs(q) < (charge ? NEUTRAL : UNCHARGED)) continue;
    while (k < all->kinds && !are_alike(charge, all->charge[k], q)) k++;
    if (k == KINDS) continue;
    all->kinds += k == all->kinds;
    all->charge[k] += (q - all->charge[k]) / ++all->seen[k];
    if (all->there[k] < MOST) all->there[k]++;
  }
}

/* How many of each kind make up for `excess` best, the fewest if there is a choice: each one that goes has to be worth
 * `price`. */
static void choose_counts(const ions *all, double excess, double price, int *best) {
  int now[KINDS] = {0}, k = 0;
  double least = fabs(excess);
  memset(best, 0, KINDS * sizeof *best);
  while (k < all->kinds) {
    double left = excess, cost = 0.0;
    for (int m = 0; m < all->kinds; m++) {
      left -= now[m] * all->charge[m];
      cost += now[m] * price;
    }
    cost += fabs(left);
    if (cost < least) {
      least = cost;
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
    if (!are_alike(charge, unit_charge(s, charge, i), q)) continue;
    most = square;
    found = i;
  }
  return found;
}

double mtp_cut_neutralise(const mtp_surroundings *s, const double *charge, const bool *needed, bool *gone) {
  ions all;
  int counts[KINDS];
  count_ions(s, charge, needed, gone, &all);
  const double enough = tolerance(charge, &all), excess = total_charge(s, charge, gone, enough);
  if (excess == 0.0) return 0.0;
  choose_counts(&all, excess, PRICE * enough, counts);
  for (int k = 0; k < all.kinds; k++)
    for (int m = 0; m < counts[k]; m++) {
      const size_t unit = farthest(s, charge, needed, gone, all.charge[k]);
      for (size_t i = 0; i < s->n && unit < s->n; i++) gone[i] = gone[i] || s->unit[i] == unit;
    }
  return total_charge(s, charge, gone, enough);
}
