/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/learner.h
 * The learning loop, blind to the MD engine that drives it. It owns the potential, the training set, the active set,
 * the normal equations and the QM driver. The engine evaluates and grades its atoms and, when a grade is above
 * `select`, offers the configuration; the learner keeps it as a candidate or learns from it: label -> check -> append
 * to the training file and sync -> normal equations -> refit -> active set -> save the potential atomically -> event.
 * In a parallel engine the learner lives on one rank; the others get parameters and inverse active set from it.
 *
 * A kill at any instant loses at most the QM calls in flight: the training file is the truth, answers that wait for an
 * earlier one are in FILE.calls beside it, and the potential and active set are rebuilt from what they were at start.
 */
#ifndef MTP_LEARNER_H
#define MTP_LEARNER_H

#include <stdbool.h>
#include <stddef.h>

#include "mtp/active_set.h"
#include "mtp/baseline.h"
#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/cut.h"
#include "mtp/posterior.h"
#include "mtp/potential.h"
#include "mtp/qm.h"
#include "mtp/weights.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a refit may change. */
typedef enum mtp_refit {
  MTP_REFIT_LINEAR, /**< the linear coefficients, in milliseconds */
  MTP_REFIT_FULL,   /**< all parameters, each time */
  MTP_REFIT_AUTO    /**< all when the data or the loss of the linear fit have grown since all were trained, and a fit to
                       part of the data predicts the rest better; else the linear ones */
} mtp_refit;

/** By which parameters candidates are graded. */
typedef enum mtp_grading {
  MTP_GRADE_AUTO,  /**< all until the radial functions were trained on this training set, then the linear ones */
  MTP_GRADE_ALL,   /**< all, as MLIP does */
  MTP_GRADE_LINEAR /**< the linear ones from the start */
} mtp_grading;

/** What a grade is. */
typedef enum mtp_query {
  MTP_QUERY_MAXVOL, /**< of an active set: how far a row extrapolates (active_set.h) */
  MTP_QUERY_BAYES   /**< how unsure labels leave a force, over what is allowed (mtp_posterior_grade) */
} mtp_query;

/** What is labelled. */
typedef enum mtp_cutting {
  MTP_CUTTING_AUTO, /**< cut-outs of systems of more than 300 atoms */
  MTP_CUTTING_OFF,  /**< whole configurations */
  MTP_CUTTING_ON    /**< cut-outs */
} mtp_cutting;

typedef enum mtp_onfail { MTP_ONFAIL_STOP, MTP_ONFAIL_SKIP } mtp_onfail;

typedef struct mtp_learner_options {
  const char *train_path;     /**< "train.extxyz" */
  const char *save_path;      /**< where each refitted potential goes */
  const char *log_path;       /**< "mtp-al.jsonl" */
  const char *candidate_path; /**< "candidates.extxyz": what was not labelled */
  /** Active set of the file that `pot` came from (borrowed during mtp_learner_new, copied), or NULL. It grades while
   * the training set is empty; its labelled configurations become the first of the training set before the first label.
   */
  const mtp_active_set *active_set;
  /** What is learned is the reference less this, or NULL. Borrowed until the learner is freed. It is subtracted from an
   * answer of the driver that was found good, before that goes into the training file; requests and answers are the
   * reference alone. Training files and trained potentials of another baseline, or of none, are MTP_ERR_STATE. */
  const mtp_baseline *baseline;
  mtp_mode mode;
  mtp_query query;            /**< maxvol */
  double query_error;         /**< eV/A that MTP_QUERY_BAYES allows; 0: as much as the noise */
  double select_grade;        /**< 2; 1 by `query bayes` in words */
  double break_grade;         /**< 10, >= select_grade; 2 by `query bayes` in words */
  bool has_select, has_break; /**< words gave them: `query` leaves them alone */
  bool auto_select;           /**< each refit chooses select_grade by the errors that labels had at their grades; the
                                   grade above is where it begins (mtp_learner_thresholds); false */
  bool auto_break;            /**< the same of break_grade */
  long long check_every;      /**< steps after which the engine calls mtp_learner_verify; 0: never */
  double check_error;         /**< eV/A above which what that finds is learned from; infinity */
  int pool;                   /**< 50 */
  /** The posterior is asked about candidates below break: those whose forces are known to within the noise of the fit
   * get no label, one with a force that is all wrong is learned at once (query maxvol, mode neighbourhood, and not
   * grading all); true. */
  bool doubt;
  mtp_refit refit;     /**< auto */
  mtp_grading grading; /**< auto */
  bool wall;           /**< ask for labels of squeezed pairs, and see that no fit has a hole below them; true */
  bool grow;           /**< an untrained potential begins at level 8 and climbs as data come to need it, up to its own;
                            MTP_ERR_UNSUPPORTED without a standard level and RBChebyshev functions; false */
  mtp_weights weights;
  int warmup;          /**< labelled copies of the first configuration; -1: on a cold start as many as their atoms
                            need to settle the linear coefficients, 2 to 8, else 0 */
  double warmup_sigma; /**< 0.1 A (displacements; strain 0.02); less for short bonds if `warmup` is -1 */
  mtp_cutting cutting; /**< auto; always off in configuration mode */
  mtp_cut_options cut; /**< how cut-outs are made: mtp_cut_defaults */
  bool share;          /**< other runs learn into the same train_path and save_path, see below; false */
  bool wait;           /**< for labels of candidates below break; false: the run goes on meanwhile; true */
  long long max_calls; /**< QM budget of this run, -1: unlimited */
  mtp_onfail onfail;
  unsigned long long seed;
  int threads; /**< of this process, while it trains and builds active sets; 1 */
  /** Other ranks help to train all parameters: `start_helpers` makes them call mtp_trainer_help. NULL: this one alone.
   */
  const mtp_comm *comm;
  void (*start_helpers)(void *user);
  void *helpers_user;
} mtp_learner_options;

/** The defaults above. */
MTP_API mtp_learner_options mtp_learner_defaults(void);
/** Sets an option by words, as decks and scripts have them: words[0] is a keyword (mode query check select break pool
 * doubt refit rows wall weights warmup cut shape grow share wait maxqm onfail seed), words[1] ... words[count - 1]
 * begin with its values. *used receives how many words it took, 0 if words[0] is none of these. MTP_ERR_ARGUMENT, with
 * a line for the user, if the values are not of the kind that it takes; mtp_learner_check looks at their range. */
MTP_API mtp_status mtp_learner_set(mtp_context *ctx, mtp_learner_options *options, int count, const char *const *words,
                                   int *used);
/** These keywords: number 0, 1, ...; NULL beyond the last. */
MTP_API const char *mtp_learner_keyword(int number);
/** MTP_ERR_ARGUMENT, with a line that names it, if a number or choice in the options makes no sense: what
 * mtp_learner_new would say, at once. Paths may be missing still. */
MTP_API mtp_status mtp_learner_check(mtp_context *ctx, const mtp_learner_options *options);

typedef struct mtp_learner mtp_learner;

/** Opens the log and the training file (both must be writable, checked before any QM call), reads the training set if
 * it exists, and fits and grades the potential with it. If there is a training set, parameters and active set are first
 * taken from save_path, provided that a potential of the same functions is there (something else there is
 * MTP_ERR_FORMAT or a warning). `pot` is copied; it must carry as many species as `elements` if those are given. `qm`
 * is taken over and closed by mtp_learner_free, also when this call fails; NULL means `none`. */
MTP_API mtp_status mtp_learner_new(mtp_context *ctx, const mtp_learner_options *options, const mtp_potential *pot,
                                   mtp_qm *qm, mtp_learner **out);
/** The engine has come to this step, whether it offers something there or not: how seldom labels are asked for is told
 * by the steps without one. A step before the last one begins the count anew, unless mtp_learner_rewind went there. */
MTP_API void mtp_learner_pass(mtp_learner *learner, long long step);
/** A run of the engine is over, others may follow: says, as a line and an `outlook` event, whether labels are still to
 * be expected (outlook.h). Nothing without a driver, or where no steps were made since. */
MTP_API mtp_status mtp_learner_end_run(mtp_context *ctx, mtp_learner *learner);

/** How a run moved its atoms. */
typedef struct mtp_conditions {
  double temperature;    /**< K, in the end */
  double timestep;       /**< ps */
  const double *masses;  /**< [species] g/mol */
  long long steps;       /**< that the run made */
  long long quiet_steps; /**< of these, the last ones without a label at that temperature */
  bool moves_cell;       /**< the cell followed a pressure, in all three directions */
  double pressure;       /**< which one in the end, eV/A^3; of no meaning otherwise */
} mtp_conditions;

/** For the end of a run in which labels were learned (or before which one was killed that had), before mtp_learner_end:
 * candidates that wait get labels, and after a last training the potential moves the atoms of the last label on its own
 * (in a Langevin bath a tenth hotter than the run, at its pressure if it had one), for as many steps as the run had,
 * up to ten times as many in a small cell, at most 200 000 and at most 2e7 divided by the number of atoms. What is
 * beyond break there is learned as in the run, with at most a third as many labels (4 in any case), and it is trained
 * and tried again, three times at most. So a frozen potential is safe for longer than the run that taught it. What
 * fails on the way is a warning, and MTP_OK is returned all the same; MTP_ERR_ARGUMENT for conditions that are none.
 * Without labels, driver or budget nothing is tried. */
MTP_API mtp_status mtp_learner_explore(mtp_context *ctx, mtp_learner *learner, const mtp_conditions *conditions);

/** If labels were learned: trains all parameters once more, at leisure, unless the fit is good already, `refit` is
 * linear, or mtp_learner_explore did. Writes waiting candidates to candidate_path and the `end` event, says what error
 * to expect, and frees. NULL is allowed. */
MTP_API void mtp_learner_end(mtp_context *ctx, mtp_learner *learner);
/** The same in silence, without training. */
MTP_API void mtp_learner_free(mtp_learner *learner);

typedef enum mtp_action {
  MTP_GO_ON, /**< nothing changed */
  MTP_REDO,  /**< the potential changed: evaluate this step again */
  MTP_REWIND /**< the configuration is beyond use: call mtp_learner_rewind and go back. Only where it is allowed */
} mtp_action;

/** Call once with the first configuration before the first evaluation: completes the QM calls that an earlier run had
 * begun, labels the warm-up configurations if the potential is untrained (or as `warmup` says), and fits. MTP_GO_ON if
 * nothing had to be done. Periodic cells get strain, all get displacements. */
MTP_API mtp_status mtp_learner_begin(mtp_context *ctx, mtp_learner *learner, const mtp_config *first, long long step,
                                     mtp_action *action);

/** What an engine knows of the configuration that it offers next, beside its atoms. */
typedef struct mtp_moment {
  double hottest; /**< kinetic energy of its fastest atom, as a temperature (K); 0: unknown */
  double usual;   /**< mean of the same over the last quiet steps; 0: unknown */
  double first;   /**< the same at the beginning of the run, or when atoms came last; 0: unknown */
  long long lost; /**< atoms that are no longer there */
  bool can_rewind;
  const char *no_way_back; /**< why it cannot, if it was to be able to; NULL */
  bool wanted;             /**< it is learned from whatever its grade, if it can be labelled */
  bool trial;              /**< nothing goes on from there: what cannot be labelled is no failure */
} mtp_moment;
/** Holds for the next offer only. */
MTP_API mtp_status mtp_learner_tell(mtp_context *ctx, mtp_learner *learner, const mtp_moment *moment);

/** Do the labels settle the energy of so many atoms of each species, numbers[species]? If all labels have the same
 * numbers, what an atom adds that comes is arbitrary whatever the grade, and a configuration with others is wanted.
 * True also if none can be had, or if some were asked for in vain. */
MTP_API mtp_status mtp_learner_knows_numbers(mtp_context *ctx, const mtp_learner *learner, const long long *numbers,
                                             bool *known);

/** Remembers a configuration of the run (copied, in place of the one before), whatever its grade: should the run
 * explode, it is the last one that is known to be sound. Some every tenth of the way back is often enough. */
MTP_API mtp_status mtp_learner_remember(mtp_context *ctx, mtp_learner *learner, const mtp_config *cfg, double grade,
                                        int atom, long long step);

/** After MTP_REWIND at `step`, before the engine goes back to what it was at the earlier step `to`: learns from the
 * configuration that was remembered last and from the candidates that wait (MTP_REDO: the potential changed). Until the
 * place is passed, what is beyond select is learned at once. The failure if there is nothing to learn, or if the run
 * was there five times, ends the run. */
MTP_API mtp_status mtp_learner_rewind(mtp_context *ctx, mtp_learner *learner, long long step, long long to,
                                      mtp_action *action);

/** Offers a configuration whose largest grade `grade` (of `atom`, -1 in configuration mode) is above select. Failure
 * means that the run must stop; everything that was learned is on disk. Configurations beyond break must be offered at
 * once, and again after MTP_REDO if still beyond break: one that is so although it was labelled, or that got no label,
 * fails with a clear message. So does one that has exploded: pairs closer than half of the shortest distance that is
 * labelled and of their covalent radii (0.65 of them with a grade of 1e4), or an atom much too fast or lost
 * (mtp_learner_tell). It gets no label and is appended to a file beside the candidates (exploded.extxyz beside
 * candidates.extxyz). */
MTP_API mtp_status mtp_learner_offer(mtp_context *ctx, mtp_learner *learner, const mtp_config *cfg, double grade,
                                     int atom, long long step, mtp_action *action);

/* ---- cut-outs ---- */

/** How many cut-outs of one step are labelled together in a system of so many atoms, MTP_PARTS at most; 0: whole
 * configurations are labelled. Else mtp_learner_offer_parts has to be used. */
MTP_API int mtp_learner_parts(const mtp_learner *learner, size_t atoms);

/** An atom that is beyond select. */
typedef struct mtp_spot {
  long long id; /**< a number that stays its own while the run goes on */
  double x[3];
  double grade;
} mtp_spot;

#define MTP_PARTS 16 /**< cut-outs of one step, at most */
/** Which atoms to cut around. */
typedef struct mtp_cut_plan {
  mtp_cut_options options; /**< radius and vacuum as they are meant */
  int whole;               /**< no cut-out will do: mtp_learner_offer with the whole configuration */
  int count;               /**< cut-outs */
  int middle[MTP_PARTS];   /**< numbers of the spots in their middles, the most extrapolating first */
} mtp_cut_plan;

/** Chooses the middles among `spots`, which need not be more than the worst ones. Spots that are near the middle of a
 * cut-out share it; there are as many cut-outs as the QM driver labels at a time. An atom that was the middle of one in
 * the same step already gets a larger one, and in the end the whole. `lattice` has the cell (its atoms are not looked
 * at), `atoms` is how many there are. */
MTP_API mtp_status mtp_learner_plan_cuts(mtp_context *ctx, mtp_learner *learner, const mtp_config *lattice,
                                         size_t atoms, size_t n, const mtp_spot *spots, long long step,
                                         mtp_cut_plan *plan);

/** The atoms of one cut-out of a plan: those in mtp_cut_region_of its middle. */
typedef struct mtp_part {
  const mtp_config *cfg; /**< the lattice of the whole, and these atoms */
  size_t middle;         /**< number of the atom in the middle */
  long long id;
  double grade;
} mtp_part;

/** mtp_learner_offer by cut-outs, parts[count] as planned. */
MTP_API mtp_status mtp_learner_offer_parts(mtp_context *ctx, mtp_learner *learner, const mtp_cut_plan *plan, int count,
                                           const mtp_part *parts, long long step, mtp_action *action);

/** Offers the end point of a relaxation, where the potential has a minimum whether the reference has one or not: it is
 * labelled and learned from, whatever its grade (NaN: unknown), unless it is known; where labels come from cut-outs,
 * what is around `atom`. MTP_REDO means that the relaxation must go on from there with the new potential and offer its
 * next end point as `round` + 1; rounds count from 0. They come to an end: what was found to be right is not asked for
 * again nearby, nor is anything after 10 rounds. Without driver or budget nothing is done, with one notice. */
MTP_API mtp_status mtp_learner_confirm(mtp_context *ctx, mtp_learner *learner, const mtp_config *cfg, double grade,
                                       int atom, long long step, int round, mtp_action *action);

/** Learns from labels that have come since they were asked for without waiting (`wait` is false, and the driver does
 * not run in this process). For runs that share: takes over what others have learned since, if they have; they are
 * looked at once a second at most, but always if the potential is not yet of `generation` (mtp_learner_stats; 0: any
 * will do). To be called every few steps. Such runs have the same train_path and save_path, and a log_path of their own
 * each. Whatever is labelled by one is learned by all, one refit is made at a time and the others take its potential
 * over, what is nearly the same is asked for once, and what only the end of a run has to do is left to the last of
 * them. Any may be killed at any time: its calls are taken over by another one, or by the next to start. It needs a
 * file system with locks (fcntl(2)), as local ones and NFS have them. */
MTP_API mtp_status mtp_learner_follow(mtp_context *ctx, mtp_learner *learner, long long step, long long generation,
                                      mtp_action *action);

/** Buys the true error of a configuration of the run, whose grade is below select: a `check` event tells it, and it is
 * learned from if the error of a force (of the worst atom, RMS of a component) is above `check_error`. Where labels
 * come from cut-outs, what is around `atom`. Without driver or budget, and for what is labelled, nothing is done. */
MTP_API mtp_status mtp_learner_verify(mtp_context *ctx, mtp_learner *learner, const mtp_config *cfg, double grade,
                                      int atom, long long step, mtp_action *action);

MTP_API const mtp_potential *mtp_learner_potential(const mtp_learner *learner);
/** The thresholds; with select auto and break auto until the next refit. */
MTP_API mtp_status mtp_learner_thresholds(mtp_context *ctx, const mtp_learner *learner, double *select,
                                          double *break_grade);
/** NULL until there is something to grade with. */
MTP_API const mtp_active_set *mtp_learner_active_set(const mtp_learner *learner);

/** How sure that potential is of its coefficients; NULL where it is not known. Until the next refit. */
MTP_API const mtp_posterior *mtp_learner_posterior(const mtp_learner *learner);

typedef struct mtp_learner_stats {
  long long qm_calls;       /**< labels asked for in this run, good or bad */
  long long labels;         /**< accepted in this run */
  long long configurations; /**< in the training set */
  long long refits;         /**< in this run */
  long long full_refits;    /**< of these, of all parameters */
  long long candidates;     /**< waiting */
  double qm_seconds, refit_seconds;
  long long adopted;    /**< potentials that were taken over from other runs */
  long long generation; /**< of the potential: so many did all runs of `share` save; 0 without */
} mtp_learner_stats;
MTP_API mtp_learner_stats mtp_learner_get_stats(const mtp_learner *learner);

#ifdef __cplusplus
}
#endif
#endif
