/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/squeeze.c
 * Labels of configurations in which pairs are pushed together, closer than the run brings them. Below the shortest
 * distance that it knows a fit may do anything, and mostly falls off a cliff; a few labels there, with so little weight
 * that they cost no accuracy, make it rise. Of two molecules each moves as a whole: what comes of atoms that are taken
 * out of one no run meets, and a reference may find no answer. As many pairs as a cell holds are pushed in one
 * configuration, of all kinds and by different parts of their distance, so that one or two labels tell the whole way.
 */
#include <math.h>
#include <stdlib.h>

#include "config/config_internal.h"
#include "config/pairs.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "mtp/neighbors.h"
#include "support/support.h"

/* Parts of the shortest known distance to which pairs are pushed, in the order in which a cell is filled. */
static const double parts[] = {0.72, 0.85, 0.78, 0.92, 0.66, 0.82, 0.75, 0.88, 0.69, 0.95};
#define PARTS (sizeof parts / sizeof *parts)
/* Configurations at first, and whenever they are asked for again. */
#define FIRST_CELLS MTP_FIRST_SQUEEZED
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
  const int kinds = mtp_loop_kinds(l);
  const bool squeezed = sample->kind == MTP_SAMPLE_SQUEEZED;
  mtp_neighbors *nb = NULL;
  mtp_close_pair *pair = mtp_calloc((size_t)kinds, sizeof *pair);
  const double cutoff = mtp_potential_cutoff(l->pot);
  mtp_status status = pair ? mtp_sample_acquire_neighbors(ctx, sample, cutoff, &nb) : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    status = mtp_hole_places_find(ctx, l->places, nb, pair);
    mtp_sample_release_neighbors(sample, nb);
  }
  for (int k = 0; k < kinds && status == MTP_OK; k++) {
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

/* A configuration that is being filled with pairs. */
typedef struct filling {
  const mtp_learner *l;
  mtp_config *cfg;
  const bool *wanted;   /* [kinds] */
  bool *busy;           /* [n] atoms of molecules that were moved, and those around them: no further pair is of these */
  size_t *unit;         /* [n] the molecule of an atom */
  mtp_close_pair *pair; /* [kinds] */
  size_t tried, pushed; /* of the pairs that were found, those that had a way to go */
} filling;

static bool moves(const filling *f, const mtp_close_pair *p, size_t atom) {
  return mtp_moves_with(f->unit, p->i, p->j, atom);
}

static void mark_around(const filling *f, const mtp_close_pair *p) {
  mtp_neighbors *nb = NULL;
  const bool built = mtp_neighbors_build(NULL, f->cfg, APART * p->r, &nb) == MTP_OK;
  for (size_t i = 0; i < f->cfg->n; i++) {
    if (!mtp_moves_with(f->unit, p->j, p->i, i) && !moves(f, p, i)) continue;
    f->busy[i] = true;
    for (int q = 0; built && q < nb->count[i]; q++) f->busy[nb->owner[nb->list[i][q]]] = true;
  }
  mtp_neighbors_free(nb);
}

/* How far atom j of a pair goes along the way to i: until the pair has this part of its known distance, or, where its
 * molecule goes with it, any two atoms of different molecules have. */
static double way_to_go(const filling *f, const mtp_neighbors *nb, const mtp_close_pair *p, double part) {
  const int C = f->l->species_count;
  double way = INFINITY;
  for (size_t i = 0; i < nb->n; i++)
    for (int q = 0; q < nb->count[i]; q++) {
      const size_t k = (size_t)nb->list[i][q], j = (size_t)nb->owner[k];
      if (moves(f, p, i) || !moves(f, p, j)) continue;
      const int a = nb->species[i], b = nb->species[k];
      const double known = f->l->near[a < b ? a * C + b : b * C + a].known, least = part * known;
      double d[3];
      for (size_t c = 0; c < 3; c++) d[c] = nb->x[3 * k + c] - nb->x[3 * i + c];
      /* |d - t p->d / p->r| = least for the smaller t */
      const double along = mtp_dot(d, p->d) / p->r, root2 = along * along - mtp_dot(d, d) + least * least;
      if (isfinite(known) && along > 0.0 && root2 >= 0.0) way = fmin(way, fmax(0.0, along - sqrt(root2)));
    }
  return way;
}

/* By a part of the distance. */
static void move_by(const filling *f, const mtp_close_pair *p, double part) {
  for (size_t i = 0; i < f->cfg->n; i++)
    for (size_t c = 0; c < 3 && moves(f, p, i); c++) f->cfg->x[3 * i + c] -= p->d[c] * part;
}

/* Does only one atom move? */
static bool is_alone(const filling *f, const mtp_close_pair *p) {
  bool alone = true;
  for (size_t i = 0; i < f->cfg->n; i++) alone = alone && (i == p->j || !moves(f, p, i));
  return alone;
}

/* Pushes the closest pair of kind k whose atoms are free. */
static mtp_status push_pair(mtp_context *ctx, filling *f, int k, double part) {
  const mtp_learner *l = f->l;
  const double reach = fmin(FAR, mtp_potential_cutoff(l->pot)), target = part * l->near[k].known;
  mtp_neighbors *nb = NULL;
  const mtp_status status = mtp_neighbors_build(ctx, f->cfg, reach, &nb);
  if (status != MTP_OK) return status;
  mtp_neighbors_closest_contacts(nb, reach, l->species_count, f->busy, f->unit, f->pair);
  const mtp_close_pair p = f->pair[k];
  if (isfinite(p.r) && p.r > target) {
    const double all = 1.0 - target / p.r, way = is_alone(f, &p) ? all : fmin(all, way_to_go(f, nb, &p, part) / p.r);
    move_by(f, &p, way);
    mark_around(f, &p);
    f->tried++;
    f->pushed += way > 0.0;
  }
  mtp_neighbors_free(nb);
  return MTP_OK;
}

static mtp_status filling_begin(mtp_context *ctx, filling *f) {
  mtp_neighbors *nb = NULL;
  f->pair = mtp_calloc((size_t)mtp_loop_kinds(f->l), sizeof *f->pair);
  f->busy = mtp_calloc(f->cfg->n, sizeof *f->busy);
  f->unit = mtp_calloc(f->cfg->n, sizeof *f->unit);
  if (!f->pair || !f->busy || !f->unit) return mtp_fail_memory(ctx);
  for (size_t i = 0; i < f->cfg->n; i++) f->busy[i] = mtp_config_is_masked(f->cfg, i); /* of them nothing is learned */
  mtp_status status = mtp_neighbors_build(ctx, f->cfg, mtp_potential_cutoff(f->l->pot), &nb);
  if (status == MTP_OK) status = mtp_neighbors_find_molecules(ctx, nb, mtp_hole_places_radii(f->l->places), f->unit);
  mtp_neighbors_free(nb);
  return status;
}

static void filling_end(filling *f) {
  free(f->pair);
  free(f->busy);
  free(f->unit);
}

/* Fills a cell with pairs of all kinds that are wanted. `turn` shifts the order of the parts. */
static mtp_status push_pairs(mtp_context *ctx, filling *f, size_t turn) {
  mtp_status status = filling_begin(ctx, f);
  size_t before;
  do {
    before = f->tried;
    for (int k = 0; k < mtp_loop_kinds(f->l) && status == MTP_OK && f->pushed < MOST_PAIRS; k++)
      if (f->wanted[k]) status = push_pair(ctx, f, k, parts[turn % PARTS]);
    turn++;
  } while (status == MTP_OK && f->tried > before && f->pushed < MOST_PAIRS);
  filling_end(f);
  return status;
}

static mtp_status make_cell(mtp_context *ctx, const mtp_learner *l, const mtp_config *base, const bool *wanted,
                            size_t turn, long long step, mtp_candidate *list, size_t *n) {
  mtp_config *cfg = mtp_config_copy(base);
  filling f = {.l = l, .cfg = cfg, .wanted = wanted};
  mtp_status status = cfg ? push_pairs(ctx, &f, turn) : mtp_fail_memory(ctx);
  if (status != MTP_OK || f.pushed == 0) {
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
  for (int k = 0; k < mtp_loop_kinds(l); k++) {
    const bool is = is_wanted(&l->near[k]) || (grown && isfinite(l->near[k].known));
    if (wanted) wanted[k] = is;
    if (is) l->near[k].tried = l->near[k].known;
    any = any || is;
  }
  return any;
}

/* Of what is due there is so much time until others wait for it. */
#define OVERDUE 2.5

bool mtp_loop_can_squeeze_later(const mtp_learner *l) {
  return l->squeezes > 0 && (double)l->train->n < OVERDUE * GROWTH * (double)l->squeezed_configs &&
         mtp_loop_has_others(l);
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
    if (!mtp_config_is_squeezed(l->train->configs[i]) && !mtp_config_get_feature(l->train->configs[i], "trial") &&
        !mtp_config_get_feature(l->train->configs[i], "explored"))
      return l->train->configs[i];
  return none;
}

/* `count` of them at most; theirs is cells[0 .. *n-1].cfg, whatever comes back. */
static mtp_status make_cells(mtp_context *ctx, const mtp_learner *l, const mtp_config *base, const bool *wanted,
                             size_t count, long long step, mtp_candidate *cells, size_t *n) {
  mtp_status status = MTP_OK;
  *n = 0;
  for (size_t k = 0; k < count && status == MTP_OK; k++)
    status = make_cell(ctx, l, base, wanted, l->squeezes + k, step, cells, n);
  return status;
}

static mtp_status ask(mtp_context *ctx, mtp_learner *l, const mtp_config *base, const bool *wanted, size_t count,
                      long long step, int *labels) {
  mtp_candidate cells[FIRST_CELLS];
  const mtp_candidate *list[FIRST_CELLS];
  size_t n;
  mtp_status status = make_cells(ctx, l, base, wanted, count, step, cells, &n);
  for (size_t k = 0; k < n; k++) list[k] = &cells[k];
  if (status == MTP_OK) status = mtp_loop_label(ctx, l, mtp_loop_allowance(l, n), list, labels);
  for (size_t k = 0; k < n; k++) mtp_config_free(cells[k].cfg);
  l->squeezes += count;
  return status;
}

mtp_status mtp_loop_squeeze(mtp_context *ctx, mtp_learner *l, const mtp_config *base, long long step, int *labels) {
  bool elsewhere = false;
  if (!l->options.wall || !mtp_loop_can_label(l)) return MTP_OK;
  if (l->sharing.locks) {
    const mtp_status status = mtp_loop_is_squeezed_elsewhere(ctx, l, &elsewhere);
    if (status != MTP_OK || elsewhere) return status;
  }
  bool *wanted = mtp_calloc((size_t)mtp_loop_kinds(l), sizeof *wanted);
  if (!wanted) return mtp_fail_memory(ctx);
  const bool any = want(l, wanted);
  const mtp_status status =
      any ? ask(ctx, l, base, wanted, l->squeezes > 0 ? LATER_CELLS : FIRST_CELLS, step, labels) : MTP_OK;
  if (any) l->squeezed_configs = l->train->n;
  free(wanted);
  return status;
}

/* Distances of `cfg` as if it were in the training set. */
static mtp_status come_near(mtp_context *ctx, mtp_learner *l, const mtp_config *cfg, mtp_close_pair *pair) {
  mtp_neighbors *nb = NULL;
  mtp_status status = mtp_neighbors_build(ctx, cfg, mtp_potential_cutoff(l->pot), &nb);
  if (status == MTP_OK) status = mtp_hole_places_find(ctx, l->places, nb, pair);
  for (int k = 0; k < mtp_loop_kinds(l) && status == MTP_OK; k++) l->near[k].known = fmin(l->near[k].known, pair[k].r);
  mtp_neighbors_free(nb);
  return status;
}

static mtp_status squeeze_ahead(mtp_context *ctx, mtp_learner *l, size_t count, const mtp_candidate *copies,
                                mtp_close_pair *pair, bool *wanted, mtp_candidate *cells, size_t *n) {
  mtp_status status = MTP_OK;
  for (size_t i = 0; i < count && status == MTP_OK; i++) status = come_near(ctx, l, copies[i].cfg, pair);
  if (status != MTP_OK || !want(l, wanted)) return status;
  const mtp_candidate *last = &copies[count - 1];
  status = make_cells(ctx, l, last->cfg, wanted, FIRST_CELLS, last->step, cells, n);
  l->squeezes += FIRST_CELLS;
  return status;
}

mtp_status mtp_loop_squeeze_ahead(mtp_context *ctx, mtp_learner *l, size_t count, const mtp_candidate *copies,
                                  mtp_candidate *cells, size_t *n) {
  *n = 0;
  if (!l->options.wall || l->squeezes > 0 || count == 0 ||
      mtp_loop_allowance(l, count + FIRST_CELLS) < count + FIRST_CELLS)
    return MTP_OK;
  const size_t kinds = (size_t)mtp_loop_kinds(l);
  double *known = mtp_calloc(kinds, sizeof *known);
  mtp_close_pair *pair = mtp_calloc(kinds, sizeof *pair);
  bool *wanted = mtp_calloc(kinds, sizeof *wanted);
  mtp_status status = known && pair && wanted ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    for (size_t k = 0; k < kinds; k++) known[k] = l->near[k].known;
    status = squeeze_ahead(ctx, l, count, copies, pair, wanted, cells, n);
    for (size_t k = 0; k < kinds; k++) l->near[k].known = known[k]; /* until the copies have labels */
  }
  free(known);
  free(pair);
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
  if (mtp_loop_has_others(l) && !l->finished) return mtp_loop_wish(ctx, l, 1, &list);
  l->filled++;
  l->filled_since++;
  return mtp_loop_label(ctx, l, 1, &list, labels);
}
