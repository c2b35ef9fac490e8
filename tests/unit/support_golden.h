/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_golden.h
 * Reference data of third parties, read from the folder that the environment variable MTP_SHARED names; nothing of it
 * is kept here. Comparisons are printed (case, quantity, deviation) and counted, so that one run tells all. */
#ifndef SUPPORT_GOLDEN_H
#define SUPPORT_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "mtp/config.h"
#include "mtp/normal_equations.h"

/** Exit status that says "skipped". */
#define GOLDEN_SKIPPED 77

bool golden_available(void);

/** Names of the cases, closed by NULL. */
extern const char *const golden_cases[];

/** malloc'ed path of a file of a case, and whether it is there. */
char *golden_path(const char *name, const char *file);
bool golden_has(const char *name, const char *file);

mtp_potential *golden_potential(mtp_context *ctx, const char *name, const char *file);
/** Configurations with the species of `pot`, whose labels are the types in the files. */
mtp_config_set *golden_configs(mtp_context *ctx, const char *name, const char *file, const mtp_potential *pot);

/** A text file read token by token. */
typedef struct golden_text {
  char *data, *at, *path;
} golden_text;
golden_text *golden_text_open(const char *name, const char *file);
void golden_text_close(golden_text *text);
/** Moves behind the next occurrence of `word` (whole text ahead), or fails the test. */
void golden_seek(golden_text *text, const char *word);
bool golden_has_ahead(const golden_text *text, const char *word);
double golden_number(golden_text *text);
void golden_numbers(golden_text *text, size_t n, double *values);

/** One configuration of aux.txt; rows and basis values of the first two atoms (or of the only one). */
typedef struct golden_aux {
  size_t natoms, listed;
  double *neighbors, *site_energy, *gradient, *rows, *scalars;
} golden_aux;
void golden_aux_read(golden_text *text, const mtp_potential *pot, golden_aux *aux);
void golden_aux_clear(golden_aux *aux);

/** What a program checks in every configuration of every case: `input` has no labels, `reference` has them. */
typedef struct golden_visit {
  mtp_context *ctx;
  int failures;
  const char *name;
  size_t number; /**< of the configuration */
  mtp_potential *pot;
  mtp_config *input;
  const mtp_config *reference;
  const golden_aux *aux;
} golden_visit;
/** Visits all of them, then fails the test if failures were counted. */
void golden_visit_all(mtp_context *ctx, void (*check)(golden_visit *visit));
/** Calls `check` for every case that has `file`, at least `minimum`, then fails the test if failures were counted. */
void golden_visit_cases(const char *file, int minimum, void (*check)(const char *name, int *failures));

/** Compares and prints; deviations above `tolerance` (relative to the largest |want|, or `scale` if larger) are
 * counted in *failures. */
void golden_check(int *failures, const char *name, size_t config, const char *quantity, size_t n, const double *got,
                  const double *want, double scale, double tolerance);

/** Scale on which forces and virials are compared: the largest of them, but that GOLDEN_FORCE of it is not below the
 * rounding of the terms of the site energies, per A (a relaxed molecule has forces of 1e-6 of them). */
double golden_force_scale(const golden_visit *visit);

/** Contribution of one configuration to the loss with the default weights of MLIP (not divided by the number of
 * configurations); phi > 0: scaled by force. */
double golden_loss(const mtp_config *got, const mtp_config *ref, mtp_weighting weighting, double phi);
/** What rounding may do to mtp_normal_loss: the quadratic form cancels. */
double golden_form_noise(const mtp_normal *nq, const double *x);

/** Tolerances of the README of the data. */
double golden_gradient_tolerance(const char *name);
#define GOLDEN_ENERGY 1e-11
#define GOLDEN_FORCE  1e-10
#define GOLDEN_GRADE  1e-8
/** Forces of perfect crystals are rounding noise: nothing is compared on a scale below this (eV/A, eV). */
#define GOLDEN_FLOOR 1e-2

#endif
