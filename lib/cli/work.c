/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/work.c
 * What several commands do with a potential and configurations, with a progress bar: evaluating, grading, comparing. */
#include <math.h>
#include <sched.h>
#include <stdio.h>

#include "cli/cli.h"
#include "config/config_internal.h"
#include "mtp/errors.h"
#include "mtp/team.h"

/* OpenBLAS alone has this. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));

static int available_cores(void) {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0 ? CPU_COUNT(&set) : 1;
}

int cli_threads(const cli *c, long long asked) {
  if (openblas_set_num_threads) openblas_set_num_threads(1);
  return asked > 0 ? (int)asked : c->comm ? 1 : available_cores();
}

/* Who made the labels that were there, and which rows of an active set they were: not true of the new ones. */
static int rename_origins(cli *c, const mtp_potential *pot, mtp_config *cfg) {
  static const char *const keys[] = {"EFS_by",   "qm",       "qm_driver",      "selected_eqn_inds",
                                     "TS_index", "AS_index", MTP_BASELINE_KEY, MTP_BASELINE_ENERGY_KEY};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    const char *value = mtp_config_get_feature(cfg, keys[k]);
    char name[32];
    snprintf(name, sizeof name, "old_%s", keys[k]);
    if (value && mtp_config_set_feature(c->ctx, cfg, name, value) != MTP_OK) return cli_library(c, NULL);
    mtp_config_drop_feature(cfg, keys[k]);
  }
  mtp_config_drop_feature(cfg, CLI_MAX_FORCE_ERROR);
  char name[64]; /* the results are relative to what the potential stands on */
  if (mtp_potential_get_baseline(pot, name, sizeof name) && *name &&
      mtp_config_set_feature(c->ctx, cfg, MTP_BASELINE_KEY, name) != MTP_OK)
    return cli_library(c, NULL);
  return CLI_OK;
}

enum { AT_ONCE = 256 }; /* configurations between two steps of the bar */

int cli_evaluate(cli *c, const mtp_potential *pot, const mtp_active_set *as, mtp_config_set *set) {
  mtp_team *team = NULL;
  if (mtp_team_new(c->ctx, pot, as, cli_threads(c, 0), c->comm, &team) != MTP_OK) return cli_library(c, NULL);
  int status = CLI_OK;
  cli_progress_begin(c, as ? "grading" : "evaluating", set->n);
  for (size_t i = 0, n; i < set->n && status == CLI_OK; i += n) {
    n = set->n - i < AT_ONCE ? set->n - i : AT_ONCE;
    if (mtp_team_evaluate(c->ctx, team, i, n, set->configs + i) != MTP_OK) status = cli_library(c, NULL);
    for (size_t k = i; k < i + n && status == CLI_OK; k++) status = rename_origins(c, pot, set->configs[k]);
    cli_progress_step(c, n);
  }
  cli_progress_end(c);
  mtp_team_free(team);
  return status;
}

int cli_read_graded(cli *c, const char *path, mtp_potential **pot, mtp_active_set **as) {
  int status = cli_read_potential(c, path, pot, as);
  if (status != CLI_OK || *as) return status;
  mtp_potential_free(*pot);
  *pot = NULL;
  return cli_fail(c, "%s: no active set in it, so there is nothing to grade with: `mtp train` makes one", path);
}

typedef struct watcher {
  cli *c;
  size_t seen, broken, first_broken;
} watcher;

static bool is_finite(const mtp_config *cfg) {
  if (!isfinite(cfg->energy)) return false;
  for (size_t k = 0; k < 3 * cfg->n; k++)
    if (!isfinite(cfg->force[k])) return false;
  return true;
}

static void on_configuration(void *user, const mtp_config *labelled, const mtp_config *computed) {
  watcher *w = user;
  (void)labelled;
  w->seen++;
  if (!is_finite(computed) && w->broken++ == 0) w->first_broken = w->seen;
  cli_progress_step(w->c, 1);
}

/* The line on configurations that make the errors meaningless; empty without any. */
static void describe_broken(const watcher *w, size_t size, char *text) {
  *text = 0;
  if (w->broken == 0) return;
  int length = snprintf(text, size, CLI_NOT_FINITE, w->first_broken);
  if (w->broken > 1) snprintf(text + length, size - (size_t)length, " (%zu more like it)", w->broken - 1);
}

int cli_compute_error_table(cli *c, const char *name, const mtp_potential *pot, const mtp_config_set *set, size_t size,
                            char *broken, mtp_error_table **out) {
  watcher w = {.c = c};
  cli_progress_begin(c, "comparing", set->n);
  mtp_team *team = NULL;
  /* ranks that train are not asked for this */
  const mtp_comm *comm = c->command->ranks == CLI_EVALUATES ? c->comm : NULL;
  mtp_status status = mtp_team_new(c->ctx, pot, NULL, cli_threads(c, 0), comm, &team);
  if (status == MTP_OK) status = mtp_error_table_compute_by(c->ctx, team, pot, set, on_configuration, &w, out);
  mtp_team_free(team);
  cli_progress_end(c);
  describe_broken(&w, size, broken);
  return status == MTP_OK ? CLI_OK : cli_library(c, name);
}
