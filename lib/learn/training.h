/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/training.h
 * A training in progress, and the steps that its files share:
 *   split.c    what is trained on, held out, kept for the end; distances
 *   bending.c  what bending costs where no data are
 *   climb.c    from an untrained potential to a good start, and to larger radial bases
 *   trainer.c  fits, watching, checkpoints, and the order of it all */
#ifndef MTP_TRAINING_H
#define MTP_TRAINING_H

#include "learn/fit.h"
#include "learn/trainer.h"

typedef struct mtp_pair_histogram mtp_pair_histogram;

typedef struct mtp_training {
  mtp_context *ctx;
  const mtp_train_options *options;
  const mtp_potential *given; /* as it came */
  mtp_potential *top;         /* the one to be trained */
  mtp_sample_set *all;        /* what has labels of the training and the validation set */
  size_t n;
  mtp_sample **sample;          /* [n] those of them that are fitted to or watched */
  mtp_part *part;               /* [n] */
  double *closest;              /* [n as collected] distance of the closest atoms, infinite if beyond the cutoff */
  double least, least_ordinary; /* the smallest of what is trained on, and of what is not squeezed of it */
  mtp_pair_histogram *pairs;    /* of what is trained on; NULL: bending costs nothing */
  bool has_held_out;
  mtp_workers workers;
  mtp_objective *objective;
  mtp_potential *pot; /* in hand */
  double held_out;    /* loss a configuration of what is held out, of the last potential fitted without it, or NaN */
  double least_dist;  /* where the radial functions have to begin to reach all that is trained on; 0: where they do */
  unsigned long long id;
  double start, stage_start, before, until, saved; /* times; seconds spent before a restart */
  bool stopped;
  mtp_train_result result;
  /* the fit in hand */
  int stage, last_stage; /* a stage of the continuation, or behind them the final fit; < 0: not worth a checkpoint */
  const char *stage_name;
  const mtp_potential *accepted; /* what a checkpoint holds while something else is only tried, or NULL */
  int accepted_stage;
  unsigned trained;
  long max_iterations, done_before;
  double best_loss; /* of validation, with the parameters that have it */
  double *best;     /* [parameters], NULL: not wanted */
  long best_iteration;
  mtp_status status; /* of a checkpoint */
} mtp_training;

/* Fits are made to the first of these, the starts and sizes judged by the second; the last one ends on both, and if
 * nothing is to be saved on everything. */
#define MTP_FIRST_PARTS MTP_PART_BIT(MTP_PART_TRAINING)
#define MTP_FIT_PARTS   (MTP_FIRST_PARTS | MTP_PART_BIT(MTP_PART_HELD_OUT))
#define MTP_EVERYTHING  (MTP_FIT_PARTS | MTP_PART_BIT(MTP_PART_RESERVE))

typedef struct mtp_training_task {
  const char *name;
  double share; /* of a limited time, at which it ends */
  unsigned trained;
  long iterations;
  double tolerance;
  bool patient; /* the best by validation is wanted, not the last */
} mtp_training_task;

/* split.c */
/** Collects what has labels, with its neighbours, and says what each is for. */
mtp_status mtp_training_collect(mtp_training *j, const mtp_sample_set *set, const mtp_sample_set *valid);
/** Finds the distances that are trained on: min_dist goes to them where it is free or asked for. */
mtp_status mtp_training_follow_distances(mtp_training *j);
/** Extends the radial functions of `pot` to the closest atoms that are trained on. */
mtp_status mtp_training_reach(const mtp_training *j, mtp_potential *pot);

/* bending.c */
/** Counts pairs of each kind of species by their distance. */
mtp_status mtp_training_count_pairs(mtp_training *j);
void mtp_training_forget_pairs(mtp_training *j);
/** What bending of the radial functions of the potential in hand costs where no data are, beside such a loss: forms for
 * mtp_objective_set_forms, owned by the caller. */
mtp_status mtp_training_make_forms(const mtp_training *j, double loss, double **forms);

/* climb.c */
/** The way up to a potential of the last level with a good start, at the radial size that the data support. `resumed`
 * is the potential of a checkpoint of stage `stage` of j, or NULL; it is taken over. */
mtp_status mtp_training_climb(mtp_training *j, mtp_potential *resumed);
/** From the potential in hand to larger radial sizes as long as what is held out gains by it. */
mtp_status mtp_training_grow(mtp_training *j);
/** Where a limit of time ended the climb: the level and the radial size that are asked for after all. */
mtp_status mtp_training_arrive(mtp_training *j);

/* trainer.c */
/** Improves the parameters of the potential in hand. */
mtp_status mtp_training_improve(mtp_training *j, const mtp_training_task *t, double *loss);
/** Another potential in hand: `pot` is taken over. */
mtp_status mtp_training_set_potential(mtp_training *j, mtp_potential *pot);
mtp_status mtp_training_solve(mtp_training *j, unsigned trained, double *theta);
double mtp_training_tolerance(const mtp_training *j);

#endif
