/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_label.c
 * `mtp label`: a QM driver on many configurations. The output is the memory: each label is appended and synced at once,
 * and a repeated call computes only what is not in it yet. */
#include <cjson/cJSON.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "mtp/label_file.h"

static const char help[] =
    "Labels every configuration of IN with energy, forces and virial of a QM driver and appends it to\n"
    "OUT (extended XYZ). Configurations that OUT holds already are skipped, so a call that was\n"
    "interrupted or had failures is simply repeated; answers that could not be appended in order yet\n"
    "wait in OUT.calls and are used then. On N ranks of an mpiexec N times as many calls are made at\n"
    "a time, all of them started by the first one (the driver lammps makes one after the other).\n\n"
    "  -o, --output OUT    the file to append to\n"
    "  --qm \"DRIVER ...\"   exec COMMAND; ipi ADDRESS [COMMAND]; qe TEMPLATE [COMMAND]; vasp FOLDER COMMAND;\n"
    "                      plugin LIBRARY [ARGUMENTS]; lammps FILE (where it is built in); with\n"
    "                      timeout=S retries=N ladder=A,B workers=N dir=PATH keep=failed|all|none\n"
    "                      maxforce=F require=forces,stress mintime=S budget=S maxfail=N\n"
    "  --check             test the driver instead of labelling: forces and virial of a displaced and\n"
    "                      sheared copy of the first configuration against differences of the energy\n"
    "                      (26 calls); says what is wrong, and needs no -o\n"
    "  --species Al,Ni     names for the species of an IN that holds numbers; with the\n"
    "                      lammps driver also the order of the types in its file,\n"
    "                      and needed there if IN has several species\n" CLI_KEYS_HELP
    "  --from F            format of IN: cfg, extxyz, poscar, lammps-data, lammps-dump, ... (by content)\n"
    "  --json              one JSON object\n\n"
    "Example: mtp label selected.cfg -o train.extxyz --species Al --qm \"qe al.in 'mpirun -np 8 pw.x'\"\n";

typedef struct failure {
  size_t index; /* counted from 1 */
  mtp_qm_report report;
} failure;

typedef struct tally {
  size_t labelled, recovered, skipped, failed;
  double seconds;
  failure *failures;
} tally;

static void note_failure(tally *t, size_t index, const mtp_qm_report *report) {
  t->failures = cli_realloc(t->failures, t->failed + 1, sizeof *t->failures);
  t->failures[t->failed++] = (failure){index, *report};
}

/* ---- labelling ---- */

typedef struct work {
  cli *c;
  tally t;
} work;

static void show_report(void *user, size_t i, const mtp_qm_report *report) {
  work *w = user;
  w->t.seconds += report->seconds;
  if (report->status == MTP_QM_CANNOT_START) return; /* ends everything, and is told then */
  if (report->status != MTP_QM_OK)
    note_failure(&w->t, i + 1, report);
  else
    w->t.labelled++;
  w->t.recovered += report->tries == 0;
  cli_progress_step(w->c, 1);
}

static int label_all(cli *c, mtp_qm *qm, const mtp_config_set *set, mtp_label_file *file, work *w) {
  size_t missing = 0;
  const mtp_config *const *configs = (const mtp_config *const *)set->configs;
  if (mtp_label_file_missing(c->ctx, file, set->n, configs, &missing) != MTP_OK) return cli_library(c, NULL);
  w->t.skipped = set->n - missing;
  cli_progress_begin(c, "labelling", missing);
  mtp_status status = mtp_label_file_add(c->ctx, file, qm, set->n, configs, show_report, w);
  cli_progress_end(c);
  size_t waiting = mtp_label_file_waiting(file);
  if (status == MTP_OK && waiting)
    cli_warn(c, "%zu answers of an earlier call are for configurations that %s does not hold; they stay in its .calls",
             waiting, c->words[0]);
  if (status == MTP_ERR_STOPPED)
    return cli_fail(c, "stopped: %s; what is done is kept, and the same call goes on from there",
                    mtp_context_message(c->ctx));
  return status == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

static int print_json(cli *c, const tally *t) {
  cJSON *object = cJSON_CreateObject();
  cli_json_number(object, "labelled", (double)t->labelled);
  cli_json_number(object, "skipped", (double)t->skipped);
  cli_json_number(object, "recovered", (double)t->recovered);
  cli_json_number(object, "seconds", t->seconds);
  cJSON *list = cJSON_AddArrayToObject(object, "failed");
  for (size_t i = 0; i < t->failed; i++) {
    const failure *f = &t->failures[i];
    cJSON *item = cJSON_CreateObject();
    cli_json_number(item, "index", (double)f->index);
    cJSON_AddStringToObject(item, "status", mtp_qm_status_name(f->report.status));
    cJSON_AddStringToObject(item, "reason", f->report.reason);
    cli_json_number(item, "tries", f->report.tries);
    cJSON_AddStringToObject(item, "dir", f->report.dir);
    cJSON_AddItemToArray(list, item);
  }
  return cli_json_print(c, object);
}

static bool is_same_failure(const failure *a, const failure *b) {
  return a->report.status == b->report.status && a->report.tries == b->report.tries &&
         strcmp(a->report.reason, b->report.reason) == 0;
}

/* What failed for one and the same reason, such as a mistake in FILE, is one line. */
static void print_failures(cli *c, const tally *t) {
  for (size_t i = 0; i < t->failed; i++) {
    const failure *f = &t->failures[i];
    bool told = false;
    size_t others = 0;
    for (size_t k = 0; k < i && !told; k++) told = is_same_failure(f, &t->failures[k]);
    for (size_t k = i + 1; k < t->failed && !told; k++) others += is_same_failure(f, &t->failures[k]);
    char more[64] = "";
    if (others) snprintf(more, sizeof more, " and %zu more", others);
    const mtp_qm_report *r = &f->report;
    if (!told)
      cli_fail(c, "configuration %zu%s: %s (tries: %d): %s%s%s", f->index, more, mtp_qm_status_name(r->status),
               r->tries, r->reason, r->dir[0] ? "; kept in " : "", r->dir);
  }
}

static int print_result(cli *c, const tally *t, bool json) {
  if (json) return print_json(c, t);
  printf("%zu labelled, %zu failed, %zu were there; %.3g s in the driver", t->labelled, t->failed, t->skipped,
         t->seconds);
  if (t->recovered) printf("; %zu answers of an earlier call were used", t->recovered);
  printf("\n");
  return CLI_OK;
}

/* ---- checking ---- */

static void show_progress(void *user, int done, int total) {
  if (done == 0)
    cli_progress_begin(user, "checking", (size_t)total);
  else
    cli_progress_step(user, 1);
}

static void print_check_table(const mtp_qm_check *k) {
  static const char *const components[] = {"xx", "yy", "zz", "xy", "xz", "yz"};
  static const char axes[] = "xyz";
  for (int i = 0; i < 3 * k->atom_count; i++)
    printf("  force   atom %zu %c  reported %12.6f  differences %12.6f eV/A\n", k->atoms[i / 3] + 1, axes[i % 3],
           k->force_reported[i], k->force_expected[i]);
  for (int s = 0; k->periodic && s < 6; s++)
    printf("  stress  %-8s  reported %12.5f  differences %12.5f GPa\n", components[s], k->stress_reported[s],
           k->stress_expected[s]);
  printf("%d calls, %.3g s: forces within %.2g eV/A", k->calls, k->seconds, k->force_deviation);
  if (k->periodic)
    printf(", stress within %.2g GPa, energy within %.1g eV of a lattice translation", k->stress_deviation,
           fabs(k->lattice_energy_change));
  printf(k->problem_count ? "\n" : ": good\n");
}

static void print_check_json(cli *c, const mtp_qm_check *k) {
  cJSON *object = cJSON_CreateObject();
  cJSON_AddBoolToObject(object, "ok", k->problem_count == 0);
  cli_json_number(object, "calls", k->calls);
  cli_json_number(object, "seconds", k->seconds);
  cli_json_number(object, "force_max_deviation", k->force_deviation);
  cli_json_number(object, "stress_max_deviation", k->stress_deviation);
  cli_json_number(object, "lattice_energy_change", k->lattice_energy_change);
  cJSON *list = cJSON_AddArrayToObject(object, "problems");
  for (int i = 0; i < k->problem_count; i++) cJSON_AddItemToArray(list, cJSON_CreateString(k->problems[i]));
  cli_json_print(c, object);
}

static int print_check(cli *c, const mtp_qm_check *k, bool json) {
  if (k->notice[0]) cli_warn(c, "--check: %s", k->notice);
  if (k->complete && json) print_check_json(c, k);
  if (k->complete && !json) print_check_table(k);
  for (int i = 0; i < k->problem_count; i++) cli_fail(c, "--check: %s", k->problems[i]);
  return k->problem_count ? CLI_FAILED : CLI_OK;
}

static int run_check(cli *c, const mtp_config_set *set, const char *driver, bool json) {
  mtp_qm *qm = NULL;
  mtp_qm_check found;
  const mtp_qm_check_options options = {.progress = show_progress, .user = c};
  int status = cli_open_driver(c, "--qm", driver, &qm);
  if (status == CLI_OK) {
    const mtp_status checked = mtp_qm_check_driver(c->ctx, qm, set->configs[0], set->species_count,
                                                   (const char *const *)set->names, &options, &found);
    cli_progress_end(c);
    status = checked == MTP_OK ? print_check(c, &found, json) : cli_library(c, NULL);
  }
  mtp_qm_close(qm);
  return status;
}

/* ---- the command ---- */

static int run_driver(cli *c, const mtp_config_set *set, const char *output, const char *driver, bool json) {
  mtp_qm *qm = NULL;
  mtp_label_file *file = NULL;
  work w = {.c = c};
  int status = cli_open_driver(c, "--qm", driver, &qm);
  if (status == CLI_OK &&
      mtp_label_file_open(c->ctx, output, set->species_count, (const char *const *)set->names, &file) != MTP_OK)
    status = cli_library(c, output);
  if (status == CLI_OK) status = label_all(c, qm, set, file, &w);
  bool finished = status == CLI_OK;
  print_failures(c, &w.t);
  if (finished) status = print_result(c, &w.t, json);
  if (w.t.failed) status = CLI_FAILED;
  mtp_label_file_close(file);
  mtp_qm_close(qm);
  free(w.t.failures);
  return status;
}

static int check_atoms(cli *c, const mtp_config_set *set) {
  for (size_t i = 0; i < set->n; i++)
    if (set->configs[i]->n == 0)
      return cli_fail(c, "%s: configuration %zu has no atoms", c->words[0], i + 1);
    else if (set->configs[i]->ghost)
      return cli_fail(c, "%s: configuration %zu is a part of a system, with ghost atoms: no engine can label it",
                      c->words[0], i + 1);
  return CLI_OK;
}

static int run_label(cli *c, int argc, char **argv) {
  const char *output = NULL, *driver = NULL, *species = NULL, *from = NULL;
  bool json = false, check = false;
  const cli_option options[] = {
      {"output", 'o', CLI_TEXT, &output}, {"qm", 0, CLI_TEXT, &driver}, {"species", 0, CLI_TEXT, &species},
      {"from", 0, CLI_TEXT, &from},       CLI_KEYS_OPTION(c),           {"check", 0, CLI_FLAG, &check},
      {"json", 0, CLI_FLAG, &json}};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, 1);
  if (status != CLI_GO_ON) return status;
  mtp_format input_format;
  if ((!check && (status = cli_require(c, output, "-o")) != CLI_OK) ||
      (status = cli_require(c, driver, "--qm")) != CLI_OK ||
      (status = cli_format(c, "--from", from, &input_format)) != CLI_OK)
    return status;
  if (check && output) return cli_usage(c, "--check writes no labels, so it takes no -o");
  if (!check && !cli_has_suffix(output, ".xyz") && !cli_has_suffix(output, ".extxyz"))
    return cli_usage(c, "-o: OUT is extended XYZ, its name has to end in .extxyz or .xyz");
  if ((status = cli_check_inputs_differ(c, "-o", output, 0)) != CLI_OK) return status;

  cli_names names = {0};
  mtp_config_set *set = NULL;
  if (species) status = cli_names_parse(c, species, false, &names);
  if (status == CLI_OK) status = cli_read_set(c, c->words[0], input_format, &set);
  if (status == CLI_OK) status = check_atoms(c, set);
  if (status == CLI_OK && !species && set->species_count > 1 && !isdigit((unsigned char)set->names[0][0]) &&
      cli_is_lammps(driver))
    status = cli_usage(c, "%s has %d species: give --species, the order of the types in the file of the lammps driver",
                       c->words[0], set->species_count);
  if (status == CLI_OK && species &&
      mtp_config_set_map_species(c->ctx, set, names.count, cli_names_list(&names)) != MTP_OK)
    status = cli_library(c, c->words[0]);
  if (status == CLI_OK) status = check ? run_check(c, set, driver, json) : run_driver(c, set, output, driver, json);
  mtp_config_set_free(set);
  cli_names_free(&names);
  return status;
}

const cli_command cli_cmd_label = {
    .name = "label",
    .summary = "Label configurations with a QM driver",
    .usage = "IN -o OUT --qm \"DRIVER ...\" [--species Al,Ni] | IN --check --qm \"DRIVER ...\"",
    .help = help,
    .run = run_label,
    .ranks = CLI_SLEEPS,
};
