/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_grade.c
 * `mtp grade`: how far configurations lie outside of what a potential was trained on. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static const char help[] =
    "The extrapolation grade of every configuration, and the atom that has it (atoms and\n"
    "configurations are counted from 1). Up to 1 is interpolation; above 2 a configuration is worth\n"
    "learning, above 10 results are not to be trusted. POT must hold an active set.\n\n"
    "  -o, --output OUT    also write the configurations with energies, forces and grades\n"
    "  --json              one JSON object\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats: cfg, extxyz, poscar, lammps-data, lammps-dump; read only: outcar, vasprun\n"
    "                      (by content, by name)\n\n"
    "Example: mtp grade pot.almtp md.dump -o graded.extxyz\n";

static const double SELECT_GRADE = 2, BREAK_GRADE = 10; /* the defaults of the learning loop */

/* Number of the atom with the largest grade, counted from 1; 0 where grades belong to whole configurations. */
static size_t worst_atom(const mtp_config *cfg) {
  size_t worst = 0;
  for (size_t i = 0; cfg->grade && i < cfg->n; i++)
    if (worst == 0 || cfg->grade[i] > cfg->grade[worst - 1]) worst = i + 1;
  return worst;
}

typedef struct summary {
  double max;
  size_t select, beyond;
} summary;

static summary summarise(const mtp_config_set *set) {
  summary s = {0};
  for (size_t i = 0; i < set->n; i++) {
    double grade = set->configs[i]->max_grade;
    if (grade > s.max) s.max = grade;
    if (grade > SELECT_GRADE) s.select++;
    if (grade > BREAK_GRADE) s.beyond++;
  }
  return s;
}

static int print_json(cli *c, const mtp_config_set *set, mtp_mode mode) {
  summary s = summarise(set);
  cJSON *object = cJSON_CreateObject(), *list = cJSON_CreateArray();
  cJSON_AddStringToObject(object, "mode", cli_mode_name(mode));
  cli_json_number(object, "configurations", (double)set->n);
  cli_json_number(object, "atoms", (double)cli_atom_count(set));
  cli_json_number(object, "max_grade", s.max);
  cli_json_number(object, "above_select", (double)s.select);
  cli_json_number(object, "above_break", (double)s.beyond);
  for (size_t i = 0; i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    size_t worst = worst_atom(cfg);
    cJSON *item = cJSON_CreateObject();
    cli_json_number(item, "index", (double)(i + 1));
    cli_json_number(item, "atoms", (double)cfg->n);
    cli_json_number(item, "grade", cfg->max_grade);
    if (worst)
      cli_json_number(item, "atom", (double)worst);
    else
      cJSON_AddNullToObject(item, "atom");
    cJSON_AddItemToArray(list, item);
  }
  cJSON_AddItemToObject(object, "grades", list);
  return cli_json_print(c, object);
}

static void print_table(const mtp_config_set *set, mtp_mode mode) {
  printf("%13s %9s %14s %9s\n", "configuration", "atoms", "grade", "atom");
  for (size_t i = 0; i < set->n; i++) {
    const mtp_config *cfg = set->configs[i];
    printf("%13zu %9zu %14.6g ", i + 1, cfg->n, cfg->max_grade);
    size_t worst = worst_atom(cfg);
    if (worst)
      printf("%9zu\n", worst);
    else
      printf("%9s\n", "-");
  }
  summary s = summarise(set);
  printf("%zu configurations, %s grades: largest %.6g, %zu above %g, %zu above %g\n", set->n, cli_mode_name(mode),
         s.max, s.select, SELECT_GRADE, s.beyond, BREAK_GRADE);
}

static int run_grade(cli *c, int argc, char **argv) {
  cli_route route = {0};
  bool json = false;
  const cli_option options[] = {
      {"json", 0, CLI_FLAG, &json}, CLI_ROUTE_OPTIONS(&route), CLI_KEYS_OPTION(c), CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  bool to_stdout = route.output && strcmp(route.output, "-") == 0;
  if (to_stdout && json) return cli_usage(c, "-o - and --json both want standard output");
  if ((status = cli_check_route(c, &route)) != CLI_OK) return status;

  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_config_set *set = NULL;
  status = cli_read_graded(c, c->words[0], &pot, &as);
  if (status == CLI_OK) status = cli_read_data(c, 1, c->words + 1, route.input_format, pot, &set);
  if (status == CLI_OK) status = cli_evaluate(c, pot, as, set);
  if (status == CLI_OK && route.output) status = cli_write_set(c, set, route.output, route.output_format);
  if (status == CLI_OK) {
    if (json)
      status = print_json(c, set, mtp_active_set_mode(as));
    else if (!to_stdout)
      print_table(set, mtp_active_set_mode(as));
  }
  mtp_config_set_free(set);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_grade = {
    .name = "grade",
    .summary = "Grade how far configurations extrapolate",
    .usage = "POT IN [-o OUT] [--json]",
    .help = help,
    .run = run_grade,
    .ranks = CLI_EVALUATES,
};
