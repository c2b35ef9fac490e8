/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/qm.h
 * QM drivers: one call turns a configuration into a label (energy, forces, virial) or into a status that says why not.
 * A label is believed only if the engine said it converged, all numbers are finite, atoms and cell are the ones that
 * were sent, all required quantities are there, and no force exceeds a sanity limit. Built in: `exec`, `qe`, `none`;
 * others (such as `lammps`, which lives beside LAMMPS) are handed in as mtp_qm_driver.
 */
#ifndef MTP_QM_H
#define MTP_QM_H

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
  MTP_QM_CANNOT_START   /**< no such command, template or working folder: retrying is of no use */
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
  mtp_config
      *label;   /**< in: a copy of config without results; out: energy, force (allocated), virial of the same atoms */
  char *reason; /**< [reason_size] out: one line on failure: what happened, with the engine's own last words */
  size_t reason_size;
} mtp_qm_call;

/** A driver: a table of functions and its own state. */
typedef struct mtp_qm_driver {
  const char *name; /**< first word of the driver string */
  bool needs_dir;   /**< each call gets a folder of its own */
  /** Prepares for calls. `arguments[count]` are the words after the name without the common keys. On failure writes one
   *  line into `reason` and returns MTP_QM_CANNOT_START. `user` is the pointer below. */
  mtp_qm_status (*open)(void *user, int count, const char *const *arguments, void **state, char *reason,
                        size_t reason_size);
  mtp_qm_status (*label)(void *state, mtp_qm_call *call);
  void (*close)(void *state);
  void *user;
} mtp_qm_driver;

/** A driver opened from a driver string, with the policy of the common keys. */
typedef struct mtp_qm mtp_qm;

/** Opens `"NAME ARGUMENTS key=value ..."`; words may be quoted with ' or " as in a shell. `extra[extra_count]` are
 * drivers beside the built-in ones (copied). Common keys: timeout=S retries=N dir=PATH keep=failed|all|none maxforce=F
 * require=forces,stress. Names that exist nowhere, unknown keys and bad values are MTP_ERR_ARGUMENT, a driver that
 * cannot start MTP_ERR_QM. */
MTP_API mtp_status mtp_qm_open(mtp_context *ctx, const char *text, const mtp_qm_driver *extra, int extra_count,
                               mtp_qm **out);
MTP_API void mtp_qm_close(mtp_qm *qm);

/** The text that mtp_qm_open was given, and the driver's name. */
MTP_API const char *mtp_qm_text(const mtp_qm *qm);
MTP_API const char *mtp_qm_name(const mtp_qm *qm);
/** True for the driver `none`, which labels nothing. */
MTP_API bool mtp_qm_is_none(const mtp_qm *qm);

/** What one labelling cost and how it ended. */
typedef struct mtp_qm_report {
  mtp_qm_status status; /**< of the last try */
  int tries;
  double seconds;    /**< wall time of all tries */
  char reason[1024]; /**< one line when status is not MTP_QM_OK */
  char dir[512];     /**< folder of the last try if it was kept, else "" */
} mtp_qm_report;

/** Labels one configuration with retries and all checks. Returns MTP_OK whenever the driver gave an answer, good or
 * bad: see report->status; *label is a new configuration (owned by the caller) only when that is MTP_QM_OK. A cell that
 * is not periodic in all directions needs no virial. MTP_ERR_QM is returned for MTP_QM_CANNOT_START. */
MTP_API mtp_status mtp_qm_label(mtp_context *ctx, mtp_qm *qm, const mtp_config *cfg, int species_count,
                                const char *const *names, mtp_config **label, mtp_qm_report *report);

#ifdef __cplusplus
}
#endif
#endif
