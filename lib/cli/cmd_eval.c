/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_eval.c
 * `mtp eval`: energy, forces, virial and grades of configurations. */
#include <stdio.h>

#include "cli/cli.h"

static const char help[] =
    "Every configuration gets energy (eV), forces (eV/A), virial (eV) and site energies. Labels and grades\n"
    "that IN has are not carried over, and who made them (EFS_by, qm) becomes old_EFS_by, old_qm.\n\n"
    "  -o, --output OUT    the file to write, - for standard output\n"
    "  --grade             also extrapolation grades; POT must hold an active set\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats: cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun\n"
    "                      (by content, by name)\n\n"
    "Example: mtp eval pot.almtp md.dump -o md.extxyz --grade\n";

static int run(cli *c, int argc, char **argv) {
  cli_route route = {0};
  bool graded = false;
  const cli_option options[] = {
      {"grade", 0, CLI_FLAG, &graded}, CLI_ROUTE_OPTIONS(&route), CLI_KEYS_OPTION(c), CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  if ((status = cli_require(c, route.output, "-o")) != CLI_OK) return status;
  if ((status = cli_check_route(c, &route)) != CLI_OK) return status;

  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_config_set *set = NULL;
  status = graded ? cli_read_graded(c, c->words[0], &pot, &as) : cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK) status = cli_read_data(c, 1, c->words + 1, route.input_format, pot, &set);
  if (status == CLI_OK) status = cli_evaluate(c, pot, as, set);
  if (status == CLI_OK) status = cli_write_set(c, set, route.output, route.output_format);
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
