/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/squeeze.c
 * Labels of configurations in which pairs are pushed together, closer than the run brings them. Below the shortest
 * distance that it knows a fit may do anything, and mostly falls off a cliff; a few labels there, with so little weight
 * that they cost no accuracy, make it rise. As many pairs as a cell holds are pushed in one configuration, of all kinds
 * and by different parts of their distance, so that one or two labels tell the whole way. */
#include <math.h>
#include <stdlib.h>

#include "config/pairs.h"
#include "loop/loop.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Parts of the shortest known distance to which pairs are pushed, in the order in which a cell is filled. */
static const double parts[] = {0.72, 0.85, 0.78, 0.92, 0.66, 0.82, 0.75, 0.88, 0.69, 0.95};
#define PARTS (sizeof parts / sizeof *parts)
/* Configurations at first, and whenever they are asked for again. */
#define FIRST_CELLS 2
#define LATER_CELLS 1
/* Growth of the training set after which surroundings have changed enough to ask for others. */
#define GROWTH 2
/* A kind is safe when squeezed labels reach down to this part of the shortest known distance; asked for again only
 * when the run has come closer by this part since the last time. */
#define SAFE   0.85
#define CLOSER 0.96
/* In one configuration. */
#define MOST_PAIRS 24
/* Pairs in one configuration stay so far apart, in units of their distance. */
#define APART 1.6
/* Pairs that never were closer have something else between them, and need no wall of their own (A). */
#define FAR 4.5
mtp_status mtp_loop_note_distances(mtp_context *ctx, mtp_learner *l, const mtp_sample *sample) {
  const int C = l->species_count;
  const bool squeezed = sample->kind == MTP_SAMPLE_SQUEEZED;
  mtp_neighbors *nb = NULL;
  mtp_close_pair *pair = mtp_calloc((size_t)(C * C), sizeof *pair);
  const double cutoff = mtp_potential_cutoff(l->pot);
  const mtp_status status = pair ? mtp_sample_acquire_neighbors(ctx, sample, cutoff, &nb) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    mtp_neighbors_closest_pairs(nb, mtp_hole_places_reach(l->places), C, NULL, pair);
    mtp_sample_release_neighbors(sample, nb);
  }
  for (int k = 0; k < C * C && status == MTP_OK; k++) {
    double *least = squeezed ? &l->near[k].squeezed : &l->near[k].known;
    *least = fmin(*least, pair[k].r);
  }
  if (status == MTP_OK && !squeezed) mtp_hole_places_note(l->places, sample->config, pair);
  free(pair);
  return status;
}

static bool is_wanted(const mtp_nearness *near) {
  if (!isfinite(near->known) || near->squeezed <= SAFE * near->known) return false;
  return !(near->known > CLOSER * near->tried);
}

/* Atoms around a pair that was moved stay where they are. */
static void mark_around(const mtp_config *cfg, const mtp_close_pair *p, bool *busy) {
  mtp_neighbors *nb = NULL;
  busy[p->i] = busy[p->j] = true;
  if (mtp_neighbors_build(NULL, cfg, APART * p->r, &nb) != MTP_OK) return;
  const size_t both[2] = {p->i, p->j};
  for (int e = 0; e < 2; e++)
    for (int q = 0; q < nb->count[both[e]]; q++) busy[nb->owner[nb->list[both[e]][q]]] = true;
  mtp_neighbors_free(nb);
}

/* Pushes the closest pair of kind k whose atoms are free. */
static mtp_status push_pair(mtp_context *ctx, const mtp_learner *l, mtp_config *cfg, int k, double part, bool *busy,
                            mtp_close_pair *pair, size_t *pushed) {
  const double reach = fmin(FAR, mtp_potential_cutoff(l->pot));
  const mtp_status status = mtp_config_closest_pairs(ctx, cfg, reach, l->species_count, busy, pair);
  const mtp_close_pair *p = &pair[k];
  const double target = part * l->near[k].known;
  if (status != MTP_OK || !isfinite(p->r) || p->r <= target) return status;
  for (int c = 0; c < 3; c++) cfg->x[3 * p->j + (size_t)c] -= p->d[c] * (1.0 - target / p->r);
  mark_around(cfg, p, busy);
  ++*pushed;
  return MTP_OK;
}

/* Fills a cell with pairs of all kinds that are wanted. `turn` shifts the order of the parts. */
static mtp_status push_pairs(mtp_context *ctx, const mtp_learner *l, mtp_config *cfg, const bool *wanted, size_t turn,
                             size_t *pushed) {
  const int kinds = l->species_count * l->species_count;
  mtp_close_pair *pair = mtp_calloc((size_t)kinds, sizeof *pair);
  bool *busy = mtp_calloc(cfg->n, sizeof *busy);
  mtp_status status = pair && busy ? MTP_OK : mtp_fail_memory(ctx);
  size_t before;
  for (size_t i = 0; busy && i < cfg->n; i++) busy[i] = mtp_config_is_masked(cfg, i); /* of them nothing is learned */
  do {
    before = *pushed;
    for (int k = 0; k < kinds && status == MTP_OK && *pushed < MOST_PAIRS; k++)
      if (wanted[k]) status = push_pair(ctx, l, cfg, k, parts[turn % PARTS], busy, pair, pushed);
    turn++;
  } while (status == MTP_OK && *pushed > before && *pushed < MOST_PAIRS);
  free(pair);
  free(busy);
  return status;
}

static mtp_status make_cell(mtp_context *ctx, const mtp_learner *l, const mtp_config *base, const bool *wanted,
                            size_t turn, long long step, mtp_candidate *list, size_t *n) {
  size_t pushed = 0;
  mtp_config *cfg = mtp_config_copy(base);
  mtp_status status = cfg ? push_pairs(ctx, l, cfg, wanted, turn, &pushed) : mtp_fail_memory(ctx);
  if (status != MTP_OK || pushed == 0) {
    mtp_config_free(cfg);
    return status;
  }
  mtp_loop_drop_results(cfg);
  list[(*n)++] = (mtp_candidate){
      .cfg = cfg, .grade = NAN, .atom = -1, .step = step, .warmup = -1, .squeezed = parts[turn % PARTS]};
  return MTP_OK;
}

/* Marks the kinds that squeezed labels are to be asked for, as asked for. */
static bool want(mtp_learner *l, bool *wanted) {
  const bool grown = l->squeezes > 0 && l->train->n >= GROWTH * l->squeezed_configs;
  bool any = false;
  for (int k = 0; k < l->species_count * l->species_count; k++) {
    const bool is = is_wanted(&l->near[k]) || (grown && isfinite(l->near[k].known));
    if (wanted) wanted[k] = is;
    if (is) l->near[k].tried = l->near[k].known;
    any = any || is;
  }
  return any;
}

void mtp_loop_note_squeezed(mtp_learner *l, bool hole) {
  if (hole) {
    l->filled++;
    return;
  }
  want(l, NULL);
  l->squeezes++;
  l->squeezed_configs = l->train->n + 1;
}

const mtp_config *mtp_loop_last_met(const mtp_learner *l, const mtp_config *none) {
  for (size_t i = l->train->n; i-- > 0;)
    if (!mtp_config_is_squeezed(l->train->configs[i]) && !mtp_config_get_feature(l->train->configs[i], "trial"))
      return l->train->configs[i];
  return none;
}

static mtp_status ask(mtp_context *ctx, mtp_learner *l, const mtp_config *base, const bool *wanted, size_t count,
                      long long step, int *labels) {
  mtp_candidate cells[FIRST_CELLS];
  const mtp_candidate *list[FIRST_CELLS];
  size_t n = 0;
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < count && status == MTP_OK; k++)
    status = make_cell(ctx, l, base, wanted, l->squeezes + k, step, cells, &n);
  for (size_t k = 0; k < n; k++) list[k] = &cells[k];
  if (status == MTP_OK) status = mtp_loop_label(ctx, l, mtp_loop_allowance(l, n), list, labels);
  for (size_t k = 0; k < n; k++) mtp_config_free(cells[k].cfg);
  l->squeezes += count;
  return status;
}

mtp_status mtp_loop_squeeze(mtp_context *ctx, mtp_learner *l, const mtp_config *base, long long step, int *labels) {
  if (!l->options.wall || !mtp_loop_can_label(l)) return MTP_OK;
  bool *wanted = mtp_calloc((size_t)(l->species_count * l->species_count), sizeof *wanted);
  if (!wanted) return mtp_fail_memory(ctx);
  const bool any = want(l, wanted);
  const mtp_status status =
      any ? ask(ctx, l, base, wanted, l->squeezes > 0 ? LATER_CELLS : FIRST_CELLS, step, labels) : MTP_OK;
  if (any) l->squeezed_configs = l->train->n;
  free(wanted);
  return status;
}

/* ---- holes ---- */

/* Labels for holes: so many in any case, and one more for so many of the run. */
#define FILLED      4
#define FILLED_PART 6
/* And of these, so many for one training: what a linear fit cannot use, it will not use with more of its kind. */
#define FILLED_A_TRAINING 4

bool mtp_loop_can_fill(const mtp_learner *l) {
  return l->options.wall && !l->ending && !l->mending && mtp_loop_can_label(l) &&
         l->filled < FILLED + l->stats.configurations / FILLED_PART;
}

mtp_status mtp_loop_fill_hole(mtp_context *ctx, mtp_learner *l, long long step, int *labels) {
  if (l->hole.a < 0 || !l->hole.cfg || !mtp_loop_can_fill(l) || l->filled_since >= FILLED_A_TRAINING) return MTP_OK;
  mtp_candidate candidate = {.cfg = l->hole.cfg, .grade = NAN, .atom = -1, .step = step, .warmup = -1};
  const mtp_candidate *list = &candidate;
  candidate.squeezed = l->hole.r / l->hole.known;
  candidate.hole = true;
  mtp_loop_drop_results(candidate.cfg);
  if (mtp_seen_find(l->seen, candidate.cfg, NULL)) return MTP_OK;
  l->filled++;
  l->filled_since++;
  return mtp_loop_label(ctx, l, 1, &list, labels);
}
