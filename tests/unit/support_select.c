/* SPDX-License-Identifier: GPL-2.0-or-later */
/**@file support_select.c
 * Candidates and rows for the tests of selections. */
#include "support_select.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mtp/weights.h"

mtp_config_set *select_make_set(select_bench *b, size_t n) {
  mtp_config_set *set = mtp_config_set_new();
  mtp_config_set_species(set, "A");
  mtp_config_set_species(set, "B");
  for (size_t k = 0; k < n; k++) {
    const data_shape shape = k % 4 == 3 ? DATA_CLUSTER : k % 2 ? DATA_TRICLINIC : DATA_ORTHOGONAL;
    data_must(b->ctx, mtp_config_set_append(b->ctx, set,
                                            data_config(&b->random, shape, ATOMS, 2, 2.4 + 0.05 * (double)(k % 5))));
  }
  return set;
}

select_bench select_bench_new(mtp_context *ctx, int level) {
  select_bench b = {.ctx = ctx, .random = {77}};
  const data_recipe recipe = {.level = level, .species = 2, .radial_size = 4, .min_dist = 1.2, .cutoff = 4.5};
  b.pot = data_potential(b.ctx, &b.random, &recipe);
  b.train = select_make_set(&b, 3);
  b.set = select_make_set(&b, FRAMES);
  return b;
}

void select_bench_free(select_bench *b) {
  mtp_config_set_free(b->train);
  mtp_config_set_free(b->set);
  mtp_potential_free(b->pot);
  mtp_context_free(b->ctx);
}

/* ---- candidates ---- */

mtp_status select_source_rewind(mtp_context *ctx, void *user) {
  select_source *s = user;
  (void)ctx;
  s->at = 0;
  if (s->passes++ == 1 && s->later) s->set = s->later;
  return MTP_OK;
}

mtp_status select_source_next(mtp_context *ctx, void *user, const mtp_config_set **block) {
  select_source *s = user;
  (void)ctx;
  s->block = *s->set;
  s->block.configs = s->configs;
  s->block.n = s->set->n - s->at < s->size ? s->set->n - s->at : s->size;
  for (size_t k = 0; k < s->block.n; k++) s->configs[k] = s->set->configs[s->order ? s->order[s->at + k] : s->at + k];
  s->at += s->block.n;
  *block = s->block.n ? &s->block : NULL;
  return MTP_OK;
}

/* What is chosen of FRAMES configurations, by their place in the set. */
void select_choose(select_bench *b, const mtp_select_options *o, const mtp_config_set *train, const size_t *order,
                   size_t size, bool chosen[64], mtp_selection *out) {
  select_source s = {.set = b->set, .order = order, .size = size};
  const mtp_candidates candidates = {&s, select_source_rewind, select_source_next};
  mtp_selection *selection = NULL;
  data_must(b->ctx, mtp_select(b->ctx, o, b->pot, NULL, train, &candidates, &selection));
  memset(chosen, 0, 64 * sizeof *chosen);
  for (size_t k = 0; k < selection->count; k++)
    chosen[order ? order[selection->chosen[k]] : selection->chosen[k]] = true;
  if (out) *out = *selection;
  mtp_selection_free(selection);
}

void select_print_both(const bool *got, const bool *want) {
  for (size_t k = 0; k < FRAMES; k++) print_message("%d%d ", got[k], want[k]);
  print_message("(got, wanted)\n");
}

/* ---- rows from their definition ---- */

size_t select_rows_of(mtp_select_mode mode, const mtp_config *cfg) {
  if (mode == MTP_SELECT_BY_ENERGY) return 1;
  if (mode == MTP_SELECT_BY_NEIGHBOURHOOD) return cfg->n;
  return 1 + (cfg->periodic[0] ? 6 : 0) + 3 * cfg->n;
}

/* A column of the rows of a configuration: what the potential gives whose only coefficient is one. */
static void fill_column(mtp_select_mode mode, const mtp_config *cfg, select_table *t, size_t at, size_t k) {
  const mtp_weights w = mtp_weights_default();
  const double n = (double)cfg->n;
  double *to = t->row + at * t->n + k;
  if (mode == MTP_SELECT_BY_ENERGY) *to = cfg->energy / n;
  if (mode == MTP_SELECT_BY_NEIGHBOURHOOD)
    for (size_t i = 0; i < cfg->n; i++) to[i * t->n] = cfg->site_energy[i];
  if (mode != MTP_SELECT_BY_FORCES) return;
  *to = sqrt(w.energy / n) * cfg->energy;
  to += t->n;
  for (size_t c = 0; cfg->periodic[0] && c < 6; c++, to += t->n)
    *to = sqrt(w.stress / n) * (c < 3 ? 1 : sqrt(2)) * cfg->virial[c];
  for (size_t i = 0; i < 3 * cfg->n; i++, to += t->n) *to = sqrt(w.force) * cfg->force[i];
}

select_table select_make_table(select_bench *b, mtp_select_mode mode, const mtp_config_set *set, bool is_train) {
  const size_t n = (size_t)(mtp_potential_species_count(b->pot) + mtp_potential_scalar_count(b->pot));
  const size_t all = mtp_potential_parameter_count(b->pot);
  select_table t = {.n = n};
  for (size_t k = 0; k < set->n; k++) t.m += select_rows_of(mode, set->configs[k]);
  t.row = data_calloc(t.m * n, sizeof *t.row);
  t.owner = data_calloc(t.m, sizeof *t.owner);
  for (size_t column = 0; column < n; column++) {
    mtp_potential *unit = NULL;
    mtp_evaluator *ev = NULL;
    data_must(b->ctx, mtp_potential_copy(b->ctx, b->pot, &unit));
    double *theta = data_calloc(all, sizeof *theta);
    memcpy(theta, mtp_potential_parameters(unit), (all - n) * sizeof *theta);
    theta[all - n + column] = 1;
    data_must(b->ctx, mtp_potential_set_parameters(b->ctx, unit, theta));
    data_must(b->ctx, mtp_evaluator_new(b->ctx, unit, &ev));
    for (size_t k = 0, at = 0; k < set->n; at += select_rows_of(mode, set->configs[k++])) {
      mtp_config *copy = mtp_config_copy(set->configs[k]);
      data_must(b->ctx, mtp_evaluator_config(b->ctx, ev, copy, 0));
      fill_column(mode, copy, &t, at, column);
      for (size_t i = 0; i < select_rows_of(mode, copy); i++) t.owner[at + i] = is_train ? -1 : (long)k;
      mtp_config_free(copy);
    }
    mtp_evaluator_free(ev);
    mtp_potential_free(unit);
    free(theta);
  }
  return t;
}

void select_table_free(select_table *t) {
  free(t->row);
  free(t->owner);
}

size_t select_count(const bool *chosen) {
  size_t n = 0;
  for (size_t k = 0; k < 64; k++) n += chosen[k];
  return n;
}
