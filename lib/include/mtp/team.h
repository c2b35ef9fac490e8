/* SPDX-License-Identifier: BSD-3-Clause */
/**@file mtp/team.h
 * Configurations that are evaluated in the threads of a process and on the ranks of a communicator. Results are the
 * same in every bit for any number of them, and in their order.
 */
#ifndef MTP_TEAM_H
#define MTP_TEAM_H

#include <stdbool.h>

#include "mtp/active_set.h"
#include "mtp/comm.h"
#include "mtp/config.h"
#include "mtp/context.h"
#include "mtp/posterior.h"
#include "mtp/potential.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mtp_team mtp_team;

/** A team for `pot` (trained; copied) and, unless that is NULL, grades by `as`. `threads` are those of each rank, at
 * least 1. `comm` (borrowed) may be NULL; else this is rank 0, and the others call mtp_team_help. */
MTP_API mtp_status mtp_team_new(mtp_context *ctx, const mtp_potential *pot, const mtp_active_set *as, int threads,
                                const mtp_comm *comm, mtp_team **out);
MTP_API void mtp_team_free(mtp_team *team);

/** mtp_evaluator_config of configs[n], with grades if the team has an active set. After a failure, which names the
 * first configuration that failed by its number (configs[0] is number + 1), some may have been evaluated. */
MTP_API mtp_status mtp_team_evaluate(mtp_context *ctx, mtp_team *team, size_t number, size_t n,
                                     mtp_config *const *configs);

/** mtp_posterior_errors of configs[n], error[k][atoms of configuration k]; `posterior` is that of the team's potential
 * (mtp_posterior_of), which the other ranks find by themselves. After a failure, as after one of mtp_team_evaluate. */
MTP_API mtp_status mtp_team_errors(mtp_context *ctx, mtp_team *team, const mtp_posterior *posterior, size_t number,
                                   size_t n, const mtp_config *const *configs, double *const *error);

/** Ranks other than 0: work for it (teams and selections) until it lets them go. */
MTP_API mtp_status mtp_team_help(mtp_context *ctx, const mtp_comm *comm);
/** Rank 0: lets the others go. Nothing happens without any. */
MTP_API void mtp_team_end_help(const mtp_comm *comm);

#ifdef __cplusplus
}
#endif
#endif
