/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/level.c
 * Potentials of one family: what the continuation of a training does on its way, done to a potential that is in use. */
#include "learn/level.h"

#include <stdlib.h>
#include <string.h>

#include "learn/continuation.h"
#include "model/model.h"
#include "support/support.h"

int mtp_level_above(int level, int top) {
  const int next = level < MTP_LOWEST_LEVEL ? MTP_LOWEST_LEVEL : mtp_continuation_next_level(level);
  return next > level && next < top ? next : top;
}

/* Notes and what other programs know the species by. */
static mtp_status take_words(mtp_context *ctx, const mtp_potential *from, mtp_potential *to) {
  char *tag = mtp_strdup(from->tag);
  if (!tag) return mtp_fail_memory(ctx);
  free(to->tag);
  to->tag = tag;
  memcpy(to->labels, from->labels, (size_t)from->nspecies * sizeof *to->labels);
  return MTP_OK;
}

mtp_status mtp_potential_at_level(mtp_context *ctx, const mtp_potential *like, int level, mtp_potential **out) {
  if (like->radial.type != MTP_RADIAL_CHEBYSHEV || mtp_potential_level(like) == 0)
    return mtp_fail(ctx, MTP_ERR_UNSUPPORTED,
                    "a potential of no standard level, or of other radial functions than "
                    "RBChebyshev, has no other levels");
  const mtp_stage stage = {level, like->radial.size};
  mtp_status status = mtp_continuation_potential(ctx, like, stage, out);
  if (status != MTP_OK) return status;
  mtp_continuation_carry(like, *out);
  (*out)->trained = false;
  status = take_words(ctx, like, *out);
  if (status == MTP_OK) return MTP_OK;
  mtp_potential_free(*out);
  *out = NULL;
  return status;
}
