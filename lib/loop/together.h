/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/together.h
 * What a run has to do with others that learn into the same files. */
#ifndef MTP_TOGETHER_H
#define MTP_TOGETHER_H

#include "loop/loop.h"

/* together.c; without `share` they do nothing, and succeed */
/** Opens the training file beside others. */
mtp_status mtp_loop_join(mtp_context *ctx, mtp_learner *l);
/** Locks the training file for a moment; nobody else changes it then. */
mtp_status mtp_loop_lock_train(mtp_context *ctx, mtp_learner *l);
void mtp_loop_unlock_train(mtp_learner *l);
/** How long to wait for the turn to make a potential. */
typedef enum mtp_patience {
  MTP_AT_ONCE,    /**< not at all */
  MTP_UNTIL_MADE, /**< until another run has made one that knows all labels */
  MTP_UNTIL_BEGUN /**< until it is this run's turn */
} mtp_patience;
/** Begins the making of a potential, which one run does at a time, and takes what others made and learned meanwhile.
 * *begun is false where it was not waited for any longer. To be ended as often as it was begun. */
mtp_status mtp_loop_begin_refit(mtp_context *ctx, mtp_learner *l, mtp_patience patience, bool *begun);
void mtp_loop_end_refit(mtp_learner *l);
/** Has the present potential learned all labels? False where one learns alone: only a refit tells. */
bool mtp_loop_knows_all(const mtp_learner *l);
/** Before a label is asked for: takes what others know, learns from it, and waits for what they have asked for that may
 * tell enough of `c`. *changed: it should be graded again. */
mtp_status mtp_loop_catch_up(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, bool *changed);
/** Reads what others have labelled, and what they have asked for and not got yet: *coming, NULL for nothing. */
mtp_status mtp_loop_coming(mtp_context *ctx, mtp_learner *l, mtp_config_set **coming);
/** A wait for labels that other runs have asked for. */
typedef struct mtp_wait {
  double begin; /* mtp_now() */
  bool told;
} mtp_wait;
/** Sleeps until it is time for another look, the longer the longer one has waited; tells the user after a minute.
 * MTP_ERR_STOPPED if the stop flag of the context is up. */
mtp_status mtp_loop_wait(mtp_context *ctx, const mtp_learner *l, mtp_wait *wait);
/** After a call that came to no label: *changed if that is because another run asked for it. */
mtp_status mtp_loop_after_label(mtp_context *ctx, mtp_learner *l, bool *changed);
/** Does nobody else go on? What is done once at the end is left to the last one. */
mtp_status mtp_loop_is_last(mtp_context *ctx, mtp_learner *l, bool *last);
/** At the end of a run, where others go on: makes labels that they want, until none was wanted for as long as a label
 * takes. */
mtp_status mtp_loop_stay(mtp_context *ctx, mtp_learner *l);
/** Waits for the calls that other runs make at this moment. */
mtp_status mtp_loop_wait_for_calls(mtp_context *ctx, mtp_learner *l);

/* in_flight.c */
/** What other runs have asked for and not got yet, NULL for nothing; `wanted`: and what they want and nobody has asked
 * for. The training file is locked. */
mtp_status mtp_loop_in_flight(mtp_context *ctx, const mtp_learner *l, bool wanted, mtp_config_set **out);
/** Takes over what runs that are gone had asked for, which is then asked for here. *labels counts up. */
mtp_status mtp_loop_take_over_calls(mtp_context *ctx, mtp_learner *l, int *labels);
/** The calls that other runs make at this moment, known again after rounding. */
typedef struct mtp_asked_elsewhere {
  mtp_config_set *set;
  mtp_structure_index *index;
} mtp_asked_elsewhere;
/** The training file is locked. To be cleared whatever comes back. */
mtp_status mtp_loop_find_asked(mtp_context *ctx, const mtp_learner *l, mtp_asked_elsewhere *asked);
void mtp_asked_clear(mtp_asked_elsewhere *asked);
/** Is a squeezed label on its way to another run? Runs that share need it once. One in a hole is none of these. */
bool mtp_loop_has_squeezed(const mtp_config_set *coming);
mtp_status mtp_loop_is_squeezed_elsewhere(mtp_context *ctx, mtp_learner *l, bool *is);

/* wanted.c */
/** mtp_loop_label of several, with the help of runs that have nothing to ask for. `all`: waits for what these have
 * begun; else there has to be one label. */
mtp_status mtp_loop_label_divided(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                                  bool all, int *labels);
/** Leaves labels to runs that have nothing to ask for; this one goes on without. */
mtp_status mtp_loop_wish(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates);
void mtp_loop_wish_no_more(mtp_learner *l);
/** Are there other runs, which may have nothing to ask for at times? */
bool mtp_loop_has_others(const mtp_learner *l);
/** Asks for a label that another run wants, if there is one that nobody has asked for. */
mtp_status mtp_loop_help(mtp_context *ctx, mtp_learner *l, bool *helped);
/** Shows what other runs want. */
mtp_status mtp_loop_peek_wanted(mtp_context *ctx, const mtp_learner *l,
                                mtp_status (*show)(void *user, const mtp_config *request), void *user);

#endif
