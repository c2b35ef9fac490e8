/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_learning.h
 * A small world for the learning loop: a reference ("QM") of Morse pairs that can be told to fail in many ways, and a
 * molecular dynamics engine that is driven by whatever the learner has learned. */
#ifndef SUPPORT_LEARNING_H
#define SUPPORT_LEARNING_H

#include <signal.h>

#include "mtp/learner.h"

typedef enum learning_fault {
  LEARNING_FINE,
  LEARNING_NAN,         /**< one force is not a number */
  LEARNING_NO_FORCES,   /**< the label has none */
  LEARNING_OTHER_ATOMS, /**< the label is of other positions */
  LEARNING_CRASH,
  LEARNING_CANNOT_START,
  LEARNING_KILL /**< the whole process is gone, as by kill -9 */
} learning_fault;

/** The reference. Faults strike in call number `fault_call` (from 1; 0: never) and, if `lasting`, ever after. */
typedef struct learning_reference {
  long long calls;
  learning_fault fault;
  long long fault_call;
  bool lasting;
  bool closed;
  long long signal_call; /* call in which a signal comes, which it does not see (0: never) */
  volatile sig_atomic_t signalled;
} learning_reference;

/** Energy, forces and virial of Morse pairs, cut off smoothly. */
void learning_morse(mtp_config *cfg);

/** The reference as a driver named `morse`, opened; retries=0 unless `keys` say otherwise. */
mtp_qm *learning_qm(mtp_context *ctx, learning_reference *reference, const char *keys);

/** A cubic crystal (fcc, `cells` cubic cells along x, y and z) of one species, slightly displaced. */
mtp_config *learning_crystal(int cells, double lattice, double displacement, unsigned long long seed);

/** An untrained potential of one species, Al. */
mtp_potential *learning_potential(mtp_context *ctx, int level);

/** Molecular dynamics with a learner on top. */
typedef struct learning_run {
  mtp_context *ctx;
  mtp_learner *learner;
  struct mtp_evaluator *evaluator; /**< of the learner's present potential, NULL after it changed */
  mtp_config *cfg;
  double *velocity;
  long long step;
  double select, largest_grade; /**< of the last step, after learning */
  int redone;                   /**< evaluations that were repeated because the learner learned */
} learning_run;

/** Starts at the given configuration (taken over) with random velocities of `kelvin` for atoms of 27 u. */
learning_run *learning_run_new(mtp_context *ctx, mtp_config *cfg, double kelvin, unsigned long long seed);
/** Attaches a learner and evaluates the present step; calls mtp_learner_begin. */
mtp_status learning_run_attach(learning_run *run, mtp_learner *learner, double select);
/** Velocity Verlet, 3 fs a step; each step grades and offers what is above `select`. */
mtp_status learning_run_steps(learning_run *run, int steps);
/** Leaves the learner alone: it belongs to the caller. */
void learning_run_free(learning_run *run);

/** A folder with everything that a learner needs: cmocka set-up and tear-down put it into *state. */
typedef struct learning_world {
  mtp_context *ctx;
  char *folder, *train, *save, *log, *candidates;
  learning_reference reference;
  mtp_learner_options options; /**< the defaults with these files, select 2, break 3 */
  mtp_potential *pot;          /**< untrained, level 6 */
  char *messages;              /**< everything that the context's logger received, one a line */
  int warnings;
} learning_world;
int learning_world_new(void **state);
/** The same for tests that count calls: five warm-up labels, none of squeezed pairs, and one for each
 * candidate that D-optimality takes. */
int learning_plain_world_new(void **state);
int learning_world_free(void **state);
/** A learner in that world with the reference as its driver, or with none if `keys` is "none". */
mtp_status learning_world_learner(learning_world *world, const char *keys, mtp_learner **out);
/** The same with `pot` instead of the untrained potential. */
mtp_status learning_world_learner_of(learning_world *world, const mtp_potential *pot, const char *keys,
                                     mtp_learner **out);
/** The training file as it is on the disk. */
mtp_config_set *learning_world_train(learning_world *world);
/** Fails if a configuration is in the training file twice. */
void learning_world_expect_distinct(learning_world *world);

/** Fails unless the message of the context is one line that says `part`. */
void learning_world_expect_message(const learning_world *world, const char *part);
/** Fails unless the text `key` of the last event `name` contains `part`. */
void learning_world_expect_event(const learning_world *world, const char *name, const char *key, const char *part);
/** A learner that is past its warm-up. */
mtp_learner *learning_world_warm_learner(learning_world *world, const char *keys);
/** Offers disturbed crystal number `seed`, of which atom 2 has this grade. */
mtp_status learning_world_offer(learning_world *world, mtp_learner *learner, unsigned seed, double grade,
                                long long step, mtp_action *action);

/** The lines of an event log as one array; fails the test if a line is not a JSON object. Freed by cJSON_Delete. */
struct cJSON *learning_log_read(const char *path);
/** Number of events of that name. */
int learning_log_count(const struct cJSON *log, const char *event);

#endif
