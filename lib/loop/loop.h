/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/loop.h
 * What is inside a learner, and the steps that its files share:
 *   startup.c     options, files and the first fit
 *   train_file.c  the training set as files have it, and what other runs append to it
 *   begin.c       before the first step: what an earlier run had asked for, and a warm-up
 *   warmup.c      displaced and strained copies of the first configuration
 *   candidates.c  configurations that wait for a label, or will not get one
 *   seen.c        which configurations were labelled or refused before
 *   numbers.c     what atoms that come and go add to the energy
 *   sanity.c      an exploded configuration is no new one; going back
 *   rank.c        which candidates are worth a label
 *   calls.c       QM calls that outlive the process that makes them (and call_order.c, call_log.c, see calls.h)
 *   label.c       QM calls and what becomes of their answers
 *   resume.c      what an earlier run of the same files left, and potentials that others saved meanwhile
 *   together.c    runs that learn into the same files (share.c has their locks)
 *   late.c        calls that are under way while the run goes on (late_label.c: what becomes of them)
 *   in_flight.c   what these have asked for and not got yet
 *   wanted.c      labels that they divide among themselves
 *   squeeze.c     labels with atoms closer than the run brings them
 *   decide.c      which kind of fit is made
 *   grow.c        from a low level up
 *   refit.c       fit, active set, save
 *   doubt.c       how sure the potential is: errors to expect, and their test by each label
 *   rank_doubt.c  which candidates, where errors decide
 *   verify.c      true errors that are bought on the way
 *   thresholds.c  select and break by what grades meant so far
 *   outlook.c     when the next label is to be expected
 *   report.c      what a refit and the labels before it say, in the log and on screen
 *   cut.c         cut-outs of large configurations
 *   endpoint.c    end points of relaxations
 *   finish.c      the end of a run
 *   explore.c     the potential on its own when the run is over (dynamics.c moves the atoms)
 *   learner.c     the public functions and the decisions */
#ifndef MTP_LOOP_H
#define MTP_LOOP_H

#include <stdbool.h>

#include "config/structure_index.h"
#include "learn/hole.h"
#include "learn/sample.h"
#include "loop/calls.h"
#include "loop/event_log.h"
#include "loop/journal.h"
#include "loop/late.h"
#include "loop/seen.h"
#include "loop/share.h"
#include "mtp/learner.h"
#include "mtp/normal_equations.h"
#include "mtp/outlook.h"
#include "mtp/posterior.h"

/** Swaps of maxvol must gain this factor: what MLIP-3 uses, and what bounds the grades of the training set. */
#define MTP_LOOP_THRESHOLD 1.001

/** Weight of squeezed configurations in the objective: with 1e-4 to 1e-3 they cost no accuracy and fits rise as the
 * reference does, with 1e-2 they cost a tenth of it. */
#define MTP_SQUEEZE_WEIGHT 5e-4
/** Largest force from which on they weigh less (eV/A). */
#define MTP_SQUEEZE_FORCE 10.0

typedef struct mtp_candidate {
  mtp_config *cfg;
  double grade;
  int atom;
  long long step;
  int warmup;      /* number of the warm-up copy, -1 for a configuration of the run */
  double squeezed; /* part of their distance to which pairs were pushed together; 0: none were */
  bool hole;       /* it is in a hole of the potential */
} mtp_candidate;

/** Distances of a kind of pair, A; infinite where there is none. */
typedef struct mtp_nearness {
  double known;    /* shortest in configurations of the run */
  double squeezed; /* shortest in squeezed ones */
  double tried;    /* `known` when squeezed ones were asked for last */
} mtp_nearness;

/** Errors of a potential on labels before it learned from them: true errors of prediction. */
typedef struct mtp_ahead {
  double squares, force_squares, components; /* of the errors, of the forces; (eV/A)^2 */
  double parts;                              /* sum of the errors as parts of the RMS force, each at most 1 */
  long long labels, step;                    /* so many, the first one at this step */
} mtp_ahead;

/** Sums of squared errors of a potential, from which an RMSE follows. */
typedef struct mtp_residual {
  double energy, force; /* (eV/atom)^2, (eV/A)^2 */
  double energies, forces;
  double force_size; /* sum of the squares of the forces themselves */
  double at_atom;    /* of one label: RMS of a component on the atom that it was asked for, or of all; else 0 */
} mtp_residual;

/** Trainings of all parameters. */
typedef struct mtp_history {
  int top;              /* level up to which it may grow; 0: it does not */
  bool trained;         /* the radial functions, here or before */
  bool here;            /* and to this training set */
  size_t full_configs;  /* in the training set then, or when training was tried in vain */
  size_t fresh_configs; /* in the training set when radial functions were sought from nothing */
  size_t complete;      /* in the training set when the last learning event was over */
  size_t finished;      /* in the training set when the end of a run was last made something of */
  double full_error;    /* part of the RMS force that was left when they were trained last */
  double squeezed;      /* what squeezed configurations weigh, in units of what their labels say */
  double predicted;     /* error on the last labels before they were learned, part of the RMS force; 0: not known */
  double scale;         /* of what the posterior leaves open, by labels before they were learned */
  long long scaled;     /* so many of them; 0: the scale is not known */
  double grade_square, grade_error; /* sums over labels by which errors grow with grades (thresholds.c) */
} mtp_history;

/** Errors of a potential at an end point of a relaxation. */
typedef struct mtp_verdict {
  double energy, force, stress; /* eV/atom, eV/A (RMS), eV/A^3 (largest) */
  double size;                  /* the worst of them, in units of what is right */
} mtp_verdict;

typedef struct mtp_endpoints {
  mtp_config_set *confirmed; /* labels near which none is needed; NULL: none yet */
  size_t label;              /* number of the last one in the training set */
  mtp_verdict before, after; /* it was learned */
  bool told;                 /* that end points get no label */
} mtp_endpoints;

/** Atoms that were in the middle of cut-outs. */
typedef struct mtp_middles {
  long long step;
  size_t n;
  long long *id; /* [n] once for each cut-out */
} mtp_middles;

#define MTP_REMEMBERED 4
/** Going back to before an explosion. */
typedef struct mtp_rewinds {
  mtp_candidate before[MTP_REMEMBERED]; /* what was remembered, the last one first; their cfg owned, NULL: nothing */
  int count;                            /* times at this place */
  long long until;                      /* the step at which the place is passed */
  long long refits;                     /* when the engine went back last, -1: never */
  bool due;   /* an explosion was told, and what to learn before going back was not yet asked */
  bool going; /* that is being asked */
} mtp_rewinds;

/** Labels that the run asked for, and the steps that it made. */
typedef struct mtp_asked {
  bool begun;
  long long first, last; /* steps */
  long long told;        /* the last step when the outlook was told */
  size_t n;
  double *step; /* [n] of the labels */
} mtp_asked;
/** What a run has to do with others that learn into the same files. */
typedef struct mtp_sharing {
  mtp_share *locks;     /* NULL: it learns alone */
  long long known;      /* bytes of the training file that are in the training set */
  long long generation; /* of the present potential: so many were saved by all runs */
  int refitting;        /* MTP_SHARE_REFIT was taken so many times */
  bool dividing;        /* labels that this run wants, with others */
  bool helping;         /* with a label that another one wants */
  bool wishes;          /* a label is left to others */
  bool changed;         /* the potential, since this was last looked at, by what others learned */
  bool postponed;       /* another run asks or has asked for what was to be labelled */
  double looked;        /* when the files were looked at last */
  double behind_since;  /* when another run was seen to have a newer potential that is not there; 0: none has */
  struct {
    unsigned long long device, inode;
    long long size, seconds, nanoseconds;
  } saved; /* save_path then */
} mtp_sharing;

struct mtp_learner {
  mtp_learner_options options; /* paths are our copies */
  char *train_path, *save_path, *log_path, *candidate_path;
  mtp_potential *pot;
  mtp_active_set *as;   /* NULL until there is something to grade with */
  bool as_is_of_train;  /* built here on the training set, so its origins are numbers in it */
  size_t graded;        /* configurations of the training set that were offered to it; 0: not known */
  mtp_config_set *seed; /* labelled configurations of the given active set, until they are in the training file */
  mtp_normal *normal;
  mtp_posterior *posterior; /* of the present potential; NULL: none is known */
  mtp_history history;
  mtp_hole hole;                     /* of the present potential */
  int raises;                        /* of the weight of squeezed configurations, because of holes */
  long long filled;                  /* labels that holes were given */
  int filled_since;                  /* the last training of all parameters */
  size_t squeezes, squeezed_configs; /* cells that were squeezed; training set when they were asked for last */
  mtp_hole_places *places;           /* where fits are looked at for holes */
  mtp_nearness *near;                /* [2*C*C] of species a <= b at a*C + b; then of atoms of one molecule */
  double last_part;                  /* error on the last of them, of the RMS force */
  mtp_ahead ahead[2];                /* the last labels: complete, and being filled */
  mtp_sample_set *samples;           /* the training set */
  mtp_config_set *train;             /* its configurations, which the samples own */
  mtp_journal *train_file;
  mtp_sharing sharing;
  mtp_late *late;         /* calls that the run does not wait for; NULL: none is out */
  mtp_candidate *late_of; /* [late_count] what they are for */
  size_t late_count;
  double late_since;
  mtp_calls *calls;            /* that are under way, or were when an earlier run ended */
  mtp_journal *candidate_file; /* opened when first needed */
  mtp_event_log *log;
  mtp_qm *qm; /* NULL: none */
  int species_count;
  char **names;
  const char **file_names;  /* [species_count] what the training file calls them */
  char (*file_numbers)[16]; /* [species_count] the storage of these, or NULL */
  char *saved;              /* what save_path held before the run, until its active set has been looked at, or NULL */
  size_t saved_size;
  mtp_seen *seen;
  mtp_candidate *pool;
  size_t pool_size;
  mtp_structure_index *pooled; /* what is in the pool; NULL: nothing was so far */
  mtp_residual residual;       /* of the present potential on the training set; of the last one on labels since then */
  bool residual_known;
  double fitted; /* RMS of a force component that the present fit leaves on the training set, eV/A; 0: not known */
  mtp_learner_stats stats;
  long long rejects, written_candidates;
  long long last_step;
  bool stopped;
  mtp_endpoints endpoints;
  mtp_middles middles;
  bool told_charge;             /* that a cut-out is not neutral */
  mtp_moment moment;            /* of the next offer */
  const mtp_candidate *offered; /* while it lasts */
  mtp_rewinds rewinds;
  mtp_asked asked;
  int number_labels; /* asked for because of the numbers of atoms */
  double explored;   /* ps of an exploration that is under way; 0: none is */
  bool was_fitted;   /* an earlier run of this training set saved a potential */
  bool starting;     /* the next refit is of what earlier runs left */
  bool ending;       /* the next refit is a last training */
  bool trained_last; /* there was one */
  bool finished;     /* mtp_loop_finish was here */
  bool mending;      /* the run is over and left a hole, which weights have to close */
  bool train_all;    /* the next refit, if it is auto, is of all parameters */
};

/* startup.c */
mtp_status mtp_loop_start(mtp_context *ctx, mtp_learner *l, const mtp_learner_options *options,
                          const mtp_potential *pot);

/* train_file.c */
/** NULL without one. */
const char *mtp_loop_baseline_name(const mtp_learner *l);
/** Reads the training file; *dropped_tail: its last record was cut short, and is no more in it. */
mtp_status mtp_loop_load_training_set(mtp_context *ctx, mtp_learner *l, bool *dropped_tail);
/** Reads what others have appended since; the training file is locked, and they are in its order. */
mtp_status mtp_loop_take_news(mtp_context *ctx, mtp_learner *l);

/** Before the first label: radial functions for the distances of the run, where min_dist is free. */
mtp_status mtp_loop_start_functions(mtp_context *ctx, mtp_learner *l, const mtp_config *first);

/* warmup.c */
/** Copy `k` of `count`: displaced and strained, the more the larger k. The same for the same seed, whatever was made
 * before. */
mtp_config *mtp_warmup_copy(const mtp_config *first, int k, int count, double sigma, unsigned long long seed);

/** Forgets labels, grades and what was said of how they came about. */
void mtp_loop_drop_results(mtp_config *cfg);

/* candidates.c */
/** Is it a few steps on from the candidate that was kept last, and hardly more extrapolating? */
bool mtp_loop_repeats_last(const mtp_learner *l, const mtp_candidate *c);
/** Keeps a copy of the configuration until the next learning event. */
mtp_status mtp_loop_keep(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate);
/** Empties the pool. */
void mtp_loop_clear_pool(mtp_learner *l);
/** Appends to candidate_path and remembers it; `reason` is why it got no label, `refusal` what the QM driver said
 * against it ("": it was not asked). */
mtp_status mtp_loop_write_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate,
                                    const char *reason, const char *refusal);
/** The keys `step` and `reason`, and the grade. */
mtp_status mtp_loop_describe(mtp_context *ctx, mtp_config *cfg, const mtp_candidate *candidate, const char *reason);
/** The `candidate` event. */
void mtp_loop_log_candidate(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate);

/* rank.c */
/** Numbers of the candidates that are worth a label, in the order in which they are: `first` (n: none) before all
 * others, then those that are still beyond select when the ones before them are counted as known. order[n] is provided;
 * *count receives how many. `coming` (NULL: nothing) has labels that others wait for, which count as known from the
 * beginning. With nothing to grade with, all are returned. */
mtp_status mtp_loop_rank(mtp_context *ctx, const mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                         size_t first, const mtp_config_set *coming, size_t *order, size_t *count);
/** Will `c` be worth no label any more when the labels that are `coming` are known? */
mtp_status mtp_loop_is_covered(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c,
                               const mtp_config_set *coming, bool *covered);

/* second_opinion.c */
/** Takes those out of order[*count] whose forces the labels that there are tell already. `first`: the first is worth
 * its label in any case. Nothing where options.doubt is off or where the fit is not one to be asked. */
mtp_status mtp_loop_prune(mtp_context *ctx, mtp_learner *l, const mtp_candidate *const *candidates, bool first,
                          const mtp_config_set *coming, size_t *order, size_t *count);
/** Is a force of a candidate below break so unsure that it must be learned before the run goes on? */
mtp_status mtp_loop_is_all_wrong(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, bool *is);

/* cut.c */
/** What warm-up copy k is made of: `first`, or a cut-out of it. */
mtp_status mtp_loop_cut_first(mtp_context *ctx, const mtp_learner *l, const mtp_config *first, int k, mtp_config **out);
/** mtp_learner_offer_parts for parts that were checked. */
mtp_status mtp_loop_offer_parts(mtp_context *ctx, mtp_learner *l, const mtp_cut_plan *plan, int count,
                                const mtp_part *parts, long long step, mtp_action *action);
/** A copy of a configuration of the run, or the cell that is cut out around `atom` (-1: its first); *index becomes that
 * of `atom`. */
mtp_status mtp_loop_cut_around(mtp_context *ctx, const mtp_learner *l, const mtp_config *cfg, int atom,
                               mtp_config **out, int *index);
/* sanity.c */
/** Does a configuration that is beyond break look as no trajectory that is worth a label does? Then `why` receives in a
 * few words what is wrong with it, else "". */
mtp_status mtp_loop_look_at(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *c, char *why, size_t size);
/** An exploded configuration: into its file, and MTP_REWIND if the engine can go back, else the failure that ends the
 * run. */
mtp_status mtp_loop_explode(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const char *why,
                            mtp_action *action);
/** Where the run goes for another time, what is beyond select is learned at once. */
bool mtp_loop_is_watched(const mtp_learner *l, const mtp_candidate *c);

/* squeeze.c */
/** Kinds of pairs of which distances are known: of different molecules, and of one. */
static inline int mtp_loop_kinds(const mtp_learner *l) {
  return 2 * l->species_count * l->species_count;
}
/** Takes note of the distances in a configuration of the training set. */
mtp_status mtp_loop_note_distances(mtp_context *ctx, mtp_learner *l, const mtp_sample *sample);
/** Asks for labels with the closest pairs of `base` pushed together, of the kinds for which none are known below the
 * distances of the run. *labels counts up. */
mtp_status mtp_loop_squeeze(mtp_context *ctx, mtp_learner *l, const mtp_config *base, long long step, int *labels);
/** Squeezed configurations of a first squeeze, at most. */
#define MTP_FIRST_SQUEEZED 2
/** What mtp_loop_squeeze would ask for once these copies of a warm-up have labels, to be asked for at the same time:
 * *n of cells[MTP_FIRST_SQUEEZED], whose configurations are the caller's whatever comes back. */
mtp_status mtp_loop_squeeze_ahead(mtp_context *ctx, mtp_learner *l, size_t count, const mtp_candidate *copies,
                                  mtp_candidate *cells, size_t *n);

/** Where runs share, one that waits for another asks for squeezed labels meanwhile, until they are long overdue. */
bool mtp_loop_can_squeeze_later(const mtp_learner *l);

/** Takes note that an earlier run asked for this one, which is about to be counted or asked for again: what it had
 * asked for is not asked for anew. */
void mtp_loop_note_squeezed(mtp_learner *l, bool hole);

/** The last configuration of the training set that the run itself met: not squeezed, no trial state, and not one into
 * which the potential brought the atoms when it ran alone; `none` without one. */
const mtp_config *mtp_loop_last_met(const mtp_learner *l, const mtp_config *none);

/** Whether a hole may get a label: there is a driver, and holes had no more than their share. */
bool mtp_loop_can_fill(const mtp_learner *l);
/** Asks for a label in the hole of the present potential. */
mtp_status mtp_loop_fill_hole(mtp_context *ctx, mtp_learner *l, long long step, int *labels);

/* decide.c */
/** A fit that is not yet that of the learner. */
typedef struct mtp_fitted {
  mtp_potential *pot;
  mtp_active_set *as;
  mtp_normal *normal; /* equations of its own; NULL: those of the learner */
  mtp_posterior *posterior;
  mtp_residual residual;
  double squeezed; /* see mtp_history */
  bool full;       /* all parameters were trained */
  bool tried;      /* to train them */
  bool fresh;      /* from nothing */
  mtp_hole hole;
} mtp_fitted;
/** Puts into `f` the linear fit, or the fit of all parameters where that is wanted and predicts better. */
mtp_status mtp_loop_fit(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f);
/** Equations of the linear coefficients on the training set for the radial functions of `pot`. */
mtp_status mtp_loop_equations(mtp_context *ctx, const mtp_learner *l, const mtp_potential *pot, mtp_normal **out);
/** The same, and the linear coefficients that solve them put into `pot`. */
mtp_status mtp_loop_solve(mtp_context *ctx, const mtp_learner *l, mtp_potential *pot, mtp_normal **out);
/** Of the configurations that are not squeezed, *configs of them. */
double mtp_loop_force_components(const mtp_learner *l, double *configs);
/** Whether more training is possible and has something to gain. */
bool mtp_loop_may_improve(const mtp_learner *l);
/** L at the linear coefficients of `pot`. */
double mtp_loop_loss(const mtp_normal *normal, const mtp_potential *pot);
/** Errors of `pot` on the training set, the squeezed configurations left out, from its equations. */
mtp_status mtp_loop_measure(mtp_context *ctx, const mtp_normal *normal, const mtp_potential *pot,
                            mtp_residual *residual);

/* grow.c */
#define MTP_TOP_KEY "al_level"
/** Before anything is made of the potential: an untrained one that grows begins at a low level. */
mtp_status mtp_loop_start_low(mtp_context *ctx, mtp_learner *l);
/** Another level of the (untrained) potential. */
mtp_status mtp_loop_take_level(mtp_context *ctx, mtp_learner *l, int level);
/** Force errors (RMS, eV/A) on a held-out quarter of the training set of linear fits to the rest: of the present
 * potential, and of one of a higher level; `higher` is 0 where there is none, or too few data for it. */
typedef struct mtp_higher {
  int level, higher;
  double now, then;
} mtp_higher;
mtp_status mtp_loop_compare_higher(mtp_context *ctx, const mtp_learner *l, mtp_higher *out);
/** There is a higher level, and something to tell whether it is worth it. */
bool mtp_loop_may_climb(const mtp_learner *l);
/** Puts into `f` the linear fit of a higher level where that predicts better. */
mtp_status mtp_loop_raise_level(mtp_context *ctx, const mtp_learner *l, mtp_fitted *f);

/* label.c */
bool mtp_loop_can_label(const mtp_learner *l);
/** Is it one that steps of the run bring: no copy, squeezed one or end of an exploration? Such ones the outlook counts.
 */
bool mtp_loop_is_of_the_run(const mtp_learner *l, const mtp_candidate *c);
/** How many of n calls there are a driver and budget for. */
size_t mtp_loop_allowance(const mtp_learner *l, size_t n);
/** Asks the driver and puts good labels into the training file, the training set and the normal equations, in order.
 * *labels counts them up; a refused label is remembered, and an error only if the run must stop for it. Where runs
 * share, several are divided among them. */
mtp_status mtp_loop_label(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                          int *labels);
/** Of candidates by rank: the others get a label only if the potential did not know the first one nevertheless. Other
 * runs that have nothing to ask for begin with them meanwhile. */
mtp_status mtp_loop_label_led(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                              int *labels);
/** mtp_loop_label without help of other runs. */
mtp_status mtp_loop_label_here(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                               int *labels);
/** A label that is compared and not learned, less the baseline; NULL if the driver has none. */
mtp_status mtp_loop_label_apart(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_qm_report *report,
                                mtp_config **out);
/** What was expected of a label and what it was; all zero where nothing was expected. */
typedef struct mtp_expectation {
  double expected, error;      /* of the worst atoms, RMS of a component, eV/A */
  double expected_rms, inside; /* of all components; part of them within what was expected */
} mtp_expectation;
/** Learns from such a label (taken over) after all, and refits. */
mtp_status mtp_loop_learn_label(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_config *label,
                                const mtp_qm_report *report, const mtp_expectation *expected, mtp_action *action);
/** Holds a labelled configuration that is in the training file and counts it; its equations are not added. */
mtp_status mtp_loop_adopt(mtp_context *ctx, mtp_learner *l, mtp_sample *label);

/** A request for a candidate: a copy that says what its label will. */
mtp_status mtp_loop_make_request(mtp_context *ctx, const mtp_learner *l, const mtp_candidate *candidate,
                                 mtp_config **out);
/** What becomes of the answer (taken over) to a request for `candidate`: a label that is learned, or none. */
mtp_status mtp_loop_take_answer(mtp_context *ctx, mtp_learner *l, const mtp_candidate *candidate, mtp_config *label,
                                const mtp_qm_report *answer, int *labels);
/** mtp_loop_label where runs share, for what no other one has asked for: the training file is locked, and is not any
 * more as soon as others can see what is asked for. */
mtp_status mtp_loop_label_announced(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                                    int *labels);
/** Where runs share: the candidates that no other run has asked for, in kept[n]; the training file is locked. */
mtp_status mtp_loop_sift(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates,
                         const mtp_candidate **kept, size_t *count);

/* late_label.c */
/** Does the run go on while candidates that wait get their labels? */
bool mtp_loop_goes_on(const mtp_learner *l);
/** mtp_loop_label without waiting. Nothing may be out. */
mtp_status mtp_loop_label_late(mtp_context *ctx, mtp_learner *l, size_t n, const mtp_candidate *const *candidates);
/** Takes the labels that have come since, or with `wait` all that are out; *labels counts them up. */
mtp_status mtp_loop_take_late(mtp_context *ctx, mtp_learner *l, bool wait, int *labels);
/** The same, and learns from them: *action is MTP_REDO then. */
mtp_status mtp_loop_learn_late(mtp_context *ctx, mtp_learner *l, bool wait, mtp_action *action);
/** Stops what is out; the next run asks for it again. */
void mtp_loop_stop_late(mtp_learner *l);

/* resume.c */
/** Continues with the parameters in save_path if there is a training file and they belong to an earlier run of it.
 * Comes before anything depends on the parameters. */
mtp_status mtp_loop_adopt_saved(mtp_context *ctx, mtp_learner *l);
/** Writes into a potential that is about to be saved what a later run has to know to decide as this one would: its
 * trainings, and how many configurations its active set was offered. */
mtp_status mtp_loop_leave_notes(mtp_context *ctx, const mtp_history *history, size_t graded, mtp_potential *pot);
/** False where only the linear coefficients were ever fitted. */
bool mtp_loop_has_trained_functions(const mtp_potential *pot);
/** Where runs share, the number that the potential which is about to be saved has among all of them. */
mtp_status mtp_loop_number_generation(mtp_context *ctx, const mtp_learner *l, mtp_potential *pot);
/** Takes the active set in save_path as the one to begin with. Comes after the training set, before the first refit. */
mtp_status mtp_loop_adopt_active_set(mtp_context *ctx, mtp_learner *l);
/** Takes over the potential in save_path if another run of the training set has saved it since, with its active set and
 * what it says of trainings. */
mtp_status mtp_loop_adopt_newer(mtp_context *ctx, mtp_learner *l, bool *adopted);
/** A request as the candidate that it was; the configuration is borrowed, and only read. */
mtp_candidate mtp_loop_candidate_of(const mtp_config *request);
/** Completes the calls that an earlier run had begun. *labels counts up what came of it. */
mtp_status mtp_loop_resume_calls(mtp_context *ctx, mtp_learner *l, int *labels);

/* endpoint.c */
/** mtp_learner_confirm for a configuration that was checked. */
mtp_status mtp_loop_confirm(mtp_context *ctx, mtp_learner *l, const mtp_candidate *end, int round, mtp_action *action);
/** The largest distance of corresponding atoms when the centres of both coincide, by the shortest way around the cell;
 * infinite if numbers, species or periodicity differ, or a component of a lattice vector by more than `tolerance`. */
double mtp_loop_distance(const mtp_config *a, const mtp_config *b, double tolerance);

/* begin.c */
/** The training set holds nothing but copies of the warm-up and squeezed ones. */
bool mtp_loop_is_warming_up(const mtp_learner *l);

/* learner.c */
/** Labels what is worth one of the pool and, if given, `trigger`, which comes first, and refits; MTP_REDO if there were
 * labels. `cause` is what the event is reported of. */
mtp_status mtp_loop_learn(mtp_context *ctx, mtp_learner *l, const mtp_candidate *trigger, const mtp_candidate *cause,
                          mtp_action *action);
/** How a public call ends: a failure stops the learner. */
mtp_status mtp_loop_end_call(mtp_context *ctx, mtp_learner *l, long long step, mtp_status status);
/** MTP_OK for atoms that can be learned from. */
mtp_status mtp_loop_check_config(mtp_context *ctx, const mtp_learner *l, const mtp_config *cfg);
/** mtp_learner_offer for a configuration whose grade is known; a failure does not end the learner. */
mtp_status mtp_loop_offer(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_action *action);
/** Learns from the candidates that wait, if labels can be had. */
mtp_status mtp_loop_learn_pool(mtp_context *ctx, mtp_learner *l);

/* finish.c */
/** Last trainings, and the potential on its own if `conditions` are given; once. Failures are told. */
void mtp_loop_finish(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions);

/* explore.c */
/** Lets the potential run alone and learns from what it meets. Tells how it went, and returns what failed. */
mtp_status mtp_loop_explore(mtp_context *ctx, mtp_learner *l, const mtp_conditions *conditions);

/* verify.c */
#define MTP_CHECK_KEY "check" /* of requests for comparison, so that a later run knows that nobody waits for them */
/** mtp_learner_verify for a configuration that was checked. */
mtp_status mtp_loop_verify(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, mtp_action *action);

/* rank_doubt.c */
/** mtp_loop_rank of a query by errors, beyond `limit`. */
mtp_status mtp_loop_rank_doubt(mtp_context *ctx, const mtp_learner *l, double limit, size_t n,
                               const mtp_candidate *const *candidates, size_t first, const mtp_config_set *coming,
                               size_t *order, size_t *count);

/* doubt.c */
/** The posterior of `f`, NULL if there is none, stamped on its potential. */
mtp_status mtp_loop_find_posterior(mtp_context *ctx, const mtp_learner *l, const mtp_normal *normal, mtp_fitted *f);
/** Tests the present potential on a label; one that is not a copy of the warm-up calibrates. */
mtp_status mtp_loop_test(mtp_context *ctx, mtp_learner *l, const mtp_candidate *c, const mtp_config *label,
                         mtp_expectation *out);
void mtp_loop_add_expectation(const mtp_expectation *e, cJSON *event);
/** Expected RMS error of the last `most` labels as the potential knows them now, and the RMS of their forces. False
 * without any. */
bool mtp_loop_expect(mtp_context *ctx, const mtp_learner *l, size_t most, double *error, double *force, size_t *labels);

/* thresholds.c */
/** Takes note of what the grade of a label meant. */
void mtp_loop_note_grade(mtp_learner *l, const mtp_candidate *c, const mtp_residual *before);
/** Before there is anything to go by, an automatic threshold gives way to one that was given. */
void mtp_loop_order_thresholds(mtp_learner_options *options);
/** The thresholds that are automatic. */
void mtp_loop_set_thresholds(mtp_learner *l);

/* outlook.c */
/** A label that the run asked for. */
mtp_status mtp_loop_note_asked(mtp_context *ctx, mtp_learner *l, long long step);
/** The run has come to this step; one before the last begins anew. */
void mtp_loop_note_step(mtp_learner *l, long long step);
/** It goes back to this step, and on from there. */
void mtp_loop_note_return(mtp_learner *l, long long step);
/** False where there were no steps. */
bool mtp_loop_outlook(const mtp_learner *l, mtp_outlook *out);
void mtp_loop_add_outlook(const mtp_learner *l, cJSON *event);
/** As a line, once for each step. */
void mtp_loop_tell_outlook(mtp_context *ctx, mtp_learner *l);

/* report.c */
/** A refit as an event and as a line. `before` may hold nothing. */
typedef struct mtp_refit_report {
  long long step;
  double grade, label_seconds, seconds;
  int labels;
  bool full;
  mtp_residual before;
} mtp_refit_report;
void mtp_loop_report(mtp_context *ctx, const mtp_learner *l, const mtp_refit_report *r);
/** A fit that is no better than the potential, or does not mend its hole, and is not taken: the event and the line. */
void mtp_loop_report_refused(mtp_context *ctx, const mtp_learner *l, long long step, bool full, double seconds);
/** Counts the errors that the potential made on a label before it learned from it. */
void mtp_loop_note_ahead(mtp_learner *l, const mtp_residual *residual, long long step);
/** The mean error on the last labels before they were learned, as a part of the RMS force, each at most 1; NaN after
 * too few of them. */
double mtp_loop_predicted_part(const mtp_learner *l);
/** Did the potential know the last label, within what its fit leaves of the forces, before it learned from it? */
bool mtp_loop_predicted_well(const mtp_learner *l);
/** What to expect on configurations like those of the end, as an event's fields and as a line. */
void mtp_loop_conclude(mtp_context *ctx, const mtp_learner *l, cJSON *end);

/* refit.c */
double mtp_rmse(double squares, double count);
void mtp_loop_tell_hole(mtp_context *ctx, const mtp_learner *l, const mtp_hole *hole);
/** Fit to the training set, active set, save, event, one line. Nothing changes when it fails. `labels` is how many are
 * new and `seconds` what they took; `grade` is what triggered it (NaN: nothing did). */
mtp_status mtp_loop_refit(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels, double seconds);
/** A label in the hole that the fit has, if any, and the same again, for as long as it is worth it. */
mtp_status mtp_loop_fill_holes(mtp_context *ctx, mtp_learner *l, long long step);
/** Both; `before` is what stats.qm_seconds were before the labels. */
mtp_status mtp_loop_refit_and_fill(mtp_context *ctx, mtp_learner *l, long long step, double grade, int labels,
                                   double before);

#endif
