/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/error_table.c
 * Errors of a potential for people to read: all together, by groups of configurations and by species. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

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

void cli_print_error_table(const char *title, const mtp_error_table *table, const cli_names *species) {
  cli_print_errors(title, &table->all);
  print_groups(table);
  print_species(table, species);
}
