/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_init.c
 * `mtp init`: an untrained potential. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const char help[] =
    "  --level L           even number from 2 to 30: size and accuracy\n"
    "  --species Al,Ni     element names, or only their number for a potential without names\n"
    "  --cutoff R          largest distance of a neighbour, A\n"
    "  --min-dist R        lower end of the radial functions, A (auto: from the data)\n"
    "  --radial-size N     Chebyshev polynomials of a radial function, 2 to 32 (auto: as many as\n"
    "                      the data support; up to 20 below level 16, 10 below 20, then 12)\n"
    "  -o, --output POT    the file to write\n"
    "  --force             overwrite POT even if it is not an untrained potential\n\n"
    "Example: mtp init --level 16 --species Al,Ni --cutoff 5 -o pot.almtp\n";

/* Nobody wants to lose a potential that took a week to a command line brought back from the history. */
static int check_overwrite(cli *c, const char *path) {
  if (access(path, F_OK) != 0) return CLI_OK;
  mtp_potential *old = NULL;
  bool untrained = mtp_potential_read(c->ctx, path, &old) == MTP_OK && !mtp_potential_is_trained(old);
  mtp_potential_free(old);
  if (untrained) return CLI_OK;
  return cli_fail(c, "%s exists and is not an untrained potential: --force overwrites it", path);
}

/* 0: auto. */
static int parse_size(cli *c, const char *text, long long *size) {
  char *end;
  *size = 0;
  if (!text || strcmp(text, "auto") == 0) return CLI_OK;
  *size = strtoll(text, &end, 10);
  if (end == text || *end || *size < 2 || *size > 32)
    return cli_usage(c, "--radial-size: 2 to 32 or auto is expected, not '%s'", text);
  return CLI_OK;
}

static int parse_min_dist(cli *c, const char *text, double cutoff, double *min_dist) {
  char *end;
  *min_dist = 0;
  if (!text || strcmp(text, "auto") == 0) return CLI_OK;
  *min_dist = strtod(text, &end);
  if (end == text || *end) return cli_usage(c, "--min-dist: a number or auto is expected, not '%s'", text);
  if (!(*min_dist > 0 && *min_dist < cutoff))
    return cli_usage(c, "--min-dist: 0 < %g A (min-dist) < %g A (cutoff) does not hold", *min_dist, cutoff);
  return CLI_OK;
}

static int run_init(cli *c, int argc, char **argv) {
  long long level = 0, radial_size = 0;
  double cutoff = 0, min_dist = 0;
  const char *species = NULL, *output = NULL, *min_dist_text = NULL, *size_text = NULL;
  bool force = false;
  const cli_option options[] = {{"level", 0, CLI_INTEGER, &level},
                                {"species", 0, CLI_TEXT, &species},
                                {"cutoff", 0, CLI_REAL, &cutoff},
                                {"min-dist", 0, CLI_TEXT, &min_dist_text},
                                {"radial-size", 0, CLI_TEXT, &size_text},
                                {"output", 'o', CLI_TEXT, &output},
                                {"force", 0, CLI_FLAG, &force}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 0, 0);
  if (status != CLI_GO_ON) return status;
  if ((status = cli_require(c, level ? "" : NULL, "--level")) != CLI_OK ||
      (status = cli_require(c, species, "--species")) != CLI_OK ||
      (status = cli_require(c, cutoff != 0 ? "" : NULL, "--cutoff")) != CLI_OK ||
      (status = cli_require(c, output, "-o")) != CLI_OK)
    return status;
  if (level < 2 || level > 30 || level % 2) return cli_usage(c, "--level: an even number from 2 to 30 is expected");
  if ((status = parse_size(c, size_text, &radial_size)) != CLI_OK ||
      (status = parse_min_dist(c, min_dist_text, cutoff, &min_dist)) != CLI_OK)
    return status;
  if (strcmp(output, "-") == 0) return cli_usage(c, "-o: a potential needs a file, not standard output");

  cli_names names;
  if ((status = cli_names_parse(c, species, true, &names)) != CLI_OK) return status;
  mtp_potential_spec spec = {.level = (int)level,
                             .species_count = names.count,
                             .elements = names.nameless ? NULL : cli_names_list(&names),
                             .cutoff = cutoff,
                             .min_dist = min_dist,
                             .radial_size = (int)radial_size};
  mtp_potential *pot = NULL;
  status = cli_check_output(c, output);
  if (status == CLI_OK && !force) status = check_overwrite(c, output);
  if (status == CLI_OK && mtp_potential_new(c->ctx, &spec, &pot) != MTP_OK) status = cli_library(c, NULL);
  if (status == CLI_OK) status = cli_write_potential(c, output, "", pot, NULL);
  mtp_potential_free(pot);
  cli_names_free(&names);
  return status;
}

const cli_command cli_cmd_init = {
    .name = "init",
    .summary = "Write an untrained potential",
    .usage = "--level L --species Al[,Ni] --cutoff R [--min-dist R] [--radial-size N] -o POT",
    .help = help,
    .run = run_init,
};
