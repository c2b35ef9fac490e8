/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_errors.c
 * `mtp errors`: how far a potential is from labelled data. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char help[] =
    "Mean absolute (MAE), root mean square (RMSE) and largest (max) difference from the labels\n"
    "of DATA: energy per atom, force components, stress components. Then for each group of\n"
    "configurations if there are several (`group=` or `config_type=` in DATA), and for the forces\n"
    "on each species if POT has several.\n\n"
    "  --json              one JSON object: null where DATA has no such labels; the same members\n"
    "                      for each name in \"groups\", and the forces for each in \"species\"\n" CLI_KEYS_HELP
        CLI_SPECIES_HELP CLI_BASELINE_HELP
    "  --from F            format of DATA: cfg, extxyz, outcar, vasprun (by content)\n\n"
    "Example: mtp errors pot.almtp test.extxyz\n";

static int print_table(cli *c, const char *title, const mtp_potential *pot, const mtp_error_table *table, bool json) {
  cli_names species = cli_names_of(pot);
  int status = CLI_OK;
  if (json) {
    status = cli_json_print(c, cli_json_error_table(table, &species));
  } else {
    cli_print_error_table(title, table, &species);
  }
  cli_names_free(&species);
  return status;
}

static int check(cli *c, const char *name, const char *broken, const mtp_errors *errors) {
  if (*broken) return cli_fail(c, "%s: %s", name, broken);
  if (errors->energy_per_atom.count + errors->force.count + errors->stress.count > 0) return CLI_OK;
  return cli_fail(c, "%s: no configuration has energy, forces or virial to compare with", name);
}

static int run_errors(cli *c, int argc, char **argv) {
  const char *from = NULL, *baseline_text = NULL;
  cli_baseline baseline = {0};
  bool json = false;
  const cli_option options[] = {{"json", 0, CLI_FLAG, &json},
                                {"from", 0, CLI_TEXT, &from},
                                {"baseline", 0, CLI_TEXT, &baseline_text},
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, -1);
  if (status != CLI_GO_ON) return status;
  mtp_format format;
  if ((status = cli_format(c, "--from", from, &format)) != CLI_OK) return status;

  const int files = c->word_count - 1;
  char several[32];
  snprintf(several, sizeof several, "%d files", files);
  const char *name = files == 1 ? c->words[1] : several;
  mtp_potential *pot = NULL;
  mtp_config_set *set = NULL;
  mtp_error_table *table = NULL;
  char broken[200];
  status = cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK) status = cli_read_data(c, files, c->words + 1, format, pot, &set);
  if (status == CLI_OK) status = cli_baseline_open(c, baseline_text, pot, &baseline);
  if (status == CLI_OK) status = cli_baseline_apply(c, &baseline, set);
  if (status == CLI_OK) status = cli_baseline_check(c, &baseline, pot, c->words[0]);
  if (status == CLI_OK) status = cli_compute_error_table(c, name, pot, set, sizeof broken, broken, &table);
  if (status == CLI_OK) status = check(c, name, broken, &table->all);
  if (status == CLI_OK) status = print_table(c, name, pot, table, json);
  mtp_error_table_free(table);
  cli_baseline_close(&baseline);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_errors = {
    .name = "errors",
    .summary = "Compare a potential with labelled data",
    .usage = "POT DATA... [--json]",
    .help = help,
    .run = run_errors,
    .ranks = CLI_EVALUATES,
};
