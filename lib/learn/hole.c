/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/hole.c
 * The scan over pairs. A pair that is far apart may have a well on its way (two atoms that bond): an energy that falls
 * before it has risen counts only beyond what a bond can be. */
#include "learn/hole.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "mtp/evaluator.h"
#include "support/support.h"

/* Steps of the scan as parts of the distance, and how far it goes. */
#define STEP  0.025
#define STEPS 20
/* Above the start: where a run cannot get any more (eV). */
#define HIGH 10.0
/* What counts as falling, after the energy had risen by as much (eV, and part of the rise). */
#define FALL      0.1
#define FALL_PART 0.05
/* No bond is deeper (eV). */
#define BOND 6.0
/* Pairs that never were closer are not scanned: something else is between them (A). */
#define FAR 4.5
/* Steps beyond the edge of a hole where a label is worth most: what a run meets first, with an energy that is not yet
 * out of all reason. */
#define BEYOND 2
/* Closest pairs of each kind, in different configurations. */
#define PAIRS 4

typedef struct place {
  double r;
  const mtp_config *cfg;
  mtp_close_pair pair;
  double known[STEPS + 1]; /* energy of the baseline along the way; NaN: not asked for yet */
} place;

struct mtp_hole_places {
  int species_count;
  double reach;         /* A */
  place *of;            /* [2*C*C][PAIRS] of each kind, the nearest first; r is infinite where there is none */
  mtp_close_pair *pair; /* [2*C*C] scratch */
  double *radius;       /* [C] of atoms in molecules */
  const mtp_baseline *baseline;
};

mtp_status mtp_hole_places_new(mtp_context *ctx, const mtp_potential *pot, mtp_hole_places **out) {
  const int C = mtp_potential_species_count(pot);
  mtp_hole_places *p = mtp_calloc(1, sizeof *p);
  *out = NULL;
  if (!p) return mtp_fail_memory(ctx);
  p->species_count = C;
  p->reach = fmin(FAR, mtp_potential_cutoff(pot));
  p->of = mtp_calloc((size_t)(2 * C * C) * PAIRS, sizeof *p->of);
  p->pair = mtp_calloc((size_t)(2 * C * C), sizeof *p->pair);
  p->radius = mtp_calloc((size_t)C, sizeof *p->radius);
  if (!p->of || !p->pair || !p->radius) {
    mtp_hole_places_free(p);
    return mtp_fail_memory(ctx);
  }
  mtp_molecule_radii(pot, p->radius);
  for (int k = 0; k < 2 * C * C * PAIRS; k++) p->of[k].r = INFINITY;
  *out = p;
  return MTP_OK;
}

void mtp_hole_places_free(mtp_hole_places *places) {
  if (!places) return;
  free(places->of);
  free(places->pair);
  free(places->radius);
  free(places);
}

void mtp_hole_places_note(mtp_hole_places *places, const mtp_config *cfg, const mtp_close_pair *pair) {
  const int C = places->species_count;
  for (int k = 0; k < 2 * C * C; k++) {
    place now = {.r = pair[k].r, .cfg = cfg, .pair = pair[k]};
    for (int s = 0; s <= STEPS; s++) now.known[s] = NAN;
    for (place *p = places->of + k * PAIRS; p < places->of + (k + 1) * PAIRS; p++)
      if (now.r < p->r) {
        const place later = *p;
        *p = now;
        now = later;
      }
  }
}

mtp_status mtp_hole_places_find(mtp_context *ctx, const mtp_hole_places *places, const mtp_neighbors *nb,
                                mtp_close_pair *pair) {
  size_t *unit = mtp_calloc(nb->n, sizeof *unit);
  const mtp_status status = unit ? mtp_neighbors_find_molecules(ctx, nb, places->radius, unit) : mtp_fail_memory(ctx);
  if (status == MTP_OK) mtp_neighbors_closest_contacts(nb, places->reach, places->species_count, NULL, unit, pair);
  free(unit);
  return status;
}

mtp_status mtp_hole_places_add(mtp_context *ctx, mtp_hole_places *places, const mtp_sample *sample) {
  const double cutoff = sample->kept && sample->cutoff > places->reach ? sample->cutoff : places->reach;
  mtp_neighbors *nb = NULL;
  if (sample->kind == MTP_SAMPLE_SQUEEZED) return MTP_OK;
  mtp_status status = mtp_sample_acquire_neighbors(ctx, sample, cutoff, &nb);
  if (status != MTP_OK) return status;
  status = mtp_hole_places_find(ctx, places, nb, places->pair);
  if (status == MTP_OK) mtp_hole_places_note(places, sample->config, places->pair);
  mtp_sample_release_neighbors(sample, nb);
  return status;
}

void mtp_hole_places_set_baseline(mtp_hole_places *places, const mtp_baseline *baseline) {
  places->baseline = baseline;
}

const double *mtp_hole_places_radii(const mtp_hole_places *places) {
  return places->radius;
}

double mtp_hole_places_reach(const mtp_hole_places *places) {
  return places->reach;
}

/* Atom j of a pair on its way to i, with its molecule if i is of another, and with all atoms whose energy that changes:
 * neighbours are looked for once, as far as they can come. */
typedef struct walk {
  const place *place;
  mtp_neighbors *nb;
  bool *moves;  /* [n] */
  int *central; /* [ncentral] */
  size_t ncentral;
  double *x; /* [3*nall] where all are in the beginning */
} walk;

static void walk_end(walk *w) {
  mtp_neighbors_free(w->nb);
  free(w->moves);
  free(w->central);
  free(w->x);
}

static bool has_moving_neighbor(const mtp_neighbors *nb, const bool *moves, size_t i) {
  for (int q = 0; q < nb->count[i]; q++)
    if (moves[nb->owner[nb->list[i][q]]]) return true;
  return false;
}

static mtp_status find_moving(mtp_context *ctx, const double *radius, walk *w) {
  const size_t i = w->place->pair.i, j = w->place->pair.j;
  size_t *unit = mtp_calloc(w->nb->n, sizeof *unit);
  const mtp_status status = unit ? mtp_neighbors_find_molecules(ctx, w->nb, radius, unit) : mtp_fail_memory(ctx);
  for (size_t k = 0; k < w->nb->n && status == MTP_OK; k++) w->moves[k] = mtp_moves_with(unit, i, j, k);
  free(unit);
  return status;
}

static mtp_status walk_begin(mtp_context *ctx, double cutoff, const double *radius, const place *p, walk *w) {
  *w = (walk){.place = p};
  mtp_status status = mtp_neighbors_build(ctx, p->cfg, cutoff + STEP * STEPS * p->r, &w->nb);
  if (status != MTP_OK) return status;
  w->moves = mtp_calloc(w->nb->n, sizeof *w->moves);
  w->central = mtp_calloc(w->nb->n, sizeof *w->central);
  w->x = mtp_calloc(3 * w->nb->nall, sizeof *w->x);
  if (!w->moves || !w->central || !w->x) return mtp_fail_memory(ctx);
  memcpy(w->x, w->nb->x, 3 * w->nb->nall * sizeof *w->x);
  status = find_moving(ctx, radius, w);
  for (size_t i = 0; i < w->nb->n && status == MTP_OK; i++)
    if (w->moves[i] || has_moving_neighbor(w->nb, w->moves, i)) w->central[w->ncentral++] = (int)i;
  return status;
}

/* The energy of these atoms at the part `s` of the distance between i and j. */
static mtp_status energy_at(mtp_context *ctx, mtp_evaluator *ev, walk *w, double s, double *energy) {
  for (size_t k = 0; k < w->nb->nall; k++)
    for (size_t c = 0; c < 3 && w->moves[w->nb->owner[k]]; c++)
      w->nb->x[3 * k + c] = w->x[3 * k + c] - (1.0 - s) * w->place->pair.d[c];
  mtp_atoms atoms = mtp_atoms_of(w->nb);
  atoms.central = w->central;
  atoms.ncentral = w->ncentral;
  const mtp_request request = {.skip_virial = true};
  mtp_output out = {0};
  const mtp_status status = mtp_evaluator_compute(ctx, ev, &atoms, &request, &out);
  *energy = out.energy;
  return status;
}

/* The whole configuration there, without labels. */
static mtp_config *config_at(const walk *w, double s) {
  mtp_config bare = *w->place->cfg;
  bare.has_energy = bare.has_virial = bare.has_max_grade = false;
  bare.force = bare.site_energy = bare.grade = NULL;
  mtp_config *cfg = mtp_config_copy(&bare);
  for (size_t i = 0; cfg && i < cfg->n; i++)
    for (size_t c = 0; c < 3 && w->moves[i]; c++) cfg->x[3 * i + c] -= (1.0 - s) * w->place->pair.d[c];
  return cfg;
}

/* Adds the energy of what acts beside the potential after k steps: it does not change with fits. */
static mtp_status add_known(mtp_context *ctx, const mtp_baseline *baseline, const walk *w, place *p, int k,
                            double *energy) {
  mtp_config *result = NULL;
  if (!baseline) return MTP_OK;
  if (isnan(p->known[k])) {
    mtp_config *cfg = config_at(w, 1.0 - STEP * k);
    if (!cfg) return mtp_fail_memory(ctx);
    const mtp_status status = mtp_baseline_compute(ctx, baseline, cfg, &result);
    mtp_config_free(cfg);
    if (status != MTP_OK) return status;
    p->known[k] = result->energy;
    mtp_config_free(result);
  }
  *energy += p->known[k];
  return MTP_OK;
}

static mtp_status note_hole(mtp_context *ctx, const walk *w, double s, double depth, mtp_hole *hole) {
  mtp_config_free(hole->cfg);
  hole->cfg = config_at(w, s);
  hole->known = w->place->r;
  hole->r = s * w->place->r;
  hole->depth = isfinite(depth) ? depth : INFINITY;
  return hole->cfg ? MTP_OK : mtp_fail_memory(ctx);
}

static mtp_status scan(mtp_context *ctx, mtp_evaluator *ev, double cutoff, const mtp_hole_places *places, place *p,
                       int a, int b, mtp_hole *hole) {
  const mtp_baseline *baseline = places->baseline;
  walk w;
  double start = 0.0, energy = 0.0, top = 0.0, deepest = hole->depth;
  int first = 0, last = 0; /* steps at which it falls, and is deepest */
  mtp_status status = walk_begin(ctx, cutoff, places->radius, p, &w);
  if (status == MTP_OK) status = energy_at(ctx, ev, &w, 1.0, &start);
  if (status == MTP_OK) status = add_known(ctx, baseline, &w, p, 0, &start);
  for (int k = 1; k <= STEPS && status == MTP_OK && top < HIGH; k++) {
    const double s = 1.0 - STEP * k;
    status = energy_at(ctx, ev, &w, s, &energy);
    if (status == MTP_OK) status = add_known(ctx, baseline, &w, p, k, &energy);
    const double rise = energy - start, depth = top - rise;
    const bool falls = top > FALL ? depth > FALL + FALL_PART * top : !(depth <= BOND);
    if (falls && first == 0) first = k;
    if (falls && !(depth <= deepest)) deepest = depth, last = k;
    top = fmax(top, rise);
  }
  if (status == MTP_OK && last > 0) {
    hole->a = a, hole->b = b;
    status = note_hole(ctx, &w, 1.0 - STEP * (last < first + BEYOND ? last : first + BEYOND), deepest, hole);
  }
  walk_end(&w);
  return status;
}

void mtp_hole_clear(mtp_hole *hole) {
  mtp_config_free(hole->cfg);
  hole->cfg = NULL;
}

mtp_status mtp_find_hole_at(mtp_context *ctx, const mtp_potential *pot, mtp_hole_places *places, mtp_hole *hole) {
  const int C = places->species_count;
  mtp_evaluator *ev = NULL;
  *hole = (mtp_hole){.a = -1, .b = -1};
  mtp_status status = mtp_evaluator_new(ctx, pot, &ev);
  for (int k = 0; k < 2 * C * C * PAIRS && status == MTP_OK; k++) {
    const int kind = k / PAIRS % (C * C);
    if (isfinite(places->of[k].r))
      status = scan(ctx, ev, mtp_potential_cutoff(pot), places, &places->of[k], kind / C, kind % C, hole);
  }
  mtp_evaluator_free(ev);
  if (status != MTP_OK) mtp_hole_clear(hole);
  return status;
}

mtp_status mtp_find_hole(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_hole *hole) {
  mtp_hole_places *places = NULL;
  *hole = (mtp_hole){.a = -1, .b = -1};
  mtp_status status = mtp_hole_places_new(ctx, pot, &places);
  for (size_t i = 0; i < set->n && status == MTP_OK; i++) {
    const mtp_sample sample = mtp_sample_of(set->configs[i]);
    status = mtp_hole_places_add(ctx, places, &sample);
  }
  if (status == MTP_OK) status = mtp_find_hole_at(ctx, pot, places, hole);
  mtp_hole_places_free(places);
  return status;
}
