/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_misuse.h
 * Calls of public functions with NULL for each of their pointers in turn, in tables by subject: test_misuse.c has the
 * one of what learns, support_misuse_fit.c that of what fits leave, support_misuse_model.c that of what is learned. */
#ifndef SUPPORT_MISUSE_H
#define SUPPORT_MISUSE_H

#include "mtp/active_set.h"
#include "mtp/evaluator.h"
#include "mtp/label_file.h"
#include "mtp/normal_equations.h"
#include "mtp/posterior.h"
#include "mtp/qm.h"

/** Good arguments of all kinds. What calls change or free does not matter: each is made in a process of its own. */
typedef struct misuse_world {
  mtp_context *ctx;
  mtp_potential *pot;
  mtp_config *cfg;
  mtp_config_set *set;
  mtp_neighbors *nb;
  mtp_evaluator *ev;
  mtp_active_set *as;
  mtp_normal *normal;
  mtp_posterior *posterior;
  mtp_qm *qm;
  mtp_label_file *labels;
  char *folder, *path, *labels_path, *appended_path;
  double *numbers;
} misuse_world;

extern misuse_world w;
extern int misuse_null; /**< the pointer that is NULL, by its number; 0 for none */

#define P(number, pointer) ((number) == misuse_null ? NULL : (pointer))
#define RETURNS(value, wanted)                                                                                         \
  ((value) == (wanted) ? MTP_ERR_ARGUMENT : MTP_OK) /* a neutral value instead of a status */

typedef struct misuse_entry {
  const char *name;
  mtp_status (*call)(void);
  int pointers;      /**< so many are made NULL, one at a time */
  unsigned optional; /**< bits of those that may be NULL by the header; number 1 of a function with a context is it */
} misuse_entry;
#define BIT(number) (1u << (number))

typedef struct misuse_table {
  const misuse_entry *entries;
  size_t count;
} misuse_table;
#define MISUSE_TABLE(array)                                                                                            \
  { array, sizeof(array) / sizeof((array)[0]) }

/** Contexts, potentials, configurations, evaluators, active sets. */
extern const misuse_table misuse_of_model;
/** Posteriors, pair parts, selection, teams. */
extern const misuse_table misuse_of_fits;

/** Makes all calls of the tables; fails the running test unless each fails in order or does what its header says. */
void misuse_make_calls(size_t count, const misuse_table *tables);
/** Fails unless all functions that the public headers declare are in the tables. */
void misuse_expect_complete(size_t count, const misuse_table *tables);

#endif
