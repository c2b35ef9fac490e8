/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_call.h
 * A call of the evaluator as an MD engine makes it, from a potential and a configuration, and the comparison of all its
 * outputs with the oracle's. */
#ifndef SUPPORT_CALL_H
#define SUPPORT_CALL_H

#include <stdbool.h>

#include "mtp/evaluator.h"
#include "support_data.h"
#include "support_naive.h"

/** How the atoms are handed over. */
typedef struct call_manner {
  double foreign;  /**< share of atoms of a type that is no species */
  double left_out; /**< share of real atoms that are not central; 0: no list of central atoms is given */
  double skin;     /**< list entries beyond the cutoff */
  bool marked;     /**< some list entries carry a bit that the mask takes away */
} call_manner;

typedef struct call {
  naive_atoms *atoms;
  data_lists *lists;
  bool *is_central;
  int *central, *type, *species_of_type;
  mtp_atoms in;
  mtp_output out; /**< everything but grades; rows[] is not a number until it is computed */
  size_t nparams;
} call;

call *call_new(mtp_random *random, const mtp_potential *pot, const mtp_config *cfg, const call_manner *how);
void call_free(call *c);
/** Makes the given real atoms, in this order, the central ones. */
void call_set_central(call *c, size_t n, const int *central);
/** Outputs as they were in the beginning. */
void call_clear(call *c);
/** The oracle's answer. */
naive_result *call_expected(const call *c, const mtp_potential *pot);

/** Largest deviation from the oracle that belongs to a precision. */
double call_tolerance(mtp_precision precision);

/** Compares what `out` holds (what is NULL is left out) with the oracle's answer. */
void call_compare(const call *c, const mtp_output *out, const naive_result *want, double tolerance);

/** One precision, with all outputs and with some of them alone: what is not asked for must not change what is. */
void call_check_precision(mtp_context *ctx, mtp_evaluator *ev, call *c, const mtp_potential *pot,
                          mtp_precision precision);
/** Both precisions; double alone where numbers are beyond the range of single precision. */
void call_check(mtp_context *ctx, mtp_evaluator *ev, call *c, const mtp_potential *pot);

#endif
