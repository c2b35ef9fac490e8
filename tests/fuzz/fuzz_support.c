/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file fuzz_support.c
 * What the fuzz targets share; see fuzz.h. */
#include "fuzz.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"

void (*fuzz_on_seed)(const void *data, size_t size);
void (*fuzz_on_note)(const char *message);

void fuzz_seed(const void *data, size_t size) {
  if (fuzz_on_seed) fuzz_on_seed(data, size);
}

void fuzz_seed_text(const char *text) {
  fuzz_seed(text, strlen(text));
}

void fuzz_note(const char *message) {
  if (fuzz_on_note) fuzz_on_note(message);
}

void fuzz_require_at(int holds, const char *what, const char *file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  abort();
}

/* ---- messages ---- */

static void check_line(const char *message) {
  for (const unsigned char *c = (const unsigned char *)message; *c; c++) {
    if (*c >= ' ' && *c != 0x7f) continue;
    fprintf(stderr, "a message with the byte %d: %s\n", *c, message);
    abort();
  }
  fuzz_note(message);
}

static void on_message(void *user, mtp_level level, const char *message) {
  (void)user;
  (void)level;
  check_line(message);
}

mtp_context *fuzz_context(void) {
  mtp_context *ctx = mtp_context_new();
  fuzz_require(ctx != NULL);
  mtp_context_set_logger(ctx, on_message, NULL);
  return ctx;
}

void fuzz_end(mtp_context *ctx, mtp_status status) {
  if (status != MTP_OK) {
    fuzz_require(mtp_context_message(ctx)[0] != 0);
    check_line(mtp_context_message(ctx));
  }
  mtp_context_free(ctx);
}

void fuzz_end_call(mtp_qm_status status, const char *reason) {
  if (status == MTP_QM_OK) return;
  fuzz_require(reason[0] != 0);
  check_line(reason);
}

/* ---- files ---- */

static char folder[64];

static void remove_files(const char *path) {
  DIR *dir = opendir(path);
  char name[512];
  for (struct dirent *entry; dir && (entry = readdir(dir));) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    if (unlink(name) != 0) remove_files(name);
  }
  if (dir) closedir(dir);
  rmdir(path);
}

static void remove_folder(void) {
  remove_files(folder);
}

const char *fuzz_folder(void) {
  if (folder[0]) return folder;
  strcpy(folder, "/dev/shm/mtp-fuzz-XXXXXX");
  if (!mkdtemp(folder)) {
    strcpy(folder, "/tmp/mtp-fuzz-XXXXXX");
    fuzz_require(mkdtemp(folder) != NULL);
  }
  atexit(remove_folder);
  return folder;
}

const char *fuzz_path(const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", fuzz_folder(), name);
  return path;
}

const char *fuzz_file(const char *name, const void *data, size_t size) {
  char within[256];
  snprintf(within, sizeof within, "%s", fuzz_path(name));
  char *slash = strrchr(within, '/');
  *slash = 0;
  mkdir(within, 0777);
  const char *path = fuzz_path(name);
  FILE *file = fopen(path, "w");
  fuzz_require(file != NULL);
  fuzz_require(fwrite(data, 1, size, file) == size);
  fuzz_require(fclose(file) == 0);
  return path;
}

void fuzz_seed_file(const char *path) {
  FILE *file = fopen(path, "r");
  char *data = malloc(FUZZ_MOST_BYTES);
  fuzz_require(file != NULL && data != NULL);
  const size_t size = fread(data, 1, FUZZ_MOST_BYTES, file);
  fclose(file);
  fuzz_seed(data, size);
  free(data);
}

/* ---- configurations ---- */

const char *const fuzz_elements[2] = {"Al", "Cu"};

static mtp_config *atoms(size_t n, int rows) {
  mtp_config *cfg = mtp_config_new(n);
  fuzz_require(cfg != NULL);
  for (int k = 0; k < rows; k++) {
    cfg->cell[4 * k] = 4 + 0.5 * k;
    cfg->periodic[k] = true;
  }
  if (rows == 3) cfg->cell[6] = 0.25;
  for (size_t i = 0; i < n; i++) {
    cfg->species[i] = (int)(i % 2);
    for (size_t c = 0; c < 3; c++) cfg->x[3 * i + c] = 0.125 + 1.5 * (double)((i >> c) & 1);
  }
  return cfg;
}

static mtp_config *labelled(size_t n, int rows) {
  mtp_config *cfg = atoms(n, rows);
  fuzz_require(mtp_config_require_force(NULL, cfg) == MTP_OK);
  for (size_t k = 0; k < 3 * n; k++) cfg->force[k] = 0.01 * (double)k - 0.1;
  cfg->has_energy = true;
  cfg->energy = -3.25 * (double)n;
  cfg->has_virial = rows == 3;
  for (int k = 0; k < 6 && cfg->has_virial; k++) cfg->virial[k] = 0.5 * k - 1;
  cfg->grade = mtp_calloc(n, sizeof *cfg->grade);
  cfg->force_mask = mtp_calloc(n, 1);
  fuzz_require(cfg->grade && cfg->force_mask);
  cfg->force_mask[0] = 1;
  fuzz_require(mtp_config_set_feature(NULL, cfg, "config_weight", "0.5") == MTP_OK);
  return cfg;
}

mtp_config *fuzz_sample(void) {
  return atoms(4, 3);
}

mtp_config_set *fuzz_sample_set(void) {
  mtp_config_set *set = mtp_config_set_new();
  fuzz_require(set != NULL);
  for (int k = 0; k < 2; k++) mtp_config_set_species(set, fuzz_elements[k]);
  fuzz_require(mtp_config_set_append(NULL, set, labelled(4, 3)) == MTP_OK);
  fuzz_require(mtp_config_set_append(NULL, set, labelled(3, 2)) == MTP_OK);
  fuzz_require(mtp_config_set_append(NULL, set, atoms(1, 0)) == MTP_OK);
  return set;
}

void fuzz_seed_format(mtp_format format, const char *name) {
  mtp_config_set *set = fuzz_sample_set();
  if (format == MTP_FORMAT_LAMMPS_DATA || format == MTP_FORMAT_POSCAR || format == MTP_FORMAT_LAMMPS_DUMP)
    while (set->n > 1) mtp_config_free(set->configs[--set->n]); /* one, with a whole cell */
  fuzz_require(mtp_config_set_write(NULL, set, fuzz_path(name), format) == MTP_OK);
  fuzz_seed_file(fuzz_path(name));
  mtp_config_set_free(set);
}

static void check_finite(const double *values, size_t n) {
  for (size_t i = 0; i < n; i++) fuzz_require(isfinite(values[i]));
}

static void check_config(const mtp_config_set *set, const mtp_config *cfg) {
  for (size_t i = 0; i < cfg->n; i++) fuzz_require(cfg->species[i] >= 0 && cfg->species[i] < set->species_count);
  check_finite(cfg->x, 3 * cfg->n);
  check_finite(cfg->cell, 9);
  if (cfg->force) check_finite(cfg->force, 3 * cfg->n);
  if (cfg->has_energy) check_finite(&cfg->energy, 1);
  if (cfg->has_virial) check_finite(cfg->virial, 6);
}

static void write_again(const mtp_config_set *set) {
  mtp_context *ctx = fuzz_context();
  mtp_config_set *again = NULL;
  mtp_status status = mtp_config_set_write(ctx, set, fuzz_path("again.xyz"), MTP_FORMAT_EXTXYZ);
  if (status == MTP_OK) {
    status = mtp_config_set_read(ctx, fuzz_path("again.xyz"), NULL, &again);
    if (status != MTP_OK) fprintf(stderr, "written and refused: %s\n", mtp_context_message(ctx));
    fuzz_require(status == MTP_OK && again->n == set->n);
    for (size_t k = 0; k < set->n; k++) fuzz_require(again->configs[k]->n == set->configs[k]->n);
    mtp_config_set_free(again);
  }
  fuzz_end(ctx, status);
}

static void read_with(const mtp_read_options *options, const char *path) {
  mtp_context *ctx = fuzz_context();
  mtp_config_set *set = NULL;
  mtp_status status = mtp_config_set_read(ctx, path, options, &set);
  fuzz_require((status == MTP_OK) == (set != NULL));
  if (set && !options->tolerate_bad_numbers) {
    for (size_t k = 0; k < set->n; k++) check_config(set, set->configs[k]);
    if (!options->whole_records) write_again(set);
  }
  mtp_config_set_free(set);
  fuzz_end(ctx, status);
}

void fuzz_read_configs(mtp_format format, const char *name, const uint8_t *data, size_t size) {
  char path[256];
  snprintf(path, sizeof path, "%s", fuzz_file(name, data, size));
  read_with(&(mtp_read_options){.format = format}, path);
  read_with(&(mtp_read_options){.format = format, .tolerate_cut_tail = true, .tolerate_bad_numbers = true}, path);
  read_with(&(mtp_read_options){.format = format, .whole_records = true}, path);
}
