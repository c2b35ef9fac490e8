/* SPDX-License-Identifier: BSD-3-Clause */
/**@file learn/errors.c
 * How far a potential is from labels. */
#include "mtp/errors.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "config/units.h"
#include "learn/team.h"
#include "support/support.h"

/* Sums while collecting: mae holds sum |d|, rmse sum d^2. */
static void add_residual(mtp_error_stat *s, double d) {
  const double size = fabs(d);
  s->mae += size;
  s->rmse += size * size;
  if (size > s->max || isnan(size)) s->max = size; /* nothing is larger than NaN: it stays */
  s->count++;
}

static void finish(mtp_error_stat *s) {
  if (!s->count) return;
  s->mae /= (double)s->count;
  s->rmse = sqrt(s->rmse / (double)s->count);
}

static void finish_all(mtp_errors *e) {
  finish(&e->energy_per_atom);
  finish(&e->force);
  finish(&e->stress);
  if (e->force.count) e->force_rms = sqrt(e->force_rms / (double)e->force.count);
}

static void note_config(mtp_errors *e, const mtp_config *label, const mtp_config *model) {
  e->configurations++;
  e->atoms += label->n;
  if (label->has_energy && label->n)
    add_residual(&e->energy_per_atom, (model->energy - label->energy) / (double)label->n);
  for (size_t k = 0; label->force && k < 3 * label->n; k++)
    if (!mtp_config_is_masked(label, k / 3)) {
      add_residual(&e->force, model->force[k] - label->force[k]);
      e->force_rms += label->force[k] * label->force[k];
    }
  const double volume = mtp_config_volume(label);
  if (!label->has_virial || !(volume > 0)) return;
  for (int c = 0; c < 6; c++) {
    const double d = (model->virial[c] - label->virial[c]) / volume * MTP_GPA;
    add_residual(&e->stress, d);
    if (c >= 3) add_residual(&e->stress, d); /* the tensor has it twice */
  }
}

static void note_species(mtp_error_stat *of_species, const mtp_config *label, const mtp_config *model) {
  for (size_t k = 0; label->force && k < 3 * label->n; k++)
    if (!mtp_config_is_masked(label, k / 3))
      add_residual(&of_species[label->species[k / 3]], model->force[k] - label->force[k]);
}

/* ---- groups ---- */

const char *mtp_error_group_of(const mtp_config *cfg) {
  static const char *const keys[] = {"group", "config_type"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    const char *name = mtp_config_get_feature(cfg, keys[k]);
    if (name && *name) return name;
  }
  return "";
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_with_group(const void *name, const void *group) {
  return strcmp(name, ((const mtp_error_group *)group)->name);
}

/* The sorted names of all groups; the borrowed `names`[set->n] is scratch. */
static mtp_status fill_groups(mtp_context *ctx, mtp_error_table *t, const mtp_config_set *set, const char **names) {
  for (size_t k = 0; k < set->n; k++) names[k] = mtp_error_group_of(set->configs[k]);
  qsort(names, set->n, sizeof *names, compare_names);
  size_t count = 0;
  for (size_t k = 0; k < set->n; k++)
    if (count == 0 || strcmp(names[k], names[count - 1]) != 0) names[count++] = names[k];
  if (count == 0 || (count == 1 && !*names[0])) return MTP_OK;
  t->groups = mtp_calloc(count, sizeof *t->groups);
  if (!t->groups) return mtp_fail_memory(ctx);
  for (; t->group_count < count; t->group_count++) {
    char *name = mtp_strdup(names[t->group_count]);
    if (!name) return mtp_fail_memory(ctx);
    t->groups[t->group_count].name = name;
  }
  return MTP_OK;
}

static mtp_error_group *group_of(const mtp_error_table *t, const mtp_config *cfg) {
  if (t->group_count == 0) return NULL;
  return bsearch(mtp_error_group_of(cfg), t->groups, t->group_count, sizeof *t->groups, compare_with_group);
}

/* ---- tables ---- */

static mtp_status table_new(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                            mtp_error_table **out) {
  mtp_error_table *t = mtp_calloc(1, sizeof *t);
  const char **names = mtp_calloc(set->n, sizeof *names);
  mtp_status status = t && names ? MTP_OK : mtp_fail_memory(ctx);
  if (status == MTP_OK) {
    t->species_count = mtp_potential_species_count(pot);
    t->species_force = mtp_calloc((size_t)t->species_count, sizeof *t->species_force);
    status = t->species_force ? fill_groups(ctx, t, set, names) : mtp_fail_memory(ctx);
  }
  free(names);
  if (status != MTP_OK) {
    mtp_error_table_free(t);
    return status;
  }
  *out = t;
  return MTP_OK;
}

void mtp_error_table_free(mtp_error_table *table) {
  if (!table) return;
  for (size_t g = 0; g < table->group_count; g++) free(table->groups[g].name);
  free(table->groups);
  free(table->species_force);
  free(table);
}

/* `counts`: outside its group too. */
static void note_in_table(mtp_error_table *t, const mtp_config *label, const mtp_config *model, bool counts) {
  mtp_error_group *group = group_of(t, label);
  if (group) note_config(&group->errors, label, model);
  if (!counts) return;
  note_config(&t->all, label, model);
  note_species(t->species_force, label, model);
}

static bool has_ordinary(const mtp_config_set *set) {
  for (size_t k = 0; k < set->n; k++)
    if (!mtp_config_is_squeezed(set->configs[k])) return true;
  return false;
}

static void finish_table(mtp_error_table *t) {
  finish_all(&t->all);
  for (size_t g = 0; g < t->group_count; g++) finish_all(&t->groups[g].errors);
  for (int s = 0; s < t->species_count; s++) finish(&t->species_force[s]);
}

/* Configurations whose copies are there at a time. */
#define AT_ONCE ((size_t)256)

typedef struct comparison {
  mtp_team *team;
  const mtp_config_set *set;
  mtp_error_table *table;
  bool ordinary; /* the set has some that are not squeezed */
  mtp_error_watch watch;
  void *user;
  mtp_config *model[AT_ONCE];
} comparison;

/* The atoms of a configuration: what is known of it would only be copied and sent to other ranks. */
static mtp_config *copy_atoms(const mtp_config *cfg) {
  mtp_config bare = *cfg;
  bare.has_energy = bare.has_virial = bare.has_max_grade = false;
  bare.force = bare.site_energy = bare.grade = bare.force_error = NULL;
  bare.features = NULL;
  bare.feature_count = 0;
  return mtp_config_copy(&bare);
}

/* The configurations from `first` on. */
static mtp_status compare(mtp_context *ctx, comparison *c, size_t first, size_t n) {
  mtp_status status = MTP_OK;
  for (size_t k = 0; k < n && status == MTP_OK; k++)
    if (!(c->model[k] = copy_atoms(c->set->configs[first + k]))) status = mtp_fail_memory(ctx);
  if (status == MTP_OK) status = mtp_team_evaluate(ctx, c->team, first, n, c->model);
  for (size_t k = 0; k < n && status == MTP_OK; k++) {
    const mtp_config *label = c->set->configs[first + k];
    note_in_table(c->table, label, c->model[k], !c->ordinary || !mtp_config_is_squeezed(label));
    if (c->watch) c->watch(c->user, label, c->model[k]);
  }
  for (size_t k = 0; k < n; k++) {
    mtp_config_free(c->model[k]);
    c->model[k] = NULL;
  }
  return status;
}

mtp_status mtp_error_table_compute_by(mtp_context *ctx, mtp_team *team, const mtp_potential *pot,
                                      const mtp_config_set *set, mtp_error_watch watch, void *user,
                                      mtp_error_table **out) {
  if (!team || !pot || !set || !out)
    return mtp_fail(ctx, MTP_ERR_ARGUMENT, "errors: expected a potential and configurations");
  comparison c = {.team = team, .set = set, .ordinary = has_ordinary(set), .watch = watch, .user = user};
  mtp_status status = table_new(ctx, pot, set, &c.table);
  for (size_t k = 0; status == MTP_OK && k < set->n; k += AT_ONCE)
    status = compare(ctx, &c, k, set->n - k < AT_ONCE ? set->n - k : AT_ONCE);
  if (status != MTP_OK) {
    mtp_error_table_free(c.table);
    return status;
  }
  finish_table(c.table);
  *out = c.table;
  return MTP_OK;
}

mtp_status mtp_error_table_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set,
                                   mtp_error_watch watch, void *user, mtp_error_table **out) {
  if (!pot || !set || !out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "errors: expected a potential and configurations");
  mtp_team *team = NULL;
  mtp_status status = mtp_team_new(ctx, pot, NULL, 1, NULL, &team);
  if (status == MTP_OK) status = mtp_error_table_compute_by(ctx, team, pot, set, watch, user, out);
  mtp_team_free(team);
  return status;
}

mtp_status mtp_errors_compute(mtp_context *ctx, const mtp_potential *pot, const mtp_config_set *set, mtp_errors *out) {
  mtp_error_table *table = NULL;
  if (!out) return mtp_fail(ctx, MTP_ERR_ARGUMENT, "errors: expected a place for the result");
  const mtp_status status = mtp_error_table_compute(ctx, pot, set, NULL, NULL, &table);
  if (status == MTP_OK) *out = table->all;
  mtp_error_table_free(table);
  return status;
}
