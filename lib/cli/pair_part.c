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
  if (strcmp(p->file, "-") == 0 || strpbrk(p->file, "\"\n"))
    return cli_usage(c, "--pair-part: the name of a file is expected, not '%s'", p->file);
  if (p->cutoff < 0.0) return cli_usage(c, "--pair-cutoff: a positive number is expected");
  return cli_check_output(c, p->file);
}

static mtp_status write_part(cli *c, const mtp_pair_part *part, const cli_pair_part *p, const mtp_potential *pot,
                             double cutoff) {
  cli_names names = cli_names_of(pot);
  const mtp_status status = mtp_pair_part_write(c->ctx, part, cli_names_list(&names), cutoff, p->file);
  cli_names_free(&names);
  return status;
}

int cli_pair_part_learn(cli *c, cli_pair_part *p, const mtp_train_options *train, mtp_potential *pot,
                        const mtp_config_set *set) {
  mtp_pair_part *part = NULL;
  mtp_pair_part_options options = mtp_pair_part_defaults();
  options.weights = train->weights;
  const double cutoff = p->cutoff > 0.0 ? p->cutoff : options.cutoff;
  options.cutoff = p->lattice ? 0.0 : cutoff;
  mtp_status status = mtp_pair_part_new(c->ctx, mtp_potential_species_count(pot), &options, &part);
  if (status == MTP_OK) status = mtp_pair_part_learn(c->ctx, part, train, pot, set, &p->report);
  if (status == MTP_OK) status = write_part(c, part, p, pot, cutoff);
  mtp_pair_part_free(part);
  if (status != MTP_OK) return cli_library(c, NULL);
  static const char driver[] = "lammps ";
  p->baseline = cli_alloc(sizeof driver + strlen(p->file), 1);
  strcat(strcpy(p->baseline, driver), p->file);
  return CLI_OK;
}

void cli_pair_part_print(const cli_pair_part *p) {
  if (p->file)
    printf("pair part: %s, loss alone %.6g, with the potential %.6g after %d rounds\n", p->file, p->report.alone,
           p->report.loss, p->report.rounds);
}
