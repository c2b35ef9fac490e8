/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_eval.c
 * `mtp eval`: energy, forces, virial and grades of configurations. */
#include <stdio.h>

#include "cli/cli.h"
#include "config/config_internal.h"
#include "mtp/evaluator.h"

static const char help[] =
    "Every configuration gets energy (eV), forces (eV/A), virial (eV) and site energies. Labels and grades\n"
    "that IN has are not carried over, and who made them (EFS_by, qm) becomes old_EFS_by, old_qm.\n\n"
    "  -o, --output OUT    the file to write, - for standard output\n"
    "  --grade             also extrapolation grades; POT must hold an active set\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats: cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun\n"
    "                      (by content, by name)\n\n"
    "Example: mtp eval pot.almtp md.dump -o md.extxyz --grade\n";

/* Who made the labels that were there, and which rows of an active set they were: not true of the new ones. */
static int rename_origins(cli *c, mtp_config *cfg) {
  static const char *const keys[] = {"EFS_by", "qm", "qm_driver", "selected_eqn_inds", "TS_index", "AS_index"};
  for (size_t k = 0; k < sizeof keys / sizeof keys[0]; k++) {
    const char *value = mtp_config_get_feature(cfg, keys[k]);
    char name[32];
    snprintf(name, sizeof name, "old_%s", keys[k]);
    if (value && mtp_config_set_feature(c->ctx, cfg, name, value) != MTP_OK) return cli_library(c, NULL);
    mtp_config_drop_feature(cfg, keys[k]);
  }
  return CLI_OK;
}

int cli_evaluate(cli *c, const mtp_potential *pot, const mtp_active_set *as, mtp_config_set *set) {
  mtp_evaluator *evaluator = NULL;
  if (mtp_evaluator_new(c->ctx, pot, &evaluator) != MTP_OK) return cli_library(c, NULL);
  int status = CLI_OK;
  if (as && mtp_evaluator_set_active_set(c->ctx, evaluator, as) != MTP_OK) status = cli_library(c, NULL);
  cli_progress_begin(c, as ? "grading" : "evaluating", set->n);
  for (size_t i = 0; i < set->n && status == CLI_OK; i++) {
    if (mtp_evaluator_config(c->ctx, evaluator, set->configs[i], as != NULL) != MTP_OK)
      status = cli_fail(c, "configuration %zu: %s", i + 1, mtp_context_message(c->ctx));
    else
      status = rename_origins(c, set->configs[i]);
    cli_progress_step(c, 1);
  }
  cli_progress_end(c);
  mtp_evaluator_free(evaluator);
  return status;
}

int cli_read_graded(cli *c, const char *path, mtp_potential **pot, mtp_active_set **as) {
  int status = cli_read_potential(c, path, pot, as);
  if (status != CLI_OK || *as) return status;
  mtp_potential_free(*pot);
  *pot = NULL;
  return cli_fail(c, "%s: no active set in it, so there is nothing to grade with: `mtp train` makes one", path);
}

static int run(cli *c, int argc, char **argv) {
  const char *output = NULL, *from = NULL, *to = NULL;
  bool graded = false;
  const cli_option options[] = {{"output", 'o', CLI_TEXT, &output},
                                {"grade", 0, CLI_FLAG, &graded},
                                {"from", 0, CLI_TEXT, &from},
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c),
                                {"to", 0, CLI_TEXT, &to}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  mtp_format input_format, output_format;
  if ((status = cli_require(c, output, "-o")) != CLI_OK ||
      (status = cli_format(c, "--from", from, &input_format)) != CLI_OK ||
      (status = cli_output_format(c, output, to, &output_format)) != CLI_OK ||
      (status = cli_check_output(c, output)) != CLI_OK)
    return status;

  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_config_set *set = NULL;
  status = graded ? cli_read_graded(c, c->words[0], &pot, &as) : cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK) status = cli_read_data(c, 1, c->words + 1, input_format, pot, &set);
  if (status == CLI_OK) status = cli_evaluate(c, pot, as, set);
  if (status == CLI_OK) status = cli_write_set(c, set, output, output_format);
  mtp_config_set_free(set);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_eval = {
    .name = "eval",
    .summary = "Compute energies, forces, virials and grades",
    .usage = "POT IN -o OUT [--grade]",
    .help = help,
    .run = run,
};
