/* SPDX-License-Identifier: BSD-3-Clause */
/**@file cli/cmd_cut.c
 * `mtp cut`: the neighbourhood of the worst atom of large configurations as small ones, which an engine can label. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "mtp/cut.h"

static const char help[] =
    "Cuts out of each configuration of IN what is around its atom of the largest grade, as the learning run\n"
    "does with cut auto. POT gives the cutoff and, where it holds an active set, the grades; else those in\n"
    "IN are taken. A cell is a small periodic configuration, all of whose label is learned from. Of a\n"
    "sphere, which is in vacuum, only the forces of atoms with all their neighbours count: the others are\n"
    "marked in the column force_mask, and energy and stress have weight 0.\n\n"
    "  -o, --output OUT    where the cut-outs go\n"
    "  --radius R          of the sphere, or half the least thickness of the cell, A (cell: the cutoff + 0.4;\n"
    "                      sphere: the cutoff + 4); not below the cutoff\n"
    "  --shape S           cell or sphere (cell)\n"
    "  --vacuum V          between a sphere and its images, A (8, at least the cutoff)\n"
    "  --atom N            around this atom, counted from 1, whatever its grade\n"
    "  --check \"DRIVER ...\" instead of writing: labels what is around the atom of the first configuration\n"
    "                      with radius R and with R + 2 A, and compares the forces of the atoms in the middle\n"
    "  --json              with --check: one JSON object\n" CLI_KEYS_HELP CLI_SPECIES_HELP
    "  --from F, --to F    formats, as for mtp convert (by content, by name)\n\n"
    "Example: mtp cut pot.almtp slab.dump -o cuts.extxyz --radius 7\n";

/* Part of the cutoff around the atom in the middle of a cell whose forces are compared. */
#define INNER 0.7
/* What --check adds to the radius, A. */
#define MORE 2.0

typedef struct work {
  cli *c;
  const mtp_potential *pot;
  const mtp_active_set *as;
  mtp_cut_options options;
  long long atom; /* 0: the one of the largest grade */
} work;

static int find_middle(const work *w, const mtp_config *cfg, size_t number, size_t *middle) {
  *middle = w->atom > 0 ? (size_t)w->atom - 1 : 0;
  if (w->atom > 0 && *middle < cfg->n) return CLI_OK;
  if (w->atom > 0)
    return cli_fail(w->c, "%s: configuration %zu has %zu atoms, and no atom %lld", w->c->words[1], number, cfg->n,
                    w->atom);
  if (cfg->n == 0) return cli_fail(w->c, "%s: configuration %zu has no atoms", w->c->words[1], number);
  if (!cfg->grade)
    return cli_fail(w->c, "%s: configuration %zu has no grades, and %s no active set: give --atom N", w->c->words[1],
                    number, w->c->words[0]);
  for (size_t i = 1; i < cfg->n; i++)
    if (cfg->grade[i] > cfg->grade[*middle]) *middle = i;
  return CLI_OK;
}

static int keep_feature(cli *c, const mtp_config *from, mtp_config *to, const char *key) {
  const char *value = mtp_config_get_feature(from, key);
  return !value || mtp_config_set_feature(c->ctx, to, key, value) == MTP_OK ? CLI_OK : cli_library(c, NULL);
}

/* One cut-out with what its source says of itself. */
static int cut_one(const work *w, const mtp_config *cfg, size_t number, double radius, mtp_config **out, size_t *at) {
  size_t middle;
  char text[32];
  mtp_cut_options options = w->options;
  options.radius = radius;
  int status = find_middle(w, cfg, number, &middle);
  if (status != CLI_OK) return status;
  if (mtp_cut(w->c->ctx, w->pot, cfg, 1, &middle, &options, out, at) != MTP_OK)
    return cli_library(w->c, w->c->words[1]);
  snprintf(text, sizeof text, "%zu", middle + 1);
  if (mtp_config_set_feature(w->c->ctx, *out, "cut_atom", text) != MTP_OK) return cli_library(w->c, NULL);
  if (cfg->grade && isfinite(cfg->grade[middle])) {
    (*out)->has_max_grade = true;
    (*out)->max_grade = cfg->grade[middle];
  }
  return keep_feature(w->c, cfg, *out, "step");
}

static int cut_all(const work *w, const mtp_config_set *set, const char *output, mtp_format format) {
  mtp_config_set *cuts = mtp_config_set_new();
  int status = cuts ? CLI_OK : cli_fail(w->c, "memory is exhausted");
  for (int s = 0; s < set->species_count && status == CLI_OK; s++)
    if (mtp_config_set_species(cuts, set->names[s]) < 0) status = cli_fail(w->c, "memory is exhausted");
  for (size_t i = 0; i < set->n && status == CLI_OK; i++) {
    mtp_config *cut = NULL;
    status = cut_one(w, set->configs[i], i + 1, w->options.radius, &cut, NULL);
    if (status == CLI_OK && mtp_config_set_append(w->c->ctx, cuts, cut) != MTP_OK)
      status = cli_library(w->c, NULL);
    else if (status != CLI_OK)
      mtp_config_free(cut);
  }
  if (status == CLI_OK) status = cli_write_set(w->c, cuts, output, format);
  mtp_config_set_free(cuts);
  return status;
}

/* ---- checking ---- */

typedef struct comparison {
  size_t atoms[2]; /* of the two cut-outs */
  size_t compared;
  double rms, largest, force; /* of the differences, and the RMS force, eV/A */
  double radius[2], seconds;
} comparison;

/* The atom of `other` at the same place as seen from the middle, other->n if there is none. */
static size_t find_same(const mtp_config *cfg, size_t middle, size_t i, const mtp_config *other, size_t other_middle) {
  for (size_t j = 0; j < other->n; j++) {
    double square = 0.0;
    for (size_t c = 0; c < 3; c++)
      square +=
          pow(cfg->x[3 * i + c] - cfg->x[3 * middle + c] - other->x[3 * j + c] + other->x[3 * other_middle + c], 2);
    if (square < 1e-12) return j;
  }
  return other->n;
}

/* Atoms whose forces say something: those that count in a sphere, the inner ones of a cell. */
static bool is_in_the_middle(const work *w, const mtp_config *cfg, size_t middle, size_t i) {
  const double near = INNER * mtp_potential_cutoff(w->pot);
  double square = 0.0;
  if (cfg->force_mask) return !cfg->force_mask[i];
  for (size_t c = 0; c < 3; c++) square += pow(cfg->x[3 * i + c] - cfg->x[3 * middle + c], 2);
  return square <= near * near;
}

static void compare(const work *w, mtp_config *const cuts[2], const size_t middles[2], mtp_config *const labels[2],
                    comparison *found) {
  double squares = 0.0, forces = 0.0;
  for (size_t i = 0; i < cuts[0]->n; i++) {
    if (!is_in_the_middle(w, cuts[0], middles[0], i)) continue;
    const size_t j = find_same(cuts[0], middles[0], i, cuts[1], middles[1]);
    if (j == cuts[1]->n) continue;
    found->compared++;
    for (size_t c = 0; c < 3; c++) {
      const double a = labels[0]->force[3 * i + c], b = labels[1]->force[3 * j + c];
      squares += (a - b) * (a - b);
      forces += b * b;
      found->largest = fmax(found->largest, fabs(a - b));
    }
  }
  const double components = 3.0 * (double)found->compared;
  found->rms = sqrt(squares / components);
  found->force = sqrt(forces / components);
}

static int label_both(const work *w, mtp_qm *qm, const mtp_config_set *set, mtp_config *const cuts[2],
                      mtp_config *labels[2], comparison *found) {
  for (int k = 0; k < 2; k++) {
    mtp_qm_report report;
    const mtp_status status =
        mtp_qm_label(w->c->ctx, qm, cuts[k], set->species_count, (const char *const *)set->names, &labels[k], &report);
    if (status != MTP_OK) return cli_library(w->c, NULL);
    if (!labels[k])
      return cli_fail(w->c, "--check: no label at radius %g A: %s: %s", found->radius[k],
                      mtp_qm_status_name(report.status), report.reason);
    found->seconds += report.seconds;
  }
  return CLI_OK;
}

static int print_comparison(cli *c, const comparison *found, bool json) {
  const double part = found->force > 0.0 ? found->rms / found->force : 0.0;
  if (json) {
    cJSON *object = cJSON_CreateObject();
    cli_json_number(object, "radius", found->radius[0]);
    cli_json_number(object, "larger_radius", found->radius[1]);
    cli_json_number(object, "atoms", (double)found->atoms[0]);
    cli_json_number(object, "larger_atoms", (double)found->atoms[1]);
    cli_json_number(object, "compared", (double)found->compared);
    cli_json_number(object, "force_rms_difference", found->rms);
    cli_json_number(object, "force_max_difference", found->largest);
    cli_json_number(object, "force_rms", found->force);
    cli_json_number(object, "seconds", found->seconds);
    return cli_json_print(c, object);
  }
  printf("radius %g A: %zu atoms; %g A: %zu atoms; %.3g s in the driver\n", found->radius[0], found->atoms[0],
         found->radius[1], found->atoms[1], found->seconds);
  printf("forces on %zu atoms in the middle differ by %.3g eV/A (RMS, %.2g %% of their RMS force), at most by %.3g\n",
         found->compared, found->rms, 100.0 * part, found->largest);
  return CLI_OK;
}

static int check(const work *w, const mtp_config_set *set, const char *driver, bool json) {
  mtp_config *cuts[2] = {NULL, NULL}, *labels[2] = {NULL, NULL};
  size_t middles[2];
  mtp_qm *qm = NULL;
  comparison found = {.radius = {w->options.radius, w->options.radius + MORE}};
  int status = cli_open_driver(w->c, "--check", driver, &qm);
  for (int k = 0; k < 2 && status == CLI_OK; k++) {
    status = cut_one(w, set->configs[0], 1, found.radius[k], &cuts[k], &middles[k]);
    if (status == CLI_OK) found.atoms[k] = cuts[k]->n;
  }
  if (status == CLI_OK) status = label_both(w, qm, set, cuts, labels, &found);
  if (status == CLI_OK) compare(w, cuts, middles, labels, &found);
  if (status == CLI_OK && found.compared == 0)
    status = cli_fail(w->c, "--check: no atom of the smaller cut-out has all its neighbours; give a larger --radius");
  if (status == CLI_OK) status = print_comparison(w->c, &found, json);
  for (int k = 0; k < 2; k++) {
    mtp_config_free(cuts[k]);
    mtp_config_free(labels[k]);
  }
  mtp_qm_close(qm);
  return status;
}

/* ---- the command ---- */

static int take_shape(cli *c, const char *text, mtp_cut_options *options) {
  if (text && strcmp(text, "cell") != 0 && strcmp(text, "sphere") != 0)
    return cli_usage(c, "--shape must be cell or sphere, found %s", text);
  options->shape = text && strcmp(text, "sphere") == 0 ? MTP_CUT_SPHERE : MTP_CUT_CELL;
  return CLI_OK;
}

static int read_all(work *w, mtp_format format, mtp_potential **pot, mtp_active_set **as, mtp_config_set **set) {
  int status = cli_read_potential(w->c, w->c->words[0], pot, as);
  if (status == CLI_OK) status = cli_read_data(w->c, 1, w->c->words + 1, format, *pot, set);
  if (status != CLI_OK) return status;
  w->pot = *pot;
  w->options = mtp_cut_options_for(&w->options, *pot);
  char baseline[64]; /* without it POT cannot tell where atoms are at rest */
  w->options.still = !mtp_potential_get_baseline(*pot, baseline, sizeof baseline) || *baseline;
  const bool graded = *as && w->atom == 0;
  if (graded && mtp_active_set_mode(*as) != MTP_MODE_NEIGHBOURHOOD)
    return cli_fail(w->c, "%s grades whole configurations, and no atoms: give --atom N", w->c->words[0]);
  return graded ? cli_evaluate(w->c, *pot, *as, *set) : CLI_OK;
}

static int run_cut(cli *c, int argc, char **argv) {
  const char *shape = NULL, *driver = NULL;
  cli_route route = {0};
  bool json = false;
  work w = {.c = c, .options = mtp_cut_defaults()};
  const cli_option options[] = {CLI_ROUTE_OPTIONS(&route),
                                {"radius", 0, CLI_REAL, &w.options.radius},
                                {"shape", 0, CLI_TEXT, &shape},
                                {"vacuum", 0, CLI_REAL, &w.options.vacuum},
                                {"atom", 0, CLI_INTEGER, &w.atom},
                                {"check", 0, CLI_TEXT, &driver},
                                {"json", 0, CLI_FLAG, &json},
                                CLI_KEYS_OPTION(c),
                                CLI_SPECIES_OPTION(c)};
  int status = cli_parse(c, argc, argv, sizeof options / sizeof options[0], options, 2, 2);
  if (status != CLI_GO_ON) return status;
  if ((status = take_shape(c, shape, &w.options)) != CLI_OK) return status;
  if (w.options.radius < 0.0 || w.options.vacuum < 0.0 || w.atom < 0)
    return cli_usage(c, "--radius, --vacuum and --atom must be above 0");
  if (driver ? route.output != NULL : json)
    return cli_usage(c, driver ? "--check writes no cut-outs, so it takes no -o" : "--json goes with --check");
  if (!driver && (status = cli_require(c, route.output, "-o")) != CLI_OK) return status;
  if ((status = cli_check_route(c, &route)) != CLI_OK) return status;
  mtp_potential *pot = NULL;
  mtp_active_set *as = NULL;
  mtp_config_set *set = NULL;
  status = read_all(&w, route.input_format, &pot, &as, &set);
  if (status == CLI_OK)
    status = driver ? check(&w, set, driver, json) : cut_all(&w, set, route.output, route.output_format);
  mtp_config_set_free(set);
  mtp_active_set_free(as);
  mtp_potential_free(pot);
  return status;
}

const cli_command cli_cmd_cut = {
    .name = "cut",
    .summary = "Cut the neighbourhood of bad atoms out of large configurations",
    .usage = "POT IN -o OUT [--radius R] [--shape cell|sphere] [--atom N] | POT IN --check \"DRIVER ...\"",
    .help = help,
    .run = run_cut,
};
