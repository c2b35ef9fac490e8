/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_info.c
 * `mtp info`: what a potential, a set of configurations or an event log holds. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "loop/event_log.h"

static const char help[] =
    "FILE is a potential, configurations or the event log of a learning run; its content tells.\n\n"
    "  --json              one JSON object\n" CLI_KEYS_HELP
    "  --from F            format of configurations: cfg, extxyz, poscar, outcar, vasprun, lammps-data,\n"
    "                      lammps-dump\n\n"
    "Example: mtp info pot.almtp\n";

/* One description for both outputs: lines for people, or members of an object. */
typedef struct sheet {
  cJSON *json; /* NULL: print lines */
} sheet;

static void put_line(const char *label, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put_line(const char *label, const char *format, ...) {
  va_list args;
  va_start(args, format);
  printf("%-22s ", label);
  vprintf(format, args);
  va_end(args);
  putchar('\n');
}

static void put_number(const sheet *s, const char *key, const char *label, double value, const char *unit) {
  if (s->json)
    cli_json_number(s->json, key, value);
  else if (isfinite(value))
    put_line(label, "%.10g%s%s", value, unit ? " " : "", unit ? unit : "");
  else
    put_line(label, "-");
}

/* What training may change. */
static void put_free(const sheet *s, const char *key, const char *label, double value, const char *unit, bool is_free) {
  char name[64];
  if (!s->json) {
    put_line(label, "%.10g%s%s", value, unit, is_free ? " (auto)" : "");
    return;
  }
  cli_json_number(s->json, key, value);
  snprintf(name, sizeof name, "%s_auto", key);
  cJSON_AddBoolToObject(s->json, name, is_free);
}

static void put_text(const sheet *s, const char *key, const char *label, const char *value) {
  if (s->json)
    cJSON_AddStringToObject(s->json, key, value);
  else
    put_line(label, "%s", value);
}

static void put_bool(const sheet *s, const char *key, const char *label, bool value) {
  if (s->json)
    cJSON_AddBoolToObject(s->json, key, value);
  else
    put_line(label, "%s", value ? "yes" : "no");
}

typedef struct range {
  double min, max;
} range;
static const range EMPTY_RANGE = {INFINITY, -INFINITY};

static void widen(range *r, double value) {
  r->min = fmin(r->min, value);
  r->max = fmax(r->max, value);
}

static void put_range(const sheet *s, const char *key, const char *label, range r, const char *unit) {
  if (s->json) {
    cJSON *pair = cJSON_AddArrayToObject(s->json, key);
    cJSON_AddItemToArray(pair, cJSON_CreateNumber(r.min));
    cJSON_AddItemToArray(pair, cJSON_CreateNumber(r.max));
  } else if (r.min <= r.max) {
    put_line(label, "%.6g to %.6g%s%s", r.min, r.max, unit ? " " : "", unit ? unit : "");
  } else {
    put_line(label, "-");
  }
}

/* Potentials */

static int compare_numbers(const void *a, const void *b) {
  long long x = *(const long long *)a, y = *(const long long *)b;
  return (x > y) - (x < y);
}

static size_t count_active_configs(const mtp_active_set *as) {
  size_t n = mtp_active_set_size(as), distinct = 0;
  const long long *origins = mtp_active_set_origins(as);
  long long *numbers = cli_alloc(n, sizeof *numbers);
  for (size_t i = 0; i < n; i++) numbers[i] = origins[2 * i];
  qsort(numbers, n, sizeof *numbers, compare_numbers);
  for (size_t i = 0; i < n; i++)
    if (numbers[i] >= 0 && (i == 0 || numbers[i] != numbers[i - 1])) distinct++;
  free(numbers);
  return distinct;
}

static void put_active_set(const sheet *s, const mtp_active_set *as) {
  sheet inner = {NULL};
  if (!as) {
    if (s->json)
      cJSON_AddNullToObject(s->json, "active_set");
    else
      put_line("active set", "none");
    return;
  }
  if (s->json) inner.json = cJSON_AddObjectToObject(s->json, "active_set");
  put_text(&inner, "mode", "active set", cli_mode_name(mtp_active_set_mode(as)));
  put_number(&inner, "rows", "  rows", (double)mtp_active_set_columns(as), NULL);
  put_text(&inner, "of", "  gradients by", mtp_active_set_kind(as) == MTP_ROWS_LINEAR ? "linear" : "all");
  put_number(&inner, "filled", "  filled", (double)mtp_active_set_filled(as), NULL);
  put_number(&inner, "log_volume", "  ln|det A|", mtp_active_set_log_volume(as), NULL);
  put_number(&inner, "configurations", "  configurations", (double)count_active_configs(as), NULL);
}

static void put_elements(const sheet *s, const mtp_potential *pot) {
  cli_names names = cli_names_of(pot);
  if (s->json) {
    cJSON *list = names.nameless ? cJSON_CreateNull() : cJSON_CreateStringArray(cli_names_list(&names), names.count);
    cJSON_AddItemToObject(s->json, "elements", list);
  } else {
    printf("%-22s", "elements");
    for (int i = 0; i < names.count && !names.nameless; i++) printf(" %s", names.name[i]);
    puts(names.nameless ? " none" : "");
  }
  cli_names_free(&names);
}

static int describe_potential(cli *c, const char *path, const sheet *s) {
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  int status = cli_read_potential(c, path, &pot, &as);
  if (status != CLI_OK) return status;
  int level = mtp_potential_level(pot);
  put_text(s, "kind", path, "potential");
  put_number(s, "level", "level", level ? level : NAN, NULL);
  put_number(s, "species", "species", mtp_potential_species_count(pot), NULL);
  put_elements(s, pot);
  put_number(s, "cutoff", "cutoff", mtp_potential_cutoff(pot), "A");
  put_free(s, "min_dist", "min_dist", mtp_potential_min_dist(pot), " A", mtp_potential_min_dist_is_free(pot));
  put_text(s, "radial_basis", "radial basis", mtp_potential_radial_name(pot));
  put_free(s, "radial_size", "  size", mtp_potential_radial_size(pot), "", mtp_potential_size_is_free(pot));
  put_number(s, "radial_functions", "  functions", mtp_potential_radial_count(pot), NULL);
  put_number(s, "scalar_functions", "scalar functions", mtp_potential_scalar_count(pot), NULL);
  put_number(s, "parameters", "parameters", (double)mtp_potential_parameter_count(pot), NULL);
  put_bool(s, "trained", "trained", mtp_potential_is_trained(pot));
  char baseline[64];
  if (mtp_potential_get_baseline(pot, baseline, sizeof baseline) && *baseline)
    put_text(s, "baseline", "baseline", baseline);
  put_active_set(s, as);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return CLI_OK;
}

/* Configurations */

static int smallest_distance(cli *c, const mtp_config *cfg, double *distance) {
  static const double first_reach = 3, last_reach = 24; /* A; short lists first, most configurations end there */
  *distance = INFINITY;
  for (double reach = first_reach; reach <= last_reach && !isfinite(*distance); reach *= 2) {
    if (mtp_config_smallest_distance(c->ctx, cfg, reach, distance) != MTP_OK) return cli_library(c, NULL);
  }
  return CLI_OK;
}

typedef struct survey {
  range atoms, energy, force, distance, volume;
  size_t energies, forces, virials, grades, periodic, ghosts;
  size_t *species; /* atoms of each */
} survey;

static void survey_config(const mtp_config *cfg, survey *v) {
  widen(&v->atoms, (double)cfg->n);
  if (cfg->has_energy && cfg->n) {
    v->energies++;
    widen(&v->energy, cfg->energy / (double)cfg->n);
  }
  if (cfg->force) v->forces++;
  for (size_t i = 0; i < cfg->n; i++) {
    v->species[cfg->species[i]]++;
    const double *f = cfg->force ? cfg->force + 3 * i : NULL;
    if (f) widen(&v->force, sqrt(f[0] * f[0] + f[1] * f[1] + f[2] * f[2]));
  }
  if (cfg->has_virial) v->virials++;
  v->ghosts += cfg->n - mtp_config_real_count(cfg);
  if (cfg->grade || cfg->has_max_grade) v->grades++;
  if (cfg->periodic[0] && cfg->periodic[1] && cfg->periodic[2]) v->periodic++;
  double volume = mtp_config_volume(cfg);
  if (volume > 0 && cfg->n) widen(&v->volume, volume / (double)cfg->n);
}

static void put_survey(const sheet *s, const char *path, const mtp_config_set *set, const survey *v) {
  put_text(s, "kind", path, "configurations");
  put_number(s, "configurations", "configurations", (double)set->n, NULL);
  put_number(s, "total_atoms", "atoms", (double)cli_atom_count(set), NULL);
  put_range(s, "atoms", "  in a configuration", v->atoms, NULL);
  if (v->ghosts) put_number(s, "ghosts", "  that are ghosts", (double)v->ghosts, NULL);
  cJSON *species = s->json ? cJSON_AddObjectToObject(s->json, "species") : NULL;
  for (int i = 0; i < set->species_count; i++) {
    char label[64];
    snprintf(label, sizeof label, "  of %s", set->names[i]);
    put_number(&(sheet){species}, set->names[i], label, (double)v->species[i], NULL);
  }
  put_number(s, "periodic", "periodic (all three)", (double)v->periodic, NULL);
  put_number(s, "with_energy", "with energy", (double)v->energies, NULL);
  put_number(s, "with_forces", "with forces", (double)v->forces, NULL);
  put_number(s, "with_virial", "with virial", (double)v->virials, NULL);
  put_number(s, "with_grades", "with grades", (double)v->grades, NULL);
  put_range(s, "energy_per_atom", "energy", v->energy, "eV/atom");
  put_range(s, "force", "force", v->force, "eV/A");
  put_range(s, "volume_per_atom", "volume", v->volume, "A^3/atom");
  put_number(s, "smallest_distance", "smallest distance", v->distance.min, "A");
}

static int describe_configurations(cli *c, const char *path, mtp_format format, const sheet *s) {
  mtp_config_set *set = NULL;
  int status = cli_read_set(c, path, format, &set);
  if (status != CLI_OK) return status;
  survey v = {EMPTY_RANGE, EMPTY_RANGE, EMPTY_RANGE, EMPTY_RANGE, EMPTY_RANGE, 0, 0, 0, 0, 0, 0, NULL};
  v.species = cli_alloc((size_t)set->species_count, sizeof *v.species);
  cli_progress_begin(c, "measuring", set->n);
  for (size_t i = 0; i < set->n && status == CLI_OK; i++) {
    double distance;
    survey_config(set->configs[i], &v);
    status = smallest_distance(c, set->configs[i], &distance);
    widen(&v.distance, distance);
    cli_progress_step(c, 1);
  }
  cli_progress_end(c);
  if (status == CLI_OK) put_survey(s, path, set, &v);
  free(v.species);
  mtp_config_set_free(set);
  return status;
}

/* Event logs */

typedef struct tally {
  cJSON *counts; /* events by name */
  double last_step, qm_seconds, refit_seconds;
  cJSON *refit; /* the last one */
} tally;

static double number_of(const cJSON *event, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(event, key);
  return cJSON_IsNumber(item) ? item->valuedouble : NAN;
}

static double count_of(const tally *t, const char *name) {
  double n = number_of(t->counts, name);
  return isnan(n) ? 0 : n;
}

static void tally_event(void *user, const char *name, const cJSON *event) {
  tally *t = user;
  cJSON *count = cJSON_GetObjectItemCaseSensitive(t->counts, name);
  if (count)
    cJSON_SetNumberValue(count, count->valuedouble + 1);
  else
    cJSON_AddNumberToObject(t->counts, name, 1);
  double seconds = number_of(event, "seconds"), step = number_of(event, "step");
  if (isnan(seconds)) seconds = 0;
  if (!isnan(step)) t->last_step = step;
  if (strcmp(name, "label") == 0 || strcmp(name, "reject") == 0) t->qm_seconds += seconds;
  if (strcmp(name, "refit") != 0) return;
  t->refit_seconds += seconds;
  cJSON_Delete(t->refit);
  t->refit = cJSON_Duplicate(event, 1);
}

static void put_last_refit(const sheet *s, const cJSON *refit) {
  static const struct {
    const char *key, *label, *unit;
  } members[] = {{"step", "  step", NULL},
                 {"configurations", "  configurations", NULL},
                 {"rmse_energy", "  energy RMSE", "eV/atom"},
                 {"rmse_force", "  force RMSE", "eV/A"},
                 {"part_of_force", "  of the RMS force", NULL},
                 {"predicted_rmse_force", "  force RMSE, last labels", "eV/A"},
                 {"active_set_logdet", "  ln|det A|", NULL}};
  if (s->json) {
    cJSON_AddItemToObject(s->json, "last_refit", refit ? cJSON_Duplicate(refit, 1) : cJSON_CreateNull());
    return;
  }
  if (!refit) return;
  const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(refit, "kind"));
  put_line("last refit", "%s", kind ? kind : "");
  for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
    put_number(s, members[i].key, members[i].label, number_of(refit, members[i].key), members[i].unit);
}

static void put_tally(const sheet *s, const char *path, const tally *t) {
  put_text(s, "kind", path, "event log");
  if (s->json) {
    cJSON_AddItemToObject(s->json, "events", cJSON_Duplicate(t->counts, 1));
  } else {
    const cJSON *count;
    put_line("events", " ");
    cJSON_ArrayForEach(count, t->counts) {
      char label[64];
      snprintf(label, sizeof label, "  %s", count->string);
      put_line(label, "%.0f", count->valuedouble);
    }
  }
  put_number(s, "last_step", "last step", t->last_step, NULL);
  put_number(s, "qm_calls", "QM calls", count_of(t, "label") + count_of(t, "reject"), NULL);
  put_number(s, "qm_seconds", "QM time", t->qm_seconds, "s");
  put_number(s, "refit_seconds", "refit time", t->refit_seconds, "s");
  put_last_refit(s, t->refit);
}

static int describe_log(cli *c, const char *path, const sheet *s) {
  tally t = {.counts = cJSON_CreateObject(), .last_step = NAN};
  size_t cut;
  const mtp_status status = mtp_event_log_read(c->ctx, path, tally_event, &t, &cut);
  if (cut) cli_warn(c, "%s:%zu: the last line is cut short and left out", path, cut);
  if (status == MTP_OK) put_tally(s, path, &t);
  cJSON_Delete(t.counts);
  cJSON_Delete(t.refit);
  return status == MTP_OK ? CLI_OK : cli_library(c, path);
}

static int run_info(cli *c, int argc, char **argv) {
  const char *from = NULL;
  bool json = false;
  const cli_option options[] = {{"json", 0, CLI_FLAG, &json}, {"from", 0, CLI_TEXT, &from}, CLI_KEYS_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 1, 1);
  if (status != CLI_GO_ON) return status;
  const char *path = c->words[0];
  mtp_format format;
  cli_content content;
  if ((status = cli_format(c, "--from", from, &format)) != CLI_OK ||
      (status = cli_recognise(c, path, &content)) != CLI_OK)
    return status;
  sheet s = {json ? cJSON_CreateObject() : NULL};
  if (json) cJSON_AddStringToObject(s.json, "file", path);
  if (content == CLI_POTENTIAL)
    status = describe_potential(c, path, &s);
  else if (content == CLI_LOG)
    status = describe_log(c, path, &s);
  else
    status = describe_configurations(c, path, format, &s);
  if (!json) return status;
  if (status == CLI_OK) return cli_json_print(c, s.json);
  cJSON_Delete(s.json);
  return status;
}

const cli_command cli_cmd_info = {
    .name = "info",
    .summary = "Show what a potential, data file or event log holds",
    .usage = "FILE [--json]",
    .help = help,
    .run = run_info,
};
