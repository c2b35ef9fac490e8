/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/pair_part.c
 * The option --pair-part: a pair potential that is learned beside the potential and goes on as its baseline. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

int cli_pair_part_check(cli *c, const cli_pair_part *p, const char *baseline) {
  if (!p->file && (p->lattice || p->cutoff != 0.0))
    return cli_usage(c, "--pair-cutoff and --pair-lattice go with --pair-part FILE");
  if (!p->file) return CLI_OK;
#ifndef MTP_HAVE_LAMMPS
  return cli_usage(c, "--pair-part: this mtp was built without LAMMPS");
#endif
  if (baseline) return cli_usage(c, "--pair-part makes the baseline: it goes without --baseline");
  if (!*p->file || strcmp(p->file, "-") == 0 || strpbrk(p->file, "\"\n"))
    return cli_usage(c, "--pair-part: the name of a file is expected, not '%s'", p->file);
  if (p->cutoff < 0.0) return cli_usage(c, "--pair-cutoff: a positive number is expected");
  return cli_check_output(c, p->file);
}

/* Of the file, and of the one that stands for it until the potential is there. */
static const char draft_suffix[] = ".draft", table_suffix[] = ".table", driver[] = "lammps ";

static char *joined(const char *a, const char *b, const char *c) {
  char *text = cli_alloc(strlen(a) + strlen(b) + strlen(c) + 1, 1);
  return strcat(strcat(strcpy(text, a), b), c);
}

static mtp_status write_part(cli *c, const cli_pair_part *p, const mtp_potential *pot, const char *path) {
  cli_names names = cli_names_of(pot);
  const mtp_status status = mtp_pair_part_write(c->ctx, p->part, cli_names_list(&names), p->cutoff, path);
  cli_names_free(&names);
  return status;
}

static void remove_draft(const cli_pair_part *p) {
  char *draft = joined(p->file, draft_suffix, ""), *table = joined(p->file, draft_suffix, table_suffix);
  remove(draft);
  remove(table);
  free(draft);
  free(table);
}

char *cli_pair_part_tables(const cli_pair_part *p) {
  return p->file ? joined(p->file, table_suffix, "") : NULL;
}

int cli_pair_part_learn(cli *c, cli_pair_part *p, const mtp_train_options *train, mtp_potential *pot,
                        const mtp_config_set *set) {
  mtp_pair_part_options options = mtp_pair_part_defaults();
  options.weights = train->weights;
  if (!(p->cutoff > 0.0)) p->cutoff = options.cutoff;
  options.cutoff = p->lattice ? 0.0 : p->cutoff;
  mtp_status status = mtp_pair_part_new(c->ctx, mtp_potential_species_count(pot), &options, &p->part);
  if (status == MTP_OK) status = mtp_pair_part_learn(c->ctx, p->part, train, pot, set, &p->report);
  char *draft = joined(p->file, draft_suffix, "");
  if (status == MTP_OK) status = write_part(c, p, pot, draft);
  if (status == MTP_OK) p->baseline = joined(driver, draft, "");
  free(draft);
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

/* OUT is what it was as long as this lasts, and so its pairs have to stay. */
static int keep_old(cli *c, const cli_pair_part *p, const mtp_potential *pot, const char *output) {
  mtp_potential *before = NULL;
  char name[64];
  if (cli_pair_part_has_old(p->file) && mtp_potential_read(NULL, output, &before) == MTP_OK &&
      mtp_potential_get_baseline(before, name, sizeof name) && cli_pair_part_recover(c, p->file, name) != CLI_OK) {
    mtp_potential_free(before);
    return CLI_FAILED;
  }
  mtp_potential_free(before);
  cli_pair_part_drop_old(p->file);
  cli_baseline_name(p->file, pot, name, sizeof name);
  return cli_pair_part_keep_old(c, p->file, name);
}

/* What the potential stands on is called by the name of the file, too. */
int cli_pair_part_keep(cli *c, cli_pair_part *p, mtp_potential *pot, mtp_config_set *set, const char *output) {
  cli_baseline baseline = {0};
  if (!p->file) return CLI_OK;
  int status = keep_old(c, p, pot, output);
  if (status != CLI_OK) return status;
  p->is_new = true;
  p->replaces = cli_pair_part_has_old(p->file);
  if (write_part(c, p, pot, p->file) != MTP_OK) return cli_library(c, NULL);
  char *text = joined(driver, p->file, "");
  status = cli_baseline_open(c, text, pot, &baseline);
  if (status == CLI_OK && mtp_potential_set_baseline(c->ctx, pot, baseline.model->name) != MTP_OK)
    status = cli_library(c, NULL);
  for (size_t i = 0; status == CLI_OK && i < set->n; i++)
    if (mtp_config_get_feature(set->configs[i], MTP_BASELINE_KEY) &&
        mtp_config_set_feature(c->ctx, set->configs[i], MTP_BASELINE_KEY, baseline.model->name) != MTP_OK)
      status = cli_library(c, NULL);
  cli_baseline_close(&baseline);
  free(text);
  return status;
}

/* Who has opened FILE meanwhile for the OUT of before has put the pairs of before back. */
int cli_pair_part_is_written(cli *c, cli_pair_part *p, const mtp_potential *pot) {
  char wanted[64], found[64];
  if (!p->is_new) return CLI_OK;
  p->is_new = false;
  cli_baseline_name(p->file, pot, found, sizeof found);
  const bool is_there = mtp_potential_get_baseline(pot, wanted, sizeof wanted) && strcmp(found, wanted) == 0;
  if (!is_there && write_part(c, p, pot, p->file) != MTP_OK) return cli_library(c, NULL);
  cli_pair_part_drop_old(p->file);
  return CLI_OK;
}

/* Without the potential there are no new pairs. Those of before may be back already. */
static void take_back(cli *c, const cli_pair_part *p) {
  char *table = joined(p->file, table_suffix, "");
  if (cli_pair_part_has_old(p->file)) {
    cli_pair_part_restore_old(c, p->file);
  } else if (!p->replaces) {
    remove(p->file);
    remove(table);
  }
  free(table);
}

void cli_pair_part_end(cli *c, cli_pair_part *p) {
  if (p->is_new) take_back(c, p);
  if (p->part) remove_draft(p);
  mtp_pair_part_free(p->part);
  free(p->baseline);
}

void cli_pair_part_print(const cli_pair_part *p) {
  if (p->file)
    printf("pair part: %s, loss alone %.6g, with the potential %.6g after %d rounds\n", p->file, p->report.alone,
           p->report.loss, p->report.rounds);
}
