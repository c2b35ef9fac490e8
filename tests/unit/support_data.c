/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_data.c
 * Material for the numerical tests; see support_data.h. */
#include "support_data.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "learn/objective.h"
#include "support_naive.h"

void *data_calloc(size_t count, size_t size) {
  void *p = calloc(count ? count : 1, size ? size : 1);
  if (!p) abort();
  return p;
}

mtp_context *data_context(void) {
  mtp_context *ctx = mtp_context_new();
  const char *name = getenv("MTP_TEST_INSTRUCTION_SET");
  assert_non_null(ctx);
  if (name && mtp_context_set_instruction_set(ctx, name) != MTP_OK) {
    puts(mtp_context_message(ctx));
    exit(77);
  }
  if (name) assert_string_equal(mtp_context_instruction_set(ctx), name);
  return ctx;
}

void data_must_at(mtp_context *ctx, mtp_status status, const char *file, int line) {
  if (status == MTP_OK) return;
  print_error("%s:%d: status %s: %s\n", file, line, mtp_status_name(status), mtp_context_message(ctx));
  _fail(file, line);
}

double data_uniform(mtp_random *random, double low, double high) {
  return low + (high - low) * mtp_random_uniform(random);
}

size_t data_index(mtp_random *random, size_t count) {
  return (size_t)(mtp_random_uniform(random) * (double)count);
}

mtp_potential *data_potential(mtp_context *ctx, mtp_random *random, const data_recipe *recipe) {
  const mtp_potential_spec spec = {.level = recipe->level,
                                   .species_count = recipe->species,
                                   .cutoff = recipe->cutoff,
                                   .min_dist = recipe->min_dist,
                                   .radial_size = recipe->radial_size};
  mtp_potential *pot = NULL;
  data_must(ctx, mtp_potential_new(ctx, &spec, &pot));
  pot->radial.type = recipe->type;
  pot->radial.scaling = recipe->type == MTP_RADIAL_SHAPEEV ? 0.4 : 0.05;
  mtp_radial_prepare(&pot->radial);
  double *theta = data_calloc(pot->nparams, sizeof(double));
  const size_t radial_count = mtp_offset_species(pot);
  for (size_t i = 0; i < pot->nparams; i++) {
    const double decay = i < radial_count ? 1.0 + (double)(i % (size_t)recipe->radial_size) : 1.0;
    theta[i] = mtp_random_normal(random) / decay;
  }
  data_must(ctx, mtp_potential_set_parameters(ctx, pot, theta));
  free(theta);
  return pot;
}

mtp_potential *data_neighbour(mtp_context *ctx, mtp_random *random, const mtp_potential *pot) {
  mtp_potential *other = NULL;
  data_must(ctx, mtp_potential_copy(ctx, pot, &other));
  double *theta = data_calloc(other->nparams, sizeof(double));
  for (size_t p = 0; p < other->nparams; p++) theta[p] = other->params[p] * data_uniform(random, 0.95, 1.05);
  data_must(ctx, mtp_potential_set_parameters(ctx, other, theta));
  free(theta);
  return other;
}

/* Adds integer multiples of lattice vectors to others: the same crystal in a very skewed cell. */
static void skew(mtp_random *random, double cell[9]) {
  for (int round = 0; round < 3; round++) {
    const size_t k = data_index(random, 3), l = (k + 1 + data_index(random, 2)) % 3;
    const double times = mtp_random_uniform(random) < 0.5 ? -1 : 1;
    for (size_t a = 0; a < 3; a++) cell[3 * k + a] += times * cell[3 * l + a];
  }
}

static void strain(mtp_random *random, double amount, size_t count, double *vectors) {
  double m[9];
  for (int a = 0; a < 9; a++) m[a] = (a % 4 == 0) + data_uniform(random, -amount, amount);
  for (size_t i = 0; i < count; i++) {
    const double v[3] = {vectors[3 * i], vectors[3 * i + 1], vectors[3 * i + 2]};
    for (size_t a = 0; a < 3; a++) vectors[3 * i + a] = v[0] * m[a] + v[1] * m[3 + a] + v[2] * m[6 + a];
  }
}

static int lattice_vectors(data_shape shape) {
  switch (shape) {
  case DATA_SLAB:
    return 2;
  case DATA_WIRE:
    return 1;
  case DATA_CLUSTER:
    return 0;
  default:
    return 3;
  }
}

/* Grid of at least n points: one layer along the last direction of a thin cell. */
static void grid_size(data_shape shape, size_t n, size_t grid[3]) {
  size_t side = 1;
  while (shape == DATA_THIN ? side * side < n : side * side * side < n) side++;
  grid[0] = grid[1] = side;
  grid[2] = shape == DATA_THIN ? 1 : side;
}

mtp_config *data_config(mtp_random *random, data_shape shape, size_t n, int species, double spacing) {
  size_t grid[3];
  double frame[9] = {0};
  mtp_config *cfg = mtp_config_new(n);
  if (!cfg) abort();
  grid_size(shape, n, grid);
  for (size_t i = 0; i < n; i++) {
    const size_t at[3] = {i % grid[0], i / grid[0] % grid[1], i / grid[0] / grid[1]};
    cfg->species[i] = (int)data_index(random, (size_t)species);
    for (size_t a = 0; a < 3; a++) {
      cfg->x[3 * i + a] = spacing * ((double)at[a] + data_uniform(random, -0.18, 0.18));
    }
  }
  for (size_t k = 0; k < 3; k++) frame[4 * k] = spacing * (double)grid[k];
  if (shape != DATA_ORTHOGONAL) {
    mtp_random copy = *random;
    strain(random, 0.08, 3, frame);
    strain(&copy, 0.08, n, cfg->x);
  }
  if (shape == DATA_TRICLINIC) skew(random, frame);
  for (int k = 0; k < lattice_vectors(shape); k++) {
    cfg->periodic[k] = true;
    memcpy(cfg->cell + 3 * k, frame + 3 * k, 3 * sizeof(double));
  }
  for (size_t i = 0; i < n; i++) { /* out of the cell, as in a long run */
    const double cells = (double)data_index(random, 3) - 1.0;
    const size_t k = data_index(random, 3);
    for (size_t a = 0; a < 3; a++) cfg->x[3 * i + a] += cells * cfg->cell[3 * k + a];
  }
  return cfg;
}

void data_append_labelled(mtp_context *ctx, mtp_config_set *set, const mtp_potential *pot, const mtp_config *cfg) {
  mtp_config *copy = mtp_config_copy(cfg);
  naive_result *res = naive_config(pot, cfg);
  assert_non_null(copy);
  data_must(ctx, mtp_config_require_force(ctx, copy));
  memcpy(copy->force, res->force, 3 * cfg->n * sizeof(double));
  memcpy(copy->virial, res->virial, sizeof(copy->virial));
  copy->energy = res->energy;
  copy->has_energy = copy->has_virial = true;
  naive_result_free(res);
  data_must(ctx, mtp_config_set_append(ctx, set, copy));
}

void data_training_open(data_training *t, unsigned long long seed, size_t configs) {
  static const char *const elements[] = {"Na", "Cl"};
  const data_recipe recipe = {8, 2, 6, MTP_RADIAL_CHEBYSHEV, 2, 5};
  *t = (data_training){.ctx = data_context(), .random = {seed}, .set = mtp_config_set_new()};
  t->pot = data_potential(t->ctx, &t->random, &recipe);
  data_must(t->ctx, mtp_potential_set_elements(t->ctx, t->pot, elements));
  for (int s = 0; s < 2; s++) assert_int_equal(mtp_config_set_species(t->set, elements[s]), s);
  for (size_t k = 0; k < configs; k++) {
    const size_t n = 1 + data_index(&t->random, 12);
    mtp_config *cfg = data_config(&t->random, (data_shape)(k % DATA_SHAPES), n, 2, 2.7);
    data_append_labelled(t->ctx, t->set, t->pot, cfg);
    mtp_config_free(cfg);
  }
}

void data_training_close(data_training *t) {
  mtp_config_set_free(t->set);
  mtp_potential_free(t->pot);
  mtp_context_free(t->ctx);
}

mtp_objective *data_objective(mtp_context *ctx, const mtp_objective_options *options, int threads,
                              const mtp_config_set *set, const mtp_potential *pot) {
  const mtp_workers workers = {NULL, threads};
  mtp_part *part = data_calloc(set->n, sizeof *part); /* all are MTP_PART_TRAINING */
  mtp_sample_set *samples = NULL;
  mtp_objective *o = NULL;
  data_must(ctx, mtp_sample_set_borrow(ctx, set, &samples));
  data_must(ctx, mtp_objective_new(ctx, options, &workers, samples->n, samples->sample, part, pot, &o));
  mtp_sample_set_free(samples);
  free(part);
  return o;
}

data_lists *data_lists_build(mtp_random *random, const naive_atoms *atoms, double reach) {
  data_lists *lists = data_calloc(1, sizeof(*lists));
  lists->count = data_calloc(atoms->nall, sizeof(int));
  lists->list = data_calloc(atoms->nall, sizeof(int *));
  lists->storage = data_calloc(atoms->n * atoms->nall, sizeof(int));
  int *next = lists->storage;
  for (size_t i = 0; i < atoms->n; i++) {
    lists->list[i] = next;
    for (size_t j = 0; j < atoms->nall; j++) {
      const double *a = atoms->x + 3 * i, *b = atoms->x + 3 * j;
      const double d[3] = {b[0] - a[0], b[1] - a[1], b[2] - a[2]};
      if (j != i && d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < reach * reach) *next++ = (int)j;
    }
    lists->count[i] = (int)(next - lists->list[i]);
    for (int k = lists->count[i] - 1; k > 0; k--) {
      const size_t other = data_index(random, (size_t)k + 1);
      const int held = lists->list[i][k];
      lists->list[i][k] = lists->list[i][other];
      lists->list[i][other] = held;
    }
  }
  return lists;
}

void data_lists_free(data_lists *lists) {
  if (!lists) return;
  free(lists->count);
  free(lists->list);
  free(lists->storage);
  free(lists);
}

double data_largest(size_t n, const double *values) {
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(values[i]));
  return largest;
}

double data_deviation(size_t n, const double *got, const double *want, double scale) {
  double difference = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(got[i]) || !isfinite(want[i])) return INFINITY;
    difference = fmax(difference, fabs(got[i] - want[i]));
  }
  scale = fmax(scale, data_largest(n, want));
  return scale > 0 ? difference / scale : difference;
}

void data_expect_near(const char *what, size_t n, const double *got, const double *want, double scale,
                      double tolerance) {
  const double deviation = data_deviation(n, got, want, scale);
  if (deviation <= tolerance) return;
  size_t worst = 0;
  for (size_t i = 0; i < n; i++) {
    if (!(fabs(got[i] - want[i]) <= fabs(got[worst] - want[worst]))) worst = i;
  }
  fail_msg("%s: deviation %.3g > %.3g; component %zu is %.17g, expected %.17g", what, deviation, tolerance, worst,
           got[worst], want[worst]);
}

void data_expect_close(const char *what, size_t n, const double *got, const double *want, double tolerance) {
  data_expect_near(what, n, got, want, 0, tolerance);
}

char *data_folder_new(void) {
  char *folder = strdup("/tmp/mtp-test-XXXXXX");
  if (!folder || !mkdtemp(folder)) fail_msg("no temporary folder");
  return folder;
}

char *data_path(const char *folder, const char *name) {
  const size_t size = strlen(folder) + strlen(name) + 2;
  char *path = data_calloc(size, 1);
  snprintf(path, size, "%s/%s", folder, name);
  return path;
}

void data_folder_remove(char *folder) {
  DIR *dir = opendir(folder);
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    char *path = data_path(folder, entry->d_name);
    if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) unlink(path);
    free(path);
  }
  if (dir) closedir(dir);
  rmdir(folder);
  free(folder);
}
