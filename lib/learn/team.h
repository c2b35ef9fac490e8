/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/team.h
 * Orders of rank 0 to ranks that help with evaluations and selections, and configurations as bytes. */
#ifndef MTP_LEARN_TEAM_H
#define MTP_LEARN_TEAM_H

#include "learn/workers.h"
#include "mtp/select.h"
#include "mtp/team.h"

typedef enum mtp_team_order_kind {
  MTP_TEAM_END,
  MTP_TEAM_MODEL,    /**< a potential, `bytes` of text, and the inverse of an active set of size `count`, 0: none */
  MTP_TEAM_EVALUATE, /**< `count` configurations in `bytes` */
  MTP_TEAM_ERRORS,   /**< the errors to expect of these */
  MTP_TEAM_SELECT,   /**< a selection with these options, and a potential of `bytes` */
  MTP_TEAM_ROWS      /**< its rows of `count` configurations in `bytes` */
} mtp_team_order_kind;

typedef struct mtp_team_order {
  mtp_team_order_kind kind;
  int threads;
  mtp_mode mode;
  size_t bytes, count;
  size_t number;              /**< of the first configuration, for messages */
  mtp_select_options options; /**< whose pointers mean nothing here */
} mtp_team_order;

/** Rank 0 gives an order; the others take it. Nothing without other ranks. */
void mtp_team_give_order(const mtp_comm *comm, mtp_team_order *order);
/** From rank 0 to all, likewise. */
void mtp_team_broadcast(const mtp_comm *comm, void *data, size_t bytes);
/** Gives an order with the text of a potential. */
mtp_status mtp_team_send_model(mtp_context *ctx, const mtp_comm *comm, mtp_team_order *order, const mtp_potential *pot);
/** Takes that text. */
mtp_status mtp_team_take_model(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                               mtp_potential **pot);
/** Gives an order with what an evaluation needs of configs[n]: atoms, cell, ghosts and masks. */
mtp_status mtp_team_send_configs(mtp_context *ctx, const mtp_comm *comm, mtp_team_order *order, size_t n,
                                 const mtp_config *const *configs);
/** Takes these; the set is the caller's. */
mtp_status mtp_team_take_configs(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                                 mtp_config_set **out);

/** What a helping rank does for selections (learn/select_rows.c); *job is its own, NULL before the first one. */
struct mtp_select_job;
mtp_status mtp_select_help(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                           struct mtp_select_job **job);
void mtp_select_end_help(struct mtp_select_job *job);

#endif
