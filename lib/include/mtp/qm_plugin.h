/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/qm_plugin.h
 * The C interface of the QM driver `plugin LIBRARY ARGUMENTS`: an electronic-structure code as a shared library. The
 * library exports one function, mtp_qm_plugin_entry, of type mtp_qm_plugin_function. This header stands alone.
 *
 * Units: Angstrom, eV, eV/A; the virial in eV, positive when the cell is compressed (-dE/d(strain)). A plugin runs
 * inside the process of the MD run: its crash is the run's crash, and nothing can end a call that hangs. It must not
 * print, exit or install signal handlers.
 */
#ifndef MTP_QM_PLUGIN_H
#define MTP_QM_PLUGIN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Raised when this file changes in a way that old plugins cannot follow. */
#define MTP_QM_PLUGIN_VERSION 1

/** What to compute. Nothing in it may be changed or kept. */
typedef struct mtp_qm_plugin_input {
  size_t n;                 /**< atoms */
  const double *x;          /**< [3*n] positions */
  const int *species;       /**< [n], each from 0 to species_count-1 */
  int species_count;        /**< of the potential; not all need occur */
  const char *const *names; /**< [species_count] element names */
  double cell[9];           /**< rows are the lattice vectors; a row of zeros where there is none */
  int periodic[3];          /**< along each lattice vector */
} mtp_qm_plugin_input;

/** Where the results go. */
typedef struct mtp_qm_plugin_output {
  double energy;    /**< eV; the function that the forces are the gradient of (with smearing, the free energy) */
  double *force;    /**< [3*n] eV/A, zeroed */
  int has_virial;   /**< to be set to 1 if `virial` is filled; not asked for unless periodic in all directions */
  double virial[6]; /**< eV, xx yy zz xy xz yz */
} mtp_qm_plugin_output;

typedef enum mtp_qm_plugin_result {
  MTP_QM_PLUGIN_OK = 0,
  MTP_QM_PLUGIN_NOT_CONVERGED = 1, /**< there is a result, but it must not be believed */
  MTP_QM_PLUGIN_FAILED = 2         /**< no result */
} mtp_qm_plugin_result;

typedef struct mtp_qm_plugin {
  int version;      /**< MTP_QM_PLUGIN_VERSION */
  const char *name; /**< for messages */
  int parallel;     /**< not 0: different instances may compute at the same time in different threads */
  /** Makes an instance; `arguments[count]` are the words after LIBRARY. On failure (any result but OK) one line goes
   *  into message[message_size]. */
  mtp_qm_plugin_result (*open)(int count, const char *const *arguments, void **instance, char *message,
                               size_t message_size);
  /** One single point, the same for the same input whatever was computed before. */
  mtp_qm_plugin_result (*compute)(void *instance, const mtp_qm_plugin_input *input, mtp_qm_plugin_output *output,
                                  char *message, size_t message_size);
  void (*close)(void *instance);
} mtp_qm_plugin;

/** What the library exports: returns a table that lives as long as the library, NULL if it cannot serve. */
const mtp_qm_plugin *mtp_qm_plugin_entry(void);
typedef const mtp_qm_plugin *(*mtp_qm_plugin_function)(void);

#ifdef __cplusplus
}
#endif
#endif
