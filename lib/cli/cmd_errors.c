/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_errors.c
 * `mtp errors`: how far a potential is from labelled data. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>

#include "cli/cli.h"

static const char help[] = "Mean absolute (MAE), root mean square (RMSE) and largest (max) difference from the labels\n"
                           "of DATA: energy per atom, force components, stress components.\n\n"
                           "  --json              one JSON object: null where DATA has no such labels\n"
                           "  --from F            format of DATA: cfg, extxyz (by content)\n\n"
                           "Example: mtp errors pot.almtp test.extxyz\n";

enum { CHUNK = 32 }; /* configurations between two steps of the progress bar */

/* Statistics of two disjoint sets become those of both. */
static void merge(mtp_error_stat *sum, const mtp_error_stat *part) {
  double a = (double)sum->count, b = (double)part->count;
  if (part->count == 0) return;
  sum->mae = (a * sum->mae + b * part->mae) / (a + b);
  sum->rmse = sqrt((a * sum->rmse * sum->rmse + b * part->rmse * part->rmse) / (a + b));
  sum->max = fmax(sum->max, part->max);
  sum->count += part->count;
}

int cli_compute_errors(cli *c, const mtp_potential *pot, const mtp_config_set *set, mtp_errors *out) {
  *out = (mtp_errors){0};
  cli_progress_begin(c, "comparing", set->n);
  for (size_t first = 0; first < set->n; first += CHUNK) {
    mtp_config_set part = *set; /* a view: the configurations stay with `set` */
    part.configs += first;
    part.n = set->n - first < CHUNK ? set->n - first : CHUNK;
    mtp_errors errors = {0};
    if (mtp_errors_compute(c->ctx, pot, &part, &errors) != MTP_OK) return cli_library(c, set->path);
    out->configurations += errors.configurations;
    out->atoms += errors.atoms;
    merge(&out->energy_per_atom, &errors.energy_per_atom);
    merge(&out->force, &errors.force);
    merge(&out->stress, &errors.stress);
    cli_progress_step(c, part.n);
  }
  cli_progress_end(c);
  return CLI_OK;
}

static void print_stat(const char *name, const mtp_error_stat *stat) {
  if (stat->count == 0)
    printf("  %-24s %12s %12s %12s %10d\n", name, "-", "-", "-", 0);
  else
    printf("  %-24s %12.6g %12.6g %12.6g %10zu\n", name, stat->mae, stat->rmse, stat->max, stat->count);
}

void cli_print_errors(const char *title, const mtp_errors *errors) {
  printf("%s: %zu configurations, %zu atoms\n", title, errors->configurations, errors->atoms);
  printf("  %-24s %12s %12s %12s %10s\n", "", "MAE", "RMSE", "max", "number");
  print_stat("energy per atom, eV", &errors->energy_per_atom);
  print_stat("force component, eV/A", &errors->force);
  print_stat("stress component, GPa", &errors->stress);
}

static int run(cli *c, int argc, char **argv) {
  const char *from = NULL;
  bool json = false;
  const cli_option options[] = {{"json", 0, CLI_FLAG, &json}, {"from", 0, CLI_TEXT, &from}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  mtp_format format;
  if ((status = cli_format(c, "--from", from, &format)) != CLI_OK) return status;

  mtp_potential *pot = NULL;
  mtp_config_set *set = NULL;
  mtp_errors errors;
  status = cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK) status = cli_read_data(c, 1, c->words + 1, format, pot, &set);
  if (status == CLI_OK) status = cli_compute_errors(c, pot, set, &errors);
  if (status == CLI_OK && errors.energy_per_atom.count + errors.force.count + errors.stress.count == 0)
    status = cli_fail(c, "%s: no configuration has energy, forces or virial to compare with", c->words[1]);
  if (status == CLI_OK) {
    if (json)
      status = cli_json_print(c, cli_json_errors(&errors));
    else
      cli_print_errors(c->words[1], &errors);
  }
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_errors = {
    .name = "errors",
    .summary = "Compare a potential with labelled data",
    .usage = "POT DATA [--json]",
    .help = help,
    .run = run,
};
