/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/loop.h
 * What is inside a learner, and the steps that its files share:
 *   startup.c     options, files, the training set and the first fit
 *   warmup.c      displaced and strained copies of the first configuration
 *   candidates.c  configurations that wait for a label, or will not get one
 *   seen.c        which configurations were labelled or refused before
 *   rank.c        which candidates are worth a label
 *   calls.c       QM calls that outlive the process that makes them
 *   label.c       QM calls and what becomes of their answers
 *   resume.c      what an earlier run of the same files left
 *   refit.c       fit, active set, save, report
 *   endpoint.c    end points of relaxations
 *   learner.c     the public functions and the decisions */
#ifndef MTP_LOOP_H
#define MTP_LOOP_H

#include <stdbool.h>

#include "loop/calls.h"
#include "loop/event_log.h"
#include "loop/journal.h"
#include "loop/seen.h"
#include "mtp/learner.h"

/** Swaps of maxvol must gain this factor: what MLIP-3 uses, and what bounds the grades of the training set. */
#define MTP_LOOP_THRESHOLD 1.001

typedef struct mtp_candidate {
  mtp_config *cfg;
  uint64_t hash; /* mtp_seen_hash of it */
  double grade;
  int atom;
  long long step;
  int warmup; /* number of the warm-up copy, -1 for a configuration of the run */
} mtp_candidate;

/** Sums of squared errors of a potential, from which an RMSE follows. */
typedef struct mtp_residual {
  double energy, force; /* (eV/atom)^2, (eV/A)^2 */
  double energies, forces;
} mtp_residual;

/** Errors of a potential at an end point of a relaxation. */
typedef struct mtp_verdict {
  double energy, force, stress; /* eV/atom, eV/A (RMS), eV/A^3 (largest) */
  double size;                  /* the worst of them, in units of what is right */
} mtp_verdict;

typedef struct mtp_endpoints {
  mtp_config_set *settled;   /* labels near which none is needed; NULL: none yet */
  size_t label;              /* number of the last one in the training set */
  mtp_verdict before, after; /* it was learned */
  bool told;                 /* that end points get no label */
} mtp_endpoints;

struct mtp_learner {
  mtp_learner_options options; /* paths are our copies */
  char *train_path, *save_path, *log_path, *candidate_path;
  mtp_potential *pot;
  mtp_active_set *as;   /* NULL until there is something to grade with */
  bool as_is_of_train;  /* built here on the training set, so its origins are numbers in it */
  mtp_config_set *seed; /* labelled configurations of the given active set, until they are in the training file */
  mtp_normal *normal;
  bool radial_trained; /* the radial functions were trained, here or before */
  double full_loss;    /* of the potential when all parameters were trained last, or when it came; 0: unknown */
  size_t full_configs; /* in the training set then */
  mtp_config_set *train;
  mtp_journal *train_file;
  mtp_calls *calls;            /* that are under way, or were when an earlier run ended */
  mtp_journal *candidate_file; /* opened when first needed */
  mtp_event_log *log;
  mtp_qm *qm; /* NULL: none */
  int species_count;
  char **names;
  const char **file_names;  /* [species_count] what the training file calls them */
  char (*file_numbers)[16]; /* [species_count] the storage of these, or NULL */
  mtp_seen *seen;
  mtp_candidate *pool;
  size_t pool_size;
  mtp_residual residual; /* of the present potential on the training set; of the last one on labels since then */
  bool residual_known;
  mtp_learner_stats stats;
  long long rejects, written_candidates;
  long long last_step;
  bool stopped;
  mtp_endpoints endpoints;
  bool train_all; /* the next refit, if it is auto, is of all parameters */
};

/* startup.c */
mtp_status mtp_loop_start(mtp_context *ctx, mtp_learner *l, const mtp_learner_options *options,
                          const mtp_potential *pot);

/* warmup.c */
/** Copy `k` of `count`: displaced and strained, the more the larger k. The same for the same seed, whatever was made
 * before. */
mtp_config *mtp_warmup_copy(const mtp_config *first, int k, int count, double sigma, unsigned long long seed);

/* candidates.c */
/** Keeps a copy of the configuration until the next learning event. */
mtp_status mtp_loop_keep(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate);
/** Empties the pool. */
void mtp_loop_clear_pool(mtp_learner *l);
/** Appends to candidate_path and remembers it; `reason` is why it got no label, `refusal` what the QM driver said
 * against it ("": it was not asked). */
mtp_status mtp_loop_write_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate,
                                    const char *reason, const char *refusal);
/** The `candidate` event. */
void mtp_loop_log_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate);

/* rank.c */
/** Numbers of the candidates that are worth a label, in the order in which they are: `first` (n: none) before all
 * others, then those that are still beyond select when the ones before them are counted as known. order[n] is provided;
 * *count receives how many. With nothing to grade with, all are returned. */
mtp_status mtp_loop_rank(mtp_context *ctx, const mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                         size_t first, size_t *order, size_t *count);

/* label.c */
bool mtp_loop_can_label(const mtp_learner *l);
/** How many of n calls there are a driver and budget for. */
size_t mtp_loop_allowance(const mtp_learner *l, size_t n);
/** Asks the driver and puts good labels into the training file, the training set and the normal equations, in order.
 * *labels counts them up; a refused label is remembered, and an error only if the run must stop for it. */
mtp_status mtp_loop_label(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                          int *labels);
/** Takes over a labelled configuration that is in the training file: counts it and adds its equations. */
mtp_status mtp_loop_count(mtp_context *ctx, mtp_learner *l, mtp_config *label);

/* resume.c */
/** Continues with the parameters in save_path if there is a training file and they belong to an earlier run of it.
 * Comes before anything depends on the parameters. */
mtp_status mtp_loop_adopt_saved(mtp_context *ctx, mtp_learner *l);
/** Takes the active set in save_path as the one to begin with. Comes after the training set, before the first refit. */
mtp_status mtp_loop_adopt_active_set(mtp_context *ctx, mtp_learner *l);
/** Completes the calls that an earlier run had begun. *labels counts up what came of it. */
mtp_status mtp_loop_resume_calls(mtp_context *ctx, mtp_learner *l, int *labels);

/* endpoint.c */
/** mtp_learner_confirm for a configuration that was checked. */
mtp_status mtp_loop_confirm(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, int round, mtp_action *action);
/** The largest distance of corresponding atoms when the centres of both coincide, by the shortest way around the cell;
 * infinite if numbers, species or periodicity differ, or a component of a lattice vector by more than `tolerance`. */
double mtp_loop_distance(const mtp_config *a, const mtp_config *b, double tolerance);

/* refit.c */
double mtp_rmse(double squares, double count);
/** Fit to the training set, active set, save, event, one line. Nothing changes when it fails. `labels` is how many are
 * new and `seconds` what they took; `grade` is what triggered it (NaN: nothing did). */
mtp_status mtp_loop_refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels, double seconds);

#endif
