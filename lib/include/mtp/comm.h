/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/comm.h
 * How processes that work together reach each other. The library knows no MPI: a caller that has it fills this in with
 * three operations, which is all that parallel training needs. Rank 0 leads: it calls the functions of the library; the
 * others help it (mtp_trainer_help) until it lets them go.
 */
#ifndef MTP_COMM_H
#define MTP_COMM_H

#include <stddef.h>

#include "mtp/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** All ranks make the same calls in the same order. The functions do not fail: a lost process ends the program, as is
 * usual with MPI. Messages may be of any size (also beyond 2 GiB). All three are required if `size` is above 1. */
typedef struct mtp_comm {
  int rank, size;
  void *user;                                                      /**< passed to the functions */
  void (*broadcast)(void *user, void *data, size_t bytes);         /**< from rank 0 to all */
  void (*collect)(void *user, int from, void *data, size_t bytes); /**< from rank `from` > 0 to rank 0; the others
                                                                      return at once */
  /** Tells the user in one line why, and ends the program on all ranks: this one cannot do its part, and the others
   * would wait for it forever. Not expected to return. */
  void (*abort)(void *user, const char *message);
} mtp_comm;

#ifdef __cplusplus
}
#endif
#endif
