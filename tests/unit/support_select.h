/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_select.h
 * For the tests of selections: candidates in blocks, what is chosen of them, and rows from their definition. */
#ifndef SUPPORT_SELECT_H
#define SUPPORT_SELECT_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/select.h"
#include "support_data.h"

enum { FRAMES = 14, ATOMS = 7 };

typedef struct select_bench {
  mtp_context *ctx;
  mtp_random random;
  mtp_potential *pot;
  mtp_config_set *train, *set;
} select_bench;

/* Configurations of a set in an order, `size` a block. */
typedef struct select_source {
  const mtp_config_set *set;
  const size_t *order; /* or NULL */
  size_t size, at, passes;
  const mtp_config_set *later; /* what is there from the second pass on; or NULL: the same */
  mtp_config_set block;
  mtp_config *configs[64];
} select_source;

typedef struct select_table {
  size_t n, m;
  double *row; /* [m][n] */
  long *owner; /* [m], -1: of the training set */
} select_table;

/** n configurations of both species, in cells of three shapes. */
mtp_config_set *select_make_set(select_bench *b, size_t n);
/** `ctx` is data_context(): tests that name it run on every instruction set. */
/** `ctx` is data_context(): tests that name it are run by every instruction set. */
select_bench select_bench_new(mtp_context *ctx, int level);
void select_bench_free(select_bench *b);
/** The functions of mtp_candidates. */
mtp_status select_source_rewind(mtp_context *ctx, void *user);
mtp_status select_source_next(mtp_context *ctx, void *user, const mtp_config_set **block);
/** What is chosen of the configurations of a bench, by their place in its set. */
void select_choose(select_bench *b, const mtp_select_options *o, const mtp_config_set *train, const size_t *order,
                   size_t size, bool chosen[64], mtp_selection *out);
void select_print_both(const bool *got, const bool *want);
size_t select_count(const bool *chosen);
/** Rows that a configuration has. */
size_t select_rows_of(mtp_select_mode mode, const mtp_config *cfg);
/** Rows of a set from their definition: what the potential gives whose only coefficient is one. */
select_table select_make_table(select_bench *b, mtp_select_mode mode, const mtp_config_set *set, bool is_train);
void select_table_free(select_table *t);

#endif
