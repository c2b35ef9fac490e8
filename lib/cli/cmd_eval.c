/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_eval.c
 * `mtp eval`: energy, forces, virial and grades of configurations. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "mtp/team.h"

static const char help[] =
    "Every configuration gets energy (eV), forces (eV/A), virial (eV) and site energies. Labels and grades\n"
    "that IN has are not carried over, and who made them (EFS_by, qm) becomes old_EFS_by, old_qm.\n\n"
    "  -o, --output OUT    the file to write, - for standard output\n"
    "  --grade             also extrapolation grades; POT must hold an active set\n"
    "  --error             also the error to expect of the force on each atom (RMS of a component, eV/A): column\n"
    "                      force_error of extended XYZ, and max_force_error; POT must know how sure it is, as\n"
    "                      `mtp train` and learning runs leave it\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats: cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun\n"
    "                      (by content, by name)\n\n"
    "Example: mtp eval pot.almtp md.dump -o md.extxyz --grade\n";

static int note_largest(cli *c, mtp_config *cfg) {
  char text[32];
  double largest = 0.0;
  for (size_t i = 0; i < cfg->n; i++) largest = fmax(largest, cfg->force_error[i]);
  snprintf(text, sizeof text, "%.9g", largest);
  return mtp_config_set_feature(c->ctx, cfg, CLI_MAX_FORCE_ERROR, text) == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

static int read_posterior(cli *c, const mtp_potential *pot, mtp_posterior **posterior) {
  if (mtp_posterior_of(c->ctx, pot, posterior) != MTP_OK) return cli_library(c, NULL);
  if (*posterior) return CLI_OK;
  return cli_fail(c,
                  "%s: it does not say how sure it is, so no errors are to be expected from it: `mtp train` "
                  "leaves that",
                  c->words[0]);
}

enum { AT_ONCE = 64 }; /* configurations between two steps of the bar */

static int add_errors_of(cli *c, mtp_team *team, const mtp_posterior *posterior, size_t n, mtp_config **configs,
                         size_t first) {
  double *error[AT_ONCE];
  for (size_t k = 0; k < n; k++) {
    if (configs[k]->ghost)
      return cli_fail(c, "configuration %zu has ghost atoms, of which errors are not known", first + k + 1);
    free(configs[k]->force_error);
    error[k] = configs[k]->force_error = cli_alloc(configs[k]->n, sizeof(double));
  }
  if (mtp_team_errors(c->ctx, team, posterior, first, n, (const mtp_config *const *)configs, error) != MTP_OK)
    return cli_library(c, NULL);
  int status = CLI_OK;
  for (size_t k = 0; k < n && status == CLI_OK; k++) status = note_largest(c, configs[k]);
  return status;
}

static int add_errors(cli *c, const mtp_potential *pot, const mtp_posterior *posterior, mtp_config_set *set) {
  int status = CLI_OK;
  mtp_team *team = NULL;
  if (mtp_team_new(c->ctx, pot, NULL, cli_threads(c, 0), c->comm, &team) != MTP_OK) return cli_library(c, NULL);
  cli_progress_begin(c, "errors", set->n);
  for (size_t i = 0, n; i < set->n && status == CLI_OK; i += n) {
    n = set->n - i < AT_ONCE ? set->n - i : AT_ONCE;
    status = add_errors_of(c, team, posterior, n, set->configs + i, i);
    cli_progress_step(c, n);
  }
  cli_progress_end(c);
  mtp_team_free(team);
  return status;
}

static int run_eval(cli *c, int argc, char **argv) {
  cli_route route = {0};
  bool graded = false, with_errors = false;
  const cli_option options[] = {{"grade", 0, CLI_FLAG, &graded},
                                {"error", 0, CLI_FLAG, &with_errors},
                                CLI_ROUTE_OPTIONS(&route),
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  if ((status = cli_require(c, route.output, "-o")) != CLI_OK) return status;
  if ((status = cli_check_route(c, &route)) != CLI_OK) return status;

  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_posterior *posterior = NULL;
  mtp_config_set *set = NULL;
  status = graded ? cli_read_graded(c, c->words[0], &pot, &as) : cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK && with_errors) status = read_posterior(c, pot, &posterior);
  if (status == CLI_OK) status = cli_read_data(c, 1, c->words + 1, route.input_format, pot, &set);
  if (status == CLI_OK) status = cli_evaluate(c, pot, as, set);
  if (status == CLI_OK && with_errors) status = add_errors(c, pot, posterior, set);
  if (status == CLI_OK) status = cli_write_set(c, set, route.output, route.output_format);
  mtp_config_set_free(set);
  mtp_posterior_free(posterior);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_eval = {
    .name = "eval",
    .summary = "Compute energies, forces, virials and grades",
    .usage = "POT IN -o OUT [--grade] [--error]",
    .help = help,
    .run = run_eval,
    .ranks = CLI_EVALUATES,
};
