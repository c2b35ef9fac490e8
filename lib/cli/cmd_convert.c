/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_convert.c
 * `mtp convert`: configurations from one format to another, potentials with and without active set and names. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"

static const char help[] =
    "IN and OUT hold configurations, or both a potential; - is standard input or output.\n\n" CLI_KEYS_HELP
    "  --from F, --to F    cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun (by\n"
    "                      content, by name)\n"
    "  --species Al,Ni     configurations: the order of the species, names for those that are numbers;\n"
    "                      a potential: the element names to write into it\n"
    "  --lammps            begin a potential with the line that LAMMPS asks of files of parameters,\n"
    "                      # DATE: (today) UNITS: metal\n\n"
    "Of an OUTCAR or vasprun.xml all ionic steps are read, with the free energy, forces and stress of those\n"
    "whose electrons converged. POSCAR holds one configuration, with atoms sorted by species.\n"
    "A potential written to .mtp loses its active set, any other name (.almtp) keeps it.\n\n"
    "Examples: mtp convert train.cfg train.extxyz --species Al,Ni\n"
    "          mtp convert relax/OUTCAR relax.extxyz\n"
    "          mtp convert old.mtp pot.almtp --species Al,Ni --lammps\n";

static int convert_configurations(cli *c, const char *from, const char *to, const char *species) {
  const char *input = c->words[0], *output = c->words[1];
  mtp_format input_format, output_format;
  cli_names names = {0};
  mtp_config_set *set = NULL;
  int status = cli_format(c, "--from", from, &input_format);
  if (status == CLI_OK) status = cli_output_format(c, output, to, &output_format);
  if (status == CLI_OK && species) status = cli_names_parse(c, species, false, &names);
  if (status == CLI_OK) status = cli_check_output(c, output);
  if (status == CLI_OK) status = cli_read_set(c, input, input_format, &set);
  if (status == CLI_OK && species &&
      mtp_config_set_map_species(c->ctx, set, names.count, cli_names_list(&names)) != MTP_OK)
    status = cli_library(c, input);
  if (status == CLI_OK) status = cli_write_set(c, set, output, output_format);
  mtp_config_set_free(set);
  cli_names_free(&names);
  return status;
}

/* The line that LAMMPS looks for at the beginning of files of parameters. */
static int date_of_today(cli *c, char *line, size_t size) {
  const time_t now = time(NULL);
  struct tm parts;
  if (localtime_r(&now, &parts) && strftime(line, size, "# DATE: %Y-%m-%d UNITS: metal\n", &parts) > 0) return CLI_OK;
  return cli_fail(c, "cannot tell the date of today");
}

static int convert_potential(cli *c, const char *from, const char *to, const char *species, bool lammps) {
  const char *input = c->words[0], *output = c->words[1];
  if (from || to) return cli_usage(c, "%s is a potential: --from and --to are for configurations", input);
  if (!cli_has_suffix(output, ".mtp") && !cli_has_suffix(output, ".almtp"))
    return cli_usage(c, "%s is a potential, so OUT has to end in .mtp or .almtp", input);
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  char head[64] = "";
  int status = cli_check_output(c, output);
  if (status == CLI_OK && lammps) status = date_of_today(c, head, sizeof head);
  if (status == CLI_OK) status = cli_read_potential(c, input, &pot, &as);
  if (status == CLI_OK && species) status = cli_name_species(c, input, pot, species, true);
  if (status == CLI_OK) status = cli_write_potential(c, output, head, pot, as);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

static int run_convert(cli *c, int argc, char **argv) {
  const char *from = NULL, *to = NULL, *species = NULL;
  bool lammps = false;
  const cli_option options[] = {{"from", 0, CLI_TEXT, &from},
                                CLI_KEYS_OPTION(c),
                                {"to", 0, CLI_TEXT, &to},
                                {"species", 0, CLI_TEXT, &species},
                                {"lammps", 0, CLI_FLAG, &lammps}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  cli_content content;
  if ((status = cli_recognise(c, c->words[0], &content)) != CLI_OK) return status;
  if (content == CLI_LOG) return cli_fail(c, "%s: an event log, neither configurations nor a potential", c->words[0]);
  if (content == CLI_POTENTIAL) return convert_potential(c, from, to, species, lammps);
  if (lammps) return cli_usage(c, "--lammps is for potentials: --to lammps-data writes configurations");
  return convert_configurations(c, from, to, species);
}

const cli_command cli_cmd_convert = {
    .name = "convert",
    .summary = "Convert configurations and potentials",
    .usage = "IN OUT [--from F] [--to F] [--species Al,Ni] [--lammps]",
    .help = help,
    .run = run_convert,
};
