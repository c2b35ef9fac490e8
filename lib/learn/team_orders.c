/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/team_orders.c
 * Orders to helping ranks, and what goes along with them. */
#include <stdlib.h>
#include <string.h>

#include "learn/team.h"
#include "model/model.h"

void mtp_team_broadcast(const mtp_comm *comm, void *data, size_t bytes) {
  if (comm && comm->size > 1) comm->broadcast(comm->user, data, bytes);
}

void mtp_team_give_order(const mtp_comm *comm, mtp_team_order *order) {
  mtp_team_broadcast(comm, order, sizeof *order);
}

mtp_status mtp_team_send_model(mtp_context *ctx, const mtp_comm *comm, mtp_team_order *order,
                               const mtp_potential *pot) {
  char *text = NULL;
  if (!comm || comm->size < 2) return MTP_OK;
  mtp_status status = mtp_potential_format(ctx, pot, &text, &order->bytes);
  if (status != MTP_OK) return status;
  mtp_team_give_order(comm, order);
  mtp_team_broadcast(comm, text, order->bytes);
  free(text);
  return MTP_OK;
}

/* What rank 0 sends; it ends in a zero. */
static char *take_bytes(const mtp_comm *comm, size_t bytes) {
  char *data = mtp_calloc(bytes + 1, 1);
  if (data) mtp_team_broadcast(comm, data, bytes);
  return data;
}

mtp_status mtp_team_take_model(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                               mtp_potential **pot) {
  char *text = take_bytes(comm, order->bytes);
  if (!text) return mtp_fail_memory(ctx);
  const mtp_status status = mtp_potential_parse(ctx, "potential", text, order->bytes, pot, NULL);
  free(text);
  return status;
}

/* ---- configurations ---- */

typedef struct head {
  size_t n;
  bool periodic[3], has_ghosts, has_mask;
  double cell[9];
} head;

static void add_config(mtp_text *bytes, const mtp_config *cfg) {
  head h = {.n = cfg->n, .has_ghosts = cfg->ghost != NULL, .has_mask = cfg->force_mask != NULL};
  memcpy(h.periodic, cfg->periodic, sizeof h.periodic);
  memcpy(h.cell, cfg->cell, sizeof h.cell);
  mtp_text_add_bytes(bytes, &h, sizeof h);
  mtp_text_add_bytes(bytes, cfg->x, 3 * cfg->n * sizeof *cfg->x);
  mtp_text_add_bytes(bytes, cfg->species, cfg->n * sizeof *cfg->species);
  if (cfg->ghost) mtp_text_add_bytes(bytes, cfg->ghost, cfg->n);
  if (cfg->force_mask) mtp_text_add_bytes(bytes, cfg->force_mask, cfg->n);
}

mtp_status mtp_team_send_configs(mtp_context *ctx, const mtp_comm *comm, mtp_team_order *order, size_t n,
                                 const mtp_config *const *configs) {
  mtp_text bytes = {0};
  if (!comm || comm->size < 2) return MTP_OK;
  for (size_t k = 0; k < n; k++) add_config(&bytes, configs[k]);
  const mtp_status status = bytes.failed ? mtp_fail_memory(ctx) : MTP_OK;
  order->count = n;
  order->bytes = bytes.size;
  if (status == MTP_OK) mtp_team_give_order(comm, order);
  if (status == MTP_OK) mtp_team_broadcast(comm, bytes.data, bytes.size);
  mtp_text_free(&bytes);
  return status;
}

static const char *take_array(const char *at, void *to, size_t size) {
  memcpy(to, at, size);
  return at + size;
}

static mtp_config *take_config(const char **at) {
  head h;
  *at = take_array(*at, &h, sizeof h);
  mtp_config *cfg = mtp_config_new(h.n);
  if (cfg && h.has_ghosts) cfg->ghost = mtp_calloc(h.n, 1);
  if (cfg && h.has_mask) cfg->force_mask = mtp_calloc(h.n, 1);
  if (!cfg || (h.has_ghosts && !cfg->ghost) || (h.has_mask && !cfg->force_mask)) {
    mtp_config_free(cfg);
    return NULL;
  }
  memcpy(cfg->periodic, h.periodic, sizeof h.periodic);
  memcpy(cfg->cell, h.cell, sizeof h.cell);
  *at = take_array(*at, cfg->x, 3 * h.n * sizeof *cfg->x);
  *at = take_array(*at, cfg->species, h.n * sizeof *cfg->species);
  if (h.has_ghosts) *at = take_array(*at, cfg->ghost, h.n);
  if (h.has_mask) *at = take_array(*at, cfg->force_mask, h.n);
  return cfg;
}

mtp_status mtp_team_take_configs(mtp_context *ctx, const mtp_comm *comm, const mtp_team_order *order,
                                 mtp_config_set **out) {
  char *bytes = take_bytes(comm, order->bytes);
  mtp_config_set *set = mtp_config_set_new();
  mtp_status status = bytes && set ? MTP_OK : mtp_fail_memory(ctx);
  const char *at = bytes;
  for (size_t k = 0; k < order->count && status == MTP_OK; k++) {
    mtp_config *cfg = take_config(&at);
    status = cfg ? mtp_config_set_append(ctx, set, cfg) : mtp_fail_memory(ctx);
  }
  free(bytes);
  if (status == MTP_OK)
    *out = set;
  else
    mtp_config_set_free(set);
  return status;
}
