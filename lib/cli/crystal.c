/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/crystal.c
 * Displaced fcc crystals by a fixed random generator, the same on every machine. */
#include "cli/crystal.h"

#include <math.h>
#include <stdlib.h>

#include "support/support.h"

static const double DISPLACEMENT = 0.05; /* of every atom, in lattice constants: no two come very close */

static void random_direction(mtp_random *random, double *u) {
  double square = 0;
  for (int a = 0; a < 3; a++) {
    u[a] = mtp_random_normal(random);
    square += u[a] * u[a];
  }
  for (int a = 0; a < 3; a++) u[a] /= sqrt(square);
}

mtp_config *crystal_new(int cells, int species_count) {
  static const double site[CRYSTAL_CELL_ATOMS][3] = {{0, 0, 0}, {0.5, 0.5, 0}, {0.5, 0, 0.5}, {0, 0.5, 0.5}};
  const size_t side = (size_t)cells, n = CRYSTAL_CELL_ATOMS * side * side * side;
  mtp_config *cfg = mtp_config_new(n);
  if (!cfg) return NULL;
  mtp_random random = {7831};
  for (int a = 0; a < 3; a++) {
    cfg->cell[4 * a] = cells;
    cfg->periodic[a] = true;
  }
  for (size_t i = 0; i < n; i++) {
    const size_t cell = i / CRYSTAL_CELL_ATOMS, at[3] = {cell % side, cell / side % side, cell / side / side};
    double u[3];
    random_direction(&random, u);
    for (size_t a = 0; a < 3; a++)
      cfg->x[3 * i + a] = (double)at[a] + site[i % CRYSTAL_CELL_ATOMS][a] + DISPLACEMENT * u[a];
    cfg->species[i] = (int)(species_count * mtp_random_uniform(&random));
  }
  return cfg;
}

void crystal_scale(mtp_config *cfg, double lattice) {
  for (int a = 0; a < 3; a++) cfg->cell[4 * a] *= lattice;
  for (size_t k = 0; k < 3 * cfg->n; k++) cfg->x[k] *= lattice;
}

static double distance(const mtp_neighbors *nb, size_t i, size_t j) {
  const double *p = nb->x + 3 * i, *q = nb->x + 3 * j;
  double square = 0;
  for (int a = 0; a < 3; a++) square += (q[a] - p[a]) * (q[a] - p[a]);
  return sqrt(square);
}

size_t crystal_count_pairs(const mtp_neighbors *nb, double cutoff) {
  size_t total = 0;
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) total += distance(nb, i, (size_t)nb->list[i][k]) < cutoff;
  return total;
}

static int compare_reals(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Distances of all pairs, each from both sides, in order: at least one more than `wanted`. */
static int sorted_distances(cli *c, const mtp_config *cfg, size_t wanted, double **out, size_t *count) {
  const double ball = 4.0 / 3.0 * 3.14159265358979 * CRYSTAL_CELL_ATOMS; /* atoms within distance 1 */
  double reach = cbrt((double)wanted / (double)cfg->n / ball);
  mtp_neighbors *nb = NULL;
  do {
    mtp_neighbors_free(nb);
    reach *= 1.2;
    if (mtp_neighbors_build(c->ctx, cfg, reach, &nb) != MTP_OK) return cli_library(c, NULL);
    *count = crystal_count_pairs(nb, INFINITY);
  } while (*count <= wanted);
  double *d = *out = cli_alloc(*count, sizeof *d);
  for (size_t i = 0; i < nb->n; i++)
    for (int k = 0; k < nb->count[i]; k++) *d++ = distance(nb, i, (size_t)nb->list[i][k]);
  qsort(*out, *count, sizeof **out, compare_reals);
  mtp_neighbors_free(nb);
  return CLI_OK;
}

/* The crystal has lattice constant 1 and looks the same at any other, so that its distances tell. */
int crystal_choose_lattice(cli *c, const mtp_potential *pot, const mtp_config *cfg, size_t neighbours,
                           double *lattice) {
  const double cutoff = mtp_potential_cutoff(pot), min_dist = mtp_potential_min_dist(pot);
  const size_t wanted = neighbours * cfg->n;
  double *d = NULL;
  size_t count = 0;
  int status = sorted_distances(c, cfg, wanted, &d, &count);
  if (status != CLI_OK) return status;
  *lattice = cutoff / (0.5 * (d[wanted - 1] + d[wanted]));
  if (d[0] * *lattice < min_dist) {
    size_t possible = 0;
    while (possible < wanted && d[possible] < d[0] * cutoff / min_dist) possible++;
    status =
        cli_fail(c, "%s: with --neighbours %zu two atoms would be %.3g A apart, below min_dist %g A; at most %zu fit",
                 c->words[0], neighbours, d[0] * *lattice, min_dist, possible / cfg->n);
  }
  free(d);
  return status;
}
