/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/baseline.c
 * The option --baseline: labels less a model that LAMMPS computes. Without it, data that were made relative to a
 * baseline are taken as they are. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#ifdef MTP_HAVE_LAMMPS
#include "driver/baseline_lammps.h"
#endif

/* "lammps FILE": where FILE begins, NULL for anything else. */
static const char *file_of(const char *text) {
  const char *word = text + strspn(text, " \t");
  if (strncmp(word, "lammps", 6) != 0 || (word[6] != ' ' && word[6] != '\t')) return NULL;
  word += 6 + strspn(word + 6, " \t");
  return *word ? word : NULL;
}

#ifdef MTP_HAVE_LAMMPS
static mtp_status open_file(mtp_context *ctx, const char *file, const mtp_potential *pot, mtp_lammps_baseline **out) {
  cli_names names = cli_names_of(pot);
  const mtp_status status = mtp_lammps_baseline_open(ctx, file, NULL, names.count, cli_names_list(&names), NULL, out);
  cli_names_free(&names);
  return status;
}

/* What a kill has left of a learned pair part. */
static int recover(cli *c, const char *file, const mtp_potential *pot) {
  char name[64];
  return mtp_potential_get_baseline(pot, name, sizeof name) ? cli_pair_part_recover(c, file, name) : CLI_OK;
}
#endif

void cli_baseline_name(const char *file, const mtp_potential *pot, char *name, size_t size) {
  snprintf(name, size, "none");
#ifdef MTP_HAVE_LAMMPS
  mtp_lammps_baseline *made = NULL;
  if (open_file(NULL, file, pot, &made) == MTP_OK) snprintf(name, size, "%s", mtp_lammps_baseline_get(made)->name);
  mtp_lammps_baseline_close(made);
#else
  (void)file;
  (void)pot;
#endif
}

int cli_baseline_open(cli *c, const char *text, const mtp_potential *pot, cli_baseline *b) {
  *b = (cli_baseline){0};
  if (!text) return CLI_OK;
  const char *file = file_of(text);
  if (!file) return cli_usage(c, "--baseline: \"lammps FILE\" is expected, not '%s'", text);
#ifdef MTP_HAVE_LAMMPS
  mtp_lammps_baseline *made = NULL;
  if (recover(c, file, pot) != CLI_OK) return CLI_FAILED;
  const mtp_status status = open_file(c->ctx, file, pot, &made);
  b->owner = made;
  b->model = mtp_lammps_baseline_get(made);
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
#else
  (void)pot;
  return cli_usage(c, "--baseline: this mtp was built without LAMMPS");
#endif
}

void cli_baseline_close(cli_baseline *b) {
#ifdef MTP_HAVE_LAMMPS
  mtp_lammps_baseline_close(b->owner);
#endif
  *b = (cli_baseline){0};
}

int cli_baseline_apply(cli *c, cli_baseline *b, mtp_config_set *set) {
  const char *of_set = mtp_baseline_of_set(set);
  if (b->model) {
    cli_progress_begin(c, "subtracting the baseline", set->n);
    const mtp_status status = mtp_baseline_subtract_set(c->ctx, b->model, set);
    cli_progress_end(c);
    b->name = b->model->name;
    return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
  }
  if (!b->applied) b->name = of_set;
  b->applied = true;
  return mtp_baseline_check(c->ctx, b->name, set, set->path) == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

int cli_baseline_check(cli *c, const cli_baseline *b, const mtp_potential *pot, const char *path) {
  if (mtp_potential_check_baseline(c->ctx, pot, b->name, path) == MTP_OK) return CLI_OK;
  return cli_fail(c, "%s%s", mtp_context_message(c->ctx),
                  b->name ? "" : " (--baseline \"lammps FILE\" subtracts one from the labels)");
}
