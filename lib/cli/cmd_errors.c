/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_errors.c
 * `mtp errors`: how far a potential is from labelled data. */
#include <cjson/cJSON.h>
#include <math.h>
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
        CLI_SPECIES_HELP "  --from F            format of DATA: cfg, extxyz, outcar, vasprun (by content)\n\n"
    "Example: mtp errors pot.almtp test.extxyz\n";

/* ---- computing ---- */

typedef struct watcher {
  cli *c;
  size_t seen, broken, first_broken;
} watcher;

static bool is_finite(const mtp_config *cfg) {
  if (!isfinite(cfg->energy)) return false;
  for (size_t k = 0; k < 3 * cfg->n; k++)
    if (!isfinite(cfg->force[k])) return false;
  return true;
}

static void watch(void *user, const mtp_config *labelled, const mtp_config *computed) {
  watcher *w = user;
  (void)labelled;
  w->seen++;
  if (!is_finite(computed) && w->broken++ == 0) w->first_broken = w->seen;
  cli_progress_step(w->c, 1);
}

static int compute(cli *c, const char *name, const mtp_potential *pot, const mtp_config_set *set, watcher *w,
                   mtp_error_table **out) {
  *w = (watcher){.c = c};
  cli_progress_begin(c, "comparing", set->n);
  mtp_status status = mtp_error_table_compute(c->ctx, pot, set, watch, w, out);
  cli_progress_end(c);
  return status == MTP_OK ? CLI_OK : cli_library(c, name);
}

/* The line on configurations that make the errors meaningless; empty without any. */
static void describe_broken(const watcher *w, size_t size, char *text) {
  *text = 0;
  if (w->broken == 0) return;
  int length = snprintf(text, size,
                        "configuration %zu: energy or forces of the potential are not finite: are atoms at the same "
                        "place?",
                        w->first_broken);
  if (w->broken > 1) snprintf(text + length, size - (size_t)length, " (%zu more like it)", w->broken - 1);
}

int cli_compute_errors(cli *c, const mtp_potential *pot, const mtp_config_set *set, mtp_errors *out) {
  const char *name = set->path ? set->path : "data";
  watcher w;
  mtp_error_table *table = NULL;
  int status = compute(c, name, pot, set, &w, &table);
  if (status != CLI_OK) return status;
  char broken[200];
  describe_broken(&w, sizeof broken, broken);
  if (*broken) cli_warn(c, "%s: %s", name, broken);
  *out = table->all;
  mtp_error_table_free(table);
  return CLI_OK;
}

/* ---- printing ---- */

static void print_stat(const char *name, const mtp_error_stat *stat) {
  if (stat->count == 0)
    printf("  %-24s %12s %12s %12s %10d\n", name, "-", "-", "-", 0);
  else
    printf("  %-24s %12.6g %12.6g %12.6g %10zu\n", name, stat->mae, stat->rmse, stat->max, stat->count);
}

static void print_heading(const char *what) {
  printf("  %-24s %12s %12s %12s %10s\n", what, "MAE", "RMSE", "max", "number");
}

void cli_print_errors(const char *title, const mtp_errors *errors) {
  printf("%s: %zu configurations, %zu atoms\n", title, errors->configurations, errors->atoms);
  print_heading("");
  print_stat("energy per atom, eV", &errors->energy_per_atom);
  print_stat("force component, eV/A", &errors->force);
  print_stat("stress component, GPa", &errors->stress);
  if (errors->force_rms > 0)
    printf("  force RMSE is %.3g %% of the RMS force, %.4g eV/A\n", 100 * errors->force.rmse / errors->force_rms,
           errors->force_rms);
}

static void print_pair(const mtp_error_stat *stat) {
  if (stat->count == 0)
    printf(" %10s %10s", "-", "-");
  else
    printf(" %10.4g %10.4g", stat->mae, stat->rmse);
}

static const char *group_label(const mtp_error_group *group) {
  return *group->name ? group->name : "(none)";
}

static void print_groups(const mtp_error_table *table) {
  if (table->group_count < 2) return;
  int width = 24;
  for (size_t g = 0; g < table->group_count; g++) {
    int length = (int)strlen(group_label(&table->groups[g]));
    if (length > width) width = length;
  }
  printf("\n  %-*s %14s %21s %21s %21s\n", width, "", "", "energy, eV/atom", "force, eV/A", "stress, GPa");
  printf("  %-*s %14s", width, "group", "configurations");
  for (int i = 0; i < 3; i++) printf(" %10s %10s", "MAE", "RMSE");
  putchar('\n');
  for (size_t g = 0; g < table->group_count; g++) {
    const mtp_errors *errors = &table->groups[g].errors;
    printf("  %-*s %14zu", width, group_label(&table->groups[g]), errors->configurations);
    print_pair(&errors->energy_per_atom);
    print_pair(&errors->force);
    print_pair(&errors->stress);
    putchar('\n');
  }
}

static void print_species(const mtp_error_table *table, const cli_names *species) {
  if (table->species_count < 2) return;
  putchar('\n');
  print_heading("force component on, eV/A");
  for (int s = 0; s < table->species_count; s++) print_stat(species->name[s], &table->species_force[s]);
}

static int print_table(cli *c, const char *title, const mtp_potential *pot, const mtp_error_table *table, bool json) {
  cli_names species = cli_names_of(pot);
  int status = CLI_OK;
  if (json) {
    status = cli_json_print(c, cli_json_error_table(table, &species));
  } else {
    cli_print_errors(title, &table->all);
    print_groups(table);
    print_species(table, &species);
  }
  cli_names_free(&species);
  return status;
}

/* ---- the command ---- */

static int check(cli *c, const char *name, const watcher *w, const mtp_errors *errors) {
  char broken[200];
  describe_broken(w, sizeof broken, broken);
  if (*broken) return cli_fail(c, "%s: %s", name, broken);
  if (errors->energy_per_atom.count + errors->force.count + errors->stress.count > 0) return CLI_OK;
  return cli_fail(c, "%s: no configuration has energy, forces or virial to compare with", name);
}

static int run(cli *c, int argc, char **argv) {
  const char *from = NULL;
  bool json = false;
  const cli_option options[] = {
      {"json", 0, CLI_FLAG, &json}, {"from", 0, CLI_TEXT, &from}, CLI_KEYS_OPTION(c), CLI_SPECIES_OPTION(c)};
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
  watcher w;
  status = cli_read_potential(c, c->words[0], &pot, NULL);
  if (status == CLI_OK) status = cli_read_data(c, files, c->words + 1, format, pot, &set);
  if (status == CLI_OK) status = compute(c, name, pot, set, &w, &table);
  if (status == CLI_OK) status = check(c, name, &w, &table->all);
  if (status == CLI_OK) status = print_table(c, name, pot, table, json);
  mtp_error_table_free(table);
  mtp_config_set_free(set);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_errors = {
    .name = "errors",
    .summary = "Compare a potential with labelled data",
    .usage = "POT DATA... [--json]",
    .help = help,
    .run = run,
};
