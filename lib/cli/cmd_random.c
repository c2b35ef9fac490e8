/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_random.c
 * `mtp random`: crystals by chance, to begin a search for structures with. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "mtp/structure_search.h"

static const char help[] =
    "  --species Al,Ni     elements; cells have any numbers of each\n"
    "  --formula Al2O3     or whole formula units\n"
    "  --atoms N|N-M       atoms of a cell (2-8; with --formula one to four units)\n"
    "  --number N          crystals (10)\n"
    "  --volume V          A^3 an atom (by covalent radii, which is rough)\n"
    "  --spread X          volumes differ by up to this part of them (0.2)\n"
    "  --min-dist R|Al-O=R,...\n"
    "                      smallest distances, A (three quarters of the sum of the covalent radii)\n"
    "  --symmetry N        each crystal has a group of 1 to N operations, up to 48, drawn anew (12).\n"
    "                      1: nothing but lattice translations\n"
    "  --seed N            of everything random (12345); crystal k does not depend on --number\n"
    "  -o, --output OUT    the file to write\n"
    "  --to F              format of OUT (by suffix): extxyz, cfg, poscar, lammps-data\n\n"
    "Minimised with a potential that learns (`pair_style mtp/al`), they search for crystal structures:\n"
    "examples/science/rss.\n\n"
    "Example: mtp random --formula SiO2 --atoms 6-12 --volume 12 --number 100 -o start.extxyz\n";

#define ANY_FEWEST   2
#define ANY_MOST     8
#define MOST_UNITS   4
#define MOST_SPECIES 16

typedef struct job {
  const char *species, *formula, *atoms, *min_dist, *output, *to;
  long long number, symmetry, seed;
  double volume, spread;
  cli_names names;
  int count[MOST_SPECIES]; /* of a formula unit */
  double volumes[MOST_SPECIES], distances[MOST_SPECIES * MOST_SPECIES];
  mtp_crystal_options options;
} job;

/* "Al2O3": names into `names`, separated by commas, and numbers. */
static int parse_formula(cli *c, job *j) {
  char names[8 * MOST_SPECIES] = "";
  int n = 0;
  for (const char *p = j->formula; *p;) {
    size_t length = 1;
    while (islower((unsigned char)p[length])) length++;
    if (!isupper((unsigned char)*p) || length > 3 || n == MOST_SPECIES)
      return cli_usage(c, "--formula: elements and numbers such as Al2O3 are expected, not '%s'", j->formula);
    char *end = NULL;
    const long number = isdigit((unsigned char)p[length]) ? strtol(p + length, &end, 10) : 1;
    if (number < 1 || number > 1000)
      return cli_usage(c, "--formula: a number from 1 to 1000 is expected in '%s'", j->formula);
    snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s", n ? "," : "", (int)length, p);
    j->count[n++] = (int)number;
    p = end ? end : p + length;
  }
  j->options.formula = j->count;
  return cli_names_parse(c, names, false, &j->names);
}

static int parse_atoms(cli *c, job *j) {
  mtp_crystal_options *o = &j->options;
  size_t unit = 0;
  for (int s = 0; o->formula && s < j->names.count; s++) unit += (size_t)o->formula[s];
  o->fewest = unit ? unit : ANY_FEWEST;
  o->most = unit ? MOST_UNITS * unit : ANY_MOST;
  if (!j->atoms) return CLI_OK;
  char *end;
  const long long fewest = strtoll(j->atoms, &end, 10), most = *end == '-' ? strtoll(end + 1, &end, 10) : fewest;
  if (end == j->atoms || *end || fewest < 1 || most < fewest || most > 1000)
    return cli_usage(c, "--atoms: a number or a range such as 4-12, up to 1000, is expected, not '%s'", j->atoms);
  o->fewest = (size_t)fewest;
  o->most = (size_t)most;
  return CLI_OK;
}

static int find_name(const job *j, const char *name, size_t length) {
  for (int s = 0; s < j->names.count; s++)
    if (strlen(j->names.name[s]) == length && memcmp(j->names.name[s], name, length) == 0) return s;
  return -1;
}

/* "Al-O=1.6,Al-Al=2.2" */
static int parse_pairs(cli *c, job *j) {
  const int C = j->names.count;
  for (const char *p = j->min_dist; *p;) {
    const size_t a = strcspn(p, "-,="), b = p[a] == '-' ? strcspn(p + a + 1, "-,=") : 0;
    const char *equal = p + a + 1 + b;
    const int s = find_name(j, p, a), t = b ? find_name(j, p + a + 1, b) : -1;
    char *end = NULL;
    const double r = s >= 0 && t >= 0 && *equal == '=' ? strtod(equal + 1, &end) : 0.0;
    if (!(r > 0.0) || (*end && *end != ','))
      return cli_usage(c,
                       "--min-dist: a number, or pairs of these species such as %s-%s=2.0,..., is expected, not '%s'",
                       j->names.name[0], j->names.name[C - 1], j->min_dist);
    j->distances[s * C + t] = j->distances[t * C + s] = r;
    p = *end ? end + 1 : end;
  }
  return CLI_OK;
}

static int set_sizes(cli *c, job *j) {
  const int C = j->names.count;
  char *end = NULL;
  const double all = j->min_dist ? strtod(j->min_dist, &end) : 0.0;
  const bool one = j->min_dist && end != j->min_dist && !*end;
  if (one && !(all > 0.0)) return cli_usage(c, "--min-dist: a positive number is expected");
  for (int s = 0; s < C; s++) {
    j->volumes[s] = j->volume > 0.0 ? j->volume : mtp_crystal_volume(j->names.name[s]);
    for (int t = 0; t < C; t++)
      j->distances[s * C + t] = one ? all : mtp_crystal_min_dist(j->names.name[s], j->names.name[t]);
  }
  const int status = j->min_dist && !one ? parse_pairs(c, j) : CLI_OK;
  for (int s = 0; s < C && status == CLI_OK; s++) {
    if (!(j->volumes[s] > 0.0))
      return cli_usage(c, "--volume is required: no radius of '%s' is known", j->names.name[s]);
    for (int t = 0; t <= s; t++)
      if (!(j->distances[s * C + t] > 0.0))
        return cli_usage(c, "--min-dist is required: no radius of '%s' or '%s' is known", j->names.name[s],
                         j->names.name[t]);
  }
  return status;
}

static int parse(cli *c, job *j) {
  int status;
  if (!j->species == !j->formula) return cli_usage(c, "either --species or --formula is expected");
  if (j->number < 1 || j->number > 10000000) return cli_usage(c, "--number: 1 to 10000000 is expected");
  if (j->symmetry < 1 || j->symmetry > 48) return cli_usage(c, "--symmetry: 1 to 48 operations are expected");
  if (!(j->spread >= 0.0 && j->spread < 1.0)) return cli_usage(c, "--spread: 0 or more and below 1 is expected");
  if (j->volume < 0.0) return cli_usage(c, "--volume: a positive number is expected");
  status = j->formula ? parse_formula(c, j) : cli_names_parse(c, j->species, false, &j->names);
  if (status == CLI_OK && j->names.count > MOST_SPECIES)
    status = cli_usage(c, "at most %d species are expected", MOST_SPECIES);
  if (status == CLI_OK) status = parse_atoms(c, j);
  if (status == CLI_OK) status = set_sizes(c, j);
  j->options.species_count = j->names.count;
  j->options.volume = j->volumes;
  j->options.min_dist = j->distances;
  j->options.spread = j->spread;
  j->options.symmetry = (int)j->symmetry;
  return status;
}

/* Seeds that neighbours in a row do not share. */
static unsigned long long seed_of(const job *j, long long k) {
  return (unsigned long long)j->seed * 0x9e3779b97f4a7c15ULL + (unsigned long long)k * 0xd1b54a32d192ed03ULL;
}

/* With the number of its symmetry operations, where the format has a place for that. */
static mtp_status make(cli *c, const job *j, long long k, bool tells, mtp_config_set *set) {
  mtp_config *crystal = NULL;
  char number[16];
  int operations;
  mtp_status status = mtp_crystal_random(c->ctx, &j->options, seed_of(j, k), &crystal, &operations);
  if (status != MTP_OK) return status;
  snprintf(number, sizeof number, "%d", operations);
  if (tells) status = mtp_config_set_feature(c->ctx, crystal, "operations", number);
  const mtp_status appended = mtp_config_set_append(c->ctx, set, crystal);
  return status == MTP_OK ? appended : status;
}

static int make_all(cli *c, const job *j, mtp_format format, mtp_config_set *set) {
  const bool tells = format == MTP_FORMAT_EXTXYZ || format == MTP_FORMAT_CFG;
  for (int s = 0; s < j->names.count; s++)
    if (mtp_config_set_species(set, j->names.name[s]) < 0) cli_die_of_memory();
  int status = CLI_OK;
  cli_progress_begin(c, "drawing", (size_t)j->number);
  for (long long k = 0; k < j->number && status == CLI_OK; k++) {
    if (make(c, j, k, tells, set) != MTP_OK) status = cli_library(c, NULL);
    cli_progress_step(c, 1);
  }
  cli_progress_end(c);
  return status;
}

static int run_random(cli *c, int argc, char **argv) {
  job j = {.number = 10, .symmetry = 12, .seed = 12345, .spread = 0.2};
  const cli_option options[] = {{"species", 0, CLI_TEXT, &j.species},
                                {"formula", 0, CLI_TEXT, &j.formula},
                                {"atoms", 0, CLI_TEXT, &j.atoms},
                                {"number", 0, CLI_INTEGER, &j.number},
                                {"volume", 0, CLI_REAL, &j.volume},
                                {"spread", 0, CLI_REAL, &j.spread},
                                {"min-dist", 0, CLI_TEXT, &j.min_dist},
                                {"symmetry", 0, CLI_INTEGER, &j.symmetry},
                                {"seed", 0, CLI_INTEGER, &j.seed},
                                {"output", 'o', CLI_TEXT, &j.output},
                                {"to", 0, CLI_TEXT, &j.to}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 0, 0);
  if (status != CLI_GO_ON) return status;
  mtp_format format = MTP_FORMAT_AUTO;
  mtp_config_set *set = NULL;
  if ((status = cli_require(c, j.output, "-o")) != CLI_OK ||
      (status = cli_output_format(c, j.output, j.to, &format)) != CLI_OK ||
      (status = cli_check_output(c, j.output)) != CLI_OK)
    return status;
  status = parse(c, &j);
  if (status == CLI_OK && !(set = mtp_config_set_new())) cli_die_of_memory();
  if (status == CLI_OK) status = make_all(c, &j, format, set);
  if (status == CLI_OK) status = cli_write_set(c, set, j.output, format);
  mtp_config_set_free(set);
  cli_names_free(&j.names);
  return status;
}

const cli_command cli_cmd_random = {
    .name = "random",
    .summary = "Random crystals to begin a structure search with",
    .usage = "--species Al,Ni|--formula Al2O3 -o OUT [--number N] [--atoms N-M] [--volume V] [--symmetry N]",
    .help = help,
    .run = run_random,
};
