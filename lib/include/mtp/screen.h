/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/screen.h
 * What is wrong with a configuration as training data, before hours are spent on it.
 */
#ifndef MTP_SCREEN_H
#define MTP_SCREEN_H

#include <stdbool.h>

#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mtp_fault {
  MTP_FAULT_NONE,
  MTP_FAULT_NOT_FINITE,    /**< a number of it is nan or infinite */
  MTP_FAULT_ELEMENT,       /**< it has an element that the potential lacks */
  MTP_FAULT_CLOSE_ATOMS,   /**< two atoms are on top of each other: closer than a tenth of min_dist */
  MTP_FAULT_NO_LABEL,      /**< neither energy nor forces nor virial */
  MTP_FAULT_GHOSTS,        /**< it has ghosts: labels of a part of a system cannot be trained on */
  MTP_FAULT_NO_ENERGY,     /**< forces or virial without an energy: of use, but seldom meant */
  MTP_FAULT_NO_NEIGHBOURS, /**< no two atoms of it are within the cutoff */
  MTP_FAULTS
} mtp_fault;

/** A short name: "not-finite", "element", "close-atoms", "no-label", "ghosts", "no-energy", "no-neighbours"; "none". */
MTP_API const char *mtp_fault_name(mtp_fault fault);
/** Training is not possible with it; the others are worth a warning. */
MTP_API bool mtp_fault_is_fatal(mtp_fault fault);

typedef struct mtp_screening {
  mtp_fault fault; /**< the first that was found, in the order above */
  char text[128];  /**< what exactly, "" for none */
  double
      smallest; /**< smallest distance of two atoms, infinite if none are within the cutoff or it was not looked for */
} mtp_screening;

/** Looks at a configuration whose species are the potential's. */
MTP_API mtp_status mtp_screen(mtp_context *ctx, const mtp_potential *pot, const mtp_config *cfg, mtp_screening *out);

#ifdef __cplusplus
}
#endif
#endif
