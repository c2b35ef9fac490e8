/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/climb.c
 * Training by continuation. The radial functions of one level are the start of the next, and at the last one the radial
 * basis grows step by step, new coefficients starting at zero. Fits end in minima of very different depth, so several
 * starts climb side by side as long as they are close; what is held out judges them, and says how far the radial basis
 * may grow. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "learn/continuation.h"
#include "learn/training.h"
#include "learn/weights.h"

typedef mtp_training job;
typedef mtp_training_task task;

/* Iterations of a start before it is judged, and of a stage on the way: a level, or a radial size. */
#define START_ITERATIONS 25
#define LEVEL_ITERATIONS 80
#define SIZE_ITERATIONS  40
/* Part of a limited time at which the stages have to be over. */
#define STAGE_SHARE 0.6
/* Size of the random parts of the radial functions of further starts. */
#define MIX 0.3
/* Of the starts, at most two go on, the second if its loss is at most so many times that of the best. */
#define CLOSE         1.15
#define MOST_ABOVE    2
#define MOST_CLIMBERS 16
/* A larger radial size has to lower the loss to this part of what it was. */
#define WORTH 0.98
/* Sizes that bring nothing before the next one is not tried any more: a feature may need two steps. */
#define PATIENCE 2
/* One that fits more of what is fitted is none of these, where there are so many force components for each parameter
 * (fewer are fitted by anything): a few configurations that are held out may tell late what a sharp feature is worth.
 */
#define DATA_TO_GO_ON 10.0
/* Patience with sizes that make an evaluation slower, for which errors have to fall by a tenth. */
#define WORTH_ITS_COST   0.8
#define PATIENCE_AT_COST 1
/* Deviations of so small a part of the forces are no reason for a larger radial size. */
#define NEGLIGIBLE 1e-3
/* Where nothing is held out, force components for each parameter that a larger radial size must have. */
#define DATA_PER_PARAMETER 30.0
/* And in any case one that makes an evaluation slower. */
#define DATA_AT_COST 50.0

/* A start on its way up. */
typedef struct climber {
  mtp_potential *pot;
  double loss;   /* of what is held out, or else of what is fitted */
  double fitted; /* of what is fitted */
} climber;

typedef struct party {
  climber of[MOST_CLIMBERS];
  int n;
} party;

static void party_clear(party *p) {
  for (int k = 0; k < p->n; k++) mtp_potential_free(p->of[k].pot);
  p->n = 0;
}

static unsigned first_parts(const job *j) {
  return j->has_held_out ? MTP_FIRST_PARTS : MTP_FIT_PARTS;
}

/* The potential in hand becomes better; a copy of it goes to the climber. */
static mtp_status improve(job *j, const char *name, long iterations, double share, climber *c) {
  const task t = {.name = name,
                  .share = share,
                  .trained = first_parts(j),
                  .iterations = iterations,
                  .tolerance = mtp_training_tolerance(j)};
  mtp_status status = mtp_training_improve(j, &t, &c->fitted);
  if (status != MTP_OK) return status;
  mtp_potential_free(c->pot);
  c->pot = NULL;
  c->loss = j->has_held_out ? j->held_out : c->fitted;
  if (isnan(c->loss)) c->loss = INFINITY;
  return mtp_potential_copy(j->ctx, j->pot, &c->pot);
}

static int by_loss(const void *left, const void *right) {
  const climber *a = left, *b = right;
  return (a->loss > b->loss) - (a->loss < b->loss);
}

/* The best first; those that are far behind stay behind. */
static void thin_out(party *p) {
  int kept = 1;
  qsort(p->of, (size_t)p->n, sizeof p->of[0], by_loss);
  while (kept < p->n && kept < MOST_ABOVE && p->of[kept].loss <= CLOSE * p->of[0].loss) kept++;
  for (int k = kept; k < p->n; k++) mtp_potential_free(p->of[k].pot);
  p->n = kept;
}

/* The best goes into the hand. */
static mtp_status adopt_best(job *j, party *p) {
  if (p->n == 0) return MTP_OK;
  mtp_potential *best = p->of[0].pot;
  p->of[0].pot = NULL;
  if (j->has_held_out) j->held_out = p->of[0].loss;
  return mtp_training_set_potential(j, best);
}

/* ---- stages ---- */

static mtp_status new_stage_potential(job *j, mtp_stage stage, mtp_potential **pot) {
  mtp_status status = mtp_continuation_potential(j->ctx, j->top, stage, pot);
  if (status == MTP_OK) status = mtp_training_reach(j, *pot);
  if (status == MTP_OK) return MTP_OK;
  mtp_potential_free(*pot);
  *pot = NULL;
  return status;
}

/* The potential of a stage, started from that of the stage below (NULL: from nothing). */
static mtp_status step_up(job *j, mtp_stage stage, const mtp_potential *below) {
  mtp_potential *pot = NULL;
  mtp_status status = new_stage_potential(j, stage, &pot);
  if (status != MTP_OK) return status;
  if (below) mtp_continuation_carry(below, pot);
  pot->trained = below && below->basis.nscalars == pot->basis.nscalars && below->nradial == pot->nradial;
  const bool solved = pot->trained;
  status = mtp_training_set_potential(j, pot);
  return status == MTP_OK && !solved ? mtp_training_solve(j, first_parts(j), j->pot->params) : status;
}

/* Several radial functions at the lowest stage. */
static mtp_status start_out(job *j, mtp_stage stage, double share, party *p) {
  const int starts = j->options->starts < MOST_CLIMBERS ? j->options->starts : MOST_CLIMBERS;
  mtp_status status = MTP_OK;
  for (int k = 0; k < starts && status == MTP_OK && !(j->stopped && k > 0); k++) {
    status = step_up(j, stage, NULL);
    if (status == MTP_OK && k > 0) {
      mtp_continuation_perturb(j->pot, MIX, j->options->seed + (unsigned long long)k);
      status = mtp_training_solve(j, first_parts(j), j->pot->params);
    }
    p->of[p->n++] = (climber){0};
    if (status == MTP_OK) status = improve(j, "start", START_ITERATIONS, share * (k + 1) / starts, &p->of[p->n - 1]);
  }
  return status;
}

/* All climbers of a party to the next stage. */
static mtp_status climb_stage(job *j, mtp_stage stage, const char *name, long iterations, double share,
                              const party *from, party *to) {
  mtp_status status = MTP_OK;
  for (int k = 0; k < from->n && status == MTP_OK && !(j->stopped && k > 0); k++) {
    status = step_up(j, stage, from->of[k].pot);
    to->of[to->n++] = (climber){0};
    if (status == MTP_OK) status = improve(j, name, iterations, share, &to->of[to->n - 1]);
  }
  return status;
}

/* Force components for each parameter that a radial size has. */
static double data_for(const job *j, const mtp_potential *pot, int size) {
  const size_t n = pot->nparams / (size_t)pot->radial.size * (size_t)size; /* nearly all of them are radial */
  double components = 0;
  for (size_t k = 0; k < j->n; k++)
    if (j->part[k] != MTP_PART_VALIDATION) components += 3.0 * (double)j->sample[k]->config->n;
  return components / (double)n;
}

static bool costs(const job *j, int size) {
  return size > mtp_continuation_cheap_size(j->top);
}

static bool has_data_for(const job *j, const mtp_potential *pot, int size) {
  if (costs(j, size)) return data_for(j, pot, size) >= DATA_AT_COST;
  return j->has_held_out || data_for(j, pot, size) >= DATA_PER_PARAMETER;
}

static int forced_size(const job *j) {
  return mtp_potential_size_is_free(j->top) ? 0 : j->top->radial.size;
}

/* The loss of a typical configuration whose forces deviate by what is negligible. */
static double negligible_loss(const job *j) {
  const mtp_part part = j->has_held_out ? MTP_PART_HELD_OUT : MTP_PART_TRAINING;
  double sum = 0, count = 0;
  for (size_t k = 0; k < j->n; k++) {
    const mtp_config *cfg = j->sample[k]->config;
    double own[3], squares = 0;
    if (j->part[k] != part || !cfg->force || mtp_config_weights(j->ctx, cfg, own) != MTP_OK) continue;
    for (size_t i = 0; i < 3 * cfg->n; i++) squares += mtp_config_is_masked(cfg, i / 3) ? 0 : pow(cfg->force[i], 2);
    const double loss = mtp_weights_of(&j->options->weights, cfg, own).force * squares;
    if (loss > 0) sum += log(loss), count++;
  }
  return count > 0 ? NEGLIGIBLE * NEGLIGIBLE * exp(sum / count) : 0;
}

/* Of two silicon-carbon melts at level 16 one that may not have more than 10 misses 22 % of the forces, one of 20 13 %.
 */
static double worth_of(const job *j, int size) {
  return costs(j, size) ? WORTH_ITS_COST : WORTH;
}

/* Is what the best climber of a larger size leaves so much less? Where it costs time, what is fitted has to say so too:
 * few configurations are held out. */
static bool is_worth(const job *j, int size, const climber *larger, const climber *best) {
  const double worth = worth_of(j, size);
  return larger->loss < worth * best->loss && (!costs(j, size) || larger->fitted < worth * best->fitted);
}

/* One radial size after the other. Sizes up to the one that the user asked for are climbed to in any case; beyond, the
 * best party stays. */
static mtp_status climb_sizes(job *j, party *p) {
  party now = *p; /* shares the climbers of p until they part */
  mtp_status status = MTP_OK;
  const double negligible = negligible_loss(j);
  j->accepted_stage = j->stage;
  for (int idle = 0; status == MTP_OK && !j->stopped && idle < PATIENCE; idle++) {
    const int before = now.of[0].pot->radial.size, size = mtp_continuation_next_size(j->top, before);
    const bool forced = size <= forced_size(j);
    if (size == before || (costs(j, size) && !forced && idle >= PATIENCE_AT_COST)) break;
    if (!forced && (p->of[0].loss < negligible || !has_data_for(j, now.of[0].pot, size))) break;
    party next = {.n = 0};
    const double fitted = now.of[0].fitted;
    j->stage++;
    j->accepted = forced ? NULL : p->of[0].pot;
    status = climb_stage(j, (mtp_stage){mtp_basis_level(&j->top->basis), size}, "radial", SIZE_ITERATIONS, STAGE_SHARE,
                         &now, &next);
    if (status == MTP_OK && next.n > 0) thin_out(&next);
    if (now.of[0].pot != p->of[0].pot) party_clear(&now);
    now = next;
    if (status != MTP_OK || next.n == 0) continue;
    const bool fits_more = next.of[0].fitted < worth_of(j, size) * fitted;
    if (fits_more && data_for(j, next.of[0].pot, size) >= DATA_TO_GO_ON) idle--;
    if (!forced && !is_worth(j, size, &next.of[0], &p->of[0])) continue;
    party_clear(p);
    *p = now;
    j->accepted_stage = j->stage;
    idle = -1;
  }
  j->accepted = NULL;
  if (now.n > 0 && p->n > 0 && now.of[0].pot != p->of[0].pot) party_clear(&now);
  return status;
}

/* ---- the way up ---- */

mtp_status mtp_training_grow(job *j) {
  party p = {.n = 0};
  mtp_status status = MTP_OK;
  /* without a larger size there is nothing to choose, but for a caller that asks whether training pays at all */
  const bool asked = j->options->economical && j->has_held_out;
  if (mtp_continuation_next_size(j->top, j->pot->radial.size) == j->pot->radial.size && !asked) return MTP_OK;
  p.of[p.n++] = (climber){0};
  status = improve(j, "radial", SIZE_ITERATIONS, STAGE_SHARE, &p.of[0]);
  j->done_before = 0;
  if (status == MTP_OK && !j->stopped) status = climb_sizes(j, &p);
  if (status == MTP_OK) status = adopt_best(j, &p);
  party_clear(&p);
  return status;
}

/* The levels, from `stage` on; p holds what comes of it. */
static mtp_status climb_levels(job *j, const mtp_stage *stages, int levels, int stage, party *p) {
  mtp_status status = MTP_OK;
  for (int k = stage; k < levels && status == MTP_OK && !j->stopped; k++) {
    const double share = STAGE_SHARE * (k + 1) / (levels + 1);
    party next = {.n = 0};
    j->stage = k == 0 ? -1 : k; /* starts are not worth a checkpoint */
    status = k == 0 ? start_out(j, stages[0], share, &next)
                    : climb_stage(j, stages[k], "level", LEVEL_ITERATIONS, share, p, &next);
    if (status == MTP_OK) thin_out(&next);
    party_clear(p);
    *p = next;
    j->done_before = 0;
  }
  return status;
}

mtp_status mtp_training_climb(job *j, mtp_potential *resumed) {
  mtp_stage stages[MTP_MAX_STAGES];
  const int nstages = mtp_continuation_stages(j->top, stages), top = stages[nstages - 1].level;
  int levels = 0, stage = j->stage;
  while (stages[levels].level < top) levels++;
  levels++; /* stages of different levels; what follows are sizes of the last one */
  if (levels == nstages && levels > 1) levels--; /* nothing is left to choose there: the last fit begins at once */
  party p = {.n = 0};
  mtp_status status = MTP_OK;
  if (resumed) { /* goes on with the climber that the checkpoint holds */
    p.of[p.n++] = (climber){0};
    status = mtp_training_set_potential(j, resumed);
    if (status == MTP_OK)
      status = improve(j, stage < levels ? "level" : "radial", SIZE_ITERATIONS, STAGE_SHARE, &p.of[0]);
    j->done_before = 0;
    stage++;
  }
  if (status == MTP_OK) status = climb_levels(j, stages, levels, stage, &p);
  if (status == MTP_OK && j->stage < levels - 1) j->stage = levels - 1;
  if (status == MTP_OK && !j->stopped && p.n > 0 && levels < nstages) status = climb_sizes(j, &p);
  if (status == MTP_OK) status = adopt_best(j, &p);
  party_clear(&p);
  return status;
}

mtp_status mtp_training_arrive(job *j) {
  const mtp_potential *top = j->top;
  const mtp_stage stage = {mtp_basis_level(&top->basis), j->pot ? j->pot->radial.size : top->radial.size};
  mtp_status status = MTP_OK;
  mtp_potential *pot = NULL;
  if (!j->pot || j->pot->nradial != top->nradial || j->pot->basis.nscalars != top->basis.nscalars) {
    status = new_stage_potential(j, stage, &pot);
    if (status == MTP_OK && j->pot) mtp_continuation_carry(j->pot, pot);
    if (status == MTP_OK) status = mtp_training_set_potential(j, pot);
    if (status == MTP_OK) status = mtp_training_solve(j, MTP_EVERYTHING, j->pot->params);
  }
  if (status != MTP_OK || stage.size >= forced_size(j)) return status;
  status = mtp_potential_copy(j->ctx, j->pot, &pot);
  if (status == MTP_OK) status = mtp_potential_rebase(j->ctx, pot, pot->radial.min_dist, forced_size(j));
  if (status == MTP_OK) return mtp_training_set_potential(j, pot);
  mtp_potential_free(pot);
  return status;
}
