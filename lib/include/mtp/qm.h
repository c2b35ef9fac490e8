/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/qm.h
 * QM drivers: one call turns a configuration into a label (energy, forces, virial) or into a status that says why not.
 * A label is believed only if the engine said it converged, all numbers are finite, atoms and cell are the ones that
 * were sent, all required quantities are there, and no force exceeds a sanity limit. Built in: `exec`, `ipi`, `qe`,
 * `vasp`, `plugin`, `none`; others (such as `lammps`, which lives beside LAMMPS) are handed in as mtp_qm_driver.
 */
#ifndef MTP_QM_H
#define MTP_QM_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "mtp/config.h"
#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_qm_status {
  MTP_QM_OK = 0,
  MTP_QM_NOT_CONVERGED, /**< the engine ended in order but says that its result is not converged */
  MTP_QM_CRASHED,       /**< the engine ended with an error or a signal */
  MTP_QM_TIMEOUT,       /**< killed after timeout= seconds */
  MTP_QM_BAD_DATA,      /**< the result is missing, cut short, not finite, too large, or of other atoms */
  MTP_QM_CANNOT_START,  /**< no such command, template or working folder: retrying is of no use */
  MTP_QM_STOPPED        /**< the run stops, or budget= is spent: not a failure, the call is to be made again later */
} mtp_qm_status;

/** "ok", "not converged", ... */
MTP_API const char *mtp_qm_status_name(mtp_qm_status status);

/** One call as a driver sees it. */
typedef struct mtp_qm_call {
  const mtp_config *config; /**< what to label */
  int species_count;
  const char *const *names; /**< [species_count] element names, or decimal numbers where the potential has no names */
  const char *dir;          /**< an empty folder of this call (absolute path), NULL if the driver said it needs none */
  double timeout;           /**< seconds, 0 = none */
  double deadline;          /**< monotonic time at which budget= ends, for drivers that are built in; 0 = never */
  int attempt;              /**< 0 for the first try, 1 for the second, ... */
  int worker;               /**< 0 to workers-1: which of those that may be at work at a time this is */
  const volatile sig_atomic_t *stop; /**< not zero: end soon with MTP_QM_STOPPED; may be NULL */
  mtp_config
      *label; /**< in: a copy of config without results; out: energy, force (allocated), virial of the same atoms */
  mtp_context *ctx; /**< of this worker alone; on failure takes one line (mtp_qm_fail): what happened, with the engine's
                         own last words */
  /** Takes a line that the user should read though the call goes on. */
  void (*log)(void *log_user, const char *line);
  void *log_user;
  struct mtp_folders *folders; /**< for drivers that are built in: where folders are made, and */
  char *own_dir;               /**< [own_dir_size] out: the folder that the driver made for this call */
  size_t own_dir_size;
} mtp_qm_call;

/** Puts a line (printf style) about a failure into a context, and returns `status`: how drivers say what went wrong.
 * The arguments may contain the line before. A NULL ctx drops it. */
MTP_API mtp_qm_status mtp_qm_fail(mtp_context *ctx, mtp_qm_status status, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/** What an entry of ladder= (a try after a failed one) stands for. */
typedef enum mtp_qm_ladder {
  MTP_QM_LADDER_NONE,  /**< the driver has no use for it */
  MTP_QM_LADDER_FIRST, /**< another first argument: a template, a folder */
  MTP_QM_LADDER_ALL    /**< another command, in place of all arguments */
} mtp_qm_ladder;

/** What a driver should know of the common keys when it is opened. */
typedef struct mtp_qm_setup {
  int workers;
  bool keep_all, keep_failed; /**< folders */
} mtp_qm_setup;

/** A driver: a table of functions and its own state. */
typedef struct mtp_qm_driver {
  const char *name;   /**< first word of the driver string */
  bool needs_dir;     /**< each call gets a folder of its own */
  bool makes_dirs;    /**< the driver makes folders itself, which live longer than a call */
  bool parallel;      /**< `label` may be called from several threads at a time, never twice at a time for one worker */
  bool in_process;    /**< its calls cannot be ended from outside: no timeout, no stop */
  bool deterministic; /**< what did not converge will not do so in another try with the same input */
  mtp_qm_ladder ladder;
  /** Prepares for calls. `arguments[count]` are the words after the name without the common keys. On failure puts one
   *  line into `ctx`, which it must not keep, and returns MTP_QM_CANNOT_START. `user` is the pointer below. */
  mtp_qm_status (*open)(mtp_context *ctx, void *user, const mtp_qm_setup *setup, int count,
                        const char *const *arguments, void **state);
  mtp_qm_status (*label)(void *state, mtp_qm_call *call);
  void (*close)(void *state);
  void *user;
  /** For engines that may live on when the process that asked is killed (both or neither; with needs_dir): writes all
   * of the input of a call into call->dir, and reads what an engine with that input left in call->dir whose end nobody
   * saw. MTP_QM_OK only if the result itself says that it came to a good end. */
  mtp_qm_status (*prepare)(void *state, mtp_qm_call *call);
  mtp_qm_status (*collect)(void *state, mtp_qm_call *call);
} mtp_qm_driver;

/** A driver opened from a driver string, with the policy of the common keys. */
typedef struct mtp_qm mtp_qm;

/** Opens `"NAME ARGUMENTS key=value ..."`; words may be quoted with ' or " as in a shell. `extra[extra_count]` are
 * drivers beside the built-in ones (copied). Common keys: timeout=S retries=N ladder=A,B workers=N dir=PATH
 * keep=failed|all|none maxforce=F require=forces,stress mintime=S budget=S maxfail=N. Names that exist nowhere, unknown
 * keys and bad values are MTP_ERR_ARGUMENT, a driver that cannot start MTP_ERR_QM. The budget runs from here on. */
MTP_API mtp_status mtp_qm_open(mtp_context *ctx, const char *text, const mtp_qm_driver *extra, int extra_count,
                               mtp_qm **out);
/** The same where `ranks` processes were started to label, of which this one makes the calls: so many times workers= at
 * a time, if the driver can make several. The others had better sleep. */
MTP_API mtp_status mtp_qm_open_for_ranks(mtp_context *ctx, const char *text, const mtp_qm_driver *extra,
                                         int extra_count, int ranks, mtp_qm **out);
MTP_API void mtp_qm_close(mtp_qm *qm);

/** The text that mtp_qm_open was given, and the driver's name. */
MTP_API const char *mtp_qm_text(const mtp_qm *qm);
MTP_API const char *mtp_qm_name(const mtp_qm *qm);
/** True for a driver whose calls are made in this process, so that nothing goes on beside them. */
MTP_API bool mtp_qm_is_in_process(const mtp_qm *qm);
/** True for the driver `none`, which labels nothing. */
MTP_API bool mtp_qm_is_none(const mtp_qm *qm);

/** From now on calls end early with MTP_QM_STOPPED, and none is started, once *stop is not zero (a signal handler may
 * set it). Borrowed; NULL, as in the beginning: never. */
MTP_API void mtp_qm_set_stop(mtp_qm *qm, const volatile sig_atomic_t *stop);

/** What one labelling cost and how it ended. */
typedef struct mtp_qm_report {
  mtp_qm_status status; /**< of the last try */
  int tries;            /**< 0: the result is that of an earlier process, found in the folder that it left */
  double seconds;       /**< wall time of all tries */
  double max_force;     /**< eV/A, the largest of an atom, and */
  double net_force;     /**< eV/A, the length of the sum of all forces; both of the label, 0 without one */
  char reason[1024];    /**< one line when status is not MTP_QM_OK */
  char dir[512];        /**< folder of the last try if it was kept, else "" */
} mtp_qm_report;

/** Receives how call `i` ended, in the thread that called mtp_qm_label_all, as soon as it did; the order is that in
 * which calls end. `label` is owned by the receiver, NULL unless report->status is MTP_QM_OK. A failure returned from
 * here ends everything: no call is started any more, those that run are waited for and reported. */
typedef mtp_status (*mtp_qm_answer)(void *user, size_t i, mtp_config *label, const mtp_qm_report *report);

/** How many calls are made at a time, as workers= says; 0 for NULL. */
MTP_API int mtp_qm_workers(const mtp_qm *qm);
/** Labels n configurations with retries and all checks, up to workers= at a time. Returns MTP_OK whenever the driver
 * gave an answer to each, good or bad. A cell that is not periodic in all directions needs no virial.
 * MTP_ERR_STOPPED after MTP_QM_STOPPED; MTP_ERR_QM for MTP_QM_CANNOT_START or maxfail= failures in a row. Calls that
 * were not made are not reported. `begun[n]` (may be NULL) tells which ones an earlier process was killed over: if a
 * folder that it left in dir= has the very same input and a finished result, that is taken in place of a call. */
MTP_API mtp_status mtp_qm_label_all(mtp_context *ctx, mtp_qm *qm, size_t n, const mtp_config *const *configs,
                                    const bool *begun, int species_count, const char *const *names,
                                    mtp_qm_answer answer, void *user);

/** The same for one configuration: *label is a new one (owned by the caller) only when report->status is MTP_QM_OK. */
MTP_API mtp_status mtp_qm_label(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                                const char *const *names, mtp_config **label, mtp_qm_report *report);

#define MTP_QM_CHECK_PROBLEMS 8

/** What mtp_qm_check_driver found. The driver is good if there are no problems. */
typedef struct mtp_qm_check {
  int problem_count;
  char problems[MTP_QM_CHECK_PROBLEMS][2048];    /**< one line each: what is wrong, and what it looks like */
  char notice[400];                              /**< what a user should know of a driver that is good, or "" */
  int calls;                                     /**< that were answered, and */
  double seconds;                                /**< what they took */
  bool complete;                                 /**< the rest is there: no call failed, and there were forces */
  bool periodic;                                 /**< in all directions: stress and lattice translations were tested */
  int atom_count;                                /**< 1 or 2 atoms were displaced, */
  size_t atoms[2];                               /**< these, from 0 */
  double force_reported[6], force_expected[6];   /**< [3*atom_count] eV/A, of the driver and by its energies */
  double stress_reported[6], stress_expected[6]; /**< GPa, xx yy zz xy xz yz; compression is positive */
  double force_deviation, stress_deviation;      /**< largest of them: eV/A, GPa */
  double lattice_energy_change;                  /**< eV, when an atom is moved by lattice vectors */
} mtp_qm_check;

typedef struct mtp_qm_check_options {
  void (*progress)(void *user, int done, int total); /**< before the first call and after each; may be NULL */
  void *user;
} mtp_qm_check_options;

/** Tests a driver on a displaced (and, if periodic, sheared) copy of a configuration: forces of two atoms and the
 * virial against differences of the energy, and the energy against a lattice translation; 7 to 26 calls. Whatever is
 * found, a failed call too, is in *out and no failure of this function; that is MTP_ERR_QM where the driver cannot
 * start, or MTP_ERR_STOPPED. `options` may be NULL. */
MTP_API mtp_status mtp_qm_check_driver(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                                       const char *const *names, const mtp_qm_check_options *options,
                                       mtp_qm_check *out);

#ifdef __cplusplus
}
#endif
#endif
