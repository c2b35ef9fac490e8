/* SPDX-License-Identifier: BSD-3-Clause */
/**@file loop/cut.c
 * Labels of large systems: what is around the worst atoms is cut out, and learned as configurations of small ones are.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "config/config_internal.h"
#include "loop/loop.h"
#include "loop/together.h"
#include "support/support.h"

/* Atoms from which on labels are cut out. */
#define MANY 300
/* A cut-out that is the middle's second in the same step is larger by this factor, and so on. */
#define LARGER 1.35
/* Cut-outs around an atom in one step if errors are what is asked about: what they leave of its error is of the fit. */
#define DOUBTED 2
/* A cut-out with this part of the volume is as well the whole. */
#define MOST 0.6
/* Spots within this part of the cutoff from a middle are known well enough with it. */
#define SHARED 0.5

int mtp_learner_parts(const mtp_learner *l, size_t atoms) {
  if (!l || l->options.mode != MTP_MODE_NEIGHBOURHOOD || l->options.cutting == MTP_CUTTING_OFF) return 0;
  if (l->options.cutting == MTP_CUTTING_AUTO && atoms <= MANY) return 0;
  const int workers = mtp_qm_workers(l->qm);
  return workers < 1 ? 1 : workers < MTP_PARTS ? workers : MTP_PARTS;
}

static mtp_cut_options options_of(const mtp_learner *l) {
  mtp_cut_options o = mtp_cut_options_for(&l->options.cut, l->pot);
  o.baseline = l->options.baseline;
  return o;
}

/* Energy and stress of spheres say nothing: where they are needed, cells are cut out in any case. */
static mtp_cut_options cell_options_of(const mtp_learner *l) {
  mtp_cut_options o = mtp_cut_defaults();
  if (l->options.cut.shape == MTP_CUT_CELL) return options_of(l);
  o = mtp_cut_options_for(&o, l->pot);
  o.baseline = l->options.baseline;
  return o;
}

static double volume(const mtp_config *lattice) {
  double basis[9], reciprocal[9];
  if (!lattice->periodic[0] || !lattice->periodic[1] || !lattice->periodic[2]) return INFINITY;
  mtp_cell_complete(lattice->cell, lattice->periodic, basis);
  return fabs(mtp_cell_reciprocal(basis, reciprocal));
}

/* Is a system of so many atoms labelled as a whole, because it is small or a cut-out would be hardly smaller? */
static bool is_taken_whole(const mtp_learner *l, const mtp_config *lattice, size_t atoms, double radius) {
  return mtp_learner_parts(l, atoms) == 0 || pow(2.0 * radius, 3) > MOST * volume(lattice);
}

static mtp_status copy_whole(mtp_context *ctx, const mtp_config *cfg, mtp_config **out) {
  *out = mtp_config_copy(cfg);
  return *out ? MTP_OK : mtp_fail_memory(ctx);
}

/* ---- plans ---- */

static size_t times_in_the_middle(const mtp_learner *l, long long id, long long step) {
  size_t times = 0;
  for (size_t k = 0; k < l->middles.n && step == l->middles.step; k++) times += l->middles.id[k] == id;
  return times;
}

static mtp_status note_middle(mtp_context *ctx, mtp_learner *l, long long id, long long step) {
  mtp_middles *m = &l->middles;
  if (m->step != step) m->n = 0;
  m->step = step;
  long long *ids = mtp_realloc(m->id, m->n + 1, sizeof *ids);
  if (!ids) return mtp_fail_memory(ctx);
  m->id = ids;
  ids[m->n++] = id;
  return MTP_OK;
}

static double distance(const mtp_config *lattice, const double a[3], const double b[3]) {
  double basis[9], reciprocal[9], d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
  mtp_cell_complete(lattice->cell, lattice->periodic, basis);
  mtp_cell_reciprocal(basis, reciprocal);
  mtp_cell_wrap(basis, reciprocal, lattice->periodic, d);
  return sqrt(mtp_dot(d, d));
}

static bool is_covered(const mtp_learner *l, const mtp_config *lattice, const mtp_spot *spots, const mtp_cut_plan *plan,
                       size_t spot) {
  const double cutoff = mtp_potential_cutoff(l->pot), near = fmax(SHARED * cutoff, plan->options.radius - cutoff);
  for (int k = 0; k < plan->count; k++)
    if (distance(lattice, spots[plan->middle[k]].x, spots[spot].x) <= near) return true;
  return false;
}

/* The worst first; equal ones by their numbers, so that ranks do not matter. */
static bool is_worse(const mtp_spot *a, const mtp_spot *b) {
  return a->grade > b->grade || (a->grade == b->grade && a->id < b->id);
}

static void choose_middles(const mtp_learner *l, const mtp_config *lattice, size_t n, const mtp_spot *spots,
                           bool *taken, int most, mtp_cut_plan *plan) {
  const bool beyond = n > 0 && spots[plan->middle[0]].grade > l->options.break_grade;
  while (plan->count < most) {
    size_t next = n;
    for (size_t i = 0; i < n; i++)
      if (!taken[i] && (next == n || is_worse(&spots[i], &spots[next]))) next = i;
    if (next == n || (plan->count > 0 && !(beyond && spots[next].grade > l->options.break_grade))) return;
    taken[next] = true;
    if (!is_covered(l, lattice, spots, plan, next)) plan->middle[plan->count++] = (int)next;
  }
}

mtp_status mtp_learner_plan_cuts(mtp_context *ctx, mtp_learner *l, const mtp_config *lattice, size_t atoms, size_t n,
                                 const mtp_spot *spots, long long step, mtp_cut_plan *plan) {
  if (!l || !lattice || !plan || n == 0 || !spots)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "learner: nothing to cut out");
  bool *taken = mtp_calloc(n, sizeof *taken);
  if (!taken) return mtp_fail_memory(ctx);
  *plan = (mtp_cut_plan){.options = options_of(l)};
  for (size_t i = 1; i < n; i++)
    if (is_worse(&spots[i], &spots[plan->middle[0]])) plan->middle[0] = (int)i;
  size_t times = times_in_the_middle(l, spots[plan->middle[0]].id, step);
  if (l->options.query == MTP_QUERY_BAYES && times >= DOUBTED) times = DOUBTED - 1;
  plan->options.radius *= pow(LARGER, (double)times);
  plan->whole = is_taken_whole(l, lattice, atoms, plan->options.radius);
  if (!plan->whole) choose_middles(l, lattice, n, spots, taken, mtp_learner_parts(l, atoms), plan);
  free(taken);
  return MTP_OK;
}

/* ---- cut-outs ---- */

static void warn_of_charge(mtp_context *ctx, mtp_learner *l, const mtp_config *cut) {
  const char *charge = mtp_config_get_feature(cut, MTP_CUT_CHARGE_KEY);
  if (!charge || l->told_charge) return;
  l->told_charge = true;
  mtp_message(ctx, MTP_WARNING, "a cut-out has the charge %s e: its ions do not add up to a neutral cell", charge);
}

static mtp_status cut_part(mtp_context *ctx, mtp_learner *l, const mtp_cut_plan *plan, const mtp_part *part,
                           long long step, mtp_candidate *out) {
  char number[32];
  size_t index = 0;
  *out = (mtp_candidate){.grade = isnan(part->grade) ? INFINITY : part->grade, .step = step, .warmup = -1};
  mtp_status status = mtp_cut(ctx, l->pot, part->cfg, 1, &part->middle, &plan->options, &out->cfg, &index);
  out->atom = (int)index;
  if (status != MTP_OK) return status;
  warn_of_charge(ctx, l, out->cfg);
  snprintf(number, sizeof number, "%lld", part->id);
  return mtp_config_set_feature(ctx, out->cfg, "cut_atom", number);
}

/* Those beyond the first wait as candidates do, and are labelled with it where it does not cover them. */
static mtp_status offer_all(mtp_context *ctx, mtp_learner *l, int count, const mtp_part *parts,
                            const mtp_candidate *cuts, mtp_action *action) {
  const bool beyond = cuts[0].grade > l->options.break_grade;
  mtp_status status = MTP_OK;
  for (int k = 1; k < count && status == MTP_OK && beyond; k++) {
    if (mtp_seen_find(l->seen, cuts[k].cfg, NULL)) continue;
    mtp_loop_log_candidate(ctx, l, &cuts[k]);
    status = mtp_loop_keep(ctx, l, &cuts[k]);
  }
  if (status != MTP_OK) return status;
  if (beyond) status = note_middle(ctx, l, parts[0].id, cuts[0].step);
  if (status == MTP_OK && beyond && mtp_loop_can_label(l) && mtp_seen_find(l->seen, cuts[0].cfg, NULL))
    *action = MTP_REDO; /* a larger one may teach more */
  else if (status == MTP_OK) {
    l->offered = &cuts[0];
    status = mtp_loop_offer(ctx, l, &cuts[0], action);
    l->offered = NULL;
  }
  return status;
}

mtp_status mtp_loop_offer_parts(mtp_context *ctx, mtp_learner *l, const mtp_cut_plan *plan, int count,
                                const mtp_part *parts, long long step, mtp_action *action) {
  mtp_candidate cuts[MTP_PARTS] = {{0}};
  mtp_status status = MTP_OK;
  bool changed = false;
  if (l->options.query == MTP_QUERY_BAYES && times_in_the_middle(l, parts[0].id, step) >= DOUBTED) return MTP_OK;
  for (int k = 0; k < count && status == MTP_OK; k++) status = cut_part(ctx, l, plan, &parts[k], step, &cuts[k]);
  if (status == MTP_OK && cuts[0].grade > l->options.break_grade)
    status = mtp_loop_catch_up(ctx, l, &cuts[0], &changed);
  if (changed)
    *action = MTP_REDO;
  else if (status == MTP_OK)
    status = offer_all(ctx, l, count, parts, cuts, action);
  for (int k = 0; k < count; k++) mtp_config_free(cuts[k].cfg);
  return status;
}

mtp_status mtp_loop_cut_around(mtp_context *ctx, const mtp_learner *l, const mtp_config *cfg, int atom,
                               mtp_config **out, int *index) {
  const mtp_cut_options o = cell_options_of(l);
  const size_t middle = atom >= 0 && (size_t)atom < cfg->n ? (size_t)atom : 0;
  size_t at = 0;
  *index = atom;
  if (is_taken_whole(l, cfg, cfg->n, o.radius)) return copy_whole(ctx, cfg, out);
  const mtp_status status = mtp_cut(ctx, l->pot, cfg, 1, &middle, &o, out, &at);
  if (atom >= 0) *index = (int)at;
  return status;
}

/* The species take turns in the middle, at random places. */
mtp_status mtp_loop_cut_first(mtp_context *ctx, const mtp_learner *l, const mtp_config *first, int k,
                              mtp_config **out) {
  mtp_random random = {l->options.seed + 0x9e3779b97f4a7c15ULL * (unsigned long long)(k + 1)};
  size_t middle = (size_t)(mtp_random_uniform(&random) * (double)first->n);
  mtp_cut_options o = cell_options_of(l);
  o.still = true; /* a warm-up that is gone on with has another potential */
  if (is_taken_whole(l, first, first->n, o.radius)) return copy_whole(ctx, first, out);
  for (size_t i = 0; i < first->n && first->species[middle] != k % l->species_count; i++)
    middle = (middle + 1) % first->n;
  return mtp_cut(ctx, l->pot, first, 1, &middle, &o, out, NULL);
}
